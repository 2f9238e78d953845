/**
 * @file test_invite_cross.c  Requests that cross, come twice, or end a session
 *                            while it tells something
 */
#include "telephone.h"
#include "port/sip/invite/invite.h"


/* A re-INVITE, the same each time it is sent. */
static void reinvite_write(struct side *s, char *msg)
{
	const char *body = sdp(40000, "a=sendonly\r\n");
	char from[512], to[512], id[512];

	(void)snprintf(msg, MSG,
		       "INVITE sip:alice@127.0.0.1 SIP/2.0\r\n"
		       "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKsame\r\n"
		       "From: %s;tag=%s\r\nTo: %s\r\nCall-ID: %s\r\n"
		       "CSeq: %u INVITE\r\nMax-Forwards: 70\r\nContact: %s\r\n"
		       "Content-Type: application/sdp\r\n"
		       "Content-Length: %zu\r\n\r\n%s",
		       s->port, header(s->invite, "To", to), s->tag,
		       header(s->invite, "From", from),
		       header(s->invite, "Call-ID", id), ++s->cseq,
		       contact_of(s), strlen(body), body);
}


/* conformance: RFC 3261 17.2.1, 13.3.1.4 | a copy of a re-INVITE whose 200 was lost gets that 200 again | own telephone */
static void test_copy_of_a_reinvite_gets_its_200(void **state)
{
	struct side *s = *state;
	char msg[MSG], first[MSG], buf[MSG];

	call_answered(s);
	reinvite_write(s, msg);
	raw_send(s, msg);
	expect(s, "SIP/2.0 200", first);
	raw_send(s, msg);
	expect(s, "SIP/2.0 ", buf);
	assert_string_equal(buf, first);
	request(s, "ACK", s->cseq, "", "");
	/* one that was under way when the ACK left is told nothing */
	request(s, "OPTIONS", s->cseq + 1, "", "");
	raw_send(s, msg);
	expect(s, "SIP/2.0 200", buf);
	expect_none(s, "SIP/2.0 5", 300);
	assert_int_equal(s->told.media, 2);
	s->cseq++;
	bye_in(s, "");
}


static void do_hold(struct side *s)
{
	sipd_invite_hold(s->inv, true);
}


static void do_resume(struct side *s)
{
	sipd_invite_hold(s->inv, false);
}


/* conformance: RFC 3261 13.2.2.4, 14.1 | a 200 to our re-INVITE that crosses our BYE gets its ACK | own telephone */
static void test_200_of_a_reinvite_crosses_our_bye(void **state)
{
	struct side *s = *state;
	char invite[MSG], buf[MSG], v[512], w[512];

	call_answered(s);
	on_loop(s, do_hold);
	expect(s, "INVITE ", invite);
	on_loop(s, do_hangup);
	expect(s, "BYE ", buf);
	reply(s, invite, "200 OK", "", sdp(40000, "a=recvonly\r\n"));
	expect(s, "ACK ", buf);
	assert_int_equal(atoi(header(buf, "CSeq", v)),
			 atoi(header(invite, "CSeq", w)));
	assert_int_equal(s->told.ended, 1);
	assert_int_equal(s->told.holding, 0);
}


/* The refresh is due now, not in half of 90 s. */
static void do_due(struct side *s)
{
	struct tmr *tmr = &s->inv->tmr;

	assert_true(tmr_isrunning(tmr));
	tmr_start(tmr, 0, tmr->th, tmr->arg);
}


/* conformance: RFC 3261 14.1 | a hold that is asked for while a session refresh is under way follows it | own telephone */
static void test_hold_behind_a_refresh(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call(s);
	reply(s, s->invite, "200 OK",
	      "Allow: INVITE\r\nRequire: timer\r\n"
	      "Session-Expires: 90;refresher=uac\r\n",
	      sdp(40000, ""));
	expect(s, "ACK ", buf);
	AWAIT(s, answered, 1);
	on_loop(s, do_due);
	expect(s, "INVITE ", buf);
	assert_non_null(strstr(buf, "a=sendrecv"));
	on_loop(s, do_hold);
	reply(s, buf, "200 OK",
	      "Require: timer\r\nSession-Expires: 90;refresher=uac\r\n",
	      sdp(40000, ""));
	expect(s, "ACK ", buf);
	expect(s, "INVITE ", buf);
	assert_non_null(strstr(buf, "a=sendonly"));
	reply(s, buf, "200 OK", "", sdp(40000, "a=recvonly\r\n"));
	AWAIT(s, holding, 1);
	assert_int_equal(s->told.hold_error, 0);
	bye_in(s, "");
}


