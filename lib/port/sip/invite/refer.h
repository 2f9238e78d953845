/**
 * @file port/sip/invite/refer.h  REFER in a dialog, both ways
 */
#ifndef SIPD_PORT_SIP_INVITE_REFER_H
#define SIPD_PORT_SIP_INVITE_REFER_H

#include "port/sip/invite/invite.h"

/** A request REFER of the peer. */
void invite_refer_request(struct sipd_invite *inv, const struct sip_msg *msg);
/** A request NOTIFY of the peer. */
void invite_refer_notify(struct sipd_invite *inv, const struct sip_msg *msg);
/** The session ends; by_peer: its BYE, which some send instead of the last
 *  NOTIFY. */
void invite_refer_over(struct sipd_invite *inv, bool by_peer);

#endif
