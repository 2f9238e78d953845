/**
 * @file port/sip/invite/redirect.h  A 3xx that is followed, to allowed hosts
 */
#ifndef SIPD_PORT_SIP_INVITE_REDIRECT_H
#define SIPD_PORT_SIP_INVITE_REDIRECT_H

#include "port/sip/invite/invite.h"

/** Call the best of the Contacts of a 3xx.  false: none may be called, and
 *  sipd_error() says why; ENOSYS: sip.redirect_allow is empty. */
bool invite_redirect(struct sipd_invite *inv, const struct sip_msg *msg);
/** Call the next of them, after the last one failed.  false: none is left. */
bool invite_redirect_next(struct sipd_invite *inv);

#endif
