/**
 * @file port/codec/g722.c  ITU-T G.722 at 64 kbit/s
 *
 * Bit exact with other implementations.  The names of the blocks are those of
 * the Recommendation.
 */
#include "port/codec/g722.h"

#include <stdbool.h>
#include <string.h>

enum {
	TAPS = SIPD_G722_TAPS,
	LOW_SCALE = 32, /* at the begin */
	HIGH_SCALE = 8,
	LOW_LOG_MAX = 18432,
	HIGH_LOG_MAX = 22528
};

/* Table 11: half of the symmetric filter; even and odd samples have their
 * coefficients in opposite order. */
static const int32_t qmf[TAPS / 2] = {
	3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11,
};

/* clang-format off */
/* Table 14: decision levels of the 6 bit quantiser. */
static const int32_t q6[31] = {
	0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650,
	714, 786, 858, 940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980,
	2195, 2557, 2919, 0,
};

/* Table 17: outputs of the 2, 4 and 6 bit inverse quantisers. */
static const int32_t qm2[4] = { -7408, -1616, 7408, 1616 };
static const int32_t qm4[16] = {
	0, -20456, -12896, -8968, -6288, -4240, -2584, -1200,
	20456, 12896, 8968, 6288, 4240, 2584, 1200, 0,
};
static const int32_t qm6[64] = {
	-136, -136, -136, -136, -24808, -21904, -19008, -16704,
	-14984, -13512, -12280, -11192, -10232, -9360, -8576, -7856,
	-7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576,
	-3168, -2776, -2400, -2032, -1688, -1360, -1040, -728,
	24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192,
	10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456,
	4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032,
	1688, 1360, 1040, 728, 432, 136, -432, -136,
};

/* Tables 13 and 15: how the quantisers adapt. */
static const int32_t wl[16] = {
	-60, 3042, 1198, 538, 334, 172, 58, -30,
	3042, 1198, 538, 334, 172, 58, -30, -60,
};
static const int32_t wh[4] = { 798, -214, 798, -214 };
static const int32_t ilb[32] = {
	2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383,
	2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
	2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371,
	3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
};
/* clang-format on */


static int32_t saturate(int32_t v)
{
	if (v > INT16_MAX)
		return INT16_MAX;
	if (v < INT16_MIN)
		return INT16_MIN;

	return v;
}


static int32_t clamp(int32_t v, int32_t lo, int32_t hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}


void sipd_g722_init(struct sipd_g722 *g)
{
	memset(g, 0, sizeof(*g));
	g->low.scale = LOW_SCALE;
	g->high.scale = HIGH_SCALE;
}


/* LOGSCL and SCALEL, LOGSCH and SCALEH */
static void rescale(struct sipd_g722_band *b, int32_t step, int32_t max,
		    int32_t shift)
{
	const int32_t log = clamp((b->log * 127 >> 7) + step, 0, max);
	const int32_t mantissa = ilb[log >> 6 & 31];
	const int32_t down = shift - (log >> 11);

	b->log = log;
	b->scale = (down < 0 ? mantissa << -down : mantissa >> down) << 2;
}


/* UPPOL2 and UPPOL1: new poles */
static void adapt_poles(struct sipd_g722_band *b, int32_t p)
{
	const bool same1 = (p < 0) == (b->p[0] < 0);
	const bool same2 = (p < 0) == (b->p[1] < 0);
	const int32_t slope = saturate(b->a[0] * 4);
	int32_t a1, a2, limit;

	a2 = same1 ? -slope : slope;
	if (a2 > INT16_MAX)
		a2 = INT16_MAX;
	a2 = (a2 >> 7) + (same2 ? 128 : -128) + (b->a[1] * 32512 >> 15);
	a2 = clamp(a2, -12288, 12288);

	a1 = saturate((same1 ? 192 : -192) + (b->a[0] * 32640 >> 15));
	limit = saturate(15360 - a2);
	b->a[0] = clamp(a1, -limit, limit);
	b->a[1] = a2;
}


/* UPZERO, DELAYL and FILTEZ: new zeros, and what they predict */
static int32_t adapt_zeros(struct sipd_g722_band *b, int32_t d)
{
	const int32_t step = d ? 128 : 0;
	int32_t sum = 0;
	int i;

	for (i = 5; i >= 0; --i) {
		const bool same = (b->d[i] < 0) == (d < 0);

		b->b[i] = saturate((same ? step : -step) +
				   (b->b[i] * 32640 >> 15));
		b->d[i] = i ? b->d[i - 1] : d;
		sum += b->b[i] * saturate(2 * b->d[i]) >> 15;
	}

	return saturate(sum);
}


