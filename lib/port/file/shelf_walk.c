/**
 * @file port/file/shelf_walk.c  Files that we have named: counted, removed
 */
#include "port/file/shelf_own.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/error.h"
#include "base/text.h"

struct sipd_shelf_walk {
	DIR *days;
	char from[SIPD_SHELF_DAY + 1]; /* "" nothing is removed */
	bool own;                      /* the folder's own list comes first */

	/* the list that is read, of `day`; own list: "" */
	FILE *list;
	int dir;
	char day[SIPD_SHELF_DAY + 1];
	bool old;

	struct sipd_shelf_seen seen;
};


static bool list_open(struct sipd_shelf_walk *w)
{
	const int fd = openat(w->dir, SIPD_SHELF_LIST,
			      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode))
		w->list = fdopen(fd, "r");
	if (fd >= 0 && !w->list)
		(void)close(fd);

	return w->list;
}


/* Take the next folder that has a list; false: there is none. */
static bool next_list(struct sipd_shelf_walk *w)
{
	const struct dirent *e;

	if (w->own) {
		w->own = w->old = false;
		w->day[0] = '\0';
		w->dir = fcntl(dirfd(w->days), F_DUPFD_CLOEXEC, 3);
		if (w->dir >= 0 && list_open(w))
			return true;
		if (w->dir >= 0)
			(void)close(w->dir);
	}

	while ((e = readdir(w->days))) {
		if (!sipd_shelf_day(e->d_name) || e->d_name[SIPD_SHELF_DAY])
			continue;
		w->dir = sipd_shelf_folder(dirfd(w->days), e->d_name, false);
		if (w->dir < 0)
			continue;
		(void)sipd_strcpy(w->day, sizeof(w->day), e->d_name);
		w->old = *w->from && strcmp(w->day, w->from) < 0;
		if (list_open(w))
			return true;
		(void)close(w->dir);
	}
	w->dir = -1;

	return false;
}


/* What is not ours stays, and keeps the folder. */
static void list_over(struct sipd_shelf_walk *w)
{
	(void)fclose(w->list);
	w->list = NULL;
	if (w->old) {
		(void)unlinkat(w->dir, SIPD_SHELF_LIST, 0);
		(void)unlinkat(dirfd(w->days), w->day, AT_REMOVEDIR);
	}
	(void)close(w->dir);
	w->dir = -1;
}


/* The folders between the day and the file, the lowest first. */
static void folders_remove(int dir, const char *name)
{
	char at[SIPD_SHELF_NAME_MAX + 8];
	char *slash;

	(void)sipd_strcpy(at, sizeof(at), name);
	while ((slash = strrchr(at, '/'))) {
		*slash = '\0';
		if (unlinkat(dir, at, AT_REMOVEDIR))
			return;
	}
}


static void look(struct sipd_shelf_walk *w, const char *name)
{
	const char *leaf;
	const int dir = sipd_shelf_parent(w->dir, name, false, &leaf);
	struct stat st;

	if (dir < 0)
		return;

	if (fstatat(dir, leaf, &st, AT_SYMLINK_NOFOLLOW) ||
	    !S_ISREG(st.st_mode)) {
		st.st_size = 0;
	}
	else if (w->old && !unlinkat(dir, leaf, 0)) {
		++w->seen.removed;
	}
	else {
		++w->seen.files;
		w->seen.bytes += (uint64_t)st.st_size;
	}
	(void)close(dir);
	if (w->old)
		folders_remove(w->dir, name);
}


int sipd_shelf_walk_open(struct sipd_shelf_walk **wp, const char *folder,
			 const char *from)
{
	struct sipd_shelf_walk *w = calloc(1, sizeof(*w));

	if (!w)
		return sipd_error(SIPDIALER_ENOMEM,
				  "%s: no memory to look at it", folder);

	w->dir = -1;
	w->own = true;
	(void)sipd_strcpy(w->from, sizeof(w->from), from);
	w->days = opendir(folder);
	if (!w->days && errno != ENOENT) {
		free(w);
		return sipd_error_errno(errno, folder);
	}
	*wp = w;

	return SIPDIALER_OK;
}


bool sipd_shelf_walk_step(struct sipd_shelf_walk *w, unsigned names)
{
	char line[SIPD_SHELF_NAME_MAX + 8];

	if (!w->days)
		return false;

	while (names--) {
		if (!w->list && !next_list(w))
			return false;
		if (!fgets(line, sizeof(line), w->list)) {
			list_over(w);
			continue;
		}
		line[strcspn(line, "\n")] = '\0';
		/* somebody else may have written to it */
		if (sipd_shelf_name_ok(line))
			look(w, line);
	}

	return true;
}


void sipd_shelf_walk_close(struct sipd_shelf_walk *w,
			   struct sipd_shelf_seen *seen)
{
	if (w->list)
		(void)fclose(w->list);
	if (w->dir >= 0)
		(void)close(w->dir);
	if (w->days)
		(void)closedir(w->days);
	if (seen)
		*seen = w->seen;
	free(w);
}
