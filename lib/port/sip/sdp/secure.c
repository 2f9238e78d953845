/**
 * @file port/sip/sdp/secure.c  Which encryption is offered, and which is taken
 *
 * media.srtp decides: `optional` offers keys over RTP/AVP, which those that
 * know no SRTP take as a plain offer, and those that want it answer with a
 * key; who insists on RTP/SAVP says 488 and gets that (invite/secure.c).
 * Works on any thread.  RFC 4568 5, 7; 5763 5; 8122; 8842 5
 */
#include "port/sip/sdp/secure_own.h"

#include <string.h>
#include <sys/random.h>
#include "base/error.h"
#include "port/sip/sdp/crypto.h"

static bool draw(struct sipd_secure_local *local)
{
	return getrandom(local->key, sizeof(local->key), 0) ==
	       (ssize_t)sizeof(local->key);
}


int sipd_secure_init(struct sipd_secure_local *local, enum sipd_srtp_mode mode,
		     const char *fingerprint)
{
	memset(local, 0, sizeof(*local));
	local->mode = mode;
	if (mode == SIPD_SRTP_OFF)
		return 0;

	(void)sipd_strcpy(local->fingerprint, sizeof(local->fingerprint),
			  fingerprint);
	if (draw(local))
		return 0;

	return sipd_error(SIPDIALER_EIO, "no random numbers for keys");
}


void sipd_secure_keep(struct sipd_secure_local *local,
		      const struct sipd_secure *agreed)
{
	local->savp = agreed->savp;
	local->feedback = agreed->feedback;
	local->role = agreed->role;
	local->stale = local->used && !agreed->suite;
	local->used |= agreed->suite != SIPD_SRTP_NONE;
}


bool sipd_secure_renew(struct sipd_secure_local *local)
{
	if (!local->stale)
		return false;

	local->used = local->stale = false;
	if (!draw(local))
		local->mode = SIPD_SRTP_OFF; /* rather than the old ones */

	return true;
}


void sipd_secure_wipe(struct sipd_secure_local *local)
{
	explicit_bzero(local->key, sizeof(local->key));
}


enum sdp_profile sdp_profile_of(struct span proto)
{
	/* clang-format off */
	static const struct { const char *word; enum sdp_profile p; } t[] = {
		{ "RTP/AVP",           PROFILE_PLAIN },
		{ "RTP/AVPF",          PROFILE_PLAIN },
		{ "RTP/SAVP",          PROFILE_SECURE },
		{ "RTP/SAVPF",         PROFILE_SECURE },
		{ "UDP/TLS/RTP/SAVP",  PROFILE_DTLS },
		{ "UDP/TLS/RTP/SAVPF", PROFILE_DTLS },
	};
	/* clang-format on */
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (sdp_span_is(proto, t[i].word))
			return t[i].p;
	}

	return PROFILE_OTHER;
}


/* ---- DTLS --------------------------------------------------------------- */

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;

	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}


static bool hash_read(struct sipd_fingerprint *fp, struct span s)
{
	size_t i;

	if (s.l != 3 * (size_t)fp->len - 1)
		return false;
	for (i = 0; i < fp->len; i++) {
		const int hi = hex_value(s.p[3 * i]);
		const int lo = hex_value(s.p[3 * i + 1]);

		if (hi < 0 || lo < 0 ||
		    (i + 1 < fp->len && s.p[3 * i + 2] != ':'))
			return false;
		fp->hash[i] = (uint8_t)(hi << 4 | lo);
	}

	return true;
}


void sdp_fingerprint_read(struct sipd_fingerprint *fp, struct span s)
{
	/* clang-format off */
	static const struct { const char *word; uint8_t len; } t[] = {
		{ "sha-1", 20 },   { "sha-256", 32 },
		{ "sha-384", 48 }, { "sha-512", 64 },
	};
	/* clang-format on */
	struct sipd_fingerprint one;
	const struct span hash = sdp_token(&s, " ");
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (!sdp_span_is_ci(hash, t[i].word) || t[i].len <= fp->len)
			continue;
		memset(&one, 0, sizeof(one));
		one.len = t[i].len;
		while (s.l && s.p[s.l - 1] == ' ')
			s.l--;
		if (hash_read(&one, s))
			*fp = one;
		return;
	}
}


