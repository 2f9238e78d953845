/**
 * @file port/store/add.c  New contacts, one or very many
 *
 * Numbers of a list come in no order, and an index of millions does not like
 * that.  So the numbers of a batch go into their table sorted, and into the
 * table of contacts in the order of the file: ids are given beforehand.
 *
 * @thread store
 */
#include "port/store/internal.h"

#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/text.h"

enum {
	GROUP = 20,   /* rows of one statement */
	KEY_WORDS = 2 /* of 8 bytes: numbers of E.164 fit */
};

/* The place of a number in the order of its bytes; found without looking at
 * the number itself, which is far away in memory. */
struct key {
	uint64_t words[KEY_WORDS];
	struct sipd_contact_new *row;
};

struct adding {
	struct sipd_store *s;
	uint64_t campaign, base; /* the first row is contact base + 1 */
	struct sipd_contact_new *rows;
	struct key *keys;
	size_t count;
};


static int row_check(const struct sipd_contact_new *row)
{
	if (!row->number || !*row->number ||
	    strlen(row->number) >=
		    sizeof(((struct sipd_contact_row *)0)->number))
		return sipd_error(SIPDIALER_EINVAL,
				  "contact number: 1 to 31 bytes are needed");
	if (row->status != SIPDIALER_CONTACT_PENDING &&
	    row->status != SIPDIALER_CONTACT_SKIPPED &&
	    row->status != SIPDIALER_CONTACT_DNC)
		return sipd_error(SIPDIALER_EINVAL,
				  "a new contact cannot be %s",
				  sipd_word(&sipd_words_contact, row->status));

	return SIPDIALER_OK;
}


static uint64_t id_of(const struct adding *a,
		      const struct sipd_contact_new *row)
{
	return a->base + 1 + (uint64_t)(row - a->rows);
}


/* "<head> (?, ...), (?, ...) <tail>", prepared once */
static void group_open(struct sipd_query *q, struct sipd_store *s,
		       enum sipd_query_id id, const char *const parts[3],
		       size_t rows)
{
	char sql[2048] = "";
	struct sipd_text t;

	sipd_text_init(&t, sql, sizeof(sql));
	sipd_text_add(&t, parts[0]);
	for (size_t i = 0; i < rows && !s->queries[id]; i++)
		sipd_text_printf(&t, "%s%s", i ? ", " : "", parts[1]);
	sipd_text_add(&t, parts[2]);
	sipd_query_open(q, s, id, sql);
}


/* ---- in the order of the numbers --------------------------------------- */

static int key_compare(const void *a, const void *b)
{
	const struct key *x = a, *y = b;
	int c;

	for (size_t i = 0; i < KEY_WORDS; i++)
		if (x->words[i] != y->words[i])
			return x->words[i] < y->words[i] ? -1 : 1;

	c = strcmp(x->row->number, y->row->number);
	if (c)
		return c;

	/* of two the same the first in the file counts */
	return x->row < y->row ? -1 : x->row > y->row;
}


static int keys_make(struct adding *a)
{
	a->keys = malloc(a->count * sizeof(*a->keys));
	if (!a->keys)
		return sipd_error(SIPDIALER_ENOMEM,
				  "no memory to sort %zu contacts", a->count);

	for (size_t i = 0; i < a->count; i++) {
		const unsigned char *s =
			(const unsigned char *)a->rows[i].number;
		struct key *key = &a->keys[i];

		memset(key->words, 0, sizeof(key->words));
		key->row = &a->rows[i];
		for (size_t k = 0; k < 8 * KEY_WORDS && s[k]; k++)
			key->words[k / 8] |= (uint64_t)s[k]
					     << (56 - k % 8 * 8);
	}
	qsort(a->keys, a->count, sizeof(*a->keys), key_compare);

	return SIPDIALER_OK;
}


static int number_holder(struct adding *a, const char *number, uint64_t *id)
{
	struct sipd_query q;
	int err;

	sipd_query_open(&q, a->s, Q_NUMBER_GET,
			"SELECT contact FROM numbers WHERE campaign = ? AND "
			"number = ?");
	sipd_query_int(&q, (int64_t)a->campaign);
	sipd_query_text(&q, number);
	err = sipd_query_row(&q);
	if (err == 1) {
		*id = (uint64_t)sipd_column_int(&q);
		sipd_query_close(&q);
		err = 0;
	}

	return err;
}


static int numbers_group(struct adding *a, const struct key *keys, size_t n)
{
	static const char *const parts[3] = {
		"INSERT INTO numbers (campaign, number, contact) VALUES ",
		"(?, ?, ?)",
		" ON CONFLICT (campaign, number) DO NOTHING",
	};
	struct sipd_query q;
	uint64_t changes;
	int err;

	group_open(&q, a->s, n == 1 ? Q_NUMBER_ADD : Q_NUMBER_ADD_GROUP, parts,
		   n);
	for (size_t i = 0; i < n; i++) {
		sipd_query_int(&q, (int64_t)a->campaign);
		sipd_query_text(&q, keys[i].row->number);
		sipd_query_int(&q, (int64_t)id_of(a, keys[i].row));
	}
	err = sipd_query_exec(&q, &changes);

	/* some were there already: which? */
	for (size_t i = 0; !err && changes < n && i < n; i++) {
		uint64_t id = 0;

		err = number_holder(a, keys[i].row->number, &id);
		keys[i].row->duplicate = id != id_of(a, keys[i].row);
	}

	return err;
}


