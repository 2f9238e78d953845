/**
 * @file port/libre/tmr.c  Timers in place of libre's: monotonic and O(1)
 *
 * libre keeps its timers in a list sorted by time and reads the wall clock
 * (specs fact C): 32,000 pending timers cost 0.7 ms a start, and a step of the
 * clock freezes them; later releases keep the list.  This file defines every
 * symbol of libre's tmr.o, of 1.1 to 4.x, so that the linker takes ours; it is
 * a hierarchical timing wheel (Varghese and Lauck) of 1 ms ticks.  One wheel a
 * thread, made at the first use there.
 */
#ifdef SIPD_LIBRE_STATIC
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "port/libre/libre.h"

/* libre's name of where its loop keeps timers; ours are in the wheel */
#ifdef SIPD_LIBRE_TMRL
struct tmrl {
	char unused;
};
typedef struct tmrl tmr_home;
#else
struct tmrl;
typedef struct list tmr_home;
#endif

/* Later releases hand over the place of the call; the macro hides the name. */
#undef tmr_start
#undef tmr_continue

/* Not all of these are in the headers of every release. */
int tmrl_alloc(struct tmrl **tmrl);
uint32_t tmrl_count(struct tmrl *tmrl);
uint64_t tmr_jiffies_usec(void);
uint64_t tmr_jiffies_rt_usec(void);
int tmr_timespec_get(struct timespec *tp, uint64_t offset);
void tmr_start(struct tmr *tmr, uint64_t delay, tmr_h *th, void *arg);
void tmr_start_dbg(struct tmr *tmr, uint64_t delay, tmr_h *th, void *arg,
		   const char *file, int line);
void tmr_continue_dbg(struct tmr *tmr, uint64_t delay, tmr_h *th, void *arg,
		      const char *file, int line);

enum {
	LEVELS = 4,
	BITS = 8,
	SLOTS = 1 << BITS,
	MASK = SLOTS - 1,
	WORDS = SLOTS / 64
};

/* 2^32 ms = 49 days; later ones wait in the last slot and are put again. */
static const uint64_t horizon = (1ULL << (LEVELS * BITS)) - 1;

struct wheel {
	uint64_t now; /* all ticks <= now have been run */
	uint64_t pending;
	struct list slots[LEVELS][SLOTS];
	uint64_t used[LEVELS][WORDS]; /* bit: slot is not empty */
	struct list due;              /* taken out, to run in this poll */
};

/* A libre loop is a thread; its timers are never touched from another. */
static _Thread_local struct wheel *wheel_here;


bool sipd_libre_timers_open(void)
{
	if (!wheel_here) {
		wheel_here = calloc(1, sizeof(*wheel_here));
		if (!wheel_here)
			return false;
		wheel_here->now = tmr_jiffies();
	}

	return true;
}


static struct wheel *wheel_get(void)
{
	if (!sipd_libre_timers_open())
		abort(); /* tmr_start() has no way to fail */

	return wheel_here;
}


void sipd_libre_timers_close(void)
{
	free(wheel_here);
	wheel_here = NULL;
}


static void put(struct wheel *w, struct tmr *tmr)
{
	uint64_t at = tmr->jfs > w->now ? tmr->jfs : w->now + 1;
	uint64_t delta;
	unsigned level = 0, slot;

	if (at - w->now > horizon)
		at = w->now + horizon;

	delta = at - w->now;
	while (delta >= SLOTS) {
		delta >>= BITS;
		++level;
	}

	slot = (unsigned)(at >> (level * BITS)) & MASK;
	list_append(&w->slots[level][slot], &tmr->le, tmr);
	w->used[level][slot / 64] |= 1ULL << (slot % 64);
}


static void unlink_timer(struct wheel *w, struct tmr *tmr)
{
	struct list *list = tmr->le.list;
	struct list *first = &w->slots[0][0];
	size_t index;

	list_unlink(&tmr->le);

	if (!list || list->head)
		return;

	if (list < first || list >= first + (size_t)LEVELS * SLOTS)
		return; /* the due list */

	index = (size_t)(list - first);
	w->used[index / SLOTS][index % SLOTS / 64] &= ~(
		1ULL << (index % SLOTS % 64));
}


static void take_slot(struct wheel *w, unsigned level, unsigned slot,
		      struct list *to)
{
	struct list *from = &w->slots[level][slot];
	struct le *le;

	while ((le = from->head)) {
		struct tmr *tmr = le->data;

		list_unlink(le);
		list_append(to, &tmr->le, tmr);
	}

	w->used[level][slot / 64] &= ~(1ULL << (slot % 64));
}


/* The wheel stands at a multiple of SLOTS^level: spread that slot below. */
static void cascade(struct wheel *w)
{
	for (unsigned level = 1; level < LEVELS; level++) {
		const unsigned slot = (unsigned)(w->now >> (level * BITS)) &
				      MASK;
		struct list moved = LIST_INIT;
		struct le *le;

		take_slot(w, level, slot, &moved);
		while ((le = moved.head)) {
			struct tmr *tmr = le->data;

			list_unlink(le);
			if (tmr->jfs <= w->now)
				list_append(&w->due, &tmr->le, tmr);
			else
				put(w, tmr);
		}

		if (slot)
			break;
	}
}


