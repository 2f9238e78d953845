/**
 * @file port/rtp/noise.h  Comfort noise: what is heard while nobody speaks
 *
 * Only the level of RFC 3389 is used, the spectrum is white.  Pure.
 */
#ifndef SIPD_PORT_RTP_NOISE_H
#define SIPD_PORT_RTP_NOISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sipd_noise {
	bool on;
	int32_t peak; /* of a sample */
	uint32_t seed;
};

/** A payload came: its first byte is the level in -dBov. RFC 3389 3 */
void sipd_noise_set(struct sipd_noise *n, const uint8_t *payload, size_t len);
void sipd_noise_make(struct sipd_noise *n, int16_t *pcm, size_t samples);

#endif
