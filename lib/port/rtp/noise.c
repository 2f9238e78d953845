/**
 * @file port/rtp/noise.c  Comfort noise. RFC 3389
 */
#include "port/rtp/noise.h"

enum {
	LEVEL = 0x7f, /* the bit above is 0 */
	LOUDEST = 20  /* -dBov; louder is no silence */
};


void sipd_noise_set(struct sipd_noise *n, const uint8_t *payload, size_t len)
{
	/* 0 dBov is a square wave; evenly spread samples have 1/sqrt(3) of
	 * their peak as mean */
	double peak = 32767 * 1.7320508;
	unsigned level = len ? payload[0] & LEVEL : LEVEL;

	if (level < LOUDEST)
		level = LOUDEST;
	for (; level; --level)
		peak *= 0.8912509; /* 1 dB */

	n->on = true;
	n->peak = (int32_t)peak;
}


void sipd_noise_make(struct sipd_noise *n, int16_t *pcm, size_t samples)
{
	size_t i;

	for (i = 0; i < samples; ++i) {
		n->seed = n->seed * 1664525 + 1013904223;
		pcm[i] = (int16_t)((int32_t)(int16_t)(n->seed >> 16) *
					   n->peak >>
				   15);
	}
}
