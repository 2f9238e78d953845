/**
 * @file port/sip/invite/answer.c  Answers to our INVITE
 *
 * Challenges, redirections, the final answer.  libre 1.1.0 believes too easily
 * and follows redirects (specs facts E-H): answers are checked here, and
 * redirect.c says what is followed.  Loop thread.  RFC 3261 13.2.2, 22.2
 */
#include <string.h>
#include "base/clock.h"
#include "base/error.h"
#include "port/sip/invite/early.h"
#include "port/sip/invite/prack.h"
#include "port/sip/invite/redirect.h"

enum { REASON_SIZE = 128 }; /* longer phrases are cut */


void invite_reason(const struct sip_msg *msg, char *buf, size_t size)
{
	size_t i;

	buf[0] = '\0';
	(void)pl_strcpy(&msg->reason, buf, size); /* cut if too long */
	for (i = 0; buf[i]; i++) {
		if ((unsigned char)buf[i] < ' ' || buf[i] == 0x7f)
			buf[i] = '?';
	}
}


/* The part of a multipart body that is SDP (ISUP gateways). RFC 2046 5.1 */
static bool multipart_sdp(const struct sip_msg *msg, const struct pl *body,
			  struct pl *sdp)
{
	struct pl boundary, part = *body;
	char mark[80];
	const char *head, *text, *end;

	if (msg_param_decode(&msg->ctyp.params, "boundary", &boundary))
		return false;
	if (boundary.l >= 2 && boundary.p[0] == '"') {
		boundary.p++;
		boundary.l -= 2;
	}
	if (!boundary.l || boundary.l > 70)
		return false;
	(void)re_snprintf(mark, sizeof(mark), "--%r", &boundary);

	while ((head = memmem(part.p, part.l, mark, strlen(mark)))) {
		struct pl ct;

		part.l -= (size_t)(head - part.p) + strlen(mark);
		part.p = head + strlen(mark);
		end = memmem(part.p, part.l, mark, strlen(mark));
		text = memmem(part.p, part.l, "\r\n\r\n", 4);
		if (!end || !text || text > end)
			return false;
		ct.p = part.p;
		ct.l = (size_t)(text - part.p);
		if (!re_regex(ct.p, ct.l, "application/sdp")) {
			sdp->p = text + 4;
			sdp->l = (size_t)(end - text) < 4
					 ? 0
					 : (size_t)(end - text) - 4;
			return sdp->l > 0;
		}
		part.l -= (size_t)(end - part.p);
		part.p = end;
	}

	return false;
}


bool invite_body_sdp(const struct sip_msg *msg, struct pl *sdp)
{
	struct pl body = {(const char *)mbuf_buf(msg->mb),
			  mbuf_get_left(msg->mb)};
	const uint32_t clen = pl_u32(&msg->clen);

	if (pl_isset(&msg->clen) && clen < body.l)
		body.l = clen; /* the rest is padding. RFC 3261 18.3 */
	if (!body.l)
		return false;

	if (msg_ctype_cmp(&msg->ctyp, "application", "sdp")) {
		*sdp = body;
		return true;
	}

	return !pl_strcasecmp(&msg->ctyp.type, "multipart") &&
	       multipart_sdp(msg, &body, sdp);
}


int invite_challenge(struct sipd_invite *inv, const struct sip_msg *msg)
{
	if (inv->elsewhere)
		return sipd_error(SIPDIALER_EAUTH,
				  "password asked for by %s, where the call "
				  "was redirected to",
				  inv->hop);
	if (!inv->auth) {
		const int err = sipd_auth_alloc(&inv->auth, inv->sip);

		if (err)
			return err;
	}

	return sipd_auth_challenge(inv->auth, msg);
}


/* ---- how it ends ------------------------------------------------------ */

static uint32_t retry_after(const struct sip_msg *msg)
{
	const struct sip_hdr *hdr = sip_msg_hdr(msg, SIP_HDR_RETRY_AFTER);
	uint32_t s = 0;
	size_t i;

	for (i = 0; hdr && i < hdr->val.l && s < 1000000; i++) {
		if (hdr->val.p[i] < '0' || hdr->val.p[i] > '9')
			break;
		s = s * 10 + (uint32_t)(hdr->val.p[i] - '0');
	}

	return s;
}


