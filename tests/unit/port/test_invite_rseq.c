/**
 * @file test_invite_rseq.c  RSeq and RAck as they come
 */
#include "sip_msg.h"
#include "port/sip/invite/prack.h"


static struct sip_msg *response(const char *headers)
{
	char text[1024];

	(void)snprintf(text, sizeof(text),
		       "SIP/2.0 183 Session Progress\r\n"
		       "Via: SIP/2.0/UDP 127.0.0.1:1;branch=z9hG4bK1\r\n"
		       "From: <sip:a@x>;tag=1\r\nTo: <sip:b@x>;tag=2\r\n"
		       "Call-ID: 1\r\nCSeq: 7 INVITE\r\n%s"
		       "Content-Length: 0\r\n\r\n",
		       headers);

	return msg_new(text);
}


static struct sip_msg *prack(const char *headers)
{
	char text[1024];

	(void)snprintf(text, sizeof(text),
		       "PRACK sip:a@x SIP/2.0\r\n"
		       "Via: SIP/2.0/UDP 127.0.0.1:1;branch=z9hG4bK1\r\n"
		       "From: <sip:a@x>;tag=1\r\nTo: <sip:b@x>;tag=2\r\n"
		       "Call-ID: 1\r\nCSeq: 8 PRACK\r\nMax-Forwards: 70\r\n%s"
		       "Content-Length: 0\r\n\r\n",
		       headers);

	return msg_new(text);
}


/* conformance: RFC 3262 7.1 | RSeq is one number from 1 to 2^32 - 1 | own telephone */
static void test_rseq_read_or_refused(void **state)
{
	/* clang-format off */
	static const struct { const char *headers; uint32_t rseq; } table[] = {
		{ "RSeq: 1\r\n", 1 },
		{ "RSeq:   988789 \r\n", 988789 },
		{ "RSeq: 4294967295\r\n", UINT32_MAX },
		{ "RSeq: 4294967297\r\n", 0 },
		{ "RSeq: 0\r\n", 0 },
		{ "RSeq: -1\r\n", 0 },
		{ "RSeq: 1 2\r\n", 0 },
		{ "RSeq: one\r\n", 0 },
		{ "RSeq: 1\r\nRSeq: 2\r\n", 0 },
		{ "RSeq: \r\n", 0 },
		{ "", 0 },
	};
	/* clang-format on */
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		struct sip_msg *msg = response(table[i].headers);
		uint32_t rseq = 0;

		assert_non_null(msg);
		assert_int_equal(invite_rseq_read(msg, &rseq),
				 table[i].rseq != 0);
		if (table[i].rseq)
			assert_int_equal(rseq, table[i].rseq);
		mem_deref(msg);
	}
}


/* conformance: RFC 3262 7.2 | RAck is RSeq, CSeq and method | own telephone */
static void test_rack_read_or_refused(void **state)
{
	static const char *const bad[] = {
		"RAck: 1\r\n",
		"RAck: 1 2\r\n",
		"RAck: 1 2 INVITE x\r\n",
		"RAck: 0 2 INVITE\r\n",
		"RAck: 1 4294967296 INVITE\r\n",
		"RAck: a b c\r\n",
		"RAck: 1 2 INVITE\r\nRAck: 1 2 INVITE\r\n",
		"RAck: \r\n",
		"",
	};
	struct invite_rack rack;
	struct sip_msg *msg = prack("RAck: 776656  1\tINVITE\r\n");
	size_t i;
	(void)state;

	assert_non_null(msg);
	assert_true(invite_rack_read(msg, &rack));
	assert_int_equal(rack.rseq, 776656);
	assert_int_equal(rack.cseq, 1);
	assert_int_equal(pl_strcmp(&rack.method, "INVITE"), 0);
	mem_deref(msg);

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		msg = prack(bad[i]);
#ifdef SIPD_LIBRE_RACK
		if (!msg)
			continue;
#endif
		assert_non_null(msg);
		assert_false(invite_rack_read(msg, &rack));
		mem_deref(msg);
	}
}


static void test_100rel_among_other_tags(void **state)
{
	struct sip_msg *msg = response("Require: timer, 100REL\r\n"
				       "Supported: 100rely\r\n");
	(void)state;

	assert_non_null(msg);
	assert_true(invite_has_100rel(msg, SIP_HDR_REQUIRE));
	assert_false(invite_has_100rel(msg, SIP_HDR_SUPPORTED));
	mem_deref(msg);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rseq_read_or_refused),
		cmocka_unit_test(test_rack_read_or_refused),
		cmocka_unit_test(test_100rel_among_other_tags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
