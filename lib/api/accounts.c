/**
 * @file api/accounts.c  Accounts come and go
 *
 * Each has a SIP stack of its own: sockets, registration, digest, sources it
 * knows.  They stay over stops and starts until they are removed.
 */
#include "api/account.h"

#include <stdlib.h>
#include <string.h>
#include "api/calls.h"
#include "base/container.h"
#include "base/error.h"
#include "base/text.h"


void sipd_account_free(struct sipd_account *acc)
{
	sipd_options_close(&acc->given);
	free(acc);
}


void sipd_accounts_free(struct sipdialer *d)
{
	while (d->accounts) {
		struct sipd_account *acc = d->accounts;

		d->accounts = acc->next;
		sipd_account_free(acc);
	}
}


void sipd_account_unlink(struct sipdialer *d, struct sipd_account *acc)
{
	struct sipd_account **at = &d->accounts;

	while (*at != acc)
		at = &(*at)->next;
	*at = acc->next;
	--d->accountc;
}


/* Names the account in the text of an error. */
static int of_account(const struct sipd_account *acc, int err)
{
	char text[SIPD_ERROR_SIZE];

	if (!err)
		return SIPDIALER_OK;

	(void)sipd_strcpy(text, sizeof(text), sipd_error_text());

	return sipd_error(err, "account \"%s\": %s", acc->name, text);
}


/* ---- opened and closed -------------------------------------------------- */

int sipd_account_effective(const struct sipd_account *acc,
			   const struct sipd_options *engine,
			   struct sipd_options *o)
{
	int err = sipd_options_copy(o, engine);

	if (!err)
		err = sipd_account_options(o, acc);
	if (!err && !*sipd_opt_str(o, SIPD_OPT_SIP_SERVER))
		err = sipd_error(SIPDIALER_EINVAL, "sip.server is not set");
	if (!err)
		err = sipd_engine_check_sip(o);
	if (err)
		sipd_options_close(o);

	return of_account(acc, err);
}


static int effective(struct sipd_account *acc, struct sipd_options *o)
{
	int err;

	(void)pthread_mutex_lock(&acc->d->lock);
	err = sipd_account_effective(acc, &acc->d->options, o);
	(void)pthread_mutex_unlock(&acc->d->lock);

	return err;
}


static int open_account(struct sipd_account *acc)
{
	struct sipd_options o;
	int err = effective(acc, &o);

	if (err)
		return err;

	err = sipd_engine_open_sip(acc, &o);
	sipd_options_close(&o);

	return of_account(acc, err);
}


static void set_ready(struct sipd_account *acc, bool ready)
{
	(void)pthread_mutex_lock(&acc->d->lock);
	acc->ready = ready;
	(void)pthread_mutex_unlock(&acc->d->lock);
}


int sipd_accounts_open(struct sipdialer *d)
{
	struct sipd_account *acc;
	int err = SIPDIALER_OK;

	/* the gate is held: nobody adds or removes */
	for (acc = d->accounts; acc && !err; acc = acc->next) {
		err = open_account(acc);
		if (!err)
			set_ready(acc, true);
	}

	return err;
}


void sipd_accounts_started(struct sipdialer *d)
{
	struct sipd_account *acc;

	sipd_incoming_start(&d->own);
	(void)pthread_mutex_lock(&d->lock);
	for (acc = d->accounts; acc; acc = acc->next) {
		if (acc->sip)
			sipd_incoming_start(acc);
	}
	(void)pthread_mutex_unlock(&d->lock);
}


static void closed(void *arg)
{
	struct sipd_account *acc = arg;
	struct sipdialer *d = acc->d;
	bool last, removed;

	(void)pthread_mutex_lock(&d->lock);
	acc->sip = NULL;
	acc->ready = false;
	removed = acc->removed;
	last = !--d->sips;
	(void)pthread_cond_broadcast(&d->changed);
	(void)pthread_mutex_unlock(&d->lock);

	if (removed)
		sipd_account_free(acc);
	/* not while an account goes and the engine's own is there */
	if (last && d->all_closed_h)
		d->all_closed_h(d);
}


