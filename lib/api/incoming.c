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

static int open_call(struct sipd_dialed *dialed, struct sipd_invite *invite,
		     const struct sipd_invite_caller *caller)
{
	struct sipdialer *d = dialed->d;
	const struct sipd_call_in in = {
		.id = dialed->id,
		.invite = invite,
		.from = caller->from,
		.to = caller->to,
		.timeout_ms = d->incoming_ms,
	};
	struct sipd_event_node *node = sipd_event_reserve(d->events);
	struct sipdialer_event ev;
	int err;

	if (!node)
		return SIPDIALER_EFULL;

	err = sipd_call_open_in(&dialed->call, &d->env, &in,
				&sipd_dialed_handlers, dialed);
	if (err) {
		sipd_event_unreserve(d->events, node);
		return err;
	}

	ev = sipd_engine_event(SIPDIALER_EVENT_CALL_INCOMING);
	ev.call = dialed->id;
	ev.direction = 1;
	ev.from = caller->from;
	ev.to = caller->to;
	ev.text = *caller->name ? caller->name : NULL;
	sipd_event_push_reserved(d->events, node, &ev);

	return SIPDIALER_OK;
}


/* A slot is taken. */
static int call_new(struct sipdialer *d, struct sipd_invite *invite,
		    const struct sipd_invite_caller *caller)
{
	/* its audio comes with the answer */
	const struct sipd_hostaudio_conf none = {0};
	struct sipd_dialed *dialed;
	int err = sipd_dialed_new(&dialed, d, caller->to, &none);

	if (err)
		return err;

	++d->open_calls;
	++d->calls_in;
	(void)pthread_mutex_lock(&d->lock);
	dialed->inbound = true;
	(void)pthread_mutex_unlock(&d->lock);
	err = open_call(dialed, invite, caller);
	if (err) {
		sipd_dialed_drop(dialed);
		return err;
	}

	++d->calls_up;
	atomic_fetch_add(&d->counts.calls, 1);

	return SIPDIALER_OK;
}


static int incoming_handler(struct sipd_invite *invite,
			    const struct sipd_invite_caller *caller, void *arg)
{
	struct sipdialer *d = arg;

	const unsigned max = atomic_load(&d->max_incoming);

	if (d->stopping)
		return 480;
	if ((max && d->calls_in >= max) || !sipd_engine_slot_take(d))
		return 486;

	if (call_new(d, invite, caller)) {
		/* the host could not be told of it */
		sipd_log_warning(&d->log, "a call from %s is refused: %s",
				 caller->from, sipd_error_text());
		sipd_engine_slot_release(d);
		return 503;
	}

	return 0;
}


void sipd_incoming_start(struct sipdialer *d)
{
	if (d->incoming_ms)
		sipd_sip_incoming(d->sip, incoming_handler, d);
}


/* ---- decided ------------------------------------------------------------- */

struct decision {
	struct sipd_work work; /* first member */
	struct sipdialer *d;
	uint64_t call;
	struct sipd_options *options; /* to answer with; NULL: reject */
	struct sipd_hostaudio *audio; /* made, until the call has it */
	int sip_status;
};


static void decision_free(struct decision *n)
{
	if (n->options) {
		sipd_options_close(n->options);
		free(n->options);
	}
	sipd_hostaudio_unref(n->audio);
	free(n);
}


static void decision_work(struct sipd_work *work)
{
	struct decision *n = (struct decision *)(void *)work;
	const struct sipd_dialed *dialed;
	struct sipd_call_conf conf;

	(void)pthread_mutex_lock(&n->d->lock);
	dialed = sipd_idmap_get(&n->d->live, n->call);
	(void)pthread_mutex_unlock(&n->d->lock);

	if (dialed && dialed->call && n->options) {
		sipd_calls_conf(n->options, &conf);
		conf.audio = dialed->audio;
		sipd_call_answer(dialed->call, &conf);
	}
	else if (dialed && dialed->call) {
		sipd_call_reject(dialed->call, n->sip_status);
	}
	decision_free(n);
}


