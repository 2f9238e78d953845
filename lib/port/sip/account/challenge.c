/**
 * @file port/sip/account/challenge.c  Digest challenges, read
 *
 * RFC 7616 3.3, 3.5, RFC 7235 2.1
 */
#include <ctype.h>
#include <string.h>
#include "base/text.h"
#include "port/sip/account/digest.h"

enum { VALUE_MAX = 2048 }; /* of one header; longer ones are not read */

/* Weakest first: the index is the preference. RFC 8760 2.4 */
/* clang-format off */
static const struct sipd_digest_alg algorithms[] = {
	{ "MD5-sess",         EVP_md5,        true,  SIPD_DIGEST_MD5 },
	{ "MD5",              EVP_md5,        false, SIPD_DIGEST_MD5 },
	{ "SHA-256-sess",     EVP_sha256,     true,  SIPD_DIGEST_SHA_256 },
	{ "SHA-256",          EVP_sha256,     false, SIPD_DIGEST_SHA_256 },
	{ "SHA-512-256-sess", EVP_sha512_256, true,  SIPD_DIGEST_SHA_256 },
	{ "SHA-512-256",      EVP_sha512_256, false, SIPD_DIGEST_SHA_256 },
};
/* clang-format on */

/* A name of a parameter, and where its value goes. */
struct field {
	const char *name;
	struct pl *value;
};


static void skip_any(struct pl *p, const char *chars)
{
	while (p->l && strchr(chars, *p->p) && *p->p)
		pl_advance(p, 1);
}


static bool token_char(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("-.!%*_+`'~", c));
}


static struct pl token(struct pl *p)
{
	struct pl t = {p->p, 0};

	while (p->l && token_char(*p->p)) {
		pl_advance(p, 1);
		t.l++;
	}

	return t;
}


/* Contents of a quoted string, escapes left in. */
static bool quoted(struct pl *p, struct pl *value)
{
	pl_advance(p, 1);
	value->p = p->p;

	while (p->l && *p->p != '"') {
		if (*p->p == '\\') {
			if (p->l < 2)
				return false;
			pl_advance(p, 1);
		}
		pl_advance(p, 1);
	}
	if (!p->l)
		return false;

	value->l = (size_t)(p->p - value->p);
	pl_advance(p, 1);

	return sipd_text_clean(value->p, value->l);
}


/* name = value, p behind it */
static bool param(struct pl *p, struct pl *name, struct pl *value)
{
	*name = token(p);
	skip_any(p, " \t\r\n");
	if (!name->l || !p->l || *p->p != '=')
		return false;
	pl_advance(p, 1);
	skip_any(p, " \t\r\n");

	if (p->l && *p->p == '"')
		return quoted(p, value);

	*value = token(p);

	return value->l > 0;
}


/* A field that is there twice could be read in two ways. */
static bool params_read(struct pl *p, const struct field *fields, size_t n)
{
	struct pl name, value;

	for (;;) {
		skip_any(p, " \t\r\n,");
		if (!p->l)
			return true;
		if (!param(p, &name, &value))
			return false;

		for (size_t i = 0; i < n; i++) {
			if (pl_strcasecmp(&name, fields[i].name))
				continue;
			if (fields[i].value->p)
				return false;
			*fields[i].value = value;
		}
	}
}


static const struct sipd_digest_alg *algorithm_find(const struct pl *name)
{
	static const struct pl md5 = PL("MD5");
	size_t i;

	for (i = 0; i < ARRAY_SIZE(algorithms); i++) {
		if (!pl_strcasecmp(name->p ? name : &md5, algorithms[i].name))
			return &algorithms[i];
	}

	return NULL;
}


/* Offers "auth" (no qop at all is good too: RFC 2069's way). */
static bool qop_known(const struct pl *qop)
{
	struct pl p = *qop;

	if (!qop->p)
		return true;

	while (p.l) {
		struct pl t;

		skip_any(&p, " \t,");
		t = token(&p);
		if (!pl_strcasecmp(&t, "auth"))
			return true;
		if (!t.l && p.l)
			return false;
	}

	return false;
}


bool sipd_challenge_read(struct sipd_challenge *c, const struct pl *value)
{
	const struct field fields[] = {
		{"realm", &c->realm},         {"nonce", &c->nonce},
		{"opaque", &c->opaque},       {"stale", &c->stale},
		{"algorithm", &c->algorithm}, {"qop", &c->qop},
		{"userhash", &c->userhash},
	};
	struct pl p = *value, scheme;

	memset(c, 0, sizeof(*c));
	if (value->l > VALUE_MAX)
		return false;

	skip_any(&p, " \t\r\n");
	scheme = token(&p);
	if (pl_strcasecmp(&scheme, "Digest") || !p.l ||
	    !params_read(&p, fields, ARRAY_SIZE(fields)))
		return false;

	c->alg = algorithm_find(&c->algorithm);
	c->qop_known = qop_known(&c->qop);

	return c->realm.p && pl_isset(&c->nonce) &&
	       c->realm.l < SIPD_REALM_SIZE && c->nonce.l < SIPD_NONCE_SIZE &&
	       c->opaque.l < SIPD_OPAQUE_SIZE;
}


bool sipd_nextnonce_read(struct pl *nonce, const struct pl *value)
{
	const struct field field = {"nextnonce", nonce};
	struct pl p = *value;

	memset(nonce, 0, sizeof(*nonce));

	return value->l <= VALUE_MAX && params_read(&p, &field, 1) &&
	       pl_isset(nonce) && nonce->l < SIPD_NONCE_SIZE;
}
