/**
 * @file test_store.c  Campaigns, contacts, calls and DNC in the store
 */
#include "store_help.h"

#include <dirent.h>


static void test_campaign_is_read_back(void **arg)
{
	struct place *p = *arg;
	struct sipd_campaign_row row;
	uint64_t a, b;

	open_store(p);
	begin(p->s);
	assert_int_equal(sipd_store_campaign_new(p->s, "Spring \"1\"",
						 "x=1\ny=2\n", &a),
			 0);
	assert_int_equal(sipd_store_campaign_new(p->s, "b", NULL, &b), 0);
	commit(p->s);
	reopen_store(p);

	begin(p->s);
	assert_int_equal(sipd_store_campaign_get(p->s, a, true, &row), 0);
	assert_string_equal(row.name, "Spring \"1\"");
	assert_string_equal(row.options, "x=1\ny=2\n");
	assert_int_equal(row.status, SIPDIALER_CAMPAIGN_DRAFT);
	assert_true(llabs(row.created_ms - sipd_wall_ms()) < 60000);
	assert_int_equal(row.started_ms, 0);
	assert_int_equal(row.counts.total, 0);
	assert_int_equal(row.counts.next_due_ms, -1);
	sipd_campaign_row_free(&row);

	assert_int_equal(sipd_store_campaign_next(p->s, 0, false, &row), 0);
	assert_int_equal(row.id, a);
	sipd_campaign_row_free(&row);
	assert_int_equal(sipd_store_campaign_next(p->s, a, false, &row), 0);
	assert_int_equal(row.id, b);
	sipd_campaign_row_free(&row);
	assert_int_equal(sipd_store_campaign_next(p->s, b, false, &row),
			 SIPDIALER_ENOENT);
	assert_int_equal(sipd_store_campaign_get(p->s, 99, false, &row),
			 SIPDIALER_ENOENT);
	assert_int_equal(sipd_store_campaign_new(p->s, "", NULL, &a),
			 SIPDIALER_EINVAL);
	commit(p->s);
}


static void test_campaign_set_checks_the_present_status(void **arg)
{
	bool more;
	struct place *p = *arg;
	struct sipd_campaign_row row;
	uint64_t id;

	open_store(p);
	begin(p->s);
	id = new_campaign(p->s);
	assert_int_equal(sipd_store_campaign_set(p->s, id,
						 SIPDIALER_CAMPAIGN_DRAFT,
						 SIPDIALER_CAMPAIGN_RUNNING,
						 &more),
			 0);
	assert_int_equal(sipd_store_campaign_set(p->s, id,
						 SIPDIALER_CAMPAIGN_DRAFT,
						 SIPDIALER_CAMPAIGN_RUNNING,
						 &more),
			 SIPDIALER_ESTATE);
	assert_non_null(strstr(sipd_error_text(), "running"));
	assert_int_equal(sipd_store_campaign_set(p->s, 77,
						 SIPDIALER_CAMPAIGN_DRAFT,
						 SIPDIALER_CAMPAIGN_RUNNING,
						 &more),
			 SIPDIALER_ENOENT);
	assert_int_equal(sipd_store_campaign_set(p->s, id,
						 SIPDIALER_CAMPAIGN_RUNNING,
						 99, &more),
			 SIPDIALER_EINVAL);
	assert_int_equal(sipd_store_campaign_set(p->s, id,
						 SIPDIALER_CAMPAIGN_RUNNING,
						 SIPDIALER_CAMPAIGN_COMPLETED,
						 &more),
			 0);
	assert_int_equal(sipd_store_campaign_get(p->s, id, false, &row), 0);
	assert_true(row.started_ms > 0 && row.ended_ms >= row.started_ms);
	assert_int_equal(row.status, SIPDIALER_CAMPAIGN_COMPLETED);
	sipd_campaign_row_free(&row);
	commit(p->s);
}


