/**
 * @file api/calls.h  Calls of the host and of campaigns, as the engine sees them
 */
#ifndef SIPD_API_CALLS_H
#define SIPD_API_CALLS_H

#include "api/engine.h"
#include "base/container.h"

struct sipd_dialed;

/** Who dialed it and hears of it first, if not the host: a campaign. */
struct sipd_dialed_owner {
	/** Its INVITE has left. */
	void (*sent)(struct sipd_dialed *dialed);
	/** It ended before its INVITE; true: the owner takes it back, as if it
	 *  had not begun, and nothing is stored or told. */
	bool (*unsent)(struct sipd_dialed *dialed);
	/** It is over: what becomes of the contact. */
	void (*result)(const struct sipd_dialed *dialed,
		       const struct sipd_call_record *rec,
		       struct sipd_result *result);
	/** ... and that is stored and told; dialed is freed afterwards. */
	void (*over)(const struct sipd_dialed *dialed);
};

/** A call with all that belongs to it outside core/call. */
struct sipd_dialed {
	struct sipd_work work; /* first member: posted to the loop */
	struct sipd_job job;   /* intent, later the result */
	struct sipdialer *d;
	uint64_t id;
	struct sipd_call *call;           /* NULL before and after */
	struct sipd_event_node *end_node; /* of CALL_ENDED, reserved */
	struct sipd_hostaudio *audio;     /* NULL: none; a reference */
	bool inbound;
	bool decided;      /* inbound: answered or rejected. @locks d->lock */
	bool early;        /* audio before that. @locks d->lock */
	uint64_t replaces; /* call whose place it takes, 0 none */
	uint32_t audio_rate;          /* of audio, 0 none */
	struct sipd_account *account; /* NULL: the engine's own; one user */
	struct sipd_options *options; /* of a host's call, until it starts */
	char *to;
	/* the far end asks for a call to somebody. @locks d->lock */
	char *refer_to, *refer_lines;
	uint64_t refer_until; /* mono ms */
	uint64_t asked_by;    /* a call that asked for this one, 0 none */
	char *lines;          /* its header lines; NULL: those of options */

	/* of a campaign */
	const struct sipd_dialed_owner *owner; /* NULL: dialed by the host */
	struct sipd_run *run;
	struct sipd_dialed *next; /* in the run's list of ready ones */
	struct sipd_contact_row contact;
	uint32_t attempt; /* 1 the first */
	char decision[512];
	bool answered;
	bool denied; /* by policy: stored and told, not sent */
	bool dnc;
	int err;

	/* result, kept until it is stored and told */
	struct sipd_result result;
	struct sipdialer_event end;
	char *text[6];  /* owned strings of result and end */
	bool quit;      /* hang-up asked for before it started */
	uint64_t swept; /* by the sweep of this number */
};

/** The one whose job this is. */
static inline struct sipd_dialed *sipd_dialed_of(struct sipd_job *job)
{
	return SIPD_CONTAINER(job, struct sipd_dialed, job);
}


/** What the options say of the host's audio. */
struct sipd_hostaudio_conf sipd_audio_conf(struct sipdialer *d,
					   const struct sipd_options *o);
/** Make it, of rate 0 none, before the call starts.  It stays in d->audios until
 *  sipd_audio_gone(). @thread any */
int sipd_audio_open(struct sipd_dialed *dialed,
		    const struct sipd_hostaudio_conf *conf);
/** A sipd_events_gone_h: the host has let go of CALL_ENDED, or there will be
 *  none.  arg is the engine. @thread any */
void sipd_audio_gone(uint64_t call, void *arg);
/** The engine goes away. */
void sipd_audio_close_all(struct sipdialer *d);

/** The codecs of media.codecs, in order. */
size_t sipd_calls_codecs(const struct sipd_options *o,
			 enum sipd_codec_id ids[SIPD_CODEC_MAX]);
/** Settings of a call from options; strings belong to `o`. */
void sipd_calls_conf(const struct sipd_options *o,
		     struct sipd_call_conf *conf);

/** The engine's options, on top of them those of the account that call came in
 *  by (0, or none such: no account), and then the list; to close and free.
 *  account.c. @thread any */
int sipd_calls_options(struct sipdialer *d, uint64_t call,
		       const char *const *list, struct sipd_options **op);

