/**
 * @file port/sip/transport/lost.c  A connection has ended: what waited for it
 *
 * Nothing that was sent on it can be answered there any more.  A server may
 * answer an INVITE by a connection of its own (RFC 3261 18.2.2), but few do, a
 * NAT or a TLS server without a certificate of ours cannot, and most
 * connections end as the server or the way to it is gone: what rang is
 * cancelled by a new one, and told.  Loop thread only.
 */
#include "base/clock.h"
#include "port/sip/internal.h"

enum { STRANGER_MS = 60000 }; /* between two warnings */


static bool known_handler(const struct sa *peer, void *arg)
{
	struct sipd_sip *sip = arg;
	const uint64_t now = sipd_clock_ms();

	if (sipd_guard_friend(sip, peer))
		return true;

	if (sip->tls &&
	    (!sip->refused_ms || now - sip->refused_ms >= STRANGER_MS)) {
		char addr[64] = "";

		sip->refused_ms = now;
		(void)sa_ntop(peer, addr, sizeof(addr));
		sipd_log_warning(sip->log,
				 "sip: a TLS connection of %s is refused: no "
				 "address of sip.server, sip.outbound_proxy "
				 "or incoming.trunks",
				 addr);
	}

	return false;
}


static void lost_handler(const struct sa *peer, uint64_t gen, void *arg)
{
	sipd_sip_lost(arg, peer, gen);
}


void sipd_sip_lost(struct sipd_sip *sip, const struct sa *peer, uint64_t gen)
{
	if (sip->reg)
		sipd_register_lost(sip->reg, peer, gen);
	sipd_send_lost(sip, peer, gen);
}


void sipd_conns_open(struct sipd_sip *sip)
{
	struct sipd_libre_stack *st = &sip->conns;

	st->local = sip->laddr;
	st->dscp = sip->conf.dscp;
	st->secure = sip->tls != NULL;
	st->knownh = known_handler;
	st->losth = lost_handler;
	st->arg = sip;
	sipd_libre_stack_open(st);
}


void sipd_conns_close(struct sipd_sip *sip)
{
	sipd_libre_stack_close(&sip->conns);
}
