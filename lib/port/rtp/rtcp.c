/**
 * @file port/rtp/rtcp.c  RTCP: reports, reception statistics
 */
#include "port/rtp/rtcp.h"

#include <math.h>
#include <string.h>
#include "port/rtp/packet.h"

enum {
	SR = 200,
	RR = 201,
	SDES = 202,
	BYE = 203,
	LAST = 207,
	BLOCK = 24,
	MAX_DROPOUT = 3000, /* A.1 */
	MAX_MISORDER = 100
};


void sipd_reception_next(struct sipd_reception *r)
{
	const uint64_t expected = sipd_reception_expected(r);
	const uint64_t received = r->received_before + r->received;
	const double jitter = r->jitter;
	const uint64_t gaps = r->gaps;

	memset(r, 0, sizeof(*r));
	r->gaps = gaps;
	r->expected_before = expected;
	r->received_before = received;
	r->jitter = jitter;
}


void sipd_reception_put(struct sipd_reception *r, uint16_t seq)
{
	uint16_t ahead;

	if (!r->known) {
		r->known = true;
		r->base = r->max = seq;
		r->received = 1;
		return;
	}

	ahead = (uint16_t)(seq - r->max);
	if (ahead >= MAX_DROPOUT && ahead < 65536 - MAX_MISORDER) {
		/* the sender began anew; who may is not ours to judge */
		sipd_reception_next(r);
		sipd_reception_put(r, seq);
		return;
	}
	if (ahead && ahead < MAX_DROPOUT) {
		if (seq < r->max)
			r->cycles += 65536;
		r->gaps += ahead > 1;
		r->max = seq;
	}
	++r->received;
}


void sipd_reception_time(struct sipd_reception *r, uint32_t ts,
			 uint64_t arrival_us)
{
	const uint32_t transit = (uint32_t)(arrival_us * 8 / 1000) - ts;
	const double d = fabs((double)(int32_t)(transit - r->transit));

	/* a jump of the sender's clock is no jitter */
	if (r->timed && d < 8000)
		r->jitter += (d - r->jitter) / 16;
	r->transit = transit;
	r->timed = true;
}


static uint32_t highest(const struct sipd_reception *r)
{
	return r->cycles + r->max;
}


static uint32_t expected_now(const struct sipd_reception *r)
{
	return r->known ? highest(r) - r->base + 1 : 0;
}


uint64_t sipd_reception_expected(const struct sipd_reception *r)
{
	return r->expected_before + expected_now(r);
}


uint64_t sipd_reception_lost(const struct sipd_reception *r)
{
	const uint64_t expected = sipd_reception_expected(r);
	const uint64_t received = r->received_before + r->received;

	return expected > received ? expected - received : 0;
}


uint64_t sipd_reception_gaps(const struct sipd_reception *r)
{
	return r->gaps;
}


void sipd_reception_block(struct sipd_reception *r, struct sipd_rtcp_block *b)
{
	const uint32_t expected = expected_now(r);
	const int64_t due = (int64_t)expected - r->expected_prior;
	const int64_t lost = due - ((int64_t)r->received - r->received_prior);
	int64_t total = (int64_t)expected - r->received;

	if (total > 0x7fffff)
		total = 0x7fffff;
	if (total < -0x800000)
		total = -0x800000;

	b->fraction = due > 0 && lost > 0
			      ? (uint8_t)(lost * 256 / due > 255
						  ? 255
						  : lost * 256 / due)
			      : 0;
	b->lost = (int32_t)total;
	b->seq = highest(r);
	b->jitter = (uint32_t)r->jitter;

	r->expected_prior = expected;
	r->received_prior = r->received;
}


static size_t write_block(uint8_t *p, const struct sipd_rtcp_block *b)
{
	sipd_put32(p, b->ssrc);
	sipd_put32(p + 4, (uint32_t)b->fraction << 24 |
				  ((uint32_t)b->lost & 0xffffff));
	sipd_put32(p + 8, b->seq);
	sipd_put32(p + 12, b->jitter);
	sipd_put32(p + 16, b->lsr);
	sipd_put32(p + 20, b->dlsr);

	return BLOCK;
}


