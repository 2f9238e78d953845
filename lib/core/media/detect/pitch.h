/**
 * @file core/media/detect/pitch.h  How much a sound repeats itself
 */
#ifndef SIPD_CORE_MEDIA_DETECT_PITCH_H
#define SIPD_CORE_MEDIA_DETECT_PITCH_H

#include <stdint.h>

enum {
	SIPD_PITCH_WINDOW = 120, /* samples of 4 kHz compared, 30 ms, */
	SIPD_PITCH_LAG = 56,     /* with those of up to 14 ms before: 71 Hz */
	SIPD_PITCH_PAST = SIPD_PITCH_WINDOW + SIPD_PITCH_LAG
};

/** Samples of 4 kHz: the share that comes again after one period, 0..1, and
 *  the frequency of that. */
float sipd_pitch(const int16_t x[SIPD_PITCH_PAST], float *hz);

#endif
