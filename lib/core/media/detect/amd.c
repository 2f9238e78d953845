/**
 * @file core/media/detect/amd.c  Who answered: a person or a machine
 */
#include "core/media/detect/amd.h"

#include <string.h>
#include "core/media/detect/amd_table.h"

enum {
	FRAME_MS = 20,
	EARLIEST = 120,   /* ms of speech before any verdict */
	MACHINE_MS = 900, /* the same, of a machine: nobody waits for it */
	PAUSE_MS = 100,
	LATE = 175,      /* frames until somebody speaks */
	MEND_MS = 15000, /* later, a beep is of a talk with a person */

	/* frames in a row */
	LIKELY_HUMAN = 4,
	LIKELY_MACHINE = 40,
	SURE_HUMAN = 30,
	SURE_MACHINE = 40
};

/* What is likely is told at once and may be taken back, what is sure stays. */
static const float human_likely = 0.55F;
static const float human_sure = 0.95F;
static const float human_late = 0.5F;   /* when time is up, */
static const float human_stands = 0.1F; /* and that was told */
static const float weak = 20;           /* dB over the noise */
static const float machine_likely = 0.02F;
static const float machine_sure = 0.05F;


void sipd_amd_init(struct sipd_amd *a, uint32_t timeout_ms)
{
	memset(a, 0, sizeof(*a));
	a->timeout_ms = timeout_ms;
	a->human = 0.5F;
}


/* e^-x of 0 and more, within 0.1 %: (1 + x / 256)^-256 */
static float e_minus(float x)
{
	float y = 1 / (1 + x / 256);
	int i;

	for (i = 0; i < 8; ++i)
		y *= y;

	return y;
}


static float probability(float odds)
{
	const float p = 1 / (1 + e_minus(odds < 0 ? -odds : odds));

	return odds < 0 ? 1 - p : p;
}


/* The weights of amd_table.h: one hidden layer. */
static float judge(const float x[SIPD_AMD_SENSES])
{
	float h[SIPD_AMD_HIDDEN], odds = sipd_amd_odds;
	size_t i, k;

	memcpy(h, sipd_amd_bias, sizeof(h));
	for (i = 0; i < SIPD_AMD_SENSES; ++i)
		for (k = 0; k < SIPD_AMD_HIDDEN; ++k)
			h[k] += x[i] * sipd_amd_in[i][k];
	for (k = 0; k < SIPD_AMD_HIDDEN; ++k)
		odds += h[k] > 0 ? h[k] * sipd_amd_out[k] : 0;

	return probability(odds);
}


static bool tell(struct sipd_amd *a, enum sipdialer_amd verdict, bool final,
		 float confidence, const char *cause,
		 struct sipd_amd_verdict *v)
{
	if (a->guess != verdict)
		a->since_ms = a->ms;
	a->guess = verdict;
	a->final = a->final || final;
	v->verdict = verdict;
	v->final = final;
	v->stood_ms = a->ms - a->since_ms;
	v->confidence = confidence;
	v->cause = cause;

	return true;
}


static uint32_t spoken(const struct sipd_amd *a)
{
	return a->sense.said.active * FRAME_MS;
}


static bool pauses(const struct sipd_amd *a)
{
	return sipd_amd_sense_silence(&a->sense) >= PAUSE_MS;
}


/* By P(human); cause NULL: what is heard now. */
static bool tell_human(struct sipd_amd *a, bool final, const char *cause,
		       struct sipd_amd_verdict *v)
{
	if (!cause)
		cause = pauses(a) ? "short_greeting" : "voice";

	return tell(a, SIPDIALER_AMD_HUMAN, final, a->human, cause, v);
}


static bool tell_machine(struct sipd_amd *a, bool final, const char *cause,
			 struct sipd_amd_verdict *v)
{
	if (!cause)
		cause = a->sense.said.utterances > 2 ? "many_words"
						     : "long_greeting";

	return tell(a, SIPDIALER_AMD_MACHINE, final, 1 - a->human, cause, v);
}


/* Somebody far away in a room where nobody answers: late, and weak. */
static bool far_away(const struct sipd_amd *a)
{
	const struct sipd_amd_said *d = &a->sense.said;

	return d->onset > LATE && d->peak - d->behind < weak;
}


/* No more time: what was told stands, unless it seems wrong by now; else the
 * likelier, if anybody spoke. */
static bool time_is_up(struct sipd_amd *a, struct sipd_amd_verdict *v)
{
	const float enough = a->guess == SIPDIALER_AMD_HUMAN ? human_stands
							     : human_late;
	const bool is_human = a->guess != SIPDIALER_AMD_MACHINE &&
			      spoken(a) >= EARLIEST && !far_away(a) &&
			      a->human > enough;

	if (!a->sense.said.last)
		return tell(a, SIPDIALER_AMD_UNKNOWN, true, 0, "silence", v);

	return is_human ? tell_human(a, true, "timeout", v)
			: tell_machine(a, true, "timeout", v);
}


