/*
 * Everything once: start, registration, a call with a prompt, a recording and
 * audio of the host, calls that come in, a contact file, a campaign, results,
 * stop.  Run with one failing allocation (shim.c), it checks what is promised
 * whatever fails:
 *
 *   a verb that fails says why, and works when tried again;
 *   a request has its DONE, a call its CALL_ENDED, a stop its STOPPED;
 *   a started campaign completes or pauses.
 *
 * flow SERVER PORT CONTACTS.csv PROMPT.wav FOLDER; exit status 0: all kept.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sipdialer/sipdialer.h>
#include "late.h"

enum { WAIT_MS = 12000 };

struct flow {
	struct sipdialer *d;
	bool lost; /* events were */
	bool registered, ended, stopped, over;
	uint64_t call, request, campaign;
	bool done;
	int error;
	uint64_t dialed, contacts, finished;
	uint64_t heard; /* samples */
	uint64_t incoming;
	bool rings, rung; /* told of, and of its end */
	char play[512];
	char local[96]; /* of STARTED */
	int bad;
};


static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}


static void broken(struct flow *f, const char *what)
{
	printf("BROKEN %s\n", what);
	fflush(stdout);
	f->bad = 1;
}


static void campaign_event(struct flow *f, const struct sipdialer_event *ev)
{
	f->contacts = ev->total;
	f->finished = ev->completed + ev->failed + ev->other;
	f->dialed = ev->attempts;
	if (ev->status != SIPDIALER_CAMPAIGN_RUNNING &&
	    ev->status != SIPDIALER_CAMPAIGN_DRAFT)
		f->over = true;
}


/* Says what it hears; the call may have ended, but its audio is there. */
static void audio(struct flow *f, uint64_t call)
{
	int16_t pcm[1600];
	const int n = sipdialer_audio_read(f->d, call, pcm, 1600);

	if (n < 0)
		broken(f, "audio that CALL_AUDIO tells of is not there");
	if (n > 0) {
		(void)sipdialer_audio_write(f->d, call, pcm, (size_t)n);
		f->heard += (uint64_t)n;
	}
}


static void handle(struct flow *f, const struct sipdialer_event *ev)
{
	char text[4096];

	if (sipdialer_event_json(ev, text, sizeof(text)) > 0)
		printf("%s\n", text);
	switch (ev->type) {
	case SIPDIALER_EVENT_LOST:
		f->lost = true;
		break;
	case SIPDIALER_EVENT_STARTED:
		snprintf(f->local, sizeof(f->local), "%s", ev->text);
		break;
	case SIPDIALER_EVENT_REGISTRATION:
		f->registered = ev->status ==
				SIPDIALER_REGISTRATION_REGISTERED;
		break;
	case SIPDIALER_EVENT_DONE:
		if (ev->request != f->request)
			break;
		f->done = true;
		f->error = ev->error;
		if (ev->campaign)
			f->campaign = ev->campaign;
		break;
	case SIPDIALER_EVENT_CALL_AUDIO:
		audio(f, ev->call);
		break;
	case SIPDIALER_EVENT_CALL_INCOMING:
		f->rings = true;
		f->incoming = ev->call;
		break;
	case SIPDIALER_EVENT_CALL_ENDED:
		if (ev->call == f->call)
			f->ended = true;
		if (ev->call == f->incoming)
			f->rung = true;
		break;
	case SIPDIALER_EVENT_CAMPAIGN_STATUS:
		if (ev->campaign == f->campaign)
			campaign_event(f, ev);
		break;
	case SIPDIALER_EVENT_STOPPED:
		f->stopped = true;
		break;
	default:
		break;
	}
}


/* Until *flag; false: not within ms. */
static bool wait_for(struct flow *f, const bool *flag, uint64_t ms)
{
	const uint64_t end = now_ms() + ms;

	while (!*flag) {
		const uint64_t now = now_ms();
		const struct sipdialer_event *ev;

		if (now >= end)
			return false;
		ev = sipdialer_next_event(f->d, (int)(end - now));
		if (ev)
			handle(f, ev);
	}
	return true;
}


