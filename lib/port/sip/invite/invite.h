/**
 * @file port/sip/invite/invite.h  Shared by the files of invite/; nobody else
 *
 * A session is in the table of its sipd_sip by Call-ID until it is dropped.
 * It outlives what its owner sees: after ended() it may still have to ACK, to
 * CANCEL or to say BYE.
 */
#ifndef SIPD_PORT_SIP_INVITE_H
#define SIPD_PORT_SIP_INVITE_H

#include "port/sip/internal.h"
#include "base/work.h"

enum {
	INVITE_SDP_MAX = 4096, /* bytes of a description of ours */
	INVITE_URI_SIZE = 600,
	INVITE_WAIT_MS = 64 * SIP_T1, /* RFC 3261 13.2.2.4, 17.1.1.2 */
	INVITE_HANGUP_MS = 4000,      /* the owner waits no longer */
	INVITE_LINGER_MS = SIP_T4,    /* for a BYE sent again */
	INVITE_FORKS = 4,             /* forks remembered as hung up */
	INVITE_SE_MIN = 90,           /* s, RFC 4028 4 */
	INVITE_PARTY_SIZE = 256,      /* number, name or URI of a caller */
	INVITE_HEADERS_SIZE = 4097,   /* lines of an INVITE told to the host */
	INVITE_REASON_SIZE = 224,     /* line of a Reason header */
	INVITE_REASON_TEXT = 80       /* words of a Reason header */
};

enum invite_state {
	INVITE_CALLING,   /* INVITE sent, no final answer */
	INVITE_RINGING,   /* INVITE came in, no final answer of ours */
	INVITE_CONFIRMED, /* 2xx taken, ACK sent; or 2xx sent */
	INVITE_ENDING,    /* BYE sent */
	INVITE_DONE       /* waits for what comes late */
};

/** Our side of a dialog. Route set and target are fixed by the 2xx, or by the
 *  INVITE that came in. */
struct invite_dialog {
	char *rtag;
	char *to;       /* value of To of our requests, with tag */
	char *target;   /* Request-URI */
	char *routes;   /* Route lines, NULL none */
	char *hop;      /* URI to send to */
	char *back;     /* URI of who sent the message that made it */
	struct sa peer; /* its address */
	bool reuse;     /* as long as there is a connection with it: by that */
};

/** A 2xx of ours to an INVITE, until its ACK. */
struct invite_reply {
	struct tmr tmr;
	struct sipd_invite *inv;
	struct sip_msg *msg;
	struct mbuf *mb;
	struct sa dst;
	uint32_t cseq;
	uint32_t wait_ms; /* to the next retransmission */
	uint32_t spent_ms;
	bool want_answer; /* we offered in the 2xx */
};

