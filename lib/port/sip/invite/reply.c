/**
 * @file port/sip/invite/reply.c  Requests of the peer inside a dialog
 *
 * BYE, re-INVITE and its ACK, UPDATE, INFO and what else comes.  Loop thread.
 * RFC 3261 12.2.2, 14.2, 15.1.2; 3311; 6086
 */
#include "port/sip/invite/early.h"
#include "port/sip/invite/info.h"
#include "port/sip/invite/refer.h"

#include <string.h>
#include "base/clock.h"
#include "base/error.h"

/* A server transaction is kept for 32 s. RFC 3261 17.2.2 */
enum { REQUESTS_PER_S = 20, REQUESTS_BURST = 60 };


void invite_reply_close(struct sipd_invite *inv)
{
	inv->reply = mem_deref(inv->reply);
}


static void reply_destructor(void *arg)
{
	struct invite_reply *reply = arg;

	tmr_cancel(&reply->tmr);
	mem_deref(reply->msg);
	mem_deref(reply->mb);
}


static void send_again(struct sipd_invite *inv)
{
	const struct invite_reply *reply = inv->reply;

	if (reply)
		(void)sip_send(inv->sip->sip, reply->msg->sock, reply->msg->tp,
			       &reply->dst, reply->mb);
}


/* Our 2xx until the ACK. RFC 3261 13.3.1.4 */
static void reply_handler(void *arg)
{
	struct invite_reply *reply = arg;
	struct sipd_invite *inv = reply->inv;

	reply->spent_ms += reply->wait_ms;
	if (reply->spent_ms >= INVITE_WAIT_MS) {
		struct sipd_invite_end end = {
			.sip_status = inv->status,
			.error = SIPDIALER_ENET,
			.reason = "peer does not acknowledge our answer",
		};

		/* closes the reply */
		invite_bye_for(inv, 102, end.reason);
		invite_tell(inv, &end);
		return;
	}

	send_again(inv);
	reply->wait_ms *= 2;
	if (reply->wait_ms > SIP_T2)
		reply->wait_ms = SIP_T2;
	if (reply->wait_ms > INVITE_WAIT_MS - reply->spent_ms)
		reply->wait_ms = INVITE_WAIT_MS - reply->spent_ms;
	tmr_start(&reply->tmr, reply->wait_ms, reply_handler, reply);
}


static void reply_start(struct sipd_invite *inv, struct invite_reply *reply,
			const struct sip_msg *msg, bool want_answer)
{
	struct pl rport;

	reply->inv = inv;
	reply->msg = mem_ref((void *)msg);
	reply->cseq = msg->cseq.num;
	reply->want_answer = want_answer;
	reply->wait_ms = SIP_T1;
	sip_reply_addr(&reply->dst, msg,
		       !msg_param_exists(&msg->via.params, "rport", &rport));
	tmr_start(&reply->tmr, reply->wait_ms, reply_handler, reply);
	inv->reply = reply;
}


/* A changed description gets a higher version, the same one the same.
 * RFC 3264 8 */
static void version_raise(struct sipd_invite *inv, const char *sdp)
{
	const char *media = strstr(sdp, "\r\nc=");
	const uint32_t sum = hash_joaat_str(media ? media : sdp);

	if (sum != inv->sdp_sum)
		++inv->local.version;
	inv->sdp_sum = sum;
}


int invite_answer_make(struct sipd_invite *inv, const struct pl *offer,
		       struct sipd_sdp_remote *remote, char *sdp, size_t size)
{
	int err;

	(void)sipd_secure_renew(&inv->local.secure);
	err = sipd_sdp_offer_read(&inv->local, offer->p, offer->l, remote, sdp,
				  size);
	if (err)
		return err;

	version_raise(inv, sdp);

	return sipd_sdp_offer_read(&inv->local, offer->p, offer->l, remote,
				   sdp, size);
}


int invite_offer_make(struct sipd_invite *inv, char *sdp, size_t size)
{
	(void)sipd_secure_renew(&inv->local.secure);
	if (!sipd_sdp_offer(&inv->local, sdp, size))
		return SIPDIALER_EFORMAT;
	version_raise(inv, sdp);

	return sipd_sdp_offer(&inv->local, sdp, size) ? 0 : SIPDIALER_EFORMAT;
}


