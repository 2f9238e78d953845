/**
 * @file test_invite_forks.c  Our INVITE at several telephones, and their audio
 */
#include "telephone.h"


static void tag_set(struct side *s, const char *tag)
{
	(void)snprintf(s->tag, sizeof(s->tag), "%s", tag);
}


static void early(struct side *s, const char *tag, const char *headers,
		  int port)
{
	tag_set(s, tag);
	reply(s, s->invite, "183 Session Progress", headers,
	      port ? sdp(port, "") : "");
}


static void ok_acked(struct side *s, const char *body)
{
	char buf[MSG];

	reply(s, s->invite, "200 OK", "", body);
	expect(s, "ACK ", buf);
	AWAIT(s, answered, 1);
}


static int heard(struct side *s)
{
	int port;

	(void)pthread_mutex_lock(&s->lock);
	port = sipd_addr_port(&s->told.remote.rtp);
	(void)pthread_mutex_unlock(&s->lock);

	return port;
}


/* conformance: RFC 3261 13.2.2.4 | each fork has its early dialog; a 2xx without SDP has that of its own | own telephone */
static void test_answer_without_sdp_has_that_of_its_fork(void **state)
{
	struct side *s = *state;

	call(s);
	early(s, "f1", "", 41000);
	AWAIT(s, media_early, 1);
	early(s, "f2", "", 42000);
	AWAIT(s, media_early, 2);
	tag_set(s, "f1");
	ok_acked(s, "");
	assert_int_equal(heard(s), 41000);
	bye_in(s, "");
}


/* conformance: RFC 3261 13.2.1 | a 2xx of a fork that never sent SDP, without SDP: ACK and BYE | own telephone */
static void test_answer_without_sdp_of_another_fork_refused(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call(s);
	early(s, "f1", "", 41000);
	AWAIT(s, media_early, 1);
	tag_set(s, "f2");
	reply(s, s->invite, "200 OK", "", "");
	expect(s, "ACK ", buf);
	expect(s, "BYE ", buf);
	reply(s, buf, "200 OK", "", "");
	AWAIT(s, ended, 1);
	assert_int_equal(s->told.end.error, SIPDIALER_EFORMAT);
	assert_string_equal(s->told.reason, "answered without SDP");
}


/* conformance: RFC 6228 4 | 199 ends its early dialog, another fork is heard; the tag 199 is in Supported | own telephone */
static void test_199_ends_its_fork(void **state)
{
	struct side *s = *state;
	char v[512];

	call(s);
	assert_non_null(strstr(header(s->invite, "Supported", v), "199"));
	early(s, "f1", "", 41000);
	AWAIT(s, media_early, 1);
	early(s, "f2", "", 42000);
	AWAIT(s, media_early, 2);
	reply(s, s->invite, "199 Early Dialog Terminated",
	      "Reason: SIP;cause=486\r\n", "");
	AWAIT(s, media_early, 3);
	assert_int_equal(heard(s), 41000);
	assert_int_equal(told_remote(s)->dir, SIPD_SENDRECV);
	assert_int_equal(s->told.progress, 2); /* a 199 is no ringing */

	tag_set(s, "f1");
	reply(s, s->invite, "199 Early Dialog Terminated", "", "");
	AWAIT(s, media_early, 4);
	assert_int_equal(told_remote(s)->dir, SIPD_INACTIVE);
	tag_set(s, "f3");
	ok_acked(s, sdp(43000, ""));
	assert_int_equal(heard(s), 43000);
	bye_in(s, "");
}


/* conformance: RFC 5009 8 | early media that is inactive is not heard, sendrecv is | own telephone */
static void test_p_early_media_gates_the_audio(void **state)
{
	struct side *s = *state;
	char v[512];

	call(s);
	assert_string_equal(header(s->invite, "P-Early-Media", v),
			    "supported");
	early(s, "f1", "P-Early-Media: inactive\r\n", 41000);
	AWAIT(s, progress, 1);
	assert_int_equal(s->told.media_early, 0);

	early(s, "f1", "P-Early-Media: gated, sendonly\r\n", 0);
	AWAIT(s, media_early, 1);
	assert_int_equal(told_remote(s)->dir, SIPD_RECVONLY);
	early(s, "f1", "P-Early-Media: sendrecv\r\n", 0);
	AWAIT(s, media_early, 2);
	assert_int_equal(told_remote(s)->dir, SIPD_SENDRECV);
	early(s, "f1", "P-Early-Media: inactive\r\n", 0);
	AWAIT(s, media_early, 3);
	assert_int_equal(told_remote(s)->dir, SIPD_INACTIVE);

	ok_acked(s, "");
	assert_int_equal(heard(s), 41000);
	assert_int_equal(told_remote(s)->dir, SIPD_SENDRECV);
	bye_in(s, "");
}


