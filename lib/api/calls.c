/**
 * @file api/calls.c  Calls: how they begin and end
 *
 * The host's verb in; the row, then CALL_ENDED out.
 */
#include "api/calls.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "api/amd.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "base/words.h"


static const struct sipd_account *account_of(const struct sipd_dialed *dialed)
{
	return dialed->account ? dialed->account : &dialed->d->own;
}


/* ---- the end ----------------------------------------------------------- */

static void dialed_free(struct sipd_dialed *dialed)
{
	sipd_account_release(dialed->account);
	sipd_contact_row_free(&dialed->contact);
	sipd_hostaudio_unref(dialed->audio);
	if (dialed->options) {
		sipd_options_close(dialed->options);
		free(dialed->options);
	}
	for (size_t i = 0; i < sizeof(dialed->text) / sizeof(char *); i++)
		free(dialed->text[i]);
	free(dialed->refer_to);
	free(dialed->refer_lines);
	free(dialed->lines);
	free(dialed->to);
	free(dialed);
}


static void unlist(struct sipd_dialed *dialed)
{
	struct sipdialer *d = dialed->d;

	(void)pthread_mutex_lock(&d->lock);
	(void)sipd_idmap_remove(&d->live, dialed->id);
	(void)pthread_mutex_unlock(&d->lock);
	--d->open_calls;
	if (dialed->inbound)
		--d->calls_in;
}


void sipd_dialed_drop(struct sipd_dialed *dialed)
{
	struct sipdialer *d = dialed->d;

	unlist(dialed);
	sipd_audio_gone(dialed->id, d);
	sipd_event_unreserve(d->events, dialed->end_node);
	dialed_free(dialed);
}


/* The rows are durable (or there is no store): tell, and let go. */
static void tell_end(struct sipd_dialed *dialed)
{
	struct sipdialer *d = dialed->d;

	atomic_fetch_add(&d->counts.ended, 1);
	atomic_fetch_add(&d->counts.by_disposition[dialed->end.disposition],
			 1);

	/* who hears of the end may dial again, or remove the account, at once */
	unlist(dialed);
	sipd_engine_slot_release(d);
	sipd_account_release(dialed->account);
	dialed->account = NULL;
	sipd_event_push_reserved(d->events, dialed->end_node, &dialed->end);

	if (dialed->owner)
		dialed->owner->over(dialed);
	dialed_free(dialed);
	sipd_engine_released(d);
	sipd_engine_step(d);
}


static void result_run(struct sipd_job *job)
{
	struct sipd_dialed *dialed = sipd_dialed_of(job);

	dialed->err = sipd_store_result(job->store, &dialed->result);
	if (dialed->err == SIPDIALER_EIO)
		job->err = SIPDIALER_EIO;
}


static void result_done(struct sipd_job *job)
{
	struct sipd_dialed *dialed = sipd_dialed_of(job);

	if (job->err || dialed->err)
		sipd_log_error(&dialed->d->log,
			       "call %llu: result not stored (%s)",
			       (unsigned long long)dialed->id,
			       sipdialer_strerror(job->err ? job->err
							   : dialed->err));
	if (job->err || dialed->err)
		dialed->end.error = job->err ? job->err : dialed->err;
	tell_end(dialed);
}


/* A copy that lives as long as the dialed; NULL stays NULL. */
static const char *keep(struct sipd_dialed *dialed, size_t i, const char *s)
{
	free(dialed->text[i]);
	dialed->text[i] = sipd_strdup(s);

	return dialed->text[i];
}


