/**
 * @file test_load.c  Many calls: nothing grows, and a stop at full load is quick
 */
#include "host.h"

enum { CALLS = 2000, WARM = 300, AT_ONCE = 50 };


/* n calls, AT_ONCE at once */
static void make_calls(struct host *h, uint64_t n)
{
	const uint64_t end = h->ended + n;
	uint64_t placed = 0, call;

	while (h->ended < end) {
		while (placed < n &&
		       !sipdialer_call(h->d,
				       placed % 4 ? "4930101" : "4930112",
				       NULL, &call))
			++placed;
		(void)host_wait(h, SIPDIALER_EVENT_CALL_ENDED, 0);
	}
}


static void test_calls_leave_nothing_behind(void **state)
{
	long rss;
	int fds;
	struct host h;
	(void)state;

	host_open(&h, (const char *const[]){"--answer-delay", "0", NULL},
		  (const char *const[]){"dial.max_calls=50", "log.level=error",
					NULL});
	host_start(&h);
	make_calls(&h, WARM);
	rss = host_rss_kib();
	fds = host_fds();
	make_calls(&h, CALLS);
	/* transactions live on for 32 s (Timers D, I): some KiB a call */
	print_message("%d calls: %ld KiB more, descriptors %d before, %d "
		      "after\n",
		      CALLS, host_rss_kib() - rss, fds, host_fds());
	assert_true(host_rss_kib() - rss < HOST_RSS_MAX(24 * 1024));
	assert_in_range(host_fds(), 1, fds + 2);
	host_stop(&h);
	host_close(&h);
}


static void test_stop_at_full_load(void **state)
{
	enum { FULL = 300 };
	char stats[16384];
	struct host h;
	uint64_t call;
	(void)state;

	host_open(&h, (const char *const[]){"--answer-delay", "20", NULL},
		  (const char *const[]){"dial.max_calls=300",
					"log.level=error", NULL});
	host_start(&h);
	for (int i = 0; i < FULL; i++)
		assert_ok(sipdialer_call(h.d, i % 3 ? "4930100" : "4930102",
					 NULL, &call));
	for (int i = 0; i < FULL * 2 / 3; i++)
		(void)host_wait(&h, SIPDIALER_EVENT_CALL_ANSWERED, 0);
	host_stop(&h);
	assert_int_equal(h.ended, FULL);
	phonenet_stop(&h.net, stats, sizeof(stats));
	assert_int_equal(phonenet_count(stats, "active"), 0);
	host_close(&h);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls_leave_nothing_behind),
		cmocka_unit_test(test_stop_at_full_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
