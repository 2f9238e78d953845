/**
 * @file port/sip/transport/names.c  What name servers have answered
 *
 * Kept as long as they say, within limits; that there is nothing, too.  When
 * they cannot be reached, what they said before still holds for a day: a PBX
 * seldom moves while DNS is down.  Loop thread only.  RFC 2308, 8767
 */
#include <string.h>
#include "base/clock.h"
#include "base/error.h"
#include "port/sip/transport/resolve.h"

enum {
	NAMES_MAX = 256,          /* the one not used for longest goes */
	TTL_MIN_MS = 5000,        /* less is an error, or a flood */
	TTL_MAX_MS = 3600 * 1000, /* RFC 1035 would allow years */
	NONE_MS = 60000,          /* of "no such name", unless said */
	NONE_MAX_MS = 300000,
	FAILED_MS = 5000, /* no answer: asked again after it */
	STALE_MS = 24 * 3600 * 1000
};

struct entry {
	struct le le; /* the last one used first */
	struct names *names;
	char *name;
	uint16_t type;
	struct dns_ask *ask;
	struct list records;
	char *cname;
	int err;          /* as of names_get() */
	uint64_t expires; /* ms */
	uint64_t truth;   /* ms, of the last real answer */
	bool told;        /* there was one */
};

struct names {
	struct dns *dns;
	struct list entries;
	uint32_t count;
	struct list waiters;
	struct tmr tmr; /* tells them */
};


static void entry_destructor(void *arg)
{
	struct entry *e = arg;

	list_unlink(&e->le);
	mem_deref(e->ask);
	list_flush(&e->records);
	mem_deref(e->cname);
	mem_deref(e->name);
}


static void names_destructor(void *arg)
{
	struct names *names = arg;

	tmr_cancel(&names->tmr);
	list_flush(&names->entries);
	list_clear(&names->waiters);
	mem_deref(names->dns);
}


int names_open(struct names **np, const char *servers)
{
	struct names *names = mem_zalloc(sizeof(*names), names_destructor);
	int err;

	if (!names)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for DNS");

	err = dns_open(&names->dns, servers);
	if (err)
		mem_deref(names);
	else
		*np = names;

	return err;
}


void names_servers_text(const struct names *names, char *buf, size_t size)
{
	dns_servers_text(names->dns, buf, size);
}


/* ---- waiting ----------------------------------------------------------- */

/* Those that wait again, for something else, are told of later. */
static void tell_handler(void *arg)
{
	struct names *names = arg;
	uint32_t n = list_count(&names->waiters);

	while (n-- && names->waiters.head) {
		struct names_waiter *w = names->waiters.head->data;

		list_unlink(&w->le);
		w->h(w->arg);
	}
}


int names_wait(struct names *names, struct names_waiter *waiter)
{
	const uint64_t now = sipd_clock_ms();

	list_unlink(&waiter->le);
	if (!waiter->since)
		waiter->since = now;
	if (now - waiter->since >= RESOLVE_MS) {
		waiter->since = 0;
		return ETIME;
	}
	list_append(&names->waiters, &waiter->le, waiter);

	return 0;
}


/* ---- answers ----------------------------------------------------------- */

static uint64_t clamp(int64_t ttl_s, uint64_t max_ms)
{
	const uint64_t ms = ttl_s > 0 ? (uint64_t)ttl_s * 1000 : 0;

	return ms < TTL_MIN_MS ? TTL_MIN_MS : ms > max_ms ? max_ms : ms;
}


static const char *alias(const struct list *answers, const char *name,
			 int64_t *ttl)
{
	const struct le *le;

	for (le = answers->head; le; le = le->next) {
		const struct dnsrr *rr = le->data;

		if (rr->type != DNS_TYPE_CNAME ||
		    rr->dnsclass != DNS_CLASS_IN ||
		    str_casecmp(rr->name, name))
			continue;
		if (rr->ttl < *ttl)
			*ttl = rr->ttl;
		return rr->rdata.cname.cname;
	}

	return NULL;
}


/* The records of the name that was asked for, or of what it is an alias of,
 * as far as the answer tells. */
static int64_t take(struct entry *e, struct list *answers)
{
	const char *name = e->name, *to;
	int64_t ttl = INT32_MAX;
	struct le *le, *next;
	unsigned hops;

	for (hops = 0; hops < DNS_CNAMES_MAX; hops++) {
		to = alias(answers, name, &ttl);
		if (!to)
			break;
		name = to;
	}

	for (le = answers->head; le; le = next) {
		struct dnsrr *rr = le->data;

		next = le->next;
		if (rr->type != e->type || rr->dnsclass != DNS_CLASS_IN ||
		    str_casecmp(rr->name, name))
			continue;
		list_unlink(&rr->le);
		list_append(&e->records, &rr->le, rr);
		if (rr->ttl < ttl)
			ttl = rr->ttl;
	}

	if (list_isempty(&e->records) && name != e->name)
		(void)str_dup(&e->cname, name);

	return ttl;
}


