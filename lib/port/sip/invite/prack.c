/**
 * @file port/sip/invite/prack.c  Reliable provisional responses
 *
 * What both sides read, and the PRACKs of our INVITE.  Loop thread.  RFC 3262
 */
#include "port/sip/invite/prack.h"

#include <string.h>
#include "base/error.h"
#include "port/sip/invite/early.h"


/* Cut the first word; blanks around it are dropped. */
static struct pl word(struct pl *rest)
{
	struct pl w;

	while (rest->l && (*rest->p == ' ' || *rest->p == '\t'))
		pl_advance(rest, 1);
	w.p = rest->p;
	w.l = 0;
	while (rest->l && *rest->p != ' ' && *rest->p != '\t') {
		pl_advance(rest, 1);
		w.l++;
	}

	return w;
}


static const struct sip_hdr *the_one(const struct sip_msg *msg,
				     enum sip_hdrid id)
{
	return sip_msg_hdr_count(msg, id) == 1 ? sip_msg_hdr(msg, id) : NULL;
}


bool invite_rseq_read(const struct sip_msg *msg, uint32_t *rseq)
{
	const struct sip_hdr *hdr = the_one(msg, SIP_HDR_RSEQ);

	return hdr && sipd_pl_number(&hdr->val, rseq) && *rseq;
}


bool invite_rack_read(const struct sip_msg *msg, struct invite_rack *rack)
{
	const struct sip_hdr *hdr = the_one(msg, SIP_HDR_RACK);
	struct pl rest, rseq, cseq;

	if (!hdr)
		return false;

	rest = hdr->val;
	rseq = word(&rest);
	cseq = word(&rest);
	rack->method = word(&rest);

	return sipd_pl_number(&rseq, &rack->rseq) && rack->rseq &&
	       sipd_pl_number(&cseq, &rack->cseq) && rack->method.l &&
	       !word(&rest).l;
}


bool invite_has_100rel(const struct sip_msg *msg, enum sip_hdrid id)
{
	return sip_msg_hdr_has_value(msg, id, "100rel");
}


/* ---- PRACKs of ours ---------------------------------------------------- */

bool invite_reliable(const struct sipd_invite *inv, const struct sip_msg *msg)
{
	uint32_t rseq;

	return inv->sip->conf.rel100 != SIPD_100REL_NO && msg->scode > 100 &&
	       pl_isset(&msg->to.tag) &&
	       invite_has_100rel(msg, SIP_HDR_REQUIRE) &&
	       invite_rseq_read(msg, &rseq);
}


static int prack_send(struct invite_early *e);


/* The UAS gives up by itself only after 32 s, and some never do. */
static void prack_failed(struct invite_early *e, int err,
			 const struct sip_msg *msg)
{
	struct sipd_invite *inv = e->inv;
	char words[128];

	if (err)
		(void)re_snprintf(words, sizeof(words),
				  "PRACK is not answered: %s", strerror(err));
	else
		(void)re_snprintf(words, sizeof(words),
				  "PRACK is refused by %u", msg->scode);

	sipd_log_warning(inv->sip->log, "call %s: %s", inv->callid, words);
	if (invite_early_alone(e))
		invite_give_up(inv, SIPDIALER_ENET, words);
	else
		invite_early_drop(e);
}


static void prack_resp(int err, const struct sip_msg *msg, void *arg)
{
	struct invite_early *e = arg;
	struct sipd_invite *inv = e->inv;

	if (!err && msg && msg->scode < 200)
		return;
	if (!err && !(msg && sipd_guard_response(msg, inv->callid, inv->ltag,
						 e->lseq, "PRACK")))
		err = EBADMSG;
	if (!err && msg->scode < 300)
		return;

	if (!err && (msg->scode == 401 || msg->scode == 407) &&
	    inv->pracks < INVITE_PRACKS_MAX && !invite_challenge(inv, msg)) {
		err = prack_send(e);
		if (!err)
			return;
	}

	prack_failed(e, err, msg);
}


static int prack_send(struct invite_early *e)
{
	struct sipd_invite *inv = e->inv;
	char rack[64];
	const struct invite_request rq = {
		.method = "PRACK",
		.cseq = ++e->lseq,
		.headers = rack,
		.reqp = &e->prack,
		.arg = e,
		.resph = prack_resp,
	};

	(void)re_snprintf(rack, sizeof(rack), "RAck: %u %u INVITE\r\n",
			  e->rseq, inv->invite_seq);
	e->prack = mem_deref(e->prack); /* goes on without us */
	inv->pracks++;

	return invite_dialog_send(inv, &e->dlg, &rq);
}


bool invite_prack(struct invite_early *e, const struct sip_msg *msg)
{
	struct sipd_invite *inv = e->inv;
	const uint32_t last = e->rseq;
	const bool first = !e->rseq_set;
	uint32_t rseq;
	int err;

	if (!invite_reliable(inv, msg))
		return true;
	(void)invite_rseq_read(msg, &rseq);
	if (!first && rseq != last + 1)
		return false;
	if (inv->pracks >= INVITE_PRACKS_MAX) {
		sipd_log_warning(inv->sip->log,
				 "call %s: more than %d PRACKs, this response "
				 "is not acknowledged",
				 inv->callid, INVITE_PRACKS_MAX);
		return false;
	}

	invite_tries_afresh(inv);
	e->rseq = rseq;
	e->rseq_set = true;
	err = prack_send(e);
	if (err) { /* a copy of the response is another try */
		sipd_log_warning(inv->sip->log, "call %s: PRACK to %s: %s",
				 inv->callid, e->dlg.hop, strerror(err));
		e->rseq = last;
		e->rseq_set = !first;
	}

	return !err;
}
