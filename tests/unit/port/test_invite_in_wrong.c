/**
 * @file test_invite_in_wrong.c  INVITEs that come in and are wrong, too many,
 *                               or a stranger's
 *
 * The stranger is a second socket, on 127.0.0.2.
 */
#include "invite_caller.h"


/* ---- it is wrong ---------------------------------------------------------- */

/* conformance: RFC 3261 8.2 | 400, 415, 416, 420, 422, 488 to INVITEs that cannot be taken | own telephone */
static void test_wrong_ones_are_refused(void **state)
{
	struct side *s = *state;
	char buf[MSG], v[512], to[1200];
	struct ask a;

	a = offer();
	a.headers = "Require: 100rel, timer, x-new\r\n";
	refused(s, &a, "420", buf);
	assert_string_equal(header(buf, "Unsupported", v), "100rel, x-new");

	/* what fits of many */
	a = offer();
	(void)snprintf(to, sizeof(to), "Require: x-new, x-%0600d, x-old\r\n",
		       0);
	a.headers = to;
	refused(s, &a, "420", buf);
	assert_string_equal(header(buf, "Unsupported", v), "x-new, x-old");

	a = offer();
	a.headers = "Content-Encoding: gzip\r\n";
	refused(s, &a, "415", buf);
	assert_string_equal(header(buf, "Accept-Encoding", v), "identity");

	a = offer();
	a.contact = "";
	refused(s, &a, "400", buf);
	(void)header(buf, "To", v);
	refused(s, &a, "400", buf); /* a copy gets the same tag */
	assert_string_equal(header(buf, "To", to), v);

	a = offer();
	a.contact = "Contact: <tel:+4930>\r\n";
	refused(s, &a, "400", buf);

	a = offer();
	(void)snprintf(to, sizeof(to), "\"%01100d\" <sip:a@b>", 0);
	a.to = to;
	refused(s, &a, "400", buf);

	a = offer();
	a.callid = "in 1";
	refused(s, &a, "400", buf);

	a = offer();
	a.met = "OPTIONS";
	refused(s, &a, "400", buf);

	a = offer();
	a.type = "text/plain";
	refused(s, &a, "415", buf);
	assert_string_equal(header(buf, "Accept", v), "application/sdp");

	a = offer();
	a.headers = "Supported: timer\r\nSession-Expires: 30\r\n";
	refused(s, &a, "422", buf);
	assert_string_equal(header(buf, "Min-SE", v), "90");

	a = offer();
	a.body = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
		 "c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 18\r\n";
	refused(s, &a, "488", buf);
	assert_non_null(strstr(header(buf, "Warning", v), "no codec"));

	a = offer();
	a.body = "no description";
	refused(s, &a, "488", buf);

	a = offer();
	a.to = "<sip:4711@127.0.0.1>;tag=old";
	refused(s, &a, "481", buf);

	assert_int_equal(coming->calls, 0);
	ring(s, buf); /* a good one works after all of them */
}


