/**
 * @file port/sip/invite/asserted.c  What the network says of a caller
 *
 * Who it is, who diverted the call, whether the number was verified, and the
 * header lines that are for the ends.  Only of an INVITE of those we take calls
 * of; decoded, bounded, and clean.  Loop thread.  RFC 3325, 5806, 7044, 8224;
 * 3GPP TS 24.229 7.2A.20
 */
#include "port/sip/invite/invite.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include "base/text.h"

enum {
	LINE_SIZE = 2048, /* longer lines are left out */
	LINES_MAX = 64
};


/* ---- parties --------------------------------------------------------------- */

static bool is_uri(const struct pl *text)
{
	static const char *const schemes[] = {"sip:", "sips:", "tel:"};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(schemes); i++) {
		const size_t len = strlen(schemes[i]);

		if (text->l > len && !strncasecmp(text->p, schemes[i], len))
			return true;
	}

	return false;
}


static bool party_of(const struct sip_hdr *hdr, char *buf)
{
	struct sip_addr addr;

	if (!hdr || sip_addr_decode(&addr, &hdr->val) || !is_uri(&addr.auri))
		return false;
	invite_party(&addr.uri, &addr.auri, buf);

	return true;
}


/* The first value, RFC 3325 9.1; else what was there before it, of the side
 * that calls. */
static void asserted(const struct sip_msg *msg, char *buf)
{
	const struct sip_hdr *hdr;
	struct pl side;

	if (party_of(sip_msg_hdr(msg, SIP_HDR_P_ASSERTED_IDENTITY), buf))
		return;

	hdr = sip_msg_xhdr(msg, "Remote-Party-ID");
	if (hdr && !msg_param_decode(&hdr->val, "party", &side) &&
	    pl_strcasecmp(&side, "calling"))
		return;
	(void)party_of(hdr, buf);
}


struct history {
	const struct sip_hdr *last, *before;
};


static bool history_handler(const struct sip_hdr *hdr,
			    const struct sip_msg *msg, void *arg)
{
	struct history *h = arg;
	(void)msg;

	h->before = h->last;
	h->last = hdr;

	return false;
}


/* Diversion: the newest stands first.  History-Info: the target stands last,
 * who sent the call on before it. */
static void diverted(const struct sip_msg *msg, char *buf)
{
	struct history h = {NULL, NULL};

	if (party_of(sip_msg_xhdr(msg, "Diversion"), buf))
		return;

	(void)sip_msg_hdr_apply(msg, true, SIP_HDR_HISTORY_INFO,
				history_handler, &h);
	(void)party_of(h.before, buf);
}


/* ";verstat=TN-Validation-Passed", of the number or of the URI around it; a
 * display name may say anything. */
static bool verstat_in(const struct pl *text, char *buf, size_t size)
{
	static const char name[] = ";verstat=";
	const size_t len = sizeof(name) - 1;
	size_t i, n = 0;

	for (i = 0; i + len < text->l; i++) {
		if (!strncasecmp(text->p + i, name, len))
			break;
	}
	for (i += len; i < text->l && n + 1 < size; i++) {
		const char c = text->p[i];

		if (!isalnum((unsigned char)c) && c != '-')
			break;
		buf[n++] = c;
	}
	buf[n] = '\0';

	return n > 0;
}


static bool verstat_handler(const struct sip_hdr *hdr,
			    const struct sip_msg *msg, void *arg)
{
	struct invite_caller_text *t = arg;
	struct sip_addr addr;
	(void)msg;

	return !sip_addr_decode(&addr, &hdr->val) &&
	       verstat_in(&addr.auri, t->verstat, sizeof(t->verstat));
}


/* ---- header lines ------------------------------------------------------------ */

/* Those of a hop, of a body, of the stack's own business, and secrets. */
static bool for_ends(const struct pl *name)
{
	/* clang-format off */
	static const char *const others[] = {
		"Via", "Route", "Record-Route", "Max-Forwards", "CSeq",
		"Contact", "Authorization", "Require", "Supported", "Allow",
		"Accept", "Accept-Encoding", "Session-Expires", "Min-SE",
		"RSeq", "RAck", "Path", "Service-Route", "MIME-Version",
		"Security-Client", "Security-Server", "Security-Verify",
		"v", "m", "k", "c", "e", "l", "x",
	};
	static const char *const groups[] = {"Content-", "Proxy-"};
	/* clang-format on */
	size_t i;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		if (!pl_strcasecmp(name, others[i]))
			return false;
	}
	for (i = 0; i < ARRAY_SIZE(groups); i++) {
		const size_t len = strlen(groups[i]);

		if (name->l >= len && !strncasecmp(name->p, groups[i], len))
			return false;
	}

	return true;
}


/* One line without foldings; "" if it is too long. RFC 3261 7.3.1 */
static void line_write(const struct sip_hdr *hdr, char line[LINE_SIZE])
{
	const struct pl *const parts[] = {&hdr->name, &hdr->val};
	size_t i, k, n = 0;

	*line = '\0';
	if (hdr->name.l + hdr->val.l + 4 > LINE_SIZE)
		return;

	for (k = 0; k < 2; k++) {
		for (i = 0; i < parts[k]->l; i++) {
			const char c = parts[k]->p[i];

			if (c != '\r' && c != '\n')
				line[n++] = c == '\t' ? ' ' : c ? c : '?';
		}
		if (!k) {
			line[n++] = ':';
			line[n++] = ' ';
		}
	}
	line[n] = '\0';
	invite_text_clean(line, LINE_SIZE);
}


/* What does not fit is left out, not cut. */
static void headers(const struct sip_msg *msg, char *buf, size_t size)
{
	char line[LINE_SIZE];
	struct sipd_text t;
	struct le *le;
	int n = 0;

	sipd_text_init(&t, buf, size);
	for (le = msg->hdrl.head; le && n < LINES_MAX; le = le->next) {
		const struct sip_hdr *hdr = le->data;

		if (!for_ends(&hdr->name))
			continue;
		line_write(hdr, line);
		if (!*line || t.len + strlen(line) + 2 > t.size)
			continue;
		sipd_text_add(&t, line);
		sipd_text_add(&t, "\n");
		n++;
	}
}


void invite_asserted_read(const struct sip_msg *msg,
			  struct invite_caller_text *t)
{
	*t->asserted = *t->diverted = *t->verstat = '\0';
	asserted(msg, t->asserted);
	diverted(msg, t->diverted);
	if (!sip_msg_hdr_apply(msg, true, SIP_HDR_P_ASSERTED_IDENTITY,
			       verstat_handler, t))
		(void)verstat_in(&msg->from.auri, t->verstat,
				 sizeof(t->verstat));
	headers(msg, t->headers, sizeof(t->headers));
	t->caller.asserted = t->asserted;
	t->caller.diverted = t->diverted;
	t->caller.verstat = t->verstat;
	t->caller.headers = t->headers;
}
