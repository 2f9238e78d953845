/**
 * @file port/sip/invite/in_check.c  What is wrong with an INVITE that comes in
 *
 * Decided before anybody is asked.  Loop thread.  RFC 3261 8.2
 */
#include "port/sip/invite/in.h"

#include <string.h>
#include "base/error.h"
#include "base/text.h"

enum {
	CALLID_MAX = 255,  /* bytes */
	ADDRESS_MAX = 1024 /* bytes of From and of To: ours repeat them */
};

static const char unsupported[] = "Unsupported: ";

struct required {
	struct sipd_text t;
	bool rel100; /* we have it */
};


/* Unsupported, with what fits of what is required and not ours. RFC 3261 8.2.2.3 */
static bool require_handler(const struct sip_hdr *hdr,
			    const struct sip_msg *msg, void *arg)
{
	struct required *r = arg;
	struct sipd_text *t = &r->t;
	const char *sep = t->len ? ", " : unsupported;
	(void)msg;

	if (pl_strcasecmp(&hdr->val, "timer") &&
	    pl_strcasecmp(&hdr->val, "replaces") &&
	    (!r->rel100 || pl_strcasecmp(&hdr->val, "100rel")) &&
	    t->len + strlen(sep) + hdr->val.l < t->size) {
		sipd_text_add(t, sep);
		sipd_text_addn(t, hdr->val.p, hdr->val.l);
	}

	return false;
}


static int check_require(const struct sipd_sip *sip, const struct sip_msg *msg,
			 char *extra, size_t size)
{
	struct required r = {.rel100 = sip->conf.rel100 != SIPD_100REL_NO};

	sipd_text_init(&r.t, extra, size - 2);
	(void)sip_msg_hdr_apply(msg, true, SIP_HDR_REQUIRE, require_handler,
				&r);
	if (!r.t.len)
		return 0;

	if (sipd_text_cut(&r.t))
		*extra = '\0'; /* the status says it as well */
	else
		memcpy(extra + r.t.len, "\r\n", 3);

	return 420;
}


/* It is kept, compared and shown. */
static bool callid_sane(const struct pl *id)
{
	size_t i;

	for (i = 0; i < id->l; i++) {
		if (id->p[i] < '!' || id->p[i] > '~')
			return false;
	}

	return id->l && id->l <= CALLID_MAX;
}


static int check_head(const struct sip_msg *msg)
{
	const struct sip_hdr *contact = sip_msg_hdr(msg, SIP_HDR_CONTACT);
	struct sip_addr addr;

	if (pl_strcasecmp(&msg->uri.scheme, "sip"))
		return 416;
	if (!callid_sane(&msg->callid) || msg->from.val.l > ADDRESS_MAX ||
	    msg->to.val.l > ADDRESS_MAX || !contact ||
	    sip_addr_decode(&addr, &contact->val) ||
	    !invite_uri_ok(&addr.auri))
		return 400;

	return 0;
}


/* Any codec: which are wanted is known with the answer. 0, or a text why not. */
static int offer_check(struct sipd_sip *sip, const struct sip_msg *msg,
		       enum sipd_srtp_mode mode)
{
	struct sipd_sdp_local local = {
		.codecs = {SIPD_CODEC_PCMU, SIPD_CODEC_PCMA, SIPD_CODEC_G722,
			   SIPD_CODEC_OPUS, SIPD_CODEC_L16, SIPD_CODEC_L16_8},
		.codecc = 6,
		.secure = {.mode = mode, .fingerprint = "any"},
	};
	struct sipd_sdp_remote remote;
	char sdp[INVITE_SDP_MAX];
	union sipd_addr bound;
	struct pl offer;

	if (!invite_body_sdp(msg, &offer))
		return SIPDIALER_EFORMAT;
	if (!sipd_sip_media_towards(sip, &msg->src, &bound, &local.addr))
		return sipd_error(SIPDIALER_ENET, "no address for audio");

	return sipd_sdp_offer_read(&local, offer.p, offer.l, &remote, sdp,
				   sizeof(sdp));
}


/* Encryption of any kind: what is wanted is the owner's to say. */
static int check_body(struct sipd_sip *sip, const struct sip_msg *msg,
		      char *extra, size_t size)
{
	struct pl offer;

	if (!invite_has_body(msg))
		return 0; /* we are to offer */
	if (invite_encoded(msg)) {
		(void)re_snprintf(extra, size,
				  "Accept-Encoding: identity\r\n");
		return 415;
	}
	if (!invite_body_sdp(msg, &offer)) {
		(void)re_snprintf(extra, size, "Accept: application/sdp\r\n");
		return 415;
	}
	if (!offer_check(sip, msg, SIPD_SRTP_OPTIONAL))
		return 0;
	invite_in_warn(extra, size);

	return 488;
}


void invite_in_warn(char *extra, size_t size)
{
	(void)re_snprintf(extra, size, "Warning: 399 - \"%s\"\r\n",
			  sipd_error_text());
}


int sipd_invite_check_srtp(const struct sipd_invite *inv,
			   enum sipd_srtp_mode mode)
{
	if (mode < SIPD_SRTP_REQUIRED || !invite_has_body(inv->msg))
		return SIPDIALER_OK;

	return offer_check(inv->sip, inv->msg, mode);
}


int invite_in_check(struct sipd_sip *sip, const struct sip_msg *msg,
		    char *extra, size_t size)
{
	int status = check_head(msg);

	if (!status)
		status = check_require(sip, msg, extra, size);
	if (!status)
		status = invite_timer_small(sip, msg, extra, size) ? 422 : 0;
	if (!status)
		status = check_body(sip, msg, extra, size);

	return status;
}
