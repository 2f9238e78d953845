/**
 * @file port/sip/account/digest.c  Digest authentication, our side. RFC 7616, 8760
 *
 * libre's own knows MD5 only and answers any realm that asks (specs fact F).
 * Quoted values of a challenge are kept as they were sent, with their escapes:
 * that form is hashed and sent back, as every server expects.  Loop thread
 * only.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include "base/error.h"
#include "base/text.h"
#include "port/sip/internal.h"

enum {
	CHALLENGES_MAX = 16, /* read of one message */
	VALUE_MAX = 2048,    /* of one header; longer ones are not read */
	TRIES_MAX = 2,       /* digests for one request */
	NONCE_SIZE = 1024,
	OPAQUE_SIZE = 1024,
	CNONCE_SIZE = 49,
	HEX_SIZE = 2 * EVP_MAX_MD_SIZE + 1
};

/* Weakest first: the index is the preference. */
/* clang-format off */
static const struct algorithm {
	const char *name;
	const EVP_MD *(*md)(void);
	bool sess;
} algorithms[] = {
	{ "MD5-sess",         EVP_md5,        true  },
	{ "MD5",              EVP_md5,        false },
	{ "SHA-256-sess",     EVP_sha256,     true  },
	{ "SHA-256",          EVP_sha256,     false },
	{ "SHA-512-256-sess", EVP_sha512_256, true  },
	{ "SHA-512-256",      EVP_sha512_256, false },
};
/* clang-format on */

/** A challenge as read: points into the message. */
struct challenge {
	struct pl realm, nonce, opaque, stale, algorithm, qop;
	const struct algorithm *alg;
};

/** A challenge as kept, to be answered. */
struct slot {
	bool set;
	bool proxy;
	const struct algorithm *alg;
	bool alg_said;
	bool qop;
	uint32_t nc;
	char realm[SIPD_REALM_SIZE];
	char nonce[NONCE_SIZE];
	char opaque[OPAQUE_SIZE];
	bool opaque_said;
	char cnonce[CNONCE_SIZE];
};

struct sipd_auth {
	struct sipd_sip *sip;
	struct slot slots[2]; /* of the server, of a proxy */
	unsigned tries;
};

/* Of reading all challenges of one message. */
struct reading {
	struct sipd_auth *auth;
	struct challenge best[2];
	unsigned count;
	struct pl refused; /* a realm that we do not answer */
	bool unknown;      /* an algorithm or qop that we do not know */
	bool known_source;
};


/* ---- Reading a challenge. RFC 7616 3.3, RFC 7235 2.1 ---- */

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


static struct pl *field(struct challenge *c, const struct pl *name)
{
	const struct {
		const char *name;
		struct pl *value;
	} fields[] = {
		{"realm", &c->realm},         {"nonce", &c->nonce},
		{"opaque", &c->opaque},       {"stale", &c->stale},
		{"algorithm", &c->algorithm}, {"qop", &c->qop},
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		if (!pl_strcasecmp(name, fields[i].name))
			return fields[i].value;
	}

	return NULL;
}


static bool challenge_read(struct challenge *c, struct pl p)
{
	struct pl scheme;

	memset(c, 0, sizeof(*c));

	skip_any(&p, " \t\r\n");
	scheme = token(&p);
	if (pl_strcasecmp(&scheme, "Digest") || !p.l)
		return false;

	for (;;) {
		struct pl name, value, *f;

		skip_any(&p, " \t\r\n,");
		if (!p.l)
			break;

		name = token(&p);
		skip_any(&p, " \t\r\n");
		if (!name.l || !p.l || *p.p != '=')
			return false;
		pl_advance(&p, 1);
		skip_any(&p, " \t\r\n");

		if (p.l && *p.p == '"') {
			if (!quoted(&p, &value))
				return false;
		}
		else {
			value = token(&p);
			if (!value.l)
				return false;
		}

		f = field(c, &name);
		if (f && f->p)
			return false; /* twice */
		if (f)
			*f = value;
	}

	return c->realm.p && pl_isset(&c->nonce) &&
	       c->realm.l < SIPD_REALM_SIZE && c->nonce.l < NONCE_SIZE &&
	       c->opaque.l < OPAQUE_SIZE;
}


static const struct algorithm *algorithm_find(const struct pl *name)
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


/* ---- Whom we answer. Specs fact F ---- */

/* A realm set by the user is answered to whoever asks: the challenge may come
 * from behind the server.  Otherwise only the server's own address may ask,
 * and the first realm it names is the only one. */
static bool realm_ours(const struct reading *r, const struct pl *realm)
{
	const struct sipd_sip *sip = r->auth->sip;

	if (sip->conf.realm[0])
		return !pl_strcasecmp(realm, sip->conf.realm);
	if (!r->known_source)
		return false;
	if (sip->realm[0])
		return !pl_strcasecmp(realm, sip->realm);

	return realm->l > 0;
}


