/**
 * @file tests/unit/core/test_record_name.c  Names of recordings
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "lib/cmocka_all.h"
#include "base/error.h"
#include "core/media/record_name.h"
#include "port/file/shelf.h"


/* 2026-11-22 23:59:58 where we are. */
static struct sipd_record_values values = {
	.wall_ms = 1795388398000,
	.call = 7,
	.campaign = 3,
	.contact = 12,
	.to = "+4930123",
	.from = "sip:anna@example.com",
};


static void named(const char *pattern, const char *want)
{
	char name[SIPD_SHELF_NAME_MAX + 1];

	assert_int_equal(sipd_record_pattern_check(pattern), 0);
	sipd_record_name(name, sizeof(name), pattern, &values);
	assert_string_equal(name, want);
	assert_true(sipd_shelf_name_ok(name));
}


static void test_words_become_values(void **state)
{
	(void)state;

	named("{date}/{time}-{call}.wav", "2026-11-22/235958-7.wav");
	named("{campaign}/{contact}/{call}.wav", "3/12/7.wav");
	named("a b/{to}_{call}.wav", "a b/+4930123_7.wav");
	named("{call}-{from}.wav", "7-sip_anna@example.com.wav");
}


static void test_midnight_is_a_new_day(void **state)
{
	struct sipd_record_values later = values;
	char name[SIPD_SHELF_NAME_MAX + 1];
	(void)state;

	later.wall_ms += 2000;
	sipd_record_name(name, sizeof(name), "{date}/{time}-{call}.wav",
			 &later);
	assert_string_equal(name, "2026-11-23/000000-7.wav");
}


static void value(const char *to, const char *want)
{
	struct sipd_record_values v = values;
	char name[SIPD_SHELF_NAME_MAX + 1];

	v.to = to;
	sipd_record_name(name, sizeof(name), "{to}/{call}.wav", &v);
	if (!sipd_shelf_name_ok(name))
		fail_msg("\"%s\" gives \"%s\"", to, name);
	assert_string_equal(name, want);
}


static void test_values_from_outside_stay_in_the_folder(void **state)
{
	char many[301], want[64];
	(void)state;

	value("../../etc/passwd", "_._.._etc_passwd/7.wav");
	value("..", "_./7.wav");
	value(".", "_/7.wav");
	value("/", "_/7.wav");
	value("", "none/7.wav");
	value(NULL, "none/7.wav");
	value("a\nb\r\x01\x7f\\", "a_b____/7.wav");
	value("{date}{call}", "_date__call_/7.wav");
	value("sip:\xc3\xa4\xff@x;a=\"b\"", "sip____@x_a__b_/7.wav");

	memset(many, 'x', 300);
	many[300] = '\0';
	memset(want, 'x', SIPD_RECORD_VALUE_MAX);
	memcpy(want + SIPD_RECORD_VALUE_MAX, "/7.wav", 7);
	value(many, want);
}


static void bad(const char *pattern, const char *words)
{
	assert_int_equal(sipd_record_pattern_check(pattern), SIPDIALER_EINVAL);
	if (!strstr(sipd_error_text(), words))
		fail_msg("'%s' does not say '%s'", sipd_error_text(), words);
}


static void test_bad_patterns_are_refused(void **state)
{
	char many[SIPD_RECORD_PATTERN_MAX + 1];
	(void)state;

	bad("", "{call}");
	bad("{date}/{to}.wav", "{call}");
	bad("{call}", ".wav");
	bad("{call}.mp3", ".wav");
	bad("{callid}-{call}.wav", "{callid}-{call}.wav");
	bad("{to-{call}.wav", "none of");
	bad("to}-{call}.wav", "none of");
	bad("/tmp/{call}.wav", "folder");
	bad("../{call}.wav", "folder");
	bad("a/../{call}.wav", "folder");
	bad("a//{call}.wav", "folder");
	bad("./{call}.wav", "folder");
	bad(".hidden{call}.wav", "folder");
	bad("a\tb{call}.wav", "folder");
	bad("1/2/3/4/5/6/7/8/{call}.wav", "8 parts");
	/* whatever stands for them, it fits */
	bad("{to}{to}{to}{to}{to}{to}{call}.wav", "250 bytes");

	memset(many, 'x', sizeof(many) - 1);
	memcpy(many + sizeof(many) - 11, "{call}.wav", 11);
	assert_int_equal(sipd_record_pattern_check(many), 0);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_become_values),
		cmocka_unit_test(test_midnight_is_a_new_day),
		cmocka_unit_test(test_values_from_outside_stay_in_the_folder),
		cmocka_unit_test(test_bad_patterns_are_refused),
	};

	(void)setenv("TZ", "AAA-1", 1); /* an hour east of UTC */
	tzset();

	return cmocka_run_group_tests(tests, NULL, NULL);
}
