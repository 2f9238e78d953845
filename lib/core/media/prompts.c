/**
 * @file core/media/prompts.c  The cache of prompts
 *
 * Belongs to the loop.  Whether a file has changed is asked of the disk at
 * each load, hence on the store thread; those who ask for the same file
 * meanwhile wait for the same answer.
 */
#include "core/media/prompt.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/container.h"
#include "base/error.h"
#include "core/media/prompt_own.h"
#include "port/file/file.h"
#include "port/rtp/rtp.h"

enum {
	KEEP_MAX = 64,                  /* prompts kept, */
	KEEP_BYTES = 256 * 1024 * 1024, /* together; the longest unused one
					   * goes first */
	WAITING_MAX = 100000,           /* who wait for a load */
	PATH_BYTES_MAX = 4095
};

struct kept {
	struct sipd_prompt *prompt; /* NULL: free */
	struct sipd_file_stamp stamp;
	uint64_t used; /* greater is later */
};

struct waiter {
	struct waiter *next;
	sipd_prompt_h *h;
	void *arg;
};

struct load {
	struct sipd_job job;
	struct load *next;
	struct sipd_prompts *owner;
	char *path;
	unsigned kinds;
	struct waiter *first, **last;
	bool known; /* prompt and stamp are those kept */
	struct sipd_prompt *prompt;
	struct sipd_file_stamp stamp;
	int err;
	char text[SIPD_ERROR_SIZE];
};

struct sipd_prompts {
	struct sipd_disk *disk;
	struct sipd_log *log;
	struct kept kept[KEEP_MAX];
	uint64_t bytes; /* of those kept */
	uint64_t uses;
	struct load *loads;
	size_t waiting;
};


int sipd_prompts_open(struct sipd_prompts **pp, struct sipd_disk *disk,
		      struct sipd_log *log)
{
	struct sipd_prompts *p = calloc(1, sizeof(*p));

	if (!p)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for prompts");

	p->disk = disk;
	p->log = log;
	*pp = p;

	return 0;
}


void sipd_prompts_close(struct sipd_prompts *p)
{
	if (!p)
		return;

	assert(!p->loads);
	for (size_t i = 0; i < KEEP_MAX; i++)
		sipd_prompt_unref(p->kept[i].prompt);
	free(p);
}


/* ---- what is kept ------------------------------------------------------ */

static struct kept *kept_find(struct sipd_prompts *p, const char *path)
{
	for (size_t i = 0; i < KEEP_MAX; i++)
		if (p->kept[i].prompt &&
		    !strcmp(sipd_prompt_path(p->kept[i].prompt), path))
			return &p->kept[i];

	return NULL;
}


static void kept_drop(struct sipd_prompts *p, struct kept *k)
{
	p->bytes -= sipd_prompt_bytes(k->prompt);
	sipd_prompt_unref(k->prompt);
	k->prompt = NULL;
}


/* A place for so many bytes; NULL: never. */
static struct kept *kept_place(struct sipd_prompts *p, uint64_t bytes)
{
	if (bytes > KEEP_BYTES)
		return NULL;

	for (;;) {
		struct kept *place = NULL, *oldest = NULL;

		for (size_t i = 0; i < KEEP_MAX; i++) {
			struct kept *k = &p->kept[i];

			if (!k->prompt)
				place = k;
			else if (!oldest || k->used < oldest->used)
				oldest = k;
		}
		if (place && p->bytes + bytes <= KEEP_BYTES)
			return place;
		kept_drop(p, oldest);
	}
}


static void keep(struct sipd_prompts *p, const struct load *load)
{
	struct kept *k = kept_find(p, load->path);

	if (k && k->prompt != load->prompt) {
		kept_drop(p, k);
		k = NULL;
	}
	if (!k) {
		k = kept_place(p, sipd_prompt_bytes(load->prompt));
		if (!k)
			return;
		k->prompt = sipd_prompt_ref(load->prompt);
		k->stamp = load->stamp;
		p->bytes += sipd_prompt_bytes(load->prompt);
	}
	k->used = ++p->uses;
}


/* ---- loads ------------------------------------------------------------- */

/* Read a second time: the same filter from the file's rate to each of ours. */
static int widen(struct load *load)
{
	int16_t *wide = NULL;
	size_t samples = 0;
	int err = sipd_wav_read_at(load->path, SIPD_WIDE_HZ, &wide, &samples);

	if (!err)
		err = sipd_prompt_widen(load->prompt, wide, samples,
					load->kinds);
	if (err) {
		sipd_prompt_unref(load->prompt);
		load->prompt = NULL;
	}

	return err;
}


