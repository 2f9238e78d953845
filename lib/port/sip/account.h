/**
 * @file port/sip/account.h  What account/ does: registration, digest
 */
#ifndef SIPD_PORT_SIP_ACCOUNT_H
#define SIPD_PORT_SIP_ACCOUNT_H

#include "port/libre/libre.h"

struct sipd_sip;
struct sipd_register; /* register.c */

/* ---- digest.c: RFC 7616, 8760 ------------------------------------------ */

struct sipd_auth;
/** Freed by mem_deref(). */
int sipd_auth_alloc(struct sipd_auth **ap, struct sipd_sip *sip);
/** Read the challenges of a 401/407: strongest algorithm we know and sip.digest
 *  allows, configured realm only (fact F), at most two tries a request of
 *  server and of proxy; stale nonces are not counted, up to three.
 *  0: send again; SIPDIALER_EAUTH with sipd_error(): give up. */
int sipd_auth_challenge(struct sipd_auth *auth, const struct sip_msg *msg);
/** Write Authorization / Proxy-Authorization lines, nothing if none yet; of an
 *  ACK those of the last INVITE. */
int sipd_auth_encode(struct mbuf *mb, struct sipd_auth *auth,
		     const char *method, const char *uri);
/** A request got through: later challenges of other requests of the same call
 *  count afresh. */
void sipd_auth_accepted(struct sipd_auth *auth);
/** The server's answer may name the nonce of the next request.
 *  RFC 7616 3.5 */
void sipd_auth_info(struct sipd_auth *auth, const struct sip_msg *msg);

/* ---- register.c -------------------------------------------------------- */

int sipd_register_start(struct sipd_register **rp, struct sipd_sip *sip);
/** Remove the binding; h when answered or after wait_ms. */
void sipd_register_stop(struct sipd_register *reg, uint32_t wait_ms,
			void (*h)(void *arg), void *arg);
/** A connection is gone, as sipd_sip_lost() is told: a REGISTER on it gets no
 *  answer, and the server can no longer call us. */
void sipd_register_lost(struct sipd_register *reg, const struct sa *peer,
			uint64_t gen);
/** The server that has our registration does not answer, a better one is back,
 *  or our address has changed: register anew at once. */
void sipd_register_moved(struct sipd_register *reg);

/* ---- service.c: Service-Route. RFC 3608 -------------------------------- */

/** Next hop of requests to the server, as sip->route. */
const char *sipd_service_hop(const struct sipd_sip *sip);
/** Lines of the registrar's Service-Route, "" none. */
const char *sipd_service_routes(const struct sipd_sip *sip);
/** Route lines of a request outside dialogs that goes to hop: the outbound
 *  proxy, and what the registrar asked for. */
int sipd_service_write(struct mbuf *mb, const struct sipd_sip *sip,
		       const char *hop);

#endif
