/**
 * @file bench/bench_audio.c  Calls whose audio goes through the host, both ways
 *
 * N calls are up; one host thread waits for events, reads what was heard of a
 * call when told, and writes it back.  The far end is another process, on
 * another core, and echoes.  Prints one JSON object; fails only if it could not
 * measure.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sipdialer/sipdialer.h>
#include "bench_util.h"

enum {
	BEGIN_US = 5000, /* between calls: 200 a second */
	SETTLE_US = 1000000,
	UP_US = 60000000, /* calls that do not come up */
	BUCKETS = 6,
	RATE_MAX = 48000
};

static const char *const late_names[BUCKETS] = {
	"late_below_1ms",  "late_below_2ms",  "late_below_5ms",
	"late_below_10ms", "late_below_20ms", "late_more",
};

struct bench {
	struct sipdialer *d;
	const char *to;
	unsigned calls, seconds, rate;
	unsigned up, ended;
	uint64_t events, read, written, full;
};

/* What the engine counts. */
struct counts {
	double late[BUCKETS];
	double lost_ms, underruns, skipped;
};


static double number_of(const char *json, const char *name)
{
	char key[64];
	const char *at;

	(void)snprintf(key, sizeof(key), "\"%s\":", name);
	at = strstr(json, key);

	return at ? atof(at + strlen(key)) : 0;
}


static void count(struct bench *b, struct counts *c)
{
	char json[8192] = "";

	(void)sipdialer_stats(b->d, json, sizeof(json));
	for (unsigned i = 0; i < BUCKETS; i++)
		c->late[i] = number_of(json, late_names[i]);
	c->lost_ms = number_of(json, "lost_ms");
	c->underruns = number_of(json, "underruns");
	c->skipped = number_of(json, "frames_skipped");
}


static void write_back(struct bench *b, uint64_t call, const int16_t *pcm,
		       int n)
{
	const int taken = sipdialer_audio_write(b->d, call, pcm, (size_t)n);

	b->written += taken > 0 ? (unsigned)taken : 0;
	b->full += taken < n;
}


/* 100 ms of silence ahead, as an agent keeps. */
static void answered(struct bench *b, uint64_t call)
{
	static const int16_t silence[RATE_MAX / 10];

	++b->up;
	write_back(b, call, silence, (int)b->rate / 10);
}


static void audio(struct bench *b, uint64_t call)
{
	static int16_t pcm[RATE_MAX];
	const int n = sipdialer_audio_read(b->d, call, pcm, b->rate);

	if (n <= 0)
		return;
	++b->events;
	b->read += (unsigned)n;
	write_back(b, call, pcm, n);
}


static void pull(struct bench *b, int timeout_ms)
{
	const struct sipdialer_event *ev;

	while ((ev = sipdialer_next_event(b->d, timeout_ms))) {
		timeout_ms = 0;
		if (ev->type == SIPDIALER_EVENT_CALL_AUDIO)
			audio(b, ev->call);
		else if (ev->type == SIPDIALER_EVENT_CALL_ANSWERED)
			answered(b, ev->call);
		else if (ev->type == SIPDIALER_EVENT_CALL_ENDED)
			++b->ended;
		else if (ev->type == SIPDIALER_EVENT_LOG)
			(void)fprintf(stderr, "%s\n", ev->text);
	}
}


static void pull_until(struct bench *b, uint64_t us)
{
	while (bench_us() < us)
		pull(b, 5);
}


static bool all_up(struct bench *b)
{
	const uint64_t t0 = bench_us();
	unsigned begun = 0;

	while (b->up < b->calls) {
		uint64_t call;

		if (begun < b->calls &&
		    bench_us() > t0 + (uint64_t)begun * BEGIN_US) {
			if (sipdialer_call(b->d, b->to, NULL, &call))
				return false;
			++begun;
		}
		pull(b, 1);
		if (b->ended || bench_us() > t0 + UP_US)
			return false;
	}
	pull_until(b, bench_us() + SETTLE_US);

	return true;
}


