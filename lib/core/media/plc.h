/**
 * @file core/media/plc.h  What to hear instead of a lost frame
 *
 * In the manner of G.711 Appendix I: the last pitch period is repeated and
 * fades to silence.  Unlike there nothing is delayed.  Pure, one thread.
 */
#ifndef SIPD_CORE_MEDIA_PLC_H
#define SIPD_CORE_MEDIA_PLC_H

#include <stdint.h>

enum {
	/* samples of 8 kHz; twice as many of 16 */
	SIPD_PLC_FRAME = 160,     /* 20 ms */
	SIPD_PLC_PITCH_MIN = 40,  /* 200 Hz */
	SIPD_PLC_PITCH_MAX = 120, /* 66 Hz. G.711 I.2.2 */
	SIPD_PLC_HISTORY = 320,
	SIPD_PLC_FADE_FROM = 80, /* 10 ms as loud as before, */
	SIPD_PLC_FADE_TO = 480,  /* silent after 60 ms */
	SIPD_PLC_TIMES = 2       /* at most */
};

struct sipd_plc {
	/* heard last, newest at the end */
	int16_t history[SIPD_PLC_TIMES * SIPD_PLC_HISTORY];
	int16_t period[SIPD_PLC_TIMES * SIPD_PLC_PITCH_MAX];
	unsigned times; /* 8 kHz: 1 or 2 */
	unsigned pitch; /* samples of period */
	unsigned lost;  /* samples made up so far, up to FADE_TO */
	unsigned at;    /* next of period */
	int step;       /* from the last heard to the first made */
};

void sipd_plc_init(struct sipd_plc *p);      /* for 8 kHz */
void sipd_plc_init_wide(struct sipd_plc *p); /* for 16 kHz */

/** A frame came; after a loss its begin is blended with what was made up. */
void sipd_plc_good(struct sipd_plc *p, int16_t *pcm);

/** A frame is missing: make one up. */
void sipd_plc_lost(struct sipd_plc *p, int16_t *pcm);

#endif
