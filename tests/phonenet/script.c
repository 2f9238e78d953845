/*
 * A call's script, and the answers to its INVITE.
 */
#include "call.h"

#include <stdlib.h>
#include <string.h>

#include "media.h"

static void step_due(void *arg);
static void respond_again(void *arg);


/* Keeps and sends a response to the INVITE. */
void call_respond(struct call *c, int status, const char *extra,
		  struct str sdp)
{
	const struct options *o = &c->net->opt;
	size_t cap = c->head.l + c->number.l + sdp.l + 600;
	struct buf b = {need(malloc(cap)), 0, cap, false};

	buf_fmt(&b, "SIP/2.0 %d %s\r\n", status, sip_reason(status));
	buf_str(&b, c->head);
	if (status != 100)
		buf_fmt(&b, ";tag=%s", c->tag);
	buf_txt(&b, "\r\n");
	if (status > 100 && status < 300) {
		buf_txt(&b, "Contact: <sip:");
		buf_str(&b, c->number);
		buf_fmt(&b, "@%s:%u%s>\r\n", o->ip, o->port,
			c->peer.conn ? ";transport=tcp" : "");
	}
	if (status >= 200 && status < 300)
		buf_txt(&b, "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, "
			    "UPDATE\r\n");
	if (extra)
		buf_txt(&b, extra);
	sip_body(&b, "application/sdp", sdp);
	free(c->last);
	c->last = b.p;
	c->last_len = b.n;
	call_resend(c);
}


void call_resend(struct call *c)
{
	if (c->last)
		transport_send(c->net->transport, &c->peer,
			       (struct str){c->last, c->last_len});
}


/* 2xx by the UAS core (13.3.1.4), others by the transaction (17.2.1). */
static void repeat_until_ack(struct call *c)
{
	c->gap_us = T1_US;
	c->until_us = c->net->loop.now + T64_US;
	timer_set(&c->net->loop, &c->rtx_tmr, c->gap_us, respond_again, c);
}


static void respond_again(void *arg)
{
	struct call *c = arg;

	if (c->net->loop.now >= c->until_us) {
		call_counters(c)->unacked++;
		c->net->total.unacked++;
		call_journal(c, "unacked", ",\"status\":%d", c->status);
		call_end(c, "no ACK");
		if (c->state == CALL_ANSWERED)
			own_bye(c);
		else
			call_linger(c, T4_US);
		return;
	}
	if (c->state == CALL_ANSWERED || !c->peer.conn)
		call_resend(c);
	c->gap_us = c->gap_us * 2 > T2_US ? T2_US : c->gap_us * 2;
	timer_set(&c->net->loop, &c->rtx_tmr, c->gap_us, respond_again, c);
}


void call_refuse(struct call *c, int status, const char *extra)
{
	if (c->state != CALL_EARLY)
		return;
	c->status = status;
	c->state = CALL_REFUSED;
	if (!c->fork) {
		call_counters(c)->rejected++;
		c->net->total.rejected++;
	}
	call_respond(c, status, extra, STR(""));
	call_end(c, status == 487 ? "cancel" : "reject");
	repeat_until_ack(c);
}


/* Nobody listens there; below 1024 a careful caller takes it for an attack. */
enum { NO_MEDIA_PORT = 65534 };


void call_own_sdp(const struct call *c, struct sdp_own *o)
{
	o->ip = c->net->opt.ip;
	o->port = c->stream ? stream_port(c->stream) : NO_MEDIA_PORT;
	o->id = c->key;
	o->version = c->sdp_version;
	o->dir = c->own_dir;
}


/* False when the caller offers nothing we speak. */
bool call_stream(struct call *c)
{
	if (c->body.l && !c->sdp.usable)
		return false;
	if (!c->stream && !c->net->opt.no_media)
		c->stream = stream_open(c->net->media, c, call_digit);
	if (c->stream && c->sdp.usable && !c->media_ready) {
		stream_remote(c->stream, &c->sdp);
		if (c->b->flags & B_BAD_NET)
			stream_bad_net(c->stream);
		c->media_ready = true;
	}
	return true;
}


static void own_sdp(struct call *c, struct buf *b)
{
	struct sdp_own o;

	call_own_sdp(c, &o);
	if (c->sdp.usable) {
		o.dir = c->net->opt.inactive ? DIR_INACTIVE
					     : dir_mirror(c->sdp.dir);
		sdp_answer(b, &c->sdp, &o);
	}
	else {
		sdp_offer(b, NULL, &o);
	}
}


void call_answer(struct call *c, bool with_sdp)
{
	char text[2048];
	struct buf sdp = {text, 0, sizeof(text), false};

	if (c->state != CALL_EARLY)
		return;
	if (!call_stream(c)) {
		call_refuse(c, 488, NULL);
		return;
	}
	if (with_sdp)
		own_sdp(c, &sdp);
	if (c->stream)
		stream_play(c->stream, SOUND_NONE, false);
	c->state = CALL_ANSWERED;
	c->status = 200;
	c->answered_us = c->net->loop.now;
	if (!c->fork) {
		call_counters(c)->answered++;
		c->net->total.answered++;
	}
	call_journal(c, "answer", ",\"tag\":\"%s\",\"ring_ms\":%llu", c->tag,
		     (unsigned long long)(c->answered_us - c->invited_us) /
			     1000);
	call_respond(c, 200, NULL, (struct str){sdp.p, sdp.n});
	repeat_until_ack(c);
}


