/**
 * @file core/media/detect/beep.h  The beep after which a machine records
 *
 * One or two sines of 350 to 2100 Hz, for 70 ms to 2.3 s, steady, evenly
 * rising or falling, dying away, or in up to 12 steps; quiet comes after it.
 * Told 80 to 120 ms after its end, by 60 ms of that quiet.
 *
 * Not beeps: keys (DTMF), tones that another detector knows, and, where
 * nobody spoke before, a tone that could be ringing, busy or reorder: it is
 * told only once the next one of that cadence did not come.  Pure.
 */
#ifndef SIPD_CORE_MEDIA_DETECT_BEEP_H
#define SIPD_CORE_MEDIA_DETECT_BEEP_H

#include "core/media/detect/burst.h"

/* Zeroed before the first look. */
struct sipd_beep {
	float p; /* that a beep goes on, or has just ended, 0..1 */

	/* the tone that ended last, with what was parted from it */
	struct {
		uint32_t from_ms, to_ms;
		float mid, clear;
	} tone;

	unsigned steps; /* of the one that is looked at, 0 none */
	unsigned inner; /* looks that they fill */
	uint32_t from_ms, to_ms;
	float hz[2];
	float level, rest;    /* dBFS: of it, of what else was heard with it */
	unsigned after;       /* looks since its end */
	unsigned noise_looks; /* of these, that are not silence */
	float quiet;          /* dBFS, their mean; */
	float most, least;    /* their range */
	bool waits;           /* it could be call progress */
	uint32_t wait_ms;     /* how long the next would take */

	float told_hz; /* of the last one told, 0 none */
	uint32_t told_ms;
	unsigned again; /* how often it came again */
};

/** Whether one was heard.  spoken_ms: how much speech was heard before; taken:
 *  another detector told something of these tones, or goes on to. */
bool sipd_beep_hear(struct sipd_beep *p, const struct sipd_burst *b,
		    uint32_t spoken_ms, bool taken, struct sipd_signal *h);

#endif
