/**
 * @file port/sip/sdp/secure.h  What offer and answer say about encryption
 *
 * RFC 4568 (SDES), 5763 and 8842 (DTLS-SRTP)
 */
#ifndef SIPD_PORT_SIP_SDP_SECURE_H
#define SIPD_PORT_SIP_SDP_SECURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "port/srtp/suite.h"

/** The words of the option media.srtp, in order. */
enum sipd_srtp_mode {
	SIPD_SRTP_OFF,
	SIPD_SRTP_OPTIONAL,
	SIPD_SRTP_REQUIRED,
	SIPD_SRTP_DTLS
};

enum {
	SIPD_FINGERPRINT_SIZE = 128, /* "sha-256 AB:CD:..." */
	SIPD_HASH_MAX = 64           /* bytes: SHA-512 */
};

enum sipd_dtls_role {
	SIPD_DTLS_NONE = 0,
	SIPD_DTLS_ACTIVE, /* we say hello */
	SIPD_DTLS_PASSIVE
};

/** Certificate of the far end, as it was told. RFC 8122 5 */
struct sipd_fingerprint {
	uint8_t len; /* bytes, which say by which SHA; 0 none */
	uint8_t hash[SIPD_HASH_MAX];
};

/** Our side.  A zeroed one is SIPD_SRTP_OFF. */
struct sipd_secure_local {
	enum sipd_srtp_mode mode;
	bool savp;                /* OPTIONAL: offer RTP/SAVP, it is asked
				   * for by a 488, or agreed before */
	bool feedback;            /* profile with F: agreed before */
	enum sipd_dtls_role role; /* agreed before */
	bool used;                /* key[] has been */
	bool stale;               /* ... and what it was for has ended */
	char fingerprint[SIPD_FINGERPRINT_SIZE]; /* ours, "" no DTLS */
	uint8_t key[SIPD_SRTP_SUITES][SIPD_SRTP_KEY_MAX];
};

/** What was agreed; suite NONE and role NONE: nothing, plain RTP. */
struct sipd_secure {
	enum sipd_srtp_suite suite; /* SDES */
	uint8_t mki;                /* bytes in their packets */
	uint8_t tx[SIPD_SRTP_KEY_MAX], rx[SIPD_SRTP_KEY_MAX];
	enum sipd_dtls_role role; /* DTLS */
	struct sipd_fingerprint fingerprint;
	bool savp, feedback; /* the profile: RTP/[S]AVP[F] */
};

/** Draw a key for each suite.  0, or SIPDIALER_EIO without random numbers.
 *  @param fingerprint  of our certificate, "" without DTLS */
int sipd_secure_init(struct sipd_secure_local *local, enum sipd_srtp_mode mode,
		     const char *fingerprint);

/** What was agreed stays so in our next offer. */
void sipd_secure_keep(struct sipd_secure_local *local,
		      const struct sipd_secure *agreed);

/** Before a description of ours: keys that were used before the session went
 *  on without are drawn anew.  true: they were.  RFC 3711 9.1 */
bool sipd_secure_renew(struct sipd_secure_local *local);

/** What others must not find in memory given back. */
void sipd_secure_wipe(struct sipd_secure_local *local);

static inline bool sipd_secure_is(const struct sipd_secure *s)
{
	return s->suite != SIPD_SRTP_NONE || s->role != SIPD_DTLS_NONE;
}

#endif