/* The second try must work: one allocation fails, not two. */
static bool again(struct flow *f, const char *what, int err, int tries)
{
	char text[256];

	if (!err)
		return false;
	printf("%s: %d %s\n", what, err, sipdialer_last_error());
	if (!*sipdialer_last_error()) {
		snprintf(text, sizeof(text), "%s fails and says nothing",
			 what);
		broken(f, text);
	}
	if (tries < 1)
		return true;
	snprintf(text, sizeof(text), "%s fails twice: %s", what,
		 sipdialer_last_error());
	broken(f, text);
	return false;
}


#define TRY(f, verb) \
	do { \
		int tries_ = 0; \
		while (again(f, #verb, verb, tries_++)) \
			; \
	} while (0)


/* DONE of f->request; a request that failed is asked once more. */
static bool answered(struct flow *f, const char *what)
{
	char text[128];

	if (!wait_for(f, &f->done, f->lost ? 1000 : WAIT_MS)) {
		if (f->lost)
			return true;
		snprintf(text, sizeof(text), "no DONE of %s", what);
		broken(f, text);
		return true;
	}
	if (f->error)
		printf("%s: DONE with %d\n", what, f->error);
	return !f->error;
}


#define REQUEST(f, verb) \
	do { \
		for (int round_ = 0; round_ < 2; round_++) { \
			(f)->done = false; \
			TRY(f, verb); \
			if (answered(f, #verb)) \
				break; \
			if (round_) \
				broken(f, \
				       "DONE with an error twice: " #verb); \
		} \
	} while (0)


static void set(struct flow *f, const char *name, const char *value)
{
	TRY(f, sipdialer_set(f->d, name, value));
}


static void path(char *buf, size_t size, const char *dir, const char *name)
{
	snprintf(buf, size, "%s/%s", dir, name);
}


static void options(struct flow *f, char **argv)
{
	char file[512];

	set(f, "sip.server", argv[1]);
	set(f, "sip.port", argv[2]);
	set(f, "sip.user", "alice");
	set(f, "sip.password", "secret");
	set(f, "incoming.accept", "server");
	set(f, "dial.calls_per_second", "0");
	set(f, "dial.retries", "0");
	set(f, "dial.ring_timeout", "5");
	set(f, "log.level", "debug");
	set(f, "sip.header", "X-Test: 1");
	path(file, sizeof(file), argv[5], "store.db");
	set(f, "store.path", file);
	path(file, sizeof(file), argv[5], "recordings");
	set(f, "record.folder", file);
	set(f, "record.policy", "all");
	set(f, "record.keep_days", "1");
}


static void one_call(struct flow *f, char **argv)
{
	char record[512], message[512];
	/* whoever answers is left a message */
	const char *list[] = {f->play,
			      record,
			      message,
			      "call.hangup_after_play=yes",
			      "call.audio=16000",
			      "amd.enabled=yes",
			      "amd.timeout=500",
			      "amd.interval=20",
			      "amd.human=message",
			      "amd.unknown=message",
			      "amd.end_silence=300",
			      NULL};

	snprintf(f->play, sizeof(f->play), "call.play=%s", argv[4]);
	snprintf(record, sizeof(record), "call.record=%s/call.wav", argv[5]);
	snprintf(message, sizeof(message), "amd.message=%s", argv[4]);
	f->ended = false;
	TRY(f, sipdialer_call(f->d, "+120255500", list, &f->call));
	if (!wait_for(f, &f->ended, WAIT_MS))
		broken(f, "no CALL_ENDED");
	printf("heard %" PRIu64 " samples\n", f->heard);
}


/* A number that calls back.  It may be refused for want of memory; once it was
 * told it has an end. */
static void call_in(struct flow *f)
{
	const char *list[] = {f->play, "call.hangup_after_play=yes",
			      "call.audio=8000", NULL};

	f->ended = f->rings = f->rung = false;
	TRY(f, sipdialer_call(f->d, "+120255540", NULL, &f->call));
	if (!wait_for(f, &f->ended, WAIT_MS))
		broken(f, "no CALL_ENDED of the call that asks for one");
	if (!f->registered || !wait_for(f, &f->rings, 1500)) {
		printf("nobody called\n");
		return;
	}
	TRY(f, sipdialer_call_answer(f->d, f->incoming, list));
	if (!wait_for(f, &f->rung, WAIT_MS))
		broken(f, "no CALL_ENDED of a call that came in");
}


/* The same without an offer: ours is in the answer.  An INVITE that is lost is
 * sent again, and an answer waits for its ACK. */
static void late_call(struct flow *f, const char *ip)
{
	const char *list[] = {"call.hangup_after_play=yes", NULL};
	const uint64_t end = now_ms() + WAIT_MS;
	bool told = false;
	struct late l;

	f->rings = f->rung = false;
	if (!late_open(&l, ip, f->local)) {
		printf("nobody called late\n");
		return;
	}
	while (!f->rung && now_ms() < end) {
		if (!l.heard)
			late_invite(&l);
		late_turn(&l);
		if (f->rings && !told)
			TRY(f, sipdialer_call_answer(f->d, f->incoming, list));
		told = f->rings;
		if (l.refused && !told)
			break;
		(void)wait_for(f, &f->rung, 50);
	}
	if (!f->rung && !l.refused)
		broken(f, "no CALL_ENDED of a call without an offer");
	late_turn(&l); /* the BYE */
	late_close(&l);
}


static void campaign(struct flow *f, char **argv)
{
	char play[512], results[512];
	const char *list[] = {play, NULL};
	uint64_t id, end;

	snprintf(play, sizeof(play), "call.play=%s", argv[4]);
	path(results, sizeof(results), argv[5], "results.csv");
	REQUEST(f, sipdialer_campaign_create(f->d, "c", list, &f->request));
	id = f->campaign;
	if (!id)
		f->campaign = id = 1; /* its DONE was lost */
	REQUEST(f, sipdialer_contact_import(f->d, id, argv[3], NULL,
					    &f->request));
	f->over = false;
	REQUEST(f, sipdialer_campaign_start(f->d, id, &f->request));
	end = now_ms() + WAIT_MS;
	while (!wait_for(f, &f->over, 2000)) {
		if (now_ms() >= end) {
			broken(f, "the campaign does not end");
			break;
		}
		/* the event may have been lost */
		if (f->lost)
			REQUEST(f, sipdialer_campaign_status(f->d, id,
							     &f->request));
	}
	REQUEST(f, sipdialer_campaign_results(f->d, id, results, &f->request));
	REQUEST(f, sipdialer_campaign_list(f->d, &f->request));
	printf("campaign: %" PRIu64 " contacts, %" PRIu64 " over, %" PRIu64
	       " calls\n",
	       f->contacts, f->finished, f->dialed);
	if (f->contacts && f->dialed > f->contacts)
		broken(f, "more calls than contacts");
}


static void stop(struct flow *f)
{
	uint64_t began = now_ms();

	TRY(f, sipdialer_stop(f->d));
	if (!wait_for(f, &f->stopped, WAIT_MS)) {
		broken(f, "no STOPPED");
		fflush(stdout);
		_exit(1); /* destroy would wait for ever */
	}
	if (now_ms() - began > 5000)
		broken(f, "stop took more than 5 s");
}


int main(int argc, char **argv)
{
	struct flow f = {0};
	char text[4096];

	if (argc != 6)
		return 2;
	TRY(&f, sipdialer_create(&f.d));
	if (!f.d)
		return 1;
	options(&f, argv);
	TRY(&f, sipdialer_start(f.d));
	if (f.bad)
		return 1;
	(void)wait_for(&f, &f.registered, 1500);
	one_call(&f, argv);
	call_in(&f);
	late_call(&f, argv[1]);
	REQUEST(&f, sipdialer_dnc_add(f.d, "+12025559", "test", &f.request));
	campaign(&f, argv);
	TRY(&f, sipdialer_stats(f.d, text, sizeof(text)) < 0 ? SIPDIALER_ENOMEM
							     : 0);
	stop(&f);
	sipdialer_destroy(f.d);
	printf("end\n");
	return f.bad;
}
