/**
 * @file test_disk.c  The store thread, over a store made of counters
 *
 * The functions of the transaction are this file's own: they note what
 * happened, and fail when told to.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "lib/cmocka_all.h"
#include "base/clock.h"
#include "base/container.h"
#include "base/error.h"
#include "port/disk.h"
#include "port/store/store.h"

enum { WAIT_MS = 10000, JOBS = 2500 };

/* Of the store thread; tests look at atomics only, or after the stop. */
struct sipd_store {
	atomic_uint begins, commits, rollbacks;
	atomic_int fail_begin, fail_commit; /* how many times */
	atomic_uint durable;                /* runs committed */
	unsigned pending;                   /* runs since begin */
	unsigned biggest;
	bool failed, open;
};

struct world {
	struct sipd_loop *loop;
	struct sipd_disk *disk;
	struct sipd_store store, other;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	unsigned done;
	unsigned order[JOBS];
	unsigned bad, good; /* states told */
	char text[128];
	unsigned ticks;
};

struct job {
	struct sipd_job job;
	struct world *w;
	unsigned n;
	int fail; /* err of the next runs, counted down */
	unsigned runs;
	unsigned durable_at_done;
	bool was_open; /* a transaction was, at run */
	int err;
};


int sipd_store_begin(struct sipd_store *s)
{
	assert_false(s->open);
	s->failed = false;
	if (atomic_load(&s->fail_begin) > 0) {
		atomic_fetch_sub(&s->fail_begin, 1);
		return sipd_error(SIPDIALER_EIO, "begin refused");
	}
	s->open = true;
	s->pending = 0;
	atomic_fetch_add(&s->begins, 1);
	return 0;
}


int sipd_store_commit(struct sipd_store *s)
{
	assert_true(s->open);
	if (s->failed || atomic_load(&s->fail_commit) > 0) {
		atomic_fetch_sub(&s->fail_commit, 1);
		return sipd_error(SIPDIALER_EIO, "commit refused");
	}
	s->open = false;
	if (s->pending > s->biggest)
		s->biggest = s->pending;
	atomic_fetch_add(&s->durable, s->pending);
	atomic_fetch_add(&s->commits, 1);
	return 0;
}


void sipd_store_rollback(struct sipd_store *s)
{
	assert_true(s->open);
	s->open = false;
	s->pending = 0;
	atomic_fetch_add(&s->rollbacks, 1);
}


bool sipd_store_failed(const struct sipd_store *s)
{
	return s->failed;
}


static void job_run(struct sipd_job *job)
{
	struct job *j = SIPD_CONTAINER(job, struct job, job);

	assert_int_equal(job->err, 0);
	++j->runs;
	j->was_open = j->w->store.open || j->w->other.open;
	if (job->store)
		++job->store->pending;
	if (j->fail > 0) {
		--j->fail;
		job->err = SIPDIALER_EIO;
		(void)sipd_error(SIPDIALER_EIO, "job refused");
	}
	else if (j->fail < 0) {
		++j->fail;
		job->store->failed = true; /* run need not tell itself */
		(void)sipd_error(SIPDIALER_EIO, "job refused");
	}
}


static void job_done(struct sipd_job *job)
{
	struct job *j = SIPD_CONTAINER(job, struct job, job);
	struct world *w = j->w;

	assert_true(sipd_loop_here(w->loop));
	j->err = job->err;
	if (job->store)
		j->durable_at_done = atomic_load(&job->store->durable);
	(void)pthread_mutex_lock(&w->lock);
	if (w->done < JOBS)
		w->order[w->done] = j->n;
	++w->done;
	(void)pthread_cond_broadcast(&w->cond);
	(void)pthread_mutex_unlock(&w->lock);
}


