/**
 * @file tests/unit/port/test_sip_register.c  Registration, on 127.0.0.1
 */
#include <openssl/evp.h>
#include "sip_server.h"

#define MD5_CHALLENGE \
	"WWW-Authenticate: Digest realm=\"asterisk\", " \
	"nonce=\"n1\", algorithm=MD5, qop=\"auth\"\r\n"
#define SHA_CHALLENGE \
	"WWW-Authenticate: Digest realm=\"asterisk\", " \
	"nonce=\"n2\", algorithm=SHA-256, qop=\"auth\"\r\n"


static void hash(const char *name, char *hex, const char *text)
{
	unsigned char out[EVP_MAX_MD_SIZE];
	unsigned int len = 0, i;

	assert_int_equal(EVP_Digest(text, strlen(text), out, &len,
				    EVP_get_digestbyname(name), NULL),
			 1);
	for (i = 0; i < len; i++)
		(void)snprintf(hex + 2 * (size_t)i, 3, "%02x", out[i]);
}


static void field(const char *line, const char *name, char *value)
{
	const char *p = strstr(line, name);
	size_t len;

	assert_non_null(p);
	p += strlen(name);
	p += *p == '"';
	len = strcspn(p, "\",");
	memcpy(value, p, len);
	value[len] = '\0';
}


/* As the server would: with its own copy of the password. */
static void check_digest(const struct server *s, const char *md,
			 const char *password)
{
	const char *line = line_of(s, "Authorization: Digest");
	char nonce[128], cnonce[128], nc[16], uri[256], got[129];
	char a1[129], a2[129], want[129], text[1024];

	field(line, " nonce=", nonce);
	field(line, "cnonce=", cnonce);
	field(line, "nc=", nc);
	field(line, "uri=", uri);
	field(line, "response=", got);

	(void)snprintf(text, sizeof(text), "alice:asterisk:%s", password);
	hash(md, a1, text);
	(void)snprintf(text, sizeof(text), "REGISTER:%s", uri);
	hash(md, a2, text);
	(void)snprintf(text, sizeof(text), "%s:%s:%s:%s:auth:%s", a1, nonce,
		       nc, cnonce, a2);
	hash(md, want, text);
	assert_string_equal(got, want);
}


static unsigned cseq_of(const struct server *s)
{
	return (unsigned)strtoul(line_of(s, "CSeq: ") + 6, NULL, 10);
}


static void test_md5_registers_then_unregisters(void **state)
{
	struct server *s = *state;
	const struct state *st;
	char callid[256];
	unsigned cseq;

	open_and_ask(s);
	assert_true(packet_has(s, "Contact: <sip:alice@127.0.0.1:"));
	assert_true(packet_has(s, ";expires=300\r\n"));
	assert_true(packet_has(s, "User-Agent: dialer\r\n"));
	(void)strcpy(callid, line_of(s, "Call-ID: "));
	cseq = cseq_of(s);
	answer(s, "SIP/2.0 401 Unauthorized", MD5_CHALLENGE);

	receive_this(s, "REGISTER ");
	check_digest(s, "MD5", "secret");
	assert_true(packet_has(s, "nc=00000001"));
	assert_string_equal(line_of(s, "Call-ID: "), callid);
	assert_int_equal(cseq_of(s), cseq + 1);
	answer_ok(s);
	st = expect(s, SIPDIALER_REGISTRATION_REGISTERED);
	assert_int_equal(st->status, 200);
	assert_int_equal(st->expires, 300);

	/* the same nonce counts on; the 200 never means "registered" */
	on_loop(s, close_job);
	receive_this(s, "REGISTER ");
	assert_true(packet_has(s, ";expires=0\r\n"));
	assert_true(packet_has(s, "nc=00000002"));
	check_digest(s, "MD5", "secret");
	assert_int_equal(cseq_of(s), cseq + 2);
	answer_ok(s);
	wait_closed(s);
	expect(s, SIPDIALER_REGISTRATION_DISCONNECTED);
	assert_int_equal(states_left(s), 0);
}


static void test_sha256_registers(void **state)
{
	struct server *s = *state;

	open_and_ask(s);
	answer(s, "SIP/2.0 401 Unauthorized", SHA_CHALLENGE);
	receive_this(s, "REGISTER ");
	check_digest(s, "SHA256", "secret");
	answer_ok(s);
	expect(s, SIPDIALER_REGISTRATION_REGISTERED);
}


