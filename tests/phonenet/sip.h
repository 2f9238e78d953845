/*
 * SIP messages: reading them and building answers.  RFC 3261.
 */
#ifndef PHONENET_SIP_H
#define PHONENET_SIP_H

#include "util.h"

enum {
	SIP_VIA_MAX = 16,
	SIP_RR_MAX = 16,
	SIP_AUTH_MAX = 4,
	SIP_MSG_MAX = 65536,
};

enum method {
	M_UNKNOWN,
	M_INVITE,
	M_ACK,
	M_CANCEL,
	M_BYE,
	M_REGISTER,
	M_OPTIONS,
	M_INFO,
	M_UPDATE,
	M_PRACK,
};

/* All slices point into the received bytes. */
struct sip_msg {
	enum method method; /* of the request, or of CSeq in a response */
	struct str method_name;
	int status; /* 0: a request */
	struct str ruri;
	struct str via[SIP_VIA_MAX]; /* header values, as received */
	unsigned vias;
	struct str rr[SIP_RR_MAX];
	unsigned rrs;
	struct str auth[SIP_AUTH_MAX];
	unsigned auths;
	struct str from, to, callid, contact, expires, supported, require;
	struct str xid, cseq, ctype, rack;
	struct str from_tag, to_tag, branch;
	uint32_t cseq_num;
	struct str body;
	bool has_contact;
};

/*
 * Reads one whole message; folds continuation lines in place.
 * False when a header every message needs is missing or broken.
 */
bool sip_parse(struct sip_msg *m, char *data, size_t len);

/*
 * How many bytes the first message of a stream has, 0 when more are needed,
 * SIZE_MAX when this cannot be SIP.  RFC 3261 18.3
 */
size_t sip_frame(const char *data, size_t len);

/* "<sip:a@b>;x" or "sip:a@b;x" -> "sip:a@b" */
struct str sip_addr_uri(struct str addr);
/* The user part of a URI, parameters after it removed. */
struct str sip_uri_user(struct str uri);
/* host and port (0 if none) of a URI */
struct str sip_uri_host(struct str uri, uint16_t *port);

const char *sip_reason(int status);

/* Status line, Via (with received/rport of src), From, To, Call-ID, CSeq. */
void sip_reply_start(struct buf *b, const struct sip_msg *m, int status,
		     struct str to_tag, const char *src_ip, uint16_t port);
void sip_via_out(struct buf *b, const struct sip_msg *m, const char *src_ip,
		 uint16_t port);
/* Content-Length, empty line and body. */
void sip_body(struct buf *b, const char *type, struct str body);

#endif
