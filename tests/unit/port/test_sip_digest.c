/**
 * @file test_sip_digest.c  Answers to digest challenges. RFC 7616, 8760
 *
 * Includes the source, to set the client nonce of the RFC's examples.
 */
#include "sip_msg.h"
#include "port/sip/account/digest.c"

#define REST \
	"Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKabc\r\n" \
	"From: <sip:a@example.org>;tag=f1\r\nTo: <sip:b@example.org>\r\n" \
	"Call-ID: c1\r\nCSeq: 7 INVITE\r\nContent-Length: 0\r\n\r\n"
#define WWW "SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: "

struct fixture {
	struct sipd_sip sip;
	struct sipd_auth *auth;
	char line[4096];
};


static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct sa addr;

	assert_non_null(f);
	f->sip.conf.server = "pbx.example.org";
	f->sip.conf.domain = "";
	f->sip.conf.realm = "";
	f->sip.conf.user = "Mufasa";
	f->sip.conf.auth_user = "";
	f->sip.conf.password = "Circle of Life";
	assert_int_equal(sa_set_str(&addr, "127.0.0.1", 0), 0);
	sipd_guard_learn(&f->sip, &addr);
	assert_int_equal(sipd_auth_alloc(&f->auth, &f->sip), 0);
	*state = f;

	return 0;
}


static int teardown(void **state)
{
	struct fixture *f = *state;

	mem_deref(f->auth);
	free(f);

	return 0;
}


static int challenge_from(struct fixture *f, const char *head,
			  const char *source)
{
	char text[8192];
	struct sip_msg *msg;
	int err;

	(void)snprintf(text, sizeof(text), "%s\r\n" REST, head);
	msg = msg_new(text);
	assert_non_null(msg);
	assert_int_equal(sa_set_str(&msg->src, source, 5060), 0);
	err = sipd_auth_challenge(f->auth, msg);
	mem_deref(msg);

	return err;
}


static int challenge(struct fixture *f, const char *head)
{
	return challenge_from(f, head, "127.0.0.1");
}


static const char *answer_for(struct fixture *f, const char *method,
			      const char *uri)
{
	struct mbuf *mb = mbuf_alloc(1024);

	assert_non_null(mb);
	assert_int_equal(sipd_auth_encode(mb, f->auth, method, uri), 0);
	assert_true(mb->end < sizeof(f->line));
	memcpy(f->line, mb->buf, mb->end);
	f->line[mb->end] = '\0';
	mem_deref(mb);

	return f->line;
}


static const char *answer(struct fixture *f)
{
	return answer_for(f, "GET", "/dir/index.html");
}


static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no %s in %s", part, text);
}


static void has_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("%s in %s", part, text);
}


/* RFC 7616 3.9.1; the others by an independent implementation
 *
 * conformance: RFC 7616 3.9.1 | MD5 and SHA-256 responses | unit test
 * conformance: RFC 8760 2.1 | SHA-512-256, -sess, no qop | unit test
 */
