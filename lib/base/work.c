/**
 * @file base/work.c  Work handed from thread to thread
 */
#include "base/work.h"

#include <assert.h>


void sipd_workq_init(struct sipd_workq *q)
{
	(void)pthread_mutex_init(&q->lock, NULL);
	q->head = NULL;
	q->tail = &q->head;
	q->count = 0;
}


void sipd_workq_close(struct sipd_workq *q)
{
	assert(!q->head);
	(void)pthread_mutex_destroy(&q->lock);
}


bool sipd_workq_push(struct sipd_workq *q, struct sipd_work *work)
{
	bool first;

	work->next = NULL;

	(void)pthread_mutex_lock(&q->lock);
	first = !q->head;
	*q->tail = work;
	q->tail = &work->next;
	++q->count;
	(void)pthread_mutex_unlock(&q->lock);

	return first;
}


struct sipd_work *sipd_workq_take(struct sipd_workq *q)
{
	struct sipd_work *list;

	(void)pthread_mutex_lock(&q->lock);
	list = q->head;
	q->head = NULL;
	q->tail = &q->head;
	q->count = 0;
	(void)pthread_mutex_unlock(&q->lock);

	return list;
}


size_t sipd_work_run(struct sipd_work *list)
{
	size_t n = 0;

	while (list) {
		struct sipd_work *work = list;

		list = work->next; /* the handler may free or re-post it */
		work->h(work);
		++n;
	}

	return n;
}
