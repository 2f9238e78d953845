/**
 * @file port/file/shelf.c  Files that we name: how they are made
 */
#include "port/file/shelf_own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "base/error.h"
#include "base/text.h"


static bool part_ok(const char *part, size_t len)
{
	return len && len <= SIPD_SHELF_PART_MAX && *part != '.' &&
	       sipd_text_clean(part, len);
}


bool sipd_shelf_name_ok(const char *name)
{
	unsigned parts = 0;

	if (strlen(name) > SIPD_SHELF_NAME_MAX)
		return false;

	for (;;) {
		const size_t len = strcspn(name, "/");

		if (!part_ok(name, len) || ++parts > SIPD_SHELF_PARTS_MAX)
			return false;
		if (!name[len])
			return true;
		name += len + 1;
	}
}


bool sipd_shelf_day(const char *name)
{
	static const char form[] = "dddd-dd-dd";

	for (size_t i = 0; form[i]; i++) {
		const bool digit = name[i] >= '0' && name[i] <= '9';

		if (form[i] == 'd' ? !digit : name[i] != form[i])
			return false;
	}

	return true;
}


int sipd_shelf_folder(int dir, const char *name, bool make)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dir, name, flags);

	if (fd >= 0 || errno != ENOENT || !make)
		return fd;
	if (mkdirat(dir, name, 0700) && errno != EEXIST)
		return -1;

	return openat(dir, name, flags);
}


/* Closes dir. */
static int step_into(int dir, const char *name, size_t len, bool make)
{
	char part[SIPD_SHELF_PART_MAX + 1];
	int fd, err;

	memcpy(part, name, len);
	part[len] = '\0';
	fd = sipd_shelf_folder(dir, part, make);
	err = errno;
	(void)close(dir);
	errno = err;

	return fd;
}


int sipd_shelf_parent(int dir, const char *name, bool make, const char **leaf)
{
	int at = fcntl(dir, F_DUPFD_CLOEXEC, 3);
	const char *slash;

	while (at >= 0 && (slash = strchr(name, '/'))) {
		at = step_into(at, name, (size_t)(slash - name), make);
		name = slash + 1;
	}
	*leaf = name;

	return at;
}


static int base_open(const char *folder)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	int fd = open(folder, flags);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	if (mkdir(folder, 0700) && errno != EEXIST)
		return -1;

	return open(folder, flags);
}


/* One write, so that lines of two processes do not mix. */
static bool list_add(int day, const char *name)
{
	char line[SIPD_SHELF_NAME_MAX + 8];
	const int len = snprintf(line, sizeof(line), "%s\n", name);
	const int fd = openat(day, SIPD_SHELF_LIST,
			      O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW |
				      O_CLOEXEC,
			      0600);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, line, (size_t)len) == len;
	if (!ok && !errno)
		errno = ENOSPC;

	return !close(fd) && ok;
}


/* The n-th name: "-n" before the ending. */
static void name_again(char *buf, size_t size, const char *name, unsigned n)
{
	const char *dot = strrchr(name, '.');
	const size_t stem = dot && !strchr(dot, '/') ? (size_t)(dot - name)
						     : strlen(name);

	if (n == 1)
		(void)sipd_strcpy(buf, size, name);
	else
		(void)snprintf(buf, size, "%.*s-%u%s", (int)stem, name, n,
			       name + stem);
}


/* The first of its names that is free; -1: errno, EEXIST none is. */
static int make(int day, const char *name, char *taken, size_t size)
{
	const char *leaf = name;
	const int dir = sipd_shelf_parent(day, name, true, &leaf);
	const size_t prefix = (size_t)(leaf - name);
	int fd = -1, err;

	if (dir < 0)
		return -1;

	for (unsigned n = 1; n <= SIPD_SHELF_SAME_MAX && fd < 0; n++) {
		struct stat st;

		name_again(taken, size, name, n);
		errno = EEXIST;
		if (!fstatat(dir, taken + prefix, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		errno = 0;
		if (!list_add(day, taken))
			break;
		fd = openat(dir, taken + prefix,
			    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
				    O_CLOEXEC,
			    0600);
		if (fd < 0 && errno != EEXIST)
			break;
	}

	err = errno;
	(void)close(dir);
	errno = err;

	return fd;
}


static int made(int fd, const char *folder, const char *name)
{
	char what[256];

	if (fd >= 0)
		return SIPDIALER_OK;
	if (errno == EEXIST)
		return sipd_error(SIPDIALER_EFULL,
				  "%s/%s is there, and so are -2 to -%d of it",
				  folder, name, SIPD_SHELF_SAME_MAX);

	(void)snprintf(what, sizeof(what), "%.120s/%.120s", folder, name);

	return sipd_error_errno(errno, what);
}


int sipd_shelf_make(int *fd, const char *folder, const char *name, char *path,
		    size_t size)
{
	const bool dated = sipd_shelf_day(name) && name[SIPD_SHELF_DAY] == '/';
	const size_t prefix = dated ? SIPD_SHELF_DAY + 1 : 0;
	char taken[SIPD_SHELF_NAME_MAX + 8];
	int dir, err;

	*fd = -1;
	if (!sipd_shelf_name_ok(name))
		return sipd_error(SIPDIALER_EINVAL,
				  "\"%.100s\" is no name of a recording",
				  name);

	dir = base_open(folder);
	if (dir >= 0 && dated)
		dir = step_into(dir, name, SIPD_SHELF_DAY, true);
	if (dir >= 0) {
		*fd = make(dir, name + prefix, taken, sizeof(taken));
		err = errno;
		(void)close(dir);
		errno = err;
	}
	err = made(*fd, folder, name);
	if (!err)
		(void)snprintf(path, size, "%s/%.*s%s", folder, (int)prefix,
			       name, taken);

	return err;
}


int sipd_shelf_remove(int fd, const char *path)
{
	struct stat open, there;

	if (fstat(fd, &open) || lstat(path, &there))
		return sipd_error_errno(errno, path);
	if (open.st_dev != there.st_dev || open.st_ino != there.st_ino)
		return sipd_error(SIPDIALER_EIO,
				  "%s: another file has taken its place",
				  path);
	if (unlink(path))
		return sipd_error_errno(errno, path);

	return SIPDIALER_OK;
}


int sipd_shelf_free(const char *path, uint64_t *bytes)
{
	char at[4096 + SIPD_SHELF_NAME_MAX];
	struct statvfs st;
	char *slash;

	(void)sipd_strcpy(at, sizeof(at), path);
	while (statvfs(at, &st)) {
		if (errno != ENOENT && errno != ENOTDIR)
			return sipd_error_errno(errno, path);
		if (!strcmp(at, ".") || !strcmp(at, "/"))
			return sipd_error_errno(ENOENT, path);
		slash = strrchr(at, '/');
		if (!slash)
			(void)sipd_strcpy(at, sizeof(at), ".");
		else
			slash[slash == at] = '\0';
	}
	*bytes = (uint64_t)st.f_bavail * st.f_frsize;

	return SIPDIALER_OK;
}
