/**
 * @file port/codec/g711.h  ITU-T G.711, by table
 */
#ifndef SIPD_PORT_CODEC_G711_H
#define SIPD_PORT_CODEC_G711_H

#include <stddef.h>
#include <stdint.h>
#include "port/codec/codec.h"

void sipd_g711_encode(enum sipd_codec_id codec, uint8_t *dst,
		      const int16_t *src, size_t samples);
void sipd_g711_decode(enum sipd_codec_id codec, int16_t *dst,
		      const uint8_t *src, size_t samples);
/** The byte of silence: 0xff or 0xd5. */
uint8_t sipd_g711_silence(enum sipd_codec_id codec);

#endif
