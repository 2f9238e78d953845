/**
 * @file unit/port/test_rtp_stream.c  Streams on real sockets and threads
 *
 * Two streams talk to each other, or one to plain sockets of the test.  All
 * waits are for a condition, with a deadline.
 */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/clock.h"
#include "base/error.h"
#include "base/work.h"
#include "port/codec/g711.h"
#include "port/rtp/packet.h"
#include "port/rtp/rtcp.h"
#include "port/rtp/rtp.h"

enum { WAIT_MS = 8000, F = SIPD_FRAME };

struct side {
	struct sipd_rtp *r;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool talk;               /* send numbered frames, else silence */
	unsigned sent;
	uint8_t lead[F];
	unsigned frames, audio, lost; /* heard */
	unsigned mixed, backwards;    /* must stay 0 */
	int last;
	bool loud;               /* something not silent was heard */
	unsigned first, silent, keys_sent, closed, after_close;
	char keys[128];
	uint32_t key_ms;
	struct sipd_rtp_stats st;
};

static struct sipd_media *media;
static struct sipd_log quiet_log;


/* Frame n is a byte of 0x80 + n % 120 in any law: loud, and never 0xff. */
static uint8_t number(unsigned n)
{
	return (uint8_t)(0x80 + n % 120);
}





static void heard(struct side *s, const struct sipd_rx_frame *rx,
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


static void on_frame(const struct sipd_rx_frame *rx, struct sipd_tx_frame *tx,
		     enum sipd_codec_id codec, void *arg)
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


static void on_dtmf(char digit, uint32_t ms, void *arg)
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


static void count_up(struct side *s, unsigned *n)
{
	(void)pthread_mutex_lock(&s->lock);
	s->after_close += s->closed;
	++*n;
	(void)pthread_cond_broadcast(&s->cond);
	(void)pthread_mutex_unlock(&s->lock);
}


static void on_first(void *arg)
{
	struct side *s = arg;

	count_up(s, &s->first);
}


static void on_silent(void *arg)
{
	struct side *s = arg;

	count_up(s, &s->silent);
}


static void on_keys_sent(void *arg)
{
	struct side *s = arg;

	count_up(s, &s->keys_sent);
}


static void on_closed(const struct sipd_rtp_stats *st, void *arg)
{
	struct side *s = arg;

	(void)pthread_mutex_lock(&s->lock);
	s->st = *st;
	(void)pthread_mutex_unlock(&s->lock);
	count_up(s, &s->closed);
}


static const struct sipd_rtp_handlers handlers = {
	.frame = on_frame, .dtmf = on_dtmf, .first = on_first,
	.silent = on_silent, .dtmf_sent = on_keys_sent, .closed = on_closed
};


/* Until *n >= want, by the deadline. */
static bool wait_for(struct side *s, const unsigned *n, unsigned want)
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


static bool wait_keys(struct side *s, const char *want)
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


static unsigned now_of(struct side *s, const unsigned *n)
{
	unsigned v;

	(void)pthread_mutex_lock(&s->lock);
	v = *n;
	(void)pthread_mutex_unlock(&s->lock);

	return v;
}


static void side_open(struct side *s, const char *host)
{
	union sipd_addr addr;

	memset(s, 0, sizeof(*s));
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->cond, NULL);
	s->last = -1;
	s->talk = true;
	assert_true(sipd_addr_parse(&addr, host, 0));
	assert_int_equal(sipd_rtp_open(&s->r, media, &addr, 0, 0, &handlers,
				       s), 0);
	assert_int_equal(sipd_rtp_port(s->r) & 1, 0);
}


static void side_close(struct side *s)
{
	sipd_rtp_close(s->r);
	assert_true(wait_for(s, &s->closed, 1));
	assert_int_equal(s->closed, 1);
	assert_int_equal(s->after_close, 0);
	(void)pthread_cond_destroy(&s->cond);
	(void)pthread_mutex_destroy(&s->lock);
}


static struct sipd_sdp_remote remote_of(const char *host, uint16_t port)
{
	struct sipd_sdp_remote r = {
		.codec = SIPD_CODEC_PCMA, .pt = 8, .dtmf_pt = 101,
		.ptime = 20, .dir = SIPD_SENDRECV
	};

	r.pt_in[SIPD_CODEC_PCMA] = 8;
	assert_true(sipd_addr_parse(&r.rtp, host, port));
	assert_true(sipd_addr_parse(&r.rtcp, host, (uint16_t)(port + 1)));

