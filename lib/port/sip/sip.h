/**
 * @file port/sip/sip.h  SIP stack, registration and INVITE sessions
 *
 * What core and api see of SIP.  All on the loop thread.  Sits on libre's
 * transports, transactions and dialogs; the policy (who is believed, what is
 * answered, digest, redirects) is ours: specs facts A-N.
 */
#ifndef SIPD_PORT_SIP_SIP_H
#define SIPD_PORT_SIP_SIP_H

#include <stdbool.h>
#include <stdint.h>
#include "base/log.h"
#include "port/loop.h"
#include "port/net.h"
#include "port/sip/sdp/sdp.h"

struct sipd_sip;

enum sipd_transport { SIPD_UDP, SIPD_TCP, SIPD_TLS };

/** Weakest digest that is answered. */
enum sipd_digest { SIPD_DIGEST_MD5, SIPD_DIGEST_SHA_256 };
/** Whose calls come in. */
enum sipd_calls_from { SIPD_CALLS_SERVER, SIPD_CALLS_TRUNKS, SIPD_CALLS_BOTH };
/** Where the number called is read. */
enum sipd_did { SIPD_DID_AUTO, SIPD_DID_URI, SIPD_DID_TO };
/** Who refreshes a session, where we choose; auto: the peer chooses. */
enum sipd_refresher {
	SIPD_REFRESHER_AUTO,
	SIPD_REFRESHER_LOCAL,
	SIPD_REFRESHER_REMOTE
};

/** Reliable provisional responses.  RFC 3262 */
enum sipd_100rel {
	SIPD_100REL_NO,
	SIPD_100REL_SUPPORTED,
	SIPD_100REL_REQUIRED
};

enum sipd_keepalive_by { SIPD_BY_CRLF, SIPD_BY_STUN, SIPD_BY_OPTIONS };

/** Options as the engine read them. Strings are copied by sipd_sip_open(). */
struct sipd_sip_conf {
	const char *server; /* host or address, "" none */
	uint16_t port;      /* 0: 5060 (TLS 5061), or SRV by name */
	enum sipd_transport transport;
	const char *dns_servers; /* "" those of the system */
	uint32_t blacklist_time; /* s, a server that fails is left alone */
	uint32_t failover_time;  /* s, then another one is asked; 0 never */
	const char *user;        /* "" anonymous */
	const char *auth_user;   /* "" same as user */
	const char *password;
	const char *domain; /* "" same as server */
	const char *realm;  /* one, or several with commas; "" the
				     * first the server's own address names */
	enum sipd_digest digest;
	const char *outbound_proxy; /* "" or host[:port] or sip URI */
	bool reg;                   /* register at the server */
	uint32_t reg_expires;       /* s asked for */
	const char *instance;       /* "" or auto, no, a UUID */
	enum sipd_keepalive_by keepalive;
	uint32_t keepalive_interval;  /* s, 0 off */
	unsigned dscp;                /* of what is sent, 0 none */
	const char *local_address;    /* "" chosen by the route */
	uint16_t local_port;          /* 0 any */
	const char *external_address; /* "" none; put in Contact and SDP */
	bool keep_contact; /* Contact has our own address, whatever servers
			    * see */
	const char *user_agent;
	const char *tls_ca_file;    /* "" the system's */
	const char *tls_cert_file;  /* "" none */
	const char *tls_key_file;   /* "" in tls_cert_file */
	const char *redirect_allow; /* "" no 3xx is followed */
	enum sipd_100rel rel100;
	bool tls_verify;    /* chain and name of the server */
	bool tls_1_3;       /* nothing older; else 1.2 */
	uint32_t hash_size; /* transactions expected at once */
	const char *trunks; /* addresses, networks, names; "" none */
	enum sipd_calls_from calls_from;
	enum sipd_did did;
	uint32_t session_expires; /* s asked for, 0 none. RFC 4028 */
	uint32_t session_min;     /* s, shortest one taken */
	enum sipd_refresher refresher;
};

/** State of the registration, told at every change. */
struct sipd_reg_state {
	int state;           /* enum sipdialer_registration */
	int sip_status;      /* of the last answer, 0 none */
	const char *reason;  /* in words */
	uint32_t expires;    /* granted, s */
	uint32_t retry_ms;   /* next try after, 0 none */
	const char *headers; /* Service-Route and Path of the answer, as
			      * "Name: value\n"; NULL none */
};

