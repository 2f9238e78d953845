/**
 * @file port/store/internal.h  What the files of the store share
 */
#ifndef SIPD_PORT_STORE_INTERNAL_H
#define SIPD_PORT_STORE_INTERNAL_H

#include <sqlite3.h>
#include "base/words.h"
#include "port/store/store.h"

enum { SIPD_STORE_APPLICATION_ID = 0x73697064 }; /* "sipd" */

/* One prepared statement each, kept while the store is open. */
enum sipd_query_id {
	Q_BEGIN,
	Q_COMMIT,
	Q_ROLLBACK,
	Q_COUNT_ADD,
	Q_COUNTS,
	Q_NEXT_DUE,
	Q_DATA_VERSION,
	Q_LAST_CALL,
	Q_CALLS_GET,
	Q_CALLS_TAKE,
	Q_CALLS_GIVE,
	Q_CAMPAIGN_NEW,
	Q_CAMPAIGN_GET,
	Q_CAMPAIGN_NEXT,
	Q_CAMPAIGN_SET,
	Q_CAMPAIGN_RUNNING,
	Q_SKIP_READY,
	Q_SKIP_WAITING,
	Q_CONTACT_LAST,
	Q_CUSTOM,
	Q_CONTACT_ADD,
	Q_CONTACT_ADD_GROUP,
	Q_NUMBER_GET,
	Q_NUMBER_ADD,
	Q_NUMBER_ADD_GROUP,
	Q_DNC_FROM,
	Q_PROMOTE,
	Q_DUE,
	Q_CONTACT_DNC,
	Q_INTENT_CONTACT,
	Q_INTENT_CLAIM,
	Q_INTENT_ATTEMPT,
	Q_INTENT_DROP,
	Q_RESULT_STATE,
	Q_RESULT_CALL,
	Q_RESULT_ATTEMPT,
	Q_RESULT_CONTACT,
	Q_UNDO_CONTACT,
	Q_UNDO_ATTEMPT,
	Q_DNC_ADD,
	Q_DNC_REMOVE,
	Q_DNC_CHECK,
	Q_RESULTS,
	Q_RESULTS_RANGE,
	Q_LOST_COUNT,
	Q_LOST_CALLS,
	Q_LOST_CONTACTS,
	Q_LOST_UPDATE,
	Q_LOST_ATTEMPTS,
	Q_STRAY_ANY,
	Q_STRAY_COUNT,
	Q_STRAY_TRIED,
	Q_STRAY_CONTACTS,
	Q_REVIVE_COUNT,
	Q_REVIVE,
	Q_HALF_CANCELLED,
	Q_ALL
};

/* The two that must stay quick at ten million contacts; a test looks at
 * their plans. */
#define SIPD_SQL_PROMOTE \
	"UPDATE contacts SET ready = 1 WHERE id IN (SELECT id FROM contacts " \
	"WHERE campaign = ? AND status = 'pending' AND ready = 0 " \
	"AND due_ms <= ? ORDER BY due_ms LIMIT ?)"
#define SIPD_SQL_DUE \
	"SELECT EXISTS (SELECT 1 FROM dnc WHERE dnc.number = c.number), " \
	"id, number, name, custom, priority, attempts FROM contacts AS c " \
	"WHERE campaign = ? AND status = 'pending' AND ready = 1 " \
	"ORDER BY priority DESC, due_ms, id"

/* Changes of the counters of one campaign since begin: written at commit, so
 * that a batch pays for them once. */
struct sipd_delta {
	uint64_t campaign;
	int64_t status[8];       /* enum sipdialer_contact_status */
	int64_t disposition[16]; /* enum sipdialer_disposition */
	int64_t attempts;
};

enum { SIPD_DELTAS = 16 }; /* campaigns at once; more are written early */

struct sipd_store {
	sqlite3 *db;
	char *path; /* real path */
	struct sipd_log *log;
	int lock_fd; /* of the owner, -1 none */
	bool failed; /* since begin */
	uint64_t interrupted;
	sqlite3_stmt *queries[Q_ALL];
	struct sipd_delta deltas[SIPD_DELTAS];
	size_t delta_count;
};

/** The end of a transaction that is not the disk's: commit, or if err (kept
 *  with its text) or that fails roll back. */
int sipd_store_finish(struct sipd_store *s, int err);

/**
 * One run of a statement: open, bind in order, then exec or row ... close.
 * Errors on the way are kept and come out at the end.
 */
struct sipd_query {
	struct sipd_store *s;
	sqlite3_stmt *st;
	int rc; /* first SQLite error */
	int bound, column;
};

void sipd_query_open(struct sipd_query *q, struct sipd_store *s,
		     enum sipd_query_id id, const char *sql);
void sipd_query_int(struct sipd_query *q, int64_t value);
void sipd_query_id(struct sipd_query *q, uint64_t value); /* 0 is NULL */
void sipd_query_num(struct sipd_query *q, double value);
void sipd_query_text(struct sipd_query *q, const char *value); /* kept by
						* the caller until the end */
void sipd_query_word(struct sipd_query *q, const struct sipd_words *words,
		     int number);
/** 1 a row, 0 no more (closed), else a negative error (closed). */
int sipd_query_row(struct sipd_query *q);
void sipd_query_close(struct sipd_query *q);
/** Run to the end; *changes may be NULL. */
int sipd_query_exec(struct sipd_query *q, uint64_t *changes);

/* Columns of the present row, in order. */
int64_t sipd_column_int(struct sipd_query *q);
const char *sipd_column_text(struct sipd_query *q); /* NULL if NULL */
int sipd_column_word(struct sipd_query *q, const struct sipd_words *words);

/** Error code and text of a SQLite result; EIO marks the transaction. */
int sipd_store_error(struct sipd_store *s, int rc);

int sipd_counts_contact(struct sipd_store *s, uint64_t campaign, int from,
			int to, int64_t n); /* from, to: -1 none */
int sipd_counts_disposition(struct sipd_store *s, uint64_t campaign,
			    int disposition, int64_t n);
int sipd_counts_attempts(struct sipd_store *s, uint64_t campaign, int64_t n);
int sipd_counts_flush(struct sipd_store *s);
int sipd_counts_read(struct sipd_store *s, uint64_t campaign,
		     struct sipd_campaign_counts *counts);

/* One step of the schema, numbered from 1 without gap.  In the text
 * {campaign}, {contact} and {disposition} stand for "status = 'draft' OR
 * status = ...", the words allowed. */
struct sipd_migration {
	int number;
	const char *sql;
};
const struct sipd_migration *sipd_migrations(size_t *count);
/** SIPDIALER_EFORMAT if the numbers are not 1, 2, 3 ... */
int sipd_migrations_valid(const struct sipd_migration *list, size_t count);
/** Each step one transaction. ENEWER; *from is the version found. */
int sipd_migrate(sqlite3 *db, const struct sipd_migration *list, size_t count,
		 int *from);
int sipd_user_version(sqlite3 *db, int *version);
char *sipd_sql_words(const char *sql); /* placeholders filled in; free() */

/** pending -> dnc, with its counters. */
int sipd_contact_dnc(struct sipd_store *s, uint64_t campaign,
		     uint64_t contact);

/** Mark what a dead owner left: in one transaction. */
int sipd_recover(struct sipd_store *s);

/** " (its disk is full: N KiB free)" if it is, else "". @thread any */
const char *sipd_store_space(const char *path, char *buf, size_t size);

#endif
