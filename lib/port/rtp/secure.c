/**
 * @file port/rtp/secure.c  The encryption of a stream
 *
 * A handshake allocates, here on the media thread: once or twice in a call,
 * and it takes part in nothing but its own stream.  RFC 5764, 7983
 */
#include "port/rtp/priv.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include "port/srtp/dtls.h"
#include "port/srtp/srtp.h"

enum {
	HANDSHAKE_MS = 10000, /* from when it was agreed, or agreed again */
	STRANGERS = 8         /* whose handshakes make place for another */
};

struct sipd_rtp_secure {
	struct sipd_secure agreed;
	struct sipd_srtp *tx, *rx; /* NULL: no keys yet */
	struct sipd_dtls *dtls;    /* NULL: keys by SDES, or it failed */
	union sipd_addr peer;      /* where their handshake comes from */
	bool heard;                /* from the address that SDP told */
	bool shaking;
	uint8_t strangers; /* so far */
	const char *why;   /* the last of them failed */
	uint64_t until_ms;
};


static void tell(struct sipd_rtp *r, bool ok, const char *text)
{
	if (r->h.secured && alive(r))
		r->h.secured(ok, text, r->arg);
}


static void keys_free(struct sipd_rtp_secure *s)
{
	sipd_srtp_free(s->tx);
	sipd_srtp_free(s->rx);
	s->tx = s->rx = NULL;
}


void sipd_rtp_secure_free(struct sipd_rtp *r)
{
	struct sipd_rtp_secure *s = r->secure;

	if (!s)
		return;

	keys_free(s);
	sipd_dtls_free(s->dtls);
	OPENSSL_cleanse(s, sizeof(*s));
	free(s);
	r->secure = NULL;
}


static void renew(struct sipd_srtp **srtp, enum sipd_srtp_suite suite,
		  const uint8_t *key, size_t mki)
{
	struct sipd_srtp *before = *srtp;

	*srtp = sipd_srtp_new(suite, key, mki);
	if (*srtp && before)
		sipd_srtp_follow(*srtp, before);
	sipd_srtp_free(before);
}


/* SDES: the keys are in the descriptions. */
static void set_keys(struct sipd_rtp *r, const struct sipd_secure *to)
{
	struct sipd_rtp_secure *s = r->secure;
	const struct sipd_secure *from = &s->agreed;
	const bool same = from->suite == to->suite;
	const size_t n = sipd_srtp_key_size(to->suite);

	sipd_dtls_free(s->dtls);
	s->dtls = NULL;
	s->shaking = false;
	if (!s->tx || !same || memcmp(from->tx, to->tx, n))
		renew(&s->tx, to->suite, to->tx, 0);
	if (!s->rx || !same || memcmp(from->rx, to->rx, n) ||
	    from->mki != to->mki)
		renew(&s->rx, to->suite, to->rx, to->mki);
	if (!s->tx || !s->rx)
		tell(r, false, "no memory for SRTP");
}


/* ---- DTLS --------------------------------------------------------------- */

static void datagram_handler(const uint8_t *buf, size_t n, void *arg)
{
	struct sipd_rtp *r = arg;

	sipd_rtp_send_raw(r, &r->secure->peer, buf, n);
}


static void shaken(struct sipd_rtp *r)
{
	struct sipd_rtp_secure *s = r->secure;
	uint8_t tx[SIPD_SRTP_KEY_MAX], rx[SIPD_SRTP_KEY_MAX];
	const enum sipd_srtp_suite suite = sipd_dtls_keys(s->dtls, tx, rx);

	keys_free(s);
	renew(&s->tx, suite, tx, 0);
	renew(&s->rx, suite, rx, 0);
	OPENSSL_cleanse(tx, sizeof(tx));
	OPENSSL_cleanse(rx, sizeof(rx));
	if (!s->tx || !s->rx) {
		tell(r, false, "DTLS: no keys for SRTP");
		return;
	}

	/* who has the key of the certificate is the one who was meant */
	sipd_source_take(&r->source, &s->peer);
	r->heard_ms = r->now_us / 1000;
	tell(r, true, sipd_dtls_name(suite));
}


static void give_up(struct sipd_rtp *r, const char *why)
{
	r->secure->shaking = false;
	sipd_dtls_free(r->secure->dtls);
	r->secure->dtls = NULL;
	keys_free(r->secure);
	tell(r, false, why);
}


static void begin(struct sipd_rtp *r, const struct sipd_secure *to)
{
	struct sipd_rtp_secure *s = r->secure;
	struct sipd_dtls_ctx *ctx = sipd_media_dtls(r->t->media);

	sipd_dtls_free(s->dtls);
	s->peer = *sipd_source_target(&r->source);
	s->dtls = ctx ? sipd_dtls_new(ctx, to->role == SIPD_DTLS_ACTIVE,
				      to->fingerprint.hash,
				      to->fingerprint.len, datagram_handler, r)
		      : NULL;
	s->shaking = s->dtls != NULL;
	if (!s->dtls)
		tell(r, false, "no memory for DTLS");
}


