/**
 * @file core/media/detect/fft.h  Power spectrum of 256 samples
 *
 * Pure; nothing is allocated.
 */
#ifndef SIPD_CORE_MEDIA_DETECT_FFT_H
#define SIPD_CORE_MEDIA_DETECT_FFT_H

#include <stdint.h>

enum {
	SIPD_FFT = 256,                  /* samples */
	SIPD_FFT_BINS = SIPD_FFT / 2 + 1 /* 0 Hz to 4 kHz, 31.25 Hz apart */
};

/** Window of Hann, then the power in each bin: all bins of a sine that is as
 *  strong as can be sum up to 0.5. */
void sipd_fft_power(const int16_t pcm[SIPD_FFT], float power[SIPD_FFT_BINS]);

#endif
