/**
 * @file port/rtp/send.c  What leaves: audio, keys, reports
 */
#include "port/rtp/priv.h"

#include <errno.h>
#include <string.h>
#include "base/clock.h"
#include "port/codec/g711.h"
#include "port/rtp/tone.h"


bool sipd_rtp_sending(const struct sipd_rtp *r)
{
	const enum sipd_codec_id codec = r->remote.codec;

	if (!r->wide && codec != SIPD_CODEC_PCMU && codec != SIPD_CODEC_PCMA)
		return false;

	return r->remote.dir & SIPD_SENDONLY && codec && sipd_rtp_ready(r) &&
	       r->remote.rtp.sa.sa_family &&
	       sipd_source_target(&r->source)->sa.sa_family;
}


static void send_to(int fd, bool fixed, const union sipd_addr *to,
		    const uint8_t *buf, size_t n)
{
	const struct sockaddr *sa = fixed ? NULL : &to->sa;
	const socklen_t len = fixed ? 0 : sipd_addr_len(to);
	int i;

	/* the error of an earlier packet (ICMP) is told instead of sending */
	for (i = 0; n && i < 2; ++i)
		if (sendto(fd, buf, n, MSG_NOSIGNAL, sa, len) >= 0 ||
		    errno != ECONNREFUSED)
			return;
}


/* The clock of the codec runs on from where that of the last one was, so that
 * a change is no jump. RFC 7160 4.1 */
uint32_t sipd_rtp_wire(const struct sipd_rtp *r, uint32_t tick)
{
	return r->ts_wire +
	       (tick - r->ts_tick) * (r->ts_each ? r->ts_each : 1);
}


void sipd_rtp_send_raw(struct sipd_rtp *r, const union sipd_addr *to,
		       const uint8_t *buf, size_t n)
{
	send_to(r->fd, r->fixed, to, buf, n);
}


/* buf: room for the header, n bytes, and what encryption adds */
static void send_rtp(struct sipd_rtp *r, uint8_t *buf, size_t n, uint8_t pt,
		     uint32_t ts, bool marker)
{
	const struct sipd_rtp_packet p = {
		.marker = marker,
		.pt = pt,
		.seq = r->seq++,
		.ts = sipd_rtp_wire(r, ts),
		.ssrc = r->ssrc,
	};

	sipd_rtp_write(buf, &p);
	sipd_batch_put(r, buf, sipd_rtp_seal(r, buf, SIPD_RTP_HEADER + n));
	++r->tx;
	++r->packets;
	r->octets += (uint32_t)n;
	bump(&r->t->count.tx, 1);
}


void sipd_rtp_send_audio(struct sipd_rtp *r, uint8_t *buf, size_t n,
			 uint32_t ts)
{
	send_rtp(r, buf, n, r->remote.pt, ts, !r->talking);
	r->talking = true;
}


static void encode(const struct sipd_rtp *r, const struct sipd_tx_frame *tx,
		   uint8_t *dst)
{
	switch (tx->kind) {
	case SIPD_TX_PCM:
		sipd_g711_encode(r->remote.codec, dst, tx->pcm, SIPD_FRAME);
		break;
	case SIPD_TX_ENCODED:
		memcpy(dst, tx->encoded, SIPD_FRAME);
		break;
	default:
		memset(dst, sipd_g711_silence(r->remote.codec), SIPD_FRAME);
	}
}


static void audio(struct sipd_rtp *r, const struct sipd_tx_frame *tx)
{
	const size_t size = r->remote.ptime * 8;
	uint8_t buf[SIPD_RTP_HEADER + PTIME_MAX * 8 + SIPD_SRTP_TRAILER];
	uint32_t ts = r->ts - r->out_len;

	if (r->wide) {
		sipd_rtp_wide_audio(r, tx);
		return;
	}
	if (size == SIPD_FRAME) {
		encode(r, tx, buf + SIPD_RTP_HEADER);
		sipd_rtp_send_audio(r, buf, SIPD_FRAME, r->ts);
		return;
	}

	encode(r, tx, r->out + r->out_len);
	r->out_len += SIPD_FRAME;
	while (r->out_len >= size) {
		memcpy(buf + SIPD_RTP_HEADER, r->out, size);
		sipd_rtp_send_audio(r, buf, size, ts);
		ts += (uint32_t)size;
		r->out_len = (uint16_t)(r->out_len - size);
		memmove(r->out, r->out + size, r->out_len);
	}
}


void sipd_rtp_restart(struct sipd_rtp *r)
{
	r->talking = false;
	r->out_len = 0;
	if (r->wide)
		sipd_rtp_wide_restart(r->wide);
}


/* A tick of keys as tones. */
static enum sipd_event_out tones(struct sipd_rtp *r)
{
	struct sipd_tx_frame tx = {.kind = SIPD_TX_SILENCE};
	unsigned frame, frames;
	char digit;
	const enum sipd_event_out out = sipd_event_tone(&r->keys, &digit,
							&frame, &frames);

