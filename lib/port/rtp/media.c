/**
 * @file port/rtp/media.c  Media threads: the clock and the command queue
 *
 * A tick each millisecond that has streams, at absolute times of the
 * monotonic clock, so nothing drifts.  A thread without streams sleeps.
 * RTP sockets are read in the tick of their stream, the RTCP ones (rare, and
 * their time of arrival matters) by epoll.
 */
#include "port/rtp/priv.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/error.h"
#include "port/srtp/dtls.h"
#include "port/thread.h"

_Static_assert(STREAMS_MAX / SLOTS * 2 < SLOT_MAX, "all find a place");

enum {
	TICK_US = 1000,
	GIVE_UP_US = 100000,  /* later than this: skip, do not burst */
	SOON = SLOTS / 2 + 2, /* slots to wait for the first tick */
	SETTLE = 2,           /* ... and at least so many: what is played
				  * comes a moment after the far end's address,
				  * and would miss the first tick */
	SLACK = 8,            /* streams of a slot that cost nothing */
	DOZE_US = 2000,       /* a command must not wait longer */
	EVENTS = 64
};

struct sipd_media {
	unsigned threads;
	unsigned port;              /* where to look for a pair; loop thread */
	struct sipd_dtls_ctx *dtls; /* NULL: not wanted yet; loop thread */
	struct media_thread t[];
};

static const uint64_t ntp_epoch = 2208988800u; /* 1900 to 1970, s */


static uint64_t ntp_of_us(uint64_t us)
{
	return us / 1000000 << 32 | ((us % 1000000 << 32) / 1000000);
}


/* The wall clock of the start, carried on by the monotonic one: a set clock
 * must not look like a round trip. */
uint64_t sipd_media_ntp(const struct media_thread *t, uint64_t us)
{
	return t->ntp + ntp_of_us(us - t->start_us);
}


/* xorshift64*: for timing only, never for what must not be guessed */
uint32_t sipd_media_random(struct media_thread *t)
{
	t->random ^= t->random >> 12;
	t->random ^= t->random << 25;
	t->random ^= t->random >> 27;

	return (uint32_t)(t->random * 0x2545f4914f6cdd1dull >> 32);
}


void sipd_media_post(struct media_thread *t, struct sipd_work *work)
{
	static const uint64_t one = 1;

	if (!sipd_workq_push(&t->queue, work) || !atomic_load(&t->dozing))
		return;
	if (write(t->evfd, &one, sizeof(one)) < 0)
		return; /* counter full: it is readable anyway */
}


struct media_thread *sipd_media_thread(struct sipd_media *m)
{
	struct media_thread *best = &m->t[0];
	unsigned i;

	for (i = 1; i < m->threads; ++i)
		if (atomic_load(&m->t[i].streams) <
		    atomic_load(&best->streams))
			best = &m->t[i];

	return best;
}


unsigned *sipd_media_next_port(struct sipd_media *m)
{
	return &m->port;
}


const char *sipd_media_fingerprint(struct sipd_media *m)
{
	if (!m->dtls && sipd_dtls_ctx_new(&m->dtls))
		return "";

	return sipd_dtls_fingerprint(m->dtls);
}


/* Media threads know it by a command that came after it was made. */
struct sipd_dtls_ctx *sipd_media_dtls(struct sipd_media *m)
{
	return m->dtls;
}


static uint64_t due_us(const struct media_thread *t)
{
	return t->start_us + t->tick * TICK_US;
}


/* The least filled slot less than `n` away; of equals the next to come. */
static uint64_t least_filled(const struct media_thread *t, unsigned n)
{
	uint64_t best = t->tick + SETTLE;
	unsigned i;

	for (i = SETTLE + 1; i < n; ++i)
		if (t->filled[(t->tick + i) % SLOTS] < t->filled[best % SLOTS])
			best = t->tick + i;

	return best;
}


/* A slot that comes soon, because the far end has answered and waits; unless
 * many came at once and another is much emptier: the fullest has little more
 * than 1.25 times its share. */
