/**
 * @file test_sdp_secure.c  Encryption and multiplexing in offer and answer
 */
#include <stdio.h>
#include <string.h>
#include "lib/cmocka_all.h"
#include "base/error.h"
#include "port/sip/sdp/sdp.h"

#define HEAD \
	"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n" \
	"c=IN IP4 192.0.2.1\r\nt=0 0\r\n"
#define AVP "m=audio 40000 RTP/AVP 0\r\n"
#define SAVP "m=audio 40000 RTP/SAVP 0\r\n"
#define UTLS "m=audio 40000 UDP/TLS/RTP/SAVP 0\r\n"
/* 30 bytes of 0x11 */
#define KEY30 "ERERERERERERERERERERERERERERERERERERERER"
#define CM80 "AES_CM_128_HMAC_SHA1_80 inline:"
#define CM32 "AES_CM_128_HMAC_SHA1_32 inline:"
#define CRYPTO(tag, rest) "a=crypto:" #tag " " rest "\r\n"
#define SHA256 \
	"12:34:56:78:9A:BC:DE:F0:12:34:56:78:9A:BC:DE:F0:" \
	"12:34:56:78:9A:BC:DE:F0:12:34:56:78:9A:BC:DE:F0"
#define PRINT "a=fingerprint:sha-256 " SHA256 "\r\n"


static struct sipd_sdp_local ours(enum sipd_srtp_mode mode)
{
	struct sipd_sdp_local local = {
		.codecs = {SIPD_CODEC_PCMU, SIPD_CODEC_PCMA},
		.codecc = 2,
		.session_id = 7,
		.version = 1,
	};

	assert_true(sipd_addr_parse(&local.addr, "198.51.100.2", 30000));
	assert_int_equal(sipd_secure_init(&local.secure, mode,
					  "sha-256 AA:BB"),
			 0);

	return local;
}


static const char *offer(const struct sipd_sdp_local *local)
{
	static char sdp[4096];

	assert_true(sipd_sdp_offer(local, sdp, sizeof(sdp)));

	return sdp;
}


static void assert_in(const char *text, const char *part)
{
	assert_non_null(text);
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, text ? text : "");
}


static void assert_not_in(const char *text, const char *part)
{
	assert_non_null(text);
	if (strstr(text, part))
		fail_msg("\"%s\" is in \"%s\"", part, text ? text : "");
}


/* conformance: RFC 4568 5.1.1, 6188, 7714 | keys are offered for five suites, the strongest first, each with its own key | own */
static void test_offer_has_all_suites_in_order(void **state)
{
	/* clang-format off */
	static const char *const order[] = {
		"a=crypto:1 AEAD_AES_256_GCM inline:",
		"a=crypto:2 AEAD_AES_128_GCM inline:",
		"a=crypto:3 AES_256_CM_HMAC_SHA1_80 inline:",
		"a=crypto:4 AES_CM_128_HMAC_SHA1_80 inline:",
		"a=crypto:5 AES_CM_128_HMAC_SHA1_32 inline:",
	};
	/* clang-format on */
	const struct sipd_sdp_local a = ours(SIPD_SRTP_REQUIRED);
	const struct sipd_sdp_local b = ours(SIPD_SRTP_REQUIRED);
	const char *at = offer(&a);
	size_t i;
	(void)state;

	assert_in(at, "m=audio 30000 RTP/SAVP 0 8");
	for (i = 0; i < 5; ++i) {
		at = strstr(at, order[i]);
		assert_non_null(at);
	}
	assert_memory_not_equal(a.secure.key[4], a.secure.key[5], 30);
	assert_memory_not_equal(a.secure.key[4], b.secure.key[4], 30);
}


/* conformance: RFC 4568, 5763 5 | what media.srtp says is what is offered | own */
static void test_offer_by_mode(void **state)
{
	struct sipd_sdp_local l = ours(SIPD_SRTP_OFF);
	(void)state;

	assert_in(offer(&l), "RTP/AVP 0 8");
	assert_not_in(offer(&l), "crypto");
	assert_not_in(offer(&l), "rtcp-mux");
	l.rtcp_mux = true;
	assert_in(offer(&l), "a=rtcp-mux\r\n");

	l = ours(SIPD_SRTP_OPTIONAL);
	assert_in(offer(&l), "RTP/AVP 0 8");
	assert_in(offer(&l), "a=crypto:4 ");
	l.secure.savp = true;
	assert_in(offer(&l), "RTP/SAVP 0 8");

	l = ours(SIPD_SRTP_DTLS);
	assert_in(offer(&l), "m=audio 30000 UDP/TLS/RTP/SAVP 0 8");
	assert_in(offer(&l), "a=fingerprint:sha-256 AA:BB\r\n");
	assert_in(offer(&l), "a=setup:actpass\r\n");
	assert_in(offer(&l), "a=rtcp-mux\r\n");
	assert_not_in(offer(&l), "crypto");
}


