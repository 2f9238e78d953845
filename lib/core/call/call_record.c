/**
 * @file core/call/call_record.c  What of a call is recorded
 *
 * A file that the host has named goes before the policy.  Who was there is
 * known only when something has been said: with SIPD_RECORD_HUMAN the
 * recording begins with the answer, and its file is removed at the end unless
 * the last verdict was a human.
 */
#include "core/call/internal.h"

#include <stdlib.h>
#include "base/clock.h"
#include "base/text.h"
#include "core/media/record_name.h"
#include "port/file/shelf.h"


void sipd_call_recording(const struct sipd_record_news *news, void *arg)
{
	struct sipd_call *call = arg;

	call->h->recording(call, news, call->arg);
}


static void refused(struct sipd_call *call, const char *text)
{
	const struct sipd_record_news news = {
		.kind = SIPD_RECORD_REFUSED,
		.text = text,
	};

	call->h->recording(call, &news, call->arg);
}


static void begin(struct sipd_call *call, const char *path, bool named)
{
	const struct sipd_record_conf conf = {
		.path = path,
		.named = named,
		.stereo = call->record_stereo,
		.undecided = named && call->record_policy == SIPD_RECORD_HUMAN,
		.max_bytes = call->record_max_bytes,
		.max_ms = call->record_max_ms,
	};

	sipd_stream_record(call->stream, &conf);
}


/* By the policy, into the folder of recordings. */
static void begin_named(struct sipd_call *call)
{
	const struct sipd_record_values values = {
		.wall_ms = sipd_wall_ms(),
		.call = call->id,
		.campaign = call->campaign,
		.contact = call->contact,
		.to = call->to,
		.from = call->from,
	};
	char name[SIPD_SHELF_NAME_MAX + 1];

	sipd_record_name(name, sizeof(name), call->record_name, &values);
	begin(call, name, true);
}


void sipd_call_record_answered(struct sipd_call *call)
{
	/* nobody listens to who calls us */
	const bool by_policy = call->record_policy == SIPD_RECORD_ALL ||
			       (call->record_policy == SIPD_RECORD_HUMAN &&
				!call->inbound);

	if (call->record && call->record_policy == SIPD_RECORD_NEVER)
		refused(call, "record.policy is never");
	else if (call->record)
		begin(call, call->record, false);
	else if (by_policy && !call->record_begun && call->record_name)
		begin_named(call);
}


/* Before there is any audio: it begins with the answer. */
static void record_later(struct sipd_call *call, const char *path, bool stereo)
{
	free(call->record);
	call->record = *path ? sipd_strdup(path) : NULL;
	call->record_stereo = stereo;
}


void sipd_call_record_to(struct sipd_call *call, const char *path, bool stereo)
{
	if (call->state == SIPD_CALL_CLOSING)
		return;

	if (*path && call->record_policy == SIPD_RECORD_NEVER) {
		refused(call, "record.policy is never");
		return;
	}
	if (!call->stream) {
		record_later(call, path, stereo);
		return;
	}

	/* what the settings said is not to take its place at the answer */
	if (call->state != SIPD_CALL_ANSWERED) {
		record_later(call, "", stereo);
		call->record_begun = true;
	}
	call->record_stereo = stereo;
	if (*path)
		begin(call, path, false);
	else
		sipd_stream_stop_record(call->stream);
}


void sipd_call_record_verdict(struct sipd_call *call,
			      enum sipdialer_amd verdict)
{
	if (call->stream)
		sipd_stream_record_keep(call->stream,
					verdict == SIPDIALER_AMD_HUMAN);
}
