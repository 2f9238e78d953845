/**
 * @file core/call/call.h  The life of one call: signalling joined with audio
 *
 * Everything on the loop thread.  A call dials, plays, listens and ends; what
 * it was worth is decided by core/campaign's disposition table from the facts
 * gathered here.
 */
#ifndef SIPD_CORE_CALL_CALL_H
#define SIPD_CORE_CALL_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/log.h"
#include "core/call/call_amd.h"
#include "core/campaign/campaign.h"
#include "core/media/prompt.h"
#include "core/media/stream.h"
#include "port/loop.h"
#include "port/sip/sip.h"

struct sipd_call;

enum {
	SIPD_CALL_TO_MAX = 255,      /* bytes of a number or SIP URI */
	SIPD_CALL_DECIDE_MS = 20000, /* the host, on a REFER */
	SIPD_CALL_DTMF_MAX = 127     /* keys kept for the record; more are told
				    * by event only */
};

/** How keys go and come: the words of media.dtmf, in order. */
enum sipd_dtmf_mode {
	SIPD_DTMF_RFC4733,
	SIPD_DTMF_INFO,
	SIPD_DTMF_INBAND,
	SIPD_DTMF_AUTO
};

/** Which calls are recorded: the words of record.policy, in order. */
enum sipd_record_policy {
	SIPD_RECORD_NEVER,
	SIPD_RECORD_ALL,
	SIPD_RECORD_DEMAND, /* by the file that is named, or by verb */
	SIPD_RECORD_HUMAN   /* all; kept is what a human was heard in */
};

/** What all calls of an engine share. */
struct sipd_call_env {
	struct sipd_loop *loop;
	struct sipd_log *log;
	struct sipd_sip *sip;
	struct sipd_media *media;
	struct sipd_recordings *recordings;
	struct sipd_prompts *prompts;
	uint16_t port_min, port_max;
	unsigned dscp; /* of RTP */
};

/** One call's settings; copied by sipd_call_open(). */
struct sipd_call_conf {
	uint64_t id;
	const char *to;          /* number or SIP URI, checked */
	const char *caller_id;   /* "" account's user */
	const char *caller_name; /* "" none */
	const char *headers;     /* "Name: value" lines, '\n' between */
	struct sipd_identity identity;
	uint32_t ring_timeout_ms;
	uint32_t max_duration_ms; /* after the answer, 0 none */
	uint32_t rtp_timeout_ms;  /* 0 none */
	enum sipd_codec_id codecs[SIPD_CODEC_MAX];
	size_t codecc;
	enum sipd_srtp_mode srtp;
	bool rtcp_mux;
	struct sipd_prompt *prompt; /* loaded already, or NULL */
	const char *play;           /* else file to load first, "" none */
	const char *dtmf;           /* keys to send once answered, "" none */
	enum sipd_dtmf_mode dtmf_mode;
	const char *record; /* file, "" none */
	bool record_stereo;
	enum sipd_record_policy record_policy;
	const char *record_name;      /* pattern, where the policy names it */
	uint64_t record_max_bytes;    /* 0 no limit */
	uint32_t record_max_ms;       /* 0 no limit */
	uint64_t campaign, contact;   /* for the name, 0 none */
	struct sipd_hostaudio *audio; /* or NULL; takes its own reference */
	bool hangup_after_play;       /* also when there is nothing to play */
	const char *hold_play;        /* heard by who is held, "" none */
	bool refer_ask;               /* a REFER is for the host to decide */
	struct sipd_call *asked_by;   /* by REFER that waits, or NULL */
	struct sipd_amd_conf amd;     /* of a call that we make */
};

/** All about a call that is over. Strings live as long as the handler runs. */
struct sipd_call_record {
	uint64_t id;
	const char *to, *from, *callid;
	int64_t start_ms, ring_ms_at, answer_ms, end_ms; /* wall, 0 never */
	int64_t ring_ms, talk_ms; /* monotonic durations */
	struct sipd_outcome outcome;
	enum sipdialer_disposition disposition;
	const char *reason;
	const char *codec; /* NULL none agreed */
	const char *srtp;  /* suite, "dtls:" and suite; NULL: not encrypted */
	const char *dtmf;
	const char *recording; /* NULL none */
	struct sipd_amd_record amd;
	struct sipd_rtp_stats rtp;
};

