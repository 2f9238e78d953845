/*
 * Text slices, bounded buffers, hashing and clocks.
 */
#include "util.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>


struct str str_of(const char *s)
{
	return (struct str){s, s ? strlen(s) : 0};
}


static bool space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}


struct str str_trim(struct str s)
{
	while (s.l && space(s.p[0])) {
		s.p++;
		s.l--;
	}
	while (s.l && space(s.p[s.l - 1]))
		s.l--;
	return s;
}


bool str_same(struct str a, struct str b)
{
	return a.l == b.l && (!a.l || !memcmp(a.p, b.p, a.l));
}


bool str_isame(struct str a, struct str b)
{
	return a.l == b.l && (!a.l || !strncasecmp(a.p, b.p, a.l));
}


bool str_is(struct str a, const char *b)
{
	return str_same(a, str_of(b));
}


bool str_iis(struct str a, const char *b)
{
	return str_isame(a, str_of(b));
}


/* Index of the next `sep` outside quotes and angle brackets, or s.l. */
static size_t next_sep(struct str s, char sep)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < s.l; i++) {
		if (quoted && s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			quoted = !quoted;
		else if (!quoted && s.p[i] == sep)
			return i;
	}
	return s.l;
}


bool str_param(struct str s, char sep, const char *name, struct str *val)
{
	size_t nl = strlen(name);

	while (s.l) {
		size_t n = next_sep(s, sep);
		struct str one = str_trim((struct str){s.p, n});

		s.p += n < s.l ? n + 1 : n;
		s.l -= n < s.l ? n + 1 : n;
		if (one.l < nl || strncasecmp(one.p, name, nl))
			continue;
		if (one.l > nl && one.p[nl] != '=' && !space(one.p[nl]))
			continue;
		one.p += nl;
		one.l -= nl;
		one = str_trim(one);
		if (one.l && one.p[0] == '=')
			one = str_trim((struct str){one.p + 1, one.l - 1});
		if (one.l >= 2 && one.p[0] == '"' && one.p[one.l - 1] == '"')
			one = (struct str){one.p + 1, one.l - 2};
		if (val)
			*val = one;
		return true;
	}
	return false;
}


bool str_has(struct str s, const char *word)
{
	return str_param(s, ',', word, NULL);
}


uint32_t str_u32(struct str s)
{
	uint64_t v = 0;

	for (size_t i = 0; i < s.l && s.p[i] >= '0' && s.p[i] <= '9'; i++) {
		v = v * 10 + (uint64_t)(s.p[i] - '0');
		if (v > UINT32_MAX)
			return UINT32_MAX;
	}
	return (uint32_t)v;
}


void buf_add(struct buf *b, const char *p, size_t l)
{
	if (b->full || l > b->cap - b->n) {
		b->full = true;
		return;
	}
	if (l)
		memcpy(b->p + b->n, p, l);
	b->n += l;
}


void buf_str(struct buf *b, struct str s)
{
	buf_add(b, s.p, s.l);
}


void buf_txt(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}


void buf_fmt(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	size_t room = b->cap - b->n;
	int n;

	va_start(ap, fmt);
	n = b->full ? -1 : vsnprintf(b->p + b->n, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room)
		b->full = true;
	else
		b->n += (size_t)n;
}


void buf_json(struct buf *b, struct str s)
{
	buf_add(b, "\"", 1);
	for (size_t i = 0; i < s.l; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '"' || c == '\\')
			buf_fmt(b, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			buf_fmt(b, "\\u%04x", c);
		else
			buf_add(b, s.p + i, 1);
	}
	buf_add(b, "\"", 1);
}


/* The finaliser of splitmix64: neighbouring numbers land far apart. */
uint64_t mix64(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}


uint64_t hash64(const void *p, size_t l, uint64_t seed)
{
	const unsigned char *c = p;
	uint64_t h = 0xcbf29ce484222325u ^ mix64(seed);

	for (size_t i = 0; i < l; i++)
		h = (h ^ c[i]) * 0x100000001b3u;
	return mix64(h);
}


static uint64_t clock_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}


uint64_t now_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}


uint64_t wall_us(void)
{
	return clock_us(CLOCK_REALTIME);
}


void *need(void *p)
{
	if (!p) {
		fputs("phonenet: out of memory\n", stderr);
		exit(3);
	}
	return p;
}
