/**
 * @file api/call_events.c  What core/call tells of a call, as events
 */
#include "api/calls.h"

#include "api/amd.h"


void sipd_dialed_ids(const struct sipd_dialed *dialed,
		     struct sipdialer_event *ev)
{
	ev->call = dialed->id;
	ev->to = dialed->to;
	if (dialed->owner) {
		ev->campaign = dialed->contact.campaign;
		ev->contact = dialed->contact.id;
	}
}


void sipd_dialed_emit(struct sipd_dialed *dialed, struct sipdialer_event *ev)
{
	sipd_dialed_ids(dialed, ev);
	(void)sipd_event_push(dialed->d->events, ev);
}


static void dialing_handler(struct sipd_call *call, void *arg)
{
	struct sipd_dialed *dialed = arg;
	struct sipdialer_event ev = sipd_engine_event(
		SIPDIALER_EVENT_CALL_DIALING);
	(void)call;

	if (dialed->owner)
		dialed->owner->sent(dialed);
	sipd_dialed_emit(dialed, &ev);
}


static void ringing_handler(struct sipd_call *call, int sip_status, void *arg)
{
	struct sipdialer_event ev = sipd_engine_event(
		SIPDIALER_EVENT_CALL_RINGING);
	(void)call;

	ev.sip_status = sip_status;
	sipd_dialed_emit(arg, &ev);
}


static void early_handler(struct sipd_call *call, int sip_status,
			  const char *codec, const char *gate, void *arg)
{
	struct sipdialer_event ev = sipd_engine_event(
		SIPDIALER_EVENT_CALL_EARLY_MEDIA);
	(void)call;

	ev.sip_status = sip_status;
	ev.codec = codec;
	ev.text = gate;
	sipd_dialed_emit(arg, &ev);
}


static void answered_handler(struct sipd_call *call, const char *codec,
			     const char *srtp, int64_t ring_ms, void *arg)
{
	struct sipd_dialed *dialed = arg;
	struct sipdialer_event ev = sipd_engine_event(
		SIPDIALER_EVENT_CALL_ANSWERED);

	dialed->answered = true;
	atomic_fetch_add(&dialed->d->counts.answered, 1);
	if (dialed->replaces)
		sipd_incoming_replaced(dialed);
	ev.codec = codec;
	ev.srtp = srtp;
	ev.ring_ms = ring_ms;
	ev.text = sipd_call_redirected(call);
	sipd_dialed_emit(dialed, &ev);
}


static void dtmf_handler(struct sipd_call *call, char digit,
			 uint32_t duration_ms, void *arg)
{
	struct sipdialer_event ev = sipd_engine_event(
		SIPDIALER_EVENT_CALL_DTMF);
	const char text[2] = {digit, '\0'};
	(void)call;

	ev.text = text;
	ev.duration_ms = duration_ms;
	sipd_dialed_emit(arg, &ev);
}


static void played_handler(struct sipd_call *call, const char *path, int error,
			   const char *text, void *arg)
{
	struct sipdialer_event ev = sipd_engine_event(
		SIPDIALER_EVENT_CALL_PLAYED);
	(void)call;

	ev.text = path;
	ev.error = error;
	ev.reason = error ? text : NULL;
	sipd_dialed_emit(arg, &ev);
}


static void held_handler(struct sipd_call *call, bool held, void *arg)
{
	struct sipdialer_event ev = sipd_engine_event(
		SIPDIALER_EVENT_CALL_HELD);
	(void)call;

	ev.status = held;
	sipd_dialed_emit(arg, &ev);
}


static void bridged_handler(struct sipd_call *call, uint64_t other, void *arg)
{
	struct sipdialer_event ev = sipd_engine_event(
		SIPDIALER_EVENT_CALL_BRIDGED);
	(void)call;

	ev.other = other;
	sipd_dialed_emit(arg, &ev);
}


static void unbridged_handler(struct sipd_call *call, uint64_t other,
			      const char *reason, void *arg)
{
	struct sipdialer_event ev = sipd_engine_event(
		SIPDIALER_EVENT_CALL_UNBRIDGED);
	(void)call;

	ev.other = other;
	ev.reason = reason;
	sipd_dialed_emit(arg, &ev);
}


/* At 50 a second of each call one must be able to wait: without room for it
 * the next frame tells. */
static void audio_handler(struct sipd_call *call, void *arg)
{
	struct sipd_dialed *dialed = arg;
	struct sipdialer_event ev = sipd_engine_event(
		SIPDIALER_EVENT_CALL_AUDIO);
	struct sipd_hostaudio_counts c;
	(void)call;

	sipd_hostaudio_counts(dialed->audio, &c);
	sipd_dialed_ids(dialed, &ev);
	ev.count = c.waiting;
	ev.pending = c.pending;
	ev.failed = c.lost;
	if (!sipd_event_offer(dialed->d->events, &ev))
		sipd_hostaudio_untold(dialed->audio);
}


static void recording_handler(struct sipd_call *call,
			      const struct sipd_record_news *news, void *arg)
{
	static const char *const words[] = {
		[SIPD_RECORD_BEGUN] = "begun",
		[SIPD_RECORD_REFUSED] = "refused",
		[SIPD_RECORD_ENDED] = "ended",
		[SIPD_RECORD_REMOVED] = "removed",
	};
	struct sipdialer_event ev = sipd_engine_event(
		SIPDIALER_EVENT_CALL_RECORDING);
	(void)call;

	ev.text = words[news->kind];
	ev.recording = news->path;
	ev.duration_ms = (int64_t)news->ms;
	ev.failed = news->lost_ms;
	ev.reason = news->text ? news->text : news->limit;
	sipd_dialed_emit(arg, &ev);
}


static void undecided_handler(struct sipd_call *call, void *arg)
{
	(void)call;

	sipd_incoming_undecided(arg);
}


const struct sipd_call_handlers sipd_dialed_handlers = {
	.dialing = dialing_handler,
	.ringing = ringing_handler,
	.early = early_handler,
	.answered = answered_handler,
	.dtmf = dtmf_handler,
	.played = played_handler,
	.held = held_handler,
	.bridged = bridged_handler,
	.unbridged = unbridged_handler,
	.holding = sipd_dialed_holding,
	.transfer = sipd_dialed_transfer,
	.referred = sipd_dialed_referred,
	.amd = sipd_dialed_amd,
	.tone = sipd_dialed_tone,
	.message = sipd_dialed_message,
	.replaced = sipd_dialed_replaced,
	.audio = audio_handler,
	.recording = recording_handler,
	.undecided = undecided_handler,
	.ended = sipd_dialed_ended,
};
