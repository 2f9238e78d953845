/**
 * @file port/disk.h  The store thread: the one that waits for disks
 *
 * Jobs run there one after another; each has a `done` part that comes back to
 * the loop.  Jobs that write to the store are gathered into one transaction
 * (group commit), and their `done` runs after it is durable.
 */
#ifndef SIPD_PORT_DISK_H
#define SIPD_PORT_DISK_H

#include "base/log.h"
#include "base/work.h"
#include "port/loop.h"

struct sipd_disk;
struct sipd_job;
typedef void (sipd_job_h)(struct sipd_job *job);

struct sipd_job {
	struct sipd_work work;  /* used by the disk, first member */
	sipd_job_h *run;        /* on the store thread */
	sipd_job_h *done;       /* on the loop thread, may be NULL; may free */
	struct sipd_store *store; /* non-NULL: run is part of a transaction of
				 * this store, and may be run again if that
				 * could not be committed */
	struct sipd_disk *disk; /* filled by sipd_disk_post() */
};

int  sipd_disk_start(struct sipd_disk **dp, struct sipd_loop *loop,
		     struct sipd_log *log);
/** Runs what was queued (giving up on a store that keeps failing after
 *  `wait_ms`), then ends the thread.  Not from the loop thread. */
void sipd_disk_stop(struct sipd_disk *disk, uint32_t wait_ms);

/** In order. The job must live until its done (or run) has returned.
 *  @thread any */
void sipd_disk_post(struct sipd_disk *disk, struct sipd_job *job);

/** Run h on the store thread each period (recorders use it to flush).
 *  Returns 0 or SIPDIALER_ENOMEM. @thread any */
typedef void (sipd_disk_tick_h)(void *arg);
struct sipd_disk_tick {
	struct sipd_disk_tick *next;
	sipd_disk_tick_h *h;
	void *arg;
	uint32_t period_ms;
	uint64_t due;
};
void sipd_disk_tick_add(struct sipd_disk *disk, struct sipd_disk_tick *tick);
/** h is not running and will not run when done(arg) is called on the loop. */
void sipd_disk_tick_remove(struct sipd_disk *disk, struct sipd_disk_tick *tick,
			   struct sipd_job *job);

/** Told on the loop when the store begins to fail (text) or works again
 *  (NULL). Jobs are kept and tried again each second. */
typedef void (sipd_disk_state_h)(const char *text, void *arg);
void sipd_disk_on_state(struct sipd_disk *disk, sipd_disk_state_h *h,
			void *arg);

#endif
