/**
 * @file core/call/internal.h  Shared by the files of core/call; nobody else
 */
#ifndef SIPD_CORE_CALL_INTERNAL_H
#define SIPD_CORE_CALL_INTERNAL_H

#include "core/call/call.h"

enum sipd_call_state {
	SIPD_CALL_LOADING, /* the prompt is read before anything is sent, or
			    * before the call is answered */
	SIPD_CALL_DIALING, /* INVITE out; or 200 out, which waits for an ACK
			    * with the answer to our offer */
	SIPD_CALL_RINGING, /* INVITE in, the host is to decide */
	SIPD_CALL_ANSWERED,
	SIPD_CALL_CLOSING /* signalling is over, audio is being closed */
};

enum {
	SIPD_CALL_LOADS_MAX = 16,    /* prompts being read for one call */
	SIPD_CALL_KEYS = 8,          /* keys remembered, to know them again */
	SIPD_CALL_FOR_EVER = 1000000 /* times to play */
};

/** A prompt that is being read. */
struct sipd_call_load {
	struct sipd_call *call;
	uint32_t repeat;
	bool first; /* of the call's settings: dial when it is
				  * there, and not without it */
	char path[];
};

/** How a key came. */
enum sipd_key_way { SIPD_KEY_EVENT, SIPD_KEY_INFO, SIPD_KEY_TONE };

/** A key that was told. */
struct sipd_call_key {
	char digit;
	unsigned ways; /* it has come by, a bit each */
	uint64_t at_ms;
};

/** What is done about who answers. */
enum sipd_amd_state {
	SIPD_AMD_LISTENS, /* until the verdict, */
	SIPD_AMD_ACTS,    /* its action is the host's, or done */
	SIPD_AMD_WAITS,   /* the message waits for the beep */
	SIPD_AMD_SAYS     /* the message plays */
};

/** Of a call that is listened to. */
struct sipd_call_amd {
	enum sipd_amd_state state;
	bool taken; /* by the host, before the verdict */
	bool plays; /* call.play; another verdict stops it */
	enum sipd_amd_action actions[SIPD_AMD_VERDICTS];
	enum sipd_amd_early early;
	char *path, *transfer;
	struct sipd_prompt *message;
	bool transfers; /* its action, not the host */
	uint32_t beep_timeout_ms, end_silence_ms;
	struct sipd_listener_conf listener;

	/* the message */
	struct sipd_timer limit; /* of listening, then of waiting */
	struct sipd_timer start; /* behind the beep */
	uint32_t said_ms;        /* began to play, ms after the answer */
	unsigned unsaid;         /* began anew, to be told by the stream */
	char why[64];            /* it is over, if the host did that */

	struct sipd_amd_record record;
	struct sipd_amd_told likely; /* told last, provisional; or no text */
	const char *tone; /* of the network, see struct sipd_outcome */
};

struct sipd_call {
	struct sipd_call_env env;
	const struct sipd_call_handlers *h;
	void *arg;
	enum sipd_call_state state;
	bool inbound;
	bool quit;                     /* hang-up asked for */
	unsigned loads;                /* prompts being read */
	struct sipd_call_load *newest; /* of these, the one that will play */
	unsigned plays;                /* prompts at the stream */
	bool keying;                   /* keys at the stream */
	bool info_keying;              /* keys at the signalling */
	bool keys_by_info;
	enum sipd_dtmf_mode dtmf_mode;
	struct sipd_call_key keys[SIPD_CALL_KEYS]; /* heard last, a ring */
	unsigned keyc;
	bool stopped;   /* by the host, nothing since */
	bool connected; /* media agreed at least once */
	bool early_told;
	const char *gate;  /* told with it */
	bool record_begun; /* before the answer */
	bool early_out; /* audio before the answer, of a call that came in */
	int progress;   /* last 1xx */
	bool held;
	bool ended_told; /* invite has ended */
	bool rtp_silent; /* ended for want of RTP */

