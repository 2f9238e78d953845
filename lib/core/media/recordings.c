/**
 * @file core/media/recordings.c  All recordings of an engine, and their limits
 *
 * On the store thread, but for the counters that others read.  What is not a
 * recording of ours in the folder is none of our business: port/file/shelf.h.
 */
#include "core/media/recordings.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "base/container.h"
#include "base/error.h"
#include "base/text.h"
#include "port/file/shelf.h"

enum { DAY_S = 86400, MIB = 1024 * 1024 };

struct sipd_recordings {
	struct sipd_disk *disk;
	struct sipd_log *log;
	struct sipd_recordings_conf conf;
	char *folder;

	/* of the store thread */
	struct sipd_job job;
	struct sipd_disk_tick tick;
	struct sipd_feed *slots[SIPD_RECORDINGS_SLOTS];
	unsigned next_slot; /* for the next recording */
	uint64_t turn;      /* slots fed so far, */
	uint64_t turn_ms;   /* as of then */
	bool ticks, low;
	struct sipd_shelf_walk *walk; /* a look under way */
	uint64_t look_ms;             /* when the last began, 0 never */
	int64_t day;                  /* of the last */
	uint64_t jump_ms;             /* when the clock jumped, 0 never */
	uint64_t since;               /* bytes written since it began */

	atomic_uint_fast64_t active, begun, refused, removed, bytes, lost,
		total;
};


/* ---- what is in the folder ------------------------------------------------ */

/* Days since 1970 where we are. */
static int64_t day_of(int64_t wall_ms)
{
	const time_t t = (time_t)(wall_ms / 1000);
	struct tm tm;

	if (!localtime_r(&t, &tm))
		return 0;

	return (t + tm.tm_gmtoff) / DAY_S;
}


static void day_text(char *buf, size_t size, int64_t day)
{
	const time_t t = (time_t)(day * DAY_S);
	struct tm tm;

	buf[0] = '\0';
	if (gmtime_r(&t, &tm) && tm.tm_year < 8100)
		(void)strftime(buf, size, "%Y-%m-%d", &tm);
}


/* A clock that is set wrong for a while must not cost all recordings: if more
 * days have gone by than there was time for, it is believed a day later. */
static bool clock_trusted(struct sipd_recordings *rs, int64_t day,
			  uint64_t now_ms)
{
	const uint64_t day_ms = (uint64_t)DAY_S * 1000;
	const int64_t time_for = (int64_t)((now_ms - rs->look_ms) / day_ms);

	if (rs->look_ms && day - rs->day > time_for + 1) {
		rs->jump_ms = now_ms;
		sipd_log_warning(rs->log,
				 "recordings: the clock has jumped by %lld "
				 "days: none is removed for a day",
				 (long long)(day - rs->day));
	}

	return !rs->jump_ms || now_ms - rs->jump_ms >= day_ms;
}


static void look_begin(struct sipd_recordings *rs)
{
	const uint64_t now = sipd_clock_ms();
	const int64_t day = day_of(sipd_wall_ms());
	const bool trusted = clock_trusted(rs, day, now);
	char from[16] = "";

	rs->look_ms = now;
	rs->day = day;
	if (rs->walk)
		return;

	if (rs->conf.keep_days && trusted)
		day_text(from, sizeof(from), rs->day - rs->conf.keep_days);
	rs->since = 0;
	if (sipd_shelf_walk_open(&rs->walk, rs->folder, from))
		sipd_log_warning(rs->log, "recordings: %s", sipd_error_text());
}


static void look_end(struct sipd_recordings *rs)
{
	struct sipd_shelf_seen seen;

	sipd_shelf_walk_close(rs->walk, &seen);
	rs->walk = NULL;
	/* what was written meanwhile may be in it already: rather too much */
	atomic_store(&rs->total, seen.bytes + rs->since);
	atomic_fetch_add(&rs->removed, seen.removed);
	if (seen.removed)
		sipd_log_info(rs->log,
			      "recordings: %" PRIu64 " files older than %u "
			      "days removed",
			      seen.removed, rs->conf.keep_days);
}


