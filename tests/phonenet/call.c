/*
 * The table of calls; birth, end and death of one.
 */
#include "call.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "media.h"

enum { LINE_BYTES = 4096 };


void calls_init(struct net *n)
{
	n->bucket = need(calloc(CALL_BUCKETS, sizeof(struct call *)));
	n->held_tail = &n->held;
}


static uint64_t key_of(struct str callid, struct str from_tag)
{
	return hash64(callid.p, callid.l, hash64(from_tag.p, from_tag.l, 3));
}


struct call *call_find(struct net *n, struct str callid, struct str from_tag,
		       struct str to_tag)
{
	uint64_t key = key_of(callid, from_tag);

	for (struct call *c = n->bucket[key % CALL_BUCKETS]; c; c = c->next)
		if (c->key == key && !c->replaced &&
		    str_same(c->callid, callid) &&
		    str_same(c->from_tag, from_tag) &&
		    (to_tag.l ? str_is(to_tag, c->tag) : !c->fork))
			return c;
	return NULL;
}


static void unlink_it(struct call *c)
{
	struct call **p = &c->net->bucket[c->key % CALL_BUCKETS];

	while (*p && *p != c)
		p = &(*p)->next;
	if (!*p)
		return;
	*p = c->next;
	c->net->calls--;
}


void call_link(struct call *c)
{
	struct call **p;

	unlink_it(c);
	c->key = key_of(c->callid, c->from_tag);
	p = &c->net->bucket[c->key % CALL_BUCKETS];
	c->next = *p;
	*p = c;
	c->net->calls++;
}


static void call_free(struct call *c)
{
	struct net *n = c->net;

	unlink_it(c);
	timer_stop(&n->loop, &c->step_tmr);
	timer_stop(&n->loop, &c->rtx_tmr);
	timer_stop(&n->loop, &c->life_tmr);
	own_stop(c);
	if (c->stream)
		stream_close(c->stream, NULL, NULL);
	free(c->last);
	free(c->mem);
	free(c->peer_mem);
	free(c);
}


void calls_free(struct net *n)
{
	for (size_t i = 0; i < CALL_BUCKETS; i++)
		while (n->bucket[i]) {
			call_end(n->bucket[i], "shutdown");
			call_free(n->bucket[i]);
		}
	free(n->bucket);
}


static void linger_over(void *arg)
{
	call_free(arg);
}


void call_linger(struct call *c, uint64_t us)
{
	c->state = CALL_DONE;
	timer_stop(&c->net->loop, &c->rtx_tmr);
	timer_set(&c->net->loop, &c->step_tmr, us, linger_over, c);
}


struct counters *call_counters(struct call *c)
{
	return &c->net->by[behaviour_index(c->b)];
}


/* Copies a slice into the call's memory. */
static struct str store(struct buf *b, struct str s)
{
	struct str at = {b->p + b->n, s.l};

	buf_str(b, s);
	return at;
}


static struct str header(struct buf *b, const char *name, struct str v)
{
	buf_txt(b, name);
	return store(b, v);
}


/* All that later messages need, in one block. */
static bool remember(struct call *c, const struct sip_msg *m,
		     const struct peer *from)
{
	char ip[INET_ADDRSTRLEN];
	size_t cap = 1024 + m->from.l + m->to.l + m->callid.l + m->cseq.l +
		     2 * m->ruri.l + m->contact.l + m->xid.l + m->body.l +
		     m->branch.l;
	struct buf b;

	for (unsigned i = 0; i < m->vias; i++)
		cap += m->via[i].l + 64;
	for (unsigned i = 0; i < m->rrs; i++)
		cap += 2 * m->rr[i].l + 64;
	b = (struct buf){need(malloc(cap)), 0, cap, false};
	c->mem = b.p;
	inet_ntop(AF_INET, &from->sa.sin_addr, ip, sizeof(ip));
	sip_via_out(&b, m, ip, ntohs(from->sa.sin_port));
	for (unsigned i = 0; i < m->rrs; i++) {
		buf_txt(&b, "Record-Route: ");
		buf_str(&b, m->rr[i]);
		buf_txt(&b, "\r\n");
	}
	buf_txt(&b, "From: ");
	c->from = store(&b, m->from);
	c->callid = header(&b, "\r\nCall-ID: ", m->callid);
	header(&b, "\r\nCSeq: ", m->cseq);
	c->to = header(&b, "\r\nTo: ", m->to);
	c->head = (struct str){b.p, b.n};
	c->from_tag = store(&b, m->from_tag);
	c->branch = store(&b, m->branch);
	c->contact = store(&b, sip_addr_uri(m->contact));
	c->number = store(&b, sip_uri_user(m->ruri));
	c->xid = store(&b, m->xid);
	c->body = store(&b, m->body);
	c->routes = (struct str){b.p + b.n, 0};
	for (unsigned i = 0; i < m->rrs; i++) {
		buf_txt(&b, "Route: ");
		buf_str(&b, m->rr[i]);
		buf_txt(&b, "\r\n");
	}
	c->routes.l = (size_t)(b.p + b.n - c->routes.p);
	return !b.full;
}


