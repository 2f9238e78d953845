/**
 * @file tests/unit/port/sip_server.h  A stack, and a scripted server
 *
 * The test thread is the server, on a plain UDP socket of 127.0.0.1; the stack
 * runs on its loop thread.
 */
#ifndef TESTS_SIP_SERVER_H
#define TESTS_SIP_SERVER_H

#include <poll.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>
#include <sipdialer/sipdialer.h>
#include "lib/loop_call.h"
#include "base/clock.h"
#include "base/error.h"
#include "sip_msg.h"

enum { DEADLINE_MS = 20000, STATES_MAX = 64, PACKET = 8192 };

struct state {
	int state;
	int status;
	uint32_t expires;
	uint32_t retry_ms;
	char reason[SIPD_ERROR_SIZE];
	char headers[512];
};

struct server {
	struct sipd_loop *loop;
	struct sipd_sip *sip;
	struct sipd_sip_conf conf;
	int fd;
	uint16_t port;           /* of the server */
	uint16_t sip_port;       /* of the stack */
	struct sockaddr_in peer; /* who sent the last packet */
	char packet[PACKET];
	pthread_mutex_t lock;
	pthread_cond_t cond;
	struct state states[STATES_MAX];
	unsigned statec, taken;
	bool closed;
	struct sipd_sip_stats stats;
};

/* To be done on the loop thread. */
struct job {
	void (*h)(struct server *s);
	struct server *s;
};


static inline struct timespec deadline(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += DEADLINE_MS / 1000;

	return ts;
}


static inline void job_handler(void *arg)
{
	struct job *job = arg;

	job->h(job->s);
}


/* Run h on the loop thread and wait for it. */
static inline void on_loop(struct server *s, void (*h)(struct server *s))
{
	struct job job = {.h = h, .s = s};

	loop_call(s->loop, job_handler, &job);
}


static void reg_handler(const struct sipd_reg_state *st, void *arg)
{
	struct server *s = arg;
	struct state *state;

	(void)pthread_mutex_lock(&s->lock);
	if (s->statec < STATES_MAX) {
		state = &s->states[s->statec++];
		state->state = st->state;
		state->status = st->sip_status;
		state->expires = st->expires;
		state->retry_ms = st->retry_ms;
		(void)snprintf(state->reason, sizeof(state->reason), "%s",
			       st->reason);
		(void)snprintf(state->headers, sizeof(state->headers), "%s",
			       st->headers ? st->headers : "");
	}
	(void)pthread_cond_broadcast(&s->cond);
	(void)pthread_mutex_unlock(&s->lock);
}


/* The next state told; it must be this one. */
static inline const struct state *expect(struct server *s, int state)
{
	const struct timespec end = deadline();
	const struct state *st;

	(void)pthread_mutex_lock(&s->lock);
	while (s->taken == s->statec) {
		if (pthread_cond_timedwait(&s->cond, &s->lock, &end))
			fail_msg("state %d was not told", state);
	}
	st = &s->states[s->taken++];
	(void)pthread_mutex_unlock(&s->lock);

	if (st->state != state)
		fail_msg("state %d (%s), not %d", st->state, st->reason,
			 state);

	return st;
}


static inline unsigned states_left(struct server *s)
{
	unsigned left;

	(void)pthread_mutex_lock(&s->lock);
	left = s->statec - s->taken;
	(void)pthread_mutex_unlock(&s->lock);

	return left;
}


static inline int udp_socket(const char *host, uint16_t *port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t len = sizeof(sin);
	union sipd_addr addr;
	int fd;

	assert_true(sipd_addr_parse(&addr, host, 0));
	sin.sin_addr = addr.in.sin_addr;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)(void *)&sin,
			      sizeof(sin)),
			 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)(void *)&sin,
				     &len),
			 0);
	if (port)
		*port = ntohs(sin.sin_port);

	return fd;
}


/* Length of the next packet, 0 if none came in time. */
static inline size_t receive(struct server *s, int timeout_ms)
{
	struct pollfd p = {.fd = s->fd, .events = POLLIN};
	socklen_t len = sizeof(s->peer);
	ssize_t n;

	if (poll(&p, 1, timeout_ms) != 1)
		return 0;
	n = recvfrom(s->fd, s->packet, sizeof(s->packet) - 1, 0,
		     (struct sockaddr *)(void *)&s->peer, &len);
	assert_true(n > 0);
	s->packet[n] = '\0';

	return (size_t)n;
}


/* The next packet begins with this. */
static inline void receive_this(struct server *s, const char *start)
{
	if (!receive(s, DEADLINE_MS))
		fail_msg("no %s came", start);
	if (strncmp(s->packet, start, strlen(start)))
		fail_msg("not %s but %s", start, s->packet);
}


static inline bool packet_has(const struct server *s, const char *text)
{
	return strstr(s->packet, text) != NULL;
}


/* Line of the last packet that begins with name, without its CRLF. */
static inline const char *line_of(const struct server *s, const char *name)
{
	static _Thread_local char line[PACKET];
	const char *p = strstr(s->packet, name);
	size_t len;

	assert_non_null(p);
	len = strcspn(p, "\r\n");
	memcpy(line, p, len);
	line[len] = '\0';

	return line;
}


