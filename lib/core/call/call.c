/**
 * @file core/call/call.c  The life of one call
 *
 * loading -> dialing -> answered -> closing -> gone.  Two parts must both have
 * ended before the call has: the INVITE session and the audio stream.
 */
#include "core/call/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/container.h"
#include "base/error.h"
#include "base/text.h"
#include "port/codec/g711.h"

enum { HEADERS_MAX = 32 }; /* extra header lines of one INVITE */


void sipd_call_note_failure(struct sipd_call *call, int error,
			    const char *text)
{
	call->outcome.error = error;
	(void)sipd_strcpy(call->reason, sizeof(call->reason), text);
}


static void fill_record(const struct sipd_call *call,
			struct sipd_call_record *rec)
{
	const bool answered = call->outcome.answered;

	*rec = (struct sipd_call_record){
		.id = call->id,
		.to = call->to,
		.from = call->from,
		.callid = call->callid,
		.start_ms = call->start_ms,
		.ring_ms_at = call->ring_at_ms,
		.answer_ms = call->answer_ms,
		.end_ms = call->end_ms,
		.outcome = call->outcome,
		.disposition = sipd_disposition(&call->outcome),
		.reason = call->reason,
		.codec = call->codec,
		.srtp = call->srtp,
		.dtmf = call->dtmf,
		.recording = call->recording,
		.rtp = call->rtp,
		.amd.beep_at_ms = -1,
	};

	if (call->amd)
		rec->amd = call->amd->record;

	if (call->dial_mono)
		rec->ring_ms = (int64_t)((answered ? call->answer_mono
						   : call->end_mono) -
					 call->dial_mono);
	if (answered)
		rec->talk_ms = (int64_t)(call->end_mono - call->answer_mono);
}


void sipd_call_free(struct sipd_call *call)
{
	sipd_timer_cancel(&call->timer);
	sipd_call_amd_close(call);
	if (call->prompt)
		sipd_prompt_unref(call->prompt);
	sipd_hostaudio_unref(call->audio);
	free(call->to);
	free(call->from);
	free(call->name);
	free(call->headers);
	free(call->privacy);
	free(call->asserted);
	free(call->preferred);
	free(call->diversion);
	free(call->play);
	free(call->dtmf_send);
	free(call->record);
	free(call->record_name);
	free(call->recording);
	free(call->hold_play);
	sipd_secure_wipe(&call->sdp.secure);
	free(call);
}


void sipd_call_finish_if_over(struct sipd_call *call)
{
	struct sipd_call_record rec;

	if (!call->ended_told || call->stream || call->loads)
		return;

	if (call->rtp_silent && !call->rtp.rx)
		call->outcome.media_none = true;

	fill_record(call, &rec);
	call->h->ended(call, &rec, call->arg);
	sipd_call_free(call);
}


/* The INVITE session is over: close the audio, then the call. */
void sipd_call_signalling_over(struct sipd_call *call)
{
	sipd_call_asked_over(call, call->outcome.sip_status);
	sipd_call_amd_over(call);
	sipd_call_unbridge(call, "a call has ended");
	call->invite = NULL;
	call->ended_told = true;
	call->state = SIPD_CALL_CLOSING;
	call->end_ms = sipd_wall_ms();
	call->end_mono = sipd_clock_ms();
	sipd_timer_cancel(&call->timer);

	if (call->stream)
		sipd_stream_close(call->stream);
	else
		sipd_call_finish_if_over(call);
}


static void progress_handler(int status, const char *reason, void *arg)
{
	struct sipd_call *call = arg;
	(void)reason;

	call->progress = status;
	if (call->ring_at_ms && status == 180)
		return;
	if (!call->ring_at_ms)
		call->ring_at_ms = sipd_wall_ms();

	sipd_call_asked_progress(call, status);
	call->h->ringing(call, status, call->arg);
}


static void early_tell(struct sipd_call *call)
{
	const char *gate = sipd_invite_early_gate(call->invite);

	if (call->early_told && gate == call->gate)
		return;

	call->early_told = true;
	call->gate = gate;
	call->h->early(call, call->progress, call->codec, gate, call->arg);
}


static void media_handler(const struct sipd_sdp_remote *remote, bool early,
			  void *arg)
{
	struct sipd_call *call = arg;
	const bool held = !(remote->dir & SIPD_SENDONLY) ||
			  !remote->rtp.sa.sa_family;

	call->codec = sipd_codec_name(remote->codec);
	sipd_call_note_srtp(call, &remote->secure);
	sipd_call_audio_connect(call, remote);

	if (early)
		early_tell(call);

	if (!early && held != call->held) {
		call->held = held;
		if (call->state == SIPD_CALL_ANSWERED) /* else after that */
			call->h->held(call, held, call->arg);
	}
}


static void duration_handler(void *arg)
{
	sipd_call_hangup(arg, "longest duration reached");
}


