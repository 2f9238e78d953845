/**
 * @file port/sip/sdp/crypto.c  A line a=crypto. RFC 4568 4, 6, 9
 *
 * What weakens a stream (UNENCRYPTED_*, UNAUTHENTICATED_*) or is not known
 * makes the line one that is not there; a lifetime is not waited for, because
 * no call sends 2^48 packets.
 */
#include "port/sip/sdp/crypto.h"

#include <string.h>
#include <openssl/evp.h>

enum {
	TAG_MAX = 999999999, /* nine digits. 9.1 */
	KEY_TEXT = 4 * ((SIPD_SRTP_KEY_MAX + 2) / 3),
	PARAMS_MAX = 8,  /* session parameters of a line */
	MKI_DIGITS = 128 /* of its value */
};


static bool starts_ci(struct span s, const char *word)
{
	const struct span head = {s.p, strlen(word)};

	return s.l >= head.l && sdp_span_is_ci(head, word);
}


static int base64_value(char c)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = c ? strchr(set, c) : NULL;

	return p ? (int)(p - set) : -1;
}


/* Exactly n bytes; some leave the padding away. */
static bool base64_read(struct span s, uint8_t *out, size_t n)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t i, at = 0;

	while (s.l && s.p[s.l - 1] == '=' && s.l > (n * 4 + 2) / 3)
		s.l--;
	if (s.l != (n * 4 + 2) / 3)
		return false;

	for (i = 0; i < s.l; i++) {
		const int v = base64_value(s.p[i]);

		if (v < 0)
			return false;
		bits = bits << 6 | (uint32_t)v;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		out[at++] = (uint8_t)(bits >> have);
	}

	return at == n;
}


/* "1:4": value and length. 6.1 */
static bool mki_read(struct span s, uint8_t *bytes)
{
	const struct span value = sdp_token(&s, ":");
	uint32_t n;
	size_t i;

	if (!value.l || value.l > MKI_DIGITS ||
	    !sdp_span_uint(s, SIPD_SRTP_MKI_MAX, &n) || !n)
		return false;
	for (i = 0; i < value.l; i++) {
		if (value.p[i] < '0' || value.p[i] > '9')
			return false;
	}
	*bytes = (uint8_t)n;

	return true;
}


/* "2^20" or "1048576" */
static bool lifetime_ok(struct span s)
{
	uint32_t n;

	if (starts_ci(s, "2^")) {
		s.p += 2;
		s.l -= 2;
		return sdp_span_uint(s, 48, &n);
	}

	return sdp_span_uint(s, UINT32_MAX, &n) && n;
}


/* "inline:KEY|2^20|1:4"; of several keys the first is the one sent with. */
static const char *key_read(struct sdp_crypto *c, struct span s)
{
	struct span key, part;

	s = sdp_token(&s, ";");
	if (!starts_ci(s, "inline:"))
		return "a=crypto: no inline key";
	s.p += 7;
	s.l -= 7;
	key = sdp_token(&s, "|");
	if (!base64_read(key, c->key, sipd_srtp_key_size(c->suite)))
		return "a=crypto: key of the wrong length, or not base64";

	part = sdp_token(&s, "|");
	if (part.l && !memchr(part.p, ':', part.l)) {
		if (!lifetime_ok(part))
			return "a=crypto: lifetime of the key";
		part = sdp_token(&s, "|");
	}
	if (part.l && !mki_read(part, &c->mki))
		return "a=crypto: length of the MKI";

	return s.l ? "a=crypto: more than key, lifetime and MKI" : NULL;
}


/* A hint of the replay window, and what may be ignored. 6.3.7 */
static const char *params_read(struct span s)
{
	size_t n;

	for (n = 0; s.l; n++) {
		const struct span p = sdp_token(&s, " ");

		if (n == PARAMS_MAX)
			return "a=crypto: too many session parameters";
		if (p.l && p.p[0] != '-' && !starts_ci(p, "WSH=") &&
		    !sdp_span_is_ci(p, "KDR=0"))
			return "a=crypto: session parameters";
	}

	return NULL;
}


const char *sdp_crypto_read(struct sdp_crypto *c, struct span s)
{
	const char *why;
	struct span params;

	memset(c, 0, sizeof(*c));
	c->tag_text = sdp_token(&s, " ");
	c->suite_text = sdp_token(&s, " ");
	params = sdp_token(&s, " ");
	if (!sdp_span_uint(c->tag_text, TAG_MAX, &c->tag))
		return "a=crypto: tag";
	c->suite = sipd_srtp_suite_find(c->suite_text.p, c->suite_text.l);
	if (!c->suite)
		return "a=crypto: no suite in common";

	why = key_read(c, params);

	return why ? why : params_read(s);
}


void sdp_crypto_write(struct sipd_text *t, struct span tag, struct span suite,
		      const uint8_t *key, size_t n)
{
	unsigned char text[KEY_TEXT + 1];

	(void)EVP_EncodeBlock(text, key, (int)n);
	sipd_text_printf(t, "a=crypto:%.*s %.*s inline:%s\r\n", (int)tag.l,
			 tag.p, (int)suite.l, suite.p, (const char *)text);
}
