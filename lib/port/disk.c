/**
 * @file port/disk.c  The store thread: jobs, group commit, ticks
 *
 * Two kinds of lists: `inbox` is filled by any thread under the lock; `batch`
 * (run, not yet committed) and `held` (waiting for a store that fails) belong
 * to the store thread alone.
 */
#include "port/disk.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "base/container.h"
#include "base/error.h"
#include "base/text.h"
#include "port/store/store.h"
#include "port/thread.h"

struct list {
	struct sipd_work *head;
	struct sipd_work **tail;
	size_t count;
};

struct sipd_disk {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake; /* CLOCK_MONOTONIC */
	struct sipd_loop *loop;
	struct sipd_log *log;

	/* under the lock */
	struct list inbox;
	struct sipd_disk_tick *ticks; /* by due time */
	bool stopping, ended;
	uint64_t deadline; /* ms, while stopping */
	sipd_disk_state_h *state_h;
	void *state_arg;
	bool state_posted; /* state_work is on its way */
	bool state_bad, state_told;
	char state_text[SIPD_ERROR_SIZE];

	/* of the store thread */
	struct list batch;
	struct sipd_store *tx; /* transaction of the batch */
	struct list held;
	uint64_t retry_at; /* ms, while held is not empty */
	bool failing;

	struct sipd_work state_work;
	struct sipd_work free_work;
};


static void list_init(struct list *l)
{
	l->head = NULL;
	l->tail = &l->head;
	l->count = 0;
}


static void list_add(struct list *l, struct sipd_work *work)
{
	work->next = NULL;
	*l->tail = work;
	l->tail = &work->next;
	++l->count;
}


/* Hand all over to `to`, which is overwritten. */
static void list_move(struct list *to, struct list *from)
{
	*to = *from;
	if (!to->head)
		to->tail = &to->head;
	list_init(from);
}


static struct sipd_job *job_of(struct sipd_work *work)
{
	return SIPD_CONTAINER(work, struct sipd_job, work);
}


static void job_done_handler(struct sipd_work *work)
{
	struct sipd_job *job = job_of(work);

	job->done(job);
}


static void job_finish(struct sipd_disk *disk, struct sipd_job *job)
{
	if (!job->done)
		return;

	job->work.h = job_done_handler;
	sipd_loop_post(disk->loop, &job->work);
}


static void list_finish(struct sipd_disk *disk, struct list *l, int err)
{
	struct sipd_work *work = l->head;

	list_init(l);
	while (work) {
		struct sipd_work *next = work->next; /* done may free it */

		if (err)
			job_of(work)->err = err;
		job_finish(disk, job_of(work));
		work = next;
	}
}


/* ---- state of the store ------------------------------------------------ */

static void state_handler(struct sipd_work *work)
{
	struct sipd_disk *disk = SIPD_CONTAINER(work, struct sipd_disk,
						state_work);
	char text[SIPD_ERROR_SIZE];
	sipd_disk_state_h *h;
	void *arg;
	bool bad, news;

	(void)pthread_mutex_lock(&disk->lock);
	disk->state_posted = false;
	bad = disk->state_bad;
	news = bad != disk->state_told;
	disk->state_told = bad;
	h = disk->state_h;
	arg = disk->state_arg;
	memcpy(text, disk->state_text, sizeof(text));
	(void)pthread_mutex_unlock(&disk->lock);

	if (h && news)
		h(bad ? text : NULL, arg);
}


/* Only a change is told, once; changes faster than the loop are merged. */
static void state_set(struct sipd_disk *disk, const char *text)
{
	bool post;

	if (disk->failing == (text != NULL))
		return;

	disk->failing = text != NULL;
	if (text)
		sipd_log_info(disk->log, "store: %s; tried again each second",
			      text);
	else
		sipd_log_info(disk->log, "store: works again");

	(void)pthread_mutex_lock(&disk->lock);
	disk->state_bad = disk->failing;
	if (text)
		(void)sipd_strcpy(disk->state_text, sizeof(disk->state_text),
				  text);
	post = !disk->state_posted;
	disk->state_posted = true;
	(void)pthread_mutex_unlock(&disk->lock);

	if (post)
		sipd_loop_post(disk->loop, &disk->state_work);
}


void sipd_disk_on_state(struct sipd_disk *disk, sipd_disk_state_h *h,
			void *arg)
{
	(void)pthread_mutex_lock(&disk->lock);
	disk->state_h = h;
	disk->state_arg = arg;
	(void)pthread_mutex_unlock(&disk->lock);
}


/* ---- jobs -------------------------------------------------------------- */

