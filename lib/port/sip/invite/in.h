/**
 * @file port/sip/invite/in.h  Shared by the files of calls that come in
 */
#ifndef SIPD_PORT_SIP_INVITE_IN_H
#define SIPD_PORT_SIP_INVITE_IN_H

#include "port/sip/invite/invite.h"

/* ---- in.c -------------------------------------------------------------- */

/** Final answer above 299 with these header lines, and the end. */
void invite_in_refuse(struct sipd_invite *inv, int status, const char *extra,
		      struct sipd_invite_end *end);

/* ---- in_check.c -------------------------------------------------------- */

/** 0, or the status to refuse an INVITE with, and header lines for it. */
int invite_in_check(struct sipd_sip *sip, const struct sip_msg *msg,
		    char *extra, size_t size);

/* ---- in_early.c -------------------------------------------------------- */

/** The last provisional answer again: to where the INVITE came from, never to
 *  who repeats it. */
void invite_in_ring(struct sipd_invite *inv);

#endif
