/**
 * @file port/sip/guard.c  Which messages are believed. Specs facts G-J
 *
 * libre takes status 4294967496 for 200, matches answers by branch only and
 * hands over requests without their essential fields.  Loop thread only.
 * RFC 3261 7.2, 8.1.1, 18.1.2
 */
#include <ctype.h>
#include <string.h>
#include "base/error.h"
#include "port/sip/internal.h"


bool sipd_pl_number(const struct pl *pl, uint32_t *value)
{
	uint64_t v = 0;
	size_t i;

	if (!pl->p || !pl->l || pl->l > 10)
		return false;

	for (i = 0; i < pl->l; i++) {
		if (!isdigit((unsigned char)pl->p[i]))
			return false;
		v = v * 10 + (uint64_t)(pl->p[i] - '0');
	}

	if (v > UINT32_MAX)
		return false;

	*value = (uint32_t)v;

	return true;
}


uint32_t sipd_header_seconds(const struct sip_msg *msg, enum sip_hdrid id)
{
	const struct sip_hdr *hdr = sip_msg_hdr(msg, id);
	uint32_t seconds = 0;
	struct pl pl;

	if (!hdr)
		return 0;

	/* "120 (I'm in a meeting);duration=60" */
	for (pl = hdr->val, pl.l = 0; pl.l < hdr->val.l; pl.l++) {
		if (pl.p[pl.l] < '0' || pl.p[pl.l] > '9')
			break;
	}

	return sipd_pl_number(&pl, &seconds) ? seconds : 0;
}


bool sipd_guard_status_line(const struct sip_msg *msg)
{
	static const char version[] = "SIP/2.0 ";
	const char *p = msg->ver.p;

	if (msg->req || !p || !msg->reason.p)
		return false;

	/* libre keeps pieces of one line: "SIP/2.0 200 OK" */
	if (msg->reason.p - p != sizeof(version) - 1 + 4)
		return false;
	if (memcmp(p, version, sizeof(version) - 1))
		return false;

	p += sizeof(version) - 1;

	return p[0] >= '1' && p[0] <= '6' && isdigit((unsigned char)p[1]) &&
	       isdigit((unsigned char)p[2]) && p[3] == ' ';
}


/* The number as it was written: libre wraps it at 2^32. RFC 3261 8.1.1.5 */
static bool cseq_sane(const struct sip_msg *msg)
{
	const struct sip_hdr *hdr = sip_msg_hdr(msg, SIP_HDR_CSEQ);
	struct pl num;
	uint32_t n;

	if (!hdr)
		return false;

	num = hdr->val;
	for (num.l = 0; num.l < hdr->val.l; num.l++) {
		if (!isdigit((unsigned char)num.p[num.l]))
			break;
	}

	return sipd_pl_number(&num, &n) && n <= INT32_MAX &&
	       n == msg->cseq.num && pl_isset(&msg->cseq.met);
}


static bool once(const struct sip_msg *msg, enum sip_hdrid id)
{
	return sip_msg_hdr_count(msg, id) == 1;
}


bool sipd_guard_response(const struct sip_msg *msg, const char *callid,
			 const char *ltag, uint32_t cseq, const char *method)
{
	if (!sipd_guard_status_line(msg))
		return false;

	if (!once(msg, SIP_HDR_VIA) || !once(msg, SIP_HDR_CALL_ID) ||
	    !once(msg, SIP_HDR_FROM) || !once(msg, SIP_HDR_TO) ||
	    !once(msg, SIP_HDR_CSEQ))
		return false;

	return !pl_strcmp(&msg->callid, callid) &&
	       !pl_strcmp(&msg->from.tag, ltag) && cseq_sane(msg) &&
	       msg->cseq.num == cseq && !pl_strcmp(&msg->cseq.met, method);
}


/* A body must be as long as it says. RFC 3261 18.3 */
static bool length_sane(const struct sip_msg *msg)
{
	uint32_t len;

	if (!msg->clen.p)
		return true;
	if (!once(msg, SIP_HDR_CONTENT_LENGTH) ||
	    !sipd_pl_number(&msg->clen, &len))
		return false;

	return len <= mbuf_get_left(msg->mb);
}


bool sipd_guard_request(const struct sip_msg *msg)
{
	uint32_t hops;
	struct pl maddr;

	if (!msg->req)
		return false;

	if (!once(msg, SIP_HDR_CALL_ID) || !once(msg, SIP_HDR_FROM) ||
	    !once(msg, SIP_HDR_TO) || !once(msg, SIP_HDR_CSEQ) ||
	    !once(msg, SIP_HDR_MAX_FORWARDS))
		return false;

	if (!pl_isset(&msg->via.sentby) || !pl_isset(&msg->via.branch) ||
	    !pl_isset(&msg->callid) || !pl_isset(&msg->from.tag) ||
	    !pl_isset(&msg->to.auri))
		return false;

	/* it would send our answer elsewhere; we are no multicast group */
	if (!msg_param_decode(&msg->via.params, "maddr", &maddr))
		return false;

	return cseq_sane(msg) && !pl_cmp(&msg->cseq.met, &msg->met) &&
	       sipd_pl_number(&msg->maxfwd, &hops) && hops <= 255 &&
	       length_sane(msg);
}


static bool known(const struct sipd_sip *sip, const struct sa *addr)
{
	size_t i;

	for (i = 0; i < sip->knownc; i++) {
		if (sa_cmp(&sip->known[i], addr, SA_ADDR))
			return true;
	}

	return sip->servers && sipd_servers_known(sip->servers, addr);
}


bool sipd_guard_known_source(const struct sipd_sip *sip,
			     const struct sip_msg *msg)
{
	return known(sip, &msg->src);
}


bool sipd_guard_friend(const struct sipd_sip *sip, const struct sa *addr)
{
	return known(sip, addr) || sipd_trunks_match(sip->trunks, addr);
}


bool sipd_guard_caller(const struct sipd_sip *sip, const struct sa *addr)
{
	const enum sipd_calls_from from = sip->conf.calls_from;

	return (from != SIPD_CALLS_TRUNKS && known(sip, addr)) ||
	       (from != SIPD_CALLS_SERVER &&
		sipd_trunks_match(sip->trunks, addr));
}


void sipd_guard_learn(struct sipd_sip *sip, const struct sa *addr)
{
	if (!sa_isset(addr, SA_ADDR) || known(sip, addr))
		return;

	if (sip->knownc == SIPD_KNOWN_MAX) {
		const size_t first = sip->known_fixed;

		if (first == SIPD_KNOWN_MAX)
			return;
		memmove(&sip->known[first], &sip->known[first + 1],
			(SIPD_KNOWN_MAX - first - 1) * sizeof(*addr));
		sip->knownc--;
	}

	sip->known[sip->knownc++] = *addr;
	if (!sa_isset(&sip->server_addr, SA_ADDR))
		sip->server_addr = *addr;
}