	if (out == SIPD_EVENT_SEND) {
		tx.kind = SIPD_TX_PCM;
		sipd_tone_make(digit, frame, frames, tx.pcm,
			       r->wide ? SIPD_FRAME_WIDE : SIPD_FRAME);
	}
	if (out != SIPD_EVENT_IDLE)
		audio(r, &tx);

	return out;
}


/* A tick of keys as events. */
static enum sipd_event_out events(struct sipd_rtp *r)
{
	static const struct sipd_tx_frame silence = {.kind = SIPD_TX_SILENCE};
	uint8_t buf[SIPD_RTP_HEADER + SIPD_EVENT_SIZE + SIPD_SRTP_TRAILER];
	uint32_t ts = r->ts;
	bool marker = false;
	const enum sipd_event_out out = sipd_event_next(&r->keys, &ts, &marker,
							buf + SIPD_RTP_HEADER);

	if (out == SIPD_EVENT_SEND) {
		sipd_rtp_restart(r);
		send_rtp(r, buf, SIPD_EVENT_SIZE, (uint8_t)r->remote.dtmf_pt,
			 ts, marker);
	}
	else if (out == SIPD_EVENT_PAUSE) {
		audio(r, &silence);
	}

	return out;
}


/* True if keys have this tick, so that audio must wait. */
static bool keys(struct sipd_rtp *r)
{
	enum sipd_event_out out;

	if (!r->keys.count)
		return false;

	out = r->remote.tones_out ? tones(r) : events(r);
	if (out == SIPD_EVENT_IDLE)
		return false;

	if (!r->keys.count && r->h.dtmf_sent && alive(r))
		r->h.dtmf_sent(r->arg);

	return true;
}


/* The far end takes no keys in RTP. */
static void refuse_keys(struct sipd_rtp *r)
{
	memset(&r->keys, 0, sizeof(r->keys));
	if (!r->no_keys_told)
		sipd_log_warning(r->t->log, "rtp: the far end does not take "
					    "keys by RFC 4733; not sent");
	r->no_keys_told = true;
	if (r->h.dtmf_sent && alive(r))
		r->h.dtmf_sent(r->arg);
}


bool sipd_rtp_send(struct sipd_rtp *r, const struct sipd_tx_frame *tx)
{
	if (!sipd_rtp_sending(r)) {
		sipd_event_again(&r->keys);
		sipd_rtp_restart(r);
		return false;
	}

	if (r->keys.count && r->remote.dtmf_pt < 0 && !r->remote.tones_out)
		refuse_keys(r);
	if (!keys(r))
		audio(r, tx);

	return true;
}


void sipd_rtp_codec_changed(struct sipd_rtp *r, enum sipd_codec_id codec)
{
	const struct sipd_codec *c = sipd_codec_get(codec);

	r->ts_wire = sipd_rtp_wire(r, r->ts);
	r->ts_tick = r->ts;
	r->ts_each = (uint8_t)(c ? c->clock / SIPD_TICK_HZ : 1);
	sipd_rtp_restart(r);
}


static const union sipd_addr *rtcp_target(const struct sipd_rtp *r,
					  union sipd_addr *buf)
{
	const union sipd_addr *rtp = sipd_source_target(&r->source);

	if (r->remote.rtcp_mux)
		return rtp;
	if (!r->source.taken && r->remote.rtcp.sa.sa_family)
		return &r->remote.rtcp;
	if (r->source.taken && r->rtcp_from.sa.sa_family)
		return &r->rtcp_from;

	*buf = *rtp;
	sipd_addr_set_port(buf, (uint16_t)(sipd_addr_port(rtp) + 1));

	return buf;
}


/* When the last SR came, and how long ago that is. */
static void about_sr(const struct sipd_rtp *r, struct sipd_rtcp_block *b,
		     uint64_t now)
{
	b->lsr = r->got_sr ? r->lsr : 0;
	b->dlsr = r->got_sr ? (uint32_t)((now - r->lsr_us) * 65536 / 1000000)
			    : 0;
}


void sipd_rtcp_send(struct sipd_rtp *r, bool bye)
{
	const uint64_t now = sipd_clock_us();
	struct sipd_rtcp_block b = {.ssrc = r->ssrc_in};
	const struct sipd_rtcp_out o = {
		.ssrc = r->ssrc,
		.sent = r->packets != r->reported,
		.ntp = sipd_media_ntp(r->t, now),
		.ts = sipd_rtp_wire(r, r->ts),
		.packets = r->packets,
		.octets = r->octets,
		.block = r->known ? &b : NULL,
		.cname = r->cname,
		.bye = bye,
	};
	uint8_t buf[SIPD_RTCP_SIZE + SIPD_SRTP_TRAILER];
	size_t n;
	union sipd_addr other;
	const union sipd_addr *to = rtcp_target(r, &other);

	if (!to->sa.sa_family)
		return;
	if (r->known) {
		sipd_reception_block(&r->reception, &b);
		about_sr(r, &b, now);
	}

	n = sipd_rtcp_seal(r, buf, sipd_rtcp_write(buf, &o));
	if (r->remote.rtcp_mux)
		send_to(r->fd, r->fixed, to, buf, n);
	else
		send_to(r->rtcp_fd, false, to, buf, n);
	r->reported = r->packets;
}