typedef void(sipd_reg_h)(const struct sipd_reg_state *st, void *arg);

/** Open the transports; registration starts at once if asked for. */
int sipd_sip_open(struct sipd_sip **sp, struct sipd_loop *loop,
		  struct sipd_log *log, const struct sipd_sip_conf *conf,
		  sipd_reg_h *regh, void *arg);

/** Un-register (at most wait_ms, and 1 s), see BYEs and CANCELs of ended
 *  sessions answered (at most wait_ms), then call h and free everything.
 *  Sessions must have ended. */
void sipd_sip_close(struct sipd_sip *sip, uint32_t wait_ms,
		    void (*h)(void *arg), void *arg);

/** "udp:10.0.0.1:5060" for STARTED. */
const char *sipd_sip_local(const struct sipd_sip *sip);

/** Our address as the target would see it, for SDP: external address if set,
 *  else local address of the route to the server (or `to`). */
bool sipd_sip_media_address(struct sipd_sip *sip, const char *to,
			    union sipd_addr *bind_addr,
			    union sipd_addr *advertise);

struct sipd_invite;

/** Who calls; the strings are clean UTF-8 of at most 255 bytes and live as
 *  long as the handler runs. */
struct sipd_invite_caller {
	const char *from;     /* number or user, else the SIP URI */
	const char *name;     /* "" none */
	const char *to;       /* number called, as `from` */
	const char *asserted; /* by the network, as `from`; "" not */
	const char *diverted; /* who diverted the call last; "" nobody */
	const char *verstat;  /* "TN-Validation-Passed" ..., "" unsaid */
	const char *headers;  /* lines for the ends, '\n' after each; at most
			       * 4,096 bytes */
	struct sipd_invite *replaces; /* whose place it is to take, NULL none:
				       * answer it, then end that one */
};

/** A call comes in from the server or a trunk: sipd_invite_take() it and return 0, or
 *  return the SIP status to refuse it with; 488: for what sipd_error_text()
 *  says. */
typedef int(sipd_incoming_h)(struct sipd_invite *inv,
			     const struct sipd_invite_caller *caller,
			     void *arg);

/** Take calls from now on, of those conf.calls_from says; h NULL: answer them
 *  by 480, as before the first time, and as those that are known but may not
 *  call.  Strangers get no answer either way. */
void sipd_sip_incoming(struct sipd_sip *sip, sipd_incoming_h *h, void *arg);

struct sipd_sip_stats {
	uint64_t requests_in, responses_in, malformed, strangers;
	uint64_t replies_limited;
	uint64_t strays;     /* responses that nobody waited for */
	uint64_t incoming;   /* INVITEs for new calls that were looked at */
	uint64_t servers;    /* behind the name of the next hop */
	uint64_t left_alone; /* of them */
	uint64_t failovers;  /* requests that went to another of them */
};
/** Add b to a. @thread any */
void sipd_sip_stats_add(struct sipd_sip_stats *a,
			const struct sipd_sip_stats *b);
/** @thread any, until sipd_sip_close() */
void sipd_sip_stats(const struct sipd_sip *sip, struct sipd_sip_stats *st);

/** Is `to` a number or SIP URI we can call?  Says why not by sipd_error().
 *  RFC 3261 19.1.  Refuses control bytes, blanks, headers in URIs ("?"), and
 *  more than 255 bytes. @thread any */
int sipd_sip_check_target(const char *to);

/** Is this header allowed on an INVITE ("Name: value")?  No control bytes, a
 *  token as name, none of the headers that we own (Via, From, To, Call-ID,
 *  CSeq, Contact, Content-*, Route, Max-Forwards, Authorization ...).
 *  @thread any */
int sipd_sip_check_header(const char *header);

/** Is it a list of trunks: at most 64 addresses, networks and host names?
 *  @thread any */
int sipd_sip_check_trunks(const char *text);
/** List of [number-prefix*@]host, with commas: whereto a 3xx may lead.
 *  @thread any */
int sipd_sip_check_redirect(const char *list);

/** Display name: UTF-8, no control bytes, at most 127 bytes; caller id: user
 *  part of a URI or whole SIP URI. @thread any */
