/**
 * @file test_invite_early.c  Calls that come in: audio before the answer,
 *                            reliable provisional answers, UPDATE
 */
#include "invite_caller.h"

#define REQUIRE "Require: 100rel\r\n"
#define SUPPORTED "Supported: 100rel\r\n"

enum { AGAIN_MS = 700 }; /* longer than T1 */

static int early_made; /* what sipd_invite_early() said */


static void do_early(struct side *s)
{
	struct sipd_sdp_local local = {
		.codecs = {SIPD_CODEC_PCMU, SIPD_CODEC_PCMA},
		.codecc = 2,
		.telephone_event = true,
		.session_id = 7,
		.version = 1,
	};

	(void)sipd_addr_parse(&local.addr, "127.0.0.1", 30000);
	early_made = sipd_invite_early(s->inv, &local, 5000);
}


static void do_redirect(struct side *s)
{
	s->err = sipd_invite_redirect(s->inv, s->params.to);
}


/* The call rings; buf gets its 18x. */
static struct ask ring_with(struct side *s, const char *headers,
			    const char *body, char *buf)
{
	struct ask a = offer();

	a.headers = headers;
	a.body = body;
	ask_send(s, &a);
	expect(s, "SIP/2.0 180", buf);
	await_int(s, &coming->calls, 1, "calls");

	return a;
}


static unsigned rseq(const char *msg)
{
	char v[512];

	return (unsigned)strtoul(header(msg, "RSeq", v), NULL, 10);
}


/* PRACK of a response, as the request `cseq` of the dialog. */
static void prack(struct side *s, const struct ask *call, const char *of,
		  unsigned cseq, unsigned number, const char *body)
{
	char to[512], rack[64];
	struct ask a = *call;

	(void)header(of, "To", to);
	(void)snprintf(rack, sizeof(rack), "RAck: %u 1 INVITE\r\n", number);
	a.to = to;
	a.method = a.met = "PRACK";
	a.cseq = cseq;
	a.branch = 0;
	a.headers = rack;
	a.body = body;
	ask_send(s, &a);
}


static void has_sdp(const char *msg, bool yes)
{
	if (!strstr(msg, "\r\nm=audio") == yes)
		fail_msg("%s SDP in %s", yes ? "no" : "an", msg);
}


static void end_by_cancel(struct side *s, const struct ask *call)
{
	char buf[MSG];

	cancel_send(s, call);
	expect(s, "SIP/2.0 487", buf);
	ack_final(s, call, buf);
	AWAIT(s, ended, 1);
}


/* ---- without 100rel ------------------------------------------------------- */

/* conformance: RFC 3261 13.3.1.1 | 183 with the answer, the same one in the 200 | own telephone */
static void test_early_and_answer_say_the_same(void **state)
{
	struct side *s = *state;
	char early[MSG], ok[MSG], buf[MSG];
	const struct ask a = ring(s, buf);

	on_loop(s, do_early);
	assert_true(early_made);
	expect(s, "SIP/2.0 183", early);
	has_sdp(early, true);
	assert_null(strstr(early, "RSeq"));
	AWAIT(s, media_early, 1);
	assert_int_equal(s->told.answered, 0);

	/* a copy of the INVITE gets the last provisional answer */
	ask_send(s, &a);
	expect(s, "SIP/2.0 183", buf);
	assert_string_equal(buf, early);

	on_loop(s, do_answer);
	expect(s, "SIP/2.0 200", ok);
	assert_string_equal(strstr(ok, "\r\n\r\n"), strstr(early, "\r\n\r\n"));
	in_dialog(s, &a, ok, "ACK", 1, NULL);
	AWAIT(s, answered, 1);
	hear_bye(s, &a, ok);
}


static void test_early_then_rejected(void **state)
{
	struct side *s = *state;
	char buf[MSG];
	const struct ask a = ring(s, buf);

	on_loop(s, do_early);
	expect(s, "SIP/2.0 183", buf);
	coming->reject_status = 404;
	on_loop(s, do_reject);
	expect(s, "SIP/2.0 404", buf);
	ack_final(s, &a, buf);
	AWAIT(s, ended, 1);
	assert_false(s->told.end.answered);
}


