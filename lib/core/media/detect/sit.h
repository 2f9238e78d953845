/**
 * @file core/media/detect/sit.h  Special information tones, with their class
 *
 * Three tones one after the other, ITU-T E.180: an announcement follows, the
 * number or the network is at fault.  North America says by low or high, short
 * or long which fault (GR-1162).  Pure.
 */
#ifndef SIPD_CORE_MEDIA_DETECT_SIT_H
#define SIPD_CORE_MEDIA_DETECT_SIT_H

#include "core/media/detect/burst.h"

enum { SIPD_SIT_TONES = 3 };

/* Zeroed before the first look. */
struct sipd_sit {
	struct {
		float hz;
		uint32_t from_ms, to_ms;
		bool cut, early; /* it was the first sound */
	} tones[SIPD_SIT_TONES]; /* the last ones, oldest first */
	unsigned n;              /* of them */
};

/** Whether they were heard, with this look.  h->word: intercept, vacant,
 *  reorder_intra, reorder_inter, no_circuit_intra, no_circuit_inter,
 *  ineffective, reserved; itu: of no class; unknown: the begin is missing. */
bool sipd_sit_hear(struct sipd_sit *s, const struct sipd_burst *b,
		   struct sipd_signal *h);

#endif
