/**
 * @file port/sip/invite.c  INVITE session, calling side
 *
 * From the INVITE to its final answer, CANCEL, forks, and the end.  Stands on
 * libre's client transactions; what libre 1.1.0 believes too easily (specs
 * facts E-H) is checked here.  Loop thread.  RFC 3261 8.1, 9.1, 13.2, 17.1.1
 */
#include "port/sip/invite.h"

#include <stddef.h>
#include <string.h>
#include "base/error.h"

enum {
	URI_SIZE = 600,
	HEADERS_MAX = 8192,  /* bytes of all extra headers */
	REASON_SIZE = 128
};


static void destructor(void *arg)
{
	struct sipd_invite *inv = arg;

	tmr_cancel(&inv->tmr);
	invite_dialog_close(&inv->dlg);
	mem_deref(inv->auth);
	mem_deref(inv->early);
	mem_deref(inv->callid);
	mem_deref(inv->uri);
	mem_deref(inv->hop);
	mem_deref(inv->from);
	mem_deref(inv->headers);
	mem_deref(inv->why);
}


static void free_handler(struct sipd_work *work)
{
	mem_deref((char *)work - offsetof(struct sipd_invite, work));
}


static void detach(struct sipd_invite *inv)
{
	inv->dropped = true;
	tmr_cancel(&inv->tmr);
	invite_reply_close(inv);
	inv->req = mem_deref(inv->req);
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
	invite_reply_close(inv);
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
	return inv->forked ? (uint32_t)INVITE_WAIT_MS : ms;
}


void invite_tell(struct sipd_invite *inv, struct sipd_invite_end *end)
{
	void (*ended)(const struct sipd_invite_end *, void *) = inv->h.ended;

	if (inv->told)
		return;

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
	if (!inv->hungup && inv->h.media)
		inv->h.media(remote, early, inv->arg);
}


void invite_reason(const struct sip_msg *msg, char *buf, size_t size)
{
	size_t i;

	(void)pl_strcpy(&msg->reason, buf, size);
	if (msg->reason.l >= size) { /* pl_strcpy() writes nothing then */
		memcpy(buf, msg->reason.p, size - 1);
		buf[size - 1] = '\0';
	}
	for (i = 0; buf[i]; i++) {
		if ((unsigned char)buf[i] < ' ' || buf[i] == 0x7f)
			buf[i] = '?';
	}
}


/* The part of a multipart body that is SDP (ISUP gateways). RFC 2046 5.1 */
static bool multipart_sdp(const struct sip_msg *msg, const struct pl *body,
			  struct pl *sdp)
{
	struct pl boundary, part = *body;
	char mark[80];
	const char *head, *text, *end;

	if (msg_param_decode(&msg->ctyp.params, "boundary", &boundary))
		return false;
	if (boundary.l >= 2 && boundary.p[0] == '"') {
		boundary.p++;
		boundary.l -= 2;
	}
	if (!boundary.l || boundary.l > 70)
		return false;
	(void)re_snprintf(mark, sizeof(mark), "--%r", &boundary);

	while ((head = memmem(part.p, part.l, mark, strlen(mark)))) {
		struct pl ct;

		part.l -= (size_t)(head - part.p) + strlen(mark);
		part.p = head + strlen(mark);
		end = memmem(part.p, part.l, mark, strlen(mark));
		text = memmem(part.p, part.l, "\r\n\r\n", 4);
		if (!end || !text || text > end)
			return false;
		ct.p = part.p;
		ct.l = (size_t)(text - part.p);
		if (!re_regex(ct.p, ct.l, "application/sdp")) {
			sdp->p = text + 4;
			sdp->l = (size_t)(end - text) < 4 ? 0 :
				 (size_t)(end - text) - 4;
			return sdp->l > 0;
		}
		part.l -= (size_t)(end - part.p);
		part.p = end;
	}

	return false;
}