void sipd_media_join(struct sipd_rtp *r)
{
	struct media_thread *t = r->t;
	const uint64_t now = (sipd_clock_us() - t->start_us) / TICK_US + 1;
	uint64_t best, all;

	/* the slots up to t->tick are empty: they may be used again */
	if (!t->active || t->tick > now)
		t->tick = now;

	best = least_filled(t, SOON);
	all = least_filled(t, SLOTS);
	if (t->filled[best % SLOTS] >
	    t->filled[all % SLOTS] + t->filled[all % SLOTS] / 4 + SLACK)
		best = all;

	r->slot = (uint16_t)(best % SLOTS);
	r->slot_at = t->filled[r->slot]++;
	r->last_tick = best - SLOTS;
	t->slots[r->slot][r->slot_at] = r;
	++t->active;
}


void sipd_media_leave(struct sipd_rtp *r)
{
	struct media_thread *t = r->t;
	struct sipd_rtp **slot = t->slots[r->slot];
	struct sipd_rtp *last = slot[--t->filled[r->slot]];

	slot[r->slot_at] = last;
	last->slot_at = r->slot_at;
	--t->active;
}


static void read_events(struct media_thread *t)
{
	struct epoll_event ev[EVENTS];
	const int n = epoll_wait(t->epfd, ev, EVENTS, 0);
	int i;

	for (i = 0; i < n; ++i) {
		uint64_t count;

		if (ev[i].data.ptr)
			sipd_rtcp_receive(ev[i].data.ptr);
		else if (read(t->evfd, &count, sizeof(count)) < 0)
			continue;
	}
}


/* Sleep up to us (UINT64_MAX: until there is work). */
static void doze(struct media_thread *t, uint64_t us)
{
	struct pollfd p = {.fd = t->epfd, .events = POLLIN};
	struct timespec ts = {.tv_sec = (time_t)(us / 1000000),
			      .tv_nsec = (long)(us % 1000000) * 1000};
	const bool deep = us > DOZE_US;
	bool work = false;

	if (deep) {
		/* who posts after this line sees it and wakes us; what was
		 * posted before it we see ourselves */
		atomic_store(&t->dozing, true);
		(void)pthread_mutex_lock(&t->queue.lock);
		work = t->queue.head || atomic_load(&t->stop);
		(void)pthread_mutex_unlock(&t->queue.lock);
	}
	if (!work && ppoll(&p, 1, us == UINT64_MAX ? NULL : &ts, NULL) > 0)
		read_events(t);
	if (deep)
		atomic_store(&t->dozing, false);
}


static void next_filled(struct media_thread *t)
{
	while (!t->filled[t->tick % SLOTS])
		++t->tick;
}


/* The streams see by themselves how many of their ticks are missing. */
static void catch_up(struct media_thread *t, uint64_t now)
{
	if (now <= due_us(t) + GIVE_UP_US)
		return;
	t->tick = (now - t->start_us) / TICK_US;
	next_filled(t);
}


static void run_slot(struct media_thread *t)
{
	const unsigned slot = t->tick % SLOTS;

	sipd_batch_run(t, t->slots[slot], t->filled[slot]);
	++t->tick;
}


static void one_turn(struct media_thread *t)
{
	uint64_t now, due;

	if (!t->active) {
		doze(t, UINT64_MAX);
		return;
	}

	next_filled(t);
	now = sipd_clock_us();
	due = due_us(t);
	if (now < due) {
		doze(t, due - now);
		return;
	}

	catch_up(t, now);
	if (due_us(t) > now)
		return;
	run_slot(t);
	doze(t, 0);
}


static void *thread_main(void *arg)
{
	struct media_thread *t = arg;

	for (;;) {
		struct sipd_work *list = sipd_workq_take(&t->queue);

		if (list) {
			(void)sipd_work_run(list);
		}
		else if (atomic_load(&t->stop)) {
			break;
		}
		one_turn(t);
	}

	return NULL;
}


