/**
 * @file tests/unit/core/test_bridge.c  The rings between two calls
 */
#include "lib/cmocka_all.h"
#include "core/media/bridge.h"

#include <string.h>

static struct sipd_rx_frame frame(int16_t level)
{
	struct sipd_rx_frame rx = {.kind = SIPD_RX_AUDIO};

	for (size_t i = 0; i < SIPD_FRAME; i++)
		rx.pcm[i] = level;

	return rx;
}


static void put(struct sipd_bridge *b, int end, int16_t level)
{
	const struct sipd_rx_frame rx = frame(level);

	sipd_bridge_put(b, end, &rx);
}


/* Level of the frame taken, 0 if there is none */
static int16_t take(struct sipd_bridge *b, int end)
{
	int16_t pcm[SIPD_FRAME];

	return sipd_bridge_take(b, end, pcm, SIPD_FRAME) ? pcm[SIPD_FRAME - 1]
							 : 0;
}


static void test_frames_cross_in_order(void **state)
{
	struct sipd_bridge *b;
	(void)state;

	assert_int_equal(sipd_bridge_open(&b), 0);
	put(b, 0, 100);
	put(b, 0, 101);
	put(b, 1, 200);
	assert_int_equal(take(b, 1), 100);
	assert_int_equal(take(b, 0), 200);
	assert_int_equal(take(b, 1), 101);
	assert_int_equal(take(b, 1), 0);
	assert_int_equal(take(b, 0), 0);
	sipd_bridge_unref(b);
}


static void test_after_a_pause_the_present_is_heard(void **state)
{
	struct sipd_bridge *b;
	(void)state;

	assert_int_equal(sipd_bridge_open(&b), 0);
	for (int16_t i = 1; i <= 100; i++)
		put(b, 0, i);
	/* what found no room is gone, of the rest only the newest counts */
	assert_int_equal(take(b, 1), 8);
	assert_int_equal(take(b, 1), 0);
	put(b, 0, 500);
	assert_int_equal(take(b, 1), 500);
	sipd_bridge_unref(b);
}


static void test_a_lost_frame_is_made_up(void **state)
{
	struct sipd_rx_frame lost = {.kind = SIPD_RX_LOST};
	struct sipd_rx_frame none = {.kind = SIPD_RX_NONE};
	struct sipd_bridge *b;
	(void)state;

	assert_int_equal(sipd_bridge_open(&b), 0);
	for (int16_t i = 0; i < 4; i++) {
		put(b, 0, 1000);
		assert_int_equal(take(b, 1), 1000);
	}
	sipd_bridge_put(b, 0, &lost);
	assert_true(take(b, 1) > 500);
	sipd_bridge_put(b, 0, &none); /* silence of the sender: nothing */
	assert_int_equal(take(b, 1), 0);
	sipd_bridge_unref(b);
}


/* A call of 16 kHz and one of 8 kHz: what is heard keeps its level. */
static void test_bands_meet(void **state)
{
	struct sipd_rx_frame wide = {.kind = SIPD_RX_AUDIO,
				     .samples = SIPD_FRAME_WIDE};
	int16_t pcm[SIPD_FRAME_WIDE];
	struct sipd_bridge *b;
	(void)state;

	for (size_t i = 0; i < SIPD_FRAME_WIDE; i++)
		wide.pcm[i] = 3000;
	assert_int_equal(sipd_bridge_open(&b), 0);
	for (int16_t i = 0; i < 3; i++) {
		sipd_bridge_put(b, 0, &wide);
		put(b, 1, 2000);
		assert_true(sipd_bridge_take(b, 1, pcm, SIPD_FRAME));
		assert_true(i < 1 || (pcm[0] > 2990 && pcm[0] < 3010));
		assert_true(sipd_bridge_take(b, 0, pcm, SIPD_FRAME_WIDE));
		assert_true(i < 1 || (pcm[1] > 1990 && pcm[319] < 2010));
	}
	sipd_bridge_unref(b);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_cross_in_order),
		cmocka_unit_test(test_after_a_pause_the_present_is_heard),
		cmocka_unit_test(test_a_lost_frame_is_made_up),
		cmocka_unit_test(test_bands_meet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
