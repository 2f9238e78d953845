/**
 * @file api/events.c  The event queue
 *
 * Everything is under one mutex, held for the copy of one event at most; system
 * calls happen only when the queue stops being empty or becomes empty, and only
 * if somebody waits or has asked for the descriptor.
 */
#include "api/events.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "base/error.h"
#include "base/idmap.h"
#include "port/wake.h"

enum {
	TYPES = 64, /* kinds are below */
	STRINGS = 15
};

struct sipd_event_node {
	struct sipd_event_node *next;
	uint64_t lost_after; /* events dropped behind this one */
	size_t room;         /* bytes of data */
	bool reserved;
	struct sipdialer_event event;
	_Alignas(uint64_t) char data[];
};

/* What a puller holds: valid until its next pull. */
struct hold {
	struct sipd_event_node *node;
	struct sipdialer_event lost;
};

struct handler {
	sipdialer_event_h *h;
	void *arg;
};

struct sipd_events {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	struct sipd_event_node *head, **tail, *last;
	struct sipd_event_node *pool;
	uint32_t pooled;
	uint32_t max;
	uint64_t length;   /* nodes waiting */
	uint64_t ordinary; /* of these, events that could be lost */
	uint64_t lost_now; /* dropped before the head */
	uint64_t seq;
	unsigned waiters;
	int fd;                                     /* -1: nobody asked yet */
	struct sipd_idmap ringing, progress, audio; /* id -> node waiting */
	struct sipd_events_stats stats;
	struct hold pulled, dispatched;
	struct handler handlers[TYPES];
	atomic_bool dispatching;
	sipd_events_gone_h *gone_h;
	void *gone_arg;

	/* Held while the handler runs, so that who replaces it knows that the
	 * old one is done; never together with `lock`. */
	pthread_mutex_t wake_lock;
	atomic_bool wake_set;
	sipdialer_wakeup_h *wake_h;
	void *wake_arg;
};

_Static_assert((int)SIPDIALER_EVENT_IMPORT_ERROR < (int)TYPES,
	       "handlers[] too short");

static const size_t strings[STRINGS] = {
	offsetof(struct sipdialer_event, to),
	offsetof(struct sipdialer_event, from),
	offsetof(struct sipdialer_event, text),
	offsetof(struct sipdialer_event, reason),
	offsetof(struct sipdialer_event, codec),
	offsetof(struct sipdialer_event, dtmf),
	offsetof(struct sipdialer_event, recording),
	offsetof(struct sipdialer_event, account),
	offsetof(struct sipdialer_event, headers),
	offsetof(struct sipdialer_event, asserted),
	offsetof(struct sipdialer_event, diverted),
	offsetof(struct sipdialer_event, verstat),
	offsetof(struct sipdialer_event, srtp),
	offsetof(struct sipdialer_event, sit),
	offsetof(struct sipdialer_event, message),
};


static void init_lock(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attr;

	(void)pthread_mutexattr_init(&attr);
#ifdef __GLIBC__
	/* held for well under 1 us: spinning beats a system call */
	(void)pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ADAPTIVE_NP);
#endif
	(void)pthread_mutex_init(lock, &attr);
	(void)pthread_mutexattr_destroy(&attr);
}


static void init_cond(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(cond, &attr);
	(void)pthread_condattr_destroy(&attr);
}


int sipd_events_open(struct sipd_events **ep, uint32_t max)
{
	struct sipd_events *e = calloc(1, sizeof(*e));

	if (!e)
		return sipd_error(SIPDIALER_ENOMEM, "out of memory");

	init_lock(&e->lock);
	(void)pthread_mutex_init(&e->wake_lock, NULL);
	init_cond(&e->cond);
	e->tail = &e->head;
	e->max = max;
	e->fd = -1;
	atomic_init(&e->dispatching, false);
	atomic_init(&e->wake_set, false);
	*ep = e;

	return 0;
}


static void free_list(struct sipd_event_node *node)
{
	while (node) {
		struct sipd_event_node *next = node->next;

		free(node);
		node = next;
	}
}


