/**
 * @file port/sip/transport/trunks.c  Whose calls come in besides the server's
 *
 * incoming.trunks: addresses, networks and host names.  A name is asked of DNS
 * at the start and again when its records end; what it had stays good while
 * DNS does not answer.  Loop thread only, but for the check.  RFC 4632, 1035
 */
#include <string.h>
#include <strings.h>
#include "base/error.h"
#include "port/sip/internal.h"

enum {
	TRUNKS_MAX = 64, /* entries */
	ADDRESSES = 16,  /* of one name */
	ENTRY_MAX = 253, /* bytes. RFC 1035 2.3.4 */
	FIRST_MS = 1,
	AGAIN_S = 30,    /* after a failure, and at least */
	TTL_MAX_S = 3600 /* looked at again after, at most */
};

struct trunk {
	struct sa addr; /* of a network */
	uint32_t bits;  /* of it that count; 0: a name */
	char *name;
	struct sa found[ADDRESSES];
	size_t foundc;
};

struct sipd_trunks {
	struct sipd_sip *sip;
	struct trunk trunks[TRUNKS_MAX];
	size_t count;
	struct tmr tmr;
	struct dns_query *query;
	/* one name at a time: A, then AAAA */
	size_t asked;
	bool asked6, failed;
	uint32_t ttl; /* least of this round */
	struct sa fresh[ADDRESSES];
	size_t freshc;
};


/* ---- as it is written ------------------------------------------------------ */

static struct pl trimmed(struct pl pl)
{
	while (pl.l && (*pl.p == ' ' || *pl.p == '\t'))
		pl_advance(&pl, 1);
	while (pl.l && (pl.p[pl.l - 1] == ' ' || pl.p[pl.l - 1] == '\t'))
		pl.l--;

	return pl;
}


/* Next entry of a list; false: there is none. */
static bool entry_next(struct pl *list, struct pl *entry)
{
	const char *comma;

	while (list->l) {
		comma = pl_strchr(list, ',');
		*entry = *list;
		if (comma)
			entry->l = (size_t)(comma - list->p);
		pl_advance(list, (ssize_t)(entry->l + (comma ? 1 : 0)));
		*entry = trimmed(*entry);
		if (entry->l)
			return true;
	}

	return false;
}


static bool address_read(const struct pl *pl, struct sa *addr)
{
	struct pl host = *pl;

	if (host.l > 2 && *host.p == '[' && host.p[host.l - 1] == ']') {
		host.p++;
		host.l -= 2;
	}

	return !sa_set(addr, &host, 0);
}


/* "192.0.2.0/24", "192.0.2.1", "2001:db8::/32", "sip.example.com".  NULL, or
 * what is wrong with it. */
static const char *entry_read(const struct pl *entry, struct trunk *trunk)
{
	const char *slash = pl_strchr(entry, '/');
	struct pl host = *entry;
	uint32_t most;

	if (slash)
		host.l = (size_t)(slash - entry->p);
	if (!address_read(&host, &trunk->addr)) {
		if (slash)
			return "is no network: an address is expected "
			       "before the \"/\"";
		trunk->bits = 0;
		return sipd_host_valid(entry)
			       ? NULL
			       : "is not an address, a network or a host name";
	}

	most = sa_af(&trunk->addr) == AF_INET ? 32 : 128;
	trunk->bits = most;
	if (slash) {
		const struct pl n = {slash + 1, entry->l - (size_t)(slash + 1 -
								    entry->p)};

		if (!sipd_pl_number(&n, &trunk->bits) || !trunk->bits ||
		    trunk->bits > most)
			return most == 32 ? "has a prefix that is not 1 to 32"
					  : "has a prefix that is not 1 to "
					    "128";
	}

	return NULL;
}


