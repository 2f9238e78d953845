/**
 * @file core/media/stream.c  The audio of one call: prompt out, recording in
 *
 * The part of the loop; stream_own.h says how the two threads share a stream.
 */
#include "core/media/stream.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "base/container.h"
#include "base/error.h"
#include "core/media/stream_own.h"


/* ---- events ----------------------------------------------- */

/* Takes the reference over. */
static void tell_played(struct sipd_stream *s, struct sipd_prompt *prompt,
			bool whole)
{
	if (!prompt)
		return;

	if (s->h.played)
		s->h.played(prompt, whole, s->arg);
	sipd_prompt_unref(prompt);
}


static void list_init(struct unplayed_list *l)
{
	l->first = NULL;
	l->last = &l->first;
}


/* `to` is empty before, `from` after it. */
static void list_move(struct unplayed_list *to, struct unplayed_list *from)
{
	assert(!to->first);
	if (!from->first)
		return;

	*to = *from;
	list_init(from);
}


static void tell_unplayed(struct sipd_stream *s, struct unplayed_list *l)
{
	struct unplayed *u = l->first;

	list_init(l); /* the handler may add to it */
	while (u) {
		struct unplayed *next = u->next;

		tell_played(s, u->prompt, false);
		free(u);
		u = next;
	}
}


static void tell_event(struct sipd_stream *s, const struct event *e)
{
	switch ((enum event_kind)e->kind) {
	case EVENT_DTMF:
		if (s->h.dtmf)
			s->h.dtmf(e->digit, e->ms, s->arg);
		break;
	case EVENT_TONE:
		if (s->h.tone)
			s->h.tone(e->digit, e->ms, s->arg);
		break;
	case EVENT_FIRST:
		if (s->h.first)
			s->h.first(s->arg);
		break;
	case EVENT_SILENT:
		if (s->h.silent)
			s->h.silent(s->arg);
		break;
	case EVENT_DTMF_SENT:
		if (s->h.dtmf_sent)
			s->h.dtmf_sent(s->arg);
		break;
	case EVENT_SECURED:
	case EVENT_UNSECURED:
		if (s->h.secured)
			s->h.secured(e->kind == EVENT_SECURED, e->text,
				     s->arg);
		break;
	case EVENT_PLAYED:
		tell_played(s, e->prompt, true);
		break;
	}
}


static void told_handler(const struct sipd_told *told, void *arg)
{
	const struct sipd_stream *s = arg;

	if (s->h.told)
		s->h.told(told, s->arg);
}


static void told_drain(struct sipd_stream *s)
{
	const unsigned lost = sipd_listener_drain(s->listener, told_handler,
						  s);

	if (lost)
		sipd_log_warning(s->log,
				 "media: %u things heard were lost, too many "
				 "waited for the loop",
				 lost);
}


static void events_drain(struct sipd_stream *s)
{
	unsigned out = atomic_load_explicit(&s->events_out,
					    memory_order_relaxed);
	unsigned lost;

	while (out != atomic_load(&s->events_in)) {
		const struct event e = s->events[out % EVENTS];

		atomic_store(&s->events_out, ++out);
		tell_event(s, &e);
	}

	if (atomic_exchange(&s->audio_due, false) && s->h.audio)
		s->h.audio(s->arg);

	lost = atomic_exchange(&s->events_lost, 0);
	if (lost)
		sipd_log_warning(s->log,
				 "media: %u keys lost, more than %d events "
				 "waited for the loop",
				 lost, EVENTS);
	if (s->listener)
		told_drain(s);
}


static void event_handler(struct sipd_work *work)
{
	struct sipd_stream *s = SIPD_CONTAINER(work, struct sipd_stream,
					       event_work);

	/* before looking: what comes later posts again */
	atomic_store(&s->event_posted, false);
	events_drain(s);
}


/* ---- end -------------------------------------------------- */