	return r;
}


static void join(struct side *a, struct side *b, const char *ha,
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


static void peer_open(struct peer *p, const char *host)
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


static void peer_raw(struct peer *p, const union sipd_addr *to,
		     const void *buf, size_t n)
{
	assert_int_equal(sendto(p->fd, buf, n, 0, &to->sa,
				sipd_addr_len(to)), n);
}


static void peer_packet(struct peer *p, const union sipd_addr *to, uint8_t pt,
			const uint8_t *payload, size_t n)
{
	const struct sipd_rtp_packet h = {
		.pt = pt, .seq = p->seq++, .ts = p->ts, .ssrc = p->ssrc
	};
	uint8_t buf[12 + 480];

	sipd_rtp_write(buf, &h);
	memcpy(buf + 12, payload, n);
	peer_raw(p, to, buf, 12 + n);
}


static void peer_audio(struct peer *p, const union sipd_addr *to,
		       uint8_t code)
{
	uint8_t payload[F];

	memset(payload, code, F);
	peer_packet(p, to, 8, payload, F);
	p->ts += F;
}


static void peer_event(struct peer *p, const union sipd_addr *to, uint8_t key,
		       uint16_t duration, bool end)
{
	const uint8_t e[4] = {key, (uint8_t)((end ? 0x80 : 0) | 10),
			      (uint8_t)(duration >> 8), (uint8_t)duration};

	peer_packet(p, to, 101, e, sizeof(e));
}


/* Length of what comes within ms, -1 nothing. */
static int peer_recv(struct peer *p, uint8_t *buf, size_t size, int ms)
{
	struct pollfd pfd = {.fd = p->fd, .events = POLLIN};

	if (poll(&pfd, 1, ms) <= 0)
		return -1;

	return (int)recv(p->fd, buf, size, 0);
}


static void connect_to(struct side *s, const struct peer *p,
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


/* n packets on the stream's own clock: one each frame */
static void speak(struct side *s, struct peer *p, const union sipd_addr *to,
		  uint8_t code, unsigned n)
{
	while (n--) {
		const unsigned f = now_of(s, &s->frames);

		peer_audio(p, to, code);
		assert_true(wait_for(s, &s->frames, f + 1));
	}
}


/* ---- tests --------------------------------------------------------------- */

static void test_two_streams_frames_in_order(void **state)
{
	static const uint32_t ptimes[] = {20, 10, 30, 40, 60, 25};
	struct side a, b;
	size_t i;
	(void)state;

	for (i = 0; i < 6; ++i) {
		side_open(&a, "127.71.0.1");
		side_open(&b, "127.71.0.2");
		join(&a, &b, "127.71.0.1", "127.71.0.2", false, ptimes[i]);
		assert_true(wait_for(&b, &b.audio, 50));
		assert_true(wait_for(&a, &a.audio, 50));
		side_close(&a);
		side_close(&b);
		assert_int_equal(a.mixed + b.mixed, 0);
		assert_int_equal(a.backwards + b.backwards, 0);
		assert_int_equal(a.first, 1);
		assert_int_equal(b.first, 1);
		assert_int_equal(b.st.codec, SIPD_CODEC_PCMA);
		assert_true(b.st.rx >= (ptimes[i] == 60 ? 16 : 24));
		if (ptimes[i] == 10)
			assert_true(a.st.tx > b.st.tx * 3 / 2);
		if (ptimes[i] == 40)
			assert_true(a.st.tx < b.st.tx * 2 / 3);
		assert_int_equal(b.st.lost, 0);
		assert_true(b.st.mos > 4 && b.st.mos < 4.5);
	}
}


static void test_rtcp_round_trip_measured(void **state)
{
	struct side a, b;
	int mux;
	(void)state;

	for (mux = 0; mux < 2; ++mux) {
		side_open(&a, "127.71.0.1");
		side_open(&b, "127.71.0.2");
		join(&a, &b, "127.71.0.1", "127.71.0.2", mux, 20);
		/* all have reported at 1 to 3.1 s */
		assert_true(wait_for(&a, &a.frames, 165));
		side_close(&a);
		/* the BYE of the other carries a last report */
		assert_true(wait_for(&b, &b.frames,
				     now_of(&b, &b.frames) + 2));
		side_close(&b);
		assert_true(b.st.rtt_ms > 0);
		assert_true(b.st.rtt_ms < 1000);
		assert_int_equal(b.st.remote_lost, 0);
	}
}


static void test_hold_sends_nothing_and_resumes_marked(void **state)
{
	struct sipd_sdp_remote r;
	struct sipd_rtp_packet p, q;
	union sipd_addr local;
	struct peer peer;
	uint8_t buf[600];
	struct side a;
	unsigned f;
	int n, i;
	(void)state;

	side_open(&a, "127.71.0.1");
	peer_open(&peer, "127.71.0.3");
	connect_to(&a, &peer, &local, "127.71.0.1");
	n = peer_recv(&peer, buf, sizeof(buf), WAIT_MS);
	assert_true(n == 12 + F && sipd_rtp_parse(&p, buf, (size_t)n));
	assert_true(p.marker);
	for (i = 0; i < 5; ++i) {
		n = peer_recv(&peer, buf, sizeof(buf), WAIT_MS);
		assert_true(sipd_rtp_parse(&q, buf, (size_t)n));
		assert_false(q.marker);
		assert_int_equal((uint16_t)(q.seq - p.seq), 1);
		assert_int_equal(q.ts - p.ts, F);
		assert_int_equal(q.ssrc, p.ssrc);
		p = q;
	}

	r = remote_of("127.71.0.3", 0);
	r.rtp = peer.addr;
	r.dir = SIPD_RECVONLY;
	sipd_rtp_connect(a.r, &r);
	f = now_of(&a, &a.frames);
	assert_true(wait_for(&a, &a.frames, f + 3));
	while (peer_recv(&peer, buf, sizeof(buf), 0) > 0)
		assert_true(sipd_rtp_parse(&p, buf, 12 + F));
	assert_true(wait_for(&a, &a.frames, f + 18));
	assert_int_equal(peer_recv(&peer, buf, sizeof(buf), 0), -1);

	/* it is still heard */
	f = now_of(&a, &a.audio);
	speak(&a, &peer, &local, number(7), 5);
	assert_true(a.loud);

	r.dir = SIPD_SENDRECV;
	sipd_rtp_connect(a.r, &r);
	n = peer_recv(&peer, buf, sizeof(buf), WAIT_MS);
	assert_true(sipd_rtp_parse(&q, buf, (size_t)n));
	assert_true(q.marker);
	assert_int_equal(q.ssrc, p.ssrc);
	assert_int_equal((uint16_t)(q.seq - p.seq), 1);
	assert_true(q.ts - p.ts >= 15 * F);
	side_close(&a);
	(void)close(peer.fd);
}


static void test_silence_is_sent_when_nothing_plays(void **state)
{
	struct sipd_rtp_packet p;
	union sipd_addr local;
	struct peer peer;
	uint8_t buf[600];
	struct side a;
	int n, i;
	(void)state;

	side_open(&a, "127.71.0.1");
	a.talk = false;
	peer_open(&peer, "127.71.0.3");
	connect_to(&a, &peer, &local, "127.71.0.1");
	n = peer_recv(&peer, buf, sizeof(buf), WAIT_MS);
	assert_true(n == 12 + F && sipd_rtp_parse(&p, buf, (size_t)n));
	assert_int_equal(p.pt, 8);
	for (i = 0; i < F; ++i)
		assert_int_equal(p.payload[i], 0xd5);
	side_close(&a);
	(void)close(peer.fd);
}


static void test_injected_packets_not_heard_nor_answered(void **state)
{
	struct peer peer, evil, forged;
	union sipd_addr local;
	uint8_t buf[600];
	struct side a;
	unsigned i, f;
	(void)state;

	side_open(&a, "127.71.0.1");
	peer_open(&peer, "127.71.0.3");
	peer_open(&evil, "127.71.0.66");
	evil.ssrc = peer.ssrc; /* knows even that */

	/* early: before we know anybody */
	sipd_addr_parse(&local, "127.71.0.1", sipd_rtp_port(a.r));
	for (i = 0; i < 10; ++i)
		peer_audio(&evil, &local, number(1));
	connect_to(&a, &peer, &local, "127.71.0.1");
	speak(&a, &peer, &local, 0xd5, 3);

	forged = peer; /* right address, other SSRC */
	forged.ssrc ^= 1;
	for (i = 0; i < 30; ++i) {
		f = now_of(&a, &a.frames);
		peer_audio(&peer, &local, 0xd5);
		peer_audio(&forged, &local, number(i));
		peer_audio(&forged, &local, number(i));
		peer_audio(&forged, &local, number(i));
		peer_event(&forged, &local, 6, 800, true);
		peer_audio(&evil, &local, number(i));
		peer_event(&evil, &local, 5, 800, true);
		evil.ts += 800;
		forged.ts += 800;
		assert_true(wait_for(&a, &a.frames, f + 1));
	}
	assert_int_equal(peer_recv(&evil, buf, sizeof(buf), 0), -1);
	side_close(&a);
	assert_false(a.loud);
	assert_string_equal(a.keys, "");
	assert_int_equal(a.first, 1);
	assert_true(a.st.dropped >= 120);
	assert_int_equal(a.st.rx, 33);
	(void)close(peer.fd);
	(void)close(evil.fd);
}


static void test_nat_source_followed_once(void **state)
{
	struct peer sdp, nat, evil;
	union sipd_addr local;
	uint8_t buf[600];
	struct side a;
	int n = -1, tries;
	(void)state;

	side_open(&a, "127.71.0.1");
	peer_open(&sdp, "127.71.0.3");
	peer_open(&nat, "127.71.0.4");
	peer_open(&evil, "127.71.0.66");
	connect_to(&a, &sdp, &local, "127.71.0.1");
	assert_true(peer_recv(&sdp, buf, sizeof(buf), WAIT_MS) > 0);
	speak(&a, &nat, &local, number(3), 12);
	assert_true(a.loud);
	assert_int_equal(now_of(&a, &a.first), 1);
	for (tries = 0; tries < 20 && n < 0; ++tries)
		n = peer_recv(&nat, buf, sizeof(buf), 200);
	assert_int_equal(n, 12 + F);

	while (peer_recv(&sdp, buf, sizeof(buf), 0) > 0)
		;
	speak(&a, &evil, &local, number(9), 12);
	assert_int_equal(peer_recv(&evil, buf, sizeof(buf), 0), -1);
	assert_int_equal(peer_recv(&sdp, buf, sizeof(buf), 0), -1);
	side_close(&a);
	assert_int_equal(a.last, 3);
	assert_int_equal(a.st.rx, 12 - 3);
	assert_int_equal(a.st.dropped, 12 + 3);
	(void)close(sdp.fd);
	(void)close(nat.fd);
	(void)close(evil.fd);
}


static void test_other_ssrc_followed_when_old_ends(void **state)
{
	union sipd_addr local;
	struct peer peer;
	struct side a;
	(void)state;

	side_open(&a, "127.71.0.1");
	peer_open(&peer, "127.71.0.3");
	connect_to(&a, &peer, &local, "127.71.0.1");
	speak(&a, &peer, &local, number(3), 10);
	peer.ssrc += 77;
	peer.seq += 9999;
	peer.ts += 1234567;
	speak(&a, &peer, &local, number(4), 15);
	side_close(&a);
	assert_int_equal(a.last, 4);
	assert_true(a.st.rx >= 20);
	assert_int_equal(a.st.lost, 0);
	(void)close(peer.fd);
}


static void test_keys_both_ways_exact(void **state)
{
	struct side a, b;
	(void)state;

	side_open(&a, "127.71.0.1");
	side_open(&b, "127.71.0.2");
	join(&a, &b, "127.71.0.1", "127.71.0.2", false, 20);
	sipd_rtp_dtmf(a.r, "11,5");
	sipd_rtp_dtmf(b.r, "0*#D");
	sipd_rtp_dtmf(a.r, "9");
	assert_true(wait_keys(&b, "1159"));
	assert_true(wait_keys(&a, "0*#D"));
	assert_true(wait_for(&a, &a.keys_sent, 1));
	/* a held-up sender makes it shorter */
	assert_in_range(a.key_ms, 20, 100);
	/* audio goes on afterwards, and no key follows */
	assert_true(wait_for(&b, &b.audio, now_of(&b, &b.audio) + 20));
	side_close(&a);
	side_close(&b);
	assert_string_equal(b.keys, "1159");
	assert_string_equal(a.keys, "0*#D");
	assert_int_equal(a.keys_sent, 1);
	assert_int_equal(b.st.lost, 0);
}


static void test_key_packets_repeated_and_lost_are_one_key(void **state)
{
	union sipd_addr local;
	struct peer peer;
	struct side a;
	unsigned i;
	(void)state;

	side_open(&a, "127.71.0.1");
	peer_open(&peer, "127.71.0.3");
	connect_to(&a, &peer, &local, "127.71.0.1");
	speak(&a, &peer, &local, number(3), 4);
	/* all three times, ten ends */
	for (i = 1; i <= 5; ++i) {
		peer_event(&peer, &local, 7, (uint16_t)(160 * i), false);
		--peer.seq;
		peer_event(&peer, &local, 7, (uint16_t)(160 * i), false);
	}
	for (i = 0; i < 10; ++i)
		peer_event(&peer, &local, 7, 960, true);
	assert_true(wait_keys(&a, "7"));
	assert_int_equal(a.key_ms, 120);
	/* only a start arrives */
	peer.ts += 1600;
	peer_event(&peer, &local, 11, 160, false);
	assert_true(wait_keys(&a, "7#"));
	/* no end, then another */
	peer.ts += 1600;
	peer_event(&peer, &local, 1, 160, false);
	peer.ts += 1600;
	peer_event(&peer, &local, 1, 160, false);
	peer_event(&peer, &local, 1, 320, true);
	assert_true(wait_keys(&a, "7#11"));
	side_close(&a);
	assert_string_equal(a.keys, "7#11");
	(void)close(peer.fd);
}


static void test_keys_refused_by_peer_are_over_at_once(void **state)
{
	struct sipd_rtp_packet p;
	union sipd_addr local;
	struct sipd_sdp_remote r;
	struct peer peer;
	uint8_t buf[600];
	struct side a;
	int n, i;
	(void)state;

	side_open(&a, "127.71.0.1");
	peer_open(&peer, "127.71.0.3");
	connect_to(&a, &peer, &local, "127.71.0.1");
	r = remote_of("127.71.0.3", 0);
	r.rtp = peer.addr;
	r.dtmf_pt = -1;
	sipd_rtp_connect(a.r, &r);
	sipd_rtp_dtmf(a.r, "123");
	assert_true(wait_for(&a, &a.keys_sent, 1));
	for (i = 0; i < 10; ++i) {
		n = peer_recv(&peer, buf, sizeof(buf), WAIT_MS);
		assert_true(n > 0 && sipd_rtp_parse(&p, buf, (size_t)n));
		assert_int_equal(p.pt, 8);
	}
	side_close(&a);
	(void)close(peer.fd);
}


static void test_timeout_told_once_and_rearmed(void **state)
{
	union sipd_addr local;
	struct peer peer;
	struct side a;
	(void)state;

	side_open(&a, "127.71.0.1");
	peer_open(&peer, "127.71.0.3");
	sipd_rtp_timeout(a.r, 200);
	connect_to(&a, &peer, &local, "127.71.0.1");
	assert_true(wait_for(&a, &a.silent, 1));
	assert_true(wait_for(&a, &a.frames, now_of(&a, &a.frames) + 25));
	assert_int_equal(now_of(&a, &a.silent), 1);
	speak(&a, &peer, &local, number(1), 5);
	assert_true(wait_for(&a, &a.silent, 2));
	side_close(&a);
	assert_true(a.silent >= 2);
	(void)close(peer.fd);
}


static void test_bye_after_reports_at_close(void **state)
{
	union sipd_addr local;
	struct sipd_sdp_remote r;
	struct sipd_rtcp_in in;
	struct peer peer, rtcp;
	uint8_t buf[600];
	struct side a;
	int n, end;
	(void)state;

	side_open(&a, "127.71.0.1");
	peer_open(&peer, "127.71.0.3");
	peer_open(&rtcp, "127.71.0.3");
	connect_to(&a, &peer, &local, "127.71.0.1");
	r = remote_of("127.71.0.3", 0);
	r.rtp = peer.addr;
	r.rtcp = rtcp.addr; /* a=rtcp */
	sipd_rtp_connect(a.r, &r);
	speak(&a, &peer, &local, number(1), 10);
	side_close(&a);

	do {
		n = peer_recv(&rtcp, buf, sizeof(buf), WAIT_MS);
		assert_true(n > 0);
		assert_true(sipd_rtcp_parse(&in, buf, (size_t)n, peer.ssrc));
		end = buf[n - 8 + 1] == 203 &&
			sipd_get32(buf + n - 4) == in.ssrc;
	} while (!end);
	assert_true(in.sr && in.block);
	assert_int_equal(in.about_us.lost, 0);
	assert_int_equal(in.about_us.seq, 9);
	(void)close(peer.fd);
	(void)close(rtcp.fd);
}


static void test_bad_packets_counted_and_call_lives(void **state)
{
	static const char *const dirs[] = {"rtp", "rtcp", "rtp-payload"};
	const char *root = getenv("SHARED_DATA");
	union sipd_addr local, rtcp;
	struct peer peer;
	char path[4096];
	unsigned files = 0;
	struct side a;
	size_t i;
	(void)state;

	side_open(&a, "127.71.0.1");
	peer_open(&peer, "127.71.0.3");
	connect_to(&a, &peer, &local, "127.71.0.1");
	rtcp = local;
	sipd_addr_set_port(&rtcp, (uint16_t)(sipd_addr_port(&local) + 1));
	speak(&a, &peer, &local, number(1), 3);

	for (i = 0; root && i < 3; ++i) {
		struct dirent *e;
		DIR *d;

		(void)snprintf(path, sizeof(path), "%s/corpus/%s", root,
			       dirs[i]);
		d = opendir(path);
		while (d && (e = readdir(d))) {
			static uint8_t buf[65000];
			size_t n;
			FILE *f;

			(void)snprintf(path, sizeof(path), "%s/corpus/%s/%s",
				       root, dirs[i], e->d_name);
			f = e->d_name[0] == '.' ? NULL : fopen(path, "rb");
			if (!f)
				continue;
			n = fread(buf, 1, sizeof(buf), f);
			(void)fclose(f);
			peer_raw(&peer, &local, buf, n);
			peer_raw(&peer, &rtcp, buf, n);
			++files;
			/* every other one heals the stream */
			speak(&a, &peer, &local, number(2), files & 1);
		}
		if (d)
			(void)closedir(d);
	}
	if (!files)
		print_message("skipped: no corpus\n");

	a.last = -1;
	speak(&a, &peer, &local, number(5), 20);
	side_close(&a);
	assert_int_equal(a.last, 5);
	if (files)
		assert_true(a.st.dropped > 20);
	assert_string_equal(a.keys, "");
	(void)close(peer.fd);
}


static void test_ports_in_range_pairs_and_exhaustion(void **state)
{
	union sipd_addr addr;
	struct sipd_rtp *r[4];
	struct side s = {.last = -1};
	unsigned i, k;
	(void)state;

	(void)pthread_mutex_init(&s.lock, NULL);
	(void)pthread_cond_init(&s.cond, NULL);
	assert_true(sipd_addr_parse(&addr, "127.71.0.9", 0));
	for (i = 0; i < 3; ++i) {
		assert_int_equal(sipd_rtp_open(&r[i], media, &addr, 20001,
					       20007, &handlers, &s), 0);
		assert_int_equal(sipd_rtp_port(r[i]) & 1, 0);
		assert_in_range(sipd_rtp_port(r[i]), 20002, 20006);
		for (k = 0; k < i; ++k)
			assert_int_not_equal(sipd_rtp_port(r[i]),
					     sipd_rtp_port(r[k]));
	}
	assert_int_equal(sipd_rtp_open(&r[3], media, &addr, 20001, 20007,
				       &handlers, &s), SIPDIALER_EIO);
	assert_non_null(strstr(sipd_error_text(), "20002-20007"));
	sipd_rtp_close(r[1]);
	assert_true(wait_for(&s, &s.closed, 1));
	s.closed = 0;
	assert_int_equal(sipd_rtp_open(&r[1], media, &addr, 20001, 20007,
				       &handlers, &s), 0);
	for (i = 0; i < 3; ++i)
		sipd_rtp_close(r[i]);
	assert_true(wait_for(&s, &s.closed, 3));
	assert_int_equal(s.frames, 0);
	(void)pthread_cond_destroy(&s.cond);
	(void)pthread_mutex_destroy(&s.lock);
}


struct note { struct sipd_work work; struct side *s; unsigned done; };


static void note_handler(struct sipd_work *work)
{
	struct note *n = (struct note *)(void *)work;

	count_up(n->s, &n->done);
}


static void test_call_runs_before_close_without_ticks(void **state)
{
	struct side a;
	struct note n = {.work = {.h = note_handler}, .s = &a};
	(void)state;

	side_open(&a, "127.71.0.1"); /* never connected: the thread sleeps */
	sipd_rtp_call(a.r, &n.work);
	side_close(&a);
	assert_int_equal(n.done, 1);
	assert_int_equal(a.frames, 0);
	assert_int_equal(a.st.rx + a.st.tx, 0);
	assert_true(a.st.mos == 0);
}


/* The media thread is held up for 300 ms. */
static void stall_handler(struct sipd_work *work)
{
	const struct timespec ts = {.tv_nsec = 300000000};

	(void)nanosleep(&ts, NULL);
	note_handler(work);
}


static void test_stall_skips_instead_of_bursting(void **state)
{
	struct side a;
	struct note n = {.work = {.h = stall_handler}, .s = &a};
	struct sipd_media_stats before, after;
	struct sipd_rtp_packet p, q;
	union sipd_addr local;
	struct peer peer;
	uint8_t buf[600];
	int len, gaps = 0, i;
	(void)state;

	side_open(&a, "127.71.0.1");
	peer_open(&peer, "127.71.0.3");
	connect_to(&a, &peer, &local, "127.71.0.1");
	len = peer_recv(&peer, buf, sizeof(buf), WAIT_MS);
	assert_true(sipd_rtp_parse(&p, buf, (size_t)len));
	sipd_media_stats(media, &before);
	sipd_rtp_call(a.r, &n.work);
	assert_true(wait_for(&a, &n.done, 1));
	for (i = 0; i < 40 && !gaps; ++i) {
		len = peer_recv(&peer, buf, sizeof(buf), WAIT_MS);
		assert_true(len > 0 && sipd_rtp_parse(&q, buf, (size_t)len));
		assert_int_equal((uint16_t)(q.seq - p.seq), 1);
		gaps = q.ts - p.ts >= 10 * F;
		if (gaps)
			assert_true(q.marker);
		p = q;
	}
	sipd_media_stats(media, &after);
	assert_int_equal(gaps, 1);
	assert_true(after.skipped - before.skipped >= 9);
	side_close(&a);
	(void)close(peer.fd);
}


static void test_many_open_and_close_leave_nothing(void **state)
{
	enum { MANY = 200 };
	static struct side s[MANY];
	struct sipd_media_stats st;
	unsigned round, i;
	(void)state;

	for (round = 0; round < 3; ++round) {
		for (i = 0; i < MANY; ++i)
			side_open(&s[i], "127.71.0.1");
		for (i = 0; i < MANY; i += 2)
			join(&s[i], &s[i + 1], "127.71.0.1", "127.71.0.1",
			     i & 2, 20);
		sipd_media_stats(media, &st);
		assert_int_equal(st.streams, MANY);
		for (i = 0; i < MANY; ++i)
			side_close(&s[i]);
	}
	sipd_media_stats(media, &st);
	assert_int_equal(st.streams, 0);
	assert_true(st.tx > 0 && st.rx > 0);
}


static void no_log(int level, const char *line, void *arg)
{
	(void)level;
	(void)line;
	(void)arg;
}


static int setup(void **state)
{
	(void)state;
	sipd_log_init(&quiet_log, SIPDIALER_LOG_INFO, no_log, NULL);

	return sipd_media_start(&media, 2, &quiet_log);
}


static int teardown(void **state)
{
	(void)state;
	sipd_media_stop(media);

	return 0;
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_streams_frames_in_order),
		cmocka_unit_test(test_rtcp_round_trip_measured),
		cmocka_unit_test(test_hold_sends_nothing_and_resumes_marked),
		cmocka_unit_test(test_silence_is_sent_when_nothing_plays),
		cmocka_unit_test(test_injected_packets_not_heard_nor_answered),
		cmocka_unit_test(test_nat_source_followed_once),
		cmocka_unit_test(test_other_ssrc_followed_when_old_ends),
		cmocka_unit_test(test_keys_both_ways_exact),
		cmocka_unit_test(
			test_key_packets_repeated_and_lost_are_one_key),
		cmocka_unit_test(test_keys_refused_by_peer_are_over_at_once),
		cmocka_unit_test(test_timeout_told_once_and_rearmed),
		cmocka_unit_test(test_bye_after_reports_at_close),
		cmocka_unit_test(test_bad_packets_counted_and_call_lives),
		cmocka_unit_test(test_ports_in_range_pairs_and_exhaustion),
		cmocka_unit_test(test_call_runs_before_close_without_ticks),
		cmocka_unit_test(test_stall_skips_instead_of_bursting),
		cmocka_unit_test(test_many_open_and_close_leave_nothing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
