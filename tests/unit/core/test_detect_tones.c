/**
 * @file test_detect_tones.c  One and two sines, in noise
 */
#include "lib/cmocka_all.h"
#include "core/detect_help.h"

struct find {
	struct sound s;
	double worst[2]; /* Hz, of looks in the tone */
	unsigned right;  /* looks with as many sines as there are */
	unsigned looks;
	double wide, share; /* means */
};


/* 400 ms of it in noise; the first two looks are not whole. */
static void find_in(struct find *f, double a, double b, double db,
		    double noise)
{
	const double hz[2] = {a, b};
	struct sipd_sight sight = {{0}};
	size_t at;

	f->s.n = 0;
	f->worst[0] = f->worst[1] = f->wide = f->share = 0;
	f->right = f->looks = 0;
	play(&f->s, 400, a, b, db, noise);
	for (at = 0; at + 160 <= f->s.n; at += 160) {
		struct sipd_look look;
		struct sipd_tones t;
		unsigned i;

		sipd_look(&sight, f->s.pcm + at, &look);
		sipd_tones_find(&look, &t);
		if (at < 320)
			continue;
		++f->looks;
		f->right += t.n == (b > 0 ? 2 : 1);
		f->wide += t.wide[0] / 18;
		f->share += t.share / 18;
		for (i = 0; i < t.n; ++i) {
			const unsigned k = fabs(t.hz[i] -
						hz[0]) < fabs(t.hz[i] - hz[1])
						   ? 0
						   : 1;

			f->worst[k] = fmax(f->worst[k], fabs(t.hz[i] - hz[k]));
		}
	}
}


static void *new_find(void)
{
	struct find *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->s.seed = 7;

	return f;
}


static void test_a_sine_is_within_5_hz(void **state)
{
	struct find *f = new_find();
	double hz;
	(void)state;

	for (hz = 350; hz <= 2600; hz += 13) {
		find_in(f, hz, 0, -20, -35);
		assert_true(f->worst[0] < 5);
		assert_int_equal(f->right, f->looks);
		assert_true(f->share > .9);
		assert_true(f->wide < 8);
	}
	free(f);
}


static void test_two_sines_are_within_10_hz(void **state)
{
	struct find *f = new_find();
	double hz;
	(void)state;

	for (hz = 350; hz <= 1700; hz += 37) {
		find_in(f, hz, hz + 140 + hz / 4, -20, -35);
		assert_true(f->worst[0] < 10);
		assert_true(f->worst[1] < 10);
		assert_int_equal(f->right, f->looks);
	}
	free(f);
}


static void test_a_close_pair_is_one_wide_tone(void **state)
{
	static const double pairs[][2] = {{440, 480}, {350, 440}, {400, 450}};
	struct find *f = new_find();
	size_t i;
	(void)state;

	for (i = 0; i < 3; ++i) {
		const double *p = pairs[i], apart = (p[1] - p[0]) / 2;

		find_in(f, p[0], p[1], -20, -60);
		assert_int_equal(f->right, 0);
		assert_true(f->wide > apart * .7 && f->wide < apart * 1.3);
	}
	free(f);
}


static void test_level_is_as_of_the_frame(void **state)
{
	struct sound *s = calloc(1, sizeof(*s));
	struct sipd_sight sight = {{0}};
	struct sipd_look look;
	struct sipd_tones t;
	unsigned i;
	(void)state;

	assert_non_null(s);
	play(s, 60, 1000, 0, -20, -90);
	for (i = 0; i < 3; ++i)
		sipd_look(&sight, s->pcm + i * 160, &look);
	sipd_tones_find(&look, &t);
	assert_true(fabsf(t.level[0] - look.level) < .2F);
	assert_true(fabsf(look.level + 20) < .2F);
	assert_true(sipd_tones_power(&look, 1000) > .95F * look.total);
	assert_true(sipd_tones_power(&look, 2000) < .01F * look.total);
	free(s);
}


static void test_noise_and_silence_are_none(void **state)
{
	struct sound *s = calloc(1, sizeof(*s));
	struct sipd_sight sight = {{0}};
	struct sipd_tones t;
	unsigned none = 0, i;
	(void)state;

	assert_non_null(s);
	s->seed = 1;
	hush(s, 2000, -30);
	memset(s->pcm + 100 * 160, 0, 320);
	for (i = 0; i < 101; ++i) {
		struct sipd_look look;

		sipd_look(&sight, s->pcm + (size_t)i * 160, &look);
		sipd_tones_find(&look, &t);
		assert_true(i == 100 || t.share < .6F);
		none += t.n == 0;
	}
	assert_true(none > 90);
	free(s);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_sine_is_within_5_hz),
		cmocka_unit_test(test_two_sines_are_within_10_hz),
		cmocka_unit_test(test_a_close_pair_is_one_wide_tone),
		cmocka_unit_test(test_level_is_as_of_the_frame),
		cmocka_unit_test(test_noise_and_silence_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
