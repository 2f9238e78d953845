/**
 * @file test_campaign_api.c  Campaigns, contacts, do-not-call and store
 */
#include "host.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})

static const char *const quick_net[] = {"--answer-delay", "20", "--talk-time",
					"100", NULL};


static void open_store(struct host *h, const char *const *net,
		       const char *const *options)
{
	char path[128];

	host_open(h, net ? net : quick_net, options);
	host_set(h, "store.path", host_path(h, "s.db", path));
	host_set(h, "dial.retries", "0");
	host_start(h);
}


static uint64_t campaign_new(struct host *h, const char *const *options)
{
	uint64_t request;

	assert_ok(sipdialer_campaign_create(h->d, "c", options, &request));

	return host_done(h, request, SIPDIALER_OK)->campaign;
}


static void add(struct host *h, uint64_t campaign, const char *number)
{
	uint64_t request;

	assert_ok(sipdialer_contact_add(h->d, campaign, number, "A", NULL,
					&request));
	assert_true(host_done(h, request, SIPDIALER_OK)->contact != 0);
}


/* n contacts "+49301" NNNNN digits */
static void add_many(struct host *h, uint64_t campaign, const char *prefix,
		     const char *digits, int n)
{
	uint64_t request = 0;
	char *text = malloc((size_t)n * 32 + 16), *at = text;

	if (!text) {
		fail_msg("no memory");
		return;
	}
	at += sprintf(at, "number\n");
	for (int i = 0; i < n; i++)
		at += sprintf(at, "%s%05d%s\n", prefix, i, digits);
	host_write(h, "many.csv", text);
	free(text);

	char path[128];

	assert_ok(sipdialer_contact_import(h->d, campaign,
					   host_path(h, "many.csv", path),
					   NULL, &request));
	assert_int_equal(host_done(h, request, SIPDIALER_OK)->count, n);
}


typedef int(verb)(struct sipdialer *, uint64_t, uint64_t *);

static void ask(struct host *h, verb *v, uint64_t campaign, int error)
{
	uint64_t request;

	assert_ok(v(h->d, campaign, &request));
	(void)host_done(h, request, error);
}


static const struct sipdialer_event *until(struct host *h, uint64_t campaign,
					   int status)
{
	const struct sipdialer_event *ev;

	do {
		ev = host_wait(h, SIPDIALER_EVENT_CAMPAIGN_STATUS, campaign);
	} while (ev->status != status);

	return ev;
}


static void check_store(const struct host *h)
{
	char path[128], buf[512];

	if (sipdialer_store_check(host_path(h, "s.db", path), 0, buf,
				  sizeof(buf)))
		fail_msg("%s", buf);
}


static void test_life_of_a_campaign(void **state)
{
	const struct sipdialer_event *ev;
	struct host h;
	uint64_t c;
	char *text, path[128];
	uint64_t request;
	(void)state;

	open_store(&h, NULL, NULL);
	c = campaign_new(&h, NULL);
	add(&h, c, "+4930123400");
	add(&h, c, "+4930123401");
	add(&h, c, "+4930123403");
	ask(&h, sipdialer_campaign_pause, c, SIPDIALER_ESTATE);
	ask(&h, sipdialer_campaign_start, c + 1, SIPDIALER_ENOENT);
	ask(&h, sipdialer_campaign_start, c, SIPDIALER_OK);
	ev = until(&h, c, SIPDIALER_CAMPAIGN_COMPLETED);
	assert_int_equal(ev->total, 3);
	assert_int_equal(ev->completed, 1);
	assert_int_equal(ev->failed, 2);
	assert_int_equal(ev->attempts, 3);
	assert_int_equal(ev->by_disposition[SIPDIALER_DISPOSITION_BUSY], 1);
	assert_int_equal(h.ended, 3);

	ask(&h, sipdialer_campaign_start, c, SIPDIALER_ESTATE);
	assert_ok(sipdialer_contact_add(h.d, c, "+4930123405", NULL, NULL,
					&request));
	(void)host_done(&h, request, SIPDIALER_ESTATE);
	assert_ok(sipdialer_campaign_results(h.d, c,
					     host_path(&h, "r.csv", path),
					     &request));
	assert_int_equal(host_done(&h, request, SIPDIALER_OK)->count, 3);
	text = host_read(&h, "r.csv");
	assert_non_null(strstr(text, "+4930123401"));
	assert_non_null(strstr(text, "busy"));
	free(text);

	assert_ok(sipdialer_store_backup(h.d, host_path(&h, "b.db", path),
					 &request));
	(void)host_done(&h, request, SIPDIALER_OK);
	assert_ok(sipdialer_store_check(path, 0, NULL, 0));
	assert_ok(sipdialer_store_backup(h.d, path, &request));
	(void)host_done(&h, request, SIPDIALER_EINVAL);
	host_stop(&h);
	check_store(&h);
	host_close(&h);
}


