/**
 * @file fuzz/fuzz_record.c  Names of recordings: patterns and values of any
 * bytes
 *
 * Up to the first line end the pattern, then who is called, then who calls.
 * Whatever they are, a pattern that is taken gives a name within the folder.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "core/media/record_name.h"
#include "fuzz.h"
#include "port/file/shelf.h"


static void check(const char *pattern, const char *to, const char *from)
{
	const struct sipd_record_values values = {
		.wall_ms = 1795388398000,
		.call = UINT64_MAX,
		.campaign = UINT64_MAX,
		.contact = UINT64_MAX,
		.to = to,
		.from = from,
	};
	char name[SIPD_SHELF_NAME_MAX + 1];

	/* as the option's own limit, before its check */
	if (strlen(pattern) > SIPD_RECORD_PATTERN_MAX)
		return;
	if (sipd_record_pattern_check(pattern)) {
		if (!*sipd_error_text())
			abort();
		return;
	}

	memset(name, 'x', sizeof(name));
	sipd_record_name(name, sizeof(name), pattern, &values);
	if (!memchr(name, '\0', sizeof(name)) || !sipd_shelf_name_ok(name) ||
	    !strncmp(name, "..", 2) || strstr(name, "/..") ||
	    strcmp(name + strlen(name) - 4, ".wav"))
		abort();
}


static char *cut(char *text)
{
	char *end = strchr(text, '\n');

	if (!end)
		return text + strlen(text);
	*end = '\0';

	return end + 1;
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *to, *from;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';

	check("{to}/{from}/{call}.wav", text, text);
	check("{date}-{to}{call}{from}.wav", text, text);
	to = cut(text);
	from = cut(to);
	(void)cut(from);
	check(text, to, from);
	free(text);

	return 0;
}
