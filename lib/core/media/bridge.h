/**
 * @file core/media/bridge.h  Two calls that hear each other
 *
 * A ring of frames each way, between the media threads of the two: the one
 * puts what it hears, the other takes it at its own tick, without locks.  Both
 * clocks are ours, so that the rings stay as full as they are: the way through
 * costs at most a frame.  Counted by references.
 */
#ifndef SIPD_CORE_MEDIA_BRIDGE_H
#define SIPD_CORE_MEDIA_BRIDGE_H

#include <stdbool.h>
#include <stdint.h>
#include "port/rtp/rtp.h"

struct sipd_bridge;

int sipd_bridge_open(struct sipd_bridge **bp);
struct sipd_bridge *sipd_bridge_ref(struct sipd_bridge *b);
void sipd_bridge_unref(struct sipd_bridge *b); /* b may be NULL */

/** What end 0 or 1 hears. @thread media, of that end */
void sipd_bridge_put(struct sipd_bridge *b, int end,
		     const struct sipd_rx_frame *rx);
/** What that end is to say, at its own rate; false: nothing. @thread media, of that end */
bool sipd_bridge_take(struct sipd_bridge *b, int end, int16_t *pcm,
		      size_t samples);

#endif