/* The bound below which 99 of 100 frames were sent, in ms; 0: later. */
static int p99(const struct counts *a, const struct counts *z)
{
	static const int bounds[BUCKETS] = {1, 2, 5, 10, 20, 0};
	double all = 0, sum = 0;

	for (unsigned i = 0; i < BUCKETS; i++)
		all += z->late[i] - a->late[i];
	for (unsigned i = 0; i < BUCKETS; i++) {
		sum += z->late[i] - a->late[i];
		if (sum >= all * 0.99)
			return bounds[i];
	}

	return 0;
}


static void measure(struct bench *b)
{
	struct bench_usage a, z;
	struct counts ca, cz;
	double wall;

	count(b, &ca);
	b->events = b->read = b->written = b->full = 0;
	bench_usage(&a);
	pull_until(b, a.at + (uint64_t)b->seconds * 1000000);
	bench_usage(&z);
	count(b, &cz);
	wall = (double)(z.at - a.at) / 1e6;

	printf("{\"bench\":\"audio\",\"calls\":%u,\"rate\":%u,"
	       "\"seconds\":%.2f,\"cpu_percent\":%.1f,\"media_percent\":%.1f,"
	       "\"loop_percent\":%.1f,\"host_percent\":%.1f,"
	       "\"events_per_s\":%.0f,\"late_p99_ms_below\":%d,"
	       "\"read_to_due\":%.5f,\"written_to_read\":%.5f,"
	       "\"lost_ms\":%.0f,\"underruns\":%.0f,\"skipped\":%.0f,"
	       "\"writes_cut\":%llu,\"ended\":%u,\"rss_kb\":%ld}\n",
	       b->calls, b->rate, wall,
	       (double)(z.process - a.process) / wall / 1e4,
	       bench_thread_us(&a, &z, "sipd-media") / wall / 1e4,
	       bench_thread_us(&a, &z, "sipd-loop") / wall / 1e4,
	       bench_thread_us(&a, &z, "bench_audio") / wall / 1e4,
	       (double)b->events / wall, p99(&ca, &cz),
	       (double)b->read / (wall * b->rate * b->calls),
	       b->read ? (double)b->written / (double)b->read : 0,
	       cz.lost_ms - ca.lost_ms, cz.underruns - ca.underruns,
	       cz.skipped - ca.skipped, (unsigned long long)b->full, b->ended,
	       bench_rss_kb());
}


static int set_server(struct bench *b, const char *server)
{
	char host[64], audio_rate[16], calls[16];
	const char *port = strrchr(server, ':');

	if (!port || (size_t)(port - server) >= sizeof(host))
		return -1;
	memcpy(host, server, (size_t)(port - server));
	host[port - server] = '\0';
	(void)snprintf(audio_rate, sizeof(audio_rate), "%u", b->rate);
	(void)snprintf(calls, sizeof(calls), "%u", b->calls);

	return sipdialer_set(b->d, "sip.server", host) ||
	       sipdialer_set(b->d, "sip.port", port + 1) ||
	       sipdialer_set(b->d, "sip.register", "no") ||
	       sipdialer_set(b->d, "dial.max_calls", calls) ||
	       sipdialer_set(b->d, "call.audio", audio_rate) ||
	       sipdialer_set(b->d, "log.level", "warning");
}


int main(int argc, char *argv[])
{
	struct bench b = {.to = "4930100"};
	int err = 1;

	if (argc != 5) {
		(void)fprintf(stderr, "usage: bench_audio SERVER:PORT CALLS "
				      "SECONDS SAMPLES-PER-SECOND\n");
		return 2;
	}
	b.calls = (unsigned)atoi(argv[2]);
	b.seconds = (unsigned)atoi(argv[3]);
	b.rate = (unsigned)atoi(argv[4]);

	bench_raise_files();
	if (sipdialer_create(&b.d))
		return 1;
	if (set_server(&b, argv[1]) || sipdialer_start(b.d)) {
		(void)fprintf(stderr, "%s\n", sipdialer_last_error());
	}
	else if (!all_up(&b)) {
		(void)fprintf(stderr, "only %u of %u calls came up: %s\n",
			      b.up, b.calls, sipdialer_last_error());
	}
	else {
		measure(&b);
		err = 0;
	}
	sipdialer_destroy(b.d);

	return err;
}