static void test_of_two_challenges_the_stronger_is_answered(void **state)
{
	struct server *s = *state;

	open_and_ask(s);
	answer(s, "SIP/2.0 401 Unauthorized", MD5_CHALLENGE SHA_CHALLENGE);
	receive_this(s, "REGISTER ");
	assert_true(packet_has(s, "nonce=\"n2\""));
	assert_false(packet_has(s, "nonce=\"n1\""));
	check_digest(s, "SHA256", "secret");
	answer_ok(s);
	expect(s, SIPDIALER_REGISTRATION_REGISTERED);
}


static void test_foreign_realm_gets_no_digest(void **state)
{
	struct server *s = *state;
	const struct state *st;

	s->conf.realm = "asterisk";
	open_and_ask(s);
	answer(s, "SIP/2.0 401 Unauthorized",
	       "WWW-Authenticate: Digest "
	       "realm=\"evil\", nonce=\"n\"\r\n");
	st = expect(s, SIPDIALER_REGISTRATION_FAILED);
	assert_int_equal(st->status, 401);
	assert_non_null(strstr(st->reason, "evil"));
	assert_true(st->retry_ms >= 60000);

	/* nothing was sent behind our back, and there is nothing to remove */
	on_loop(s, close_job);
	wait_closed(s);
	assert_int_equal(receive(s, 0), 0);
}


static void test_wrong_password_fails_after_two_digests(void **state)
{
	struct server *s = *state;
	const struct state *st;
	unsigned digests = 0;
	char challenge[256];

	open_and_ask(s);
	for (;;) {
		(void)snprintf(challenge, sizeof(challenge),
			       "WWW-Authenticate: Digest realm=\"asterisk\", "
			       "nonce=\"n%u\", qop=\"auth\"\r\n",
			       digests);
		answer(s, "SIP/2.0 401 Unauthorized", challenge);
		if (digests == 2)
			break;
		receive_this(s, "REGISTER ");
		digests += packet_has(s, "Authorization: ");
	}
	st = expect(s, SIPDIALER_REGISTRATION_FAILED);
	assert_int_equal(st->status, 401);
	assert_non_null(strstr(st->reason, "password"));
	assert_true(st->retry_ms >= 225000);
}


static void test_same_nonce_again_fails_at_once(void **state)
{
	struct server *s = *state;

	open_and_ask(s);
	answer(s, "SIP/2.0 401 Unauthorized", MD5_CHALLENGE);
	receive_this(s, "REGISTER ");
	answer(s, "SIP/2.0 401 Unauthorized", MD5_CHALLENGE);
	assert_true(expect(s, SIPDIALER_REGISTRATION_FAILED)->retry_ms >=
		    225000);
}


static void test_403_after_a_digest_is_a_wrong_password(void **state)
{
	struct server *s = *state;
	const struct state *st;

	open_and_ask(s);
	answer(s, "SIP/2.0 401 Unauthorized", MD5_CHALLENGE);
	receive_this(s, "REGISTER ");
	answer(s, "SIP/2.0 403 Forbidden", "");
	st = expect(s, SIPDIALER_REGISTRATION_FAILED);
	assert_int_equal(st->status, 403);
	assert_true(st->retry_ms >= 225000);
}


static void test_404_is_retried_slowly(void **state)
{
	struct server *s = *state;
	const struct state *st;

	open_and_ask(s);
	answer(s, "SIP/2.0 404 Not Found", "");
	st = expect(s, SIPDIALER_REGISTRATION_FAILED);
	assert_string_equal(st->reason, "404 Not Found");
	assert_in_range(st->retry_ms, 45000, 75000);
}


static void test_423_asks_for_the_minimum(void **state)
{
	struct server *s = *state;

	open_and_ask(s);
	answer(s, "SIP/2.0 423 Interval Too Brief", "Min-Expires: 1800\r\n");
	receive_this(s, "REGISTER ");
	assert_true(packet_has(s, ";expires=1800\r\n"));
	answer_ok(s);
	assert_int_equal(expect(s, SIPDIALER_REGISTRATION_REGISTERED)->expires,
			 1800);
}


static void test_423_without_end_does_not_loop(void **state)
{
	struct server *s = *state;

	open_and_ask(s);
	answer(s, "SIP/2.0 423 Interval Too Brief", "Min-Expires: 1800\r\n");
	receive_this(s, "REGISTER ");
	answer(s, "SIP/2.0 423 Interval Too Brief", "Min-Expires: 3600\r\n");
	assert_true(expect(s, SIPDIALER_REGISTRATION_FAILED)->retry_ms >=
		    45000);
}


static void test_200_without_our_contact_is_not_registered(void **state)
{
	struct server *s = *state;

	open_and_ask(s);
	answer(s, "SIP/2.0 200 OK",
	       "Contact: <sip:alice@127.0.0.1:1>;"
	       "expires=300\r\nContact: <sip:bob@127.0.0.1>\r\n");
	expect(s, SIPDIALER_REGISTRATION_FAILED);
}


