/**
 * @file test_invite_in.c  INVITE sessions that come in
 */
#include "invite_caller.h"


/* ---- it rings ------------------------------------------------------------ */

/* conformance: RFC 3261 13.3.1.1 | an INVITE that comes in rings: 180 with To tag and Contact | own telephone */
static void test_ringing_says_who_calls(void **state)
{
	struct side *s = *state;
	char buf[MSG], v[512];

	ring(s, buf);
	assert_string_equal(coming->from, "+4930123456");
	assert_string_equal(coming->to, "4711");
	assert_string_equal(coming->name, "");
	assert_non_null(strstr(header(buf, "To", v), ";tag="));
	assert_non_null(strstr(header(buf, "Contact", v), "sip:alice@"));
	assert_int_equal(s->told.ended, 0);
}


/* conformance: RFC 3261 17.2.1 | a copy of the INVITE gets the same 180, and is no second call | own telephone */
static void test_invite_again_same_180(void **state)
{
	struct side *s = *state;
	char first[MSG], again[MSG];
	const struct ask a = ring(s, first);

	ask_send(s, &a);
	expect(s, "SIP/2.0 180", again);
	assert_string_equal(first, again);
	assert_int_equal(coming->calls, 1);
}


/* conformance: RFC 3261 8.2.2.2 | the same request by another way gets 482 | own telephone */
static void test_merged_request_482(void **state)
{
	struct side *s = *state;
	char buf[MSG];
	struct ask a = ring(s, buf);

	a.branch = ++branch_number;
	refused(s, &a, "482", buf);
	assert_int_equal(coming->calls, 1);
}


/* conformance: RFC 3261 9.2 | CANCEL: 200 to it, 487 to the INVITE, one To tag | own telephone */
static void test_cancel_ends_by_487(void **state)
{
	struct side *s = *state;
	char buf[MSG], tag[512], v[512];
	const struct ask a = ring(s, buf);

	(void)header(buf, "To", tag);
	cancel_send(s, &a);
	expect(s, "SIP/2.0 200", buf);
	assert_string_equal(header(buf, "To", v), tag);
	expect(s, "SIP/2.0 487", buf);
	assert_string_equal(header(buf, "To", v), tag);
	ack_final(s, &a, buf);
	AWAIT(s, ended, 1);
	assert_int_equal(s->told.end.sip_status, 487);
	assert_false(s->told.end.local);
	assert_false(s->told.end.answered);

	expect_none(s, "SIP/2.0 487", 700); /* the ACK stopped it */
}


/* conformance: RFC 3261 9.2 | CANCEL of another branch gets 481, the call rings on | own telephone */
static void test_cancel_of_another_branch_481(void **state)
{
	struct side *s = *state;
	char buf[MSG];
	struct ask a = ring(s, buf);

	a.branch = ++branch_number;
	cancel_send(s, &a);
	expect(s, "SIP/2.0 481", buf);
	assert_int_equal(s->told.ended, 0);
}


/* Not to the letter, but seen: the To tag of our 180. */
static void test_cancel_with_tag_ends_by_487(void **state)
{
	struct side *s = *state;
	char buf[MSG], tag[512];
	const struct ask a = ring(s, buf);
	struct ask early = a;

	(void)header(buf, "To", tag);
	early.to = tag;
	early.branch = ++branch_number;
	cancel_send(s, &early);
	expect(s, "SIP/2.0 481", buf);
	assert_int_equal(s->told.ended, 0);

	early.branch = a.branch;
	cancel_send(s, &early);
	expect(s, "SIP/2.0 200", buf);
	expect(s, "SIP/2.0 487", buf);
	ack_final(s, &a, buf);
	AWAIT(s, ended, 1);
}


/* conformance: RFC 3261 17.2.1 | a final answer is sent again until its ACK | own telephone */
static void test_487_without_ack_is_sent_again(void **state)
{
	struct side *s = *state;
	char buf[MSG];
	const struct ask a = ring(s, buf);

	cancel_send(s, &a);
	expect(s, "SIP/2.0 487", buf);
	expect(s, "SIP/2.0 487", buf);
	ask_send(s, &a); /* and to a copy of the INVITE */
	expect(s, "SIP/2.0 487", buf);
	ack_final(s, &a, buf);
	AWAIT(s, ended, 1);
	assert_int_equal(coming->calls, 1);
}


