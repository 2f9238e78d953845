/**
 * @file port/rtp/batch.h  The streams of a slot, in groups; for port/rtp only
 *
 * Of each stream of a group a packet is fetched, then each has its tick, then
 * all that they have to say is sent.  The kernel's ways of receiving and of
 * sending and our own work do not fit into the caches of a core together:
 * stream by stream, each costs about twice as much.
 */
#ifndef SIPD_PORT_RTP_BATCH_H
#define SIPD_PORT_RTP_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include "port/net.h"

enum { SIPD_BATCH_PACKET = 1500 };

struct media_thread;
struct sipd_rtp;
struct sipd_batch; /* of a media thread */

/** A packet, until the next is fetched to its place. */
struct sipd_fetched {
	struct msghdr head;
	struct iovec iov;
	union sipd_addr from;
	ssize_t len; /* negative: nothing was there */
	_Alignas(struct cmsghdr) uint8_t control[64]; /* one timespec */
	uint8_t buf[SIPD_BATCH_PACKET];
};

struct sipd_batch *sipd_batch_new(void);

/** The tick t->tick of n streams. */
void sipd_batch_run(struct media_thread *t, struct sipd_rtp *const *streams,
		    unsigned n);

/** f->len tells whether there was one. */
void sipd_batch_fetch(struct sipd_fetched *f, int fd);

/** When the kernel got it, on the monotonic clock; now, if it did not say. */
uint64_t sipd_batch_arrival(const struct sipd_batch *b,
			    struct sipd_fetched *f);

/** A copy of the packet is sent at the end of the group. */
void sipd_batch_put(struct sipd_rtp *r, const uint8_t *buf, size_t n);

/** What the stream had to send in its tick has been put: count how late it
 *  leaves. */
void sipd_batch_due(struct sipd_rtp *r);

#endif
