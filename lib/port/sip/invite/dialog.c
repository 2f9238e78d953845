/**
 * @file port/sip/invite/dialog.c  Requests of ours inside a dialog
 *
 * ACK, BYE and the refresh of a session.  Loop thread.  RFC 3261 12.2, 13.2.2,
 * 15; 3326; 4028
 */
#include "port/sip/invite/invite.h"

#include <string.h>
#include "base/error.h"

enum {
	ROUTES_MAX = 4096, /* bytes of a route set */
	TARGET_MAX = 1024, /* bytes of a remote target */
	SE_MAX = 86400,    /* s; keeps the arithmetic of ms in 32 bits */
	SE_RETRY_MS = 5000 /* a refresh that met another. RFC 3261 14.1 */
};

const char invite_allow[] = "Allow: " SIPD_ALLOW "\r\n"
			    "Supported: timer\r\n";

static const char bye_headers[] =
	"Reason: Q.850;cause=16;text=\"Normal call clearing\"\r\n";


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


/* The connection that is there: with TLS everything goes through the server
 * whose certificate was checked. RFC 5923 */
static int hop_connection(struct invite_dialog *dlg, const struct sip_msg *msg)
{
	return re_sdprintf(&dlg->hop, "sip:%J%s", &msg->src,
			   sip_transp_param(msg->tp));
}


