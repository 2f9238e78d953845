/**
 * @file fuzz/fuzz_sdp.c  Session descriptions of any bytes
 *
 * Read as an answer and as an offer, by each word of media.srtp.  What is
 * taken can be sent to, is encrypted as that word says, and our own answer to
 * any offer is a description we would read ourselves.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "fuzz.h"
#include "port/sip/sdp/sdp.h"
#include "port/sip/sdp/parse.h"

enum { ANSWER = 4096 };


static void check_remote(const struct sipd_sdp_remote *r,
			 enum sipd_srtp_mode mode)
{
	if (mode == SIPD_SRTP_OFF ? sipd_secure_is(&r->secure)
				  : mode >= SIPD_SRTP_REQUIRED &&
					    !sipd_secure_is(&r->secure))
		abort();
	if (mode == SIPD_SRTP_DTLS && !r->secure.role)
		abort();
	if (!sipd_codec_get(r->codec))
		abort();
	if (r->ptime < 10 || r->ptime > 60 || r->pt > 127 || r->dtmf_pt > 127)
		abort();
	if (r->ptime > sipd_codec_get(r->codec)->ptime_max ||
	    r->eventc > SIPD_EVENTS_MAX)
		abort();
	if (r->rtp.sa.sa_family && sipd_addr_port(&r->rtp) < 1024)
		abort();
	if (!r->rtp.sa.sa_family && (r->dir & SIPD_SENDONLY))
		abort();
}


static void check_error(int err)
{
	if (err != SIPDIALER_EFORMAT || !*sipd_error_text() ||
	    !sipd_text_clean(sipd_error_text(), strlen(sipd_error_text())))
		abort();
}


static void check_answer(const char *offer, size_t size, const char *answer)
{
	struct sdp asked, given;

	if (sdp_parse(&asked, offer, size) ||
	    sdp_parse(&given, answer, strlen(answer)) ||
	    asked.mediac != given.mediac)
		abort();
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sipd_sdp_local local = {
		.codecs = {SIPD_CODEC_OPUS, SIPD_CODEC_PCMA, SIPD_CODEC_PCMU,
			   SIPD_CODEC_G722, SIPD_CODEC_L16, SIPD_CODEC_L16_8},
		.codecc = 6,
		.telephone_event = true,
		.session_id = 1,
		.version = 1,
	};
	const char *text = (const char *)data;
	char answer[ANSWER];
	struct sipd_sdp_remote r;
	int err;

	if (!sipd_addr_parse(&local.addr, "192.0.2.1", 4000))
		abort();
	/* what is encrypted is looked at as well, by a mode of its own */
	local.secure.mode = (enum sipd_srtp_mode)(size % 4);
	memcpy(local.secure.fingerprint, "sha-256 AA", sizeof("sha-256 AA"));

	err = sipd_sdp_answer_read(&local, text, size, &r);
	if (err)
		check_error(err);
	else
		check_remote(&r, local.secure.mode);

	err = sipd_sdp_offer_read(&local, text, size, &r, answer,
				  sizeof(answer));
	if (err) {
		check_error(err);
	}
	else {
		check_remote(&r, local.secure.mode);
		check_answer(text, size, answer);
	}

	return 0;
}
