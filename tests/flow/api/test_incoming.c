/**
 * @file test_incoming.c  Calls that come in, from numbers that call back
 */
#include "host.h"

#include <stdlib.h>
#include <string.h>

#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})

static const char *const account[] = {
	"sip.user=alice",
	"incoming.accept=server",
	NULL,
};


/* A host that is registered; the journal is written at the end. */
static void open_host(struct host *h, const char *const *more)
{
	char journal[128];

	host_open(h, NULL, account);
	phonenet_stop(&h->net, NULL, 0);
	host_path(h, "journal", journal);
	assert_int_equal(phonenet_start(&h->net,
					OPTIONS("--journal", journal,
						"--answer-delay", "50")),
			 0);
	host_set(h, "sip.server", h->net.host);
	host_set(h, "sip.port", h->net.port);
	while (more && *more) {
		char name[64];
		const char *eq = strchr(*more, '=');

		(void)snprintf(name, sizeof(name), "%.*s", (int)(eq - *more),
			       *more);
		host_set(h, name, eq + 1);
		++more;
	}
	assert_ok(sipdialer_start(h->d));
	for (int seen = 0; seen != 3;) { /* in either order */
		const struct sipdialer_event *ev = host_pull(h, HOST_WAIT_MS);

		assert_non_null(ev);
		if (ev->type == SIPDIALER_EVENT_STARTED)
			seen |= 1;
		if (ev->type == SIPDIALER_EVENT_REGISTRATION &&
		    ev->status == SIPDIALER_REGISTRATION_REGISTERED)
			seen |= 2;
	}
}


static void close_host(struct host *h, const char *const *words)
{
	char *text;

	host_stop(h);
	phonenet_stop(&h->net, NULL, 0);
	text = host_read(h, "journal");
	for (; *words; words++) {
		if (!strstr(text, *words))
			fail_msg("not in the journal: %s\n%s", *words, text);
	}
	free(text);
	host_close(h);
}


/* Ask a number to call us: the id of its call. */
static uint64_t called_back(struct host *h, const char *number)
{
	const struct sipdialer_event *ev;
	uint64_t call;

	assert_ok(sipdialer_call(h->d, number, NULL, &call));
	(void)host_ended(h, call, SIPDIALER_DISPOSITION_NO_ANSWER);
	ev = host_wait(h, SIPDIALER_EVENT_CALL_INCOMING, 0);
	assert_int_equal(ev->direction, 1);
	assert_string_equal(ev->from, number);
	assert_string_equal(ev->to, "alice");

	return ev->call;
}


static void test_answered_played_recorded(void **state)
{
	const struct sipdialer_event *ev;
	char play[160], record[160], path[128];
	struct host h;
	uint64_t call;
	(void)state;

	open_host(&h, NULL);
	host_wav(&h, "a.wav", 600);
	(void)snprintf(play, sizeof(play), "call.play=%s",
		       host_path(&h, "a.wav", path));
	(void)snprintf(record, sizeof(record), "call.record=%s",
		       host_path(&h, "r.wav", path));
	call = called_back(&h, "4930140");
	assert_ok(sipdialer_call_answer(h.d, call, OPTIONS(play, record)));
	ev = host_wait(&h, SIPDIALER_EVENT_CALL_ANSWERED, call);
	assert_string_equal(ev->codec, "PCMU");
	ev = host_wait(&h, SIPDIALER_EVENT_CALL_PLAYED, call);
	assert_int_equal(ev->error, 0);
	ev = host_ended(&h, call, SIPDIALER_DISPOSITION_ANSWERED);
	assert_int_equal(ev->direction, 1);
	assert_int_equal(ev->sip_status, 200);
	assert_string_equal(ev->from, "4930140");
	assert_string_equal(ev->to, "alice");
	assert_string_equal(ev->reason, "hung up by the peer");
	assert_in_range(ev->talk_ms, 1500, 6000);
	assert_true(ev->rtp_tx > 30 && ev->rtp_rx > 30);
	assert_string_equal(ev->recording, path);
	close_host(&h, OPTIONS("\"event\":\"ringing_rx\"",
			       "\"event\":\"answer_rx\""));
}


