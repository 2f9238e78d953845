/**
 * @file bench/bench_import.c  Rows a second through sipd_import_feed()
 *
 * One core, no store: tokenize, check UTF-8, normalise to E.164, build the
 * JSON of the custom columns.  Prints one JSON object; never fails on speed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "core/campaign/import.h"

enum { ROWS = 1000000, BLOCK = 65536, LINE_MAX_BYTES = 160 };

static const char *const towns[] = {
	"Springfield",
	"Los Angeles",
	"Saint Paul",
	"M\xc3\xbcnster",
};


static int contact(const struct sipd_contact_in *c, void *arg)
{
	uint64_t *bytes = arg;

	*bytes += strlen(c->custom);

	return 0;
}


static void error(uint64_t line, const char *why, void *arg)
{
	(void)arg;
	(void)line;
	(void)why; /* counted by the import itself */
}


static char *make(size_t *len)
{
	char *buf = malloc((size_t)(ROWS + 1) * LINE_MAX_BYTES);
	size_t n;

	if (!buf)
		return NULL;
	n = (size_t)sprintf(buf, "phone,first_name,last_name,city,balance,"
				 "note\r\n");
	for (unsigned i = 0; i < ROWS; i++)
		n += (size_t)sprintf(
			buf + n,
			"(%03u) %03u-%04u,Ann,"
			"Example %u,%s,%u.50,\"call \"\"after\"\" 6, please\""
			"\r\n",
			220 + i % 68 * 10, 220 + i / 10000 % 80, i % 10000, i,
			towns[i % 4], i % 1000);
	*len = n;

	return buf;
}


static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);

	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}


int main(void)
{
	const struct sipd_import_conf conf = {"", "", "US", 0};
	struct sipd_import *im;
	struct rusage before, after;
	uint64_t bytes = 0, rows, taken, refused;
	double begin, s;
	size_t len;
	char *buf = make(&len);

	if (!buf || sipd_import_open(&im, &conf, contact, error, &bytes))
		return 1;

	getrusage(RUSAGE_SELF, &before);
	begin = now();
	for (size_t at = 0; at < len; at += BLOCK)
		if (sipd_import_feed(im, buf + at,
				     len - at < BLOCK ? len - at : BLOCK))
			return 1;
	if (sipd_import_end(im))
		return 1;
	s = now() - begin;
	getrusage(RUSAGE_SELF, &after);
	sipd_import_counts(im, &rows, &taken, &refused);
	sipd_import_close(im);
	free(buf);

	printf("{\"bench\":\"import\",\"rows\":%llu,\"taken\":%llu,"
	       "\"refused\":%llu,\"bytes\":%zu,\"custom_bytes\":%llu,"
	       "\"cpu_s\":%.3f,\"rows_per_s\":%.0f,\"mb_per_s\":%.0f,"
	       "\"rss_growth_kb\":%ld}\n",
	       (unsigned long long)rows, (unsigned long long)taken,
	       (unsigned long long)refused, len, (unsigned long long)bytes, s,
	       (double)rows / s, (double)len / 1e6 / s,
	       after.ru_maxrss - before.ru_maxrss);

	return 0;
}
