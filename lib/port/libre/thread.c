/**
 * @file port/libre/thread.c  libre's loop on our loop thread
 */
#include "port/libre/libre.h"

#include <errno.h>
#include <string.h>


size_t sipd_libre_sa_size(void)
{
	/* sa_init() clears all of what libre takes for a struct sa */
	union {
		struct sa sa;
		unsigned char bytes[4 * sizeof(struct sa)];
	} probe;
	size_t size = sizeof(probe);

	memset(&probe, 0xa5, sizeof(probe));
	sa_init(&probe.sa, AF_INET);
	while (size && probe.bytes[size - 1] == 0xa5)
		size--;

	return size;
}


int sipd_libre_thread_open(struct sipd_log *log, int maxfds)
{
	const size_t size = sipd_libre_sa_size();
	int err;

	if (size != sizeof(struct sa)) {
		sipd_log_error(
			log, "libre: struct sa has %zu bytes there, %zu here",
			size, sizeof(struct sa));
		return ELIBBAD;
	}

	if (!sipd_libre_timers_open())
		return ENOMEM;
	err = re_thread_init();
	if (err) {
		sipd_libre_timers_close();
		return err;
	}

	sipd_libre_log(log);

	err = fd_setsize(maxfds);
	if (!err)
		err = sipd_libre_clock_open(log);
	if (err)
		sipd_libre_thread_close();

	return err;
}


void sipd_libre_thread_close(void)
{
	sipd_libre_clock_close();
	sipd_libre_log(NULL);
	sipd_libre_timers_close();
	re_thread_close();
}


int sipd_libre_fd_open(struct sipd_libre_fd *f, int fd, fd_h *h, void *arg)
{
	f->fd = fd;
	f->fhs = NULL;
#ifdef SIPD_LIBRE_FHS
	return fd_listen(&f->fhs, fd, FD_READ, h, arg);
#else
	return fd_listen(fd, FD_READ, h, arg);
#endif
}


void sipd_libre_fd_close(struct sipd_libre_fd *f)
{
#ifdef SIPD_LIBRE_FHS
	f->fhs = fd_close(f->fhs);
#else
	fd_close(f->fd);
#endif
}
