/**
 * @file core/media/detect/signals.c  All that is told of tones, for one call
 */
#include "core/media/detect/signals.h"

#include <string.h>


void sipd_signals_hear(struct sipd_signals *s, const struct sipd_look *look,
		       const struct sipd_tones *t, uint32_t ms,
		       uint32_t spoken_ms, sipd_signal_h *h, void *arg)
{
	const struct sipd_burst *b = &s->burst;
	struct sipd_signal said;
	bool taken = s->progress.on || s->fax.ced;

	sipd_burst_hear(&s->burst, look, t, ms);
	if (sipd_sit_hear(&s->sit, b, &said)) {
		taken = true;
		h(&said, arg);
	}
	if (sipd_fax_hear(&s->fax, b, spoken_ms, &said)) {
		taken = true;
		h(&said, arg);
	}
	if (sipd_progress_hear(&s->progress, b, &said)) {
		taken = true;
		h(&said, arg);
	}
	if (sipd_beep_hear(&s->beep, b, spoken_ms, taken, &said))
		h(&said, arg);
}


void sipd_signals_answered(struct sipd_signals *s)
{
	sipd_burst_anew(&s->burst);
	memset(&s->beep, 0, sizeof(s->beep));
}
