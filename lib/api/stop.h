/**
 * @file api/stop.h  How an engine stops, as its start sees it
 */
#ifndef SIPD_API_STOP_H
#define SIPD_API_STOP_H

#include "api/engine.h"

/** The janitor waits from before anything is opened: a stop needs no memory. */
int sipd_stop_prepare(struct sipdialer *d);
/** The start failed: take down what it opened. */
void sipd_stop_abort(struct sipdialer *d);
/** Wait until the janitor has gone. */
void sipd_stop_join(struct sipdialer *d);
/** A call or run has gone: if stopping, the next step of it. @thread loop */
void sipd_stop_step(struct sipdialer *d);

#endif
