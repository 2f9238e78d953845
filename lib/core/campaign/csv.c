/**
 * @file core/campaign/csv.c  CSV tokenizer
 *
 * RFC 4180 and what spreadsheets make of it, fed in blocks of any size.  The
 * bytes go through one state machine; a row is kept raw only when it crosses
 * the end of a block, so that a quote left open costs the row it stands in and
 * not the file: reading begins again on the line after it.
 */
#include "core/campaign/import.h"

#include <stdlib.h>
#include <string.h>
#include <sipdialer/sipdialer.h>
#include "base/error.h"
#include "base/text.h"

enum state {
	CELL,   /* at the beginning of a cell */
	PLAIN,  /* inside one without quotes */
	QUOTED, /* inside quotes */
	QUOTE,  /* after a quote inside quotes */
	SKIP    /* bad row: on to the end of the line */
};

enum {
	/* Bytes read a second time may not exceed the first reading by more
	 * than this factor, whatever the file is made of. */
	AGAIN_FACTOR = 4
};

struct sipd_csv {
	sipd_csv_row_h *rowh;
	sipd_csv_error_h *errh;
	void *arg;
	char delimiter; /* 0 not known yet */
	bool started;   /* the first line was looked at */
	int rc;         /* what ended reading */

	enum state state;
	bool cr;                 /* the last byte was a CR */
	bool high;               /* a byte >= 0x80 in this row */
	const char *why;         /* this row is bad; "" and was reported */
	uint64_t line, row_line; /* now, and where the row began */

	char *cells[SIPD_CSV_COLUMNS_MAX];
	size_t count;       /* cells complete */
	size_t begin, fill; /* of the present cell in row */

	size_t raw_len;
	uint64_t fed, again; /* bytes read, bytes read again */
	char row[SIPD_CSV_ROW_MAX + SIPD_CSV_COLUMNS_MAX + 1];
	char raw[SIPD_CSV_ROW_MAX];
	char spare[SIPD_CSV_ROW_MAX];
};


int sipd_csv_open(struct sipd_csv **cp, char delimiter, sipd_csv_row_h *rowh,
		  sipd_csv_error_h *errh, void *arg)
{
	struct sipd_csv *c;

	if (!cp || !rowh || !errh)
		return sipd_error(SIPDIALER_EINVAL, "csv: missing argument");
	if (delimiter == '"' || delimiter == '\r' || delimiter == '\n')
		return sipd_error(
			SIPDIALER_EINVAL,
			"csv: a quote or a line end cannot separate columns");

	c = calloc(1, sizeof(*c));
	if (!c)
		return sipd_error(SIPDIALER_ENOMEM, "csv: out of memory");

	c->rowh = rowh;
	c->errh = errh;
	c->arg = arg;
	c->delimiter = delimiter;
	c->line = c->row_line = 1;
	*cp = c;

	return SIPDIALER_OK;
}


void sipd_csv_close(struct sipd_csv *c)
{
	free(c);
}


/* ---- rows -------------------------------------------------------------- */

static void row_reset(struct sipd_csv *c)
{
	c->state = CELL;
	c->high = false;
	c->why = NULL;
	c->count = 0;
	c->begin = c->fill = 0;
	c->raw_len = 0;
}


static void bad(struct sipd_csv *c, const char *why)
{
	if (!c->why)
		c->why = why;
}


static void cell_add(struct sipd_csv *c, char b)
{
	if (c->fill - c->begin >= SIPD_CSV_CELL_MAX) {
		bad(c, "a cell is longer than 4096 bytes");
		return;
	}
	c->row[c->fill++] = b;
}


static void cell_end(struct sipd_csv *c)
{
	if (c->count >= SIPD_CSV_COLUMNS_MAX) {
		bad(c, "more than 128 columns");
		c->fill = c->begin;
		return;
	}
	c->cells[c->count++] = c->row + c->begin;
	c->row[c->fill++] = '\0';
	c->begin = c->fill;
}


/* The row is complete; empty lines are no rows. */
static void row_end(struct sipd_csv *c)
{
	const bool empty = c->state == CELL && !c->count && !c->why;

	if (!empty) {
		cell_end(c);
		if (!c->why && c->high && !sipd_utf8_valid(c->row, c->fill))
			c->why = "not valid UTF-8";
		if (!c->why)
			c->rc = c->rowh((const char *const *)c->cells,
					c->count, c->row_line, c->arg);
		else if (*c->why)
			c->errh(c->row_line, c->why, c->arg);
	}
	row_reset(c);
}


