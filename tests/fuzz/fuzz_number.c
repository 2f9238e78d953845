/**
 * @file fuzz/fuzz_number.c  Numbers of any bytes
 *
 * The first two bytes choose the country.  A number that is taken is E.164
 * with a country, is dialable without, and normalises to itself.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "core/campaign/import.h"
#include "core/campaign/number.h"
#include "fuzz.h"


static void check(const char *text, const char *country)
{
	char out[32], again[32];
	size_t len;

	if (sipd_number_normalise(text, country, out, sizeof(out))) {
		if (!*sipd_error_text() ||
		    !sipd_text_clean(sipd_error_text(),
				     strlen(sipd_error_text())))
			abort();
		return;
	}

	len = strlen(out);
	if (*country && (out[0] != '+' || len < 1 + SIPD_E164_MIN ||
			 len > 1 + SIPD_E164_MAX))
		abort();
	if (strspn(out, "+*#0123456789") != len || strchr(out + 1, '+'))
		abort();
	if (sipd_number_normalise(out, country, again, sizeof(again)) ||
	    strcmp(out, again) != 0)
		abort();
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct sipd_number_plan *plans;
	size_t count;
	char *text;

	if (size < 2)
		return 0;
	text = malloc(size - 1);
	if (!text)
		return 0;
	memcpy(text, data + 2, size - 2);
	text[size - 2] = '\0';

	plans = sipd_number_plans(&count);
	check(text, plans[(data[0] << 8 | data[1]) % count].iso);
	check(text, "");
	free(text);

	return 0;
}
