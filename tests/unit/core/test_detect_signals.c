/**
 * @file test_detect_signals.c  Information tones, faxes, call progress
 */
#include "lib/cmocka_all.h"
#include "core/detect_help.h"

enum { SPOKEN = 1000, ON = -18, OFF = -55 };


static struct sound *new_sound(void)
{
	struct sound *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->seed = 5;

	return s;
}


struct sit {
	const char *word;
	double hz[3];
	unsigned ms[3];
};

/* clang-format off */
static const struct sit sits[] = {
	{"itu",              {950, 1400, 1800}, {330, 330, 330}},
	{"intercept",        {913.8, 1370.6, 1776.7}, {274, 274, 380}},
	{"vacant",           {985.2, 1370.6, 1776.7}, {380, 274, 380}},
	{"reorder_intra",    {913.8, 1428.5, 1776.7}, {274, 380, 380}},
	{"reorder_inter",    {985.2, 1370.6, 1776.7}, {274, 380, 380}},
	{"no_circuit_intra", {985.2, 1428.5, 1776.7}, {380, 380, 380}},
	{"no_circuit_inter", {913.8, 1370.6, 1776.7}, {380, 380, 380}},
	{"ineffective",      {913.8, 1428.5, 1776.7}, {380, 274, 380}},
	{"reserved",         {985.2, 1428.5, 1776.7}, {274, 274, 380}},
};
/* clang-format on */


static void say_sit(struct sound *s, const struct sit *t, unsigned first,
		    double stretch, double shift)
{
	unsigned i;

	for (i = first; i < 3; ++i) {
		play(s, (unsigned)(t->ms[i] * stretch), t->hz[i] + shift, 0,
		     ON, OFF);
		hush(s, i < 2 ? 4 : 400, OFF);
	}
}


static void test_information_tones_have_their_class(void **state)
{
	struct sound *s = new_sound();
	struct told t;
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(sits) / sizeof(*sits); ++i) {
		s->n = 0;
		hush(s, 700 + (unsigned)i * 7, OFF);
		say_sit(s, &sits[i], 0, 1.03, 8);
		hear_sound(s, 0, &t);
		assert_int_equal(t.n, 1);
		assert_int_equal(t.s[0].kind, SIPD_SIGNAL_SIT);
		assert_string_equal(t.s[0].word, sits[i].word);
		assert_true(
			near_ms(t.s[0].from_ms, 700 + (uint32_t)i * 7, 40));
	}
	free(s);
}


static void test_information_tones_cut_off_are_unknown(void **state)
{
	struct sound *s = new_sound();
	struct told t;
	(void)state;

	play(s, 90, 950, 0, ON, OFF);
	say_sit(s, &sits[0], 1, 1, 0);
	hear_sound(s, 0, &t);
	assert_int_equal(t.n, 1);
	assert_string_equal(t.s[0].word, "unknown");

	s->n = 0;
	say_sit(s, &sits[2], 1, 1, 0);
	hear_sound(s, 0, &t);
	assert_int_equal(t.n, 1);
	assert_string_equal(t.s[0].word, "unknown");
	free(s);
}


static void test_falling_tones_are_no_information(void **state)
{
	static const struct sit back = {"",
					{1800, 1400, 950},
					{330, 330, 330}};
	struct sound *s = new_sound();
	struct told t;
	(void)state;

	hush(s, 700, OFF);
	say_sit(s, &back, 0, 1, 0);
	hear_sound(s, SPOKEN, &t);
	assert_int_equal(count_told(&t, SIPD_SIGNAL_SIT, true), 0);
	free(s);
}


static void test_cng_is_told_at_its_first_burst(void **state)
{
	struct sound *s = new_sound();
	struct told t;
	unsigned i;
	(void)state;

	for (i = 0; i < 2; ++i) {
		hush(s, 3000, OFF);
		play(s, 500, 1110, 0, ON, OFF);
	}
	hush(s, 500, OFF);
	hear_sound(s, 0, &t);
	assert_int_equal(t.n, 2);
	assert_int_equal(t.s[0].kind, SIPD_SIGNAL_CNG);
	assert_true(t.at_ms[0] < 3600);
	free(s);
}