/* conformance: RFC 3261 15.1.2 | BYE in the early dialog: 200 to it, 487 to the INVITE | own telephone */
static void test_bye_before_answer_487(void **state)
{
	struct side *s = *state;
	char buf[MSG], early[MSG];
	const struct ask a = ring(s, early);

	in_dialog(s, &a, early, "BYE", 2, NULL);
	expect(s, "SIP/2.0 200", buf);
	expect(s, "SIP/2.0 487", buf);
	ack_final(s, &a, buf);
	AWAIT(s, ended, 1);
	assert_int_equal(s->told.end.sip_status, 487);
}


static void test_reject_says_status(void **state)
{
	struct side *s = *state;
	char buf[MSG];
	const struct ask a = ring(s, buf);

	coming->reject_status = 486;
	on_loop(s, do_reject);
	expect(s, "SIP/2.0 486 Busy Here", buf);
	ack_final(s, &a, buf);
	assert_int_equal(s->told.ended, 1);
	assert_int_equal(s->told.end.sip_status, 486);
	assert_true(s->told.end.local);
	assert_string_equal(s->told.reason, "not today");
	expect_none(s, "SIP/2.0 486", 700);
}


static void test_hangup_before_answer_480(void **state)
{
	struct side *s = *state;
	char buf[MSG];
	const struct ask a = ring(s, buf);

	on_loop(s, do_hangup);
	expect(s, "SIP/2.0 480", buf);
	ack_final(s, &a, buf);
	assert_int_equal(s->told.ended, 1);
	assert_int_equal(s->told.end.sip_status, 480);
	assert_string_equal(s->told.reason, "enough");
}


static void test_nobody_decides_480(void **state)
{
	struct side *s = *state;
	char buf[MSG];
	struct ask a;

	coming->ring_ms = 200;
	a = ring(s, buf);
	expect(s, "SIP/2.0 480", buf);
	ack_final(s, &a, buf);
	AWAIT(s, ended, 1);
	assert_true(s->told.end.ring_timeout);
	assert_false(s->told.end.local);
}


/* conformance: RFC 3261 13.3.1 | Expires of the INVITE ends the ringing by 487 | own telephone */
static void test_expires_ends_by_487(void **state)
{
	struct side *s = *state;
	struct ask a = offer();
	char buf[MSG];

	a.headers = "Expires: 1\r\n";
	ask_send(s, &a);
	expect(s, "SIP/2.0 180", buf);
	expect(s, "SIP/2.0 487", buf);
	ack_final(s, &a, buf);
	AWAIT(s, ended, 1);
	assert_true(s->told.end.ring_timeout);
	assert_int_equal(s->told.end.sip_status, 487);
}


static void test_owner_refuses_in_handler(void **state)
{
	struct side *s = *state;
	char buf[MSG];
	const struct ask a = offer();

	coming->status = 486;
	refused(s, &a, "486", buf);
	/* a copy gets the same, and is no new call */
	coming->status = 0;
	ask_send(s, &a);
	expect(s, "SIP/2.0 486", buf);
	ack_final(s, &a, buf);
	assert_int_equal(coming->calls, 1);
	assert_int_equal(s->told.ended, 0);
}


static void test_early_requests(void **state)
{
	struct side *s = *state;
	char buf[MSG], early[MSG];
	const struct ask a = ring(s, early);

	in_dialog(s, &a, early, "UPDATE", 2, sdp(40002, ""));
	expect(s, "SIP/2.0 500", buf);
	in_dialog(s, &a, early, "UPDATE", 3, NULL);
	expect(s, "SIP/2.0 200", buf);
	in_dialog(s, &a, early, "OPTIONS", 4, NULL);
	expect(s, "SIP/2.0 200", buf);
	in_dialog(s, &a, early, "PRACK", 5, NULL);
	expect(s, "SIP/2.0 481", buf);
	in_dialog(s, &a, early, "INVITE", 6, sdp(40002, ""));
	expect(s, "SIP/2.0 500", buf);
	assert_int_equal(s->told.media, 0);
	assert_int_equal(s->told.ended, 0);
}


