/**
 * @file test_store_open.c  Opening, owning, dying, copying a store; results
 */
#include "store_help.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

enum { CHILD_S = 20 }; /* a child never lives longer */


static int open_code(const char *path, unsigned flags)
{
	struct sipd_store *s = NULL;
	const int err = sipd_store_open(&s, path, flags, NULL);

	sipd_store_close(s);
	return err;
}


static void write_file(const char *path, const void *data, size_t len)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}


static size_t read_file(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	assert_non_null(f);
	n = fread(buf, 1, size, f);
	(void)fclose(f);
	return n;
}


static void test_files_are_private(void **arg)
{
	static const char *const names[] = {"s.db", "s.db-wal", "s.db-shm",
					    "s.db-lock"};
	struct place *p = *arg;
	const mode_t mask = umask(0);

	open_store(p);
	begin(p->s);
	(void)new_campaign(p->s);
	commit(p->s);
	(void)umask(mask);
	for (size_t i = 0; i < 4; i++) {
		struct stat st;
		char name[128];

		place_name(p, names[i], name, sizeof(name));
		assert_int_equal(stat(name, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
	assert_int_equal(query(p->path, "PRAGMA user_version"), 2);
	assert_int_equal(query(p->path, "PRAGMA application_id"),
			 SIPD_STORE_APPLICATION_ID);
	assert_int_equal(query(p->path, "SELECT count(*) FROM sqlite_schema "
					"WHERE sql LIKE '%AUTOINCREMENT%'"),
			 2);
}


static void test_settings_are_durable(void **arg)
{
	struct place *p = *arg;
	sqlite3_stmt *st;

	open_store(p);
	assert_int_equal(sqlite3_prepare_v2(p->s->db, "PRAGMA synchronous", -1,
					    &st, NULL),
			 0);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(st, 0), 2); /* FULL */
	(void)sqlite3_finalize(st);
	assert_int_equal(sqlite3_prepare_v2(p->s->db, "PRAGMA foreign_keys",
					    -1, &st, NULL),
			 0);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(st, 0), 1);
	(void)sqlite3_finalize(st);
}


static void refused_untouched(struct place *p, int code)
{
	static char before[65536], after[65536];
	const size_t n = read_file(p->path, before, sizeof(before));
	char name[128];

	assert_int_equal(open_code(p->path, SIPD_STORE_OWN), code);
	assert_int_equal(open_code(p->path, 0), code);
	assert_int_equal(sipd_store_check(p->path, true, name, sizeof(name)),
			 code);
	assert_int_equal(read_file(p->path, after, sizeof(after)), n);
	assert_memory_equal(before, after, n);
	place_name(p, "s.db-wal", name, sizeof(name));
	assert_int_not_equal(access(name, F_OK), 0);
}


static void test_foreign_files_are_refused(void **arg)
{
	struct place *p = *arg;
	char zeros[4096] = {0};

	write_file(p->path, "hello", 5);
	refused_untouched(p, SIPDIALER_EFORMAT);
	write_file(p->path, zeros, sizeof(zeros));
	refused_untouched(p, SIPDIALER_EFORMAT);
	(void)unlink(p->path);
	execute(p->path, "CREATE TABLE other (x)");
	refused_untouched(p, SIPDIALER_EFORMAT);
	assert_non_null(strstr(sipd_error_text(), "another program"));
}


static void test_newer_store_is_refused(void **arg)
{
	struct place *p = *arg;

	open_store(p);
	sipd_store_close(p->s);
	p->s = NULL;
	execute(p->path, "PRAGMA user_version = 3");
	refused_untouched(p, SIPDIALER_ENEWER);
	assert_non_null(strstr(sipd_error_text(), "version 3"));
}


/* Its number is in the write-ahead log only, as after a crash. */
static void test_newer_store_in_the_log_is_refused(void **arg)
{
	struct place *p = *arg;
	sqlite3 *db;

	open_store(p);
	sipd_store_close(p->s);
	p->s = NULL;
	assert_int_equal(sqlite3_open(p->path, &db), 0);
	assert_int_equal(sqlite3_db_config(db,
					   SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
					   NULL),
			 0);
	assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 3", NULL,
				      NULL, NULL),
			 0);
	(void)sqlite3_close(db);

	assert_int_equal(open_code(p->path, 0), SIPDIALER_ENEWER);
	assert_int_equal(open_code(p->path, SIPD_STORE_OWN), SIPDIALER_ENEWER);
	assert_int_equal(query(p->path, "PRAGMA user_version"), 3);
}