struct reading {
	enum sipd_srtp_mode mode;
	const char *sdp;     /* after HEAD */
	const char *refused; /* NULL: taken */
	enum sipd_srtp_suite suite;
	uint8_t mki;
};


/* clang-format off */
static const struct reading answers[] = {
	{SIPD_SRTP_OFF, AVP, NULL, 0, 0},
	{SIPD_SRTP_OFF, AVP CRYPTO(4, CM80 KEY30), NULL, 0, 0},
	{SIPD_SRTP_OFF, SAVP CRYPTO(4, CM80 KEY30), "media.srtp is off", 0, 0},
	{SIPD_SRTP_OPTIONAL, AVP, NULL, 0, 0},
	{SIPD_SRTP_OPTIONAL, AVP CRYPTO(4, CM80 KEY30), NULL,
	 SIPD_SRTP_CM_128_80, 0},
	{SIPD_SRTP_OPTIONAL, SAVP CRYPTO(5, CM32 KEY30), NULL,
	 SIPD_SRTP_CM_128_32, 0},
	/* meant to be encrypted: silence would follow */
	{SIPD_SRTP_OPTIONAL, AVP CRYPTO(4, CM80 "short"), "wrong length", 0, 0},
	{SIPD_SRTP_REQUIRED, AVP, "media.srtp is required", 0, 0},
	{SIPD_SRTP_REQUIRED, SAVP, "no a=crypto", 0, 0},
	{SIPD_SRTP_REQUIRED, SAVP CRYPTO(1, CM80 KEY30),
	 "not a line of our offer", 0, 0},
	{SIPD_SRTP_REQUIRED, SAVP CRYPTO(4, CM80 KEY30), NULL,
	 SIPD_SRTP_CM_128_80, 0},
	{SIPD_SRTP_REQUIRED,
	 "m=audio 40000 RTP/SAVPF 0\r\n" CRYPTO(4, CM80 KEY30), NULL,
	 SIPD_SRTP_CM_128_80, 0},
	{SIPD_SRTP_REQUIRED, SAVP CRYPTO(4, CM80 KEY30 "|2^31"), NULL,
	 SIPD_SRTP_CM_128_80, 0},
	{SIPD_SRTP_REQUIRED, SAVP CRYPTO(4, CM80 KEY30 "|2^20|1:4"), NULL,
	 SIPD_SRTP_CM_128_80, 4},
	{SIPD_SRTP_REQUIRED, SAVP CRYPTO(4, CM80 KEY30 "|1:32"), NULL,
	 SIPD_SRTP_CM_128_80, 32},
	{SIPD_SRTP_REQUIRED, SAVP CRYPTO(4, CM80 KEY30 "|1048576"), NULL,
	 SIPD_SRTP_CM_128_80, 0},
	{SIPD_SRTP_DTLS, AVP, "media.srtp is dtls", 0, 0},
	{SIPD_SRTP_DTLS, SAVP CRYPTO(4, CM80 KEY30), "not as it was offered",
	 0, 0},
	{SIPD_SRTP_OPTIONAL, UTLS PRINT "a=setup:active\r\n",
	 "not as it was offered", 0, 0},
};

