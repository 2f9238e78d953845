/**
 * @file core/media/detect/fft.c  Power spectrum of 256 samples
 *
 * The even samples are the real, the odd ones the imaginary part of 128
 * numbers: 4 x 4 x 8 points by Stockham, from one array into the other, so
 * that they come out in order.  Real and imaginary parts lie apart and each
 * innermost loop runs over neighbours, a known number of times: a compiler
 * makes four of each at once.
 */
#include "core/media/detect/fft.h"

#include "core/media/detect/fft_table.h"

enum { N = SIPD_FFT / 2 };

#define FULL 32768.0F
/* once by the window's mean square, twice by the parts of a pair that the
 * split below leaves out */
#define SCALE (2.0F / (SIPD_FFT * 0.375F * SIPD_FFT * FULL * FULL) / 4.0F)
#define HALF_ROOT 0.70710678F

struct numbers {
	_Alignas(16) float r[N + 4], i[N + 4]; /* one more, for the split */
};


static void window(const int16_t *restrict pcm, struct numbers *restrict z)
{
	_Alignas(16) float x[SIPD_FFT];
	int n;

	for (n = 0; n < SIPD_FFT; ++n)
		x[n] = pcm[n] * hann[n];
	for (n = 0; n < N; ++n) {
		z->r[n] = x[2 * n];
		z->i[n] = x[2 * n + 1];
	}
}


/* Four points 32 apart; what was made of them comes to lie side by side. */
static void first(const struct numbers *restrict x, struct numbers *restrict y)
{
	enum { Q = N / 4 };
	int p;

	for (p = 0; p < Q; ++p) {
		const float sr = x->r[p] + x->r[p + 2 * Q];
		const float si = x->i[p] + x->i[p + 2 * Q];
		const float dr = x->r[p] - x->r[p + 2 * Q];
		const float di = x->i[p] - x->i[p + 2 * Q];
		const float tr = x->r[p + Q] + x->r[p + 3 * Q];
		const float ti = x->i[p + Q] + x->i[p + 3 * Q];
		const float er = x->r[p + Q] - x->r[p + 3 * Q];
		const float ei = x->i[p + Q] - x->i[p + 3 * Q];

		y->r[4 * p] = sr + tr;
		y->i[4 * p] = si + ti;
		y->r[4 * p + 1] = (dr + ei) * a1r[p] - (di - er) * a1i[p];
		y->i[4 * p + 1] = (dr + ei) * a1i[p] + (di - er) * a1r[p];
		y->r[4 * p + 2] = (sr - tr) * a2r[p] - (si - ti) * a2i[p];
		y->i[4 * p + 2] = (sr - tr) * a2i[p] + (si - ti) * a2r[p];
		y->r[4 * p + 3] = (dr - ei) * a3r[p] - (di + er) * a3i[p];
		y->i[4 * p + 3] = (dr - ei) * a3i[p] + (di + er) * a3r[p];
	}
}


static void second(const struct numbers *restrict x,
		   struct numbers *restrict y)
{
	enum { Q = N / 4 };
	int p, q;

	for (p = 0; p < N / 16; ++p) {
		const float *restrict xr = x->r + 4 * p;
		const float *restrict xi = x->i + 4 * p;
		float *restrict yr = y->r + 16 * p;
		float *restrict yi = y->i + 16 * p;

		for (q = 0; q < 4; ++q) {
			const float sr = xr[q] + xr[q + 2 * Q];
			const float si = xi[q] + xi[q + 2 * Q];
			const float dr = xr[q] - xr[q + 2 * Q];
			const float di = xi[q] - xi[q + 2 * Q];
			const float tr = xr[q + Q] + xr[q + 3 * Q];
			const float ti = xi[q + Q] + xi[q + 3 * Q];
			const float er = xr[q + Q] - xr[q + 3 * Q];
			const float ei = xi[q + Q] - xi[q + 3 * Q];

			yr[q] = sr + tr;
			yi[q] = si + ti;
			yr[q + 4] = (dr + ei) * b1r[p] - (di - er) * b1i[p];
			yi[q + 4] = (dr + ei) * b1i[p] + (di - er) * b1r[p];
			yr[q + 8] = (sr - tr) * b2r[p] - (si - ti) * b2i[p];
			yi[q + 8] = (sr - tr) * b2i[p] + (si - ti) * b2r[p];
			yr[q + 12] = (dr - ei) * b3r[p] - (di + er) * b3i[p];
			yi[q + 12] = (dr - ei) * b3i[p] + (di + er) * b3r[p];
		}
	}
}


