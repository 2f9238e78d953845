/**
 * @file base/work.h  Work handed from thread to thread
 *
 * Intrusive first-in first-out queue under a mutex.  The sender owns the
 * memory of a work item; it must live until its handler has run.  No
 * allocation, so that posting cannot fail.
 */
#ifndef SIPD_BASE_WORK_H
#define SIPD_BASE_WORK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct sipd_work;
typedef void(sipd_work_h)(struct sipd_work *work);

struct sipd_work {
	struct sipd_work *next;
	sipd_work_h *h;
};

struct sipd_workq {
	pthread_mutex_t lock;
	struct sipd_work *head;
	struct sipd_work **tail;
	size_t count;
};

void sipd_workq_init(struct sipd_workq *q);
void sipd_workq_close(struct sipd_workq *q); /* must be empty */

/** Append; true if the queue was empty before. @thread any */
bool sipd_workq_push(struct sipd_workq *q, struct sipd_work *work);

/** Take the whole list, oldest first, NULL if empty. @thread any */
struct sipd_work *sipd_workq_take(struct sipd_workq *q);

/** Run each item of a list taken; returns how many. */
size_t sipd_work_run(struct sipd_work *list);

#endif
