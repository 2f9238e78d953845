/**
 * @file port/rtp/receive.c  What comes: who sent it, and where it goes
 */
#include "port/rtp/priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"

enum {
	MOST = 300,           /* packets in a tick; the rest in the next */
	ALONE_US = 18000,     /* that a packet may have waited: hardly more
			       * than a frame would be two */
	CN = 13,              /* RFC 3389 */
	SSRC_PROOF = 3,       /* packets in a row of a new SSRC, */
	SSRC_QUIET_US = 60000 /* and as long nothing of the old one */
};

void sipd_rtp_drop(struct sipd_rtp *r)
{
	++r->dropped;
	bump(&r->t->count.dropped, 1);
}


void sipd_rtp_keys(struct sipd_rtp *r, const struct sipd_key *key, size_t n)
{
	size_t i;

	for (i = 0; i < n; ++i)
		if (r->h.dtmf && alive(r))
			r->h.dtmf(key[i].digit, key[i].ms, r->arg);
}


/* Who speaks at the right address: the SSRC we know, or another one when
 * that has fallen silent.  Keeps out who forges the address.  RFC 3550 8.2 */
static bool same_speaker(struct sipd_rtp *r, const struct sipd_rtp_packet *p,
			 uint64_t arrival_us)
{
	if (!r->known || p->ssrc == r->ssrc_in) {
		r->spoke_us = arrival_us;
		r->known = true;
		r->ssrc_in = p->ssrc;
		r->proof = 0;
		return true;
	}

	if (r->proof && p->ssrc == r->ssrc_next && p->seq == r->seq_next) {
		if (r->proof < SSRC_PROOF)
			++r->proof;
	}
	else {
		r->proof = 1;
	}
	r->ssrc_next = p->ssrc;
	r->seq_next = (uint16_t)(p->seq + 1);
	if (r->proof < SSRC_PROOF || arrival_us < r->spoke_us + SSRC_QUIET_US)
		return false;

	r->ssrc_in = p->ssrc;
	r->spoke_us = arrival_us;
	r->proof = 0;
	r->got_sr = false;
	sipd_reception_next(&r->reception);
	sipd_jitter_resync(&r->jitter);
	memset(&r->key, 0, sizeof(r->key));
	r->noise.on = false;

	return true;
}


/* Somebody else has our number: take another, once (an echo would follow
 * us).  RFC 3550 8.2 */
static void check_collision(struct sipd_rtp *r, uint32_t ssrc)
{
	if (ssrc != r->ssrc || r->collided)
		return;

	sipd_rtcp_send(r, true);
	r->collided = true;
	r->ssrc ^= sipd_media_random(r->t) | 1;
	r->packets = r->octets = r->reported = 0;
}


static enum sipd_codec_id codec_of(const struct sipd_rtp *r, uint8_t pt)
{
	int id;

	for (id = SIPD_CODEC_PCMU; id < SIPD_CODEC_MAX; ++id)
		if (pt == r->remote.pt_in[id])
			return (enum sipd_codec_id)id;

	return SIPD_CODEC_NONE;
}


/* kHz of the clock of keys with this number, 0: they have another. */
static uint8_t event_khz(const struct sipd_rtp *r, uint8_t pt)
{
	size_t i;

	for (i = 0; i < r->remote.eventc; ++i)
		if (pt == r->remote.events[i].pt)
			return r->remote.events[i].khz;

	return 0;
}


static bool is_noise(const struct sipd_rtp *r, uint8_t pt)
{
	return pt == CN || pt == r->remote.cn_pt;
}


static enum sipd_jitter_put narrow_in(struct sipd_rtp *r,
				      const struct sipd_rtp_packet *p,
				      enum sipd_codec_id codec)
{
	const struct sipd_jitter_packet jp = {
		.codec = codec,
		.marker = p->marker,
		.seq = p->seq,
		.ts = p->ts,
		.data = p->payload,
		.len = p->len,
	};

	if (p->len > SIPD_JITTER_PACKET ||
	    (codec != SIPD_CODEC_PCMU && codec != SIPD_CODEC_PCMA))
		return SIPD_JITTER_BAD;

	return sipd_jitter_put(&r->jitter, &jp);
}


