/**
 * @file port/sip/invite/dialog.c  Requests of ours inside a dialog
 *
 * How they are written, ACK and BYE.  Loop thread.  RFC 3261 12.2, 13.2.2, 15;
 * 3326
 */
#include "port/sip/invite/invite.h"

#include <string.h>
#include "base/error.h"

enum {
	ROUTES_MAX = 4096, /* bytes of a route set */
	TARGET_MAX = 1024  /* bytes of a remote target */
};

const char invite_allow[] = "Allow: " SIPD_ALLOW "\r\n"
			    "Supported: timer, replaces\r\n";

static bool route_handler(const struct sip_hdr *hdr, const struct sip_msg *msg,
			  void *arg)
{
	struct mbuf *mb = arg;
	(void)msg;

	return mb->end > ROUTES_MAX ||
	       mbuf_printf(mb, "Route: %r\r\n", &hdr->val);
}


bool invite_uri_ok(const struct pl *pl)
{
	struct uri uri;

	return pl->l <= TARGET_MAX && !uri_decode(&uri, pl) &&
	       !pl_strcasecmp(&uri.scheme, "sip");
}


/* The transport that a URI names; unsaid, the peer's: it works already. */
static enum sip_transp uri_transport(const struct uri *uri,
				     const struct sip_msg *msg)
{
	struct pl name;

	if (msg_param_decode(&uri->params, "transport", &name))
		return msg->tp;
	if (!pl_strcasecmp(&name, "udp"))
		return SIP_TRANSP_UDP;

	return pl_strcasecmp(&name, "tcp") ? msg->tp : SIP_TRANSP_TCP;
}


/* The connection that is there, or another to the same address. */
static int hop_connection(char **hop, const struct sip_msg *msg)
{
	return re_sdprintf(hop, "sip:%J%s", &msg->src,
			   sip_transp_param(msg->tp));
}


/* Value of the first of these lines. */
static void route_first(const char *routes, struct pl *first)
{
	first->p = routes + strlen("Route: ");
	first->l = (size_t)(strstr(first->p, "\r\n") - first->p);
}


/* May its connection be used for ours?  If it is that of the next hop, or of a
 * peer that no proxy stands before: its Contact may be behind a NAT.
 * RFC 5923 */
static bool reusable(const struct invite_dialog *dlg, const struct pl *host,
		     const struct sip_msg *msg)
{
	struct sa addr;

	if (msg->tp == SIP_TRANSP_UDP)
		return false;
	if (!sa_set(&addr, host, 0) && sa_cmp(&addr, &msg->src, SA_ADDR))
		return true;

	return msg->req && !dlg->routes &&
	       sip_msg_hdr_count(msg, SIP_HDR_VIA) == 1;
}


/* With TLS everything goes through the server whose certificate was checked:
 * by the connection it made to us, or by one of ours. */
static int hop_secure(struct invite_dialog *dlg, const struct sipd_sip *sip,
		      const struct sip_msg *msg)
{
	if (!sipd_libre_conn_inbound(&sip->conns, &msg->src))
		return hop_connection(&dlg->hop, msg);

	dlg->peer = msg->src;
	dlg->reuse = true;

	return str_dup(&dlg->hop, sip->route);
}


/* Where to send: first route, else target, else back to the sender. */
static int hop_set(struct invite_dialog *dlg, const struct sipd_sip *sip,
		   const struct sip_msg *msg)
{
	char hop[INVITE_URI_SIZE];
	struct sip_addr addr;
	struct pl pl, first;
	struct uri uri;

	dlg->reuse = false;
	if (sip->tls)
		return hop_secure(dlg, sip, msg);

	pl_set_str(&pl, dlg->target);
	if (dlg->routes) {
		route_first(dlg->routes, &first);
		if (!sip_addr_decode(&addr, &first))
			pl = addr.auri;
	}

	if (!invite_uri_ok(&pl) || uri_decode(&uri, &pl) ||
	    !sipd_route_write(sip, &uri.host, uri.port,
			      uri_transport(&uri, msg), hop, sizeof(hop)))
		return hop_connection(&dlg->hop, msg);

	dlg->peer = msg->src;
	dlg->reuse = reusable(dlg, &uri.host, msg);

	return str_dup(&dlg->hop, hop);
}


