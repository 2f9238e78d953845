/**
 * @file test_invite.c  INVITE sessions against a scripted telephone
 *
 * The library runs on its loop thread; the telephone is a plain UDP socket of
 * the test's own thread, which waits for each message with a deadline.
 */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <cmocka.h>
#include "base/clock.h"
#include "base/error.h"
#include "port/loop.h"
#include "port/sip/sip.h"

enum { MSG = 8192, WAIT_MS = 3000 };

#define SDP_BODY "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n" \
	"c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP 0 101\r\n" \
	"a=rtpmap:101 telephone-event/8000\r\n%s"

/* What the session told; written by the loop thread. */
struct told {
	int progress, progress_status;
	int media, media_early;
	struct sipd_sdp_remote remote;
	int answered;
	int dtmf;
	char digit;
	int ended;
	struct sipd_invite_end end;
	char reason[256], contact[256];
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
	int err;

	int fd;                 /* the telephone */
	uint16_t port;
	struct sockaddr_in peer;
	char invite[MSG];       /* last INVITE */
	char tag[32];           /* To tag of the telephone */
	unsigned cseq;          /* of its own requests */
};

struct job {
	struct sipd_work work;
	struct side *s;
	void (*h)(struct side *s);
	bool done;
};


/* ---- the library's side ------------------------------------------------- */

static void job_handler(struct sipd_work *work)
{
	struct job *job = (struct job *)work;

	job->h(job->s);
	(void)pthread_mutex_lock(&job->s->lock);
	job->done = true;
	(void)pthread_cond_broadcast(&job->s->cond);
	(void)pthread_mutex_unlock(&job->s->lock);
}


static void on_loop(struct side *s, void (*h)(struct side *s))
{
	struct job job = { .work = { .h = job_handler }, .s = s, .h = h };

	sipd_loop_post(s->loop, &job.work);
	(void)pthread_mutex_lock(&s->lock);
	while (!job.done)
		(void)pthread_cond_wait(&s->cond, &s->lock);
	(void)pthread_mutex_unlock(&s->lock);
}


static void do_hangup(struct side *s)
{
	sipd_invite_hangup(s->inv, "enough");
}


#define TELL(code) do {                                  \
	(void)pthread_mutex_lock(&s->lock);              \
	code;                                            \
	(void)pthread_cond_broadcast(&s->cond);          \
	(void)pthread_mutex_unlock(&s->lock);            \
} while (0)


static void progress_handler(int status, const char *reason, void *arg)
{
	struct side *s = arg;
	(void)reason;

	TELL(s->told.progress++; s->told.progress_status = status);
	if (s->hangup_in_progress)
		do_hangup(s);
}


static void media_handler(const struct sipd_sdp_remote *remote, bool early,
			  void *arg)
{
	struct side *s = arg;

	TELL(early ? s->told.media_early++ : s->told.media++;
	     s->told.remote = *remote);
}


static void answered_handler(void *arg)
{
	struct side *s = arg;

	TELL(s->told.answered++);
}


static void dtmf_handler(char digit, uint32_t duration_ms, void *arg)
{
	struct side *s = arg;

	(void)duration_ms;
	TELL(s->told.dtmf++; s->told.digit = digit);
}


static void ended_handler(const struct sipd_invite_end *end, void *arg)
{
	struct side *s = arg;

	TELL(s->told.ended++; s->told.end = *end;
	     (void)snprintf(s->told.reason, sizeof(s->told.reason), "%s",
			    end->reason);
	     (void)snprintf(s->told.contact, sizeof(s->told.contact), "%s",
			    end->contact));
}


static void do_open(struct side *s)
{
	s->err = sipd_sip_open(&s->sip, s->loop, &s->log, &s->conf, NULL,
			       NULL);
}


static void do_call(struct side *s)
{
	static const struct sipd_invite_handlers h = {
		progress_handler, media_handler, answered_handler,
		dtmf_handler, ended_handler
	};
	struct sipd_sdp_local local = {
		.codecs = { SIPD_CODEC_PCMU, SIPD_CODEC_PCMA }, .codecc = 2,
		.telephone_event = true, .session_id = 7, .version = 1,
	};

	(void)sipd_addr_parse(&local.addr, "127.0.0.1", 30000);
	s->err = sipd_invite_open(&s->inv, s->sip, &s->params, &local, &h, s);
}


static void closed_handler(void *arg)
{
	struct side *s = arg;

	TELL(s->sip = NULL);
}


static void do_close(struct side *s)
{
	sipd_sip_close(s->sip, 0, closed_handler, s);
}


