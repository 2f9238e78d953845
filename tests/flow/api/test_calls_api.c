/**
 * @file test_calls_api.c  Calls of the host: options, verbs, events, limits
 */
#include "host.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})

static const char *const quick_net[] = {"--answer-delay", "50", NULL};


static uint64_t dial(struct host *h, const char *to,
		     const char *const *options)
{
	uint64_t call = 0;

	assert_ok(sipdialer_call(h->d, to, options, &call));
	assert_true(call != 0);

	return call;
}


static void test_events_of_a_call_in_order(void **state)
{
	static const int order[] = {
		SIPDIALER_EVENT_CALL_DIALING,  SIPDIALER_EVENT_CALL_RINGING,
		SIPDIALER_EVENT_CALL_ANSWERED, SIPDIALER_EVENT_CALL_PLAYED,
		SIPDIALER_EVENT_CALL_ENDED,
	};
	const struct sipdialer_event *ev;
	char option[160], path[128];
	struct host h;
	uint64_t call;
	size_t n = 0;
	(void)state;

	host_open(&h, quick_net, NULL);
	host_wav(&h, "a.wav", 200);
	host_start(&h);
	(void)snprintf(option, sizeof(option), "call.play=%s",
		       host_path(&h, "a.wav", path));
	call = dial(&h, "4930100",
		    OPTIONS(option, "call.hangup_after_play=yes"));
	while (n < 5) {
		ev = host_pull(&h, HOST_WAIT_MS);
		assert_non_null(ev);
		if (ev->call != call)
			continue;
		assert_int_equal(ev->type, order[n]);
		assert_string_equal(ev->to, "4930100");
		++n;
	}
	assert_int_equal(ev->disposition, SIPDIALER_DISPOSITION_ANSWERED);
	assert_int_equal(ev->sip_status, 200);
	assert_int_equal(ev->error, 0);
	assert_string_equal(ev->codec, "PCMU");
	assert_in_range(ev->talk_ms, 200, 5000);
	assert_true(ev->rtp_tx >= 8);
	assert_int_equal(ev->retry_ms, -1);
	host_stop(&h);
	assert_int_equal(h.ended, 1);
	host_close(&h);
}


static void test_options_reach_the_invite(void **state)
{
	char journal[128];
	struct host h;
	char *text;
	uint64_t call;
	(void)state;

	host_open(&h, NULL, NULL);
	phonenet_stop(&h.net, NULL, 0);
	host_path(&h, "journal", journal);
	assert_int_equal(phonenet_start(&h.net,
					OPTIONS("--journal", journal,
						"--answer-delay", "50")),
			 0);
	host_set(&h, "sip.port", h.net.port);
	host_start(&h);
	call = dial(&h, "4930114",
		    OPTIONS("sip.caller_id=+4930999",
			    "sip.header=X-Contact-Id: c42", "call.dtmf=12#",
			    "call.hangup_after_play=yes"));
	const struct sipdialer_event *ev =
		host_ended(&h, call, SIPDIALER_DISPOSITION_ANSWERED);
	assert_string_equal(ev->from, "+4930999");
	host_stop(&h);
	phonenet_stop(&h.net, NULL, 0);
	text = host_read(&h, "journal");
	assert_non_null(strstr(text, "+4930999"));
	assert_non_null(strstr(text, "\"c42\""));
	assert_non_null(strstr(text, "\"digits\":\"12#\""));
	free(text);
	host_close(&h);
}


static void test_default_caller_id_is_told(void **state)
{
	const struct sipdialer_event *ev;
	struct host h;
	(void)state;

	host_open(&h, quick_net, OPTIONS("sip.user=alice", "sip.register=no"));
	host_start(&h);
	ev = host_ended(&h, dial(&h, "4930101", NULL),
			SIPDIALER_DISPOSITION_BUSY);
	assert_string_equal(ev->from, "alice");
	host_stop(&h);
	host_close(&h);
}


static void test_ring_timeout_is_kept(void **state)
{
	const uint64_t begin = host_now_ms();
	const struct sipdialer_event *ev;
	struct host h;
	(void)state;

	host_open(&h, quick_net, NULL);
	host_start(&h);
	ev = host_ended(&h,
			dial(&h, "4930102", OPTIONS("dial.ring_timeout=5")),
			SIPDIALER_DISPOSITION_NO_ANSWER);
	assert_in_range(ev->ring_ms, 4900, 6000);
	assert_in_range(host_now_ms() - begin, 4900, 8000);
	host_stop(&h);
	host_close(&h);
}


static void test_longest_duration_is_kept(void **state)
{
	const struct sipdialer_event *ev;
	struct host h;
	(void)state;

	host_open(&h, quick_net, NULL);
	host_start(&h);
	ev = host_ended(&h,
			dial(&h, "4930100", OPTIONS("dial.max_duration=1")),
			SIPDIALER_DISPOSITION_ANSWERED);
	assert_in_range(ev->talk_ms, 900, 2000);
	host_stop(&h);
	host_close(&h);
}


