/**
 * @file port/store/call.c  Before and after a call
 *
 * The intent is durable before the INVITE leaves; the result is one
 * transaction.
 *
 * @thread store
 */
#include "port/store/internal.h"

#include "base/error.h"
#include "base/text.h"

#define STR(s) ((s) ? (s) : "")


/* Why it cannot be claimed: ESTATE, ENOENT, or *dnc */
static int claim_refused(struct sipd_store *s, const struct sipd_intent *in,
			 bool *dnc)
{
	struct sipd_query q;
	int64_t attempts;
	bool cancelled, listed;
	int status, err;

	sipd_query_open(
		&q, s, Q_INTENT_CONTACT,
		"SELECT c.status, EXISTS (SELECT 1 FROM campaigns WHERE id = "
		"c.campaign AND status = 'cancelled'), EXISTS (SELECT 1 FROM "
		"dnc WHERE number IN (c.number, ?)), attempts FROM contacts "
		"AS c WHERE id = ? AND campaign = ?");
	sipd_query_text(&q, STR(in->number));
	sipd_query_int(&q, (int64_t)in->contact);
	sipd_query_int(&q, (int64_t)in->campaign);
	err = sipd_query_row(&q);
	if (err < 0)
		return err;
	if (!err)
		return sipd_error(SIPDIALER_ENOENT,
				  "no contact %llu in campaign %llu",
				  (unsigned long long)in->contact,
				  (unsigned long long)in->campaign);

	status = sipd_column_word(&q, &sipd_words_contact);
	cancelled = sipd_column_int(&q) != 0;
	listed = sipd_column_int(&q) != 0;
	attempts = sipd_column_int(&q);
	sipd_query_close(&q);

	if (cancelled && status == SIPDIALER_CONTACT_PENDING)
		status = SIPDIALER_CONTACT_SKIPPED; /* soon */
	*dnc = listed && status == SIPDIALER_CONTACT_PENDING;

	/* pending, too, may be another story than the row that was read
	 * tells: called meanwhile, and waiting for its retry */
	if (status != SIPDIALER_CONTACT_PENDING ||
	    (!*dnc && attempts + 1 != (int64_t)in->attempt))
		return sipd_error(SIPDIALER_ESTATE,
				  "contact %llu is %s after %lld attempts",
				  (unsigned long long)in->contact,
				  sipd_word(&sipd_words_contact, status),
				  (long long)attempts);

	return *dnc ? sipd_contact_dnc(s, in->campaign, in->contact)
		    : SIPDIALER_OK;
}


static int attempt_add(struct sipd_store *s, const struct sipd_intent *in)
{
	struct sipd_query q;

	sipd_query_open(&q, s, Q_INTENT_ATTEMPT,
			"INSERT INTO attempts (call, campaign, contact, "
			"attempt, status, time_ms, number, decision) VALUES "
			"(?, ?, ?, ?, 'dialing', ?, ?, ?)");
	sipd_query_id(&q, in->call);
	sipd_query_int(&q, (int64_t)in->campaign);
	sipd_query_int(&q, (int64_t)in->contact);
	sipd_query_int(&q, in->attempt);
	sipd_query_int(&q, in->time_ms);
	sipd_query_text(&q, STR(in->number));
	sipd_query_text(&q, STR(in->decision));

	return sipd_query_exec(&q, NULL);
}


/* One statement for what is nearly always so; *claimed 0 if it is not. */
static int contact_claim(struct sipd_store *s, const struct sipd_intent *in,
			 uint64_t *claimed)
{
	struct sipd_query q;

	sipd_query_open(&q, s, Q_INTENT_CLAIM,
			"UPDATE contacts SET status = 'in_progress', ready = "
			"0, attempts = ? WHERE id = ? AND campaign = ?"
			" AND status = 'pending' AND attempts = ? AND NOT "
			"EXISTS (SELECT 1 "
			"FROM dnc WHERE dnc.number = contacts.number) AND NOT "
			"EXISTS (SELECT 1 FROM dnc WHERE number = ?) AND NOT "
			"EXISTS (SELECT 1 FROM campaigns AS p WHERE p.id = "
			"contacts.campaign AND p.status = 'cancelled')");
	sipd_query_int(&q, in->attempt);
	sipd_query_int(&q, (int64_t)in->contact);
	sipd_query_int(&q, (int64_t)in->campaign);
	sipd_query_int(&q, (int64_t)in->attempt - 1);
	sipd_query_text(&q, STR(in->number));

	return sipd_query_exec(&q, claimed);
}


static int attempt_drop(struct sipd_store *s, const struct sipd_intent *in)
{
	struct sipd_query q;

	sipd_query_open(&q, s, Q_INTENT_DROP,
			"DELETE FROM attempts WHERE call = ?");
	sipd_query_int(&q, (int64_t)in->call);

	return sipd_query_exec(&q, NULL);
}


