/**
 * @file tests/unit/core/test_stream_record.c  Recordings of streams
 */
#include "two_streams.h"
#include "port/codec/g711.h"


struct play {
	struct fixture *f;
	struct sipd_prompt *prompt;
	enum sipd_codec_id codec;
	char path_a[600], path_b[600];
};


static void play_and_record(void *arg)
{
	struct play *p = arg;

	record_to(&p->f->a, p->path_a, true);
	record_to(&p->f->b, p->path_b, false);
	connect_both(p->f, p->codec);
	sipd_stream_play(p->f->a.s, p->prompt, 1);
	sipd_stream_dtmf(p->f->b.s, "7");
}


/* Frames of the prompt, as they are after the codec, in their order. */
static size_t exact_frames(const struct play *p, const int16_t *heard,
			   size_t n)
{
	size_t found = 0, at = 0;

	for (size_t k = 0; k < sipd_prompt_frames(p->prompt); k++) {
		int16_t want[FRAME];

		sipd_g711_decode(p->codec, want,
				 sipd_prompt_encoded(p->prompt, p->codec, k),
				 FRAME);
		for (size_t i = at; i < n; i++)
			if (!memcmp(heard + i * FRAME, want, sizeof(want))) {
				++found;
				at = i + 1;
				break;
			}
	}

	return found;
}


static void check_recordings(struct play *p)
{
	const struct side *b = &p->f->b;
	const size_t frames = sipd_prompt_frames(p->prompt);
	const uint64_t lost = b->end.rtp.lost + b->end.rtp.late;
	struct sipd_media_stats st;
	size_t n, at = 0, found;
	int16_t *pcm;

	/* what we said, ours is the right channel: as it was before coding */
	pcm = channel(p->path_a, 2, 1, &n);
	while (at < n && memcmp(pcm + at * FRAME,
				sipd_prompt_pcm(p->prompt, 0), 2 * FRAME))
		++at;
	sipd_media_stats(p->f->media, &st);
	if (!st.skipped) {
		assert_true(at + frames <= n);
		assert_memory_equal(pcm + at * FRAME,
				    sipd_prompt_pcm(p->prompt, 0),
				    frames * FRAME * 2);
	}
	free(pcm);

	/* what was heard; a loss blends into the frame after it, too */
	pcm = channel(p->path_b, 1, 0, &n);
	found = exact_frames(p, pcm, n);
	free(pcm);
	print_message("  %zu of %zu frames exact, %u lost or late\n", found,
		      frames, (unsigned)lost);
	if (!st.late[5] && !st.skipped)
		assert_true(found + 2 * lost >= frames);
	assert_true(found > frames / 2);
	assert_int_equal(b->end.recorded_ms, n * 20);
}


static void prompt_is_recorded(struct fixture *f, enum sipd_codec_id codec)
{
	struct play p = {.f = f, .codec = codec};

	p.prompt = make_prompt(50, 1 + (uint32_t)codec);
	join_path(p.path_a, sizeof(p.path_a), f, "a.wav");
	join_path(p.path_b, sizeof(p.path_b), f, "b.wav");
	help_on_loop(&f->help, play_and_record, &p);
	wait_for(&f->a, 'p', 1);
	/* a key that takes 100 ms: the prompt is out of the jitter buffer */
	help_on_loop(&f->help, send_key, f);
	wait_for(&f->b, 'k', 1);
	wait_for(&f->a, 'k', 1);
	wait_for(&f->a, 'd', 1);
	close_and_wait(f);

	assert_int_equal(f->a.plays, 1);
	assert_ptr_equal(f->a.played[0], p.prompt);
	assert_true(f->a.whole[0]);
	assert_string_equal(f->b.recording, p.path_b);
	assert_string_equal(f->b.record_error, "");
	assert_true(f->a.file_complete && f->b.file_complete);
	assert_true(f->b.end.rtp.rx >= 50);
	assert_int_equal(f->b.end.rtp.codec, codec);
	check_recordings(&p);
	sipd_prompt_unref(p.prompt);
}


static void test_prompt_is_recorded_exactly_pcmu(void **state)
{
	prompt_is_recorded(*state, SIPD_CODEC_PCMU);
}


static void test_prompt_is_recorded_exactly_pcma(void **state)
{
	prompt_is_recorded(*state, SIPD_CODEC_PCMA);
}


static void record_badly(void *arg)
{
	struct several *s = arg;

	connect_both(s->f, SIPD_CODEC_PCMU);
	record_to(&s->f->b, help_path(s->f->help.dir, "no/dir.wav"), false);
	sipd_stream_play(s->f->a.s, s->p[0], 5);
}


static void test_a_bad_recording_does_not_disturb(void **state)
{
	struct fixture *f = *state;
	struct several s;

	several_begin(&s, f);
	help_on_loop(&f->help, record_badly, &s);
	wait_for(&f->a, 'p', 1);
	wait_for(&f->b, 'f', 1);
	close_and_wait(f);
	assert_null(f->b.end.recording);
	assert_non_null(strstr(f->b.record_error, "no/dir.wav"));
	assert_true(f->a.end.rtp.tx >= 15);
	several_end(&s);
}


static void record_two(void *arg)
{
	struct several *s = arg;

	connect_both(s->f, SIPD_CODEC_PCMU);
	sipd_stream_play(s->f->a.s, s->p[0], 2);
	record_to(&s->f->a, help_path(s->f->help.dir, "1.wav"), false);
	/* replaced before it began: an empty file */
	record_to(&s->f->a, help_path(s->f->help.dir, "2.wav"), false);
	record_to(&s->f->a, s->path, false);
}


static void stop_record(void *arg)
{
	struct several *s = arg;

	sipd_stream_stop_record(s->f->a.s);
	sipd_stream_play(s->f->a.s, s->p[1], 2);
}


static void test_a_new_recording_ends_the_old(void **state)
{
	struct fixture *f = *state;
	struct several s;
	uint8_t *b;
	size_t len, n;

	several_begin(&s, f);
	help_on_loop(&f->help, record_two, &s);
	wait_for(&f->a, 'p', 1);
	help_on_loop(&f->help, stop_record, &s);
	wait_for(&f->a, 'p', 2);
	close_and_wait(f);

	assert_string_equal(f->a.recording, s.path);
	b = help_read(help_path(f->help.dir, "2.wav"), &len);
	assert_non_null(b);
	assert_int_equal(len, 44);
	free(b);
	b = help_read(help_path(f->help.dir, "1.wav"), &len);
	assert_non_null(b);
	assert_int_equal(help_get32(b + 40) + 44, len);
	free(b);
	/* stopped before the second prompt */
	free(channel(s.path, 1, 0, &n));
	assert_int_equal(f->a.end.recorded_ms, n * 20);
	assert_in_range(n, 3, 40);
	several_end(&s);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_prompt_is_recorded_exactly_pcmu),
		TEST(test_prompt_is_recorded_exactly_pcma),
		TEST(test_a_bad_recording_does_not_disturb),
		TEST(test_a_new_recording_ends_the_old),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
