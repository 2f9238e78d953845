/**
 * @file port/sip/account/register.c  Our registration at the server. RFC 3261 10
 *
 * One REGISTER at a time, on libre's client transactions.  Nothing of the
 * answer is believed before guard.c has seen it, and no failure is retried
 * faster than once a second.  Loop thread only.
 */
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/container.h"
#include "base/error.h"
#include "base/text.h"
#include "port/sip/account/register.h"

enum {
	EXPIRES_DEFAULT = 3600,      /* RFC 3261 10.2.1.1 leaves it to us */
	EXPIRES_MAX = 7 * 24 * 3600, /* longer grants are refreshed weekly */
	STABLE_MS = 60000,   /* a connection that lived so long is good */
	ANSWER_MS = 4000,    /* a refresh under way may take so long */
	FLOW_TIMER_MIN = 10, /* s */
	MOVES_MAX = 4        /* in one attempt */
};

static void attempt(struct sipd_register *reg);
static int request(struct sipd_register *reg);


/* ---- Telling ---- */

static void tell(struct sipd_register *reg, int state, int status,
		 const char *reason, uint64_t retry_ms)
{
	struct sipd_sip *sip = reg->sip;
	const struct sipd_reg_state st = {
		.state = state,
		.sip_status = status,
		.reason = reason,
		.expires = reg->granted,
		.headers = reg->told[0] ? reg->told : NULL,
		.retry_ms = (uint32_t)retry_ms,
	};

	if (sip->regh)
		sip->regh(&st, sip->arg);
}


static void retry_handler(void *arg)
{
	attempt(arg);
}


static void failed(struct sipd_register *reg, int status, const char *reason,
		   uint64_t retry_ms)
{
	reg->granted = 0;
	register_service_clear(reg);
	tmr_cancel(&reg->expiry);
	sipd_keepalive_stop(&reg->ka);
	sipd_log_warning(reg->sip->log,
			 "sip: registration failed: %s; next try in %u s",
			 reason, (unsigned)(retry_ms / 1000));
	tmr_start(&reg->tmr, retry_ms, retry_handler, reg);
	tell(reg, SIPDIALER_REGISTRATION_FAILED, status, reason, retry_ms);
}


static void failed_for_now(struct sipd_register *reg, int status,
			   const char *reason, uint32_t after)
{
	failed(reg, status, reason, register_backoff(reg, after));
}


/* The nonce goes too: the next try starts afresh. */
static void failed_auth(struct sipd_register *reg, int status)
{
	char reason[SIPD_ERROR_SIZE];

	(void)sipd_strcpy(reason, sizeof(reason), sipd_error_text());
	reg->auth = mem_deref(reg->auth);
	failed(reg, status, reason, register_slow(reg, true, 0));
}


/* ---- Acting on it ---- */

static void finish(struct sipd_register *reg);


/* The refresh has no answer yet, and its transaction may live on for longer
 * than what was granted: who cannot be called in must not be told so.  Only a
 * refresh sent a moment ago is waited for. */
static void expired(void *arg)
{
	struct sipd_register *reg = arg;
	const uint64_t age = tmr_jiffies() - reg->asked_ms;

	if (reg->req && age < ANSWER_MS) {
		tmr_start(&reg->expiry, ANSWER_MS - age, expired, reg);
		return;
	}

	reg->req = mem_deref(reg->req);
	failed_for_now(
		reg, 0,
		"the registration has run out, the server does not answer", 0);
}


/* The registrar took our instance and reg-id. RFC 5626 6 */
static bool requires_outbound(const struct sip_msg *msg)
{
	return sip_msg_hdr_has_value(msg, SIP_HDR_REQUIRE, "outbound");
}


/* A server that wants to hear from us more often says so. RFC 5626 4.4 */
static uint32_t keepalive_interval(const struct sipd_register *reg,
				   const struct sip_msg *msg)
{
	const uint32_t ours = reg->sip->conf.keepalive_interval;
	const uint32_t timer = sipd_header_seconds(msg, SIP_HDR_FLOW_TIMER);

	return timer >= FLOW_TIMER_MIN && timer * 4ULL / 5 < ours
		       ? timer * 4 / 5
		       : ours;
}


static void gone_handler(void *arg)
{
	sipd_register_moved(arg);
}


static void keep_alive(struct sipd_register *reg, const struct sip_msg *msg)
{
	struct sipd_keepalive *ka = &reg->ka;

	if (!sa_cmp(&ka->dst, &reg->dst, SA_ALL))
		sipd_keepalive_stop(ka); /* another server */
	ka->sip = reg->sip;
	ka->dst = reg->dst;
	ka->tp = reg->tp;
	ka->interval = keepalive_interval(reg, msg);
	ka->pong = reg->outbound;
	ka->goneh = gone_handler;
	ka->arg = reg;
	sipd_keepalive_start(ka, msg);
}


