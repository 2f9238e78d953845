/**
 * @file core/call/call_message.c  A message left on a machine
 *
 * It begins behind the beep, or where none comes when the greeting has ended,
 * and is heard whole: recorders open late, so that it leaves them a moment, and
 * begins anew if they beep a second time.
 */
#include "core/call/internal.h"

#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/error.h"

enum {
	START_MS = 140, /* behind the end of the beep; a frame and the way
			 * through the threads come on top: within 200 */
	AGAIN_MS = 300, /* of the message: a beep that begins so early is
			 * the one that counts */
	SLACK_MS = 100  /* hang-over of the voice detector */
};


static void tell(struct sipd_call *call, const char *text, const char *reason)
{
	call->h->message(call, text, reason, call->arg);
}


/* ---- reading it ----------------------------------------------------------- */

static void load_handler(struct sipd_prompt *prompt, int error,
			 const char *text, void *arg)
{
	struct sipd_call *call = arg;

	--call->loads;
	call->amd->message = prompt;
	if (call->state == SIPD_CALL_CLOSING)
		sipd_call_finish_if_over(call);
	else
		sipd_call_loaded(call, error, text);
}


bool sipd_call_message_load(struct sipd_call *call)
{
	const unsigned kinds = sipd_prompt_kinds(call->sdp.codecs,
						 call->sdp.codecc);
	int err;

	if (!call->amd || !call->amd->path || call->amd->message)
		return false;

	err = sipd_prompts_load_as(call->env.prompts, call->amd->path, kinds,
				   load_handler, call);
	if (err)
		sipd_call_loaded(call, err, sipd_error_text());
	else
		++call->loads;

	return true;
}


/* ---- when ----------------------------------------------------------------- */

static void wait_no_more(struct sipd_call *call)
{
	sipd_timer_cancel(&call->amd->limit);
	sipd_timer_cancel(&call->amd->start);
	if (call->stream)
		sipd_stream_await(call->stream, 0);
}


static void say(struct sipd_call *call)
{
	struct sipd_call_amd *amd = call->amd;

	wait_no_more(call);
	amd->state = SIPD_AMD_SAYS;
	amd->said_ms = (uint32_t)(sipd_clock_ms() - call->answer_mono);
	tell(call, "playing", NULL);
	++call->plays;
	sipd_stream_play(call->stream, amd->message, 1);
}


static void start_handler(void *arg)
{
	say(arg);
}


static void beeped(struct sipd_call *call, uint32_t end_ms, uint32_t now_ms)
{
	const uint32_t at_ms = end_ms + START_MS;

	sipd_timer_start(&call->amd->start,
			 at_ms > now_ms ? at_ms - now_ms : 0, start_handler,
			 call);
}


/* It came in the very beginning of the message: that is not recorded. */
static void again(struct sipd_call *call)
{
	struct sipd_call_amd *amd = call->amd;

	++amd->unsaid;
	amd->state = SIPD_AMD_WAITS;
	sipd_stream_stop_play(call->stream);
}


static void limit_handler(void *arg)
{
	struct sipd_call *call = arg;
	char reason[80];

	(void)snprintf(reason, sizeof(reason),
		       "neither a beep nor the end of the greeting within "
		       "%u s",
		       call->amd->beep_timeout_ms / 1000);
	sipd_call_message_skip(call, reason);
	sipd_call_hangup(call, reason);
}


void sipd_call_message_leave(struct sipd_call *call,
			     const struct sipd_told *told, bool at_once)
{
	struct sipd_call_amd *amd = call->amd;
	const int64_t beep = amd->record.beep_at_ms;

	if (at_once) {
		say(call);
		return;
	}

	amd->state = SIPD_AMD_WAITS;
	tell(call, "waiting", NULL);
	sipd_timer_start(&amd->limit, amd->beep_timeout_ms, limit_handler,
			 call);
	sipd_stream_await(call->stream, amd->end_silence_ms);
	/* the beep may be what gave it away */
	if (beep >= 0 &&
	    beep + told->quiet_ms + SLACK_MS >= (int64_t)told->now_ms)
		beeped(call, (uint32_t)beep, told->now_ms);
}


void sipd_call_message_told(struct sipd_call *call,
			    const struct sipd_told *told)
{
	struct sipd_call_amd *amd = call->amd;
	const bool beep = told->kind == SIPD_TOLD_HEARD &&
			  told->heard.kind == SIPD_HEARD_BEEP;

	if (amd->state == SIPD_AMD_SAYS && beep &&
	    told->heard.from_ms <= amd->said_ms + AGAIN_MS)
		again(call);
	if (amd->state != SIPD_AMD_WAITS)
		return;

	if (beep) {
		beeped(call, told->heard.at_ms, told->now_ms);
	}
	else if (told->kind == SIPD_TOLD_HEARD && amd->record.sit) {
		sipd_call_message_skip(call, "special information tone");
		sipd_call_hangup(call, "special information tone");
	}
	else if (told->kind == SIPD_TOLD_QUIET &&
		 !sipd_timer_running(&amd->start)) {
		say(call);
	}
}


/* ---- what becomes of it --------------------------------------------------- */

void sipd_call_message_skip(struct sipd_call *call, const char *reason)
{
	wait_no_more(call);
	call->amd->state = SIPD_AMD_ACTS;
	call->amd->record.message = "skipped";
	tell(call, "skipped", reason);
}


bool sipd_call_message_played(struct sipd_call *call,
			      const struct sipd_prompt *prompt, bool whole)
{
	struct sipd_call_amd *amd = call->amd;

	if (!amd || prompt != amd->message)
		return false;
	if (amd->unsaid) {
		--amd->unsaid;
		return true;
	}
	if (amd->state != SIPD_AMD_SAYS)
		return false;

	amd->state = SIPD_AMD_ACTS;
	amd->record.message = whole ? "left" : "cut";
	tell(call, amd->record.message,
	     whole         ? NULL
	     : amd->why[0] ? amd->why
			   : "the call ended");
	if (whole && call->state == SIPD_CALL_ANSWERED)
		sipd_call_hangup_soon(call, "message left");

	return true;
}
