/*
 * Inside one RTP stream; only media.c and stream.c look here.
 */
#ifndef PHONENET_STREAM_H
#define PHONENET_STREAM_H

#include "call.h"
#include "media.h"

enum {
	FRAME = 160, /* 20 ms at 8 kHz */
	ECHO_MAX = 20 * FRAME,
	LATE_MAX = 4,
	PACKET_MAX = 12 + FRAME,
	REC_MAX = 8000 * 600,
};

/* A packet held back, to come late or out of order. */
struct late {
	uint8_t data[PACKET_MAX];
	size_t len;
	unsigned ticks;
};

struct stream {
	struct stream *next;
	struct net *net;
	struct call *call;
	digit_h digit_h;
	struct watch rtp, rtcp;
	uint16_t port;
	unsigned slot;
	/* the other side */
	struct sockaddr_in to;
	int pt, te_pt;
	bool wants; /* may we send, by their direction */
	/* ours */
	bool held, echo, loop, bad_net;
	enum sound_id sound;
	size_t pos;
	uint32_t ssrc, ts;
	uint16_t seq;
	uint64_t rnd, tx, rx;
	/* echo: samples wait here, two frames ahead */
	int16_t fifo[ECHO_MAX];
	size_t fifo_n;
	bool primed;
	/* digits being sent */
	const char *digits;
	unsigned digit_tick;
	uint32_t digit_ts;
	/* digits heard */
	uint32_t te_ts;
	bool te_open, te_done;
	uint8_t te_event;
	unsigned te_ms;
	struct late late[LATE_MAX];
	/* the recording */
	int16_t *rec;
	size_t rec_n, rec_cap, rec_at;
	uint32_t rec_ts, rec_ssrc;
	bool rec_on;
	/* reception, for RTCP: RFC 3550 A.3, A.8 */
	uint32_t peer_ssrc, base_seq, max_seq, jitter16, last_transit;
	uint32_t last_rx, last_expected;
	uint64_t octets, rtcp_us;
};

void stream_tick(struct stream *s);
void stream_rtp(struct stream *s, const uint8_t *p, size_t n);
void stream_rtcp(struct stream *s, const uint8_t *p, size_t n,
		 const struct sockaddr_in *from, int fd);

#endif
