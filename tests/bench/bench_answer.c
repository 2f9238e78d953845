/**
 * @file bench/bench_answer.c  From the answer to the first sound
 *
 * A far end of its own in a second thread: it sends 200 to an INVITE and takes
 * the time until the first RTP packet of that call that is not silence, by the
 * kernel's time of arrival.  Calls begin at a fixed rate through the public
 * API and play a prompt; others may be up meanwhile.  Prints one JSON object.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sipdialer/sipdialer.h>
#include "bench_util.h"

enum { PORTS = 65536, PACKET = 2048, PROMPT_MS = 2000, SAMPLES_MAX = 200000 };

struct far {
	int sip, rtp;
	uint16_t sip_port, rtp_port;
	pthread_t thread;
	atomic_bool stop;
	uint64_t answered_ns[PORTS]; /* by RTP port of the caller; 0: none */
	uint32_t us[SAMPLES_MAX];
	size_t samples;
};


static uint64_t wall_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);

	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}


static int socket_open(uint16_t *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	const int on = 1, size = 8 << 20;
	socklen_t len = sizeof(a);
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) ||
	    getsockname(fd, (struct sockaddr *)&a, &len))
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size,
				 sizeof(size));
	*port = ntohs(a.sin_port);

	return fd;
}


/* A header line, with its end. */
static size_t line(const char *msg, const char *name, char *buf, size_t size)
{
	const char *p = strstr(msg, name), *end;
	size_t n;

	if (!p)
		return 0;
	p += 2; /* CRLF before it */
	end = strstr(p, "\r\n");
	n = end ? (size_t)(end - p) : 0;
	if (!n || n >= size)
		return 0;
	memcpy(buf, p, n);
	buf[n] = '\0';

	return n;
}


static size_t response(const struct far *f, const char *msg, bool invite,
		       char *out, size_t size)
{
	char via[512], from[512], to[512], id[256], cseq[64], sdp[256] = "";

	if (!line(msg, "\r\nVia:", via, sizeof(via)) ||
	    !line(msg, "\r\nFrom:", from, sizeof(from)) ||
	    !line(msg, "\r\nTo:", to, sizeof(to)) ||
	    !line(msg, "\r\nCall-ID:", id, sizeof(id)) ||
	    !line(msg, "\r\nCSeq:", cseq, sizeof(cseq)))
		return 0;

	if (invite)
		(void)snprintf(sdp, sizeof(sdp),
			       "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
			       "c=IN IP4 127.0.0.1\r\nt=0 0\r\n"
			       "m=audio %u RTP/AVP 0\r\na=sendrecv\r\n",
			       f->rtp_port);

	return (size_t)snprintf(
		out, size,
		"SIP/2.0 200 OK\r\n%s\r\n%s\r\n%s%s\r\n%s\r\n%s\r\n"
		"Contact: <sip:far@127.0.0.1:%u>\r\n%s"
		"Content-Length: %zu\r\n\r\n%s",
		via, from, to, invite ? ";tag=far" : "", id, cseq, f->sip_port,
		invite ? "Content-Type: application/sdp\r\n" : "", strlen(sdp),
		sdp);
}


static void sip_read(struct far *f)
{
	char msg[PACKET], out[PACKET];
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	const ssize_t n = recvfrom(f->sip, msg, sizeof(msg) - 1, MSG_DONTWAIT,
				   (struct sockaddr *)&from, &len);
	const char *audio;
	bool invite;
	size_t l;

	if (n <= 0)
		return;
	msg[n] = '\0';
	invite = !strncmp(msg, "INVITE", 6);
	if (!invite && strncmp(msg, "BYE", 3))
		return;

	l = response(f, msg, invite, out, sizeof(out));
	audio = strstr(msg, "\nm=audio ");
	if (invite && audio) {
		const unsigned port = (unsigned)atoi(audio + 9) & 65535;

		f->answered_ns[port] = wall_ns();
	}
	if (l)
		(void)sendto(f->sip, out, l, 0, (struct sockaddr *)&from, len);
}


static uint64_t stamp(struct msghdr *m)
{
	struct cmsghdr *c;
	struct timespec ts;

	for (c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == SOL_SOCKET &&
		    c->cmsg_type == SCM_TIMESTAMPNS) {
			memcpy(&ts, CMSG_DATA(c), sizeof(ts));
			return (uint64_t)ts.tv_sec * 1000000000 +
			       (uint64_t)ts.tv_nsec;
		}

	return wall_ns();
}


static bool silence(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; ++i)
		if (p[i] != 0xff && p[i] != 0x7f)
			return false;

	return true;
}


static bool rtp_read(struct far *f)
{
	uint8_t packet[PACKET];
	char control[128];
	struct sockaddr_in from;
	struct iovec iov = {packet, sizeof(packet)};
	struct msghdr m = {.msg_name = &from,
			   .msg_namelen = sizeof(from),
			   .msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = sizeof(control)};
	const ssize_t n = recvmsg(f->rtp, &m, MSG_DONTWAIT);
	uint64_t *answered;

	if (n < 0)
		return false;
	answered = &f->answered_ns[ntohs(from.sin_port)];
	if (n <= 12 || !*answered || silence(packet + 12, (size_t)n - 12))
		return true;

	if (f->samples < SAMPLES_MAX)
		f->us[f->samples++] = (uint32_t)((stamp(&m) - *answered) /
						 1000);
	*answered = 0;

	return true;
}


