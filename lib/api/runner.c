/**
 * @file api/runner.c  Life of a running campaign: begin, progress, end
 */
#include "api/runner.h"

#include <stdlib.h>
#include "api/amd.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "base/words.h"

enum { PROGRESS_MS = 250 };


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
	if (run->d->claim_turn == run)
		run->d->claim_turn = run->next;
	if (run->d->send_turn == run)
		run->d->send_turn = run->next;

	sipd_timer_cancel(&run->timer);
	sipd_timer_cancel(&run->progress);
	while (run->count) {
		sipd_contact_row_free(&run->queue[run->head]);
		run->head = (run->head + 1) % SIPD_RUN_QUEUE;
		--run->count;
	}
	if (run->prompt)
		sipd_prompt_unref(run->prompt);
	if (run->message)
		sipd_prompt_unref(run->message);
	sipd_options_close(&run->options);
	sipd_account_release(run->account);
	free(run->last);
	sipd_idmap_close(&run->busy);
	free(run);
}


bool sipd_run_end_if_idle(struct sipd_run *run)
{
	struct sipdialer *d = run->d;

	if (!run->ending || run->under_way || run->fetching || run->loading ||
	    run->finishing || run->progress_busy)
		return false;

	run_free(run);
	sipd_engine_step(d);
	sipd_engine_look(d); /* it may have been started again */

	return true;
}


/* ---- status and progress ------------------------------------------------ */

/* A question to the store about the campaign, and perhaps a change. */
struct inquiry {
	struct sipd_job job; /* first member */
	struct sipd_run *run;
	enum { ASK, COMPLETE, PAUSE } what;
	bool more; /* contacts came while it was to end */
	struct sipd_campaign_row row;
	int err;
	char why[SIPD_ERROR_SIZE];
};


static int complete(struct inquiry *q, struct sipd_store *s)
{
	const uint64_t id = q->run->campaign;
	bool more;
	int err = sipd_store_campaign_get(s, id, true, &q->row);

	if (err)
		return err;

	q->more = q->row.status == SIPDIALER_CAMPAIGN_RUNNING &&
		  q->row.counts.pending;
	sipd_campaign_row_free(&q->row);

	return q->more ? SIPDIALER_OK
		       : sipd_store_campaign_set(s, id,
						 SIPDIALER_CAMPAIGN_RUNNING,
						 SIPDIALER_CAMPAIGN_COMPLETED,
						 &more);
}


