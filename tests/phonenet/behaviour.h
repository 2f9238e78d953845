/*
 * What a number does: a script of steps, chosen by its last digits, its
 * name, or a mix.
 */
#ifndef PHONENET_BEHAVIOUR_H
#define PHONENET_BEHAVIOUR_H

#include "sound.h"
#include "util.h"

enum op {
	OP_END,    /* nothing more by itself */
	OP_PROV,   /* provisional answer `code` without SDP */
	OP_EARLY,  /* 183 with SDP, plays `sound` */
	OP_ANSWER, /* 200; code 1: without SDP */
	OP_REJECT, /* final `code`, with `text` as extra header lines */
	OP_PLAY,
	OP_ECHO,
	OP_DTMF,   /* sends `text` */
	OP_HANGUP, /* BYE */
	OP_HOLD,
	OP_RESUME,
	OP_RESEND, /* the 200 again, acknowledged or not */
	OP_NEWTAG, /* from now on another To-tag: another fork */
	OP_VANISH, /* forgets the call without a word */
	OP_FORK,   /* a second fork of this call, with script `fork` */
	OP_CALL,   /* calls who called, 200 ms later, with script `fork` */
};

enum delay {
	DELAY_MS,
	DELAY_ANSWER,   /* a human's reaction: --answer-delay */
	DELAY_LATE,     /* --late-delay */
	DELAY_SOUND,    /* until the sound playing is over */
	DELAY_TALK,     /* --talk-time; without it the script ends here */
	DELAY_PATIENCE, /* --talk-time; without it as the step says */
};

struct step {
	enum op op;
	int code;
	uint32_t min_ms, max_ms;
	enum delay delay;
	enum sound_id sound;
	const char *text;
};

enum {
	B_ANSWER_ON_CANCEL = 1,
	B_DEAF_TO_BYE = 2, /* the first two BYEs are lost */
	B_BAD_NET = 4,     /* loses and delays RTP */
	B_RECORD = 8,      /* keeps what it hears, --record */
	B_GIVES_UP = 16,   /* as a caller: CANCEL after 500 ms of ringing */
	B_NAMED = 32,      /* as a caller: a display name that needs care */
};

struct behaviour {
	const char *name;
	int digits; /* last two digits; -1: by name only */
	unsigned flags;
	const struct step *steps;
	const struct step *fork;
};

enum { BEHAVIOURS_MAX = 64 };

/* Weights of --mix. */
struct mix {
	struct {
		unsigned behaviour, upto;
	} part[32];
	unsigned parts, total;
};

const struct behaviour *behaviour_at(unsigned i); /* NULL past the end */
unsigned behaviour_index(const struct behaviour *b);
/* "human=60,busy=15,404=10"; false with a message on stderr */
bool mix_parse(struct mix *m, const char *spec);
const struct behaviour *behaviour_of(struct str number, const struct mix *m,
				     uint64_t seed);

#endif
