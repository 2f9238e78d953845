/**
 * @file tests/unit/port/test_sip_tcp.c  The stack over TCP
 */
#include "sip_server.h"


static int tcp_accept_one(int lfd)
{
	struct pollfd p = {.fd = lfd, .events = POLLIN};
	int fd;

	assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
	fd = accept(lfd, NULL, NULL);
	assert_true(fd >= 0);

	return fd;
}


/* Read up to the end of headers, or the CRLFs of a ping. */
static void tcp_read(struct server *s, int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
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
	struct sockaddr_in sin = {.sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sin);
	char text[PACKET], via[PACKET], contact[512];
	int lfd, fd;

	lfd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(lfd, (struct sockaddr *)(void *)&sin,
			      sizeof(sin)),
			 0);
	assert_int_equal(listen(lfd, 4), 0);
	assert_int_equal(getsockname(lfd, (struct sockaddr *)(void *)&sin,
				     &len),
			 0);
	s->conf.port = ntohs(sin.sin_port);
	s->conf.transport = SIPD_TCP;
	s->conf.keepalive_interval = 1;
	server_open(s);
	assert_memory_equal(sipd_sip_local(s->sip), "tcp:", 4);

	fd = tcp_accept_one(lfd);
	tcp_read(s, fd);
	assert_true(packet_has(s, "Via: SIP/2.0/TCP 127.0.0.1:"));
	assert_true(packet_has(s, ";transport=tcp>"));
	via_of(s, via, "");
	(void)snprintf(contact, sizeof(contact), "%s\r\n",
		       line_of(s, "Contact: "));
	answer_write(s, text, "SIP/2.0 200 OK", via, contact);
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
					 sizeof(to)),
				 0);
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
		struct pollfd q = {.fd = fd, .events = POLLIN};
		bool taken;

		assert_int_equal(connect(fd, (struct sockaddr *)(void *)&to,
					 sizeof(to)),
				 0);
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
	const struct CMUnitTest tests[] = {
		T(test_tcp_registers_and_pings),
		T(test_tcp_server_gone_fails),
#ifdef SIPD_LIBRE_STATIC
		T(test_tcp_connections_are_capped),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
