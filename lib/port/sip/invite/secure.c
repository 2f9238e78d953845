/**
 * @file port/sip/invite/secure.c  Encryption of a session's audio
 *
 * Loop thread.  RFC 4568 7.1.3, 8842 5.5
 */
#include "port/sip/invite/invite.h"


/* Who insists on RTP/SAVP refuses keys over RTP/AVP: once more with that. */
bool invite_secure_again(struct sipd_invite *inv, const struct sip_msg *msg)
{
	struct sipd_secure_local *secure = &inv->local.secure;

	if (secure->mode != SIPD_SRTP_OPTIONAL || secure->savp ||
	    inv->hungup ||
	    (msg->scode != 488 && msg->scode != 606 && msg->scode != 415))
		return false;

	secure->savp = true;
	++inv->local.version;
	sipd_log_info(inv->sip->log,
		      "call %s: %u to keys over RTP/AVP, tried by RTP/SAVP",
		      inv->callid, msg->scode);

	return true;
}


/* The keys are in the SDP for everybody who sees the SIP. RFC 4568 8.1 */
void invite_secure_agreed(struct sipd_invite *inv,
			  const struct sipd_sdp_remote *remote)
{
	struct sipd_sip *sip = inv->sip;

	sipd_secure_keep(&inv->local.secure, &remote->secure);
	if (!remote->secure.suite || sip->conf.transport == SIPD_TLS ||
	    sip->keys_seen)
		return;

	sip->keys_seen = true;
	sipd_log_warning(sip->log,
			 "SRTP keys go through SIP that is not encrypted: "
			 "set sip.transport to tls (docs/srtp.md)");
}
