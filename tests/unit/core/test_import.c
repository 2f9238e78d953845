/**
 * @file unit/core/test_import.c  Columns, contacts, refused rows and files
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sipdialer/sipdialer.h>
#include "lib/cmocka_all.h"
#include "base/error.h"
#include "base/text.h"
#include "core/campaign/import.h"

struct result {
	int rc;
	uint64_t rows, taken, refused;
	struct sipd_contact_in contacts[4]; /* the first ones */
	size_t count;
	uint64_t lines[4]; /* of the first errors */
	char why[4][300];
	size_t errors;
	bool unclean; /* something is not as promised */
	int stop;
};


static int contact(const struct sipd_contact_in *c, void *arg)
{
	struct result *r = arg;

	if (!sipd_utf8_valid(c->name, strlen(c->name)) ||
	    !sipd_utf8_valid(c->custom, strlen(c->custom)) ||
	    strlen(c->number) != strspn(c->number, "+*#0123456789") ||
	    !sipd_text_clean(c->custom, strlen(c->custom)))
		r->unclean = true;
	if (r->count < 4)
		r->contacts[r->count] = *c;
	r->count++;

	return r->stop;
}


static void error(uint64_t line, const char *why, void *arg)
{
	struct result *r = arg;

	if (r->errors < 4) {
		r->lines[r->errors] = line;
		snprintf(r->why[r->errors], sizeof(r->why[0]), "%s", why);
	}
	r->errors++;
}


static void import_n(struct result *r, const struct sipd_import_conf *conf,
		     const char *data, size_t len, size_t block)
{
	const struct sipd_import_conf none = {"", "", "", 0};
	struct sipd_import *im;
	const int stop = r->stop;

	memset(r, 0, sizeof(*r));
	r->stop = stop;
	assert_int_equal(0, sipd_import_open(&im, conf ? conf : &none, contact,
					     error, r));
	for (size_t at = 0; at < len && !r->rc; at += block)
		r->rc = sipd_import_feed(im, data + at,
					 len - at < block ? len - at : block);
	if (!r->rc)
		r->rc = sipd_import_end(im);
	sipd_import_counts(im, &r->rows, &r->taken, &r->refused);
	sipd_import_close(im);

	assert_false(r->unclean);
	assert_int_equal(r->rows, r->taken + r->refused);
	assert_int_equal(r->errors, r->refused);
	assert_int_equal(r->count, r->taken);
}


static void import(struct result *r, const struct sipd_import_conf *conf,
		   const char *data)
{
	import_n(r, conf, data, strlen(data), 7);
}

static struct result r;


