/**
 * @file core/media/detect/progress.c  Ringing, busy, reorder, dial tone
 */
#include "core/media/detect/progress.h"

#include <math.h>
#include <string.h>

#define RINGBACK SIPD_SIGNAL_RINGBACK
#define BUSY SIPD_SIGNAL_BUSY
#define REORDER SIPD_SIGNAL_REORDER

enum {
	SLACK_MS = 25,  /* beside 20 %: our own error is 10 ms an edge */
	DIAL_MS = 2200, /* longer than a ringing tone */
	SURE_LOOKS = 3, /* of a stretch until its frequency is believed */
	OTHER_MS = 100, /* a stretch of another tone that long is no noise */
	OVER_MS = 100,  /* more than 20 % late: it will not come */
	CUT_MS = 60,    /* what began that early began before we heard it */
	SLOW_MS = 1000  /* pauses that long: one round is enough */
};

static const float off_hz = 12.0F; /* of a frequency; sets are 13 Hz apart */

/* clang-format off */
enum { S350_440, S400, S425, S440, S450, S400_450, S440_480, S480_620, SETS };

static const float sets[SETS][2] = {
	[S350_440] = {350, 440}, [S400] = {400, 0},
	[S425] = {425, 0},       [S440] = {440, 0},
	[S450] = {450, 0},       [S400_450] = {400, 450},
	[S440_480] = {440, 480}, [S480_620] = {480, 620},
};

/* Of ITU-T E.180 supplement 2.  The first that fits best is told. */
static const struct cadence {
	uint8_t kind, set;
	uint16_t times[SIPD_PROGRESS_TIMES]; /* ms; two or four of them */
} cadences[] = {
	{RINGBACK, S440_480, {2000, 4000}},          /* US CA MX */
	{RINGBACK, S440_480, {1000, 2000}},          /* KR TW */
	{RINGBACK, S440_480, {400, 200, 400, 3000}}, /* HK */
	{RINGBACK, S400_450, {400, 200, 400, 2000}}, /* GB AU NZ IE ZA */
	{RINGBACK, S425, {400, 200, 400, 2000}},     /* SG MY, 413 + 438 AU */
	{RINGBACK, S400, {400, 200, 400, 2000}},     /* IN */
	{RINGBACK, S425, {1000, 4000}},              /* most of Europe, BR */
	{RINGBACK, S425, {1000, 3000}},              /* BE, HU 1.2 / 3.7 */
	{RINGBACK, S425, {1500, 3000}},              /* ES */
	{RINGBACK, S425, {1000, 5000}},              /* AT PT SE */
	{RINGBACK, S425, {800, 3200}},               /* RU */
	{RINGBACK, S425, {1850, 4150}},              /* RO */
	{RINGBACK, S440, {1500, 3500}},              /* FR */
	{RINGBACK, S400, {1000, 3000}},              /* IL CL */
	{RINGBACK, S400, {1000, 2000}},              /* JP */
	{RINGBACK, S450, {1000, 4000}},              /* CN */
	{RINGBACK, S450, {2000, 4000}},              /* TR */
	{BUSY, S480_620, {500, 500}},                /* US CA KR TW */
	{BUSY, S425, {500, 500}},                    /* ETSI, DE IT NL CH */
	{BUSY, S400, {500, 500}},                    /* JP NZ IE IL */
	{BUSY, S440, {500, 500}},                    /* FR */
	{BUSY, S450, {500, 500}},                    /* TR */
	{BUSY, S400, {375, 375}},                    /* GB */
	{BUSY, S425, {375, 375}},                    /* AU, RU 0.35, GR 0.3 */
	{BUSY, S450, {350, 350}},                    /* CN */
	{BUSY, S400, {750, 750}},                    /* IN */
	{REORDER, S480_620, {250, 250}},             /* US CA */
	{REORDER, S400, {400, 350, 225, 525}},       /* GB */
	{REORDER, S425, {250, 250}},                 /* ETSI, DE NL CH */
	{REORDER, S425, {200, 200}},                 /* IT AT; busy in ES */
	{REORDER, S425, {200, 200, 200, 600}},       /* ES */
	{REORDER, S425, {250, 750}},                 /* SE */
	{REORDER, S400, {250, 250}},                 /* IN IL NZ */
	{REORDER, S440, {250, 250}},                 /* FR */
	{REORDER, S450, {700, 700}},                 /* CN */
};
/* clang-format on */

enum { CADENCES = sizeof(cadences) / sizeof(*cadences) };


/* 1 more than the set of that stretch, 0 none. */
static uint8_t set_of(const struct sipd_stretch *s)
{
	uint8_t best = 0, i;
	float least = off_hz;

	for (i = 0; i < SETS; ++i) {
		const float *hz = sets[i];
		const float mid = hz[1] > 0 ? (hz[0] + hz[1]) / 2 : hz[0];
		const float d = fabsf(s->mid - mid);

		/* of 480 + 620 Hz the middle moves with their levels */
		if (i == S480_620 && sipd_stretch_is(s, hz, off_hz))
			return i + 1;
		if (d < least && sipd_stretch_is(s, hz, off_hz)) {
			least = d;
			best = i + 1;
		}
	}

	return best;
}


static unsigned length(const struct cadence *c)
{
	return c->times[2] ? 4 : 2;
}


/* How far a time is from the right one, 1: as far as may be. */
static float miss(unsigned is, unsigned right)
{
	return fabsf((float)is - (float)right) /
	       (.2F * (float)right + SLACK_MS);
}


/* The last times against a cadence; its end is the end of the last pause.
 * 0..1, more: it is not this one. */