static void test_response_matches_rfc7616_examples(void **state)
{
	static const struct {
		const char *algorithm;
		const char *qop;
		const char *response;
	} vectors[] = {
		{", algorithm=MD5", ", qop=\"auth, auth-int\"",
		 "8ca523f5e9506fed4657c9700eebdbec"},
		{"", ", qop=\"auth\"", "8ca523f5e9506fed4657c9700eebdbec"},
		{"", "", "7b2cc3b30e75b4777ea31027084363fd"},
		{", algorithm=SHA-256", ", qop=\"auth, auth-int\"",
		 "753927fa0e85d155564e2e272a28d180"
		 "2ca10daf4496794697cf8db5856cb6c1"},
		{", algorithm=SHA-256", "",
		 "a1306b0595a6c7fe96c448631fb5cfbd"
		 "5107bd1fe1da729d978dd7446b812363"},
		{", algorithm=md5-sess", ", qop=auth",
		 "e783283f46242139c486a698fec7211d"},
		{", algorithm=\"SHA-256-sess\"", ", qop=\"auth-int,auth\"",
		 "2fd51b3a77ad75bad6afad6003e818d7"
		 "67133c46d9e2749e7f5232ae1ea3efd7"},
		{", algorithm=SHA-512-256", ", qop=\"auth\"",
		 "430d05014cecc49cab6fbe03176d41a1"
		 "da86cbfe24a16580e22aaad928d960d0"},
		{", algorithm=SHA-512-256-sess", ", qop=\"auth\"",
		 "3f2a34f923c38b0fb26dce2fdfc2ce32"
		 "6c23cecf86fbb1444f3e51fbbc2cb92e"},
	};
	struct fixture *f = *state;
	char head[1024], want[128];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(vectors); i++) {
		sipd_auth_accepted(f->auth);
		(void)snprintf(head, sizeof(head),
			       WWW
			       "Digest realm=\"http-auth@example.org\", "
			       "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/"
			       "xwf94BcCAzFZH4GiTo0v\", opaque=\"FQhe/qaU925kf"
			       "nzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"%s%s, "
			       "stale=true",
			       vectors[i].algorithm, vectors[i].qop);
		assert_int_equal(challenge(f, head), 0);
		(void)strcpy(f->auth->slots[0].cr.cnonce,
			     "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ");
		(void)snprintf(want, sizeof(want), "response=\"%s\"",
			       vectors[i].response);
		has(answer(f), want);
		has(f->line, "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzC"
			     "UYo5tdS\"");
		has(f->line, "Authorization: Digest username=\"Mufasa\"");
		(vectors[i].qop[0] ? has : has_not)(f->line, "nc=00000001");
		(vectors[i].algorithm[0] ? has : has_not)(f->line,
							  "algorithm=");
	}
}


/* conformance: RFC 7616 3.9.2 | SHA-512-256, hashed user (erratum 4897) | unit test */
static void test_response_matches_rfc7616_userhash(void **state)
{
	struct fixture *f = *state;

	f->sip.conf.user = "J\xc3\xa4s\xc3\xb8n Doe";
	f->sip.conf.password = "Secret, or not?";
	assert_int_equal(challenge(f,
				   WWW "Digest realm=\"api@example.org\", "
				       "qop=\"auth\", "
				       "algorithm=SHA-512-256, "
				       "nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57Qd"
				       "FR34I9HAbC/RVvkK\", "
				       "opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGP"
				       "ChXYjwrI2QmXDnsOS\", "
				       "charset=UTF-8, userhash=true"),
			 0);
	(void)strcpy(f->auth->slots[0].cr.cnonce,
		     "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v");
	has(answer_for(f, "GET", "/doe.json"),
	    "username=\"793263caabb707a56211940d90411ea4a575adeccb7e360aeb624e"
	    "d06ece9b0b\"");
	has(f->line,
	    "response=\"3798d4131c277846293534c3edc11bd8a5e4cdcbff78b0"
	    "5db9d95eeb1cec68a5\"");
	has(f->line, ", userhash=true\r\n");
}


/* conformance: RFC 7616 3.4 | nc counts each nonce, cnonce is random | unit test */
static void test_nonce_count_rises_and_cnonce_is_random(void **state)
{
	struct fixture *f = *state;
	char first[SIPD_CNONCE_SIZE];

	assert_int_equal(challenge(f, WWW "Digest realm=\"r\", nonce=\"n\", "
					  "qop=\"auth\""),
			 0);
	(void)strcpy(first, f->auth->slots[0].cr.cnonce);
	assert_int_equal(strlen(first), SIPD_CNONCE_SIZE - 1);
	has(answer(f), "nc=00000001");
	has(answer(f), "nc=00000002");
	assert_string_equal(first, f->auth->slots[0].cr.cnonce);
	sipd_auth_accepted(f->auth);
	has(answer(f), "nc=00000003");

	assert_int_equal(challenge(f, WWW "Digest realm=\"r\", nonce=\"m\", "
					  "qop=\"auth\", stale=TRUE"),
			 0);
	has(answer(f), "nc=00000001");
	assert_string_not_equal(first, f->auth->slots[0].cr.cnonce);
}