static bool audio_in(struct sipd_rtp *r, const struct sipd_rtp_packet *p,
		     enum sipd_codec_id codec, uint64_t arrival_us)
{
	uint32_t tick = p->ts;
	enum sipd_jitter_put put;

	put = r->wide ? sipd_wide_put(r->wide, &r->jitter, codec, p, &tick)
		      : narrow_in(r, p, codec);
	switch (put) {
	case SIPD_JITTER_JUMP:
	case SIPD_JITTER_BAD:
		return false;
	case SIPD_JITTER_DUP:
		return true;
	default:
		r->noise.on = false;
		sipd_reception_put(&r->reception, p->seq);
		sipd_reception_time(&r->reception, tick, arrival_us);
		return true;
	}
}


static void event_in(struct sipd_rtp *r, const struct sipd_rtp_packet *p)
{
	struct sipd_key key[2];
	const uint8_t khz = event_khz(r, p->pt);

	if (r->key.khz != khz) {
		memset(&r->key, 0, sizeof(r->key));
		r->key.khz = khz;
	}

	sipd_reception_put(&r->reception, p->seq);
	sipd_jitter_quiet(&r->jitter, p->seq);
	sipd_rtp_keys(r, key,
		      sipd_event_put(&r->key, p->ts, p->payload, p->len,
				     r->now_us / 1000, key));
}


static void taken(struct sipd_rtp *r)
{
	++r->rx;
	bump(&r->t->count.rx, 1);
	r->heard_ms = r->now_us / 1000;
	r->silent_told = r->at_rest = false;
	if (r->first_told)
		return;
	r->first_told = true;
	if (r->h.first && alive(r))
		r->h.first(r->arg);
}


static bool from_source(struct sipd_rtp *r, const struct sipd_rtp_packet *p,
			const union sipd_addr *from)
{
	const uint64_t now_ms = r->now_us / 1000;
	const bool was = r->source.taken;
	char text[SIPD_ADDR_SIZE];

	if (!sipd_source_believe(&r->source, from, p->ssrc, p->seq, now_ms))
		return false;
	if (r->source.taken != was) {
		/* another sender: no number of the first counts */
		sipd_log_info(r->t->log,
			      "rtp: port %u: audio now from and to %s",
			      r->port,
			      sipd_addr_text(from, text, sizeof(text)));
		if (r->known && r->ssrc_in != p->ssrc)
			r->known = false;
	}
	if (!r->fixed && sipd_source_final(&r->source, now_ms))
		sipd_rtp_socket_fix(r, sipd_source_target(&r->source));

	return true;
}


static void rtcp_in(struct sipd_rtp *r, uint8_t *buf, size_t n,
		    uint64_t arrival_us)
{
	struct sipd_rtcp_in in;
	uint64_t ntp;
	int32_t rtt;

	n = sipd_rtcp_unseal(r, buf, n);
	if (!n || !sipd_rtcp_parse(&in, buf, n, r->ssrc) ||
	    in.ssrc == r->ssrc) {
		sipd_rtp_drop(r);
		return;
	}
	/* who sends no packets while silent still reports */
	if (r->first_told)
		r->heard_ms = arrival_us / 1000;
	if (in.sr && (!r->known || in.ssrc == r->ssrc_in)) {
		r->got_sr = true;
		r->lsr = in.lsr;
		r->lsr_us = arrival_us;
	}
	if (!in.block)
		return;

	r->remote_lost = in.about_us.lost > 0 ? (uint32_t)in.about_us.lost : 0;
	r->remote_jitter_ms = in.about_us.jitter / 8.0;
	if (!in.about_us.lsr)
		return;

	/* a hair of rounding may make it negative; a minute is a lie */
	ntp = sipd_media_ntp(r->t, arrival_us);
	rtt = (int32_t)((uint32_t)(ntp >> 16) - in.about_us.lsr -
			in.about_us.dlsr);
	if (rtt > -66 && rtt < 60 * 65536)
		r->rtt_ms = (rtt > 0 ? rtt : 1) * 1000 / 65536.0;
}


