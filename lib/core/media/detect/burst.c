/**
 * @file core/media/detect/burst.c  Stretches of steady tone, with their times
 *
 * A look's window is faded at its ends.  A tone that fills 42 % of it has -9
 * dB there; so a look counts from 13 ms of tone in its frame on, and until 2
 * ms are in it.  Times are corrected by the middle of what that leaves open.
 */
#include "core/media/detect/burst.h"

#include <math.h>
#include <string.h>

enum {
	OPEN_MS = 3,   /* it began that much before its first frame */
	CLOSE_MS = 11, /* and ended that much behind its last one's start */
	OFF = 2,       /* looks without it: it is over; one may be lost */
	FRAME_MS = 20,
	CUT_MS = 60 /* what begins that early began before we heard it */
};

static const float least = .6F;     /* share of a tone to begin with */
static const float keep = .4F;      /* and to go on with */
static const float loud = -52.0F;   /* dBFS */
static const float half = 9.0F;     /* dB under which a look has too little */
static const float same = 20.0F;    /* Hz from look to look: noise, codecs */
static const float glide = 110.0F;  /* Hz from look to look: a chirp, where */
static const float pure = .85F;     /* it is pure */
static const float nearby = 60.0F;  /* Hz, of the same tone half begun */
static const float no_tone = 40.0F; /* dB, clear of all */


static void step(struct sipd_steps *s, float value)
{
	const float d = value - s->last;

	s->sum += d;
	s->square += d * d;
	s->last = value;
	++s->n;
}


float sipd_steps_mean(const struct sipd_steps *s)
{
	return s->n ? s->sum / (float)s->n : 0;
}


float sipd_steps_spread(const struct sipd_steps *s)
{
	const float n = (float)s->n;
	float var;

	if (s->n < 2)
		return 0;
	var = (s->square - s->sum * s->sum / n) / (n - 1);

	return var > 0 ? sqrtf(var) : 0;
}


static float mean(float old, float value, unsigned n)
{
	return old + (value - old) / (float)n;
}


/* Where they are: of two, it does not move with their levels. */
static float place(const struct sipd_tones *t)
{
	return t->n == 2 ? (t->hz[0] + t->hz[1]) / 2 : t->hz[0];
}


/* The look before was not the last: it counts. */
static void settle(struct sipd_stretch *s, const struct sipd_tones *t)
{
	const float level = sipd_look_db(t->power);

	if (s->sines == t->n)
		step(&s->drift, place(t));
	s->drift.last = place(t);
	s->sines = t->n;
	if (s->inner)
		step(&s->swell, level);
	s->swell.last = level;
	++s->inner;
	s->mid = mean(s->mid, t->mid, s->inner);
	s->wide = mean(s->wide, t->wide[0], s->inner);
	s->level = mean(s->level, level, s->inner);
	s->share = mean(s->share, t->share, s->inner);
	if (t->n == 2) {
		const bool up = t->hz[1] > t->hz[0];

		++s->pairs;
		s->hz[0] = mean(s->hz[0], t->hz[up ? 0 : 1], s->pairs);
		s->hz[1] = mean(s->hz[1], t->hz[up ? 1 : 0], s->pairs);
	}
}


/* The loudest that look has near these tones, dBFS. */
static float near_level(const struct sipd_tones *then,
			const struct sipd_tones *t)
{
	float best = -100;
	unsigned i;

	for (i = 0; i < then->n; ++i)
		if (fabsf(then->hz[i] - t->hz[0]) < nearby &&
		    then->level[i] > best)
			best = then->level[i];

	return best;
}


static void begin(struct sipd_burst *b, const struct sipd_tones *t)
{
	const float level = sipd_look_db(t->power);
	const bool part = near_level(&b->before[0], t) > t->level[0] - half;
	float before = near_level(&b->before[part ? 2 : 1], t);

	memset(&b->now, 0, sizeof(b->now));
	b->now.looks = part ? 2 : 1;
	b->now.from_ms = part && b->ms >= FRAME_MS ? b->ms - FRAME_MS : b->ms;
	b->now.from_ms -= b->now.from_ms < OPEN_MS ? 0 : OPEN_MS;
	before = t->level[0] - before;
	b->now.clear = before < no_tone ? before : no_tone;
	b->pending = *t;
	b->top = level;
	b->partial = !part;
	b->off = 0;
	b->heard_ms = b->ms;
}


static bool can_begin(const struct sipd_look *look, const struct sipd_tones *t)
{
	return !look->quiet && t->n && t->share > least &&
	       sipd_look_db(t->power) > loud;
}


