/**
 * @file api/runner.c  Running campaigns: from a due contact to its INVITE
 *
 * Capacity (slot, pacers) is taken before the intent is written, and given
 * back when the result is stored, so that no limit is ever passed.  The INVITE
 * leaves right after the intent is durable; a second pacer there evens out
 * commits of unequal length.
 */
#include "api/runner.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "base/words.h"

enum {
	FETCH_RETRY_MS = 1000,  /* after a store that did not answer well */
	FETCH_MAX_MS = 30000,   /* look again: the wall clock may have moved */
	PROGRESS_MS = 250
};


struct sipd_run *sipd_run_find(struct sipdialer *d, uint64_t campaign)
{
	struct sipd_run *run = d->runs;

	while (run && run->campaign != campaign)
		run = run->next;

	return run;
}


static void run_free(struct sipd_run *run)
{
	struct sipd_run **at = &run->d->runs;

	while (*at != run)
		at = &(*at)->next;
	*at = run->next;

	sipd_timer_cancel(&run->timer);
	sipd_timer_cancel(&run->progress);
	while (run->count) {
		sipd_contact_row_free(&run->queue[run->head]);
		run->head = (run->head + 1) % SIPD_RUN_QUEUE;
		--run->count;
	}
	if (run->prompt)
		sipd_prompt_unref(run->prompt);
	sipd_options_close(&run->options);
	free(run->last);
	free(run);
}


/* true: it is gone */
static bool end_if_idle(struct sipd_run *run)
{
	struct sipdialer *d = run->d;

	if (!run->ending || run->under_way || run->fetching || run->loading ||
	    run->finishing || run->progress_busy)
		return false;

	run_free(run);
	if (d->stopping)
		sipd_engine_stop_step(d);
	else
		sipd_watch_scan(d); /* it may have been started again */

	return true;
}


/* ---- status and progress ------------------------------------------------ */

void sipd_run_event(struct sipdialer_event *ev,
		    const struct sipd_campaign_row *row)
{
	const struct sipd_campaign_counts *c = &row->counts;

	ev->campaign = row->id;
	ev->status = row->status;
	ev->text = row->name;
	ev->total = c->total;
	ev->pending = c->pending;
	ev->active = c->in_progress;
	ev->completed = c->completed;
	ev->failed = c->failed;
	ev->other = c->dnc + c->skipped + c->interrupted;
	ev->attempts = c->attempts;
	ev->by_disposition = c->by_disposition;
	ev->by_disposition_len =
		sizeof(c->by_disposition) / sizeof(c->by_disposition[0]);
	ev->next_ms = -1;
	if (c->next_due_ms >= 0) {
		const int64_t now = sipd_wall_ms();

		ev->next_ms = c->next_due_ms > now ? c->next_due_ms - now : 0;
	}
}


/* A question to the store about the campaign, and perhaps a change. */
struct inquiry {
	struct sipd_job job;       /* first member */
	struct sipd_run *run;
	enum { ASK, COMPLETE, PAUSE } what;
	struct sipd_campaign_row row;
	int err;
	char why[SIPD_ERROR_SIZE];
};


static void inquiry_run(struct sipd_job *job)
{
	struct inquiry *q = (struct inquiry *)(void *)job;
	const uint64_t id = q->run->campaign;
	bool more;

	sipd_campaign_row_free(&q->row);
	q->err = SIPDIALER_OK;
	if (q->what == COMPLETE)
		q->err = sipd_store_campaign_set(job->store, id,
						 SIPDIALER_CAMPAIGN_RUNNING,
						 SIPDIALER_CAMPAIGN_COMPLETED,
						 &more);
	else if (q->what == PAUSE)
		q->err = sipd_store_campaign_set(job->store, id,
						 SIPDIALER_CAMPAIGN_RUNNING,
						 SIPDIALER_CAMPAIGN_PAUSED,
						 &more);
	if (!q->err || q->err == SIPDIALER_ESTATE)
		q->err = sipd_store_campaign_get(job->store, id, true,
						 &q->row);
	if (q->err == SIPDIALER_EIO)
		job->err = SIPDIALER_EIO;
}


static void inquire(struct inquiry *q, struct sipd_run *run, int what,
		    sipd_job_h *done, const char *why)
{
	q->job.run = inquiry_run;
	q->job.done = done;
	q->job.store = run->d->store;
	q->run = run;
	q->what = what;
	(void)sipd_strcpy(q->why, sizeof(q->why), why);
	sipd_disk_post(run->d->disk, &q->job);
}


