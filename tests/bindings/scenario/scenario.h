/**
 * @file scenario.h  Shared by the files of the C runner of scenario.txt
 */
#ifndef SCENARIO_H
#define SCENARIO_H

#include <stdbool.h>
#include <stdio.h>
#include <sipdialer/sipdialer.h>

enum {
	WORD = 128,
	WORDS = 16,
	LINE = 512,
	NAMES = 64,
	SEEN = 2048,
	TYPES = 64,
	WAIT_MS = 15000
};

/* An event that came, for `expect`. */
struct seen {
	uint64_t call, request, campaign;
	int error;
	bool taken;
	char json[2048];
};

struct hook {
	struct runner *r;
	int count;
	size_t wordc;
	char *words[WORDS];
	char text[WORDS][WORD];
};

struct runner {
	struct sipdialer *d;
	const char *defaults;
	struct {
		char name[WORD];
		uint64_t id;
	} names[NAMES];
	size_t namec;
	struct seen seen[SEEN];
	size_t seenc;
	struct hook hooks[TYPES];
};

void fail(struct runner *r, const char *format, ...)
	__attribute__((format(printf, 2, 3), noreturn));
int64_t now_ms(void);
void name_set(struct runner *r, const char *name, uint64_t id);
uint64_t name_get(const struct runner *r, const char *name);
/** Wait for events and remember them. */
void pull(struct runner *r, int timeout_ms);
/** A verb of the scenario: what the library returned. */
int run_verb(struct runner *r, size_t wordc, char **words);
/** `talk`: write a tone until it is heard coming back. */
void talk(struct runner *r, uint64_t call, double hz, int rate);

#endif