static void test_import_errors_come_with_lines(void **state)
{
	const struct sipdialer_event *ev;
	char path[128];
	struct host h;
	uint64_t c, request;
	int lines[3];
	(void)state;

	open_store(&h, NULL, NULL);
	c = campaign_new(&h, NULL);
	host_write(&h, "c.csv",
		   "number,name\n+4930123400,a\nnot a number,b\n"
		   "+4930123401,c\n+4930123400,d\n,e\n");
	assert_ok(sipdialer_contact_import(h.d, c,
					   host_path(&h, "c.csv", path), NULL,
					   &request));
	for (int i = 0; i < 3; i++) {
		ev = host_wait(&h, SIPDIALER_EVENT_IMPORT_ERROR, request);
		lines[i] = (int)ev->line;
		assert_int_equal(ev->campaign, c);
		assert_true(*ev->text);
	}
	ev = host_done(&h, request, SIPDIALER_OK);
	assert_int_equal(ev->count, 2);
	assert_int_equal(ev->total, 5);
	assert_int_equal(ev->failed, 3);
	assert_int_equal(lines[0] + lines[1] + lines[2], 3 + 5 + 6);

	assert_ok(sipdialer_contact_import(h.d, c, "/nonexistent.csv", NULL,
					   &request));
	(void)host_done(&h, request, SIPDIALER_ENOENT);
	assert_ok(sipdialer_contact_import(h.d, c + 7, path, NULL, &request));
	(void)host_done(&h, request, SIPDIALER_ENOENT);
	host_write(&h, "e.csv", "number\n");
	assert_ok(sipdialer_contact_import(h.d, c + 7,
					   host_path(&h, "e.csv", path), NULL,
					   &request));
	(void)host_done(&h, request, SIPDIALER_ENOENT);
	assert_int_equal(sipdialer_contact_import(
				 h.d, c, path, OPTIONS("import.delimiter=xx"),
				 &request),
			 SIPDIALER_EINVAL);
	host_stop(&h);
	check_store(&h);
	host_close(&h);
}


static void test_custom_fields_are_a_json_object(void **state)
{
	static const struct {
		const char *custom;
		enum sipdialer_error want;
	} rows[] = {
		{"{\"a\": [1, null]}", SIPDIALER_OK},
		{"", SIPDIALER_OK},
		{"{\"a\": NaN}", SIPDIALER_EINVAL},
		{"{\"a\": 1", SIPDIALER_EINVAL},
		{"[1]", SIPDIALER_EINVAL},
		{"not json", SIPDIALER_EINVAL},
	};
	const struct sipdialer_event *ev;
	uint64_t c, request;
	char number[32];
	struct host h;
	(void)state;

	open_store(&h, NULL, NULL);
	c = campaign_new(&h, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)snprintf(number, sizeof(number), "+4930123%zu01", i);
		assert_ok(sipdialer_contact_add(h.d, c, number, NULL,
						rows[i].custom, &request));
		ev = host_done(&h, request, rows[i].want);
		assert_int_equal(ev->count, rows[i].want == SIPDIALER_OK);
	}
	host_close(&h);
}


