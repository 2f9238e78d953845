/**
 * @file core/call/call_amd.c  Who answered a call, and what is done about it
 *
 * The verdict is made on the media thread (core/media/detect); here its action
 * follows, unless the host has done something itself before.  A prompt begins
 * with a verdict that may be taken back, and stops if it is; anything else is
 * done once.
 */
#include "core/call/internal.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/text.h"

enum { LATE_MS = 500 }; /* a verdict of the media thread, at most */

/* ---- settings ------------------------------------------------------------- */

static bool uses(const struct sipd_amd_conf *conf, enum sipd_amd_action action)
{
	for (int v = SIPDIALER_AMD_HUMAN; v < SIPD_AMD_VERDICTS; v++)
		if (conf->actions[v] == action)
			return true;

	return false;
}


/* Only what an action needs; false: no memory. */
static bool copy(char **dst, const char *src, bool used)
{
	*dst = used && src && *src ? sipd_strdup(src) : NULL;

	return *dst || !used || !src || !*src;
}


struct sipd_ear_conf sipd_amd_ear(const struct sipd_amd_conf *conf)
{
	return (struct sipd_ear_conf){
		.tones = true,
		.amd = true,
		.timeout_ms = conf->timeout_ms,
	};
}


bool sipd_call_amd_open(struct sipd_call *call,
			const struct sipd_amd_conf *conf)
{
	struct sipd_call_amd *amd;

	if (!conf->enabled || call->inbound)
		return true;

	amd = call->amd = calloc(1, sizeof(*amd));
	if (!amd)
		return false;

	memcpy(amd->actions, conf->actions, sizeof(amd->actions));
	amd->early = conf->early;
	amd->beep_timeout_ms = conf->beep_timeout_ms;
	amd->end_silence_ms = conf->end_silence_ms;
	amd->listener = (struct sipd_listener_conf){
		.ear = sipd_amd_ear(conf),
		.interval_ms = conf->interval_ms,
	};
	amd->record.beep_at_ms = -1;
	if (conf->prompt && uses(conf, SIPD_AMD_MESSAGE))
		amd->message = sipd_prompt_ref(conf->prompt);

	return copy(&amd->path, conf->message, uses(conf, SIPD_AMD_MESSAGE)) &&
	       copy(&amd->transfer, conf->transfer,
		    uses(conf, SIPD_AMD_TRANSFER));
}


void sipd_call_amd_close(struct sipd_call *call)
{
	struct sipd_call_amd *amd = call->amd;

	if (!amd)
		return;

	sipd_timer_cancel(&amd->limit);
	sipd_timer_cancel(&amd->start);
	if (amd->message)
		sipd_prompt_unref(amd->message);
	free(amd->path);
	free(amd->transfer);
	free(amd);
}


const struct sipd_listener_conf *
sipd_call_amd_listener(const struct sipd_call *call)
{
	return call->amd ? &call->amd->listener : NULL;
}


bool sipd_call_amd_busy(const struct sipd_call *call)
{
	const struct sipd_call_amd *amd = call->amd;

	return amd &&
	       (amd->state == SIPD_AMD_LISTENS ? !amd->taken
					       : amd->state != SIPD_AMD_ACTS);
}


/* ---- actions -------------------------------------------------------------- */

/* What was heard of the network: nobody would hear us. */
static bool nobody(const struct sipd_call_amd *amd)
{
	return amd->record.sit || amd->tone;
}


static void hang_up(struct sipd_call *call, enum sipdialer_amd verdict)
{
	const struct sipd_call_amd *amd = call->amd;
	static const char *const reasons[] = {
		[SIPDIALER_AMD_NOT_USED] = "nobody answered",
		[SIPDIALER_AMD_HUMAN] = "a human answered",
		[SIPDIALER_AMD_MACHINE] = "a machine answered",
		[SIPDIALER_AMD_UNKNOWN] = "unknown who answered",
		[SIPDIALER_AMD_FAX] = "a fax answered",
	};

	sipd_call_hangup(call, amd->record.sit ? "special information tone"
			       : amd->tone     ? "tone of a busy network"
					       : reasons[verdict]);
}


static enum sipd_amd_action action_for(const struct sipd_call_amd *amd,
				       enum sipdialer_amd verdict)
{
	enum sipd_amd_action action = amd->actions[verdict];

	if (!nobody(amd))
		return action;

	action = amd->actions[SIPDIALER_AMD_UNKNOWN];

	return action == SIPD_AMD_PLAY || action == SIPD_AMD_MESSAGE
		       ? SIPD_AMD_HANGUP
		       : action;
}


static void play(struct sipd_call *call)
{
	struct sipd_call_amd *amd = call->amd;

	if (call->prompt && !amd->plays)
		sipd_call_play_now(call);
	amd->plays = true;
}


/* It was for somebody else. */
static void stop(struct sipd_call *call)
{
	if (!call->amd->plays)
		return;

	call->amd->plays = false;
	if (call->prompt)
		sipd_stream_stop_play(call->stream);
}