/* Why not; NULL: it may. @locks d->lock */
static const char *undecidable(const struct sipd_dialed *dialed)
{
	if (!dialed->inbound)
		return "is outbound: it is not ours to answer or reject";
	if (dialed->decided)
		return "was answered or rejected before";

	return NULL;
}


/* Verbs find it from here on, and after the call. @locks d->lock */
static int give_audio(struct sipd_dialed *dialed, struct decision *n)
{
	if (!n->audio)
		return SIPDIALER_OK;
	if (!sipd_idmap_put(&n->d->audios, dialed->id, n->audio))
		return sipd_error(SIPDIALER_ENOMEM, "no memory for a call");

	dialed->audio = sipd_hostaudio_ref(n->audio);
	n->audio = NULL;

	return SIPDIALER_OK;
}


/* Once a call, and none for one that we dialed. */
static int claim(struct sipdialer *d, struct decision *n)
{
	const unsigned long long call = n->call;
	struct sipd_dialed *dialed;
	const char *why;
	int err;

	(void)pthread_mutex_lock(&d->lock);
	dialed = sipd_idmap_get(&d->live, n->call);
	why = dialed ? undecidable(dialed) : NULL;
	if (!dialed)
		err = sipd_error(SIPDIALER_ENOENT, "no call %llu (any more)",
				 call);
	else if (why)
		err = sipd_error(SIPDIALER_ESTATE, "call %llu %s", call, why);
	else
		err = give_audio(dialed, n);
	if (!err)
		dialed->decided = true;
	(void)pthread_mutex_unlock(&d->lock);

	return err;
}


/* Takes over n if it succeeds. */
static int decide(struct sipdialer *d, struct decision *n)
{
	const int err = claim(d, n);

	if (!err) {
		n->work.h = decision_work;
		sipd_loop_post(d->loop, &n->work);
	}

	return err;
}


static int decision_new(struct decision **np, struct sipdialer *d,
			uint64_t call)
{
	struct decision *n = calloc(1, sizeof(*n));

	if (!n)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for a command");

	n->d = d;
	n->call = call;
	*np = n;

	return SIPDIALER_OK;
}


static int audio_make(struct sipdialer *d, struct decision *n)
{
	const struct sipd_hostaudio_conf conf = sipd_audio_conf(d, n->options);

	return conf.rate ? sipd_hostaudio_open(&n->audio, &conf)
			 : SIPDIALER_OK;
}


int sipdialer_call_answer(struct sipdialer *d, uint64_t call,
			  const char *const *options)
{
	struct decision *n = NULL;
	int err;

	if (!d)
		return sipd_error(SIPDIALER_EINVAL, "d is NULL");

	err = sipd_engine_enter(d);
	if (err)
		return err;

	err = decision_new(&n, d, call);
	if (!err)
		err = sipd_calls_options(d, options, &n->options);
	if (!err)
		err = audio_make(d, n);
	if (!err)
		err = decide(d, n);
	if (err && n)
		decision_free(n);
	sipd_engine_leave(d);

	return err;
}


int sipdialer_call_reject(struct sipdialer *d, uint64_t call, int sip_status)
{
	struct decision *n = NULL;
	int err;

	if (!d)
		return sipd_error(SIPDIALER_EINVAL, "d is NULL");
	if (sip_status < 400 || sip_status > 699)
		return sipd_error(SIPDIALER_EINVAL,
				  "status %d is not within 400 to 699",
				  sip_status);

	err = sipd_engine_enter(d);
	if (err)
		return err;

	err = decision_new(&n, d, call);
	if (!err) {
		n->sip_status = sip_status;
		err = decide(d, n);
	}
	if (err && n)
		decision_free(n);
	sipd_engine_leave(d);

	return err;
}
