/**
 * @file port/libre/libre.h  libre, and what we put in place of parts of it
 *
 * The rest of lib/port includes libre by this header only.  All differences
 * between its releases, 1.1 to 4.x, end here; the build asks the headers for
 * them (SIPD_LIBRE_* in lib/meson.build, docs/libre.md).
 */
#ifndef SIPD_PORT_LIBRE_LIBRE_H
#define SIPD_PORT_LIBRE_LIBRE_H

#include <stdbool.h>
#include <stddef.h>
#include <re.h>
#include "base/log.h"

#ifndef ARRAY_SIZE /* later releases call it RE_ARRAY_SIZE */
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#endif

/* ---- thread.c ---------------------------------------------------------- */

/** libre's loop for this thread, with up to maxfds descriptors.  ELIBBAD if
 *  libre was built with another struct sa than we were (specs fact M).
 *  0 or errno. @thread loop */
int sipd_libre_thread_open(struct sipd_log *log, int maxfds);
/** No timer may be used afterwards. @thread loop */
void sipd_libre_thread_close(void);

/** Size of struct sa by libre's own code. */
size_t sipd_libre_sa_size(void);

/** A descriptor that libre's loop watches. */
struct sipd_libre_fd {
	int fd;
	struct re_fhs *fhs; /* releases that work by handle */
};
/** Call h when fd is readable. 0 or errno. @thread loop */
int sipd_libre_fd_open(struct sipd_libre_fd *f, int fd, fd_h *h, void *arg);
void sipd_libre_fd_close(struct sipd_libre_fd *f); /* fd itself stays open */

/* ---- clock.c ----------------------------------------------------------- */

/** Keep libre's own timers right when the wall clock is set, where they hang
 *  on it (specs fact C). 0 or errno. @thread loop */
int sipd_libre_clock_open(struct sipd_log *log);
void sipd_libre_clock_close(void);

/* ---- tmr.c ------------------------------------------------------------- */

/** Free this thread's timers; none may be used afterwards. @thread loop */
void sipd_libre_timers_close(void);
/** Before the first timer of this thread; false: no memory. @thread loop */
bool sipd_libre_timers_open(void);

/** libre 4 leaves th set in a cancelled timer and tmr_isrunning() true. */
static inline bool sipd_libre_timer_running(const struct tmr *tmr)
{
	return tmr->le.list != NULL;
}

/* ---- sieve.c ----------------------------------------------------------- */

/** May libre read this as a SIP message?  Its time would grow with the square
 *  of what does not fit.  0, ENODATA: the end of the head has not come,
 *  EBADMSG: no. Any thread. */
int sipd_libre_sieve(const char *p, size_t len);

enum {
	SIPD_HEAD_MAX = 16 << 10,  /* a datagram has no more than 8 KiB */
	SIPD_STREAM_MAX = 56 << 10 /* bytes of a message over TCP: libre keeps
				    * 64 KiB of a stream, and what follows a
				    * message comes with its end */
};

/** The same of what has come of a stream, whose body has to be there, too:
 *  asked for each segment, so that libre reads each message once.  EMSGSIZE: a
 *  head above SIPD_HEAD_MAX, or a message above SIPD_STREAM_MAX; EBADMSG also
 *  without one Content-Length (RFC 3261 18.3). Any thread. */
int sipd_libre_sieve_stream(const char *p, size_t len);

/* ---- wrap.c: no effect on a shared libre ------------------------------- */

/** Where libre's own messages of this thread go; NULL drops them. Each line
 *  comes from a peer and is at debug level. @thread loop */
void sipd_libre_log(struct sipd_log *log);

/** What sipd_libre_log() was told; may be NULL. @thread loop */
struct sipd_log *sipd_libre_log_here(void);

/** Between open(bytes, dscp) and open(0, 0) libre opens the sockets of a SIP
 *  stack on this thread: UDP gets a receive buffer of that size, or what the
 *  system allows, and all get the mark. Without effect on a shared libre.
 *  @thread loop */
void sipd_libre_open(int rcvbuf, unsigned dscp);

/** Until called with NULL: a header line that goes into the next CANCEL that
 *  libre writes on this thread; it has no way to give it one. @thread loop */
void sipd_libre_cancel_line(const char *line);

enum { SIPD_LIBRE_STACKS_MAX = 128 }; /* of one thread; more: as without */

/** Malformed requests to this stack, which libre from 2.0 on answers with 400
 *  whoever sent them (specs fact J), go to h instead; NULL: no more.
 *  @thread loop */
void sipd_libre_bad_request(const struct sip *sip, sip_msg_h *h, void *arg);

