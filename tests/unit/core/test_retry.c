/**
 * @file unit/core/test_retry.c  Rules, delays, caps and the fate of contacts
 */
#include <string.h>
#include "lib/cmocka_all.h"
#include "base/error.h"
#include "base/words.h"
#include "core/campaign/campaign.h"

#define D(x) SIPDIALER_DISPOSITION_##x
#define C(x) SIPDIALER_CONTACT_##x

static const int last[16] = {
	[D(NONE)] = C(FAILED),
	[D(ANSWERED)] = C(COMPLETED),
	[D(ANSWERED_HUMAN)] = C(COMPLETED),
	[D(ANSWERED_MACHINE)] = C(COMPLETED),
	[D(FAX)] = C(COMPLETED),
	[D(BUSY)] = C(FAILED),
	[D(NO_ANSWER)] = C(FAILED),
	[D(INVALID_NUMBER)] = C(FAILED),
	[D(REJECTED)] = C(FAILED),
	[D(BLOCKED)] = C(FAILED),
	[D(CONGESTION)] = C(FAILED),
	[D(CANCELLED)] = C(FAILED),
	[D(ABANDONED)] = C(COMPLETED),
	[D(INTERRUPTED)] = C(INTERRUPTED),
	[D(DNC)] = C(DNC),
	[D(FAILED)] = C(FAILED),
};


static bool by_default(int d)
{
	return d == D(BUSY) || d == D(NO_ANSWER) || d == D(CONGESTION) ||
	       d == D(CANCELLED);
}


static void test_default_of_every_disposition(void **state)
{
	struct sipd_retry r;

	(void)state;
	sipd_retry_init(&r, 2, 300);
	assert_int_equal(3, r.max_attempts);
	for (int d = 0; d < 16; d++) {
		uint64_t delay = 99;
		const int got = sipd_retry_next(&r, 1,
						(enum sipdialer_disposition)d,
						0, &delay);

		assert_int_equal(by_default(d) ? (int)C(PENDING) : last[d],
				 got);
		assert_int_equal(by_default(d) ? 300000 : 0, delay);
	}
}


static void test_attempts_are_capped(void **state)
{
	struct sipd_retry r;
	uint64_t delay;

	(void)state;
	sipd_retry_init(&r, 2, 60);
	assert_int_equal(C(PENDING),
			 sipd_retry_next(&r, 2, D(BUSY), 0, &delay));
	assert_int_equal(C(FAILED),
			 sipd_retry_next(&r, 3, D(BUSY), 0, &delay));
	assert_int_equal(0, delay);
	assert_int_equal(C(FAILED),
			 sipd_retry_next(&r, 4, D(BUSY), 0, &delay));

	sipd_retry_init(&r, 0, 60);
	for (int d = 0; d < 16; d++)
		assert_int_equal(last[d],
				 sipd_retry_next(&r, 1,
						 (enum sipdialer_disposition)d,
						 0, &delay));

	sipd_retry_init(&r, UINT32_MAX, UINT32_MAX);
	assert_int_equal(1000, r.max_attempts);
	(void)sipd_retry_next(&r, 1, D(BUSY), 0, &delay);
	assert_true(delay == UINT64_C(2592000000));
}


static void test_retry_after_raises_the_delay(void **state)
{
	struct sipd_retry r;
	uint64_t delay;

	(void)state;
	sipd_retry_init(&r, 5, 60);
	(void)sipd_retry_next(&r, 1, D(CONGESTION), 10, &delay);
	assert_int_equal(60000, delay);
	(void)sipd_retry_next(&r, 1, D(CONGESTION), 120, &delay);
	assert_int_equal(120000, delay);
	(void)sipd_retry_next(&r, 1, D(CONGESTION), UINT32_MAX, &delay);
	assert_int_equal(86400000, delay);
}


