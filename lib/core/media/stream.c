/**
 * @file core/media/stream.c  The audio of one call: prompt out, recording in
 *
 * Two threads, no lock.  `struct pump` belongs to the media thread; the loop
 * changes it by commands that run there between two ticks and come back with
 * what they took out.  What happens on the media thread goes to the loop
 * through a small ring, in order.  Nothing is allocated or freed there.
 */
#include "core/media/stream.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "core/media/recorder.h"

enum {
	EVENTS = 32,        /* from the media thread; a key takes >= 40 ms, so
			     * that this is more than a second of them */
	KEYS_MS_MAX = 65535
};

enum event_kind { EVENT_DTMF, EVENT_FIRST, EVENT_SILENT, EVENT_DTMF_SENT,
		  EVENT_PLAYED };

struct event {
	uint8_t kind;
	char digit;
	uint16_t ms;
	struct sipd_prompt *prompt;
};

/* Of the media thread. */
struct pump {
	struct sipd_prompt *prompt; /* NULL: silence; a reference */
	size_t frame, frames;
	uint32_t left;              /* times to play, this one included */
	struct sipd_recorder *recorder;
};

/* A change of the pump.  One of each is enough: what is asked for while it is
 * on its way waits, and only the newest of that counts. */
struct command {
	struct sipd_work work;      /* first member */
	struct sipd_stream *s;
	bool away;                  /* until it is back on the loop */
	bool again;                 /* the newest waits */

	/* taken there, or what was there on the way back */
	struct sipd_prompt *prompt;
	uint32_t repeat;
	struct sipd_recorder *recorder;

	/* the newest */
	struct sipd_prompt *next_prompt;
	uint32_t next_repeat;
	struct sipd_recorder *next_recorder;
};

/* A prompt that never came to be played: told on a later turn, because the
 * caller is inside sipd_stream_play() or sipd_stream_close(). */
struct unplayed {
	struct sipd_work work;      /* first member */
	struct sipd_stream *s;
	struct sipd_prompt *prompt;
};

struct sipd_stream {
	struct sipd_rtp *rtp;
	struct sipd_loop *loop;
	struct sipd_disk *disk;
	struct sipd_log *log;
	struct sipd_stream_handlers h;
	void *arg;

	struct pump pump;
	struct command play, record;

	struct sipd_work event_work;
	atomic_bool event_posted;
	atomic_uint events_in, events_out; /* counters */
	atomic_uint events_lost;
	struct event events[EVENTS];

	struct sipd_work closed_work;
	struct sipd_work later;     /* frees it */
	bool closing, closed;
	unsigned recorders;         /* whose file is not complete */
	struct sipd_rtp_stats stats;
	char *recording;            /* path of the last, NULL none */
	uint64_t recorded_ms;
	char *record_error;
};

_Static_assert(sizeof(struct sipd_stream) < 4096,
	       "thousands of calls: a stream must stay small");


/* ---- media thread ------------------------------------------------------ */

static bool event_push(struct sipd_stream *s, const struct event *e)
{
	const unsigned in = atomic_load_explicit(&s->events_in,
						 memory_order_relaxed);

	if (in - atomic_load(&s->events_out) >= EVENTS)
		return false;

	s->events[in % EVENTS] = *e;
	atomic_store(&s->events_in, in + 1);
	if (!atomic_exchange(&s->event_posted, true))
		sipd_loop_post(s->loop, &s->event_work);

	return true;
}


static void event_try(struct sipd_stream *s, enum event_kind kind, char digit,
		      uint32_t ms)
{
	const struct event e = {
		.kind = (uint8_t)kind,
		.digit = digit,
		.ms = (uint16_t)(ms < KEYS_MS_MAX ? ms : KEYS_MS_MAX)
	};

	if (!event_push(s, &e))
		atomic_fetch_add(&s->events_lost, 1);
}


static void dtmf_handler(char digit, uint32_t duration_ms, void *arg)
{
	event_try(arg, EVENT_DTMF, digit, duration_ms);
}


static void first_handler(void *arg)
{
	event_try(arg, EVENT_FIRST, 0, 0);
}


static void silent_handler(void *arg)
{
	event_try(arg, EVENT_SILENT, 0, 0);
}


static void dtmf_sent_handler(void *arg)
{
	event_try(arg, EVENT_DTMF_SENT, 0, 0);
}


/* The prompt has been played as often as wanted: give it back.  If the ring is
 * full, the next tick tries again. */
static void prompt_ended(struct sipd_stream *s)
{
	const struct event e = {
		.kind = EVENT_PLAYED, .prompt = s->pump.prompt
	};

	if (event_push(s, &e))
		s->pump.prompt = NULL;
}