static void test_hangup_by_the_host(void **state)
{
	const struct sipdialer_event *ev;
	struct host h;
	uint64_t call;
	(void)state;

	open_host(&h, NULL);
	call = called_back(&h, "4930140");
	assert_ok(
		sipdialer_call_answer(h.d, call,
				      OPTIONS("call.hangup_after_play=yes")));
	ev = host_ended(&h, call, SIPDIALER_DISPOSITION_ANSWERED);
	assert_in_range(ev->talk_ms, 0, 1900);
	close_host(&h, OPTIONS("\"event\":\"bye\",\"call_id\":\"back-"));
}


/* A file that takes a while to be read. */
static const char *big_wav(const struct host *h, const char *name,
			   char path[128])
{
	host_wav(h, name, 200000);

	return host_path(h, name, path);
}


/* ---- what was asked for before the answer -------------------------------- */

/* Its end is the end of the call, not that nothing played at the answer. */
static void test_prompt_still_read_at_the_answer(void **state)
{
	const struct sipdialer_event *ev;
	char path[128];
	struct host h;
	uint64_t call;
	(void)state;

	open_host(&h, NULL);
	call = called_back(&h, "4930140");
	assert_ok(sipdialer_call_play(h.d, call, big_wav(&h, "big.wav", path),
				      1));
	assert_ok(
		sipdialer_call_answer(h.d, call,
				      OPTIONS("call.hangup_after_play=yes")));
	ev = host_ended(&h, call, SIPDIALER_DISPOSITION_ANSWERED);
	assert_string_equal(ev->reason, "hung up by the peer");
	close_host(&h, OPTIONS("\"event\":\"answer_rx\""));
}


static void test_prompt_replaced_while_read(void **state)
{
	const struct sipdialer_event *ev;
	char play[160], first[128], path[128];
	struct host h;
	uint64_t call;
	(void)state;

	open_host(&h, NULL);
	(void)big_wav(&h, "big.wav", path);
	(void)snprintf(play, sizeof(play), "call.play=%s",
		       big_wav(&h, "first.wav", first));
	call = called_back(&h, "4930140");
	assert_ok(sipdialer_call_answer(
		h.d, call, OPTIONS(play, "call.hangup_after_play=yes")));
	assert_ok(sipdialer_call_play(h.d, call, path, 1));
	ev = host_ended(&h, call, SIPDIALER_DISPOSITION_ANSWERED);
	assert_string_equal(ev->reason, "hung up by the peer");
	close_host(&h, OPTIONS("\"event\":\"answer_rx\""));
}


/* Nor does a file that nobody can read keep the call up. */
static void test_prompt_is_bad_after_the_answer(void **state)
{
	const struct sipdialer_event *ev;
	struct host h;
	uint64_t call;
	(void)state;

	open_host(&h, NULL);
	call = called_back(&h, "4930140");
	assert_ok(sipdialer_call_play(h.d, call, "/nowhere.wav", 1));
	assert_ok(
		sipdialer_call_answer(h.d, call,
				      OPTIONS("call.hangup_after_play=yes")));
	ev = host_wait(&h, SIPDIALER_EVENT_CALL_PLAYED, call);
	assert_int_equal(ev->error, SIPDIALER_ENOENT);
	ev = host_ended(&h, call, SIPDIALER_DISPOSITION_ANSWERED);
	assert_string_equal(ev->reason, "prompt played");
	close_host(&h, OPTIONS("\"event\":\"answer_rx\""));
}


static void test_settings_after_a_stopped_prompt(void **state)
{
	const struct sipdialer_event *ev;
	char play[160], path[128];
	struct host h;
	uint64_t call;
	(void)state;

	open_host(&h, NULL);
	host_wav(&h, "a.wav", 300);
	call = called_back(&h, "4930140");
	assert_ok(sipdialer_call_play(h.d, call, big_wav(&h, "big.wav", path),
				      1));
	assert_ok(sipdialer_call_play(h.d, call, "none", 1));
	(void)snprintf(play, sizeof(play), "call.play=%s",
		       host_path(&h, "a.wav", path));
	assert_ok(sipdialer_call_answer(
		h.d, call, OPTIONS(play, "call.hangup_after_play=yes")));
	(void)host_wait(&h, SIPDIALER_EVENT_CALL_ANSWERED, call);
	ev = host_wait(&h, SIPDIALER_EVENT_CALL_PLAYED, call);
	assert_string_equal(ev->text, path);
	assert_int_equal(ev->error, 0);
	(void)host_ended(&h, call, SIPDIALER_DISPOSITION_ANSWERED);
	close_host(&h, OPTIONS("\"event\":\"answer_rx\""));
}


