/**
 * @file unit/port/test_rtp_packet.c  RTP, RTCP, keys, source: the pure parts
 *
 * And the corpus of broken packets through all of them.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/cmocka_all.h"
#include "port/rtp/event.h"
#include "port/rtp/jitter.h"
#include "port/rtp/packet.h"
#include "port/rtp/rtcp.h"
#include "port/rtp/source.h"

static const char cname[SIPD_CNAME + 1] = "abcdefghijklmnop";


/* ---- RTP ---------------------------------------------------------------- */

static void test_header_written_is_read(void **state)
{
	const struct sipd_rtp_packet p = {
		.marker = true,
		.pt = 101,
		.seq = 65535,
		.ts = 0xfedcba98,
		.ssrc = 0x12345678,
	};
	struct sipd_rtp_packet q;
	uint8_t buf[16] = {0};
	(void)state;

	sipd_rtp_write(buf, &p);
	assert_true(sipd_rtp_parse(&q, buf, sizeof(buf)));
	assert_true(q.marker);
	assert_int_equal(q.pt, 101);
	assert_int_equal(q.seq, 65535);
	assert_int_equal(q.ts, 0xfedcba98);
	assert_int_equal(q.ssrc, 0x12345678);
	assert_int_equal(q.len, 4);
	assert_ptr_equal(q.payload, buf + 12);
}


static void test_csrc_extension_padding_skipped(void **state)
{
	uint8_t buf[12 + 8 + 4 + 4 + 3 + 2] = {
		0x80 | 0x20 | 0x10 | 2,
		0,
	};
	struct sipd_rtp_packet p;
	(void)state;

	buf[20 + 3] = 1;          /* extension of one word */
	buf[sizeof(buf) - 1] = 2; /* padding */
	assert_true(sipd_rtp_parse(&p, buf, sizeof(buf)));
	assert_ptr_equal(p.payload, buf + 28);
	assert_int_equal(p.len, 3);

	buf[sizeof(buf) - 1] = 0;
	assert_false(sipd_rtp_parse(&p, buf, sizeof(buf)));
	buf[sizeof(buf) - 1] = 6; /* more than the payload */
	assert_false(sipd_rtp_parse(&p, buf, sizeof(buf)));
	buf[sizeof(buf) - 1] = 2;
	buf[20 + 2] = 1; /* extension past the end */
	assert_false(sipd_rtp_parse(&p, buf, sizeof(buf)));
}


static void test_short_and_wrong_version_refused(void **state)
{
	uint8_t buf[12] = {0x80};
	struct sipd_rtp_packet p;
	size_t n;
	(void)state;

	for (n = 0; n < 12; ++n)
		assert_false(sipd_rtp_parse(&p, buf, n));
	assert_true(sipd_rtp_parse(&p, buf, 12));
	buf[0] = 0x40;
	assert_false(sipd_rtp_parse(&p, buf, 12));
	buf[0] = 0x8f; /* 15 CSRCs that are not there */
	assert_false(sipd_rtp_parse(&p, buf, 12));
}


/* ---- RTCP --------------------------------------------------------------- */

static void test_report_written_is_read(void **state)
{
	const struct sipd_rtcp_block b = {
		.ssrc = 7,
		.fraction = 25,
		.lost = -3,
		.seq = 0x10005,
		.jitter = 80,
		.lsr = 0xaabbccdd,
		.dlsr = 99,
	};
	struct sipd_rtcp_out o = {
		.ssrc = 9,
		.sent = true,
		.ntp = 0x1122334455667788,
		.ts = 1,
		.packets = 2,
		.octets = 3,
		.block = &b,
		.cname = cname,
		.bye = true,
	};
	uint8_t buf[SIPD_RTCP_SIZE];
	struct sipd_rtcp_in in;
	size_t n, k;
	(void)state;

	n = sipd_rtcp_write(buf, &o);
	assert_int_equal(n, 28 + 24 + 28 + 8);
	assert_true(sipd_rtcp_parse(&in, buf, n, 7));
	assert_true(in.sr && in.block);
	assert_int_equal(in.ssrc, 9);
	assert_int_equal(in.lsr, 0x33445566);
	assert_int_equal(in.about_us.ssrc, 7);
	assert_int_equal(in.about_us.fraction, 25);
	assert_int_equal(in.about_us.lost, -3);
	assert_int_equal(in.about_us.seq, 0x10005);
	assert_int_equal(in.about_us.jitter, 80);
	assert_int_equal(in.about_us.lsr, 0xaabbccdd);
	assert_int_equal(in.about_us.dlsr, 99);
	for (k = 0; k < n; ++k)
		if (k != 52 && k != 80) /* where a packet ends */
			assert_false(sipd_rtcp_parse(&in, buf, k, 7));

	assert_true(sipd_rtcp_parse(&in, buf, n, 8));
	assert_false(in.block);

	o.sent = o.bye = false;
	o.block = NULL;
	n = sipd_rtcp_write(buf, &o);
	assert_int_equal(n, 8 + 28);
	assert_true(sipd_rtcp_parse(&in, buf, n, 7));
	assert_false(in.sr || in.block);
}