/* Frame of the prompt to send now, and move on. */
static bool prompt_next(struct sipd_stream *s, size_t *frame)
{
	struct pump *p = &s->pump;

	if (!p->prompt)
		return false;

	if (p->frame >= p->frames && p->left > 1 && p->frames) {
		--p->left;
		p->frame = 0;
	}
	if (p->frame >= p->frames)
		return false;

	*frame = p->frame++;

	return true;
}


static void frame_handler(const struct sipd_rx_frame *rx,
			  struct sipd_tx_frame *tx, enum sipd_codec_id codec,
			  void *arg)
{
	struct sipd_stream *s = arg;
	struct pump *p = &s->pump;
	const int16_t *said = NULL;
	size_t frame = 0;

	if (tx)
		tx->kind = SIPD_TX_SILENCE;

	/* while held nothing is sent, and the prompt waits */
	if (tx && prompt_next(s, &frame)) {
		said = sipd_prompt_pcm(p->prompt, frame);
		tx->encoded = sipd_prompt_encoded(p->prompt, codec, frame);
		if (tx->encoded) {
			tx->kind = SIPD_TX_ENCODED;
		}
		else {
			tx->kind = SIPD_TX_PCM;
			memcpy(tx->pcm, said, sizeof(tx->pcm));
		}
	}
	else if (tx && p->prompt) {
		prompt_ended(s);
	}

	if (p->recorder)
		sipd_recorder_put(p->recorder, rx, said);
}


static void play_there(struct command *c)
{
	struct pump *p = &c->s->pump;
	struct sipd_prompt *old;

	/* one that has just been sent to its end is not cut off */
	if (p->prompt && p->frame >= p->frames && p->left <= 1)
		prompt_ended(c->s);

	old = p->prompt;
	p->prompt = c->prompt;
	p->frame = 0;
	p->frames = c->prompt ? sipd_prompt_frames(c->prompt) : 0;
	p->left = c->repeat;
	c->prompt = old;
}


static void record_there(struct command *c)
{
	struct sipd_recorder *old = c->s->pump.recorder;

	c->s->pump.recorder = c->recorder;
	c->recorder = old;
}


/* ---- loop thread: events ----------------------------------------------- */

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


static void tell_event(struct sipd_stream *s, const struct event *e)
{
	switch ((enum event_kind)e->kind) {
	case EVENT_DTMF:
		if (s->h.dtmf)
			s->h.dtmf(e->digit, e->ms, s->arg);
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
	case EVENT_PLAYED:
		tell_played(s, e->prompt, true);
		break;
	}
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

	lost = atomic_exchange(&s->events_lost, 0);
	if (lost)
		sipd_log_warning(s->log, "media: %u keys lost, more than %d "
				 "events waited for the loop", lost, EVENTS);
}


static void event_handler(struct sipd_work *work)
{
	struct sipd_stream *s = (struct sipd_stream *)(void *)
		((char *)work - offsetof(struct sipd_stream, event_work));

	/* before looking: what comes later posts again */
	atomic_store(&s->event_posted, false);
	events_drain(s);
}


/* ---- loop thread: end -------------------------------------------------- */