bool invite_body_sdp(const struct sip_msg *msg, struct pl *sdp)
{
	struct pl body = { (const char *)mbuf_buf(msg->mb),
			   mbuf_get_left(msg->mb) };
	const uint32_t clen = pl_u32(&msg->clen);

	if (pl_isset(&msg->clen) && clen < body.l)
		body.l = clen; /* the rest is padding. RFC 3261 18.3 */
	if (!body.l)
		return false;

	if (msg_ctype_cmp(&msg->ctyp, "application", "sdp")) {
		*sdp = body;
		return true;
	}

	return !pl_strcasecmp(&msg->ctyp.type, "multipart") &&
		multipart_sdp(msg, &body, sdp);
}


int invite_challenge(struct sipd_invite *inv, const struct sip_msg *msg)
{
	if (!inv->auth) {
		const int err = sipd_auth_alloc(&inv->auth, inv->sip);

		if (err)
			return err;
	}

	return sipd_auth_challenge(inv->auth, msg);
}


/* ---- how it ends ------------------------------------------------------ */

static uint32_t retry_after(const struct sip_msg *msg)
{
	const struct sip_hdr *hdr = sip_msg_hdr(msg, SIP_HDR_RETRY_AFTER);
	uint32_t s = 0;
	size_t i;

	for (i = 0; hdr && i < hdr->val.l && s < 1000000; i++) {
		if (hdr->val.p[i] < '0' || hdr->val.p[i] > '9')
			break;
		s = s * 10 + (uint32_t)(hdr->val.p[i] - '0');
	}

	return s;
}


/* A final answer above 299 (also what it says is a lie: error is set). */
static void end_by_answer(struct sipd_invite *inv, const struct sip_msg *msg,
			  int error, const char *words)
{
	const struct sip_hdr *hdr = sip_msg_hdr(msg, SIP_HDR_CONTACT);
	struct sipd_invite_end end = {
		.sip_status = error == SIPDIALER_EFORMAT ? 0 : msg->scode,
		.error = error, .local = inv->local_end,
	};
	char reason[REASON_SIZE], contact[URI_SIZE] = "";
	struct sip_addr addr;
	int cause;

	invite_reason(msg, reason, sizeof(reason));
	end.reason = words ? words : inv->why ? inv->why : reason;
	end.q850 = sipd_reason_q850(msg, &cause);
	end.retry_after = retry_after(msg);
	if (msg->scode < 400 && hdr && !sip_addr_decode(&addr, &hdr->val))
		(void)pl_strcpy(&addr.auri, contact, sizeof(contact));
	end.contact = contact;

	inv->status = (uint16_t)end.sip_status;
	/* a transaction that was closed by a lie may still see the truth */
	invite_done(inv, invite_linger(inv, error == SIPDIALER_EFORMAT ?
				       INVITE_WAIT_MS : 0));
	invite_tell(inv, &end);
}


static void end_by_error(struct sipd_invite *inv, int err)
{
	struct sipd_invite_end end = { .local = inv->local_end };
	char words[URI_SIZE + 80];

	if (err == ETIMEDOUT)
		(void)re_snprintf(words, sizeof(words), "no answer from %s",
				  inv->hop);
	else if (err == ECONNREFUSED)
		(void)re_snprintf(words, sizeof(words),
				  "%s refuses the connection", inv->hop);
	else if (err == EDESTADDRREQ || err == ENOENT)
		(void)re_snprintf(words, sizeof(words),
				  "no address for %s", inv->hop);
	else
		(void)re_snprintf(words, sizeof(words), "%s: %s", inv->hop,
				  strerror(err));

	if (!inv->hungup || !inv->responded)
		end.error = err == ECANCELED ? 0 : SIPDIALER_ENET;
	end.reason = inv->local_end && inv->why ? inv->why : words;

	/* an answer that comes after its transaction still wants an ACK */
	invite_done(inv, invite_linger(inv, err == ETIMEDOUT &&
				       !inv->responded ? INVITE_WAIT_MS : 0));
	invite_tell(inv, &end);
}


