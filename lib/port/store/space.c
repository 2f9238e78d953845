/**
 * @file port/store/space.c  Is the disk full?
 *
 * SQLite reports a full disk in several ways ("disk I/O error" where the
 * shared memory file could not grow); whoever reads the error wants to know.
 */
#include "port/store/internal.h"

#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

enum { LITTLE = 1024 * 1024 /* bytes: a log needs about that */ };


const char *sipd_store_space(const char *path, char *buf, size_t size)
{
	struct statvfs fs;
	char dir[4096];
	char *slash;

	buf[0] = '\0';
	if (strlen(path) >= sizeof(dir))
		return buf;

	memcpy(dir, path, strlen(path) + 1);
	slash = strrchr(dir, '/');
	if (slash)
		slash[1] = '\0';
	else
		memcpy(dir, ".", 2);

	if (!statvfs(dir, &fs) &&
	    (unsigned long long)fs.f_bavail * fs.f_frsize < LITTLE)
		(void)snprintf(buf, size, " (its disk is full: %llu KiB free)",
			       (unsigned long long)fs.f_bavail * fs.f_frsize /
				       1024);

	return buf;
}
