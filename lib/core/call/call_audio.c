/**
 * @file core/call/call_audio.c  The audio side of a call
 *
 * Opens the stream before the INVITE (its port goes into the offer), connects
 * it when SDP is agreed, and plays what the call is for once answered.
 */
#include "core/call/internal.h"

#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/text.h"

enum {
	/* Far ends buffer up to some 200 ms; a BYE at once would cut the end
	 * of the prompt. */
	TAIL_MS = 200
};


static void dtmf_handler(char digit, uint32_t duration_ms, void *arg)
{
	sipd_call_key(arg, digit, duration_ms, SIPD_KEY_EVENT);
}


static void tone_handler(char digit, uint32_t duration_ms, void *arg)
{
	sipd_call_key(arg, digit, duration_ms, SIPD_KEY_TONE);
}


static void silent_handler(void *arg)
{
	struct sipd_call *call = arg;

	if (call->state != SIPD_CALL_ANSWERED || call->held || call->holding)
		return;

	call->rtp_silent = true;
	sipd_call_hangup(call, "no RTP received");
}


static void tail_handler(void *arg)
{
	struct sipd_call *call = arg;

	sipd_call_hangup(call, call->tail_reason);
}


void sipd_call_hangup_soon(struct sipd_call *call, const char *reason)
{
	call->tail_reason = reason;
	sipd_timer_start(&call->timer, TAIL_MS, tail_handler, call);
}


/* What is being read, or was asked for since, is still to be heard. */
void sipd_call_hangup_if_done(struct sipd_call *call)
{
	if (call->hangup_after_play && call->state == SIPD_CALL_ANSWERED &&
	    !call->newest && !call->plays && !call->keying &&
	    !call->info_keying && !call->stopped && !sipd_call_amd_busy(call))
		sipd_call_hangup_soon(call, "prompt played");
}


static void play(struct sipd_call *call)
{
	++call->plays;
	sipd_stream_play(call->stream, call->prompt, call->repeat);
}


static void played_handler(struct sipd_prompt *prompt, bool whole, void *arg)
{
	struct sipd_call *call = arg;

	--call->plays;
	if (sipd_call_message_played(call, prompt, whole))
		return;

	call->h->played(call, sipd_prompt_path(prompt),
			whole ? SIPDIALER_OK : SIPDIALER_ECANCELLED,
			whole ? "" : "stopped", call->arg);
	if (!whole)
		return;

	call->keying = false; /* they go before the prompt */
	sipd_call_hangup_if_done(call);
}


static void dtmf_sent_handler(void *arg)
{
	struct sipd_call *call = arg;

	call->keying = false;
	sipd_call_hangup_if_done(call);
}


void sipd_call_keying_done(struct sipd_call *call)
{
	call->info_keying = false;
	sipd_call_hangup_if_done(call);
}


static void audio_handler(void *arg)
{
	struct sipd_call *call = arg;

	call->h->audio(call, call->arg);
}


static void first_handler(void *arg)
{
	(void)arg;
}


static void secured_handler(bool ok, const char *text, void *arg)
{
	struct sipd_call *call = arg;

	if (ok) {
		call->srtp = text;
		return;
	}

	/* before the answer it may be another far end: that one begins anew */
	sipd_log_warning(call->env.log, "call %llu: %s",
			 (unsigned long long)call->id, text);
	call->srtp = NULL;
	if (call->state != SIPD_CALL_ANSWERED)
		return;
	call->outcome.error = SIPDIALER_ENET;
	call->rtp_silent = true; /* and nothing will ever be heard */
	sipd_call_hangup(call, text);
}


static void closed_handler(const struct sipd_stream_end *end, void *arg)
{
	struct sipd_call *call = arg;

	call->stream = NULL;
	call->rtp = end->rtp;
	call->recording = sipd_strdup(end->recording);
	sipd_call_finish_if_over(call);
}


static const struct sipd_stream_handlers stream_handlers = {
	.dtmf = dtmf_handler,
	.tone = tone_handler,
	.first = first_handler,
	.silent = silent_handler,
	.secured = secured_handler,
	.played = played_handler,
	.dtmf_sent = dtmf_sent_handler,
	.audio = audio_handler,
	.recording = sipd_call_recording,
	.told = sipd_call_amd_told,
	.closed = closed_handler,
};


