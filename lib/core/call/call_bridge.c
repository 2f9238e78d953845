/**
 * @file core/call/call_bridge.c  Two calls joined
 *
 * Audio goes from stream to stream (core/media/bridge.h), keys by the loop.
 * Calls can be joined before they are answered: what is heard early then is
 * the other's ringing tone.
 */
#include "core/call/internal.h"

#include <stdio.h>
#include "base/error.h"


void sipd_call_bridge_audio(struct sipd_call *call)
{
	if (call->stream && call->bridge)
		sipd_stream_bridge(call->stream, call->bridge,
				   call->bridge_end);
}


static void part(struct sipd_call *call)
{
	if (call->stream)
		sipd_stream_bridge(call->stream, NULL, 0);
	sipd_bridge_unref(call->bridge);
	call->bridge = NULL;
	call->peer = NULL;
}


void sipd_call_unbridge(struct sipd_call *call, const char *reason)
{
	struct sipd_call *peer = call->peer;

	if (!peer)
		return;

	part(call);
	part(peer);
	call->h->unbridged(call, peer->id, reason, call->arg);
	peer->h->unbridged(peer, call->id, reason, peer->arg);
}


static void join(struct sipd_call *call, struct sipd_call *peer,
		 struct sipd_bridge *bridge, int end)
{
	call->peer = peer;
	call->bridge = sipd_bridge_ref(bridge);
	call->bridge_end = end;
	sipd_call_bridge_audio(call);
}


static int check(const struct sipd_call *call)
{
	if (call->quit || call->state == SIPD_CALL_CLOSING)
		return sipd_error(SIPDIALER_ESTATE, "call %llu is ending",
				  (unsigned long long)call->id);

	return SIPDIALER_OK;
}


int sipd_call_bridge(struct sipd_call *call, struct sipd_call *other)
{
	struct sipd_bridge *bridge = NULL;
	int err;

	if (call->peer == other)
		return SIPDIALER_OK;

	err = check(call);
	if (!err)
		err = check(other);
	if (!err)
		err = sipd_bridge_open(&bridge);
	if (err)
		return err;

	sipd_call_amd_taken(call, "the host bridges the call");
	sipd_call_amd_taken(other, "the host bridges the call");
	sipd_call_unbridge(call, "bridged to another call");
	sipd_call_unbridge(other, "bridged to another call");
	join(call, other, bridge, 0);
	join(other, call, bridge, 1);
	sipd_bridge_unref(bridge);
	call->h->bridged(call, other->id, call->arg);
	other->h->bridged(other, call->id, other->arg);

	return SIPDIALER_OK;
}


void sipd_call_take_over(struct sipd_call *call, struct sipd_call *old)
{
	struct sipd_call *peer = old->peer;
	char reason[64];

	old->h->replaced(old, call->id, old->arg);
	if (peer && sipd_call_bridge(call, peer))
		sipd_log_warning(call->env.log, "call %llu: %s",
				 (unsigned long long)call->id,
				 sipd_error_text());
	(void)snprintf(reason, sizeof(reason), "replaced by call %llu",
		       (unsigned long long)call->id);
	sipd_call_hangup(old, reason);
}


void sipd_call_bridge_key(struct sipd_call *call, char digit)
{
	const char keys[] = {digit, '\0'};

	if (call->peer && call->peer->state == SIPD_CALL_ANSWERED)
		sipd_call_dtmf(call->peer, keys);
}
