/**
 * @file port/sip/transport/trunks.c  Whose calls come in besides the server's
 *
 * incoming.trunks: addresses, networks and host names.  A name is asked of DNS
 * at the start and again when its records end; what it had stays good while
 * DNS does not answer.  Loop thread only, but for the check.  RFC 4632, 1035
 */
#include <string.h>
#include <strings.h>
#include "base/clock.h"
#include "base/error.h"
#include "port/sip/transport/resolve.h"

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
	bool told; /* that it has none */
};

struct sipd_trunks {
	struct sipd_sip *sip;
	struct trunk trunks[TRUNKS_MAX];
	size_t count;
	struct tmr tmr;
	struct names_waiter waiter;
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


/* No name is all digits: this is an address mistyped.  RFC 3261 25.1 */
static bool looks_like_address(const struct pl *entry)
{
	size_t i;

	for (i = 0; i < entry->l; i++) {
		if (entry->p[i] != '.' &&
		    (entry->p[i] < '0' || entry->p[i] > '9'))
			return false;
	}

	return true;
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
		return sipd_host_valid(entry) && !looks_like_address(entry)
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


bool sipd_trunks_named(const struct sipd_trunks *trunks,
		       bool (*h)(const char *name, void *arg), void *arg)
{
	char host[64];
	size_t i;

	for (i = 0; trunks && i < trunks->count; i++) {
		const struct trunk *t = &trunks->trunks[i];
		const uint32_t most = sa_af(&t->addr) == AF_INET ? 32 : 128;

		if (t->name ? h(t->name, arg)
			    : t->bits == most &&
				      !sa_ntop(&t->addr, host, sizeof(host)) &&
				      h(host, arg))
			return true;
	}

	return false;
}


/* ---- names ------------------------------------------------------------------ */

static int get_handler(const char *name, uint16_t type,
		       const struct list **records, const char **cname,
		       uint64_t *expires, void *arg)
{
	const struct sipd_trunks *trunks = arg;

	return names_get(trunks->sip->servers->names, name, type, records,
			 cname, expires);
}


/* Calls may come from both. */
static bool reach_handler(enum sip_transp tp, int af, void *arg)
{
	(void)tp;
	(void)af;
	(void)arg;

	return true;
}


static int look_up(struct sipd_trunks *trunks, const struct trunk *t,
		   struct resolve_list *list)
{
	const struct resolve_env env = {
		.get = get_handler,
		.reach = reach_handler,
		.arg = trunks,
	};
	/* with a port no SRV records are asked for */
	const struct resolve_name name = {
		.host = t->name,
		.port = SIP_PORT,
		.transports = 1U << SIP_TRANSP_UDP,
		.main = SIP_TRANSP_UDP,
	};

	return resolve(&env, &name, list);
}


/* What was found of a name is taken over; nothing at all changes nothing. */
static void take(struct sipd_trunks *trunks, struct trunk *t, int err,
		 const struct resolve_list *list)
{
	char words[256];
	size_t i;

	if (!err) {
		t->foundc = list->count < ADDRESSES ? list->count
						    : (size_t)ADDRESSES;
		for (i = 0; i < t->foundc; i++)
			t->found[i] = list->v[i].addr;
		t->told = false;
	}
	else if (!t->foundc && !t->told) {
		t->told = true;
		sipd_send_words(trunks->sip, err, t->name, words,
				sizeof(words));
		sipd_log_warning(trunks->sip->log,
				 "sip: calls of the trunk \"%s\" cannot come "
				 "in: %s",
				 t->name, words);
	}
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


/* All names, again and again: what was answered before is at hand. */
static void round_begin(void *arg)
{
	struct sipd_trunks *trunks = arg;
	const uint64_t now = sipd_clock_ms();
	uint64_t next = now + TTL_MAX_S * 1000ULL;
	bool pending = false;
	size_t i;

	for (i = 0; i < trunks->count; i++) {
		struct trunk *t = &trunks->trunks[i];
		struct resolve_list list;
		int err;

		if (!t->name || from_hosts(trunks, t))
			continue;
		err = look_up(trunks, t, &list);
		if (err == EAGAIN) {
			pending = true;
			continue;
		}
		take(trunks, t, err, &list);
		if (list.expires < next)
			next = list.expires;
	}

	if (pending)
		(void)names_wait(trunks->sip->servers->names, &trunks->waiter);
	else
		trunks->waiter.since = 0;
	if (next < now + AGAIN_S * 1000ULL)
		next = now + AGAIN_S * 1000ULL;
	tmr_start(&trunks->tmr, next - now, round_begin, trunks);
}


/* ---- life ------------------------------------------------------------------- */

static void destructor(void *arg)
{
	struct sipd_trunks *trunks = arg;
	size_t i;

	tmr_cancel(&trunks->tmr);
	list_unlink(&trunks->waiter.le);
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
	trunks->waiter.h = round_begin;
	trunks->waiter.arg = trunks;
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
