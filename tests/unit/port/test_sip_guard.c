/**
 * @file test_sip_guard.c  Which messages are believed
 */
#include "sip_msg.h"

#define VIA "Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKabc\r\n"
#define FROM "From: <sip:a@example.org>;tag=f1\r\n"
#define TO "To: <sip:b@example.org>\r\n"
#define CID "Call-ID: c1\r\n"
#define MF "Max-Forwards: 70\r\n"
#define REST FROM TO CID "CSeq: 7 INVITE\r\nContent-Length: 0\r\n\r\n"


static bool status_ok(const char *line)
{
	char text[1024];
	struct sip_msg *msg;
	bool ok;

	(void)snprintf(text, sizeof(text), "%s\r\n" VIA REST, line);
	msg = msg_new(text);
	ok = msg && sipd_guard_status_line(msg);
	mem_deref(msg);

	return ok;
}


static void test_status_line_three_digits_only(void **state)
{
	static const char *const good[] = {
		"SIP/2.0 100 Trying", "SIP/2.0 200 OK",
		"SIP/2.0 200 ",       "SIP/2.0 486 Busy Here",
		"SIP/2.0 699 Last",   "SIP/2.0 183 \xd0\x9f\xd1\x80",
	};
	static const char *const bad[] = {
		"SIP/2.0 4294967496 OK", "SIP/2.0 700 X",   "SIP/2.0 999 X",
		"SIP/2.0 2000 X",        "SIP/2.0 99 X",    "SIP/2.0 0200 X",
		"SIP/2.0 20 X",          "SIP/3.0 200 OK",  "HTTP/1.1 200 OK",
		"sip/2.0 200 OK",        "SIP/2.0  200 OK", "SIP/2.0 2x0 OK",
		"SIP/2.00 200 OK",       " SIP/2.0 200 OK", "SIP/2.0 000 X",
		"SIP/2.0 -20 X",         "SIP/2.0 +20 X",
	};
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		if (!status_ok(good[i]))
			fail_msg("refused: %s", good[i]);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		if (status_ok(bad[i]))
			fail_msg("believed: %s", bad[i]);
	}
}


static bool response_ok(const char *text)
{
	struct sip_msg *msg = msg_new(text);
	const bool ok = msg &&
			sipd_guard_response(msg, "c1", "f1", 7, "INVITE");

	mem_deref(msg);

	return ok;
}


static void test_response_must_fit_its_request(void **state)
{
	(void)state;

#define OK "SIP/2.0 200 OK\r\n"
	assert_true(response_ok(OK VIA REST));
	assert_false(response_ok(OK VIA VIA REST));
	assert_false(response_ok(OK REST));
	assert_false(response_ok(OK "Via: SIP/2.0/UDP a;branch=z9hG4bK1, "
				    "SIP/2.0/UDP b;branch=z9hG4bK2\r\n" REST));
	assert_false(response_ok(OK VIA FROM TO "Call-ID: c2\r\n"
						"CSeq: 7 INVITE\r\n\r\n"));
	assert_false(response_ok(OK VIA "From: <sip:a@b>;tag=f2\r\n" TO CID
					"CSeq: 7 INVITE\r\n\r\n"));
	assert_false(response_ok(OK VIA "From: <sip:a@b>\r\n" TO CID
					"CSeq: 7 INVITE\r\n\r\n"));
	assert_false(response_ok(OK VIA FROM TO CID "CSeq: 8 INVITE\r\n\r\n"));
	assert_false(response_ok(OK VIA FROM TO CID "CSeq: 7 BYE\r\n\r\n"));
	assert_false(response_ok(OK VIA FROM TO CID
				 "CSeq: 4294967303 INVITE\r\n\r\n"));
	assert_false(response_ok(OK VIA FROM TO CID "\r\n"));
	assert_false(
		response_ok(OK VIA FROM FROM TO CID "CSeq: 7 INVITE\r\n\r\n"));
#undef OK
}


static bool request_ok(const char *text)
{
	struct sip_msg *msg = msg_new(text);
	const bool ok = msg && sipd_guard_request(msg);

	mem_deref(msg);

	return ok;
}