int sipd_sip_check_caller(const char *id, const char *name);


/** Value of sip.asserted_identity and the like: number, user, SIP URI or tel:+
 *  and digits. @thread any */
int sipd_sip_check_identity(const char *value);
/** Words of RFC 3323 4.2 with commas or semicolons. @thread any */
int sipd_sip_check_privacy(const char *list);


/* ---- INVITE session ---------------------------------------------------- */

/** Who we say that we are besides From; NULL or "" nothing. */
struct sipd_identity {
	const char *privacy;   /* RFC 3323; user or id: From hides us */
	const char *asserted;  /* P-Asserted-Identity, to the server only */
	const char *preferred; /* P-Preferred-Identity, the same */
	const char *diversion; /* Diversion, the same */
};

struct sipd_invite_params {
	const char *to;          /* number or SIP URI, checked */
	const char *caller_id;   /* "" account's user */
	const char *caller_name; /* "" none */
	struct sipd_identity identity;
	const char *const *headers; /* "Name: value", checked */
	size_t headerc;
	uint32_t ring_timeout_ms; /* CANCEL after it; 0 none */
};

/** Why and how a session ended. */
struct sipd_invite_end {
	int sip_status;       /* final status of the INVITE, 0 none; 200 if
			       * answered; of a call that came in: ours */
	int q850;             /* cause of a Reason header, 0 none. RFC 3326 */
	int error;            /* 0, or enum sipdialer_error: ENET no answer or
			       * transport, EAUTH, EFORMAT malformed answer */
	uint32_t retry_after; /* s, 0 none. RFC 3261 20.33 */
	bool answered;        /* we accepted a 2xx (before any CANCEL) */
	bool ringing;         /* a 180/183 was seen */
	bool ring_timeout;    /* we gave up for ring_timeout_ms */
	bool local;           /* we hung up */
	bool network_block;   /* a 603 of the network, not of the called
			       * person ("603+", ATIS-1000099) */
	const char *reason;   /* reason phrase or words */
	const char *contact;  /* of a 3xx, not followed. "" none */
};

enum sipd_transfer_state {
	SIPD_TRANSFER_TRYING,
	SIPD_TRANSFER_RINGING,
	SIPD_TRANSFER_COMPLETED,
	SIPD_TRANSFER_FAILED
};

struct sipd_transfer {
	enum sipd_transfer_state state;
	int sip_status; /* as the peer told it last, 0 none */
	const char *reason;
};

/** Whom the peer asks us to call; strings live as the handler runs. */
struct sipd_referral {
	const char *to;       /* number or SIP URI, checked */
	const char *replaces; /* value of Replaces for the INVITE, "" none */
	const char *by;       /* who asks, "" unsaid. RFC 3892 */
};

/** What the session tells; arg is that of sipd_invite_open(). */
struct sipd_invite_handlers {
	/** 1xx above 100. */
	void (*progress)(int status, const char *reason, void *arg);
	/** Media agreed or changed: early (before the answer) or not. */
	void (*media)(const struct sipd_sdp_remote *remote, bool early,
		      void *arg);
	/** 2xx taken, ACK sent; or of a call that came in: 2xx sent. */
	void (*answered)(void *arg);
	/** DTMF by INFO (application/dtmf-relay, application/dtmf). */
	void (*info_dtmf)(char digit, uint32_t duration_ms, void *arg);
	/** All of sipd_invite_keys() were taken, or (false) the peer refused. */
	void (*keys_sent)(bool ok, void *arg);
	/** Last one.  The session frees itself later; a BYE, or a late 2xx, is
	 *  still taken care of behind the scenes.  The pointer is invalid for
	 *  the caller when this returns. */
	void (*ended)(const struct sipd_invite_end *end, void *arg);
	/** What became of sipd_invite_hold(); error: the peer refused. */
	void (*holding)(bool on, int error, const char *reason, void *arg);
	/** How a transfer goes.  The session goes on until it is ended. */
	void (*transfer)(const struct sipd_transfer *t, void *arg);
	/** The peer asks us to call somebody; true: sipd_invite_referred() will
	 *  tell how that goes, false: refused. */
	bool (*referred)(const struct sipd_referral *r, void *arg);
};

