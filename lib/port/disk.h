/**
 * @file port/disk.h  The store thread: the one that waits for disks
 *
 * Jobs run there one after another; each has a `done` part that comes back to
 * the loop.  Consecutive jobs of a store are gathered into one transaction
 * (group commit, at most SIPD_DISK_BATCH jobs), and their `done` runs, in
 * order, after it is durable.
 *
 * A store job whose store function returned SIPDIALER_EIO just returns: the
 * store remembers it, the transaction is rolled back, and all its jobs are
 * kept and run again each second until it can be committed.  Meanwhile later
 * store jobs wait behind them; jobs without a store (prompts, recordings)
 * and ticks go on.
 */
#ifndef SIPD_PORT_DISK_H
#define SIPD_PORT_DISK_H

#include "base/log.h"
#include "base/work.h"
#include "port/loop.h"

struct sipd_disk;
struct sipd_job;
typedef void(sipd_job_h)(struct sipd_job *job);

struct sipd_job {
	struct sipd_work work; /* used by the disk */
	sipd_job_h *run;       /* on the store thread */
	sipd_job_h *done;      /* on the loop thread, may be NULL; may free */
	struct sipd_store *store; /* non-NULL: run is part of a transaction of
				 * this store, and may be run again if that
				 * could not be committed */
	bool apart;             /* without a store: may come between those of a
		     * transaction, which goes on, and be done before them */
	struct sipd_disk *disk; /* filled by sipd_disk_post() */
	int err;                /* 0 when run is called.  run may set
				 * SIPDIALER_EIO: this transaction shall be
				 * rolled back and tried again.  For done:
				 * SIPDIALER_ECANCELLED = the disk was stopped
				 * first, nothing of this job was stored */
};

enum { SIPD_DISK_BATCH = 1000, SIPD_DISK_RETRY_MS = 1000 };

int sipd_disk_start(struct sipd_disk **dp, struct sipd_loop *loop,
		    struct sipd_log *log);
/** Runs what was queued (giving up on a store that keeps failing after
 *  `wait_ms`: its jobs are done with ECANCELLED), then ends the thread.  Not
 *  from the loop thread, and before the loop is stopped: done()s are still on
 *  their way to it, and the disk is freed there behind them.  What a done()
 *  posts then is done with ECANCELLED at once, without run. */
void sipd_disk_stop(struct sipd_disk *disk, uint32_t wait_ms);

/** In order, no allocation.  The job must live until its done has returned;
 *  without a done, until its run has (store jobs: until it is durable, so give
 *  them a done).  @thread any */
void sipd_disk_post(struct sipd_disk *disk, struct sipd_job *job);

/** Run h on the store thread each period (recorders use it to flush), also
 *  while the store is failing.  The caller fills h, arg and period_ms (>= 1)
 *  and keeps the memory until it is removed. @thread any */
typedef void(sipd_disk_tick_h)(void *arg);
struct sipd_disk_tick {
	struct sipd_disk_tick *next;
	sipd_disk_tick_h *h;
	void *arg;
	uint32_t period_ms;
	uint64_t due;
};
void sipd_disk_tick_add(struct sipd_disk *disk, struct sipd_disk_tick *tick);
/** h is not running and will not run when the job's done is called on the
 *  loop (its run may be NULL, its store is not used). @thread any */
void sipd_disk_tick_remove(struct sipd_disk *disk, struct sipd_disk_tick *tick,
			   struct sipd_job *job);

/** Told on the loop when the store begins to fail (text) or works again
 *  (NULL). Jobs are kept and tried again each second.  @thread any */
typedef void(sipd_disk_state_h)(const char *text, void *arg);
void sipd_disk_on_state(struct sipd_disk *disk, sipd_disk_state_h *h,
			void *arg);

#endif
