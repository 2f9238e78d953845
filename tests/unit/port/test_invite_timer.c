/**
 * @file test_invite_timer.c  Session timers: asked for, chosen, enforced
 */
#include "invite_caller.h"
#include "port/sip/invite/invite.h"

#define REFRESHED_BY_US \
	"Allow: INVITE, UPDATE\r\nRequire: timer\r\n" \
	"Session-Expires: 90;refresher=uac\r\n"


static int timed_setup(void **state)
{
	struct side *s = calloc(1, sizeof(*s));

	s->conf.session_expires = 1800;
	s->conf.session_min = 120;
	side_open(s);
	coming = calloc(1, sizeof(*coming));
	coming->s = s;
	find_stack(s);
	on_loop(s, do_listen);
	*state = s;

	return 0;
}

#define S(name) cmocka_unit_test_setup_teardown(name, timed_setup, in_teardown)


/* The timer is due now, not in half of 90 s. */
static void do_due(struct side *s)
{
	struct tmr *tmr = &s->inv->tmr;

	assert_true(tmr_isrunning(tmr));
	tmr_start(tmr, 0, tmr->th, tmr->arg);
}


static void do_expire(struct side *s)
{
	s->inv->expires_ms = sipd_clock_ms();
	do_due(s);
}


static void do_left(struct side *s)
{
	s->err = (int)tmr_get_expire(&s->inv->tmr);
}


/* ms to what the session timer does next */
static int left(struct side *s)
{
	char buf[MSG];

	/* what was sent before this is read when it is answered */
	request(s, "OPTIONS", ++s->cseq, "", "");
	expect(s, "SIP/2.0 200", buf);
	on_loop(s, do_left);

	return s->err;
}


static void call_with(struct side *s, const char *headers)
{
	char buf[MSG];

	call(s);
	reply(s, s->invite, "200 OK", headers, sdp(40000, ""));
	expect(s, "ACK ", buf);
	AWAIT(s, answered, 1);
}


/* conformance: RFC 4028 7.1 | an INVITE asks for a session timer, with Min-SE and without naming the refresher | own telephone */
static void test_invite_asks_for_a_timer(void **state)
{
	struct side *s = *state;
	char buf[MSG], v[512];

	call(s);
	assert_string_equal(header(s->invite, "Session-Expires", v), "1800");
	assert_string_equal(header(s->invite, "Min-SE", v), "120");
	assert_non_null(strstr(header(s->invite, "Supported", v), "timer"));
	reply(s, s->invite, "486 Busy Here", "", "");
	expect(s, "ACK ", buf);
	AWAIT(s, ended, 1);
}


static void test_refresher_is_named_as_set(void **state)
{
	static const char *const want[] = {"1800", "1800;refresher=uac",
					   "1800;refresher=uas"};
	int i;
	(void)state;

	for (i = SIPD_REFRESHER_AUTO; i <= SIPD_REFRESHER_REMOTE; i++) {
		struct side *s = calloc(1, sizeof(*s));
		char v[512];

		s->conf.session_expires = 1800;
		s->conf.refresher = (enum sipd_refresher)i;
		side_open(s);
		call(s);
		assert_string_equal(header(s->invite, "Session-Expires", v),
				    want[i]);
		assert_string_equal(header(s->invite, "Min-SE", v), "");
		side_close(s);
		free(s);
	}
}


/* conformance: RFC 4028 7.3 | an INVITE refused by 422 is sent again once, with the Min-SE asked for | own telephone */
static void test_invite_after_422_asks_for_more_once(void **state)
{
	struct side *s = *state;
	char buf[MSG], v[512];

	call(s);
	reply(s, s->invite, "422 Session Interval Too Small",
	      "Min-SE: 3600\r\n", "");
	do
		expect(s, "INVITE ", buf);
	while (strcmp(header(buf, "Min-SE", v), "3600"));
	assert_string_equal(header(buf, "Session-Expires", v), "3600");
	reply(s, buf, "422 Session Interval Too Small", "Min-SE: 7200\r\n",
	      "");
	AWAIT(s, ended, 1);
	assert_int_equal(s->told.end.sip_status, 422);
}


static void test_422_without_sense_ends_the_call(void **state)
{
	struct side *s = *state;

	call(s);
	reply(s, s->invite, "422 Session Interval Too Small", "Min-SE: 90\r\n",
	      "");
	AWAIT(s, ended, 1);
	assert_int_equal(s->told.end.sip_status, 422);
}


