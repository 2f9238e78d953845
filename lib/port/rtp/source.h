/**
 * @file port/rtp/source.h  Whose packets we believe, and whom we answer
 *
 * The address of the SDP is the source.  A NAT may make it another: then one
 * that sends four packets in a row is taken instead, once, in the first five
 * seconds, and only while the SDP's address has sent nothing.  If that one
 * does speak in those seconds it wins: it was told to us by the signalling,
 * the other just came first (RTPBleed).  RFC 4961, 7362
 */
#ifndef SIPD_PORT_RTP_SOURCE_H
#define SIPD_PORT_RTP_SOURCE_H

#include "port/net.h"

enum {
	SIPD_SOURCE_WINDOW_MS = 5000,
	SIPD_SOURCE_PROOF = 4 /* packets in a row */
};

struct sipd_source {
	union sipd_addr sdp;   /* family 0: none, nobody is believed */
	union sipd_addr other; /* candidate, or taken instead */
	uint32_t ssrc;         /* of the candidate */
	uint16_t seq;          /* its next */
	uint8_t proof;         /* packets of it in a row */
	bool taken;            /* other is the source */
	bool confirmed;        /* sdp has sent */
	uint64_t until_ms;     /* end of the window */
};

/** New SDP.  The same address as before keeps what is known, and opens the
 *  window again if nobody has been believed yet. */
void sipd_source_set(struct sipd_source *s, const union sipd_addr *sdp,
		     uint64_t now_ms);

/** May a valid packet from `from` be believed? */
bool sipd_source_believe(struct sipd_source *s, const union sipd_addr *from,
			 uint32_t ssrc, uint16_t seq, uint64_t now_ms);

/** Who sends from there has proved to be the one who was meant. */
void sipd_source_take(struct sipd_source *s, const union sipd_addr *from);

/** Where to send, family 0 if nowhere. */
const union sipd_addr *sipd_source_target(const struct sipd_source *s);

/** Nothing can change any more: the socket may be connected. */
bool sipd_source_final(const struct sipd_source *s, uint64_t now_ms);

#endif
