/**
 * @file test_sip_register.c  Registration and strangers, on 127.0.0.1
 */
#include <openssl/evp.h>
#include "sip_server.h"

#define MD5_CHALLENGE "WWW-Authenticate: Digest realm=\"asterisk\", " \
	"nonce=\"n1\", algorithm=MD5, qop=\"auth\"\r\n"
#define SHA_CHALLENGE "WWW-Authenticate: Digest realm=\"asterisk\", " \
	"nonce=\"n2\", algorithm=SHA-256, qop=\"auth\"\r\n"


static void hash(const char *name, char *hex, const char *text)
{
	unsigned char out[EVP_MAX_MD_SIZE];
	unsigned int len = 0, i;

	assert_int_equal(EVP_Digest(text, strlen(text), out, &len,
				    EVP_get_digestbyname(name), NULL), 1);
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


static void open_and_ask(struct server *s)
{
	server_open(s);
	expect(s, SIPDIALER_REGISTRATION_CONNECTING);
	receive_this(s, "REGISTER sip:127.0.0.1");
	assert_false(packet_has(s, "Authorization"));
}


static void register_without_digest(struct server *s)
{
	open_and_ask(s);
	answer_ok(s);
	expect(s, SIPDIALER_REGISTRATION_REGISTERED);
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
	answer(s, "SIP/2.0 401 Unauthorized", "WWW-Authenticate: Digest "
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
			       "nonce=\"n%u\", qop=\"auth\"\r\n", digests);
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


static void test_503_waits_as_long_as_asked(void **state)
{
	struct server *s = *state;
	const struct state *st;
	uint64_t start;

	open_and_ask(s);
	start = sipd_clock_ms();
	answer(s, "SIP/2.0 503 Service Unavailable", "Retry-After: 2 (busy)"
	       "\r\n");
	st = expect(s, SIPDIALER_REGISTRATION_FAILED);
	assert_int_equal(st->status, 503);
	assert_int_equal(st->retry_ms, 2000);
	receive_this(s, "REGISTER ");
	assert_true(sipd_clock_ms() - start >= 1990);
	expect(s, SIPDIALER_REGISTRATION_CONNECTING);
	/* absurd ones are capped at an hour */
	answer(s, "SIP/2.0 503 Service Unavailable",
	       "Retry-After: 4294967295\r\n");
	assert_int_equal(expect(s, SIPDIALER_REGISTRATION_FAILED)->retry_ms,
			 3600000);
}


static void test_200_without_our_contact_is_not_registered(void **state)
{
	struct server *s = *state;

	open_and_ask(s);
	answer(s, "SIP/2.0 200 OK", "Contact: <sip:alice@127.0.0.1:1>;"
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


static void test_short_grant_is_refreshed_at_half(void **state)
{
	struct server *s = *state;
	char headers[512];
	uint64_t start;

	/* granted by the Expires header; other Contacts do not count */
	open_and_ask(s);
	(void)snprintf(headers, sizeof(headers), "Contact: <sip:x@y>;expires="
		       "9,%.*s;q=0.5\r\nExpires: 3\r\n",
		       (int)strcspn(line_of(s, "Contact: ") + 9, ";"),
		       line_of(s, "Contact: ") + 9);
	start = sipd_clock_ms();
	answer(s, "SIP/2.0 200 OK", headers);
	assert_int_equal(expect(s, SIPDIALER_REGISTRATION_REGISTERED)->expires,
			 3);
	receive_this(s, "REGISTER ");
	assert_in_range(sipd_clock_ms() - start, 1490, 2900);

	/* one second or less never makes a busy loop */
	memcpy(strstr(headers, "Expires: 3"), "Expires: 1", 10);
	start = sipd_clock_ms();
	answer(s, "SIP/2.0 200 OK", headers);
	assert_int_equal(expect(s, SIPDIALER_REGISTRATION_REGISTERED)->expires,
			 1);
	receive_this(s, "REGISTER ");
	assert_true(sipd_clock_ms() - start >= 990);
	assert_int_equal(states_left(s), 0);
}


static void test_status_line_tricks_do_not_register(void **state)
{
	static const char *const lines[] = {
		"SIP/2.0 4294967496 OK", "SIP/3.0 200 OK", "HTTP/1.1 200 OK",
		"SIP/2.0 700 X",
	};
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
	char via[512];

	open_and_ask(s);
	/* as a server beyond a NAT answers: RFC 3581 */
	(void)snprintf(via, sizeof(via), "%s", line_of(s, "Via: "));
	*strstr(via, ";rport") = '\0';
	{
		char text[PACKET];

		(void)snprintf(text, sizeof(text), "SIP/2.0 401 X\r\n%s;"
			       "rport=40001;received=127.0.0.77\r\n%s\r\n",
			       via, line_of(s, "From: "));
		(void)snprintf(text + strlen(text), sizeof(text) -
			       strlen(text), "%s;tag=s\r\n",
			       line_of(s, "To: "));
		(void)snprintf(text + strlen(text), sizeof(text) -
			       strlen(text), "%s\r\n",
			       line_of(s, "Call-ID: "));
		(void)snprintf(text + strlen(text), sizeof(text) -
			       strlen(text), "%s\r\n" MD5_CHALLENGE "\r\n",
			       line_of(s, "CSeq: "));
		send_to(s->fd, text, &s->peer);
	}
	receive_this(s, "REGISTER ");
	assert_true(packet_has(s, "Contact: <sip:alice@127.0.0.77:40001>"));
	answer_ok(s);
	expect(s, SIPDIALER_REGISTRATION_REGISTERED);
}


/* ---- Who is answered ---- */

static void request_text(char *text, size_t size, const char *method,
			 const char *to_tag, uint16_t port)
{
	(void)snprintf(text, size, "%s sip:alice@127.0.0.1 SIP/2.0\r\n"
		       "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bK%s;rport"
		       "\r\nFrom: <sip:pbx@127.0.0.1>;tag=p\r\n"
		       "To: <sip:alice@127.0.0.1>%s\r\nCall-ID: q%s\r\n"
		       "CSeq: 1 %s\r\nMax-Forwards: 70\r\n"
		       "Contact: <sip:pbx@127.0.0.1>\r\n"
		       "Content-Length: 0\r\n\r\n", method, port, method,
		       to_tag, method, method);
}


static struct sockaddr_in stack_addr(const struct server *s)
{
	union sipd_addr addr;

	assert_true(sipd_addr_parse(&addr, "127.0.0.1", s->sip_port));

	return addr.in;
}


static void ask(struct server *s, const char *method, const char *to_tag,
		const char *status)
{
	const struct sockaddr_in to = stack_addr(s);
	char text[2048];

	request_text(text, sizeof(text), method, to_tag, s->port);
	send_to(s->fd, text, &to);
	receive_this(s, status);
}


static void test_server_is_answered_statelessly(void **state)
{
	struct server *s = *state;
	const struct sockaddr_in to = stack_addr(s);
	struct sockaddr_in real = to;
	char text[2048];

	s->conf.reg = false;
	server_open(s);
	real = stack_addr(s);

	ask(s, "OPTIONS", "", "SIP/2.0 200 ");
	assert_true(packet_has(s, "Allow: INVITE, ACK, CANCEL, BYE"));
	assert_true(packet_has(s, "Accept: application/sdp"));
	assert_true(packet_has(s, "Server: dialer\r\n"));
	ask(s, "INVITE", "", "SIP/2.0 480 ");
	ask(s, "BYE", ";tag=x", "SIP/2.0 481 ");
	ask(s, "BYE", "", "SIP/2.0 481 ");
	ask(s, "INVITE", ";tag=x", "SIP/2.0 481 ");
	ask(s, "CANCEL", "", "SIP/2.0 481 ");
	ask(s, "NOTIFY", "", "SIP/2.0 489 ");
	ask(s, "MESSAGE", "", "SIP/2.0 405 ");
	assert_true(packet_has(s, "Allow: "));
	ask(s, "FROBNICATE", "", "SIP/2.0 501 ");

	/* essential fields missing */
	send_to(s->fd, "OPTIONS sip:alice@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/"
		"UDP 127.0.0.1;branch=z9hG4bKx;rport\r\n\r\n", &real);
	receive_this(s, "SIP/2.0 400 ");

	/* an ACK is never answered: the next answer is that to OPTIONS */
	request_text(text, sizeof(text), "ACK", "", s->port);
	send_to(s->fd, text, &real);
	ask(s, "OPTIONS", "", "SIP/2.0 200 ");
}


static void test_strangers_get_no_answer(void **state)
{
	static const char *const methods[] = {
		"INVITE", "OPTIONS", "BYE", "CANCEL", "REGISTER", "ACK",
		"FROBNICATE",
	};
	struct server *s = *state;
	struct sockaddr_in to;
	struct pollfd p = { .events = POLLIN };
	char text[2048];
	unsigned malformed = 0;
	uint16_t port;
	size_t i;

	s->conf.reg = false;
	server_open(s);
	to = stack_addr(s);
	p.fd = udp_socket("127.0.0.9", &port);

	for (i = 0; i < ARRAY_SIZE(methods); i++) {
		request_text(text, sizeof(text), methods[i], "", port);
		send_to(p.fd, text, &to);
	}
	request_text(text, sizeof(text), "BYE", ";tag=x", port);
	send_to(p.fd, text, &to);
	/* an answer to nothing */
	send_to(p.fd, "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1;"
		"branch=z9hG4bKzz\r\nCSeq: 1 INVITE\r\n\r\n", &to);
#ifdef SIPD_LIBRE_STATIC
	/* a newer shared libre answers the first before we see it, and any
	 * prints the second and answers the third */
	send_to(p.fd, "OPTIONS sip:a@b SIP/2.0\r\nX-A: b\r\n\r\n", &to);
	malformed = 1;
	send_to(p.fd, "\x1b[31mgarbage\r\n\r\n", &to);
	assert_int_equal(sendto(p.fd, "\0\1\0\0\x21\x12\xa4\x42"
				"abcdefghijkl", 20, 0,
				(struct sockaddr *)(void *)&to, sizeof(to)),
			 20);
#endif

	/* one socket, one order: this answer is the last of all */
	ask(s, "OPTIONS", "", "SIP/2.0 200 ");
	assert_int_equal(poll(&p, 1, 0), 0);
	assert_int_equal(stats_of(s)->strangers, 8);
	assert_int_equal(stats_of(s)->malformed, malformed);
	assert_int_equal(stats_of(s)->strays, 1);
	assert_int_equal(stats_of(s)->responses_in, 1);
	(void)close(p.fd);
}


static void send_as_ours(struct server *s)
{
	struct mbuf *mb = mbuf_alloc(1024);
	struct sa dst;

	assert_int_equal(sa_set_str(&dst, "127.0.0.1", s->port), 0);
	assert_int_equal(mbuf_write_str(mb, s->packet), 0);
	mb->pos = 0;
	assert_int_equal(sip_send(s->sip->sip, NULL, SIP_TRANSP_UDP, &dst, mb),
			 0);
	mem_deref(mb);
}


/* With DNS only libre knows the address: learned from what goes there. */
static void test_server_by_name_is_learned(void **state)
{
	static const char *const others[] = {
		"BYE sip:1@pbx.invalid SIP/2.0\r\nTo: x\r\n\r\n",
		"INVITE sip:1@pbx.invalid;maddr=127.0.0.1 SIP/2.0\r\n\r\n",
		"INVITE sip:1@pbx.invalid SIP/2.0\r\nRoute: <sip:x>\r\n\r\n",
		"INVITE sip:1@other.invalid SIP/2.0\r\n\r\n",
		"INVITE sip:pbx.invalid@other SIP/2.0\r\n\r\n",
	};
	struct server *s = *state;
	struct sockaddr_in to;
	char text[2048];
	size_t i;

	s->conf.reg = false;
	s->conf.server = "pbx.invalid";
	server_open(s);
	to = stack_addr(s);
	request_text(text, sizeof(text), "OPTIONS", "", s->port);

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		(void)strcpy(s->packet, others[i]);
		on_loop(s, send_as_ours);
		receive_this(s, others[i]);
		send_to(s->fd, text, &to);
	}
	/* all of them were a stranger's when this one was sent */
	while (stats_of(s)->strangers < ARRAY_SIZE(others))
		assert_true(stats_of(s)->requests_in <= ARRAY_SIZE(others));
	assert_int_equal(receive(s, 0), 0);

	(void)strcpy(s->packet, "INVITE sip:1@PBX.invalid:5080 SIP/2.0\r\n"
		     "To: <sip:1@pbx.invalid>\r\n\r\n");
	on_loop(s, send_as_ours);
	receive_this(s, "INVITE sip:1@PBX");
	ask(s, "OPTIONS", "", "SIP/2.0 200 ");
}


static void test_replies_are_limited(void **state)
{
	struct server *s = *state;
	struct sockaddr_in to;
	char text[2048];
	unsigned answered = 0;
	uint64_t start;

	s->conf.reg = false;
	server_open(s);
	to = stack_addr(s);
	request_text(text, sizeof(text), "OPTIONS", "", s->port);

	/* one after the other is faster than what is allowed */
	start = sipd_clock_ms();
	do {
		send_to(s->fd, text, &to);
	} while (receive(s, 1000) && ++answered < 100000);
	assert_true(answered >= 400);
	assert_true(answered <= 401 + (sipd_clock_ms() - start) / 5);
	assert_true(stats_of(s)->replies_limited > 0);
}


/* ---- Opening ---- */

static int open_err;

static void try_job(struct server *s)
{
	open_err = sipd_sip_open(&s->sip, s->loop, NULL, &s->conf, NULL, NULL);
	if (open_err) {
		s->sip = NULL;
		(void)snprintf(s->packet, sizeof(s->packet), "%s",
			       sipd_error_text());
	}
}


static void refused(struct server *s, int err, const char *text)
{
	on_loop(s, try_job);
	assert_int_equal(open_err, err);
	if (!packet_has(s, text))
		fail_msg("\"%s\" does not name %s", s->packet, text);
}


static void test_bad_options_are_refused(void **state)
{
	struct server *s = *state;
	const struct sipd_sip_conf good = s->conf;
	uint16_t port;
	int fd;

	s->conf.transport = SIPD_TLS;
	refused(s, SIPDIALER_ENOSYS, "tls");
	s->conf = good;
	s->conf.server = "a b";
	refused(s, SIPDIALER_EINVAL, "sip.server");
	s->conf = good;
	s->conf.user = "x\r\nEvil: 1";
	refused(s, SIPDIALER_EINVAL, "sip.user");
	s->conf = good;
	s->conf.server = "";
	refused(s, SIPDIALER_EINVAL, "sip.register");
	s->conf = good;
	s->conf.external_address = "pbx";
	refused(s, SIPDIALER_EINVAL, "sip.external_address");
	s->conf = good;
	s->conf.outbound_proxy = "sip:x@y?a=b";
	refused(s, SIPDIALER_EINVAL, "sip.outbound_proxy");
	s->conf = good;
	s->conf.user = "0123456789012345678901234567890123456789"
		       "0123456789012345678901234";
	refused(s, SIPDIALER_EINVAL, "at most 64");
	s->conf = good;
	s->conf.local_address = "192.0.2.1";
	refused(s, SIPDIALER_EIO, "192.0.2.1");

	s->conf = good;
	fd = udp_socket("127.0.0.1", &port);
	s->conf.local_port = port;
	refused(s, SIPDIALER_EIO, "port");
	(void)close(fd);
}


static void media_job(struct server *s)
{
	union sipd_addr bind_addr, advertise;
	char a[64], b[64];

	assert_true(sipd_sip_media_address(s->sip, "100", &bind_addr,
					   &advertise));
	(void)snprintf(s->packet, sizeof(s->packet), "%s %s",
		       sipd_addr_host(&bind_addr, a, sizeof(a)),
		       sipd_addr_host(&advertise, b, sizeof(b)));
}


static void test_local_address_follows_the_route(void **state)
{
	struct server *s = *state;

	s->conf.local_address = "";
	s->conf.server = "localhost"; /* without any DNS */
	s->conf.external_address = "192.0.2.7";
	server_open(s);
	assert_memory_equal(sipd_sip_local(s->sip), "udp:127.0.0.1:", 14);
	on_loop(s, media_job);
	assert_string_equal(s->packet, "127.0.0.1 192.0.2.7");
	expect(s, SIPDIALER_REGISTRATION_CONNECTING);
	receive_this(s, "REGISTER sip:localhost:");
	assert_true(packet_has(s, "Contact: <sip:alice@192.0.2.7:"));
	assert_true(packet_has(s, "To: <sip:alice@localhost>"));
	answer_ok(s);
	expect(s, SIPDIALER_REGISTRATION_REGISTERED);
}


static void test_outbound_proxy_gets_it_all(void **state)
{
	struct server *s = *state;
	char proxy[64];

	(void)snprintf(proxy, sizeof(proxy), "127.0.0.1:%u", s->port);
	s->conf.outbound_proxy = proxy;
	s->conf.server = "pbx.invalid";
	s->conf.port = 0;
	s->conf.domain = "example.invalid";
	server_open(s);
	receive_this(s, "REGISTER sip:example.invalid SIP/2.0\r\n");
	answer_ok(s);
	expect(s, SIPDIALER_REGISTRATION_CONNECTING);
	expect(s, SIPDIALER_REGISTRATION_REGISTERED);
}


static void test_ipv6_is_written_in_brackets(void **state)
{
	struct server *s = *state;
	union sipd_addr addr;
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(sipd_addr_parse(&addr, "::1", 0));
	if (fd < 0 || bind(fd, &addr.sa, sipd_addr_len(&addr))) {
		print_message("skipped: no ::1 here\n");
		(void)(fd >= 0 && close(fd));
		return;
	}
	assert_int_equal(getsockname(fd, &addr.sa, &len), 0);
	(void)close(s->fd);
	s->fd = fd;
	s->conf.server = "[::1]";
	s->conf.port = sipd_addr_port(&addr);
	s->conf.local_address = "";
	server_open(s);
	assert_memory_equal(sipd_sip_local(s->sip), "udp:[::1]:", 10);
	receive_this(s, "REGISTER sip:[::1]:");
	assert_true(packet_has(s, "Via: SIP/2.0/UDP [::1]:"));
	assert_true(packet_has(s, "Contact: <sip:alice@[::1]:"));
	assert_true(packet_has(s, "To: <sip:alice@[::1]>"));
}


/* ---- TCP ---- */

static int tcp_accept_one(int lfd)
{
	struct pollfd p = { .fd = lfd, .events = POLLIN };
	int fd;

	assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
	fd = accept(lfd, NULL, NULL);
	assert_true(fd >= 0);

	return fd;
}


/* Read up to the end of headers, or the CRLFs of a ping. */
static void tcp_read(struct server *s, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t n = 0;

	do {
		ssize_t r;

		assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
		r = read(fd, s->packet + n, 1);
		assert_true(r > 0);
		n += (size_t)r;
		s->packet[n] = '\0';
	} while (n < 4 || strcmp(s->packet + n - 4, "\r\n\r\n"));
}


static void test_tcp_registers_and_pings(void **state)
{
	struct server *s = *state;
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	char text[PACKET];
	int lfd, fd;

	lfd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(lfd, (struct sockaddr *)(void *)&sin,
			      sizeof(sin)), 0);
	assert_int_equal(listen(lfd, 4), 0);
	assert_int_equal(getsockname(lfd, (struct sockaddr *)(void *)&sin,
				     &len), 0);
	s->conf.port = ntohs(sin.sin_port);
	s->conf.transport = SIPD_TCP;
	s->conf.keepalive_interval = 1;
	server_open(s);
	assert_memory_equal(sipd_sip_local(s->sip), "tcp:", 4);

	fd = tcp_accept_one(lfd);
	tcp_read(s, fd);
	assert_true(packet_has(s, "Via: SIP/2.0/TCP 127.0.0.1:"));
	assert_true(packet_has(s, ";transport=tcp>"));
	(void)snprintf(text, sizeof(text), "SIP/2.0 200 OK\r\n%s\r\n",
		       line_of(s, "Via: "));
	(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
		       "%s\r\n", line_of(s, "From: "));
	(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
		       "%s;tag=s\r\n", line_of(s, "To: "));
	(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
		       "%s\r\n", line_of(s, "Call-ID: "));
	(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
		       "%s\r\n", line_of(s, "CSeq: "));
	(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
		       "%s\r\nContent-Length: 0\r\n\r\n",
		       line_of(s, "Contact: "));
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	expect(s, SIPDIALER_REGISTRATION_CONNECTING);
	expect(s, SIPDIALER_REGISTRATION_REGISTERED);

	/* the ping goes over the same connection */
	tcp_read(s, fd);
	assert_string_equal(s->packet, "\r\n\r\n");
	(void)close(fd);
	(void)close(lfd);
}


static void test_tcp_server_gone_fails(void **state)
{
	struct server *s = *state;

	/* a UDP port: nobody listens there on TCP */
	s->conf.transport = SIPD_TCP;
	server_open(s);
	expect(s, SIPDIALER_REGISTRATION_CONNECTING);
	assert_int_equal(expect(s, SIPDIALER_REGISTRATION_FAILED)->status, 0);
	expect(s, SIPDIALER_REGISTRATION_CONNECTING);
}


#ifdef SIPD_LIBRE_STATIC
static void test_tcp_connections_are_capped(void **state)
{
	enum { TRIES = 300, MAX = 256 };
	struct server *s = *state;
	struct sockaddr_in to;
	struct pollfd p[TRIES];
	unsigned closed = 0, i;

	s->conf.reg = false;
	server_open(s);
	to = stack_addr(s);
	for (i = 0; i < TRIES; i++) {
		char byte;

		p[i].fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		p[i].events = POLLIN;
		assert_true(p[i].fd >= 0);
		assert_int_equal(connect(p[i].fd,
					 (struct sockaddr *)(void *)&to,
					 sizeof(to)), 0);
		/* a ping: its pong says that it was taken */
		if (write(p[i].fd, "\r\n\r\n", 4) != 4 ||
		    poll(&p[i], 1, DEADLINE_MS) != 1 ||
		    read(p[i].fd, &byte, 1) != 1)
			closed++;
	}
	assert_int_equal(closed, TRIES - MAX);

	/* a place that gets free is given again */
	(void)close(p[0].fd);
	for (i = 0; i < DEADLINE_MS; i++) {
		char byte = 0;
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		struct pollfd q = { .fd = fd, .events = POLLIN };
		bool taken;

		assert_int_equal(connect(fd, (struct sockaddr *)(void *)&to,
					 sizeof(to)), 0);
		taken = write(fd, "\r\n\r\n", 4) == 4 &&
			poll(&q, 1, DEADLINE_MS) == 1 &&
			read(fd, &byte, 1) == 1;
		(void)close(fd);
		if (taken)
			break;
	}
	assert_true(i < DEADLINE_MS);
	for (i = 1; i < TRIES; i++)
		(void)close(p[i].fd);
}
#endif


int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, server_setup, \
						server_teardown)
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
		T(test_503_waits_as_long_as_asked),
		T(test_200_without_our_contact_is_not_registered),
		T(test_200_with_expires_0_is_not_registered),
		T(test_short_grant_is_refreshed_at_half),
		T(test_status_line_tricks_do_not_register),
		T(test_answer_of_another_call_is_not_believed),
		T(test_close_ends_without_an_answer),
		T(test_keepalive_is_crlf_while_registered),
		T(test_nat_address_goes_into_contact),
		T(test_server_is_answered_statelessly),
		T(test_strangers_get_no_answer),
		T(test_server_by_name_is_learned),
		T(test_replies_are_limited),
		T(test_bad_options_are_refused),
		T(test_local_address_follows_the_route),
		T(test_outbound_proxy_gets_it_all),
		T(test_ipv6_is_written_in_brackets),
		T(test_tcp_registers_and_pings),
		T(test_tcp_server_gone_fails),
#ifdef SIPD_LIBRE_STATIC
		T(test_tcp_connections_are_capped),
#endif
	};
#undef T

	return cmocka_run_group_tests(tests, NULL, NULL);
}
