/**
 * @file port/sip/invite/reason.c  Why a call ended, as the network says. RFC 3326
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


const char *sipd_reason_phrase(int sip_status)
{
	/* clang-format off */
	static const struct {
		int status;
		const char *phrase;
	} phrases[] = {
		{400, "Bad Request"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{408, "Request Timeout"},
		{410, "Gone"},
		{415, "Unsupported Media Type"},
		{416, "Unsupported URI Scheme"},
		{420, "Bad Extension"},
		{422, "Session Interval Too Small"},
		{480, "Temporarily Unavailable"},
		{484, "Address Incomplete"},
		{486, "Busy Here"},
		{487, "Request Terminated"},
		{488, "Not Acceptable Here"},
		{500, "Server Internal Error"},
		{503, "Service Unavailable"},
		{600, "Busy Everywhere"},
		{603, "Decline"},
		{604, "Does Not Exist Anywhere"},
		{606, "Not Acceptable"},
		{607, "Unwanted"},
		{608, "Rejected"},
	};
	/* clang-format on */
	size_t i;

	for (i = 0; i < ARRAY_SIZE(phrases); i++) {
		if (phrases[i].status == sip_status)
			return phrases[i].phrase;
	}

	return sip_status < 500   ? "Request Failure"
	       : sip_status < 600 ? "Server Failure"
				  : "Global Failure";
}