/* Who changes his mind while a re-INVITE waits is told how it stands. */
static void test_resume_while_a_hold_waits(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call_answered(s);
	on_loop(s, do_hold);
	expect(s, "INVITE ", buf);
	reply(s, buf, "491 Request Pending", "", "");
	expect(s, "ACK ", buf);
	on_loop(s, do_resume);
	AWAIT(s, holding, 1);
	assert_false(s->told.hold_on);
	assert_int_equal(s->told.hold_error, 0);
	/* or with that request on its way */
	on_loop(s, do_hold);
	expect(s, "INVITE ", buf);
	on_loop(s, do_resume);
	reply(s, buf, "491 Request Pending", "", "");
	AWAIT(s, holding, 2);
	assert_false(s->told.hold_on);
	expect_none(s, "INVITE ", 300);
	bye_in(s, "");
}


/* Each request may be challenged for itself. */
static void challenged_hold(struct side *s, const char *nonce, bool on)
{
	char buf[MSG], headers[256], v[512];

	on_loop(s, on ? do_hold : do_resume);
	do
		expect(s, "INVITE ", buf);
	while (!strstr(buf, on ? "a=sendonly" : "a=sendrecv"));
	(void)snprintf(headers, sizeof(headers),
		       "WWW-Authenticate: Digest realm=\"127.0.0.1\", "
		       "nonce=\"%s\", algorithm=MD5\r\n",
		       nonce);
	reply(s, buf, "401 Unauthorized", headers, "");
	do
		expect(s, "INVITE ", buf);
	while (!strstr(header(buf, "Authorization", v), nonce));
	reply(s, buf, "200 OK", "",
	      sdp(40000, on ? "a=recvonly\r\n" : "a=sendrecv\r\n"));
}


/* conformance: RFC 3261 22.2 | each re-INVITE of a call may be challenged anew | own telephone */
static void test_each_hold_is_challenged(void **state)
{
	struct side *s = *state;
	int i;

	call_answered(s);
	for (i = 0; i < 4; i++) {
		char nonce[] = {'n', 'o', 'n', (char)('1' + i), '\0'};

		challenged_hold(s, nonce, i % 2 == 0);
		AWAIT(s, holding, i + 1);
		assert_int_equal(s->told.hold_error, 0);
	}
	bye_in(s, "");
}


static void do_transfer(struct side *s)
{
	s->err = sipd_invite_transfer(s->inv, "200", NULL);
}


/* conformance: RFC 3261 15.1.2 | a BYE that completes a transfer is answered, and not by a BYE of ours | own telephone */
static void test_bye_that_completes_a_transfer(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	s->hangup_in_transfer = true;
	call_answered(s);
	on_loop(s, do_transfer);
	assert_int_equal(s->err, 0);
	expect(s, "REFER ", buf);
	reply(s, buf, "202 Accepted", "", "");
	AWAIT(s, transfers, 1);
	request(s, "BYE", ++s->cseq, "", "");
	expect(s, "SIP/2.0 200", buf);
	AWAIT(s, ended, 1);
	assert_int_equal(s->told.transfer_state, SIPD_TRANSFER_COMPLETED);
	assert_false(s->told.end.local);
	expect_none(s, "BYE ", 300);
	assert_int_equal(s->told.ended, 1);
}


/* The owner hangs up as he is told of it. */
static void test_hangup_as_a_transfer_completes(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	s->hangup_in_transfer = true;
	call_answered(s);
	on_loop(s, do_transfer);
	expect(s, "REFER ", buf);
	reply(s, buf, "202 Accepted", "", "");
	AWAIT(s, transfers, 1);
	request(s, "NOTIFY", ++s->cseq,
		"Event: refer\r\nSubscription-State: terminated\r\n"
		"Content-Type: message/sipfrag\r\n",
		"SIP/2.0 200 OK\r\n");
	expect(s, "SIP/2.0 200", buf);
	expect(s, "BYE ", buf);
	AWAIT(s, ended, 1);
	assert_true(s->told.end.local);
	/* late ones find no session */
	request(s, "NOTIFY", ++s->cseq, "Event: refer\r\n", "");
	expect(s, "SIP/2.0 481", buf);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_copy_of_a_reinvite_gets_its_200),
		T(test_200_of_a_reinvite_crosses_our_bye),
		T(test_hold_behind_a_refresh),
		T(test_resume_while_a_hold_waits),
		T(test_each_hold_is_challenged),
		T(test_bye_that_completes_a_transfer),
		T(test_hangup_as_a_transfer_completes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
