/**
 * @file tests/unit/port/test_rtp_stream.c  What two streams and their peers hear
 */
/* a network of its own: the files run at the same time */
#define NET "127.71.0."
#include "rtp_sides.h"
#include "base/container.h"


/* What b heard of a, which sends packets of ptime, and a of b. */
static void check_pair(const struct side *a, const struct side *b,
		       uint32_t ptime)
{
	assert_int_equal(a->mixed + b->mixed, 0);
	assert_int_equal(a->backwards + b->backwards, 0);
	assert_int_equal(a->first, 1);
	assert_int_equal(b->first, 1);
	assert_int_equal(b->st.codec, SIPD_CODEC_PCMA);
	assert_true(b->st.rx >= (ptime == 60 ? 16 : 24));
	if (ptime == 10)
		assert_true(a->st.tx > b->st.tx * 3 / 2);
	if (ptime == 40)
		assert_true(a->st.tx < b->st.tx * 2 / 3);
	assert_int_equal(b->st.lost, 0);
	/* what came late on a busy machine sounds worse */
	assert_true(b->st.mos > (b->st.late ? 1 : 4) && b->st.mos < 4.5);
}


/* All pairs at the same time: each takes a second. */
static void test_two_streams_frames_in_order(void **state)
{
	static const uint32_t ptimes[] = {20, 10, 30, 40, 60, 25};
	enum { PAIRS = sizeof(ptimes) / sizeof(ptimes[0]) };
	static struct side a[PAIRS], b[PAIRS];
	size_t i;
	(void)state;

	for (i = 0; i < PAIRS; ++i) {
		side_open(&a[i], NET "1");
		side_open(&b[i], NET "2");
		join(&a[i], &b[i], NET "1", NET "2", false, ptimes[i]);
	}
	for (i = 0; i < PAIRS; ++i) {
		assert_true(wait_for(&b[i], &b[i].audio, 50));
		assert_true(wait_for(&a[i], &a[i].audio, 50));
		side_close(&a[i]);
		side_close(&b[i]);
		check_pair(&a[i], &b[i], ptimes[i]);
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

	talk_to_peer(&a, &peer, &local);
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

	r = remote_of(NET "3", 0);
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

	side_open(&a, NET "1");
	a.talk = false;
	peer_open(&peer, NET "3");
	connect_to(&a, &peer, &local, NET "1");
	n = peer_recv(&peer, buf, sizeof(buf), WAIT_MS);
	assert_true(n == 12 + F && sipd_rtp_parse(&p, buf, (size_t)n));
	assert_int_equal(p.pt, 8);
	for (i = 0; i < F; ++i)
		assert_int_equal(p.payload[i], 0xd5);
	side_close(&a);
	(void)close(peer.fd);
}


static void test_other_ssrc_followed_when_old_ends(void **state)
{
	union sipd_addr local;
	struct peer peer;
	struct side a;
	(void)state;

	talk_to_peer(&a, &peer, &local);
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


static void test_timeout_told_once_and_rearmed(void **state)
{
	union sipd_addr local;
	struct peer peer;
	struct side a;
	(void)state;

	side_open(&a, NET "1");
	peer_open(&peer, NET "3");
	sipd_rtp_timeout(a.r, 200);
	connect_to(&a, &peer, &local, NET "1");
	assert_true(wait_for(&a, &a.silent, 1));
	assert_true(wait_for(&a, &a.frames, now_of(&a, &a.frames) + 25));
	assert_int_equal(now_of(&a, &a.silent), 1);
	speak(&a, &peer, &local, number(1), 5);
	assert_true(wait_for(&a, &a.silent, 2));
	side_close(&a);
	assert_true(a.silent >= 2);
	(void)close(peer.fd);
}


/* conformance: RFC 3264 8.4 | held by the far end without music the call does not time out; afterwards the time without RTP begins anew | own */
static void test_no_timeout_in_a_hold(void **state)
{
	struct sipd_sdp_remote r = remote_of(NET "3", 0);
	union sipd_addr local;
	struct peer peer;
	struct side a;
	unsigned i;
	(void)state;

	side_open(&a, NET "1");
	peer_open(&peer, NET "3");
	connect_to(&a, &peer, &local, NET "1");
	r.rtp = peer.addr;
	r.dir = SIPD_RECVONLY; /* held, and no music */
	sipd_rtp_connect(a.r, &r);
	sipd_rtp_timeout(a.r, 200);
	assert_true(wait_for(&a, &a.frames, now_of(&a, &a.frames) + 20));
	assert_int_equal(now_of(&a, &a.silent), 0);

	/* music that stops is missed */
	for (i = 0; i < 5; ++i)
		peer_audio(&peer, &local, 0x90);
	assert_true(wait_for(&a, &a.silent, 1));

	r.dir = SIPD_SENDRECV;
	sipd_rtp_connect(a.r, &r);
	assert_true(wait_for(&a, &a.silent, 2));
	side_close(&a);
	(void)close(peer.fd);
}


static int open_in(struct side *s, uint16_t min, uint16_t max)
{
	union sipd_addr addr;

	memset(s, 0, sizeof(*s));
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->cond, NULL);
	assert_true(sipd_addr_parse(&addr, NET "9", 0));

	return sipd_rtp_open(&s->r, media, &addr, min, max, &handlers, s);
}


/* conformance: RFC 3550 11 | the port range is kept to; when all of it is in use, the reason is told | own */
static void test_port_range_is_used_up(void **state)
{
	struct side a, b, c;
	uint16_t first;
	(void)state;

	assert_int_equal(open_in(&a, 0, 0), 0);
	first = sipd_rtp_port(a.r);

	/* two pairs from there: one is left */
	assert_int_equal(open_in(&b, first, first + 3), 0);
	assert_int_equal(sipd_rtp_port(b.r), first + 2);
	assert_int_equal(open_in(&c, first, first + 3), SIPDIALER_EIO);
	assert_non_null(strstr(sipd_error_text(), "all 2 RTP port pairs in"));
	assert_int_equal(open_in(&c, first + 1, first + 2), SIPDIALER_EIO);
	assert_non_null(strstr(sipd_error_text(), "no even RTP port"));

	side_close(&b);
	assert_int_equal(open_in(&c, first, first + 3), 0);
	assert_int_equal(sipd_rtp_port(c.r), first + 2);
	side_close(&c);
	side_close(&a);
}


struct note {
	struct sipd_work work;
	struct side *s;
	unsigned done;
};


static void note_handler(struct sipd_work *work)
{
	struct note *n = SIPD_CONTAINER(work, struct note, work);

	count_up(n->s, &n->done);
}


static void test_call_runs_before_close_without_ticks(void **state)
{
	struct side a;
	struct note n = {.work = {.h = note_handler}, .s = &a};
	(void)state;

	side_open(&a, NET "1"); /* never connected: the thread sleeps */
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


/* ... and for 60 ms, which are not given up. */
static void pause_handler(struct sipd_work *work)
{
	const struct timespec ts = {.tv_nsec = 60000000};

	(void)nanosleep(&ts, NULL);
	note_handler(work);
}


static void test_late_frames_are_counted(void **state)
{
	struct sipd_media_stats before, after;
	struct note n = {.work = {.h = pause_handler}};
	union sipd_addr local;
	uint64_t all = 0;
	struct peer peer;
	struct side a;
	size_t i;
	(void)state;

	n.s = &a;
	talk_to_peer(&a, &peer, &local);
	sipd_media_stats(media, &before);
	sipd_rtp_call(a.r, &n.work);
	assert_true(wait_for(&a, &n.done, 1));
	assert_true(wait_for(&a, &a.frames, now_of(&a, &a.frames) + 5));
	side_close(&a);
	(void)close(peer.fd);
	sipd_media_stats(media, &after);
	assert_true(after.late[5] > before.late[5]);
	assert_true(after.late_max_us >= 20000);
	for (i = 0; i < 6; ++i)
		all += after.late[i];
	assert_int_equal(all + after.skipped, after.ticks_due);
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

	talk_to_peer(&a, &peer, &local);
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


static void test_ports_in_range_pairs_and_exhaustion(void **state)
{
	union sipd_addr addr;
	struct sipd_rtp *r[4];
	struct side s = {.last = -1};
	unsigned i, k;
	(void)state;

	(void)pthread_mutex_init(&s.lock, NULL);
	(void)pthread_cond_init(&s.cond, NULL);
	assert_true(sipd_addr_parse(&addr, NET "9", 0));
	for (i = 0; i < 3; ++i) {
		assert_int_equal(sipd_rtp_open(&r[i], media, &addr, 20001,
					       20007, &handlers, &s),
				 0);
		assert_int_equal(sipd_rtp_port(r[i]) & 1, 0);
		assert_in_range(sipd_rtp_port(r[i]), 20002, 20006);
		for (k = 0; k < i; ++k)
			assert_int_not_equal(sipd_rtp_port(r[i]),
					     sipd_rtp_port(r[k]));
	}
	assert_int_equal(sipd_rtp_open(&r[3], media, &addr, 20001, 20007,
				       &handlers, &s),
			 SIPDIALER_EIO);
	assert_non_null(strstr(sipd_error_text(), "20002-20007"));
	sipd_rtp_close(r[1]);
	assert_true(wait_for(&s, &s.closed, 1));
	s.closed = 0;
	assert_int_equal(sipd_rtp_open(&r[1], media, &addr, 20001, 20007,
				       &handlers, &s),
			 0);
	for (i = 0; i < 3; ++i)
		sipd_rtp_close(r[i]);
	assert_true(wait_for(&s, &s.closed, 3));
	assert_int_equal(s.frames, 0);
	(void)pthread_cond_destroy(&s.cond);
	(void)pthread_mutex_destroy(&s.lock);
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
			side_open(&s[i], NET "1");
		for (i = 0; i < MANY; i += 2)
			join(&s[i], &s[i + 1], NET "1", NET "1", i & 2, 20);
		sipd_media_stats(media, &st);
		assert_int_equal(st.streams, MANY);
		for (i = 0; i < MANY; ++i)
			side_close(&s[i]);
	}
	sipd_media_stats(media, &st);
	assert_int_equal(st.streams, 0);
	assert_true(st.tx > 0 && st.rx > 0);
}


/* conformance: RFC 3389 | comfort noise is heard and is no loss | own telephone */
static void test_comfort_noise_is_heard(void **state)
{
	static const uint8_t level[] = {30};
	union sipd_addr local;
	struct side a;
	struct peer p;
	unsigned lost;
	(void)state;

	talk_to_peer(&a, &p, &local);
	speak(&a, &p, &local, 0x90, 10);
	assert_true(wait_for(&a, &a.audio, 5));
	peer_packet(&p, &local, 13, level, sizeof(level));
	/* noise: the samples of a frame differ */
	assert_true(wait_for(&a, &a.mixed, 5 * 100));
	lost = now_of(&a, &a.lost);
	assert_true(wait_for(&a, &a.frames, now_of(&a, &a.frames) + 10));
	assert_int_equal(now_of(&a, &a.lost), lost);
	side_close(&a);
	assert_int_equal(a.st.lost, 0);
	(void)close(p.fd);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comfort_noise_is_heard),
		cmocka_unit_test(test_two_streams_frames_in_order),
		cmocka_unit_test(test_hold_sends_nothing_and_resumes_marked),
		cmocka_unit_test(test_silence_is_sent_when_nothing_plays),
		cmocka_unit_test(test_other_ssrc_followed_when_old_ends),
		cmocka_unit_test(test_timeout_told_once_and_rearmed),
		cmocka_unit_test(test_no_timeout_in_a_hold),
		cmocka_unit_test(test_port_range_is_used_up),
		cmocka_unit_test(test_call_runs_before_close_without_ticks),
		cmocka_unit_test(test_late_frames_are_counted),
		cmocka_unit_test(test_stall_skips_instead_of_bursting),
		cmocka_unit_test(test_ports_in_range_pairs_and_exhaustion),
		cmocka_unit_test(test_many_open_and_close_leave_nothing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
