/**
 * @file test_files.c  The limit of open files
 */
#include <string.h>
#include <sys/resource.h>
#include "lib/cmocka_all.h"
#include <sipdialer/sipdialer.h>


/* Fewer descriptors than dial.max_calls needs: said at start, once. */
static void test_start_few_descriptors_warns(void **state)
{
	struct rlimit old, few;
	const struct sipdialer_event *ev;
	struct sipdialer *d;
	unsigned warned = 0;
	(void)state;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = old;
	few.rlim_cur = 200; /* 100 calls need 264 */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);

	assert_int_equal(sipdialer_create(&d), SIPDIALER_OK);
	assert_int_equal(sipdialer_set(d, "sip.local_address", "127.0.0.1"),
			 SIPDIALER_OK);
	assert_int_equal(sipdialer_set(d, "dial.max_calls", "100"),
			 SIPDIALER_OK);
	assert_int_equal(sipdialer_start(d), SIPDIALER_OK);
	assert_int_equal(sipdialer_stop(d), SIPDIALER_OK);
	do {
		ev = sipdialer_next_event(d, 10000);
		assert_non_null(ev);
		if (ev->type == SIPDIALER_EVENT_LOG &&
		    strstr(ev->text, "needs 264 descriptors, 200 may be"))
			++warned;
	} while (ev->type != SIPDIALER_EVENT_STOPPED);
	sipdialer_destroy(d);

	assert_int_equal(warned, 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start_few_descriptors_warns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
