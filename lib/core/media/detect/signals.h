/**
 * @file core/media/detect/signals.h  All that is told of tones, for one call
 */
#ifndef SIPD_CORE_MEDIA_DETECT_SIGNALS_H
#define SIPD_CORE_MEDIA_DETECT_SIGNALS_H

#include "core/media/detect/beep.h"
#include "core/media/detect/fax.h"
#include "core/media/detect/progress.h"
#include "core/media/detect/sit.h"

/* Zeroed before the first look.  beep.p is the chance of a beep. */
struct sipd_signals {
	struct sipd_burst burst;
	struct sipd_sit sit;
	struct sipd_fax fax;
	struct sipd_progress progress;
	struct sipd_beep beep;
};

typedef void sipd_signal_h(const struct sipd_signal *s, void *arg);

/** The next look; its frame begins at that ms.  spoken_ms: how much speech was
 *  heard before, which tells a machine's beep from the network's tones. */
void sipd_signals_hear(struct sipd_signals *s, const struct sipd_look *look,
		       const struct sipd_tones *t, uint32_t ms,
		       uint32_t spoken_ms, sipd_signal_h *h, void *arg);

/** The call was answered: what comes now is of who answered. */
void sipd_signals_answered(struct sipd_signals *s);

#endif
