/**
 * @file port/sip/transport/keepalive.c  Keeps the way through a NAT open. RFC 5626 3.5.1
 *
 * libre's own keep-alive asks by STUN on UDP, which few PBXs answer, and on
 * TCP closes the connection of a server that sends no pong; ours needs no
 * answer.  Loop thread only.
 */
#include <string.h>
#include "port/sip/internal.h"


static void tick(void *arg)
{
	struct sipd_keepalive *ka = arg;
	struct mbuf *mb = mbuf_alloc(4);

	if (mb && !mbuf_write_str(mb, "\r\n\r\n")) {
		mb->pos = 0;
		(void)sip_send(ka->sip->sip, NULL, ka->tp, &ka->dst, mb);
	}
	mem_deref(mb);

	tmr_start(&ka->tmr, (uint64_t)ka->interval * 1000, tick, ka);
}


void sipd_keepalive_start(struct sipd_keepalive *ka, struct sipd_sip *sip,
			  enum sip_transp tp, const struct sa *dst,
			  uint32_t interval)
{
	ka->sip = sip;
	ka->tp = tp;
	ka->dst = *dst;
	ka->interval = interval;

	if (!interval)
		sipd_keepalive_stop(ka);
	else if (!sipd_libre_timer_running(&ka->tmr))
		tmr_start(&ka->tmr, (uint64_t)interval * 1000, tick, ka);
}


void sipd_keepalive_stop(struct sipd_keepalive *ka)
{
	tmr_cancel(&ka->tmr);
}