static void answered_handler(void *arg)
{
	struct sipd_call *call = arg;

	call->state = SIPD_CALL_ANSWERED;
	call->answer_ms = sipd_wall_ms();
	call->answer_mono = sipd_clock_ms();
	call->outcome.answered = true;

	if (call->max_duration_ms)
		sipd_timer_start(&call->timer, call->max_duration_ms,
				 duration_handler, call);

	/* the audio starts before anybody is told: it is what is waited for */
	sipd_call_audio_answered(call);
	sipd_call_asked_progress(call, 200);
	call->h->answered(call, call->codec, call->srtp,
			  (int64_t)(call->answer_mono - call->dial_mono),
			  call->arg);
	if (call->held)
		call->h->held(call, true, call->arg);
}


static void info_dtmf_handler(char digit, uint32_t duration_ms, void *arg)
{
	sipd_call_key(arg, digit, duration_ms, SIPD_KEY_INFO);
}


static void keys_sent_handler(bool ok, void *arg)
{
	(void)ok; /* the log says why */
	sipd_call_keying_done(arg);
}


static void ended_handler(const struct sipd_invite_end *end, void *arg)
{
	struct sipd_call *call = arg;

	call->outcome.sip_status = end->sip_status;
	call->outcome.q850 = end->q850;
	if (end->error)
		call->outcome.error = end->error;
	call->outcome.retry_after_s = end->retry_after;
	call->outcome.answered = end->answered;
	call->outcome.ringing = end->ringing;
	call->outcome.ring_timeout = end->ring_timeout;
	call->outcome.local = end->local;
	call->outcome.network_block = end->network_block;
	if (!call->reason[0] && end->reason)
		(void)sipd_strcpy(call->reason, sizeof(call->reason),
				  end->reason);

	sipd_call_signalling_over(call);
}


const struct sipd_invite_handlers sipd_call_invite_handlers = {
	.progress = progress_handler,
	.media = media_handler,
	.answered = answered_handler,
	.info_dtmf = info_dtmf_handler,
	.keys_sent = keys_sent_handler,
	.ended = ended_handler,
	.holding = sipd_call_holding,
	.transfer = sipd_call_transferred,
	.referred = sipd_call_asked,
};


/* Cut the lines of `text` (changed) into at most HEADERS_MAX pointers. */
static size_t split_lines(char *text, const char *lines[HEADERS_MAX])
{
	size_t n = 0;

	while (text && *text && n < HEADERS_MAX) {
		char *end = strchr(text, '\n');

		if (end)
			*end++ = '\0';
		if (*text)
			lines[n++] = text;
		text = end;
	}

	return n;
}


static int send_invite(struct sipd_call *call)
{
	const char *headers[HEADERS_MAX];
	const struct sipd_invite_params params = {
		.to = call->to,
		.caller_id = call->from,
		.caller_name = call->name,
		.identity = {call->privacy, call->asserted, call->preferred,
			     call->diversion},
		.headers = headers,
		.headerc = split_lines(call->headers, headers),
		.ring_timeout_ms = call->ring_timeout_ms,
	};
	int err;

	err = sipd_call_audio_open(call);
	if (err)
		return err;

	call->start_ms = sipd_wall_ms();
	call->dial_mono = sipd_clock_ms();

	err = sipd_invite_open(&call->invite, call->env.sip, &params,
			       &call->sdp, &sipd_call_invite_handlers, call);
	if (err)
		return err;

	(void)sipd_strcpy(call->callid, sizeof(call->callid),
			  sipd_invite_callid(call->invite));

	return SIPDIALER_OK;
}


static void dial(struct sipd_call *call)
{
	int err;

	call->state = SIPD_CALL_DIALING;
	err = send_invite(call);
	if (err) {
		sipd_call_note_failure(call, err, sipd_error_text());
		sipd_call_signalling_over(call);
		return;
	}

	call->h->dialing(call, call->arg);
}


void sipd_call_loaded(struct sipd_call *call, int error, const char *text)
{
	if (call->inbound) {
		if (error)
			sipd_call_cannot(call, error, text);
		else
			sipd_call_take(call);
		return;
	}
	if (!call->quit && !error) {
		if (!sipd_call_message_load(call))
			dial(call);
		return;
	}

	if (!call->quit)
		sipd_call_note_failure(call, error, text);
	call->outcome.local = call->quit;
	sipd_call_signalling_over(call);
}


void sipd_call_prepare(struct sipd_call *call)
{
	int err;

	if (call->quit || call->prompt || !call->play) {
		sipd_call_loaded(call, 0, "");
		return;
	}

	err = sipd_call_load(call, call->play, 1, true);
	if (err)
		sipd_call_loaded(call, err, sipd_error_text());
}


/* First turn of a call, so that no handler runs inside sipd_call_open(). */
static void begin(struct sipd_work *work)
{
	sipd_call_prepare(SIPD_CONTAINER(work, struct sipd_call, work));
}