/* conformance: RFC 4028 10 | BYE when the refresher, we, is refused until the session expires; 500 and 491 are tried again before | own telephone */
static void test_refused_refresh_is_tried_until_it_expires(void **state)
{
	struct side *s = *state;
	char buf[MSG], v[512];

	call_with(s, REFRESHED_BY_US);
	assert_in_range(left(s), 40000, 45000);
	on_loop(s, do_due);
	expect(s, "UPDATE ", buf);
	reply(s, buf, "500 Server Internal Error", "Retry-After: 7\r\n", "");
	assert_in_range(left(s), 5000, 7000);
	on_loop(s, do_due);
	expect(s, "UPDATE ", buf);
	reply(s, buf, "491 Request Pending", "", "");
	assert_in_range(left(s), 1000, 4000); /* 2.1 to 4 s, some passed */
	on_loop(s, do_due);
	expect(s, "UPDATE ", buf);
	reply(s, buf, "488 Not Acceptable Here", "", "");
	assert_in_range(left(s), 15000, 22500);
	assert_int_equal(s->told.ended, 0);
	on_loop(s, do_expire);
	expect(s, "BYE ", buf);
	assert_non_null(strstr(header(buf, "Reason", v), "cause=102"));
	AWAIT(s, ended, 1);
	assert_string_equal(s->told.reason,
			    "peer refuses to refresh the session");
}


/* conformance: RFC 4028 10 | BYE a third, at most 32 s, before the end if the peer's refresh does not come | own telephone */
static void test_peer_that_does_not_refresh_is_hung_up(void **state)
{
	struct side *s = *state;
	char buf[MSG], v[512];

	call_with(s, "Require: timer\r\n"
		     "Session-Expires: 90;refresher=uas\r\n");
	assert_in_range(left(s), 55000, 60000);
	request(s, "UPDATE", ++s->cseq,
		"Supported: timer\r\nSession-Expires: 1800;refresher=uac\r\n",
		"");
	expect(s, "SIP/2.0 200", buf);
	assert_in_range(left(s), 1760000, 1768000);
	on_loop(s, do_due);
	expect(s, "BYE ", buf);
	assert_non_null(strstr(header(buf, "Reason", v), "cause=102"));
	AWAIT(s, ended, 1);
}


/* conformance: RFC 4028 8.1 | a 408 or 481 to the refresh ends the call | own telephone */
static void test_481_to_the_refresh_ends_the_call(void **state)
{
	static const char *const status[] = {"481 No Such Call",
					     "408 Request Timeout"};
	int i;
	(void)state;

	for (i = 0; i < 2; i++) {
		struct side *s = calloc(1, sizeof(*s));
		char buf[MSG];

		side_open(s);
		call_with(s, REFRESHED_BY_US);
		on_loop(s, do_due);
		expect(s, "UPDATE ", buf);
		reply(s, buf, status[i], "", "");
		expect(s, "BYE ", buf);
		AWAIT(s, ended, 1);
		assert_int_equal(s->told.end.error, SIPDIALER_ENET);
		side_close(s);
		free(s);
	}
}


/* conformance: RFC 4028 7.4 | a peer without UPDATE is refreshed by a re-INVITE with the same description and version | own telephone */
static void test_refresh_by_reinvite(void **state)
{
	struct side *s = *state;
	char buf[MSG], again[MSG], v[512];

	call_with(s, "Require: timer\r\n"
		     "Session-Expires: 90;refresher=uac\r\n");
	on_loop(s, do_due);
	expect(s, "INVITE ", buf);
	assert_string_equal(strstr(s->invite, "v=0"), strstr(buf, "v=0"));
	assert_string_equal(header(buf, "Session-Expires", v),
			    "90;refresher=uac");
	/* theirs meets ours */
	request_sdp(s, "INVITE", ++s->cseq, sdp(40000, ""));
	expect(s, "SIP/2.0 491", again);
	request(s, "ACK", s->cseq, "", "");
	reply(s, buf, "200 OK", REFRESHED_BY_US, sdp(40000, ""));
	expect(s, "ACK ", buf);
	assert_in_range(left(s), 40000, 45000);
	on_loop(s, do_due); /* its answer said that it has UPDATE */
	expect(s, "UPDATE ", buf);
	assert_null(strstr(buf, "v=0"));
	reply(s, buf, "405 Method Not Allowed", "", "");
	expect(s, "INVITE ", buf); /* or so it said */
	reply(s, buf, "200 OK", REFRESHED_BY_US, sdp(40000, ""));
	expect(s, "ACK ", buf);
	bye_in(s, "");
}