static void fill_result(struct sipd_dialed *dialed,
			const struct sipd_call_record *rec)
{
	struct sipd_result *r = &dialed->result;

	*r = (struct sipd_result){
		.call = dialed->id,
		.direction = dialed->inbound,
		.number = dialed->to,
		.from = keep(dialed, 0,
			     (rec->from && *rec->from) || dialed->inbound
				     ? rec->from
				     : account_of(dialed)->user),
		.callid = keep(dialed, 1, rec->callid),
		.start_ms = rec->start_ms ? rec->start_ms : rec->end_ms,
		.ring_start_ms = rec->ring_ms_at,
		.answer_ms = rec->answer_ms,
		.end_ms = rec->end_ms,
		.disposition = (int)rec->disposition,
		.sip_status = rec->outcome.sip_status,
		.q850 = rec->outcome.q850,
		.reason = keep(dialed, 2, rec->reason),
		.codec = rec->codec,
		.dtmf = keep(dialed, 3, rec->dtmf),
		.recording = keep(dialed, 4, rec->recording),
		.rtp_tx = rec->rtp.tx,
		.rtp_rx = rec->rtp.rx,
		.rtp_lost = rec->rtp.lost,
		.jitter_ms = rec->rtp.jitter_ms,
		.rtt_ms = rec->rtp.rtt_ms,
		.mos = rec->rtp.mos,
		.amd = rec->amd.verdict,
		.amd_at_ms = rec->amd.at_ms,
		.beep_at_ms = rec->amd.beep_at_ms,
		.sit = rec->amd.sit,
		.message = rec->amd.message,
	};

	if (dialed->owner)
		dialed->owner->result(dialed, rec, r);
}


static void fill_event(struct sipd_dialed *dialed,
		       const struct sipd_call_record *rec)
{
	const struct sipd_result *r = &dialed->result;
	struct sipdialer_event *ev = &dialed->end;

	*ev = sipd_engine_event(SIPDIALER_EVENT_CALL_ENDED);
	ev->call = dialed->id;
	ev->direction = r->direction;
	ev->campaign = r->campaign;
	ev->contact = r->contact;
	ev->error = rec->outcome.error;
	ev->disposition = r->disposition;
	ev->sip_status = r->sip_status;
	ev->q850 = r->q850;
	ev->ring_ms = rec->ring_ms;
	ev->talk_ms = rec->talk_ms;
	ev->retry_ms = -1;
	if (r->contact && r->contact_status == SIPDIALER_CONTACT_PENDING)
		ev->retry_ms = r->due_ms > r->end_ms ? r->due_ms - r->end_ms
						     : 0;
	ev->to = r->number;
	ev->from = r->from;
	ev->reason = r->reason;
	ev->codec = r->codec;
	ev->srtp = rec->srtp;
	ev->dtmf = r->dtmf;
	ev->recording = r->recording;
	ev->account = sipd_account_name(account_of(dialed));
	ev->rtp_tx = r->rtp_tx;
	ev->rtp_rx = r->rtp_rx;
	ev->rtp_lost = r->rtp_lost;
	ev->rtp_jitter_ms = r->jitter_ms;
	ev->rtp_rtt_ms = r->rtt_ms;
	ev->mos = r->mos;
	ev->amd = rec->amd.verdict;
	ev->at_ms = rec->amd.at_ms;
	ev->confidence = (double)rec->amd.confidence;
	ev->beep_at_ms = rec->amd.beep_at_ms;
	ev->sit = rec->amd.sit;
	ev->message = rec->amd.message;
}


void sipd_dialed_ended(struct sipd_call *call,
		       const struct sipd_call_record *rec, void *arg)
{
	struct sipd_dialed *dialed = arg;
	struct sipdialer *d = dialed->d;
	(void)call;

	if (dialed->call)
		--d->calls_up;
	dialed->call = NULL;

	if (dialed->owner && !rec->start_ms && dialed->owner->unsent(dialed))
		return;

	fill_result(dialed, rec);
	fill_event(dialed, rec);

	if (!d->store) {
		tell_end(dialed);
		return;
	}

	dialed->job = (struct sipd_job){
		.run = result_run,
		.done = result_done,
		.store = d->store,
	};
	sipd_disk_post(d->disk, &dialed->job);
}


/* ---- the beginning ----------------------------------------------------- */

