/**
 * @file test_invite_redirect.c  A 3xx to our INVITE: followed if allowed
 *
 * All the hosts are the telephone: 127.0.0.1 is the server, "localhost" is
 * where it redirects to.
 */
#include "telephone.h"


/* Call, and answer by a 302 with these Contacts. */
static void moved(struct side *s, const char *contacts)
{
	char via[512], from[512], to[512], id[512], cseq[512], msg[MSG];

	call(s);
	(void)snprintf(
		msg, sizeof(msg),
		"SIP/2.0 302 Moved Temporarily\r\nVia: %s\r\nFrom: %s\r\n"
		"To: %s;tag=red\r\nCall-ID: %s\r\nCSeq: %s\r\n%s"
		"Content-Length: 0\r\n\r\n",
		header(s->invite, "Via", via), header(s->invite, "From", from),
		header(s->invite, "To", to), header(s->invite, "Call-ID", id),
		header(s->invite, "CSeq", cseq), contacts);
	raw_send(s, msg);
}


/* "localhost:PORT" is put in for each "%u". */
static void moved_here(struct side *s, const char *contacts)
{
	char text[1024];
	const unsigned p = s->port;

	(void)snprintf(text, sizeof(text), contacts, p, p, p, p, p, p);
	moved(s, text);
}


static void follows(struct side *s, const char *uri)
{
	char first[MSG], v[512], w[512];

	memcpy(first, s->invite, sizeof(first));
	expect(s, "INVITE ", s->invite);
	(void)snprintf(v, sizeof(v), "INVITE %s", uri);
	if (strncmp(s->invite, v, strlen(v)))
		fail_msg("not %s but %.60s", v, s->invite);
	assert_string_equal(header(s->invite, "Call-ID", v),
			    header(first, "Call-ID", w));
	assert_string_equal(header(s->invite, "From", v),
			    header(first, "From", w));
	assert_string_equal(header(s->invite, "To", v),
			    header(first, "To", w));
	assert_int_equal(atoi(header(s->invite, "CSeq", v)),
			 atoi(header(first, "CSeq", w)) + 1);
	assert_string_not_equal(header(s->invite, "Via", v),
				header(first, "Via", w));
}


static void not_followed(struct side *s, const char *why)
{
	AWAIT(s, ended, 1);
	assert_int_equal(s->told.end.sip_status, 302);
	if (!strstr(s->told.reason, why))
		fail_msg("reason is \"%s\"", s->told.reason);
	expect_none(s, "INVITE ", 300);
}


/* conformance: RFC 3261 8.1.3.4 | a 302 to an allowed host is followed: same Call-ID, From and To, next CSeq, new branch | own telephone */
static void test_allowed_contact_called(void **state)
{
	struct side *s = *state;
	char buf[MSG], v[512];

	s->params.identity.asserted = "+4930555";
	moved_here(s, "Contact: <sip:+4930777@localhost:%u>\r\n");
	assert_string_not_equal(header(s->invite, "P-Asserted-Identity", v),
				"");
	expect(s, "ACK ", buf);
	follows(s, "sip:+4930777@localhost");
	assert_string_equal(header(s->invite, "P-Asserted-Identity", v), "");
	reply(s, s->invite, "200 OK", "", sdp(40000, ""));
	expect(s, "ACK ", buf);
	AWAIT(s, answered, 1);
	on_loop(s, do_hangup);
	expect(s, "BYE ", buf);
	assert_non_null(strstr(header(buf, "To", v), "sip:4711@"));
	reply(s, buf, "200 OK", "", "");
}


/* conformance: RFC 3261 8.1.3.4 | the Contacts of a 302 are called by their q, the next after a failure | own telephone */
static void test_contacts_called_by_q(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	moved_here(s, "Contact: <sip:+491@localhost:%u>;q=0.3, "
		      "<sip:+492@localhost:%u>;q=0.8\r\n"
		      "Contact: <sip:+493@localhost:%u>, "
		      "<sip:+494@evil.example>;q=0.9\r\n");
	follows(s, "sip:+493@");
	reply(s, s->invite, "480 Temporarily Unavailable", "", "");
	follows(s, "sip:+492@");
	reply(s, s->invite, "486 Busy Here", "", "");
	follows(s, "sip:+491@");
	reply(s, s->invite, "404 Not Found", "", "");
	expect(s, "ACK ", buf);
	AWAIT(s, ended, 1);
	assert_int_equal(s->told.end.sip_status, 404);
	assert_non_null(
		strstr(s->told.reason, "Not Found (redirected to sip:+491@"));
	expect_none(s, "INVITE ", 300);
}


