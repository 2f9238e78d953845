/**
 * @file port/sip/invite/invite.c  INVITE session, calling side: begin and end
 *
 * The INVITE, CANCEL, what comes outside of transactions, and how sessions
 * are freed.  Loop thread.  RFC 3261 8.1, 9.1, 13.2, 17.1.1
 */
#include "port/sip/invite/early.h"
#include "port/sip/invite/in.h"
#include "port/sip/invite/info.h"
#include "port/sip/invite/refer.h"

#include <string.h>
#include "base/clock.h"
#include "base/container.h"
#include "base/error.h"
#include "base/text.h"

enum {
	HEADERS_MAX = 8192, /* bytes of all extra headers */
	LINGER_MAX = 2000   /* sessions, above which only those of an INVITE
			     * known to have forked wait for late 2xx */
};


static void destructor(void *arg)
{
	struct sipd_invite *inv = arg;

	tmr_cancel(&inv->tmr);
	tmr_cancel(&inv->modify);
	invite_heir_clear(inv);
	if (inv->heir)
		inv->heir->heir_of = NULL;
	mem_deref(inv->info);
	mem_deref(inv->refer);
	mem_deref(inv->referred);
	sipd_secure_wipe(&inv->local.secure);
	invite_dialog_close(&inv->dlg);
	mem_deref(inv->auth);
	invite_early_flush(inv);
	invite_forks_close(inv);
	mem_deref(inv->red);
	mem_deref(inv->called);
	mem_deref(inv->callid);
	mem_deref(inv->uri);
	mem_deref(inv->hop);
	mem_deref(inv->from);
	mem_deref(inv->headers);
	mem_deref(inv->identity);
	mem_deref(inv->privacy);
	mem_deref(inv->why);
	mem_deref(inv->msg);
	mem_deref(inv->in);
	mem_deref(inv->ring);
	mem_deref(inv->branch);
}


struct sipd_invite *invite_alloc(struct sipd_sip *sip)
{
	struct sipd_invite *inv = mem_zalloc(sizeof(*inv), destructor);

	if (!inv)
		return NULL;

	inv->sip = sip;
	tmr_init(&inv->tmr);
	tmr_init(&inv->modify);
	inv->lseq = rand_u16(); /* < 2^31. RFC 3261 8.1.1.5 */

	return inv;
}


void invite_list(struct sipd_invite *inv)
{
	hash_append(inv->sip->invites, hash_joaat_str(inv->callid), &inv->he,
		    inv);
	++inv->sip->invitec;
}


static void free_handler(struct sipd_work *work)
{
	mem_deref(SIPD_CONTAINER(work, struct sipd_invite, work));
}


static void detach(struct sipd_invite *inv)
{
	inv->dropped = true;
	tmr_cancel(&inv->tmr);
	invite_reply_close(inv);
	inv->req = mem_deref(inv->req);
	invite_refer_over(inv, false);
	invite_info_over(inv);
	hash_unlink(&inv->he);
	if (inv->sip->invitec)
		--inv->sip->invitec;
}


static void linger_handler(void *arg)
{
	invite_done(arg, 0);
}


void invite_done(struct sipd_invite *inv, uint32_t linger_ms)
{
	if (inv->dropped)
		return;

	inv->state = INVITE_DONE;
	tmr_cancel(&inv->modify);
	invite_refer_over(inv, false);
	invite_info_over(inv);
	invite_reply_close(inv);
	invite_early_flush(inv);
	if (linger_ms) {
		tmr_start(&inv->tmr, linger_ms, linger_handler, inv);
		return;
	}

	detach(inv);
	inv->work.h = free_handler; /* not within a handler of its own */
	sipd_loop_later(inv->sip->loop, &inv->work);
}


uint32_t invite_linger(const struct sipd_invite *inv, uint32_t ms)
{
	const uint64_t since = sipd_clock_ms() - inv->taken_ms;

	if (inv->forked)
		return INVITE_WAIT_MS;
	/* a fork nobody has heard of may answer as well: as long as its first
	 * 2xx could be, RFC 3261 13.2.2.4 */
	if (inv->taken_ms && since + ms < INVITE_WAIT_MS &&
	    inv->sip->invitec < LINGER_MAX)
		return (uint32_t)(INVITE_WAIT_MS - since);

	return ms;
}


