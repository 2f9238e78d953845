/**
 * @file test_engine.c  Life of an engine, as the header promises it
 */
#include "host.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static const char *const quick_net[] = {"--answer-delay", "50", NULL};


static void test_create_and_destroy_alone(void **state)
{
	struct sipdialer *d = NULL;
	(void)state;

	assert_int_equal(sipdialer_create(NULL), SIPDIALER_EINVAL);
	assert_ok(sipdialer_create(&d));
	assert_int_equal(sipdialer_stop(d), SIPDIALER_ESTATE);
	assert_null(sipdialer_next_event(d, 0));
	sipdialer_destroy(d);
	sipdialer_destroy(NULL);
}


static void test_start_stop_in_every_order(void **state)
{
	struct host h;
	(void)state;

	host_open(&h, quick_net, NULL);
	host_start(&h);
	assert_int_equal(sipdialer_start(h.d), SIPDIALER_ESTATE);
	host_stop(&h);
	assert_int_equal(sipdialer_stop(h.d), SIPDIALER_ESTATE);

	for (int i = 0; i < 5; i++) {
		assert_ok(sipdialer_start(h.d));
		assert_ok(sipdialer_stop(h.d));
		/* a second stop only hurries */
		(void)sipdialer_stop(h.d);
		(void)host_wait(&h, SIPDIALER_EVENT_STOPPED, 0);
	}
	host_close(&h);
}


static void test_destroy_without_stop_ends_calls(void **state)
{
	const uint64_t begin = host_now_ms();
	char stats[8192];
	struct host h;
	uint64_t call;
	(void)state;

	host_open(&h, quick_net, NULL);
	host_start(&h);
	for (int i = 0; i < 20; i++)
		assert_ok(sipdialer_call(h.d, i % 2 ? "4930100" : "4930102",
					 NULL, &call));
	(void)host_wait(&h, SIPDIALER_EVENT_CALL_ANSWERED, 0);
	sipdialer_destroy(h.d);
	h.d = NULL;
	assert_in_range(host_now_ms() - begin, 0, 8000);

	phonenet_stop(&h.net, stats, sizeof(stats));
	assert_int_equal(phonenet_count(stats, "active"), 0);
	host_close(&h);
}


/* A stop that is under way goes on: BYEs are repeated until answered. */
static void test_destroy_after_stop_does_not_hurry(void **state)
{
	char stats[8192];
	struct host h;
	uint64_t call;
	(void)state;

	host_open(&h, quick_net, NULL);
	host_start(&h);
	/* the first two BYEs get no answer */
	assert_ok(sipdialer_call(h.d, "4930118", NULL, &call));
	(void)host_wait(&h, SIPDIALER_EVENT_CALL_ANSWERED, call);
	assert_ok(sipdialer_stop(h.d));
	sipdialer_destroy(h.d);
	h.d = NULL;

	phonenet_stop(&h.net, stats, sizeof(stats));
	assert_int_equal(phonenet_count(stats, "bye_rx"), 1);
	assert_int_equal(phonenet_count(stats, "active"), 0);
	host_close(&h);
}


static void test_failed_starts_leave_nothing(void **state)
{
	struct host h;
	int fds, before;
	char path[128];
	(void)state;

	host_open(&h, quick_net, NULL);
	host_start(&h);
	host_stop(&h);
	before = host_fds();

	host_set(&h, "store.path", "/nonexistent/x.db");
	assert_in_range(-sipdialer_start(h.d), 1, 14);
	host_write(&h, "bad.db", "this is not a database at all, is it?");
	host_set(&h, "store.path", host_path(&h, "bad.db", path));
	assert_int_equal(sipdialer_start(h.d), SIPDIALER_EFORMAT);
	host_set(&h, "store.path", "");
	host_set(&h, "sip.local_address", "192.0.2.77");
	assert_int_equal(sipdialer_start(h.d), SIPDIALER_EIO);
	host_set(&h, "sip.local_address", "");
	host_set(&h, "sip.password_file", "/nonexistent");
	assert_int_equal(sipdialer_start(h.d), SIPDIALER_EIO);
	host_set(&h, "sip.password_file", "");
	host_set(&h, "sip.register", "yes");
	assert_int_equal(sipdialer_start(h.d), SIPDIALER_EINVAL);
	host_set(&h, "sip.register", "no");

	fds = host_fds();
	assert_int_equal(fds, before);
	host_start(&h);
	host_stop(&h);
	host_close(&h);
}


