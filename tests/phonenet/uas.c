/*
 * What comes in: requests to the telephones, and answers to theirs.
 * RFC 3261 8.2, 9.2, 12.2.2, 15.1.2, 17.2
 */
#include "call.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "media.h"


/* Answers go to the Via's port unless the client asked for rport. */
static uint16_t answer_port(const struct sip_msg *m, const struct peer *from)
{
	struct str v = m->via[0], host;
	uint16_t port = 0;
	const char *sp;

	if (from->conn || str_param(v, ';', "rport", NULL))
		return 0;
	sp = memchr(v.p, ' ', v.l);
	if (!sp)
		return 0;
	/* "SIP/2.0/UDP host:port;..." read as a URI without a scheme */
	host = str_trim((struct str){sp, v.l - (size_t)(sp - v.p)});
	for (size_t i = 0; i < host.l && host.p[i] != ';'; i++)
		if (host.p[i] == ':')
			port = (uint16_t)str_u32(
				(struct str){host.p + i + 1, host.l - i - 1});
	return port ? port : 5060;
}


/* A response that needs no memory: the same request gets it again. */
static void reply(struct net *n, const struct sip_msg *m,
		  const struct peer *from, int status, struct buf *extra,
		  struct str sdp)
{
	char text[8192], ip[INET_ADDRSTRLEN], tag[24];
	struct buf b = {text, 0, sizeof(text), false};
	struct peer to = *from;
	uint16_t port = answer_port(m, from);

	if (port)
		to.sa.sin_port = htons(port);
	inet_ntop(AF_INET, &from->sa.sin_addr, ip, sizeof(ip));
	snprintf(tag, sizeof(tag), "%016llx",
		 (unsigned long long)hash64(m->callid.p, m->callid.l,
					    n->opt.seed));
	sip_reply_start(&b, m, status, str_of(tag), ip,
			ntohs(from->sa.sin_port));
	if (extra && extra->n)
		buf_add(&b, extra->p, extra->n);
	if (status == 200 && (sdp.l || m->method == M_OPTIONS))
		buf_fmt(&b, "Contact: <sip:%s:%u>\r\n", n->opt.ip,
			n->opt.port);
	if (status == 405 || m->method == M_OPTIONS)
		buf_txt(&b, "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, "
			    "UPDATE, REGISTER\r\n");
	sip_body(&b, "application/sdp", sdp);
	if (!b.full)
		transport_send(n->transport, &to, (struct str){b.p, b.n});
}


static void reply_plain(struct net *n, const struct sip_msg *m,
			const struct peer *from, int status)
{
	reply(n, m, from, status, NULL, STR(""));
}


/* True when the request may go on; else it was answered. */
static bool allowed(struct net *n, const struct sip_msg *m,
		    const struct peer *from, bool proxy)
{
	char text[1024];
	struct buf b = {text, 0, sizeof(text), false};
	struct str user = {0};
	enum auth_result r;

	if (!n->auth.users)
		return true;
	r = auth_check(&n->auth, m,
		       m->method == M_INVITE ? "INVITE" : "REGISTER", &user);
	if (r == AUTH_OK)
		return true;
	if (r == AUTH_BAD)
		n->auth_failures++;
	auth_challenge(&n->auth, &b, proxy, r == AUTH_STALE);
	reply(n, m, from, proxy ? 407 : 401, &b, STR(""));
	return false;
}


static void on_register(struct net *n, const struct sip_msg *m,
			const struct peer *from)
{
	char text[6144], line[1024];
	struct buf b = {text, 0, sizeof(text), false};
	struct buf j = {line, 0, sizeof(line), false};
	struct str user = sip_uri_user(sip_addr_uri(m->to));
	int status;

	/* the users that are refused are refused without a challenge */
	if (!str_is(user, "busyreg") && !str_is(user, "forbidden") &&
	    !str_is(user, "nobody") && !allowed(n, m, from, false))
		return;
	n->registers++;
	status = registrar_request(n->registrar, m, &b);
	reply(n, m, from, status, &b, STR(""));
	buf_fmt(&j, "{\"t_ms\":%llu,\"event\":\"register\",\"user\":",
		(unsigned long long)(wall_us() / 1000));
	buf_json(&j, user);
	buf_fmt(&j, ",\"status\":%d,\"bindings\":%zu}", status,
		registrar_bindings(n->registrar));
	if (!j.full)
		journal_line(n->journal, (struct str){j.p, j.n});
}


