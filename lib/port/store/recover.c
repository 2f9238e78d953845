/**
 * @file port/store/recover.c  What a dead process left behind
 *
 * An attempt still `dialing` may have rung: its contact becomes interrupted
 * and is not dialed again by itself (at most once).
 *
 * @thread any for sipd_recover() (inside open), store for the rest
 */
#include "port/store/internal.h"

#include "base/clock.h"
#include "base/error.h"

#define DIALING "(SELECT contact FROM attempts WHERE status = 'dialing')"


/* Rows (campaign, n): n contacts go from one state to another. */
static int count_contacts(struct sipd_query *q, int from, int to)
{
	int err;

	while ((err = sipd_query_row(q)) > 0) {
		const uint64_t campaign = (uint64_t)sipd_column_int(q);
		const int64_t n = sipd_column_int(q);

		err = sipd_counts_contact(q->s, campaign, from, to, n);
		if (err) {
			sipd_query_close(q);
			return err;
		}
	}

	return err;
}


static int lost_calls(struct sipd_store *s)
{
	struct sipd_query q;
	int err;

	sipd_query_open(&q, s, Q_LOST_COUNT,
			"SELECT campaign, count(*) FROM attempts WHERE status "
			"= 'dialing' AND call NOT IN (SELECT id FROM calls) "
			"GROUP BY campaign");
	while ((err = sipd_query_row(&q)) > 0) {
		const uint64_t campaign = (uint64_t)sipd_column_int(&q);
		const int64_t n = sipd_column_int(&q);

		err = sipd_counts_disposition(
			s, campaign, SIPDIALER_DISPOSITION_INTERRUPTED, n);
		if (err) {
			sipd_query_close(&q);
			return err;
		}
	}
	if (err)
		return err;

	sipd_query_open(
		&q, s, Q_LOST_CALLS,
		"INSERT INTO calls (id, campaign, contact, attempt, "
		"direction, number, caller, callid, start_ms, ring_start_ms, "
		"answer_ms, end_ms, disposition, sip_status, q850, reason, "
		"codec, dtmf, recording, rtp_tx, rtp_rx, rtp_lost) SELECT "
		"call, campaign, contact, attempt, 'out', number, '', '', "
		"time_ms, 0, 0, ?, 'interrupted', 0, 0, 'the process ended "
		"during the call', '', '', '', 0, 0, 0 FROM attempts WHERE "
		"status = 'dialing' AND call NOT IN (SELECT id FROM calls)");
	sipd_query_int(&q, sipd_wall_ms());

	return sipd_query_exec(&q, NULL);
}


static int lost_contacts(struct sipd_store *s)
{
	struct sipd_query q;
	uint64_t n;
	int err;

	sipd_query_open(&q, s, Q_LOST_CONTACTS,
			"SELECT campaign, count(*) FROM contacts WHERE status "
			"= 'in_progress' AND id IN " DIALING
			" GROUP BY campaign");
	err = count_contacts(&q, SIPDIALER_CONTACT_IN_PROGRESS,
			     SIPDIALER_CONTACT_INTERRUPTED);
	if (err)
		return err;

	sipd_query_open(&q, s, Q_LOST_UPDATE,
			"UPDATE contacts SET status = 'interrupted', ready = "
			"0, last_call = (SELECT max(call) FROM attempts WHERE "
			"contact = contacts.id AND status = 'dialing') WHERE "
			"status = 'in_progress' AND id IN " DIALING);
	err = sipd_query_exec(&q, &n);
	if (err)
		return err;
	s->interrupted += n;

	sipd_query_open(&q, s, Q_LOST_ATTEMPTS,
			"UPDATE attempts SET status = 'interrupted' WHERE "
			"status = 'dialing'");

	return sipd_query_exec(&q, NULL);
}


/* in_progress without an open attempt: only by hands other than ours, so the
 * slow way through all contacts is taken only if the counters say so. */
