/**
 * @file core/media/record_name.c  Names of recordings, from a pattern
 */
#include "core/media/record_name.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "base/error.h"
#include "base/text.h"
#include "port/file/shelf.h"

enum word { DATE, TIME, CALL, CAMPAIGN, CONTACT, TO, FROM, WORDS };

static const struct {
	const char *name;
	size_t longest; /* bytes it becomes at most */
} words[WORDS] = {
	[DATE] = {"{date}", SIPD_SHELF_DAY},
	[TIME] = {"{time}", 6},
	[CALL] = {"{call}", 20},
	[CAMPAIGN] = {"{campaign}", 20},
	[CONTACT] = {"{contact}", 20},
	[TO] = {"{to}", SIPD_RECORD_VALUE_MAX},
	[FROM] = {"{from}", SIPD_RECORD_VALUE_MAX},
};


/* The word that begins here, or WORDS. */
static enum word word_at(const char *p)
{
	int w = 0;

	while (w < WORDS && strncmp(p, words[w].name, strlen(words[w].name)))
		++w;

	return (enum word)w;
}


/* ---- checks ----------------------------------------------------------------- */

/* The longest name that can come of it. */
static int longest(char *buf, size_t size, const char *pattern)
{
	struct sipd_text t;

	sipd_text_init(&t, buf, size);
	while (*pattern) {
		const enum word w = word_at(pattern);

		if (w == WORDS && (*pattern == '{' || *pattern == '}'))
			return sipd_error(SIPDIALER_EINVAL,
					  "\"%.20s\" is none of {date} {time} "
					  "{call} {campaign} {contact} {to} "
					  "{from}",
					  pattern);
		if (w == WORDS) {
			sipd_text_addn(&t, pattern++, 1);
			continue;
		}
		for (size_t i = 0; i < words[w].longest; i++)
			sipd_text_add(&t, "9");
		pattern += strlen(words[w].name);
	}

	return SIPDIALER_OK;
}


int sipd_record_pattern_check(const char *pattern)
{
	const size_t len = strlen(pattern);
	char name[SIPD_RECORD_PATTERN_MAX * (SIPD_RECORD_VALUE_MAX / 4 + 1)];
	int err;

	if (!strstr(pattern, "{call}"))
		return sipd_error(SIPDIALER_EINVAL,
				  "\"%s\" has no {call}: two calls would want "
				  "one name",
				  pattern);
	if (len < 5 || strcmp(pattern + len - 4, ".wav"))
		return sipd_error(SIPDIALER_EINVAL,
				  "\"%s\" does not end in .wav", pattern);

	err = longest(name, sizeof(name), pattern);
	if (!err && !sipd_shelf_name_ok(name))
		err = sipd_error(
			SIPDIALER_EINVAL,
			"\"%s\" is no path in a folder: parts of at "
			"most %d bytes, %d in all, none of them empty "
			"or with a dot first, at most %d parts",
			pattern, SIPD_SHELF_PART_MAX, SIPD_SHELF_NAME_MAX,
			SIPD_SHELF_PARTS_MAX);

	return err;
}


/* ---- the name ------------------------------------------------------------------ */

static bool plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c && strchr("+-_@.", c));
}


static void add_value(struct sipd_text *t, const char *value)
{
	const char *end;

	if (!value || !*value)
		value = "none";
	end = value + strnlen(value, SIPD_RECORD_VALUE_MAX);
	if (*value == '.') {
		sipd_text_add(t, "_");
		++value;
	}
	for (; value < end; value++)
		sipd_text_addn(t, plain(*value) ? value : "_", 1);
}


static void add_time(struct sipd_text *t, const char *format, int64_t wall_ms)
{
	const time_t s = (time_t)(wall_ms / 1000);
	char text[32] = "";
	struct tm tm;

	if (localtime_r(&s, &tm) && tm.tm_year < 8100)
		(void)strftime(text, sizeof(text), format, &tm);
	sipd_text_add(t, *text ? text : "0000-00-00");
}


static void add_word(struct sipd_text *t, enum word w,
		     const struct sipd_record_values *v)
{
	switch (w) {
	case DATE:
		add_time(t, "%Y-%m-%d", v->wall_ms);
		break;
	case TIME:
		add_time(t, "%H%M%S", v->wall_ms);
		break;
	case CALL:
		sipd_text_printf(t, "%" PRIu64, v->call);
		break;
	case CAMPAIGN:
		sipd_text_printf(t, "%" PRIu64, v->campaign);
		break;
	case CONTACT:
		sipd_text_printf(t, "%" PRIu64, v->contact);
		break;
	case TO:
		add_value(t, v->to);
		break;
	case FROM:
		add_value(t, v->from);
		break;
	case WORDS:
		break;
	}
}


void sipd_record_name(char *buf, size_t size, const char *pattern,
		      const struct sipd_record_values *v)
{
	struct sipd_text t;

	sipd_text_init(&t, buf, size);
	while (*pattern) {
		const enum word w = word_at(pattern);

		add_word(&t, w, v);
		if (w == WORDS)
			sipd_text_addn(&t, pattern++, 1);
		else
			pattern += strlen(words[w].name);
	}
}
