/**
 * @file core/media/detect/amd_sense.c  What tells a person from a machine
 */
#include "core/media/detect/amd_sense.h"

#include <math.h>
#include <string.h>

enum {
	FRAME_MS = 20,
	ONSET = 4,    /* frames of sound that begin speech */
	SPOKEN = 2,   /* of which like a voice */
	PAUSE = 8,    /* frames of silence between utterances */
	STEADY = 2,   /* frames of one frequency: a tone */
	LOUDER = 3,   /* frames that make a new voice of it */
	SETTLED = 10, /* frames of a call until its noise is known */
	JUST = 4      /* frames before a voice that may be its breath */
};

static const float quietest = -75;   /* dBFS: below is digital silence */
static const float over_noise = 8;   /* dB that sound has over noise, */
static const float near_peak = 20;   /* and at most under the loudest */
static const float much_louder = 12; /* dB: another voice, nearer */
static const float syllable = 6;     /* dB of rise and fall */
static const float pure = 0.8F;      /* share of one frequency in a tone */
static const float same_hz = 8;


static float clamp(float x, float low, float high)
{
	return x < low ? low : x > high ? high : x;
}


static bool is_tone(struct sipd_amd_sense *s, const struct sipd_tones *t)
{
	if (!t->n || t->share < pure) {
		s->tone = 0;
		s->hz = 0;
		return false;
	}
	s->tone = fabsf(t->hz[0] - s->hz) < same_hz ? s->tone + 1 : 0;
	s->hz = t->hz[0];

	return s->tone >= STEADY;
}


static float past_level(const struct sipd_amd_sense *s, uint32_t ago)
{
	return s->past[(s->frames - ago) % SIPD_AMD_PAST];
}


/* Falls at once, rises slowly while nobody speaks, hardly while somebody
 * does. */
static void learn_noise(struct sipd_amd_sense *s, float level, bool sound)
{
	if (s->frames <= 2) {
		s->floor = s->start = level;
		return;
	}
	if (level < s->floor)
		s->floor += 0.3F * (level - s->floor);
	else if (!sound)
		s->floor += 0.08F * (level - s->floor);
	else
		s->floor += 0.02F;
	if (sound)
		return;
	s->unrest += 0.05F * (fabsf(level - s->level) - s->unrest);
	if (s->frames < SETTLED)
		s->start += 0.2F * (level - s->start);
}


/* What a voice begins on: the noise since the beginning, and whether it has
 * just risen. */
static void begin(struct sipd_amd_sense *s, uint32_t frame, float behind)
{
	struct sipd_amd_said *d = &s->said;
	const uint32_t before = s->frames - frame;
	float just = 0;
	uint32_t i, n = 0;

	memset(d, 0, sizeof(*d));
	d->onset = d->begin = frame;
	d->behind = behind;
	d->unrest = s->unrest;
	for (i = before + JUST; i < SIPD_AMD_PAST && i < s->frames; ++i, ++n)
		just += past_level(s, i);
	d->step = n ? just / (float)n - s->start : 0;
	d->peak = d->high = d->low = s->level;
	d->utterances = 1;
	d->active = (uint16_t)before;
	d->level = (float)before * s->level;
}


static void count_syllables(struct sipd_amd_said *d, float level)
{
	if (d->falling) {
		d->low = level < d->low ? level : d->low;
		if (level > d->low + syllable) {
			d->falling = false;
			d->high = level;
		}
		return;
	}
	d->high = level > d->high ? level : d->high;
	if (level < d->high - syllable) {
		d->falling = true;
		d->low = level;
		++d->syllables;
	}
}


static void say(struct sipd_amd_sense *s, float level)
{
	struct sipd_amd_said *d = &s->said;
	const uint32_t gap = s->frames - d->last - 1;

	if (d->last && gap >= PAUSE) {
		if (d->utterances == 1)
			d->first = d->last - d->begin + 1;
		d->longest = gap > d->longest ? (uint16_t)gap : d->longest;
		d->begin = s->frames;
		++d->utterances;
	}
	d->last = s->frames;
	++d->active;
	d->level += level;
	if (level > d->peak)
		d->peak += 0.5F * (level - d->peak);
	else
		d->peak -= 0.03F;
}


