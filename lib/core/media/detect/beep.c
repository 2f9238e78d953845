/**
 * @file core/media/detect/beep.c  The beep after which a machine records
 */
#include "core/media/detect/beep.h"

#include <math.h>
#include <string.h>
#include "core/media/detect/progress.h"

enum {
	LEAST_MS = 70,    /* in all; a beep has 80, our error is 10 */
	LEAST_INNER = 2,  /* looks that it fills */
	STEP_MS = 30,     /* a part of it */
	MOST_MS = 2300,   /* 2 s, a beep that dies away is not exact */
	GAP_MS = 60,      /* between parts; after that it is over */
	AFTER_LOOKS = 3,  /* of quiet until it is told, */
	NOISY_LOOKS = 4,  /* and where the quiet is noise */
	SKIP_LOOKS = 1,   /* that its end still reaches into */
	STEPS = 12,       /* more is a tune */
	FAINT_DBFS = -45, /* less is nothing to wait for */
	SURE_INNER = 4,   /* looks that show whether it is steady, */
	LONG_INNER = 6,   /* and that leave no doubt */
	SPOKEN_MS = 200,  /* less is no speech */
	AGAIN_MS = 7000,  /* the same beep again in less is a cadence, */
	AGAIN = 2         /* of which that many are told */
};

static const float low_hz = 335, high_hz = 2150; /* 350 to 2100 */

/* Voices and music have tones as well, and quiet after them.  A beep differs
 * from them in all of these; the figures lie between what was measured of 4000
 * made beeps and of two hours of prompts, acted lines and music. */
static const float least_share = .82F; /* of all that is heard */
static const float step_share = .95F;  /* of a part that fills one look */
static const float parted = 40.0F;     /* Hz, noise moves it that far */
static const float clear = 6.0F;       /* dB over its frequency just before */
static const float drifts = 6.0F;      /* Hz a look of what is steady */
static const float chirps = 110;       /* Hz a look of what rises or falls, */
static const float even = 4.0F;        /* with steps that differ by less, Hz */
static const float fades = -5.5F;      /* dB a look of what dies away */
static const float grows = 2.0F;
static const float drop = 8.0F;   /* dB from it to the quiet after, */
static const float hush = 6.0F;   /* which keeps its level, dB */
static const float voice = 450;   /* Hz, under which voices are loudest */
static const float nothing = -90; /* dBFS, digital silence */
static const float same_hz = 15.0F;

/* How much its steps from look to look differ: noise and codecs move it, a
 * long one is still known. */
static const struct {
	float hz, db;
} shaky[2] = {{5, 2.6F}, {10, 4}};

/* It is dB over all else: of a clean one, of one through a good codec, of a
 * long one through a bad one.  Else that is the noise of the line, which is
 * the same when the beep is over. */
static const float clean = 25, coded = 16, long_coded = 13;
static const float louder = 4, softer = -3, noise_hush = 4;

static const float keys[2][4] = {{697, 770, 852, 941},
				 {1209, 1336, 1477, 1633}};
static const float key_off = .018F; /* Q.24: 1.5 %, and our own */


static bool is_key_tone(float hz, const float group[4])
{
	unsigned i;

	for (i = 0; i < 4; ++i)
		if (fabsf(hz - group[i]) < key_off * group[i])
			return true;

	return false;
}


static bool in_range(float hz)
{
	return hz > low_hz && hz < high_hz;
}


static bool can_be(const struct sipd_stretch *s)
{
	if (2 * s->pairs <= s->inner)
		return in_range(s->mid);

	return in_range(s->hz[0]) && in_range(s->hz[1]) &&
	       !(is_key_tone(s->hz[0], keys[0]) &&
		 is_key_tone(s->hz[1], keys[1]));
}


