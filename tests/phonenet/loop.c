/*
 * epoll and a timer heap.
 */
#include "loop.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "util.h"

enum { EVENTS_A_TURN = 256 };


int loop_init(struct loop *l)
{
	l->ep = epoll_create1(EPOLL_CLOEXEC);
	l->now = now_us();
	return l->ep < 0 ? -1 : 0;
}


void loop_close(struct loop *l)
{
	close(l->ep);
	free(l->heap);
}


int loop_watch(struct loop *l, struct watch *w, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = w};

	return epoll_ctl(l->ep, EPOLL_CTL_ADD, w->fd, &ev);
}


void loop_change(struct loop *l, struct watch *w, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = w};

	epoll_ctl(l->ep, EPOLL_CTL_MOD, w->fd, &ev);
}


void loop_unwatch(struct loop *l, struct watch *w)
{
	epoll_ctl(l->ep, EPOLL_CTL_DEL, w->fd, NULL);
}


static void place(struct loop *l, size_t i, struct timer *t)
{
	l->heap[i] = t;
	t->pos = i + 1;
}


static void sift_up(struct loop *l, size_t i, struct timer *t)
{
	while (i) {
		size_t up = (i - 1) / 2;

		if (l->heap[up]->due_us <= t->due_us)
			break;
		place(l, i, l->heap[up]);
		i = up;
	}
	place(l, i, t);
}


static void sift_down(struct loop *l, size_t i, struct timer *t)
{
	for (;;) {
		size_t c = 2 * i + 1;

		if (c >= l->n)
			break;
		if (c + 1 < l->n &&
		    l->heap[c + 1]->due_us < l->heap[c]->due_us)
			c++;
		if (l->heap[c]->due_us >= t->due_us)
			break;
		place(l, i, l->heap[c]);
		i = c;
	}
	place(l, i, t);
}


void timer_stop(struct loop *l, struct timer *t)
{
	struct timer *last;
	size_t i;

	if (!t->pos)
		return;
	i = t->pos - 1;
	t->pos = 0;
	last = l->heap[--l->n];
	if (last == t)
		return;
	if (i && l->heap[(i - 1) / 2]->due_us > last->due_us)
		sift_up(l, i, last);
	else
		sift_down(l, i, last);
}


void timer_set(struct loop *l, struct timer *t, uint64_t us,
	       void (*h)(void *arg), void *arg)
{
	timer_stop(l, t);
	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 1024;
		l->heap = need(realloc(l->heap, l->cap * sizeof(*l->heap)));
	}
	t->due_us = l->now + us;
	t->h = h;
	t->arg = arg;
	sift_up(l, l->n++, t);
}


static int wait_ms(const struct loop *l)
{
	uint64_t now = now_us();

	if (!l->n)
		return 1000;
	if (l->heap[0]->due_us <= now)
		return 0;
	now = (l->heap[0]->due_us - now + 999) / 1000;
	return now > 1000 ? 1000 : (int)now;
}


static void run_timers(struct loop *l)
{
	while (l->n && l->heap[0]->due_us <= l->now) {
		struct timer *t = l->heap[0];

		timer_stop(l, t);
		t->h(t->arg);
	}
}


void loop_run(struct loop *l, void (*turn)(void *arg), void *arg)
{
	struct epoll_event ev[EVENTS_A_TURN];

	while (!l->stop) {
		int n = epoll_wait(l->ep, ev, EVENTS_A_TURN, wait_ms(l));

		l->now = now_us();
		for (int i = 0; i < n; i++) {
			struct watch *w = ev[i].data.ptr;

			if (w->fd >= 0)
				w->h(w, ev[i].events);
		}
		run_timers(l);
		turn(arg);
	}
}
