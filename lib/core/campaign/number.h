/**
 * @file core/campaign/number.h  Number plans, between number.c and import.c
 */
#ifndef SIPD_CORE_CAMPAIGN_NUMBER_H
#define SIPD_CORE_CAMPAIGN_NUMBER_H

#include <stddef.h>
#include <stdint.h>

enum {
	SIPD_E164_MIN = 7,         /* digits */
	SIPD_E164_MAX = 15,        /* digits, ITU-T E.164 6.2.1 */
	SIPD_NUMBER_PLAIN_MAX = 20 /* digits without a country */
};

/** How numbers are written in one country. */
struct sipd_number_plan {
	char iso[3];       /* ISO 3166-1 alpha-2, "" no country */
	uint16_t code;     /* calling code, ITU-T E.164 annex */
	uint8_t min, max;  /* digits of a national number */
	const char *trunk; /* prefixes before it at home, by commas, "" none */
	const char *idd;   /* prefixes of foreign numbers beside "00" */
};

/** All plans, sorted by calling code, the main country of a code first. */
const struct sipd_number_plan *sipd_number_plans(size_t *count);

/** By ISO code in either case or by calling code in digits; NULL unknown. */
const struct sipd_number_plan *sipd_number_plan_find(const char *country);

/** Whose calling code do these digits begin with?  NULL: not assigned. */
const struct sipd_number_plan *sipd_number_plan_of(const char *digits,
						   size_t count);

/** sipd_number_normalise() with the country looked up before; NULL none. */
int sipd_number_with(const char *text, const struct sipd_number_plan *plan,
		     char *out, size_t size);

#endif
