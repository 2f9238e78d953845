/**
 * @file test_rtp_wide.c  Streams of 16 kHz on real sockets and threads
 */
#define NET "127.71.4."
#include <math.h>
#include "port/rtp_sides.h"
#include "port/codec/opus.h"

#define PI 3.14159265358979323846

enum { N = SIPD_FRAME_WIDE, HZ = 900 };

/* Sends a tone of HZ, listens for it. */
struct end {
	struct side s; /* its lock, its counters */
	unsigned sample, heard, wrong;
};


/* Is there one tone, and is it HZ? At a wrong rate it would be another. */
static bool is_tone(const int16_t *pcm)
{
	double re = 0, im = 0, all = 1;
	size_t i;

	for (i = 0; i < N; ++i) {
		re += pcm[i] * cos(2 * PI * HZ * (double)i / 16000);
		im += pcm[i] * sin(2 * PI * HZ * (double)i / 16000);
		all += (double)pcm[i] * pcm[i];
	}

	return all / N > 1000000 && (re * re + im * im) * 2 / N > 0.7 * all;
}


static void on_wide_frame(const struct sipd_rx_frame *rx,
			  struct sipd_tx_frame *tx, enum sipd_codec_id codec,
			  void *arg)
{
	struct end *e = arg;
	size_t i;
	(void)codec;

	(void)pthread_mutex_lock(&e->s.lock);
	if (rx->kind == SIPD_RX_AUDIO) {
		const bool tone = is_tone(rx->pcm);

		e->heard += tone;
		e->wrong += e->heard && !tone;
	}
	e->s.frames += rx->samples == N;
	for (i = 0; i < N; ++i)
		tx->pcm[i] = (int16_t)(9000 *
				       sin(2 * PI * HZ * e->sample++ / 16000));
	tx->kind = SIPD_TX_PCM;
	(void)pthread_cond_broadcast(&e->s.cond);
	(void)pthread_mutex_unlock(&e->s.lock);
}


static void end_open(struct end *e)
{
	const struct sipd_rtp_handlers h = {
		.frame = on_wide_frame,
		.dtmf = on_dtmf,
		.dtmf_sent = on_keys_sent,
		.closed = on_closed,
	};
	union sipd_addr addr;

	memset(e, 0, sizeof(*e));
	(void)pthread_mutex_init(&e->s.lock, NULL);
	(void)pthread_cond_init(&e->s.cond, NULL);
	assert_true(sipd_addr_parse(&addr, "127.0.0.1", 0));
	assert_int_equal(sipd_rtp_open(&e->s.r, media, &addr, 0, 0, &h, e), 0);
	assert_int_equal(sipd_rtp_widen(e->s.r, sipd_opus_built()), 0);
}


static struct sipd_sdp_remote agreed(enum sipd_codec_id id, uint16_t port,
				     uint32_t ptime)
{
	const struct sipd_codec *c = sipd_codec_get(id);
	struct sipd_sdp_remote r = remote_of("127.0.0.1", port);
	int k;

	memset(r.pt_in, SIPD_PT_NONE, sizeof(r.pt_in));
	for (k = SIPD_CODEC_PCMU; k <= SIPD_CODEC_L16_8; ++k)
		if (sipd_codec_get((enum sipd_codec_id)k))
			r.pt_in[k] = sipd_codec_get((enum sipd_codec_id)k)->pt;
	r.codec = id;
	r.pt = c->pt;
	r.ptime = ptime;
	r.dtmf_khz = (uint8_t)(c->clock / 1000);
	r.events[0].khz = r.dtmf_khz;

	return r;
}


static void connect_both(struct end *a, struct end *b, enum sipd_codec_id id,
			 uint32_t ptime)
{
	const struct sipd_sdp_remote ra = agreed(id, sipd_rtp_port(b->s.r),
						 ptime);
	const struct sipd_sdp_remote rb = agreed(id, sipd_rtp_port(a->s.r),
						 ptime);

	sipd_rtp_connect(a->s.r, &ra);
	sipd_rtp_connect(b->s.r, &rb);
}


static unsigned more(struct end *e, unsigned n)
{
	return now_of(&e->s, &e->heard) + n;
}