/* Sound: over the noise, and of speech near its peak, and no tone. */
static bool sounds(struct sipd_amd_sense *s, float level, bool tone)
{
	const struct sipd_amd_said *d = &s->said;

	if (tone || level < s->floor + over_noise || level < -55)
		return false;

	return !d->onset || level > d->peak - near_peak;
}


static void onset(struct sipd_amd_sense *s, const struct sipd_voice *voice,
		  float level)
{
	struct sipd_amd_said *d = &s->said;

	++s->run;
	s->spoken += voice->p > 0.5F;
	if (!d->onset && s->run >= ONSET && s->spoken >= SPOKEN)
		begin(s, s->frames - s->run + 1, s->floor);
	if (!d->onset)
		return;
	s->louder = level > d->peak + much_louder ? s->louder + 1 : 0;
	if (s->louder >= LOUDER && d->active > 2 * LOUDER)
		begin(s, s->frames - LOUDER + 1, d->level / d->active);
}


bool sipd_amd_sense(struct sipd_amd_sense *s, const struct sipd_look *look,
		    const struct sipd_tones *tones,
		    const struct sipd_voice *voice, bool received)
{
	const float level = look->level < quietest ? quietest : look->level;
	const bool tone = is_tone(s, tones);
	bool sound;

	if (!received && s->frames) {
		++s->frames;
		s->past[s->frames % SIPD_AMD_PAST] = past_level(s, 1);
		return false;
	}
	++s->frames;
	s->past[s->frames % SIPD_AMD_PAST] = level;
	sound = s->frames > 2 && sounds(s, level, tone);
	s->level += 0.5F * (level - s->level);
	if (!tone)
		learn_noise(s, level, sound);
	if (sound) {
		onset(s, voice, level);
		if (s->said.onset)
			say(s, level);
	}
	else {
		s->run = s->spoken = s->louder = 0;
	}
	if (s->said.onset) {
		count_syllables(&s->said, s->level);
		if (level > s->said.peak - 12 && !tone)
			s->said.top = s->frames;
		if (level > s->floor + over_noise && !tone)
			s->said.above = s->frames;
	}

	return sound && s->said.onset;
}


uint32_t sipd_amd_sense_silence(const struct sipd_amd_sense *s)
{
	return s->said.last ? (s->frames - s->said.last) * FRAME_MS : 0;
}


static float seconds(uint32_t frames)
{
	return (float)frames * (FRAME_MS / 1000.0F);
}


void sipd_amd_senses(const struct sipd_amd_sense *s, float x[SIPD_AMD_SENSES])
{
	const struct sipd_amd_said *d = &s->said;
	const float silence = seconds(s->frames - d->last);
	const float long_now = seconds(d->last - d->begin + 1);

	memset(x, 0, SIPD_AMD_SENSES * sizeof(*x));
	x[0] = clamp(seconds(s->frames) / 3, 0, 2);
	if (!d->last)
		return;
	x[1] = 1;
	x[2] = clamp(seconds(d->onset), 0, 4) / 2;
	x[3] = clamp(seconds(s->frames - d->onset), 0, 5) / 2;
	x[4] = clamp(seconds(s->frames - d->top), 0, 1);
	x[5] = clamp(silence, 0, 0.3F) * 3;
	x[6] = clamp(silence, 0, 2);
	x[7] = clamp(seconds(s->frames - d->above), 0, 1);
	x[8] = clamp(seconds(d->active), 0, 4) / 2;
	x[9] = clamp((float)d->utterances, 0, 6) / 3;
	x[10] = clamp(seconds(d->longest), 0, 2);
	x[11] = clamp(d->utterances > 1 ? seconds(d->first) : long_now, 0, 3);
	x[12] = clamp(long_now, 0, 3);
	x[13] = clamp((float)d->syllables, 0, 12) / 6;
	x[14] = clamp((float)d->syllables / seconds(d->active + 10), 0, 8) / 6;
	x[15] = d->behind / 20 + 3;
	x[16] = (d->peak - d->behind) / 30;
	x[17] = clamp(d->unrest, 0, 6) / 3;
	x[18] = clamp(d->step, -5, 20) / 10;
	x[19] = clamp(s->level - d->behind, -10, 30) / 20;
}
