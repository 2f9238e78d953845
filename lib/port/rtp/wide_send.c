/**
 * @file port/rtp/wide_send.c  What leaves a stream of 16 kHz
 */
#include "port/rtp/priv.h"

#include <string.h>

enum {
	OPUS_MS = 20,                                /* of a frame */
	FRAME_TICKS = SIPD_TICK_HZ / 1000 * OPUS_MS, /* of all codecs */
	JOIN = SIPD_WIDE_OUT / SIPD_OPUS_PACKET /* frames there is room for */
};

_Static_assert((int)SIPD_FRAME_WIDE == (int)SIPD_WIDE_FRAME, "one frame");
_Static_assert((int)JOIN >= (int)SIPD_OPUS_JOIN, "60 ms of Opus");


/* A frame in the codec agreed; its length, 0: it could not be made. */
static size_t encode(struct sipd_rtp *r, const struct sipd_tx_frame *tx,
		     uint8_t dst[SIPD_CODER_FRAME])
{
	static const int16_t zeros[SIPD_FRAME_WIDE];

	if (tx->kind == SIPD_TX_ENCODED) {
		const size_t len = tx->len ? tx->len : SIPD_FRAME;

		if (len > SIPD_CODER_FRAME)
			return 0;
		memcpy(dst, tx->encoded, len);
		return len;
	}

	return sipd_coder_encode(r->wide->coder, r->remote.codec, dst,
				 tx->kind == SIPD_TX_PCM ? tx->pcm : zeros);
}


/* What has gathered, as one packet if it can be, else one by one. */
static void opus_flush(struct sipd_rtp *r, uint32_t ts)
{
	struct sipd_wide *w = r->wide;
	uint8_t buf[SIPD_RTP_PACKET_SIZE];
	const uint8_t *frames[SIPD_OPUS_JOIN];
	size_t n = 0, at = 0;
	uint8_t i;

	for (i = 0; i < w->frames; ++i) {
		frames[i] = w->out + at;
		at += w->lens[i];
	}
	if (w->frames > 1)
		n = sipd_coder_join(w->coder, buf + SIPD_RTP_HEADER,
				    SIPD_WIDE_PACKET, frames, w->lens,
				    w->frames);
	if (n)
		sipd_rtp_send_audio(r, buf, n, ts);
	for (i = 0; !n && i < w->frames; ++i) {
		memcpy(buf + SIPD_RTP_HEADER, frames[i], w->lens[i]);
		sipd_rtp_send_audio(r, buf, w->lens[i],
				    ts + (uint32_t)(i * FRAME_TICKS));
	}
	sipd_rtp_wide_restart(w);
}


static void opus_audio(struct sipd_rtp *r, const uint8_t *frame, size_t len)
{
	struct sipd_wide *w = r->wide;

	memcpy(w->out + w->out_len, frame, len);
	w->out_len = (uint16_t)(w->out_len + len);
	w->lens[w->frames++] = (uint16_t)len;
	if (w->frames * OPUS_MS >= r->remote.ptime ||
	    w->frames == SIPD_OPUS_JOIN)
		opus_flush(r,
			   r->ts - (uint32_t)((w->frames - 1) * FRAME_TICKS));
}


void sipd_rtp_wide_audio(struct sipd_rtp *r, const struct sipd_tx_frame *tx)
{
	const struct sipd_codec *c = sipd_codec_get(r->remote.codec);
	struct sipd_wide *w = r->wide;
	uint8_t frame[SIPD_CODER_FRAME], buf[SIPD_RTP_PACKET_SIZE];
	const size_t len = encode(r, tx, frame);
	size_t size;
	uint32_t ts;

	if (!c || !len)
		return;
	if (!c->bytes) {
		opus_audio(r, frame, len);
		return;
	}

	size = (size_t)r->remote.ptime * c->bytes * (SIPD_TICK_HZ / 1000);
	ts = r->ts - (uint32_t)(w->out_len / c->bytes);
	memcpy(w->out + w->out_len, frame, len);
	w->out_len = (uint16_t)(w->out_len + len);
	while (w->out_len >= size) {
		memcpy(buf + SIPD_RTP_HEADER, w->out, size);
		w->out_len = (uint16_t)(w->out_len - size);
		memmove(w->out, w->out + size, w->out_len);
		sipd_rtp_send_audio(r, buf, size, ts);
		ts += (uint32_t)(size / c->bytes);
	}
}


void sipd_rtp_wide_restart(struct sipd_wide *w)
{
	w->out_len = 0;
	w->frames = 0;
}
