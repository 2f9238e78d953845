/**
 * @file test_detect_beep.c  What is a beep, and what is none
 */
#include "lib/cmocka_all.h"
#include "core/detect_help.h"
#include "port/codec/coder.h"
#include "port/codec/g711.h"
#include "port/codec/halfband.h"
#include "port/codec/opus.h"

enum { AT = 1000, SPOKEN = 1000 };


static struct sound *new_sound(void)
{
	struct sound *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->seed = 11;

	return s;
}


static void through_g711(struct sound *s)
{
	uint8_t code[160];
	size_t at;

	for (at = 0; at + 160 <= s->n; at += 160) {
		sipd_g711_encode(SIPD_CODEC_PCMA, code, s->pcm + at, 160);
		sipd_g711_decode(SIPD_CODEC_PCMA, s->pcm + at, code, 160);
	}
}


static void assert_beep(const struct told *t, uint32_t ms)
{
	assert_int_equal(t->n, 1);
	assert_int_equal(t->s[0].kind, SIPD_SIGNAL_BEEP);
	assert_true(near_ms(t->s[0].from_ms, AT, 40));
	assert_true(near_ms(t->s[0].to_ms, AT + ms, 40));
	assert_true(t->at_ms[0] <= AT + ms + 150);
	assert_true(t->most_p > .5F);
}


/* A beep in noise that the frames are not aligned to. */
static void one_beep(double f, double g, unsigned ms, double db, double snr,
		     struct told *t)
{
	static unsigned shift;
	struct sound *s = new_sound();

	shift = (shift + 7) % 20;
	hush(s, AT + shift, db - snr);
	play(s, ms, f, g, db, db - snr);
	hush(s, 500, db - snr);
	through_g711(s);
	hear_sound(s, SPOKEN, t);
	free(s);
}


static void test_beeps_are_found(void **state)
{
	static const unsigned lengths[] = {80, 120, 250, 500, 1000, 2000};
	static const double tones[][2] = {
		{350, 0},     {425, 0},   {440, 0},    {620, 0},   {1000, 0},
		{1400, 0},    {2000, 0},  {2100, 0},   {480, 620}, {900, 1350},
		{1000, 1400}, {440, 480}, {1004, 1050}};
	struct told t;
	size_t i, k;
	(void)state;

	for (i = 0; i < sizeof(tones) / sizeof(*tones); ++i)
		for (k = 0; k < sizeof(lengths) / sizeof(*lengths); ++k) {
			one_beep(tones[i][0], tones[i][1], lengths[k], -20, 25,
				 &t);
			assert_beep(&t, lengths[k]);
		}
}


/* A beep of 16 kHz, there and back again, brought down as a call's is. */
static void through_wide(struct sound *s, enum sipd_codec_id id, double hz,
			 unsigned ms)
{
	const size_t from = (size_t)AT * 16, to = from + (size_t)ms * 16;
	struct sipd_coder *c = NULL;
	struct sipd_down down = {{0}};
	size_t at, i;

	assert_int_equal(sipd_coder_open(&c, id == SIPD_CODEC_OPUS), 0);
	for (at = 0; at < to + RATE; at += SIPD_WIDE_FRAME) {
		int16_t pcm[SIPD_WIDE_FRAME];
		uint8_t code[SIPD_CODER_FRAME];
		size_t n;

		for (i = 0; i < SIPD_WIDE_FRAME; ++i) {
			const double t = (double)(at + i) / (2 * RATE);
			const bool on = at + i >= from && at + i < to;

			pcm[i] = (int16_t)(on * 5000 * sin(2 * PI * hz * t) +
					   noise_of(s, -60));
		}
		n = sipd_coder_encode(c, id, code, pcm);
		assert_true(n > 0);
		assert_int_equal(sipd_coder_decode(c, id, pcm, code, n),
				 SIPD_WIDE_FRAME);
		sipd_down(&down, s->pcm + s->n, pcm, SIPD_LOOK_FRAME);
		s->n += SIPD_LOOK_FRAME;
	}
	sipd_coder_close(c);
}


