/**
 * @file core/media/detect/pitch.c  How much a sound repeats itself
 *
 * Autocorrelation, each lag by the energies of the two stretches that it
 * compares.  In integers: a compiler adds eight products at once.
 */
#include "core/media/detect/pitch.h"

#include <stdbool.h>
#include <stdlib.h>

enum {
	W = SIPD_PITCH_WINDOW,
	SHORTEST = 9, /* 444 Hz */
	BITS = 11     /* 120 squares of so many fit into 31 bits */
};

/* A period's double repeats as well: the shortest that does nearly so. */
static const float nearly = 0.85F;


/* Without the mean, and so small that no sum overflows. */
static void fit(int16_t *restrict y, const int16_t *restrict x)
{
	int most = 1, shift = 0, sum = 0, mean, i;

	for (i = 0; i < SIPD_PITCH_PAST; ++i)
		sum += x[i];
	mean = sum / SIPD_PITCH_PAST;
	for (i = 0; i < SIPD_PITCH_PAST; ++i)
		most |= abs(x[i] - mean);
	while (most >> shift >= 1 << BITS)
		++shift;
	for (i = 0; i < SIPD_PITCH_PAST; ++i)
		y[i] = (int16_t)((x[i] - mean) >> shift);
}


static int32_t product(const int16_t *restrict a, const int16_t *restrict b)
{
	int32_t s = 0;
	int i;

	for (i = 0; i < W; ++i)
		s += a[i] * b[i];

	return s;
}


/* Between the lags: a parabola through three. */
static float summit(const float *r, int at)
{
	const float bend = r[at - 1] - 2 * r[at] + r[at + 1];

	return bend < 0 ? 0.5F * (r[at - 1] - r[at + 1]) / bend : 0;
}


static bool is_summit(const float *r, int l)
{
	return r[l] > 0 && r[l] >= r[l - 1] && r[l] > r[l + 1];
}


/* The lag of the period, 0 if there is none. */
static int period(const float *r)
{
	int best = 0, l;

	for (l = SHORTEST; l < SIPD_PITCH_LAG; ++l)
		if (is_summit(r, l) && (!best || r[l] > r[best]))
			best = l;
	for (l = SHORTEST; l < best; ++l)
		if (r[l] > nearly * r[best] && is_summit(r, l))
			return l;

	return best;
}


float sipd_pitch(const int16_t x[SIPD_PITCH_PAST], float *hz)
{
	_Alignas(16) int16_t y[SIPD_PITCH_PAST];
	const int16_t *const now = y + SIPD_PITCH_LAG;
	float r[SIPD_PITCH_LAG + 1];
	int32_t energy, before; /* of the two stretches */
	int l;

	fit(y, x);
	energy = product(now, now);
	before = product(now - SHORTEST + 1, now - SHORTEST + 1);
	for (l = SHORTEST - 1; l <= SIPD_PITCH_LAG; ++l) {
		const int16_t *const then = now - l;

		r[l] = 2.0F * (float)product(now, then) /
		       ((float)energy + (float)before + 1.0F);
		if (l < SIPD_PITCH_LAG)
			before += then[-1] * then[-1] -
				  then[W - 1] * then[W - 1];
	}
	l = period(r);
	*hz = l ? 4000.0F / ((float)l + summit(r, l)) : 0;

	return !l ? 0 : r[l] < 1 ? r[l] : 1;
}