static void test_names_are_decoded_and_bounded(void **state)
{
	struct side *s = *state;
	struct ask a = offer();
	char from[800], buf[MSG], want[300];
	size_t i;

	coming->status = 480;
	a.from = "\"Anna \\\"A\\\" M\xc3\xbcller\" <sip:j%20r@127.0.0.1>";
	a.uri = "sip:%2b4930@127.0.0.1";
	refused(s, &a, "480", buf);
	await_int(s, &coming->calls, 1, "calls");
	ack_final(s, &a, buf);
	assert_string_equal(coming->name, "Anna \"A\" M\xc3\xbcller");
	/* a user that is none of ours: the URI */
	assert_string_equal(coming->from, "sip:j%20r@127.0.0.1");
	/* the Request-URI says more than our own Contact does */
	assert_string_equal(coming->to, "+4930");

	a = offer();
	a.callid = "in-2";
	a.from = "\"\x1b[31mred\xff\x7f\" <sip:127.0.0.1>";
	refused(s, &a, "480", buf);
	await_int(s, &coming->calls, 2, "calls");
	ack_final(s, &a, buf);
	assert_string_equal(coming->name, "?[31mred??");
	assert_string_equal(coming->from, "sip:127.0.0.1");

	/* 254 bytes and a character of two are cut between characters */
	(void)snprintf(from, sizeof(from), "\"%0254d\xc3\xbc more\" <sip:a@b>",
		       0);
	a = offer();
	a.callid = "in-3";
	a.from = from;
	refused(s, &a, "480", buf);
	await_int(s, &coming->calls, 3, "calls");
	ack_final(s, &a, buf);
	(void)snprintf(want, sizeof(want), "%0254d", 0);
	assert_string_equal(coming->name, want);

	(void)snprintf(from, sizeof(from), "<sip:");
	for (i = 5; i < 600; i++)
		from[i] = 'a';
	(void)snprintf(from + i, sizeof(from) - i, "@127.0.0.1>");
	a = offer();
	a.callid = "in-4";
	a.from = from;
	refused(s, &a, "480", buf);
	await_int(s, &coming->calls, 4, "calls");
	assert_int_equal(strlen(coming->from), 255);

	/* C1, a line separator, right to left, an isolate; then none */
	a = offer();
	a.callid = "in-5";
	a.from = "\"a\xc2\x9b"
		 "b\xe2\x80\xa8"
		 "c\xe2\x80\xae"
		 "d\xe2\x81\xa6"
		 "e\xc2\xa0\xe2\x80\xa7\xe2\x82\xac\" <sip:a@b>";
	refused(s, &a, "480", buf);
	await_int(s, &coming->calls, 5, "calls");
	assert_string_equal(coming->name,
			    "a?b?c?d?e\xc2\xa0\xe2\x80\xa7\xe2\x82\xac");
}


static void test_tel_uri_is_a_number(void **state)
{
	struct side *s = *state;
	struct ask a = offer();
	char buf[MSG];

	coming->status = 480;
	a.from = "Anna <tel:+49-30-123;phone-context=x>";
	refused(s, &a, "480", buf);
	await_int(s, &coming->calls, 1, "calls");
	ack_final(s, &a, buf);
	assert_string_equal(coming->from, "+49-30-123");
	assert_string_equal(coming->name, "Anna");
}


/* ---- it is too much, or from a stranger ------------------------------------ */

static void test_closed_answers_480_as_before(void **state)
{
	struct side *s = *state;
	struct ask a = offer();
	char buf[MSG];

	/* also what would be refused otherwise */
	a.headers = "Require: 100rel\r\n";
	refused(s, &a, "480 Temporarily Unavailable", buf);
	expect_none(s, "SIP/2.0 480", 700); /* stateless */
}


static int stranger_socket(void)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);

	return fd;
}


static void stranger_send(const struct side *s, int fd, const struct ask *a)
{
	char msg[MSG];

	ask_write(s, a, msg);
	assert_true(sendto(fd, msg, strlen(msg), 0,
			   (const struct sockaddr *)&s->peer,
			   sizeof(s->peer)) > 0);
}


static struct sipd_sip_stats stats;

static void do_stats(struct side *s)
{
	sipd_sip_stats(s->sip, &stats);
}


static void await_strangers(struct side *s, uint64_t least)
{
	const uint64_t end = sipd_clock_ms() + 10000;

	do
		on_loop(s, do_stats);
	while (stats.strangers < least && sipd_clock_ms() < end);
	assert_true(stats.strangers >= least);
}


