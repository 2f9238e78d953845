/**
 * @file port/libre/clock.c  Timers of a shared old libre when the clock is set
 *
 * 1.1 and 2.0 keep absolute wall clock times (specs fact C): set back by an
 * hour, the clock freezes its timers for an hour; set forward, they all fire.
 * A timerfd, which runs on the monotonic clock, finds the step within 100 ms
 * and moves the timers by it.  Forward, a message that comes in those 100 ms
 * may still fire them: so this is the way for libraries that cannot be linked
 * statically.  Loop thread.
 */
#include "port/libre/libre.h"

#if defined(SIPD_LIBRE_STATIC) || defined(SIPD_LIBRE_TMRL)

int sipd_libre_clock_open(struct sipd_log *log)
{
	(void)log;

	return 0;
}


void sipd_libre_clock_close(void)
{
}

#else

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include "base/clock.h"

enum {
	LOOK_MS = 100,
	STEP_MS = 250, /* less is drift: it adds up until it is a step */
	SAME_MS = 5000 /* no machine boots so soon after 1970 */
};

static _Thread_local struct guard {
	bool open;
	struct sipd_libre_fd fd;
	struct sipd_log *log;
	int64_t ahead; /* libre's clock minus the monotonic one, ms */
} guard;

struct list *tmrl_get(void); /* exported, in no header */


static int64_t ahead_now(void)
{
	return (int64_t)(tmr_jiffies() - sipd_clock_ms());
}


static bool on_wall_clock(void)
{
	struct timeval tv;
	int64_t wall;

	(void)gettimeofday(&tv, NULL);
	wall = (int64_t)tv.tv_sec * 1000 + tv.tv_usec / 1000;

	return llabs((int64_t)tmr_jiffies() - wall) < SAME_MS;
}


/* All by the same amount, so that the list stays sorted. */
static void move_timers(int64_t step)
{
	struct le *le;

	for (le = list_head(tmrl_get()); le; le = le->next) {
		struct tmr *tmr = le->data;

		tmr->jfs += (uint64_t)step;
	}
}


static void look_handler(int flags, void *arg)
{
	struct guard *g = arg;
	uint64_t count;
	int64_t step;
	(void)flags;

	if (read(g->fd.fd, &count, sizeof(count)) < 0)
		return; /* EAGAIN: the next one comes */

	step = ahead_now() - g->ahead;
	if (step <= STEP_MS && step >= -STEP_MS)
		return;

	g->ahead += step;
	move_timers(step);
	sipd_log_warning(g->log, "loop: the clock was set by %lld ms",
			 (long long)step);
}


int sipd_libre_clock_open(struct sipd_log *log)
{
	const struct itimerspec every = {
		.it_interval = {.tv_nsec = LOOK_MS * 1000000L},
		.it_value = {.tv_nsec = LOOK_MS * 1000000L},
	};
	struct guard *g = &guard;
	int fd, err = 0;

	if (!on_wall_clock())
		return 0;

	fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (fd < 0)
		return errno;

	g->log = log;
	g->ahead = ahead_now();
	if (timerfd_settime(fd, 0, &every, NULL))
		err = errno;
	if (!err)
		err = sipd_libre_fd_open(&g->fd, fd, look_handler, g);
	if (err) {
		(void)close(fd);
		return err;
	}

	g->open = true;

	return 0;
}


void sipd_libre_clock_close(void)
{
	struct guard *g = &guard;

	if (!g->open)
		return;

	sipd_libre_fd_close(&g->fd);
	(void)close(g->fd.fd);
	g->open = false;
}

#endif
