/**
 * @file bench/bench_calls.c  Calls a second through the public API
 *
 * Open loop: calls begin at a fixed rate whatever happens to them, are held for
 * a time from their answer, and are hung up.  One host thread dials and pulls
 * the events.  The far end is another process, on another core.  Prints one
 * JSON object; fails only if it could not measure.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sipdialer/sipdialer.h>
#include "bench_util.h"

enum {
	HOST_US = 1000,     /* the host looks for events, as sipp does */
	SETTLE_US = 500000, /* between the base and the measurement */
	DRAIN_US = 40000000 /* calls that do not end are failed after */
};

struct hold {
	uint64_t call, until;
};

struct bench {
	struct sipdialer *d;
	const char *to, *play;
	const char *options[3];
	double rate, base_rate;
	unsigned seconds, hold_ms, base;
	bool quiet;

	/* a ring of calls to hang up, by time: all are held as long */
	struct hold *ring;
	size_t room, in, out;

	uint64_t first; /* id of the first measured call */
	uint64_t begun, ended, answered, failed, refused;
	uint64_t base_up, base_ended;
	uint64_t active, max_active;
	uint64_t played, lost_events;
	uint64_t tx, rx;
	int error; /* of the last that failed */
	int status;
	char reason[128];
};


static void hold(struct bench *b, uint64_t call)
{
	struct hold *h = &b->ring[b->in++ % b->room];

	h->call = call;
	h->until = bench_us() + (uint64_t)b->hold_ms * 1000;
}


static void note_failure(struct bench *b, const struct sipdialer_event *ev)
{
	++b->failed;
	b->error = ev->error;
	b->status = ev->sip_status;
	(void)snprintf(b->reason, sizeof(b->reason), "%s",
		       ev->reason ? ev->reason : "");
}


static void ended(struct bench *b, const struct sipdialer_event *ev)
{
	--b->active;
	if (ev->call < b->first) {
		++b->base_ended;
		return;
	}

	++b->ended;
	b->tx += ev->rtp_tx;
	b->rx += ev->rtp_rx;
	if (ev->disposition != SIPDIALER_DISPOSITION_ANSWERED)
		note_failure(b, ev);
}


static void answered(struct bench *b, const struct sipdialer_event *ev)
{
	if (ev->call < b->first) {
		++b->base_up;
		return;
	}

	++b->answered;
	if (b->play)
		return; /* the library hangs up after the prompt */
	if (b->hold_ms)
		hold(b, ev->call);
	else
		(void)sipdialer_call_hangup(b->d, ev->call);
}


/* Pull what is there; wait for the first at most timeout_ms. */
static void pull(struct bench *b, int timeout_ms)
{
	const struct sipdialer_event *ev;

	while ((ev = sipdialer_next_event(b->d, timeout_ms))) {
		timeout_ms = 0;
		switch (ev->type) {
		case SIPDIALER_EVENT_CALL_ANSWERED:
			answered(b, ev);
			break;
		case SIPDIALER_EVENT_CALL_ENDED:
			ended(b, ev);
			break;
		case SIPDIALER_EVENT_CALL_PLAYED:
			++b->played;
			break;
		case SIPDIALER_EVENT_LOST:
			b->lost_events += ev->count;
			break;
		case SIPDIALER_EVENT_LOG:
			if (!b->quiet)
				(void)fprintf(stderr, "%s\n", ev->text);
			break;
		default:
			break;
		}
	}
}


static void hangups(struct bench *b)
{
	while (b->out != b->in) {
		const struct hold *h = &b->ring[b->out % b->room];

		if (h->until > bench_us())
			return;
		(void)sipdialer_call_hangup(b->d, h->call);
		++b->out;
	}
}


static bool dial(struct bench *b)
{
	uint64_t call;

	if (sipdialer_call(b->d, b->to, b->options, &call)) {
		(void)snprintf(b->reason, sizeof(b->reason), "%s",
			       sipdialer_last_error());
		return false;
	}
	if (++b->active > b->max_active)
		b->max_active = b->active;

	return true;
}


/* Calls that stay up while others are measured. */
static bool base_up(struct bench *b)
{
	const uint64_t t0 = bench_us();
	uint64_t begun = 0;

	b->first = UINT64_MAX;
	while (b->base_up + b->base_ended < b->base) {
		const uint64_t t = bench_us();

		while (begun < b->base &&
		       (double)begun < (double)(t - t0) * b->base_rate / 1e6) {
			if (!dial(b))
				return false;
			++begun;
		}
		pull(b, 1);
		if (t - t0 >
		    DRAIN_US + (uint64_t)(b->base / b->base_rate * 1e6))
			return false;
	}
	for (const uint64_t t = bench_us(); bench_us() - t < SETTLE_US;)
		pull(b, 10);

	return !b->base_ended;
}