static char *text_or_null(const char *text, bool *failed)
{
	char *copy = text && *text ? sipd_strdup(text) : NULL;

	if (text && *text && !copy)
		*failed = true;

	return copy;
}


bool sipd_call_settings(struct sipd_call *call,
			const struct sipd_call_conf *conf)
{
	bool failed = false;

	call->play = text_or_null(conf->play, &failed);
	call->dtmf_send = text_or_null(conf->dtmf, &failed);
	call->record = text_or_null(conf->record, &failed);
	/* of before the answer */
	free(call->record_name);
	free(call->hold_play);
	call->record_name = text_or_null(conf->record_name, &failed);
	call->hold_play = text_or_null(conf->hold_play, &failed);
	call->refer_ask = conf->refer_ask;
	call->max_duration_ms = conf->max_duration_ms;
	call->rtp_timeout_ms = conf->rtp_timeout_ms;
	call->record_stereo = conf->record_stereo;
	call->record_policy = conf->record_policy;
	call->record_max_bytes = conf->record_max_bytes;
	call->record_max_ms = conf->record_max_ms;
	call->campaign = conf->campaign;
	call->contact = conf->contact;
	call->hangup_after_play = conf->hangup_after_play;
	memcpy(call->sdp.codecs, conf->codecs, sizeof(call->sdp.codecs));
	call->sdp.codecc = conf->codecc;
	call->dtmf_mode = conf->dtmf_mode;
	call->sdp.telephone_event = conf->dtmf_mode == SIPD_DTMF_AUTO ||
				    conf->dtmf_mode == SIPD_DTMF_RFC4733;
	call->sdp.rtcp_mux = conf->rtcp_mux;
	if (!call->stream) /* else its keys are told already */
		call->sdp.secure.mode = conf->srtp;
	call->sdp.session_id = call->id;
	call->sdp.version = 1;
	if (conf->prompt)
		call->prompt = sipd_prompt_ref(conf->prompt);
	call->audio = sipd_hostaudio_ref(conf->audio);
	if (!sipd_call_amd_open(call, &conf->amd))
		failed = true;

	return !failed;
}


static bool copy_conf(struct sipd_call *call,
		      const struct sipd_call_conf *conf)
{
	bool failed = false;

	call->id = conf->id;
	call->to = text_or_null(conf->to, &failed);
	call->from = sipd_strdup(conf->caller_id ? conf->caller_id : "");
	call->name = sipd_strdup(conf->caller_name ? conf->caller_name : "");
	call->headers = text_or_null(conf->headers, &failed);
	call->privacy = text_or_null(conf->identity.privacy, &failed);
	call->asserted = text_or_null(conf->identity.asserted, &failed);
	call->preferred = text_or_null(conf->identity.preferred, &failed);
	call->diversion = text_or_null(conf->identity.diversion, &failed);
	call->ring_timeout_ms = conf->ring_timeout_ms;
	if (!sipd_call_settings(call, conf))
		failed = true;

	return !failed && call->to && call->from && call->name;
}


struct sipd_call *sipd_call_new(const struct sipd_call_env *env,
				const struct sipd_call_handlers *h, void *arg)
{
	struct sipd_call *call = calloc(1, sizeof(*call));

	if (!call)
		return NULL;

	call->env = *env;
	call->h = h;
	call->arg = arg;
	call->repeat = 1;
	call->dtmf_mode = SIPD_DTMF_AUTO; /* until settings say another */
	call->record_policy = SIPD_RECORD_DEMAND;

	return call;
}


int sipd_call_open(struct sipd_call **cp, const struct sipd_call_env *env,
		   const struct sipd_call_conf *conf,
		   const struct sipd_call_handlers *h, void *arg)
{
	struct sipd_call *call = sipd_call_new(env, h, arg);

	if (!call)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for a call");

	if (!copy_conf(call, conf)) {
		sipd_call_free(call);
		return sipd_error(SIPDIALER_ENOMEM, "no memory for a call");
	}

	if (conf->asked_by)
		sipd_call_asked_open(call, conf->asked_by);
	call->work.h = begin;
	sipd_loop_later(env->loop, &call->work);
	*cp = call;

	return SIPDIALER_OK;
}


const char *sipd_call_redirected(const struct sipd_call *call)
{
	return call->invite ? sipd_invite_redirected(call->invite) : NULL;
}


void sipd_call_hangup(struct sipd_call *call, const char *reason)
{
	call->quit = true;
	if (reason && !call->reason[0])
		(void)sipd_strcpy(call->reason, sizeof(call->reason), reason);

	if (call->invite)
		sipd_invite_hangup(call->invite, reason);
}


void sipd_call_abandon(struct sipd_call *call)
{
	call->quit = true;
	if (call->invite)
		sipd_invite_abandon(call->invite);
}
