/**
 * @file test_rtp_secure.c  Encrypted streams, on real sockets and threads
 */
#define NET "127.61.7."
#include "rtp_sides.h"

#include "port/srtp/srtp.h"


static struct sipd_secure keys_of(enum sipd_srtp_suite suite, uint8_t tx,
				  uint8_t rx)
{
	struct sipd_secure s = {.suite = suite};

	memset(s.tx, tx, sizeof(s.tx));
	memset(s.rx, rx, sizeof(s.rx));

	return s;
}


static void secure_join(struct side *a, struct side *b,
			enum sipd_srtp_suite suite, bool mux)
{
	struct sipd_sdp_remote ra = remote_of(NET "2", sipd_rtp_port(b->r));
	struct sipd_sdp_remote rb = remote_of(NET "1", sipd_rtp_port(a->r));

	ra.secure = keys_of(suite, 1, 2);
	rb.secure = keys_of(suite, 2, 1);
	ra.rtcp_mux = rb.rtcp_mux = mux;
	sipd_rtp_connect(a->r, &ra);
	sipd_rtp_connect(b->r, &rb);
}


/* conformance: RFC 3711, 7714 | two-way audio by each suite, reports too | own */
static void test_two_ways_by_each_suite(void **state)
{
	int i;
	(void)state;

	for (i = 1; i < SIPD_SRTP_SUITES; ++i) {
		struct side a, b;

		side_open(&a, NET "1");
		side_open(&b, NET "2");
		secure_join(&a, &b, (enum sipd_srtp_suite)i, i & 1);
		assert_true(wait_for(&a, &a.audio, 20));
		assert_true(wait_for(&b, &b.audio, 20));
		sipd_rtp_dtmf(a.r, "42#");
		assert_true(wait_keys(&b, "42#"));
		side_close(&a);
		side_close(&b);
		assert_int_equal(a.mixed + b.mixed, 0);
		assert_true(b.st.remote_lost == 0);
	}
}


/* A stream whose far end is the test. */
struct far {
	struct side s;
	struct peer p;
	union sipd_addr at;
	struct sipd_srtp *tx, *rx;
};


static void far_open(struct far *f)
{
	uint8_t key[SIPD_SRTP_KEY_MAX];
	struct sipd_sdp_remote r = remote_of(NET "3", 0);

	side_open(&f->s, NET "1");
	peer_open(&f->p, NET "3");
	memset(key, 2, sizeof(key));
	f->tx = sipd_srtp_new(SIPD_SRTP_CM_128_80, key, 0);
	memset(key, 1, sizeof(key));
	f->rx = sipd_srtp_new(SIPD_SRTP_CM_128_80, key, 0);
	r.rtp = f->p.addr;
	r.secure = keys_of(SIPD_SRTP_CM_128_80, 1, 2);
	assert_true(sipd_addr_parse(&f->at, NET "1", sipd_rtp_port(f->s.r)));
	sipd_rtp_connect(f->s.r, &r);
	assert_true(wait_for(&f->s, &f->s.frames, 1));
}


static void far_close(struct far *f)
{
	side_close(&f->s);
	(void)close(f->p.fd);
	sipd_srtp_free(f->tx);
	sipd_srtp_free(f->rx);
}


static size_t far_make(struct far *f, uint8_t *buf, uint8_t code)
{
	const struct sipd_rtp_packet h = {
		.pt = 8,
		.seq = f->p.seq++,
		.ts = f->p.ts,
		.ssrc = f->p.ssrc,
	};
	size_t n = 12 + F;

	f->p.ts += F;
	sipd_rtp_write(buf, &h);
	memset(buf + 12, code, F);
	assert_true(sipd_srtp_protect(f->tx, buf, &n));

	return n;
}


static void far_speak(struct far *f, uint8_t code, unsigned n)
{
	uint8_t buf[512];

	while (n--) {
		const unsigned at = now_of(&f->s, &f->s.frames);

		peer_raw(&f->p, &f->at, buf, far_make(f, buf, code));
		assert_true(wait_for(&f->s, &f->s.frames, at + 1));
	}
}


/* Speak until n frames more are heard, however often this machine lets the
 * media thread wait; packets sent. */
static unsigned far_heard(struct far *f, uint8_t code, unsigned n)
{
	const unsigned want = now_of(&f->s, &f->s.audio) + n;
	unsigned sent = 0;

	while (now_of(&f->s, &f->s.audio) < want && sent < 400) {
		far_speak(f, code, 1);
		++sent;
	}
	assert_true(sent < 400);

	return sent;
}


