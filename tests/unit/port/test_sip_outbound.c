/**
 * @file test_sip_outbound.c  Outbound proxy, Path, Service-Route, instance
 */
#include "sip_server.h"
#include "port/sip/account/register.h"

static char lines[2048], hop[512];


/* Where a call to a number would go, and its Route. */
static void ask_job(struct server *s)
{
	struct mbuf *mb = mbuf_alloc(256);
	char uri[512];

	assert_non_null(mb);
	assert_int_equal(sipd_target_uri(s->sip, "100", uri, sizeof(uri), hop,
					 sizeof(hop)),
			 0);
	assert_int_equal(sipd_service_write(mb, s->sip, hop), 0);
	assert_true(mb->end < sizeof(lines));
	memcpy(lines, mb->buf, mb->end);
	lines[mb->end] = '\0';
	mem_deref(mb);
}


static void ok_with(struct server *s, const char *headers)
{
	char text[4096];

	(void)snprintf(text, sizeof(text), "%s\r\n%s", line_of(s, "Contact: "),
		       headers);
	answer(s, "SIP/2.0 200 OK", text);
}


/* conformance: RFC 3608 6.1 | Service-Route is the Route of later requests | own telephone
 * conformance: RFC 3327 5.1 | Supported: path; Path is told to the host | own telephone
 */
static void test_service_route_and_path(void **state)
{
	struct server *s = *state;
	const struct state *st;

	open_and_ask(s);
	assert_true(packet_has(s, "\r\nSupported: path"));
	on_loop(s, ask_job);
	assert_string_equal(lines, "");
	ok_with(s,
		"Service-Route: <sip:edge.example.org;lr>, "
		"<sip:home.example.org;transport=tcp;lr>\r\n"
		"Path: <sip:p1.example.org;lr>,<sip:p2.example.org;lr>\r\n");
	st = expect(s, SIPDIALER_REGISTRATION_REGISTERED);
	assert_string_equal(st->headers,
			    "Service-Route: <sip:edge.example.org;lr>\n"
			    "Service-Route: <sip:home.example.org;transport="
			    "tcp;lr>\n"
			    "Path: <sip:p1.example.org;lr>\n"
			    "Path: <sip:p2.example.org;lr>\n");
	on_loop(s, ask_job);
	assert_string_equal(lines, "Route: <sip:edge.example.org;lr>\r\n"
				   "Route: <sip:home.example.org;transport="
				   "tcp;lr>\r\n");
	assert_string_equal(hop, "sip:edge.example.org;transport=udp");

	/* not that of the REGISTER itself */
	on_loop(s, close_job);
	receive_this(s, "REGISTER ");
	assert_false(packet_has(s, "\r\nRoute: "));
	answer_ok(s);
	wait_closed(s);
}


/* conformance: RFC 3608 5 | a malformed Service-Route is not used | own telephone */
static void test_bad_service_routes_are_not_used(void **state)
{
	static const char *const bad[] = {
		"Service-Route: <sip:strict.example.org>\r\n",
		"Service-Route: <sips:a.example.org;lr>\r\n",
		"Service-Route: <sip:a.example.org?X=y;lr>\r\n",
		"Service-Route: <sip:a.example.org;maddr=192.0.2.1;lr>\r\n",
		"Service-Route: <sip:a.example.org;lr>\r\n"
		"Service-Route: nonsense\r\n",
		"Service-Route: <sip:a;lr>, <sip:b;lr>, <sip:c;lr>, "
		"<sip:d;lr>, <sip:e;lr>\r\n",
	};
	struct server *s = *state;
	char headers[512];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		s->closed = false;
		open_and_ask(s);
		(void)snprintf(headers, sizeof(headers), "%s", bad[i]);
		ok_with(s, headers);
		assert_string_equal(
			expect(s, SIPDIALER_REGISTRATION_REGISTERED)->headers,
			"");
		on_loop(s, ask_job);
		if (lines[0])
			fail_msg("used: %s", bad[i]);
		on_loop(s, close_now_job);
		wait_closed(s);
		receive_this(s, "REGISTER ");
		expect(s, SIPDIALER_REGISTRATION_DISCONNECTED);
	}
}


/* conformance: RFC 3261 8.1.1.1 | all requests go by the outbound proxy, with its Route | own telephone */
static void test_outbound_proxy(void **state)
{
	struct server *s = *state;
	char proxy[64], want[128];

	(void)snprintf(proxy, sizeof(proxy), "127.0.0.1:%u", s->port);
	s->conf.outbound_proxy = proxy;
	s->conf.server = "pbx.example.org";
	s->conf.port = 0;
	server_open(s);
	expect(s, SIPDIALER_REGISTRATION_CONNECTING);
	receive_this(s, "REGISTER sip:pbx.example.org SIP/2.0\r\n");
	(void)snprintf(want, sizeof(want),
		       "\r\nRoute: <sip:127.0.0.1:%u;transport=udp;lr>\r\n",
		       s->port);
	assert_true(packet_has(s, want));
	ok_with(s, "Service-Route: <sip:home.example.org;lr>\r\n");
	expect(s, SIPDIALER_REGISTRATION_REGISTERED);

	/* the proxy first, then what the registrar wants */
	on_loop(s, ask_job);
	(void)snprintf(want, sizeof(want),
		       "Route: <sip:127.0.0.1:%u;transport=udp;lr>\r\n"
		       "Route: <sip:home.example.org;lr>\r\n",
		       s->port);
	assert_string_equal(lines, want);
}


