/**
 * @file api/import.c  Contact files into the store, in turns
 *
 * A turn reads and parses rows (outside any transaction), then stores them in
 * one.  So memory is flat, and a failing store repeats only the rows of one
 * turn.  Turns are long while nobody dials, because each commit costs as much
 * as thousands of rows; else they are short, and calls under way get their
 * turns in between.
 */
#include "api/request.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "api/runner.h"
#include "base/error.h"
#include "base/text.h"
#include "core/campaign/import.h"

enum {
	PIECE = 64 * 1024,   /* read and parsed in one go */
	CHUNK = 1024 * 1024, /* of text; any row fits */
	ROWS_LONG = 100000,  /* of a turn; passed by what is in a piece */
	ROWS_SHORT = 5000,
	TEXT_MAX = 16 * 1024 * 1024
};

struct chunk {
	struct chunk *next;
	size_t used;
	char text[CHUNK];
};

struct import {
	struct sipd_job job; /* first member */
	struct sipdialer *d;
	struct sipd_request *q; /* answered at the end */
	struct sipd_import *parser;
	struct sipd_options options;
	char *path;
	int fd;
	bool ended;  /* file read to its end, or refused */
	bool stored; /* a block at least: the campaign is known */
	uint64_t errors_told, errors_max;

	/* rows of this turn */
	bool quiet; /* nobody dials */
	struct sipd_contact_new *rows;
	uint64_t *lines; /* of the file, one for each row */
	size_t count, room;
	struct chunk *chunks; /* kept for the next turn */
	struct chunk *chunk;  /* being filled */
	size_t text;          /* bytes in all of them */

	uint64_t taken;      /* in the store so far */
	uint64_t turn_taken; /* of this turn; counted again if it is
				    * stored again */
	char *piece;
};


static void row_error(uint64_t line, const char *why, void *arg)
{
	struct import *im = arg;
	struct sipdialer_event ev = sipd_engine_event(
		SIPDIALER_EVENT_IMPORT_ERROR);

	if (im->errors_told++ >= im->errors_max)
		return;

	ev.request = im->q->id;
	ev.campaign = im->q->campaign;
	ev.line = line;
	ev.text = why;
	ev.error = SIPDIALER_EFORMAT;
	sipd_event_push(im->d->events, &ev);
}


static bool room_for_row(struct import *im)
{
	const size_t room = im->room ? im->room * 2 : 1024;
	struct sipd_contact_new *rows;
	uint64_t *lines;

	if (im->count < im->room)
		return true;

	rows = realloc(im->rows, room * sizeof(*rows));
	if (!rows)
		return false;
	im->rows = rows;
	lines = realloc(im->lines, room * sizeof(*lines));
	if (!lines)
		return false;
	im->lines = lines;
	im->room = room;

	return true;
}


static bool room_for_text(struct import *im, size_t bytes)
{
	struct chunk **next = im->chunk ? &im->chunk->next : &im->chunks;

	if (im->chunk && CHUNK - im->chunk->used >= bytes)
		return true;

	if (!*next) {
		*next = malloc(sizeof(**next));
		if (!*next)
			return false;
		(*next)->next = NULL;
	}
	im->chunk = *next;
	im->chunk->used = 0;

	return true;
}


static const char *add_text(struct import *im, const char *s)
{
	const size_t size = strlen(s) + 1;
	char *to = im->chunk->text + im->chunk->used;

	memcpy(to, s, size);
	im->chunk->used += size;
	im->text += size;

	return to;
}


static int row_handler(const struct sipd_contact_in *c, void *arg)
{
	struct import *im = arg;

	if (!room_for_row(im) ||
	    !room_for_text(im, strlen(c->number) + strlen(c->name) +
				       strlen(c->custom) + 3))
		return sipd_error(SIPDIALER_ENOMEM,
				  "no memory for the rows of an import");

	im->lines[im->count] = c->line;
	im->rows[im->count++] = (struct sipd_contact_new){
		.number = add_text(im, c->number),
		.name = add_text(im, c->name),
		.custom = *c->custom ? add_text(im, c->custom) : NULL,
		.priority = c->priority,
		.status = SIPDIALER_CONTACT_PENDING,
	};

	return 0;
}


