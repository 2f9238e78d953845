/**
 * @file unit/core/test_csv.c  Tokenizer: what is a row, what is an error
 *
 * Each text is fed in blocks of every size: the result must be the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sipdialer/sipdialer.h>
#include "lib/cmocka_all.h"
#include "base/error.h"
#include "core/campaign/import.h"

/* All that came back, as text: 2[a][b] for a row, 3!why for an error. */
struct seen {
	char text[16384];
	size_t len;
	int stop_at; /* row that ends reading, 0 none */
	int rows;
};


static void note(struct seen *s, const char *text)
{
	const size_t n = strlen(text);

	if (s->len + n >= sizeof(s->text))
		return;
	memcpy(s->text + s->len, text, n + 1);
	s->len += n;
}


static int row(const char *const *cells, size_t count, uint64_t line,
	       void *arg)
{
	struct seen *s = arg;
	char number[32];

	snprintf(number, sizeof(number), "%u", (unsigned)line);
	note(s, number);
	for (size_t i = 0; i < count; i++) {
		note(s, "[");
		note(s, cells[i]);
		note(s, "]");
	}
	s->rows++;

	return s->rows == s->stop_at ? 42 : 0;
}


static void error(uint64_t line, const char *why, void *arg)
{
	char text[128];

	snprintf(text, sizeof(text), "%u!%.20s!", (unsigned)line, why);
	note(arg, text);
}


static int feed(struct seen *s, char delimiter, const char *data, size_t len,
		size_t block)
{
	struct sipd_csv *c;
	int rc = 0;

	memset(s->text, 0, sizeof(s->text));
	s->len = 0;
	s->rows = 0;
	assert_int_equal(0, sipd_csv_open(&c, delimiter, row, error, s));
	for (size_t at = 0; at < len && !rc; at += block)
		rc = sipd_csv_feed(c, data + at,
				   len - at < block ? len - at : block);
	if (!rc)
		rc = sipd_csv_end(c);
	sipd_csv_close(c);

	return rc;
}


/* The same for every size of block. */
static void expect_n(const char *expected, const char *data, size_t len)
{
	static struct seen s;

	memset(&s, 0, sizeof(s));
	for (size_t block = len ? len : 1; block; block--) {
		assert_int_equal(0, feed(&s, 0, data, len, block));
		if (strcmp(expected, s.text) != 0)
			fail_msg("blocks of %zu: expected %s, got %s", block,
				 expected, s.text);
	}
}


static void expect(const char *expected, const char *data)
{
	expect_n(expected, data, strlen(data));
}


static void test_plain_rows_and_line_ends(void **state)
{
	(void)state;
	expect("1[a][b]2[c][d]", "a,b\nc,d\n");
	expect("1[a][b]2[c][d]", "a,b\r\nc,d\r\n");
	expect("1[a][b]2[c][d]", "a,b\rc,d\r");
	expect("1[a][b]2[c][d]", "a,b\nc,d");
	expect("1[a][b]2[c][d]", "a,b\r\nc,d");
	expect("1[][]2[][x]", ",\n,x\n");
	expect("1[a][]2[b]", "a,\nb");
	expect("", "");
}


static void test_empty_lines_are_no_rows_but_count(void **state)
{
	(void)state;
	expect("1[a]4[b]", "a\n\n\nb\n");
	expect("1[a]3[b]", "a\r\n\r\nb\r\n");
	expect("1[a]3[b]", "a\r\rb\r");
	expect("", "\n\n");
	expect("1[]2[x]", "\"\"\nx\n");
}


static void test_quotes(void **state)
{
	(void)state;
	expect("1[a,b][c]", "\"a,b\",c\n");
	expect("1[a\"b]", "\"a\"\"b\"\n");
	expect("1[\"]", "\"\"\"\"");
	expect("1[x\ny][z]3[w]", "\"x\ny\",z\nw\n");
	expect("1[x\r\ny][z]3[w]", "\"x\r\ny\",z\r\nw\r\n");
	expect("1[x\ry]3[w]", "\"x\ry\"\rw\r");
	expect("1[5\"]", "5\"\n"); /* inches, not a quoted cell */
	expect("1[a \"b\" c]", "a \"b\" c\n");
}


static void test_bom_is_dropped_once(void **state)
{
	(void)state;
	expect("1[a][b]", "\xef\xbb\xbf"
			  "a,b\n");
	expect("1[a,b]", "\xef\xbb\xbf"
			 "\"a,b\"\n");
	expect("1[a]2[\xef\xbb\xbf"
	       "b]",
	       "a\n\xef\xbb\xbf"
	       "b\n");
	expect("", "\xef\xbb\xbf");
}


