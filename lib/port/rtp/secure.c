/**
 * @file port/rtp/secure.c  The encryption of a stream
 */
#include "port/rtp/priv.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include "port/srtp/srtp.h"

struct sipd_rtp_secure {
	struct sipd_secure agreed;
	struct sipd_srtp *tx, *rx; /* NULL: no keys yet */
};


static void tell(struct sipd_rtp *r, bool ok, const char *text)
{
	if (r->h.secured && alive(r))
		r->h.secured(ok, text, r->arg);
}


void sipd_rtp_secure_free(struct sipd_rtp *r)
{
	struct sipd_rtp_secure *s = r->secure;

	if (!s)
		return;

	sipd_srtp_free(s->tx);
	sipd_srtp_free(s->rx);
	OPENSSL_cleanse(s, sizeof(*s));
	free(s);
	r->secure = NULL;
}


static void renew(struct sipd_srtp **srtp, enum sipd_srtp_suite suite,
		  const uint8_t *key, size_t mki)
{
	sipd_srtp_free(*srtp);
	*srtp = sipd_srtp_new(suite, key, mki);
}


/* SDES: the keys are in the descriptions. */
static void set_keys(struct sipd_rtp_secure *s, const struct sipd_secure *to)
{
	const struct sipd_secure *from = &s->agreed;
	const bool same = from->suite == to->suite;
	const size_t n = sipd_srtp_key_size(to->suite);

	if (!s->tx || !same || memcmp(from->tx, to->tx, n))
		renew(&s->tx, to->suite, to->tx, 0);
	if (!s->rx || !same || memcmp(from->rx, to->rx, n) ||
	    from->mki != to->mki)
		renew(&s->rx, to->suite, to->rx, to->mki);
	s->agreed = *to;
}


void sipd_rtp_secure_set(struct sipd_rtp *r, const struct sipd_secure *agreed)
{
	if (!sipd_secure_is(agreed)) {
		sipd_rtp_secure_free(r);
		return;
	}

	if (!r->secure)
		r->secure = calloc(1, sizeof(*r->secure));
	if (r->secure)
		set_keys(r->secure, agreed);
	if (!r->secure || !r->secure->tx || !r->secure->rx)
		tell(r, false, "no memory for SRTP");
}


bool sipd_rtp_ready(const struct sipd_rtp *r)
{
	if (!sipd_secure_is(&r->remote.secure))
		return true;

	return r->secure && r->secure->tx && r->secure->rx;
}


size_t sipd_rtp_seal(struct sipd_rtp *r, uint8_t *buf, size_t n)
{
	if (!sipd_rtp_ready(r))
		return 0;
	if (r->secure && !sipd_srtp_protect(r->secure->tx, buf, &n))
		return 0;

	return n;
}


size_t sipd_rtcp_seal(struct sipd_rtp *r, uint8_t *buf, size_t n)
{
	if (!sipd_rtp_ready(r))
		return 0;
	if (r->secure && !sipd_srtcp_protect(r->secure->tx, buf, &n))
		return 0;

	return n;
}


size_t sipd_rtp_unseal(struct sipd_rtp *r, uint8_t *buf, size_t n)
{
	if (!sipd_rtp_ready(r))
		return 0;
	if (r->secure &&
	    sipd_srtp_unprotect(r->secure->rx, buf, &n) != SIPD_SRTP_OK)
		return 0;

	return n;
}


size_t sipd_rtcp_unseal(struct sipd_rtp *r, uint8_t *buf, size_t n)
{
	if (!sipd_rtp_ready(r))
		return 0;
	if (r->secure &&
	    sipd_srtcp_unprotect(r->secure->rx, buf, &n) != SIPD_SRTP_OK)
		return 0;

	return n;
}
