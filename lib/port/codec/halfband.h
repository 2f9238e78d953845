/**
 * @file port/codec/halfband.h  Between 8 and 16 kHz, a frame at a time
 *
 * A half-band filter of 47 taps: flat to 3.4 kHz, -50 dB from 4.6 kHz on, a
 * delay of 1.4 ms.  Pure, one thread.
 */
#ifndef SIPD_PORT_CODEC_HALFBAND_H
#define SIPD_PORT_CODEC_HALFBAND_H

#include <stddef.h>
#include <stdint.h>

enum {
	SIPD_HALFBAND_SIDE = 12, /* taps on one side that are not 0 */
	SIPD_HALFBAND_MAX = 160  /* samples of 8 kHz at once */
};

struct sipd_up {
	int16_t past[2 * SIPD_HALFBAND_SIDE];
};

struct sipd_down {
	int16_t past[4 * SIPD_HALFBAND_SIDE];
};

/** n samples of 8 kHz to 2 n of 16 kHz. */
void sipd_up(struct sipd_up *u, int16_t *dst, const int16_t *src, size_t n);
/** 2 n samples of 16 kHz to n of 8 kHz; dst may be src. */
void sipd_down(struct sipd_down *d, int16_t *dst, const int16_t *src,
	       size_t n);

#endif
