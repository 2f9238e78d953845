/**
 * @file api/dial.c  From a due contact to its INVITE
 *
 * Capacity (slot, pacers) is taken before the intent is written, and given
 * back when the result is stored, so that no limit is ever passed.  The INVITE
 * leaves right after the intent is durable; a second pacer there evens out
 * commits of unequal length.  Campaigns that share a limit take turns.
 */
#include "api/runner.h"

#include <stddef.h>
#include <stdio.h>
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"

enum { EVENTS_RETRY_US = 1000000 }; /* the host lags behind with its events */

enum {
	DEAD_CALLS = 3,  /* in a row without any answer: the server is away */
	DEAD_WAIT_S = 60 /* at most, between two tries */
};


/* ---- time ---------------------------------------------------------------- */

static void timer_handler(void *arg)
{
	struct sipd_run *run = arg;

	sipd_run_pump_all(run->d);
}


void sipd_run_wake_in(struct sipd_run *run, uint64_t us)
{
	const uint64_t at = us == UINT64_MAX ? us : sipd_clock_us() + us;

	if (us == UINT64_MAX ||
	    (sipd_timer_running(&run->timer) && run->wake_at <= at))
		return;

	run->wake_at = at;
	sipd_timer_start(&run->timer, us / 1000 + 1, timer_handler, run);
}


/* Limits of the engine may change while it runs. */
static void refresh_limits(struct sipdialer *d)
{
	const double cps = atomic_load(&d->cps);
	const unsigned max = atomic_load(&d->max_calls);
	const uint64_t now = sipd_clock_us();

	for (struct sipd_run *run = d->runs; run; run = run->next) {
		if (!run->own_calls)
			run->pacer.max_calls = max;
		if (!run->own_cps && run->pacer.cps != cps) {
			sipd_pacer_rate(&run->pacer, cps, now);
			sipd_pacer_rate(&run->sends, cps, now);
		}
	}

	if (cps != d->sends_cps) {
		sipd_pacer_rate(&d->claims, cps, now);
		sipd_pacer_rate(&d->sends, cps, now);
		d->sends_cps = cps;
	}
}


/* us until both have room */
static uint64_t wait_for(const struct sipd_pacer *own,
			 const struct sipd_pacer *all)
{
	const uint64_t now = sipd_clock_us();
	const uint64_t a = sipd_pacer_wait(own, now);
	const uint64_t b = sipd_pacer_wait(all, now);

	return a > b ? a : b;
}


/* Only paced by: the number at once is counted elsewhere. */
static void pace(struct sipd_pacer *p)
{
	(void)sipd_pacer_take(p, sipd_clock_us());
	sipd_pacer_release(p);
}


/* ---- intent -------------------------------------------------------------- */

static struct sipd_intent intent_of(const struct sipd_dialed *dialed)
{
	return (struct sipd_intent){
		.call = dialed->id,
		.campaign = dialed->contact.campaign,
		.contact = dialed->contact.id,
		.attempt = dialed->attempt,
		.time_ms = sipd_wall_ms(),
		.number = dialed->to,
		.decision = dialed->decision,
	};
}


static void intent_run(struct sipd_job *job)
{
	struct sipd_dialed *dialed = sipd_dialed_of(job);
	const struct sipd_intent in = intent_of(dialed);

	dialed->dnc = false;
	dialed->err = sipd_store_intent(job->store, &in, &dialed->dnc);
	if (dialed->err == SIPDIALER_EIO)
		job->err = SIPDIALER_EIO;
}


/* Not to be dialed after all: give everything back. */
static void give_back(struct sipd_dialed *dialed)
{
	struct sipd_run *run = dialed->run;
	struct sipdialer *d = run->d;

	(void)sipd_idmap_remove(&run->busy, dialed->contact.id);
	sipd_dialed_drop(dialed);
	sipd_pacer_release(&run->pacer);
	sipd_engine_slot_release(d);
	--run->under_way;
	run->fetch_at = 0;
	run->progress_wanted = true;

	(void)sipd_run_end_if_idle(run);
	sipd_run_pump_all(d);
	sipd_engine_step(d);
}