/* Steady, or moving as a beep may. */
static bool is_even(const struct sipd_stretch *s)
{
	const float drift = fabsf(sipd_steps_mean(&s->drift));
	const float swell = sipd_steps_mean(&s->swell);
	const bool is_long = s->inner >= LONG_INNER;
	const bool moves = drift > drifts;

	if (moves && (s->inner < SURE_INNER || drift > chirps))
		return false;

	return sipd_steps_spread(&s->drift) <
		       (moves ? even : shaky[is_long].hz) &&
	       sipd_steps_spread(&s->swell) < shaky[is_long].db &&
	       swell > fades && swell < grows;
}


static bool is_like(const struct sipd_stretch *s)
{
	return s->share > (s->inner > 1 ? least_share : step_share) &&
	       s->level > FAINT_DBFS && can_be(s) && is_even(s);
}


/* dBFS of what was heard beside it. */
static float rest_of(const struct sipd_stretch *s)
{
	const float share = s->share < .9999F ? s->share : .9999F;

	return s->level + sipd_look_db((1 - share) / share);
}


static void open_it(struct sipd_beep *p, const struct sipd_burst *b)
{
	const struct sipd_stretch *s = &b->last;

	p->steps = 1;
	p->inner = s->inner;
	p->from_ms = p->tone.from_ms;
	p->to_ms = s->to_ms;
	p->hz[0] = s->hz[0];
	p->hz[1] = s->hz[1];
	p->level = s->level;
	p->rest = rest_of(s);
	p->after = 0;
	p->quiet = p->most = p->least = nothing;
	p->waits = false;
	p->wait_ms = sipd_progress_wait(b, s);
}


/* One more part of it. */
static void extend(struct sipd_beep *p, const struct sipd_stretch *s)
{
	const float rest = rest_of(s);

	++p->steps;
	p->wait_ms = 0;
	p->inner += s->inner;
	p->to_ms = s->to_ms;
	p->level = s->level > p->level ? s->level : p->level;
	p->rest = rest > p->rest ? rest : p->rest;
	p->after = 0;
	p->quiet = p->most = p->least = nothing;
}


static bool adjoins(uint32_t to_ms, const struct sipd_stretch *s)
{
	return s->from_ms < to_ms + GAP_MS;
}


/* What one lost packet or a moment of noise parted is one tone. */
static void join(struct sipd_beep *p, const struct sipd_stretch *s)
{
	if (!adjoins(p->tone.to_ms, s) ||
	    fabsf(s->mid - p->tone.mid) > parted) {
		p->tone.from_ms = s->from_ms;
		p->tone.clear = s->clear;
	}
	p->tone.mid = s->mid;
	p->tone.to_ms = s->to_ms;
}


static void ended(struct sipd_beep *p, const struct sipd_burst *b)
{
	const struct sipd_stretch *s = &b->last;
	const bool more = p->steps && adjoins(p->to_ms, s);

	join(p, s);
	if (is_like(s) && s->to_ms - s->from_ms >= STEP_MS) {
		if (more)
			extend(p, s);
		else if (p->tone.clear > clear)
			open_it(p, b);
	}
	else if (more && s->to_ms - s->from_ms >= LEAST_MS) {
		p->steps = 0; /* a tune, a voice */
	}
}


/* A beep of a cadence that no table has: the first ones are told. */
static bool is_cadence(struct sipd_beep *p)
{
	const bool same = p->told_hz > 0 &&
			  fabsf(p->told_hz - p->hz[0]) < same_hz &&
			  p->from_ms - p->told_ms < AGAIN_MS;

	p->again = same ? p->again + 1 : 0;
	p->told_hz = p->hz[0];
	p->told_ms = p->to_ms;

	return p->again >= AGAIN;
}


/* Nothing was heard with it but a codec. */
static bool is_clean(const struct sipd_beep *p)
{
	const float over = p->level - p->rest;

	return over > clean ||
	       (p->most - p->least < hush && p->inner >= SURE_INNER &&
		over > (p->inner < LONG_INNER ? coded : long_coded));
}