static void write_head(uint8_t *p, uint8_t count, uint8_t type, size_t len)
{
	p[0] = (uint8_t)(0x80 | count);
	p[1] = type;
	sipd_put16(p + 2, (uint16_t)(len / 4 - 1));
}


static size_t write_report(uint8_t *p, const struct sipd_rtcp_out *o)
{
	size_t n = 8;

	sipd_put32(p + 4, o->ssrc);
	if (o->sent) {
		sipd_put32(p + 8, (uint32_t)(o->ntp >> 32));
		sipd_put32(p + 12, (uint32_t)o->ntp);
		sipd_put32(p + 16, o->ts);
		sipd_put32(p + 20, o->packets);
		sipd_put32(p + 24, o->octets);
		n = 28;
	}
	if (o->block)
		n += write_block(p + n, o->block);
	write_head(p, o->block ? 1 : 0, o->sent ? SR : RR, n);

	return n;
}


static size_t write_sdes(uint8_t *p, const struct sipd_rtcp_out *o)
{
	/* head, SSRC, CNAME = 1, length, text, at least one zero, padded */
	const size_t n = (8 + 2 + SIPD_CNAME + 1 + 3) & ~(size_t)3;

	memset(p, 0, n);
	write_head(p, 1, SDES, n);
	sipd_put32(p + 4, o->ssrc);
	p[8] = 1;
	p[9] = SIPD_CNAME;
	memcpy(p + 10, o->cname, SIPD_CNAME);

	return n;
}


size_t sipd_rtcp_write(uint8_t buf[SIPD_RTCP_SIZE],
		       const struct sipd_rtcp_out *o)
{
	size_t n = write_report(buf, o);

	n += write_sdes(buf + n, o);
	if (o->bye) {
		write_head(buf + n, 1, BYE, 8);
		sipd_put32(buf + n + 4, o->ssrc);
		n += 8;
	}

	return n;
}


static void read_block(struct sipd_rtcp_block *b, const uint8_t *p)
{
	const uint32_t lost = sipd_get32(p + 4) & 0xffffff;

	b->ssrc = sipd_get32(p);
	b->fraction = p[4];
	b->lost = lost & 0x800000 ? (int32_t)lost - 0x1000000 : (int32_t)lost;
	b->seq = sipd_get32(p + 8);
	b->jitter = sipd_get32(p + 12);
	b->lsr = sipd_get32(p + 16);
	b->dlsr = sipd_get32(p + 20);
}


/* One SR or RR of len bytes, head included. */
static bool read_report(struct sipd_rtcp_in *in, const uint8_t *p, size_t len,
			uint32_t our_ssrc)
{
	const bool sr = p[1] == SR;
	const size_t head = sr ? 28 : 8;
	const size_t count = p[0] & 0x1f;
	size_t i;

	if (len < head + count * BLOCK)
		return false;

	in->ssrc = sipd_get32(p + 4);
	if (sr) {
		in->sr = true;
		in->lsr = sipd_get32(p + 10);
	}
	for (i = 0; i < count; ++i) {
		const uint8_t *b = p + head + i * BLOCK;

		if (sipd_get32(b) != our_ssrc)
			continue;
		read_block(&in->about_us, b);
		in->block = true;
	}

	return true;
}


bool sipd_rtcp_parse(struct sipd_rtcp_in *in, const uint8_t *buf, size_t n,
		     uint32_t our_ssrc)
{
	size_t at = 0;

	memset(in, 0, sizeof(*in));
	if (n < 8 || (buf[1] != SR && buf[1] != RR))
		return false;

	while (at < n) {
		const uint8_t *p = buf + at;
		size_t len;

		if (n - at < 4 || p[0] >> 6 != 2 || p[1] < SR || p[1] > LAST)
			return false;
		len = 4 + 4 * (size_t)sipd_get16(p + 2);
		if (len > n - at)
			return false;
		if ((p[1] == SR || p[1] == RR) &&
		    !read_report(in, p, len, our_ssrc))
			return false;
		at += len;
	}

	return true;
}


uint32_t sipd_rtcp_interval(bool first, uint32_t random)
{
	/* 0.5 to 1.5 of the minimum, compensated by e - 3/2 */
	const double share = 0.5 + random / 4294967296.0;

	return (uint32_t)((first ? 2500 : 5000) * share / 1.21828);
}