/* conformance: RFC 3311 5.2 | an UPDATE or re-INVITE without an offer of ours under way is taken while our UPDATE is | own telephone */
static void test_offer_is_taken_while_our_update_waits(void **state)
{
	struct side *s = *state;
	char buf[MSG], ours[MSG];

	call_with(s, REFRESHED_BY_US);
	on_loop(s, do_due);
	expect(s, "UPDATE ", ours);
	request_sdp(s, "UPDATE", ++s->cseq, sdp(40100, "a=sendonly\r\n"));
	expect(s, "SIP/2.0 200", buf);
	assert_non_null(strstr(buf, "a=recvonly"));
	AWAIT(s, media, 2);
	reply(s, ours, "200 OK", REFRESHED_BY_US, "");
	assert_in_range(left(s), 40000, 45000);
	bye_in(s, "");
}


/* conformance: RFC 4028 9 | a re-INVITE or UPDATE with too small an interval is refused by 422 and Min-SE, the session goes on | own telephone */
static void test_small_interval_in_the_dialog_gets_422(void **state)
{
	static const char small[] =
		"Supported: timer\r\nSession-Expires: 100\r\n";
	struct side *s = *state;
	char buf[MSG], v[512];

	call_with(s, "");
	request(s, "INVITE", ++s->cseq, small, "");
	expect(s, "SIP/2.0 422", buf);
	assert_string_equal(header(buf, "Min-SE", v), "120");
	request(s, "ACK", s->cseq, "", "");
	request(s, "UPDATE", ++s->cseq, small, "");
	expect(s, "SIP/2.0 422", buf);
	/* one that knows no 422 gets no timer */
	request(s, "UPDATE", ++s->cseq, "Session-Expires: 100\r\n", "");
	expect(s, "SIP/2.0 200", buf);
	assert_string_equal(header(buf, "Session-Expires", v), "");
	assert_int_equal(s->told.ended, 0);
	bye_in(s, "");
}


/* What our 200 says of timers to an INVITE with these headers. */
static void answered_to(struct side *s, const char *headers, const char *want,
			const char *require)
{
	struct ask a = offer();
	char ok[MSG], v[512], id[32];
	static unsigned number;

	(void)snprintf(id, sizeof(id), "timer-%u", ++number);
	a.headers = headers;
	a.callid = id;
	ask_send(s, &a);
	expect(s, "SIP/2.0 180", ok);
	await_int(s, &coming->calls, (int)number, "calls");
	on_loop(s, do_answer);
	expect(s, "SIP/2.0 200", ok);
	assert_string_equal(header(ok, "Session-Expires", v), want);
	assert_string_equal(header(ok, "Require", v), require);
	a.headers = "";
	in_dialog(s, &a, ok, "ACK", 1, NULL);
	in_dialog(s, &a, ok, "BYE", 50, NULL);
	expect(s, "SIP/2.0 200", ok);
	await_int(s, &s->told.ended, (int)number, "ended");
}


/* conformance: RFC 4028 9 | our 200 names interval and refresher as asked, as set, or not at all to who knows no timers | own telephone */
static void test_answer_agrees_on_interval_and_refresher(void **state)
{
	struct side *s = *state;

	answered_to(s, "", "", "");
	answered_to(s, "Supported: timer\r\n", "1800;refresher=uas", "");
	answered_to(s, "Supported: timer\r\nMin-SE: 2400\r\n",
		    "2400;refresher=uas", "");
	answered_to(s, "Supported: timer\r\nSession-Expires: 600\r\n",
		    "600;refresher=uac", "timer");
	answered_to(s, "Session-Expires: 600\r\n", "600;refresher=uas", "");
	answered_to(s,
		    "Supported: timer\r\nSession-Expires: 600"
		    ";refresher=uas\r\n",
		    "600;refresher=uas", "");
	/* less than asked for, but not less than its least */
	answered_to(s, "Supported: timer\r\nSession-Expires: 7200\r\n",
		    "1800;refresher=uac", "timer");
	answered_to(s,
		    "Supported: timer\r\nSession-Expires: 7200\r\n"
		    "Min-SE: 3600\r\n",
		    "3600;refresher=uac", "timer");
}


