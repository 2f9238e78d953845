/*
 * SIP over UDP (batched) and TCP (framed) on one address and port.
 */
#include "transport.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sip.h"

enum {
	RX_BATCH = 64,
	TX_BATCH = 256,
	TX_BYTES = 512 * 1024,
	CONN_MAX = 4096,
	TCP_OUT_MAX = 4 * 1024 * 1024,
	SOCKET_BUFFER = 16 * 1024 * 1024,
};

struct conn {
	struct watch w;
	struct transport *t;
	struct conn *next_dead;
	struct sockaddr_in sa;
	uint32_t id;
	char *in;
	size_t in_n;
	char *out;
	size_t out_n, out_cap;
	bool waiting; /* EPOLLOUT asked for */
};

struct transport {
	struct loop *loop;
	struct watch udp, tcp;
	receive_h h;
	void *arg;
	struct conn *conns[CONN_MAX];
	struct conn *dead; /* freed at the end of the turn */
	uint32_t gen;
	unsigned open; /* TCP connections */
	/* received */
	char *rx;
	struct mmsghdr rx_m[RX_BATCH];
	struct iovec rx_v[RX_BATCH];
	struct sockaddr_in rx_a[RX_BATCH];
	char rx_c[RX_BATCH][CMSG_SPACE(sizeof(struct timespec))];
	/* to be sent */
	char *tx;
	size_t tx_used;
	unsigned tx_n;
	struct mmsghdr tx_m[TX_BATCH];
	struct iovec tx_v[TX_BATCH];
	struct sockaddr_in tx_a[TX_BATCH];
};


static uint64_t arrival(struct msghdr *h)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		struct timespec ts;

		if (c->cmsg_level != SOL_SOCKET ||
		    c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&ts, CMSG_DATA(c), sizeof(ts));
		return (uint64_t)ts.tv_sec * 1000000u +
		       (uint64_t)ts.tv_nsec / 1000u;
	}
	return wall_us();
}


static void udp_readable(struct watch *w, uint32_t events)
{
	struct transport *t = w->arg;
	int n;

	(void)events;
	for (int i = 0; i < RX_BATCH; i++) {
		t->rx_v[i].iov_base = t->rx + (size_t)i * SIP_MSG_MAX;
		t->rx_v[i].iov_len = SIP_MSG_MAX;
		t->rx_m[i].msg_hdr = (struct msghdr){
			.msg_name = &t->rx_a[i],
			.msg_namelen = sizeof(t->rx_a[i]),
			.msg_iov = &t->rx_v[i],
			.msg_iovlen = 1,
			.msg_control = t->rx_c[i],
			.msg_controllen = sizeof(t->rx_c[i]),
		};
	}
	n = recvmmsg(w->fd, t->rx_m, RX_BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++) {
		struct peer p = {.sa = t->rx_a[i]};

		/* keep-alives: CRLF pairs or a few zero bytes */
		if (t->rx_m[i].msg_len < 16)
			continue;
		t->h(t->arg, t->rx_v[i].iov_base, t->rx_m[i].msg_len, &p,
		     arrival(&t->rx_m[i].msg_hdr));
	}
}


static void conn_close(struct conn *c)
{
	struct transport *t = c->t;

	if (c->w.fd < 0)
		return;
	loop_unwatch(t->loop, &c->w);
	close(c->w.fd);
	c->w.fd = -1;
	t->conns[c->id % CONN_MAX] = NULL;
	t->open--;
	c->next_dead = t->dead;
	t->dead = c;
}


static void conn_flush(struct conn *c)
{
	size_t done = 0;

	while (done < c->out_n) {
		ssize_t n = send(c->w.fd, c->out + done, c->out_n - done,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno != EAGAIN) {
			conn_close(c);
			return;
		}
		if (n < 0)
			break;
		done += (size_t)n;
	}
	if (done)
		memmove(c->out, c->out + done, c->out_n - done);
	c->out_n -= done;
	if ((c->out_n > 0) != c->waiting) {
		c->waiting = c->out_n > 0;
		loop_change(c->t->loop, &c->w,
			    EPOLLIN | (c->waiting ? EPOLLOUT : 0));
	}
}