static void test_contact_duplicate_is_told_and_not_added(void **arg)
{
	struct place *p = *arg;
	struct sipd_contact_row row = {.number = "+1", .custom = NULL};
	uint64_t a, b, id = 0;
	bool duplicate;

	open_store(p);
	begin(p->s);
	a = new_campaign(p->s);
	b = new_campaign(p->s);
	(void)add_contact(p->s, a, "+1", 0);
	row.campaign = a;
	assert_int_equal(sipd_store_contact_add(p->s, &row, &duplicate, &id),
			 0);
	assert_true(duplicate);
	assert_int_equal(id, 0);
	(void)add_contact(p->s, b, "+1", 0); /* another campaign may */
	row.campaign = 1234;
	assert_int_equal(sipd_store_contact_add(p->s, &row, &duplicate, &id),
			 SIPDIALER_ENOENT);
	row.campaign = a;
	row.number[0] = '\0';
	assert_int_equal(sipd_store_contact_add(p->s, &row, &duplicate, &id),
			 SIPDIALER_EINVAL);
	assert_int_equal(get_counts(p->s, a).total, 1);
	assert_int_equal(get_counts(p->s, b).pending, 1);
	commit(p->s);
	check_good(p->path);
}


static void test_due_orders_by_priority_due_and_id(void **arg)
{
	struct place *p = *arg;
	uint64_t c, id;

	open_store(p);
	begin(p->s);
	c = new_campaign(p->s);
	(void)add_contact(p->s, c, "+10", 0);
	(void)add_contact(p->s, c, "+11", 5);
	id = add_contact(p->s, c, "+12", 9);
	(void)add_contact(p->s, c, "+13", 5);
	(void)add_contact(p->s, c, "+14", -3);
	assert_string_equal(due(p->s, c, 0, 64), "+12 +11 +13 +10 +14");
	assert_string_equal(due(p->s, c, 0, 2), "+12 +11");
	assert_string_equal(due(p->s, c, 0, 0), "");

	/* a retry comes back when it is due, in its place, not before */
	do_intent(p->s, 1, c, id);
	assert_string_equal(due(p->s, c, 99999, 64), "+11 +13 +10 +14");
	assert_int_equal(try_result(p->s, 1, c, id, SIPDIALER_CONTACT_PENDING,
				    50000),
			 0);
	assert_int_equal(get_counts(p->s, c).next_due_ms, 50000);
	assert_string_equal(due(p->s, c, 49999, 64), "+11 +13 +10 +14");
	assert_string_equal(due(p->s, c, 50000, 64), "+12 +11 +13 +10 +14");
	assert_int_equal(get_counts(p->s, c).next_due_ms, -1);
	commit(p->s);
	check_good(p->path);
}


static void test_due_gives_all_of_a_row(void **arg)
{
	struct place *p = *arg;
	struct sipd_contact_row row = {
		.number = "+4930",
		.name = "J\xc3\xb6rg, \"x\"",
		.custom = (char *)"{\"a\":\"b\"}",
		.priority = -7,
	};
	struct sipd_contact_row got;
	uint64_t id;
	size_t count;
	bool duplicate;

	open_store(p);
	begin(p->s);
	row.campaign = new_campaign(p->s);
	assert_int_equal(sipd_store_contact_add(p->s, &row, &duplicate, &id),
			 0);
	assert_int_equal(sipd_store_contact_due(p->s, row.campaign, 0, &got, 1,
						&count),
			 0);
	assert_int_equal(count, 1);
	assert_int_equal(got.id, id);
	assert_int_equal(got.campaign, row.campaign);
	assert_string_equal(got.number, row.number);
	assert_string_equal(got.name, row.name);
	assert_string_equal(got.custom, row.custom);
	assert_int_equal(got.priority, -7);
	assert_int_equal(got.status, SIPDIALER_CONTACT_PENDING);
	assert_int_equal(got.attempts, 0);
	sipd_contact_row_free(&got);
	commit(p->s);
}