static void test_damaged_store_is_refused(void **arg)
{
	static char bytes[1 << 18];
	struct place *p = *arg;
	size_t n;

	open_store(p);
	sipd_store_close(p->s);
	p->s = NULL;
	n = read_file(p->path, bytes, sizeof(bytes));
	assert_true(n > 8192);
	write_file(p->path, bytes, 4096); /* cut */
	assert_int_equal(open_code(p->path, SIPD_STORE_OWN),
			 SIPDIALER_EFORMAT);
	memset(bytes + 100, 0xa5, 3996); /* schema overwritten */
	write_file(p->path, bytes, n);
	assert_int_equal(open_code(p->path, SIPD_STORE_OWN),
			 SIPDIALER_EFORMAT);
	{
		char wal[128];

		place_name(p, "s.db-wal", wal, sizeof(wal));
		(void)unlink(wal);
	}
	write_file(p->path, bytes, 60);
	refused_untouched(p, SIPDIALER_EFORMAT);
}


static void test_odd_paths_are_errors(void **arg)
{
	struct place *p = *arg;
	char name[128], text[256];

	place_name(p, "no/such/dir.db", name, sizeof(name));
	assert_int_equal(open_code(name, 0), SIPDIALER_ENOENT);
	assert_int_equal(sipd_store_check(p->path, true, text, sizeof(text)),
			 SIPDIALER_ENOENT);
	assert_int_not_equal(access(p->path, F_OK), 0); /* not made by check */
	place_name(p, "fifo", name, sizeof(name));
	assert_int_equal(mkfifo(name, 0600), 0);
	assert_int_equal(open_code(name, SIPD_STORE_OWN), SIPDIALER_EFORMAT);
	assert_int_equal(open_code("/dev/zero", 0), SIPDIALER_EFORMAT);
	assert_true(open_code(p->dir, 0) < 0);
	assert_true(open_code("", 0) < 0);
}


/* ---- processes --------------------------------------------------------- */

/* h runs in a child, which then writes a byte and waits to be killed. */
static pid_t child(void (*h)(struct place *p), struct place *p)
{
	int fds[2];
	char byte = 0;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		(void)alarm(CHILD_S);
		h(p);
		if (write(fds[1], "x", 1) == 1)
			(void)pause();
		_exit(1);
	}
	(void)close(fds[1]);
	if (read(fds[0], &byte, 1) != 1 || byte != 'x')
		fail_msg("the child failed");
	(void)close(fds[0]);
	return pid;
}


static void kill_child(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}


static void must(bool good)
{
	if (!good)
		_exit(2);
}


static void child_own(struct place *p)
{
	must(!sipd_store_open(&p->s, p->path, SIPD_STORE_OWN, NULL));
}


static void test_owner_lock_dies_with_its_process(void **arg)
{
	struct place *p = *arg;
	pid_t pid = child(child_own, p);

	assert_int_equal(open_code(p->path, SIPD_STORE_OWN), SIPDIALER_EBUSY);
	assert_int_equal(open_code(p->path, 0), 0); /* others may look */
	kill_child(pid);
	open_store(p);
	assert_int_equal(sipd_store_interrupted(p->s), 0);

	/* another engine of this very process, by another name of the file */
	{
		char name[128];

		place_name(p, "link", name, sizeof(name));
		assert_int_equal(symlink(p->path, name), 0);
		assert_int_equal(open_code(name, SIPD_STORE_OWN),
				 SIPDIALER_EBUSY);
	}
}


/* Three contacts: 1 on a call, 2 answered, 3 not tried. */
static void child_campaign(struct place *p)
{
	uint64_t c, ids[3];

	must(!sipd_store_open(&p->s, p->path, SIPD_STORE_OWN, NULL));
	must(!sipd_store_begin(p->s));
	c = new_campaign(p->s);
	for (int i = 0; i < 3; i++) {
		char number[8];

		(void)snprintf(number, sizeof(number), "+%d", i + 1);
		ids[i] = add_contact(p->s, c, number, 0);
	}
	do_intent(p->s, 1, c, ids[0]);
	do_intent(p->s, 2, c, ids[1]);
	must(!try_result(p->s, 2, c, ids[1], SIPDIALER_CONTACT_COMPLETED, 0));
	must(!sipd_store_commit(p->s));
}