/** Send the INVITE with an offer made from `local` (copied). */
int sipd_invite_open(struct sipd_invite **ip, struct sipd_sip *sip,
		     const struct sipd_invite_params *params,
		     const struct sipd_sdp_local *local,
		     const struct sipd_invite_handlers *h, void *arg);

/** Send keys by INFO in a session that is up, at most 64 waiting; keys_sent()
 *  follows.  RFC 6086 */
int sipd_invite_keys(struct sipd_invite *inv, const char *digits);

/** Could its offer be answered in this mode?  0, also for one without an offer,
 *  or an error with text.  In a sipd_incoming_h only. */
int sipd_invite_check_srtp(const struct sipd_invite *inv,
			   enum sipd_srtp_mode mode);

/** A call that came in rings: 180, then 480 by itself after ring_timeout_ms,
 *  not 0.  In a sipd_incoming_h only. */
void sipd_invite_take(struct sipd_invite *inv, uint32_t ring_timeout_ms,
		      const struct sipd_invite_handlers *h, void *arg);

/** As sipd_sip_media_address(), towards where a call that rings came from. */
bool sipd_invite_media_address(struct sipd_invite *inv,
			       union sipd_addr *bind_addr,
			       union sipd_addr *advertise);

/** Answer a call that rings by 200 with a description made of `local`
 *  (copied).  answered() or ended() follow, also before this returns; the
 *  former with the ACK if the INVITE had no offer.  RFC 3261 13.3.1.4 */
void sipd_invite_answer(struct sipd_invite *inv,
			const struct sipd_sdp_local *local);

/** Audio before the answer: 183 with a description made of `local` (copied),
 *  reliable as far as the caller has it.  media(early) follows at once, or with
 *  the PRACK.  From now on it rings for timeout_ms.  The answer has the same
 *  description.  False: the INVITE has no offer, and ours would get no answer
 *  before its ACK; nothing is sent. RFC 3262, 6337 */
bool sipd_invite_early(struct sipd_invite *inv,
		       const struct sipd_sdp_local *local,
		       uint32_t timeout_ms);

/** arg of its handlers. */
void *sipd_invite_owner(const struct sipd_invite *inv);

/** Send the caller elsewhere: 302 with this number or URI as Contact.  0, or
 *  an error and nothing is sent. RFC 3261 21.3.3 */
int sipd_invite_redirect(struct sipd_invite *inv, const char *to);

/** Refuse a call that rings, status 400-699; ended() comes before this
 *  returns.  Nothing happens to a call that does not ring. */
void sipd_invite_reject(struct sipd_invite *inv, int sip_status,
			const char *reason);

/** Hold (we send, the peer does not) or go on; holding() follows, unless that
 *  is how it is.  Nothing happens to a session that is not answered. */
void sipd_invite_hold(struct sipd_invite *inv, bool on);

/** Ask the peer by REFER to call `to`, a number or SIP URI, or to take the place
 *  of us in the session `other`, to NULL.  transfer() follows.  0, ESTATE,
 *  EFORMAT, ENOMEM.  RFC 3515, 5589 */
int sipd_invite_transfer(struct sipd_invite *inv, const char *to,
			 const struct sipd_invite *other);

/** How the call goes that the peer asked for: SIP status; from 200 on the
 *  last. */
void sipd_invite_referred(struct sipd_invite *inv, int sip_status);

/** CANCEL (held back until a 1xx), or BYE.  `ended` follows: at once after a
 *  BYE is on its way, or with the final answer, at the latest after 4 s.  A
 *  call that came in gets 480, or once its ACK is there a BYE. */
void sipd_invite_hangup(struct sipd_invite *inv, const char *reason);

/** Hang up and tell `ended` before this returns; what is still owed to the
 *  peer goes on behind the scenes. */
void sipd_invite_abandon(struct sipd_invite *inv);

/** Call-ID, for rows and logs. */
const char *sipd_invite_callid(const struct sipd_invite *inv);
/** Word of P-Early-Media that lets the audio before the answer through, NULL if
 *  the network says nothing.  RFC 5009 8 */
const char *sipd_invite_early_gate(const struct sipd_invite *inv);
/** URI that a 3xx led to and that is being called, NULL none. */
const char *sipd_invite_redirected(const struct sipd_invite *inv);

#endif