static void end_by_hangup(struct sipd_invite *inv)
{
	struct sipd_invite_end end = {
		.sip_status = inv->status, .local = inv->local_end,
		.reason = inv->why,
	};

	if (!inv->responded) {
		end.error = SIPDIALER_ENET;
		if (!inv->local_end)
			end.reason = "no answer from the server";
	}
	invite_tell(inv, &end);
}


/* ---- answers ---------------------------------------------------------- */

static void note_tag(struct sipd_invite *inv, const struct sip_msg *msg)
{
	const uint32_t tag = hash_joaat_pl(&msg->to.tag);

	if (!pl_isset(&msg->to.tag))
		return;
	if (!inv->tagged)
		inv->first_tag = tag;
	else if (inv->first_tag != tag)
		inv->forked = true;
	inv->tagged = true;
}


/* The latest early description wins; copies of an 18x are no news. */
static void early_media(struct sipd_invite *inv, const struct sip_msg *msg)
{
	struct sipd_sdp_remote remote;
	uint32_t sum;
	struct pl sdp;

	if (!invite_body_sdp(msg, &sdp))
		return;

	sum = hash_joaat_pl(&sdp) ^ hash_joaat_pl(&msg->to.tag);
	if (inv->early && sum == inv->early_sum)
		return;
	if (sipd_sdp_answer_read(&inv->local, sdp.p, sdp.l, &remote)) {
		sipd_log_info(inv->sip->log, "call %s: SDP of %u: %s",
			      inv->callid, msg->scode, sipd_error_text());
		return;
	}

	if (!inv->early)
		inv->early = mem_zalloc(sizeof(*inv->early), NULL);
	if (!inv->early)
		return;
	*inv->early = remote;
	inv->early_sum = sum;
	invite_media(inv, &remote, true);
}


static void provisional(struct sipd_invite *inv, const struct sip_msg *msg)
{
	char reason[REASON_SIZE];

	note_tag(inv, msg);
	if (msg->scode == 100 || inv->hungup)
		return;

	if (msg->scode == 180 || msg->scode == 183)
		inv->ringing = true;

	invite_reason(msg, reason, sizeof(reason));
	if (inv->h.progress)
		inv->h.progress(msg->scode, reason, inv->arg);
	if (!inv->hungup)
		early_media(inv, msg);
}


/* ACK and BYE for a 2xx that cannot become a call. */
static void end_answered(struct sipd_invite *inv, int error,
			 const char *reason)
{
	struct sipd_invite_end end = {
		.sip_status = 200, .error = error, .local = inv->local_end,
		.reason = reason,
	};

	invite_bye(inv);
	invite_tell(inv, &end);
}


static bool answer_sdp(struct sipd_invite *inv, const struct sip_msg *msg,
		       struct sipd_sdp_remote *remote)
{
	struct pl sdp;

	if (invite_body_sdp(msg, &sdp))
		return !sipd_sdp_answer_read(&inv->local, sdp.p, sdp.l,
					     remote);
	if (inv->early) { /* gateways that said it in 183 only */
		*remote = *inv->early;
		return true;
	}
	(void)sipd_error(SIPDIALER_EFORMAT, "answered without SDP");

	return false;
}


static void accepted(struct sipd_invite *inv, const struct sip_msg *msg)
{
	struct sipd_sdp_remote remote;
	char words[SIPD_ERROR_SIZE];
	bool media;

	note_tag(inv, msg);
	if (invite_dialog_create(&inv->dlg, inv, msg)) {
		end_by_answer(inv, msg, SIPDIALER_EFORMAT,
			      "2xx that makes no dialog");
		return;
	}

	inv->status = msg->scode;
	inv->acked_seq = inv->invite_seq;
	inv->state = INVITE_CONFIRMED;
	inv->headers = mem_deref(inv->headers);
	tmr_cancel(&inv->tmr);
	if (inv->auth)
		sipd_auth_accepted(inv->auth);
	invite_ack(inv, &inv->dlg, inv->acked_seq);

	if (inv->hungup) {
		end_answered(inv, 0, inv->why ? inv->why :
			     "answered while being cancelled");
		return;
	}

	media = answer_sdp(inv, msg, &remote);
	inv->early = mem_deref(inv->early);
	if (!media) {
		(void)re_snprintf(words, sizeof(words), "%s",
				  sipd_error_text());
		end_answered(inv, SIPDIALER_EFORMAT, words);
		return;
	}

	inv->answered = true;
	invite_session_timer(inv, msg);
	invite_media(inv, &remote, false);
	if (!inv->hungup && inv->h.answered)
		inv->h.answered(inv->arg);
}


