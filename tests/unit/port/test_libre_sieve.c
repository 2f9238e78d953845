/**
 * @file test_libre_sieve.c  What libre is not let near
 */
#include "lib/cmocka_all.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "port/libre/libre.h"


static int sieve(const char *text)
{
	return sipd_libre_sieve(text, strlen(text));
}


/* head, then n times a piece, then tail */
static int sieve_long(const char *head, const char *piece, size_t n,
		      const char *tail)
{
	char *text = calloc(1, strlen(head) + n * strlen(piece) +
				       strlen(tail) + 1);
	size_t len = strlen(head), i;
	int err;

	assert_non_null(text);
	memcpy(text, head, len);
	for (i = 0; i < n; i++, len += strlen(piece))
		memcpy(text + len, piece, strlen(piece));
	memcpy(text + len, tail, strlen(tail) + 1);
	err = sieve(text);
	free(text);

	return err;
}


static void test_messages_pass(void **state)
{
	(void)state;

	assert_int_equal(sieve("OPTIONS sip:a@b SIP/2.0\r\nCSeq: 1 OPTIONS\r\n"
			       "\r\nbody"),
			 0);
	assert_int_equal(sieve("SIP/2.0 200 OK\ncseq  : 0009\n  INVITE\n\n"),
			 0);
	assert_int_equal(sieve("SIP/2.0 100 \r\n\r\n"), 0);
	assert_int_equal(sieve_long("A b SIP/2.0\r\nX: ", "1", 8000,
				    "\r\n\r\n"),
			 0);
}


static void test_cut_messages_wait(void **state)
{
	(void)state;

	assert_int_equal(sieve(""), ENODATA);
	assert_int_equal(sieve("OPTIONS sip:a@b SIP"), ENODATA);
	assert_int_equal(sieve("OPTIONS sip:a@b SIP/2.0\r\n"), ENODATA);
	assert_int_equal(sieve("OPTIONS sip:a@b SIP/2.0\r\nX: y\r\n"),
			 ENODATA);
	assert_int_equal(sieve_long("", "A ", 2048, ""), ENODATA);
}


static void test_slow_ones_refused(void **state)
{
	(void)state;

	/* 32 ms and 52 ms with libre 1.1.0 */
	assert_int_equal(sieve_long("", "A ", 4000, ""), EBADMSG);
	assert_int_equal(sieve_long("A b SIP/2.0\r\nCSeq: ", "1", 7800,
				    "\r\n\r\n"),
			 EBADMSG);
	assert_int_equal(sieve_long("A b SIP/2.0\r\ncSEQ\t :\r\n", " 1\r\n",
				    100, "\r\n\r\n"),
			 EBADMSG);
	assert_int_equal(sieve_long("A b SIP/2.0\r\nc: ", "a ", 300,
				    "\r\n\r\n"),
			 EBADMSG);
	assert_int_equal(sieve_long("A b SIP/2.0\r\nX: ", "1", 9000,
				    "\r\n\r\n"),
			 EBADMSG);
	assert_int_equal(sieve_long("A b SIP/2.0\r\nX: ", "1", 9000, ""),
			 EBADMSG);
	assert_int_equal(sieve("\r\nOPTIONS sip:a@b SIP/2.0\r\n\r\n"),
			 EBADMSG);
	assert_int_equal(sieve("OPTIONS  sip:a@b SIP/2.0\r\n\r\n"), EBADMSG);
	assert_int_equal(sieve("OPTIONS\r\n\r\n"), EBADMSG);
	assert_int_equal(sieve("SIP/2.0 200\r\n\r\n"), EBADMSG);
}


static void test_addresses_that_never_end_refused(void **state)
{
	(void)state;

	/* 114 and 134 ms */
	assert_int_equal(sieve_long("A b SIP/2.0\r\nFrom: ", "1", 8000,
				    "<\r\n\r\n"),
			 EBADMSG);
	assert_int_equal(sieve_long("A b SIP/2.0\r\nt : ", "a:", 4000,
				    "<\r\n\r\n"),
			 EBADMSG);
	assert_int_equal(sieve("A b SIP/2.0\r\nf: a <sip:b@c\r\nX: y\r\n\r\n"),
			 EBADMSG);
	assert_int_equal(sieve("A b SIP/2.0\r\nTo: a <sip:b@c\r\n\r\n"),
			 EBADMSG);
	assert_int_equal(sieve_long("A b SIP/2.0\r\nTo: a", " ", 40,
				    "<sip:b@c>\r\n\r\n"),
			 EBADMSG);
	assert_int_equal(sieve("A b SIP/2.0\r\nTo: \"a < b\"\r\n"
			       "  <sip:b@c>;tag=1\r\nf: sip:b@c\r\n\r\n"),
			 0);
}


