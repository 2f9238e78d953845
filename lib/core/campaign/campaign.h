/**
 * @file core/campaign/campaign.h  The pure part of a campaign
 *
 * No clock, no randomness, no I/O: time and numbers are handed in.  What may
 * be dialed now, what follows from an outcome, which changes of state are
 * allowed.
 */
#ifndef SIPD_CORE_CAMPAIGN_CAMPAIGN_H
#define SIPD_CORE_CAMPAIGN_CAMPAIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sipdialer/sipdialer.h>

/* ---- state machine ----------------------------------------------------- */

enum sipd_campaign_verb {
	SIPD_VERB_START,
	SIPD_VERB_PAUSE,
	SIPD_VERB_CANCEL,
	SIPD_VERB_COMPLETE
};

/** New enum sipdialer_campaign_status, or SIPDIALER_ESTATE with a text naming
 *  the present state and the verb. */
int sipd_campaign_change(int status, enum sipd_campaign_verb verb);

/* ---- pacer ------------------------------------------------------------- */

/**
 * Calls per second and calls at once, never above either: at most `cps` calls
 * (rounded up) in ANY window of one second, spread evenly; and at most
 * max_calls at once.  Capacity is reserved before the INVITE and given back at
 * the end.
 */
struct sipd_pacer {
	double cps;         /* 0 no limit */
	uint32_t max_calls; /* at once, >= 1 */
	uint32_t active;    /* reserved now */
	uint64_t next_us;   /* earliest time of the next call */
};

void sipd_pacer_init(struct sipd_pacer *p, double cps, uint32_t max_calls);
/** Another rate from now on; what is reserved stays so. */
void sipd_pacer_rate(struct sipd_pacer *p, double cps, uint64_t now_us);
/** Reserve one call now?  Times are monotonic us. */
bool sipd_pacer_take(struct sipd_pacer *p, uint64_t now_us);
/** The call taken last has left only now: the next ones keep their distance to
 *  this. */
void sipd_pacer_sent(struct sipd_pacer *p, uint64_t now_us);
/** When the next one could be taken: us to wait, 0 now, UINT64_MAX only after
 *  a release. */
uint64_t sipd_pacer_wait(const struct sipd_pacer *p, uint64_t now_us);
void sipd_pacer_release(struct sipd_pacer *p);

/* ---- disposition ------------------------------------------------------- */

/** The facts about a call that is over. */
struct sipd_outcome {
	int sip_status; /* final, 0 none */
	int q850;       /* 0 none */
	int error;      /* enum sipdialer_error, 0 none */
	uint32_t retry_after_s;
	bool answered, ringing, ring_timeout, local;
	bool policy;        /* our own policy said no */
	bool media_none;    /* answered, yet no RTP ever came */
	bool network_block; /* 603 whose Reason says that the network
				  * blocked the call ("603+", ATIS-1000099) */
	enum sipdialer_amd amd;
	const char *sit;  /* class of a special information tone, NULL none */
	const char *tone; /* "busy", "reorder": nobody is there; or NULL */
};

/** DESIGN.md's table: SIP status first, then Q.850, then media. Pure. */
enum sipdialer_disposition sipd_disposition(const struct sipd_outcome *o);

/* ---- retry ------------------------------------------------------------- */

/** Retry rule of one disposition. */
struct sipd_retry_rule {
	bool retry;
	uint32_t delay_s;
};

struct sipd_retry {
	uint32_t max_attempts; /* calls to one contact in all, >= 1 */
	struct sipd_retry_rule rules[16]; /* by enum sipdialer_disposition */
};

/** Defaults of DESIGN.md with one delay. retries = calls beyond the first. */
void sipd_retry_init(struct sipd_retry *r, uint32_t retries, uint32_t delay_s);
/** "busy=60,no_answer=300,rejected=off": names value and place of an error. */
int sipd_retry_parse(struct sipd_retry *r, const char *text);

/** What becomes of a contact after its attempt number `attempt` (1 = first).
 *  Returns its enum sipdialer_contact_status; pending: *delay_ms says when
 *  (Retry-After raises it). */
int sipd_retry_next(const struct sipd_retry *r, uint32_t attempt,
		    enum sipdialer_disposition d, uint32_t retry_after_s,
		    uint64_t *delay_ms);

/* ---- policy ------------------------------------------------------------ */

/** Input of the decision made before each attempt; what later issues add
 *  (calling hours, caps, consent) are further gates. */
struct sipd_policy_in {
	const char *number;
	uint32_t attempt, max_attempts;
	bool dnc;
	int campaign_status;
	uint32_t active, max_calls;
	double cps;
	int64_t now_ms; /* wall */
};
struct sipd_policy_out {
	bool allow;
	const char *rule; /* "allow", "dnc", "attempts", "campaign" */
	char record[512]; /* JSON of gates, inputs and the rule */
};
void sipd_policy_check(const struct sipd_policy_in *in,
		       struct sipd_policy_out *out);

#endif
