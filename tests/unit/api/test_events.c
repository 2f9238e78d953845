/**
 * @file test_events.c  The event queue: bounds, order, waking, hooks
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <poll.h>
#include <pthread.h>
#include "lib/cmocka_all.h"
#include "api/events.h"
#include "base/clock.h"
#include "base/error.h"


static int setup(void **state)
{
	return sipd_events_open((struct sipd_events **)state, 4);
}


static int teardown(void **state)
{
	sipd_events_close(*state);

	return 0;
}


static bool push_text(struct sipd_events *e, const char *text)
{
	const struct sipdialer_event ev = {
		.type = SIPDIALER_EVENT_LOG,
		.text = text,
	};

	return sipd_event_push(e, &ev);
}


static void push_ended(struct sipd_events *e, struct sipd_event_node *node,
		       uint64_t call)
{
	const struct sipdialer_event ev = {
		.type = SIPDIALER_EVENT_CALL_ENDED,
		.call = call,
		.to = "1001",
	};

	sipd_event_push_reserved(e, node, &ev);
}


static bool readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}


static void test_event_copied_whole(void **state)
{
	struct sipd_events *e = *state;
	uint64_t counts[3] = {1, 2, 3};
	char text[1000];
	const struct sipdialer_event in = {
		.type = SIPDIALER_EVENT_CALL_ENDED,
		.call = 7,
		.to = "to",
		.from = "from",
		.text = text,
		.reason = "reason",
		.codec = "PCMU",
		.dtmf = "12#",
		.recording = "r.wav",
		.by_disposition = counts,
		.by_disposition_len = 3,
		.mos = 4.2,
		.next_ms = -1,
	};
	const struct sipdialer_event *ev;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_true(sipd_event_push(e, &in));
	memset(counts, 0, sizeof(counts));
	text[0] = 'y';

	ev = sipd_events_next(e, 0);
	assert_non_null(ev);
	assert_int_equal(ev->size, sizeof(*ev));
	assert_int_equal(ev->seq, 1);
	assert_true(llabs(ev->time_ms - sipd_wall_ms()) < 60000);
	assert_int_equal(ev->call, 7);
	assert_string_equal(ev->to, "to");
	assert_string_equal(ev->from, "from");
	assert_int_equal(strlen(ev->text), 999);
	assert_int_equal(ev->text[0], 'x');
	assert_string_equal(ev->reason, "reason");
	assert_string_equal(ev->codec, "PCMU");
	assert_string_equal(ev->dtmf, "12#");
	assert_string_equal(ev->recording, "r.wav");
	assert_int_equal(ev->by_disposition_len, 3);
	assert_int_equal(ev->by_disposition[2], 3);
	assert_true(ev->mos == 4.2);
	assert_int_equal(ev->next_ms, -1);

	assert_true(push_text(e, NULL));
	ev = sipd_events_next(e, 0);
	assert_null(ev->text);
	assert_null(ev->by_disposition);
	assert_null(sipd_events_next(e, 0));
}


static void test_overflow_one_lost_event_in_place(void **state)
{
	/* clang-format off */
	static const struct { int type; uint64_t count; } want[] = {
		{SIPDIALER_EVENT_LOG, 0}, {SIPDIALER_EVENT_LOG, 0},
		{SIPDIALER_EVENT_LOG, 0}, {SIPDIALER_EVENT_LOG, 0},
		{SIPDIALER_EVENT_LOST, 3}, {SIPDIALER_EVENT_CALL_ENDED, 0},
		{SIPDIALER_EVENT_LOST, 2},
	};
	/* clang-format on */
	struct sipd_events *e = *state;
	struct sipd_event_node *node = sipd_event_reserve(e);
	struct sipd_events_stats st;

	for (int i = 0; i < 7; i++)
		assert_int_equal(push_text(e, "x"), i < 4);
	push_ended(e, node, 9);
	assert_false(push_text(e, "x"));
	assert_false(push_text(e, "x"));

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		const struct sipdialer_event *ev = sipd_events_next(e, 0);

		assert_non_null(ev);
		assert_int_equal(ev->type, want[i].type);
		assert_int_equal(ev->count, want[i].count);
		assert_int_equal(ev->seq, i + 1);
		assert_true(ev->time_ms > 0);
	}
	assert_null(sipd_events_next(e, 0));

	/* with room again, nothing is lost */
	assert_true(push_text(e, "after"));
	assert_string_equal(sipd_events_next(e, 0)->text, "after");

	sipd_events_stats(e, &st);
	assert_int_equal(st.pushed, 6);
	assert_int_equal(st.lost, 5);
	assert_int_equal(st.delivered, 8);
	assert_int_equal(st.waiting, 0);
	assert_int_equal(st.reserved, 0);
}


