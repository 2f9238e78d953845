/**
 * @file port/sip/invite/timer.c  How long a session lasts without a refresh
 *
 * Who refreshes, by UPDATE or re-INVITE, at half of the interval; the other
 * side hangs up shortly before its end.  Loop thread.  RFC 4028
 */
#include "port/sip/invite/invite.h"

#include <string.h>
#include "base/clock.h"
#include "base/error.h"

enum {
	SE_MAX = 86400, /* s; keeps the arithmetic of ms in 32 bits */
	GUARD_S = 32    /* hung up so long before the end. RFC 4028 10 */
};

static void timer_handler(void *arg);
static void refresh_send(struct sipd_invite *inv);


/* Digits at the start of a value, at most SE_MAX. */
static uint32_t seconds(const struct sip_msg *msg, enum sip_hdrid id)
{
	const struct sip_hdr *hdr = sip_msg_hdr(msg, id);
	uint32_t s = 0;
	size_t i;

	for (i = 0; hdr && i < hdr->val.l && s < SE_MAX; i++) {
		if (hdr->val.p[i] < '0' || hdr->val.p[i] > '9')
			break;
		s = s * 10 + (uint32_t)(hdr->val.p[i] - '0');
	}

	return s > SE_MAX ? SE_MAX : s;
}


static bool supported(const struct sip_msg *msg)
{
	return sip_msg_hdr_has_value(msg, SIP_HDR_SUPPORTED, "timer");
}


/* The shortest interval we take. */
static uint32_t shortest(const struct sipd_sip *sip)
{
	const uint32_t s = sip->conf.session_min;

	return s > INVITE_SE_MIN ? s : INVITE_SE_MIN;
}


static uint32_t larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}


/* ---- what is said --------------------------------------------------------- */

static void min_write(const struct sipd_invite *inv, char *buf, size_t size)
{
	const uint32_t s = larger(inv->min_se, shortest(inv->sip));

	if (s > INVITE_SE_MIN)
		(void)re_snprintf(buf, size, "Min-SE: %u\r\n", s);
	else
		*buf = '\0';
}


void invite_timer_again(const struct sipd_invite *inv, char *buf, size_t size)
{
	char min_se[32], expires[64] = "";

	min_write(inv, min_se, sizeof(min_se));
	if (inv->expires_s)
		(void)re_snprintf(expires, sizeof(expires),
				  "Session-Expires: %u;refresher=%s\r\n",
				  larger(inv->min_se, inv->expires_s),
				  inv->refresher ? "uac" : "uas");
	(void)re_snprintf(buf, size, "%s%s%s", invite_allow, expires, min_se);
}


void invite_timer_ask(const struct sipd_invite *inv, char *buf, size_t size)
{
	static const char *const who[] = {
		[SIPD_REFRESHER_AUTO] = "",
		[SIPD_REFRESHER_LOCAL] = ";refresher=uac",
		[SIPD_REFRESHER_REMOTE] = ";refresher=uas",
	};
	const struct sipd_sip_conf *conf = &inv->sip->conf;
	char min_se[32];

	*buf = '\0';
	if (!conf->session_expires && !inv->min_se)
		return;

	min_write(inv, min_se, sizeof(min_se));
	(void)re_snprintf(buf, size, "Session-Expires: %u%s\r\n%s",
			  larger(conf->session_expires,
				 larger(inv->min_se, shortest(inv->sip))),
			  who[conf->refresher], min_se);
}


void invite_timer_write(const struct sipd_invite *inv, char *buf, size_t size)
{
	if (inv->expires_s)
		(void)re_snprintf(buf, size,
				  "%sSession-Expires: %u;"
				  "refresher=%s\r\n",
				  inv->refresher ? "" : "Require: timer\r\n",
				  inv->expires_s,
				  inv->refresher ? "uas" : "uac");
	else
		*buf = '\0';
}


bool invite_timer_small(const struct sipd_sip *sip, const struct sip_msg *msg,
			char *extra, size_t size)
{
	if (!sip_msg_hdr(msg, SIP_HDR_SESSION_EXPIRES) || !supported(msg) ||
	    seconds(msg, SIP_HDR_SESSION_EXPIRES) >= shortest(sip))
		return false;

	(void)re_snprintf(extra, size, "Min-SE: %u\r\n", shortest(sip));

	return true;
}


/* Followed once a session: a peer that asks for more and more is not.
 * RFC 4028 7.3 */
bool invite_timer_raise(struct sipd_invite *inv, const struct sip_msg *msg)
{
	const uint32_t now = inv->expires_s ? inv->expires_s
					    : inv->sip->conf.session_expires;
	const uint32_t s = seconds(msg, SIP_HDR_MIN_SE);

	if (inv->min_se || !now || s <= now)
		return false;

	inv->min_se = s;

	return true;
}


/* ---- what is agreed ------------------------------------------------------- */

