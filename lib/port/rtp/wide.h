/**
 * @file port/rtp/wide.h  Streams of 16 kHz: packets of any codec
 *
 * The jitter buffer of a narrow stream holds the very bytes of G.711, one a
 * tick.  Here packets lie aside, in slots, and the buffer holds the number of
 * a packet's slot for each tick that it lasts.  So all codecs play out the
 * same way, each with its own state, and a change of codec has no seam.
 */
#ifndef SIPD_PORT_RTP_WIDE_H
#define SIPD_PORT_RTP_WIDE_H

#include "port/codec/coder.h"
#include "port/rtp/jitter.h"
#include "port/rtp/noise.h"
#include "port/rtp/packet.h"

enum {
	SIPD_WIDE_SLOTS = 64,
	SIPD_WIDE_STORE = 16 * 1024, /* bytes of packets, 320 ms of L16 */
	SIPD_WIDE_PACKET = 1472,     /* bytes of one */
	SIPD_WIDE_OUT = 2 * 1280     /* of packets that are not full yet */
};

struct sipd_wide_slot {
	uint32_t start; /* in the store, counted on for ever */
	uint32_t tick;  /* of its begin */
	uint16_t len, ticks;
	uint8_t codec;
};

struct sipd_wide {
	struct sipd_coder *coder;

	/* timestamps: at this clock they are ticks so */
	bool anchored;
	uint8_t khz;
	uint32_t anchor_ts, anchor_tick;
	uint16_t seq;  /* of the last packet, */
	uint32_t next; /* and where the one behind it begins */

	struct sipd_wide_slot slots[SIPD_WIDE_SLOTS];
	uint32_t count; /* slots used so far */
	uint32_t stored;
	uint8_t store[SIPD_WIDE_STORE];

	/* the packet that plays */
	bool decoded;
	uint32_t start; /* of its slot */
	enum sipd_codec_id codec;
	size_t samples;
	int16_t pcm[2 * SIPD_CODER_TICKS];

	/* sending */
	uint16_t out_len, lens[3];
	uint8_t frames; /* of Opus in `out` */
	uint8_t out[SIPD_WIDE_OUT];
};

int sipd_wide_open(struct sipd_wide **wp, bool opus);
void sipd_wide_close(struct sipd_wide *w); /* w may be NULL */

/** As sipd_jitter_put(); *tick: where it lies, for the reports. */
enum sipd_jitter_put sipd_wide_put(struct sipd_wide *w, struct sipd_jitter *j,
				   enum sipd_codec_id codec,
				   const struct sipd_rtp_packet *p,
				   uint32_t *tick);

/** As sipd_jitter_get(), made audio; LOST: nothing could be done. */
enum sipd_jitter_get sipd_wide_get(struct sipd_wide *w, struct sipd_jitter *j,
				   int16_t pcm[SIPD_WIDE_FRAME]);

#endif
