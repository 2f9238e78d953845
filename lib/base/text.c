/**
 * @file base/text.c  Bounded text: building, JSON, UTF-8, numbers
 */
#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


void sipd_text_init(struct sipd_text *t, char *buf, size_t size)
{
	t->buf = buf;
	t->size = size;
	t->len = 0;
	t->last = '\0';
	if (size)
		buf[0] = '\0';
}


void sipd_text_addn(struct sipd_text *t, const char *s, size_t n)
{
	if (t->len + 1 < t->size) {
		const size_t room = t->size - 1 - t->len;
		const size_t part = n < room ? n : room;

		memcpy(t->buf + t->len, s, part);
		t->buf[t->len + part] = '\0';
	}

	t->len += n;
	if (n)
		t->last = s[n - 1];
}


void sipd_text_add(struct sipd_text *t, const char *s)
{
	sipd_text_addn(t, s, strlen(s));
}


void sipd_text_printf(struct sipd_text *t, const char *fmt, ...)
{
	const bool room = t->len < t->size;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(room ? t->buf + t->len : NULL,
		      room ? t->size - t->len : 0, fmt, ap);
	va_end(ap);

	if (n > 0) {
		t->len += (size_t)n;
		/* of a text that is cut, the end is not known */
		t->last = t->len < t->size ? t->buf[t->len - 1] : '\0';
	}
}


bool sipd_text_cut(const struct sipd_text *t)
{
	return t->len >= t->size;
}


/* Length of the UTF-8 sequence at s, 0 if it is not one. RFC 3629 4 */
static size_t utf8_length(const unsigned char *s, size_t len)
{
	/* clang-format off */
	static const struct { unsigned char lo, hi; } second[] = {
		{0xa0, 0xbf}, /* e0: no overlong */
		{0x80, 0x9f}, /* ed: no surrogates */
		{0x90, 0xbf}, /* f0: no overlong */
		{0x80, 0x8f}, /* f4: at most U+10FFFF */
	};
	/* clang-format on */
	unsigned char lo = 0x80, hi = 0xbf;
	size_t n;
	int row = -1;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		n = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		n = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		n = 4;
	else
		return 0;

	if (n > len)
		return 0;

	switch (s[0]) {
	case 0xe0:
		row = 0;
		break;
	case 0xed:
		row = 1;
		break;
	case 0xf0:
		row = 2;
		break;
	case 0xf4:
		row = 3;
		break;
	default:
		break;
	}
	if (row >= 0) {
		lo = second[row].lo;
		hi = second[row].hi;
	}
	if (s[1] < lo || s[1] > hi)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;

	return n;
}


bool sipd_utf8_valid(const char *s, size_t len)
{
	while (len) {
		const size_t n = utf8_length((const unsigned char *)s, len);

		if (!n)
			return false;
		s += n;
		len -= n;
	}

	return true;
}


/* One that json_plain() leaves over. */
static void json_char(struct sipd_text *t, unsigned char c)
{
	switch (c) {
	case '"':
		sipd_text_add(t, "\\\"");
		break;
	case '\\':
		sipd_text_add(t, "\\\\");
		break;
	case '\n':
		sipd_text_add(t, "\\n");
		break;
	case '\r':
		sipd_text_add(t, "\\r");
		break;
	case '\t':
		sipd_text_add(t, "\\t");
		break;
	default:
		sipd_text_printf(t, "\\u%04x", c);
		break;
	}
}


/* Bytes from here that stand in JSON as they are. */
static size_t json_plain(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && s[n] >= 0x20 && s[n] < 0x7f && s[n] != '"' &&
	       s[n] != '\\')
		n++;

	return n;
}