static void await_int(struct side *s, const int *value, int least,
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

#define AWAIT(s, what, least) \
	await_int(s, &(s)->told.what, least, #what)


static void side_open(struct side *s)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
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


static void side_close(struct side *s)
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

static bool msg_recv(struct side *s, char *buf, int timeout_ms)
{
	struct pollfd pfd = { .fd = s->fd, .events = POLLIN };
	socklen_t len = sizeof(s->peer);
	ssize_t n;

	if (poll(&pfd, 1, timeout_ms) != 1)
		return false;
	n = recvfrom(s->fd, buf, MSG - 1, 0, (struct sockaddr *)&s->peer, &len);
	assert_true(n > 0);
	buf[n] = '\0';

	return true;
}


/* Next message that begins with `start`; others are copies of older ones. */
static void expect(struct side *s, const char *start, char *buf)
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
static void expect_none(struct side *s, const char *start, int ms)
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
static const char *header(const char *msg, const char *name, char *buf)
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


static void raw_send(struct side *s, const char *buf)
{
	assert_true(sendto(s->fd, buf, strlen(buf), 0,
			   (struct sockaddr *)&s->peer, sizeof(s->peer)) > 0);
}


/* status is a whole status line; headers end with CRLF or are "" */
static void reply_line(struct side *s, const char *req, const char *line,
		       const char *headers, const char *body)
{
	char via[512], from[512], to[512], id[512], cseq[512], msg[MSG];

	(void)header(req, "To", to);
	(void)snprintf(msg, sizeof(msg),
		"%s\r\nVia: %s\r\nFrom: %s\r\nTo: %s%s%s\r\nCall-ID: %s\r\n"
		"CSeq: %s\r\nContact: <sip:uas@127.0.0.1:%u>\r\n%s%s"
		"Content-Length: %zu\r\n\r\n%s", line,
		header(req, "Via", via), header(req, "From", from), to,
		strstr(to, "tag=") ? "" : ";tag=",
		strstr(to, "tag=") ? "" : s->tag, header(req, "Call-ID", id),
		header(req, "CSeq", cseq), s->port, headers,
		*body ? "Content-Type: application/sdp\r\n" : "",
		strlen(body), body);
	raw_send(s, msg);
}


static void reply(struct side *s, const char *req, const char *status,
		  const char *headers, const char *body)
{
	char line[128];

	(void)snprintf(line, sizeof(line), "SIP/2.0 %s", status);
	reply_line(s, req, line, headers, body);
}


static const char *sdp(int port, const char *attrs)
{
	static char buf[2][1024];
	static int i;

	i = !i;
	(void)snprintf(buf[i], sizeof(buf[i]), SDP_BODY, port, attrs);

	return buf[i];
}


/* Request of the telephone inside the dialog. */
static void request(struct side *s, const char *method, unsigned cseq,
		    const char *headers, const char *body)
{
	char from[512], to[512], id[512], msg[MSG];
	static unsigned branch;

	(void)header(s->invite, "To", to);
	(void)snprintf(msg, sizeof(msg),
		"%s sip:alice@127.0.0.1 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKt%u\r\n"
		"From: %s;tag=%s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %u %s\r\n"
		"Max-Forwards: 70\r\nContact: <sip:uas@127.0.0.1:%u>\r\n%s"
		"Content-Length: %zu\r\n\r\n%s", method, s->port, ++branch,
		to, s->tag, header(s->invite, "From", from),
		header(s->invite, "Call-ID", id), cseq, method, s->port,
		headers, strlen(body), body);
	raw_send(s, msg);
}


static void request_sdp(struct side *s, const char *method, unsigned cseq,
			const char *body)
{
	request(s, method, cseq, "Content-Type: application/sdp\r\n", body);
}


static void call(struct side *s)
{
	on_loop(s, do_call);
	assert_int_equal(s->err, 0);
	expect(s, "INVITE ", s->invite);
}


static void call_answered(struct side *s)
{
	char buf[MSG];

	call(s);
	reply(s, s->invite, "200 OK", "", sdp(40000, ""));
	expect(s, "ACK ", buf);
	AWAIT(s, answered, 1);
}


static void bye_in(struct side *s, const char *headers)
{
	char buf[MSG];

	request(s, "BYE", ++s->cseq, headers, "");
	expect(s, "SIP/2.0 200", buf);
	AWAIT(s, ended, 1);
}


/* ---- tests ---------------------------------------------------------------- */

static int setup(void **state)
{
	struct side *s = calloc(1, sizeof(*s));

	side_open(s);
	*state = s;

	return 0;
}


static int teardown(void **state)
{
	struct side *s = *state;

	side_close(s);
	free(s);

	return 0;
}


static void test_answer_and_bye_in_ends(void **state)
{
	static const char *const headers[] = { "X-Campaign: 5",
					       "P-Asserted-Identity: <sip:9@x>" };
	struct side *s = *state;
	char buf[MSG], v[512], w[512];

	s->params.caller_id = "1234";
	s->params.caller_name = "A \"B\"";
	s->params.headers = headers;
	s->params.headerc = 2;
	call(s);
	assert_int_equal(strncmp(s->invite, "INVITE sip:4711@127.0.0.1", 25),
			 0);
	(void)header(s->invite, "From", v);
	if (strncmp(v, "\"A \\\"B\\\"\" <sip:1234@127.0.0.1", 28))
		fail_msg("From: %s", v);
	assert_string_equal(header(s->invite, "X-Campaign", v), "5");
	assert_string_equal(header(s->invite, "P-Asserted-Identity", v),
			    "<sip:9@x>");
	assert_string_equal(header(s->invite, "User-Agent", v), "tester");
	assert_string_equal(header(s->invite, "Supported", v), "timer");
	assert_non_null(strstr(header(s->invite, "Contact", v), "127.0.0.1"));
	assert_non_null(strstr(s->invite, "m=audio 30000 RTP/AVP 0 8 101"));

	reply(s, s->invite, "100 Trying", "", "");
	reply(s, s->invite, "180 Ringing", "", "");
	reply(s, s->invite, "200 OK", "Record-Route: <sip:127.0.0.1:1;lr>, "
	      "<sip:127.0.0.1:2;lr>\r\n", sdp(40000, ""));
	/* the ACK goes to the last Record-Route: port 2, not to us */
	AWAIT(s, answered, 1);
	assert_int_equal(s->told.progress, 1);
	assert_int_equal(s->told.progress_status, 180);
	assert_int_equal(s->told.media, 1);
	assert_int_equal(sipd_addr_port(&s->told.remote.rtp), 40000);
	expect_none(s, "ACK ", 100);

	request(s, "BYE", ++s->cseq, "Reason: Q.850;cause=16\r\n", "");
	expect(s, "SIP/2.0 200", buf);
	assert_string_equal(header(buf, "CSeq", v),
			    (snprintf(w, sizeof(w), "%u BYE", s->cseq), w));
	AWAIT(s, ended, 1);
	assert_true(s->told.end.answered && s->told.end.ringing);
	assert_false(s->told.end.local);
	assert_int_equal(s->told.end.sip_status, 200);
	assert_int_equal(s->told.end.q850, 16);

	/* its 200 was lost: the copy is answered too */
	request(s, "BYE", s->cseq, "", "");
	expect(s, "SIP/2.0 200", buf);
	assert_int_equal(s->told.ended, 1);
}


static void test_answer_and_bye_out_ends(void **state)
{
	struct side *s = *state;
	char buf[MSG], v[512];
	unsigned invite_seq, bye_seq;

	call_answered(s);
	on_loop(s, do_hangup);
	assert_int_equal(s->told.ended, 1); /* at once */
	assert_true(s->told.end.local && s->told.end.answered);
	assert_string_equal(s->told.reason, "enough");
	expect(s, "BYE sip:uas@127.0.0.1", buf);
	assert_non_null(strstr(header(buf, "Reason", v), "cause=16"));
	assert_non_null(strstr(header(buf, "To", v), ";tag=uas1"));
	invite_seq = (unsigned)atoi(header(s->invite, "CSeq", v));
	bye_seq = (unsigned)atoi(header(buf, "CSeq", v));
	assert_int_equal(bye_seq, invite_seq + 1);
	reply(s, buf, "200 OK", "", "");
	expect_none(s, "BYE ", 700);
}


static void test_bye_lost_is_sent_again(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call_answered(s);
	on_loop(s, do_hangup);
	expect(s, "BYE ", buf);
	expect(s, "BYE ", buf);
	expect(s, "BYE ", buf);
	assert_int_equal(s->told.ended, 1);
	/* theirs crosses ours */
	request(s, "BYE", ++s->cseq, "", "");
	expect(s, "SIP/2.0 200", buf);
}


static void test_bye_out_challenged_is_answered(void **state)
{
	struct side *s = *state;
	char buf[MSG], v[512];

	call_answered(s);
	on_loop(s, do_hangup);
	expect(s, "BYE ", buf);
	reply(s, buf, "401 Unauthorized", "WWW-Authenticate: Digest "
	      "realm=\"127.0.0.1\", nonce=\"n1\", algorithm=MD5\r\n", "");
	do
		expect(s, "BYE ", buf);
	while (!*header(buf, "Authorization", v));
	reply(s, buf, "200 OK", "", "");
	expect_none(s, "BYE ", 700);
}


static void test_busy_ends_with_status(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call(s);
	reply(s, s->invite, "486 Busy Here", "", "");
	expect(s, "ACK ", buf);
	AWAIT(s, ended, 1);
	assert_int_equal(s->told.end.sip_status, 486);
	assert_string_equal(s->told.reason, "Busy Here");
	assert_false(s->told.end.answered || s->told.end.ringing);
	assert_int_equal(s->told.end.error, 0);
}


static void test_not_found_reports_q850(void **state)
{
	struct side *s = *state;

	call(s);
	reply(s, s->invite, "404 Not Found",
	      "Reason: SIP;cause=404, Q.850;cause=1;text=\"x\"\r\n", "");
	AWAIT(s, ended, 1);
	assert_int_equal(s->told.end.sip_status, 404);
	assert_int_equal(s->told.end.q850, 1);
}


static void test_unavailable_reports_retry_after(void **state)
{
	struct side *s = *state;

	call(s);
	reply(s, s->invite, "503 Service Unavailable",
	      "Retry-After: 120 (busy);duration=60\r\n", "");
	AWAIT(s, ended, 1);
	assert_int_equal(s->told.end.sip_status, 503);
	assert_int_equal(s->told.end.retry_after, 120);
}


static void test_redirect_not_followed(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call(s);
	reply(s, s->invite, "302 Moved Temporarily", "", "");
	expect(s, "ACK ", buf);
	AWAIT(s, ended, 1);
	assert_int_equal(s->told.end.sip_status, 302);
	assert_non_null(strstr(s->told.contact, "sip:uas@127.0.0.1"));
	expect_none(s, "INVITE ", 700);
}


static void test_early_media_then_answer(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call(s);
	reply(s, s->invite, "183 Session Progress", "", sdp(41000, ""));
	reply(s, s->invite, "183 Session Progress", "", sdp(41000, ""));
	AWAIT(s, progress, 2);
	AWAIT(s, media_early, 1);
	assert_int_equal(sipd_addr_port(&s->told.remote.rtp), 41000);
	/* an early dialog of another fork: the latest wins */
	(void)snprintf(s->tag, sizeof(s->tag), "uas2");
	reply(s, s->invite, "183 Session Progress", "", sdp(42000, ""));
	AWAIT(s, media_early, 2);
	assert_int_equal(sipd_addr_port(&s->told.remote.rtp), 42000);
	assert_int_equal(s->told.media, 0);
	assert_int_equal(s->told.answered, 0);

	reply(s, s->invite, "200 OK", "", sdp(42002, ""));
	expect(s, "ACK ", buf);
	AWAIT(s, answered, 1);
	assert_int_equal(s->told.media_early, 2); /* the copy was no news */
	assert_int_equal(s->told.media, 1);
	assert_int_equal(sipd_addr_port(&s->told.remote.rtp), 42002);
	bye_in(s, "");
}


static void test_sdp_only_in_183_is_the_answer(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call(s);
	reply(s, s->invite, "183 Session Progress", "", sdp(41000, ""));
	reply(s, s->invite, "200 OK", "", "");
	expect(s, "ACK ", buf);
	AWAIT(s, answered, 1);
	assert_int_equal(sipd_addr_port(&s->told.remote.rtp), 41000);
	bye_in(s, "");
}


static void test_no_sdp_at_all_refused(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call(s);
	reply(s, s->invite, "200 OK", "", "");
	expect(s, "ACK ", buf);
	expect(s, "BYE ", buf);
	reply(s, buf, "200 OK", "", "");
	AWAIT(s, ended, 1);
	assert_int_equal(s->told.end.error, SIPDIALER_EFORMAT);
	assert_int_equal(s->told.answered, 0);
	assert_false(s->told.end.answered);
}


static void test_multipart_answer_taken(void **state)
{
	struct side *s = *state;
	char buf[MSG], body[2048];

	call(s);
	(void)snprintf(body, sizeof(body), "--xx\r\nContent-Type: application/"
		       "isup\r\n\r\nabc\r\n--xx\r\nContent-Type: application/"
		       "sdp\r\n\r\n%s\r\n--xx--\r\n", sdp(40010, ""));
	reply(s, s->invite, "200 OK", "Content-Type: multipart/mixed;"
	      "boundary=\"xx\"\r\nX-Skip: ", body);
	expect(s, "ACK ", buf);
	AWAIT(s, answered, 1);
	assert_int_equal(sipd_addr_port(&s->told.remote.rtp), 40010);
	bye_in(s, "");
}


static void test_hangup_before_1xx_holds_cancel(void **state)
{
	struct side *s = *state;
	char buf[MSG], v[512], w[512];

	call(s);
	on_loop(s, do_hangup);
	expect_none(s, "CANCEL ", 300);
	assert_int_equal(s->told.ended, 0);
	reply(s, s->invite, "180 Ringing", "", "");
	expect(s, "CANCEL ", buf);
	assert_string_equal(header(buf, "Via", v),
			    header(s->invite, "Via", w));
	reply(s, buf, "200 OK", "", "");
	reply(s, s->invite, "487 Request Terminated", "", "");
	expect(s, "ACK ", buf);
	AWAIT(s, ended, 1);
	assert_true(s->told.end.local);
	assert_int_equal(s->told.end.sip_status, 487);
	assert_int_equal(s->told.progress, 0);
	assert_string_equal(s->told.reason, "enough");
}


static void test_hangup_inside_progress_cancels(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	s->hangup_in_progress = true;
	call(s);
	reply(s, s->invite, "183 Session Progress", "", sdp(41000, ""));
	expect(s, "CANCEL ", buf);
	reply(s, buf, "200 OK", "", "");
	reply(s, s->invite, "487 Request Terminated", "", "");
	AWAIT(s, ended, 1);
	assert_int_equal(s->told.media_early, 0);
}


static void test_answer_crossing_cancel_never_answered(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call(s);
	reply(s, s->invite, "180 Ringing", "", "");
	AWAIT(s, progress, 1);
	on_loop(s, do_hangup);
	expect(s, "CANCEL ", buf);
	reply(s, s->invite, "200 OK", "", sdp(40000, ""));
	reply(s, buf, "200 OK", "", "");
	expect(s, "ACK ", buf);
	expect(s, "BYE ", buf);
	reply(s, buf, "200 OK", "", "");
	AWAIT(s, ended, 1);
	assert_int_equal(s->told.answered, 0);
	assert_int_equal(s->told.media, 0);
	assert_false(s->told.end.answered);
	assert_true(s->told.end.local);
}


static void test_silent_peer_ended_after_4s_late_answer_hung_up(void **state)
{
	struct side *s = *state;
	uint64_t start;
	char buf[MSG];

	call(s);
	start = sipd_clock_ms();
	on_loop(s, do_hangup);
	AWAIT(s, ended, 1);
	assert_in_range(sipd_clock_ms() - start, 3900, 5500);
	assert_true(s->told.end.local);
	assert_int_equal(s->told.end.sip_status, 0);
	/* behind the owner's back */
	reply(s, s->invite, "200 OK", "", sdp(40000, ""));
	expect(s, "ACK ", buf);
	expect(s, "BYE ", buf);
	reply(s, buf, "200 OK", "", "");
	assert_int_equal(s->told.ended, 1);
	assert_int_equal(s->told.answered, 0);
}


static void test_ring_timeout_cancels(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	s->params.ring_timeout_ms = 200;
	call(s);
	reply(s, s->invite, "180 Ringing", "", "");
	expect(s, "CANCEL ", buf);
	reply(s, buf, "200 OK", "", "");
	reply(s, s->invite, "487 Request Terminated", "", "");
	AWAIT(s, ended, 1);
	assert_true(s->told.end.ring_timeout && s->told.end.ringing);
	assert_false(s->told.end.local);
	assert_int_equal(s->told.end.error, 0);
}


static void test_digest_answered(void **state)
{
	struct side *s = *state;
	char buf[MSG], first[MSG], v[512], w[512];

	call(s);
	memcpy(first, s->invite, sizeof(first));
	reply(s, s->invite, "401 Unauthorized", "WWW-Authenticate: Digest "
	      "realm=\"127.0.0.1\", nonce=\"abc\", algorithm=MD5, "
	      "qop=\"auth\"\r\n", "");
	expect(s, "ACK ", buf);
	expect(s, "INVITE ", s->invite);
	assert_string_equal(header(s->invite, "Call-ID", v),
			    header(first, "Call-ID", w));
	assert_string_equal(header(s->invite, "From", v),
			    header(first, "From", w));
	assert_int_equal(atoi(header(s->invite, "CSeq", v)),
			 atoi(header(first, "CSeq", w)) + 1);
	(void)header(s->invite, "Authorization", v);
	assert_non_null(strstr(v, "username=\"alice\""));
	assert_non_null(strstr(v, "nonce=\"abc\""));
	reply(s, s->invite, "200 OK", "", sdp(40000, ""));
	expect(s, "ACK ", buf);
	AWAIT(s, answered, 1);
	bye_in(s, "");
}


static void test_digest_refused_is_eauth(void **state)
{
	struct side *s = *state;
	char buf[MSG];
	int i;

	call(s);
	for (i = 0; i < 5; i++) {
		char challenge[256];

		(void)snprintf(challenge, sizeof(challenge),
			       "WWW-Authenticate: Digest realm=\"127.0.0.1\", "
			       "nonce=\"n%d\", algorithm=MD5\r\n", i);
		reply(s, s->invite, "401 Unauthorized", challenge, "");
		expect(s, "ACK ", buf);
		(void)pthread_mutex_lock(&s->lock);
		if (s->told.ended)
			i = 100;
		(void)pthread_mutex_unlock(&s->lock);
		if (i < 100 && !msg_recv(s, s->invite, 400))
			break;
	}
	AWAIT(s, ended, 1);
	assert_int_equal(s->told.end.error, SIPDIALER_EAUTH);
	assert_int_equal(s->told.end.sip_status, 401);
	assert_true(i <= 2 || i >= 100); /* at most two tries */
	assert_true(strlen(s->told.reason) > 0);
}


static void test_second_fork_hung_up(void **state)
{
	struct side *s = *state;
	char buf[MSG], v[512];

	call_answered(s);
	(void)snprintf(s->tag, sizeof(s->tag), "fork2");
	reply(s, s->invite, "200 OK", "", sdp(43000, ""));
	expect(s, "ACK ", buf);
	assert_non_null(strstr(header(buf, "To", v), "tag=fork2"));
	expect(s, "BYE ", buf);
	assert_non_null(strstr(header(buf, "To", v), "tag=fork2"));
	reply(s, buf, "200 OK", "", "");
	/* its copy gets an ACK, but no second BYE */
	reply(s, s->invite, "200 OK", "", sdp(43000, ""));
	expect(s, "ACK ", buf);
	expect_none(s, "BYE ", 300);
	assert_int_equal(s->told.media, 1);
	assert_int_equal(s->told.ended, 0);
	(void)snprintf(s->tag, sizeof(s->tag), "uas1");
	bye_in(s, "");
}


static void test_answer_again_acked_again(void **state)
{
	struct side *s = *state;
	char buf[MSG], v[512], w[512];

	call_answered(s);
	reply(s, s->invite, "200 OK", "", sdp(40000, ""));
	expect(s, "ACK ", buf);
	assert_int_equal(atoi(header(buf, "CSeq", v)),
			 atoi(header(s->invite, "CSeq", w)));
	assert_int_equal(s->told.answered, 1);
	assert_int_equal(s->told.media, 1);
	bye_in(s, "");
}


static void test_reinvite_hold_and_resume(void **state)
{
	struct side *s = *state;
	char buf[MSG];
	unsigned seq;

	call_answered(s);
	seq = ++s->cseq;
	request_sdp(s, "INVITE", seq, sdp(40000, "a=sendonly\r\n"));
	expect(s, "SIP/2.0 200", buf);
	assert_non_null(strstr(buf, "a=recvonly"));
	assert_non_null(strstr(buf, "o=- 7 2 "));
	AWAIT(s, media, 2);
	assert_int_equal(s->told.remote.dir, SIPD_RECVONLY);
	expect(s, "SIP/2.0 200", buf); /* no ACK: sent again */

	/* before the ACK another one has to wait */
	request_sdp(s, "INVITE", ++s->cseq, sdp(40000, ""));
	expect(s, "SIP/2.0 500", buf);
	assert_non_null(strstr(buf, "\r\nRetry-After: "));
	request(s, "ACK", s->cseq, "", "");
	request(s, "ACK", seq, "", "");
	expect_none(s, "SIP/2.0 200", 1300);

	seq = ++s->cseq;
	request_sdp(s, "INVITE", seq, sdp(40100, ""));
	expect(s, "SIP/2.0 200", buf);
	assert_non_null(strstr(buf, "a=sendrecv"));
	AWAIT(s, media, 3);
	assert_int_equal(s->told.remote.dir, SIPD_SENDRECV);
	assert_int_equal(sipd_addr_port(&s->told.remote.rtp), 40100);
	request(s, "ACK", seq, "", "");
	bye_in(s, "");
}


static void test_reinvite_without_offer_answer_in_ack(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call_answered(s);
	request(s, "INVITE", ++s->cseq, "", "");
	expect(s, "SIP/2.0 200", buf);
	assert_non_null(strstr(buf, "m=audio 30000 RTP/AVP 0 8 101"));
	request_sdp(s, "ACK", s->cseq, sdp(40200, ""));
	AWAIT(s, media, 2);
	assert_int_equal(sipd_addr_port(&s->told.remote.rtp), 40200);
	bye_in(s, "");
}


static void test_reinvite_bad_offer_488_call_goes_on(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call_answered(s);
	request_sdp(s, "INVITE", ++s->cseq, "v=0\r\nnonsense\r\n");
	expect(s, "SIP/2.0 488", buf);
	request(s, "ACK", s->cseq, "", "");
	request_sdp(s, "UPDATE", ++s->cseq, sdp(40300, ""));
	expect(s, "SIP/2.0 200", buf);
	AWAIT(s, media, 2);
	assert_int_equal(s->told.ended, 0);
	bye_in(s, "");
}


static void test_other_requests_in_dialog_answered(void **state)
{
	static const struct { const char *method, *answer; } table[] = {
		{ "OPTIONS", "SIP/2.0 200" }, { "UPDATE", "SIP/2.0 200" },
		{ "REFER", "SIP/2.0 603" },   { "NOTIFY", "SIP/2.0 489" },
		{ "PRACK", "SIP/2.0 481" },   { "MESSAGE", "SIP/2.0 405" },
		{ "FOO", "SIP/2.0 501" },     { "INFO", "SIP/2.0 200" },
	};
	struct side *s = *state;
	char buf[MSG];
	size_t i;

	call_answered(s);
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		request(s, table[i].method, ++s->cseq, "", "");
		expect(s, table[i].answer, buf);
	}
	request(s, "INFO", ++s->cseq, "Content-Type: text/plain\r\n", "x");
	expect(s, "SIP/2.0 415", buf);
	request(s, "OPTIONS", s->cseq - 1, "", ""); /* old CSeq */
	expect(s, "SIP/2.0 500", buf);
	assert_int_equal(s->told.dtmf, 0);
	bye_in(s, "");
}


static void test_info_dtmf_delivered(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call_answered(s);
	request(s, "INFO", ++s->cseq,
		"Content-Type: application/dtmf-relay\r\n",
		"Signal=5\r\nDuration=160\r\n");
	expect(s, "SIP/2.0 200", buf);
	AWAIT(s, dtmf, 1);
	assert_int_equal(s->told.digit, '5');
	request(s, "INFO", ++s->cseq, "Content-Type: application/dtmf\r\n",
		"#");
	expect(s, "SIP/2.0 200", buf);
	AWAIT(s, dtmf, 2);
	assert_int_equal(s->told.digit, '#');
	request(s, "INFO", ++s->cseq,
		"Content-Type: application/dtmf-relay\r\n", "Signal=Z\r\n");
	expect(s, "SIP/2.0 400", buf);
	bye_in(s, "");
	assert_int_equal(s->told.dtmf, 2);
}


static void test_wrong_tag_in_dialog_refused(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call_answered(s);
	(void)snprintf(s->tag, sizeof(s->tag), "stranger");
	request(s, "BYE", ++s->cseq, "", "");
	expect(s, "SIP/2.0 481", buf);
	assert_int_equal(s->told.ended, 0);
	(void)snprintf(s->tag, sizeof(s->tag), "uas1");
	bye_in(s, "");
}


static void test_bad_status_lines_never_answered(void **state)
{
	static const char *const lines[] = {
		"SIP/2.0 4294967496 OK", "SIP/2.0 700 OK", "SIP/3.0 200 OK",
		"SIP/2.0 999 OK", "HTTP/1.1 200 OK", "SIP/2.0 0200 OK",
	};
	struct side *s = *state;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		call(s);
		reply_line(s, s->invite, lines[i], "", sdp(40000, ""));
		AWAIT(s, ended, (int)i + 1);
		assert_int_equal(s->told.end.error, SIPDIALER_EFORMAT);
		assert_int_equal(s->told.end.sip_status, 0);
	}
	assert_int_equal(s->told.answered, 0);
	assert_int_equal(s->told.media, 0);
}