static const struct reading offers[] = {
	{SIPD_SRTP_OFF, AVP CRYPTO(1, CM80 KEY30), NULL, 0, 0},
	{SIPD_SRTP_OFF, SAVP CRYPTO(1, CM80 KEY30), "media.srtp is off", 0, 0},
	{SIPD_SRTP_OFF, UTLS PRINT "a=setup:actpass\r\n",
	 "media.srtp is off", 0, 0},
	{SIPD_SRTP_OPTIONAL, AVP, NULL, 0, 0},
	{SIPD_SRTP_OPTIONAL, AVP CRYPTO(1, CM80 KEY30), NULL,
	 SIPD_SRTP_CM_128_80, 0},
	{SIPD_SRTP_OPTIONAL, AVP CRYPTO(1, "AES_F8 inline:" KEY30), NULL, 0, 0},
	{SIPD_SRTP_REQUIRED, AVP, "media.srtp is required", 0, 0},
	{SIPD_SRTP_REQUIRED, AVP CRYPTO(1, CM80 KEY30), NULL,
	 SIPD_SRTP_CM_128_80, 0},
	/* the order is theirs, what we do not know is passed over */
	{SIPD_SRTP_REQUIRED, SAVP CRYPTO(1, "F8_128_HMAC_SHA1_80 inline:" KEY30)
	 CRYPTO(2, CM32 KEY30) CRYPTO(3, CM80 KEY30), NULL,
	 SIPD_SRTP_CM_128_32, 0},
	{SIPD_SRTP_REQUIRED, SAVP CRYPTO(1, CM32 KEY30 " UNENCRYPTED_SRTP")
	 CRYPTO(2, CM80 KEY30), NULL, SIPD_SRTP_CM_128_80, 0},
	{SIPD_SRTP_REQUIRED, SAVP CRYPTO(1, CM80 KEY30 " UNENCRYPTED_SRTCP"),
	 "session parameters", 0, 0},
	{SIPD_SRTP_REQUIRED, SAVP CRYPTO(1, CM80 KEY30 " UNAUTHENTICATED_SRTP"),
	 "session parameters", 0, 0},
	{SIPD_SRTP_REQUIRED, SAVP CRYPTO(1, CM80 KEY30 " KDR=1"),
	 "session parameters", 0, 0},
	{SIPD_SRTP_REQUIRED, SAVP CRYPTO(1, CM80 KEY30 " FEC_ORDER=SRTP_FEC"),
	 "session parameters", 0, 0},
	{SIPD_SRTP_REQUIRED, SAVP CRYPTO(1, CM80 KEY30 " KDR=0 WSH=128 -x=1"),
	 NULL, SIPD_SRTP_CM_128_80, 0},
	{SIPD_SRTP_REQUIRED, SAVP CRYPTO(1, CM80 KEY30 "|2^20|1:0"), "MKI",
	 0, 0},
	{SIPD_SRTP_REQUIRED, SAVP CRYPTO(1, CM80 KEY30 "|2^20|1:129"), "MKI",
	 0, 0},
	{SIPD_SRTP_REQUIRED, SAVP CRYPTO(1, CM80 KEY30 "|2^20|x:4"), "MKI",
	 0, 0},
	{SIPD_SRTP_REQUIRED, SAVP CRYPTO(1, CM80 KEY30 "|2^20|1:4|x"),
	 "more than key", 0, 0},
	{SIPD_SRTP_REQUIRED, SAVP CRYPTO(1, CM80 KEY30 "|2^99"), "lifetime",
	 0, 0},
	{SIPD_SRTP_REQUIRED, SAVP CRYPTO(1, CM80 KEY30 "AAAA"),
	 "wrong length", 0, 0},
	{SIPD_SRTP_REQUIRED, SAVP CRYPTO(1, CM80 "****" KEY30), "wrong length",
	 0, 0},
	{SIPD_SRTP_REQUIRED,
	 SAVP CRYPTO(1, CM80 "*RERERERERERERERERERERERERERERERERERERER"),
	 "not base64", 0, 0},
	{SIPD_SRTP_REQUIRED, SAVP CRYPTO(1, "AES_CM_128_HMAC_SHA1_80 "
	 "outline:" KEY30), "no inline key", 0, 0},
	{SIPD_SRTP_REQUIRED, SAVP CRYPTO(-1, CM80 KEY30), "tag", 0, 0},
	{SIPD_SRTP_REQUIRED, SAVP "a=crypto:\r\n", "tag", 0, 0},
	{SIPD_SRTP_REQUIRED, SAVP "a=crypto:1\r\n", "no suite", 0, 0},
	/* two keys: it sends with the first */
	{SIPD_SRTP_REQUIRED, SAVP CRYPTO(1, CM80 KEY30 "|2^20|1:4;inline:"
	 KEY30 "|2^20|2:4"), NULL, SIPD_SRTP_CM_128_80, 4},
	/* 46, 28 and 44 bytes, with and without padding */
	{SIPD_SRTP_REQUIRED, SAVP CRYPTO(1, "AES_CM_256_HMAC_SHA1_80 inline:"
	 KEY30 "EREREREREREREREREREREQ=="), NULL, SIPD_SRTP_CM_256_80, 0},
	{SIPD_SRTP_REQUIRED, SAVP CRYPTO(1, "AES_256_CM_HMAC_SHA1_80 inline:"
	 KEY30 "EREREREREREREREREREREQ"), NULL, SIPD_SRTP_CM_256_80, 0},
	{SIPD_SRTP_REQUIRED, SAVP CRYPTO(1, "AEAD_AES_128_GCM inline:"
	 "EREREREREREREREREREREREREREREREREREREQ=="), NULL,
	 SIPD_SRTP_GCM_128, 0},
	{SIPD_SRTP_REQUIRED, SAVP CRYPTO(1, "AEAD_AES_256_GCM inline:"
	 KEY30 "ERERERERERERERERERE="), NULL, SIPD_SRTP_GCM_256, 0},
	/* of two audio lines the encrypted one, wherever it stands */
	{SIPD_SRTP_OPTIONAL, AVP "m=audio 40002 RTP/SAVP 0\r\n"
	 CRYPTO(1, CM80 KEY30), NULL, SIPD_SRTP_CM_128_80, 0},
	{SIPD_SRTP_OPTIONAL, SAVP CRYPTO(1, CM80 KEY30)
	 "m=audio 40002 RTP/AVP 0\r\n", NULL, SIPD_SRTP_CM_128_80, 0},
	{SIPD_SRTP_OFF, SAVP CRYPTO(1, CM80 KEY30)
	 "m=audio 40002 RTP/AVP 0\r\n", NULL, 0, 0},
	{SIPD_SRTP_OPTIONAL, "m=audio 40000 RTP/FOO 0\r\n", "not over RTP",
	 0, 0},
};
/* clang-format on */


