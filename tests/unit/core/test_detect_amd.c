/**
 * @file core/test_detect_amd.c  Who answered: a person or a machine
 *
 * By a voice of our own: a buzz of a falling pitch in syllables.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "core/media/detect/amd.h"

enum { RATE = 8000, FRAME = SIPD_LOOK_FRAME, TIMEOUT = 4500 };

struct line {
	struct sipd_sight sight;
	struct sipd_vad vad;
	struct sipd_amd amd;
	uint32_t random;
	double phase;
	float noise; /* of the line, 0..1 */

	struct sipd_amd_verdict first, last; /* final ones */
	uint32_t first_ms, provisional;
};


static double noise(struct line *l)
{
	l->random = l->random * 1664525 + 1013904223;

	return (int32_t)l->random / 2147483648.0;
}


static void got(struct line *l, const struct sipd_amd_verdict *v)
{
	if (!v->final) {
		++l->provisional;
		return;
	}
	if (!l->first_ms) {
		l->first = *v;
		l->first_ms = l->amd.ms;
	}
	l->last = *v;
}


static void hear(struct line *l, const int16_t *pcm, bool received)
{
	struct sipd_amd_verdict v;
	struct sipd_look look;
	struct sipd_tones tones;
	struct sipd_voice voice;

	sipd_look(&l->sight, pcm, &look);
	sipd_tones_find(&look, &tones);
	sipd_vad_hear(&l->vad, &look, &tones, received ? pcm : NULL, &voice);
	if (sipd_amd_hear(&l->amd, &look, &tones, &voice, received, &v))
		got(l, &v);
}


/* A frame of voice, its level 0..1, 0: the line's noise. */
static void frame(struct line *l, double level, double pitch)
{
	int16_t pcm[FRAME];
	int i, k;

	for (i = 0; i < FRAME; ++i) {
		double x = 0;

		l->phase += 2 * 3.14159265 * pitch / RATE;
		for (k = 1; level > 0 && k * pitch < 3400; ++k)
			x += cos(k * l->phase) /
			     (1 + fabs(k * pitch - 600) / 300);
		pcm[i] = (int16_t)(8000 * (level * x / 6 +
					   (double)l->noise * noise(l)));
	}
	hear(l, pcm, true);
}


static void silence(struct line *l, int ms)
{
	for (; ms > 0; ms -= 20)
		frame(l, 0, 150);
}


/* Syllables of 160 ms, of which 40 are nearly silent. */
static void speak(struct line *l, int ms, double pitch)
{
	int i;

	for (i = 0; i * 20 < ms; ++i)
		frame(l, i % 8 < 6 ? 1 : 0.03,
		      pitch * (1.1 - 0.02 * (i % 25)));
}


static void init(struct line *l)
{
	memset(l, 0, sizeof(*l));
	l->random = 1;
	l->noise = 0.005F;
	sipd_amd_init(&l->amd, TIMEOUT);
}


static void test_hello(void **state)
{
	struct line l;

	(void)state;
	init(&l);
	silence(&l, 500);
	speak(&l, 480, 180);
	silence(&l, 2000);
	assert_int_equal(l.first.verdict, SIPDIALER_AMD_HUMAN);
	assert_true(l.first_ms > 600 && l.first_ms <= 3500);
	assert_true(l.first.confidence > 0.5F);
	assert_true(sipd_amd_human(&l.amd) > sipd_amd_machine(&l.amd));
	assert_string_equal(l.first.cause, "short_greeting");
}


static void test_greeting(void **state)
{
	struct line l;
	int i;

	(void)state;
	init(&l);
	silence(&l, 700);
	for (i = 0; i < 4; ++i) {
		speak(&l, 1600, 130);
		silence(&l, 100);
	}
	assert_int_equal(l.first.verdict, SIPDIALER_AMD_MACHINE);
	assert_true(l.first_ms < TIMEOUT);
	assert_true(sipd_amd_human(&l.amd) < 0.2F);
	assert_int_equal(sipd_amd_silence(&l.amd), 140);
}


static void test_nobody(void **state)
{
	struct line l;

	(void)state;
	init(&l);
	silence(&l, TIMEOUT - 20);
	assert_int_equal(l.first_ms, 0);
	assert_true(sipd_amd_human(&l.amd) < 0.01F);
	silence(&l, 3000);
	assert_int_equal(l.first_ms, TIMEOUT);
	assert_int_equal(l.first.verdict, SIPDIALER_AMD_UNKNOWN);
	assert_string_equal(l.first.cause, "silence");
}