static void test_dnc_holds_at_import_due_and_intent(void **arg)
{
	struct place *p = *arg;
	uint64_t c, ids[4];
	char source[32];
	bool flag;

	open_store(p);
	begin(p->s);
	c = new_campaign(p->s);
	assert_int_equal(sipd_store_dnc_add(p->s, "+1", "opt-out", &flag), 0);
	assert_true(flag);
	assert_int_equal(sipd_store_dnc_add(p->s, "+1", "again", &flag), 0);
	assert_false(flag);
	assert_int_equal(sipd_store_dnc_check(p->s, "+1", &flag, source,
					      sizeof(source)),
			 0);
	assert_true(flag);
	assert_string_equal(source, "opt-out");

	for (int i = 0; i < 4; i++) {
		char number[8];

		(void)snprintf(number, sizeof(number), "+%d", i + 1);
		ids[i] = add_contact(p->s, c, number, 0);
	}
	assert_int_equal(get_counts(p->s, c).dnc, 1);
	assert_string_equal(due(p->s, c, 0, 64), "+2 +3 +4");

	/* listed after the import */
	assert_int_equal(sipd_store_dnc_add(p->s, "+2", NULL, NULL), 0);
	assert_string_equal(due(p->s, c, 0, 64), "+3 +4");
	assert_int_equal(get_counts(p->s, c).dnc, 2);

	/* listed after it was found due; try_intent dials "+1" */
	assert_int_equal(sipd_store_dnc_add(p->s, "+3", NULL, NULL), 0);
	assert_int_equal(sipd_store_dnc_remove(p->s, "+1", &flag), 0);
	assert_true(flag);
	assert_int_equal(try_intent(p->s, 1, c, ids[2], 1, &flag), 0);
	assert_true(flag);
	assert_int_equal(get_counts(p->s, c).dnc, 3);
	assert_int_equal(get_counts(p->s, c).attempts, 0);
	assert_string_equal(due(p->s, c, 0, 64), "+4");

	/* the number to be dialed is listed, that of the row is not */
	assert_int_equal(sipd_store_dnc_add(p->s, "+1", NULL, NULL), 0);
	assert_int_equal(try_intent(p->s, 1, c, ids[3], 1, &flag), 0);
	assert_true(flag);
	assert_int_equal(sipd_store_dnc_remove(p->s, "+99", &flag), 0);
	assert_false(flag);
	commit(p->s);
	assert_int_equal(query(p->path, "SELECT count(*) FROM attempts"), 0);
	check_good(p->path);
}


static void test_due_looks_behind_many_dnc_hits(void **arg)
{
	struct place *p = *arg;
	char number[16];
	uint64_t c;

	open_store(p);
	begin(p->s);
	c = new_campaign(p->s);
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(number, sizeof(number), "+%d", 1000 + i);
		(void)add_contact(p->s, c, number, 1);
	}
	(void)add_contact(p->s, c, "+7", 0);
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(number, sizeof(number), "+%d", 1000 + i);
		assert_int_equal(sipd_store_dnc_add(p->s, number, "", NULL),
				 0);
	}
	assert_string_equal(due(p->s, c, 0, 10), "+7");
	assert_int_equal(get_counts(p->s, c).dnc, 1000);
	commit(p->s);
	check_good(p->path);
}


/* A row read before an attempt and used after it: the contact is pending
 * again, for its retry, but not as the row says.  It was dialed once more. */
static void test_intent_of_a_stale_row_is_refused(void **arg)
{
	struct place *p = *arg;
	uint64_t c, a;
	bool dnc;

	open_store(p);
	begin(p->s);
	c = new_campaign(p->s);
	a = add_contact(p->s, c, "+1", 0);
	do_intent(p->s, 10, c, a);
	assert_int_equal(try_result(p->s, 10, c, a, SIPDIALER_CONTACT_PENDING,
				    1000),
			 0);
	assert_int_equal(try_intent(p->s, 11, c, a, 1, &dnc),
			 SIPDIALER_ESTATE);
	assert_int_equal(try_intent(p->s, 11, c, a, 3, &dnc),
			 SIPDIALER_ESTATE);
	assert_int_equal(try_intent(p->s, 11, c, a, 2, &dnc), 0);
	commit(p->s);
}