void sipd_events_close(struct sipd_events *e)
{
	if (!e)
		return;

	free_list(e->head);
	free_list(e->pool);
	free(e->pulled.node);
	free(e->dispatched.node);
	sipd_idmap_close(&e->ringing);
	sipd_idmap_close(&e->progress);
	sipd_idmap_close(&e->audio);
	sipd_wake_close(e->fd);
	(void)pthread_cond_destroy(&e->cond);
	(void)pthread_mutex_destroy(&e->lock);
	(void)pthread_mutex_destroy(&e->wake_lock);
	free(e);
}


void sipd_events_set_max(struct sipd_events *e, uint32_t max)
{
	pthread_mutex_lock(&e->lock);
	e->max = max;
	pthread_mutex_unlock(&e->lock);
}


/* ---- nodes ------------------------------------------------------------- */

static struct sipd_event_node *node_alloc(size_t room)
{
	struct sipd_event_node *node = malloc(sizeof(*node) + room);

	if (node) {
		node->room = room;
		node->reserved = false;
	}

	return node;
}


/* @locks e->lock */
static struct sipd_event_node *node_get(struct sipd_events *e, size_t room)
{
	struct sipd_event_node *node = e->pool;

	if (room > SIPD_EVENT_POOL_ROOM)
		return node_alloc(room);
	if (!node)
		return node_alloc(SIPD_EVENT_POOL_ROOM);

	e->pool = node->next;
	e->pooled--;

	return node;
}


/* @locks e->lock */
static void node_put(struct sipd_events *e, struct sipd_event_node *node)
{
	if (!node)
		return;

	if (node->room != SIPD_EVENT_POOL_ROOM ||
	    e->pooled >= SIPD_EVENTS_POOL_MAX) {
		free(node);
		return;
	}

	node->next = e->pool;
	e->pool = node;
	e->pooled++;
}


static size_t counters_size(const struct sipdialer_event *ev)
{
	return ev->by_disposition
		       ? ev->by_disposition_len * sizeof(*ev->by_disposition)
		       : 0;
}


static const char *string_get(const struct sipdialer_event *ev, size_t i)
{
	const char *s;

	memcpy(&s, (const char *)ev + strings[i], sizeof(s));

	return s;
}


static void string_set(struct sipdialer_event *ev, size_t i, const char *s)
{
	memcpy((char *)ev + strings[i], &s, sizeof(s));
}


/* Bytes that the event points to; lens with terminators, 0 for NULL. */
static size_t measure(const struct sipdialer_event *ev, size_t lens[STRINGS])
{
	size_t total = counters_size(ev);

	for (size_t i = 0; i < STRINGS; i++) {
		const char *s = string_get(ev, i);

		lens[i] = s ? strlen(s) + 1 : 0;
		total += lens[i];
	}

	return total;
}


/* Copies; what does not fit into the node is cut (see push_reserved). */
static void fill(struct sipd_event_node *node,
		 const struct sipdialer_event *ev, const size_t lens[STRINGS])
{
	char *p = node->data, *end = p + node->room;
	const size_t counters = counters_size(ev);
	const int64_t time_ms = ev->time_ms;

	node->event = *ev;
	node->event.size = sizeof(node->event);
	node->event.time_ms = time_ms ? time_ms : sipd_wall_ms();

	node->event.by_disposition = NULL;
	node->event.by_disposition_len = 0;
	if (counters && counters <= node->room) {
		memcpy(p, ev->by_disposition, counters);
		node->event.by_disposition = (const uint64_t *)(void *)p;
		node->event.by_disposition_len = ev->by_disposition_len;
		p += counters;
	}

	for (size_t i = 0; i < STRINGS; i++) {
		const size_t room = (size_t)(end - p);
		const size_t n = lens[i] < room ? lens[i] : room;

		if (!lens[i])
			continue;
		string_set(&node->event, i, n ? p : NULL);
		if (!n)
			continue;
		memcpy(p, string_get(ev, i), n);
		p[n - 1] = '\0';
		p += n;
	}
}


