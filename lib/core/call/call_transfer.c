/**
 * @file core/call/call_transfer.c  Hold, and transfers both ways
 *
 * A transfer of ours ends the call once the far end says that it came about.  One
 * that the far end asks for makes a call of its own, which tells the old one
 * how it goes.  RFC 3515, 5589
 */
#include "core/call/internal.h"

#include "base/error.h"

/* ---- hold ----------------------------------------------------------------- */

void sipd_call_hold(struct sipd_call *call, bool on)
{
	if (on)
		sipd_call_amd_taken(call, "the host holds the call");
	if (call->state == SIPD_CALL_ANSWERED && !call->quit)
		sipd_invite_hold(call->invite, on);
	else
		call->h->holding(call, on, SIPDIALER_ESTATE,
				 "the call is not up", call->arg);
}


void sipd_call_holding(bool on, int error, const char *reason, void *arg)
{
	struct sipd_call *call = arg;

	if (!error && call->hold_play && on != call->holding)
		sipd_call_play(call, on ? call->hold_play : "",
			       SIPD_CALL_FOR_EVER);
	if (!error)
		call->holding = on;
	call->h->holding(call, on, error, reason, call->arg);
}


/* ---- of ours -------------------------------------------------------------- */

void sipd_call_transferred(const struct sipd_transfer *t, void *arg)
{
	struct sipd_call *call = arg;

	call->h->transfer(call, t, call->arg);
	if (t->state == SIPD_TRANSFER_COMPLETED)
		sipd_call_hangup(call, "transferred");
	else if (t->state == SIPD_TRANSFER_FAILED && call->holding)
		sipd_call_hold(call, false);
	if (t->state == SIPD_TRANSFER_FAILED)
		sipd_call_amd_not_transferred(call);
}


void sipd_call_transfer(struct sipd_call *call, const char *to,
			const struct sipd_call *other)
{
	struct sipd_transfer failed = {.state = SIPD_TRANSFER_FAILED};
	int err = SIPDIALER_ESTATE;

	sipd_call_amd_taken(call, "the host transfers the call");
	if (call->state != SIPD_CALL_ANSWERED || call->quit)
		failed.reason = "the call is not up";
	else if (other && (other->state != SIPD_CALL_ANSWERED || other->quit))
		failed.reason = "the other call is not up";
	else
		err = sipd_invite_transfer(call->invite, to,
					   other ? other->invite : NULL);

	if (!err)
		return;
	if (!failed.reason)
		failed.reason = sipd_error_text();
	call->h->transfer(call, &failed, call->arg);
	sipd_call_amd_not_transferred(call);
}


/* ---- of the peer ---------------------------------------------------------- */

static void late_handler(void *arg)
{
	struct sipd_call *call = arg;

	if (call->invite)
		sipd_invite_referred(call->invite, 603);
}


bool sipd_call_refer_waits(const struct sipd_call *call)
{
	return sipd_timer_running(&call->refer);
}


/* The call that it asked for before has nobody to tell any more. */
static void forget_asked(struct sipd_call *call)
{
	if (call->asked)
		call->asked->asked_by = NULL;
	call->asked = NULL;
}


bool sipd_call_asked(const struct sipd_referral *r, void *arg)
{
	struct sipd_call *call = arg;

	if (!call->refer_ask || call->quit)
		return false;

	forget_asked(call);
	sipd_timer_start(&call->refer, SIPD_CALL_DECIDE_MS, late_handler,
			 call);
	call->h->referred(call, r, call->arg);

	return sipd_call_refer_waits(call); /* else it was refused at once */
}


void sipd_call_asked_open(struct sipd_call *call, struct sipd_call *by)
{
	sipd_timer_cancel(&by->refer);
	forget_asked(by);
	by->asked = call;
	call->asked_by = by;
}


void sipd_call_refer_reject(struct sipd_call *call, int sip_status)
{
	if (!sipd_call_refer_waits(call))
		return; /* it was told before */
	sipd_timer_cancel(&call->refer);
	if (call->invite)
		sipd_invite_referred(call->invite, sip_status);
}


void sipd_call_asked_progress(struct sipd_call *call, int sip_status)
{
	struct sipd_call *by = call->asked_by;

	if (!by)
		return;

	if (by->invite)
		sipd_invite_referred(by->invite, sip_status);
	if (sip_status >= 200 && sip_status < 300)
		by->h->replaced(by, call->id, by->arg);
}


void sipd_call_asked_over(struct sipd_call *call, int sip_status)
{
	if (call->asked_by) {
		if (!call->outcome.answered)
			sipd_call_asked_progress(call, sip_status >= 300
							       ? sip_status
							       : 503);
		call->asked_by->asked = NULL;
		call->asked_by = NULL;
	}
	forget_asked(call);
	sipd_timer_cancel(&call->refer);
}
