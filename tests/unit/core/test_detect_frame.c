/**
 * @file test_detect_frame.c  What all detectors see of a frame
 */
#include <math.h>
#include <string.h>
#include "lib/cmocka_all.h"
#include "core/media/detect/frame.h"

#define PI 3.14159265358979323846

enum { F = SIPD_LOOK_FRAME };

static uint32_t seed = 7;


static int16_t any(int amplitude)
{
	seed = seed * 1664525 + 1013904223;

	return (int16_t)((int)(seed >> 16) % (2 * amplitude + 1) - amplitude);
}


/* By the definition. */
static double naive(const int16_t *pcm, int k)
{
	double r = 0, i = 0;
	int n;

	for (n = 0; n < SIPD_FFT; ++n) {
		const double turn = 2 * PI * n / SIPD_FFT;
		const double x = (0.5 - 0.5 * cos(turn)) * pcm[n] / 32768;

		r += x * cos(turn * k);
		i -= x * sin(turn * k);
	}

	return (r * r + i * i) * (k == 0 || k == SIPD_FFT / 2 ? 1 : 2) /
	       (SIPD_FFT * 0.375 * SIPD_FFT);
}


static void sine(int16_t *pcm, size_t n, double hz, double amplitude,
		 size_t at)
{
	size_t i;

	for (i = 0; i < n; ++i)
		pcm[i] = (int16_t)lrint(
			amplitude *
			sin(2 * PI * hz * (double)(at + i) / 8000));
}


static void test_spectrum_is_that_of_the_definition(void **state)
{
	static const int amplitudes[] = {32767, 3000, 20, 1};
	float power[SIPD_FFT_BINS];
	int16_t pcm[SIPD_FFT];
	unsigned a;
	int k;
	(void)state;

	for (a = 0; a < 4; ++a) {
		double most = 0;

		for (k = 0; k < SIPD_FFT; ++k)
			pcm[k] = any(amplitudes[a]);
		sipd_fft_power(pcm, power);
		for (k = 0; k < SIPD_FFT_BINS; ++k)
			most = fmax(most, naive(pcm, k));
		for (k = 0; k < SIPD_FFT_BINS; ++k)
			assert_true(fabs(power[k] - naive(pcm, k)) <
				    1e-5 * most);
	}
}


static void test_each_sample_counts_in_its_place(void **state)
{
	float power[SIPD_FFT_BINS];
	int16_t pcm[SIPD_FFT];
	int n, k;
	(void)state;

	for (n = 0; n < SIPD_FFT; ++n) {
		memset(pcm, 0, sizeof(pcm));
		pcm[n] = 30000;
		pcm[(n + 37) % SIPD_FFT] = -20000;
		sipd_fft_power(pcm, power);
		for (k = 0; k < SIPD_FFT_BINS; k += 7)
			assert_true(fabs(power[k] - naive(pcm, k)) < 1e-8);
	}
}


static void test_full_sine_is_half(void **state)
{
	struct sipd_sight s = {{0}};
	struct sipd_look look;
	int16_t pcm[3 * F];
	double hz, all;
	int i, k;
	(void)state;

	for (hz = 150; hz < 3750; hz += 87) {
		sine(pcm, 3 * F, hz, 32000, 0);
		for (i = 0; i < 3; ++i)
			sipd_look(&s, pcm + i * F, &look);
		for (k = 0, all = 0; k < SIPD_FFT_BINS; ++k)
			all += look.power[k];
		assert_true(fabs(all - 0.477) < 0.01);
		assert_true(fabs(look.total - 0.477) < 0.015);
		assert_true(fabs(look.level + 3.2) < 0.4);
		assert_true(fabs(look.zcr - hz / 4000) < 0.02);
		assert_true(fabs(look.peak - 32000 / 32768.0) < 0.03);
	}
}


