/**
 * @file tests/unit/port/rtp_sides.h  Streams on real sockets and threads
 *
 * Two streams talk to each other, or one to plain sockets of the test.  The
 * handlers run on media threads; all waits are for a condition, with a
 * deadline.
 */
#ifndef TESTS_UNIT_PORT_RTP_SIDES_H
#define TESTS_UNIT_PORT_RTP_SIDES_H

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "lib/cmocka_all.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/work.h"
#include "port/codec/g711.h"
#include "port/rtp/packet.h"
#include "port/rtp/rtcp.h"
#include "port/rtp/rtp.h"

#define UNUSED __attribute__((unused))

enum { WAIT_MS = 8000, F = SIPD_FRAME };

struct side {
	struct sipd_rtp *r;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool talk; /* send numbered frames, else silence */
	unsigned sent;
	uint8_t lead[F];
	unsigned frames, audio, lost; /* heard */
	unsigned mixed, backwards;    /* must stay 0 */
	int last;
	bool loud; /* something not silent was heard */
	unsigned first, silent, keys_sent, closed, after_close;
	unsigned secured, unsecured;
	const char *how; /* it is encrypted, or why not */
	char keys[128];
	uint32_t key_ms;
	struct sipd_rtp_stats st;
};

static struct sipd_media *media;
static struct sipd_log quiet_log;


/* Frame n is a byte of 0x80 + n % 120 in any law: loud, and never 0xff. */
static UNUSED uint8_t number(unsigned n)
{
	return (uint8_t)(0x80 + n % 120);
}


static UNUSED void heard(struct side *s, const struct sipd_rx_frame *rx,
			 enum sipd_codec_id codec)
{
	uint8_t bytes[F];
	int n;
	unsigned i;

	++s->frames;
	if (rx->kind == SIPD_RX_LOST)
		++s->lost;
	if (rx->kind != SIPD_RX_AUDIO)
		return;

	sipd_g711_encode(codec, bytes, rx->pcm, F);
	if (bytes[0] == sipd_g711_silence(codec))
		return;
	s->loud = true;
	for (i = 1; i < F; ++i)
		s->mixed += bytes[i] != bytes[0];
	n = bytes[0] - 0x80;
	/* up to 20 may be missing on a busy machine, none may come twice */
	if (s->last >= 0) {
		const int step = (n - s->last + 120) % 120;

		s->backwards += step < 1 || step > 20;
	}
	s->last = n;
	++s->audio;
}


static UNUSED void on_frame(const struct sipd_rx_frame *rx,
			    struct sipd_tx_frame *tx, enum sipd_codec_id codec,
			    void *arg)
{
	struct side *s = arg;

	(void)pthread_mutex_lock(&s->lock);
	s->after_close += s->closed;
	heard(s, rx, codec);
	if (s->talk) {
		memset(s->lead, number(s->sent++), F);
		tx->kind = SIPD_TX_ENCODED;
		tx->encoded = s->lead;
	}
	(void)pthread_cond_broadcast(&s->cond);
	(void)pthread_mutex_unlock(&s->lock);
}


static UNUSED void on_dtmf(char digit, uint32_t ms, void *arg)
{
	struct side *s = arg;
	size_t n;

	(void)pthread_mutex_lock(&s->lock);
	n = strlen(s->keys);
	if (n + 1 < sizeof(s->keys))
		s->keys[n] = digit;
	s->key_ms = ms;
	(void)pthread_cond_broadcast(&s->cond);
	(void)pthread_mutex_unlock(&s->lock);
}


static UNUSED void count_up(struct side *s, unsigned *n)
{
	(void)pthread_mutex_lock(&s->lock);
	s->after_close += s->closed;
	++*n;
	(void)pthread_cond_broadcast(&s->cond);
	(void)pthread_mutex_unlock(&s->lock);
}


static UNUSED void on_first(void *arg)
{
	struct side *s = arg;

	count_up(s, &s->first);
}


static UNUSED void on_silent(void *arg)
{
	struct side *s = arg;

	count_up(s, &s->silent);
}


static UNUSED void on_secured(bool ok, const char *text, void *arg)
{
	struct side *s = arg;

	s->how = text;
	count_up(s, ok ? &s->secured : &s->unsecured);
}


