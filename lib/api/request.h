/**
 * @file api/request.h  Requests: verbs that the store thread answers
 */
#ifndef SIPD_API_REQUEST_H
#define SIPD_API_REQUEST_H

#include "api/engine.h"
#include "base/error.h"

struct sipd_request;

/** Of one kind of request.  Both parts may use q->...; run may run again. */
struct sipd_request_kind {
	int (*run)(struct sipd_request *q, struct sipd_store *s);
	/** On the loop, before DONE, and after each turn of several; may be
	 *  NULL. */
	void (*done)(struct sipd_request *q);
	/** Instead of done, if the engine stopped first; may be NULL. */
	void (*drop)(struct sipd_request *q);
	bool outside; /* not inside a transaction */
};

struct sipd_request {
	struct sipd_job job; /* first member */
	struct sipdialer *d;
	const struct sipd_request_kind *kind;
	uint64_t id;
	uint64_t campaign;
	int verb;        /* enum sipd_campaign_verb, kinds that set */
	char *a, *b, *c; /* texts of the verb */
	struct sipd_event_node *node; /* DONE, reserved */

	/* answer */
	int err;
	char text[SIPD_ERROR_SIZE];
	struct sipdialer_event answer; /* fields of DONE */
	struct sipd_campaign_row *rows;
	size_t count;
	bool again;    /* set by run: another turn is needed */
	unsigned turn; /* 0 the first */
	void *work;    /* what turns share */
	bool rescan;   /* campaigns may have to start or stop */
};

/** Post one; a, b and c are copied.  @thread any */
int sipd_request_post(struct sipdialer *d,
		      const struct sipd_request_kind *kind, uint64_t campaign,
		      int verb, const char *const texts[3], uint64_t *request);

/** Import has several turns: make a request that is not posted yet; post DONE
 *  at its end, which frees it. */
int sipd_request_new(struct sipd_request **qp, struct sipdialer *d,
		     uint64_t campaign);
/** Its campaign takes contacts: 0, ENOENT or ESTATE. @thread store */
int sipd_request_campaign(const struct sipd_request *q, struct sipd_store *s);
void sipd_request_finish(struct sipd_request *q); /* @thread loop */
void sipd_request_drop(struct sipd_request *q);   /* before it was posted */

#endif