/* Slots from `from` on (wrapping) to the first used one; SLOTS if none. */
static unsigned distance(const uint64_t *used, unsigned from)
{
	for (unsigned i = 0; i < SLOTS;) {
		const unsigned slot = (from + i) & MASK;
		const uint64_t word = used[slot / 64] >> (slot % 64);

		if (word)
			return i + (unsigned)__builtin_ctzll(word);

		i += 64 - slot % 64;
	}

	return SLOTS;
}


/* A tick at or before which nothing can be due, but which must be visited:
 * the next used slot of level 0, or the next cascade that moves something. */
static uint64_t next_stop(const struct wheel *w)
{
	uint64_t best = UINT64_MAX;

	for (unsigned level = 0; level < LEVELS; level++) {
		const unsigned shift = level * BITS;
		const uint64_t base = (w->now >> shift) + 1;
		const unsigned d = distance(w->used[level],
					    (unsigned)base & MASK);

		if (d < SLOTS && (base + d) << shift < best)
			best = (base + d) << shift;
	}

	return best;
}


static void advance(struct wheel *w, uint64_t to)
{
	while (w->now < to) {
		const uint64_t stop = next_stop(w);

		if (stop > to) {
			w->now = to;
			return;
		}

		w->now = stop;
		if (!(w->now & MASK))
			cascade(w);
		take_slot(w, 0, (unsigned)w->now & MASK, &w->due);
	}
}


void tmr_poll(tmr_home *tmrl)
{
	struct wheel *w = wheel_get();
	struct le *le;
	(void)tmrl;

	advance(w, tmr_jiffies());

	while ((le = w->due.head)) {
		struct tmr *tmr = le->data;
		tmr_h *th = tmr->th;

		list_unlink(le);
		tmr->th = NULL;
		--w->pending;

		if (th)
			th(tmr->arg);
	}
}


static uint64_t clock_us(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts);

	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}


uint64_t tmr_jiffies_usec(void)
{
	return clock_us(CLOCK_MONOTONIC);
}


uint64_t tmr_jiffies(void)
{
	return tmr_jiffies_usec() / 1000;
}


uint64_t tmr_jiffies_rt_usec(void)
{
	return clock_us(CLOCK_REALTIME);
}


int tmr_timespec_get(struct timespec *tp, uint64_t offset)
{
	uint64_t us;

	if (!tp)
		return EINVAL;

	us = clock_us(CLOCK_REALTIME) + offset * 1000;
	tp->tv_sec = (time_t)(us / 1000000);
	tp->tv_nsec = (long)(us % 1000000) * 1000;

	return 0;
}


uint64_t tmr_next_timeout(tmr_home *tmrl)
{
	struct wheel *w = wheel_get();
	uint64_t stop, now;
	(void)tmrl;

	if (w->due.head)
		return 1;

	stop = next_stop(w);
	if (stop == UINT64_MAX)
		return 0; /* libre: none, wait for ever */

	now = tmr_jiffies();

	return stop > now ? stop - now : 1;
}


int tmrl_alloc(struct tmrl **tmrl)
{
	if (!tmrl)
		return EINVAL;

	*tmrl = mem_zalloc(1, NULL); /* libre frees it with mem_deref() */

	return *tmrl ? 0 : ENOMEM;
}


uint32_t tmrl_count(struct tmrl *tmrl)
{
	(void)tmrl;

	return (uint32_t)wheel_get()->pending;
}


int tmr_status(struct re_printf *pf, void *unused)
{
	(void)unused;
	return re_hprintf(pf, "Timers (%llu)\n", wheel_get()->pending);
}


void tmr_debug(void)
{
	/* libre prints to stderr here; a library does not */
}


void tmr_init(struct tmr *tmr)
{
	if (tmr)
		memset(tmr, 0, sizeof(*tmr));
}


/* At jfs + delay. */
static void start(struct tmr *tmr, uint64_t jfs, uint64_t delay, tmr_h *th,
		  void *arg)
{
	struct wheel *w = wheel_get();

	if (tmr->th) {
		unlink_timer(w, tmr);
		--w->pending;
	}

	tmr->th = th;
	tmr->arg = arg;
	if (!th)
		return;

	tmr->jfs = jfs + delay;
	put(w, tmr);
	++w->pending;
}


void tmr_start(struct tmr *tmr, uint64_t delay, tmr_h *th, void *arg)
{
	if (tmr && (th || tmr->th))
		start(tmr, tmr_jiffies(), delay, th, arg);
}


void tmr_start_dbg(struct tmr *tmr, uint64_t delay, tmr_h *th, void *arg,
		   const char *file, int line)
{
	(void)file;
	(void)line;

	tmr_start(tmr, delay, th, arg);
}


void tmr_continue_dbg(struct tmr *tmr, uint64_t delay, tmr_h *th, void *arg,
		      const char *file, int line)
{
	(void)file;
	(void)line;

	if (tmr && (th || tmr->th))
		start(tmr, tmr->jfs, delay, th, arg);
}


void tmr_cancel(struct tmr *tmr)
{
	tmr_start(tmr, 0, NULL, NULL);
}


uint64_t tmr_get_expire(const struct tmr *tmr)
{
	uint64_t now;

	if (!tmr || !tmr->th)
		return 0;

	now = tmr_jiffies();

	return tmr->jfs > now ? tmr->jfs - now : 0;
}

#else

#include "port/libre/libre.h"

bool sipd_libre_timers_open(void)
{
	return true;
}


void sipd_libre_timers_close(void)
{
}

#endif
