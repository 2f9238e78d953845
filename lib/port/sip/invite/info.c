/**
 * @file port/sip/invite/info.c  Keys by INFO, both ways
 *
 * application/dtmf-relay, and application/dtmf for who takes only that.  Ours
 * go one after the other, each when the last is answered.  Loop thread.
 * RFC 6086
 */
#include "port/sip/invite/info.h"

#include <string.h>
#include "base/error.h"

enum {
	KEYS_MAX = 64,  /* that wait */
	TONE_MS = 100,  /* what we say that a key lasts */
	SPACE_MS = 200, /* from key to key, at least */
	COMMA_MS = 500, /* of ',' */
	AGAIN_MS = 200, /* while another request of ours is under way */
	CHALLENGES = 2  /* answered, a key */
};

struct invite_info {
	struct sipd_send *req;
	struct tmr tmr;
	char keys[KEYS_MAX + 1]; /* the first is under way */
	uint32_t cseq;
	uint8_t challenges;
	bool plain;   /* the peer does not take dtmf-relay */
	bool waiting; /* for an answer, or for the timer */
};

static void next(struct sipd_invite *inv);


/* ---- one of the peer's --------------------------------------------------- */

static void refuse(struct sipd_invite *inv, const struct sip_msg *msg,
		   uint16_t scode, const char *reason, const char *headers)
{
	(void)sip_treplyf(NULL, NULL, inv->sip->sip, msg, false, scode, reason,
			  "%sContent-Length: 0\r\n\r\n", headers);
}


/* "Signal=5\r\nDuration=160", or the key alone (application/dtmf) */
static bool dtmf_read(const struct pl *body, bool relay, char *digit,
		      uint32_t *duration)
{
	struct pl key = *body, ms = PL_INIT;

	*duration = 100;
	if (relay && re_regex(body->p, body->l, "Signal[ ]*=[ ]*[^ \t\r\n]+",
			      NULL, NULL, &key))
		return false;
	if (!relay && re_regex(body->p, body->l, "[^ \t\r\n]+", &key))
		return false;
	if (!re_regex(body->p, body->l, "Duration[ ]*=[ ]*[0-9]+", NULL, NULL,
		      &ms) &&
	    ms.l < 6)
		*duration = pl_u32(&ms);

	if (!pl_strcmp(&key, "10") || !pl_strcmp(&key, "11")) {
		*digit = key.p[1] == '0' ? '*' : '#';
		return true;
	}
	*digit = key.p[0];
	if (*digit >= 'a' && *digit <= 'd')
		*digit = (char)(*digit - 'a' + 'A');

	return key.l == 1 && *digit && strchr("0123456789*#ABCD", *digit);
}


void invite_info_request(struct sipd_invite *inv, const struct sip_msg *msg)
{
	const bool relay = msg_ctype_cmp(&msg->ctyp, "application",
					 "dtmf-relay");
	const bool plain = msg_ctype_cmp(&msg->ctyp, "application", "dtmf");
	const struct pl body = {(const char *)mbuf_buf(msg->mb),
				mbuf_get_left(msg->mb)};
	uint32_t duration;
	char digit;

	if (!relay && !plain && sip_msg_xhdr(msg, "Info-Package")) {
		/* RFC 6086 4.2.2; none is what we receive */
		refuse(inv, msg, 469, "Bad Info Package", "Recv-Info:\r\n");
		return;
	}
	if (!invite_has_body(msg)) {
		refuse(inv, msg, 200, "OK", "");
		return;
	}
	if (!relay && !plain) {
		refuse(inv, msg, 415, "Unsupported Media Type",
		       "Accept: application/dtmf-relay, "
		       "application/dtmf\r\n");
		return;
	}
	if (!dtmf_read(&body, relay, &digit, &duration)) {
		refuse(inv, msg, 400, "Bad Signal", "");
		return;
	}

	refuse(inv, msg, 200, "OK", "");
	if (!inv->hungup && inv->h.info_dtmf)
		inv->h.info_dtmf(digit, duration, inv->arg);
}


/* ---- ours ---------------------------------------------------------------- */

static void info_destructor(void *arg)
{
	struct invite_info *info = arg;

	tmr_cancel(&info->tmr);
	mem_deref(info->req);
}


void invite_info_over(struct sipd_invite *inv)
{
	inv->info = mem_deref(inv->info);
}


static void done(struct sipd_invite *inv, bool sent)
{
	inv->info->keys[0] = '\0';
	inv->info->waiting = false;
	if (inv->h.keys_sent && !inv->told)
		inv->h.keys_sent(sent, inv->arg);
}