/* Loud noise, a click, digital silence, and a steady tone: nobody. */
static void test_no_voice(void **state)
{
	static const int16_t nothing[FRAME];
	struct line l;
	int i, k;

	(void)state;
	init(&l);
	l.noise = 0.3F;
	silence(&l, 500);
	for (i = 0; i < 40; ++i)
		hear(&l, nothing, true);
	frame(&l, 2, 100);
	for (i = 0; i < 40; ++i)
		hear(&l, nothing, i % 3);
	for (i = 0; i < 60; ++i) {
		int16_t pcm[FRAME];

		for (k = 0; k < FRAME; ++k)
			pcm[k] = (int16_t)(8000 * sin(6.2831853 * 440 / RATE *
						      (i * FRAME + k)));
		hear(&l, pcm, true);
	}
	l.noise = 0.005F;
	silence(&l, 2000);
	assert_int_equal(l.first.verdict, SIPDIALER_AMD_UNKNOWN);
}


static void sign(struct line *l, enum sipd_amd_sign s)
{
	struct sipd_amd_verdict v;

	if (sipd_amd_sign(&l->amd, s, &v))
		got(l, &v);
}


static void test_signs(void **state)
{
	static const struct {
		enum sipd_amd_sign sign;
		enum sipdialer_amd verdict;
		const char *cause;
	} t[] = {
		{SIPD_AMD_BEEP, SIPDIALER_AMD_MACHINE, "beep"},
		{SIPD_AMD_SIT, SIPDIALER_AMD_MACHINE, "sit"},
		{SIPD_AMD_FAX, SIPDIALER_AMD_FAX, "fax_tone"},
		{SIPD_AMD_BUSY, SIPDIALER_AMD_UNKNOWN, "busy_tone"},
	};
	struct line l;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); ++i) {
		init(&l);
		silence(&l, 400);
		sign(&l, SIPD_AMD_RINGING);
		assert_int_equal(l.first_ms, 0);
		sign(&l, t[i].sign);
		assert_int_equal(l.first_ms, 400);
		assert_int_equal(l.first.verdict, t[i].verdict);
		assert_string_equal(l.first.cause, t[i].cause);
		sign(&l, t[i].sign);
		silence(&l, 6000);
		assert_int_equal(l.last.verdict, t[i].verdict);
	}
}


/* A machine that began like a person: the beep corrects it, once. */
static void test_corrected_by_beep(void **state)
{
	struct line l;

	(void)state;
	init(&l);
	silence(&l, 500);
	speak(&l, 480, 180);
	silence(&l, 2000);
	assert_int_equal(l.last.verdict, SIPDIALER_AMD_HUMAN);
	sign(&l, SIPD_AMD_BUSY);
	assert_int_equal(l.last.verdict, SIPDIALER_AMD_HUMAN);
	sign(&l, SIPD_AMD_BEEP);
	assert_int_equal(l.last.verdict, SIPDIALER_AMD_MACHINE);
	assert_true(l.last.final);
	sign(&l, SIPD_AMD_FAX);
	assert_int_equal(l.last.verdict, SIPDIALER_AMD_MACHINE);
}


/* The greeting breaks off with a click, a room is heard, "hello?", silence. */
static void test_picked_up(void **state)
{
	struct line l;
	int i;

	(void)state;
	init(&l);
	silence(&l, 700);
	for (i = 0; i < 3; ++i) {
		speak(&l, 1600, 130);
		silence(&l, 240);
	}
	assert_int_equal(l.last.verdict, SIPDIALER_AMD_MACHINE);
	speak(&l, 500, 130);
	frame(&l, 2, 90);
	l.noise = 0.03F;
	silence(&l, 400);
	assert_int_equal(l.last.verdict, SIPDIALER_AMD_MACHINE);
	speak(&l, 480, 210);
	silence(&l, 800);
	assert_int_equal(l.last.verdict, SIPDIALER_AMD_MACHINE);
	silence(&l, 400);
	assert_int_equal(l.last.verdict, SIPDIALER_AMD_HUMAN);
	assert_string_equal(l.last.cause, "picked_up");
	assert_true(l.last.final);
}


/* The end of a greeting is short, too, and silence comes after it; its line
 * is the one of before. */
static void test_greeting_ends(void **state)
{
	struct line l;
	int i;

	(void)state;
	init(&l);
	silence(&l, 700);
	for (i = 0; i < 3; ++i) {
		speak(&l, 1600, 130);
		silence(&l, 240);
	}
	speak(&l, 480, 130);
	silence(&l, 4000);
	assert_int_equal(l.last.verdict, SIPDIALER_AMD_MACHINE);
	assert_true(sipd_amd_silence(&l.amd) >= 4000);
}


/* Behind a voice, a quieter one (a television) is silence. */
static void test_television(void **state)
{
	struct line l;
	int i;

	(void)state;
	init(&l);
	for (i = 0; i < 20; ++i)
		frame(&l, 0.03, 110);
	speak(&l, 480, 200);
	for (i = 0; i < 20; ++i)
		frame(&l, 0.03, 110);
	assert_int_equal(sipd_amd_silence(&l.amd), 400 + 40);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hello),
		cmocka_unit_test(test_greeting),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_no_voice),
		cmocka_unit_test(test_signs),
		cmocka_unit_test(test_corrected_by_beep),
		cmocka_unit_test(test_picked_up),
		cmocka_unit_test(test_greeting_ends),
		cmocka_unit_test(test_television),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