static void conn_send(struct conn *c, struct str data)
{
	if (c->out_n + data.l > TCP_OUT_MAX) {
		conn_close(c);
		return;
	}
	if (c->out_n + data.l > c->out_cap) {
		c->out_cap = (c->out_n + data.l) * 2;
		c->out = need(realloc(c->out, c->out_cap));
	}
	memcpy(c->out + c->out_n, data.p, data.l);
	c->out_n += data.l;
}


/* Hands up every whole message; the rest stays. */
static void conn_messages(struct conn *c)
{
	struct peer p = {.sa = c->sa, .conn = c->id};
	size_t at = 0;

	while (c->w.fd >= 0) {
		size_t n;

		while (at < c->in_n &&
		       (c->in[at] == '\r' || c->in[at] == '\n')) {
			/* a double CRLF is a ping, RFC 5626 4.4.1 */
			if (c->in_n - at >= 4 &&
			    !memcmp(c->in + at, "\r\n\r\n", 4)) {
				conn_send(c, STR("\r\n"));
				at += 3;
			}
			at++;
		}
		n = sip_frame(c->in + at, c->in_n - at);
		if (n == SIZE_MAX)
			conn_close(c);
		if (n == 0 || n == SIZE_MAX)
			break;
		c->t->h(c->t->arg, c->in + at, n, &p, wall_us());
		at += n;
	}
	memmove(c->in, c->in + at, c->in_n - at);
	c->in_n -= at;
}