static void packet_in(struct sipd_rtp *r, uint8_t *buf, size_t n,
		      const union sipd_addr *from, uint64_t arrival_us)
{
	struct sipd_rtp_packet p;
	enum sipd_codec_id codec;

	/* RFC 5761 4 */
	if (r->remote.rtcp_mux && n > 1 && buf[1] >= 192 && buf[1] <= 223) {
		if (sipd_addr_eq(from, sipd_source_target(&r->source)))
			rtcp_in(r, buf, n, arrival_us);
		else
			sipd_rtp_drop(r);
		return;
	}

	n = sipd_rtp_unseal(r, buf, n);
	if (!n || !sipd_rtp_parse(&p, buf, n) || !p.len) {
		sipd_rtp_drop(r);
		return;
	}
	codec = codec_of(r, p.pt);
	if ((!codec && !is_noise(r, p.pt) && !event_khz(r, p.pt)) ||
	    !from_source(r, &p, from) || !same_speaker(r, &p, arrival_us)) {
		sipd_rtp_drop(r);
		return;
	}
	check_collision(r, p.ssrc);

	if (codec) {
		if (!audio_in(r, &p, codec, arrival_us)) {
			sipd_rtp_drop(r);
			return;
		}
	}
	else if (is_noise(r, p.pt)) {
		sipd_noise_set(&r->noise, p.payload, p.len);
		sipd_reception_put(&r->reception, p.seq);
		sipd_jitter_quiet(&r->jitter, p.seq);
	}
	else {
		event_in(r, &p);
	}
	taken(r);
}


static void one_in(struct sipd_rtp *r, struct sipd_fetched *f,
		   uint64_t arrival_us)
{
	const size_t n = (size_t)f->len;

	if (f->head.msg_flags & MSG_TRUNC)
		sipd_rtp_drop(r);
	else if (!sipd_rtp_secure_input(r, f->buf, n, &f->from) &&
		 r->remote.dir & SIPD_RECVONLY)
		packet_in(r, f->buf, n, &f->from, arrival_us);
}


/* The packet followed the one before (newest, until then) by a frame, in good
 * time and not long ago: the next is not there yet, or soon will have waited
 * too long to be taken for alone.  An arrival now is one without a stamp. */
static bool is_alone(const struct sipd_rtp *r, uint32_t newest,
		     uint64_t arrival_us)
{
	const struct sipd_jitter *j = &r->jitter;

	return j->newest - newest == SIPD_FRAME &&
	       (int32_t)(j->newest - j->play) >= SIPD_FRAME / 2 &&
	       arrival_us < r->now_us && arrival_us + ALONE_US > r->now_us;
}


/* In a calm stream it is not asked whether a second packet is there: finding
 * nothing costs a third of finding one. */
void sipd_rtp_receive(struct sipd_rtp *r, struct sipd_fetched *f)
{
	const bool calm = r->calm;
	int i = 0;

	while (i < MOST && f->len >= 0) {
		const uint32_t newest = r->jitter.newest;
		const uint64_t at = sipd_batch_arrival(r->t->batch, f);

		one_in(r, f, at);
		if (!i++ && calm && is_alone(r, newest, at))
			return;
		if (i < MOST)
			sipd_batch_fetch(f, r->fd);
	}
	r->calm = i <= 1;
}


static bool rtcp_source(struct sipd_rtp *r, const union sipd_addr *from)
{
	const union sipd_addr *rtp = sipd_source_target(&r->source);

	if (r->source.taken && sipd_addr_eq_ip(from, rtp)) {
		r->rtcp_from = *from;
		return true;
	}

	return rtp->sa.sa_family &&
	       (sipd_addr_eq_ip(from, rtp) ||
		(!r->source.taken && sipd_addr_eq_ip(from, &r->remote.rtcp)));
}


/* From epoll: one packet, then the others have their turn. */
void sipd_rtcp_receive(struct sipd_rtp *r)
{
	union sipd_addr from;
	socklen_t len = sizeof(from);
	uint8_t buf[SIPD_BATCH_PACKET];
	const ssize_t n = recvfrom(r->rtcp_fd, buf, sizeof(buf), 0, &from.sa,
				   &len);

	if (n < 0)
		return;
	if (!rtcp_source(r, &from)) {
		sipd_rtp_drop(r);
		return;
	}
	rtcp_in(r, buf, (size_t)n, sipd_clock_us());
}