/* Until an absolute time. */
static void sleep_us(uint64_t at)
{
	const struct timespec ts = {.tv_sec = (time_t)(at / 1000000),
				    .tv_nsec = (long)(at % 1000000) * 1000};

	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}


static void run(struct bench *b, uint64_t t0, uint64_t until)
{
	uint64_t t;

	while ((t = bench_us()) < until) {
		const double due = (double)(t - t0) * b->rate / 1e6;
		unsigned burst = 0;

		while ((double)(b->begun + b->refused) < due && burst++ < 64) {
			if (dial(b))
				++b->begun;
			else
				++b->refused;
		}
		hangups(b);
		pull(b, 0);
		sleep_us(t + HOST_US);
	}
}


static void drain(struct bench *b)
{
	const uint64_t t0 = bench_us();

	while (b->ended < b->begun && bench_us() - t0 < DRAIN_US) {
		hangups(b);
		pull(b, 1);
	}
	b->failed += b->begun - b->ended;
}


static void print(const struct bench *b, const struct bench_usage *a,
		  const struct bench_usage *z, uint64_t ended_by,
		  double drain_s, const long rss[3])
{
	const double wall = (double)(z->at - a->at) / 1e6;
	const double calls = ended_by ? (double)ended_by : 1;
	const double most = b->max_active ? (double)b->max_active : 1;

	printf("{\"bench\":\"calls\",\"rate\":%.0f,\"seconds\":%.2f,"
	       "\"held_ms\":%u,\"base\":%u,"
	       "\"begun\":%llu,\"ended_in_time\":%llu,"
	       "\"calls_per_s\":%.1f,\"failed\":%llu,\"refused\":%llu,"
	       "\"max_active\":%llu,\"drain_s\":%.2f,"
	       "\"cpu_us_per_call\":%.1f,\"cpu_percent\":%.1f,"
	       "\"loop_us_per_call\":%.1f,\"loop_percent\":%.1f,"
	       "\"media_us_per_call\":%.1f,\"media_percent\":%.1f,"
	       "\"host_us_per_call\":%.1f,"
	       "\"rss_kb\":[%ld,%ld,%ld],\"rss_kb_per_active\":%.2f,"
	       "\"base_rss_kb_per_call\":%.2f,"
	       "\"rtp_tx\":%llu,\"rtp_rx\":%llu,\"lost_events\":%llu",
	       b->rate, wall, b->hold_ms, b->base,
	       (unsigned long long)b->begun, (unsigned long long)ended_by,
	       (double)ended_by / wall, (unsigned long long)b->failed,
	       (unsigned long long)b->refused,
	       (unsigned long long)b->max_active, drain_s,
	       (double)(z->process - a->process) / calls,
	       (double)(z->process - a->process) / wall / 1e4,
	       bench_thread_us(a, z, "sipd-loop") / calls,
	       bench_thread_us(a, z, "sipd-loop") / wall / 1e4,
	       bench_thread_us(a, z, "sipd-media") / calls,
	       bench_thread_us(a, z, "sipd-media") / wall / 1e4,
	       bench_thread_us(a, z, "bench_calls") / calls, rss[0], rss[1],
	       rss[2], (double)(rss[2] - rss[0]) / most,
	       b->base ? (double)(rss[1] - rss[0]) / b->base : 0,
	       (unsigned long long)b->tx, (unsigned long long)b->rx,
	       (unsigned long long)b->lost_events);
	if (b->failed || b->refused)
		printf(",\"last_failure\":\"%d %d %s\"", b->error, b->status,
		       b->reason);
	printf("}\n");
}


static int usage(void)
{
	(void)fprintf(
		stderr,
		"usage: bench_calls [options]\n"
		"  --server ADDR:PORT  default 127.0.0.1:5070\n"
		"  --to NUMBER         default 4930100\n"
		"  --rate N            calls a second, default 1000\n"
		"  --seconds N         default 10\n"
		"  --hold MS           from the answer, default 0\n"
		"  --play FILE         instead of --hold: hang up after it\n"
		"  --base N            calls that stay up meanwhile\n"
		"  --base-rate N       at which they begin, default 500\n"
		"  --option NAME=VALUE of the engine, repeatable\n"
		"  --verbose           log lines\n");

	return 2;
}