/* Where requests of ours go: the first route or the contact, if plain. */
void call_target(struct call *c)
{
	struct str uri = c->contact, host;
	char ip[INET_ADDRSTRLEN];
	struct in_addr a;
	uint16_t port;

	c->target = c->peer;
	if (c->peer.conn)
		return;
	if (c->routes.l)
		uri = sip_addr_uri(c->routes);
	host = sip_uri_host(uri, &port);
	if (!host.l || host.l >= sizeof(ip))
		return;
	memcpy(ip, host.p, host.l);
	ip[host.l] = '\0';
	if (inet_pton(AF_INET, ip, &a) != 1)
		return;
	c->target.sa.sin_addr = a;
	c->target.sa.sin_port = htons(port ? port : 5060);
}


void call_new_tag(struct call *c)
{
	snprintf(c->tag, sizeof(c->tag), "%016llx",
		 (unsigned long long)mix64(c->key + c->net->opt.seed +
					   ++c->net->tags));
}


static void count_in(struct call *c, uint64_t at_us)
{
	struct net *n = c->net;
	struct counters *k[2] = {call_counters(c), &n->total};
	bool again = seen_before(&n->seen, c->number);

	rate_add(&n->rate, at_us);
	for (int i = 0; i < 2; i++) {
		k[i]->invites++;
		k[i]->duplicates += again;
		if (++k[i]->now > k[i]->max)
			k[i]->max = k[i]->now;
	}
}


static void journal_invite(struct call *c)
{
	char text[LINE_BYTES];
	struct buf b = {text, 0, sizeof(text), false};

	if (!c->net->journal)
		return;
	buf_fmt(&b, "{\"t_ms\":%llu,\"event\":\"invite\",\"call_id\":",
		(unsigned long long)(wall_us() / 1000));
	buf_json(&b, c->callid);
	buf_txt(&b, ",\"number\":");
	buf_json(&b, c->number);
	buf_txt(&b, ",\"contact\":");
	buf_json(&b, c->xid);
	buf_txt(&b, ",\"from\":");
	buf_json(&b, sip_addr_uri(c->from));
	buf_fmt(&b, ",\"behaviour\":\"%s\"}", c->b->name);
	c->journal_seq = journal_line(c->net->journal, (struct str){b.p, b.n});
}


struct call *call_new(struct net *n, const struct sip_msg *m,
		      const struct peer *from, uint16_t via_port,
		      uint64_t at_us)
{
	struct call *c = need(calloc(1, sizeof(*c)));

	c->net = n;
	c->key = key_of(m->callid, m->from_tag);
	c->peer = *from;
	c->cseq = m->cseq_num;
	c->own_dir = DIR_SENDRECV;
	c->invited_us = n->loop.now;
	if (!remember(c, m, from)) {
		free(c->mem);
		free(c);
		return NULL;
	}
	if (!c->number.l)
		c->number = sip_uri_user(sip_addr_uri(c->to));
	call_new_tag(c);
	c->b = behaviour_of(c->number, &n->mix, n->opt.seed);
	c->deaf = c->b->flags & B_DEAF_TO_BYE ? 2 : 0;
	call_target(c);
	if (via_port)
		c->peer.sa.sin_port = htons(via_port);
	if (c->body.l)
		sdp_parse(&c->sdp, c->body);
	call_link(c);
	count_in(c, at_us);
	journal_invite(c);
	if (journal_waits(n->journal)) {
		*n->held_tail = c;
		n->held_tail = &c->held_next;
	}
	else {
		script_start(c);
	}
	return c;
}


