/**
 * @file core/campaign/retry.c  Is a contact called again, and when
 */
#include "core/campaign/campaign.h"

#include <string.h>
#include "base/error.h"
#include "base/text.h"
#include "base/words.h"

enum {
	DELAY_MAX = 30 * 86400,  /* s */
	RETRY_AFTER_MAX = 86400, /* s: more is taken as a day */
	ATTEMPTS_MAX = 1000,
	DISPOSITIONS = SIPDIALER_DISPOSITION_FAILED + 1,
	ITEM_MAX = 63 /* bytes of "name=value" */
};

/* What becomes of a contact that is not called again, and whether it is called
 * again unless told otherwise. */
struct fate {
	enum sipdialer_contact_status status;
	bool retry;  /* by default */
	bool option; /* a rule may be set */
};

#define DONE SIPDIALER_CONTACT_COMPLETED
#define FAILED SIPDIALER_CONTACT_FAILED

/* clang-format off */
static const struct fate fates[DISPOSITIONS] = {
	[SIPDIALER_DISPOSITION_NONE]             = {FAILED, false, false},
	[SIPDIALER_DISPOSITION_ANSWERED]         = {DONE,   false, false},
	[SIPDIALER_DISPOSITION_ANSWERED_HUMAN]   = {DONE,   false, false},
	[SIPDIALER_DISPOSITION_ANSWERED_MACHINE] = {DONE,   false, true},
	[SIPDIALER_DISPOSITION_FAX]              = {DONE,   false, true},
	[SIPDIALER_DISPOSITION_BUSY]             = {FAILED, true,  true},
	[SIPDIALER_DISPOSITION_NO_ANSWER]        = {FAILED, true,  true},
	[SIPDIALER_DISPOSITION_INVALID_NUMBER]   = {FAILED, false, true},
	[SIPDIALER_DISPOSITION_REJECTED]         = {FAILED, false, true},
	[SIPDIALER_DISPOSITION_BLOCKED]          = {FAILED, false, true},
	[SIPDIALER_DISPOSITION_CONGESTION]       = {FAILED, true,  true},
	[SIPDIALER_DISPOSITION_CANCELLED]        = {FAILED, true,  true},
	[SIPDIALER_DISPOSITION_ABANDONED]        = {DONE,   false, true},
	[SIPDIALER_DISPOSITION_INTERRUPTED]      = {
		SIPDIALER_CONTACT_INTERRUPTED, false, true},
	[SIPDIALER_DISPOSITION_DNC]              = {
		SIPDIALER_CONTACT_DNC, false, false},
	[SIPDIALER_DISPOSITION_FAILED]           = {FAILED, false, true},
};
/* clang-format on */


void sipd_retry_init(struct sipd_retry *r, uint32_t retries, uint32_t delay_s)
{
	memset(r, 0, sizeof(*r));
	r->max_attempts = retries < ATTEMPTS_MAX ? retries + 1 : ATTEMPTS_MAX;
	for (size_t i = 0; i < DISPOSITIONS; i++) {
		r->rules[i].retry = fates[i].retry;
		r->rules[i].delay_s = delay_s < DELAY_MAX ? delay_s
							  : DELAY_MAX;
	}
}


/* ---- parsing ----------------------------------------------------------- */

static int parse_value(struct sipd_retry_rule *rule, const char *value,
		       size_t place)
{
	int64_t delay;

	if (!strcmp(value, "off")) {
		rule->retry = false;
		return 0;
	}
	if (!sipd_parse_int(value, 0, DELAY_MAX, &delay))
		return sipd_error(SIPDIALER_EINVAL,
				  "retry rules, character %zu: \"%s\" is "
				  "neither \"off\" nor seconds from 0 to %d",
				  place, value, DELAY_MAX);
	rule->retry = true;
	rule->delay_s = (uint32_t)delay;

	return 0;
}


/* Without blanks around. */
static char *strip(char *s)
{
	size_t len;

	s += strspn(s, " \t");
	len = strlen(s);
	while (len && (s[len - 1] == ' ' || s[len - 1] == '\t'))
		s[--len] = '\0';

	return s;
}


/* item: one "name=value", changed in place; place: its first character in the
 * whole text, counted from 1. */
static int parse_item(struct sipd_retry *r, char *item, size_t place)
{
	char *const begin = item;
	char *value = strchr(item, '=');
	int number;

	if (!value)
		return sipd_error(SIPDIALER_EINVAL,
				  "retry rules, character %zu: \"%s\" is not "
				  "name=seconds or name=off",
				  place, item);
	*value++ = '\0';
	item = strip(item);
	number = sipd_word_number(&sipd_words_disposition, item);
	if (number < 0)
		return sipd_error(
			SIPDIALER_EINVAL,
			"retry rules, character %zu: \"%s\" is no disposition",
			place + (size_t)(item - begin), item);
	if (!fates[number].option)
		return sipd_error(SIPDIALER_EINVAL,
				  "retry rules, character %zu: \"%s\" is "
				  "final, it is never retried",
				  place + (size_t)(item - begin), item);
	value = strip(value);

	return parse_value(&r->rules[number], value,
			   place + (size_t)(value - begin));
}


int sipd_retry_parse(struct sipd_retry *r, const char *text)
{
	struct sipd_retry made = *r;
	size_t at = 0;

	while (text && text[at]) {
		const size_t len = strcspn(text + at, ",");
		char item[ITEM_MAX + 1];
		int rc;

		if (len > ITEM_MAX)
			return sipd_error(SIPDIALER_EINVAL,
					  "retry rules, character %zu: a rule "
					  "is longer than %d bytes",
					  at + 1, ITEM_MAX);
		memcpy(item, text + at, len);
		item[len] = '\0';
		rc = parse_item(&made, item, at + 1);
		if (rc)
			return rc;
		at += len;
		if (text[at] == ',' && !text[++at])
			return sipd_error(SIPDIALER_EINVAL,
					  "retry rules, character %zu: "
					  "nothing after the comma",
					  at);
	}
	*r = made;

	return SIPDIALER_OK;
}


/* ---- deciding ---------------------------------------------------------- */

int sipd_retry_next(const struct sipd_retry *r, uint32_t attempt,
		    enum sipdialer_disposition d, uint32_t retry_after_s,
		    uint64_t *delay_ms)
{
	const int number = (int)d;
	uint64_t delay;

	*delay_ms = 0;
	if (number < 0 || number >= DISPOSITIONS)
		return SIPDIALER_CONTACT_FAILED;
	if (!r->rules[number].retry || attempt >= r->max_attempts)
		return fates[number].status;

	if (retry_after_s > RETRY_AFTER_MAX)
		retry_after_s = RETRY_AFTER_MAX;
	delay = r->rules[number].delay_s;
	if (retry_after_s > delay)
		delay = retry_after_s;
	*delay_ms = delay * 1000;

	return SIPDIALER_CONTACT_PENDING;
}
