/**
 * @file port/sip/transport/resolve.c  From a name to the servers behind it
 *
 * NAPTR says which service has which name, SRV where it runs, A and AAAA at
 * which addresses.  All that may be needed is asked for at once, so that name
 * servers that are silent are waited for once only.  Pure: each step goes
 * through all from the beginning, on the answers that there are.
 * RFC 2782, 3263 4
 */
#include <string.h>
#include <strings.h>
#include "port/sip/transport/resolve.h"

enum { NAPTR_MAX = 4, NAME_SIZE = 300 };

struct state {
	const struct resolve_env *env;
	const struct resolve_name *name;
	struct resolve_list *list;
	unsigned group; /* of the next target */
	bool pending;   /* something needed is still being asked */
	int err;        /* of the last thing that failed */
};


static const char *srv_prefix(enum sip_transp tp)
{
	return tp == SIP_TRANSP_UDP   ? "_sip._udp"
	       : tp == SIP_TRANSP_TCP ? "_sip._tcp"
				      : "_sips._tcp";
}


static bool srv_name(char *buf, size_t size, enum sip_transp tp,
		     const char *host)
{
	return re_snprintf(buf, size, "%s.%s", srv_prefix(tp), host) > 0;
}


/* Records of a name, by way of its aliases; NULL if there are none. */
static const struct list *records(struct state *st, const char *name,
				  uint16_t type)
{
	const struct list *list = NULL;
	const char *cname = name;
	uint64_t expires;
	unsigned i;

	for (i = 0; cname && i <= DNS_CNAMES_MAX; i++) {
		const char *from = cname;
		int err;

		cname = NULL;
		list = NULL;
		err = st->env->get(from, type, &list, &cname, &expires,
				   st->env->arg);
		if (err == EAGAIN) {
			st->pending = true;
			return NULL;
		}
		if (expires < st->list->expires)
			st->list->expires = expires;
		if (err) {
			if (err != ENOENT || !st->err)
				st->err = err;
			return NULL;
		}
	}

	if (cname)
		st->err = ELOOP;

	return cname ? NULL : list;
}


static void add(struct state *st, const struct sa *addr, enum sip_transp tp)
{
	const struct sipd_target t = {*addr, tp, st->group};
	size_t i;

	for (i = 0; i < st->list->count; i++) {
		if (target_cmp(&st->list->v[i], &t))
			return;
	}
	if (st->list->count < TARGETS_MAX)
		st->list->v[st->list->count++] = t;
}


static void add_addresses(struct state *st, const struct list *list,
			  uint16_t port, enum sip_transp tp)
{
	const struct le *le;
	struct sa addr;

	for (le = list ? list->head : NULL; le; le = le->next) {
		const struct dnsrr *rr = le->data;

		if (rr->type == DNS_TYPE_A)
			sa_set_in(&addr, rr->rdata.a.addr, port);
		else
			sa_set_in6(&addr, rr->rdata.aaaa.addr, port);
		if (!sa_is_any(&addr))
			add(st, &addr, tp);
	}
}


static void addresses(struct state *st, const char *host, uint16_t port,
		      enum sip_transp tp)
{
	const struct list *a = NULL, *aaaa = NULL;

	if (st->env->reach(tp, AF_INET, st->env->arg))
		a = records(st, host, DNS_TYPE_A);
	if (st->env->reach(tp, AF_INET6, st->env->arg))
		aaaa = records(st, host, DNS_TYPE_AAAA);
	add_addresses(st, a, port, tp);
	add_addresses(st, aaaa, port, tp);
}


/* ---- SRV --------------------------------------------------------------- */

static bool srv_usable(const struct dnsrr *rr)
{
	struct pl target;

	pl_set_str(&target, rr->rdata.srv.target);

	return rr->type == DNS_TYPE_SRV && rr->rdata.srv.port &&
	       sipd_host_valid(&target);
}


/* Of those with the best priority one by its weight, those without a weight
 * nearly never. RFC 2782, page 3 */
static size_t srv_draw(const struct state *st, const struct dnsrr *const *v,
		       size_t count)
{
	uint32_t sum = 0, at = 0, drawn;
	uint16_t best = UINT16_MAX;
	size_t i, last = 0;

	for (i = 0; i < count; i++) {
		if (v[i]->rdata.srv.pri < best)
			best = v[i]->rdata.srv.pri;
	}
	for (i = 0; i < count; i++) {
		if (v[i]->rdata.srv.pri == best)
			sum += v[i]->rdata.srv.weight;
	}

	drawn = st->env->random(st->env->arg) % (sum + 1);
	/* those of weight 0 stand first */
	for (i = 0; i < count; i++) {
		if (v[i]->rdata.srv.pri != best || v[i]->rdata.srv.weight)
			continue;
		if (!drawn)
			return i;
		last = i;
	}
	for (i = 0; i < count; i++) {
		if (v[i]->rdata.srv.pri != best || !v[i]->rdata.srv.weight)
			continue;
		at += v[i]->rdata.srv.weight;
		if (at >= drawn)
			return i;
	}

	return last;
}


