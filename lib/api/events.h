/**
 * @file api/events.h  The event queue: library threads push, the host pulls
 *
 * One mutex, intrusive nodes, strings copied into the node; a pool of nodes, so
 * that pushing seldom allocates.  At most `max` ordinary events wait: further
 * ones are dropped, and one LOST event with their number stands in their place.
 * Events pushed with a node reserved before are never lost.
 */
#ifndef SIPD_API_EVENTS_H
#define SIPD_API_EVENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sipdialer/sipdialer.h>

struct sipd_events;
struct sipd_event_node;

enum {
	SIPD_EVENTS_POOL_MAX = 4096, /* nodes kept for later */
	SIPD_EVENT_POOL_ROOM = 256,  /* bytes for strings in a pooled node */
	SIPD_EVENT_RESERVED_ROOM = 1024 /* in a reserved one */
};

struct sipd_events_stats {
	uint64_t pushed;    /* taken into the queue */
	uint64_t merged;    /* written over one that waited */
	uint64_t delivered; /* with LOST events */
	uint64_t lost;
	uint64_t waiting;
	uint64_t reserved; /* nodes reserved, and such events waiting */
};

int sipd_events_open(struct sipd_events **ep, uint32_t max);
/** Nobody pushes or pulls any more; reserved nodes were given back. */
void sipd_events_close(struct sipd_events *e);
void sipd_events_set_max(struct sipd_events *e, uint32_t max);

/**
 * Copy an event into the queue; size, seq and, if 0, time_ms are filled in.
 * CALL_RINGING and CALL_AUDIO of a call and CAMPAIGN_PROGRESS of a campaign are
 * written over one of the same that still waits.  false: dropped, and counted. @thread any
 */
bool sipd_event_push(struct sipd_events *e, const struct sipdialer_event *ev);
/** The same, but what finds no room was never there: it is not counted as
 *  lost, and whoever pushes tries again later. @thread any */
bool sipd_event_offer(struct sipd_events *e, const struct sipdialer_event *ev);

/** A node for an event that must not be lost.  NULL: SIPDIALER_ENOMEM, or
 *  SIPDIALER_EFULL: `max` of them are reserved or wait for the host. */
struct sipd_event_node *sipd_event_reserve(struct sipd_events *e);
/** Never fails; the node is gone.  Strings over the room of a reserved node
 *  are cut only if there is no memory. */
void sipd_event_push_reserved(struct sipd_events *e,
			      struct sipd_event_node *node,
			      const struct sipdialer_event *ev);
/** Give an unused node back; node may be NULL. */
void sipd_event_unreserve(struct sipd_events *e, struct sipd_event_node *node);

/** The host has let go of the CALL_ENDED of this call: it pulls the next.
 *  Called on its thread, without a lock. */
typedef void(sipd_events_gone_h)(uint64_t call, void *arg);
void sipd_events_on_gone(struct sipd_events *e, sipd_events_gone_h *h,
			 void *arg); /* before the first event */

/** A sipd_log_h; arg is the struct sipd_events. */
void sipd_events_log_h(int level, const char *line, void *arg);

/* What the public functions of the same names promise. */
const struct sipdialer_event *sipd_events_next(struct sipd_events *e,
					       int timeout_ms);
int sipd_events_fd(struct sipd_events *e);
void sipd_events_wakeup(struct sipd_events *e, sipdialer_wakeup_h *h,
			void *arg);
int sipd_events_on(struct sipd_events *e, int type, sipdialer_event_h *h,
		   void *arg);
int sipd_events_dispatch(struct sipd_events *e, int timeout_ms);
void sipd_events_stats(struct sipd_events *e, struct sipd_events_stats *st);

/** Name of a kind, NULL if there is none. */
const char *sipd_event_name(int type);

#endif
