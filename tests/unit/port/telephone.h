/**
 * @file telephone.h  A scripted telephone for the tests of INVITE sessions
 *
 * The library runs on its loop thread; the telephone is a plain UDP socket of
 * the test's own thread, which waits for each message with a deadline.
 */
#ifndef TEST_TELEPHONE_H
#define TEST_TELEPHONE_H

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>
#include "lib/loop_call.h"
#include "base/clock.h"
#include "base/error.h"
#include "port/loop.h"
#include "port/sip/sip.h"

#define HELPER static __attribute__((unused))

enum { MSG = 8192, WAIT_MS = 3000 };

#define SDP_BODY \
	"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n" \
	"c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP 0 101\r\n" \
	"a=rtpmap:101 telephone-event/8000\r\n%s"

/* What the session told; written by the loop thread. */
/* Written on the loop; a test looks at numbers without the lock, to see that
 * something has not happened. */
struct told {
	_Atomic int progress, progress_status;
	_Atomic int media, media_early;
	struct sipd_sdp_remote remote;
	_Atomic int answered;
	_Atomic int dtmf;
	_Atomic char digit;
	_Atomic int ended;
	struct sipd_invite_end end;
	char reason[256], contact[256];
	_Atomic int holding, hold_on, hold_error;
	_Atomic int transfers, transfer_state, transfer_status;
	char transfer_reason[256];
	_Atomic int referred;
	char refer_to[256], replaces[256], refer_by[256];
};

struct side {
	struct sipd_loop *loop;
	struct sipd_log log;
	struct sipd_sip *sip;
	struct sipd_sip_conf conf;
	struct sipd_invite *inv;
	struct sipd_invite_params params;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	struct told told;
	bool hangup_in_progress;
	bool hangup_in_transfer; /* once it is completed */
	_Atomic bool take_referrals;
	struct sipd_sdp_remote seen;
	int err;

	int fd;      /* the telephone */
	bool stream; /* it is a TCP connection; one message a
				 * segment is all that is sent here */
	uint16_t port;
	struct sockaddr_in peer;
	char invite[MSG];    /* last INVITE */
	char tag[32];        /* To tag of the telephone */
	const char *contact; /* of the telephone; NULL: the usual one */
	unsigned cseq;       /* of its own requests */
};

/* To be done on the loop thread. */
struct job {
	struct side *s;
	void (*h)(struct side *s);
};


/* ---- the library's side ------------------------------------------------- */

HELPER void job_handler(void *arg)
{
	struct job *job = arg;

	job->h(job->s);
}


HELPER void on_loop(struct side *s, void (*h)(struct side *s))
{
	struct job job = {.s = s, .h = h};

	loop_call(s->loop, job_handler, &job);
}


HELPER void do_hangup(struct side *s)
{
	sipd_invite_hangup(s->inv, "enough");
}


#define TELL(code) \
	do { \
		(void)pthread_mutex_lock(&s->lock); \
		code; \
		(void)pthread_cond_broadcast(&s->cond); \
		(void)pthread_mutex_unlock(&s->lock); \
	} while (0)


HELPER void progress_handler(int status, const char *reason, void *arg)
{
	struct side *s = arg;
	(void)reason;

	TELL(s->told.progress++; s->told.progress_status = status);
	if (s->hangup_in_progress)
		do_hangup(s);
}


HELPER void media_handler(const struct sipd_sdp_remote *remote, bool early,
			  void *arg)
{
	struct side *s = arg;

	TELL(early ? s->told.media_early++ : s->told.media++;
	     s->told.remote = *remote);
}


/* What was agreed last: a copy, for the thread of the test. */
HELPER const struct sipd_sdp_remote *told_remote(struct side *s)
{
	(void)pthread_mutex_lock(&s->lock);
	s->seen = s->told.remote;
	(void)pthread_mutex_unlock(&s->lock);

	return &s->seen;
}


HELPER void answered_handler(void *arg)
{
	struct side *s = arg;

	TELL(s->told.answered++);
}


