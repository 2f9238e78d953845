/**
 * @file port/store/check.c  Is a store whole?  And a copy of it
 *
 * @thread any; waits for the disk
 */
#include "port/store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/error.h"
#include "base/text.h"
#include "port/store/file.h"
#include "port/store/open.h"

struct report {
	sqlite3 *db;
	struct sipd_text text;
	bool bad;
};


/* Rows of a query that finds faults: at most `max` are told. */
static void faults(struct report *r, const char *what, const char *sql,
		   unsigned max)
{
	sqlite3_stmt *st = NULL;
	unsigned n = 0;
	int rc = sqlite3_prepare_v2(r->db, sql, -1, &st, NULL);

	while (!rc && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		const char *s = (const char *)sqlite3_column_text(st, 0);

		rc = 0;
		if (s && !strcmp(s, "ok"))
			continue;
		if (n++ < max)
			sipd_text_printf(&r->text, "%s: %s\n", what,
					 s ? s : "?");
	}
	if (rc && rc != SQLITE_DONE) {
		sipd_text_printf(&r->text, "%s: %s\n", what,
				 sqlite3_errmsg(r->db));
		++n;
	}
	(void)sqlite3_finalize(st);

	if (n)
		r->bad = true;
	else
		sipd_text_printf(&r->text, "%s: ok\n", what);
}


/* The CHECK list in the schema of a table against base/words */
static bool words_in(sqlite3 *db, const char *table, const char *mark)
{
	sqlite3_stmt *st = NULL;
	char want[2048], *list = sipd_sql_words(mark);
	struct sipd_text t;
	bool found = false;

	if (!list)
		return false;

	sipd_text_init(&t, want, sizeof(want));
	sipd_text_printf(&t, "CHECK (%s)", list);
	free(list);

	if (!sqlite3_prepare_v2(db,
				"SELECT instr(sql, ?2) > 0 FROM sqlite_schema "
				"WHERE name = ?1",
				-1, &st, NULL) &&
	    !sqlite3_bind_text(st, 1, table, -1, SQLITE_STATIC) &&
	    !sqlite3_bind_text(st, 2, want, -1, SQLITE_STATIC) &&
	    sqlite3_step(st) == SQLITE_ROW)
		found = sqlite3_column_int(st, 0) != 0;
	(void)sqlite3_finalize(st);

	return found && !sipd_text_cut(&t);
}


static void words(struct report *r)
{
	static const struct {
		const char *table, *column, *mark;
	} checks[] = {
		{"campaigns", "status", "{campaign}"},
		{"contacts", "status", "{contact}"},
		{"calls", "disposition", "{disposition}"},
		{"calls", "amd", "{amd}"},
	};
	bool good = true;

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		if (words_in(r->db, checks[i].table, checks[i].mark))
			continue;
		good = false;
		sipd_text_printf(
			&r->text,
			"words: %s.%s allows others than this library knows\n",
			checks[i].table, checks[i].column);
	}
	if (good)
		sipd_text_add(&r->text, "words: ok\n");
	else
		r->bad = true;
}


/* Counted anew, against what was kept by differences */
static const char counters[] =
	"WITH real (campaign, kind, word, n) AS ("
	"SELECT campaign, 'contact', status, count(*) FROM contacts "
	"GROUP BY campaign, status UNION ALL SELECT campaign, 'disposition', "
	"disposition, count(*) FROM calls WHERE campaign IS NOT NULL GROUP BY "
	"campaign, disposition UNION ALL SELECT campaign, 'attempts', '', "
	"count(*) FROM attempts GROUP BY campaign), kept (campaign, kind, "
	"word, n) AS (SELECT campaign, kind, word, n FROM counts WHERE n <> "
	"0) SELECT printf('campaign %d %s %s is %d', campaign, kind, word, n) "
	"FROM (SELECT * FROM real EXCEPT SELECT * FROM kept) UNION ALL SELECT "
	"printf('campaign %d %s %s was kept as %d', campaign, kind, word, n) "
	"FROM (SELECT * FROM kept EXCEPT SELECT * FROM real)";

