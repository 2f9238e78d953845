/**
 * @file unit/core/voice_help.h  Sounds for the tests of the detectors
 *
 * All of them add to what is there, so that they can be laid over each other.
 */
#ifndef SIPD_TESTS_VOICE_HELP_H
#define SIPD_TESTS_VOICE_HELP_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#define DETECT_PI 3.14159265358979323846

enum { DETECT_MS = 8 }; /* samples in a millisecond */


static inline int16_t detect_cut(double x)
{
	return (int16_t)(x > 32767 ? 32767 : x < -32768 ? -32768 : lrint(x));
}


static inline double detect_amplitude(double dbfs)
{
	return 32768 * pow(10, dbfs / 20);
}


/* A sine of that level: full scale is -3 dBFS. */
static inline void detect_tone(int16_t *pcm, size_t n, double hz, double dbfs)
{
	const double a = detect_amplitude(dbfs) * sqrt(2);
	size_t i;

	for (i = 0; i < n; ++i)
		pcm[i] = detect_cut(pcm[i] + a * sin(2 * DETECT_PI * hz *
						     (double)i / 8000));
}


/* White noise of that level. */
static inline void detect_noise(int16_t *pcm, size_t n, double dbfs,
				uint32_t *seed)
{
	const double a = detect_amplitude(dbfs) * sqrt(3);
	size_t i;

	for (i = 0; i < n; ++i) {
		*seed = *seed * 1664525 + 1013904223;
		pcm[i] = detect_cut(pcm[i] +
				    a * (int32_t)*seed / 2147483648.0);
	}
}


struct detect_formant {
	double c, k1, k2, a, b;
};


static inline struct detect_formant detect_formant(double hz, double width)
{
	const double r = exp(-DETECT_PI * width / 8000);

	return (struct detect_formant){
		.k1 = 2 * r * cos(2 * DETECT_PI * hz / 8000),
		.k2 = -r * r,
		.c = 1 - r,
	};
}


static inline double detect_resonate(struct detect_formant *f, double x)
{
	const double y = f->c * x + f->k1 * f->a + f->k2 * f->b;

	f->b = f->a;
	f->a = y;

	return y;
}


/* A voice that says syllables of 240 ms, its pitch falling by a fifth over
 * all of them; vowels alternate.  The level is about that. */
static inline void detect_voice(int16_t *pcm, size_t n, double pitch,
				double dbfs)
{
	static const double vowels[2][3] = {{700, 1200, 2500},
					    {350, 2000, 2700}};
	const size_t syllable = 240 * DETECT_MS;
	const double a = detect_amplitude(dbfs) * 36;
	struct detect_formant f[3];
	double phase = 0;
	size_t i, k;

	for (i = 0; i < n; ++i) {
		const double in = (double)(i % syllable) / (double)syllable;
		const double loud = pow(sin(DETECT_PI * in), 0.5);
		double pulse = 0, y = 0;

		if (i % syllable == 0)
			for (k = 0; k < 3; ++k)
				f[k] = detect_formant(
					vowels[i / syllable % 2][k],
					60 + 30 * (double)k);
		phase += pitch * (1 - 0.2 * (double)i / (double)n) / 8000;
		if (phase >= 1) {
			phase -= 1;
			pulse = 1;
		}
		for (k = 0; k < 3; ++k)
			y += detect_resonate(&f[k], pulse);
		pcm[i] = detect_cut(pcm[i] + a * loud * y);
	}
}

#endif
