/**
 * @file port/sip/invite/in_early.c  INVITE session, called side: it rings
 *
 * Provisional answers, with or without our description.  The last one is kept:
 * it is sent again when the INVITE is, and a reliable one by itself until its
 * PRACK.  Loop thread.  RFC 3261 13.3.1.1, 3262 3, 5, 6337 3
 */
#include "port/sip/invite/in.h"

#include <string.h>
#include "base/error.h"
#include "port/sip/invite/prack.h"

enum { RING_AGAIN_MS = 60000 /* the 18x again. RFC 3261 13.3.1.1 */ };


static void in_destructor(void *arg)
{
	struct invite_in *in = arg;

	tmr_cancel(&in->tmr);
	mem_deref(in->sdp);
}


int invite_in_alloc(struct sipd_invite *inv)
{
	const enum sipd_100rel policy = inv->sip->conf.rel100;
	struct invite_in *in = mem_zalloc(sizeof(*in), in_destructor);

	if (!in)
		return ENOMEM;

	tmr_init(&in->tmr);
	in->able = policy != SIPD_100REL_NO &&
		   (invite_has_100rel(inv->msg, SIP_HDR_SUPPORTED) ||
		    invite_has_100rel(inv->msg, SIP_HDR_REQUIRE));
	in->reliable = in->able &&
		       (policy == SIPD_100REL_REQUIRED ||
			invite_has_100rel(inv->msg, SIP_HDR_REQUIRE));
	inv->in = in;

	return 0;
}


void invite_in_quiet(struct sipd_invite *inv)
{
	if (inv->in)
		tmr_cancel(&inv->in->tmr);
}


/* ---- how long it rings ----------------------------------------------------- */

static void ring_again(void *arg);


static void ring_timer(struct sipd_invite *inv)
{
	const uint32_t ms = inv->ring_ms < RING_AGAIN_MS
				    ? inv->ring_ms
				    : (uint32_t)RING_AGAIN_MS;

	inv->ring_ms -= ms;
	tmr_start(&inv->tmr, ms, ring_again, inv);
}


void invite_in_ring(struct sipd_invite *inv)
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
		/* a reliable one has been heard. RFC 3262 3 */
		if (!inv->in->rseq)
			invite_in_ring(inv);
		ring_timer(inv);
		return;
	}

	inv->ring_timeout = true;
	sipd_invite_reject(inv, inv->expires ? 487 : 480,
			   "nobody answered the call in time");
}


/* Not for longer than the INVITE is good for. RFC 3261 13.3.1 */
static void ring_for(struct sipd_invite *inv, uint32_t timeout_ms)
{
	const struct sip_hdr *hdr = sip_msg_hdr(inv->msg, SIP_HDR_EXPIRES);
	const uint64_t spent = tmr_jiffies() - inv->in->since;
	uint32_t s;

	inv->ring_ms = timeout_ms;
	inv->expires = false;
	if (hdr && sipd_pl_number(&hdr->val, &s) &&
	    (uint64_t)s * 1000 < spent + timeout_ms) {
		inv->expires = true;
		inv->ring_ms = (uint64_t)s * 1000 > spent
				       ? (uint32_t)(s * 1000 - spent)
				       : 0;
	}
	ring_timer(inv);
}


/* ---- provisional answers ---------------------------------------------------- */

static void again_handler(void *arg)
{
	struct sipd_invite *inv = arg;
	struct invite_in *in = inv->in;

	if (inv->state != INVITE_RINGING)
		return;

	in->spent_ms += in->wait_ms;
	if (in->spent_ms >= INVITE_WAIT_MS) {
		struct sipd_invite_end end = {
			.error = SIPDIALER_ENET,
			.local = true,
			.reason = "no PRACK came for our reliable answer",
		};

		invite_in_refuse(inv, 504, "", &end);
		return;
	}

	invite_in_ring(inv);
	in->wait_ms *= 2;
	if (in->wait_ms > INVITE_WAIT_MS - in->spent_ms)
		in->wait_ms = INVITE_WAIT_MS - in->spent_ms;
	tmr_start(&in->tmr, in->wait_ms, again_handler, inv);
}


