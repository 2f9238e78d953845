/**
 * @file port/store/campaign.c  Rows of campaigns
 *
 * @thread store
 */
#include "port/store/internal.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"


int sipd_store_campaign_new(struct sipd_store *s, const char *name,
			    const char *options, uint64_t *id)
{
	struct sipd_query q;
	int err;

	if (!name || !*name ||
	    strlen(name) >= sizeof(((struct sipd_campaign_row *)0)->name))
		return sipd_error(SIPDIALER_EINVAL,
				  "campaign name: 1 to 127 bytes are needed");

	sipd_query_open(
		&q, s, Q_CAMPAIGN_NEW,
		"INSERT INTO campaigns (name, status, options, created_ms, "
		"contacts_above) VALUES (?, ?, ?, ?, coalesce((SELECT seq "
		"FROM sqlite_sequence WHERE name = 'contacts'), 0))");
	sipd_query_text(&q, name);
	sipd_query_word(&q, &sipd_words_campaign, SIPDIALER_CAMPAIGN_DRAFT);
	sipd_query_text(&q, options ? options : "");
	sipd_query_int(&q, sipd_wall_ms());
	err = sipd_query_exec(&q, NULL);
	if (!err)
		*id = (uint64_t)sqlite3_last_insert_rowid(s->db);

	return err;
}


#define ROW "id, name, status, options, created_ms, started_ms, ended_ms"


static int row_read(struct sipd_query *q, struct sipd_campaign_row *row)
{
	const char *options;

	row->id = (uint64_t)sipd_column_int(q);
	(void)sipd_strcpy(row->name, sizeof(row->name), sipd_column_text(q));
	row->status = sipd_column_word(q, &sipd_words_campaign);
	options = sipd_column_text(q);
	row->options = sipd_strdup(options ? options : "");
	row->created_ms = sipd_column_int(q);
	row->started_ms = sipd_column_int(q);
	row->ended_ms = sipd_column_int(q);

	if (!row->options) {
		q->s->failed = true; /* tried again */
		return sipd_error(SIPDIALER_EIO,
				  "no memory for the options of campaign %llu",
				  (unsigned long long)row->id);
	}
	if (row->status < 0)
		return sipd_error(
			SIPDIALER_EFORMAT,
			"store %s: campaign %llu has no known status",
			q->s->path, (unsigned long long)row->id);

	return SIPDIALER_OK;
}


static int row_get(struct sipd_query *q, bool counts,
		   struct sipd_campaign_row *row)
{
	struct sipd_store *s = q->s;
	int err;

	memset(row, 0, sizeof(*row));
	err = sipd_query_row(q);
	if (!err)
		return sipd_error(SIPDIALER_ENOENT, "no such campaign");
	if (err < 0)
		return err;

	err = row_read(q, row);
	sipd_query_close(q);
	if (!err && counts)
		err = sipd_counts_read(s, row->id, &row->counts);
	if (err)
		sipd_campaign_row_free(row);

	return err;
}


int sipd_store_campaign_get(struct sipd_store *s, uint64_t id, bool counts,
			    struct sipd_campaign_row *row)
{
	struct sipd_query q;
	int err;

	sipd_query_open(&q, s, Q_CAMPAIGN_GET,
			"SELECT " ROW " FROM campaigns WHERE id = ?");
	sipd_query_int(&q, (int64_t)id);
	err = row_get(&q, counts, row);

	return err == SIPDIALER_ENOENT ? sipd_error(err, "no campaign %llu",
						    (unsigned long long)id)
				       : err;
}


int sipd_store_campaign_next(struct sipd_store *s, uint64_t after, bool counts,
			     struct sipd_campaign_row *row)
{
	struct sipd_query q;

	sipd_query_open(&q, s, Q_CAMPAIGN_NEXT,
			"SELECT " ROW
			" FROM campaigns WHERE id > ? ORDER BY id LIMIT 1");
	sipd_query_int(&q, (int64_t)after);

	return row_get(&q, counts, row);
}


void sipd_campaign_row_free(struct sipd_campaign_row *row)
{
	free(row->options);
	row->options = NULL;
}