static bool analytics_handler(const struct sip_hdr *hdr,
			      const struct sip_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;

	return !re_regex(hdr->val.p, hdr->val.l, "text=[ ]*\"v=analytics",
			 NULL);
}


/* "603+": a blocked call says 603 "Network Blocked", or has a Reason with
 * text="v=analytics1;url=..."; 607 and 608 say so by their number. */
static bool network_block(const struct sip_msg *msg)
{
	if (msg->scode != 603)
		return false;

	return !pl_strcasecmp(&msg->reason, "Network Blocked") ||
	       sip_msg_hdr_apply(msg, true, SIP_HDR_REASON, analytics_handler,
				 NULL) != NULL;
}


/* A final answer above 299 (also what it says is a lie: error is set). */
static void end_by_answer(struct sipd_invite *inv, const struct sip_msg *msg,
			  int error, const char *words)
{
	const struct sip_hdr *hdr = sip_msg_hdr(msg, SIP_HDR_CONTACT);
	struct sipd_invite_end end = {
		.sip_status = error == SIPDIALER_EFORMAT ? 0 : msg->scode,
		.error = error,
		.local = inv->local_end,
	};
	char reason[REASON_SIZE], contact[INVITE_URI_SIZE] = "";
	char why[INVITE_URI_SIZE + SIPD_ERROR_SIZE];
	struct sip_addr addr;
	int cause;

	invite_reason(msg, reason, sizeof(reason));
	if (!words)
		words = inv->why ? inv->why : reason;
	if (sipd_invite_redirected(inv)) {
		(void)re_snprintf(why, sizeof(why), "%s (redirected to %s)",
				  words, inv->uri);
		words = why;
	}
	end.reason = words;
	if (!end.error)
		end.error = inv->fail;
	end.q850 = sipd_reason_q850(msg, &cause);
	end.retry_after = retry_after(msg);
	end.network_block = network_block(msg);
	if (msg->scode < 400 && hdr && !sip_addr_decode(&addr, &hdr->val))
		(void)pl_strcpy(&addr.auri, contact, sizeof(contact));
	end.contact = contact;

	inv->status = (uint16_t)end.sip_status;
	/* a transaction that was closed by a lie may still see the truth */
	invite_done(inv, invite_linger(inv, error == SIPDIALER_EFORMAT
						    ? INVITE_WAIT_MS
						    : 0));
	invite_tell(inv, &end);
}


void invite_unanswered(struct sipd_invite *inv, int err)
{
	struct sipd_invite_end end = {.local = inv->local_end};
	const char *tls = sipd_tls_failure(inv->sip->tls, err, inv->sent_ms);
	char words[INVITE_URI_SIZE + 80];

	if (invite_redirect_next(inv))
		return;

	if (tls)
		(void)re_snprintf(words, sizeof(words), "%s", tls);
	else
		sipd_send_words(inv->sip, err, inv->hop, words, sizeof(words));

	if (inv->fail)
		end.error = inv->fail;
	else if (!inv->hungup || !inv->responded)
		end.error = err == ECANCELED ? 0 : SIPDIALER_ENET;
	end.reason = inv->hungup && inv->why ? inv->why : words;

	/* an answer that comes after its transaction, or by another
	 * connection, still wants an ACK */
	invite_done(inv,
		    invite_linger(inv,
				  err == ECONNRESET || (err == ETIMEDOUT &&
							!inv->responded)
					  ? INVITE_WAIT_MS
					  : 0));
	invite_tell(inv, &end);
}


/* ---- answers ---------------------------------------------------------- */

static void note_tag(struct sipd_invite *inv, const struct sip_msg *msg)
{
	const uint32_t tag = hash_joaat_pl(&msg->to.tag);

	if (!pl_isset(&msg->to.tag))
		return;
	if (!inv->tagged)
		inv->first_tag = tag;
	else if (inv->first_tag != tag)
		inv->forked = true;
	inv->tagged = true;
}


