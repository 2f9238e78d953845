/**
 * @file port/codec/halfband.c  Between 8 and 16 kHz, a frame at a time
 */
#include "port/codec/halfband.h"

#include <assert.h>
#include <string.h>

enum {
	SIDE = SIPD_HALFBAND_SIDE,
	UP_PAST = 2 * SIDE,
	DOWN_PAST = 4 * SIDE,
	MAX = SIPD_HALFBAND_MAX,
	ONE = 1 << 14 /* the middle tap */
};

/* The odd taps from the middle outwards: a sinc under a Kaiser window.  Both
 * sides together are ONE; so little that no sum leaves 32 bit. */
static const int32_t taps[SIDE] = {10382, -3328, 1846, -1170, 772, -510,
				   330,   -206,  120,  -64,   29,  -9};


static int16_t clip(int32_t v)
{
	if (v > INT16_MAX)
		return INT16_MAX;
	if (v < INT16_MIN)
		return INT16_MIN;

	return (int16_t)v;
}


void sipd_up(struct sipd_up *u, int16_t *dst, const int16_t *src, size_t n)
{
	int16_t x[UP_PAST + MAX];
	size_t i;

	assert(n <= MAX);
	memcpy(x, u->past, sizeof(u->past));
	memcpy(x + UP_PAST, src, n * sizeof(*src));

	for (i = 0; i < n; ++i) {
		/* the samples around the middle between mid[0] and mid[1] */
		const int16_t *mid = x + i + SIDE;
		int32_t sum = ONE / 2;
		int k;

		for (k = 0; k < SIDE; ++k)
			sum += taps[k] * (mid[-k] + mid[k + 1]);
		dst[2 * i] = mid[0];
		dst[2 * i + 1] = clip(sum >> 14);
	}
	memcpy(u->past, x + n, sizeof(u->past));
}


void sipd_down(struct sipd_down *d, int16_t *dst, const int16_t *src, size_t n)
{
	int16_t x[DOWN_PAST + 2 * MAX];
	size_t i;

	assert(n <= MAX);
	memcpy(x, d->past, sizeof(d->past));
	memcpy(x + DOWN_PAST, src, 2 * n * sizeof(*src));

	for (i = 0; i < n; ++i) {
		const int16_t *mid = x + 2 * i + 2 * SIDE;
		int32_t sum = ONE + ONE * mid[0];
		int k;

		for (k = 0; k < SIDE; ++k)
			sum += taps[k] * (mid[-1 - 2 * k] + mid[1 + 2 * k]);
		dst[i] = clip(sum >> 15);
	}
	memcpy(d->past, x + 2 * n, sizeof(d->past));
}
