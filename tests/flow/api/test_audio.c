/**
 * @file test_audio.c  Audio of calls, exchanged with the host
 */
#include "host.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})

enum {
	TONE_MS = 400,
	ECHO_MS = 1000, /* of audio; what comes later is tried again */
	TRIES = 15,
	SECONDS_MAX = 40 /* that a talk may last */
};

static const double pi = 3.14159265358979323846;
static const char *const quick_net[] = {"--answer-delay", "50", NULL};

/* A call, and what was heard of it. */
struct talk {
	struct host *h;
	uint64_t call;
	unsigned rate;
	int16_t *heard;
	size_t n, max;
	uint64_t lost, pending, events;
};


static uint64_t dial(struct host *h, const char *to,
		     const char *const *options)
{
	uint64_t call = 0;

	assert_ok(sipdialer_call(h->d, to, options, &call));

	return call;
}


static void talk_begin(struct talk *t, struct host *h, const char *to,
		       unsigned rate, const char *option)
{
	char audio[32];

	memset(t, 0, sizeof(*t));
	t->h = h;
	t->rate = rate;
	t->max = (size_t)rate * SECONDS_MAX;
	t->heard = calloc(t->max, sizeof(*t->heard));
	assert_non_null(t->heard);
	(void)snprintf(audio, sizeof(audio), "call.audio=%u", rate);
	t->call = dial(h, to, OPTIONS(audio, option));
}


static void take(struct talk *t)
{
	const int n = sipdialer_audio_read(t->h->d, t->call, t->heard + t->n,
					   t->max - t->n);

	if (n < 0)
		fail_msg("read: %s", sipdialer_last_error());
	t->n += (size_t)n;
}


/* Pull one event; read when it is of audio. */
static const struct sipdialer_event *step(struct talk *t)
{
	const struct sipdialer_event *ev = host_pull(t->h, HOST_WAIT_MS);

	assert_non_null(ev);
	if (ev->type != SIPDIALER_EVENT_CALL_AUDIO || ev->call != t->call)
		return ev;

	++t->events;
	t->pending = ev->pending;
	assert_true(ev->failed >= t->lost);
	t->lost = ev->failed;
	assert_true(ev->count >= t->rate / 50);
	take(t);

	return ev;
}


static void listen(struct talk *t, unsigned ms)
{
	const size_t until = t->n + (size_t)t->rate * ms / 1000;

	assert_true(until <= t->max);
	while (t->n < until)
		(void)step(t);
}


static const struct sipdialer_event *until(struct talk *t, int type)
{
	const struct sipdialer_event *ev;

	do {
		ev = step(t);
	} while (ev->type != type || ev->call != t->call);

	return ev;
}


static void talk_end(struct talk *t)
{
	(void)sipdialer_call_hangup(t->h->d, t->call);
	(void)until(t, SIPDIALER_EVENT_CALL_ENDED);
	take(t);
	free(t->heard);
}


static void write_tone(struct talk *t, double hz, unsigned ms)
{
	const size_t n = (size_t)t->rate * ms / 1000;
	int16_t *pcm = calloc(n, sizeof(*pcm));

	assert_non_null(pcm);
	for (size_t i = 0; i < n; i++)
		pcm[i] = (int16_t)lrint(
			8000 * sin(2 * pi * hz * (double)i / t->rate));
	assert_int_equal(sipdialer_audio_write(t->h->d, t->call, pcm, n), n);
	free(pcm);
}


/* Strongest level of a tone within any 100 ms from sample `from` on. */
static double level(const struct talk *t, size_t from, double hz)
{
	const size_t window = t->rate / 10;
	double best = 0;

	for (; from + window <= t->n; from += window / 2) {
		double s = 0, c = 0, a;

		for (size_t i = 0; i < window; i++) {
			const double w = 2 * pi * hz * (double)i / t->rate;

			s += t->heard[from + i] * sin(w);
			c += t->heard[from + i] * cos(w);
		}
		a = sqrt(s * s + c * c) * 2 / (double)window;
		if (a > best)
			best = a;
	}

	return best;
}


/* Write it, again and again, until the far end has sent it back. */
static size_t heard_back(struct talk *t, double hz)
{
	const size_t from = t->n;

	for (int i = 0; i < TRIES; i++) {
		write_tone(t, hz, TONE_MS);
		listen(t, ECHO_MS);
		if (level(t, from, hz) > 5000)
			return from;
	}
	fail_msg("%.0f Hz never came back: %.0f", hz, level(t, from, hz));

	return from;
}