/* ---- the state machine ------------------------------------------------- */

/* One byte that is not the end of a line. */
static void byte(struct sipd_csv *c, char b)
{
	if (!b)
		bad(c, "a NUL byte");

	switch (c->state) {
	case CELL:
		if (b == '"') {
			c->state = QUOTED;
			return;
		}
		c->state = PLAIN;
		/* fall through */
	case PLAIN:
		if (b == c->delimiter) {
			cell_end(c);
			c->state = CELL;
			return;
		}
		cell_add(c, b);
		return;
	case QUOTED:
		if (b == '"')
			c->state = QUOTE;
		else
			cell_add(c, b);
		return;
	case QUOTE:
		if (b == '"') {
			cell_add(c, b);
			c->state = QUOTED;
		}
		else if (b == c->delimiter) {
			cell_end(c);
			c->state = CELL;
		}
		else {
			bad(c, "text after a closing quote");
			c->state = SKIP;
		}
		return;
	case SKIP:
		return;
	}
}


/* CR, LF or CRLF; true if the row ended here. */
static bool newline(struct sipd_csv *c, char b)
{
	const bool second = b == '\n' && c->cr;

	c->cr = b == '\r';
	if (!second)
		c->line++;
	if (c->state == QUOTED) {
		cell_add(c, b);
		return false;
	}
	if (!second)
		row_end(c);
	c->row_line = c->line;

	return true;
}


static bool row_full(const struct sipd_csv *c, size_t now)
{
	return c->raw_len + now >= SIPD_CSV_ROW_MAX;
}


static void run(struct sipd_csv *c, const char *data, size_t len);


/* A quote was left open: give up its line, read what followed again. */
static void reread(struct sipd_csv *c)
{
	const size_t len = c->raw_len;
	size_t at = 0;

	c->errh(c->row_line, "a quote is not closed", c->arg);
	memcpy(c->spare, c->raw, len);
	while (at < len && c->spare[at] != '\n' && c->spare[at] != '\r')
		at++;
	if (at + 1 < len && c->spare[at] == '\r' && c->spare[at + 1] == '\n')
		at++;

	row_reset(c);
	c->cr = at < len && c->spare[at] == '\r';
	if (at >= len) {
		/* not even the end of its line: skip to it */
		c->state = SKIP;
		c->why = "";
		return;
	}
	c->line = c->row_line = c->row_line + 1;
	c->again += len - at;
	run(c, c->spare + at + 1, len - at - 1);
}


/* The row has reached its limit. */
static void overflow(struct sipd_csv *c)
{
	if (c->state == QUOTED &&
	    c->again <= AGAIN_FACTOR * c->fed + SIPD_CSV_ROW_MAX) {
		reread(c);
		return;
	}
	c->errh(c->row_line, "a row is longer than 65536 bytes", c->arg);
	row_reset(c);
	c->state = SKIP;
	c->why = "";
}


/* Keep [from, to) of a row that goes on.  It fits: run() looks at row_full()
 * after each byte. */
static void keep(struct sipd_csv *c, const char *from, const char *to)
{
	const size_t n = (size_t)(to - from);

	memcpy(c->raw + c->raw_len, from, n);
	c->raw_len += n;
}


static void run(struct sipd_csv *c, const char *data, size_t len)
{
	const char *p = data, *end = data + len, *row = data;

	while (p < end && !c->rc) {
		const char b = *p++;

		if (b == '\n' || b == '\r') {
			if (newline(c, b)) {
				row = p;
				continue;
			}
		}
		else {
			c->cr = false;
			c->high = c->high || (unsigned char)b >= 0x80;
			byte(c, b);
		}
		if (c->state == SKIP)
			row = p; /* nothing of it is needed again */
		else if (row_full(c, (size_t)(p - row))) {
			keep(c, row, p);
			row = p;
			overflow(c);
		}
	}
	if (!c->rc)
		keep(c, row, p);
}


/* ---- the first line ---------------------------------------------------- */