static inline void send_to(int fd, const char *text,
			   const struct sockaddr_in *to)
{
	assert_int_equal(sendto(fd, text, strlen(text), 0,
				(const struct sockaddr *)(const void *)to,
				sizeof(*to)),
			 strlen(text));
}


/* The answer to the last request: status line, Via and more headers with
 * CRLF. */
static inline void answer_write(const struct server *s, char *text,
				const char *status, const char *via,
				const char *headers)
{
	const char *const copied[] = {"From: ", "To: ", "Call-ID: ", "CSeq: "};
	size_t n = (size_t)snprintf(text, PACKET, "%s\r\n%s\r\n", status, via);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(copied); i++)
		n += (size_t)snprintf(text + n, PACKET - n, "%s%s\r\n",
				      line_of(s, copied[i]),
				      i == 1 ? ";tag=srv" : "");
	(void)snprintf(text + n, PACKET - n, "%sContent-Length: 0\r\n\r\n",
		       headers);
}


/* Via of the last request, up to and without its rport, and what to add. */
static inline void via_of(const struct server *s, char *via, const char *add)
{
	const char *line = line_of(s, "Via: ");
	const char *rport = *add ? strstr(line, ";rport") : NULL;

	(void)snprintf(via, PACKET, "%.*s%s",
		       (int)(rport ? (size_t)(rport - line) : strlen(line)),
		       line, add);
}


static inline void answer(struct server *s, const char *status,
			  const char *headers)
{
	char text[PACKET], via[PACKET];

	via_of(s, via, "");
	answer_write(s, text, status, via, headers);
	send_to(s->fd, text, &s->peer);
}


/* 200 with the Contact of the request, as is. */
static inline void answer_ok(struct server *s)
{
	char contact[1024];

	(void)snprintf(contact, sizeof(contact), "%s\r\n",
		       line_of(s, "Contact: "));
	answer(s, "SIP/2.0 200 OK", contact);
}


static inline void open_job(struct server *s)
{
	const int err = sipd_sip_open(&s->sip, s->loop, NULL, &s->conf,
				      reg_handler, s);
	const char *colon;

	if (err)
		fail_msg("open: %s", sipd_error_text());
	colon = strrchr(sipd_sip_local(s->sip), ':');
	s->sip_port = (uint16_t)atoi(colon + 1);
}


static inline void server_open(struct server *s)
{
	on_loop(s, open_job);
}


static inline struct sockaddr_in stack_addr(const struct server *s)
{
	union sipd_addr addr;

	assert_true(sipd_addr_parse(&addr, "127.0.0.1", s->sip_port));

	return addr.in;
}


static inline void open_and_ask(struct server *s)
{
	server_open(s);
	expect(s, SIPDIALER_REGISTRATION_CONNECTING);
	receive_this(s, "REGISTER sip:127.0.0.1");
	assert_false(packet_has(s, "Authorization"));
}


static inline void register_without_digest(struct server *s)
{
	open_and_ask(s);
	answer_ok(s);
	expect(s, SIPDIALER_REGISTRATION_REGISTERED);
}


static inline void stats_job(struct server *s)
{
	sipd_sip_stats(s->sip, &s->stats);
}


static inline const struct sipd_sip_stats *stats_of(struct server *s)
{
	on_loop(s, stats_job);

	return &s->stats;
}


static void closed_handler(void *arg)
{
	struct server *s = arg;

	(void)pthread_mutex_lock(&s->lock);
	s->sip = NULL;
	s->closed = true;
	(void)pthread_cond_broadcast(&s->cond);
	(void)pthread_mutex_unlock(&s->lock);
}


static inline void close_job(struct server *s)
{
	sipd_sip_close(s->sip, 2000, closed_handler, s);
}


static inline void close_now_job(struct server *s)
{
	sipd_sip_close(s->sip, 0, closed_handler, s);
}


static inline void wait_closed(struct server *s)
{
	const struct timespec end = deadline();

	(void)pthread_mutex_lock(&s->lock);
	while (!s->closed)
		assert_int_equal(pthread_cond_timedwait(&s->cond, &s->lock,
							&end),
				 0);
	(void)pthread_mutex_unlock(&s->lock);
}


static int server_setup(void **state)
{
	struct server *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->cond, NULL);
	assert_int_equal(sipd_loop_start(&s->loop, NULL), 0);
	s->fd = udp_socket("127.0.0.1", &s->port);
	s->conf = (struct sipd_sip_conf){
		.server = "127.0.0.1",
		.port = s->port,
		.user = "alice",
		.password = "secret",
		.reg = true,
		.reg_expires = 300,
		.user_agent = "dialer",
		.local_address = "127.0.0.1",
	};
	*state = s;

	return 0;
}


static int server_teardown(void **state)
{
	struct server *s = *state;

	if (s->sip) {
		on_loop(s, close_now_job);
		wait_closed(s);
	}
	sipd_loop_stop(s->loop);
	sipd_loop_join(s->loop);
	(void)close(s->fd);
	(void)pthread_cond_destroy(&s->cond);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);

	return 0;
}

#define T(name) \
	cmocka_unit_test_setup_teardown(name, server_setup, server_teardown)

#endif
