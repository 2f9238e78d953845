/**
 * @file core/media/detect/vad.c  Is somebody speaking?
 */
#include "core/media/detect/vad.h"

#include <math.h>
#include <string.h>

enum {
	BANDS = SIPD_LOOK_BANDS,
	WHOLE = BANDS, /* channel of the whole frame */
	FIRST = 3,     /* frames that are noise if they are not loud, */
	START = 12,    /* unless these show that they were speech, */
	WORD = 4,      /* so many in a row */
	HALF = 12,     /* frames, 240 ms: two of these show a syllable */
	FULL = 50,     /* frames of which the least is taken, 1 s */
	CONTEXT = 10,  /* frames behind a pitch that may have none */
	UNVOICED = 8,  /* frames of a sound that never has one */
	NEXT = 4,      /* frames of change between two tones */
	HANG = 7,      /* frames, 140 ms */
	HANG_TONE = 2, /* when it turns out to be a tone */
	RUN = 3,       /* frames until speech has begun, */
	RUN_VOICED = 2,
	LEAD_MAX = 15,
	MANY = 60000
};

/* dB */
static const float prior = -62; /* of the noise before anything is heard */
static const float floor_band = -74;  /* no noise is taken for less: what a */
static const float floor_whole = -63; /* codec makes of comfort noise after
				       * digital silence is no speech */
static const float loud = -28;   /* what has a pitch and is louder is no hum: a
				* voice that is clipped stands still, too */
static const float spread = 3;   /* of noise in a band, from frame to frame */
static const float most = 18;    /* that one band can say */
static const float above = 5;    /* the whole frame, at least */
static const float below = 22;   /* the speech so far, at most: what is weaker
				 * is somebody in the background */
static const float unheard = 99; /* level of speech before there was some */
static const float near = 14;    /* that speech: what is as loud and has no
				 * pitch is of it */
static const float calm = 0.7F;  /* change, smoothed, of a hum or a tone */
static const float even = 8;     /* high to low in half a second: noise.
				 * Syllables have more. */
static const float fall = 6; /* noise that falls by more is learnt at once */
static const float bias = 2; /* the least of a second is so far below the
				 * mean of noise */

static const float pure = 0.88F; /* share of tones in what is no voice */
static const float drift = 5;    /* Hz, that a tone moves in a frame at most */
static const float purer = 0.985F; /* of a tone for certain: two that beat, as
				    * ringing does, are never calm */


static void half_rate(struct sipd_vad *v, const int16_t *pcm)
{
	enum { NEW = SIPD_LOOK_FRAME / 2, OLD = SIPD_PITCH_PAST - NEW };
	int i;

	memmove(v->past, v->past + NEW, OLD * sizeof(*v->past));
	v->past[OLD] = (int16_t)((v->last + 2 * pcm[0] + pcm[1]) / 4);
	for (i = 1; i < NEW; ++i)
		v->past[OLD + i] = (int16_t)((pcm[2 * i - 1] + 2 * pcm[2 * i] +
					      pcm[2 * i + 1]) /
					     4);
	v->last = pcm[SIPD_LOOK_FRAME - 1];
}


static void learn(struct sipd_vad *v, int i, float db, float rate)
{
	const float least = i == WHOLE ? floor_whole : floor_band;

	v->noise[i] += rate * (db - v->noise[i]);
	if (v->noise[i] < least)
		v->noise[i] = least;
}


/* Noise that became louder: after two windows it is the least that was. */
static void learn_least(struct sipd_vad *v, const float *db)
{
	int i;

	for (i = 0; i < SIPD_VAD_CHANNELS; ++i) {
		v->soft[i] += 0.4F * (db[i] - v->soft[i]);
		if (!v->full || v->soft[i] < v->least[i])
			v->least[i] = v->soft[i];
	}
	if (++v->full < FULL)
		return;

	v->full = 0;
	for (i = 0; i < SIPD_VAD_CHANNELS; ++i) {
		const float low = v->least[i] < v->least_before[i]
					  ? v->least[i]
					  : v->least_before[i];

		if (low + bias > v->noise[i])
			learn(v, i, low + bias, 1);
		v->least_before[i] = v->least[i];
	}
}


