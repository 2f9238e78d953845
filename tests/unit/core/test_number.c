/**
 * @file unit/core/test_number.c  Numbers as people write them
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sipdialer/sipdialer.h>
#include "lib/cmocka_all.h"
#include "base/error.h"
#include "core/campaign/import.h"
#include "core/campaign/number.h"

struct row {
	const char *country, *text, *expected;
};


/* expected NULL: refused. */
static void check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct row *r = &rows[i];
		char out[32] = "";
		const int rc = sipd_number_normalise(r->text, r->country, out,
						     sizeof(out));

		if (!r->expected && rc != SIPDIALER_EINVAL)
			fail_msg("%s \"%s\" became %s", r->country, r->text,
				 out);
		if (r->expected && (rc || strcmp(out, r->expected) != 0))
			fail_msg("%s \"%s\": %s", r->country, r->text,
				 rc ? sipd_error_text() : out);
	}
}

#define CHECK(rows) check(rows, sizeof(rows) / sizeof((rows)[0]))


static void test_national_becomes_e164(void **state)
{
	static const struct row rows[] = {
		{"US", "(212) 555-0123", "+12125550123"},
		{"US", "1-212-555-0123", "+12125550123"},
		{"us", "212.555.0123", "+12125550123"},
		{"1", "2125550123", "+12125550123"},
		{"US", "011 49 30 1234567", "+49301234567"},
		{"US", "0049 30 1234567", "+49301234567"},
		{"US", "+44 (0)20 7946 0018", "+442079460018"},
		{"DE", "030 / 123 45 67", "+49301234567"},
		{"49", "0151 12345678", "+4915112345678"},
		{"DE", "15112345678", "+4915112345678"},
		{"DE", "4915112345678", "+4915112345678"},
		{"DE", "001 212 555 0123", "+12125550123"},
		{"GB", "07700 900123", "+447700900123"},
		{"IT", "06 1234 5678", "+390612345678"},
		{"IT", "347 123 4567", "+393471234567"},
		{"SM", "0549 886377", "+3780549886377"},
		{"FR", "01 99 00 00 00", "+33199000000"},
		{"ES", "612 345 678", "+34612345678"},
		{"RU", "8 (912) 345-67-89", "+79123456789"},
		{"RU", "8 10 49 30 1234567", "+49301234567"},
		{"RU", "79123456789", "+79123456789"},
		{"KZ", "8 771 000 9998", "+77710009998"},
		{"BY", "8 029 491-19-11", "+375294911911"},
		{"HU", "06 20 123 4567", "+36201234567"},
		{"MX", "55 1234 5678", "+525512345678"},
		{"MX", "044 55 1234 5678", "+525512345678"},
		{"MX", "+52 1 55 1234 5678", "+525512345678"},
		{"AR", "011 15 2345-6789", "+5491123456789"},
		{"AR", "0341 15 234-5678", "+5493412345678"},
		{"AR", "02966 15 23-4567", "+5492966234567"},
		{"AR", "011 2345-6789", "+541123456789"},
		{"AR", "+54 9 11 2345 6789", "+5491123456789"},
		{"BR", "(11) 96123-4567", "+5511961234567"},
		{"BR", "0 15 11 96123-4567", "+5511961234567"},
		{"AU", "0412 345 678", "+61412345678"},
		{"AU", "0011 1 212 555 0123", "+12125550123"},
		{"JP", "090-1234-5678", "+819012345678"},
		{"IN", "098765 43210", "+919876543210"},
		{"CN", "138 0013 8000", "+8613800138000"},
		{"GA", "06 03 12 34", "+24106031234"},
		{"CI", "01 23 45 67 89", "+2250123456789"},
		{"CH", "078 123 45 67", "+41781234567"},
	};

	(void)state;
	CHECK(rows);
}


static void test_nanp_rules(void **state)
{
	static const struct row rows[] = {
		{"US", "911", NULL},
		{"US", "411", NULL},
		{"US", "9911", NULL},
		{"US", "112", NULL},
		{"US", "(112) 555-0123", NULL},
		{"US", "(012) 555-0123", NULL},
		{"US", "212-155-0123", NULL},
		{"US", "212-055-0123", NULL},
		{"US", "911-555-0123", NULL},
		{"US", "211-555-0123", NULL},
		{"US", "212-911-0123", NULL},
		{"US", "555-0123", NULL},
		{"US", "212-555-01234", NULL},
		{"US", "+1 900 555 1234", NULL},
		{"US", "555-010-0001", "+15550100001"}, /* fiction */
		{"BS", "242 555 0100", "+12425550100"},
	};

	(void)state;
	CHECK(rows);
}


