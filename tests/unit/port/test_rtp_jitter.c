/**
 * @file unit/port/test_rtp_jitter.c  The jitter buffer on a virtual clock
 *
 * A packet of number n has bytes of n, so a frame tells which packet it is.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "lib/cmocka_all.h"
#include "port/codec/g711.h"
#include "port/rtp/jitter.h"

enum { F = SIPD_JITTER_FRAME, TS0 = 1000 };

static uint8_t frame[F];


static enum sipd_jitter_put put_size(struct sipd_jitter *j, unsigned n,
				     size_t size)
{
	uint8_t data[SIPD_JITTER_PACKET];
	struct sipd_jitter_packet p = {
		.codec = SIPD_CODEC_PCMU,
		.seq = (uint16_t)(n + 65530),
		.ts = (uint32_t)(TS0 + n * size),
		.data = data,
		.len = size,
	};

	memset(data, (int)n & 0xff, size);

	return sipd_jitter_put(j, &p);
}


static enum sipd_jitter_put put(struct sipd_jitter *j, unsigned n)
{
	return put_size(j, n, F);
}


/* The number of the frame, or -1 lost, -2 nothing, -3 silence */
static int get(struct sipd_jitter *j)
{
	const uint32_t left_out = j->left_out;
	size_t i;

	switch (sipd_jitter_get(j, frame)) {
	case SIPD_JITTER_LOST:
		return -1;
	case SIPD_JITTER_NONE:
		return -2;
	case SIPD_JITTER_SILENCE:
		return -3;
	default:
		break;
	}
	if (j->left_out != left_out) /* that one fades into the next */
		return frame[F - 1];
	for (i = 1; i < F; ++i)
		assert_int_equal(frame[i], frame[0]);

	return frame[0];
}


static void test_steady_played_after_40_ms(void **state)
{
	struct sipd_jitter j;
	unsigned n;
	(void)state;

	sipd_jitter_init(&j);
	assert_int_equal(get(&j), -2);
	for (n = 0; n < 200; ++n) {
		assert_int_equal(put(&j, n), SIPD_JITTER_OK);
		assert_int_equal(get(&j), n < 2 ? -2 : (int)n - 2);
	}
	assert_int_equal(j.late + j.dup + j.inserted + j.left_out, 0);
}


static void test_reordered_played_in_order(void **state)
{
	static const unsigned order[] = {0, 1, 3, 2, 4, 6, 5, 7, 9, 8};
	struct sipd_jitter j;
	size_t i;
	(void)state;

	sipd_jitter_init(&j);
	for (i = 0; i < 10; ++i) {
		assert_int_equal(put(&j, order[i]), SIPD_JITTER_OK);
		assert_int_equal(get(&j), i < 2 ? -2 : (int)i - 2);
	}
	assert_int_equal(j.late, 0);
}


static void test_duplicate_played_once(void **state)
{
	struct sipd_jitter j;
	unsigned n;
	(void)state;

	sipd_jitter_init(&j);
	for (n = 0; n < 50; ++n) {
		assert_int_equal(put(&j, n), SIPD_JITTER_OK);
		assert_int_equal(put(&j, n), SIPD_JITTER_DUP);
		if (n >= 20) /* long played: a replay, not a late one */
			assert_int_equal(put(&j, n - 20), SIPD_JITTER_DUP);
		assert_int_equal(get(&j), n < 2 ? -2 : (int)n - 2);
	}
	assert_int_equal(j.dup, 80);
	assert_int_equal(j.late, 0);
}


static void test_loss_is_lost_and_place_is_kept(void **state)
{
	struct sipd_jitter j;
	unsigned n;
	(void)state;

	sipd_jitter_init(&j);
	for (n = 0; n < 100; ++n) {
		const int due = (int)n - 2;

		if (n % 5)
			put(&j, n);
		else if (!n)
			put(&j, 0);
		if (due >= 0)
			assert_int_equal(get(&j),
					 due && due % 5 == 0 ? -1 : due);
		else
			assert_int_equal(get(&j), -2);
	}
}