/* Where to send: first route, else target, else back to the sender. */
static int hop_set(struct invite_dialog *dlg, const struct sipd_sip *sip,
		   const struct sip_msg *msg)
{
	char hop[INVITE_URI_SIZE];
	struct sip_addr addr;
	struct uri uri;
	struct pl pl;

	if (sip->tls)
		return hop_connection(dlg, msg);

	pl_set_str(&pl, dlg->target);
	if (dlg->routes) {
		struct pl first = {dlg->routes + strlen("Route: "), 0};

		first.l = (size_t)(strstr(first.p, "\r\n") - first.p);
		if (!sip_addr_decode(&addr, &first))
			pl = addr.auri;
	}

	if (!invite_uri_ok(&pl) || uri_decode(&uri, &pl) ||
	    !sipd_route_write(sip, &uri.host, uri.port,
			      uri_transport(&uri, msg), hop, sizeof(hop)))
		return hop_connection(dlg, msg);

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


static int request_write(struct mbuf *mb, struct sipd_invite *inv,
			 const struct invite_dialog *dlg,
			 const struct invite_request *rq)
{
	const char *ua = inv->sip->conf.user_agent;
	int err;

	err = mbuf_printf(mb, "Max-Forwards: 70\r\n%s",
			  dlg->routes ? dlg->routes : "");
	if (inv->auth)
		err |= sipd_auth_encode(mb, inv->auth, rq->method,
					dlg->target);
	err |= mbuf_printf(mb,
			   "To: %s\r\nFrom: %s\r\nCall-ID: %s\r\n"
			   "CSeq: %u %s\r\n",
			   dlg->to, inv->from, inv->callid, rq->cseq,
			   rq->method);
	if (ua && *ua)
		err |= mbuf_printf(mb, "User-Agent: %s\r\n", ua);
	err |= mbuf_write_str(mb, rq->headers);
	if (rq->sdp)
		err |= mbuf_write_str(mb, "Content-Type: application/sdp\r\n");
	err |= mbuf_printf(mb, "Content-Length: %zu\r\n\r\n%s",
			   rq->sdp ? strlen(rq->sdp) : (size_t)0,
			   rq->sdp ? rq->sdp : "");
	mb->pos = 0;

	return err;
}


int invite_dialog_send(struct sipd_invite *inv,
		       const struct invite_dialog *dlg,
		       const struct invite_request *rq)
{
	const bool refresh = !strcmp(rq->method, "INVITE") ||
			     !strcmp(rq->method, "UPDATE");
	struct mbuf *mb;
	int err;

	mb = mbuf_alloc(512);
	if (!mb)
		return ENOMEM;

	err = request_write(mb, inv, dlg, rq);
	if (!err)
		err = sipd_send(rq->owner ? &rq->owner->req : rq->reqp,
				inv->sip,
				&(struct sipd_send_params){
					.method = rq->method,
					.uri = dlg->target,
					.route = dlg->hop,
					.mb = mb,
					.prefer = &inv->tried,
					.sendh = refresh ? invite_contact
							 : NULL,
					.resph = rq->resph,
					.arg = rq->owner ? rq->owner : rq->arg,
				});
	mem_deref(mb);

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


static void bye_resp(int err, const struct sip_msg *msg, void *arg)
{
	struct sipd_invite *inv = arg;

	if (msg && msg->scode < 200)
		return;

	if (!err && msg && (msg->scode == 401 || msg->scode == 407) &&
	    !invite_challenge(inv, msg)) {
		bye_send(inv);
		return;
	}

	invite_done(inv, invite_linger(inv, 0));
}


static void bye_send(struct sipd_invite *inv)
{
	const struct invite_request rq = {
		.method = "BYE",
		.cseq = ++inv->lseq,
		.headers = bye_headers,
		.owner = inv,
		.resph = bye_resp,
	};
	const int err = invite_dialog_send(inv, &inv->dlg, &rq);

	if (err) {
		sipd_log_warning(inv->sip->log, "call %s: BYE to %s: %s",
				 inv->callid, inv->dlg.hop, strerror(err));
		invite_done(inv, invite_linger(inv, 0));
	}
}


void invite_bye(struct sipd_invite *inv)
{
	inv->state = INVITE_ENDING;
	inv->refreshing = false;
	tmr_cancel(&inv->tmr);
	invite_reply_close(inv);
	inv->req = mem_deref(inv->req);
	invite_tries_afresh(inv);
	bye_send(inv);
}


static bool fork_new(struct sipd_invite *inv, uint32_t tag)
{
	uint32_t i;

	for (i = 0; i < inv->forkc; i++) {
		if (inv->forks[i] == tag)
			return false;
	}
	if (inv->forkc < INVITE_FORKS) {
		inv->forks[inv->forkc++] = tag;
		return true;
	}

	/* each BYE is a transaction of 32 s to where the peer wants it */
	if (!inv->forks_full)
		sipd_log_warning(inv->sip->log,
				 "call %s: answered by more than %d forks, "
				 "further ones get no BYE",
				 inv->callid, INVITE_FORKS);
	inv->forks_full = true;

	return false;
}


void invite_refuse(struct sipd_invite *inv, const struct sip_msg *msg)
{
	const struct invite_request bye = {
		.method = "BYE",
		.cseq = msg->cseq.num + 1 + inv->pracks, /* some are its own */
		.headers = bye_headers,
	};
	struct invite_dialog dlg;

	if (invite_dialog_create(&dlg, inv, msg))
		return;

	inv->forked = true;
	invite_ack(inv, &dlg, msg->cseq.num);
	if (fork_new(inv, hash_joaat_pl(&msg->to.tag)))
		(void)invite_dialog_send(inv, &dlg, &bye);
	invite_dialog_close(&dlg);
}


/* ---- session timer ---------------------------------------------------- */

static void timer_handler(void *arg);
static void refresh_send(struct sipd_invite *inv);


static void session_lost(struct sipd_invite *inv, const char *why)
{
	struct sipd_invite_end end = {
		.sip_status = inv->status,
		.error = SIPDIALER_ENET,
		.reason = why,
	};

	invite_bye(inv);
	invite_tell(inv, &end);
}


void invite_timer_arm(struct sipd_invite *inv)
{
	uint32_t s = inv->expires_s;

	if (!s || inv->state != INVITE_CONFIRMED)
		return;

	/* half for ours; theirs is over min(32 s, a third) early: 4028 10 */
	s = inv->refresher ? s / 2 : s - (s / 3 < 32 ? s / 3 : 32);
	tmr_start(&inv->tmr, (uint64_t)s * 1000, timer_handler, inv);
}


/* The old session goes on until it expires. */
static void refresh_later(struct sipd_invite *inv)
{
	tmr_start(&inv->tmr, (uint64_t)inv->expires_s * 250, timer_handler,
		  inv);
}


/* Digits at the start of a value, at most SE_MAX. */
static uint32_t seconds(const struct pl *value)
{
	uint32_t s = 0;
	size_t i;

	for (i = 0; i < value->l && s < SE_MAX; i++) {
		if (value->p[i] < '0' || value->p[i] > '9')
			break;
		s = s * 10 + (uint32_t)(value->p[i] - '0');
	}

	return s > SE_MAX ? SE_MAX : s;
}


/* Followed once a session: a peer that asks for more and more is not.
 * RFC 4028 7.3 */
static bool min_se_raise(struct sipd_invite *inv, const struct sip_msg *msg)
{
	const struct sip_hdr *hdr = sip_msg_hdr(msg, SIP_HDR_MIN_SE);
	const uint32_t s = hdr ? seconds(&hdr->val) : 0;

	if (inv->min_se || s <= inv->expires_s)
		return false;

	inv->min_se = s;

	return true;
}


static void refresh_resp(int err, const struct sip_msg *msg, void *arg)
{
	struct sipd_invite *inv = arg;
	const uint32_t cseq = inv->lseq;
	struct sipd_sdp_remote remote;
	struct pl sdp;

	if (msg && msg->scode < 200)
		return;
	inv->refreshing = false;

	if (!err && !sipd_guard_response(msg, inv->callid, inv->ltag, cseq,
					 inv->refresh_met)) {
		sipd_log_warning(inv->sip->log,
				 "call %s: answer to the session refresh "
				 "does not fit",
				 inv->callid);
		refresh_later(inv);
		return;
	}
	if (err || msg->scode == 408 || msg->scode == 481) {
		session_lost(inv, "peer does not answer the session refresh");
		return;
	}

	if (msg->scode == 422 && min_se_raise(inv, msg)) {
		refresh_send(inv);
	}
	else if ((msg->scode == 401 || msg->scode == 407) &&
		 !invite_challenge(inv, msg)) {
		refresh_send(inv);
	}
	else if (msg->scode == 491) {
		tmr_start(&inv->tmr, SE_RETRY_MS, timer_handler, inv);
	}
	else if (msg->scode >= 300) {
		refresh_later(inv);
	}
	else {
		if (!pl_strcmp(&msg->cseq.met, "INVITE")) {
			inv->acked_seq = cseq;
			invite_ack(inv, &inv->dlg, cseq);
		}
		invite_dialog_refresh(&inv->dlg, inv->sip, msg);
		invite_session_timer(inv, msg);
		if (invite_body_sdp(msg, &sdp) &&
		    !sipd_sdp_answer_read(&inv->local, sdp.p, sdp.l, &remote))
			invite_media(inv, &remote, false);
	}
}


static void refresh_send(struct sipd_invite *inv)
{
	const uint32_t expires = inv->min_se > inv->expires_s ? inv->min_se
							      : inv->expires_s;
	char headers[256], min_se[32] = "", sdp[INVITE_SDP_MAX];
	struct invite_request rq = {
		.method = inv->peer_update ? "UPDATE" : "INVITE",
		.headers = headers,
		.owner = inv,
		.resph = refresh_resp,
	};
	int err;

	if (inv->min_se)
		(void)re_snprintf(min_se, sizeof(min_se), "Min-SE: %u\r\n",
				  inv->min_se);
	(void)re_snprintf(headers, sizeof(headers),
			  "%sSession-Expires: %u;refresher=uac\r\n%s",
			  invite_allow, expires, min_se);
	if (!inv->peer_update && sipd_sdp_offer(&inv->local, sdp, sizeof(sdp)))
		rq.sdp = sdp;

	rq.cseq = ++inv->lseq;
	inv->refresh_met = rq.method;
	inv->refreshing = true;
	err = invite_dialog_send(inv, &inv->dlg, &rq);
	if (err)
		session_lost(inv, strerror(err));
}


static void timer_handler(void *arg)
{
	struct sipd_invite *inv = arg;

	if (inv->state != INVITE_CONFIRMED || !inv->expires_s)
		return;
	if (!inv->refresher) {
		session_lost(inv, "peer stopped refreshing the session");
		return;
	}
	if (inv->reply || inv->req) { /* theirs is under way */
		tmr_start(&inv->tmr, SE_RETRY_MS, timer_handler, inv);
		return;
	}

	invite_tries_afresh(inv);
	refresh_send(inv);
}


uint32_t invite_expires(const struct sip_msg *msg)
{
	const struct sip_hdr *hdr = sip_msg_hdr(msg, SIP_HDR_SESSION_EXPIRES);

	return hdr ? seconds(&hdr->val) : 0;
}


void invite_session_timer(struct sipd_invite *inv, const struct sip_msg *msg)
{
	const struct sip_hdr *hdr = sip_msg_hdr(msg, SIP_HDR_SESSION_EXPIRES);
	struct pl who;
	uint32_t s;

	if (sip_msg_hdr(msg, SIP_HDR_ALLOW))
		inv->peer_update = sip_msg_hdr_has_value(msg, SIP_HDR_ALLOW,
							 "UPDATE");

	if (!hdr) { /* RFC 4028 7.2: none, so the session never expires */
		inv->expires_s = 0;
		if (inv->state == INVITE_CONFIRMED)
			tmr_cancel(&inv->tmr);
		return;
	}

	s = seconds(&hdr->val);
	if (s < INVITE_SE_MIN && msg->req &&
	    !sip_msg_hdr_has_value(msg, SIP_HDR_SUPPORTED, "timer"))
		s = 0; /* too often for us, and a 422 is not for those */
	inv->expires_s = s && s < INVITE_SE_MIN ? INVITE_SE_MIN : s;

	/* in a request "uas" is us, in a response "uac"; unsaid: the peer */
	inv->refresher = !msg_param_decode(&hdr->val, "refresher", &who) &&
			 !pl_strcasecmp(&who, msg->req ? "uas" : "uac");
	invite_timer_arm(inv);
}