static void test_room_by_pull_takes_events_again(void **state)
{
	struct sipd_events *e = *state;

	for (int i = 0; i < 5; i++)
		(void)push_text(e, "x");
	assert_non_null(sipd_events_next(e, 0));
	assert_true(push_text(e, "behind the gap"));

	for (int i = 0; i < 3; i++)
		assert_int_equal(sipd_events_next(e, 0)->type,
				 SIPDIALER_EVENT_LOG);
	assert_int_equal(sipd_events_next(e, 0)->count, 1);
	assert_string_equal(sipd_events_next(e, 0)->text, "behind the gap");
	assert_null(sipd_events_next(e, 0));

	sipd_events_set_max(e, 5);
	for (int i = 0; i < 6; i++)
		assert_int_equal(push_text(e, "x"), i < 5);
}


static void test_reserved_never_lost_and_bounded(void **state)
{
	struct sipd_events *e = *state;
	struct sipd_event_node *nodes[4];

	for (int i = 0; i < 4; i++)
		(void)push_text(e, "full");
	for (int i = 0; i < 4; i++) {
		nodes[i] = sipd_event_reserve(e);
		assert_non_null(nodes[i]);
	}
	assert_null(sipd_event_reserve(e));
	assert_string_equal(sipd_error_text(),
			    "4 events that must not be "
			    "lost wait for the host (events.max)");

	sipd_event_unreserve(e, nodes[3]);
	nodes[3] = sipd_event_reserve(e);
	assert_non_null(nodes[3]);

	for (int i = 0; i < 4; i++)
		push_ended(e, nodes[i], (uint64_t)i + 1);
	assert_null(sipd_event_reserve(e));
	for (int i = 0; i < 4; i++)
		(void)sipd_events_next(e, 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(sipd_events_next(e, 0)->call, i + 1);

	nodes[0] = sipd_event_reserve(e);
	assert_non_null(nodes[0]);
	sipd_event_unreserve(e, nodes[0]);
	sipd_event_unreserve(e, NULL);
}


static void test_reserved_takes_strings_over_its_room(void **state)
{
	struct sipd_events *e = *state;
	char path[4000];
	const struct sipdialer_event in = {
		.type = SIPDIALER_EVENT_CALL_ENDED,
		.recording = path,
		.to = "1001",
	};
	const struct sipdialer_event *ev;

	memset(path, 'p', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	sipd_event_push_reserved(e, sipd_event_reserve(e), &in);
	ev = sipd_events_next(e, 0);
	assert_string_equal(ev->recording, path);
	assert_string_equal(ev->to, "1001");
}


static void test_ringing_and_progress_merge(void **state)
{
	struct sipd_events *e = *state;
	struct sipdialer_event ring = {
		.type = SIPDIALER_EVENT_CALL_RINGING,
		.call = 1,
		.sip_status = 180,
	};
	uint64_t counts[16] = {0};
	struct sipdialer_event progress = {
		.type = SIPDIALER_EVENT_CAMPAIGN_PROGRESS,
		.campaign = 1,
		.by_disposition = counts,
		.by_disposition_len = 16,
	};
	const struct sipdialer_event *ev;
	struct sipd_events_stats st;

	assert_true(sipd_event_push(e, &ring));
	assert_true(sipd_event_push(e, &progress));
	ring.call = 2;
	assert_true(sipd_event_push(e, &ring));
	assert_true(push_text(e, "the queue is full now"));
	ring.call = 1;
	ring.sip_status = 183;
	assert_true(sipd_event_push(e, &ring));
	progress.attempts = 50;
	counts[15] = 8;
	assert_true(sipd_event_push(e, &progress));

	ev = sipd_events_next(e, 0);
	assert_int_equal(ev->call, 1);
	assert_int_equal(ev->sip_status, 183);
	ev = sipd_events_next(e, 0);
	assert_int_equal(ev->campaign, 1);
	assert_int_equal(ev->attempts, 50);
	assert_int_equal(ev->by_disposition[15], 8);
	assert_int_equal(sipd_events_next(e, 0)->call, 2);
	assert_int_equal(sipd_events_next(e, 0)->type, SIPDIALER_EVENT_LOG);
	assert_null(sipd_events_next(e, 0));

	/* pulled: the next one is a new event */
	assert_true(sipd_event_push(e, &progress));
	assert_int_equal(sipd_events_next(e, 0)->seq, 5);
	sipd_events_stats(e, &st);
	assert_int_equal(st.merged, 2);
}


static void test_offer_is_merged_and_never_lost(void **state)
{
	struct sipd_events *e = *state;
	struct sipdialer_event audio = {
		.type = SIPDIALER_EVENT_CALL_AUDIO,
		.call = 1,
		.count = 160,
	};
	const struct sipdialer_event *ev;
	struct sipd_events_stats st;

	assert_true(sipd_event_offer(e, &audio));
	for (int i = 0; i < 3; i++)
		assert_true(push_text(e, "fills the queue"));

	/* of a call that one waits for: written over, though it is full */
	audio.count = 320;
	assert_true(sipd_event_offer(e, &audio));
	audio.call = 2;
	assert_false(sipd_event_offer(e, &audio));

	ev = sipd_events_next(e, 0);
	assert_int_equal(ev->call, 1);
	assert_int_equal(ev->count, 320);
	assert_true(sipd_event_offer(e, &audio));
	for (int i = 0; i < 3; i++)
		assert_int_equal(sipd_events_next(e, 0)->type,
				 SIPDIALER_EVENT_LOG);
	assert_int_equal(sipd_events_next(e, 0)->call, 2);
	assert_null(sipd_events_next(e, 0));
	sipd_events_stats(e, &st);
	assert_int_equal(st.lost, 0);
	assert_int_equal(st.merged, 1);
}


struct gone {
	struct sipd_events *e;
	uint64_t call;
	int times;
};


static void gone_handler(uint64_t call, void *arg)
{
	struct gone *g = arg;

	/* without a lock: the queue may be asked */
	(void)push_text(g->e, "gone");
	g->call = call;
	++g->times;
}


static void nothing(const struct sipdialer_event *ev, void *arg)
{
	const struct gone *g = arg;

	assert_int_equal(ev->type, SIPDIALER_EVENT_CALL_ENDED);
	assert_int_not_equal(g->call, ev->call);
}


/* Told by the pull after that of CALL_ENDED, in both ways to pull. */
static void test_end_let_go_is_told_once(void **state)
{
	struct sipd_events *e = *state;
	struct gone g = {.e = e};

	sipd_events_on_gone(e, gone_handler, &g);
	push_ended(e, sipd_event_reserve(e), 7);
	assert_int_equal(sipd_events_next(e, 0)->call, 7);
	assert_int_equal(g.times, 0);
	assert_string_equal(sipd_events_next(e, 0)->text, "gone");
	assert_int_equal(g.call, 7);
	assert_null(sipd_events_next(e, 0));
	assert_int_equal(g.times, 1);

	assert_int_equal(sipd_events_on(e, SIPDIALER_EVENT_CALL_ENDED, nothing,
					&g),
			 0);
	push_ended(e, sipd_event_reserve(e), 8);
	assert_int_equal(sipd_events_dispatch(e, 0), 2);
	assert_int_equal(g.call, 8);
	assert_int_equal(g.times, 2);
}


static void test_event_valid_until_next_pull(void **state)
{
	struct sipd_events *e = *state;
	const struct sipdialer_event *ev;

	(void)push_text(e, "first");
	ev = sipd_events_next(e, 0);
	for (int i = 0; i < 4; i++)
		(void)push_text(e, "other");
	assert_string_equal(ev->text, "first");
}


static void test_fd_readable_while_events_wait(void **state)
{
	struct sipd_events *e = *state;
	int fd;

	(void)push_text(e, "before anybody asked");
	fd = sipd_events_fd(e);
	assert_true(fd >= 0);
	assert_int_equal(sipd_events_fd(e), fd);
	assert_true(readable(fd));
	(void)push_text(e, "second");

	(void)sipd_events_next(e, 0);
	assert_true(readable(fd));
	(void)sipd_events_next(e, 0);
	assert_false(readable(fd));
	assert_null(sipd_events_next(e, 0));

	for (int i = 0; i < 5; i++)
		(void)push_text(e, "x");
	for (int i = 0; i < 4; i++)
		(void)sipd_events_next(e, 0);
	assert_true(readable(fd)); /* LOST waits */
	assert_int_equal(sipd_events_next(e, 0)->type, SIPDIALER_EVENT_LOST);
	assert_false(readable(fd));

	(void)push_text(e, "x");
	assert_true(readable(fd));
	assert_int_equal(sipd_events_dispatch(e, 0), 1);
	assert_false(readable(fd));
}


static void count_h(void *arg)
{
	++*(int *)arg;
}


static void test_wakeup_when_queue_stops_being_empty(void **state)
{
	struct sipd_events *e = *state;
	int first = 0, second = 0;

	sipd_events_wakeup(e, count_h, &first);
	(void)push_text(e, "x");
	(void)push_text(e, "x");
	assert_int_equal(first, 1);
	(void)sipd_events_next(e, 0);
	(void)push_text(e, "x");
	assert_int_equal(first, 1);
	(void)sipd_events_next(e, 0);
	(void)sipd_events_next(e, 0);

	sipd_events_wakeup(e, count_h, &second);
	(void)push_text(e, "x");
	assert_int_equal(first, 1);
	assert_int_equal(second, 1);
	(void)sipd_events_next(e, 0);
	sipd_events_wakeup(e, NULL, NULL);
	(void)push_text(e, "x");
	assert_int_equal(second, 1);
}


struct slow {
	atomic_bool inside, leave;
	atomic_int after;
};


static void slow_h(void *arg)
{
	struct slow *s = arg;

	atomic_store(&s->inside, true);
	while (!atomic_load(&s->leave))
		;
	atomic_fetch_add(&s->after, 1);
}


static void *push_thread(void *arg)
{
	(void)push_text(arg, "x");

	return NULL;
}


static void *leave_thread(void *arg)
{
	atomic_store(&((struct slow *)arg)->leave, true);

	return NULL;
}


static void test_wakeup_replaced_only_after_old_handler(void **state)
{
	struct sipd_events *e = *state;
	struct slow s = {false, false, 0};
	pthread_t pusher, leaver;
	int now;

	sipd_events_wakeup(e, slow_h, &s);
	assert_int_equal(pthread_create(&pusher, NULL, push_thread, e), 0);
	while (!atomic_load(&s.inside))
		;
	assert_int_equal(pthread_create(&leaver, NULL, leave_thread, &s), 0);
	sipd_events_wakeup(e, NULL, NULL);
	now = atomic_load(&s.after);
	assert_int_equal(now, 1);
	(void)pthread_join(pusher, NULL);
	(void)pthread_join(leaver, NULL);
}


static void test_next_waits_until_deadline(void **state)
{
	struct sipd_events *e = *state;
	const uint64_t begin = sipd_clock_ms();
	pthread_t thread;

	assert_null(sipd_events_next(e, 30));
	assert_in_range(sipd_clock_ms() - begin, 29, 20000);

	assert_int_equal(pthread_create(&thread, NULL, push_thread, e), 0);
	assert_non_null(sipd_events_next(e, -1));
	(void)pthread_join(thread, NULL);
}


struct hooks {
	struct sipd_events *e;
	int logs, others, depth;
	uint64_t seen;
};


static void log_hook(const struct sipdialer_event *ev, void *arg)
{
	struct hooks *hooks = arg;

	hooks->logs++;
	if (hooks->logs == 1) {
		const struct sipdialer_event *pulled;

		hooks->depth = sipd_events_dispatch(hooks->e, 0);
		/* pulling inside a handler leaves its own event alone */
		(void)push_text(hooks->e, "inner");
		(void)push_text(hooks->e, "second round");
		pulled = sipd_events_next(hooks->e, 0);
		assert_string_equal(pulled->text, "inner");
		assert_string_equal(ev->text, "outer");
	}
}


static void other_hook(const struct sipdialer_event *ev, void *arg)
{
	struct hooks *hooks = arg;

	hooks->others++;
	hooks->seen = ev->call;
}


static void test_dispatch_runs_handlers_by_kind(void **state)
{
	struct hooks hooks = {*state, 0, 0, 0, 0};
	struct sipd_events *e = *state;
	struct sipd_event_node *node = sipd_event_reserve(e);

	assert_int_equal(sipd_events_dispatch(e, 0), 0);
	assert_int_equal(sipd_events_on(e, 8, other_hook, &hooks),
			 SIPDIALER_EINVAL);
	assert_string_equal(sipd_error_text(), "8 is not a kind of event");
	assert_int_equal(sipd_events_on(e, -1, other_hook, &hooks),
			 SIPDIALER_EINVAL);
	assert_int_equal(sipd_events_on(e, 1000, other_hook, &hooks),
			 SIPDIALER_EINVAL);
	assert_int_equal(sipd_events_on(e, SIPDIALER_EVENT_LOG, log_hook,
					&hooks),
			 0);
	assert_int_equal(sipd_events_on(e, SIPDIALER_EVENT_NONE, other_hook,
					&hooks),
			 0);

	(void)push_text(e, "outer");
	assert_int_equal(sipd_events_dispatch(e, -1), 2);
	assert_int_equal(hooks.logs, 2);
	assert_int_equal(hooks.depth, SIPDIALER_ESTATE);

	push_ended(e, node, 77);
	assert_int_equal(sipd_events_dispatch(e, 0), 1);
	assert_int_equal(hooks.seen, 77);

	assert_int_equal(sipd_events_on(e, SIPDIALER_EVENT_NONE, NULL, NULL),
			 0);
	assert_int_equal(sipd_events_on(e, SIPDIALER_EVENT_LOG, NULL, NULL),
			 0);
	(void)push_text(e, "nobody");
	assert_int_equal(sipd_events_dispatch(e, 0), 1);
	assert_int_equal(hooks.logs, 2);
	assert_int_equal(hooks.others, 1);
}


/* ---- many producers ---------------------------------------------------- */

enum { PRODUCERS = 4, EACH = 20000, RESERVED_EVERY = 16 };

struct producer {
	struct sipd_events *e;
	pthread_t thread;
	uint64_t id, accepted;
};


static void *produce(void *arg)
{
	struct producer *p = arg;

	for (uint64_t i = 0; i < EACH; i++) {
		const struct sipdialer_event ev = {
			.type = SIPDIALER_EVENT_CALL_DTMF,
			.call = p->id,
			.count = i,
			.text = "5",
		};
		struct sipd_event_node *node = NULL;

		if (i % RESERVED_EVERY == 0)
			node = sipd_event_reserve(p->e);
		if (node) {
			sipd_event_push_reserved(p->e, node, &ev);
			p->accepted++;
		}
		else {
			p->accepted += sipd_event_push(p->e, &ev);
		}
	}

	return NULL;
}


static void test_four_producers_none_missing_none_twice(void **state)
{
	struct producer p[PRODUCERS];
	uint64_t last[PRODUCERS + 1] = {0}, got = 0, lost = 0, accepted = 0;
	struct sipd_events *e = *state;
	int wakes = 0;

	sipd_events_set_max(e, 256);
	sipd_events_wakeup(e, count_h, &wakes);
	(void)sipd_events_fd(e);
	for (uint64_t i = 0; i < PRODUCERS; i++) {
		p[i] = (struct producer){.e = e, .id = i + 1};
		assert_int_equal(pthread_create(&p[i].thread, NULL, produce,
						&p[i]),
				 0);
	}

	for (uint64_t seq = 1; got + lost < PRODUCERS * EACH; seq++) {
		const struct sipdialer_event *ev = sipd_events_next(e, 20000);

		assert_non_null(ev);
		assert_int_equal(ev->seq, seq);
		if (ev->type == SIPDIALER_EVENT_LOST) {
			lost += ev->count;
			continue;
		}
		/* in order, each at most once */
		assert_in_range(ev->call, 1, PRODUCERS);
		assert_true(ev->count + 1 > last[ev->call]);
		assert_string_equal(ev->text, "5");
		last[ev->call] = ev->count + 1;
		got++;
	}

	for (int i = 0; i < PRODUCERS; i++) {
		(void)pthread_join(p[i].thread, NULL);
		accepted += p[i].accepted;
	}
	assert_int_equal(got, accepted);
	assert_null(sipd_events_next(e, 0));
	sipd_events_wakeup(e, NULL, NULL);
	assert_true(wakes > 0);
}


static void test_log_line_becomes_event(void **state)
{
	struct sipd_events *e = *state;
	const struct sipdialer_event *ev;

	sipd_events_log_h(SIPDIALER_LOG_WARNING, "a line", e);
	ev = sipd_events_next(e, 0);
	assert_int_equal(ev->type, SIPDIALER_EVENT_LOG);
	assert_int_equal(ev->level, SIPDIALER_LOG_WARNING);
	assert_string_equal(ev->text, "a line");
}


#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_event_copied_whole),
		TEST(test_overflow_one_lost_event_in_place),
		TEST(test_room_by_pull_takes_events_again),
		TEST(test_reserved_never_lost_and_bounded),
		TEST(test_reserved_takes_strings_over_its_room),
		TEST(test_ringing_and_progress_merge),
		TEST(test_offer_is_merged_and_never_lost),
		TEST(test_end_let_go_is_told_once),
		TEST(test_event_valid_until_next_pull),
		TEST(test_fd_readable_while_events_wait),
		TEST(test_wakeup_when_queue_stops_being_empty),
		TEST(test_wakeup_replaced_only_after_old_handler),
		TEST(test_next_waits_until_deadline),
		TEST(test_dispatch_runs_handlers_by_kind),
		TEST(test_four_producers_none_missing_none_twice),
		TEST(test_log_line_becomes_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