HELPER void dtmf_handler(char digit, uint32_t duration_ms, void *arg)
{
	struct side *s = arg;

	(void)duration_ms;
	TELL(s->told.dtmf++; s->told.digit = digit);
}


HELPER void ended_handler(const struct sipd_invite_end *end, void *arg)
{
	struct side *s = arg;

	TELL(s->told.ended++; s->told.end = *end;
	     (void)snprintf(s->told.reason, sizeof(s->told.reason), "%s",
			    end->reason);
	     (void)snprintf(s->told.contact, sizeof(s->told.contact), "%s",
			    end->contact));
}


HELPER void holding_handler(bool on, int error, const char *reason, void *arg)
{
	struct side *s = arg;

	(void)reason;
	TELL(s->told.holding++; s->told.hold_on = on;
	     s->told.hold_error = error);
}


HELPER void transfer_handler(const struct sipd_transfer *t, void *arg)
{
	struct side *s = arg;

	TELL(s->told.transfers++; s->told.transfer_state = (int)t->state;
	     s->told.transfer_status = t->sip_status;
	     (void)snprintf(s->told.transfer_reason,
			    sizeof(s->told.transfer_reason), "%s",
			    t->reason ? t->reason : ""));
	if (s->hangup_in_transfer && t->state == SIPD_TRANSFER_COMPLETED)
		do_hangup(s);
}


HELPER bool referred_handler(const struct sipd_referral *r, void *arg)
{
	struct side *s = arg;

	if (!s->take_referrals)
		return false;
	TELL(s->told.referred++;
	     (void)snprintf(s->told.refer_to, sizeof(s->told.refer_to), "%s",
			    r->to);
	     (void)snprintf(s->told.replaces, sizeof(s->told.replaces), "%s",
			    r->replaces);
	     (void)snprintf(s->told.refer_by, sizeof(s->told.refer_by), "%s",
			    r->by));

	return true;
}


HELPER void do_open(struct side *s)
{
	s->err = sipd_sip_open(&s->sip, s->loop, &s->log, &s->conf, NULL,
			       NULL);
}


HELPER void do_call(struct side *s)
{
	static const struct sipd_invite_handlers h = {
		.progress = progress_handler,
		.media = media_handler,
		.answered = answered_handler,
		.info_dtmf = dtmf_handler,
		.ended = ended_handler,
		.holding = holding_handler,
		.transfer = transfer_handler,
		.referred = referred_handler,
	};
	struct sipd_sdp_local local = {
		.codecs = {SIPD_CODEC_PCMU, SIPD_CODEC_PCMA},
		.codecc = 2,
		.telephone_event = true,
		.session_id = 7,
		.version = 1,
	};

	(void)sipd_addr_parse(&local.addr, "127.0.0.1", 30000);
	s->err = sipd_invite_open(&s->inv, s->sip, &s->params, &local, &h, s);
}


HELPER void closed_handler(void *arg)
{
	struct side *s = arg;

	TELL(s->sip = NULL);
}


HELPER void do_close(struct side *s)
{
	sipd_sip_close(s->sip, 0, closed_handler, s);
}


HELPER void await_int(struct side *s, const _Atomic int *value, int least,
		      const char *what)
{
	struct timespec ts;
	int rc = 0, seen;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += 6;
	(void)pthread_mutex_lock(&s->lock);
	while (*value < least && !rc)
		rc = pthread_cond_timedwait(&s->cond, &s->lock, &ts);
	seen = *value;
	(void)pthread_mutex_unlock(&s->lock);
	if (seen < least)
		fail_msg("%s: %d, expected %d", what, seen, least);
}

#define AWAIT(s, what, least) await_int(s, &(s)->told.what, least, #what)


