/*
 * Calls of ours: a number that calls back who has called it.
 * RFC 3261 9.1, 12.1.2, 13.2
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "media.h"

enum {
	BEGIN_US = 200000,
	GIVE_UP_US = 500000,   /* of ringing */
	PATIENCE_US = 60000000 /* of ringing, of the others */
};

/* Quoted pairs and UTF-8. */
#define NAME "\"Anna \\\"B\\\" M\xc3\xbcller\" "


static void give_up(void *arg)
{
	struct call *c = arg;

	c->giving_up = true;
	call_journal(c, "cancel", ",\"dir\":\"tx\"");
	own_cancel(c);
}


static void begin(void *arg)
{
	struct call *c = arg;

	call_stream(c);
	c->invited_us = c->net->loop.now;
	call_journal(c, "invite_tx", ",\"to\":\"%.*s\"", (int)c->contact.l,
		     c->contact.p);
	own_call(c);
}


static struct str keep(struct buf *b, const char *pre, struct str v,
		       const char *post)
{
	struct str at = {b->p + b->n, 0};

	buf_txt(b, pre);
	buf_str(b, v);
	buf_txt(b, post);
	at.l = (size_t)(b->p + b->n - at.p);
	return at;
}


/* From of ours is in `to`, To of ours in `from`: as if they had called. */
static void identify(struct call *c, const struct call *cause)
{
	struct str user = sip_uri_user(sip_addr_uri(cause->from)), contact;
	char id[64];
	size_t cap;
	struct buf b;

	contact = registrar_contact(c->net->registrar, user);
	if (!contact.l)
		contact = cause->contact;
	cap = 512 + cause->from.l + cause->to.l + cause->callid.l +
	      2 * contact.l + cause->number.l;
	b = (struct buf){need(malloc(cap)), 0, cap, false};
	c->mem = b.p;
	snprintf(id, sizeof(id), "back-%016llx-",
		 (unsigned long long)mix64(cause->key + ++c->net->tags));
	c->callid = keep(&b, id, cause->callid, "");
	c->number = keep(&b, "", cause->number, "");
	c->contact = keep(&b, "", contact, "");
	c->from = keep(&b, "<", sip_addr_uri(cause->from), ">");
	c->to = keep(&b, c->b->flags & B_NAMED ? NAME "<" : "<",
		     sip_addr_uri(cause->to), ">");
}


void call_back(struct call *cause)
{
	struct call *c = need(calloc(1, sizeof(*c)));

	c->net = cause->net;
	c->b = cause->b;
	c->out = true;
	c->state = CALL_OUT;
	c->peer = cause->peer;
	c->own_dir = DIR_SENDRECV;
	c->step = c->b->fork;
	c->from_tag = STR("");
	identify(c, cause);
	if (!memmem(c->contact.p, c->contact.l, "=tcp", 4))
		c->peer.conn = 0;
	call_target(c);
	call_link(c);
	call_new_tag(c);
	timer_set(&c->net->loop, &c->step_tmr, BEGIN_US, begin, c);
}


/* The dialog: their tag, and where they want to be reached. */
static void take_identity(struct call *c, const struct sip_msg *m)
{
	size_t cap = m->to.l + m->to_tag.l + m->contact.l + c->contact.l + 64;
	struct buf b = {need(malloc(cap)), 0, cap, false};
	struct str uri = sip_addr_uri(m->contact);

	c->from = keep(&b, "", m->to, "");
	if (m->to_tag.l) {
		buf_txt(&b, " ");
		c->from_tag = keep(&b, "", m->to_tag, "");
	}
	c->contact = keep(&b, "", uri.l ? uri : c->contact, "");
	c->peer_mem = b.p;
	call_link(c);
}


static void taken(struct call *c, const struct sip_msg *m)
{
	c->state = CALL_TALKING;
	c->answered_us = c->net->loop.now;
	own_ack(c, true);
	own_stop(c);
	call_journal(c, "answer_rx", ",\"status\":%d", m->status);
	if (c->giving_up) {
		own_bye(c);
		return;
	}
	sdp_parse(&c->sdp, m->body);
	c->sdp.medias = 0; /* they point into this message */
	if (!c->sdp.usable) {
		own_bye(c);
		return;
	}
	call_stream(c);
	script_run(c);
}


static void refused(struct call *c, const struct sip_msg *m)
{
	own_ack(c, false);
	own_stop(c);
	call_journal(c, "refused_rx", ",\"status\":%d", m->status);
	call_end(c, c->giving_up ? "cancel" : "reject");
	call_linger(c, T4_US);
}


void out_response(struct call *c, const struct sip_msg *m)
{
	if (m->status < 200) {
		if (c->ringing || m->status == 100)
			return;
		c->ringing = true;
		call_journal(c, "ringing_rx", ",\"status\":%d", m->status);
		timer_set(&c->net->loop, &c->step_tmr,
			  c->b->flags & B_GIVES_UP ? GIVE_UP_US : PATIENCE_US,
			  give_up, c);
		return;
	}
	timer_stop(&c->net->loop, &c->step_tmr);
	c->status = m->status;
	take_identity(c, m);
	if (m->status < 300)
		taken(c, m);
	else
		refused(c, m);
}