static void stream_free(struct sipd_work *work)
{
	struct sipd_stream *s = (struct sipd_stream *)(void *)
		((char *)work - offsetof(struct sipd_stream, later));

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
		.record_error = s->record_error
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


static void recorded_handler(const struct sipd_recorder_end *end, void *arg)
{
	struct sipd_stream *s = arg;

	/* the last that made a file is told; an error stays told */
	if (end->path) {
		replace(&s->recording, end->path);
		s->recorded_ms = end->ms;
	}
	if (end->error) {
		sipd_log_warning(s->log, "recording %s: %s",
				 end->path ? end->path : "", end->error);
		replace(&s->record_error, end->error);
	}

	--s->recorders;
	tell_closed(s);
}


static void recorder_finish(struct sipd_stream *s, struct sipd_recorder *r)
{
	if (r)
		sipd_recorder_end(r, recorded_handler, s);
}


static void closed_handler(struct sipd_work *work)
{
	struct sipd_stream *s = (struct sipd_stream *)(void *)
		((char *)work - offsetof(struct sipd_stream, closed_work));

	/* its commands and events came before it, in order */
	assert(!s->play.away && !s->record.away);
	events_drain(s);

	tell_played(s, s->pump.prompt, s->pump.left <= 1 &&
		    s->pump.frame >= s->pump.frames);
	s->pump.prompt = NULL;
	recorder_finish(s, s->pump.recorder);
	s->pump.recorder = NULL;

	s->closed = true;
	tell_closed(s);
}


/* @thread media */
static void rtp_closed_handler(const struct sipd_rtp_stats *st, void *arg)
{
	struct sipd_stream *s = arg;

	s->stats = *st;
	sipd_loop_post(s->loop, &s->closed_work);
}


/* ---- loop thread: commands --------------------------------------------- */

static void command_back(struct sipd_work *work);


/* @thread media */
static void command_run(struct sipd_work *work)
{
	struct command *c = (struct command *)(void *)work;

	if (c == &c->s->play)
		play_there(c);
	else
		record_there(c);
	work->h = command_back;
	sipd_loop_post(c->s->loop, work);
}


static void command_send(struct command *c)
{
	c->prompt = c->next_prompt;
	c->repeat = c->next_repeat;
	c->recorder = c->next_recorder;
	c->next_prompt = NULL;
	c->next_recorder = NULL;
	c->again = false;
	c->away = true;
	c->work.h = command_run;
	sipd_rtp_call(c->s->rtp, &c->work);
}


static void command_back(struct sipd_work *work)
{
	struct command *c = (struct command *)(void *)work;
	struct sipd_stream *s = c->s;
	struct sipd_prompt *prompt = c->prompt;
	struct sipd_recorder *recorder = c->recorder;

	c->prompt = NULL;
	c->recorder = NULL;
	c->away = false;

	/* what was asked for while it was away; after close nothing is */
	if (c->again && !s->closing)
		command_send(c);

	recorder_finish(s, recorder);
	tell_played(s, prompt, false);
}


static void command_want(struct command *c)
{
	c->again = true;
	if (!c->away)
		command_send(c);
}


static void unplayed_handler(struct sipd_work *work)
{
	struct unplayed *u = (struct unplayed *)(void *)work;

	tell_played(u->s, u->prompt, false);
	free(u);
}


/* Drop the newest before it was sent. */
static void unplayed(struct sipd_stream *s)
{
	struct sipd_prompt *prompt = s->play.next_prompt;
	struct unplayed *u;

	s->play.next_prompt = NULL;
	if (!prompt)
		return;

	u = malloc(sizeof(*u));
	if (!u) {
		sipd_log_warning(s->log, "media: no memory to tell of a "
				 "prompt not played");
		sipd_prompt_unref(prompt);
		return;
	}

	u->work.h = unplayed_handler;
	u->s = s;
	u->prompt = prompt;
	sipd_loop_post(s->loop, &u->work);
}


static void play(struct sipd_stream *s, struct sipd_prompt *prompt,
		 uint32_t repeat)
{
	unplayed(s);
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


/* ---- loop thread: the door --------------------------------------------- */

int sipd_stream_open(struct sipd_stream **sp,
		     const struct sipd_stream_conf *conf,
		     const struct sipd_stream_handlers *h, void *arg)
{
	static const struct sipd_rtp_handlers handlers = {
		.frame = frame_handler, .dtmf = dtmf_handler,
		.first = first_handler, .silent = silent_handler,
		.dtmf_sent = dtmf_sent_handler, .closed = rtp_closed_handler
	};
	struct sipd_stream *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for a stream");

	s->loop = conf->loop;
	s->disk = conf->disk;
	s->log = conf->log;
	s->h = *h;
	s->arg = arg;
	s->play.s = s;
	s->record.s = s;
	s->event_work.h = event_handler;
	s->closed_work.h = closed_handler;
	atomic_init(&s->event_posted, false);
	atomic_init(&s->events_in, 0);
	atomic_init(&s->events_out, 0);
	atomic_init(&s->events_lost, 0);

	err = sipd_rtp_open(&s->rtp, conf->media, &conf->addr, conf->port_min,
			    conf->port_max, &handlers, s);
	if (err) {
		free(s);
		return err;
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
	if (!s->closing)
		sipd_rtp_connect(s->rtp, remote);
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


void sipd_stream_dtmf(struct sipd_stream *s, const char *digits)
{
	if (!s->closing)
		sipd_rtp_dtmf(s->rtp, digits);
}


void sipd_stream_record(struct sipd_stream *s, const char *path, bool stereo)
{
	struct sipd_recorder *recorder = NULL;

	if (s->closing)
		return;

	if (sipd_recorder_start(&recorder, s->disk, path, stereo)) {
		sipd_log_warning(s->log, "%s", sipd_error_text());
		replace(&s->record_error, sipd_error_text());
	}
	else {
		++s->recorders;
	}
	record(s, recorder);
}


void sipd_stream_stop_record(struct sipd_stream *s)
{
	if (!s->closing)
		record(s, NULL);
}


void sipd_stream_close(struct sipd_stream *s)
{
	if (s->closing)
		return;

	s->closing = true;

	/* what was still to be sent there never will be; told before the end,
	 * which the media thread posts */
	recorder_finish(s, s->record.next_recorder);
	s->record.next_recorder = NULL;
	unplayed(s);
	sipd_rtp_close(s->rtp);
}
