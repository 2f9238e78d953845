/**
 * @file api/engine.h  The engine: what joins the rooms; inside api only
 *
 * Verbs run on host threads: they check, then post to the loop (calls) or to
 * the store thread (requests).  Everything else here runs on the loop thread,
 * unless it says otherwise.
 */
#ifndef SIPD_API_ENGINE_H
#define SIPD_API_ENGINE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sipdialer/sipdialer.h>
#include "api/events.h"
#include "api/options.h"
#include "base/idmap.h"
#include "base/log.h"
#include "core/call/call.h"
#include "core/campaign/campaign.h"
#include "core/media/hostaudio.h"
#include "core/media/prompt.h"
#include "port/disk.h"
#include "port/loop.h"
#include "port/rtp/rtp.h"
#include "port/sip/sip.h"
#include "port/store/store.h"

/* A stop takes 5 s at most: CANCELs that nobody answers end after 4 s. */
enum {
	SIPD_EVENTS_FIRST = 65536, /* until the options are read at start */
	SIPD_FILES_OWN = 64,       /* descriptors besides those of calls */
	SIPD_REQUESTS_MAX = 1024,  /* requests waiting at once */
	SIPD_STOP_CALLS_MS = 3000, /* of stop: for calls to end and rows to be
				    * stored */
	SIPD_STOP_SIP_MS = 800,    /* then for the un-REGISTER, at least */
	SIPD_STOP_BYE_MS = 4000,   /* all that, and BYEs answered */
	SIPD_STOP_STORE_MS = 500   /* then for a store that fails */
};

enum sipd_engine_state {
	SIPD_ENGINE_STOPPED,
	SIPD_ENGINE_STARTING,
	SIPD_ENGINE_RUNNING,
	SIPD_ENGINE_STOPPING
};

struct sipd_run;    /* runner.h */
struct sipd_dialed; /* calls.h */

struct sipdialer {
	pthread_rwlock_t gate; /* read: a verb is under way; write: state
				   * changes */
	_Atomic enum sipd_engine_state state; /* written under gate */
	pthread_mutex_t lock;   /* options, live, audios, reg, down */
	pthread_cond_t changed; /* of down */
	struct sipd_options options;
	struct sipd_events *events;
	struct sipd_log log;
	struct sipd_idmap live; /* call id -> struct sipd_dialed */
	struct sipd_idmap
		audios; /* call id -> struct sipd_hostaudio, of a call
				   * until the host lets go of its end */

	/* while started */
	struct sipd_loop *loop;
	struct sipd_media *media;
	struct sipd_disk *disk;
	struct sipd_store *store; /* NULL: no store.path */
	struct sipd_prompts *prompts;
	struct sipd_sip *sip;
	struct sipd_call_env env;
	pthread_t janitor; /* takes everything down after a stop */
	bool janitor_started;
	struct sipd_event_node *stopped_node;
	bool down;            /* calls and SIP are over: clean up */
	bool aborted;         /* the start failed */
	bool unreachable;     /* the loop goes away; under gate */
	bool dials;           /* owns the store: runs its campaigns */
	bool has_server;      /* numbers can be dialed */
	uint32_t incoming_ms; /* incoming.timeout; 0: none are taken */
	bool incoming_answer; /* after that; else they are refused */

	/* loop thread */
	void (*released_h)(struct sipdialer *d); /* upward, see gate.c */
	void (*step_h)(struct sipdialer *d);
	void (*look_h)(struct sipdialer *d);
	struct sipd_run *runs;
	struct sipd_run *claim_turn, *send_turn; /* whose turn; NULL: first */
	struct sipd_pacer claims; /* intents of all campaigns together */
	struct sipd_pacer sends;  /* and their INVITEs */
	double sends_cps;         /* rate of both */
	char user[128];           /* sip.user, the default caller id */
	bool registers, registered;
	uint32_t dead;           /* calls in a row that nothing answered */
	uint64_t dead_until;     /* no campaign dials before, mono ms */
	struct sipd_timer watch; /* store changed by others; each second */
	struct sipd_timer stop_timer;
	uint64_t stop_ms; /* stopping since */
	struct sipd_work start_work, stop_work, hurry_work;
	uint64_t data_version;
	bool stopping;
	bool hurry;   /* wait for nobody any more, */
	bool hurried; /* by a second stop: nor for SIP */
	bool sip_closing;
	bool store_failing;
	bool scanning;
	uint32_t open_calls; /* struct sipd_dialed alive */
	uint64_t sweeps;     /* over all calls, so far */
	uint32_t calls_up;   /* of these, with a struct sipd_call */
	uint32_t calls_in;   /* of open_calls, inbound */

	/* any thread */
	atomic_uint_fast64_t next_call;
	uint64_t end_call; /* the first id that is not ours; set at start */
	atomic_uint_fast64_t next_request;
	atomic_uint requests; /* waiting */
	atomic_uint slots;    /* calls reserved, <= dial.max_calls */
	atomic_uint max_calls;
	atomic_uint max_incoming;  /* 0: no limit of their own */
	_Atomic double cps;        /* dial.calls_per_second now */
	struct sipd_reg_state reg; /* reason points to reg_reason */
	char reg_reason[128];
	struct sipd_hostaudio_totals audio;
	struct sipd_engine_counts {
		atomic_uint_fast64_t calls, answered, ended;
		atomic_uint_fast64_t by_disposition[16];
	} counts;
};

/* gate.c */
/** A verb begins: 0 and no stop until sipd_engine_leave(), or
 *  SIPDIALER_ESTATE. @thread any */
int sipd_engine_enter(struct sipdialer *d);
void sipd_engine_leave(struct sipdialer *d);
bool sipd_engine_slot_take(struct sipdialer *d);    /* @thread any */
void sipd_engine_slot_release(struct sipdialer *d); /* @thread any */
/** Slots or rates came free: campaigns go on. @thread loop */
void sipd_engine_released(struct sipdialer *d);
/** A call or run has gone: if stopping, the next step of it. @thread loop */
void sipd_engine_step(struct sipdialer *d);
/** Look which campaigns should run, now. @thread loop */
void sipd_engine_look(struct sipdialer *d);
/** Take over the limits that may change while running. @thread any */
void sipd_engine_limits(struct sipdialer *d, const struct sipd_options *o);
/** An event with type and time filled. */
struct sipdialer_event sipd_engine_event(int type);
/** A CAMPAIGN_* event from a row with counts. */
void sipd_engine_campaign(struct sipdialer_event *ev,
			  const struct sipd_campaign_row *row);

/* watch.c: campaigns that should run, also when others change the store */
void sipd_watch_start(struct sipdialer *d);
void sipd_watch_stop(struct sipdialer *d);
/** Look for campaigns to run or stop, now. */
void sipd_watch_scan(struct sipdialer *d);

#endif