/* conformance: RFC 5009 8 | a fork whose early media is inactive takes no other's place | own telephone */
static void test_silent_fork_takes_no_place(void **state)
{
	struct side *s = *state;

	call(s);
	early(s, "f1", "", 41000);
	AWAIT(s, media_early, 1);
	early(s, "f2", "P-Early-Media: inactive\r\n", 42000);
	AWAIT(s, progress, 2);
	assert_int_equal(s->told.media_early, 1);
	assert_int_equal(heard(s), 41000);
	tag_set(s, "f2");
	ok_acked(s, "");
	assert_int_equal(heard(s), 42000);
	bye_in(s, "");
}


static void test_more_forks_than_are_heard(void **state)
{
	struct side *s = *state;
	char tag[16];
	int i;

	call(s);
	for (i = 0; i < 12; i++) {
		(void)snprintf(tag, sizeof(tag), "f%d", i);
		early(s, tag, "", 41000 + 2 * i);
		AWAIT(s, progress, i + 1);
	}
	assert_int_equal(s->told.media_early, 8);
	assert_int_equal(heard(s), 41014);
	ok_acked(s, sdp(43000, ""));
	assert_int_equal(heard(s), 43000);
	bye_in(s, "");
}


/* conformance: RFC 3261 13.2.2.4 | a 2xx of a fork not heard of before, after the call ended: ACK, BYE, each copy ACK | own telephone */
static void test_second_answer_after_the_end_hung_up(void **state)
{
	struct side *s = *state;
	char buf[MSG], v[512];

	call_answered(s);
	on_loop(s, do_hangup);
	expect(s, "BYE ", buf);
	reply(s, buf, "200 OK", "", "");
	AWAIT(s, ended, 1);
	/* the session waits in silence once its BYE is answered */
	expect_none(s, "BYE ", 600);

	tag_set(s, "f2");
	reply(s, s->invite, "200 OK", "", sdp(42000, ""));
	expect(s, "ACK ", buf);
	assert_non_null(strstr(header(buf, "To", v), "tag=f2"));
	expect(s, "BYE ", buf);
	assert_non_null(strstr(header(buf, "To", v), "tag=f2"));
	reply(s, buf, "200 OK", "", "");
	reply(s, s->invite, "200 OK", "", sdp(42000, ""));
	expect(s, "ACK ", buf);
	expect_none(s, "BYE ", 300);
}


/* conformance: RFC 3261 13.2.2.4 | after our CANCEL: the 2xx of each fork gets ACK and BYE | own telephone */
static void test_answers_of_two_forks_after_cancel_hung_up(void **state)
{
	struct side *s = *state;
	char buf[MSG], cancel[MSG], v[512];
	int i;

	call(s);
	early(s, "f1", "", 0);
	early(s, "f2", "", 0);
	AWAIT(s, progress, 2);
	on_loop(s, do_hangup);
	expect(s, "CANCEL ", cancel);
	for (i = 1; i <= 2; i++) {
		tag_set(s, i == 1 ? "f1" : "f2");
		reply(s, s->invite, "200 OK", "", sdp(41000, ""));
		do
			expect(s, "ACK ", buf);
		while (!strstr(header(buf, "To", v), s->tag));
		do
			expect(s, "BYE ", buf);
		while (!strstr(header(buf, "To", v), s->tag));
		reply(s, buf, "200 OK", "", "");
	}
	reply(s, cancel, "200 OK", "", "");
	AWAIT(s, ended, 1);
	assert_int_equal(s->told.answered, 0);
}


/* conformance: RFC 3264 6 | an answer with a codec that was not offered: ACK, BYE, and why | own telephone */
static void test_answer_with_a_foreign_codec_refused(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call(s);
	reply(s, s->invite, "200 OK", "",
	      "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
	      "c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 41000 RTP/AVP 18\r\n");
	expect(s, "ACK ", buf);
	expect(s, "BYE ", buf);
	reply(s, buf, "200 OK", "", "");
	AWAIT(s, ended, 1);
	assert_int_equal(s->told.end.error, SIPDIALER_EFORMAT);
	assert_non_null(strstr(s->told.reason, "no codec in common"));
}