static void test_delimiter_is_found(void **state)
{
	static struct seen s;

	(void)state;
	expect("1[a][b]2[c][d,e]", "a;b\nc;d,e\n");
	expect("1[a][b]2[c][d;e]", "a\tb\nc\td;e\n");
	expect("1[a][b]", "a|b\n");
	expect("1[a][b;c]", "a,b;c\n"); /* equal: the comma */
	expect("1[a,b,c][d]", "\"a,b,c\";d\n");
	expect("2[a][b,c]", "sep=;\na;b,c\n");
	expect("2[a][b,c]", "\xef\xbb\xbfsep=;\r\na;b,c\r\n");
	expect("2[a][b]", "sep=^\ra^b\r");
	expect("1[sep=ab][c]", "sep=ab,c\n");
	assert_int_equal(0, feed(&s, ':', "a:b,c\n", 6, 2));
	assert_string_equal("1[a][b,c]", s.text);
	assert_int_equal(0, feed(&s, ',', "sep=;\na;b,c\n", 12, 3));
	assert_string_equal("2[a;b][c]", s.text);
}


static void test_bad_rows_are_reported_and_left(void **state)
{
	(void)state;
	expect("1[a]2!text after a closing!3[c]", "a\n\"x\"y,\"z\nc\n");
	expect("1!text after a closing!2[c]", "\"x\" ,b\nc\n");
	expect_n("1[a][b]2!a NUL byte!3[c][d]", "a,b\nx\0y,z\nc,d\n", 14);
	expect_n("1[a][b]2!a NUL byte!3[c][d]", "a,b\n\"x\0y\",z\nc,d\n", 16);
	expect("1[a]2!not valid UTF-8!3[c]", "a\n\xff\xfe\nc\n");
	expect("1[a]2!not valid UTF-8!3[c]", "a\n\xed\xa0\x80\nc\n");
	expect("1[a]2!not valid UTF-8!3[c]", "a\n\xc0\xaf\nc\n");
	expect("1[a]2!not valid UTF-8!3[c]", "a\nJ\xf6rg\nc\n");
	/* a character cut by the end of a cell is not mended by the next */
	expect("1[a][b]2!not valid UTF-8!3[c]", "a,b\n\xc3,\xa4\nc\n");
	expect("1[a]2[\xc3\xa4\xe2\x82\xac]", "a\n\xc3\xa4\xe2\x82\xac\n");
}


static void test_open_quote_costs_one_line(void **state)
{
	(void)state;
	expect("1[a][b]2!a quote is not close!3[d][e]4[f][g]",
	       "a,b\nc,\"x\nd,e\nf,g\n");
	expect("1[a]2!a quote is not close!3[c]", "a\r\n\"b\r\nc\r\n");
	expect("1[a]2!a quote is not close!", "a\n\"");
	expect("1!a quote is not close!2[b]", "\"a\nb");
	/* two open quotes make one row of lines 2 and 3; then "x is bad */
	expect("1[a]2!text after a closing!4[c]", "a\n\"b\n\"x\nc\n");
}


static void test_open_quote_in_a_large_file_costs_one_line(void **state)
{
	enum { LINES = 30000 };
	static struct seen s;
	char *data = malloc(LINES * 8 + 16);
	size_t len;

	(void)state;
	assert_non_null(data);
	len = (size_t)sprintf(data, "a,b\n1,\"x\n");
	for (int i = 0; i < LINES; i++)
		len += (size_t)sprintf(data + len, "%d,y\n", i % 10);
	for (size_t block = 1000; block < 200000; block += 12345) {
		assert_int_equal(0, feed(&s, 0, data, len, block));
		assert_int_equal(LINES + 1, s.rows);
		assert_non_null(
			strstr(s.text,
			       "2!a quote is not close!3[0][y]4[1][y]"));
	}
	free(data);
}


/* `count` times c, then tail. */
static char *many(const char *head, char c, size_t count, const char *tail)
{
	char *s = malloc(strlen(head) + count + strlen(tail) + 1);

	assert_non_null(s);
	strcpy(s, head);
	memset(s + strlen(head), c, count);
	strcpy(s + strlen(head) + count, tail);

	return s;
}