/* conformance: RFC 3311 5.2 | UPDATE without an offer before the answer refreshes the target | own telephone */
static void test_update_moves_the_target(void **state)
{
	struct side *s = *state;
	char buf[MSG], early[MSG], ok[MSG];
	const struct ask a = ring(s, early);
	struct ask moved = a;

	moved.contact = "Contact: <sip:moved@127.0.0.1:%u>\r\n";
	in_dialog(s, &moved, early, "UPDATE", 2, NULL);
	expect(s, "SIP/2.0 200", buf);
	on_loop(s, do_answer);
	expect(s, "SIP/2.0 200", ok);
	in_dialog(s, &a, ok, "ACK", 1, NULL);
	in_dialog(s, &moved, ok, "OPTIONS", 3, NULL);
	expect(s, "SIP/2.0 200", buf);
	on_loop(s, do_hangup);
	expect(s, "BYE sip:moved@127.0.0.1", buf);
	reply(s, buf, "200 OK", "", "");
}


/* ---- it is answered ------------------------------------------------------ */

static void test_answer_and_bye_in(void **state)
{
	struct side *s = *state;
	char ok[MSG], v[512];
	const struct ask a = answered(s, ok);

	assert_int_equal(s->told.answered, 1);
	assert_int_equal(s->told.media, 1);
	assert_int_equal(told_remote(s)->codec, SIPD_CODEC_PCMU);
	assert_non_null(strstr(ok, "m=audio 30000 RTP/AVP 0"));
	assert_non_null(strstr(header(ok, "Contact", v), "sip:alice@"));
	assert_non_null(strstr(header(ok, "Allow", v), "INVITE"));
	hear_bye(s, &a, ok);
	assert_true(s->told.end.answered);
	assert_false(s->told.end.local);
	assert_int_equal(s->told.end.sip_status, 200);
	expect_none(s, "SIP/2.0 200", 700);
}


static void test_answer_in_handler(void **state)
{
	struct side *s = *state;
	const struct ask a = offer();
	char ok[MSG];

	coming->answer = true;
	ask_send(s, &a);
	expect(s, "SIP/2.0 200", ok);
	in_dialog(s, &a, ok, "ACK", 1, NULL);
	hear_bye(s, &a, ok);
	assert_int_equal(s->told.answered, 1);
}


/* conformance: RFC 3261 12.1.1 | BYE of ours goes by the Record-Route of the INVITE | own telephone */
static void test_bye_out_by_the_routes(void **state)
{
	struct side *s = *state;
	struct ask a = offer();
	char buf[MSG], ok[MSG], v[512], routes[256];

	(void)snprintf(routes, sizeof(routes),
		       "Record-Route: <sip:127.0.0.1:%u;lr;n=1>\r\n"
		       "Record-Route: <sip:127.0.0.9;lr;n=2>\r\n",
		       s->port);
	a.headers = routes;
	ask_send(s, &a);
	expect(s, "SIP/2.0 180", buf);
	assert_non_null(strstr(buf, "Record-Route: <sip:127.0.0.9;lr;n=2>"));
	on_loop(s, do_answer);
	expect(s, "SIP/2.0 200", ok);
	assert_non_null(strstr(header(ok, "Record-Route", v), "n=1"));
	in_dialog(s, &a, ok, "ACK", 1, NULL);
	/* the ACK is taken before the next request of this socket is */
	in_dialog(s, &a, ok, "OPTIONS", 2, NULL);
	expect(s, "SIP/2.0 200", buf);

	on_loop(s, do_hangup);
	expect(s, "BYE sip:uac@127.0.0.1", buf);
	assert_non_null(strstr(header(buf, "Route", v), "n=1"));
	assert_non_null(strstr(buf, "Route: <sip:127.0.0.9;lr;n=2>"));
	assert_non_null(strstr(header(buf, "To", v), "tag=caller"));
	assert_non_null(strstr(header(buf, "From", v), "<sip:4711@127.0.0.1>"
						       ";tag="));
	reply(s, buf, "200 OK", "", "");
	assert_int_equal(s->told.ended, 1);
	assert_true(s->told.end.local && s->told.end.answered);
	expect_none(s, "BYE ", 700);
}