/* conformance: RFC 8760 2.4 | the strongest known algorithm is answered | unit test */
static void test_strongest_known_algorithm_wins(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(challenge(f, WWW
				   "Digest realm=\"r\", nonce=\"1\", "
				   "algorithm=MD5, qop=\"auth\""
				   "\r\nWWW-Authenticate: Digest realm=\"r\", "
				   "nonce=\"2\", "
				   "algorithm=SHA-256, qop=\"auth\""
				   "\r\nWWW-Authenticate: Digest realm=\"r\", "
				   "nonce=\"3\", "
				   "algorithm=SHA-1024, qop=\"auth\""
				   "\r\nWWW-Authenticate: Basic realm=\"r\""),
			 0);
	has(answer(f), "algorithm=SHA-256");
	has(f->line, "nonce=\"2\"");
	has_not(f->line, "nonce=\"1\"");
}


/* conformance: RFC 8760 2.4 | sip.digest=sha-256: no downgrade to MD5 | unit test */
static void test_policy_forbids_md5(void **state)
{
	static const char *const md5[] = {
		WWW "Digest realm=\"r\", nonce=\"1\"",
		WWW "Digest realm=\"r\", nonce=\"1\", algorithm=md5-sess",
	};
	struct fixture *f = *state;
	size_t i;

	f->sip.conf.digest = SIPD_DIGEST_SHA_256;
	for (i = 0; i < ARRAY_SIZE(md5); i++) {
		assert_int_equal(challenge(f, md5[i]), SIPDIALER_EAUTH);
		has(sipd_error_text(), "sip.digest = sha-256");
		assert_string_equal(answer(f), "");
	}
	assert_int_equal(challenge(f, WWW "Digest realm=\"r\", nonce=\"1\""
					  "\r\nWWW-Authenticate: Digest "
					  "realm=\"r\", nonce=\"2\", "
					  "algorithm=SHA-256-sess"),
			 0);
	has(answer(f), "nonce=\"2\"");
	has_not(f->line, "nonce=\"1\"");
}


/* conformance: RFC 7616 3.3 | a stale nonce is no wrong password | unit test */
static void test_stale_is_no_wrong_password(void **state)
{
	struct fixture *f = *state;
	char head[256];
	int i;

	/* of the request before: too old now */
	assert_int_equal(challenge(f, WWW "Digest realm=\"r\", nonce=\"0\""),
			 0);
	(void)answer(f);
	sipd_auth_accepted(f->auth);
	(void)answer(f);

	for (i = 1; i <= 3; i++) {
		(void)snprintf(head, sizeof(head),
			       WWW "Digest realm=\"r\", nonce=\"%d\", "
				   "stale=true",
			       i);
		assert_int_equal(challenge(f, head), 0);
		(void)answer(f);
	}
	/* what says so for ever is counted, and two without it are too many */
	for (i = 4; i <= 5; i++) {
		(void)snprintf(head, sizeof(head),
			       WWW "Digest realm=\"r\", nonce=\"%d\", "
				   "stale=%s",
			       i, i == 4 ? "true" : "false");
		assert_int_equal(challenge(f, head), 0);
		(void)answer(f);
	}
	assert_int_equal(challenge(f, WWW "Digest realm=\"r\", nonce=\"6\", "
					  "stale=true"),
			 SIPDIALER_EAUTH);
}