static void test_answer_to_another_call_refused(void **state)
{
	struct side *s = *state;
	char buf[MSG], good[MSG];
	char *p;

	call(s);
	memcpy(good, s->invite, sizeof(good));
	p = strstr(s->invite, "\r\nCall-ID: ") + 11;
	*p = *p == 'x' ? 'y' : 'x';
	reply(s, s->invite, "200 OK", "", sdp(40000, ""));
	AWAIT(s, ended, 1);
	assert_int_equal(s->told.end.error, SIPDIALER_EFORMAT);
	assert_int_equal(s->told.answered, 0);
	/* should the real one have been picked up, it is hung up */
	reply(s, good, "200 OK", "", sdp(40000, ""));
	expect(s, "ACK ", buf);
	expect(s, "BYE ", buf);
	reply(s, buf, "200 OK", "", "");
}


static void test_header_injection_refused(void **state)
{
	static const char *const evil[] = { "X-A: 1\r\nX-Evil: 1" };
	static const char *const via[] = { "Via: SIP/2.0/UDP 10.0.0.1" };
	struct side *s = *state;
	const struct sipd_invite_params params = s->params;

	s->params.to = "47\r\nX-Evil: 1";
	on_loop(s, do_call);
	assert_int_equal(s->err, SIPDIALER_EINVAL);

	s->params = params;
	s->params.caller_name = "A\r\nX-Evil: 1";
	on_loop(s, do_call);
	assert_int_equal(s->err, SIPDIALER_EINVAL);

	s->params = params;
	s->params.caller_id = "1>\r\nX-Evil: 1";
	on_loop(s, do_call);
	assert_int_equal(s->err, SIPDIALER_EINVAL);

	s->params = params;
	s->params.headers = evil;
	s->params.headerc = 1;
	on_loop(s, do_call);
	assert_int_equal(s->err, SIPDIALER_EINVAL);

	s->params.headers = via;
	on_loop(s, do_call);
	assert_int_equal(s->err, SIPDIALER_EINVAL);

	expect_none(s, "INVITE ", 100);
}