static void test_columns_are_found(void **state)
{
	static const struct {
		const char *header, *name;
	} rows[] = {
		{"number,name,city", "Ann"},
		{"Phone Number,Full Name,city", "Ann"},
		{" phone-number ,\"NAME\",city", "Ann"},
		{"Telephone,Contact Name,city", "Ann"},
		{"MSISDN,First Name,city", "Ann"},
		{"mobile,LastName,city", "Ann"},
		{"tel,x,city", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char data[256];

		snprintf(data, sizeof(data), "%s\n+15550100001,Ann,Bonn\n",
			 rows[i].header);
		import(&r, NULL, data);
		if (r.rc)
			fail_msg("%s: %s", data, sipd_error_text());
		assert_int_equal(1, r.taken);
		assert_string_equal("+15550100001", r.contacts[0].number);
		assert_string_equal(rows[i].name, r.contacts[0].name);
		assert_int_equal(2, r.contacts[0].line);
	}
	assert_string_equal("{\"x\":\"Ann\",\"city\":\"Bonn\"}",
			    r.contacts[0].custom);
}


static void test_columns_by_option(void **state)
{
	const struct sipd_import_conf conf = {"Handy", "Wer", "DE", ';'};

	(void)state;
	import(&r, &conf, "phone;handy;WER\n0301234567;0151 12345678;Ann\n");
	assert_int_equal(0, r.rc);
	assert_string_equal("+4915112345678", r.contacts[0].number);
	assert_string_equal("Ann", r.contacts[0].name);
	assert_string_equal("{\"phone\":\"0301234567\"}",
			    r.contacts[0].custom);

	import(&r, &conf, "phone;wer\n0301234567;Ann\n");
	assert_int_equal(SIPDIALER_EFORMAT, r.rc);
	assert_non_null(strstr(sipd_error_text(), "\"Handy\""));
	assert_non_null(strstr(sipd_error_text(), "\"phone\", \"wer\""));
}


static void test_names_priority_and_custom(void **state)
{
	(void)state;
	import(&r, NULL,
	       "first_name,last_name,number,priority,note,,empty\n"
	       "Ann,Example,1001,5,\"say \"\"hi\"\"\\\n\xc3\xa4\",x,\n"
	       ",Solo,1002,-3,,,\n"
	       "Bob,,1003\n");
	assert_int_equal(0, r.rc);
	assert_int_equal(3, r.taken);
	assert_string_equal("Ann Example", r.contacts[0].name);
	assert_int_equal(5, r.contacts[0].priority);
	assert_string_equal("{\"note\":\"say \\\"hi\\\"\\\\\\n\xc3\xa4\","
			    "\"column_6\":\"x\"}",
			    r.contacts[0].custom);
	assert_string_equal("Solo", r.contacts[1].name);
	assert_int_equal(-3, r.contacts[1].priority);
	assert_string_equal("", r.contacts[1].custom);
	assert_string_equal("Bob", r.contacts[2].name);
	assert_int_equal(0, r.contacts[2].priority);
	assert_int_equal(5, r.contacts[2].line);
}


static void test_rows_are_refused_with_line_and_reason(void **state)
{
	static const struct {
		const char *row, *why;
	} rows[] = {
		{"abc,Ann,1,x", "\"abc\""},
		{",Ann,1,x", "no number"},
		{"  ,Ann,1,x", "no number"},
		{"+1210555,Ann,1,x", "too few"},
		{"2125550123,Ann,high,x", "priority"},
		{"2125550123,Ann,1000001,x", "priority"},
		{"2125550123,A\x1b[2J,1,x", "0x1b"},
		{"2125550123,Ann,1,x\x7f", "0x7f"},
		{"2125550123,Ann,1,x,y", "5 cells"},
		{"2125550123,\"Ann\"x,1,x", "quote"},
		{"2125550123,\xff,1,x", "UTF-8"},
	};
	const struct sipd_import_conf conf = {"", "", "US", 0};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char data[256];

		snprintf(data, sizeof(data),
			 "number,name,priority,note\n"
			 "\n%s\n2125550123,Bob,,\n",
			 rows[i].row);
		import(&r, &conf, data);
		assert_int_equal(0, r.rc);
		assert_int_equal(1, r.taken);
		assert_int_equal(1, r.refused);
		assert_int_equal(3, r.lines[0]);
		if (!strstr(r.why[0], rows[i].why))
			fail_msg("%s: %s", rows[i].row, r.why[0]);
	}
}


static void test_name_and_custom_have_limits(void **state)
{
	char name[257], cell[4001], data[16384];

	(void)state;
	memset(name, 'n', 256);
	name[256] = '\0';
	memset(cell, 'c', 4000);
	cell[4000] = '\0';
	snprintf(data, sizeof(data),
		 "number,name,a,b\n"
		 "1001,%s,,\n1002,%s,,\n1003,x,%s,\n1004,x,%s,%s\n",
		 name, name + 1, cell, cell, cell);
	import(&r, NULL, data);
	assert_int_equal(0, r.rc);
	assert_int_equal(2, r.taken);
	assert_int_equal(255, strlen(r.contacts[0].name));
	assert_int_equal(4008, strlen(r.contacts[1].custom));
	assert_non_null(strstr(r.why[0], "255"));
	assert_non_null(strstr(r.why[1], "4095"));
	assert_int_equal(2, r.lines[0]);
	assert_int_equal(5, r.lines[1]);
}


static void test_extra_empty_cells_and_blank_rows_are_fine(void **state)
{
	(void)state;
	import(&r, NULL, "number,name\n1001,Ann,,,\n,,\n1002,Bob\n");
	assert_int_equal(0, r.rc);
	assert_int_equal(2, r.rows);
	assert_int_equal(2, r.taken);
	assert_int_equal(4, r.contacts[1].line);
}