static const char states[] =
	"SELECT printf('contact %d: ready but %s', id, status) FROM contacts "
	"WHERE ready = 1 AND status <> 'pending'";


/* Each contact has its number in the table of them, and no other has one */
static const char held[] =
	"SELECT printf('contact %d: not in numbers', c.id) FROM contacts AS c "
	"LEFT JOIN numbers AS n ON n.campaign = c.campaign AND n.number = "
	"c.number WHERE n.contact IS NOT c.id UNION ALL SELECT printf('number "
	"%s of campaign %d: no contact', n.number, n.campaign) FROM numbers "
	"AS n LEFT JOIN contacts AS c ON c.id = n.contact WHERE c.number IS "
	"NOT n.number OR c.campaign IS NOT n.campaign";


static void report_all(struct report *r, int version, size_t known)
{
	sipd_text_printf(&r->text, "schema: version %d of %zu\n", version,
			 known);
	faults(r, "integrity", "PRAGMA integrity_check(20)", 20);
	faults(r, "references",
	       "SELECT printf('%s row %s', \"table\", rowid) FROM "
	       "pragma_foreign_key_check",
	       20);
	if (version < (int)known) {
		sipd_text_add(&r->text, "older than this library: migrate\n");
		return;
	}

	words(r);
	faults(r, "counters", counters, 20);
	faults(r, "contacts", states, 20);
	faults(r, "numbers", held, 20);
}


int sipd_store_check(const char *path, bool migrate, char *buf, size_t size)
{
	struct report r = {.db = NULL};
	char *real = NULL;
	int version = 0, err;
	size_t known;

	sipd_text_init(&r.text, buf, size);
	(void)sipd_migrations(&known);

	err = sipd_store_probe(path, false, &real);
	if (!err)
		err = sipd_store_connect(&r.db, real, &version);
	if (!err && migrate && version < (int)known) {
		err = sipd_store_upgrade(r.db, real, -1);
		version = (int)known;
	}
	if (!err) {
		report_all(&r, version, known);
		if (r.bad)
			err = sipd_error(SIPDIALER_EFORMAT,
					 "store %s: damaged", path);
		(void)sqlite3_close(r.db);
	}
	else {
		sipd_text_printf(&r.text, "%s\n", sipd_error_text());
		if (r.db)
			sipd_store_abandon(r.db);
	}
	free(real);

	return err;
}


/* ---- backup ------------------------------------------------------------ */

static int copy(struct sipd_store *s, const char *path)
{
	sqlite3 *to = NULL;
	sqlite3_backup *backup;
	int err = 0;
	int rc = sqlite3_open_v2(path, &to,
				 SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
				 NULL);

	if (!rc) {
		backup = sqlite3_backup_init(to, "main", s->db, "main");
		if (backup)
			(void)sqlite3_backup_step(backup, -1);
		rc = backup ? sqlite3_backup_finish(backup)
			    : sqlite3_errcode(to);
	}
	if (rc)
		err = sipd_error((rc & 0xff) == SQLITE_FULL ? SIPDIALER_EFULL
							    : SIPDIALER_EIO,
				 "backup %s: %s", path, sqlite3_errstr(rc));
	if (sqlite3_close(to) && !err)
		err = sipd_error(SIPDIALER_EIO, "backup %s: not closed", path);

	return err;
}


int sipd_store_backup(struct sipd_store *s, const char *path)
{
	char *real;
	int fd, err;

	if (!sqlite3_get_autocommit(s->db))
		return sipd_error(SIPDIALER_ESTATE,
				  "backup %s: not inside a transaction", path);

	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		  0600);
	if (fd < 0)
		return sipd_file_error(errno, path);

	/* an absolute path: SQLite gives ":memory:" and "" meanings */
	real = realpath(path, NULL);
	err = real ? copy(s, real) : sipd_file_error(errno, path);
	if (!err && fsync(fd))
		err = sipd_file_error(errno, path);
	(void)close(fd);
	if (!err)
		err = sipd_file_sync_dir(path);
	if (err)
		(void)unlink(path);
	free(real);

	return err;
}
