/**
 * @file core/media/recorder.c  One recording: from a media thread to a file
 *
 * The ring has one writer (a media thread) and one reader (the store thread),
 * each with a counter of its own that the other only reads.
 */
#include "core/media/recorder.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/container.h"
#include "base/error.h"
#include "base/text.h"
#include "core/media/plc.h"
#include "port/codec/halfband.h"
#include "port/file/shelf.h"
#include "port/file/wav.h"

enum {
	RING = SIPD_RECORD_RING,
	SILENCE_FRAMES = 10, /* written at once */
	PAGE = 4096          /* bytes, the smallest there are */
};

struct sipd_recorder {
	struct sipd_job open_job;
	struct sipd_job end_job;
	struct sipd_feed feed;
	struct sipd_recordings *rs;
	struct sipd_loop *loop;
	struct sipd_work full_work;
	sipd_recorder_h *h;
	void *arg;
	char *path; /* as it was asked for */
	unsigned channels;
	bool named, undecided, keep;
	bool told; /* that it was refused */
	const char *limit_name;
	uint64_t limit; /* bytes of audio */

	/* of the media thread; of the store thread after the end */
	struct sipd_plc plc;
	struct sipd_down heard, said; /* of streams of 16 kHz */
	uint32_t gap;                 /* frames of silence before the next */
	uint64_t dropped;             /* frames the disk was too slow for */
	uint64_t start_us;            /* when the first frame was due */
	uint64_t frames_in;           /* put or made up since then */
	uint64_t behind;              /* least in this window, frames */
	unsigned window;              /* frames of it so far */

	/* of the store thread; of the loop after the end */
	struct sipd_wav_out out;
	char *file;    /* that was made, NULL none */
	bool tried;    /* to make it */
	bool full;     /* at its limit */
	bool unsynced; /* the header does not speak of all */
	bool failed, removed;
	char error[SIPD_ERROR_SIZE];

	/* of both: written counts what came, read what was taken */
	atomic_uint_fast64_t written, read;
	uint32_t gaps[RING]; /* frames of silence before each */
	int16_t frames[];    /* RING of SIPD_FRAME * channels */
};

_Static_assert((int)SIPD_PLC_FRAME == (int)SIPD_FRAME, "one frame");


/* ---- store thread ------------------------------------------------------ */

static void fail(struct sipd_recorder *r)
{
	if (r->failed)
		return;

	r->failed = true;
	memcpy(r->error, sipd_error_text(), sizeof(r->error));
	r->error[sizeof(r->error) - 1] = '\0';
}


/* The last bytes that it may have are written, and it is told once. */
static size_t within_limit(struct sipd_recorder *r, size_t samples)
{
	const uint64_t left = r->limit - r->out.bytes;

	if (r->full || samples * 2 <= left)
		return r->full ? 0 : samples;

	r->full = true;
	sipd_loop_post(r->loop, &r->full_work);

	return (size_t)(left / 2 / r->channels * r->channels);
}


static void write_frames(struct sipd_recorder *r, const int16_t *pcm,
			 uint64_t frames)
{
	size_t samples = (size_t)frames * SIPD_FRAME * r->channels;
	const uint64_t before = r->out.bytes;

	if (r->failed)
		return;

	if (r->limit)
		samples = within_limit(r, samples);
	if (!samples)
		return;
	if (sipd_wav_out_append(&r->out, pcm, samples))
		fail(r);
	r->unsynced = true;
	sipd_recordings_wrote(r->rs, r->out.bytes - before, r->named);
}


static void write_head(struct sipd_recorder *r)
{
	/* overwrites: needs no space, is tried after an error as well */
	if (r->unsynced && r->out.fd >= 0 && sipd_wav_out_head(&r->out))
		fail(r);
	r->unsynced = false;
}


static void write_silence(struct sipd_recorder *r, uint64_t frames)
{
	static const int16_t zeros[SILENCE_FRAMES * SIPD_FRAME * 2];

	while (frames && !r->failed && !r->full) {
		const uint64_t n = frames < SILENCE_FRAMES ? frames
							   : SILENCE_FRAMES;

		write_frames(r, zeros, n);
		frames -= n;
	}
}


