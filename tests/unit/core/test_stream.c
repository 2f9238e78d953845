/**
 * @file tests/unit/core/test_stream.c  Prompts, keys and silence of streams
 */
#include "two_streams.h"


static void repeat_three(void *arg)
{
	struct several *s = arg;

	record_to(&s->f->a, s->path, true);
	sipd_stream_play(s->f->a.s, s->p[0], 3);
	connect_both(s->f, SIPD_CODEC_PCMU);
}


static void repeat_for_ever(void *arg)
{
	struct several *s = arg;

	sipd_stream_play(s->f->a.s, s->p[1], 1000000);
}


static void stop_it(void *arg)
{
	struct several *s = arg;

	sipd_stream_stop_play(s->f->a.s);
}


static void test_repeat_and_stop(void **state)
{
	struct fixture *f = *state;
	struct several s;
	int16_t *pcm;
	size_t n, times = 0;

	several_begin(&s, f);
	help_on_loop(&f->help, repeat_three, &s);
	wait_for(&f->a, 'p', 1);
	help_on_loop(&f->help, repeat_for_ever, &s);
	help_on_loop(&f->help, send_key, f);
	wait_for(&f->b, 'k', 1); /* 5 frames later it still plays */
	assert_int_equal(f->a.plays, 1);
	help_on_loop(&f->help, stop_it, &s);
	wait_for(&f->a, 'c', 1);
	help_on_loop(&f->help, stop_it, &s); /* nothing plays: no event */
	close_and_wait(f);

	assert_int_equal(f->a.plays, 2);
	assert_ptr_equal(f->a.played[0], s.p[0]);
	assert_ptr_equal(f->a.played[1], s.p[1]);
	pcm = channel(s.path, 2, 1, &n);
	for (size_t i = 0; i + 3 <= n; i++)
		times += !memcmp(pcm + i * FRAME, sipd_prompt_pcm(s.p[0], 0),
				 3 * FRAME * 2);
	assert_int_equal(times, 3);
	free(pcm);
	several_end(&s);
}


static void play_four(void *arg)
{
	struct several *s = arg;

	connect_both(s->f, SIPD_CODEC_PCMU);
	for (int i = 0; i < 4; i++)
		sipd_stream_play(s->f->a.s, s->p[i], i < 3 ? 1000 : 1);
	assert_int_equal(s->f->a.plays, 0); /* never inside play() */
}


static void test_each_play_is_told_once_in_order(void **state)
{
	struct fixture *f = *state;
	struct several s;

	several_begin(&s, f);
	help_on_loop(&f->help, play_four, &s);
	wait_for(&f->a, 'p', 1);
	close_and_wait(f);
	assert_int_equal(f->a.plays, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_ptr_equal(f->a.played[i], s.p[i]);
		assert_int_equal(f->a.whole[i], i == 3);
	}
	several_end(&s);
}


static void play_and_close(void *arg)
{
	struct several *s = arg;

	play_four(s);
	sipd_stream_close(s->f->a.s);
	sipd_stream_close(s->f->b.s);
	assert_int_equal(s->f->a.noted, 0);      /* nor inside close() */
	sipd_stream_play(s->f->a.s, s->p[0], 1); /* too late: nothing */
	record_to(&s->f->a, s->path, false);
}


static void test_close_cuts_off_what_waits(void **state)
{
	struct fixture *f = *state;
	struct several s;

	several_begin(&s, f);
	help_on_loop(&f->help, play_and_close, &s);
	wait_for(&f->a, 'x', 1);
	wait_for(&f->b, 'x', 1);
	assert_string_equal(f->a.notes, "ccccx");
	for (size_t i = 0; i < 4; i++)
		assert_ptr_equal(f->a.played[i], s.p[i]);
	assert_null(f->a.end.recording);
	several_end(&s);
}


static void play_empty(void *arg)
{
	struct several *s = arg;

	sipd_prompt_unref(s->p[0]);
	assert_int_equal(sipd_prompt_make(&s->p[0], NULL, 0), 0);
	connect_both(s->f, SIPD_CODEC_PCMU);
	sipd_stream_play(s->f->a.s, s->p[0], 1000);
}


static void test_an_empty_prompt_ends_at_once(void **state)
{
	struct fixture *f = *state;
	struct several s;

	several_begin(&s, f);
	help_on_loop(&f->help, play_empty, &s);
	wait_for(&f->a, 'p', 1);
	close_and_wait(f);
	assert_int_equal(f->a.plays, 1);
	several_end(&s);
}


static void play_held(void *arg)
{
	struct several *s = arg;

	connect_side(&s->f->a, s->f->b.port, SIPD_CODEC_PCMU, SIPD_RECVONLY);
	connect_side(&s->f->b, s->f->a.port, SIPD_CODEC_PCMU, SIPD_SENDONLY);
	sipd_stream_play(s->f->a.s, s->p[0], 1);
	sipd_stream_play(s->f->b.s, s->p[1], 10);
}


static void resume(void *arg)
{
	struct several *s = arg;

	assert_int_equal(s->f->a.plays, 0);
	connect_both(s->f, SIPD_CODEC_PCMU);
}


static void test_a_prompt_waits_while_held(void **state)
{
	struct fixture *f = *state;
	struct several s;

	several_begin(&s, f);
	help_on_loop(&f->help, play_held, &s);
	wait_for(&f->b, 'p', 1); /* ten times as long */
	help_on_loop(&f->help, resume, &s);
	wait_for(&f->a, 'p', 1);
	close_and_wait(f);
	assert_int_equal(f->a.plays, 1);
	several_end(&s);
}


static void send_keys(void *arg)
{
	struct fixture *f = arg;

	connect_both(f, SIPD_CODEC_PCMU);
	sipd_stream_dtmf(f->a.s, "159#*D");
}


static void test_keys_arrive_in_order(void **state)
{
	struct fixture *f = *state;

	help_on_loop(&f->help, send_keys, f);
	wait_for(&f->b, 'k', 6);
	wait_for(&f->a, 'd', 1);
	close_and_wait(f);
	assert_string_equal(f->b.keys, "159#*D");
	assert_in_range(f->b.key_ms, 80, 120);
	assert_int_equal(f->b.notes[0], 'f');
	assert_null(strchr(f->b.notes + 1, 'f')); /* first only once */
}


static void wait_for_nobody(void *arg)
{
	struct fixture *f = arg;

	connect_side(&f->b, f->a.port, SIPD_CODEC_PCMU, SIPD_SENDRECV);
}


static void close_only(void *arg)
{
	struct side *side = arg;

	sipd_stream_close(side->s);
}


static void reopen_with_timeout(void *arg)
{
	struct fixture *f = arg;

	memset(&f->b, 0, sizeof(f->b));
	open_side(&f->b, f, 150);
}


static void test_silence_is_told(void **state)
{
	struct fixture *f = *state;

	help_on_loop(&f->help, close_only, &f->b);
	wait_for(&f->b, 'x', 1);
	help_on_loop(&f->help, reopen_with_timeout, f);
	help_on_loop(&f->help, wait_for_nobody, f);
	wait_for(&f->b, 's', 1);
	close_and_wait(f);
	assert_string_equal(f->b.notes, "sx");
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_repeat_and_stop),
		TEST(test_each_play_is_told_once_in_order),
		TEST(test_close_cuts_off_what_waits),
		TEST(test_an_empty_prompt_ends_at_once),
		TEST(test_a_prompt_waits_while_held),
		TEST(test_keys_arrive_in_order),
		TEST(test_silence_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