/* ... and one more intent that was not committed */
static void child_campaign_open(struct place *p)
{
	bool dnc;

	child_campaign(p);
	must(!sipd_store_begin(p->s));
	must(!try_intent(p->s, 3, 1, 3, 1, &dnc));
}


static void test_dead_owner_leaves_interrupted_contacts(void **arg)
{
	struct place *p = *arg;
	struct sipd_campaign_counts n;
	uint64_t count, last;
	bool dnc;

	for (int i = 0; i < 2; i++) {
		kill_child(child(i ? child_campaign_open : child_campaign, p));
		open_store(p);
		assert_int_equal(sipd_store_interrupted(p->s), 1);
		begin(p->s);
		n = get_counts(p->s, 1);
		assert_int_equal(n.interrupted, 1);
		assert_int_equal(n.in_progress, 0);
		assert_int_equal(n.completed, 1);
		assert_int_equal(n.pending, 1);
		assert_int_equal(n.attempts, 2);
		assert_int_equal(
			n.by_disposition[SIPDIALER_DISPOSITION_INTERRUPTED],
			1);
		/* at most once: only the one never tried */
		assert_string_equal(due(p->s, 1, INT64_MAX, 9), "+3");
		assert_int_equal(try_intent(p->s, 4, 1, 1, 2, &dnc),
				 SIPDIALER_ESTATE);
		assert_int_equal(sipd_store_last_call(p->s, &last), 0);
		assert_int_equal(last, 2);
		commit(p->s);
		assert_int_equal(query(p->path,
				       "SELECT count(*) FROM calls "
				       "WHERE disposition = 'interrupted' AND "
				       "id = 1 AND contact = 1"),
				 1);
		check_good(p->path);

		/* marked once, not again */
		reopen_store(p);
		assert_int_equal(sipd_store_interrupted(p->s), 0);
		assert_int_equal(sipd_store_retry_interrupted(p->s, &count),
				 0);
		assert_int_equal(count, 1);
		check_good(p->path);
		begin(p->s);
		assert_int_equal(get_counts(p->s, 1).pending, 2);
		assert_int_equal(get_counts(p->s, 1).interrupted, 0);
		assert_string_equal(due(p->s, 1, 0, 9), "+1 +3");
		commit(p->s);
		check_good(p->path);
		sipd_store_close(p->s);
		p->s = NULL;
		(void)unlink(p->path);
	}
}


static void test_other_reader_does_not_mark(void **arg)
{
	struct place *p = *arg;
	pid_t pid = child(child_campaign, p);
	struct sipd_store *s;

	assert_int_equal(sipd_store_open(&s, p->path, 0, NULL), 0);
	begin(s);
	assert_int_equal(get_counts(s, 1).in_progress, 1);
	commit(s);
	sipd_store_close(s);
	kill_child(pid);
	assert_int_equal(open_code(p->path, 0), 0);
	assert_int_equal(query(p->path, "SELECT count(*) FROM contacts WHERE "
					"status = 'in_progress'"),
			 1);
}


static void test_strays_without_attempt_are_settled(void **arg)
{
	struct place *p = *arg;

	kill_child(child(child_campaign, p));
	execute(p->path, "PRAGMA foreign_keys = OFF; DELETE FROM attempts");
	execute(p->path,
		"UPDATE contacts SET status = 'in_progress', "
		"ready = 0 WHERE id = 3; UPDATE counts SET n = 2 WHERE "
		"word = 'in_progress'; DELETE FROM counts WHERE word = "
		"'pending' OR kind = 'attempts'");
	open_store(p);
	assert_int_equal(sipd_store_interrupted(p->s), 2);
	begin(p->s);
	assert_int_equal(get_counts(p->s, 1).interrupted, 1);
	assert_string_equal(due(p->s, 1, 0, 9), "+3");
	commit(p->s);
	check_good(p->path);
}


/* ---- migrations (ERR-004) ---------------------------------------------- */