void sipd_call_amd_act(struct sipd_call *call, enum sipdialer_amd verdict,
		       const struct sipd_told *told)
{
	struct sipd_call_amd *amd = call->amd;
	const enum sipd_amd_action action = action_for(amd, verdict);

	amd->state = SIPD_AMD_ACTS;
	if (action != SIPD_AMD_PLAY)
		stop(call);
	switch (action) {
	case SIPD_AMD_PLAY:
		play(call);
		sipd_call_hangup_if_done(call);
		break;
	case SIPD_AMD_MESSAGE:
		sipd_call_message_leave(call, told,
					verdict == SIPDIALER_AMD_HUMAN);
		break;
	case SIPD_AMD_TRANSFER:
		amd->transfers = true;
		sipd_call_transfer(call, amd->transfer, NULL);
		break;
	case SIPD_AMD_HANGUP:
		hang_up(call, verdict);
		break;
	case SIPD_AMD_HOST:
		break;
	}
}


void sipd_call_amd_not_transferred(struct sipd_call *call)
{
	struct sipd_call_amd *amd = call->amd;

	if (!amd || !amd->transfers)
		return;

	amd->transfers = false;
	if (call->hangup_after_play)
		sipd_call_hangup(call, "the transfer failed");
}


void sipd_call_amd_taken(struct sipd_call *call, const char *what)
{
	struct sipd_call_amd *amd = call->amd;

	if (!amd)
		return;

	amd->plays = false;
	switch (amd->state) {
	case SIPD_AMD_LISTENS:
		amd->taken = true;
		break;
	case SIPD_AMD_WAITS:
		sipd_call_message_skip(call, what);
		break;
	case SIPD_AMD_SAYS: /* if it ends the message */
		(void)sipd_strcpy(amd->why, sizeof(amd->why), what);
		break;
	case SIPD_AMD_ACTS:
		break;
	}
}


/* ---- what is heard -------------------------------------------------------- */

bool sipd_amd_told_from(struct sipd_amd_told *t, const struct sipd_told *told)
{
	const struct sipd_heard *heard = &told->heard;
	const bool listening = told->kind == SIPD_TOLD_CHANCES;

	if (!listening && (told->kind != SIPD_TOLD_HEARD ||
			   heard->kind != SIPD_HEARD_VERDICT))
		return false;

	*t = (struct sipd_amd_told){
		.verdict = SIPDIALER_AMD_UNKNOWN,
		.text = "listening",
		.at_ms = told->now_ms,
		.human = told->human,
		.machine = told->machine,
		.beep = told->beep,
	};
	if (!listening) {
		t->verdict = heard->verdict;
		t->text = heard->final ? "final" : "provisional";
		t->cause = heard->word;
		t->at_ms = heard->at_ms;
		t->stood_ms = heard->at_ms - heard->from_ms;
		t->confidence = heard->confidence;
	}

	return true;
}


static void tell(struct sipd_call *call, const struct sipd_told *told)
{
	struct sipd_amd_told t;

	if (sipd_amd_told_from(&t, told))
		call->h->amd(call, &t, call->arg);
}


/* A prompt can be stopped again: the others wait for the final verdict. */
static void provisional(struct sipd_call *call, const struct sipd_told *told)
{
	const enum sipdialer_amd verdict = told->heard.verdict;
	struct sipd_call_amd *amd = call->amd;

	if (!sipd_amd_told_from(&amd->likely, told))
		return;
	call->h->amd(call, &amd->likely, call->arg);
	if (call->quit || amd->state != SIPD_AMD_LISTENS || amd->taken ||
	    nobody(amd) || amd->early == SIPD_AMD_EARLY_NO)
		return;

	if (verdict != SIPDIALER_AMD_HUMAN)
		stop(call);
	else if (amd->actions[verdict] == SIPD_AMD_PLAY)
		play(call);
	else if (amd->early == SIPD_AMD_EARLY_HUMAN)
		sipd_call_amd_act(call, verdict, told);
}


/* One more final verdict: is there still something to be changed by it? */
static bool is_open(const struct sipd_call_amd *amd,
		    enum sipdialer_amd verdict)
{
	switch (amd->state) {
	case SIPD_AMD_LISTENS:
		return true;
	case SIPD_AMD_ACTS:
		return amd->plays && action_for(amd, verdict) != SIPD_AMD_PLAY;
	case SIPD_AMD_WAITS:
		return verdict == SIPDIALER_AMD_HUMAN;
	default:
		return false;
	}
}


static void final(struct sipd_call *call, const struct sipd_told *told)
{
	const enum sipdialer_amd verdict = told->heard.verdict;
	struct sipd_call_amd *amd = call->amd;

	if (amd->state == SIPD_AMD_LISTENS)
		sipd_timer_cancel(&amd->limit);
	amd->record.verdict = verdict;
	amd->record.at_ms = told->heard.from_ms;
	amd->record.confidence = told->heard.confidence;
	sipd_call_record_verdict(call, nobody(amd) ? SIPDIALER_AMD_UNKNOWN
						   : verdict);
	tell(call, told);

	/* the host may have hung up, or played something, in its turn */
	if (call->quit || !is_open(amd, verdict))
		return;
	if (amd->state == SIPD_AMD_LISTENS && amd->taken) {
		amd->state = SIPD_AMD_ACTS;
		return;
	}
	if (amd->state == SIPD_AMD_WAITS)
		sipd_call_message_skip(call, "a human picked up");
	sipd_call_amd_act(call, verdict, told);
}


