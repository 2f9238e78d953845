/**
 * @file api/engine.c  Birth, start and end of an engine; its stop: stop.c
 */
#include "api/engine.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "api/calls.h"
#include "api/runner.h"
#include "api/stop.h"
#include "base/clock.h"
#include "base/container.h"
#include "base/error.h"
#include "base/text.h"
#include "port/net.h"


/* Who stops must get through a crowd of verbs. */
static void init_gate(pthread_rwlock_t *gate)
{
	pthread_rwlockattr_t attr;

	(void)pthread_rwlockattr_init(&attr);
#ifdef __GLIBC__
	/* no verb calls a verb while it holds the gate */
	(void)pthread_rwlockattr_setkind_np(
		&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
#endif
	(void)pthread_rwlock_init(gate, &attr);
	(void)pthread_rwlockattr_destroy(&attr);
}


int sipdialer_create(struct sipdialer **dp)
{
	struct sipdialer *d;

	if (!dp)
		return sipd_error(SIPDIALER_EINVAL, "dp is NULL");

	d = calloc(1, sizeof(*d));
	if (!d)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for an engine");

	if (sipd_events_open(&d->events, SIPD_EVENTS_FIRST)) {
		free(d);
		return SIPDIALER_ENOMEM;
	}

	init_gate(&d->gate);
	(void)pthread_mutex_init(&d->lock, NULL);
	(void)pthread_cond_init(&d->changed, NULL);
	sipd_options_init(&d->options);
	d->own.d = d;
	d->released_h = sipd_run_pump_all;
	d->step_h = sipd_stop_step;
	d->look_h = sipd_watch_scan;
	sipd_events_on_gone(d->events, sipd_audio_gone, d);
	sipd_log_init(&d->log, SIPDIALER_LOG_WARNING, sipd_events_log_h,
		      d->events);
	atomic_init(&d->next_call, 1);
	atomic_init(&d->next_request, 1);
	*dp = d;

	return SIPDIALER_OK;
}


void sipdialer_destroy(struct sipdialer *d)
{
	if (!d)
		return;

	/* a second stop would hurry the first */
	if (atomic_load(&d->state) == SIPD_ENGINE_RUNNING)
		(void)sipdialer_stop(d);
	sipd_stop_join(d);

	sipd_options_close(&d->options);
	sipd_accounts_free(d);
	sipd_events_close(d->events);
	sipd_audio_close_all(d);
	sipd_idmap_close(&d->live);
	(void)pthread_cond_destroy(&d->changed);
	(void)pthread_mutex_destroy(&d->lock);
	(void)pthread_rwlock_destroy(&d->gate);
	free(d);
}


/* ---- start ------------------------------------------------------------- */

/* Campaigns dial only while registered, if it should be. */
static void note_registration(struct sipd_account *acc, bool registered)
{
	const bool was = acc->registered;
	struct sipdialer *d = acc->d;

	acc->registered = registered;
	if (d->stopping || was == registered)
		return;

	if (registered)
		sipd_run_pump_all(d);
	else if (d->runs)
		sipd_log_warning(&d->log,
				 "not registered any more: campaigns wait");
}


static void reg_handler(const struct sipd_reg_state *st, void *arg)
{
	struct sipd_account *acc = arg;
	struct sipdialer *d = acc->d;
	struct sipdialer_event ev = sipd_engine_event(
		SIPDIALER_EVENT_REGISTRATION);

	(void)pthread_mutex_lock(&d->lock);
	acc->reg = *st;
	(void)sipd_strcpy(acc->reg_reason, sizeof(acc->reg_reason),
			  st->reason ? st->reason : "");
	acc->reg.reason = acc->reg_reason;
	acc->reg.headers = NULL; /* lives as long as the event is made */
	(void)pthread_mutex_unlock(&d->lock);

	ev.status = st->state;
	ev.sip_status = st->sip_status;
	ev.reason = st->reason;
	ev.expires_s = st->expires;
	ev.retry_ms = st->retry_ms;
	ev.headers = st->headers;
	ev.account = sipd_account_name(acc);
	sipd_event_push(d->events, &ev);
	note_registration(acc, st->state == SIPDIALER_REGISTRATION_REGISTERED);
}


static void store_state_handler(const char *text, void *arg)
{
	struct sipdialer *d = arg;
	struct sipdialer_event ev = sipd_engine_event(SIPDIALER_EVENT_STORE);

	d->store_failing = text != NULL;
	ev.error = text ? SIPDIALER_EIO : SIPDIALER_OK;
	ev.text = text;
	sipd_event_push(d->events, &ev);
	if (!text)
		sipd_run_pump_all(d);
}


/* First line of the password file, without its newline. */
static int read_password(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "re");

	if (!f)
		return sipd_error(SIPDIALER_EIO,
				  "sip.password_file \"%s\" cannot be read",
				  path);

	if (!fgets(buf, (int)size, f))
		buf[0] = '\0';
	(void)fclose(f);
	buf[strcspn(buf, "\r\n")] = '\0';

	return SIPDIALER_OK;
}


