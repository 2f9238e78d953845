/**
 * @file port/store/contact.c  Contacts: who is due, DNC
 *
 * @thread store
 */
#include "port/store/internal.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"

enum {
	PROMOTE = 256, /* contacts that become ready in one call */
	DNC_HITS = 256 /* marked in one go */
};


static bool number_fits(const char *number)
{
	return number && *number &&
	       strlen(number) < sizeof(((struct sipd_contact_row *)0)->number);
}


void sipd_contact_row_free(struct sipd_contact_row *row)
{
	free(row->custom);
	row->custom = NULL;
}


/* ---- due --------------------------------------------------------------- */

/* A bounded number a call, so that the time of one call is bounded too. */
static int promote(struct sipd_store *s, uint64_t campaign, int64_t now_ms)
{
	struct sipd_query q;

	sipd_query_open(&q, s, Q_PROMOTE, SIPD_SQL_PROMOTE);
	sipd_query_int(&q, (int64_t)campaign);
	sipd_query_int(&q, now_ms);
	sipd_query_int(&q, PROMOTE);

	return sipd_query_exec(&q, NULL);
}


int sipd_contact_dnc(struct sipd_store *s, uint64_t campaign, uint64_t contact)
{
	struct sipd_query q;
	uint64_t changes;
	int err;

	sipd_query_open(&q, s, Q_CONTACT_DNC,
			"UPDATE contacts SET status = 'dnc', ready = 0 WHERE "
			"id = ? AND status = 'pending'");
	sipd_query_int(&q, (int64_t)contact);
	err = sipd_query_exec(&q, &changes);
	if (!err && changes)
		err = sipd_counts_contact(s, campaign,
					  SIPDIALER_CONTACT_PENDING,
					  SIPDIALER_CONTACT_DNC, 1);

	return err;
}


static int due_row(struct sipd_query *q, uint64_t campaign,
		   struct sipd_contact_row *row)
{
	const char *custom;

	memset(row, 0, sizeof(*row));
	row->id = (uint64_t)sipd_column_int(q);
	row->campaign = campaign;
	row->status = SIPDIALER_CONTACT_PENDING;
	(void)sipd_strcpy(row->number, sizeof(row->number),
			  sipd_column_text(q));
	(void)sipd_strcpy(row->name, sizeof(row->name), sipd_column_text(q));
	custom = sipd_column_text(q);
	row->custom = sipd_strdup(custom);
	row->priority = (int32_t)sipd_column_int(q);
	row->attempts = (uint32_t)sipd_column_int(q);

	return custom && !row->custom ? sipd_error(SIPDIALER_ENOMEM,
						   "no memory for a contact")
				      : 0;
}


static void rows_free(struct sipd_contact_row *rows, size_t *count)
{
	while (*count)
		sipd_contact_row_free(&rows[--*count]);
}


struct due {
	uint64_t campaign;
	struct sipd_contact_row *rows;
	size_t max, count;
	uint64_t dnc[DNC_HITS]; /* ids met on the way */
	size_t dnc_count;
};


static int due_read(struct sipd_store *s, struct due *d)
{
	struct sipd_query q;
	int err = 0;

	sipd_query_open(&q, s, Q_DUE, SIPD_SQL_DUE);
	sipd_query_int(&q, (int64_t)d->campaign);
	while (d->count < d->max && d->dnc_count < DNC_HITS) {
		err = sipd_query_row(&q);
		if (err <= 0)
			break;

		err = 0;
		if (sipd_column_int(&q)) {
			d->dnc[d->dnc_count++] = (uint64_t)sipd_column_int(&q);
			continue;
		}
		err = due_row(&q, d->campaign, &d->rows[d->count++]);
		if (err)
			break;
	}
	sipd_query_close(&q);

	for (size_t i = 0; !err && i < d->dnc_count; i++)
		err = sipd_contact_dnc(s, d->campaign, d->dnc[i]);

	return err;
}


int sipd_store_contact_due(struct sipd_store *s, uint64_t campaign,
			   int64_t now_ms, struct sipd_contact_row *rows,
			   size_t max, size_t *count)
{
	struct due d = {.campaign = campaign, .rows = rows, .max = max};
	bool again;
	int err;

	*count = 0;
	err = promote(s, campaign, now_ms);
	if (err || !max)
		return err;

	do {
		d.dnc_count = 0;
		err = due_read(s, &d);
		/* nobody found behind so many hits: look further */
		again = !err && !d.count && d.dnc_count == DNC_HITS;
	} while (again);

	if (err)
		rows_free(rows, &d.count);
	*count = d.count;

	return err;
}


/* ---- DNC --------------------------------------------------------------- */

int sipd_store_dnc_add(struct sipd_store *s, const char *number,
		       const char *source, bool *added)
{
	struct sipd_query q;
	uint64_t changes;
	int err;

	if (!number_fits(number))
		return sipd_error(SIPDIALER_EINVAL,
				  "DNC number: 1 to 31 bytes are needed");

	sipd_query_open(&q, s, Q_DNC_ADD,
			"INSERT INTO dnc (number, source, added_ms) VALUES "
			"(?, ?, ?) ON CONFLICT DO NOTHING");
	sipd_query_text(&q, number);
	sipd_query_text(&q, source ? source : "");
	sipd_query_int(&q, sipd_wall_ms());
	err = sipd_query_exec(&q, &changes);
	if (added)
		*added = !err && changes;

	return err;
}


int sipd_store_dnc_remove(struct sipd_store *s, const char *number,
			  bool *removed)
{
	struct sipd_query q;
	uint64_t changes;
	int err;

	sipd_query_open(&q, s, Q_DNC_REMOVE,
			"DELETE FROM dnc WHERE number = ?");
	sipd_query_text(&q, number);
	err = sipd_query_exec(&q, &changes);
	if (removed)
		*removed = !err && changes;

	return err;
}


int sipd_store_custom_check(struct sipd_store *s, const char *custom)
{
	struct sipd_query q;
	bool object = false;
	int err;

	sipd_query_open(&q, s, Q_CUSTOM,
			"WITH t(x) AS (VALUES (?)) SELECT CASE WHEN "
			"json_valid(x) THEN json_type(x) = 'object' ELSE 0 "
			"END FROM t");
	sipd_query_text(&q, custom);
	err = sipd_query_row(&q);
	if (err == 1) {
		object = sipd_column_int(&q);
		err = 0;
	}
	sipd_query_close(&q);
	if (!err && !object)
		err = sipd_error(SIPDIALER_EINVAL,
				 "custom fields: not a JSON object");

	return err;
}


int sipd_store_dnc_check(struct sipd_store *s, const char *number,
			 bool *listed, char *source, size_t size)
{
	struct sipd_query q;
	int err;

	*listed = false;
	if (size)
		source[0] = '\0';
	sipd_query_open(&q, s, Q_DNC_CHECK,
			"SELECT source FROM dnc WHERE number = ?");
	sipd_query_text(&q, number);
	err = sipd_query_row(&q);
	if (err == 1) {
		*listed = true;
		if (size)
			(void)sipd_strcpy(source, size, sipd_column_text(&q));
		err = 0;
	}
	sipd_query_close(&q);

	return err;
}
