/**
 * @file port/codec/coder.h  The codecs of one stream of 16 kHz, both ways
 *
 * Frames of 20 ms, whatever the codec's own rate is: those of 8 kHz go through
 * a filter.  The state of each codec stays when another one has its turn.
 * Nothing is allocated after the opening.  One thread.
 */
#ifndef SIPD_PORT_CODEC_CODER_H
#define SIPD_PORT_CODEC_CODER_H

#include "port/codec/codec.h"

enum {
	SIPD_WIDE_FRAME = 320,  /* samples of 20 ms */
	SIPD_CODER_FRAME = 640, /* bytes of 20 ms in any codec, at most */
	SIPD_CODER_TICKS = 960  /* of a packet that can be read, 120 ms */
};

struct sipd_coder;

/** 0 or SIPDIALER_ENOMEM. */
int sipd_coder_open(struct sipd_coder **cp, bool opus);
void sipd_coder_close(struct sipd_coder *c); /* c may be NULL */

/** What the far end asks of Opus; see sipd_opus_limit(). */
void sipd_coder_limit(struct sipd_coder *c, uint32_t bitrate, bool fec);

/** 320 samples; bytes written, 0 on failure. */
size_t sipd_coder_encode(struct sipd_coder *c, enum sipd_codec_id id,
			 uint8_t dst[SIPD_CODER_FRAME], const int16_t *pcm);
/** A payload of at most SIPD_CODER_TICKS; samples written, two a tick. */
size_t sipd_coder_decode(struct sipd_coder *c, enum sipd_codec_id id,
			 int16_t *pcm, const uint8_t *src, size_t len);
/** 20 ms in the place of lost ones, of the packet behind them or NULL; false:
 *  this codec has no means. */
bool sipd_coder_conceal(struct sipd_coder *c, enum sipd_codec_id id,
			int16_t pcm[SIPD_WIDE_FRAME], const uint8_t *next,
			size_t len);
/** Join frames of Opus; see sipd_opus_join(). */
size_t sipd_coder_join(struct sipd_coder *c, uint8_t *dst, size_t size,
		       const uint8_t *const *frames, const uint16_t *lens,
		       size_t n);

#endif