static bool wants_registration(const struct sipd_options *o)
{
	enum { AUTO, YES };
	const int mode = sipd_opt_enum(o, SIPD_OPT_SIP_REGISTER);

	if (mode != AUTO)
		return mode == YES;

	return *sipd_opt_str(o, SIPD_OPT_SIP_SERVER) &&
	       *sipd_opt_str(o, SIPD_OPT_SIP_USER);
}


static int check_sip(const struct sipd_options *o)
{
	if (sipd_opt_enum(o, SIPD_OPT_SIP_REGISTER) == 1 &&
	    (!*sipd_opt_str(o, SIPD_OPT_SIP_SERVER) ||
	     !*sipd_opt_str(o, SIPD_OPT_SIP_USER)))
		return sipd_error(
			SIPDIALER_EINVAL,
			"sip.register=yes needs sip.server and sip.user");

	return sipd_sip_check_caller(sipd_opt_str(o, SIPD_OPT_SIP_CALLER_ID),
				     sipd_opt_str(o,
						  SIPD_OPT_SIP_CALLER_NAME));
}


int sipd_engine_check_sip(const struct sipd_options *o)
{
	const int err = check_sip(o);

	return err ? err : sipd_incoming_check(o);
}


/* What incoming.accept needs may be had by the accounts, which have it from the
 * engine, and not by the engine itself. @locks d->lock */
static int check_options(const struct sipdialer *d,
			 const struct sipd_options *o)
{
	const int64_t lo = sipd_opt_int(o, SIPD_OPT_MEDIA_RTP_PORT_MIN);
	const int64_t hi = sipd_opt_int(o, SIPD_OPT_MEDIA_RTP_PORT_MAX);

	if ((lo || hi) && lo + 1 > hi)
		return sipd_error(
			SIPDIALER_EINVAL,
			"media.rtp_port_min %lld and media.rtp_port_max %lld "
			"leave no pair of ports",
			(long long)lo, (long long)hi);

	return d->accountc ? check_sip(o) : sipd_engine_check_sip(o);
}


static uint32_t hash_size(uint32_t max_calls)
{
	uint32_t size = 4096; /* specs/performance.md: 4,096 and more */

	while (size < max_calls * 2 && size < 65536)
		size *= 2;

	return size;
}


struct sip_open {
	struct sipd_work work; /* first member */
	struct sipd_account *acc;
	struct sipd_sip_conf conf;
	char password[256];
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool finished;
	int err;
	char text[SIPD_ERROR_SIZE];
};


static void sip_open_work(struct sipd_work *work)
{
	struct sip_open *o = (struct sip_open *)(void *)work;
	struct sipdialer *d = o->acc->d;
	const int err = sipd_sip_open(&o->acc->sip, d->loop, &d->log, &o->conf,
				      reg_handler, o->acc);

	if (!err) {
		(void)pthread_mutex_lock(&d->lock);
		++d->sips;
		(void)pthread_mutex_unlock(&d->lock);
	}
	(void)pthread_mutex_lock(&o->lock);
	o->err = err;
	(void)sipd_strcpy(o->text, sizeof(o->text), sipd_error_text());
	o->finished = true;
	(void)pthread_cond_signal(&o->cond);
	(void)pthread_mutex_unlock(&o->lock);
}