/* conformance: RFC 3261 13.2.1 | no offer in a provisional answer that is not reliable | own telephone */
static void test_early_without_offer_nor_100rel(void **state)
{
	struct side *s = *state;
	char buf[MSG];
	const struct ask a = ring_with(s, "", NULL, buf);

	on_loop(s, do_early);
	assert_false(early_made);
	expect_none(s, "SIP/2.0 183", 200);
	end_by_cancel(s, &a);
}


static void test_early_twice_is_one(void **state)
{
	struct side *s = *state;
	char buf[MSG];
	struct ask a;

	coming->ring_ms = 60000;
	a = ring(s, buf);
	on_loop(s, do_early);
	expect(s, "SIP/2.0 183", buf);
	on_loop(s, do_early); /* again: nothing */
	expect_none(s, "SIP/2.0", 200);
	end_by_cancel(s, &a);
}


/* ---- reliable -------------------------------------------------------------- */

/* conformance: RFC 3262 3 | 180 with RSeq where the INVITE requires 100rel, sent again until the PRACK | own telephone */
static void test_required_is_reliable(void **state)
{
	struct side *s = *state;
	char buf[MSG], again[MSG], v[512];
	const struct ask a = ring_with(s, REQUIRE, sdp(40000, ""), buf);
	const unsigned n = rseq(buf);

	assert_true(n >= 1);
	assert_string_equal(header(buf, "Require", v), "100rel");
	expect(s, "SIP/2.0 180", again);
	assert_string_equal(again, buf);

	prack(s, &a, buf, 2, n, NULL);
	expect(s, "SIP/2.0 200", again);
	assert_non_null(strstr(header(again, "CSeq", v), "PRACK"));
	expect_none(s, "SIP/2.0 180", AGAIN_MS + 600);
	end_by_cancel(s, &a);
}


/* conformance: RFC 3262 3 | a PRACK that matches no answer gets 481 and acknowledges none | own telephone */
static void test_prack_of_none_481(void **state)
{
	struct side *s = *state;
	char buf[MSG], r[MSG];
	const struct ask a = ring_with(s, REQUIRE, sdp(40000, ""), buf);
	const unsigned n = rseq(buf);
	struct ask bad = a;
	char to[512];

	prack(s, &a, buf, 2, n + 1, NULL);
	expect(s, "SIP/2.0 481", r);
	(void)header(buf, "To", to);
	bad.to = to;
	bad.method = bad.met = "PRACK";
	bad.cseq = 3;
	bad.branch = 0;
	bad.headers = "RAck: nonsense\r\n";
	bad.body = NULL;
	ask_send(s, &bad);
#ifndef SIPD_LIBRE_RACK /* else it is dropped */
	expect(s, "SIP/2.0 481", r);
#endif
	expect(s, "SIP/2.0 180", r); /* it waits still */

	prack(s, &a, buf, 4, n, NULL);
	expect(s, "SIP/2.0 200", r);
	prack(s, &a, buf, 5, n, NULL);
	expect(s, "SIP/2.0 481", r);
	end_by_cancel(s, &a);
}


/* conformance: RFC 3262 3 | the second reliable answer waits for the PRACK of the first, its RSeq is one higher | own telephone */
static void test_one_at_a_time(void **state)
{
	struct side *s = *state;
	char buf[MSG], r[MSG];
	const struct ask a = ring_with(s, REQUIRE, sdp(40000, ""), buf);
	const unsigned n = rseq(buf);

	on_loop(s, do_early);
	expect_none(s, "SIP/2.0 183", 200);
	prack(s, &a, buf, 2, n, NULL);
	expect(s, "SIP/2.0 183", r);
	assert_int_equal(rseq(r), n + 1);
	has_sdp(r, true);
	end_by_cancel(s, &a);
}


