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
};

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
/** CANCEL, after a 1xx; no other server is asked any more. */
void sipd_send_cancel(struct sipd_send *send);

#endif