static void refuse(struct sipd_invite *inv, const struct sip_msg *msg,
		   uint16_t scode, const char *reason, const char *headers)
{
	(void)sip_treplyf(NULL, NULL, inv->sip->sip, msg, false, scode, reason,
			  "%sContent-Length: 0\r\n\r\n", headers);
}


bool invite_has_body(const struct sip_msg *msg)
{
	return mbuf_get_left(msg->mb) > 0 &&
	       !(pl_isset(&msg->clen) && pl_u32(&msg->clen) == 0);
}


bool invite_encoded(const struct sip_msg *msg)
{
	const struct sip_hdr *hdr = sip_msg_hdr(msg, SIP_HDR_CONTENT_ENCODING);

	return hdr && pl_isset(&hdr->val) &&
	       pl_strcasecmp(&hdr->val, "identity");
}


/* 200 with our side of the session; mbp as sip_treplyf() */
static int accept_send(struct sipd_invite *inv, const struct sip_msg *msg,
		       const char *sdp, struct mbuf **mbp)
{
	char contact[400], expires[96];
	struct sa laddr;

	if (sip_transp_laddr(inv->sip->sip, &laddr, msg->tp, &msg->src) ||
	    sipd_contact(inv->sip, msg->tp, &laddr, contact, sizeof(contact)))
		return EINVAL;
	invite_timer_write(inv, expires, sizeof(expires));

	return sip_treplyf(
		NULL, mbp, inv->sip->sip, msg, true, 200, "OK",
		"Contact: %s\r\n%s%s%sContent-Length: %zu\r\n\r\n%s", contact,
		invite_allow, expires,
		sdp ? "Content-Type: application/sdp\r\n" : "",
		sdp ? strlen(sdp) : (size_t)0, sdp ? sdp : "");
}


int invite_ok(struct sipd_invite *inv, const struct sip_msg *msg,
	      const char *sdp)
{
	return accept_send(inv, msg, sdp, NULL);
}


int invite_accept(struct sipd_invite *inv, const struct sip_msg *msg,
		  const char *sdp, bool want_answer)
{
	/* first: a 2xx that cannot be repeated until its ACK, or be known by
	 * it, is none */
	struct invite_reply *reply = mem_zalloc(sizeof(*reply),
						reply_destructor);
	int err;

	if (!reply)
		return ENOMEM;

	tmr_init(&reply->tmr);
	err = accept_send(inv, msg, sdp, &reply->mb);
	if (err)
		mem_deref(reply);
	else
		reply_start(inv, reply, msg, want_answer);

	return err;
}


static void refuse_status(struct sipd_invite *inv, const struct sip_msg *msg,
			  int status, const char *headers)
{
	refuse(inv, msg, (uint16_t)status, sipd_reason_phrase(status),
	       headers);
}


/* Would it cross another?  True: answered. RFC 3261 14.2, 3311 5.2 */
static bool glare(struct sipd_invite *inv, const struct sip_msg *msg)
{
	const int status = invite_check_glare(inv, msg);
	char after[40] = "";

	if (!status)
		return false;
	if (status == 500)
		(void)re_snprintf(after, sizeof(after), "Retry-After: %u\r\n",
				  rand_u16() % 10);
	refuse_status(inv, msg, status, after);

	return true;
}


/* Our side of it: the answer to an offer, or an offer.  0 or an error. */
static int describe(struct sipd_invite *inv, const struct sip_msg *msg,
		    struct sipd_sdp_remote *remote, bool *offered,
		    char sdp[INVITE_SDP_MAX])
{
	struct pl offer;

	*offered = invite_body_sdp(msg, &offer);
	if (*offered)
		return invite_answer_make(inv, &offer, remote, sdp,
					  INVITE_SDP_MAX);

	return pl_strcmp(&msg->met, "INVITE")
		       ? 0
		       : invite_offer_make(inv, sdp, INVITE_SDP_MAX);
}