static void consider(struct reading *r, const struct pl *value, bool proxy)
{
	struct challenge c;

	if (r->count++ >= CHALLENGES_MAX || value->l > VALUE_MAX ||
	    !challenge_read(&c, *value))
		return;

	if (!realm_ours(r, &c.realm)) {
		r->refused = c.realm;
		return;
	}

	c.alg = algorithm_find(&c.algorithm);
	if (!c.alg || !qop_known(&c.qop)) {
		r->unknown = true;
		return;
	}

	if (!r->best[proxy].alg || c.alg > r->best[proxy].alg)
		r->best[proxy] = c;
}


static bool www_handler(const struct sip_hdr *hdr, const struct sip_msg *msg,
			void *arg)
{
	(void)msg;
	consider(arg, &hdr->val, false);

	return false;
}


static bool proxy_handler(const struct sip_hdr *hdr, const struct sip_msg *msg,
			  void *arg)
{
	(void)msg;
	consider(arg, &hdr->val, true);

	return false;
}


/* ---- State ---- */

static int cnonce_make(char *buf)
{
	uint8_t bytes[(CNONCE_SIZE - 1) / 2];
	size_t i;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return sipd_error(SIPDIALER_EIO, "no random numbers");

	for (i = 0; i < sizeof(bytes); i++)
		(void)snprintf(buf + 2 * i, 3, "%02x", bytes[i]);

	return SIPDIALER_OK;
}


static int slot_take(struct slot *slot, const struct challenge *c, bool proxy)
{
	memset(slot, 0, sizeof(*slot));

	(void)pl_strcpy(&c->realm, slot->realm, sizeof(slot->realm));
	(void)pl_strcpy(&c->nonce, slot->nonce, sizeof(slot->nonce));
	slot->opaque_said = c->opaque.p != NULL;
	if (c->opaque.l)
		(void)pl_strcpy(&c->opaque, slot->opaque,
				sizeof(slot->opaque));
	slot->alg = c->alg;
	slot->alg_said = c->algorithm.p != NULL;
	slot->qop = c->qop.p != NULL;
	slot->proxy = proxy;
	slot->set = true;

	return cnonce_make(slot->cnonce);
}


static int nothing_for_us(const struct reading *r)
{
	char realm[SIPD_REALM_SIZE] = "";

	if (r->refused.p) {
		(void)pl_strcpy(&r->refused, realm, sizeof(realm));
		return sipd_error(
			SIPDIALER_EAUTH,
			"password asked for realm \"%s\", which is not the "
			"server's; set sip.realm to answer it",
			realm);
	}
	if (r->unknown)
		return sipd_error(SIPDIALER_EAUTH,
				  "the server asks for a digest algorithm or "
				  "qop that is not known");

	return sipd_error(SIPDIALER_EAUTH,
			  "the server refused without a digest challenge");
}


/* Stale or not, within one request: a server without another nonce would
 * refuse that one, too. */
static bool same_nonce_again(const struct sipd_auth *auth,
			     const struct slot *slot,
			     const struct challenge *c)
{
	return slot->set && slot->nc && !pl_strcmp(&c->nonce, slot->nonce) &&
	       (auth->tries || pl_strcasecmp(&c->stale, "true"));
}


static int take(struct sipd_auth *auth, const struct reading *r)
{
	int err, proxy;

	for (proxy = 0; proxy < 2; proxy++) {
		const struct challenge *c = &r->best[proxy];

		if (c->alg && same_nonce_again(auth, &auth->slots[proxy], c))
			return sipd_error(
				SIPDIALER_EAUTH,
				"user or password refused by the server");
	}

	if (auth->tries >= TRIES_MAX)
		return sipd_error(
			SIPDIALER_EAUTH,
			"user or password refused by the server (%d tries)",
			TRIES_MAX);
	auth->tries++;

	for (proxy = 0; proxy < 2; proxy++) {
		const struct challenge *c = &r->best[proxy];

		if (!c->alg)
			continue;

		err = slot_take(&auth->slots[proxy], c, proxy);
		if (err)
			return err;
		if (!auth->sip->realm[0])
			(void)pl_strcpy(&c->realm, auth->sip->realm,
					sizeof(auth->sip->realm));
	}

	return SIPDIALER_OK;
}


int sipd_auth_challenge(struct sipd_auth *auth, const struct sip_msg *msg)
{
	struct reading r = {
		.auth = auth,
		.known_source = sipd_guard_known_source(auth->sip, msg),
	};

	(void)sip_msg_hdr_apply(msg, true, SIP_HDR_WWW_AUTHENTICATE,
				www_handler, &r);
	(void)sip_msg_hdr_apply(msg, true, SIP_HDR_PROXY_AUTHENTICATE,
				proxy_handler, &r);

	if (!r.best[0].alg && !r.best[1].alg)
		return nothing_for_us(&r);

	if (!auth->sip->conf.password[0])
		return sipd_error(SIPDIALER_EAUTH,
				  "the server asks for a password, and "
				  "sip.password is empty");

	return take(auth, &r);
}


