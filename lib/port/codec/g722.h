/**
 * @file port/codec/g722.h  ITU-T G.722 at 64 kbit/s
 *
 * Two samples of 16 kHz make a byte.  A byte's meaning depends on all before
 * it; who comes in later, or loses some, follows after a few ms.
 */
#ifndef SIPD_PORT_CODEC_G722_H
#define SIPD_PORT_CODEC_G722_H

#include <stddef.h>
#include <stdint.h>

enum { SIPD_G722_TAPS = 24 };

/** The adaptive predictor and quantiser of one of the two bands. */
struct sipd_g722_band {
	int32_t s, sz;      /* the next sample as predicted, and the part
				* of it out of the zeros */
	int32_t a[2], r[2]; /* poles, and what was reconstructed */
	int32_t b[6], d[6]; /* zeros, and differences */
	int32_t p[2];       /* partial reconstructions */
	int32_t log, scale; /* of the quantiser */
};

/** One direction of a stream. */
struct sipd_g722 {
	struct sipd_g722_band low, high;
	int32_t x[SIPD_G722_TAPS]; /* of the filter that splits or joins */
};

void sipd_g722_init(struct sipd_g722 *g);
/** 2 n samples to n bytes. */
void sipd_g722_encode(struct sipd_g722 *g, uint8_t *dst, const int16_t *src,
		      size_t n);
/** n bytes to 2 n samples. */
void sipd_g722_decode(struct sipd_g722 *g, int16_t *dst, const uint8_t *src,
		      size_t n);

#endif