static void close_account(struct sipd_account *acc, uint32_t wait_ms)
{
	if (acc->sip && !acc->closing) {
		acc->closing = true;
		sipd_sip_close(acc->sip, wait_ms, closed, acc);
	}
}


/* All at once: each waits for its own server. */
void sipd_accounts_close(struct sipdialer *d, uint32_t wait_ms,
			 void (*h)(struct sipdialer *d))
{
	struct sipd_account *acc;

	d->all_closed_h = h;
	for (acc = d->accounts; acc; acc = acc->next)
		close_account(acc, wait_ms);
	close_account(&d->own, wait_ms);
}


static void abort_work(struct sipd_work *work)
{
	struct sipdialer *d = SIPD_CONTAINER(work, struct sipdialer,
					     stop_work);

	sipd_accounts_close(d, 0, NULL);
}


void sipd_accounts_abort(struct sipdialer *d)
{
	if (!d->loop)
		return;

	d->stop_work.h = abort_work;
	sipd_loop_post(d->loop, &d->stop_work);
	(void)pthread_mutex_lock(&d->lock);
	while (d->sips)
		(void)pthread_cond_wait(&d->changed, &d->lock);
	(void)pthread_mutex_unlock(&d->lock);
}


void sipd_accounts_stats(struct sipdialer *d, struct sipd_sip_stats *sum)
{
	const struct sipd_account *acc;
	struct sipd_sip_stats st;

	sipd_sip_stats(d->own.sip, sum);
	(void)pthread_mutex_lock(&d->lock);
	for (acc = d->accounts; acc; acc = acc->next) {
		if (!acc->ready)
			continue;
		sipd_sip_stats(acc->sip, &st);
		sipd_sip_stats_add(sum, &st);
	}
	(void)pthread_mutex_unlock(&d->lock);
}


/* ---- added -------------------------------------------------------------- */

static int name_check(const char *name)
{
	const size_t len = strnlen(name, SIPD_ACCOUNT_NAME_MAX + 1);

	if (!len || len > SIPD_ACCOUNT_NAME_MAX)
		return sipd_error(SIPDIALER_EINVAL,
				  "the name of an account has 1 to %d bytes",
				  SIPD_ACCOUNT_NAME_MAX);

	return sipd_option_check_account("name", name);
}


int sipd_account_new(struct sipd_account **ap, struct sipdialer *d,
		     const char *name, const char *const *options)
{
	struct sipd_account *acc;
	int err = name_check(name);

	if (err)
		return err;

	acc = calloc(1, sizeof(*acc));
	if (!acc)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for an "
						    "account");

	acc->d = d;
	acc->reg.reason = "";
	(void)sipd_strcpy(acc->name, sizeof(acc->name), name);
	sipd_options_init(&acc->given);
	err = sipd_options_apply_list(&acc->given, options, SIPD_SCOPE_ACCOUNT,
				      false);
	if (err) {
		err = of_account(acc, err);
		sipd_account_free(acc);
		return err;
	}

	*ap = acc;

	return SIPDIALER_OK;
}


int sipd_account_enlist(struct sipdialer *d, struct sipd_account *acc)
{
	struct sipd_account **at;

	if (sipd_account_find(d, acc->name))
		return sipd_error(SIPDIALER_ESTATE,
				  "there is an account \"%s\" already",
				  acc->name);
	if (d->accountc >= SIPD_ACCOUNTS_MAX)
		return sipd_error(SIPDIALER_EFULL,
				  "account \"%s\": there are %d already, the "
				  "limit",
				  acc->name, SIPD_ACCOUNTS_MAX);

	for (at = &d->accounts; *at; at = &(*at)->next)
		;
	*at = acc;
	++d->accountc;

	return SIPDIALER_OK;
}


static void incoming_work(struct sipd_work *work)
{
	sipd_incoming_start(SIPD_CONTAINER(work, struct sipd_account, begin));
}