/* How long there is nothing. RFC 2308 5 */
static int64_t none_ttl(const struct list *authority)
{
	const struct le *le;

	for (le = authority->head; le; le = le->next) {
		const struct dnsrr *rr = le->data;

		if (rr->type == DNS_TYPE_SOA)
			return rr->ttl < rr->rdata.soa.ttlmin
				       ? rr->ttl
				       : (int64_t)rr->rdata.soa.ttlmin;
	}

	return NONE_MS / 1000;
}


static void no_answer(struct entry *e, int err, uint64_t now)
{
	e->expires = now + FAILED_MS;
	if (e->told && now - e->truth < STALE_MS)
		return;

	list_flush(&e->records);
	e->cname = mem_deref(e->cname);
	e->told = false;
	e->err = err == ETIMEDOUT ? EREMOTEIO : EPROTO;
}


static void answer_handler(int err, const struct dnshdr *hdr,
			   struct list *answers, struct list *authority,
			   void *arg)
{
	struct entry *e = arg;
	const uint64_t now = sipd_clock_ms();
	int64_t ttl;
	(void)hdr;

	tmr_start(&e->names->tmr, 0, tell_handler, e->names);
	if (err) {
		no_answer(e, err, now);
		if (err == ETIMEDOUT)
			dns_reload(e->names->dns);
		return;
	}

	list_flush(&e->records);
	e->cname = mem_deref(e->cname);
	ttl = take(e, answers);
	e->told = true;
	e->truth = now;
	e->err = list_isempty(&e->records) && !e->cname ? ENOENT : 0;
	e->expires = now + (e->err ? clamp(none_ttl(authority), NONE_MAX_MS)
				   : clamp(ttl, TTL_MAX_MS));
}


/* ---- asking ------------------------------------------------------------ */

static struct entry *entry_find(const struct names *names, const char *name,
				uint16_t type)
{
	struct le *le;

	for (le = names->entries.head; le; le = le->next) {
		struct entry *e = le->data;

		if (e->type == type && !str_casecmp(e->name, name))
			return e;
	}

	return NULL;
}


static bool room_make(struct names *names)
{
	struct le *le;

	if (names->count < NAMES_MAX)
		return true;

	for (le = names->entries.tail; le; le = le->prev) {
		struct entry *e = le->data;

		if (!e->ask) {
			mem_deref(e);
			names->count--;
			return true;
		}
	}

	return false;
}


static struct entry *entry_make(struct names *names, const char *name,
				uint16_t type)
{
	struct entry *e;

	if (!room_make(names))
		return NULL;

	e = mem_zalloc(sizeof(*e), entry_destructor);
	if (!e || str_dup(&e->name, name))
		return mem_deref(e);

	e->names = names;
	e->type = type;
	list_prepend(&names->entries, &e->le, e);
	names->count++;

	return e;
}


/* "pbx.example." is the name in full. */
static bool plain(const char *name, char *buf, size_t size)
{
	const size_t len = str_len(name);

	if (!len || len >= size)
		return false;

	str_ncpy(buf, name, size);
	if (buf[len - 1] == '.')
		buf[len - 1] = '\0';

	return buf[0] != '\0';
}


int names_get(struct names *names, const char *name, uint16_t type,
	      const struct list **records, const char **cname,
	      uint64_t *expires)
{
	const uint64_t now = sipd_clock_ms();
	char key[SIPD_HOST_MAX + 2];
	struct entry *e;
	int err;

	*records = NULL;
	*cname = NULL;
	*expires = now + NONE_MS;
	if (!plain(name, key, sizeof(key)))
		return EINVAL;

	e = entry_find(names, key, type);
	if (!e)
		e = entry_make(names, key, type);
	if (!e)
		return ENOMEM;

	list_unlink(&e->le);
	list_prepend(&names->entries, &e->le, e);
	if (!e->ask && now >= e->expires) {
		err = dns_ask(&e->ask, names->dns, key, type, answer_handler,
			      e);
		if (err) {
			e->err = e->told ? e->err : err;
			e->expires = now + FAILED_MS;
		}
	}
	if (e->ask)
		return EAGAIN;

	*expires = e->expires;
	if (!e->err && e->cname)
		*cname = e->cname;
	else if (!e->err)
		*records = &e->records;

	return e->err;
}
