/** @file test_text.c  Bounded text, JSON, UTF-8, numbers */
#include "lib/cmocka_all.h"

#include <math.h>
#include <string.h>
#include "base/text.h"


static void test_text_cut_is_terminated_and_told(void **state)
{
	char buf[8];
	struct sipd_text t;
	(void)state;

	sipd_text_init(&t, buf, sizeof(buf));
	sipd_text_add(&t, "abc");
	sipd_text_printf(&t, "%d", 12345678);
	sipd_text_add(&t, "xyz");

	assert_true(sipd_text_cut(&t));
	assert_int_equal(t.len, 14);
	assert_string_equal(buf, "abc1234");
}


static void test_json_members_have_commas_and_escapes(void **state)
{
	char buf[256];
	struct sipd_text t;
	(void)state;

	sipd_text_init(&t, buf, sizeof(buf));
	sipd_text_add(&t, "{");
	sipd_json_str(&t, "a", "q\"\\\n\x01\x7f");
	sipd_json_int(&t, "b", -5);
	sipd_json_str(&t, "c", NULL);
	sipd_json_num(&t, "d", NAN);
	sipd_json_bool(&t, "e", true);
	sipd_json_str(&t, "f", "gr\xc3\xbc\xc3\x9f\xff");
	sipd_text_add(&t, "}");

	assert_string_equal(buf,
			    "{\"a\":\"q\\\"\\\\\\n\\u0001\\u007f\",\"b\":-5,"
			    "\"c\":null,\"d\":null,\"e\":true,"
			    "\"f\":\"gr\xc3\xbc\xc3\x9f\xef\xbf\xbd\"}");
}


static void test_json_numbers_of_every_size(void **state)
{
	char buf[256];
	struct sipd_text t;
	(void)state;

	sipd_text_init(&t, buf, sizeof(buf));
	sipd_text_add(&t, "{");
	sipd_json_int(&t, "a", INT64_MIN);
	sipd_json_int(&t, "b", 0);
	sipd_json_uint(&t, "c", UINT64_MAX);
	sipd_json_num(&t, "d", 0);
	sipd_json_num(&t, "e", 999999);
	sipd_json_num(&t, "f", 1e6);
	sipd_json_num(&t, "g", -12);
	sipd_json_num(&t, "h", 0.25);
	sipd_text_add(&t, "}");

	assert_string_equal(buf, "{\"a\":-9223372036854775808,\"b\":0,"
				 "\"c\":18446744073709551615,\"d\":0,"
				 "\"e\":999999,\"f\":1e+06,\"g\":-12,"
				 "\"h\":0.25}");
}


static void test_utf8_refuses_what_rfc3629_refuses(void **state)
{
	/* clang-format off */
	static const char *const good[] = {
		"", "a", "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
		"\xef\xbf\xbf", "\xf4\x8f\xbf\xbf",
	};
	/* clang-format on */
	static const char *const bad[] = {
		"\xc0\x80",     "\xc1\xbf",         "\xe0\x80\x80",
		"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
		"\x80",         "\xe2\x82",         "\xc3",
		"a\xff",
	};
	(void)state;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(sipd_utf8_valid(good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(sipd_utf8_valid(bad[i], strlen(bad[i])));
}


static void test_numbers_whole_text_within_range(void **state)
{
	int64_t i;
	double d;
	(void)state;

	assert_true(sipd_parse_int("42", 0, 100, &i) && i == 42);
	assert_true(sipd_parse_int("-7", -10, 0, &i) && i == -7);
	assert_false(sipd_parse_int("101", 0, 100, &i));
	assert_false(sipd_parse_int("4x", 0, 100, &i));
	assert_false(sipd_parse_int(" 4", 0, 100, &i));
	assert_false(sipd_parse_int("", 0, 100, &i));
	assert_false(sipd_parse_int("99999999999999999999", 0, INT64_MAX, &i));
	assert_true(sipd_parse_num("0.5", 0, 1, &d) && d == 0.5);
	assert_false(sipd_parse_num("nan", 0, 1, &d));
	assert_false(sipd_parse_num("inf", 0, 1, &d));
	assert_false(sipd_parse_num("0x1", 0, 1, &d));
}


static void test_distance_finds_the_nearest_word(void **state)
{
	(void)state;

	assert_int_equal(sipd_text_distance("sip.sever", "sip.server", 3), 1);
	assert_int_equal(sipd_text_distance("abc", "abc", 3), 0);
	assert_int_equal(sipd_text_distance("abc", "xyzuvw", 2), 3);
}


static void test_strcpy_cut_is_told(void **state)
{
	char buf[4];
	(void)state;

	assert_true(sipd_strcpy(buf, sizeof(buf), "abc"));
	assert_false(sipd_strcpy(buf, sizeof(buf), "abcd"));
	assert_string_equal(buf, "abc");
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_cut_is_terminated_and_told),
		cmocka_unit_test(test_json_members_have_commas_and_escapes),
		cmocka_unit_test(test_json_numbers_of_every_size),
		cmocka_unit_test(test_utf8_refuses_what_rfc3629_refuses),
		cmocka_unit_test(test_numbers_whole_text_within_range),
		cmocka_unit_test(test_distance_finds_the_nearest_word),
		cmocka_unit_test(test_strcpy_cut_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
