/**
 * @file api/import.c  Contact files into the store, in turns
 *
 * A turn reads a block and parses it (outside any transaction), then stores
 * its rows in one.  So memory is flat, a failing store repeats only the rows
 * of one block, and calls under way get their turns in between.
 */
#include "api/request.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "api/runner.h"
#include "base/error.h"
#include "base/text.h"
#include "core/campaign/import.h"

enum { BLOCK = 1024 * 1024 };

struct row {
	uint64_t line;
	int32_t priority;
	size_t name, custom;   /* places in the text; number is at `number` */
	size_t number;
};

struct import {
	struct sipd_job job;       /* first member */
	struct sipdialer *d;
	struct sipd_request *q;    /* answered at the end */
	struct sipd_import *parser;
	struct sipd_options options;
	char *path;
	int fd;
	bool ended;                /* file read to its end, or refused */
	bool stored;               /* a block at least: the campaign is known */
	uint64_t errors_told, errors_max;

	/* rows of this block */
	struct row *rows;
	size_t count, room;
	char *text;
	size_t len, text_room;

	uint64_t taken, refused;   /* in the store so far */
	uint64_t block_taken;      /* of this block; counted again if it is
				    * stored again */
	struct sipd_text_error { uint64_t line; char why[160]; } *dups;
	size_t dupc;
	char *block;
};


static void row_error(uint64_t line, const char *why, void *arg)
{
	struct import *im = arg;
	struct sipdialer_event ev =
		sipd_engine_event(SIPDIALER_EVENT_IMPORT_ERROR);

	if (im->errors_told++ >= im->errors_max)
		return;

	ev.request = im->q->id;
	ev.campaign = im->q->campaign;
	ev.line = line;
	ev.text = why;
	ev.error = SIPDIALER_EFORMAT;
	sipd_event_push(im->d->events, &ev);
}


static bool room_for(struct import *im, size_t bytes)
{
	if (im->count == im->room) {
		const size_t room = im->room ? im->room * 2 : 1024;
		struct row *rows = realloc(im->rows, room * sizeof(*rows));

		if (!rows)
			return false;
		im->rows = rows;
		im->room = room;
	}

	if (im->len + bytes > im->text_room) {
		const size_t room = (im->len + bytes) * 2;
		char *text = realloc(im->text, room);

		if (!text)
			return false;
		im->text = text;
		im->text_room = room;
	}

	return true;
}


static size_t add_text(struct import *im, const char *s)
{
	const size_t at = im->len;
	const size_t len = strlen(s) + 1;

	memcpy(im->text + at, s, len);
	im->len += len;

	return at;
}


static int row_handler(const struct sipd_contact_in *c, void *arg)
{
	struct import *im = arg;
	struct row *row;

	if (!room_for(im, strlen(c->number) + strlen(c->name) +
			  strlen(c->custom) + 3))
		return sipd_error(SIPDIALER_ENOMEM,
				  "no memory for the rows of a block");

	row = &im->rows[im->count++];
	row->line = c->line;
	row->priority = c->priority;
	row->number = add_text(im, c->number);
	row->name = add_text(im, c->name);
	row->custom = add_text(im, c->custom);

	return 0;
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
		return sipd_error(SIPDIALER_EIO, "\"%s\" is not a regular "
				  "file", im->path);

	return SIPDIALER_OK;
}


static int read_block(struct import *im)
{
	ssize_t n;
	int err;

	if (im->fd < 0) {
		err = open_file(im);
		if (err)
			return err;
	}

	n = read(im->fd, im->block, BLOCK);
	if (n < 0)
		return sipd_error(SIPDIALER_EIO, "\"%s\": %s", im->path,
				  strerror(errno));
	if (n)
		return sipd_import_feed(im->parser, im->block, (size_t)n);

	im->ended = true;

	return sipd_import_end(im->parser);
}


