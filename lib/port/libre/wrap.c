/**
 * @file port/libre/wrap.c  What libre would print, answer or open by itself
 *
 * The linker's --wrap sends libre's own calls here.  libre prints a line to
 * stderr for every stray or broken packet, with raw peer bytes (specs fact K),
 * and answers any STUN Binding request on the SIP port (fact J).  It gives no
 * way to its sockets: their buffers are set here (fact L), and they are closed on exec.  It asks
 * OpenSSL for each 4 bytes of a Call-ID, a tag or a branch.  Names that a
 * release of libre does not have are never called.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include "base/dscp.h"
#include "port/libre/libre.h"

static _Thread_local struct sipd_log *log_here;
static _Thread_local int rcvbuf_here;
static _Thread_local unsigned dscp_here;
static _Thread_local const char *cancel_line_here;
static _Thread_local struct bad_request {
	const struct sip *sip;
	sip_msg_h *h;
	void *arg;
} bad_requests[SIPD_LIBRE_STACKS_MAX];
static _Thread_local struct {
	sip_msg_h *h;
	void *arg;
} first_here;


void sipd_libre_cancel_line(const char *line)
{
	cancel_line_here = line;
}


void sipd_libre_log(struct sipd_log *log)
{
	log_here = log;
}


struct sipd_log *sipd_libre_log_here(void)
{
	return log_here;
}


void sipd_libre_open(int rcvbuf, unsigned dscp)
{
	rcvbuf_here = rcvbuf;
	dscp_here = dscp;
}


void sipd_libre_first(sip_msg_h *h, void *arg)
{
	first_here.h = h;
	first_here.arg = arg;
}


static struct bad_request *bad_request_of(const struct sip *sip)
{
	size_t i;

	for (i = 0; i < SIPD_LIBRE_STACKS_MAX; i++) {
		if (bad_requests[i].sip == sip)
			return &bad_requests[i];
	}

	return NULL;
}


void sipd_libre_bad_request(const struct sip *sip, sip_msg_h *h, void *arg)
{
	struct bad_request *b = sip ? bad_request_of(h ? NULL : sip) : NULL;

	if (b)
		*b = (struct bad_request){h ? sip : NULL, h, arg};
}


#ifdef SIPD_LIBRE_STATIC

/* The last connections with TLS: what is asked for begins within the turn, and
 * the newest with its address is it. */
enum { TLS_BEGUN = 64 };
static _Thread_local struct tls_begun {
	const struct tls_conn *conn;
	int fd;
} tls_begun[TLS_BEGUN];
static _Thread_local size_t tls_begunc;

int __wrap_re_fprintf(FILE *stream, const char *fmt, ...);
int __wrap__re_fprintf(FILE *stream, const char *fmt, ...);
int __wrap__re_fprintf_s(FILE *stream, const char *fmt, ...);
int __wrap_dbg_printf(int level, const char *fmt, ...);
int __wrap_stun_reply(int proto, void *sock, const struct sa *dst,
		      size_t presz, const struct stun_msg *req,
		      const uint8_t *key, size_t keylen, bool fp,
		      uint32_t attrc, ...);
int __real_sip_listen(struct sip_lsnr **lsnrp, struct sip *sip, bool req,
		      sip_msg_h *msgh, void *arg);
int __wrap_sip_listen(struct sip_lsnr **lsnrp, struct sip *sip, bool req,
		      sip_msg_h *msgh, void *arg);
int __real_sip_reply(struct sip *sip, const struct sip_msg *msg,
		     uint16_t scode, const char *reason);
int __wrap_sip_reply(struct sip *sip, const struct sip_msg *msg,
		     uint16_t scode, const char *reason);
int __real_udp_listen(struct udp_sock **usp, const struct sa *local,
		      udp_recv_h *rh, void *arg);
int __wrap_udp_listen(struct udp_sock **usp, const struct sa *local,
		      udp_recv_h *rh, void *arg);
