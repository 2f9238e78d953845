/**
 * @file port/sip/internal.h  Shared by the files of port/sip; nobody else
 *
 * Includes libre.  Everything here runs on the loop thread.
 */
#ifndef SIPD_PORT_SIP_INTERNAL_H
#define SIPD_PORT_SIP_INTERNAL_H

#include <stdatomic.h>
#include "port/libre/libre.h"
#include "port/sip/account.h"
#include "port/sip/servers.h"
#include "port/sip/sip.h"
#include "port/sip/transport.h"

/** What our dialogs take; for Allow in requests and answers. */
#define SIPD_ALLOW \
	"INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, REFER, " \
	"NOTIFY"

/** Of a request by way of sip.outbound_proxy. */
#define SIPD_ROUTE_LINE "Route: <%s;lr>\r\n"

enum {
	SIPD_KNOWN_MAX = 8, /* addresses of the server; more: the oldest
			      * learned one is forgotten */
	SIPD_REALM_SIZE = 128,
	SIPD_USER_MAX = 64,    /* bytes, of sip.user */
	SIPD_STRING_MAX = 255, /* of other strings */
	SIPD_HOST_MAX = 253    /* RFC 1035 2.3.4 */
};

/** What sipd_sip_stats() tells; counted on the loop. */
struct sipd_sip_counts {
	atomic_uint_fast64_t requests_in, responses_in, malformed, strangers;
	atomic_uint_fast64_t replies_limited, strays, incoming;
};

struct sipd_sip {
	struct sip *sip;
	struct sipd_loop *loop;
	struct sipd_log *log;
	struct sipd_sip_conf conf; /* strings owned */
	struct sipd_servers *servers;
	struct sipd_mapped mapped;
	struct sip_lsnr *lsnr_req;
	struct sip_lsnr *lsnr_resp;
	struct hash *invites; /* by Call-ID (hash_joaat_str) */
	uint32_t invitec;
	char aor[300];               /* "sip:user@domain" */
	char registrar[300];         /* "sip:domain" */
	char route[300];             /* next hop "sip:host:port;transport=tcp"
				      * of everything towards the server */
	char local[96];              /* "udp:10.0.0.1:5060" */
	char hop[SIPD_HOST_MAX + 1]; /* host of the next hop, as configured */
	struct sa server_addr;      /* known address of the server; unset until
				      * a literal or a first answer tells */
	struct sipd_trunks *trunks; /* NULL: none */
	struct sipd_tls *tls;       /* NULL unless sip.transport = tls */
	struct sipd_register *reg;
	sipd_reg_h *regh;
	void *arg;
	struct sipd_sip_counts stats;

	char domain[272];            /* host[:port] of URIs at the server, or
				      * our own address if there is none */
	char realm[SIPD_REALM_SIZE]; /* the one we answer; "" not yet known */
	struct sa known[SIPD_KNOWN_MAX]; /* known sources, IP only */
	size_t knownc;
	size_t known_fixed;       /* the first ones are configured */
	struct sa laddr;          /* UDP transport */
	struct sa route_dst;      /* the last asked way: to there ... */
	struct sa route_src;      /* ... the kernel sends from here */
	uint64_t route_ms;        /* asked at */
	union sipd_addr external; /* family 0: none */
	struct sipd_hosts *hosts;
	uint64_t reply_ms; /* token bucket of stateless replies */
	uint32_t reply_tokens;
	struct sipd_work work; /* of closing */
	void (*closeh)(void *arg);
	void *close_arg;
	sipd_incoming_h *incomingh; /* NULL: no calls come in */
	void *incoming_arg;
	uint64_t incoming_ms; /* token bucket of calls that come in */
	uint32_t incoming_tokens;
	uint64_t stranger_ms;      /* one that called was told of */
	bool keys_seen;            /* warned of SRTP keys without TLS */
	bool hop_known;            /* the address of the next hop */
	struct sipd_send *located; /* OPTIONS that asks for it */
	struct tmr locate;         /* the next one */
	struct tmr settle;         /* of closing: BYEs without an answer */
	uint64_t close_until;      /* ms */
	struct sipd_libre_stack conns;
	struct list attempts; /* transactions under way. send.c */
	uint64_t refused_ms;  /* a TLS stranger was told of */
	bool long_told;       /* a long message by UDP was */
};

/* ---- guard.c: facts F-J of specs/libre-1.1.0.md ------------------------ */

/** The raw status line: "SIP/2.0", three digits, 100-699 (fact G). */
bool sipd_guard_status_line(const struct sip_msg *msg);
/** Response fits its request: Call-ID, From tag, CSeq number and method, one
 *  Via (fact H). */
bool sipd_guard_response(const struct sip_msg *msg, const char *callid,
			 const char *ltag, uint32_t cseq, const char *method);
/** Essential fields of a request are there and agree (fact I). */
bool sipd_guard_request(const struct sip_msg *msg);
/** Does the message come from the configured server, outbound proxy or the
 *  registrar's known address? Everybody else is a stranger (fact J). */
bool sipd_guard_known_source(const struct sipd_sip *sip,
			     const struct sip_msg *msg);
/** Does it, or does it come from a trunk?  That one is answered, too, but
 *  believed no further. */