struct sipd_call_handlers {
	void (*dialing)(struct sipd_call *call, void *arg);
	void (*ringing)(struct sipd_call *call, int sip_status, void *arg);
	/** gate: word of P-Early-Media, or NULL. */
	void (*early)(struct sipd_call *call, int sip_status,
		      const char *codec, const char *gate, void *arg);
	void (*answered)(struct sipd_call *call, const char *codec,
			 const char *srtp, int64_t ring_ms, void *arg);
	void (*dtmf)(struct sipd_call *call, char digit, uint32_t duration_ms,
		     void *arg);
	/** error 0: played to its end; ECANCELLED: replaced or stopped. */
	void (*played)(struct sipd_call *call, const char *path, int error,
		       const char *text, void *arg);
	void (*held)(struct sipd_call *call, bool held, void *arg);
	void (*bridged)(struct sipd_call *call, uint64_t other, void *arg);
	void (*unbridged)(struct sipd_call *call, uint64_t other,
			  const char *reason, void *arg);
	/** We hold the call, or do no more; error: that failed. */
	void (*holding)(struct sipd_call *call, bool on, int error,
			const char *reason, void *arg);
	void (*transfer)(struct sipd_call *call, const struct sipd_transfer *t,
			 void *arg);
	/** Of conf.refer_ask: the peer asks for a call to somebody. */
	void (*referred)(struct sipd_call *call, const struct sipd_referral *r,
			 void *arg);
	/** Of conf.amd: who answered, tones, what becomes of the message. */
	void (*amd)(struct sipd_call *call, const struct sipd_amd_told *told,
		    void *arg);
	void (*tone)(struct sipd_call *call, const char *word,
		     const struct sipd_heard *heard, void *arg);
	void (*message)(struct sipd_call *call, const char *text,
			const char *reason, void *arg);
	/** Another call took its place. */
	void (*replaced)(struct sipd_call *call, uint64_t other, void *arg);
	/** Of conf.audio: the host is to be told. */
	void (*audio)(struct sipd_call *call, void *arg);
	/** Of its recordings; see stream.h. */
	void (*recording)(struct sipd_call *call,
			  const struct sipd_record_news *news, void *arg);
	/** It came in, and nothing was decided in time; see sipd_call_in. */
	void (*undecided)(struct sipd_call *call, void *arg);
	/** Last one; the call is freed when it returns. */
	void (*ended)(struct sipd_call *call,
		      const struct sipd_call_record *record, void *arg);
};

/** A call that came in, and rings: nothing of it is decided yet. */
struct sipd_call_in {
	uint64_t id;
	struct sipd_invite *invite; /* in its sipd_incoming_h */
	const char *from, *to;
	uint32_t timeout_ms; /* refused by 480 after it, */
	bool ask;            /* or undecided() is called */
};

/** Start a call.  Failures of any kind after the arguments were good come by
 *  ended(), never before this has returned.  0 or SIPDIALER_ENOMEM. */
int sipd_call_open(struct sipd_call **cp, const struct sipd_call_env *env,
		   const struct sipd_call_conf *conf,
		   const struct sipd_call_handlers *h, void *arg);

/** Take a call that came in.  0 or SIPDIALER_ENOMEM: refuse it then. */
int sipd_call_open_in(struct sipd_call **cp, const struct sipd_call_env *env,
		      const struct sipd_call_in *in,
		      const struct sipd_call_handlers *h, void *arg);
/** Answer it with these settings, its prompt read first.  Nothing happens to a
 *  call that does not ring (any more); it may be gone when this returns. */
void sipd_call_answer(struct sipd_call *call,
		      const struct sipd_call_conf *conf);
/** Audio before the answer, for timeout_ms: what these settings play, once it
 *  is read, and the host's.  Once a call; the settings of the answer count from
 *  then on, but not its codecs and audio. */
void sipd_call_early(struct sipd_call *call, const struct sipd_call_conf *conf,
		     uint32_t timeout_ms);
/** Refuse it, status 400-699; as above. */
void sipd_call_reject(struct sipd_call *call, int sip_status);
/** Send the caller to another number or URI; as above. */
void sipd_call_redirect(struct sipd_call *call, const char *to);

/** Let two calls hear each other, now or as soon as they have audio; each
 *  leaves the bridge that it is in.  0, SIPDIALER_ESTATE, _ENOMEM. */
int sipd_call_bridge(struct sipd_call *call, struct sipd_call *other);
/** Be in the place of another call: its bridge, and that ends. */
void sipd_call_take_over(struct sipd_call *call, struct sipd_call *old);
/** Id of the call whose session it is. */
uint64_t sipd_call_of(const struct sipd_invite *invite);
/** Hold a call that is answered, or go on; holding() follows. */
void sipd_call_hold(struct sipd_call *call, bool on);
/** Ask the far end to call `to`, or to NULL: the far end of `other`.
 *  transfer() follows, also if it cannot be asked.  The call ends when that
 *  has come about, and goes on if not. */
void sipd_call_transfer(struct sipd_call *call, const char *to,
			const struct sipd_call *other);
/** Is what the peer asked for by referred() still to be decided? */
bool sipd_call_refer_waits(const struct sipd_call *call);
/** Refuse it; too late nothing happens. */
void sipd_call_refer_reject(struct sipd_call *call, int sip_status);
void sipd_call_unbridge(struct sipd_call *call, const char *reason);

/** Where a 3xx led it, NULL nowhere. */
const char *sipd_call_redirected(const struct sipd_call *call);
void sipd_call_hangup(struct sipd_call *call, const char *reason);
/** The same, waiting for no answer of the peer. */
void sipd_call_abandon(struct sipd_call *call);
/** path "" stops what plays. */
void sipd_call_play(struct sipd_call *call, const char *path, uint32_t repeat);
void sipd_call_dtmf(struct sipd_call *call, const char *digits);
/** path "" stops the recording. */
void sipd_call_record_to(struct sipd_call *call, const char *path,
			 bool stereo);
/** Who answered, as far as is known: decides what SIPD_RECORD_HUMAN keeps. */
void sipd_call_record_verdict(struct sipd_call *call,
			      enum sipdialer_amd verdict);

#endif