/* 20 to 50 ms each: libre sees another field than we did */
static void test_what_reads_in_two_ways_refused(void **state)
{
	(void)state;

	assert_int_equal(sieve_long("A B \r", "A", 4000, "\r\n\r\n"), EBADMSG);
	assert_int_equal(sieve_long("A b SIP/2.0\r\nCSeq\r: ", "1", 4000,
				    "\r\n\r\n"),
			 EBADMSG);
	assert_int_equal(sieve_long("A b SIP/2.0\r\nCSeq\r\n : ", "1", 4000,
				    "\r\n\r\n"),
			 EBADMSG);
	assert_int_equal(sieve_long("A b SIP/2.0\r\nCSeq: x\r\n\r ", "1", 4000,
				    "\r\n\r\n"),
			 EBADMSG);
	assert_int_equal(sieve_long("A b SIP/2.0\r\n", "a:b\r\n", 300, "\r\n"),
			 EBADMSG);
}


static int stream(const char *text)
{
	return sipd_libre_sieve_stream(text, strlen(text));
}


/* conformance: RFC 3261 18.3 | a message over TCP is read once its Content-Length is there, and needs one | own bytes */
static void test_streams_wait_for_the_body(void **state)
{
	static const char head[] = "OPTIONS sip:a@b SIP/2.0\r\nX: y\r\n";
	char text[256];
	(void)state;

	assert_int_equal(stream(head), ENODATA);
	(void)snprintf(text, sizeof(text), "%sl : 5 \r\n\r\n1234", head);
	assert_int_equal(stream(text), ENODATA);
	(void)strcat(text, "5");
	assert_int_equal(stream(text), 0);
	(void)strcat(text, "OPTIONS sip:a@b");
	assert_int_equal(stream(text), 0);
	assert_int_equal(stream("A b SIP/2.0\nContent-Length: 0\n\n"), 0);

	/* no length, two, or none that can be told */
	(void)snprintf(text, sizeof(text), "%s\r\n", head);
	assert_int_equal(stream(text), EBADMSG);
	(void)snprintf(text, sizeof(text),
		       "%sl: 0\r\nContent-Length: 0\r\n\r\n", head);
	assert_int_equal(stream(text), EBADMSG);
	(void)snprintf(text, sizeof(text), "%sl:\r\n 0\r\n\r\n", head);
	assert_int_equal(stream(text), EBADMSG);
	(void)snprintf(text, sizeof(text), "%sl: -1\r\n\r\n", head);
	assert_int_equal(stream(text), EBADMSG);
	(void)snprintf(text, sizeof(text), "%sl: 4294967296\r\n\r\n", head);
	assert_int_equal(stream(text), EBADMSG);
}


static void test_streams_have_an_end(void **state)
{
	enum { SIZE = SIPD_STREAM_MAX + 4096 };
	static char text[SIZE + 1];
	int n;
	(void)state;

	/* heads */
	(void)snprintf(text, sizeof(text), "A b SIP/2.0\r\nX: ");
	memset(text + strlen(text), 'x', SIPD_HEAD_MAX);
	text[SIPD_HEAD_MAX - 1] = '\0';
	assert_int_equal(stream(text), ENODATA);
	text[SIPD_HEAD_MAX - 1] = 'x';
	text[SIPD_HEAD_MAX] = '\0';
	assert_int_equal(stream(text), EMSGSIZE);

	/* bodies: refused as soon as the head tells */
	n = snprintf(text, sizeof(text), "A b SIP/2.0\r\nl: %05d\r\n\r\n", 0);
	(void)snprintf(text, sizeof(text), "A b SIP/2.0\r\nl: %05d\r\n\r\n",
		       SIPD_STREAM_MAX - n + 1);
	assert_int_equal(stream(text), EMSGSIZE);
	(void)snprintf(text, sizeof(text), "A b SIP/2.0\r\nl: %05d\r\n\r\n",
		       SIPD_STREAM_MAX - n);
	assert_int_equal(stream(text), ENODATA);
	memset(text + n, 'y', SIPD_STREAM_MAX - (size_t)n);
	text[SIPD_STREAM_MAX] = '\0';
	assert_int_equal(stream(text), 0);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages_pass),
		cmocka_unit_test(test_cut_messages_wait),
		cmocka_unit_test(test_slow_ones_refused),
		cmocka_unit_test(test_addresses_that_never_end_refused),
		cmocka_unit_test(test_what_reads_in_two_ways_refused),
		cmocka_unit_test(test_streams_wait_for_the_body),
		cmocka_unit_test(test_streams_have_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
