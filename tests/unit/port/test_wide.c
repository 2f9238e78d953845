/**
 * @file test_wide.c  Streams of 16 kHz without sockets: packets in, audio out
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "lib/cmocka_all.h"
#include "port/codec/opus.h"
#include "port/rtp/wide.h"

#define PI 3.14159265358979323846

enum { W = SIPD_WIDE_FRAME, LOUD = 8000 };

/* One that sends a tone, and one that plays it. */
struct line {
	struct sipd_coder *enc;
	struct sipd_wide *w;
	struct sipd_jitter j;
	uint16_t seq;
	uint32_t ts;
	unsigned sample, silent, lost, dead;
};


static void line_open(struct line *l)
{
	memset(l, 0, sizeof(*l));
	assert_int_equal(sipd_coder_open(&l->enc, sipd_opus_built()), 0);
	assert_int_equal(sipd_wide_open(&l->w, sipd_opus_built()), 0);
	sipd_jitter_init(&l->j);
	l->j.opaque = true;
	l->seq = 65500;
	l->ts = 0xffff0000u; /* it goes round */
}


static void line_close(struct line *l)
{
	sipd_coder_close(l->enc);
	sipd_wide_close(l->w);
}


static size_t make(struct line *l, enum sipd_codec_id id, uint8_t *buf)
{
	int16_t pcm[W];
	size_t i;

	for (i = 0; i < W; ++i)
		pcm[i] = (int16_t)(LOUD *
				   sin(2 * PI * 700 * l->sample++ / 16000));

	return sipd_coder_encode(l->enc, id, buf, pcm);
}


static enum sipd_jitter_put put(struct line *l, enum sipd_codec_id id,
				const uint8_t *buf, size_t len)
{
	const struct sipd_rtp_packet p = {
		.seq = l->seq,
		.ts = l->ts,
		.payload = buf,
		.len = len,
	};
	uint32_t tick;

	return sipd_wide_put(l->w, &l->j, id, &p, &tick);
}


static void next(struct line *l, enum sipd_codec_id id)
{
	++l->seq;
	l->ts += sipd_codec_get(id)->clock / 50;
}


/* 20 ms made, sent and played. */
static void step(struct line *l, enum sipd_codec_id id, bool lose)
{
	uint8_t buf[SIPD_CODER_FRAME];
	const size_t len = make(l, id, buf);
	int16_t pcm[W];
	double e = 0;
	size_t i;

	if (!lose)
		assert_int_equal(put(l, id, buf, len), SIPD_JITTER_OK);
	next(l, id);
	l->lost += sipd_wide_get(l->w, &l->j, pcm) == SIPD_JITTER_LOST;
	for (i = 0; i < W; ++i)
		e += (double)pcm[i] * pcm[i];
	l->silent += sqrt(e / W) < LOUD * 0.707 * 0.5;
	l->dead += sqrt(e / W) < LOUD * 0.707 * 0.1;
}


static void test_every_codec_plays_without_gap(void **state)
{
	int id;
	(void)state;

	for (id = SIPD_CODEC_PCMU; id <= SIPD_CODEC_L16_8; ++id) {
		struct line l;
		int i;

		if (!sipd_codec_get((enum sipd_codec_id)id))
			continue;
		line_open(&l);
		for (i = 0; i < 150; ++i)
			step(&l, (enum sipd_codec_id)id, false);
		/* two frames of delay, and what an encoder looks ahead */
		assert_true(l.silent <= 3);
		assert_int_equal(l.lost, 0);
		line_close(&l);
	}
}


/* conformance: RFC 3264 8.3.2 | a change of codec and clock in a call: no gap, no wrong speed | unit */
static void test_change_of_codec_without_gap(void **state)
{
	static const enum sipd_codec_id ids[] = {
		SIPD_CODEC_PCMU, SIPD_CODEC_L16,   SIPD_CODEC_G722,
		SIPD_CODEC_OPUS, SIPD_CODEC_L16_8, SIPD_CODEC_PCMA,
	};
	struct line l;
	size_t k;
	int i;
	(void)state;

	line_open(&l);
	for (k = 0; k < sizeof(ids) / sizeof(ids[0]); ++k) {
		unsigned before;

		if (!sipd_codec_get(ids[k]))
			continue;
		before = l.silent;
		for (i = 0; i < 50; ++i)
			step(&l, ids[k], false);
		/* each encoder begins with its own delay, once */
		assert_true(l.silent - before <= (k ? 1 : 3));
		assert_true(fabs(sipd_jitter_delay_ms(&l.j) - 40) < 15);
		if (k % 2) /* some begin a new timestamp */
			l.ts += 123456789;
	}
	assert_int_equal(l.lost, 0);
	assert_int_equal(l.j.resyncs, 0);
	line_close(&l);
}


/* conformance: RFC 7587 3.3 | lost packets of Opus are made good | unit */
static void test_opus_losses_repaired(void **state)
{
	struct line l;
	int i;
	(void)state;

	if (!sipd_opus_built())
		skip();
	line_open(&l);
	sipd_coder_limit(l.enc, 0, true);
	for (i = 0; i < 200; ++i)
		step(&l, SIPD_CODEC_OPUS, i > 20 && i % 10 == 0);
	assert_int_equal(l.lost, 0);
	assert_true(l.dead <= 3); /* of 18 that were lost */
	line_close(&l);
}