static void take_sdp(struct call *c, const struct sip_msg *m)
{
	sdp_parse(&c->sdp, m->body);
	if (c->stream && c->sdp.usable)
		stream_remote(c->stream, &c->sdp);
	c->sdp_version++;
}


/* re-INVITE and UPDATE: answered at once, so a repetition is harmless. */
static void on_reinvite(struct call *c, const struct sip_msg *m,
			const struct peer *from)
{
	char text[2048];
	struct buf b = {text, 0, sizeof(text), false};
	struct sdp_own o;

	if (c->state == CALL_DONE) {
		reply_plain(c->net, m, from, 481);
		return;
	}
	if (c->own.kind == OWN_INVITE || c->state == CALL_EARLY) {
		reply_plain(c->net, m, from, 491);
		return;
	}
	if (m->body.l)
		take_sdp(c, m);
	if (m->body.l && !c->sdp.usable) {
		reply_plain(c->net, m, from, 488);
		return;
	}
	call_own_sdp(c, &o);
	if (m->body.l) {
		o.dir = dir_mirror(c->sdp.dir);
		sdp_answer(&b, &c->sdp, &o);
	}
	else if (m->method == M_INVITE) {
		sdp_offer(&b, c->sdp.usable ? &c->sdp : NULL, &o);
	}
	c->sdp.medias = 0; /* they point into this message */
	call_journal(c, "reinvite_rx", ",\"dir\":%d,\"cseq\":%u",
		     (int)c->sdp.dir, m->cseq_num);
	reply(c->net, m, from, 200, NULL, (struct str){b.p, b.n});
}


/* The same INVITE again, another way, or a new try.  True: dealt with. */
static bool known_invite(struct call *c, const struct sip_msg *m,
			 const struct peer *from)
{
	if (m->cseq_num == c->cseq && str_same(m->branch, c->branch)) {
		call_counters(c)->retransmissions++;
		c->net->total.retransmissions++;
		if (c->state != CALL_HELD)
			call_resend(c);
		return true;
	}
	if (m->cseq_num > c->cseq &&
	    (c->state == CALL_REFUSED || c->state == CALL_DONE)) {
		c->replaced = true;
		return false;
	}
	reply_plain(c->net, m, from, m->cseq_num == c->cseq ? 482 : 500);
	return true;
}


static void on_invite(struct net *n, const struct sip_msg *m,
		      const struct peer *from, uint64_t at_us)
{
	struct call *c = call_find(n, m->callid, m->from_tag, m->to_tag);
	char text[256];
	struct buf b = {text, 0, sizeof(text), false};

	if (m->to_tag.l) {
		if (c)
			on_reinvite(c, m, from);
		else
			reply_plain(n, m, from, 481);
		return;
	}
	if (c && known_invite(c, m, from))
		return;
	if (m->require.l) {
		buf_txt(&b, "Unsupported: ");
		buf_str(&b, m->require);
		buf_txt(&b, "\r\n");
		reply(n, m, from, 420, b.full ? NULL : &b, STR(""));
		return;
	}
	if (!m->contact.l) {
		reply_plain(n, m, from, 400);
		return;
	}
	if (n->opt.require_auth && !allowed(n, m, from, true))
		return;
	if (!call_new(n, m, from, answer_port(m, from), at_us))
		reply_plain(n, m, from, 500);
}


static void on_ack(struct net *n, const struct sip_msg *m)
{
	struct call *c = call_find(n, m->callid, m->from_tag, m->to_tag);

	if (c && m->cseq_num == c->cseq)
		call_acked(c, m);
}


/* Other forks of a cancelled call go silently: one 487 is enough. */
static void cancel_forks(struct call *c)
{
	for (struct call *f = c->net->bucket[c->key % CALL_BUCKETS]; f;
	     f = f->next)
		if (f->fork && f->key == c->key && f->state == CALL_EARLY) {
			call_end(f, "cancel");
			call_linger(f, T4_US);
		}
}


