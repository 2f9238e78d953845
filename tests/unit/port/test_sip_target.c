/**
 * @file test_sip_target.c  What may be dialed and said
 */
#include <dirent.h>
#include <stdint.h>
#include "base/error.h"
#include "sip_msg.h"

static struct sipd_sip account(void)
{
	struct sipd_sip sip;

	memset(&sip, 0, sizeof(sip));
	sip.conf.server = "pbx.example.org";
	sip.conf.domain = "";
	sip.conf.outbound_proxy = "";
	sip.conf.user = "alice";
	(void)strcpy(sip.domain, "pbx.example.org:5080");
	(void)strcpy(sip.aor, "sip:alice@pbx.example.org");
	(void)strcpy(sip.route, "sip:192.0.2.5:5080;transport=udp");
	sip.conf.port = 5080;

	return sip;
}


static void test_target_good_and_bad(void **state)
{
	/* clang-format off */
	static const char *const good[] = {
		"+15550100001", "100", "*67", "#31#", "+1-555-(010).0001",
		"alice", "john.doe", "a_b~c-1", "sip:100@10.0.0.1",
		"sip:100@10.0.0.1:5070;transport=tcp", "SIP:a@b",
		"sip:b.example", "sip:[::1]:5060", "sip:%23100@b;user=phone",
		"sip:+1;phone-context=x@b", "sip:a@b;transport=TLS",
	};
	/* clang-format on */
	/* clang-format off */
	static const char *const bad[] = {
		"", " ", "1 2", "100\r\nX-Evil: 1", "100\n", "a\tb", "\x7f",
		"a@b", "a;b", "<sip:a@b>", "\"a\" <sip:a@b>", "tel:+1",
		"sips:a@b", "sip:", "sip:@b", "sip:a@", "sip:a@b?Replaces=x",
		"sip:a?x@b", "sip:a@b:0", "sip:a@b:65536", "sip:a@b:5a",
		"sip:a@b:", "sip:a b@c", "sip:a@b c", "sip:a@b;maddr=1.2.3.4",
		"sip:a@b;transport=sctp",
		"sip:a@b;", "sip:a@b;;x", "sip:a:pw@b", "sip:a@b@c",
		"sip:a@[::1", "sip:a@[10.0.0.1]", "sip:a@b\"c", "sip:a%2@b",
		"sip:a%0@b", "sip:a@-b", "sip:a@.b", "sip:a@b%41",
		"+", "-", "...", "\xff", "\xc3\x28", "\xd9\xa1\xd9\xa2",
		"+1555010000O ", "100,200", "http://x",
	};
	/* clang-format on */
	char longest[258];
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		if (sipd_sip_check_target(good[i]))
			fail_msg("refused: %s (%s)", good[i],
				 sipd_error_text());
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		if (sipd_sip_check_target(bad[i]) != SIPDIALER_EINVAL)
			fail_msg("taken: %s", bad[i]);
	}
	assert_int_equal(sipd_sip_check_target(NULL), SIPDIALER_EINVAL);

	memset(longest, '1', sizeof(longest));
	longest[256] = '\0';
	assert_int_equal(sipd_sip_check_target(longest), SIPDIALER_EINVAL);
	assert_non_null(strstr(sipd_error_text(), "255"));
	longest[255] = '\0';
	assert_int_equal(sipd_sip_check_target(longest), 0);
}


static void test_target_uri_and_next_hop(void **state)
{
	static const struct {
		const char *to, *uri, *route;
	} cases[] = {
		{"+1 (555)", NULL, NULL},
		{"+1-(555).01", "sip:+155501@pbx.example.org:5080", "S"},
		{"#31#100", "sip:%2331%23100@pbx.example.org:5080", "S"},
		{"*67", "sip:*67@pbx.example.org:5080", "S"},
		{"john.doe", "sip:john.doe@pbx.example.org:5080", "S"},
		{"sip:1@PBX.example.org", "sip:1@PBX.example.org", "S"},
		{"sip:1@pbx.example.org:5080", "sip:1@pbx.example.org:5080",
		 "S"},
		{"sip:1@pbx.example.org:5090", "sip:1@pbx.example.org:5090",
		 "sip:pbx.example.org:5090"},
		{"sip:1@pbx.example.org;transport=tcp",
		 "sip:1@pbx.example.org;transport=tcp",
		 "sip:pbx.example.org;transport=tcp"},
		{"sip:1@10.0.0.1:5070;transport=tcp",
		 "sip:1@10.0.0.1:5070;transport=tcp",
		 "sip:10.0.0.1:5070;transport=tcp"},
		{"sip:1@localhost:5070", "sip:1@localhost:5070",
		 "sip:127.0.0.1:5070"},
		{"sip:1@[::1]:5070", "sip:1@[::1]:5070", "sip:[::1]:5070"},
	};
	struct sipd_sip sip = account();
	char uri[300], route[300];
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const int err = sipd_target_uri(&sip, cases[i].to, uri,
						sizeof(uri), route,
						sizeof(route));

		if (!cases[i].uri) {
			assert_int_equal(err, SIPDIALER_EINVAL);
			continue;
		}
		assert_int_equal(err, 0);
		assert_string_equal(uri, cases[i].uri);
		assert_string_equal(route, cases[i].route[0] == 'S'
						   ? sip.route
						   : cases[i].route);
	}

	/* all goes through an outbound proxy */
	sip.conf.outbound_proxy = "proxy";
	assert_int_equal(sipd_target_uri(&sip, "sip:1@10.0.0.1", uri,
					 sizeof(uri), route, sizeof(route)),
			 0);
	assert_string_equal(route, sip.route);

	/* too small buffers are errors, never cut */
	assert_int_equal(sipd_target_uri(&sip, "100", uri, 10, route,
					 sizeof(route)),
			 SIPDIALER_EINVAL);
	assert_int_equal(sipd_target_uri(&sip, "100", uri, sizeof(uri), route,
					 10),
			 SIPDIALER_EINVAL);

	sip.conf.server = "";
	assert_int_equal(sipd_target_uri(&sip, "100", uri, sizeof(uri), route,
					 sizeof(route)),
			 SIPDIALER_ENOENT);
	assert_non_null(strstr(sipd_error_text(), "sip.server"));
}