/* Not once a human has been heard: he may play anything. */
static void note_network(struct sipd_call_amd *amd,
			 const struct sipd_heard *heard, const char *word)
{
	if (amd->record.verdict == SIPDIALER_AMD_HUMAN)
		return;

	if (heard->kind == SIPD_HEARD_SIT &&
	    (!amd->record.sit || !strcmp(amd->record.sit, "unknown") ||
	     !strcmp(amd->record.sit, "itu")))
		amd->record.sit = heard->word;
	if ((heard->kind == SIPD_HEARD_BUSY ||
	     heard->kind == SIPD_HEARD_REORDER) &&
	    amd->record.verdict != SIPDIALER_AMD_MACHINE)
		amd->tone = word;
}


static void heard(struct sipd_call *call, const struct sipd_told *told)
{
	const char *word = sipd_heard_tone(&told->heard);
	struct sipd_call_amd *amd = call->amd;

	if (told->heard.kind == SIPD_HEARD_VERDICT) {
		if (told->heard.final)
			final(call, told);
		else
			provisional(call, told);
		return;
	}
	if (!word)
		return;

	note_network(amd, &told->heard, word);
	if (told->heard.kind == SIPD_HEARD_BEEP &&
	    call->state == SIPD_CALL_ANSWERED)
		amd->record.beep_at_ms = told->heard.at_ms;
	call->h->tone(call, word, &told->heard, call->arg);
}


void sipd_call_amd_told(const struct sipd_told *told, void *arg)
{
	struct sipd_call *call = arg;
	struct sipd_call_amd *amd = call->amd;

	if (call->state == SIPD_CALL_CLOSING)
		return;

	if (told->kind == SIPD_TOLD_HEARD)
		heard(call, told);
	else if (told->kind == SIPD_TOLD_CHANCES &&
		 (amd->state == SIPD_AMD_LISTENS ||
		  amd->state == SIPD_AMD_WAITS))
		tell(call, told);

	if (!call->quit)
		sipd_call_message_told(call, told);
}


/* What the media thread tells counts frames; it is not waited for longer than
 * for these. */
static void late_handler(void *arg)
{
	struct sipd_call *call = arg;
	const uint32_t now_ms = (uint32_t)(sipd_clock_ms() -
					   call->answer_mono);
	const struct sipd_told told = {
		.kind = SIPD_TOLD_HEARD,
		.heard = {.kind = SIPD_HEARD_VERDICT,
			  .verdict = SIPDIALER_AMD_UNKNOWN,
			  .final = true,
			  .from_ms = now_ms,
			  .at_ms = now_ms,
			  .word = "timeout"},
		.now_ms = now_ms,
	};

	if (call->amd->record.verdict == SIPDIALER_AMD_NOT_USED)
		final(call, &told);
}


void sipd_call_amd_answered(struct sipd_call *call)
{
	struct sipd_call_amd *amd = call->amd;

	if (!amd)
		return;

	/* what rang busy before was not this answer */
	amd->tone = NULL;
	sipd_stream_answered(call->stream);
	sipd_timer_start(&amd->limit, amd->listener.ear.timeout_ms + LATE_MS,
			 late_handler, call);
}


/* Answered, and over before there was a verdict. */
static void undecided(struct sipd_call *call)
{
	struct sipd_call_amd *amd = call->amd;
	const uint32_t now_ms = (uint32_t)(sipd_clock_ms() -
					   call->answer_mono);
	struct sipd_amd_told t = amd->likely;

	/* somebody said a word and hung up: what it was like is known */
	if (!t.text)
		t = (struct sipd_amd_told){.verdict = SIPDIALER_AMD_UNKNOWN,
					   .at_ms = now_ms};
	t.text = "final";
	t.cause = "ended";
	t.stood_ms = now_ms > t.at_ms ? now_ms - t.at_ms : 0;
	t.at_ms = now_ms;

	amd->record.verdict = t.verdict;
	amd->record.at_ms = t.at_ms - t.stood_ms;
	amd->record.confidence = t.confidence;
	sipd_call_record_verdict(call, t.verdict);
	call->h->amd(call, &t, call->arg);
}


void sipd_call_amd_over(struct sipd_call *call)
{
	struct sipd_call_amd *amd = call->amd;

	if (!amd)
		return;

	if (call->state == SIPD_CALL_ANSWERED &&
	    amd->record.verdict == SIPDIALER_AMD_NOT_USED)
		undecided(call);
	if (amd->state == SIPD_AMD_WAITS)
		sipd_call_message_skip(call, "the call ended");
	sipd_timer_cancel(&amd->limit);
	sipd_timer_cancel(&amd->start);
	call->outcome.amd = amd->record.verdict;
	call->outcome.sit = amd->record.sit;
	call->outcome.tone = amd->tone;
}
