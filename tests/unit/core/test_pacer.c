/**
 * @file unit/core/test_pacer.c  Limits that are never passed
 */
#include <math.h>
#include <stdio.h>
#include "lib/cmocka_all.h"
#include "core/campaign/campaign.h"

enum { OPERATIONS = 1000000, RING = 4096, SECOND = 1000000 };


/* xorshift64*: the same numbers in each run */
static uint64_t random64(uint64_t *s)
{
	*s ^= *s >> 12;
	*s ^= *s << 25;
	*s ^= *s >> 27;

	return *s * UINT64_C(2685821657736338717);
}


/* Steps of all sizes: none, us, ms, seconds. */
static uint64_t random_step(uint64_t *seed)
{
	static const uint64_t scale[] = {1, 10, 1000, 5000, 20000, 3000000};
	const uint64_t r = random64(seed);

	return (r >> 8) % scale[r % 6];
}


/* Random takes and releases; each closed window of 1 s is looked at. */
static void property(double cps, uint32_t max_calls, uint64_t seed,
		     unsigned operations)
{
	static uint64_t taken[RING];
	const uint64_t most = (uint64_t)ceil(cps);
	uint64_t now = random64(&seed) % 100000, count = 0;
	uint32_t active = 0;
	struct sipd_pacer p;

	assert_true(most < RING);
	sipd_pacer_init(&p, cps, max_calls);
	for (unsigned i = 0; i < operations; i++) {
		now += random_step(&seed);
		if (active && random64(&seed) % 3 == 0) {
			sipd_pacer_release(&p);
			active--;
		}

		const uint64_t wait = sipd_pacer_wait(&p, now);
		const bool took = sipd_pacer_take(&p, now);

		assert_int_equal(took, wait == 0);
		assert_int_equal(wait == UINT64_MAX, active >= max_calls);
		if (!took)
			continue;

		active++;
		assert_true(active <= max_calls);
		if (cps > 0.0 && count >= most)
			assert_true(now - taken[(count - most) % RING] >
				    SECOND);
		taken[count++ % RING] = now;
	}
	assert_true(count > 0);
	assert_int_equal(active, p.active);
}


static void test_limits_hold_in_any_window(void **state)
{
	static const double rates[] = {0.1,  0.5, 0.99, 1,    1.01, 1.5,
				       2,    2.5, 3,    7.3,  10,   50,
				       99.9, 200, 500,  1000, 2000, 3999.5};
	static const uint32_t calls[] = {1, 2, 5, 30, 500, 100000};
	const unsigned each =
		OPERATIONS / (sizeof(rates) / sizeof(rates[0]) * 6) + 1;

	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		for (size_t j = 0; j < 6; j++)
			property(rates[i], calls[j], 7919 * i + j + 1, each);
}


/* A host that asks every ms, with room: what comes out. */
static uint64_t steady(double cps, uint64_t tick, uint64_t us)
{
	struct sipd_pacer p;
	uint64_t count = 0;

	sipd_pacer_init(&p, cps, 1);
	for (uint64_t now = 12345; now < 12345 + us; now += tick)
		while (sipd_pacer_take(&p, now)) {
			sipd_pacer_release(&p);
			count++;
		}

	return count;
}


static void test_rate_is_reached_with_timers_of_1_ms(void **state)
{
	static const double rates[] = {1.5, 2,   5,   10,   33.3,
				       100, 200, 500, 1000, 2000};

	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		const double want = rates[i] * 60;
		const double got = (double)steady(rates[i], 1000, 60 * SECOND);

		assert_true(got <= ceil(want) + 1);
		assert_true(got >= want * 0.99 - 1);
	}
}


static void test_half_a_call_per_second_is_one_each_2_s(void **state)
{
	struct sipd_pacer p;
	uint64_t last = 0;
	unsigned count = 0;

	(void)state;
	sipd_pacer_init(&p, 0.5, 100);
	for (uint64_t now = 0; now < 100 * (uint64_t)SECOND; now += 500)
		if (sipd_pacer_take(&p, now)) {
			assert_true(!count || now - last >= 2 * SECOND);
			last = now;
			count++;
		}
	assert_in_range(count, 49, 51);
}