/* The batch could not be stored: keep its jobs, in order. */
static void batch_fail(struct sipd_disk *disk)
{
	char text[SIPD_ERROR_SIZE];

	/* rolling back may change the text */
	(void)sipd_strcpy(text, sizeof(text), sipd_error_text());

	if (disk->tx)
		sipd_store_rollback(disk->tx);
	disk->tx = NULL;

	assert(!disk->held.head);
	list_move(&disk->held, &disk->batch);
	disk->retry_at = sipd_clock_ms() + SIPD_DISK_RETRY_MS;
	state_set(disk, text);
}


static void batch_commit(struct sipd_disk *disk)
{
	if (!disk->tx)
		return;

	if (sipd_store_commit(disk->tx)) {
		batch_fail(disk);
		return;
	}

	disk->tx = NULL;
	state_set(disk, NULL);
	list_finish(disk, &disk->batch, 0);
}


static void batch_run(struct sipd_disk *disk, struct sipd_job *job)
{
	int err = 0;

	if (disk->tx &&
	    (disk->tx != job->store || disk->batch.count >= SIPD_DISK_BATCH))
		batch_commit(disk);

	if (disk->held.head) { /* that commit failed */
		list_add(&disk->held, &job->work);
		return;
	}

	list_add(&disk->batch, &job->work);
	if (!disk->tx) {
		err = sipd_store_begin(job->store);
		if (!err)
			disk->tx = job->store;
	}

	job->err = 0;
	if (!err) {
		job->run(job);
		if (job->err == SIPDIALER_EIO || sipd_store_failed(job->store))
			err = SIPDIALER_EIO;
	}
	if (err)
		batch_fail(disk);
}


static void list_run(struct sipd_disk *disk, struct sipd_work *work)
{
	while (work) {
		struct sipd_job *job = job_of(work);

		work = work->next; /* running moves it to another list */

		if (job->store && disk->held.head) {
			list_add(&disk->held, &job->work);
		}
		else if (job->store) {
			batch_run(disk, job);
		}
		else {
			/* its done must not overtake those before it */
			if (!job->apart)
				batch_commit(disk);
			job->err = 0;
			if (job->run)
				job->run(job);
			job_finish(disk, job);
		}
	}

	batch_commit(disk);
}


static void held_retry(struct sipd_disk *disk)
{
	struct list again;

	list_move(&again, &disk->held);
	list_run(disk, again.head);
}


void sipd_disk_post(struct sipd_disk *disk, struct sipd_job *job)
{
	bool ended;

	job->disk = disk;

	(void)pthread_mutex_lock(&disk->lock);
	ended = disk->ended;
	if (!ended) {
		if (!disk->inbox.head)
			(void)pthread_cond_signal(&disk->wake);
		list_add(&disk->inbox, &job->work);
	}
	(void)pthread_mutex_unlock(&disk->lock);

	if (ended) {
		job->err = SIPDIALER_ECANCELLED;
		job_finish(disk, job);
	}
}


/* ---- ticks ------------------------------------------------------------- */

/* @locks disk->lock is held */
static void tick_insert(struct sipd_disk *disk, struct sipd_disk_tick *tick)
{
	struct sipd_disk_tick **p = &disk->ticks;

	while (*p && (*p)->due <= tick->due)
		p = &(*p)->next;

	tick->next = *p;
	*p = tick;
}


static void ticks_run(struct sipd_disk *disk)
{
	const uint64_t now = sipd_clock_ms();

	for (;;) {
		struct sipd_disk_tick *tick;
		sipd_disk_tick_h *h = NULL;
		void *arg = NULL;

		(void)pthread_mutex_lock(&disk->lock);
		tick = disk->ticks;
		if (tick && tick->due <= now) {
			disk->ticks = tick->next;
			tick->due = now +
				    (tick->period_ms ? tick->period_ms : 1);
			tick_insert(disk, tick);
			h = tick->h;
			arg = tick->arg;
		}
		(void)pthread_mutex_unlock(&disk->lock);

		if (!h)
			return;
		h(arg); /* the tick may be removed meanwhile */
	}
}


void sipd_disk_tick_add(struct sipd_disk *disk, struct sipd_disk_tick *tick)
{
	tick->due = sipd_clock_ms() + tick->period_ms;

	(void)pthread_mutex_lock(&disk->lock);
	tick_insert(disk, tick);
	if (disk->ticks == tick)
		(void)pthread_cond_signal(&disk->wake);
	(void)pthread_mutex_unlock(&disk->lock);
}


void sipd_disk_tick_remove(struct sipd_disk *disk, struct sipd_disk_tick *tick,
			   struct sipd_job *job)
{
	struct sipd_disk_tick **p;

