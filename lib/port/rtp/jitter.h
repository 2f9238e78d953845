/**
 * @file port/rtp/jitter.h  Jitter buffer: samples placed by timestamp
 *
 * Pure: time is the number of sipd_jitter_get() calls, one each 20 ms.
 * Packets of any size lie in a ring of G.711 bytes, with a bit a sample for
 * what has come.  The *margin* of a packet is how many samples it came before
 * its turn; it says all about jitter, delay and drift:
 *
 * - a late packet moves the play-out back at once, up to 200 ms of delay;
 * - a margin under 10 ms asks for a frame more, over 60 ms for 5 s for a
 *   frame less.  Both wait up to 3 s for a quiet frame to repeat or leave out; then
 *   one is concealed, or faded into the next.
 */
#ifndef SIPD_PORT_RTP_JITTER_H
#define SIPD_PORT_RTP_JITTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "port/codec/codec.h"

enum {
	SIPD_JITTER_FRAME = 160, /* samples of 20 ms */
	SIPD_JITTER_RING = 16 * SIPD_JITTER_FRAME,
	SIPD_JITTER_START = 2 * SIPD_JITTER_FRAME,
	SIPD_JITTER_MAX = 10 * SIPD_JITTER_FRAME, /* delay, 200 ms */
	SIPD_JITTER_PACKET = 960                  /* largest payload, 120 ms */
};

struct sipd_jitter {
	bool opaque; /* the bytes are not of G.711: nothing is read in them,
		      * 0xff stands where one is missing */
	bool hush;   /* opaque: the last frame was quiet, says who knows */
	enum sipd_codec_id codec; /* of all bytes in the ring */
	uint32_t given;           /* timestamp of the frame given out last */
	uint32_t play;            /* timestamp of the next frame */
	uint16_t idx;             /* and its place in the ring */
	bool started;
	bool heard;       /* a frame has been given out */
	bool quiet;       /* comfort noise or a key, not loss */
	uint16_t missing; /* frames in a row with nothing there */

	uint16_t seq; /* highest, and which of the 64 before came */
	uint64_t seen;
	uint32_t newest; /* timestamp so far */

	int32_t margin;  /* mean, samples */
	int32_t low;     /* lowest in this window */
	uint16_t window; /* frames of it so far */
	int8_t want;     /* frames: +1 insert, -1 leave out */
	uint8_t wanted;  /* since how many frames */

	uint8_t late_run; /* late packets in a row */
	uint8_t jumps;    /* packets in a row, far off but consecutive */
	uint16_t jump_seq;
	uint32_t jump_ts;

	uint32_t late, dup, resyncs, inserted, left_out; /* totals */

	uint8_t have[SIPD_JITTER_RING / 8]; /* a bit a sample */
	uint8_t ring[SIPD_JITTER_RING];
};

enum sipd_jitter_put {
	SIPD_JITTER_OK,
	SIPD_JITTER_DUP,
	SIPD_JITTER_LATE, /* too late to be played */
	SIPD_JITTER_JUMP, /* far off; believed if more follow */
	SIPD_JITTER_BAD   /* no payload of its codec (wide.h) */
};

enum sipd_jitter_get {
	SIPD_JITTER_AUDIO,   /* frame and codec are valid */
	SIPD_JITTER_SILENCE, /* the far end has nothing to say */
	SIPD_JITTER_LOST,
	SIPD_JITTER_NONE /* nothing has come (for 200 ms) */
};

struct sipd_jitter_packet {
	enum sipd_codec_id codec;
	bool marker;
	uint16_t seq;
	uint32_t ts;
	const uint8_t *data;
	size_t len; /* 1 to SIPD_JITTER_PACKET */
};

void sipd_jitter_init(struct sipd_jitter *j);

/** Start anew with the next packet (other SSRC). Totals stay. */
void sipd_jitter_resync(struct sipd_jitter *j);

enum sipd_jitter_put sipd_jitter_put(struct sipd_jitter *j,
				     const struct sipd_jitter_packet *p);

/** A packet that says "no audio now" came: comfort noise or a key. */
void sipd_jitter_quiet(struct sipd_jitter *j, uint16_t seq);

/** Frame of this tick, in j->codec. */
enum sipd_jitter_get sipd_jitter_get(struct sipd_jitter *j,
				     uint8_t frame[SIPD_JITTER_FRAME]);

/** The byte that plays next; false: it has not come. */
bool sipd_jitter_peek(const struct sipd_jitter *j, uint8_t *byte);

/** Ticks that were given up. */
void sipd_jitter_skip(struct sipd_jitter *j, uint64_t frames);

/** Present play-out delay. */
double sipd_jitter_delay_ms(const struct sipd_jitter *j);

#endif