static void test_dnc_is_kept(void **state)
{
	const struct sipdialer_event *ev;
	char stats[8192];
	struct host h;
	uint64_t c, request;
	(void)state;

	open_store(&h, NULL, NULL);
	c = campaign_new(&h, NULL);
	add(&h, c, "+4930123400");
	add(&h, c, "+4930123401");
	assert_ok(
		sipdialer_dnc_add(h.d, "+49 30 1234-00", "letter", &request));
	assert_int_equal(host_done(&h, request, 0)->count, 1);
	assert_ok(sipdialer_dnc_add(h.d, "+4930123400", NULL, &request));
	assert_int_equal(host_done(&h, request, 0)->count, 0);
	assert_ok(sipdialer_dnc_check(h.d, "+4930123400", &request));
	ev = host_done(&h, request, 0);
	assert_int_equal(ev->count, 1);
	assert_string_equal(ev->text, "letter");
	ask(&h, sipdialer_campaign_start, c, SIPDIALER_OK);
	ev = until(&h, c, SIPDIALER_CAMPAIGN_COMPLETED);
	assert_int_equal(ev->other, 1);
	assert_int_equal(ev->attempts, 1);
	assert_ok(sipdialer_dnc_remove(h.d, "+4930123400", &request));
	assert_int_equal(host_done(&h, request, 0)->count, 1);
	host_stop(&h);
	phonenet_stop(&h.net, stats, sizeof(stats));
	assert_int_equal(phonenet_count(stats, "invites"), 1);
	check_store(&h);
	host_close(&h);
}


static void test_empty_campaign_completes(void **state)
{
	struct host h;
	uint64_t c;
	(void)state;

	open_store(&h, NULL, NULL);
	c = campaign_new(&h, NULL);
	ask(&h, sipdialer_campaign_start, c, SIPDIALER_OK);
	(void)until(&h, c, SIPDIALER_CAMPAIGN_COMPLETED);
	host_stop(&h);
	host_close(&h);
}


static void test_missing_prompt_pauses(void **state)
{
	const struct sipdialer_event *ev;
	struct host h;
	uint64_t c;
	(void)state;

	open_store(&h, NULL, NULL);
	c = campaign_new(&h, OPTIONS("call.play=/nonexistent/p.wav"));
	add(&h, c, "+4930123400");
	ask(&h, sipdialer_campaign_start, c, SIPDIALER_OK);
	ev = until(&h, c, SIPDIALER_CAMPAIGN_PAUSED);
	assert_non_null(strstr(ev->reason, "p.wav"));
	assert_int_not_equal(ev->error, 0);
	assert_int_equal(ev->attempts, 0);
	host_stop(&h);
	check_store(&h);
	host_close(&h);
}


/* Retries, and contacts added while it runs, keep it from completing. */
static void test_completes_neither_early_nor_never(void **state)
{
	const struct sipdialer_event *ev;
	char number[32];
	struct host h;
	uint64_t c, request;
	(void)state;

	open_store(&h, NULL, NULL);
	c = campaign_new(&h, OPTIONS("dial.retries=2", "dial.retry_delay=1"));
	add(&h, c, "+4930123401");
	ask(&h, sipdialer_campaign_start, c, SIPDIALER_OK);
	for (int i = 0; i < 10; i++) {
		(void)host_wait(&h, SIPDIALER_EVENT_CALL_ENDED, 0);
		(void)snprintf(number, sizeof(number), "+49301235%d03", i);
		assert_ok(sipdialer_contact_add(h.d, c, number, NULL, NULL,
						&request));
	}
	ev = until(&h, c, SIPDIALER_CAMPAIGN_COMPLETED);
	assert_int_equal(ev->total, 11);
	assert_int_equal(ev->failed, 11);
	assert_int_equal(ev->pending, 0);
	assert_int_equal(ev->attempts, 3 + 10);
	host_stop(&h);
	check_store(&h);
	host_close(&h);
}


