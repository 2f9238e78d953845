/**
 * @file test_invite_dialog.c  INVITE sessions once answered
 */
#include "telephone.h"
#include <dirent.h>


static void test_answer_and_bye_out_ends(void **state)
{
	struct side *s = *state;
	char buf[MSG], v[512];
	unsigned invite_seq, bye_seq;

	call_answered(s);
	on_loop(s, do_hangup);
	assert_int_equal(s->told.ended, 1); /* at once */
	assert_true(s->told.end.local && s->told.end.answered);
	assert_string_equal(s->told.reason, "enough");
	expect(s, "BYE sip:uas@127.0.0.1", buf);
	assert_non_null(strstr(header(buf, "Reason", v), "cause=16"));
	assert_non_null(strstr(header(buf, "To", v), ";tag=uas1"));
	invite_seq = (unsigned)atoi(header(s->invite, "CSeq", v));
	bye_seq = (unsigned)atoi(header(buf, "CSeq", v));
	assert_int_equal(bye_seq, invite_seq + 1);
	reply(s, buf, "200 OK", "", "");
	expect_none(s, "BYE ", 700);
}


/* conformance: RFC 3261 17.1.2, 15.1.2 | a BYE that is lost is sent again; one of the peer that crosses it gets 200 | own telephone */
static void test_bye_lost_is_sent_again(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call_answered(s);
	on_loop(s, do_hangup);
	expect(s, "BYE ", buf);
	expect(s, "BYE ", buf);
	expect(s, "BYE ", buf);
	assert_int_equal(s->told.ended, 1);
	/* theirs crosses ours */
	request(s, "BYE", ++s->cseq, "", "");
	expect(s, "SIP/2.0 200", buf);
}


/* conformance: RFC 3261 22.2 | a challenge to BYE is answered | own telephone */
static void test_bye_out_challenged_is_answered(void **state)
{
	struct side *s = *state;
	char buf[MSG], v[512];

	call_answered(s);
	on_loop(s, do_hangup);
	expect(s, "BYE ", buf);
	reply(s, buf, "401 Unauthorized",
	      "WWW-Authenticate: Digest "
	      "realm=\"127.0.0.1\", nonce=\"n1\", algorithm=MD5\r\n",
	      "");
	do
		expect(s, "BYE ", buf);
	while (!*header(buf, "Authorization", v));
	reply(s, buf, "200 OK", "", "");
	expect_none(s, "BYE ", 700);
}


/* conformance: RFC 3261 13.2.2.4 | a second 2xx of another fork gets ACK and BYE, its copy an ACK | own telephone */
static void test_second_fork_hung_up(void **state)
{
	struct side *s = *state;
	char buf[MSG], v[512];

	call_answered(s);
	(void)snprintf(s->tag, sizeof(s->tag), "fork2");
	reply(s, s->invite, "200 OK", "", sdp(43000, ""));
	expect(s, "ACK ", buf);
	assert_non_null(strstr(header(buf, "To", v), "tag=fork2"));
	expect(s, "BYE ", buf);
	assert_non_null(strstr(header(buf, "To", v), "tag=fork2"));
	reply(s, buf, "200 OK", "", "");
	/* its copy gets an ACK, but no second BYE */
	reply(s, s->invite, "200 OK", "", sdp(43000, ""));
	expect(s, "ACK ", buf);
	expect_none(s, "BYE ", 300);
	assert_int_equal(s->told.media, 1);
	assert_int_equal(s->told.ended, 0);
	(void)snprintf(s->tag, sizeof(s->tag), "uas1");
	bye_in(s, "");
}


/* conformance: RFC 3261 13.2.2.4 | many forks that answer get ACKs, the first four a BYE | own telephone */
static void test_many_forks_get_few_byes(void **state)
{
	struct side *s = *state;
	char buf[MSG], v[512];
	unsigned i;

	call_answered(s);
	for (i = 0; i < 6; i++) {
		(void)snprintf(s->tag, sizeof(s->tag), "fork%u", i);
		reply(s, s->invite, "200 OK", "", sdp(43000, ""));
		do
			expect(s, "ACK ", buf);
		while (!strstr(header(buf, "To", v), s->tag));
		if (i < 4) {
			expect(s, "BYE ", buf);
			reply(s, buf, "200 OK", "", "");
		}
	}
	expect_none(s, "BYE ", 700);
	(void)snprintf(s->tag, sizeof(s->tag), "uas1");
	bye_in(s, "");
}


