/**
 * @file port/rtp/tone.h  Keys as tones in the audio, said. ITU-T Q.23
 */
#ifndef SIPD_PORT_RTP_TONE_H
#define SIPD_PORT_RTP_TONE_H

#include <stddef.h>
#include <stdint.h>

/** Frame `frame` (from 0) of `frames` of a key: n samples of 20 ms. */
void sipd_tone_make(char digit, unsigned frame, unsigned frames, int16_t *pcm,
		    size_t n);

#endif
