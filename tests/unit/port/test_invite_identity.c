/**
 * @file test_invite_identity.c  Who calls: what we say of us, what is said of
 *                               others
 */
#include "invite_caller.h"


static void do_not_call(struct side *s)
{
	do_call(s);
	assert_int_equal(s->err, SIPDIALER_EINVAL);
}


static void busy(struct side *s)
{
	char buf[MSG];

	reply(s, s->invite, "486 Busy Here", "", "");
	expect(s, "ACK ", buf);
	AWAIT(s, ended, 1);
}


/* conformance: RFC 3325 9.1 | P-Asserted-Identity, P-Preferred-Identity and Diversion in an INVITE to the server, the name quoted | own telephone */
static void test_identities_to_the_server(void **state)
{
	struct side *s = *state;
	char v[512], want[256];

	s->params.caller_name = "A \"B\"";
	s->params.identity = (struct sipd_identity){
		.asserted = "+4930123",
		.preferred = "tel:+49-30-456",
		.diversion = "sip:789@pbx.example",
	};
	call(s);
	(void)snprintf(want, sizeof(want),
		       "\"A \\\"B\\\"\" <sip:+4930123@127.0.0.1");
	assert_memory_equal(header(s->invite, "P-Asserted-Identity", v), want,
			    strlen(want));
	assert_string_equal(header(s->invite, "P-Preferred-Identity", v),
			    "\"A \\\"B\\\"\" <tel:+49-30-456>");
	assert_string_equal(header(s->invite, "Diversion", v),
			    "<sip:789@pbx.example>;reason=unconditional");
	assert_string_equal(header(s->invite, "Privacy", v), "");
	assert_non_null(strstr(header(s->invite, "From", v), "sip:alice@"));
	busy(s);
}


/* conformance: RFC 3323 4.1.1.3 | privacy by id or user makes From anonymous, P-Asserted-Identity still tells the server | own telephone */
static void test_privacy_hides_the_from(void **state)
{
	struct side *s = *state;
	char v[512];

	s->params.caller_name = "Alice";
	s->params.caller_id = "+4930123";
	s->params.identity = (struct sipd_identity){
		.privacy = "id, critical",
		.asserted = "+4930123",
	};
	call(s);
	assert_string_equal(header(s->invite, "Privacy", v), "id;critical");
	assert_memory_equal(header(s->invite, "From", v),
			    "\"Anonymous\" "
			    "<sip:anonymous@anonymous.invalid>;tag=",
			    50);
	assert_non_null(strstr(header(s->invite, "P-Asserted-Identity", v),
			       "\"Alice\" <sip:+4930123@"));
	busy(s);
}


static void test_privacy_none_hides_nothing(void **state)
{
	struct side *s = *state;
	char v[512];

	s->params.identity.privacy = "none";
	call(s);
	assert_string_equal(header(s->invite, "Privacy", v), "none");
	assert_non_null(strstr(header(s->invite, "From", v), "sip:alice@"));
	busy(s);
}


/* conformance: RFC 3325 5 | no identity but an anonymous From leaves for a host that is not the server | own telephone */
static void test_others_get_no_identity(void **state)
{
	struct side *s = *state;
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t len = sizeof(sin);
	const int server = s->fd;
	char to[64], v[512];

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->fd, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&sin, &len), 0);
	(void)snprintf(to, sizeof(to), "sip:bob@127.0.0.1:%u",
		       ntohs(sin.sin_port));
	s->params.to = to;
	s->params.identity = (struct sipd_identity){
		.privacy = "id",
		.asserted = "+4930123",
		.preferred = "+4930124",
		.diversion = "+4930125",
	};
	call(s);
	assert_string_equal(header(s->invite, "Privacy", v), "id");
	assert_null(strstr(s->invite, "+493012"));
	assert_null(strstr(s->invite, "P-"
				      "Asserted"));
	busy(s);
	(void)close(s->fd);
	s->fd = server;
}