static void test_beeps_through_wide_codecs_are_found(void **state)
{
	static const enum sipd_codec_id ids[] = {SIPD_CODEC_G722,
						 SIPD_CODEC_OPUS};
	static const double hz[] = {440, 1000, 1850};
	struct sound *s = new_sound();
	struct told t;
	size_t i, k;
	(void)state;

	for (i = 0; i < 2; ++i)
		for (k = 0; k < 3 && (i == 0 || sipd_opus_built()); ++k) {
			s->n = 0;
			through_wide(s, ids[i], hz[k], 250);
			hear_sound(s, SPOKEN, &t);
			assert_beep(&t, 250);
		}
	free(s);
}


/* Frames of nothing are packets that are lost. */
static void test_lost_packets_leave_a_beep_whole(void **state)
{
	static const unsigned lost[] = {AT + 60, AT + 200, AT + 300, AT + 560};
	struct sound *s = new_sound();
	struct told t;
	size_t i;
	(void)state;

	hush(s, AT, -45);
	play(s, 500, 1000, 0, -20, -45);
	hush(s, 500, -45);
	for (i = 0; i < 4; ++i)
		memset(s->pcm + (size_t)lost[i] * 8, 0,
		       SIPD_LOOK_FRAME * sizeof(*s->pcm));
	hear_sound(s, SPOKEN, &t);
	assert_beep(&t, 500);
	free(s);
}


static void test_faint_and_loud_beeps_are_found(void **state)
{
	static const double levels[] = {-38, -30, -9, -6};
	struct told t;
	size_t i;
	(void)state;

	for (i = 0; i < 4; ++i) {
		one_beep(1000, 0, 300, levels[i], 20, &t);
		assert_beep(&t, 300);
	}
}


static void test_a_beep_is_found_in_noise_of_10_db(void **state)
{
	struct told t;
	(void)state;

	one_beep(880, 0, 400, -20, 10, &t);
	assert_beep(&t, 400);
}


static void test_a_beep_in_two_steps_is_one(void **state)
{
	struct sound *s = new_sound();
	struct told t;
	(void)state;

	hush(s, AT, -60);
	play(s, 150, 800, 0, -20, -60);
	play(s, 150, 1100, 0, -20, -60);
	hush(s, 400, -60);
	hear_sound(s, SPOKEN, &t);
	assert_beep(&t, 300);
	assert_true(fabsf(t.s[0].hz[0] - 800) < 5);
	free(s);
}


static void test_a_beep_that_dies_away_is_found(void **state)
{
	struct sound *s = new_sound();
	struct told t;
	unsigned i;
	(void)state;

	hush(s, AT, -70);
	for (i = 0; i < 60; ++i)
		play(s, 10, 1050, 0, -10 - i * .6, -70);
	hush(s, 500, -70);
	hear_sound(s, SPOKEN, &t);
	assert_int_equal(count_told(&t, SIPD_SIGNAL_BEEP, true), 1);
	assert_true(near_ms(t.s[0].from_ms, AT, 40));
	free(s);
}


/* A voice of that pitch: harmonics under a formant, vibrato of 3 %. */
static void sing(struct sound *s, unsigned ms, double hz, double db)
{
	size_t n = (size_t)ms * 8, i;
	double p = 0;

	for (i = 0; i < n; ++i) {
		const double t = (double)i / RATE;
		double x = 0;
		unsigned k;

		p += 2 * PI * hz * (1 + .03 * sin(2 * PI * 5 * t)) / RATE;
		for (k = 1; k * hz < 3400; ++k)
			x += sin(k * p) / (1 + pow(k * hz / 500 - 1, 2) * 8);
		add(s, x * dbfs(db) + noise_of(s, -65));
	}
}


static void test_voices_are_none(void **state)
{
	struct sound *s = new_sound();
	struct told t;
	double hz;
	(void)state;

	for (hz = 90; hz < 320; hz += 17) {
		sing(s, 300, hz, -18);
		hush(s, 200, -65);
	}
	hear_sound(s, SPOKEN, &t);
	assert_int_equal(t.n, 0);
	free(s);
}


