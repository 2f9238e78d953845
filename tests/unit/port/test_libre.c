/**
 * @file test_libre.c  What we rely on in libre, whichever release is linked
 *
 * The clock of gettimeofday() is ours here: libre 1.1 reads it, in its own
 * shared object as well.
 */
#include "lib/cmocka_all.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "port/libre/libre.h"
#include "port/loop.h"

enum {
	DELAY_MS = 700,
	WAIT_MS = 5000,
	IDLE_MS = 150,
	HOUR_S = 3600,
	TRIES = 3
};

static atomic_long stepped_s; /* how far the wall clock was set */

int gettimeofday(struct timeval *restrict tv, void *restrict tz);


int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
	struct timespec ts;
	(void)tz;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	tv->tv_sec = ts.tv_sec + atomic_load(&stepped_s);
	tv->tv_usec = (suseconds_t)(ts.tv_nsec / 1000);

	return 0;
}


struct fixture {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool started, fired;
	uint64_t start_ms, fired_ms;
	struct sipd_loop *loop;
	struct sipd_timer timer;
	struct sipd_work start;
};


static void tell(struct fixture *f, bool *what)
{
	(void)pthread_mutex_lock(&f->lock);
	*what = true;
	(void)pthread_cond_signal(&f->cond);
	(void)pthread_mutex_unlock(&f->lock);
}


static bool wait_for(struct fixture *f, const bool *what, long ms)
{
	struct timespec until;
	bool done;
	int err = 0;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += ms % 1000 * 1000000;
	until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;

	(void)pthread_mutex_lock(&f->lock);
	while (!*what && !err)
		err = pthread_cond_timedwait(&f->cond, &f->lock, &until);
	done = *what;
	(void)pthread_mutex_unlock(&f->lock);

	return done;
}


static void timer_handler(void *arg)
{
	struct fixture *f = arg;

	f->fired_ms = sipd_clock_ms();
	tell(f, &f->fired);
}


static void start_handler(struct sipd_work *work)
{
	struct fixture *f = (struct fixture *)(void *)((char *)work -
						       offsetof(struct fixture,
								start));

	f->start_ms = sipd_clock_ms();
	sipd_timer_start(&f->timer, DELAY_MS, timer_handler, f);
	tell(f, &f->started);
}


/* When the timer fired, in ms after its start; 0 if it did not. */
static uint64_t fires_after(long step_s)
{
	struct fixture f;
	uint64_t ms = 0;

	memset(&f, 0, sizeof(f));
	(void)pthread_mutex_init(&f.lock, NULL);
	(void)pthread_cond_init(&f.cond, NULL);
	f.start.h = start_handler;
	assert_int_equal(sipd_loop_start(&f.loop, NULL), 0);

	sipd_loop_post(f.loop, &f.start);
	assert_true(wait_for(&f, &f.started, WAIT_MS));
	/* the loop is idle by then, as it is when clocks are set */
	assert_false(wait_for(&f, &f.fired, IDLE_MS));
	(void)atomic_fetch_add(&stepped_s, step_s);

	if (wait_for(&f, &f.fired, WAIT_MS))
		ms = f.fired_ms - f.start_ms;

	sipd_loop_stop(f.loop);
	sipd_loop_join(f.loop);
	(void)pthread_cond_destroy(&f.cond);
	(void)pthread_mutex_destroy(&f.lock);

	return ms;
}


static void expect_in_time(long step_s)
{
	uint64_t ms = 0;

	/* a busy machine is late now and then; a wall clock is always wrong */
	for (int i = 0; i < TRIES; i++) {
		ms = fires_after(step_s);
		if (ms >= DELAY_MS && ms < DELAY_MS + 300)
			return;
	}

	fail_msg("%d ms timer fired after %llu ms", DELAY_MS,
		 (unsigned long long)ms);
}


static void test_timer_is_in_time_when_the_clock_is_set_back(void **state)
{
	(void)state;
	expect_in_time(-HOUR_S);
}


static void test_timer_is_in_time_when_the_clock_is_set_forward(void **state)
{
	(void)state;
	expect_in_time(HOUR_S);
}


static void test_libre_agrees_on_the_size_of_an_address(void **state)
{
	(void)state;
	assert_int_equal(sipd_libre_sa_size(), sizeof(struct sa));
}


/* A library of another size must be found, not just one of this size. */
static void test_size_of_an_address_is_measured(void **state)
{
	struct sa sa[2];
	const unsigned char *p = (const unsigned char *)&sa[1];
	(void)state;

	memset(sa, 0x11, sizeof(sa));
	sa_init(&sa[0], AF_INET);
	assert_int_equal(p[-1], 0);
	assert_int_equal(p[0], 0x11);
	assert_true(sipd_libre_sa_size() >=
		    sizeof(struct sockaddr_in6) + sizeof(socklen_t));
}


#ifdef SIPD_LIBRE_STATIC

static void line_handler(int level, const char *line, void *arg)
{
	(void)level;
	if (strstr(line, "libre: "))
		++*(unsigned *)arg;
}


static void fd_handler(int flags, void *arg)
{
	(void)flags;
	(void)arg;
}


static void test_libre_writes_to_our_log_not_to_stderr(void **state)
{
	const int keep = dup(STDERR_FILENO);
	struct sipd_libre_fd f;
	struct sipd_log log;
	unsigned lines = 0;
	FILE *file = tmpfile();
	long size;
	(void)state;

	assert_non_null(file);
	sipd_log_init(&log, SIPDIALER_LOG_DEBUG, line_handler, &lines);
	(void)dup2(fileno(file), STDERR_FILENO);
	sipd_libre_log(&log);
	/* libre complains about the descriptor */
	(void)sipd_libre_fd_open(&f, -1, fd_handler, NULL);
	sipd_libre_log(NULL);
	(void)dup2(keep, STDERR_FILENO);
	(void)close(keep);

	(void)fseek(file, 0, SEEK_END);
	size = ftell(file);
	(void)fclose(file);
	assert_int_equal(size, 0);
	assert_true(lines > 0);
}

#endif


int main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef SIPD_LIBRE_STATIC
		cmocka_unit_test(test_libre_writes_to_our_log_not_to_stderr),
#endif
		cmocka_unit_test(
			test_timer_is_in_time_when_the_clock_is_set_back),
		cmocka_unit_test(
			test_timer_is_in_time_when_the_clock_is_set_forward),
		cmocka_unit_test(test_libre_agrees_on_the_size_of_an_address),
		cmocka_unit_test(test_size_of_an_address_is_measured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