/* true if the name has SRV records, be they of use or not. */
static bool srv(struct state *st, const char *name, enum sip_transp tp)
{
	const struct list *list = records(st, name, DNS_TYPE_SRV);
	const struct dnsrr *v[DNS_RECORDS_MAX];
	const struct le *le;
	uint32_t pri = UINT32_MAX;
	size_t n = 0, i;

	for (le = list ? list->head : NULL; le && n < DNS_RECORDS_MAX;
	     le = le->next) {
		if (srv_usable(le->data))
			v[n++] = le->data;
	}

	while (n) {
		i = srv_draw(st, v, n);
		if (pri <= UINT16_MAX && v[i]->rdata.srv.pri != pri)
			st->group++;
		pri = v[i]->rdata.srv.pri;
		addresses(st, v[i]->rdata.srv.target, v[i]->rdata.srv.port,
			  tp);
		memmove(&v[i], &v[i + 1], (--n - i) * sizeof(v[0]));
	}

	return list != NULL;
}


/* ---- NAPTR ------------------------------------------------------------- */

static bool naptr_transport(const struct dnsrr *rr, enum sip_transp *tp)
{
	const char *service = rr->rdata.naptr.services;

	if (!strcasecmp(service, "SIP+D2U"))
		*tp = SIP_TRANSP_UDP;
	else if (!strcasecmp(service, "SIP+D2T"))
		*tp = SIP_TRANSP_TCP;
	else if (!strcasecmp(service, "SIPS+D2T"))
		*tp = SIP_TRANSP_TLS;
	else
		return false;

	return true;
}


/* For us, and one that we can follow: no regular expressions. */
static bool naptr_usable(const struct state *st, const struct dnsrr *rr,
			 enum sip_transp *tp)
{
	const char *flags = rr->rdata.naptr.flags;
	struct pl to;

	pl_set_str(&to, rr->rdata.naptr.replace);

	return rr->type == DNS_TYPE_NAPTR && naptr_transport(rr, tp) &&
	       (st->name->transports & 1U << *tp) &&
	       !*rr->rdata.naptr.regexp &&
	       (!strcasecmp(flags, "s") || !strcasecmp(flags, "a")) &&
	       sipd_host_valid(&to);
}


static uint32_t naptr_rank(const struct dnsrr *rr)
{
	return (uint32_t)rr->rdata.naptr.order << 16 | rr->rdata.naptr.pref;
}


/* Those of the best order, by preference. RFC 3403 4.1 */
static size_t naptr_choose(const struct state *st, const struct list *list,
			   const struct dnsrr **v)
{
	const struct le *le;
	enum sip_transp tp;
	size_t n = 0, i;

	for (le = list ? list->head : NULL; le && n < DNS_RECORDS_MAX;
	     le = le->next) {
		const struct dnsrr *rr = le->data;

		if (!naptr_usable(st, rr, &tp))
			continue;
		for (i = n++; i && naptr_rank(v[i - 1]) > naptr_rank(rr); i--)
			v[i] = v[i - 1];
		v[i] = rr;
	}

	for (i = 1; i < n && i < NAPTR_MAX; i++) {
		if (v[i]->rdata.naptr.order != v[0]->rdata.naptr.order)
			break;
	}

	return i < n ? i : n;
}


/* true if it told. */
static bool naptr(struct state *st)
{
	const struct list *list = records(st, st->name->host, DNS_TYPE_NAPTR);
	const struct dnsrr *v[DNS_RECORDS_MAX];
	const size_t n = naptr_choose(st, list, v);
	enum sip_transp tp;
	size_t i;

	for (i = 0; i < n; i++) {
		const char *to = v[i]->rdata.naptr.replace;

		(void)naptr_transport(v[i], &tp);
		if (i)
			st->group++;
		if (!strcasecmp(v[i]->rdata.naptr.flags, "s"))
			(void)srv(st, to, tp);
		else
			addresses(st, to, sip_transp_port(tp, 0), tp);
	}

	return n > 0;
}


/* ---- all of it --------------------------------------------------------- */

static bool allowed(const struct resolve_name *name, enum sip_transp tp)
{
	return name->transports & 1U << tp;
}


/* What may be needed if there are no NAPTR records. */
static void ask_ahead(const struct state *st)
{
	struct resolve_list nothing = {.expires = UINT64_MAX};
	struct state ahead = *st;
	char buf[NAME_SIZE];
	enum sip_transp tp;

	ahead.list = &nothing;
	for (tp = SIP_TRANSP_UDP; tp <= SIP_TRANSP_TLS; tp++) {
		if (allowed(st->name, tp) &&
		    srv_name(buf, sizeof(buf), tp, st->name->host))
			(void)records(&ahead, buf, DNS_TYPE_SRV);
	}
	addresses(&ahead, st->name->host, 0, st->name->main);
}


static bool by_service(struct state *st)
{
	char buf[NAME_SIZE];
	enum sip_transp tp;
	bool found = false;

	for (tp = SIP_TRANSP_UDP; tp <= SIP_TRANSP_TLS && !found; tp++) {
		if (allowed(st->name, tp) &&
		    srv_name(buf, sizeof(buf), tp, st->name->host))
			found = srv(st, buf, tp);
		if (st->pending)
			return true;
	}

	return found;
}


static void find(struct state *st)
{
	const struct resolve_name *name = st->name;

	if (name->port) {
		addresses(st, name->host, name->port, name->main);
		return;
	}

	ask_ahead(st);
	if (naptr(st) || st->pending || by_service(st))
		return;

	/* what failed before was not needed */
	st->err = 0;
	addresses(st, name->host, sip_transp_port(name->main, 0), name->main);
}


int resolve(const struct resolve_env *env, const struct resolve_name *name,
	    struct resolve_list *list)
{
	struct state st = {.env = env, .name = name, .list = list};

	list->count = 0;
	list->expires = UINT64_MAX;
	find(&st);
	if (st.pending)
		return EAGAIN;
	if (list->count)
		return 0;

	return st.err ? st.err : ENOENT;
}
