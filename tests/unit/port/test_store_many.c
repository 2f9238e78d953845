/**
 * @file test_store_many.c  Contacts by the batch, and what is done in slices
 */
#include "store_help.h"


struct batch {
	struct sipd_contact_new rows[100];
	char numbers[100][32], name[100][8];
};


static void fill_rows(struct batch *b)
{
	for (int i = 0; i < 100; i++) {
		/* 0 to 96 in no order, each once, then some again; long ones
		 * differ behind what the sort looks at first */
		(void)snprintf(b->numbers[i], sizeof(b->numbers[i]),
			       "+49300%02d%s", i * 37 % 97,
			       i == 5 || i == 9 ? "0123456789012345" : "");
		(void)snprintf(b->name[i], sizeof(b->name[i]), "n%d", i);
		b->rows[i] = (struct sipd_contact_new){
			.number = b->numbers[i],
			.name = b->name[i],
			.priority = i % 2,
			.duplicate = true,
			.custom = i % 3 ? NULL : "{}",
		};
	}
	strcpy(b->numbers[9], b->numbers[5]);
	strcpy(b->numbers[3], "+49300001234567890123x");
}


/* 100 rows: whole statements of rows and single ones; ids in the order of the
 * rows although the numbers are not; first come, first served. */
static void test_contacts_add_keeps_order_and_finds_duplicates(void **arg)
{
	struct place *p = *arg;
	struct batch batch;
	struct sipd_contact_new *rows = batch.rows;
	bool flag;
	uint64_t c;

	open_store(p);
	begin(p->s);
	(void)add_contact(p->s, new_campaign(p->s), "+4930000", 0);
	c = new_campaign(p->s);
	(void)add_contact(p->s, c, "+4930007", 0);
	assert_int_equal(sipd_store_dnc_add(p->s, "+4930000", "", &flag), 0);
	assert_int_equal(sipd_store_dnc_add(p->s, "+4930011", "", &flag), 0);
	assert_int_equal(sipd_store_dnc_add(p->s, "+4930011999", "", &flag),
			 0);
	assert_int_equal(sipd_store_dnc_add(p->s, "+49300001234567890123x", "",
					    &flag),
			 0);
	fill_rows(&batch);
	assert_int_equal(sipd_store_contacts_add(p->s, c, rows, 100), 0);
	for (int i = 0; i < 100; i++) {
		/* 7 was there; 97 to 99 are 0, 37, 74 again */
		const bool again = i * 37 % 97 == 7 || i == 9 || i >= 97;

		assert_int_equal(rows[i].duplicate, again);
	}
	commit(p->s);

	assert_int_equal(query(p->path, "SELECT count(*) FROM contacts WHERE "
					"campaign = 2"),
			 1 + 100 - 5);
	assert_int_equal(query(p->path,
			       "SELECT group_concat(number) = "
			       "'+4930000,+4930011,+49300001234567890123x' "
			       "FROM (SELECT number FROM contacts WHERE "
			       "campaign = 2 AND status = 'dnc' "
			       "ORDER BY length(number), number)"),
			 1);
	/* the id tells the place in the list */
	assert_int_equal(query(p->path,
			       "SELECT count(*) FROM contacts WHERE "
			       "campaign = 2 AND name LIKE 'n%' AND id <> 3 + "
			       "CAST(substr(name, 2) AS INTEGER)"),
			 0);
	assert_int_equal(query(p->path,
			       "SELECT count(*) FROM contacts WHERE "
			       "campaign = 2 AND custom = '{}' AND "
			       "CAST(substr(name, 2) AS INTEGER) % 3"),
			 0);

	begin(p->s);
	assert_int_equal(get_counts(p->s, c).dnc, 3);
	assert_int_equal(get_counts(p->s, c).total, 96);

	/* one bad row, or no campaign: none is taken */
	strcpy(batch.numbers[0], "+1");
	strcpy(batch.numbers[1], "+2");
	batch.numbers[50][0] = '\0';
	assert_int_equal(sipd_store_contacts_add(p->s, c, rows, 100),
			 SIPDIALER_EINVAL);
	assert_int_equal(sipd_store_contacts_add(p->s, 77, rows, 2),
			 SIPDIALER_ENOENT);
	assert_int_equal(get_counts(p->s, c).total, 96);
	assert_int_equal(sipd_store_contacts_add(p->s, c, rows, 0), 0);
	assert_int_equal(sipd_store_contacts_add(p->s, c, rows, 2), 0);
	assert_int_equal(get_counts(p->s, c).total, 98);
	commit(p->s);
	check_good(p->path);
}


enum { MANY = 2 * SIPD_STORE_SLICE + 10 };

static uint64_t add_many(struct sipd_store *s)
{
	struct sipd_contact_new *rows = calloc(MANY, sizeof(*rows));
	char(*numbers)[16] = calloc(MANY, sizeof(*numbers));
	const uint64_t c = new_campaign(s);

	assert_non_null(rows);
	assert_non_null(numbers);
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(numbers[i], sizeof(numbers[i]), "+%d", i + 1);
		rows[i].number = numbers[i];
	}
	assert_int_equal(sipd_store_contacts_add(s, c, rows, MANY), 0);
	free(rows);
	free(numbers);
	return c;
}


/* Between the slices, and after a process that ended there: nobody is
 * dialed, and nobody stays pending. */
