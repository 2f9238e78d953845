/**
 * @file port/sip/invite/check.c  What is wrong with a request inside a dialog
 *
 * Before anything of it takes effect.  Loop thread.  RFC 3261 8.2.2, 8.2.3
 */
#include "port/sip/invite/invite.h"

#include <string.h>
#include "base/text.h"


struct unknown {
	struct sipd_text text;
	bool any;
};


/* 100rel asks for nothing in a request that we answer at once. */
static bool known(const struct pl *option)
{
	return !pl_strcasecmp(option, "timer") ||
	       !pl_strcasecmp(option, "100rel");
}


/* One that does not fit is not named: the status says it as well. */
static bool require_handler(const struct sip_hdr *hdr,
			    const struct sip_msg *msg, void *arg)
{
	struct unknown *u = arg;
	const char *sep = u->text.len ? ", " : "Unsupported: ";
	(void)msg;

	if (known(&hdr->val))
		return false;

	u->any = true;
	if (u->text.len + strlen(sep) + hdr->val.l < u->text.size) {
		sipd_text_add(&u->text, sep);
		sipd_text_addn(&u->text, hdr->val.p, hdr->val.l);
	}

	return false;
}


int invite_check_require(const struct sip_msg *msg, char *extra, size_t size)
{
	struct unknown u = {.any = false};

	sipd_text_init(&u.text, extra, size - 2); /* room for the CRLF */
	(void)sip_msg_hdr_apply(msg, true, SIP_HDR_REQUIRE, require_handler,
				&u);
	if (!u.any)
		return 0;
	if (u.text.len)
		memcpy(extra + u.text.len, "\r\n", 3);

	return 420;
}


int invite_check_modify(const struct sipd_invite *inv,
			const struct sip_msg *msg, char *extra, size_t size)
{
	struct pl sdp;

	*extra = '\0';
	if (invite_timer_small(inv->sip, msg, extra, size))
		return 422;
	if (!invite_has_body(msg))
		return 0;
	if (invite_encoded(msg)) {
		(void)re_snprintf(extra, size,
				  "Accept-Encoding: identity\r\n");
		return 415;
	}
	if (!invite_body_sdp(msg, &sdp)) {
		(void)re_snprintf(extra, size, "Accept: application/sdp\r\n");
		return 415;
	}

	return 0;
}


int invite_check_glare(const struct sipd_invite *inv,
		       const struct sip_msg *msg)
{
	const bool invite = !pl_strcmp(&msg->met, "INVITE");
	const bool ours = inv->refreshing && inv->refresh_met &&
			  !strcmp(inv->refresh_met, "INVITE");

	if (!invite && !invite_has_body(msg))
		return 0; /* it changes nothing that is being negotiated */
	if (inv->offering || (ours && invite))
		return 491;

	/* our last 2xx is not acknowledged yet */
	return inv->reply ? 500 : 0;
}