static void sip_conf(const struct sipd_options *o, struct sip_open *so)
{
	const char *agent = sipd_opt_str(o, SIPD_OPT_SIP_USER_AGENT);

	so->conf = (struct sipd_sip_conf){
		.server = sipd_opt_str(o, SIPD_OPT_SIP_SERVER),
		.port = (uint16_t)sipd_opt_int(o, SIPD_OPT_SIP_PORT),
		.transport = (enum sipd_transport)
			sipd_opt_enum(o, SIPD_OPT_SIP_TRANSPORT),
		.dns_servers = sipd_opt_str(o, SIPD_OPT_SIP_DNS_SERVERS),
		.blacklist_time =
			(uint32_t)(sipd_opt_ms(o,
					       SIPD_OPT_SIP_BLACKLIST_TIME) /
				   1000),
		.failover_time =
			(uint32_t)(sipd_opt_ms(o, SIPD_OPT_SIP_FAILOVER_TIME) /
				   1000),
		.user = sipd_opt_str(o, SIPD_OPT_SIP_USER),
		.auth_user = sipd_opt_str(o, SIPD_OPT_SIP_AUTH_USER),
		.password = so->password,
		.domain = sipd_opt_str(o, SIPD_OPT_SIP_DOMAIN),
		.realm = sipd_opt_str(o, SIPD_OPT_SIP_REALM),
		.digest = (enum sipd_digest)sipd_opt_enum(o,
							  SIPD_OPT_SIP_DIGEST),
		.outbound_proxy = sipd_opt_str(o, SIPD_OPT_SIP_OUTBOUND_PROXY),
		.reg = wants_registration(o),
		.reg_expires =
			(uint32_t)(sipd_opt_ms(o,
					       SIPD_OPT_SIP_REGISTER_EXPIRES) /
				   1000),
		.instance = sipd_opt_str(o, SIPD_OPT_SIP_INSTANCE),
		.keepalive_interval =
			(uint32_t)(sipd_opt_ms(
					   o,
					   SIPD_OPT_SIP_KEEPALIVE_INTERVAL) /
				   1000),
		.keepalive = (enum sipd_keepalive_by)
			sipd_opt_enum(o, SIPD_OPT_SIP_KEEPALIVE),
		.dscp = (unsigned)sipd_opt_int(o, SIPD_OPT_SIP_DSCP),
		.local_address = sipd_opt_str(o, SIPD_OPT_SIP_LOCAL_ADDRESS),
		.local_port = (uint16_t)sipd_opt_int(o,
						     SIPD_OPT_SIP_LOCAL_PORT),
		.external_address =
			sipd_opt_str(o, SIPD_OPT_SIP_EXTERNAL_ADDRESS),
		.redirect_allow = sipd_opt_str(o, SIPD_OPT_SIP_REDIRECT_ALLOW),
		.rel100 = (enum sipd_100rel)sipd_opt_enum(o,
							  SIPD_OPT_SIP_100REL),
		.keep_contact = !sipd_opt_bool(o,
					       SIPD_OPT_SIP_CONTACT_REWRITE),
		.tls_ca_file = sipd_opt_str(o, SIPD_OPT_SIP_TLS_CA_FILE),
		.tls_cert_file = sipd_opt_str(o, SIPD_OPT_SIP_TLS_CERT_FILE),
		.tls_key_file = sipd_opt_str(o, SIPD_OPT_SIP_TLS_KEY_FILE),
		.tls_verify = sipd_opt_bool(o, SIPD_OPT_SIP_TLS_VERIFY),
		.tls_1_3 = sipd_opt_enum(o, SIPD_OPT_SIP_TLS_MIN_VERSION) == 1,
		.trunks = sipd_opt_str(o, SIPD_OPT_INCOMING_TRUNKS),
		.calls_from = sipd_incoming_from(o),
		.did = (enum sipd_did)sipd_opt_enum(o, SIPD_OPT_INCOMING_DID),
		.user_agent = *agent ? agent
				     : "libsipdialer/" SIPDIALER_VERSION,
		.session_expires =
			(uint32_t)(sipd_opt_ms(o,
					       SIPD_OPT_SIP_SESSION_EXPIRES) /
				   1000),
		.session_min =
			(uint32_t)(sipd_opt_ms(o, SIPD_OPT_SIP_SESSION_MIN) /
				   1000),
		.refresher = (enum sipd_refresher)
			sipd_opt_enum(o, SIPD_OPT_SIP_SESSION_REFRESHER),
		.hash_size = hash_size(
			(uint32_t)sipd_opt_int(o, SIPD_OPT_DIAL_MAX_CALLS)),
	};
}


