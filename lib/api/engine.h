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
	SIPD_EVENTS_FIRST = 65536,  /* until the options are read at start */
	SIPD_FILES_OWN = 64,        /* descriptors besides those of calls */
	SIPD_ACCOUNTS_MAX = 64,     /* added by name */
	SIPD_ACCOUNT_NAME_MAX = 31, /* bytes */
	SIPD_REQUESTS_MAX = 1024,   /* requests waiting at once */
	SIPD_STOP_CALLS_MS = 3000,  /* of stop: for calls to end and rows to be
				    * stored */
	SIPD_STOP_SIP_MS = 800,     /* then for the un-REGISTER, at least */
	SIPD_STOP_BYE_MS = 4000,    /* all that, and BYEs answered */
	SIPD_STOP_STORE_MS = 500    /* then for a store that fails */
};

enum sipd_engine_state {
	SIPD_ENGINE_STOPPED,
	SIPD_ENGINE_STARTING,
	SIPD_ENGINE_RUNNING,
	SIPD_ENGINE_STOPPING
};

struct sipd_run;    /* runner.h */
struct sipd_dialed; /* calls.h */

/** A SIP stack of its own, at one server: the engine's own, or one added by
 *  name. */
struct sipd_account {
	struct sipdialer *d;
	struct sipd_account *next;            /* @locks d->lock */
	char name[SIPD_ACCOUNT_NAME_MAX + 1]; /* "" the engine's own */
	struct sipd_options given; /* what was set for it. @locks d->lock */
	uint32_t users;            /* calls and campaigns. @locks d->lock */
	bool ready;                /* for verbs. @locks d->lock */
	bool removed;              /* freed when closed. @locks d->lock */
	struct sipd_reg_state reg; /* reason points to reg_reason. @locks
				    * d->lock */
	char reg_reason[128];

	/* set before it opens */
	char user[128];       /* sip.user, the default caller id */
	uint32_t incoming_ms; /* incoming.timeout; 0: none are taken */
	bool registers;

	/* loop thread */
	struct sipd_sip *sip;
	bool registered;
	bool closing;
	uint32_t dead;          /* calls in a row that nothing answered */
	uint64_t dead_until;    /* no campaign dials before, mono ms */
	struct sipd_work begin; /* both may wait at once */
	struct sipd_work remove;
};

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
	struct sipd_recordings *recordings;
	struct sipd_account own;
	struct sipd_account *accounts; /* added by name. @locks lock */
	uint32_t accountc;             /* of them. @locks lock */
	uint32_t sips;                 /* stacks open. @locks lock */
	struct sipd_call_env env;
	pthread_t janitor; /* takes everything down after a stop */
	bool janitor_started;
	struct sipd_event_node *stopped_node;
	bool down;            /* calls and SIP are over: clean up */
	bool aborted;         /* the start failed */
	bool unreachable;     /* the loop goes away; under gate */
	bool dials;           /* owns the store: runs its campaigns */
	bool has_server;      /* numbers can be dialed */
	bool incoming_answer; /* after that; else they are refused */

	/* loop thread */
	void (*released_h)(struct sipdialer *d); /* upward, see gate.c */
	void (*step_h)(struct sipdialer *d);
	void (*look_h)(struct sipdialer *d);
	void (*all_closed_h)(struct sipdialer *d); /* of a stop */
	struct sipd_run *runs;
	struct sipd_run *claim_turn, *send_turn; /* whose turn; NULL: first */
	struct sipd_pacer claims; /* intents of all campaigns together */
	struct sipd_pacer sends;  /* and their INVITEs */
	double sends_cps;         /* rate of both */
	struct sipd_timer watch;  /* store changed by others; each second */
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
	atomic_uint max_incoming; /* 0: no limit of their own */
	_Atomic double cps;       /* dial.calls_per_second now */
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

/* engine.c */
/** Open its stack, with what the options say. @thread any but the loop */
int sipd_engine_open_sip(struct sipd_account *acc,
			 const struct sipd_options *o);
/** Do they agree with each other? */
int sipd_engine_check_sip(const struct sipd_options *o);

/* accounts.c */
/** Open those added so far. */
int sipd_accounts_open(struct sipdialer *d);
/** The engine runs: calls come in. @thread loop */
void sipd_accounts_started(struct sipdialer *d);
/** Close all stacks, side by side; h (may be NULL) when none is left.
 *  @thread loop */
void sipd_accounts_close(struct sipdialer *d, uint32_t wait_ms,
			 void (*h)(struct sipdialer *d));
/** The start has failed: close them and wait. @thread any but the loop */
void sipd_accounts_abort(struct sipdialer *d);
void sipd_accounts_free(struct sipdialer *d);
/** Of all stacks together. @thread any, gate held */
void sipd_accounts_stats(struct sipdialer *d, struct sipd_sip_stats *sum);

/* account.c; @thread any */
/** The account that the options name by call.account: *ap gets it and is a
 *  user of it, NULL the engine's own, and o its options.  They were made with
 *  list (name=value, of a call) or lines (of a campaign) on top. */
int sipd_account_choose(struct sipdialer *d, struct sipd_options *o,
			const char *const *list, const char *lines,
			struct sipd_account **ap);
/** A further user of it; NULL for NULL and the engine's own. */
struct sipd_account *sipd_account_use(struct sipd_account *acc);
/** The same for a call that comes in; false: it is being removed. */
bool sipd_account_join(struct sipd_account *acc, struct sipd_account **used);
void sipd_account_release(struct sipd_account *acc);
/** media.srtp of calls that come in by it, before any verb says more. */
enum sipd_srtp_mode sipd_account_srtp(const struct sipd_account *acc);
/** For events; NULL: the engine's own. */
const char *sipd_account_name(const struct sipd_account *acc);

/* watch.c: campaigns that should run, also when others change the store */
void sipd_watch_start(struct sipdialer *d);
void sipd_watch_stop(struct sipdialer *d);
/** Look for campaigns to run or stop, now. */
void sipd_watch_scan(struct sipdialer *d);

#endif