static int set(struct bench *b, const char *pair)
{
	char name[64];
	const char *value = strchr(pair, '=');

	if (!value || (size_t)(value - pair) >= sizeof(name))
		return -1;
	memcpy(name, pair, (size_t)(value - pair));
	name[value - pair] = '\0';

	return sipdialer_set(b->d, name, value + 1);
}


static int set_server(struct bench *b, const char *server)
{
	char host[64];
	const char *port = strrchr(server, ':');

	if (!port || (size_t)(port - server) >= sizeof(host))
		return -1;
	memcpy(host, server, (size_t)(port - server));
	host[port - server] = '\0';

	return sipdialer_set(b->d, "sip.server", host) ||
	       sipdialer_set(b->d, "sip.port", port + 1) ||
	       sipdialer_set(b->d, "sip.register", "no") ||
	       sipdialer_set(b->d, "dial.max_calls", "100000") ||
	       sipdialer_set(b->d, "events.max", "1000000") ||
	       sipdialer_set(b->d, "log.level", "warning");
}


static int arguments(struct bench *b, int argc, char *argv[])
{
	static const struct option longs[] = {
		{"server", 1, NULL, 's'}, {"to", 1, NULL, 't'},
		{"rate", 1, NULL, 'r'},   {"seconds", 1, NULL, 'S'},
		{"hold", 1, NULL, 'h'},   {"play", 1, NULL, 'p'},
		{"base", 1, NULL, 'b'},   {"base-rate", 1, NULL, 'R'},
		{"option", 1, NULL, 'o'}, {"verbose", 0, NULL, 'v'},
		{NULL, 0, NULL, 0}};
	int c;

	if (set_server(b, "127.0.0.1:5070"))
		return -1;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		int err = 0;

		switch (c) {
		case 's':
			err = set_server(b, optarg);
			break;
		case 't':
			b->to = optarg;
			break;
		case 'r':
			b->rate = atof(optarg);
			break;
		case 'S':
			b->seconds = (unsigned)atoi(optarg);
			break;
		case 'h':
			b->hold_ms = (unsigned)atoi(optarg);
			break;
		case 'p':
			b->play = optarg;
			break;
		case 'b':
			b->base = (unsigned)atoi(optarg);
			break;
		case 'R':
			b->base_rate = atof(optarg);
			break;
		case 'o':
			err = set(b, optarg);
			break;
		case 'v':
			b->quiet = false;
			break;
		default:
			err = -1;
			break;
		}
		if (err)
			return err;
	}

	return optind != argc || b->rate <= 0 || !b->seconds ? -1 : 0;
}


static int measure(struct bench *b)
{
	struct bench_usage a, z;
	uint64_t ended_by, t0;
	long rss[3];

	rss[0] = bench_rss_kb();
	if (b->base && !base_up(b)) {
		(void)fprintf(stderr, "only %llu of %u calls came up: %s\n",
			      (unsigned long long)b->base_up, b->base,
			      b->reason);
		return 1;
	}
	rss[1] = bench_rss_kb();

	b->first = b->base + 1;
	bench_usage(&a);
	run(b, a.at, a.at + (uint64_t)b->seconds * 1000000);
	ended_by = b->ended;
	bench_usage(&z);
	rss[2] = bench_rss_kb();

	t0 = bench_us();
	drain(b);
	print(b, &a, &z, ended_by, (double)(bench_us() - t0) / 1e6, rss);

	return 0;
}


int main(int argc, char *argv[])
{
	struct bench b = {.to = "4930100",
			  .rate = 1000,
			  .seconds = 10,
			  .base_rate = 500,
			  .quiet = true};
	char play[4200];
	int err = 1;

	bench_raise_files();
	if (sipdialer_create(&b.d))
		return 1;
	if (arguments(&b, argc, argv)) {
		(void)fprintf(stderr, "%s\n", sipdialer_last_error());
		sipdialer_destroy(b.d);
		return usage();
	}

	if (b.play) {
		(void)snprintf(play, sizeof(play), "call.play=%s", b.play);
		b.options[0] = play;
		b.options[1] = "call.hangup_after_play=yes";
	}
	b.room = (size_t)(b.rate * (b.seconds + 60)) + 1;
	b.ring = calloc(b.room, sizeof(*b.ring));
	if (b.ring && !sipdialer_start(b.d))
		err = measure(&b);
	else
		(void)fprintf(stderr, "%s\n", sipdialer_last_error());

	sipdialer_destroy(b.d);
	free(b.ring);

	return err;
}
