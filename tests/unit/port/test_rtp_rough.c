/**
 * @file tests/unit/port/test_rtp_rough.c  Bad far ends and bad lines: audio goes on
 *
 * Some calls at the same time, each with a trouble of its own.  Frames are
 * numbered, so that each that is sent can be told to be heard.
 */
/* a network of its own: the files run at the same time */
#define NET "127.71.5."
#include "rtp_sides.h"

enum {
	FRAMES = 75,
	BURST = 200, /* bad packets a frame: 10,000 a second */
	BUFFERED = 3 /* frames that need not have been heard at the end */
};

struct line {
	struct side a;
	struct peer peer;
	union sipd_addr local;
	/* what the far end sends with frame n */
	void (*say)(struct line *l, unsigned n);
};

static struct peer stranger;
static unsigned behind; /* ticks without a packet: we had no time to send */
static struct sipd_media_stats before;


static void say_number(struct line *l, unsigned n)
{
	peer_audio(&l->peer, &l->local, number(n));
}


/* One of the ways to be no packet of this call. */
static void say_bad(struct line *l, unsigned n)
{
	static const uint8_t loud[F] = {0x80, 1, 2, 3};
	const union sipd_addr *to = &l->local;
	struct peer other = l->peer;
	uint8_t junk[60];

	other.seq = (uint16_t)(n * 7919);
	other.ts = n * 104729;
	switch (n % 6) {
	case 0: /* a number that was not agreed */
		peer_packet(&other, to, 77, loud, F);
		break;
	case 1: /* another speaker */
		other.ssrc ^= n | 1;
		peer_packet(&other, to, 8, loud, F);
		break;
	case 2: /* no RTP */
		memset(junk, (int)n, sizeof(junk));
		junk[0] = 0x3f;
		peer_raw(&l->peer, to, junk, n % sizeof(junk));
		break;
	case 3: /* nothing inside */
		peer_packet(&other, to, 8, loud, 0);
		break;
	case 4: /* another sender */
		peer_packet(&stranger, to, 8, loud, F);
		break;
	default: /* a time far away */
		peer_packet(&other, to, 8, loud, F);
	}
}


static void say_flood(struct line *l, unsigned n)
{
	unsigned i;

	for (i = 0; i < BURST; ++i) {
		if (i == n * 37 % BURST)
			say_number(l, n);
		say_bad(l, n * BURST + i);
	}
}


static void say_other_ssrc(struct line *l, unsigned n)
{
	if (n == FRAMES / 2) {
		l->peer.ssrc ^= 0x5555;
		l->peer.seq = (uint16_t)(l->peer.seq - 30000);
		l->peer.ts += 0x70000000;
	}
	say_number(l, n);
}


static void say_jumping(struct line *l, unsigned n)
{
	static const int by[] = {1000, -20, 40000, -63, -500, 30000, 36000};

	if (n % 10 == 5 && n / 10 < sizeof(by) / sizeof(by[0]))
		l->peer.seq = (uint16_t)(l->peer.seq + by[n / 10]);
	say_number(l, n);
}


/* Calm, then five frames at once and the line is calm again. */
static void say_bursts(struct line *l, unsigned n)
{
	unsigned i;

	if (n % 15 < 10)
		say_number(l, n);
	else if (n % 15 == 10)
		for (i = 0; i < 5; ++i)
			say_number(l, n + i);
}


static void say_nothing(struct line *l, unsigned n)
{
	(void)l;
	(void)n;
}


static struct line flood = {.say = say_flood};
static struct line ssrc = {.say = say_other_ssrc};
static struct line jumping = {.say = say_jumping};
static struct line bursts = {.say = say_bursts};
static struct line one_way = {.say = say_nothing};
static struct line *const lines[] = {&flood, &ssrc, &jumping, &bursts,
				     &one_way};

enum { LINES = sizeof(lines) / sizeof(lines[0]) };