static bool from_stranger(const struct sipd_rtp *r)
{
	return !sipd_addr_eq(&r->secure->peer, sipd_source_target(&r->source));
}


/* Who came first from elsewhere was not the far end, it seems. */
static void failed(struct sipd_rtp *r, const char *why)
{
	struct sipd_rtp_secure *s = r->secure;

	if (!s->shaking || !from_stranger(r) || s->strangers >= STRANGERS) {
		give_up(r, why);
		return;
	}
	++s->strangers;
	s->why = why;
	begin(r, &s->agreed);
}


static void turn(struct sipd_rtp *r, const uint8_t *buf, size_t n)
{
	struct sipd_rtp_secure *s = r->secure;

	switch (sipd_dtls_turn(s->dtls, buf, n)) {
	case SIPD_DTLS_DONE:
		if (s->shaking) {
			s->shaking = false;
			shaken(r);
		}
		break;
	case SIPD_DTLS_FAILED:
		failed(r, sipd_dtls_why(s->dtls));
		break;
	default:
		break;
	}
}


/* The same certificate, roles and address: the association goes on. RFC 5763
 * 6.6, 8842 5.1 */
static void set_dtls(struct sipd_rtp *r, const struct sipd_secure *to,
		     bool moved)
{
	struct sipd_rtp_secure *s = r->secure;
	const struct sipd_secure *from = &s->agreed;

	s->until_ms = r->now_us / 1000 + HANDSHAKE_MS;
	if (s->dtls && !moved && from->role == to->role &&
	    from->fingerprint.len == to->fingerprint.len &&
	    !memcmp(from->fingerprint.hash, to->fingerprint.hash,
		    to->fingerprint.len))
		return;

	keys_free(s);
	s->heard = false;
	s->strangers = 0;
	s->why = NULL;
	begin(r, to);
}


/* The address of the SDP, or of a NAT before it: while the window is open and
 * the other has said nothing, the last that came has the handshake.  Who got
 * our hello answers from the host it went to, or by another address of that
 * host from the same port. */
static bool dtls_source(struct sipd_rtp *r, const union sipd_addr *from)
{
	struct sipd_rtp_secure *s = r->secure;
	const union sipd_addr *target = sipd_source_target(&r->source);
	const bool active = s->agreed.role == SIPD_DTLS_ACTIVE;
	const bool may = !active || sipd_addr_eq_ip(from, target) ||
			 sipd_addr_port(from) == sipd_addr_port(target);

	if (sipd_addr_eq(from, target)) {
		if (!s->heard && !active && from_stranger(r))
			begin(r, &s->agreed);
		s->heard = true;
		s->peer = *from;
		return s->dtls != NULL;
	}
	if (s->heard || r->source.confirmed || r->source.taken ||
	    !s->shaking || !may)
		return false;
	if (sipd_addr_eq(from, &s->peer))
		return true;
	if (r->now_us / 1000 >= r->source.until_ms ||
	    s->strangers >= STRANGERS)
		return false;
	if (from_stranger(r)) {
		++s->strangers;
		begin(r, &s->agreed);
	}
	s->peer = *from;

	return s->dtls != NULL;
}


bool sipd_rtp_secure_input(struct sipd_rtp *r, const uint8_t *buf, size_t n,
			   const union sipd_addr *from)
{
	struct sipd_rtp_secure *s = r->secure;

	/* RFC 7983 7 */
	if (!n || buf[0] < 20 || buf[0] > 63)
		return false;
	if (s && s->dtls && dtls_source(r, from))
		turn(r, buf, n);
	else
		sipd_rtp_drop(r);

	return true;
}


void sipd_rtp_secure_tick(struct sipd_rtp *r)
{
	struct sipd_rtp_secure *s = r->secure;

	if (!s || !s->shaking)
		return;

	if (r->now_us / 1000 >= s->until_ms)
		give_up(r, s->why ? s->why : "DTLS: no handshake within 10 s");
	else
		turn(r, NULL, 0);
}


/* ---- what was agreed ---------------------------------------------------- */

void sipd_rtp_secure_set(struct sipd_rtp *r, const struct sipd_secure *agreed,
			 bool moved)
{
	if (!sipd_secure_is(agreed)) {
		sipd_rtp_secure_free(r);
		return;
	}

	if (!r->secure)
		r->secure = calloc(1, sizeof(*r->secure));
	if (!r->secure) {
		tell(r, false, "no memory for SRTP");
		return;
	}

	if (agreed->role)
		set_dtls(r, agreed, moved);
	else
		set_keys(r, agreed);
	r->secure->agreed = *agreed;
}


bool sipd_rtp_ready(const struct sipd_rtp *r)
{
	if (!sipd_secure_is(&r->remote.secure))
		return true;

	return r->secure && r->secure->tx && r->secure->rx;
}


/* RTCP of its own would want a second handshake. RFC 5764 3 */
bool sipd_rtcp_ready(const struct sipd_rtp *r)
{
	return sipd_rtp_ready(r) &&
	       (!r->remote.secure.role || r->remote.rtcp_mux);
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
	if (!sipd_rtcp_ready(r))
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