void invite_tell(struct sipd_invite *inv, struct sipd_invite_end *end)
{
	void (*ended)(const struct sipd_invite_end *, void *) = inv->h.ended;

	if (inv->told)
		return;

	invite_heir_clear(inv);
	inv->told = true;
	inv->hungup = true;
	end->answered = inv->answered;
	end->ringing = inv->ringing;
	end->ring_timeout = inv->ring_timeout;
	if (!end->reason)
		end->reason = "";
	if (!end->contact)
		end->contact = "";

	sipd_log_debug(inv->sip->log, "call %s ended: %d %s", inv->callid,
		       end->sip_status, end->reason);
	memset(&inv->h, 0, sizeof(inv->h));
	if (ended)
		ended(end, inv->arg);
}


void invite_media(struct sipd_invite *inv,
		  const struct sipd_sdp_remote *remote, bool early)
{
	invite_secure_agreed(inv, remote);
	if (!inv->hungup && inv->h.media)
		inv->h.media(remote, early, inv->arg);
}


/* ---- the INVITE ------------------------------------------------------- */

static const char *extensions(const struct sipd_invite *inv)
{
	switch (inv->sip->conf.rel100) {

	case SIPD_100REL_SUPPORTED:
		return "Supported: 100rel, timer, replaces, 199\r\n";

	case SIPD_100REL_REQUIRED:
		return "Require: 100rel\r\n"
		       "Supported: 100rel, timer, replaces, 199\r\n";

	default:
		return "Supported: timer, replaces, 199\r\n";
	}
}


static int invite_write(struct mbuf *mb, struct sipd_invite *inv)
{
	const char *ua = inv->sip->conf.user_agent;
	char sdp[INVITE_SDP_MAX], timer[96];
	const size_t len = sipd_sdp_offer(&inv->local, sdp, sizeof(sdp));
	int err;

	if (!len)
		return EOVERFLOW;

	invite_timer_ask(inv, timer, sizeof(timer));
	err = mbuf_write_str(mb, "Max-Forwards: 70\r\n");
	err |= sipd_service_write(mb, inv->sip, inv->hop);
	if (inv->auth)
		err |= sipd_auth_encode(mb, inv->auth, "INVITE", inv->uri);
	err |= mbuf_printf(mb,
			   "To: <%s>\r\nFrom: %s\r\nCall-ID: %s\r\n"
			   "CSeq: %u INVITE\r\n",
			   inv->called ? inv->called : inv->uri, inv->from,
			   inv->callid, inv->invite_seq);
	err |= invite_identity_write(mb, inv);
	if (ua && *ua)
		err |= mbuf_printf(mb, "User-Agent: %s\r\n", ua);
	err |= mbuf_printf(mb,
			   "Allow: " SIPD_ALLOW "\r\n"
			   "%s%sP-Early-Media: supported\r\n"
			   "%sContent-Type: application/sdp\r\n"
			   "Content-Length: %zu\r\n\r\n%s",
			   extensions(inv), timer,
			   inv->headers ? inv->headers : "", len, sdp);
	mb->pos = 0;

	return err;
}


int invite_send(struct sipd_invite *inv)
{
	const struct sa last = inv->tried; /* whose challenge it answers */
	struct mbuf *mb = mbuf_alloc(1536);
	int err;

	if (!mb)
		return ENOMEM;

	invite_early_flush(inv); /* of the one before it */
	inv->tagged = false;
	inv->invite_seq = ++inv->lseq;
	inv->provisional = false;
	inv->sent_ms = tmr_jiffies();
	sa_init(&inv->tried, AF_UNSPEC);
	err = invite_write(mb, inv);
	if (!err)
		err = sipd_send(&inv->req, inv->sip,
				&(struct sipd_send_params){
					.method = "INVITE",
					.uri = inv->uri,
					.route = inv->hop,
					.mb = mb,
					.prefer = &last,
					.sendh = invite_contact,
					.resph = invite_resp,
					.arg = inv,
				});
	mem_deref(mb);

	return err;
}


static void end_by_hangup(struct sipd_invite *inv)
{
	struct sipd_invite_end end = {
		.sip_status = inv->status,
		.error = inv->fail,
		.local = inv->local_end,
		.reason = inv->why,
	};

	if (!inv->responded && !inv->local_end) {
		end.error = SIPDIALER_ENET;
		end.reason = "no answer from the server";
	}
	invite_tell(inv, &end);
}