static void test_session_timer_expiry_hangs_up_not_early(void **state)
{
	struct side *s = *state;
	char buf[MSG], v[512];

	call(s);
	reply(s, s->invite, "200 OK", "Session-Expires: 4294967295;"
	      "refresher=uas\r\nRequire: timer\r\n", sdp(40000, ""));
	expect(s, "ACK ", buf);
	AWAIT(s, answered, 1);
	/* its refresh is answered with the same timer */
	request(s, "UPDATE", ++s->cseq,
		"Session-Expires: 1800;refresher=uac\r\n", "");
	expect(s, "SIP/2.0 200", buf);
	assert_string_equal(header(buf, "Session-Expires", v),
			    "1800;refresher=uac");
	expect_none(s, "BYE ", 200);
	bye_in(s, "");
}


static void test_unreachable_tcp_is_enet(void **state)
{
	struct side *s = calloc(1, sizeof(*s));
	(void)state;

	s->conf.transport = SIPD_TCP;
	side_open(s); /* the telephone listens on UDP only */
	on_loop(s, do_call);
	if (!s->err) {
		AWAIT(s, ended, 1);
		assert_int_equal(s->told.end.error, SIPDIALER_ENET);
		assert_non_null(strstr(s->told.reason, "127.0.0.1"));
	}
	else {
		assert_int_equal(s->err, SIPDIALER_ENET);
	}
	side_close(s);
	free(s);
}