static void test_files_are_refused_as_a_whole(void **state)
{
	static const struct {
		const char *data, *why;
	} rows[] = {
		{"", "empty"},
		{"\xef\xbb\xbf\n\n", "empty"},
		{"+15550100001,Ann\n+15550100002,Bob\n", "no header"},
		{"name,city\nAnn,Bonn\n", "no column for the number"},
		{"number,number\n1,2\n", "same name"},
		{"number,x y,X-Y\n1,2,3\n", "same name"},
		{"number,\xff\n1,2\n", "UTF-8"},
		{"number,a\x01"
		 "b\n1,2\n",
		 "control character"},
		{"number,\"name\n", "not closed"},
		{"number,123456789012345678901234567890123456789012345678901"
		 "23456789012345\n",
		 "64 bytes"},
		{"PK\3\4junk\n", "xlsx"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		import(&r, NULL, rows[i].data);
		assert_int_equal(SIPDIALER_EFORMAT, r.rc);
		assert_int_equal(0, r.taken);
		if (!strstr(sipd_error_text(), rows[i].why) ||
		    !strstr(sipd_error_text(), "line "))
			fail_msg("%s: %s", rows[i].data, sipd_error_text());
	}
}


static void test_header_only_is_an_empty_list(void **state)
{
	(void)state;
	import(&r, NULL, "number,name");
	assert_int_equal(0, r.rc);
	assert_int_equal(0, r.rows);
}


static void test_contact_handler_ends_reading(void **state)
{
	(void)state;
	r.stop = SIPDIALER_EFULL;
	import(&r, NULL, "number\n1001\n1002\n");
	assert_int_equal(SIPDIALER_EFULL, r.rc);
	assert_int_equal(1, r.count);
	r.stop = 0;
}


static void test_wrong_configuration_is_refused(void **state)
{
	const struct sipd_import_conf country = {"", "", "XX", 0};
	const struct sipd_import_conf quote = {"", "", "", '"'};
	const struct sipd_import_conf column = {
		"12345678901234567890123456789012345678901234567890123456789"
		"012345",
		"", "", 0};
	const struct sipd_import_conf null = {NULL, NULL, NULL, 0};
	struct sipd_import *im;

	(void)state;
	assert_int_equal(SIPDIALER_EINVAL,
			 sipd_import_open(&im, &country, contact, error, &r));
	assert_int_equal(SIPDIALER_EINVAL,
			 sipd_import_open(&im, &quote, contact, error, &r));
	assert_int_equal(SIPDIALER_EINVAL,
			 sipd_import_open(&im, &column, contact, error, &r));
	assert_int_equal(0, sipd_import_open(&im, &null, contact, error, &r));
	sipd_import_close(im);
	sipd_import_close(NULL);
}


/* ---- shared corpus ----------------------------------------------------- */

/* Whole file, or NULL with a word about it. */
static char *corpus(const char *name, size_t *len)
{
	const char *dir = getenv("SHARED_DATA");
	char path[4096], *data = NULL;
	FILE *f = NULL;

	if (dir) {
		snprintf(path, sizeof(path), "%s/corpus/%s", dir, name);
		f = fopen(path, "rb");
	}
	if (!f) {
		print_message("skipped: no %s\n", name);
		return NULL;
	}
	data = malloc(1 << 20);
	assert_non_null(data);
	*len = fread(data, 1, (1 << 20) - 1, f);
	data[*len] = '\0';
	fclose(f);

	return data;
}


static void test_corpus_files_get_their_verdict(void **state)
{
	static const struct {
		const char *name;
		bool file; /* refused as a whole */
		uint64_t taken, refused;
		const char *contact; /* name of the first */
	} rows[] = {
		{"afterq", false, 0, 1, NULL},
		{"arabic", false, 1, 0, "Ann"},
		{"badutf8", false, 0, 1, NULL},
		{"bom", false, 1, 0, "Ann"},
		{"cr", false, 1, 0, "Ann"},
		{"crlfname", false, 1, 0, "Ann\r\nX-Evil: 1"},
		{"ctrl", false, 0, 1, NULL},
		{"duphdr", true, 0, 0, NULL},
		{"dups", false, 1000, 0, "Ann"},
		{"formula", false, 3, 0, "=cmd|'/C calc'!A0"},
		/* read as +1555, which is too short for +1 */
		{"fullwidth", false, 0, 1, NULL},
		{"latin1", false, 0, 1, NULL},
		{"lf", false, 1, 0, "Ann"},
		{"nohdr", true, 0, 0, NULL},
		{"nul", false, 0, 1, NULL},
		{"overlong", false, 0, 1, NULL},
		{"quote1", false, 1, 0, "Ann \"The\" O'Neil"},
		{"semi", false, 1, 0, "Ann"},
		{"sep", false, 1, 0, "Ann"},
		{"surr", false, 0, 1, NULL},
		{"unterm", false, 1, 1, "Bob"},
		{"zip", true, 0, 0, NULL},
		{"spectrum-simple", true, 0, 0, NULL},
		{"spectrum-location_coordinates", false, 1, 0, ""},
	};
	const struct sipd_import_conf conf = {"", "", "US", 0};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char name[128], *data;
		size_t len;

		snprintf(name, sizeof(name), "csv/%s.csv", rows[i].name);
		data = corpus(name, &len);
		if (!data)
			skip();
		for (size_t block = 1; block <= len; block += 1 + block / 2) {
			import_n(&r, &conf, data, len, block);
			if ((r.rc != 0) != rows[i].file ||
			    r.taken != rows[i].taken ||
			    r.refused != rows[i].refused)
				fail_msg("%s: rc %d, %d taken, %d refused, "
					 "%s",
					 name, r.rc, (int)r.taken,
					 (int)r.refused, sipd_error_text());
			if (rows[i].contact)
				assert_string_equal(rows[i].contact,
						    r.contacts[0].name);
			if (r.refused)
				assert_int_equal(2, r.lines[0]);
		}
		free(data);
	}
}