/* Rings for too long, and 4 s after a hang-up that nobody answered. */
static void ring_handler(void *arg)
{
	struct sipd_invite *inv = arg;

	if (inv->hungup) {
		/* CANCEL, or ACK and BYE for a late 2xx, go on in silence:
		 * libre's transaction ends by itself within 64*T1 */
		end_by_hangup(inv);
		return;
	}

	inv->ring_timeout = true;
	inv->hungup = true;
	invite_cancel(inv);
	tmr_start(&inv->tmr, INVITE_HANGUP_MS, ring_handler, inv);
}


void invite_give_up(struct sipd_invite *inv, int error, const char *why)
{
	if (inv->hungup)
		return;

	inv->fail = error;
	inv->hungup = true;
	(void)str_dup(&inv->why, why);
	invite_cancel(inv);
	tmr_start(&inv->tmr, INVITE_HANGUP_MS, ring_handler, inv);
}


static int headers_join(struct sipd_invite *inv,
			const struct sipd_invite_params *params)
{
	struct mbuf *mb;
	size_t i;
	int err = 0;

	if (!params->headerc)
		return 0;

	mb = mbuf_alloc(256);
	if (!mb)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for headers");

	for (i = 0; i < params->headerc && !err; i++) {
		err = sipd_sip_check_header(params->headers[i]);
		if (!err && mbuf_printf(mb, "%s\r\n", params->headers[i]))
			err = sipd_error(SIPDIALER_ENOMEM,
					 "no memory for headers");
		if (!err && mb->end > HEADERS_MAX)
			err = sipd_error(SIPDIALER_EINVAL,
					 "headers of more than %d bytes",
					 HEADERS_MAX);
	}
	mb->pos = 0;
	if (!err && mbuf_strdup(mb, &inv->headers, mb->end))
		err = sipd_error(SIPDIALER_ENOMEM, "no memory for headers");
	mem_deref(mb);

	return err;
}


static int names_make(struct sipd_invite *inv,
		      const struct sipd_invite_params *params)
{
	const char *id = params->caller_id ? params->caller_id : "";
	const char *name = params->caller_name ? params->caller_name : "";
	char uri[INVITE_URI_SIZE], hop[INVITE_URI_SIZE];
	char from[INVITE_URI_SIZE], display[400];
	bool hidden;
	int err;

	err = sipd_sip_check_target(params->to);
	if (!err && (*id || *name))
		err = sipd_sip_check_caller(id, name);
	if (!err)
		err = sipd_target_uri(inv->sip, params->to, uri, sizeof(uri),
				      hop, sizeof(hop));
	if (!err && *id)
		err = sipd_caller_uri(inv->sip, id, from, sizeof(from));
	if (!err)
		err = sipd_display_name(name, display, sizeof(display));
	if (!err)
		err = invite_identity_make(inv, &params->identity, display);
	if (!err)
		err = headers_join(inv, params);
	if (err)
		return err;

	hidden = invite_identity_hidden(&params->identity);
	if (hidden) /* RFC 3323 4.1.1.3 */
		(void)sipd_strcpy(display, sizeof(display), "\"Anonymous\"");

	(void)re_snprintf(inv->ltag, sizeof(inv->ltag), "%016llx", rand_u64());
	if (str_dup(&inv->uri, uri) || str_dup(&inv->hop, hop) ||
	    re_sdprintf(&inv->callid, "%016llx%016llx", rand_u64(),
			rand_u64()) ||
	    re_sdprintf(&inv->from, "%s%s<%s>;tag=%s", display,
			*display ? " " : "",
			hidden ? "sip:anonymous@anonymous.invalid"
			: *id  ? from
			       : inv->sip->aor,
			inv->ltag))
		return sipd_error(SIPDIALER_ENOMEM, "no memory for a call");

	return 0;
}


