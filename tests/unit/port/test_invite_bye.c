/**
 * @file test_invite_bye.c  How sessions end: BYE, its ways, and reasons
 */
#include "invite_caller.h"
#include "port/sip/invite/invite.h"


static void call_with(struct side *s, const char *headers)
{
	char buf[MSG];

	call(s);
	reply(s, s->invite, "200 OK", headers, sdp(40000, ""));
	expect(s, "ACK ", buf);
	AWAIT(s, answered, 1);
}


static void do_hangup_words(struct side *s)
{
	sipd_invite_hangup(s->inv, "a \"b\" \\ c\r\nX-Evil: 1");
}


/* conformance: RFC 3326 2 | BYE says why, in words of the host that cannot leave their quotes | own telephone */
static void test_reason_of_the_host_is_quoted(void **state)
{
	struct side *s = *state;
	char buf[MSG], v[512];

	call_answered(s);
	on_loop(s, do_hangup_words);
	expect(s, "BYE ", buf);
	assert_string_equal(header(buf, "Reason", v),
			    "Q.850;cause=16;text=\"a \\\"b\\\" \\\\ "
			    "c??X-Evil: 1\"");
	assert_null(strstr(buf, "\nX-Evil"));
	reply(s, buf, "200 OK", "", "");
	expect_none(s, "BYE ", 300);
}


/* conformance: RFC 3326 2 | cause and words of the Reason of a BYE reach the host | own telephone */
static void test_reason_of_the_peer_is_told(void **state)
{
	static const struct {
		const char *header, *words;
		int q850;
	} table[] = {
		{"Reason: Q.850;cause=31;text=\"Normal, unspecified\"\r\n",
		 "Normal, unspecified", 31},
		{"Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n",
		 "Call completed elsewhere", 0},
		{"Reason: SIP ;cause=600 ;text=\"x\", Q.850;cause=17\r\n", "x",
		 17},
		{"Reason: Q.850 ; cause=38 ; TEXT=\"a;text=\\\"b\\\"\"\r\n",
		 "a;text=\"b\"", 38},
		{"Reason: Q.850;cause=16;text=\"\x1b[2J\xc2\x9b!\"\r\n",
		 "?[2J?!", 16},
		{"Reason: Q.850;cause=16;text=\"not closed\r\n", "not closed",
		 16},
		{"Reason: Q.850;cause=128;text=\"no cause\"\r\n",
		 "hung up by the peer", 0},
		{"Reason: Q.850;text=\"no cause\"\r\n", "hung up by the peer",
		 0},
		{"", "hung up by the peer", 0},
	};
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct side *s = calloc(1, sizeof(*s));

		side_open(s);
		call_answered(s);
		bye_in(s, table[i].header);
		assert_string_equal(s->told.reason, table[i].words);
		assert_int_equal(s->told.end.q850, table[i].q850);
		side_close(s);
		free(s);
	}
}


/* conformance: RFC 3326 2 | our CANCEL says why: normal clearing in words of the host, or nobody answered | own telephone */
static void test_cancel_says_why(void **state)
{
	struct side *s = *state;
	char buf[MSG], v[512];

	call(s);
	reply(s, s->invite, "180 Ringing", "", "");
	AWAIT(s, progress, 1);
	on_loop(s, do_hangup_words);
	expect(s, "CANCEL ", buf);
#ifdef SIPD_LIBRE_STATIC
	assert_string_equal(header(buf, "Reason", v),
			    "Q.850;cause=16;text=\"a \\\"b\\\" \\\\ "
			    "c??X-Evil: 1\"");
#endif
	assert_null(strstr(buf, "\nX-Evil"));
	assert_string_equal(header(buf, "Content-Length", v), "0");
	reply(s, buf, "200 OK", "", "");
	reply(s, s->invite, "487 Request Terminated", "", "");
	expect(s, "ACK ", buf);
	assert_string_equal(header(buf, "Reason", v), "");
	AWAIT(s, ended, 1);
}


static void test_cancel_of_who_does_not_answer(void **state)
{
	struct side *s = *state;
	char buf[MSG], v[512];

	s->params.ring_timeout_ms = 200;
	call(s);
	reply(s, s->invite, "180 Ringing", "", "");
	expect(s, "CANCEL ", buf);
	(void)header(buf, "Reason", v);
#ifdef SIPD_LIBRE_STATIC
	assert_string_equal(v, "Q.850;cause=19;text=\"not answered in "
			       "time\"");
#endif
	reply(s, buf, "200 OK", "", "");
	reply(s, s->invite, "487 Request Terminated", "", "");
	expect(s, "ACK ", buf);
	AWAIT(s, ended, 1);
}


