/**
 * @file port/sip/invite/referred.c  The peer asks us to call somebody
 *
 * REFER of the peer; what the owner tells of the new call goes out by NOTIFY, the
 * newest when the one before is answered.  One at a time.  Loop thread.
 * RFC 3515, 3891, 3892, 4488
 */
#include "port/sip/invite/refer.h"

#include <string.h>
#include <strings.h>
#include "base/error.h"
#include "base/text.h"

enum {
	TARGET_SIZE = 256, /* as a number to be dialed */
	REPLACES_SIZE = 256,
	EXPIRES_S = 180
};

struct invite_referred {
	struct sipd_send *req; /* a NOTIFY under way */
	uint32_t id;           /* CSeq of the REFER */
	int status;            /* told last */
	int next;              /* waits, 0 nothing */
	bool silent;           /* no NOTIFY is wanted. RFC 4488 */
};

static void notify_send(struct sipd_invite *inv, int status);


static void referred_destructor(void *arg)
{
	struct invite_referred *referred = arg;

	mem_deref(referred->req);
}


/* ---- NOTIFY ---------------------------------------------------------------- */

static void notify_resp(int err, const struct sip_msg *msg, void *arg)
{
	struct sipd_invite *inv = arg;
	struct invite_referred *referred = inv->referred;

	if (!referred || (msg && msg->scode < 200))
		return;

	if (msg && (msg->scode == 401 || msg->scode == 407) &&
	    !invite_challenge(inv, msg)) {
		notify_send(inv, referred->status);
		return;
	}
	if (!err && msg && msg->scode < 300 && referred->next) {
		const int next = referred->next;

		referred->next = 0;
		invite_tries_afresh(inv);
		notify_send(inv, next);
		return;
	}

	/* told to the end, or nobody listens */
	if (err || !msg || msg->scode >= 300 || referred->status >= 200)
		inv->referred = mem_deref(inv->referred);
}


static void notify_send(struct sipd_invite *inv, int status)
{
	struct invite_referred *referred = inv->referred;
	char headers[200], body[100], state[32];
	struct invite_request rq = {
		.method = "NOTIFY",
		.cseq = ++inv->lseq,
		.headers = headers,
		.body = body,
		.ctype = "message/sipfrag;version=2.0",
		.reqp = &referred->req,
		.arg = inv,
		.resph = notify_resp,
	};

	if (status >= 200)
		(void)sipd_strcpy(state, sizeof(state),
				  "terminated;reason=noresource");
	else
		(void)re_snprintf(state, sizeof(state), "active;expires=%d",
				  EXPIRES_S);
	(void)re_snprintf(headers, sizeof(headers),
			  "Event: refer;id=%u\r\nSubscription-State: %s\r\n",
			  referred->id, state);
	(void)re_snprintf(body, sizeof(body), "SIP/2.0 %d %s\r\n", status,
			  sipd_reason_phrase(status));

	referred->status = status;
	if (invite_dialog_send(inv, &inv->dlg, &rq))
		inv->referred = mem_deref(inv->referred);
}


void sipd_invite_referred(struct sipd_invite *inv, int sip_status)
{
	struct invite_referred *referred = inv->referred;

	if (!referred || inv->state != INVITE_CONFIRMED ||
	    sip_status <= referred->status)
		return;

	if (referred->silent) {
		if (sip_status >= 200)
			inv->referred = mem_deref(inv->referred);
		return;
	}
	if (referred->req) {
		referred->next = sip_status;
		return;
	}
	invite_tries_afresh(inv);
	notify_send(inv, sip_status);
}


/* ---- REFER ----------------------------------------------------------------- */

static void refuse(struct sipd_invite *inv, const struct sip_msg *msg,
		   int status)
{
	(void)sip_treply(NULL, inv->sip->sip, msg, (uint16_t)status,
			 sipd_reason_phrase(status));
}


/* Of a URI's header. */
static bool unescape(const struct pl *pl, char *buf, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < pl->l; i++, n++) {
		if (n + 1 >= size)
			return false;
		buf[n] = pl->p[i];
		if (pl->p[i] != '%')
			continue;
		if (i + 2 >= pl->l)
			return false;
		buf[n] = (char)(ch_hex(pl->p[i + 1]) << 4 |
				ch_hex(pl->p[i + 2]));
		i += 2;
	}
	buf[n] = '\0';

	return sipd_text_clean(buf, n);
}


