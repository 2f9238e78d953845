/**
 * @file port/loop.h  The loop thread
 *
 * Runs libre's main loop: SIP, timers and every state machine.  Others hand
 * it work with sipd_loop_post().
 */
#ifndef SIPD_PORT_LOOP_H
#define SIPD_PORT_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include "base/log.h"
#include "base/work.h"

struct sipd_loop;

/** Start the thread; the loop runs when this returns. @thread any */
int sipd_loop_start(struct sipd_loop **lp, struct sipd_log *log);

/** Ask the loop to end after the work queued before. @thread any */
void sipd_loop_stop(struct sipd_loop *loop);

/** Wait for the thread and free. Not from the loop thread. */
void sipd_loop_join(struct sipd_loop *loop);

/** Run work->h on the loop thread, in order. @thread any */
void sipd_loop_post(struct sipd_loop *loop, struct sipd_work *work);

/** Run work->h on a later turn, after the present handlers have returned:
 *  where things that ended inside their own handler are freed. @thread loop */
void sipd_loop_later(struct sipd_loop *loop, struct sipd_work *work);

bool sipd_loop_here(const struct sipd_loop *loop); /* on the loop thread? */

/** Longest delay between a post and its run in the last second, us. */
uint64_t sipd_loop_delay_us(const struct sipd_loop *loop);

/* Timers, monotonic, O(1).  Zero a timer before its first use. */
typedef void(sipd_timer_h)(void *arg);
struct sipd_timer {
	void *opaque[11];
}; /* holds libre's struct tmr */

void sipd_timer_start(struct sipd_timer *t, uint64_t delay_ms, sipd_timer_h *h,
		      void *arg);             /* @thread loop */
void sipd_timer_cancel(struct sipd_timer *t); /* @thread loop */
bool sipd_timer_running(const struct sipd_timer *t);

#endif
