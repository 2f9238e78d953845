/**
 * @file core/campaign/import.c  From rows of a CSV file to contacts
 *
 * The first row names the columns; one is the number, others name and
 * priority, the rest are kept as custom fields.  Pure; docs/csv.md is its
 * description.
 */
#include "core/campaign/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sipdialer/sipdialer.h>
#include "base/error.h"
#include "base/text.h"
#include "core/campaign/number.h"

enum {
	HEADER_MAX = 64,        /* bytes of a column's name */
	PRIORITY_MAX = 1000000, /* and the same below 0 */
	NONE = -1
};

struct column {
	char name[HEADER_MAX + 1];
	char member[HEADER_MAX * 6 + 8]; /* "name": as JSON */
	size_t member_len;
	bool custom;
};

struct sipd_import {
	struct sipd_csv *csv;
	sipd_import_contact_h *ch;
	sipd_import_error_h *eh;
	void *arg;
	char number_column[HEADER_MAX + 1], name_column[HEADER_MAX + 1];
	const struct sipd_number_plan *plan;
	bool header;                             /* was read */
	int rc;                                  /* the file is refused */
	int number, name, first, last, priority; /* columns or NONE */
	struct column columns[SIPD_CSV_COLUMNS_MAX];
	size_t count;
	uint64_t rows, taken, refused;
	struct sipd_contact_in contact;
};

static const char *const number_names[] = {"number",
					   "phone",
					   "phone_number",
					   "phonenumber",
					   "telephone",
					   "telephone_number",
					   "tel",
					   "mobile",
					   "mobile_number",
					   "mobile_phone",
					   "cell",
					   "cell_phone",
					   "cellphone",
					   "msisdn",
					   "contact_number",
					   "contact_phone",
					   "contact_phone_number",
					   "primary_phone",
					   "home_phone",
					   "work_phone",
					   "destination",
					   NULL};
static const char *const name_names[] = {"name",          "full_name",
					 "fullname",      "contact_name",
					 "customer_name", "display_name",
					 "contact",       NULL};
static const char *const first_names[] = {"first_name", "firstname", "first",
					  "given_name", NULL};
static const char *const last_names[] = {"last_name", "lastname",    "last",
					 "surname",   "family_name", NULL};
static const char *const priority_names[] = {"priority", NULL};


/* ---- header ------------------------------------------------------------ */

/* "Phone Number " and "phone-number" are the same column: phone_number. */
static void fold(char *out, size_t size, const char *s)
{
	size_t n = 0;

	while (*s == ' ' || *s == '\t')
		s++;
	for (; *s && n + 1 < size; s++) {
		char c = *s;

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		else if (c == ' ' || c == '-' || c == '\t' || c == '.')
			c = '_';
		out[n++] = c;
	}
	while (n && out[n - 1] == '_')
		n--;
	out[n] = '\0';
}


/* Column with this folded name, or NONE. */
static int column(const struct sipd_import *im, const char *folded)
{
	char name[HEADER_MAX + 1];

	for (size_t i = 0; i < im->count; i++) {
		fold(name, sizeof(name), im->columns[i].name);
		if (*name && !strcmp(name, folded))
			return (int)i;
	}

	return NONE;
}


static int column_of(const struct sipd_import *im, const char *const *names)
{
	for (; *names; names++) {
		const int at = column(im, *names);

		if (at != NONE)
			return at;
	}

	return NONE;
}


static int refuse(struct sipd_import *im, const char *why, const char *what)
{
	im->rc = sipd_error(SIPDIALER_EFORMAT, "line 1: %s%s", why, what);

	return im->rc;
}


/* All column names in a line, for errors. */
static const char *column_list(const struct sipd_import *im, char *buf,
			       size_t size)
{
	struct sipd_text t;

	sipd_text_init(&t, buf, size);
	for (size_t i = 0; i < im->count; i++) {
		if (i)
			sipd_text_add(&t, ", ");
		sipd_text_json(&t, im->columns[i].name);
	}

	return buf;
}