/* Eight points 16 apart: twice four, the odd ones turned by an eighth each. */
static void third(const struct numbers *restrict x, struct numbers *restrict y)
{
	enum { Q = N / 8 };
	int q;

	for (q = 0; q < Q; ++q) {
		const float *const xr = x->r + q, *const xi = x->i + q;
		const float s0r = xr[0] + xr[4 * Q], s0i = xi[0] + xi[4 * Q];
		const float d0r = xr[0] - xr[4 * Q], d0i = xi[0] - xi[4 * Q];
		const float s1r = xr[Q] + xr[5 * Q], s1i = xi[Q] + xi[5 * Q];
		const float d1r = xr[Q] - xr[5 * Q], d1i = xi[Q] - xi[5 * Q];
		const float s2r = xr[2 * Q] + xr[6 * Q],
			    s2i = xi[2 * Q] + xi[6 * Q],
			    d2r = xr[2 * Q] - xr[6 * Q],
			    d2i = xi[2 * Q] - xi[6 * Q];
		const float s3r = xr[3 * Q] + xr[7 * Q],
			    s3i = xi[3 * Q] + xi[7 * Q],
			    d3r = xr[3 * Q] - xr[7 * Q],
			    d3i = xi[3 * Q] - xi[7 * Q];
		/* the even ones: four points of the sums */
		const float ar = s0r + s2r, ai = s0i + s2i;
		const float br = s0r - s2r, bi = s0i - s2i;
		const float cr = s1r + s3r, ci = s1i + s3i;
		const float er = s1r - s3r, ei = s1i - s3i;
		/* the odd ones: of the differences, turned */
		const float fr = (d1r + d1i) * HALF_ROOT,
			    fi = (d1i - d1r) * HALF_ROOT;
		const float gr = (d3i - d3r) * HALF_ROOT,
			    gi = (d3r + d3i) * -HALF_ROOT;
		const float hr = d0r + d2i, hi = d0i - d2r;
		const float kr = d0r - d2i, ki = d0i + d2r;

		y->r[q] = ar + cr;
		y->i[q] = ai + ci;
		y->r[q + Q] = hr + (fr + gr);
		y->i[q + Q] = hi + (fi + gi);
		y->r[q + 2 * Q] = br + ei;
		y->i[q + 2 * Q] = bi - er;
		y->r[q + 3 * Q] = kr + (fi - gi);
		y->i[q + 3 * Q] = ki - (fr - gr);
		y->r[q + 4 * Q] = ar - cr;
		y->i[q + 4 * Q] = ai - ci;
		y->r[q + 5 * Q] = hr - (fr + gr);
		y->i[q + 5 * Q] = hi - (fi + gi);
		y->r[q + 6 * Q] = br - ei;
		y->i[q + 6 * Q] = bi + er;
		y->r[q + 7 * Q] = kr - (fi - gi);
		y->i[q + 7 * Q] = ki + (fr - gr);
	}
}


/* Even and odd samples parted again: bins k and N - k are of one pair. */
static void split(struct numbers *restrict z, float *restrict power)
{
	int k;

	z->r[N] = z->r[0];
	z->i[N] = z->i[0];
	for (k = 0; k < N / 2; ++k) {
		const float er = z->r[k] + z->r[N - k];
		const float ei = z->i[k] - z->i[N - k];
		const float odd_r = z->i[k] + z->i[N - k];
		const float odd_i = z->r[N - k] - z->r[k];
		const float or = odd_r * splitr[k] - odd_i * spliti[k];
		const float oi = odd_r * spliti[k] + odd_i * splitr[k];

		/* squares, so that no rounding makes a power negative */
		power[k] = ((er + or) * (er + or) + (ei + oi) * (ei + oi)) *
			   SCALE;
		power[N - k] = ((er - or) * (er - or) +
				(ei - oi) * (ei - oi)) *
			       SCALE;
	}
	power[k] = (z->r[k] * z->r[k] + z->i[k] * z->i[k]) * (4 * SCALE);

	/* these two have no twin of a negative frequency */
	power[0] *= 0.5F;
	power[N] *= 0.5F;
}


void sipd_fft_power(const int16_t pcm[SIPD_FFT], float power[SIPD_FFT_BINS])
{
	struct numbers x, y;

	window(pcm, &x);
	first(&x, &y);
	second(&y, &x);
	third(&x, &y);
	split(&y, power);
}
