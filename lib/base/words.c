/**
 * @file base/words.c  Status words: one table each
 */
#include "base/words.h"

#include <string.h>
#include <sipdialer/sipdialer.h>

static const char *const registration[] = {
	[SIPDIALER_REGISTRATION_DISCONNECTED] = "disconnected",
	[SIPDIALER_REGISTRATION_CONNECTING] = "connecting",
	[SIPDIALER_REGISTRATION_REGISTERED] = "registered",
	[SIPDIALER_REGISTRATION_FAILED] = "failed",
};

static const char *const campaign[] = {
	[SIPDIALER_CAMPAIGN_DRAFT] = "draft",
	[SIPDIALER_CAMPAIGN_SCHEDULED] = "scheduled",
	[SIPDIALER_CAMPAIGN_RUNNING] = "running",
	[SIPDIALER_CAMPAIGN_PAUSED] = "paused",
	[SIPDIALER_CAMPAIGN_COMPLETED] = "completed",
	[SIPDIALER_CAMPAIGN_CANCELLED] = "cancelled",
};

static const char *const contact[] = {
	[SIPDIALER_CONTACT_PENDING] = "pending",
	[SIPDIALER_CONTACT_IN_PROGRESS] = "in_progress",
	[SIPDIALER_CONTACT_COMPLETED] = "completed",
	[SIPDIALER_CONTACT_FAILED] = "failed",
	[SIPDIALER_CONTACT_DNC] = "dnc",
	[SIPDIALER_CONTACT_SKIPPED] = "skipped",
	[SIPDIALER_CONTACT_INTERRUPTED] = "interrupted",
};

static const char *const disposition[] = {
	[SIPDIALER_DISPOSITION_NONE] = "none",
	[SIPDIALER_DISPOSITION_ANSWERED] = "answered",
	[SIPDIALER_DISPOSITION_ANSWERED_HUMAN] = "answered_human",
	[SIPDIALER_DISPOSITION_ANSWERED_MACHINE] = "answered_machine",
	[SIPDIALER_DISPOSITION_FAX] = "fax",
	[SIPDIALER_DISPOSITION_BUSY] = "busy",
	[SIPDIALER_DISPOSITION_NO_ANSWER] = "no_answer",
	[SIPDIALER_DISPOSITION_INVALID_NUMBER] = "invalid_number",
	[SIPDIALER_DISPOSITION_REJECTED] = "rejected",
	[SIPDIALER_DISPOSITION_BLOCKED] = "blocked",
	[SIPDIALER_DISPOSITION_CONGESTION] = "congestion",
	[SIPDIALER_DISPOSITION_CANCELLED] = "cancelled",
	[SIPDIALER_DISPOSITION_ABANDONED] = "abandoned",
	[SIPDIALER_DISPOSITION_INTERRUPTED] = "interrupted",
	[SIPDIALER_DISPOSITION_DNC] = "dnc",
	[SIPDIALER_DISPOSITION_FAILED] = "failed",
};

static const char *const amd[] = {
	[SIPDIALER_AMD_NOT_USED] = "not_used",
	[SIPDIALER_AMD_HUMAN] = "human",
	[SIPDIALER_AMD_MACHINE] = "machine",
	[SIPDIALER_AMD_UNKNOWN] = "unknown",
	[SIPDIALER_AMD_FAX] = "fax",
};

static const char *const log_level[] = {
	[SIPDIALER_LOG_ERROR] = "error",
	[SIPDIALER_LOG_WARNING] = "warning",
	[SIPDIALER_LOG_INFO] = "info",
	[SIPDIALER_LOG_DEBUG] = "debug",
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const struct sipd_words sipd_words_registration = {
	"registration state",
	registration,
	COUNT(registration),
};
const struct sipd_words sipd_words_campaign = {
	"campaign status",
	campaign,
	COUNT(campaign),
};
const struct sipd_words sipd_words_contact = {
	"contact status",
	contact,
	COUNT(contact),
};
const struct sipd_words sipd_words_disposition = {
	"disposition",
	disposition,
	COUNT(disposition),
};
const struct sipd_words sipd_words_amd = {
	"verdict",
	amd,
	COUNT(amd),
};
const struct sipd_words sipd_words_log = {
	"log level",
	log_level,
	COUNT(log_level),
};


const char *sipd_word(const struct sipd_words *words, int number)
{
	if (number < 0 || (size_t)number >= words->count)
		return "?";

	return words->names[number];
}


int sipd_word_number(const struct sipd_words *words, const char *name)
{
	for (size_t i = 0; name && i < words->count; i++)
		if (!strcmp(words->names[i], name))
			return (int)i;

	return -1;
}
