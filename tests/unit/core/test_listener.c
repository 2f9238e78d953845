/**
 * @file unit/core/test_listener.c  What is heard, on its way to the loop
 */
#include <math.h>
#include <string.h>
#include "lib/cmocka_all.h"
#include "core/media/listener.h"

enum { FRAME = 160, TOLD_MAX = 256 };

struct fixture {
	struct sipd_listener *l;
	struct sipd_told told[TOLD_MAX];
	size_t n;
	unsigned frame; /* of the sound made */
};


static int setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	*state = &f;

	return 0;
}


static int teardown(void **state)
{
	struct fixture *f = *state;

	sipd_listener_close(f->l);

	return 0;
}


static void open_listener(struct fixture *f, uint32_t interval_ms)
{
	const struct sipd_listener_conf conf = {
		.ear = {.tones = true, .amd = true, .timeout_ms = 1000},
		.interval_ms = interval_ms,
	};

	f->l = sipd_listener_open(&conf);
	assert_non_null(f->l);
}


static void told_handler(const struct sipd_told *told, void *arg)
{
	struct fixture *f = arg;

	assert_true(f->n < TOLD_MAX);
	f->told[f->n++] = *told;
}


/* 20 ms of a tone, or of silence (0 Hz). */
static bool hear(struct fixture *f, double hz)
{
	int16_t pcm[FRAME];

	for (unsigned i = 0; i < FRAME; i++)
		pcm[i] = (int16_t)(8000 * sin(2 * 3.14159265358979 * hz *
					      (f->frame * FRAME + i) / 8000));
	++f->frame;

	return sipd_listener_hear(f->l, pcm, true);
}


/* So much of it, what is told taken at once. */
static void hear_ms(struct fixture *f, double hz, unsigned ms)
{
	for (unsigned i = 0; i < ms / 20; i++)
		if (hear(f, hz))
			assert_int_equal(sipd_listener_drain(f->l,
							     told_handler, f),
					 0);
}


static size_t count(const struct fixture *f, int kind)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		n += (int)f->told[i].kind == kind;

	return n;
}


static void test_nothing_costs_anything_before_the_first_audio(void **state)
{
	static const int16_t nothing[FRAME];
	struct fixture *f = *state;

	open_listener(f, 20);
	for (int i = 0; i < 100; i++)
		assert_false(sipd_listener_hear(f->l, nothing, false));
	hear_ms(f, 0, 100);
	assert_int_equal(f->n, 0); /* not answered: no chances */
}


static void test_chances_come_at_the_interval_after_the_answer(void **state)
{
	struct fixture *f = *state;

	open_listener(f, 90); /* rounded up: 100 ms */
	hear_ms(f, 0, 400);
	sipd_listener_answered(f->l);
	hear_ms(f, 0, 400);
	assert_int_equal(count(f, SIPD_TOLD_CHANCES), 4);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(f->told[i].now_ms, 100 * (i + 1));
}


static void test_a_verdict_comes_in_time(void **state)
{
	struct fixture *f = *state;

	open_listener(f, 0);
	sipd_listener_answered(f->l);
	hear_ms(f, 0, 1200);
	assert_int_equal(f->n, 1);
	assert_int_equal(f->told[0].heard.kind, SIPD_HEARD_VERDICT);
	assert_true(f->told[0].heard.final);
	assert_int_equal(f->told[0].heard.verdict, SIPDIALER_AMD_UNKNOWN);
}


static void test_a_beep_is_told_with_its_end(void **state)
{
	struct fixture *f = *state;
	const struct sipd_told *beep = NULL;

	open_listener(f, 0);
	sipd_listener_answered(f->l);
	hear_ms(f, 0, 600);
	hear_ms(f, 1000, 400);
	hear_ms(f, 0, 300);
	for (size_t i = 0; i < f->n; i++)
		if (f->told[i].heard.kind == SIPD_HEARD_BEEP)
			beep = &f->told[i];
	assert_non_null(beep);
	assert_string_equal(sipd_heard_tone(&beep->heard), "beep");
	assert_in_range(beep->heard.at_ms, 960, 1040);
	assert_in_range(beep->now_ms, 1000, 1160);
}


static void test_quiet_is_told_once_and_not_within_a_beep(void **state)
{
	struct fixture *f = *state;

	open_listener(f, 0);
	sipd_listener_answered(f->l);
	hear_ms(f, 0, 200);
	sipd_listener_await(f->l, 400);
	hear_ms(f, 0, 100);
	hear_ms(f, 1000, 500); /* silence to the voice detector */
	assert_int_equal(count(f, SIPD_TOLD_QUIET), 0);
	hear_ms(f, 0, 1000);
	assert_int_equal(count(f, SIPD_TOLD_QUIET), 1);

	sipd_listener_await(f->l, 0);
	hear_ms(f, 0, 100);
	sipd_listener_await(f->l, 400);
	hear_ms(f, 0, 100);
	assert_int_equal(count(f, SIPD_TOLD_QUIET), 2);
}


/* The loop stands still: what matters is not lost. */
static void test_a_full_ring_keeps_the_verdict(void **state)
{
	struct fixture *f = *state;
	unsigned lost;

	open_listener(f, 20);
	sipd_listener_answered(f->l);
	for (int i = 0; i < 100; i++)
		(void)hear(f, 0);
	lost = sipd_listener_drain(f->l, told_handler, f);
	assert_int_equal(count(f, SIPD_TOLD_CHANCES) + lost, 100);
	assert_true(lost > 0);
	assert_int_equal(count(f, SIPD_TOLD_HEARD), 1);
	assert_int_equal(f->told[f->n - 1].heard.kind, SIPD_HEARD_VERDICT);
	/* and it goes on */
	assert_int_equal(sipd_listener_drain(f->l, told_handler, f), 0);
	assert_true(hear(f, 0));
}


#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_nothing_costs_anything_before_the_first_audio),
		T(test_chances_come_at_the_interval_after_the_answer),
		T(test_a_verdict_comes_in_time),
		T(test_a_beep_is_told_with_its_end),
		T(test_quiet_is_told_once_and_not_within_a_beep),
		T(test_a_full_ring_keeps_the_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