static void open_started(struct host *h, const char *const *options)
{
	host_open(h, quick_net, options);
	host_start(h);
}


/* ---- both ways -------------------------------------------------------------- */

static void echo_at(struct host *h, unsigned rate)
{
	struct talk t;
	size_t from;

	talk_begin(&t, h, "4930100", rate, NULL);
	(void)until(&t, SIPDIALER_EVENT_CALL_ANSWERED);
	(void)heard_back(&t, 1000); /* past the "hello" */
	from = heard_back(&t, 440);
	if (level(&t, from, 440) > 11000 || level(&t, from, 880) > 500 ||
	    level(&t, from, 220) > 500)
		fail_msg("%u: heard %.0f of 440 Hz, %.0f of 880, %.0f of 220",
			 rate, level(&t, from, 440), level(&t, from, 880),
			 level(&t, from, 220));
	assert_true(t.events > 10);
	talk_end(&t);
}


static void test_a_tone_comes_back_at_every_rate(void **state)
{
	static const unsigned rates[] = {8000, 16000, 24000, 48000};
	struct host h;
	(void)state;

	open_started(&h, NULL);
	for (size_t i = 0; i < 4; i++)
		echo_at(&h, rates[i]);
	host_stop(&h);
	host_close(&h);
}


static void test_early_media_is_heard(void **state)
{
	struct host h;
	struct talk t;
	(void)state;

	open_started(&h, NULL);
	talk_begin(&t, &h, "4930107", 8000, NULL);
	(void)until(&t, SIPDIALER_EVENT_CALL_EARLY_MEDIA);
	listen(&t, 300);
	assert_true(level(&t, 0, 440) > 500 || level(&t, 0, 425) > 500);
	(void)until(&t, SIPDIALER_EVENT_CALL_ANSWERED);
	talk_end(&t);
	host_stop(&h);
	host_close(&h);
}


static void test_all_can_be_read_after_the_end(void **state)
{
	const struct sipdialer_event *ev;
	int16_t pcm[48000];
	uint64_t call, waiting = 0;
	struct host h;
	int n;
	(void)state;

	open_started(&h, OPTIONS("audio.read_buffer=10000"));
	call = dial(&h, "4930113", OPTIONS("call.audio=16000"));
	ev = host_ended(&h, call, SIPDIALER_DISPOSITION_ANSWERED);
	waiting = (uint64_t)ev->talk_ms * 16;

	/* in two pieces, and then there is nothing */
	n = sipdialer_audio_read(h.d, call, pcm, 16000);
	assert_int_equal(n, 16000);
	assert_int_equal(sipdialer_audio_write(h.d, call, pcm, 100),
			 SIPDIALER_ENOENT);
	assert_int_equal(sipdialer_audio_clear(h.d, call), SIPDIALER_ENOENT);
	n += sipdialer_audio_read(h.d, call, pcm, 48000);
	assert_in_range(n, waiting / 2, waiting + 16 * 1000);
	assert_int_equal(sipdialer_audio_read(h.d, call, pcm, 48000), 0);

	/* let go of */
	(void)host_pull(&h, 0);
	assert_int_equal(sipdialer_audio_read(h.d, call, pcm, 48000),
			 SIPDIALER_ENOENT);
	host_stop(&h);
	host_close(&h);
}


static void test_nobody_reads_and_all_is_counted(void **state)
{
	const struct sipdialer_event *ev;
	char stats[4096];
	uint64_t seen = 0;
	struct host h;
	(void)state;

	open_started(&h, OPTIONS("audio.read_buffer=100"));
	(void)dial(&h, "4930113", OPTIONS("call.audio=8000"));
	do {
		ev = host_pull(&h, HOST_WAIT_MS);
		assert_non_null(ev);
		seen += ev->type == SIPDIALER_EVENT_CALL_AUDIO;
	} while (ev->type != SIPDIALER_EVENT_CALL_ENDED);
	assert_int_equal(seen, 1); /* no read, no second one */
	assert_true(sipdialer_stats(h.d, stats, sizeof(stats)) > 0);
	assert_null(strstr(stats, "\"audio\":{\"lost_ms\":0"));
	assert_non_null(strstr(stats, "\"audio\":{\"lost_ms\":"));
	host_stop(&h);
	host_close(&h);
}


