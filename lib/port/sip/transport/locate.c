/**
 * @file port/sip/transport/locate.c  Where is the server, whose calls are to come in?
 *
 * It may be given by a name of DNS, which libre asks for: an OPTIONS makes it
 * do so, and listen.c sees where that goes.  With a registration there is no
 * need.  Loop thread only.  RFC 3261 11.1, 3263 4
 */
#include <string.h>
#include "port/sip/internal.h"

enum { AGAIN_MS = 60000 }; /* after a failure */


static void locate(void *arg);


/* Whatever it says: it was sent there. */
static void response_handler(int err, const struct sip_msg *msg, void *arg)
{
	struct sipd_sip *sip = arg;
	(void)msg;

	if (!err || sip->hop_known)
		return;

	sipd_log_warning(sip->log,
			 "sip: calls of %s cannot come in, its address is not "
			 "known: %s",
			 sip->hop, strerror(err));
	tmr_start(&sip->locate, AGAIN_MS, locate, sip);
}


static int send_handler(SIPD_LIBRE_SEND_ARGS)
{
	struct sipd_sip *sip = arg;
	char contact[400];
	(void)dst;

	if (sipd_contact(sip, tp, src, contact, sizeof(contact)))
		return EINVAL;

	return mbuf_printf(mb, "Contact: %s\r\n", contact);
}


static int request_write(const struct sipd_sip *sip, struct mbuf *mb)
{
	int err = 0;

	if (sip->conf.outbound_proxy[0])
		err = mbuf_printf(mb, SIPD_ROUTE_LINE, sip->route);
	err |= mbuf_printf(mb,
			   "Max-Forwards: 70\r\nTo: <%s>\r\n"
			   "From: <%s>;tag=%016llx\r\nCall-ID: %016llx\r\n"
			   "CSeq: 1 OPTIONS\r\nAccept: application/sdp\r\n"
			   "Content-Length: 0\r\n\r\n",
			   sip->registrar, sip->aor, rand_u64(), rand_u64());
	mb->pos = 0;

	return err;
}


static void locate(void *arg)
{
	struct sipd_sip *sip = arg;
	struct mbuf *mb = mbuf_alloc(512);
	int err = mb ? 0 : ENOMEM;

	if (!err)
		err = request_write(sip, mb);
	if (!err)
		err = sipd_send(&sip->located, sip,
				&(struct sipd_send_params){
					.method = "OPTIONS",
					.uri = sip->registrar,
					.route = sip->route,
					.mb = mb,
					.sendh = send_handler,
					.resph = response_handler,
					.arg = sip,
				});
	mem_deref(mb);
	if (err)
		response_handler(err, NULL, sip);
}


void sipd_locate_start(struct sipd_sip *sip)
{
	if (!sip->conf.reg && !sip->hop_known && sip->route[0])
		locate(sip);
}


void sipd_locate_stop(struct sipd_sip *sip)
{
	tmr_cancel(&sip->locate);
	sip->located = mem_deref(sip->located);
}
