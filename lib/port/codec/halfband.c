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

/* The odd taps: a sinc under a Kaiser window.  Together they are ONE; so little
 * that no sum leaves 32 bit. */
/* clang-format off */
static const int16_t taps[2 * SIDE] = {
	   -9,    29,   -64,   120,  -206,   330,
	 -510,   772, -1170,  1846, -3328, 10382,
	10382, -3328,  1846, -1170,   772,  -510,
	  330,  -206,   120,   -64,    29,    -9,
};
/* clang-format on */


static int16_t clip(int32_t v)
{
	if (v > INT16_MAX)
		return INT16_MAX;
	if (v < INT16_MIN)
		return INT16_MIN;

	return (int16_t)v;
}


/* In 16 bit each: a compiler multiplies and adds eight of them at once. */
static int32_t filter(const int16_t *restrict x)
{
	int32_t sum = 0;
	int k;

	for (k = 0; k < 2 * SIDE; ++k)
		sum += taps[k] * x[k];

	return sum;
}


void sipd_up(struct sipd_up *u, int16_t *dst, const int16_t *src, size_t n)
{
	int16_t x[UP_PAST + MAX];
	size_t i;

	assert(n <= MAX);
	memcpy(x, u->past, sizeof(u->past));
	memcpy(x + UP_PAST, src, n * sizeof(*src));

	for (i = 0; i < n; ++i) {
		dst[2 * i] = x[i + SIDE];
		dst[2 * i + 1] = clip((ONE / 2 + filter(x + i + 1)) >> 14);
	}
	memcpy(u->past, x + n, sizeof(u->past));
}


void sipd_down(struct sipd_down *d, int16_t *dst, const int16_t *src, size_t n)
{
	int16_t x[DOWN_PAST + 2 * MAX], odd[2 * SIDE + MAX];
	size_t i;

	assert(n <= MAX);
	memcpy(x, d->past, sizeof(d->past));
	memcpy(x + DOWN_PAST, src, 2 * n * sizeof(*src));
	for (i = 0; i < n + 2 * SIDE; ++i)
		odd[i] = x[2 * i + 1];

	for (i = 0; i < n; ++i) {
		const int32_t mid = x[2 * i + 2 * SIDE];

		dst[i] = clip((ONE + ONE * mid + filter(odd + i)) >> 15);
	}
	memcpy(d->past, x + 2 * n, sizeof(d->past));
}