/* At the start, and each day; a folder that is full is looked at sooner. */
static void look(struct sipd_recordings *rs)
{
	if (rs->walk) {
		if (!sipd_shelf_walk_step(rs->walk, SIPD_RECORDINGS_LOOK))
			look_end(rs);
	}
	else if (day_of(sipd_wall_ms()) != rs->day) {
		look_begin(rs);
	}
}


/* ---- feeding ---------------------------------------------------------------- */

static void feed_slot(struct sipd_recordings *rs, unsigned slot)
{
	struct sipd_feed *feed = rs->slots[slot];

	while (feed) {
		struct sipd_feed *next = feed->next;

		feed->h(feed);
		feed = next;
	}
}


static void tick_handler(void *arg)
{
	struct sipd_recordings *rs = arg;
	const uint64_t now = sipd_clock_ms();
	const uint64_t late = (now - rs->turn_ms) / SIPD_RECORDINGS_TICK_MS;
	unsigned n = late < SIPD_RECORDINGS_CATCH_UP
			     ? (unsigned)late
			     : SIPD_RECORDINGS_CATCH_UP;

	/* a turn is enough, whatever was missed */
	if (late > SIPD_RECORDINGS_SLOTS)
		rs->turn_ms = now -
			      SIPD_RECORDINGS_SLOTS * SIPD_RECORDINGS_TICK_MS;
	rs->turn_ms += (uint64_t)n * SIPD_RECORDINGS_TICK_MS;
	for (; n; n--)
		feed_slot(rs, (unsigned)(rs->turn++ % SIPD_RECORDINGS_SLOTS));
	look(rs);
}


/* An engine that records nothing is left asleep. */
static void tick_begin(struct sipd_recordings *rs)
{
	if (rs->ticks)
		return;

	rs->ticks = true;
	rs->turn_ms = sipd_clock_ms();
	rs->tick.h = tick_handler;
	rs->tick.arg = rs;
	rs->tick.period_ms = SIPD_RECORDINGS_TICK_MS;
	sipd_disk_tick_add(rs->disk, &rs->tick);
}


void sipd_recordings_add(struct sipd_recordings *rs, struct sipd_feed *feed)
{
	struct sipd_feed **slot = &rs->slots[rs->next_slot];

	rs->next_slot = (rs->next_slot + 1) % SIPD_RECORDINGS_SLOTS;
	feed->next = *slot;
	feed->prev = slot;
	if (feed->next)
		feed->next->prev = &feed->next;
	*slot = feed;
	tick_begin(rs);
}


void sipd_recordings_remove(struct sipd_feed *feed)
{
	if (!feed->prev)
		return;

	*feed->prev = feed->next;
	if (feed->next)
		feed->next->prev = feed->prev;
	feed->prev = NULL;
}


/* ---- limits ------------------------------------------------------------------- */

static int check_free(struct sipd_recordings *rs, const char *path)
{
	uint64_t bytes;
	const bool known = !sipd_shelf_free(path, &bytes);
	const bool low = known && bytes < rs->conf.min_free;

	if (low != rs->low && low)
		sipd_log_warning(rs->log,
				 "recordings: %" PRIu64 " MiB are free at %s, "
				 "record.min_free is %" PRIu64 ": none begins",
				 bytes / MIB, path, rs->conf.min_free / MIB);
	else if (low != rs->low)
		sipd_log_info(rs->log, "recordings: they begin again");
	rs->low = low;

	return low ? sipd_error(SIPDIALER_EFULL,
				"%" PRIu64 " MiB are free on the disk, "
				"record.min_free is %" PRIu64,
				bytes / MIB, rs->conf.min_free / MIB)
		   : SIPDIALER_OK;
}


