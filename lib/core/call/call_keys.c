/**
 * @file core/call/call_keys.c  Keys of a call, in three ways
 *
 * RFC 4733 and tones go with the audio, INFO with the signalling.  Some far
 * ends send a key in more ways than one: what comes by a second way soon after
 * the same key by a first is the same press.
 */
#include "core/call/internal.h"

#include <string.h>
#include "base/clock.h"
#include "base/error.h"
#include "port/codec/codec.h"

enum {
	SAME_MS =
		1000 /* a gateway that listens for tones is so late at most */
};


void sipd_call_keys_agree(struct sipd_call *call,
			  struct sipd_sdp_remote *remote)
{
	const bool events = remote->dtmf_pt >= 0;
	/* Opus keeps what is heard, not two pure tones */
	const bool tonal = remote->codec != SIPD_CODEC_OPUS;

	switch (call->dtmf_mode) {
	case SIPD_DTMF_INBAND:
		remote->tones_out = remote->tones_in = true;
		break;
	case SIPD_DTMF_AUTO:
		remote->tones_out = !events && tonal;
		remote->tones_in = !events;
		break;
	default:
		break;
	}
	call->keys_by_info = call->dtmf_mode == SIPD_DTMF_INFO ||
			     (call->dtmf_mode == SIPD_DTMF_AUTO && !events &&
			      !tonal);
}


static bool listened(const struct sipd_call *call, enum sipd_key_way way)
{
	switch (call->dtmf_mode) {
	case SIPD_DTMF_RFC4733:
		return way == SIPD_KEY_EVENT;
	case SIPD_DTMF_INFO:
		return way == SIPD_KEY_INFO;
	case SIPD_DTMF_INBAND:
		return way == SIPD_KEY_TONE;
	default:
		return true;
	}
}


/* The oldest press of this key that has not come by this way yet. */
static bool known(struct sipd_call *call, char digit, enum sipd_key_way way)
{
	const uint64_t now = sipd_clock_ms();
	const unsigned bit = 1u << way;
	struct sipd_call_key *k;
	unsigned i;

	for (i = 0; i < SIPD_CALL_KEYS; ++i) {
		k = &call->keys[(call->keyc + i) % SIPD_CALL_KEYS];
		if (k->digit != digit || k->ways & bit ||
		    now - k->at_ms > SAME_MS)
			continue;
		k->ways |= bit;
		return true;
	}

	k = &call->keys[call->keyc++ % SIPD_CALL_KEYS];
	k->digit = digit;
	k->ways = bit;
	k->at_ms = now;

	return false;
}


void sipd_call_key(struct sipd_call *call, char digit, uint32_t duration_ms,
		   enum sipd_key_way way)
{
	if (call->state == SIPD_CALL_CLOSING || !listened(call, way) ||
	    known(call, digit, way))
		return;

	if (call->dtmfc < SIPD_CALL_DTMF_MAX)
		call->dtmf[call->dtmfc++] = digit;

	call->h->dtmf(call, digit, duration_ms, call->arg);
	sipd_call_bridge_key(call, digit);
}


void sipd_call_keys_send(struct sipd_call *call, const char *digits)
{
	const bool was = call->info_keying;

	if (!call->keys_by_info) {
		call->keying = true;
		sipd_stream_dtmf(call->stream, digits);
		return;
	}

	/* the answer may come before it returns */
	call->info_keying = true;
	if (!call->invite || sipd_invite_keys(call->invite, digits)) {
		call->info_keying = was;
		sipd_log_warning(call->env.log, "call %llu: keys \"%s\": %s",
				 (unsigned long long)call->id, digits,
				 call->invite ? sipd_error_text()
					      : "the call is ending");
	}
}