void sipd_text_json(struct sipd_text *t, const char *s)
{
	size_t len;

	if (!s) {
		sipd_text_add(t, "null");
		return;
	}

	len = strlen(s);
	sipd_text_add(t, "\"");
	while (len) {
		const size_t plain = json_plain(s, len);
		size_t n;

		sipd_text_addn(t, s, plain);
		s += plain;
		len -= plain;
		if (!len)
			break;

		n = utf8_length((const unsigned char *)s, len);
		if (n == 1)
			json_char(t, (unsigned char)*s);
		else if (n)
			sipd_text_addn(t, s, n);
		else
			sipd_text_add(t, "\xef\xbf\xbd");

		s += n ? n : 1;
		len -= n ? n : 1;
	}
	sipd_text_add(t, "\"");
}


static void member(struct sipd_text *t, const char *name)
{
	/* also right when the text is cut: `len` must be the whole length */
	if (t->len && t->last != '{' && t->last != '[')
		sipd_text_add(t, ",");
	sipd_text_json(t, name);
	sipd_text_add(t, ":");
}


void sipd_json_str(struct sipd_text *t, const char *name, const char *value)
{
	member(t, name);
	sipd_text_json(t, value);
}


/* A tenth of the time of printf, and every event has a dozen of them. */
static void decimal(struct sipd_text *t, uint64_t value, bool negative)
{
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	if (negative)
		digits[--at] = '-';
	sipd_text_addn(t, digits + at, sizeof(digits) - at);
}


void sipd_json_int(struct sipd_text *t, const char *name, int64_t value)
{
	member(t, name);
	decimal(t, value < 0 ? 0 - (uint64_t)value : (uint64_t)value,
		value < 0);
}


void sipd_json_uint(struct sipd_text *t, const char *name, uint64_t value)
{
	member(t, name);
	decimal(t, value, false);
}


void sipd_json_num(struct sipd_text *t, const char *name, double value)
{
	member(t, name);
	if (value >= 0 && value < 1e6 && value == (double)(uint32_t)value)
		decimal(t, (uint32_t)value, false);
	else if (isfinite(value))
		sipd_text_printf(t, "%.6g", value);
	else
		sipd_text_add(t, "null"); /* RFC 8259 6 has no others */
}


void sipd_json_bool(struct sipd_text *t, const char *name, bool value)
{
	member(t, name);
	sipd_text_add(t, value ? "true" : "false");
}


bool sipd_text_clean(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return false;

	return true;
}


bool sipd_parse_int(const char *s, int64_t min, int64_t max, int64_t *value)
{
	char *end;
	long long v;

	if (!s || !*s || *s == ' ' || (*s >= '\t' && *s <= '\r'))
		return false;

	errno = 0;
	v = strtoll(s, &end, 10);
	if (errno || *end || v < min || v > max)
		return false;

	*value = v;

	return true;
}


bool sipd_parse_num(const char *s, double min, double max, double *value)
{
	char *end;
	double v;

	/* strtod takes "inf", "nan", hex and blanks */
	if (!s || !*s || strspn(s, "0123456789+-.eE") != strlen(s))
		return false;

	errno = 0;
	v = strtod(s, &end);
	if (errno || *end || !isfinite(v) || v < min || v > max)
		return false;

	*value = v;

	return true;
}


unsigned sipd_text_distance(const char *a, const char *b, unsigned max)
{
	enum { LEN_MAX = 63 };
	const size_t la = strlen(a), lb = strlen(b);
	unsigned row[LEN_MAX + 1];

	if (la > LEN_MAX || lb > LEN_MAX)
		return max + 1;

	for (size_t j = 0; j <= lb; j++)
		row[j] = (unsigned)j;

	for (size_t i = 1; i <= la; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}

	return row[lb] > max ? max + 1 : row[lb];
}


char *sipd_strdup(const char *s)
{
	return s ? strdup(s) : NULL;
}


bool sipd_strcpy(char *dst, size_t size, const char *src)
{
	const size_t len = strlen(src);
	const size_t n = len < size ? len : size - 1;

	memcpy(dst, src, n);
	dst[n] = '\0';

	return n == len;
}
