/**
 * @file test_srtp.c  SRTP of one direction
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/cmocka_all.h"
#include "port/srtp/srtp.h"

enum { ROOM = 256 };

/* The packets of libsrtp's own tests. */
static const uint8_t rtp_plain[28] = {
	0x80, 0x0f, 0x12, 0x34, 0xde, 0xca, 0xfb, 0xad, 0xca, 0xfe,
	0xba, 0xbe, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab,
	0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab,
};
static const uint8_t rtcp_plain[24] = {
	0x81, 0xc8, 0x00, 0x0b, 0xca, 0xfe, 0xba, 0xbe, 0xab, 0xab, 0xab, 0xab,
	0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab,
};


static size_t hex(const char *text, uint8_t *out)
{
	size_t n = 0;

	while (*text) {
		const char two[3] = {text[0], text[1], '\0'};

		out[n++] = (uint8_t)strtoul(two, NULL, 16);
		text += 2;
		while (*text == ' ')
			++text;
	}

	return n;
}


static struct sipd_srtp *make(enum sipd_srtp_suite suite, const char *key,
			      size_t mki)
{
	uint8_t bytes[SIPD_SRTP_KEY_MAX];
	struct sipd_srtp *s;

	assert_int_equal(hex(key, bytes), sipd_srtp_key_size(suite));
	s = sipd_srtp_new(suite, bytes, mki);
	assert_non_null(s);

	return s;
}


static const char key_128[] = "e1f97a0d3e018be0d64fa32c06de4139"
			      "0ec675ad498afeebb6960b3aabe6";
static const char key_256[] = "f0f04914b513f2763a1b1fa130f10e29"
			      "98f6f6e43e4309d1e622a0e332b9f1b6"
			      "3b04803de51ee7c96423ab5b78d2";
static const char key_gcm[] = "000102030405060708090a0b0c0d0e0f"
			      "a0a1a2a3a4a5a6a7a8a9aaab";
static const char key_gcm_256[] = "000102030405060708090a0b0c0d0e0f"
				  "101112131415161718191a1b1c1d1e1f"
				  "a0a1a2a3a4a5a6a7a8a9aaab";

static const struct suite_key {
	enum sipd_srtp_suite suite;
	const char *key;
} all[] = {
	{SIPD_SRTP_CM_128_80, key_128},   {SIPD_SRTP_CM_128_32, key_128},
	{SIPD_SRTP_CM_256_80, key_256},   {SIPD_SRTP_GCM_128, key_gcm},
	{SIPD_SRTP_GCM_256, key_gcm_256},
};


/* conformance: RFC 3711 4.3, B.3 | session keys come from the master key as in the RFC's example | vectors */
static void test_keys_of_the_rfc(void **state)
{
	uint8_t master[SIPD_SRTP_KEY_MAX], out[32], want[32];
	size_t n;
	(void)state;

	(void)hex(key_128, master);
	n = hex("c61e7a93744f39ee10734afe3ff7a087", want);
	assert_true(sipd_srtp_derive(SIPD_SRTP_CM_128_80, master, 0, out, n));
	assert_memory_equal(out, want, n);
	n = hex("cebe321f6ff7716b6fd4ab49af256a156d38baa4", want);
	assert_true(sipd_srtp_derive(SIPD_SRTP_CM_128_80, master, 1, out, n));
	assert_memory_equal(out, want, n);
	n = hex("30cbbc08863d8c85d49db34a9ae1", want);
	assert_true(sipd_srtp_derive(SIPD_SRTP_CM_128_80, master, 2, out, n));
	assert_memory_equal(out, want, n);
}


static void assert_packet(const struct suite_key *k, const char *text)
{
	struct sipd_srtp *tx = make(k->suite, k->key, 0);
	struct sipd_srtp *rx = make(k->suite, k->key, 0);
	uint8_t buf[ROOM], want[ROOM];
	size_t n = sizeof(rtp_plain);

	memcpy(buf, rtp_plain, n);
	assert_true(sipd_srtp_protect(tx, buf, &n));
	assert_int_equal(n, hex(text, want));
	assert_memory_equal(buf, want, n);

	assert_int_equal(sipd_srtp_unprotect(rx, buf, &n), SIPD_SRTP_OK);
	assert_int_equal(n, sizeof(rtp_plain));
	assert_memory_equal(buf, rtp_plain, n);

	sipd_srtp_free(tx);
	sipd_srtp_free(rx);
}


