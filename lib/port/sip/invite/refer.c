/**
 * @file port/sip/invite/refer.c  The peer is asked to call somebody
 *
 * REFER in the dialog, and what the peer tells by NOTIFY of how that goes.  One
 * at a time.  Loop thread.  RFC 3515, 3891, 3892, 5589, 6665
 */
#include "port/sip/invite/refer.h"

#include <string.h>
#include <strings.h>
#include "base/error.h"

enum {
	TOLD_MS = 120000, /* longest without a NOTIFY, and of all of it */
	LINES_SIZE = 1400
};

struct invite_refer {
	struct sipd_send *req;
	struct tmr tmr;
	char *lines; /* Refer-To and Referred-By */
	uint32_t cseq;
	bool accepted;
};

static void refer_send(struct sipd_invite *inv);


/* ---- one of ours ---------------------------------------------------------- */

static void refer_destructor(void *arg)
{
	struct invite_refer *refer = arg;

	tmr_cancel(&refer->tmr);
	mem_deref(refer->req);
	mem_deref(refer->lines);
}


static void tell(struct sipd_invite *inv, enum sipd_transfer_state state,
		 int status, const char *reason)
{
	const struct sipd_transfer t = {
		.state = state,
		.sip_status = status,
		.reason = reason,
	};

	if (state >= SIPD_TRANSFER_COMPLETED)
		inv->refer = mem_deref(inv->refer);
	if (inv->h.transfer && !inv->told)
		inv->h.transfer(&t, inv->arg);
}


static void told_late(void *arg)
{
	tell(arg, SIPD_TRANSFER_FAILED, 0,
	     "the far end does not say how it went");
}


static void refer_answered(struct sipd_invite *inv, const struct sip_msg *msg)
{
	struct invite_refer *refer = inv->refer;
	char reason[INVITE_REASON_TEXT];

	if ((msg->scode == 401 || msg->scode == 407) &&
	    !invite_challenge(inv, msg)) {
		refer_send(inv);
		return;
	}
	invite_reason(msg, reason, sizeof(reason));
	if (msg->scode >= 300) {
		tell(inv, SIPD_TRANSFER_FAILED, msg->scode, reason);
		return;
	}

	if (refer->accepted) /* a NOTIFY was faster */
		return;
	refer->accepted = true;
	tell(inv, SIPD_TRANSFER_TRYING, msg->scode, reason);
}


static void refer_resp(int err, const struct sip_msg *msg, void *arg)
{
	struct sipd_invite *inv = arg;

	if (!inv->refer || (msg && msg->scode < 200))
		return;

	if (err || !msg)
		tell(inv, SIPD_TRANSFER_FAILED, 0,
		     err == ETIMEDOUT || !err ? "no answer to the REFER"
					      : strerror(err));
	else if (!sipd_guard_response(msg, inv->callid, inv->ltag,
				      inv->refer->cseq, "REFER"))
		tell(inv, SIPD_TRANSFER_FAILED, 0,
		     "the answer to the REFER does not fit");
	else
		refer_answered(inv, msg);
}


static void refer_send(struct sipd_invite *inv)
{
	struct invite_refer *refer = inv->refer;
	const struct invite_request rq = {
		.method = "REFER",
		.cseq = refer->cseq = ++inv->lseq,
		.headers = refer->lines,
		.reqp = &refer->req,
		.arg = inv,
		.resph = refer_resp,
	};
	const int err = invite_dialog_send(inv, &inv->dlg, &rq);

	if (err)
		tell(inv, SIPD_TRANSFER_FAILED, 0, strerror(err));
}


/* Value of a header of a URI. RFC 3261 19.1.1 */
static bool escape(const char *s, char *buf, size_t size)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t n = 0;

	for (; *s; s++) {
		const bool plain = sipd_char_in(*s, "-_.!~*'()");

		if (n + 4 > size)
			return false;
		if (plain) {
			buf[n++] = *s;
			continue;
		}
		buf[n++] = '%';
		buf[n++] = hex[(unsigned char)*s >> 4];
		buf[n++] = hex[*s & 15];
	}
	buf[n] = '\0';

	return true;
}


/* The peer of that session, to be called in its place. RFC 3891, 5589 7 */
static int replacing(const struct sipd_invite *other, char *buf, size_t size)
{
	const struct invite_dialog *dlg = &other->dlg;
	char dialog[INVITE_URI_SIZE], escaped[3 * INVITE_URI_SIZE];

	if (other->state != INVITE_CONFIRMED || !dlg->rtag)
		return sipd_error(SIPDIALER_ESTATE,
				  "the other call is not answered");

	if (strpbrk(dlg->target, "<>\"?\\ ") ||
	    re_snprintf(dialog, sizeof(dialog), "%s;to-tag=%s;from-tag=%s",
			other->callid, dlg->rtag, other->ltag) < 0 ||
	    !escape(dialog, escaped, sizeof(escaped)) ||
	    re_snprintf(buf, size, "%s?Replaces=%s", dlg->target, escaped) < 0)
		return sipd_error(SIPDIALER_EFORMAT,
				  "the other call cannot be named to the far "
				  "end");

	return SIPDIALER_OK;
}


