/**
 * @file test_trunks.c  Which addresses are trunks
 */
#include "lib/cmocka_all.h"

#include <stdio.h>
#include <string.h>
#include "base/error.h"
#include "port/sip/internal.h"


static bool matches(const char *trunks, const char *address)
{
	struct sipd_sip sip;
	struct sipd_trunks *t = NULL;
	struct sa sa;
	bool yes;

	memset(&sip, 0, sizeof(sip));
	assert_int_equal(sipd_trunks_open(&t, &sip, trunks), 0);
	assert_int_equal(sa_set_str(&sa, address, 5060), 0);
	yes = sipd_trunks_match(t, &sa);
	mem_deref(t);

	return yes;
}


static void test_addresses(void **state)
{
	(void)state;

	assert_true(matches("192.0.2.1", "192.0.2.1"));
	assert_false(matches("192.0.2.1", "192.0.2.2"));
	assert_true(matches(" 192.0.2.1 ,, 192.0.2.9,", "192.0.2.9"));
	assert_true(matches("[2001:db8::1]", "2001:db8::1"));
	assert_true(matches("2001:db8::1", "2001:db8::1"));
	assert_false(matches("2001:db8::1", "2001:db8::2"));
	assert_false(matches("", "192.0.2.1"));
	assert_false(sipd_trunks_match(NULL, NULL));
}


static void test_networks(void **state)
{
	(void)state;

	assert_true(matches("192.0.2.77/24", "192.0.2.1"));
	assert_false(matches("192.0.2.0/24", "192.0.3.1"));
	assert_true(matches("192.0.2.128/25", "192.0.2.200"));
	assert_false(matches("192.0.2.128/25", "192.0.2.127"));
	assert_true(matches("10.0.0.0/13", "10.7.255.255"));
	assert_false(matches("10.0.0.0/13", "10.8.0.0"));
	assert_true(matches("192.0.2.1/32", "192.0.2.1"));
	assert_true(matches("128.0.0.0/1", "200.1.1.1"));
	assert_false(matches("128.0.0.0/1", "100.1.1.1"));
	assert_true(matches("2001:db8::/32", "2001:db8:ffff::1"));
	assert_false(matches("2001:db8::/33", "2001:db8:ffff::1"));
	assert_true(matches("2001:db8::1/128", "2001:db8::1"));
	/* other family, same bytes */
	assert_false(matches("::/1", "10.0.0.1"));
}


static void refused(const char *text, const char *word)
{
	assert_int_equal(sipd_sip_check_trunks(text), SIPDIALER_EINVAL);
	if (!strstr(sipd_error_text(), word))
		fail_msg("\"%s\": %s", text, sipd_error_text());
}


static void test_what_is_none(void **state)
{
	char many[65 * 10 + 1] = "", name[300];
	(void)state;

	refused("192.0.2.0/33", "1 to 32");
	refused("192.0.2.0/0", "1 to 32");
	refused("192.0.2.0/", "1 to 32");
	refused("192.0.2.0/-1", "1 to 32");
	refused("192.0.2.0/4294967300", "1 to 32");
	refused("2001:db8::/129", "1 to 128");
	refused("pbx.example/24", "before the");
	refused("a b", "not an address");
	refused("pbx_!.example", "not an address");
	refused("192.0.2.1:5060", "not an address");

	for (int i = 0; i < 64; i++)
		(void)strcat(many, "10.0.0.1,");
	assert_int_equal(sipd_sip_check_trunks(many), 0);
	(void)strcat(many, "10.0.0.1");
	refused(many, "more than 64");

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	refused(name, "253");
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_what_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
