/**
 * @file tests/unit/port/test_rtp_reports.c  RTCP of streams, on real sockets
 */
/* a network of its own: the files run at the same time */
#define NET "127.71.1."
#include "rtp_sides.h"


/* With a port of its own, and on that of RTP: both at the same time. */
static void test_rtcp_round_trip_measured(void **state)
{
	static struct side a[2], b[2];
	int mux;
	(void)state;

	for (mux = 0; mux < 2; ++mux) {
		side_open(&a[mux], NET "1");
		side_open(&b[mux], NET "2");
		join(&a[mux], &b[mux], NET "1", NET "2", mux, 20);
	}
	for (mux = 0; mux < 2; ++mux) {
		struct side *const other = &b[mux];

		/* all have reported at 1 to 3.1 s */
		assert_true(wait_for(&a[mux], &a[mux].frames, 165));
		side_close(&a[mux]);
		/* the BYE of the other carries a last report */
		assert_true(wait_for(other, &other->frames,
				     now_of(other, &other->frames) + 2));
		side_close(other);
		assert_true(other->st.rtt_ms > 0);
		assert_true(other->st.rtt_ms < 1000);
		assert_int_equal(other->st.remote_lost, 0);
	}
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

	side_open(&a, NET "1");
	peer_open(&peer, NET "3");
	peer_open(&rtcp, NET "3");
	connect_to(&a, &peer, &local, NET "1");
	r = remote_of(NET "3", 0);
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


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rtcp_round_trip_measured),
		cmocka_unit_test(test_bye_after_reports_at_close),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