enum sdp_setup sdp_setup_read(struct span s)
{
	if (sdp_span_is(s, "active"))
		return SETUP_ACTIVE;
	if (sdp_span_is(s, "passive"))
		return SETUP_PASSIVE;

	return sdp_span_is(s, "actpass") ? SETUP_ACTPASS : SETUP_OTHER;
}


/* Who begins: roles once agreed stay; free to choose, we do, because what
 * stands behind a NAT must speak first.  RFC 5763 5, 8842 5.5 */
static enum sipd_dtls_role role_of(enum sdp_setup theirs, bool answer,
				   enum sipd_dtls_role before)
{
	switch (theirs) {
	case SETUP_ACTIVE:
		return SIPD_DTLS_PASSIVE;
	case SETUP_PASSIVE:
		return SIPD_DTLS_ACTIVE;
	case SETUP_ACTPASS:
		return before ? before : SIPD_DTLS_ACTIVE;
	case SETUP_NONE: /* RFC 4145 4 */
		return answer ? SIPD_DTLS_ACTIVE : SIPD_DTLS_PASSIVE;
	default:
		return SIPD_DTLS_NONE;
	}
}


static void dtls_read(struct sdp_secure *s, const struct sdp *sdp,
		      const struct sdp_media *m,
		      const struct sipd_secure_local *local, bool answer)
{
	const struct sipd_fingerprint *fp = m->fingerprint.len
						    ? &m->fingerprint
						    : &sdp->fingerprint;
	const enum sdp_setup setup = m->setup ? m->setup : sdp->setup;

	if (!local->fingerprint[0]) {
		s->why = "audio over DTLS-SRTP, which is not used here";
		return;
	}
	if (!fp->len) {
		s->why = "no a=fingerprint by SHA-1 or SHA-2";
		return;
	}
	s->agreed.role = role_of(setup, answer, local->role);
	if (!s->agreed.role) {
		s->why = "a=setup is none of active, passive, actpass";
		return;
	}
	s->agreed.fingerprint = *fp;
	s->rank = 2;
}


/* ---- SDES --------------------------------------------------------------- */

static void crypto_take(struct sdp_secure *s, const struct sdp_crypto *c,
			const struct sipd_secure_local *local)
{
	s->tag = c->tag_text;
	s->suite = c->suite_text;
	s->agreed.suite = c->suite;
	s->agreed.mki = c->mki;
	memcpy(s->agreed.rx, c->key, sizeof(s->agreed.rx));
	memcpy(s->agreed.tx, local->key[c->suite], sizeof(s->agreed.tx));
	s->rank = 2;
}


/* Of an offer the first that we can do, as the order is theirs; of an answer
 * the line of ours that it names by tag and suite.  RFC 4568 5.1.2, 5.1.3 */
static void crypto_read(struct sdp_secure *s, const struct sdp_media *m,
			const struct sipd_secure_local *local, bool answer)
{
	struct sdp_crypto c;
	size_t i;

	s->why = "no a=crypto";
	for (i = 0; i < m->cryptoc && !s->rank; i++) {
		const char *why = sdp_crypto_read(&c, m->crypto[i]);

		if (!why && answer && c.tag != (uint32_t)c.suite)
			why = "a=crypto: not a line of our offer";
		if (why)
			s->why = why;
		else
			crypto_take(s, &c, local);
	}
}


