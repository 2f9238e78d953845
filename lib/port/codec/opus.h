/**
 * @file port/codec/opus.h  Opus, at 16 kHz and mono
 *
 * By libopus (meson option "opus").  In a build without it nothing here is
 * ever called but sipd_opus_built().
 */
#ifndef SIPD_PORT_CODEC_OPUS_H
#define SIPD_PORT_CODEC_OPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SIPD_OPUS_BITRATE = 24000, /* what we send at, unless told less */
	SIPD_OPUS_PACKET = 400,    /* bytes of 20 ms, at most */
	SIPD_OPUS_JOIN = 3         /* frames in a packet, at most */
};

struct sipd_opus; /* both directions of a stream */

bool sipd_opus_built(void);
/** Ticks of a packet; 0: malformed. */
unsigned sipd_opus_ticks(const uint8_t *payload, size_t len);

int sipd_opus_open(struct sipd_opus **op);
void sipd_opus_close(struct sipd_opus *o); /* o may be NULL */

/** What the far end asks for: bit/s (0: nothing said), and whether it makes
 *  use of forward error correction. RFC 7587 6.1 */
void sipd_opus_limit(struct sipd_opus *o, uint32_t bitrate, bool fec);
/** The encoder begins anew. */
void sipd_opus_restart(struct sipd_opus *o);

/** 320 samples; bytes written, 0 on failure. */
size_t sipd_opus_encode(struct sipd_opus *o, uint8_t *dst, size_t size,
			const int16_t *pcm);
/** Samples written, at most max; 0: malformed. */
size_t sipd_opus_decode(struct sipd_opus *o, int16_t *pcm, size_t max,
			const uint8_t *src, size_t len);
/** What was lost: of the packet behind it (src), or out of nothing (NULL). */
size_t sipd_opus_conceal(struct sipd_opus *o, int16_t *pcm, size_t samples,
			 const uint8_t *src, size_t len);
/** Join frames of one kind to a packet; 0: they are not of one kind. */
size_t sipd_opus_join(struct sipd_opus *o, uint8_t *dst, size_t size,
		      const uint8_t *const *frames, const uint16_t *lens,
		      size_t n);

#endif