static void test_intent_and_result_make_one_story(void **arg)
{
	struct place *p = *arg;
	struct sipd_campaign_counts n;
	uint64_t c, a, b, last;
	bool dnc;

	open_store(p);
	begin(p->s);
	c = new_campaign(p->s);
	a = add_contact(p->s, c, "+1", 0);
	b = add_contact(p->s, c, "+2", 0);
	commit(p->s);

	begin(p->s);
	do_intent(p->s, 10, c, a);
	commit(p->s);
	assert_int_equal(query(p->path, "SELECT count(*) FROM attempts WHERE "
					"status = 'dialing' AND decision LIKE "
					"'%allow%' AND call = 10"),
			 1);

	begin(p->s);
	assert_int_equal(try_intent(p->s, 11, c, a, 1, &dnc),
			 SIPDIALER_ESTATE);
	assert_int_equal(try_intent(p->s, 11, c, 999, 1, &dnc),
			 SIPDIALER_ENOENT);
	assert_int_equal(try_intent(p->s, 11, c + 1, b, 1, &dnc),
			 SIPDIALER_ENOENT);
	/* a call id used before changes nothing */
	assert_int_equal(try_intent(p->s, 10, c, b, 1, &dnc),
			 SIPDIALER_EINVAL);
	assert_string_equal(due(p->s, c, 0, 9), "+2");
	assert_int_equal(try_result(p->s, 10, c, a,
				    SIPDIALER_CONTACT_COMPLETED, 0),
			 0);
	assert_int_equal(try_result(p->s, 10, c, a,
				    SIPDIALER_CONTACT_COMPLETED, 0),
			 SIPDIALER_EINVAL);
	assert_int_equal(sipd_store_last_call(p->s, &last), 0);
	assert_int_equal(last, 10);
	n = get_counts(p->s, c);
	commit(p->s);

	assert_int_equal(n.total, 2);
	assert_int_equal(n.pending, 1);
	assert_int_equal(n.completed, 1);
	assert_int_equal(n.in_progress, 0);
	assert_int_equal(n.attempts, 1);
	assert_int_equal(n.by_disposition[SIPDIALER_DISPOSITION_ANSWERED], 1);
	assert_int_equal(query(p->path, "SELECT count(*) FROM attempts WHERE "
					"status = 'ended'"),
			 1);
	check_good(p->path);
}


static void test_result_without_campaign_is_a_call_only(void **arg)
{
	struct place *p = *arg;
	struct sipd_result r = {.call = 5,
				.direction = 1,
				.number = "+1",
				.disposition = SIPDIALER_DISPOSITION_FAX,
				.mos = 4.5};
	uint64_t last;

	open_store(p);
	begin(p->s);
	assert_int_equal(sipd_store_result(p->s, &r), 0);
	r.call = 6;
	r.disposition = 16;
	assert_int_equal(sipd_store_result(p->s, &r), SIPDIALER_EINVAL);
	r.disposition = -1;
	assert_int_equal(sipd_store_result(p->s, &r), SIPDIALER_EINVAL);
	assert_int_equal(sipd_store_last_call(p->s, &last), 0);
	assert_int_equal(last, 5);
	commit(p->s);
	assert_int_equal(query(p->path,
			       "SELECT count(*) FROM calls WHERE "
			       "campaign IS NULL AND direction = 'in' "
			       "AND disposition = 'fax' AND mos = 4.5"),
			 1);
	check_good(p->path);
}


static void test_cancelled_campaign_is_not_revived(void **arg)
{
	bool more;
	struct place *p = *arg;
	struct sipd_campaign_counts n;
	uint64_t c, ids[4], revived;

	open_store(p);
	begin(p->s);
	c = new_campaign(p->s);
	for (int i = 0; i < 4; i++) {
		char number[8];

		(void)snprintf(number, sizeof(number), "+%d", i + 1);
		ids[i] = add_contact(p->s, c, number, 0);
	}
	do_intent(p->s, 1, c, ids[0]);
	do_intent(p->s, 2, c, ids[1]);
	assert_int_equal(try_result(p->s, 2, c, ids[1],
				    SIPDIALER_CONTACT_PENDING, 7000),
			 0);
	do_intent(p->s, 3, c, ids[2]);
	assert_int_equal(sipd_store_campaign_set(p->s, c,
						 SIPDIALER_CAMPAIGN_DRAFT,
						 SIPDIALER_CAMPAIGN_CANCELLED,
						 &more),
			 0);
	n = get_counts(p->s, c);
	assert_int_equal(n.skipped, 2); /* one ready, one waiting */
	assert_int_equal(n.in_progress, 2);

	assert_int_equal(try_result(p->s, 1, c, ids[0],
				    SIPDIALER_CONTACT_PENDING, 9000),
			 0);
	assert_string_equal(due(p->s, c, INT64_MAX, 64), "");
	n = get_counts(p->s, c);
	assert_int_equal(n.skipped, 3);
	assert_int_equal(n.pending, 0);
	commit(p->s);

	reopen_store(p); /* call 3 was left: interrupted */
	assert_int_equal(sipd_store_interrupted(p->s), 1);
	assert_int_equal(sipd_store_retry_interrupted(p->s, &revived), 0);
	assert_int_equal(revived, 0);
	check_good(p->path);
}


