/**
 * @file core/media/listener.h  The ear of a stream, between its two threads
 *
 * The media thread lets it hear each frame; what it finds goes to the loop by
 * a ring of its own.  Speech that begins and ends stays here: the loop only
 * asks, while a message waits, for the end of the greeting.  Nothing is
 * allocated on the media thread, and nothing waits.
 */
#ifndef SIPD_CORE_MEDIA_LISTENER_H
#define SIPD_CORE_MEDIA_LISTENER_H

#include <stdbool.h>
#include <stdint.h>
#include "core/media/detect/ear.h"

struct sipd_listener;

struct sipd_listener_conf {
	struct sipd_ear_conf ear;
	uint32_t interval_ms; /* between the chances told, 0 never */
};

/** What was heard, of the first frames after the answer at 0 ms. */
struct sipd_told {
	enum {
		SIPD_TOLD_HEARD,   /* heard */
		SIPD_TOLD_CHANCES, /* as they stand */
		SIPD_TOLD_QUIET    /* what was awaited: nobody speaks any more,
				    * and there is no beep */
	} kind;
	struct sipd_heard heard;
	uint32_t now_ms;            /* end of the frame it was found in */
	uint32_t quiet_ms;          /* since somebody spoke */
	float human, machine, beep; /* 0 to 1 */
};

/** Word of a tone; NULL: it is none, or its end. */
const char *sipd_heard_tone(const struct sipd_heard *heard);

typedef void(sipd_told_h)(const struct sipd_told *told, void *arg);

/** NULL: no memory. */
struct sipd_listener *
sipd_listener_open(const struct sipd_listener_conf *conf);
void sipd_listener_close(struct sipd_listener *l); /* l may be NULL */

/** The call is answered; times count from the next frame on. @thread loop */
void sipd_listener_answered(struct sipd_listener *l);
/** Tell, once, when nobody has spoken for so long; 0: no more.
 *  @thread loop */
void sipd_listener_await(struct sipd_listener *l, uint32_t quiet_ms);

/** A frame of 8 kHz; true: there is something to drain. @thread media */
bool sipd_listener_hear(struct sipd_listener *l, const int16_t *pcm,
			bool received);
/** Hand over what waits, in order; how much was lost for want of room.
 *  @thread loop */
unsigned sipd_listener_drain(struct sipd_listener *l, sipd_told_h *h,
			     void *arg);

#endif