static int setup_lines(void **state)
{
	unsigned n, i;

	if (setup(state))
		return -1;
	peer_open(&stranger, NET "66");
	for (i = 0; i < LINES; ++i)
		talk_to_peer(&lines[i]->a, &lines[i]->peer, &lines[i]->local);
	sipd_media_stats(media, &before);
	for (n = 0; n < FRAMES; ++n) {
		unsigned f[LINES];

		for (i = 0; i < LINES; ++i) {
			f[i] = now_of(&lines[i]->a, &lines[i]->a.frames);
			lines[i]->say(lines[i], n);
		}
		for (i = 0; i < LINES; ++i) {
			struct side *a = &lines[i]->a;

			assert_true(wait_for(a, &a->frames, f[i] + 1));
			behind += now_of(a, &a->frames) - f[i] - 1;
		}
	}

	return 0;
}


/* Frames that a machine without time for us gave up, or had too late for our
 * answer to be there for the next, or that we had nothing for; of all lines. */
static unsigned spoilt(void)
{
	struct sipd_media_stats now;

	sipd_media_stats(media, &now);

	return (unsigned)(now.skipped - before.skipped + now.late[4] -
			  before.late[4] + now.late[5] - before.late[5]) +
	       behind;
}


/* All were heard, in order, but those at the end and at most `may` others. */
static void line_close(struct line *l, unsigned may)
{
	const unsigned gone = may + 2 * spoilt();
	const struct side *a = &l->a;

	side_close(&l->a);
	(void)close(l->peer.fd);
	assert_true(a->audio + BUFFERED + gone >= FRAMES);
	assert_true(a->lost <= gone);
	assert_true(a->last + BUFFERED + (int)gone >= FRAMES - 1);
	assert_int_equal(a->mixed, 0);
	/* what came too late is waited for with a frame again */
	assert_true(a->backwards <= gone);
	assert_string_equal(a->keys, "");
}


static void test_ten_thousand_bad_packets_a_second_all_heard(void **state)
{
	(void)state;
	line_close(&flood, 0);
	assert_true(flood.a.st.dropped > FRAMES * BURST / 2);
	assert_true(flood.a.st.late <= spoilt());
}


/* Two speakers without a pause between: the other is believed once the first
 * has been silent for 60 ms, and begins with 40 ms of delay. */
static void test_other_ssrc_in_the_middle_costs_few_frames(void **state)
{
	(void)state;
	line_close(&ssrc, 5 + 2);
	assert_true(ssrc.a.st.rx >= FRAMES - 5);
}


static void test_numbers_that_jump_all_heard(void **state)
{
	(void)state;
	line_close(&jumping, 0);
}


static void test_bursts_all_heard(void **state)
{
	(void)state;
	line_close(&bursts, 0);
	assert_true(bursts.a.st.late <= spoilt());
	assert_int_equal(bursts.a.st.rx, FRAMES);
}


static void test_one_way_is_sent_whole(void **state)
{
	struct sipd_rtp_packet p, q = {0};
	uint8_t buf[600];
	unsigned n;
	int len;
	(void)state;

	for (n = 0;
	     (len = peer_recv(&one_way.peer, buf, sizeof(buf), 0)) > 0;) {
		if (buf[1] >= 200 && buf[1] <= 204)
			continue; /* reports to the port before */
		assert_true(sipd_rtp_parse(&p, buf, (size_t)len));
		if (n)
			assert_int_equal((uint16_t)(p.seq - q.seq), 1);
		q = p;
		++n;
	}
	side_close(&one_way.a);
	(void)close(one_way.peer.fd);
	assert_true(n + BUFFERED + spoilt() >= FRAMES);
	assert_int_equal(one_way.a.audio + one_way.a.lost, 0);
	assert_int_equal(one_way.a.first, 0);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_ten_thousand_bad_packets_a_second_all_heard),
		cmocka_unit_test(
			test_other_ssrc_in_the_middle_costs_few_frames),
		cmocka_unit_test(test_numbers_that_jump_all_heard),
		cmocka_unit_test(test_bursts_all_heard),
		cmocka_unit_test(test_one_way_is_sent_whole),
	};
	const int failed = cmocka_run_group_tests(tests, setup_lines, NULL);

	(void)teardown(NULL);

	return failed;
}