static int header_cells(struct sipd_import *im, const char *const *cells,
			size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct column *c = &im->columns[i];
		const char *s = cells[i];
		size_t len;
		struct sipd_text t;

		while (*s == ' ' || *s == '\t')
			s++;
		len = strlen(s);
		while (len && (s[len - 1] == ' ' || s[len - 1] == '\t'))
			len--;
		if (len > HEADER_MAX)
			return refuse(im,
				      "a column name is longer than 64 bytes",
				      "");
		if (!sipd_text_clean(s, len))
			return refuse(
				im,
				"a control character in the name of a column",
				"");
		memcpy(c->name, s, len);
		if (!len)
			(void)snprintf(c->name, sizeof(c->name), "column_%zu",
				       i + 1);

		sipd_text_init(&t, c->member, sizeof(c->member));
		sipd_text_json(&t, c->name);
		sipd_text_add(&t, ":");
		c->member_len = t.len;
		c->custom = true;
	}
	im->count = count;

	return 0;
}


static int header_unique(struct sipd_import *im)
{
	char name[HEADER_MAX + 1];

	for (size_t i = 0; i < im->count; i++) {
		fold(name, sizeof(name), im->columns[i].name);
		if (*name && column(im, name) != (int)i)
			return refuse(im, "two columns have the same name: ",
				      im->columns[i].name);
	}

	return 0;
}


/* A file without a header begins with a contact. */
static bool looks_like_data(const struct sipd_import *im)
{
	char number[32];

	for (size_t i = 0; i < im->count; i++) {
		const char *s = im->columns[i].name;

		if (strlen(s) >= SIPD_E164_MIN && strpbrk(s, "0123456789") &&
		    !sipd_number_with(s, NULL, number, sizeof(number)))
			return true;
	}

	return false;
}


static int find_named(struct sipd_import *im, const char *what,
		      const char *wanted, int *at)
{
	char name[HEADER_MAX + 1], list[256];

	fold(name, sizeof(name), wanted);
	*at = column(im, name);
	if (*at != NONE)
		return 0;

	im->rc =
		sipd_error(SIPDIALER_EFORMAT,
			   "line 1: no column \"%s\" for the %s; there are %s",
			   wanted, what, column_list(im, list, sizeof(list)));

	return im->rc;
}


static int find_number(struct sipd_import *im)
{
	char list[256];

	if (*im->number_column)
		return find_named(im, "number", im->number_column,
				  &im->number);

	im->number = column_of(im, number_names);
	if (im->number != NONE)
		return 0;
	if (looks_like_data(im))
		return refuse(im,
			      "no header: the first row must name the "
			      "columns, such as number,name",
			      "");

	return refuse(im,
		      "no column for the number (number, phone, mobile ...); "
		      "there are ",
		      column_list(im, list, sizeof(list)));
}


static int find_name(struct sipd_import *im)
{
	if (*im->name_column)
		return find_named(im, "name", im->name_column, &im->name);

	im->name = column_of(im, name_names);
	if (im->name == NONE) {
		im->first = column_of(im, first_names);
		im->last = column_of(im, last_names);
	}

	return 0;
}


static int header_row(struct sipd_import *im, const char *const *cells,
		      size_t count)
{
	int rc;

	im->header = true;
	rc = header_cells(im, cells, count);
	if (!rc)
		rc = header_unique(im);
	if (!rc)
		rc = find_number(im);
	if (!rc)
		rc = find_name(im);
	if (rc)
		return rc;

	im->priority = column_of(im, priority_names);
	for (size_t i = 0; i < im->count; i++) {
		const int at = (int)i;

		im->columns[i].custom = at != im->number && at != im->name &&
					at != im->first && at != im->last &&
					at != im->priority;
	}

	return 0;
}


/* ---- rows -------------------------------------------------------------- */

static const char *cell(const char *const *cells, size_t count, int at)
{
	return at >= 0 && (size_t)at < count ? cells[at] : "";
}


/* Line ends and tabs may stand in a cell; other control characters are an
 * accident or an attack. */