static void test_spread_is_even(void **state)
{
	struct sipd_pacer p;
	uint64_t last = 0, now = 0;

	(void)state;
	sipd_pacer_init(&p, 10, 100);
	for (int i = 0; i < 100; i++) {
		now += sipd_pacer_wait(&p, now);
		assert_true(sipd_pacer_take(&p, now));
		assert_true(i == 0 ||
			    (now - last >= 95000 && now - last <= 105000));
		last = now;
	}
}


static void test_idle_time_is_not_saved_up(void **state)
{
	struct sipd_pacer p;
	unsigned count = 0;

	(void)state;
	sipd_pacer_init(&p, 10, 100);
	while (sipd_pacer_take(&p, UINT64_C(3600) * SECOND))
		count++;
	assert_int_equal(1, count);
}


static void test_without_rate_only_calls_count(void **state)
{
	struct sipd_pacer p;

	(void)state;
	sipd_pacer_init(&p, 0, 3);
	for (int i = 0; i < 3; i++)
		assert_true(sipd_pacer_take(&p, 5));
	assert_false(sipd_pacer_take(&p, 5));
	assert_true(sipd_pacer_wait(&p, 5) == UINT64_MAX);
	sipd_pacer_release(&p);
	assert_int_equal(0, sipd_pacer_wait(&p, 5));
	assert_true(sipd_pacer_take(&p, 5));
}


static void test_refused_take_changes_nothing(void **state)
{
	struct sipd_pacer p;
	uint64_t next;

	(void)state;
	sipd_pacer_init(&p, 1, 5);
	assert_true(sipd_pacer_take(&p, 100));
	next = p.next_us;
	for (uint64_t t = 101; t < 2000; t++)
		assert_false(sipd_pacer_take(&p, t));
	assert_int_equal(next, p.next_us);
	assert_int_equal(1, p.active);
	assert_int_equal(next - 100, sipd_pacer_wait(&p, 100));
}


static void test_no_calls_means_one(void **state)
{
	struct sipd_pacer p;

	(void)state;
	sipd_pacer_init(&p, 1e-12, 0);
	assert_int_equal(1, p.max_calls);
	assert_true(sipd_pacer_take(&p, 0));
	sipd_pacer_release(&p);
	assert_true(sipd_pacer_wait(&p, 0) > UINT64_C(1000000) * SECOND);
}


/* A raise does not wait for what the low rate had planned. */
static void test_rate_changes_at_once(void **state)
{
	struct sipd_pacer p;
	(void)state;

	sipd_pacer_init(&p, 0.01, 10);
	assert_true(sipd_pacer_take(&p, SECOND));
	assert_true(sipd_pacer_wait(&p, SECOND) > 90 * (uint64_t)SECOND);
	sipd_pacer_rate(&p, 10.0, SECOND);
	assert_in_range(sipd_pacer_wait(&p, SECOND), 90000, 110000);
	assert_int_equal(p.active, 1);

	/* lower: the next but one has the new distance */
	sipd_pacer_rate(&p, 1.0, SECOND);
	assert_true(sipd_pacer_take(&p, SECOND + 200000));
	assert_true(sipd_pacer_wait(&p, SECOND + 200000) >= 990000);
	sipd_pacer_rate(&p, 0.0, SECOND + 200000);
	assert_int_equal(sipd_pacer_wait(&p, SECOND + 200000), 0);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate_changes_at_once),
		cmocka_unit_test(test_limits_hold_in_any_window),
		cmocka_unit_test(test_rate_is_reached_with_timers_of_1_ms),
		cmocka_unit_test(test_half_a_call_per_second_is_one_each_2_s),
		cmocka_unit_test(test_spread_is_even),
		cmocka_unit_test(test_idle_time_is_not_saved_up),
		cmocka_unit_test(test_without_rate_only_calls_count),
		cmocka_unit_test(test_refused_take_changes_nothing),
		cmocka_unit_test(test_no_calls_means_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