static void test_loss_counted_over_wrap(void **state)
{
	struct sipd_reception r = {0};
	struct sipd_rtcp_block b;
	unsigned i;
	(void)state;

	for (i = 0; i < 1000; ++i)
		if (i % 10 != 5)
			sipd_reception_put(&r, (uint16_t)(65000 + i));
	assert_int_equal(sipd_reception_expected(&r), 1000);
	assert_int_equal(sipd_reception_lost(&r), 100);
	sipd_reception_block(&r, &b);
	assert_int_equal(b.fraction, 25); /* of 256 */
	assert_int_equal(b.lost, 100);
	assert_int_equal(b.seq, 65536 + 65000 + 999 - 65536);

	for (; i < 1100; ++i)
		sipd_reception_put(&r, (uint16_t)(65000 + i));
	sipd_reception_block(&r, &b);
	assert_int_equal(b.fraction, 0);

	sipd_reception_next(&r);
	sipd_reception_put(&r, 7);
	sipd_reception_put(&r, 9);
	assert_int_equal(sipd_reception_lost(&r), 101);
	sipd_reception_put(&r, 30000); /* the sender began anew */
	sipd_reception_put(&r, 30001);
	assert_int_equal(sipd_reception_lost(&r), 101);
}


static void test_jitter_as_in_appendix_a8(void **state)
{
	struct sipd_reception r = {0};
	unsigned i;
	(void)state;

	for (i = 0; i < 500; ++i)
		sipd_reception_time(&r, i * 160, 1000000 + i * 20000);
	assert_true(r.jitter < 0.01);
	/* each packet 10 ms early or late: |D| is 20 ms = 160 */
	for (i = 500; i < 1000; ++i)
		sipd_reception_time(&r, i * 160,
				    1000000 + i * 20000 +
					    (i & 1 ? 10000 : -10000));
	assert_true(r.jitter > 155 && r.jitter < 161);
}


static void test_interval_random_around_minimum(void **state)
{
	(void)state;
	assert_in_range(sipd_rtcp_interval(false, 0), 2050, 2055);
	assert_in_range(sipd_rtcp_interval(false, UINT32_MAX), 6150, 6160);
	assert_in_range(sipd_rtcp_interval(true, 0), 1020, 1030);
}


/* ---- keys ---------------------------------------------------------------- */

static size_t event(struct sipd_event_rx *e, uint32_t ts, uint8_t key,
		    uint16_t duration, bool end, uint64_t ms,
		    struct sipd_key out[2])
{
	const uint8_t p[4] = {key, (uint8_t)(end ? 0x80 : 0),
			      (uint8_t)(duration >> 8), (uint8_t)duration};

	return sipd_event_put(e, ts, p, sizeof(p), ms, out);
}