/* Cells of a file, written as csv-spectrum's JSON without blanks. */
struct json {
	char text[4096], header[16][64];
	size_t len, columns, rows;
};


static int json_row(const char *const *cells, size_t count, uint64_t line,
		    void *arg)
{
	struct json *j = arg;
	struct sipd_text t;

	(void)line;
	if (!j->columns) {
		assert_true(count <= 16);
		for (size_t i = 0; i < count; i++)
			snprintf(j->header[i], 64, "%s", cells[i]);
		j->columns = count;
		return 0;
	}
	assert_int_equal(j->columns, count);
	sipd_text_init(&t, j->text + j->len, sizeof(j->text) - j->len);
	sipd_text_add(&t, j->rows++ ? ",{" : "[{");
	for (size_t i = 0; i < count; i++)
		sipd_json_str(&t, j->header[i], cells[i]);
	sipd_text_add(&t, "}");
	j->len += t.len;

	return 0;
}


static void json_error(uint64_t line, const char *why, void *arg)
{
	(void)arg;
	fail_msg("line %u: %s", (unsigned)line, why);
}


/* Remove blanks outside strings, in place. */
static void compact(char *s)
{
	char *out = s;
	bool string = false;

	for (; *s; s++) {
		if (*s == '"' && s[-1] != '\\')
			string = !string;
		if (string || !strchr(" \t\r\n", *s))
			*out++ = *s;
	}
	*out = '\0';
}


