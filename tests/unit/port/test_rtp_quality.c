/**
 * @file test_rtp_quality.c  The E-model against published values
 */
#include <math.h>
#include "lib/cmocka_all.h"
#include "port/rtp/quality.h"
#include "port/rtp/rtcp.h"


static void assert_near(double is, double want, double by)
{
	if (fabs(is - want) > by)
		fail_msg("%g is not %g", is, want);
}


/* conformance: G.107 table B.1 | the score of a rating factor is that of the Recommendation | published values */
static void test_score_of_a_rating(void **state)
{
	/* clang-format off */
	static const struct { double r, mos; } t[] = {
		{90, 4.34}, {80, 4.03}, {70, 3.60}, {60, 3.10}, {50, 2.58},
		{100, 4.5}, {0, 1}, {93.2, 4.41}, {3, 1},
	};
	/* clang-format on */
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); ++i)
		assert_near(sipd_quality_mos(t[i].r), t[i].mos, 0.0065);
}


/* The equipment impairment of G.711 with concealment by random loss.
 * conformance: G.113 table I.1 | what loss costs is that of the Recommendation, within 2 | published values */
static void test_loss(void **state)
{
	/* clang-format off */
	static const struct { uint64_t percent; double ie; } t[] = {
		{0, 0}, {1, 5}, {2, 7}, {3, 10}, {5, 15}, {7, 20}, {10, 25},
	};
	/* clang-format on */
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); ++i) {
		const struct sipd_quality q = {
			.expected = 10000,
			.bad = 100 * t[i].percent,
			.gaps = 100 * t[i].percent,
		};

		assert_near(93.2 - sipd_quality_r(&q), t[i].ie, 2.1);
	}
}


/* conformance: G.107 7.4 | losses in bursts cost more than those by chance | own */
static void test_bursts(void **state)
{
	struct sipd_quality q = {.expected = 1000, .bad = 50, .gaps = 50};
	const double random = sipd_quality_r(&q);
	(void)state;

	q.gaps = 10;
	/* BurstR = 5 * 0.95: 95 * 5 / (5 / 4.75 + 25.1) */
	assert_near(93.2 - sipd_quality_r(&q), 18.16, 0.01);
	assert_true(sipd_quality_r(&q) < random);
	q.gaps = 1000; /* more than losses: reordering */
	assert_near(sipd_quality_r(&q), random, 0.001);
}


static void test_delay_and_limits(void **state)
{
	struct sipd_quality q = {.expected = 100, .delay_ms = 100};
	(void)state;

	assert_near(93.2 - sipd_quality_r(&q), 2.4, 0.01);
	q.delay_ms = 400;
	assert_near(93.2 - sipd_quality_r(&q), 9.6 + 24.5, 0.1);
	q.bad = 1000;
	q.gaps = 1;
	q.delay_ms = 5000;
	assert_near(sipd_quality_r(&q), 0, 0);
	q = (struct sipd_quality){0};
	assert_near(sipd_quality_r(&q), 93.2, 0);
}


/* conformance: RFC 3611 4.7.1 | a run of lost packets counts as one gap | own */
static void test_gaps_are_counted(void **state)
{
	struct sipd_reception r = {0};
	static const uint16_t seqs[] = {65530, 65531, 65534, 65535, 0,
					4,     5,     7,     6,     8};
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(seqs) / sizeof(seqs[0]); ++i)
		sipd_reception_put(&r, seqs[i]);
	assert_int_equal(sipd_reception_lost(&r), 5);
	assert_int_equal(sipd_reception_gaps(&r), 3);
	sipd_reception_next(&r);
	assert_int_equal(sipd_reception_gaps(&r), 3);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_score_of_a_rating),
		cmocka_unit_test(test_loss),
		cmocka_unit_test(test_bursts),
		cmocka_unit_test(test_delay_and_limits),
		cmocka_unit_test(test_gaps_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