static void test_losses_of_others_told(void **state)
{
	struct line l;
	int i;
	(void)state;

	line_open(&l);
	for (i = 0; i < 100; ++i)
		step(&l, SIPD_CODEC_G722, i == 50);
	assert_int_equal(l.lost, 1);
	line_close(&l);
}


static void test_packets_of_any_length_play(void **state)
{
	uint8_t buf[SIPD_CODER_FRAME], big[3 * SIPD_CODER_FRAME];
	struct line l;
	int16_t pcm[W];
	unsigned silent = 0;
	int i, k;
	(void)state;

	/* 10 ms of L16, then 60 ms of G.722 */
	line_open(&l);
	for (i = 0; i < 50; ++i) {
		(void)make(&l, SIPD_CODEC_L16, buf);
		for (k = 0; k < 2; ++k) {
			assert_int_equal(put(&l, SIPD_CODEC_L16, buf + 320 * k,
					     320),
					 SIPD_JITTER_OK);
			++l.seq;
			l.ts += 160;
		}
		(void)sipd_wide_get(l.w, &l.j, pcm);
	}
	for (i = 0; i < 20; ++i) {
		for (k = 0; k < 3; ++k)
			(void)make(&l, SIPD_CODEC_G722, big + 160 * k);
		assert_int_equal(put(&l, SIPD_CODEC_G722, big, 480),
				 SIPD_JITTER_OK);
		++l.seq;
		l.ts += 480;
		for (k = 0; k < 3; ++k) {
			(void)sipd_wide_get(l.w, &l.j, pcm);
			silent += !pcm[10] && !pcm[11] && !pcm[200];
		}
	}
	assert_int_equal(silent, 0);
	line_close(&l);
}


static void test_what_is_no_payload_refused(void **state)
{
	static const uint8_t zeros[SIPD_WIDE_PACKET + 1];
	struct line l;
	(void)state;

	line_open(&l);
	assert_int_equal(put(&l, SIPD_CODEC_L16, zeros, 321), SIPD_JITTER_BAD);
	assert_int_equal(put(&l, SIPD_CODEC_NONE, zeros, 160),
			 SIPD_JITTER_BAD);
	assert_int_equal(put(&l, SIPD_CODEC_PCMU, zeros, 961),
			 SIPD_JITTER_BAD);
	assert_int_equal(put(&l, SIPD_CODEC_L16, zeros, 1476),
			 SIPD_JITTER_BAD);
	if (sipd_opus_built())
		/* three frames announced, none there */
		assert_int_equal(put(&l, SIPD_CODEC_OPUS,
				     (const uint8_t[]){0xff}, 1),
				 SIPD_JITTER_BAD);
	line_close(&l);
}


/* Thousands of packets of all kinds, in any order: the sanitizers look on. */
static void test_chaos_stays_inside(void **state)
{
	struct line l;
	uint32_t seed = 11;
	int i, k;
	(void)state;

	line_open(&l);
	for (i = 0; i < 20000; ++i) {
		uint8_t buf[SIPD_WIDE_PACKET];
		int16_t pcm[W];
		size_t len;

		for (k = 0; k < 3; ++k)
			seed = seed * 1664525 + 1013904223;
		len = 1 + (seed >> 8) % sizeof(buf);
		memset(buf, (int)(seed >> 3), len);
		buf[0] = (uint8_t)(seed >> 17);
		l.seq = (uint16_t)(l.seq + (seed >> 5) % 5);
		l.ts += (seed >> 9) % 2000 - (seed & 64 ? 900 : 0);
		if (!(seed & 0x3f00))
			l.ts = seed;
		(void)put(&l, (enum sipd_codec_id)(1 + (seed >> 20) % 6), buf,
			  len);
		if (seed & 0x8000)
			(void)sipd_wide_get(l.w, &l.j, pcm);
	}
	line_close(&l);
}


/* conformance: RFC 3389 3 | comfort noise as loud as told | unit */
static void test_noise_at_its_level(void **state)
{
	static const struct {
		uint8_t level;
		double rms;
	} t[] = {{40, 327.7}, {60, 32.77}, {200 & 0x7f, 8.2}, {5, 3276.8}};
	struct sipd_noise n = {0};
	int16_t pcm[16000];
	size_t i, k;
	(void)state;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); ++i) {
		double e = 0;

		sipd_noise_set(&n, &t[i].level, 1);
		assert_true(n.on);
		sipd_noise_make(&n, pcm, 16000);
		for (k = 0; k < 16000; ++k)
			e += (double)pcm[k] * pcm[k];
		assert_true(fabs(20 * log10(sqrt(e / 16000) / t[i].rms)) <
			    1.5);
	}
	sipd_noise_set(&n, NULL, 0);
	sipd_noise_make(&n, pcm, 160);
	for (k = 0; k < 160; ++k)
		assert_true(abs(pcm[k]) <= 1);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_codec_plays_without_gap),
		cmocka_unit_test(test_change_of_codec_without_gap),
		cmocka_unit_test(test_opus_losses_repaired),
		cmocka_unit_test(test_losses_of_others_told),
		cmocka_unit_test(test_packets_of_any_length_play),
		cmocka_unit_test(test_what_is_no_payload_refused),
		cmocka_unit_test(test_chaos_stays_inside),
		cmocka_unit_test(test_noise_at_its_level),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
