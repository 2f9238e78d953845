/**
 * @file test_invite_prack.c  Our INVITE and reliable provisional responses
 */
#include "telephone.h"

#define REL "Require: 100rel\r\nRSeq: %u\r\n"


static void tag_set(struct side *s, const char *tag)
{
	(void)snprintf(s->tag, sizeof(s->tag), "%s", tag);
}


static void reliable(struct side *s, const char *status, unsigned rseq,
		     const char *body)
{
	char headers[128];

	(void)snprintf(headers, sizeof(headers), REL, rseq);
	reply(s, s->invite, status, headers, body);
}


/* The PRACK of this response; buf gets it. */
static void pracked(struct side *s, unsigned rseq, char *buf)
{
	char v[512], w[512];

	expect(s, "PRACK sip:uas@127.0.0.1", buf);
	(void)snprintf(w, sizeof(w), "%u %u INVITE", rseq,
		       (unsigned)atoi(header(s->invite, "CSeq", v)));
	assert_string_equal(header(buf, "RAck", v), w);
	assert_non_null(strstr(header(buf, "To", v), s->tag));
}


static unsigned cseq_of(const char *msg)
{
	char v[512];

	return (unsigned)atoi(header(msg, "CSeq", v));
}


static void ok_acked(struct side *s, const char *body)
{
	char buf[MSG];

	reply(s, s->invite, "200 OK", "", body);
	expect(s, "ACK ", buf);
	AWAIT(s, answered, 1);
}


/* conformance: RFC 3262 4 | the INVITE says Supported: 100rel | own telephone */
/* conformance: RFC 3262 4 | a reliable 18x is acknowledged by PRACK in its early dialog, CSeq counting on | own telephone */
static void test_reliable_183_acknowledged_then_answer(void **state)
{
	struct side *s = *state;
	char buf[MSG], v[512];
	unsigned seq;

	call(s);
	assert_non_null(strstr(header(s->invite, "Supported", v), "100rel"));
	assert_non_null(strstr(header(s->invite, "Allow", v), "PRACK"));
	assert_string_equal(header(s->invite, "Require", v), "");
	seq = cseq_of(s->invite);

	reliable(s, "183 Session Progress", 17, sdp(41000, ""));
	pracked(s, 17, buf);
	assert_int_equal(cseq_of(buf), seq + 1);
	reply(s, buf, "200 OK", "", "");
	AWAIT(s, media_early, 1);
	reliable(s, "180 Ringing", 18, "");
	pracked(s, 18, buf);
	assert_int_equal(cseq_of(buf), seq + 2);
	reply(s, buf, "200 OK", "", "");
	AWAIT(s, progress, 2);

	ok_acked(s, "");
	assert_int_equal(sipd_addr_port(&told_remote(s)->rtp), 41000);
	on_loop(s, do_hangup);
	expect(s, "BYE ", buf);
	assert_int_equal(cseq_of(buf), seq + 3);
	reply(s, buf, "200 OK", "", "");
}


/* conformance: RFC 3262 4 | a copy of a reliable 18x gets no second PRACK | own telephone */
static void test_copy_not_acknowledged_again(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call(s);
	reliable(s, "180 Ringing", 1, "");
	pracked(s, 1, buf);
	reply(s, buf, "200 OK", "", "");
	reliable(s, "180 Ringing", 1, "");
	expect_none(s, "PRACK ", 300);
	assert_int_equal(s->told.progress, 1);
	ok_acked(s, sdp(40000, ""));
	bye_in(s, "");
}


/* conformance: RFC 3262 4 | a reliable 18x out of order is neither acknowledged nor looked at | own telephone */
static void test_out_of_order_not_looked_at(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call(s);
	reliable(s, "180 Ringing", 5, "");
	pracked(s, 5, buf);
	reply(s, buf, "200 OK", "", "");
	reliable(s, "183 Session Progress", 7, sdp(41000, ""));
	reliable(s, "183 Session Progress", 4, sdp(41000, ""));
	expect_none(s, "PRACK ", 300);
	assert_int_equal(s->told.progress, 1);
	assert_int_equal(s->told.media_early, 0);
	reliable(s, "183 Session Progress", 6, sdp(41002, ""));
	pracked(s, 6, buf);
	reply(s, buf, "200 OK", "", "");
	AWAIT(s, media_early, 1);
	ok_acked(s, "");
	assert_int_equal(sipd_addr_port(&told_remote(s)->rtp), 41002);
	bye_in(s, "");
}