/* conformance: RFC 3262 3 | the 2xx waits for the PRACK of an answer with a description | own telephone */
static void test_200_waits_for_prack_of_sdp(void **state)
{
	struct side *s = *state;
	char buf[MSG], early[MSG], ok[MSG];
	const struct ask a = ring_with(s, REQUIRE, sdp(40000, ""), buf);

	prack(s, &a, buf, 2, rseq(buf), NULL);
	expect(s, "SIP/2.0 200", ok);
	on_loop(s, do_early);
	expect(s, "SIP/2.0 183", early);
	on_loop(s, do_answer);
	expect_none(s, "SIP/2.0 200", 200);
	prack(s, &a, buf, 3, rseq(early), NULL);
	expect(s, "SIP/2.0 200", ok);
	expect(s, "SIP/2.0 200", ok);
	has_sdp(ok, false); /* it was in the 183. RFC 6337 3.1 */
	in_dialog(s, &a, ok, "ACK", 1, NULL);
	AWAIT(s, answered, 1);
	assert_int_equal(s->told.media, 1);
	hear_bye(s, &a, ok);
}


/* conformance: RFC 3262 3 | a 2xx does not wait for the PRACK of an answer without one, which is still taken | own telephone */
static void test_200_does_not_wait_for_prack_of_180(void **state)
{
	struct side *s = *state;
	char buf[MSG], ok[MSG], r[MSG];
	const struct ask a = ring_with(s, REQUIRE, sdp(40000, ""), buf);

	on_loop(s, do_answer);
	expect(s, "SIP/2.0 200", ok);
	has_sdp(ok, true);
	in_dialog(s, &a, ok, "ACK", 1, NULL);
	AWAIT(s, answered, 1);
	prack(s, &a, buf, 2, rseq(buf), NULL);
	expect(s, "SIP/2.0 200", r);
	expect_none(s, "SIP/2.0 180", AGAIN_MS);
	hear_bye(s, &a, ok);
}


/* conformance: RFC 3262 5 | our offer in a reliable 183, its answer in the PRACK | own telephone */
static void test_offer_in_183_answer_in_prack(void **state)
{
	struct side *s = *state;
	char buf[MSG], early[MSG], ok[MSG];
	const struct ask a = ring_with(s, SUPPORTED, NULL, buf);

	assert_int_equal(rseq(buf), 0);
	on_loop(s, do_early);
	assert_true(early_made);
	expect(s, "SIP/2.0 183", early);
	has_sdp(early, true);
	assert_true(rseq(early) > 0);
	assert_int_equal(s->told.media_early, 0);
	prack(s, &a, buf, 2, rseq(early), sdp(40002, ""));
	expect(s, "SIP/2.0 200", ok);
	AWAIT(s, media_early, 1);
	assert_int_equal(ntohs(told_remote(s)->rtp.in.sin_port), 40002);
	on_loop(s, do_answer);
	expect(s, "SIP/2.0 200", ok);
	has_sdp(ok, false);
	in_dialog(s, &a, ok, "ACK", 1, NULL);
	AWAIT(s, answered, 1);
	hear_bye(s, &a, ok);
}


static void test_prack_without_the_answer_ends(void **state)
{
	struct side *s = *state;
	char buf[MSG], early[MSG], r[MSG];
	const struct ask a = ring_with(s, SUPPORTED, NULL, buf);

	on_loop(s, do_early);
	expect(s, "SIP/2.0 183", early);
	prack(s, &a, buf, 2, rseq(early), NULL);
	expect(s, "SIP/2.0 400", r);
	expect(s, "SIP/2.0 488", r);
	ack_final(s, &a, r);
	AWAIT(s, ended, 1);
	assert_int_equal(s->told.end.error, SIPDIALER_EFORMAT);
}


/* conformance: RFC 3262 5 | a new offer in the PRACK is answered in its 200 | own telephone */
static void test_offer_in_prack(void **state)
{
	struct side *s = *state;
	char buf[MSG], early[MSG], r[MSG];
	const struct ask a = ring_with(s, REQUIRE, sdp(40000, ""), buf);

	prack(s, &a, buf, 2, rseq(buf), NULL);
	expect(s, "SIP/2.0 200", r);
	on_loop(s, do_early);
	expect(s, "SIP/2.0 183", early);
	prack(s, &a, buf, 3, rseq(early), sdp(40004, ""));
	expect(s, "SIP/2.0 200", r);
	has_sdp(r, true);
	AWAIT(s, media_early, 2);
	assert_int_equal(ntohs(told_remote(s)->rtp.in.sin_port), 40004);
	end_by_cancel(s, &a);
}