#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_answer_and_bye_in_ends),
		T(test_answer_and_bye_out_ends),
		T(test_bye_lost_is_sent_again),
		T(test_bye_out_challenged_is_answered),
		T(test_busy_ends_with_status),
		T(test_not_found_reports_q850),
		T(test_unavailable_reports_retry_after),
		T(test_redirect_not_followed),
		T(test_early_media_then_answer),
		T(test_sdp_only_in_183_is_the_answer),
		T(test_no_sdp_at_all_refused),
		T(test_multipart_answer_taken),
		T(test_hangup_before_1xx_holds_cancel),
		T(test_hangup_inside_progress_cancels),
		T(test_answer_crossing_cancel_never_answered),
		T(test_silent_peer_ended_after_4s_late_answer_hung_up),
		T(test_ring_timeout_cancels),
		T(test_digest_answered),
		T(test_digest_refused_is_eauth),
		T(test_second_fork_hung_up),
		T(test_answer_again_acked_again),
		T(test_reinvite_hold_and_resume),
		T(test_reinvite_without_offer_answer_in_ack),
		T(test_reinvite_bad_offer_488_call_goes_on),
		T(test_other_requests_in_dialog_answered),
		T(test_info_dtmf_delivered),
		T(test_wrong_tag_in_dialog_refused),
		T(test_bad_status_lines_never_answered),
		T(test_answer_to_another_call_refused),
		T(test_header_injection_refused),
		T(test_session_timer_expiry_hangs_up_not_early),
		cmocka_unit_test(test_unreachable_tcp_is_enet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