int invite_dialog_create(struct invite_dialog *dlg,
			 const struct sipd_invite *inv,
			 const struct sip_msg *msg)
{
	const struct sip_hdr *contact = sip_msg_hdr(msg, SIP_HDR_CONTACT);
	const struct sip_taddr *peer = msg->req ? &msg->from : &msg->to;
	struct sip_addr addr;
	struct mbuf *mb;
	int err;

	memset(dlg, 0, sizeof(*dlg));
	if (!pl_isset(&peer->tag) || peer->val.l > TARGET_MAX)
		return EBADMSG;

	mb = mbuf_alloc(256);
	if (!mb)
		return ENOMEM;

	/* a request passed them in the order of ours. RFC 3261 12.1 */
	err = sip_msg_hdr_apply(msg, msg->req, SIP_HDR_RECORD_ROUTE,
				route_handler, mb)
		      ? EBADMSG
		      : 0;
	if (!err && mb->end) {
		mb->pos = 0;
		err = mbuf_strdup(mb, &dlg->routes, mb->end);
	}

	/* a 2xx must have a Contact; without, the URI called will do */
	if (!err && contact && !sip_addr_decode(&addr, &contact->val) &&
	    invite_uri_ok(&addr.auri))
		err = pl_strdup(&dlg->target, &addr.auri);
	else if (!err)
		err = str_dup(&dlg->target, inv->uri);

	if (!err)
		err = pl_strdup(&dlg->rtag, &peer->tag);
	if (!err)
		err = pl_strdup(&dlg->to, &peer->val);
	if (!err)
		err = hop_set(dlg, inv->sip, msg);
	if (!err)
		err = hop_connection(&dlg->back, msg);

	mem_deref(mb);
	if (err)
		invite_dialog_close(dlg);

	return err;
}


void invite_dialog_close(struct invite_dialog *dlg)
{
	dlg->rtag = mem_deref(dlg->rtag);
	dlg->to = mem_deref(dlg->to);
	dlg->target = mem_deref(dlg->target);
	dlg->routes = mem_deref(dlg->routes);
	dlg->hop = mem_deref(dlg->hop);
	dlg->back = mem_deref(dlg->back);
}


void invite_dialog_refresh(struct invite_dialog *dlg,
			   const struct sipd_sip *sip,
			   const struct sip_msg *msg)
{
	const struct sip_hdr *contact = sip_msg_hdr(msg, SIP_HDR_CONTACT);
	struct invite_dialog next = *dlg;
	struct sip_addr addr;

	if (!contact || sip_addr_decode(&addr, &contact->val) ||
	    !invite_uri_ok(&addr.auri) || !pl_strcmp(&addr.auri, dlg->target))
		return;

	next.hop = NULL;
	if (pl_strdup(&next.target, &addr.auri))
		return;
	if (hop_set(&next, sip, msg)) {
		mem_deref(next.target);
		return;
	}
	mem_deref(dlg->target);
	mem_deref(dlg->hop);
	*dlg = next;
}


int invite_contact(SIPD_LIBRE_SEND_ARGS)
{
	struct sipd_invite *inv = arg;
	char contact[400];

	/* Hung up while the name was being looked up, or the next address is
	 * tried: nothing was sent there.  Newer libre asks again for each
	 * retransmission, which must go on. */
	if (inv->state == INVITE_CALLING) {
		if (inv->hungup && !sa_cmp(dst, &inv->tried, SA_ALL))
			return ECANCELED;
		/* the server before may answer yet: as if it had forked */
		if (sa_isset(&inv->tried, SA_ADDR) &&
		    !sa_cmp(dst, &inv->tried, SA_ALL))
			inv->forked = true;
		inv->tried = *dst;
	}

	if (sipd_contact(inv->sip, tp, src, contact, sizeof(contact)))
		return EINVAL;

	return mbuf_printf(mb, "Contact: %s\r\n", contact);
}