/* How many, from `at`, can be written at once. */
static uint64_t run_of(const struct sipd_recorder *r, uint64_t at,
		       uint64_t end)
{
	uint64_t n = 1;

	while (at + n < end && (at + n) % RING && !r->gaps[(at + n) % RING])
		++n;

	return n;
}


static void flush(struct sipd_recorder *r)
{
	uint64_t at = atomic_load_explicit(&r->read, memory_order_relaxed);
	const uint64_t end = atomic_load_explicit(&r->written,
						  memory_order_acquire);

	while (at < end) {
		const uint64_t slot = at % RING;
		const uint64_t n = run_of(r, at, end);

		write_silence(r, r->gaps[slot]);
		write_frames(r, r->frames + slot * SIPD_FRAME * r->channels,
			     n);
		at += n;
		atomic_store_explicit(&r->read, at, memory_order_release);
	}
}


static int file_open(struct sipd_recorder *r,
		     struct sipd_recordings_file *file)
{
	int err = sipd_recordings_begin(r->rs, r->path, r->named, file);

	if (err)
		return err;
	if (file->fd >= 0)
		return sipd_wav_out_take(&r->out, file->fd, file->path,
					 r->channels);

	return sipd_wav_out_open(&r->out, file->path, r->channels);
}


static void open_run(struct sipd_job *job)
{
	struct sipd_recorder *r = SIPD_CONTAINER(job, struct sipd_recorder,
						 open_job);
	struct sipd_recordings_file file;

	r->tried = true;
	if (file_open(r, &file)) {
		fail(r);
	}
	else {
		r->file = sipd_strdup(file.path);
		if (!r->file) {
			(void)sipd_error(SIPDIALER_ENOMEM,
					 "no memory to record");
			fail(r);
		}
	}
	sipd_recordings_begun(r->rs, r->file);
	sipd_recordings_add(r->rs, &r->feed);
}


static void feed_handler(struct sipd_feed *feed)
{
	struct sipd_recorder *r = SIPD_CONTAINER(feed, struct sipd_recorder,
						 feed);

	flush(r);
	write_head(r);
}


static struct sipd_recorder *of_end_job(struct sipd_job *job)
{
	return SIPD_CONTAINER(job, struct sipd_recorder, end_job);
}


/* Nobody has said that it is to stay. */
static void file_remove(struct sipd_recorder *r)
{
	const uint64_t bytes = r->out.bytes;

	if (!r->file || !r->undecided || r->keep)
		return;

	if (sipd_shelf_remove(r->out.fd, r->file)) {
		fail(r);
		return;
	}
	r->removed = true;
	sipd_recordings_removed(r->rs, bytes, r->named);
}


static void end_run(struct sipd_job *job)
{
	struct sipd_recorder *r = of_end_job(job);

	sipd_recordings_remove(&r->feed);
	flush(r);
	write_silence(r, r->gap);
	write_head(r);
	file_remove(r);
	if (sipd_wav_out_close(&r->out))
		fail(r);
	if (r->file)
		sipd_recordings_ended(r->rs);
}


/* ---- media thread ------------------------------------------------------ */

static int16_t saturate(int v)
{
	if (v > INT16_MAX)
		return INT16_MAX;
	if (v < INT16_MIN)
		return INT16_MIN;

	return (int16_t)v;
}


static void join(int16_t *dst, const int16_t *heard, const int16_t *said,
		 unsigned channels)
{
	for (int i = 0; i < SIPD_FRAME; i++) {
		const int16_t ours = said ? said[i] : 0;

		if (channels == 2) {
			dst[2 * i] = heard[i];
			dst[2 * i + 1] = ours;
		}
		else {
			dst[i] = saturate(heard[i] + ours);
		}
	}
}


