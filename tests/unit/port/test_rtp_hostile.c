/**
 * @file tests/unit/port/test_rtp_hostile.c  Packets that others inject, and broken ones
 */
#include <dirent.h>

/* a network of its own: the files run at the same time */
#define NET "127.71.3."
#include "rtp_sides.h"


static void test_injected_packets_not_heard_nor_answered(void **state)
{
	struct peer peer, evil, forged;
	union sipd_addr local;
	uint8_t buf[600];
	struct side a;
	unsigned i, f;
	(void)state;

	side_open(&a, NET "1");
	peer_open(&peer, NET "3");
	peer_open(&evil, NET "66");
	evil.ssrc = peer.ssrc; /* knows even that */

	/* early: before we know anybody */
	sipd_addr_parse(&local, NET "1", sipd_rtp_port(a.r));
	for (i = 0; i < 10; ++i)
		peer_audio(&evil, &local, number(1));
	connect_to(&a, &peer, &local, NET "1");
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

	side_open(&a, NET "1");
	peer_open(&sdp, NET "3");
	peer_open(&nat, NET "4");
	peer_open(&evil, NET "66");
	connect_to(&a, &sdp, &local, NET "1");
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

	talk_to_peer(&a, &peer, &local);
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


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_injected_packets_not_heard_nor_answered),
		cmocka_unit_test(test_nat_source_followed_once),
		cmocka_unit_test(test_bad_packets_counted_and_call_lives),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