static void test_200_with_expires_0_is_not_registered(void **state)
{
	struct server *s = *state;
	char contact[512];

	open_and_ask(s);
	(void)snprintf(contact, sizeof(contact), "%s\r\n",
		       line_of(s, "Contact: "));
	memcpy(strstr(contact, "=300"), "=000", 4);
	answer(s, "SIP/2.0 200 OK", contact);
	expect(s, SIPDIALER_REGISTRATION_FAILED);
}


static void test_answer_of_another_call_is_not_believed(void **state)
{
	struct server *s = *state;
	char contact[512];
	char *callid;

	open_and_ask(s);
	(void)snprintf(contact, sizeof(contact), "%s\r\n",
		       line_of(s, "Contact: "));
	callid = strstr(s->packet, "Call-ID: ") + 9;
	*callid = *callid == 'x' ? 'y' : 'x';
	answer(s, "SIP/2.0 200 OK", contact);
	expect(s, SIPDIALER_REGISTRATION_FAILED);
}


static void test_close_ends_without_an_answer(void **state)
{
	struct server *s = *state;
	uint64_t start;

	register_without_digest(s);
	start = sipd_clock_ms();
	on_loop(s, close_now_job);
	wait_closed(s);
	assert_true(sipd_clock_ms() - start < 5000);
	expect(s, SIPDIALER_REGISTRATION_DISCONNECTED);
	receive_this(s, "REGISTER ");
	assert_true(packet_has(s, ";expires=0\r\n"));
}


static void test_status_line_tricks_do_not_register(void **state)
{
	/* clang-format off */
	static const char *const lines[] = {
		"SIP/2.0 4294967496 OK", "SIP/3.0 200 OK", "HTTP/1.1 200 OK",
		"SIP/2.0 700 X",
	};
	/* clang-format on */
	struct server *s = *state;
	char contact[512];
	const struct state *st;
	size_t i;

	/* back-off doubles: two of them are enough waiting */
	for (i = 0; i < 2; i++) {
		if (i == 0)
			open_and_ask(s);
		else
			receive_this(s, "REGISTER ");
		if (i)
			expect(s, SIPDIALER_REGISTRATION_CONNECTING);
		(void)snprintf(contact, sizeof(contact), "%s\r\n",
			       line_of(s, "Contact: "));
		answer(s, lines[2 * i], contact);
		st = expect(s, SIPDIALER_REGISTRATION_FAILED);
		assert_int_equal(st->status, 0);
		assert_in_range(st->retry_ms, i ? 1500 : 750, i ? 2500 : 1250);
	}
	assert_true(stats_of(s)->malformed >= 2);
}


static void test_keepalive_is_crlf_while_registered(void **state)
{
	struct server *s = *state;

	s->conf.keepalive_interval = 1;
	register_without_digest(s);
	receive_this(s, "\r\n\r\n");
	assert_int_equal(strlen(s->packet), 4);
	receive_this(s, "\r\n\r\n");
}


static void test_nat_address_goes_into_contact(void **state)
{
	struct server *s = *state;
	char text[PACKET], via[PACKET];

	open_and_ask(s);
	/* as a server beyond a NAT answers: RFC 3581 */
	via_of(s, via, ";rport=40001;received=127.0.0.77");
	answer_write(s, text, "SIP/2.0 401 X", via, MD5_CHALLENGE);
	send_to(s->fd, text, &s->peer);
	receive_this(s, "REGISTER ");
	assert_true(packet_has(s, "Contact: <sip:alice@127.0.0.77:40001>"));
	answer_ok(s);
	expect(s, SIPDIALER_REGISTRATION_REGISTERED);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_md5_registers_then_unregisters),
		T(test_sha256_registers),
		T(test_of_two_challenges_the_stronger_is_answered),
		T(test_foreign_realm_gets_no_digest),
		T(test_wrong_password_fails_after_two_digests),
		T(test_same_nonce_again_fails_at_once),
		T(test_403_after_a_digest_is_a_wrong_password),
		T(test_404_is_retried_slowly),
		T(test_423_asks_for_the_minimum),
		T(test_423_without_end_does_not_loop),
		T(test_200_without_our_contact_is_not_registered),
		T(test_200_with_expires_0_is_not_registered),
		T(test_answer_of_another_call_is_not_believed),
		T(test_close_ends_without_an_answer),
		T(test_status_line_tricks_do_not_register),
		T(test_keepalive_is_crlf_while_registered),
		T(test_nat_address_goes_into_contact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
