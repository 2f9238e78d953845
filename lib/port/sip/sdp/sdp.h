/**
 * @file port/sip/sdp/sdp.h  Offer and answer of one audio stream. RFC 3264, 8866
 */
#ifndef SIPD_PORT_SIP_SDP_H
#define SIPD_PORT_SIP_SDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "port/net.h"

enum sipd_codec_id { SIPD_CODEC_NONE = 0, SIPD_CODEC_PCMU, SIPD_CODEC_PCMA };

enum { SIPD_CODEC_MAX = 8 };

enum sipd_dir {
	SIPD_INACTIVE = 0,
	SIPD_RECVONLY = 1,
	SIPD_SENDONLY = 2,
	SIPD_SENDRECV = 3
};

/** Our side. */
struct sipd_sdp_local {
	union sipd_addr addr; /* address and port to advertise */
	enum sipd_codec_id codecs[SIPD_CODEC_MAX]; /* in order of preference */
	size_t codecc;
	bool telephone_event; /* offer RFC 4733 at 8 kHz */
	uint64_t session_id;
	uint64_t version; /* raised at each change */
};

/** What was agreed, as media needs it. */
struct sipd_sdp_remote {
	union sipd_addr rtp;  /* family 0: no address (c=0.0.0.0) */
	union sipd_addr rtcp; /* a=rtcp, or port + 1; = rtp if mux */
	bool rtcp_mux;
	enum sipd_codec_id codec;      /* to send with */
	uint8_t pt;                    /* its payload type towards them */
	uint8_t pt_in[SIPD_CODEC_MAX]; /* payload type by enum sipd_codec_id */
	int dtmf_pt;                   /* RFC 4733 towards them, -1 none */
	uint32_t ptime;                /* ms, 20 if unsaid */
	enum sipd_dir dir; /* as seen from us: hold by the peer gives
				       * RECVONLY or INACTIVE */
};

/** Write an offer. Returns its length, or 0 if size is too small. */
size_t sipd_sdp_offer(const struct sipd_sdp_local *local, char *buf,
		      size_t size);

/** Read the answer to our offer. 0, or SIPDIALER_EFORMAT and sipd_error(). */
int sipd_sdp_answer_read(const struct sipd_sdp_local *local, const char *sdp,
			 size_t len, struct sipd_sdp_remote *remote);

/** Read an offer and write our answer (media other than the one audio line
 *  are refused with port 0). */
int sipd_sdp_offer_read(const struct sipd_sdp_local *local, const char *sdp,
			size_t len, struct sipd_sdp_remote *remote,
			char *answer, size_t size);

#endif
