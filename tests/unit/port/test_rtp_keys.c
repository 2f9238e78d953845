/**
 * @file tests/unit/port/test_rtp_keys.c  Keys (RFC 4733) of streams, on real sockets
 */
/* a network of its own: the files run at the same time */
#define NET "127.71.2."
#include "rtp_sides.h"


static void test_keys_both_ways_exact(void **state)
{
	struct side a, b;
	(void)state;

	side_open(&a, NET "1");
	side_open(&b, NET "2");
	join(&a, &b, NET "1", NET "2", false, 20);
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

	talk_to_peer(&a, &peer, &local);
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

	talk_to_peer(&a, &peer, &local);
	r = remote_of(NET "3", 0);
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


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_both_ways_exact),
		cmocka_unit_test(
			test_key_packets_repeated_and_lost_are_one_key),
		cmocka_unit_test(test_keys_refused_by_peer_are_over_at_once),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
