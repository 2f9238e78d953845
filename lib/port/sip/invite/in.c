/**
 * @file port/sip/invite/in.c  INVITE session, called side: until the answer
 *
 * Rings, is answered, refused or cancelled; from its 2xx on it is a session as
 * any other.  Provisional answers are kept here and sent again when the INVITE
 * is; those above 299 are libre's transaction's; our 2xx is that of
 * reply.c.  Loop thread.  RFC 3261 8.2, 9.2, 13.3, 17.2.1
 */
#include "port/sip/invite/invite.h"

#include <string.h>
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"

enum {
	INCOMING_PER_S = 100, /* new calls, whatever dial.max_calls allows */
	INCOMING_BURST = 200,
	CALLID_MAX = 255,     /* bytes */
	ADDRESS_MAX = 1024,   /* bytes of From and of To: ours repeat them */
	RING_AGAIN_MS = 60000 /* the 180 again. RFC 3261 13.3.1.1 */
};


void sipd_sip_incoming(struct sipd_sip *sip, sipd_incoming_h *h, void *arg)
{
	sip->incomingh = h;
	sip->incoming_arg = arg;
	sip->incoming_ms = sipd_clock_ms();
	sip->incoming_tokens = INCOMING_BURST;
	if (h)
		sipd_locate_start(sip);
}


/* ---- what is wrong with it ----------------------------------------------- */

static const char unsupported[] = "Unsupported: ";


/* Unsupported, with what fits of what is required and not ours. RFC 3261 8.2.2.3 */
static bool require_handler(const struct sip_hdr *hdr,
			    const struct sip_msg *msg, void *arg)
{
	struct sipd_text *t = arg;
	const char *sep = t->len ? ", " : unsupported;
	(void)msg;

	if (pl_strcasecmp(&hdr->val, "timer") &&
	    t->len + strlen(sep) + hdr->val.l < t->size) {
		sipd_text_add(t, sep);
		sipd_text_addn(t, hdr->val.p, hdr->val.l);
	}

	return false;
}


