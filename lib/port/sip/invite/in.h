/**
 * @file port/sip/invite/in.h  Shared by the files of calls that come in
 */
#ifndef SIPD_PORT_SIP_INVITE_IN_H
#define SIPD_PORT_SIP_INVITE_IN_H

#include "port/sip/invite/invite.h"

/** What a call that came in has besides, until its end. */
struct invite_in {
	struct tmr tmr;    /* a reliable 18x again */
	uint64_t since;    /* ms */
	uint32_t rseq;     /* of the last reliable one, 0 none */
	uint32_t wait_ms;  /* to the next retransmission */
	uint32_t spent_ms; /* since the first */
	bool able;         /* the caller has 100rel, and so have we */
	bool reliable;     /* each 18x is */
	bool pending;      /* one waits for its PRACK */
	char *sdp;         /* our description, in an 18x; NULL none */
	bool offered;      /* it is our offer, */
	bool agreed;       /* and that is answered */
	bool confirmed;    /* the caller has said that it has sdp */
	bool want_early;   /* waits for a PRACK */
	bool want_answer;  /* as well */
	struct sipd_sdp_remote remote; /* as agreed by sdp */
};

/* ---- in.c -------------------------------------------------------------- */

/** Final answer above 299 with these header lines, and the end. */
void invite_in_refuse(struct sipd_invite *inv, int status, const char *extra,
		      struct sipd_invite_end *end);

/* ---- in_check.c -------------------------------------------------------- */

/** 0, or the status to refuse an INVITE with, and header lines for it. */
int invite_in_check(struct sipd_sip *sip, const struct sip_msg *msg,
		    char *extra, size_t size);

/** A line Warning that says sipd_error_text(). */
void invite_in_warn(char *extra, size_t size);

/* ---- in_answer.c ------------------------------------------------------- */

/** Refuse it for what sipd_error_text() says. */
void invite_in_cannot(struct sipd_invite *inv, int status, int error);

/* ---- in_replaces.c ----------------------------------------------------- */

/** The session that an INVITE is to take the place of, NULL none.  0, or the
 *  status to refuse it with. */
int invite_in_replaces(const struct sipd_sip *sip, const struct sip_msg *msg,
		       struct sipd_invite **old);
/** It takes the place of `old`: no other one may. */
void invite_heir_set(struct sipd_invite *old, struct sipd_invite *heir);
/** ... nor does this one any more. */
void invite_heir_clear(struct sipd_invite *inv);

/* ---- in_early.c -------------------------------------------------------- */

/** inv->in. 0 or errno. */
int invite_in_alloc(struct sipd_invite *inv);
/** Nothing is repeated any more. */
void invite_in_quiet(struct sipd_invite *inv);

/** The last provisional answer again: to where the INVITE came from, never to
 *  who repeats it. */
void invite_in_ring(struct sipd_invite *inv);

#endif