/* conformance: RFC 3262 7.1 | RSeq is counted in each early dialog by itself | own telephone */
static void test_rseq_of_each_fork_for_itself(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call(s);
	reliable(s, "180 Ringing", 100, "");
	pracked(s, 100, buf);
	reply(s, buf, "200 OK", "", "");
	tag_set(s, "uas2");
	reliable(s, "180 Ringing", 5, "");
	pracked(s, 5, buf);
	assert_int_equal(cseq_of(buf), cseq_of(s->invite) + 1);
	reply(s, buf, "200 OK", "", "");
	tag_set(s, "uas1");
	reliable(s, "183 Session Progress", 101, sdp(41000, ""));
	pracked(s, 101, buf);
	reply(s, buf, "200 OK", "", "");
	tag_set(s, "uas2");
	ok_acked(s, sdp(42000, ""));
	assert_int_equal(sipd_addr_port(&told_remote(s)->rtp), 42000);

	/* the BYE of a fork that was heard comes after its PRACKs */
	tag_set(s, "uas1");
	reply(s, s->invite, "200 OK", "", sdp(41000, ""));
	expect(s, "ACK ", buf);
	expect(s, "BYE ", buf);
	assert_true(cseq_of(buf) > cseq_of(s->invite) + 2);
	reply(s, buf, "200 OK", "", "");
	tag_set(s, "uas2");
	bye_in(s, "");
}


/* conformance: RFC 3262 4 | a challenge of the PRACK is answered | own telephone */
static void test_challenged_prack_answered(void **state)
{
	struct side *s = *state;
	char buf[MSG], v[512];

	call(s);
	reliable(s, "180 Ringing", 1, "");
	pracked(s, 1, buf);
	reply(s, buf, "401 Unauthorized",
	      "WWW-Authenticate: Digest realm=\"127.0.0.1\", nonce=\"n1\", "
	      "algorithm=MD5\r\n",
	      "");
	do
		pracked(s, 1, buf);
	while (!*header(buf, "Authorization", v));
	assert_int_equal(cseq_of(buf), cseq_of(s->invite) + 2);
	assert_non_null(strstr(v, "uri=\"sip:uas@127.0.0.1"));
	reply(s, buf, "200 OK", "", "");
	ok_acked(s, sdp(40000, ""));
	bye_in(s, "");
}


/* conformance: RFC 3264 4 | the answer in a reliable 18x stands: a 2xx changes nothing | own telephone */
static void test_answer_of_reliable_183_is_final(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call(s);
	reliable(s, "183 Session Progress", 1, sdp(41000, ""));
	pracked(s, 1, buf);
	reply(s, buf, "200 OK", "", "");
	AWAIT(s, media_early, 1);
	ok_acked(s, sdp(45000, ""));
	assert_int_equal(sipd_addr_port(&told_remote(s)->rtp), 41000);
	bye_in(s, "");
}


static void prack_refused(struct side *s, const char *status)
{
	char buf[MSG];

	call(s);
	reliable(s, "180 Ringing", 1, "");
	pracked(s, 1, buf);
	reply(s, buf, status, "", "");
	expect(s, "CANCEL ", buf);
	reply(s, buf, "200 OK", "", "");
	reply(s, s->invite, "487 Request Terminated", "", "");
	expect(s, "ACK ", buf);
	AWAIT(s, ended, 1);
	assert_int_equal(s->told.end.error, SIPDIALER_ENET);
	assert_false(s->told.end.local);
	assert_non_null(strstr(s->told.reason, "PRACK is refused by 4"));
}


/* conformance: RFC 3262 4 | a PRACK that is refused ends the call: CANCEL | own telephone */
static void test_refused_prack_ends_the_call(void **state)
{
	prack_refused(*state, "481 No Such Response");
}


static void test_malformed_answer_to_prack_ends_the_call(void **state)
{
	struct side *s = *state;
	char buf[MSG], *p;

	call(s);
	reliable(s, "180 Ringing", 1, "");
	pracked(s, 1, buf);
	p = strstr(buf, "\r\nCall-ID: ") + 11;
	*p = *p == 'x' ? 'y' : 'x';
	reply(s, buf, "200 OK", "", "");
	expect(s, "CANCEL ", buf);
	reply(s, buf, "200 OK", "", "");
	reply(s, s->invite, "487 Request Terminated", "", "");
	AWAIT(s, ended, 1);
	assert_int_equal(s->told.end.error, SIPDIALER_ENET);
}


