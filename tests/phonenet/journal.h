/*
 * The journal: one JSON object a line, durable before the network answers.
 */
#ifndef PHONENET_JOURNAL_H
#define PHONENET_JOURNAL_H

#include "loop.h"
#include "util.h"

struct journal;

/* All lines up to `seq` are on the disk. */
typedef void (*synced_h)(void *arg, uint64_t seq);

struct journal *journal_open(struct loop *l, const char *path, bool fsync,
			     synced_h h, void *arg);
void journal_close(struct journal *j);

/* Adds a line (newline added); returns its number. */
uint64_t journal_line(struct journal *j, struct str line);
/* Must the caller wait for the line?  False without fsync. */
bool journal_waits(const struct journal *j);
/* Without fsync: writes what has gathered.  Called once a turn. */
void journal_flush(struct journal *j);

#endif