/* conformance: RFC 3261 13.3.1.4 | our 200 is sent again until its ACK | own telephone */
static void test_200_is_sent_again_until_ack(void **state)
{
	struct side *s = *state;
	char first[MSG], again[MSG];
	const struct ask a = ring(s, first);

	on_loop(s, do_answer);
	expect(s, "SIP/2.0 200", first);
	expect(s, "SIP/2.0 200", again); /* T1 */
	assert_string_equal(first, again);
	ask_send(s, &a); /* a copy of the INVITE gets it, too */
	expect(s, "SIP/2.0 200", again);
	assert_string_equal(first, again);
	in_dialog(s, &a, first, "ACK", 1, NULL);
	in_dialog(s, &a, first, "OPTIONS", 2, NULL);
	expect(s, "SIP/2.0 200", again);
	expect_none(s, "SIP/2.0 200", 1500);
	ask_send(s, &a); /* and none after the ACK */
	expect_none(s, "SIP/2.0", 300);
	assert_int_equal(coming->calls, 1);
	assert_int_equal(s->told.answered, 1);
	hear_bye(s, &a, first);
}


/* conformance: RFC 3261 15 | no BYE of ours before the ACK of our 200 | own telephone */
static void test_hangup_waits_for_the_ack(void **state)
{
	struct side *s = *state;
	char buf[MSG], ok[MSG];
	const struct ask a = ring(s, buf);

	on_loop(s, do_answer);
	expect(s, "SIP/2.0 200", ok);
	on_loop(s, do_hangup);
	assert_int_equal(s->told.ended, 1); /* at once */
	expect_none(s, "BYE ", 700);
	in_dialog(s, &a, ok, "ACK", 1, NULL);
	expect(s, "BYE ", buf);
	reply(s, buf, "200 OK", "", "");
	assert_int_equal(s->told.ended, 1);
}


/* conformance: RFC 3261 9.2 | CANCEL that crosses our 200 changes nothing | own telephone */
static void test_cancel_crosses_200(void **state)
{
	struct side *s = *state;
	char buf[MSG], ok[MSG];
	const struct ask a = ring(s, buf);

	on_loop(s, do_answer);
	expect(s, "SIP/2.0 200", ok);
	cancel_send(s, &a);
	do
		expect(s, "SIP/2.0 200", buf);
	while (!strstr(buf, "CANCEL"));
	assert_int_equal(s->told.ended, 0);
	/* the caller takes the 2xx, then hangs up. RFC 3261 9.1 */
	in_dialog(s, &a, ok, "ACK", 1, NULL);
	hear_bye(s, &a, ok);
	assert_true(s->told.end.answered);
}


static void test_answer_twice_is_one(void **state)
{
	struct side *s = *state;
	char ok[MSG];
	const struct ask a = answered(s, ok);

	on_loop(s, do_answer);
	on_loop(s, do_reject);
	assert_int_equal(s->told.answered, 1);
	assert_int_equal(s->told.ended, 0);
	hear_bye(s, &a, ok);
}


/* conformance: RFC 3261 13.2.1 | INVITE without an offer: ours in the 200, the answer in the ACK | own telephone */
static void test_late_offer_agreed_by_ack(void **state)
{
	struct side *s = *state;
	struct ask a = plain;
	char buf[MSG], ok[MSG];

	a.branch = ++branch_number;
	ask_send(s, &a);
	expect(s, "SIP/2.0 180", buf);
	on_loop(s, do_answer);
	expect(s, "SIP/2.0 200", ok);
	assert_non_null(strstr(ok, "m=audio 30000 RTP/AVP 0 8"));
	assert_int_equal(s->told.answered, 0);
	in_dialog(s, &a, ok, "ACK", 1, sdp(40000, ""));
	AWAIT(s, answered, 1);
	assert_int_equal(s->told.media, 1);
	hear_bye(s, &a, ok);
	assert_true(s->told.end.answered);
}


/* conformance: RFC 3261 13.2.1 | an ACK without the answer to our offer: BYE | own telephone */
static void test_late_offer_without_answer_is_over(void **state)
{
	struct side *s = *state;
	struct ask a = plain;
	char buf[MSG], ok[MSG];

	a.branch = ++branch_number;
	ask_send(s, &a);
	expect(s, "SIP/2.0 180", buf);
	on_loop(s, do_answer);
	expect(s, "SIP/2.0 200", ok);
	in_dialog(s, &a, ok, "ACK", 1, NULL);
	expect(s, "BYE ", buf);
	reply(s, buf, "200 OK", "", "");
	AWAIT(s, ended, 1);
	assert_int_equal(s->told.end.error, SIPDIALER_EFORMAT);
	assert_int_equal(s->told.answered, 0);
}


