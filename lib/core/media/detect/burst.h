/**
 * @file core/media/detect/burst.h  Stretches of steady tone, with their times
 *
 * What beeps, information tones, faxes and call progress have in common: one
 * or two sines begin, hold their frequency, end.  Followed here once for all
 * of them.  Pure.
 */
#ifndef SIPD_CORE_MEDIA_DETECT_BURST_H
#define SIPD_CORE_MEDIA_DETECT_BURST_H

#include "core/media/detect/tones.h"

enum { SIPD_BURST_BEFORE = 3 }; /* looks that are remembered */

/* Steps of a value from look to look. */
struct sipd_steps {
	float last;
	float sum, square; /* of them, and of their squares */
	unsigned n;        /* of them */
};

/* A stretch of tone.  Means are of the looks that it fills: not of the first
 * and the last. */
struct sipd_stretch {
	unsigned looks; /* in which it was heard, 0: there is none */
	unsigned inner; /* of these, in the means */
	unsigned pairs; /* of the inner ones, with two sines told apart */
	unsigned sines; /* of the last inner one: 1 or 2 */
	uint32_t from_ms, to_ms; /* to_ms: once it is over */
	float hz[2];             /* of one sine; of two, where pairs say so */
	float mid;               /* Hz, see sipd_tones */
	float wide;              /* Hz, of the strongest */
	float level;             /* dBFS */
	float share;             /* of all that is heard */
	float clear; /* dB: this louder than its own frequency was just
			* before, 40 at most */
	struct sipd_steps drift, swell; /* of frequency (Hz), level (dB) */
};

struct sipd_burst {
	struct sipd_stretch now;  /* that goes on; looks 0: none */
	struct sipd_stretch last; /* that ended */
	bool ended;               /* with this look */
	uint32_t ms;              /* where this look's frame begins */
	uint32_t start_ms;        /* what was before is of another line */
	float total;              /* dBFS of all, of this look */
	bool quiet;               /* its frame is silence, or was lost */

	struct sipd_tones pending; /* the look of `now` that may be its last */
	float top;                 /* dBFS that `now` is to keep to */
	bool partial;              /* pending has only a part of it */
	unsigned off;              /* looks in a row without it */
	uint32_t heard_ms;         /* where the frame of its last look began */
	struct sipd_tones before[SIPD_BURST_BEFORE]; /* newest first */
};

enum sipd_signal_kind {
	SIPD_SIGNAL_BEEP,
	SIPD_SIGNAL_SIT,
	SIPD_SIGNAL_CNG,
	SIPD_SIGNAL_CED,
	SIPD_SIGNAL_RINGBACK,
	SIPD_SIGNAL_BUSY,
	SIPD_SIGNAL_REORDER,
	SIPD_SIGNAL_DIAL
};

/* What a detector tells. */
struct sipd_signal {
	enum sipd_signal_kind kind;
	bool on;          /* false: what was told is over */
	uint32_t from_ms; /* of it */
	uint32_t to_ms;   /* of it, or now where it goes on */
	float hz[2];      /* 0 none */
	const char *word; /* class of information tones, else NULL */
};

/** The next look; its frame begins at that ms. */
void sipd_burst_hear(struct sipd_burst *b, const struct sipd_look *look,
		     const struct sipd_tones *t, uint32_t ms);

/** What comes now is of another line: a tone that goes on begins anew. */
void sipd_burst_anew(struct sipd_burst *b);
/** Whether a stretch began before it could be heard. */
bool sipd_stretch_is_cut(const struct sipd_burst *b,
			 const struct sipd_stretch *s);
/** How long a stretch is or was so far, ms. */
uint32_t sipd_stretch_ms(const struct sipd_burst *b,
			 const struct sipd_stretch *s);
/** How much the steps of a value differ from each other: 0 of what stays and
 *  of what moves evenly. */
float sipd_steps_spread(const struct sipd_steps *s);
/** Its mean step. */
float sipd_steps_mean(const struct sipd_steps *s);

/** A stretch of a sine at that frequency, Hz. */
bool sipd_stretch_is_sine(const struct sipd_stretch *s, float hz, float off);
/** A stretch of these two; hz[1] 0: of the one. */
bool sipd_stretch_is(const struct sipd_stretch *s, const float hz[2],
		     float off);

#endif