static void conn_ready(struct watch *w, uint32_t events)
{
	struct conn *c = w->arg;
	ssize_t n;

	if (events & EPOLLOUT)
		conn_flush(c);
	if (w->fd < 0 || !(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	n = recv(w->fd, c->in + c->in_n, SIP_MSG_MAX - c->in_n, MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		conn_close(c);
		return;
	}
	c->in_n += (size_t)n;
	conn_messages(c);
}


static void tcp_accept(struct watch *w, uint32_t events)
{
	struct transport *t = w->arg;
	struct sockaddr_in sa;
	socklen_t l = sizeof(sa);
	struct conn *c;
	uint32_t slot = 1;
	int one = 1, fd;

	(void)events;
	fd = accept4(w->fd, (struct sockaddr *)&sa, &l,
		     SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	while (slot < CONN_MAX && t->conns[slot])
		slot++;
	if (slot == CONN_MAX) {
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c = need(calloc(1, sizeof(*c)));
	c->in = need(malloc(SIP_MSG_MAX));
	c->t = t;
	c->sa = sa;
	c->id = (++t->gen % 1000000) * CONN_MAX + slot;
	c->w = (struct watch){fd, conn_ready, c};
	t->conns[slot] = c;
	t->open++;
	loop_watch(t->loop, &c->w, EPOLLIN);
}


void transport_send(struct transport *t, const struct peer *to,
		    struct str data)
{
	if (to->conn) {
		struct conn *c = t->conns[to->conn % CONN_MAX];

		if (c && c->id == to->conn)
			conn_send(c, data);
		return;
	}
	if (t->tx_n == TX_BATCH || t->tx_used + data.l > TX_BYTES)
		transport_flush(t);
	if (data.l > TX_BYTES)
		return;
	memcpy(t->tx + t->tx_used, data.p, data.l);
	t->tx_v[t->tx_n] = (struct iovec){t->tx + t->tx_used, data.l};
	t->tx_a[t->tx_n] = to->sa;
	t->tx_m[t->tx_n].msg_hdr = (struct msghdr){
		.msg_name = &t->tx_a[t->tx_n],
		.msg_namelen = sizeof(t->tx_a[0]),
		.msg_iov = &t->tx_v[t->tx_n],
		.msg_iovlen = 1,
	};
	t->tx_used += data.l;
	t->tx_n++;
}


static void udp_flush(struct transport *t)
{
	unsigned done = 0, tries = 0;

	while (done < t->tx_n && tries < 50) {
		struct pollfd pfd = {t->udp.fd, POLLOUT, 0};
		int n = sendmmsg(t->udp.fd, t->tx_m + done, t->tx_n - done, 0);

		if (n > 0) {
			done += (unsigned)n;
			continue;
		}
		tries++;
		if (errno == EAGAIN || errno == ENOBUFS)
			poll(&pfd, 1, 10);
		else if (errno != EINTR)
			done++; /* this one cannot be sent: as if lost */
	}
	t->tx_n = 0;
	t->tx_used = 0;
}


static void bury(struct transport *t)
{
	while (t->dead) {
		struct conn *c = t->dead;

		t->dead = c->next_dead;
		free(c->in);
		free(c->out);
		free(c);
	}
}


void transport_flush(struct transport *t)
{
	if (t->tx_n)
		udp_flush(t);
	for (uint32_t i = 1; t->open && i < CONN_MAX; i++)
		if (t->conns[i] && t->conns[i]->out_n && !t->conns[i]->waiting)
			conn_flush(t->conns[i]);
	bury(t);
}


/* UDP takes the port (or finds one); TCP must get the same. */
static int open_pair(struct transport *t, struct sockaddr_in *sa)
{
	int one = 1, size = SOCKET_BUFFER;
	int type = SOCK_CLOEXEC | SOCK_NONBLOCK;
	socklen_t l = sizeof(*sa);

	t->udp.fd = socket(AF_INET, SOCK_DGRAM | type, 0);
	t->tcp.fd = socket(AF_INET, SOCK_STREAM | type, 0);
	if (t->udp.fd < 0 || t->tcp.fd < 0)
		return -1;
	/* FORCE needs privilege; the plain one is cut to rmem_max */
	if (setsockopt(t->udp.fd, SOL_SOCKET, SO_RCVBUFFORCE, &size,
		       sizeof(size)))
		setsockopt(t->udp.fd, SOL_SOCKET, SO_RCVBUF, &size,
			   sizeof(size));
	if (setsockopt(t->udp.fd, SOL_SOCKET, SO_SNDBUFFORCE, &size,
		       sizeof(size)))
		setsockopt(t->udp.fd, SOL_SOCKET, SO_SNDBUF, &size,
			   sizeof(size));
	setsockopt(t->udp.fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one));
	setsockopt(t->tcp.fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(t->udp.fd, (struct sockaddr *)sa, sizeof(*sa)) ||
	    getsockname(t->udp.fd, (struct sockaddr *)sa, &l) ||
	    bind(t->tcp.fd, (struct sockaddr *)sa, sizeof(*sa)) ||
	    listen(t->tcp.fd, 256))
		return -1;
	return 0;
}


struct transport *transport_open(struct loop *l, struct sockaddr_in *sa,
				 receive_h h, void *arg)
{
	struct transport *t = need(calloc(1, sizeof(*t)));
	int tries = sa->sin_port ? 1 : 20, err = -1;

	t->rx = need(malloc((size_t)RX_BATCH * SIP_MSG_MAX));
	t->tx = need(malloc(TX_BYTES));
	t->loop = l;
	t->h = h;
	t->arg = arg;
	t->udp = (struct watch){-1, udp_readable, t};
	t->tcp = (struct watch){-1, tcp_accept, t};
	while (err && tries--) {
		struct sockaddr_in want = *sa;

		err = open_pair(t, &want);
		if (!err) {
			*sa = want;
			break;
		}
		if (t->udp.fd >= 0)
			close(t->udp.fd);
		if (t->tcp.fd >= 0)
			close(t->tcp.fd);
		t->udp.fd = t->tcp.fd = -1;
	}
	if (err || loop_watch(l, &t->udp, EPOLLIN) ||
	    loop_watch(l, &t->tcp, EPOLLIN)) {
		transport_close(t);
		return NULL;
	}
	return t;
}


void transport_close(struct transport *t)
{
	if (t->udp.fd >= 0)
		transport_flush(t);
	for (uint32_t i = 1; i < CONN_MAX; i++)
		if (t->conns[i])
			conn_close(t->conns[i]);
	bury(t);
	if (t->udp.fd >= 0)
		close(t->udp.fd);
	if (t->tcp.fd >= 0)
		close(t->tcp.fd);
	free(t->rx);
	free(t->tx);
	free(t);
}