static void test_rollback_leaves_nothing(void **arg)
{
	struct place *p = *arg;
	uint64_t c, id;

	open_store(p);
	begin(p->s);
	c = new_campaign(p->s);
	id = add_contact(p->s, c, "+1", 0);
	commit(p->s);

	begin(p->s);
	do_intent(p->s, 1, c, id);
	(void)add_contact(p->s, c, "+2", 0);
	sipd_store_rollback(p->s);
	begin(p->s);
	assert_string_equal(due(p->s, c, 0, 9), "+1");
	assert_int_equal(get_counts(p->s, c).total, 1);
	assert_int_equal(get_counts(p->s, c).attempts, 0);
	commit(p->s);
	check_good(p->path);
}


static void test_more_campaigns_than_deltas_count_right(void **arg)
{
	struct place *p = *arg;
	uint64_t ids[40];

	open_store(p);
	begin(p->s);
	for (int i = 0; i < 40; i++)
		ids[i] = new_campaign(p->s);
	for (int k = 0; k < 3; k++) {
		for (int i = 0; i < 40; i++) {
			char number[8];

			(void)snprintf(number, sizeof(number), "+%d", k + 1);
			(void)add_contact(p->s, ids[i], number, 0);
		}
	}
	commit(p->s);
	begin(p->s);
	for (int i = 0; i < 40; i++)
		assert_int_equal(get_counts(p->s, ids[i]).pending, 3);
	commit(p->s);
	check_good(p->path);
}


static void test_data_version_tells_other_writers(void **arg)
{
	struct place *p = *arg;
	uint64_t a, b, c;

	open_store(p);
	assert_int_equal(sipd_store_data_version(p->s, &a), 0);
	begin(p->s);
	(void)new_campaign(p->s);
	commit(p->s);
	assert_int_equal(sipd_store_data_version(p->s, &b), 0);
	assert_int_equal(a, b); /* our own do not count */
	execute(p->path, "UPDATE campaigns SET name = 'other'");
	assert_int_equal(sipd_store_data_version(p->s, &c), 0);
	assert_true(b != c);
}


/* Status words: ERR-001 and ERR-003 of the original. */
static void words_match(const char *path, const char *table,
			const char *column, const struct sipd_words *words)
{
	char sql[512], list[2048] = "";

	for (size_t i = 0; i < words->count; i++)
		(void)snprintf(list + strlen(list),
			       sizeof(list) - strlen(list), "%s%s = '%s'",
			       i ? " OR " : "", column, words->names[i]);
	(void)snprintf(sql, sizeof(sql),
		       "SELECT instr(sql, 'CHECK (' || ? "
		       "|| ')') > 0 FROM sqlite_schema WHERE name = '%s'",
		       table);

	sqlite3 *db;
	sqlite3_stmt *st;

	assert_int_equal(sqlite3_open(path, &db), 0);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), 0);
	assert_int_equal(sqlite3_bind_text(st, 1, list, -1, NULL), 0);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(st, 0), 1);
	(void)sqlite3_finalize(st);

	/* and the schema refuses all others */
	(void)snprintf(sql, sizeof(sql), "UPDATE %s SET %s = 'nonsense'",
		       table, column);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL),
			 SQLITE_CONSTRAINT);
	(void)snprintf(sql, sizeof(sql), "UPDATE %s SET %s = 1", table,
		       column);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL),
			 SQLITE_CONSTRAINT);
	(void)sqlite3_close(db);
}


