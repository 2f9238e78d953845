/**
 * @file port/sip/invite/fork.c  A 2xx to our INVITE that nobody waits for
 *
 * Another fork has answered as well, or one answered after we hung up.  Loop
 * thread.  RFC 3261 13.2.2.4
 */
#include <string.h>
#include "port/sip/invite/invite.h"

static const char bye_headers[] =
	"Reason: Q.850;cause=16;text=\"Normal call clearing\"\r\n";

/** A BYE to such a fork, until its answer. */
struct fork_bye {
	struct le le;
	struct sipd_invite *inv;
	struct invite_dialog dlg;
	struct sipd_send *req;
	uint32_t cseq;
};


static void bye_destructor(void *arg)
{
	struct fork_bye *bye = arg;

	list_unlink(&bye->le);
	mem_deref(bye->req);
	invite_dialog_close(&bye->dlg);
}


void invite_forks_close(struct sipd_invite *inv)
{
	list_flush(&inv->byel);
}


static bool fork_new(struct sipd_invite *inv, uint32_t tag)
{
	uint32_t i;

	for (i = 0; i < inv->forkc; i++) {
		if (inv->forks[i] == tag)
			return false;
	}
	if (inv->forkc < INVITE_FORKS) {
		inv->forks[inv->forkc++] = tag;
		return true;
	}

	/* each BYE is a transaction of 32 s to where the peer wants it */
	if (!inv->forks_full)
		sipd_log_warning(inv->sip->log,
				 "call %s: answered by more than %d forks, "
				 "further ones get no BYE",
				 inv->callid, INVITE_FORKS);
	inv->forks_full = true;

	return false;
}


static int bye_send(struct fork_bye *bye);


static void bye_resp(int err, const struct sip_msg *msg, void *arg)
{
	struct fork_bye *bye = arg;

	if (!err && msg && msg->scode < 200)
		return;
	if (!err && msg && (msg->scode == 401 || msg->scode == 407) &&
	    sipd_guard_response(msg, bye->inv->callid, bye->inv->ltag,
				bye->cseq, "BYE") &&
	    !invite_challenge(bye->inv, msg) && !bye_send(bye))
		return;

	mem_deref(bye);
}


static int bye_send(struct fork_bye *bye)
{
	const struct invite_request rq = {
		.method = "BYE",
		.cseq = ++bye->cseq,
		.headers = bye_headers,
		.reqp = &bye->req,
		.arg = bye,
		.resph = bye_resp,
	};

	return invite_dialog_send(bye->inv, &bye->dlg, &rq);
}


/* Takes the dialog. */
static void hang_up(struct sipd_invite *inv, struct invite_dialog *dlg,
		    uint32_t cseq)
{
	struct fork_bye *bye = mem_zalloc(sizeof(*bye), bye_destructor);

	if (!bye) {
		invite_dialog_close(dlg);
		return;
	}

	bye->inv = inv;
	bye->dlg = *dlg;
	bye->cseq = cseq + inv->pracks; /* some are of this fork */
	list_append(&inv->byel, &bye->le, bye);
	invite_tries_afresh(inv);
	if (bye_send(bye))
		mem_deref(bye);
}


void invite_refuse(struct sipd_invite *inv, const struct sip_msg *msg)
{
	struct invite_dialog dlg;

	if (invite_dialog_create(&dlg, inv, msg))
		return;

	inv->forked = true;
	invite_ack(inv, &dlg, msg->cseq.num);
	if (fork_new(inv, hash_joaat_pl(&msg->to.tag)))
		hang_up(inv, &dlg, msg->cseq.num);
	else
		invite_dialog_close(&dlg);
}