static void hear(struct sipd_recorder *r, const struct sipd_rx_frame *rx,
		 int16_t pcm[SIPD_FRAME])
{
	if (rx->samples == SIPD_FRAME_WIDE)
		sipd_down(&r->heard, pcm, rx->pcm, SIPD_FRAME);
	else
		memcpy(pcm, rx->pcm, SIPD_FRAME * sizeof(*pcm));

	switch (rx->kind) {
	case SIPD_RX_AUDIO:
		sipd_plc_good(&r->plc, pcm);
		break;
	case SIPD_RX_LOST:
		sipd_plc_lost(&r->plc, pcm);
		break;
	default:
		memset(pcm, 0, SIPD_FRAME * sizeof(*pcm));
		sipd_plc_good(&r->plc, pcm);
		break;
	}
}


/* Frames may come late and then all at once, so that being behind for a moment
 * means nothing; who is behind all the time has missed frames. */
static void keep_time(struct sipd_recorder *r, uint64_t now_us)
{
	const uint64_t us = SIPD_FRAME_MS * 1000;
	uint64_t behind;

	/* the first ones may have been late themselves */
	if (!r->frames_in || now_us < r->start_us + r->frames_in * us)
		r->start_us = now_us - r->frames_in * us;

	behind = (now_us - r->start_us) / us - r->frames_in;
	if (!r->window || behind < r->behind)
		r->behind = behind;
	++r->frames_in;

	if (++r->window < SIPD_RECORD_WINDOW)
		return;

	r->gap += (uint32_t)r->behind;
	r->frames_in += r->behind;
	r->window = 0;
}


void sipd_recorder_put(struct sipd_recorder *r, const struct sipd_rx_frame *rx,
		       const int16_t *said, uint64_t now_us)
{
	const uint64_t at = atomic_load_explicit(&r->written,
						 memory_order_relaxed);
	const uint64_t slot = at % RING;
	const bool wide = rx->samples == SIPD_FRAME_WIDE;
	int16_t heard[SIPD_FRAME], ours[SIPD_FRAME];

	hear(r, rx, heard);
	if (wide && said) {
		sipd_down(&r->said, ours, said, SIPD_FRAME);
		said = ours;
	}
	keep_time(r, now_us);

	if (at - atomic_load_explicit(&r->read, memory_order_acquire) >=
	    RING) {
		++r->gap;
		++r->dropped;
		sipd_recordings_lost(r->rs);
		return;
	}

	r->gaps[slot] = r->gap;
	r->gap = 0;
	join(r->frames + slot * SIPD_FRAME * r->channels, heard, said,
	     r->channels);
	atomic_store_explicit(&r->written, at + 1, memory_order_release);
}


/* ---- loop thread ------------------------------------------------------- */

static void recorder_free(struct sipd_recorder *r)
{
	free(r->path);
	free(r->file);
	free(r);
}


static void tell(struct sipd_recorder *r, enum sipd_record_news_kind kind,
		 bool over)
{
	const struct sipd_record_news news = {
		.kind = kind,
		.recorder = r,
		.over = over,
		.path = r->file,
		.ms = r->out.bytes / (2 * r->channels) /
		      (SIPD_WAV_RATE / 1000),
		.lost_ms = r->dropped * SIPD_FRAME_MS,
		.text = r->error[0] ? r->error : NULL,
		.limit = r->full ? r->limit_name : NULL,
	};

	r->h(&news, r->arg);
}


static void open_done(struct sipd_job *job)
{
	struct sipd_recorder *r = SIPD_CONTAINER(job, struct sipd_recorder,
						 open_job);
	const struct sipd_record_news news = {
		.kind = r->file ? SIPD_RECORD_BEGUN : SIPD_RECORD_REFUSED,
		.recorder = r,
		.path = r->file,
		.text = r->file ? NULL : r->error,
	};

	if (!r->tried)
		return; /* never run: the end says so */

	/* the store thread goes on with what is not in this */
	r->told = !r->file;
	r->h(&news, r->arg);
}


static void full_handler(struct sipd_work *work)
{
	struct sipd_recorder *r = SIPD_CONTAINER(work, struct sipd_recorder,
						 full_work);
	const struct sipd_record_news news = {
		.kind = SIPD_RECORD_FULL,
		.recorder = r,
	};

	r->h(&news, r->arg);
}


