/**
 * @file port/file/file.c  What tells whether a file has changed
 */
#include "port/file/file.h"

#include <errno.h>
#include <sys/stat.h>
#include "base/error.h"


int sipd_file_stamp(struct sipd_file_stamp *stamp, const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return sipd_error_errno(errno, path);

	stamp->device = st.st_dev;
	stamp->inode = st.st_ino;
	stamp->size = st.st_size;
	stamp->changed_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 +
			    st.st_mtim.tv_nsec;

	return 0;
}


bool sipd_file_stamp_eq(const struct sipd_file_stamp *a,
			const struct sipd_file_stamp *b)
{
	return a->device == b->device && a->inode == b->inode &&
	       a->size == b->size && a->changed_ns == b->changed_ns;
}