static void test_ids_rise_over_restarts(void **state)
{
	uint64_t first, second, stale;
	struct host h;
	(void)state;

	host_open(&h, quick_net, NULL);
	host_start(&h);
	assert_ok(sipdialer_call(h.d, "4930101", NULL, &first));
	(void)host_ended(&h, first, SIPDIALER_DISPOSITION_BUSY);
	host_stop(&h);
	host_start(&h);
	assert_ok(sipdialer_call(h.d, "4930101", NULL, &second));
	assert_true(second > first);
	(void)host_ended(&h, second, SIPDIALER_DISPOSITION_BUSY);

	stale = first;
	assert_int_equal(sipdialer_call_hangup(h.d, stale), SIPDIALER_ENOENT);
	assert_int_equal(sipdialer_call_dtmf(h.d, stale, "1"),
			 SIPDIALER_ENOENT);
	assert_int_equal(sipdialer_call_play(h.d, stale, "x.wav", 1),
			 SIPDIALER_ENOENT);
	assert_int_equal(sipdialer_call_record(h.d, stale, "x.wav", 0),
			 SIPDIALER_ENOENT);
	assert_int_equal(sipdialer_call_hangup(h.d, 0), SIPDIALER_ENOENT);
	host_stop(&h);
	host_close(&h);
}


static void test_verbs_before_start_are_refused(void **state)
{
	struct sipdialer *d;
	uint64_t id;
	char buf[64];
	(void)state;

	assert_ok(sipdialer_create(&d));
	assert_int_equal(sipdialer_call(d, "123", NULL, &id),
			 SIPDIALER_ESTATE);
	assert_int_equal(sipdialer_call_hangup(d, 1), SIPDIALER_ESTATE);
	assert_int_equal(sipdialer_call_play(d, 1, "a", 1), SIPDIALER_ESTATE);
	assert_int_equal(sipdialer_call_dtmf(d, 1, "1"), SIPDIALER_ESTATE);
	assert_int_equal(sipdialer_call_record(d, 1, "a", 0),
			 SIPDIALER_ESTATE);
	assert_int_equal(sipdialer_campaign_create(d, "a", NULL, &id),
			 SIPDIALER_ESTATE);
	assert_int_equal(sipdialer_contact_import(d, 1, "a", NULL, &id),
			 SIPDIALER_ESTATE);
	assert_int_equal(sipdialer_contact_add(d, 1, "+4930123400", NULL, NULL,
					       &id),
			 SIPDIALER_ESTATE);
	assert_int_equal(sipdialer_campaign_start(d, 1, &id),
			 SIPDIALER_ESTATE);
	assert_int_equal(sipdialer_campaign_list(d, &id), SIPDIALER_ESTATE);
	assert_int_equal(sipdialer_dnc_add(d, "+4930123400", NULL, &id),
			 SIPDIALER_ESTATE);
	assert_int_equal(sipdialer_store_backup(d, "x", &id),
			 SIPDIALER_ESTATE);
	assert_int_equal(sipdialer_stats(d, buf, sizeof(buf)),
			 SIPDIALER_ESTATE);
	assert_null(sipdialer_next_event(d, 0));
	sipdialer_destroy(d);
}


static void test_null_arguments_are_refused(void **state)
{
	struct sipdialer *d;
	uint64_t id;
	(void)state;

	assert_ok(sipdialer_create(&d));
	assert_int_equal(sipdialer_set(NULL, "a", "b"), SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_set(d, NULL, "b"), SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_get(d, "sip.server", NULL, 1),
			 SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_load(d, NULL), SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_start(NULL), SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_stop(NULL), SIPDIALER_EINVAL);
	assert_null(sipdialer_next_event(NULL, 0));
	assert_int_equal(sipdialer_fd(NULL), SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_wakeup(NULL, NULL, NULL), SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_on(NULL, 1, NULL, NULL), SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_dispatch(NULL, 0), SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_event_json(NULL, NULL, 0),
			 SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_call(NULL, "1", NULL, &id),
			 SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_call(d, NULL, NULL, &id), SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_call(d, "1", NULL, NULL), SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_call_hangup(NULL, 1), SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_call_dtmf(d, 1, NULL), SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_call_play(NULL, 1, "a", 1),
			 SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_call_record(NULL, 1, "a", 1),
			 SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_campaign_create(NULL, "a", NULL, &id),
			 SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_campaign_create(d, NULL, NULL, &id),
			 SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_campaign_start(NULL, 1, &id),
			 SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_contact_import(d, 1, NULL, NULL, &id),
			 SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_contact_add(d, 1, NULL, NULL, NULL, &id),
			 SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_campaign_results(d, 1, NULL, &id),
			 SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_dnc_add(NULL, "1", NULL, &id),
			 SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_store_backup(d, NULL, &id),
			 SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_store_check(NULL, 0, NULL, 0),
			 SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_stats(NULL, NULL, 0), SIPDIALER_EINVAL);
	sipdialer_destroy(d);
}