/* conformance: RFC 3261 13.2.2.4 | each copy of the 2xx gets an ACK | own telephone */
static void test_answer_again_acked_again(void **state)
{
	struct side *s = *state;
	char buf[MSG], v[512], w[512];

	call_answered(s);
	reply(s, s->invite, "200 OK", "", sdp(40000, ""));
	expect(s, "ACK ", buf);
	assert_int_equal(atoi(header(buf, "CSeq", v)),
			 atoi(header(s->invite, "CSeq", w)));
	assert_int_equal(s->told.answered, 1);
	assert_int_equal(s->told.media, 1);
	bye_in(s, "");
}


/* conformance: RFC 3264 8.4, RFC 3261 14.2 | hold and resume by re-INVITE, our 200 until the ACK, 500 and Retry-After for another before it | own telephone */
static void test_reinvite_hold_and_resume(void **state)
{
	struct side *s = *state;
	char buf[MSG];
	unsigned seq;

	call_answered(s);
	seq = ++s->cseq;
	request_sdp(s, "INVITE", seq, sdp(40000, "a=sendonly\r\n"));
	expect(s, "SIP/2.0 200", buf);
	assert_non_null(strstr(buf, "a=recvonly"));
	assert_non_null(strstr(buf, "o=- 7 2 "));
	AWAIT(s, media, 2);
	assert_int_equal(told_remote(s)->dir, SIPD_RECVONLY);
	expect(s, "SIP/2.0 200", buf); /* no ACK: sent again */

	/* before the ACK another one has to wait */
	request_sdp(s, "INVITE", ++s->cseq, sdp(40000, ""));
	expect(s, "SIP/2.0 500", buf);
	assert_non_null(strstr(buf, "\r\nRetry-After: "));
	request(s, "ACK", s->cseq, "", "");
	request(s, "ACK", seq, "", "");
	expect_none(s, "SIP/2.0 200", 1300);

	seq = ++s->cseq;
	request_sdp(s, "INVITE", seq, sdp(40100, ""));
	expect(s, "SIP/2.0 200", buf);
	assert_non_null(strstr(buf, "a=sendrecv"));
	AWAIT(s, media, 3);
	assert_int_equal(told_remote(s)->dir, SIPD_SENDRECV);
	assert_int_equal(sipd_addr_port(&told_remote(s)->rtp), 40100);
	request(s, "ACK", seq, "", "");
	bye_in(s, "");
}


/* conformance: RFC 3261 14.2 | a re-INVITE without an offer gets ours, the answer comes in the ACK | own telephone */
static void test_reinvite_without_offer_answer_in_ack(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call_answered(s);
	request(s, "INVITE", ++s->cseq, "", "");
	expect(s, "SIP/2.0 200", buf);
	assert_non_null(strstr(buf, "m=audio 30000 RTP/AVP 0 8 101"));
	request_sdp(s, "ACK", s->cseq, sdp(40200, ""));
	AWAIT(s, media, 2);
	assert_int_equal(sipd_addr_port(&told_remote(s)->rtp), 40200);
	bye_in(s, "");
}


/* conformance: RFC 3261 14.2, RFC 3311 5.2 | an offer that does not suit gets 488 and the call goes on; UPDATE with an offer is taken | own telephone */
static void test_reinvite_bad_offer_488_call_goes_on(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call_answered(s);
	request_sdp(s, "INVITE", ++s->cseq, "v=0\r\nnonsense\r\n");
	expect(s, "SIP/2.0 488", buf);
	request(s, "ACK", s->cseq, "", "");
	request_sdp(s, "UPDATE", ++s->cseq, sdp(40300, ""));
	expect(s, "SIP/2.0 200", buf);
	AWAIT(s, media, 2);
	assert_int_equal(s->told.ended, 0);
	bye_in(s, "");
}


