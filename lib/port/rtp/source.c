/**
 * @file port/rtp/source.c  Whose packets we believe, and whom we answer
 */
#include "port/rtp/source.h"

#include <string.h>


void sipd_source_set(struct sipd_source *s, const union sipd_addr *sdp,
		     uint64_t now_ms)
{
	if (!sdp->sa.sa_family)
		return; /* hold of old times, c=0.0.0.0: keep the source */

	if (!s->sdp.sa.sa_family || !sipd_addr_eq(&s->sdp, sdp)) {
		memset(s, 0, sizeof(*s));
		s->sdp = *sdp;
	}
	if (!s->confirmed && !s->taken)
		s->until_ms = now_ms + SIPD_SOURCE_WINDOW_MS;
}


static bool is_candidate(struct sipd_source *s, const union sipd_addr *from,
			 uint32_t ssrc, uint16_t seq)
{
	if (s->proof && s->ssrc == ssrc && s->seq == seq &&
	    sipd_addr_eq(&s->other, from)) {
		++s->proof;
	}
	else {
		s->other = *from;
		s->ssrc = ssrc;
		s->proof = 1;
	}
	s->seq = (uint16_t)(seq + 1);

	return s->proof >= SIPD_SOURCE_PROOF;
}


bool sipd_source_believe(struct sipd_source *s, const union sipd_addr *from,
			 uint32_t ssrc, uint16_t seq, uint64_t now_ms)
{
	const bool open = now_ms < s->until_ms;

	if (!s->sdp.sa.sa_family)
		return false;

	if (sipd_addr_eq(from, &s->sdp)) {
		if (s->taken && !open)
			return false;
		s->taken = false;
		s->confirmed = true;
		return true;
	}
	if (s->confirmed)
		return false;
	if (s->taken)
		return sipd_addr_eq(from, &s->other);
	if (!open || !is_candidate(s, from, ssrc, seq))
		return false;
	s->taken = true;

	return true;
}


void sipd_source_take(struct sipd_source *s, const union sipd_addr *from)
{
	if (sipd_addr_eq(from, &s->sdp)) {
		s->taken = false;
		s->confirmed = true;
	}
	else if (!s->confirmed) {
		s->other = *from;
		s->taken = true;
	}
}


const union sipd_addr *sipd_source_target(const struct sipd_source *s)
{
	return s->taken ? &s->other : &s->sdp;
}


bool sipd_source_final(const struct sipd_source *s, uint64_t now_ms)
{
	return s->confirmed || (s->taken && now_ms >= s->until_ms);
}