static void a_tick(struct far *f)
{
	assert_true(wait_for(&f->s, &f->s.frames,
			     now_of(&f->s, &f->s.frames) + 2));
}


/* CVE-2021-41105: errors of SRTP must not end a call.
 * conformance: RFC 3711 3.3 | packets that are plain, changed or sent again are dropped and counted, the call goes on | own */
static void test_bad_packets_are_dropped_and_counted(void **state)
{
	struct far f;
	uint8_t buf[512];
	unsigned sent;
	size_t n, i;
	(void)state;

	far_open(&f);
	for (i = 0; i < 30; ++i) {
		peer_audio(&f.p, &f.at, 0x90);
		if (i % 10 == 9)
			a_tick(&f);
	}
	n = far_make(&f, buf, 0x91);
	for (i = 0; i < n; i += 7) {
		buf[i] ^= 0x20;
		peer_raw(&f.p, &f.at, buf, n);
		buf[i] ^= 0x20;
		if (i % 70 == 63)
			a_tick(&f);
	}
	a_tick(&f);
	assert_int_equal(now_of(&f.s, &f.s.first), 0);
	assert_false(f.s.loud);

	sent = far_heard(&f, 0x92, 10);
	peer_raw(&f.p, &f.at, buf, n); /* older than the window */
	far_close(&f);
	assert_true(f.s.st.dropped >= 50);
	assert_int_equal(f.s.st.rx, sent);
}


static uint16_t far_hear(struct far *f, uint8_t *buf, size_t *n)
{
	const int got = peer_recv(&f->p, buf, 512, WAIT_MS);

	assert_true(got > 12);
	*n = (size_t)got;

	return (uint16_t)(buf[2] << 8 | buf[3]);
}


/* conformance: RFC 3711 3.3.1 | our first numbers leave the far end time to begin before they wrap | own */
static void test_first_number_is_in_the_lower_half(void **state)
{
	struct far f;
	uint8_t buf[512];
	size_t n = 0;
	int i;
	(void)state;

	for (i = 0; i < 16; ++i) {
		far_open(&f);
		assert_true(far_hear(&f, buf, &n) < 0x8000 + 100);
		far_close(&f);
	}
}


/* conformance: RFC 3711 4.1 | what we send is opened by our key, and by no other | own */
static void test_sent_packets_are_encrypted(void **state)
{
	struct far f;
	uint8_t buf[512], copy[512];
	size_t n = 0, m;
	(void)state;

	far_open(&f);
	(void)far_hear(&f, buf, &n);
	assert_int_equal(n, 12 + F + 10);
	memcpy(copy, buf, n);
	m = n;
	assert_int_equal(sipd_srtp_unprotect(f.tx, copy, &m),
			 SIPD_SRTP_FORGED);
	assert_int_equal(sipd_srtp_unprotect(f.rx, buf, &n), SIPD_SRTP_OK);
	assert_int_equal(n, 12 + F);
	far_close(&f);
}


/* conformance: RFC 3711 3.2.1, 4568 7.1.4 | the roll-over counter is kept over a re-INVITE with the same keys, hold too | own */
static void test_same_keys_go_on(void **state)
{
	struct far f;
	struct sipd_sdp_remote r;
	uint8_t buf[512];
	size_t n = 0;
	uint32_t i;
	(void)state;

	far_open(&f);
	f.p.seq = 65530;
	far_speak(&f, 0x92, 10); /* our receiver's counter is 1 now */

	r = remote_of(NET "3", 0);
	r.rtp = f.p.addr;
	r.secure = keys_of(SIPD_SRTP_CM_128_80, 1, 2);
	r.dir = SIPD_INACTIVE;
	sipd_rtp_connect(f.s.r, &r);
	r.dir = SIPD_SENDRECV;
	sipd_rtp_connect(f.s.r, &r);
	(void)far_heard(&f, 0x93, 10);

	/* and ours: each packet once, so that none is taken for a replay */
	for (i = 0; i < 20; ++i) {
		(void)far_hear(&f, buf, &n);
		assert_int_equal(sipd_srtp_unprotect(f.rx, buf, &n),
				 SIPD_SRTP_OK);
	}
	far_close(&f);
	assert_int_equal(f.s.st.dropped, 0);
}


