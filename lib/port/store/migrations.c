/**
 * @file port/store/migrations.c  The schema, step by step, in one table
 *
 * A step that has been released is never edited; a new one is added at the
 * end.  Each is one transaction; PRAGMA user_version holds the last number.
 * Words allowed in status columns come from base/words.
 */
#include "port/store/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/text.h"

/*
 * Pending contacts are of two kinds, each with an index of its own: ready = 1
 * can be dialed now, in the order of contacts_ready; ready = 0 waits for
 * due_ms in contacts_waiting.  sipd_store_contact_due() moves them over when
 * the time has come.  So it never walks past retries that are not due yet,
 * however many, and contacts that are over weigh on neither index.
 *
 * The words of a CHECK are compared one by one: for IN (...) SQLite builds a
 * table anew for every row written.
 *
 * The decision record of an attempt is in the row of the attempt: both are
 * written together, before the INVITE.
 */
/* clang-format off */
static const struct sipd_migration migrations[] = {
{ 1,
"CREATE TABLE meta ("
"  name TEXT PRIMARY KEY,"
"  value TEXT NOT NULL"
") WITHOUT ROWID;"
"CREATE TABLE campaigns ("
"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
"  name TEXT NOT NULL,"
"  status TEXT NOT NULL CHECK ({campaign}),"
"  options TEXT NOT NULL,"
"  created_ms INTEGER NOT NULL,"
"  started_ms INTEGER NOT NULL DEFAULT 0,"
"  ended_ms INTEGER NOT NULL DEFAULT 0,"
/* ids of its contacts are above: where to begin to look for them */
"  contacts_above INTEGER NOT NULL DEFAULT 0"
");"
"CREATE TABLE counts ("
"  campaign INTEGER NOT NULL REFERENCES campaigns (id),"
"  kind TEXT NOT NULL"
"    CHECK (kind = 'contact' OR kind = 'disposition' OR "
"      kind = 'attempts'),"
"  word TEXT NOT NULL,"
"  n INTEGER NOT NULL,"
"  PRIMARY KEY (campaign, kind, word)"
") WITHOUT ROWID;"
"CREATE TABLE contacts ("
"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
"  campaign INTEGER NOT NULL REFERENCES campaigns (id),"
"  number TEXT NOT NULL"
"    CHECK (length(CAST(number AS BLOB)) BETWEEN 1 AND 31),"
"  name TEXT NOT NULL,"
"  custom TEXT,"
"  priority INTEGER NOT NULL,"
"  status TEXT NOT NULL CHECK ({contact}),"
"  ready INTEGER NOT NULL CHECK (ready = 0 OR ready = 1),"
"  due_ms INTEGER NOT NULL,"
"  attempts INTEGER NOT NULL,"
"  last_call INTEGER"
");"
/* Each number once in a campaign.  Not an index of contacts: see add.c */
"CREATE TABLE numbers ("
"  campaign INTEGER NOT NULL,"
"  number TEXT NOT NULL,"
"  contact INTEGER NOT NULL,"
"  PRIMARY KEY (campaign, number)"
") WITHOUT ROWID;"
"CREATE INDEX contacts_ready"
"  ON contacts (campaign, priority DESC, due_ms)"
"  WHERE status = 'pending' AND ready = 1;"
"CREATE INDEX contacts_waiting"
"  ON contacts (campaign, due_ms)"
"  WHERE status = 'pending' AND ready = 0;"
"CREATE INDEX contacts_interrupted"
"  ON contacts (campaign)"
"  WHERE status = 'interrupted';"
"CREATE TABLE attempts ("
"  call INTEGER PRIMARY KEY,"
"  campaign INTEGER NOT NULL REFERENCES campaigns (id),"
"  contact INTEGER NOT NULL REFERENCES contacts (id),"
"  attempt INTEGER NOT NULL,"
"  status TEXT NOT NULL"
"    CHECK (status = 'dialing' OR status = 'ended' "
"      OR status = 'interrupted'),"
"  time_ms INTEGER NOT NULL,"
"  number TEXT NOT NULL,"
"  decision TEXT NOT NULL"
");"
"CREATE INDEX attempts_dialing"
"  ON attempts (contact)"
"  WHERE status = 'dialing';"
"CREATE TABLE calls ("
"  id INTEGER PRIMARY KEY,"
"  campaign INTEGER REFERENCES campaigns (id),"
"  contact INTEGER REFERENCES contacts (id),"
"  attempt INTEGER NOT NULL,"
"  direction TEXT NOT NULL CHECK (direction = 'out' OR direction = 'in'),"
"  number TEXT NOT NULL,"
"  caller TEXT NOT NULL,"
"  callid TEXT NOT NULL,"
"  start_ms INTEGER NOT NULL,"
"  ring_start_ms INTEGER NOT NULL,"
"  answer_ms INTEGER NOT NULL,"
"  end_ms INTEGER NOT NULL,"
"  disposition TEXT NOT NULL CHECK ({disposition}),"
"  sip_status INTEGER NOT NULL,"
"  q850 INTEGER NOT NULL,"
"  reason TEXT NOT NULL,"
"  codec TEXT NOT NULL,"
"  dtmf TEXT NOT NULL,"
"  recording TEXT NOT NULL,"
"  rtp_tx INTEGER NOT NULL,"
"  rtp_rx INTEGER NOT NULL,"
"  rtp_lost INTEGER NOT NULL,"
"  jitter_ms REAL,"
"  rtt_ms REAL,"
"  mos REAL"
");"
"CREATE TABLE dnc ("
"  number TEXT PRIMARY KEY,"
"  source TEXT NOT NULL,"
"  added_ms INTEGER NOT NULL"
") WITHOUT ROWID;"
},
{ 2, /* who answered, as heard */
"ALTER TABLE calls ADD COLUMN amd TEXT NOT NULL DEFAULT 'not_used' "
"  CHECK ({amd});"
"ALTER TABLE calls ADD COLUMN amd_at_ms INTEGER;"
"ALTER TABLE calls ADD COLUMN beep_at_ms INTEGER;"
"ALTER TABLE calls ADD COLUMN sit TEXT NOT NULL DEFAULT '';"
"ALTER TABLE calls ADD COLUMN message TEXT NOT NULL DEFAULT '';"
},
	/* clang-format on */
};