/* conformance: RFC 3261 8.2.1, 12.2.2 | requests in the dialog that we do not have: 405, 489, 481, 501; an old CSeq: 500 | own telephone */
static void test_other_requests_in_dialog_answered(void **state)
{
	/* clang-format off */
	static const struct { const char *method, *answer; } table[] = {
		{ "OPTIONS", "SIP/2.0 200" }, { "UPDATE", "SIP/2.0 200" },
		{ "REFER", "SIP/2.0 400" },   { "NOTIFY", "SIP/2.0 489" },
		{ "PRACK", "SIP/2.0 481" },   { "MESSAGE", "SIP/2.0 405" },
		{ "FOO", "SIP/2.0 501" },     { "INFO", "SIP/2.0 200" },
	};
	/* clang-format on */
	struct side *s = *state;
	char buf[MSG];
	size_t i;

	call_answered(s);
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		request(s, table[i].method, ++s->cseq, "", "");
		expect(s, table[i].answer, buf);
	}
	request(s, "INFO", ++s->cseq, "Content-Type: text/plain\r\n", "x");
	expect(s, "SIP/2.0 415", buf);
	request(s, "OPTIONS", s->cseq - 1, "", ""); /* old CSeq */
	expect(s, "SIP/2.0 500", buf);
	assert_int_equal(s->told.dtmf, 0);
	bye_in(s, "");
}


/* Each transaction is kept for 32 s: a peer must not fill the memory. */
/* conformance: RFC 5057 5.1 | too many requests in a dialog get 500 and end nothing | own telephone */
static void test_flood_in_dialog_limited_call_goes_on(void **state)
{
	enum { FLOOD = 200, KEPT_MAX = 80 };
	struct side *s = *state;
	unsigned i, taken = 0;
	char buf[MSG];

	call_answered(s);
	for (i = 0; i < FLOOD; i++) {
		request(s, "MESSAGE", ++s->cseq, "", "");
		expect(s, "SIP/2.0 ", buf);
		taken += !strncmp(buf, "SIP/2.0 405", 11);
	}
	assert_non_null(strstr(buf, "SIP/2.0 500"));
	assert_non_null(strstr(buf, "\r\nRetry-After: "));
	assert_in_range(taken, 50, KEPT_MAX);

	/* these are answered as they come, and again, and kept nowhere */
	for (i = 0; i < FLOOD; i++) {
		request(s, "OPTIONS", ++s->cseq, "", "");
		expect(s, "SIP/2.0 200", buf);
	}
	request(s, "OPTIONS", s->cseq, "", "");
	expect(s, "SIP/2.0 200", buf);
	assert_int_equal(s->told.ended, 0);
	bye_in(s, "");
}


static void test_info_dtmf_delivered(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call_answered(s);
	request(s, "INFO", ++s->cseq,
		"Content-Type: application/dtmf-relay\r\n",
		"Signal=5\r\nDuration=160\r\n");
	expect(s, "SIP/2.0 200", buf);
	AWAIT(s, dtmf, 1);
	assert_int_equal(s->told.digit, '5');
	request(s, "INFO", ++s->cseq, "Content-Type: application/dtmf\r\n",
		"#");
	expect(s, "SIP/2.0 200", buf);
	AWAIT(s, dtmf, 2);
	assert_int_equal(s->told.digit, '#');
	request(s, "INFO", ++s->cseq,
		"Content-Type: application/dtmf-relay\r\n", "Signal=Z\r\n");
	expect(s, "SIP/2.0 400", buf);
	bye_in(s, "");
	assert_int_equal(s->told.dtmf, 2);
}


static void test_info_nul_is_no_key(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call_answered(s);
	request_len(s, "INFO", ++s->cseq,
		    "Content-Type: application/dtmf-relay\r\n",
		    "Signal=\0\r\n", 10);
	expect(s, "SIP/2.0 400", buf);
	bye_in(s, "");
	assert_int_equal(s->told.dtmf, 0);
}


/* conformance: RFC 3261 12.2.2 | a BYE with another tag gets 481 | own telephone */
static void test_wrong_tag_in_dialog_refused(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call_answered(s);
	(void)snprintf(s->tag, sizeof(s->tag), "stranger");
	request(s, "BYE", ++s->cseq, "", "");
	expect(s, "SIP/2.0 481", buf);
	assert_int_equal(s->told.ended, 0);
	(void)snprintf(s->tag, sizeof(s->tag), "uas1");
	bye_in(s, "");
}


