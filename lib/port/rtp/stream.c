/**
 * @file port/rtp/stream.c  A stream: its commands and its tick
 */
#include "port/rtp/priv.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include "base/clock.h"
#include "base/container.h"
#include "base/error.h"
#include "port/codec/g711.h"

_Static_assert(sizeof(struct sipd_rtp) < 6 * 1024,
	       "2,500 streams and more a thread: mind the memory");
_Static_assert((int)SIPD_FRAME == (int)SIPD_JITTER_FRAME, "one frame");


/* ---- the tick ---------------------------------------------------------- */

/* Ticks given up: time goes on for both directions, silently. */
static void skip(struct sipd_rtp *r, uint64_t frames)
{
	sipd_jitter_skip(&r->jitter, frames);
	r->ts += (uint32_t)(frames * SIPD_FRAME);
	sipd_rtp_restart(r);
	if (!sipd_rtp_sending(r))
		return;
	bump(&r->t->count.skipped, frames);
	bump(&r->t->count.due, frames);
}


/* 8 kHz: the jitter buffer gives bytes of G.711. */
static enum sipd_jitter_get play_narrow(struct sipd_rtp *r, int16_t *pcm)
{
	uint8_t frame[SIPD_FRAME];
	const enum sipd_jitter_get kind = sipd_jitter_get(&r->jitter, frame);

	if (kind == SIPD_JITTER_AUDIO)
		sipd_g711_decode(r->jitter.codec, pcm, frame, SIPD_FRAME);
	else
		memset(pcm, 0, SIPD_FRAME * sizeof(*pcm));

	return kind;
}


static void play_out(struct sipd_rtp *r, struct sipd_rx_frame *rx)
{
	enum sipd_jitter_get kind = SIPD_JITTER_NONE;

	rx->samples = r->wide ? SIPD_FRAME_WIDE : SIPD_FRAME;
	if (!(r->remote.dir & SIPD_RECVONLY))
		memset(rx->pcm, 0, rx->samples * sizeof(rx->pcm[0]));
	else if (r->wide)
		kind = sipd_wide_get(r->wide, &r->jitter, rx->pcm);
	else
		kind = play_narrow(r, rx->pcm);

	if (kind == SIPD_JITTER_SILENCE && r->noise.on)
		sipd_noise_make(&r->noise, rx->pcm, rx->samples);
	rx->kind = kind == SIPD_JITTER_AUDIO || kind == SIPD_JITTER_SILENCE
			   ? SIPD_RX_AUDIO
		   : kind == SIPD_JITTER_LOST ? SIPD_RX_LOST
					      : SIPD_RX_NONE;
}


static void housekeeping(struct sipd_rtp *r)
{
	const uint64_t now_ms = r->now_us / 1000;
	struct sipd_key key;

	sipd_rtp_keys(r, &key, sipd_event_tick(&r->key, now_ms, &key));

	if (r->timeout_ms && !r->silent_told && !r->at_rest &&
	    r->remote.dir & SIPD_RECVONLY &&
	    now_ms - r->heard_ms >= r->timeout_ms) {
		r->silent_told = true;
		if (r->h.silent && alive(r))
			r->h.silent(r->arg);
	}

	if (now_ms >= r->report_ms) {
		sipd_rtcp_send(r, false);
		r->report_ms = now_ms +
			       sipd_rtcp_interval(false,
						  sipd_media_random(r->t));
	}
}


void sipd_rtp_tick(struct sipd_rtp *r, uint64_t tick, struct sipd_fetched *f)
{
	const uint64_t passed = (tick - r->last_tick) / SLOTS;
	struct sipd_rx_frame rx;
	struct sipd_tx_frame tx;

	if (passed > 1)
		skip(r, passed - 1);
	r->last_tick = tick;

	sipd_rtp_receive(r, f);
	sipd_rtp_secure_tick(r);
	play_out(r, &rx);
	tx.kind = SIPD_TX_SILENCE;
	tx.len = 0;
	if (alive(r))
		r->h.frame(&rx, &tx, r->remote.codec, r->arg);
	if (sipd_rtp_send(r, &tx))
		sipd_batch_due(r);
	r->ts += SIPD_FRAME;
	housekeeping(r);
}


/* ---- commands, on the media thread ------------------------------------- */

static void first_connect(struct sipd_rtp *r)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = r};

	sipd_rtp_socket_prepare(r);
	if (epoll_ctl(r->t->epfd, EPOLL_CTL_ADD, r->rtcp_fd, &ev))
		sipd_log_warning(r->t->log, "rtp: no RTCP on port %u",
				 r->port + 1);
	r->report_ms = r->now_us / 1000 +
		       sipd_rtcp_interval(true, sipd_media_random(r->t));
	r->connected = true;
	sipd_media_join(r);
}


/* We send packets of the size asked for if it is a multiple of 10 ms up to
 * 60 ms, else of 20 ms, which all take. */
static uint32_t packet_time(uint32_t ptime)
{
	return ptime && ptime <= PTIME_MAX && !(ptime % 10) ? ptime
							    : SIPD_FRAME_MS;
}


