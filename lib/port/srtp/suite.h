/**
 * @file port/srtp/suite.h  The crypto suites of SRTP that we know
 *
 * Pure.  RFC 4568 6.2, 5764 4.1.2, 6188, 7714
 */
#ifndef SIPD_PORT_SRTP_SUITE_H
#define SIPD_PORT_SRTP_SUITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** In order of preference. */
enum sipd_srtp_suite {
	SIPD_SRTP_NONE = 0,
	SIPD_SRTP_GCM_256,
	SIPD_SRTP_GCM_128,
	SIPD_SRTP_CM_256_80,
	SIPD_SRTP_CM_128_80,
	SIPD_SRTP_CM_128_32,
	SIPD_SRTP_SUITES
};

enum {
	SIPD_SRTP_KEY_MAX = 46,     /* bytes of key and salt */
	SIPD_SRTP_TRAILER = 16 + 4, /* bytes that protection adds, at most */
	SIPD_SRTP_MKI_MAX = 128     /* bytes. RFC 4568 6.1 */
};

struct sipd_srtp_suite_def {
	const char *name;
	const char *alias;   /* other spelling in use, or NULL */
	const char *profile; /* OpenSSL's name for DTLS, NULL none */
	uint8_t key, salt;   /* bytes */
	uint8_t tag;         /* of an RTP packet */
	uint8_t rtcp_tag;
	bool gcm;
};

/** NULL for NONE and what is no suite. */
const struct sipd_srtp_suite_def *sipd_srtp_suite(enum sipd_srtp_suite suite);
/** NONE if it is not known. */
enum sipd_srtp_suite sipd_srtp_suite_find(const char *name, size_t len);
enum sipd_srtp_suite sipd_srtp_suite_by_profile(const char *profile);
/** Bytes of key and salt together. */
size_t sipd_srtp_key_size(enum sipd_srtp_suite suite);

#endif