void sipd_calls_conf(const struct sipd_options *o, struct sipd_call_conf *conf)
{
	const char *play = sipd_opt_str(o, SIPD_OPT_CALL_PLAY);

	*conf = (struct sipd_call_conf){
		.caller_id = sipd_opt_str(o, SIPD_OPT_SIP_CALLER_ID),
		.caller_name = sipd_opt_str(o, SIPD_OPT_SIP_CALLER_NAME),
		.headers = sipd_opt_str(o, SIPD_OPT_SIP_HEADER),
		.identity = {sipd_opt_str(o, SIPD_OPT_SIP_PRIVACY),
			     sipd_opt_str(o, SIPD_OPT_SIP_ASSERTED_IDENTITY),
			     sipd_opt_str(o, SIPD_OPT_SIP_PREFERRED_IDENTITY),
			     sipd_opt_str(o, SIPD_OPT_SIP_DIVERSION)},
		.ring_timeout_ms =
			(uint32_t)sipd_opt_ms(o, SIPD_OPT_DIAL_RING_TIMEOUT),
		.max_duration_ms =
			(uint32_t)sipd_opt_ms(o, SIPD_OPT_DIAL_MAX_DURATION),
		.rtp_timeout_ms =
			(uint32_t)sipd_opt_ms(o, SIPD_OPT_MEDIA_RTP_TIMEOUT),
		/* ERR-002: "none" is no file name */
		.play = strcmp(play, "none") ? play : "",
		.srtp = (enum sipd_srtp_mode)
			sipd_opt_enum(o, SIPD_OPT_MEDIA_SRTP),
		.rtcp_mux = sipd_opt_bool(o, SIPD_OPT_MEDIA_RTCP_MUX),
		.dtmf = sipd_opt_str(o, SIPD_OPT_CALL_DTMF),
		.dtmf_mode = (enum sipd_dtmf_mode)
			sipd_opt_enum(o, SIPD_OPT_MEDIA_DTMF),
		.record = sipd_opt_str(o, SIPD_OPT_CALL_RECORD),
		.record_stereo = sipd_opt_bool(o, SIPD_OPT_CALL_RECORD_STEREO),
		.record_policy = (enum sipd_record_policy)
			sipd_opt_enum(o, SIPD_OPT_RECORD_POLICY),
		.record_name = sipd_opt_str(o, SIPD_OPT_RECORD_NAME),
		.record_max_bytes =
			(uint64_t)sipd_opt_int(o, SIPD_OPT_RECORD_MAX_SIZE) *
			1024 * 1024,
		.record_max_ms =
			(uint32_t)sipd_opt_ms(o, SIPD_OPT_RECORD_MAX_DURATION),
		.hold_play = sipd_opt_str(o, SIPD_OPT_CALL_HOLD_PLAY),
		.refer_ask = sipd_opt_enum(o, SIPD_OPT_CALL_REFER) == 1,
	};
	sipd_amd_conf(o, &conf->amd);
	conf->codecc = sipd_calls_codecs(o, conf->codecs);
	conf->hangup_after_play =
		sipd_opt_bool(o, SIPD_OPT_CALL_HANGUP_AFTER_PLAY);
}


/* Of the block this engine has in its store */
static int id_take(struct sipdialer *d, uint64_t *id)
{
	uint64_t next = atomic_load(&d->next_call);

	if (!d->end_call)
		return sipd_error(SIPDIALER_EIO,
				  "no call ids: the store could not be "
				  "written when the engine started");

	do {
		if (next >= d->end_call)
			return sipd_error(
				SIPDIALER_EFULL,
				"call ids end at %llu: start the engine anew",
				(unsigned long long)d->end_call);
	} while (
		!atomic_compare_exchange_weak(&d->next_call, &next, next + 1));
	*id = next;

	return SIPDIALER_OK;
}


