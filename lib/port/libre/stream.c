/**
 * @file port/libre/stream.c  Whole messages only, of a stream
 *
 * libre reads the head of what has come of a stream anew with each segment,
 * and waits for a body of any size.  It hands over datagrams and streams alike;
 * which it is shows in what it calls before: recv() of a connection, or the
 * question whether a datagram is STUN.  Without effect on a shared libre.
 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/types.h>
#include "port/libre/libre.h"

#ifdef SIPD_LIBRE_STATIC

static _Thread_local bool stream_here;

ssize_t __real_recv(int fd, void *buf, size_t size, int flags);
ssize_t __wrap_recv(int fd, void *buf, size_t size, int flags);
int __real_stun_msg_decode(struct stun_msg **msgp, struct mbuf *mb,
			   struct stun_unknown_attr *ua);
int __wrap_stun_msg_decode(struct stun_msg **msgp, struct mbuf *mb,
			   struct stun_unknown_attr *ua);
int __real_sip_msg_decode(struct sip_msg **msgp, struct mbuf *mb);
int __wrap_sip_msg_decode(struct sip_msg **msgp, struct mbuf *mb);


ssize_t __wrap_recv(int fd, void *buf, size_t size, int flags)
{
	if (sipd_libre_conn_fd(fd))
		stream_here = true;

	return __real_recv(fd, buf, size, flags);
}


int __wrap_stun_msg_decode(struct stun_msg **msgp, struct mbuf *mb,
			   struct stun_unknown_attr *ua)
{
	stream_here = false;

	return __real_stun_msg_decode(msgp, mb, ua);
}


int __wrap_sip_msg_decode(struct sip_msg **msgp, struct mbuf *mb)
{
	const char *p = (const char *)mbuf_buf(mb);
	const size_t len = mbuf_get_left(mb);
	const int err = stream_here ? sipd_libre_sieve_stream(p, len)
				    : sipd_libre_sieve(p, len);

	if (err == EMSGSIZE)
		sipd_log_info(sipd_libre_log_here(),
			      "sip: a connection is closed: a message of more "
			      "than %d bytes, or with a head of more than %d",
			      SIPD_STREAM_MAX, SIPD_HEAD_MAX);

	return err ? err : __real_sip_msg_decode(msgp, mb);
}

#endif
