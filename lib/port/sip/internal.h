/**
 * @file port/sip/internal.h  Shared by the files of port/sip; nobody else
 *
 * Includes libre.  Everything here runs on the loop thread.
 */
#ifndef SIPD_PORT_SIP_INTERNAL_H
#define SIPD_PORT_SIP_INTERNAL_H

#include <re.h>
#include "port/sip/sip.h"

struct sipd_register; /* register.c */

struct sipd_sip {
	struct sip *sip;
	struct dnsc *dnsc;
	struct sipd_loop *loop;
	struct sipd_log *log;
	struct sipd_sip_conf conf;   /* strings owned */
	struct sip_lsnr *lsnr_req;
	struct sip_lsnr *lsnr_resp;
	struct hash *invites;        /* by Call-ID (hash_joaat_str) */
	uint32_t invitec;
	char aor[300];               /* "sip:user@domain" */
	char registrar[300];         /* "sip:domain" */
	char route[300];             /* next hop URI "sip:host:port;transport=tcp"
				      * of everything towards the server */
	char local[96];              /* "udp:10.0.0.1:5060" */
	struct sa server_addr;       /* known address of the server; unset until
				      * a literal or a first answer tells */
	struct sipd_register *reg;
	sipd_reg_h *regh;
	void *arg;
	struct sipd_sip_stats stats;
};

/* ---- guard.c: facts F-J of specs/libre-1.1.0.md ------------------------- */

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

/* ---- digest.c: RFC 7616, 8760 ------------------------------------------- */

struct sipd_auth;
int  sipd_auth_alloc(struct sipd_auth **ap, struct sipd_sip *sip); /* mem_deref */
/** Read the challenges of a 401/407: strongest algorithm we know, configured
 *  realm only (fact F), a stale nonce again, at most two tries a request.
 *  0: send again; SIPDIALER_EAUTH with sipd_error(): give up. */
int  sipd_auth_challenge(struct sipd_auth *auth, const struct sip_msg *msg);
/** Write Authorization / Proxy-Authorization lines, nothing if none yet. */
int  sipd_auth_encode(struct mbuf *mb, struct sipd_auth *auth,
		      const char *method, const char *uri);
/** A request got through: later challenges of other requests of the same call
 *  count afresh. */
void sipd_auth_accepted(struct sipd_auth *auth);

/* ---- target.c ------------------------------------------------------------ */

/** Request-URI for a number or URI, and the next hop to send it to (server's
 *  route for numbers, outbound proxy if set; the URI itself otherwise). */
int  sipd_target_uri(const struct sipd_sip *sip, const char *to, char *uri,
		     size_t uri_size, char *route, size_t route_size);
/** From URI of a caller id: "sip:id@domain", or the id if it is a URI. */
int  sipd_caller_uri(const struct sipd_sip *sip, const char *caller_id,
		     char *uri, size_t size);
/** Display name as quoted-string, escaped; "" for none. RFC 3261 25.1 */
int  sipd_display_name(const char *name, char *buf, size_t size);
/** "<sip:user@host:port;transport=..>" as the peer should reach us: Contact. */
int  sipd_contact(const struct sipd_sip *sip, enum sip_transp tp,
		  const struct sa *laddr, char *buf, size_t size);

/* ---- invite.c: called by the listeners of sip.c -------------------------- */

/** In-dialog request, or CANCEL/ACK: true if it was ours. */
bool sipd_invite_request(struct sipd_sip *sip, const struct sip_msg *msg);
/** Response no transaction took: a 2xx again or of another fork. */
bool sipd_invite_stray_response(struct sipd_sip *sip,
				const struct sip_msg *msg);
/** Drop the sessions that have ended for their owner but still wait for late
 *  messages; before the stack closes, not from a handler of libre. */
void sipd_invite_flush(struct sipd_sip *sip);

/* ---- register.c ----------------------------------------------------------- */

int  sipd_register_start(struct sipd_register **rp, struct sipd_sip *sip);
/** Remove the binding; h when answered or after wait_ms. */
void sipd_register_stop(struct sipd_register *reg, uint32_t wait_ms,
			void (*h)(void *arg), void *arg);
bool sipd_register_known_contact(const struct sipd_register *reg,
				 struct sa *mapped); /* address the server saw:
				 * received/rport of its answers */

/* ---- reason header -------------------------------------------------------- */

/** Cause of a Reason header: Q.850 cause if there is one, else 0; *sip_cause
 *  gets the SIP one. RFC 3326 */
int  sipd_reason_q850(const struct sip_msg *msg, int *sip_cause);

#endif
