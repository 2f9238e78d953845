/**
 * @file port/srtp/dtls.h  The handshake that gives SRTP its keys
 *
 * OpenSSL without a socket: datagrams are handed in, and come out by a
 * handler.  The certificate of the far end is believed if its fingerprint is
 * the one that the signalling told; nothing else of it is looked at.
 * RFC 5764, 6347, 8122
 */
#ifndef SIPD_PORT_SRTP_DTLS_H
#define SIPD_PORT_SRTP_DTLS_H

#include "port/srtp/suite.h"

enum {
	SIPD_DTLS_FINGERPRINT = 128, /* "sha-256 AB:...", with the NUL */
	SIPD_DTLS_MTU = 1200         /* bytes of a datagram of ours */
};

/** Certificate and settings; for any number of threads. */
struct sipd_dtls_ctx;

/** With a new self-signed certificate, P-256.  0 or SIPDIALER_EIO. */
int sipd_dtls_ctx_new(struct sipd_dtls_ctx **cp);
void sipd_dtls_ctx_free(struct sipd_dtls_ctx *ctx);
const char *sipd_dtls_fingerprint(const struct sipd_dtls_ctx *ctx);

/** One handshake; belongs to one thread. */
struct sipd_dtls;

enum sipd_dtls_state { SIPD_DTLS_SHAKING, SIPD_DTLS_DONE, SIPD_DTLS_FAILED };

typedef void(sipd_dtls_send_h)(const uint8_t *buf, size_t n, void *arg);

/**
 * @param active  we say hello, at the first sipd_dtls_turn()
 * @param hash    of their certificate: 20, 32, 48 or 64 bytes
 */
struct sipd_dtls *sipd_dtls_new(struct sipd_dtls_ctx *ctx, bool active,
				const uint8_t *hash, size_t len,
				sipd_dtls_send_h *sendh, void *arg);
/** Says goodbye if there were keys; NULL is fine. */
void sipd_dtls_free(struct sipd_dtls *d);

/** A datagram came, or n is 0: time passed, which may send again. */
enum sipd_dtls_state sipd_dtls_turn(struct sipd_dtls *d, const uint8_t *buf,
				    size_t n);
/** Why it failed, for ever. */
const char *sipd_dtls_why(const struct sipd_dtls *d);

/** When DONE: the suite, and key and salt of each direction. */
enum sipd_srtp_suite sipd_dtls_keys(struct sipd_dtls *d,
				    uint8_t tx[SIPD_SRTP_KEY_MAX],
				    uint8_t rx[SIPD_SRTP_KEY_MAX]);
/** "dtls:" and the suite, for ever. */
const char *sipd_dtls_name(enum sipd_srtp_suite suite);

#endif