/* One at a time, with a number of its own. RFC 3262 3 */
static void reliable_begin(struct sipd_invite *inv)
{
	struct invite_in *in = inv->in;

	in->rseq = in->rseq ? in->rseq + 1 : 1U + rand_u16();
	in->pending = true;
	in->spent_ms = 0;
	in->wait_ms = SIP_T1;
	tmr_start(&in->tmr, in->wait_ms, again_handler, inv);
}


static int provisional(struct sipd_invite *inv, int status, const char *sdp,
		       bool reliable)
{
	char contact[400], rel[64] = "";
	struct sip_strans *st = NULL;
	struct sa laddr;
	int err;

	err = sip_transp_laddr(inv->sip->sip, &laddr, inv->msg->tp,
			       &inv->msg->src);
	if (!err)
		err = sipd_contact(inv->sip, inv->msg->tp, &laddr, contact,
				   sizeof(contact));
	if (err)
		return err;

	if (reliable) {
		reliable_begin(inv);
		(void)re_snprintf(rel, sizeof(rel),
				  "Require: 100rel\r\nRSeq: %u\r\n",
				  inv->in->rseq);
	}
	inv->ring = mem_deref(inv->ring);
	err = sip_treplyf(&st, &inv->ring, inv->sip->sip, inv->msg, true,
			  (uint16_t)status, sipd_reason_phrase(status),
			  "Contact: %s\r\n%s%s%sContent-Length: %zu\r\n\r\n%s",
			  contact, invite_allow, rel,
			  sdp ? "Content-Type: application/sdp\r\n" : "",
			  sdp ? strlen(sdp) : (size_t)0, sdp ? sdp : "");
	mem_deref(st); /* a copy of the INVITE is answered here */

	return err;
}


void sipd_invite_take(struct sipd_invite *inv, uint32_t ring_timeout_ms,
		      const struct sipd_invite_handlers *h, void *arg)
{
	int err;

	inv->h = *h;
	inv->arg = arg;
	inv->in->since = tmr_jiffies();
	ring_for(inv, ring_timeout_ms);

	/* who does not hear it sends the INVITE again */
	err = provisional(inv, 180, NULL, inv->in->reliable);
	if (err)
		sipd_log_warning(inv->sip->log, "call %s: 180 not sent: %s",
				 inv->callid, strerror(err));
}


/* ---- audio before the answer ------------------------------------------------ */

static void early_send(struct sipd_invite *inv)
{
	struct invite_in *in = inv->in;
	char sdp[INVITE_SDP_MAX];
	struct pl offer;
	int err;

	in->want_early = false;
	in->offered = !invite_body_sdp(inv->msg, &offer);
	err = in->offered ? invite_offer_make(inv, sdp, sizeof(sdp))
			  : invite_answer_make(inv, &offer, &in->remote, sdp,
					       sizeof(sdp));
	if (!err && str_dup(&in->sdp, sdp))
		err = sipd_error(SIPDIALER_ENOMEM, "no memory for a call");
	if (err) {
		invite_in_cannot(inv, err == SIPDIALER_ENOMEM ? 500 : 488,
				 err);
		return;
	}

	err = provisional(inv, 183, sdp, in->reliable || in->offered);
	if (err)
		sipd_log_warning(inv->sip->log, "call %s: 183 not sent: %s",
				 inv->callid, strerror(err));
	if (!in->offered)
		invite_media(inv, &in->remote, true);
}


bool sipd_invite_early(struct sipd_invite *inv,
		       const struct sipd_sdp_local *local, uint32_t timeout_ms)
{
	struct invite_in *in = inv->in;
	struct pl offer;

	if (inv->state != INVITE_RINGING || in->sdp || in->want_early)
		return true;

	/* an offer of ours would get no answer. RFC 3261 13.2.1 */
	if (!invite_body_sdp(inv->msg, &offer) && !in->able)
		return false;

	inv->local = *local;
	ring_for(inv, timeout_ms);
	if (in->pending)
		in->want_early = true;
	else
		early_send(inv);

	return true;
}


/* ---- PRACK ------------------------------------------------------------------- */