static void state(const char *text, void *arg)
{
	struct world *w = arg;

	assert_true(sipd_loop_here(w->loop));
	(void)pthread_mutex_lock(&w->lock);
	if (text) {
		++w->bad;
		(void)snprintf(w->text, sizeof(w->text), "%s", text);
	}
	else {
		++w->good;
	}
	(void)pthread_cond_broadcast(&w->cond);
	(void)pthread_mutex_unlock(&w->lock);
}


/* Wait until *n reaches want, at most WAIT_MS. */
static void await(struct world *w, const unsigned *n, unsigned want)
{
	struct timespec ts;
	int err = 0;
	bool reached;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += WAIT_MS / 1000;
	(void)pthread_mutex_lock(&w->lock);
	while (*n < want && !err)
		err = pthread_cond_timedwait(&w->cond, &w->lock, &ts);
	reached = *n >= want;
	(void)pthread_mutex_unlock(&w->lock);
	assert_true(reached);
}


static int setup(void **arg)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	(void)pthread_mutex_init(&w->lock, NULL);
	(void)pthread_cond_init(&w->cond, NULL);
	assert_int_equal(sipd_loop_start(&w->loop, NULL), 0);
	assert_int_equal(sipd_disk_start(&w->disk, w->loop, NULL), 0);
	sipd_disk_on_state(w->disk, state, w);
	*arg = w;
	return 0;
}


static void stop(struct world *w, uint32_t wait_ms)
{
	if (w->disk)
		sipd_disk_stop(w->disk, wait_ms);
	w->disk = NULL;
	if (w->loop) {
		sipd_loop_stop(w->loop);
		sipd_loop_join(w->loop);
	}
	w->loop = NULL;
}


static int teardown(void **arg)
{
	struct world *w = *arg;

	stop(w, 0);
	(void)pthread_cond_destroy(&w->cond);
	(void)pthread_mutex_destroy(&w->lock);
	free(w);
	return 0;
}


static void job_init(struct job *j, struct world *w, unsigned n,
		     struct sipd_store *store)
{
	memset(j, 0, sizeof(*j));
	j->job.run = job_run;
	j->job.done = job_done;
	j->job.store = store;
	j->w = w;
	j->n = n;
}


/* A job that keeps the thread busy until let go, so that the jobs posted
 * behind it are taken as one list. */
struct gate {
	struct sipd_job job;
	struct world *w;
	unsigned closed;
	unsigned in;
};


static void gate_run(struct sipd_job *job)
{
	struct gate *g = SIPD_CONTAINER(job, struct gate, job);

	(void)pthread_mutex_lock(&g->w->lock);
	g->in = 1;
	(void)pthread_cond_broadcast(&g->w->cond);
	while (g->closed)
		(void)pthread_cond_wait(&g->w->cond, &g->w->lock);
	(void)pthread_mutex_unlock(&g->w->lock);
}


static void gate_close(struct gate *g, struct world *w)
{
	memset(g, 0, sizeof(*g));
	g->job.run = gate_run;
	g->w = w;
	g->closed = 1;
	sipd_disk_post(w->disk, &g->job);
	await(w, &g->in, 1);
}


static void gate_open(struct gate *g)
{
	(void)pthread_mutex_lock(&g->w->lock);
	g->closed = 0;
	(void)pthread_cond_broadcast(&g->w->cond);
	(void)pthread_mutex_unlock(&g->w->lock);
}


static void test_jobs_keep_order_and_share_commits(void **arg)
{
	struct world *w = *arg;
	struct job *jobs = calloc(JOBS, sizeof(*jobs));
	struct gate gate;

	assert_non_null(jobs);
	gate_close(&gate, w);
	for (unsigned i = 0; i < JOBS; i++) {
		job_init(&jobs[i], w, i, &w->store);
		sipd_disk_post(w->disk, &jobs[i].job);
	}
	gate_open(&gate);
	await(w, &w->done, JOBS);
	stop(w, 0);

	for (unsigned i = 0; i < JOBS; i++) {
		assert_int_equal(w->order[i], i);
		assert_int_equal(jobs[i].runs, 1);
		assert_true(jobs[i].durable_at_done > i);
	}
	assert_int_equal(w->store.commits, 3); /* 1000 + 1000 + 500 */
	assert_int_equal(w->store.biggest, SIPD_DISK_BATCH);
	assert_int_equal(w->store.durable, JOBS);
	free(jobs);
}