static void *far_main(void *arg)
{
	struct far *f = arg;
	struct pollfd fds[2] = {{.fd = f->sip, .events = POLLIN},
				{.fd = f->rtp, .events = POLLIN}};
	unsigned i;

	while (!atomic_load(&f->stop)) {
		if (poll(fds, 2, 100) < 0 && errno != EINTR)
			break;
		sip_read(f);
		for (i = 0; i < 256 && rtp_read(f); ++i)
			;
	}

	return NULL;
}


/* A square wave of 1 kHz, 8 kHz 16 bit mono */
static bool write_prompt(const char *path)
{
	static const uint8_t head[44] = {
		'R', 'I', 'F',  'F',  0x24, 0x7d, 0,    0,    'W',  'A', 'V',
		'E', 'f', 'm',  't',  ' ',  16,   0,    0,    0,    1,   0,
		1,   0,   0x40, 0x1f, 0,    0,    0x80, 0x3e, 0,    0,   2,
		0,   16,  0,    'd',  'a',  't',  'a',  0,    0x7d, 0,   0};
	FILE *f = fopen(path, "wb");

	if (!f)
		return false;
	(void)fwrite(head, sizeof(head), 1, f);
	for (unsigned i = 0; i < PROMPT_MS * 8; ++i) {
		const int16_t v = i / 4 % 2 ? 8000 : -8000;

		(void)fwrite(&v, sizeof(v), 1, f);
	}

	return !fclose(f);
}


static int compare(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}


static void pull(struct sipdialer *d, int timeout_ms, uint64_t *ended)
{
	const struct sipdialer_event *ev;

	while ((ev = sipdialer_next_event(d, timeout_ms))) {
		timeout_ms = 0;
		*ended += ev->type == SIPDIALER_EVENT_CALL_ENDED;
	}
}


static bool run(struct sipdialer *d, struct far *f, double rate,
		unsigned seconds)
{
	const uint64_t t0 = bench_us();
	const uint64_t until = t0 + (uint64_t)seconds * 1000000;
	uint64_t begun = 0, ended = 0, call;

	while (bench_us() < until) {
		if ((double)begun < (double)(bench_us() - t0) * rate / 1e6) {
			if (sipdialer_call(d, "4930100", NULL, &call))
				return false;
			++begun;
		}
		pull(d, 1, &ended);
	}
	while (ended < begun && bench_us() < until + 10000000)
		pull(d, 10, &ended);

	atomic_store(&f->stop, true);
	(void)pthread_join(f->thread, NULL);
	if (!f->samples)
		return false;
	qsort(f->us, f->samples, sizeof(f->us[0]), compare);
	printf("{\"bench\":\"answer\",\"calls\":%llu,\"heard\":%zu,"
	       "\"at_once\":%.0f,\"p50_ms\":%.2f,\"p99_ms\":%.2f,"
	       "\"max_ms\":%.2f}\n",
	       (unsigned long long)begun, f->samples, rate * PROMPT_MS / 1000,
	       f->us[f->samples / 2] / 1e3, f->us[f->samples * 99 / 100] / 1e3,
	       f->us[f->samples - 1] / 1e3);

	return true;
}


int main(int argc, char *argv[])
{
	const double rate = argc > 1 ? atof(argv[1]) : 50;
	const unsigned seconds = argc > 2 ? (unsigned)atoi(argv[2]) : 10;
	static struct far f;
	struct sipdialer *d = NULL;
	char prompt[64], port[8];
	bool ok;

	if (rate <= 0 || !seconds) {
		(void)fprintf(stderr, "usage: bench_answer [calls a second] "
				      "[seconds]\n");
		return 2;
	}

	bench_raise_files();
	(void)snprintf(prompt, sizeof(prompt), "bench-%d.wav", (int)getpid());
	f.sip = socket_open(&f.sip_port);
	f.rtp = socket_open(&f.rtp_port);
	(void)snprintf(port, sizeof(port), "%u", f.sip_port);
	ok = f.sip >= 0 && f.rtp >= 0 && write_prompt(prompt) &&
	     !pthread_create(&f.thread, NULL, far_main, &f) &&
	     !sipdialer_create(&d) &&
	     !sipdialer_set(d, "sip.server", "127.0.0.1") &&
	     !sipdialer_set(d, "sip.port", port) &&
	     !sipdialer_set(d, "sip.register", "no") &&
	     !sipdialer_set(d, "media.codecs", "pcmu") &&
	     !sipdialer_set(d, "dial.max_calls", "100000") &&
	     !sipdialer_set(d, "events.max", "1000000") &&
	     !sipdialer_set(d, "call.play", prompt) &&
	     !sipdialer_set(d, "call.hangup_after_play", "yes") &&
	     !sipdialer_start(d) && run(d, &f, rate, seconds);
	if (!ok)
		(void)fprintf(stderr, "failed: %s\n", sipdialer_last_error());
	sipdialer_destroy(d);
	(void)unlink(prompt);

	return ok ? 0 : 1;
}
