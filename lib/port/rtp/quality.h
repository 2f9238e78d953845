/**
 * @file port/rtp/quality.h  What a call sounded like, as an estimate
 *
 * Pure.  ITU-T G.107 (E-model) with its default values for all that RTP does
 * not tell; docs/stats.md says how it is made.
 */
#ifndef SIPD_PORT_RTP_QUALITY_H
#define SIPD_PORT_RTP_QUALITY_H

#include <stdint.h>

struct sipd_quality {
	uint64_t expected; /* packets */
	uint64_t bad;      /* of them lost, or too late to be played */
	uint64_t gaps;     /* runs of lost packets */
	double delay_ms;   /* mouth to ear */
};

/** Rating factor R, 0 to 93.2. */
double sipd_quality_r(const struct sipd_quality *q);
/** Mean opinion score 1 to 4.41 of a rating factor; annex B. */
double sipd_quality_mos(double r);

#endif
