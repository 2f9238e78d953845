/**
 * @file core/campaign/disposition.c  What a call's end means
 *
 * SIP status first, then the Q.850 cause of a Reason header (RFC 3326), then
 * what the media said.  docs/dispositions.md is compared with this by a test.
 */
#include "core/campaign/campaign.h"

#include <string.h>

#define BUSY SIPDIALER_DISPOSITION_BUSY
#define NO_ANSWER SIPDIALER_DISPOSITION_NO_ANSWER
#define INVALID SIPDIALER_DISPOSITION_INVALID_NUMBER
#define REJECTED SIPDIALER_DISPOSITION_REJECTED
#define BLOCKED SIPDIALER_DISPOSITION_BLOCKED
#define CONGESTION SIPDIALER_DISPOSITION_CONGESTION
#define NONE SIPDIALER_DISPOSITION_NONE

struct rule {
	int code;
	enum sipdialer_disposition d;
};

static const struct rule sip_rules[] = {
	{403, REJECTED},   /* Forbidden */
	{404, INVALID},    /* Not Found */
	{408, NO_ANSWER},  /* Request Timeout */
	{410, INVALID},    /* Gone */
	{428, BLOCKED},    /* Use Identity Header, RFC 8224 */
	{433, BLOCKED},    /* Anonymity Disallowed, RFC 5079 */
	{436, BLOCKED},    /* Bad Identity Info */
	{437, BLOCKED},    /* Unsupported Credential */
	{438, BLOCKED},    /* Invalid Identity Header */
	{480, NO_ANSWER},  /* Temporarily Unavailable */
	{484, INVALID},    /* Address Incomplete */
	{485, INVALID},    /* Ambiguous */
	{486, BUSY},       /* Busy Here */
	{487, NO_ANSWER},  /* Request Terminated */
	{500, CONGESTION}, /* Server Internal Error */
	{502, CONGESTION}, /* Bad Gateway */
	{503, CONGESTION}, /* Service Unavailable */
	{504, CONGESTION}, /* Server Time-out */
	{513, CONGESTION}, /* Message Too Large */
	{600, BUSY},       /* Busy Everywhere */
	{603, REJECTED},   /* Decline */
	{604, INVALID},    /* Does Not Exist Anywhere */
	{607, BLOCKED},    /* Unwanted, RFC 8197 */
	{608, BLOCKED},    /* Rejected, RFC 8688 */
};

/* What the status that RFC 3398 8.2.6.1 maps a cause to would say. */
static const struct rule q850_rules[] = {
	{1, INVALID},      /* unallocated number */
	{2, INVALID},      /* no route to network */
	{3, INVALID},      /* no route to destination */
	{17, BUSY},        /* user busy */
	{18, NO_ANSWER},   /* no user responding */
	{19, NO_ANSWER},   /* no answer from user, alerted */
	{20, NO_ANSWER},   /* subscriber absent */
	{21, REJECTED},    /* call rejected */
	{22, INVALID},     /* number changed */
	{23, INVALID},     /* redirection to new destination */
	{26, INVALID},     /* non-selected user clearing */
	{27, CONGESTION},  /* destination out of order */
	{28, INVALID},     /* invalid number format */
	{31, NO_ANSWER},   /* normal, unspecified */
	{34, CONGESTION},  /* no circuit available */
	{38, CONGESTION},  /* network out of order */
	{41, CONGESTION},  /* temporary failure */
	{42, CONGESTION},  /* switching equipment congestion */
	{44, CONGESTION},  /* requested circuit not available */
	{47, CONGESTION},  /* resource unavailable */
	{55, REJECTED},    /* incoming calls barred within CUG */
	{57, REJECTED},    /* bearer capability not authorized */
	{58, CONGESTION},  /* bearer capability not available */
	{87, REJECTED},    /* user not member of CUG */
	{88, CONGESTION},  /* incompatible destination */
	{102, CONGESTION}, /* recovery on timer expiry */
	{111, CONGESTION}, /* protocol error */
	{127, CONGESTION}, /* interworking, unspecified */
};


