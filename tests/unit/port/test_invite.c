/**
 * @file test_invite.c  From the INVITE to its final answer
 */
#include "telephone.h"


/* conformance: RFC 3261 12.1.2 | the ACK takes the route set of the 2xx, reversed | own telephone */
/* conformance: RFC 3326 2 | the Q.850 cause of a BYE is told | own telephone */
static void test_answer_and_bye_in_ends(void **state)
{
	static const char *const headers[] = {
		"X-Campaign: 5",
		"P-Asserted-Identity: <sip:9@x>",
	};
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
	assert_string_equal(header(s->invite, "Supported", v),
			    "timer, replaces, 199");
	assert_non_null(strstr(header(s->invite, "Contact", v), "127.0.0.1"));
	assert_non_null(strstr(s->invite, "m=audio 30000 RTP/AVP 0 8 101"));

	reply(s, s->invite, "100 Trying", "", "");
	reply(s, s->invite, "180 Ringing", "", "");
	reply(s, s->invite, "200 OK",
	      "Record-Route: <sip:127.0.0.1:1;lr>, "
	      "<sip:127.0.0.1:2;lr>\r\n",
	      sdp(40000, ""));
	/* the ACK goes to the last Record-Route: port 2, not to us */
	AWAIT(s, answered, 1);
	assert_int_equal(s->told.progress, 1);
	assert_int_equal(s->told.progress_status, 180);
	assert_int_equal(s->told.media, 1);
	assert_int_equal(sipd_addr_port(&told_remote(s)->rtp), 40000);
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


/* conformance: RFC 3261 17.1.1.3 | a final answer above 299 gets an ACK | own telephone */
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


/* conformance: RFC 3326 2 | the Q.850 cause of a final answer is told | own telephone */
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


/* conformance: RFC 3261 20.33 | Retry-After of 503, 480 and 486 is told | own telephone */
static void test_unavailable_reports_retry_after(void **state)
{
	static const char *const statuses[] = {
		"503 Service Unavailable",
		"480 Temporarily Unavailable",
		"486 Busy Here",
	};
	struct side *s = *state;
	int i;

	for (i = 0; i < 3; i++) {
		call(s);
		reply(s, s->invite, statuses[i],
		      "Retry-After: 120 (busy);duration=60\r\n", "");
		AWAIT(s, ended, i + 1);
		assert_int_equal(s->told.end.sip_status, atoi(statuses[i]));
		assert_int_equal(s->told.end.retry_after, 120);
	}
}


/* conformance: ATIS-1000099 | a 603 of the network is told from that of a person | own telephone */
static void test_603_of_the_network_told_from_a_decline(void **state)
{
	struct side *s = *state;

	call(s);
	reply(s, s->invite, "603 Decline",
	      "Reason: Q.850;cause=21;text=\"v=analytics1;url=x\"\r\n", "");
	AWAIT(s, ended, 1);
	assert_int_equal(s->told.end.sip_status, 603);
	assert_true(s->told.end.network_block);
}


static void test_603_of_a_person_is_no_network_block(void **state)
{
	struct side *s = *state;

	call(s);
	reply(s, s->invite, "603 Decline", "Reason: Q.850;cause=21\r\n", "");
	AWAIT(s, ended, 1);
	assert_false(s->told.end.network_block);
}


/* conformance: RFC 3261 8.1.3.4 | a 3xx is not followed unless sip.redirect_allow says so | own telephone */
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


/* conformance: RFC 3261 13.2.2.1 | early media of the fork that sent it last is heard | own telephone */
static void test_early_media_then_answer(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call(s);
	reply(s, s->invite, "183 Session Progress", "", sdp(41000, ""));
	reply(s, s->invite, "183 Session Progress", "", sdp(41000, ""));
	AWAIT(s, progress, 2);
	AWAIT(s, media_early, 1);
	assert_int_equal(sipd_addr_port(&told_remote(s)->rtp), 41000);
	/* an early dialog of another fork: the latest wins */
	(void)snprintf(s->tag, sizeof(s->tag), "uas2");
	reply(s, s->invite, "183 Session Progress", "", sdp(42000, ""));
	AWAIT(s, media_early, 2);
	assert_int_equal(sipd_addr_port(&told_remote(s)->rtp), 42000);
	assert_int_equal(s->told.media, 0);
	assert_int_equal(s->told.answered, 0);

	reply(s, s->invite, "200 OK", "", sdp(42002, ""));
	expect(s, "ACK ", buf);
	AWAIT(s, answered, 1);
	assert_int_equal(s->told.media_early, 2); /* the copy was no news */
	assert_int_equal(s->told.media, 1);
	assert_int_equal(sipd_addr_port(&told_remote(s)->rtp), 42002);
	bye_in(s, "");
}


/* conformance: RFC 3264 4 | a 2xx without SDP has the description of its 183 | own telephone */
static void test_sdp_only_in_183_is_the_answer(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call(s);
	reply(s, s->invite, "183 Session Progress", "", sdp(41000, ""));
	reply(s, s->invite, "200 OK", "", "");
	expect(s, "ACK ", buf);
	AWAIT(s, answered, 1);
	assert_int_equal(sipd_addr_port(&told_remote(s)->rtp), 41000);
	bye_in(s, "");
}


/* conformance: RFC 3261 13.2.2.4 | a 2xx without any description gets ACK and BYE | own telephone */
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


/* conformance: RFC 5621 3.1 | the SDP of a multipart answer is taken | own telephone */
static void test_multipart_answer_taken(void **state)
{
	struct side *s = *state;
	char buf[MSG], body[2048];

	call(s);
	(void)snprintf(body, sizeof(body),
		       "--xx\r\nContent-Type: application/"
		       "isup\r\n\r\nabc\r\n--xx\r\nContent-Type: application/"
		       "sdp\r\n\r\n%s\r\n--xx--\r\n",
		       sdp(40010, ""));
	reply(s, s->invite, "200 OK",
	      "Content-Type: multipart/mixed;"
	      "boundary=\"xx\"\r\nX-Skip: ",
	      body);
	expect(s, "ACK ", buf);
	AWAIT(s, answered, 1);
	assert_int_equal(sipd_addr_port(&told_remote(s)->rtp), 40010);
	bye_in(s, "");
}


/* conformance: RFC 3261 9.1 | no CANCEL before a 1xx | own telephone */
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


/* conformance: RFC 3261 9.1 | a 2xx that crosses our CANCEL gets ACK and BYE | own telephone */
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


/* conformance: RFC 3261 9.1 | a 2xx long after the hang-up gets ACK and BYE | own telephone */
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


/* conformance: RFC 3261 9.1 | our ring limit ends an INVITE by CANCEL | own telephone */
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


/* conformance: RFC 3261 16.6 | 1xx that come again and again do not lengthen our ring limit; without an answer to the CANCEL the call ends all the same | own telephone */
static void test_ring_limit_is_ours(void **state)
{
	struct side *s = *state;
	char buf[MSG];
	uint64_t start;
	int i;

	s->params.ring_timeout_ms = 600;
	call(s);
	start = sipd_clock_ms();
	for (i = 1; i <= 4; i++) {
		reply(s, s->invite,
		      i % 2 ? "183 Session Progress" : "180 Ringing", "", "");
		AWAIT(s, progress, i);
		expect_none(s, "CANCEL ", 100);
	}
	expect(s, "CANCEL ", buf);
	assert_in_range(sipd_clock_ms() - start, 550, 2500);
	reply(s, buf, "200 OK", "", "");
	AWAIT(s, ended, 1); /* no 487 comes */
	assert_true(s->told.end.ring_timeout);
	assert_int_equal(s->told.end.sip_status, 0);
}


/* conformance: RFC 3261 22.2 | a challenged INVITE comes again: same Call-ID and From, next CSeq | own telephone */
static void test_digest_answered(void **state)
{
	struct side *s = *state;
	char buf[MSG], first[MSG], v[512], w[512];

	call(s);
	memcpy(first, s->invite, sizeof(first));
	reply(s, s->invite, "401 Unauthorized",
	      "WWW-Authenticate: Digest "
	      "realm=\"127.0.0.1\", nonce=\"abc\", algorithm=MD5, "
	      "qop=\"auth\"\r\n",
	      "");
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
			       "nonce=\"n%d\", algorithm=MD5\r\n",
			       i);
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


/* conformance: RFC 3261 7.2 | a status line that is none is no answer | own telephone */
static void test_bad_status_lines_never_answered(void **state)
{
	static const char *const lines[] = {
		"SIP/2.0 4294967496 OK", "SIP/2.0 700 OK",  "SIP/3.0 200 OK",
		"SIP/2.0 999 OK",        "HTTP/1.1 200 OK", "SIP/2.0 0200 OK",
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


/* conformance: RFC 3261 8.1.3.3 | a 2xx of another Call-ID is no answer | own telephone */
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
	static const char *const evil[] = {"X-A: 1\r\nX-Evil: 1"};
	static const char *const via[] = {"Via: SIP/2.0/UDP 10.0.0.1"};
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


/* Over TCP the telephone answers on the connection that the INVITE came by. */
static void test_tcp_call_stays_on_its_connection(void **state)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	struct side *s = calloc(1, sizeof(*s));
	char buf[MSG];
	int listener;
	(void)state;

	s->conf.transport = SIPD_TCP;
	side_open(s);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons(s->port);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&sin, sizeof(sin)),
			 0);
	assert_int_equal(listen(listener, 1), 0);

	on_loop(s, do_call);
	assert_int_equal(s->err, 0);
	(void)close(s->fd);
	s->fd = accept(listener, NULL, NULL);
	assert_true(s->fd >= 0);
	s->stream = true;

	expect(s, "INVITE ", s->invite);
	assert_non_null(strstr(s->invite, ";transport=tcp>"));
	reply(s, s->invite, "200 OK", "", sdp(40000, ""));
	expect(s, "ACK ", buf); /* our Contact names no transport */
	AWAIT(s, answered, 1);
	on_loop(s, do_hangup);
	expect(s, "BYE ", buf);
	reply(s, buf, "200 OK", "", "");
	assert_int_equal(s->told.ended, 1);

	side_close(s);
	(void)close(listener);
	free(s);
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


int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_answer_and_bye_in_ends),
		T(test_busy_ends_with_status),
		T(test_not_found_reports_q850),
		T(test_unavailable_reports_retry_after),
		T(test_603_of_the_network_told_from_a_decline),
		T(test_603_of_a_person_is_no_network_block),
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
		T(test_ring_limit_is_ours),
		T(test_digest_answered),
		T(test_digest_refused_is_eauth),
		T(test_bad_status_lines_never_answered),
		T(test_answer_to_another_call_refused),
		T(test_header_injection_refused),
		cmocka_unit_test(test_tcp_call_stays_on_its_connection),
		cmocka_unit_test(test_unreachable_tcp_is_enet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
