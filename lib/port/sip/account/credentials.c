/**
 * @file port/sip/account/credentials.c  Digest challenges, answered
 *
 * RFC 7616 3.4
 */
#include <stdio.h>
#include <string.h>
#include <openssl/rand.h>
#include "base/error.h"
#include "port/sip/account/digest.h"

enum { HEX_SIZE = 2 * EVP_MAX_MD_SIZE + 1 };


static int cnonce_make(char *buf)
{
	uint8_t bytes[(SIPD_CNONCE_SIZE - 1) / 2];
	size_t i;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return sipd_error(SIPDIALER_EIO, "no random numbers");

	for (i = 0; i < sizeof(bytes); i++)
		(void)snprintf(buf + 2 * i, 3, "%02x", bytes[i]);

	return SIPDIALER_OK;
}


int sipd_credentials_take(struct sipd_credentials *cr,
			  const struct sipd_challenge *c, bool proxy)
{
	memset(cr, 0, sizeof(*cr));

	(void)pl_strcpy(&c->realm, cr->realm, sizeof(cr->realm));
	(void)pl_strcpy(&c->nonce, cr->nonce, sizeof(cr->nonce));
	cr->opaque_said = c->opaque.p != NULL;
	if (c->opaque.l)
		(void)pl_strcpy(&c->opaque, cr->opaque, sizeof(cr->opaque));
	cr->alg = c->alg;
	cr->alg_said = c->algorithm.p != NULL;
	cr->qop = c->qop.p != NULL;
	cr->userhash = !pl_strcasecmp(&c->userhash, "true");
	cr->proxy = proxy;
	cr->set = true;

	return cnonce_make(cr->cnonce);
}


int sipd_credentials_renew(struct sipd_credentials *cr, const struct pl *nonce)
{
	(void)pl_strcpy(nonce, cr->nonce, sizeof(cr->nonce));
	cr->nc = 0;

	return cnonce_make(cr->cnonce);
}


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


static int response_make(const struct sipd_credentials *cr, const char *user,
			 const char *password, const char *method,
			 const char *uri, char *response)
{
	const EVP_MD *md = cr->alg->md();
	char a1[HEX_SIZE], a1s[HEX_SIZE], a2[HEX_SIZE], nc[9];
	const char *p1[] = {user, cr->realm, password, NULL};
	const char *p1s[] = {a1, cr->nonce, cr->cnonce, NULL};
	const char *p2[] = {method, uri, NULL};
	const char *ha1 = cr->alg->sess ? a1s : a1;
	const char *pq[] = {ha1, cr->nonce, nc, cr->cnonce, "auth", a2, NULL};
	const char *pn[] = {ha1, cr->nonce, a2, NULL};
	int err;

	(void)snprintf(nc, sizeof(nc), "%08x", cr->nc);

	err = hash_parts(md, a1, p1);
	if (!err && cr->alg->sess)
		err = hash_parts(md, a1s, p1s);
	if (!err)
		err = hash_parts(md, a2, p2);
	if (!err)
		err = hash_parts(md, response, cr->qop ? pq : pn);

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


/* RFC 7616 3.4.4 */
static int write_user(struct mbuf *mb, const struct sipd_credentials *cr,
		      const char *user)
{
	const char *parts[] = {user, cr->realm, NULL};
	char hex[HEX_SIZE];
	int err;

	if (!cr->userhash)
		return write_escaped(mb, user);

	err = hash_parts(cr->alg->md(), hex, parts);

	return err ? err : mbuf_write_str(mb, hex);
}


int sipd_credentials_encode(struct mbuf *mb, struct sipd_credentials *cr,
			    const struct sipd_sip_conf *conf,
			    const char *method, const char *uri)
{
	const char *user = conf->auth_user[0] ? conf->auth_user : conf->user;
	char response[HEX_SIZE];
	int err;

	cr->nc++;
	err = response_make(cr, user, conf->password, method, uri, response);
	if (err)
		return err;

	err = mbuf_printf(mb, "%s: Digest username=\"",
			  cr->proxy ? "Proxy-Authorization" : "Authorization");
	err |= write_user(mb, cr, user);
	err |= mbuf_printf(
		mb,
		"\", realm=\"%s\", nonce=\"%s\", uri=\"%s\", response=\"%s\"",
		cr->realm, cr->nonce, uri, response);
	if (cr->opaque_said)
		err |= mbuf_printf(mb, ", opaque=\"%s\"", cr->opaque);
	if (cr->alg_said)
		err |= mbuf_printf(mb, ", algorithm=%s", cr->alg->name);
	if (cr->qop)
		err |= mbuf_printf(mb, ", qop=auth, nc=%08x", cr->nc);
	if (cr->qop || cr->alg->sess)
		err |= mbuf_printf(mb, ", cnonce=\"%s\"", cr->cnonce);
	if (cr->userhash)
		err |= mbuf_write_str(mb, ", userhash=true");
	err |= mbuf_write_str(mb, "\r\n");

	return err ? ENOMEM : 0;
}
