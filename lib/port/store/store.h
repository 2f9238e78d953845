/**
 * @file port/store/store.h  What survives: SQLite behind plain records
 *
 * WAL, synchronous=FULL, group commit on the store thread (port/disk.h).  Every
 * function marked @thread store is called from the `run` of a sipd_job whose
 * `store` is set, i.e. inside a transaction.  Each returns 0 or an enum
 * sipdialer_error with sipd_error() text; on SIPDIALER_EIO the transaction is
 * rolled back and the jobs are run again later by the disk.
 *
 * Status words are stored as text, with a CHECK made from base/words.
 */
#ifndef SIPD_PORT_STORE_STORE_H
#define SIPD_PORT_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/log.h"

struct sipd_store;

/* Call ids: 2^53 are exact in JSON, so 2^25 blocks of 2^28 */
#define SIPD_CALL_ID_END ((uint64_t)1 << 53)
#define SIPD_STORE_CALLS ((uint64_t)1 << 28)

enum { SIPD_STORE_SLICE = 5000 }; /* rows of a part of something long */
enum {
	SIPD_STORE_OWN = 1
}; /* take the lock of the one who dials, and
			      * mark what a dead process left behind */

/** Open or create (mode 0600), migrate. @thread any; waits for the disk */
int sipd_store_open(struct sipd_store **sp, const char *path, unsigned flags,
		    struct sipd_log *log);
/** Not while the disk still has jobs of this store. */
void sipd_store_close(struct sipd_store *s);
/** Integrity, references, status words, counters: a line each in buf.  0 all
 *  well; EFORMAT something is not; ENOENT, ENEWER.  An older schema is only
 *  told, unless `migrate`. @thread any; waits for the disk */
int sipd_store_check(const char *path, bool migrate, char *buf, size_t size);

/* Transaction brackets, used by port/disk only. @thread store */
int sipd_store_begin(struct sipd_store *s);
int sipd_store_commit(struct sipd_store *s);
void sipd_store_rollback(struct sipd_store *s);
/** A function of this transaction returned SIPDIALER_EIO; commit would too. */
bool sipd_store_failed(const struct sipd_store *s);

/** Contacts left in_progress by a dead process were marked interrupted (or
 *  pending again if they never had an attempt): how many at open. */
uint64_t sipd_store_interrupted(const struct sipd_store *s);
/** Make interrupted contacts pending again (option dial.retry_interrupted).  A
 *  transaction of its own: not inside one. @thread any; waits for the disk */
int sipd_store_retry_interrupted(struct sipd_store *s, uint64_t *count);
/** Highest call id ever stored. */
int sipd_store_last_call(struct sipd_store *s, uint64_t *id);
/**
 * Call ids of this process alone: a block of SIPD_STORE_CALLS from *first (in:
 * not below it) up to, not including, *end.  EFULL: 2^53 ids are used up.  A
 * transaction of its own. @thread any; waits for the disk
 */
int sipd_store_calls_reserve(struct sipd_store *s, uint64_t *first,
			     uint64_t *end);
/** Those from `next` on were given to no call: free for the next block, if no
 *  other has been reserved meanwhile. @thread any; waits for the disk */
int sipd_store_calls_return(struct sipd_store *s, uint64_t next, uint64_t end);
/** Changes when another process has written. */
int sipd_store_data_version(struct sipd_store *s, uint64_t *version);

struct sipd_campaign_counts {
	uint64_t total, pending, in_progress, completed, failed, dnc, skipped,
		interrupted, attempts;
	uint64_t by_disposition[16];
	int64_t next_due_ms; /* wall clock of the next pending contact not
				  * yet due, -1 none */
};

struct sipd_campaign_row {
	uint64_t id;
	char name[128];
	int status;    /* enum sipdialer_campaign_status */
	char *options; /* "name=value\n" lines, of the row; free() */
	int64_t created_ms, started_ms, ended_ms; /* wall, 0 not yet */
	struct sipd_campaign_counts counts;       /* if asked for */
};

/* @thread store, all below */
int sipd_store_campaign_new(struct sipd_store *s, const char *name,
			    const char *options, uint64_t *id);
int sipd_store_campaign_get(struct sipd_store *s, uint64_t id, bool counts,
			    struct sipd_campaign_row *row); /* ENOENT */
/** Next campaign with id > after; ENOENT past the last. */
int sipd_store_campaign_next(struct sipd_store *s, uint64_t after, bool counts,
			     struct sipd_campaign_row *row);
/** Is any campaign running, here or in another process? */
int sipd_store_running(struct sipd_store *s, bool *running);
/** The table of allowed changes is in core/campaign; here it is only stored,
 *  if the present status is still `from` (else ESTATE).  cancelled also makes
 *  pending contacts skipped; *more: so many that the rest is to be done by
 *  ..._skip(), each in a transaction of its own.  No attempt begins meanwhile,
 *  and the next owner of the store finishes what was left. */
int sipd_store_campaign_set(struct sipd_store *s, uint64_t id, int from,
			    int to, bool *more);
int sipd_store_campaign_skip(struct sipd_store *s, uint64_t id, bool *more);

