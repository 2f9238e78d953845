/**
 * @file port/codec/l16.h  Samples as they are, in network order. RFC 3551 4.5.11
 */
#ifndef SIPD_PORT_CODEC_L16_H
#define SIPD_PORT_CODEC_L16_H

#include <stddef.h>
#include <stdint.h>

static inline void sipd_l16_encode(uint8_t *dst, const int16_t *src, size_t n)
{
	size_t i;

	for (i = 0; i < n; ++i) {
		dst[2 * i] = (uint8_t)((uint16_t)src[i] >> 8);
		dst[2 * i + 1] = (uint8_t)src[i];
	}
}


static inline void sipd_l16_decode(int16_t *dst, const uint8_t *src, size_t n)
{
	size_t i;

	for (i = 0; i < n; ++i)
		dst[i] = (int16_t)(uint16_t)(src[2 * i] << 8 | src[2 * i + 1]);
}

#endif