int sipd_sip_check_trunks(const char *text)
{
	struct pl list, entry;
	struct trunk trunk;
	size_t count = 0;

	pl_set_str(&list, text);
	while (entry_next(&list, &entry)) {
		const char *bad = entry_read(&entry, &trunk);

		if (entry.l > ENTRY_MAX)
			return sipd_error(SIPDIALER_EINVAL,
					  "an entry has %zu bytes, at most %d "
					  "are allowed",
					  entry.l, ENTRY_MAX);
		if (bad)
			return sipd_error(SIPDIALER_EINVAL, "\"%.*s\" %s",
					  (int)entry.l, entry.p, bad);
		if (++count > TRUNKS_MAX)
			return sipd_error(SIPDIALER_EINVAL,
					  "more than %d trunks", TRUNKS_MAX);
	}

	return SIPDIALER_OK;
}


/* ---- who is it? ------------------------------------------------------------ */

static bool prefix_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	const unsigned bytes = bits / 8, rest = bits % 8;

	if (memcmp(a, b, bytes))
		return false;

	return !rest || !((a[bytes] ^ b[bytes]) >> (8 - rest));
}


static bool in_network(const struct trunk *trunk, const struct sa *addr)
{
	if (sa_af(addr) != sa_af(&trunk->addr))
		return false;
	if (sa_af(addr) == AF_INET)
		return prefix_equal(
			(const uint8_t *)&addr->u.in.sin_addr,
			(const uint8_t *)&trunk->addr.u.in.sin_addr,
			trunk->bits);

	return prefix_equal(addr->u.in6.sin6_addr.s6_addr,
			    trunk->addr.u.in6.sin6_addr.s6_addr, trunk->bits);
}


bool sipd_trunks_match(const struct sipd_trunks *trunks, const struct sa *addr)
{
	size_t i, k;

	for (i = 0; trunks && i < trunks->count; i++) {
		const struct trunk *t = &trunks->trunks[i];

		if (!t->name && in_network(t, addr))
			return true;
		for (k = 0; k < t->foundc; k++) {
			if (sa_cmp(&t->found[k], addr, SA_ADDR))
				return true;
		}
	}

	return false;
}


/* ---- names ------------------------------------------------------------------ */

static void ask(struct sipd_trunks *trunks);


static void round_begin(void *arg)
{
	struct sipd_trunks *trunks = arg;

	trunks->asked = 0;
	trunks->asked6 = false;
	trunks->ttl = TTL_MAX_S;
	trunks->freshc = 0;
	trunks->failed = false;
	ask(trunks);
}


static void round_end(struct sipd_trunks *trunks)
{
	const uint32_t s = trunks->ttl < AGAIN_S ? (uint32_t)AGAIN_S
						 : trunks->ttl;

	tmr_start(&trunks->tmr, (uint64_t)s * 1000, round_begin, trunks);
}


static bool record_handler(struct dnsrr *rr, void *arg)
{
	struct sipd_trunks *trunks = arg;
	struct sa *addr = &trunks->fresh[trunks->freshc];

	if (rr->type == DNS_TYPE_A)
		sa_set_in(addr, rr->rdata.a.addr, 0);
	else if (rr->type == DNS_TYPE_AAAA)
		sa_set_in6(addr, rr->rdata.aaaa.addr, 0);
	else
		return false;
	if (rr->ttl >= 0 && (uint32_t)rr->ttl < trunks->ttl)
		trunks->ttl = (uint32_t)rr->ttl;

	return ++trunks->freshc == ADDRESSES;
}


/* What was found of a name is taken over; nothing at all changes nothing. */
static void name_done(struct sipd_trunks *trunks)
{
	struct trunk *t = &trunks->trunks[trunks->asked];

	if (trunks->freshc) {
		memcpy(t->found, trunks->fresh, sizeof(t->found));
		t->foundc = trunks->freshc;
	}
	else {
		trunks->ttl = AGAIN_S;
		if (!t->foundc)
			sipd_log_warning(trunks->sip->log,
					 "sip: calls of the trunk \"%s\" "
					 "cannot come in: %s",
					 t->name,
					 trunks->failed ? "DNS does not answer"
							: "it has no address");
	}
	trunks->freshc = 0;
	trunks->failed = false;
	trunks->asked6 = false;
	trunks->asked++;
}