static int check_total(struct sipd_recordings *rs)
{
	const uint64_t total = atomic_load(&rs->total);

	if (!rs->conf.max_total || total < rs->conf.max_total)
		return SIPDIALER_OK;

	/* somebody may have made room */
	if (sipd_clock_ms() - rs->look_ms > SIPD_RECORDINGS_AGAIN_MS)
		look_begin(rs);

	return sipd_error(SIPDIALER_EFULL,
			  "the recordings have %" PRIu64 " MiB, the limit of "
			  "record.max_total is %" PRIu64,
			  total / MIB, rs->conf.max_total / MIB);
}


int sipd_recordings_begin(struct sipd_recordings *rs, const char *path,
			  bool named, struct sipd_recordings_file *file)
{
	int err = check_free(rs, named ? rs->folder : path);

	file->fd = -1;
	if (!err && named)
		err = check_total(rs);
	if (err)
		return err;
	if (named)
		return sipd_shelf_make(&file->fd, rs->folder, path, file->path,
				       sizeof(file->path));
	(void)sipd_strcpy(file->path, sizeof(file->path), path);

	return SIPDIALER_OK;
}


/* ---- counting ------------------------------------------------------------------ */

void sipd_recordings_begun(struct sipd_recordings *rs, bool ok)
{
	atomic_fetch_add(ok ? &rs->begun : &rs->refused, 1);
	if (ok)
		atomic_fetch_add(&rs->active, 1);
}


void sipd_recordings_ended(struct sipd_recordings *rs)
{
	atomic_fetch_sub(&rs->active, 1);
}


void sipd_recordings_wrote(struct sipd_recordings *rs, uint64_t bytes,
			   bool named)
{
	atomic_fetch_add(&rs->bytes, bytes);
	if (!named)
		return;
	atomic_fetch_add(&rs->total, bytes);
	rs->since += bytes;
}


void sipd_recordings_removed(struct sipd_recordings *rs, uint64_t bytes,
			     bool named)
{
	const uint64_t total = atomic_load(&rs->total);

	atomic_fetch_add(&rs->removed, 1);
	if (named)
		atomic_store(&rs->total, total > bytes ? total - bytes : 0);
}


void sipd_recordings_lost(struct sipd_recordings *rs)
{
	atomic_fetch_add_explicit(&rs->lost, 1, memory_order_relaxed);
}


void sipd_recordings_stats(struct sipd_recordings *rs,
			   struct sipd_recordings_stats *st)
{
	*st = (struct sipd_recordings_stats){
		.active = atomic_load(&rs->active),
		.begun = atomic_load(&rs->begun),
		.refused = atomic_load(&rs->refused),
		.removed = atomic_load(&rs->removed),
		.bytes = atomic_load(&rs->bytes),
		.lost = atomic_load(&rs->lost),
		.total = atomic_load(&rs->total),
	};
}


/* ---- life ------------------------------------------------------------------------ */

struct sipd_disk *sipd_recordings_disk(const struct sipd_recordings *rs)
{
	return rs->disk;
}


static void first_run(struct sipd_job *job)
{
	struct sipd_recordings *rs =
		SIPD_CONTAINER(job, struct sipd_recordings, job);

	look_begin(rs);
	tick_begin(rs);
}


int sipd_recordings_open(struct sipd_recordings **rp, struct sipd_disk *disk,
			 struct sipd_log *log,
			 const struct sipd_recordings_conf *conf)
{
	struct sipd_recordings *rs = calloc(1, sizeof(*rs));

	if (rs)
		rs->folder = sipd_strdup(conf->folder);
	if (!rs || !rs->folder) {
		free(rs);
		return sipd_error(SIPDIALER_ENOMEM,
				  "no memory for recordings");
	}

	rs->disk = disk;
	rs->log = log;
	rs->conf = *conf;
	rs->day = day_of(sipd_wall_ms());
	if (conf->max_total || conf->keep_days) {
		rs->job.run = first_run;
		sipd_disk_post(disk, &rs->job);
	}
	*rp = rs;

	return SIPDIALER_OK;
}


void sipd_recordings_close(struct sipd_recordings *rs)
{
	if (!rs)
		return;

	if (rs->walk)
		sipd_shelf_walk_close(rs->walk, NULL);
	free(rs->folder);
	free(rs);
}
