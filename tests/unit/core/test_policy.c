/**
 * @file unit/core/test_policy.c  Gates, the rule that decided and its record
 */
#include <string.h>
#include "lib/cmocka_all.h"
#include "core/campaign/campaign.h"

static const struct sipd_policy_in good = {
	.number = "+15550100001",
	.attempt = 1,
	.max_attempts = 3,
	.campaign_status = SIPDIALER_CAMPAIGN_RUNNING,
	.active = 4,
	.max_calls = 10,
	.cps = 2.5,
	.now_ms = 1700000000123,
};


static void test_allow_writes_every_input(void **state)
{
	struct sipd_policy_out out;

	(void)state;
	sipd_policy_check(&good, &out);
	assert_true(out.allow);
	assert_string_equal("allow", out.rule);
	assert_string_equal(
		"{\"v\":1,\"time_ms\":1700000000123,"
		"\"number\":\"+15550100001\",\"gates\":{\"campaign\":"
		"{\"pass\":true,\"status\":\"running\"},\"dnc\":"
		"{\"pass\":true,\"listed\":false},\"attempts\":"
		"{\"pass\":true,\"attempt\":1,\"max\":3}},\"pace\":"
		"{\"active\":4,\"max_calls\":10,\"cps\":2.5},"
		"\"allow\":true,\"rule\":\"allow\"}",
		out.record);
}


static void refused(const struct sipd_policy_in *in, const char *rule,
		    const char *part)
{
	struct sipd_policy_out out;

	sipd_policy_check(in, &out);
	assert_false(out.allow);
	assert_string_equal(rule, out.rule);
	if (!strstr(out.record, part))
		fail_msg("no %s in %s", part, out.record);
}


static void test_each_gate_refuses(void **state)
{
	struct sipd_policy_in in = good;

	(void)state;
	in.dnc = true;
	refused(&in, "dnc", "\"rule\":\"dnc\"");
	refused(&in, "dnc", "\"listed\":true");

	in = good;
	in.attempt = 4;
	refused(&in, "attempts", "\"attempt\":4,\"max\":3");
	in.attempt = 0;
	refused(&in, "attempts", "\"allow\":false");

	for (int s = 0; s < 6; s++) {
		in = good;
		in.campaign_status = s;
		if (s != SIPDIALER_CAMPAIGN_RUNNING)
			refused(&in, "campaign", "\"pass\":false");
	}
}


static void test_last_attempt_is_allowed(void **state)
{
	struct sipd_policy_in in = good;
	struct sipd_policy_out out;

	(void)state;
	in.attempt = 3;
	sipd_policy_check(&in, &out);
	assert_true(out.allow);
}


static void test_first_gate_names_the_rule_all_are_recorded(void **state)
{
	struct sipd_policy_in in = good;

	(void)state;
	in.dnc = true;
	in.attempt = 9;
	in.campaign_status = SIPDIALER_CAMPAIGN_PAUSED;
	refused(&in, "campaign", "\"listed\":true");
	refused(&in, "campaign", "\"attempts\":{\"pass\":false");
}


static void test_record_is_whole_whatever_comes(void **state)
{
	struct sipd_policy_in in = good;
	struct sipd_policy_out out;
	char number[200];

	(void)state;
	memset(number, 1, sizeof(number) - 1);
	number[sizeof(number) - 1] = '\0';
	in.number = number;
	in.attempt = in.max_attempts = in.active = in.max_calls = UINT32_MAX;
	in.now_ms = INT64_MIN;
	in.campaign_status = 99;
	in.cps = 1e300;
	sipd_policy_check(&in, &out);
	assert_true(strlen(out.record) < sizeof(out.record));
	assert_int_equal('}', out.record[strlen(out.record) - 1]);
	assert_non_null(strstr(out.record, "\"rule\":\"campaign\"}"));

	in.number = NULL;
	sipd_policy_check(&in, &out);
	assert_non_null(strstr(out.record, "\"number\":\"\""));
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_allow_writes_every_input),
		cmocka_unit_test(test_each_gate_refuses),
		cmocka_unit_test(test_last_attempt_is_allowed),
		cmocka_unit_test(
			test_first_gate_names_the_rule_all_are_recorded),
		cmocka_unit_test(test_record_is_whole_whatever_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
