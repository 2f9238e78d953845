/**
 * @file port/codec/coder.c  The codecs of one stream of 16 kHz, both ways
 */
#include "port/codec/coder.h"

#include <assert.h>
#include <stdlib.h>
#include "base/error.h"
#include "port/codec/g711.h"
#include "port/codec/g722.h"
#include "port/codec/halfband.h"
#include "port/codec/l16.h"
#include "port/codec/opus.h"

enum {
	NARROW = SIPD_WIDE_FRAME / 2,
	BLOCK = SIPD_HALFBAND_MAX /* ticks turned to 16 kHz at once */
};

struct sipd_coder {
	struct sipd_g722 g722_out, g722_in;
	struct sipd_up up;
	struct sipd_down down;
	struct sipd_opus *opus; /* NULL: not for this stream */
};


int sipd_coder_open(struct sipd_coder **cp, bool opus)
{
	struct sipd_coder *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for codecs");

	sipd_g722_init(&c->g722_out);
	sipd_g722_init(&c->g722_in);
	err = opus ? sipd_opus_open(&c->opus) : 0;
	if (err) {
		free(c);
		return err;
	}
	*cp = c;

	return 0;
}


void sipd_coder_close(struct sipd_coder *c)
{
	if (!c)
		return;

	sipd_opus_close(c->opus);
	free(c);
}


void sipd_coder_limit(struct sipd_coder *c, uint32_t bitrate, bool fec)
{
	if (c->opus)
		sipd_opus_limit(c->opus, bitrate, fec);
}


size_t sipd_coder_encode(struct sipd_coder *c, enum sipd_codec_id id,
			 uint8_t dst[SIPD_CODER_FRAME], const int16_t *pcm)
{
	int16_t narrow[NARROW];

	switch (id) {
	case SIPD_CODEC_PCMU:
	case SIPD_CODEC_PCMA:
		sipd_down(&c->down, narrow, pcm, NARROW);
		sipd_g711_encode(id, dst, narrow, NARROW);
		return NARROW;
	case SIPD_CODEC_L16_8:
		sipd_down(&c->down, narrow, pcm, NARROW);
		sipd_l16_encode(dst, narrow, NARROW);
		return sizeof(narrow);
	case SIPD_CODEC_L16:
		sipd_l16_encode(dst, pcm, SIPD_WIDE_FRAME);
		return SIPD_CODER_FRAME;
	case SIPD_CODEC_G722:
		sipd_g722_encode(&c->g722_out, dst, pcm, NARROW);
		return NARROW;
	case SIPD_CODEC_OPUS:
		return c->opus ? sipd_opus_encode(c->opus, dst,
						  SIPD_OPUS_PACKET, pcm)
			       : 0;
	default:
		return 0;
	}
}


/* A block of a codec with 8,000 samples a second. */
static void narrow_decode(struct sipd_coder *c, enum sipd_codec_id id,
			  int16_t *pcm, const uint8_t *src, size_t ticks)
{
	int16_t narrow[BLOCK];

	if (id == SIPD_CODEC_L16_8)
		sipd_l16_decode(narrow, src, ticks);
	else
		sipd_g711_decode(id, narrow, src, ticks);
	sipd_up(&c->up, pcm, narrow, ticks);
}


size_t sipd_coder_decode(struct sipd_coder *c, enum sipd_codec_id id,
			 int16_t *pcm, const uint8_t *src, size_t len)
{
	const size_t ticks = sipd_codec_ticks(id, src, len);
	const size_t each = id == SIPD_CODEC_L16_8 ? 2 : 1;
	size_t at;

	assert(ticks <= SIPD_CODER_TICKS);
	switch (id) {
	case SIPD_CODEC_PCMU:
	case SIPD_CODEC_PCMA:
	case SIPD_CODEC_L16_8:
		for (at = 0; at < ticks; at += BLOCK) {
			const size_t n = ticks - at < BLOCK ? ticks - at
							    : BLOCK;

			narrow_decode(c, id, pcm + 2 * at, src + each * at, n);
		}
		return 2 * ticks;
	case SIPD_CODEC_L16:
		sipd_l16_decode(pcm, src, 2 * ticks);
		return 2 * ticks;
	case SIPD_CODEC_G722:
		sipd_g722_decode(&c->g722_in, pcm, src, ticks);
		return 2 * ticks;
	case SIPD_CODEC_OPUS:
		return c->opus ? sipd_opus_decode(c->opus, pcm, 2 * ticks, src,
						  len)
			       : 0;
	default:
		return 0;
	}
}


bool sipd_coder_conceal(struct sipd_coder *c, enum sipd_codec_id id,
			int16_t pcm[SIPD_WIDE_FRAME], const uint8_t *next,
			size_t len)
{
	return id == SIPD_CODEC_OPUS && c->opus &&
	       sipd_opus_conceal(c->opus, pcm, SIPD_WIDE_FRAME, next, len) ==
		       SIPD_WIDE_FRAME;
}


size_t sipd_coder_join(struct sipd_coder *c, uint8_t *dst, size_t size,
		       const uint8_t *const *frames, const uint16_t *lens,
		       size_t n)
{
	return c->opus ? sipd_opus_join(c->opus, dst, size, frames, lens, n)
		       : 0;
}
