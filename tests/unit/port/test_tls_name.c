/**
 * @file tests/unit/port/test_tls_name.c  Whose certificate is it? RFC 5922 7
 */
#include <string.h>
#include <openssl/x509v3.h>
#include "lib/cmocka_all.h"
#include "port/sip/transport/tls_name.h"


/* A certificate of these names: nobody signs it, it is looked at only. */
static X509 *certificate(const char *cn, const char *san)
{
	X509 *cert = X509_new();
	X509_NAME *subject = X509_NAME_new();

	assert_non_null(cert);
	assert_non_null(subject);
	if (cn)
		assert_int_equal(X509_NAME_add_entry_by_txt(
					 subject, "CN", MBSTRING_UTF8,
					 (const unsigned char *)cn, -1, -1, 0),
				 1);
	assert_int_equal(X509_set_subject_name(cert, subject), 1);
	X509_NAME_free(subject);

	if (san) {
		X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL,
							  NID_subject_alt_name,
							  san);

		assert_non_null(ext);
		assert_int_equal(X509_add_ext(cert, ext, -1), 1);
		X509_EXTENSION_free(ext);
	}

	return cert;
}


static void check(const char *cn, const char *san, const char *host, bool fits)
{
	X509 *cert = certificate(cn, san);

	if (sipd_tls_name_fits(cert, host) != fits)
		fail_msg("CN %s, names %s, host %s: should %sfit",
			 cn ? cn : "none", san ? san : "none", host,
			 fits ? "" : "not ");
	X509_free(cert);
}


/* conformance: RFC 5922 7.1 | the names of a certificate: DNS, address, SIP URI | own certificates */
static void test_names_that_fit(void **state)
{
	static const struct {
		const char *san, *host;
	} rows[] = {
		{"DNS:pbx.example", "pbx.example"},
		{"DNS:PBX.Example", "pbx.eXAMPLE"},
		{"DNS:pbx.example", "pbx.example."},
		{"DNS:a.example,DNS:b.example", "b.example"},
		{"DNS:*.example.com", "pbx.example.com"},
		{"IP:192.0.2.1", "192.0.2.1"},
		{"IP:192.0.2.1", "192.0.2.1."},
		{"IP:2001:db8:0:0:0:0:0:1", "2001:db8::1"},
		{"URI:sip:pbx.example", "pbx.example"},
		{"URI:SIP:PBX.example", "pbx.example"},
		{"URI:sip:pbx.example:5061;transport=tls", "pbx.example"},
		{"URI:sip:192.0.2.1", "192.0.2.1"},
		{"URI:sip:[2001:db8::1]:5061", "2001:db8:0::1"},
		{"email:a@b.example,URI:https://x,DNS:pbx", "pbx"},
	};
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check("somebody", rows[i].san, rows[i].host, true);
}


static void test_names_that_do_not_fit(void **state)
{
	static const struct {
		const char *san, *host;
	} rows[] = {
		{"DNS:pbx.example", "pbx.example.org"},
		{"DNS:pbx.example", "example"},
		{"DNS:pbx.example", "xpbx.example"},
		{"DNS:pbx.example", "a.pbx.example"},
		{"DNS:pbx.example", ""},
		{"DNS:pbx.example", "."},
		{"DNS:*.example.com", "example.com"},
		{"DNS:*.example.com", ".example.com"},
		{"DNS:*.example.com", "a.b.example.com"},
		{"DNS:*.com", "example.com"},
		{"DNS:*", "example"},
		{"DNS:p*.example.com", "pbx.example.com"},
		{"DNS:*x.example.com", "pbx.example.com"},
		{"DNS:a.*.com", "a.example.com"},
		{"DNS:*.*.com", "a.example.com"},
		{"DNS:192.0.2.1", "192.0.2.1"},
		{"DNS:*.0.2.1", "192.0.2.1"},
		{"IP:192.0.2.2", "192.0.2.1"},
		{"IP:192.0.2.1", "pbx.example"},
		{"IP:0:0:0:0:0:0:c000:201", "192.0.2.1"},
		{"URI:sip:alice@pbx.example", "pbx.example"},
		{"URI:sips:pbx.example", "pbx.example"},
		{"URI:https://pbx.example", "pbx.example"},
		{"URI:sip:*.example.com", "pbx.example.com"},
		{"URI:sip:", "pbx.example"},
		{"URI:sip:[2001:db8::1", "2001:db8::1"},
		{"URI:sip:[2001:db8::1]x", "2001:db8::1"},
		{"URI:sip:[2001:db8::1].evil.example", "2001:db8::1"},
		{"DNS:192.0.2.1", "192.0.2.1."},
		{"email:alice@pbx.example", "pbx.example"},
	};
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check("somebody", rows[i].san, rows[i].host, false);
}