static void intent_done(struct sipd_job *job)
{
	struct sipd_dialed *dialed = sipd_dialed_of(job);
	struct sipd_run *run = dialed->run;

	if (job->err || dialed->err || dialed->dnc) {
		if (dialed->err && dialed->err != SIPDIALER_ESTATE)
			sipd_log_warning(
				&run->d->log, "contact %llu: not dialed: %s",
				(unsigned long long)dialed->contact.id,
				sipdialer_strerror(dialed->err));
		give_back(dialed);
		return;
	}

	dialed->next = NULL;
	*run->ready_tail = dialed;
	run->ready_tail = &dialed->next;
	sipd_run_pump_all(run->d);
}


/* The gates before an attempt; its record is stored with the intent. */
static bool decide(struct sipd_run *run, struct sipd_dialed *dialed)
{
	const struct sipd_policy_in in = {
		.number = dialed->to,
		.attempt = dialed->attempt,
		.max_attempts = run->retry.max_attempts,
		.campaign_status = SIPDIALER_CAMPAIGN_RUNNING,
		.active = run->pacer.active,
		.max_calls = run->pacer.max_calls,
		.cps = run->pacer.cps,
		.now_ms = sipd_wall_ms(),
	};
	struct sipd_policy_out out;

	sipd_policy_check(&in, &out);
	(void)sipd_strcpy(dialed->decision, sizeof(dialed->decision),
			  out.record);

	return out.allow;
}


static bool dialed_new(struct sipd_run *run, struct sipd_dialed **dp)
{
	const struct sipd_contact_row *row = &run->queue[run->head];
	const struct sipd_hostaudio_conf audio =
		sipd_audio_conf(run->d, &run->options);
	struct sipd_dialed *dialed;

	if (sipd_dialed_new(&dialed, run->d, row->number, &audio))
		return false;

	++run->d->open_calls;
	if (!sipd_idmap_put(&run->busy, row->id, run)) {
		sipd_dialed_drop(dialed);
		return false;
	}

	*dp = dialed;

	return true;
}


/* Slot and pacer are taken. */
static bool claim(struct sipd_run *run)
{
	struct sipd_contact_row *row = &run->queue[run->head];
	struct sipd_dialed *dialed;

	if (!dialed_new(run, &dialed))
		return false;

	++run->under_way;
	dialed->run = run;
	dialed->account = sipd_account_use(run->account);
	dialed->contact = *row;
	dialed->attempt = row->attempts + 1;
	*row = (struct sipd_contact_row){0}; /* moved */
	run->head = (run->head + 1) % SIPD_RUN_QUEUE;
	if (!--run->count)
		run->fetch_at = 0;

	dialed->denied = !decide(run, dialed);
	dialed->job = (struct sipd_job){
		.run = intent_run,
		.done = intent_done,
		.store = run->d->store,
	};
	sipd_disk_post(run->d->disk, &dialed->job);

	return true;
}


static bool may_dial(const struct sipd_run *run)
{
	const struct sipdialer *d = run->d;
	const struct sipd_account *acc = run->account ? run->account : &d->own;

	return !d->stopping && (acc->registered || !acc->registers) &&
	       (acc->dead < DEAD_CALLS || sipd_clock_ms() >= acc->dead_until);
}


static bool claim_step(struct sipd_run *run)
{
	struct sipdialer *d = run->d;
	uint64_t wait;

	if (!run->active || !run->count || d->store_failing || !may_dial(run))
		return false;

	wait = wait_for(&run->pacer, &d->claims);
	if (wait) {
		sipd_run_wake_in(run, wait);
		return false;
	}
	if (!sipd_engine_slot_take(d))
		return false; /* a release pumps again */

	(void)sipd_pacer_take(&run->pacer, sipd_clock_us());
	pace(&d->claims);
	if (claim(run))
		return true;

	sipd_pacer_release(&run->pacer);
	sipd_engine_slot_release(d);
	sipd_run_wake_in(run, EVENTS_RETRY_US);

	return false;
}