HELPER void side_open(struct side *s)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t len = sizeof(sin);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(s->fd >= 0);
	assert_int_equal(bind(s->fd, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&sin, &len), 0);
	s->port = ntohs(sin.sin_port);
	(void)snprintf(s->tag, sizeof(s->tag), "uas1");
	s->cseq = 100;

	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->cond, NULL);
	sipd_log_init(&s->log, SIPDIALER_LOG_ERROR, NULL, NULL);
	assert_int_equal(sipd_loop_start(&s->loop, &s->log), 0);
	s->conf.server = "127.0.0.1";
	s->conf.port = s->port;
	s->conf.local_address = "127.0.0.1";
	s->conf.user_agent = "tester";
	s->conf.domain = s->conf.auth_user = s->conf.outbound_proxy = "";
	s->conf.external_address = s->conf.realm = "";
	s->conf.user = "alice";
	s->conf.password = "secret";
	s->conf.hash_size = 64;
	s->params.to = "4711";
	s->params.caller_id = s->params.caller_name = "";
	on_loop(s, do_open);
	assert_int_equal(s->err, 0);
}


HELPER void side_close(struct side *s)
{
	on_loop(s, do_close);
	(void)pthread_mutex_lock(&s->lock);
	while (s->sip)
		(void)pthread_cond_wait(&s->cond, &s->lock);
	(void)pthread_mutex_unlock(&s->lock);
	sipd_loop_stop(s->loop);
	sipd_loop_join(s->loop);
	(void)close(s->fd);
	(void)pthread_cond_destroy(&s->cond);
	(void)pthread_mutex_destroy(&s->lock);
}


/* ---- the telephone ------------------------------------------------------- */

HELPER bool msg_recv(struct side *s, char *buf, int timeout_ms)
{
	struct pollfd pfd = {.fd = s->fd, .events = POLLIN};
	socklen_t len = sizeof(s->peer);
	ssize_t n;

	if (poll(&pfd, 1, timeout_ms) != 1)
		return false;
	n = recvfrom(s->fd, buf, MSG - 1, 0, (struct sockaddr *)&s->peer,
		     &len);
	assert_true(n > 0);
	buf[n] = '\0';

	return true;
}


/* Next message that begins with `start`; others are copies of older ones. */
HELPER void expect(struct side *s, const char *start, char *buf)
{
	const uint64_t end = sipd_clock_ms() + WAIT_MS;
	uint64_t now;

	while ((now = sipd_clock_ms()) < end) {
		if (!msg_recv(s, buf, (int)(end - now)))
			break;
		if (!strncmp(buf, start, strlen(start)))
			return;
	}
	fail_msg("no \"%s\" came", start);
}


/* Nothing that begins with `start` comes within the time. */
HELPER void expect_none(struct side *s, const char *start, int ms)
{
	const uint64_t end = sipd_clock_ms() + (uint64_t)ms;
	char buf[MSG];
	uint64_t now;

	while ((now = sipd_clock_ms()) < end) {
		if (msg_recv(s, buf, (int)(end - now)) &&
		    !strncmp(buf, start, strlen(start)))
			fail_msg("\"%s\" came", start);
	}
}


/* Value of a header, "" if none. */
HELPER const char *header(const char *msg, const char *name, char *buf)
{
	char key[64];
	const char *p, *end;

	(void)snprintf(key, sizeof(key), "\r\n%s: ", name);
	p = strstr(msg, key);
	*buf = '\0';
	if (p) {
		p += strlen(key);
		end = strstr(p, "\r\n");
		(void)snprintf(buf, 512, "%.*s", (int)(end - p), p);
	}

	return buf;
}


HELPER void raw_send(struct side *s, const char *buf)
{
	assert_true(sendto(s->fd, buf, strlen(buf), 0,
			   s->stream ? NULL : (struct sockaddr *)&s->peer,
			   s->stream ? 0 : sizeof(s->peer)) > 0);
}


HELPER const char *contact_of(const struct side *s)
{
	static char buf[64];

	(void)snprintf(buf, sizeof(buf), "<sip:uas@127.0.0.1:%u>", s->port);

	return s->contact ? s->contact : buf;
}


