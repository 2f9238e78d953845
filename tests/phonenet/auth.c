/*
 * Digest authentication of the network's side.  RFC 7616, RFC 8760.
 *
 * A nonce is its time of birth and a keyed hash of it: nothing is stored,
 * and an expired one is told from a forged one (stale=true).
 */
#include "auth.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HEX_MAX = 65 };


bool auth_add(struct auth *a, const char *name, const char *password)
{
	if (a->users == AUTH_USERS_MAX)
		return false;
	a->user[a->users].name = need(strdup(name));
	a->user[a->users].password = need(strdup(password));
	a->users++;
	return true;
}


void auth_free(struct auth *a)
{
	while (a->users--) {
		free(a->user[a->users].name);
		free(a->user[a->users].password);
	}
}


static void hash_hex(bool sha256, struct str s, char out[HEX_MAX])
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	EVP_Digest(s.p, s.l, md, &n, sha256 ? EVP_sha256() : EVP_md5(), NULL);
	for (unsigned i = 0; i < n; i++) {
		static const char hex[] = "0123456789abcdef";

		out[2 * i] = hex[md[i] >> 4];
		out[2 * i + 1] = hex[md[i] & 15];
	}
	out[2 * n] = '\0';
}


static void nonce_make(const struct auth *a, uint64_t ms, char out[40])
{
	uint64_t v[2] = {ms, a->secret};
	char hex[HEX_MAX];
	struct buf b = {out, 0, 40, false};

	hash_hex(true, (struct str){(char *)v, sizeof(v)}, hex);
	buf_fmt(&b, "%012llx%.20s", (unsigned long long)ms, hex);
}


/* 0 good, 1 expired, -1 not ours */
static int nonce_check(const struct auth *a, struct str nonce)
{
	char want[40], num[13];
	uint64_t ms, now = wall_us() / 1000;

	if (nonce.l != 32)
		return -1;
	memcpy(num, nonce.p, 12);
	num[12] = '\0';
	ms = strtoull(num, NULL, 16);
	nonce_make(a, ms, want);
	if (memcmp(want, nonce.p, 32))
		return -1;
	return now - ms > (uint64_t)a->nonce_life_s * 1000 ? 1 : 0;
}


void auth_challenge(const struct auth *a, struct buf *b, bool proxy,
		    bool stale)
{
	char nonce[40];

	nonce_make(a, wall_us() / 1000, nonce);
	for (int sha = 1; sha >= 0; sha--) {
		if (sha ? !a->sha256 : !a->md5)
			continue;
		buf_fmt(b,
			"%s: Digest realm=\"%s\", nonce=\"%s\", "
			"algorithm=%s, qop=\"auth\"%s\r\n",
			proxy ? "Proxy-Authenticate" : "WWW-Authenticate",
			a->realm, nonce, sha ? "SHA-256" : "MD5",
			stale ? ", stale=true" : "");
	}
}


static const char *password_of(const struct auth *a, struct str user)
{
	for (unsigned i = 0; i < a->users; i++)
		if (str_is(user, a->user[i].name))
			return a->user[i].password;
	return NULL;
}


static bool response_is(bool sha, struct str cred, struct str user,
			const char *password, const char *method)
{
	char a1[HEX_MAX], a2[HEX_MAX], want[HEX_MAX], tmp[2048];
	struct buf b = {tmp, 0, sizeof(tmp), false};
	struct str realm = {0}, uri = {0}, nonce = {0}, qop = {0}, nc = {0};
	struct str cnonce = {0}, got = {0};

	str_param(cred, ',', "realm", &realm);
	str_param(cred, ',', "uri", &uri);
	str_param(cred, ',', "nonce", &nonce);
	str_param(cred, ',', "response", &got);
	buf_str(&b, user);
	buf_txt(&b, ":");
	buf_str(&b, realm);
	buf_fmt(&b, ":%s", password);
	hash_hex(sha, (struct str){b.p, b.n}, a1);
	b.n = 0;
	buf_fmt(&b, "%s:", method);
	buf_str(&b, uri);
	hash_hex(sha, (struct str){b.p, b.n}, a2);
	b.n = 0;
	buf_fmt(&b, "%s:", a1);
	buf_str(&b, nonce);
	if (str_param(cred, ',', "qop", &qop)) {
		str_param(cred, ',', "nc", &nc);
		str_param(cred, ',', "cnonce", &cnonce);
		buf_txt(&b, ":");
		buf_str(&b, nc);
		buf_txt(&b, ":");
		buf_str(&b, cnonce);
		buf_txt(&b, ":");
		buf_str(&b, qop);
	}
	buf_fmt(&b, ":%s", a2);
	hash_hex(sha, (struct str){b.p, b.n}, want);
	return !b.full && str_is(got, want);
}


static enum auth_result check_one(const struct auth *a, struct str cred,
				  const char *method, struct str *user)
{
	struct str nonce = {0}, alg = STR("MD5"), realm = {0};
	const char *password;
	bool sha;
	int n;

	str_param(cred, ',', "algorithm", &alg);
	str_param(cred, ',', "realm", &realm);
	if (!str_param(cred, ',', "nonce", &nonce) ||
	    !str_param(cred, ',', "username", user) ||
	    !str_is(realm, a->realm))
		return AUTH_BAD;
	sha = str_iis(alg, "SHA-256");
	if (sha ? !a->sha256 : (!a->md5 || !str_iis(alg, "MD5")))
		return AUTH_BAD;
	n = nonce_check(a, nonce);
	password = password_of(a, *user);
	if (n < 0 || !password ||
	    !response_is(sha, cred, *user, password, method))
		return AUTH_BAD;
	return n ? AUTH_STALE : AUTH_OK;
}


enum auth_result auth_check(const struct auth *a, const struct sip_msg *m,
			    const char *method, struct str *user)
{
	enum auth_result best = AUTH_NONE;

	for (unsigned i = 0; i < m->auths; i++) {
		struct str c = m->auth[i];
		enum auth_result r;

		if (c.l < 7 || strncasecmp(c.p, "Digest ", 7))
			continue;
		c.p += 7;
		c.l -= 7;
		r = check_one(a, c, method, user);
		if (r == AUTH_OK)
			return r;
		best = r;
	}
	return best;
}
