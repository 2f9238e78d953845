/**
 * @file port/rtp/socket.c  Port pairs. RFC 3550 11: even RTP, next odd RTCP
 */
#include "port/rtp/priv.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "base/dscp.h"
#include "base/error.h"
#include "port/net.h"

enum {
	ANY_MIN = 32768,
	ANY_MAX = 60999, /* Linux' own choice for port 0;
					   * bound by number, because a socket
					   * bound to 0 loses its port when it
					   * is disconnected */
	RCVBUF = 212992  /* the most without more rights: 10,000 packets/s
			  * that are not believed must not push out, between
			  * two ticks, those that are */
};


static int bound(const union sipd_addr *addr, uint16_t port, int *fdp)
{
	union sipd_addr a = *addr;
	const int on = 1;
	const int fd = socket(a.sa.sa_family,
			      SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return errno;

	if (a.sa.sa_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on,
				 sizeof(on));
	sipd_addr_set_port(&a, port);
	if (bind(fd, &a.sa, sipd_addr_len(&a))) {
		const int err = errno;

		(void)close(fd);
		return err;
	}

	*fdp = fd;

	return 0;
}


static int pair(struct sipd_rtp *r, const union sipd_addr *addr, uint16_t port)
{
	int err = bound(addr, port, &r->fd);

	if (err)
		return err;

	err = bound(addr, (uint16_t)(port + 1), &r->rtcp_fd);
	if (err) {
		(void)close(r->fd);
		r->fd = -1;
		return err;
	}
	r->port = port;

	return 0;
}


/* *at goes round the range, so that a port just freed is used again last. */
int sipd_rtp_sockets(struct sipd_rtp *r, const union sipd_addr *addr,
		     uint16_t min, uint16_t max, unsigned *at)
{
	const unsigned lo = ((min ? min : ANY_MIN) + 1u) & ~1u;
	const unsigned hi = min ? max : ANY_MAX; /* of RTCP */
	unsigned pairs, i;

	if (lo + 1 > hi)
		return sipd_error(SIPDIALER_EIO,
				  "no even RTP port and its next in %u-%u",
				  min, max);

	pairs = (hi - lo + 1) / 2;
	for (i = 0; i < pairs; ++i) {
		const unsigned port = lo + 2 * ((*at)++ % pairs);
		const int err = pair(r, addr, (uint16_t)port);

		if (!err)
			return SIPDIALER_OK;
		if (err == EMFILE)
			return sipd_error(SIPDIALER_EIO,
					  "RTP socket: all %llu descriptors "
					  "are in use, a call needs two: "
					  "raise the limit (ulimit -n)",
					  (unsigned long long)
						  sipd_files_max());
		if (err != EADDRINUSE && err != EACCES)
			return sipd_error(SIPDIALER_EIO, "RTP socket: %s",
					  strerror(err));
	}

	return sipd_error(SIPDIALER_EIO,
			  "all %u RTP port pairs in %u-%u are in use", pairs,
			  lo, hi);
}


void sipd_rtp_dscp(struct sipd_rtp *r, unsigned dscp)
{
	const int fds[] = {r->fd, r->rtcp_fd};
	socklen_t len;
	int family;
	size_t i;

	for (i = 0; i < 2; i++) {
		len = sizeof(family);
		if (fds[i] >= 0 &&
		    !getsockopt(fds[i], SOL_SOCKET, SO_DOMAIN, &family, &len))
			sipd_dscp_set(fds[i], family, dscp);
	}
}


static void drain(int fd)
{
	uint8_t buf[16];
	int i;

	for (i = 0; i < 256 && recv(fd, buf, sizeof(buf), 0) >= 0; ++i)
		;
}


/* What came before the far end was known is nobody's; but a handshake that
 * began at once, and says by its keys whose it is. */
void sipd_rtp_socket_prepare(struct sipd_rtp *r)
{
	const int size = RCVBUF, on = 1;

	(void)setsockopt(r->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	(void)setsockopt(r->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	if (!r->remote.secure.role)
		drain(r->fd);
	drain(r->rtcp_fd);
}


/* Connected, the kernel keeps strangers out.  to NULL: open again. */
void sipd_rtp_socket_fix(struct sipd_rtp *r, const union sipd_addr *to)
{
	static const struct sockaddr none = {.sa_family = AF_UNSPEC};

	if (to) {
		r->fixed = !connect(r->fd, &to->sa, sipd_addr_len(to));
	}
	else if (r->fixed) {
		(void)connect(r->fd, &none, sizeof(none));
		r->fixed = false;
	}
}


void sipd_rtp_socket_free(struct sipd_rtp *r)
{
	if (r->fd >= 0)
		(void)close(r->fd);
	if (r->rtcp_fd >= 0)
		(void)close(r->rtcp_fd);
	r->fd = r->rtcp_fd = -1;
}
