/**
 * @file core/media/record_name.h  Names of recordings, from a pattern
 */
#ifndef SIPD_CORE_MEDIA_RECORD_NAME_H
#define SIPD_CORE_MEDIA_RECORD_NAME_H

#include <stddef.h>
#include <stdint.h>

enum {
	SIPD_RECORD_VALUE_MAX = 48, /* bytes of a value, the rest is cut */
	SIPD_RECORD_PATTERN_MAX = 127
};

/** What stands for {date} {time} {call} {campaign} {contact} {to} {from}. */
struct sipd_record_values {
	int64_t wall_ms;
	uint64_t call, campaign, contact;
	const char *to, *from;
};

/** 0, or SIPDIALER_EINVAL with a text. */
int sipd_record_pattern_check(const char *pattern);

/** The name of a pattern that is good.  Of values from outside only letters,
 *  digits and "+-_@." stay, no dot at their beginning; others become '_'. */
void sipd_record_name(char *buf, size_t size, const char *pattern,
		      const struct sipd_record_values *v);

#endif