static void test_common_name_only_without_alternatives(void **state)
{
	(void)state;

	check("pbx.example", NULL, "pbx.example", true);
	check("pbx.example", NULL, "other.example", false);
	check("192.0.2.1", NULL, "192.0.2.1", false);
	check(NULL, NULL, "pbx.example", false);
	check("pbx.example", "DNS:other.example", "pbx.example", false);
	check("pbx.example", "email:a@b.example", "pbx.example", false);
}


static void add_name(GENERAL_NAMES *names, int type, const char *p, int len)
{
	GENERAL_NAME *gn = GENERAL_NAME_new();
	ASN1_IA5STRING *s = ASN1_IA5STRING_new();

	assert_int_equal(ASN1_STRING_set(s, p, len), 1);
	GENERAL_NAME_set0_value(gn, type, s);
	assert_true(sk_GENERAL_NAME_push(names, gn) > 0);
}


static void test_nul_within_a_name_hides_nothing(void **state)
{
	static const char dns[] = "pbx.example\0.evil.example";
	static const char uri[] = "sip:pbx.example\0@evil.example";
	static const char bell[] = "a\a\n.example";
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	X509 *cert = certificate("pbx.example", NULL);
	char text[128];
	(void)state;

	add_name(names, GEN_DNS, dns, sizeof(dns) - 1);
	add_name(names, GEN_URI, uri, sizeof(uri) - 1);
	add_name(names, GEN_DNS, bell, sizeof(bell) - 1);
	add_name(names, GEN_DNS, "", 0);
	assert_int_equal(X509_add1_ext_i2d(cert, NID_subject_alt_name, names,
					   0, X509V3_ADD_DEFAULT),
			 1);
	assert_false(sipd_tls_name_fits(cert, "pbx.example"));

	sipd_tls_names(cert, text, sizeof(text));
	assert_string_equal(text, "pbx.example?.evil.example, "
				  "sip:pbx.example?@evil.example, a??.example"
				  ", ");
	GENERAL_NAMES_free(names);
	X509_free(cert);
}


static void test_names_for_people(void **state)
{
	X509 *cert = certificate("x", "DNS:pbx.example,IP:192.0.2.1,"
				      "IP:2001:db8:0:0:0:0:0:1");
	char text[64];
	(void)state;

	sipd_tls_names(cert, text, sizeof(text));
	assert_string_equal(text, "pbx.example, 192.0.2.1, 2001:db8::1");
	sipd_tls_names(cert, text, 8);
	assert_string_equal(text, "pbx.exa");
	X509_free(cert);

	cert = certificate(NULL, NULL);
	sipd_tls_names(cert, text, sizeof(text));
	assert_string_equal(text, "nobody");
	X509_free(cert);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_that_fit),
		cmocka_unit_test(test_names_that_do_not_fit),
		cmocka_unit_test(test_common_name_only_without_alternatives),
		cmocka_unit_test(test_nul_within_a_name_hides_nothing),
		cmocka_unit_test(test_names_for_people),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