static void test_spectrum_files_equal_their_json(void **state)
{
	static const char *const names[] = {
		"comma_in_quotes", "empty",  "empty_crlf",  "newlines",
		"newlines_crlf",   "simple", "simple_crlf", "utf8",
		/* not location_coordinates: its two files differ */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char name[128], *csv, *json;
		static struct json j;
		struct sipd_csv *c;
		size_t len;

		memset(&j, 0, sizeof(j));
		snprintf(name, sizeof(name), "csv/spectrum-%s.csv", names[i]);
		csv = corpus(name, &len);
		if (!csv)
			skip();
		assert_int_equal(0, sipd_csv_open(&c, 0, json_row, json_error,
						  &j));
		assert_int_equal(0, sipd_csv_feed(c, csv, len));
		assert_int_equal(0, sipd_csv_end(c));
		sipd_csv_close(c);
		snprintf(j.text + j.len, sizeof(j.text) - j.len, "]");

		snprintf(name, sizeof(name), "csv/spectrum-%s.json", names[i]);
		json = corpus(name, &len);
		assert_non_null(json);
		compact(json);
		if (json[0] == '[')
			assert_string_equal(json, j.text);
		else {
			/* one row: the object alone */
			j.text[strlen(j.text) - 1] = '\0';
			assert_string_equal(json, j.text + 1);
		}
		free(csv);
		free(json);
	}
}


static bool controls(const char *s)
{
	for (; *s; s++)
		if (((unsigned char)*s < 0x20 && !strchr("\r\n\t", *s)) ||
		    *s == 0x7f)
			return true;

	return false;
}


/* Each string as a name comes back byte for byte, or the row is refused. */
static void test_naughty_strings_come_back_exact(void **state)
{
	size_t len;
	char *data = corpus("strings/blns-dev.txt", &len), *save, *s;
	unsigned seen = 0, exact = 0;

	(void)state;
	if (!data)
		skip();
	for (s = strtok_r(data, "\n", &save); s;
	     s = strtok_r(NULL, "\n", &save)) {
		char file[8192];
		size_t n = (size_t)sprintf(file, "number,name\n1001,\"");

		if (strlen(s) > 2000)
			continue;
		for (const char *p = s; *p; p++) {
			if (*p == '"')
				file[n++] = '"';
			file[n++] = *p;
		}
		n += (size_t)sprintf(file + n, "\"\n");
		import_n(&r, NULL, file, n, 64);
		assert_int_equal(0, r.rc);
		seen++;
		if (strlen(s) < 256 && sipd_utf8_valid(s, strlen(s)) &&
		    !controls(s)) {
			assert_int_equal(1, r.taken);
			assert_string_equal(s, r.contacts[0].name);
			exact++;
		}
		else
			assert_int_equal(1, r.refused);
	}
	free(data);
	assert_true(seen > 200 && exact > 150);
}


static void test_utf8_files_get_their_verdict(void **state)
{
	static const char *const bad[] = {"04", "05", "09", "11", "14", "15",
					  "17", "22", "24", "25", "26"};
	static const char *const ok[] = {"02", "03", "07", "08",
					 "09", "12", "13"};

	(void)state;
	for (size_t i = 0; i < 11 + 7; i++) {
		const bool valid = i >= 11;
		char name[64], file[128], *data;
		size_t len, n;

		snprintf(name, sizeof(name), "utf8/%s%s.bin",
			 valid ? "ok" : "bad", valid ? ok[i - 11] : bad[i]);
		data = corpus(name, &len);
		if (!data)
			skip();
		n = (size_t)sprintf(file, "number,name\n1001,");
		memcpy(file + n, data, len);
		n += len;
		file[n++] = '\n';
		import_n(&r, NULL, file, n, 3);
		free(data);
		if (valid != (r.taken == 1))
			fail_msg("%s: %d taken", name, (int)r.taken);
	}
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns_are_found),
		cmocka_unit_test(test_columns_by_option),
		cmocka_unit_test(test_names_priority_and_custom),
		cmocka_unit_test(test_rows_are_refused_with_line_and_reason),
		cmocka_unit_test(test_name_and_custom_have_limits),
		cmocka_unit_test(
			test_extra_empty_cells_and_blank_rows_are_fine),
		cmocka_unit_test(test_files_are_refused_as_a_whole),
		cmocka_unit_test(test_header_only_is_an_empty_list),
		cmocka_unit_test(test_contact_handler_ends_reading),
		cmocka_unit_test(test_wrong_configuration_is_refused),
		cmocka_unit_test(test_corpus_files_get_their_verdict),
		cmocka_unit_test(test_spectrum_files_equal_their_json),
		cmocka_unit_test(test_naughty_strings_come_back_exact),
		cmocka_unit_test(test_utf8_files_get_their_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
