/**
 * @file tests/unit/core/test_stream.c  Two streams talk over 127.0.0.1
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "media_help.h"
#include "core/media/stream.h"
#include "port/codec/g711.h"

enum { FRAME = SIPD_FRAME, NOTES = 64 };

struct fixture;

/* One end, of the loop. */
struct side {
	struct fixture *f;
	struct sipd_stream *s;
	uint16_t port;
	char notes[NOTES];      /* a letter for each event, in order */
	size_t noted;
	struct sipd_prompt *played[NOTES];
	bool whole[NOTES];
	size_t plays;
	char keys[NOTES];
	size_t keyc;
	uint32_t key_ms;
	/* of closed() */
	struct sipd_stream_end end;
	char recording[600], record_error[600];
	bool file_complete;
};

struct fixture {
	struct help help;
	struct sipd_media *media;
	struct side a, b;
};


/* ---- events ------------------------------------------------------------ */

static void note(struct side *side, char c)
{
	if (side->noted < NOTES - 1)
		side->notes[side->noted++] = c;
	help_event(&side->f->help);
}


static void dtmf(char digit, uint32_t duration_ms, void *arg)
{
	struct side *side = arg;

	if (side->keyc < NOTES - 1)
		side->keys[side->keyc++] = digit;
	side->key_ms = duration_ms;
	note(side, 'k');
}


static void first(void *arg)
{
	note(arg, 'f');
}


static void silent(void *arg)
{
	note(arg, 's');
}


static void dtmf_sent(void *arg)
{
	note(arg, 'd');
}


static void played(struct sipd_prompt *prompt, bool whole, void *arg)
{
	struct side *side = arg;

	assert_true(sipd_loop_here(side->f->help.loop));
	side->played[side->plays] = prompt;
	side->whole[side->plays++] = whole;
	note(side, whole ? 'p' : 'c');
}


static uint32_t data_bytes(const char *path)
{
	size_t len;
	uint8_t *b = help_read(path, &len);
	uint32_t n = 0;

	if (b && len >= 44)
		n = help_get32(b + 40);
	if (n + 44 != len)
		n = 0;
	free(b);

	return n;
}


static void closed(const struct sipd_stream_end *end, void *arg)
{
	struct side *side = arg;

	side->end = *end;
	if (end->recording) {
		(void)snprintf(side->recording, sizeof(side->recording), "%s",
			       end->recording);
		side->file_complete = data_bytes(end->recording) != 0;
	}
	if (end->record_error)
		(void)snprintf(side->record_error, sizeof(side->record_error),
			       "%s", end->record_error);
	note(side, 'x');
}


/* ---- both ends --------------------------------------------------------- */

static void open_side(struct side *side, struct fixture *f, uint32_t timeout)
{
	static const struct sipd_stream_handlers h = {
		.dtmf = dtmf, .first = first, .silent = silent,
		.played = played, .dtmf_sent = dtmf_sent, .closed = closed
	};
	struct sipd_stream_conf conf = {
		.media = f->media, .disk = f->help.disk, .loop = f->help.loop,
		.log = &f->help.log, .rtp_timeout_ms = timeout
	};

	side->f = f;
	assert_true(sipd_addr_parse(&conf.addr, "127.0.0.1", 0));
	assert_int_equal(sipd_stream_open(&side->s, &conf, &h, side), 0);
	side->port = sipd_stream_port(side->s);
	assert_true(side->port > 0 && side->port % 2 == 0);
}


static void connect_side(struct side *side, uint16_t port,
			 enum sipd_codec_id codec, enum sipd_dir dir)
{
	struct sipd_sdp_remote remote;

	memset(&remote, 0, sizeof(remote));
	assert_true(sipd_addr_parse(&remote.rtp, "127.0.0.1", port));
	assert_true(sipd_addr_parse(&remote.rtcp, "127.0.0.1",
				    (uint16_t)(port + 1)));
	remote.codec = codec;
	remote.pt_in[SIPD_CODEC_PCMA] = 8;
	remote.pt = codec == SIPD_CODEC_PCMA ? 8 : 0;
	remote.dtmf_pt = 101;
	remote.ptime = 20;
	remote.dir = dir;
	sipd_stream_connect(side->s, &remote);
}


static void open_both(void *arg)
{
	struct fixture *f = arg;

	open_side(&f->a, f, 0);
	open_side(&f->b, f, 0);
}


static void connect_both(struct fixture *f, enum sipd_codec_id codec)
{
	connect_side(&f->a, f->b.port, codec, SIPD_SENDRECV);
	connect_side(&f->b, f->a.port, codec, SIPD_SENDRECV);
}


static void close_both(void *arg)
{
	struct fixture *f = arg;

	sipd_stream_close(f->a.s);
	sipd_stream_close(f->b.s);
}


static int setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	help_open(&f.help);
	assert_int_equal(sipd_media_start(&f.media, 1, &f.help.log), 0);
	help_on_loop(&f.help, open_both, &f);
	*state = &f;

	return 0;
}


static int teardown(void **state)
{
	struct fixture *f = *state;

	sipd_media_stop(f->media);
	help_close(&f->help);

	return 0;
}


struct look {
	const struct side *side;
	char c;
	size_t n;
};


static void count_handler(void *arg)
{
	struct look *l = arg;

	l->n = 0;
	for (size_t i = 0; i < l->side->noted; i++)
		l->n += l->side->notes[i] == l->c;
}