static int load_file(struct load *load)
{
	struct sipd_file_stamp stamp;
	int16_t *pcm = NULL;
	size_t samples = 0;
	int err;

	err = sipd_file_stamp(&stamp, load->path);
	if (err)
		return err;
	if (load->known && sipd_file_stamp_eq(&stamp, &load->stamp))
		return 0;

	sipd_prompt_unref(load->prompt);
	load->prompt = NULL;
	/* taken before reading: a change meanwhile is seen next time */
	load->stamp = stamp;

	err = sipd_wav_read(load->path, &pcm, &samples);
	if (err)
		return err;

	err = sipd_prompt_adopt(&load->prompt, pcm, samples, load->path);

	return err || !load->kinds ? err : widen(load);
}


/* @thread store */
static void load_run(struct sipd_job *job)
{
	struct load *load = SIPD_CONTAINER(job, struct load, job);

	load->err = load_file(load);
	if (load->err) {
		memcpy(load->text, sipd_error_text(), sizeof(load->text));
		load->text[sizeof(load->text) - 1] = '\0';
	}
}


static void load_free(struct load *load)
{
	sipd_prompt_unref(load->prompt);
	free(load->path);
	free(load);
}


static void load_tell(struct load *load)
{
	while (load->first) {
		struct waiter *w = load->first;

		load->first = w->next;
		--load->owner->waiting;
		if (load->err)
			w->h(NULL, load->err, load->text, w->arg);
		else
			w->h(sipd_prompt_ref(load->prompt), 0, "", w->arg);
		free(w);
	}
}


static void load_done(struct sipd_job *job)
{
	struct load *load = SIPD_CONTAINER(job, struct load, job);
	struct sipd_prompts *p = load->owner;
	struct load **l = &p->loads;

	while (*l != load)
		l = &(*l)->next;
	*l = load->next;

	if (load->err)
		sipd_log_info(p->log, "prompt refused: %s", load->text);
	else
		keep(p, load);

	load_tell(load);
	load_free(load);
}


static struct load *load_find(const struct sipd_prompts *p, const char *path,
			      unsigned kinds)
{
	for (struct load *load = p->loads; load; load = load->next)
		if (!strcmp(load->path, path) && !(kinds & ~load->kinds))
			return load;

	return NULL;
}


static struct load *load_new(struct sipd_prompts *p, const char *path,
			     unsigned kinds)
{
	struct load *load = calloc(1, sizeof(*load));
	const struct kept *k;

	if (!load)
		return NULL;

	load->path = strdup(path);
	if (!load->path) {
		free(load);
		return NULL;
	}

	/* stays so if the store thread has ended and does not run it */
	load->err = SIPDIALER_ECANCELLED;
	memcpy(load->text, "stopping", sizeof("stopping"));
	load->owner = p;
	load->last = &load->first;
	load->job.run = load_run;
	load->job.done = load_done;

	load->kinds = kinds;
	k = kept_find(p, path);
	if (k)
		load->kinds |= sipd_prompt_made(k->prompt);
	if (k && load->kinds == sipd_prompt_made(k->prompt)) {
		load->known = true;
		load->prompt = sipd_prompt_ref(k->prompt);
		load->stamp = k->stamp;
	}

	load->next = p->loads;
	p->loads = load;

	return load;
}


int sipd_prompts_load(struct sipd_prompts *p, const char *path,
		      sipd_prompt_h *h, void *arg)
{
	return sipd_prompts_load_as(p, path, 0, h, arg);
}


int sipd_prompts_load_as(struct sipd_prompts *p, const char *path,
			 unsigned kinds, sipd_prompt_h *h, void *arg)
{
	struct load *load;
	struct waiter *w;
	bool fresh;

	if (!*path || strlen(path) > PATH_BYTES_MAX)
		return sipd_error(SIPDIALER_EINVAL,
				  "path of a prompt: %zu bytes; 1 to %d",
				  strlen(path), PATH_BYTES_MAX);
	if (p->waiting >= WAITING_MAX)
		return sipd_error(SIPDIALER_EFULL,
				  "%zu wait for prompts; at most %d",
				  p->waiting, WAITING_MAX);

	w = calloc(1, sizeof(*w));
	load = load_find(p, path, kinds);
	fresh = !load;
	if (w && fresh)
		load = load_new(p, path, kinds);
	if (!w || !load) {
		free(w);
		return sipd_error(SIPDIALER_ENOMEM, "no memory to load %s",
				  path);
	}

	w->h = h;
	w->arg = arg;
	*load->last = w;
	load->last = &w->next;
	++p->waiting;
	if (fresh)
		sipd_disk_post(p->disk, &load->job);

	return 0;
}
