/**
 * @file core/media/recordings.h  All recordings of an engine, and their limits
 *
 * Their files are fed by the store thread in small portions, so that it comes
 * to its other work in between.  Files that are named by the engine stand in
 * one folder, by days; what they take of the disk is counted, and old days are
 * removed.
 */
#ifndef SIPD_CORE_MEDIA_RECORDINGS_H
#define SIPD_CORE_MEDIA_RECORDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/log.h"
#include "port/disk.h"

enum {
	SIPD_RECORDINGS_TICK_MS = 20,
	SIPD_RECORDINGS_SLOTS = 25,   /* a turn: each is fed twice a second */
	SIPD_RECORDINGS_CATCH_UP = 5, /* slots at once, when late */
	SIPD_RECORDINGS_LOOK = 16,    /* names looked at in a tick */
	SIPD_RECORDINGS_AGAIN_MS = 60000 /* between looks at a full folder */
};

struct sipd_recordings;

struct sipd_recordings_conf {
	const char *folder;
	uint64_t max_total; /* bytes of the files that we named, 0 no limit */
	uint64_t min_free;  /* bytes of a disk */
	unsigned keep_days; /* 0 for ever */
};

struct sipd_recordings_stats {
	uint64_t active; /* files that are open */
	uint64_t begun, refused;
	uint64_t removed; /* without a verdict for them, or too old */
	uint64_t bytes;   /* written */
	uint64_t lost;    /* frames that found no room */
	uint64_t total;   /* bytes of the files that we named */
};

int sipd_recordings_open(struct sipd_recordings **rp, struct sipd_disk *disk,
			 struct sipd_log *log,
			 const struct sipd_recordings_conf *conf);
/** The disk has been stopped, all recordings have ended; NULL: nothing. */
void sipd_recordings_close(struct sipd_recordings *rs);
/** @thread any */
void sipd_recordings_stats(struct sipd_recordings *rs,
			   struct sipd_recordings_stats *st);
struct sipd_disk *sipd_recordings_disk(const struct sipd_recordings *rs);

/* ---- for one of them: @thread store, but for lost() -------------------- */

/** Write what waits. */
struct sipd_feed;
typedef void(sipd_feed_h)(struct sipd_feed *feed);
struct sipd_feed {
	struct sipd_feed *next, **prev;
	sipd_feed_h *h;
};

void sipd_recordings_add(struct sipd_recordings *rs, struct sipd_feed *feed);
void sipd_recordings_remove(struct sipd_feed *feed);

/** Make a file; named: `path` is a name in the folder, taken if it is free.
 *  The path it has: to `path_out`.  Refused with a text that names the
 *  limit. */
struct sipd_recordings_file {
	int fd; /* -1: a path, to be opened by that */
	char path[4096 + 520];
};
int sipd_recordings_begin(struct sipd_recordings *rs, const char *path,
			  bool named, struct sipd_recordings_file *file);
/** How that came out. */
void sipd_recordings_begun(struct sipd_recordings *rs, bool ok);
void sipd_recordings_ended(struct sipd_recordings *rs);
void sipd_recordings_wrote(struct sipd_recordings *rs, uint64_t bytes,
			   bool named);
void sipd_recordings_removed(struct sipd_recordings *rs, uint64_t bytes,
			     bool named);
/** A frame found no room. @thread media */
void sipd_recordings_lost(struct sipd_recordings *rs);

#endif