static void refused(struct sipdialer *d, const char *option, const char *part)
{
	const char *const options[] = {option, NULL};
	uint64_t call;

	assert_int_not_equal(sipdialer_call(d, "4930100", options, &call), 0);
	if (!strstr(sipdialer_last_error(), part))
		fail_msg("\"%s\": \"%s\" does not say %s", option,
			 sipdialer_last_error(), part);
}


static void test_garbage_options_name_value_and_limit(void **state)
{
	struct host h;
	uint64_t call;
	char to[300];
	(void)state;

	host_open(&h, quick_net, NULL);
	host_start(&h);
	refused(h.d, "dial.ring_timeout=4", "4");
	refused(h.d, "dial.ring_timeout=4", "5");
	refused(h.d, "dial.ring_timeout=301", "300");
	refused(h.d, "dial.ring_timeout=abc", "abc");
	refused(h.d, "dial.ringtimeout=10", "dial.ring_timeout");
	refused(h.d, "sip.server=x", "sip.server");
	refused(h.d, "call.dtmf=1x", "x");
	refused(h.d, "garbage", "garbage");
	refused(h.d, "sip.header=Via: x", "Via");
	refused(h.d, "media.codecs=g729", "g729");

	assert_int_equal(sipdialer_call(h.d, "", NULL, &call),
			 SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_call(h.d, "sip:a\r\nb@c", NULL, &call),
			 SIPDIALER_EINVAL);
	memset(to, '1', 299);
	to[299] = '\0';
	assert_int_equal(sipdialer_call(h.d, to, NULL, &call),
			 SIPDIALER_EINVAL);
	assert_non_null(strstr(sipdialer_last_error(), "255"));
	assert_int_equal(sipdialer_call_dtmf(h.d, 1, "12x"), SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_call_play(h.d, 1, "x", 0),
			 SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_set(h.d, "store.path", "x"),
			 SIPDIALER_ESTATE);
	host_stop(&h); /* no event came of all that */
	assert_int_equal(h.ended, 0);
	host_close(&h);
}


static void test_stats_are_json(void **state)
{
	const char *answered, *by;
	char buf[8192];
	struct host h;
	int len;
	(void)state;

	host_open(&h, quick_net, NULL);
	host_start(&h);
	len = sipdialer_stats(h.d, buf, sizeof(buf));
	/* all that were answered, and those with that disposition */
	answered = strstr(buf, "\"answered\":");
	by = strstr(buf, "\"by_disposition\":{");
	assert_true(answered && by && answered < by);
	assert_true(strstr(answered + 1, "\"answered\":") > by);
	assert_in_range(len, 10, sizeof(buf) - 1);
	assert_true(json_valid(buf));
	assert_int_equal(sipdialer_stats(h.d, NULL, 0), len);
	host_stop(&h);
	host_close(&h);
}


static void test_two_engines_in_one_process(void **state)
{
	struct host a, b;
	uint64_t call_a, call_b;
	(void)state;

	host_open(&a, quick_net, NULL);
	host_open(&b, quick_net, NULL);
	host_start(&a);
	host_start(&b);
	assert_ok(sipdialer_call(a.d, "4930101", NULL, &call_a));
	assert_ok(sipdialer_call(b.d, "4930103", NULL, &call_b));
	(void)host_ended(&b, call_b, SIPDIALER_DISPOSITION_INVALID_NUMBER);
	(void)host_ended(&a, call_a, SIPDIALER_DISPOSITION_BUSY);
	host_stop(&a);
	assert_ok(sipdialer_call(b.d, "4930101", NULL, &call_b));
	(void)host_ended(&b, call_b, SIPDIALER_DISPOSITION_BUSY);
	host_close(&a);
	host_stop(&b);
	host_close(&b);
}