/* conformance: RFC 3261 22.3 | at most two digests for a request | unit test */
static void test_two_tries_then_refused(void **state)
{
	struct fixture *f = *state;

	/* another nonce each time, as many servers do for a wrong password */
	assert_int_equal(challenge(f, WWW "Digest realm=\"r\", nonce=\"1\""),
			 0);
	(void)answer(f);
	assert_int_equal(challenge(f, WWW "Digest realm=\"r\", nonce=\"2\""),
			 0);
	(void)answer(f);
	assert_int_equal(challenge(f, WWW "Digest realm=\"r\", nonce=\"3\""),
			 SIPDIALER_EAUTH);

	/* for the next request it counts afresh */
	sipd_auth_accepted(f->auth);
	assert_int_equal(challenge(f, WWW "Digest realm=\"r\", nonce=\"4\""),
			 0);
	(void)answer(f);
	/* the same nonce again, not stale: the password is wrong */
	assert_int_equal(challenge(f, WWW "Digest realm=\"r\", nonce=\"4\""),
			 SIPDIALER_EAUTH);

	/* and one that calls it stale, but has no other */
	sipd_auth_accepted(f->auth);
	assert_int_equal(challenge(f, WWW "Digest realm=\"r\", nonce=\"5\""),
			 0);
	(void)answer(f);
	assert_int_equal(challenge(f, WWW "Digest realm=\"r\", nonce=\"5\", "
					  "stale=true"),
			 SIPDIALER_EAUTH);
}


/* conformance: RFC 3261 22.1 | a foreign realm gets no digest | unit test */
static void test_foreign_realm_is_not_answered(void **state)
{
	struct fixture *f = *state;

	/* a stranger, whatever it names */
	assert_int_equal(challenge_from(f,
					WWW "Digest realm=\"evil\", "
					    "nonce=\"1\"",
					"127.0.0.9"),
			 SIPDIALER_EAUTH);
	assert_int_equal(challenge_from(f,
					WWW "Digest realm=\"pbx.example."
					    "org\", nonce=\"1\"",
					"127.0.0.9"),
			 SIPDIALER_EAUTH);
	assert_string_equal(answer(f), "");

	/* the server: its first realm, and no other one after that */
	assert_int_equal(challenge(f, WWW "Digest realm=\"asterisk\", "
					  "nonce=\"1\""),
			 0);
	has(answer(f), "realm=\"asterisk\"");
	sipd_auth_accepted(f->auth);
	assert_int_equal(challenge(f, WWW "Digest realm=\"evil\", "
					  "nonce=\"2\""),
			 SIPDIALER_EAUTH);
	has_not(answer(f), "evil");

	/* configured: that one, from anywhere */
	f->sip.conf.realm = "trunk";
	assert_int_equal(challenge(f, WWW "Digest realm=\"asterisk\", "
					  "nonce=\"3\""),
			 SIPDIALER_EAUTH);
	assert_int_equal(challenge_from(f,
					WWW "Digest realm=\"TRUNK\", "
					    "nonce=\"4\"",
					"127.0.0.9"),
			 0);
	has(answer(f), "realm=\"TRUNK\"");

	/* or several of them */
	f->sip.conf.realm = "edge, trunk";
	sipd_auth_accepted(f->auth);
	assert_int_equal(challenge(f, "SIP/2.0 407 X\r\nProxy-Authenticate: "
				      "Digest realm=\"Edge\", nonce=\"5\""),
			 0);
	assert_int_equal(challenge(f, WWW "Digest realm=\"trunk\", "
					  "nonce=\"6\""),
			 0);
	has(answer(f), "realm=\"Edge\"");
	has(f->line, "realm=\"trunk\"");
	assert_int_equal(challenge(f, WWW "Digest realm=\"edge, trunk, x\", "
					  "nonce=\"7\""),
			 SIPDIALER_EAUTH);
	assert_int_equal(challenge(f, WWW "Digest realm=\"\", nonce=\"7\""),
			 SIPDIALER_EAUTH);
}