/* RTP/AVP; a key in it is one more offer, or the answer to ours. */
static void plain_read(struct sdp_secure *s, const struct sdp_media *m,
		       const struct sipd_secure_local *local, bool answer)
{
	const bool sdes = local->mode == SIPD_SRTP_OPTIONAL ||
			  local->mode == SIPD_SRTP_REQUIRED;

	if (sdes && m->cryptoc)
		crypto_read(s, m, local, answer);
	if (s->rank || (answer && sdes && m->cryptoc))
		return; /* keyed, or meant to be */
	if (local->mode <= SIPD_SRTP_OPTIONAL)
		s->rank = 1;
	else
		s->why = local->mode == SIPD_SRTP_DTLS
				 ? "no encryption by DTLS-SRTP, and "
				   "media.srtp is dtls"
				 : "no encryption, and media.srtp is "
				   "required";
}


bool sdp_secure_dtls(const struct sipd_secure_local *local)
{
	return local->mode == SIPD_SRTP_DTLS || local->role != SIPD_DTLS_NONE;
}


void sdp_secure_read(struct sdp_secure *s, const struct sdp *sdp,
		     const struct sdp_media *m,
		     const struct sipd_secure_local *local, bool answer)
{
	const enum sdp_profile profile = sdp_profile_of(m->proto);
	const bool dtls = profile == PROFILE_DTLS ||
			  (!m->cryptoc &&
			   (local->mode == SIPD_SRTP_DTLS ||
			    m->fingerprint.len || sdp->fingerprint.len));

	memset(s, 0, sizeof(*s));
	s->agreed.savp = profile != PROFILE_PLAIN;
	s->agreed.feedback = m->proto.l && m->proto.p[m->proto.l - 1] == 'F';
	if (profile == PROFILE_PLAIN)
		plain_read(s, m, local, answer);
	else if (local->mode == SIPD_SRTP_OFF)
		s->why = "audio is encrypted, and media.srtp is off";
	else if (answer && dtls != sdp_secure_dtls(local))
		s->why = "audio is encrypted, but not as it was offered";
	else if (dtls)
		dtls_read(s, sdp, m, local, answer);
	else if (local->mode == SIPD_SRTP_DTLS)
		s->why = "encryption by a=crypto, and media.srtp is dtls";
	else
		crypto_read(s, m, local, answer);
}


/* ---- ours --------------------------------------------------------------- */

const char *sdp_secure_proto(const struct sipd_secure_local *local)
{
	/* clang-format off */
	static const char *const words[][2] = {
		{ "RTP/AVP",          "RTP/AVPF" },
		{ "RTP/SAVP",         "RTP/SAVPF" },
		{ "UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF" },
	};
	/* clang-format on */

	if (sdp_secure_dtls(local))
		return words[2][local->feedback];

	return words[local->mode == SIPD_SRTP_REQUIRED ||
		     (local->mode && local->savp)][local->feedback];
}


static void dtls_write(struct sipd_text *t,
		       const struct sipd_secure_local *local,
		       const char *setup)
{
	sipd_text_printf(t, "a=fingerprint:%s\r\na=setup:%s\r\n",
			 local->fingerprint, setup);
}


void sdp_secure_offer(struct sipd_text *t,
		      const struct sipd_secure_local *local)
{
	int i;

	if (sdp_secure_dtls(local)) {
		dtls_write(t, local, "actpass");
		return;
	}

	for (i = 1; local->mode && i < SIPD_SRTP_SUITES; i++) {
		const enum sipd_srtp_suite suite = (enum sipd_srtp_suite)i;
		const char *name = sipd_srtp_suite(suite)->name;
		const char tag = (char)('0' + i);

		sdp_crypto_write(t, (struct span){&tag, 1},
				 (struct span){name, strlen(name)},
				 local->key[i], sipd_srtp_key_size(suite));
	}
}


void sdp_secure_answer(struct sipd_text *t,
		       const struct sipd_secure_local *local,
		       const struct sdp_secure *s)
{
	const struct sipd_secure *a = &s->agreed;

	if (a->role)
		dtls_write(t, local,
			   a->role == SIPD_DTLS_ACTIVE ? "active" : "passive");
	else if (a->suite)
		sdp_crypto_write(t, s->tag, s->suite, a->tx,
				 sipd_srtp_key_size(a->suite));
}