	/* settings */
	uint64_t id;
	char *to, *from, *name, *headers, *play, *dtmf_send, *record;
	char *privacy, *asserted, *preferred, *diversion; /* NULL none */
	uint32_t ring_timeout_ms, max_duration_ms, rtp_timeout_ms;
	uint32_t repeat;
	struct sipd_sdp_local sdp;
	bool record_stereo, hangup_after_play;
	enum sipd_record_policy record_policy;
	char *record_name; /* pattern */
	uint64_t record_max_bytes;
	uint32_t record_max_ms;
	uint64_t campaign, contact;

	struct sipd_invite *invite;
	struct sipd_stream *stream;
	struct sipd_call_amd *amd;    /* NULL: nobody listens */
	struct sipd_prompt *prompt;   /* to play once answered */
	struct sipd_hostaudio *audio; /* NULL: none */
	struct sipd_call *peer;       /* bridged to, or NULL */
	struct sipd_bridge *bridge;   /* NULL: none; a reference */
	int bridge_end;
	struct sipd_call *asked;    /* made as its peer asked, or NULL */
	struct sipd_call *asked_by; /* the other way round */
	struct sipd_timer refer;    /* the host is to decide */
	char *hold_play;
	bool holding, refer_ask;
	struct sipd_timer timer; /* longest duration, or tail of prompt */
	const char *tail_reason; /* of the latter */
	struct sipd_work work;

	/* facts */
	int64_t start_ms, ring_at_ms, answer_ms, end_ms; /* wall */
	uint64_t dial_mono, answer_mono, end_mono;       /* monotonic, ms */
	struct sipd_outcome outcome;
	const char *codec;
	const char *srtp; /* NULL: plain */
	char reason[128];
	char callid[64];
	char dtmf[SIPD_CALL_DTMF_MAX + 1];
	size_t dtmfc;
	struct sipd_rtp_stats rtp;
	char *recording;
};

/* call.c */
/** What calls of both directions begin with; NULL: no memory. */
struct sipd_call *sipd_call_new(const struct sipd_call_env *env,
				const struct sipd_call_handlers *h, void *arg);
extern const struct sipd_invite_handlers sipd_call_invite_handlers;
/** Settings of conf that a call has only once; false: no memory. */
bool sipd_call_settings(struct sipd_call *call,
			const struct sipd_call_conf *conf);
void sipd_call_free(struct sipd_call *call);
/** Read the first prompt, if any, then go on by sipd_call_loaded(). */
void sipd_call_prepare(struct sipd_call *call);
void sipd_call_note_failure(struct sipd_call *call, int error,
			    const char *text);
void sipd_call_signalling_over(struct sipd_call *call);
/** Tell the end and free, once signalling, audio and loading are all over. */
void sipd_call_finish_if_over(struct sipd_call *call);
/** The first prompt is there, or (error) will never be. */
void sipd_call_loaded(struct sipd_call *call, int error, const char *text);

/** Is what plays or is said heard, answered or not? */
static inline bool sipd_call_heard(const struct sipd_call *call)
{
	return call->stream &&
	       (call->state == SIPD_CALL_ANSWERED ||
		(call->early_out && call->state != SIPD_CALL_CLOSING));
}

/* call_in.c */
/** All is there that the answer needs. */
void sipd_call_take(struct sipd_call *call);
/** It cannot be answered after all. */
void sipd_call_cannot(struct sipd_call *call, int error, const char *text);

/* call_transfer.c */
void sipd_call_holding(bool on, int error, const char *reason, void *arg);
void sipd_call_transferred(const struct sipd_transfer *t, void *arg);
bool sipd_call_asked(const struct sipd_referral *r, void *arg);
/** It is made because the peer of `by` asks for it. */
void sipd_call_asked_open(struct sipd_call *call, struct sipd_call *by);
/** How a call goes that was asked for. */
void sipd_call_asked_progress(struct sipd_call *call, int sip_status);
/** It is over. */
void sipd_call_asked_over(struct sipd_call *call, int sip_status);