static int strays(struct sipd_store *s)
{
	struct sipd_query q;
	uint64_t n;
	int err;

	sipd_query_open(&q, s, Q_STRAY_ANY,
			"SELECT 1 FROM counts WHERE kind = 'contact' AND word "
			"= 'in_progress' AND n > 0 LIMIT 1");
	err = sipd_query_row(&q);
	sipd_query_close(&q);
	if (err <= 0)
		return err;

	sipd_query_open(&q, s, Q_STRAY_COUNT,
			"SELECT campaign, count(*) FROM contacts WHERE status "
			"= 'in_progress' AND attempts = 0 GROUP BY 1");
	err = count_contacts(&q, SIPDIALER_CONTACT_IN_PROGRESS,
			     SIPDIALER_CONTACT_PENDING);
	if (err)
		return err;
	sipd_query_open(&q, s, Q_STRAY_TRIED,
			"SELECT campaign, count(*) FROM contacts WHERE status "
			"= 'in_progress' AND attempts > 0 GROUP BY 1");
	err = count_contacts(&q, SIPDIALER_CONTACT_IN_PROGRESS,
			     SIPDIALER_CONTACT_INTERRUPTED);
	if (err)
		return err;

	sipd_query_open(&q, s, Q_STRAY_CONTACTS,
			"UPDATE contacts SET ready = attempts = 0, status = "
			"CASE attempts WHEN 0 THEN 'pending' ELSE "
			"'interrupted' END WHERE status = 'in_progress'");
	err = sipd_query_exec(&q, &n);
	if (!err)
		s->interrupted += n;

	return err;
}


/* A cancel that its process did not bring to an end */
static int half_cancelled(struct sipd_store *s, uint64_t *campaign)
{
	struct sipd_query q;
	int err;

	sipd_query_open(&q, s, Q_HALF_CANCELLED,
			"SELECT n.campaign FROM counts AS n JOIN campaigns AS "
			"c ON c.id = n.campaign WHERE c.status = 'cancelled' "
			"AND n.kind = 'contact' AND n.word = 'pending' AND "
			"n.n > 0 AND n.campaign > ? ORDER BY 1 LIMIT 1");
	sipd_query_int(&q, (int64_t)*campaign);
	err = sipd_query_row(&q);
	*campaign = err == 1 ? (uint64_t)sipd_column_int(&q) : 0;
	sipd_query_close(&q);

	return err < 0 ? err : 0;
}


static int cancels(struct sipd_store *s)
{
	uint64_t campaign = 0;
	int err = half_cancelled(s, &campaign);

	while (!err && campaign) {
		bool more = true;

		while (!err && more)
			err = sipd_store_campaign_skip(s, campaign, &more);
		if (!err)
			err = half_cancelled(s, &campaign);
	}

	return err;
}


int sipd_recover(struct sipd_store *s)
{
	int err = sipd_store_begin(s);

	if (err)
		return err;

	err = lost_calls(s);
	if (!err)
		err = lost_contacts(s);
	if (!err)
		err = sipd_counts_flush(s);
	if (!err)
		err = strays(s);
	if (!err)
		err = sipd_counts_flush(s);
	if (!err)
		err = cancels(s);
	err = sipd_store_finish(s, err);
	if (err)
		s->interrupted = 0;

	return err;
}


static int revive(struct sipd_store *s, uint64_t *count)
{
	struct sipd_query q;
	int err;

	sipd_query_open(
		&q, s, Q_REVIVE_COUNT,
		"SELECT campaign, count(*) FROM contacts WHERE status = "
		"'interrupted' AND campaign NOT IN (SELECT id FROM campaigns "
		"WHERE status = 'cancelled') GROUP BY campaign");
	err = count_contacts(&q, SIPDIALER_CONTACT_INTERRUPTED,
			     SIPDIALER_CONTACT_PENDING);
	if (err)
		return err;

	sipd_query_open(
		&q, s, Q_REVIVE,
		"UPDATE contacts SET status = 'pending', ready = 1, due_ms = "
		"0 WHERE status = 'interrupted' AND campaign NOT IN (SELECT "
		"id FROM campaigns WHERE status = 'cancelled')");

	return sipd_query_exec(&q, count);
}


int sipd_store_retry_interrupted(struct sipd_store *s, uint64_t *count)
{
	int err = sipd_store_begin(s);

	*count = 0;
	if (err)
		return err;

	err = sipd_store_finish(s, revive(s, count));
	if (err)
		*count = 0;

	return err;
}
