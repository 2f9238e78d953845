/**
 * @file port/sip/sdp/sdp.h  Offer and answer of one audio stream. RFC 3264, 8866
 */
#ifndef SIPD_PORT_SIP_SDP_H
#define SIPD_PORT_SIP_SDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "port/codec/codec.h"
#include "port/net.h"
#include "port/sip/sdp/secure.h"

enum {
	SIPD_PT_NONE = 255,   /* in the place of a payload type */
	SIPD_PT_EVENTS = 101, /* ours for keys at 8 kHz; the next two are at
			       * 16 and 48 kHz */
	SIPD_EVENTS_MAX = 6   /* payload types for keys */
};

/** A payload type for keys. RFC 4733 */
struct sipd_sdp_event {
	uint8_t pt;
	uint8_t khz; /* of its clock: 8, 16 or 48 */
};

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
	bool telephone_event; /* offer RFC 4733, at the clocks of the codecs */
	bool hold;            /* we send, the peer is not heard */
	uint64_t session_id;
	uint64_t version; /* raised at each change */
	bool rtcp_mux;    /* offered, and taken if offered. RFC 5761 */
	struct sipd_secure_local secure;
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
	uint8_t dtmf_khz;              /* its clock */
	struct sipd_sdp_event events[SIPD_EVENTS_MAX]; /* of keys to us */
	uint8_t eventc;
	bool tones_out, tones_in; /* keys are tones in the audio: not of the
				   * description, who connects says so */
	uint8_t cn_pt;            /* comfort noise to us besides 13, or NONE */
	bool opus_fec;            /* they can repair by what we send twice */
	uint32_t bitrate;         /* of Opus, bit/s at most; 0 unsaid */
	uint32_t ptime;           /* ms, 20 if unsaid */
	enum sipd_dir dir;        /* as seen from us: hold by the peer gives
				       * RECVONLY or INACTIVE */
	struct sipd_secure secure;
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
