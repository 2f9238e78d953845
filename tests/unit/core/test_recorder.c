/**
 * @file tests/unit/core/test_recorder.c  Recordings
 */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include "lib/cmocka_all.h"
#include "media_help.h"
#include "core/media/recorder.h"

enum { FRAME = SIPD_FRAME, KINDS = 8 };

struct fixture {
	struct help help;
	char path[600];
	int ended; /* events so far */
	/* of the last end */
	char begun[600], end_path[600], error[600], limit[64];
	uint64_t ms, lost_ms;
	enum sipd_record_news_kind kinds[KINDS];
	unsigned told;
};


static int setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	help_open(&f.help);
	(void)snprintf(f.path, sizeof(f.path), "%s/r.wav", f.help.dir);
	*state = &f;

	return 0;
}


static int teardown(void **state)
{
	struct fixture *f = *state;

	help_close(&f->help);

	return 0;
}


static void told(const struct sipd_record_news *news, void *arg)
{
	struct fixture *f = arg;

	f->kinds[f->told++ % KINDS] = news->kind;
	if (news->kind == SIPD_RECORD_BEGUN)
		(void)snprintf(f->begun, sizeof(f->begun), "%s", news->path);
	if (news->limit)
		(void)snprintf(f->limit, sizeof(f->limit), "%s", news->limit);
	if (news->text && !f->error[0])
		(void)snprintf(f->error, sizeof(f->error), "%s", news->text);
	if (news->over) {
		(void)snprintf(f->end_path, sizeof(f->end_path), "%s",
			       news->path ? news->path : "");
		f->ms = news->ms;
		f->lost_ms = news->lost_ms;
	}
	if (news->over || news->kind == SIPD_RECORD_FULL)
		help_event(&f->help);
}


static struct sipd_recorder *start_as(struct fixture *f,
				      const struct sipd_record_conf *conf)
{
	struct sipd_recorder *r = NULL;

	assert_int_equal(sipd_recorder_start(&r, f->help.recordings,
					     f->help.loop, conf, told, f),
			 0);

	return r;
}


static struct sipd_recorder *start(struct fixture *f, bool stereo)
{
	const struct sipd_record_conf conf = {.path = f->path,
					      .stereo = stereo};

	return start_as(f, &conf);
}


static void finish_as(struct fixture *f, struct sipd_recorder *r, bool keep)
{
	sipd_recorder_end(r, keep);
	help_wait(&f->help, ++f->ended);
}


static void finish(struct fixture *f, struct sipd_recorder *r)
{
	finish_as(f, r, false);
}


/* The clock of the frames. */
static uint64_t now_us = 1000000;


static void put_frame(struct sipd_recorder *r, const struct sipd_rx_frame *rx,
		      const int16_t *tx)
{
	now_us += 20000;
	sipd_recorder_put(r, rx, tx, now_us);
}


static void put(struct sipd_recorder *r, int heard, int said)
{
	struct sipd_rx_frame rx = {.kind = SIPD_RX_AUDIO};
	int16_t tx[FRAME];

	for (int i = 0; i < FRAME; i++) {
		rx.pcm[i] = (int16_t)heard;
		tx[i] = (int16_t)said;
	}
	put_frame(r, &rx, tx);
}


/* The header must speak of what is there. Bytes of audio. */
static size_t check_head(const uint8_t *b, size_t len, unsigned channels)
{
	uint32_t data;

	assert_non_null(b);
	assert_true(len >= 44);
	data = help_get32(b + 40);
	assert_memory_equal(b, "RIFF", 4);
	assert_memory_equal(b + 8, "WAVEfmt ", 8);
	assert_int_equal(help_get32(b + 20), 1 | channels << 16);
	assert_int_equal(help_get32(b + 24), 8000);
	assert_int_equal(help_get32(b + 28), 8000 * 2 * channels);
	assert_int_equal(help_get32(b + 32), 2 * channels | 16 << 16);
	assert_memory_equal(b + 36, "data", 4);
	assert_true(44 + (size_t)data <= len);
	assert_int_equal(data % (2 * channels), 0);

	return data;
}


static int sample(const uint8_t *b, size_t i)
{
	return (int16_t)(b[44 + 2 * i] | b[45 + 2 * i] << 8);
}


static void test_mono_is_both_saturated(void **state)
{
	struct fixture *f = *state;
	struct sipd_recorder *r = start(f, false);
	uint8_t *b;
	size_t len;

	put(r, 1000, -300);
	put(r, 30000, 30000);
	put(r, -30000, -30000);
	finish(f, r);

	assert_string_equal(f->end_path, f->path);
	assert_string_equal(f->error, "");
	assert_int_equal(f->ms, 60);
	b = help_read(f->path, &len);
	assert_int_equal(check_head(b, len, 1), 3 * 2 * FRAME);
	assert_int_equal(len, 44 + 3 * 2 * FRAME);
	assert_int_equal(help_get32(b + 4), len - 8);
	for (size_t i = 0; i < FRAME; i++) {
		assert_int_equal(sample(b, i), 700);
		assert_int_equal(sample(b, FRAME + i), 32767);
		assert_int_equal(sample(b, 2 * FRAME + i), -32768);
	}
	free(b);
}