static void test_job_without_store_runs_outside_transactions(void **arg)
{
	struct world *w = *arg;
	struct job jobs[30];
	struct gate gate;

	gate_close(&gate, w);
	for (unsigned i = 0; i < 30; i++) {
		job_init(&jobs[i], w, i, i % 10 == 9 ? NULL : &w->store);
		sipd_disk_post(w->disk, &jobs[i].job);
	}
	gate_open(&gate);
	await(w, &w->done, 30);
	stop(w, 0);

	for (unsigned i = 0; i < 30; i++) {
		assert_int_equal(w->order[i], i);
		assert_int_equal(jobs[i].was_open, i % 10 != 9);
	}
	assert_int_equal(w->store.commits, 3);
}


/* Recordings that begin and end in the middle of a campaign. */
static void test_job_apart_leaves_the_transaction_open(void **arg)
{
	struct world *w = *arg;
	struct job jobs[30];
	struct gate gate;
	unsigned last = 0;

	gate_close(&gate, w);
	for (unsigned i = 0; i < 30; i++) {
		job_init(&jobs[i], w, i, i % 3 == 2 ? NULL : &w->store);
		jobs[i].job.apart = i % 3 == 2;
		sipd_disk_post(w->disk, &jobs[i].job);
	}
	gate_open(&gate);
	await(w, &w->done, 30);
	stop(w, 0);

	/* those of the store in their order, whenever the others were done */
	for (unsigned i = 0; i < 30; i++) {
		if (w->order[i] % 3 == 2)
			continue;
		assert_true(w->order[i] >= last);
		last = w->order[i];
	}
	assert_int_equal(w->store.commits, 1);
	assert_int_equal(w->store.durable, 20);
}


static void test_two_stores_have_own_transactions(void **arg)
{
	struct world *w = *arg;
	struct job jobs[40];
	struct gate gate;

	gate_close(&gate, w);
	for (unsigned i = 0; i < 40; i++) {
		job_init(&jobs[i], w, i, i / 10 % 2 ? &w->other : &w->store);
		sipd_disk_post(w->disk, &jobs[i].job);
	}
	gate_open(&gate);
	await(w, &w->done, 40);
	stop(w, 0);

	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(w->order[i], i);
	assert_int_equal(w->store.commits, 2);
	assert_int_equal(w->other.commits, 2);
	assert_int_equal(w->store.durable, 20);
	assert_int_equal(w->other.durable, 20);
}


/* How a store fails: its begin, its commit, a job that says so, a job whose
 * store function said so. */
enum { BY_BEGIN, BY_COMMIT, BY_JOB, BY_STORE, FAILURES };

struct failure {
	struct world *w;
	struct job jobs[10], aside;
};


/* Fails twice, so that it takes two seconds to be good again. */
static void failure_begin(struct failure *f, int how)
{
	struct world *w = f->w;
	struct gate gate;

	gate_close(&gate, w);
	for (unsigned i = 0; i < 10; i++) {
		job_init(&f->jobs[i], w, i, &w->store);
		sipd_disk_post(w->disk, &f->jobs[i].job);
	}
	if (how == BY_BEGIN)
		atomic_store(&w->store.fail_begin, 2);
	else if (how == BY_COMMIT)
		atomic_store(&w->store.fail_commit, 2);
	else
		f->jobs[5].fail = how == BY_JOB ? 2 : -2;
	gate_open(&gate);
	await(w, &w->bad, 1);

	/* others go on meanwhile */
	assert_int_equal(w->done, 0);
	job_init(&f->aside, w, 99, NULL);
	sipd_disk_post(w->disk, &f->aside.job);
	await(w, &w->done, 1);
	assert_int_equal(w->order[0], 99);
}


