/**
 * @file test_invite_refer.c  Transfers: REFER and NOTIFY, both ways
 */
#include "telephone.h"

#define SIPFRAG "Content-Type: message/sipfrag;version=2.0\r\n"
#define ACTIVE \
	"Event: refer\r\nSubscription-State: active;expires=60\r\n" SIPFRAG
#define OVER \
	"Event: refer\r\nSubscription-State: terminated;reason=noresource" \
	"\r\n" SIPFRAG


static void do_transfer(struct side *s)
{
	s->err = sipd_invite_transfer(s->inv, "200", NULL);
}


/* REFER is out, and accepted */
static void asked(struct side *s, char *refer)
{
	call_answered(s);
	on_loop(s, do_transfer);
	assert_int_equal(s->err, 0);
	expect(s, "REFER ", refer);
	reply(s, refer, "202 Accepted", "", "");
	AWAIT(s, transfers, 1);
	assert_int_equal(s->told.transfer_state, SIPD_TRANSFER_TRYING);
}


static void notify(struct side *s, const char *headers, const char *body,
		   const char *answer)
{
	char buf[MSG];

	request(s, "NOTIFY", ++s->cseq, headers, body);
	expect(s, answer, buf);
}


/* conformance: RFC 3515 2.4 | a blind transfer: REFER, and NOTIFY tells of 100, 180 and 200 | own telephone */
static void test_transfer_completes(void **state)
{
	struct side *s = *state;
	char refer[MSG], v[512];

	asked(s, refer);
	assert_non_null(
		strstr(header(refer, "Refer-To", v), "<sip:200@127.0.0.1"));
	assert_non_null(strstr(header(refer, "Referred-By", v),
			       "<sip:alice@127.0.0.1"));
	assert_non_null(strstr(header(refer, "Contact", v), "sip:alice@"));

	notify(s, ACTIVE, "SIP/2.0 100 Trying\r\n", "SIP/2.0 200");
	notify(s, ACTIVE, "SIP/2.0 180 Ringing\r\n", "SIP/2.0 200");
	AWAIT(s, transfers, 3);
	assert_int_equal(s->told.transfer_state, SIPD_TRANSFER_RINGING);
	notify(s, OVER, "SIP/2.0 200 OK\r\n", "SIP/2.0 200");
	AWAIT(s, transfers, 4);
	assert_int_equal(s->told.transfer_state, SIPD_TRANSFER_COMPLETED);
	assert_int_equal(s->told.transfer_status, 200);
	/* that subscription is over. RFC 6665 */
	notify(s, OVER, "SIP/2.0 200 OK\r\n", "SIP/2.0 481");
	assert_int_equal(s->told.ended, 0); /* the owner decides */
	bye_in(s, "");
}


/* conformance: RFC 3515 2.4.5 | a transfer that fails: the status and reason are told, the call goes on | own telephone */
static void test_transfer_fails_and_the_call_goes_on(void **state)
{
	struct side *s = *state;
	char refer[MSG];

	asked(s, refer);
	notify(s, OVER, "SIP/2.0 486 Busy there\r\n", "SIP/2.0 200");
	AWAIT(s, transfers, 2);
	assert_int_equal(s->told.transfer_state, SIPD_TRANSFER_FAILED);
	assert_int_equal(s->told.transfer_status, 486);
	assert_string_equal(s->told.transfer_reason, "Busy there");
	/* another one may be tried */
	on_loop(s, do_transfer);
	assert_int_equal(s->err, 0);
	expect(s, "REFER ", refer);
	reply(s, refer, "603 Decline", "", "");
	AWAIT(s, transfers, 3);
	assert_int_equal(s->told.transfer_status, 603);
	assert_int_equal(s->told.ended, 0);
	bye_in(s, "");
}


/* conformance: RFC 3515 2.4.2 | a REFER that is challenged is sent again with credentials | own telephone */
static void test_refer_challenged(void **state)
{
	struct side *s = *state;
	char buf[MSG], v[512];

	call_answered(s);
	on_loop(s, do_transfer);
	expect(s, "REFER ", buf);
	reply(s, buf, "401 Unauthorized",
	      "WWW-Authenticate: Digest "
	      "realm=\"127.0.0.1\", nonce=\"n1\", algorithm=MD5\r\n",
	      "");
	do
		expect(s, "REFER ", buf);
	while (!*header(buf, "Authorization", v));
	reply(s, buf, "202 Accepted", "", "");
	AWAIT(s, transfers, 1);
	/* some hang up instead of the last NOTIFY */
	bye_in(s, "");
	assert_int_equal(s->told.transfer_state, SIPD_TRANSFER_COMPLETED);
}


static void test_notify_of_something_else_is_refused(void **state)
{
	struct side *s = *state;
	char refer[MSG];

	call_answered(s);
	notify(s, "Event: presence\r\n", "", "SIP/2.0 489");
	notify(s, ACTIVE, "SIP/2.0 100 Trying\r\n", "SIP/2.0 481");
	on_loop(s, do_transfer);
	expect(s, "REFER ", refer);
	/* it may come before the answer to the REFER */
	notify(s, ACTIVE, "SIP/2.0 183 Session\r\n", "SIP/2.0 200");
	AWAIT(s, transfers, 1);
	assert_int_equal(s->told.transfer_status, 183);
	reply(s, refer, "202 Accepted", "", "");
	/* not a status line: nothing is told, and that it ends is a failure */
	notify(s, ACTIVE, "SIP/2.0 99 x", "SIP/2.0 200");
	notify(s, ACTIVE, "", "SIP/2.0 200");
	notify(s, OVER, "SIP/2.0 2000", "SIP/2.0 200");
	AWAIT(s, transfers, 2);
	bye_in(s, "");
}


