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
	HISTORY = SIPD_PLC_HISTORY,
	FRAME = SIPD_PLC_FRAME,
	TEMPLATE = 160, /* samples compared to find the pitch */
	BLEND = 40      /* samples, for each frame that was lost; at most
			     * twice that */
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
}


static void remember(struct sipd_plc *p, const int16_t *pcm)
{
	memmove(p->history, p->history + FRAME,
		(HISTORY - FRAME) * sizeof(*pcm));
	memcpy(p->history + HISTORY - FRAME, pcm, FRAME * sizeof(*pcm));
}


/* The lag at which the end of the history is most like itself. */
static unsigned find_pitch(const struct sipd_plc *p)
{
	const int16_t *x = p->history + HISTORY - TEMPLATE;
	unsigned best = SIPD_PLC_PITCH_MAX;
	double best_score = 0.0;

	for (unsigned lag = SIPD_PLC_PITCH_MIN; lag <= SIPD_PLC_PITCH_MAX;
	     lag++) {
		int64_t like = 0, energy = 1;
		double score;

		for (int i = 0; i < TEMPLATE; i++) {
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
	const int16_t *end = p->history + HISTORY;
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
	const int n = (int)p->lost;
	int v;

	if (n >= SIPD_PLC_FADE_TO)
		return 0;

	v = p->period[p->at];
	p->at = (p->at + 1) % p->pitch;
	if (n < quarter)
		v += p->step * (quarter - n) / (quarter + 1);
	if (n > SIPD_PLC_FADE_FROM)
		v = mix(v, 0, n - SIPD_PLC_FADE_FROM,
			SIPD_PLC_FADE_TO - SIPD_PLC_FADE_FROM);
	++p->lost;

	return clip(v);
}


void sipd_plc_lost(struct sipd_plc *p, int16_t pcm[SIPD_PLC_FRAME])
{
	if (!p->lost)
		begin_loss(p);

	for (int i = 0; i < FRAME; i++)
		pcm[i] = next_sample(p);

	remember(p, pcm);
}


void sipd_plc_good(struct sipd_plc *p, int16_t pcm[SIPD_PLC_FRAME])
{
	if (p->lost) {
		const int blend = p->lost > FRAME ? 2 * BLEND : BLEND;

		for (int i = 0; i < blend; i++)
			pcm[i] = (int16_t)mix(next_sample(p), pcm[i], i,
					      blend);
		p->lost = 0;
	}

	remember(p, pcm);
}
