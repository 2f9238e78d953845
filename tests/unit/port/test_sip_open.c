/**
 * @file tests/unit/port/test_sip_open.c  Options and addresses at the opening
 */
#include "sip_server.h"


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
	s->conf.server = "";
	s->conf.reg = false;
	refused(s, SIPDIALER_EINVAL, "sip.transport = tls needs sip.server");
	s->conf = good;
	s->conf.transport = SIPD_TLS;
	s->conf.tls_ca_file = "/nowhere/ca.pem";
	refused(s, SIPDIALER_EIO, "sip.tls_ca_file");
	s->conf = good;
	s->conf.transport = SIPD_TLS;
	s->conf.tls_key_file = "/nowhere/key.pem";
	refused(s, SIPDIALER_EINVAL, "sip.tls_key_file needs");
	s->conf = good;
	s->conf.transport = SIPD_TLS;
	s->conf.outbound_proxy = "sip:127.0.0.1;transport=tcp";
	refused(s, SIPDIALER_EINVAL, "sip.outbound_proxy");
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

	assert_true(
		sipd_sip_media_address(s->sip, "100", &bind_addr, &advertise));
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


int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_bad_options_are_refused),
		T(test_local_address_follows_the_route),
		T(test_outbound_proxy_gets_it_all),
		T(test_ipv6_is_written_in_brackets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
