/**
 * @file phonenet_child.h  The simulated telephone network as a child process
 */
#ifndef PHONENET_CHILD_H
#define PHONENET_CHILD_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct phonenet {
	pid_t pid;
	int in; /* closed: it ends by itself (--parent-dies) */
	FILE *out;
	char addr[64]; /* "127.0.0.1:40123" */
	char host[48];
	char port[8];
};

/** Start $PHONENET with these arguments (up to NULL) and wait until it is
 *  ready.  0, or -1 with a line on stderr. */
int phonenet_start(struct phonenet *net, const char *const *args);
/** End it; its counters as JSON in `stats` (may be NULL). */
void phonenet_stop(struct phonenet *net, char *stats, size_t size);
/** A number of that JSON, the first of the name; -1 if it is not there. */
long phonenet_count(const char *stats, const char *name);

#endif
