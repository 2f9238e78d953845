/**
 * @file port/sip/account/bindings.c  Which Contacts a registrar lists
 *
 * Registrars add and drop parameters, and those beyond a NAT or a border
 * controller list another address than we said.  RFC 3261 10.2.4, 10.3
 */
#include <string.h>
#include "base/text.h"
#include "port/sip/account/register.h"

enum {
	EXPIRES_SANE = 3600 /* taken for one that is no number.
			      * RFC 3261 20.10 */
};

/* How sure it is that a binding is ours. */
enum rank {
	RANK_NONE,
	RANK_USER,     /* only our user: if there is no other one at all */
	RANK_MAPPED,   /* the address the server sees us at */
	RANK_INSTANCE, /* by +sip.instance */
	RANK_EXACT     /* user, host and port */
};

struct reading {
	struct sipd_register *reg;
	struct sipd_uri ours;
	enum rank best;
	uint32_t expires;
	unsigned count;
};


static bool same_host(const struct pl *a, const struct pl *b)
{
	struct sa sa, sb;

	if (!sa_set(&sa, a, 0) && !sa_set(&sb, b, 0))
		return sa_cmp(&sa, &sb, SA_ADDR);

	return !pl_casecmp(a, b);
}


/* +sip.instance="<urn:uuid:...>" */
static bool our_instance(const struct sipd_register *reg,
			 const struct sip_addr *addr)
{
	static const char name[] = "+sip.instance=\"<";
	const char *urn, *p;
	size_t len;

	if (!reg->instance || !addr->params.p)
		return false;

	urn = sipd_instance_urn(reg->instance);
	len = strlen(urn);
	p = memmem(addr->params.p, addr->params.l, name, sizeof(name) - 1);
	if (!p)
		return false;
	p += sizeof(name) - 1;

	return (size_t)(addr->params.p + addr->params.l - p) > len &&
	       !strncasecmp(p, urn, len) && p[len] == '>';
}


static enum rank rank_of(const struct reading *r, const struct sip_addr *addr)
{
	const struct sipd_register *reg = r->reg;
	const uint16_t port = sip_transp_port(reg->tp, addr->uri.port);
	struct sa host;
	bool user;

	user = !pl_cmp(&addr->uri.user, &r->ours.user);
	if (user && same_host(&addr->uri.host, &r->ours.host) &&
	    port == r->ours.port)
		return RANK_EXACT;
	if (our_instance(reg, addr))
		return RANK_INSTANCE;
	if (user && sa_isset(&reg->sip->mapped.seen, SA_ADDR) &&
	    !sa_set(&host, &addr->uri.host, port) &&
	    sa_cmp(&host, &reg->sip->mapped.seen, SA_ALL))
		return RANK_MAPPED;

	return user ? RANK_USER : RANK_NONE;
}


/* Negative, huge or no number at all: RFC 3261 20.10 takes it for an hour; we
 * never take more than we asked for then. */
static uint32_t expires_of(const struct sipd_register *reg,
			   const struct sip_addr *addr,
			   const struct sip_msg *msg)
{
	const uint32_t sane = reg->expires < EXPIRES_SANE ? reg->expires
							  : EXPIRES_SANE;
	struct pl value = PL_INIT;
	uint32_t seconds;

	if (msg_param_decode(&addr->params, "expires", &value))
		value = msg->expires;
	if (!pl_isset(&value))
		return reg->expires;

	return sipd_pl_number(&value, &seconds) ? seconds : sane;
}


/* Of a run of ours that crashed: it has our instance and another address. */
static void stale_note(struct sipd_register *reg, const struct sip_addr *addr)
{
	struct sipd_uri uri;
	char text[SIPD_CONTACT_SIZE];

	if (reg->stalec == SIPD_STALE_MAX ||
	    pl_strcpy(&addr->auri, text, sizeof(text)) ||
	    !sipd_text_clean(text, strlen(text)) || sipd_uri_parse(&uri, text))
		return;

	(void)sipd_strcpy(reg->stale[reg->stalec++], SIPD_CONTACT_SIZE, text);
}


static bool rank_handler(const struct sip_hdr *hdr, const struct sip_msg *msg,
			 void *arg)
{
	struct reading *r = arg;
	struct sip_addr addr;
	enum rank rank;

	if (r->count++ >= SIPD_BINDING_MAX)
		return true;
	if (sip_addr_decode(&addr, &hdr->val))
		return false;

	rank = rank_of(r, &addr);
	if (rank > r->best) {
		r->best = rank;
		r->expires = expires_of(r->reg, &addr, msg);
	}

	return false;
}


static bool stale_handler(const struct sip_hdr *hdr, const struct sip_msg *msg,
			  void *arg)
{
	struct reading *r = arg;
	struct sip_addr addr;
	(void)msg;

	if (!r->count--)
		return true;
	if (!sip_addr_decode(&addr, &hdr->val) &&
	    our_instance(r->reg, &addr) && rank_of(r, &addr) != RANK_EXACT)
		stale_note(r->reg, &addr);

	return false;
}


uint32_t register_granted(struct sipd_register *reg, const struct sip_msg *msg)
{
	struct reading r = {.reg = reg};

	reg->stalec = 0;
	if (sipd_uri_parse(&r.ours, reg->contact))
		return 0;

	(void)sip_msg_hdr_apply(msg, true, SIP_HDR_CONTACT, rank_handler, &r);
	if (r.count > SIPD_BINDING_MAX)
		r.count = SIPD_BINDING_MAX;
	if (r.best == RANK_NONE || (r.best == RANK_USER && r.count > 1))
		return 0;

	/* listed by another address we cannot tell old ones from it */
	if (r.best == RANK_EXACT)
		(void)sip_msg_hdr_apply(msg, true, SIP_HDR_CONTACT,
					stale_handler, &r);

	return r.expires;
}