/* The delimiter that occurs most in the first line, outside quotes. */
static char find_delimiter(const char *s, size_t len)
{
	static const char list[] = ",;\t|";
	size_t counts[sizeof(list)] = {0};
	size_t best = 0;
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		const char *at = s[i] ? strchr(list, s[i]) : NULL;

		if (s[i] == '"')
			quoted = !quoted;
		else if (!quoted && (s[i] == '\n' || s[i] == '\r'))
			break;
		else if (!quoted && at)
			counts[at - list]++;
	}
	for (size_t i = 1; list[i]; i++)
		if (counts[i] > counts[best])
			best = i;

	return list[best];
}


/* Length of the first line with its end, 0 if its end is not there yet. */
static size_t first_line(const char *s, size_t len, bool last)
{
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		if (s[i] == '"')
			quoted = !quoted;
		else if (!quoted && s[i] == '\n')
			return i + 1;
		else if (!quoted && s[i] == '\r' && (i + 1 < len || last))
			return i + 1 + (i + 1 < len && s[i + 1] == '\n');
	}

	return last ? len : 0;
}


/* Other files under the name of a CSV file. */
static int foreign_file(const char *s, size_t len)
{
	if (len >= 4 && !memcmp(s, "PK\3\4", 4))
		return sipd_error(SIPDIALER_EFORMAT,
				  "line 1: this is a spreadsheet (xlsx, ods) "
				  "or zip file; save it as CSV");
	if (len >= 4 && !memcmp(s, "\xd0\xcf\x11\xe0", 4))
		return sipd_error(
			SIPDIALER_EFORMAT,
			"line 1: this is a spreadsheet (xls); save it as CSV");
	if (len >= 2 &&
	    (!memcmp(s, "\xff\xfe", 2) || !memcmp(s, "\xfe\xff", 2)))
		return sipd_error(
			SIPDIALER_EFORMAT,
			"line 1: this is UTF-16 text; save it as UTF-8");

	return SIPDIALER_OK;
}


/* raw holds the beginning of the file: decide what it is and go on. */
static void start(struct sipd_csv *c, size_t line_len)
{
	const size_t len = c->raw_len;
	size_t at = 0;

	c->started = true;
	memcpy(c->spare, c->raw, len);
	c->raw_len = 0;

	c->rc = foreign_file(c->spare, len);
	if (c->rc)
		return;
	if (len >= 3 && !memcmp(c->spare, "\xef\xbb\xbf", 3))
		at = 3;
	if (line_len >= at + 5 && !memcmp(c->spare + at, "sep=", 4) &&
	    (line_len == at + 5 || strchr("\r\n", c->spare[at + 5]))) {
		if (!c->delimiter && c->spare[at + 4] != '"')
			c->delimiter = c->spare[at + 4];
		at = line_len;
		c->line = c->row_line = 2;
	}
	if (!c->delimiter)
		c->delimiter = find_delimiter(c->spare + at, len - at);

	run(c, c->spare + at, len - at);
}


/* Collect the first line; returns how much of data was used. */
static size_t head(struct sipd_csv *c, const char *data, size_t len)
{
	const size_t room = SIPD_CSV_ROW_MAX - c->raw_len;
	const size_t n = len < room ? len : room;
	size_t line;

	keep(c, data, data + n);
	line = first_line(c->raw, c->raw_len, c->raw_len == SIPD_CSV_ROW_MAX);
	if (line)
		start(c, line);

	return n;
}


/* ---- feeding ----------------------------------------------------------- */

int sipd_csv_feed(struct sipd_csv *c, const char *data, size_t len)
{
	size_t used = 0;

	if (!c || (!data && len))
		return sipd_error(SIPDIALER_EINVAL, "csv: missing argument");
	c->fed += len;

	while (!c->started && !c->rc && used < len)
		used += head(c, data + used, len - used);
	if (!c->rc)
		run(c, data + used, len - used);

	return c->rc;
}


int sipd_csv_end(struct sipd_csv *c)
{
	if (!c)
		return sipd_error(SIPDIALER_EINVAL, "csv: missing argument");
	if (!c->started && !c->rc)
		start(c, first_line(c->raw, c->raw_len, true));

	while (!c->rc && c->state == QUOTED) {
		if (c->again > AGAIN_FACTOR * c->fed + SIPD_CSV_ROW_MAX) {
			bad(c, "a quote is not closed");
			break;
		}
		reread(c);
	}
	if (!c->rc)
		row_end(c);

	return c->rc;
}