static void test_without_country_taken_as_written(void **state)
{
	static const struct row rows[] = {
		{"", "1001", "1001"},
		{NULL, " 10 01 ", "1001"},
		{"", "*97", "*97"},
		{"", "**21*100#", "**21*100#"},
		{"", "+15550100001", "+15550100001"},
		{"", "0151/123-45.67", "01511234567"},
		{"", "12345678901234567890", "12345678901234567890"},
		{"", "123456789012345678901", NULL},
		{"", "7", "7"},
		{"", "110", "110"},
		{"", "911", NULL},
		{"", "9911", NULL},
		{"", "112", NULL},
		{"", "999", NULL},
		{"", "+0", NULL},
		{"", "+", NULL},
		{"", "", NULL},
		{"", "+1234567890123456", NULL},
		{"", "+12*3", NULL},
	};

	(void)state;
	CHECK(rows);
}


static void test_other_scripts_and_marks_are_read(void **state)
{
	static const struct row rows[] = {
		/* full-width + and digits */
		{"US",
		 "\xef\xbc\x8b\xef\xbc\x91"
		 "5550100001",
		 "+15550100001"},
		/* Arabic-Indic 1, Persian 5 */
		{"US",
		 "+\xd9\xa1\xdb\xb5"
		 "550100001",
		 "+15550100001"},
		/* no-break space, en dash */
		{"US",
		 "212\xc2\xa0"
		 "555\xe2\x80\x93"
		 "0123",
		 "+12125550123"},
		/* as copied from a telephone: LRE ... PDF */
		{"US", "\xe2\x80\xaa+12125550123\xe2\x80\xac", "+12125550123"},
		{"US", "'+12125550123", "+12125550123"},
		{"US", "\t +12125550123 \t", "+12125550123"},
		{"US", "212555012\xe0\xa5\xa9", NULL}, /* Devanagari */
		{"US", "212555012\xe2\x80", NULL},
		{"US", "212555012\xff", NULL},
		{"US",
		 "\xf0\x9d\x9f\x8f"
		 "2125550123",
		 NULL},
	};

	(void)state;
	CHECK(rows);
}


static void test_refused_with_number_and_reason(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{"+1555010000O", "no part of a number"},
		{"+15550100001 x12", "extensions"},
		{"+15550100001;ext=12", "no part of a number"},
		{"+1555010\r\n0001", "control character"},
		{"-15550100001", "separator"},
		{"1+5550100001", "\"+\""},
		{"++15550100001", "\"+\""},
		{"*67+15550100001", "\"+\""},
		{"*67", "\"*\""},
		{"+1555", "too few"},
		{"+155501000012", "too many"},
		{"+210123456", "calling code"},
		{"+02023383312", "calling code"},
		{"+44 (0) (0)20 79418", "zero too many"},
		{"+8812345678901", "satellite"},
		{"+8821234567890", "satellite"},
		{"+19005551234", "premium"},
		{" ", "no digits"},
		{"110", "emergency"},
		{"1234567890123456789012", "20 digits"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[32];

		assert_int_equal(SIPDIALER_EINVAL,
				 sipd_number_normalise(rows[i].text, "US", out,
						       sizeof(out)));
		if (!strstr(sipd_error_text(), rows[i].why))
			fail_msg("\"%s\": %s", rows[i].text,
				 sipd_error_text());
		if (strpbrk(sipd_error_text(), "\r\n\x1b"))
			fail_msg("raw control character in the error");
	}
}


static void test_wrong_arguments_are_refused(void **state)
{
	char out[32], small[8], longer[200];

	(void)state;
	assert_int_equal(SIPDIALER_EINVAL,
			 sipd_number_normalise("1", "XX", out, sizeof(out)));
	assert_non_null(strstr(sipd_error_text(), "XX"));
	assert_int_equal(SIPDIALER_EINVAL,
			 sipd_number_normalise(NULL, "US", out, sizeof(out)));
	assert_int_equal(SIPDIALER_EINVAL,
			 sipd_number_normalise("+12125550123", "", small,
					       sizeof(small)));
	memset(longer, ' ', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(SIPDIALER_EINVAL,
			 sipd_number_normalise(longer, "", out, sizeof(out)));
}


static void test_countries(void **state)
{
	size_t count;
	const struct sipd_number_plan *p = sipd_number_plans(&count);

	(void)state;
	assert_true(count >= 200);
	for (size_t i = 0; i < count; i++) {
		assert_true(p[i].code >= 1 && p[i].code <= 999);
		assert_true(!i || p[i - 1].code <= p[i].code);
		assert_true(p[i].min <= p[i].max);
		assert_true(!*p[i].iso ||
			    sipd_number_plan_find(p[i].iso) == &p[i]);
	}
	assert_true(sipd_number_country_known("US"));
	assert_true(sipd_number_country_known("de"));
	assert_true(sipd_number_country_known("49"));
	assert_false(sipd_number_country_known("ZZ"));
	assert_false(sipd_number_country_known(""));
	assert_false(sipd_number_country_known(NULL));
	assert_false(sipd_number_country_known("210"));
	assert_false(sipd_number_country_known("1000"));
	assert_false(sipd_number_country_known("USA"));
	assert_false(sipd_number_country_known("4a"));
}


/* No calling code begins with another. */
static void test_codes_are_prefix_free(void **state)
{
	size_t count;
	const struct sipd_number_plan *p = sipd_number_plans(&count);

	(void)state;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++) {
			char a[8], b[8];

			snprintf(a, sizeof(a), "%u", p[i].code);
			snprintf(b, sizeof(b), "%u", p[j].code);
			assert_true(p[i].code == p[j].code ||
				    strncmp(a, b, strlen(a)) != 0);
		}
}