/* conformance: RFC 4028 9 | an INVITE with too small an interval is refused by 422 | own telephone */
static void test_small_interval_of_a_new_call_gets_422(void **state)
{
	struct side *s = *state;
	struct ask a = offer();
	char buf[MSG], v[512];

	a.headers = "Supported: timer\r\nSession-Expires: 119\r\n";
	refused(s, &a, "422", buf);
	assert_string_equal(header(buf, "Min-SE", v), "120");
}


/* Within more than expect() waits for. */
static void await_invite(struct side *s, char *buf)
{
	const uint64_t end = sipd_clock_ms() + 6000;

	while (sipd_clock_ms() < end) {
		if (msg_recv(s, buf, 100) && !strncmp(buf, "INVITE ", 7))
			return;
	}
	fail_msg("no INVITE came");
}


static void do_hold(struct side *s)
{
	sipd_invite_hold(s->inv, true);
}


/* conformance: RFC 3261 14.1, 14.2 | an offer of the peer while our re-INVITE is under way gets 491; 491 to ours sends it again after 2.1 to 4 s | own telephone */
static void test_offers_that_cross(void **state)
{
	struct side *s = *state;
	char buf[MSG], ours[MSG];
	uint64_t since;

	call_with(s, "");
	on_loop(s, do_hold);
	expect(s, "INVITE ", ours);
	request_sdp(s, "INVITE", ++s->cseq, sdp(40000, ""));
	expect(s, "SIP/2.0 491", buf);
	request(s, "ACK", s->cseq, "", "");
	request_sdp(s, "UPDATE", ++s->cseq, sdp(40000, ""));
	expect(s, "SIP/2.0 491", buf);
	reply(s, ours, "491 Request Pending", "", "");
	expect(s, "ACK ", buf);
	since = sipd_clock_ms();
	await_invite(s, buf);
	assert_true(sipd_clock_ms() - since >= 2000);
	reply(s, buf, "200 OK", "", sdp(40000, "a=recvonly\r\n"));
	expect(s, "ACK ", buf);
	AWAIT(s, holding, 1);
	bye_in(s, "");
}


/* conformance: RFC 3261 12.2.1.2 | 481 to our re-INVITE ends the dialog, 488 leaves the media as they were | own telephone */
static void test_refused_hold(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call_with(s, "");
	on_loop(s, do_hold);
	expect(s, "INVITE ", buf);
	reply(s, buf, "488 Not Acceptable Here", "", "");
	expect(s, "ACK ", buf);
	AWAIT(s, holding, 1);
	assert_int_equal(s->told.hold_error, SIPDIALER_ENET);
	assert_int_equal(s->told.ended, 0);
	on_loop(s, do_hold);
	expect(s, "INVITE ", buf);
	reply(s, buf, "481 Call Does Not Exist", "", "");
	expect(s, "BYE ", buf);
	AWAIT(s, ended, 1);
}


/* conformance: RFC 4028 9 | a hold without Session-Expires leaves the timer as it is | own telephone */
static void test_hold_without_timer_headers_keeps_the_timer(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call_with(s, REFRESHED_BY_US);
	request_sdp(s, "INVITE", ++s->cseq, sdp(40000, "a=sendonly\r\n"));
	expect(s, "SIP/2.0 200", buf);
	request(s, "ACK", s->cseq, "", "");
	assert_in_range(left(s), 40000, 45000);
	bye_in(s, "");
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		S(test_invite_asks_for_a_timer),
		cmocka_unit_test(test_refresher_is_named_as_set),
		S(test_invite_after_422_asks_for_more_once),
		S(test_422_without_sense_ends_the_call),
		S(test_refused_refresh_is_tried_until_it_expires),
		S(test_peer_that_does_not_refresh_is_hung_up),
		cmocka_unit_test(test_481_to_the_refresh_ends_the_call),
		S(test_refresh_by_reinvite),
		S(test_offer_is_taken_while_our_update_waits),
		S(test_small_interval_in_the_dialog_gets_422),
		S(test_answer_agrees_on_interval_and_refresher),
		S(test_small_interval_of_a_new_call_gets_422),
		S(test_offers_that_cross),
		S(test_refused_hold),
		S(test_hold_without_timer_headers_keeps_the_timer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
