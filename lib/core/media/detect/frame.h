/**
 * @file core/media/detect/frame.h  One look at a frame, for all detectors
 *
 * A frame is 20 ms of 8 kHz.  Its spectrum is taken over 32 ms: the frame and
 * the 12 ms before it.  Pure, one thread, nothing is allocated.
 */
#ifndef SIPD_CORE_MEDIA_DETECT_FRAME_H
#define SIPD_CORE_MEDIA_DETECT_FRAME_H

#include <stdbool.h>
#include <stdint.h>
#include "core/media/detect/fft.h"

enum {
	SIPD_LOOK_FRAME = 160,                       /* samples */
	SIPD_LOOK_PAST = SIPD_FFT - SIPD_LOOK_FRAME, /* and of before */
	SIPD_LOOK_BANDS = 8
};

#define SIPD_LOOK_HZ 31.25F    /* from bin to bin */
#define SIPD_LOOK_QUIET -99.0F /* dBFS of digital silence */

/* Of a call, zeroed before the first frame. */
struct sipd_sight {
	int16_t past[SIPD_LOOK_PAST];
};

struct sipd_look {
	float level;      /* dBFS of the frame, a full-scale sine is -3 */
	float peak;       /* of the frame, 0..1 */
	unsigned clipped; /* samples of the frame at the rail */
	float zcr;        /* sign changes to samples of the frame, 0..1 */
	bool quiet;       /* digital silence: all samples are of one value */

	/* of 32 ms; a full-scale sine sums up to 0.5 */
	float power[SIPD_FFT_BINS];
	float total;                 /* of 100 to 3800 Hz */
	float band[SIPD_LOOK_BANDS]; /* of SIPD_LOOK_EDGES */
};

/** First bin of each band, and the first behind the last: 187 Hz to 3.5 kHz,
 *  about as wide as the ear's. */
extern const uint8_t sipd_look_edges[SIPD_LOOK_BANDS + 1];

void sipd_look(struct sipd_sight *s, const int16_t pcm[SIPD_LOOK_FRAME],
	       struct sipd_look *look);

/** dB of a power, 0..1; not below -100.  log2 by the float's own bits and a
 *  parabola, wrong by less than 0.03 dB. */
static inline float sipd_look_db(float power)
{
	union {
		float f;
		uint32_t u;
	} x = {.f = power + 1e-10F};
	const float exponent = (float)(int)(x.u >> 23) - 127.0F;

	x.u = (x.u & 0x7fffff) | 0x3f800000;

	return 3.0103F * (exponent + -1.6748749F +
			  (2.0246783F + -0.34484843F * x.f) * x.f);
}

#endif
