/**
 * @file port/store/open.c  Opening a store: whose is it, which version
 *
 * A file that is not ours, damaged or of a newer version is not written to.
 * The one who dials holds a lock on "<path>-lock" that ends with its process.
 *
 * @thread any; waits for the disk
 */
#include "port/store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/error.h"
#include "base/text.h"
#include "port/store/open.h"

/* File format of SQLite, https://sqlite.org/fileformat.html 1.3 */
enum { HEADER_SIZE = 100, USER_VERSION_AT = 60, APPLICATION_ID_AT = 68 };

enum {
	BUSY_MS = 2000, /* for another process to end its write */
	CACHE_KIB = 32768
};


static uint32_t be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}


static int open_error(sqlite3 *db, const char *path, int rc);


/* What the first page says */
static int header_check(const unsigned char *header, const char *path)
{
	size_t known;

	if (memcmp(header, "SQLite format 3", 16))
		return sipd_error(SIPDIALER_EFORMAT,
				  "store %s: not a SQLite database", path);
	if (be32(header + APPLICATION_ID_AT) != SIPD_STORE_APPLICATION_ID)
		return sipd_error(SIPDIALER_EFORMAT,
				  "store %s: a database of another program",
				  path);

	(void)sipd_migrations(&known);
	if (be32(header + USER_VERSION_AT) > known)
		return sipd_error(
			SIPDIALER_ENEWER,
			"store %s: schema version %u, this library knows %zu",
			path, be32(header + USER_VERSION_AT), known);

	return SIPDIALER_OK;
}


/*
 * The file is only read, and by SQLite's own descriptor: to close another one
 * would end all locks this process has on the file (POSIX), those of open
 * stores too; https://sqlite.org/howtocorrupt.html 2.2.  Without SQL, neither
 * a journal nor a log of another program is played back.
 */
static int header_read(const char *path, unsigned char *header)
{
	sqlite3 *db = NULL;
	sqlite3_file *f = NULL;
	int err = SIPDIALER_OK;
	int rc = sqlite3_open_v2(path, &db,
				 SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
				 NULL);

	if (!rc)
		rc = sqlite3_file_control(db, "main",
					  SQLITE_FCNTL_FILE_POINTER, &f);
	if (rc)
		err = open_error(db, path, rc);
	else if (!f || !f->pMethods)
		err = sipd_error(SIPDIALER_EIO, "store %s: no file", path);
	else
		rc = f->pMethods->xRead(f, header, HEADER_SIZE, 0);
	if (rc && !err)
		err = rc == SQLITE_IOERR_SHORT_READ
			      ? sipd_error(SIPDIALER_EFORMAT,
					   "store %s: not a SQLite database",
					   path)
			      : open_error(NULL, path, rc);
	(void)sqlite3_close(db);

	return err;
}


/* No descriptor here, not even of a new file: see above */
static int file_check(const char *path, bool create, struct stat *st)
{
	if (create && mknod(path, S_IFREG | 0600, 0) && errno != EEXIST)
		return sipd_error_errno(errno, path);
	if (stat(path, st))
		return sipd_error_errno(errno, path);
	if (!S_ISREG(st->st_mode))
		return sipd_error(SIPDIALER_EFORMAT,
				  "store %s: not a regular file", path);
	if (faccessat(AT_FDCWD, path, create ? R_OK | W_OK : R_OK, AT_EACCESS))
		return sipd_error_errno(errno, path);

	return SIPDIALER_OK;
}


int sipd_store_probe(const char *path, bool create, char **real)
{
	unsigned char header[HEADER_SIZE];
	struct stat st;
	int err = file_check(path, create, &st);

	if (err)
		return err;

	/* an absolute path: SQLite gives ":memory:" and "" meanings */
	*real = realpath(path, NULL);
	if (!*real)
		return sipd_error_errno(errno, path);
	if (!st.st_size)
		return SIPDIALER_OK; /* new */

	err = header_read(*real, header);

	return err ? err : header_check(header, path);
}


int sipd_store_lock(const char *path, uint32_t wait_ms, int *fdp)
{
	const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
	const size_t size = strlen(path) + sizeof("-lock");
	char *name = malloc(size);
	int fd, err;

	if (!name)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for a path");

	(void)snprintf(name, size, "%s-lock", path);
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
		  0600);
	err = fd < 0 ? sipd_error_errno(errno, name) : 0;
	free(name);
	if (err)
		return err;

	/* of the open file, so that it also stands against another engine
	 * of this process */
	while (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR) {
			err = sipd_error_errno(errno, path);
			break;
		}
		if (wait_ms < 10) {
			err = sipd_error(
				SIPDIALER_EBUSY,
				"store %s: another engine dials from it",
				path);
			break;
		}
		wait_ms -= 10;
		(void)nanosleep(&pause, NULL);
	}
	if (err) {
		(void)close(fd);
		return err;
	}
	*fdp = fd;

	return SIPDIALER_OK;
}


static int open_error(sqlite3 *db, const char *path, int rc)
{
	const char *text = db ? sqlite3_errmsg(db) : sqlite3_errstr(rc);
	char space[64] = "";
	int err;

	switch (rc & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_ERROR: /* no such table */
		err = SIPDIALER_EFORMAT;
		break;
	case SQLITE_BUSY:
		err = SIPDIALER_EBUSY;
		break;
	case SQLITE_NOMEM:
		err = SIPDIALER_ENOMEM;
		break;
	default:
		err = SIPDIALER_EIO;
		(void)sipd_store_space(path, space, sizeof(space));
		break;
	}

	return sipd_error(err, "store %s: %s%s", path, text, space);
}