static int controls(const struct sipd_import *im, size_t at, const char *s)
{
	for (; *s; s++)
		if (((unsigned char)*s < 0x20 && *s != '\n' && *s != '\r' &&
		     *s != '\t') ||
		    *s == 0x7f)
			return sipd_error(
				SIPDIALER_EINVAL,
				"control character 0x%02x in column \"%s\"",
				(unsigned char)*s, im->columns[at].name);

	return 0;
}


static int take_name(struct sipd_import *im, const char *const *cells,
		     size_t count)
{
	const char *first = cell(cells, count, im->first);
	const char *last = cell(cells, count, im->last);
	struct sipd_text t;

	sipd_text_init(&t, im->contact.name, sizeof(im->contact.name));
	sipd_text_add(&t, cell(cells, count, im->name));
	sipd_text_add(&t, first);
	if (*first && *last)
		sipd_text_add(&t, " ");
	sipd_text_add(&t, last);

	return sipd_text_cut(&t)
		       ? sipd_error(SIPDIALER_EINVAL,
				    "the name has %zu bytes, the limit is %zu",
				    t.len, t.size - 1)
		       : 0;
}


static int take_priority(struct sipd_import *im, const char *text)
{
	int64_t value = 0;

	if (*text &&
	    !sipd_parse_int(text, -PRIORITY_MAX, PRIORITY_MAX, &value))
		return sipd_error(SIPDIALER_EINVAL,
				  "priority is not a whole number from "
				  "-1000000 to 1000000");
	im->contact.priority = (int32_t)value;

	return 0;
}


/* Needs no escapes in JSON.  RFC 8259 7 */
static bool json_plain(const char *s, size_t len)
{
	bool plain = true;

	for (size_t i = 0; i < len; i++)
		plain = plain & ((unsigned char)s[i] >= 0x20) & (s[i] != '"') &
			(s[i] != '\\');

	return plain;
}


static void add_custom(struct sipd_text *t, const struct column *c,
		       const char *value)
{
	const size_t len = strlen(value);

	sipd_text_addn(t, t->len ? "," : "{", 1);
	sipd_text_addn(t, c->member, c->member_len);
	if (json_plain(value, len)) {
		sipd_text_addn(t, "\"", 1);
		sipd_text_addn(t, value, len);
		sipd_text_addn(t, "\"", 1);
	}
	else {
		sipd_text_json(t, value);
	}
}


/* The other columns, without the empty ones. */
static int take_custom(struct sipd_import *im, const char *const *cells,
		       size_t count)
{
	struct sipd_text t;

	sipd_text_init(&t, im->contact.custom, sizeof(im->contact.custom));
	for (size_t i = 0; i < count; i++)
		if (im->columns[i].custom && *cells[i])
			add_custom(&t, &im->columns[i], cells[i]);
	if (t.len)
		sipd_text_addn(&t, "}", 1);

	return sipd_text_cut(&t)
		       ? sipd_error(SIPDIALER_EINVAL,
				    "the other columns have %zu bytes as "
				    "JSON, the limit is %zu",
				    t.len, t.size - 1)
		       : 0;
}


/* Every cell has a column and no control characters. */
static int check_cells(const struct sipd_import *im, const char *const *cells,
		       size_t *count)
{
	while (*count > im->count && !*cells[*count - 1])
		*count -= 1; /* spreadsheets fill up with empty cells */
	if (*count > im->count)
		return sipd_error(SIPDIALER_EINVAL,
				  "%zu cells, the header has %zu", *count,
				  im->count);

	for (size_t i = 0; i < *count; i++) {
		const int rc = (int)i == im->number
				       ? 0
				       : controls(im, i, cells[i]);

		if (rc)
			return rc;
	}

	return 0;
}


static int take_number(struct sipd_import *im, const char *text)
{
	if (!text[strspn(text, " \t")])
		return sipd_error(SIPDIALER_EINVAL, "no number");

	return sipd_number_with(text, im->plan, im->contact.number,
				sizeof(im->contact.number));
}


static bool blank(const char *const *cells, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (*cells[i])
			return false;

	return true;
}


