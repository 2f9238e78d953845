/**
 * @file core/media/plc.c  What to hear instead of a lost frame
 *
 * ITU-T G.711 Appendix I
 */
#include "core/media/plc.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum {
	/* samples of 8 kHz */
	TEMPLATE = 160, /* compared to find the pitch */
	BLEND = 40      /* for each frame that was lost; at most twice that */
};


static int16_t clip(int v)
{
	if (v > INT16_MAX)
		return INT16_MAX;
	if (v < INT16_MIN)
		return INT16_MIN;

	return (int16_t)v;
}


/* a at 0, b at n */
static int mix(int a, int b, int i, int n)
{
	return a + (b - a) * i / n;
}


void sipd_plc_init(struct sipd_plc *p)
{
	memset(p, 0, sizeof(*p));
	p->times = 1;
}


void sipd_plc_init_wide(struct sipd_plc *p)
{
	sipd_plc_init(p);
	p->times = SIPD_PLC_TIMES;
}


static void remember(struct sipd_plc *p, const int16_t *pcm)
{
	const size_t frame = p->times * SIPD_PLC_FRAME;
	const size_t rest = p->times * SIPD_PLC_HISTORY - frame;

	memmove(p->history, p->history + frame, rest * sizeof(*pcm));
	memcpy(p->history + rest, pcm, frame * sizeof(*pcm));
}


/* The lag at which the end of the history is most like itself. */
static unsigned find_pitch(const struct sipd_plc *p)
{
	const int n = (int)p->times * TEMPLATE;
	const unsigned max = p->times * SIPD_PLC_PITCH_MAX;
	const int16_t *x = p->history + p->times * SIPD_PLC_HISTORY - n;
	unsigned best = max;
	double best_score = 0.0;

	for (unsigned lag = p->times * SIPD_PLC_PITCH_MIN; lag <= max; lag++) {
		int64_t like = 0, energy = 1;
		double score;

		for (int i = 0; i < n; i++) {
			const int past = x[i - (int)lag];

			like += x[i] * past;
			energy += past * past;
		}
		if (like <= 0)
			continue;

		score = (double)like * (double)like / (double)energy;
		if (score > best_score) {
			best_score = score;
			best = lag;
		}
	}

	return best;
}


/* The end of the period is led over to what was before it, so that it can
 * follow itself without a click. */
static void begin_loss(struct sipd_plc *p)
{
	const int16_t *end = p->history + p->times * SIPD_PLC_HISTORY;
	int pitch, quarter;

	p->pitch = find_pitch(p);
	p->at = 0;
	pitch = (int)p->pitch;
	quarter = pitch / 4;

	memcpy(p->period, end - pitch, p->pitch * sizeof(*p->period));
	for (int i = 0; i < quarter; i++)
		p->period[pitch - quarter + i] =
			(int16_t)mix(end[i - quarter],
				     end[i - quarter - pitch], i + 1, quarter);

	p->step = end[-1] - end[-pitch - 1];
}


static int16_t next_sample(struct sipd_plc *p)
{
	const int quarter = (int)p->pitch / 4;
	const int from = (int)p->times * SIPD_PLC_FADE_FROM;
	const int to = (int)p->times * SIPD_PLC_FADE_TO;
	const int n = (int)p->lost;
	int v;

	if (n >= to)
		return 0;

	v = p->period[p->at];
	p->at = (p->at + 1) % p->pitch;
	if (n < quarter)
		v += p->step * (quarter - n) / (quarter + 1);
	if (n > from)
		v = mix(v, 0, n - from, to - from);
	++p->lost;

	return clip(v);
}


void sipd_plc_lost(struct sipd_plc *p, int16_t *pcm)
{
	const int frame = (int)p->times * SIPD_PLC_FRAME;

	if (!p->lost)
		begin_loss(p);

	for (int i = 0; i < frame; i++)
		pcm[i] = next_sample(p);

	remember(p, pcm);
}


void sipd_plc_good(struct sipd_plc *p, int16_t *pcm)
{
	if (p->lost) {
		const int once = (int)p->times * BLEND;
		const int blend = p->lost > p->times * SIPD_PLC_FRAME
					  ? 2 * once
					  : once;

		for (int i = 0; i < blend; i++)
			pcm[i] = (int16_t)mix(next_sample(p), pcm[i], i,
					      blend);
		p->lost = 0;
	}

	remember(p, pcm);
}