/* The first route, if it wants to be the Request-URI itself: no lr.  `rest`
 * gets the lines of the others. RFC 3261 12.2.1.1 */
static bool strict_route(const struct invite_dialog *dlg, struct pl *uri,
			 const char **rest)
{
	struct pl first, lr;
	struct sip_addr addr;
	struct uri u;

	if (!dlg->routes)
		return false;
	route_first(dlg->routes, &first);
	*rest = first.p + first.l + strlen("\r\n");
	if (sip_addr_decode(&addr, &first) || !invite_uri_ok(&addr.auri) ||
	    uri_decode(&u, &addr.auri) ||
	    !msg_param_exists(&u.params, "lr", &lr))
		return false;
	*uri = addr.auri;

	return true;
}


static int request_write(struct mbuf *mb, struct sipd_invite *inv,
			 const struct invite_dialog *dlg,
			 const struct invite_request *rq, const char *uri)
{
	const char *ua = inv->sip->conf.user_agent, *rest;
	const char *body = rq->sdp ? rq->sdp : rq->body ? rq->body : "";
	const char *ctype = rq->sdp ? "application/sdp" : rq->ctype;
	struct pl first;
	int err;

	err = mbuf_write_str(mb, "Max-Forwards: 70\r\n");
	if (strict_route(dlg, &first, &rest))
		err |= mbuf_printf(mb, "%sRoute: <%s>\r\n", rest, dlg->target);
	else if (dlg->routes)
		err |= mbuf_write_str(mb, dlg->routes);
	if (inv->auth)
		err |= sipd_auth_encode(mb, inv->auth, rq->method, uri);
	err |= mbuf_printf(mb,
			   "To: %s\r\nFrom: %s\r\nCall-ID: %s\r\n"
			   "CSeq: %u %s\r\n",
			   dlg->to, inv->from, inv->callid, rq->cseq,
			   rq->method);
	if (ua && *ua)
		err |= mbuf_printf(mb, "User-Agent: %s\r\n", ua);
	err |= mbuf_write_str(mb, rq->headers);
	if (*body)
		err |= mbuf_printf(mb, "Content-Type: %s\r\n", ctype);
	err |= mbuf_printf(mb, "Content-Length: %zu\r\n\r\n%s", strlen(body),
			   body);
	mb->pos = 0;

	return err;
}


/* RFC 3261 8.1.1.8, 3311 5.1, 3515 2.4.1, 6665 8.2.2 */
static bool has_contact(const char *method)
{
	return !strcmp(method, "INVITE") || !strcmp(method, "UPDATE") ||
	       !strcmp(method, "REFER") || !strcmp(method, "NOTIFY");
}


static int send_to(struct sipd_invite *inv, const struct invite_dialog *dlg,
		   const struct invite_request *rq, const char *hop)
{
	const bool contact = has_contact(rq->method);
	struct mbuf *mb = mbuf_alloc(512);
	char *uri = NULL;
	struct pl target;
	const char *rest;
	int err;

	pl_set_str(&target, dlg->target);
	(void)strict_route(dlg, &target, &rest);
	err = mb ? pl_strdup(&uri, &target) : ENOMEM;
	if (!err)
		err = request_write(mb, inv, dlg, rq, uri);
	if (!err)
		err = sipd_send(rq->owner ? &rq->owner->req : rq->reqp,
				inv->sip,
				&(struct sipd_send_params){
					.method = rq->method,
					.uri = uri,
					.route = hop,
					.mb = mb,
					.prefer = &inv->tried,
					.sendh = contact ? invite_contact
							 : NULL,
					.resph = rq->resph,
					.arg = rq->owner ? rq->owner : rq->arg,
				});
	mem_deref(uri);
	mem_deref(mb);

	return err;
}


static bool by_connection(const struct sipd_invite *inv,
			  const struct invite_dialog *dlg)
{
	return dlg->reuse &&
	       sipd_libre_conn_open(&inv->sip->conns, &dlg->peer);
}