static void test_end_of_stream_lost_then_nothing(void **state)
{
	struct sipd_jitter j;
	unsigned n;
	(void)state;

	sipd_jitter_init(&j);
	for (n = 0; n < 10; ++n) {
		put(&j, n);
		get(&j);
	}
	assert_int_equal(get(&j), 8);
	assert_int_equal(get(&j), 9);
	for (n = 0; n < 10; ++n)
		assert_int_equal(get(&j), -1);
	for (n = 0; n < 10; ++n)
		assert_int_equal(get(&j), -2);
}


static void test_late_grows_delay_then_all_in_time(void **state)
{
	struct sipd_jitter j;
	unsigned n, tick, lost = 0, late = 0;
	(void)state;

	/* every tenth packet comes 100 ms after its turn */
	sipd_jitter_init(&j);
	for (tick = 0; tick < 500; ++tick) {
		n = tick;
		if (n % 10 || !n)
			put(&j, n);
		if (n >= 5 && (n - 5) % 10 == 0 && n > 5)
			put(&j, n - 5);
		if (tick == 100)
			late = j.late;
		if (get(&j) == -1 && tick > 100)
			++lost;
	}
	assert_int_equal(j.late, late); /* learnt in the first 2 s */
	assert_true(late > 0 && late < 6);
	assert_true(lost <= 2);
	assert_true(sipd_jitter_delay_ms(&j) >= 90);
	assert_true(sipd_jitter_delay_ms(&j) <= 200);
}


static void test_delay_shrinks_when_jitter_ends(void **state)
{
	struct sipd_jitter j;
	unsigned n;
	(void)state;

	sipd_jitter_init(&j);
	for (n = 0; n < 60; ++n) {
		if (n < 20 || n > 25)
			put(&j, n);
		if (n == 25) { /* six at once, 100 ms late */
			unsigned k;

			for (k = 20; k <= 25; ++k)
				put(&j, k);
		}
		get(&j);
	}
	assert_true(sipd_jitter_delay_ms(&j) > 80);
	for (; n < 3000; ++n) {
		put(&j, n);
		get(&j);
	}
	assert_true(sipd_jitter_delay_ms(&j) <= 62);
	assert_true(j.left_out >= 2);
	assert_int_equal(j.resyncs, 0);
}


/* ppm > 0: the sender is faster than we. */
static void drift(int ppm)
{
	const unsigned ticks = 30 * 60 * 50; /* half an hour */
	struct sipd_jitter j;
	double sent = 0;
	unsigned n = 0, tick, lost = 0;

	sipd_jitter_init(&j);
	for (tick = 0; tick < ticks; ++tick) {
		sent += 1 + ppm / 1e6;
		while (n < sent)
			put(&j, n++);
		if (get(&j) == -1)
			++lost;
		assert_true(sipd_jitter_delay_ms(&j) <= 100);
	}
	/* 500 ppm of 90,000 frames are 45 */
	assert_int_equal(j.resyncs, 0);
	assert_true(lost <= 46);
	assert_true(j.late <= 3);
	assert_in_range(ppm > 0 ? j.left_out : j.inserted, 42, 48);
	assert_int_equal(ppm > 0 ? j.inserted : j.left_out, 0);
}


static void test_drift_500_ppm_both_ways_followed(void **state)
{
	(void)state;
	drift(500);
	drift(-500);
}


/* A sender 500 ppm too fast, a tone without any quiet: nowhere a larger step
 * from sample to sample than the tone has. */
static void test_tone_stays_smooth_when_frames_are_left_out(void **state)
{
	enum { LOUD = 8000, HZ = 440, TICKS = 5 * 60 * 50 };
	const double turn = 2 * M_PI * HZ / 8000;
	const int step_max = (int)(LOUD * turn * 1.15); /* and G.711 */
	int16_t pcm[F], before = 0;
	struct sipd_jitter j;
	unsigned n = 0, tick, i;
	double sent = 0;
	(void)state;

	sipd_jitter_init(&j);
	for (tick = 0; tick < TICKS; ++tick) {
		for (sent += 1.0005; n < sent; ++n) {
			uint8_t data[F];
			const struct sipd_jitter_packet p = {
				.codec = SIPD_CODEC_PCMA,
				.seq = (uint16_t)n,
				.ts = n * F,
				.data = data,
				.len = F,
			};

			for (i = 0; i < F; ++i)
				pcm[i] = (int16_t)(LOUD *
						   sin((n * F + i) * turn));
			sipd_g711_encode(p.codec, data, pcm, F);
			sipd_jitter_put(&j, &p);
		}
		if (sipd_jitter_get(&j, frame) != SIPD_JITTER_AUDIO) {
			assert_true(tick < 3);
			continue;
		}
		sipd_g711_decode(SIPD_CODEC_PCMA, pcm, frame, F);
		for (i = 0; i < F; before = pcm[i++])
			assert_in_range(abs(pcm[i] - before), 0, step_max);
	}
	assert_in_range(j.left_out, 6, 8);
}


