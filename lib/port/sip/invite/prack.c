/**
 * @file port/sip/invite/prack.c  Reliable provisional responses: RSeq, RAck
 *
 * Any thread.  RFC 3262 7
 */
#include "port/sip/invite/prack.h"

#include "port/sip/internal.h"


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