static int check_require(const struct sip_msg *msg, char *extra, size_t size)
{
	struct sipd_text t;

	sipd_text_init(&t, extra, size - 2);
	(void)sip_msg_hdr_apply(msg, true, SIP_HDR_REQUIRE, require_handler,
				&t);
	if (!t.len)
		return 0;

	if (sipd_text_cut(&t))
		*extra = '\0'; /* the status says it as well */
	else
		memcpy(extra + t.len, "\r\n", 3);

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


static int check_body(struct sipd_sip *sip, const struct sip_msg *msg,
		      char *extra, size_t size)
{
	struct sipd_sdp_local local = {
		.codecs = {SIPD_CODEC_PCMU, SIPD_CODEC_PCMA},
		.codecc = 2,
	};
	struct sipd_sdp_remote remote;
	char sdp[INVITE_SDP_MAX];
	union sipd_addr bound;
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

	if (sipd_sip_media_address(sip, NULL, &bound, &local.addr) &&
	    !sipd_sdp_offer_read(&local, offer.p, offer.l, &remote, sdp,
				 sizeof(sdp)))
		return 0;
	(void)re_snprintf(extra, size, "Warning: 399 - \"%s\"\r\n",
			  sipd_error_text());

	return 488;
}


/* A session that would be refreshed too often. RFC 4028 9 */
static int check_timer(const struct sip_msg *msg, char *extra, size_t size)
{
	const uint32_t s = invite_expires(msg);

	if (!s || s >= INVITE_SE_MIN ||
	    !sip_msg_hdr_has_value(msg, SIP_HDR_SUPPORTED, "timer"))
		return 0;
	(void)re_snprintf(extra, size, "Min-SE: %u\r\n", INVITE_SE_MIN);

	return 422;
}


static bool rate_allowed(struct sipd_sip *sip)
{
	const uint64_t now = sipd_clock_ms();
	const uint64_t more = (now - sip->incoming_ms) * INCOMING_PER_S / 1000;

	if (more) {
		const uint64_t sum = sip->incoming_tokens + more;

		sip->incoming_tokens = sum > INCOMING_BURST ? INCOMING_BURST
							    : (uint32_t)sum;
		sip->incoming_ms = now;
	}
	if (!sip->incoming_tokens)
		return false;
	sip->incoming_tokens--;

	return true;
}


/* ---- it comes in --------------------------------------------------------- */

static int session_fill(struct sipd_invite *inv, const struct sip_msg *msg)
{
	int err;

	inv->inbound = true;
	inv->state = INVITE_RINGING;
	inv->responded = inv->ringing = true;
	inv->msg = mem_ref((void *)msg);
	inv->rseq = inv->invite_rseq = msg->cseq.num;
	inv->rseq_set = true;
	/* the tag that libre puts into each answer to this message */
	(void)re_snprintf(inv->ltag, sizeof(inv->ltag), "%016llx", msg->tag);

	err = pl_strdup(&inv->callid, &msg->callid);
	if (!err)
		err = pl_strdup(&inv->branch, &msg->via.branch);
	if (!err)
		err = re_sdprintf(&inv->from, "%r;tag=%s", &msg->to.val,
				  inv->ltag);
	if (!err)
		err = invite_dialog_create(&inv->dlg, inv, msg);

	return err;
}


/* Final answer above 299: libre repeats it until the ACK, and absorbs copies
 * of the INVITE, so that none becomes another call. */
static void refuse_invite(struct sipd_invite *inv, int status,
			  const char *extra)
{
	const int err = sip_treplyf(NULL, NULL, inv->sip->sip, inv->msg, false,
				    (uint16_t)status,
				    sipd_reason_phrase(status),
				    "%sContent-Length: 0\r\n\r\n", extra);

	if (err)
		sipd_log_warning(inv->sip->log, "call %s: %d not sent: %s",
				 inv->callid, status, strerror(err));
}


static int session_open(struct sipd_sip *sip, const struct sip_msg *msg)
{
	struct invite_caller_text text;
	struct sipd_invite *inv;
	int status;

	inv = invite_alloc(sip);
	if (!inv)
		return 503;
	if (session_fill(inv, msg)) {
		mem_deref(inv);
		return 500;
	}

	invite_list(inv);
	invite_caller_read(sip, msg, &text);
	status = sip->incomingh(inv, &text.caller, sip->incoming_arg);
	if (status) {
		refuse_invite(inv, status, "");
		inv->told = true; /* nobody has heard of it */
		invite_done(inv, 0);
	}

	return 0;
}


int sipd_invite_incoming(struct sipd_sip *sip, const struct sip_msg *msg,
			 char *extra, size_t size)
{
	int status;

	*extra = '\0';
	if (!sip->incomingh)
		return 480;

	sip->stats.incoming++;
	status = check_head(msg);
	if (!status)
		status = check_require(msg, extra, size);
	if (!status)
		status = check_timer(msg, extra, size);
	if (!status)
		status = check_body(sip, msg, extra, size);
	if (!status && !rate_allowed(sip)) {
		(void)re_snprintf(extra, size, "Retry-After: 1\r\n");
		status = 503;
	}

	return status ? status : session_open(sip, msg);
}


/* ---- ringing ------------------------------------------------------------- */

static void ring_again(void *arg);


static void ring_timer(struct sipd_invite *inv)
{
	const uint32_t ms = inv->ring_ms < RING_AGAIN_MS
				    ? inv->ring_ms
				    : (uint32_t)RING_AGAIN_MS;

	inv->ring_ms -= ms;
	tmr_start(&inv->tmr, ms, ring_again, inv);
}


/* To where the INVITE came from, never to who repeats it. */
static void ring_send(struct sipd_invite *inv)
{
	struct pl rport;
	struct sa dst;

	if (!inv->ring)
		return;

	sip_reply_addr(&dst, inv->msg,
		       !msg_param_exists(&inv->msg->via.params, "rport",
					 &rport));
	(void)sip_send(inv->sip->sip, inv->msg->sock, inv->msg->tp, &dst,
		       inv->ring);
}


static void ring_again(void *arg)
{
	struct sipd_invite *inv = arg;

	if (inv->ring_ms) {
		ring_send(inv);
		ring_timer(inv);
		return;
	}

	inv->ring_timeout = true;
	sipd_invite_reject(inv, inv->expires ? 487 : 480,
			   "nobody answered the call in time");
}


/* Not for longer than the INVITE is good for. RFC 3261 13.3.1 */
static uint32_t ring_ms(struct sipd_invite *inv, uint32_t timeout_ms)
{
	const struct sip_hdr *hdr = sip_msg_hdr(inv->msg, SIP_HDR_EXPIRES);
	uint32_t s;

	inv->expires = hdr && sipd_pl_number(&hdr->val, &s) &&
		       s < timeout_ms / 1000;

	return inv->expires ? s * 1000 : timeout_ms;
}


void sipd_invite_take(struct sipd_invite *inv, uint32_t ring_timeout_ms,
		      const struct sipd_invite_handlers *h, void *arg)
{
	struct sip_strans *st = NULL;
	struct sa laddr;
	char contact[400];
	int err;

	inv->h = *h;
	inv->arg = arg;
	inv->ring_ms = ring_ms(inv, ring_timeout_ms);
	ring_timer(inv);

	/* who does not hear it sends the INVITE again */
	err = sip_transp_laddr(inv->sip->sip, &laddr, inv->msg->tp,
			       &inv->msg->src);
	if (!err)
		err = sipd_contact(inv->sip, inv->msg->tp, &laddr, contact,
				   sizeof(contact));
	if (!err)
		err = sip_treplyf(&st, &inv->ring, inv->sip->sip, inv->msg,
				  true, 180, "Ringing",
				  "Contact: %s\r\n%sContent-Length: 0\r\n\r\n",
				  contact, invite_allow);
	if (err)
		sipd_log_warning(inv->sip->log, "call %s: 180 not sent: %s",
				 inv->callid, strerror(err));
	mem_deref(st); /* a copy of the INVITE is answered here */
}


static void end_refused(struct sipd_invite *inv, int status, const char *extra,
			struct sipd_invite_end *end)
{
	refuse_invite(inv, status, extra);
	inv->status = (uint16_t)status;
	end->sip_status = status;
	inv->hungup = true;
	invite_done(inv, 0);
	invite_tell(inv, end);
}


void sipd_invite_reject(struct sipd_invite *inv, int sip_status,
			const char *reason)
{
	struct sipd_invite_end end = {
		.local = !inv->ring_timeout,
		.reason = reason,
	};

	if (inv->state == INVITE_RINGING)
		end_refused(inv, sip_status, "", &end);
}


/* CANCEL, or BYE in the early dialog. RFC 3261 9.2, 15.1.2 */
static void gone(struct sipd_invite *inv, const struct sip_msg *msg,
		 const char *reason)
{
	struct sipd_invite_end end = {.reason = reason};
	int cause;

	end.q850 = sipd_reason_q850(msg, &cause);
	end_refused(inv, 487, "", &end);
}


/* ---- the answer ---------------------------------------------------------- */

/* Who does not speak of timers cannot be the one who refreshes. RFC 4028 9 */
static void timer_agree(struct sipd_invite *inv)
{
	invite_session_timer(inv, inv->msg);
	if (!sip_msg_hdr_has_value(inv->msg, SIP_HDR_SUPPORTED, "timer"))
		inv->refresher = true;
}


static void cannot_answer(struct sipd_invite *inv, int status, int error)
{
	char words[SIPD_ERROR_SIZE], warning[SIPD_ERROR_SIZE + 32];
	struct sipd_invite_end end = {
		.error = error,
		.local = true,
		.reason = words,
	};

	(void)re_snprintf(words, sizeof(words), "%s", sipd_error_text());
	(void)re_snprintf(warning, sizeof(warning),
			  "Warning: 399 - \"%s\"\r\n", words);
	end_refused(inv, status, warning, &end);
}


static int answer_send(struct sipd_invite *inv, const char *sdp,
		       bool want_answer)
{
	const int err = invite_accept(inv, inv->msg, sdp, want_answer);

	if (err)
		return sipd_error_errno(err, "answer to the INVITE");

	inv->status = 200;
	inv->state = INVITE_CONFIRMED;
	inv->unacked = true;
	inv->ring = mem_deref(inv->ring);

	return 0;
}


void sipd_invite_answer(struct sipd_invite *inv,
			const struct sipd_sdp_local *local)
{
	char sdp[INVITE_SDP_MAX];
	struct sipd_sdp_remote remote;
	struct pl offer;
	bool offered;
	int err;

	if (inv->state != INVITE_RINGING)
		return;

	inv->local = *local;
	offered = invite_body_sdp(inv->msg, &offer);
	err = offered ? invite_answer_make(inv, &offer, &remote, sdp,
					   sizeof(sdp))
		      : invite_offer_make(inv, sdp, sizeof(sdp));
	if (err) {
		cannot_answer(inv, 488, SIPDIALER_EFORMAT);
		return;
	}

	timer_agree(inv);
	if (answer_send(inv, sdp, !offered)) {
		cannot_answer(inv, 500, SIPDIALER_ENET);
		return;
	}

	tmr_cancel(&inv->tmr);
	invite_timer_arm(inv);
	if (offered)
		invite_in_agreed(inv, &remote);
}


void invite_in_agreed(struct sipd_invite *inv,
		      const struct sipd_sdp_remote *remote)
{
	if (inv->hungup)
		return;

	inv->answered = true;
	invite_media(inv, remote, false);
	if (!inv->hungup && inv->h.answered)
		inv->h.answered(inv->arg);
}


void invite_in_acked(struct sipd_invite *inv)
{
	inv->unacked = false;
	inv->msg = mem_deref(inv->msg);
	if (inv->hungup && inv->state == INVITE_CONFIRMED)
		invite_bye(inv); /* it had to wait. RFC 3261 15 */
}


void invite_in_hangup(struct sipd_invite *inv, const char *reason)
{
	struct sipd_invite_end end = {
		.sip_status = inv->status,
		.local = true,
		.reason = reason,
	};

	if (inv->state == INVITE_RINGING) {
		/* 480, not 603: others that ring for it may go on */
		sipd_invite_reject(inv, 480, reason);
		return;
	}

	inv->local_end = true;
	if (inv->unacked)
		tmr_cancel(&inv->tmr);
	else
		invite_bye(inv);
	invite_tell(inv, &end);
}


/* ---- requests before the answer, or outside the dialog -------------------- */

void invite_in_bye(struct sipd_invite *inv, const struct sip_msg *msg)
{
	gone(inv, msg, "hung up by the caller before the answer");
}


/* The INVITE itself, or the CANCEL of it. */
static bool invite_handler(struct le *le, void *arg)
{
	const struct sipd_invite *inv = le->data;
	const struct sip_msg *msg = arg;

	return inv->inbound && msg->cseq.num == inv->invite_rseq &&
	       !pl_strcmp(&msg->callid, inv->callid) && inv->dlg.rtag &&
	       !pl_strcmp(&msg->from.tag, inv->dlg.rtag);
}


static void cancel(struct sipd_invite *inv, const struct sip_msg *msg)
{
	/* one tag for all answers. RFC 3261 9.2 */
	if (inv->msg)
		((struct sip_msg *)msg)->tag = inv->msg->tag;
	(void)sip_reply(inv->sip->sip, msg, 200, "OK");
	if (inv->state == INVITE_RINGING)
		gone(inv, msg, "given up by the caller");
}


bool invite_in_cancel(struct sipd_invite *inv, const struct sip_msg *msg)
{
	if (inv->state != INVITE_RINGING || pl_strcmp(&msg->met, "CANCEL") ||
	    msg->cseq.num != inv->invite_rseq ||
	    pl_strcmp(&msg->via.branch, inv->branch) ||
	    !sipd_guard_known_source(inv->sip, msg))
		return false;

	cancel(inv, msg);

	return true;
}


bool invite_in_request(struct sipd_sip *sip, const struct sip_msg *msg)
{
	struct sipd_invite *inv;

	if (!sipd_guard_known_source(sip, msg))
		return false;

	inv = list_ledata(hash_lookup(sip->invites,
				      hash_joaat_pl(&msg->callid),
				      invite_handler, (void *)msg));
	if (!inv)
		return false;

	if (!pl_strcmp(&msg->met, "CANCEL")) {
		if (pl_strcmp(&msg->via.branch, inv->branch))
			return false;
		cancel(inv, msg);
		return true;
	}
	if (pl_strcmp(&msg->met, "INVITE"))
		return false;

	/* the same call by another way. RFC 3261 8.2.2.2 */
	if (pl_strcmp(&msg->via.branch, inv->branch))
		(void)sip_reply(sip->sip, msg, 482, "Loop Detected");
	else if (inv->state == INVITE_RINGING)
		ring_send(inv);

	return true;
}