/* A call of before goes on, and the campaign dials at once again. */
static void test_pause_and_start_at_once(void **state)
{
	struct host h;
	uint64_t c, first, request;
	(void)state;

	open_store(&h, OPTIONS("--answer-delay", "20"), NULL);
	c = campaign_new(&h,
			 OPTIONS("call.hangup_after_play=no",
				 "media.rtp_timeout=0", "dial.max_calls=1"));
	add(&h, c, "+4930123400");
	ask(&h, sipdialer_campaign_start, c, SIPDIALER_OK);
	first = host_wait(&h, SIPDIALER_EVENT_CALL_ANSWERED, 0)->call;
	for (int i = 0; i < 20; i++) {
		assert_ok(sipdialer_campaign_pause(h.d, c, &request));
		assert_ok(sipdialer_campaign_start(h.d, c, &request));
	}
	(void)host_done(&h, request, SIPDIALER_OK);
	add(&h, c, "+4930123401");
	add(&h, c, "+4930123503");
	assert_ok(sipdialer_call_hangup(h.d, first));
	(void)until(&h, c, SIPDIALER_CAMPAIGN_COMPLETED);
	assert_int_equal(h.ended, 3);
	host_stop(&h);
	check_store(&h);
	host_close(&h);
}


static void test_resumed_while_calls_are_up(void **state)
{
	struct host h;
	uint64_t c, first;
	(void)state;

	open_store(&h, OPTIONS("--answer-delay", "20"), NULL);
	c = campaign_new(&h, OPTIONS("call.hangup_after_play=no",
				     "media.rtp_timeout=0"));
	add(&h, c, "+4930123400");
	ask(&h, sipdialer_campaign_start, c, SIPDIALER_OK);
	first = host_wait(&h, SIPDIALER_EVENT_CALL_ANSWERED, 0)->call;
	ask(&h, sipdialer_campaign_pause, c, SIPDIALER_OK);
	add(&h, c, "+4930123401");
	ask(&h, sipdialer_campaign_start, c, SIPDIALER_OK);
	/* the second contact is dialed although the first still talks */
	assert_int_not_equal(
		host_wait(&h, SIPDIALER_EVENT_CALL_ENDED, 0)->call, first);
	host_stop(&h);
	check_store(&h);
	host_close(&h);
}


/* Paused or cancelled: nobody is dialed after DONE, and no attempt is lost. */
static void pause_or_cancel(verb *v, uint64_t *pending, uint64_t *other)
{
	const struct sipdialer_event *ev;
	uint64_t c, request, dialed = 0;
	struct host h;
	bool done = false;

	open_store(&h, NULL, OPTIONS("dial.max_calls=20"));
	c = campaign_new(&h, OPTIONS("dial.calls_per_second=50"));
	add_many(&h, c, "+49301", "01", 300);
	ask(&h, sipdialer_campaign_start, c, SIPDIALER_OK);
	for (int i = 0; i < 20; i++)
		(void)host_wait(&h, SIPDIALER_EVENT_CALL_DIALING, 0);
	assert_ok(v(h.d, c, &request));
	dialed = 20;
	while (h.ended < dialed || !done) {
		ev = host_pull(&h, HOST_WAIT_MS);
		assert_non_null(ev);
		if (ev->type == SIPDIALER_EVENT_CALL_DIALING) {
			assert_false(done);
			++dialed;
		}
		if (ev->type == SIPDIALER_EVENT_DONE && ev->request == request)
			done = true;
	}
	assert_null(host_pull(&h, 300) && h.ended != dialed ? &h : NULL);
	assert_ok(sipdialer_campaign_status(h.d, c, &request));
	ev = host_wait(&h, SIPDIALER_EVENT_CAMPAIGN_STATUS, c);
	assert_int_equal(ev->attempts, dialed);
	assert_int_equal(ev->failed, dialed);
	*pending = ev->pending - (300 - dialed);
	*other = ev->other - (300 - dialed);
	host_stop(&h);
	assert_int_equal(h.ended, dialed);
	check_store(&h);
	host_close(&h);
}