static void test_key_once_with_duration(void **state)
{
	struct sipd_event_rx e = {0};
	struct sipd_key k[2];
	(void)state;

	assert_int_equal(event(&e, 100, 11, 160, false, 0, k), 0);
	assert_int_equal(event(&e, 100, 11, 320, false, 20, k), 0);
	assert_int_equal(event(&e, 100, 11, 320, false, 21, k), 0);
	assert_int_equal(event(&e, 100, 11, 800, true, 40, k), 1);
	assert_int_equal(k[0].digit, '#');
	assert_int_equal(k[0].ms, 100);
	assert_int_equal(event(&e, 100, 11, 800, true, 41, k), 0);
	assert_int_equal(event(&e, 100, 11, 640, false, 42, k), 0);
	assert_int_equal(sipd_event_tick(&e, 1000, k), 0);
}


static void test_key_whose_end_got_lost(void **state)
{
	struct sipd_event_rx e = {0};
	struct sipd_key k[2];
	(void)state;

	/* told when the next begins ... */
	event(&e, 100, 1, 160, false, 0, k);
	assert_int_equal(event(&e, 2000, 1, 160, false, 200, k), 1);
	assert_int_equal(k[0].digit, '1');
	/* ... which is short and whole: both at once is possible */
	assert_int_equal(event(&e, 5000, 15, 240, true, 240, k), 2);
	assert_int_equal(k[0].digit, '1');
	assert_int_equal(k[1].digit, 'D');
	assert_int_equal(k[1].ms, 30);
	/* ... or when nothing follows */
	event(&e, 9000, 10, 400, false, 300, k);
	assert_int_equal(sipd_event_tick(&e, 350, k), 0);
	assert_int_equal(sipd_event_tick(&e, 400, k), 1);
	assert_int_equal(k[0].digit, '*');
	assert_int_equal(k[0].ms, 50);
	assert_int_equal(sipd_event_tick(&e, 900, k), 0);
}


static void test_old_unknown_and_short_events_ignored(void **state)
{
	struct sipd_event_rx e = {0};
	const uint8_t two[2] = {1, 0x80};
	struct sipd_key k[2];
	(void)state;

	assert_int_equal(event(&e, 9000, 5, 800, true, 0, k), 1);
	assert_int_equal(event(&e, 8000, 4, 800, true, 1, k), 0);
	assert_int_equal(event(&e, 9900, 16, 800, true, 2, k), 0);
	assert_int_equal(sipd_event_put(&e, 9950, two, 2, 3, k), 0);
}


static void test_long_key_in_segments_is_one(void **state)
{
	struct sipd_event_rx e = {0};
	struct sipd_key k[2];
	(void)state;

	assert_int_equal(event(&e, 100, 1, 0xffff, false, 0, k), 0);
	assert_int_equal(event(&e, 100 + 0xffff, 1, 160, false, 20, k), 0);
	assert_int_equal(event(&e, 100 + 0xffff, 1, 320, true, 40, k), 1);
	assert_int_equal(k[0].ms, (0xffff + 320) / 8);
}


static void test_keys_sent_as_rfc_4733(void **state)
{
	struct sipd_event_tx e = {0};
	struct sipd_event_rx back = {0};
	char heard[8] = "";
	unsigned tick, sent = 0, first = 0, ends = 0;
	(void)state;

	assert_true(sipd_event_queue(&e, "1#,d"));
	for (tick = 0; tick < 100; ++tick) {
		uint32_t ts = 1000 + tick * 160;
		struct sipd_key k[2];
		uint8_t p[SIPD_EVENT_SIZE];
		bool marker = false;
		size_t n;

		if (sipd_event_next(&e, &ts, &marker, p) != SIPD_EVENT_SEND)
			continue;
		++sent;
		first += marker;
		ends += p[1] >> 7;
		if (sent == 1)
			assert_true(marker && ts == 1000);
		n = sipd_event_put(&back, ts, p, sizeof(p), tick * 20, k);
		if (n) {
			assert_int_equal(n, 1);
			assert_int_equal(k[0].ms, 100);
			heard[strlen(heard)] = k[0].digit;
		}
	}
	assert_string_equal(heard, "1#D");
	assert_int_equal(sent, 3 * 7);
	assert_int_equal(first, 3);
	assert_int_equal(ends, 9);
	assert_int_equal(e.count, 0);
}


