/**
 * @file api/call_bridge.c  Verbs that join calls
 */
#include "api/calls.h"

#include <stdlib.h>
#include "base/error.h"


static void refuse(const struct sipd_call_command *c, int error)
{
	struct sipdialer_event ev = sipd_engine_event(
		SIPDIALER_EVENT_CALL_UNBRIDGED);

	ev.call = c->call;
	ev.other = c->number;
	ev.error = error;
	ev.reason = sipd_error_text();
	(void)sipd_event_push(c->d->events, &ev);
}


static void bridge_work(struct sipd_work *work)
{
	struct sipd_call_command *c = sipd_call_command_of(work);
	struct sipd_call *call = sipd_call_target(c);
	const struct sipd_dialed *dialed = sipd_dialed_find(c->d, c->number);
	struct sipd_call *other = dialed ? dialed->call : NULL;
	int err;

	if (call && other)
		err = sipd_call_bridge(call, other);
	else
		err = sipd_error(SIPDIALER_ENOENT,
				 "call %llu has ended or not begun",
				 (unsigned long long)(call ? c->number
							   : c->call));
	if (err)
		refuse(c, err);
	free(c);
}


static void unbridge_work(struct sipd_work *work)
{
	struct sipd_call_command *c = sipd_call_command_of(work);
	struct sipd_call *call = sipd_call_target(c);

	if (call)
		sipd_call_unbridge(call, "parted by the host");
	free(c);
}


int sipdialer_call_bridge(struct sipdialer *d, uint64_t call, uint64_t other)
{
	return sipd_call_post_other(d, call, other, "bridged", bridge_work);
}


int sipdialer_call_unbridge(struct sipdialer *d, uint64_t call)
{
	if (!d)
		return sipd_error(SIPDIALER_EINVAL, "d is NULL");

	return sipd_call_post(d, call, "", 0, unbridge_work);
}