static void test_long_cancel_is_sliced_and_finished_at_open(void **arg)
{
	struct place *p = *arg;
	uint64_t a, b;
	bool more = false, dnc;

	open_store(p);
	begin(p->s);
	a = add_many(p->s);
	b = add_many(p->s);
	assert_int_equal(sipd_store_campaign_set(p->s, a,
						 SIPDIALER_CAMPAIGN_DRAFT,
						 SIPDIALER_CAMPAIGN_CANCELLED,
						 &more),
			 0);
	assert_true(more);
	assert_int_equal(get_counts(p->s, a).skipped, SIPD_STORE_SLICE);
	commit(p->s);

	begin(p->s);
	assert_int_equal(query(p->path, "SELECT status = 'pending' FROM "
					"contacts WHERE id = 10000"),
			 1);
	assert_int_equal(try_intent(p->s, 1, a, 10000, 1, &dnc),
			 SIPDIALER_ESTATE);
	assert_false(dnc);
	assert_int_equal(sipd_store_campaign_skip(p->s, a, &more), 0);
	assert_true(more);
	assert_int_equal(sipd_store_campaign_skip(p->s, a, &more), 0);
	assert_false(more);
	assert_int_equal(get_counts(p->s, a).skipped, MANY);
	assert_int_equal(get_counts(p->s, b).pending, MANY);

	assert_int_equal(sipd_store_campaign_set(p->s, b,
						 SIPDIALER_CAMPAIGN_DRAFT,
						 SIPDIALER_CAMPAIGN_CANCELLED,
						 &more),
			 0);
	commit(p->s);
	reopen_store(p);
	begin(p->s);
	assert_int_equal(get_counts(p->s, b).skipped, MANY);
	assert_int_equal(get_counts(p->s, b).pending, 0);
	commit(p->s);
	check_good(p->path);
}


static void test_results_in_steps_leave_turns_for_others(void **arg)
{
	struct place *p = *arg;
	struct sipd_results *r;
	char name[128];
	uint64_t c, rows = 0;
	bool more, dnc;
	int steps = 1;

	open_store(p);
	begin(p->s);
	(void)add_contact(p->s, new_campaign(p->s), "+1", 0);
	c = add_many(p->s);
	commit(p->s);
	place_name(p, "r.csv", name, sizeof(name));
	assert_int_equal(sipd_store_results_open(&r, p->s, c, name), 0);
	assert_int_equal(sipd_store_results_step(r, &more), 0);
	assert_true(more);
	begin(p->s); /* a call in between */
	assert_int_equal(try_intent(p->s, 1, c, MANY, 1, &dnc), 0);
	commit(p->s);
	assert_int_not_equal(access(name, F_OK), 0);
	for (; more; steps++)
		assert_int_equal(sipd_store_results_step(r, &more), 0);
	assert_int_equal(steps, 3);
	assert_int_equal(sipd_store_results_close(r, 0, &rows), 0);
	assert_int_equal(rows, MANY);
	assert_int_equal(access(name, F_OK), 0);
	assert_int_equal(unlink(name), 0);

	/* given up: no file, and the reason stays */
	assert_int_equal(sipd_store_results_open(&r, p->s, c, name), 0);
	assert_int_equal(sipd_store_results_step(r, &more), 0);
	assert_int_equal(sipd_store_results_close(r, SIPDIALER_ECANCELLED,
						  NULL),
			 SIPDIALER_ECANCELLED);
	assert_int_not_equal(access(name, F_OK), 0);
	place_name(p, "r.csv.tmp", name, sizeof(name));
	assert_int_not_equal(access(name, F_OK), 0);
}


static void test_check_finds_numbers_that_do_not_fit(void **arg)
{
	static const char *const spoil[] = {
		"DELETE FROM numbers WHERE number = '+1'",
		"INSERT INTO numbers VALUES (1, '+9', 77)",
		"UPDATE contacts SET number = '+3' WHERE number = '+1'",
	};
	struct place *p = *arg;
	char buf[1024];
	uint64_t c;

	open_store(p);
	begin(p->s);
	c = new_campaign(p->s);
	(void)add_contact(p->s, c, "+1", 0);
	(void)add_contact(p->s, c, "+2", 0);
	commit(p->s);
	for (size_t i = 0; i < sizeof(spoil) / sizeof(spoil[0]); i++) {
		assert_int_equal(sqlite3_exec(p->s->db, spoil[i], NULL, NULL,
					      NULL),
				 0);
		assert_int_equal(sipd_store_check(p->path, false, buf,
						  sizeof(buf)),
				 SIPDIALER_EFORMAT);
		assert_non_null(strstr(buf, "numbers: "));
		assert_null(strstr(buf, "numbers: ok"));
		assert_int_equal(
			sqlite3_exec(
				p->s->db,
				"DELETE FROM numbers; UPDATE contacts SET "
				"number = '+' || id; INSERT INTO numbers "
				"SELECT "
				"campaign, number, id FROM contacts",
				NULL, NULL, NULL),
			0);
		check_good(p->path);
	}
}


int main(void)
{
#define T(name) \
	cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)
	const struct CMUnitTest tests[] = {
		T(test_contacts_add_keeps_order_and_finds_duplicates),
		T(test_long_cancel_is_sliced_and_finished_at_open),
		T(test_results_in_steps_leave_turns_for_others),
		T(test_check_finds_numbers_that_do_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
