/**
 * @file core/media/detect/ear.h  All that is heard of a call
 *
 * Owns the detectors of a call, lets them hear each frame in order, and tells
 * what they find.  Pure, one thread, nothing is allocated.
 */
#ifndef SIPD_CORE_MEDIA_DETECT_EAR_H
#define SIPD_CORE_MEDIA_DETECT_EAR_H

#include <sipdialer/sipdialer.h>
#include "core/media/detect/amd.h"
#include "core/media/detect/signals.h"
#include "core/media/detect/vad.h"

enum { SIPD_EAR_FRAME_MS = 20 };

enum sipd_heard_kind {
	SIPD_HEARD_SPEECH,   /* on, then off */
	SIPD_HEARD_SILENCE,  /* the same: for silence_ms there was neither
			      * speech nor a tone */
	SIPD_HEARD_CLIPPING, /* the same: much of the speech is at the rails */
	SIPD_HEARD_BEEP,     /* told when it is over */
	SIPD_HEARD_SIT,      /* the same; word is its class */
	SIPD_HEARD_CNG,      /* on, once */
	SIPD_HEARD_CED,      /* on, then off, as all below */
	SIPD_HEARD_RINGBACK,
	SIPD_HEARD_BUSY,
	SIPD_HEARD_REORDER,
	SIPD_HEARD_DIAL,
	SIPD_HEARD_VERDICT /* provisional, final; a later final one, human, if
			    * somebody picks up during a greeting */
};

/* Times are of the audio since the answer; before it, since the first frame.
 * What began before the answer begins at 0. */
struct sipd_heard {
	enum sipd_heard_kind kind;
	bool on;          /* false: it is over */
	uint32_t from_ms; /* when it began */
	uint32_t at_ms;   /* when it ended; now, if it goes on */
	float hz[2];      /* of tones, 0 none */
	const char *word; /* class of SIT, cause of a verdict; else NULL */

	/* of a verdict */
	enum sipdialer_amd verdict;
	bool final;
	float confidence;
};

typedef void(sipd_heard_h)(const struct sipd_heard *heard, void *arg);

struct sipd_ear_conf {
	bool tones;          /* SIT, fax and call progress are told, */
	bool amd;            /* who answered is found out */
	uint32_t timeout_ms; /* of the final verdict at the latest */
	uint32_t silence_ms; /* until silence is told, 0 never */
};

/* 0..1 */
struct sipd_chances {
	float human, machine, beep;
};

struct sipd_ear {
	struct sipd_ear_conf conf;
	bool answered;
	uint8_t lost;     /* frames, in a row */
	uint32_t ms;      /* of all frames heard */
	uint32_t zero_ms; /* where times begin */

	struct sipd_sight sight;
	struct sipd_vad vad;
	struct sipd_signals signals;
	struct sipd_amd amd;

	bool speech;        /* told */
	uint32_t speech_ms; /* where it began, */
	uint32_t spoke_ms;  /* and the end of its last frame */
	uint32_t spoken_ms; /* all of it */
	bool silence;       /* told */
	uint32_t sound_ms;  /* end of the last sound */
	bool clipping;      /* told */
	uint32_t clipping_ms;
	float clipped; /* share of the last frames of speech */
};

_Static_assert(sizeof(struct sipd_ear) <= 3072,
	       "thousands of calls: an ear must stay small");

void sipd_ear_init(struct sipd_ear *ear, const struct sipd_ear_conf *conf);

/** The call is answered: what comes now is of who answered. */
void sipd_ear_answered(struct sipd_ear *ear);

/** One frame of 8 kHz; received: a packet came for it. */
void sipd_ear_hear(struct sipd_ear *ear, const int16_t pcm[SIPD_LOOK_FRAME],
		   bool received, sipd_heard_h *h, void *arg);

struct sipd_chances sipd_ear_chances(const struct sipd_ear *ear);

#endif