/* re-INVITE or UPDATE */
static void modify(struct sipd_invite *inv, const struct sip_msg *msg,
		   bool invite)
{
	char sdp[INVITE_SDP_MAX] = "", extra[SIPD_ERROR_SIZE + 64];
	struct sipd_sdp_remote remote;
	bool offered;
	int err;

	if (glare(inv, msg))
		return;
	err = invite_check_modify(inv, msg, extra, sizeof(extra));
	if (err) {
		refuse_status(inv, msg, err, extra);
		return;
	}
	if (describe(inv, msg, &remote, &offered, sdp)) {
		/* the call goes on as it was. RFC 3261 14.2 */
		(void)re_snprintf(extra, sizeof(extra),
				  "Warning: 399 - \"%s\"\r\n",
				  sipd_error_text());
		refuse_status(inv, msg, 488, extra);
		return;
	}

	invite_dialog_refresh(&inv->dlg, inv->sip, msg);
	invite_session_timer(inv, msg);
	err = invite ? invite_accept(inv, msg, sdp, !offered)
		     : accept_send(inv, msg, *sdp ? sdp : NULL, NULL);
	if (err)
		refuse_status(inv, msg, 500, "");
	else if (offered)
		invite_media(inv, &remote, false);
}


/* The answer to the offer in our 2xx. */
static void answer_taken(struct sipd_invite *inv, const struct sip_msg *msg,
			 bool first)
{
	struct sipd_sdp_remote remote;
	struct pl sdp;

	if (invite_body_sdp(msg, &sdp) &&
	    !sipd_sdp_answer_read(&inv->local, sdp.p, sdp.l, &remote)) {
		if (first)
			invite_in_agreed(inv, &remote);
		else
			invite_media(inv, &remote, false);
		return;
	}

	if (first && !inv->hungup) {
		struct sipd_invite_end end = {
			.sip_status = inv->status,
			.error = SIPDIALER_EFORMAT,
			.reason = "ACK without a usable answer to our offer",
		};

		invite_bye(inv);
		invite_tell(inv, &end);
		return;
	}
	sipd_log_info(inv->sip->log,
		      "call %s: ACK without a usable answer, media stay as "
		      "they are",
		      inv->callid);
}


static void acked(struct sipd_invite *inv, const struct sip_msg *msg)
{
	const bool first = inv->unacked;
	bool want;

	if (!inv->reply || inv->reply->cseq != msg->cseq.num)
		return;

	want = inv->reply->want_answer;
	invite_reply_close(inv);
	if (first)
		invite_in_acked(inv);
	if (want && inv->state == INVITE_CONFIRMED)
		answer_taken(inv, msg, first);
}


static void bye(struct sipd_invite *inv, const struct sip_msg *msg)
{
	struct sipd_invite_end end = {.sip_status = inv->status};
	struct invite_reason reason;

	/* stateless: a copy finds the session lingering, and costs less than
	 * 32 s of transaction for each call */
	(void)sip_reply(inv->sip->sip, msg, 200, "OK");
	if (inv->state == INVITE_RINGING)
		invite_in_bye(inv, msg);
	if (inv->state != INVITE_CONFIRMED)
		return;

	invite_reason_read(msg, &reason);
	end.q850 = reason.q850;
	end.reason = *reason.text ? reason.text : "hung up by the peer";
	inv->refreshing = inv->offering = false;
	inv->req = mem_deref(inv->req);
	tmr_cancel(&inv->tmr);
	inv->state = INVITE_DONE; /* the owner may hang up as he is told */
	invite_refer_over(inv, true);
	invite_done(inv, invite_linger(inv, msg->tp == SIP_TRANSP_UDP
						    ? INVITE_LINGER_MS
						    : 0));
	invite_tell(inv, &end);
}


struct verdict {
	const char *method;
	uint16_t scode;
	const char *reason;
};

/* What is answered without looking further. */
/* clang-format off */
static const struct verdict verdicts[] = {
	{ "REFER",     603, "Decline" },
	{ "NOTIFY",    489, "Bad Event" },
	{ "PRACK",     481, "No Such Response" },
	{ "CANCEL",    481, "No Such Transaction" },
	{ "SUBSCRIBE", 405, "Method Not Allowed" },
	{ "MESSAGE",   405, "Method Not Allowed" },
	{ "PUBLISH",   405, "Method Not Allowed" },
	{ "REGISTER",  405, "Method Not Allowed" },
};
/* clang-format on */


/* The same however often it comes: no transaction. RFC 3261 11.2 */
static void options(struct sipd_invite *inv, const struct sip_msg *msg)
{
	(void)sip_replyf(inv->sip->sip, msg, 200, "OK",
			 "%sContent-Length: 0\r\n\r\n", invite_allow);
}


