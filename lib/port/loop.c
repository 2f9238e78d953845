/**
 * @file port/loop.c  The loop thread, on libre's main loop
 *
 * Posted work wakes the loop through an eventfd.  All handlers run here, so
 * that nothing on this thread needs a lock.
 */
#include "port/loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/error.h"
#include "port/libre/libre.h"
#include "port/thread.h"

struct sipd_loop {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t started;
	int start_err; /* -1 not yet known */
	int fd;        /* eventfd */
	struct sipd_libre_fd libre_fd;
	struct sipd_workq inbox;
	struct sipd_workq laterq;
	struct tmr later;
	struct sipd_work stop;
	struct sipd_log *log;
	atomic_uint_fast64_t posted_us; /* when the inbox became non-empty */
	atomic_uint_fast64_t delay_us;
	uint64_t delay_since;
	uint64_t delay_max;
};

_Static_assert(sizeof(struct sipd_timer) >= sizeof(struct tmr),
	       "struct sipd_timer must hold libre's struct tmr");

/* Longest answer of a DNS server or a peer is elsewhere; descriptors of media
 * sockets push those of SIP up, so libre's table must reach as far. */
enum { FDS_DEFAULT = 65536 };


static void note_delay(struct sipd_loop *loop)
{
	const uint64_t now = sipd_clock_us();
	const uint64_t posted = atomic_exchange(&loop->posted_us, 0);

	if (posted && now > posted && now - posted > loop->delay_max)
		loop->delay_max = now - posted;

	if (now - loop->delay_since >= 1000000) {
		atomic_store(&loop->delay_us, loop->delay_max);
		loop->delay_since = now;
		loop->delay_max = 0;
	}
}


static void inbox_handler(int flags, void *arg)
{
	struct sipd_loop *loop = arg;
	uint64_t count;
	(void)flags;

	if (read(loop->fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		sipd_log_warning(loop->log, "loop: eventfd: %s",
				 strerror(errno));
	note_delay(loop);
	(void)sipd_work_run(sipd_workq_take(&loop->inbox));
}


static void later_handler(void *arg)
{
	struct sipd_loop *loop = arg;

	(void)sipd_work_run(sipd_workq_take(&loop->laterq));
}


static int max_fds(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) || rl.rlim_cur == RLIM_INFINITY)
		return FDS_DEFAULT;

	return rl.rlim_cur > FDS_DEFAULT ? FDS_DEFAULT : (int)rl.rlim_cur;
}


static int thread_init(struct sipd_loop *loop)
{
	int err;

	err = sipd_libre_thread_open(loop->log, max_fds());
	if (err)
		return err;

	err = sipd_libre_fd_open(&loop->libre_fd, loop->fd, inbox_handler,
				 loop);
	if (err)
		sipd_libre_thread_close();

	return err;
}


static void *thread_main(void *arg)
{
	struct sipd_loop *loop = arg;
	const int err = thread_init(loop);

	(void)pthread_mutex_lock(&loop->lock);
	loop->start_err = err;
	(void)pthread_cond_signal(&loop->started);
	(void)pthread_mutex_unlock(&loop->lock);
	if (err)
		return NULL;

	(void)re_main(NULL);

	/* what ended during the last turn is freed now */
	tmr_cancel(&loop->later);
	for (;;) {
		struct sipd_work *list = sipd_workq_take(&loop->laterq);

		if (!list)
			list = sipd_workq_take(&loop->inbox);
		if (!list)
			break;
		(void)sipd_work_run(list);
	}

	tmr_cancel(&loop->later);
	sipd_libre_fd_close(&loop->libre_fd);
	sipd_libre_thread_close();

	return NULL;
}


static void stop_handler(struct sipd_work *work)
{
	(void)work;
	re_cancel();
}


static void loop_free(struct sipd_loop *loop)
{
	(void)close(loop->fd);
	sipd_workq_close(&loop->inbox);
	sipd_workq_close(&loop->laterq);
	(void)pthread_cond_destroy(&loop->started);
	(void)pthread_mutex_destroy(&loop->lock);
	free(loop);
}


int sipd_loop_start(struct sipd_loop **lp, struct sipd_log *log)
{
	struct sipd_loop *loop = calloc(1, sizeof(*loop));
	int err;

	if (!loop)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for the loop");

	loop->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (loop->fd < 0) {
		err = sipd_error_errno(errno, "eventfd");
		free(loop);
		return err;
	}

	loop->log = log;
	loop->start_err = -1;
	loop->stop.h = stop_handler;
	sipd_workq_init(&loop->inbox);
	sipd_workq_init(&loop->laterq);
	(void)pthread_mutex_init(&loop->lock, NULL);
	(void)pthread_cond_init(&loop->started, NULL);

	err = sipd_thread_start(&loop->thread, "sipd-loop", thread_main, loop);
	if (err) {
		loop_free(loop);
		return sipd_error_errno(err, "thread of the loop");
	}

	(void)pthread_mutex_lock(&loop->lock);
	while (loop->start_err == -1)
		(void)pthread_cond_wait(&loop->started, &loop->lock);
	err = loop->start_err;
	(void)pthread_mutex_unlock(&loop->lock);

	if (err) {
		(void)pthread_join(loop->thread, NULL);
		loop_free(loop);
		return sipd_error_errno(err, "loop");
	}

	*lp = loop;

	return SIPDIALER_OK;
}


void sipd_loop_stop(struct sipd_loop *loop)
{
	sipd_loop_post(loop, &loop->stop);
}


void sipd_loop_join(struct sipd_loop *loop)
{
	(void)pthread_join(loop->thread, NULL);
	loop_free(loop);
}


void sipd_loop_post(struct sipd_loop *loop, struct sipd_work *work)
{
	static const uint64_t one = 1;

	if (!sipd_workq_push(&loop->inbox, work))
		return; /* the loop has been woken already */

	atomic_store(&loop->posted_us, sipd_clock_us());
	if (write(loop->fd, &one, sizeof(one)) < 0)
		return; /* counter full: it is readable anyway */
}


void sipd_loop_later(struct sipd_loop *loop, struct sipd_work *work)
{
	if (sipd_workq_push(&loop->laterq, work))
		tmr_start(&loop->later, 0, later_handler, loop);
}


bool sipd_loop_here(const struct sipd_loop *loop)
{
	return pthread_equal(loop->thread, pthread_self()) != 0;
}


uint64_t sipd_loop_delay_us(const struct sipd_loop *loop)
{
	return atomic_load(&loop->delay_us);
}


void sipd_timer_start(struct sipd_timer *t, uint64_t delay_ms, sipd_timer_h *h,
		      void *arg)
{
	tmr_start((struct tmr *)(void *)t, delay_ms, h, arg);
}


void sipd_timer_cancel(struct sipd_timer *t)
{
	tmr_cancel((struct tmr *)(void *)t);
}


bool sipd_timer_running(const struct sipd_timer *t)
{
	return sipd_libre_timer_running((const struct tmr *)(const void *)t);
}