static UNUSED void on_keys_sent(void *arg)
{
	struct side *s = arg;

	count_up(s, &s->keys_sent);
}


static UNUSED void on_closed(const struct sipd_rtp_stats *st, void *arg)
{
	struct side *s = arg;

	(void)pthread_mutex_lock(&s->lock);
	s->st = *st;
	(void)pthread_mutex_unlock(&s->lock);
	count_up(s, &s->closed);
}


static const struct sipd_rtp_handlers handlers = {
	.frame = on_frame,
	.dtmf = on_dtmf,
	.first = on_first,
	.silent = on_silent,
	.secured = on_secured,
	.dtmf_sent = on_keys_sent,
	.closed = on_closed,
};


/* Until *n >= want, by the deadline. */
static UNUSED bool wait_for(struct side *s, const unsigned *n, unsigned want)
{
	struct timespec end;
	bool ok;

	(void)clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += WAIT_MS / 1000;
	(void)pthread_mutex_lock(&s->lock);
	while (*n < want &&
	       pthread_cond_timedwait(&s->cond, &s->lock, &end) != ETIMEDOUT)
		;
	ok = *n >= want;
	(void)pthread_mutex_unlock(&s->lock);

	return ok;
}


static UNUSED bool wait_keys(struct side *s, const char *want)
{
	struct timespec end;
	bool ok;

	(void)clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += WAIT_MS / 1000;
	(void)pthread_mutex_lock(&s->lock);
	while (strlen(s->keys) < strlen(want) &&
	       pthread_cond_timedwait(&s->cond, &s->lock, &end) != ETIMEDOUT)
		;
	ok = !strcmp(s->keys, want);
	(void)pthread_mutex_unlock(&s->lock);

	return ok;
}


static UNUSED unsigned now_of(struct side *s, const unsigned *n)
{
	unsigned v;

	(void)pthread_mutex_lock(&s->lock);
	v = *n;
	(void)pthread_mutex_unlock(&s->lock);

	return v;
}


static UNUSED void side_open(struct side *s, const char *host)
{
	union sipd_addr addr;

	memset(s, 0, sizeof(*s));
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->cond, NULL);
	s->last = -1;
	s->talk = true;
	assert_true(sipd_addr_parse(&addr, host, 0));
	assert_int_equal(sipd_rtp_open(&s->r, media, &addr, 0, 0, &handlers,
				       s),
			 0);
	assert_int_equal(sipd_rtp_port(s->r) & 1, 0);
}


static UNUSED void side_close(struct side *s)
{
	sipd_rtp_close(s->r);
	assert_true(wait_for(s, &s->closed, 1));
	assert_int_equal(s->closed, 1);
	assert_int_equal(s->after_close, 0);
	(void)pthread_cond_destroy(&s->cond);
	(void)pthread_mutex_destroy(&s->lock);
}


static UNUSED struct sipd_sdp_remote remote_of(const char *host, uint16_t port)
{
	struct sipd_sdp_remote r = {
		.codec = SIPD_CODEC_PCMA,
		.pt = 8,
		.dtmf_pt = 101,
		.dtmf_khz = 8,
		.events = {{.pt = 101, .khz = 8}},
		.eventc = 1,
		.ptime = 20,
		.dir = SIPD_SENDRECV,
	};

	r.pt_in[SIPD_CODEC_PCMA] = 8;
	assert_true(sipd_addr_parse(&r.rtp, host, port));
	assert_true(sipd_addr_parse(&r.rtcp, host, (uint16_t)(port + 1)));

	return r;
}


static UNUSED void join(struct side *a, struct side *b, const char *ha,
			const char *hb, bool mux, uint32_t ptime)
{
	struct sipd_sdp_remote ra = remote_of(hb, sipd_rtp_port(b->r));
	struct sipd_sdp_remote rb = remote_of(ha, sipd_rtp_port(a->r));

	ra.rtcp_mux = rb.rtcp_mux = mux;
	ra.ptime = ptime;
	sipd_rtp_connect(a->r, &ra);
	sipd_rtp_connect(b->r, &rb);
}


