/**
 * @file port/sip/invite/reason.c  Why a call ended, as the network says. RFC 3326
 */
#include "port/sip/invite/invite.h"

#include <string.h>
#include <strings.h>
#include "base/text.h"


/* Where the quoted value of a parameter begins; NULL: none.  libre's reader
 * of parameters ends at a blank. */
static const char *quoted(const struct pl *val, const char *name)
{
	const size_t len = strlen(name);
	const char *p = val->p, *const end = val->p + val->l;
	bool inside = false;

	for (; p < end; p++) {
		if (inside && *p == '\\')
			p++;
		else if (*p == '"')
			inside = !inside;
		else if (!inside && *p == ';') {
			while (p + 1 < end && strchr(" \t", p[1]))
				p++;
			if ((size_t)(end - p) > len + 3 &&
			    !strncasecmp(p + 1, name, len) &&
			    p[1 + len] == '=' && p[2 + len] == '"')
				return p + len + 3;
		}
	}

	return NULL;
}


/* Without quotes and escapes, cut and clean. */
static void text_read(const struct pl *val, char *buf, size_t size)
{
	const char *p = quoted(val, "text"), *const end = val->p + val->l;
	size_t n = 0;

	for (; p && p < end && *p != '"' && n + 1 < size; p++) {
		if (*p == '\\' && p + 1 < end)
			p++;
		buf[n++] = *p ? *p : '?';
	}
	buf[n] = '\0';
	invite_text_clean(buf, size);
}


static bool reason_handler(const struct sip_hdr *hdr,
			   const struct sip_msg *msg, void *arg)
{
	struct invite_reason *r = arg;
	struct pl protocol = hdr->val, value;
	const char *semi = pl_strchr(&hdr->val, ';');
	uint32_t cause;
	bool taken = false;
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
	    !r->q850) {
		r->q850 = (int)cause;
		taken = true;
	}
	else if (!pl_strcasecmp(&protocol, "SIP") && cause >= 100 &&
		 cause <= 699 && !r->sip) {
		r->sip = (int)cause;
		taken = true;
	}
	if (taken && !*r->text)
		text_read(&hdr->val, r->text, sizeof(r->text));

	return false;
}


void invite_reason_read(const struct sip_msg *msg, struct invite_reason *r)
{
	memset(r, 0, sizeof(*r));
	(void)sip_msg_hdr_apply(msg, true, SIP_HDR_REASON, reason_handler, r);
}


int sipd_reason_q850(const struct sip_msg *msg, int *sip_cause)
{
	struct invite_reason r;

	invite_reason_read(msg, &r);
	if (sip_cause)
		*sip_cause = r.sip;

	return r.q850;
}


/* A quoted-string: words of the host cannot end it. RFC 3261 25.1 */
void invite_reason_write(int q850, const char *words, char *buf, size_t size)
{
	char text[INVITE_REASON_TEXT];
	struct sipd_text t;
	const char *p;

	(void)sipd_strcpy(text, sizeof(text), words);
	invite_text_clean(text, sizeof(text));
	sipd_text_init(&t, buf, size);
	sipd_text_printf(&t, "Reason: Q.850;cause=%d;text=\"", q850);
	for (p = text; *p; p++) {
		if (*p == '"' || *p == '\\')
			sipd_text_add(&t, "\\");
		sipd_text_addn(&t, p, 1);
	}
	sipd_text_add(&t, "\"\r\n");
}


const char *sipd_reason_phrase(int sip_status)
{
	/* clang-format off */
	static const struct {
		int status;
		const char *phrase;
	} phrases[] = {
		{100, "Trying"},
		{180, "Ringing"},
		{183, "Session Progress"},
		{200, "OK"},
		{202, "Accepted"},
		{302, "Moved Temporarily"},
		{400, "Bad Request"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{408, "Request Timeout"},
		{410, "Gone"},
		{415, "Unsupported Media Type"},
		{416, "Unsupported URI Scheme"},
		{420, "Bad Extension"},
		{421, "Extension Required"},
		{422, "Session Interval Too Small"},
		{480, "Temporarily Unavailable"},
		{484, "Address Incomplete"},
		{486, "Busy Here"},
		{487, "Request Terminated"},
		{488, "Not Acceptable Here"},
		{491, "Request Pending"},
		{500, "Server Internal Error"},
		{503, "Service Unavailable"},
		{504, "Server Time-out"},
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

	return sip_status < 200   ? "Progress"
	       : sip_status < 300 ? "OK"
	       : sip_status < 500 ? "Request Failure"
	       : sip_status < 600 ? "Server Failure"
				  : "Global Failure";
}