static void read_run(struct sipd_job *job)
{
	struct import *im = (struct import *)(void *)job;

	im->count = im->len = 0;
	im->q->err = read_block(im);
	if (im->q->err) {
		(void)sipd_strcpy(im->q->text, sizeof(im->q->text),
				  sipd_error_text());
		im->ended = true;
	}
}


/* ---- storing ----------------------------------------------------------------- */

static void note_duplicate(struct import *im, const struct row *row)
{
	struct sipd_text_error *e;

	if (im->errors_told + im->dupc >= im->errors_max)
		return;
	if (!(im->dupc & (im->dupc - 1)) || !im->dups) {
		const size_t room = im->dupc ? im->dupc * 2 : 1;
		struct sipd_text_error *more =
			realloc(im->dups, room * sizeof(*more));

		if (!more)
			return;
		im->dups = more;
	}

	e = &im->dups[im->dupc++];
	e->line = row->line;
	(void)sipd_strcpy(e->why, sizeof(e->why), "duplicate number: ");
	(void)sipd_strcpy(e->why + strlen(e->why),
			  sizeof(e->why) - strlen(e->why),
			  im->text + row->number);
}


static int store_rows(struct import *im, struct sipd_store *s)
{
	for (size_t i = 0; i < im->count; i++) {
		const struct row *row = &im->rows[i];
		const char *custom = im->text + row->custom;
		struct sipd_contact_row c = {
			.campaign = im->q->campaign,
			.priority = row->priority,
			.custom = *custom ? im->text + row->custom : NULL,
		};
		bool duplicate = false;
		uint64_t id;
		int err;

		(void)sipd_strcpy(c.number, sizeof(c.number),
				  im->text + row->number);
		(void)sipd_strcpy(c.name, sizeof(c.name),
				  im->text + row->name);
		err = sipd_store_contact_add(s, &c, &duplicate, &id);
		if (err)
			return err;
		if (duplicate)
			note_duplicate(im, row);
		else
			++im->block_taken;
	}

	return SIPDIALER_OK;
}


static void store_run(struct sipd_job *job)
{
	struct import *im = (struct import *)(void *)job;

	im->block_taken = 0;
	im->dupc = 0;
	im->q->err = sipd_request_campaign(im->q, job->store);
	if (!im->q->err)
		im->q->err = store_rows(im, job->store);
	if (im->q->err)
		(void)sipd_strcpy(im->q->text, sizeof(im->q->text),
				  sipd_error_text());
	if (im->q->err == SIPDIALER_EIO)
		job->err = SIPDIALER_EIO;
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
	free(im->text);
	free(im->dups);
	free(im->block);
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


static void read_next(struct import *im);


static void store_done(struct sipd_job *job)
{
	struct import *im = (struct import *)(void *)job;

	for (size_t i = 0; i < im->dupc; i++)
		row_error(im->dups[i].line, im->dups[i].why, im);
	im->dupc = 0;

	if (job->err)
		stopped_first(im);
	else if (!im->q->err)
		im->taken += im->block_taken;
	im->stored = true;

	if (im->q->err || im->ended) {
		end(im);
	}
	else if (im->d->stopping) {
		stopped_first(im);
		end(im);
	}
	else {
		read_next(im);
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
		read_next(im);
		return;
	}

	im->job = (struct sipd_job){
		.run = store_run, .done = store_done, .store = im->d->store,
	};
	sipd_disk_post(im->d->disk, &im->job);
}


static void read_next(struct import *im)
{
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
		.default_country = sipd_opt_str(
			o, SIPD_OPT_DIAL_DEFAULT_COUNTRY),
		.delimiter = sipd_opt_delimiter(o),
	};

	im->errors_max =
		(uint64_t)sipd_opt_int(o, SIPD_OPT_IMPORT_MAX_ERRORS);

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
	im->block = malloc(BLOCK);
	if (!im->path || !im->block)
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
		read_next(im);
	}
	sipd_engine_leave(d);

	return err;
}