bool sipd_guard_friend(const struct sipd_sip *sip, const struct sa *addr);
/** May it begin a call? */
bool sipd_guard_caller(const struct sipd_sip *sip, const struct sa *addr);
/** From now on this address is the server's too. */
void sipd_guard_learn(struct sipd_sip *sip, const struct sa *addr);
/** Decimal number of 1-10 digits, nothing else; at most 2^32 - 1. */
bool sipd_pl_number(const struct pl *pl, uint32_t *value);
/** The number that a header begins with, such as Retry-After; 0: none. */
uint32_t sipd_header_seconds(const struct sip_msg *msg, enum sip_hdrid id);

/* ---- listen.c: what reaches us outside transactions -------------------- */

/** Around sip_alloc(), then with NULL: strangers are sorted out before libre's
 *  transactions see them. */
void sipd_listen_first(struct sipd_sip *sip);
int sipd_listen_start(struct sipd_sip *sip);

/* ---- conf.c ------------------------------------------------------------ */

int sipd_conf_copy(struct sipd_sip_conf *dst, const struct sipd_sip_conf *src);
/** Also after a copy that failed. */
void sipd_conf_free(struct sipd_sip_conf *conf);
int sipd_conf_check(struct sipd_sip *sip);
enum sip_transp sipd_conf_transport(const struct sipd_sip_conf *conf);
uint16_t sipd_conf_port(const struct sipd_sip_conf *conf); /* of the server */

/* ---- uri.c ------------------------------------------------------------- */

/** A letter, a digit or one of set. */
bool sipd_char_in(char c, const char *set);

/** A SIP URI in parts; the pl point into the text. */
struct sipd_uri {
	struct pl user;   /* without password; unset if none */
	struct pl host;   /* without the brackets of an IPv6 address */
	uint16_t port;    /* 0 none */
	struct pl params; /* ";transport=tcp..." */
	int transport;    /* enum sip_transp, SIP_TRANSP_NONE if unsaid */
};
/** Strict: RFC 3261 25.1 without passwords, headers and maddr.
 *  NULL, or what is wrong with it. */
const char *sipd_uri_parse(struct sipd_uri *uri, const char *text);
/** Host name or address, at most 253 bytes. */
bool sipd_host_valid(const struct pl *host);
/** User part, escaped: everything but what RFC 3261 allows there. */
bool sipd_user_escape(const char *user, char *buf, size_t size);
/** Next hop URI; names of hosts.c become addresses. false if cut. */
bool sipd_route_write(const struct sipd_sip *sip, const struct pl *host,
		      uint16_t port, int transport, char *buf, size_t size);

/* ---- target.c ---------------------------------------------------------- */

/** Request-URI for a number or URI, and the next hop to send it to (server's
 *  route for numbers, outbound proxy if set; the URI itself otherwise). */
int sipd_target_uri(const struct sipd_sip *sip, const char *to, char *uri,
		    size_t uri_size, char *route, size_t route_size);
/** From URI of a caller id: "sip:id@domain", or the id if it is a URI. */
int sipd_caller_uri(const struct sipd_sip *sip, const char *caller_id,
		    char *uri, size_t size);
/** Display name as quoted-string, escaped; "" for none. RFC 3261 25.1 */
int sipd_display_name(const char *name, char *buf, size_t size);
/** "<sip:user@host:port;transport=..>" as the peer should reach us: Contact. */
int sipd_contact(const struct sipd_sip *sip, enum sip_transp tp,
		 const struct sa *laddr, char *buf, size_t size);

/* ---- invite.c: called by the listeners of sip.c ------------------------ */

/** In-dialog request, or CANCEL/ACK: true if it was ours. */
bool sipd_invite_request(struct sipd_sip *sip, const struct sip_msg *msg);
/** Is there a session with its Call-ID? */
bool sipd_invite_known(const struct sipd_sip *sip, const struct sip_msg *msg);
/** An INVITE for a new call: 0 if it is taken care of, else the
 *  status to answer it with, and more header lines for that in extra. */
int sipd_invite_incoming(struct sipd_sip *sip, const struct sip_msg *msg,
			 char *extra, size_t size);
/** Reason phrase of a status. RFC 3261 21 */
const char *sipd_reason_phrase(int sip_status);
/** Response no transaction took: a 2xx again or of another fork. */
bool sipd_invite_stray_response(struct sipd_sip *sip,
				const struct sip_msg *msg);
/** A session that has ended for its owner still waits for the answer of its
 *  BYE, or of an INVITE that something answered and that was cancelled. */
bool sipd_invite_unsettled(const struct sipd_sip *sip);
/** Drop all sessions: most have ended for their owner and wait for late
 *  messages, the others end now with SIPDIALER_ECANCELLED.  Before the stack
 *  closes, not from a handler of a session. */
void sipd_invite_flush(struct sipd_sip *sip);

/* ---- sip.c ------------------------------------------------------------- */

/** As sipd_sip_media_address(), towards an address. */
bool sipd_sip_media_towards(struct sipd_sip *sip, const struct sa *peer,
			    union sipd_addr *bind_addr,
			    union sipd_addr *advertise);

/* ---- reason.c ----------------------------------------------------- */

/** Cause of a Reason header: Q.850 cause if there is one, else 0; *sip_cause
 *  gets the SIP one. RFC 3326 */
int sipd_reason_q850(const struct sip_msg *msg, int *sip_cause);

#endif