static void test_late_host_is_told_what_it_lost(void **state)
{
	const struct sipdialer_event *ev;
	struct host h;
	struct talk t;
	(void)state;

	open_started(&h, OPTIONS("audio.read_buffer=100"));
	talk_begin(&t, &h, "4930100", 8000, NULL);
	(void)until(&t, SIPDIALER_EVENT_CALL_ANSWERED);
	(void)until(&t, SIPDIALER_EVENT_CALL_AUDIO);
	/* busy with another call meanwhile, of 3 s */
	(void)dial(&h, "4930113", OPTIONS("call.audio=off"));
	do {
		ev = host_pull(&h, HOST_WAIT_MS);
		assert_non_null(ev);
	} while (ev->type != SIPDIALER_EVENT_CALL_ENDED);
	take(&t);
	(void)until(&t, SIPDIALER_EVENT_CALL_AUDIO);
	assert_true(t.lost > 0);
	talk_end(&t);
	host_stop(&h);
	host_close(&h);
}


/* ---- with what else a call does ---------------------------------------------- */

/* What a recording of 8 kHz holds. */
static void load(struct talk *t, const char *path)
{
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	memset(t, 0, sizeof(*t));
	t->rate = 8000;
	t->max = 8000 * SECONDS_MAX;
	t->heard = calloc(t->max, sizeof(*t->heard));
	assert_non_null(t->heard);
	assert_int_equal(fseek(f, 44, SEEK_SET), 0);
	t->n = fread(t->heard, 2, t->max, f);
	(void)fclose(f);
}


static void test_prompt_first_then_the_host(void **state)
{
	char option[160], path[128], prompt[128];
	struct host h;
	struct talk t;
	size_t from;
	(void)state;

	open_started(&h, NULL);
	host_wav(&h, "p.wav", 500);
	(void)snprintf(option, sizeof(option), "call.record=%s",
		       host_path(&h, "r.wav", path));
	talk_begin(&t, &h, "4930100", 8000, option);
	(void)until(&t, SIPDIALER_EVENT_CALL_ANSWERED);
	(void)heard_back(&t, 1000);
	assert_ok(sipdialer_call_play(h.d, t.call,
				      host_path(&h, "p.wav", prompt),
				      1000000));
	from = t.n;
	while (level(&t, from, 500) < 1000)
		listen(&t, 100);

	write_tone(&t, 2000, TONE_MS);
	listen(&t, 500);
	assert_int_equal(t.pending, TONE_MS * 8);
	assert_ok(sipdialer_call_play(h.d, t.call, "none", 1));
	(void)until(&t, SIPDIALER_EVENT_CALL_PLAYED);
	while (t.pending || level(&t, from, 2000) < 5000)
		listen(&t, 100);
	talk_end(&t);

	/* all that was said is in the recording */
	load(&t, path);
	assert_true(level(&t, 0, 500) > 1000);
	assert_true(level(&t, 0, 1000) > 5000);
	assert_true(level(&t, 0, 2000) > 5000);
	free(t.heard);
	host_stop(&h);
	host_close(&h);
}


static void test_clear_cuts_off_what_is_said(void **state)
{
	struct host h;
	struct talk t;
	size_t from;
	(void)state;

	open_started(&h, NULL);
	talk_begin(&t, &h, "4930100", 16000, NULL);
	(void)until(&t, SIPDIALER_EVENT_CALL_ANSWERED);
	(void)heard_back(&t, 1000);
	write_tone(&t, 440, 5000);
	assert_in_range(sipdialer_audio_clear(h.d, t.call), 1, 16 * 5000);
	assert_int_equal(sipdialer_audio_clear(h.d, t.call), 0);
	(void)heard_back(&t, 2000);
	from = t.n;
	listen(&t, 1000);
	assert_true(level(&t, from, 440) < 500);
	talk_end(&t);
	host_stop(&h);
	host_close(&h);
}


/* Number 25 holds a second after its answer, for a second. */
static void test_hold_keeps_what_waits_and_the_clock(void **state)
{
	const struct sipdialer_event *ev;
	struct host h;
	struct talk t;
	uint64_t held;
	size_t from;
	(void)state;

	open_started(&h, NULL);
	talk_begin(&t, &h, "4930125", 8000, NULL);
	ev = until(&t, SIPDIALER_EVENT_CALL_HELD);
	assert_int_equal(ev->status, 1);
	(void)until(&t, SIPDIALER_EVENT_CALL_AUDIO);
	write_tone(&t, 440, TONE_MS);
	(void)until(&t, SIPDIALER_EVENT_CALL_AUDIO);
	(void)until(&t, SIPDIALER_EVENT_CALL_AUDIO);
	held = t.pending;
	from = t.n;
	ev = until(&t, SIPDIALER_EVENT_CALL_HELD);
	assert_int_equal(ev->status, 0);
	assert_int_equal(t.pending, held);
	assert_true(held > 0);
	assert_true(t.n - from > 8000 / 2); /* the clock went on */
	from = t.n;
	while (level(&t, from, 440) < 5000)
		listen(&t, 100);
	talk_end(&t);
	host_stop(&h);
	host_close(&h);
}