/* ACK and BYE for a 2xx that cannot become a call. */
static void end_answered(struct sipd_invite *inv, int error,
			 const char *reason)
{
	struct sipd_invite_end end = {
		.sip_status = 200,
		.error = error,
		.local = inv->local_end,
		.reason = reason,
	};

	invite_bye(inv);
	invite_tell(inv, &end);
}


/* What a reliable 18x has agreed stands; else gateways may have said it in an
 * unreliable one only. */
static bool answer_sdp(struct sipd_invite *inv, const struct sip_msg *msg,
		       struct sipd_sdp_remote *remote)
{
	const struct invite_early *e = invite_early_of(inv, msg);
	struct pl sdp;

	if (!(e && e->agreed) && invite_body_sdp(msg, &sdp))
		return !sipd_sdp_answer_read(&inv->local, sdp.p, sdp.l,
					     remote);
	if (e && e->media) {
		*remote = e->remote;
		return true;
	}
	(void)sipd_error(SIPDIALER_EFORMAT, "answered without SDP");

	return false;
}


/* The dialog goes on where its early one was. */
static void go_on(struct sipd_invite *inv, const struct sip_msg *msg)
{
	const struct invite_early *e = invite_early_of(inv, msg);

	if (!e) {
		inv->lseq += inv->pracks; /* some may be of this one */
		return;
	}
	inv->lseq = e->lseq;
	inv->rseq = e->peer_seq;
	inv->rseq_set = e->peer_seq_set;
}


static void accepted(struct sipd_invite *inv, const struct sip_msg *msg)
{
	struct sipd_sdp_remote remote;
	char words[SIPD_ERROR_SIZE];
	bool media;

	note_tag(inv, msg);
	if (invite_dialog_create(&inv->dlg, inv, msg)) {
		end_by_answer(inv, msg, SIPDIALER_EFORMAT,
			      "2xx that makes no dialog");
		return;
	}

	inv->status = msg->scode;
	inv->taken_ms = sipd_clock_ms();
	inv->acked_seq = inv->invite_seq;
	go_on(inv, msg);
	inv->state = INVITE_CONFIRMED;
	inv->headers = mem_deref(inv->headers);
	tmr_cancel(&inv->tmr);
	invite_ack(inv, &inv->dlg, inv->acked_seq);
	/* several KiB that a BYE may never need; a challenge of it counts
	 * afresh.  The ACK of another fork may need it. RFC 3261 22.1 */
	if (!inv->forked)
		inv->auth = mem_deref(inv->auth);

	if (inv->hungup) {
		end_answered(inv, inv->fail,
			     inv->why ? inv->why
				      : "answered while being cancelled");
		return;
	}

	media = answer_sdp(inv, msg, &remote);
	invite_early_flush(inv);
	if (!media) {
		(void)re_snprintf(words, sizeof(words), "%s",
				  sipd_error_text());
		end_answered(inv, SIPDIALER_EFORMAT, words);
		return;
	}

	inv->answered = true;
	invite_session_timer(inv, msg);
	invite_media(inv, &remote, false);
	if (!inv->hungup && inv->h.answered)
		inv->h.answered(inv->arg);
}


static void again(struct sipd_invite *inv)
{
	const int err = invite_send(inv);

	if (err)
		invite_unanswered(inv, err);
}


static void challenged(struct sipd_invite *inv, const struct sip_msg *msg)
{
	char words[SIPD_ERROR_SIZE];
	int err;

	if (inv->hungup) {
		end_by_answer(inv, msg, 0, NULL);
		return;
	}

	err = invite_challenge(inv, msg);
	if (err) {
		if (invite_redirect_next(inv))
			return;
		(void)re_snprintf(words, sizeof(words), "%s",
				  sipd_error_text());
		end_by_answer(inv, msg, err, words);
		return;
	}

	again(inv);
}


/* Also a hop too far of a call that was redirected already.  305 and 380 name
 * no place where the called one is. RFC 3261 21.3 */