void sipd_store_abandon(sqlite3 *db)
{
	if (!db) /* no memory even for the handle */
		return;

	/* closing would otherwise copy the log into the file */
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	(void)sqlite3_close(db);
}


int sipd_store_connect(sqlite3 **dbp, const char *path, int *version)
{
	sqlite3 *db = NULL;
	size_t known;
	int err = 0;
	int rc = sqlite3_open_v2(path, &db,
				 SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
				 NULL);

	if (!rc)
		rc = sqlite3_extended_result_codes(db, 1);
	if (!rc)
		rc = sqlite3_busy_timeout(db, BUSY_MS);
	if (!rc)
		rc = sipd_user_version(db, version);
	if (!rc)
		rc = sqlite3_exec(db, "SELECT count(*) FROM sqlite_schema",
				  NULL, NULL, NULL);
	if (rc)
		err = open_error(db, path, rc);

	/* the newest version may be in the write-ahead log only */
	(void)sipd_migrations(&known);
	if (!err && *version > (int)known)
		err = sipd_error(
			SIPDIALER_ENEWER,
			"store %s: schema version %d, this library knows %zu",
			path, *version, known);
	if (err) {
		sipd_store_abandon(db);
		return err;
	}
	*dbp = db;

	return SIPDIALER_OK;
}


int sipd_store_upgrade(sqlite3 *db, const char *path, int lock_fd)
{
	const struct sipd_migration *list;
	char text[SIPD_ERROR_SIZE];
	int fd = -1, from, err = 0;
	size_t count;

	/* not under the hands of the one who dials */
	if (lock_fd < 0)
		err = sipd_store_lock(path, BUSY_MS, &fd);
	if (err)
		return err;

	list = sipd_migrations(&count);
	err = sipd_migrate(db, list, count, &from);
	if (err) {
		(void)sipd_strcpy(text, sizeof(text), sipd_error_text());
		(void)sipd_error(err, "store %s: %s", path, text);
	}
	if (fd >= 0)
		(void)close(fd);

	return err;
}


static int wal_on(sqlite3 *db)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db, "PRAGMA journal_mode = WAL", -1, &st,
				    NULL);

	if (!rc)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		rc = strcmp((const char *)sqlite3_column_text(st, 0), "wal")
			     ? SQLITE_IOERR
			     : SQLITE_OK;
	(void)sqlite3_finalize(st);

	return rc;
}


static int settings(sqlite3 *db)
{
	char sql[512];
	int rc = wal_on(db);

	if (rc)
		return rc;

	/* the last line fails if one of our tables is not there */
	(void)snprintf(sql, sizeof(sql),
		       "PRAGMA synchronous = FULL;"
		       "PRAGMA foreign_keys = ON;"
		       "PRAGMA trusted_schema = OFF;"
		       "PRAGMA cache_size = -%d;"
		       "PRAGMA journal_size_limit = 67108864;"
		       "PRAGMA wal_autocheckpoint = 8192;"
		       "SELECT 1 FROM campaigns, counts, contacts, numbers, "
		       "attempts, calls, dnc, meta LIMIT 0",
		       CACHE_KIB);

	return sqlite3_exec(db, sql, NULL, NULL, NULL);
}


static int store_setup(struct sipd_store *s, const char *path, unsigned flags)
{
	int version = 0, rc, err;
	size_t known;

	err = sipd_store_probe(path, true, &s->path);
	if (!err && flags & SIPD_STORE_OWN)
		err = sipd_store_lock(s->path, 0, &s->lock_fd);
	if (!err)
		err = sipd_store_connect(&s->db, s->path, &version);
	if (err)
		return err;

	(void)sipd_migrations(&known);
	if (version < (int)known)
		err = sipd_store_upgrade(s->db, s->path, s->lock_fd);
	if (err)
		return err;

	rc = settings(s->db);
	if (rc)
		return open_error(s->db, s->path, rc);

	return flags & SIPD_STORE_OWN ? sipd_recover(s) : SIPDIALER_OK;
}


int sipd_store_open(struct sipd_store **sp, const char *path, unsigned flags,
		    struct sipd_log *log)
{
	struct sipd_store *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for a store");

	s->log = log;
	s->lock_fd = -1;
	err = store_setup(s, path, flags);
	if (err) {
		sipd_store_close(s);
		return err;
	}
	if (s->interrupted)
		sipd_log_warning(log,
				 "store: %llu contacts of a process that died "
				 "during their calls",
				 (unsigned long long)s->interrupted);
	*sp = s;

	return SIPDIALER_OK;
}


void sipd_store_close(struct sipd_store *s)
{
	if (!s)
		return;

	for (size_t i = 0; i < Q_ALL; i++)
		(void)sqlite3_finalize(s->queries[i]);
	if (s->db)
		(void)sqlite3_close(s->db);
	if (s->lock_fd >= 0)
		(void)close(s->lock_fd);
	free(s->path);
	free(s);
}


uint64_t sipd_store_interrupted(const struct sipd_store *s)
{
	return s->interrupted;
}
