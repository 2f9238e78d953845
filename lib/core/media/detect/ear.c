/**
 * @file core/media/detect/ear.c  All that is heard of a call
 */
#include "core/media/detect/ear.h"

#include <string.h>

enum {
	FRAME_MS = SIPD_EAR_FRAME_MS,
	BRIDGED = 2,   /* lost frames in a row that end no tone */
	TONE = 3,      /* looks that make a sound of a tone */
	RAIL_LEAST = 2 /* samples at the rail in a frame that is clipped */
};

/* Of the last second of speech: a shout or a click at the rail is less. */
static const float clipped_on = 0.35F;
static const float clipped_off = 0.05F;
static const float clipped_rate = 0.04F; /* of a frame, in the mean */

/* What was found in a frame. */
struct found {
	struct sipd_ear *ear;
	uint32_t now_ms; /* where it ends */
	sipd_heard_h *h;
	void *arg;
};


static uint32_t since_zero(const struct sipd_ear *ear, uint32_t ms)
{
	return ms > ear->zero_ms ? ms - ear->zero_ms : 0;
}


static void tell(const struct found *f, enum sipd_heard_kind kind, bool on,
		 uint32_t from_ms, uint32_t at_ms)
{
	const struct sipd_heard heard = {
		.kind = kind,
		.on = on,
		.from_ms = since_zero(f->ear, from_ms),
		.at_ms = since_zero(f->ear, at_ms),
	};

	f->h(&heard, f->arg);
}


static void tell_verdict(const struct found *f,
			 const struct sipd_amd_verdict *v)
{
	const uint32_t now = since_zero(f->ear, f->now_ms);
	const struct sipd_heard heard = {
		.kind = SIPD_HEARD_VERDICT,
		.on = true,
		.from_ms = now - v->stood_ms,
		.at_ms = now,
		.word = v->cause,
		.verdict = v->verdict,
		.final = v->final,
		.confidence = v->confidence,
	};

	f->h(&heard, f->arg);
}


static bool listens_for_amd(const struct sipd_ear *ear)
{
	return ear->conf.amd && ear->answered;
}


/* What a tone says of who answered. */
static void sign(const struct found *f, const struct sipd_signal *s)
{
	static const enum sipd_amd_sign signs[] = {
		[SIPD_SIGNAL_BEEP] = SIPD_AMD_BEEP,
		[SIPD_SIGNAL_SIT] = SIPD_AMD_SIT,
		[SIPD_SIGNAL_CNG] = SIPD_AMD_FAX,
		[SIPD_SIGNAL_CED] = SIPD_AMD_FAX,
		[SIPD_SIGNAL_RINGBACK] = SIPD_AMD_RINGING,
		[SIPD_SIGNAL_BUSY] = SIPD_AMD_BUSY,
		[SIPD_SIGNAL_REORDER] = SIPD_AMD_BUSY,
		[SIPD_SIGNAL_DIAL] = SIPD_AMD_BUSY,
	};
	const bool begins = s->on || s->kind == SIPD_SIGNAL_BEEP ||
			    s->kind == SIPD_SIGNAL_SIT;
	struct sipd_amd_verdict v;

	if (begins && sipd_amd_sign(&f->ear->amd, signs[s->kind], &v))
		tell_verdict(f, &v);
}


static void signal_handler(const struct sipd_signal *s, void *arg)
{
	static const enum sipd_heard_kind kinds[] = {
		[SIPD_SIGNAL_BEEP] = SIPD_HEARD_BEEP,
		[SIPD_SIGNAL_SIT] = SIPD_HEARD_SIT,
		[SIPD_SIGNAL_CNG] = SIPD_HEARD_CNG,
		[SIPD_SIGNAL_CED] = SIPD_HEARD_CED,
		[SIPD_SIGNAL_RINGBACK] = SIPD_HEARD_RINGBACK,
		[SIPD_SIGNAL_BUSY] = SIPD_HEARD_BUSY,
		[SIPD_SIGNAL_REORDER] = SIPD_HEARD_REORDER,
		[SIPD_SIGNAL_DIAL] = SIPD_HEARD_DIAL,
	};
	const struct found *f = arg;
	const struct sipd_heard heard = {
		.kind = kinds[s->kind],
		.on = s->on,
		.from_ms = since_zero(f->ear, s->from_ms),
		.at_ms = since_zero(f->ear, s->to_ms),
		.hz = {s->hz[0], s->hz[1]},
		.word = s->word,
	};

	if (f->ear->conf.tones || s->kind == SIPD_SIGNAL_BEEP)
		f->h(&heard, f->arg);
	if (listens_for_amd(f->ear))
		sign(f, s);
}


