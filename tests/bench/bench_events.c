/**
 * @file bench_events.c  Events per second through the queue
 *
 * One thread pushes, one pulls, as in an engine.  The pusher waits while many
 * events are under way, so that none is lost; each event carries two strings.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include "api/events.h"
#include "base/clock.h"

enum { EVENTS = 2000000, AHEAD = 30000, RUNS = 5 };

struct bench {
	struct sipd_events *e;
	atomic_uint_fast64_t pulled;
};


static void *produce(void *arg)
{
	struct bench *b = arg;

	for (uint64_t i = 0; i < EVENTS; i++) {
		const struct sipdialer_event ev = {
			.type = SIPDIALER_EVENT_CALL_ANSWERED,
			.call = i + 1,
			.codec = "PCMU",
			.to = "+493012345678",
		};

		while (i - atomic_load_explicit(&b->pulled,
						memory_order_relaxed) >
		       AHEAD)
			(void)sched_yield();
		(void)sipd_event_push(b->e, &ev);
	}

	return NULL;
}


/* Events per second, or 0. */
static double run(void)
{
	struct bench b;
	pthread_t thread;
	uint64_t begin, n = 0, us;

	if (sipd_events_open(&b.e, 65536))
		return 0;
	atomic_init(&b.pulled, 0);

	begin = sipd_clock_us();
	if (pthread_create(&thread, NULL, produce, &b)) {
		sipd_events_close(b.e);
		return 0;
	}
	while (n < EVENTS) {
		const struct sipdialer_event *ev = sipd_events_next(b.e, 5000);

		if (!ev || ev->type == SIPDIALER_EVENT_LOST || ev->call != ++n)
			break;
		if (n % 64 == 0)
			atomic_store_explicit(&b.pulled, n,
					      memory_order_relaxed);
	}
	us = sipd_clock_us() - begin;

	atomic_store(&b.pulled, EVENTS);
	(void)pthread_join(thread, NULL);
	sipd_events_close(b.e);

	return n == EVENTS && us ? 1e6 * EVENTS / (double)us : 0;
}


static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}


int main(void)
{
	double rates[RUNS];

	for (int i = 0; i < RUNS; i++) {
		rates[i] = run();
		if (rates[i] <= 0)
			return 1;
	}
	qsort(rates, RUNS, sizeof(rates[0]), by_size);

	printf("{\"bench\":\"events\",\"events\":%d,\"runs\":%d,"
	       "\"median_per_s\":%.0f,\"min_per_s\":%.0f,"
	       "\"max_per_s\":%.0f,\"target_per_s\":1000000}\n",
	       EVENTS, RUNS, rates[RUNS / 2], rates[0], rates[RUNS - 1]);

	return 0;
}
