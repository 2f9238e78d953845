/**
 * @file tests/unit/core/test_plc.c  Concealment of lost frames
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "lib/cmocka_all.h"
#include "core/media/plc.h"

enum { FRAME = SIPD_PLC_FRAME };

static const double pi = 3.14159265358979323846;


/* A voice-like tone: three harmonics. */
static void voice(int16_t *pcm, size_t frame, double hz)
{
	for (size_t i = 0; i < FRAME; i++) {
		const double t = (double)(frame * FRAME + i) / 8000;

		pcm[i] = (int16_t)(6000 * sin(2 * pi * hz * t) +
				   3000 * sin(4 * pi * hz * t + 1) +
				   1500 * sin(6 * pi * hz * t + 2));
	}
}


static void prime(struct sipd_plc *p, double hz, size_t frames)
{
	int16_t pcm[FRAME];

	sipd_plc_init(p);
	for (size_t f = 0; f < frames; f++) {
		voice(pcm, f, hz);
		sipd_plc_good(p, pcm);
	}
}


static int jump(const int16_t *pcm, size_t n)
{
	int most = 0;

	for (size_t i = 1; i < n; i++)
		if (abs(pcm[i] - pcm[i - 1]) > most)
			most = abs(pcm[i] - pcm[i - 1]);

	return most;
}


static void test_frames_that_come_are_unchanged(void **state)
{
	struct sipd_plc p;
	int16_t pcm[FRAME], want[FRAME];
	(void)state;

	sipd_plc_init(&p);
	for (size_t f = 0; f < 10; f++) {
		voice(want, f, 130);
		memcpy(pcm, want, sizeof(pcm));
		sipd_plc_good(&p, pcm);
		assert_memory_equal(pcm, want, sizeof(pcm));
	}
}


static void test_a_lost_frame_goes_on_in_pitch(void **state)
{
	static const double pitches[] = {80, 100, 123, 150, 187};
	(void)state;

	for (size_t k = 0; k < 5; k++) {
		struct sipd_plc p;
		int16_t pcm[FRAME], want[FRAME];
		double signal = 0, noise = 0;

		prime(&p, pitches[k], 6);
		sipd_plc_lost(&p, pcm);
		voice(want, 6, pitches[k]);
		for (int i = 0; i < SIPD_PLC_FADE_FROM; i++) {
			signal += want[i] * want[i];
			noise += (want[i] - pcm[i]) * (want[i] - pcm[i]);
		}
		if (10 * log10(signal / noise) < 12)
			fail_msg("%.0f Hz: only %.1f dB like what was lost",
				 pitches[k], 10 * log10(signal / noise));
	}
}


static void test_no_click_at_either_end(void **state)
{
	(void)state;

	for (double hz = 70; hz < 200; hz += 7) {
		for (size_t lost = 1; lost < 5; lost++) {
			int16_t all[FRAME * 8], clean[FRAME * 8];
			struct sipd_plc p;

			sipd_plc_init(&p);
			for (size_t f = 0; f < 8; f++) {
				int16_t *pcm = all + f * FRAME;

				voice(pcm, f, hz);
				voice(clean + f * FRAME, f, hz);
				if (f >= 3 && f < 3 + lost)
					sipd_plc_lost(&p, pcm);
				else
					sipd_plc_good(&p, pcm);
			}
			if (jump(all, FRAME * 8) > 2 * jump(clean, FRAME * 8))
				fail_msg("%.0f Hz, %zu lost: jumps by %d", hz,
					 lost, jump(all, FRAME * 8));
		}
	}
}


static void test_silent_after_60_ms(void **state)
{
	struct sipd_plc p;
	int16_t pcm[FRAME];
	long last = 0;
	(void)state;

	prime(&p, 110, 6);
	for (int f = 0; f < 10; f++) {
		long sum = 0;

		sipd_plc_lost(&p, pcm);
		for (int i = 0; i < FRAME; i++)
			sum += labs(pcm[i]);
		if (f)
			assert_true(sum <= last);
		if (f == 0)
			assert_true(sum > 300000);
		if (f >= 3)
			assert_int_equal(sum, 0);
		last = sum;
	}
}


static void test_after_a_loss_the_rest_is_exact(void **state)
{
	struct sipd_plc p;
	int16_t pcm[FRAME], want[FRAME];
	(void)state;

	prime(&p, 110, 6);
	sipd_plc_lost(&p, pcm);
	voice(want, 7, 110);
	memcpy(pcm, want, sizeof(pcm));
	sipd_plc_good(&p, pcm);
	assert_memory_equal(pcm + 40, want + 40, sizeof(pcm) - 80);
	voice(want, 8, 110);
	memcpy(pcm, want, sizeof(pcm));
	sipd_plc_good(&p, pcm);
	assert_memory_equal(pcm, want, sizeof(pcm));
}


static void test_silence_stays_silence(void **state)
{
	struct sipd_plc p;
	int16_t pcm[FRAME];
	(void)state;

	sipd_plc_init(&p);
	for (int f = 0; f < 5; f++) {
		memset(pcm, 1, sizeof(pcm));
		sipd_plc_lost(&p, pcm);
		for (int i = 0; i < FRAME; i++)
			assert_int_equal(pcm[i], 0);
	}
}


/* For the sanitizers: the loudest noise, any pattern of loss. */
static void test_loud_noise_does_not_overflow(void **state)
{
	struct sipd_plc p;
	int16_t pcm[FRAME];
	uint32_t x = 1;
	(void)state;

	sipd_plc_init(&p);
	for (int f = 0; f < 3000; f++) {
		for (int i = 0; i < FRAME; i++) {
			x = x * 1664525 + 1013904223;
			pcm[i] = x >> 31 ? INT16_MAX : INT16_MIN;
		}
		if (x >> 8 & 1)
			sipd_plc_good(&p, pcm);
		else
			sipd_plc_lost(&p, pcm);
		assert_true(p.lost <= SIPD_PLC_FADE_TO);
	}
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_that_come_are_unchanged),
		cmocka_unit_test(test_a_lost_frame_goes_on_in_pitch),
		cmocka_unit_test(test_no_click_at_either_end),
		cmocka_unit_test(test_silent_after_60_ms),
		cmocka_unit_test(test_after_a_loss_the_rest_is_exact),
		cmocka_unit_test(test_silence_stays_silence),
		cmocka_unit_test(test_loud_noise_does_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
