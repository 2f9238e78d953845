/*
 * A server that calls without an offer, and answers ours by its ACK: it does
 * what it can, as any of its messages may get no answer.
 */
#ifndef LATE_H
#define LATE_H

#include <stdbool.h>
#include <stdint.h>
#include <netinet/in.h>

struct late {
	int fd;
	char ip[64];
	uint16_t port;
	struct sockaddr_in engine;
	bool heard, refused;
	char to[256]; /* value, with tag once there is one */
};

/** `local` is the text of STARTED; ip that of the server. */
bool late_open(struct late *l, const char *ip, const char *local);
void late_close(struct late *l);
void late_invite(struct late *l);
/** Take what has come, and answer it. */
void late_turn(struct late *l);

#endif