static void test_caller_uri_has_no_port(void **state)
{
	struct sipd_sip sip = account();
	char uri[300];
	(void)state;

	assert_int_equal(sipd_caller_uri(&sip, "", uri, sizeof(uri)), 0);
	assert_string_equal(uri, "sip:alice@pbx.example.org");
	assert_int_equal(sipd_caller_uri(&sip, "+1-555", uri, sizeof(uri)), 0);
	assert_string_equal(uri, "sip:+1555@pbx.example.org");
	assert_int_equal(sipd_caller_uri(&sip, "sip:x@y", uri, sizeof(uri)),
			 0);
	assert_string_equal(uri, "sip:x@y");
	assert_int_equal(sipd_caller_uri(&sip, "x>;tag=1", uri, sizeof(uri)),
			 SIPDIALER_EINVAL);
	assert_int_equal(sipd_caller_uri(&sip, "100", uri, 8),
			 SIPDIALER_EINVAL);

	(void)strcpy(sip.domain, "[2001:db8::1]:5080");
	assert_int_equal(sipd_caller_uri(&sip, "1", uri, sizeof(uri)), 0);
	assert_string_equal(uri, "sip:1@[2001:db8::1]");
}


static void test_display_name_is_escaped(void **state)
{
	char buf[300], name[130];
	(void)state;

	assert_int_equal(sipd_display_name("", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "");
	assert_int_equal(sipd_display_name("J\xc3\xbcrgen \"X\" \\", buf,
					   sizeof(buf)),
			 0);
	assert_string_equal(buf, "\"J\xc3\xbcrgen \\\"X\\\" \\\\\"");
	assert_int_equal(sipd_display_name("a\r\nX: 1", buf, sizeof(buf)),
			 SIPDIALER_EINVAL);
	assert_int_equal(sipd_display_name("a\xff", buf, sizeof(buf)),
			 SIPDIALER_EINVAL);
	memset(name, '"', sizeof(name));
	name[128] = '\0';
	assert_int_equal(sipd_display_name(name, buf, sizeof(buf)),
			 SIPDIALER_EINVAL);
	name[127] = '\0';
	assert_int_equal(sipd_display_name(name, buf, sizeof(buf)), 0);
	assert_int_equal(strlen(buf), 2 * 127 + 2);
	assert_int_equal(sipd_display_name(name, buf, 100), SIPDIALER_EINVAL);
}


static void test_header_good_and_bad(void **state)
{
	static const char *const good[] = {
		"X-Campaign: 7",     "P-Asserted-Identity: <sip:1@x>",
		"Privacy: id",       "X-Empty:",
		"Subject: \xd0\x9f",
	};
	/* clang-format off */
	static const char *const bad[] = {
		"", "X", ": x", "X Y: z", "X-A: 1\r\nX-B: 2", "X-A: 1\n",
		"X-A: \t", "X-A: \xff", "Via: x", "v: x", "FROM: x", "f: x",
		"To: x", "Call-ID: x", "i:x", "CSeq: 1", "Contact: x", "m: x",
		"Content-Length: 0", "Content-Type: x", "content-foo: x",
		"l: 0", "c: x", "Route: <sip:evil;lr>", "Record-Route: x",
		"Max-Forwards: 1", "Authorization: Digest", "Require: x",
		"Proxy-Authorization: x", "Proxy-Require: x", "Via : x",
		"X\xc3\xa9: 1", "X: 90", "Expires: 5",
	};
	/* clang-format on */
	char longest[1100];
	size_t i;
	(void)state;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		if (sipd_sip_check_header(good[i]))
			fail_msg("refused: %s", good[i]);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		if (sipd_sip_check_header(bad[i]) != SIPDIALER_EINVAL)
			fail_msg("taken: %s", bad[i]);
	}

	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "Y: ", 3);
	longest[1025] = '\0';
	assert_int_equal(sipd_sip_check_header(longest), SIPDIALER_EINVAL);
	longest[1024] = '\0';
	assert_int_equal(sipd_sip_check_header(longest), 0);
}


