/*
 * RTP of the telephones: sockets, the 20 ms clock, what is sent.
 * RFC 3550, RFC 4733.
 *
 * Streams are spread over ten slots of 2 ms, so that a thousand telephones
 * do not all send in the same millisecond.
 */
#include "media.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stream.h"

enum { SLOTS = 10, SLOT_US = 2000, SOCKET_TRIES = 4000 };

struct media {
	struct net *net;
	struct stream *slot[SLOTS];
	struct stream *dead;
	struct timer tmr;
	uint64_t next_us; /* when the next slot is due */
	unsigned at;      /* which one */
	unsigned next_port, next_slot;
	size_t active;
};


struct media *media_new(struct net *n)
{
	struct media *m = need(calloc(1, sizeof(*m)));
	unsigned pairs = (n->opt.rtp_max - n->opt.rtp_min) / 2 + 1;

	m->net = n;
	m->next_port = (unsigned)(mix64((uint64_t)getpid()) % pairs);
	return m;
}


void media_free(struct media *m)
{
	media_reap(m);
	free(m);
}


void media_reap(struct media *m)
{
	while (m->dead) {
		struct stream *s = m->dead;

		m->dead = s->next;
		free(s);
	}
}


static int udp_on(const struct net *n, uint16_t port)
{
	struct sockaddr_in sa = n->opt.listen;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	sa.sin_port = htons(port);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&sa, sizeof(sa))) {
		close(fd);
		fd = -1;
	}
	return fd;
}


/* An even port and the one after it. */
static bool open_ports(struct media *m, struct stream *s)
{
	const struct options *o = &m->net->opt;
	unsigned pairs = (o->rtp_max - o->rtp_min) / 2 + 1;

	for (unsigned i = 0; i < pairs && i < SOCKET_TRIES; i++) {
		unsigned p = o->rtp_min + 2 * (m->next_port++ % pairs);

		s->rtp.fd = udp_on(m->net, (uint16_t)p);
		if (s->rtp.fd < 0 && (errno == EMFILE || errno == ENFILE))
			break;
		if (s->rtp.fd < 0)
			continue;
		s->rtcp.fd = udp_on(m->net, (uint16_t)(p + 1));
		if (s->rtcp.fd >= 0) {
			s->port = (uint16_t)p;
			return true;
		}
		close(s->rtp.fd);
	}
	return false;
}


static void rtp_readable(struct watch *w, uint32_t events)
{
	struct stream *s = w->arg;
	uint8_t buf[2048];

	(void)events;
	for (int i = 0; i < 32 && w->fd >= 0; i++) {
		struct sockaddr_in from;
		socklen_t fl = sizeof(from);
		ssize_t n = recvfrom(w->fd, buf, sizeof(buf), 0,
				     (struct sockaddr *)&from, &fl);

		if (n < 0)
			return;
		/* RFC 5761 4: packet types 192..223 are RTCP */
		if (n >= 8 && buf[1] >= 192 && buf[1] <= 223)
			stream_rtcp(s, buf, (size_t)n, &from, w->fd);
		else
			stream_rtp(s, buf, (size_t)n);
	}
}


static void clock_due(void *arg)
{
	struct media *m = arg;
	uint64_t now = m->net->loop.now;

	/* after a long stop: go on from now, do not send it all at once */
	if (now > m->next_us + 200000)
		m->next_us = now;
	while (m->next_us <= now) {
		for (struct stream *s = m->slot[m->at]; s; s = s->next)
			stream_tick(s);
		m->at = (m->at + 1) % SLOTS;
		m->next_us += SLOT_US;
	}
	if (m->active)
		timer_set(&m->net->loop, &m->tmr, m->next_us - now, clock_due,
			  m);
}


struct stream *stream_open(struct media *m, struct call *c, digit_h h)
{
	struct stream *s = need(calloc(1, sizeof(*s)));

	s->net = m->net;
	s->call = c;
	s->digit_h = h;
	s->rtp = (struct watch){-1, rtp_readable, s};
	s->rtcp = (struct watch){-1, rtp_readable, s};
	if (!open_ports(m, s)) {
		fprintf(stderr, "phonenet: no free RTP port or socket\n");
		free(s);
		return NULL;
	}
	loop_watch(&m->net->loop, &s->rtp, EPOLLIN);
	loop_watch(&m->net->loop, &s->rtcp, EPOLLIN);
	s->rnd = mix64(c->key + c->fork);
	s->ssrc = (uint32_t)s->rnd;
	s->seq = (uint16_t)(s->rnd >> 32);
	s->ts = (uint32_t)(s->rnd >> 20);
	s->pt = s->te_pt = -1;
	s->slot = m->next_slot++ % SLOTS;
	s->next = m->slot[s->slot];
	m->slot[s->slot] = s;
	if (!m->active++) {
		m->next_us = m->net->loop.now;
		timer_set(&m->net->loop, &m->tmr, SLOT_US, clock_due, m);
	}
	return s;
}


/* Names from the wire become file names: only harmless letters stay. */
static void add_name(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.l && i < 120; i++) {
		char c = s.p[i];
		bool ok = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			  (c >= 'A' && c <= 'Z') || c == '-' || c == '+' ||
			  c == '@' || (c == '.' && i);

		buf_add(b, ok ? &c : "_", 1);
	}
}


static void write_record(struct stream *s)
{
	char path[4096];
	struct buf b = {path, 0, sizeof(path), false};

	if (!s->rec_n || !s->net->opt.record)
		return;
	buf_fmt(&b, "%s/", s->net->opt.record);
	if (!(s->call->b->flags & B_RECORD)) {
		add_name(&b, s->call->number);
		buf_txt(&b, "-");
	}
	add_name(&b, s->call->callid);
	if (s->call->fork)
		buf_txt(&b, "-fork");
	buf_add(&b, ".wav", 5);
	if (b.full || !wav_write(path, s->rec, s->rec_n))
		perror("phonenet: --record");
	else
		call_journal(s->call, "recorded", ",\"samples\":%zu",
			     s->rec_n);
}


void stream_close(struct stream *s, uint64_t *rx, uint64_t *tx)
{
	struct media *m = s->net->media;
	struct stream **p = &m->slot[s->slot];

	if (rx)
		*rx = s->rx;
	if (tx)
		*tx = s->tx;
	write_record(s);
	free(s->rec);
	while (*p != s)
		p = &(*p)->next;
	*p = s->next;
	m->active--;
	loop_unwatch(&s->net->loop, &s->rtp);
	loop_unwatch(&s->net->loop, &s->rtcp);
	close(s->rtp.fd);
	close(s->rtcp.fd);
	s->rtp.fd = s->rtcp.fd = -1;
	s->next = m->dead;
	m->dead = s;
}