/* ---- plain sockets ------------------------------------------------------- */

struct peer {
	int fd;
	union sipd_addr addr;
	uint16_t seq;
	uint32_t ts, ssrc;
};


static UNUSED void peer_open(struct peer *p, const char *host)
{
	socklen_t len = sizeof(p->addr);

	memset(p, 0, sizeof(*p));
	p->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(p->fd >= 0);
	assert_true(sipd_addr_parse(&p->addr, host, 0));
	assert_int_equal(bind(p->fd, &p->addr.sa, sizeof(p->addr.in)), 0);
	assert_int_equal(getsockname(p->fd, &p->addr.sa, &len), 0);
	p->ssrc = 0x1000u + sipd_addr_port(&p->addr);
}


static UNUSED void peer_raw(struct peer *p, const union sipd_addr *to,
			    const void *buf, size_t n)
{
	assert_int_equal(sendto(p->fd, buf, n, 0, &to->sa, sipd_addr_len(to)),
			 n);
}


static UNUSED void peer_packet(struct peer *p, const union sipd_addr *to,
			       uint8_t pt, const uint8_t *payload, size_t n)
{
	const struct sipd_rtp_packet h = {
		.pt = pt,
		.seq = p->seq++,
		.ts = p->ts,
		.ssrc = p->ssrc,
	};
	uint8_t buf[12 + 480];

	sipd_rtp_write(buf, &h);
	memcpy(buf + 12, payload, n);
	peer_raw(p, to, buf, 12 + n);
}


static UNUSED void peer_audio(struct peer *p, const union sipd_addr *to,
			      uint8_t code)
{
	uint8_t payload[F];

	memset(payload, code, F);
	peer_packet(p, to, 8, payload, F);
	p->ts += F;
}


static UNUSED void peer_event(struct peer *p, const union sipd_addr *to,
			      uint8_t key, uint16_t duration, bool end)
{
	const uint8_t e[4] = {key, (uint8_t)((end ? 0x80 : 0) | 10),
			      (uint8_t)(duration >> 8), (uint8_t)duration};

	peer_packet(p, to, 101, e, sizeof(e));
}


/* Length of what comes within ms, -1 nothing. */
static UNUSED int peer_recv(struct peer *p, uint8_t *buf, size_t size, int ms)
{
	struct pollfd pfd = {.fd = p->fd, .events = POLLIN};

	if (poll(&pfd, 1, ms) <= 0)
		return -1;

	return (int)recv(p->fd, buf, size, 0);
}


static UNUSED void connect_to(struct side *s, const struct peer *p,
			      union sipd_addr *local, const char *host)
{
	struct sipd_sdp_remote r = remote_of(host, 0);

	r.rtp = p->addr;
	r.rtcp = p->addr;
	sipd_addr_set_port(&r.rtcp, (uint16_t)(sipd_addr_port(&p->addr) + 1));
	assert_true(sipd_addr_parse(local, host, sipd_rtp_port(s->r)));
	sipd_rtp_connect(s->r, &r);
	assert_true(wait_for(s, &s->frames, 1));
}


/* A stream that talks to a plain socket. */
static UNUSED void talk_to_peer(struct side *s, struct peer *p,
				union sipd_addr *local)
{
	side_open(s, NET "1");
	peer_open(p, NET "3");
	connect_to(s, p, local, NET "1");
}


/* n packets on the stream's own clock: one each frame */
static UNUSED void speak(struct side *s, struct peer *p,
			 const union sipd_addr *to, uint8_t code, unsigned n)
{
	while (n--) {
		const unsigned f = now_of(s, &s->frames);

		peer_audio(p, to, code);
		assert_true(wait_for(s, &s->frames, f + 1));
	}
}


static UNUSED void no_log(int level, const char *line, void *arg)
{
	(void)level;
	(void)line;
	(void)arg;
}


static UNUSED int setup(void **state)
{
	(void)state;
	sipd_log_init(&quiet_log, SIPDIALER_LOG_INFO, no_log, NULL);

	return sipd_media_start(&media, 2, &quiet_log);
}


static UNUSED int teardown(void **state)
{
	(void)state;
	sipd_media_stop(media);

	return 0;
}


#endif