/* By rounding it could be, beside a strong tone. */
static void test_no_power_is_negative(void **state)
{
	float power[SIPD_FFT_BINS];
	int16_t pcm[SIPD_FFT];
	double hz;
	int k;
	(void)state;

	for (hz = 200; hz < 3900; hz += 11) {
		sine(pcm, SIPD_FFT, hz, 32767, 0);
		sipd_fft_power(pcm, power);
		for (k = 0; k < SIPD_FFT_BINS; ++k)
			assert_true(power[k] >= 0);
	}
}


static void test_bands_are_parts_of_the_whole(void **state)
{
	struct sipd_sight s = {{0}};
	struct sipd_look look;
	int16_t pcm[2 * F];
	int i, k;
	(void)state;

	for (k = 0; k < SIPD_LOOK_BANDS; ++k) {
		const double hz = (sipd_look_edges[k] +
				   sipd_look_edges[k + 1] - 1) *
				  SIPD_LOOK_HZ / 2;
		double all = 0;

		sine(pcm, 2 * F, hz, 8000, 0);
		sipd_look(&s, pcm, &look);
		sipd_look(&s, pcm + F, &look);
		for (i = 0; i < SIPD_LOOK_BANDS; ++i)
			all += look.band[i];
		assert_true(look.band[k] > 0.99 * all);
		assert_true(all <= look.total * 1.0001);
	}
}


static void test_digital_silence_has_no_level(void **state)
{
	static const int16_t values[] = {0, 8, -8};
	struct sipd_sight s = {{0}};
	struct sipd_look look;
	int16_t pcm[F];
	int i, k;
	(void)state;

	for (i = 0; i < 3; ++i) {
		for (k = 0; k < F; ++k)
			pcm[k] = values[i];
		sipd_look(&s, pcm, &look);
		assert_true(look.quiet);
		assert_true(look.level == SIPD_LOOK_QUIET);
		sipd_look(&s, pcm, &look);
		assert_true(look.total == 0);
	}

	/* what was before is seen in the first frame of silence */
	sine(pcm, F, 1000, 8000, 0);
	sipd_look(&s, pcm, &look);
	assert_false(look.quiet);
	memset(pcm, 0, sizeof(pcm));
	sipd_look(&s, pcm, &look);
	assert_true(look.quiet);
	assert_true(look.total > 0);
}


static void test_rails_are_counted(void **state)
{
	struct sipd_sight s = {{0}};
	struct sipd_look look;
	int16_t pcm[F];
	int k;
	(void)state;

	for (k = 0; k < F; ++k)
		pcm[k] = k % 4 ? 100 : k % 8 ? -32768 : 32124;
	sipd_look(&s, pcm, &look);
	assert_int_equal(look.clipped, F / 4);
	assert_true(look.peak == 1);
	for (k = 0; k < F; ++k)
		pcm[k] = k % 2 ? 31000 : -31000;
	sipd_look(&s, pcm, &look);
	assert_int_equal(look.clipped, 0);
	assert_true(look.zcr == (F - 1) / 160.0F);
	assert_true(fabs(look.level - 20 * log10(31000 / 32768.0)) < 0.03);
}


static void test_decibels(void **state)
{
	double db;
	(void)state;

	for (db = -98; db < 1; db += 0.013) {
		const double power = pow(10, db / 10);

		assert_true(fabs(sipd_look_db((float)power) -
				 10 * log10(power + 1e-10)) < 0.03);
	}
	assert_true(fabs(sipd_look_db(0) + 100) < 0.1);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spectrum_is_that_of_the_definition),
		cmocka_unit_test(test_each_sample_counts_in_its_place),
		cmocka_unit_test(test_full_sine_is_half),
		cmocka_unit_test(test_no_power_is_negative),
		cmocka_unit_test(test_bands_are_parts_of_the_whole),
		cmocka_unit_test(test_digital_silence_has_no_level),
		cmocka_unit_test(test_rails_are_counted),
		cmocka_unit_test(test_decibels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