static void test_migrations_have_no_gap(void **arg)
{
	static const struct sipd_migration gap[] = {{1, ""}, {3, ""}};
	static const struct sipd_migration twice[] = {{1, ""}, {1, ""}};
	size_t count;
	const struct sipd_migration *list = sipd_migrations(&count);
	(void)arg;

	assert_true(count >= 1);
	assert_int_equal(sipd_migrations_valid(list, count), 0);
	assert_int_equal(sipd_migrations_valid(gap, 2), SIPDIALER_EFORMAT);
	assert_int_equal(sipd_migrations_valid(twice, 2), SIPDIALER_EFORMAT);
}


static void test_migration_is_all_or_nothing(void **arg)
{
	static const struct sipd_migration list[] = {
		{1, "CREATE TABLE a (x, status, CHECK ({campaign}))"},
		{2, "CREATE TABLE b (x); INSERT INTO nowhere VALUES (1)"},
	};
	static const struct sipd_migration good[] = {
		{1, "CREATE TABLE a (x)"},
		{2, "CREATE TABLE b (x)"},
		{3, "ALTER TABLE b ADD COLUMN y"},
	};
	struct place *p = *arg;
	sqlite3 *db;
	int from = -1;

	assert_int_equal(sqlite3_open(p->path, &db), 0);
	assert_true(sipd_migrate(db, list, 2, &from) < 0);
	assert_int_equal(from, 0);
	assert_int_equal(query(p->path, "PRAGMA user_version"), 1);
	assert_int_equal(query(p->path, "SELECT count(*) FROM sqlite_schema"),
			 1);
	assert_int_equal(sipd_migrate(db, good, 3, &from), 0);
	assert_int_equal(from, 1);
	assert_int_equal(query(p->path, "PRAGMA user_version"), 3);
	assert_int_equal(query(p->path, "SELECT count(y) FROM b"), 0);
	assert_int_equal(sipd_migrate(db, good, 2, &from), SIPDIALER_ENEWER);
	(void)sqlite3_close(db);
}


/* ---- check and backup -------------------------------------------------- */

static void test_check_tells_what_is_wrong(void **arg)
{
	/* clang-format off */
	static const struct { const char *sql, *told; } faults[] = {
		{ "UPDATE counts SET n = 7 WHERE word = 'pending'",
		  "contact pending" },
		{ "PRAGMA ignore_check_constraints = ON; UPDATE contacts "
		  "SET status = 'PENDING'", "integrity" },
		{ "PRAGMA foreign_keys = OFF; DELETE FROM campaigns",
		  "references" },
		{ "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql "
		  "= replace(sql, '''busy''', '''BUSY''') WHERE name = 'calls'",
		  "words" },
	};
	/* clang-format on */
	struct place *p = *arg;
	char text[2048];

	for (size_t i = 0; i < 4; i++) {
		kill_child(child(child_campaign, p));
		check_good(p->path);
		execute(p->path, faults[i].sql);
		assert_int_equal(sipd_store_check(p->path, false, text,
						  sizeof(text)),
				 SIPDIALER_EFORMAT);
		if (!strstr(text, faults[i].told))
			fail_msg("%s: %s", faults[i].told, text);
		(void)unlink(p->path);
	}
}


