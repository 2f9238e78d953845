/**
 * @file bench/bench_media.c  Calls with media on one media thread
 *
 * bench_media [calls] [seconds] [ear] [fifo]: that many streams on one media
 * thread on the first core, both ways with G.711, against a thread with plain
 * sockets on the last core that sends 50 packets a second to each and reads
 * what comes: talk with pauses, each call another part of it.
 *
 * Each frame heard is summed up (energy) as the least the layer above does;
 * ear: it is listened to for speech, tones, who answered, and keys.  fifo: the
 * threads have real-time priority, so that what else runs on the machine takes
 * no core away from them.  Prints one JSON line; never fails for being slow.
 */
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/error.h"
#include "base/work.h"
#include "core/media/detect/dtmf.h"
#include "core/media/detect/ear.h"
#include "port/codec/g711.h"
#include "port/rtp/packet.h"
#include "port/rtp/rtp.h"

enum { SLICES = 20, WARM_S = 2, TALK = 400 /* frames */, CALL = 500 };

struct call {
	struct sipd_rtp *r;
	int fd; /* of the peer */
	union sipd_addr local;
	uint64_t energy, audio, told, frames;
	struct sipd_ear ear;
	struct sipd_dtmf dtmf;
};

struct bench {
	struct call *calls;
	unsigned count;
	struct sipd_media *media;
	atomic_bool stop;
	atomic_uint closed;
	atomic_uint_fast64_t peer_sent, peer_got;
};

struct probe {
	struct sipd_work work;
	double cpu_s;
	atomic_bool done;
};

/* one prompt for all, encoded once */
static uint8_t prompt[SIPD_FRAME];
static atomic_uint *closed_count;
static uint8_t talk[TALK][SIPD_FRAME]; /* of the far end */
static bool with_ear;


/* Syllables of a voice of 80 to 180 Hz with pauses, on a noisy line. */
static void make_talk(void)
{
	uint32_t seed = 1;
	double turn = 0;
	size_t i, k;

	for (i = 0; i < TALK * SIPD_FRAME; ++i) {
		const double t = (double)i / 8000;
		const double loud = fmax(0, sin(t * 25) * sin(t * 1.7));
		double v = 0;
		int16_t pcm;

		turn += 2 * M_PI * (130 + 50 * sin(t * 3)) / 8000;
		for (k = 1; k < 20; ++k)
			v += sin(turn * (double)k) / (double)k;
		seed = seed * 1664525 + 1013904223;
		pcm = (int16_t)(v * loud * 6000 + (double)(seed >> 24) / 4);
		sipd_g711_encode(SIPD_CODEC_PCMU,
				 &talk[i / SIPD_FRAME][i % SIPD_FRAME], &pcm,
				 1);
	}
}


static void on_heard(const struct sipd_heard *h, void *arg)
{
	struct call *c = arg;

	c->told += h->on;
}


/* Anew every 10 s: who answered is only found out at the begin of a call. */
static void answer(struct call *c)
{
	static const struct sipd_ear_conf conf = {
		.tones = true,
		.amd = true,
		.timeout_ms = 5000,
		.silence_ms = 2000,
	};

	sipd_ear_init(&c->ear, &conf);
	sipd_ear_answered(&c->ear);
}


static void hear(struct call *c, const struct sipd_rx_frame *rx)
{
	uint32_t ms;

	if (!(c->frames++ % CALL))
		answer(c);
	sipd_ear_hear(&c->ear, rx->pcm, rx->kind == SIPD_RX_AUDIO, on_heard,
		      c);
	c->told += sipd_dtmf_hear(&c->dtmf, rx->pcm, SIPD_FRAME, &ms) != 0;
}


static void on_frame(const struct sipd_rx_frame *rx, struct sipd_tx_frame *tx,
		     enum sipd_codec_id codec, void *arg)
{
	struct call *c = arg;
	size_t i;
	(void)codec;

	tx->kind = SIPD_TX_ENCODED;
	tx->encoded = prompt;
	if (with_ear)
		hear(c, rx);
	if (rx->kind != SIPD_RX_AUDIO)
		return;
	++c->audio;
	for (i = 0; i < SIPD_FRAME; ++i)
		c->energy += (uint64_t)((int32_t)rx->pcm[i] * rx->pcm[i]);
}


static void on_closed(const struct sipd_rtp_stats *st, void *arg)
{
	(void)st;
	(void)arg;
	atomic_fetch_add(closed_count, 1);
}


static const struct sipd_rtp_handlers handlers = {.frame = on_frame,
						  .closed = on_closed};


static void sleep_until(uint64_t us)
{
	const struct timespec ts = {.tv_sec = (time_t)(us / 1000000),
				    .tv_nsec = (long)(us % 1000000) * 1000};

	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}


/* one writer */
static void bump(atomic_uint_fast64_t *n)
{
	atomic_store_explicit(n, atomic_load(n) + 1, memory_order_relaxed);
}


/* Read on its own clock and not when woken, because on loopback the sender
 * pays for the wakeup. */