static void failure_end(struct failure *f, int how)
{
	struct world *w = f->w;

	await(w, &w->done, 11);
	stop(w, 0);
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(w->order[i + 1], i);
		assert_int_equal(f->jobs[i].err, 0);
		assert_int_equal(f->jobs[i].durable_at_done, 10);
	}
	assert_int_equal(w->bad, 1);
	assert_int_equal(w->good, 1);
	assert_non_null(strstr(w->text, "refused"));
	assert_int_equal(w->store.durable, 10);
	assert_int_equal(w->store.commits, 1);
	assert_int_equal(w->store.rollbacks, how == BY_BEGIN ? 0 : 2);
}


/* All four at the same time, each with a store thread of its own. */
static int failures_setup(void **arg)
{
	struct failure *all = calloc(FAILURES, sizeof(*all));

	assert_non_null(all);
	for (int how = 0; how < FAILURES; how++) {
		void *w;

		(void)setup(&w);
		all[how].w = w;
		failure_begin(&all[how], how);
	}
	*arg = all;
	return 0;
}


static int failures_teardown(void **arg)
{
	struct failure *all = *arg;

	for (int how = 0; how < FAILURES; how++) {
		void *w = all[how].w;

		(void)teardown(&w);
	}
	free(all);
	return 0;
}


static void test_failing_begin_is_retried(void **arg)
{
	struct failure *all = *arg;

	failure_end(&all[BY_BEGIN], BY_BEGIN);
}


static void test_failing_commit_is_retried(void **arg)
{
	struct failure *all = *arg;

	failure_end(&all[BY_COMMIT], BY_COMMIT);
}


static void test_failing_job_is_retried(void **arg)
{
	struct failure *all = *arg;

	failure_end(&all[BY_JOB], BY_JOB);
}


static void test_failing_store_function_is_retried(void **arg)
{
	struct failure *all = *arg;

	failure_end(&all[BY_STORE], BY_STORE);
}


static void test_stop_runs_what_is_queued(void **arg)
{
	struct world *w = *arg;
	struct job *jobs = calloc(JOBS, sizeof(*jobs));

	assert_non_null(jobs);
	for (unsigned i = 0; i < JOBS; i++) {
		job_init(&jobs[i], w, i, i % 7 ? &w->store : NULL);
		sipd_disk_post(w->disk, &jobs[i].job);
	}
	stop(w, 5000);

	assert_int_equal(w->done, JOBS);
	for (unsigned i = 0; i < JOBS; i++) {
		assert_int_equal(w->order[i], i);
		assert_int_equal(jobs[i].err, 0);
	}
	free(jobs);
}


static void test_stop_gives_up_on_a_dead_store(void **arg)
{
	struct world *w = *arg;
	struct job jobs[10];
	const uint64_t start = sipd_clock_ms();

	atomic_store(&w->store.fail_begin, 1000);
	for (unsigned i = 0; i < 10; i++) {
		job_init(&jobs[i], w, i, &w->store);
		sipd_disk_post(w->disk, &jobs[i].job);
	}
	stop(w, 300);

	assert_true(sipd_clock_ms() - start < 5000);
	assert_int_equal(w->done, 10);
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(jobs[i].err, SIPDIALER_ECANCELLED);
		assert_int_equal(w->order[i], i);
	}
}


static void test_stop_waits_for_a_store_that_recovers(void **arg)
{
	struct world *w = *arg;
	struct job j;

	atomic_store(&w->store.fail_begin, 1);
	job_init(&j, w, 0, &w->store);
	sipd_disk_post(w->disk, &j.job);
	stop(w, 8000);

	assert_int_equal(w->done, 1);
	assert_int_equal(j.err, 0);
	assert_int_equal(w->store.durable, 1);
}