static void assert_reading(const struct reading *r, bool answer)
{
	const struct sipd_sdp_local local = ours(r->mode);
	struct sipd_sdp_remote remote;
	char sdp[4096], out[4096];
	int err;

	(void)snprintf(sdp, sizeof(sdp), HEAD "%s", r->sdp);
	err = answer ? sipd_sdp_answer_read(&local, sdp, strlen(sdp), &remote)
		     : sipd_sdp_offer_read(&local, sdp, strlen(sdp), &remote,
					   out, sizeof(out));
	if (r->refused) {
		if (err != SIPDIALER_EFORMAT)
			fail_msg("taken: %s", sdp);
		assert_in(sipd_error_text(), r->refused);
		return;
	}

	if (err)
		fail_msg("%s: %s", sipd_error_text(), sdp);
	assert_int_equal(remote.secure.suite, r->suite);
	assert_int_equal(remote.secure.mki, r->mki);
	if (r->suite) {
		assert_memory_equal(remote.secure.tx,
				    local.secure.key[r->suite],
				    sipd_srtp_key_size(r->suite));
		assert_int_equal(remote.secure.rx[0], 0x11);
		assert_int_equal(remote.secure.rx[27], 0x11);
	}
}


/* conformance: RFC 4568 5.1.3, 6.1, 6.3.7 | answers with keys, lifetimes, MKI; what is wrong with them ends the call with the reason | own */
static void test_answers(void **state)
{
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); ++i)
		assert_reading(&answers[i], true);
}


/* conformance: RFC 4568 5.1.2, 6.1, 6.3, 9.2 | offers with keys: suites, session parameters, MKI, bad base64 and lengths | own */
static void test_offers(void **state)
{
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(offers) / sizeof(offers[0]); ++i)
		assert_reading(&offers[i], false);
}


static const char *answer_to(const struct sipd_sdp_local *local,
			     const char *sdp, struct sipd_sdp_remote *remote)
{
	static char out[4096];

	if (sipd_sdp_offer_read(local, sdp, strlen(sdp), remote, out,
				sizeof(out)))
		fail_msg("%s: %s", sipd_error_text(), sdp);

	return out;
}