static void peer_read(struct bench *b, const struct call *c)
{
	uint8_t buf[600];

	while (recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		bump(&b->peer_got);
}


static void peer_send(struct bench *b, const struct call *c, uint32_t frame)
{
	const struct sipd_rtp_packet p = {
		.pt = 0,
		.seq = (uint16_t)frame,
		.ts = frame * SIPD_FRAME,
		.ssrc = (uint32_t)(c - b->calls) + 1,
	};
	uint8_t buf[SIPD_RTP_HEADER + SIPD_FRAME];

	memcpy(buf + SIPD_RTP_HEADER, talk[(frame + p.ssrc * 7) % TALK],
	       SIPD_FRAME);
	sipd_rtp_write(buf, &p);
	if (send(c->fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		bump(&b->peer_sent);
}


static void *peer_main(void *arg)
{
	struct bench *b = arg;
	const uint64_t start = sipd_clock_us();
	uint64_t tick;

	for (tick = 0; !atomic_load(&b->stop); ++tick) {
		unsigned i;

		sleep_until(start + tick * 1000);
		for (i = (unsigned)(tick % SLICES); i < b->count;
		     i += SLICES) {
			peer_send(b, &b->calls[i], (uint32_t)(tick / SLICES));
			peer_read(b, &b->calls[i]);
		}
	}

	return NULL;
}


static bool open_call(struct bench *b, unsigned i)
{
	struct call *c = &b->calls[i];
	union sipd_addr addr;

	c->frames = i % CALL;
	if (with_ear)
		answer(c);
	(void)sipd_addr_parse(&c->local, "127.72.0.1", 0);
	if (sipd_rtp_open(&c->r, b->media, &c->local, 0, 0, &handlers, c))
		return false;
	sipd_addr_set_port(&c->local, sipd_rtp_port(c->r));

	(void)sipd_addr_parse(&addr, "127.72.0.2", 0);
	c->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return c->fd >= 0 && !bind(c->fd, &addr.sa, sizeof(addr.in)) &&
	       !connect(c->fd, &c->local.sa, sizeof(c->local.in));
}


static void connect_call(struct call *c)
{
	struct sipd_sdp_remote r = {.codec = SIPD_CODEC_PCMU,
				    .pt = 0,
				    .dtmf_pt = 101,
				    .dtmf_khz = 8,
				    .ptime = 20,
				    .dir = SIPD_SENDRECV};
	socklen_t len = sizeof(r.rtp);

	r.pt_in[SIPD_CODEC_PCMA] = 8;
	(void)getsockname(c->fd, &r.rtp.sa, &len);
	r.rtcp = r.rtp;
	sipd_addr_set_port(&r.rtcp, (uint16_t)(sipd_addr_port(&r.rtp) + 1));
	sipd_rtp_connect(c->r, &r);
}


static void probe_handler(struct sipd_work *work)
{
	struct probe *p = (struct probe *)(void *)work;
	struct timespec ts;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	p->cpu_s = (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
	atomic_store(&p->done, true);
}


/* CPU of the media thread, asked on it. */
static double cpu_of(struct bench *b)
{
	struct probe p = {.work = {.h = probe_handler}};

	sipd_rtp_call(b->calls[0].r, &p.work);
	while (!atomic_load(&p.done))
		sleep_until(sipd_clock_us() + 1000);

	return p.cpu_s;
}


static long rss_kb(void)
{
	long pages = 0, all = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f && fscanf(f, "%ld %ld", &all, &pages) != 2)
		pages = 0;
	if (f)
		(void)fclose(f);

	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}


/* Upper bound of the class that holds the share, ms; 100 = the last. */
static int late_ms(const struct sipd_media_stats *a,
		   const struct sipd_media_stats *z, double share)
{
	static const int bound[6] = {1, 2, 5, 10, 20, 100};
	uint64_t all = 0, sum = 0;
	int i;

	for (i = 0; i < 6; ++i)
		all += z->late[i] - a->late[i];
	for (i = 0; i < 6; ++i) {
		sum += z->late[i] - a->late[i];
		if ((double)sum >= share * (double)all)
			return bound[i];
	}

	return 100;
}


static void measure(struct bench *b, unsigned seconds, double open_us,
		    long rss)
{
	struct sipd_media_stats a, z;
	uint64_t t0, t1, wall, due, heard = 0, peer;
	double c0, c1;
	unsigned i;

	sleep_until(sipd_clock_us() + WARM_S * 1000000);
	sipd_media_stats(b->media, &a);
	peer = atomic_load(&b->peer_sent);
	t0 = sipd_clock_us();
	c0 = cpu_of(b);
	sleep_until(t0 + (uint64_t)seconds * 1000000);
	c1 = cpu_of(b);
	t1 = sipd_clock_us();
	sipd_media_stats(b->media, &z);
	peer = atomic_load(&b->peer_sent) - peer;
	wall = t1 - t0;
	/* what the clock on the wall asks for, not what we think was due */
	due = wall / 1000 * b->count / SIPD_FRAME_MS;
	for (i = 0; i < b->count; ++i)
		heard += b->calls[i].audio;

	printf("{\"bench\":\"media\",\"ear\":%s,\"calls\":%u,\"seconds\":%.2f,"
	       "\"cpu_percent\":%.1f,\"calls_per_core\":%.0f,"
	       "\"us_per_frame\":%.2f,"
	       "\"late_p50_ms_below\":%d,\"late_p99_ms_below\":%d,"
	       "\"late\":[%llu,%llu,%llu,%llu,%llu,%llu],"
	       "\"skipped\":%llu,\"sent_to_due\":%.5f,"
	       "\"peer_to_due\":%.5f,\"received_to_peer\":%.5f,"
	       "\"dropped\":%llu,"
	       "\"heard\":%llu,\"rss_kb_per_call\":%.1f,"
	       "\"open_us\":%.1f}\n",
	       with_ear ? "true" : "false", b->count, (double)wall / 1e6,
	       (c1 - c0) * 1e8 / (double)wall,
	       b->count * (double)wall / 1e6 / (c1 - c0),
	       (c1 - c0) * 1e6 / (double)(z.tx - a.tx), late_ms(&a, &z, 0.5),
	       late_ms(&a, &z, 0.99),
	       (unsigned long long)(z.late[0] - a.late[0]),
	       (unsigned long long)(z.late[1] - a.late[1]),
	       (unsigned long long)(z.late[2] - a.late[2]),
	       (unsigned long long)(z.late[3] - a.late[3]),
	       (unsigned long long)(z.late[4] - a.late[4]),
	       (unsigned long long)(z.late[5] - a.late[5]),
	       (unsigned long long)(z.skipped - a.skipped),
	       (double)(z.tx - a.tx) / (double)due, (double)peer / (double)due,
	       (double)(z.rx - a.rx) / (double)(peer ? peer : 1),
	       (unsigned long long)(z.dropped - a.dropped),
	       (unsigned long long)heard, (double)rss / b->count, open_us);
}


static void raise_files(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl))
		return;
	rl.rlim_cur = rl.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &rl);
}


