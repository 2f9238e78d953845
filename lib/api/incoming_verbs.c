/**
 * @file api/incoming_verbs.c  What becomes of a call that came in
 *
 * Answered, refused, sent elsewhere, heard before: decided once by the host, or
 * by the options when it does not say in time.  docs/incoming.md
 */
#include "api/calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/error.h"
#include "base/text.h"


struct decision {
	struct sipd_work work; /* first member */
	struct sipdialer *d;
	uint64_t call;
	bool early;                   /* before the answer */
	struct sipd_options *options; /* of that, or of the answer; NULL: no */
	struct sipd_hostaudio *audio; /* made, until the call has it */
	uint32_t audio_rate;
	int sip_status; /* to refuse it with; 302: */
	char *to;       /* where it is sent; NULL: nowhere */
};


static void decision_free(struct decision *n)
{
	if (n->options) {
		sipd_options_close(n->options);
		free(n->options);
	}
	sipd_hostaudio_unref(n->audio);
	free(n->to);
	free(n);
}


static void carry_out(const struct decision *n,
		      const struct sipd_dialed *dialed)
{
	struct sipd_call_conf conf;

	if (n->to) {
		sipd_call_redirect(dialed->call, n->to);
		return;
	}
	if (!n->options) {
		sipd_call_reject(dialed->call, n->sip_status);
		return;
	}

	sipd_calls_conf(n->options, &conf);
	conf.audio = dialed->audio;
	if (n->early)
		sipd_call_early(dialed->call, &conf,
				(uint32_t)sipd_opt_ms(
					n->options,
					SIPD_OPT_INCOMING_EARLY_TIMEOUT));
	else
		sipd_call_answer(dialed->call, &conf);
}


static void decision_work(struct sipd_work *work)
{
	struct decision *n = (struct decision *)(void *)work;
	const struct sipd_dialed *dialed = sipd_dialed_find(n->d, n->call);

	if (dialed && dialed->call)
		carry_out(n, dialed);
	decision_free(n);
}


/* Why not; NULL: it may. @locks d->lock */
static const char *undecidable(const struct sipd_dialed *dialed,
			       const struct decision *n)
{
	if (!dialed->inbound)
		return "is outbound: it is not ours to answer or reject";
	if (dialed->decided)
		return "was answered or rejected before";
	if (n->early && dialed->early)
		return "has audio before the answer already";
	if (n->audio && dialed->early && !dialed->audio)
		return "has had its audio before the answer without the "
		       "host: call.audio has to come with "
		       "sipdialer_call_early()";

	return NULL;
}


/* Verbs find it from here on, and after the call. @locks d->lock */
static int give_audio(struct sipd_dialed *dialed, struct decision *n)
{
	if (!n->audio || dialed->audio)
		return SIPDIALER_OK;
	if (!sipd_idmap_put(&n->d->audios, dialed->id, n->audio))
		return sipd_error(SIPDIALER_ENOMEM, "no memory for a call");

	dialed->audio = sipd_hostaudio_ref(n->audio);
	dialed->audio_rate = n->audio_rate;
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
	why = dialed ? undecidable(dialed, n) : NULL;
	if (!dialed)
		err = sipd_error(SIPDIALER_ENOENT, "no call %llu (any more)",
				 call);
	else if (why)
		err = sipd_error(SIPDIALER_ESTATE, "call %llu %s", call, why);
	else
		err = give_audio(dialed, n);
	if (!err && n->early)
		dialed->early = true;
	else if (!err)
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

	n->audio_rate = conf.rate;

	return conf.rate ? sipd_hostaudio_open(&n->audio, &conf)
			 : SIPDIALER_OK;
}


static int take(struct sipdialer *d, uint64_t call, bool early,
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
		err = sipd_calls_options(d, call, options, &n->options);
	if (!err) {
		n->early = early;
		err = audio_make(d, n);
	}
	if (!err)
		err = decide(d, n);
	if (err && n)
		decision_free(n);
	sipd_engine_leave(d);

	return err;
}


int sipdialer_call_answer(struct sipdialer *d, uint64_t call,
			  const char *const *options)
{
	return take(d, call, false, options);
}


int sipdialer_call_early(struct sipdialer *d, uint64_t call,
			 const char *const *options)
{
	return take(d, call, true, options);
}


/* Its call may have come in by one of them. */
static bool has_accounts(struct sipdialer *d)
{
	bool has;

	(void)pthread_mutex_lock(&d->lock);
	has = d->accountc > 0;
	(void)pthread_mutex_unlock(&d->lock);

	return has;
}