/* conformance: RFC 3711 3.3, 6188, 7714 | SRTP packets as other stacks make them | vectors of libsrtp */
static void test_rtp_known_answers(void **state)
{
	(void)state;

	assert_packet(
		&all[0],
		"800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402"
		"b78d6acc99ea179b8dbb");
	assert_packet(
		&all[2],
		"800f1234decafbadcafebabef1d9de17ff251ff1aa007774b0b4b40d"
		"a08d9d9a5b3a55d8873b");
	assert_packet(
		&all[3],
		"800f1234decafbadcafebabec5002ede04cfdd2eb91159e0880aa06e"
		"d2976826f796b201df3131a127e8a392");
}


/* The second report has index 1, as the first of libsrtp. */
static void assert_report(const struct suite_key *k, const char *text)
{
	struct sipd_srtp *tx = make(k->suite, k->key, 0);
	struct sipd_srtp *rx = make(k->suite, k->key, 0);
	uint8_t buf[ROOM], want[ROOM];
	size_t n = sizeof(rtcp_plain);

	memcpy(buf, rtcp_plain, n);
	assert_true(sipd_srtcp_protect(tx, buf, &n));
	n = sizeof(rtcp_plain);
	memcpy(buf, rtcp_plain, n);
	assert_true(sipd_srtcp_protect(tx, buf, &n));
	assert_int_equal(n, hex(text, want));
	assert_memory_equal(buf, want, n);

	assert_int_equal(sipd_srtcp_unprotect(rx, buf, &n), SIPD_SRTP_OK);
	assert_int_equal(n, sizeof(rtcp_plain));
	assert_memory_equal(buf, rtcp_plain, n);

	sipd_srtp_free(tx);
	sipd_srtp_free(rx);
}


/* conformance: RFC 3711 3.4, 7714 9 | SRTCP packets as other stacks make them | vectors of libsrtp */
static void test_rtcp_known_answers(void **state)
{
	(void)state;

	assert_report(&all[0],
		      "81c8000bcafebabe7128035be487b9bdbef89041f977a5a8"
		      "80000001993e08cd54d6c1230798");
	assert_report(&all[3],
		      "81c8000bcafebabec98b8b5df0392a55852b6c21ac8e7025"
		      "c52c6fbea2b3b446ea31123ba88ce61e80000001");
}


static size_t packet(uint8_t *buf, uint16_t seq, uint32_t ssrc)
{
	memcpy(buf, rtp_plain, sizeof(rtp_plain));
	buf[2] = (uint8_t)(seq >> 8);
	buf[3] = (uint8_t)seq;
	buf[8] = (uint8_t)(ssrc >> 24);
	buf[11] = (uint8_t)ssrc;

	return sizeof(rtp_plain);
}


static size_t sealed(struct sipd_srtp *tx, uint8_t *buf, uint16_t seq)
{
	size_t n = packet(buf, seq, 7);

	assert_true(sipd_srtp_protect(tx, buf, &n));

	return n;
}


static enum sipd_srtp_verdict opened(struct sipd_srtp *rx, const uint8_t *from,
				     size_t n)
{
	uint8_t buf[ROOM];

	memcpy(buf, from, n);

	return sipd_srtp_unprotect(rx, buf, &n);
}


/* conformance: RFC 3711 4.2 | a packet changed in any one byte is dropped, and those after it are heard | own */
static void test_changed_packets_are_forged(void **state)
{
	size_t i, k;
	(void)state;

	for (k = 0; k < sizeof(all) / sizeof(all[0]); ++k) {
		struct sipd_srtp *tx = make(all[k].suite, all[k].key, 0);
		struct sipd_srtp *rx = make(all[k].suite, all[k].key, 0);
		uint8_t buf[ROOM];
		const size_t n = sealed(tx, buf, 9);

		for (i = 0; i < n; ++i) {
			buf[i] ^= 1;
			assert_int_not_equal(opened(rx, buf, n), SIPD_SRTP_OK);
			buf[i] ^= 1;
		}
		assert_int_equal(opened(rx, buf, n), SIPD_SRTP_OK);
		sipd_srtp_free(tx);
		sipd_srtp_free(rx);
	}
}


