/**
 * @file port/rtp/rtcp.h  RTCP: reports, reception statistics
 *
 * Pure.  RFC 3550 6 and appendix A.
 */
#ifndef SIPD_PORT_RTP_RTCP_H
#define SIPD_PORT_RTP_RTCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SIPD_CNAME = 16,     /* bytes of a random CNAME, RFC 7022 4.2 */
	SIPD_RTCP_SIZE = 128 /* all we ever send in one packet */
};

/** Reception of one source. A.1, A.3, A.8 */
struct sipd_reception {
	bool known;
	uint16_t base, max; /* sequence numbers */
	uint32_t cycles;    /* 65536 per wrap */
	uint32_t received;
	uint32_t expected_prior, received_prior;
	uint32_t transit;
	bool timed;                                /* transit is set */
	double jitter;                             /* timestamp units */
	uint64_t expected_before, received_before; /* of earlier sources */
	uint64_t gaps; /* runs of lost packets, of all sources */
};

/** A packet of this source came. */
void sipd_reception_put(struct sipd_reception *r, uint16_t seq);
/** Its jitter; not for packets whose timestamp stands still (keys). */
void sipd_reception_time(struct sipd_reception *r, uint32_t ts,
			 uint64_t arrival_us);
/** Another source follows, or its numbers start anew; totals are kept. */
void sipd_reception_next(struct sipd_reception *r);
uint64_t sipd_reception_expected(const struct sipd_reception *r);
uint64_t sipd_reception_lost(const struct sipd_reception *r);
/** Times that one or more packets in a row were missing. */
uint64_t sipd_reception_gaps(const struct sipd_reception *r);

/** Report block. 6.4.1 */
struct sipd_rtcp_block {
	uint32_t ssrc;
	uint8_t fraction; /* lost since the last one, in 1/256 */
	int32_t lost;     /* 24 bit */
	uint32_t seq;
	uint32_t jitter;
	uint32_t lsr, dlsr; /* 1/65536 s */
};

/** Fill all but ssrc, lsr, dlsr; begins a new interval. */
void sipd_reception_block(struct sipd_reception *r, struct sipd_rtcp_block *b);

struct sipd_rtcp_out {
	uint32_t ssrc;
	bool sent; /* sender report, else receiver report */
	uint64_t ntp;
	uint32_t ts, packets, octets;
	const struct sipd_rtcp_block *block; /* or NULL */
	const char *cname;                   /* SIPD_CNAME bytes */
	bool bye;
};

/** Write a compound packet; returns its length. */
size_t sipd_rtcp_write(uint8_t buf[SIPD_RTCP_SIZE],
		       const struct sipd_rtcp_out *o);

struct sipd_rtcp_in {
	bool sr, block; /* what was found */
	uint32_t ssrc;  /* of the sender */
	uint32_t lsr;   /* middle of the report's NTP time */
	struct sipd_rtcp_block about_us;
};

/** Read a compound packet; false if it is not one. A.2 */
bool sipd_rtcp_parse(struct sipd_rtcp_in *in, const uint8_t *buf, size_t n,
		     uint32_t our_ssrc);

/** Time to the next report, ms.  random: any. 6.2, 6.3.1 */
uint32_t sipd_rtcp_interval(bool first, uint32_t random);

#endif