/* The same INVITE answered by another telephone. */
struct call *call_fork(struct call *c)
{
	struct call *f = need(calloc(1, sizeof(*f)));
	size_t size = (size_t)(c->routes.p + c->routes.l - c->mem);
	ptrdiff_t d;
	struct str *s[] = {&f->head,     &f->from,   &f->to,      &f->callid,
			   &f->from_tag, &f->branch, &f->contact, &f->routes,
			   &f->number,   &f->xid,    &f->body};

	*f = *c;
	f->mem = need(malloc(size));
	memcpy(f->mem, c->mem, size);
	d = f->mem - c->mem;
	for (size_t i = 0; i < sizeof(s) / sizeof(*s); i++)
		if (s[i]->p)
			s[i]->p += d;
	f->fork = true;
	f->last = NULL;
	f->last_len = 0;
	f->stream = NULL;
	f->media_ready = false;
	f->held_next = NULL;
	f->step_tmr = f->rtx_tmr = f->life_tmr = (struct timer){0};
	f->own = (struct own){0};
	f->step = c->b->fork;
	call_new_tag(f);
	if (f->body.l)
		sdp_parse(&f->sdp, f->body);
	call_link(f);
	return f;
}


void calls_release(void *arg, uint64_t seq)
{
	struct net *n = arg;

	while (n->held && n->held->journal_seq <= seq) {
		struct call *c = n->held;

		n->held = c->held_next;
		if (!n->held)
			n->held_tail = &n->held;
		if (c->state == CALL_HELD)
			script_start(c);
	}
}


void call_journal(struct call *c, const char *event, const char *fmt, ...)
{
	char text[LINE_BYTES];
	struct buf b = {text, 0, sizeof(text), false};
	va_list ap;
	int n;

	if (!c->net->journal)
		return;
	buf_fmt(&b, "{\"t_ms\":%llu,\"event\":\"%s\",\"call_id\":",
		(unsigned long long)(wall_us() / 1000), event);
	buf_json(&b, c->callid);
	buf_txt(&b, ",\"number\":");
	buf_json(&b, c->number);
	va_start(ap, fmt);
	n = vsnprintf(b.p + b.n, b.cap - b.n, fmt, ap);
	va_end(ap);
	if (b.full || n < 0 || (size_t)n >= b.cap - b.n - 1)
		return;
	b.n += (size_t)n;
	buf_txt(&b, "}");
	journal_line(c->net->journal, (struct str){b.p, b.n});
}


void call_digit(void *arg, char digit, unsigned ms)
{
	struct call *c = arg;

	if (c->digits_n < sizeof(c->digits) - 1)
		c->digits[c->digits_n++] = digit;
	call_journal(c, "dtmf", ",\"digit\":\"%c\",\"ms\":%u", digit, ms);
}


/* Counts and journals the end; transactions may still go on. */
void call_end(struct call *c, const char *by)
{
	struct net *n = c->net;
	struct counters *k[2] = {call_counters(c), &n->total};
	uint64_t talk = c->answered_us ? n->loop.now - c->answered_us : 0;

	if (c->ended)
		return;
	c->ended = true;
	timer_stop(&n->loop, &c->step_tmr);
	timer_stop(&n->loop, &c->life_tmr);
	if (c->stream) {
		stream_close(c->stream, &c->rtp_rx, &c->rtp_tx);
		c->stream = NULL;
	}
	for (int i = 0; i < 2; i++) {
		k[i]->now -= !c->fork && !c->out;
		k[i]->rtp_rx += c->rtp_rx;
		k[i]->rtp_tx += c->rtp_tx;
	}
	call_journal(c, "end",
		     ",\"by\":\"%s\",\"status\":%d,\"talk_ms\":%llu,"
		     "\"rtp_rx\":%llu,\"rtp_tx\":%llu,\"digits\":\"%s\"",
		     by, c->status, (unsigned long long)(talk / 1000),
		     (unsigned long long)c->rtp_rx,
		     (unsigned long long)c->rtp_tx, c->digits);
	if (!n->opt.quiet)
		fprintf(stderr, "%.*s %s: %d, by %s after %llu ms\n",
			(int)c->number.l, c->number.p, c->b->name, c->status,
			by,
			(unsigned long long)((n->loop.now - c->invited_us) /
					     1000));
}