static void test_quiet_frame_is_left_out_first(void **state)
{
	uint8_t loud[F], quiet[F];
	struct sipd_jitter j;
	unsigned n, heard = 0, left = 0;
	(void)state;

	memset(loud, 0x80, F);
	memset(quiet, 0xff, F);
	sipd_jitter_init(&j);
	for (n = 0; n < 600; ++n) {
		struct sipd_jitter_packet p = {
			.codec = SIPD_CODEC_PCMU,
			.seq = (uint16_t)n,
			.ts = n * F,
			.data = n % 25 ? loud : quiet,
			.len = F,
		};

		if (!n) { /* begin 5 frames early: too much delay */
			unsigned k;

			for (k = 0; k < 5; ++k, ++n) {
				p.seq = (uint16_t)n;
				p.ts = n * F;
				p.data = n ? loud : quiet;
				sipd_jitter_put(&j, &p);
			}
			p.seq = (uint16_t)n;
			p.ts = n * F;
			p.data = loud;
		}
		sipd_jitter_put(&j, &p);
		left = j.left_out;
		if (sipd_jitter_get(&j, frame) == SIPD_JITTER_AUDIO &&
		    frame[0] == 0x80)
			++heard;
		else if (j.left_out == left && n > 10)
			assert_int_equal(frame[0], 0xff);
	}
	assert_in_range(j.left_out, 1, 3);
	/* every loud frame given in was heard but those still buffered */
	assert_in_range(heard, 600 - 24 - 8, 600 - 24);
}


static void test_timestamp_jump_followed_after_three(void **state)
{
	struct sipd_jitter j;
	unsigned n, k, heard = 0;
	(void)state;

	sipd_jitter_init(&j);
	for (n = 0; n < 50; ++n) {
		put(&j, n);
		get(&j);
	}
	for (k = 0; k < 50; ++k) {
		uint8_t data[F];
		const struct sipd_jitter_packet p = {
			.codec = SIPD_CODEC_PCMU,
			.seq = (uint16_t)(n + 65530 + k),
			.ts = 0x90000000u + k * F,
			.data = data,
			.len = F,
		};

		memset(data, 0x55, F);
		assert_int_equal(sipd_jitter_put(&j, &p),
				 k < 2 ? SIPD_JITTER_JUMP : SIPD_JITTER_OK);
		if (get(&j) == 0x55)
			++heard;
	}
	assert_int_equal(j.resyncs, 1);
	assert_int_equal(heard, 50 - 2 - 2);
}


static void test_injected_jumps_do_not_disturb(void **state)
{
	struct sipd_jitter j;
	unsigned n;
	(void)state;

	sipd_jitter_init(&j);
	for (n = 0; n < 200; ++n) {
		uint8_t data[F] = {0};
		const struct sipd_jitter_packet p = {
			.codec = SIPD_CODEC_PCMU,
			.marker = true,
			.seq = (uint16_t)(n + 30000),
			.ts = 0x90000000u + n * F,
			.data = data,
			.len = F,
		};

		if (n > 5)
			assert_int_equal(sipd_jitter_put(&j, &p),
					 SIPD_JITTER_JUMP);
		put(&j, n);
		assert_int_equal(get(&j), n < 2 ? -2 : (int)n - 2);
	}
	assert_int_equal(j.resyncs, 0);
}


static void test_comfort_noise_is_silence(void **state)
{
	struct sipd_jitter j;
	unsigned n;
	(void)state;

	sipd_jitter_init(&j);
	for (n = 0; n < 20; ++n) {
		put(&j, n);
		get(&j);
	}
	sipd_jitter_quiet(&j, (uint16_t)(n + 65530));
	assert_int_equal(get(&j), 18);
	assert_int_equal(get(&j), 19);
	for (n = 22; n < 122; ++n)
		assert_int_equal(get(&j), -3);
	for (; n < 160; ++n) {
		put(&j, n);
		get(&j);
	}
	assert_int_equal(get(&j), 158);
	assert_int_equal(j.late, 0);
}