static void test_bad_identities_are_refused(void **state)
{
	static const char *const bad[] = {
		"a b",
		"1>\r\nX-Evil: 1",
		"tel:4930",
		"tel:+49;x=y",
		"sip:a@b?X=y",
		"tel:+",
		"tel:+490123456789012345678901234567890123456789",
	};
	struct side *s = *state;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		s->params.identity = (struct sipd_identity){
			.asserted = bad[i],
		};
		on_loop(s, do_not_call);
		assert_int_equal(sipd_sip_check_identity(bad[i]),
				 SIPDIALER_EINVAL);
		assert_null(strstr(sipd_error_text(), "\r"));
	}
	s->params.identity = (struct sipd_identity){.privacy = "all"};
	on_loop(s, do_not_call);
	assert_int_equal(sipd_sip_check_privacy("none,id"), SIPDIALER_EINVAL);
	assert_int_equal(sipd_sip_check_privacy("id\r\n"), SIPDIALER_EINVAL);
	assert_int_equal(sipd_sip_check_privacy("id;user, header"), 0);
	assert_int_equal(sipd_sip_check_privacy(""), 0);
}


/* ---- said of others ----------------------------------------------------------- */

static void called_with(struct side *s, const char *headers)
{
	struct ask a = offer();
	char buf[MSG], id[32];
	static unsigned number;

	coming->status = 486;
	(void)snprintf(id, sizeof(id), "id-%u", ++number);
	a.callid = id;
	a.headers = headers;
	ask_send(s, &a);
	expect(s, "SIP/2.0 486", buf);
	ack_final(s, &a, buf);
}


/* conformance: RFC 3325 9.1 | the asserted identity of a call that comes in is told, as number or URI | own telephone */
static void test_asserted_identity_is_told(void **state)
{
	static const struct {
		const char *headers, *asserted;
	} table[] = {
		{"", ""},
		{"P-Asserted-Identity: \"A\" <sip:+4930777@x>, <tel:+1>\r\n",
		 "+4930777"},
		{"P-Asserted-Identity: tel:+4930778\r\n", "+4930778"},
		{"P-Asserted-Identity: <sip:a%20b@x>\r\n", "sip:a%20b@x"},
		{"Remote-Party-ID: <sip:100@x>;party=calling;screen=yes\r\n",
		 "100"},
		{"Remote-Party-ID: <sip:100@x>;party=called\r\n", ""},
		{"P-Preferred-Identity: <sip:100@x>\r\n", ""},
		{"P-Asserted-Identity: <sip:+4930\r\n", ""},
	};
	struct side *s = *state;
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		called_with(s, table[i].headers);
		assert_string_equal(coming->asserted, table[i].asserted);
	}
}


/* conformance: RFC 5806 6, 7044 5 | who diverted a call last, by Diversion or History-Info | own telephone */
static void test_diversion_is_told(void **state)
{
	static const struct {
		const char *headers, *diverted;
	} table[] = {
		{"Diversion: <sip:200@x>;reason=no-answer, <sip:100@x>\r\n",
		 "200"},
		{"History-Info: <sip:100@x>;index=1, "
		 "<sip:200@x?Reason=SIP%3Bcause%3D302>;index=1.1, "
		 "<sip:300@x>;index=1.1.1\r\n",
		 "200"},
		{"History-Info: <sip:300@x>;index=1\r\n", ""},
		{"", ""},
	};
	struct side *s = *state;
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		called_with(s, table[i].headers);
		assert_string_equal(coming->diverted, table[i].diverted);
	}
}


