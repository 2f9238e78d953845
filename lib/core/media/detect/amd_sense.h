/**
 * @file core/media/detect/amd_sense.h  What tells a person from a machine
 *
 * A call so far in some numbers, each about 0..1: when it spoke, how long, in
 * how many pieces, and what noise is behind it.  Nothing of the voice itself:
 * which voices machines have differs from country to country.  Speech is what
 * stands near its own loudest, so that a television behind it is none.
 * Pure, one thread, nothing is allocated.
 */
#ifndef SIPD_CORE_MEDIA_DETECT_AMD_SENSE_H
#define SIPD_CORE_MEDIA_DETECT_AMD_SENSE_H

#include "core/media/detect/vad.h"

enum {
	SIPD_AMD_SENSES = 20,
	SIPD_AMD_PAST = 16 /* frames of level kept, 320 ms */
};

/* Of what was said since the first word; begins anew if a voice comes that
 * is much louder than what seemed one. */
struct sipd_amd_said {
	uint32_t onset;      /* frame of the first sound, from 1; 0 none */
	uint32_t begin;      /* of this utterance */
	uint32_t last;       /* frame of the last sound of it */
	uint32_t top;        /* of the last within 12 dB of the peak */
	uint32_t above;      /* and over the noise at all */
	uint32_t first;      /* frames of the first utterance */
	uint16_t active;     /* frames of sound */
	uint16_t utterances; /* pieces with 160 ms of silence between */
	uint16_t longest;    /* silence between them, frames */
	uint16_t syllables;  /* rises of 6 dB or more */
	float peak;          /* dB, falls slowly */
	float high, low;     /* of the level since the last syllable */
	bool falling;        /* behind a syllable's peak */
	float level;         /* sum, dB */
	float behind;        /* the noise before it, dB */
	float unrest;        /* of that noise, dB */
	float step;          /* how much it rose just before the voice */
};

/* Of a call, zeroed before the first frame. */
struct sipd_amd_sense {
	uint32_t frames;
	float past[SIPD_AMD_PAST]; /* level, a ring */
	float floor;               /* noise, tracked, dB */
	float start;               /* its level at the beginning */
	float unrest;              /* its mean change, dB */
	float hz;                  /* of a steady tone */
	float level;               /* smoothed */
	uint16_t tone;             /* frames of it */
	uint16_t run;              /* frames of sound without a gap */
	uint16_t spoken;           /* of which like a voice */
	uint16_t louder;           /* frames much louder than the peak */
	struct sipd_amd_said said;
};

/** One frame.  True: it is part of what is said. */
bool sipd_amd_sense(struct sipd_amd_sense *s, const struct sipd_look *look,
		    const struct sipd_tones *tones,
		    const struct sipd_voice *voice, bool received);

/** The call so far. */
void sipd_amd_senses(const struct sipd_amd_sense *s, float x[SIPD_AMD_SENSES]);

/** Silence since the last sound of a voice, ms. */
uint32_t sipd_amd_sense_silence(const struct sipd_amd_sense *s);

#endif