/** What core/call tells of a call; arg is its struct sipd_dialed. */
extern const struct sipd_call_handlers sipd_dialed_handlers;

/** Make one with its id and CALL_ENDED node; the slot is taken already. */
int sipd_dialed_new(struct sipd_dialed **dp, struct sipdialer *d,
		    const char *to, const struct sipd_hostaudio_conf *audio);
/** Start it with conf. */
void sipd_dialed_start(struct sipd_dialed *dialed,
		       const struct sipd_call_conf *conf);
/** Free one whose call never started. Gives back neither slot nor pacer. */
void sipd_dialed_drop(struct sipd_dialed *dialed);

/** A verb on a call, on its way to the loop; its handler frees it. */
struct sipd_call_command {
	struct sipd_work work; /* first member */
	struct sipdialer *d;
	uint64_t call;
	uint64_t number;
	char text[];
};

static inline struct sipd_call_command *
sipd_call_command_of(struct sipd_work *work)
{
	return SIPD_CONTAINER(work, struct sipd_call_command, work);
}

/** Send it; SIPDIALER_ENOENT if there is no such call. @thread any */
int sipd_call_post(struct sipdialer *d, uint64_t call, const char *text,
		   uint64_t number, sipd_work_h *h);
/** The same with the id of another call as its number; `done` is what a call
 *  cannot have done to itself. @thread any */
int sipd_call_post_other(struct sipdialer *d, uint64_t call, uint64_t other,
			 const char *done, sipd_work_h *h);
/** May a call be refused with it? 400-699. @thread any */
int sipd_call_check_refusal(int sip_status);
/** The call it is for, NULL if that has ended or not begun. */
struct sipd_call *sipd_call_target(const struct sipd_call_command *c);
/** NULL if it has ended. @thread any; of use on the loop */
struct sipd_dialed *sipd_dialed_find(struct sipdialer *d, uint64_t call);

/** Do the options incoming.* agree with the others? */
int sipd_incoming_check(const struct sipd_options *o);
enum sipd_calls_from sipd_incoming_from(const struct sipd_options *o);
/** Time is over, and the host has not said: answer it. incoming_verbs.c */
void sipd_incoming_undecided(struct sipd_dialed *dialed);
/** A call of the host: what the options say, and for one that another call
 *  asked for that call and header lines (taken over if it succeeds). @thread
 *  any */
struct sipd_call_wish {
	const char *to;
	const char *const *options;
	uint64_t asked_by;
	const char *lines; /* NULL none */
};
int sipd_calls_dial(struct sipdialer *d, const struct sipd_call_wish *wish,
		    uint64_t *call);

/* Handlers of sipd_dialed_handlers; arg is the struct sipd_dialed.
 * call_transfer.c */
void sipd_dialed_holding(struct sipd_call *call, bool on, int error,
			 const char *reason, void *arg);
void sipd_dialed_transfer(struct sipd_call *call,
			  const struct sipd_transfer *t, void *arg);
void sipd_dialed_referred(struct sipd_call *call,
			  const struct sipd_referral *r, void *arg);
void sipd_dialed_replaced(struct sipd_call *call, uint64_t other, void *arg);
/** Its row, CALL_ENDED, and it is freed. calls.c */
void sipd_dialed_ended(struct sipd_call *call,
		       const struct sipd_call_record *rec, void *arg);
/** Fill call, campaign, contact, to. */
void sipd_dialed_ids(const struct sipd_dialed *dialed,
		     struct sipdialer_event *ev);
/** The same, and push it. */
void sipd_dialed_emit(struct sipd_dialed *dialed, struct sipdialer_event *ev);

/** Answer a call that is to take another's place, as the host has answered
 *  that one. */
void sipd_incoming_replace(struct sipd_dialed *dialed);
/** ... it is answered: that one ends. */
void sipd_incoming_replaced(struct sipd_dialed *dialed);
/** Calls come in from now on, if incoming.accept says so. incoming.c */
void sipd_incoming_start(struct sipd_account *acc);

/** Hang up every call. */
void sipd_calls_hangup_all(struct sipdialer *d, const char *reason);
/** The same, without waiting for any peer. */
void sipd_calls_abandon_all(struct sipdialer *d);
/** Hang up the calls of a run that are not answered yet. */
void sipd_calls_give_up(struct sipdialer *d, const struct sipd_run *run,
			const char *reason);

#endif