static void on_cancel(struct net *n, const struct sip_msg *m,
		      const struct peer *from)
{
	struct call *c = call_find(n, m->callid, m->from_tag,
				   (struct str){NULL, 0});

	if (!c || m->cseq_num != c->cseq || !str_same(m->branch, c->branch)) {
		reply_plain(n, m, from, 481);
		return;
	}
	if (c->state == CALL_HELD || c->b->steps[0].op == OP_VANISH)
		return; /* not answered before its line is durable */
	call_journal(c, "cancel", ",\"late\":%s",
		     c->state == CALL_EARLY ? "false" : "true");
	if (c->state == CALL_EARLY && c->b->flags & B_ANSWER_ON_CANCEL)
		call_answer(c, true);
	reply_plain(n, m, from, 200);
	if (c->state != CALL_EARLY)
		return;
	call_counters(c)->cancelled++;
	n->total.cancelled++;
	cancel_forks(c);
	call_refuse(c, 487, NULL);
}


static void on_bye(struct net *n, const struct sip_msg *m,
		   const struct peer *from)
{
	struct call *c = m->to_tag.l ? call_find(n, m->callid, m->from_tag,
						 m->to_tag)
				     : NULL;

	if (!c) {
		reply_plain(n, m, from, 481);
		return;
	}
	if (c->deaf) {
		c->deaf--;
		call_journal(c, "bye", ",\"dir\":\"rx\",\"lost\":true");
		return;
	}
	reply_plain(n, m, from, 200);
	if (c->state == CALL_DONE)
		return;
	call_counters(c)->bye_rx++;
	n->total.bye_rx++;
	call_journal(c, "bye", ",\"dir\":\"rx\"");
	if (c->state == CALL_EARLY) {
		call_refuse(c, 487, NULL);
		return;
	}
	call_end(c, "caller");
	call_linger(c, T4_US);
}


/* application/dtmf-relay: Signal=5 */
static void on_info(struct call *c, const struct sip_msg *m)
{
	static const char word[] = "Signal=";
	const char *p;

	if (!m->body.l)
		return;
	p = memmem(m->body.p, m->body.l, word, sizeof(word) - 1);
	if (!p)
		return;
	p += sizeof(word) - 1;
	while (p < m->body.p + m->body.l && *p == ' ')
		p++;
	if (p < m->body.p + m->body.l && strchr("0123456789*#ABCD", *p))
		call_digit(c, *p, 0);
}


static void on_other(struct net *n, const struct sip_msg *m,
		     const struct peer *from)
{
	struct call *c = m->to_tag.l ? call_find(n, m->callid, m->from_tag,
						 m->to_tag)
				     : NULL;

	if (m->method == M_OPTIONS) {
		n->options_rx++;
		reply_plain(n, m, from, 200);
	}
	else if (m->method != M_INFO && m->method != M_UPDATE) {
		reply_plain(n, m, from, 405);
	}
	else if (!c || c->state == CALL_DONE) {
		reply_plain(n, m, from, 481);
	}
	else if (m->method == M_UPDATE) {
		on_reinvite(c, m, from);
	}
	else {
		on_info(c, m);
		reply_plain(n, m, from, 200);
	}
}


static void on_response(struct net *n, const struct sip_msg *m)
{
	/* in requests of ours From is the telephone, To the dialer */
	struct call *c = call_find(n, m->callid, m->to_tag, m->from_tag);

	if (!c) /* its first answer brings the tag */
		c = call_find(n, m->callid, STR(""), m->from_tag);
	if (c)
		own_response(c, m);
}


void net_receive(void *arg, char *data, size_t len, const struct peer *from,
		 uint64_t at_us)
{
	struct net *n = arg;
	struct sip_msg m;

	if (!sip_parse(&m, data, len)) {
		n->bad_messages++;
		return;
	}
	if (m.status) {
		on_response(n, &m);
		return;
	}
	switch (m.method) {
	case M_INVITE:
		on_invite(n, &m, from, at_us);
		break;
	case M_ACK:
		on_ack(n, &m);
		break;
	case M_CANCEL:
		on_cancel(n, &m, from);
		break;
	case M_BYE:
		on_bye(n, &m, from);
		break;
	case M_REGISTER:
		on_register(n, &m, from);
		break;
	default:
		on_other(n, &m, from);
		break;
	}
}