static int invite_send(struct sipd_invite *inv);


static void challenged(struct sipd_invite *inv, const struct sip_msg *msg)
{
	char words[SIPD_ERROR_SIZE];
	int err;

	if (inv->hungup) {
		end_by_answer(inv, msg, 0, NULL);
		return;
	}

	err = invite_challenge(inv, msg);
	if (err) {
		(void)re_snprintf(words, sizeof(words), "%s",
				  sipd_error_text());
		end_by_answer(inv, msg, err, words);
		return;
	}

	err = invite_send(inv);
	if (err)
		end_by_error(inv, err);
}


static void invite_resp(int err, const struct sip_msg *msg, void *arg)
{
	struct sipd_invite *inv = arg;

	if (err || !msg) {
		end_by_error(inv, err ? err : EPROTO);
		return;
	}

	inv->responded = true;
	if (!sipd_guard_status_line(msg) ||
	    !sipd_guard_response(msg, inv->callid, inv->ltag, inv->invite_seq,
				 "INVITE")) {
		sipd_log_warning(inv->sip->log, "call %s: answer of %s does "
				 "not fit", inv->callid, inv->hop);
		if (msg->scode >= 200)
			end_by_answer(inv, msg, SIPDIALER_EFORMAT,
				      "malformed answer");
		return;
	}

	if (msg->scode < 200)
		provisional(inv, msg);
	else if (msg->scode < 300)
		accepted(inv, msg);
	else if (msg->scode == 401 || msg->scode == 407)
		challenged(inv, msg);
	else
		end_by_answer(inv, msg, 0, NULL);
}


/* ---- the INVITE ------------------------------------------------------- */

static int invite_write(struct mbuf *mb, struct sipd_invite *inv)
{
	const char *proxy = inv->sip->conf.outbound_proxy;
	const char *ua = inv->sip->conf.user_agent;
	char sdp[INVITE_SDP_MAX];
	const size_t len = sipd_sdp_offer(&inv->local, sdp, sizeof(sdp));
	int err;

	if (!len)
		return EOVERFLOW;

	err = mbuf_write_str(mb, "Max-Forwards: 70\r\n");
	if (proxy && *proxy)
		err |= mbuf_printf(mb, "Route: <%s;lr>\r\n", inv->hop);
	if (inv->auth)
		err |= sipd_auth_encode(mb, inv->auth, "INVITE", inv->uri);
	err |= mbuf_printf(mb, "To: <%s>\r\nFrom: %s\r\nCall-ID: %s\r\n"
			   "CSeq: %u INVITE\r\n", inv->uri, inv->from,
			   inv->callid, inv->invite_seq);
	if (ua && *ua)
		err |= mbuf_printf(mb, "User-Agent: %s\r\n", ua);
	err |= mbuf_printf(mb, "%s%sContent-Type: application/sdp\r\n"
			   "Content-Length: %zu\r\n\r\n%s", invite_allow,
			   inv->headers ? inv->headers : "", len, sdp);
	mb->pos = 0;

	return err;
}