static void test_audio_of_campaign_calls(void **state)
{
	const struct sipdialer_event *ev;
	char path[128];
	uint64_t request, campaign, heard = 0;
	unsigned ended = 0;
	int16_t pcm[8000];
	struct host h;
	(void)state;

	host_open(&h, quick_net, NULL);
	host_set(&h, "store.path", host_path(&h, "store.db", path));
	host_start(&h);
	assert_ok(
		sipdialer_campaign_create(h.d, "audio",
					  OPTIONS("call.audio=8000",
						  "call.hangup_after_play=no",
						  "dial.max_duration=1"),
					  &request));
	campaign = host_done(&h, request, 0)->campaign;
	host_write(&h, "c.csv",
		   "number\n+493012300\n+493012301\n+493012400\n");
	assert_ok(sipdialer_contact_import(h.d, campaign,
					   host_path(&h, "c.csv", path), NULL,
					   &request));
	(void)host_done(&h, request, 0);
	assert_ok(sipdialer_campaign_start(h.d, campaign, &request));
	while (ended < 3) {
		int n;

		ev = host_pull(&h, HOST_WAIT_MS);
		assert_non_null(ev);
		if (ev->type != SIPDIALER_EVENT_CALL_AUDIO &&
		    ev->type != SIPDIALER_EVENT_CALL_ENDED)
			continue;
		n = sipdialer_audio_read(h.d, ev->call, pcm, 8000);
		assert_true(n >= 0);
		heard += (uint64_t)n;
		if (ev->type == SIPDIALER_EVENT_CALL_AUDIO)
			assert_int_equal(ev->campaign, campaign);
		ended += ev->type == SIPDIALER_EVENT_CALL_ENDED &&
			 ev->retry_ms < 0;
	}
	assert_true(heard >= 160);
	host_stop(&h);
	host_close(&h);
}


/* ---- awkward moments ---------------------------------------------------------- */

static void test_wrong_arguments_are_refused(void **state)
{
	int16_t pcm[160] = {0};
	struct host h;
	uint64_t off, on;
	(void)state;

	open_started(&h, NULL);
	off = dial(&h, "4930100", NULL);
	on = dial(&h, "4930100", OPTIONS("call.audio=8000"));

	assert_int_equal(sipdialer_audio_read(h.d, off, pcm, 160),
			 SIPDIALER_ESTATE);
	assert_non_null(strstr(sipdialer_last_error(), "call.audio"));
	assert_int_equal(sipdialer_audio_write(h.d, off, pcm, 160),
			 SIPDIALER_ESTATE);
	assert_int_equal(sipdialer_audio_clear(h.d, off), SIPDIALER_ESTATE);

	assert_int_equal(sipdialer_audio_read(NULL, on, pcm, 160),
			 SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_audio_write(h.d, on, NULL, 160),
			 SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_audio_read(h.d, on, pcm, 2880001),
			 SIPDIALER_EINVAL);
	assert_non_null(strstr(sipdialer_last_error(), "2880001"));
	assert_non_null(strstr(sipdialer_last_error(), "2880000"));
	assert_int_equal(sipdialer_audio_clear(NULL, on), SIPDIALER_EINVAL);

	assert_int_equal(sipdialer_audio_read(h.d, on + 1000, pcm, 160),
			 SIPDIALER_ENOENT);
	assert_int_equal(sipdialer_audio_read(h.d, 0, pcm, 160),
			 SIPDIALER_ENOENT);
	assert_int_equal(sipdialer_audio_read(h.d, on, pcm, 160), 0);
	assert_int_equal(sipdialer_audio_read(h.d, on, NULL, 0), 0);
	assert_int_equal(sipdialer_audio_write(h.d, on, NULL, 0), 0);
	assert_int_equal(sipdialer_audio_write(h.d, on, pcm, 160), 160);
	host_stop(&h);
	host_close(&h);
}


