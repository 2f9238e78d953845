/**
 * @file core/media/detect/vad.h  Is somebody speaking?
 *
 * What stands above the tracked noise of each band and has a pitch, or comes
 * close behind something that has; what stands still like a tone or a hum has
 * not.  Pure, one thread, nothing is allocated.
 */
#ifndef SIPD_CORE_MEDIA_DETECT_VAD_H
#define SIPD_CORE_MEDIA_DETECT_VAD_H

#include "core/media/detect/frame.h"
#include "core/media/detect/pitch.h"
#include "core/media/detect/tones.h"

enum {
	SIPD_VAD_CHANNELS = SIPD_LOOK_BANDS + 1 /* and the whole frame */
};

struct sipd_voice {
	float p;        /* that this frame is speech, 0..1 */
	bool speech;    /* begun, with hang-over */
	float noise;    /* dBFS, of what is not speech */
	float level;    /* dBFS, of what is; -99 none yet */
	float pitch_hz; /* 0 unvoiced */
	float voiced;   /* how much it repeats itself, 0..1 */
	float snr;      /* dB above the noise, mean of the bands */
	float flux;     /* dB of change since the frame before */
	unsigned lead;  /* when `speech` begins: frames right before that were
			 * speech as well */
};

/* Of a call, zeroed before the first frame. */
struct sipd_vad {
	int16_t past[SIPD_PITCH_PAST]; /* at 4 kHz */
	int16_t last;                  /* sample of 8 kHz before them */
	bool speech, even;
	uint16_t frames;       /* that came, stops at the maximum */
	uint16_t word;         /* of the first frames, like speech in a row */
	uint16_t run, hang;    /* frames */
	uint16_t lead;         /* frames that were speech before it was said */
	uint16_t since_voiced; /* frames */
	uint16_t risen;        /* frames above the noise, in a row */
	uint16_t tonal;        /* frames that were tones, in a row, */
	uint16_t certain;      /* and nothing else */
	uint16_t after_tone;   /* frames that may be another one */
	uint16_t half, full;   /* frames in `low` and `least` */
	float flux;            /* smoothed, dB */
	float level;
	float hz[2];     /* of the tones before */
	float high, low; /* dB, of the last half and whole window */
	float high_before, low_before;
	float db[SIPD_VAD_CHANNELS];    /* of the frame before */
	float soft[SIPD_VAD_CHANNELS];  /* smoothed, for the minimum */
	float noise[SIPD_VAD_CHANNELS]; /* dB */
	float least[SIPD_VAD_CHANNELS], least_before[SIPD_VAD_CHANNELS];
};

/** One frame.  pcm is NULL if no packet came for it: no speech, and nothing
 *  is learnt of the noise. */
void sipd_vad_hear(struct sipd_vad *v, const struct sipd_look *look,
		   const struct sipd_tones *tones, const int16_t *pcm,
		   struct sipd_voice *out);

#endif