/* conformance: RFC 4568 7.1.4 | a new key in a re-INVITE is used from then on | own */
static void test_new_keys_take_over(void **state)
{
	struct far f;
	struct sipd_sdp_remote r;
	uint8_t key[SIPD_SRTP_KEY_MAX], buf[512];
	(void)state;

	far_open(&f);
	(void)far_heard(&f, 0x92, 10);

	r = remote_of(NET "3", 0);
	r.rtp = f.p.addr;
	r.secure = keys_of(SIPD_SRTP_CM_128_80, 1, 9);
	sipd_rtp_connect(f.s.r, &r);
	a_tick(&f);
	peer_raw(&f.p, &f.at, buf, far_make(&f, buf, 0x93)); /* old key */

	sipd_srtp_free(f.tx);
	memset(key, 9, sizeof(key));
	f.tx = sipd_srtp_new(SIPD_SRTP_CM_128_80, key, 0);
	(void)far_heard(&f, 0x94, 10);
	far_close(&f);
	assert_int_equal(f.s.st.dropped, 1);
}


/* ---- DTLS ---------------------------------------------------------------- */

static struct sipd_secure dtls_of(enum sipd_dtls_role role)
{
	struct sipd_secure s = {.role = role, .fingerprint = {.len = 32}};
	const char *text = sipd_media_fingerprint(media) + strlen("sha-256 ");
	size_t i;

	for (i = 0; i < 32; ++i)
		s.fingerprint.hash[i] = (uint8_t)strtoul(text + 3 * i, NULL,
							 16);

	return s;
}


static void dtls_join(struct side *a, struct side *b, uint8_t wrong)
{
	struct sipd_sdp_remote ra = remote_of(NET "2", sipd_rtp_port(b->r));
	struct sipd_sdp_remote rb = remote_of(NET "1", sipd_rtp_port(a->r));

	ra.secure = dtls_of(SIPD_DTLS_ACTIVE);
	rb.secure = dtls_of(SIPD_DTLS_PASSIVE);
	ra.secure.fingerprint.hash[31] ^= wrong;
	ra.rtcp_mux = rb.rtcp_mux = true;
	sipd_rtp_connect(a->r, &ra);
	sipd_rtp_connect(b->r, &rb);
}


/* conformance: RFC 5764, 8842 5.1 | keys by a handshake over the RTP port; over a re-INVITE the association goes on | own */
static void test_handshake_then_audio(void **state)
{
	struct side a, b;
	(void)state;

	side_open(&a, NET "1");
	side_open(&b, NET "2");
	dtls_join(&a, &b, 0);
	assert_true(wait_for(&a, &a.audio, 20));
	assert_true(wait_for(&b, &b.audio, 20));
	assert_int_equal(now_of(&a, &a.secured), 1);
	assert_string_equal(a.how, "dtls:AEAD_AES_256_GCM");

	dtls_join(&a, &b, 0);
	assert_true(wait_for(&a, &a.audio, now_of(&a, &a.audio) + 20));
	assert_true(wait_for(&b, &b.audio, now_of(&b, &b.audio) + 20));
	side_close(&a);
	side_close(&b);
	assert_int_equal(a.secured + b.secured, 2);
	assert_int_equal(a.unsecured + b.unsecured + a.mixed + b.mixed, 0);
	assert_true(a.st.dropped + b.st.dropped <= 2); /* close_notify */
}


/* conformance: RFC 8122 6.2, 5763 5 | with a wrong fingerprint nothing is sent or heard, and the reason is told | own */
static void test_wrong_fingerprint(void **state)
{
	struct side a, b;
	(void)state;

	side_open(&a, NET "1");
	side_open(&b, NET "2");
	dtls_join(&a, &b, 1);
	assert_true(wait_for(&a, &a.unsecured, 1));
	assert_non_null(strstr(a.how, "a=fingerprint"));
	side_close(&a);
	side_close(&b);
	assert_int_equal(a.st.tx, 0);
	assert_int_equal(a.st.rx + b.st.rx, 0);
}


/* conformance: RFC 7983 7 | of a stranger no handshake is answered once the far end has spoken, and what is no DTLS does no harm | own */
static void test_strange_handshakes(void **state)
{
	static const uint8_t hello[] = {22, 254, 253, 0, 0, 0, 0,
					0,  0,   0,   1, 0, 1, 1};
	struct side a, b;
	struct peer evil;
	union sipd_addr at;
	uint8_t buf[2000];
	unsigned i;
	(void)state;

	side_open(&a, NET "1");
	side_open(&b, NET "2");
	peer_open(&evil, NET "66");
	assert_true(sipd_addr_parse(&at, NET "2", sipd_rtp_port(b.r)));
	dtls_join(&a, &b, 0);
	assert_true(wait_for(&b, &b.secured, 1));
	for (i = 0; i < 200; ++i) {
		memset(buf, (int)(20 + i % 44), sizeof(buf));
		memcpy(buf, hello, i & 1 ? sizeof(hello) : 1);
		peer_raw(&evil, &at, buf, 1 + i * 7);
	}
	assert_true(wait_for(&b, &b.audio, now_of(&b, &b.audio) + 20));
	assert_int_equal(peer_recv(&evil, buf, sizeof(buf), 0), -1);
	side_close(&a);
	side_close(&b);
	(void)close(evil.fd);
	assert_int_equal(b.secured + b.unsecured, 1);
	assert_int_equal(b.mixed + b.backwards, 0);
}