/* conformance: RFC 3261 21.6 | a 6xx of one Contact is the end of all | own telephone */
static void test_6xx_ends_them_all(void **state)
{
	struct side *s = *state;

	moved_here(s, "Contact: <sip:+491@localhost:%u>, "
		      "<sip:+492@localhost:%u>\r\n");
	follows(s, "sip:+491@");
	reply(s, s->invite, "603 Decline", "", "");
	AWAIT(s, ended, 1);
	assert_int_equal(s->told.end.sip_status, 603);
	expect_none(s, "INVITE ", 300);
}


/* conformance: RFC 3261 8.1.3.4 | a Contact that is not allowed is not called: host, number, headers, method, loop | own telephone */
static void test_other_contacts_not_called(void **state)
{
	static const struct {
		const char *contact, *why;
	} table[] = {
		{"<sip:+4930777@evil.example>", "sip.redirect_allow"},
		{"<sip:+19005550100@localhost>", "sip.redirect_allow"},
		{"<sip:+49%%37@localhost>", "sip.redirect_allow"},
		{"<sip:+49;ext=1@localhost>", "sip.redirect_allow"},
		{"<sip:+4930@localhost.evil.example>", "sip.redirect_allow"},
		{"<sip:localhost@evil.example>", "sip.redirect_allow"},
		{"<sip:+4930777@localhost?Replaces=x>", "SIP URI"},
		{"<sip:+4930777@localhost;maddr=10.0.0.1>", "SIP URI"},
		{"<sip:+4930777@localhost;method=REFER>", "method"},
		{"<sips:+4930777@localhost>", "SIP URI"},
		{"<tel:+4930777>", "SIP URI"},
		{"<sip:4711@127.0.0.1:%u>", "called already"},
		{"*", "no Contact"},
	};
	struct side *s = *state;
	char text[256];
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		(void)snprintf(text, sizeof(text), "Contact: %s\r\n",
			       table[i].contact);
		moved_here(s, text);
		AWAIT(s, ended, (int)i + 1);
		assert_int_equal(s->told.end.sip_status, 302);
		if (!strstr(s->told.reason, table[i].why))
			fail_msg("%s: reason is \"%s\"", table[i].contact,
				 s->told.reason);
	}
	expect_none(s, "INVITE ", 300);
}


/* conformance: RFC 3261 8.1.3.4 | the second 3xx of a call is not followed | own telephone */
static void test_one_hop_only(void **state)
{
	struct side *s = *state;
	char contact[128];

	moved_here(s, "Contact: <sip:+491@localhost:%u>\r\n");
	follows(s, "sip:+491@");
	(void)snprintf(contact, sizeof(contact),
		       "Contact: <sip:+492@localhost:%u>\r\nX-A: ", s->port);
	reply(s, s->invite, "302 Moved Temporarily", contact, "");
	not_followed(s, "second time");
}


/* conformance: RFC 3261 21.3 | 305 and 380 are not followed | own telephone */
static void test_other_3xx_not_followed(void **state)
{
	static const char *const statuses[] = {"305 Use Proxy",
					       "380 Alternative Service"};
	struct side *s = *state;
	char contact[128];
	int i;

	(void)snprintf(contact, sizeof(contact),
		       "Contact: <sip:+492@localhost:%u>\r\nX-A: ", s->port);
	for (i = 0; i < 2; i++) {
		call(s);
		reply(s, s->invite, statuses[i], contact, "");
		AWAIT(s, ended, i + 1);
		assert_int_equal(s->told.end.sip_status, atoi(statuses[i]));
	}
	expect_none(s, "INVITE ", 300);
}