/* Whether it goes on in that look: by frequency. */
static bool follows(const struct sipd_burst *b, const struct sipd_tones *t)
{
	const struct sipd_tones *p = &b->pending;
	const bool alike = t->n == p->n;
	const float d = alike ? place(t) - place(p) : t->mid - p->mid;
	float went;

	if (!t->n || t->share < keep)
		return false;
	/* of a close pair the bins that are counted change */
	if (fabsf(d) < same + (t->wide[0] + p->wide[0]) / 4)
		return true;
	if (t->share < pure || p->share < pure || fabsf(d) > glide)
		return false;
	if (!b->now.inner)
		return true;
	if (!alike || b->now.sines != p->n)
		return false;
	went = (place(p) - b->now.drift.last) * (float)(b->off + 1);

	return fabsf(d - went) < same;
}


/* Whether a tone held its power: at its own frequency, whatever else comes. */
static float power_of(const struct sipd_look *look, const struct sipd_tones *t)
{
	float sum = 0;
	unsigned i;

	for (i = 0; i < t->n; ++i)
		sum += sipd_tones_power(look, t->hz[i]);

	return sipd_look_db(sum);
}


static void end(struct sipd_burst *b)
{
	struct sipd_stretch *s = &b->now;

	s->to_ms = b->heard_ms + CLOSE_MS;
	b->ended = s->inner > 0;
	if (2 * s->pairs <= s->inner) {
		s->hz[0] = s->mid;
		s->hz[1] = 0;
	}
	if (b->ended)
		b->last = *s;
	memset(s, 0, sizeof(*s));
}


static void go_on(struct sipd_burst *b, const struct sipd_look *look,
		  const struct sipd_tones *t)
{
	const float level = power_of(look, &b->pending);

	/* a lost packet leaves a part of a look, whatever its level */
	if (!look->quiet && level > b->top - half && follows(b, t)) {
		if (b->off == 0 && !b->partial)
			settle(&b->now, &b->pending);
		b->partial = b->off > 0;
		if (b->partial)
			b->now.sines = 0; /* a step of two looks is none */
		b->pending = *t;
		b->top = level > b->top ? level : (level + b->top) / 2;
		b->heard_ms = b->ms;
		b->now.looks += 1 + b->off;
		b->off = 0;
		return;
	}
	if (!look->quiet && level > b->top - half && b->off == 0)
		b->heard_ms = b->ms;
	if (++b->off < OFF && b->now.inner)
		return;
	end(b);
	if (can_begin(look, t))
		begin(b, t);
}


void sipd_burst_hear(struct sipd_burst *b, const struct sipd_look *look,
		     const struct sipd_tones *t, uint32_t ms)
{
	b->ended = false;
	b->ms = ms;
	b->total = sipd_look_db(look->total);
	b->quiet = look->quiet;
	if (b->now.looks)
		go_on(b, look, t);
	else if (can_begin(look, t))
		begin(b, t);

	memmove(b->before + 1, b->before,
		sizeof(*b->before) * (SIPD_BURST_BEFORE - 1));
	b->before[0] = *t;
}


void sipd_burst_anew(struct sipd_burst *b)
{
	memset(&b->now, 0, sizeof(b->now));
	b->start_ms = b->ms + FRAME_MS;
}


bool sipd_stretch_is_cut(const struct sipd_burst *b,
			 const struct sipd_stretch *s)
{
	return s->from_ms < b->start_ms + CUT_MS;
}


uint32_t sipd_stretch_ms(const struct sipd_burst *b,
			 const struct sipd_stretch *s)
{
	const uint32_t to = s->to_ms ? s->to_ms : b->heard_ms + CLOSE_MS;

	return to > s->from_ms ? to - s->from_ms : 0;
}


bool sipd_stretch_is_sine(const struct sipd_stretch *s, float hz, float off)
{
	return 2 * s->pairs <= s->inner && fabsf(s->mid - hz) < off;
}


/* Two sines that are one peak: their middle, and about half their distance,
 * whichever is the louder. */
static bool is_close_pair(const struct sipd_stretch *s, const float hz[2],
			  float off)
{
	const float apart = fabsf(hz[1] - hz[0]) / 2;

	return fabsf(s->mid - (hz[0] + hz[1]) / 2) < off &&
	       s->wide > apart / 2 && s->wide < apart * 1.5F;
}


bool sipd_stretch_is(const struct sipd_stretch *s, const float hz[2],
		     float off)
{
	if (hz[1] <= 0)
		return sipd_stretch_is_sine(s, hz[0], off) && s->wide < off;
	if (fabsf(hz[1] - hz[0]) < SIPD_TONES_APART)
		return is_close_pair(s, hz, off);

	return 2 * s->pairs > s->inner && fabsf(s->hz[0] - hz[0]) < off &&
	       fabsf(s->hz[1] - hz[1]) < off;
}
