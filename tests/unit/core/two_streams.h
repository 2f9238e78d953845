/**
 * @file tests/unit/core/two_streams.h  Two streams that talk over 127.0.0.1
 *
 * Events come on the loop thread and are noted there, a letter each; the
 * thread of the test waits for them with a deadline.
 */
#ifndef TESTS_UNIT_CORE_TWO_STREAMS_H
#define TESTS_UNIT_CORE_TWO_STREAMS_H

#include "lib/cmocka_all.h"
#include "media_help.h"
#include "core/media/stream.h"

enum { FRAME = SIPD_FRAME, NOTES = 64 };

struct fixture;

/* One end, of the loop. */
struct side {
	struct fixture *f;
	struct sipd_stream *s;
	uint16_t port;
	char notes[NOTES]; /* a letter for each event, in order */
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

static UNUSED void note(struct side *side, char c)
{
	if (side->noted < NOTES - 1)
		side->notes[side->noted++] = c;
	help_event(&side->f->help);
}


static UNUSED void dtmf(char digit, uint32_t duration_ms, void *arg)
{
	struct side *side = arg;

	if (side->keyc < NOTES - 1)
		side->keys[side->keyc++] = digit;
	side->key_ms = duration_ms;
	note(side, 'k');
}


static UNUSED void first(void *arg)
{
	note(arg, 'f');
}


static UNUSED void silent(void *arg)
{
	note(arg, 's');
}


static UNUSED void dtmf_sent(void *arg)
{
	note(arg, 'd');
}


static UNUSED void played(struct sipd_prompt *prompt, bool whole, void *arg)
{
	struct side *side = arg;

	assert_true(sipd_loop_here(side->f->help.loop));
	side->played[side->plays] = prompt;
	side->whole[side->plays++] = whole;
	note(side, whole ? 'p' : 'c');
}


static UNUSED void recording(const struct sipd_record_news *news, void *arg)
{
	if (news->kind == SIPD_RECORD_REFUSED)
		note(arg, 'r');
}


static UNUSED uint32_t data_bytes(const char *path)
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


static UNUSED void closed(const struct sipd_stream_end *end, void *arg)
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


/* Record to a file. */
static UNUSED void record_to(struct side *side, const char *path, bool stereo)
{
	const struct sipd_record_conf conf = {.path = path, .stereo = stereo};

	sipd_stream_record(side->s, &conf);
}


/* ---- both ends --------------------------------------------------------- */

static UNUSED void open_side(struct side *side, struct fixture *f,
			     uint32_t timeout)
{
	static const struct sipd_stream_handlers h = {
		.dtmf = dtmf,
		.first = first,
		.silent = silent,
		.played = played,
		.dtmf_sent = dtmf_sent,
		.recording = recording,
		.closed = closed,
	};
	struct sipd_stream_conf conf = {
		.media = f->media,
		.recordings = f->help.recordings,
		.loop = f->help.loop,
		.log = &f->help.log,
		.rtp_timeout_ms = timeout,
	};

	side->f = f;
	assert_true(sipd_addr_parse(&conf.addr, "127.0.0.1", 0));
	assert_int_equal(sipd_stream_open(&side->s, &conf, &h, side), 0);
	side->port = sipd_stream_port(side->s);
	assert_true(side->port > 0 && side->port % 2 == 0);
}


static UNUSED void connect_side(struct side *side, uint16_t port,
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
	remote.dtmf_khz = 8;
	remote.events[0] = (struct sipd_sdp_event){.pt = 101, .khz = 8};
	remote.eventc = 1;
	remote.ptime = 20;
	remote.dir = dir;
	sipd_stream_connect(side->s, &remote);
}


static UNUSED void open_both(void *arg)
{
	struct fixture *f = arg;

	open_side(&f->a, f, 0);
	open_side(&f->b, f, 0);
}


static UNUSED void connect_both(struct fixture *f, enum sipd_codec_id codec)
{
	connect_side(&f->a, f->b.port, codec, SIPD_SENDRECV);
	connect_side(&f->b, f->a.port, codec, SIPD_SENDRECV);
}


static UNUSED void close_both(void *arg)
{
	struct fixture *f = arg;

	sipd_stream_close(f->a.s);
	sipd_stream_close(f->b.s);
}


static UNUSED int setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	help_open(&f.help);
	assert_int_equal(sipd_media_start(&f.media, 1, &f.help.log), 0);
	help_on_loop(&f.help, open_both, &f);
	*state = &f;

	return 0;
}


static UNUSED int teardown(void **state)
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


static UNUSED void count_handler(void *arg)
{
	struct look *l = arg;

	l->n = 0;
	for (size_t i = 0; i < l->side->noted; i++)
		l->n += l->side->notes[i] == l->c;
}


/* Until n such events of a side. */
static UNUSED void wait_for(struct side *side, char c, size_t n)
{
	struct help *h = &side->f->help;
	struct look l = {side, c, 0};

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


static UNUSED void close_and_wait(struct fixture *f)
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
static UNUSED struct sipd_prompt *make_prompt(size_t frames, uint32_t seed)
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


static UNUSED void join_path(char *buf, size_t size, const struct fixture *f,
			     const char *name)
{
	(void)snprintf(buf, size, "%s", help_path(f->help.dir, name));
}


/* One channel of a recording, to be freed. */
static UNUSED int16_t *channel(const char *path, unsigned channels,
			       unsigned at, size_t *frames)
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


static UNUSED void send_key(void *arg)
{
	struct fixture *f = arg;

	sipd_stream_dtmf(f->a.s, "1");
}


struct several {
	struct fixture *f;
	struct sipd_prompt *p[4];
	char path[600];
};


static UNUSED void several_begin(struct several *s, struct fixture *f)
{
	memset(s, 0, sizeof(*s));
	s->f = f;
	for (uint32_t i = 0; i < 4; i++)
		s->p[i] = make_prompt(3, 100 + i);
	join_path(s->path, sizeof(s->path), f, "s.wav");
}


static UNUSED void several_end(struct several *s)
{
	for (int i = 0; i < 4; i++)
		sipd_prompt_unref(s->p[i]);
}


#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