static void test_schema_words_are_those_of_base(void **arg)
{
	struct place *p = *arg;
	uint64_t c, id;

	open_store(p);
	begin(p->s);
	c = new_campaign(p->s);
	id = add_contact(p->s, c, "+1", 0);
	do_intent(p->s, 1, c, id);
	assert_int_equal(try_result(p->s, 1, c, id, SIPDIALER_CONTACT_FAILED,
				    0),
			 0);
	commit(p->s);
	words_match(p->path, "campaigns", "status", &sipd_words_campaign);
	words_match(p->path, "contacts", "status", &sipd_words_contact);
	words_match(p->path, "calls", "disposition", &sipd_words_disposition);
	words_match(p->path, "calls", "amd", &sipd_words_amd);

	/* the counters and deltas have a place for each word */
	assert_true(sipd_words_contact.count <=
		    sizeof(((struct sipd_delta *)0)->status) / 8);
	assert_true(sipd_words_disposition.count <=
		    sizeof(((struct sipd_delta *)0)->disposition) / 8);
	assert_true(
		sipd_words_disposition.count <=
		sizeof(((struct sipd_campaign_counts *)0)->by_disposition) /
			8);
}


static void plan_has(struct sipd_store *s, const char *sql, const char *index)
{
	char text[1024], plan[2048] = "";
	sqlite3_stmt *st;

	(void)snprintf(text, sizeof(text), "EXPLAIN QUERY PLAN %s", sql);
	assert_int_equal(sqlite3_prepare_v2(s->db, text, -1, &st, NULL), 0);
	while (sqlite3_step(st) == SQLITE_ROW)
		(void)snprintf(plan + strlen(plan),
			       sizeof(plan) - strlen(plan), "%s\n",
			       (const char *)sqlite3_column_text(st, 3));
	(void)sqlite3_finalize(st);
	if (!strstr(plan, index) || strstr(plan, "TEMP B-TREE") ||
	    strstr(plan, "SCAN c\n") || strstr(plan, "SCAN contacts\n"))
		fail_msg("%s", plan);
}


static void test_due_queries_use_their_index(void **arg)
{
	struct place *p = *arg;

	open_store(p);
	plan_has(p->s, SIPD_SQL_DUE,
		 "USING INDEX contacts_ready (campaign=?)");
	plan_has(p->s, SIPD_SQL_PROMOTE,
		 "INDEX contacts_waiting (campaign=? AND due_ms<?)");
}


/* Each text as number (first 31 bytes), name, custom, source ... */
static void injected(struct place *p, const char *text)
{
	struct sipd_contact_row row = {.status = 0}, got;
	struct sipd_campaign_row crow;
	struct sipd_result r = {.call = 0};
	char source[256];
	bool flag;
	size_t count;
	uint64_t id, last;

	(void)snprintf(row.number, sizeof(row.number), "%s", text);
	(void)snprintf(row.name, sizeof(row.name), "%s", text);
	row.custom = (char *)text;

	begin(p->s);
	assert_int_equal(sipd_store_campaign_new(p->s, "x", text,
						 &row.campaign),
			 0);
	assert_int_equal(sipd_store_campaign_get(p->s, row.campaign, false,
						 &crow),
			 0);
	assert_string_equal(crow.options, text);
	sipd_campaign_row_free(&crow);
	assert_int_equal(sipd_store_contact_add(p->s, &row, &flag, &id), 0);
	assert_int_equal(sipd_store_contact_due(p->s, row.campaign, 0, &got, 1,
						&count),
			 0);
	assert_int_equal(count, 1);
	assert_string_equal(got.number, row.number);
	assert_string_equal(got.name, row.name);
	assert_string_equal(got.custom, text);
	sipd_contact_row_free(&got);

	assert_int_equal(sipd_store_dnc_add(p->s, row.number, row.name, &flag),
			 0);
	assert_int_equal(sipd_store_dnc_check(p->s, row.number, &flag, source,
					      sizeof(source)),
			 0);
	assert_true(flag);
	assert_string_equal(source, row.name);
	assert_int_equal(sipd_store_dnc_remove(p->s, row.number, &flag), 0);
	assert_true(flag);

	assert_int_equal(sipd_store_last_call(p->s, &last), 0);
	r.call = last + 1;
	r.number = r.from = r.callid = r.reason = r.dtmf = text;
	assert_int_equal(sipd_store_result(p->s, &r), 0);
	commit(p->s);
}


