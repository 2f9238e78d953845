/*
 * REGISTER: who is where.  RFC 3261 10.3
 */
#include "registrar.h"

#include <stdlib.h>
#include <string.h>

enum {
	BUCKETS = 4096,
	BINDINGS_MAX = 100000,
	CONTACTS_A_USER = 10,
	EXPIRES_DEFAULT = 3600,
	EXPIRES_MAX = 86400,
};

struct binding {
	struct binding *next;
	uint64_t until_us;
	struct str aor, uri; /* one allocation, after the struct */
};

struct registrar {
	struct binding *bucket[BUCKETS];
	size_t n;
	uint32_t min_expires;
};


struct registrar *registrar_new(uint32_t min_expires)
{
	struct registrar *r = need(calloc(1, sizeof(*r)));

	r->min_expires = min_expires;
	return r;
}


void registrar_free(struct registrar *r)
{
	for (size_t i = 0; r && i < BUCKETS; i++)
		while (r->bucket[i]) {
			struct binding *b = r->bucket[i];

			r->bucket[i] = b->next;
			free(b);
		}
	free(r);
}


size_t registrar_bindings(const struct registrar *r)
{
	return r->n;
}


static struct binding **bucket_of(struct registrar *r, struct str aor)
{
	return &r->bucket[hash64(aor.p, aor.l, 1) % BUCKETS];
}


/* Removes what has run out, and `uri` (all when it is "*"). */
static unsigned prune(struct registrar *r, struct str aor, struct str uri)
{
	struct binding **p = bucket_of(r, aor);
	uint64_t now = now_us();
	unsigned left = 0;

	while (*p) {
		struct binding *b = *p;
		bool mine = str_same(b->aor, aor);

		if (b->until_us <= now ||
		    (mine && (str_is(uri, "*") || str_same(b->uri, uri)))) {
			*p = b->next;
			free(b);
			r->n--;
			continue;
		}
		left += mine;
		p = &b->next;
	}
	return left;
}


static bool bind_contact(struct registrar *r, struct str aor, struct str uri,
			 uint32_t expires)
{
	struct binding **p = bucket_of(r, aor), *b;

	if (prune(r, aor, uri) >= CONTACTS_A_USER || r->n >= BINDINGS_MAX)
		return false;
	b = need(malloc(sizeof(*b) + aor.l + uri.l));
	memcpy(b + 1, aor.p, aor.l);
	memcpy((char *)(b + 1) + aor.l, uri.p, uri.l);
	b->aor = (struct str){(char *)(b + 1), aor.l};
	b->uri = (struct str){(char *)(b + 1) + aor.l, uri.l};
	b->until_us = now_us() + (uint64_t)expires * 1000000u;
	b->next = *p;
	*p = b;
	r->n++;
	return true;
}


static void list(struct registrar *r, struct str aor, struct buf *out)
{
	uint64_t now = now_us();

	for (struct binding *b = *bucket_of(r, aor); b; b = b->next) {
		if (!str_same(b->aor, aor))
			continue;
		buf_txt(out, "Contact: <");
		buf_str(out, b->uri);
		buf_fmt(out, ">;expires=%u\r\n",
			(unsigned)((b->until_us - now + 500000) / 1000000));
	}
}


struct str registrar_contact(struct registrar *r, struct str user)
{
	const struct binding *best = NULL;
	uint64_t now = now_us();

	for (size_t i = 0; i < BUCKETS; i++)
		for (struct binding *b = r->bucket[i]; b; b = b->next)
			if (b->until_us > now &&
			    str_same(sip_uri_user(b->aor), user) &&
			    (!best || b->until_us > best->until_us))
				best = b;
	return best ? best->uri : STR("");
}


static uint32_t wanted(const struct sip_msg *m)
{
	const char *gt = memchr(m->contact.p, '>', m->contact.l);
	struct str params = m->contact, v;

	if (gt)
		params = (struct str){gt + 1,
				      m->contact.l -
					      (size_t)(gt + 1 - m->contact.p)};
	if (str_param(params, ';', "expires", &v))
		return str_u32(v);
	return m->expires.l ? str_u32(m->expires) : EXPIRES_DEFAULT;
}


/* Users that are there to be refused. */
static int special(struct str user, struct buf *b)
{
	if (str_is(user, "busyreg")) {
		buf_txt(b, "Retry-After: 2\r\n");
		return 503;
	}
	if (str_is(user, "forbidden"))
		return 403;
	return str_is(user, "nobody") ? 404 : 0;
}


int registrar_request(struct registrar *r, const struct sip_msg *m,
		      struct buf *b)
{
	struct str aor = sip_addr_uri(m->to);
	uint32_t expires;
	struct str uri;
	int status = special(sip_uri_user(aor), b);

	if (status)
		return status;
	if (!m->has_contact) {
		prune(r, aor, STR(""));
		list(r, aor, b);
		return 200;
	}
	expires = wanted(m);
	uri = str_is(m->contact, "*") ? m->contact : sip_addr_uri(m->contact);
	if (str_is(uri, "*") && expires)
		return 400;
	if (expires && expires < r->min_expires) {
		buf_fmt(b, "Min-Expires: %u\r\n", r->min_expires);
		return 423;
	}
	if (expires > EXPIRES_MAX)
		expires = EXPIRES_MAX;
	if (!expires)
		prune(r, aor, uri);
	else if (!bind_contact(r, aor, uri, expires))
		return 503;
	list(r, aor, b);
	return 200;
}