/* conformance: RFC 3262 4 | a PRACK that one of several forks refuses ends that fork only | own telephone */
static void test_refused_prack_of_a_fork_ends_the_fork(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call(s);
	reliable(s, "183 Session Progress", 1, sdp(41000, ""));
	pracked(s, 1, buf);
	reply(s, buf, "200 OK", "", "");
	AWAIT(s, media_early, 1);
	tag_set(s, "uas2");
	reliable(s, "183 Session Progress", 1, sdp(42000, ""));
	pracked(s, 1, buf);
	AWAIT(s, media_early, 2);
	reply(s, buf, "500 Server Internal Error", "", "");
	/* the other one is heard again */
	AWAIT(s, media_early, 3);
	assert_int_equal(sipd_addr_port(&told_remote(s)->rtp), 41000);
	tag_set(s, "uas1");
	ok_acked(s, "");
	bye_in(s, "");
}


/* conformance: RFC 3262 4 | a 2xx that crosses the PRACK answers the call | own telephone */
static void test_answer_crossing_prack_taken(void **state)
{
	struct side *s = *state;
	char buf[MSG], prack[MSG];

	call(s);
	reliable(s, "183 Session Progress", 1, sdp(41000, ""));
	pracked(s, 1, prack);
	ok_acked(s, "");
	reply(s, prack, "481 No Such Response", "", "");
	expect_none(s, "BYE ", 300);
	assert_int_equal(s->told.ended, 0);
	on_loop(s, do_hangup);
	expect(s, "BYE ", buf);
	assert_int_equal(cseq_of(buf), cseq_of(s->invite) + 2);
	reply(s, buf, "200 OK", "", "");
}


/* conformance: RFC 3262 4 | a reliable 18x that crosses our CANCEL is acknowledged | own telephone */
static void test_18x_crossing_cancel_acknowledged(void **state)
{
	struct side *s = *state;
	char buf[MSG], cancel[MSG];

	call(s);
	reliable(s, "180 Ringing", 1, "");
	pracked(s, 1, buf);
	reply(s, buf, "200 OK", "", "");
	on_loop(s, do_hangup);
	expect(s, "CANCEL ", cancel);
	reliable(s, "183 Session Progress", 2, sdp(41000, ""));
	pracked(s, 2, buf);
	reply(s, buf, "200 OK", "", "");
	reply(s, cancel, "200 OK", "", "");
	reply(s, s->invite, "487 Request Terminated", "", "");
	AWAIT(s, ended, 1);
	assert_int_equal(s->told.media_early, 0);
	assert_true(s->told.end.local);
}


/* An answer that will not change and cannot be used. */
static void test_unusable_reliable_answer_ends_the_call(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call(s);
	reliable(
		s, "183 Session Progress", 1,
		"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
		"c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 41000 RTP/AVP 18\r\n");
	pracked(s, 1, buf);
	reply(s, buf, "200 OK", "", "");
	expect(s, "CANCEL ", buf);
	reply(s, buf, "200 OK", "", "");
	reply(s, s->invite, "487 Request Terminated", "", "");
	AWAIT(s, ended, 1);
	assert_int_equal(s->told.end.error, SIPDIALER_EFORMAT);
	assert_non_null(strstr(s->told.reason, "codec"));
}


static void test_pracks_of_a_call_are_limited(void **state)
{
	struct side *s = *state;
	char buf[MSG];
	unsigned i;

	call(s);
	for (i = 1; i <= 64; i++) {
		reliable(s, "180 Ringing", i, "");
		pracked(s, i, buf);
		reply(s, buf, "200 OK", "", "");
	}
	reliable(s, "180 Ringing", i, "");
	expect_none(s, "PRACK ", 200);
	ok_acked(s, sdp(40000, ""));
	bye_in(s, "");
}


/* conformance: RFC 3311 5.2 | an offer by UPDATE after a reliable answer is answered, its audio is heard | own telephone */
/* conformance: RFC 3311 5.2 | an UPDATE out of order gets 500 | own telephone */
/* conformance: RFC 3311 5.2 | an unusable offer by UPDATE gets 488, what was agreed stays | own telephone */
static void test_early_update_changes_the_audio(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call(s);
	reliable(s, "183 Session Progress", 1, sdp(41000, ""));
	pracked(s, 1, buf);
	reply(s, buf, "200 OK", "", "");
	AWAIT(s, media_early, 1);

	request_sdp(s, "UPDATE", 50, sdp(41500, ""));
	expect(s, "SIP/2.0 200", buf);
	assert_non_null(strstr(buf, "m=audio 30000 RTP/AVP 0 101"));
	assert_non_null(strstr(buf, "\r\nContact: "));
	AWAIT(s, media_early, 2);
	assert_int_equal(sipd_addr_port(&told_remote(s)->rtp), 41500);

	request_sdp(s, "UPDATE", 49, sdp(41600, ""));
	expect(s, "SIP/2.0 500", buf);
	request_sdp(s, "UPDATE", 51, "v=0\r\nnonsense\r\n");
	expect(s, "SIP/2.0 488", buf);
	request(s, "UPDATE", 52, "Content-Type: text/plain\r\n", "x");
	expect(s, "SIP/2.0 415", buf);
	request(s, "UPDATE", 53, "Require: precondition\r\n", "");
	expect(s, "SIP/2.0 420", buf);
	request(s, "UPDATE", 54, "", "");
	expect(s, "SIP/2.0 200", buf);
	assert_null(strstr(buf, "m=audio"));

	ok_acked(s, sdp(41000, ""));
	assert_int_equal(sipd_addr_port(&told_remote(s)->rtp), 41500);
	/* their numbers count on */
	request(s, "OPTIONS", 50, "", "");
	expect(s, "SIP/2.0 500", buf);
	s->cseq = 60;
	bye_in(s, "");
}