/* Until n such events of a side. */
static void wait_for(struct side *side, char c, size_t n)
{
	struct help *h = &side->f->help;
	struct look l = { side, c, 0 };

	for (;;) {
		int seen;

		(void)pthread_mutex_lock(&h->lock);
		seen = h->count;
		(void)pthread_mutex_unlock(&h->lock);
		help_on_loop(h, count_handler, &l);
		if (l.n >= n)
			return;
		help_wait(h, seen + 1);
	}
}


static void close_and_wait(struct fixture *f)
{
	help_on_loop(&f->help, close_both, f);
	wait_for(&f->a, 'x', 1);
	wait_for(&f->b, 'x', 1);
	/* the last event, once */
	assert_int_equal(f->a.notes[f->a.noted - 1], 'x');
	assert_int_equal(f->b.notes[f->b.noted - 1], 'x');
	assert_ptr_equal(strchr(f->a.notes, 'x'), f->a.notes + f->a.noted - 1);
}


/* No two frames are alike, and none is silent. */
static struct sipd_prompt *make_prompt(size_t frames, uint32_t seed)
{
	struct sipd_prompt *p = NULL;
	int16_t *pcm = malloc(frames * FRAME * sizeof(*pcm));

	assert_non_null(pcm);
	for (size_t i = 0; i < frames * FRAME; i++) {
		seed = seed * 1664525 + 1013904223;
		pcm[i] = (int16_t)((int)(seed >> 16 & 0x3fff) - 0x2000);
	}
	assert_int_equal(sipd_prompt_make(&p, pcm, frames * FRAME), 0);
	free(pcm);

	return p;
}


static void join_path(char *buf, size_t size, const struct fixture *f,
		      const char *name)
{
	(void)snprintf(buf, size, "%s", help_path(f->help.dir, name));
}


/* One channel of a recording, to be freed. */
static int16_t *channel(const char *path, unsigned channels, unsigned at,
			size_t *frames)
{
	size_t len;
	uint8_t *b = help_read(path, &len);
	int16_t *pcm;
	size_t n;

	assert_non_null(b);
	assert_int_equal(b[22], channels);
	assert_int_equal(help_get32(b + 40) + 44, len);
	n = (len - 44) / 2 / channels;
	assert_int_equal(n % FRAME, 0);
	pcm = malloc((n + 1) * sizeof(*pcm));
	assert_non_null(pcm);
	for (size_t i = 0; i < n; i++) {
		const uint8_t *p = b + 44 + 2 * (i * channels + at);

		pcm[i] = (int16_t)(p[0] | p[1] << 8);
	}
	free(b);
	*frames = n / FRAME;

	return pcm;
}


/* ---- tests ------------------------------------------------------------- */

struct play {
	struct fixture *f;
	struct sipd_prompt *prompt;
	enum sipd_codec_id codec;
	char path_a[600], path_b[600];
};


static void play_and_record(void *arg)
{
	struct play *p = arg;

	sipd_stream_record(p->f->a.s, p->path_a, true);
	sipd_stream_record(p->f->b.s, p->path_b, false);
	connect_both(p->f, p->codec);
	sipd_stream_play(p->f->a.s, p->prompt, 1);
	sipd_stream_dtmf(p->f->b.s, "7");
}


static void send_key(void *arg)
{
	struct fixture *f = arg;

	sipd_stream_dtmf(f->a.s, "1");
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
	struct play p = { .f = f, .codec = codec };

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


struct several {
	struct fixture *f;
	struct sipd_prompt *p[4];
	char path[600];
};


static void several_begin(struct several *s, struct fixture *f)
{
	memset(s, 0, sizeof(*s));
	s->f = f;
	for (uint32_t i = 0; i < 4; i++)
		s->p[i] = make_prompt(3, 100 + i);
	join_path(s->path, sizeof(s->path), f, "s.wav");
}


static void several_end(struct several *s)
{
	for (int i = 0; i < 4; i++)
		sipd_prompt_unref(s->p[i]);
}


static void repeat_three(void *arg)
{
	struct several *s = arg;

	sipd_stream_record(s->f->a.s, s->path, true);
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
	assert_int_equal(s->f->a.noted, 0); /* nor inside close() */
	sipd_stream_play(s->f->a.s, s->p[0], 1); /* too late: nothing */
	sipd_stream_record(s->f->a.s, s->path, false);
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


static void record_badly(void *arg)
{
	struct several *s = arg;

	connect_both(s->f, SIPD_CODEC_PCMU);
	sipd_stream_record(s->f->b.s,
			   help_path(s->f->help.dir, "no/dir.wav"), false);
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
	sipd_stream_record(s->f->a.s, help_path(s->f->help.dir, "1.wav"),
			   false);
	/* replaced before it began: an empty file */
	sipd_stream_record(s->f->a.s, help_path(s->f->help.dir, "2.wav"),
			   false);
	sipd_stream_record(s->f->a.s, s->path, false);
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
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_prompt_is_recorded_exactly_pcmu),
		TEST(test_prompt_is_recorded_exactly_pcma),
		TEST(test_repeat_and_stop),
		TEST(test_each_play_is_told_once_in_order),
		TEST(test_close_cuts_off_what_waits),
		TEST(test_an_empty_prompt_ends_at_once),
		TEST(test_a_prompt_waits_while_held),
		TEST(test_keys_arrive_in_order),
		TEST(test_silence_is_told),
		TEST(test_a_bad_recording_does_not_disturb),
		TEST(test_a_new_recording_ends_the_old),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
