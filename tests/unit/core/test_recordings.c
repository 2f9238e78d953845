/**
 * @file tests/unit/core/test_recordings.c  Limits, folders and old days
 */
#include <fcntl.h>
#include <sys/stat.h>
#include "lib/cmocka_all.h"
#include "base/error.h"
#include "media_help.h"
#include "base/container.h"
#include "core/media/recorder.h"
#include "port/file/shelf.h"

enum { FRAME = SIPD_FRAME, MIB = 1024 * 1024, HEAD = SIPD_RECORD_HEAD };

struct fixture {
	struct help help;
	int news; /* so far */
	/* of the last */
	enum sipd_record_news_kind kind;
	char path[900], text[600];
	uint64_t ms;
};


static int setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	(void)setenv("TZ", "UTC0", 1);
	tzset();
	help_open(&f.help);
	*state = &f;

	return 0;
}


static int teardown(void **state)
{
	struct fixture *f = *state;

	help_close(&f->help);

	return 0;
}


/* Those of setup() go; nothing is on its way. */
static void limits(struct fixture *f, const struct sipd_recordings_conf *conf)
{
	sipd_recordings_close(f->help.recordings);
	help_recordings(&f->help, conf);
}


static void told(const struct sipd_record_news *news, void *arg)
{
	struct fixture *f = arg;

	if (news->kind == SIPD_RECORD_GONE)
		return;
	f->kind = news->kind;
	f->ms = news->ms;
	(void)snprintf(f->path, sizeof(f->path), "%s",
		       news->path ? news->path : "");
	(void)snprintf(f->text, sizeof(f->text), "%s",
		       news->text    ? news->text
		       : news->limit ? news->limit
				     : "");
	help_event(&f->help);
}


static void next(struct fixture *f, enum sipd_record_news_kind kind)
{
	help_wait(&f->help, ++f->news);
	assert_int_equal(f->kind, kind);
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


static struct sipd_recorder *start(struct fixture *f, const char *name)
{
	const struct sipd_record_conf conf = {.path = name, .named = true};

	return start_as(f, &conf);
}


static void put(struct sipd_recorder *r, unsigned frames)
{
	static uint64_t now_us = 1000000;
	struct sipd_rx_frame rx = {.kind = SIPD_RX_AUDIO};

	while (frames--) {
		now_us += 20000;
		sipd_recorder_put(r, &rx, NULL, now_us);
	}
}


static const char *at(const struct fixture *f, const char *name)
{
	return help_path(f->help.folder, name);
}


static off_t size_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) ? -1 : st.st_size;
}


/* ---- names ------------------------------------------------------------------ */