const struct sipd_migration *sipd_migrations(size_t *count)
{
	*count = sizeof(migrations) / sizeof(migrations[0]);

	return migrations;
}


int sipd_migrations_valid(const struct sipd_migration *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].number != (int)i + 1)
			return sipd_error(SIPDIALER_EFORMAT,
					  "migration %d where %zu is due",
					  list[i].number, i + 1);

	return SIPDIALER_OK;
}


static void add_words(struct sipd_text *t, const char *column,
		      const struct sipd_words *words)
{
	for (size_t i = 0; i < words->count; i++)
		sipd_text_printf(t, "%s%s = '%s'", i ? " OR " : "", column,
				 words->names[i]);
}


static void expand(struct sipd_text *t, const char *sql)
{
	static const struct {
		const char *mark, *column;
		const struct sipd_words *words;
	} marks[] = {
		{"{campaign}", "status", &sipd_words_campaign},
		{"{contact}", "status", &sipd_words_contact},
		{"{disposition}", "disposition", &sipd_words_disposition},
		{"{amd}", "amd", &sipd_words_amd},
	};

	while (*sql) {
		size_t i, len = 0;

		for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
			len = strlen(marks[i].mark);
			if (!strncmp(sql, marks[i].mark, len))
				break;
		}
		if (i < sizeof(marks) / sizeof(marks[0])) {
			add_words(t, marks[i].column, marks[i].words);
			sql += len;
		}
		else {
			sipd_text_addn(t, sql++, 1);
		}
	}
}


char *sipd_sql_words(const char *sql)
{
	struct sipd_text t;
	char *buf;

	sipd_text_init(&t, NULL, 0);
	expand(&t, sql);

	buf = malloc(t.len + 1);
	if (buf) {
		sipd_text_init(&t, buf, t.len + 1);
		expand(&t, sql);
	}

	return buf;
}


int sipd_user_version(sqlite3 *db, int *version)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &st, NULL);

	if (!rc)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*version = sqlite3_column_int(st, 0);
	(void)sqlite3_finalize(st);

	return rc == SQLITE_ROW ? SQLITE_OK : rc;
}


static int step_inside(sqlite3 *db, const struct sipd_migration *m)
{
	char pragma[96], *sql;
	int rc;

	sql = sipd_sql_words(m->sql);
	if (!sql)
		return SQLITE_NOMEM;
	rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
	free(sql);
	if (rc)
		return rc;

	(void)snprintf(pragma, sizeof(pragma),
		       "PRAGMA application_id = %d; PRAGMA user_version = %d",
		       SIPD_STORE_APPLICATION_ID, m->number);

	return sqlite3_exec(db, pragma, NULL, NULL, NULL);
}


/* In one transaction, unless another process has made the step meanwhile. */
static int step(sqlite3 *db, const struct sipd_migration *m)
{
	int version = 0;
	int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	if (rc)
		return rc;

	rc = sipd_user_version(db, &version);
	if (!rc && version < m->number)
		rc = step_inside(db, m);
	if (!rc)
		rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	if (rc) {
		const int first = rc;
		char text[256];

		(void)sipd_strcpy(text, sizeof(text), sqlite3_errmsg(db));
		(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
		(void)sipd_error(SIPDIALER_EIO, "migration %d: %s", m->number,
				 text);
		return first;
	}

	return SQLITE_OK;
}


int sipd_migrate(sqlite3 *db, const struct sipd_migration *list, size_t count,
		 int *from)
{
	int rc, err = sipd_migrations_valid(list, count);

	if (err)
		return err;

	rc = sipd_user_version(db, from);
	if (rc)
		return sipd_error(SIPDIALER_EFORMAT, "%s", sqlite3_errmsg(db));
	if (*from > (int)count)
		return sipd_error(SIPDIALER_ENEWER,
				  "schema version %d, this library knows %zu",
				  *from, count);

	for (size_t i = (size_t)*from; i < count; i++) {
		rc = step(db, &list[i]);
		if (rc)
			return (rc & 0xff) == SQLITE_CORRUPT ||
					       (rc & 0xff) == SQLITE_NOTADB
				       ? SIPDIALER_EFORMAT
				       : SIPDIALER_EIO;
	}

	return SIPDIALER_OK;
}