static void tell(struct sipd_run *run, const struct inquiry *q, int type)
{
	struct sipdialer_event ev = sipd_engine_event(type);

	sipd_run_event(&ev, &q->row);
	ev.active = run->calling;
	if (q->why[0]) {
		ev.reason = q->why;
		ev.error = SIPDIALER_EIO;
	}
	sipd_event_push(run->d->events, &ev);
}


static void inquiry_free(struct inquiry *q)
{
	sipd_campaign_row_free(&q->row);
	free(q);
}


static void progress_handler(void *arg);


static void progress_done(struct sipd_job *job)
{
	struct inquiry *q = (struct inquiry *)(void *)job;
	struct sipd_run *run = q->run;

	run->progress_busy = false;
	if (!job->err && !q->err)
		tell(run, q, SIPDIALER_EVENT_CAMPAIGN_PROGRESS);
	inquiry_free(q);

	if (!end_if_idle(run))
		sipd_timer_start(&run->progress, PROGRESS_MS, progress_handler,
				 run);
}


static void progress_handler(void *arg)
{
	struct sipd_run *run = arg;
	struct inquiry *q = run->progress_wanted ? calloc(1, sizeof(*q))
						 : NULL;

	if (!q) {
		if (!run->ending)
			sipd_timer_start(&run->progress, PROGRESS_MS,
					 progress_handler, run);
		return;
	}

	run->progress_wanted = false;
	run->progress_busy = true;
	inquire(q, run, ASK, progress_done, "");
}


static void finish_done(struct sipd_job *job)
{
	struct inquiry *q = (struct inquiry *)(void *)job;
	struct sipd_run *run = q->run;

	run->finishing = false;
	if (!job->err && !q->err)
		tell(run, q, SIPDIALER_EVENT_CAMPAIGN_STATUS);
	if (!q->err && q->row.status == SIPDIALER_CAMPAIGN_CANCELLED)
		sipd_calls_give_up(run->d, run, "campaign cancelled");
	inquiry_free(q);
	sipd_run_close(run);
}


static void finish(struct sipd_run *run, int what, const char *why)
{
	run->active = false;
	if (run->finishing || !run->last)
		return;

	run->finishing = true;
	inquire(run->last, run, what, finish_done, why);
	run->last = NULL;
}


/* ---- contacts that are due ----------------------------------------------- */

struct fetch {
	struct sipd_job job;       /* first member */
	struct sipd_run *run;
	int64_t now_ms;
	struct sipd_contact_row rows[SIPD_RUN_QUEUE];
	size_t count;
	struct sipd_campaign_row row; /* with counts if nothing is due */
	int err;
};


static void fetch_clear(struct fetch *f)
{
	for (size_t i = 0; i < f->count; i++)
		sipd_contact_row_free(&f->rows[i]);
	f->count = 0;
	sipd_campaign_row_free(&f->row);
}


static void fetch_run(struct sipd_job *job)
{
	struct fetch *f = (struct fetch *)(void *)job;

	fetch_clear(f);
	f->err = sipd_store_contact_due(job->store, f->run->campaign,
					f->now_ms, f->rows, SIPD_RUN_QUEUE,
					&f->count);
	if (!f->err && !f->count)
		f->err = sipd_store_campaign_get(job->store, f->run->campaign,
						 true, &f->row);
	if (f->err == SIPDIALER_EIO)
		job->err = SIPDIALER_EIO;
}


static bool queued(const struct sipd_run *run, uint64_t contact)
{
	for (size_t i = 0; i < run->count; i++)
		if (run->queue[(run->head + i) % SIPD_RUN_QUEUE].id == contact)
			return true;

	return false;
}


/* Contacts read but not yet claimed are still "due" to the store; one claimed
 * while the answer was on its way is refused at its intent. */
static size_t take_rows(struct sipd_run *run, struct fetch *f)
{
	size_t taken = 0;

	for (size_t i = 0; i < f->count; i++) {
		struct sipd_contact_row *row = &f->rows[i];

		if (run->count == SIPD_RUN_QUEUE || queued(run, row->id))
			continue;

		run->queue[(run->head + run->count) % SIPD_RUN_QUEUE] = *row;
		*row = (struct sipd_contact_row){0}; /* moved */
		++run->count;
		++taken;
	}

	return taken;
}


