/**
 * @file api/incoming.c  Calls that come in: told, then answered or rejected
 *
 * The event waits for a verb of the host up to incoming.timeout, a deadline
 * that port/sip keeps.  docs/incoming.md, docs/decisions/0007-incoming.md
 */
#include "api/calls.h"

#include <stdlib.h>
#include "base/error.h"


/* ---- options ------------------------------------------------------------- */

enum { ACCEPT_NO, ACCEPT_SERVER, ACCEPT_TRUNKS, ACCEPT_BOTH };


enum sipd_calls_from sipd_incoming_from(const struct sipd_options *o)
{
	switch (sipd_opt_enum(o, SIPD_OPT_INCOMING_ACCEPT)) {

	case ACCEPT_TRUNKS:
		return SIPD_CALLS_TRUNKS;

	case ACCEPT_BOTH:
		return SIPD_CALLS_BOTH;

	default:
		return SIPD_CALLS_SERVER;
	}
}


int sipd_incoming_check(const struct sipd_options *o)
{
	const int accept = sipd_opt_enum(o, SIPD_OPT_INCOMING_ACCEPT);
	const char *word = accept == ACCEPT_BOTH     ? "both"
			   : accept == ACCEPT_SERVER ? "server"
						     : "trunks";

	if ((accept == ACCEPT_SERVER || accept == ACCEPT_BOTH) &&
	    !*sipd_opt_str(o, SIPD_OPT_SIP_SERVER))
		return sipd_error(SIPDIALER_EINVAL,
				  "incoming.accept=%s needs sip.server", word);
	if ((accept == ACCEPT_TRUNKS || accept == ACCEPT_BOTH) &&
	    !*sipd_opt_str(o, SIPD_OPT_INCOMING_TRUNKS))
		return sipd_error(SIPDIALER_EINVAL,
				  "incoming.accept=%s needs incoming.trunks",
				  word);

	return SIPDIALER_OK;
}


/* ---- told ---------------------------------------------------------------- */

static const char *set_or_null(const char *text)
{
	return *text ? text : NULL;
}


static int open_call(struct sipd_dialed *dialed, struct sipd_invite *invite,
		     const struct sipd_invite_caller *caller)
{
	struct sipdialer *d = dialed->d;
	const struct sipd_account *account = dialed->account ? dialed->account
							     : &d->own;
	struct sipd_call_env env = d->env;
	const struct sipd_call_in in = {
		.id = dialed->id,
		.invite = invite,
		.from = caller->from,
		.to = caller->to,
		.timeout_ms = account->incoming_ms,
		.ask = d->incoming_answer,
	};
	struct sipd_event_node *node;
	struct sipdialer_event ev;
	int err;

	env.sip = account->sip;
	if (dialed->replaces)
		return sipd_call_open_in(&dialed->call, &env, &in,
					 &sipd_dialed_handlers, dialed);
	node = sipd_event_reserve(d->events);

	if (!node)
		return SIPDIALER_EFULL;

	err = sipd_call_open_in(&dialed->call, &env, &in,
				&sipd_dialed_handlers, dialed);
	if (err) {
		sipd_event_unreserve(d->events, node);
		return err;
	}

	ev = sipd_engine_event(SIPDIALER_EVENT_CALL_INCOMING);
	ev.call = dialed->id;
	ev.direction = 1;
	ev.account = sipd_account_name(account);
	ev.from = caller->from;
	ev.to = caller->to;
	ev.text = set_or_null(caller->name);
	ev.headers = set_or_null(caller->headers);
	ev.asserted = set_or_null(caller->asserted);
	ev.diverted = set_or_null(caller->diverted);
	ev.verstat = set_or_null(caller->verstat);
	sipd_event_push_reserved(d->events, node, &ev);

	return SIPDIALER_OK;
}


/* A slot is taken, and the account is in use. */
static int call_new(struct sipdialer *d, struct sipd_account *used,
		    struct sipd_invite *invite,
		    const struct sipd_invite_caller *caller)
{
	/* its audio comes with the answer */
	const struct sipd_hostaudio_conf none = {0};
	struct sipd_dialed *dialed;
	int err = sipd_dialed_new(&dialed, d, caller->to, &none);

	if (err) {
		sipd_account_release(used);
		return err;
	}

	if (caller->replaces)
		dialed->replaces = sipd_call_of(caller->replaces);
	++d->open_calls;
	++d->calls_in;
	(void)pthread_mutex_lock(&d->lock);
	dialed->inbound = true;
	dialed->account = used;
	(void)pthread_mutex_unlock(&d->lock);
	err = open_call(dialed, invite, caller);
	if (err) {
		sipd_dialed_drop(dialed);
		return err;
	}

	++d->calls_up;
	atomic_fetch_add(&d->counts.calls, 1);
	if (dialed->replaces)
		sipd_incoming_replace(dialed);

	return SIPDIALER_OK;
}


static int incoming_handler(struct sipd_invite *invite,
			    const struct sipd_invite_caller *caller, void *arg)
{
	struct sipd_account *acc = arg;
	struct sipdialer *d = acc->d;
	const unsigned max = atomic_load(&d->max_incoming);
	struct sipd_account *used;

	if (d->stopping)
		return 480;
	if (sipd_invite_check_srtp(invite, sipd_account_srtp(acc))) {
		sipd_log_info(&d->log, "a call from %s is refused: %s",
			      caller->from, sipd_error_text());
		return 488;
	}
	/* one that is being removed takes no calls any more */
	if (!sipd_account_join(acc, &used))
		return 480;
	/* one that takes the place of another is none more for long */
	if ((max && d->calls_in >= max && !caller->replaces) ||
	    !sipd_engine_slot_take(d)) {
		sipd_account_release(used);
		return 486;
	}

	if (call_new(d, used, invite, caller)) {
		/* the host could not be told of it */
		sipd_log_warning(&d->log, "a call from %s is refused: %s",
				 caller->from, sipd_error_text());
		sipd_engine_slot_release(d);
		return 503;
	}

	return 0;
}


void sipd_incoming_start(struct sipd_account *acc)
{
	if (acc->incoming_ms)
		sipd_sip_incoming(acc->sip, incoming_handler, acc);
}