/* libre's objects are made on the loop thread: hand over and wait. */
static int open_sip(struct sipd_account *acc, const struct sipd_options *o)
{
	struct sip_open so = {.work.h = sip_open_work, .acc = acc};
	const char *file = sipd_opt_str(o, SIPD_OPT_SIP_PASSWORD_FILE);

	if (*file) {
		if (read_password(file, so.password, sizeof(so.password)))
			return SIPDIALER_EIO;
	}
	else {
		(void)sipd_strcpy(so.password, sizeof(so.password),
				  sipd_opt_str(o, SIPD_OPT_SIP_PASSWORD));
	}

	sip_conf(o, &so);
	(void)pthread_mutex_init(&so.lock, NULL);
	(void)pthread_cond_init(&so.cond, NULL);
	sipd_loop_post(acc->d->loop, &so.work);

	(void)pthread_mutex_lock(&so.lock);
	while (!so.finished)
		(void)pthread_cond_wait(&so.cond, &so.lock);
	(void)pthread_mutex_unlock(&so.lock);

	(void)pthread_cond_destroy(&so.cond);
	(void)pthread_mutex_destroy(&so.lock);
	explicit_bzero(so.password, sizeof(so.password));

	return so.err ? sipd_error(so.err, "%s", so.text) : SIPDIALER_OK;
}


int sipd_engine_open_sip(struct sipd_account *acc,
			 const struct sipd_options *o)
{
	acc->registered = acc->closing = false;
	acc->registers = wants_registration(o);
	acc->incoming_ms =
		sipd_opt_enum(o, SIPD_OPT_INCOMING_ACCEPT)
			? (uint32_t)sipd_opt_ms(o, SIPD_OPT_INCOMING_TIMEOUT)
			: 0;
	acc->dead = 0;
	acc->dead_until = 0;
	(void)sipd_strcpy(acc->user, sizeof(acc->user),
			  sipd_opt_str(o, SIPD_OPT_SIP_USER));
	acc->reg = (struct sipd_reg_state){.reason = ""};
	acc->reg_reason[0] = '\0';

	return open_sip(acc, o);
}


/* Other processes give ids to calls of this store, too. */
static int reserve_calls(struct sipdialer *d)
{
	uint64_t first = atomic_load(&d->next_call);
	uint64_t end;
	int err = sipd_store_calls_reserve(d->store, &first, &end);

	if (!err) {
		atomic_store(&d->next_call, first);
		d->end_call = end;
		return SIPDIALER_OK;
	}
	if (d->dials || err != SIPDIALER_EIO)
		return err;

	/* on a full disk, too, campaigns can be looked at */
	sipd_log_warning(&d->log, "no calls can be made: %s",
			 sipd_error_text());

	return SIPDIALER_OK;
}


static int open_store(struct sipdialer *d, const struct sipd_options *o)
{
	const char *path = sipd_opt_str(o, SIPD_OPT_STORE_PATH);
	uint64_t n;
	int err;

	d->dials = false;
	d->end_call = *path ? 0 : SIPD_CALL_ID_END;
	if (!*path)
		return SIPDIALER_OK;

	d->dials = sipd_opt_bool(o, SIPD_OPT_DIAL_CAMPAIGNS);
	err = sipd_store_open(&d->store, path, d->dials ? SIPD_STORE_OWN : 0,
			      &d->log);
	if (err)
		return err;

	err = reserve_calls(d);
	if (!err && d->dials &&
	    sipd_opt_bool(o, SIPD_OPT_DIAL_RETRY_INTERRUPTED))
		err = sipd_store_retry_interrupted(d->store, &n);

	return err;
}