/* conformance: RFC 3262 3 | 64 T1 without a PRACK refuse the INVITE by a 5xx | own telephone */
static void test_no_prack_at_all(void **state)
{
	struct side *s = *state;
	char buf[MSG];
	const struct ask a = ring_with(s, REQUIRE, sdp(40000, ""), buf);
	const uint64_t end = sipd_clock_ms() + 40000;
	int copies = 0;

	while (sipd_clock_ms() < end && msg_recv(s, buf, 34000)) {
		if (strncmp(buf, "SIP/2.0 ", 8))
			continue; /* for who had the port before */
		if (strncmp(buf, "SIP/2.0 180", 11))
			break;
		copies++;
	}
	assert_false(strncmp(buf, "SIP/2.0 504", 11));
	assert_in_range(copies, 5, 7); /* 0.5 1 2 4 8 16 s */
	ack_final(s, &a, buf);
	AWAIT(s, ended, 1);
	assert_int_equal(s->told.end.error, SIPDIALER_ENET);
}


/* conformance: RFC 3262 4 | CANCEL while a reliable answer waits for its PRACK | own telephone */
static void test_cancel_while_it_waits(void **state)
{
	struct side *s = *state;
	char buf[MSG];
	const struct ask a = ring_with(s, REQUIRE, sdp(40000, ""), buf);

	end_by_cancel(s, &a);
	expect_none(s, "SIP/2.0 180", AGAIN_MS);
}


/* ---- by the option -------------------------------------------------------- */

/* conformance: RFC 3262 3 | sip.100rel=no refuses an INVITE that requires it by 420 | own telephone */
static void test_option_no_420(void **state)
{
	struct side *s = *state;
	char buf[MSG], v[512];
	struct ask a = offer();

	a.headers = REQUIRE;
	refused(s, &a, "420", buf);
	assert_string_equal(header(buf, "Unsupported", v), "100rel");
}


static void test_option_required_where_supported(void **state)
{
	struct side *s = *state;
	char buf[MSG];
	struct ask a = ring_with(s, SUPPORTED, sdp(40000, ""), buf);

	assert_true(rseq(buf) > 0);
	end_by_cancel(s, &a);
}


static void test_option_required_where_unknown(void **state)
{
	struct side *s = *state;
	char buf[MSG];
	struct ask a = ring(s, buf);

	assert_int_equal(rseq(buf), 0);
	end_by_cancel(s, &a);
}


/* ---- UPDATE ------------------------------------------------------------------ */

/* conformance: RFC 3311 5.2 | UPDATE with an offer before the answer: 200 with ours once theirs is answered reliably, else 500 | own telephone */
static void test_update_before_the_answer(void **state)
{
	struct side *s = *state;
	char buf[MSG], early[MSG], ok[MSG], v[512];
	const struct ask a = ring_with(s, REQUIRE, sdp(40000, ""), buf);

	in_dialog(s, &a, buf, "UPDATE", 2, sdp(40006, ""));
	expect(s, "SIP/2.0 500", ok);
	assert_true(*header(ok, "Retry-After", v));
	prack(s, &a, buf, 3, rseq(buf), NULL);
	expect(s, "SIP/2.0 200", ok);
	on_loop(s, do_early);
	expect(s, "SIP/2.0 183", early);
	in_dialog(s, &a, buf, "UPDATE", 4, sdp(40006, ""));
	expect(s, "SIP/2.0 500", ok);
	prack(s, &a, buf, 5, rseq(early), NULL);
	expect(s, "SIP/2.0 200", ok);
	in_dialog(s, &a, buf, "UPDATE", 6, sdp(40006, "a=sendonly\r\n"));
	expect(s, "SIP/2.0 200", ok);
	assert_non_null(strstr(ok, "a=recvonly"));
	AWAIT(s, media_early, 2);
	assert_int_equal(ntohs(told_remote(s)->rtp.in.sin_port), 40006);

	/* what was agreed last stands with the answer */
	on_loop(s, do_answer);
	expect(s, "SIP/2.0 200", ok);
	in_dialog(s, &a, ok, "ACK", 1, NULL);
	AWAIT(s, answered, 1);
	assert_int_equal(ntohs(told_remote(s)->rtp.in.sin_port), 40006);
	hear_bye(s, &a, ok);
}


