/**
 * @file core/media/detect/dtmf.h  Keys as tones in the audio, heard
 *
 * By ITU-T Q.23 and Q.24: two tones at once for 40 ms or more, of like level,
 * with hardly anything else beside them.  Pure, one thread.
 */
#ifndef SIPD_CORE_MEDIA_DETECT_DTMF_H
#define SIPD_CORE_MEDIA_DETECT_DTMF_H

#include <stddef.h>
#include <stdint.h>

enum { SIPD_DTMF_BLOCK = 102 }; /* samples looked at together, 12.75 ms */

struct sipd_dtmf {
	int16_t block[SIPD_DTMF_BLOCK];
	size_t n;     /* of them there */
	char last;    /* of the block before, 0 none */
	double level; /* of it */
	char key;     /* that is pressed, 0 none */
	unsigned on;  /* blocks of it so far */
	unsigned off; /* blocks without it since */
};

/** Samples of 8 kHz, at most 160: a key that ended in them, and how long it
 *  was; else 0. */
char sipd_dtmf_hear(struct sipd_dtmf *d, const int16_t *pcm, size_t n,
		    uint32_t *ms);

#endif