static unsigned media_threads(const struct sipd_options *o)
{
	const unsigned set = (unsigned)sipd_opt_int(o, SIPD_OPT_MEDIA_THREADS);
	long cores;

	if (set)
		return set;

	/* the loop has one to itself where there is more than one */
	cores = sysconf(_SC_NPROCESSORS_ONLN);

	return cores > 2 ? (unsigned)(cores - 1) : 1;
}


static int open_recordings(struct sipdialer *d, const struct sipd_options *o)
{
	const uint64_t mib = 1024 * 1024;
	const struct sipd_recordings_conf conf = {
		.folder = sipd_opt_str(o, SIPD_OPT_RECORD_FOLDER),
		.max_total =
			(uint64_t)sipd_opt_int(o, SIPD_OPT_RECORD_MAX_TOTAL) *
			mib,
		.min_free = (uint64_t)sipd_opt_int(o,
						   SIPD_OPT_RECORD_MIN_FREE) *
			    mib,
		.keep_days = (unsigned)sipd_opt_int(o,
						    SIPD_OPT_RECORD_KEEP_DAYS),
	};

	return sipd_recordings_open(&d->recordings, d->disk, &d->log, &conf);
}


static int bring_up(struct sipdialer *d, const struct sipd_options *o)
{
	int err;

	err = sipd_loop_start(&d->loop, &d->log);
	if (!err)
		err = open_store(d, o);
	if (!err)
		err = sipd_disk_start(&d->disk, d->loop, &d->log);
	if (!err)
		err = sipd_media_start(&d->media, media_threads(o), &d->log);
	if (!err)
		err = sipd_prompts_open(&d->prompts, d->disk, &d->log);
	if (!err)
		err = open_recordings(d, o);
	if (!err)
		err = sipd_engine_open_sip(&d->own, o);
	if (!err)
		err = sipd_accounts_open(d);
	if (err)
		return err;

	sipd_disk_on_state(d->disk, store_state_handler, d);
	d->env = (struct sipd_call_env){
		.loop = d->loop,
		.log = &d->log,
		.sip = d->own.sip,
		.media = d->media,
		.recordings = d->recordings,
		.prompts = d->prompts,
		.port_min =
			(uint16_t)sipd_opt_int(o, SIPD_OPT_MEDIA_RTP_PORT_MIN),
		.port_max =
			(uint16_t)sipd_opt_int(o, SIPD_OPT_MEDIA_RTP_PORT_MAX),
		.dscp = (unsigned)sipd_opt_int(o, SIPD_OPT_MEDIA_DSCP),
	};

	return SIPDIALER_OK;
}


static bool records_all(struct sipdialer *d)
{
	int policy;

	(void)pthread_mutex_lock(&d->lock);
	policy = sipd_opt_enum(&d->options, SIPD_OPT_RECORD_POLICY);
	(void)pthread_mutex_unlock(&d->lock);

	return policy == SIPD_RECORD_ALL || policy == SIPD_RECORD_HUMAN;
}


/* Calls beyond it fail one by one: say so before the first does. */
static void check_files(struct sipdialer *d)
{
	const uint64_t calls = atomic_load(&d->max_calls);
	const uint64_t max = sipd_files_max();
	const uint64_t need = calls * (records_all(d) ? 3 : 2) +
			      SIPD_FILES_OWN;

	if (need > max)
		sipd_log_warning(
			&d->log,
			"dial.max_calls = %llu needs %llu descriptors, %llu "
			"may be open: raise the limit (ulimit -n)",
			(unsigned long long)calls, (unsigned long long)need,
			(unsigned long long)max);
}