static bool again(struct sipd_register *reg);


/* What a run of ours that crashed has left behind would get half our calls.
 * Once: a registrar that keeps it will not let go of it the next time. */
static void remove_stale(struct sipd_register *reg)
{
	if (!reg->stalec || reg->cleaned) {
		reg->stalec = 0;
		return;
	}

	reg->cleaned = true;
	sipd_log_info(reg->sip->log,
		      "sip: %zu old bindings of ours are removed",
		      reg->stalec);
	(void)again(reg);
	reg->stalec = 0;
}


/* A NAT shows us at another address than the one just registered: that one is
 * of no use to anybody.  Over TCP it may be another port each time. */
static bool contact_moved(struct sipd_register *reg)
{
	struct sipd_sip *sip = reg->sip;
	char contact[SIPD_CONTACT_SIZE];
	struct sa laddr;

	if (reg->moves == MOVES_MAX ||
	    sip_transp_laddr(sip->sip, &laddr, reg->tp, &reg->dst) ||
	    sipd_contact(sip, reg->tp, &laddr, contact, sizeof(contact)))
		return false;

	contact[strlen(contact) - 1] = '\0'; /* without <> */
	if (!strcmp(contact + 1, reg->contact))
		return false;

	reg->moves++;
	(void)again(reg);

	return true;
}


static void registered(struct sipd_register *reg, const struct sip_msg *msg)
{
	uint32_t seconds = register_granted(reg, msg);
	uint64_t ms, left;

	if (!seconds) {
		failed_for_now(reg, msg->scode,
			       "the server's answer does not list our Contact",
			       0);
		return;
	}

	if (seconds > EXPIRES_MAX)
		seconds = EXPIRES_MAX;
	ms = register_refresh(seconds);

	reg->granted = seconds;
	reg->failc = reg->refusedc = 0;
	reg->outbound = requires_outbound(msg);
	register_service_read(reg, msg);
	tmr_start(&reg->tmr, ms, retry_handler, reg);
	/* after the refresh, also when that is due at the same time */
	left = (uint64_t)seconds * 1000;
	tmr_start(&reg->expiry, left > ms ? left : ms + 1, expired, reg);
	keep_alive(reg, msg);
	tell(reg, SIPDIALER_REGISTRATION_REGISTERED, msg->scode, "registered",
	     0);
	if (!contact_moved(reg))
		remove_stale(reg);
}


static bool again(struct sipd_register *reg)
{
	const int err = request(reg);

	if (err)
		failed_for_now(reg, 0, strerror(err), 0);

	return !err;
}


static void challenged(struct sipd_register *reg, const struct sip_msg *msg)
{
	if (sipd_auth_challenge(reg->auth, msg)) {
		failed_auth(reg, msg->scode);
		return;
	}

	reg->digest_sent = true;
	(void)again(reg);
}


/* RFC 3261 10.2.8 */
static void too_brief(struct sipd_register *reg, const struct sip_msg *msg)
{
	const uint32_t min = sipd_header_seconds(msg, SIP_HDR_MIN_EXPIRES);
	char reason[128];

	if (min <= reg->expires || min > EXPIRES_MAX || reg->briefs++) {
		(void)snprintf(
			reason, sizeof(reason),
			"the server refuses to register for %u s (423), "
			"and asks for %u s",
			reg->expires, min);
		failed(reg, msg->scode, reason, register_slow(reg, false, 0));
		return;
	}

	reg->expires = min;
	(void)again(reg);
}


static void refused(struct sipd_register *reg, const struct sip_msg *msg)
{
	const uint16_t scode = msg->scode;
	const uint32_t after = sipd_header_seconds(msg, SIP_HDR_RETRY_AFTER);
	char phrase[96], reason[192];
	struct pl pl = msg->reason;

	if (pl.l >= sizeof(phrase))
		pl.l = sizeof(phrase) - 1;
	(void)pl_strcpy(&pl, phrase, sizeof(phrase));
	(void)snprintf(reason, sizeof(reason),
		       scode < 400 ? "%u %s: a registration does not follow "
				     "redirects, set sip.server"
				   : "%u %s",
		       scode, phrase);

	if (scode == 403 && reg->digest_sent) {
		(void)sipd_error(SIPDIALER_EAUTH,
				 "user or password refused by the server (%s)",
				 reason);
		failed_auth(reg, scode);
	}
	else if (scode == 439 && !reg->no_outbound && reg->instance) {
		/* a proxy on the way cannot do it. RFC 5626 11.6 */
		reg->no_outbound = true;
		(void)again(reg);
	}
	else if ((scode >= 500 && scode < 600) || scode == 408 ||
		 scode == 430 || scode == 480) {
		failed_for_now(reg, scode, reason, after);
	}
	else {
		/* a redirect is not followed (specs fact E) */
		failed(reg, scode, reason, register_slow(reg, false, after));
	}
}