/* First what a constraint may refuse, then nothing is half done. */
static int attempt_claim(struct sipd_store *s, const struct sipd_intent *in,
			 bool *dnc)
{
	char text[SIPD_ERROR_SIZE];
	uint64_t claimed = 0;
	int err = attempt_add(s, in), why;

	if (!err) {
		err = contact_claim(s, in, &claimed);
		if (err || claimed)
			return err;
		err = attempt_drop(s, in);
		return err ? err : claim_refused(s, in, dnc);
	}
	if (err != SIPDIALER_EINVAL)
		return err;

	/* no such contact, or a call id used before */
	(void)sipd_strcpy(text, sizeof(text), sipd_error_text());
	why = claim_refused(s, in, dnc);

	return why || *dnc ? why : sipd_error(err, "%s", text);
}


int sipd_store_intent(struct sipd_store *s, const struct sipd_intent *in,
		      bool *dnc)
{
	int err;

	*dnc = false;
	if (!in->call || !in->attempt)
		return sipd_error(
			SIPDIALER_EINVAL,
			"an attempt needs a call id and a number from 1");

	err = attempt_claim(s, in, dnc);
	if (err || *dnc)
		return err;

	err = sipd_counts_contact(s, in->campaign, SIPDIALER_CONTACT_PENDING,
				  SIPDIALER_CONTACT_IN_PROGRESS, 1);
	if (!err)
		err = sipd_counts_attempts(s, in->campaign, 1);

	return err;
}


static void amd_bind(struct sipd_query *q, const struct sipd_result *r)
{
	const bool used = r->amd != SIPDIALER_AMD_NOT_USED;

	sipd_query_word(q, &sipd_words_amd, r->amd);
	sipd_query_int(q, used ? r->amd_at_ms : -1);
	sipd_query_int(q, used ? r->beep_at_ms : -1);
	sipd_query_text(q, STR(r->sit));
	sipd_query_text(q, STR(r->message));
}


static int call_add(struct sipd_store *s, const struct sipd_result *r)
{
	struct sipd_query q;

	sipd_query_open(
		&q, s, Q_RESULT_CALL,
		"INSERT INTO calls (id, campaign, contact, attempt, "
		"direction, number, caller, callid, start_ms, ring_start_ms, "
		"answer_ms, end_ms, disposition, sip_status, q850, reason, "
		"codec, dtmf, recording, rtp_tx, rtp_rx, rtp_lost, jitter_ms, "
		"rtt_ms, mos, amd, amd_at_ms, beep_at_ms, sit, message) "
		"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
		"?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, -1), nullif(?, -1), ?, "
		"?)");
	sipd_query_id(&q, r->call);
	sipd_query_id(&q, r->campaign);
	sipd_query_id(&q, r->campaign ? r->contact : 0);
	sipd_query_int(&q, r->attempt);
	sipd_query_text(&q, r->direction ? "in" : "out");
	sipd_query_text(&q, STR(r->number));
	sipd_query_text(&q, STR(r->from));
	sipd_query_text(&q, STR(r->callid));
	sipd_query_int(&q, r->start_ms);
	sipd_query_int(&q, r->ring_start_ms);
	sipd_query_int(&q, r->answer_ms);
	sipd_query_int(&q, r->end_ms);
	sipd_query_word(&q, &sipd_words_disposition, r->disposition);
	sipd_query_int(&q, r->sip_status);
	sipd_query_int(&q, r->q850);
	sipd_query_text(&q, STR(r->reason));
	sipd_query_text(&q, STR(r->codec));
	sipd_query_text(&q, STR(r->dtmf));
	sipd_query_text(&q, STR(r->recording));
	sipd_query_int(&q, (int64_t)r->rtp_tx);
	sipd_query_int(&q, (int64_t)r->rtp_rx);
	sipd_query_int(&q, (int64_t)r->rtp_lost);
	sipd_query_num(&q, r->jitter_ms);
	sipd_query_num(&q, r->rtt_ms);
	sipd_query_num(&q, r->mos);
	amd_bind(&q, r);

	return sipd_query_exec(&q, NULL);
}


static int attempt_close(struct sipd_store *s, const struct sipd_result *r,
			 uint64_t *closed)
{
	struct sipd_query q;

	sipd_query_open(&q, s, Q_RESULT_ATTEMPT,
			"UPDATE attempts SET status = 'ended' WHERE call = ? "
			"AND contact = ? AND status = 'dialing'");
	sipd_query_int(&q, (int64_t)r->call);
	sipd_query_int(&q, (int64_t)r->contact);

	return sipd_query_exec(&q, closed);
}


/* A campaign cancelled meanwhile has nobody to dial any more. */
static int status_now(struct sipd_store *s, const struct sipd_result *r,
		      int *status)
{
	struct sipd_query q;
	int err;

	*status = r->contact_status;
	if (r->contact_status != SIPDIALER_CONTACT_PENDING)
		return SIPDIALER_OK;

	sipd_query_open(&q, s, Q_RESULT_STATE,
			"SELECT status FROM campaigns WHERE id = ?");
	sipd_query_int(&q, (int64_t)r->campaign);
	err = sipd_query_row(&q);
	if (err == 1 && sipd_column_word(&q, &sipd_words_campaign) ==
				SIPDIALER_CAMPAIGN_CANCELLED)
		*status = SIPDIALER_CONTACT_SKIPPED;
	sipd_query_close(&q);

	return err < 0 ? err : SIPDIALER_OK;
}