int __real_udp_send(struct udp_sock *us, const struct sa *dst,
		    struct mbuf *mb);
int __wrap_udp_send(struct udp_sock *us, const struct sa *dst,
		    struct mbuf *mb);
int __real_mbuf_write_str(struct mbuf *mb, const char *str);
int __wrap_mbuf_write_str(struct mbuf *mb, const char *str);
int __real_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol);
int __real_epoll_create1(int flags);
int __wrap_epoll_create1(int flags);
int __wrap_epoll_create(int size);
int __real_tls_start_tcp(struct tls_conn **ptc, struct tls *tls,
			 struct tcp_conn *tcp, int layer);
int __wrap_tls_start_tcp(struct tls_conn **ptc, struct tls *tls,
			 struct tcp_conn *tcp, int layer);
int __real_RAND_bytes(unsigned char *buf, int num);
int __wrap_RAND_bytes(unsigned char *buf, int num);

/* Each RAND_bytes() is two system calls and 1 us and more, a call asks 10
 * times: draw for some calls at once. */
enum { POOL = 512, POOL_MAX = 32 };

static _Thread_local unsigned char pool[POOL];
static _Thread_local size_t pool_left;


typedef int(vformat_h)(char *str, size_t size, const char *fmt, va_list ap);


static void to_log(vformat_h *vformat, const char *fmt, va_list ap)
{
	char line[SIPD_LOG_SIZE];
	size_t len;

	if (!log_here || atomic_load(&log_here->level) < SIPDIALER_LOG_DEBUG)
		return;

	if (vformat(line, sizeof(line), fmt, ap) < 0)
		return;

	len = str_len(line);
	while (len && (line[len - 1] == '\n' || line[len - 1] == '\r'))
		line[--len] = '\0';

	sipd_log_debug(log_here, "libre: %s", line);
}


int __wrap_re_fprintf(FILE *stream, const char *fmt, ...)
{
	va_list ap;
	(void)stream;

	va_start(ap, fmt);
	to_log(re_vsnprintf, fmt, ap);
	va_end(ap);

	return 0;
}


int __wrap__re_fprintf(FILE *stream, const char *fmt, ...)
{
	va_list ap;
	(void)stream;

	va_start(ap, fmt);
	to_log(re_vsnprintf, fmt, ap);
	va_end(ap);

	return 0;
}


#ifdef SIPD_LIBRE_FORMAT_SIZES
int __wrap__re_fprintf_s(FILE *stream, const char *fmt, ...)
{
	va_list ap;
	(void)stream;

	va_start(ap, fmt);
	to_log(re_vsnprintf_s, fmt, ap);
	va_end(ap);

	return 0;
}
#endif


int __wrap_dbg_printf(int level, const char *fmt, ...)
{
	va_list ap;
	(void)level;

	va_start(ap, fmt);
	to_log(re_vsnprintf, fmt, ap);
	va_end(ap);

	return 0;
}


int __wrap_stun_reply(int proto, void *sock, const struct sa *dst,
		      size_t presz, const struct stun_msg *req,
		      const uint8_t *key, size_t keylen, bool fp,
		      uint32_t attrc, ...)
{
	(void)proto;
	(void)sock;
	(void)dst;
	(void)presz;
	(void)req;
	(void)key;
	(void)keylen;
	(void)fp;
	(void)attrc;

	return 0;
}


/* Its listeners are asked in the order they came in, and the first is that of
 * the transactions: ours goes before it. */
int __wrap_sip_listen(struct sip_lsnr **lsnrp, struct sip *sip, bool req,
		      sip_msg_h *msgh, void *arg)
{
	sip_msg_h *const first = first_here.h;

	if (req && first) {
		int err;

		first_here.h = NULL;
		err = __real_sip_listen(NULL, sip, true, first,
					first_here.arg);
		if (err)
			return err;
	}

	return __real_sip_listen(lsnrp, sip, req, msgh, arg);
}