/* Nothing is due: done for good, or look again later. */
static void nothing_due(struct sipd_run *run, const struct fetch *f)
{
	const struct sipd_campaign_counts *c = &f->row.counts;
	const uint64_t now = sipd_clock_ms();
	int64_t wait = FETCH_MAX_MS;

	if (!c->pending && !run->under_way && !run->count) {
		finish(run, COMPLETE, "");
		return;
	}

	if (c->pending && c->next_due_ms >= 0) {
		wait = c->next_due_ms - sipd_wall_ms();
		if (wait > FETCH_MAX_MS)
			wait = FETCH_MAX_MS;
		if (wait < 1)
			wait = 1;
	}

	run->fetch_at = now + (uint64_t)wait;
}


static void fetch_done(struct sipd_job *job)
{
	struct fetch *f = (struct fetch *)(void *)job;
	struct sipd_run *run = f->run;

	run->fetching = false;
	if (job->err || f->err)
		run->fetch_at = sipd_clock_ms() + FETCH_RETRY_MS;
	else if (take_rows(run, f))
		run->fetch_at = 0;
	else if (f->count)
		run->fetch_at = sipd_clock_ms() + 1; /* all in the queue */
	else if (run->active)
		nothing_due(run, f);

	fetch_clear(f);
	free(f);
	if (!end_if_idle(run))
		sipd_run_pump(run);
}


static void fetch(struct sipd_run *run)
{
	struct fetch *f = calloc(1, sizeof(*f));

	if (!f) {
		run->fetch_at = sipd_clock_ms() + FETCH_RETRY_MS;
		return;
	}

	f->job.run = fetch_run;
	f->job.done = fetch_done;
	f->job.store = run->d->store;
	f->run = run;
	f->now_ms = sipd_wall_ms();
	run->fetching = true;
	sipd_disk_post(run->d->disk, &f->job);
}


/* ---- intent -------------------------------------------------------------- */

static struct sipd_dialed *from_job(struct sipd_job *job)
{
	return (struct sipd_dialed *)(void *)
		((char *)job - offsetof(struct sipd_dialed, job));
}


static void intent_run(struct sipd_job *job)
{
	struct sipd_dialed *dialed = from_job(job);
	const struct sipd_intent in = {
		.call = dialed->id,
		.campaign = dialed->contact.campaign,
		.contact = dialed->contact.id,
		.attempt = dialed->attempt,
		.time_ms = sipd_wall_ms(),
		.number = dialed->to,
		.decision = dialed->decision,
	};

	dialed->dnc = false;
	dialed->err = sipd_store_intent(job->store, &in, &dialed->dnc);
	if (dialed->err == SIPDIALER_EIO)
		job->err = SIPDIALER_EIO;
}


static void send_ready(struct sipd_run *run);


static void timer_handler(void *arg)
{
	struct sipd_run *run = arg;

	send_ready(run);
	sipd_run_pump(run);
}


static void wake_in(struct sipd_run *run, uint64_t us)
{
	const uint64_t at = us == UINT64_MAX ? us : sipd_clock_us() + us;

	if (us == UINT64_MAX ||
	    (sipd_timer_running(&run->timer) && run->wake_at <= at))
		return;

	run->wake_at = at;
	sipd_timer_start(&run->timer, us / 1000 + 1, timer_handler, run);
}


/* Not to be dialed after all: give everything back. */
static void give_back(struct sipd_run *run, struct sipd_dialed *dialed)
{
	sipd_dialed_drop(dialed);
	sipd_pacer_release(&run->pacer);
	--run->under_way;
	sipd_engine_slot_release(run->d);
}