/* conformance: RFC 3326 2 | the Reason of a CANCEL is told: the call was answered elsewhere | own telephone */
static void test_reason_of_a_cancel_is_told(void **state)
{
	struct side *s = *state;
	char buf[MSG];
	struct ask a = ring(s, buf);

	a.headers = "Reason: SIP;cause=200;text=\"Call completed "
		    "elsewhere\"\r\n";
	cancel_send(s, &a);
	AWAIT(s, ended, 1);
	assert_int_equal(s->told.end.sip_status, 487);
	assert_string_equal(s->told.reason, "Call completed elsewhere");
}


/* conformance: RFC 3261 12.2.1.1 | a Contact that cannot be reached does not keep ACK and BYE from where the answer came from | own telephone */
static void
test_unreachable_contact_gets_ack_and_bye_where_it_came_from(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call(s);
	s->contact = "<sip:uas@[2001:db8::1]:5060>";
	reply(s, s->invite, "200 OK", "", sdp(40000, ""));
	expect(s, "ACK sip:uas@[2001:db8::1]:5060 ", buf);
	AWAIT(s, answered, 1);
	on_loop(s, do_hangup);
	expect(s, "BYE sip:uas@[2001:db8::1]:5060 ", buf);
	reply(s, buf, "200 OK", "", "");
	expect_none(s, "BYE ", 300);
}


/* conformance: RFC 3261 12.2.1.1 | a first route without lr gets the request itself, the target is the last Route | own telephone */
static void test_strict_router_gets_its_own_uri(void **state)
{
	struct side *s = *state;
	char buf[MSG], headers[256], want[128];

	call(s);
	(void)snprintf(headers, sizeof(headers),
		       "Record-Route: <sip:far@127.0.0.1:9;lr>, "
		       "<sip:near@127.0.0.1:%u;x=y>\r\n",
		       s->port);
	reply(s, s->invite, "200 OK", headers, sdp(40000, ""));
	(void)snprintf(want, sizeof(want), "ACK sip:near@127.0.0.1:%u;x=y ",
		       s->port);
	expect(s, want, buf);
	(void)snprintf(want, sizeof(want),
		       "\r\nRoute: <sip:far@127.0.0.1:9;lr>\r\n"
		       "Route: <sip:uas@127.0.0.1:%u>\r\n",
		       s->port);
	assert_non_null(strstr(buf, want));
	AWAIT(s, answered, 1);
	bye_in(s, "");
}


/* conformance: RFC 3261 12.1.2 | the route set of the calling side is Record-Route backwards | own telephone */
static void test_routes_are_record_route_backwards(void **state)
{
	struct side *s = *state;
	char buf[MSG], headers[256], want[256];

	(void)snprintf(headers, sizeof(headers),
		       "Record-Route: <sip:c@127.0.0.1:9;lr>\r\n"
		       "Record-Route: <sip:b@127.0.0.1:9;lr>, "
		       "<sip:a@127.0.0.1:%u;lr>\r\n",
		       s->port);
	call(s);
	reply(s, s->invite, "200 OK", headers, sdp(40000, ""));
	expect(s, "ACK sip:uas@127.0.0.1", buf);
	(void)snprintf(want, sizeof(want),
		       "\r\nRoute: <sip:a@127.0.0.1:%u;lr>\r\n"
		       "Route: <sip:b@127.0.0.1:9;lr>\r\n"
		       "Route: <sip:c@127.0.0.1:9;lr>\r\n",
		       s->port);
	assert_non_null(strstr(buf, want));
	AWAIT(s, answered, 1);
	bye_in(s, "");
}


/* conformance: RFC 3261 12.2.2 | the Contact of a re-INVITE or UPDATE is where later requests go | own telephone */
static void test_target_follows_the_contact(void **state)
{
	struct side *s = *state;
	char buf[MSG], contact[64];

	call_with(s, "");
	(void)snprintf(contact, sizeof(contact), "<sip:moved@127.0.0.1:%u>",
		       s->port);
	s->contact = contact;
	request(s, "UPDATE", ++s->cseq, "", "");
	expect(s, "SIP/2.0 200", buf);
	on_loop(s, do_hangup);
	expect(s, "BYE sip:moved@127.0.0.1", buf);
	reply(s, buf, "200 OK", "", "");
	expect_none(s, "BYE ", 300);
}


/* conformance: RFC 3261 8.2.2.3 | an unknown extension that a request in the dialog requires: 420, Unsupported names it | own telephone */
static void test_unknown_extension_in_the_dialog_gets_420(void **state)
{
	struct side *s = *state;
	char buf[MSG], v[512];

	call_with(s, "");
	request(s, "UPDATE", ++s->cseq,
		"Require: timer, nonsense, 100rel, more\r\n", "");
	expect(s, "SIP/2.0 420", buf);
	assert_string_equal(header(buf, "Unsupported", v), "nonsense, more");
	request(s, "INVITE", ++s->cseq, "Require: nonsense\r\n", "");
	expect(s, "SIP/2.0 420", buf);
	request(s, "ACK", s->cseq, "", "");
	assert_int_equal(s->told.ended, 0);
	bye_in(s, "");
}


