/**
 * @file port/sip/sdp/crypto.h  A line a=crypto. RFC 4568 4, 6, 9
 */
#ifndef SIPD_PORT_SIP_SDP_CRYPTO_H
#define SIPD_PORT_SIP_SDP_CRYPTO_H

#include "base/text.h"
#include "port/sip/sdp/parse.h"

struct sdp_crypto {
	uint32_t tag;
	struct span tag_text, suite_text;
	enum sipd_srtp_suite suite;
	uint8_t key[SIPD_SRTP_KEY_MAX]; /* key and salt */
	uint8_t mki;                    /* bytes in each packet */
};

/** Read what follows "a=crypto:".  NULL, or why it cannot be used. */
const char *sdp_crypto_read(struct sdp_crypto *c, struct span s);
void sdp_crypto_write(struct sipd_text *t, struct span tag, struct span suite,
		      const uint8_t *key, size_t n);

#endif