/* A done that posts again, as the engine does while it is stopped. */
struct again {
	struct sipd_job job;
	struct world *w;
	unsigned left;
};


static void again_run(struct sipd_job *job)
{
	(void)job;
}


static void again_done(struct sipd_job *job)
{
	struct again *a = SIPD_CONTAINER(job, struct again, job);

	if (job->err == SIPDIALER_ECANCELLED || !a->left) {
		(void)pthread_mutex_lock(&a->w->lock);
		++a->w->done;
		(void)pthread_cond_broadcast(&a->w->cond);
		(void)pthread_mutex_unlock(&a->w->lock);
		return;
	}
	--a->left;
	sipd_disk_post(job->disk, job);
}


static void test_post_during_stop_is_cancelled(void **arg)
{
	struct world *w = *arg;
	struct again a = {.w = w, .left = 1000000000};

	a.job.run = again_run;
	a.job.done = again_done;
	sipd_disk_post(w->disk, &a.job);
	stop(w, 0);
	assert_int_equal(w->done, 1);
	assert_int_equal(a.job.err, SIPDIALER_ECANCELLED);
}


static void tick(void *arg)
{
	struct world *w = arg;

	(void)pthread_mutex_lock(&w->lock);
	++w->ticks;
	(void)pthread_cond_broadcast(&w->cond);
	(void)pthread_mutex_unlock(&w->lock);
}


static void test_ticks_run_until_removed(void **arg)
{
	struct world *w = *arg;
	struct sipd_disk_tick *t = calloc(1, sizeof(*t));
	struct sipd_disk_tick slow = {.h = tick,
				      .arg = w,
				      .period_ms = 3600000};
	const uint64_t start = sipd_clock_ms();
	struct job stuck, gone;
	unsigned seen;

	assert_non_null(t);
	t->h = tick;
	t->arg = w;
	t->period_ms = 5;

	/* a store that fails does not hold them up */
	atomic_store(&w->store.fail_begin, 1000);
	job_init(&stuck, w, 0, &w->store);
	sipd_disk_post(w->disk, &stuck.job);
	await(w, &w->bad, 1);

	sipd_disk_tick_add(w->disk, &slow);
	sipd_disk_tick_add(w->disk, t);
	await(w, &w->ticks, 10);
	assert_true(sipd_clock_ms() - start >= 45);

	job_init(&gone, w, 1, NULL);
	gone.job.run = NULL;
	sipd_disk_tick_remove(w->disk, t, &gone.job);
	await(w, &w->done, 1);
	free(t); /* not touched any more: the sanitizers watch */

	(void)pthread_mutex_lock(&w->lock);
	seen = w->ticks;
	(void)pthread_mutex_unlock(&w->lock);
	job_init(&gone, w, 2, NULL);
	sipd_disk_tick_remove(w->disk, &slow, &gone.job);
	await(w, &w->done, 2);
	assert_int_equal(w->ticks, seen);
	stop(w, 0);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(test_jobs_keep_order_and_share_commits),
		T(test_job_without_store_runs_outside_transactions),
		T(test_job_apart_leaves_the_transaction_open),
		T(test_two_stores_have_own_transactions),
		T(test_stop_runs_what_is_queued),
		T(test_stop_gives_up_on_a_dead_store),
		T(test_stop_waits_for_a_store_that_recovers),
		T(test_post_during_stop_is_cancelled),
		T(test_ticks_run_until_removed),
	};
	const struct CMUnitTest failures[] = {
		cmocka_unit_test(test_failing_begin_is_retried),
		cmocka_unit_test(test_failing_commit_is_retried),
		cmocka_unit_test(test_failing_job_is_retried),
		cmocka_unit_test(test_failing_store_function_is_retried),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) +
	       cmocka_run_group_tests(failures, failures_setup,
				      failures_teardown);
}