/* conformance: RFC 4568 5.1.2 | our answer repeats tag, suite and profile of the line taken, with our key | own */
static void test_answer_repeats_tag_and_spelling(void **state)
{
	const struct sipd_sdp_local local = ours(SIPD_SRTP_OPTIONAL);
	struct sipd_sdp_remote r;
	const char *text;
	(void)state;

	text = answer_to(&local,
			 HEAD "m=audio 40000 RTP/SAVPF 0\r\n" CRYPTO(
				 77, "AES_CM_256_HMAC_SHA1_80 inline:" KEY30
				     "EREREREREREREREREREREQ"),
			 &r);
	assert_in(text, "m=audio 30000 RTP/SAVPF 0");
	assert_in(text, "a=crypto:77 AES_CM_256_HMAC_SHA1_80 inline:");
	assert_not_in(text, KEY30);

	text = answer_to(&local, HEAD AVP, &r);
	assert_not_in(text, "crypto");
}


/* conformance: RFC 5763 5, 4145 4, 8842 5 | who begins the handshake follows a=setup, and stays so | own */
static void test_roles(void **state)
{
	/* clang-format off */
	static const struct {
		const char *setup;
		enum sipd_dtls_role before, answer, offer;
	} t[] = {
		{"a=setup:active\r\n", 0, SIPD_DTLS_PASSIVE, SIPD_DTLS_PASSIVE},
		{"a=setup:passive\r\n", 0, SIPD_DTLS_ACTIVE, SIPD_DTLS_ACTIVE},
		{"a=setup:actpass\r\n", 0, SIPD_DTLS_ACTIVE, SIPD_DTLS_ACTIVE},
		{"a=setup:actpass\r\n", SIPD_DTLS_PASSIVE, SIPD_DTLS_PASSIVE,
		 SIPD_DTLS_PASSIVE},
		{"", 0, SIPD_DTLS_ACTIVE, SIPD_DTLS_PASSIVE},
	};
	/* clang-format on */
	struct sipd_sdp_local local = ours(SIPD_SRTP_DTLS);
	struct sipd_sdp_remote r;
	char sdp[1024];
	const char *text;
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); ++i) {
		local.secure.role = t[i].before;
		(void)snprintf(sdp, sizeof(sdp), HEAD UTLS PRINT "%s",
			       t[i].setup);
		assert_int_equal(sipd_sdp_answer_read(&local, sdp, strlen(sdp),
						      &r),
				 0);
		assert_int_equal(r.secure.role, t[i].answer);
		assert_int_equal(r.secure.fingerprint.len, 32);
		assert_int_equal(r.secure.fingerprint.hash[31], 0xf0);
		text = answer_to(&local, sdp, &r);
		assert_int_equal(r.secure.role, t[i].offer);
		assert_in(text, t[i].offer == SIPD_DTLS_ACTIVE
					? "a=setup:active\r\n"
					: "a=setup:passive\r\n");
		assert_in(text, "a=fingerprint:sha-256 AA:BB\r\n");
	}
}


/* conformance: RFC 8122 5 | the fingerprint may stand above the m= lines; the best hash counts, MD5 and nonsense do not | own */
static void test_fingerprints(void **state)
{
	/* clang-format off */
	static const struct { const char *sdp; unsigned len; } t[] = {
		{PRINT "a=setup:active\r\n" UTLS, 32},
		{UTLS "a=fingerprint:sha-1 00:11:22:33:44:55:66:77:88:99:"
		 "00:11:22:33:44:55:66:77:88:99\r\na=setup:active\r\n", 20},
		{UTLS PRINT "a=fingerprint:sha-1 00:11:22:33:44:55:66:77:88:"
		 "99:00:11:22:33:44:55:66:77:88:99\r\na=setup:active\r\n", 32},
		{UTLS "a=fingerprint:SHA-256 " SHA256 " \r\n"
		 "a=setup:active\r\n", 32},
		{UTLS "a=setup:active\r\n", 0},
		{UTLS "a=fingerprint:md5 00:11:22:33:44:55:66:77:88:99:00:11:"
		 "22:33:44:55\r\na=setup:active\r\n", 0},
		{UTLS "a=fingerprint:sha-256 12:34\r\na=setup:active\r\n", 0},
		{UTLS "a=fingerprint:sha-256 G" SHA256 "\r\n"
		 "a=setup:active\r\n", 0},
		{UTLS PRINT "a=setup:holdconn\r\n", 0},
	};
	/* clang-format on */
	const struct sipd_sdp_local local = ours(SIPD_SRTP_DTLS);
	struct sipd_sdp_remote r;
	char sdp[1024];
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); ++i) {
		(void)snprintf(sdp, sizeof(sdp), HEAD "%s", t[i].sdp);
		assert_int_equal(sipd_sdp_answer_read(&local, sdp, strlen(sdp),
						      &r),
				 t[i].len ? 0 : SIPDIALER_EFORMAT);
		if (t[i].len)
			assert_int_equal(r.secure.fingerprint.len, t[i].len);
	}
}