static void test_fifty_challenges_one_answer(void **state)
{
	struct fixture *f = *state;
	char head[8000] = "SIP/2.0 401 Unauthorized";
	size_t len = strlen(head);
	unsigned i;

	/* only the first 16 are read: the good one is the 17th */
	for (i = 0; i < 16; i++)
		len += (size_t)snprintf(head + len, sizeof(head) - len,
					"\r\nWWW-Authenticate: Digest "
					"realm=\"e%u\", nonce=\"n\", "
					"algorithm=X",
					i);
	(void)snprintf(head + len, sizeof(head) - len,
		       "\r\nWWW-Authenticate: "
		       "Digest realm=\"r\", nonce=\"n\"");
	assert_int_equal(challenge(f, head), SIPDIALER_EAUTH);
	assert_string_equal(answer(f), "");

	head[24] = '\0';
	len = strlen(head);
	for (i = 0; i < 50; i++)
		len += (size_t)snprintf(head + len, sizeof(head) - len,
					"\r\nWWW-Authenticate: Digest "
					"realm=\"e%u\", nonce=\"n\"",
					i);
	assert_int_equal(challenge(f, head), 0);
	has(answer(f), "realm=\"e0\"");
	assert_null(strstr(strstr(f->line, "Digest") + 1, "Digest"));
}


/* conformance: RFC 3261 22.3 | 407, then 401: both are answered | unit test */
static void test_proxy_and_server_are_both_answered(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(challenge(f, "SIP/2.0 407 X\r\nProxy-Authenticate: "
				      "Digest realm=\"r\", nonce=\"p\""),
			 0);
	has(answer(f), "Proxy-Authorization: Digest");
	has_not(f->line, "\nAuthorization: ");
	assert_int_equal(challenge(f, WWW "Digest realm=\"r\", nonce=\"s\""),
			 0);
	has(answer(f), "Proxy-Authorization: Digest");
	has(f->line, "nonce=\"p\"");
	has(f->line, "nonce=\"s\"");
}


/* A wrong password at the server, after a right one at the proxy. */
static void test_proxy_and_server_are_counted_apart(void **state)
{
	struct fixture *f = *state;
	char head[256];
	int i;

	for (i = 0; i < 2; i++) {
		(void)snprintf(head, sizeof(head),
			       "SIP/2.0 407 X\r\nProxy-Authenticate: Digest "
			       "realm=\"r\", nonce=\"p%d\"",
			       i);
		assert_int_equal(challenge(f, head), 0);
		(void)answer(f);
	}
	for (i = 0; i < 2; i++) {
		(void)snprintf(head, sizeof(head),
			       WWW "Digest realm=\"r\", nonce=\"s%d\"", i);
		assert_int_equal(challenge(f, head), 0);
		(void)answer(f);
	}
	assert_int_equal(challenge(f, WWW "Digest realm=\"r\", nonce=\"x\""),
			 SIPDIALER_EAUTH);
}


/* conformance: RFC 3261 13.2.2.4 | an ACK has its INVITE's credentials | unit test */
static void test_ack_has_the_credentials_of_its_invite(void **state)
{
	struct fixture *f = *state;
	char invite[4096];

	assert_string_equal(answer_for(f, "ACK", "sip:b@c"), "");
	assert_int_equal(challenge(f, WWW "Digest realm=\"r\", nonce=\"n\", "
					  "qop=\"auth\""),
			 0);
	(void)strcpy(invite, answer_for(f, "INVITE", "sip:b@c"));
	has(invite, "nc=00000001");
	has(answer_for(f, "PRACK", "sip:b@c"), "nc=00000002");
	assert_string_equal(answer_for(f, "ACK", "sip:b@d"), invite);
	has(answer_for(f, "BYE", "sip:b@c"), "nc=00000003");
}


static void told(struct fixture *f, const char *info)
{
	char text[2048];
	struct sip_msg *msg;

	(void)snprintf(text, sizeof(text),
		       "SIP/2.0 200 OK\r\nAuthentication-Info: %s\r\n" REST,
		       info);
	msg = msg_new(text);
	assert_non_null(msg);
	sipd_auth_info(f->auth, msg);
	mem_deref(msg);
}


