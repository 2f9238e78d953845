/**
 * @file port/libre/conn.c  The TCP connections of SIP, with and without TLS
 *
 * libre opens, takes and closes them by itself and tells nobody; the linker's
 * --wrap sends its calls of the system here.  Who may connect to us is asked
 * before a byte is read, whose connection has ended is told, and a connection
 * that nobody reads or acknowledges at the other end is closed.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/dscp.h"
#include "port/libre/libre.h"

#ifdef SIPD_LIBRE_STATIC

enum {
	UNHEARD_MS = 30000, /* sent, and not acknowledged */
	IDLE_S = 60,        /* then the kernel asks whether it is there */
	ASK_S = 10,
	ASK_TIMES = 3,
	FDS_STEP = 256
};

struct conn {
	struct le le; /* in conns, or in lostl of its stack */
	int fd;
	const struct tcp_conn *tc; /* libre's; NULL: not yet known */
	struct sa peer;
	struct sipd_libre_stack *stack; /* NULL: not yet known */
	uint64_t gen;                   /* when it ended */
	bool inbound;
	bool stranger;
};

/* Of this thread; nothing is here without a stack. */
static _Thread_local struct list stacks;
static _Thread_local struct list conns;
static _Thread_local struct conn *newest; /* libre gives it its own next */
static _Thread_local struct conn **by_fd;
static _Thread_local size_t by_fdc;
static _Thread_local size_t inboundc, strangerc;
static _Thread_local uint64_t generation;
static _Thread_local struct sipd_libre_stack *using;
static _Thread_local bool queue_full; /* at the last send */

int __real_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags);
int __wrap_accept(int fd, struct sockaddr *addr, socklen_t *len);
int __wrap_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags);
int __real_connect(int fd, const struct sockaddr *addr, socklen_t len);
int __wrap_connect(int fd, const struct sockaddr *addr, socklen_t len);
int __real_close(int fd);
int __wrap_close(int fd);
int __real_tcp_accept(struct tcp_conn **tcp, struct tcp_sock *ts,
		      tcp_estab_h *eh, tcp_recv_h *rh, tcp_close_h *ch,
		      void *arg);
int __wrap_tcp_accept(struct tcp_conn **tcp, struct tcp_sock *ts,
		      tcp_estab_h *eh, tcp_recv_h *rh, tcp_close_h *ch,
		      void *arg);
int __real_tcp_connect(struct tcp_conn **tcp, const struct sa *peer,
		       tcp_estab_h *eh, tcp_recv_h *rh, tcp_close_h *ch,
		       void *arg);
int __wrap_tcp_connect(struct tcp_conn **tcp, const struct sa *peer,
		       tcp_estab_h *eh, tcp_recv_h *rh, tcp_close_h *ch,
		       void *arg);
int __real_tcp_send(struct tcp_conn *tc, struct mbuf *mb);
int __wrap_tcp_send(struct tcp_conn *tc, struct mbuf *mb);
int __real_tcp_send_helper(struct tcp_conn *tc, struct mbuf *mb,
			   struct tcp_helper *th);
int __wrap_tcp_send_helper(struct tcp_conn *tc, struct mbuf *mb,
			   struct tcp_helper *th);


/* ---- the table --------------------------------------------------------- */

static struct conn *conn_of(int fd)
{
	return fd >= 0 && (size_t)fd < by_fdc ? by_fd[fd] : NULL;
}


/* libre 3 and later tell no descriptor. */
static struct conn *conn_of_tcp(const struct tcp_conn *tc)
{
	struct le *le;

	for (le = list_head(&conns); le; le = le->next) {
		struct conn *conn = le->data;

		if (conn->tc == tc)
			return conn;
	}

	return NULL;
}


static bool table_grow(int fd)
{
	const size_t n = (size_t)fd + FDS_STEP;
	struct conn **p;

	if ((size_t)fd < by_fdc)
		return true;
	p = realloc(by_fd, n * sizeof(*p));
	if (!p)
		return false;

	memset(p + by_fdc, 0, (n - by_fdc) * sizeof(*p));
	by_fd = p;
	by_fdc = n;

	return true;
}


static struct conn *conn_add(int fd, const struct sa *peer)
{
	struct conn *conn;

	if (!table_grow(fd))
		return NULL;
	conn = mem_zalloc(sizeof(*conn), NULL);
	if (!conn)
		return NULL;

	conn->fd = fd;
	conn->peer = *peer;
	by_fd[fd] = conn;
	newest = conn;
	list_append(&conns, &conn->le, conn);

	return conn;
}


static void conn_free(struct conn *conn)
{
	list_unlink(&conn->le);
	mem_deref(conn);
}