static bool has_number(const struct sipd_sdp_remote *sdp, uint8_t pt)
{
	size_t i;

	for (i = 0; i < sdp->eventc; ++i)
		if (sdp->events[i].pt == pt)
			return true;

	return memchr(sdp->pt_in, pt, sizeof(sdp->pt_in)) != NULL;
}


/* A number goes on to mean what it meant: packets of before are on their way.
 * RFC 3264 8.3.2 */
static void keep_numbers(struct sipd_sdp_remote *sdp,
			 const struct sipd_sdp_remote *before)
{
	size_t i;

	for (i = 0; i < SIPD_CODEC_MAX; ++i)
		if (sdp->pt_in[i] == SIPD_PT_NONE &&
		    !has_number(sdp, before->pt_in[i]))
			sdp->pt_in[i] = before->pt_in[i];
}


static void do_connect(struct sipd_rtp *r, const struct sipd_sdp_remote *sdp)
{
	const struct sipd_sdp_remote agreed = r->remote;
	const bool received = r->connected && r->remote.dir & SIPD_RECVONLY;
	const union sipd_addr before = r->source.sdp;
	const bool turned = r->remote.dir != sdp->dir;
	bool moved;

	r->now_us = sipd_clock_us();
	if (r->remote.codec != sdp->codec || r->remote.ptime != sdp->ptime)
		sipd_rtp_codec_changed(r, sdp->codec);
	r->remote = *sdp;
	if (r->connected)
		keep_numbers(&r->remote, &agreed);
	r->remote.ptime = packet_time(sdp->ptime);
	r->keys.khz = sdp->dtmf_khz;
	if (r->wide)
		sipd_coder_limit(r->wide->coder, sdp->bitrate, sdp->opus_fec);
	if (turned) { /* held, or no longer: what was due is not now */
		r->heard_ms = r->now_us / 1000;
		r->silent_told = false;
		r->at_rest = r->connected && !(sdp->dir & SIPD_SENDONLY);
	}
	if (!received) {
		/* what came during a hold was not counted */
		r->heard_ms = r->now_us / 1000;
		sipd_reception_next(&r->reception);
		sipd_jitter_resync(&r->jitter);
	}

	sipd_source_set(&r->source, &sdp->rtp, r->now_us / 1000);
	moved = before.sa.sa_family && !sipd_addr_eq(&before, &r->source.sdp);
	if (moved) {
		/* another far end, another speaker */
		sipd_rtp_socket_fix(r, NULL);
		memset(&r->rtcp_from, 0, sizeof(r->rtcp_from));
		r->known = false;
		r->got_sr = false;
		sipd_reception_next(&r->reception);
		sipd_jitter_resync(&r->jitter);
	}
	sipd_rtp_secure_set(r, &sdp->secure, moved);
	if (!r->connected)
		first_connect(r);
}


static void do_keys(struct sipd_rtp *r, const char *keys)
{
	if (!sipd_event_queue(&r->keys, keys))
		sipd_log_warning(
			r->t->log,
			"rtp: more than %d keys queued; the rest is not sent",
			SIPD_KEYS_MAX);
}


static void command_handler(struct sipd_work *work)
{
	struct sipd_rtp *r = SIPD_CONTAINER(work, struct sipd_rtp, command);
	struct sipd_sdp_remote remote;
	char keys[SIPD_KEYS_MAX + 1];
	bool new_remote, new_timeout;
	uint32_t timeout;

	(void)pthread_mutex_lock(&r->t->box);
	new_remote = r->new_remote;
	new_timeout = r->new_timeout;
	remote = r->box_remote;
	timeout = r->box_timeout;
	memcpy(keys, r->box_keys, sizeof(keys));
	r->queued = r->new_remote = r->new_timeout = false;
	r->box_keys[0] = '\0';
	(void)pthread_mutex_unlock(&r->t->box);

	if (new_remote)
		do_connect(r, &remote);
	if (new_timeout) {
		r->timeout_ms = timeout;
		r->heard_ms = sipd_clock_ms();
		r->silent_told = false;
	}
	if (keys[0])
		do_keys(r, keys);
}


static void final_stats(struct sipd_rtp *r, struct sipd_rtp_stats *st)
{
	const uint64_t expected = sipd_reception_expected(&r->reception);

	memset(st, 0, sizeof(*st));
	st->tx = r->tx;
	st->rx = r->rx;
	st->lost = sipd_reception_lost(&r->reception);
	st->late = r->jitter.late;
	st->dropped = r->dropped;
	st->jitter_ms = r->reception.jitter / 8;
	st->rtt_ms = r->rtt_ms;
	st->remote_lost = r->remote_lost;
	st->remote_jitter_ms = r->remote_jitter_ms;
	st->codec = r->remote.codec;
	if (expected && r->rx) {
		const struct sipd_quality q = {
			.expected = expected,
			.bad = st->lost + st->late,
			.gaps = sipd_reception_gaps(&r->reception) + st->late,
			.delay_ms = r->rtt_ms / 2 + SIPD_FRAME_MS +
				    sipd_jitter_delay_ms(&r->jitter),
		};

		st->mos = sipd_quality_mos(sipd_quality_r(&q));
	}
}


