/*
 * Counters, and the summary they end in.
 */
#include "net.h"

#include <stdlib.h>
#include <string.h>


void rate_add(struct rate *r, uint64_t at)
{
	while (r->n && r->at[r->first] + 1000000 <= at) {
		r->first = (r->first + 1) % r->cap;
		r->n--;
	}
	if (r->n == r->cap) {
		size_t cap = r->cap ? r->cap * 2 : 1024;
		uint64_t *p = need(malloc(cap * sizeof(*p)));

		for (size_t i = 0; i < r->n; i++)
			p[i] = r->at[(r->first + i) % r->cap];
		free(r->at);
		r->at = p;
		r->first = 0;
		r->cap = cap;
	}
	r->at[(r->first + r->n++) % r->cap] = at;
	if (r->n > r->max)
		r->max = r->n;
}


static bool insert(struct seen *s, uint64_t h)
{
	size_t i = h & (s->cap - 1);

	while (s->v[i] && s->v[i] != h)
		i = (i + 1) & (s->cap - 1);
	if (s->v[i])
		return true;
	s->v[i] = h;
	s->n++;
	return false;
}


bool seen_before(struct seen *s, struct str number)
{
	uint64_t h = hash64(number.p, number.l, 2) | 1;

	if (s->n * 2 >= s->cap) {
		struct seen bigger = {NULL, 0, s->cap ? s->cap * 2 : 4096};

		bigger.v = need(calloc(bigger.cap, sizeof(*bigger.v)));
		for (size_t i = 0; i < s->cap; i++)
			if (s->v[i])
				insert(&bigger, s->v[i]);
		free(s->v);
		*s = bigger;
	}
	return insert(s, h);
}


static void one(struct buf *b, const struct counters *c)
{
#define COUNT(name) \
	buf_fmt(b, "\"" #name "\":%llu,", (unsigned long long)c->name)
	COUNT(invites);
	COUNT(answered);
	COUNT(rejected);
	COUNT(cancelled);
	COUNT(retransmissions);
	COUNT(duplicates);
	COUNT(unacked);
	COUNT(bye_rx);
	COUNT(bye_tx);
	COUNT(rtp_rx);
	COUNT(rtp_tx);
#undef COUNT
	buf_fmt(b, "\"active\":%llu,\"max_active\":%llu",
		(unsigned long long)c->now, (unsigned long long)c->max);
}


void stats_json(const struct net *n, struct buf *b)
{
	const char *sep = "";

	buf_fmt(b, "{\"t_ms\":%llu,\"event\":\"stats\",",
		(unsigned long long)(wall_us() / 1000));
	one(b, &n->total);
	buf_fmt(b,
		",\"max_per_second\":%zu,\"registers\":%llu,"
		"\"bindings\":%zu,\"options\":%llu,\"auth_failures\":%llu,"
		"\"bad_messages\":%llu,\"behaviours\":{",
		n->rate.max, (unsigned long long)n->registers,
		registrar_bindings(n->registrar),
		(unsigned long long)n->options_rx,
		(unsigned long long)n->auth_failures,
		(unsigned long long)n->bad_messages);
	for (unsigned i = 0; behaviour_at(i); i++) {
		if (!n->by[i].invites)
			continue;
		buf_fmt(b, "%s\"%s\":{", sep, behaviour_at(i)->name);
		one(b, &n->by[i]);
		buf_txt(b, "}");
		sep = ",";
	}
	buf_txt(b, "}}");
}