/* While the engine runs. */
static int go(struct sipd_account *acc)
{
	struct sipdialer *d = acc->d;
	const int err = open_account(acc);

	if (err)
		return err;

	acc->begin.h = incoming_work;
	sipd_loop_post(d->loop, &acc->begin);
	set_ready(acc, true);

	return SIPDIALER_OK;
}


static int add(struct sipdialer *d, struct sipd_account *acc, bool running)
{
	struct sipd_options o;
	int err = effective(acc, &o);

	if (err)
		return err;
	sipd_options_close(&o);

	(void)pthread_mutex_lock(&d->lock);
	err = sipd_account_enlist(d, acc);
	(void)pthread_mutex_unlock(&d->lock);
	if (err || !running)
		return err;

	err = go(acc);
	if (err) {
		(void)pthread_mutex_lock(&d->lock);
		sipd_account_unlink(d, acc);
		(void)pthread_mutex_unlock(&d->lock);
	}

	return err;
}


/* Neither starting nor stopping; no stop until the gate is left. */
static int settle(struct sipdialer *d, bool *running)
{
	(void)pthread_rwlock_rdlock(&d->gate);
	*running = d->state == SIPD_ENGINE_RUNNING;
	if (*running || d->state == SIPD_ENGINE_STOPPED)
		return SIPDIALER_OK;
	(void)pthread_rwlock_unlock(&d->gate);

	return sipd_error(SIPDIALER_ESTATE, "the engine is stopping");
}


int sipdialer_account_add(struct sipdialer *d, const char *name,
			  const char *const *options)
{
	struct sipd_account *acc = NULL;
	bool running;
	int err;

	if (!d || !name)
		return sipd_error(SIPDIALER_EINVAL, "an argument is NULL");

	err = sipd_account_new(&acc, d, name, options);
	if (err)
		return err;

	err = settle(d, &running);
	if (!err) {
		err = add(d, acc, running);
		(void)pthread_rwlock_unlock(&d->gate);
	}
	if (err)
		sipd_account_free(acc);

	return err;
}


/* ---- removed ------------------------------------------------------------ */

static void remove_work(struct sipd_work *work)
{
	struct sipd_account *acc = SIPD_CONTAINER(work, struct sipd_account,
						  remove);

	close_account(acc, SIPD_STOP_SIP_MS);
}


/* Whoever comes now does not find it any more. */
static int take_out(struct sipdialer *d, const char *name,
		    struct sipd_account **ap)
{
	struct sipd_account *acc;
	int err = SIPDIALER_OK;

	(void)pthread_mutex_lock(&d->lock);
	acc = sipd_account_find(d, name);
	if (!acc)
		err = sipd_error(SIPDIALER_ENOENT, "no account \"%.*s\"",
				 SIPD_ACCOUNT_NAME_MAX, name);
	else if (acc->users)
		err = sipd_error(SIPDIALER_ESTATE,
				 "account \"%s\" is used by %u calls or "
				 "campaigns",
				 acc->name, acc->users);
	else if (d->state == SIPD_ENGINE_RUNNING && !acc->ready)
		err = sipd_error(SIPDIALER_ESTATE,
				 "account \"%s\" is being added", acc->name);
	if (!err) {
		sipd_account_unlink(d, acc);
		acc->removed = true;
		*ap = acc;
	}
	(void)pthread_mutex_unlock(&d->lock);

	return err;
}


int sipdialer_account_remove(struct sipdialer *d, const char *name)
{
	struct sipd_account *acc = NULL;
	bool running;
	int err;

	if (!d || !name)
		return sipd_error(SIPDIALER_EINVAL, "an argument is NULL");

	err = settle(d, &running);
	if (err)
		return err;

	err = take_out(d, name, &acc);
	if (!err && running) {
		acc->remove.h = remove_work;
		sipd_loop_post(d->loop, &acc->remove);
	}
	else if (!err) {
		sipd_account_free(acc);
	}
	(void)pthread_rwlock_unlock(&d->gate);

	return err;
}
