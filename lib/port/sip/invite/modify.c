/**
 * @file port/sip/invite/modify.c  We change a session: hold, and go on
 *
 * A re-INVITE with another direction.  What is wanted and what stands are two
 * things: only the last wish counts, and a refused one is given up.  Loop
 * thread.  RFC 3261 14.1, 3264 8.4
 */
#include "port/sip/invite/invite.h"

#include <string.h>
#include "base/error.h"

enum {
	BUSY_MS = 200, /* until another request is out of the way */
	TRIES = 8      /* that meet one of the peer, and such */
};

static void modify_send(struct sipd_invite *inv);


static void tell(struct sipd_invite *inv, bool on, int error,
		 const char *reason)
{
	if (inv->h.holding && !inv->told)
		inv->h.holding(on, error, reason, inv->arg);
}


static void again_handler(void *arg)
{
	modify_send(arg);
}


static void later(struct sipd_invite *inv, uint32_t ms)
{
	tmr_start(&inv->modify, ms, again_handler, inv);
}


/* Asked for, and taken back before it was sent: so it stands. */
static void settled(struct sipd_invite *inv)
{
	tmr_cancel(&inv->modify);
	tell(inv, inv->local.hold, SIPDIALER_OK, "");
}


/* Refused, but not for good.  True: it is still wanted. */
static bool once_more(struct sipd_invite *inv)
{
	inv->local.hold = !inv->local.hold;
	if (inv->hold_want != inv->local.hold)
		return true;
	settled(inv);

	return false;
}


/* It stays as it was. */
static void give_up(struct sipd_invite *inv, int error, const char *reason)
{
	const bool wanted = inv->local.hold;

	inv->local.hold = inv->hold_want = !wanted;
	tell(inv, wanted, error, reason);
}


static void accepted(struct sipd_invite *inv, const struct sip_msg *msg)
{
	struct sipd_sdp_remote remote;
	struct pl sdp;

	inv->acked_seq = msg->cseq.num;
	invite_dialog_refresh(&inv->dlg, inv->sip, msg);
	invite_ack(inv, &inv->dlg, msg->cseq.num);
	invite_session_timer(inv, msg);
	if (!invite_body_sdp(msg, &sdp) ||
	    sipd_sdp_answer_read(&inv->local, sdp.p, sdp.l, &remote)) {
		give_up(inv, SIPDIALER_EFORMAT,
			"the answer to the re-INVITE is not usable");
		return;
	}

	invite_media(inv, &remote, false);
	tell(inv, inv->local.hold, SIPDIALER_OK, "");
}


static void refused(struct sipd_invite *inv, const struct sip_msg *msg)
{
	char reason[INVITE_REASON_TEXT];

	if ((msg->scode == 401 || msg->scode == 407) &&
	    !invite_challenge(inv, msg)) {
		if (once_more(inv))
			modify_send(inv);
		return;
	}
	if (msg->scode == 491 && inv->modify_tries) {
		if (once_more(inv))
			later(inv, invite_glare_ms(inv));
		return;
	}

	if (msg->scode == 408 || msg->scode == 481) {
		invite_session_lost(inv, "peer does not know the session any "
					 "more");
		return;
	}
	invite_reason(msg, reason, sizeof(reason));
	give_up(inv, SIPDIALER_ENET, reason);
}


static void modify_resp(int err, const struct sip_msg *msg, void *arg)
{
	struct sipd_invite *inv = arg;

	if (msg && msg->scode < 200)
		return;

	inv->refreshing = inv->offering = inv->modifying = false;
	if (err == ETIMEDOUT) /* as a 408. RFC 3261 8.1.3.1, 12.2.1.2 */
		invite_session_lost(inv, "peer does not answer a re-INVITE");
	else if (err || !msg)
		give_up(inv, SIPDIALER_ENET, "no answer to the re-INVITE");
	else if (!sipd_guard_response(msg, inv->callid, inv->ltag,
				      inv->modify_seq, "INVITE"))
		give_up(inv, SIPDIALER_EFORMAT,
			"the answer to the re-INVITE does not fit");
	else if (msg->scode < 300)
		accepted(inv, msg);
	else
		refused(inv, msg);

	if (inv->hold_want != inv->local.hold &&
	    !sipd_libre_timer_running(&inv->modify))
		later(inv, 0);
}


static void modify_send(struct sipd_invite *inv)
{
	char headers[256], sdp[INVITE_SDP_MAX];
	struct invite_request rq = {
		.method = "INVITE",
		.headers = headers,
		.sdp = sdp,
		.owner = inv,
		.resph = modify_resp,
	};
	int err;

	if (inv->state != INVITE_CONFIRMED ||
	    inv->hold_want == inv->local.hold)
		return;
	if (inv->req || inv->reply || inv->unacked) {
		later(inv, BUSY_MS);
		return;
	}

	--inv->modify_tries;
	inv->local.hold = inv->hold_want;
	err = invite_offer_make(inv, sdp, sizeof(sdp));
	if (!err) {
		invite_timer_again(inv, headers, sizeof(headers));
		rq.cseq = inv->modify_seq = ++inv->lseq;
		inv->refresh_met = rq.method;
		inv->refreshing = inv->offering = inv->modifying = true;
		err = invite_dialog_send(inv, &inv->dlg, &rq);
	}
	if (err) {
		inv->refreshing = inv->offering = inv->modifying = false;
		give_up(inv, SIPDIALER_ENET, "the re-INVITE cannot be sent");
	}
}


void sipd_invite_hold(struct sipd_invite *inv, bool on)
{
	const bool waits = inv->hold_want != inv->local.hold &&
			   !inv->modifying;

	if (inv->state != INVITE_CONFIRMED)
		return;

	inv->hold_want = on;
	inv->modify_tries = TRIES;
	invite_tries_afresh(inv);
	if (waits && on == inv->local.hold)
		settled(inv);
	else if (!inv->modifying && !waits)
		modify_send(inv);
}
