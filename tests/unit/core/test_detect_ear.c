/**
 * @file test_detect_ear.c  What is told of a call, and when
 */
#include <stdlib.h>
#include <string.h>
#include "lib/cmocka_all.h"
#include "core/media/detect/ear.h"
#include "voice_help.h"

enum {
	F = SIPD_LOOK_FRAME,
	MS = DETECT_MS,
	LINE = 12000 * MS,
	FRAME_MS = SIPD_EAR_FRAME_MS,
	TOLD_MAX = 64
};

struct line {
	int16_t pcm[LINE];
	struct sipd_ear ear;
	struct sipd_heard told[TOLD_MAX];
	uint32_t when[TOLD_MAX]; /* end of the frame, ms of the line */
	unsigned n;
	uint32_t now;
	float beep; /* its greatest chance */
};


static struct line *line(double noise, uint32_t silence_ms)
{
	const struct sipd_ear_conf conf = {.tones = true,
					   .silence_ms = silence_ms};
	struct line *l = calloc(1, sizeof(*l));
	uint32_t seed = 1;

	assert_non_null(l);
	detect_noise(l->pcm, LINE, noise, &seed);
	sipd_ear_init(&l->ear, &conf);

	return l;
}


static void heard_handler(const struct sipd_heard *heard, void *arg)
{
	struct line *l = arg;

	assert_true(l->n < TOLD_MAX);
	l->when[l->n] = l->now;
	l->told[l->n++] = *heard;
}


/* answered at that ms, a whole number of frames */
static void hear(struct line *l, uint32_t answered, uint32_t to)
{
	for (; l->now < to;) {
		const int16_t *pcm = l->pcm + l->now * MS;

		if (l->now == answered)
			sipd_ear_answered(&l->ear);
		l->now += FRAME_MS;
		sipd_ear_hear(&l->ear, pcm, true, heard_handler, l);
		l->beep = fmaxf(l->beep, sipd_ear_chances(&l->ear).beep);
	}
}


/* The n-th of that kind. */
static const struct sipd_heard *told(const struct line *l,
				     enum sipd_heard_kind kind, unsigned n)
{
	unsigned i;

	for (i = 0; i < l->n; ++i)
		if (l->told[i].kind == kind && !n--)
			return &l->told[i];

	return NULL;
}


static void test_speech_is_told_with_its_times(void **state)
{
	struct line *l = line(-60, 0);
	const struct sipd_heard *h;
	(void)state;

	detect_voice(l->pcm + 1000 * MS, 960 * MS, 120, -20);
	detect_voice(l->pcm + 4000 * MS, 480 * MS, 120, -20);
	hear(l, 0, 6000);
	assert_int_equal(l->n, 4);

	h = told(l, SIPD_HEARD_SPEECH, 0);
	assert_true(h->on);
	assert_in_range(h->from_ms, 980, 1020);
	assert_in_range(h->at_ms, 1020, 1080);
	assert_int_equal(l->when[0], h->at_ms);
	h = told(l, SIPD_HEARD_SPEECH, 1);
	assert_false(h->on);
	assert_in_range(h->from_ms, 980, 1020);
	assert_in_range(h->at_ms, 1920, 2000);
	assert_in_range(l->when[1], 1980, 2160);
	h = told(l, SIPD_HEARD_SPEECH, 2);
	assert_true(h->on);
	assert_in_range(h->from_ms, 3980, 4020);
	free(l);
}


static void test_silence_is_told_once(void **state)
{
	struct line *l = line(-60, 2000);
	const struct sipd_heard *h;
	(void)state;

	detect_voice(l->pcm + 5000 * MS, 480 * MS, 120, -20);
	hear(l, 0, 12000);

	h = told(l, SIPD_HEARD_SILENCE, 0);
	assert_true(h->on);
	assert_int_equal(h->from_ms, 0);
	assert_int_equal(h->at_ms, 2000);
	h = told(l, SIPD_HEARD_SILENCE, 1);
	assert_false(h->on);
	assert_in_range(h->at_ms, 5020, 5080);
	h = told(l, SIPD_HEARD_SILENCE, 2);
	assert_true(h->on);
	assert_in_range(h->at_ms, 7400, 7680);
	assert_null(told(l, SIPD_HEARD_SILENCE, 3));
	free(l);
}