/* Two halves or more without syllables. */
static bool is_even(struct sipd_vad *v, float level)
{
	bool one, both;

	v->high = !v->half || level > v->high ? level : v->high;
	v->low = !v->half || level < v->low ? level : v->low;
	one = (v->high > v->high_before ? v->high : v->high_before) -
		      (v->low < v->low_before ? v->low : v->low_before) <
	      even;
	both = one && v->even;
	if (++v->half >= HALF) {
		v->half = 0;
		v->high_before = v->high;
		v->low_before = v->low;
		v->even = one;
	}

	return both;
}


static void learn_noise(struct sipd_vad *v, const float *db, float p)
{
	const bool steady = is_even(v, db[WHOLE]);
	float up = 0;
	int i;

	if (v->tonal >= 2)
		return;
	if (v->frames < FIRST && db[WHOLE] < loud)
		up = 1.0F / (1 + v->frames);
	else if (((steady || v->flux < calm) && db[WHOLE] < loud) ||
		 (v->risen > UNVOICED && v->since_voiced > UNVOICED))
		up = 0.2F;
	else if (p < 0.3F && !v->speech)
		up = 0.06F;
	for (i = 0; i < SIPD_VAD_CHANNELS; ++i) {
		const float more = db[i] - v->noise[i];

		learn(v, i, db[i],
		      more > 0       ? up
		      : more < -fall ? 0.4F
				     : 0.05F);
	}
	learn_least(v, db);
}


static float clamp(float x, float low, float high)
{
	return x < low ? low : x > high ? high : x;
}


/* How far the bands stand out, and how much changed in those that do. */
static void measure(struct sipd_vad *v, const float *db,
		    struct sipd_voice *out)
{
	float top = -100, all = 0, sum = 0, weight = 0;
	int i;

	for (i = 0; i < BANDS; ++i) {
		all += clamp(db[i] - v->noise[i] - spread, 0, most);
		top = db[i] > top ? db[i] : top;
	}
	for (i = 0; i < BANDS; ++i) {
		/* what is 15 dB below says nothing */
		const float w = clamp(db[i] - top + 15, 0, 15);

		sum += w * fabsf(db[i] - v->db[i]);
		weight += w;
	}
	out->snr = all / BANDS;
	out->flux = weight > 0 ? sum / weight : 0;
}


static float chance(float logit)
{
	return 1 / (1 + expf(-logit));
}


static bool is_tone(const struct sipd_vad *v, float flux)
{
	return (v->tonal >= 2 && flux < calm / 2) ||
	       (v->tonal >= 3 && flux < calm) ||
	       (v->tonal >= 3 && v->certain >= 3);
}


/* As loud as the speech so far, and that is no noise. */
static bool is_near(const struct sipd_vad *v, float db)
{
	return v->level < unheard && db > v->level - near &&
	       v->level > v->noise[WHOLE] + below;
}


static float judge(struct sipd_vad *v, const float *db,
		   const struct sipd_voice *out)
{
	float x;

	if (db[WHOLE] < v->noise[WHOLE] + above)
		return 0;

	x = clamp(1.2F * (out->snr - 2.5F), -4, 4) +
	    clamp(8 * (out->voiced - 0.5F), -2, 2);
	if (v->level < unheard && db[WHOLE] < v->level - below)
		x -= 4;
	if (v->since_voiced > CONTEXT)
		x = clamp(x, -6, is_near(v, db[WHOLE]) ? 0.4F : -0.3F);
	if ((v->flux < calm && db[WHOLE] < loud) || is_tone(v, out->flux))
		x = clamp(x, -6, -3);
	else if (v->tonal || v->certain || v->after_tone)
		x = clamp(x, -6, 0);

	return chance(x);
}


/* The strongest is where one was. */
static bool stays(const struct sipd_vad *v, const struct sipd_tones *t)
{
	return fabsf(t->hz[0] - v->hz[0]) < drift ||
	       fabsf(t->hz[0] - v->hz[1]) < drift;
}


/* Frames in a row with one or two sines that stay where they are. */
static void count_tones(struct sipd_vad *v, const struct sipd_tones *t)
{
	if (t->share < pure || !stays(v, t))
		v->tonal = 0;
	else
		v->tonal += v->tonal < MANY;
	if (t->share < purer)
		v->certain = 0;
	else
		v->certain += v->certain < MANY;
	memcpy(v->hz, t->hz, sizeof(v->hz));
	if (v->tonal >= 3)
		v->after_tone = NEXT;
	else if (v->after_tone == NEXT || (v->after_tone && t->share > pure))
		--v->after_tone; /* the frame of the change is both */
	else
		v->after_tone = 0;
}


