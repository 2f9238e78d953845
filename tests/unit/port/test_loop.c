/** @file test_loop.c  The loop and the timers in place of libre's */
#include "lib/cmocka_all.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>
#include "base/clock.h"
#include "port/loop.h"

enum { TIMERS = 20000 };

struct shared {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool over;
	struct sipd_loop *loop;
};

struct probe {
	struct sipd_timer timer;
	struct shared *shared;
	uint64_t due, fired;
};

static struct probe probes[TIMERS];
static unsigned left;


static void finish(struct shared *s)
{
	pthread_mutex_lock(&s->lock);
	s->over = true;
	pthread_cond_signal(&s->cond);
	pthread_mutex_unlock(&s->lock);
}


static void wait_for(struct shared *s)
{
	pthread_mutex_lock(&s->lock);
	while (!s->over)
		pthread_cond_wait(&s->cond, &s->lock);
	pthread_mutex_unlock(&s->lock);
}


static void probe_handler(void *arg)
{
	struct probe *p = arg;

	p->fired = sipd_clock_ms();
	if (!--left)
		finish(p->shared);
}


struct task {
	struct sipd_work work;
	struct shared *shared;
};


static void start_many(struct sipd_work *work)
{
	struct task *task = (struct task *)(void *)work;

	srand(3);
	left = TIMERS;
	for (unsigned i = 0; i < TIMERS; i++) {
		const uint64_t delay = (uint64_t)rand() % 700;

		probes[i].shared = task->shared;
		probes[i].due = sipd_clock_ms() + delay;
		/* started twice: only the second counts */
		sipd_timer_start(&probes[i].timer, 1, probe_handler,
				 &probes[i]);
		sipd_timer_start(&probes[i].timer, delay, probe_handler,
				 &probes[i]);
	}
	/* every fourth is cancelled */
	for (unsigned i = 0; i < TIMERS; i += 4) {
		sipd_timer_cancel(&probes[i].timer);
		assert_false(sipd_timer_running(&probes[i].timer));
		--left;
	}
}


static void run(sipd_work_h *h)
{
	struct shared s = {.over = false};
	struct task task = {.work = {.h = h}, .shared = &s};

	pthread_mutex_init(&s.lock, NULL);
	pthread_cond_init(&s.cond, NULL);
	assert_int_equal(sipd_loop_start(&s.loop, NULL), 0);
	sipd_loop_post(s.loop, &task.work);
	wait_for(&s);
	sipd_loop_stop(s.loop);
	sipd_loop_join(s.loop);
	pthread_cond_destroy(&s.cond);
	pthread_mutex_destroy(&s.lock);
}


static void test_timers_never_early_each_once_cancelled_not(void **state)
{
	(void)state;

	memset(probes, 0, sizeof(probes));
	run(start_many);

	for (unsigned i = 0; i < TIMERS; i++) {
		if (i % 4 == 0) {
			assert_int_equal(probes[i].fired, 0);
			continue;
		}
		/* 1 ms: the two clock readings may straddle a tick */
		assert_true(probes[i].fired + 1 >= probes[i].due);
	}
}


static unsigned order;


static void later_two(struct sipd_work *work)
{
	struct task *task = (struct task *)(void *)work;

	assert_int_equal(order++, 1);
	finish(task->shared);
}


static void first_turn(struct sipd_work *work)
{
	struct task *task = (struct task *)(void *)work;
	static struct task later;

	later = (struct task){.work = {.h = later_two},
			      .shared = task->shared};
	sipd_loop_later(task->shared->loop, &later.work);
	/* not run inside the handler that asked for it */
	assert_int_equal(order++, 0);
}


static void test_later_runs_after_the_present_handler(void **state)
{
	(void)state;
	order = 0;
	run(first_turn);
	assert_int_equal(order, 2);
}


#ifdef SIPD_LIBRE_STATIC

/* Far timers go through every level of the wheel: run them on a clock of
 * our own is not possible (it is libre's interface), so check what libre
 * sees: the time left, and that the next stop is never past them. */
static void test_far_timers_keep_their_time(void **state)
{
	static const uint64_t delays[] = {
		1,          255,      256,      257,           65535,
		65536,      16777215, 16777216, 4294967295ULL, 4294967296ULL,
		1ULL << 40,
	};
	struct tmr tmr[sizeof(delays) / sizeof(*delays)];
	(void)state;

	memset(tmr, 0, sizeof(tmr));
	for (size_t i = 0; i < sizeof(delays) / sizeof(*delays); i++) {
		uint64_t next;

		tmr_start(&tmr[i], delays[i], (tmr_h *)abort, NULL);
		next = tmr_next_timeout(NULL);
		assert_true(next <= delays[i] + 1 && next >= 1);
		assert_in_range(tmr_get_expire(&tmr[i]), delays[i] - 1,
				delays[i]);
		tmr_cancel(&tmr[i]);
		assert_int_equal(tmr_next_timeout(NULL), 0);
	}
}


static void test_jiffies_do_not_follow_the_wall_clock(void **state)
{
	const uint64_t j = tmr_jiffies();
	(void)state;

	assert_true(sipd_clock_ms() - j < 5000);
}

#endif


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_timers_never_early_each_once_cancelled_not),
		cmocka_unit_test(test_later_runs_after_the_present_handler),
#ifdef SIPD_LIBRE_STATIC
		cmocka_unit_test(test_far_timers_keep_their_time),
		cmocka_unit_test(test_jiffies_do_not_follow_the_wall_clock),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