static void test_key_queue_holds_64(void **state)
{
	struct sipd_event_tx e = {0};
	(void)state;

	assert_true(sipd_event_queue(&e, "x 1-2"));
	assert_int_equal(e.count, 2);
	assert_true(sipd_event_queue(&e, "00000000001111111111222222222233"
					 "333333334444444444555555555566"));
	assert_int_equal(e.count, 64);
	assert_false(sipd_event_queue(&e, "7"));
	assert_int_equal(e.count, 64);
}


/* ---- source -------------------------------------------------------------- */

static void test_source_locked_to_sdp(void **state)
{
	struct sipd_source s = {0};
	union sipd_addr sdp, other;
	(void)state;

	sipd_addr_parse(&sdp, "192.0.2.1", 4000);
	sipd_addr_parse(&other, "192.0.2.1", 4002);
	assert_false(sipd_source_believe(&s, &sdp, 1, 1, 0));
	sipd_source_set(&s, &sdp, 0);
	assert_false(sipd_source_final(&s, 0));
	assert_true(sipd_source_believe(&s, &sdp, 1, 1, 10));
	assert_true(sipd_source_final(&s, 10));
	assert_false(sipd_source_believe(&s, &other, 1, 2, 20));
	assert_false(sipd_source_believe(&s, &other, 1, 3, 20));
	assert_false(sipd_source_believe(&s, &other, 1, 4, 20));
	assert_false(sipd_source_believe(&s, &other, 1, 5, 20));
	assert_true(sipd_addr_eq(sipd_source_target(&s), &sdp));
}


static void test_source_changes_once_for_nat(void **state)
{
	struct sipd_source s = {0};
	union sipd_addr sdp, nat, evil;
	uint16_t seq;
	(void)state;

	sipd_addr_parse(&sdp, "10.0.0.1", 4000);
	sipd_addr_parse(&nat, "192.0.2.9", 61234);
	sipd_addr_parse(&evil, "192.0.2.66", 4000);
	sipd_source_set(&s, &sdp, 0);
	/* one who sprays single packets is nobody */
	for (seq = 0; seq < 40; seq += 10)
		assert_false(sipd_source_believe(&s, &evil, 2, seq, 50));
	for (seq = 1; seq < 4; ++seq)
		assert_false(sipd_source_believe(&s, &nat, 1, seq, 100));
	assert_true(sipd_source_believe(&s, &nat, 1, 4, 100));
	assert_true(sipd_addr_eq(sipd_source_target(&s), &nat));
	for (seq = 0; seq < 10; ++seq)
		assert_false(sipd_source_believe(&s, &evil, 2, seq, 200));
	assert_false(sipd_source_final(&s, 4999));
	assert_true(sipd_source_believe(&s, &nat, 1, 5, 6000));
	assert_true(sipd_source_final(&s, 6000));
	assert_false(sipd_source_believe(&s, &sdp, 1, 5, 6000));
}


static void test_source_of_sdp_wins_in_window(void **state)
{
	struct sipd_source s = {0};
	union sipd_addr sdp, evil;
	uint16_t seq;
	(void)state;

	sipd_addr_parse(&sdp, "192.0.2.1", 4000);
	sipd_addr_parse(&evil, "192.0.2.66", 4000);
	sipd_source_set(&s, &sdp, 0);
	for (seq = 0; seq < 10; ++seq)
		(void)sipd_source_believe(&s, &evil, 2, seq, 50);
	assert_true(s.taken);
	assert_true(sipd_source_believe(&s, &sdp, 1, 1, 80));
	assert_false(sipd_source_believe(&s, &evil, 2, seq, 90));
	assert_true(sipd_addr_eq(sipd_source_target(&s), &sdp));
}


static void test_source_window_closes(void **state)
{
	struct sipd_source s = {0};
	union sipd_addr sdp, late;
	uint16_t seq;
	(void)state;

	sipd_addr_parse(&sdp, "192.0.2.1", 4000);
	sipd_addr_parse(&late, "192.0.2.66", 4000);
	sipd_source_set(&s, &sdp, 0);
	for (seq = 0; seq < 20; ++seq)
		assert_false(sipd_source_believe(&s, &late, 2, seq, 5000));
	/* a re-INVITE with the same address opens it again */
	sipd_source_set(&s, &sdp, 6000);
	for (seq = 20; seq < 23; ++seq)
		assert_false(sipd_source_believe(&s, &late, 2, seq, 6001));
	assert_true(sipd_source_believe(&s, &late, 2, seq, 6001));
}