static void test_pause_sends_nothing_more(void **state)
{
	uint64_t pending, other;
	(void)state;

	pause_or_cancel(sipdialer_campaign_pause, &pending, &other);
	assert_int_equal(pending, 0);
}


static void test_cancel_skips_the_rest(void **state)
{
	uint64_t pending, other;
	(void)state;

	pause_or_cancel(sipdialer_campaign_cancel, &pending, &other);
	assert_int_equal(other, 0);
}


static void test_cancel_gives_up_ringing_calls(void **state)
{
	const uint64_t begin = host_now_ms();
	struct host h;
	uint64_t c;
	(void)state;

	open_store(&h, NULL, NULL);
	c = campaign_new(&h, NULL);
	add_many(&h, c, "+49301", "02", 10);
	ask(&h, sipdialer_campaign_start, c, SIPDIALER_OK);
	for (int i = 0; i < 10; i++)
		(void)host_wait(&h, SIPDIALER_EVENT_CALL_RINGING, 0);
	assert_ok(sipdialer_campaign_cancel(h.d, c, NULL));
	for (int i = 0; i < 10; i++)
		(void)host_ended(&h, 0, SIPDIALER_DISPOSITION_CANCELLED);
	assert_in_range(host_now_ms() - begin, 0, 4000);
	host_stop(&h);
	check_store(&h);
	host_close(&h);
}


/* Two campaigns share one slot and one rate: none starves the other. */
static void test_two_campaigns_take_turns(void **state)
{
	const struct sipdialer_event *ev;
	int ended[2] = {0, 0};
	uint64_t c[2];
	struct host h;
	(void)state;

	open_store(&h, NULL, OPTIONS("dial.max_calls=1"));
	for (int i = 0; i < 2; i++) {
		c[i] = campaign_new(&h, NULL);
		add_many(&h, c[i], i ? "+49302" : "+49301", "01", 200);
	}
	for (int i = 0; i < 2; i++)
		assert_ok(sipdialer_campaign_start(h.d, c[i], NULL));
	while (ended[0] + ended[1] < 100) {
		ev = host_wait(&h, SIPDIALER_EVENT_CALL_ENDED, 0);
		++ended[ev->campaign == c[1]];
	}
	assert_in_range(ended[0], 35, 65);

	/* and by rate */
	host_set(&h, "dial.max_calls", "50");
	host_set(&h, "dial.calls_per_second", "50");
	ended[0] = ended[1] = 0;
	while (ended[0] + ended[1] < 60) {
		ev = host_wait(&h, SIPDIALER_EVENT_CALL_ENDED, 0);
		++ended[ev->campaign == c[1]];
	}
	assert_in_range(ended[0], 18, 42);
	host_stop(&h);
	check_store(&h);
	host_close(&h);
}


/* Limits hold at the far end, and a raise is taken up without a call ending. */
static void test_live_limits(void **state)
{
	char stats[16384];
	struct host h;
	uint64_t c;
	(void)state;

	open_store(&h, OPTIONS("--answer-delay", "20"),
		   OPTIONS("dial.max_calls=2"));
	c = campaign_new(&h, OPTIONS("call.hangup_after_play=no",
				     "media.rtp_timeout=0"));
	add_many(&h, c, "+49301", "00", 8);
	ask(&h, sipdialer_campaign_start, c, SIPDIALER_OK);
	for (int i = 0; i < 2; i++)
		(void)host_wait(&h, SIPDIALER_EVENT_CALL_ANSWERED, 0);
	host_set(&h, "dial.max_calls", "5");
	for (int i = 0; i < 3; i++)
		(void)host_wait(&h, SIPDIALER_EVENT_CALL_ANSWERED, 0);
	host_stop(&h);
	phonenet_stop(&h.net, stats, sizeof(stats));
	assert_int_equal(phonenet_count(stats, "max_active"), 5);
	check_store(&h);
	host_close(&h);
}


