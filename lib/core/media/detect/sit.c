/**
 * @file core/media/detect/sit.c  Special information tones, with their class
 */
#include "core/media/detect/sit.h"

#include <math.h>
#include <string.h>

enum {
	TONES = SIPD_SIT_TONES,
	GAP_MS = 60,    /* between two; 30 by E.180, and our own error */
	EARLY_MS = 500, /* and the second tone after a first one unheard */
	SLACK_MS = 25   /* beside 20 % */
};

static const float off_hz = 50.0F; /* of a frequency */

/* clang-format off */
#define LO1 913.8F
#define HI1 985.2F
#define LO2 1370.6F
#define HI2 1428.5F
#define LO3 1776.7F

static const struct sit {
	const char *word;
	float hz[TONES];
	float ms[TONES];
} classes[] = {
	{"itu",              {950, 1400, 1800}, {330, 330, 330}},
	{"intercept",        {LO1, LO2, LO3}, {274, 274, 380}},
	{"vacant",           {HI1, LO2, LO3}, {380, 274, 380}},
	{"reorder_intra",    {LO1, HI2, LO3}, {274, 380, 380}},
	{"reorder_inter",    {HI1, LO2, LO3}, {274, 380, 380}},
	{"no_circuit_intra", {HI1, HI2, LO3}, {380, 380, 380}},
	{"no_circuit_inter", {LO1, LO2, LO3}, {380, 380, 380}},
	{"ineffective",      {LO1, HI2, LO3}, {380, 274, 380}},
	{"reserved",         {HI1, HI2, LO3}, {274, 274, 380}},
};
/* clang-format on */

enum { CLASSES = sizeof(classes) / sizeof(*classes) };


static float ms_of(const struct sipd_sit *s, unsigned i)
{
	return (float)(s->tones[i].to_ms - s->tones[i].from_ms);
}


/* How far the tones from `first` on are from a class, 1: as far as may be. */
static float compare(const struct sipd_sit *s, const struct sit *c,
		     unsigned first)
{
	float sum = 0;
	unsigned i;

	for (i = first; i < TONES; ++i) {
		const float f = (s->tones[i].hz - c->hz[i]) / off_hz;
		const float t = (ms_of(s, i) - c->ms[i]) /
				(.2F * c->ms[i] + SLACK_MS);

		if (fabsf(f) > 1 || fabsf(t) > 1)
			return 2;
		sum += f * f + t * t;
	}

	return sum / (2 * TONES);
}


static const char *class_of(const struct sipd_sit *s, unsigned first)
{
	const struct sit *best = NULL;
	float least = 1;
	unsigned i;

	for (i = 0; i < CLASSES; ++i) {
		const float m = compare(s, &classes[i], first);

		if (m < least) {
			least = m;
			best = &classes[i];
		}
	}

	return best ? best->word : NULL;
}


static bool joined(const struct sipd_sit *s, unsigned i)
{
	const uint32_t to = s->tones[i - 1].to_ms;

	return s->tones[i].from_ms < to + GAP_MS &&
	       s->tones[i].from_ms + GAP_MS > to;
}


/* What the last tones are, NULL: none.  Of a first tone that was cut off only
 * the others are known. */
static const char *judge(const struct sipd_sit *s)
{
	const bool three = s->n == TONES && joined(s, 1);
	const char *word;

	if (s->n < 2 || !joined(s, 2))
		return NULL;
	word = three ? class_of(s, 0) : NULL;
	if (word)
		return word;
	if (three ? s->tones[0].cut : s->tones[1].early)
		return class_of(s, 1) ? "unknown" : NULL;

	return NULL;
}


bool sipd_sit_hear(struct sipd_sit *s, const struct sipd_burst *b,
		   struct sipd_signal *h)
{
	const struct sipd_stretch *last = &b->last;

	if (!b->ended || 2 * last->pairs > last->inner)
		return false;

	memmove(s->tones, s->tones + 1, sizeof(*s->tones) * (TONES - 1));
	s->tones[TONES - 1].hz = last->mid;
	s->tones[TONES - 1].from_ms = last->from_ms;
	s->tones[TONES - 1].to_ms = last->to_ms;
	s->tones[TONES - 1].cut = sipd_stretch_is_cut(b, last);
	s->tones[TONES - 1].early = last->from_ms < b->start_ms + EARLY_MS;
	s->n += s->n < TONES;

	memset(h, 0, sizeof(*h));
	h->word = judge(s);
	if (!h->word)
		return false;
	h->kind = SIPD_SIGNAL_SIT;
	h->on = true;
	h->from_ms = s->tones[s->n == TONES && joined(s, 1) ? 0 : 1].from_ms;
	h->to_ms = last->to_ms;
	h->hz[0] = last->mid;
	s->n = 0;

	return true;
}