static void test_repeats_keys_and_record_of_ringing(void **state)
{
	const struct sipdialer_event *ev;
	char path[128], record[128];
	struct host h;
	uint64_t call, out;
	(void)state;

	open_host(&h, NULL);
	host_wav(&h, "a.wav", 200);
	call = called_back(&h, "4930140");
	assert_ok(sipdialer_call_play(h.d, call, host_path(&h, "a.wav", path),
				      3));
	assert_ok(sipdialer_call_dtmf(h.d, call, "42"));
	assert_ok(sipdialer_call_record(h.d, call,
					host_path(&h, "r.wav", record), 0));
	/* files are read one by one: it is there when this one is not */
	assert_ok(sipdialer_call(h.d, "4930100",
				 OPTIONS("call.play=/nowhere.wav"), &out));
	(void)host_ended(&h, out, -1);

	assert_ok(
		sipdialer_call_answer(h.d, call,
				      OPTIONS("call.hangup_after_play=yes")));
	ev = host_ended(&h, call, SIPDIALER_DISPOSITION_ANSWERED);
	assert_string_equal(ev->reason, "prompt played");
	assert_string_equal(ev->recording, record);
	assert_in_range(ev->talk_ms, 600, 60000);
	close_host(&h, OPTIONS("\"digit\":\"4\"", "\"digit\":\"2\""));
}


/* ---- by handlers --------------------------------------------------------- */

struct hook {
	struct sipdialer *d;
	int answered, ended, rc, twice;
	uint64_t call;
	int32_t disposition;
};


static void hook_incoming(const struct sipdialer_event *ev, void *arg)
{
	struct hook *hook = arg;

	hook->call = ev->call;
	hook->rc =
		sipdialer_call_answer(hook->d, ev->call,
				      OPTIONS("call.hangup_after_play=yes"));
	hook->twice = sipdialer_call_answer(hook->d, ev->call, NULL);
}


static void hook_ended(const struct sipdialer_event *ev, void *arg)
{
	struct hook *hook = arg;

	if (ev->direction) {
		hook->disposition = ev->disposition;
		++hook->ended;
	}
}


static void test_answered_in_a_hook(void **state)
{
	const uint64_t until = host_now_ms() + HOST_WAIT_MS;
	struct hook hook = {0};
	struct host h;
	uint64_t call;
	(void)state;

	open_host(&h, NULL);
	hook.d = h.d;
	assert_ok(sipdialer_on(h.d, SIPDIALER_EVENT_CALL_INCOMING,
			       hook_incoming, &hook));
	assert_ok(sipdialer_on(h.d, SIPDIALER_EVENT_CALL_ENDED, hook_ended,
			       &hook));
	assert_ok(sipdialer_call(h.d, "4930140", NULL, &call));
	while (!hook.ended && host_now_ms() < until)
		assert_true(sipdialer_dispatch(h.d, 1000) >= 0);
	assert_int_equal(hook.ended, 1);
	assert_int_equal(hook.rc, 0);
	assert_int_equal(hook.twice, SIPDIALER_ESTATE);
	assert_int_equal(hook.disposition, SIPDIALER_DISPOSITION_ANSWERED);
	h.seq = 0; /* the hooks took some */
	close_host(&h, OPTIONS("\"event\":\"answer_rx\""));
}


static void test_caller_gives_up(void **state)
{
	const struct sipdialer_event *ev;
	struct host h;
	uint64_t call;
	(void)state;

	open_host(&h, NULL);
	call = called_back(&h, "4930141");
	ev = host_ended(&h, call, SIPDIALER_DISPOSITION_NO_ANSWER);
	assert_int_equal(ev->direction, 1);
	assert_int_equal(ev->sip_status, 487);
	assert_in_range(ev->ring_ms, 400, 5000);
	assert_int_equal(ev->talk_ms, 0);
	assert_int_equal(sipdialer_call_answer(h.d, call, NULL),
			 SIPDIALER_ENOENT);
	assert_int_equal(sipdialer_call_reject(h.d, call, 486),
			 SIPDIALER_ENOENT);
	close_host(&h, OPTIONS("\"event\":\"refused_rx\"", "\"status\":487"));
}


