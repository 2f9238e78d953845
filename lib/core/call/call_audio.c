/**
 * @file core/call/call_audio.c  The audio side of a call
 *
 * Opens the stream before the INVITE (its port goes into the offer), connects
 * it when SDP is agreed, and plays what the call is for once answered.
 */
#include "core/call/internal.h"

#include <stdlib.h>
#include "base/error.h"
#include "base/text.h"

enum {
	/* Far ends buffer up to some 200 ms; a BYE at once would cut the end
	 * of the prompt. */
	TAIL_MS = 200
};


static void dtmf_handler(char digit, uint32_t duration_ms, void *arg)
{
	sipd_call_note_dtmf(arg, digit, duration_ms);
}


static void silent_handler(void *arg)
{
	struct sipd_call *call = arg;

	if (call->state != SIPD_CALL_ANSWERED || call->held)
		return;

	call->rtp_silent = true;
	sipd_call_hangup(call, "no RTP received");
}


static void tail_handler(void *arg)
{
	sipd_call_hangup(arg, "prompt played");
}


static void hangup_after_tail(struct sipd_call *call)
{
	if (call->state == SIPD_CALL_ANSWERED)
		sipd_timer_start(&call->timer, TAIL_MS, tail_handler, call);
}


static void played_handler(struct sipd_prompt *prompt, bool whole, void *arg)
{
	struct sipd_call *call = arg;

	call->h->played(call, sipd_prompt_path(prompt),
			whole ? SIPDIALER_OK : SIPDIALER_ECANCELLED,
			whole ? "" : "stopped", call->arg);

	if (whole && call->hangup_after_play)
		hangup_after_tail(call);
}


static void dtmf_sent_handler(void *arg)
{
	struct sipd_call *call = arg;

	/* with a prompt, its end is the end of the call */
	if (call->hangup_after_play && !call->prompt)
		hangup_after_tail(call);
}


static void first_handler(void *arg)
{
	(void)arg;
}


static void closed_handler(const struct sipd_stream_end *end, void *arg)
{
	struct sipd_call *call = arg;

	if (end->record_error)
		sipd_log_warning(call->env.log, "call %llu: recording: %s",
				 (unsigned long long)call->id,
				 end->record_error);

	call->stream = NULL;
	call->rtp = end->rtp;
	call->recording = sipd_strdup(end->recording);
	sipd_call_finish_if_over(call);
}


static const struct sipd_stream_handlers stream_handlers = {
	.dtmf = dtmf_handler,
	.first = first_handler,
	.silent = silent_handler,
	.played = played_handler,
	.dtmf_sent = dtmf_sent_handler,
	.closed = closed_handler,
};


int sipd_call_audio_open(struct sipd_call *call)
{
	struct sipd_stream_conf conf = {
		.media = call->env.media,
		.disk = call->env.disk,
		.loop = call->env.loop,
		.log = call->env.log,
		.port_min = call->env.port_min,
		.port_max = call->env.port_max,
		.rtp_timeout_ms = call->rtp_timeout_ms,
	};
	int err;

	if (!sipd_sip_media_address(call->env.sip, call->to, &conf.addr,
				    &call->sdp.addr))
		return sipd_error(SIPDIALER_ENET, "no route to \"%s\"",
				  call->to);

	err = sipd_stream_open(&call->stream, &conf, &stream_handlers, call);
	if (err)
		return err;

	sipd_addr_set_port(&call->sdp.addr, sipd_stream_port(call->stream));

	return SIPDIALER_OK;
}


void sipd_call_audio_connect(struct sipd_call *call,
			     const struct sipd_sdp_remote *remote)
{
	if (!call->stream)
		return;

	sipd_stream_connect(call->stream, remote);
	call->connected = true;
}


void sipd_call_audio_answered(struct sipd_call *call)
{
	if (!call->stream)
		return;

	if (call->record)
		sipd_stream_record(call->stream, call->record,
				   call->record_stereo);
	if (call->dtmf_send)
		sipd_stream_dtmf(call->stream, call->dtmf_send);
	if (call->prompt)
		sipd_stream_play(call->stream, call->prompt, call->repeat);
	else if (!call->dtmf_send && call->hangup_after_play)
		hangup_after_tail(call);
}


void sipd_call_note_dtmf(struct sipd_call *call, char digit,
			 uint32_t duration_ms)
{
	if (call->state != SIPD_CALL_ANSWERED &&
	    call->state != SIPD_CALL_DIALING)
		return;

	if (call->dtmfc < SIPD_CALL_DTMF_MAX)
		call->dtmf[call->dtmfc++] = digit;

	call->h->dtmf(call, digit, duration_ms, call->arg);
}


/* A prompt asked for by the host while the call is up. */
static void play_loaded(struct sipd_prompt *prompt, int error,
			const char *text, void *arg)
{
	struct sipd_call *call = arg;

	call->loading = false;

	if (call->state == SIPD_CALL_CLOSING) {
		if (prompt)
			sipd_prompt_unref(prompt);
		sipd_call_finish_if_over(call);
		return;
	}

	if (!prompt) {
		call->h->played(call, call->play, error, text, call->arg);
		return;
	}

	if (call->prompt)
		sipd_prompt_unref(call->prompt);
	call->prompt = prompt;

	if (call->state == SIPD_CALL_ANSWERED && call->stream)
		sipd_stream_play(call->stream, prompt, call->repeat);
}


void sipd_call_play(struct sipd_call *call, const char *path, uint32_t repeat)
{
	char *copy;

	if (call->state == SIPD_CALL_CLOSING)
		return;

	if (!*path) {
		if (call->stream)
			sipd_stream_stop_play(call->stream);
		return;
	}

	copy = sipd_strdup(path);
	if (call->loading || !copy) {
		free(copy);
		call->h->played(call, path,
				call->loading ? SIPDIALER_EFULL
					      : SIPDIALER_ENOMEM,
				"another prompt is being loaded", call->arg);
		return;
	}

	free(call->play);
	call->play = copy;
	call->repeat = repeat;
	call->loading = true;
	if (sipd_prompts_load(call->env.prompts, path, play_loaded, call)) {
		call->loading = false;
		call->h->played(call, path, SIPDIALER_ENOMEM,
				sipd_error_text(), call->arg);
	}
}


void sipd_call_dtmf(struct sipd_call *call, const char *digits)
{
	if (call->stream && call->state == SIPD_CALL_ANSWERED)
		sipd_stream_dtmf(call->stream, digits);
}


void sipd_call_record_to(struct sipd_call *call, const char *path, bool stereo)
{
	if (!call->stream || call->state == SIPD_CALL_CLOSING)
		return;

	if (*path)
		sipd_stream_record(call->stream, path, stereo);
	else
		sipd_stream_stop_record(call->stream);
}
