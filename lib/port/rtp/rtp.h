/**
 * @file port/rtp/rtp.h  Media threads: sockets, the 20 ms clock, RTP and RTCP
 *
 * Each media thread runs an epoll loop and a monotonic clock with 20 slots of
 * 1 ms; a stream belongs to one thread and one slot for life.  In each tick of
 * its slot a stream takes a frame from its jitter buffer, hands it up, asks
 * for a frame to send, and sends it.  Nothing on a media thread locks for
 * long, allocates per packet or touches a disk.
 *
 * RFC 3550, 3551, 4733, 4961; source: locked to the address of the SDP, with
 * at most one change to what really sends in the first seconds (NAT).
 */
#ifndef SIPD_PORT_RTP_RTP_H
#define SIPD_PORT_RTP_RTP_H

#include <stdbool.h>
#include <stdint.h>
#include "base/log.h"
#include "port/net.h"
#include "port/sip/sdp/sdp.h"

enum {
	SIPD_FRAME = 160,      /* samples of 20 ms at 8 kHz */
	SIPD_FRAME_WIDE = 320, /* at 16 kHz */
	SIPD_FRAME_MS = 20
};

struct sipd_media;
struct sipd_rtp;

int sipd_media_start(struct sipd_media **mp, unsigned threads,
		     struct sipd_log *log);
/** All streams must be closed. */
void sipd_media_stop(struct sipd_media *m);

/** Of our certificate, made by the first who asks: a=fingerprint; "" if there
 *  is none.  @thread loop */
const char *sipd_media_fingerprint(struct sipd_media *m);

struct sipd_media_stats {
	uint64_t streams;         /* open now */
	uint64_t tx, rx, dropped; /* packets so far; dropped = not believed */
	uint64_t ticks_due;       /* frames that were due */
	uint64_t late[6];         /* of them sent < 1, < 2, < 5, < 10, < 20 ms
				 * late, and later */
	uint64_t late_max_us;     /* the latest of all */
	uint64_t skipped;         /* frames given up because too late */
};
void sipd_media_stats(struct sipd_media *m, struct sipd_media_stats *st);

/** What to send in a frame. */
struct sipd_tx_frame {
	enum { SIPD_TX_SILENCE, SIPD_TX_PCM, SIPD_TX_ENCODED } kind;
	const uint8_t *encoded;       /* SIPD_TX_ENCODED: in the codec agreed,
				 * valid until the next call, */
	size_t len;                   /* of so many bytes; 0: 160 of G.711 */
	int16_t pcm[SIPD_FRAME_WIDE]; /* SIPD_TX_PCM, as many as are heard */
};

/** A frame heard. */
struct sipd_rx_frame {
	enum {
		SIPD_RX_AUDIO,
		SIPD_RX_LOST,
		SIPD_RX_NONE
	} kind;         /* LOST: one
			 * was due; NONE: nothing is sent to us */
	size_t samples; /* SIPD_FRAME, or SIPD_FRAME_WIDE: of this
			 * stream for life */
	int16_t pcm[SIPD_FRAME_WIDE]; /* SIPD_RX_AUDIO, else zeros */
};

/** Of one stream, when asked or at its end. RFC 3550 6.4.1 */
struct sipd_rtp_stats {
	uint64_t tx, rx, lost, late, dropped;
	double jitter_ms, rtt_ms;
	double mos;           /* G.107 simplified, 0 if nothing came */
	uint32_t remote_lost; /* as the far end reports */
	double remote_jitter_ms;
	enum sipd_codec_id codec;
};

/** Called on the stream's media thread, except closed(). */
struct sipd_rtp_handlers {
	/** Every 20 ms once connected: what was heard and (unless held) what to
	 *  send.  codec is what ENCODED must be in. */
	void (*frame)(const struct sipd_rx_frame *rx, struct sipd_tx_frame *tx,
		      enum sipd_codec_id codec, void *arg);
	/** A key by RFC 4733, once, when it ended (or after 40 ms of a new
	 *  one whose end got lost). */
	void (*dtmf)(char digit, uint32_t duration_ms, void *arg);
	/** A packet of the far end was taken, for the first time. */
	void (*first)(void *arg);
	/** No RTP for timeout_ms (set by sipd_rtp_timeout). Once. */
	void (*silent)(void *arg);
	/** The keys of what was agreed are there (text: how it is encrypted),
	 *  or never will be (text: why).  The text lives for ever. */
	void (*secured)(bool ok, const char *text, void *arg);
	/** All DTMF queued has been sent. */
	void (*dtmf_sent)(void *arg);
	/** After sipd_rtp_close(): the stream is gone, no handler will be
	 *  called any more.  On the media thread; must only post. */
	void (*closed)(const struct sipd_rtp_stats *st, void *arg);
};

/**
 * Open a stream: an even RTP port and the next for RTCP, on `addr` (port 0).
 * port_min 0 = any.  Receives nothing and sends nothing until connected.
 *
 * @return 0, SIPDIALER_EIO no port free or no descriptors, SIPDIALER_ENOMEM,
 *         SIPDIALER_EFULL 65,536 streams a media thread are open
 * @thread loop
 */
int sipd_rtp_open(struct sipd_rtp **rp, struct sipd_media *m,
		  const union sipd_addr *addr, uint16_t port_min,
		  uint16_t port_max, const struct sipd_rtp_handlers *h,
		  void *arg);

/** Mark its packets (media.dscp). @thread loop */
void sipd_rtp_dscp(struct sipd_rtp *r, unsigned dscp);

/** Make it a stream of 16 kHz, which takes every codec, before it is connected;
 *  opus: that one, too.  0 or SIPDIALER_ENOMEM. @thread loop */
int sipd_rtp_widen(struct sipd_rtp *r, bool opus);

/** Its local RTP port. */
uint16_t sipd_rtp_port(const struct sipd_rtp *r);

/* Commands: queued to the media thread, done within a tick, never fail.
 * @thread loop */

/** (Re)connect to what SDP agreed. Keeps SSRC, sequence and timestamp. */
void sipd_rtp_connect(struct sipd_rtp *r,
		      const struct sipd_sdp_remote *remote);
/** Queue keys, at most 64; see sipdialer_call_dtmf(). */
void sipd_rtp_dtmf(struct sipd_rtp *r, const char *digits);
void sipd_rtp_timeout(struct sipd_rtp *r, uint32_t timeout_ms); /* 0 never */
/** Run h on the media thread between two ticks: how the layer above changes
 *  what its frame handler uses, without a lock.  work must stay until run. */
struct sipd_work;
void sipd_rtp_call(struct sipd_rtp *r, struct sipd_work *work);
/** Packets go out: nothing is to be encrypted, or the keys are there.
 *  @thread media */
bool sipd_rtp_ready(const struct sipd_rtp *r);
/** Close; closed() follows. Sends RTCP BYE. */
void sipd_rtp_close(struct sipd_rtp *r);

#endif
