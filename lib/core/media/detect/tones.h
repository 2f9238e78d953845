/**
 * @file core/media/detect/tones.h  Up to two sines in a look
 *
 * Two tones are told apart from 4 bins on (125 Hz).  Nearer pairs (440 + 480,
 * 350 + 440, 400 + 450 Hz) are one tone here: its hz is their middle, and
 * `wide` is about half of their distance, beating from look to look; the mean
 * over some looks tells a pair from a sine.  Pure.
 */
#ifndef SIPD_CORE_MEDIA_DETECT_TONES_H
#define SIPD_CORE_MEDIA_DETECT_TONES_H

#include "core/media/detect/frame.h"

/* Sines that far apart are told apart, Hz. */
#define SIPD_TONES_APART 125.0F

struct sipd_tones {
	unsigned n;     /* of them: 0 to 2, the strongest first */
	float hz[2];    /* within 5 Hz if one, 10 Hz if two, at 15 dB SNR */
	float level[2]; /* dBFS, a full-scale sine is -3 */
	float wide[2];  /* Hz: how far power lies from hz, beyond a sine's */
	float mid;      /* Hz, of their power: one or two, it is the same */
	float power;    /* of all of them, as look.power */
	float share;    /* of look.total that they are, 0..1 */
};

/** Tones of 250 Hz to 3.6 kHz above -60 dBFS. */
void sipd_tones_find(const struct sipd_look *look, struct sipd_tones *t);

/** Power of the look around that frequency: all of a sine there. */
float sipd_tones_power(const struct sipd_look *look, float hz);

#endif
