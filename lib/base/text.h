/**
 * @file base/text.h  Bounded text: building, JSON, UTF-8, numbers
 */
#ifndef SIPD_BASE_TEXT_H
#define SIPD_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Text growing in a buffer of fixed size.  `len` is what the whole text
 * needs, so len >= size means "cut".  Always terminated if size > 0.
 */
struct sipd_text {
	char *buf;
	size_t size;
	size_t len;
	char last; /* last byte, for the "," between members; a brace is
		     * added by sipd_text_add(), not printf */
};

void sipd_text_init(struct sipd_text *t, char *buf, size_t size);
void sipd_text_add(struct sipd_text *t, const char *s);
void sipd_text_addn(struct sipd_text *t, const char *s, size_t n);
void sipd_text_printf(struct sipd_text *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
bool sipd_text_cut(const struct sipd_text *t);

/** A JSON string in quotes; NULL gives null; bytes that are not UTF-8 become
 *  U+FFFD.  RFC 8259 7 */
void sipd_text_json(struct sipd_text *t, const char *s);

/* Members of a JSON object: write ',' where needed, then "name":value. */
void sipd_json_str(struct sipd_text *t, const char *name, const char *value);
void sipd_json_int(struct sipd_text *t, const char *name, int64_t value);
void sipd_json_uint(struct sipd_text *t, const char *name, uint64_t value);
void sipd_json_num(struct sipd_text *t, const char *name, double value);
void sipd_json_bool(struct sipd_text *t, const char *name, bool value);

/** Valid UTF-8 (no surrogates, no overlong forms).  RFC 3629 */
bool sipd_utf8_valid(const char *s, size_t len);

/** No byte < 0x20 and no 0x7f. */
bool sipd_text_clean(const char *s, size_t len);

/** Whole text is a decimal number in [min, max]. */
bool sipd_parse_int(const char *s, int64_t min, int64_t max, int64_t *value);
bool sipd_parse_num(const char *s, double min, double max, double *value);

/** Levenshtein distance, at most `max` + 1; for "did you mean". */
unsigned sipd_text_distance(const char *a, const char *b, unsigned max);

/** strdup that takes NULL; returns NULL for NULL or out of memory. */
char *sipd_strdup(const char *s);

/** Copy, cut if needed, always terminated; false if cut. */
bool sipd_strcpy(char *dst, size_t size, const char *src);

#endif
