/**
 * @file port/rtp/packet.c  The RTP header. RFC 3550 5.1
 */
#include "port/rtp/packet.h"


bool sipd_rtp_parse(struct sipd_rtp_packet *p, const uint8_t *buf, size_t n)
{
	size_t head, pad = 0;

	if (n < SIPD_RTP_HEADER || buf[0] >> 6 != 2)
		return false;

	head = SIPD_RTP_HEADER + 4 * (size_t)(buf[0] & 0x0f);
	if (buf[0] & 0x10) {
		if (n < head + 4)
			return false;
		head += 4 + 4 * (size_t)sipd_get16(buf + head + 2);
	}
	if (n < head)
		return false;
	if (buf[0] & 0x20) {
		/* the last byte counts itself, so it cannot be 0 */
		pad = buf[n - 1];
		if (!pad || pad > n - head)
			return false;
	}

	p->marker = buf[1] >> 7;
	p->pt = buf[1] & 0x7f;
	p->seq = sipd_get16(buf + 2);
	p->ts = sipd_get32(buf + 4);
	p->ssrc = sipd_get32(buf + 8);
	p->payload = buf + head;
	p->len = n - head - pad;

	return true;
}


void sipd_rtp_write(uint8_t *buf, const struct sipd_rtp_packet *p)
{
	buf[0] = 0x80;
	buf[1] = (uint8_t)((p->marker ? 0x80 : 0) | p->pt);
	sipd_put16(buf + 2, p->seq);
	sipd_put32(buf + 4, p->ts);
	sipd_put32(buf + 8, p->ssrc);
}
