/**
 * @file port/file/file.h  What tells whether a file has changed
 */
#ifndef SIPD_PORT_FILE_FILE_H
#define SIPD_PORT_FILE_FILE_H

#include <stdbool.h>
#include <stdint.h>

struct sipd_file_stamp {
	uint64_t device, inode;
	int64_t size;
	int64_t changed_ns; /* time of the last change */
};

/** 0, or ENOENT, EIO with a text. Waits for the disk. @thread any */
int sipd_file_stamp(struct sipd_file_stamp *stamp, const char *path);
bool sipd_file_stamp_eq(const struct sipd_file_stamp *a,
			const struct sipd_file_stamp *b);

#endif
