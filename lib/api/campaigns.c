/**
 * @file api/campaigns.c  Verbs of campaigns, contacts, do-not-call and store
 */
#include "api/request.h"

#include <stdlib.h>
#include <string.h>
#include "api/amd.h"
#include "api/runner.h"
#include "base/error.h"
#include "base/text.h"
#include "base/words.h"
#include "core/campaign/import.h"

enum {
	NAME_MAX_BYTES = 127,
	CONTACT_NAME_MAX = 255,
	CUSTOM_MAX = 4095,
	SOURCE_MAX = 127,
	PATH_MAX_BYTES = 4095
};


static int check_text(const char *what, const char *s, size_t min, size_t max)
{
	const size_t len = s ? strlen(s) : 0;

	if (len < min || len > max)
		return sipd_error(SIPDIALER_EINVAL,
				  "%s of %zu bytes, not within %zu to %zu",
				  what, len, min, max);
	if (s && (!sipd_text_clean(s, len) || !sipd_utf8_valid(s, len)))
		return sipd_error(SIPDIALER_EINVAL,
				  "%s has control characters or is not UTF-8",
				  what);

	return SIPDIALER_OK;
}


/* ---- create ---------------------------------------------------------------- */

static int create_run(struct sipd_request *q, struct sipd_store *s)
{
	int err;

	q->rows = calloc(1, sizeof(*q->rows));
	if (!q->rows)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for a row");

	err = sipd_store_campaign_new(s, q->a, q->b, &q->campaign);
	if (err)
		return err;

	err = sipd_store_campaign_get(s, q->campaign, true, q->rows);
	q->count = !err;

	return err;
}


static const struct sipd_request_kind create_kind = {.run = create_run};


/* Do they agree with the engine's, on top of which they come? */
static int check_together(struct sipdialer *d, const char *const *options)
{
	struct sipd_options all;
	int err;

	(void)pthread_mutex_lock(&d->lock);
	err = sipd_options_copy(&all, &d->options);
	(void)pthread_mutex_unlock(&d->lock);
	if (err)
		return err;

	err = sipd_options_apply_list(&all, options, SIPD_SCOPE_CAMPAIGN,
				      false);
	if (!err)
		err = sipd_amd_check(&all);
	sipd_options_close(&all);

	return err;
}


/* The campaign's own options as lines, checked; free() it. */
static int option_lines(struct sipdialer *d, const char *const *options,
			char **lines)
{
	struct sipd_options o;
	int err;

	sipd_options_init(&o);
	err = sipd_options_apply_list(&o, options, SIPD_SCOPE_CAMPAIGN, false);
	if (!err) {
		*lines = sipd_options_to_lines(&o, SIPD_SCOPE_CAMPAIGN);
		if (!*lines)
			err = sipd_error(SIPDIALER_ENOMEM,
					 "no memory for options");
	}
	sipd_options_close(&o);

	return err ? err : check_together(d, options);
}


int sipdialer_campaign_create(struct sipdialer *d, const char *name,
			      const char *const *options, uint64_t *request)
{
	char *lines = NULL;
	int err;

	err = check_text("a campaign name", name, 1, NAME_MAX_BYTES);
	if (!err)
		err = d ? option_lines(d, options, &lines)
			: sipd_error(SIPDIALER_EINVAL, "d is NULL");
	if (!err) {
		const char *const texts[3] = {name, lines, NULL};

		err = sipd_request_post(d, &create_kind, 0, 0, texts, request);
	}
	free(lines);

	return err;
}


/* ---- start, pause, cancel --------------------------------------------------- */

static int change_status(struct sipd_request *q, struct sipd_store *s)
{
	struct sipd_campaign_row row;
	int status, err;

	err = sipd_store_campaign_get(s, q->campaign, false, &row);
	if (err)
		return err;

	status = sipd_campaign_change(row.status,
				      (enum sipd_campaign_verb)q->verb);
	err = status < 0 ? status
			 : sipd_store_campaign_set(s, q->campaign, row.status,
						   status, &q->again);
	sipd_campaign_row_free(&row);

	return err;
}


/* In several turns if many contacts are to be skipped. */
static int change_run(struct sipd_request *q, struct sipd_store *s)
{
	int err;

	/* before anything is changed: an error means that nothing was */
	q->rows = calloc(1, sizeof(*q->rows));
	if (!q->rows && !q->turn)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for a row");

	err = q->turn ? sipd_store_campaign_skip(s, q->campaign, &q->again)
		      : change_status(q, s);
	q->rescan = !err;
	if (err || q->again || !q->rows)
		return err;

	err = sipd_store_campaign_get(s, q->campaign, true, q->rows);
	q->count = !err;

	return err;
}