struct sipd_contact_row {
	uint64_t id, campaign;
	char number[32]; /* E.164, "+..." or a plain extension */
	char name[256];
	char *custom;      /* JSON object text or NULL; free() */
	int32_t priority;  /* higher first, 0 default */
	int status;        /* enum sipdialer_contact_status */
	uint32_t attempts; /* made so far */
};

/** Add one; *duplicate set if the number is in the campaign already (nothing
 *  is added, returns 0). dnc numbers are added with status dnc. */
int sipd_store_contact_add(struct sipd_store *s,
			   const struct sipd_contact_row *c, bool *duplicate,
			   uint64_t *id);
/** EINVAL: custom fields of a host are no JSON object. */
int sipd_store_custom_check(struct sipd_store *s, const char *custom);
/** Add many, in this order (ids rise with it), which is much faster than one
 *  by one.  ENOENT: no such campaign; EINVAL: a row cannot be taken; nothing
 *  has been added then. */
struct sipd_contact_new {
	const char *number, *name, *custom; /* custom may be NULL */
	int32_t priority;
	int status;     /* becomes dnc if the number is on the list */
	bool duplicate; /* answer: not added */
};
int sipd_store_contacts_add(struct sipd_store *s, uint64_t campaign,
			    struct sipd_contact_new *rows, size_t count);
/** Due now (wall clock), pending, not on the DNC list, by priority, due time,
 *  id.  DNC hits met on the way become status dnc.  Rows need
 *  sipd_contact_row_free(). */
int sipd_store_contact_due(struct sipd_store *s, uint64_t campaign,
			   int64_t now_ms, struct sipd_contact_row *rows,
			   size_t max, size_t *count);
void sipd_contact_row_free(struct sipd_contact_row *row);
void sipd_campaign_row_free(struct sipd_campaign_row *row);

/** Before the INVITE: contact pending -> in_progress, a row in attempts with
 *  status dialing, and the decision record.  ESTATE: not pending any more
 *  (another process, cancelled), or not with attempt - 1 attempts (the row was
 *  read before its last call): do not dial.  ENOENT: gone.  *dnc set: number
 *  is on the list by now; contact became dnc: do not dial. */
struct sipd_intent {
	uint64_t call, campaign, contact;
	uint32_t attempt; /* 1 for the first */
	int64_t time_ms;  /* wall */
	const char *number;
	const char *decision; /* JSON: gates, inputs, rule */
};
int sipd_store_intent(struct sipd_store *s, const struct sipd_intent *in,
		      bool *dnc);

/** The INVITE of an intent was never sent: as if there had been none.  The
 *  contact is pending again, or skipped if the campaign was cancelled. */
int sipd_store_intent_undo(struct sipd_store *s, const struct sipd_intent *in);

/** After the call, all in one: attempt closed, row in calls, contact's new
 *  state and due time. campaign 0: only the row in calls.  Pending becomes
 *  skipped if the campaign was cancelled meanwhile; a contact that is not
 *  in_progress keeps its state.  EINVAL if the row in calls is refused (a
 *  call id used before): attempt and contact are closed all the same. */
struct sipd_result {
	uint64_t call, campaign, contact;
	uint32_t attempt;
	int direction; /* 0 out, 1 in */
	const char *number, *from, *callid;
	int64_t start_ms, ring_start_ms, answer_ms, end_ms; /* wall, 0 never */
	int disposition;
	int sip_status, q850;
	const char *reason, *codec, *dtmf, *recording;
	uint64_t rtp_tx, rtp_rx, rtp_lost;
	double jitter_ms, rtt_ms, mos;
	int amd;                   /* enum sipdialer_amd */
	int64_t amd_at_ms;         /* if that was used, */
	int64_t beep_at_ms;        /* and -1 none */
	const char *sit, *message; /* NULL none */
	int contact_status;        /* enum sipdialer_contact_status */
	int64_t due_ms;            /* wall, when pending again */
};
int sipd_store_result(struct sipd_store *s, const struct sipd_result *r);

int sipd_store_dnc_add(struct sipd_store *s, const char *number,
		       const char *source, bool *added);
int sipd_store_dnc_remove(struct sipd_store *s, const char *number,
			  bool *removed);
int sipd_store_dnc_check(struct sipd_store *s, const char *number,
			 bool *listed, char *source, size_t size);

/** Results as CSV to path (written beside and renamed). Columns: docs/csv.md.
 *  Cells that a spreadsheet would run get a leading '.  Read in steps, so that
 *  others get their turns; each row is as it is when it is read.  EIO is the
 *  store's; a file that cannot be written is ENOENT, EFULL (no space) or
 *  EINVAL, so that the job is not tried again. */
struct sipd_results;
int sipd_store_results_open(struct sipd_results **rp, struct sipd_store *s,
			    uint64_t campaign, const char *path);
int sipd_store_results_step(struct sipd_results *r, bool *more);
/** err 0: put the file in its place, *rows set.  Else: remove it, return err;
 *  this may be called on any thread.  Frees r, which may be NULL. */
int sipd_store_results_close(struct sipd_results *r, int err, uint64_t *rows);
/** All in one go */
int sipd_store_results(struct sipd_store *s, uint64_t campaign,
		       const char *path, uint64_t *rows);
/** Online backup to a new file, 0600. Not inside a transaction (ESTATE): post
 *  it as a job without a store.  EINVAL: path exists. */
int sipd_store_backup(struct sipd_store *s, const char *path);

#endif