static void other(struct sipd_invite *inv, const struct sip_msg *msg)
{
	size_t i;

	if (!pl_strcmp(&msg->met, "OPTIONS")) {
		options(inv, msg);
		return;
	}
	if (!pl_strcmp(&msg->met, "PRACK") && invite_in_prack(inv, msg))
		return;

	for (i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		if (!pl_strcmp(&msg->met, verdicts[i].method)) {
			refuse(inv, msg, verdicts[i].scode, verdicts[i].reason,
			       invite_allow);
			return;
		}
	}
	refuse(inv, msg, 501, "Not Implemented", invite_allow);
}


static bool too_many(struct sipd_invite *inv)
{
	const uint64_t now = sipd_clock_ms();
	const uint64_t less = (now - inv->asked_ms) * REQUESTS_PER_S / 1000;

	if (less) {
		inv->asked -= less < inv->asked ? (uint32_t)less : inv->asked;
		inv->asked_ms = now;
	}
	if (inv->asked == REQUESTS_BURST)
		return true;
	inv->asked++;

	return false;
}


/* It leaves nothing behind, or can come once only. */
static bool harmless(const struct sipd_invite *inv, const struct sip_msg *msg)
{
	if (!pl_strcmp(&msg->met, "ACK"))
		return true;
	if (inv->state >= INVITE_ENDING ||
	    (inv->rseq_set && msg->cseq.num < inv->rseq))
		return false;

	return !pl_strcmp(&msg->met, "BYE") ||
	       !pl_strcmp(&msg->met, "OPTIONS");
}


/* Stateless, and no end of the dialog. RFC 5057 5.1 */
static bool refuse_flood(struct sipd_invite *inv, const struct sip_msg *msg)
{
	if (harmless(inv, msg) || !too_many(inv))
		return false;

	(void)sip_replyf(inv->sip->sip, msg, 500, "Too Many Requests",
			 "Retry-After: 1\r\nContent-Length: 0\r\n\r\n");

	return true;
}


/* Something that we do not have?  True: answered. RFC 3261 8.2.2.3 */
static bool requires(struct sipd_invite *inv, const struct sip_msg *msg)
{
	char extra[256];
	const int status = invite_check_require(msg, extra, sizeof(extra));

	if (!status || !pl_strcmp(&msg->met, "CANCEL"))
		return false;
	refuse_status(inv, msg, status, extra);

	return true;
}


/* Before the answer: gateways send DTMF or ask whether we are there even
 * without an early dialog, or before its 1xx. */
static bool early_request(struct sipd_invite *inv, const struct sip_msg *msg)
{
	struct invite_early *e = invite_early_find(inv, &msg->from.tag);

	if (inv->hungup || inv->state != INVITE_CALLING)
		return false;

	if (e && e->peer_seq_set && msg->cseq.num <= e->peer_seq) {
		refuse(inv, msg, 500, "CSeq Out Of Order", "");
		return true;
	}
	if (e) {
		e->peer_seq = msg->cseq.num;
		e->peer_seq_set = true;
		if (requires(inv, msg))
			return true;
	}

	if (!pl_strcmp(&msg->met, "INFO"))
		invite_info_request(inv, msg);
	else if (!pl_strcmp(&msg->met, "OPTIONS"))
		other(inv, msg);
	else if (e && !pl_strcmp(&msg->met, "UPDATE"))
		invite_early_update(e, msg);
	else
		return false;

	return true;
}


/* The session timer is agreed by INVITE and 200. RFC 3311 5.2 */
static void early_update(struct sipd_invite *inv, const struct sip_msg *msg)
{
	char sdp[INVITE_SDP_MAX] = "", extra[SIPD_ERROR_SIZE + 64] = "";
	const int status = invite_has_body(msg)
				   ? invite_in_update(inv, msg, sdp,
						      sizeof(sdp))
				   : 200;

	if (status == 200) {
		invite_dialog_refresh(&inv->dlg, inv->sip, msg);
		(void)accept_send(inv, msg, *sdp ? sdp : NULL, NULL);
		if (*sdp)
			invite_in_updated(inv);
		return;
	}

	if (status == 500)
		(void)re_snprintf(extra, sizeof(extra), "Retry-After: %u\r\n",
				  1 + rand_u16() % 10);
	else if (status == 488)
		(void)re_snprintf(extra, sizeof(extra),
				  "Warning: 399 - \"%s\"\r\n",
				  sipd_error_text());
	refuse(inv, msg, (uint16_t)status, sipd_reason_phrase(status), extra);
}


