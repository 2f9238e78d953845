/**
 * @file port/store/file.c  Names of files the store writes
 *
 * @thread store
 */
#include "port/store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/error.h"
#include "base/text.h"


int sipd_file_error(int err, const char *path)
{
	int code;

	switch (err) {
	case ENOENT:
		code = SIPDIALER_ENOENT;
		break;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		code = SIPDIALER_EFULL;
		break;
	case ENOMEM:
		code = SIPDIALER_ENOMEM;
		break;
	default:
		code = SIPDIALER_EINVAL;
		break;
	}

	return sipd_error(code, "%s: %s", path, strerror(err));
}


int sipd_file_sync_dir(const char *path)
{
	char *copy = sipd_strdup(path);
	int fd, err = 0;

	if (!copy)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for a path");

	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd))
		err = sipd_file_error(errno, path);
	if (fd >= 0)
		(void)close(fd);
	free(copy);

	return err;
}