/* conformance: RFC 3264 6 | an answer that refuses the audio by port 0: ACK, BYE, and why | own telephone */
static void test_answer_that_refuses_the_audio_refused(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call(s);
	reply(s, s->invite, "200 OK", "", sdp(0, ""));
	expect(s, "ACK ", buf);
	expect(s, "BYE ", buf);
	reply(s, buf, "200 OK", "", "");
	AWAIT(s, ended, 1);
	assert_non_null(strstr(s->told.reason, "audio refused"));
}


/* conformance: RFC 3261 12.2.1.1 | our CSeq counts on in a fork that a 199 ended and that answers all the same | own telephone */
static void test_fork_ended_by_199_answers(void **state)
{
	struct side *s = *state;
	char buf[MSG], v[512], w[512];

	call(s);
	reply(s, s->invite, "183 Session Progress",
	      "Require: 100rel\r\nRSeq: 1\r\n", "");
	expect(s, "PRACK ", buf);
	reply(s, buf, "200 OK", "", "");
	reply(s, s->invite, "199 Early Dialog Terminated", "", "");
	ok_acked(s, sdp(41000, ""));
	on_loop(s, do_hangup);
	expect(s, "BYE ", buf);
	assert_int_equal(atoi(header(buf, "CSeq", v)),
			 atoi(header(s->invite, "CSeq", w)) + 2);
	reply(s, buf, "200 OK", "", "");
}


/* conformance: RFC 3261 22.2 | the BYE of another fork answers its challenge | own telephone */
/* conformance: RFC 3261 22.1 | the ACK of another fork has the credentials of the INVITE | own telephone */
static void test_challenged_bye_of_another_fork(void **state)
{
	static const char challenge[] =
		"WWW-Authenticate: Digest realm=\"127.0.0.1\", nonce=\"%s\", "
		"algorithm=MD5\r\n";
	struct side *s = *state;
	char buf[MSG], v[512], headers[256];
	int seq;

	call(s);
	(void)snprintf(headers, sizeof(headers), challenge, "n1");
	reply(s, s->invite, "401 Unauthorized", headers, "");
	expect(s, "INVITE ", s->invite);
	early(s, "f1", "", 0);
	early(s, "f2", "", 0);
	ok_acked(s, sdp(42000, ""));
	tag_set(s, "f1");
	reply(s, s->invite, "200 OK", "", sdp(41000, ""));
	expect(s, "ACK ", buf);
	assert_string_not_equal(header(buf, "Authorization", v), "");
	expect(s, "BYE ", buf);
	seq = atoi(header(buf, "CSeq", v));
	(void)snprintf(headers, sizeof(headers), challenge, "n2");
	reply(s, buf, "401 Unauthorized", headers, "");
	do
		expect(s, "BYE ", buf);
	while (!strstr(header(buf, "Authorization", v), "n2"));
	assert_non_null(strstr(header(buf, "To", v), "tag=f1"));
	assert_int_equal(atoi(header(buf, "CSeq", v)), seq + 1);
	reply(s, buf, "200 OK", "", "");
	tag_set(s, "f2");
	bye_in(s, "");
}


static int with_100rel(void **state)
{
	struct side *s = calloc(1, sizeof(*s));

	s->conf.rel100 = SIPD_100REL_SUPPORTED;
	side_open(s);
	*state = s;

	return 0;
}


/* A 180 behind a 183 is no end of its audio, and Alert-Info leads nowhere. */
static void test_180_after_183_keeps_the_audio(void **state)
{
	struct side *s = *state;

	call(s);
	early(s, "f1", "", 41000);
	AWAIT(s, media_early, 1);
	reply(s, s->invite, "180 Ringing",
	      "Alert-Info: <http://127.0.0.1:1/ring.wav>\r\n", "");
	AWAIT(s, progress, 2);
	assert_int_equal(s->told.media_early, 1);
	ok_acked(s, "");
	assert_int_equal(heard(s), 41000);
	bye_in(s, "");
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_answer_without_sdp_has_that_of_its_fork),
		T(test_answer_without_sdp_of_another_fork_refused),
		T(test_199_ends_its_fork),
		T(test_p_early_media_gates_the_audio),
		T(test_silent_fork_takes_no_place),
		T(test_more_forks_than_are_heard),
		T(test_second_answer_after_the_end_hung_up),
		T(test_answers_of_two_forks_after_cancel_hung_up),
		T(test_answer_with_a_foreign_codec_refused),
		T(test_answer_that_refuses_the_audio_refused),
		cmocka_unit_test_setup_teardown(test_fork_ended_by_199_answers,
						with_100rel, teardown),
		T(test_challenged_bye_of_another_fork),
		T(test_180_after_183_keeps_the_audio),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