static void test_stereo_is_far_left_we_right(void **state)
{
	struct fixture *f = *state;
	struct sipd_recorder *r = start(f, true);
	struct stat st;
	uint8_t *b;
	size_t len;

	put(r, 111, -222);
	finish(f, r);

	assert_int_equal(f->ms, 20);
	b = help_read(f->path, &len);
	assert_int_equal(check_head(b, len, 2), 4 * FRAME);
	for (size_t i = 0; i < FRAME; i++) {
		assert_int_equal(sample(b, 2 * i), 111);
		assert_int_equal(sample(b, 2 * i + 1), -222);
	}
	free(b);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}


/* Wait until the file has so much audio, looking at it all the time. */
static void wait_for_file(struct fixture *f, size_t bytes)
{
	const struct timespec moment = {0, 2000000};
	const uint64_t end = sipd_clock_ms() + HELP_DEADLINE_MS;
	size_t have = 0;

	while (have < bytes && sipd_clock_ms() < end) {
		size_t len;
		uint8_t *b = help_read(f->path, &len);

		if (b && len >= 44 && !memcmp(b, "RIFF", 4))
			have = check_head(b, len, 1);
		free(b);
		(void)nanosleep(&moment, NULL);
	}
	assert_int_equal(have, bytes);
}


static void test_header_is_true_after_each_flush(void **state)
{
	struct fixture *f = *state;
	struct sipd_recorder *r = start(f, false);

	for (size_t i = 1; i <= 4; i++) {
		for (int k = 0; k < 13; k++)
			put(r, (int)i, 0);
		wait_for_file(f, i * 13 * 2 * FRAME);
	}
	finish(f, r);
	assert_int_equal(f->ms, 4 * 13 * 20);
}


static void test_gaps_are_concealed_and_keep_time(void **state)
{
	struct fixture *f = *state;
	struct sipd_recorder *r = start(f, true);
	struct sipd_rx_frame lost = {.kind = SIPD_RX_LOST};
	struct sipd_rx_frame none = {.kind = SIPD_RX_NONE};
	uint8_t *b;
	size_t len;

	for (int k = 0; k < 4; k++)
		put(r, 1000, 5);
	put_frame(r, &lost, NULL); /* frame 4: made up */
	put(r, 1000, 5);
	put_frame(r, &none, NULL); /* 6: silence */
	put(r, 2000, 5);
	finish(f, r);

	assert_int_equal(f->ms, 8 * 20);
	assert_string_equal(f->error, "");
	b = help_read(f->path, &len);
	(void)check_head(b, len, 2);
	for (size_t i = 4 * FRAME; i < 5 * FRAME; i++)
		assert_int_equal(sample(b, 2 * i + 1), 0);
	assert_int_equal(sample(b, 2 * (4 * FRAME + 40)), 1000);
	assert_int_equal(sample(b, 2 * (5 * FRAME + 80)), 1000);
	for (size_t i = 6 * FRAME; i < 7 * FRAME; i++)
		assert_int_equal(sample(b, 2 * i), 0);
	assert_int_equal(sample(b, 2 * 7 * FRAME), 2000);
	free(b);
}


/* The media thread was held up for 300 ms and went on without them. */
static void test_frames_given_up_become_silence(void **state)
{
	struct fixture *f = *state;
	struct sipd_recorder *r = start(f, false);
	uint8_t *b;
	size_t len, quiet = 0;

	for (int k = 0; k < 20; k++)
		put(r, 100, 0);
	now_us += 300000;
	for (int k = 0; k < 80; k++)
		put(r, 200, 0);
	finish(f, r);

	assert_int_equal(f->ms, 20 * (20 + 15 + 80));
	b = help_read(f->path, &len);
	(void)check_head(b, len, 1);
	for (size_t i = 0; i < (len - 44) / 2; i++)
		quiet += !sample(b, i);
	assert_int_equal(quiet, 15 * FRAME);
	assert_int_equal(sample(b, 114 * FRAME), 200);
	free(b);
}


/* Late, then all at once: nothing is missing. */
static void test_a_burst_adds_nothing(void **state)
{
	struct fixture *f = *state;
	struct sipd_recorder *r = start(f, false);

	for (int k = 0; k < 180; k++) {
		if (k % 30 == 0)
			now_us += 80000;
		if (k % 30 < 5)
			now_us -= k % 30 ? 20000 : 0;
		put(r, 100, 0);
	}
	finish(f, r);
	assert_int_equal(f->ms, 20 * 180);
}


/* ---- a slow disk ------------------------------------------------------- */

struct block {
	struct sipd_job job;
	struct help help;
	bool gone;
};


static void block_run(struct sipd_job *job)
{
	struct block *block = SIPD_CONTAINER(job, struct block, job);

	help_event(&block->help); /* 1: the disk stands still */
	help_wait(&block->help, 2);
}