/* "id;to-tag=a;from-tag=b" and nothing that would be another header */
static bool replaces_read(const struct pl *headers, char *buf, size_t size)
{
	struct pl value;

	*buf = '\0';
	if (re_regex(headers->p, headers->l, "[?&]1Replaces=[^&]+", NULL,
		     &value))
		return true;

	return unescape(&value, buf, size) && strstr(buf, ";to-tag=") &&
	       strstr(buf, ";from-tag=");
}


/* Refer-To: a number or strict URI, its Replaces apart; what else it has for
 * the INVITE is not taken over. */
static bool target_read(const struct sip_msg *msg, char *to, size_t to_size,
			char *replaces, size_t replaces_size)
{
	const struct sip_hdr *hdr = sip_msg_hdr(msg, SIP_HDR_REFER_TO);
	struct pl uri, headers = PL_INIT, method;
	struct sip_addr addr;
	const char *mark;

	if (!hdr || sip_msg_hdr_count(msg, SIP_HDR_REFER_TO) != 1 ||
	    sip_addr_decode(&addr, &hdr->val))
		return false;

	uri = addr.auri;
	mark = pl_strchr(&uri, '?');
	if (mark) {
		headers = (struct pl){mark, uri.l - (size_t)(mark - uri.p)};
		uri.l = (size_t)(mark - uri.p);
	}
	if (!msg_param_decode(&addr.uri.params, "method", &method))
		return false;
	if (uri.l > 4 && !strncasecmp(uri.p, "tel:", 4))
		pl_advance(&uri, 4);
	if (pl_strcpy(&uri, to, to_size))
		return false;

	return !sipd_sip_check_target(to) &&
	       replaces_read(&headers, replaces, replaces_size);
}


static bool wants_no_notify(const struct sip_msg *msg)
{
	const struct sip_hdr *hdr = sip_msg_xhdr(msg, "Refer-Sub");

	return hdr && !pl_strcasecmp(&hdr->val, "false");
}


static void by_read(const struct sip_msg *msg, char *buf, size_t size)
{
	const struct sip_hdr *hdr = sip_msg_hdr(msg, SIP_HDR_REFERRED_BY);
	struct sip_addr addr;

	*buf = '\0';
	if (!hdr || sip_addr_decode(&addr, &hdr->val) || addr.auri.l >= size)
		return;
	(void)pl_strcpy(&addr.auri, buf, size);
	invite_text_clean(buf, size);
}


static void answer(struct sipd_invite *inv, const struct sip_msg *msg)
{
	struct invite_referred *referred = inv->referred;

	if (referred->silent) {
		(void)sip_treplyf(NULL, NULL, inv->sip->sip, msg, false, 200,
				  "OK",
				  "Refer-Sub: false\r\n"
				  "Content-Length: 0\r\n\r\n");
		return;
	}
	(void)sip_treply(NULL, inv->sip->sip, msg, 202, "Accepted");
	invite_tries_afresh(inv);
	notify_send(inv, 100);
}


void invite_refer_request(struct sipd_invite *inv, const struct sip_msg *msg)
{
	char to[TARGET_SIZE], replaces[REPLACES_SIZE], by[TARGET_SIZE];
	const struct sipd_referral referral = {
		.to = to,
		.replaces = replaces,
		.by = by,
	};

	if (inv->referred) { /* the last one goes on */
		refuse(inv, msg, 491);
		return;
	}
	if (!target_read(msg, to, sizeof(to), replaces, sizeof(replaces))) {
		refuse(inv, msg, 400);
		return;
	}
	by_read(msg, by, sizeof(by));

	if (!inv->h.referred || !inv->h.referred(&referral, inv->arg)) {
		refuse(inv, msg, 603);
		return;
	}

	inv->referred = mem_zalloc(sizeof(*inv->referred),
				   referred_destructor);
	if (!inv->referred) {
		refuse(inv, msg, 500);
		return;
	}
	inv->referred->id = msg->cseq.num;
	inv->referred->silent = wants_no_notify(msg);
	answer(inv, msg);
}