static void lost_handler(void *arg)
{
	struct sipd_libre_stack *st = arg;
	struct conn *conn;

	/* what it calls may not close the stack */
	while ((conn = list_ledata(list_head(&st->lostl)))) {
		const struct sa peer = conn->peer;
		const uint64_t gen = conn->gen;

		conn_free(conn);
		st->losth(&peer, gen, st->arg);
	}
}


/* libre tells the requests that wait for the connection by itself, right
 * after this; what was sent is told of on the next turn. */
static void conn_gone(struct conn *conn)
{
	struct sipd_libre_stack *st = conn->stack;

	by_fd[conn->fd] = NULL;
	if (newest == conn)
		newest = NULL;
	conn->gen = generation++;
	if (conn->inbound)
		inboundc--;
	if (conn->stranger)
		strangerc--;
	if (!st) {
		conn_free(conn);
		return;
	}

	list_unlink(&conn->le);
	list_append(&st->lostl, &conn->le, conn);
	tmr_start(&st->tmr, 0, lost_handler, st);
}


/* ---- sockets ----------------------------------------------------------- */

/* A NAT or a firewall that forgot the connection sends neither FIN nor RST. */
static void watch_alive(int fd)
{
	const int on = 1, idle = IDLE_S, ask = ASK_S, times = ASK_TIMES;
	const unsigned ms = UNHEARD_MS;

	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &ask, sizeof(ask));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &times, sizeof(times));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
}


static struct sipd_libre_stack *stack_of(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct sa local;
	struct le *le;

	if (getsockname(fd, (struct sockaddr *)(void *)&ss, &len) ||
	    sa_set_sa(&local, (struct sockaddr *)(void *)&ss))
		return NULL;

	for (le = list_head(&stacks); le; le = le->next) {
		struct sipd_libre_stack *st = le->data;

		if (sa_cmp(&st->local, &local, SA_ALL))
			return st;
	}

	return NULL;
}


/* Those we know have half of the places for themselves; with TLS a stranger
 * would have us calculate. */
static bool admit(int fd, const struct sa *peer)
{
	struct sipd_libre_stack *st = stack_of(fd);
	struct conn *conn;
	bool stranger;

	if (!st)
		return true;

	stranger = !st->knownh(peer, st->arg);
	if (stranger && (st->secure || strangerc == SIPD_TCP_STRANGERS_MAX))
		return false;
	if (inboundc == SIPD_TCP_IN_MAX)
		return false;

	conn = conn_add(fd, peer);
	if (!conn)
		return false;
	conn->stack = st;
	conn->inbound = true;
	conn->stranger = stranger;
	inboundc++;
	strangerc += stranger;
	watch_alive(fd);
	sipd_dscp_set(fd, sa_af(peer), st->dscp);

	return true;
}


int __wrap_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
	const int s = __real_accept4(fd, addr, len, flags | SOCK_CLOEXEC);
	struct sa peer;

	if (s < 0 || !list_head(&stacks))
		return s;

	if (!addr || sa_set_sa(&peer, addr) || !admit(s, &peer)) {
		(void)__real_close(s);
		errno = ECONNABORTED;
		return -1;
	}

	return s;
}


int __wrap_accept(int fd, struct sockaddr *addr, socklen_t *len)
{
	return __wrap_accept4(fd, addr, len, 0);
}


int __wrap_connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	socklen_t size = sizeof(int);
	struct sa peer;
	int type = 0;

	if (list_head(&stacks) && !conn_of(fd) &&
	    !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) &&
	    type == SOCK_STREAM && !sa_set_sa(&peer, addr)) {
		const struct sipd_libre_stack *st = list_ledata(
			list_head(&stacks));

		/* whose it is shows later; mostly there is one only */
		watch_alive(fd);
		sipd_dscp_set(fd, sa_af(&peer), st->dscp);
		(void)conn_add(fd, &peer);
	}

	return __real_connect(fd, addr, len);
}


/* What accept() gave just before. */
int __wrap_tcp_accept(struct tcp_conn **tcp, struct tcp_sock *ts,
		      tcp_estab_h *eh, tcp_recv_h *rh, tcp_close_h *ch,
		      void *arg)
{
	const int err = __real_tcp_accept(tcp, ts, eh, rh, ch, arg);

	if (!err && newest)
		newest->tc = *tcp;
	newest = NULL;

	return err;
}


int __wrap_tcp_connect(struct tcp_conn **tcp, const struct sa *peer,
		       tcp_estab_h *eh, tcp_recv_h *rh, tcp_close_h *ch,
		       void *arg)
{
	int err;

	newest = NULL;
	err = __real_tcp_connect(tcp, peer, eh, rh, ch, arg);
	if (!err && newest)
		newest->tc = *tcp;
	newest = NULL;

	return err;
}