static void test_clipping_is_told_once(void **state)
{
	struct line *l = line(-60, 0);
	const struct sipd_heard *h;
	size_t i;
	(void)state;

	/* a shout that reaches the rails now and then is none */
	detect_voice(l->pcm, 960 * MS, 120, -14);
	detect_voice(l->pcm + 2000 * MS, 2400 * MS, 120, -14);
	for (i = 2000 * MS; i < 4400 * MS; ++i)
		l->pcm[i] = detect_cut(10.0 * l->pcm[i]);
	detect_voice(l->pcm + 5000 * MS, 4800 * MS, 120, -20);
	hear(l, 0, 12000);

	h = told(l, SIPD_HEARD_CLIPPING, 0);
	assert_non_null(h);
	assert_true(h->on);
	assert_in_range(h->at_ms, 2000, 3200);
	h = told(l, SIPD_HEARD_CLIPPING, 1);
	assert_non_null(h);
	assert_false(h->on);
	assert_in_range(h->at_ms, 5500, 8500);
	assert_null(told(l, SIPD_HEARD_CLIPPING, 2));
	free(l);
}


/* Ringing, then somebody who answers: times begin with the answer. */
static void test_times_begin_with_the_answer(void **state)
{
	struct line *l = line(-60, 0);
	const struct sipd_heard *h;
	unsigned ms;
	(void)state;

	for (ms = 0; ms < 7000; ms += 3000) {
		detect_tone(l->pcm + ms * MS, 1000 * MS, 440, -18);
		detect_tone(l->pcm + ms * MS, 1000 * MS, 480, -18);
	}
	detect_voice(l->pcm + 8400 * MS, 480 * MS, 200, -20);
	hear(l, 8000, 12000);

	h = told(l, SIPD_HEARD_RINGBACK, 0);
	assert_non_null(h);
	assert_true(h->on);
	assert_true(l->when[0] <= 7200);
	h = told(l, SIPD_HEARD_SPEECH, 0);
	assert_non_null(h);
	assert_in_range(h->from_ms, 380, 420);
	assert_null(told(l, SIPD_HEARD_BEEP, 0));
	free(l);
}


static void test_beep_behind_a_greeting(void **state)
{
	struct line *l = line(-60, 0);
	const struct sipd_heard *h;
	(void)state;

	detect_voice(l->pcm + 500 * MS, 2400 * MS, 120, -20);
	detect_tone(l->pcm + 3200 * MS, 400 * MS, 1000, -18);
	hear(l, 0, 3400);
	assert_null(told(l, SIPD_HEARD_BEEP, 0));
	assert_true(l->beep > 0.3F);
	hear(l, 0, 6000);

	h = told(l, SIPD_HEARD_BEEP, 0);
	assert_non_null(h);
	assert_in_range(h->from_ms, 3160, 3240);
	assert_in_range(h->at_ms, 3560, 3640);
	assert_true(fabsf(h->hz[0] - 1000) < 5);
	assert_true(l->when[l->n - 1] <= 3600 + 150);
	assert_null(told(l, SIPD_HEARD_BEEP, 1));
	free(l);
}


static void test_information_tones(void **state)
{
	static const double hz[] = {950, 1400, 1800};
	struct line *l = line(-60, 0);
	const struct sipd_heard *h;
	unsigned i;
	(void)state;

	for (i = 0; i < 3; ++i)
		detect_tone(l->pcm + (1000 + i * 330) * MS, 330 * MS, hz[i],
			    -18);
	hear(l, 12000, 6000);

	h = told(l, SIPD_HEARD_SIT, 0);
	assert_non_null(h);
	assert_non_null(h->word);
	assert_in_range(h->from_ms, 960, 1040);
	assert_null(told(l, SIPD_HEARD_BEEP, 0));
	assert_null(told(l, SIPD_HEARD_SPEECH, 0));
	free(l);
}