static void close_handler(struct sipd_work *work)
{
	struct sipd_rtp *r = SIPD_CONTAINER(work, struct sipd_rtp, close);
	void (*closed)(const struct sipd_rtp_stats *, void *) = r->h.closed;
	void *arg = r->arg;
	struct sipd_rtp_stats st;

	if (r->connected) {
		if (r->tx || r->rx)
			sipd_rtcp_send(r, true);
		(void)epoll_ctl(r->t->epfd, EPOLL_CTL_DEL, r->rtcp_fd, NULL);
		sipd_media_leave(r);
	}
	final_stats(r, &st);
	sipd_rtp_socket_free(r);
	sipd_rtp_secure_free(r);
	sipd_wide_close(r->wide);
	atomic_fetch_sub(&r->t->streams, 1);
	explicit_bzero(&r->remote.secure, sizeof(r->remote.secure));
	explicit_bzero(&r->box_remote.secure, sizeof(r->box_remote.secure));
	free(r);

	if (closed)
		closed(&st, arg);
}


/* ---- the door, on the loop thread --------------------------------------- */

/* Numbers an attacker cannot guess. RFC 3550 5.1, 8.1 */
static bool draw(struct sipd_rtp *r)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz012345";
	uint8_t random[10 + SIPD_CNAME];
	size_t i;

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return false;

	r->ssrc = sipd_get32(random);
	r->ts = sipd_get32(random + 4);
	r->ts_wire = r->ts_tick = r->ts;
	/* who misses the first ones still knows that none has gone round yet.
	 * RFC 3711 3.3.1 */
	r->seq = sipd_get16(random + 8) & 0x7fff;
	for (i = 0; i < SIPD_CNAME; ++i)
		r->cname[i] = alphabet[random[10 + i] & 31];

	return true;
}


int sipd_rtp_open(struct sipd_rtp **rp, struct sipd_media *m,
		  const union sipd_addr *addr, uint16_t port_min,
		  uint16_t port_max, const struct sipd_rtp_handlers *h,
		  void *arg)
{
	struct media_thread *t = sipd_media_thread(m);
	struct sipd_rtp *r;
	int err;

	if (atomic_load(&t->streams) >= STREAMS_MAX)
		return sipd_error(SIPDIALER_EFULL,
				  "%d streams a media thread are in use",
				  STREAMS_MAX);
	r = calloc(1, sizeof(*r));
	if (!r)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for a stream");

	r->fd = r->rtcp_fd = -1;
	err = draw(r) ? sipd_rtp_sockets(r, addr, port_min, port_max,
					 sipd_media_next_port(m))
		      : sipd_error(SIPDIALER_EIO, "no random numbers");
	if (err) {
		free(r);
		return err;
	}

	r->t = t;
	atomic_fetch_add(&r->t->streams, 1);
	r->h = *h;
	r->arg = arg;
	r->command.h = command_handler;
	r->close.h = close_handler;
	*rp = r;

	return SIPDIALER_OK;
}


int sipd_rtp_widen(struct sipd_rtp *r, bool opus)
{
	const int err = sipd_wide_open(&r->wide, opus);

	r->jitter.opaque = !err;

	return err;
}


uint16_t sipd_rtp_port(const struct sipd_rtp *r)
{
	return r->port;
}


/* With the box locked; unlocks it. */
static void send_box(struct sipd_rtp *r)
{
	const bool post = !r->queued;

	r->queued = true;
	(void)pthread_mutex_unlock(&r->t->box);
	if (post)
		sipd_media_post(r->t, &r->command);
}


void sipd_rtp_connect(struct sipd_rtp *r, const struct sipd_sdp_remote *remote)
{
	(void)pthread_mutex_lock(&r->t->box);
	r->box_remote = *remote;
	r->new_remote = true;
	send_box(r);
}


void sipd_rtp_dtmf(struct sipd_rtp *r, const char *digits)
{
	size_t len, add = strlen(digits);

	(void)pthread_mutex_lock(&r->t->box);
	len = strlen(r->box_keys);
	if (add > SIPD_KEYS_MAX - len) {
		add = SIPD_KEYS_MAX - len;
		sipd_log_warning(
			r->t->log,
			"rtp: more than %d keys at once; the rest is not sent",
			SIPD_KEYS_MAX);
	}
	memcpy(r->box_keys + len, digits, add);
	r->box_keys[len + add] = '\0';
	send_box(r);
}


void sipd_rtp_timeout(struct sipd_rtp *r, uint32_t timeout_ms)
{
	(void)pthread_mutex_lock(&r->t->box);
	r->box_timeout = timeout_ms;
	r->new_timeout = true;
	send_box(r);
}


void sipd_rtp_call(struct sipd_rtp *r, struct sipd_work *work)
{
	sipd_media_post(r->t, work);
}


void sipd_rtp_close(struct sipd_rtp *r)
{
	atomic_store_explicit(&r->closing, true, memory_order_release);
	sipd_media_post(r->t, &r->close);
}