/* What was heard with it is the noise that goes on. */
static bool is_in_noise(const struct sipd_beep *p)
{
	const float noise = p->rest - p->quiet;

	return noise < louder && noise > softer &&
	       p->most - p->least < noise_hush &&
	       (p->inner >= SURE_INNER || p->hz[0] > voice);
}


/* One more look of what comes after it. */
static void listen(struct sipd_beep *p, const struct sipd_burst *b,
		   uint32_t spoken_ms)
{
	if (b->now.looks && !adjoins(p->to_ms, &b->now)) {
		if (spoken_ms < SPOKEN_MS)
			(void)is_cadence(p); /* a quick one */
		p->steps = 0;
	}
	if (b->now.looks || b->ms < p->to_ms || ++p->after <= SKIP_LOOKS)
		return;
	if (p->after == SKIP_LOOKS + 1)
		p->noise_looks = 0;
	if (b->quiet)
		return;
	if (p->noise_looks++ == 0)
		p->most = p->least = p->quiet = b->total;
	p->most = fmaxf(p->most, b->total);
	p->least = fminf(p->least, b->total);
	p->quiet += (b->total - p->quiet) / (float)p->noise_looks;
}


/* Whether it is one, as soon as that is known; steps 0: it is none. */
static bool is_one(struct sipd_beep *p)
{
	const uint32_t ms = p->to_ms - p->from_ms;

	if (p->steps == 0 || p->after < SKIP_LOOKS + AFTER_LOOKS)
		return false;
	if (ms < LEAST_MS || ms > MOST_MS || p->inner < LEAST_INNER ||
	    p->steps > STEPS || p->level - p->quiet < drop) {
		p->steps = 0;
		return false;
	}
	if (is_clean(p))
		return true;
	if (p->after < SKIP_LOOKS + NOISY_LOOKS)
		return false;
	if (is_in_noise(p))
		return true;
	p->steps = 0;

	return false;
}


static bool tell(struct sipd_beep *p, struct sipd_signal *h)
{
	p->steps = 0;
	p->waits = false;
	if (is_cadence(p))
		return false;
	memset(h, 0, sizeof(*h));
	h->kind = SIPD_SIGNAL_BEEP;
	h->on = true;
	h->from_ms = p->from_ms;
	h->to_ms = p->to_ms;
	memcpy(h->hz, p->hz, sizeof(h->hz));
	p->p = 1;

	return true;
}


/* Chance of what goes on: it grows with every look that is like a beep. */
static float chance(const struct sipd_beep *p, const struct sipd_burst *b,
		    uint32_t spoken_ms)
{
	const struct sipd_stretch *s = &b->now;
	float q;

	if (s->looks == 0)
		return p->steps ? p->p : 0;
	if (!is_like(s) || s->clear < clear || sipd_stretch_ms(b, s) > MOST_MS)
		return 0;
	q = s->share * s->share;
	q *= s->inner < SURE_INNER ? (float)s->inner / (SURE_INNER + 1) : .9F;
	if (spoken_ms < SPOKEN_MS && sipd_progress_wait(b, s))
		q /= 2;

	return q;
}


static void forget(struct sipd_beep *p)
{
	p->steps = 0;
	p->waits = false;
	p->p = 0;
}


bool sipd_beep_hear(struct sipd_beep *p, const struct sipd_burst *b,
		    uint32_t spoken_ms, bool taken, struct sipd_signal *h)
{
	if (taken) {
		forget(p);
		return false;
	}
	if (p->waits) {
		if (b->now.looks < SURE_INNER && spoken_ms < SPOKEN_MS)
			return b->ms - p->to_ms > p->wait_ms && tell(p, h);
		(void)is_cadence(p); /* the next one came */
		forget(p);
	}
	if (b->ended)
		ended(p, b);
	p->p = chance(p, b, spoken_ms);
	if (p->steps)
		listen(p, b, spoken_ms);
	if (!is_one(p))
		return false;
	p->waits = spoken_ms < SPOKEN_MS && p->wait_ms;

	return !p->waits && tell(p, h);
}