static void instance_of(const struct server *s, char *id)
{
	const char *p = strstr(line_of(s, "Contact: "), ";+sip.instance=\"<");

	assert_non_null(p);
	(void)snprintf(id, SIPD_INSTANCE_SIZE, "%.45s", p + 17);
	assert_memory_equal(id, "urn:uuid:", 9);
	assert_int_equal(strspn(id + 9, "0123456789abcdef-"), 36);
}


static void reopen(struct server *s)
{
	on_loop(s, close_now_job);
	wait_closed(s);
	s->closed = false;
	expect(s, SIPDIALER_REGISTRATION_DISCONNECTED);
	while (receive(s, 0))
		;
}


/* conformance: RFC 5626 4.1 | +sip.instance is the same after a restart | own telephone
 * conformance: RFC 5626 4.2 | reg-id, Supported: outbound | own telephone
 */
static void test_instance_is_the_same_after_a_restart(void **state)
{
	struct server *s = *state;
	char first[SIPD_INSTANCE_SIZE], other[SIPD_INSTANCE_SIZE];
	struct sipd_instance *in = NULL;

	open_and_ask(s);
	instance_of(s, first);
	assert_true(packet_has(s, ";reg-id=1;expires=300\r\n"));
	assert_true(packet_has(s, "\r\nSupported: path, outbound\r\n"));

	/* another process with the same account is somebody else */
	assert_int_equal(sipd_instance_open(&in, s->sip), 0);
	assert_string_not_equal(sipd_instance_urn(in), first);
	reopen(s);

	open_and_ask(s);
	instance_of(s, other);
	assert_string_equal(first, other);
	mem_deref(in);
	reopen(s);

	/* another account, too */
	s->conf.user = "bob";
	open_and_ask(s);
	instance_of(s, other);
	assert_string_not_equal(first, other);
	reopen(s);

	s->conf.instance = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
	open_and_ask(s);
	assert_true(packet_has(s, ";+sip.instance=\"<urn:uuid:f81d4fae-7dec-"
				  "11d0-a765-00a0c91e6bf6>\";reg-id=1"));
	reopen(s);

	s->conf.instance = "no";
	open_and_ask(s);
	assert_false(packet_has(s, "instance"));
	assert_false(packet_has(s, "outbound"));
}


/* conformance: RFC 5626 4.1 | the binding of a run that crashed is removed | own telephone */
static void test_binding_of_a_crashed_run_is_removed(void **state)
{
	struct server *s = *state;
	char id[SIPD_INSTANCE_SIZE], text[1024];
	int i;

	open_and_ask(s);
	instance_of(s, id);
	for (i = 0; i < 2; i++) {
		(void)snprintf(text, sizeof(text),
			       "Contact: <sip:alice@127.0.0.1:9>;expires=70;"
			       "+sip.instance=\"<%s>\"\r\n"
			       "Contact: <sip:alice@127.0.0.1:10>;expires=70;"
			       "+sip.instance=\"<urn:uuid:00>\"\r\n",
			       id);
		ok_with(s, text);
		expect(s, SIPDIALER_REGISTRATION_REGISTERED);
		if (i)
			break;
		receive_this(s, "REGISTER ");
		assert_true(packet_has(s, "\r\nContact: <sip:alice@127.0.0.1:9"
					  ">;expires=0\r\n"));
		assert_false(packet_has(s, "127.0.0.1:10"));
		assert_true(packet_has(s, ";expires=300\r\n"));
	}
	/* a registrar that keeps it is not asked again and again */
	on_loop(s, close_now_job);
	wait_closed(s);
	receive_this(s, "REGISTER ");
	assert_true(packet_has(s, ";expires=0\r\n"));
	assert_false(packet_has(s, "127.0.0.1:9"));
}


/* conformance: RFC 5626 11.6 | after a 439 without reg-id | own telephone */
static void test_439_goes_on_without_outbound(void **state)
{
	struct server *s = *state;

	open_and_ask(s);
	answer(s, "SIP/2.0 439 First Hop Lacks Outbound Support", "");
	receive_this(s, "REGISTER ");
	assert_false(packet_has(s, "reg-id"));
	assert_false(packet_has(s, "outbound"));
	assert_true(packet_has(s, "+sip.instance"));
	answer(s, "SIP/2.0 439 First Hop Lacks Outbound Support", "");
	assert_int_equal(expect(s, SIPDIALER_REGISTRATION_FAILED)->status,
			 439);
}


/* conformance: RFC 5626 4.4 | Flow-Timer shortens the keep-alive | own telephone */
static void test_flow_timer_shortens_the_keepalive(void **state)
{
	struct server *s = *state;
	uint64_t start;

	s->conf.keepalive_interval = 25;
	open_and_ask(s);
	start = sipd_clock_ms();
	ok_with(s, "Flow-Timer: 10\r\n"
		   "Expires: 300\r\n");
	expect(s, SIPDIALER_REGISTRATION_REGISTERED);
	receive_this(s, "\r\n\r\n");
	assert_in_range(sipd_clock_ms() - start, 7900, 15000);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_service_route_and_path),
		T(test_bad_service_routes_are_not_used),
		T(test_outbound_proxy),
		T(test_instance_is_the_same_after_a_restart),
		T(test_binding_of_a_crashed_run_is_removed),
		T(test_439_goes_on_without_outbound),
		T(test_flow_timer_shortens_the_keepalive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