/* After a greeting the first one is a beep. */
static void test_cng_after_speech_needs_two(void **state)
{
	struct sound *s = new_sound();
	struct told t;
	(void)state;

	hush(s, 1000, OFF);
	play(s, 500, 1100, 0, ON, OFF);
	hush(s, 1000, OFF);
	hear_sound(s, SPOKEN, &t);
	assert_int_equal(t.n, 1);
	assert_int_equal(t.s[0].kind, SIPD_SIGNAL_BEEP);

	hush(s, 2000, OFF);
	play(s, 500, 1100, 0, ON, OFF);
	hush(s, 500, OFF);
	hear_sound(s, SPOKEN, &t);
	assert_int_equal(count_told(&t, SIPD_SIGNAL_CNG, true), 1);
	free(s);
}


static void test_ced_is_told_with_and_without_reversals(void **state)
{
	struct sound *s = new_sound();
	struct told t;
	unsigned reversals, i;
	(void)state;

	for (reversals = 0; reversals < 2; ++reversals) {
		s->n = 0;
		hush(s, 1000, OFF);
		for (i = 0; i < 8; ++i) {
			play(s, 450, 2100, 0, ON, OFF);
			s->phase[0] += reversals ? PI : 0;
		}
		hush(s, 500, OFF);
		hear_sound(s, 0, &t);
		assert_int_equal(t.n, 2);
		assert_int_equal(t.s[0].kind, SIPD_SIGNAL_CED);
		assert_true(t.s[0].on && t.at_ms[0] < 2300);
		assert_false(t.s[1].on);
		assert_true(near_ms(t.s[1].to_ms, 4600, 40));
		hear_sound(s, SPOKEN, &t);
		assert_true(t.s[0].on && t.at_ms[0] > 3000);
	}
	free(s);
}


/* As carriers say it: the times of one round, ms. */
struct cadence {
	enum sipd_signal_kind kind;
	double f, g;
	unsigned times[4];
};

static void say_cadence(struct sound *s, const struct cadence *c, unsigned ms)
{
	const size_t until = s->n + (size_t)ms * 8;
	unsigned i = 0;

	while (s->n < until) {
		play(s, c->times[i], c->f, c->g, ON, OFF);
		hush(s, c->times[i + 1], OFF);
		i = i == 0 && c->times[2] ? 2 : 0;
	}
}


static void test_call_progress_is_told_and_ends(void **state)
{
	static const struct cadence all[] = {
		{SIPD_SIGNAL_RINGBACK, 440, 480, {2000, 4000}},
		{SIPD_SIGNAL_RINGBACK, 400, 450, {400, 200, 400, 2000}},
		{SIPD_SIGNAL_RINGBACK, 413, 438, {400, 200, 400, 2000}},
		{SIPD_SIGNAL_RINGBACK, 425, 0, {1000, 4000}},
		{SIPD_SIGNAL_RINGBACK, 440, 0, {1500, 3500}},
		{SIPD_SIGNAL_BUSY, 480, 620, {500, 500}},
		{SIPD_SIGNAL_BUSY, 425, 0, {480, 480}},
		{SIPD_SIGNAL_BUSY, 400, 0, {375, 375}},
		{SIPD_SIGNAL_REORDER, 480, 620, {250, 250}},
		{SIPD_SIGNAL_REORDER, 425, 0, {240, 240}},
		{SIPD_SIGNAL_REORDER, 400, 0, {400, 350, 225, 525}},
		{SIPD_SIGNAL_REORDER, 425, 0, {200, 200, 200, 600}},
	};
	struct sound *s = new_sound();
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(all) / sizeof(*all); ++i) {
		const struct cadence *c = &all[i];
		const unsigned round = c->times[0] + c->times[1] +
				       c->times[2] + c->times[3];
		struct told t;

		s->n = 0;
		hush(s, 700, OFF);
		say_cadence(s, c, 12500);
		hush(s, 6000, OFF);
		hear_sound(s, 0, &t);
		assert_int_equal(t.n, 2);
		assert_int_equal(t.s[0].kind, c->kind);
		assert_true(t.s[0].on);
		assert_true(near_ms(t.s[0].from_ms, 700, 40));
		assert_true(t.at_ms[0] < 800 + 2 * round);
		assert_int_equal(t.s[1].kind, c->kind);
		assert_false(t.s[1].on);
	}
	free(s);
}


