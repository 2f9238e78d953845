/*
 * SIP over UDP and TCP on one address and port.
 */
#ifndef PHONENET_TRANSPORT_H
#define PHONENET_TRANSPORT_H

#include <netinet/in.h>

#include "loop.h"
#include "util.h"

/* Where a message came from and where answers go. */
struct peer {
	struct sockaddr_in sa;
	uint32_t conn; /* 0: UDP; else the id of a TCP connection */
};

struct transport;

/* `data` may be changed in place; it is gone after the return. */
typedef void (*receive_h)(void *arg, char *data, size_t len,
			  const struct peer *from, uint64_t wall_us);

struct transport *transport_open(struct loop *l, struct sockaddr_in *listen,
				 receive_h h, void *arg);
void transport_close(struct transport *t);

/* Queued until transport_flush(), which the main loop calls once a turn. */
void transport_send(struct transport *t, const struct peer *to,
		    struct str data);
void transport_flush(struct transport *t);

#endif