static void count(struct sipd_vad *v, const struct sipd_voice *out,
		  float level, bool risen)
{
	v->flux += 0.25F * (clamp(out->flux, 0, 6 * calm) - v->flux);
	v->risen = risen ? v->risen + (v->risen < MANY) : 0;
	if (out->voiced > 0.55F && v->tonal < 3 &&
	    (v->flux > calm || level > loud))
		v->since_voiced = 0;
	else if (v->since_voiced < MANY)
		++v->since_voiced;
}


static void begin_or_end(struct sipd_vad *v, float p, float voiced)
{
	/* of the first frame of a tone nothing is known */
	if (p < 0.45F)
		v->run = 0;
	else if (p > 0.5F)
		v->run += v->run < MANY;
	if (v->run >= RUN || (v->run >= RUN_VOICED && voiced > 0.7F)) {
		v->speech = true;
		v->hang = HANG;
	}
	else if (v->speech && p > 0.35F) {
		v->hang = HANG;
	}
	else if (v->speech && !--v->hang) {
		v->speech = false;
	}
	if (v->tonal >= 3 && v->hang > HANG_TONE)
		v->hang = HANG_TONE;
	v->lead = v->speech || p < 0.35F ? 0 : v->lead + (v->lead < LEAD_MAX);
}


static void learn_level(struct sipd_vad *v, float level)
{
	if (v->level >= unheard)
		v->level = level;
	else
		v->level += (level > v->level ? 0.2F : 0.03F) *
			    (level - v->level);
}


static void know_nothing(struct sipd_vad *v)
{
	int i;

	for (i = 0; i < SIPD_VAD_CHANNELS; ++i)
		v->noise[i] = i == WHOLE ? prior : prior - 9;
}


/* A call that begins within a word: what was taken for noise at first was
 * that.  It repeats itself, and moves. */
static void doubt_begin(struct sipd_vad *v, const struct sipd_voice *out)
{
	if (out->voiced > 0.7F && out->flux > calm && !v->tonal)
		++v->word;
	else
		v->word = 0;
	if (v->word == WORD)
		know_nothing(v);
}


static void begin(struct sipd_vad *v)
{
	int i;

	know_nothing(v);
	v->level = unheard;
	v->since_voiced = MANY;
	for (i = 0; i < SIPD_VAD_CHANNELS; ++i) {
		v->soft[i] = v->db[i] = v->noise[i];
		v->least_before[i] = -100;
	}
	v->flux = 6 * calm;
	v->high_before = 0;
	v->low_before = -100;
}


static void hear(struct sipd_vad *v, const struct sipd_look *look,
		 const struct sipd_tones *tones, struct sipd_voice *out)
{
	float db[SIPD_VAD_CHANNELS];
	bool risen;
	int i;

	for (i = 0; i < BANDS; ++i)
		db[i] = sipd_look_db(look->band[i]);
	db[WHOLE] = look->level;

	risen = db[WHOLE] > v->noise[WHOLE] + above;
	measure(v, db, out);
	if (risen || v->frames < START)
		out->voiced = sipd_pitch(v->past, &out->pitch_hz);
	count_tones(v, tones);
	if (v->frames < START)
		doubt_begin(v, out);
	count(v, out, db[WHOLE], risen);
	if (out->voiced < 0.5F)
		out->pitch_hz = 0;
	out->p = judge(v, db, out);
	if (!look->quiet)
		learn_noise(v, db, out->p);
	memcpy(v->db, db, sizeof(db));
}


void sipd_vad_hear(struct sipd_vad *v, const struct sipd_look *look,
		   const struct sipd_tones *tones, const int16_t *pcm,
		   struct sipd_voice *out)
{
	static const int16_t nothing[SIPD_LOOK_FRAME];

	memset(out, 0, sizeof(*out));
	if (!v->frames)
		begin(v);
	half_rate(v, pcm ? pcm : nothing);
	if (pcm)
		hear(v, look, tones, out);
	out->lead = v->lead;
	begin_or_end(v, out->p, out->voiced);
	if (v->speech && out->p > 0.6F)
		learn_level(v, look->level);
	if (pcm && v->frames < MANY)
		++v->frames;

	out->speech = v->speech;
	out->noise = v->noise[WHOLE];
	out->level = v->level < unheard ? v->level : SIPD_LOOK_QUIET;
}
