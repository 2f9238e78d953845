/**
 * @file api/runner.h  Running campaigns: store, pacer and calls joined
 *
 * A contact goes: store (due) -> queue -> pacer and policy -> intent (durable)
 * -> INVITE -> result (durable) -> event.
 */
#ifndef SIPD_API_RUNNER_H
#define SIPD_API_RUNNER_H

#include "api/calls.h"

enum {
	SIPD_RUN_QUEUE = 512, /* contacts read ahead */
	SIPD_RUN_LOW = 128    /* read more below this */
};

struct sipd_run {
	struct sipd_run *next;
	struct sipdialer *d;
	uint64_t campaign;
	bool active;          /* may dial: running, prompt there */
	bool ending;          /* to be freed when nothing is under way */
	bool finishing;       /* complete or pause job under way */
	struct inquiry *last; /* that job: the end needs no memory */

	struct sipd_account *account; /* NULL: the engine's own */
	struct sipd_options options;  /* engine's with the campaign's on top */
	struct sipd_call_conf conf;   /* made of them */
	bool own_cps, own_calls;      /* of the campaign, not the engine's */
	struct sipd_retry retry;
	struct sipd_prompt *prompt, *message; /* call.play, amd.message */
	bool loading;

	struct sipd_pacer pacer; /* at the intent */
	struct sipd_pacer sends; /* at the INVITE: commits take unequal time */
	struct sipd_contact_row queue[SIPD_RUN_QUEUE];
	size_t head, count;
	struct sipd_idmap busy; /* contact id -> run, from claim to result */
	struct sipd_dialed *ready, **ready_tail;
	uint32_t under_way; /* intents, ready ones, calls, results */
	uint32_t calling;   /* of them, INVITE sent and not over */

	bool fetching;
	uint64_t fetch_at;       /* monotonic ms */
	struct sipd_timer timer; /* pump again */
	uint64_t wake_at;        /* when that is, monotonic us */
	struct sipd_timer progress;
	bool progress_wanted, progress_busy;
};

/** Take up a campaign that is running in the store; false: no memory. */
bool sipd_run_open(struct sipdialer *d, const struct sipd_campaign_row *row);
struct sipd_run *sipd_run_find(struct sipdialer *d, uint64_t campaign);
/** Somebody else paused, cancelled or ended it: tell the host, then stop. */
void sipd_run_changed(struct sipd_run *run);
/** Stop dialing; gone when nothing is under way any more. */
void sipd_run_close(struct sipd_run *run);
/** Started again before it was gone. */
void sipd_run_resume(struct sipd_run *run);
/** Dial what may be dialed, each campaign in its turn.  Frees none. */
void sipd_run_pump_all(struct sipdialer *d);
/** The campaign, if it runs, has more contacts. */
void sipd_run_new_contacts(struct sipdialer *d, uint64_t campaign);

/* Shared by runner.c, due.c and dial.c; nobody else. */

/** true: it is gone. */
bool sipd_run_end_if_idle(struct sipd_run *run);
/** Nothing is left to dial: completed, if the store says so, too. */
void sipd_run_complete(struct sipd_run *run);
/** Look for due contacts, if it is time. */
void sipd_run_fetch(struct sipd_run *run);
/** Pump again in so many us at the latest; UINT64_MAX: when told. */
void sipd_run_wake_in(struct sipd_run *run, uint64_t us);

#endif
