/**
 * @file core/media/detect/dtmf.c  Keys as tones in the audio, heard
 *
 * Goertzel's algorithm at the eight frequencies, block by block.  A tone of 40
 * ms has two whole blocks wherever they begin; one of 15 ms never fills two
 * well enough.
 */
#include "core/media/detect/dtmf.h"

#include <stdbool.h>

enum {
	N = SIPD_DTMF_BLOCK,
	ON = 2, /* blocks until it is a key */
	OFF = 3, /* blocks until it is over: less is a drop-out, of a packet at most */
	BLOCK_US = 12750
};

/* 2 cos(2 pi f / 8000) of 697, 770, 852, 941 and 1209, 1336, 1477, 1633 Hz,
 * and of twice these. */
/* clang-format off */
static const double step[2][4] = {
	{ 1.7077378, 1.6452810, 1.5686870, 1.4782046 },
	{ 1.1641040, 0.9963702, 0.7986184, 0.5685327 },
};
/* clang-format on */

static const char names[4][4] = {
	{'1', '2', '3', 'A'},
	{'4', '5', '6', 'B'},
	{'7', '8', '9', 'C'},
	{'*', '0', '#', 'D'},
};

/* Limits are of energy. */
static const double least = 2.6e7;   /* N samples of a tone of -30 dBm0 */
static const double beside = 6.3;    /* 8 dB over the others of its group */
static const double forward = 10;    /* the high one is lower by 10 dB, */
static const double reverse = 5;     /* or higher by 7 dB, at most */
static const double pure = 0.72;     /* of all energy in these two */
static const double harmonic = 0.05; /* of a tone at twice its frequency:
					* voices have more */
static const double steady = 2;      /* from block to block, 3 dB */


/* At four frequencies together: each sample waits for the one before, and the
 * four do so at the same time. */
static void energy_at(const int16_t *x, const double c[4], double e[4])
{
	double a[4] = {0}, b[4] = {0};
	int i, k;

	for (i = 0; i < N; ++i) {
		const double v = x[i];

		for (k = 0; k < 4; ++k) {
			const double y = v + c[k] * a[k] - b[k];

			b[k] = a[k];
			a[k] = y;
		}
	}

	/* of a sine of that frequency: the energy of its N samples */
	for (k = 0; k < 4; ++k)
		e[k] = (a[k] * a[k] + b[k] * b[k] - c[k] * a[k] * b[k]) * 2 /
		       N;
}


/* The strongest of a group, if it stands out. */
static bool strongest(const double e[4], int *best)
{
	int i;

	*best = 0;
	for (i = 1; i < 4; ++i)
		if (e[i] > e[*best])
			*best = i;
	for (i = 0; i < 4; ++i)
		if (i != *best && e[i] * beside > e[*best])
			return false;

	return e[*best] > least;
}


/* A voice that has a tone of the low group has its octave, too; 2 and 6 have
 * another tone there.  cos(2 x) = 2 cos(x)^2 - 1 */
static bool has_harmonic(const int16_t *x, int row, int column, double energy)
{
	const double c = step[0][row];
	const double octave[4] = {c * c - 2};
	double e[4];

	if (row < 2 && column == row + 1)
		return false;
	energy_at(x, octave, e);

	return e[0] > harmonic * energy;
}


/* The key of a block, 0 none. */
static char key_of(const int16_t *x, double *level)
{
	double e[2][4], all = 1, low, high;
	int row, column, i;

	for (i = 0; i < N; ++i)
		all += (double)x[i] * x[i];
	if (all < 2 * least)
		return 0;
	energy_at(x, step[0], e[0]);
	if (!strongest(e[0], &row))
		return 0;
	energy_at(x, step[1], e[1]);
	if (!strongest(e[1], &column))
		return 0;

	low = e[0][row];
	high = e[1][column];
	if (low > high * forward || high > low * reverse ||
	    low + high < pure * all || has_harmonic(x, row, column, low))
		return 0;
	*level = low + high;

	return names[row][column];
}


/* A key that is over, 0 none. */
static char ended(struct sipd_dtmf *d, uint32_t *ms)
{
	const char key = d->key;

	*ms = d->on * BLOCK_US / 1000;
	d->key = 0;
	d->on = d->off = 0;

	return key;
}


static char block(struct sipd_dtmf *d, uint32_t *ms)
{
	double level = 0;
	const char now = key_of(d->block, &level);
	const bool twice = now && now == d->last &&
			   level < d->level * steady &&
			   d->level < level * steady;
	char over = 0;

	if (d->key && now == d->key) {
		d->on += 1 + d->off;
		d->off = 0;
	}
	else if (d->key && (++d->off >= OFF || twice)) {
		over = ended(d, ms);
	}
	if (!d->key && twice) {
		d->key = now;
		d->on = ON;
		d->off = 0;
	}
	d->last = now;
	d->level = level;

	return over;
}


char sipd_dtmf_hear(struct sipd_dtmf *d, const int16_t *pcm, size_t n,
		    uint32_t *ms)
{
	char key = 0;
	size_t i;

	for (i = 0; i < n; ++i) {
		d->block[d->n++] = pcm[i];
		if (d->n == N) {
			const char over = block(d, ms);

			key = over ? over : key;
			d->n = 0;
		}
	}

	return key;
}