static void test_rate_is_never_passed(void **state)
{
	char stats[16384];
	struct host h;
	uint64_t c;
	(void)state;

	open_store(&h, NULL, NULL);
	c = campaign_new(&h, OPTIONS("dial.calls_per_second=40",
				     "dial.max_calls=10"));
	add_many(&h, c, "+49301", "01", 120);
	ask(&h, sipdialer_campaign_start, c, SIPDIALER_OK);
	(void)until(&h, c, SIPDIALER_CAMPAIGN_COMPLETED);
	assert_int_equal(h.ended, 120);
	host_stop(&h);
	phonenet_stop(&h.net, stats, sizeof(stats));
	assert_in_range(phonenet_count(stats, "max_per_second"), 30, 40);
	assert_in_range(phonenet_count(stats, "max_active"), 1, 10);
	assert_int_equal(phonenet_count(stats, "duplicates"), 0);
	host_close(&h);
}


/* Nobody is dialed too early, or more often than asked for. */
static void test_retries_keep_their_time(void **state)
{
	const struct sipdialer_event *ev;
	struct host h;
	uint64_t c;
	(void)state;

	open_store(&h, NULL, OPTIONS("dial.max_calls=50"));
	c = campaign_new(&h, OPTIONS("dial.retries=1", "dial.retry_delay=2",
				     "dial.calls_per_second=400"));
	add_many(&h, c, "+49301", "01", 600);
	const uint64_t begin = host_now_ms();
	ask(&h, sipdialer_campaign_start, c, SIPDIALER_OK);
	ev = until(&h, c, SIPDIALER_CAMPAIGN_COMPLETED);
	assert_int_equal(ev->attempts, 1200);
	assert_int_equal(ev->failed, 600);
	assert_int_equal(h.ended, 1200);
	assert_true(host_now_ms() - begin > 2000);
	host_stop(&h);
	check_store(&h);
	host_close(&h);
}


static void test_unregistered_dials_nobody(void **state)
{
	const struct sipdialer_event *ev;
	struct host h;
	uint64_t c;
	int states = 0;
	(void)state;

	/* phonenet refuses "forbidden" always */
	open_store(&h, NULL, OPTIONS("sip.user=forbidden", "sip.password=x"));
	c = campaign_new(&h, NULL);
	add(&h, c, "+4930123401");
	ask(&h, sipdialer_campaign_start, c, SIPDIALER_OK);
	while ((ev = host_pull(&h, 1500))) {
		assert_int_not_equal(ev->type, SIPDIALER_EVENT_CALL_DIALING);
		states += ev->type == SIPDIALER_EVENT_REGISTRATION;
	}
	host_stop(&h);

	/* an account that is welcome dials what was left */
	host_set(&h, "sip.user", "alice");
	host_start(&h);
	(void)until(&h, c, SIPDIALER_CAMPAIGN_COMPLETED);
	assert_int_equal(h.ended, 1);
	(void)states;
	host_stop(&h);
	check_store(&h);
	host_close(&h);
}


/* ---- stop in the middle --------------------------------------------------- */

static void test_stop_in_mid_campaign_loses_nobody(void **state)
{
	const struct sipdialer_event *ev;
	char stats[16384];
	struct host h;
	uint64_t c;
	(void)state;

	open_store(&h, NULL, OPTIONS("dial.max_calls=40"));
	c = campaign_new(&h, OPTIONS("dial.calls_per_second=300"));
	add_many(&h, c, "+49301", "03", 600);
	ask(&h, sipdialer_campaign_start, c, SIPDIALER_OK);
	for (int round = 0; round < 4; round++) {
		for (int i = 0; i < 50; i++)
			(void)host_wait(&h, SIPDIALER_EVENT_CALL_ENDED, 0);
		host_stop(&h);
		check_store(&h);
		host_start(&h);
	}
	ev = until(&h, c, SIPDIALER_CAMPAIGN_COMPLETED);
	assert_int_equal(ev->failed, 600);
	assert_int_equal(ev->other, 0);
	assert_int_equal(ev->attempts, 600);
	host_stop(&h);
	phonenet_stop(&h.net, stats, sizeof(stats));
	assert_int_equal(phonenet_count(stats, "invites"), 600);
	assert_int_equal(phonenet_count(stats, "duplicates"), 0);
	check_store(&h);
	host_close(&h);
}