/* Block 4: take the quantised difference, predict the next sample. */
static void predict(struct sipd_g722_band *b, int32_t d)
{
	const int32_t r = saturate(b->s + d);  /* RECONS */
	const int32_t p = saturate(b->sz + d); /* PARREC */
	int32_t sp;

	adapt_poles(b, p);
	b->p[1] = b->p[0];
	b->p[0] = p;
	b->sz = adapt_zeros(b, d);

	/* FILTEP */
	sp = (b->a[0] * saturate(2 * r) >> 15) +
	     (b->a[1] * saturate(2 * b->r[0]) >> 15);
	b->r[1] = b->r[0];
	b->r[0] = r;
	b->s = saturate(saturate(sp) + b->sz); /* PREDIC */
}


/* Both halves of both directions adapt by the code's upper four bits. */
static void low_adapt(struct sipd_g722_band *b, unsigned code)
{
	const int32_t d = b->scale * qm4[code >> 2] >> 15;

	rescale(b, wl[code >> 2], LOW_LOG_MAX, 8);
	predict(b, d);
}


static void high_adapt(struct sipd_g722_band *b, unsigned code)
{
	const int32_t d = b->scale * qm2[code] >> 15;

	rescale(b, wh[code], HIGH_LOG_MAX, 10);
	predict(b, d);
}


/* QUANTL */
static unsigned low_quantise(const struct sipd_g722_band *b, int32_t x)
{
	const int32_t e = saturate(x - b->s);
	const int32_t size = e < 0 ? -(e + 1) : e;
	unsigned i = 1;

	while (i < 30 && size >= q6[i] * b->scale >> 12)
		++i;
	/* the two smallest negative codes are out of order: table 16 */
	if (e >= 0)
		return 62 - i;

	return i < 3 ? 64 - i : 34 - i;
}


/* QUANTH */
static unsigned high_quantise(const struct sipd_g722_band *b, int32_t x)
{
	const int32_t e = saturate(x - b->s);
	const int32_t size = e < 0 ? -(e + 1) : e;
	const bool far = size >= 564 * b->scale >> 12;

	if (e < 0)
		return far ? 0 : 1;

	return far ? 2 : 3;
}


/* Two samples more: sums of the even and of the odd ones. */
static void split(struct sipd_g722 *g, int32_t first, int32_t second,
		  int32_t *even, int32_t *odd)
{
	int i;

	memmove(g->x, g->x + 2, (TAPS - 2) * sizeof(*g->x));
	g->x[TAPS - 2] = first;
	g->x[TAPS - 1] = second;

	*even = *odd = 0;
	for (i = 0; i < TAPS / 2; ++i) {
		*odd += g->x[2 * i] * qmf[i];
		*even += g->x[2 * i + 1] * qmf[TAPS / 2 - 1 - i];
	}
}


void sipd_g722_encode(struct sipd_g722 *g, uint8_t *dst, const int16_t *src,
		      size_t n)
{
	size_t i;

	for (i = 0; i < n; ++i) {
		int32_t even, odd;
		unsigned low, high;

		split(g, src[2 * i], src[2 * i + 1], &even, &odd);
		low = low_quantise(&g->low, (even + odd) >> 14);
		low_adapt(&g->low, low);
		high = high_quantise(&g->high, (even - odd) >> 14);
		high_adapt(&g->high, high);
		dst[i] = (uint8_t)(high << 6 | low);
	}
}


void sipd_g722_decode(struct sipd_g722 *g, int16_t *dst, const uint8_t *src,
		      size_t n)
{
	size_t i;

	for (i = 0; i < n; ++i) {
		const unsigned low = src[i] & 0x3f, high = src[i] >> 6;
		int32_t even, odd, l, h;

		l = clamp(g->low.s + (g->low.scale * qm6[low] >> 15), -16384,
			  16383);
		h = clamp(g->high.s + (g->high.scale * qm2[high] >> 15),
			  -16384, 16383);
		low_adapt(&g->low, low);
		high_adapt(&g->high, high);
		split(g, l + h, l - h, &even, &odd);
		dst[2 * i] = (int16_t)saturate(even >> 11);
		dst[2 * i + 1] = (int16_t)saturate(odd >> 11);
	}
}
