/**
 * @file api/engine.h  What an engine is made of
 *
 * Only lib/api knows this struct.  `lock` guards options and state; events and
 * log have locks of their own, and `lock` is never taken inside theirs.
 */
#ifndef SIPD_API_ENGINE_H
#define SIPD_API_ENGINE_H

#include <pthread.h>
#include <sipdialer/sipdialer.h>
#include "api/events.h"
#include "api/options.h"
#include "base/log.h"

enum sipd_engine_state {
	SIPD_ENGINE_IDLE,      /* created, or stopped */
	SIPD_ENGINE_STARTING,
	SIPD_ENGINE_RUNNING,
	SIPD_ENGINE_STOPPING
};

struct sipdialer {
	pthread_mutex_t lock;
	struct sipd_options options;  /* @locks lock */
	enum sipd_engine_state state; /* @locks lock */
	struct sipd_events *events;
	struct sipd_log log;          /* to events, by sipd_events_log_h */

	/** Told, without the lock, when options were set: take what may change
	 *  while running.  NULL: nobody. @locks lock to set */
	void (*changed)(struct sipdialer *d);
};

#endif