/* Bytes number samples; all frames must continue the count. */
static void sizes(size_t size)
{
	struct sipd_jitter j;
	uint32_t sent = 0, now = 0;
	uint16_t seq = 0;
	uint8_t next = 0;
	unsigned tick, frames = 0;
	size_t i;

	sipd_jitter_init(&j);
	for (tick = 0; tick < 500; ++tick) {
		for (now += F; sent + size <= now; sent += (uint32_t)size) {
			uint8_t data[SIPD_JITTER_PACKET];
			const struct sipd_jitter_packet p = {
				.codec = SIPD_CODEC_PCMU,
				.seq = seq++,
				.ts = sent - 4000,
				.data = data,
				.len = size,
			};

			for (i = 0; i < size; ++i)
				data[i] = (uint8_t)(sent + i);
			assert_int_equal(sipd_jitter_put(&j, &p),
					 SIPD_JITTER_OK);
		}
		if (sipd_jitter_get(&j, frame) != SIPD_JITTER_AUDIO) {
			assert_int_equal(frames, 0);
			continue;
		}
		++frames;
		for (i = 0; i < F; ++i)
			assert_int_equal(frame[i], next++);
	}
	assert_true(frames > 485);
}


static void test_all_packet_sizes_split_into_frames(void **state)
{
	(void)state;
	sizes(80);
	sizes(160);
	sizes(240);
	sizes(320);
	sizes(480);
	sizes(38); /* nobody sends this, but it is legal */
}


static void test_codec_switch_keeps_what_is_buffered(void **state)
{
	struct sipd_jitter j;
	uint8_t u[F], a[F];
	unsigned n, k;
	(void)state;

	memset(u, 0x8f, F); /* about 24,000 in both laws */
	memset(a, 0xa5, F);
	sipd_jitter_init(&j);
	for (n = 0; n < 40; ++n) {
		const struct sipd_jitter_packet p = {
			.codec = n < 20 ? SIPD_CODEC_PCMU : SIPD_CODEC_PCMA,
			.seq = (uint16_t)n,
			.ts = n * F,
			.data = n < 20 ? u : a,
			.len = F,
		};

		sipd_jitter_put(&j, &p);
		if (sipd_jitter_get(&j, frame) != SIPD_JITTER_AUDIO)
			continue;
		for (k = 0; k < F; ++k)
			assert_int_equal(frame[k], n < 20 ? 0x8f : 0xa5);
	}
}


/* Numbers go on somewhere else, in the middle of a stream whose time goes
 * on: all is heard, now and when the old numbers come again. */
static void numbers_jump(uint16_t by)
{
	struct sipd_jitter j;
	unsigned n;

	sipd_jitter_init(&j);
	for (n = 0; n < 1000; ++n) {
		uint8_t data[F];
		const struct sipd_jitter_packet p = {
			.codec = SIPD_CODEC_PCMU,
			.seq = (uint16_t)(n < 200 ? n : n + by),
			.ts = TS0 + n * F,
			.data = data,
			.len = F,
		};

		memset(data, (int)n & 0xff, F);
		assert_int_equal(sipd_jitter_put(&j, &p), SIPD_JITTER_OK);
		assert_int_equal(sipd_jitter_put(&j, &p), SIPD_JITTER_DUP);
		assert_int_equal(get(&j), n < 2 ? -2 : (int)(n - 2) & 0xff);
	}
	assert_int_equal(j.resyncs, 0);
}


static void test_numbers_that_jump_are_followed(void **state)
{
	(void)state;
	numbers_jump(1000);
	numbers_jump(40000);
	numbers_jump((uint16_t)-20);
	numbers_jump((uint16_t)-63);
	numbers_jump((uint16_t)-200);
	numbers_jump((uint16_t)-500);
	numbers_jump(32768);
}


