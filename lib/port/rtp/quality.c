/**
 * @file port/rtp/quality.c  What a call sounded like, as an estimate
 */
#include "port/rtp/quality.h"

static const double r_max = 93.2; /* all values are the default ones */
static const double bpl = 25.1;   /* G.711 with concealment. G.113 table I.4 */
static const double r_range = 95;


/* How much longer losses last than by chance. 7.4 */
static double burst_ratio(const struct sipd_quality *q, double loss)
{
	const double mean = q->gaps ? (double)q->bad / (double)q->gaps : 1;
	const double ratio = mean * (1 - loss);

	return ratio > 1 ? ratio : 1;
}


/* Ie,eff with Ie = 0. 7.4 */
static double loss_impairment(const struct sipd_quality *q)
{
	double loss, percent;

	if (!q->expected || !q->bad)
		return 0;
	loss = (double)q->bad / (double)q->expected;
	if (loss > 1)
		loss = 1;
	percent = loss * 100;

	return r_range * percent / (percent / burst_ratio(q, loss) + bpl);
}


/* Id for the default echo losses, as the two straight lines of Cole and
 * Rosenbluth (2001) have it. */
static double delay_impairment(double ms)
{
	const double knee = 177.3;

	return 0.024 * ms + (ms > knee ? 0.11 * (ms - knee) : 0);
}


double sipd_quality_r(const struct sipd_quality *q)
{
	const double r = r_max - delay_impairment(q->delay_ms) -
			 loss_impairment(q);

	return r > 0 ? r : 0;
}


double sipd_quality_mos(double r)
{
	if (r <= 0)
		return 1;
	if (r >= 100)
		return 4.5;

	/* near 0 the curve of the annex dips below the scale */
	r = 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6;

	return r > 1 ? r : 1;
}