/* Also fact 1330308b: without its E flag a report of AES-GCM came through.
 * conformance: RFC 3711 3.4, 7714 9.3 | a report changed in any one byte is dropped | own */
static void test_changed_reports_are_forged(void **state)
{
	size_t i, k;
	(void)state;

	for (k = 0; k < sizeof(all) / sizeof(all[0]); ++k) {
		struct sipd_srtp *tx = make(all[k].suite, all[k].key, 0);
		struct sipd_srtp *rx = make(all[k].suite, all[k].key, 0);
		uint8_t buf[ROOM], copy[ROOM];
		size_t n = sizeof(rtcp_plain), m;

		memcpy(buf, rtcp_plain, n);
		assert_true(sipd_srtcp_protect(tx, buf, &n));
		for (i = 0; i < 8 * n; ++i) {
			memcpy(copy, buf, n);
			copy[i / 8] ^= (uint8_t)(1 << i % 8);
			m = n;
			assert_int_not_equal(sipd_srtcp_unprotect(rx, copy,
								  &m),
					     SIPD_SRTP_OK);
		}
		assert_int_equal(sipd_srtcp_unprotect(rx, buf, &n),
				 SIPD_SRTP_OK);
		sipd_srtp_free(tx);
		sipd_srtp_free(rx);
	}
}


/* conformance: RFC 3711 3.3.2 | a packet comes once, and late ones of the last 64 are taken | own */
static void test_replay_and_order(void **state)
{
	struct sipd_srtp *tx = make(SIPD_SRTP_CM_128_80, key_128, 0);
	struct sipd_srtp *rx = make(SIPD_SRTP_CM_128_80, key_128, 0);
	uint8_t buf[80][ROOM];
	size_t n = 0;
	unsigned i;
	(void)state;

	for (i = 0; i < 80; ++i)
		n = sealed(tx, buf[i], (uint16_t)(65500 + i));

	assert_int_equal(opened(rx, buf[0], n), SIPD_SRTP_OK);
	assert_int_equal(opened(rx, buf[0], n), SIPD_SRTP_REPLAY);
	assert_int_equal(opened(rx, buf[70], n), SIPD_SRTP_OK);
	assert_int_equal(opened(rx, buf[7], n), SIPD_SRTP_OK);
	assert_int_equal(opened(rx, buf[7], n), SIPD_SRTP_REPLAY);
	assert_int_equal(opened(rx, buf[6], n), SIPD_SRTP_REPLAY);
	assert_int_equal(opened(rx, buf[40], n), SIPD_SRTP_OK);
	assert_int_equal(opened(rx, buf[71], n), SIPD_SRTP_OK);

	sipd_srtp_free(tx);
	sipd_srtp_free(rx);
}


/* conformance: RFC 3711 3.3.1 | the roll-over counter follows the sequence number, also past losses | own */
static void test_roll_over(void **state)
{
	struct sipd_srtp *tx = make(SIPD_SRTP_GCM_128, key_gcm, 0);
	struct sipd_srtp *rx = make(SIPD_SRTP_GCM_128, key_gcm, 0);
	uint8_t buf[ROOM];
	uint32_t i;
	(void)state;

	for (i = 65000; i < 65536 * 3 + 10; ++i) {
		const size_t n = sealed(tx, buf, (uint16_t)i);

		if (i % 1000 < 3) /* most are lost */
			assert_int_equal(opened(rx, buf, n), SIPD_SRTP_OK);
	}

	sipd_srtp_free(tx);
	sipd_srtp_free(rx);
}


/* A new key after the counter has gone round: some go on counting, some do
 * not.
 * conformance: RFC 3711 3.3.1 | by a new key the roll-over counter goes on, or begins anew | own */
