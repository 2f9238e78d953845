/**
 * @file port/rtp/priv.h  Inside of the media threads
 *
 * All of struct sipd_rtp belongs to its media thread but for the mailbox
 * (under the thread's lock) and what never changes after opening.
 */
#ifndef SIPD_PORT_RTP_PRIV_H
#define SIPD_PORT_RTP_PRIV_H

#include <pthread.h>
#include <stdatomic.h>
#include "base/work.h"
#include "port/codec/opus.h"
#include "port/rtp/batch.h"
#include "port/rtp/event.h"
#include "port/rtp/jitter.h"
#include "port/rtp/packet.h"
#include "port/rtp/quality.h"
#include "port/rtp/rtcp.h"
#include "port/rtp/rtp.h"
#include "port/rtp/secure.h"
#include "port/rtp/source.h"
#include "port/rtp/wide.h"

enum {
	SLOTS = SIPD_FRAME_MS, /* of 1 ms */
	STREAMS_MAX = 65536,   /* of a thread; no core has time for these */
	SLOT_MAX = 8192,       /* of a slot, see sipd_media_join() */
	LATE = 6,              /* classes of struct sipd_media_stats */
	PTIME_MAX = 60,
	OUT_MAX = PTIME_MAX * 8 + SIPD_FRAME,
	SIPD_RTP_PACKET_SIZE = SIPD_RTP_HEADER + SIPD_WIDE_PACKET +
			       SIPD_SRTP_TRAILER
};

/** Written by the thread, read by sipd_media_stats(). */
struct counters {
	atomic_uint_fast64_t tx, rx, dropped, due, skipped;
	atomic_uint_fast64_t late[LATE], late_max_us;
};

struct media_thread {
	struct sipd_media *media;
	pthread_t thread;
	struct sipd_log *log;
	int epfd; /* evfd and the RTCP sockets */
	int evfd;
	struct sipd_workq queue;
	pthread_mutex_t box; /* of the mailboxes of its streams */
	atomic_bool dozing;  /* sleeps too long to see a command in time */
	atomic_bool stop;
	atomic_uint streams;

	struct sipd_rtp *slots[SLOTS][SLOT_MAX]; /* only what is used is
						   * touched */
	unsigned filled[SLOTS];
	unsigned active;
	uint64_t start_us; /* of tick 0 */
	uint64_t tick;     /* the next */
	uint64_t ntp;      /* of start_us */
	uint64_t random;
	struct sipd_batch *batch;
	struct counters count;
};

/* In the order of use, what each tick needs first: with thousands of streams
 * none of it is in the caches when its tick comes, and is fetched ahead
 * (batch.c). */
struct sipd_rtp {
	int fd, rtcp_fd;
	uint16_t port;
	atomic_bool closing;
	bool connected; /* by SDP */
	bool fixed;     /* the socket by connect() */
	bool silent_told, first_told, no_keys_told;
	bool at_rest;  /* held by the far end, which plays nothing */
	bool talking;  /* else the next packet has the marker */
	bool collided; /* SSRC was changed once */
	bool known;    /* ssrc_in is set */
	bool got_sr;
	bool calm; /* a packet a tick, or none */
	uint8_t proof;
	uint8_t ts_each;
	struct media_thread *t;
	struct sipd_rtp_secure *secure; /* NULL: plain */
	struct sipd_wide *wide;         /* NULL: 8 kHz, G.711 */
	uint64_t last_tick;
	uint64_t now_us; /* of this tick or packet */

	/* receiving */
	uint32_t ssrc_in;
	uint32_t ssrc_next; /* candidate */
	uint16_t seq_next;
	uint16_t slot;
	uint32_t slot_at;  /* its place there */
	uint64_t spoke_us; /* arrival of the last packet of ssrc_in */
	uint64_t rx, dropped;
	struct sipd_source source;
	struct sipd_reception reception;
	struct sipd_event_rx key;
	uint64_t heard_ms;
	uint64_t report_ms; /* when the next is due */
	uint32_t timeout_ms;

	/* sending */
	uint32_t ssrc;
	uint32_t ts; /* in ticks; on the wire: */
	uint32_t ts_wire,
		ts_tick; /* ts_wire at ts_tick, then ts_each a tick */
	uint16_t seq;
	uint16_t out_len;
	uint32_t packets, octets; /* since this SSRC */
	uint32_t reported;        /* packets at the last report */
	uint64_t tx;
	struct sipd_rtp_handlers h;
	void *arg;
	struct sipd_noise noise;
	struct sipd_event_tx keys;