/* status is a whole status line; headers end with CRLF or are "" */
HELPER void reply_line(struct side *s, const char *req, const char *line,
		       const char *headers, const char *body)
{
	char via[512], from[512], to[512], id[512], cseq[512], msg[MSG];

	(void)header(req, "To", to);
	(void)snprintf(
		msg, sizeof(msg),
		"%s\r\nVia: %s\r\nFrom: %s\r\nTo: %s%s%s\r\nCall-ID: %s\r\n"
		"CSeq: %s\r\nContact: %s\r\n%s%s"
		"Content-Length: %zu\r\n\r\n%s",
		line, header(req, "Via", via), header(req, "From", from), to,
		strstr(to, "tag=") ? "" : ";tag=",
		strstr(to, "tag=") ? "" : s->tag, header(req, "Call-ID", id),
		header(req, "CSeq", cseq), contact_of(s), headers,
		*body ? "Content-Type: application/sdp\r\n" : "", strlen(body),
		body);
	raw_send(s, msg);
}


HELPER void reply(struct side *s, const char *req, const char *status,
		  const char *headers, const char *body)
{
	char line[128];

	(void)snprintf(line, sizeof(line), "SIP/2.0 %s", status);
	reply_line(s, req, line, headers, body);
}


HELPER const char *sdp(int port, const char *attrs)
{
	static char buf[2][1024];
	static int i;

	i = !i;
	(void)snprintf(buf[i], sizeof(buf[i]), SDP_BODY, port, attrs);

	return buf[i];
}


/* Request of the telephone inside the dialog. */
HELPER void request_len(struct side *s, const char *method, unsigned cseq,
			const char *headers, const char *body, size_t len)
{
	char from[512], to[512], id[512], msg[MSG];
	static unsigned branch;
	size_t head;

	(void)header(s->invite, "To", to);
	(void)snprintf(
		msg, sizeof(msg),
		"%s sip:alice@127.0.0.1 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKt%u\r\n"
		"From: %s;tag=%s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %u %s\r\n"
		"Max-Forwards: 70\r\nContact: %s\r\n%s"
		"Content-Length: %zu\r\n\r\n",
		method, s->port, ++branch, to, s->tag,
		header(s->invite, "From", from),
		header(s->invite, "Call-ID", id), cseq, method, contact_of(s),
		headers, len);
	head = strlen(msg);
	assert_true(head + len < sizeof(msg));
	memcpy(msg + head, body, len);
	assert_true(sendto(s->fd, msg, head + len, 0,
			   s->stream ? NULL : (struct sockaddr *)&s->peer,
			   s->stream ? 0 : sizeof(s->peer)) > 0);
}


HELPER void request(struct side *s, const char *method, unsigned cseq,
		    const char *headers, const char *body)
{
	request_len(s, method, cseq, headers, body, strlen(body));
}


HELPER void request_sdp(struct side *s, const char *method, unsigned cseq,
			const char *body)
{
	request(s, method, cseq, "Content-Type: application/sdp\r\n", body);
}


HELPER void call(struct side *s)
{
	on_loop(s, do_call);
	assert_int_equal(s->err, 0);
	expect(s, "INVITE ", s->invite);
}


HELPER void call_answered(struct side *s)
{
	char buf[MSG];

	call(s);
	reply(s, s->invite, "200 OK", "", sdp(40000, ""));
	expect(s, "ACK ", buf);
	AWAIT(s, answered, 1);
}


HELPER void bye_in(struct side *s, const char *headers)
{
	char buf[MSG];

	request(s, "BYE", ++s->cseq, headers, "");
	expect(s, "SIP/2.0 200", buf);
	AWAIT(s, ended, 1);
}


HELPER int setup(void **state)
{
	struct side *s = calloc(1, sizeof(*s));

	side_open(s);
	*state = s;

	return 0;
}


HELPER int teardown(void **state)
{
	struct side *s = *state;

	side_close(s);
	free(s);

	return 0;
}


#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
