/**
 * @file port/sip/invite/early.c  Early dialogs of our INVITE, and their audio
 *
 * Loop thread.  RFC 3261 12.1, 13.2.2.1; 3311; 5009; 6228
 */
#include "port/sip/invite/early.h"

#include <string.h>
#include "base/error.h"
#include "port/sip/invite/prack.h"

enum { REASON_SIZE = 128 }; /* longer phrases are cut */


static void early_destructor(void *arg)
{
	struct invite_early *e = arg;

	list_unlink(&e->le);
	mem_deref(e->prack);
	invite_dialog_close(&e->dlg);
	if (e->inv->shown == e)
		e->inv->shown = NULL;
}


static bool tag_is(const struct invite_early *e, const struct pl *tag)
{
	return pl_isset(tag) ? e->dlg.rtag && !pl_strcmp(tag, e->dlg.rtag)
			     : !e->dlg.rtag;
}


struct invite_early *invite_early_find(const struct sipd_invite *inv,
				       const struct pl *tag)
{
	struct le *le;

	for (le = inv->earlyl.head; le; le = le->next) {
		if (tag_is(le->data, tag))
			return le->data;
	}

	return NULL;
}


struct invite_early *invite_early_of(const struct sipd_invite *inv,
				     const struct sip_msg *msg)
{
	static const struct pl none = PL_INIT;
	struct invite_early *e = invite_early_find(inv, &msg->to.tag);

	return e ? e : invite_early_find(inv, &none);
}


bool invite_early_alone(const struct invite_early *e)
{
	return list_count(&e->inv->earlyl) == 1;
}


static struct invite_early *early_new(struct sipd_invite *inv,
				      const struct sip_msg *msg)
{
	struct invite_early *e;

	if (list_count(&inv->earlyl) >= INVITE_EARLY_MAX) {
		if (!inv->early_full)
			sipd_log_warning(inv->sip->log,
					 "call %s: rings at more than %d "
					 "forks, further ones are not heard",
					 inv->callid, INVITE_EARLY_MAX);
		inv->early_full = true;
		return NULL;
	}

	e = mem_zalloc(sizeof(*e), early_destructor);
	if (!e)
		return NULL;

	e->inv = inv;
	e->gate = SIPD_SENDRECV;
	e->lseq = inv->invite_seq;
	if (pl_isset(&msg->to.tag) &&
	    invite_dialog_create(&e->dlg, inv, msg)) {
		mem_deref(e);
		return NULL;
	}
	list_append(&inv->earlyl, &e->le, e);

	return e;
}


void invite_early_flush(struct sipd_invite *inv)
{
	list_flush(&inv->earlyl);
}


/* ---- audio ------------------------------------------------------------- */

static struct sipd_sdp_remote gated(const struct invite_early *e)
{
	struct sipd_sdp_remote remote = e->remote;

	remote.dir &= e->gate;

	return remote;
}


void invite_early_show(struct invite_early *e)
{
	struct sipd_invite *inv = e->inv;
	const struct sipd_sdp_remote remote = gated(e);

	/* silence takes the place of no other fork, and begins nothing */
	if (inv->shown != e && !(e->gate & SIPD_RECVONLY))
		return;

	inv->shown = e;
	invite_media(inv, &remote, true);
}


/* The fork that was heard is gone: the latest of those that are left, or
 * silence. */
static void show_another(struct sipd_invite *inv, struct invite_early *gone)
{
	struct sipd_sdp_remote silence = gone->remote;
	struct le *le;

	for (le = inv->earlyl.tail; le; le = le->prev) {
		struct invite_early *e = le->data;

		if (e != gone && e->media && e->gate & SIPD_RECVONLY) {
			invite_early_show(e);
			return;
		}
	}

	silence.dir = SIPD_INACTIVE;
	invite_media(inv, &silence, true);
}


void invite_early_drop(struct invite_early *e)
{
	if (e->inv->shown == e)
		show_another(e->inv, e);
	mem_deref(e);
}


static bool gate_handler(const struct sip_hdr *hdr, const struct sip_msg *msg,
			 void *arg)
{
	/* clang-format off */
	static const struct { const char *word; enum sipd_dir ours; } t[] = {
		{ "sendrecv", SIPD_SENDRECV },
		{ "sendonly", SIPD_RECVONLY }, /* they send: we receive */
		{ "recvonly", SIPD_SENDONLY },
		{ "inactive", SIPD_INACTIVE },
	};
	/* clang-format on */
	struct pl rest = hdr->val, param;
	enum sipd_dir *gate = arg;
	size_t i;
	(void)msg;

	while (rest.l) {
		while (rest.l && strchr(", \t", *rest.p))
			pl_advance(&rest, 1);
		param = rest;
		while (rest.l && !strchr(", \t", *rest.p))
			pl_advance(&rest, 1);
		param.l -= rest.l;
		for (i = 0; i < ARRAY_SIZE(t); i++) {
			if (!pl_strcasecmp(&param, t[i].word)) {
				*gate = t[i].ours;
				return true;
			}
		}
	}

	return false;
}


/* One value for each m= line: ours is the first.  false: nothing is said. */
static bool gate_read(const struct sip_msg *msg, enum sipd_dir *gate)
{
	return sip_msg_hdr_apply(msg, true, SIP_HDR_P_EARLY_MEDIA,
				 gate_handler, gate) != NULL;
}