/* Both may win; the call ends once, and the verbs never crash. */
static void test_answer_races_cancel(void **state)
{
	struct host h;
	int i;
	(void)state;

	open_host(&h, NULL);
	for (i = 0; i < 6; i++) {
		const uint64_t call = called_back(&h, "4930141");
		const struct sipdialer_event *ev;
		const uint64_t until = host_now_ms() + 480 + 10 * (unsigned)i;
		uint64_t now;
		int rc;

		while ((now = host_now_ms()) < until &&
		       (ev = host_pull(&h, (int)(until - now))) &&
		       ev->type != SIPDIALER_EVENT_CALL_ENDED)
			;
		rc = sipdialer_call_answer(h.d, call, NULL);
		if (rc == SIPDIALER_ENOENT)
			continue; /* its end was told already */
		assert_int_equal(rc, 0);
		ev = host_ended(&h, call, -1);
		assert_true(ev->sip_status == 200 || ev->sip_status == 487);
	}
	close_host(&h, OPTIONS("\"event\":\"cancel\""));
}


static void test_nobody_decides(void **state)
{
	const struct sipdialer_event *ev;
	struct host h;
	uint64_t call;
	(void)state;

	open_host(&h, OPTIONS("incoming.timeout=1"));
	call = called_back(&h, "4930140");
	ev = host_ended(&h, call, SIPDIALER_DISPOSITION_NO_ANSWER);
	assert_int_equal(ev->sip_status, 480);
	assert_in_range(ev->ring_ms, 900, 3000);
	close_host(&h, OPTIONS("\"status\":480"));
}


static void test_rejected(void **state)
{
	const struct sipdialer_event *ev;
	struct host h;
	uint64_t call;
	(void)state;

	open_host(&h, NULL);
	call = called_back(&h, "4930140");
	assert_int_equal(sipdialer_call_reject(h.d, call, 399),
			 SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_call_reject(h.d, call, 700),
			 SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_call_reject(NULL, call, 486),
			 SIPDIALER_EINVAL);
	assert_ok(sipdialer_call_reject(h.d, call, 486));
	assert_true(sipdialer_call_reject(h.d, call, 486) < 0);
	ev = host_ended(&h, call, SIPDIALER_DISPOSITION_BUSY);
	assert_int_equal(ev->sip_status, 486);
	assert_string_equal(ev->reason, "refused by the host");

	call = called_back(&h, "4930240");
	assert_ok(sipdialer_call_hangup(h.d, call));
	ev = host_ended(&h, call, SIPDIALER_DISPOSITION_NO_ANSWER);
	assert_int_equal(ev->sip_status, 480);
	close_host(&h, OPTIONS("\"status\":486"));
}


static void test_wrong_answers(void **state)
{
	const struct sipdialer_event *ev;
	struct host h;
	uint64_t call, out;
	(void)state;

	open_host(&h, NULL);
	assert_int_equal(sipdialer_call_answer(h.d, 4711, NULL),
			 SIPDIALER_ENOENT);
	assert_int_equal(sipdialer_call_answer(NULL, 1, NULL),
			 SIPDIALER_EINVAL);
	assert_ok(sipdialer_call(h.d, "4930102", NULL, &out));
	assert_int_equal(sipdialer_call_answer(h.d, out, NULL),
			 SIPDIALER_ESTATE);
	assert_int_equal(sipdialer_call_reject(h.d, out, 486),
			 SIPDIALER_ESTATE);
	assert_ok(sipdialer_call_hangup(h.d, out));

	call = called_back(&h, "4930140");
	assert_int_equal(sipdialer_call_answer(h.d, call,
					       OPTIONS("call.dtmf=x")),
			 SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_call_answer(h.d, call,
					       OPTIONS("call.nothing=1")),
			 SIPDIALER_ENOENT);
	assert_int_equal(sipdialer_call_answer(h.d, call,
					       OPTIONS("sip.user=bob")),
			 SIPDIALER_EINVAL);
	/* none of these has decided anything */
	assert_ok(sipdialer_call_answer(h.d, call,
					OPTIONS("call.play=/nowhere.wav")));
	ev = host_ended(&h, call, -1);
	assert_int_equal(ev->sip_status, 500);
	assert_int_equal(ev->error, SIPDIALER_ENOENT);
	assert_non_null(strstr(ev->reason, "/nowhere.wav"));
	close_host(&h, OPTIONS("\"status\":500"));
}