static void change_done(struct sipd_request *q)
{
	struct sipd_run *run = sipd_run_find(q->d, q->campaign);

	if (q->err || q->turn || !run || q->verb == SIPD_VERB_START)
		return;

	if (q->verb == SIPD_VERB_CANCEL)
		sipd_calls_give_up(q->d, run, "campaign cancelled");
	sipd_run_close(run);
}


static const struct sipd_request_kind change_kind = {
	.run = change_run,
	.done = change_done,
};

static const char *const no_texts[3] = {NULL, NULL, NULL};


int sipdialer_campaign_start(struct sipdialer *d, uint64_t campaign,
			     uint64_t *request)
{
	return sipd_request_post(d, &change_kind, campaign, SIPD_VERB_START,
				 no_texts, request);
}


int sipdialer_campaign_pause(struct sipdialer *d, uint64_t campaign,
			     uint64_t *request)
{
	return sipd_request_post(d, &change_kind, campaign, SIPD_VERB_PAUSE,
				 no_texts, request);
}


int sipdialer_campaign_cancel(struct sipdialer *d, uint64_t campaign,
			      uint64_t *request)
{
	return sipd_request_post(d, &change_kind, campaign, SIPD_VERB_CANCEL,
				 no_texts, request);
}


/* ---- status, list, results ---------------------------------------------------- */

static int status_run(struct sipd_request *q, struct sipd_store *s)
{
	int err;

	q->rows = calloc(1, sizeof(*q->rows));
	if (!q->rows)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for a row");

	err = sipd_store_campaign_get(s, q->campaign, true, q->rows);
	q->count = !err;
	q->answer.count = q->count;

	return err;
}


static const struct sipd_request_kind status_kind = {.run = status_run};


int sipdialer_campaign_status(struct sipdialer *d, uint64_t campaign,
			      uint64_t *request)
{
	return sipd_request_post(d, &status_kind, campaign, 0, no_texts,
				 request);
}


static int list_run(struct sipd_request *q, struct sipd_store *s)
{
	uint64_t after = 0;

	for (;;) {
		struct sipd_campaign_row row = {0}, *rows;
		const int err = sipd_store_campaign_next(s, after, true, &row);

		if (err == SIPDIALER_ENOENT)
			break;
		if (err)
			return err;

		rows = realloc(q->rows, (q->count + 1) * sizeof(*rows));
		if (!rows) {
			sipd_campaign_row_free(&row);
			return sipd_error(SIPDIALER_ENOMEM,
					  "no memory for %zu campaigns",
					  q->count + 1);
		}
		q->rows = rows;
		q->rows[q->count++] = row;
		after = row.id;
	}

	q->answer.count = q->count;

	return SIPDIALER_OK;
}


static const struct sipd_request_kind list_kind = {.run = list_run};


int sipdialer_campaign_list(struct sipdialer *d, uint64_t *request)
{
	return sipd_request_post(d, &list_kind, 0, 0, no_texts, request);
}


static int results_run(struct sipd_request *q, struct sipd_store *s)
{
	struct sipd_results *r = q->work;
	int err = q->turn ? SIPDIALER_OK
			  : sipd_store_results_open(&r, s, q->campaign, q->a);

	if (!err)
		err = sipd_store_results_step(r, &q->again);
	q->work = r;
	if (!err && q->again)
		return SIPDIALER_OK;

	q->work = NULL;

	return sipd_store_results_close(r, err, &q->answer.count);
}


static void results_drop(struct sipd_request *q)
{
	(void)sipd_store_results_close(q->work, SIPDIALER_ECANCELLED, NULL);
	q->work = NULL;
}


static const struct sipd_request_kind results_kind = {
	.run = results_run,
	.drop = results_drop,
	.outside = true,
};


int sipdialer_campaign_results(struct sipdialer *d, uint64_t campaign,
			       const char *path, uint64_t *request)
{
	const char *const texts[3] = {path, NULL, NULL};

	if (check_text("a path", path, 1, PATH_MAX_BYTES))
		return SIPDIALER_EINVAL;

	return sipd_request_post(d, &results_kind, campaign, 0, texts,
				 request);
}


/* ---- contacts ------------------------------------------------------------------ */

/* Number as stored; "" country: as it is. @thread any */
static int normalise(struct sipdialer *d, const char *number, char *out,
		     size_t size)
{
	char country[32];

	(void)pthread_mutex_lock(&d->lock);
	(void)sipd_strcpy(country, sizeof(country),
			  sipd_opt_str(&d->options,
				       SIPD_OPT_DIAL_DEFAULT_COUNTRY));
	(void)pthread_mutex_unlock(&d->lock);

	return sipd_number_normalise(number, country, out, size);
}