static void test_record_and_dtmf_of_the_far_end(void **state)
{
	const struct sipdialer_event *ev;
	char option[160], path[128];
	struct stat st;
	struct host h;
	uint64_t call;
	(void)state;

	host_open(&h, quick_net, NULL);
	host_start(&h);
	(void)snprintf(option, sizeof(option), "call.record=%s",
		       host_path(&h, "r.wav", path));
	call = dial(&h, "4930115", OPTIONS(option));
	for (const char *key = "1234#"; *key; key++) {
		ev = host_wait(&h, SIPDIALER_EVENT_CALL_DTMF, call);
		assert_int_equal(ev->text[0], *key);
	}
	assert_ok(sipdialer_call_hangup(h.d, call));
	ev = host_ended(&h, call, SIPDIALER_DISPOSITION_ANSWERED);
	assert_string_equal(ev->dtmf, "1234#");
	assert_string_equal(ev->recording, path);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size > 44 + 16000 / 2);
	host_stop(&h);
	host_close(&h);
}


/* The far end never hears of a call whose prompt cannot be had. */
static void test_bad_prompt_fails_before_the_invite(void **state)
{
	const struct sipdialer_event *ev;
	char option[160], path[128], stats[8192];
	struct host h;
	(void)state;

	host_open(&h, quick_net, NULL);
	host_start(&h);
	ev = host_ended(&h,
			dial(&h, "4930100",
			     OPTIONS("call.play=/nonexistent/p.wav")),
			SIPDIALER_DISPOSITION_FAILED);
	assert_int_equal(ev->sip_status, 0);
	assert_int_equal(ev->error, SIPDIALER_ENOENT);
	assert_non_null(strstr(ev->reason, "p.wav"));

	host_write(&h, "bad.wav", "RIFFxxxxWAVE no chunk that makes sense");
	(void)snprintf(option, sizeof(option), "call.play=%s",
		       host_path(&h, "bad.wav", path));
	ev = host_ended(&h, dial(&h, "4930100", OPTIONS(option)),
			SIPDIALER_DISPOSITION_FAILED);
	assert_int_equal(ev->error, SIPDIALER_EFORMAT);
	host_stop(&h);
	phonenet_stop(&h.net, stats, sizeof(stats));
	assert_int_equal(phonenet_count(stats, "invites"), 0);
	host_close(&h);
}


static void test_failures_before_the_invite_are_failed(void **state)
{
	const struct sipdialer_event *ev;
	struct host h;
	(void)state;

	/* one pair of ports: the second call gets none */
	host_open(&h, quick_net,
		  OPTIONS("media.rtp_port_min=35000",
			  "media.rtp_port_max=35001"));
	host_start(&h);
	const uint64_t first = dial(&h, "4930100", NULL);
	(void)host_wait(&h, SIPDIALER_EVENT_CALL_ANSWERED, first);
	ev = host_ended(&h, dial(&h, "4930100", NULL),
			SIPDIALER_DISPOSITION_FAILED);
	assert_int_equal(ev->sip_status, 0);
	assert_int_not_equal(ev->error, 0);
	assert_true(ev->reason && *ev->reason);
	assert_ok(sipdialer_call_hangup(h.d, first));
	(void)host_ended(&h, first, SIPDIALER_DISPOSITION_ANSWERED);

	ev = host_ended(&h,
			dial(&h, "sip:1@nowhere.invalid",
			     OPTIONS("dial.ring_timeout=5")),
			SIPDIALER_DISPOSITION_FAILED);
	assert_int_equal(ev->error, SIPDIALER_ENET);
	host_stop(&h);
	host_close(&h);
}


static void test_number_without_a_server_is_refused(void **state)
{
	struct host h;
	uint64_t call = 0;
	(void)state;

	host_open(&h, quick_net,
		  OPTIONS("sip.server=", "sip.local_address=127.0.0.1"));
	host_start(&h);
	assert_int_equal(sipdialer_call(h.d, "4930100", NULL, &call),
			 SIPDIALER_ESTATE);
	assert_non_null(strstr(sipdialer_last_error(), "sip.server"));
	assert_int_equal(call, 0);
	host_stop(&h);
	host_close(&h);
}


/* ---- verbs at awkward moments --------------------------------------------- */

static void test_verbs_right_after_the_call(void **state)
{
	char option[160], a[128], b[128];
	const struct sipdialer_event *ev;
	struct host h;
	uint64_t call;
	(void)state;

	host_open(&h, quick_net, NULL);
	host_wav(&h, "a.wav", 200);
	host_wav(&h, "b.wav", 300);
	host_start(&h);
	(void)snprintf(option, sizeof(option), "call.play=%s",
		       host_path(&h, "a.wav", a));
	host_path(&h, "b.wav", b);
	for (int i = 0; i < 20; i++) {
		call = dial(&h, "4930100",
			    OPTIONS(option, "call.hangup_after_play=yes"));
		assert_ok(sipdialer_call_play(h.d, call, b, 1));
		assert_ok(sipdialer_call_dtmf(h.d, call, "1"));
		if (i % 2) {
			assert_ok(sipdialer_call_hangup(h.d, call));
			(void)host_ended(&h, call,
					 SIPDIALER_DISPOSITION_CANCELLED);
			continue;
		}
		/* the newest plays */
		do {
			ev = host_wait(&h, SIPDIALER_EVENT_CALL_PLAYED, call);
		} while (ev->error);
		assert_string_equal(ev->text, b);
		(void)host_ended(&h, call, SIPDIALER_DISPOSITION_ANSWERED);
	}
	host_stop(&h);
	host_close(&h);
}