struct sipd_invite {
	struct le he;
	struct sipd_sip *sip;
	struct sipd_work work;
	struct sipd_invite_handlers h;
	void *arg;
	struct sipd_sdp_local local;
	struct tmr tmr; /* ring, then 4 s, then session timer, then linger */
	struct sipd_send *req;  /* INVITE, BYE or refresh under way */
	struct sipd_auth *auth; /* NULL until challenged */
	struct invite_dialog dlg;
	struct invite_reply *reply;
	struct list byel;           /* BYEs to other forks */
	struct list earlyl;         /* struct invite_early, until the answer */
	struct invite_early *shown; /* whose audio is heard, NULL none */
	struct invite_redirect *red; /* a 3xx that is followed, NULL none */
	char *called;                /* URI of To if it is not uri */
	struct tmr modify;           /* a re-INVITE that waits */
	uint32_t modify_seq, refresh_seq; /* CSeq */
	int modify_tries;
	bool hold_want;                   /* local.hold is what stands */
	struct invite_info *info;         /* keys of ours, or NULL */
	struct invite_refer *refer;       /* a transfer of ours, or NULL */
	struct invite_referred *referred; /* one of the peer's, or NULL */
	char *callid;
	char *uri;      /* Request-URI of the INVITE */
	char *hop;      /* where it goes */
	char *from;     /* value of From, with tag */
	char *headers;  /* extra ones; NULL after the final answer */
	char *identity; /* lines for the server only; NULL none */
	char *privacy;  /* for all */
	char *why;      /* of the owner's hangup, and for the BYE */
	int cause;      /* Q.850, for the BYE; 0: normal clearing */
	char ltag[17];
	enum invite_state state;
	uint32_t lseq;       /* last CSeq of ours */
	uint32_t invite_seq; /* of the last INVITE sent */
	uint32_t acked_seq;  /* of the last 2xx acknowledged */
	uint32_t rseq;       /* last CSeq of theirs */
	uint32_t asked;      /* requests of theirs, less 20 a second */
	uint64_t asked_ms;
	uint32_t sdp_sum;   /* hash of the last SDP of ours, version aside */
	uint32_t first_tag; /* hash of the first To tag */
	uint32_t pracks;    /* sent */
	uint64_t taken_ms;  /* first 2xx to our INVITE, 0 none */
	int fail;           /* why we gave up by ourselves: enum
			     * sipdialer_error, 0 did not */
	uint32_t forks[INVITE_FORKS]; /* tags of forks we hung up on */
	uint32_t forkc;
	bool forks_full;         /* and said so */
	bool early_full;         /* as well */
	bool elsewhere;          /* redirected to a host that has no business
				  * with the password */
	uint32_t expires_s;      /* session timer, 0 none. RFC 4028 */
	uint64_t expires_ms;     /* hung up then, unless refreshed */
	uint32_t min_se;         /* s, asked for by a 422; 0 none */
	const char *refresh_met; /* method of the refresh under way */
	uint16_t status;         /* final one of the INVITE */
	bool rseq_set;
	bool refresher;     /* it is us */
	bool peer_update;   /* peer allows UPDATE */
	bool refreshing;    /* req is a refresh */
	bool offering;      /* ... with a description */
	bool modifying;     /* ... to hold, or to go on */
	bool refresh_again; /* ... sent once more */
	bool bye_again;     /* BYE sent once more, the other way */
	bool tagged;        /* first_tag is set */
	bool forked;        /* more than one To tag was seen */
	bool responded;     /* anything came from the peer */
	bool provisional;   /* a 1xx to the INVITE under way */
	struct sa tried;    /* where the INVITE under way went */
	uint64_t sent_ms;   /* and when */
	bool ringing;
	bool answered;
	bool hungup;    /* no longer wanted */
	bool local_end; /* by the owner */
	bool ring_timeout;
	/* of a call that came in */
	bool inbound;
	bool unacked;             /* our 2xx: no BYE yet. RFC 3261 15 */
	struct sip_msg *msg;      /* its INVITE, until the ACK */
	struct mbuf *ring;        /* our 180, until the answer */
	char *branch;             /* of the INVITE: a copy of it, or another */
	uint32_t invite_rseq;     /* its CSeq */
	uint32_t ring_ms;         /* still to ring after this timer */
	struct invite_in *in;     /* in.h */
	struct sipd_invite *heir; /* that takes its place, NULL none */
	struct sipd_invite *heir_of; /* whose place it takes, NULL none */
	bool expires;                /* until the end that the INVITE says */
	bool told;                   /* ended() was called */
	bool dropped;                /* out of the table, waits to be freed */
};

/* ---- invite.c ----------------------------------------------------------- */

/** With all in it that needs closing; NULL: no memory. */
struct sipd_invite *invite_alloc(struct sipd_sip *sip);
/** Into the table, by its Call-ID. */
void invite_list(struct sipd_invite *inv);
/** Tell the owner, once. */
void invite_tell(struct sipd_invite *inv, struct sipd_invite_end *end);
/** Nothing is left to do but to wait for late messages; 0: nor that. */
void invite_done(struct sipd_invite *inv, uint32_t linger_ms);
/** Media agreed: tell the owner. */
void invite_media(struct sipd_invite *inv,
		  const struct sipd_sdp_remote *remote, bool early);
/** How long to wait for 2xx of other forks after the end. */
uint32_t invite_linger(const struct sipd_invite *inv, uint32_t ms);
/** Send the INVITE, also once more with an answer to a challenge. */
int invite_send(struct sipd_invite *inv);
/** Not wanted any more, for a reason of ours: CANCEL.  Once. */
void invite_give_up(struct sipd_invite *inv, int error, const char *why);

/* ---- answer.c ---------------------------------------------------------- */

/** CANCEL the INVITE under way if a 1xx came; invite_resp() does it else. */
void invite_cancel(struct sipd_invite *inv);
/** Response handler of the INVITE. */
void invite_resp(int err, const struct sip_msg *msg, void *arg);
/** No answer to the INVITE, for a reason of errno: end the session. */
void invite_unanswered(struct sipd_invite *inv, int err);
/** Read the challenges; 0 if the request should be sent again. */
int invite_challenge(struct sipd_invite *inv, const struct sip_msg *msg);
/** Reason phrase, printable, cut to the buffer. */
void invite_reason(const struct sip_msg *msg, char *buf, size_t size);
/** The SDP of a message, also as part of a multipart body. */
bool invite_body_sdp(const struct sip_msg *msg, struct pl *sdp);

