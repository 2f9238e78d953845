/**
 * @file port/sip/invite/in_replaces.c  An INVITE that is to take a call's place
 *
 * The target side of an attended transfer: which session of ours does Replaces
 * name?  Loop thread.  RFC 3891 3
 */
#include "port/sip/invite/early.h"
#include "port/sip/invite/in.h"

struct replaces {
	struct pl callid, ours, theirs;
	bool early_only;
};


static bool read_value(const struct pl *val, struct replaces *r)
{
	const char *semi = pl_strchr(val, ';');
	struct pl none;

	if (!semi)
		return false;

	r->callid.p = val->p;
	r->callid.l = (size_t)(semi - val->p);
	while (r->callid.l && (r->callid.p[r->callid.l - 1] == ' ' ||
			       r->callid.p[r->callid.l - 1] == '\t'))
		r->callid.l--;
	r->early_only = !msg_param_exists(val, "early-only", &none);

	return r->callid.l && !msg_param_decode(val, "to-tag", &r->ours) &&
	       !msg_param_decode(val, "from-tag", &r->theirs);
}


/* Its answered dialog, or one that rings for an INVITE of ours. */
static bool session_handler(struct le *le, void *arg)
{
	const struct sipd_invite *inv = le->data;
	const struct replaces *r = arg;

	if (pl_strcmp(&r->callid, inv->callid) ||
	    pl_strcmp(&r->ours, inv->ltag))
		return false;

	return inv->dlg.rtag
		       ? !pl_strcmp(&r->theirs, inv->dlg.rtag)
		       : inv->state == INVITE_CALLING &&
				 invite_early_find(inv, &r->theirs) != NULL;
}


int invite_in_replaces(const struct sipd_sip *sip, const struct sip_msg *msg,
		       struct sipd_invite **old)
{
	const struct sip_hdr *hdr = sip_msg_hdr(msg, SIP_HDR_REPLACES);
	struct replaces r;
	struct sipd_invite *inv;

	*old = NULL;
	if (!hdr)
		return 0;
	if (sip_msg_hdr_count(msg, SIP_HDR_REPLACES) != 1 ||
	    !read_value(&hdr->val, &r))
		return 400;

	inv = list_ledata(hash_lookup(sip->invites, hash_joaat_pl(&r.callid),
				      session_handler, &r));
	if (!inv || inv->state == INVITE_RINGING || inv->heir)
		return 481; /* one that rings here is not ours to give */
	if (inv->hungup || inv->told || inv->state >= INVITE_ENDING)
		return 603;
	if (inv->state == INVITE_CONFIRMED && r.early_only)
		return 486;
	*old = inv;

	return 0;
}


void invite_heir_set(struct sipd_invite *old, struct sipd_invite *heir)
{
	old->heir = heir;
	heir->heir_of = old;
}


void invite_heir_clear(struct sipd_invite *inv)
{
	if (inv->heir_of)
		inv->heir_of->heir = NULL;
	inv->heir_of = NULL;
}


void *sipd_invite_owner(const struct sipd_invite *inv)
{
	return inv->arg;
}