static void test_roll_over_and_a_new_key(void **state)
{
	uint8_t buf[ROOM];
	size_t i, n = 0;
	uint32_t seq;
	(void)state;

	for (i = 0; i < 2 * sizeof(all) / sizeof(all[0]); ++i) {
		const struct suite_key *k = &all[i / 2];
		struct sipd_srtp *tx = make(k->suite, k->key, 0);
		struct sipd_srtp *old = make(SIPD_SRTP_CM_128_80, key_128, 0);
		struct sipd_srtp *past = make(SIPD_SRTP_CM_128_80, key_128, 0);
		struct sipd_srtp *rx = make(k->suite, k->key, 0);

		for (seq = 65530; seq < 65546; ++seq) {
			n = sealed(old, buf, (uint16_t)seq);
			assert_int_equal(opened(past, buf, n), SIPD_SRTP_OK);
			if (i & 1) /* goes on */
				(void)sealed(tx, buf, (uint16_t)seq);
		}
		sipd_srtp_follow(rx, past);
		for (; seq < 65600; ++seq) {
			n = sealed(tx, buf, (uint16_t)seq);
			buf[20] ^= 1;
			assert_int_equal(opened(rx, buf, n), SIPD_SRTP_FORGED);
			buf[20] ^= 1;
			assert_int_equal(opened(rx, buf, n), SIPD_SRTP_OK);
			assert_int_equal(opened(rx, buf, n), SIPD_SRTP_REPLAY);
		}
		sipd_srtp_free(tx);
		sipd_srtp_free(old);
		sipd_srtp_free(past);
		sipd_srtp_free(rx);
	}
}


/* The same key stream twice would give both packets away. */
static void test_a_number_is_sent_once(void **state)
{
	struct sipd_srtp *tx = make(SIPD_SRTP_CM_128_80, key_128, 0);
	uint8_t buf[ROOM];
	size_t n;
	(void)state;

	(void)sealed(tx, buf, 100);
	n = packet(buf, 100, 7);
	assert_false(sipd_srtp_protect(tx, buf, &n));
	n = packet(buf, 99, 7);
	assert_false(sipd_srtp_protect(tx, buf, &n));
	n = packet(buf, 99, 8); /* another SSRC, another stream */
	assert_true(sipd_srtp_protect(tx, buf, &n));

	sipd_srtp_free(tx);
}


static void test_more_sources_than_places(void **state)
{
	struct sipd_srtp *tx = make(SIPD_SRTP_CM_128_80, key_128, 0);
	struct sipd_srtp *rx = make(SIPD_SRTP_CM_128_80, key_128, 0);
	uint8_t buf[ROOM];
	uint32_t i;
	(void)state;

	for (i = 0; i < 100; ++i) {
		size_t n = packet(buf, (uint16_t)i, i % 10);

		assert_true(sipd_srtp_protect(tx, buf, &n));
		assert_int_equal(sipd_srtp_unprotect(rx, buf, &n),
				 SIPD_SRTP_OK);
	}

	sipd_srtp_free(tx);
	sipd_srtp_free(rx);
}


/* With its MKI put in by hand, where the suite has it.
 * conformance: RFC 3711 3.1, 7714 8 | packets with a key identifier are understood | own */
static void test_key_identifier_is_skipped(void **state)
{
	size_t k;
	(void)state;

	for (k = 0; k < sizeof(all) / sizeof(all[0]); ++k) {
		const struct sipd_srtp_suite_def *def = sipd_srtp_suite(
			all[k].suite);
		struct sipd_srtp *tx = make(all[k].suite, all[k].key, 0);
		struct sipd_srtp *rx = make(all[k].suite, all[k].key, 4);
		uint8_t buf[ROOM];
		size_t n = sealed(tx, buf, 1);
		size_t at = def->gcm ? n : n - def->tag;

		memmove(buf + at + 4, buf + at, n - at);
		memset(buf + at, 1, 4);
		assert_int_equal(opened(rx, buf, n + 4), SIPD_SRTP_OK);

		n = sizeof(rtcp_plain);
		memcpy(buf, rtcp_plain, n);
		assert_true(sipd_srtcp_protect(tx, buf, &n));
		at = def->gcm ? n : n - def->rtcp_tag;
		memmove(buf + at + 4, buf + at, n - at);
		memset(buf + at, 1, 4);
		n += 4;
		assert_int_equal(sipd_srtcp_unprotect(rx, buf, &n),
				 SIPD_SRTP_OK);
		assert_memory_equal(buf, rtcp_plain, sizeof(rtcp_plain));
		sipd_srtp_free(tx);
		sipd_srtp_free(rx);
	}
}