static void redirected(struct sipd_invite *inv, const struct sip_msg *msg)
{
	char words[SIPD_ERROR_SIZE + REASON_SIZE], reason[REASON_SIZE];

	if (inv->hungup || !*inv->sip->conf.redirect_allow ||
	    msg->scode > 302) {
		end_by_answer(inv, msg, 0, NULL);
		return;
	}
	if (invite_redirect(inv, msg))
		return;

	invite_reason(msg, reason, sizeof(reason));
	(void)re_snprintf(words, sizeof(words), "%s, not followed: %s", reason,
			  sipd_error_text());
	if (!invite_redirect_next(inv))
		end_by_answer(inv, msg, 0, words);
}


/* What an extension has to do with it.  RFC 3261 21.4.15, 21.4.16 */
static const char *extension(const struct sipd_invite *inv,
			     const struct sip_msg *msg)
{
	if (msg->scode == 420 &&
	    inv->sip->conf.rel100 == SIPD_100REL_REQUIRED &&
	    invite_has_100rel(msg, SIP_HDR_UNSUPPORTED))
		return "the far end has no 100rel, which sip.100rel=required "
		       "asks for";
	if (msg->scode == 421 && inv->sip->conf.rel100 == SIPD_100REL_NO &&
	    invite_has_100rel(msg, SIP_HDR_REQUIRE))
		return "the far end asks for 100rel, and sip.100rel is no";

	return NULL;
}


/* Above 399. A 6xx is for all places where the called one may be. RFC 3261
 * 21.6 */
static void refused(struct sipd_invite *inv, const struct sip_msg *msg)
{
	if (msg->scode < 600 && invite_redirect_next(inv))
		return;

	end_by_answer(inv, msg, 0, inv->hungup ? NULL : extension(inv, msg));
}


/* Newer libre forgets an INVITE that is cancelled before a 1xx, and a 180 or
 * 2xx that comes then; so it is told after the 1xx. RFC 3261 9.1 */
void invite_cancel(struct sipd_invite *inv)
{
	char reason[INVITE_REASON_SIZE];

	if (!inv->provisional) {
		/* nor is it sent, once its server is known */
		if (sipd_send_waits(inv->req))
			sipd_send_cancel(inv->req);
		return;
	}

	invite_reason_write(inv->ring_timeout ? 19 : 16,
			    inv->why            ? inv->why
			    : inv->ring_timeout ? "not answered in time"
						: "given up",
			    reason, sizeof(reason));
	sipd_libre_cancel_line(reason);
	sipd_send_cancel(inv->req);
	sipd_libre_cancel_line(NULL);
}


void invite_resp(int err, const struct sip_msg *msg, void *arg)
{
	struct sipd_invite *inv = arg;

	if (err || !msg) {
		invite_unanswered(inv, err ? err : EPROTO);
		return;
	}

	inv->responded = true;
	if (msg->scode < 200) {
		inv->provisional = true;
		if (inv->hungup)
			invite_cancel(inv);
	}
	if (!sipd_guard_status_line(msg) ||
	    !sipd_guard_response(msg, inv->callid, inv->ltag, inv->invite_seq,
				 "INVITE")) {
		sipd_log_warning(inv->sip->log,
				 "call %s: answer of %s does not fit",
				 inv->callid, inv->hop);
		if (msg->scode >= 200)
			end_by_answer(inv, msg, SIPDIALER_EFORMAT,
				      "malformed answer");
		return;
	}

	if (msg->scode < 200) {
		note_tag(inv, msg);
		if (msg->scode > 100)
			invite_provisional(inv, msg);
	}
	else if (msg->scode < 300)
		accepted(inv, msg);
	else if (msg->scode < 400)
		redirected(inv, msg);
	else if (msg->scode == 401 || msg->scode == 407)
		challenged(inv, msg);
	else if (msg->scode == 422 && !inv->hungup &&
		 invite_timer_raise(inv, msg))
		again(inv);
	else if (invite_secure_again(inv, msg))
		again(inv);
	else
		refused(inv, msg);
}