/* The sender's time jumps: heard again within 12 frames, whole from then. */
static void time_jumps(uint32_t by)
{
	struct sipd_jitter j;
	unsigned n, lost = 0;

	sipd_jitter_init(&j);
	for (n = 0; n < 400; ++n) {
		uint8_t data[F];
		const struct sipd_jitter_packet p = {
			.codec = SIPD_CODEC_PCMU,
			.seq = (uint16_t)n,
			.ts = TS0 + n * F + (n < 200 ? 0 : by),
			.data = data,
			.len = F,
		};

		memset(data, 1 + (int)(n & 0x7f), F);
		(void)sipd_jitter_put(&j, &p);
		if (n < 200 || get(&j) >= 0) {
			if (n < 200)
				(void)get(&j);
			continue;
		}
		++lost;
		assert_in_range(n, 200, 230);
	}
	assert_in_range(lost, 0, 12);
}


static void test_time_that_jumps_is_followed(void **state)
{
	(void)state;
	time_jumps(800);
	time_jumps(1600);
	time_jumps(0u - 800);
	time_jumps(0u - 1600);
	time_jumps(0u - 3200);
	time_jumps(0u - 8100);
	time_jumps(100000);
	time_jumps(0x80000000u);
}


static void test_skip_keeps_step_with_the_sender(void **state)
{
	struct sipd_jitter j;
	unsigned n;
	(void)state;

	sipd_jitter_init(&j);
	for (n = 0; n < 20; ++n) {
		put(&j, n);
		get(&j);
	}
	for (; n < 26; ++n) /* we slept 120 ms, the kernel kept these */
		put(&j, n);
	sipd_jitter_skip(&j, 6);
	put(&j, n);
	assert_int_equal(get(&j), (int)n - 2);
}


/* Any packets at all: never outside the buffers (sanitizers watch). */
static void test_random_packets_do_no_harm(void **state)
{
	struct sipd_jitter j;
	uint8_t data[SIPD_JITTER_PACKET];
	unsigned i;
	(void)state;

	srand(1);
	memset(data, 1, sizeof(data));
	sipd_jitter_init(&j);
	for (i = 0; i < 200000; ++i) {
		const struct sipd_jitter_packet p = {
			.codec = rand() & 1 ? SIPD_CODEC_PCMU
					    : SIPD_CODEC_PCMA,
			.marker = rand() % 10 == 0,
			.seq = (uint16_t)(i + (unsigned)rand() % 50),
			.ts = i * 80 + (uint32_t)rand() % 3000u -
			      (rand() % 100 ? 0 : 500000),
			.data = data,
			.len = 1 + (size_t)rand() % SIPD_JITTER_PACKET,
		};

		sipd_jitter_put(&j, &p);
		if (rand() & 1)
			(void)sipd_jitter_get(&j, frame);
		if (rand() % 500 == 0)
			sipd_jitter_skip(&j, (unsigned)rand() % 20);
		if (rand() % 500 == 0)
			sipd_jitter_quiet(&j, (uint16_t)rand());
		assert_true(j.idx % F == 0 && j.idx < SIPD_JITTER_RING);
	}
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steady_played_after_40_ms),
		cmocka_unit_test(test_reordered_played_in_order),
		cmocka_unit_test(test_duplicate_played_once),
		cmocka_unit_test(test_loss_is_lost_and_place_is_kept),
		cmocka_unit_test(test_end_of_stream_lost_then_nothing),
		cmocka_unit_test(test_late_grows_delay_then_all_in_time),
		cmocka_unit_test(test_delay_shrinks_when_jitter_ends),
		cmocka_unit_test(test_drift_500_ppm_both_ways_followed),
		cmocka_unit_test(
			test_tone_stays_smooth_when_frames_are_left_out),
		cmocka_unit_test(test_quiet_frame_is_left_out_first),
		cmocka_unit_test(test_timestamp_jump_followed_after_three),
		cmocka_unit_test(test_numbers_that_jump_are_followed),
		cmocka_unit_test(test_time_that_jumps_is_followed),
		cmocka_unit_test(test_injected_jumps_do_not_disturb),
		cmocka_unit_test(test_comfort_noise_is_silence),
		cmocka_unit_test(test_all_packet_sizes_split_into_frames),
		cmocka_unit_test(test_codec_switch_keeps_what_is_buffered),
		cmocka_unit_test(test_skip_keeps_step_with_the_sender),
		cmocka_unit_test(test_random_packets_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