static int invite_send(struct sipd_invite *inv)
{
	struct mbuf *mb = mbuf_alloc(1536);
	struct uri hop;
	struct pl pl;
	int err;

	if (!mb)
		return ENOMEM;

	inv->invite_seq = ++inv->lseq;
	pl_set_str(&pl, inv->hop);
	err = uri_decode(&hop, &pl);
	if (!err)
		err = invite_write(mb, inv);
	if (!err)
		err = sip_request(&inv->req, inv->sip->sip, true, "INVITE", -1,
				  inv->uri, -1, &hop, mb,
				  hash_joaat_str(inv->callid), invite_contact,
				  invite_resp, inv);
	mem_deref(mb);

	return err;
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
	sip_request_cancel(inv->req);
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
			err = sipd_error(SIPDIALER_EINVAL, "headers of more "
					 "than %d bytes", HEADERS_MAX);
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
	char uri[URI_SIZE], hop[URI_SIZE], from[URI_SIZE], display[400];
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
		err = headers_join(inv, params);
	if (err)
		return err;

	(void)re_snprintf(inv->ltag, sizeof(inv->ltag), "%016llx",
			  rand_u64());
	if (str_dup(&inv->uri, uri) || str_dup(&inv->hop, hop) ||
	    re_sdprintf(&inv->callid, "%016llx%016llx", rand_u64(),
			rand_u64()) ||
	    re_sdprintf(&inv->from, "%s%s<%s>;tag=%s", display,
			*display ? " " : "", *id ? from : inv->sip->aor,
			inv->ltag))
		return sipd_error(SIPDIALER_ENOMEM, "no memory for a call");

	return 0;
}


int sipd_invite_open(struct sipd_invite **ip, struct sipd_sip *sip,
		     const struct sipd_invite_params *params,
		     const struct sipd_sdp_local *local,
		     const struct sipd_invite_handlers *h, void *arg)
{
	struct sipd_invite *inv = mem_zalloc(sizeof(*inv), destructor);
	int err;

	if (!inv)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for a call");

	inv->sip = sip;
	inv->local = *local;
	inv->arg = arg;
	tmr_init(&inv->tmr);
	inv->lseq = rand_u16(); /* < 2^31. RFC 3261 8.1.1.5 */

	err = names_make(inv, params);
	if (!err) {
		err = invite_send(inv);
		if (err) {
			char what[URI_SIZE];

			(void)re_snprintf(what, sizeof(what), "INVITE to %s",
					  inv->hop);
			(void)sipd_error_errno(err, what);
			err = err == ENOMEM ? SIPDIALER_ENOMEM
					    : SIPDIALER_ENET;
		}
	}
	if (err) {
		mem_deref(inv);
		return err;
	}

	inv->h = *h;
	hash_append(sip->invites, hash_joaat_str(inv->callid), &inv->he, inv);
	++sip->invitec;
	if (params->ring_timeout_ms)
		tmr_start(&inv->tmr, params->ring_timeout_ms, ring_handler,
			  inv);
	*ip = inv;

	return 0;
}


void sipd_invite_hangup(struct sipd_invite *inv, const char *reason)
{
	struct sipd_invite_end end = {
		.sip_status = inv->status, .local = true, .reason = reason,
	};

	if (inv->told)
		return;

	inv->local_end = true;
	if (inv->state == INVITE_CONFIRMED) {
		invite_bye(inv);
		invite_tell(inv, &end);
		return;
	}
	if (inv->hungup)
		return;

	inv->hungup = true;
	if (reason && *reason)
		(void)str_dup(&inv->why, reason);
	/* held back by libre until a 1xx. RFC 3261 9.1 */
	sip_request_cancel(inv->req);
	tmr_start(&inv->tmr, INVITE_HANGUP_MS, ring_handler, inv);
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
		    msg->cseq.num == inv->invite_seq)
			invite_ack(inv, &inv->dlg, msg->cseq.num);
	}
	else if (sipd_guard_response(msg, inv->callid, inv->ltag,
				     inv->invite_seq, "INVITE") &&
		 inv->state != INVITE_CALLING) {
		invite_refuse(inv, msg);
	}

	return true;
}


static bool flush_handler(struct le *le, void *arg)
{
	struct sipd_invite *inv = le->data;
	(void)arg;

	if (inv->told) {
		detach(inv);
		mem_deref(inv);
	}

	return false;
}


void sipd_invite_flush(struct sipd_sip *sip)
{
	(void)hash_apply(sip->invites, flush_handler, NULL);
}
