/**
 * @file core/call/call_amd.h  Who answered a call, and what follows from it
 *
 * Settings, and what is told.  What is done is in call_amd.c, of a message for
 * a machine in call_message.c.
 */
#ifndef SIPD_CORE_CALL_AMD_H
#define SIPD_CORE_CALL_AMD_H

#include <stdbool.h>
#include <stdint.h>
#include <sipdialer/sipdialer.h>
#include "core/media/listener.h"
#include "core/media/prompt.h"

/** The words of amd.human and the like, in order. */
enum sipd_amd_action {
	SIPD_AMD_PLAY,
	SIPD_AMD_MESSAGE,
	SIPD_AMD_TRANSFER,
	SIPD_AMD_HANGUP,
	SIPD_AMD_HOST
};

/** The words of amd.early, in order: what a provisional verdict human does. */
enum sipd_amd_early {
	SIPD_AMD_EARLY_NO,
	SIPD_AMD_EARLY_PLAY, /* a prompt, which can be stopped again */
	SIPD_AMD_EARLY_HUMAN /* whatever is done about humans */
};

enum { SIPD_AMD_VERDICTS = SIPDIALER_AMD_FAX + 1 };

/** Of one call; strings are copied. */
struct sipd_amd_conf {
	bool enabled;
	enum sipd_amd_action actions[SIPD_AMD_VERDICTS];
	enum sipd_amd_early early;
	const char *message, *transfer; /* "" none */
	struct sipd_prompt *prompt;     /* the message, if it is loaded */
	uint32_t timeout_ms, beep_timeout_ms, end_silence_ms, interval_ms;
};

/** What CALL_AMD tells. */
struct sipd_amd_told {
	enum sipdialer_amd verdict;
	const char *text;  /* "listening", "provisional", "final" */
	const char *cause; /* or NULL */
	uint32_t at_ms;
	uint32_t stood_ms; /* first told so long ago */
	float confidence, human, machine, beep;
};

/** What the detectors are to do. */
struct sipd_ear_conf sipd_amd_ear(const struct sipd_amd_conf *conf);
/** A verdict or chances; false: it is neither. */
bool sipd_amd_told_from(struct sipd_amd_told *t, const struct sipd_told *told);

/** All that was heard of a call that is over. */
struct sipd_amd_record {
	enum sipdialer_amd verdict;
	uint32_t at_ms; /* it has stood since */
	float confidence;
	int64_t beep_at_ms;  /* -1 none */
	const char *sit;     /* class, NULL none */
	const char *message; /* "left", "cut", "skipped", NULL none */
};

#endif
