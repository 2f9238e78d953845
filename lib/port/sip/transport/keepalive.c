/**
 * @file port/sip/transport/keepalive.c  Keeps the way through a NAT open. RFC 5626 3.5, 4.4
 *
 * By CRLF CRLF, which needs no answer unless the server has said that it does
 * RFC 5626; by STUN on UDP, which tells an address that has changed; or by
 * OPTIONS, which every PBX answers in some way.  Loop thread only.
 */
#include <string.h>
#include "port/sip/internal.h"

enum {
	PONG_MS = 10000, /* RFC 5626 4.4.1 */
	STUN_MS = 40000  /* libre gives up one request */
};


static void tick(void *arg);


static void again(struct sipd_keepalive *ka)
{
	tmr_start(&ka->tmr, (uint64_t)ka->interval * 1000, tick, ka);
}


/* ---- CRLF -------------------------------------------------------------- */

static void no_pong(void *arg)
{
	struct sipd_keepalive *ka = arg;

	/* its end is told as that of any connection */
	if (sipd_libre_conn_silent(&ka->sip->conns, &ka->dst, PONG_MS))
		sipd_log_warning(ka->sip->log,
				 "sip: no answer to a keep-alive within %d s: "
				 "the connection is closed",
				 PONG_MS / 1000);
}


static void crlf(struct sipd_keepalive *ka)
{
	struct mbuf *mb = mbuf_alloc(4);

	if (mb && !mbuf_write_str(mb, "\r\n\r\n")) {
		mb->pos = 0;
		(void)sip_send(ka->sip->sip, NULL, ka->tp, &ka->dst, mb);
	}
	mem_deref(mb);

	if (ka->pong && ka->tp != SIP_TRANSP_UDP &&
	    !sipd_libre_timer_running(&ka->wait))
		tmr_start(&ka->wait, PONG_MS, no_pong, ka);
	again(ka);
}


/* ---- STUN -------------------------------------------------------------- */

static void stun_handler(int err, void *arg)
{
	struct sipd_keepalive *ka = arg;
	const uint64_t age = tmr_jiffies() - ka->stun_ms;

	ka->stun = NULL;

	/* the first one: it never answers */
	if (err != ENOTCONN && age < STUN_MS) {
		ka->no_stun = true;
		sipd_log_warning(ka->sip->log,
				 "sip: sip.keepalive = stun: the server does "
				 "not answer STUN (%s); crlf is used",
				 strerror(err));
		crlf(ka);
		return;
	}

	sipd_log_info(ka->sip->log, "sip: %s: registering anew",
		      err == ENOTCONN ? "our address has changed"
				      : "the server answers no STUN any more");
	ka->goneh(ka->arg);
}


static bool stun_start(struct sipd_keepalive *ka, const struct sip_msg *msg)
{
	if (ka->sip->conf.keepalive != SIPD_BY_STUN || ka->no_stun ||
	    ka->tp != SIP_TRANSP_UDP || msg->tp != SIP_TRANSP_UDP)
		return false;
	if (ka->stun)
		return true;

	ka->stun_ms = tmr_jiffies();

	return !sip_keepalive_start(&ka->stun, ka->sip->sip, msg, ka->interval,
				    stun_handler, ka);
}


/* ---- OPTIONS ----------------------------------------------------------- */

static void options_resp(int err, const struct sip_msg *msg, void *arg)
{
	struct sipd_keepalive *ka = arg;

	if (!err && msg->scode < 200)
		return;
	if (err != ETIMEDOUT || ka->tp != SIP_TRANSP_UDP)
		return; /* a connection that is dead has been closed */

	sipd_log_info(ka->sip->log,
		      "sip: the server does not answer OPTIONS: registering "
		      "anew");
	ka->goneh(ka->arg);
}


static int options_contact(SIPD_LIBRE_SEND_ARGS)
{
	struct sipd_keepalive *ka = arg;
	char contact[400];
	(void)dst;

	if (sipd_contact(ka->sip, tp, src, contact, sizeof(contact)))
		return EINVAL;

	return mbuf_printf(mb, "Contact: %s\r\n", contact);
}


static void options(struct sipd_keepalive *ka)
{
	struct mbuf *mb = mbuf_alloc(512);
	char route[128];
	int err;

	again(ka);
	if (!mb || ka->req) /* the last one has no answer yet */
		goto out;

	(void)re_snprintf(route, sizeof(route), "sip:%J%s", &ka->dst,
			  ka->tp == SIP_TRANSP_UDP ? ";transport=udp"
						   : sip_transp_param(ka->tp));
	err = mbuf_printf(mb,
			  "Max-Forwards: 70\r\nTo: <%s>\r\n"
			  "From: <%s>;tag=%016llx\r\nCall-ID: %016llx\r\n"
			  "CSeq: 1 OPTIONS\r\nAccept: application/sdp\r\n"
			  "Content-Length: 0\r\n\r\n",
			  ka->sip->registrar, ka->sip->aor, rand_u64(),
			  rand_u64());
	mb->pos = 0;
	if (!err)
		(void)sipd_send(&ka->req, ka->sip,
				&(struct sipd_send_params){
					.method = "OPTIONS",
					.uri = ka->sip->registrar,
					.route = route,
					.mb = mb,
					.sendh = options_contact,
					.resph = options_resp,
					.arg = ka,
				});
out:
	mem_deref(mb);
}


/* ---- life -------------------------------------------------------------- */

static void tick(void *arg)
{
	struct sipd_keepalive *ka = arg;

	if (ka->sip->conf.keepalive == SIPD_BY_OPTIONS)
		options(ka);
	else
		crlf(ka);
}


void sipd_keepalive_start(struct sipd_keepalive *ka, const struct sip_msg *msg)
{
	if (!ka->interval)
		sipd_keepalive_stop(ka);
	else if (stun_start(ka, msg))
		tmr_cancel(&ka->tmr);
	else if (!sipd_libre_timer_running(&ka->tmr))
		again(ka);
}


void sipd_keepalive_stop(struct sipd_keepalive *ka)
{
	tmr_cancel(&ka->tmr);
	tmr_cancel(&ka->wait);
	ka->stun = mem_deref(ka->stun);
	ka->req = mem_deref(ka->req);
}