/* The first number not to call from `number` on; "" none. */
static int dnc_from(struct adding *a, const char *number, char *next,
		    size_t size)
{
	struct sipd_query q;
	int err;

	sipd_query_open(&q, a->s, Q_DNC_FROM,
			"SELECT number FROM dnc WHERE number >= ? ORDER BY "
			"number LIMIT 1");
	sipd_query_text(&q, number);
	err = sipd_query_row(&q);
	*next = '\0';
	if (err == 1) {
		(void)sipd_strcpy(next, size, sipd_column_text(&q));
		err = 0;
	}
	sipd_query_close(&q);

	return err;
}


/* Two sorted lists: one question for each hit or gap, not for each row. */
static int dnc_mark(struct adding *a)
{
	char next[64]; /* longer than any number of a contact */
	int err = dnc_from(a, "", next, sizeof(next));

	for (size_t i = 0; !err && *next && i < a->count; i++) {
		struct sipd_contact_new *row = a->keys[i].row;
		int c = strcmp(row->number, next);

		if (c > 0) {
			err = dnc_from(a, row->number, next, sizeof(next));
			c = err ? -1 : strcmp(row->number, next);
		}
		if (!c)
			row->status = SIPDIALER_CONTACT_DNC;
	}

	return err;
}


/* ---- in the order of the file ------------------------------------------ */

static int contacts_group(struct adding *a,
			  struct sipd_contact_new *const *rows, size_t n)
{
	static const char *const parts[3] = {
		"INSERT INTO contacts (id, campaign, number, name, custom, "
		"priority, status, ready, due_ms, attempts) VALUES ",
		"(?, ?, ?, ?, ?, ?, ?, ?, 0, 0)",
		"",
	};
	struct sipd_query q;

	group_open(&q, a->s, n == 1 ? Q_CONTACT_ADD : Q_CONTACT_ADD_GROUP,
		   parts, n);
	for (size_t i = 0; i < n; i++) {
		const struct sipd_contact_new *row = rows[i];

		sipd_query_int(&q, (int64_t)id_of(a, row));
		sipd_query_int(&q, (int64_t)a->campaign);
		sipd_query_text(&q, row->number);
		sipd_query_text(&q, row->name ? row->name : "");
		sipd_query_text(&q, row->custom);
		sipd_query_int(&q, row->priority);
		sipd_query_word(&q, &sipd_words_contact, row->status);
		sipd_query_int(&q, row->status == SIPDIALER_CONTACT_PENDING);
	}

	return sipd_query_exec(&q, NULL);
}


static int contacts_write(struct adding *a)
{
	struct sipd_contact_new *group[GROUP];
	int64_t counts[8] = {0};
	size_t n = 0;
	int err = 0;

	for (size_t i = 0; !err && i < a->count; i++) {
		if (a->rows[i].duplicate)
			continue;
		++counts[a->rows[i].status];
		group[n++] = &a->rows[i];
		if (n == GROUP) {
			err = contacts_group(a, group, n);
			n = 0;
		}
	}
	for (size_t i = 0; !err && i < n; i++)
		err = contacts_group(a, &group[i], 1);
	for (size_t i = 0; !err && i < sipd_words_contact.count; i++)
		if (counts[i])
			err = sipd_counts_contact(a->s, a->campaign, -1,
						  (int)i, counts[i]);

	return err;
}


static int last_contact(struct sipd_store *s, uint64_t *id)
{
	struct sipd_query q;
	int err;

	sipd_query_open(
		&q, s, Q_CONTACT_LAST,
		"SELECT seq FROM sqlite_sequence WHERE name = 'contacts'");
	err = sipd_query_row(&q);
	*id = err == 1 ? (uint64_t)sipd_column_int(&q) : 0;
	sipd_query_close(&q);

	return err < 0 ? err : 0;
}


static int add_all(struct adding *a)
{
	int err = keys_make(a);
	size_t i = 0;

	if (!err)
		err = dnc_mark(a);
	for (; !err && a->count - i >= GROUP; i += GROUP)
		err = numbers_group(a, &a->keys[i], GROUP);
	for (; !err && i < a->count; i++)
		err = numbers_group(a, &a->keys[i], 1);

	return err ? err : contacts_write(a);
}


int sipd_store_contacts_add(struct sipd_store *s, uint64_t campaign,
			    struct sipd_contact_new *rows, size_t count)
{
	struct adding a = {
		.s = s,
		.campaign = campaign,
		.rows = rows,
		.count = count,
	};
	struct sipd_campaign_row row;
	int err = 0;

	/* all that a constraint may refuse, so that nothing is half done */
	for (size_t i = 0; !err && i < count; i++) {
		rows[i].duplicate = false;
		err = row_check(&rows[i]);
	}
	if (!err)
		err = sipd_store_campaign_get(s, campaign, false, &row);
	if (err)
		return err;
	sipd_campaign_row_free(&row);

	err = last_contact(s, &a.base);
	if (!err && count)
		err = add_all(&a);
	free(a.keys);

	return err;
}


int sipd_store_contact_add(struct sipd_store *s,
			   const struct sipd_contact_row *c, bool *duplicate,
			   uint64_t *id)
{
	struct sipd_contact_new row = {
		.number = c->number,
		.name = c->name,
		.custom = c->custom,
		.priority = c->priority,
		.status = c->status,
	};
	const int err = sipd_store_contacts_add(s, c->campaign, &row, 1);

	*duplicate = !err && row.duplicate;
	if (!err && !row.duplicate && id)
		*id = (uint64_t)sqlite3_last_insert_rowid(s->db);

	return err;
}