/* Keys and certificate that the description will have. */
static int secure_init(struct sipd_call *call)
{
	const enum sipd_srtp_mode mode = call->sdp.secure.mode;
	const char *fingerprint = mode == SIPD_SRTP_OFF
					  ? ""
					  : sipd_media_fingerprint(
						    call->env.media);

	if (mode == SIPD_SRTP_DTLS && !*fingerprint)
		return SIPDIALER_EIO;

	return sipd_secure_init(&call->sdp.secure, mode, fingerprint);
}


int sipd_call_audio_open(struct sipd_call *call)
{
	const unsigned kinds = sipd_prompt_kinds(call->sdp.codecs,
						 call->sdp.codecc);
	struct sipd_stream_conf conf = {
		.media = call->env.media,
		.recordings = call->env.recordings,
		.loop = call->env.loop,
		.log = call->env.log,
		.port_min = call->env.port_min,
		.port_max = call->env.port_max,
		.dscp = call->env.dscp,
		.rtp_timeout_ms = call->rtp_timeout_ms,
		.wide = kinds & SIPD_PROMPT_WIDE,
		.opus = kinds & SIPD_PROMPT_OPUS,
		.audio = call->audio,
		.listener = sipd_call_amd_listener(call),
	};
	bool routed;
	int err;

	routed = call->inbound
			 ? sipd_invite_media_address(call->invite, &conf.addr,
						     &call->sdp.addr)
			 : sipd_sip_media_address(call->env.sip, call->to,
						  &conf.addr, &call->sdp.addr);
	if (!routed)
		return sipd_error(SIPDIALER_ENET, "no route to \"%s\"",
				  call->to);

	err = secure_init(call);
	if (err)
		return err;

	err = sipd_stream_open(&call->stream, &conf, &stream_handlers, call);
	if (err)
		return err;

	sipd_addr_set_port(&call->sdp.addr, sipd_stream_port(call->stream));
	sipd_call_bridge_audio(call);

	return SIPDIALER_OK;
}


void sipd_call_audio_connect(struct sipd_call *call,
			     const struct sipd_sdp_remote *remote)
{
	struct sipd_sdp_remote agreed = *remote;

	if (!call->stream)
		return;

	sipd_call_keys_agree(call, &agreed);
	sipd_stream_connect(call->stream, &agreed);
	call->connected = true;
}


void sipd_call_note_srtp(struct sipd_call *call,
			 const struct sipd_secure *secure)
{
	const struct sipd_srtp_suite_def *suite = sipd_srtp_suite(
		secure->suite);

	if (suite)
		call->srtp = suite->name;
	else if (!secure->role)
		call->srtp = NULL;
	else if (!call->srtp || strncmp(call->srtp, "dtls", 4))
		call->srtp = "dtls"; /* the handshake tells the suite */
}


void sipd_call_audio_answered(struct sipd_call *call)
{
	if (!call->stream)
		return;

	/* silence before the answer is none of it */
	if (call->early_told)
		sipd_stream_timeout(call->stream, call->rtp_timeout_ms);
	sipd_call_record_answered(call);
	if (call->dtmf_send)
		sipd_call_keys_send(call, call->dtmf_send);
	sipd_call_amd_answered(call);
	if (call->prompt && !sipd_call_amd_busy(call))
		play(call);
	sipd_call_hangup_if_done(call);
}


/* ---- prompts ------------------------------------------------------------ */

static void drop_prompt(struct sipd_call *call)
{
	if (call->prompt)
		sipd_prompt_unref(call->prompt);
	call->prompt = NULL;
}


void sipd_call_play_now(struct sipd_call *call)
{
	play(call);
	if (call->state != SIPD_CALL_ANSWERED)
		drop_prompt(call); /* the answer does not begin it anew */
}