int __wrap_close(int fd)
{
	struct conn *conn = conn_of(fd);

	if (conn)
		conn_gone(conn);

	return __real_close(fd);
}


/* TLS tells no more than that it failed. */
int __wrap_tcp_send_helper(struct tcp_conn *tc, struct mbuf *mb,
			   struct tcp_helper *th)
{
	const int err = __real_tcp_send_helper(tc, mb, th);

	if (err == ENOSPC)
		queue_full = true;

	return err;
}


/* After an error the stream has lost bytes, and cannot go on. */
int __wrap_tcp_send(struct tcp_conn *tc, struct mbuf *mb)
{
	struct conn *conn = conn_of_tcp(tc);
	int err;

	if (conn && using && conn->stack != using) {
		conn->stack = using;
		sipd_dscp_set(conn->fd, sa_af(&conn->peer), using->dscp);
	}
	using = NULL;

	queue_full = false;
	err = __real_tcp_send(tc, mb);
	if (!err || !conn)
		return err;

	(void)shutdown(conn->fd, SHUT_RDWR); /* libre sees the end */

	return err == ENOSPC || queue_full ? ENOBUFS : err;
}


/* ---- for the stacks ---------------------------------------------------- */

void sipd_libre_stack_open(struct sipd_libre_stack *st)
{
	tmr_init(&st->tmr);
	list_append(&stacks, &st->le, st);
}


void sipd_libre_stack_close(struct sipd_libre_stack *st)
{
	struct le *le;

	if (!st->le.list)
		return;

	list_unlink(&st->le);
	tmr_cancel(&st->tmr);
	while (list_head(&st->lostl))
		conn_free(list_ledata(list_head(&st->lostl)));
	for (le = list_head(&conns); le; le = le->next) {
		struct conn *conn = le->data;

		if (conn->stack == st)
			conn->stack = NULL;
	}
	using = NULL;
	if (list_head(&stacks))
		return;

	while (list_head(&conns))
		conn_free(list_ledata(list_head(&conns)));
	free(by_fd);
	by_fd = NULL;
	newest = NULL;
	by_fdc = inboundc = strangerc = 0;
}


void sipd_libre_conn_use(struct sipd_libre_stack *st)
{
	using = st;
}


uint64_t sipd_libre_conn_now(void)
{
	return generation;
}


bool sipd_libre_conn_fd(int fd)
{
	return conn_of(fd) != NULL;
}


int sipd_libre_conn_of(const struct tcp_conn *tc)
{
	const struct conn *conn = conn_of_tcp(tc);

	return conn ? conn->fd : -1;
}


static struct conn *find(const struct sipd_libre_stack *st,
			 const struct sa *peer)
{
	struct le *le;

	for (le = list_head(&conns); le; le = le->next) {
		struct conn *conn = le->data;

		if (conn->stack == st && sa_cmp(&conn->peer, peer, SA_ALL))
			return conn;
	}

	return NULL;
}


bool sipd_libre_conn_open(const struct sipd_libre_stack *st,
			  const struct sa *peer)
{
	return find(st, peer) != NULL;
}


bool sipd_libre_conn_inbound(const struct sipd_libre_stack *st,
			     const struct sa *peer)
{
	const struct conn *conn = find(st, peer);

	return conn && conn->inbound;
}


bool sipd_libre_conn_silent(const struct sipd_libre_stack *st,
			    const struct sa *peer, uint32_t ms)
{
	const struct conn *conn = find(st, peer);
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	if (!conn ||
	    getsockopt(conn->fd, IPPROTO_TCP, TCP_INFO, &info, &len) ||
	    info.tcpi_last_data_recv < ms)
		return false;

	(void)shutdown(conn->fd, SHUT_RDWR);

	return true;
}

#else

void sipd_libre_stack_open(struct sipd_libre_stack *st)
{
	(void)st;
}


void sipd_libre_stack_close(struct sipd_libre_stack *st)
{
	(void)st;
}


void sipd_libre_conn_use(struct sipd_libre_stack *st)
{
	(void)st;
}


uint64_t sipd_libre_conn_now(void)
{
	return 0;
}


bool sipd_libre_conn_open(const struct sipd_libre_stack *st,
			  const struct sa *peer)
{
	(void)st;
	(void)peer;

	return true;
}


bool sipd_libre_conn_inbound(const struct sipd_libre_stack *st,
			     const struct sa *peer)
{
	(void)st;
	(void)peer;

	return false;
}


bool sipd_libre_conn_fd(int fd)
{
	(void)fd;

	return false;
}


bool sipd_libre_conn_silent(const struct sipd_libre_stack *st,
			    const struct sa *peer, uint32_t ms)
{
	(void)st;
	(void)peer;
	(void)ms;

	return false;
}

#endif