static void query_handler(int err, const struct dnshdr *hdr, struct list *ansl,
			  struct list *authl, struct list *addl, void *arg)
{
	struct sipd_trunks *trunks = arg;
	const uint16_t type = trunks->asked6 ? DNS_TYPE_AAAA : DNS_TYPE_A;
	(void)authl;
	(void)addl;

	trunks->query = mem_deref(trunks->query);
	if (err || (hdr && hdr->rcode != DNS_RCODE_OK &&
		    hdr->rcode != DNS_RCODE_NAME_ERR))
		trunks->failed = true;
	else if (trunks->freshc < ADDRESSES)
		(void)dns_rrlist_apply(ansl,
				       trunks->trunks[trunks->asked].name,
				       type, DNS_CLASS_IN, true,
				       record_handler, trunks);

	if (!trunks->asked6)
		trunks->asked6 = true;
	else
		name_done(trunks);
	ask(trunks);
}


static bool from_hosts(struct sipd_trunks *trunks, struct trunk *t)
{
	struct pl name;

	pl_set_str(&name, t->name);
	if (!sipd_hosts_find(trunks->sip->hosts, &name, &t->found[0]))
		return false;
	t->foundc = 1;

	return true;
}


/* The next name that DNS is to be asked for, or the end of the round. */
static void ask(struct sipd_trunks *trunks)
{
	int err;

	while (trunks->asked < trunks->count) {
		struct trunk *t = &trunks->trunks[trunks->asked];

		if (!t->name || from_hosts(trunks, t)) {
			trunks->asked++;
			continue;
		}
		err = trunks->sip->dnsc
			      ? dnsc_query(&trunks->query, trunks->sip->dnsc,
					   t->name,
					   trunks->asked6 ? DNS_TYPE_AAAA
							  : DNS_TYPE_A,
					   DNS_CLASS_IN, true, query_handler,
					   trunks)
			      : ENOSYS;
		if (!err)
			return;
		trunks->failed = true;
		name_done(trunks);
	}

	round_end(trunks);
}


/* ---- life ------------------------------------------------------------------- */

static void destructor(void *arg)
{
	struct sipd_trunks *trunks = arg;
	size_t i;

	tmr_cancel(&trunks->tmr);
	mem_deref(trunks->query);
	for (i = 0; i < trunks->count; i++)
		mem_deref(trunks->trunks[i].name);
}


static bool has_names(const struct sipd_trunks *trunks)
{
	size_t i;

	for (i = 0; i < trunks->count; i++) {
		if (trunks->trunks[i].name)
			return true;
	}

	return false;
}


int sipd_trunks_open(struct sipd_trunks **tp, struct sipd_sip *sip,
		     const char *text)
{
	struct sipd_trunks *trunks;
	struct pl list, entry;
	int err = sipd_sip_check_trunks(text);

	if (err)
		return err;
	trunks = mem_zalloc(sizeof(*trunks), destructor);
	if (!trunks)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for trunks");

	trunks->sip = sip;
	tmr_init(&trunks->tmr);
	pl_set_str(&list, text);
	while (!err && entry_next(&list, &entry)) {
		struct trunk *t = &trunks->trunks[trunks->count++];

		(void)entry_read(&entry, t);
		if (!t->bits)
			err = pl_strdup(&t->name, &entry);
	}
	if (err) {
		mem_deref(trunks);
		return sipd_error(SIPDIALER_ENOMEM, "no memory for trunks");
	}

	if (has_names(trunks))
		tmr_start(&trunks->tmr, FIRST_MS, round_begin, trunks);
	*tp = trunks;

	return SIPDIALER_OK;
}
