/**
 * @file port/sip/invite/info.h  Keys by INFO; for the files of invite/ only
 */
#ifndef SIPD_PORT_SIP_INVITE_INFO_H
#define SIPD_PORT_SIP_INVITE_INFO_H

#include "port/sip/invite/invite.h"

/** An INFO of the peer: answers it, tells of its key. */
void invite_info_request(struct sipd_invite *inv, const struct sip_msg *msg);
/** No more of ours will be sent. */
void invite_info_over(struct sipd_invite *inv);

#endif