static void stream_free(struct sipd_work *work)
{
	struct sipd_stream *s = SIPD_CONTAINER(work, struct sipd_stream,
					       later);

	sipd_hostaudio_unref(s->audio);
	sipd_listener_close(s->listener);
	free(s->recording);
	free(s->record_error);
	free(s);
}


static void tell_closed(struct sipd_stream *s)
{
	const struct sipd_stream_end end = {
		.rtp = s->stats,
		.recording = s->recording,
		.recorded_ms = s->recorded_ms,
		.record_error = s->record_error,
	};

	if (!s->closed || s->recorders)
		return;

	if (s->h.closed)
		s->h.closed(&end, s->arg);
	s->later.h = stream_free;
	sipd_loop_later(s->loop, &s->later);
}


static void replace(char **dst, const char *src)
{
	char *copy = src ? strdup(src) : NULL;

	free(*dst);
	*dst = copy;
}


static void recorder_finish(struct sipd_stream *s, struct sipd_recorder *r)
{
	if (r)
		sipd_recorder_end(r, s->record_keep);
}


static void note_recording(struct sipd_stream *s,
			   const struct sipd_record_news *news)
{
	/* the last that left a file is told; an error stays told */
	if (news->kind == SIPD_RECORD_ENDED) {
		replace(&s->recording, news->path);
		s->recorded_ms = news->ms;
	}
	if (news->text && news->kind != SIPD_RECORD_GONE) {
		sipd_log_warning(s->log, "recording%s%s: %s",
				 news->path ? " " : "",
				 news->path ? news->path : "", news->text);
		replace(&s->record_error, news->text);
	}
}


static void recorder_handler(const struct sipd_record_news *news, void *arg)
{
	struct sipd_stream *s = arg;
	const bool newest = news->recorder == s->recorder;

	note_recording(s, news);
	if (s->h.recording && news->kind != SIPD_RECORD_FULL &&
	    news->kind != SIPD_RECORD_GONE)
		s->h.recording(news, s->arg);

	if (newest && (news->kind == SIPD_RECORD_FULL ||
		       news->kind == SIPD_RECORD_REFUSED))
		sipd_stream_stop_record(s);
	if (!news->over)
		return;
	--s->recorders;
	tell_closed(s);
}


static void closed_handler(struct sipd_work *work)
{
	struct sipd_stream *s = SIPD_CONTAINER(work, struct sipd_stream,
					       closed_work);

	/* its commands and events came before it, in order */
	assert(!s->play.away && !s->record.away && !s->bridge.away);
	events_drain(s);

	tell_played(s, s->pump.prompt,
		    s->pump.left <= 1 && s->pump.frame >= s->pump.frames);
	s->pump.prompt = NULL;
	tell_unplayed(s, &s->leaving);
	tell_unplayed(s, &s->waiting);
	s->recorder = NULL;
	recorder_finish(s, s->pump.recorder);
	s->pump.recorder = NULL;
	sipd_bridge_unref(s->pump.bridge);
	s->pump.bridge = NULL;

	s->closed = true;
	tell_closed(s);
}


/* ---- commands --------------------------------------------- */

static void command_back(struct sipd_work *work);


/* @thread media */
static void command_run(struct sipd_work *work)
{
	struct command *c = SIPD_CONTAINER(work, struct command, work);

	c->change(c);
	work->h = command_back;
	sipd_loop_post(c->s->loop, work);
}


static void command_send(struct command *c)
{
	c->prompt = c->next_prompt;
	c->repeat = c->next_repeat;
	c->recorder = c->next_recorder;
	c->bridge = c->next_bridge;
	c->end = c->next_end;
	c->next_prompt = NULL;
	c->next_recorder = NULL;
	c->next_bridge = NULL;
	c->again = false;
	c->away = true;
	if (c == &c->s->play)
		list_move(&c->s->leaving, &c->s->waiting);
	c->work.h = command_run;
	sipd_rtp_call(c->s->rtp, &c->work);
}


