/*
 * One thread: epoll for sockets, a binary heap for timers.
 */
#ifndef PHONENET_LOOP_H
#define PHONENET_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timer {
	uint64_t due_us;
	size_t pos; /* 1 + place in the heap; 0: not running */
	void (*h)(void *arg);
	void *arg;
};

/*
 * Something epoll watches; `fd` < 0 once closed.  Its memory must outlive the
 * turn, because a later event of the same batch may still point to it.
 */
struct watch {
	int fd;
	void (*h)(struct watch *w, uint32_t events);
	void *arg;
};

struct loop {
	int ep;
	bool stop;
	uint64_t now; /* us, read once a turn */
	struct timer **heap;
	size_t n, cap;
};

int loop_init(struct loop *l);
void loop_close(struct loop *l);
/* Runs until `stop`; `turn` is called after each batch of work. */
void loop_run(struct loop *l, void (*turn)(void *arg), void *arg);

int loop_watch(struct loop *l, struct watch *w, uint32_t events);
void loop_change(struct loop *l, struct watch *w, uint32_t events);
void loop_unwatch(struct loop *l, struct watch *w);

/* Starts or moves a timer; it fires once. */
void timer_set(struct loop *l, struct timer *t, uint64_t us,
	       void (*h)(void *arg), void *arg);
void timer_stop(struct loop *l, struct timer *t);

#endif
