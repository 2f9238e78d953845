/**
 * @file api/watch.c  Which campaigns should run
 *
 * The store says so, and others may write to it: a second process pauses a
 * campaign with `sipdialer campaign pause`.  Once a second SQLite's data version
 * tells whether somebody has.
 */
#include "api/engine.h"

#include <stdlib.h>
#include "api/runner.h"
#include "base/error.h"

/* SQLite counts its data_version from 1. */
enum { LOOK_AGAIN = 0 };

enum { WATCH_MS = 1000, SCAN_MAX = 256 /* campaigns running at once */ };

struct scan {
	struct sipd_job job; /* first member */
	struct sipdialer *d;
	bool always; /* else only if the version changed */
	uint64_t known, version;
	struct sipd_campaign_row rows[SCAN_MAX]; /* the running ones */
	size_t count;
	int err;
};


static void clear(struct scan *scan)
{
	for (size_t i = 0; i < scan->count; i++)
		sipd_campaign_row_free(&scan->rows[i]);
	scan->count = 0;
}


static int gather(struct sipd_store *store, struct scan *scan)
{
	uint64_t after = 0;

	for (;;) {
		struct sipd_campaign_row *row = &scan->rows[scan->count];
		const int err = sipd_store_campaign_next(store, after, false,
							 row);

		if (err)
			return err == SIPDIALER_ENOENT ? SIPDIALER_OK : err;

		after = row->id;
		if (row->status != SIPDIALER_CAMPAIGN_RUNNING)
			sipd_campaign_row_free(row);
		else if (++scan->count == SCAN_MAX)
			return SIPDIALER_OK;
	}
}


static void scan_run(struct sipd_job *job)
{
	struct scan *scan = (struct scan *)(void *)job;

	clear(scan);
	scan->err = sipd_store_data_version(job->store, &scan->version);
	if (!scan->err && (scan->always || scan->version != scan->known))
		scan->err = gather(job->store, scan);
	if (scan->err == SIPDIALER_EIO)
		job->err = SIPDIALER_EIO;
}


static bool listed(const struct scan *scan, uint64_t campaign)
{
	for (size_t i = 0; i < scan->count; i++)
		if (scan->rows[i].id == campaign)
			return true;

	return false;
}


/* false: not all could be taken up */
static bool apply(struct sipdialer *d, const struct scan *scan)
{
	struct sipd_run *run = d->runs;
	bool all = true;

	while (run) {
		struct sipd_run *next = run->next;

		if (!listed(scan, run->campaign))
			sipd_run_changed(run);
		run = next;
	}

	for (size_t i = 0; i < scan->count; i++) {
		run = sipd_run_find(d, scan->rows[i].id);
		if (!run) {
			if (!sipd_run_open(d, &scan->rows[i]))
				all = false;
			continue;
		}
		sipd_run_resume(run);
		run->fetch_at = 0; /* somebody may have added contacts */
	}

	sipd_run_pump_all(d);

	return all;
}


static void scan_done(struct sipd_job *job)
{
	struct scan *scan = (struct scan *)(void *)job;
	struct sipdialer *d = scan->d;
	const bool changed = scan->always || scan->version != scan->known;

	d->scanning = false;
	if (!job->err && !scan->err && !d->stopping &&
	    (!changed || apply(d, scan)))
		d->data_version = scan->version;
	else
		d->data_version = LOOK_AGAIN;

	clear(scan);
	free(scan);
}


static void scan_post(struct sipdialer *d, bool always)
{
	struct scan *scan;

	if (!d->dials || d->stopping || (d->scanning && !always))
		return;

	scan = calloc(1, sizeof(*scan));
	if (!scan) {
		sipd_log_error(&d->log, "no memory to look at the campaigns");
		d->data_version = LOOK_AGAIN;
		return;
	}

	scan->job.run = scan_run;
	scan->job.done = scan_done;
	scan->job.store = d->store;
	scan->d = d;
	scan->always = always;
	scan->known = d->data_version;
	d->scanning = true;
	sipd_disk_post(d->disk, &scan->job);
}


static void watch_handler(void *arg)
{
	struct sipdialer *d = arg;

	if (!d->store_failing)
		scan_post(d, false);
	sipd_run_pump_all(d); /* a limit may have been raised */
	sipd_timer_start(&d->watch, WATCH_MS, watch_handler, d);
}


void sipd_watch_start(struct sipdialer *d)
{
	scan_post(d, true);
	sipd_timer_start(&d->watch, WATCH_MS, watch_handler, d);
}


void sipd_watch_stop(struct sipdialer *d)
{
	sipd_timer_cancel(&d->watch);
}


void sipd_watch_scan(struct sipdialer *d)
{
	scan_post(d, true);
}