static void command_back(struct sipd_work *work)
{
	struct command *c = SIPD_CONTAINER(work, struct command, work);
	struct sipd_stream *s = c->s;
	struct sipd_prompt *prompt = c->prompt;
	struct sipd_recorder *recorder = c->recorder;
	struct unplayed_list told;

	sipd_bridge_unref(c->bridge);
	c->bridge = NULL;
	c->prompt = NULL;
	c->recorder = NULL;
	c->away = false;
	list_init(&told);
	if (c == &s->play)
		list_move(&told, &s->leaving);

	/* what was asked for while it was away; after close nothing is */
	if (c->again && !s->closing)
		command_send(c);

	recorder_finish(s, recorder);
	tell_played(s, prompt, false);
	tell_unplayed(s, &told);
}


static void command_want(struct command *c)
{
	c->again = true;
	if (!c->away)
		command_send(c);
}


/* Drop the newest before it was sent. */
static void replace_newest(struct sipd_stream *s)
{
	struct sipd_prompt *prompt = s->play.next_prompt;
	struct unplayed *u;

	s->play.next_prompt = NULL;
	if (!prompt)
		return;

	u = malloc(sizeof(*u));
	if (!u) {
		sipd_log_warning(
			s->log,
			"media: no memory to tell of a prompt not played");
		sipd_prompt_unref(prompt);
		return;
	}

	u->next = NULL;
	u->prompt = prompt;
	*s->waiting.last = u;
	s->waiting.last = &u->next;
}


static void play(struct sipd_stream *s, struct sipd_prompt *prompt,
		 uint32_t repeat)
{
	replace_newest(s);
	s->play.next_prompt = prompt;
	s->play.next_repeat = repeat;
	command_want(&s->play);
}


static void record(struct sipd_stream *s, struct sipd_recorder *recorder)
{
	struct sipd_recorder *never = s->record.next_recorder;

	s->record.next_recorder = recorder;
	command_want(&s->record);
	recorder_finish(s, never);
}


/* ---- the door --------------------------------------------- */

/* Before there is a thread that knows of it. */
static int open_failed(struct sipd_stream *s, int err)
{
	sipd_hostaudio_unref(s->audio);
	sipd_listener_close(s->listener);
	free(s);

	return err;
}


int sipd_stream_open(struct sipd_stream **sp,
		     const struct sipd_stream_conf *conf,
		     const struct sipd_stream_handlers *h, void *arg)
{
	struct sipd_stream *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for a stream");

	s->loop = conf->loop;
	s->recordings = conf->recordings;
	s->log = conf->log;
	s->h = *h;
	s->arg = arg;
	s->play = (struct command){.s = s, .change = sipd_pump_play};
	s->record = (struct command){.s = s, .change = sipd_pump_record};
	s->bridge = (struct command){.s = s, .change = sipd_pump_bridge};
	s->event_work.h = event_handler;
	s->closed_work.h = closed_handler;
	list_init(&s->waiting);
	list_init(&s->leaving);
	atomic_init(&s->sends, false);
	atomic_init(&s->tones, false);
	atomic_init(&s->event_posted, false);
	atomic_init(&s->events_in, 0);
	atomic_init(&s->events_out, 0);
	atomic_init(&s->events_lost, 0);
	atomic_init(&s->audio_due, false);
	s->audio = sipd_hostaudio_ref(conf->audio);
	if (conf->listener) {
		s->listener = sipd_listener_open(conf->listener);
		if (!s->listener)
			return open_failed(s,
					   sipd_error(SIPDIALER_ENOMEM,
						      "no memory to listen"));
	}

	err = sipd_rtp_open(&s->rtp, conf->media, &conf->addr, conf->port_min,
			    conf->port_max, &sipd_pump_handlers, s);
	if (err)
		return open_failed(s, err);

	sipd_rtp_dscp(s->rtp, conf->dscp);
	s->wide = conf->wide && !sipd_rtp_widen(s->rtp, conf->opus);
	if (conf->wide && !s->wide) {
		s->closing = true; /* nobody is told */
		memset(&s->h, 0, sizeof(s->h));
		sipd_rtp_close(s->rtp);
		return SIPDIALER_ENOMEM;
	}
	if (conf->rtp_timeout_ms)
		sipd_rtp_timeout(s->rtp, conf->rtp_timeout_ms);
	*sp = s;

	return 0;
}