static void test_contact_of_transport(void **state)
{
	struct sipd_sip sip = account();
	struct sa laddr;
	char buf[300];
	(void)state;

	assert_int_equal(sa_set_str(&laddr, "10.0.0.7", 5062), 0);
	assert_int_equal(sipd_contact(&sip, SIP_TRANSP_UDP, &laddr, buf,
				      sizeof(buf)),
			 0);
	assert_string_equal(buf, "<sip:alice@10.0.0.7:5062>");
	assert_true(sipd_addr_parse(&sip.external, "192.0.2.9", 0));
	assert_int_equal(sipd_contact(&sip, SIP_TRANSP_TCP, &laddr, buf,
				      sizeof(buf)),
			 0);
	assert_string_equal(buf, "<sip:alice@192.0.2.9:5062;transport=tcp>");
	sip.conf.user = "";
	assert_int_equal(sipd_contact(&sip, SIP_TRANSP_UDP, &laddr, buf,
				      sizeof(buf)),
			 0);
	assert_string_equal(buf, "<sip:192.0.2.9:5062>");
	assert_int_equal(sipd_contact(&sip, SIP_TRANSP_UDP, &laddr, buf, 9),
			 SIPDIALER_ESIZE);
}


/* No string of it may write a line of its own, or end a quoted string. */
static void inject(const struct sipd_sip *sip, const char *s)
{
	char buf[1024], header[70000];
	const char *p;

	if (!sipd_display_name(s, buf, sizeof(buf)) && *buf) {
		assert_int_equal(buf[0], '"');
		for (p = buf + 1; *p && *p != '"'; p++) {
			assert_true((unsigned char)*p >= 0x20);
			if (*p == '\\')
				p++;
		}
		assert_int_equal(*p, '"');
		assert_int_equal(p[1], '\0');
	}
	if (!sipd_caller_uri(sip, s, buf, sizeof(buf)))
		assert_null(strpbrk(buf, "\r\n\t\"<> "));
	if (!sipd_target_uri(sip, s, buf, sizeof(buf), header, sizeof(header)))
		assert_null(strpbrk(buf, "\r\n\t\"<>? "));

	(void)snprintf(header, sizeof(header), "X-Name: %s", s);
	if (!sipd_sip_check_header(header))
		assert_null(strpbrk(header, "\r\n"));
}


static void test_corpus_injects_nothing(void **state)
{
	static const char *const dirs[] = {
		"inj-crlf-header", "uri", "strings", "inj-log", "utf8",
	};
	const char *data = getenv("SHARED_DATA");
	struct sipd_sip sip = account();
	unsigned count = 0;
	size_t i;
	(void)state;

	for (i = 0; data && i < ARRAY_SIZE(dirs); i++) {
		char path[4096], text[65536];
		struct dirent *e;
		DIR *dir;

		(void)snprintf(path, sizeof(path), "%s/corpus/%s", data,
			       dirs[i]);
		dir = opendir(path);
		while (dir && (e = readdir(dir))) {
			char *line, *save = NULL;
			FILE *f;
			size_t n;

			(void)snprintf(path, sizeof(path), "%s/corpus/%s/%s",
				       data, dirs[i], e->d_name);
			f = e->d_name[0] == '.' ? NULL : fopen(path, "re");
			if (!f)
				continue;
			n = fread(text, 1, sizeof(text) - 1, f);
			text[n] = '\0';
			(void)fclose(f);
			inject(&sip, text);
			count++;
			/* lists of strings are one a line */
			for (line = strtok_r(text, "\n", &save); line;
			     line = strtok_r(NULL, "\n", &save), count++)
				inject(&sip, line);
		}
		if (dir)
			(void)closedir(dir);
	}

	if (count)
		print_message("%u strings of the corpus\n", count);
	else
		print_message("skipped: no corpus in SHARED_DATA\n");
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_target_good_and_bad),
		cmocka_unit_test(test_target_uri_and_next_hop),
		cmocka_unit_test(test_caller_uri_has_no_port),
		cmocka_unit_test(test_display_name_is_escaped),
		cmocka_unit_test(test_header_good_and_bad),
		cmocka_unit_test(test_contact_of_transport),
		cmocka_unit_test(test_corpus_injects_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