/* ---- INVITE -------------------------------------------------------------- */

static void sent(struct sipd_dialed *dialed)
{
	const uint64_t now = sipd_clock_us();

	sipd_pacer_sent(&dialed->run->sends, now);
	sipd_pacer_sent(&dialed->d->sends, now);
}


static void undo_run(struct sipd_job *job)
{
	struct sipd_dialed *dialed = sipd_dialed_of(job);
	const struct sipd_intent in = intent_of(dialed);

	dialed->err = sipd_store_intent_undo(job->store, &in);
	if (dialed->err == SIPDIALER_EIO)
		job->err = SIPDIALER_EIO;
}


static void undo_done(struct sipd_job *job)
{
	struct sipd_dialed *dialed = sipd_dialed_of(job);

	if (job->err || dialed->err)
		sipd_log_error(&dialed->d->log,
			       "contact %llu: it was not dialed, but counts "
			       "as such (%s)",
			       (unsigned long long)dialed->contact.id,
			       sipdialer_strerror(job->err ? job->err
							   : dialed->err));
	give_back(dialed);
}


/* Paused, cancelled or stopped after the intent: nobody was called. */
static void take_back(struct sipd_dialed *dialed)
{
	dialed->job = (struct sipd_job){
		.run = undo_run,
		.done = undo_done,
		.store = dialed->d->store,
	};
	sipd_disk_post(dialed->d->disk, &dialed->job);
}


/* Stopped or paused in the very turn before its INVITE. */
static bool unsent(struct sipd_dialed *dialed)
{
	if (!dialed->d->stopping && !dialed->run->ending)
		return false;

	--dialed->run->calling;
	take_back(dialed);

	return true;
}


/* A server that answers nothing must not use up the contacts: campaigns wait,
 * and try one call after 1, 2, 4 ... 60 s, until something answers. */
static void note_life(const struct sipd_dialed *dialed,
		      const struct sipd_outcome *o)
{
	struct sipdialer *d = dialed->d;
	struct sipd_account *acc = dialed->account ? dialed->account : &d->own;
	const bool dead = o->error == SIPDIALER_ENET && !o->sip_status &&
			  !o->ringing;
	uint32_t wait_s;

	if (!dead && !o->sip_status)
		return; /* nothing was sent: says nothing about the server */
	if (!dead) {
		if (acc->dead >= DEAD_CALLS)
			sipd_log_warning(&d->log, "the server answers again: "
						  "campaigns go on");
		acc->dead = 0;
		return;
	}

	if (++acc->dead < DEAD_CALLS)
		return;
	if (acc->dead == DEAD_CALLS)
		sipd_log_warning(&d->log,
				 "%d calls in a row got no answer "
				 "from the network: campaigns wait",
				 DEAD_CALLS);
	wait_s = acc->dead - DEAD_CALLS > 5 ? DEAD_WAIT_S
					    : 1U << (acc->dead - DEAD_CALLS);
	acc->dead_until = sipd_clock_ms() + (uint64_t)wait_s * 1000;
}


static void result(const struct sipd_dialed *dialed,
		   const struct sipd_call_record *rec, struct sipd_result *r)
{
	const struct sipd_outcome *o = &rec->outcome;
	enum sipdialer_disposition d = rec->disposition;
	uint64_t delay_ms = 0;

	/* nobody was reached for want of a network: as good as congestion */
	if (d == SIPDIALER_DISPOSITION_FAILED && o->error == SIPDIALER_ENET &&
	    !o->sip_status)
		d = SIPDIALER_DISPOSITION_CONGESTION;

	note_life(dialed, o);
	r->campaign = dialed->contact.campaign;
	r->contact = dialed->contact.id;
	r->attempt = dialed->attempt;
	r->contact_status = sipd_retry_next(&dialed->run->retry,
					    dialed->attempt, d,
					    o->retry_after_s, &delay_ms);
	r->due_ms = rec->end_ms + (int64_t)delay_ms;
}