static void inquiry_run(struct sipd_job *job)
{
	struct inquiry *q = (struct inquiry *)(void *)job;
	const uint64_t id = q->run->campaign;
	bool more;

	sipd_campaign_row_free(&q->row);
	q->err = SIPDIALER_OK;
	q->more = false;
	if (q->what == COMPLETE)
		q->err = complete(q, job->store);
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

	sipd_engine_campaign(&ev, &q->row);
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

	if (!sipd_run_end_if_idle(run))
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


/* Dials (again); its prompt is there. */
static void go_on(struct sipd_run *run)
{
	run->active = true;
	run->fetch_at = 0;
	sipd_run_pump_all(run->d);
}


static void finish_done(struct sipd_job *job)
{
	struct inquiry *q = (struct inquiry *)(void *)job;
	struct sipd_run *run = q->run;
	/* contacts came, or somebody started it again, meanwhile */
	const bool more = !job->err && !q->err &&
			  (q->more ||
			   q->row.status == SIPDIALER_CAMPAIGN_RUNNING);

	run->finishing = false;
	if (!more) {
		/* who hears of the end may remove the account at once */
		sipd_account_release(run->account);
		run->account = NULL;
	}
	if (!job->err && !q->err && !more)
		tell(run, q, SIPDIALER_EVENT_CAMPAIGN_STATUS);
	if (!q->err && q->row.status == SIPDIALER_CAMPAIGN_CANCELLED)
		sipd_calls_give_up(run->d, run, "campaign cancelled");
	sipd_campaign_row_free(&q->row);
	*q = (struct inquiry){0};
	run->last = q;
	if (more && !run->ending)
		go_on(run);
	else
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


void sipd_run_complete(struct sipd_run *run)
{
	finish(run, COMPLETE, "");
}


/* ---- more contacts -------------------------------------------------------- */

void sipd_run_new_contacts(struct sipdialer *d, uint64_t campaign)
{
	struct sipd_run *run = sipd_run_find(d, campaign);

	if (!run)
		return;

	run->fetch_at = 0;
	sipd_run_pump_all(d);
}


/* ---- beginning and end ---------------------------------------------------- */

static void get_prompts(struct sipd_run *run);


/* What is to be read next: the prompt, then the message; NULL: nothing. */
static struct sipd_prompt **missing(struct sipd_run *run, const char **path)
{
	if (*run->conf.play && !run->prompt) {
		*path = run->conf.play;
		return &run->prompt;
	}
	if (sipd_amd_leaves(&run->conf.amd) && !run->message) {
		*path = run->conf.amd.message;
		return &run->message;
	}

	return NULL;
}


static void prompt_handler(struct sipd_prompt *prompt, int error,
			   const char *text, void *arg)
{
	struct sipd_run *run = arg;
	const char *path;

	run->loading = false;
	if (prompt)
		*missing(run, &path) = prompt;
	if (sipd_run_end_if_idle(run) || run->ending)
		return;

	if (prompt) {
		get_prompts(run);
		return;
	}

	(void)error;
	finish(run, PAUSE, text);
}


/* Are these limits the campaign's own, or the engine's, which may change? */
static int read_lines(struct sipd_run *run, const char *lines)
{
	struct sipd_options own;
	int err;

	if (!lines)
		return SIPDIALER_OK;

	sipd_options_init(&own);
	err = sipd_options_from_lines(&own, lines, SIPD_SCOPE_CAMPAIGN);
	run->own_cps = sipd_opt_is_set(&own, SIPD_OPT_DIAL_CALLS_PER_SECOND);
	run->own_calls = sipd_opt_is_set(&own, SIPD_OPT_DIAL_MAX_CALLS);
	sipd_options_close(&own);
	if (!err)
		err = sipd_options_from_lines(&run->options, lines,
					      SIPD_SCOPE_CAMPAIGN);

	return err;
}


static int prepare(struct sipd_run *run, const char *lines)
{
	struct sipd_options *o = &run->options;
	struct sipdialer *d = run->d;
	int err;

	(void)pthread_mutex_lock(&d->lock);
	err = sipd_options_copy(o, &d->options);
	(void)pthread_mutex_unlock(&d->lock);
	if (!err)
		err = read_lines(run, lines);
	if (!err)
		err = sipd_account_choose(d, o, NULL, lines, &run->account);
	if (!err)
		err = sipd_amd_check(o);
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


static void get_prompts(struct sipd_run *run)
{
	const char *path;

	if (run->loading)
		return;
	if (!missing(run, &path)) {
		go_on(run);
		return;
	}

	run->loading = !sipd_prompts_load_as(
		run->d->prompts, path,
		sipd_prompt_kinds(run->conf.codecs, run->conf.codecc),
		prompt_handler, run);
	if (!run->loading)
		finish(run, PAUSE, sipd_error_text());
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
	get_prompts(run);

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
	struct sipdialer *d = run->d;

	run->active = false;
	run->ending = true;
	if (!sipd_run_end_if_idle(run))
		sipd_run_pump_all(d); /* takes back what was not sent */
}


void sipd_run_resume(struct sipd_run *run)
{
	if (!run->ending || run->finishing || run->d->stopping)
		return;

	run->ending = false;
	if (!run->progress_busy)
		sipd_timer_start(&run->progress, PROGRESS_MS, progress_handler,
				 run);
	get_prompts(run);
}