static enum sipdialer_disposition look_up(const struct rule *rules,
					  size_t count, int code)
{
	for (size_t i = 0; i < count; i++)
		if (rules[i].code == code)
			return rules[i].d;

	return NONE;
}


/* Statuses that only say that the INVITE is over: our own timer or CANCEL
 * explains them.  A 2xx here crossed our CANCEL. */
static bool ours(int status)
{
	return !status || status == 408 || status == 487 ||
	       (status >= 200 && status < 300);
}


/* What a tone of the network says; NONE: nothing of use.  Classes of ITU-T
 * E.180 Supplement 2 and Bellcore GR-1162. */
static enum sipdialer_disposition heard(const struct sipd_outcome *o)
{
	static const struct {
		const char *word;
		enum sipdialer_disposition d;
	} words[] = {
		{"intercept", INVALID},  {"vacant", INVALID},
		{"reorder", CONGESTION}, {"no_circuit", CONGESTION},
		{"busy", BUSY},
	};
	const char *said = o->sit ? o->sit : o->tone;

	for (size_t i = 0; said && i < sizeof(words) / sizeof(words[0]); i++)
		if (!strncmp(said, words[i].word, strlen(words[i].word)))
			return words[i].d;

	return NONE;
}


/* Statuses that gateways give after an announcement, whatever it said. */
static bool vague(int status)
{
	return status == 408 || status == 480 || status == 487 ||
	       status == 500 || status == 502 || status == 503 ||
	       status == 504;
}


static enum sipdialer_disposition not_answered(const struct sipd_outcome *o)
{
	enum sipdialer_disposition d = heard(o);

	if (ours(o->sip_status) && o->ring_timeout)
		return d == NONE ? NO_ANSWER : d;
	if (ours(o->sip_status) &&
	    (o->local || o->error == SIPDIALER_ECANCELLED))
		return SIPDIALER_DISPOSITION_CANCELLED;
	if (o->local && o->sip_status / 100 == 3)
		return REJECTED; /* sent elsewhere by us */
	if (o->sip_status == 603 && o->network_block)
		return BLOCKED;
	if (o->sip_status == 487 && o->error)
		return SIPDIALER_DISPOSITION_FAILED; /* we had to cancel it */
	if (vague(o->sip_status) && d != NONE)
		return d;

	d = look_up(sip_rules, sizeof(sip_rules) / sizeof(sip_rules[0]),
		    o->sip_status);
	if (d == NONE)
		d = look_up(q850_rules,
			    sizeof(q850_rules) / sizeof(q850_rules[0]),
			    o->q850);
	if (d == NONE)
		d = heard(o);

	return d == NONE ? SIPDIALER_DISPOSITION_FAILED : d;
}


/* A 200 behind which there is only the network is no answer. */
static enum sipdialer_disposition answered(const struct sipd_outcome *o)
{
	const enum sipdialer_disposition d = heard(o);

	if (o->media_none)
		return SIPDIALER_DISPOSITION_FAILED;
	if (o->sit || o->tone)
		return d == NONE ? SIPDIALER_DISPOSITION_FAILED : d;

	switch (o->amd) {
	case SIPDIALER_AMD_HUMAN:
		return SIPDIALER_DISPOSITION_ANSWERED_HUMAN;
	case SIPDIALER_AMD_MACHINE:
		return SIPDIALER_DISPOSITION_ANSWERED_MACHINE;
	case SIPDIALER_AMD_FAX:
		return SIPDIALER_DISPOSITION_FAX;
	default:
		return SIPDIALER_DISPOSITION_ANSWERED;
	}
}


enum sipdialer_disposition sipd_disposition(const struct sipd_outcome *o)
{
	if (o->policy)
		return BLOCKED;

	return o->answered ? answered(o) : not_answered(o);
}