static void test_many_plays_end_each_by_one_event(void **state)
{
	const struct sipdialer_event *ev;
	char path[128];
	int played = 0;
	struct host h;
	uint64_t call;
	(void)state;

	host_open(&h, quick_net, NULL);
	host_wav(&h, "a.wav", 100);
	host_path(&h, "a.wav", path);
	host_start(&h);
	call = dial(&h, "4930100", NULL);
	(void)host_wait(&h, SIPDIALER_EVENT_CALL_ANSWERED, call);
	for (int i = 0; i < 100; i++)
		assert_ok(sipdialer_call_play(h.d, call, path, 1));
	while (played < 100) {
		ev = host_wait(&h, SIPDIALER_EVENT_CALL_PLAYED, call);
		++played;
	}
	assert_int_equal(ev->error, 0); /* the last one was heard */
	assert_ok(sipdialer_call_play(h.d, call, "none", 1));
	assert_ok(sipdialer_call_hangup(h.d, call));
	(void)host_ended(&h, call, SIPDIALER_DISPOSITION_ANSWERED);
	host_stop(&h);
	host_close(&h);
}


static void test_next_call_fits_when_the_end_is_told(void **state)
{
	struct host h;
	(void)state;

	host_open(&h, quick_net, OPTIONS("dial.max_calls=1"));
	host_start(&h);
	for (int i = 0; i < 200; i++)
		(void)host_ended(&h, dial(&h, "4930101", NULL),
				 SIPDIALER_DISPOSITION_BUSY);
	host_stop(&h);
	host_close(&h);
}


/* ---- eight threads against dial.max_calls --------------------------------- */

enum { THREADS = 8, EACH = 50, AT_ONCE = 16 };

struct caller {
	struct sipdialer *d;
	atomic_int full;
	atomic_int placed;
};


static void *caller_main(void *arg)
{
	struct caller *c = arg;

	for (int i = 0; i < EACH;) {
		uint64_t call;
		const int err = sipdialer_call(c->d,
					       i % 3 ? "4930128" : "4930100",
					       NULL, &call);

		if (err == SIPDIALER_EFULL) {
			atomic_fetch_add(&c->full, 1);
			(void)sched_yield();
			continue;
		}
		if (err)
			break;
		atomic_fetch_add(&c->placed, 1);
		(void)sipdialer_call_dtmf(c->d, call, "1");
		if (i % 5 == 0)
			(void)sipdialer_call_hangup(c->d, call);
		++i;
	}

	return NULL;
}


static void test_threads_never_pass_the_limit(void **state)
{
	struct caller c;
	pthread_t threads[THREADS];
	char stats[16384];
	struct host h;
	(void)state;

	host_open(&h, OPTIONS("--answer-delay", "20", "--talk-time", "50"),
		  OPTIONS("dial.max_calls=16", "log.level=error",
			  "dial.max_duration=1"));
	host_start(&h);
	c.d = h.d;
	atomic_init(&c.full, 0);
	atomic_init(&c.placed, 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, caller_main,
						&c),
				 0);
	while (h.ended < THREADS * EACH)
		(void)host_wait(&h, SIPDIALER_EVENT_CALL_ENDED, 0);
	for (int i = 0; i < THREADS; i++)
		(void)pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&c.placed), THREADS * EACH);
	assert_true(atomic_load(&c.full) > 0);
	host_stop(&h);
	assert_int_equal(h.ended, THREADS * EACH);
	phonenet_stop(&h.net, stats, sizeof(stats));
	assert_in_range(phonenet_count(stats, "max_active"), 2, AT_ONCE);
	host_close(&h);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events_of_a_call_in_order),
		cmocka_unit_test(test_options_reach_the_invite),
		cmocka_unit_test(test_default_caller_id_is_told),
		cmocka_unit_test(test_ring_timeout_is_kept),
		cmocka_unit_test(test_longest_duration_is_kept),
		cmocka_unit_test(test_record_and_dtmf_of_the_far_end),
		cmocka_unit_test(test_bad_prompt_fails_before_the_invite),
		cmocka_unit_test(test_failures_before_the_invite_are_failed),
		cmocka_unit_test(test_number_without_a_server_is_refused),
		cmocka_unit_test(test_verbs_right_after_the_call),
		cmocka_unit_test(test_many_plays_end_each_by_one_event),
		cmocka_unit_test(test_next_call_fits_when_the_end_is_told),
		cmocka_unit_test(test_threads_never_pass_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