static void test_a_beep_right_after_a_voice_is_found(void **state)
{
	struct sound *s = new_sound();
	struct told t;
	(void)state;

	hush(s, 400, -60);
	sing(s, 600, 130, -18);
	play(s, 300, 1000, 0, -18, -60);
	hush(s, 500, -60);
	hear_sound(s, SPOKEN, &t);
	assert_beep(&t, 300);
	free(s);
}


static void test_too_short_and_too_long_are_none(void **state)
{
	struct told t;
	(void)state;

	one_beep(1000, 0, 40, -20, 40, &t);
	assert_int_equal(count_told(&t, SIPD_SIGNAL_BEEP, true), 0);
	one_beep(1000, 0, 3000, -20, 40, &t);
	assert_int_equal(count_told(&t, SIPD_SIGNAL_BEEP, true), 0);
}


static void test_keys_are_none(void **state)
{
	struct told t;
	(void)state;

	one_beep(770, 1336, 100, -20, 40, &t);
	assert_int_equal(t.n, 0);
	one_beep(941, 1477, 500, -20, 40, &t);
	assert_int_equal(t.n, 0);
}


static void test_a_tune_is_none(void **state)
{
	struct sound *s = new_sound();
	struct told t;
	unsigned i;
	(void)state;

	hush(s, 500, -60);
	for (i = 0; i < 40; ++i)
		play(s, 140, 440 * pow(2, (i * 5 % 12) / 12.), 0, -20, -60);
	hush(s, 500, -60);
	hear_sound(s, SPOKEN, &t);
	assert_int_equal(t.n, 0);
	free(s);
}


/* 425 Hz for half a second where nobody spoke is busy, until it is alone. */
static void test_a_lone_busy_tone_is_told_late(void **state)
{
	struct sound *s = new_sound();
	struct told t;
	(void)state;

	hush(s, AT, -60);
	play(s, 500, 425, 0, -20, -60);
	hush(s, 2000, -60);
	hear_sound(s, 0, &t);
	assert_int_equal(t.n, 1);
	assert_int_equal(t.s[0].kind, SIPD_SIGNAL_BEEP);
	assert_true(near_ms(t.s[0].to_ms, AT + 500, 40));
	assert_true(t.at_ms[0] > AT + 1000);
	hear_sound(s, SPOKEN, &t);
	assert_beep(&t, 500);
	free(s);
}


/* A stuttered dial tone is in no table. */
static void test_bursts_of_the_network_are_none(void **state)
{
	struct sound *s = new_sound();
	struct told t;
	unsigned i;
	(void)state;

	for (i = 0; i < 12; ++i) {
		hush(s, 100, -60);
		play(s, 100, 350, 440, -20, -60);
	}
	hush(s, 3000, -60);
	hear_sound(s, 0, &t);
	assert_int_equal(t.n, 0);
	free(s);
}


static void test_a_cadence_nobody_knows_is_told_twice(void **state)
{
	struct sound *s = new_sound();
	struct told t;
	unsigned i;
	(void)state;

	for (i = 0; i < 8; ++i) {
		hush(s, 1000, -60);
		play(s, 300, 1234, 0, -20, -60);
	}
	hear_sound(s, SPOKEN, &t);
	assert_int_equal(t.n, 2);
	free(s);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_beeps_are_found),
		cmocka_unit_test(test_beeps_through_wide_codecs_are_found),
		cmocka_unit_test(test_lost_packets_leave_a_beep_whole),
		cmocka_unit_test(test_faint_and_loud_beeps_are_found),
		cmocka_unit_test(test_a_beep_is_found_in_noise_of_10_db),
		cmocka_unit_test(test_a_beep_in_two_steps_is_one),
		cmocka_unit_test(test_a_beep_that_dies_away_is_found),
		cmocka_unit_test(test_voices_are_none),
		cmocka_unit_test(test_a_beep_right_after_a_voice_is_found),
		cmocka_unit_test(test_too_short_and_too_long_are_none),
		cmocka_unit_test(test_keys_are_none),
		cmocka_unit_test(test_a_tune_is_none),
		cmocka_unit_test(test_a_lone_busy_tone_is_told_late),
		cmocka_unit_test(test_bursts_of_the_network_are_none),
		cmocka_unit_test(test_a_cadence_nobody_knows_is_told_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