static void test_name_is_decoded(void **state)
{
	const struct sipdialer_event *ev;
	struct host h;
	uint64_t call;
	(void)state;

	open_host(&h, NULL);
	assert_ok(sipdialer_call(h.d, "4930142", NULL, &call));
	ev = host_wait(&h, SIPDIALER_EVENT_CALL_INCOMING, 0);
	assert_string_equal(ev->text, "Anna \"B\" M\xc3\xbcller");
	assert_ok(sipdialer_call_reject(h.d, ev->call, 603));
	(void)host_ended(&h, ev->call, SIPDIALER_DISPOSITION_REJECTED);
	close_host(&h, OPTIONS("\"status\":603"));
}


/* It begins with the answer, whose options it is of. */
static void test_audio_of_the_host(void **state)
{
	const struct sipdialer_event *ev;
	int16_t samples[8000] = {0};
	struct host h;
	uint64_t call;
	int n, heard = 0;
	(void)state;

	open_host(&h, NULL);
	call = called_back(&h, "4930140");
	assert_int_equal(sipdialer_audio_read(h.d, call, samples, 160),
			 SIPDIALER_ESTATE);
	assert_non_null(strstr(sipdialer_last_error(), "not answered yet"));
	assert_ok(
		sipdialer_call_answer(h.d, call, OPTIONS("call.audio=8000")));
	assert_int_equal(sipdialer_audio_write(h.d, call, samples, 800), 800);
	while (heard < 4000) {
		ev = host_wait(&h, SIPDIALER_EVENT_CALL_AUDIO, call);
		n = sipdialer_audio_read(h.d, call, samples, 8000);
		assert_true(n >= 0);
		heard += n;
	}
	ev = host_ended(&h, call, SIPDIALER_DISPOSITION_ANSWERED);
	assert_int_equal(ev->direction, 1);
	assert_null(host_pull(&h, 0));
	assert_int_equal(sipdialer_audio_read(h.d, call, samples, 160),
			 SIPDIALER_ENOENT);
	close_host(&h, OPTIONS("\"event\":\"answer_rx\""));
}


/* The audio that was made for an answer that came too late goes, too. */
static void test_audio_of_a_refused_answer(void **state)
{
	struct host h;
	uint64_t call;
	(void)state;

	open_host(&h, NULL);
	call = called_back(&h, "4930140");
	assert_ok(sipdialer_call_reject(h.d, call, 486));
	assert_true(sipdialer_call_answer(h.d, call,
					  OPTIONS("call.audio=48000")) < 0);
	(void)host_ended(&h, call, SIPDIALER_DISPOSITION_BUSY);

	call = called_back(&h, "4930240");
	assert_ok(sipdialer_call_answer(h.d, call,
					OPTIONS("call.audio=48000",
						"call.play=/nowhere.wav")));
	(void)host_ended(&h, call, -1);
	close_host(&h, OPTIONS("\"status\":486", "\"status\":500"));
}


/* The slots are those of calls that we dial. */
static void test_full_is_486(void **state)
{
	char json[4096];
	struct host h;
	uint64_t human, call;
	(void)state;

	open_host(&h, OPTIONS("dial.max_calls=2"));
	assert_ok(sipdialer_call(h.d, "4930100", NULL, &human));
	(void)host_wait(&h, SIPDIALER_EVENT_CALL_ANSWERED, human);
	assert_ok(sipdialer_call(h.d, "4930140", NULL, &call));
	host_set(&h, "dial.max_calls", "1");
	(void)host_ended(&h, call, SIPDIALER_DISPOSITION_NO_ANSWER);
	/* until it has been refused */
	for (;;) {
		char *text = host_read(&h, "journal");
		const bool there = strstr(text, "refused_rx") != NULL;

		free(text);
		if (there)
			break;
		(void)host_pull(&h, 50);
	}
	assert_true(sipdialer_stats(h.d, json, sizeof(json)) > 0);
	assert_ok(sipdialer_call_hangup(h.d, human));
	(void)host_ended(&h, human, SIPDIALER_DISPOSITION_ANSWERED);
	close_host(&h, OPTIONS("\"event\":\"refused_rx\"", "\"status\":486"));
}