/* ---- corpus -------------------------------------------------------------- */

static void feed(const uint8_t *buf, size_t n, struct sipd_jitter *j,
		 struct sipd_event_rx *e)
{
	uint8_t frame[SIPD_JITTER_FRAME];
	struct sipd_rtp_packet p;
	struct sipd_rtcp_in in;
	struct sipd_key k[2];

	(void)sipd_rtcp_parse(&in, buf, n, 0x01020304);
	if (!sipd_rtp_parse(&p, buf, n))
		return;
	assert_true(p.payload >= buf && p.payload + p.len <= buf + n);
	(void)sipd_event_put(e, p.ts, p.payload, p.len, 0, k);
	if (p.len && p.len <= SIPD_JITTER_PACKET) {
		const struct sipd_jitter_packet jp = {
			.codec = SIPD_CODEC_PCMA,
			.marker = p.marker,
			.seq = p.seq,
			.ts = p.ts,
			.data = p.payload,
			.len = p.len,
		};

		(void)sipd_jitter_put(j, &jp);
		(void)sipd_jitter_get(j, frame);
	}
}


static unsigned replay(const char *root, const char *dir,
		       struct sipd_jitter *j, struct sipd_event_rx *e)
{
	char path[4096];
	struct dirent *entry;
	unsigned files = 0;
	DIR *d;

	(void)snprintf(path, sizeof(path), "%s/corpus/%s", root, dir);
	d = opendir(path);
	if (!d)
		return 0;
	while ((entry = readdir(d))) {
		uint8_t *buf = malloc(65535), *exact;
		size_t n;
		FILE *f;

		(void)snprintf(path, sizeof(path), "%s/corpus/%s/%s", root,
			       dir, entry->d_name);
		f = entry->d_name[0] == '.' ? NULL : fopen(path, "rb");
		if (!f) {
			free(buf);
			continue;
		}
		n = fread(buf, 1, 65535, f);
		(void)fclose(f);
		/* to the byte, so that a sanitizer sees a read past it */
		exact = malloc(n ? n : 1);
		memcpy(exact, buf, n);
		feed(exact, n, j, e);
		free(exact);
		free(buf);
		++files;
	}
	(void)closedir(d);

	return files;
}


static void test_corpus_does_no_harm(void **state)
{
	const char *root = getenv("SHARED_DATA");
	struct sipd_event_rx e = {0};
	struct sipd_jitter j;
	unsigned files;
	(void)state;

	sipd_jitter_init(&j);
	files = root ? replay(root, "rtp", &j, &e) : 0;
	if (!files) {
		print_message("skipped: no corpus\n");
		skip();
	}
	files += replay(root, "rtcp", &j, &e);
	files += replay(root, "rtp-payload", &j, &e);
	print_message("%u files\n", files);
	assert_true(files > 50);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header_written_is_read),
		cmocka_unit_test(test_csrc_extension_padding_skipped),
		cmocka_unit_test(test_short_and_wrong_version_refused),
		cmocka_unit_test(test_report_written_is_read),
		cmocka_unit_test(test_loss_counted_over_wrap),
		cmocka_unit_test(test_jitter_as_in_appendix_a8),
		cmocka_unit_test(test_interval_random_around_minimum),
		cmocka_unit_test(test_key_once_with_duration),
		cmocka_unit_test(test_key_whose_end_got_lost),
		cmocka_unit_test(test_old_unknown_and_short_events_ignored),
		cmocka_unit_test(test_long_key_in_segments_is_one),
		cmocka_unit_test(test_keys_sent_as_rfc_4733),
		cmocka_unit_test(test_key_queue_holds_64),
		cmocka_unit_test(test_source_locked_to_sdp),
		cmocka_unit_test(test_source_changes_once_for_nat),
		cmocka_unit_test(test_source_of_sdp_wins_in_window),
		cmocka_unit_test(test_source_window_closes),
		cmocka_unit_test(test_corpus_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