static void hear_clipping(const struct found *f, const struct sipd_look *look)
{
	struct sipd_ear *const ear = f->ear;
	const float is = look->clipped >= RAIL_LEAST;

	ear->clipped += clipped_rate * (is - ear->clipped);
	if (!ear->clipping && ear->clipped > clipped_on) {
		ear->clipping = true;
		ear->clipping_ms = ear->ms;
		tell(f, SIPD_HEARD_CLIPPING, true, ear->ms, ear->ms);
	}
	else if (ear->clipping && ear->clipped < clipped_off) {
		ear->clipping = false;
		tell(f, SIPD_HEARD_CLIPPING, false, ear->clipping_ms, ear->ms);
	}
}


/* At the end of this frame. */
static void hear_speech(const struct found *f, const struct sipd_look *look,
			const struct sipd_voice *voice)
{
	struct sipd_ear *const ear = f->ear;

	if (voice->p > 0.5F)
		ear->spoke_ms = ear->ms;
	if (voice->speech) {
		ear->spoken_ms += FRAME_MS;
		hear_clipping(f, look);
	}
	if (voice->speech == ear->speech)
		return;

	ear->speech = voice->speech;
	if (ear->speech) {
		ear->speech_ms = ear->ms - (voice->lead + 1) * FRAME_MS;
		tell(f, SIPD_HEARD_SPEECH, true, ear->speech_ms, ear->ms);
	}
	else {
		tell(f, SIPD_HEARD_SPEECH, false, ear->speech_ms,
		     ear->spoke_ms);
	}
}


static void hear_silence(const struct found *f)
{
	struct sipd_ear *const ear = f->ear;

	if (ear->speech || ear->signals.burst.now.looks >= TONE) {
		if (ear->silence)
			tell(f, SIPD_HEARD_SILENCE, false, ear->sound_ms,
			     ear->ms);
		ear->silence = false;
		ear->sound_ms = ear->ms;
	}
	else if (ear->conf.silence_ms && !ear->silence &&
		 ear->ms - ear->sound_ms >= ear->conf.silence_ms) {
		ear->silence = true;
		tell(f, SIPD_HEARD_SILENCE, true, ear->sound_ms, ear->ms);
	}
}


void sipd_ear_init(struct sipd_ear *ear, const struct sipd_ear_conf *conf)
{
	memset(ear, 0, sizeof(*ear));
	ear->conf = *conf;
}


void sipd_ear_answered(struct sipd_ear *ear)
{
	if (ear->answered)
		return;

	ear->answered = true;
	ear->zero_ms = ear->sound_ms = ear->ms;
	sipd_signals_answered(&ear->signals);
	/* another line, another noise: what was before teaches nothing */
	memset(&ear->vad, 0, sizeof(ear->vad));
	ear->speech = ear->silence = ear->clipping = false;
	ear->clipped = 0;
	ear->spoken_ms = 0;
	sipd_amd_init(&ear->amd, ear->conf.timeout_ms);
}


static void hear_who(const struct found *f, const struct sipd_look *look,
		     const struct sipd_tones *tones,
		     const struct sipd_voice *voice, bool received)
{
	struct sipd_amd_verdict v;

	if (listens_for_amd(f->ear) &&
	    sipd_amd_hear(&f->ear->amd, look, tones, voice, received, &v))
		tell_verdict(f, &v);
}


void sipd_ear_hear(struct sipd_ear *ear, const int16_t pcm[SIPD_LOOK_FRAME],
		   bool received, sipd_heard_h *h, void *arg)
{
	static const int16_t nothing[SIPD_LOOK_FRAME];
	struct found f = {
		.ear = ear,
		.now_ms = ear->ms + FRAME_MS,
		.h = h,
		.arg = arg,
	};
	struct sipd_tones tones;
	struct sipd_voice voice;
	struct sipd_look look;

	sipd_look(&ear->sight, received ? pcm : nothing, &look);
	sipd_tones_find(&look, &tones);
	ear->lost = received ? 0 : ear->lost + (ear->lost <= BRIDGED);
	if (!ear->lost || ear->lost > BRIDGED)
		sipd_signals_hear(&ear->signals, &look, &tones, ear->ms,
				  ear->spoken_ms, signal_handler, &f);
	sipd_vad_hear(&ear->vad, &look, &tones, received ? pcm : NULL, &voice);
	ear->ms = f.now_ms;
	hear_speech(&f, &look, &voice);
	hear_silence(&f);
	hear_who(&f, &look, &tones, &voice, received);
}


struct sipd_chances sipd_ear_chances(const struct sipd_ear *ear)
{
	const bool amd = listens_for_amd(ear);

	return (struct sipd_chances){
		.human = amd ? sipd_amd_human(&ear->amd) : 0,
		.machine = amd ? sipd_amd_machine(&ear->amd) : 0,
		.beep = ear->signals.beep.p,
	};
}