static void started_work(struct sipd_work *work)
{
	struct sipdialer *d = SIPD_CONTAINER(work, struct sipdialer,
					     start_work);
	struct sipdialer_event ev = sipd_engine_event(SIPDIALER_EVENT_STARTED);

	ev.text = sipd_sip_local(d->own.sip);
	sipd_event_push(d->events, &ev);
	sipd_accounts_started(d);

	check_files(d);
	if (d->dials && sipd_store_interrupted(d->store))
		sipd_log_warning(&d->log,
				 "%llu contacts were in a call when the last "
				 "process died: they are interrupted",
				 (unsigned long long)sipd_store_interrupted(
					 d->store));
	if (d->store)
		sipd_watch_start(d);
}


static void reset(struct sipdialer *d, const struct sipd_options *o)
{
	d->all_closed_h = NULL;
	d->stopping = d->hurry = d->hurried = d->sip_closing = false;
	d->store_failing = false;
	d->down = d->aborted = d->scanning = d->unreachable = false;
	d->has_server = *sipd_opt_str(o, SIPD_OPT_SIP_SERVER) != '\0';
	d->incoming_answer = sipd_opt_enum(o, SIPD_OPT_INCOMING_DEFAULT) == 1;
	d->calls_in = 0;
	d->open_calls = d->calls_up = 0;
	d->claim_turn = d->send_turn = NULL;
	atomic_store(&d->slots, 0);
	atomic_store(&d->requests, 0);
	sipd_engine_limits(d, o);
	d->sends_cps = atomic_load(&d->cps);
	sipd_pacer_init(&d->claims, d->sends_cps, UINT32_MAX);
	sipd_pacer_init(&d->sends, d->sends_cps, UINT32_MAX);
	sipd_events_set_max(d->events,
			    (uint32_t)sipd_opt_int(o, SIPD_OPT_EVENTS_MAX));
	atomic_store(&d->log.level, sipd_opt_enum(o, SIPD_OPT_LOG_LEVEL));
}


/* Takes over the options; from here on only live ones may be set. */
static int prepare(struct sipdialer *d, struct sipd_options *o)
{
	int err;

	atomic_store(&d->state, SIPD_ENGINE_STARTING);
	(void)pthread_mutex_lock(&d->lock);
	err = sipd_options_copy(o, &d->options);
	if (!err) {
		err = check_options(d, o);
		if (!err)
			reset(d, o);
		else
			sipd_options_close(o);
	}
	(void)pthread_mutex_unlock(&d->lock);

	return err;
}


static int start(struct sipdialer *d, const struct sipd_options *o)
{
	char text[SIPD_ERROR_SIZE];
	int err;

	d->stopped_node = sipd_event_reserve(d->events);
	if (!d->stopped_node)
		return SIPDIALER_EFULL;
	err = sipd_stop_prepare(d);
	if (err) {
		sipd_event_unreserve(d->events, d->stopped_node);
		d->stopped_node = NULL;
		return err;
	}

	err = bring_up(d, o);
	if (err) {
		(void)sipd_strcpy(text, sizeof(text), sipd_error_text());
		sipd_stop_abort(d);
		return sipd_error(err, "%s", text);
	}

	atomic_store(&d->state, SIPD_ENGINE_RUNNING);
	d->start_work.h = started_work;
	sipd_loop_post(d->loop, &d->start_work);

	return SIPDIALER_OK;
}


static int start_stopped(struct sipdialer *d)
{
	struct sipd_options o;
	int err;

	sipd_stop_join(d);
	err = prepare(d, &o);
	if (!err) {
		err = start(d, &o);
		sipd_options_close(&o);
	}
	if (err)
		atomic_store(&d->state, SIPD_ENGINE_STOPPED);

	return err;
}


int sipdialer_start(struct sipdialer *d)
{
	int err;

	if (!d)
		return sipd_error(SIPDIALER_EINVAL, "d is NULL");

	(void)pthread_rwlock_wrlock(&d->gate);
	if (d->state != SIPD_ENGINE_STOPPED)
		err = sipd_error(SIPDIALER_ESTATE, "the engine is %s",
				 d->state == SIPD_ENGINE_RUNNING
					 ? "started already"
					 : "stopping");
	else
		err = start_stopped(d);
	(void)pthread_rwlock_unlock(&d->gate);

	return err;
}
