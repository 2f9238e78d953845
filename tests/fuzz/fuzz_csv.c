/**
 * @file fuzz/fuzz_csv.c  Contact files of any bytes
 *
 * The first byte chooses block size and country, the rest is the file.  What
 * comes out must keep the promises of import.h, and must not depend on how the
 * file was cut into blocks.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "core/campaign/import.h"
#include "fuzz.h"

struct sums {
	uint64_t contacts, errors, lines, bytes;
};


static int contact(const struct sipd_contact_in *c, void *arg)
{
	struct sums *s = arg;

	s->contacts++;
	s->lines += c->line;
	s->bytes += strlen(c->number) + strlen(c->name) + strlen(c->custom);
	if (!*c->number ||
	    strspn(c->number, "+*#0123456789") != strlen(c->number) ||
	    !sipd_utf8_valid(c->name, strlen(c->name)) ||
	    !sipd_utf8_valid(c->custom, strlen(c->custom)) ||
	    !sipd_text_clean(c->custom, strlen(c->custom)))
		abort();

	return 0;
}


static void error(uint64_t line, const char *why, void *arg)
{
	struct sums *s = arg;

	s->errors++;
	s->lines += line;
	if (!*why)
		abort();
}


static int import(struct sums *s, const char *country, const char *data,
		  size_t size, size_t block)
{
	const struct sipd_import_conf conf = {"", "", country, 0};
	struct sipd_import *im;
	uint64_t rows, taken, refused;
	int rc = 0;

	memset(s, 0, sizeof(*s));
	if (sipd_import_open(&im, &conf, contact, error, s))
		abort();
	for (size_t at = 0; at < size && !rc; at += block)
		rc = sipd_import_feed(im, data + at,
				      size - at < block ? size - at : block);
	if (!rc)
		rc = sipd_import_end(im);
	sipd_import_counts(im, &rows, &taken, &refused);
	sipd_import_close(im);
	if (taken != s->contacts || refused != s->errors ||
	    rows != taken + refused)
		abort();

	return rc;
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const countries[] = {"", "US", "DE", "IT"};
	struct sums whole, cut;
	int a, b;

	if (!size)
		return 0;
	a = import(&whole, countries[data[0] % 4], (const char *)data + 1,
		   size - 1, size);
	b = import(&cut, countries[data[0] % 4], (const char *)data + 1,
		   size - 1, 1 + data[0] / 4);
	if (a != b || memcmp(&whole, &cut, sizeof(whole)) != 0)
		abort();

	return 0;
}
