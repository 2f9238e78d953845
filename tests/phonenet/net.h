/*
 * The whole network: options, counters and the parts.
 */
#ifndef PHONENET_NET_H
#define PHONENET_NET_H

#include "auth.h"
#include "behaviour.h"
#include "journal.h"
#include "loop.h"
#include "registrar.h"
#include "transport.h"

struct call;
struct media;

struct options {
	struct sockaddr_in listen;
	char ip[INET_ADDRSTRLEN];
	uint16_t port;
	const char *journal, *sounds, *write_sounds, *record, *mix;
	bool no_fsync, no_media, inactive, require_auth, quiet, stats,
		parent_dies;
	int64_t answer_ms, late_ms, talk_ms; /* -1: as the table says */
	int64_t max_call_ms;
	uint32_t min_expires;
	uint64_t seed;
	unsigned rtp_min, rtp_max;
};

struct counters {
	uint64_t invites, answered, rejected, cancelled;
	uint64_t retransmissions; /* INVITEs come again */
	uint64_t duplicates;      /* new calls to a number called before */
	uint64_t unacked;
	uint64_t bye_rx, bye_tx;
	uint64_t rtp_rx, rtp_tx;
	uint64_t now, max; /* calls at the same time */
};

/* The largest number of arrivals within any second. */
struct rate {
	uint64_t *at;
	size_t first, n, cap, max;
};

/* Numbers called so far, as hashes. */
struct seen {
	uint64_t *v;
	size_t n, cap;
};

struct net {
	struct loop loop;
	struct options opt;
	struct transport *transport;
	struct journal *journal;
	struct auth auth;
	struct registrar *registrar;
	struct media *media;
	struct sounds sounds;
	struct mix mix;
	struct counters by[BEHAVIOURS_MAX], total;
	uint64_t registers, options_rx, auth_failures, bad_messages;
	struct rate rate;
	struct seen seen;
	/* calls */
	struct call **bucket;
	size_t calls;
	struct call *held, **held_tail; /* wait for the journal */
	uint64_t tags;
};

void rate_add(struct rate *r, uint64_t at_us);
bool seen_before(struct seen *s, struct str number);
void stats_json(const struct net *n, struct buf *b);

#endif
