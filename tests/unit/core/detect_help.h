/**
 * @file detect_help.h  Sounds made for the detectors, and what they tell
 */
#ifndef DETECT_HELP_H
#define DETECT_HELP_H

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/media/detect/signals.h"

#define PI 3.14159265358979323846

enum { RATE = 8000, SOUND_MAX = 40 * RATE, TOLD_MAX = 32 };

/* Sound that is made piece by piece. */
struct sound {
	int16_t pcm[SOUND_MAX];
	size_t n;
	uint32_t seed;
	double phase[2];
};

/* What was told of it. */
struct told {
	struct sipd_signal s[TOLD_MAX];
	uint32_t at_ms[TOLD_MAX];
	size_t n;
	uint32_t now_ms;
	float most_p;
};


static inline double dbfs(double db)
{
	return 32768 * pow(10, db / 20);
}


/* Noise of that level, dBFS, about Gaussian. */
static inline double noise_of(struct sound *s, double db)
{
	double sum = 0;
	int i;

	for (i = 0; i < 6; ++i) {
		s->seed = s->seed * 1664525 + 1013904223;
		sum += (double)(s->seed >> 8) / (1 << 24) - .5;
	}

	return sum * 1.414 * dbfs(db);
}


static inline void add(struct sound *s, double x)
{
	if (s->n < SOUND_MAX)
		s->pcm[s->n++] = (int16_t)fmax(-32768, fmin(32767, round(x)));
}


static inline void hush(struct sound *s, unsigned ms, double db)
{
	size_t n = (size_t)ms * 8;

	while (n--)
		add(s, noise_of(s, db));
}


/* One sine, or two of the same level that is that of both together, dBFS of
 * a full-scale sine being -3; a jump of phases keeps nothing of before. */
static inline void play(struct sound *s, unsigned ms, double f, double g,
			double db, double noise)
{
	const double one = dbfs(db) * (g > 0 ? 1 : sqrt(2));
	size_t n = (size_t)ms * 8;

	while (n--) {
		double x = one * sin(s->phase[0]) + noise_of(s, noise);

		s->phase[0] += 2 * PI * f / RATE;
		if (g > 0)
			x += one * sin(s->phase[1]);
		s->phase[1] += 2 * PI * g / RATE;
		add(s, x);
	}
}


static inline void take_told(const struct sipd_signal *s, void *arg)
{
	struct told *t = arg;

	if (t->n == TOLD_MAX)
		return;
	t->at_ms[t->n] = t->now_ms;
	t->s[t->n++] = *s;
}


/* Hear it all; spoken_ms as of sipd_signals_hear(). */
static inline void hear_sound(const struct sound *s, uint32_t spoken_ms,
			      struct told *told)
{
	struct sipd_signals all;
	struct sipd_sight sight;
	size_t at;

	memset(&all, 0, sizeof(all));
	memset(&sight, 0, sizeof(sight));
	memset(told, 0, sizeof(*told));
	for (at = 0; at + SIPD_LOOK_FRAME <= s->n; at += SIPD_LOOK_FRAME) {
		struct sipd_look look;
		struct sipd_tones tones;

		told->now_ms = (uint32_t)(at / 8) + 20;
		sipd_look(&sight, s->pcm + at, &look);
		sipd_tones_find(&look, &tones);
		sipd_signals_hear(&all, &look, &tones, (uint32_t)(at / 8),
				  spoken_ms, take_told, told);
		if (all.beep.p > told->most_p)
			told->most_p = all.beep.p;
	}
}


static inline size_t count_told(const struct told *t,
				enum sipd_signal_kind kind, bool on)
{
	size_t i, n = 0;

	for (i = 0; i < t->n; ++i)
		n += t->s[i].kind == kind && t->s[i].on == on;

	return n;
}


static inline const struct sipd_signal *first_told(const struct told *t,
						   enum sipd_signal_kind kind)
{
	size_t i;

	for (i = 0; i < t->n; ++i)
		if (t->s[i].kind == kind)
			return &t->s[i];

	return NULL;
}


static inline bool near_ms(uint32_t is, uint32_t right, uint32_t off)
{
	return is + off >= right && is <= right + off;
}

#endif