/* Answers of the transaction that did not come from where we sent it, or do
 * not fit, are somebody else's (specs facts G, H). */
static bool believable(struct sipd_register *reg, const struct sip_msg *msg)
{
	if (!sipd_guard_response(msg, reg->callid, reg->tag, reg->cseq,
				 "REGISTER"))
		return false;

	return sa_cmp(&msg->src, &reg->dst, SA_ADDR) ||
	       sipd_guard_known_source(reg->sip, msg);
}


static void stop_answer(struct sipd_register *reg, int err,
			const struct sip_msg *msg)
{
	if (!err && believable(reg, msg) &&
	    (msg->scode == 401 || msg->scode == 407) &&
	    !sipd_auth_challenge(reg->auth, msg) && !request(reg))
		return;

	finish(reg);
}


static void no_answer(struct sipd_register *reg, int err)
{
	const char *tls = sipd_tls_failure(reg->sip->tls, err, reg->asked_ms);
	char reason[SIPD_STRING_MAX + 64];

	if (tls) {
		(void)sipd_strcpy(reason, sizeof(reason), tls);
		failed_for_now(reg, 0, reason, 0);
	}
	else if (!sa_isset(&reg->dst, SA_ADDR)) {
		/* it was never sent */
		sipd_send_words(reg->sip, err, reg->sip->route, reason,
				sizeof(reason));
		failed_for_now(reg, 0, reason, 0);
	}
	else if (err == ETIMEDOUT) {
		failed_for_now(reg, 0, "the server does not answer", 0);
	}
	else if (err == ENOBUFS) {
		failed_for_now(reg, 0,
			       "the server does not read what is sent to it",
			       0);
	}
	else {
		failed_for_now(reg, 0, strerror(err), 0);
	}
}


static void response_handler(int err, const struct sip_msg *msg, void *arg)
{
	struct sipd_register *reg = arg;

	if (!err && msg->scode < 200)
		return;

	if (reg->stopping) {
		stop_answer(reg, err, msg);
		return;
	}

	if (err) {
		no_answer(reg, err);
		return;
	}

	if (!believable(reg, msg)) {
		reg->sip->stats.malformed++;
		failed_for_now(reg, 0, "the server's answer is malformed", 0);
		return;
	}

	sipd_guard_learn(reg->sip, &msg->src);

	if (msg->scode == 401 || msg->scode == 407) {
		challenged(reg, msg);
		return;
	}

	if (msg->scode < 300) {
		sipd_auth_accepted(reg->auth);
		sipd_auth_info(reg->auth, msg);
		registered(reg, msg);
	}
	else if (msg->scode == 423) {
		too_brief(reg, msg);
	}
	else {
		refused(reg, msg);
	}
}


/* ---- Asking ---- */

static int request(struct sipd_register *reg)
{
	struct sipd_sip *sip = reg->sip;
	const struct sa last = reg->dst; /* a nonce is for one server */
	struct mbuf *mb = mbuf_alloc(2048);
	int err;

	if (!mb)
		return ENOMEM;

	reg->cseq++;
	reg->gen = sipd_libre_conn_now();
	memset(&reg->dst, 0, sizeof(reg->dst));
	err = register_write(reg, mb);
	if (!err)
		err = sipd_send(&reg->req, sip,
				&(struct sipd_send_params){
					.method = "REGISTER",
					.uri = sip->registrar,
					.route = sip->route,
					.mb = mb,
					.prefer = &last,
					.sendh = register_contact,
					.resph = response_handler,
					.arg = reg,
				});
	if (!err && !reg->stopping)
		reg->bound = true;
	mem_deref(mb);

	return err;
}


static void attempt(struct sipd_register *reg)
{
	int err = 0;

	reg->asked_ms = tmr_jiffies();
	sa_init(&reg->dst, AF_UNSPEC); /* the best server anew */
	reg->briefs = 0;
	reg->stalec = 0;
	reg->cleaned = false;
	reg->moves = 0;
	reg->digest_sent = false;
	if (!reg->auth)
		err = sipd_auth_alloc(&reg->auth, reg->sip);
	if (!err)
		sipd_auth_accepted(reg->auth); /* tries count afresh */

	/* a refresh changes nothing as long as it succeeds */
	if (!reg->granted)
		tell(reg, SIPDIALER_REGISTRATION_CONNECTING, 0, "connecting",
		     0);
	if (reg->stopping)
		return;

	if (err)
		failed_for_now(reg, 0, "no memory", 0);
	else
		(void)again(reg);
}