/* Into the maps of the engine, that verbs find it in. */
static int list(struct sipd_dialed *dialed,
		const struct sipd_hostaudio_conf *audio)
{
	struct sipdialer *d = dialed->d;
	bool listed;
	int err;

	err = sipd_audio_open(dialed, audio);
	if (err)
		return err;

	(void)pthread_mutex_lock(&d->lock);
	listed = sipd_idmap_put(&d->live, dialed->id, dialed);
	(void)pthread_mutex_unlock(&d->lock);
	if (listed)
		return SIPDIALER_OK;

	sipd_audio_gone(dialed->id, d);

	return sipd_error(SIPDIALER_ENOMEM, "no memory for a call");
}


int sipd_dialed_new(struct sipd_dialed **dp, struct sipdialer *d,
		    const char *to, const struct sipd_hostaudio_conf *audio)
{
	struct sipd_dialed *dialed;
	uint64_t id = 0;
	int err = id_take(d, &id);

	if (err)
		return err;

	dialed = calloc(1, sizeof(*dialed));
	if (!dialed)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for a call");

	dialed->d = d;
	dialed->id = id;
	dialed->audio_rate = audio->rate;
	dialed->to = sipd_strdup(to);
	dialed->end_node = sipd_event_reserve(d->events);
	if (!dialed->end_node)
		err = SIPDIALER_EFULL; /* too many events not pulled */
	else if (!dialed->to)
		err = sipd_error(SIPDIALER_ENOMEM, "no memory for a call");
	else
		err = list(dialed, audio);

	if (err) {
		sipd_event_unreserve(d->events, dialed->end_node);
		dialed_free(dialed);
		return err;
	}

	*dp = dialed;

	return SIPDIALER_OK;
}


/* The call could not even begin: its end is told all the same. */
static void fail(struct sipd_dialed *dialed,
		 const struct sipd_outcome *outcome, const char *reason)
{
	const struct sipd_call_record rec = {
		.id = dialed->id,
		.to = dialed->to,
		.end_ms = sipd_wall_ms(),
		.outcome = *outcome,
		.disposition = sipd_disposition(outcome),
		.reason = reason,
		.amd.beep_at_ms = -1,
	};

	sipd_dialed_ended(NULL, &rec, dialed);
}


void sipd_dialed_start(struct sipd_dialed *dialed,
		       const struct sipd_call_conf *conf)
{
	struct sipdialer *d = dialed->d;
	struct sipd_call_env env = d->env;
	struct sipd_call_conf own = *conf;
	int err;

	if (d->stopping || dialed->quit) {
		fail(dialed, &(struct sipd_outcome){.local = true},
		     "hung up before it was dialed");
		return;
	}
	if (dialed->denied) {
		fail(dialed, &(struct sipd_outcome){.policy = true},
		     "policy: see the decision record");
		return;
	}

	own.id = dialed->id;
	own.to = dialed->to;
	own.audio = dialed->audio;
	atomic_fetch_add(&d->counts.calls, 1);
	env.sip = account_of(dialed)->sip;
	err = sipd_call_open(&dialed->call, &env, &own, &sipd_dialed_handlers,
			     dialed);
	if (err)
		fail(dialed, &(struct sipd_outcome){.error = err},
		     sipd_error_text());
	else
		++d->calls_up;
}


static void start_work(struct sipd_work *work)
{
	struct sipd_dialed *dialed = (struct sipd_dialed *)(void *)work;
	struct sipd_call_conf conf;

	const struct sipd_dialed *by = sipd_dialed_find(dialed->d,
							dialed->asked_by);

	++dialed->d->open_calls;
	if (by && by->call && !sipd_call_refer_waits(by->call)) {
		fail(dialed, &(struct sipd_outcome){.local = true},
		     "the far end that asked for it was refused before");
		return;
	}
	sipd_calls_conf(dialed->options, &conf);
	conf.asked_by = by ? by->call : NULL;
	if (dialed->lines)
		conf.headers = dialed->lines;
	sipd_dialed_start(dialed, &conf);
}


/* Header lines for one that was asked for, before those of the options. */
static int lines_join(struct sipd_dialed *dialed, const char *lines)
{
	const char *own = sipd_opt_str(dialed->options, SIPD_OPT_SIP_HEADER);
	const size_t size = strlen(lines) + strlen(own) + 1;

	dialed->lines = malloc(size);
	if (!dialed->lines)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for a call");
	(void)snprintf(dialed->lines, size, "%s%s", lines, own);

	return SIPDIALER_OK;
}