static void later_handler(void *arg)
{
	struct sipd_invite *inv = arg;

	inv->info->waiting = false;
	next(inv);
}


static void later(struct sipd_invite *inv, uint32_t ms)
{
	inv->info->waiting = true;
	tmr_start(&inv->info->tmr, ms, later_handler, inv);
}


static void fail(struct sipd_invite *inv, const char *why)
{
	sipd_log_warning(inv->sip->log,
			 "call %s: INFO with a key: %s; %zu keys are not sent",
			 inv->callid, why, strlen(inv->info->keys));
	done(inv, false);
}


/* The key at the head is the peer's now. */
static void sent(struct sipd_invite *inv, uint32_t ms)
{
	struct invite_info *info = inv->info;

	memmove(info->keys, info->keys + 1, strlen(info->keys));
	info->challenges = 0;
	later(inv, ms);
}


static void answered(struct sipd_invite *inv, const struct sip_msg *msg)
{
	struct invite_info *info = inv->info;
	char reason[INVITE_REASON_TEXT];

	if (msg->scode < 300) {
		sent(inv, SPACE_MS);
		return;
	}
	if (msg->scode == 415 && !info->plain) {
		info->plain = true;
		next(inv);
		return;
	}
	if ((msg->scode == 401 || msg->scode == 407) &&
	    info->challenges++ < CHALLENGES && !invite_challenge(inv, msg)) {
		next(inv);
		return;
	}

	(void)re_snprintf(reason, sizeof(reason), "refused by %u", msg->scode);
	fail(inv, reason);
}


static void resp_handler(int err, const struct sip_msg *msg, void *arg)
{
	struct sipd_invite *inv = arg;

	if (!inv->info || (msg && msg->scode < 200))
		return;

	inv->info->waiting = false;
	if (err || !msg)
		fail(inv, "no answer");
	else if (!sipd_guard_response(msg, inv->callid, inv->ltag,
				      inv->info->cseq, "INFO"))
		fail(inv, "the answer does not fit");
	else
		answered(inv, msg);
}


static void send_key(struct sipd_invite *inv)
{
	struct invite_info *info = inv->info;
	char body[64];
	const struct invite_request rq = {
		.method = "INFO",
		.cseq = info->cseq = ++inv->lseq,
		.headers = "",
		.body = body,
		.ctype = info->plain ? "application/dtmf"
				     : "application/dtmf-relay",
		.reqp = &info->req,
		.arg = inv,
		.resph = resp_handler,
	};

	if (info->plain)
		(void)re_snprintf(body, sizeof(body), "%c\r\n", info->keys[0]);
	else
		(void)re_snprintf(body, sizeof(body),
				  "Signal=%c\r\nDuration=%d\r\n",
				  info->keys[0], TONE_MS);
	if (!info->challenges)
		invite_tries_afresh(inv);
	info->req = mem_deref(info->req);
	info->waiting = true;
	if (invite_dialog_send(inv, &inv->dlg, &rq))
		fail(inv, "it cannot be sent");
}


/* Not while a request waits whose answer is known by our last CSeq. */
static void next(struct sipd_invite *inv)
{
	struct invite_info *info = inv->info;

	if (info->waiting)
		return;
	if (inv->state != INVITE_CONFIRMED || inv->hungup)
		done(inv, false);
	else if (!info->keys[0])
		done(inv, true);
	else if (info->keys[0] == ',')
		sent(inv, COMMA_MS);
	else if (inv->req || inv->unacked)
		later(inv, AGAIN_MS);
	else
		send_key(inv);
}


int sipd_invite_keys(struct sipd_invite *inv, const char *digits)
{
	size_t len;

	if (inv->state != INVITE_CONFIRMED || inv->hungup)
		return sipd_error(SIPDIALER_ESTATE, "the call is not up");
	if (!inv->info) {
		inv->info = mem_zalloc(sizeof(*inv->info), info_destructor);
		if (!inv->info)
			return sipd_error(SIPDIALER_ENOMEM,
					  "no memory for keys");
		tmr_init(&inv->info->tmr);
	}

	len = strlen(inv->info->keys);
	if (len + strlen(digits) > KEYS_MAX)
		return sipd_error(SIPDIALER_EFULL,
				  "%zu keys wait and %zu are new, at most %d",
				  len, strlen(digits), KEYS_MAX);
	memcpy(inv->info->keys + len, digits, strlen(digits) + 1);
	next(inv);

	return SIPDIALER_OK;
}