static void test_injection_is_stored_byte_for_byte(void **arg)
{
	const char *data = getenv("SHARED_DATA");
	struct place *p = *arg;
	char name[512], text[8192];
	struct dirent *e;
	unsigned n = 0;
	DIR *d;

	open_store(p);
	injected(p, "'; DROP TABLE contacts; --");
	injected(p, "\"\\\xff\xfe%n%s\x01");

	(void)snprintf(name, sizeof(name), "%s/corpus/inj-sql",
		       data ? data : "");
	d = data ? opendir(name) : NULL;
	while (d && (e = readdir(d))) {
		size_t len;
		FILE *f;

		if (e->d_name[0] == '.')
			continue;
		(void)snprintf(name, sizeof(name), "%s/corpus/inj-sql/%s",
			       data, e->d_name);
		f = fopen(name, "rb");
		assert_non_null(f);
		len = fread(text, 1, sizeof(text) - 1, f);
		(void)fclose(f);
		text[len] = '\0';
		if (!text[0])
			continue;
		injected(p, text);
		++n;
	}
	if (d)
		(void)closedir(d);
	if (n)
		print_message("%u texts of the corpus\n", n);
	else
		print_message("corpus: skipped, SHARED_DATA is not there\n");

	assert_int_equal(query(p->path, "SELECT count(*) FROM contacts"),
			 n + 2);
	check_good(p->path);
}


/* An intent whose INVITE was never sent leaves no trace; a cancelled campaign
 * gets its contact back as skipped; a call that ended is not undone. */
static void test_intent_is_undone(void **arg)
{
	struct place *p = *arg;
	struct sipd_campaign_counts n;
	struct sipd_intent in = {.call = 10, .attempt = 1};
	uint64_t c, a;
	bool more;

	open_store(p);
	begin(p->s);
	c = new_campaign(p->s);
	a = add_contact(p->s, c, "+1", 0);
	do_intent(p->s, 10, c, a);
	commit(p->s);

	in.campaign = c;
	in.contact = a;
	begin(p->s);
	assert_int_equal(sipd_store_intent_undo(p->s, &in), 0);
	assert_int_equal(sipd_store_intent_undo(p->s, &in), 0);
	n = get_counts(p->s, c);
	assert_string_equal(due(p->s, c, 0, 9), "+1");
	commit(p->s);
	assert_int_equal(n.pending, 1);
	assert_int_equal(n.in_progress, 0);
	assert_int_equal(n.attempts, 0);
	assert_int_equal(query(p->path, "SELECT count(*) FROM attempts"), 0);
	assert_int_equal(query(p->path, "SELECT sum(attempts) FROM contacts"),
			 0);
	check_good(p->path);

	begin(p->s);
	do_intent(p->s, 11, c, a);
	assert_int_equal(sipd_store_campaign_set(p->s, c,
						 SIPDIALER_CAMPAIGN_DRAFT,
						 SIPDIALER_CAMPAIGN_CANCELLED,
						 &more),
			 0);
	in.call = 11;
	assert_int_equal(sipd_store_intent_undo(p->s, &in), 0);
	n = get_counts(p->s, c);
	commit(p->s);
	assert_int_equal(n.skipped, 1);
	assert_int_equal(n.attempts, 0);
	check_good(p->path);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)
		T(test_campaign_is_read_back),
		T(test_campaign_set_checks_the_present_status),
		T(test_contact_duplicate_is_told_and_not_added),
		T(test_due_orders_by_priority_due_and_id),
		T(test_due_gives_all_of_a_row),
		T(test_dnc_holds_at_import_due_and_intent),
		T(test_due_looks_behind_many_dnc_hits),
		T(test_intent_of_a_stale_row_is_refused),
		T(test_intent_and_result_make_one_story),
		T(test_intent_is_undone),
		T(test_result_without_campaign_is_a_call_only),
		T(test_cancelled_campaign_is_not_revived),
		T(test_rollback_leaves_nothing),
		T(test_more_campaigns_than_deltas_count_right),
		T(test_data_version_tells_other_writers),
		T(test_schema_words_are_those_of_base),
		T(test_due_queries_use_their_index),
		T(test_injection_is_stored_byte_for_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