/* A call that cannot be told is refused, not lost. */
static void test_full_queue_is_503(void **state)
{
	const struct sipdialer_event *ev;
	struct host h;
	uint64_t call, n;
	int incoming = 0;
	(void)state;

	open_host(&h, OPTIONS("events.max=1024", "dial.max_calls=2000",
			      "log.level=error"));
	/* one node is that of STOPPED, the last of these the caller's */
	for (n = 0; n < 1022; n++)
		assert_ok(sipdialer_call(h.d, "4930101", NULL, &call));
	assert_ok(sipdialer_call(h.d, "4930140", NULL, &call));
	for (;;) {
		char *text = host_read(&h, "journal");
		const bool there = strstr(text, "refused_rx") != NULL;

		free(text);
		if (there)
			break;
	}
	while ((ev = host_pull(&h, 100)))
		incoming += ev->type == SIPDIALER_EVENT_CALL_INCOMING;
	assert_int_equal(incoming, 0);
	assert_int_equal(h.ended, 1023);
	close_host(&h, OPTIONS("\"status\":503"));
}


static void test_stop_refuses_what_rings(void **state)
{
	const struct sipdialer_event *ev;
	struct host h;
	uint64_t call;
	(void)state;

	open_host(&h, NULL);
	call = called_back(&h, "4930140");
	assert_ok(sipdialer_stop(h.d));
	ev = host_ended(&h, call, SIPDIALER_DISPOSITION_NO_ANSWER);
	assert_int_equal(ev->sip_status, 480);
	(void)host_wait(&h, SIPDIALER_EVENT_STOPPED, 0);
	assert_ok(sipdialer_start(h.d));
	(void)host_wait(&h, SIPDIALER_EVENT_STARTED, 0);
	close_host(&h, OPTIONS("\"status\":480"));
}


static void test_not_accepted_by_default(void **state)
{
	const struct sipdialer_event *ev;
	struct host h;
	uint64_t call;
	(void)state;

	open_host(&h, OPTIONS("incoming.accept=no"));
	assert_ok(sipdialer_call(h.d, "4930140", NULL, &call));
	for (;;) {
		char *text = host_read(&h, "journal");
		const bool there = strstr(text, "refused_rx") != NULL;

		free(text);
		if (there)
			break;
		ev = host_pull(&h, 50);
		assert_true(!ev || ev->type != SIPDIALER_EVENT_CALL_INCOMING);
	}
	close_host(&h, OPTIONS("\"event\":\"refused_rx\"", "\"status\":480"));
}


static void test_accept_needs_a_server(void **state)
{
	struct sipdialer *d;
	(void)state;

	assert_ok(sipdialer_create(&d));
	assert_ok(sipdialer_set(d, "incoming.accept", "server"));
	assert_int_equal(sipdialer_start(d), SIPDIALER_EINVAL);
	assert_non_null(strstr(sipdialer_last_error(), "sip.server"));
	sipdialer_destroy(d);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answered_played_recorded),
		cmocka_unit_test(test_hangup_by_the_host),
		cmocka_unit_test(test_prompt_still_read_at_the_answer),
		cmocka_unit_test(test_prompt_replaced_while_read),
		cmocka_unit_test(test_prompt_is_bad_after_the_answer),
		cmocka_unit_test(test_settings_after_a_stopped_prompt),
		cmocka_unit_test(test_repeats_keys_and_record_of_ringing),
		cmocka_unit_test(test_answered_in_a_hook),
		cmocka_unit_test(test_caller_gives_up),
		cmocka_unit_test(test_answer_races_cancel),
		cmocka_unit_test(test_nobody_decides),
		cmocka_unit_test(test_rejected),
		cmocka_unit_test(test_wrong_answers),
		cmocka_unit_test(test_name_is_decoded),
		cmocka_unit_test(test_audio_of_the_host),
		cmocka_unit_test(test_audio_of_a_refused_answer),
		cmocka_unit_test(test_full_is_486),
		cmocka_unit_test(test_full_queue_is_503),
		cmocka_unit_test(test_stop_refuses_what_rings),
		cmocka_unit_test(test_not_accepted_by_default),
		cmocka_unit_test(test_accept_needs_a_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
