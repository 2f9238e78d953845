/**
 * @file port/sip/invite/early.h  Our INVITE between its first 1xx and its
 *                                final answer
 *
 * Each fork that is heard of has an early dialog of its own, and may have
 * audio of its own: what is heard is the fork that changed last.
 */
#ifndef SIPD_PORT_SIP_INVITE_EARLY_H
#define SIPD_PORT_SIP_INVITE_EARLY_H

#include "port/sip/invite/invite.h"

enum {
	INVITE_EARLY_MAX = 8,  /* early dialogs of an INVITE */
	INVITE_PRACKS_MAX = 64 /* PRACKs of a call: each is a transaction of up
				* to 32 s */
};

/** Early dialog of one fork.  RFC 3261 12.1, 13.2.2.4 */
struct invite_early {
	struct le le;
	struct sipd_invite *inv;
	struct invite_dialog dlg; /* rtag NULL: a 1xx without a tag */
	struct sipd_send *prack;
	struct sipd_sdp_remote remote;
	enum sipd_dir gate; /* what P-Early-Media lets through, as seen from
			     * us.  RFC 5009 8 */
	uint32_t lseq;      /* last CSeq of ours in it */
	uint32_t rseq;      /* last response that was acknowledged */
	uint32_t sdp_sum;
	uint32_t peer_seq; /* last CSeq of theirs */
	bool rseq_set;
	bool peer_seq_set;
	bool gated;  /* P-Early-Media has said so */
	bool media;  /* remote is there */
	bool agreed; /* by a reliable response: the offer is answered */
};

/* ---- early.c ----------------------------------------------------------- */

/** A 1xx above 100. */
void invite_provisional(struct sipd_invite *inv, const struct sip_msg *msg);
/** The early dialog of a tag, NULL none. */
struct invite_early *invite_early_find(const struct sipd_invite *inv,
				       const struct pl *tag);
/** That of a 2xx: of its tag, or of a 1xx without a tag. */
struct invite_early *invite_early_of(const struct sipd_invite *inv,
				     const struct sip_msg *msg);
/** This fork is over, the others go on. */
void invite_early_drop(struct invite_early *e);
void invite_early_flush(struct sipd_invite *inv);
/** It is the only one. */
bool invite_early_alone(const struct invite_early *e);
/** Audio agreed in it: tell the owner as far as the network lets it through.
 *  RFC 5009 8 */
void invite_early_show(struct invite_early *e);
/** UPDATE of the peer before the answer.  RFC 3311 5.2 */
void invite_early_update(struct invite_early *e, const struct sip_msg *msg);

/* ---- prack.c ----------------------------------------------------------- */

/** A 1xx that is sent until its PRACK, unless sip.100rel says no. */
bool invite_reliable(const struct sipd_invite *inv, const struct sip_msg *msg);
/** Acknowledge a reliable 1xx, if it is one.  false: a copy, or out of order,
 *  and not to be looked at.  RFC 3262 4 */
bool invite_prack(struct invite_early *e, const struct sip_msg *msg);

#endif
