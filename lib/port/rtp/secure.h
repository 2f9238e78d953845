/**
 * @file port/rtp/secure.h  The encryption of a stream; for port/rtp only
 *
 * On the media thread.  Keys that are the same as before keep their state, so
 * that the roll-over counter goes on over a re-INVITE. RFC 3711 3.2.1, 8.1
 */
#ifndef SIPD_PORT_RTP_SECURE_H
#define SIPD_PORT_RTP_SECURE_H

#include "port/net.h"
#include "port/sip/sdp/secure.h"

struct sipd_rtp;
struct sipd_rtp_secure;

/** What was agreed, also anew; moved: with another address of the far end.
 *  Told by the handler secured(). */
void sipd_rtp_secure_set(struct sipd_rtp *r, const struct sipd_secure *agreed,
			 bool moved);
void sipd_rtp_secure_free(struct sipd_rtp *r);

/** A packet came: true if it is one of a handshake, and was taken care of. */
bool sipd_rtp_secure_input(struct sipd_rtp *r, const uint8_t *buf, size_t n,
			   const union sipd_addr *from);
/** Each tick: what is due of a handshake. */
void sipd_rtp_secure_tick(struct sipd_rtp *r);
bool sipd_rtcp_ready(const struct sipd_rtp *r);

/* In place; sending wants room for SIPD_SRTP_TRAILER bytes behind n.  0: the
 * packet must not be sent, or is not believed. */
size_t sipd_rtp_seal(struct sipd_rtp *r, uint8_t *buf, size_t n);
size_t sipd_rtcp_seal(struct sipd_rtp *r, uint8_t *buf, size_t n);
size_t sipd_rtp_unseal(struct sipd_rtp *r, uint8_t *buf, size_t n);
size_t sipd_rtcp_unseal(struct sipd_rtp *r, uint8_t *buf, size_t n);

#endif
