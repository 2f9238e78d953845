/**
 * @file core/media/detect/tones.c  Up to two sines in a look
 *
 * The Hann window spreads a sine over 4 bins, with a variance of 1/3 bin^2
 * wherever between the bins it lies: the mean of these bins, weighted by
 * power, is its frequency, and what is more than that variance is a second
 * sine close by, or a change.
 */
#include "core/media/detect/tones.h"

#include <math.h>
#include <string.h>

enum {
	LOW = 8,    /* bins, 250 Hz */
	HIGH = 115, /* 3.6 kHz */
	HALF = 2,   /* bins of a sine on each side */
	NEAR = 3    /* a peak no farther than that is of the same tone */
};

static const float faint = 1e-6F;    /* -60 dBFS */
static const float peak_least = .1F; /* of all: its strongest bin; noise has
					* less, a pair of sines twice that */
static const float second = .04F;    /* of all: weaker is noise, or the side
					* of the first */
static const float sine = 1.0F / 3;  /* bins^2 */


static unsigned strongest(const float *p, unsigned from, unsigned to)
{
	unsigned best = from, k;

	for (k = from + 1; k <= to; ++k)
		if (p[k] > p[best])
			best = k;

	return best;
}


static bool is_peak(const float *p, unsigned k)
{
	return p[k] > p[k - 1] && p[k] >= p[k + 1];
}


/* Bins of the tone around its peak k in one direction. */
static unsigned reach(const float *p, unsigned k, int step)
{
	int j;

	for (j = HALF; j <= NEAR; ++j)
		if (is_peak(p, k + (unsigned)(j * step)))
			return (unsigned)j + HALF;

	return HALF;
}


/* Bins of a tone. */
struct bins {
	unsigned lo, hi;
};


/* Tone number t->n of these bins around k. */
static float measure(const float *p, unsigned k, const struct bins *b,
		     struct sipd_tones *t)
{
	float sum = 0, first = 0, square = 0, mean, var;
	unsigned j;

	for (j = b->lo; j <= b->hi; ++j) {
		const float x = (float)j - (float)k;

		sum += p[j];
		first += p[j] * x;
		square += p[j] * x * x;
	}
	mean = first / sum;
	var = square / sum - mean * mean - sine;
	t->hz[t->n] = ((float)k + mean) * SIPD_LOOK_HZ;
	t->wide[t->n] = var > 0 ? sqrtf(var) * SIPD_LOOK_HZ : 0;
	t->level[t->n] = sipd_look_db(sum);
	++t->n;

	return sum;
}


/* The strongest peak outside these bins, 0 none. */
static unsigned strongest_peak(const float *p, const struct bins *b)
{
	unsigned best = 0, k;
	float most = 0;

	for (k = LOW; k <= HIGH; ++k) {
		if (p[k] > most && is_peak(p, k) && (k < b->lo || k > b->hi)) {
			most = p[k];
			best = k;
		}
	}

	return best;
}


/* A second one outside the bins of the first. */
static void find_second(const struct sipd_look *look, const struct bins *b,
			struct sipd_tones *t)
{
	const float *p = look->power, one = t->power;
	const unsigned k = strongest_peak(p, b);
	struct bins own = {.lo = k - HALF, .hi = k + HALF};
	float two;

	if (k == 0 || p[k] < second / 2 * look->total)
		return;
	if (k < b->lo && own.hi >= b->lo)
		own.hi = b->lo - 1;
	if (k > b->hi && own.lo <= b->hi)
		own.lo = b->hi + 1;
	two = measure(p, k, &own, t);
	if (two < second * look->total) {
		t->n = 1;
		return;
	}
	t->power = one + two;
	t->mid = (t->hz[0] * one + t->hz[1] * two) / t->power;
}


void sipd_tones_find(const struct sipd_look *look, struct sipd_tones *t)
{
	const float *p = look->power;
	const struct bins none = {0, 0};
	struct bins b;
	unsigned k;

	memset(t, 0, sizeof(*t));
	if (look->total < faint)
		return;
	k = strongest(p, LOW, HIGH);
	if (!is_peak(p, k))
		k = strongest_peak(p, &none);
	if (k == 0 || p[k] < peak_least * look->total)
		return;

	b.lo = k - reach(p, k, -1);
	b.hi = k + reach(p, k, 1);
	t->power = measure(p, k, &b, t);
	t->mid = t->hz[0];
	find_second(look, &b, t);
	t->share = t->power < look->total ? t->power / look->total : 1;
}


float sipd_tones_power(const struct sipd_look *look, float hz)
{
	const unsigned k = (unsigned)(hz / SIPD_LOOK_HZ + .5F);
	float sum = 0;
	unsigned j;

	if (k < NEAR || k > HIGH + NEAR)
		return 0;
	for (j = k - NEAR; j <= k + NEAR; ++j)
		sum += look->power[j];

	return sum;
}