static int lines_make(const struct sipd_invite *inv, const char *to,
		      const struct sipd_invite *other, char **linesp)
{
	char uri[LINES_SIZE], route[INVITE_URI_SIZE];
	int err;

	err = other ? replacing(other, uri, sizeof(uri))
		    : sipd_target_uri(inv->sip, to, uri, sizeof(uri), route,
				      sizeof(route));
	if (err)
		return err;

	return re_sdprintf(linesp, "Refer-To: <%s>\r\nReferred-By: <%s>\r\n",
			   uri, inv->sip->aor)
		       ? SIPDIALER_ENOMEM
		       : SIPDIALER_OK;
}


int sipd_invite_transfer(struct sipd_invite *inv, const char *to,
			 const struct sipd_invite *other)
{
	struct invite_refer *refer;
	int err;

	if (inv->state != INVITE_CONFIRMED || inv->unacked)
		return sipd_error(SIPDIALER_ESTATE, "the call is not up");
	if (inv->refer)
		return sipd_error(SIPDIALER_ESTATE,
				  "the call is being transferred already");

	refer = mem_zalloc(sizeof(*refer), refer_destructor);
	if (!refer)
		return sipd_error(SIPDIALER_ENOMEM, "no memory to transfer");

	tmr_init(&refer->tmr);
	err = lines_make(inv, to, other, &refer->lines);
	if (err) {
		mem_deref(refer);
		return err;
	}

	inv->refer = refer;
	tmr_start(&refer->tmr, TOLD_MS, told_late, inv);
	invite_tries_afresh(inv);
	refer_send(inv);

	return SIPDIALER_OK;
}


/* ---- what the peer tells of it -------------------------------------------- */

/* Status of a body "SIP/2.0 180 Ringing", 0 if it is something else. */
static int fragment_read(const struct sip_msg *msg, char *reason, size_t size)
{
	static const char version[] = "SIP/2.0 ";
	const size_t start = strlen(version) + 3;
	const char *body = (const char *)mbuf_buf(msg->mb);
	struct pl number, phrase;
	uint32_t status;

	*reason = '\0';
	if (!msg_ctype_cmp(&msg->ctyp, "message", "sipfrag") ||
	    mbuf_get_left(msg->mb) < start ||
	    memcmp(body, version, strlen(version)))
		return 0;

	number = (struct pl){body + strlen(version), 3};
	if (!sipd_pl_number(&number, &status) || status < 100 || status > 699)
		return 0;

	phrase = (struct pl){body + start, 0};
	if (mbuf_get_left(msg->mb) > start && !strchr(" \r\n", *phrase.p))
		return 0;
	if (mbuf_get_left(msg->mb) > start && *phrase.p == ' ')
		phrase.p++;
	while (phrase.p + phrase.l < body + mbuf_get_left(msg->mb) &&
	       phrase.p[phrase.l] != '\r' && phrase.p[phrase.l] != '\n')
		phrase.l++;
	if (phrase.l >= size)
		phrase.l = size - 1;
	(void)pl_strcpy(&phrase, reason, size);
	invite_text_clean(reason, size);

	return (int)status;
}


static bool event_is_refer(const struct sip_msg *msg)
{
	const struct sip_hdr *hdr = sip_msg_hdr(msg, SIP_HDR_EVENT);
	struct pl name;

	return hdr && !re_regex(hdr->val.p, hdr->val.l, "[^; \t]+", &name) &&
	       !pl_strcasecmp(&name, "refer");
}


static bool ended(const struct sip_msg *msg)
{
	const struct sip_hdr *hdr = sip_msg_hdr(msg,
						SIP_HDR_SUBSCRIPTION_STATE);

	return hdr && hdr->val.l >= 10 &&
	       !strncasecmp(hdr->val.p, "terminated", 10);
}


static void told(struct sipd_invite *inv, int status, const char *reason,
		 bool last)
{
	inv->refer->accepted = true;
	if (status >= 300)
		tell(inv, SIPD_TRANSFER_FAILED, status, reason);
	else if (status >= 200)
		tell(inv, SIPD_TRANSFER_COMPLETED, status, reason);
	else if (last)
		tell(inv, SIPD_TRANSFER_FAILED, status,
		     "the far end does not say how it went");
	else if (status)
		tell(inv,
		     status > 100 ? SIPD_TRANSFER_RINGING
				  : SIPD_TRANSFER_TRYING,
		     status, reason);
}


void invite_refer_notify(struct sipd_invite *inv, const struct sip_msg *msg)
{
	char reason[INVITE_REASON_TEXT];
	int status;

	if (!inv->refer || !event_is_refer(msg)) {
		/* 481: that subscription is over. RFC 6665 4.1.3 */
		const bool over = event_is_refer(msg);

		(void)sip_treplyf(NULL, NULL, inv->sip->sip, msg, false,
				  over ? 481 : 489,
				  over ? "Subscription Does Not Exist"
				       : "Bad Event",
				  "Allow-Events: refer\r\n"
				  "Content-Length: 0\r\n\r\n");
		return;
	}

	status = fragment_read(msg, reason, sizeof(reason));
	(void)sip_treply(NULL, inv->sip->sip, msg, 200, "OK");
	told(inv, status, reason, ended(msg));
}


void invite_refer_over(struct sipd_invite *inv, bool by_peer)
{
	inv->referred = mem_deref(inv->referred);
	if (by_peer && inv->refer && inv->refer->accepted)
		tell(inv, SIPD_TRANSFER_COMPLETED, 0,
		     "the far end hung up after it took the transfer");
	inv->refer = mem_deref(inv->refer);
}