int sipd_store_running(struct sipd_store *s, bool *running)
{
	struct sipd_query q;
	int err;

	sipd_query_open(&q, s, Q_CAMPAIGN_RUNNING,
			"SELECT EXISTS (SELECT 1 FROM campaigns WHERE status "
			"= 'running')");
	err = sipd_query_row(&q);
	*running = err == 1 && sipd_column_int(&q);
	sipd_query_close(&q);

	return err < 0 ? err : SIPDIALER_OK;
}


static int campaign_missing(struct sipd_store *s, uint64_t id)
{
	struct sipd_campaign_row row;
	const int err = sipd_store_campaign_get(s, id, false, &row);

	if (err)
		return err;

	sipd_campaign_row_free(&row);

	return sipd_error(SIPDIALER_ESTATE, "campaign %llu is %s",
			  (unsigned long long)id,
			  sipd_word(&sipd_words_campaign, row.status));
}


static int skip_pending(struct sipd_store *s, uint64_t id, int ready,
			uint64_t *n)
{
	struct sipd_query q;
	int err;

	sipd_query_open(
		&q, s, ready ? Q_SKIP_READY : Q_SKIP_WAITING,
		ready ? "UPDATE contacts SET status = 'skipped', ready = 0 "
			"WHERE id IN (SELECT id FROM contacts WHERE campaign "
			"= ? AND status = 'pending' AND ready = 1 LIMIT ?)"
		      : "UPDATE contacts SET status = 'skipped', ready = 0 "
			"WHERE id IN (SELECT id FROM contacts WHERE campaign "
			"= ? AND status = 'pending' AND ready = 0 LIMIT ?)");
	sipd_query_int(&q, (int64_t)id);
	sipd_query_int(&q, SIPD_STORE_SLICE);
	err = sipd_query_exec(&q, n);
	if (!err && *n)
		err = sipd_counts_contact(s, id, SIPDIALER_CONTACT_PENDING,
					  SIPDIALER_CONTACT_SKIPPED,
					  (int64_t)*n);

	return err;
}


int sipd_store_campaign_skip(struct sipd_store *s, uint64_t id, bool *more)
{
	uint64_t ready = 0, waiting = 0;
	int err = skip_pending(s, id, 1, &ready);

	if (!err && ready < SIPD_STORE_SLICE)
		err = skip_pending(s, id, 0, &waiting);
	*more = ready == SIPD_STORE_SLICE || waiting == SIPD_STORE_SLICE;

	return err;
}


int sipd_store_campaign_set(struct sipd_store *s, uint64_t id, int from,
			    int to, bool *more)
{
	const int64_t now = sipd_wall_ms();
	struct sipd_query q;
	uint64_t changes;
	int err;

	*more = false;
	sipd_query_open(
		&q, s, Q_CAMPAIGN_SET,
		"UPDATE campaigns SET status = ?1, started_ms = CASE WHEN ?1 "
		"= 'running' AND started_ms = 0 THEN ?2 ELSE started_ms END, "
		"ended_ms = CASE WHEN ?1 IN ('completed', 'cancelled') THEN "
		"?2 ELSE 0 END WHERE id = ?3 AND status = ?4");
	sipd_query_word(&q, &sipd_words_campaign, to);
	sipd_query_int(&q, now);
	sipd_query_int(&q, (int64_t)id);
	sipd_query_word(&q, &sipd_words_campaign, from);
	err = sipd_query_exec(&q, &changes);
	if (err)
		return err;
	if (!changes)
		return campaign_missing(s, id);
	if (to != SIPDIALER_CAMPAIGN_CANCELLED)
		return SIPDIALER_OK;

	return sipd_store_campaign_skip(s, id, more);
}


int sipd_store_data_version(struct sipd_store *s, uint64_t *version)
{
	struct sipd_query q;
	int err;

	sipd_query_open(&q, s, Q_DATA_VERSION, "PRAGMA data_version");
	err = sipd_query_row(&q);
	if (err == 1) {
		*version = (uint64_t)sipd_column_int(&q);
		sipd_query_close(&q);
		err = 0;
	}

	return err;
}
