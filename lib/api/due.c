/**
 * @file api/due.c  Contacts that are due: from the store into a run's queue
 */
#include "api/runner.h"

#include <stdlib.h>
#include "base/clock.h"
#include "base/error.h"

enum {
	FETCH_RETRY_MS = 1000, /* nothing new, or the store failed */
	FETCH_MAX_MS = 30000   /* look again: the wall clock may have moved */
};

struct fetch {
	struct sipd_job job; /* first member */
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


/* A contact is still "due" to the store while it is in the queue, and to this
 * answer also if it was claimed since the question was put. */
static size_t take_rows(struct sipd_run *run, struct fetch *f)
{
	size_t taken = 0;

	for (size_t i = 0; i < f->count; i++) {
		struct sipd_contact_row *row = &f->rows[i];

		if (run->count == SIPD_RUN_QUEUE || queued(run, row->id) ||
		    sipd_idmap_get(&run->busy, row->id))
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
	int64_t wait = FETCH_MAX_MS;

	if (!c->pending && !run->under_way && !run->count) {
		sipd_run_complete(run);
		return;
	}

	if (c->pending && c->next_due_ms >= 0) {
		wait = c->next_due_ms - sipd_wall_ms();
		if (wait > FETCH_MAX_MS)
			wait = FETCH_MAX_MS;
		if (wait < 1)
			wait = 1;
	}

	run->fetch_at = sipd_clock_ms() + (uint64_t)wait;
}


static void fetch_done(struct sipd_job *job)
{
	struct fetch *f = (struct fetch *)(void *)job;
	struct sipd_run *run = f->run;
	struct sipdialer *d = run->d;

	run->fetching = false;
	if (job->err || f->err)
		run->fetch_at = sipd_clock_ms() + FETCH_RETRY_MS;
	else if (!f->count && run->active)
		nothing_due(run, f);
	else if (take_rows(run, f))
		run->fetch_at = 0;
	else /* all are queued or claimed: their turn comes first */
		run->fetch_at = sipd_clock_ms() + FETCH_RETRY_MS;

	fetch_clear(f);
	free(f);
	(void)sipd_run_end_if_idle(run);
	sipd_run_pump_all(d);
}


void sipd_run_fetch(struct sipd_run *run)
{
	const uint64_t now = sipd_clock_ms();
	struct fetch *f;

	if (!run->active || run->fetching || run->count >= SIPD_RUN_LOW)
		return;
	if (run->fetch_at > now) {
		sipd_run_wake_in(run, (run->fetch_at - now) * 1000);
		return;
	}

	f = calloc(1, sizeof(*f));
	if (!f) {
		run->fetch_at = now + FETCH_RETRY_MS;
		sipd_run_wake_in(run, FETCH_RETRY_MS * 1000);
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