/* conformance: RFC 3311 5.2 | an offer by UPDATE before our offer is answered gets 491 | own telephone */
/* conformance: RFC 3311 5.2 | an UPDATE of an unknown dialog gets 481 | own telephone */
static void test_early_update_too_soon_or_unknown_refused(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call(s);
	reply(s, s->invite, "183 Session Progress", "", sdp(41000, ""));
	AWAIT(s, media_early, 1);
	request_sdp(s, "UPDATE", 50, sdp(41500, ""));
	expect(s, "SIP/2.0 491", buf);
	tag_set(s, "who");
	request(s, "UPDATE", 51, "", "");
	expect(s, "SIP/2.0 481", buf);
	request(s, "BYE", 52, "", "");
	expect(s, "SIP/2.0 481", buf);
	tag_set(s, "uas1");
	ok_acked(s, sdp(41000, ""));
	bye_in(s, "");
}


static int with(void **state, enum sipd_100rel rel100)
{
	struct side *s = calloc(1, sizeof(*s));

	s->conf.rel100 = rel100;
	side_open(s);
	*state = s;

	return 0;
}


static int supported(void **state)
{
	return with(state, SIPD_100REL_SUPPORTED);
}


static int required(void **state)
{
	return with(state, SIPD_100REL_REQUIRED);
}


/* conformance: RFC 3262 4 | sip.100rel=required puts 100rel into Require | own telephone */
static void test_required_says_so_and_420_says_why(void **state)
{
	struct side *s = *state;
	char v[512];

	call(s);
	assert_string_equal(header(s->invite, "Require", v), "100rel");
	reply(s, s->invite, "420 Bad Extension", "Unsupported: 100rel\r\n",
	      "");
	AWAIT(s, ended, 1);
	assert_int_equal(s->told.end.sip_status, 420);
	assert_non_null(strstr(s->told.reason, "sip.100rel"));
}


/* conformance: RFC 3262 4 | sip.100rel=no: 100rel is not named, and a 421 for it says why | own telephone */
static void test_no_means_no_prack_and_421_says_why(void **state)
{
	struct side *s = *state;
	char v[512];

	call(s);
	assert_null(strstr(header(s->invite, "Supported", v), "100rel"));
	reliable(s, "180 Ringing", 1, "");
	AWAIT(s, progress, 1);
	expect_none(s, "PRACK ", 200);
	reply(s, s->invite, "421 Extension Required", "Require: 100rel\r\n",
	      "");
	AWAIT(s, ended, 1);
	assert_int_equal(s->told.end.sip_status, 421);
	assert_non_null(strstr(s->told.reason, "sip.100rel"));
}


#define P(name) cmocka_unit_test_setup_teardown(name, supported, teardown)


int main(void)
{
	const struct CMUnitTest tests[] = {
		P(test_reliable_183_acknowledged_then_answer),
		P(test_copy_not_acknowledged_again),
		P(test_out_of_order_not_looked_at),
		P(test_rseq_of_each_fork_for_itself),
		P(test_challenged_prack_answered),
		P(test_answer_of_reliable_183_is_final),
		P(test_refused_prack_ends_the_call),
		P(test_malformed_answer_to_prack_ends_the_call),
		P(test_refused_prack_of_a_fork_ends_the_fork),
		P(test_answer_crossing_prack_taken),
		P(test_18x_crossing_cancel_acknowledged),
		P(test_unusable_reliable_answer_ends_the_call),
		P(test_pracks_of_a_call_are_limited),
		P(test_early_update_changes_the_audio),
		P(test_early_update_too_soon_or_unknown_refused),
		cmocka_unit_test_setup_teardown(
			test_required_says_so_and_420_says_why, required,
			teardown),
		T(test_no_means_no_prack_and_421_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
