/**
 * @file core/media/detect/fax.c  Fax tones: CNG and CED
 */
#include "core/media/detect/fax.h"

#include <string.h>

enum {
	CNG_MS = 500,
	CNG_OFF_MS = 100, /* 15 % by T.30, and our own error */
	PAUSE_MS = 3000,  /* between two */
	PAUSE_OFF_MS = 600,
	CED_MS = 2100,       /* longer than any beep */
	CED_ALONE_MS = 1200, /* longer than most, where nobody spoke */
	SPOKEN_MS = 200      /* less is no speech */
};

static const float cng_hz = 1100, cng_off = 38;
static const float ced_hz = 2100, ced_off = 20; /* T.30: 15 */


static void fill(struct sipd_signal *h, enum sipd_signal_kind kind, bool on,
		 uint32_t from, uint32_t to, float hz)
{
	memset(h, 0, sizeof(*h));
	h->kind = kind;
	h->on = on;
	h->from_ms = from;
	h->to_ms = to;
	h->hz[0] = hz;
}


static bool is_cng(struct sipd_fax *f, const struct sipd_stretch *s,
		   uint32_t spoken_ms)
{
	const uint32_t ms = s->to_ms - s->from_ms;
	uint32_t pause = s->from_ms - f->burst_ms;

	if (!sipd_stretch_is_sine(s, cng_hz, cng_off) ||
	    ms < CNG_MS - CNG_OFF_MS || ms > CNG_MS + CNG_OFF_MS)
		return false;
	if (f->burst_ms == 0)
		pause = 0;
	f->burst_ms = s->to_ms;

	return spoken_ms < SPOKEN_MS || (pause > PAUSE_MS - PAUSE_OFF_MS &&
					 pause < PAUSE_MS + PAUSE_OFF_MS);
}


bool sipd_fax_hear(struct sipd_fax *f, const struct sipd_burst *b,
		   uint32_t spoken_ms, struct sipd_signal *h)
{
	const struct sipd_stretch *s = &b->now;

	if (b->ended && f->ced) {
		f->ced = false;
		fill(h, SIPD_SIGNAL_CED, false, f->from_ms, b->last.to_ms,
		     b->last.mid);
		return true;
	}
	if (b->ended && is_cng(f, &b->last, spoken_ms)) {
		fill(h, SIPD_SIGNAL_CNG, true, b->last.from_ms, b->last.to_ms,
		     b->last.mid);
		return true;
	}
	if (s->looks == 0 || f->ced ||
	    !sipd_stretch_is_sine(s, ced_hz, ced_off) ||
	    sipd_stretch_ms(b, s) <
		    (spoken_ms < SPOKEN_MS ? CED_ALONE_MS : CED_MS))
		return false;
	f->ced = true;
	f->from_ms = s->from_ms;
	fill(h, SIPD_SIGNAL_CED, true, s->from_ms, b->ms, s->mid);

	return true;
}
