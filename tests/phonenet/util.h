/*
 * Text slices, bounded buffers, hashing and clocks of the telephone network.
 *
 * The network is a program of its own: nothing here comes from the library
 * it tests, so that a mistake cannot hide by being made on both sides.
 */
#ifndef PHONENET_UTIL_H
#define PHONENET_UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A slice of somebody else's text; not terminated. */
struct str {
	const char *p;
	size_t l;
};

/* A bounded buffer; `full` once something did not fit (nothing partial). */
struct buf {
	char *p;
	size_t n, cap;
	bool full;
};

#define STR(lit) ((struct str){(lit), sizeof(lit) - 1})

struct str str_of(const char *s);
struct str str_trim(struct str s);
bool str_is(struct str a, const char *b);
bool str_same(struct str a, struct str b);
bool str_isame(struct str a, struct str b);
bool str_iis(struct str a, const char *b);
/* Value of ;name=value or name="value" in a parameter list, quotes removed */
bool str_param(struct str s, char sep, const char *name, struct str *val);
bool str_has(struct str s, const char *word);
uint32_t str_u32(struct str s);

void buf_add(struct buf *b, const char *p, size_t l);
void buf_str(struct buf *b, struct str s);
void buf_txt(struct buf *b, const char *s);
void buf_fmt(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void buf_json(struct buf *b, struct str s);

uint64_t hash64(const void *p, size_t l, uint64_t seed);
uint64_t mix64(uint64_t x);

uint64_t now_us(void);  /* monotonic */
uint64_t wall_us(void); /* since 1970 */

/* malloc that ends the program with a message: a test peer has no plan B */
void *need(void *p);

#endif