static void test_request_needs_essential_fields(void **state)
{
	(void)state;

#define LINE "OPTIONS sip:me@127.0.0.1 SIP/2.0\r\n"
#define CSEQ "CSeq: 1 OPTIONS\r\n"
	assert_true(request_ok(LINE VIA FROM TO CID CSEQ MF "\r\n"));
	assert_false(request_ok(LINE FROM TO CID CSEQ MF "\r\n"));
	assert_false(request_ok(LINE VIA TO CID CSEQ MF "\r\n"));
	assert_false(request_ok(LINE VIA FROM CID CSEQ MF "\r\n"));
	assert_false(request_ok(LINE VIA FROM TO CSEQ MF "\r\n"));
	assert_false(request_ok(LINE VIA FROM TO CID MF "\r\n"));
	assert_false(request_ok(LINE VIA FROM TO CID CSEQ "\r\n"));
	assert_false(request_ok(LINE "\r\n"));
	/* doubled, disagreeing, out of range */
	assert_false(request_ok(LINE VIA FROM TO CID CID CSEQ MF "\r\n"));
	assert_false(request_ok(LINE VIA FROM TO TO CID CSEQ MF "\r\n"));
	assert_false(request_ok(LINE VIA FROM TO CID "CSeq: 1 INVITE\r\n" MF
						     "\r\n"));
	assert_false(request_ok(LINE VIA FROM TO CID
				"CSeq: 4294967297 OPTIONS\r\n" MF "\r\n"));
	assert_false(request_ok(LINE VIA FROM TO CID CSEQ
				"Max-Forwards: 256\r\n\r\n"));
	assert_false(request_ok(LINE VIA FROM TO CID CSEQ MF
				"Content-Length: 9\r\n\r\nshort"));
	assert_false(request_ok(LINE VIA FROM TO CID CSEQ MF
				"Content-Length: -1\r\n\r\n"));
	assert_true(request_ok(LINE VIA FROM TO CID CSEQ MF
			       "Content-Length: 5\r\n\r\nshort"));
	/* would send our answer to somebody else */
	assert_false(request_ok(
		LINE "Via: SIP/2.0/UDP 127.0.0.1;maddr="
		     "192.0.2.1;branch=z9hG4bK1\r\n" FROM TO CID CSEQ MF
		     "\r\n"));
#undef LINE
#undef CSEQ
}


static void test_known_source_compares_address_only(void **state)
{
	struct sipd_sip sip;
	struct sip_msg *msg = msg_new("SIP/2.0 200 OK\r\n" VIA REST);
	struct sa addr;
	unsigned i;
	(void)state;

	memset(&sip, 0, sizeof(sip));
	assert_non_null(msg);
	assert_false(sipd_guard_known_source(&sip, msg));

	assert_int_equal(sa_set_str(&addr, "127.0.0.1", 0), 0);
	sipd_guard_learn(&sip, &addr);
	sip.known_fixed = sip.knownc;
	assert_int_equal(sip.knownc, 1);
	assert_true(sipd_guard_known_source(&sip, msg));
	sa_set_port(&msg->src, 40000);
	assert_true(sipd_guard_known_source(&sip, msg));
	assert_int_equal(sa_set_str(&msg->src, "127.0.0.2", 5060), 0);
	assert_false(sipd_guard_known_source(&sip, msg));

	/* learned ones are forgotten, the configured one is not */
	for (i = 2; i < 40; i++) {
		sa_set_in(&addr, 0x7f000000 + i, 0);
		sipd_guard_learn(&sip, &addr);
	}
	assert_int_equal(sip.knownc, SIPD_KNOWN_MAX);
	assert_false(sipd_guard_known_source(&sip, msg));
	assert_int_equal(sa_set_str(&msg->src, "127.0.0.39", 1), 0);
	assert_true(sipd_guard_known_source(&sip, msg));
	assert_int_equal(sa_set_str(&msg->src, "127.0.0.1", 1), 0);
	assert_true(sipd_guard_known_source(&sip, msg));

	mem_deref(msg);
}


static int q850(const char *headers, int *sip_cause)
{
	char text[1024];
	struct sip_msg *msg;
	int cause;

	(void)snprintf(text, sizeof(text), "SIP/2.0 480 X\r\n%s" VIA REST,
		       headers);
	msg = msg_new(text);
	assert_non_null(msg);
	cause = sipd_reason_q850(msg, sip_cause);
	mem_deref(msg);

	return cause;
}


static void test_reason_gives_q850_and_sip_cause(void **state)
{
	int sip = -1;
	(void)state;

	assert_int_equal(q850("", &sip), 0);
	assert_int_equal(sip, 0);
	assert_int_equal(q850("Reason: Q.850;cause=17;text=\"User busy\"\r\n",
			      &sip),
			 17);
	assert_int_equal(q850("Reason: SIP;cause=200;text=\"Call completed "
			      "elsewhere\", q.850 ; cause=26\r\n",
			      &sip),
			 26);
	assert_int_equal(sip, 200);
	assert_int_equal(q850("Reason: Q.850;cause=4294967313\r\n", &sip), 0);
	assert_int_equal(q850("Reason: Q.850;cause=128\r\n", &sip), 0);
	assert_int_equal(q850("Reason: Q.850;text=\"cause=17\"\r\n", &sip), 0);
	assert_int_equal(q850("Reason: X;cause=17\r\n", NULL), 0);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status_line_three_digits_only),
		cmocka_unit_test(test_response_must_fit_its_request),
		cmocka_unit_test(test_request_needs_essential_fields),
		cmocka_unit_test(test_known_source_compares_address_only),
		cmocka_unit_test(test_reason_gives_q850_and_sip_cause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
