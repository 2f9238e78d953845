/**
 * @file core/media/detect/progress.h  Ringing, busy, reorder, dial tone
 *
 * By frequency and cadence of ITU-T E.180 and its supplement 2.  Told when a
 * cadence came round: ringing once, busy and reorder twice; a dial tone after
 * 2.2 s.  What countries share (425 Hz, 0.25 s on and off, is busy in some
 * and reorder in most) is told as most have it.  Pure.
 */
#ifndef SIPD_CORE_MEDIA_DETECT_PROGRESS_H
#define SIPD_CORE_MEDIA_DETECT_PROGRESS_H

#include "core/media/detect/burst.h"

enum { SIPD_PROGRESS_TIMES = 4 }; /* on, off, on, off */

/* Zeroed before the first look. */
struct sipd_progress {
	uint16_t times[SIPD_PROGRESS_TIMES]; /* ms, the last ones */
	uint8_t n;                           /* of them */
	uint8_t set; /* of frequencies, 0 none, else 1 more */
	bool on;     /* one was told */
	bool judged; /* the stretch that goes on, already */
	enum sipd_signal_kind kind;
	uint16_t most_on, most_off; /* ms, of what was told */
	uint32_t from_ms, to_ms;    /* first tone's begin, last one's end */
};

/** Whether something is to be told. */
bool sipd_progress_hear(struct sipd_progress *p, const struct sipd_burst *b,
			struct sipd_signal *h);

#define SIPD_PROGRESS_NEVER UINT32_MAX

/** How long after the end of that stretch the next would come if it were of
 *  such a tone, ms; 0: it is of none.  SIPD_PROGRESS_NEVER: it began before
 *  we heard it, as ringing does that is answered. */
uint32_t sipd_progress_wait(const struct sipd_burst *b,
			    const struct sipd_stretch *s);

#endif