/* ---- shared corpus ----------------------------------------------------- */

static FILE *corpus(const char *name)
{
	const char *dir = getenv("SHARED_DATA");
	char path[4096];
	FILE *f = NULL;

	if (dir) {
		snprintf(path, sizeof(path), "%s/corpus/%s", dir, name);
		f = fopen(path, "r");
	}
	if (!f)
		print_message("skipped: no %s\n", name);

	return f;
}


/* The JSON string at s, unescaped. */
static void unescape(char *out, const char *s)
{
	for (; *s && *s != '"'; s++) {
		unsigned u;

		if (*s != '\\') {
			*out++ = *s;
			continue;
		}
		s++;
		if (*s == 'r')
			*out++ = '\r';
		else if (*s == 'n')
			*out++ = '\n';
		else if (*s == 'u' && sscanf(s + 1, "%4x", &u) == 1) {
			*out++ = (char)(0xe0 | u >> 12);
			*out++ = (char)(0x80 | (u >> 6 & 0x3f));
			*out++ = (char)(0x80 | (u & 0x3f));
			s += 4;
		}
		else
			*out++ = *s;
	}
	*out = '\0';
}


static void test_edge_numbers_get_their_verdict(void **state)
{
	FILE *f = corpus("phone/edge-numbers-dev.jsonl");
	char line[512], text[512], out[32];
	unsigned seen = 0;

	(void)state;
	if (!f)
		skip();
	while (fgets(line, sizeof(line), f)) {
		const char *in = strstr(line, "\"input\": \"");
		const char *want = strstr(line, "\"expected\": \"");
		int us, none;

		assert_true(in && want);
		unescape(text, in + 10);
		want += 13;
		us = sipd_number_normalise(text, "US", out, sizeof(out));
		none = sipd_number_normalise(text, "", out, sizeof(out));
		seen++;
		if (!strncmp(want, "VALID", 5) && !strstr(want, "or REJECT") &&
		    (us || none))
			fail_msg("%s: %s", text, sipd_error_text());
		/* "*" codes are dialed from a PBX, when no country is set;
		 * 110 is an extension there */
		if ((!strncmp(want, "REJECT", 6) && !strstr(want, " or ")) ||
		    !strncmp(want, "BLOCKED", 7))
			if (!us || (!none && strcmp(text, "110") != 0))
				fail_msg("%s was taken: %s", text, want);
	}
	fclose(f);
	assert_true(seen >= 30);
}


static void test_mobile_examples_normalise(void **state)
{
	FILE *f = corpus("phone/mobile-examples-dev.csv");
	char line[256], out[32], again[32];
	unsigned seen = 0;

	(void)state;
	if (!f)
		skip();
	assert_non_null(fgets(line, sizeof(line), f));
	while (fgets(line, sizeof(line), f)) {
		char country[8], number[32], want[40];

		assert_int_equal(2, sscanf(line, "%7[^,],%31[0-9]", country,
					   number));
		if (sipd_number_normalise(number, country, out, sizeof(out)))
			fail_msg("%s: %s", country, sipd_error_text());
		snprintf(want, sizeof(want), "+%u%s",
			 sipd_number_plan_find(country)->code, number);
		if (strcmp(want, out) != 0)
			fail_msg("%s %s became %s", country, number, out);
		assert_int_equal(0, sipd_number_normalise(out, "US", again,
							  sizeof(again)));
		assert_string_equal(out, again);
		seen++;
	}
	fclose(f);
	assert_true(seen >= 100);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_national_becomes_e164),
		cmocka_unit_test(test_nanp_rules),
		cmocka_unit_test(test_without_country_taken_as_written),
		cmocka_unit_test(test_other_scripts_and_marks_are_read),
		cmocka_unit_test(test_refused_with_number_and_reason),
		cmocka_unit_test(test_wrong_arguments_are_refused),
		cmocka_unit_test(test_countries),
		cmocka_unit_test(test_codes_are_prefix_free),
		cmocka_unit_test(test_edge_numbers_get_their_verdict),
		cmocka_unit_test(test_mobile_examples_normalise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