/* call_amd.c */
/** Settings; false: no memory. */
bool sipd_call_amd_open(struct sipd_call *call,
			const struct sipd_amd_conf *conf);
void sipd_call_amd_close(struct sipd_call *call);
/** What the stream is to listen for, NULL nothing. */
const struct sipd_listener_conf *
sipd_call_amd_listener(const struct sipd_call *call);
/** Is there still something that it waits for or says? */
bool sipd_call_amd_busy(const struct sipd_call *call);
/** It is answered, and has a stream. */
void sipd_call_amd_answered(struct sipd_call *call);
/** A sipd_told_h. */
void sipd_call_amd_told(const struct sipd_told *told, void *arg);
/** The host does something else with the call, in words. */
void sipd_call_amd_taken(struct sipd_call *call, const char *what);
/** A transfer has failed. */
void sipd_call_amd_not_transferred(struct sipd_call *call);
/** It is over: there will be no verdict any more. */
void sipd_call_amd_over(struct sipd_call *call);
/** The action of a human, of a machine, ... */
void sipd_call_amd_act(struct sipd_call *call, enum sipdialer_amd verdict,
		       const struct sipd_told *told);

/* call_message.c */
/** Read it, before the call is made; true: sipd_call_loaded() follows. */
bool sipd_call_message_load(struct sipd_call *call);
/** Leave it, after the beep or at once. */
void sipd_call_message_leave(struct sipd_call *call,
			     const struct sipd_told *told, bool at_once);
/** Something was heard while it waits or plays. */
void sipd_call_message_told(struct sipd_call *call,
			    const struct sipd_told *told);
/** The stream has played it, or not; false: that was no message. */
bool sipd_call_message_played(struct sipd_call *call,
			      const struct sipd_prompt *prompt, bool whole);
/** Do not leave it: what it waits for comes no more. */
void sipd_call_message_skip(struct sipd_call *call, const char *reason);

/* call_bridge.c */
/** The stream is there: give it the bridge, if there is one. */
void sipd_call_bridge_audio(struct sipd_call *call);
/** A key of the far end is for the other call, too. */
void sipd_call_bridge_key(struct sipd_call *call, char digit);

/* call_audio.c */
/** Read a prompt and play it, now or once answered. */
int sipd_call_load(struct sipd_call *call, const char *path, uint32_t repeat,
		   bool first);
int sipd_call_audio_open(struct sipd_call *call);
void sipd_call_audio_connect(struct sipd_call *call,
			     const struct sipd_sdp_remote *remote);
void sipd_call_audio_answered(struct sipd_call *call);
/** How the audio is encrypted, from what was agreed. */
void sipd_call_note_srtp(struct sipd_call *call,
			 const struct sipd_secure *secure);
/** Hang up if it is set so and nothing is to be heard any more. */
void sipd_call_hangup_if_done(struct sipd_call *call);
/** Hang up a little later, so that the end of what was played is heard. */
void sipd_call_hangup_soon(struct sipd_call *call, const char *reason);
/** The prompt that is there, on a stream that is heard. */
void sipd_call_play_now(struct sipd_call *call);
void sipd_call_keying_done(struct sipd_call *call);

/* call_record.c */
/** What was asked for, or the policy says. */
void sipd_call_record_answered(struct sipd_call *call);
/** Of the stream; arg is the call. */
void sipd_call_recording(const struct sipd_record_news *news, void *arg);

/* call_keys.c */
/** Which way keys take in what was agreed. */
void sipd_call_keys_agree(struct sipd_call *call,
			  struct sipd_sdp_remote *remote);
/** A key came. */
void sipd_call_key(struct sipd_call *call, char digit, uint32_t duration_ms,
		   enum sipd_key_way way);
/** In an answered call with a stream. */
void sipd_call_keys_send(struct sipd_call *call, const char *digits);

#endif
