/**
 * @file test_invite_refresh.c  The session timer, as the one that refreshes
 */
#include "telephone.h"
#include "port/sip/invite/invite.h"


/* The refresh is due now, not in half of 90 s. */
static void do_due(struct side *s)
{
	struct tmr *tmr = &s->inv->tmr;

	assert_true(tmr_isrunning(tmr));
	tmr_start(tmr, 0, tmr->th, tmr->arg);
}


/* ... after what was sent to it before. */
static void do_look(struct side *s)
{
	s->err = tmr_isrunning(&s->inv->tmr);
}


static void due(struct side *s, char *buf)
{
	on_loop(s, do_due);
	expect(s, "UPDATE ", buf);
}


static void settle(struct side *s)
{
	char buf[MSG];

	/* what was sent before this is read when it is answered */
	request(s, "OPTIONS", ++s->cseq, "", "");
	expect(s, "SIP/2.0 200", buf);
}


static void call_refreshed_by_us(struct side *s)
{
	char buf[MSG];

	call(s);
	reply(s, s->invite, "200 OK",
	      "Allow: INVITE, UPDATE\r\nRequire: timer\r\n"
	      "Session-Expires: 90;refresher=uac\r\n",
	      sdp(40000, ""));
	expect(s, "ACK ", buf);
	AWAIT(s, answered, 1);
}


/* The request comes again with an answer to the nonce. */
static void challenge(struct side *s, char *req, const char *method,
		      unsigned nonce)
{
	char headers[256], want[32], v[512];

	(void)snprintf(want, sizeof(want), "nonce=\"n%u\"", nonce);
	(void)snprintf(headers, sizeof(headers),
		       "WWW-Authenticate: Digest realm=\"127.0.0.1\", "
		       "%s, algorithm=MD5\r\n",
		       want);
	reply(s, req, "401 Unauthorized", headers, "");
	do
		expect(s, method, req);
	while (!strstr(header(req, "Authorization", v), want));
}


static const char timer_headers[] =
	"Require: timer\r\nSession-Expires: 90;refresher=uac\r\n";


/* conformance: RFC 3261 22.2 | refreshes and BYE are challenged, and answered, each on its own | own telephone */
static void test_each_request_may_be_challenged_twice(void **state)
{
	struct side *s = *state;
	char buf[MSG];
	unsigned n;

	call_refreshed_by_us(s);
	for (n = 1; n <= 5; n += 2) {
		due(s, buf);
		challenge(s, buf, "UPDATE ", n);
		challenge(s, buf, "UPDATE ", n + 1);
		reply(s, buf, "200 OK", timer_headers, "");
		settle(s);
	}
	on_loop(s, do_hangup);
	expect(s, "BYE ", buf);
	challenge(s, buf, "BYE ", 10);
	challenge(s, buf, "BYE ", 11);
	/* but no more */
	reply(s, buf, "401 Unauthorized",
	      "WWW-Authenticate: Digest realm=\"127.0.0.1\", "
	      "nonce=\"n12\"\r\n",
	      "");
	expect_none(s, "BYE ", 700);
}


static void test_bye_after_two_tries_of_the_invite(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call(s);
	challenge(s, s->invite, "INVITE ", 1);
	challenge(s, s->invite, "INVITE ", 2);
	reply(s, s->invite, "200 OK", "", sdp(40000, ""));
	expect(s, "ACK ", buf);
	AWAIT(s, answered, 1);
	on_loop(s, do_hangup);
	expect(s, "BYE ", buf);
	challenge(s, buf, "BYE ", 3);
	reply(s, buf, "200 OK", "", "");
	expect_none(s, "BYE ", 700);
}


static void test_broken_answer_is_refreshed_again(void **state)
{
	struct side *s = *state;
	char buf[MSG], bad[MSG], *p;

	call_refreshed_by_us(s);
	due(s, buf);
	reply_line(s, buf, "SIP/2.0 4294967496 OK", timer_headers, "");
	settle(s);
	on_loop(s, do_look);
	assert_true(s->err);

	/* a 2xx of another request says nothing about the session */
	due(s, buf);
	(void)snprintf(bad, sizeof(bad), "%s", buf);
	p = strstr(bad, "\r\nCall-ID: ");
	assert_non_null(p);
	p[11] = p[11] == 'x' ? 'y' : 'x';
	reply(s, bad, "200 OK", "Require: timer\r\n", "");
	settle(s);
	on_loop(s, do_look);
	assert_true(s->err);
	due(s, buf);
	reply(s, buf, "200 OK", timer_headers, "");
	bye_in(s, "");
}


/* conformance: RFC 4028 7.3 | a refresh refused by 422 is sent again once with its Min-SE | own telephone */
static void test_422_is_followed_once(void **state)
{
	struct side *s = *state;
	char buf[MSG], v[512];

	call_refreshed_by_us(s);
	due(s, buf);
	assert_string_equal(header(buf, "Min-SE", v), "");
	reply(s, buf, "422 Session Interval Too Small", "Min-SE: 1800\r\n",
	      "");
	do
		expect(s, "UPDATE ", buf);
	while (!*header(buf, "Min-SE", v));
	assert_string_equal(v, "1800");
	assert_string_equal(header(buf, "Session-Expires", v),
			    "1800;refresher=uac");
	reply(s, buf, "422 Session Interval Too Small", "Min-SE: 3600\r\n",
	      "");
	settle(s);
	expect_none(s, "UPDATE ", 300);
	on_loop(s, do_look);
	assert_true(s->err);
	bye_in(s, "");
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_each_request_may_be_challenged_twice),
		T(test_bye_after_two_tries_of_the_invite),
		T(test_broken_answer_is_refreshed_again),
		T(test_422_is_followed_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