/* ---- pushing ----------------------------------------------------------- */

/* Map of what is written over while it waits, by id. */
static struct sipd_idmap *merge_map(struct sipd_events *e,
				    const struct sipdialer_event *ev,
				    uint64_t *id)
{
	if (ev->type == SIPDIALER_EVENT_CALL_RINGING) {
		*id = ev->call;
		return ev->call ? &e->ringing : NULL;
	}
	if (ev->type == SIPDIALER_EVENT_CALL_AUDIO) {
		*id = ev->call;
		return ev->call ? &e->audio : NULL;
	}
	if (ev->type == SIPDIALER_EVENT_CAMPAIGN_PROGRESS) {
		*id = ev->campaign;
		return ev->campaign ? &e->progress : NULL;
	}

	return NULL;
}


static bool waiting(const struct sipd_events *e)
{
	return e->head || e->lost_now;
}


/* Called with the lock, gives it up; was_waiting: before the change. */
static void tell(struct sipd_events *e, bool was_waiting)
{
	/* a single waiter was signalled with the first event; and it must not
	 * wake to find the lock taken */
	const bool signal = e->waiters > 1 || (e->waiters && !was_waiting);

	if (!was_waiting && e->fd >= 0)
		sipd_wake_set(e->fd);
	pthread_mutex_unlock(&e->lock);

	if (signal)
		(void)pthread_cond_signal(&e->cond);

	if (!was_waiting && atomic_load(&e->wake_set)) {
		pthread_mutex_lock(&e->wake_lock);
		if (e->wake_h)
			e->wake_h(e->wake_arg);
		pthread_mutex_unlock(&e->wake_lock);
	}
}


/* @locks e->lock */
static void append(struct sipd_events *e, struct sipd_event_node *node)
{
	node->next = NULL;
	node->lost_after = 0;
	*e->tail = node;
	e->tail = &node->next;
	e->last = node;
	e->stats.pushed++;
	e->length++;
	e->ordinary += !node->reserved;
}


/* @locks e->lock */
static void drop(struct sipd_events *e)
{
	if (e->head)
		e->last->lost_after++;
	else
		e->lost_now++;
	e->stats.lost++;
}


/* @locks e->lock */
static bool merge(struct sipd_events *e, const struct sipd_idmap *map,
		  uint64_t id, const struct sipdialer_event *ev,
		  const size_t lens[STRINGS], size_t total)
{
	struct sipd_event_node *node = sipd_idmap_get(map, id);

	if (!node || total > node->room)
		return false;

	fill(node, ev, lens);
	e->stats.merged++;

	return true;
}


static bool push(struct sipd_events *e, const struct sipdialer_event *ev,
		 bool counts)
{
	size_t lens[STRINGS];
	const size_t total = measure(ev, lens);
	struct sipd_event_node *node = NULL;
	struct sipd_idmap *map;
	uint64_t id = 0;
	bool was;

	assert(ev->type > 0 && ev->type < TYPES);
	pthread_mutex_lock(&e->lock);
	was = waiting(e);

	map = merge_map(e, ev, &id);
	if (map && merge(e, map, id, ev, lens, total)) {
		pthread_mutex_unlock(&e->lock);
		return true;
	}

	if (e->ordinary < e->max)
		node = node_get(e, total);
	if (!node && !counts) {
		pthread_mutex_unlock(&e->lock);
		return false;
	}
	if (!node) {
		drop(e);
		tell(e, was);
		return false;
	}

	fill(node, ev, lens);
	append(e, node);
	/* out of memory here: only not written over */
	if (map)
		(void)sipd_idmap_put(map, id, node);
	tell(e, was);

	return true;
}


bool sipd_event_push(struct sipd_events *e, const struct sipdialer_event *ev)
{
	return push(e, ev, true);
}


bool sipd_event_offer(struct sipd_events *e, const struct sipdialer_event *ev)
{
	return push(e, ev, false);
}


struct sipd_event_node *sipd_event_reserve(struct sipd_events *e)
{
	struct sipd_event_node *node = node_alloc(SIPD_EVENT_RESERVED_ROOM);
	uint32_t max;
	bool full;

