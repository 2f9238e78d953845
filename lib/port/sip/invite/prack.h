/**
 * @file port/sip/invite/prack.h  Reliable provisional responses: what both
 *                                sides read. RFC 3262
 */
#ifndef SIPD_PORT_SIP_INVITE_PRACK_H
#define SIPD_PORT_SIP_INVITE_PRACK_H

#include "port/sip/internal.h"

struct invite_rack {
	uint32_t rseq; /* of the response */
	uint32_t cseq; /* of its request */
	struct pl method;
};

/** Value of the one RSeq of a response, from 1. RFC 3262 7.1 */
bool invite_rseq_read(const struct sip_msg *msg, uint32_t *rseq);
/** Value of the one RAck of a PRACK. RFC 3262 7.2 */
bool invite_rack_read(const struct sip_msg *msg, struct invite_rack *rack);
/** Is 100rel among the tags of this header: Require, Supported ...? */
bool invite_has_100rel(const struct sip_msg *msg, enum sip_hdrid id);

#endif
