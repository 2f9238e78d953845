/**
 * @file bench/bench_host.c  Events from the library's queue into a C host
 *
 *     bench_host ADDRESS CALLS
 *
 * Calls to a busy number fill the queue; then the time is taken in which this
 * thread empties it: by pulling, by pulling and writing each as JSON, as the
 * bindings do, and by handlers.  bench_python.py and bench_node.mjs are the
 * same for theirs.  Prints one JSON object.
 */
#include <stdlib.h>
#include <sipdialer/sipdialer.h>
#include "bench_util.h"

struct run {
	struct sipdialer *d;
	uint64_t events, ends, calls;
};


static void count(const struct sipdialer_event *ev, void *arg)
{
	struct run *r = arg;

	r->events++;
	r->ends += ev->type == SIPDIALER_EVENT_CALL_ENDED;
}


static void pull(struct run *r)
{
	while (r->ends < r->calls)
		count(sipdialer_next_event(r->d, -1), r);
}


static void pull_json(struct run *r)
{
	char text[4096];

	while (r->ends < r->calls) {
		const struct sipdialer_event *ev = sipdialer_next_event(r->d,
									-1);

		(void)sipdialer_event_json(ev, text, sizeof(text));
		count(ev, r);
	}
}


static void dispatch(struct run *r)
{
	(void)sipdialer_on(r->d, SIPDIALER_EVENT_NONE, count, r);
	while (r->ends < r->calls)
		(void)sipdialer_dispatch(r->d, -1);
}


static const struct timespec step = {0, 1000000};


/* A number in the text of sipdialer_stats(). */
static uint64_t stat(struct sipdialer *d, const char *key)
{
	char text[8192];
	const char *p;

	(void)sipdialer_stats(d, text, sizeof(text));
	p = strstr(text, key);

	return p ? strtoull(p + strlen(key), NULL, 10) : 0;
}


static int fill(struct run *r, const char *address)
{
	char to[128];
	uint64_t call;

	(void)snprintf(to, sizeof(to), "sip:101@%s", address);
	for (uint64_t i = 0; i < r->calls;) {
		const int err = sipdialer_call(r->d, to, NULL, &call);

		if (!err)
			i++;
		else if (err == SIPDIALER_EFULL)
			(void)nanosleep(&step, NULL);
		else
			return err;
	}
	while (stat(r->d, "\"ended\":") < r->calls)
		(void)nanosleep(&step, NULL);

	return SIPDIALER_OK;
}


static int measure(const char *name, void (*way)(struct run *r),
		   const char *address, const char *calls)
{
	struct run r = {.calls = strtoull(calls, NULL, 10)};
	uint64_t us;
	int err;

	err = sipdialer_create(&r.d);
	if (!err)
		err = sipdialer_set(r.d, "sip.local_address", "127.0.0.1");
	if (!err)
		err = sipdialer_set(r.d, "events.max", "1000000");
	if (!err)
		err = sipdialer_set(r.d, "dial.max_calls", "200");
	if (!err)
		err = sipdialer_start(r.d);
	if (!err)
		err = fill(&r, address);
	if (!err) {
		us = bench_us();
		way(&r);
		us = bench_us() - us;
		/* one thread that never waits: its time is its CPU */
		(void)printf(",\"%s\":{\"events\":%llu,\"events_per_s\":%.0f,"
			     "\"cpu_us_per_event\":%.2f}",
			     name, (unsigned long long)r.events,
			     (double)r.events / (double)us * 1e6,
			     (double)us / (double)r.events);
	}
	if (err)
		(void)fprintf(stderr, "%s\n", sipdialer_last_error());
	sipdialer_destroy(r.d);

	return err;
}


int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;

	(void)printf("{\"bench\":\"host\"");
	if (measure("next_event", pull, argv[1], argv[2]) ||
	    measure("event_json", pull_json, argv[1], argv[2]) ||
	    measure("dispatch", dispatch, argv[1], argv[2]))
		return 1;
	(void)printf("}\n");

	return 0;
}
