/**
 * @file port/sip/invite/in_answer.c  INVITE session, called side: the answer
 *
 * Our 2xx is repeated by reply.c.  Loop thread.  RFC 3261 13.3.1.4
 */
#include "port/sip/invite/in.h"

#include <string.h>
#include "base/error.h"


void invite_in_cannot(struct sipd_invite *inv, int status, int error)
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
	invite_in_refuse(inv, status, warning, &end);
}


bool sipd_invite_media_address(struct sipd_invite *inv,
			       union sipd_addr *bind_addr,
			       union sipd_addr *advertise)
{
	return inv->msg && sipd_sip_media_towards(inv->sip, &inv->msg->src,
						  bind_addr, advertise);
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


/* Nothing of it is to be repeated or waited for any more. */
static bool answer_begin(struct sipd_invite *inv, const char *sdp,
			 bool want_answer)
{
	invite_session_timer(inv, inv->msg);
	if (answer_send(inv, sdp, want_answer)) {
		invite_in_cannot(inv, 500, SIPDIALER_ENET);
		return false;
	}

	invite_in_quiet(inv);
	tmr_cancel(&inv->tmr);
	invite_timer_arm(inv);

	return true;
}


/* What an 18x said stands.  A 2xx waits until the caller has heard of it; in
 * a reliable one it need not be said again. RFC 3262 3, 6337 3.1 */
static void answer_early(struct sipd_invite *inv)
{
	struct invite_in *in = inv->in;
	struct sipd_sdp_remote remote;

	if (in->pending) {
		in->want_answer = true;
		return;
	}
	in->want_answer = false;
	remote = in->remote;
	if (answer_begin(inv, in->confirmed ? NULL : in->sdp, false))
		invite_in_agreed(inv, &remote);
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
	if (inv->in->sdp) {
		answer_early(inv);
		return;
	}

	inv->local = *local;
	inv->in->want_early = false;
	offered = invite_body_sdp(inv->msg, &offer);
	err = offered ? invite_answer_make(inv, &offer, &remote, sdp,
					   sizeof(sdp))
		      : invite_offer_make(inv, sdp, sizeof(sdp));
	if (err)
		invite_in_cannot(inv, 488, SIPDIALER_EFORMAT);
	else if (answer_begin(inv, sdp, !offered) && offered)
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
