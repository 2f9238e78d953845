/**
 * @file port/wake.c  A descriptor that is readable or not, by eventfd(2)
 */
#include "port/wake.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "base/error.h"


int sipd_wake_open(void)
{
	const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	return fd >= 0 ? fd : sipd_error_errno(errno, "eventfd");
}


void sipd_wake_set(int fd)
{
	const uint64_t one = 1;
	/* fails only if it is readable anyhow */
	const ssize_t n = write(fd, &one, sizeof(one));

	(void)n;
}


void sipd_wake_clear(int fd)
{
	uint64_t count;
	/* fails only if it is not readable anyhow */
	const ssize_t n = read(fd, &count, sizeof(count));

	(void)n;
}


void sipd_wake_close(int fd)
{
	if (fd >= 0)
		(void)close(fd);
}