static int refuse(struct sipdialer *d, uint64_t call, int sip_status,
		  const char *to)
{
	struct decision *n = NULL;
	int err;

	err = sipd_engine_enter(d);
	if (err)
		return err;

	err = decision_new(&n, d, call);
	if (!err && to) {
		n->to = sipd_strdup(to);
		if (!n->to)
			err = sipd_error(SIPDIALER_ENOMEM,
					 "no memory for a command");
		else if (!d->has_server && !has_accounts(d) &&
			 strncasecmp(to, "sip:", 4))
			err = sipd_error(SIPDIALER_ESTATE,
					 "\"%s\" is a number, and option "
					 "sip.server, that it is at, is not "
					 "set",
					 to);
	}
	if (!err) {
		n->sip_status = sip_status;
		err = decide(d, n);
	}
	if (err && n)
		decision_free(n);
	sipd_engine_leave(d);

	return err;
}


int sipdialer_call_reject(struct sipdialer *d, uint64_t call, int sip_status)
{
	int err;

	if (!d)
		return sipd_error(SIPDIALER_EINVAL, "d is NULL");

	err = sipd_call_check_refusal(sip_status);

	return err ? err : refuse(d, call, sip_status, NULL);
}


int sipdialer_call_redirect(struct sipdialer *d, uint64_t call, const char *to)
{
	int err;

	if (!d || !to)
		return sipd_error(SIPDIALER_EINVAL, "an argument is NULL");

	err = sipd_sip_check_target(to);

	return err ? err : refuse(d, call, 302, to);
}


/* ---- by the options --------------------------------------------------------- */

static bool decided(struct sipd_dialed *dialed)
{
	struct sipdialer *d = dialed->d;
	bool was;

	(void)pthread_mutex_lock(&d->lock);
	was = dialed->decided;
	dialed->decided = true;
	(void)pthread_mutex_unlock(&d->lock);

	return was;
}


/* Nobody is there to hear that its file could not be made: a folder, as for
 * campaigns. */
static void conf_of_nobody(const struct sipd_options *o, uint64_t call,
			   struct sipd_call_conf *conf, char *file,
			   size_t size)
{
	const char *play = sipd_opt_str(o, SIPD_OPT_INCOMING_PLAY);

	sipd_calls_conf(o, conf);
	if (*play)
		conf->play = strcmp(play, "none") ? play : "";
	if (*conf->play)
		conf->hangup_after_play = true;
	if (!*conf->record)
		return;
	(void)snprintf(file, size, "%s/call-%llu.wav", conf->record,
		       (unsigned long long)call);
	conf->record = file;
}


void sipd_incoming_undecided(struct sipd_dialed *dialed)
{
	struct sipd_options *o = NULL;
	struct sipd_call_conf conf;
	char file[4200];

	if (decided(dialed))
		return; /* a verb is on its way */

	if (sipd_calls_options(dialed->d, dialed->id, NULL, &o)) {
		sipd_call_reject(dialed->call, 500);
		return;
	}
	conf_of_nobody(o, dialed->id, &conf, file, sizeof(file));
	sipd_call_answer(dialed->call, &conf);
	sipd_options_close(o);
	free(o);
}


/* ---- in another's place ----------------------------------------------------- */

/* Nothing plays anew; the host hears and speaks as it did. */
static int options_replacing(const struct sipd_dialed *dialed,
			     struct sipd_options **op)
{
	const struct sipd_dialed *old = sipd_dialed_find(dialed->d,
							 dialed->replaces);
	char audio[32] = "call.audio=off";
	const char *const list[] = {"call.play=", "call.record=",
				    "call.dtmf=", "call.hangup_after_play=no",
				    audio,        NULL};

	if (old && old->audio_rate)
		(void)snprintf(audio, sizeof(audio), "call.audio=%u",
			       old->audio_rate);

	return sipd_calls_options(dialed->d, dialed->id, list, op);
}


void sipd_incoming_replace(struct sipd_dialed *dialed)
{
	struct decision *n = NULL;
	int err = decision_new(&n, dialed->d, dialed->id);

	if (!err)
		err = options_replacing(dialed, &n->options);
	if (!err)
		err = audio_make(dialed->d, n);
	if (!err)
		err = decide(dialed->d, n);
	if (!err)
		return;

	sipd_log_warning(&dialed->d->log, "call %llu: %s",
			 (unsigned long long)dialed->id, sipd_error_text());
	if (n)
		decision_free(n);
	sipd_call_reject(dialed->call, 500);
}


void sipd_incoming_replaced(struct sipd_dialed *dialed)
{
	const struct sipd_dialed *old = sipd_dialed_find(dialed->d,
							 dialed->replaces);

	if (old && old->call)
		sipd_call_take_over(dialed->call, old->call);
}
