/**
 * @file tests/lib/loop_call.h  Run a function on the loop, and wait for it
 */
#ifndef TESTS_LIB_LOOP_CALL_H
#define TESTS_LIB_LOOP_CALL_H

#include <pthread.h>
#include <stdbool.h>
#include "lib/cmocka_all.h"
#include "base/container.h"
#include "port/loop.h"

struct loop_call {
	struct sipd_work work;
	void (*h)(void *arg);
	void *arg;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool done;
};


static inline void loop_call_handler(struct sipd_work *work)
{
	struct loop_call *c = SIPD_CONTAINER(work, struct loop_call, work);

	c->h(c->arg);
	(void)pthread_mutex_lock(&c->lock);
	c->done = true;
	(void)pthread_cond_signal(&c->cond);
	(void)pthread_mutex_unlock(&c->lock);
}


/* A loop that hangs is ended by the deadline of the whole test. */
static inline void loop_call(struct sipd_loop *loop, void (*h)(void *arg),
			     void *arg)
{
	struct loop_call c = {.h = h, .arg = arg};

	c.work.h = loop_call_handler;
	(void)pthread_mutex_init(&c.lock, NULL);
	(void)pthread_cond_init(&c.cond, NULL);
	sipd_loop_post(loop, &c.work);
	(void)pthread_mutex_lock(&c.lock);
	while (!c.done)
		(void)pthread_cond_wait(&c.cond, &c.lock);
	(void)pthread_mutex_unlock(&c.lock);
	(void)pthread_cond_destroy(&c.cond);
	(void)pthread_mutex_destroy(&c.lock);
}

#endif