/** Between first(h) and first(NULL) a stack is made whose requests go to h
 *  before its server transactions; true: it is done with.  Without effect on a
 *  shared libre. @thread loop */
void sipd_libre_first(sip_msg_h *h, void *arg);

/* ---- conn.c: no effect on a shared libre ------------------------------- */

#ifdef SIPD_LIBRE_STATIC
#define SIPD_LIBRE_CONNS true
#else
#define SIPD_LIBRE_CONNS false
#endif

enum {
	SIPD_TCP_IN_MAX = 256, /* TCP connections from outside; more are closed
				* at once (specs fact L) */
	SIPD_TCP_STRANGERS_MAX = 128 /* of these, of those we do not know */
};

/** A SIP stack that connections belong to. */
struct sipd_libre_stack {
	struct le le;
	struct sa local; /* where it listens */
	unsigned dscp;   /* of its connections */
	bool secure;     /* no stranger may connect */
	/** Who connects is asked for before a byte is read. */
	bool (*knownh)(const struct sa *peer, void *arg);
	/** A connection that was in use has ended: the requests that began at
	 *  gen or before get no answer on it. On a turn of its own. */
	void (*losth)(const struct sa *peer, uint64_t gen, void *arg);
	void *arg;
	struct tmr tmr;
	struct list lostl;
};

/** The fields above are set. Until the matching close it does not move.
 *  @thread loop */
void sipd_libre_stack_open(struct sipd_libre_stack *st);
/** Also if it was not opened. */
void sipd_libre_stack_close(struct sipd_libre_stack *st);
/** What libre sends next over TCP or TLS is sent for st: for its trace
 *  handler. */
void sipd_libre_conn_use(struct sipd_libre_stack *st);
/** What a request that begins now compares with gen of losth(). */
uint64_t sipd_libre_conn_now(void);
/** Is it the descriptor of a connection? */
bool sipd_libre_conn_fd(int fd);
/** Descriptor of libre's connection, -1 if it is not known. */
int sipd_libre_conn_of(const struct tcp_conn *tc);
/** Is there a connection with peer?  Always with a shared libre. */
bool sipd_libre_conn_open(const struct sipd_libre_stack *st,
			  const struct sa *peer);
/** And did the peer make it?  Never with a shared libre. */
bool sipd_libre_conn_inbound(const struct sipd_libre_stack *st,
			     const struct sa *peer);
/** End it if nothing has come of it for ms; was it so? */
bool sipd_libre_conn_silent(const struct sipd_libre_stack *st,
			    const struct sa *peer, uint32_t ms);

/* ---- tls --------------------------------------------------------------- */

#ifdef SIPD_LIBRE_TLS_METHOD_TLS
#define SIPD_LIBRE_TLS_METHOD TLS_METHOD_TLS
#else
#define SIPD_LIBRE_TLS_METHOD TLS_METHOD_SSLV23
#endif

/** The SSL_CTX of a context. */
static inline struct ssl_ctx_st *sipd_libre_tls_context(const struct tls *tls)
{
#ifdef SIPD_LIBRE_TLS_CONTEXT
	return tls_openssl_context(tls);
#else
	struct ssl_ctx_st *tls_ssl_ctx(const struct tls *); /* has no header */

	return tls_ssl_ctx(tls);
#endif
}

/** Servers are checked by us: a release that checks them itself, by the
 *  address, leaves it. */
static inline void sipd_libre_tls_ours(struct tls *tls)
{
#ifdef SIPD_LIBRE_TLS_VERIFY
	tls_disable_verify_server(tls);
#else
	(void)tls;
#endif
}

/** Descriptor of a TLS connection that libre has just begun, -1 if it is not
 *  known: always so with a shared libre. @thread loop */
int sipd_libre_tls_fd(const struct tls_conn *conn);

/* ---- sip --------------------------------------------------------------- */

/** Parameters of a sip_send_h: tp, src, dst, mb, arg; and all but arg to hand
 *  to another one. */
#ifdef SIPD_LIBRE_SEND_CONT
#define SIPD_LIBRE_SEND_ARGS \
	enum sip_transp tp, struct sa *src, const struct sa *dst, \
		struct mbuf *mb, struct mbuf **contp __attribute__((unused)), \
		void *arg
#define SIPD_LIBRE_SEND_PASS tp, src, dst, mb, contp
#else
#define SIPD_LIBRE_SEND_ARGS \
	enum sip_transp tp, const struct sa *src, const struct sa *dst, \
		struct mbuf *mb, void *arg
#define SIPD_LIBRE_SEND_PASS tp, src, dst, mb
#endif

#endif