/* conformance: RFC 4028 9 | a refresh by UPDATE is answered with the same timer | own telephone */
static void test_session_timer_expiry_hangs_up_not_early(void **state)
{
	struct side *s = *state;
	char buf[MSG], v[512];

	call(s);
	reply(s, s->invite, "200 OK",
	      "Session-Expires: 4294967295;"
	      "refresher=uas\r\nRequire: timer\r\n",
	      sdp(40000, ""));
	expect(s, "ACK ", buf);
	AWAIT(s, answered, 1);
	/* its refresh is answered with the same timer */
	request(s, "UPDATE", ++s->cseq,
		"Session-Expires: 1800;refresher=uac\r\n", "");
	expect(s, "SIP/2.0 200", buf);
	assert_string_equal(header(buf, "Session-Expires", v),
			    "1800;refresher=uac");
	expect_none(s, "BYE ", 200);
	bye_in(s, "");
}


static void test_close_ends_what_is_left(void **state)
{
	struct side *s = calloc(1, sizeof(*s));
	(void)state;

	side_open(s);
	call_answered(s);
	side_close(s);
	assert_int_equal(s->told.ended, 1);
	assert_int_equal(s->told.end.error, SIPDIALER_ECANCELLED);
	assert_true(s->told.end.answered);
	free(s);
}


/* Every file of a folder as one datagram; what comes back is read away. */
static unsigned throw_folder(struct side *s, const char *path)
{
	char file[1200], text[MSG], buf[MSG];
	struct dirent *de;
	unsigned n = 0;
	DIR *dir = opendir(path);

	assert_non_null(dir);
	while ((de = readdir(dir))) {
		size_t len;
		FILE *f;

		if (de->d_name[0] == '.')
			continue;
		(void)snprintf(file, sizeof(file), "%s/%s", path, de->d_name);
		f = fopen(file, "rb");
		assert_non_null(f);
		len = fread(text, 1, sizeof(text), f);
		(void)fclose(f);
		if (len &&
		    sendto(s->fd, text, len, 0, (struct sockaddr *)&s->peer,
			   sizeof(s->peer)) > 0)
			n++;
		while (msg_recv(s, buf, 0))
			;
	}
	(void)closedir(dir);

	return n;
}


static void test_corpus_does_not_disturb_a_call(void **state)
{
	const char *root = getenv("SHARED_DATA");
	struct side *s = *state;
	struct sockaddr_in peer;
	char path[1024], buf[MSG];
	struct dirent *de;
	unsigned n = 0;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "%s/corpus", root ? root : "");
	dir = root ? opendir(path) : NULL;
	if (!dir) {
		print_message("skipped: no SHARED_DATA\n");
		skip();
	}

	call_answered(s);
	peer = s->peer;
	while ((de = readdir(dir))) {
		if (strncmp(de->d_name, "sip-", 4))
			continue;
		(void)snprintf(path, sizeof(path), "%s/corpus/%s", root,
			       de->d_name);
		n += throw_folder(s, path);
		/* all was read when this is answered */
		s->peer = peer;
		request(s, "OPTIONS", ++s->cseq, "", "");
		expect(s, "SIP/2.0 200", buf);
	}
	(void)closedir(dir);
	print_message("%u messages\n", n);
	assert_true(n > 200);
	assert_int_equal(s->told.ended, 0);
	bye_in(s, "");
	assert_true(s->told.end.answered);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_answer_and_bye_out_ends),
		T(test_bye_lost_is_sent_again),
		T(test_bye_out_challenged_is_answered),
		T(test_second_fork_hung_up),
		T(test_many_forks_get_few_byes),
		T(test_answer_again_acked_again),
		T(test_reinvite_hold_and_resume),
		T(test_reinvite_without_offer_answer_in_ack),
		T(test_reinvite_bad_offer_488_call_goes_on),
		T(test_other_requests_in_dialog_answered),
		T(test_flood_in_dialog_limited_call_goes_on),
		T(test_info_dtmf_delivered),
		T(test_info_nul_is_no_key),
		T(test_wrong_tag_in_dialog_refused),
		T(test_session_timer_expiry_hangs_up_not_early),
		cmocka_unit_test(test_close_ends_what_is_left),
		T(test_corpus_does_not_disturb_a_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