/* conformance: 3GPP TS 24.229 7.2A.20 | verstat of P-Asserted-Identity, else of From, is told; a display name is no verstat | own telephone */
static void test_verstat_is_told(void **state)
{
	static const struct {
		const char *headers, *verstat;
	} table[] = {
		{"P-Asserted-Identity: <sip:+1215;verstat="
		 "TN-Validation-Passed@x;user=phone>\r\n",
		 "TN-Validation-Passed"},
		{"P-Asserted-Identity: <tel:+1215;verstat="
		 "TN-Validation-Failed-C>\r\n",
		 "TN-Validation-Failed-C"},
		{"P-Asserted-Identity: <sip:+1215@x;verstat="
		 "No-TN-Validation>\r\n",
		 "No-TN-Validation"},
		{"P-Asserted-Identity: \";verstat=TN-Validation-Passed\" "
		 "<sip:1@x>\r\n",
		 ""},
		{"P-Asserted-Identity: <sip:1@x;verstat=>\r\n", ""},
	};
	struct side *s = *state;
	struct ask a = offer();
	char buf[MSG];
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		called_with(s, table[i].headers);
		assert_string_equal(coming->verstat, table[i].verstat);
	}
	a.from = "\"x\" <sip:+1215;verstat=TN-Validation-Passed@127.0.0.1>";
	a.callid = "from";
	ask_send(s, &a);
	expect(s, "SIP/2.0 486", buf);
	ack_final(s, &a, buf);
	assert_string_equal(coming->verstat, "TN-Validation-Passed");
	assert_string_equal(coming->from, "+1215");
}


/* conformance: RFC 8224 4 | Identity, Privacy, X- and other end-to-end headers reach the host, those of hops and digests do not | own telephone */
static void test_headers_for_the_ends_are_told(void **state)
{
	struct side *s = *state;

	called_with(s, "Identity: eyJ.x.y;info=<https://x>;alg=ES256\r\n"
		       "Privacy: id\r\nX-Tenant: 7\r\n"
		       "X-Folded: a\r\n\tb\r\nX-Esc: \x1b[2J\xc2\x9b\r\n"
		       "Authorization: Digest username=\"u\"\r\n"
		       "Proxy-Authorization: Digest username=\"u\"\r\n"
		       "Record-Route: <sip:x;lr>\r\nSupported: timer\r\n");
	assert_non_null(strstr(coming->headers,
			       "Identity: eyJ.x.y;info=<https://x>;alg=ES256\n"
			       "Privacy: id\nX-Tenant: 7\nX-Folded: a b\n"
			       "X-Esc: ?[2J?\n"));
	assert_null(strstr(coming->headers, "Authorization"));
	assert_null(strstr(coming->headers, "Route"));
	assert_null(strstr(coming->headers, "Via"));
	assert_null(strstr(coming->headers, "Content-"));
	assert_null(strstr(coming->headers, "Contact"));
	assert_non_null(strstr(coming->headers, "Call-ID: id-"));
	assert_null(strchr(coming->headers, '\r'));
}


static void test_headers_are_bounded(void **state)
{
	struct side *s = *state;
	char headers[6000], *p = headers;
	unsigned i;

	/* one that is too long is left out whole, those behind it are not */
	p += snprintf(p, 3000, "X-Long: %02500d\r\n", 1);
	for (i = 0; i < 3; i++)
		p += snprintf(p, 1200, "X-%u: %01000d\r\n", i, 1);
	(void)snprintf(p, 100, "X-Last: 1\r\n");
	called_with(s, headers);
	assert_null(strstr(coming->headers, "X-Long"));
	assert_non_null(strstr(coming->headers, "X-2: 000"));
	assert_non_null(strstr(coming->headers, "X-Last: 1\n"));
	assert_in_range(strlen(coming->headers), 3000, 4096);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_identities_to_the_server),
		T(test_privacy_hides_the_from),
		T(test_privacy_none_hides_nothing),
		T(test_others_get_no_identity),
		T(test_bad_identities_are_refused),
		I(test_asserted_identity_is_told),
		I(test_diversion_is_told),
		I(test_verstat_is_told),
		I(test_headers_for_the_ends_are_told),
		I(test_headers_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
