/**
 * @file core/call/call_in.c  A call that came in, until its answer
 *
 * ringing -> loading -> answered -> closing -> gone.  There is no audio before
 * the answer: the settings come with it.
 */
#include "core/call/internal.h"

#include <stdlib.h>
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"


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
	sipd_invite_take(in->invite, in->timeout_ms,
			 &sipd_call_invite_handlers, call);
	*cp = call;

	return SIPDIALER_OK;
}


/* What the host has asked for while it rang stands before the settings. */
static bool settings(struct sipd_call *call, const struct sipd_call_conf *conf)
{
	struct sipd_call_conf own = *conf;
	char *const keys = call->dtmf_send, *const record = call->record;
	const bool stereo = call->record_stereo;
	bool ok;

	if (call->prompt || call->newest)
		own.play = "";
	if (record)
		own.record = "";
	call->dtmf_send = call->record = NULL;
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
	if (settings(call, conf))
		sipd_call_prepare(call);
	else
		sipd_call_cannot(call, SIPDIALER_ENOMEM,
				 "no memory for a call");
}


void sipd_call_take(struct sipd_call *call)
{
	const int err = sipd_call_audio_open(call);

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


void sipd_call_reject(struct sipd_call *call, int sip_status)
{
	if (call->state == SIPD_CALL_RINGING && !call->quit)
		sipd_invite_reject(call->invite, sip_status,
				   "refused by the host");
}
