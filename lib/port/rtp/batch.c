/**
 * @file port/rtp/batch.c  The streams of a slot, in groups
 */
#include "port/rtp/priv.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"

enum {
	GROUP = 64,
	OUT = 2 * GROUP, /* packets of a group; more are sent at once */
	OUT_BYTES = GROUP * 512,
	LINE = 64, /* of a cache */
	AHEAD = 3, /* streams */
	TICK_US = 1000,
	STAMP_MAX_US = 500000 /* older stamps: the wall clock was set */
};

struct out {
	struct sipd_rtp *r;
	uint32_t at;
	uint16_t len;
	bool due; /* the last of a stream's tick */
};

struct sipd_batch {
	struct sipd_fetched in[GROUP];
	uint64_t now_us, wall_us; /* when they had been fetched */

	unsigned outc;
	uint32_t used;
	struct out out[OUT];
	uint8_t bytes[OUT_BYTES];
};


struct sipd_batch *sipd_batch_new(void)
{
	struct sipd_batch *b = calloc(1, sizeof(*b));
	size_t i;

	for (i = 0; b && i < GROUP; ++i) {
		struct sipd_fetched *f = &b->in[i];

		f->iov.iov_base = f->buf;
		f->iov.iov_len = sizeof(f->buf);
		f->head.msg_iov = &f->iov;
		f->head.msg_iovlen = 1;
		f->head.msg_name = &f->from;
		f->head.msg_control = f->control;
	}

	return b;
}


void sipd_batch_fetch(struct sipd_fetched *f, int fd)
{
	f->head.msg_namelen = sizeof(f->from);
	f->head.msg_controllen = sizeof(f->control);
	f->len = recvmsg(fd, &f->head, 0);
	if (f->len < 0 && errno == ECONNREFUSED)
		f->len = recvmsg(fd, &f->head, 0);
}


static uint64_t wall_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);

	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}


uint64_t sipd_batch_arrival(const struct sipd_batch *b, struct sipd_fetched *f)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(&f->head); c; c = CMSG_NXTHDR(&f->head, c)) {
		struct timespec ts;
		uint64_t age;

		if (c->cmsg_level != SOL_SOCKET ||
		    c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&ts, CMSG_DATA(c), sizeof(ts));
		age = b->wall_us - ((uint64_t)ts.tv_sec * 1000000 +
				    (uint64_t)ts.tv_nsec / 1000);
		if (age < STAMP_MAX_US)
			return b->now_us - age;
	}

	return b->now_us;
}


static void note_late(struct media_thread *t)
{
	static const uint64_t limits[LATE - 1] = {
		1000, 2000, 5000, 10000, 20000,
	};
	const uint64_t us = sipd_clock_us() - t->start_us - t->tick * TICK_US;
	unsigned i = 0;

	while (i < LATE - 1 && us >= limits[i])
		++i;
	bump(&t->count.late[i], 1);
	bump(&t->count.due, 1);
	if (us >
	    atomic_load_explicit(&t->count.late_max_us, memory_order_relaxed))
		atomic_store_explicit(&t->count.late_max_us, us,
				      memory_order_relaxed);
}


static void send_all(struct media_thread *t)
{
	struct sipd_batch *b = t->batch;
	unsigned i;

	for (i = 0; i < b->outc; ++i) {
		const struct out *o = &b->out[i];

		sipd_rtp_send_raw(o->r, sipd_source_target(&o->r->source),
				  b->bytes + o->at, o->len);
		if (o->due)
			note_late(t);
	}
	b->outc = 0;
	b->used = 0;
}


void sipd_batch_put(struct sipd_rtp *r, const uint8_t *buf, size_t n)
{
	struct media_thread *t = r->t;
	struct sipd_batch *b = t->batch;
	struct out *o;

	if (b->outc == OUT || n > sizeof(b->bytes) - b->used)
		send_all(t);
	o = &b->out[b->outc++];
	o->r = r;
	o->at = b->used;
	o->len = (uint16_t)n;
	o->due = false;
	memcpy(b->bytes + b->used, buf, n);
	b->used += (uint32_t)n;
}


void sipd_batch_due(struct sipd_rtp *r)
{
	struct sipd_batch *b = r->t->batch;

	if (b->outc && b->out[b->outc - 1].r == r)
		b->out[b->outc - 1].due = true;
	else
		note_late(r->t);
}


/* What the tick reads of a stream, but for its samples. */
static void fetch_ahead(const struct sipd_rtp *r)
{
	const char *p = (const char *)r;
	size_t at;

	for (at = 0; at < offsetof(struct sipd_rtp, jitter.ring); at += LINE)
		__builtin_prefetch(p + at, 1);
}


/* ... and these, where they are read and written next. */
static void fetch_samples(const struct sipd_rtp *r)
{
	const uint8_t *ring = r->jitter.ring;
	const size_t now = r->jitter.idx;
	const size_t next = (now + SIPD_JITTER_START) % SIPD_JITTER_RING;
	size_t at;

	for (at = 0; at < SIPD_FRAME; at += LINE) {
		__builtin_prefetch(ring + now + at);
		__builtin_prefetch(ring + next + at, 1);
	}
}


static void run_group(struct media_thread *t, struct sipd_rtp *const *streams,
		      unsigned n)
{
	struct sipd_batch *b = t->batch;
	unsigned i;

	for (i = 0; i < n && i < AHEAD; ++i)
		__builtin_prefetch(streams[i]);
	for (i = 0; i < n; ++i) {
		if (i + AHEAD < n)
			__builtin_prefetch(streams[i + AHEAD]);
		sipd_batch_fetch(&b->in[i], streams[i]->fd);
	}
	b->wall_us = wall_us();
	b->now_us = sipd_clock_us();
	for (i = 0; i < n && i < AHEAD; ++i)
		fetch_ahead(streams[i]);
	for (i = 0; i < n; ++i) {
		if (i + AHEAD < n)
			fetch_ahead(streams[i + AHEAD]);
		if (i + 1 < n)
			fetch_samples(streams[i + 1]);
		streams[i]->now_us = b->now_us;
		sipd_rtp_tick(streams[i], t->tick, &b->in[i]);
	}
	send_all(t);
}


void sipd_batch_run(struct media_thread *t, struct sipd_rtp *const *streams,
		    unsigned n)
{
	while (n) {
		const unsigned group = n < GROUP ? n : GROUP;

		run_group(t, streams, group);
		streams += group;
		n -= group;
	}
}