/* No final answer of ours yet. */
static void ringing_request(struct sipd_invite *inv, const struct sip_msg *msg)
{
	const bool update = !pl_strcmp(&msg->met, "UPDATE");

	if (!pl_strcmp(&msg->met, "INFO"))
		invite_info_request(inv, msg);
	else if (update)
		early_update(inv, msg);
	else if (!pl_strcmp(&msg->met, "INVITE"))
		/* the first is not answered. RFC 3261 14.2 */
		refuse(inv, msg, 500, "Server Internal Error",
		       "Retry-After: 5\r\n");
	else
		other(inv, msg);
}


static void confirmed_request(struct sipd_invite *inv,
			      const struct sip_msg *msg)
{
	if (!pl_strcmp(&msg->met, "INVITE"))
		modify(inv, msg, true);
	else if (!pl_strcmp(&msg->met, "UPDATE"))
		modify(inv, msg, false);
	else if (!pl_strcmp(&msg->met, "INFO"))
		invite_info_request(inv, msg);
	else if (!pl_strcmp(&msg->met, "REFER"))
		invite_refer_request(inv, msg);
	else if (!pl_strcmp(&msg->met, "NOTIFY"))
		invite_refer_notify(inv, msg);
	else
		other(inv, msg);
}


static bool dialog_handler(struct le *le, void *arg)
{
	const struct sipd_invite *inv = le->data;
	const struct sip_msg *msg = arg;

	return !pl_strcmp(&msg->callid, inv->callid) &&
	       !pl_strcmp(&msg->to.tag, inv->ltag);
}


static bool callid_handler(struct le *le, void *arg)
{
	const struct sipd_invite *inv = le->data;
	const struct sip_msg *msg = arg;

	return !pl_strcmp(&msg->callid, inv->callid);
}


bool sipd_invite_known(const struct sipd_sip *sip, const struct sip_msg *msg)
{
	return hash_lookup(sip->invites, hash_joaat_pl(&msg->callid),
			   callid_handler, (void *)msg) != NULL;
}


bool sipd_invite_request(struct sipd_sip *sip, const struct sip_msg *msg)
{
	struct sipd_invite *inv;
	bool again;

	if (!pl_isset(&msg->to.tag))
		return invite_in_request(sip, msg);

	inv = list_ledata(hash_lookup(sip->invites,
				      hash_joaat_pl(&msg->callid),
				      dialog_handler, (void *)msg));
	if (!inv)
		return false;

	if (refuse_flood(inv, msg))
		return true;
	if (!inv->dlg.rtag)
		return early_request(inv, msg);
	if (pl_strcmp(&msg->from.tag, inv->dlg.rtag))
		return false;

	if (!pl_strcmp(&msg->met, "ACK")) {
		acked(inv, msg);
		return true;
	}

	again = inv->rseq_set && msg->cseq.num <= inv->rseq;
	if (msg->cseq.num == inv->rseq && !pl_strcmp(&msg->met, "OPTIONS"))
		again = false; /* answered as the first time */
	if (!pl_strcmp(&msg->met, "BYE") &&
	    (!again || msg->cseq.num == inv->rseq)) {
		inv->rseq = msg->cseq.num;
		inv->rseq_set = true;
		bye(inv, msg);
		return true;
	}
	if (inv->state != INVITE_CONFIRMED && inv->state != INVITE_RINGING) {
		refuse(inv, msg, 481, "Call Does Not Exist", "");
		return true;
	}
	if (again && pl_strcmp(&msg->met, "CANCEL")) {
		refuse(inv, msg, 500, "CSeq Out Of Order", "");
		return true;
	}
	if (pl_strcmp(&msg->met, "CANCEL")) {
		inv->rseq = msg->cseq.num;
		inv->rseq_set = true;
	}

	if (invite_in_cancel(inv, msg) || requires(inv, msg))
		return true;
	if (inv->state == INVITE_RINGING)
		ringing_request(inv, msg);
	else
		confirmed_request(inv, msg);

	return true;
}