/* conformance: RFC 3311 5.2 | UPDATE with an offer while ours waits for its answer gets 491 | own telephone */
static void test_update_while_ours_waits_491(void **state)
{
	struct side *s = *state;
	char buf[MSG], early[MSG], r[MSG];
	const struct ask a = ring_with(s, SUPPORTED, NULL, buf);

	on_loop(s, do_early);
	expect(s, "SIP/2.0 183", early);
	in_dialog(s, &a, buf, "UPDATE", 2, sdp(40006, ""));
	expect(s, "SIP/2.0 491", r);
	end_by_cancel(s, &a);
}


/* ---- sent elsewhere ---------------------------------------------------------- */

/* conformance: RFC 3261 21.3.3 | 302 with the Contact that the host names | own telephone */
static void test_redirect(void **state)
{
	struct side *s = *state;
	char buf[MSG], v[512];
	const struct ask a = ring(s, buf);

	s->params.to = "+49 30 1234";
	on_loop(s, do_redirect);
	assert_int_equal(s->err, SIPDIALER_EINVAL); /* it rings still */
	s->params.to = "sip:desk@192.0.2.7:5062";
	on_loop(s, do_redirect);
	assert_int_equal(s->err, 0);
	expect(s, "SIP/2.0 302 Moved Temporarily", buf);
	assert_string_equal(header(buf, "Contact", v),
			    "<sip:desk@192.0.2.7:5062>");
	ack_final(s, &a, buf);
	AWAIT(s, ended, 1);
	assert_int_equal(s->told.end.sip_status, 302);
}


static void test_redirect_to_a_number(void **state)
{
	struct side *s = *state;
	char buf[MSG], v[512], want[64];
	const struct ask a = ring(s, buf);

	s->params.to = "+4930123-4";
	on_loop(s, do_redirect);
	expect(s, "SIP/2.0 302", buf);
	(void)snprintf(want, sizeof(want), "<sip:+49301234@127.0.0.1:%u>",
		       s->port);
	assert_string_equal(header(buf, "Contact", v), want);
	ack_final(s, &a, buf);
	AWAIT(s, ended, 1);
}


/* ---- frame ------------------------------------------------------------------- */

static enum sipd_100rel policy;


static int policy_setup(void **state)
{
	struct side *s = calloc(1, sizeof(*s));

	s->conf.rel100 = policy;
	side_open(s);
	*state = s;
	coming = calloc(1, sizeof(*coming));
	coming->s = s;
	find_stack(s);
	on_loop(s, do_listen);

	return 0;
}


static int no_setup(void **state)
{
	policy = SIPD_100REL_NO;

	return policy_setup(state);
}


static int rel_setup(void **state)
{
	policy = SIPD_100REL_SUPPORTED;

	return policy_setup(state);
}


static int required_setup(void **state)
{
	policy = SIPD_100REL_REQUIRED;

	return policy_setup(state);
}

#define R(name) cmocka_unit_test_setup_teardown(name, rel_setup, in_teardown)
#define N(name) cmocka_unit_test_setup_teardown(name, no_setup, in_teardown)
#define Q(name) \
	cmocka_unit_test_setup_teardown(name, required_setup, in_teardown)


int main(void)
{
	const struct CMUnitTest tests[] = {
		R(test_early_and_answer_say_the_same),
		R(test_early_then_rejected),
		R(test_early_without_offer_nor_100rel),
		R(test_early_twice_is_one),
		R(test_required_is_reliable),
		R(test_prack_of_none_481),
		R(test_one_at_a_time),
		R(test_200_waits_for_prack_of_sdp),
		R(test_200_does_not_wait_for_prack_of_180),
		R(test_offer_in_183_answer_in_prack),
		R(test_prack_without_the_answer_ends),
		R(test_offer_in_prack),
		R(test_no_prack_at_all),
		R(test_cancel_while_it_waits),
		N(test_option_no_420),
		Q(test_option_required_where_supported),
		Q(test_option_required_where_unknown),
		R(test_update_before_the_answer),
		R(test_update_while_ours_waits_491),
		R(test_redirect),
		R(test_redirect_to_a_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
