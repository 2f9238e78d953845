/**
 * @file tone.c  A tone into a call, and out of it again
 */
#include "scenario.h"

#include <math.h>
#include <string.h>

enum {
	RATE_MAX = 48000,
	WINDOW_MS = 100, /* measured at once */
	HEARD = 5,       /* windows of the tone */
	VOLUME = 8000
};


/* How much of the energy is of this frequency: 0 to 1. */
static double share(const int16_t *pcm, size_t n, double hz, int rate)
{
	const double w = 2 * M_PI * hz / rate;
	double re = 0, im = 0, all = 0;

	for (size_t i = 0; i < n; i++) {
		re += pcm[i] * cos(w * (double)i);
		im += pcm[i] * sin(w * (double)i);
		all += (double)pcm[i] * pcm[i];
	}

	/* louder than what is left when nobody speaks */
	return all / (double)n < 1e4
		       ? 0
		       : 2 * (re * re + im * im) / ((double)n * all);
}


static void write_tone(struct runner *r, uint64_t call, double hz, int rate,
		       uint64_t *at)
{
	int16_t pcm[RATE_MAX / 50];
	int taken;

	do {
		const size_t n = (size_t)rate / 50;

		for (size_t i = 0; i < n; i++)
			pcm[i] = (int16_t)(VOLUME *
					   sin(2 * M_PI * hz *
					       (double)(*at + i) / rate));
		taken = sipdialer_audio_write(r->d, call, pcm, n);
		if (taken < 0)
			fail(r, "%s", sipdialer_last_error());
		*at += (uint64_t)taken;
	} while (taken == rate / 50 && *at < (uint64_t)rate * 10);
}


void talk(struct runner *r, uint64_t call, double hz, int rate)
{
	static int16_t pcm[RATE_MAX / 1000 * WINDOW_MS];
	const size_t window = (size_t)rate / 1000 * WINDOW_MS;
	const int64_t end = now_ms() + WAIT_MS;
	size_t have = 0;
	uint64_t at = 0;
	int heard = 0;

	while (heard < HEARD) {
		int n;

		write_tone(r, call, hz, rate, &at);
		n = sipdialer_audio_read(r->d, call, pcm + have,
					 window - have);
		if (n < 0)
			fail(r, "%s", sipdialer_last_error());
		if (!n) {
			if (now_ms() > end)
				fail(r, "not heard within %d ms", WAIT_MS);
			pull(r, 100);
		}
		have += (size_t)n;
		if (have < window)
			continue;
		heard += share(pcm, window, hz, rate) > 0.8;
		have = 0;
	}
	(void)sipdialer_audio_clear(r->d, call);
}