static float compare(const struct sipd_progress *p, const struct cadence *c)
{
	const unsigned n = length(c);
	const unsigned need = n == 2 && c->times[1] < SLOW_MS ? 4 : n;
	const uint16_t *t = p->times + p->n - need;
	float worst = 0;
	unsigned i;

	if (p->set != c->set + 1 || p->n < need)
		return 2;
	for (i = 0; i < need; ++i) {
		const float m = miss(t[i], c->times[i % n]);

		worst = m > worst ? m : worst;
	}

	return worst;
}


static const struct cadence *find(const struct sipd_progress *p)
{
	const struct cadence *best = NULL;
	float least = 1;
	unsigned i;

	for (i = 0; i < CADENCES; ++i) {
		const float m = compare(p, &cadences[i]);

		if (m < least) {
			least = m;
			best = &cadences[i];
		}
	}

	return best;
}


static void push(struct sipd_progress *p, uint32_t ms)
{
	if (p->n == SIPD_PROGRESS_TIMES) {
		memmove(p->times, p->times + 1,
			sizeof(*p->times) * (SIPD_PROGRESS_TIMES - 1));
		--p->n;
	}
	p->times[p->n++] = (uint16_t)(ms < UINT16_MAX ? ms : UINT16_MAX);
}


static bool tell(struct sipd_progress *p, bool on, uint32_t ms,
		 struct sipd_signal *h)
{
	p->on = on;
	memset(h, 0, sizeof(*h));
	h->kind = p->kind;
	h->on = on;
	h->from_ms = p->from_ms;
	h->to_ms = on ? ms : p->to_ms;
	memcpy(h->hz, sets[p->set - 1], sizeof(h->hz));

	return true;
}


/* All that was is forgotten. */
static void forget(struct sipd_progress *p)
{
	p->n = 0;
	p->set = 0;
}


/* A tone that goes on: the pause before it is known, and maybe the cadence. */
static bool begun(struct sipd_progress *p, const struct sipd_burst *b)
{
	const uint8_t set = set_of(&b->now);
	const struct cadence *c;

	p->judged = true;
	if (set == 0 || set != p->set || p->n == 0)
		return false;
	push(p, b->now.from_ms - p->to_ms);
	c = find(p);
	if (!c || p->on)
		return false;
	p->kind = (enum sipd_signal_kind)c->kind;
	p->most_on = c->times[0] > c->times[2] ? c->times[0] : c->times[2];
	p->most_off = c->times[1] > c->times[3] ? c->times[1] : c->times[3];

	return true;
}


/* A tone is over: its time. */
static void over(struct sipd_progress *p, const struct sipd_stretch *s)
{
	const uint8_t set = set_of(s);

	/* not one of which begun() has the pause */
	if (set == 0 || set != p->set || (p->n && !p->judged)) {
		if (set == 0 && s->to_ms - s->from_ms < OTHER_MS)
			return;
		forget(p);
		p->set = set;
	}
	p->judged = false;
	if (set == 0)
		return;
	if (p->n == 0)
		p->from_ms = s->from_ms;
	push(p, s->to_ms - s->from_ms);
	p->to_ms = s->to_ms;
}


static uint32_t late(uint32_t ms)
{
	return ms + ms / 5 + OVER_MS;
}


/* What was told goes on no more. */
static bool is_over(const struct sipd_progress *p, const struct sipd_burst *b)
{
	const struct sipd_stretch *s = &b->now;

	if (p->set == 0 || (s->looks == 0 && b->ms > p->to_ms &&
			    b->ms - p->to_ms > late(p->most_off)))
		return true;

	return s->looks && p->kind != SIPD_SIGNAL_DIAL &&
	       sipd_stretch_ms(b, s) > late(p->most_on);
}


static bool dial(struct sipd_progress *p, const struct sipd_burst *b)
{
	const struct sipd_stretch *s = &b->now;
	const uint8_t set = s->looks ? set_of(s) : 0;

	if (p->on || set == 0 || set == S440_480 + 1 || set == S480_620 + 1 ||
	    sipd_stretch_ms(b, s) < DIAL_MS)
		return false;
	forget(p);
	p->set = set;
	p->kind = SIPD_SIGNAL_DIAL;
	p->from_ms = s->from_ms;
	p->to_ms = b->ms;
	p->most_on = p->most_off = 0;

	return true;
}


bool sipd_progress_hear(struct sipd_progress *p, const struct sipd_burst *b,
			struct sipd_signal *h)
{
	uint8_t was = p->set;

	if (b->ended)
		over(p, &b->last);
	if (p->on && is_over(p, b)) {
		const uint8_t is = p->set;

		p->set = was;
		tell(p, false, b->ms, h);
		forget(p);
		p->set = is == was ? 0 : is;
		return true;
	}
	if (b->now.looks >= SURE_LOOKS && !p->judged && begun(p, b))
		return tell(p, true, b->ms, h);

	return dial(p, b) && tell(p, true, b->ms, h);
}


uint32_t sipd_progress_wait(const struct sipd_burst *b,
			    const struct sipd_stretch *s)
{
	const uint8_t set = set_of(s);
	const uint32_t ms = sipd_stretch_ms(b, s);
	uint32_t most = set ? SLOW_MS : 0; /* at least: nobody knows all */
	unsigned i, k;

	if (set && sipd_stretch_is_cut(b, s))
		return SIPD_PROGRESS_NEVER;
	for (i = 0; set && i < CADENCES; ++i) {
		const struct cadence *c = &cadences[i];

		for (k = 0; c->set + 1 == set && k < length(c); k += 2)
			if (miss(ms, c->times[k]) < 1 &&
			    late(c->times[k + 1]) > most)
				most = late(c->times[k + 1]);
	}

	return most;
}