static void test_full_buffer_takes_no_more(void **state)
{
	static int16_t pcm[48000];
	struct host h;
	uint64_t call;
	(void)state;

	open_started(&h, OPTIONS("audio.write_buffer=100"));
	call = dial(&h, "4930102", OPTIONS("call.audio=48000"));
	assert_int_equal(sipdialer_audio_write(h.d, call, pcm, 48000), 4800);
	assert_int_equal(sipdialer_audio_write(h.d, call, pcm, 48000), 0);
	assert_int_equal(sipdialer_audio_clear(h.d, call), 4800);
	assert_int_equal(sipdialer_audio_write(h.d, call, pcm, 4800), 4800);
	host_stop(&h);
	host_close(&h);
}


/* Neither end nor rings are asked for any more: nothing leaks, nothing hangs
 * (the address sanitizer looks). */
static void test_destroyed_in_the_middle(void **state)
{
	struct host h;
	struct talk t;
	(void)state;

	for (int i = 0; i < 3; i++) {
		open_started(&h, NULL);
		talk_begin(&t, &h, "4930100", 24000, NULL);
		if (i)
			(void)until(&t, SIPDIALER_EVENT_CALL_ANSWERED);
		write_tone(&t, 440, 1000);
		if (i == 2)
			assert_ok(sipdialer_stop(h.d));
		free(t.heard);
		host_close(&h);
	}
}


static void test_rest_is_read_during_a_stop(void **state)
{
	struct host h;
	struct talk t;
	(void)state;

	open_started(&h, NULL);
	talk_begin(&t, &h, "4930100", 8000, NULL);
	(void)until(&t, SIPDIALER_EVENT_CALL_AUDIO);
	t.n = 0;
	(void)host_wait(&h, SIPDIALER_EVENT_CALL_AUDIO, t.call);
	assert_ok(sipdialer_stop(h.d));
	(void)host_ended(&h, t.call, -1);
	take(&t);
	assert_true(t.n >= 160);
	(void)host_wait(&h, SIPDIALER_EVENT_STOPPED, 0);
	free(t.heard);
	host_close(&h);
}


struct reader {
	struct sipdialer *d;
	_Atomic uint64_t call;
	atomic_bool over;
	atomic_uint_fast64_t samples;
};


/* A thread that knows no events, and is often late to learn of an end. */
static void *reader_main(void *arg)
{
	struct reader *r = arg;
	int16_t pcm[480] = {0};

	while (!atomic_load(&r->over)) {
		const uint64_t call = atomic_load(&r->call);
		const int n = sipdialer_audio_read(r->d, call, pcm, 480);

		if (n > 0)
			atomic_fetch_add(&r->samples, (uint64_t)n);
		(void)sipdialer_audio_write(r->d, call, pcm, 480);
		if (n == 0)
			(void)sched_yield();
	}

	return NULL;
}


static void test_threads_read_and_write_over_many_calls(void **state)
{
	pthread_t threads[2];
	struct reader r;
	struct host h;
	(void)state;

	open_started(&h, OPTIONS("call.audio=16000"));
	memset(&r, 0, sizeof(r));
	r.d = h.d;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, reader_main,
						&r),
				 0);
	for (int i = 0; i < 20; i++) {
		const uint64_t call = dial(&h, "4930100", NULL);

		atomic_store(&r.call, call);
		(void)host_wait(&h, SIPDIALER_EVENT_CALL_AUDIO, call);
		assert_ok(sipdialer_call_hangup(h.d, call));
		(void)host_ended(&h, call, SIPDIALER_DISPOSITION_ANSWERED);
	}
	atomic_store(&r.over, true);
	for (int i = 0; i < 2; i++)
		(void)pthread_join(threads[i], NULL);
	assert_true(atomic_load(&r.samples) > 0);
	host_stop(&h);
	host_close(&h);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_tone_comes_back_at_every_rate),
		cmocka_unit_test(test_early_media_is_heard),
		cmocka_unit_test(test_all_can_be_read_after_the_end),
		cmocka_unit_test(test_nobody_reads_and_all_is_counted),
		cmocka_unit_test(test_late_host_is_told_what_it_lost),
		cmocka_unit_test(test_prompt_first_then_the_host),
		cmocka_unit_test(test_clear_cuts_off_what_is_said),
		cmocka_unit_test(test_hold_keeps_what_waits_and_the_clock),
		cmocka_unit_test(test_audio_of_campaign_calls),
		cmocka_unit_test(test_wrong_arguments_are_refused),
		cmocka_unit_test(test_full_buffer_takes_no_more),
		cmocka_unit_test(test_destroyed_in_the_middle),
		cmocka_unit_test(test_rest_is_read_during_a_stop),
		cmocka_unit_test(test_threads_read_and_write_over_many_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