	struct sipd_sdp_remote remote; /* what was agreed */
	struct sipd_jitter jitter;

	/* rarely or never, but for packets of other than 20 ms */
	uint8_t out[OUT_MAX]; /* if ptime is not 20 ms */

	/* RTCP */
	char cname[SIPD_CNAME];
	union sipd_addr rtcp_from; /* behind NAT, family 0 unknown */
	uint32_t lsr;
	uint64_t lsr_us;
	double rtt_ms;
	uint32_t remote_lost;
	double remote_jitter_ms;

	/* mailbox */
	struct sipd_work command, close;
	bool queued, new_remote, new_timeout;
	struct sipd_sdp_remote box_remote;
	uint32_t box_timeout;
	char box_keys[SIPD_KEYS_MAX + 1];
};

static inline void bump(atomic_uint_fast64_t *c, uint64_t n)
{
	/* one writer: no locked instruction needed */
	atomic_store_explicit(c,
			      atomic_load_explicit(c, memory_order_relaxed) +
				      n,
			      memory_order_relaxed);
}


/* May a handler still be called? */
static inline bool alive(struct sipd_rtp *r)
{
	return !atomic_load_explicit(&r->closing, memory_order_acquire);
}


/* socket.c */
int sipd_rtp_sockets(struct sipd_rtp *r, const union sipd_addr *addr,
		     uint16_t min, uint16_t max, unsigned *at);
void sipd_rtp_socket_prepare(struct sipd_rtp *r);
void sipd_rtp_socket_fix(struct sipd_rtp *r, const union sipd_addr *to);
void sipd_rtp_socket_free(struct sipd_rtp *r);

/* media.c */
void sipd_media_post(struct media_thread *t, struct sipd_work *work);
void sipd_media_join(struct sipd_rtp *r); /* take a slot */
void sipd_media_leave(struct sipd_rtp *r);
uint32_t sipd_media_random(struct media_thread *t);
struct media_thread *sipd_media_thread(struct sipd_media *m);
unsigned *sipd_media_next_port(struct sipd_media *m);
struct sipd_dtls_ctx;
struct sipd_dtls_ctx *sipd_media_dtls(struct sipd_media *m); /* NULL none */
uint64_t sipd_media_ntp(const struct media_thread *t, uint64_t us);

/* stream.c */
/** f: a packet that came, if any; now_us is set. */
void sipd_rtp_tick(struct sipd_rtp *r, uint64_t tick, struct sipd_fetched *f);

/* receive.c */
/** Of f, and of what is behind it in the socket. */
void sipd_rtp_receive(struct sipd_rtp *r, struct sipd_fetched *f);
/** A packet that is not believed. */
void sipd_rtp_drop(struct sipd_rtp *r);
void sipd_rtcp_receive(struct sipd_rtp *r);
void sipd_rtp_keys(struct sipd_rtp *r, const struct sipd_key *key, size_t n);

/* send.c */
/** Send for this tick; false on hold. */
bool sipd_rtp_send(struct sipd_rtp *r, const struct sipd_tx_frame *tx);
bool sipd_rtp_sending(const struct sipd_rtp *r);
/** What is gathered for a packet is not sent; the next one has the marker. */
void sipd_rtp_restart(struct sipd_rtp *r);
/** Before `codec` takes the place of that in r->remote. */
void sipd_rtp_codec_changed(struct sipd_rtp *r, enum sipd_codec_id codec);
/** n bytes behind the room for the header, of that tick. */
void sipd_rtp_send_audio(struct sipd_rtp *r, uint8_t *buf, size_t n,
			 uint32_t ts);
/** Timestamp of a tick, as it is sent. */
uint32_t sipd_rtp_wire(const struct sipd_rtp *r, uint32_t tick);
void sipd_rtcp_send(struct sipd_rtp *r, bool bye);
/** From the RTP socket, as it is. */
void sipd_rtp_send_raw(struct sipd_rtp *r, const union sipd_addr *to,
		       const uint8_t *buf, size_t n);

/* wide_send.c */
void sipd_rtp_wide_audio(struct sipd_rtp *r, const struct sipd_tx_frame *tx);
/** What is gathered is not sent. */
void sipd_rtp_wide_restart(struct sipd_wide *w);

#endif
