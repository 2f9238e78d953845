/**
 * @file port/sip/invite/in_early.c  INVITE session, called side: it rings
 *
 * Provisional answers are kept here and sent again when the INVITE is.  Loop
 * thread.  RFC 3261 13.3.1.1
 */
#include "port/sip/invite/in.h"

#include <string.h>
#include "base/error.h"

enum { RING_AGAIN_MS = 60000 /* the 180 again. RFC 3261 13.3.1.1 */ };


static void ring_again(void *arg);


static void ring_timer(struct sipd_invite *inv)
{
	const uint32_t ms = inv->ring_ms < RING_AGAIN_MS
				    ? inv->ring_ms
				    : (uint32_t)RING_AGAIN_MS;

	inv->ring_ms -= ms;
	tmr_start(&inv->tmr, ms, ring_again, inv);
}


void invite_in_ring(struct sipd_invite *inv)
{
	struct pl rport;
	struct sa dst;

	if (!inv->ring)
		return;

	sip_reply_addr(&dst, inv->msg,
		       !msg_param_exists(&inv->msg->via.params, "rport",
					 &rport));
	(void)sip_send(inv->sip->sip, inv->msg->sock, inv->msg->tp, &dst,
		       inv->ring);
}


static void ring_again(void *arg)
{
	struct sipd_invite *inv = arg;

	if (inv->ring_ms) {
		invite_in_ring(inv);
		ring_timer(inv);
		return;
	}

	inv->ring_timeout = true;
	sipd_invite_reject(inv, inv->expires ? 487 : 480,
			   "nobody answered the call in time");
}


/* Not for longer than the INVITE is good for. RFC 3261 13.3.1 */
static uint32_t ring_ms(struct sipd_invite *inv, uint32_t timeout_ms)
{
	const struct sip_hdr *hdr = sip_msg_hdr(inv->msg, SIP_HDR_EXPIRES);
	uint32_t s;

	inv->expires = hdr && sipd_pl_number(&hdr->val, &s) &&
		       s < timeout_ms / 1000;

	return inv->expires ? s * 1000 : timeout_ms;
}


void sipd_invite_take(struct sipd_invite *inv, uint32_t ring_timeout_ms,
		      const struct sipd_invite_handlers *h, void *arg)
{
	struct sip_strans *st = NULL;
	struct sa laddr;
	char contact[400];
	int err;

	inv->h = *h;
	inv->arg = arg;
	inv->ring_ms = ring_ms(inv, ring_timeout_ms);
	ring_timer(inv);

	/* who does not hear it sends the INVITE again */
	err = sip_transp_laddr(inv->sip->sip, &laddr, inv->msg->tp,
			       &inv->msg->src);
	if (!err)
		err = sipd_contact(inv->sip, inv->msg->tp, &laddr, contact,
				   sizeof(contact));
	if (!err)
		err = sip_treplyf(&st, &inv->ring, inv->sip->sip, inv->msg,
				  true, 180, "Ringing",
				  "Contact: %s\r\n%sContent-Length: 0\r\n\r\n",
				  contact, invite_allow);
	if (err)
		sipd_log_warning(inv->sip->log, "call %s: 180 not sent: %s",
				 inv->callid, strerror(err));
	mem_deref(st); /* a copy of the INVITE is answered here */
}