static void test_any_bytes_of_any_length(void **state)
{
	uint8_t buf[ROOM];
	uint32_t x = 1, i;
	size_t k, n, j;
	(void)state;

	for (k = 0; k < sizeof(all) / sizeof(all[0]); ++k) {
		struct sipd_srtp *rx = make(all[k].suite, all[k].key, 128);

		for (i = 0; i < 20000; ++i) {
			x = x * 1664525 + 1013904223;
			n = x >> 24;
			for (j = 0; j < n; ++j) {
				x = x * 1664525 + 1013904223;
				buf[j] = (uint8_t)(x >> 24);
			}
			if (n && i & 1)
				buf[0] = (uint8_t)(0x80 | (buf[0] & 0x3f));
			if (i & 2)
				assert_int_not_equal(sipd_srtp_unprotect(rx,
									 buf,
									 &n),
						     SIPD_SRTP_OK);
			else
				assert_int_not_equal(sipd_srtcp_unprotect(rx,
									  buf,
									  &n),
						     SIPD_SRTP_OK);
		}
		sipd_srtp_free(rx);
	}
}


/* Packets of libsrtp's fuzzer and others: none is taken, none does harm. */
static void corpus_of(const char *root, const char *folder, unsigned *files)
{
	char path[1024];
	struct dirent *e;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "%s/corpus/%s", root, folder);
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		uint8_t buf[2048], copy[2048];
		char name[2048];
		size_t n, m, k;
		FILE *f;

		if (e->d_name[0] == '.')
			continue;
		(void)snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		f = fopen(name, "rb");
		assert_non_null(f);
		n = fread(buf, 1, sizeof(buf), f);
		(void)fclose(f);
		for (k = 0; k < 2 * sizeof(all) / sizeof(all[0]); ++k) {
			const struct suite_key *key = &all[k / 2];
			struct sipd_srtp *rx = make(key->suite, key->key,
						    k & 1 ? 4 : 0);

			memcpy(copy, buf, n);
			m = n;
			assert_int_not_equal(sipd_srtp_unprotect(rx, copy, &m),
					     SIPD_SRTP_OK);
			memcpy(copy, buf, n);
			m = n;
			assert_int_not_equal(sipd_srtcp_unprotect(rx, copy,
								  &m),
					     SIPD_SRTP_OK);
			sipd_srtp_free(rx);
		}
		++*files;
	}
	if (dir)
		(void)closedir(dir);
}


static void test_corpus_does_no_harm(void **state)
{
	const char *root = getenv("SHARED_DATA");
	unsigned files = 0;
	(void)state;

	if (root) {
		corpus_of(root, "srtp", &files);
		corpus_of(root, "rtp", &files);
		corpus_of(root, "rtcp", &files);
	}
	if (!files) {
		print_message("skipped: no corpus\n");
		skip();
	}
}


static void test_suites_by_name(void **state)
{
	(void)state;

	assert_int_equal(sipd_srtp_suite_find("AES_CM_256_HMAC_SHA1_80", 23),
			 SIPD_SRTP_CM_256_80);
	assert_int_equal(sipd_srtp_suite_find("AES_CM_128_HMAC_SHA1_8", 22),
			 SIPD_SRTP_NONE);
	assert_int_equal(sipd_srtp_suite_by_profile("SRTP_AES128_CM_SHA1_32"),
			 SIPD_SRTP_CM_128_32);
	assert_int_equal(sipd_srtp_key_size(SIPD_SRTP_GCM_256), 44);
	assert_null(sipd_srtp_suite(SIPD_SRTP_NONE));
	assert_null(sipd_srtp_new(SIPD_SRTP_NONE, rtp_plain, 0));
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_of_the_rfc),
		cmocka_unit_test(test_rtp_known_answers),
		cmocka_unit_test(test_rtcp_known_answers),
		cmocka_unit_test(test_changed_packets_are_forged),
		cmocka_unit_test(test_changed_reports_are_forged),
		cmocka_unit_test(test_replay_and_order),
		cmocka_unit_test(test_roll_over),
		cmocka_unit_test(test_roll_over_and_a_new_key),
		cmocka_unit_test(test_a_number_is_sent_once),
		cmocka_unit_test(test_more_sources_than_places),
		cmocka_unit_test(test_key_identifier_is_skipped),
		cmocka_unit_test(test_any_bytes_of_any_length),
		cmocka_unit_test(test_corpus_does_no_harm),
		cmocka_unit_test(test_suites_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