/* call 0: there is no row of the call */
static int contact_close(struct sipd_store *s, const struct sipd_result *r,
			 uint64_t call)
{
	struct sipd_query q;
	uint64_t changes;
	bool pending;
	int status, err;

	err = status_now(s, r, &status);
	if (err)
		return err;
	pending = status == SIPDIALER_CONTACT_PENDING;

	sipd_query_open(
		&q, s, Q_RESULT_CONTACT,
		"UPDATE contacts SET status = ?, ready = ?, due_ms = ?, "
		"last_call = coalesce(?, last_call) WHERE id = ? AND status = "
		"'in_progress'");
	sipd_query_word(&q, &sipd_words_contact, status);
	sipd_query_int(&q, pending && r->due_ms <= 0);
	sipd_query_int(&q, pending ? r->due_ms : 0);
	sipd_query_id(&q, call);
	sipd_query_int(&q, (int64_t)r->contact);
	err = sipd_query_exec(&q, &changes);
	if (!err && changes)
		err = sipd_counts_contact(s, r->campaign,
					  SIPDIALER_CONTACT_IN_PROGRESS,
					  status, 1);

	return err;
}


static int contact_return(struct sipd_store *s, const struct sipd_intent *in,
			  int status)
{
	struct sipd_query q;
	uint64_t changes;
	int err;

	sipd_query_open(
		&q, s, Q_UNDO_CONTACT,
		"UPDATE contacts SET status = ?, ready = ?, due_ms = 0, "
		"attempts = ? WHERE id = ? AND status = 'in_progress'");
	sipd_query_word(&q, &sipd_words_contact, status);
	sipd_query_int(&q, status == SIPDIALER_CONTACT_PENDING);
	sipd_query_int(&q, (int64_t)in->attempt - 1);
	sipd_query_int(&q, (int64_t)in->contact);
	err = sipd_query_exec(&q, &changes);
	if (!err && changes)
		err = sipd_counts_contact(s, in->campaign,
					  SIPDIALER_CONTACT_IN_PROGRESS,
					  status, 1);

	return err;
}


int sipd_store_intent_undo(struct sipd_store *s, const struct sipd_intent *in)
{
	const struct sipd_result r = {
		.campaign = in->campaign,
		.contact_status = SIPDIALER_CONTACT_PENDING,
	};
	struct sipd_query q;
	uint64_t changes;
	int status, err;

	err = status_now(s, &r, &status);
	if (err)
		return err;

	sipd_query_open(
		&q, s, Q_UNDO_ATTEMPT,
		"DELETE FROM attempts WHERE call = ? AND status = 'dialing'");
	sipd_query_int(&q, (int64_t)in->call);
	err = sipd_query_exec(&q, &changes);
	if (err || !changes)
		return err;

	err = contact_return(s, in, status);
	if (!err)
		err = sipd_counts_attempts(s, in->campaign, -1);

	return err;
}


/* The row was refused, but the call is over: a contact that stayed
 * in_progress would keep its campaign from its end. */
static int close_refused(struct sipd_store *s, const struct sipd_result *r,
			 int why)
{
	char text[SIPD_ERROR_SIZE];
	uint64_t closed = 0;
	int err;

	(void)sipd_strcpy(text, sizeof(text), sipd_error_text());
	err = attempt_close(s, r, &closed);
	if (!err && closed) /* else of another contact, or told before */
		err = contact_close(s, r, 0);

	return err ? err : sipd_error(why, "%s", text);
}


int sipd_store_result(struct sipd_store *s, const struct sipd_result *r)
{
	uint64_t closed;
	int err;

	if (!r->call || r->disposition < 0 ||
	    (size_t)r->disposition >= sipd_words_disposition.count)
		return sipd_error(
			SIPDIALER_EINVAL,
			"a result needs a call id and a disposition, not %d",
			r->disposition);
	if (r->campaign &&
	    (r->contact_status < 0 ||
	     (size_t)r->contact_status >= sipd_words_contact.count ||
	     r->contact_status == SIPDIALER_CONTACT_IN_PROGRESS))
		return sipd_error(SIPDIALER_EINVAL,
				  "no contact status to end in: %d",
				  r->contact_status);

	err = call_add(s, r);
	if (err == SIPDIALER_EINVAL && r->campaign)
		return close_refused(s, r, err);
	if (err || !r->campaign)
		return err;

	err = attempt_close(s, r, &closed);
	if (!err)
		err = contact_close(s, r, r->call);
	if (!err)
		err = sipd_counts_disposition(s, r->campaign, r->disposition,
					      1);

	return err;
}
