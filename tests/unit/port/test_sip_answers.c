/**
 * @file tests/unit/port/test_sip_answers.c  Whose requests are answered, and how
 */
#include "sip_server.h"


static void request_text(char *text, size_t size, const char *method,
			 const char *to_tag, uint16_t port)
{
	(void)snprintf(text, size,
		       "%s sip:alice@127.0.0.1 SIP/2.0\r\n"
		       "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bK%s;rport"
		       "\r\nFrom: <sip:pbx@127.0.0.1>;tag=p\r\n"
		       "To: <sip:alice@127.0.0.1>%s\r\nCall-ID: q%s\r\n"
		       "CSeq: 1 %s\r\nMax-Forwards: 70\r\n"
		       "Contact: <sip:pbx@127.0.0.1>\r\n"
		       "Content-Length: 0\r\n\r\n",
		       method, port, method, to_tag, method, method);
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
	send_to(s->fd,
		"OPTIONS sip:alice@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/"
		"UDP 127.0.0.1;branch=z9hG4bKx;rport\r\n\r\n",
		&real);
	receive_this(s, "SIP/2.0 400 ");

	/* RFC 4475 3.3.3 */
	send_to(s->fd,
		"OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0\r\nVia: SIP/2.0/"
		"UDP 127.0.0.1;branch=z9hG4bKs;rport\r\nFrom: <sip:pbx@127.0."
		"0.1>;tag=p\r\nTo: <sip:alice@127.0.0.1>\r\nCall-ID: s\r\n"
		"CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n\r\n",
		&real);
	receive_this(s, "SIP/2.0 416 ");

	/* an ACK is never answered: the next answer is that to OPTIONS */
	request_text(text, sizeof(text), "ACK", "", s->port);
	send_to(s->fd, text, &real);
	ask(s, "OPTIONS", "", "SIP/2.0 200 ");
}


static void test_strangers_get_no_answer(void **state)
{
	static const char *const methods[] = {
		"INVITE",   "OPTIONS", "BYE",        "CANCEL",
		"REGISTER", "ACK",     "FROBNICATE",
	};
	struct server *s = *state;
	struct sockaddr_in to;
	struct pollfd p = {.events = POLLIN};
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
	send_to(p.fd,
		"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1;"
		"branch=z9hG4bKzz\r\nCSeq: 1 INVITE\r\n\r\n",
		&to);
#ifdef SIPD_LIBRE_STATIC
	/* a newer shared libre answers the first before we see it, and any
	 * prints the second and answers the third */
	send_to(p.fd, "OPTIONS sip:a@b SIP/2.0\r\nX-A: b\r\n\r\n", &to);
	malformed = 1;
	send_to(p.fd, "\x1b[31mgarbage\r\n\r\n", &to);
	assert_int_equal(sendto(p.fd,
				"\0\1\0\0\x21\x12\xa4\x42"
				"abcdefghijkl",
				20, 0, (struct sockaddr *)(void *)&to,
				sizeof(to)),
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


/* Packets of ours after each of which we are still a stranger. */
static void nothing_is_learned(struct server *s, const char *const *packets,
			       size_t n)
{
	const struct sockaddr_in to = stack_addr(s);
	char text[2048];

	request_text(text, sizeof(text), "OPTIONS", "", s->port);
	for (size_t i = 0; i < n; i++) {
		(void)strcpy(s->packet, packets[i]);
		on_loop(s, send_as_ours);
		receive_this(s, packets[i]);
		send_to(s->fd, text, &to);
	}
	/* all of them were a stranger's when this one was sent */
	while (stats_of(s)->strangers < n)
		assert_true(stats_of(s)->requests_in <= n);
	assert_int_equal(receive(s, 0), 0);
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

	s->conf.reg = false;
	s->conf.server = "pbx.invalid";
	server_open(s);
	nothing_is_learned(s, others, ARRAY_SIZE(others));

	(void)strcpy(s->packet, "INVITE sip:1@PBX.invalid:5080 SIP/2.0\r\n"
				"To: <sip:1@pbx.invalid>\r\n\r\n");
	on_loop(s, send_as_ours);
	receive_this(s, "INVITE sip:1@PBX");
	ask(s, "OPTIONS", "", "SIP/2.0 200 ");
}


/* Each INVITE has a Route then: that to the proxy counts, no other. */
static void test_proxy_by_name_is_learned(void **state)
{
	static const char *const others[] = {
		"INVITE sip:1@127.0.0.9 SIP/2.0\r\nRoute: <sip:x;lr>\r\n\r\n",
		"INVITE sip:1@127.0.0.9 SIP/2.0\r\nRoute: <sip:x;lr>\r\n"
		"Route: <sip:proxy.invalid;lr>\r\n\r\n",
		"INVITE sip:1@127.0.0.9 SIP/2.0\r\n"
		"Route: <sip:proxy.invalid.x;lr>\r\n\r\n",
		"BYE sip:1@127.0.0.9 SIP/2.0\r\n"
		"Route: <sip:proxy.invalid;transport=udp;lr>\r\n\r\n",
		"INVITE sip:1@127.0.0.9 SIP/2.0\r\nRoute: <sip:proxy.in",
	};
	struct server *s = *state;

	s->conf.reg = false;
	s->conf.server = "127.0.0.9";
	s->conf.outbound_proxy = "proxy.invalid";
	server_open(s);
	nothing_is_learned(s, others, ARRAY_SIZE(others));

	(void)strcpy(s->packet,
		     "INVITE sip:1@127.0.0.9 SIP/2.0\r\n"
		     "Route: <sip:proxy.invalid;transport=udp;lr>\r\n\r\n");
	on_loop(s, send_as_ours);
	receive_this(s, "INVITE sip:1@127.0.0.9");
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


int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_server_is_answered_statelessly),
		T(test_strangers_get_no_answer),
		T(test_server_by_name_is_learned),
		T(test_proxy_by_name_is_learned),
		T(test_replies_are_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