static void test_parse_sets_rules(void **state)
{
	struct sipd_retry r;
	uint64_t delay;

	(void)state;
	sipd_retry_init(&r, 3, 300);
	assert_int_equal(
		0, sipd_retry_parse(
			   &r,
			   "busy=60, no_answer = 0,rejected=off,failed=5,"
			   "congestion=off,answered_machine=7,interrupted=9"));
	assert_int_equal(C(PENDING),
			 sipd_retry_next(&r, 1, D(BUSY), 0, &delay));
	assert_int_equal(60000, delay);
	assert_int_equal(C(PENDING),
			 sipd_retry_next(&r, 1, D(NO_ANSWER), 0, &delay));
	assert_int_equal(0, delay);
	assert_int_equal(C(FAILED),
			 sipd_retry_next(&r, 1, D(REJECTED), 0, &delay));
	assert_int_equal(C(FAILED),
			 sipd_retry_next(&r, 1, D(CONGESTION), 9, &delay));
	assert_int_equal(C(PENDING),
			 sipd_retry_next(&r, 1, D(FAILED), 0, &delay));
	assert_int_equal(C(PENDING),
			 sipd_retry_next(&r, 1, D(ANSWERED_MACHINE), 0,
					 &delay));
	assert_int_equal(7000, delay);
	assert_int_equal(C(COMPLETED),
			 sipd_retry_next(&r, 4, D(ANSWERED_MACHINE), 0,
					 &delay));
	assert_int_equal(C(PENDING),
			 sipd_retry_next(&r, 1, D(INTERRUPTED), 0, &delay));
	assert_int_equal(0, sipd_retry_parse(&r, ""));
	assert_int_equal(0, sipd_retry_parse(&r, NULL));
}


static void test_parse_names_value_and_place(void **state)
{
	static const struct {
		const char *text, *value, *place;
	} rows[] = {
		{"busy=60,bussy=3", "\"bussy\"", "character 9:"},
		{"busy=60, bussy=3", "\"bussy\"", "character 10:"},
		{"busy=x", "\"x\"", "character 6:"},
		{"busy=-1", "\"-1\"", "character 6:"},
		{"busy=2592001", "\"2592001\"", "character 6:"},
		{"busy=", "\"\"", "character 6:"},
		{"busy", "\"busy\"", "character 1:"},
		{"busy=1,", "comma", "character 7:"},
		{"busy=1,,rejected=2", "\"\"", "character 8:"},
		{"answered=1", "final", "character 1:"},
		{"dnc=1", "final", "character 1:"},
		{"none=1", "final", "character 1:"},
		{"busy=1,no_answer=1                                        "
		 "              ",
		 "63", "character 8:"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sipd_retry r, before;

		sipd_retry_init(&r, 3, 300);
		before = r;
		assert_int_equal(SIPDIALER_EINVAL,
				 sipd_retry_parse(&r, rows[i].text));
		if (!strstr(sipd_error_text(), rows[i].value) ||
		    !strstr(sipd_error_text(), rows[i].place))
			fail_msg("%s: %s", rows[i].text, sipd_error_text());
		/* nothing took effect */
		for (int d = 0; d < 16; d++) {
			assert_int_equal(before.rules[d].retry,
					 r.rules[d].retry);
			assert_int_equal(before.rules[d].delay_s,
					 r.rules[d].delay_s);
		}
	}
}


static void test_unknown_disposition_fails_the_contact(void **state)
{
	struct sipd_retry r;
	uint64_t delay;

	(void)state;
	sipd_retry_init(&r, 3, 300);
	assert_int_equal(C(FAILED),
			 sipd_retry_next(&r, 1, (enum sipdialer_disposition)16,
					 0, &delay));
	assert_int_equal(C(FAILED),
			 sipd_retry_next(&r, 1,
					 (enum sipdialer_disposition) - 1, 0,
					 &delay));
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default_of_every_disposition),
		cmocka_unit_test(test_attempts_are_capped),
		cmocka_unit_test(test_retry_after_raises_the_delay),
		cmocka_unit_test(test_parse_sets_rules),
		cmocka_unit_test(test_parse_names_value_and_place),
		cmocka_unit_test(test_unknown_disposition_fails_the_contact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