int invite_dialog_send(struct sipd_invite *inv,
		       const struct invite_dialog *dlg,
		       const struct invite_request *rq)
{
	const char *hop = by_connection(inv, dlg) ? dlg->back : dlg->hop;
	int err = send_to(inv, dlg, rq, hop);

	/* a Contact that we cannot send to at all: no IPv6 here, or so */
	if (err && err != ENOMEM && strcmp(hop, dlg->back))
		err = send_to(inv, dlg, rq, dlg->back);

	return err;
}


void invite_ack(struct sipd_invite *inv, const struct invite_dialog *dlg,
		uint32_t cseq)
{
	const struct invite_request rq = {
		.method = "ACK",
		.cseq = cseq,
		.headers = "",
	};
	const int err = invite_dialog_send(inv, dlg, &rq);

	/* the peer sends its 2xx again, then we try again */
	if (err)
		sipd_log_warning(inv->sip->log, "call %s: ACK to %s: %s",
				 inv->callid, dlg->hop, strerror(err));
}


void invite_tries_afresh(struct sipd_invite *inv)
{
	if (inv->auth)
		sipd_auth_accepted(inv->auth);
}


static void bye_send(struct sipd_invite *inv);


/* It may be heard where the dialog came from: a Contact behind a NAT is none,
 * and a connection that broke is made anew. */
static bool bye_other_way(struct sipd_invite *inv, int err)
{
	struct invite_dialog *dlg = &inv->dlg;
	char *hop = dlg->hop;

	if (dlg->reuse && !inv->bye_again) {
		dlg->reuse = false;
		inv->bye_again = true;
		return true;
	}
	if (inv->bye_again ||
	    (err == ETIMEDOUT && !strcmp(dlg->hop, dlg->back)))
		return false;

	inv->bye_again = true;
	dlg->hop = dlg->back;
	dlg->back = hop;

	return true;
}


static void bye_resp(int err, const struct sip_msg *msg, void *arg)
{
	struct sipd_invite *inv = arg;

	if (msg && msg->scode < 200)
		return;

	if (err || !msg) {
		if (bye_other_way(inv, err)) {
			bye_send(inv);
			return;
		}
	}
	else if ((msg->scode == 401 || msg->scode == 407) &&
		 !invite_challenge(inv, msg)) {
		bye_send(inv);
		return;
	}

	invite_done(inv, invite_linger(inv, 0));
}


static void bye_send(struct sipd_invite *inv)
{
	char reason[INVITE_REASON_SIZE];
	const struct invite_request rq = {
		.method = "BYE",
		.cseq = ++inv->lseq,
		.headers = reason,
		.owner = inv,
		.resph = bye_resp,
	};
	int err;

	invite_reason_write(inv->cause ? inv->cause : 16,
			    inv->why ? inv->why : "Normal call clearing",
			    reason, sizeof(reason));
	err = invite_dialog_send(inv, &inv->dlg, &rq);
	if (!err)
		return;

	sipd_log_warning(inv->sip->log, "call %s: BYE to %s: %s", inv->callid,
			 inv->dlg.hop, strerror(err));
	if (bye_other_way(inv, err))
		bye_send(inv);
	else
		invite_done(inv, invite_linger(inv, 0));
}


void invite_why(struct sipd_invite *inv, const char *words)
{
	char *old = inv->why;

	inv->why = NULL; /* without memory: the usual words */
	if (words && *words)
		(void)str_dup(&inv->why, words);
	mem_deref(old);
}


void invite_bye_for(struct sipd_invite *inv, int q850, const char *words)
{
	inv->cause = q850;
	invite_why(inv, words);
	invite_bye(inv);
}


void invite_bye(struct sipd_invite *inv)
{
	inv->state = INVITE_ENDING;
	inv->refreshing = inv->offering = false;
	tmr_cancel(&inv->tmr);
	invite_reply_close(inv);
	inv->req = mem_deref(inv->req);
	invite_tries_afresh(inv);
	bye_send(inv);
}
