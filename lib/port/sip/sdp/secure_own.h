/**
 * @file port/sip/sdp/secure_own.h  Encryption in a description; for sdp/ only
 */
#ifndef SIPD_PORT_SIP_SDP_SECURE_OWN_H
#define SIPD_PORT_SIP_SDP_SECURE_OWN_H

#include "base/text.h"
#include "port/sip/sdp/parse.h"

/** Transport of an m= line. RFC 3551, 4585, 3711, 5124, 5764 */
enum sdp_profile {
	PROFILE_OTHER,
	PROFILE_PLAIN,  /* RTP/AVP, RTP/AVPF */
	PROFILE_SECURE, /* RTP/SAVP, RTP/SAVPF */
	PROFILE_DTLS    /* UDP/TLS/RTP/SAVP, UDP/TLS/RTP/SAVPF */
};

/** What of encryption an m= line of theirs gives us. */
struct sdp_secure {
	struct sipd_secure agreed;
	struct span tag;   /* of the crypto line taken */
	struct span suite; /* as they spell it */
	int rank;          /* 0 unusable, 1 plain, 2 encrypted */
	const char *why;   /* unusable */
};

enum sdp_profile sdp_profile_of(struct span proto);

/** Look at an m= line of an offer, or of the answer to ours. */
void sdp_secure_read(struct sdp_secure *s, const struct sdp *sdp,
		     const struct sdp_media *m,
		     const struct sipd_secure_local *local, bool answer);

/** DTLS is what we offer. */
bool sdp_secure_dtls(const struct sipd_secure_local *local);
/** Transport and attributes of our offer. */
const char *sdp_secure_proto(const struct sipd_secure_local *local);
void sdp_secure_offer(struct sipd_text *t,
		      const struct sipd_secure_local *local);
/** Attributes of our answer. */
void sdp_secure_answer(struct sipd_text *t,
		       const struct sipd_secure_local *local,
		       const struct sdp_secure *s);

#endif