/* ---- dialog.c ---------------------------------------------------------- */

/** What a dialog request carries besides the dialog. */
struct invite_request {
	const char *method;
	uint32_t cseq;
	const char *headers;       /* lines, "" none */
	const char *sdp;           /* NULL none */
	const char *body, *ctype;  /* another body, NULL none */
	struct sipd_invite *owner; /* gets the response; NULL: nobody */
	sip_resp_h *resph;
	struct sipd_send **reqp; /* instead of the owner's */
	void *arg;
};

extern const char invite_allow[]; /* lines Allow and Supported */

/** From a 2xx, or from an INVITE that came in.  EBADMSG if it does not make a
 *  dialog. */
int invite_dialog_create(struct invite_dialog *dlg,
			 const struct sipd_invite *inv,
			 const struct sip_msg *msg);
void invite_dialog_close(struct invite_dialog *dlg);
/** Target refresh by a Contact. RFC 3261 12.2.1.2 */
void invite_dialog_refresh(struct invite_dialog *dlg,
			   const struct sipd_sip *sip,
			   const struct sip_msg *msg);
int invite_dialog_send(struct sipd_invite *inv,
		       const struct invite_dialog *dlg,
		       const struct invite_request *rq);
/** Writes Contact, as libre tells the transport. */
int invite_contact(SIPD_LIBRE_SEND_ARGS);
void invite_ack(struct sipd_invite *inv, const struct invite_dialog *dlg,
		uint32_t cseq);
/** For a new request, not for one that answers its challenge. */
void invite_tries_afresh(struct sipd_invite *inv);
/** BYE; the session is in state ENDING when this returns. */
void invite_bye(struct sipd_invite *inv);
/** Words for the owner and the peer, NULL or "": the usual ones. */
void invite_why(struct sipd_invite *inv, const char *words);
/** The same with a cause of Q.850 and words for the peer. */
void invite_bye_for(struct sipd_invite *inv, int q850, const char *words);
/** A SIP URI that a request of ours may go to. */
bool invite_uri_ok(const struct pl *uri);

/* ---- fork.c ------------------------------------------------------------ */

/** 2xx nobody waits for: ACK, and BYE if it is the first of its fork and one
 *  of the first INVITE_FORKS. */
void invite_refuse(struct sipd_invite *inv, const struct sip_msg *msg);
/** Nobody waits for the answers of those BYEs any more. */
void invite_forks_close(struct sipd_invite *inv);

/* ---- timer.c: RFC 4028 ------------------------------------------------- */

/** Session-Expires and Min-SE of an INVITE of ours, "" none. */
void invite_timer_ask(const struct sipd_invite *inv, char *buf, size_t size);
/** Lines of our 2xx, "" none. */
void invite_timer_write(const struct sipd_invite *inv, char *buf, size_t size);
/** Headers of a request of ours that refreshes what was agreed, or changes the
 *  media. */
void invite_timer_again(const struct sipd_invite *inv, char *buf, size_t size);
/** Would it be refreshed too often?  Then 422 with `extra`. */
bool invite_timer_small(const struct sipd_sip *sip, const struct sip_msg *msg,
			char *extra, size_t size);
/** By a 422; true: send the request again, it asks for more now. */
bool invite_timer_raise(struct sipd_invite *inv, const struct sip_msg *msg);
/** Read Session-Expires and Allow of a 2xx, or of a request that is about to
 *  be accepted. */
void invite_session_timer(struct sipd_invite *inv, const struct sip_msg *msg);
/** Start it, in state CONFIRMED. */
void invite_timer_arm(struct sipd_invite *inv);
/** Value of Session-Expires, s; 0 none. */
uint32_t invite_expires(const struct sip_msg *msg);
/** The peer does not know it any more: BYE, and the end with these words. */
void invite_session_lost(struct sipd_invite *inv, const char *why);
/** Until a request that met one of the peer is sent again. RFC 3261 14.1 */
uint32_t invite_glare_ms(const struct sipd_invite *inv);

/* ---- check.c ----------------------------------------------------------- */

/** 420 and a line Unsupported, or 0.  Of requests in a dialog. */
int invite_check_require(const struct sip_msg *msg, char *extra, size_t size);
/** 422 or 415 with header lines in extra, or 0.  Of a re-INVITE or UPDATE. */
int invite_check_modify(const struct sipd_invite *inv,
			const struct sip_msg *msg, char *extra, size_t size);
/** 491 or 500 for one that crosses another, or 0. */
int invite_check_glare(const struct sipd_invite *inv,
		       const struct sip_msg *msg);

/* ---- reply.c ----------------------------------------------------------- */

