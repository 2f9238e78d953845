/**
 * @file port/sip/reason.c  Why a call ended, as the network says. RFC 3326
 */
#include <string.h>
#include "port/sip/internal.h"

struct causes {
	uint32_t q850;
	uint32_t sip;
};


static bool reason_handler(const struct sip_hdr *hdr,
			   const struct sip_msg *msg, void *arg)
{
	struct causes *causes = arg;
	struct pl protocol = hdr->val, value;
	const char *semi = pl_strchr(&hdr->val, ';');
	uint32_t cause;
	(void)msg;

	if (!semi)
		return false;

	protocol.l = (size_t)(semi - protocol.p);
	while (protocol.l && strchr(" \t", protocol.p[protocol.l - 1]))
		protocol.l--;

	if (msg_param_decode(&hdr->val, "cause", &value) ||
	    !sipd_pl_number(&value, &cause))
		return false;

	if (!pl_strcasecmp(&protocol, "Q.850") && cause && cause <= 127 &&
	    !causes->q850)
		causes->q850 = cause;
	else if (!pl_strcasecmp(&protocol, "SIP") && cause >= 100 &&
		 cause <= 699 && !causes->sip)
		causes->sip = cause;

	return false;
}


int sipd_reason_q850(const struct sip_msg *msg, int *sip_cause)
{
	struct causes causes = {0, 0};

	(void)sip_msg_hdr_apply(msg, true, SIP_HDR_REASON, reason_handler,
				&causes);
	if (sip_cause)
		*sip_cause = (int)causes.sip;

	return (int)causes.q850;
}