static int add_run(struct sipd_request *q, struct sipd_store *s)
{
	struct sipd_contact_row row = {
		.campaign = q->campaign,
		.custom = q->c,
	};
	bool duplicate = false;
	int err;

	(void)sipd_strcpy(row.number, sizeof(row.number), q->a);
	(void)sipd_strcpy(row.name, sizeof(row.name), q->b ? q->b : "");
	err = sipd_request_campaign(q, s);
	if (!err && q->c && *q->c)
		err = sipd_store_custom_check(s, q->c);
	if (!err)
		err = sipd_store_contact_add(s, &row, &duplicate,
					     &q->answer.contact);
	if (!err && duplicate)
		err = sipd_error(SIPDIALER_EINVAL,
				 "%s is in campaign %llu already", q->a,
				 (unsigned long long)q->campaign);
	q->answer.count = !err;

	return err;
}


static void wake_run(struct sipd_request *q)
{
	if (!q->err)
		sipd_run_new_contacts(q->d, q->campaign);
}


static const struct sipd_request_kind add_kind = {
	.run = add_run,
	.done = wake_run,
};


int sipdialer_contact_add(struct sipdialer *d, uint64_t campaign,
			  const char *number, const char *name,
			  const char *custom, uint64_t *request)
{
	char e164[32];
	const char *const texts[3] = {e164, name, custom};
	int err;

	if (!d || !number)
		return sipd_error(SIPDIALER_EINVAL, "an argument is NULL");

	err = normalise(d, number, e164, sizeof(e164));
	if (!err)
		err = check_text("a contact's name", name, 0,
				 CONTACT_NAME_MAX);
	if (!err)
		err = check_text("custom fields", custom, 0, CUSTOM_MAX);
	if (err)
		return err;

	return sipd_request_post(d, &add_kind, campaign, 0, texts, request);
}


/* ---- do not call ------------------------------------------------------------------ */

static int dnc_add_run(struct sipd_request *q, struct sipd_store *s)
{
	bool added = false;
	const int err = sipd_store_dnc_add(s, q->a, q->b ? q->b : "", &added);

	q->answer.count = added;

	return err;
}


static int dnc_remove_run(struct sipd_request *q, struct sipd_store *s)
{
	bool removed = false;
	const int err = sipd_store_dnc_remove(s, q->a, &removed);

	q->answer.count = removed;

	return err;
}


static int dnc_check_run(struct sipd_request *q, struct sipd_store *s)
{
	bool listed = false;
	const int err = sipd_store_dnc_check(s, q->a, &listed, q->text,
					     sizeof(q->text));

	q->answer.count = listed;
	q->answer.text = listed ? q->text : NULL;

	return err;
}


static const struct sipd_request_kind dnc_add_kind = {.run = dnc_add_run};
static const struct sipd_request_kind dnc_remove_kind = {
	.run = dnc_remove_run};
static const struct sipd_request_kind dnc_check_kind = {.run = dnc_check_run};


static int dnc_post(struct sipdialer *d, const struct sipd_request_kind *kind,
		    const char *number, const char *source, uint64_t *request)
{
	char e164[32];
	const char *const texts[3] = {e164, source, NULL};
	int err;

	if (!d || !number)
		return sipd_error(SIPDIALER_EINVAL, "an argument is NULL");

	err = normalise(d, number, e164, sizeof(e164));
	if (!err)
		err = check_text("a source", source, 0, SOURCE_MAX);
	if (err)
		return err;

	return sipd_request_post(d, kind, 0, 0, texts, request);
}


int sipdialer_dnc_add(struct sipdialer *d, const char *number,
		      const char *source, uint64_t *request)
{
	return dnc_post(d, &dnc_add_kind, number, source, request);
}


int sipdialer_dnc_remove(struct sipdialer *d, const char *number,
			 uint64_t *request)
{
	return dnc_post(d, &dnc_remove_kind, number, NULL, request);
}


int sipdialer_dnc_check(struct sipdialer *d, const char *number,
			uint64_t *request)
{
	return dnc_post(d, &dnc_check_kind, number, NULL, request);
}


/* ---- store ------------------------------------------------------------------------- */

static int backup_run(struct sipd_request *q, struct sipd_store *s)
{
	return sipd_store_backup(s, q->a);
}


static const struct sipd_request_kind backup_kind = {
	.run = backup_run,
	.outside = true,
};


int sipdialer_store_backup(struct sipdialer *d, const char *path,
			   uint64_t *request)
{
	const char *const texts[3] = {path, NULL, NULL};

	if (check_text("a path", path, 1, PATH_MAX_BYTES))
		return SIPDIALER_EINVAL;

	return sipd_request_post(d, &backup_kind, 0, 0, texts, request);
}


int sipdialer_store_check(const char *path, int migrate, char *buf,
			  size_t size)
{
	if (check_text("a path", path, 1, PATH_MAX_BYTES))
		return SIPDIALER_EINVAL;

	return sipd_store_check(path, migrate != 0, buf, size);
}