uint16_t sipd_stream_port(const struct sipd_stream *s)
{
	return sipd_rtp_port(s->rtp);
}


void sipd_stream_connect(struct sipd_stream *s,
			 const struct sipd_sdp_remote *remote)
{
	if (s->closing)
		return;

	atomic_store(&s->sends, remote->dir & SIPD_SENDONLY &&
					remote->codec != SIPD_CODEC_NONE &&
					remote->rtp.sa.sa_family);
	atomic_store(&s->tones, remote->tones_in);
	sipd_rtp_connect(s->rtp, remote);
}


void sipd_stream_answered(struct sipd_stream *s)
{
	if (s->listener)
		sipd_listener_answered(s->listener);
}


void sipd_stream_await(struct sipd_stream *s, uint32_t quiet_ms)
{
	if (s->listener)
		sipd_listener_await(s->listener, quiet_ms);
}


void sipd_stream_timeout(struct sipd_stream *s, uint32_t timeout_ms)
{
	if (!s->closing)
		sipd_rtp_timeout(s->rtp, timeout_ms);
}


void sipd_stream_play(struct sipd_stream *s, struct sipd_prompt *prompt,
		      uint32_t repeat)
{
	if (!s->closing)
		play(s, sipd_prompt_ref(prompt), repeat ? repeat : 1);
}


void sipd_stream_stop_play(struct sipd_stream *s)
{
	if (!s->closing)
		play(s, NULL, 0);
}


void sipd_stream_bridge(struct sipd_stream *s, struct sipd_bridge *b, int end)
{
	if (s->closing)
		return;

	sipd_bridge_unref(s->bridge.next_bridge);
	s->bridge.next_bridge = sipd_bridge_ref(b);
	s->bridge.next_end = end;
	command_want(&s->bridge);
}


void sipd_stream_dtmf(struct sipd_stream *s, const char *digits)
{
	if (!s->closing)
		sipd_rtp_dtmf(s->rtp, digits);
}


static void record_refused(struct sipd_stream *s)
{
	const struct sipd_record_news news = {
		.kind = SIPD_RECORD_REFUSED,
		.text = sipd_error_text(),
	};

	note_recording(s, &news);
	if (s->h.recording)
		s->h.recording(&news, s->arg);
}


void sipd_stream_record(struct sipd_stream *s,
			const struct sipd_record_conf *conf)
{
	struct sipd_recorder *recorder = NULL;

	if (s->closing)
		return;

	if (sipd_recorder_start(&recorder, s->recordings, s->loop, conf,
				recorder_handler, s))
		record_refused(s);
	else
		++s->recorders;
	s->recorder = recorder;
	record(s, recorder);
}


void sipd_stream_stop_record(struct sipd_stream *s)
{
	if (s->closing)
		return;

	s->recorder = NULL;
	record(s, NULL);
}


void sipd_stream_record_keep(struct sipd_stream *s, bool keep)
{
	s->record_keep = keep;
}


void sipd_stream_close(struct sipd_stream *s)
{
	if (s->closing)
		return;

	s->closing = true;

	/* what was still to be sent there never will be */
	recorder_finish(s, s->record.next_recorder);
	s->record.next_recorder = NULL;
	sipd_bridge_unref(s->bridge.next_bridge);
	s->bridge.next_bridge = NULL;
	replace_newest(s);
	sipd_rtp_close(s->rtp);
}
