/**
 * @file port/store/db.c  Statements, transactions and errors of SQLite
 *
 * @thread store
 */
#include "port/store/internal.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include "base/error.h"
#include "base/text.h"


/* What the system said of a failed write; SQLite keeps it not for COMMIT. */
static const char *reason(int rc, int err)
{
	static const int known[] = {ENOSPC, EDQUOT, EFBIG, EROFS, EIO, EACCES};

	if ((rc & 0xff) != SQLITE_IOERR)
		return "";
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (err == known[i])
			return strerror(err);

	return "";
}


/*
 * Everything that trying again may cure, and whatever may have left half a
 * change behind, is EIO: the whole transaction is rolled back.  The rest is
 * an argument the schema refused; that statement did nothing.
 */
int sipd_store_error(struct sipd_store *s, int rc)
{
	const char *why = reason(rc, errno);
	char space[64];

	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return SIPDIALER_OK;
	case SQLITE_CONSTRAINT:
	case SQLITE_TOOBIG:
	case SQLITE_RANGE:
		return sipd_error(SIPDIALER_EINVAL, "store %s: %s", s->path,
				  sqlite3_errmsg(s->db));
	default:
		s->failed = true;
		return sipd_error(SIPDIALER_EIO, "store %s: %s%s%s%s", s->path,
				  rc == sqlite3_extended_errcode(s->db)
					  ? sqlite3_errmsg(s->db)
					  : sqlite3_errstr(rc),
				  *why ? ": " : "", why,
				  sipd_store_space(s->path, space,
						   sizeof(space)));
	}
}


void sipd_query_open(struct sipd_query *q, struct sipd_store *s,
		     enum sipd_query_id id, const char *sql)
{
	memset(q, 0, sizeof(*q));
	q->s = s;

	if (!s->queries[id])
		q->rc = sqlite3_prepare_v3(s->db, sql, -1,
					   SQLITE_PREPARE_PERSISTENT,
					   &s->queries[id], NULL);
	q->st = s->queries[id];
}


static void bound(struct sipd_query *q, int rc)
{
	if (rc && !q->rc)
		q->rc = rc;
}


void sipd_query_int(struct sipd_query *q, int64_t value)
{
	if (!q->rc)
		bound(q, sqlite3_bind_int64(q->st, ++q->bound, value));
}


void sipd_query_id(struct sipd_query *q, uint64_t value)
{
	if (value)
		sipd_query_int(q, (int64_t)value);
	else if (!q->rc)
		bound(q, sqlite3_bind_null(q->st, ++q->bound));
}


void sipd_query_num(struct sipd_query *q, double value)
{
	if (!q->rc)
		bound(q, sqlite3_bind_double(q->st, ++q->bound, value));
}


void sipd_query_text(struct sipd_query *q, const char *value)
{
	if (!q->rc)
		bound(q, sqlite3_bind_text(q->st, ++q->bound, value, -1,
					   SQLITE_STATIC));
}


void sipd_query_word(struct sipd_query *q, const struct sipd_words *words,
		     int number)
{
	sipd_query_text(q, sipd_word(words, number));
}


void sipd_query_close(struct sipd_query *q)
{
	if (!q->st)
		return;

	(void)sqlite3_reset(q->st);
	(void)sqlite3_clear_bindings(q->st);
	q->st = NULL;
}


int sipd_query_row(struct sipd_query *q)
{
	int err;

	errno = 0;
	if (!q->rc)
		q->rc = sqlite3_step(q->st);
	if (q->rc == SQLITE_ROW) {
		q->rc = 0;
		q->column = 0;
		return 1;
	}

	err = sipd_store_error(q->s, q->rc);
	sipd_query_close(q);

	return err;
}


int sipd_query_exec(struct sipd_query *q, uint64_t *changes)
{
	sqlite3 *db = q->s->db;
	int err;

	while ((err = sipd_query_row(q)) > 0)
		;
	if (changes)
		*changes = err ? 0 : (uint64_t)sqlite3_changes(db);

	return err;
}


int64_t sipd_column_int(struct sipd_query *q)
{
	return sqlite3_column_int64(q->st, q->column++);
}


const char *sipd_column_text(struct sipd_query *q)
{
	return (const char *)sqlite3_column_text(q->st, q->column++);
}


int sipd_column_word(struct sipd_query *q, const struct sipd_words *words)
{
	return sipd_word_number(words, sipd_column_text(q));
}


/* ---- transactions ------------------------------------------------------ */

static int run(struct sipd_store *s, enum sipd_query_id id, const char *sql)
{
	struct sipd_query q;

	sipd_query_open(&q, s, id, sql);

	return sipd_query_exec(&q, NULL);
}


int sipd_store_begin(struct sipd_store *s)
{
	assert(!s->delta_count); /* counted outside a transaction: lost */
	s->failed = false;

	/* at once for writing: to become a writer later can fail for good */
	return run(s, Q_BEGIN, "BEGIN IMMEDIATE");
}


int sipd_store_commit(struct sipd_store *s)
{
	int err;

	/* SQLite ends the transaction by itself after some errors */
	if (s->failed || sqlite3_get_autocommit(s->db)) {
		s->failed = true;
		return SIPDIALER_EIO;
	}

	err = sipd_counts_flush(s);
	if (!err)
		err = run(s, Q_COMMIT, "COMMIT");
	if (err)
		s->failed = true;

	return err ? SIPDIALER_EIO : SIPDIALER_OK;
}


void sipd_store_rollback(struct sipd_store *s)
{
	s->delta_count = 0;
	if (!sqlite3_get_autocommit(s->db))
		(void)run(s, Q_ROLLBACK, "ROLLBACK");
}


int sipd_store_finish(struct sipd_store *s, int err)
{
	char text[SIPD_ERROR_SIZE];

	if (!err)
		err = sipd_store_commit(s);
	if (!err)
		return SIPDIALER_OK;

	(void)sipd_strcpy(text, sizeof(text), sipd_error_text());
	sipd_store_rollback(s);

	return sipd_error(err, "%s", text);
}


bool sipd_store_failed(const struct sipd_store *s)
{
	return s->failed;
}
