/**
 * @file port/sip/account/digest.c  Digest authentication: whom we answer, and
 * how often. RFC 7616, 8760
 *
 * libre's own knows MD5 only and answers any realm that asks (specs fact F).
 * Loop thread only.
 */
#include <string.h>
#include "base/error.h"
#include "port/sip/account/digest.h"

enum {
	CHALLENGES_MAX = 16, /* read of one message */
	TRIES_MAX = 2,       /* digests for one request, of server or proxy */
	STALE_MAX = 3        /* and more for nonces that were too old */
};

/* To the server, or to a proxy. */
struct slot {
	struct sipd_credentials cr;
	unsigned tries; /* of the request under way */
	unsigned stale;
};

struct sipd_auth {
	struct sipd_sip *sip;
	struct slot slots[2]; /* of the server, of a proxy */
	struct mbuf *invite;  /* lines of the last INVITE */
};

/* Of reading all challenges of one message. */
struct reading {
	struct sipd_auth *auth;
	struct sipd_challenge best[2];
	unsigned count;
	struct pl refused; /* a realm that we do not answer */
	bool unknown;      /* an algorithm or qop that we do not know */
	bool weak;         /* an algorithm below sip.digest */
	bool known_source;
};


/* ---- Whom we answer. Specs fact F ---- */

/* One of "a,b"; also the whole, for a realm with a comma. */
static bool realm_named(const char *names, const struct pl *realm)
{
	if (!pl_strcasecmp(realm, names))
		return true;

	while (*names) {
		struct pl name = {names, strcspn(names, ",")};

		names += name.l + (names[name.l] == ',');
		while (name.l && *name.p == ' ')
			pl_advance(&name, 1);
		while (name.l && name.p[name.l - 1] == ' ')
			name.l--;
		if (name.l && !pl_casecmp(realm, &name))
			return true;
	}

	return false;
}


/* A realm set by the user is answered to whoever asks: the challenge may come
 * from behind the server.  Otherwise only the server's own address may ask,
 * and the first realm it names is the only one. */
static bool realm_ours(const struct reading *r, const struct pl *realm)
{
	const struct sipd_sip *sip = r->auth->sip;

	if (sip->conf.realm[0])
		return realm_named(sip->conf.realm, realm);
	if (!r->known_source)
		return false;
	if (sip->realm[0])
		return !pl_strcasecmp(realm, sip->realm);

	return realm->l > 0;
}


static void consider(struct reading *r, const struct pl *value, bool proxy)
{
	struct sipd_challenge c;

	if (r->count++ >= CHALLENGES_MAX || !sipd_challenge_read(&c, value))
		return;

	if (!realm_ours(r, &c.realm))
		r->refused = c.realm;
	else if (!c.alg || !c.qop_known)
		r->unknown = true;
	else if (c.alg->class < r->auth->sip->conf.digest)
		r->weak = true;
	else if (!r->best[proxy].alg || c.alg > r->best[proxy].alg)
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


static int nothing_for_us(const struct reading *r)
{
	char realm[SIPD_REALM_SIZE] = "";

	if (r->weak)
		return sipd_error(
			SIPDIALER_EAUTH,
			"the server asks for an MD5 digest only, and "
			"sip.digest = sha-256 forbids it");
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


/* ---- How often ---- */

/* Stale or not, within one request: a server without another nonce would
 * refuse that one, too. */
static bool same_nonce_again(const struct slot *slot,
			     const struct sipd_challenge *c)
{
	return slot->cr.set && slot->cr.nc &&
	       !pl_strcmp(&c->nonce, slot->cr.nonce) &&
	       (slot->tries || slot->stale ||
		pl_strcasecmp(&c->stale, "true"));
}


/* A nonce that was too old says nothing about the password. RFC 7616 3.3 */
static bool was_stale(const struct slot *slot, const struct sipd_challenge *c)
{
	return slot->cr.set && slot->cr.nc &&
	       !pl_strcasecmp(&c->stale, "true") && slot->stale < STALE_MAX;
}


static int count(struct slot *slot, const struct sipd_challenge *c)
{
	if (same_nonce_again(slot, c))
		return sipd_error(SIPDIALER_EAUTH,
				  "user or password refused by the server");

	if (was_stale(slot, c)) {
		slot->stale++;
		return SIPDIALER_OK;
	}

	if (slot->tries >= TRIES_MAX)
		return sipd_error(
			SIPDIALER_EAUTH,
			"user or password refused by the server (%d tries)",
			TRIES_MAX);
	slot->tries++;

	return SIPDIALER_OK;
}


static int take(struct sipd_auth *auth, const struct reading *r)
{
	int err = SIPDIALER_OK, proxy;

	for (proxy = 0; proxy < 2 && !err; proxy++) {
		if (r->best[proxy].alg)
			err = count(&auth->slots[proxy], &r->best[proxy]);
	}

	for (proxy = 0; proxy < 2 && !err; proxy++) {
		const struct sipd_challenge *c = &r->best[proxy];

		if (!c->alg)
			continue;

		err = sipd_credentials_take(&auth->slots[proxy].cr, c, proxy);
		if (!err && !auth->sip->realm[0])
			(void)pl_strcpy(&c->realm, auth->sip->realm,
					sizeof(auth->sip->realm));
	}

	return err;
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
	int i;

	for (i = 0; i < 2; i++)
		auth->slots[i].tries = auth->slots[i].stale = 0;
}


/* libre has cut the header at its commas. */
static bool info_handler(const struct sip_hdr *hdr, const struct sip_msg *msg,
			 void *arg)
{
	struct sipd_credentials *cr = arg;
	struct pl nonce;
	(void)msg;

	if (!sipd_nextnonce_read(&nonce, &hdr->val))
		return false;
	if (sipd_credentials_renew(cr, &nonce))
		cr->set = false; /* asked for again */

	return true;
}


void sipd_auth_info(struct sipd_auth *auth, const struct sip_msg *msg)
{
	struct sipd_credentials *cr = &auth->slots[0].cr;

	if (cr->set)
		(void)sip_msg_hdr_apply(msg, true, SIP_HDR_AUTHENTICATION_INFO,
					info_handler, cr);
}


/* ---- Life, and answering ---- */

static void auth_destructor(void *arg)
{
	struct sipd_auth *auth = arg;

	mem_deref(auth->invite);
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


/* The ACK of a 2xx has the very credentials of its INVITE: nobody can
 * challenge it. RFC 3261 13.2.2.4, 22.1 */
static int keep(struct sipd_auth *auth, const struct mbuf *mb, size_t start)
{
	auth->invite = mem_deref(auth->invite);
	if (mb->end == start)
		return 0;

	auth->invite = mbuf_alloc(mb->end - start);

	return auth->invite ? mbuf_write_mem(auth->invite, mb->buf + start,
					     mb->end - start)
			    : ENOMEM;
}


int sipd_auth_encode(struct mbuf *mb, struct sipd_auth *auth,
		     const char *method, const char *uri)
{
	const size_t start = mb->end;
	int err = 0, i;

	if (!strcmp(method, "ACK"))
		return auth->invite ? mbuf_write_mem(mb, auth->invite->buf,
						     auth->invite->end)
				    : 0;

	for (i = 0; i < 2 && !err; i++) {
		if (auth->slots[i].cr.set)
			err = sipd_credentials_encode(mb, &auth->slots[i].cr,
						      &auth->sip->conf, method,
						      uri);
	}
	if (!err && !strcmp(method, "INVITE"))
		err = keep(auth, mb, start);

	return err;
}