static void test_limits(void **state)
{
	static struct seen s;
	static const struct {
		size_t count;
		char c;
		const char *head, *tail, *expected;
	} rows[] = {
		{127, ',', "a\n", "x\nb\n", "3[b]"},
		{128, ',', "a\n", "x\nb\n", "2!more than 128 column!3[b]"},
		{4097, 'x', "a\n", "\nb\n", "2!a cell is longer tha!3[b]"},
		{4097, 'x', "a\n\"", "\"\nb\n", "2!a cell is longer tha!3[b]"},
		{70000, 'x', "a\n", "\nb\n", "2!a row is longer than!3[b]"},
		{70000, 'x', "a\n\"", "\nb\n", "2!a quote is not close!3[b]"},
		{200000, 'x', "a\n", "\nb\n", "2!a row is longer than!3[b]"},
		{70000, 'x', "", "\nb\n", "1!a row is longer than!2[b]"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *data = many(rows[i].head, rows[i].c, rows[i].count,
				  rows[i].tail);
		const size_t n = strlen(rows[i].expected);

		for (size_t block = 777; block < 300000; block *= 3) {
			assert_int_equal(0, feed(&s, ',', data, strlen(data),
						 block));
			if (s.len < n ||
			    strcmp(s.text + s.len - n, rows[i].expected))
				fail_msg("row %zu: %.200s", i, s.text);
		}
		free(data);
	}
}


static void test_cell_of_4096_bytes_is_taken(void **state)
{
	static struct seen s;
	char *data = many("a\n", 'x', SIPD_CSV_CELL_MAX, "\n");

	(void)state;
	assert_int_equal(0, feed(&s, 0, data, strlen(data), 100));
	assert_int_equal(2, s.rows);
	assert_int_equal(4 + SIPD_CSV_CELL_MAX + 3, s.len);
	free(data);
}


static void test_other_files_are_refused(void **state)
{
	static struct seen s;

	(void)state;
	assert_int_equal(SIPDIALER_EFORMAT, feed(&s, 0, "PK\3\4\0\0\n", 7, 1));
	assert_non_null(strstr(sipd_error_text(), "xlsx"));
	assert_int_equal(SIPDIALER_EFORMAT, feed(&s, 0,
						 "\xff\xfe"
						 "a\0,\0\n\0",
						 8, 8));
	assert_non_null(strstr(sipd_error_text(), "UTF-16"));
	assert_int_equal(SIPDIALER_EFORMAT,
			 feed(&s, 0, "\xd0\xcf\x11\xe0\n", 5, 2));
}


static void test_row_handler_ends_reading(void **state)
{
	static struct seen s;

	(void)state;
	s.stop_at = 2;
	for (size_t block = 1; block < 10; block++) {
		assert_int_equal(42, feed(&s, 0, "a\nb\nc\nd\n", 8, block));
		assert_string_equal("1[a]2[b]", s.text);
	}
}


static void test_rereading_is_bounded(void **state)
{
	/* Lines that open a quote again after each giving up. */
	enum { LINES = 200000 };
	static struct seen s;
	char *data = malloc(LINES * 8);
	size_t len = 0;

	(void)state;
	assert_non_null(data);
	for (int i = 0; i < LINES; i++)
		len += (size_t)sprintf(data + len, "%s",
				       i % 2 ? "a\",\"\"\n" : ",\"\"\"\n");
	(void)feed(&s, 0, data, len, 4096);
	free(data);
}


static void test_wrong_arguments_are_refused(void **state)
{
	struct sipd_csv *c;

	(void)state;
	assert_int_equal(SIPDIALER_EINVAL,
			 sipd_csv_open(&c, '"', row, error, NULL));
	assert_int_equal(SIPDIALER_EINVAL,
			 sipd_csv_open(NULL, 0, row, error, NULL));
	assert_int_equal(SIPDIALER_EINVAL,
			 sipd_csv_open(&c, 0, NULL, error, NULL));
	sipd_csv_close(NULL);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_rows_and_line_ends),
		cmocka_unit_test(test_empty_lines_are_no_rows_but_count),
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_bom_is_dropped_once),
		cmocka_unit_test(test_delimiter_is_found),
		cmocka_unit_test(test_bad_rows_are_reported_and_left),
		cmocka_unit_test(test_open_quote_costs_one_line),
		cmocka_unit_test(
			test_open_quote_in_a_large_file_costs_one_line),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_cell_of_4096_bytes_is_taken),
		cmocka_unit_test(test_other_files_are_refused),
		cmocka_unit_test(test_row_handler_ends_reading),
		cmocka_unit_test(test_rereading_is_bounded),
		cmocka_unit_test(test_wrong_arguments_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