static void turn_clear(struct import *im)
{
	im->count = im->text = 0;
	im->chunk = NULL;
}


/* ---- reading (on the store thread, outside a transaction) ------------------ */

static int open_file(struct import *im)
{
	struct stat st;

	/* O_NONBLOCK: a FIFO must not hold the thread up */
	im->fd = open(im->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (im->fd < 0)
		return sipd_error(errno == ENOENT ? SIPDIALER_ENOENT
						  : SIPDIALER_EIO,
				  "\"%s\": %s", im->path, strerror(errno));
	if (fstat(im->fd, &st) || !S_ISREG(st.st_mode))
		return sipd_error(SIPDIALER_EIO,
				  "\"%s\" is not a regular file", im->path);

	return SIPDIALER_OK;
}


static int read_piece(struct import *im)
{
	const ssize_t n = read(im->fd, im->piece, PIECE);

	if (n < 0)
		return sipd_error(SIPDIALER_EIO, "\"%s\": %s", im->path,
				  strerror(errno));
	if (n)
		return sipd_import_feed(im->parser, im->piece, (size_t)n);

	im->ended = true;

	return sipd_import_end(im->parser);
}


/* Campaigns of another process, if they are not ours. */
static bool is_quiet(struct import *im)
{
	bool running;

	if (!im->quiet || im->d->dials)
		return im->quiet;

	return !sipd_store_running(im->d->store, &running) && !running;
}


static int read_rows(struct import *im)
{
	const size_t rows = is_quiet(im) ? ROWS_LONG : ROWS_SHORT;
	int err = im->fd < 0 ? open_file(im) : SIPDIALER_OK;

	while (!err && !im->ended && im->count < rows && im->text < TEXT_MAX)
		err = read_piece(im);

	return err;
}


static void read_run(struct sipd_job *job)
{
	struct import *im = (struct import *)(void *)job;

	turn_clear(im);
	im->q->err = read_rows(im);
	if (im->q->err) {
		(void)sipd_strcpy(im->q->text, sizeof(im->q->text),
				  sipd_error_text());
		im->ended = true;
	}
}


/* ---- storing ----------------------------------------------------------------- */

static void store_run(struct sipd_job *job)
{
	struct import *im = (struct import *)(void *)job;

	im->turn_taken = 0;
	im->q->err = sipd_request_campaign(im->q, job->store);
	if (!im->q->err)
		im->q->err = sipd_store_contacts_add(job->store,
						     im->q->campaign, im->rows,
						     im->count);
	if (im->q->err)
		(void)sipd_strcpy(im->q->text, sizeof(im->q->text),
				  sipd_error_text());
	if (im->q->err == SIPDIALER_EIO)
		job->err = SIPDIALER_EIO;
	for (size_t i = 0; !im->q->err && i < im->count; i++)
		im->turn_taken += !im->rows[i].duplicate;
}


/* Told once, after they were stored. */
static void tell_duplicates(struct import *im)
{
	char why[64];

	if (im->turn_taken == im->count)
		return;

	for (size_t i = 0; i < im->count; i++) {
		if (!im->rows[i].duplicate)
			continue;
		(void)snprintf(why, sizeof(why), "duplicate number: %s",
			       im->rows[i].number);
		row_error(im->lines[i], why, im);
	}
}


/* ---- turns (on the loop) -------------------------------------------------------- */

static void import_free(struct import *im)
{
	if (im->fd >= 0)
		(void)close(im->fd);
	if (im->parser)
		sipd_import_close(im->parser);
	sipd_options_close(&im->options);
	free(im->path);
	free(im->rows);
	free(im->lines);
	while (im->chunks) {
		struct chunk *next = im->chunks->next;

		free(im->chunks);
		im->chunks = next;
	}
	free(im->piece);
	free(im);
}


static void end(struct import *im)
{
	struct sipd_request *q = im->q;
	struct sipdialer *d = im->d;
	const uint64_t campaign = q->campaign;
	uint64_t rows = 0, parsed = 0, refused = 0;

	sipd_import_counts(im->parser, &rows, &parsed, &refused);
	q->answer.total = rows;
	q->answer.count = im->taken;
	q->answer.failed = rows > im->taken ? rows - im->taken : 0;
	import_free(im);
	sipd_request_finish(q);

	sipd_run_new_contacts(d, campaign);
}


static void stopped_first(struct import *im)
{
	im->q->err = SIPDIALER_ECANCELLED;
	(void)sipd_strcpy(im->q->text, sizeof(im->q->text),
			  "the engine stopped first");
}


static void read_next(struct import *im, bool quiet);


static bool nobody_dials(const struct import *im)
{
	return !im->d->runs && !im->d->open_calls;
}


static void store_done(struct sipd_job *job)
{
	struct import *im = (struct import *)(void *)job;

	if (job->err) {
		stopped_first(im);
	}
	else if (!im->q->err) {
		im->taken += im->turn_taken;
		tell_duplicates(im);
	}
	im->stored = true;

	if (im->q->err || im->ended) {
		end(im);
	}
	else if (im->d->stopping) {
		stopped_first(im);
		end(im);
	}
	else {
		read_next(im, nobody_dials(im));
	}
}


static void read_done(struct sipd_job *job)
{
	struct import *im = (struct import *)(void *)job;

	if (job->err || im->d->stopping)
		stopped_first(im);

	/* rows before the place where a file was refused are not taken */
	if (im->q->err || (im->ended && !im->count && im->stored)) {
		end(im);
		return;
	}
	if (!im->ended && !im->count) {
		read_next(im, nobody_dials(im));
		return;
	}

	im->job = (struct sipd_job){
		.run = store_run,
		.done = store_done,
		.store = im->d->store,
	};
	sipd_disk_post(im->d->disk, &im->job);
}


static void read_next(struct import *im, bool quiet)
{
	im->quiet = quiet;
	im->job = (struct sipd_job){.run = read_run, .done = read_done};
	sipd_disk_post(im->d->disk, &im->job);
}


/* ---- verb ----------------------------------------------------------------------- */

static int open_parser(struct import *im)
{
	const struct sipd_options *o = &im->options;
	const struct sipd_import_conf conf = {
		.number_column = sipd_opt_str(o,
					      SIPD_OPT_IMPORT_NUMBER_COLUMN),
		.name_column = sipd_opt_str(o, SIPD_OPT_IMPORT_NAME_COLUMN),
		.default_country = sipd_opt_str(o,
						SIPD_OPT_DIAL_DEFAULT_COUNTRY),
		.delimiter = sipd_opt_delimiter(o),
	};

	im->errors_max = (uint64_t)sipd_opt_int(o, SIPD_OPT_IMPORT_MAX_ERRORS);

	return sipd_import_open(&im->parser, &conf, row_handler, row_error,
				im);
}


static int prepare(struct import *im, uint64_t campaign, const char *path,
		   const char *const *options)
{
	struct sipdialer *d = im->d;
	int err;

	(void)pthread_mutex_lock(&d->lock);
	err = sipd_options_copy(&im->options, &d->options);
	(void)pthread_mutex_unlock(&d->lock);
	if (!err)
		err = sipd_options_apply_list(&im->options, options,
					      SIPD_SCOPE_IMPORT, false);
	if (!err)
		err = open_parser(im);
	if (err)
		return err;

	im->path = sipd_strdup(path);
	im->piece = malloc(PIECE);
	if (!im->path || !im->piece)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for an import");

	return sipd_request_new(&im->q, d, campaign);
}


int sipdialer_contact_import(struct sipdialer *d, uint64_t campaign,
			     const char *path, const char *const *options,
			     uint64_t *request)
{
	struct import *im;
	int err;

	if (!d || !path || !*path || strlen(path) > 4095)
		return sipd_error(SIPDIALER_EINVAL,
				  "path: not within 1 to 4095 bytes");

	err = sipd_engine_enter(d);
	if (err)
		return err;

	im = calloc(1, sizeof(*im));
	if (!im) {
		err = sipd_error(SIPDIALER_ENOMEM, "no memory for an import");
	}
	else {
		im->d = d;
		im->fd = -1;
		sipd_options_init(&im->options);
		err = prepare(im, campaign, path, options);
		if (err)
			import_free(im);
	}

	if (!err) {
		if (request)
			*request = im->q->id;
		/* what the loop knows is not known here */
		read_next(im, false);
	}
	sipd_engine_leave(d);

	return err;
}
