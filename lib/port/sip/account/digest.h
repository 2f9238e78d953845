/**
 * @file port/sip/account/digest.h  Digest: its parts, joined by digest.c
 *
 * Quoted values of a challenge are kept as they were sent, with their escapes:
 * that form is hashed and sent back, as every server expects.
 */
#ifndef SIPD_PORT_SIP_ACCOUNT_DIGEST_H
#define SIPD_PORT_SIP_ACCOUNT_DIGEST_H

#include <openssl/evp.h>
#include "port/sip/internal.h"

enum {
	SIPD_NONCE_SIZE = 1024,
	SIPD_OPAQUE_SIZE = 1024,
	SIPD_CNONCE_SIZE = 49
};

/** In a table from the weakest to the strongest: pointers can be compared. */
struct sipd_digest_alg {
	const char *name;
	const EVP_MD *(*md)(void);
	bool sess;
	enum sipd_digest class;
};

/* ---- challenge.c ------------------------------------------------------- */

/** A challenge as read: points into the message. */
struct sipd_challenge {
	struct pl realm, nonce, opaque, stale, algorithm, qop, userhash;
	const struct sipd_digest_alg *alg; /* NULL: not one of ours */
	bool qop_known;
};

/** Value of a WWW-Authenticate or Proxy-Authenticate header. RFC 7616 3.3 */
bool sipd_challenge_read(struct sipd_challenge *c, const struct pl *value);
/** The nonce for the next request, of an Authentication-Info header.
 *  RFC 7616 3.5 */
bool sipd_nextnonce_read(struct pl *nonce, const struct pl *value);

/* ---- credentials.c ----------------------------------------------------- */

/** A challenge as kept, to be answered. */
struct sipd_credentials {
	bool set;
	bool proxy;
	const struct sipd_digest_alg *alg;
	bool alg_said;
	bool qop;
	bool userhash;
	uint32_t nc; /* requests with this nonce so far */
	char realm[SIPD_REALM_SIZE];
	char nonce[SIPD_NONCE_SIZE];
	char opaque[SIPD_OPAQUE_SIZE];
	bool opaque_said;
	char cnonce[SIPD_CNONCE_SIZE];
};

int sipd_credentials_take(struct sipd_credentials *cr,
			  const struct sipd_challenge *c, bool proxy);
/** Another nonce, all else as before. */
int sipd_credentials_renew(struct sipd_credentials *cr,
			   const struct pl *nonce);
/** One header line; counts the nonce. 0 or errno */
int sipd_credentials_encode(struct mbuf *mb, struct sipd_credentials *cr,
			    const struct sipd_sip_conf *conf,
			    const char *method, const char *uri);

#endif