/* One or two packets that did not come end no tone. */
static void test_tones_go_on_over_lost_frames(void **state)
{
	static const double hz[] = {950, 1400, 1800};
	unsigned every, i;
	(void)state;

	for (every = 4; every < 12; ++every) {
		struct line *l = line(-60, 0);

		for (i = 0; i < 3; ++i)
			detect_tone(l->pcm + (1000 + i * 330) * MS, 330 * MS,
				    hz[i], -18);
		for (; l->now < 4000; l->now += FRAME_MS)
			sipd_ear_hear(&l->ear, l->pcm + l->now * MS,
				      l->now / FRAME_MS % every > 1,
				      heard_handler, l);
		assert_non_null(told(l, SIPD_HEARD_SIT, 0));
		assert_null(told(l, SIPD_HEARD_BEEP, 0));
		free(l);
	}
}


/* A packet that did not come is silence, whatever is in the frame. */
static struct line *who_line(double noise, uint32_t timeout_ms)
{
	const struct sipd_ear_conf conf = {
		.amd = true,
		.timeout_ms = timeout_ms,
	};
	struct line *l = line(noise, 0);

	sipd_ear_init(&l->ear, &conf);

	return l;
}


/* The final verdict. */
static const struct sipd_heard *verdict(const struct line *l)
{
	unsigned i;

	for (i = 0; i < l->n; ++i)
		if (l->told[i].kind == SIPD_HEARD_VERDICT && l->told[i].final)
			return &l->told[i];

	return NULL;
}


static void test_who_answered_is_told_after_the_answer(void **state)
{
	struct line *l = who_line(-55, 5000);
	const struct sipd_heard *h;
	(void)state;

	/* what speaks before the answer is nobody's */
	detect_voice(l->pcm + 500 * MS, 960 * MS, 120, -20);
	hear(l, 3000, 3000);
	assert_null(told(l, SIPD_HEARD_VERDICT, 0));
	assert_true(sipd_ear_chances(&l->ear).human == 0);

	hear(l, 3000, 8000);
	h = verdict(l);
	assert_non_null(h);
	assert_int_equal(h->verdict, SIPDIALER_AMD_UNKNOWN);
	assert_in_range(h->at_ms, 4500, 5000);
	assert_non_null(h->word);
	free(l);
}


static void test_fax_answers(void **state)
{
	struct line *l = who_line(-60, 5000);
	const struct sipd_heard *h;
	(void)state;

	detect_tone(l->pcm + 2500 * MS, 500 * MS, 1100, -20);
	hear(l, 2000, 8000);
	h = verdict(l);
	assert_non_null(h);
	assert_int_equal(h->verdict, SIPDIALER_AMD_FAX);
	assert_in_range(h->at_ms, 1000, 1200);
	/* tones were not asked for */
	assert_null(told(l, SIPD_HEARD_CNG, 0));
	free(l);
}


static void test_lost_frames_are_not_heard(void **state)
{
	struct line *l = line(-60, 0);
	uint32_t ms;
	(void)state;

	detect_voice(l->pcm + 1000 * MS, 960 * MS, 120, -20);
	hear(l, 0, 900);
	for (ms = 900; ms < 2200; ms += FRAME_MS) {
		l->now += FRAME_MS;
		sipd_ear_hear(&l->ear, l->pcm + ms * MS, false, heard_handler,
			      l);
	}
	hear(l, 0, 4000);
	assert_int_equal(l->n, 0);
	free(l);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_speech_is_told_with_its_times),
		cmocka_unit_test(test_silence_is_told_once),
		cmocka_unit_test(test_clipping_is_told_once),
		cmocka_unit_test(test_times_begin_with_the_answer),
		cmocka_unit_test(test_beep_behind_a_greeting),
		cmocka_unit_test(test_information_tones),
		cmocka_unit_test(test_who_answered_is_told_after_the_answer),
		cmocka_unit_test(test_fax_answers),
		cmocka_unit_test(test_tones_go_on_over_lost_frames),
		cmocka_unit_test(test_lost_frames_are_not_heard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