static void test_a_dial_tone_is_told(void **state)
{
	struct sound *s = new_sound();
	struct told t;
	(void)state;

	hush(s, 300, OFF);
	play(s, 5000, 350, 440, ON, OFF);
	hush(s, 500, OFF);
	hear_sound(s, 0, &t);
	assert_int_equal(t.n, 2);
	assert_int_equal(t.s[0].kind, SIPD_SIGNAL_DIAL);
	assert_true(t.s[0].on);
	assert_false(t.s[1].on);
	assert_true(near_ms(t.s[1].to_ms, 5300, 40));
	free(s);
}


/* Ringing that is answered: neither a beep nor a second ring. */
static void test_ringing_cut_short_is_nothing(void **state)
{
	struct sound *s = new_sound();
	struct told t;
	(void)state;

	play(s, 910, 440, 480, ON, OFF);
	hush(s, 3000, OFF);
	hear_sound(s, 0, &t);
	assert_int_equal(t.n, 0);
	free(s);
}


/* The answer comes in the middle of it. */
static void test_ringing_that_is_answered_is_no_beep(void **state)
{
	struct sound *s = new_sound();
	struct sipd_signals all;
	struct sipd_sight sight;
	struct told t;
	size_t at;
	(void)state;

	memset(&all, 0, sizeof(all));
	memset(&sight, 0, sizeof(sight));
	memset(&t, 0, sizeof(t));
	hush(s, 500, OFF);
	play(s, 900, 440, 480, ON, OFF);
	hush(s, 6000, OFF);
	for (at = 0; at + SIPD_LOOK_FRAME <= s->n; at += SIPD_LOOK_FRAME) {
		struct sipd_look look;
		struct sipd_tones tones;

		sipd_look(&sight, s->pcm + at, &look);
		sipd_tones_find(&look, &tones);
		if (at == RATE)
			sipd_signals_answered(&all);
		sipd_signals_hear(&all, &look, &tones, (uint32_t)(at / 8), 0,
				  take_told, &t);
	}
	assert_int_equal(t.n, 0);
	free(s);
}


static void test_one_beep_is_no_progress(void **state)
{
	struct sound *s = new_sound();
	struct told t;
	(void)state;

	hush(s, 1000, OFF);
	play(s, 500, 440, 0, ON, OFF);
	hush(s, 500, OFF);
	hear_sound(s, SPOKEN, &t);
	assert_int_equal(t.n, 1);
	assert_int_equal(t.s[0].kind, SIPD_SIGNAL_BEEP);
	free(s);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_information_tones_have_their_class),
		cmocka_unit_test(test_information_tones_cut_off_are_unknown),
		cmocka_unit_test(test_falling_tones_are_no_information),
		cmocka_unit_test(test_cng_is_told_at_its_first_burst),
		cmocka_unit_test(test_cng_after_speech_needs_two),
		cmocka_unit_test(test_ced_is_told_with_and_without_reversals),
		cmocka_unit_test(test_call_progress_is_told_and_ends),
		cmocka_unit_test(test_a_dial_tone_is_told),
		cmocka_unit_test(test_ringing_cut_short_is_nothing),
		cmocka_unit_test(test_ringing_that_is_answered_is_no_beep),
		cmocka_unit_test(test_one_beep_is_no_progress),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