static void test_no_more_than_five(void **state)
{
	struct side *s = *state;
	char uri[64];
	int i;

	moved_here(s, "Contact: <sip:+491@localhost:%u>, "
		      "<sip:+492@localhost:%u>, <sip:+493@localhost:%u>, "
		      "<sip:+494@localhost:%u>, <sip:+495@localhost:%u>, "
		      "<sip:+496@localhost:%u>\r\n");
	for (i = 1; i <= 5; i++) {
		(void)snprintf(uri, sizeof(uri), "sip:+49%d@", i);
		follows(s, uri);
		reply(s, s->invite, "480 Temporarily Unavailable", "", "");
	}
	AWAIT(s, ended, 1);
	expect_none(s, "INVITE ", 300);
}


/* conformance: RFC 7616 5.1 | the password is not used where a call is redirected to | own telephone */
static void test_password_stays_at_home(void **state)
{
	struct side *s = *state;
	char v[512];

	moved_here(s, "Contact: <sip:+491@localhost:%u>\r\n");
	follows(s, "sip:+491@");
	assert_string_equal(header(s->invite, "Authorization", v), "");
	reply(s, s->invite, "401 Unauthorized",
	      "WWW-Authenticate: Digest realm=\"127.0.0.1\", nonce=\"n1\", "
	      "algorithm=MD5\r\n",
	      "");
	AWAIT(s, ended, 1);
	assert_int_equal(s->told.end.sip_status, 401);
	assert_int_equal(s->told.end.error, SIPDIALER_EAUTH);
	expect_none(s, "INVITE ", 300);
}


static void test_redirected_within_the_server_has_the_password(void **state)
{
	struct side *s = *state;
	char v[512], buf[MSG];

	moved_here(s, "Contact: <sip:+491@127.0.0.1:%u>\r\n");
	follows(s, "sip:+491@127.0.0.1");
	reply(s, s->invite, "401 Unauthorized",
	      "WWW-Authenticate: Digest realm=\"127.0.0.1\", nonce=\"n1\", "
	      "algorithm=MD5\r\n",
	      "");
	follows(s, "sip:+491@127.0.0.1");
	assert_string_not_equal(header(s->invite, "Authorization", v), "");
	reply(s, s->invite, "200 OK", "", sdp(40000, ""));
	expect(s, "ACK ", buf);
	AWAIT(s, answered, 1);
	bye_in(s, "");
}


static void test_hung_up_is_not_followed(void **state)
{
	struct side *s = *state;
	char buf[MSG];

	call(s);
	reply(s, s->invite, "180 Ringing", "", "");
	AWAIT(s, progress, 1);
	on_loop(s, do_hangup);
	expect(s, "CANCEL ", buf);
	reply(s, s->invite, "302 Moved Temporarily",
	      "Contact: <sip:+491@localhost>\r\nX-A: ", "");
	AWAIT(s, ended, 1);
	assert_true(s->told.end.local);
	expect_none(s, "INVITE ", 300);
}


static void test_list_checked(void **state)
{
	static const char *const good[] = {
		"",
		"pbx.example",
		"+49*@192.0.2.1, *@[2001:db8::1],x",
		"0049*@h",
	};
	static const char *const bad[] = {
		"@host",  "+49@host", "a*@host", "4+9*@host", "host:5060",
		"ho st!", "+49*@",    "[::1",    "sip:host",
	};
	char many[256] = "";
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(sipd_sip_check_redirect(good[i]), 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (sipd_sip_check_redirect(bad[i]) != SIPDIALER_EINVAL)
			fail_msg("\"%s\" is taken", bad[i]);
	for (i = 0; i < 33; i++)
		(void)strcat(many, "h,");
	assert_int_equal(sipd_sip_check_redirect(many), SIPDIALER_EINVAL);
}


static int allowing(void **state)
{
	struct side *s = calloc(1, sizeof(*s));

	s->conf.redirect_allow = "other.example, +49*@localhost, *@127.0.0.1";
	side_open(s);
	*state = s;

	return 0;
}


#define A(name) cmocka_unit_test_setup_teardown(name, allowing, teardown)


int main(void)
{
	const struct CMUnitTest tests[] = {
		A(test_allowed_contact_called),
		A(test_contacts_called_by_q),
		A(test_6xx_ends_them_all),
		A(test_other_contacts_not_called),
		A(test_one_hop_only),
		A(test_other_3xx_not_followed),
		A(test_no_more_than_five),
		A(test_password_stays_at_home),
		A(test_redirected_within_the_server_has_the_password),
		A(test_hung_up_is_not_followed),
		cmocka_unit_test(test_list_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