static void test_no_codec_for_the_answer_488(void **state)
{
	struct side *s = *state;
	char buf[MSG];
	const struct ask a = ring(s, buf);

	coming->codec = SIPD_CODEC_PCMA; /* PCMU is offered */
	on_loop(s, do_answer);
	expect(s, "SIP/2.0 488", buf);
	ack_final(s, &a, buf);
	assert_int_equal(s->told.ended, 1);
	assert_int_equal(s->told.end.sip_status, 488);
	assert_int_equal(s->told.end.error, SIPDIALER_EFORMAT);
}


static void test_hold_and_resume(void **state)
{
	struct side *s = *state;
	char ok[MSG], buf[MSG];
	const struct ask a = answered(s, ok);

	in_dialog(s, &a, ok, "INVITE", 2, sdp(40000, "a=sendonly\r\n"));
	expect(s, "SIP/2.0 200", buf);
	assert_non_null(strstr(buf, "a=recvonly"));
	in_dialog(s, &a, ok, "ACK", 2, NULL);
	AWAIT(s, media, 2);
	assert_int_equal(told_remote(s)->dir, SIPD_RECVONLY);
	in_dialog(s, &a, ok, "INVITE", 3, sdp(40000, ""));
	expect(s, "SIP/2.0 200", buf);
	in_dialog(s, &a, ok, "ACK", 3, NULL);
	AWAIT(s, media, 3);
	assert_int_equal(told_remote(s)->dir, SIPD_SENDRECV);
	in_dialog(s, &a, ok, "BYE", 4, NULL);
	expect(s, "SIP/2.0 200", buf);
	AWAIT(s, ended, 1);
}


static void timer_case(struct side *s, const char *headers, const char *want,
		       bool required)
{
	struct ask a = offer();
	char buf[MSG], ok[MSG], v[512];

	a.headers = headers;
	ask_send(s, &a);
	expect(s, "SIP/2.0 180", buf);
	on_loop(s, do_answer);
	expect(s, "SIP/2.0 200", ok);
	assert_string_equal(header(ok, "Session-Expires", v), want);
	assert_int_equal(strstr(ok, "Require: timer") != NULL, required);
	in_dialog(s, &a, ok, "ACK", 1, NULL);
	hear_bye(s, &a, ok);
}


static void test_timer_peer_refreshes(void **state)
{
	timer_case(*state, "Supported: timer\r\nSession-Expires: 1800\r\n",
		   "1800;refresher=uac", true);
}


static void test_timer_we_refresh(void **state)
{
	timer_case(*state,
		   "Supported: timer\r\n"
		   "Session-Expires: 1800;refresher=uas\r\n",
		   "1800;refresher=uas", false);
}


static void test_timer_of_a_proxy_we_refresh(void **state)
{
	timer_case(*state, "Session-Expires: 1800\r\n", "1800;refresher=uas",
		   false);
}


/* Below what we take, and a 422 is for those who speak of timers. */
static void test_timer_too_short_of_a_proxy_none(void **state)
{
	timer_case(*state, "Session-Expires: 60\r\n", "", false);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		I(test_ringing_says_who_calls),
		I(test_invite_again_same_180),
		I(test_merged_request_482),
		I(test_cancel_ends_by_487),
		I(test_cancel_of_another_branch_481),
		I(test_cancel_with_tag_ends_by_487),
		I(test_487_without_ack_is_sent_again),
		I(test_bye_before_answer_487),
		I(test_reject_says_status),
		I(test_hangup_before_answer_480),
		I(test_nobody_decides_480),
		I(test_expires_ends_by_487),
		I(test_owner_refuses_in_handler),
		I(test_early_requests),
		I(test_update_moves_the_target),
		I(test_answer_and_bye_in),
		I(test_answer_in_handler),
		I(test_bye_out_by_the_routes),
		I(test_200_is_sent_again_until_ack),
		I(test_hangup_waits_for_the_ack),
		I(test_cancel_crosses_200),
		I(test_answer_twice_is_one),
		I(test_late_offer_agreed_by_ack),
		I(test_late_offer_without_answer_is_over),
		I(test_no_codec_for_the_answer_488),
		I(test_hold_and_resume),
		I(test_timer_peer_refreshes),
		I(test_timer_we_refresh),
		I(test_timer_of_a_proxy_we_refresh),
		I(test_timer_too_short_of_a_proxy_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