static int has_server(const struct sipdialer *d, const char *to)
{
	return d->has_server || !strncasecmp(to, "sip:", 4)
		       ? SIPDIALER_OK
		       : sipd_error(
				 SIPDIALER_ESTATE,
				 "\"%s\" is a number, and option sip.server, "
				 "that numbers are dialed through, is not "
				 "set",
				 to);
}


/* A call that another one asked for goes the way of that, if nothing else is
 * said. */
static int account_of_asker(const struct sipd_call_wish *wish,
			    struct sipdialer *d, struct sipd_options *o)
{
	char name[SIPD_ACCOUNT_NAME_MAX + 1] = "";
	const struct sipd_dialed *asker;

	if (!wish->asked_by || *sipd_opt_str(o, SIPD_OPT_CALL_ACCOUNT))
		return SIPDIALER_OK;

	(void)pthread_mutex_lock(&d->lock);
	asker = sipd_idmap_get(&d->live, wish->asked_by);
	if (asker && asker->account)
		(void)sipd_strcpy(name, sizeof(name), asker->account->name);
	(void)pthread_mutex_unlock(&d->lock);

	return *name ? sipd_options_set(o, "call.account", name, false)
		     : SIPDIALER_OK;
}


/* Takes over the slot if it succeeds. */
static int call_new(struct sipdialer *d, const struct sipd_call_wish *wish,
		    uint64_t *call)
{
	struct sipd_hostaudio_conf audio;
	struct sipd_account *acc = NULL;
	struct sipd_options *o = NULL;
	struct sipd_dialed *dialed;
	int err;

	err = sipd_calls_options(d, 0, wish->options, &o);
	if (err)
		return err;

	err = account_of_asker(wish, d, o);
	if (!err)
		err = sipd_account_choose(d, o, wish->options, NULL, &acc);
	if (!err && !acc)
		err = has_server(d, wish->to);
	if (!err)
		err = sipd_amd_check(o);
	if (!err) {
		audio = sipd_audio_conf(d, o);
		err = sipd_dialed_new(&dialed, d, wish->to, &audio);
	}
	if (err) {
		sipd_account_release(acc);
		sipd_options_close(o);
		free(o);
		return err;
	}

	dialed->account = acc;
	dialed->options = o;
	dialed->asked_by = wish->asked_by;
	if (wish->lines)
		err = lines_join(dialed, wish->lines);
	if (err) {
		++d->open_calls;
		sipd_dialed_drop(dialed);
		return err;
	}

	dialed->work.h = start_work;
	*call = dialed->id;
	sipd_loop_post(d->loop, &dialed->work);

	return SIPDIALER_OK;
}


static int dial(struct sipdialer *d, const struct sipd_call_wish *wish,
		uint64_t *call)
{
	int err;

	if (!sipd_engine_slot_take(d))
		return sipd_error(SIPDIALER_EFULL,
				  "%u calls are in progress, the limit of "
				  "dial.max_calls",
				  atomic_load(&d->max_calls));

	err = call_new(d, wish, call);
	if (err)
		sipd_engine_slot_release(d);

	return err;
}


int sipd_calls_dial(struct sipdialer *d, const struct sipd_call_wish *wish,
		    uint64_t *call)
{
	int err = sipd_engine_enter(d);

	if (err)
		return err;

	err = dial(d, wish, call);
	sipd_engine_leave(d);

	return err;
}


int sipdialer_call(struct sipdialer *d, const char *to,
		   const char *const *options, uint64_t *call)
{
	const struct sipd_call_wish wish = {.to = to, .options = options};
	int err;

	if (!d || !to || !call)
		return sipd_error(SIPDIALER_EINVAL, "an argument is NULL");

	err = sipd_sip_check_target(to);

	return err ? err : sipd_calls_dial(d, &wish, call);
}