/* conformance: RFC 7616 3.5 | nextnonce of Authentication-Info is used | unit test */
static void test_next_nonce_is_used(void **state)
{
	struct fixture *f = *state;

	told(f, "nextnonce=\"early\"");
	assert_string_equal(answer(f), "");
	assert_int_equal(challenge(f, WWW "Digest realm=\"r\", nonce=\"n\", "
					  "qop=\"auth\""),
			 0);
	(void)answer(f);
	told(f, "qop=auth, rspauth=\"ab\", nextnonce=\"m\", nc=00000001");
	has(answer(f), "nonce=\"m\"");
	has(f->line, "nc=00000001");
	told(f, "nextnonce=\"\"");
	told(f, "nextnonce=\"a");
	told(f, "nextnonce=\"a\x01\"");
	has(answer(f), "nonce=\"m\"");
	has(f->line, "nc=00000002");
}


static void test_broken_challenges_are_refused(void **state)
{
	/* clang-format off */
	static const char *const bad[] = {
		WWW "Digest", WWW "Digest realm=\"r\"",
		WWW "Digest nonce=\"n\"",
		WWW "Digest realm=\"r, nonce=\"n\"",
		WWW "Digest realm=\"r\", nonce=\"n\\",
		WWW "Digest realm=\"r\", nonce=\"n",
		WWW "Digest realm=\"r\", nonce=\"\"",
		WWW "Digest realm=\"r\", nonce=\"n\", nonce=\"m\"",
		WWW "Digest realm=\"r\x01\", nonce=\"n\"",
		WWW "Digest realm=\"r\", nonce=\"n\x7f\"",
		WWW "Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"",
		WWW "Digest realm=\"r\", nonce=\"n\", qop=\"\"",
		WWW "Digest realm=\"r\", nonce=\"n\", algorithm=SHA-1",
		WWW "Digest realm=\"r\", nonce=\"n\", =x",
		WWW "Digest realm=\"\", nonce=\"n\"",
		WWW "Basic realm=\"r\"", WWW "Digestrealm=\"r\",nonce=\"n\"",
		"SIP/2.0 401 Unauthorized\r\nX: y",
	};
	/* clang-format on */
	struct fixture *f = *state;
	char head[4096];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		if (challenge(f, bad[i]) != SIPDIALER_EAUTH)
			fail_msg("answered: %s", bad[i]);
		assert_string_equal(answer(f), "");
	}

	(void)snprintf(head, sizeof(head),
		       WWW "Digest realm=\"r\", "
			   "nonce=\"%02100d\"",
		       1);
	assert_int_equal(challenge(f, head), SIPDIALER_EAUTH);
	(void)snprintf(head, sizeof(head),
		       WWW "Digest realm=\"%0200d\", "
			   "nonce=\"n\"",
		       1);
	assert_int_equal(challenge(f, head), SIPDIALER_EAUTH);
	assert_string_equal(answer(f), "");

	f->sip.conf.password = "";
	assert_int_equal(challenge(f, WWW "Digest realm=\"r\", nonce=\"n\""),
			 SIPDIALER_EAUTH);
	has(sipd_error_text(), "sip.password");
}


static void test_user_is_escaped(void **state)
{
	struct fixture *f = *state;

	f->sip.conf.auth_user = "a\"b\\c";
	assert_int_equal(challenge(f, WWW "Digest realm=\"q\\\"r\", "
					  "nonce=\"n\""),
			 0);
	has(answer(f), "username=\"a\\\"b\\\\c\", realm=\"q\\\"r\"");
}


int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_response_matches_rfc7616_examples),
		T(test_response_matches_rfc7616_userhash),
		T(test_nonce_count_rises_and_cnonce_is_random),
		T(test_strongest_known_algorithm_wins),
		T(test_policy_forbids_md5),
		T(test_stale_is_no_wrong_password),
		T(test_two_tries_then_refused),
		T(test_foreign_realm_is_not_answered),
		T(test_fifty_challenges_one_answer),
		T(test_proxy_and_server_are_both_answered),
		T(test_proxy_and_server_are_counted_apart),
		T(test_ack_has_the_credentials_of_its_invite),
		T(test_next_nonce_is_used),
		T(test_broken_challenges_are_refused),
		T(test_user_is_escaped),
	};
#undef T

	return cmocka_run_group_tests(tests, NULL, NULL);
}