/* What is started from here on: on the first core, or on the last. */
static void place(bool last, bool fifo)
{
	static cpu_set_t all;
	const struct sched_param prio = {.sched_priority = 20};
	const long cores = sysconf(_SC_NPROCESSORS_CONF);
	cpu_set_t set;
	int i, core = -1;

	if (!last && sched_getaffinity(0, sizeof(all), &all))
		return;
	for (i = 0; i < cores && i < CPU_SETSIZE; ++i)
		if (CPU_ISSET(i, &all) && (last || core < 0))
			core = i;
	if (core < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET(core, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
	if (fifo && sched_setscheduler(0, SCHED_FIFO, &prio))
		(void)fprintf(stderr, "no right to real-time priority\n");
}


int main(int argc, char *argv[])
{
	bool fifo = false;
	const unsigned seconds = argc > 2 ? (unsigned)atoi(argv[2]) : 10;
	struct bench b = {.count = argc > 1 ? (unsigned)atoi(argv[1]) : 1000};
	pthread_t peer;
	uint64_t t0;
	double open_us;
	unsigned i;
	long rss;

	if (!b.count || !seconds) {
		(void)fprintf(stderr,
			      "usage: bench_media [calls] [seconds] [ear] "
			      "[fifo]\n");
		return 2;
	}

	for (i = 3; i < (unsigned)argc; ++i) {
		with_ear = with_ear || !strcmp(argv[i], "ear");
		fifo = fifo || !strcmp(argv[i], "fifo");
	}
	make_talk();
	raise_files();
	memset(prompt, 0x9a, sizeof(prompt));
	closed_count = &b.closed;
	b.calls = calloc(b.count, sizeof(*b.calls));
	place(false, fifo);
	if (!b.calls || sipd_media_start(&b.media, 1, NULL))
		return 1;
	place(true, fifo);

	rss = rss_kb();
	t0 = sipd_clock_us();
	for (i = 0; i < b.count; ++i) {
		if (!open_call(&b, i)) {
			(void)fprintf(stderr, "call %u: %s\n", i,
				      sipd_error_text());
			return 1;
		}
	}
	open_us = (double)(sipd_clock_us() - t0) / b.count;
	for (i = 0; i < b.count; ++i)
		connect_call(&b.calls[i]);
	if (pthread_create(&peer, NULL, peer_main, &b))
		return 1;

	measure(&b, seconds, open_us, rss_kb() - rss);

	for (i = 0; i < b.count; ++i)
		sipd_rtp_close(b.calls[i].r);
	while (atomic_load(&b.closed) < b.count)
		sleep_until(sipd_clock_us() + 1000);
	atomic_store(&b.stop, true);
	(void)pthread_join(peer, NULL);
	sipd_media_stop(b.media);
	for (i = 0; i < b.count; ++i)
		(void)close(b.calls[i].fd);
	free(b.calls);

	return 0;
}