static void test_backup_is_a_whole_private_copy(void **arg)
{
	struct place *p = *arg;
	struct stat st;
	char name[128];

	open_store(p);
	begin(p->s);
	(void)add_contact(p->s, new_campaign(p->s), "+1", 0);
	place_name(p, "b.db", name, sizeof(name));
	assert_int_equal(sipd_store_backup(p->s, name), SIPDIALER_ESTATE);
	commit(p->s);

	assert_int_equal(sipd_store_backup(p->s, name), 0);
	assert_int_equal(stat(name, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	check_good(name);
	assert_int_equal(query(name, "SELECT count(*) FROM contacts"), 1);
	assert_int_equal(sipd_store_backup(p->s, name), SIPDIALER_EINVAL);
	assert_int_equal(sipd_store_backup(p->s, p->path), SIPDIALER_EINVAL);
	check_good(p->path);
	place_name(p, "no/b.db", name, sizeof(name));
	assert_int_equal(sipd_store_backup(p->s, name), SIPDIALER_ENOENT);
	place_name(p, "b.db", name, sizeof(name));
	assert_int_equal(open_code(name, SIPD_STORE_OWN), 0);
}


/* ---- results ----------------------------------------------------------- */

/* An RFC 4180 reader of its own: cell `column` of record `row`. */
static const char *cell(const char *csv, int row, int column)
{
	static char out[1024];
	size_t n = 0;
	bool quoted = false;
	int r = 0, c = 0;

	for (; *csv; csv++) {
		const bool here = r == row && c == column;

		if (quoted && *csv == '"' && csv[1] == '"') {
			++csv;
		}
		else if (*csv == '"') {
			quoted = !quoted;
			continue;
		}
		else if (!quoted && *csv == ',') {
			++c;
			continue;
		}
		else if (!quoted && *csv == '\r' && csv[1] == '\n') {
			++csv;
			++r;
			c = 0;
			continue;
		}
		if (here && n + 1 < sizeof(out))
			out[n++] = *csv;
	}
	out[n] = '\0';
	return out;
}


/* A store of version 1, before calls were listened to, goes on. */
static void test_older_store_gets_who_answered(void **arg)
{
	struct place *p = *arg;
	sqlite3 *db;
	size_t count;
	int from;

	assert_int_equal(sqlite3_open(p->path, &db), 0);
	assert_int_equal(sipd_migrate(db, sipd_migrations(&count), 1, &from),
			 0);
	assert_int_equal(sqlite3_exec(db,
				      "PRAGMA application_id = 1936289892; "
				      "INSERT INTO calls VALUES (1, NULL, "
				      "NULL, 0, 'out', '+1', '', '', 1, 0, 0, "
				      "2, 'busy', 486, 17, '', '', '', '', 0, "
				      "0, 0, NULL, NULL, NULL)",
				      NULL, NULL, NULL),
			 0);
	(void)sqlite3_close(db);
	open_store(p);
	assert_int_equal(query(p->path, "SELECT count(*) FROM calls WHERE amd "
					"= 'not_used' AND amd_at_ms IS NULL "
					"AND sit = '' AND message = ''"),
			 1);
}


static void assert_who_answered(const char *csv)
{
	assert_string_equal(cell(csv, 0, 18), "amd");
	assert_string_equal(cell(csv, 0, 22), "message");
	assert_string_equal(cell(csv, 1, 18), "machine");
	assert_string_equal(cell(csv, 1, 19), "1840");
	assert_string_equal(cell(csv, 1, 20), "");
	assert_string_equal(cell(csv, 1, 21), "vacant");
	assert_string_equal(cell(csv, 1, 22), "cut");
	assert_string_equal(cell(csv, 2, 18), "not_used");
	assert_string_equal(cell(csv, 2, 19), "");
	assert_string_equal(cell(csv, 3, 18), "");
}


static void test_results_are_read_back(void **arg)
{
	static const char *const names[] = {
		"plain", "a,b \"c\"\r\nd", "=1+1", "+cmd", "-x", "@y", "\tz",
		"",      "J\xc3\xb6rg",
	};
	static char csv[16384];
	struct place *p = *arg;
	struct sipd_contact_row row = {.custom = (char *)"{\"k\":\"v,w\"}"};
	char name[128];
	uint64_t c, ids[9], rows;
	bool flag;

	open_store(p);
	begin(p->s);
	(void)add_contact(p->s, new_campaign(p->s), "+777", 0);
	c = row.campaign = new_campaign(p->s);
	for (int i = 0; i < 9; i++) {
		(void)snprintf(row.number, sizeof(row.number), "+4930%d", i);
		if (i == 7)
			strcpy(row.number, "+49;30");
		(void)snprintf(row.name, sizeof(row.name), "%s", names[i]);
		assert_int_equal(sipd_store_contact_add(p->s, &row, &flag,
							&ids[i]),
				 0);
	}
	(void)add_contact(p->s, new_campaign(p->s), "+778", 0);
	do_intent(p->s, 1, c, ids[0]);
	assert_int_equal(try_result(p->s, 1, c, ids[0],
				    SIPDIALER_CONTACT_COMPLETED, 0),
			 0);
	do_intent(p->s, 2, c, ids[1]);
	assert_int_equal(try_result(p->s, 2, c, ids[1],
				    SIPDIALER_CONTACT_PENDING, 4102444800123),
			 0); /* year 2100 */
	commit(p->s);

	place_name(p, "r.csv", name, sizeof(name));
	assert_int_equal(sipd_store_results(p->s, c, name, &rows), 0);
	assert_int_equal(rows, 9);
	csv[read_file(name, csv, sizeof(csv) - 1)] = '\0';

	assert_string_equal(cell(csv, 0, 0), "contact_id");
	assert_string_equal(cell(csv, 0, 17), "next_attempt_at");
	for (int i = 0; i < 9; i++) {
		const bool guard = i >= 2 && i <= 6;
		char want[64];

		(void)snprintf(want, sizeof(want), "%s%s", guard ? "'" : "",
			       names[i]);
		assert_string_equal(cell(csv, i + 1, 2), want);
		assert_string_equal(cell(csv, i + 1, 3), "{\"k\":\"v,w\"}");
	}
	assert_string_equal(cell(csv, 1, 1), "+49300");
	assert_string_equal(cell(csv, 8, 1), "'+49;30");
	assert_string_equal(cell(csv, 1, 4), "completed");
	assert_string_equal(cell(csv, 1, 5), "1");
	assert_string_equal(cell(csv, 1, 6), "answered");
	assert_string_equal(cell(csv, 1, 7), "486");
	assert_string_equal(cell(csv, 1, 8), "17");
	assert_string_equal(cell(csv, 1, 9), "Busy Here");
	assert_string_equal(cell(csv, 1, 10), "3000");
	assert_string_equal(cell(csv, 1, 11), "1500");
	assert_string_equal(cell(csv, 1, 12), "1970-01-01T00:00:04.000Z");
	assert_string_equal(cell(csv, 1, 13), "1970-01-01T00:00:05.500Z");
	assert_string_equal(cell(csv, 1, 17), "");
	assert_string_equal(cell(csv, 2, 10), "4500"); /* rang till the end */
	assert_string_equal(cell(csv, 2, 11), "0");
	assert_string_equal(cell(csv, 2, 12), "");
	assert_string_equal(cell(csv, 2, 17), "2100-01-01T00:00:00.123Z");
	assert_string_equal(cell(csv, 3, 4), "pending");
	assert_string_equal(cell(csv, 3, 6), "");
	assert_string_equal(cell(csv, 3, 17), "");
	assert_string_equal(cell(csv, 10, 0), "");
	assert_who_answered(csv);
}


static void test_results_file_errors_are_not_the_stores(void **arg)
{
	struct place *p = *arg;
	struct stat st;
	char name[128];
	uint64_t c, rows;

	open_store(p);
	begin(p->s);
	c = new_campaign(p->s);
	(void)add_contact(p->s, c, "+1", 0);
	place_name(p, "no/r.csv", name, sizeof(name));
	assert_int_equal(sipd_store_results(p->s, c, name, &rows),
			 SIPDIALER_ENOENT);
	assert_int_equal(sipd_store_results(p->s, c, "/dev/full", &rows),
			 SIPDIALER_EINVAL);
	assert_int_equal(sipd_store_results(p->s, c, p->path, &rows),
			 SIPDIALER_EINVAL);
	assert_int_equal(sipd_store_results(p->s, 99, name, &rows),
			 SIPDIALER_ENOENT);
	assert_false(sipd_store_failed(p->s));

	/* a left-over and an older file are replaced */
	place_name(p, "r.csv.tmp", name, sizeof(name));
	write_file(name, "junk", 4);
	place_name(p, "r.csv", name, sizeof(name));
	write_file(name, "old", 3);
	assert_int_equal(sipd_store_results(p->s, c, name, &rows), 0);
	commit(p->s);
	assert_int_equal(stat(name, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_true(st.st_size > 100);
	place_name(p, "r.csv.tmp", name, sizeof(name));
	assert_int_not_equal(access(name, F_OK), 0);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)
		T(test_files_are_private),
		T(test_settings_are_durable),
		T(test_foreign_files_are_refused),
		T(test_newer_store_is_refused),
		T(test_newer_store_in_the_log_is_refused),
		T(test_damaged_store_is_refused),
		T(test_odd_paths_are_errors),
		T(test_owner_lock_dies_with_its_process),
		T(test_dead_owner_leaves_interrupted_contacts),
		T(test_other_reader_does_not_mark),
		T(test_strays_without_attempt_are_settled),
		T(test_migrations_have_no_gap),
		T(test_migration_is_all_or_nothing),
		T(test_check_tells_what_is_wrong),
		T(test_backup_is_a_whole_private_copy),
		T(test_older_store_gets_who_answered),
		T(test_results_are_read_back),
		T(test_results_file_errors_are_not_the_stores),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
