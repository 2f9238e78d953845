/**
 * @file test_sip_registrar.c  What registrars say, and what is made of it
 */
#include "sip_server.h"
#include "port/sip/account/register.h"

#define NONCE(n) \
	"WWW-Authenticate: Digest realm=\"asterisk\", nonce=\"" n "\", " \
	"algorithm=MD5, qop=\"auth\"\r\n"


/* "<sip:...>" of our Contact */
static const char *our_contact(const struct server *s)
{
	static char uri[512];
	const char *line = line_of(s, "Contact: ") + 9;

	(void)snprintf(uri, sizeof(uri), "%.*s", (int)strcspn(line, ">") + 1,
		       line);

	return uri;
}


/* 200 with our Contact and this after it. */
static void ok_with(struct server *s, const char *params, const char *headers)
{
	char text[2048];

	(void)snprintf(text, sizeof(text), "Contact: %s%s\r\n%s",
		       our_contact(s), params, headers);
	answer(s, "SIP/2.0 200 OK", text);
}


/* conformance: RFC 3261 10.2.4 | a malformed or huge expires: an hour, at most what was asked for | own telephone */
static void test_expires_that_is_no_number_is_no_trap(void **state)
{
	static const char *const params[] = {
		";expires=-1",
		";expires=4294967296",
		";expires=99999999999999999999",
		";expires=x",
	};
	struct server *s = *state;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(params); i++) {
		s->closed = false;
		open_and_ask(s);
		ok_with(s, params[i], "");
		assert_int_equal(
			expect(s, SIPDIALER_REGISTRATION_REGISTERED)->expires,
			300);
		assert_int_equal(receive(s, 0), 0);
		on_loop(s, close_now_job);
		wait_closed(s);
		expect(s, SIPDIALER_REGISTRATION_DISCONNECTED);
		receive_this(s, "REGISTER ");
	}
}


/* conformance: RFC 3261 10.2.4 | the grant of our Contact counts, at most a week | own telephone */
static void test_grant_is_capped_at_a_week(void **state)
{
	struct server *s = *state;

	open_and_ask(s);
	ok_with(s, ";expires=4294967295", "");
	assert_int_equal(expect(s, SIPDIALER_REGISTRATION_REGISTERED)->expires,
			 7 * 24 * 3600);
}


/* conformance: RFC 3261 10.2.4 | our Contact is found among 60 | own telephone */
static void test_ours_is_found_among_many(void **state)
{
	struct server *s = *state;
	char text[8000] = "";
	size_t i, n = 0;

	open_and_ask(s);
	for (i = 0; i < 60; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
				      "Contact: <sip:alice@192.0.2.%zu>;"
				      "expires=20\r\n",
				      i + 1);
	(void)snprintf(text + n, sizeof(text) - n,
		       "Contact: %s;expires=77\r\n", our_contact(s));
	answer(s, "SIP/2.0 200 OK", text);
	assert_int_equal(expect(s, SIPDIALER_REGISTRATION_REGISTERED)->expires,
			 77);
}


/* A border controller tells its own address instead of ours. */
static void test_rewritten_contact_is_ours_if_it_is_the_only_one(void **state)
{
	struct server *s = *state;

	open_and_ask(s);
	answer(s, "SIP/2.0 200 OK",
	       "Contact: <sip:alice@192.0.2.9:5066;tok=1>;expires=90\r\n");
	assert_int_equal(expect(s, SIPDIALER_REGISTRATION_REGISTERED)->expires,
			 90);
}


/* conformance: RFC 5626 4.1 | our binding is known by +sip.instance | own telephone */
static void test_rewritten_contact_is_ours_by_its_instance(void **state)
{
	struct server *s = *state;
	const char *line;
	char text[2048];

	open_and_ask(s);
	line = strstr(line_of(s, "Contact: "), ";+sip.instance=");
	assert_non_null(line);
	(void)snprintf(text, sizeof(text),
		       "Contact: <sip:alice@192.0.2.8>;expires=20\r\n"
		       "Contact: <sip:x@192.0.2.9>%.*s;expires=91\r\n",
		       (int)strcspn(line + 1, ";") + 1, line);
	answer(s, "SIP/2.0 200 OK", text);
	assert_int_equal(expect(s, SIPDIALER_REGISTRATION_REGISTERED)->expires,
			 91);
	/* what may be ours is not removed */
	assert_int_equal(receive(s, 0), 0);
}


/* conformance: RFC 3261 22.3 | a new nonce at the refresh is answered | own telephone */
static void test_another_nonce_at_the_refresh(void **state)
{
	struct server *s = *state;

	open_and_ask(s);
	answer(s, "SIP/2.0 401 Unauthorized", NONCE("n1"));
	receive_this(s, "REGISTER ");
	ok_with(s, ";expires=2", "");
	expect(s, SIPDIALER_REGISTRATION_REGISTERED);
	receive_this(s, "REGISTER ");
	assert_true(packet_has(s, "nonce=\"n1\""));
	assert_true(packet_has(s, "nc=00000002"));
	answer(s, "SIP/2.0 401 Unauthorized", NONCE("n2"));
	receive_this(s, "REGISTER ");
	assert_true(packet_has(s, "nonce=\"n2\""));
	assert_true(packet_has(s, "nc=00000001"));
	ok_with(s, ";expires=2",
		"Authentication-Info: nextnonce=\"n3\", qop=auth\r\n");
	expect(s, SIPDIALER_REGISTRATION_REGISTERED);
	receive_this(s, "REGISTER ");
	assert_true(packet_has(s, "nonce=\"n3\""));
	assert_int_equal(states_left(s), 0);
}


