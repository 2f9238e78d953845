/**
 * @file tests/unit/core/media_help.h  What the tests of media share
 */
#ifndef TESTS_UNIT_CORE_MEDIA_HELP_H
#define TESTS_UNIT_CORE_MEDIA_HELP_H

#include <ftw.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "lib/loop_call.h"
#include "base/clock.h"
#include "core/media/recordings.h"
#include "port/disk.h"
#include "port/loop.h"

#define UNUSED __attribute__((unused))

enum { HELP_DEADLINE_MS = 20000 };


/* A new directory; *dir must hold 256 bytes. */
static UNUSED void help_dir_make(char *dir)
{
	const char *base = getenv("TMPDIR");

	(void)snprintf(dir, 256, "%s/sipd-media-XXXXXX",
		       base ? base : P_tmpdir);
	if (!mkdtemp(dir)) {
		perror(dir);
		abort();
	}
}


static UNUSED int help_remove(const char *path, const struct stat *st,
			      int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;

	return remove(path);
}


static UNUSED void help_dir_remove(const char *dir)
{
	(void)nftw(dir, help_remove, 16, FTW_DEPTH | FTW_PHYS);
}


static UNUSED const char *help_path(const char *dir, const char *name)
{
	static _Thread_local char path[600];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);

	return path;
}


static UNUSED void help_put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}


static UNUSED void help_put32(uint8_t *p, uint32_t v)
{
	help_put16(p, v & 0xffff);
	help_put16(p + 2, v >> 16);
}


static UNUSED uint32_t help_get32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}


static UNUSED void help_write(const char *path, const void *buf, size_t len)
{
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(buf, 1, len, f) != len || fclose(f)) {
		perror(path);
		abort();
	}
}


/* Header of 44 bytes. */
static UNUSED void help_head(uint8_t *b, unsigned tag, unsigned bits,
			     unsigned channels, uint32_t rate, uint32_t len)
{
	const unsigned frame = channels * bits / 8;

	memcpy(b, "RIFF....WAVEfmt ", 16);
	help_put32(b + 4, len + 36);
	help_put32(b + 16, 16);
	help_put16(b + 20, tag);
	help_put16(b + 22, channels);
	help_put32(b + 24, rate);
	help_put32(b + 28, rate * frame);
	help_put16(b + 32, frame);
	help_put16(b + 34, bits);
	memcpy(b + 36, "data", 4);
	help_put32(b + 40, len);
}


/* 8 kHz, mono, 16 bit. */
static UNUSED void help_wav(const char *path, const int16_t *pcm, size_t n)
{
	uint8_t *b = malloc(44 + 2 * n);

	if (!b)
		abort();
	help_head(b, 1, 16, 1, 8000, (uint32_t)(2 * n));
	for (size_t i = 0; i < n; i++)
		help_put16(b + 44 + 2 * i, (uint16_t)pcm[i]);
	help_write(path, b, 44 + 2 * n);
	free(b);
}


/* Whole file, to be freed. */
static UNUSED uint8_t *help_read(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	uint8_t *b;
	long size;

	*len = 0;
	if (!f)
		return NULL;
	(void)fseek(f, 0, SEEK_END);
	size = ftell(f);
	rewind(f);
	b = malloc((size_t)size + 1);
	if (b)
		*len = fread(b, 1, (size_t)size, f);
	(void)fclose(f);

	return b;
}


/* ---- loop and store thread --------------------------------------------- */

struct help {
	struct sipd_loop *loop;
	struct sipd_disk *disk;
	struct sipd_recordings *recordings;
	struct sipd_log log;
	char dir[256], folder[300];
	pthread_mutex_t lock;
	pthread_cond_t cond;
	int count; /* of events so far */
};


static UNUSED void help_log(int level, const char *line, void *arg)
{
	(void)arg;
	print_message("  log %d: %s\n", level, line);
}


/* With these limits, in a folder below the directory. */
static UNUSED void help_recordings(struct help *h,
				   const struct sipd_recordings_conf *limits)
{
	struct sipd_recordings_conf conf = *limits;

	conf.folder = h->folder;
	assert_int_equal(sipd_recordings_open(&h->recordings, h->disk, &h->log,
					      &conf),
			 0);
}


static UNUSED void help_open(struct help *h)
{
	const struct sipd_recordings_conf none = {0};

	memset(h, 0, sizeof(*h));
	sipd_log_init(&h->log, SIPDIALER_LOG_DEBUG, help_log, NULL);
	(void)pthread_mutex_init(&h->lock, NULL);
	(void)pthread_cond_init(&h->cond, NULL);
	help_dir_make(h->dir);
	assert_int_equal(sipd_loop_start(&h->loop, &h->log), 0);
	assert_int_equal(sipd_disk_start(&h->disk, h->loop, &h->log), 0);
	(void)snprintf(h->folder, sizeof(h->folder), "%s/recordings", h->dir);
	help_recordings(h, &none);
}


static UNUSED void help_close(struct help *h)
{
	sipd_disk_stop(h->disk, 1000);
	sipd_loop_stop(h->loop);
	sipd_loop_join(h->loop);
	sipd_recordings_close(h->recordings);
	help_dir_remove(h->dir);
	(void)pthread_cond_destroy(&h->cond);
	(void)pthread_mutex_destroy(&h->lock);
}


/* Something happened. @thread any */
static UNUSED void help_event(struct help *h)
{
	(void)pthread_mutex_lock(&h->lock);
	++h->count;
	(void)pthread_cond_broadcast(&h->cond);
	(void)pthread_mutex_unlock(&h->lock);
}


static UNUSED void help_wait(struct help *h, int count)
{
	struct timespec ts;
	int err = 0, have;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += HELP_DEADLINE_MS / 1000;

	(void)pthread_mutex_lock(&h->lock);
	while (h->count < count && !err)
		err = pthread_cond_timedwait(&h->cond, &h->lock, &ts);
	have = h->count;
	(void)pthread_mutex_unlock(&h->lock);

	if (have < count)
		fail_msg("%d events within %d ms, %d are wanted", have,
			 HELP_DEADLINE_MS, count);
}


/* Run f on the loop and wait for it. */
static UNUSED void help_on_loop(struct help *h, void (*f)(void *arg),
				void *arg)
{
	loop_call(h->loop, f, arg);
}

#endif