static void test_a_slow_disk_costs_audio_but_no_time(void **state)
{
	struct fixture *f = *state;
	struct block block;
	struct sipd_recorder *r;
	uint8_t *b;
	size_t len;

	memset(&block, 0, sizeof(block));
	(void)pthread_mutex_init(&block.help.lock, NULL);
	(void)pthread_cond_init(&block.help.cond, NULL);
	block.job.run = block_run;

	r = start(f, false);
	put(r, 7, 0);
	wait_for_file(f, 2 * FRAME);
	sipd_disk_post(f->help.disk, &block.job);
	help_wait(&block.help, 1);
	for (int k = 0; k < SIPD_RECORD_RING + 100; k++)
		put(r, 1000 + k, 0);
	help_event(&block.help);
	wait_for_file(f, 2 * FRAME * (1 + SIPD_RECORD_RING));
	put(r, 9, 0);
	finish(f, r);

	assert_int_equal(f->ms, 20 * (1 + SIPD_RECORD_RING + 100 + 1));
	assert_non_null(strstr(f->error, "2000 ms of audio"));
	assert_int_equal(f->lost_ms, 2000);
	b = help_read(f->path, &len);
	(void)check_head(b, len, 1);
	assert_int_equal(sample(b, 0), 7);
	for (size_t k = 0; k < SIPD_RECORD_RING; k++)
		assert_int_equal(sample(b, (1 + k) * FRAME), 1000 + k);
	for (size_t k = SIPD_RECORD_RING; k < SIPD_RECORD_RING + 100; k++)
		assert_int_equal(sample(b, (1 + k) * FRAME), 0);
	assert_int_equal(sample(b, (1 + SIPD_RECORD_RING + 100) * FRAME), 9);
	free(b);
	(void)pthread_cond_destroy(&block.help.cond);
	(void)pthread_mutex_destroy(&block.help.lock);
}


static void test_a_full_disk_leaves_a_good_file(void **state)
{
	struct fixture *f = *state;
	struct sipd_recorder *r;
	struct rlimit old, small;
	uint8_t *b;
	size_t len;

	/* the kernel stops the file there, in the middle of a frame */
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 44 + 10 * 2 * FRAME + 101;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);

	r = start(f, false);
	for (int k = 0; k < 30; k++)
		put(r, 500, 0);
	finish(f, r);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);

	assert_string_equal(f->end_path, f->path);
	assert_non_null(strstr(f->error, strerror(EFBIG)));
	assert_int_equal(f->ms, 206);
	b = help_read(f->path, &len);
	assert_int_equal(check_head(b, len, 1), 10 * 2 * FRAME + 100);
	free(b);
}


static void refused(struct fixture *f, const char *path, const char *words)
{
	struct sipd_recorder *r;

	(void)snprintf(f->path, sizeof(f->path), "%s", path);
	f->error[0] = '\0';
	r = start(f, false);
	put(r, 1, 1);
	finish(f, r);
	assert_string_equal(f->end_path, "");
	assert_int_equal(f->ms, 0);
	if (!strstr(f->error, words))
		fail_msg("'%s' does not say '%s'", f->error, words);
}


static void test_no_file_is_told_at_the_end(void **state)
{
	struct fixture *f = *state;
	const char *dir = f->help.dir;

	help_write(help_path(dir, "target"), "keep", 4);
	assert_int_equal(symlink("target", help_path(dir, "link.wav")), 0);
	refused(f, help_path(dir, "link.wav"), "symbolic link");
	assert_int_equal(mkfifo(help_path(dir, "fifo.wav"), 0600), 0);
	refused(f, help_path(dir, "fifo.wav"), "fifo.wav");
	refused(f, help_path(dir, "no/such/dir.wav"), strerror(ENOENT));
	refused(f, dir, strerror(EISDIR));
	refused(f, "/dev/full", "not a regular file");
}


static void test_an_old_file_is_replaced_a_busy_one_not(void **state)
{
	struct fixture *f = *state;
	char path[600], junk[10000];
	struct sipd_recorder *r;
	uint8_t *b;
	size_t len;

	memcpy(path, f->path, sizeof(path));
	memset(junk, 'x', sizeof(junk));
	help_write(path, junk, sizeof(junk));
	r = start(f, false);
	put(r, 42, 0);
	wait_for_file(f, 2 * FRAME);
	refused(f, path, "another recording");
	finish(f, r);

	b = help_read(path, &len);
	assert_int_equal(len, 44 + 2 * FRAME);
	assert_int_equal(sample(b, 0), 42);
	free(b);
}


int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_mono_is_both_saturated),
		TEST(test_stereo_is_far_left_we_right),
		TEST(test_header_is_true_after_each_flush),
		TEST(test_gaps_are_concealed_and_keep_time),
		TEST(test_frames_given_up_become_silence),
		TEST(test_a_burst_adds_nothing),
		TEST(test_a_slow_disk_costs_audio_but_no_time),
		TEST(test_a_full_disk_leaves_a_good_file),
		TEST(test_no_file_is_told_at_the_end),
		TEST(test_an_old_file_is_replaced_a_busy_one_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
