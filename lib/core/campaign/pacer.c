/**
 * @file core/campaign/pacer.c  Calls per second and calls at once
 *
 * GCRA (ITU-T I.371) with a small tolerance: who asks late by up to TOLERANCE
 * catches up, so that timers of 1 ms do not cost rate.  A closed window of W
 * then holds at most floor((W + tolerance) / interval) + 1 calls; the interval
 * is chosen so that this is ceil(cps) for W = 1 s.  Price: 0.4 % of the rate.
 */
#include "core/campaign/campaign.h"

#include <assert.h>
#include <math.h>

static const double second = 1e6;        /* us */
static const double interval_max = 1e15; /* us: 31 years */
static const uint64_t tolerance = 4000;  /* us */


/* At one call a second or less being late costs nothing worth mending. */
static uint64_t slack(double cps)
{
	return cps > 1.0 ? tolerance : 0;
}


/* us from call to call, never less than the guarantee needs. */
static uint64_t interval(double cps)
{
	const double even = second / cps;
	const double window = (second + (double)slack(cps)) / ceil(cps);
	const double us = even > window ? even : window;

	return us < interval_max ? (uint64_t)us + 1 : (uint64_t)interval_max;
}


void sipd_pacer_init(struct sipd_pacer *p, double cps, uint32_t max_calls)
{
	assert(cps >= 0.0);
	p->cps = cps;
	p->max_calls = max_calls ? max_calls : 1;
	p->active = 0;
	p->next_us = 0;
}


void sipd_pacer_rate(struct sipd_pacer *p, double cps, uint64_t now_us)
{
	assert(cps >= 0.0);
	p->cps = cps;

	/* a long wait at a low rate is not kept to */
	if (cps > 0.0 && p->next_us > now_us &&
	    p->next_us - now_us > interval(cps))
		p->next_us = now_us + interval(cps);
}


uint64_t sipd_pacer_wait(const struct sipd_pacer *p, uint64_t now_us)
{
	if (p->active >= p->max_calls)
		return UINT64_MAX;
	if (!(p->cps > 0.0) || now_us >= p->next_us)
		return 0;

	return p->next_us - now_us;
}


bool sipd_pacer_take(struct sipd_pacer *p, uint64_t now_us)
{
	if (sipd_pacer_wait(p, now_us))
		return false;

	p->active++;
	if (p->cps > 0.0) {
		/* due: when this call should have come */
		const uint64_t late = slack(p->cps);
		const uint64_t due = p->next_us + late;
		const uint64_t from = due > now_us ? due : now_us;

		p->next_us = from + interval(p->cps) - late;
	}

	return true;
}


void sipd_pacer_sent(struct sipd_pacer *p, uint64_t now_us)
{
	uint64_t next;

	if (!(p->cps > 0.0))
		return;

	next = now_us + interval(p->cps) - slack(p->cps);
	if (p->next_us < next)
		p->next_us = next;
}


void sipd_pacer_release(struct sipd_pacer *p)
{
	assert(p->active > 0);
	if (p->active)
		p->active--;
}