static void thread_free(struct media_thread *t)
{
	if (t->evfd >= 0)
		(void)close(t->evfd);
	if (t->epfd >= 0)
		(void)close(t->epfd);
	sipd_workq_close(&t->queue);
	(void)pthread_mutex_destroy(&t->box);
	free(t->batch);
}


static void thread_stop(struct media_thread *t)
{
	static const uint64_t one = 1;

	atomic_store(&t->stop, true);
	if (write(t->evfd, &one, sizeof(one)) < 0)
		sipd_log_warning(t->log, "media: eventfd: %s",
				 strerror(errno));
	(void)pthread_join(t->thread, NULL);
	assert(!t->active && !atomic_load(&t->streams));
	thread_free(t);
}


static void seed(struct media_thread *t)
{
	if (getrandom(&t->random, sizeof(t->random), 0) != sizeof(t->random) ||
	    !t->random)
		t->random = sipd_clock_us() | 1;
}


static int thread_start(struct media_thread *t, struct sipd_media *m,
			struct sipd_log *log)
{
	struct epoll_event ev = {.events = EPOLLIN};
	int err;

	t->media = m;
	t->log = log;
	sipd_workq_init(&t->queue);
	(void)pthread_mutex_init(&t->box, NULL);
	t->start_us = sipd_clock_us();
	t->ntp = (ntp_epoch << 32) +
		 ntp_of_us((uint64_t)sipd_wall_ms() * 1000);
	seed(t);

	t->batch = sipd_batch_new();
	t->evfd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	t->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (!t->batch)
		err = ENOMEM;
	else if (t->evfd < 0 || t->epfd < 0 ||
		 epoll_ctl(t->epfd, EPOLL_CTL_ADD, t->evfd, &ev))
		err = errno;
	else
		err = sipd_thread_start(&t->thread, "sipd-media", thread_main,
					t);
	if (!err)
		return SIPDIALER_OK;

	thread_free(t);

	return sipd_error_errno(err, "media thread");
}


int sipd_media_start(struct sipd_media **mp, unsigned threads,
		     struct sipd_log *log)
{
	struct sipd_media *m;
	int err = SIPDIALER_OK;

	if (!threads)
		threads = 1;
	m = calloc(1, sizeof(*m) + threads * sizeof(m->t[0]));
	if (!m)
		return sipd_error(SIPDIALER_ENOMEM,
				  "no memory for %u media threads", threads);

	while (m->threads < threads && !err) {
		err = thread_start(&m->t[m->threads], m, log);
		if (!err)
			++m->threads;
	}
	if (err) {
		sipd_media_stop(m);
		return err;
	}

	m->port = sipd_clock_us() & 0xffff; /* two processes: two places */
	if (getrandom(&m->port, sizeof(m->port), GRND_NONBLOCK) < 0)
		m->port &= 0xffff;
	*mp = m;

	return SIPDIALER_OK;
}


void sipd_media_stop(struct sipd_media *m)
{
	while (m->threads)
		thread_stop(&m->t[--m->threads]);
	sipd_dtls_ctx_free(m->dtls);
	free(m);
}


static uint64_t get(const atomic_uint_fast64_t *c)
{
	return atomic_load_explicit(c, memory_order_relaxed);
}


void sipd_media_stats(struct sipd_media *m, struct sipd_media_stats *st)
{
	unsigned i, k;

	memset(st, 0, sizeof(*st));
	for (i = 0; i < m->threads; ++i) {
		const struct media_thread *t = &m->t[i];

		st->streams += atomic_load(&t->streams);
		st->tx += get(&t->count.tx);
		st->rx += get(&t->count.rx);
		st->dropped += get(&t->count.dropped);
		st->ticks_due += get(&t->count.due);
		st->skipped += get(&t->count.skipped);
		for (k = 0; k < LATE; ++k)
			st->late[k] += get(&t->count.late[k]);
		if (get(&t->count.late_max_us) > st->late_max_us)
			st->late_max_us = get(&t->count.late_max_us);
	}
}