/* conformance: RFC 3261 26.3.1.2 | a stranger gets no answer to any request | own telephone */
static void test_strangers_get_no_byte(void **state)
{
	struct side *s = *state;
	const int fd = stranger_socket();
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	char callid[32];
	struct ask a = offer();
	unsigned i;

	for (i = 0; i < 10000; i++) {
		(void)snprintf(callid, sizeof(callid), "stranger-%u", i);
		a.callid = callid;
		a.branch = ++branch_number;
		a.headers = i & 1 ? "Require: x\r\n" : "";
		stranger_send(s, fd, &a);
		if (i % 100 == 99) /* the kernel's buffer is not the point */
			await_strangers(s, i + 1);
	}
	await_strangers(s, 10000);
	assert_int_equal(poll(&pfd, 1, 200), 0);
	assert_int_equal(coming->calls, 0);
	(void)close(fd);
}


/* conformance: RFC 3261 26.3.1.2 | a stranger with the ids of a ringing call neither cancels nor ends it | own telephone */
static void test_stranger_cannot_touch_a_call(void **state)
{
	struct side *s = *state;
	const int fd = stranger_socket();
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	char buf[MSG];
	struct ask a = ring(s, buf);
	const struct ask call = a;

	stranger_send(s, fd, &a); /* the INVITE again */
	a.branch = ++branch_number;
	stranger_send(s, fd, &a); /* another way */
	a = call;
	a.method = a.met = "CANCEL";
	a.body = NULL;
	stranger_send(s, fd, &a);
	await_strangers(s, 3);
	assert_int_equal(poll(&pfd, 1, 200), 0);
	assert_int_equal(s->told.ended, 0);

	cancel_send(s, &call);
	expect(s, "SIP/2.0 487", buf);
	ack_final(s, &call, buf);
	(void)close(fd);
}


/* Of an INVITE that we never sent. */
static void test_forged_200_is_not_acked(void **state)
{
	struct side *s = *state;
	char early[MSG], buf[MSG], msg[MSG], to[512];
	const struct ask a = ring(s, early);

	(void)snprintf(msg, sizeof(msg),
		       "SIP/2.0 200 OK\r\n"
		       "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKforged\r\n"
		       "From: %s\r\nTo: <sip:evil@127.0.0.1>;tag=evil\r\n"
		       "Call-ID: %s\r\nCSeq: 0 INVITE\r\n"
		       "Contact: <sip:evil@127.0.0.1:%u>\r\n"
		       "Content-Length: 0\r\n\r\n",
		       s->port, header(early, "To", to), a.callid, s->port);
	raw_send(s, msg);
	in_dialog(s, &a, early, "OPTIONS", 2, NULL);
	assert_true(msg_recv(s, buf, WAIT_MS));
	assert_non_null(strstr(buf, "SIP/2.0 200"));
	expect_none(s, "BYE", 100);
	assert_int_equal(s->told.ended, 0);
}


/* conformance: RFC 3261 21.5.4 | over 100 new calls a second: 503 with Retry-After | own telephone */
static void test_rate_is_limited(void **state)
{
	struct side *s = *state;
	struct ask a = offer();
	char callid[32], buf[MSG];
	unsigned i, limited = 0;

	coming->status = 486;
	for (i = 0; i < 400 && !limited; i++) {
		(void)snprintf(callid, sizeof(callid), "many-%u", i);
		a.callid = callid;
		a.branch = ++branch_number;
		ask_send(s, &a);
		do
			assert_true(msg_recv(s, buf, WAIT_MS));
		while (!strstr(buf, callid));
		if (!strncmp(buf, "SIP/2.0 503", 11)) {
			assert_non_null(strstr(buf, "Retry-After: 1\r\n"));
			limited++;
		}
		ack_final(s, &a, buf);
	}
	assert_true(limited > 0);
	assert_true(i > 200);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		I(test_wrong_ones_are_refused),
		I(test_names_are_decoded_and_bounded),
		I(test_tel_uri_is_a_number),
		I(test_strangers_get_no_byte),
		I(test_stranger_cannot_touch_a_call),
		I(test_forged_200_is_not_acked),
		I(test_rate_is_limited),
		cmocka_unit_test_setup_teardown(
			test_closed_answers_480_as_before, closed_setup,
			in_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