static void test_stop_in_mid_import_says_so(void **state)
{
	const struct sipdialer_event *ev;
	char path[128];
	struct host h;
	uint64_t c, request;
	FILE *f;
	(void)state;

	open_store(&h, NULL, NULL);
	c = campaign_new(&h, NULL);
	f = fopen(host_path(&h, "big.csv", path), "w");
	assert_non_null(f);
	(void)fprintf(f, "number\n");
	for (int i = 0; i < 500000; i++)
		(void)fprintf(f, "+4930%07d\n", i);
	(void)fclose(f);
	assert_ok(sipdialer_contact_import(h.d, c, path, NULL, &request));
	assert_ok(sipdialer_stop(h.d));
	ev = host_done(&h, request, SIPDIALER_ECANCELLED);
	assert_true(ev->text && *ev->text);
	assert_true(ev->count < 500000);
	(void)host_wait(&h, SIPDIALER_EVENT_STOPPED, 0);
	check_store(&h);
	host_close(&h);
}


/* The disk is full: rows are kept, the stop does not hang. */
static void test_stop_with_a_failing_store(void **state)
{
	struct rlimit old, tight = {.rlim_cur = 1};
	struct host h;
	uint64_t c;
	(void)state;

	open_store(&h, NULL, NULL);
	c = campaign_new(&h, NULL);
	add_many(&h, c, "+49301", "27", 20); /* busy after 2 s */
	ask(&h, sipdialer_campaign_start, c, SIPDIALER_OK);
	for (int i = 0; i < 20; i++)
		(void)host_wait(&h, SIPDIALER_EVENT_CALL_RINGING, 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	tight.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	assert_int_equal(host_wait(&h, SIPDIALER_EVENT_STORE, 0)->error,
			 SIPDIALER_EIO);
	host_stop(&h);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(h.ended, 20);
	check_store(&h);
	host_close(&h);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life_of_a_campaign),
		cmocka_unit_test(test_import_errors_come_with_lines),
		cmocka_unit_test(test_custom_fields_are_a_json_object),
		cmocka_unit_test(test_dnc_is_kept),
		cmocka_unit_test(test_empty_campaign_completes),
		cmocka_unit_test(test_missing_prompt_pauses),
		cmocka_unit_test(test_completes_neither_early_nor_never),
		cmocka_unit_test(test_pause_and_start_at_once),
		cmocka_unit_test(test_resumed_while_calls_are_up),
		cmocka_unit_test(test_pause_sends_nothing_more),
		cmocka_unit_test(test_cancel_skips_the_rest),
		cmocka_unit_test(test_cancel_gives_up_ringing_calls),
		cmocka_unit_test(test_two_campaigns_take_turns),
		cmocka_unit_test(test_live_limits),
		cmocka_unit_test(test_rate_is_never_passed),
		cmocka_unit_test(test_retries_keep_their_time),
		cmocka_unit_test(test_unregistered_dials_nobody),
		cmocka_unit_test(test_stop_in_mid_campaign_loses_nobody),
		cmocka_unit_test(test_stop_in_mid_import_says_so),
		cmocka_unit_test(test_stop_with_a_failing_store),
	};

	/* a full disk is an error, not a signal */
	(void)signal(SIGXFSZ, SIG_IGN);

	return cmocka_run_group_tests(tests, NULL, NULL);
}
