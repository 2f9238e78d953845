/**
 * @file port/sip/invite/in.c  INVITE session, called side: it comes and goes
 *
 * What is wrong with it is found by in_check.c, it rings in in_early.c and is
 * answered in in_answer.c; from its 2xx on it is a session as any other.
 * Answers above 299 are libre's transaction's.  Loop thread.
 * RFC 3261 8.2, 9.2, 17.2.1
 */
#include "port/sip/invite/in.h"

#include <string.h>
#include "base/clock.h"
#include "base/error.h"

enum {
	INCOMING_PER_S = 100, /* new calls, whatever dial.max_calls allows */
	INCOMING_BURST = 200
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
		err = invite_in_alloc(inv);
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


static int session_open(struct sipd_sip *sip, const struct sip_msg *msg,
			struct sipd_invite *replaces)
{
	struct invite_caller_text text;
	char extra[SIPD_ERROR_SIZE + 32];
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
	text.caller.replaces = replaces;
	if (replaces)
		invite_heir_set(replaces, inv);
	*extra = '\0';
	status = sip->incomingh(inv, &text.caller, sip->incoming_arg);
	if (status) {
		if (status == 488)
			invite_in_warn(extra, sizeof(extra));
		refuse_invite(inv, status, extra);
		invite_heir_clear(inv);
		inv->told = true; /* nobody has heard of it */
		invite_done(inv, 0);
	}

	return 0;
}


int sipd_invite_incoming(struct sipd_sip *sip, const struct sip_msg *msg,
			 char *extra, size_t size)
{
	struct sipd_invite *replaces = NULL;
	int status;

	*extra = '\0';
	if (!sip->incomingh || !sipd_guard_caller(sip, &msg->src))
		return 480;

	sip->stats.incoming++;
	status = invite_in_check(sip, msg, extra, size);
	if (!status)
		status = invite_in_replaces(sip, msg, &replaces);
	if (!status && !rate_allowed(sip)) {
		(void)re_snprintf(extra, size, "Retry-After: 1\r\n");
		status = 503;
	}

	return status ? status : session_open(sip, msg, replaces);
}


/* ---- refused -------------------------------------------------------------- */

void invite_in_refuse(struct sipd_invite *inv, int status, const char *extra,
		      struct sipd_invite_end *end)
{
	invite_in_quiet(inv);
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
		invite_in_refuse(inv, sip_status, "", &end);
}


int sipd_invite_redirect(struct sipd_invite *inv, const char *to)
{
	char uri[INVITE_URI_SIZE], route[INVITE_URI_SIZE],
		contact[INVITE_URI_SIZE + 16], words[SIPD_ERROR_SIZE];
	struct sipd_invite_end end = {.local = true, .reason = words};
	int err;

	if (inv->state != INVITE_RINGING)
		return SIPDIALER_OK;

	err = sipd_target_uri(inv->sip, to, uri, sizeof(uri), route,
			      sizeof(route));
	if (err)
		return err;

	(void)re_snprintf(words, sizeof(words), "sent on to %s", to);
	(void)re_snprintf(contact, sizeof(contact), "Contact: <%s>\r\n", uri);
	invite_in_refuse(inv, 302, contact, &end);

	return SIPDIALER_OK;
}


/* CANCEL, or BYE in the early dialog. RFC 3261 9.2, 15.1.2 */
static void gone(struct sipd_invite *inv, const struct sip_msg *msg,
		 const char *reason)
{
	struct sipd_invite_end end = {.reason = reason};
	struct invite_reason why;

	invite_reason_read(msg, &why);
	end.q850 = why.q850;
	if (*why.text)
		end.reason = why.text;
	invite_in_refuse(inv, 487, "", &end);
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
	invite_why(inv, reason);
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
	    !sipd_guard_friend(inv->sip, &msg->src))
		return false;

	cancel(inv, msg);

	return true;
}


bool invite_in_request(struct sipd_sip *sip, const struct sip_msg *msg)
{
	struct sipd_invite *inv;

	if (!sipd_guard_friend(sip, &msg->src))
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
		invite_in_ring(inv);

	return true;
}