/* conformance: RFC 5761 5.1.1 | rtcp-mux of an offer is taken if media.rtcp_mux says so, and answered | own */
static void test_rtcp_mux_of_offers(void **state)
{
	struct sipd_sdp_local local = ours(SIPD_SRTP_OFF);
	struct sipd_sdp_remote r;
	(void)state;

	assert_not_in(answer_to(&local, HEAD AVP "a=rtcp-mux\r\n", &r),
		      "rtcp-mux");
	assert_false(r.rtcp_mux);
	assert_int_equal(sipd_addr_port(&r.rtcp), 40001);

	local.rtcp_mux = true;
	assert_in(answer_to(&local, HEAD AVP "a=rtcp-mux\r\n", &r),
		  "a=rtcp-mux\r\n");
	assert_true(r.rtcp_mux);
	assert_int_equal(sipd_addr_port(&r.rtcp), 40000);
	assert_not_in(answer_to(&local, HEAD AVP, &r), "rtcp-mux");
	assert_false(r.rtcp_mux);
	(void)answer_to(&local, HEAD AVP "a=rtcp:41234 IN IP4 192.0.2.9\r\n",
			&r);
	assert_int_equal(sipd_addr_port(&r.rtcp), 41234);
}


/* conformance: RFC 3264 8, 4568 7.1.4 | our offer in a call keeps profile, kind and keys of what was agreed | own */
static void test_next_offer_keeps_what_was_agreed(void **state)
{
	struct sipd_sdp_local l = ours(SIPD_SRTP_OPTIONAL);
	struct sipd_sdp_remote r;
	char key[64];
	const char *at;
	(void)state;

	at = strstr(answer_to(&l, HEAD SAVP CRYPTO(9, CM80 KEY30), &r),
		    "inline:");
	assert_non_null(at);
	(void)snprintf(key, sizeof(key), "%.47s\r\n", at);
	sipd_secure_keep(&l.secure, &r.secure);
	assert_in(offer(&l), "RTP/SAVP 0 8");
	assert_in(offer(&l), key);

	(void)answer_to(&l, HEAD "m=audio 40000 RTP/AVPF 0\r\n", &r);
	sipd_secure_keep(&l.secure, &r.secure);
	assert_in(offer(&l), "RTP/AVPF 0 8");

	(void)answer_to(&l,
			HEAD "m=audio 40000 UDP/TLS/RTP/SAVPF 0\r\n" PRINT
			     "a=setup:actpass\r\na=rtcp-mux\r\n",
			&r);
	assert_true(r.rtcp_mux);
	sipd_secure_keep(&l.secure, &r.secure);
	assert_in(offer(&l), "UDP/TLS/RTP/SAVPF 0 8");
	assert_in(offer(&l), "a=setup:actpass\r\n");
	assert_in(offer(&l), "a=rtcp-mux\r\n");
	assert_not_in(offer(&l), "crypto");
}


/* conformance: RFC 5761 5.1.3 | rtcp-mux of an answer to an offer without it counts for nothing | own */
static void test_rtcp_mux_of_answers(void **state)
{
	static const char sdp[] = HEAD AVP "a=rtcp-mux\r\n";
	struct sipd_sdp_local local = ours(SIPD_SRTP_OFF);
	struct sipd_sdp_remote r;
	(void)state;

	assert_int_equal(sipd_sdp_answer_read(&local, sdp, strlen(sdp), &r),
			 0);
	assert_false(r.rtcp_mux);
	assert_int_equal(sipd_addr_port(&r.rtcp), 40001);

	local.rtcp_mux = true;
	assert_int_equal(sipd_sdp_answer_read(&local, sdp, strlen(sdp), &r),
			 0);
	assert_true(r.rtcp_mux);
	assert_int_equal(sipd_addr_port(&r.rtcp), 40000);
}