int sipd_invite_open(struct sipd_invite **ip, struct sipd_sip *sip,
		     const struct sipd_invite_params *params,
		     const struct sipd_sdp_local *local,
		     const struct sipd_invite_handlers *h, void *arg)
{
	struct sipd_invite *inv = invite_alloc(sip);
	int err;

	if (!inv)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for a call");

	inv->local = *local;
	inv->arg = arg;
	err = names_make(inv, params);
	if (!err) {
		err = invite_send(inv);
		if (err) {
			char what[INVITE_URI_SIZE];

			sipd_send_words(sip, err, inv->hop, what,
					sizeof(what));
			err = sipd_error(err == ENOMEM ? SIPDIALER_ENOMEM
						       : SIPDIALER_ENET,
					 "INVITE: %s", what);
		}
	}
	if (err) {
		mem_deref(inv);
		return err;
	}

	inv->h = *h;
	invite_list(inv);
	if (params->ring_timeout_ms)
		tmr_start(&inv->tmr, params->ring_timeout_ms, ring_handler,
			  inv);
	*ip = inv;

	return 0;
}


void sipd_invite_hangup(struct sipd_invite *inv, const char *reason)
{
	struct sipd_invite_end end = {
		.sip_status = inv->status,
		.local = true,
		.reason = reason,
	};

	if (inv->told || inv->state == INVITE_DONE)
		return; /* or its end is being told */
	if (inv->inbound) {
		invite_in_hangup(inv, reason);
		return;
	}

	inv->local_end = true;
	if (inv->state == INVITE_CONFIRMED) {
		invite_bye_for(inv, 16, reason);
		invite_tell(inv, &end);
		return;
	}
	if (inv->hungup)
		return;

	inv->hungup = true;
	if (reason && *reason)
		(void)str_dup(&inv->why, reason);
	invite_cancel(inv);
	tmr_start(&inv->tmr, INVITE_HANGUP_MS, ring_handler, inv);
}


void sipd_invite_abandon(struct sipd_invite *inv)
{
	sipd_invite_hangup(inv, NULL);
	if (!inv->told)
		end_by_hangup(inv);
}


const char *sipd_invite_callid(const struct sipd_invite *inv)
{
	return inv->callid;
}


/* ---- what comes outside of transactions ------------------------------- */

static bool callid_handler(struct le *le, void *arg)
{
	const struct sipd_invite *inv = le->data;
	const struct sip_msg *msg = arg;

	return !pl_strcmp(&msg->callid, inv->callid) &&
	       !pl_strcmp(&msg->from.tag, inv->ltag);
}


bool sipd_invite_stray_response(struct sipd_sip *sip,
				const struct sip_msg *msg)
{
	struct sipd_invite *inv;

	inv = list_ledata(hash_lookup(sip->invites,
				      hash_joaat_pl(&msg->callid),
				      callid_handler, (void *)msg));
	if (!inv)
		return false;

	if (msg->scode < 200 || msg->scode > 299 ||
	    pl_strcmp(&msg->cseq.met, "INVITE") ||
	    !sipd_guard_status_line(msg))
		return true;

	if (inv->dlg.rtag && !pl_strcmp(&msg->to.tag, inv->dlg.rtag)) {
		if (msg->cseq.num == inv->acked_seq ||
		    msg->cseq.num == inv->invite_seq ||
		    msg->cseq.num == inv->modify_seq ||
		    msg->cseq.num == inv->refresh_seq)
			invite_ack(inv, &inv->dlg, msg->cseq.num);
	}
	else if (!inv->inbound &&
		 (inv->state != INVITE_CALLING || inv->forked) &&
		 sipd_guard_response(msg, inv->callid, inv->ltag,
				     inv->invite_seq, "INVITE")) {
		invite_refuse(inv, msg);
	}

	return true;
}


static bool unsettled_handler(struct le *le, void *arg)
{
	const struct sipd_invite *inv = le->data;
	(void)arg;

	return inv->hungup && ((inv->req && inv->responded) ||
			       (inv->unacked && inv->reply) || inv->byel.head);
}


bool sipd_invite_unsettled(const struct sipd_sip *sip)
{
	return hash_apply(sip->invites, unsettled_handler, NULL) != NULL;
}


static bool flush_handler(struct le *le, void *arg)
{
	struct sipd_invite *inv = le->data;
	struct sipd_invite_end end = {
		.sip_status = inv->status,
		.error = SIPDIALER_ECANCELLED,
		.local = true,
		.reason = "SIP is closed",
	};
	(void)arg;

	invite_tell(inv, &end);
	detach(inv);
	mem_deref(inv);

	return false;
}


void sipd_invite_flush(struct sipd_sip *sip)
{
	(void)hash_apply(sip->invites, flush_handler, NULL);
}
