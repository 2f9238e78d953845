/**
 * @file core/media/detect/frame.c  One look at a frame, for all detectors
 */
#include "core/media/detect/frame.h"

#include <stddef.h>
#include <string.h>

enum {
	N = SIPD_LOOK_FRAME,
	LOW = 3,     /* bin of 94 Hz */
	HIGH = 122,  /* of 3812 Hz */
	RAIL = 32124 /* the largest of mu-law; A-law's is 32256 */
};

/* 187, 312, 469, 656, 906, 1250, 1687, 2312, 3500 Hz */
const uint8_t sipd_look_edges[SIPD_LOOK_BANDS + 1] = {6,  10, 15, 21, 29,
						      40, 54, 74, 112};


/* Of two samples they fit into 32 bits. */
static float power_of(const int16_t *pcm)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < N; i += 2)
		sum += (uint32_t)(pcm[i] * pcm[i]) +
		       (uint32_t)(pcm[i + 1] * pcm[i + 1]);

	return (float)sum / (N * 32768.0F * 32768.0F);
}


static unsigned sign_changes(const int16_t *pcm)
{
	unsigned n = 0;
	int i;

	for (i = 1; i < N; ++i)
		n += (uint16_t)(pcm[i] ^ pcm[i - 1]) >> 15;

	return n;
}


static void rails(const int16_t *pcm, struct sipd_look *look)
{
	int high = 0, low = 0;
	unsigned clipped = 0;
	int i;

	for (i = 0; i < N; ++i) {
		high = pcm[i] > high ? pcm[i] : high;
		low = pcm[i] < low ? pcm[i] : low;
		clipped += (pcm[i] >= RAIL) | (pcm[i] <= -RAIL);
	}
	look->peak = (float)(high > -low ? high : -low) / 32768.0F;
	look->clipped = clipped;
}


static bool all_like_first(const int16_t *pcm, size_t n)
{
	int other = 0;
	size_t i;

	for (i = 0; i < n; ++i)
		other |= pcm[i] ^ pcm[0];

	return !other;
}


static float sum(const float *power, int from, int to)
{
	float s = 0;

	for (; from < to; ++from)
		s += power[from];

	return s;
}


static void bands(struct sipd_look *look)
{
	const uint8_t *const edge = sipd_look_edges;
	int i;

	look->total = sum(look->power, LOW, edge[0]) +
		      sum(look->power, edge[SIPD_LOOK_BANDS], HIGH);
	for (i = 0; i < SIPD_LOOK_BANDS; ++i) {
		look->band[i] = sum(look->power, edge[i], edge[i + 1]);
		look->total += look->band[i];
	}
}


void sipd_look(struct sipd_sight *s, const int16_t pcm[SIPD_LOOK_FRAME],
	       struct sipd_look *look)
{
	int16_t both[SIPD_FFT];

	memcpy(both, s->past, sizeof(s->past));
	memcpy(both + SIPD_LOOK_PAST, pcm, N * sizeof(*pcm));
	memcpy(s->past, pcm + N - SIPD_LOOK_PAST, sizeof(s->past));

	look->quiet = all_like_first(pcm, N);
	look->level = look->quiet ? SIPD_LOOK_QUIET
				  : sipd_look_db(power_of(pcm));
	look->zcr = (float)sign_changes(pcm) / N;
	rails(pcm, look);
	if (look->quiet && all_like_first(both, SIPD_FFT)) {
		memset(look->power, 0, sizeof(look->power));
		memset(look->band, 0, sizeof(look->band));
		look->total = 0;
		return;
	}

	sipd_fft_power(both, look->power);
	bands(look);
}