/* What its description changes: our offer is answered, or there is a new one.
 * 0, or the status for the PRACK. */
static int prack_media(struct sipd_invite *inv, const struct sip_msg *msg,
		       char *sdp, size_t size)
{
	struct invite_in *in = inv->in;
	struct pl body;

	*sdp = '\0';
	if (!invite_body_sdp(msg, &body)) {
		if (invite_has_body(msg))
			return 415;
		(void)sipd_error(SIPDIALER_EFORMAT,
				 "PRACK without an answer to our offer");
		return in->offered && !in->agreed ? 400 : 0;
	}
	if (in->offered && !in->agreed)
		return sipd_sdp_answer_read(&inv->local, body.p, body.l,
					    &in->remote)
			       ? 400
			       : 0;
	/* an offer while theirs is not answered reliably. RFC 6337 2.2 */
	if (!in->sdp)
		return 400;

	return invite_answer_make(inv, &body, &in->remote, sdp, size) ? 488
								      : 0;
}


static void prack_ok(struct sipd_invite *inv, const struct sip_msg *msg,
		     const char *sdp)
{
	const bool body = *sdp != '\0';

	(void)sip_treplyf(NULL, NULL, inv->sip->sip, msg, false, 200, "OK",
			  "%sContent-Length: %zu\r\n\r\n%s",
			  body ? "Content-Type: application/sdp\r\n" : "",
			  strlen(sdp), sdp);
}


static void prack_bad(struct sipd_invite *inv, const struct sip_msg *msg,
		      int status)
{
	(void)sip_treplyf(NULL, NULL, inv->sip->sip, msg, false,
			  (uint16_t)status, sipd_reason_phrase(status),
			  "Warning: 399 - \"%s\"\r\n"
			  "Content-Length: 0\r\n\r\n",
			  sipd_error_text());
}


/* What waited for it. */
static void prack_next(struct sipd_invite *inv)
{
	struct invite_in *in = inv->in;

	if (inv->state != INVITE_RINGING)
		return;
	if (in->want_answer) {
		const struct sipd_sdp_local local = inv->local;

		sipd_invite_answer(inv, &local);
	}
	else if (in->want_early)
		early_send(inv);
}


bool invite_in_prack(struct sipd_invite *inv, const struct sip_msg *msg)
{
	struct invite_in *in = inv->in;
	char sdp[INVITE_SDP_MAX];
	struct invite_rack rack;
	int status;

	*sdp = '\0';
	if (!in || !in->pending || !invite_rack_read(msg, &rack) ||
	    rack.rseq != in->rseq || rack.cseq != inv->invite_rseq ||
	    pl_strcmp(&rack.method, "INVITE"))
		return false;

	in->pending = false;
	tmr_cancel(&in->tmr);
	status = inv->state == INVITE_RINGING
			 ? prack_media(inv, msg, sdp, sizeof(sdp))
			 : 0;
	if (status) {
		prack_bad(inv, msg, status);
		if (in->offered && !in->agreed)
			invite_in_cannot(inv, 488, SIPDIALER_EFORMAT);
		return true;
	}

	prack_ok(inv, msg, sdp);
	in->confirmed = in->sdp != NULL;
	if (in->confirmed && (!in->agreed || *sdp)) {
		if (in->offered || *sdp)
			invite_media(inv, &in->remote, true);
		in->agreed = true;
	}
	prack_next(inv);

	return true;
}


/* ---- UPDATE before the answer ------------------------------------------------ */

int invite_in_update(struct sipd_invite *inv, const struct sip_msg *msg,
		     char *sdp, size_t size)
{
	struct invite_in *in = inv->in;
	struct pl offer;

	if (in->offered && !in->agreed)
		return 491; /* ours is not answered. RFC 3311 5.2 */
	if (!in->confirmed || in->pending)
		return 500; /* nor is theirs */
	if (!invite_body_sdp(msg, &offer))
		return 415;

	return invite_answer_make(inv, &offer, &in->remote, sdp, size) ? 488
								       : 200;
}


void invite_in_updated(struct sipd_invite *inv)
{
	invite_media(inv, &inv->in->remote, true);
}