	if (!node) {
		(void)sipd_error(SIPDIALER_ENOMEM, "out of memory");
		return NULL;
	}
	node->reserved = true;

	pthread_mutex_lock(&e->lock);
	max = e->max;
	full = e->stats.reserved >= max;
	if (!full)
		e->stats.reserved++;
	pthread_mutex_unlock(&e->lock);

	if (full) {
		free(node);
		(void)sipd_error(SIPDIALER_EFULL,
				 "%lu events that must not be lost wait for "
				 "the host (events.max)",
				 (unsigned long)max);
		return NULL;
	}

	return node;
}


void sipd_event_push_reserved(struct sipd_events *e,
			      struct sipd_event_node *node,
			      const struct sipdialer_event *ev)
{
	size_t lens[STRINGS];
	const size_t total = measure(ev, lens);
	bool was;

	if (total > node->room) {
		struct sipd_event_node *larger = node_alloc(total);

		if (larger) {
			larger->reserved = true;
			free(node);
			node = larger;
		}
	}

	fill(node, ev, lens);
	pthread_mutex_lock(&e->lock);
	was = waiting(e);
	append(e, node);
	tell(e, was);
}


void sipd_event_unreserve(struct sipd_events *e, struct sipd_event_node *node)
{
	if (!node)
		return;

	free(node);
	pthread_mutex_lock(&e->lock);
	e->stats.reserved--;
	pthread_mutex_unlock(&e->lock);
}


void sipd_events_log_h(int level, const char *line, void *arg)
{
	const struct sipdialer_event ev = {
		.type = SIPDIALER_EVENT_LOG,
		.level = level,
		.text = line,
	};

	(void)sipd_event_push(arg, &ev);
}


/* ---- pulling ----------------------------------------------------------- */

/* Who holds the last event asks for the next.  The lock is given up for the
 * handler. @locks e->lock */
static void let_go(struct sipd_events *e, struct hold *hold)
{
	struct sipd_event_node *node = hold->node;
	uint64_t call = 0;

	if (node && node->event.type == SIPDIALER_EVENT_CALL_ENDED)
		call = node->event.call;
	node_put(e, node);
	hold->node = NULL;
	if (!call || !e->gone_h)
		return;

	pthread_mutex_unlock(&e->lock);
	e->gone_h(call, e->gone_arg);
	pthread_mutex_lock(&e->lock);
}


/* The oldest, into the hold; NULL if none waits. @locks e->lock */
static const struct sipdialer_event *take(struct sipd_events *e,
					  struct hold *hold)
{
	struct sipd_event_node *node = NULL;
	struct sipdialer_event *ev;
	struct sipd_idmap *map;
	uint64_t id;

	if (!waiting(e))
		return NULL;

	if (e->lost_now) {
		ev = &hold->lost;
		memset(ev, 0, sizeof(*ev));
		ev->size = sizeof(*ev);
		ev->type = SIPDIALER_EVENT_LOST;
		ev->time_ms = sipd_wall_ms();
		ev->count = e->lost_now;
		e->lost_now = 0;
	}
	else {
		node = e->head;
		e->head = node->next;
		if (!e->head)
			e->tail = &e->head;
		ev = &node->event;
		e->lost_now = node->lost_after;
		e->length--;
		e->ordinary -= !node->reserved;
		e->stats.reserved -= node->reserved;
		map = merge_map(e, ev, &id);
		if (map && sipd_idmap_get(map, id) == node)
			(void)sipd_idmap_remove(map, id);
		hold->node = node;
	}

	ev->seq = ++e->seq;
	if (e->fd >= 0 && !waiting(e))
		sipd_wake_clear(e->fd);

	return ev;
}


static void deadline_in(struct timespec *ts, int timeout_ms)
{
	(void)clock_gettime(CLOCK_MONOTONIC, ts);
	ts->tv_sec += timeout_ms / 1000;
	ts->tv_nsec += timeout_ms % 1000 * 1000000L;
	if (ts->tv_nsec >= 1000000000L) {
		ts->tv_sec++;
		ts->tv_nsec -= 1000000000L;
	}
}