static void test_stop_while_registering_is_quick(void **state)
{
	struct host h;
	(void)state;

	/* discard: nobody answers there */
	host_open(&h, quick_net,
		  (const char *const[]){"sip.user=u", "sip.port=9", NULL});
	host_start(&h);
	host_stop(&h);
	host_close(&h);
}


static void test_silent_peer_does_not_hold_up_a_stop(void **state)
{
	struct host h;
	uint64_t call;
	(void)state;

	host_open(&h, quick_net, NULL);
	host_start(&h);
	for (int i = 0; i < 100; i++)
		assert_ok(sipdialer_call(h.d, "4930117", NULL, &call));
	assert_int_equal(sipdialer_call(h.d, "4930117", NULL, &call),
			 SIPDIALER_EFULL);
	host_stop(&h);
	host_close(&h);
}


static void test_second_stop_waits_for_nobody(void **state)
{
	struct host h;
	uint64_t call, begin;
	(void)state;

	host_open(&h, quick_net, NULL);
	host_start(&h);
	assert_ok(sipdialer_call(h.d, "4930117", NULL, &call));
	(void)host_wait(&h, SIPDIALER_EVENT_CALL_DIALING, call);
	begin = host_now_ms();
	assert_ok(sipdialer_stop(h.d));
	assert_ok(sipdialer_stop(h.d));
	(void)host_ended(&h, call, SIPDIALER_DISPOSITION_CANCELLED);
	(void)host_wait(&h, SIPDIALER_EVENT_STOPPED, 0);
	assert_in_range(host_now_ms() - begin, 0, 1500);
	host_close(&h);
}


/* ---- host threads against start and stop --------------------------------- */

struct crowd {
	struct sipdialer *d;
	atomic_bool end;
};


static void *crowd_main(void *arg)
{
	struct crowd *c = arg;
	char buf[512];
	uint64_t call;

	while (!atomic_load(&c->end)) {
		if (!sipdialer_call(c->d, "4930100", NULL, &call))
			(void)sipdialer_call_hangup(c->d, call);
		(void)sipdialer_stats(c->d, buf, sizeof(buf));
		(void)sipdialer_set(c->d, "dial.max_calls", "40");
	}

	return NULL;
}


static void test_stop_gets_through_a_crowd(void **state)
{
	struct crowd c;
	pthread_t threads[4];
	struct host h;
	(void)state;

	host_open(&h, quick_net,
		  (const char *const[]){"dial.max_calls=40", "log.level=error",
					NULL});
	c.d = h.d;
	atomic_init(&c.end, false);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, crowd_main,
						&c),
				 0);
	for (int i = 0; i < 3; i++) {
		const uint64_t begin = host_now_ms();

		assert_ok(sipdialer_start(h.d));
		while (h.ended < 50 * (uint64_t)(i + 1))
			assert_non_null(host_pull(&h, HOST_WAIT_MS));
		assert_ok(sipdialer_stop(h.d));
		(void)host_wait(&h, SIPDIALER_EVENT_STOPPED, 0);
		assert_in_range(host_now_ms() - begin, 0, 15000);
	}
	atomic_store(&c.end, true);
	for (int i = 0; i < 4; i++)
		(void)pthread_join(threads[i], NULL);
	host_close(&h);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create_and_destroy_alone),
		cmocka_unit_test(test_start_stop_in_every_order),
		cmocka_unit_test(test_destroy_without_stop_ends_calls),
		cmocka_unit_test(test_destroy_after_stop_does_not_hurry),
		cmocka_unit_test(test_failed_starts_leave_nothing),
		cmocka_unit_test(test_ids_rise_over_restarts),
		cmocka_unit_test(test_verbs_before_start_are_refused),
		cmocka_unit_test(test_null_arguments_are_refused),
		cmocka_unit_test(test_garbage_options_name_value_and_limit),
		cmocka_unit_test(test_stats_are_json),
		cmocka_unit_test(test_two_engines_in_one_process),
		cmocka_unit_test(test_stop_while_registering_is_quick),
		cmocka_unit_test(test_silent_peer_does_not_hold_up_a_stop),
		cmocka_unit_test(test_second_stop_waits_for_nobody),
		cmocka_unit_test(test_stop_gets_through_a_crowd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
