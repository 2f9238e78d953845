/**
 * @file port/file/shelf.h  A folder of files that we have named, by days
 *
 * A name may begin with its day, "2026-11-22/".  Before a file is made its name
 * is written to a list, ".sipdialer" in the folder of its day (without a day in
 * the folder itself): what is on no list is not ours, and is neither counted
 * nor removed.  All of it waits for the disk. @thread any
 */
#ifndef SIPD_PORT_FILE_SHELF_H
#define SIPD_PORT_FILE_SHELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SIPD_SHELF_NAME_MAX = 511, /* bytes of a name */
	SIPD_SHELF_PART_MAX = 250, /* of a part, so that "-99" finds room */
	SIPD_SHELF_PARTS_MAX = 8,
	SIPD_SHELF_SAME_MAX = 99, /* files that want one name */
	SIPD_SHELF_DAY = 10       /* bytes of "2026-11-22" */
};

/** Parts with '/' between, none of them empty or beginning with a dot, no
 *  control bytes, all within the limits. */
bool sipd_shelf_name_ok(const char *name);

/** Make a file that was not there, mode 0600, and the folders to it, 0700.  If
 *  the name is taken "-2" goes before its ending, up to "-99".  No link is
 *  followed below the folder.
 *  @param path [out] of the file
 *  @return EINVAL no name, EFULL all taken, EIO, ENOENT */
int sipd_shelf_make(int *fd, const char *folder, const char *name, char *path,
		    size_t size);

/** Remove the file that is open as fd, if it is still that at this path. */
int sipd_shelf_remove(int fd, const char *path);

/** What is free for us on the disk of a file's folder, or of the nearest
 *  folder above that is there. */
int sipd_shelf_free(const char *path, uint64_t *bytes);

/** A look at all that is on the lists, bit by bit. */
struct sipd_shelf_walk;
struct sipd_shelf_seen {
	uint64_t files, bytes; /* that are there */
	uint64_t removed;      /* files */
};
/** Files of days before `from` ("2026-11-22") are removed, and folders that are
 *  empty then; "": none are.  A folder that is not there is empty. */
int sipd_shelf_walk_open(struct sipd_shelf_walk **wp, const char *folder,
			 const char *from);
/** Look at so many names at most; false: that was all. */
bool sipd_shelf_walk_step(struct sipd_shelf_walk *w, unsigned names);
void sipd_shelf_walk_close(struct sipd_shelf_walk *w,
			   struct sipd_shelf_seen *seen);

#endif
