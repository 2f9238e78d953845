/*
 * Requests of ours: BYE, the re-INVITE of a hold, the INVITE of a call.
 * RFC 3261 9.1, 12.2.1, 14.1, 17.1
 */
#include "call.h"

#include <stdlib.h>
#include <string.h>

#include "media.h"

static void again(void *arg);


void own_stop(struct call *c)
{
	timer_stop(&c->net->loop, &c->own.tmr);
	free(c->own.msg);
	c->own.msg = NULL;
	c->own.kind = OWN_NONE;
}


static void request_head(struct call *c, struct buf *b, const char *method,
			 uint32_t cseq, const char *branch)
{
	const struct options *o = &c->net->opt;

	buf_fmt(b, "%s ", method);
	buf_str(b, c->contact);
	buf_fmt(b,
		" SIP/2.0\r\nVia: SIP/2.0/%s %s:%u;"
		"branch=z9hG4bK%s%s%u;rport\r\nMax-Forwards: 70\r\n",
		c->peer.conn ? "TCP" : "UDP", o->ip, o->port, branch, c->tag,
		cseq);
	buf_str(b, c->routes);
	buf_txt(b, "From: ");
	buf_str(b, c->to);
	buf_fmt(b, ";tag=%s\r\nTo: ", c->tag);
	buf_str(b, c->from);
	buf_txt(b, "\r\nCall-ID: ");
	buf_str(b, c->callid);
	buf_fmt(b, "\r\nCSeq: %u %s\r\nContact: <sip:", cseq, method);
	buf_str(b, c->number);
	buf_fmt(b, "@%s:%u%s>\r\n", o->ip, o->port,
		c->peer.conn ? ";transport=tcp" : "");
}


static void send_own(struct call *c, enum own_kind kind, const char *method,
		     struct str sdp)
{
	size_t cap = 1024 + c->contact.l + c->routes.l + c->to.l + c->from.l +
		     c->callid.l + c->number.l + sdp.l;
	struct buf b = {need(malloc(cap)), 0, cap, false};

	own_stop(c);
	c->own.cseq = ++c->own_cseq;
	request_head(c, &b, method, c->own.cseq, "o");
	sip_body(&b, "application/sdp", sdp);
	c->own.kind = kind;
	c->own.msg = b.p;
	c->own.len = b.n;
	c->own.gap_us = T1_US;
	c->own.until_us = c->net->loop.now + T64_US;
	transport_send(c->net->transport, &c->target, (struct str){b.p, b.n});
	timer_set(&c->net->loop, &c->own.tmr, T1_US, again, c);
}


static void over(struct call *c)
{
	bool last = c->own.kind == OWN_BYE || c->own.kind == OWN_CALL;

	own_stop(c);
	if (last)
		call_linger(c, T4_US);
}


static void again(void *arg)
{
	struct call *c = arg;

	if (c->net->loop.now >= c->own.until_us) {
		call_journal(c, "timeout", ",\"cseq\":%u", c->own.cseq);
		if (c->own.kind == OWN_CALL)
			call_end(c, "timeout");
		over(c);
		return;
	}
	if (!c->peer.conn)
		transport_send(c->net->transport, &c->target,
			       (struct str){c->own.msg, c->own.len});
	c->own.gap_us = c->own.gap_us * 2 > T2_US ? T2_US : c->own.gap_us * 2;
	timer_set(&c->net->loop, &c->own.tmr, c->own.gap_us, again, c);
}


void own_bye(struct call *c)
{
	if (c->own.kind == OWN_BYE || c->state == CALL_DONE)
		return;
	call_counters(c)->bye_tx++;
	c->net->total.bye_tx++;
	call_journal(c, "bye", ",\"dir\":\"tx\"");
	call_end(c, "callee");
	timer_stop(&c->net->loop, &c->rtx_tmr);
	c->state = CALL_DONE;
	send_own(c, OWN_BYE, "BYE", STR(""));
}


void own_invite(struct call *c, enum dir dir)
{
	char text[2048];
	struct buf sdp = {text, 0, sizeof(text), false};
	struct sdp_own o;

	if (c->state != CALL_TALKING)
		return;
	c->own_dir = dir;
	c->sdp_version++;
	call_own_sdp(c, &o);
	sdp_offer(&sdp, c->sdp.usable ? &c->sdp : NULL, &o);
	if (c->stream)
		stream_hold(c->stream, dir != DIR_SENDRECV);
	send_own(c, OWN_INVITE, "INVITE", (struct str){sdp.p, sdp.n});
}


void own_call(struct call *c)
{
	char text[2048];
	struct buf sdp = {text, 0, sizeof(text), false};
	struct sdp_own o;

	call_own_sdp(c, &o);
	sdp_offer(&sdp, NULL, &o);
	send_own(c, OWN_CALL, "INVITE", (struct str){sdp.p, sdp.n});
}


void own_cancel(struct call *c)
{
	char text[4096];
	struct buf b = {text, 0, sizeof(text), false};

	request_head(c, &b, "CANCEL", c->own.cseq, "o");
	sip_body(&b, "", STR(""));
	if (!b.full)
		transport_send(c->net->transport, &c->target,
			       (struct str){b.p, b.n});
}


/* The ACK of a 2xx is a request of its own; of others it has the branch. */
void own_ack(struct call *c, bool ok)
{
	char text[4096];
	struct buf b = {text, 0, sizeof(text), false};

	request_head(c, &b, "ACK", c->own_cseq, ok ? "a" : "o");
	sip_body(&b, "", STR(""));
	if (!b.full)
		transport_send(c->net->transport, &c->target,
			       (struct str){b.p, b.n});
}


static void retry(void *arg)
{
	struct call *c = arg;

	own_invite(c, c->own_dir);
}


static void invite_final(struct call *c, const struct sip_msg *m)
{
	struct sdp s;

	call_journal(c, "reinvite", ",\"status\":%d,\"dir\":\"%s\"", m->status,
		     c->own_dir == DIR_SENDONLY ? "sendonly" : "sendrecv");
	own_ack(c, m->status < 300);
	own_stop(c);
	if (m->status == 491) { /* 2.1 to 4 s for the dialog's owner, 14.1 */
		timer_set(&c->net->loop, &c->own.tmr, 2100000, retry, c);
		return;
	}
	if (m->status >= 300 || !m->body.l)
		return;
	sdp_parse(&s, m->body);
	if (s.usable && c->stream)
		stream_remote(c->stream, &s);
}


void own_response(struct call *c, const struct sip_msg *m)
{
	bool same = c->own.kind != OWN_NONE && m->cseq_num == c->own.cseq;

	if (m->method == M_INVITE && !same && m->status >= 200 &&
	    m->cseq_num == c->own_cseq && c->state == CALL_TALKING) {
		own_ack(c, m->status < 300);
		return;
	}
	if (!same)
		return;
	if (m->status < 200 && c->own.kind != OWN_BYE)
		timer_stop(&c->net->loop, &c->own.tmr);
	if (c->own.kind == OWN_CALL && m->method == M_INVITE)
		out_response(c, m);
	if (m->status < 200)
		return;
	if (c->own.kind == OWN_BYE && m->method == M_BYE)
		over(c);
	else if (c->own.kind == OWN_INVITE && m->method == M_INVITE)
		invite_final(c, m);
}