void call_acked(struct call *c, const struct sip_msg *m)
{
	timer_stop(&c->net->loop, &c->rtx_tmr);
	if (c->state == CALL_REFUSED) {
		call_linger(c, c->peer.conn ? 0 : T4_US);
		return;
	}
	if (c->state != CALL_ANSWERED)
		return;
	c->state = CALL_TALKING;
	/* our offer was in the 200: the answer comes here */
	if (!c->body.l && m->body.l && !c->sdp.usable) {
		sdp_parse(&c->sdp, m->body);
		c->sdp.medias = 0;
		call_stream(c);
	}
}


static void early(struct call *c, const struct step *s)
{
	char text[2048];
	struct buf sdp = {text, 0, sizeof(text), false};

	if (!call_stream(c)) {
		call_refuse(c, 488, NULL);
		return;
	}
	own_sdp(c, &sdp);
	if (c->stream)
		stream_play(c->stream, s->sound, s->sound == SOUND_RINGBACK);
	call_respond(c, s->code, NULL, (struct str){sdp.p, sdp.n});
}


/* 302: the same number, but one that is a human. */
static void redirect(struct call *c)
{
	char text[512];
	struct buf b = {text, 0, sizeof(text), false};
	struct str n = c->number;

	if (n.l > 2)
		n.l -= 2;
	buf_txt(&b, "Contact: <sip:");
	buf_str(&b, n);
	buf_fmt(&b, "00@%s:%u>\r\n", c->net->opt.ip, c->net->opt.port);
	buf_add(&b, "", 1);
	call_refuse(c, 302, b.full ? NULL : text);
}


static void fork_now(struct call *c)
{
	struct call *f = call_fork(c);

	f->state = CALL_EARLY;
	script_start(f);
}


static void hang_up(struct call *c)
{
	if (c->state != CALL_TALKING) {
		/* a BYE must not overtake the ACK, RFC 3261 15 */
		timer_set(&c->net->loop, &c->step_tmr, 10000, step_due, c);
		return;
	}
	own_bye(c);
}


static void do_step(struct call *c, const struct step *s)
{
	switch (s->op) {
	case OP_PROV:
		call_respond(c, s->code, NULL, STR(""));
		break;
	case OP_EARLY:
		early(c, s);
		break;
	case OP_ANSWER:
		call_answer(c, s->code != 1);
		break;
	case OP_REJECT:
		if (s->code == 302)
			redirect(c);
		else
			call_refuse(c, s->code, s->text);
		break;
	case OP_PLAY:
		if (c->stream)
			stream_play(c->stream, s->sound, false);
		break;
	case OP_ECHO:
		if (c->stream)
			stream_echo(c->stream);
		break;
	case OP_DTMF:
		if (c->stream)
			stream_dtmf(c->stream, s->text);
		break;
	case OP_HOLD:
	case OP_RESUME:
		own_invite(c, s->op == OP_HOLD ? DIR_SENDONLY : DIR_SENDRECV);
		break;
	case OP_RESEND:
		call_resend(c);
		break;
	case OP_NEWTAG:
		call_new_tag(c);
		break;
	case OP_FORK:
		fork_now(c);
		break;
	case OP_CALL:
		call_back(c);
		break;
	case OP_VANISH:
		call_end(c, "silence");
		call_linger(c, T4_US);
		break;
	case OP_HANGUP:
	case OP_END:
		break;
	}
}


/* Milliseconds before the step, or -1 when it must not come. */
static int64_t wait_of(struct call *c, const struct step *s)
{
	const struct options *o = &c->net->opt;
	uint64_t span = s->max_ms - s->min_ms;
	int64_t ms = s->min_ms;

	if (span)
		ms += (int64_t)(hash64(c->number.p, c->number.l, o->seed) %
				(span + 1));
	switch (s->delay) {
	case DELAY_ANSWER:
		return o->answer_ms >= 0 ? o->answer_ms : ms;
	case DELAY_LATE:
		return o->late_ms >= 0 ? o->late_ms : ms;
	case DELAY_TALK:
		return o->talk_ms;
	case DELAY_PATIENCE:
		return o->talk_ms >= 0 ? o->talk_ms : ms;
	case DELAY_SOUND:
		return c->stream ? (int64_t)stream_left_ms(c->stream) : 0;
	case DELAY_MS:
		break;
	}
	return ms;
}


/* Runs what is due at once, arms the timer for the next. */
void script_run(struct call *c)
{
	while (c->step && c->step->op != OP_END && !c->ended) {
		int64_t ms = wait_of(c, c->step);

		if (ms < 0)
			return;
		if (ms > 0) {
			timer_set(&c->net->loop, &c->step_tmr,
				  (uint64_t)ms * 1000u, step_due, c);
			return;
		}
		if (c->step->op == OP_HANGUP) {
			hang_up(c);
			return;
		}
		do_step(c, c->step++);
	}
}


static void step_due(void *arg)
{
	struct call *c = arg;

	if (c->ended)
		return;
	if (c->step->op == OP_HANGUP) {
		hang_up(c);
		return;
	}
	do_step(c, c->step++);
	script_run(c);
}


/* A caller that died leaves calls behind; no network keeps them for ever. */
static void too_long(void *arg)
{
	struct call *c = arg;

	if (c->state == CALL_EARLY)
		call_refuse(c, 480, NULL);
	else
		own_bye(c);
}


void script_start(struct call *c)
{
	c->state = CALL_EARLY;
	timer_set(&c->net->loop, &c->life_tmr,
		  (uint64_t)c->net->opt.max_call_ms * 1000u, too_long, c);
	if (!c->fork)
		c->step = c->b->steps;
	script_run(c);
}