static bool likely_human(const struct sipd_amd *a)
{
	return spoken(a) >= EARLIEST && !far_away(a) &&
	       a->for_human >= LIKELY_HUMAN;
}


static bool likely_machine(const struct sipd_amd *a)
{
	return spoken(a) >= MACHINE_MS && a->for_machine >= LIKELY_MACHINE;
}


/* What has been told is sure by now. */
static bool is_sure(const struct sipd_amd *a)
{
	if (a->guess == SIPDIALER_AMD_HUMAN)
		return a->sure_human >= SURE_HUMAN;

	return a->guess == SIPDIALER_AMD_MACHINE &&
	       a->sure_machine >= SURE_MACHINE;
}


/* Frames in a row that say so. */
static void count(struct sipd_amd *a)
{
	const float p = a->human;

	a->for_human = p >= human_likely ? a->for_human + 1 : 0;
	a->for_machine = p <= machine_likely ? a->for_machine + 1 : 0;
	a->sure_human = p >= human_sure ? a->sure_human + 1 : 0;
	a->sure_machine = p <= machine_sure ? a->sure_machine + 1 : 0;
}


static bool decide(struct sipd_amd *a, struct sipd_amd_verdict *v)
{
	if (a->ms >= a->timeout_ms)
		return time_is_up(a, v);
	if (a->guess != SIPDIALER_AMD_HUMAN && likely_human(a))
		return tell_human(a, false, NULL, v);
	if (a->guess != SIPDIALER_AMD_MACHINE && likely_machine(a))
		return tell_machine(a, false, NULL, v);
	if (!is_sure(a))
		return false;

	return a->guess == SIPDIALER_AMD_HUMAN
		       ? tell_human(a, true, NULL, v)
		       : tell_machine(a, true, NULL, v);
}


/* While a machine's greeting goes on. */
static bool picks_up(struct sipd_amd *a, float level, bool sound,
		     struct sipd_amd_verdict *v)
{
	if (!sipd_amd_pickup(&a->pickup, level, sound) ||
	    a->guess != SIPDIALER_AMD_MACHINE || a->beep || a->revised)
		return false;

	a->revised = a->final;
	a->human = human_sure;

	return tell_human(a, true, "picked_up", v);
}


bool sipd_amd_hear(struct sipd_amd *a, const struct sipd_look *look,
		   const struct sipd_tones *tones,
		   const struct sipd_voice *voice, bool received,
		   struct sipd_amd_verdict *v)
{
	float x[SIPD_AMD_SENSES];
	bool sound;

	a->ms += FRAME_MS;
	sound = sipd_amd_sense(&a->sense, look, tones, voice, received);
	if (received && picks_up(a, look->level, sound, v))
		return true;
	if (a->final)
		return false;
	if (a->sense.said.last) {
		sipd_amd_senses(&a->sense, x);
		a->human = judge(x);
	}
	count(a);

	return decide(a, v);
}


bool sipd_amd_sign(struct sipd_amd *a, enum sipd_amd_sign sign,
		   struct sipd_amd_verdict *v)
{
	if (sign == SIPD_AMD_BEEP)
		a->beep = true;
	if (sign == SIPD_AMD_RINGING || (a->final && a->revised))
		return false;
	if (a->final && (a->guess != SIPDIALER_AMD_HUMAN ||
			 sign == SIPD_AMD_BUSY || a->ms > MEND_MS))
		return false;
	a->revised = a->final;
	a->human = 0;
	if (sign == SIPD_AMD_FAX)
		return tell(a, SIPDIALER_AMD_FAX, true, 1, "fax_tone", v);
	if (sign == SIPD_AMD_BUSY)
		return tell(a, SIPDIALER_AMD_UNKNOWN, true, 1, "busy_tone", v);

	return tell(a, SIPDIALER_AMD_MACHINE, true, 1,
		    sign == SIPD_AMD_SIT ? "sit" : "beep", v);
}


float sipd_amd_human(const struct sipd_amd *a)
{
	return a->sense.said.last ? a->human : 0;
}


float sipd_amd_machine(const struct sipd_amd *a)
{
	return a->sense.said.last || a->guess == SIPDIALER_AMD_MACHINE
		       ? 1 - a->human
		       : 0;
}


uint32_t sipd_amd_silence(const struct sipd_amd *a)
{
	return sipd_amd_sense_silence(&a->sense);
}
