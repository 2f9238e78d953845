/**
 * @file api/door.c  The public functions on options and events
 *
 * Thin: they check arguments, take the engine's lock and hand on.
 */
#include <stdlib.h>
#include "api/account.h"
#include "api/engine.h"
#include "base/error.h"

#define NULL_ARGUMENT sipd_error(SIPDIALER_EINVAL, "an argument is NULL")


/* Brings into force what may change while running; gives up the lock. */
static void changed(struct sipdialer *d)
{
	atomic_store(&d->log.level,
		     sipd_opt_enum(&d->options, SIPD_OPT_LOG_LEVEL));
	sipd_events_set_max(d->events,
			    (uint32_t)sipd_opt_int(&d->options,
						   SIPD_OPT_EVENTS_MAX));
	sipd_engine_limits(d, &d->options);
	pthread_mutex_unlock(&d->lock);
}


int sipdialer_set(struct sipdialer *d, const char *name, const char *value)
{
	int err;

	if (!d || !name)
		return NULL_ARGUMENT;

	pthread_mutex_lock(&d->lock);
	err = sipd_options_set(&d->options, name, value,
			       atomic_load(&d->state) != SIPD_ENGINE_STOPPED);
	if (err)
		pthread_mutex_unlock(&d->lock);
	else
		changed(d);

	return err;
}


int sipdialer_get(struct sipdialer *d, const char *name, char *buf,
		  size_t size)
{
	int err;

	if (!d || !name || (!buf && size))
		return NULL_ARGUMENT;

	pthread_mutex_lock(&d->lock);
	err = sipd_options_get_text(&d->options, name, buf, size);
	pthread_mutex_unlock(&d->lock);

	return err;
}


int sipdialer_load(struct sipdialer *d, const char *path)
{
	char *text;
	size_t len;
	int err;

	if (!d || !path)
		return NULL_ARGUMENT;

	err = sipd_options_file_read(path, &text, &len);
	if (err)
		return err;

	/* no start meanwhile: it would miss the accounts */
	(void)pthread_rwlock_rdlock(&d->gate);
	pthread_mutex_lock(&d->lock);
	err = sipd_accounts_load(d, path, text, len,
				 atomic_load(&d->state) !=
					 SIPD_ENGINE_STOPPED);
	if (err)
		pthread_mutex_unlock(&d->lock);
	else
		changed(d);
	(void)pthread_rwlock_unlock(&d->gate);
	sipd_options_file_free(text, len);

	return err;
}


const char *sipdialer_option_json(size_t index)
{
	return sipd_option_json(index);
}


const struct sipdialer_event *sipdialer_next_event(struct sipdialer *d,
						   int timeout_ms)
{
	if (!d) {
		(void)NULL_ARGUMENT;
		return NULL;
	}

	return sipd_events_next(d->events, timeout_ms);
}


int sipdialer_fd(struct sipdialer *d)
{
	return d ? sipd_events_fd(d->events) : NULL_ARGUMENT;
}


int sipdialer_wakeup(struct sipdialer *d, sipdialer_wakeup_h *h, void *arg)
{
	if (!d)
		return NULL_ARGUMENT;

	sipd_events_wakeup(d->events, h, arg);

	return SIPDIALER_OK;
}


int sipdialer_on(struct sipdialer *d, int type, sipdialer_event_h *h,
		 void *arg)
{
	return d ? sipd_events_on(d->events, type, h, arg) : NULL_ARGUMENT;
}


int sipdialer_dispatch(struct sipdialer *d, int timeout_ms)
{
	return d ? sipd_events_dispatch(d->events, timeout_ms) : NULL_ARGUMENT;
}
