/**
 * @file fuzz/fuzz_rtp.c  Audio packets of any bytes
 *
 * The input as one packet; then as a row of packets, each with its length in
 * a byte before it, through all that a call keeps between packets.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "port/rtp/event.h"
#include "port/rtp/jitter.h"
#include "port/rtp/packet.h"
#include "port/rtp/rtcp.h"
#include "port/rtp/source.h"
#include "port/rtp/wide.h"
#include "port/srtp/srtp.h"

static struct sipd_wide *wide; /* opened once: its state is wiped */

struct ear {
	struct sipd_event_rx event;
	struct sipd_jitter jitter;
	struct sipd_reception reception;
	struct sipd_source source;
	union sipd_addr sdp, other;
	uint64_t now_ms;
	struct sipd_jitter slots; /* of wide */
};


static void hear_event(struct ear *e, const struct sipd_rtp_packet *p)
{
	struct sipd_key k[2];
	const size_t n = sipd_event_put(&e->event, p->ts, p->payload, p->len,
					e->now_ms, k);

	if (n > 2)
		abort();
	for (size_t i = 0; i < n; i++) {
		if (!k[i].digit || !strchr("0123456789*#ABCD", k[i].digit))
			abort();
	}
}


static void hear_audio(struct ear *e, const struct sipd_rtp_packet *p)
{
	const struct sipd_jitter_packet jp = {
		.codec = p->pt & 1 ? SIPD_CODEC_PCMA : SIPD_CODEC_PCMU,
		.marker = p->marker,
		.seq = p->seq,
		.ts = p->ts,
		.data = p->payload,
		.len = p->len,
	};
	uint8_t frame[SIPD_JITTER_FRAME];

	(void)sipd_jitter_put(&e->jitter, &jp);
	if (p->seq & 1)
		(void)sipd_jitter_get(&e->jitter, frame);
	if (sipd_jitter_delay_ms(&e->jitter) < 0)
		abort();
}


/* The codec as the payload type says it: all change at any packet. */
static void hear_wide(struct ear *e, const struct sipd_rtp_packet *p)
{
	const enum sipd_codec_id id = (enum sipd_codec_id)(p->pt % 8);
	int16_t pcm[SIPD_WIDE_FRAME];
	uint32_t tick;

	(void)sipd_wide_put(wide, &e->slots, id, p, &tick);
	if (p->seq & 1)
		(void)sipd_wide_get(wide, &e->slots, pcm);
}


/* Nobody has the key: nothing is opened, and nothing is read beyond. */
static void hear_sealed(const uint8_t *data, size_t size)
{
	static const uint8_t key[SIPD_SRTP_KEY_MAX] = {1};
	static struct sipd_srtp *s[SIPD_SRTP_SUITES];
	const int i = 1 + (int)(size % (SIPD_SRTP_SUITES - 1));
	uint8_t *copy = malloc(size + 1);
	size_t n;

	if (!s[i])
		s[i] = sipd_srtp_new((enum sipd_srtp_suite)i, key, i & 3);
	if (!copy || !s[i])
		abort();

	memcpy(copy, data, size);
	n = size;
	if (sipd_srtp_unprotect(s[i], copy, &n) == SIPD_SRTP_OK)
		abort();
	memcpy(copy, data, size);
	n = size;
	if (sipd_srtcp_unprotect(s[i], copy, &n) == SIPD_SRTP_OK)
		abort();
	free(copy);
}


static void check_reception(struct ear *e)
{
	struct sipd_rtcp_block b;
	const struct sipd_rtcp_out out = {
		.ssrc = 1,
		.sent = true,
		.block = &b,
		.cname = "0123456789abcdef",
	};
	uint8_t buf[SIPD_RTCP_SIZE];
	struct sipd_rtcp_in in;
	size_t n;

	memset(&b, 0, sizeof(b));
	sipd_reception_block(&e->reception, &b);
	b.ssrc = 2;
	n = sipd_rtcp_write(buf, &out);
	/* what we send is what we would read */
	if (!n || n > sizeof(buf) || !sipd_rtcp_parse(&in, buf, n, 2) ||
	    !in.block || in.about_us.lost != b.lost)
		abort();
}


static void hear(struct ear *e, const uint8_t *data, size_t size)
{
	struct sipd_rtp_packet p;
	struct sipd_rtcp_in in;

	e->now_ms += 10;
	(void)sipd_rtcp_parse(&in, data, size, 0x01020304);
	hear_sealed(data, size);
	if (!sipd_rtp_parse(&p, data, size))
		return;
	if (p.payload < data || p.payload + p.len > data + size)
		abort();

	(void)sipd_source_believe(&e->source, p.pt & 2 ? &e->other : &e->sdp,
				  p.ssrc, p.seq, e->now_ms);
	sipd_reception_put(&e->reception, p.seq);
	sipd_reception_time(&e->reception, p.ts, e->now_ms * 1000);
	check_reception(e);
	hear_event(e, &p);
	if (p.len && p.len <= SIPD_JITTER_PACKET)
		hear_audio(e, &p);
	if (p.len)
		hear_wide(e, &p);
}


/* As new, but for the codecs' own memory. */
static void wide_again(void)
{
	struct sipd_coder *coder;

	if (!wide && sipd_wide_open(&wide, sipd_codec_get(SIPD_CODEC_OPUS)))
		abort();
	coder = wide->coder;
	memset(wide, 0, sizeof(*wide));
	wide->coder = coder;
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ear *e = calloc(1, sizeof(*e));
	size_t at = 0;

	if (!e)
		return 0;
	if (!sipd_addr_parse(&e->sdp, "192.0.2.1", 4000) ||
	    !sipd_addr_parse(&e->other, "192.0.2.2", 4000))
		abort();
	sipd_jitter_init(&e->jitter);
	sipd_jitter_init(&e->slots);
	e->slots.opaque = true;
	wide_again();
	sipd_source_set(&e->source, &e->sdp, 0);

	hear(e, data, size);
	while (at < size) {
		const size_t left = size - at - 1;
		const size_t n = data[at] < left ? data[at] : left;

		hear(e, data + at + 1, n);
		at += 1 + n;
	}
	free(e);

	return 0;
}