/* conformance: RFC 6086 4.2.2 | INFO of a package: 469, none is received; other bodies: 415 | own telephone */
static void test_info_of_unknown_packages_refused(void **state)
{
	struct side *s = *state;
	char buf[MSG], v[512];

	call_with(s, "");
	request(s, "INFO", ++s->cseq, "Info-Package: foo\r\n", "");
	expect(s, "SIP/2.0 469", buf);
	assert_non_null(strstr(buf, "\r\nRecv-Info:"));
	request(s, "INFO", ++s->cseq, "Content-Type: application/foo\r\n",
		"x");
	expect(s, "SIP/2.0 415", buf);
	assert_non_null(strstr(header(buf, "Accept", v), "dtmf-relay"));
	bye_in(s, "");
}


/* conformance: RFC 5621 3.1 | the SDP part of a multipart body of a re-INVITE is its offer | own telephone */
static void test_offer_within_multipart(void **state)
{
	struct side *s = *state;
	char buf[MSG], body[2048];

	call_with(s, "");
	(void)snprintf(body, sizeof(body),
		       "--b1\r\nContent-Type: application/isup\r\n\r\n\x01\r\n"
		       "--b1\r\nContent-Type: application/sdp\r\n\r\n%s\r\n"
		       "--b1--\r\n",
		       sdp(40100, "a=sendonly\r\n"));
	request(s, "INVITE", ++s->cseq,
		"Content-Type: multipart/mixed;boundary=b1\r\n", body);
	expect(s, "SIP/2.0 200", buf);
	assert_non_null(strstr(buf, "a=recvonly"));
	request(s, "ACK", s->cseq, "", "");
	AWAIT(s, media, 2);
	bye_in(s, "");
}


/* The system's libre tells of a lost TCP connection to nobody. */
#ifdef SIPD_LIBRE_STATIC
static int stream_listen(const struct side *s)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons(s->port);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(listen(fd, 2), 0);

	return fd;
}


static void connection_take(struct side *s, int listener)
{
	struct pollfd pfd = {.fd = listener, .events = POLLIN};

	assert_int_equal(poll(&pfd, 1, 10000), 1);
	(void)close(s->fd);
	s->fd = accept(listener, NULL, NULL);
	assert_true(s->fd >= 0);
	s->stream = true;
}


/* conformance: RFC 3261 15.1.1, 18.4 | a BYE whose connection breaks is sent once more, on a new one | own telephone */
static void test_bye_comes_again_on_a_new_connection(void **state)
{
	struct side *s = calloc(1, sizeof(*s));
	char buf[MSG], contact[64];
	int listener;
	(void)state;

	s->conf.transport = SIPD_TCP;
	side_open(s);
	listener = stream_listen(s);
	on_loop(s, do_call);
	connection_take(s, listener);
	expect(s, "INVITE ", s->invite);
	(void)snprintf(contact, sizeof(contact),
		       "<sip:uas@127.0.0.1:%u;transport=tcp>", s->port);
	s->contact = contact;
	reply(s, s->invite, "200 OK", "", sdp(40000, ""));
	expect(s, "ACK ", buf);
	AWAIT(s, answered, 1);
	on_loop(s, do_hangup);
	expect(s, "BYE ", buf);
	(void)shutdown(s->fd, SHUT_RDWR);
	connection_take(s, listener);
	expect(s, "BYE ", buf);
	reply(s, buf, "200 OK", "", "");
	assert_int_equal(s->told.ended, 1);

	side_close(s);
	(void)close(listener);
	free(s);
}
#endif


int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_reason_of_the_host_is_quoted),
		cmocka_unit_test(test_reason_of_the_peer_is_told),
		T(test_cancel_says_why),
		T(test_cancel_of_who_does_not_answer),
		I(test_reason_of_a_cancel_is_told),
		T(test_unreachable_contact_gets_ack_and_bye_where_it_came_from),
#ifdef SIPD_LIBRE_STATIC
		cmocka_unit_test(test_bye_comes_again_on_a_new_connection),
#endif
		T(test_strict_router_gets_its_own_uri),
		T(test_routes_are_record_route_backwards),
		T(test_target_follows_the_contact),
		T(test_unknown_extension_in_the_dialog_gets_420),
		T(test_info_of_unknown_packages_refused),
		T(test_offer_within_multipart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
