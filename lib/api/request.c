/**
 * @file api/request.c  Requests: a job of the store thread, answered by DONE
 */
#include "api/request.h"

#include <stdlib.h>
#include "base/error.h"
#include "base/text.h"
#include "base/words.h"


static void free_rows(struct sipd_request *q)
{
	for (size_t i = 0; i < q->count; i++)
		sipd_campaign_row_free(&q->rows[i]);
	free(q->rows);
	q->rows = NULL;
	q->count = 0;
}


static void request_free(struct sipd_request *q)
{
	free_rows(q);
	free(q->a);
	free(q->b);
	free(q->c);
	free(q);
}


void sipd_request_drop(struct sipd_request *q)
{
	sipd_event_unreserve(q->d->events, q->node);
	atomic_fetch_sub(&q->d->requests, 1);
	request_free(q);
}


static void tell_rows(const struct sipd_request *q)
{
	for (size_t i = 0; i < q->count; i++) {
		struct sipdialer_event ev = sipd_engine_event(
			SIPDIALER_EVENT_CAMPAIGN_STATUS);

		sipd_engine_campaign(&ev, &q->rows[i]);
		ev.request = q->id;
		sipd_event_push(q->d->events, &ev);
	}
}


void sipd_request_finish(struct sipd_request *q)
{
	struct sipdialer *d = q->d;
	struct sipdialer_event ev = sipd_engine_event(SIPDIALER_EVENT_DONE);

	ev.request = q->id;
	ev.campaign = q->campaign;
	ev.contact = q->answer.contact;
	ev.count = q->answer.count;
	ev.total = q->answer.total;
	ev.failed = q->answer.failed;
	ev.error = q->err;
	ev.text = q->err ? q->text : q->answer.text;

	tell_rows(q);
	atomic_fetch_sub(&d->requests, 1);
	sipd_event_push_reserved(d->events, q->node, &ev);
	if (q->rescan)
		sipd_engine_look(d);
	request_free(q);
}


static void request_run(struct sipd_job *job)
{
	struct sipd_request *q = (struct sipd_request *)(void *)job;

	free_rows(q);
	q->answer = (struct sipdialer_event){0};
	q->rescan = q->again = false;
	q->err = q->kind->run(q, q->d->store);
	if (q->err)
		(void)sipd_strcpy(q->text, sizeof(q->text), sipd_error_text());
	if (q->err == SIPDIALER_EIO && job->store)
		job->err = SIPDIALER_EIO;
}


static void request_done(struct sipd_job *job)
{
	struct sipd_request *q = (struct sipd_request *)(void *)job;

	if (job->err) {
		q->err = job->err;
		(void)sipd_strcpy(q->text, sizeof(q->text),
				  "the engine stopped first");
		if (q->kind->drop)
			q->kind->drop(q);
	}
	else if (q->kind->done) {
		q->kind->done(q);
	}

	if (!q->err && q->again) {
		++q->turn;
		sipd_disk_post(q->d->disk, &q->job);
		return;
	}

	sipd_request_finish(q);
}


int sipd_request_new(struct sipd_request **qp, struct sipdialer *d,
		     uint64_t campaign)
{
	struct sipd_request *q;

	if (!d->store)
		return sipd_error(SIPDIALER_ESTATE,
				  "no store: option store.path is not set");
	if (atomic_fetch_add(&d->requests, 1) >= SIPD_REQUESTS_MAX) {
		atomic_fetch_sub(&d->requests, 1);
		return sipd_error(SIPDIALER_EFULL,
				  "%d requests are waiting, the limit",
				  SIPD_REQUESTS_MAX);
	}

	q = calloc(1, sizeof(*q));
	if (!q) {
		atomic_fetch_sub(&d->requests, 1);
		return sipd_error(SIPDIALER_ENOMEM, "no memory for a request");
	}
	q->node = sipd_event_reserve(d->events);
	if (!q->node) {
		free(q);
		atomic_fetch_sub(&d->requests, 1);
		return SIPDIALER_EFULL; /* too many events not pulled */
	}

	q->d = d;
	q->id = atomic_fetch_add(&d->next_request, 1);
	q->campaign = campaign;
	*qp = q;

	return SIPDIALER_OK;
}


int sipd_request_campaign(const struct sipd_request *q, struct sipd_store *s)
{
	struct sipd_campaign_row row;
	int err;

	err = sipd_store_campaign_get(s, q->campaign, false, &row);
	if (err)
		return err;

	sipd_campaign_row_free(&row);
	if (row.status == SIPDIALER_CAMPAIGN_COMPLETED ||
	    row.status == SIPDIALER_CAMPAIGN_CANCELLED)
		return sipd_error(
			SIPDIALER_ESTATE,
			"campaign %llu is %s: it takes no more contacts",
			(unsigned long long)q->campaign,
			sipd_word(&sipd_words_campaign, row.status));

	return SIPDIALER_OK;
}


static int post(struct sipdialer *d, const struct sipd_request_kind *kind,
		uint64_t campaign, int verb, const char *const texts[3],
		uint64_t *request)
{
	struct sipd_request *q;
	int err = sipd_request_new(&q, d, campaign);

	if (err)
		return err;

	q->a = sipd_strdup(texts[0]);
	q->b = sipd_strdup(texts[1]);
	q->c = sipd_strdup(texts[2]);
	if ((texts[0] && !q->a) || (texts[1] && !q->b) ||
	    (texts[2] && !q->c)) {
		sipd_request_drop(q);
		return sipd_error(SIPDIALER_ENOMEM, "no memory for a request");
	}

	q->kind = kind;
	q->verb = verb;
	q->job.run = request_run;
	q->job.done = request_done;
	q->job.store = kind->outside ? NULL : d->store;
	if (request)
		*request = q->id;
	sipd_disk_post(d->disk, &q->job);

	return SIPDIALER_OK;
}


int sipd_request_post(struct sipdialer *d,
		      const struct sipd_request_kind *kind, uint64_t campaign,
		      int verb, const char *const texts[3], uint64_t *request)
{
	int err;

	if (!d)
		return sipd_error(SIPDIALER_EINVAL, "d is NULL");

	err = sipd_engine_enter(d);
	if (err)
		return err;

	err = post(d, kind, campaign, verb, texts, request);
	sipd_engine_leave(d);

	return err;
}