	(void)pthread_mutex_lock(&disk->lock);
	for (p = &disk->ticks; *p && *p != tick;)
		p = &(*p)->next;
	if (*p)
		*p = tick->next;
	(void)pthread_mutex_unlock(&disk->lock);

	/* behind a handler that may be running now */
	job->store = NULL;
	sipd_disk_post(disk, job);
}


/* ---- the thread -------------------------------------------------------- */

/* @locks disk->lock is held; 0: no need to wait, UINT64_MAX: until woken */
static uint64_t wake_time(const struct sipd_disk *disk)
{
	uint64_t at = UINT64_MAX;

	if (disk->inbox.head || (disk->stopping && !disk->held.head))
		return 0;

	if (disk->ticks)
		at = disk->ticks->due;
	if (disk->held.head && disk->retry_at < at)
		at = disk->retry_at;
	if (disk->stopping && disk->deadline < at)
		at = disk->deadline;

	return at;
}


/* @locks disk->lock is held */
static void wait_for_work(struct sipd_disk *disk)
{
	for (;;) {
		const uint64_t at = wake_time(disk);
		struct timespec ts;

		if (at == UINT64_MAX) {
			(void)pthread_cond_wait(&disk->wake, &disk->lock);
			continue;
		}
		if (at <= sipd_clock_ms())
			return;

		ts.tv_sec = (time_t)(at / 1000);
		ts.tv_nsec = (long)(at % 1000) * 1000000;
		(void)pthread_cond_timedwait(&disk->wake, &disk->lock, &ts);
	}
}


/* true: all is done, or given up */
static bool thread_end(struct sipd_disk *disk)
{
	bool given_up;

	(void)pthread_mutex_lock(&disk->lock);
	given_up = disk->stopping && sipd_clock_ms() >= disk->deadline;
	if (disk->stopping && !disk->inbox.head &&
	    (!disk->held.head || given_up))
		disk->ended = true;
	(void)pthread_mutex_unlock(&disk->lock);

	if (!disk->ended) /* only this thread writes it */
		return false;

	if (disk->held.head)
		sipd_log_info(
			disk->log,
			"store: stopped while failing, %zu writes are lost",
			disk->held.count);
	list_finish(disk, &disk->held, SIPDIALER_ECANCELLED);

	return true;
}


static void *thread_main(void *arg)
{
	struct sipd_disk *disk = arg;

	do {
		struct list list;
		bool last;

		(void)pthread_mutex_lock(&disk->lock);
		wait_for_work(disk);
		list_move(&list, &disk->inbox);
		last = disk->stopping && sipd_clock_ms() >= disk->deadline;
		(void)pthread_mutex_unlock(&disk->lock);

		if (disk->held.head &&
		    (last || sipd_clock_ms() >= disk->retry_at))
			held_retry(disk);
		list_run(disk, list.head);
		ticks_run(disk);
	} while (!thread_end(disk));

	return NULL;
}


static void free_handler(struct sipd_work *work)
{
	struct sipd_disk *disk = SIPD_CONTAINER(work, struct sipd_disk,
						free_work);

	(void)pthread_cond_destroy(&disk->wake);
	(void)pthread_mutex_destroy(&disk->lock);
	free(disk);
}


int sipd_disk_start(struct sipd_disk **dp, struct sipd_loop *loop,
		    struct sipd_log *log)
{
	struct sipd_disk *disk = calloc(1, sizeof(*disk));
	pthread_condattr_t attr;
	int err;

	if (!disk)
		return sipd_error(SIPDIALER_ENOMEM,
				  "no memory for the store thread");

	disk->loop = loop;
	disk->log = log;
	list_init(&disk->inbox);
	list_init(&disk->batch);
	list_init(&disk->held);
	disk->state_work.h = state_handler;
	disk->free_work.h = free_handler;
	(void)pthread_mutex_init(&disk->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&disk->wake, &attr);
	(void)pthread_condattr_destroy(&attr);

	err = sipd_thread_start(&disk->thread, "sipd-store", thread_main,
				disk);
	if (err) {
		free_handler(&disk->free_work);
		return sipd_error_errno(err, "thread of the store");
	}

	*dp = disk;

	return SIPDIALER_OK;
}


void sipd_disk_stop(struct sipd_disk *disk, uint32_t wait_ms)
{
	assert(!sipd_loop_here(disk->loop));

	(void)pthread_mutex_lock(&disk->lock);
	disk->stopping = true;
	disk->deadline = sipd_clock_ms() + wait_ms;
	(void)pthread_cond_signal(&disk->wake);
	(void)pthread_mutex_unlock(&disk->lock);

	(void)pthread_join(disk->thread, NULL);
	sipd_loop_post(disk->loop, &disk->free_work);
}
