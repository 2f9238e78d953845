/*
 * The little of SDP a telephone needs.  RFC 4566, RFC 3264.
 */
#ifndef PHONENET_SDP_H
#define PHONENET_SDP_H

#include <netinet/in.h>

#include "util.h"

enum { SDP_MEDIA_MAX = 4 };

enum dir { DIR_INACTIVE, DIR_SENDONLY, DIR_RECVONLY, DIR_SENDRECV };

struct sdp {
	bool usable; /* audio with a codec we speak */
	struct sockaddr_in rtp;
	int pt;       /* 0 or 8 */
	int te_pt;    /* telephone-event; -1: none */
	enum dir dir; /* as the sender of the SDP wrote it */
	bool mux;     /* rtcp-mux offered */
	struct str media[SDP_MEDIA_MAX]; /* the m= lines, in order */
	unsigned medias, audio;          /* which one is usable */
};

/* What we say about our side. */
struct sdp_own {
	const char *ip;
	uint16_t port;
	uint64_t id;
	unsigned version;
	enum dir dir;
};

void sdp_parse(struct sdp *s, struct str text);
void sdp_answer(struct buf *b, const struct sdp *offer,
		const struct sdp_own *own);
/* An offer; `agreed` (or NULL) narrows it to the codec already in use. */
void sdp_offer(struct buf *b, const struct sdp *agreed,
	       const struct sdp_own *own);
enum dir dir_mirror(enum dir d);

#endif