/* The far end spoke from one port and goes on from another, by the same
 * certificate: two of its calls may share that.
 * conformance: RFC 5763 6.6 | the far end moves to another address: a new handshake with the same certificate | own */
static void test_new_address_new_handshake(void **state)
{
	struct side a, b, c;
	(void)state;

	side_open(&a, NET "1");
	side_open(&b, NET "2");
	side_open(&c, NET "2");
	dtls_join(&a, &b, 0);
	assert_true(wait_for(&a, &a.audio, 20));
	side_close(&b);

	dtls_join(&a, &c, 0);
	assert_true(wait_for(&c, &c.audio, 20));
	assert_true(wait_for(&a, &a.secured, 2));
	assert_true(wait_for(&a, &a.audio, now_of(&a, &a.audio) + 20));
	side_close(&a);
	side_close(&c);
	assert_int_equal(a.unsecured + c.unsecured, 0);
}


/* One end knows of the other, at that host. */
static void dtls_half_join(struct side *s, const char *host,
			   struct side *other, enum sipd_dtls_role role)
{
	struct sipd_sdp_remote r = remote_of(host, sipd_rtp_port(other->r));

	r.secure = dtls_of(role);
	r.rtcp_mux = true;
	sipd_rtp_connect(s->r, &r);
}


/* conformance: RFC 5764 6 | a stranger who is first with a handshake, or with an alert, does not keep the far end from its own | own */
static void test_stranger_comes_first(void **state)
{
	/* a handshake refused; the half of one */
	static const uint8_t alert[] = {21, 254, 253, 0, 0, 0, 0, 0,
					0,  0,   0,   0, 2, 2, 40};
	static const uint8_t half[] = {22, 254, 253, 0,  0, 0, 0, 0,   0,
				       0,  0,   0,   14, 1, 0, 1, 0,   0,
				       0,  0,   0,   0,  0, 0, 2, 254, 253};
	struct side a, b;
	struct peer evil;
	union sipd_addr at;
	unsigned i, n;
	(void)state;

	for (i = 0; i < 3; ++i) {
		side_open(&a, NET "1");
		side_open(&b, NET "2");
		peer_open(&evil, NET "66");
		if (i < 2)
			dtls_half_join(&b, NET "1", &a, SIPD_DTLS_PASSIVE);
		else /* the one that says hello */
			dtls_half_join(&b, NET "1", &a, SIPD_DTLS_ACTIVE);
		assert_true(sipd_addr_parse(&at, NET "2", sipd_rtp_port(b.r)));
		assert_true(wait_for(&b, &b.frames, 1));
		if (i == 1)
			peer_raw(&evil, &at, half, sizeof(half));
		else
			peer_raw(&evil, &at, alert, sizeof(alert));
		n = now_of(&b, &b.frames);
		assert_true(wait_for(&b, &b.frames, n + 3));

		dtls_half_join(&a, NET "2", &b,
			       i < 2 ? SIPD_DTLS_ACTIVE : SIPD_DTLS_PASSIVE);
		assert_true(wait_for(&b, &b.secured, 1));
		assert_true(wait_for(&b, &b.audio, 20));
		side_close(&a);
		side_close(&b);
		(void)close(evil.fd);
		assert_int_equal(a.unsecured + b.unsecured, 0);
	}
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_ways_by_each_suite),
		cmocka_unit_test(test_bad_packets_are_dropped_and_counted),
		cmocka_unit_test(test_first_number_is_in_the_lower_half),
		cmocka_unit_test(test_sent_packets_are_encrypted),
		cmocka_unit_test(test_same_keys_go_on),
		cmocka_unit_test(test_new_keys_take_over),
		cmocka_unit_test(test_handshake_then_audio),
		cmocka_unit_test(test_wrong_fingerprint),
		cmocka_unit_test(test_strange_handshakes),
		cmocka_unit_test(test_new_address_new_handshake),
		cmocka_unit_test(test_stranger_comes_first),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
