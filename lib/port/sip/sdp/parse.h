/**
 * @file port/sip/sdp/parse.h  What a description says; for sdp.c only
 *
 * Spans point into the text parsed.
 */
#ifndef SIPD_PORT_SIP_SDP_PARSE_H
#define SIPD_PORT_SIP_SDP_PARSE_H

#include "port/sip/sdp/sdp.h"

enum {
	SDP_MEDIA_MAX = 16,  /* m= lines; more are refused */
	SDP_FORMAT_MAX = 32, /* formats looked at in an m= line */
	SDP_CRYPTO_MAX = 16, /* a=crypto lines looked at in an m= line */
	SDP_MID_MAX = 64     /* bytes; a longer one is not repeated */
};

struct span {
	const char *p;
	size_t l;
};

/** a=setup. RFC 4145 4 */
enum sdp_setup {
	SETUP_NONE = 0,
	SETUP_ACTIVE,
	SETUP_PASSIVE,
	SETUP_ACTPASS,
	SETUP_OTHER
};

enum sdp_kind { KIND_OTHER, KIND_CODEC, KIND_DTMF, KIND_CN };

struct sdp_format {
	uint8_t pt;
	uint8_t kind;             /* enum sdp_kind */
	enum sipd_codec_id codec; /* KIND_CODEC */
	uint8_t khz;              /* KIND_DTMF: of its clock */
	struct span fmtp;
};

struct sdp_conn {
	union sipd_addr addr; /* family 0: 0.0.0.0 or :: */
	bool set;
	bool bad; /* not an address we would send to */
};

struct sdp_media {
	struct span type, proto, fmts;
	uint16_t port; /* 0 refused, or unusable */
	struct sdp_format formats[SDP_FORMAT_MAX];
	size_t formatc;
	struct sdp_conn conn;
	struct sdp_conn rtcp;
	uint16_t rtcp_port;
	uint32_t ptime, maxptime;
	enum sipd_dir dir;
	bool mux;
	struct span mid;
	struct span crypto[SDP_CRYPTO_MAX];
	size_t cryptoc;
	struct sipd_fingerprint fingerprint; /* len 0: none, or none we know */
	enum sdp_setup setup;
};

struct sdp {
	struct sdp_conn conn;
	enum sipd_dir dir;
	struct sipd_fingerprint fingerprint; /* for all m= lines without */
	enum sdp_setup setup;
	struct sdp_media media[SDP_MEDIA_MAX];
	size_t mediac;
};

/** 0, or SIPDIALER_EFORMAT and sipd_error(). */
int sdp_parse(struct sdp *sdp, const char *text, size_t len);
bool sdp_span_is(struct span s, const char *word);
bool sdp_span_is_ci(struct span s, const char *word);
/** Cut `rest` at the first of the separators; blanks before are skipped. */
struct span sdp_token(struct span *rest, const char *seps);
bool sdp_span_uint(struct span s, uint32_t max, uint32_t *value);

/** "sha-256 AB:CD:...": kept if we know it and know no longer one. */
void sdp_fingerprint_read(struct sipd_fingerprint *fp, struct span s);
enum sdp_setup sdp_setup_read(struct span s);
/** Parameter of an fmtp, "name=number;..."; false: not there, or no number up
 *  to max. */
bool sdp_fmtp_uint(struct span fmtp, const char *name, uint32_t max,
		   uint32_t *value);

#endif
