/**
 * @file port/rtp/tone.c  Keys as tones in the audio, said
 *
 * ITU-T Q.23; levels of ETSI ES 201 235-2: -9 and -7 dBm0, the high tone the
 * louder one, as lines take more off it.
 */
#include "port/rtp/tone.h"

#include <math.h>
#include <string.h>

#define TWO_PI 6.28318530717958647692

enum { PER_S = 50 }; /* frames */

/* Of full scale, which a sine of 3.14 dBm0 has. */
static const double low_peak = 32767 * 0.2472;  /* -9 dBm0 */
static const double high_peak = 32767 * 0.3112; /* -7 dBm0 */


void sipd_tone_make(char digit, unsigned frame, unsigned frames, int16_t *pcm,
		    size_t n)
{
	static const char keys[] = "123A456B789C*0#D";
	static const double rows[] = {697, 770, 852, 941};
	static const double columns[] = {1209, 1336, 1477, 1633};
	const char *at = digit ? strchr(keys, digit) : NULL;
	const size_t key = at ? (size_t)(at - keys) : 0;
	const double rate = (double)n * PER_S;
	const double ramp = rate / 500; /* 2 ms: no click */
	const double all = (double)(n * frames);
	size_t i;

	for (i = 0; i < n; ++i) {
		const double t = (double)(n * frame + i);
		double v = low_peak * sin(TWO_PI * rows[key / 4] * t / rate) +
			   high_peak *
				   sin(TWO_PI * columns[key % 4] * t / rate);

		if (t < ramp)
			v *= t / ramp;
		else if (all - t < ramp)
			v *= (all - t) / ramp;
		pcm[i] = at ? (int16_t)v : 0;
	}
}
