/**
 * @file api/amd.c  Who answers: options in, events out
 */
#include "api/amd.h"

#include <string.h>
#include "api/calls.h"
#include "base/error.h"

static const struct {
	enum sipdialer_amd verdict;
	enum sipd_option option;
} verdicts[] = {
	{SIPDIALER_AMD_HUMAN, SIPD_OPT_AMD_HUMAN},
	{SIPDIALER_AMD_MACHINE, SIPD_OPT_AMD_MACHINE},
	{SIPDIALER_AMD_FAX, SIPD_OPT_AMD_FAX},
	{SIPDIALER_AMD_UNKNOWN, SIPD_OPT_AMD_UNKNOWN},
};

enum { VERDICTS = sizeof(verdicts) / sizeof(verdicts[0]) };


/* ---- options -------------------------------------------------------------- */

/* What an action is to be done with. */
static int check_action(const struct sipd_options *o, enum sipd_option option)
{
	const int action = sipd_opt_enum(o, option);
	const enum sipd_option with = action == SIPD_AMD_MESSAGE
					      ? SIPD_OPT_AMD_MESSAGE
					      : SIPD_OPT_AMD_TRANSFER;

	if ((action != SIPD_AMD_MESSAGE && action != SIPD_AMD_TRANSFER) ||
	    *sipd_opt_str(o, with))
		return SIPDIALER_OK;

	return sipd_error(SIPDIALER_EINVAL, "%s=%s needs %s",
			  sipd_option_table[option].name,
			  sipd_opt_str(o, option),
			  sipd_option_table[with].name);
}


int sipd_amd_check(const struct sipd_options *o)
{
	int err = SIPDIALER_OK;

	if (!sipd_opt_bool(o, SIPD_OPT_AMD_ENABLED))
		return sipd_opt_enum(o, SIPD_OPT_RECORD_POLICY) ==
				       SIPD_RECORD_HUMAN
			       ? sipd_error(SIPDIALER_EINVAL,
					    "record.policy=human needs "
					    "amd.enabled=yes")
			       : SIPDIALER_OK;

	for (size_t i = 0; i < VERDICTS && !err; i++)
		err = check_action(o, verdicts[i].option);

	return err;
}


void sipd_amd_conf(const struct sipd_options *o, struct sipd_amd_conf *conf)
{
	*conf = (struct sipd_amd_conf){
		.enabled = sipd_opt_bool(o, SIPD_OPT_AMD_ENABLED),
		.early = (enum sipd_amd_early)
			sipd_opt_enum(o, SIPD_OPT_AMD_EARLY),
		.message = sipd_opt_str(o, SIPD_OPT_AMD_MESSAGE),
		.transfer = sipd_opt_str(o, SIPD_OPT_AMD_TRANSFER),
		.timeout_ms = (uint32_t)sipd_opt_ms(o, SIPD_OPT_AMD_TIMEOUT),
		.beep_timeout_ms =
			(uint32_t)sipd_opt_ms(o, SIPD_OPT_AMD_BEEP_TIMEOUT),
		.end_silence_ms =
			(uint32_t)sipd_opt_ms(o, SIPD_OPT_AMD_END_SILENCE),
		.interval_ms = (uint32_t)sipd_opt_ms(o, SIPD_OPT_AMD_INTERVAL),
	};
	for (size_t i = 0; i < VERDICTS; i++)
		conf->actions[verdicts[i].verdict] = (enum sipd_amd_action)
			sipd_opt_enum(o, verdicts[i].option);
}


bool sipd_amd_leaves(const struct sipd_amd_conf *conf)
{
	for (size_t i = 0; conf->enabled && i < VERDICTS; i++)
		if (conf->actions[verdicts[i].verdict] == SIPD_AMD_MESSAGE)
			return true;

	return false;
}


/* ---- events --------------------------------------------------------------- */

struct sipdialer_event sipd_amd_event(const struct sipd_amd_told *told)
{
	struct sipdialer_event ev = sipd_engine_event(
		SIPDIALER_EVENT_CALL_AMD);

	ev.status = told->verdict;
	ev.text = told->text;
	ev.reason = told->cause;
	ev.at_ms = told->at_ms;
	ev.duration_ms = told->stood_ms;
	ev.confidence = (double)told->confidence;
	ev.p_human = (double)told->human;
	ev.p_machine = (double)told->machine;
	ev.p_beep = (double)told->beep;

	return ev;
}


struct sipdialer_event sipd_amd_tone_event(const char *word,
					   const struct sipd_heard *heard)
{
	struct sipdialer_event ev = sipd_engine_event(
		SIPDIALER_EVENT_CALL_TONE);

	ev.text = word;
	ev.reason = heard->kind == SIPD_HEARD_SIT ? heard->word : NULL;
	ev.at_ms = heard->from_ms;
	ev.duration_ms = (int64_t)heard->at_ms - heard->from_ms;
	ev.hz = (double)heard->hz[0];
	ev.hz2 = (double)heard->hz[1];

	return ev;
}


void sipd_dialed_amd(struct sipd_call *call, const struct sipd_amd_told *told,
		     void *arg)
{
	struct sipdialer_event ev = sipd_amd_event(told);
	(void)call;

	sipd_dialed_emit(arg, &ev);
}


void sipd_dialed_tone(struct sipd_call *call, const char *word,
		      const struct sipd_heard *heard, void *arg)
{
	struct sipdialer_event ev = sipd_amd_tone_event(word, heard);
	(void)call;

	sipd_dialed_emit(arg, &ev);
}


void sipd_dialed_message(struct sipd_call *call, const char *text,
			 const char *reason, void *arg)
{
	struct sipdialer_event ev = sipd_engine_event(
		SIPDIALER_EVENT_CALL_MESSAGE);
	(void)call;

	ev.text = text;
	ev.reason = reason;
	sipd_dialed_emit(arg, &ev);
}
