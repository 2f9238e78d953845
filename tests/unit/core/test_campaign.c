/**
 * @file unit/core/test_campaign.c  State machine: every state with every verb
 */
#include <string.h>
#include "lib/cmocka_all.h"
#include "base/error.h"
#include "core/campaign/campaign.h"

#define NO SIPDIALER_ESTATE

static const int expected[6][4] = {
	/* start, pause, cancel, complete */
	{SIPDIALER_CAMPAIGN_RUNNING, NO, SIPDIALER_CAMPAIGN_CANCELLED, NO},
	{SIPDIALER_CAMPAIGN_RUNNING, NO, SIPDIALER_CAMPAIGN_CANCELLED, NO},
	{NO, SIPDIALER_CAMPAIGN_PAUSED, SIPDIALER_CAMPAIGN_CANCELLED,
	 SIPDIALER_CAMPAIGN_COMPLETED},
	{SIPDIALER_CAMPAIGN_RUNNING, NO, SIPDIALER_CAMPAIGN_CANCELLED, NO},
	{NO, NO, NO, NO},
	{NO, NO, NO, NO},
};


static void test_change_every_state_and_verb(void **state)
{
	(void)state;
	for (int s = 0; s < 6; s++)
		for (int v = 0; v < 4; v++)
			assert_int_equal(expected[s][v],
					 sipd_campaign_change(
						 s,
						 (enum sipd_campaign_verb)v));
}


static void test_change_error_names_state_and_verb(void **state)
{
	(void)state;
	assert_int_equal(SIPDIALER_ESTATE,
			 sipd_campaign_change(SIPDIALER_CAMPAIGN_COMPLETED,
					      SIPD_VERB_START));
	assert_non_null(strstr(sipd_error_text(), "completed"));
	assert_non_null(strstr(sipd_error_text(), "start"));
}


static void test_change_unknown_numbers_refused(void **state)
{
	(void)state;
	assert_int_equal(SIPDIALER_EINVAL,
			 sipd_campaign_change(-1, SIPD_VERB_START));
	assert_int_equal(SIPDIALER_EINVAL,
			 sipd_campaign_change(6, SIPD_VERB_START));
	assert_int_equal(SIPDIALER_EINVAL,
			 sipd_campaign_change(0, (enum sipd_campaign_verb)4));
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_change_every_state_and_verb),
		cmocka_unit_test(test_change_error_names_state_and_verb),
		cmocka_unit_test(test_change_unknown_numbers_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