uint32_t invite_expires(const struct sip_msg *msg)
{
	return seconds(msg, SIP_HDR_SESSION_EXPIRES);
}


/* The refresher that a Session-Expires names: is it that word?  -1: none. */
static int refresher_is(const struct sip_msg *msg, const char *word)
{
	const struct sip_hdr *hdr = sip_msg_hdr(msg, SIP_HDR_SESSION_EXPIRES);
	struct pl who;

	if (!hdr || msg_param_decode(&hdr->val, "refresher", &who))
		return -1;

	return !pl_strcasecmp(&who, word);
}


/* By a 2xx of the peer.  None: the session never expires. RFC 4028 7.2 */
static void granted(struct sipd_invite *inv, const struct sip_msg *msg)
{
	const uint32_t s = seconds(msg, SIP_HDR_SESSION_EXPIRES);

	inv->expires_s = s ? larger(s, INVITE_SE_MIN) : 0;
	/* nobody named: two who refresh are better than none */
	inv->refresher = refresher_is(msg, "uac") != 0;
}


/* By a request that names no interval: what stands goes on, if the peer knows
 * of timers or need not know. RFC 4028 9 */
static void unasked(struct sipd_invite *inv, const struct sip_msg *msg)
{
	const struct sipd_sip_conf *conf = &inv->sip->conf;

	if (inv->expires_s && (supported(msg) || inv->refresher))
		return;

	inv->expires_s = 0;
	if (!conf->session_expires || !supported(msg))
		return;

	inv->expires_s = larger(conf->session_expires,
				seconds(msg, SIP_HDR_MIN_SE));
	inv->refresher = conf->refresher != SIPD_REFRESHER_REMOTE;
}


/* By a request.  We may ask for less, and choose who refreshes if it does not
 * say; who does not speak of timers cannot be the one. RFC 4028 9, table 2 */
static void requested(struct sipd_invite *inv, const struct sip_msg *msg)
{
	const struct sipd_sip_conf *conf = &inv->sip->conf;
	const uint32_t most = conf->session_expires
				      ? larger(conf->session_expires,
					       seconds(msg, SIP_HDR_MIN_SE))
				      : (uint32_t)SE_MAX;
	const int us = refresher_is(msg, "uas");
	uint32_t s = seconds(msg, SIP_HDR_SESSION_EXPIRES);

	if (!sip_msg_hdr(msg, SIP_HDR_SESSION_EXPIRES)) {
		unasked(inv, msg);
		return;
	}

	if (s < shortest(inv->sip)) /* and a 422 is not for those */
		s = 0;
	inv->expires_s = s > most ? most : s;
	inv->refresher = us >= 0 ? us > 0
				 : !supported(msg) ||
					   conf->refresher ==
						   SIPD_REFRESHER_LOCAL;
}


void invite_session_timer(struct sipd_invite *inv, const struct sip_msg *msg)
{
	if (sip_msg_hdr(msg, SIP_HDR_ALLOW))
		inv->peer_update = sip_msg_hdr_has_value(msg, SIP_HDR_ALLOW,
							 "UPDATE");
	if (msg->req)
		requested(inv, msg);
	else
		granted(inv, msg);

	invite_timer_arm(inv);
}


/* ---- time ------------------------------------------------------------------ */

static uint32_t guard_s(uint32_t s)
{
	return s / 3 < GUARD_S ? s / 3 : (uint32_t)GUARD_S;
}


void invite_timer_arm(struct sipd_invite *inv)
{
	const uint32_t s = inv->expires_s;
	const uint32_t end = s - guard_s(s);

	if (inv->state != INVITE_CONFIRMED)
		return;
	if (!s) {
		tmr_cancel(&inv->tmr);
		return;
	}

	inv->expires_ms = sipd_clock_ms() + (uint64_t)end * 1000;
	tmr_start(&inv->tmr, (uint64_t)(inv->refresher ? s / 2 : end) * 1000,
		  timer_handler, inv);
}


/* The session goes on until it expires. */
static void refresh_later(struct sipd_invite *inv, uint64_t ms)
{
	const uint64_t now = sipd_clock_ms();
	const uint64_t left = inv->expires_ms > now ? inv->expires_ms - now
						    : 0;

	tmr_start(&inv->tmr, ms < left ? ms : left, timer_handler, inv);
}


void invite_session_lost(struct sipd_invite *inv, const char *why)
{
	struct sipd_invite_end end = {
		.sip_status = inv->status,
		.error = SIPDIALER_ENET,
		.reason = why,
	};

	invite_bye_for(inv, 102, why); /* recovery on timer expiry */
	invite_tell(inv, &end);
}


uint32_t invite_glare_ms(const struct sipd_invite *inv)
{
	/* steps of 10 ms; 2.1 to 4 s for the one who chose the Call-ID */
	return inv->inbound ? rand_u32() % 201 * 10
			    : 2100 + rand_u32() % 191 * 10;
}


