/**
 * @file store_help.h  A store in a directory of its own, and its rows
 */
#ifndef STORE_HELP_H
#define STORE_HELP_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sqlite3.h>
#include "lib/cmocka_all.h"
#include "base/clock.h"
#include "base/error.h"
#include "port/store/internal.h"

struct place {
	char dir[64];
	char path[96]; /* of the store */
	struct sipd_store *s;
};


static inline void place_name(const struct place *p, const char *name,
			      char *buf, size_t size)
{
	(void)snprintf(buf, size, "%s/%s", p->dir, name);
}


static inline int place_setup(void **arg)
{
	struct place *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	/* in memory if there is such a place: hundreds of databases are made
	 * and removed */
	strcpy(p->dir, "/dev/shm/sipd-store-XXXXXX");
	if (!mkdtemp(p->dir)) {
		strcpy(p->dir, "/tmp/sipd-store-XXXXXX");
		assert_non_null(mkdtemp(p->dir));
	}
	place_name(p, "s.db", p->path, sizeof(p->path));
	*arg = p;
	return 0;
}


static inline int place_teardown(void **arg)
{
	static const char *const names[] = {
		"s.db",      "s.db-wal", "s.db-shm",  "s.db-journal",
		"s.db-lock", "r.csv",    "r.csv.tmp", "b.db",
		"b.db-wal",  "b.db-shm", "b.db-lock", "b.db-journal",
		"fifo",      "link",     "copy",
	};
	struct place *p = *arg;
	char name[128];

	sipd_store_close(p->s);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		place_name(p, names[i], name, sizeof(name));
		(void)unlink(name);
	}
	assert_int_equal(rmdir(p->dir), 0);
	free(p);
	return 0;
}


static inline void begin(struct sipd_store *s)
{
	assert_int_equal(sipd_store_begin(s), 0);
}


static inline void commit(struct sipd_store *s)
{
	assert_int_equal(sipd_store_commit(s), 0);
}


static inline void open_store(struct place *p)
{
	assert_int_equal(sipd_store_open(&p->s, p->path, SIPD_STORE_OWN, NULL),
			 0);
}


static inline void reopen_store(struct place *p)
{
	sipd_store_close(p->s);
	p->s = NULL;
	open_store(p);
}


/* One number of the database, by a connection of its own. */
static inline int64_t query(const char *path, const char *sql)
{
	sqlite3_stmt *st = NULL;
	sqlite3 *db = NULL;
	int64_t value;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	(void)sqlite3_busy_timeout(db, 2000);
	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL))
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	value = sqlite3_column_int64(st, 0);
	(void)sqlite3_finalize(st);
	(void)sqlite3_close(db);
	return value;
}


static inline void execute(const char *path, const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	(void)sqlite3_busy_timeout(db, 2000);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL))
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	(void)sqlite3_close(db);
}


static inline void check_good(const char *path)
{
	char text[2048];

	if (sipd_store_check(path, false, text, sizeof(text)))
		fail_msg("%s", text);
}


static inline uint64_t new_campaign(struct sipd_store *s)
{
	uint64_t id = 0;

	assert_int_equal(sipd_store_campaign_new(s, "c", "a=b\n", &id), 0);
	assert_true(id > 0);
	return id;
}


static inline uint64_t add_contact(struct sipd_store *s, uint64_t campaign,
				   const char *number, int priority)
{
	struct sipd_contact_row row = {.campaign = campaign,
				       .priority = priority};
	uint64_t id = 0;
	bool duplicate = true;

	(void)snprintf(row.number, sizeof(row.number), "%s", number);
	assert_int_equal(sipd_store_contact_add(s, &row, &duplicate, &id), 0);
	assert_false(duplicate);
	assert_true(id > 0);
	return id;
}


static inline int try_intent(struct sipd_store *s, uint64_t call,
			     uint64_t campaign, uint64_t contact,
			     uint32_t attempt, bool *dnc)
{
	const struct sipd_intent in = {
		.call = call,
		.campaign = campaign,
		.contact = contact,
		.attempt = attempt,
		.time_ms = 1000,
		.number = "+1",
		.decision = "{\"rule\":\"allow\"}",
	};

	return sipd_store_intent(s, &in, dnc);
}


static inline void do_intent(struct sipd_store *s, uint64_t call,
			     uint64_t campaign, uint64_t contact)
{
	bool dnc = true;

	assert_int_equal(try_intent(s, call, campaign, contact, 1, &dnc), 0);
	assert_false(dnc);
}


static inline int try_result(struct sipd_store *s, uint64_t call,
			     uint64_t campaign, uint64_t contact,
			     int contact_status, int64_t due_ms)
{
	const struct sipd_result r = {
		.call = call,
		.campaign = campaign,
		.contact = contact,
		.attempt = 1,
		.number = "+1",
		.callid = "x@y",
		.start_ms = 1000,
		.ring_start_ms = 2000,
		.end_ms = 5500,
		.disposition = contact_status == SIPDIALER_CONTACT_COMPLETED
				       ? SIPDIALER_DISPOSITION_ANSWERED
				       : SIPDIALER_DISPOSITION_BUSY,
		.answer_ms = contact_status == SIPDIALER_CONTACT_COMPLETED
				     ? 4000
				     : 0,
		.sip_status = 486,
		.q850 = 17,
		.reason = "Busy Here",
		.amd = contact_status == SIPDIALER_CONTACT_COMPLETED
			       ? SIPDIALER_AMD_MACHINE
			       : SIPDIALER_AMD_NOT_USED,
		.amd_at_ms = 1840,
		.beep_at_ms = -1,
		.sit = "vacant",
		.message = "cut",
		.contact_status = contact_status,
		.due_ms = due_ms,
	};

	return sipd_store_result(s, &r);
}


static inline struct sipd_campaign_counts get_counts(struct sipd_store *s,
						     uint64_t campaign)
{
	struct sipd_campaign_row row;

	assert_int_equal(sipd_store_campaign_get(s, campaign, true, &row), 0);
	sipd_campaign_row_free(&row);
	return row.counts;
}


/* Numbers of the contacts due, joined: "+1 +2" */
static inline const char *due(struct sipd_store *s, uint64_t campaign,
			      int64_t now, size_t max)
{
	static char text[4096];
	struct sipd_contact_row rows[64];
	size_t count = 99;

	assert_true(max <= 64);
	assert_int_equal(sipd_store_contact_due(s, campaign, now, rows, max,
						&count),
			 0);
	text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		(void)snprintf(text + strlen(text),
			       sizeof(text) - strlen(text), "%s%s",
			       i ? " " : "", rows[i].number);
		sipd_contact_row_free(&rows[i]);
	}
	return text;
}

#endif
