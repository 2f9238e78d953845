/**
 * @file port/sip/servers.h  Which server a request goes to, and the next one
 *
 * Of transport/; used by all rooms that send requests.  Loop thread only.
 */
#ifndef SIPD_PORT_SIP_SERVERS_H
#define SIPD_PORT_SIP_SERVERS_H

#include "port/libre/libre.h"

struct sipd_sip;

/** Where a request goes. */
struct sipd_target {
	struct sa addr; /* with port */
	enum sip_transp tp;
	unsigned group; /* of SRV priority: 0 the best */
};

/* ---- servers.c: those behind the name of the server --------------------- */

struct sipd_servers;

/** Before the SIP stack; mem_deref() after it. */
int sipd_servers_open(struct sipd_servers **sp, struct sipd_sip *sip);
/** Look the next hop up, and again when its records expire. */
void sipd_servers_start(struct sipd_servers *servers);
/** Is it an address of theirs? */
bool sipd_servers_known(const struct sipd_servers *servers,
			const struct sa *addr);
/** Does the next hop have a name that is looked up? */
bool sipd_servers_named(const struct sipd_servers *servers);

struct sipd_sip_stats;
/** @thread any, until the stack is closed */
void sipd_servers_stats(const struct sipd_servers *servers,
			struct sipd_sip_stats *st);

/* ---- mapped.c: our address as the server sees it ------------------------ */

/** Of one transport; all zero at first. */
struct sipd_mapped {
	struct sa addr; /* for Contact; unset: our own */
	struct sa seen; /* the last one told */
	enum sip_transp tp;
	uint64_t since;   /* ms, of the first change that is counted */
	uint32_t changes; /* then and later */
	bool told;        /* that there are too many */
};

/** A server has seen us at `seen`, we sent from `local`.  true: addr has
 *  changed; at most four times within ten minutes. */
bool sipd_mapped_learn(struct sipd_mapped *m, enum sip_transp tp,
		       const struct sa *seen, const struct sa *local,
		       uint64_t now);
/** From received and rport of an answer of our server. */
void sipd_mapped_read(struct sipd_sip *sip, enum sip_transp tp,
		      const struct sip_msg *msg);

/* ---- send.c: a request, to one server after the other. RFC 3263 4.3 ---- */

struct sipd_send;

struct sipd_send_params {
	const char *method; /* ACK: without a transaction */
	const char *uri;    /* Request-URI */
	const char *route;  /* next hop, "sip:host[:port][;transport=tcp]" */
	struct mbuf *mb;    /* from Max-Forwards on */
	const struct sa *prefer; /* this one first, if it is one of them; NULL
				  * none */
	sip_send_h *sendh; /* as libre's; for each server anew. May be NULL */
	sip_resp_h *resph; /* as libre's; of the server that is tried. May be
			     * NULL */
	void *arg;
};

/** Send a request.  *sp (sp may be NULL) is set until the last response, and
 *  mem_deref() on it gives the request up: an INVITE is cancelled with its
 *  first 1xx, a 2xx that comes all the same goes to
 *  sipd_invite_stray_response().  The next server is asked after a transport
 *  error, after 503 and when nothing was heard in time, not once a 1xx above
 *  100 has come, nor for silence or an error after a 100.  0 or errno. */
int sipd_send(struct sipd_send **sp, struct sipd_sip *sip,
	      const struct sipd_send_params *params);
/** A connection to peer (NULL: one to somebody) has ended: the requests that
 *  were sent on it, at gen of conn.c or before, get no answer there.  Those
 *  that can be are asked again by a new one, what rang is cancelled; the others
 *  end with ECONNRESET, or try the next server. */
void sipd_send_lost(struct sipd_sip *sip, const struct sa *peer, uint64_t gen);
/** Does it wait for name servers, and nothing was sent? */
bool sipd_send_waits(const struct sipd_send *send);
/** CANCEL, after a 1xx; no other server is asked any more.  What waits ends
 *  with ECANCELED, on a later turn. */
void sipd_send_cancel(struct sipd_send *send);
/** End all with ECONNABORTED. */
void sipd_send_close(struct sipd_sip *sip);
/** Why a request by way of this route failed, in words. */
void sipd_send_words(const struct sipd_sip *sip, int err, const char *route,
		     char *buf, size_t size);

#endif
