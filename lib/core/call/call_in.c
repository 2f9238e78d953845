/**
 * @file core/call/call_in.c  A call that came in, until its answer
 *
 * ringing -> loading -> answered -> closing -> gone.  The settings come with the
 * answer; audio before it is asked for while it rings, with settings of its
 * own.
 */
#include "core/call/internal.h"

#include <stdlib.h>
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"


/* The session's own timeout is for when nobody is asked, or nothing comes of
 * that. */
enum { ASKED_MS = 30000 };


static void undecided_handler(void *arg)
{
	struct sipd_call *call = arg;

	if (call->state == SIPD_CALL_RINGING && !call->quit)
		call->h->undecided(call, call->arg);
}


int sipd_call_open_in(struct sipd_call **cp, const struct sipd_call_env *env,
		      const struct sipd_call_in *in,
		      const struct sipd_call_handlers *h, void *arg)
{
	struct sipd_call *call = sipd_call_new(env, h, arg);

	if (!call)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for a call");

	call->id = in->id;
	call->inbound = true;
	call->to = sipd_strdup(in->to);
	call->from = sipd_strdup(in->from);
	if (!call->to || !call->from) {
		sipd_call_free(call);
		return sipd_error(SIPDIALER_ENOMEM, "no memory for a call");
	}

	call->state = SIPD_CALL_RINGING;
	call->invite = in->invite;
	call->start_ms = call->ring_at_ms = sipd_wall_ms();
	call->dial_mono = sipd_clock_ms();
	(void)sipd_strcpy(call->callid, sizeof(call->callid),
			  sipd_invite_callid(in->invite));
	if (in->ask)
		sipd_timer_start(&call->timer, in->timeout_ms,
				 undecided_handler, call);
	sipd_invite_take(in->invite,
			 in->timeout_ms + (in->ask ? (uint32_t)ASKED_MS : 0),
			 &sipd_call_invite_handlers, call);
	*cp = call;

	return SIPDIALER_OK;
}


uint64_t sipd_call_of(const struct sipd_invite *invite)
{
	const struct sipd_call *call = sipd_invite_owner(invite);

	return call->id;
}


/* What the settings of before the answer have left. */
static void settings_drop(struct sipd_call *call)
{
	free(call->play);
	call->play = NULL;
	sipd_hostaudio_unref(call->audio);
	call->audio = NULL;
}


/* What the host has asked for while it rang stands before the settings. */
static bool settings(struct sipd_call *call, const struct sipd_call_conf *conf)
{
	struct sipd_call_conf own = *conf;
	char *const keys = call->dtmf_send, *const record = call->record;
	const bool stereo = call->record_stereo;
	bool ok;

	if (call->early_out && *own.play)
		call->newest = NULL; /* it was for before the answer */
	if (call->prompt || call->newest)
		own.play = "";
	if (call->record_begun)
		own.record = "";
	if (record)
		own.record = "";
	call->dtmf_send = call->record = NULL;
	settings_drop(call);
	ok = sipd_call_settings(call, &own);
	if (record) {
		call->record = record;
		call->record_stereo = stereo;
	}
	if (ok && keys)
		sipd_call_dtmf(call, keys);
	free(keys);

	return ok;
}


void sipd_call_answer(struct sipd_call *call,
		      const struct sipd_call_conf *conf)
{
	if (call->state != SIPD_CALL_RINGING || call->quit)
		return;

	call->state = SIPD_CALL_LOADING;
	sipd_timer_cancel(&call->timer);
	if (settings(call, conf))
		sipd_call_prepare(call);
	else
		sipd_call_cannot(call, SIPDIALER_ENOMEM,
				 "no memory for a call");
}


void sipd_call_take(struct sipd_call *call)
{
	const int err = call->stream ? 0 : sipd_call_audio_open(call);

	if (err) {
		sipd_call_cannot(call, err, sipd_error_text());
		return;
	}

	call->state = SIPD_CALL_DIALING;
	sipd_invite_answer(call->invite, &call->sdp);
}


void sipd_call_cannot(struct sipd_call *call, int error, const char *text)
{
	sipd_call_note_failure(call, error, text);
	sipd_invite_reject(call->invite, 500, text);
}


/* ---- before the answer -------------------------------------------------- */

static void early_play(struct sipd_call *call, const char *path)
{
	/* the host's stands before it, and is heard now */
	if (call->prompt)
		sipd_call_play_now(call);
	else if (*path && !call->newest)
		sipd_call_play(call, path, 1);
}


void sipd_call_early(struct sipd_call *call, const struct sipd_call_conf *conf,
		     uint32_t timeout_ms)
{
	struct sipd_call_conf own = *conf;
	int err;

	if (call->state != SIPD_CALL_RINGING || call->quit || call->stream)
		return;

	sipd_timer_cancel(&call->timer);
	own.play = own.dtmf = own.record = "";
	own.prompt = NULL;
	err = settings(call, &own)
		      ? sipd_call_audio_open(call)
		      : sipd_error(SIPDIALER_ENOMEM, "no memory for a call");
	if (err) {
		sipd_call_cannot(call, err, sipd_error_text());
		return;
	}

	call->progress = 183;
	if (!sipd_invite_early(call->invite, &call->sdp, timeout_ms)) {
		sipd_log_warning(call->env.log,
				 "call %llu: no audio before the answer: the "
				 "caller has made no offer, and has no 100rel",
				 (unsigned long long)call->id);
		return;
	}

	/* it may have been refused for its offer */
	if (call->state != SIPD_CALL_RINGING)
		return;
	call->early_out = true;
	early_play(call, conf->play);
}


/* ---- refused -------------------------------------------------------------- */

void sipd_call_reject(struct sipd_call *call, int sip_status)
{
	if (call->state == SIPD_CALL_RINGING && !call->quit)
		sipd_invite_reject(call->invite, sip_status,
				   "refused by the host");
}


void sipd_call_redirect(struct sipd_call *call, const char *to)
{
	if (call->state != SIPD_CALL_RINGING || call->quit)
		return;

	if (sipd_invite_redirect(call->invite, to))
		sipd_call_cannot(call, SIPDIALER_EINVAL, sipd_error_text());
}
