/**
 * @file port/srtp/srtp.h  SRTP and SRTCP, one direction of a stream
 *
 * Works in place and allocates nothing after sipd_srtp_new(): made for a media
 * thread.  An object belongs to one thread.  RFC 3711, 6188, 7714
 *
 * libre's SRTP is not used: it allocates per SSRC and counts memory without
 * atomics, which is for the loop thread only, and 1.1.0 has faults in the
 * SRTCP tag and index (docs/libre.md).
 */
#ifndef SIPD_PORT_SRTP_SRTP_H
#define SIPD_PORT_SRTP_SRTP_H

#include "port/srtp/suite.h"

/** SSRCs a receiver keeps the state of; the one silent longest makes place. */
enum { SIPD_SRTP_SOURCES = 4 };

struct sipd_srtp;

enum sipd_srtp_verdict {
	SIPD_SRTP_OK,
	SIPD_SRTP_SHORT,  /* not a packet */
	SIPD_SRTP_REPLAY, /* seen before, or too old to know */
	SIPD_SRTP_FORGED  /* authentication failed */
};

/**
 * @param key  master key and salt, sipd_srtp_key_size() bytes
 * @param mki  bytes of the key identifier in packets received
 *
 * @return NULL: no memory, or the suite is not to be had here
 */
struct sipd_srtp *sipd_srtp_new(enum sipd_srtp_suite suite, const uint8_t *key,
				size_t mki);
/** Wipes the keys; NULL is fine. */
void sipd_srtp_free(struct sipd_srtp *s);

/** For receiving, s is new: of what `before` heard it may go on with the
 *  roll-over counters, as RFC 3711 3.3.1 wants it, or begin anew, as many do.
 */
void sipd_srtp_follow(struct sipd_srtp *s, const struct sipd_srtp *before);

/* For sending: buf has room for SIPD_SRTP_TRAILER bytes behind *n.  false: the
 * key must not be used any longer, or this is no packet. */
bool sipd_srtp_protect(struct sipd_srtp *s, uint8_t *buf, size_t *n);
bool sipd_srtcp_protect(struct sipd_srtp *s, uint8_t *buf, size_t *n);

/* For receiving: buf may be changed whatever the verdict. */
enum sipd_srtp_verdict sipd_srtp_unprotect(struct sipd_srtp *s, uint8_t *buf,
					   size_t *n);
enum sipd_srtp_verdict sipd_srtcp_unprotect(struct sipd_srtp *s, uint8_t *buf,
					    size_t *n);

/** Key derivation with label 0-5, out of n bytes; 4.3. */
bool sipd_srtp_derive(enum sipd_srtp_suite suite, const uint8_t *key,
		      uint8_t label, uint8_t *out, size_t n);

#endif
