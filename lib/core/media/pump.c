/**
 * @file core/media/pump.c  The part of a stream that runs on its media thread
 */
#include "core/media/stream_own.h"

#include <string.h>
#include "base/clock.h"


static void event_post(struct sipd_stream *s)
{
	if (!atomic_exchange(&s->event_posted, true))
		sipd_loop_post(s->loop, &s->event_work);
}


static bool event_push(struct sipd_stream *s, const struct event *e)
{
	const unsigned in = atomic_load_explicit(&s->events_in,
						 memory_order_relaxed);

	if (in - atomic_load(&s->events_out) >= EVENTS)
		return false;

	s->events[in % EVENTS] = *e;
	atomic_store(&s->events_in, in + 1);
	event_post(s);

	return true;
}


static void event_try(struct sipd_stream *s, enum event_kind kind, char digit,
		      uint32_t ms)
{
	const struct event e = {
		.kind = (uint8_t)kind,
		.digit = digit,
		.ms = (uint16_t)(ms < KEYS_MS_MAX ? ms : KEYS_MS_MAX),
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


static void secured_handler(bool ok, const char *text, void *arg)
{
	const struct event e = {
		.kind = ok ? EVENT_SECURED : EVENT_UNSECURED,
		.text = text,
	};

	(void)event_push(arg, &e);
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
		.kind = EVENT_PLAYED,
		.prompt = s->pump.prompt,
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


static int16_t sum(int a, int b)
{
	const int both = a + b;

	return (int16_t)(both > INT16_MAX   ? INT16_MAX
			 : both < INT16_MIN ? INT16_MIN
					    : both);
}


static size_t frame_size(const struct sipd_stream *s)
{
	return s->wide ? SIPD_FRAME_WIDE : SIPD_FRAME;
}


/* What the other end of a bridge says, and the host with it. */
static bool say_live(struct sipd_stream *s, int16_t *pcm)
{
	const struct pump *p = &s->pump;
	const size_t n = frame_size(s);
	int16_t host[SIPD_FRAME_WIDE];

	if (!p->bridge || !sipd_bridge_take(p->bridge, p->end, pcm, n))
		return s->audio && sipd_hostaudio_say(s->audio, pcm);

	if (s->audio && sipd_hostaudio_say(s->audio, host))
		for (size_t i = 0; i < n; i++)
			pcm[i] = sum(pcm[i], host[i]);

	return true;
}


/* In the codec if it was made so, else as samples of the stream's rate. */
static const int16_t *say_prompt(struct sipd_stream *s,
				 struct sipd_tx_frame *tx,
				 enum sipd_codec_id codec, size_t frame)
{
	const struct sipd_prompt *prompt = s->pump.prompt;
	const int16_t *said = s->wide ? sipd_prompt_wide(prompt, frame)
				      : sipd_prompt_pcm(prompt, frame);

	tx->encoded = sipd_prompt_frame(prompt, codec, frame, &tx->len);
	tx->kind = tx->encoded ? SIPD_TX_ENCODED : SIPD_TX_PCM;
	if (tx->encoded && said)
		return said;

	if (said)
		memcpy(tx->pcm, said, frame_size(s) * sizeof(*said));
	else /* read for a call of 8 kHz */
		sipd_up(&s->pump.up, tx->pcm, sipd_prompt_pcm(prompt, frame),
			SIPD_FRAME);

	return tx->pcm;
}


/* The frame to send: of the prompt, else what is live; what was said, or NULL. */
static const int16_t *say(struct sipd_stream *s, struct sipd_tx_frame *tx,
			  enum sipd_codec_id codec)
{
	const struct sipd_prompt *prompt = s->pump.prompt;
	size_t frame = 0;

	if (prompt_next(s, &frame))
		return say_prompt(s, tx, codec, frame);

	if (prompt)
		prompt_ended(s);
	if (!say_live(s, tx->pcm))
		return NULL;
	tx->kind = SIPD_TX_PCM;

	return tx->pcm;
}


static void hear(struct sipd_stream *s, const struct sipd_rx_frame *rx)
{
	if (!sipd_hostaudio_heard(s->audio, rx))
		return;

	atomic_store(&s->audio_due, true);
	event_post(s);
}


static void listen_keys(struct sipd_stream *s, const int16_t *pcm)
{
	uint32_t ms = 0;
	const char key = sipd_dtmf_hear(&s->pump.dtmf, pcm, SIPD_FRAME, &ms);

	if (key)
		event_try(s, EVENT_TONE, key, ms);
}


/* Detectors are for 8 kHz. */
static void detect(struct sipd_stream *s, const struct sipd_rx_frame *rx)
{
	const bool keys = atomic_load_explicit(&s->tones,
					       memory_order_relaxed);
	int16_t narrow[SIPD_FRAME];
	const int16_t *pcm = rx->pcm;

	if (!keys && !s->listener)
		return;

	if (s->wide) {
		sipd_down(&s->pump.down, narrow, rx->pcm, SIPD_FRAME);
		pcm = narrow;
	}
	if (keys)
		listen_keys(s, pcm);
	if (s->listener &&
	    sipd_listener_hear(s->listener, pcm, rx->kind == SIPD_RX_AUDIO))
		event_post(s);
}


static void frame_handler(const struct sipd_rx_frame *rx,
			  struct sipd_tx_frame *tx, enum sipd_codec_id codec,
			  void *arg)
{
	struct sipd_stream *s = arg;
	struct pump *p = &s->pump;
	/* while held, or before there are keys, nothing is sent: prompt and
	 * host's audio wait */
	const bool sends = atomic_load_explicit(&s->sends,
						memory_order_relaxed) &&
			   sipd_rtp_ready(s->rtp);
	const int16_t *said;

	tx->kind = SIPD_TX_SILENCE;
	said = sends ? say(s, tx, codec) : NULL;
	detect(s, rx);
	if (p->bridge)
		sipd_bridge_put(p->bridge, p->end, rx);
	if (s->audio)
		hear(s, rx);
	if (p->recorder)
		sipd_recorder_put(p->recorder, rx, said, sipd_clock_us());
}


void sipd_pump_play(struct command *c)
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


void sipd_pump_record(struct command *c)
{
	struct sipd_recorder *old = c->s->pump.recorder;

	c->s->pump.recorder = c->recorder;
	c->recorder = old;
}


void sipd_pump_bridge(struct command *c)
{
	struct pump *p = &c->s->pump;
	struct sipd_bridge *old = p->bridge;

	p->bridge = c->bridge;
	p->end = c->end;
	c->bridge = old;
}


static void rtp_closed_handler(const struct sipd_rtp_stats *st, void *arg)
{
	struct sipd_stream *s = arg;

	s->stats = *st;
	sipd_loop_post(s->loop, &s->closed_work);
}


const struct sipd_rtp_handlers sipd_pump_handlers = {
	.frame = frame_handler,
	.dtmf = dtmf_handler,
	.first = first_handler,
	.silent = silent_handler,
	.secured = secured_handler,
	.dtmf_sent = dtmf_sent_handler,
	.closed = rtp_closed_handler,
};