/* What a reliable response answers is answered: nothing but an UPDATE changes
 * it.  RFC 3261 13.2.1, 6337 3.1.1 */
static bool sdp_fresh(const struct invite_early *e, uint32_t sum)
{
	return !e->agreed && !(e->media && e->sdp_sum == sum);
}


/* An answer that cannot be used, and another one will not come. */
static void unusable(struct invite_early *e)
{
	char words[SIPD_ERROR_SIZE];

	(void)re_snprintf(words, sizeof(words), "%s", sipd_error_text());
	if (invite_early_alone(e))
		invite_give_up(e->inv, SIPDIALER_EFORMAT, words);
	else
		invite_early_drop(e);
}


static void early_media(struct invite_early *e, const struct sip_msg *msg)
{
	struct sipd_invite *inv = e->inv;
	const bool reliable = invite_reliable(inv, msg);
	struct sipd_sdp_remote remote;
	enum sipd_dir gate = e->gate;
	struct pl sdp;
	bool news;

	if (gate_read(msg, &gate))
		e->gated = true;
	news = gate != e->gate;
	e->gate = gate;
	if (invite_body_sdp(msg, &sdp) && sdp_fresh(e, hash_joaat_pl(&sdp))) {
		if (sipd_sdp_answer_read(&inv->local, sdp.p, sdp.l, &remote)) {
			sipd_log_info(inv->sip->log, "call %s: SDP of %u: %s",
				      inv->callid, msg->scode,
				      sipd_error_text());
			if (reliable)
				unusable(e);
			return;
		}
		e->remote = remote;
		e->sdp_sum = hash_joaat_pl(&sdp);
		e->media = true;
		e->agreed = reliable;
		news = true;
	}
	else if (e->media && reliable) {
		e->agreed = true; /* it was said before, unreliably */
	}

	if (news && e->media)
		invite_early_show(e);
}


const char *sipd_invite_early_gate(const struct sipd_invite *inv)
{
	/* clang-format off */
	static const char *const words[] = {
		"inactive", "sendonly", "recvonly", "sendrecv",
	};
	/* clang-format on */

	return inv->shown && inv->shown->gated ? words[inv->shown->gate]
					       : NULL;
}


/* ---- what comes -------------------------------------------------------- */

static void note_ringing(struct sipd_invite *inv, const struct sip_msg *msg)
{
	char reason[REASON_SIZE];

	if (msg->scode == 180 || msg->scode == 183)
		inv->ringing = true;

	invite_reason(msg, reason, sizeof(reason));
	if (inv->h.progress)
		inv->h.progress(msg->scode, reason, inv->arg);
}


void invite_provisional(struct sipd_invite *inv, const struct sip_msg *msg)
{
	struct invite_early *e = invite_early_find(inv, &msg->to.tag);

	if (!e)
		e = early_new(inv, msg);
	if (e)
		invite_dialog_refresh(&e->dlg, inv->sip, msg);
	if (e && !invite_prack(e, msg))
		return;

	if (msg->scode == 199) { /* RFC 6228 4 */
		if (e && !inv->hungup)
			invite_early_drop(e);
		return;
	}

	if (!inv->hungup)
		note_ringing(inv, msg);
	if (!inv->hungup && e)
		early_media(e, msg);
}


/* ---- UPDATE ------------------------------------------------------------ */

static void refuse(struct sipd_invite *inv, const struct sip_msg *msg,
		   uint16_t scode, const char *reason, const char *headers)
{
	(void)sip_treplyf(NULL, NULL, inv->sip->sip, msg, false, scode, reason,
			  "%sContent-Length: 0\r\n\r\n", headers);
}


static void take_offer(struct invite_early *e, const struct sip_msg *msg,
		       const struct pl *offer)
{
	char sdp[INVITE_SDP_MAX] = "", warning[SIPD_ERROR_SIZE + 64];
	struct sipd_invite *inv = e->inv;
	struct sipd_sdp_remote remote;

	if (invite_answer_make(inv, offer, &remote, sdp, sizeof(sdp))) {
		(void)re_snprintf(warning, sizeof(warning),
				  "Warning: 399 - \"%s\"\r\n",
				  sipd_error_text());
		refuse(inv, msg, 488, "Not Acceptable Here", warning);
		return;
	}

	invite_dialog_refresh(&e->dlg, inv->sip, msg);
	if (invite_ok(inv, msg, sdp)) {
		refuse(inv, msg, 500, "Server Internal Error", "");
		return;
	}
	e->remote = remote;
	e->media = true;
	invite_early_show(e);
}


void invite_early_update(struct invite_early *e, const struct sip_msg *msg)
{
	struct sipd_invite *inv = e->inv;
	struct pl offer;

	if (!invite_has_body(msg)) {
		invite_dialog_refresh(&e->dlg, inv->sip, msg);
		(void)invite_ok(inv, msg, NULL);
	}
	else if (!e->agreed) { /* our offer is not answered yet */
		refuse(inv, msg, 491, "Request Pending", "");
	}
	else if (invite_encoded(msg)) {
		refuse(inv, msg, 415, "Unsupported Media Type",
		       "Accept-Encoding: identity\r\n");
	}
	else if (invite_body_sdp(msg, &offer)) {
		take_offer(e, msg, &offer);
	}
	else {
		refuse(inv, msg, 415, "Unsupported Media Type",
		       "Accept: application/sdp\r\n");
	}
}
