/**
 * @file core/media/detect/fax.h  Fax tones: CNG and CED
 *
 * ITU-T T.30 4.3: CNG is 1100 Hz, 0.5 s on and 3 s off, CED is 2100 Hz for 2.6
 * to 4 s.  A beep has these frequencies, too: a CNG whose first burst comes
 * after speech needs its second, a CED more than 2 s, or 1.2 s where nobody
 * spoke.  Pure.
 */
#ifndef SIPD_CORE_MEDIA_DETECT_FAX_H
#define SIPD_CORE_MEDIA_DETECT_FAX_H

#include "core/media/detect/burst.h"

/* Zeroed before the first look. */
struct sipd_fax {
	uint32_t burst_ms; /* where a burst like CNG ended, 0 none */
	bool ced;          /* told, and goes on */
	uint32_t from_ms;  /* of it */
};

/** Whether something is to be told.  spoken_ms: how much speech was heard
 *  before.  A CNG is told at the end of its burst; a CED as it begins to be
 *  sure, and when it ends. */
bool sipd_fax_hear(struct sipd_fax *f, const struct sipd_burst *b,
		   uint32_t spoken_ms, struct sipd_signal *h);

#endif