static void over(const struct sipd_dialed *dialed)
{
	const struct sipd_result *r = &dialed->result;
	struct sipd_run *run = dialed->run;
	uint64_t at = UINT64_MAX;

	(void)sipd_idmap_remove(&run->busy, dialed->contact.id);
	sipd_pacer_release(&run->pacer);
	--run->under_way;
	--run->calling;
	run->progress_wanted = true;

	if (r->contact_status == SIPDIALER_CONTACT_PENDING) {
		const int64_t wait = r->due_ms - sipd_wall_ms();

		at = sipd_clock_ms() + (uint64_t)(wait > 1 ? wait : 1);
	}
	if (!run->under_way)
		at = 0; /* it may be complete */
	if (at < run->fetch_at)
		run->fetch_at = at;

	(void)sipd_run_end_if_idle(run);
}


static const struct sipd_dialed_owner owner = {
	.sent = sent,
	.unsent = unsent,
	.result = result,
	.over = over,
};


/* "dir/" and the call's id: a campaign records each call to its own file. */
static const char *recording(const struct sipd_run *run, uint64_t call,
			     char *buf, size_t size)
{
	const char *dir = run->conf.record;

	if (!*dir)
		return "";

	(void)snprintf(buf, size, "%s/call-%llu.wav", dir,
		       (unsigned long long)call);

	return buf;
}


static void send_invite(struct sipd_run *run, struct sipd_dialed *dialed)
{
	struct sipd_call_conf conf = run->conf;
	char file[4200];

	conf.prompt = run->prompt;
	conf.amd.prompt = run->message;
	conf.play = "";
	conf.record = recording(run, dialed->id, file, sizeof(file));
	conf.campaign = dialed->contact.campaign;
	conf.contact = dialed->contact.id;
	++run->calling;
	run->progress_wanted = true;
	dialed->owner = &owner;
	sipd_dialed_start(dialed, &conf);
}


static bool send_step(struct sipd_run *run)
{
	struct sipdialer *d = run->d;
	struct sipd_dialed *dialed = run->ready;
	uint64_t wait;

	if (!dialed)
		return false;

	if (!run->ending && !d->stopping) {
		if (!may_dial(run))
			return false;
		wait = wait_for(&run->sends, &d->sends);
		if (wait) {
			sipd_run_wake_in(run, wait);
			return false;
		}
	}

	run->ready = dialed->next;
	if (!run->ready)
		run->ready_tail = &run->ready;

	if (run->ending || d->stopping) {
		take_back(dialed);
		return true;
	}

	pace(&run->sends);
	pace(&d->sends);
	send_invite(run, dialed);

	return true;
}


/* ---- turns --------------------------------------------------------------- */

/* One step each until none can; the next time goes on behind the last one that
 * could. */
static void in_turn(struct sipdialer *d, struct sipd_run **turn,
		    bool (*step)(struct sipd_run *run))
{
	struct sipd_run *run = *turn ? *turn : d->runs;
	struct sipd_run *idle = NULL; /* the first since somebody could */

	while (run && run != idle) {
		if (step(run))
			idle = NULL;
		else if (!idle)
			idle = run;
		run = run->next ? run->next : d->runs;
	}

	*turn = run;
}


void sipd_run_pump_all(struct sipdialer *d)
{
	if (!d->runs)
		return;

	refresh_limits(d);
	in_turn(d, &d->send_turn, send_step);
	in_turn(d, &d->claim_turn, claim_step);
	for (struct sipd_run *run = d->runs; run; run = run->next)
		sipd_run_fetch(run);
}
