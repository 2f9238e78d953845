/**
 * @file tests/unit/port/test_sip_refresh.c  When a registration is sent again
 */
#include "sip_server.h"


static void test_503_waits_as_long_as_asked(void **state)
{
	struct server *s = *state;
	const struct state *st;
	uint64_t start;

	open_and_ask(s);
	start = sipd_clock_ms();
	answer(s, "SIP/2.0 503 Service Unavailable",
	       "Retry-After: 2 (busy)"
	       "\r\n");
	st = expect(s, SIPDIALER_REGISTRATION_FAILED);
	assert_int_equal(st->status, 503);
	assert_int_equal(st->retry_ms, 2000);
	receive_this(s, "REGISTER ");
	assert_true(sipd_clock_ms() - start >= 1990);
	expect(s, SIPDIALER_REGISTRATION_CONNECTING);
	/* absurd ones are capped at an hour */
	answer(s, "SIP/2.0 503 Service Unavailable",
	       "Retry-After: 4294967295\r\n");
	assert_int_equal(expect(s, SIPDIALER_REGISTRATION_FAILED)->retry_ms,
			 3600000);
}


static void test_short_grant_is_refreshed_at_half(void **state)
{
	struct server *s = *state;
	char headers[512];
	uint64_t start;

	/* granted by the Expires header; other Contacts do not count */
	open_and_ask(s);
	(void)snprintf(headers, sizeof(headers),
		       "Contact: <sip:x@y>;expires="
		       "9,%.*s;q=0.5\r\nExpires: 3\r\n",
		       (int)strcspn(line_of(s, "Contact: ") + 9, ";"),
		       line_of(s, "Contact: ") + 9);
	start = sipd_clock_ms();
	answer(s, "SIP/2.0 200 OK", headers);
	assert_int_equal(expect(s, SIPDIALER_REGISTRATION_REGISTERED)->expires,
			 3);
	receive_this(s, "REGISTER ");
	assert_in_range(sipd_clock_ms() - start, 1490, 2900);

	/* one second or less never makes a busy loop */
	memcpy(strstr(headers, "Expires: 3"), "Expires: 1", 10);
	start = sipd_clock_ms();
	answer(s, "SIP/2.0 200 OK", headers);
	assert_int_equal(expect(s, SIPDIALER_REGISTRATION_REGISTERED)->expires,
			 1);
	receive_this(s, "REGISTER ");
	assert_true(sipd_clock_ms() - start >= 990);
	assert_int_equal(states_left(s), 0);
}


/* What was granted runs out while the server thinks about the refresh. */
static void test_slow_refresh_is_no_failure(void **state)
{
	struct server *s = *state;
	char contact[1024];
	uint64_t start;

	open_and_ask(s);
	(void)snprintf(contact, sizeof(contact), "%.*s;expires=1\r\n",
		       (int)strcspn(line_of(s, "Contact: "), ";"),
		       line_of(s, "Contact: "));
	answer(s, "SIP/2.0 200 OK", contact);
	expect(s, SIPDIALER_REGISTRATION_REGISTERED);

	/* the refresh and two copies of it: over a second */
	start = sipd_clock_ms();
	for (int i = 0; i < 3; i++)
		receive_this(s, "REGISTER ");
	assert_true(sipd_clock_ms() - start >= 2000);
	assert_int_equal(states_left(s), 0);
	answer(s, "SIP/2.0 200 OK", contact);
	expect(s, SIPDIALER_REGISTRATION_REGISTERED);

	/* and no answer at all is one, in time */
	receive_this(s, "REGISTER ");
	start = sipd_clock_ms();
	expect(s, SIPDIALER_REGISTRATION_FAILED);
	assert_in_range(sipd_clock_ms() - start, 3800, 10000);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_503_waits_as_long_as_asked),
		T(test_short_grant_is_refreshed_at_half),
		T(test_slow_refresh_is_no_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
