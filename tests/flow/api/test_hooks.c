/**
 * @file test_hooks.c  Handlers, wakeup, descriptor, and hosts that do not pull
 */
#include "host.h"

#include <poll.h>
#include <stdatomic.h>
#include <string.h>

#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})

static const char *const quick_net[] = {"--answer-delay", "50", NULL};

enum { CHAIN = 10 };

struct hooks {
	struct host h;
	uint64_t call;
	int ended, other, nested, stopped;
};


/* Each end dials the next: verbs inside a handler. */
static void ended_handler(const struct sipdialer_event *ev, void *arg)
{
	struct hooks *k = arg;
	char buf[2048];

	assert_int_equal(ev->type, SIPDIALER_EVENT_CALL_ENDED);
	assert_int_equal(ev->call, k->call);
	k->nested = sipdialer_dispatch(k->h.d, 0);
	assert_true(sipdialer_stats(k->h.d, buf, sizeof(buf)) > 0);
	assert_int_equal(sipdialer_call_hangup(k->h.d, ev->call),
			 SIPDIALER_ENOENT);
	if (++k->ended < CHAIN)
		assert_ok(sipdialer_call(k->h.d, "4930101", NULL, &k->call));
	else
		assert_ok(sipdialer_stop(k->h.d));
	assert_string_equal(ev->to, "4930101"); /* still valid */
}


static void stopped_handler(const struct sipdialer_event *ev, void *arg)
{
	struct hooks *k = arg;
	(void)ev;

	++k->stopped;
}


static void other_handler(const struct sipdialer_event *ev, void *arg)
{
	struct hooks *k = arg;

	assert_int_not_equal(ev->type, SIPDIALER_EVENT_CALL_ENDED);
	++k->other;
}


static void test_handlers_may_call_verbs(void **state)
{
	struct hooks k = {0};
	(void)state;

	host_open(&k.h, quick_net, OPTIONS("dial.max_calls=1"));
	assert_int_equal(sipdialer_on(k.h.d, 1234, other_handler, &k),
			 SIPDIALER_EINVAL);
	assert_ok(sipdialer_on(k.h.d, SIPDIALER_EVENT_CALL_ENDED,
			       ended_handler, &k));
	assert_ok(sipdialer_on(k.h.d, SIPDIALER_EVENT_STOPPED, stopped_handler,
			       &k));
	assert_ok(
		sipdialer_on(k.h.d, SIPDIALER_EVENT_NONE, other_handler, &k));
	assert_ok(sipdialer_start(k.h.d));
	assert_ok(sipdialer_call(k.h.d, "4930101", NULL, &k.call));
	while (!k.stopped)
		assert_true(sipdialer_dispatch(k.h.d, HOST_WAIT_MS) > 0);
	assert_int_equal(k.ended, CHAIN);
	assert_int_equal(k.nested, SIPDIALER_ESTATE);
	assert_true(k.other >= CHAIN); /* DIALING at least */
	host_close(&k.h);
}


static void wakeup_handler(void *arg)
{
	atomic_fetch_add((atomic_int *)arg, 1);
}


static void test_descriptor_and_wakeup(void **state)
{
	struct pollfd pfd = {.events = POLLIN};
	const uint64_t until = host_now_ms() + HOST_WAIT_MS;
	atomic_int wakeups;
	struct host h;
	uint64_t call;
	bool over = false;
	(void)state;

	atomic_init(&wakeups, 0);
	host_open(&h, quick_net, NULL);
	pfd.fd = sipdialer_fd(h.d);
	assert_true(pfd.fd >= 0);
	assert_int_equal(sipdialer_fd(h.d), pfd.fd);
	assert_int_equal(poll(&pfd, 1, 0), 0);
	assert_ok(sipdialer_wakeup(h.d, wakeup_handler, &wakeups));
	assert_ok(sipdialer_start(h.d));
	assert_ok(sipdialer_call(h.d, "4930101", NULL, &call));
	while (!over && host_now_ms() < until) {
		const struct sipdialer_event *ev;

		assert_int_equal(poll(&pfd, 1, HOST_WAIT_MS), 1);
		while ((ev = host_pull(&h, 0)))
			over |= ev->type == SIPDIALER_EVENT_CALL_ENDED;
		assert_true(over || poll(&pfd, 1, 0) >= 0);
	}
	assert_true(over);
	assert_true(atomic_load(&wakeups) >= 1);
	assert_ok(sipdialer_wakeup(h.d, NULL, NULL));
	host_stop(&h);
	assert_int_equal(poll(&pfd, 1, 0), 0);
	host_close(&h);
}


/* Nobody pulls: what must not be lost is not, all else is counted. */
static void test_host_that_never_pulls(void **state)
{
	const struct sipdialer_event *ev;
	uint64_t calls = 0, lost = 0, seen = 0, until;
	long rss;
	struct host h;
	char stats[8192] = "";
	(void)state;

	host_open(&h, OPTIONS("--answer-delay", "20"),
		  OPTIONS("events.max=1024", "log.level=error",
			  "dial.max_calls=200"));
	assert_ok(sipdialer_start(h.d));
	rss = host_rss_kib();
	until = host_now_ms() + HOST_WAIT_MS;
	for (;;) {
		uint64_t call;
		/* rings, then says no */
		const int err = sipdialer_call(h.d, "4930128", NULL, &call);

		assert_in_range(host_now_ms(), 0, until);
		if (!err) {
			++calls;
			continue;
		}
		assert_int_equal(err, SIPDIALER_EFULL);
		if (strstr(sipdialer_last_error(), "events.max"))
			break;          /* the limit is told, and kept */
		(void)poll(NULL, 0, 1); /* dial.max_calls: let some end */
	}
	assert_true(calls >= 1000);
	assert_true(host_rss_kib() - rss < HOST_RSS_MAX(40000));
	do { /* every call takes its course */
		if (host_now_ms() > until)
			fail_msg("%llu calls: %s", (unsigned long long)calls,
				 stats);
		assert_true(sipdialer_stats(h.d, stats, sizeof(stats)) > 0);
		(void)poll(NULL, 0, 5);
	} while (phonenet_count(stats, "ended") < (long)calls);
	assert_ok(sipdialer_stop(h.d));

	do {
		ev = host_pull(&h, HOST_WAIT_MS);
		assert_non_null(ev);
		if (ev->type == SIPDIALER_EVENT_LOST)
			lost += ev->count;
		else
			++seen;
	} while (ev->type != SIPDIALER_EVENT_STOPPED);
	assert_int_equal(h.ended, calls);
	/* STARTED, STOPPED; DIALING, RINGING and ENDED of each */
	assert_int_equal(seen + lost, 2 + 3 * calls);
	assert_true(lost > 0);
	assert_null(host_pull(&h, 0));
	host_close(&h);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_handlers_may_call_verbs),
		cmocka_unit_test(test_descriptor_and_wakeup),
		cmocka_unit_test(test_host_that_never_pulls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
