/**
 * @file port/rtp/packet.h  The RTP header. RFC 3550 5.1
 */
#ifndef SIPD_PORT_RTP_PACKET_H
#define SIPD_PORT_RTP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIPD_RTP_HEADER = 12 };

struct sipd_rtp_packet {
	bool marker;
	uint8_t pt;
	uint16_t seq;
	uint32_t ts;
	uint32_t ssrc;
	const uint8_t *payload; /* inside what was parsed */
	size_t len;
};

/** Read a packet; false if it is not RTP.  CSRCs, extension and padding are
 *  skipped. */
bool sipd_rtp_parse(struct sipd_rtp_packet *p, const uint8_t *buf, size_t n);

/** Write the 12 bytes of the header. */
void sipd_rtp_write(uint8_t *buf, const struct sipd_rtp_packet *p);


static inline uint16_t sipd_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}


static inline uint32_t sipd_get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}


static inline void sipd_put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}


static inline void sipd_put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

#endif
