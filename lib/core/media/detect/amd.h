/**
 * @file core/media/detect/amd.h  Who answered: a person or a machine
 *
 * Each frame changes P(human).  The verdict falls when that is sure enough,
 * by a sign that leaves no doubt (a beep, a fax, an announcement), or at the
 * timeout.  Then it goes on: a machine whose greeting is broken off by a
 * person is told, a person who goes on like a machine, too.  The clock is the
 * audio since the answer.  Pure, one thread, nothing is allocated.
 */
#ifndef SIPD_CORE_MEDIA_DETECT_AMD_H
#define SIPD_CORE_MEDIA_DETECT_AMD_H

#include <sipdialer/sipdialer.h>
#include "core/media/detect/amd_pickup.h"
#include "core/media/detect/amd_sense.h"

/* What other detectors heard. */
enum sipd_amd_sign {
	SIPD_AMD_BEEP,
	SIPD_AMD_SIT,
	SIPD_AMD_FAX,     /* CNG or CED */
	SIPD_AMD_RINGING, /* still, after the answer: somebody may come */
	SIPD_AMD_BUSY     /* or reorder, or a dial tone: nobody will */
};

struct sipd_amd_verdict {
	enum sipdialer_amd verdict;
	bool final;        /* a later final one corrects it */
	uint32_t stood_ms; /* since it was first told, without a break */
	float confidence;  /* 0..1 */
	const char *cause;
};

/* Of a call, by init. */
struct sipd_amd {
	struct sipd_amd_sense sense;
	uint32_t timeout_ms;
	uint32_t ms;                       /* of audio since the answer */
	float human;                       /* P, smoothed */
	uint16_t for_human, for_machine;   /* frames that it is likely, */
	uint16_t sure_human, sure_machine; /* and sure */
	enum sipdialer_amd guess;          /* told last, */
	uint32_t since_ms;                 /* so long ago */
	bool final;
	bool revised; /* told a second time */
	bool beep;    /* heard: what comes now is no greeting */
	struct sipd_amd_pickup pickup;
};

void sipd_amd_init(struct sipd_amd *a, uint32_t timeout_ms);

/** One frame since the answer; true: *v is told. */
bool sipd_amd_hear(struct sipd_amd *a, const struct sipd_look *look,
		   const struct sipd_tones *tones,
		   const struct sipd_voice *voice, bool received,
		   struct sipd_amd_verdict *v);

/** Another detector's find in this frame; true: *v is told. */
bool sipd_amd_sign(struct sipd_amd *a, enum sipd_amd_sign sign,
		   struct sipd_amd_verdict *v);

/** The chances now, 0..1; they need not add up to 1. */
float sipd_amd_human(const struct sipd_amd *a);
float sipd_amd_machine(const struct sipd_amd *a);

/** Who spoke has been silent for so long, ms; 0: speaks, or never did. */
uint32_t sipd_amd_silence(const struct sipd_amd *a);

#endif