static int row(const char *const *cells, size_t count, uint64_t line,
	       void *arg)
{
	struct sipd_import *im = arg;
	int rc;

	if (im->rc)
		return im->rc;
	if (blank(cells, count))
		return 0;
	if (!im->header)
		return header_row(im, cells, count);

	im->rows++;
	rc = check_cells(im, cells, &count);
	if (!rc)
		rc = take_number(im, cell(cells, count, im->number));
	if (!rc)
		rc = take_name(im, cells, count);
	if (!rc)
		rc = take_priority(im, cell(cells, count, im->priority));
	if (!rc)
		rc = take_custom(im, cells, count);
	if (rc) {
		im->refused++;
		im->eh(line, sipd_error_text(), im->arg);
		return 0;
	}

	im->taken++;
	im->contact.line = line;

	return im->ch(&im->contact, im->arg);
}


static void row_error(uint64_t line, const char *why, void *arg)
{
	struct sipd_import *im = arg;

	if (im->rc)
		return;
	if (!im->header) {
		im->rc = sipd_error(SIPDIALER_EFORMAT,
				    "line %llu: the header cannot be read: %s",
				    (unsigned long long)line, why);
		return;
	}
	im->rows++;
	im->refused++;
	im->eh(line, why, im->arg);
}


/* ---- life -------------------------------------------------------------- */

static int configure(struct sipd_import *im,
		     const struct sipd_import_conf *conf)
{
	const char *country = conf->default_country;

	if (conf->number_column &&
	    !sipd_strcpy(im->number_column, sizeof(im->number_column),
			 conf->number_column))
		return sipd_error(
			SIPDIALER_EINVAL,
			"name of the number column is longer than %d bytes",
			HEADER_MAX);
	if (conf->name_column &&
	    !sipd_strcpy(im->name_column, sizeof(im->name_column),
			 conf->name_column))
		return sipd_error(
			SIPDIALER_EINVAL,
			"name of the name column is longer than %d bytes",
			HEADER_MAX);
	if (country && *country) {
		im->plan = sipd_number_plan_find(country);
		if (!im->plan)
			return sipd_error(
				SIPDIALER_EINVAL,
				"country \"%.16s\""
				" is not known: two letters such as US, or a "
				"calling code such as 49",
				country);
	}

	return 0;
}


int sipd_import_open(struct sipd_import **ip,
		     const struct sipd_import_conf *conf,
		     sipd_import_contact_h *ch, sipd_import_error_h *eh,
		     void *arg)
{
	struct sipd_import *im;
	int rc;

	if (!ip || !conf || !ch || !eh)
		return sipd_error(SIPDIALER_EINVAL,
				  "import: missing argument");
	im = calloc(1, sizeof(*im));
	if (!im)
		return sipd_error(SIPDIALER_ENOMEM, "import: out of memory");

	im->ch = ch;
	im->eh = eh;
	im->arg = arg;
	im->number = im->name = im->first = im->last = im->priority = NONE;
	rc = configure(im, conf);
	if (!rc)
		rc = sipd_csv_open(&im->csv, conf->delimiter, row, row_error,
				   im);
	if (rc) {
		free(im);
		return rc;
	}
	*ip = im;

	return SIPDIALER_OK;
}


int sipd_import_feed(struct sipd_import *im, const char *data, size_t len)
{
	const int rc = sipd_csv_feed(im->csv, data, len);

	return im->rc ? im->rc : rc;
}


int sipd_import_end(struct sipd_import *im)
{
	const int rc = sipd_csv_end(im->csv);

	if (im->rc || rc)
		return im->rc ? im->rc : rc;

	return im->header ? SIPDIALER_OK
			  : sipd_error(SIPDIALER_EFORMAT,
				       "line 1: the file is empty; the first "
				       "row must name the columns");
}


void sipd_import_counts(const struct sipd_import *im, uint64_t *rows,
			uint64_t *taken, uint64_t *refused)
{
	if (rows)
		*rows = im->rows;
	if (taken)
		*taken = im->taken;
	if (refused)
		*refused = im->refused;
}


void sipd_import_close(struct sipd_import *im)
{
	if (!im)
		return;
	sipd_csv_close(im->csv);
	free(im);
}