/* conformance: RFC 3261 8.1.3.4 | a REGISTER does not follow 301, 302, 305 | own telephone */
static void test_redirects_are_not_followed(void **state)
{
	static const char *const lines[] = {"SIP/2.0 301 Moved",
					    "SIP/2.0 302 Moved",
					    "SIP/2.0 305 Use Proxy"};
	struct server *s = *state;
	const struct state *st;
	char contact[128];
	uint16_t port;
	size_t i;
	int other = udp_socket("127.0.0.1", &port);

	(void)snprintf(contact, sizeof(contact),
		       "Contact: <sip:127.0.0.1:%u>\r\n", port);
	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		struct pollfd p = {.fd = other, .events = POLLIN};

		s->closed = false;
		open_and_ask(s);
		answer(s, lines[i], contact);
		st = expect(s, SIPDIALER_REGISTRATION_FAILED);
		assert_int_equal(st->status, 301 + (int)(i < 2 ? i : 4));
		assert_non_null(strstr(st->reason, "redirect"));
		assert_true(st->retry_ms >= 45000);
		on_loop(s, close_now_job);
		wait_closed(s);
		assert_int_equal(poll(&p, 1, 0), 0);
		while (receive(s, 0))
			;
		expect(s, SIPDIALER_REGISTRATION_DISCONNECTED);
	}
	(void)close(other);
}


/* conformance: RFC 3261 10.2.8 | 423 that asks for more than a week: given up | own telephone */
static void test_423_is_bounded(void **state)
{
	static const char *const headers[] = {"Min-Expires: 4294967295\r\n",
					      "Min-Expires: 0\r\n",
					      "Min-Expires: -5\r\n",
					      "Min-Expires: 99999999999\r\n",
					      ""};
	struct server *s = *state;
	const struct state *st;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(headers); i++) {
		s->closed = false;
		open_and_ask(s);
		answer(s, "SIP/2.0 423 Interval Too Brief", headers[i]);
		st = expect(s, SIPDIALER_REGISTRATION_FAILED);
		assert_non_null(strstr(st->reason, "300 s (423)"));
		assert_true(st->retry_ms >= 45000);
		on_loop(s, close_now_job);
		wait_closed(s);
		while (receive(s, 0))
			;
		expect(s, SIPDIALER_REGISTRATION_DISCONNECTED);
	}
}


/* conformance: RFC 3261 10.2 | refusals are repeated slower and slower, no faster than Retry-After | own telephone */
static void test_pace(void **state)
{
	struct sipd_register reg;
	uint64_t last = 0, ms;
	int i;
	(void)state;

	/* a server that comes back is found within 30 s */
	memset(&reg, 0, sizeof(reg));
	for (i = 0; i < 100; i++) {
		ms = register_backoff(&reg, 0);
		assert_in_range(ms, i < 5 ? 750u << i : 18000, 30000);
	}
	assert_int_equal(register_backoff(&reg, 100), 100000);
	assert_int_equal(register_backoff(&reg, UINT32_MAX), 3600000);

	/* RFC 5626 4.5 */
	memset(&reg, 0, sizeof(reg));
	reg.outbound = true;
	for (i = 0; i < 100; i++) {
		const uint64_t upper = i < 6 ? 30000u << i : 1800000;

		ms = register_backoff(&reg, 0);
		assert_in_range(ms, upper / 2, upper);
	}

	memset(&reg, 0, sizeof(reg));
	for (i = 0; i < 100; i++) {
		ms = register_slow(&reg, true, 0);
		assert_in_range(ms, i ? last / 2 : 225000, 4500000);
		last = ms;
	}
	memset(&reg, 0, sizeof(reg));
	assert_in_range(register_slow(&reg, false, 0), 45000, 75000);
	assert_in_range(register_slow(&reg, false, 0), 90000, 150000);
	assert_int_equal(register_slow(&reg, false, 1000), 1000000);

	assert_int_equal(register_refresh(10), 5000);
	assert_int_equal(register_refresh(1), 1000);
	assert_int_equal(register_refresh(3600), 3240000);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_expires_that_is_no_number_is_no_trap),
		T(test_grant_is_capped_at_a_week),
		T(test_ours_is_found_among_many),
		T(test_rewritten_contact_is_ours_if_it_is_the_only_one),
		T(test_rewritten_contact_is_ours_by_its_instance),
		T(test_another_nonce_at_the_refresh),
		T(test_redirects_are_not_followed),
		T(test_423_is_bounded),
		cmocka_unit_test(test_pace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