/* Only the newest is played; that of the answer with the answer. */
static void take_prompt(struct sipd_call *call, struct sipd_call_load *load,
			struct sipd_prompt *prompt)
{
	drop_prompt(call);
	call->prompt = prompt;
	call->repeat = load->repeat;

	if (!load->first && sipd_call_heard(call))
		sipd_call_play_now(call);
}


static void load_handler(struct sipd_prompt *prompt, int error,
			 const char *text, void *arg)
{
	struct sipd_call_load *load = arg;
	struct sipd_call *call = load->call;
	const bool newest = call->newest == load;
	const bool over = call->state == SIPD_CALL_CLOSING;

	--call->loads;
	if (newest)
		call->newest = NULL;

	if (prompt && newest && !over)
		take_prompt(call, load, prompt);
	else if (prompt)
		sipd_prompt_unref(prompt);

	if (!over && (error || !newest) && !load->first)
		call->h->played(call, load->path,
				error ? error : SIPDIALER_ECANCELLED,
				error ? text : "replaced", call->arg);
	if (!over && load->first)
		sipd_call_loaded(call, error, text);
	else if (over)
		sipd_call_finish_if_over(call);
	else if (error)
		sipd_call_hangup_if_done(call);
	free(load);
}


int sipd_call_load(struct sipd_call *call, const char *path, uint32_t repeat,
		   bool first)
{
	struct sipd_call_load *load;
	int err;

	if (call->loads >= SIPD_CALL_LOADS_MAX)
		return sipd_error(
			SIPDIALER_EFULL,
			"%d prompts are being read for this call, the limit",
			SIPD_CALL_LOADS_MAX);

	load = malloc(sizeof(*load) + strlen(path) + 1);
	if (!load)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for a prompt");

	load->call = call;
	load->repeat = repeat;
	load->first = first;
	memcpy(load->path, path, strlen(path) + 1);
	err = sipd_prompts_load_as(call->env.prompts, path,
				   sipd_prompt_kinds(call->sdp.codecs,
						     call->sdp.codecc),
				   load_handler, load);
	if (err) {
		free(load);
		return err;
	}

	/* the first one never replaces what the host has asked for since */
	if (!first || (!call->newest && !call->prompt))
		call->newest = load;
	if (!first)
		call->stopped = false;
	++call->loads;

	return SIPDIALER_OK;
}


/* The prompt of the settings too, if it is not being read yet. */
static void stop_play(struct sipd_call *call)
{
	call->newest = NULL;
	free(call->play);
	call->play = NULL;
	if (sipd_call_heard(call)) {
		call->stopped = call->state == SIPD_CALL_ANSWERED;
		sipd_stream_stop_play(call->stream);
	}
	if (call->state != SIPD_CALL_ANSWERED)
		drop_prompt(call);
}


void sipd_call_play(struct sipd_call *call, const char *path, uint32_t repeat)
{
	int err;

	if (call->state == SIPD_CALL_CLOSING)
		return;

	sipd_call_amd_taken(call, "the host plays something else");
	if (!*path) {
		stop_play(call);
		return;
	}

	err = sipd_call_load(call, path, repeat, false);
	if (err)
		call->h->played(call, path, err, sipd_error_text(), call->arg);
}


/* Keys asked for before the answer are sent behind those of the settings. */
static void add_keys(struct sipd_call *call, const char *digits)
{
	const size_t have = call->dtmf_send ? strlen(call->dtmf_send) : 0;
	const size_t more = strlen(digits);
	char *both;

	both = have + more <= SIPD_CALL_DTMF_MAX
		       ? realloc(call->dtmf_send, have + more + 1)
		       : NULL;
	if (!both) {
		sipd_log_warning(
			call->env.log,
			"call %llu: keys dropped, %zu wait for the answer",
			(unsigned long long)call->id, have);
		return;
	}

	memcpy(both + have, digits, more + 1);
	call->dtmf_send = both;
}


void sipd_call_dtmf(struct sipd_call *call, const char *digits)
{
	if (call->state == SIPD_CALL_CLOSING)
		return;

	if (call->state != SIPD_CALL_ANSWERED)
		add_keys(call, digits);
	else if (call->stream)
		sipd_call_keys_send(call, digits);
}
