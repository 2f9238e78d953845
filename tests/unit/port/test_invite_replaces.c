/**
 * @file test_invite_replaces.c  INVITEs that are to take a call's place
 */
#include "invite_caller.h"


/* The value of the parameter tag of a header. */
static const char *tag_of(const char *msg, const char *name, char *buf)
{
	char v[512];
	const char *p = strstr(header(msg, name, v), "tag=");

	assert_non_null(p);
	(void)snprintf(buf, 64, "%.*s", (int)strcspn(p + 4, ";>"), p + 4);

	return buf;
}


/* An INVITE of its own, with this header. */
static struct ask replacing(const char *headers)
{
	struct ask a = offer();

	a.callid = "in-2";
	a.headers = headers;

	return a;
}


/* Replaces for a call that came in, of whose dialog `of` is a response. */
static const char *naming(const char *of, const char *more, char *buf)
{
	char tag[64];

	(void)snprintf(buf, 512,
		       "Replaces: in-1;to-tag=%s;from-tag=caller%s\r\n",
		       tag_of(of, "To", tag), more);

	return buf;
}


static void refused_by(struct side *s, const char *headers, const char *status)
{
	const struct ask a = replacing(headers);
	char buf[MSG];

	refused(s, &a, status, buf);
}


/* conformance: RFC 3891 3 | an INVITE whose Replaces fits an answered call is told as such | own telephone */
static void test_answered_call_is_found(void **state)
{
	struct side *s = *state;
	char ok[MSG], buf[MSG], headers[512];
	const struct ask first = answered(s, ok);
	struct ask a;

	assert_false(coming->replaces);
	a = replacing(naming(ok, "", headers));
	ask_send(s, &a);
	expect(s, "SIP/2.0 180", buf);
	await_int(s, &coming->calls, 2, "calls");
	assert_true(coming->replaces);
	cancel_send(s, &a);
	expect(s, "SIP/2.0 487", buf);
	ack_final(s, &a, buf);
	hear_bye(s, &first, ok);
}


/* conformance: RFC 3891 3 | tags that fit no dialog get 481 | own telephone */
static void test_no_such_dialog_481(void **state)
{
	struct side *s = *state;
	char ok[MSG], headers[512], tag[64];
	const struct ask first = answered(s, ok);

	refused_by(s, "Replaces: in-1;to-tag=x;from-tag=caller\r\n", "481");
	(void)snprintf(headers, sizeof(headers),
		       "Replaces: in-1;to-tag=%s;from-tag=x\r\n",
		       tag_of(ok, "To", tag));
	refused_by(s, headers, "481");
	/* the tags of the other side */
	(void)snprintf(headers, sizeof(headers),
		       "Replaces: in-1;to-tag=caller;from-tag=%s\r\n", tag);
	refused_by(s, headers, "481");
	hear_bye(s, &first, ok);
}


/* conformance: RFC 3891 3 | a call that rings here is not given to others: 481 | own telephone */
static void test_ringing_call_481(void **state)
{
	struct side *s = *state;
	char buf[MSG], headers[512];
	const struct ask first = ring(s, buf);

	refused_by(s, naming(buf, "", headers), "481");
	cancel_send(s, &first);
	expect(s, "SIP/2.0 487", buf);
	ack_final(s, &first, buf);
	AWAIT(s, ended, 1);
}


/* conformance: RFC 3891 3 | early-only and an answered call: 486 | own telephone */
static void test_early_only_486(void **state)
{
	struct side *s = *state;
	char ok[MSG], headers[512];
	const struct ask first = answered(s, ok);

	refused_by(s, naming(ok, ";early-only", headers), "486");
	hear_bye(s, &first, ok);
}


/* conformance: RFC 3891 3 | a call that has ended: 603 | own telephone */
static void test_ending_call_603(void **state)
{
	struct side *s = *state;
	char ok[MSG], buf[MSG], headers[512];
	struct ask a;

	(void)answered(s, ok);
	on_loop(s, do_hangup);
	expect(s, "BYE ", buf);
	a = replacing(naming(ok, "", headers));
	ask_send(s, &a);
	expect(s, "SIP/2.0 603", ok);
	ack_final(s, &a, ok);
	reply(s, buf, "200 OK", "", "");
	AWAIT(s, ended, 1);
}


/* conformance: RFC 3891 4 | two Replaces, or a malformed one: 400 | own telephone */
static void test_malformed_400(void **state)
{
	struct side *s = *state;

	refused_by(s, "Replaces: in-1\r\n", "400");
	refused_by(s, "Replaces: in-1;to-tag=a\r\n", "400");
	refused_by(s, "Replaces: ;to-tag=a;from-tag=b\r\n", "400");
	refused_by(s,
		   "Replaces: in-1;to-tag=a;from-tag=b\r\n"
		   "Replaces: in-2;to-tag=a;from-tag=b\r\n",
		   "400");
	assert_int_equal(coming->calls, 0);
}


/* conformance: RFC 3891 3 | an early dialog that we began may be replaced | own telephone */
static void test_call_of_ours_that_rings(void **state)
{
	struct side *s = *state;
	char buf[MSG], headers[512], v[512], tag[64];
	struct ask a;

	call(s);
	reply(s, s->invite, "180 Ringing", "", "");
	AWAIT(s, progress, 1);
	(void)snprintf(headers, sizeof(headers),
		       "Replaces: %s;to-tag=%s;from-tag=%s\r\n",
		       header(s->invite, "Call-ID", v),
		       tag_of(s->invite, "From", tag), s->tag);
	coming->status = 486; /* seen, that is enough */
	a = replacing(headers);
	ask_send(s, &a);
	expect(s, "SIP/2.0 486", buf);
	assert_true(coming->replaces);
	ack_final(s, &a, buf);
	on_loop(s, do_hangup);
	expect(s, "CANCEL ", buf);
	reply(s, buf, "200 OK", "", "");
	reply(s, s->invite, "487 Request Terminated", "", "");
	AWAIT(s, ended, 1);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		I(test_answered_call_is_found),  I(test_no_such_dialog_481),
		I(test_ringing_call_481),        I(test_early_only_486),
		I(test_ending_call_603),         I(test_malformed_400),
		I(test_call_of_ours_that_rings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
