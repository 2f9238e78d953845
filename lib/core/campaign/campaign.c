/**
 * @file core/campaign/campaign.c  State machine of a campaign
 */
#include "core/campaign/campaign.h"

#include "base/error.h"
#include "base/words.h"

enum {
	STATES = SIPDIALER_CAMPAIGN_CANCELLED + 1,
	VERBS = SIPD_VERB_COMPLETE + 1,
	NO = -1
};

#define DRAFT SIPDIALER_CAMPAIGN_DRAFT
#define SCHEDULED SIPDIALER_CAMPAIGN_SCHEDULED
#define RUNNING SIPDIALER_CAMPAIGN_RUNNING
#define PAUSED SIPDIALER_CAMPAIGN_PAUSED
#define COMPLETED SIPDIALER_CAMPAIGN_COMPLETED
#define CANCELLED SIPDIALER_CAMPAIGN_CANCELLED

/* clang-format off */
static const signed char next[STATES][VERBS] = {
	/*             start    pause   cancel     complete */
	[DRAFT]     = {RUNNING, NO,     CANCELLED, NO},
	[SCHEDULED] = {RUNNING, NO,     CANCELLED, NO},
	[RUNNING]   = {NO,      PAUSED, CANCELLED, COMPLETED},
	[PAUSED]    = {RUNNING, NO,     CANCELLED, NO},
	[COMPLETED] = {NO,      NO,     NO,        NO},
	[CANCELLED] = {NO,      NO,     NO,        NO},
};
/* clang-format on */

static const char *const verbs[VERBS] = {
	[SIPD_VERB_START] = "start",
	[SIPD_VERB_PAUSE] = "pause",
	[SIPD_VERB_CANCEL] = "cancel",
	[SIPD_VERB_COMPLETE] = "complete",
};


int sipd_campaign_change(int status, enum sipd_campaign_verb verb)
{
	if (status < 0 || status >= STATES)
		return sipd_error(SIPDIALER_EINVAL,
				  "no campaign status has the number %d",
				  status);
	if ((int)verb < 0 || (int)verb >= VERBS)
		return sipd_error(SIPDIALER_EINVAL,
				  "no campaign verb has the number %d", verb);
	if (next[status][verb] == NO)
		return sipd_error(SIPDIALER_ESTATE,
				  "the campaign is %s: it cannot %s",
				  sipd_word(&sipd_words_campaign, status),
				  verbs[verb]);

	return next[status][verb];
}
