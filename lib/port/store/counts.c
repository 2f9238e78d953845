/**
 * @file port/store/counts.c  Counters of campaigns, kept by differences
 *
 * So that the state of a campaign of ten million contacts is read in
 * microseconds.  sipd_store_check() counts anew and compares.
 *
 * @thread store
 */
#include "port/store/internal.h"

#include <string.h>
#include "base/error.h"


static int delta_of(struct sipd_store *s, uint64_t campaign,
		    struct sipd_delta **dp)
{
	struct sipd_delta *d = s->deltas;
	int err;

	for (size_t i = 0; i < s->delta_count; i++, d++) {
		if (d->campaign == campaign) {
			*dp = d;
			return 0;
		}
	}

	if (s->delta_count == SIPD_DELTAS) {
		err = sipd_counts_flush(s);
		if (err)
			return err;
	}

	d = &s->deltas[s->delta_count++];
	memset(d, 0, sizeof(*d));
	d->campaign = campaign;
	*dp = d;

	return 0;
}


int sipd_counts_contact(struct sipd_store *s, uint64_t campaign, int from,
			int to, int64_t n)
{
	struct sipd_delta *d;
	const int err = delta_of(s, campaign, &d);

	if (err)
		return err;

	if (from >= 0)
		d->status[from] -= n;
	if (to >= 0)
		d->status[to] += n;

	return 0;
}


int sipd_counts_disposition(struct sipd_store *s, uint64_t campaign,
			    int disposition, int64_t n)
{
	struct sipd_delta *d;
	const int err = delta_of(s, campaign, &d);

	if (!err)
		d->disposition[disposition] += n;

	return err;
}


int sipd_counts_attempts(struct sipd_store *s, uint64_t campaign, int64_t n)
{
	struct sipd_delta *d;
	const int err = delta_of(s, campaign, &d);

	if (!err)
		d->attempts += n;

	return err;
}


static int add(struct sipd_store *s, uint64_t campaign, const char *kind,
	       const char *word, int64_t n)
{
	struct sipd_query q;

	if (!n)
		return 0;

	sipd_query_open(
		&q, s, Q_COUNT_ADD,
		"INSERT INTO counts (campaign, kind, word, n) VALUES (?, ?, "
		"?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n");
	sipd_query_int(&q, (int64_t)campaign);
	sipd_query_text(&q, kind);
	sipd_query_text(&q, word);
	sipd_query_int(&q, n);

	return sipd_query_exec(&q, NULL);
}


static int delta_write(struct sipd_store *s, const struct sipd_delta *d)
{
	int err = add(s, d->campaign, "attempts", "", d->attempts);

	for (size_t i = 0; !err && i < sipd_words_contact.count; i++)
		err = add(s, d->campaign, "contact",
			  sipd_words_contact.names[i], d->status[i]);
	for (size_t i = 0; !err && i < sipd_words_disposition.count; i++)
		err = add(s, d->campaign, "disposition",
			  sipd_words_disposition.names[i], d->disposition[i]);

	return err;
}


int sipd_counts_flush(struct sipd_store *s)
{
	int err = 0;

	for (size_t i = 0; !err && i < s->delta_count; i++)
		err = delta_write(s, &s->deltas[i]);
	if (!err)
		s->delta_count = 0;

	return err;
}


static void count_one(struct sipd_campaign_counts *counts, const char *kind,
		      const char *word, uint64_t n)
{
	uint64_t *const states[] = {
		[SIPDIALER_CONTACT_PENDING] = &counts->pending,
		[SIPDIALER_CONTACT_IN_PROGRESS] = &counts->in_progress,
		[SIPDIALER_CONTACT_COMPLETED] = &counts->completed,
		[SIPDIALER_CONTACT_FAILED] = &counts->failed,
		[SIPDIALER_CONTACT_DNC] = &counts->dnc,
		[SIPDIALER_CONTACT_SKIPPED] = &counts->skipped,
		[SIPDIALER_CONTACT_INTERRUPTED] = &counts->interrupted,
	};

	if (!strcmp(kind, "attempts")) {
		counts->attempts = n;
	}
	else if (!strcmp(kind, "contact")) {
		const int i = sipd_word_number(&sipd_words_contact, word);

		if (i >= 0)
			*states[i] = n;
		counts->total += n;
	}
	else {
		const int i = sipd_word_number(&sipd_words_disposition, word);

		if (i >= 0 && i < 16)
			counts->by_disposition[i] = n;
	}
}


static int next_due(struct sipd_store *s, uint64_t campaign, int64_t *due_ms)
{
	struct sipd_query q;
	int err;

	*due_ms = -1;
	sipd_query_open(
		&q, s, Q_NEXT_DUE,
		"SELECT due_ms FROM contacts WHERE campaign = ? AND status = "
		"'pending' AND ready = 0 ORDER BY due_ms LIMIT 1");
	sipd_query_int(&q, (int64_t)campaign);
	err = sipd_query_row(&q);
	if (err == 1)
		*due_ms = sipd_column_int(&q);
	sipd_query_close(&q);

	return err < 0 ? err : 0;
}


int sipd_counts_read(struct sipd_store *s, uint64_t campaign,
		     struct sipd_campaign_counts *counts)
{
	struct sipd_query q;
	int err = sipd_counts_flush(s);

	memset(counts, 0, sizeof(*counts));
	if (err)
		return err;

	sipd_query_open(&q, s, Q_COUNTS,
			"SELECT kind, word, n FROM counts WHERE campaign = ?");
	sipd_query_int(&q, (int64_t)campaign);
	while ((err = sipd_query_row(&q)) > 0) {
		const char *kind = sipd_column_text(&q);
		const char *word = sipd_column_text(&q);
		const int64_t n = sipd_column_int(&q);

		if (kind && word)
			count_one(counts, kind, word, n < 0 ? 0 : (uint64_t)n);
	}

	return err ? err : next_due(s, campaign, &counts->next_due_ms);
}