/* Ours never send a 400 by it. */
int __wrap_sip_reply(struct sip *sip, const struct sip_msg *msg,
		     uint16_t scode, const char *reason)
{
	const struct bad_request *b = scode == 400 && sip ? bad_request_of(sip)
							  : NULL;

	if (b) {
		(void)b->h(msg, b->arg);
		return 0;
	}

	return __real_sip_reply(sip, msg, scode, reason);
}


int __wrap_udp_listen(struct udp_sock **usp, const struct sa *local,
		      udp_recv_h *rh, void *arg)
{
	const int err = __real_udp_listen(usp, local, rh, arg);

	if (err || !rcvbuf_here)
		return err;

	if (udp_setsockopt(*usp, SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf_here,
			   sizeof(rcvbuf_here)))
		(void)udp_setsockopt(*usp, SOL_SOCKET, SO_RCVBUF, &rcvbuf_here,
				     sizeof(rcvbuf_here));

	return 0;
}


/* A send handler that refuses leaves nothing to send; newer libre does not
 * look at its error and sends that. */
int __wrap_udp_send(struct udp_sock *us, const struct sa *dst, struct mbuf *mb)
{
	if (!mbuf_get_left(mb))
		return ECANCELED;

	return __real_udp_send(us, dst, mb);
}


/* The last line of a CANCEL is where more of it can go. */
int __wrap_mbuf_write_str(struct mbuf *mb, const char *str)
{
	const char *line = cancel_line_here;
	int err = 0;

	if (line && !strncmp(str, "Content-Length: 0", 17)) {
		cancel_line_here = NULL;
		err = __real_mbuf_write_str(mb, line);
	}

	return err ? err : __real_mbuf_write_str(mb, str);
}


/* What a host forks and execs must not keep our ports. */
int __wrap_socket(int domain, int type, int protocol)
{
	const int fd = __real_socket(domain, type | SOCK_CLOEXEC, protocol);

	if (fd >= 0 && dscp_here)
		sipd_dscp_set(fd, domain, dscp_here);

	return fd;
}


int __wrap_epoll_create1(int flags)
{
	return __real_epoll_create1(flags | EPOLL_CLOEXEC);
}


int __wrap_epoll_create(int size)
{
	(void)size;

	return __real_epoll_create1(EPOLL_CLOEXEC);
}


int __wrap_tls_start_tcp(struct tls_conn **ptc, struct tls *tls,
			 struct tcp_conn *tcp, int layer)
{
	const int err = __real_tls_start_tcp(ptc, tls, tcp, layer);

	if (!err)
		tls_begun[tls_begunc++ % TLS_BEGUN] =
			(struct tls_begun){*ptc, sipd_libre_conn_of(tcp)};

	return err;
}


int __wrap_RAND_bytes(unsigned char *buf, int num)
{
	size_t n;

	if (num <= 0 || num > POOL_MAX)
		return __real_RAND_bytes(buf, num);

	n = (size_t)num;
	if (pool_left < n) {
		const int ok = __real_RAND_bytes(pool, POOL);

		if (ok != 1)
			return ok;
		pool_left = POOL;
	}

	/* once used they are nowhere but with who asked */
	pool_left -= n;
	memcpy(buf, pool + pool_left, n);
	memset(pool + pool_left, 0, n);

	return 1;
}


int sipd_libre_tls_fd(const struct tls_conn *conn)
{
	size_t i;

	for (i = tls_begunc; i && tls_begunc - i < TLS_BEGUN; i--) {
		if (tls_begun[(i - 1) % TLS_BEGUN].conn == conn)
			return tls_begun[(i - 1) % TLS_BEGUN].fd;
	}

	return -1;
}

#else

int sipd_libre_tls_fd(const struct tls_conn *conn)
{
	(void)conn;

	return -1;
}

#endif