/* After a failure the file just ends; before that, losses are worth a word. */
static void note_dropped(struct sipd_recorder *r)
{
	if (r->failed || !r->dropped)
		return;

	(void)snprintf(r->error, sizeof(r->error),
		       "%" PRIu64 " ms of audio replaced by silence: the disk "
		       "was more than %d ms late",
		       r->dropped * SIPD_FRAME_MS, RING * SIPD_FRAME_MS);
}


static void end_done(struct sipd_job *job)
{
	struct sipd_recorder *r = of_end_job(job);

	if (r->out.fd >= 0 || !r->tried) { /* never run: store thread gone */
		file_remove(r);
		(void)sipd_wav_out_close(&r->out);
		(void)sipd_error(SIPDIALER_ECANCELLED,
				 "recording ended: stopping");
		fail(r);
	}
	note_dropped(r);

	if (r->file)
		tell(r, r->removed ? SIPD_RECORD_REMOVED : SIPD_RECORD_ENDED,
		     true);
	else
		tell(r, r->told ? SIPD_RECORD_GONE : SIPD_RECORD_REFUSED,
		     true);
	recorder_free(r);
}


/* The nearer of both limits. */
static void limit_set(struct sipd_recorder *r,
		      const struct sipd_record_conf *conf)
{
	const uint64_t by_time = (uint64_t)conf->max_ms *
				 (SIPD_WAV_RATE / 1000) * 2 * r->channels;
	uint64_t by_size = 0;

	if (conf->max_bytes)
		by_size = conf->max_bytes > SIPD_RECORD_HEAD + 2 * r->channels
				  ? conf->max_bytes - SIPD_RECORD_HEAD
				  : 2 * r->channels;
	if (by_time && (!by_size || by_time <= by_size)) {
		r->limit = by_time;
		r->limit_name = "record.max_duration reached";
	}
	else if (by_size) {
		r->limit = by_size;
		r->limit_name = "record.max_size reached";
	}
}


/* A media thread never waits for the kernel to find a page.  Zeros alone do not
 * do it: a compiler may leave them to calloc(), which touches nothing. */
static void touch(void *mem, size_t size)
{
	volatile char *p = mem;

	for (size_t at = 0; at < size; at += PAGE)
		p[at] = 0;
	p[size - 1] = 0;
}


int sipd_recorder_start(struct sipd_recorder **rp, struct sipd_recordings *rs,
			struct sipd_loop *loop,
			const struct sipd_record_conf *conf,
			sipd_recorder_h *h, void *arg)
{
	const unsigned channels = conf->stereo ? 2 : 1;
	const size_t size = sizeof(struct sipd_recorder) +
			    sizeof(int16_t) * RING * SIPD_FRAME * channels;
	struct sipd_recorder *r;

	r = calloc(1, size);
	if (r) {
		touch(r, size);
		r->path = strdup(conf->path);
	}
	if (!r || !r->path) {
		free(r);
		return sipd_error(SIPDIALER_ENOMEM, "%s: no memory to record",
				  conf->path);
	}

	r->rs = rs;
	r->loop = loop;
	r->h = h;
	r->arg = arg;
	r->channels = channels;
	r->named = conf->named;
	r->undecided = conf->undecided;
	limit_set(r, conf);
	r->out.fd = -1;
	sipd_plc_init(&r->plc);
	atomic_init(&r->written, 0);
	atomic_init(&r->read, 0);
	r->feed.h = feed_handler;
	r->full_work.h = full_handler;
	r->open_job.run = open_run;
	r->open_job.done = open_done;
	r->open_job.apart = true; /* calls begin beside those of a campaign */
	sipd_disk_post(sipd_recordings_disk(rs), &r->open_job);
	*rp = r;

	return 0;
}


void sipd_recorder_end(struct sipd_recorder *r, bool keep)
{
	r->keep = keep;
	r->end_job.run = end_run;
	r->end_job.done = end_done;
	r->end_job.apart = true;
	sipd_disk_post(sipd_recordings_disk(r->rs), &r->end_job);
}