void sipd_auth_accepted(struct sipd_auth *auth)
{
	auth->tries = 0;
}


static void auth_destructor(void *arg)
{
	struct sipd_auth *auth = arg;

	memset(auth->slots, 0, sizeof(auth->slots));
}


int sipd_auth_alloc(struct sipd_auth **ap, struct sipd_sip *sip)
{
	struct sipd_auth *auth = mem_zalloc(sizeof(*auth), auth_destructor);

	if (!auth)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for digest");

	auth->sip = sip;
	*ap = auth;

	return SIPDIALER_OK;
}


/* ---- Answering. RFC 7616 3.4 ---- */

/* Hex of the hash of "a:b:c...", parts up to NULL. */
static int hash_parts(const EVP_MD *md, char *hex, const char *const *parts)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char out[EVP_MAX_MD_SIZE];
	unsigned int i, len = 0;
	int ok;

	ok = ctx && EVP_DigestInit_ex(ctx, md, NULL);
	for (i = 0; ok && parts[i]; i++) {
		if (i)
			ok = EVP_DigestUpdate(ctx, ":", 1);
		ok = ok && EVP_DigestUpdate(ctx, parts[i], strlen(parts[i]));
	}
	ok = ok && EVP_DigestFinal_ex(ctx, out, &len);
	EVP_MD_CTX_free(ctx);
	if (!ok)
		return ENOSYS; /* MD5 under a FIPS policy, say */

	for (i = 0; i < len; i++)
		(void)snprintf(hex + 2 * (size_t)i, 3, "%02x", out[i]);

	return 0;
}


static int response_make(const struct slot *slot, const char *user,
			 const char *password, const char *method,
			 const char *uri, char *response)
{
	const EVP_MD *md = slot->alg->md();
	char a1[HEX_SIZE], a1s[HEX_SIZE], a2[HEX_SIZE], nc[9];
	const char *p1[] = {user, slot->realm, password, NULL};
	const char *p1s[] = {a1, slot->nonce, slot->cnonce, NULL};
	const char *p2[] = {method, uri, NULL};
	const char *ha1 = slot->alg->sess ? a1s : a1;
	const char *pq[] = {ha1,    slot->nonce, nc,  slot->cnonce,
			    "auth", a2,          NULL};
	const char *pn[] = {ha1, slot->nonce, a2, NULL};
	int err;

	(void)snprintf(nc, sizeof(nc), "%08x", slot->nc);

	err = hash_parts(md, a1, p1);
	if (!err && slot->alg->sess)
		err = hash_parts(md, a1s, p1s);
	if (!err)
		err = hash_parts(md, a2, p2);
	if (!err)
		err = hash_parts(md, response, slot->qop ? pq : pn);

	return err;
}


static int write_escaped(struct mbuf *mb, const char *s)
{
	int err = 0;

	for (; *s && !err; s++) {
		if (*s == '"' || *s == '\\')
			err = mbuf_write_u8(mb, '\\');
		if (!err)
			err = mbuf_write_u8(mb, (uint8_t)*s);
	}

	return err;
}


static int slot_encode(struct mbuf *mb, struct slot *slot,
		       const struct sipd_sip_conf *conf, const char *method,
		       const char *uri)
{
	const char *user = conf->auth_user[0] ? conf->auth_user : conf->user;
	char response[HEX_SIZE];
	int err;

	slot->nc++;
	err = response_make(slot, user, conf->password, method, uri, response);
	if (err)
		return err;

	err = mbuf_printf(mb, "%s: Digest username=\"",
			  slot->proxy ? "Proxy-Authorization"
				      : "Authorization");
	err |= write_escaped(mb, user);
	err |= mbuf_printf(
		mb,
		"\", realm=\"%s\", nonce=\"%s\", uri=\"%s\", response=\"%s\"",
		slot->realm, slot->nonce, uri, response);
	if (slot->opaque_said)
		err |= mbuf_printf(mb, ", opaque=\"%s\"", slot->opaque);
	if (slot->alg_said)
		err |= mbuf_printf(mb, ", algorithm=%s", slot->alg->name);
	if (slot->qop)
		err |= mbuf_printf(mb, ", qop=auth, nc=%08x", slot->nc);
	if (slot->qop || slot->alg->sess)
		err |= mbuf_printf(mb, ", cnonce=\"%s\"", slot->cnonce);
	err |= mbuf_write_str(mb, "\r\n");

	return err ? ENOMEM : 0;
}


int sipd_auth_encode(struct mbuf *mb, struct sipd_auth *auth,
		     const char *method, const char *uri)
{
	int err = 0, i;

	for (i = 0; i < 2 && !err; i++) {
		if (auth->slots[i].set)
			err = slot_encode(mb, &auth->slots[i],
					  &auth->sip->conf, method, uri);
	}

	return err;
}
