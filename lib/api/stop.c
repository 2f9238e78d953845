/**
 * @file api/stop.c  How an engine stops
 *
 * In steps: calls end, SIP un-registers (both on the loop), then the janitor
 * thread takes down media, store and loop, and tells STOPPED.
 */
#include "api/stop.h"

#include <assert.h>
#include "api/calls.h"
#include "api/runner.h"
#include "base/clock.h"
#include "base/container.h"
#include "base/error.h"
#include "port/thread.h"


static void tell_janitor(struct sipdialer *d)
{
	(void)pthread_mutex_lock(&d->lock);
	d->down = true;
	(void)pthread_cond_broadcast(&d->changed);
	(void)pthread_mutex_unlock(&d->lock);
}


static void sips_closed(struct sipdialer *d)
{
	sipd_timer_cancel(&d->stop_timer);
	tell_janitor(d);
}


void sipd_stop_step(struct sipdialer *d)
{
	uint64_t spent_ms;
	uint32_t wait_ms = SIPD_STOP_SIP_MS;

	if (!d->stopping || d->sip_closing || d->calls_up)
		return;

	/* results may wait for a store that fails: the disk gives up on it */
	if (!d->hurry && (d->open_calls || d->runs))
		return;

	d->sip_closing = true;
	sipd_timer_cancel(&d->stop_timer);
	spent_ms = sipd_clock_ms() - d->stop_ms;
	if (spent_ms < SIPD_STOP_BYE_MS - SIPD_STOP_SIP_MS)
		wait_ms = SIPD_STOP_BYE_MS - (uint32_t)spent_ms;
	sipd_accounts_close(d, d->hurried ? 0 : wait_ms, sips_closed);
}


/* Peers and store had their time. */
static void hurry(struct sipdialer *d)
{
	d->hurry = true;
	sipd_calls_abandon_all(d);
	sipd_stop_step(d);
}


static void stop_timeout(void *arg)
{
	struct sipdialer *d = arg;

	sipd_log_warning(
		&d->log,
		"stop: %u calls are given up, %u results are not stored yet",
		d->calls_up, d->open_calls - d->calls_up);
	hurry(d);
}


static void close_runs(struct sipdialer *d)
{
	struct sipd_run *run = d->runs;

	while (run) {
		struct sipd_run *next = run->next;

		sipd_run_close(run);
		run = next;
	}
}


static void stop_work(struct sipd_work *work)
{
	struct sipdialer *d = SIPD_CONTAINER(work, struct sipdialer,
					     stop_work);

	d->stopping = true;
	d->stop_ms = sipd_clock_ms();
	sipd_watch_stop(d);
	sipd_timer_start(&d->stop_timer, SIPD_STOP_CALLS_MS, stop_timeout, d);
	sipd_calls_hangup_all(d, "engine stopped");
	close_runs(d);
	sipd_stop_step(d);
}


static void hurry_work(struct sipd_work *work)
{
	struct sipdialer *d = SIPD_CONTAINER(work, struct sipdialer,
					     hurry_work);

	d->hurried = true;
	if (!d->sip_closing)
		hurry(d);
}


int sipdialer_stop(struct sipdialer *d)
{
	int err = SIPDIALER_OK;

	if (!d)
		return sipd_error(SIPDIALER_EINVAL, "d is NULL");

	(void)pthread_rwlock_wrlock(&d->gate);
	switch (d->state) {
	case SIPD_ENGINE_RUNNING:
		atomic_store(&d->state, SIPD_ENGINE_STOPPING);
		d->stop_work.h = stop_work;
		d->hurry_work.h = NULL;
		sipd_loop_post(d->loop, &d->stop_work);
		break;
	case SIPD_ENGINE_STOPPING:
		if (d->hurry_work.h || d->unreachable)
			break;
		d->hurry_work.h = hurry_work;
		sipd_loop_post(d->loop, &d->hurry_work);
		break;
	default:
		err = sipd_error(SIPDIALER_ESTATE,
				 "the engine is not started");
		break;
	}
	(void)pthread_rwlock_unlock(&d->gate);

	return err;
}


/* What bring_up() made, last first; also when only part of it was made. */
static void take_down(struct sipdialer *d)
{
	if (d->disk)
		sipd_disk_stop(d->disk, SIPD_STOP_STORE_MS);
	if (d->media)
		sipd_media_stop(d->media);
	if (d->loop) {
		sipd_loop_stop(d->loop);
		sipd_loop_join(d->loop);
	}
	assert(!d->runs && !d->open_calls);
	if (d->prompts)
		sipd_prompts_close(d->prompts);
	sipd_recordings_close(d->recordings);
	if (d->store) {
		/* if it fails, they are lost to all: there are plenty */
		(void)sipd_store_calls_return(d->store,
					      atomic_load(&d->next_call),
					      d->end_call);
		sipd_store_close(d->store);
	}
	d->disk = NULL;
	d->media = NULL;
	d->prompts = NULL;
	d->recordings = NULL;
	d->loop = NULL;
	d->store = NULL;
}


static void *janitor_main(void *arg)
{
	struct sipdialer *d = arg;
	struct sipd_event_node *node;
	struct sipdialer_event ev;
	bool aborted;

	(void)pthread_mutex_lock(&d->lock);
	while (!d->down)
		(void)pthread_cond_wait(&d->changed, &d->lock);
	aborted = d->aborted;
	(void)pthread_mutex_unlock(&d->lock);
	if (aborted)
		return NULL; /* the start failed and cleans up itself */

	/* verbs keep out by the state; a second stop by this */
	(void)pthread_rwlock_wrlock(&d->gate);
	d->unreachable = true;
	(void)pthread_rwlock_unlock(&d->gate);
	take_down(d);

	(void)pthread_rwlock_wrlock(&d->gate);
	node = d->stopped_node;
	d->stopped_node = NULL;
	atomic_store(&d->state, SIPD_ENGINE_STOPPED);
	ev = sipd_engine_event(SIPDIALER_EVENT_STOPPED);
	sipd_event_push_reserved(d->events, node, &ev);
	(void)pthread_rwlock_unlock(&d->gate);

	return NULL;
}


int sipd_stop_prepare(struct sipdialer *d)
{
	if (sipd_thread_start(&d->janitor, "sipd-janitor", janitor_main, d))
		return sipd_error(SIPDIALER_ENOMEM, "no thread to be had");

	d->janitor_started = true;

	return SIPDIALER_OK;
}


void sipd_stop_join(struct sipdialer *d)
{
	if (!d->janitor_started)
		return;

	(void)pthread_join(d->janitor, NULL);
	d->janitor_started = false;
}


void sipd_stop_abort(struct sipdialer *d)
{
	d->aborted = true;
	sipd_accounts_abort(d);
	tell_janitor(d);
	sipd_stop_join(d);
	take_down(d);
	sipd_event_unreserve(d->events, d->stopped_node);
	d->stopped_node = NULL;
}
