/**
 * @file port/sip/transport.h  What transport/ does: names, connections, TLS
 */
#ifndef SIPD_PORT_SIP_TRANSPORT_H
#define SIPD_PORT_SIP_TRANSPORT_H

#include "port/libre/libre.h"

struct sipd_sip;
struct sipd_hosts; /* hosts.c */
struct sipd_tls;   /* tls_conf.c */

/* ---- locate.c ---------------------------------------------------------- */

/** Ask where the next hop is, if it is needed. */
void sipd_locate_start(struct sipd_sip *sip);
void sipd_locate_stop(struct sipd_sip *sip);

/* ---- trunks.c: who else may call ---------------------------------------- */

struct sipd_trunks; /* mem_deref */

int sipd_trunks_open(struct sipd_trunks **tp, struct sipd_sip *sip,
		     const char *text);
/** Is it one of them? trunks may be NULL. */
bool sipd_trunks_match(const struct sipd_trunks *trunks,
		       const struct sa *addr);
/** Is h true of one of their host names and addresses?  Networks have none. */
bool sipd_trunks_named(const struct sipd_trunks *trunks,
		       bool (*h)(const char *name, void *arg), void *arg);

/* ---- hosts.c: names without DNS ----------------------------------------- */

int sipd_hosts_load(struct sipd_hosts **hp, const char *path); /* mem_deref */
/** An address of /etc/hosts (IPv4 first), or of localhost. RFC 6761 6.3 */
bool sipd_hosts_find(const struct sipd_hosts *hosts, const struct pl *name,
		     struct sa *addr);

/* ---- lost.c: connections ----------------------------------------------- */

/** After the transports are open. */
void sipd_conns_open(struct sipd_sip *sip);
void sipd_conns_close(struct sipd_sip *sip);
/** A connection to peer (NULL: not known which) has ended: what was sent on
 *  it, at gen of conn.c or before, gets no answer there. */
void sipd_sip_lost(struct sipd_sip *sip, const struct sa *peer, uint64_t gen);

/* ---- keepalive.c ------------------------------------------------------- */

struct sipd_send;

/** What keeps the way through a NAT open, by sip.keepalive. RFC 5626 4.4 */
struct sipd_keepalive {
	struct tmr tmr;
	struct sipd_sip *sip;
	struct sa dst;
	enum sip_transp tp;
	uint32_t interval; /* s */
	bool pong;         /* the server answers CRLFs (RFC 5626), or its
			    * connection is dead */
	/** The way is gone, or another one now: register anew. */
	void (*goneh)(void *arg);
	void *arg;
	/* of keepalive.c */
	struct tmr wait;            /* for a pong */
	struct sip_keepalive *stun; /* libre's */
	struct sipd_send *req;      /* OPTIONS */
	uint64_t stun_ms;           /* it began */
	bool no_stun;               /* the server does not do it */
};

/** Towards dst each interval, as long as it is open: sip, dst, tp, interval,
 *  pong, goneh and arg are set.  msg: what came by that way just now. */
void sipd_keepalive_start(struct sipd_keepalive *ka,
			  const struct sip_msg *msg);
void sipd_keepalive_stop(struct sipd_keepalive *ka);

/* ---- tls.c, tls_conf.c: specs fact A ----------------------------------- */

/** TLS towards this server: files read, its certificate checked before SIP is
 *  sent.  Freed by mem_deref() after the stack. */
int sipd_tls_open(struct sipd_tls **tp, struct sipd_sip *sip,
		  const char *server);
/** Nothing of sip is used any more. */
void sipd_tls_close(struct sipd_tls *tls);
struct tls *sipd_tls_context(const struct sipd_tls *tls);
/** What went wrong on a connection since then (ms of tmr_jiffies()), if err, an
 *  errno value, may come of it; else NULL. tls may be NULL. */
const char *sipd_tls_failure(struct sipd_tls *tls, int err, uint64_t since);
/** A message has come: the server takes us for what we are. tls may be NULL */
void sipd_tls_heard(struct sipd_tls *tls);

#endif