static void test_folders_and_file_are_ours_alone(void **state)
{
	struct fixture *f = *state;
	struct sipd_recorder *r = start(f, "2026-11-22/a/7.wav");
	struct stat st;

	next(f, SIPD_RECORD_BEGUN);
	assert_string_equal(f->path, at(f, "2026-11-22/a/7.wav"));
	put(r, 5);
	sipd_recorder_end(r, false);
	next(f, SIPD_RECORD_ENDED);
	assert_string_equal(f->text, "");
	assert_int_equal(f->ms, 100);

	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_size, HEAD + 5 * 2 * FRAME);
	assert_int_equal(stat(at(f, "2026-11-22/a"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(stat(at(f, "2026-11-22"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(stat(f->help.folder, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
}


static void test_a_name_that_is_taken_gets_a_number(void **state)
{
	struct fixture *f = *state;
	struct sipd_recorder *r;

	assert_int_equal(mkdir(f->help.folder, 0700), 0);
	help_write(at(f, "7.wav"), "keep", 4);
	assert_int_equal(symlink("/dev/null", at(f, "7-2.wav")), 0);
	r = start(f, "7.wav");
	next(f, SIPD_RECORD_BEGUN);
	assert_string_equal(f->path, at(f, "7-3.wav"));
	sipd_recorder_end(r, false);
	next(f, SIPD_RECORD_ENDED);
	assert_int_equal(size_of(at(f, "7.wav")), 4);
}


static void test_a_name_is_taken_by_a_hundred(void **state)
{
	struct fixture *f = *state;
	struct sipd_recorder *r;
	char name[32];

	assert_int_equal(mkdir(f->help.folder, 0700), 0);
	help_write(at(f, "7.wav"), "", 0);
	for (int i = 2; i <= SIPD_SHELF_SAME_MAX; i++) {
		(void)snprintf(name, sizeof(name), "7-%d.wav", i);
		help_write(at(f, name), "", 0);
	}
	r = start(f, "7.wav");
	next(f, SIPD_RECORD_REFUSED);
	assert_non_null(strstr(f->text, "-99"));
	sipd_recorder_end(r, false);
}


/* Whoever can make links there does not lead us out. */
static void test_no_link_is_followed(void **state)
{
	struct fixture *f = *state;
	struct sipd_recorder *r;

	assert_int_equal(mkdir(f->help.folder, 0700), 0);
	assert_int_equal(symlink(f->help.dir, at(f, "2026-11-22")), 0);
	r = start(f, "2026-11-22/7.wav");
	next(f, SIPD_RECORD_REFUSED);
	assert_int_equal(size_of(help_path(f->help.dir, "7.wav")), -1);
	sipd_recorder_end(r, false);
}


/* ---- limits -------------------------------------------------------------------- */

/* It is told once, and the file is whole. */
static void ends_itself(struct fixture *f, const struct sipd_record_conf *conf,
			const char *why, size_t bytes)
{
	struct sipd_recorder *r = start_as(f, conf);
	uint8_t *b;
	size_t len;

	next(f, SIPD_RECORD_BEGUN);
	put(r, 100);
	next(f, SIPD_RECORD_FULL);
	put(r, 10);
	sipd_recorder_end(r, false);
	next(f, SIPD_RECORD_ENDED);
	assert_string_equal(f->text, why);
	assert_int_equal(size_of(f->path), HEAD + bytes);
	b = help_read(f->path, &len);
	assert_int_equal(help_get32(b + 40), bytes);
	assert_int_equal(help_get32(b + 4), bytes + HEAD - 8);
	free(b);
}


static void test_a_recording_ends_at_its_limits(void **state)
{
	struct fixture *f = *state;
	struct sipd_record_conf conf = {.path = "a.wav",
					.named = true,
					.max_bytes = 10001};

	ends_itself(f, &conf, "record.max_size reached", 10001 - HEAD - 1);
	conf.stereo = true;
	ends_itself(f, &conf, "record.max_size reached", 9956);
	conf.max_ms = 100;
	ends_itself(f, &conf, "record.max_duration reached", 100 * 32);
	conf.max_bytes = 1;
	ends_itself(f, &conf, "record.max_size reached", 4);
}


static void test_with_too_little_free_none_begins(void **state)
{
	struct fixture *f = *state;
	const struct sipd_recordings_conf conf = {.min_free = 1ULL << 60};
	struct sipd_record_conf file = {
		.path = help_path(f->help.dir, "x.wav")};
	struct sipd_recordings_stats st;
	struct sipd_recorder *r;

	limits(f, &conf);
	r = start(f, "7.wav");
	next(f, SIPD_RECORD_REFUSED);
	assert_non_null(strstr(f->text, "record.min_free is 1099511627776"));
	sipd_recorder_end(r, false);

	r = start_as(f, &file); /* nor one that the host has named */
	next(f, SIPD_RECORD_REFUSED);
	sipd_recorder_end(r, false);
	sipd_recordings_stats(f->help.recordings, &st);
	assert_int_equal(st.refused, 2);
	assert_int_equal(st.begun, 0);
	assert_int_equal(size_of(f->help.folder), -1);
}


static void test_beyond_the_total_none_begins(void **state)
{
	struct fixture *f = *state;
	const struct sipd_recordings_conf conf = {.max_total = 6000};
	struct sipd_recordings_stats st;
	struct sipd_recorder *r, *other;

	limits(f, &conf);
	r = start(f, "1.wav");
	next(f, SIPD_RECORD_BEGUN);
	put(r, 20);
	sipd_recorder_end(r, false);
	next(f, SIPD_RECORD_ENDED);

	other = start(f, "2.wav");
	next(f, SIPD_RECORD_REFUSED);
	assert_non_null(strstr(f->text, "record.max_total"));
	sipd_recorder_end(other, false);
	sipd_recordings_stats(f->help.recordings, &st);
	assert_int_equal(st.total, 20 * 2 * FRAME);
	assert_int_equal(st.begun, 1);
}


/* Of those that were there before, only ours. */
static void test_the_total_is_looked_up(void **state)
{
	struct fixture *f = *state;
	const struct sipd_recordings_conf conf = {.max_total = MIB};
	struct sipd_recordings_stats st;
	const uint64_t end = sipd_clock_ms() + HELP_DEADLINE_MS;
	const struct timespec moment = {0, 2000000};

	assert_int_equal(mkdir(f->help.folder, 0700), 0);
	assert_int_equal(mkdir(at(f, "2026-01-01"), 0700), 0);
	help_write(at(f, "1.wav"), "0123456789", 10);
	help_write(at(f, "theirs.wav"), "0123456789", 10);
	help_write(at(f, ".sipdialer"), "1.wav\n", 6);
	help_write(at(f, "2026-01-01/2.wav"), "01234", 5);
	help_write(at(f, "2026-01-01/.sipdialer"),
		   "2.wav\ngone.wav\n../1.wav\n\n/etc/passwd\n", 38);
	limits(f, &conf);
	do {
		sipd_recordings_stats(f->help.recordings, &st);
		(void)nanosleep(&moment, NULL);
	} while (!st.total && sipd_clock_ms() < end);
	assert_int_equal(st.total, 15);
}


/* ---- who was there is not known yet --------------------------------------------- */

static void test_the_undecided_is_removed_or_kept(void **state)
{
	struct fixture *f = *state;
	const struct sipd_record_conf conf = {.path = "2026-11-22/7.wav",
					      .named = true,
					      .undecided = true};
	struct sipd_recordings_stats st;
	struct sipd_recorder *r = start_as(f, &conf);

	next(f, SIPD_RECORD_BEGUN);
	put(r, 10);
	sipd_recorder_end(r, false);
	next(f, SIPD_RECORD_REMOVED);
	assert_int_equal(size_of(at(f, "2026-11-22/7.wav")), -1);
	sipd_recordings_stats(f->help.recordings, &st);
	assert_int_equal(st.total, 0);
	assert_int_equal(st.removed, 1);
	assert_int_equal(st.active, 0);

	r = start_as(f, &conf);
	next(f, SIPD_RECORD_BEGUN);
	put(r, 10);
	sipd_recorder_end(r, true);
	next(f, SIPD_RECORD_ENDED);
	assert_int_equal(size_of(at(f, "2026-11-22/7.wav")),
			 HEAD + 10 * 2 * FRAME);
}


static void test_what_took_its_place_is_not_removed(void **state)
{
	struct fixture *f = *state;
	const struct sipd_record_conf conf = {.path = "7.wav",
					      .named = true,
					      .undecided = true};
	struct sipd_recorder *r = start_as(f, &conf);
	char away[600];

	next(f, SIPD_RECORD_BEGUN);
	(void)snprintf(away, sizeof(away), "%s/away", f->help.dir);
	assert_int_equal(rename(at(f, "7.wav"), away), 0);
	help_write(at(f, "7.wav"), "theirs", 6);
	sipd_recorder_end(r, false);
	next(f, SIPD_RECORD_ENDED);
	assert_non_null(strstr(f->text, "another file"));
	assert_int_equal(size_of(at(f, "7.wav")), 6);
}


/* ---- old days ---------------------------------------------------------------------- */

/* A folder of a day, so many days ago, with two files of ours, and perhaps one
 * that is not. */
static void day_make(const struct fixture *f, char *name, int ago, bool theirs)
{
	const time_t t = time(NULL) - (time_t)ago * 86400;
	char sub[64];
	struct tm tm;

	(void)gmtime_r(&t, &tm);
	(void)strftime(name, 16, "%Y-%m-%d", &tm);
	assert_int_equal(mkdir(at(f, name), 0700), 0);
	(void)snprintf(sub, sizeof(sub), "%s/sub", name);
	assert_int_equal(mkdir(at(f, sub), 0700), 0);
	(void)snprintf(sub, sizeof(sub), "%s/1.wav", name);
	help_write(at(f, sub), "x", 1);
	(void)snprintf(sub, sizeof(sub), "%s/sub/2.wav", name);
	help_write(at(f, sub), "x", 1);
	(void)snprintf(sub, sizeof(sub), "%s/.sipdialer", name);
	help_write(at(f, sub), "1.wav\nsub/2.wav\n", 16);
	(void)snprintf(sub, sizeof(sub), "%s/theirs.wav", name);
	if (theirs)
		help_write(at(f, sub), "x", 1);
}


static void removed_files(struct fixture *f, uint64_t n)
{
	const uint64_t end = sipd_clock_ms() + HELP_DEADLINE_MS;
	const struct timespec moment = {0, 2000000};
	struct sipd_recordings_stats st;

	do {
		sipd_recordings_stats(f->help.recordings, &st);
		(void)nanosleep(&moment, NULL);
	} while (st.removed < n && sipd_clock_ms() < end);
	assert_int_equal(st.removed, n);
}


static void test_old_days_go_after_midnight(void **state)
{
	struct fixture *f = *state;
	const struct sipd_recordings_conf conf = {.keep_days = 2};
	char three[16], two[16], one[16], path[64];
	struct sipd_recorder *r;

	assert_int_equal(mkdir(f->help.folder, 0700), 0);
	day_make(f, three, 4, true);
	day_make(f, two, 3, false);
	day_make(f, one, 2, false);
	assert_int_equal(mkdir(at(f, "2020-01-01"), 0700), 0);
	help_write(at(f, "2020-01-01/no list.wav"), "x", 1);

	/* yesterday one day is too old; then it is midnight, and two are */
	(void)setenv("TZ", "AAA+24", 1);
	tzset();
	limits(f, &conf);
	removed_files(f, 2);
	(void)snprintf(path, sizeof(path), "%s/sub", three);
	assert_int_equal(size_of(at(f, path)), -1);
	(void)snprintf(path, sizeof(path), "%s/theirs.wav", three);
	assert_int_equal(size_of(at(f, path)), 1);
	(void)snprintf(path, sizeof(path), "%s/1.wav", two);
	assert_int_equal(size_of(at(f, path)), 1);

	r = start(f, "running.wav");
	next(f, SIPD_RECORD_BEGUN);
	(void)setenv("TZ", "UTC0", 1);
	tzset();
	removed_files(f, 4);
	assert_int_equal(size_of(at(f, two)), -1);
	assert_true(size_of(at(f, one)) >= 0);
	assert_int_equal(size_of(at(f, "2020-01-01/no list.wav")), 1);
	put(r, 5);
	sipd_recorder_end(r, false);
	next(f, SIPD_RECORD_ENDED);
	assert_int_equal(size_of(at(f, "running.wav")), HEAD + 5 * 2 * FRAME);
}


/* Something is written to the file of that day; it has looked again when it has
 * found so many bytes in all. */
static void looked(struct fixture *f, const char *path, const char *text,
		   uint64_t total)
{
	const uint64_t end = sipd_clock_ms() + HELP_DEADLINE_MS;
	const struct timespec moment = {0, 2000000};
	struct sipd_recordings_stats st;

	help_write(at(f, path), text, strlen(text));
	do {
		(void)nanosleep(&moment, NULL);
		sipd_recordings_stats(f->help.recordings, &st);
	} while (st.total != total && sipd_clock_ms() < end);
	assert_int_equal(st.total, total);
	assert_int_equal(st.removed, 2);
	assert_int_equal(size_of(at(f, path)), strlen(text));
}


static void zone(const char *tz)
{
	(void)setenv("TZ", tz, 1);
	tzset();
}


/* The clock is set two days on, in no time; nor does it help that the days go on
 * as they should from there. */
static void test_a_clock_that_jumps_removes_nothing(void **state)
{
	struct fixture *f = *state;
	const struct sipd_recordings_conf conf = {.keep_days = 2,
						  .max_total = MIB};
	char three[16], two[16], path[64];

	assert_int_equal(mkdir(f->help.folder, 0700), 0);
	day_make(f, three, 4, false);
	day_make(f, two, 2, false);
	(void)snprintf(path, sizeof(path), "%s/1.wav", two);
	zone("AAA+24");
	limits(f, &conf);
	removed_files(f, 2);

	zone("AAA-24");
	looked(f, path, "123", 4);
	zone("UTC0");
	looked(f, path, "1234", 5);
	zone("AAA-24");
	looked(f, path, "12345", 6);
}


/* ---- stalls ---------------------------------------------------------------------------- */

struct block {
	struct sipd_job job;
	struct help help;
};


static void block_run(struct sipd_job *job)
{
	struct block *block = SIPD_CONTAINER(job, struct block, job);

	help_event(&block->help); /* 1: the disk stands still */
	help_wait(&block->help, 2);
}


/* Frames that find no room are counted at once, while the disk stands. */
static void test_loss_is_counted_while_the_disk_stands(void **state)
{
	struct fixture *f = *state;
	struct sipd_recorder *r[3];
	struct sipd_recordings_stats st;
	struct block block;

	memset(&block, 0, sizeof(block));
	(void)pthread_mutex_init(&block.help.lock, NULL);
	(void)pthread_cond_init(&block.help.cond, NULL);
	block.job.run = block_run;
	sipd_disk_post(f->help.disk, &block.job);
	help_wait(&block.help, 1);

	for (int i = 0; i < 3; i++) {
		r[i] = start(f, "7.wav");
		put(r[i], SIPD_RECORD_RING + 10);
	}
	sipd_recordings_stats(f->help.recordings, &st);
	assert_int_equal(st.lost, 3 * 10);

	help_event(&block.help);
	f->news += 3;
	help_wait(&f->help, f->news);
	assert_int_equal(f->kind, SIPD_RECORD_BEGUN);
	for (int i = 0; i < 3; i++) {
		sipd_recorder_end(r[i], false);
		next(f, SIPD_RECORD_ENDED);
		assert_int_equal(f->ms, (SIPD_RECORD_RING + 10) * 20);
		assert_non_null(strstr(f->text, "200 ms of audio"));
	}
	sipd_recordings_stats(f->help.recordings, &st);
	assert_int_equal(st.active, 0);
	assert_int_equal(st.bytes, 3 * (SIPD_RECORD_RING + 10) * 2 * FRAME);
	(void)pthread_cond_destroy(&block.help.cond);
	(void)pthread_mutex_destroy(&block.help.lock);
}


int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_folders_and_file_are_ours_alone),
		TEST(test_a_name_that_is_taken_gets_a_number),
		TEST(test_a_name_is_taken_by_a_hundred),
		TEST(test_no_link_is_followed),
		TEST(test_a_recording_ends_at_its_limits),
		TEST(test_with_too_little_free_none_begins),
		TEST(test_beyond_the_total_none_begins),
		TEST(test_the_total_is_looked_up),
		TEST(test_the_undecided_is_removed_or_kept),
		TEST(test_what_took_its_place_is_not_removed),
		TEST(test_old_days_go_after_midnight),
		TEST(test_a_clock_that_jumps_removes_nothing),
		TEST(test_loss_is_counted_while_the_disk_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