/* The same key would encrypt other audio with the same numbers.
 * conformance: RFC 3711 9.1, 4568 6.4 | encrypted, plain, encrypted again: by another key, in an offer and in an answer | own */
static void test_keys_are_used_once(void **state)
{
	static const char secure[] = HEAD SAVP CRYPTO(9, CM80 KEY30);
	struct sipd_sdp_local l = ours(SIPD_SRTP_OPTIONAL);
	struct sipd_sdp_remote first, r;
	(void)state;

	(void)answer_to(&l, HEAD AVP, &r); /* plain before: nothing used */
	sipd_secure_keep(&l.secure, &r.secure);
	assert_false(sipd_secure_renew(&l.secure));

	(void)answer_to(&l, secure, &first);
	sipd_secure_keep(&l.secure, &first.secure);
	assert_false(sipd_secure_renew(&l.secure));
	(void)answer_to(&l, secure, &r); /* the same goes on */
	assert_memory_equal(r.secure.tx, first.secure.tx, 30);

	(void)answer_to(&l, HEAD AVP, &r);
	sipd_secure_keep(&l.secure, &r.secure);
	assert_true(sipd_secure_renew(&l.secure));
	assert_false(sipd_secure_renew(&l.secure));
	(void)answer_to(&l, secure, &r);
	assert_memory_not_equal(r.secure.tx, first.secure.tx, 30);
}


/* What browsers and gateways offer; declined by saying nothing of it.
 * conformance: RFC 8839 4.2.5, 8843 7.3, 5888 9.2 | ICE is declined by an answer without candidates, BUNDLE without a group, mid is repeated, video and data are refused by port 0 | own */
static void test_ice_bundle_and_mid(void **state)
{
	static const char sdp[] = HEAD
		"a=group:BUNDLE a1 v1 d1\r\na=ice-options:trickle\r\n"
		"m=audio 40000 RTP/AVPF 0\r\na=mid:a1\r\n"
		"a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n"
		"a=candidate:1 1 UDP 1 192.0.2.1 40000 typ host\r\n"
		"a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
		"m=video 40002 RTP/AVPF 96\r\na=mid:v1\r\n"
		"m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n";
	const struct sipd_sdp_local local = ours(SIPD_SRTP_OFF);
	struct sipd_sdp_remote r;
	const char *text = answer_to(&local, sdp, &r);
	(void)state;

	assert_in(text, "m=audio 30000 RTP/AVPF 0");
	assert_in(text, "a=mid:a1\r\n");
	assert_in(text, "m=video 0 RTP/AVPF 96\r\n");
	assert_in(text, "m=application 0 UDP/DTLS/SCTP webrtc-datachannel");
	assert_not_in(text, "ice");
	assert_not_in(text, "candidate");
	assert_not_in(text, "BUNDLE");

	text = answer_to(&local, HEAD AVP "a=mid:a 1\r\n", &r);
	assert_not_in(text, "mid");
}


/* conformance: RFC 3264 6, T.38 D.2.3 | fax offered beside the audio is refused by port 0, fax alone is refused | own */
static void test_fax(void **state)
{
	const struct sipd_sdp_local local = ours(SIPD_SRTP_OFF);
	struct sipd_sdp_remote r;
	char out[4096];
	static const char alone[] = HEAD
		"m=image 40000 udptl t38\r\na=T38FaxVersion:0\r\n";
	(void)state;

	assert_in(answer_to(&local, HEAD AVP "m=image 40002 udptl t38\r\n",
			    &r),
		  "m=image 0 udptl t38\r\n");
	assert_int_equal(sipd_sdp_offer_read(&local, alone, strlen(alone), &r,
					     out, sizeof(out)),
			 SIPDIALER_EFORMAT);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offer_has_all_suites_in_order),
		cmocka_unit_test(test_offer_by_mode),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_offers),
		cmocka_unit_test(test_answer_repeats_tag_and_spelling),
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_fingerprints),
		cmocka_unit_test(test_rtcp_mux_of_offers),
		cmocka_unit_test(test_rtcp_mux_of_answers),
		cmocka_unit_test(test_keys_are_used_once),
		cmocka_unit_test(test_next_offer_keeps_what_was_agreed),
		cmocka_unit_test(test_ice_bundle_and_mid),
		cmocka_unit_test(test_fax),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