/* @locks e->lock */
static void wait_for_event(struct sipd_events *e, int timeout_ms)
{
	struct timespec ts;
	int err = 0;

	if (!timeout_ms || waiting(e))
		return;
	if (timeout_ms > 0)
		deadline_in(&ts, timeout_ms);

	e->waiters++;
	while (!waiting(e) && err != ETIMEDOUT)
		err = timeout_ms > 0
			      ? pthread_cond_timedwait(&e->cond, &e->lock, &ts)
			      : pthread_cond_wait(&e->cond, &e->lock);
	e->waiters--;
}


const struct sipdialer_event *sipd_events_next(struct sipd_events *e,
					       int timeout_ms)
{
	const struct sipdialer_event *ev;

	pthread_mutex_lock(&e->lock);
	let_go(e, &e->pulled);
	wait_for_event(e, timeout_ms);
	ev = take(e, &e->pulled);
	pthread_mutex_unlock(&e->lock);

	return ev;
}


void sipd_events_on_gone(struct sipd_events *e, sipd_events_gone_h *h,
			 void *arg)
{
	e->gone_h = h;
	e->gone_arg = arg;
}


int sipd_events_fd(struct sipd_events *e)
{
	int fd;

	pthread_mutex_lock(&e->lock);
	if (e->fd < 0) {
		fd = sipd_wake_open();
		if (fd >= 0) {
			e->fd = fd;
			if (waiting(e))
				sipd_wake_set(fd);
		}
	}
	else {
		fd = e->fd;
	}
	pthread_mutex_unlock(&e->lock);

	return fd;
}


void sipd_events_wakeup(struct sipd_events *e, sipdialer_wakeup_h *h,
			void *arg)
{
	pthread_mutex_lock(&e->wake_lock);
	e->wake_h = h;
	e->wake_arg = arg;
	atomic_store(&e->wake_set, h != NULL);
	pthread_mutex_unlock(&e->wake_lock);
}


/* ---- hooks ------------------------------------------------------------- */

int sipd_events_on(struct sipd_events *e, int type, sipdialer_event_h *h,
		   void *arg)
{
	if (type != SIPDIALER_EVENT_NONE &&
	    (type >= TYPES || !sipd_event_name(type)))
		return sipd_error(SIPDIALER_EINVAL,
				  "%d is not a kind of event", type);

	pthread_mutex_lock(&e->lock);
	e->handlers[type].h = h;
	e->handlers[type].arg = arg;
	pthread_mutex_unlock(&e->lock);

	return SIPDIALER_OK;
}


int sipd_events_dispatch(struct sipd_events *e, int timeout_ms)
{
	int count = 0;

	if (atomic_exchange(&e->dispatching, true))
		return sipd_error(SIPDIALER_ESTATE,
				  "sipdialer_dispatch() is running: called "
				  "inside a handler, or on two threads");

	for (;; timeout_ms = 0) {
		const struct sipdialer_event *ev;
		struct handler handler = {NULL, NULL};

		pthread_mutex_lock(&e->lock);
		let_go(e, &e->dispatched);
		wait_for_event(e, timeout_ms);
		ev = take(e, &e->dispatched);
		if (ev) {
			handler = e->handlers[ev->type];
			if (!handler.h)
				handler = e->handlers[SIPDIALER_EVENT_NONE];
		}
		pthread_mutex_unlock(&e->lock);

		if (!ev)
			break;
		if (handler.h)
			handler.h(ev, handler.arg);
		count += count < INT32_MAX;
	}

	atomic_store(&e->dispatching, false);

	return count;
}


void sipd_events_stats(struct sipd_events *e, struct sipd_events_stats *st)
{
	pthread_mutex_lock(&e->lock);
	*st = e->stats;
	st->delivered = e->seq;
	st->waiting = e->length + (e->lost_now > 0);
	pthread_mutex_unlock(&e->lock);
}