static void intent_done(struct sipd_job *job)
{
	struct sipd_dialed *dialed = from_job(job);
	struct sipd_run *run = dialed->run;

	if (job->err || dialed->err || dialed->dnc) {
		if (dialed->err && dialed->err != SIPDIALER_ESTATE)
			sipd_log_warning(&run->d->log, "contact %llu: not "
					 "dialed: %s", (unsigned long long)
					 dialed->contact.id,
					 sipdialer_strerror(dialed->err));
		run->fetch_at = 0;
		run->progress_wanted = true;
		give_back(run, dialed);
		if (!end_if_idle(run))
			sipd_run_pump(run);
		return;
	}

	dialed->next = NULL;
	*run->ready_tail = dialed;
	run->ready_tail = &dialed->next;
	send_ready(run);
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


/* Slot and pacer are taken. */
static bool claim(struct sipd_run *run)
{
	struct sipdialer *d = run->d;
	struct sipd_contact_row *row = &run->queue[run->head];
	struct sipd_dialed *dialed;

	if (sipd_dialed_new(&dialed, d, row->number)) {
		sipd_pacer_release(&run->pacer);
		atomic_fetch_sub(&d->slots, 1);
		wake_in(run, FETCH_RETRY_MS * 1000);
		return false;
	}

	++d->open_calls;
	++run->under_way;
	dialed->run = run;
	dialed->contact = *row;
	dialed->attempt = row->attempts + 1;
	*row = (struct sipd_contact_row){0}; /* moved */
	run->head = (run->head + 1) % SIPD_RUN_QUEUE;
	--run->count;

	dialed->denied = !decide(run, dialed);
	dialed->job = (struct sipd_job){
		.run = intent_run, .done = intent_done, .store = d->store,
	};
	sipd_disk_post(d->disk, &dialed->job);

	return true;
}


/* ---- INVITE -------------------------------------------------------------- */

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


static void send_one(struct sipd_run *run, struct sipd_dialed *dialed)
{
	struct sipd_call_conf conf = run->conf;
	char file[4200];

	conf.prompt = run->prompt;
	conf.play = "";
	conf.record = recording(run, dialed->id, file, sizeof(file));
	++run->calling;
	run->progress_wanted = true;
	sipd_dialed_start(dialed, &conf);
}


/* dial.calls_per_second of the engine may change while it runs */
static void refresh_rate(struct sipdialer *d)
{
	const double cps = atomic_load(&d->cps);

	if (cps == d->sends_cps)
		return;

	d->sends_cps = cps;
	sipd_pacer_init(&d->sends, cps, UINT32_MAX);
}


static void send_ready(struct sipd_run *run)
{
	refresh_rate(run->d);

	while (run->ready) {
		struct sipd_dialed *dialed = run->ready;
		const uint64_t now = sipd_clock_us();
		const uint64_t own = sipd_pacer_wait(&run->sends, now);
		const uint64_t all = sipd_pacer_wait(&run->d->sends, now);

		/* when stopping, sipd_dialed_start() sends nothing */
		if (!run->d->stopping && (own || all)) {
			wake_in(run, own > all ? own : all);
			return;
		}

		(void)sipd_pacer_take(&run->sends, now);
		(void)sipd_pacer_take(&run->d->sends, now);
		sipd_pacer_release(&run->sends);
		sipd_pacer_release(&run->d->sends);

		run->ready = dialed->next;
		if (!run->ready)
			run->ready_tail = &run->ready;
		send_one(run, dialed);
	}
}


void sipd_run_pump(struct sipd_run *run)
{
	struct sipdialer *d = run->d;

	while (run->active && run->count && !d->store_failing) {
		const uint64_t now = sipd_clock_us();
		const uint64_t wait = sipd_pacer_wait(&run->pacer, now);

		if (wait) {
			wake_in(run, wait);
			break;
		}
		if (!sipd_engine_slot_take(d))
			break; /* a release pumps again */
		if (!sipd_pacer_take(&run->pacer, now)) {
			atomic_fetch_sub(&d->slots, 1);
			break;
		}
		if (!claim(run))
			break; /* the host lags behind with its events */
	}

	if (run->active && run->count < SIPD_RUN_LOW && !run->fetching) {
		const uint64_t now = sipd_clock_ms();

		if (run->fetch_at <= now)
			fetch(run);
		/* later, or without memory again */
		if (!run->fetching && run->fetch_at != UINT64_MAX)
			wake_in(run, (run->fetch_at - now) * 1000);
	}
}


void sipd_run_pump_all(struct sipdialer *d)
{
	for (struct sipd_run *run = d->runs; run; run = run->next)
		sipd_run_pump(run);
}


/* ---- results ------------------------------------------------------------- */

void sipd_run_result(struct sipd_run *run, const struct sipd_dialed *dialed,
		     const struct sipd_call_record *rec,
		     struct sipd_result *result)
{
	uint64_t delay_ms = 0;

	result->campaign = dialed->contact.campaign;
	result->contact = dialed->contact.id;
	result->attempt = dialed->attempt;
	result->contact_status =
		sipd_retry_next(&run->retry, dialed->attempt, rec->disposition,
				rec->outcome.retry_after_s, &delay_ms);
	result->due_ms = rec->end_ms + (int64_t)delay_ms;
}


void sipd_run_call_over(struct sipd_run *run, int contact_status,
			int64_t due_ms)
{
	const uint64_t now = sipd_clock_ms();
	uint64_t at = 0;

	sipd_pacer_release(&run->pacer);
	--run->under_way;
	--run->calling;
	run->progress_wanted = true;

	if (contact_status == SIPDIALER_CONTACT_PENDING) {
		const int64_t wait = due_ms - sipd_wall_ms();

		at = now + (uint64_t)(wait > 1 ? wait : 1);
	}
	/* the last one may complete the campaign; a retry may be the next */
	if ((at && at < run->fetch_at) || !run->under_way)
		run->fetch_at = run->under_way ? at : 0;
	sipd_timer_cancel(&run->timer);

	if (!end_if_idle(run)) {
		send_ready(run);
		sipd_run_pump(run);
	}
}


/* ---- beginning and end ---------------------------------------------------- */

static void activate(struct sipd_run *run)
{
	run->active = !run->ending;
	sipd_run_pump(run);
}


static void prompt_handler(struct sipd_prompt *prompt, int error,
			   const char *text, void *arg)
{
	struct sipd_run *run = arg;

	run->loading = false;
	run->prompt = prompt;
	if (end_if_idle(run))
		return;

	if (prompt) {
		activate(run);
		return;
	}

	(void)error;
	finish(run, PAUSE, text);
}


static int prepare(struct sipd_run *run, const char *lines)
{
	struct sipd_options *o = &run->options;
	struct sipdialer *d = run->d;
	int err;

	(void)pthread_mutex_lock(&d->lock);
	err = sipd_options_copy(o, &d->options);
	(void)pthread_mutex_unlock(&d->lock);
	if (!err && lines)
		err = sipd_options_from_lines(o, lines, SIPD_SCOPE_CAMPAIGN);
	if (err)
		return err;

	sipd_calls_conf(o, &run->conf);
	if (!sipd_opt_is_set(o, SIPD_OPT_CALL_HANGUP_AFTER_PLAY))
		run->conf.hangup_after_play = true;
	sipd_pacer_init(&run->pacer,
			sipd_opt_num(o, SIPD_OPT_DIAL_CALLS_PER_SECOND),
			(uint32_t)sipd_opt_int(o, SIPD_OPT_DIAL_MAX_CALLS));
	sipd_pacer_init(&run->sends, run->pacer.cps, UINT32_MAX);
	sipd_retry_init(&run->retry,
			(uint32_t)sipd_opt_int(o, SIPD_OPT_DIAL_RETRIES),
			(uint32_t)(sipd_opt_ms(o, SIPD_OPT_DIAL_RETRY_DELAY) /
				   1000));

	return sipd_retry_parse(&run->retry,
				sipd_opt_str(o, SIPD_OPT_DIAL_RETRY_RULES));
}


bool sipd_run_open(struct sipdialer *d, const struct sipd_campaign_row *row)
{
	struct sipd_run *run = calloc(1, sizeof(*run));
	int err;

	if (run)
		run->last = calloc(1, sizeof(*run->last));
	if (!run || !run->last) {
		sipd_log_error(&d->log, "no memory for a campaign");
		free(run);
		return false;
	}

	run->d = d;
	run->campaign = row->id;
	run->ready_tail = &run->ready;
	run->next = d->runs;
	d->runs = run;
	sipd_options_init(&run->options);

	err = prepare(run, row->options);
	if (err) {
		finish(run, PAUSE, sipd_error_text());
		return true;
	}

	sipd_timer_start(&run->progress, PROGRESS_MS, progress_handler, run);
	if (!*run->conf.play) {
		activate(run);
		return true;
	}

	run->loading = !sipd_prompts_load(d->prompts, run->conf.play,
					  prompt_handler, run);
	if (!run->loading)
		finish(run, PAUSE, sipd_error_text());

	return true;
}


/* By another process: the host hears of it like of its own verbs. */
void sipd_run_changed(struct sipd_run *run)
{
	if (!run->ending)
		finish(run, ASK, "");
}


void sipd_run_close(struct sipd_run *run)
{
	run->active = false;
	run->ending = true;
	send_ready(run);
	(void)end_if_idle(run);
}