static void test_each_codec_is_heard_right(void **state)
{
	static const uint32_t times[] = {10, 20, 30, 40, 60};
	struct end a, b;
	int id;
	size_t k;
	(void)state;

	for (id = SIPD_CODEC_PCMU; id <= SIPD_CODEC_L16_8; ++id) {
		if (!sipd_codec_get((enum sipd_codec_id)id))
			continue;
		end_open(&a);
		end_open(&b);
		for (k = 0; k < sizeof(times) / sizeof(times[0]); ++k) {
			if (times[k] >
			    sipd_codec_get((enum sipd_codec_id)id)->ptime_max)
				continue;
			connect_both(&a, &b, (enum sipd_codec_id)id, times[k]);
			assert_true(wait_for(&a.s, &a.heard, more(&a, 10)));
			assert_true(wait_for(&b.s, &b.heard, more(&b, 10)));
		}
		side_close(&a.s);
		side_close(&b.s);
	}
}


/* conformance: RFC 3551 4.1 | the codec changes in the call, both ways, at the same far end | unit */
static void test_codec_changes_in_the_call(void **state)
{
	static const enum sipd_codec_id ids[] = {
		SIPD_CODEC_PCMA, SIPD_CODEC_L16,  SIPD_CODEC_G722,
		SIPD_CODEC_OPUS, SIPD_CODEC_PCMU,
	};
	struct end a, b;
	size_t k;
	(void)state;

	end_open(&a);
	end_open(&b);
	for (k = 0; k < sizeof(ids) / sizeof(ids[0]); ++k) {
		if (!sipd_codec_get(ids[k]))
			continue;
		connect_both(&a, &b, ids[k], 20);
		assert_true(wait_for(&a.s, &a.heard, more(&a, 25)));
		assert_true(wait_for(&b.s, &b.heard, more(&b, 25)));
	}
	/* at each change a frame may hold the seam of two codecs, and a busy
	 * machine may lose some: by far most are the tone, at its pitch */
	assert_true(now_of(&a.s, &a.wrong) < 25);
	assert_true(now_of(&b.s, &b.wrong) < 25);
	side_close(&a.s);
	side_close(&b.s);
	assert_true(a.s.st.lost <= a.s.st.rx / 10);
}


/* conformance: RFC 4733 2.1 | keys at 16 and 48 kHz | unit */
static void test_keys_at_clocks_of_the_codec(void **state)
{
	static const enum sipd_codec_id ids[] = {
		SIPD_CODEC_L16,
		SIPD_CODEC_OPUS,
		SIPD_CODEC_G722,
	};
	struct end a, b;
	size_t k;
	(void)state;

	for (k = 0; k < sizeof(ids) / sizeof(ids[0]); ++k) {
		if (!sipd_codec_get(ids[k]))
			continue;
		end_open(&a);
		end_open(&b);
		connect_both(&a, &b, ids[k], 20);
		sipd_rtp_dtmf(a.s.r, "1#D");
		assert_true(wait_keys(&b.s, "1#D"));
		assert_int_equal(b.s.key_ms, 100);
		side_close(&a.s);
		side_close(&b.s);
	}
}


/* A stream of 8 kHz never sends what it cannot make. */
static void test_narrow_stream_takes_g711_only(void **state)
{
	struct sipd_sdp_remote r;
	struct side a;
	struct peer p;
	(void)state;

	side_open(&a, "127.0.0.1");
	peer_open(&p, "127.0.0.1");
	r = agreed(SIPD_CODEC_G722, sipd_addr_port(&p.addr), 20);
	sipd_rtp_connect(a.r, &r);
	assert_true(wait_for(&a, &a.frames, 10));
	side_close(&a);
	assert_int_equal(a.st.tx, 0);
	(void)close(p.fd);
}


static int start(void **state)
{
	(void)state;

	return sipd_media_start(&media, 1, &quiet_log);
}


static int stop(void **state)
{
	(void)state;
	sipd_media_stop(media);

	return 0;
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_codec_is_heard_right),
		cmocka_unit_test(test_codec_changes_in_the_call),
		cmocka_unit_test(test_keys_at_clocks_of_the_codec),
		cmocka_unit_test(test_narrow_stream_takes_g711_only),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
