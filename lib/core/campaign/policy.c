/**
 * @file core/campaign/policy.c  May this contact be dialed now, and why
 *
 * Every gate writes what it looked at, also after one has refused: the record
 * is the proof kept for each attempt.
 */
#include "core/campaign/campaign.h"

#include "base/text.h"
#include "base/words.h"

enum { NUMBER_MAX = 32 };


static bool gate(struct sipd_policy_out *out, const char *rule, bool pass)
{
	if (!pass && out->allow) {
		out->allow = false;
		out->rule = rule;
	}

	return pass;
}


static void record(const struct sipd_policy_in *in,
		   struct sipd_policy_out *out, bool running, bool attempts)
{
	char number[NUMBER_MAX + 1];
	struct sipd_text t;

	(void)sipd_strcpy(number, sizeof(number),
			  in->number ? in->number : "");
	sipd_text_init(&t, out->record, sizeof(out->record));
	sipd_text_add(&t, "{");
	sipd_json_int(&t, "v", 1);
	sipd_json_int(&t, "time_ms", in->now_ms);
	sipd_json_str(&t, "number", number);
	sipd_text_add(&t, ",\"gates\":{\"campaign\":{");
	sipd_json_bool(&t, "pass", running);
	sipd_json_str(&t, "status",
		      sipd_word(&sipd_words_campaign, in->campaign_status));
	sipd_text_add(&t, "},\"dnc\":{");
	sipd_json_bool(&t, "pass", !in->dnc);
	sipd_json_bool(&t, "listed", in->dnc);
	sipd_text_add(&t, "},\"attempts\":{");
	sipd_json_bool(&t, "pass", attempts);
	sipd_json_uint(&t, "attempt", in->attempt);
	sipd_json_uint(&t, "max", in->max_attempts);
	sipd_text_add(&t, "}},\"pace\":{");
	sipd_json_uint(&t, "active", in->active);
	sipd_json_uint(&t, "max_calls", in->max_calls);
	sipd_json_num(&t, "cps", in->cps);
	sipd_text_add(&t, "}");
	sipd_json_bool(&t, "allow", out->allow);
	sipd_json_str(&t, "rule", out->rule);
	sipd_text_add(&t, "}");

	if (sipd_text_cut(&t)) {
		/* a number of escapes only: the rule still has to be told */
		sipd_text_init(&t, out->record, sizeof(out->record));
		sipd_text_add(&t, "{");
		sipd_json_int(&t, "v", 1);
		sipd_json_int(&t, "time_ms", in->now_ms);
		sipd_json_bool(&t, "allow", out->allow);
		sipd_json_str(&t, "rule", out->rule);
		sipd_text_add(&t, "}");
	}
}


void sipd_policy_check(const struct sipd_policy_in *in,
		       struct sipd_policy_out *out)
{
	bool running, attempts;

	out->allow = true;
	out->rule = "allow";
	running = gate(out, "campaign",
		       in->campaign_status == SIPDIALER_CAMPAIGN_RUNNING);
	(void)gate(out, "dnc", !in->dnc);
	attempts = gate(out, "attempts",
			in->attempt >= 1 && in->attempt <= in->max_attempts);

	record(in, out, running, attempts);
}