/* ---- Life ---- */

static void destructor(void *arg)
{
	struct sipd_register *reg = arg;

	tmr_cancel(&reg->tmr);
	tmr_cancel(&reg->expiry);
	tmr_cancel(&reg->deadline);
	sipd_keepalive_stop(&reg->ka);
	mem_deref(reg->req);
	mem_deref(reg->auth);
	mem_deref(reg->instance);
}


int sipd_register_start(struct sipd_register **rp, struct sipd_sip *sip)
{
	struct sipd_register *reg;
	int err;

	reg = mem_zalloc(sizeof(*reg), destructor);
	if (!reg)
		return sipd_error(SIPDIALER_ENOMEM, "no memory to register");

	reg->sip = sip;
	reg->expires = sip->conf.reg_expires ? sip->conf.reg_expires
					     : EXPIRES_DEFAULT;
	reg->cseq = rand_u16();
	(void)re_snprintf(reg->callid, sizeof(reg->callid), "%016llx%016llx",
			  rand_u64(), rand_u64());
	(void)re_snprintf(reg->tag, sizeof(reg->tag), "%016llx", rand_u64());

	err = sipd_instance_open(&reg->instance, sip);
	if (err) {
		mem_deref(reg);
		return err;
	}

	/* the first state is told after sipd_sip_open() has returned */
	tmr_start(&reg->tmr, 0, retry_handler, reg);
	*rp = reg;

	return SIPDIALER_OK;
}


static void free_later(struct sipd_work *work)
{
	struct sipd_register *reg = SIPD_CONTAINER(work, struct sipd_register,
						   work);
	void (*h)(void *arg) = reg->stoph;
	void *arg = reg->arg;

	reg->sip->reg = NULL;
	mem_deref(reg);
	if (h)
		h(arg);
}


/* Once: no timer or answer can come here again. */
static void finish(struct sipd_register *reg)
{
	tmr_cancel(&reg->deadline);
	reg->req = mem_deref(reg->req);
	reg->granted = 0;
	tell(reg, SIPDIALER_REGISTRATION_DISCONNECTED, 0, "stopped", 0);

	reg->work.h = free_later;
	sipd_loop_later(reg->sip->loop, &reg->work);
}


static void deadline_handler(void *arg)
{
	finish(arg);
}


void sipd_register_stop(struct sipd_register *reg, uint32_t wait_ms,
			void (*h)(void *arg), void *arg)
{
	reg->stopping = true;
	reg->stoph = h;
	reg->arg = arg;

	tmr_cancel(&reg->tmr);
	tmr_cancel(&reg->expiry);
	sipd_keepalive_stop(&reg->ka);
	reg->req = mem_deref(reg->req);

	if (!reg->bound || !reg->auth || !reg->contact[0]) {
		finish(reg);
		return;
	}

	sipd_auth_accepted(reg->auth);
	if (request(reg)) {
		finish(reg);
		return;
	}

	tmr_start(&reg->deadline, wait_ms, deadline_handler, reg);
}


void sipd_register_lost(struct sipd_register *reg, const struct sa *peer,
			uint64_t gen)
{
	const bool waits = reg->req != NULL;

	if (reg->tp == SIP_TRANSP_UDP || (waits && reg->gen > gen) ||
	    (peer && !sa_cmp(&reg->dst, peer, SA_ALL)))
		return;

	reg->req = mem_deref(reg->req);
	if (reg->stopping) {
		if (waits)
			finish(reg);
		return;
	}
	if (!waits && !reg->granted)
		return; /* the next try is due anyway */

	/* a server that answers and then hangs up is not asked each second */
	if (tmr_jiffies() - reg->asked_ms > STABLE_MS)
		reg->lostc = 0;
	if (reg->failc < reg->lostc)
		reg->failc = reg->lostc;
	reg->lostc++;

	if (sipd_tls_failure(reg->sip->tls, ECONNRESET, reg->asked_ms))
		no_answer(reg, ECONNRESET);
	else
		failed_for_now(reg, 0, "the connection to the server was lost",
			       0);
}


void sipd_register_moved(struct sipd_register *reg)
{
	if (!reg->stopping && !reg->req && reg->granted)
		tmr_start(&reg->tmr, 0, retry_handler, reg);
}
