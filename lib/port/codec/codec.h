/**
 * @file port/codec/codec.h  The codecs we speak
 *
 * Two clocks meet here.  A *tick* is 1/8000 s, in which streams count time
 * whatever they carry; the RTP clock of a codec is a multiple of it.  Audio is
 * mono, with 8,000 or 16,000 samples a second.
 */
#ifndef SIPD_PORT_CODEC_CODEC_H
#define SIPD_PORT_CODEC_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sipd_codec_id {
	SIPD_CODEC_NONE = 0,
	SIPD_CODEC_PCMU,
	SIPD_CODEC_PCMA,
	SIPD_CODEC_G722,
	SIPD_CODEC_OPUS,
	SIPD_CODEC_L16,  /* 16 kHz */
	SIPD_CODEC_L16_8 /* 8 kHz */
};

enum {
	SIPD_CODEC_MAX = 8,  /* more than there are */
	SIPD_TICK_HZ = 8000, /* ticks a second */
	SIPD_WIDE_HZ = 16000,
	SIPD_PT_STATIC = 96 /* below: fixed by RFC 3551 */
};

struct sipd_codec {
	const char *name;  /* in rtpmap */
	uint32_t clock;    /* of RTP, Hz */
	uint32_t rate;     /* samples a second that it carries, for us */
	uint8_t channels;  /* as rtpmap says it */
	uint8_t pt;        /* in our offers */
	uint8_t bytes;     /* of a tick, for both rates; 0: it varies */
	uint8_t ptime_max; /* ms of a packet that we send */
};

/** NULL: NONE, or this build does not have it. */
const struct sipd_codec *sipd_codec_get(enum sipd_codec_id id);

/** As rtpmap names it, NULL none: any case, "PCMU", "opus". */
const char *sipd_codec_name(enum sipd_codec_id id);

/** Of a word of media.codecs, any case; NONE also if not in this build. */
enum sipd_codec_id sipd_codec_from_name(const char *name);

/** Of rtpmap; channels 0: not said. NONE: not ours. */
enum sipd_codec_id sipd_codec_from_rtpmap(const char *name, size_t len,
					  uint32_t clock, uint32_t channels);

/** Of a static payload type without rtpmap. RFC 3551 table 4 */
enum sipd_codec_id sipd_codec_from_pt(uint8_t pt);

/** Ticks that a payload lasts; 0: it is none of this codec's. */
unsigned sipd_codec_ticks(enum sipd_codec_id id, const uint8_t *payload,
			  size_t len);

#endif