void invite_reply_close(struct sipd_invite *inv);
/** 200 with our description, repeated until the ACK.  0 or errno. */
int invite_accept(struct sipd_invite *inv, const struct sip_msg *msg,
		  const char *sdp, bool want_answer);
/** 200 to an UPDATE; sdp NULL: none.  0 or errno. */
int invite_ok(struct sipd_invite *inv, const struct sip_msg *msg,
	      const char *sdp);
/** Our answer to an offer; our own offer.  0, or SIPDIALER_EFORMAT. */
int invite_answer_make(struct sipd_invite *inv, const struct pl *offer,
		       struct sipd_sdp_remote *remote, char *sdp, size_t size);
int invite_offer_make(struct sipd_invite *inv, char *sdp, size_t size);
bool invite_has_body(const struct sip_msg *msg);
/** Its body is compressed or the like. RFC 3261 20.12 */
bool invite_encoded(const struct sip_msg *msg);

/* ---- in.c -------------------------------------------------------------- */

/** A request without To tag: the INVITE of a call again, or its CANCEL. */
bool invite_in_request(struct sipd_sip *sip, const struct sip_msg *msg);
/** Is it the CANCEL of a call that rings?  Some have the To tag of our 180. */
bool invite_in_cancel(struct sipd_invite *inv, const struct sip_msg *msg);
/** PRACK of our reliable 18x; false: of none. */
bool invite_in_prack(struct sipd_invite *inv, const struct sip_msg *msg);
/** An UPDATE with an offer, before the answer: 200 and the answer to it, or the
 *  status to refuse it with. */
int invite_in_update(struct sipd_invite *inv, const struct sip_msg *msg,
		     char *sdp, size_t size);
/** That answer has been sent. */
void invite_in_updated(struct sipd_invite *inv);
/** BYE before the answer; it has been answered. */
void invite_in_bye(struct sipd_invite *inv, const struct sip_msg *msg);
/** The ACK of our first 2xx is there. */
void invite_in_acked(struct sipd_invite *inv);
/** Offer and answer are complete: the call is answered. */
void invite_in_agreed(struct sipd_invite *inv,
		      const struct sipd_sdp_remote *remote);
void invite_in_hangup(struct sipd_invite *inv, const char *reason);

/* ---- reason.c: RFC 3326 ------------------------------------------------ */

struct invite_reason {
	int q850, sip; /* causes, 0 none */
	char text[INVITE_REASON_TEXT];
};

void invite_reason_read(const struct sip_msg *msg, struct invite_reason *r);
/** A line Reason for a request of ours. */
void invite_reason_write(int q850, const char *words, char *buf, size_t size);

/* ---- secure.c ---------------------------------------------------------- */

/** The INVITE was refused for the way its keys were offered: true if it is to
 *  be sent again, with another. */
bool invite_secure_again(struct sipd_invite *inv, const struct sip_msg *msg);
void invite_secure_agreed(struct sipd_invite *inv,
			  const struct sipd_sdp_remote *remote);

/* ---- caller.c ---------------------------------------------------------- */

struct invite_caller_text {
	struct sipd_invite_caller caller; /* points to the rest */
	char from[INVITE_PARTY_SIZE], name[INVITE_PARTY_SIZE],
		to[INVITE_PARTY_SIZE];
	char asserted[INVITE_PARTY_SIZE], diverted[INVITE_PARTY_SIZE];
	char verstat[64];
	char headers[INVITE_HEADERS_SIZE];
};

/** Number or user, else the URI. */
void invite_party(const struct uri *uri, const struct pl *whole,
		  char buf[INVITE_PARTY_SIZE]);

/** What is not UTF-8 or does not print becomes '?'; a last character that was
 *  cut at size goes. */
void invite_text_clean(char *s, size_t size);
void invite_caller_read(const struct sipd_sip *sip, const struct sip_msg *msg,
			struct invite_caller_text *text);

/* ---- asserted.c --------------------------------------------------------- */

/** The rest of it: identities, diversion, verstat, header lines. */
void invite_asserted_read(const struct sip_msg *msg,
			  struct invite_caller_text *text);

/* ---- identity.c --------------------------------------------------------- */

/** Does the From name nobody? */
bool invite_identity_hidden(const struct sipd_identity *id);
/** Check, and make the lines of the INVITE; name is a quoted-string or "". 0 or
 *  an error. */
int invite_identity_make(struct sipd_invite *inv,
			 const struct sipd_identity *id, const char *name);
/** The lines, for where this INVITE goes. */
int invite_identity_write(struct mbuf *mb, const struct sipd_invite *inv);

#endif
