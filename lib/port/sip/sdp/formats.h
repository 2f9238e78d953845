/**
 * @file port/sip/sdp/formats.h  Codecs and keys of an m= line; for sdp.c only
 */
#ifndef SIPD_PORT_SIP_SDP_FORMATS_H
#define SIPD_PORT_SIP_SDP_FORMATS_H

#include "base/text.h"
#include "port/sip/sdp/parse.h"

/** The codec of an m= line to send with: of an answer the first of it that we
 *  have, of an offer the first of ours that it has.  NULL: none in common. */
const struct sdp_format *sdp_codec_pick(const struct sipd_sdp_local *local,
					const struct sdp_media *m, bool offer);

/** Codec, payload types, keys and packet time as agreed.  offer: m is one,
 *  and we answer it. */
void sdp_formats_fill(struct sipd_sdp_remote *remote,
		      const struct sipd_sdp_local *local,
		      const struct sdp_media *m, bool offer);

/** The rest of our m= line and the lines about its formats: of an offer, or
 *  of the answer to what gave `remote`. */
void sdp_formats_offer(struct sipd_text *t,
		       const struct sipd_sdp_local *local);
void sdp_formats_answer(struct sipd_text *t,
			const struct sipd_sdp_remote *remote);

#endif
