/**
 * @file test_invite_hold.c  We hold, and go on
 */
#include "telephone.h"


static void do_hold(struct side *s)
{
	sipd_invite_hold(s->inv, true);
}


static void do_resume(struct side *s)
{
	sipd_invite_hold(s->inv, false);
}


static void held(struct side *s)
{
	char buf[MSG];

	call_answered(s);
	on_loop(s, do_hold);
	expect(s, "INVITE ", buf);
	assert_non_null(strstr(buf, "a=sendonly"));
	reply(s, buf, "200 OK", "", sdp(40000, "a=recvonly\r\n"));
	expect(s, "ACK ", buf);
	AWAIT(s, holding, 1);
	assert_true(s->told.hold_on && !s->told.hold_error);
}


/* conformance: RFC 3264 8.4 | we hold by a re-INVITE with sendonly, and resume by sendrecv | own telephone */
static void test_hold_and_resume(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	held(s);
	assert_int_equal(told_remote(s)->dir, SIPD_SENDONLY);
	/* the peer asks again meanwhile: it stays held */
	request_sdp(s, "INVITE", ++s->cseq, sdp(40000, ""));
	expect(s, "SIP/2.0 200", buf);
	assert_non_null(strstr(buf, "a=sendonly"));
	request(s, "ACK", s->cseq, "", "");

	on_loop(s, do_resume);
	expect(s, "INVITE ", buf);
	assert_non_null(strstr(buf, "a=sendrecv"));
	reply(s, buf, "200 OK", "", sdp(40000, ""));
	expect(s, "ACK ", buf);
	AWAIT(s, holding, 2);
	assert_false(s->told.hold_on);
	bye_in(s, "");
}


/* conformance: RFC 3261 14.1 | a hold that crosses a re-INVITE (491) is sent again | own telephone */
static void test_glare_is_tried_again(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call_answered(s);
	on_loop(s, do_hold);
	expect(s, "INVITE ", buf);
	reply(s, buf, "491 Request Pending", "", "");
	expect(s, "ACK ", buf);
	expect_none(s, "INVITE ", 1900);
	expect(s, "INVITE ", buf); /* 2.1 to 4 s */
	assert_non_null(strstr(buf, "a=sendonly"));
	reply(s, buf, "200 OK", "", sdp(40000, "a=recvonly\r\n"));
	AWAIT(s, holding, 1);
	assert_int_equal(s->told.hold_error, 0);
	bye_in(s, "");
}


/* conformance: RFC 3261 14.1 | a hold that is refused leaves the session as it was | own telephone */
static void test_refused_hold_changes_nothing(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call_answered(s);
	on_loop(s, do_hold);
	expect(s, "INVITE ", buf);
	reply(s, buf, "488 Not Acceptable Here", "", "");
	expect(s, "ACK ", buf);
	AWAIT(s, holding, 1);
	assert_int_not_equal(s->told.hold_error, 0);
	request_sdp(s, "INVITE", ++s->cseq, sdp(40000, ""));
	expect(s, "SIP/2.0 200", buf);
	assert_non_null(strstr(buf, "a=sendrecv"));
	request(s, "ACK", s->cseq, "", "");
	assert_int_equal(s->told.ended, 0);
	bye_in(s, "");
}


static void do_both(struct side *s)
{
	sipd_invite_hold(s->inv, true);
	sipd_invite_hold(s->inv, false);
	sipd_invite_hold(s->inv, true);
	sipd_invite_hold(s->inv, true);
}


static void test_only_the_last_wish_counts(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call_answered(s);
	on_loop(s, do_both);
	expect(s, "INVITE ", buf);
	assert_non_null(strstr(buf, "a=sendonly"));
	/* while that is under way: back again */
	on_loop(s, do_resume);
	reply(s, buf, "200 OK", "", sdp(40000, "a=recvonly\r\n"));
	AWAIT(s, holding, 1);
	expect(s, "INVITE ", buf);
	assert_non_null(strstr(buf, "a=sendrecv"));
	reply(s, buf, "200 OK", "", sdp(40000, ""));
	AWAIT(s, holding, 2);
	assert_false(s->told.hold_on);
	expect_none(s, "INVITE ", 300);
	bye_in(s, "");
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_hold_and_resume),
		T(test_glare_is_tried_again),
		T(test_refused_hold_changes_nothing),
		T(test_only_the_last_wish_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