static void timer_handler(void *arg)
{
	struct sipd_invite *inv = arg;

	if (inv->state != INVITE_CONFIRMED || !inv->expires_s)
		return;
	if (!inv->refresher) {
		invite_session_lost(inv,
				    "peer stopped refreshing the session");
		return;
	}
	if (sipd_clock_ms() >= inv->expires_ms) {
		invite_session_lost(inv,
				    "peer refuses to refresh the session");
		return;
	}
	if (inv->reply || inv->req) { /* another is under way */
		refresh_later(inv, invite_glare_ms(inv));
		return;
	}

	invite_tries_afresh(inv);
	inv->refresh_again = false;
	refresh_send(inv);
}


/* ---- refresh --------------------------------------------------------------- */

/* One that will be understood better, or is worth another try at once. */
static bool send_other(struct sipd_invite *inv, const struct sip_msg *msg)
{
	switch (msg->scode) {
	case 401:
	case 407:
		return !invite_challenge(inv, msg);
	case 405:
	case 501: /* RFC 3311 5.1: Allow was wrong */
		if (!inv->peer_update)
			return false;
		inv->peer_update = false;
		return true;
	case 422:
		return invite_timer_raise(inv, msg);
	default:
		return false;
	}
}


static void refused(struct sipd_invite *inv, const struct sip_msg *msg)
{
	const uint32_t s = seconds(msg, SIP_HDR_RETRY_AFTER);

	if (msg->scode == 408 || msg->scode == 481)
		invite_session_lost(inv,
				    "peer does not know the session any more");
	else if (send_other(inv, msg))
		refresh_send(inv);
	else if (msg->scode == 491)
		refresh_later(inv, invite_glare_ms(inv));
	else /* the media stay as they are. RFC 3261 14.1 */
		refresh_later(inv, s ? (uint64_t)s * 1000
				     : (uint64_t)inv->expires_s * 250);
}


static void refreshed(struct sipd_invite *inv, const struct sip_msg *msg)
{
	struct sipd_sdp_remote remote;
	struct pl sdp;

	if (!pl_strcmp(&msg->cseq.met, "INVITE")) {
		inv->acked_seq = msg->cseq.num;
		invite_dialog_refresh(&inv->dlg, inv->sip, msg);
		invite_ack(inv, &inv->dlg, msg->cseq.num);
	}
	else {
		invite_dialog_refresh(&inv->dlg, inv->sip, msg);
	}
	invite_session_timer(inv, msg);
	if (invite_body_sdp(msg, &sdp) &&
	    !sipd_sdp_answer_read(&inv->local, sdp.p, sdp.l, &remote))
		invite_media(inv, &remote, false);
}


/* Nothing came, or the connection broke: that is tried once more. */
static void unanswered(struct sipd_invite *inv, int err)
{
	if (err != ETIMEDOUT && !inv->refresh_again) {
		inv->refresh_again = true;
		refresh_send(inv);
		return;
	}

	invite_session_lost(inv, "peer does not answer the session refresh");
}


static void refresh_resp(int err, const struct sip_msg *msg, void *arg)
{
	struct sipd_invite *inv = arg;

	if (msg && msg->scode < 200)
		return;
	inv->refreshing = inv->offering = false;

	if (err || !msg) {
		unanswered(inv, err);
	}
	else if (!sipd_guard_response(msg, inv->callid, inv->ltag,
				      inv->refresh_seq, inv->refresh_met)) {
		sipd_log_warning(inv->sip->log,
				 "call %s: answer to the session refresh "
				 "does not fit",
				 inv->callid);
		refresh_later(inv, (uint64_t)inv->expires_s * 250);
	}
	else if (msg->scode < 300) {
		refreshed(inv, msg);
	}
	else {
		refused(inv, msg);
	}
}


/* An UPDATE without a description, or a re-INVITE with the one that stands.
 * RFC 4028 7.4 */
static void refresh_send(struct sipd_invite *inv)
{
	char headers[256], sdp[INVITE_SDP_MAX];
	struct invite_request rq = {
		.method = inv->peer_update ? "UPDATE" : "INVITE",
		.headers = headers,
		.owner = inv,
		.resph = refresh_resp,
	};
	int err;

	invite_timer_again(inv, headers, sizeof(headers));
	if (sipd_secure_renew(&inv->local.secure))
		++inv->local.version;
	if (!inv->peer_update && sipd_sdp_offer(&inv->local, sdp, sizeof(sdp)))
		rq.sdp = sdp;

	rq.cseq = inv->refresh_seq = ++inv->lseq;
	inv->refresh_met = rq.method;
	inv->refreshing = true;
	inv->offering = rq.sdp != NULL;
	err = invite_dialog_send(inv, &inv->dlg, &rq);
	if (err)
		invite_session_lost(inv, strerror(err));
}