/* ---- of the peer ---------------------------------------------------------- */

static void do_ringing(struct side *s)
{
	sipd_invite_referred(s->inv, 180);
}


static void do_answered(struct side *s)
{
	sipd_invite_referred(s->inv, 183);
	sipd_invite_referred(s->inv, 200);
	sipd_invite_referred(s->inv, 180); /* too late */
}


static void do_refuse(struct side *s)
{
	sipd_invite_referred(s->inv, 486);
}


static void refer_in(struct side *s, const char *headers, const char *answer)
{
	char buf[MSG];

	request(s, "REFER", ++s->cseq, headers, "");
	expect(s, answer, buf);
}


/* The next NOTIFY, not answered */
static void asked_to_note(struct side *s, const char *state, const char *body,
			  char *buf)
{
	char v[512];

	expect(s, "NOTIFY ", buf);
	assert_non_null(strstr(header(buf, "Event", v), "refer"));
	assert_int_equal(strncmp(header(buf, "Subscription-State", v), state,
				 strlen(state)),
			 0);
	assert_non_null(
		strstr(header(buf, "Content-Type", v), "message/sipfrag"));
	assert_non_null(strstr(buf, body));
}


static void notified(struct side *s, const char *state, const char *body)
{
	char buf[MSG];

	asked_to_note(s, state, body, buf);
	reply(s, buf, "200 OK", "", "");
}


/* conformance: RFC 3515 2.4.4 | a REFER received: 202, NOTIFY of 100, of the newest progress and of the end | own telephone */
static void test_referral_is_told_to_its_end(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	s->take_referrals = true;
	call_answered(s);
	refer_in(s,
		 "Refer-To: <sip:300@127.0.0.1?Replaces=a%40b%3Bto-tag%3Dx"
		 "%3Bfrom-tag%3Dy&X-Evil=1>\r\n"
		 "Referred-By: \"Boss\" <sip:boss@127.0.0.1>\r\n",
		 "SIP/2.0 202");
	AWAIT(s, referred, 1);
	assert_string_equal(s->told.refer_to, "sip:300@127.0.0.1");
	assert_string_equal(s->told.replaces, "a@b;to-tag=x;from-tag=y");
	assert_string_equal(s->told.refer_by, "sip:boss@127.0.0.1");
	/* a second one while it goes on */
	refer_in(s, "Refer-To: <sip:301@127.0.0.1>\r\n", "SIP/2.0 491");

	notified(s, "active", "SIP/2.0 100 Trying\r\n");
	on_loop(s, do_ringing);
	asked_to_note(s, "active", "SIP/2.0 180 Ringing\r\n", buf);
	on_loop(s, do_answered);
	reply(s, buf, "200 OK", "", "");
	notified(s, "terminated", "SIP/2.0 200 OK\r\n");

	refer_in(s, "Refer-To: <sip:301@127.0.0.1>\r\n", "SIP/2.0 202");
	notified(s, "active", "SIP/2.0 100 Trying\r\n");
	on_loop(s, do_refuse);
	notified(s, "terminated", "SIP/2.0 486 Busy Here\r\n");
	bye_in(s, "");
}


/* conformance: RFC 4488 4 | Refer-Sub: false gets no NOTIFY | own telephone */
static void test_referral_without_notify(void **state)
{
	struct side *s = *state;

	s->take_referrals = true;
	call_answered(s);
	refer_in(s, "Refer-To: <tel:+4930100>\r\nRefer-Sub: false\r\n",
		 "SIP/2.0 200");
	AWAIT(s, referred, 1);
	assert_string_equal(s->told.refer_to, "+4930100");
	on_loop(s, do_answered);
	expect_none(s, "NOTIFY", 300);
	bye_in(s, "");
}


/* conformance: RFC 3515 2.4.2 | a REFER that nobody wants gets 603, a malformed one 400 | own telephone */
static void test_referrals_refused(void **state)
{
	struct side *s = *state;

	call_answered(s);
	refer_in(s, "Refer-To: <sip:300@127.0.0.1>\r\n", "SIP/2.0 603");
	s->take_referrals = true;
	refer_in(s, "", "SIP/2.0 400");
	refer_in(s, "Refer-To: <sip:3@a>\r\nRefer-To: <sip:4@a>\r\n",
		 "SIP/2.0 400");
	refer_in(s, "Refer-To: <http://a/>\r\n", "SIP/2.0 400");
	refer_in(s, "Refer-To: <sip:3@a;method=BYE>\r\n", "SIP/2.0 400");
	refer_in(s,
		 "Refer-To: <sip:3@a?Replaces=a%0d%0aX%3B;to-tag=;from-tag=>"
		 "\r\n",
		 "SIP/2.0 400");
	assert_int_equal(s->told.referred, 0);
	bye_in(s, "");
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_transfer_completes),
		T(test_transfer_fails_and_the_call_goes_on),
		T(test_refer_challenged),
		T(test_notify_of_something_else_is_refused),
		T(test_referral_is_told_to_its_end),
		T(test_referral_without_notify),
		T(test_referrals_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
