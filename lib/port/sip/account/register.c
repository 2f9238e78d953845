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
#include "port/sip/internal.h"

enum {
	EXPIRES_DEFAULT = 3600,      /* RFC 3261 10.2.1.1 leaves it to us */
	EXPIRES_MAX = 7 * 24 * 3600, /* longer grants are refreshed weekly */
	SHORT_GRANT = 120,           /* s; below it refresh at half */
	BACKOFF_MAX_MS = 60000,
	REFUSED_MS = 60000,     /* 403, 404 and other refusals */
	AUTH_MS = 300000,       /* wrong password: do not hammer */
	STABLE_MS = 60000,      /* a connection that lived so long is good */
	ANSWER_MS = 4000,       /* a refresh under way may take so long */
	RETRY_AFTER_MAX = 3600, /* s, of what a server may ask */
	BINDING_MAX = 64        /* Contacts read of one answer */
};

struct sipd_register {
	struct sipd_sip *sip;
	struct sipd_send *req;
	struct sipd_auth *auth;
	struct tmr tmr;      /* next REGISTER */
	struct tmr expiry;   /* of what was granted */
	struct tmr deadline; /* of stopping */
	struct sipd_keepalive ka;
	char callid[33];
	char tag[17];
	uint64_t asked_ms; /* the attempt under way began */
	uint32_t cseq;
	uint32_t expires; /* s to ask for */
	uint32_t granted;
	uint32_t failc;   /* failures in a row that back off */
	uint32_t lostc;   /* connections lost in a row */
	unsigned briefs;  /* 423 in this attempt */
	bool digest_sent; /* in this attempt */
	bool bound;       /* the server may have a binding of us */
	bool stopping;
	char contact[512]; /* as in the last REGISTER, without <> */
	struct sa dst;     /* where the last REGISTER went */
	enum sip_transp tp;
	struct sa mapped;
	void (*stoph)(void *arg);
	void *arg;
	struct sipd_work work;
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
		.retry_ms = (uint32_t)retry_ms,
	};

	if (sip->regh)
		sip->regh(&st, sip->arg);
}


static uint64_t jitter(uint64_t ms)
{
	/* +-25 %: a farm of dialers must not come back in step */
	return ms * 3 / 4 + ms / 2 * rand_u16() / UINT16_MAX;
}


static uint64_t backoff(uint32_t failc)
{
	const uint32_t shift = failc > 7 ? 6 : failc ? failc - 1 : 0;
	const uint64_t ms = 1000ULL << shift;

	return jitter(ms < BACKOFF_MAX_MS ? ms : BACKOFF_MAX_MS);
}


static void retry_handler(void *arg)
{
	attempt(arg);
}


static void failed(struct sipd_register *reg, int status, const char *reason,
		   uint64_t retry_ms)
{
	reg->granted = 0;
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
	uint64_t ms = backoff(++reg->failc);

	if (after > RETRY_AFTER_MAX)
		after = RETRY_AFTER_MAX;
	if ((uint64_t)after * 1000 > ms)
		ms = (uint64_t)after * 1000;

	failed(reg, status, reason, ms);
}


/* The nonce goes too: the next try starts afresh. */
static void failed_auth(struct sipd_register *reg, int status)
{
	char reason[SIPD_ERROR_SIZE];

	(void)sipd_strcpy(reason, sizeof(reason), sipd_error_text());
	reg->auth = mem_deref(reg->auth);
	failed(reg, status, reason, jitter(AUTH_MS));
}


/* ---- Reading the answer ---- */

/* Address of ours that the server saw. RFC 3581 4 */
static void learn_mapped(struct sipd_register *reg, const struct sip_msg *msg)
{
	struct pl received, rport;
	uint32_t port;
	struct sa addr;

	if (msg_param_decode(&msg->via.params, "received", &received) ||
	    sa_set(&addr, &received, 0) || sa_is_any(&addr))
		return;

	if (!msg_param_decode(&msg->via.params, "rport", &rport) &&
	    sipd_pl_number(&rport, &port) && port && port <= 65535)
		sa_set_port(&addr, (uint16_t)port);
	else
		sa_set_port(&addr, sa_port(&reg->sip->laddr));

	reg->mapped = addr;
}


struct binding {
	const struct sipd_register *reg;
	struct sipd_uri ours;
	uint32_t expires;
	unsigned count;
	bool found;
};


static bool same_host(const struct pl *a, const struct pl *b)
{
	struct sa sa, sb;

	if (!sa_set(&sa, a, 0) && !sa_set(&sb, b, 0))
		return sa_cmp(&sa, &sb, SA_ADDR);

	return !pl_casecmp(a, b);
}


/* Ours by user, host and port; servers add or drop parameters. */
static bool contact_handler(const struct sip_hdr *hdr,
			    const struct sip_msg *msg, void *arg)
{
	struct binding *b = arg;
	struct sip_addr addr;
	struct pl value;
	uint16_t port;

	if (b->count++ >= BINDING_MAX)
		return true;
	if (sip_addr_decode(&addr, &hdr->val))
		return false;

	port = sip_transp_port(b->reg->tp, addr.uri.port);
	if (pl_cmp(&addr.uri.user, &b->ours.user) ||
	    !same_host(&addr.uri.host, &b->ours.host) || port != b->ours.port)
		return false;

	b->found = true;
	b->expires = b->reg->expires;
	if (!msg_param_decode(&addr.params, "expires", &value)) {
		if (!sipd_pl_number(&value, &b->expires))
			b->expires = 0;
	}
	else if (pl_isset(&msg->expires)) {
		if (!sipd_pl_number(&msg->expires, &b->expires))
			b->expires = 0;
	}

	return true;
}


/* Seconds granted to our Contact, 0 if it is not there. RFC 3261 10.2.4 */
static uint32_t granted(const struct sipd_register *reg,
			const struct sip_msg *msg)
{
	struct binding b = {.reg = reg};

	if (sipd_uri_parse(&b.ours, reg->contact))
		return 0;

	(void)sip_msg_hdr_apply(msg, true, SIP_HDR_CONTACT, contact_handler,
				&b);

	return b.found ? b.expires : 0;
}


static uint32_t header_seconds(const struct sip_msg *msg, enum sip_hdrid id)
{
	const struct sip_hdr *hdr = sip_msg_hdr(msg, id);
	uint32_t seconds = 0;
	struct pl pl;

	if (!hdr)
		return 0;

	/* "120 (I'm in a meeting);duration=60" */
	for (pl = hdr->val, pl.l = 0; pl.l < hdr->val.l; pl.l++) {
		if (pl.p[pl.l] < '0' || pl.p[pl.l] > '9')
			break;
	}

	return sipd_pl_number(&pl, &seconds) ? seconds : 0;
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


static void registered(struct sipd_register *reg, const struct sip_msg *msg)
{
	uint32_t seconds = granted(reg, msg);
	uint64_t ms, left;

	if (!seconds) {
		failed_for_now(reg, msg->scode,
			       "the server's answer does not list our Contact",
			       0);
		return;
	}

	if (seconds > EXPIRES_MAX)
		seconds = EXPIRES_MAX;
	ms = (uint64_t)seconds * (seconds < SHORT_GRANT ? 500 : 900);
	if (ms < 1000)
		ms = 1000;

	reg->granted = seconds;
	reg->failc = 0;
	tmr_start(&reg->tmr, ms, retry_handler, reg);
	/* after the refresh, also when that is due at the same time */
	left = (uint64_t)seconds * 1000;
	tmr_start(&reg->expiry, left > ms ? left : ms + 1, expired, reg);
	sipd_keepalive_start(&reg->ka, reg->sip, reg->tp, &reg->dst,
			     reg->sip->conf.keepalive_interval);
	tell(reg, SIPDIALER_REGISTRATION_REGISTERED, msg->scode, "registered",
	     0);
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
	const uint32_t min = header_seconds(msg, SIP_HDR_MIN_EXPIRES);

	if (min <= reg->expires || min > EXPIRES_MAX || reg->briefs++) {
		failed(reg, msg->scode,
		       "the server refuses every expiry (423)",
		       jitter(REFUSED_MS));
		return;
	}

	reg->expires = min;
	(void)again(reg);
}


static void refused(struct sipd_register *reg, const struct sip_msg *msg)
{
	const uint16_t scode = msg->scode;
	char phrase[96], reason[128];
	struct pl pl = msg->reason;

	if (pl.l >= sizeof(phrase))
		pl.l = sizeof(phrase) - 1;
	(void)pl_strcpy(&pl, phrase, sizeof(phrase));
	(void)snprintf(reason, sizeof(reason), "%u %s", scode, phrase);

	if (scode == 403 && reg->digest_sent) {
		(void)sipd_error(SIPDIALER_EAUTH,
				 "user or password refused by the server (%s)",
				 reason);
		failed_auth(reg, scode);
	}
	else if (scode >= 500 && scode < 600) {
		failed_for_now(reg, scode, reason,
			       header_seconds(msg, SIP_HDR_RETRY_AFTER));
	}
	else if (scode == 408 || scode == 480) {
		failed_for_now(reg, scode, reason, 0);
	}
	else {
		/* a redirect is not followed (specs fact E) */
		failed(reg, scode, reason, jitter(REFUSED_MS));
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
	learn_mapped(reg, msg);

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

static int send_handler(SIPD_LIBRE_SEND_ARGS)
{
	struct sipd_register *reg = arg;
	char contact[sizeof(reg->contact)];
	const uint32_t expires = reg->stopping ? 0 : reg->expires;
	size_t len;

	reg->dst = *dst;
	reg->tp = tp;

	/* what was bound is what gets removed */
	if (!reg->stopping || !reg->contact[0]) {
		if (sipd_contact(reg->sip, tp, src, contact, sizeof(contact)))
			return EINVAL;
		len = strlen(contact) - 2; /* without <> */
		memcpy(reg->contact, contact + 1, len);
		reg->contact[len] = '\0';
	}

	return mbuf_printf(mb, "Contact: <%s>;expires=%u\r\n", reg->contact,
			   expires);
}


static int request_write(struct sipd_register *reg, struct mbuf *mb)
{
	const struct sipd_sip *sip = reg->sip;
	const uint32_t expires = reg->stopping ? 0 : reg->expires;
	int err;

	err = mbuf_write_str(mb, "Max-Forwards: 70\r\n");
	err |= sipd_auth_encode(mb, reg->auth, "REGISTER", sip->registrar);
	err |= mbuf_printf(mb, "To: <%s>\r\nFrom: <%s>;tag=%s\r\n", sip->aor,
			   sip->aor, reg->tag);
	err |= mbuf_printf(mb, "Call-ID: %s\r\nCSeq: %u REGISTER\r\n",
			   reg->callid, reg->cseq);
	err |= mbuf_printf(mb, "Expires: %u\r\nAllow: " SIPD_ALLOW "\r\n",
			   expires);
	if (sip->conf.user_agent[0])
		err |= mbuf_printf(mb, "User-Agent: %s\r\n",
				   sip->conf.user_agent);
	err |= mbuf_write_str(mb, "Content-Length: 0\r\n\r\n");
	mb->pos = 0;

	return err;
}


static int request(struct sipd_register *reg)
{
	struct sipd_sip *sip = reg->sip;
	const struct sa last = reg->dst; /* a nonce is for one server */
	struct mbuf *mb = mbuf_alloc(2048);
	int err;

	if (!mb)
		return ENOMEM;

	reg->cseq++;
	memset(&reg->dst, 0, sizeof(reg->dst));
	err = request_write(reg, mb);
	if (!err)
		err = sipd_send(&reg->req, sip,
				&(struct sipd_send_params){
					.method = "REGISTER",
					.uri = sip->registrar,
					.route = sip->route,
					.mb = mb,
					.prefer = &last,
					.sendh = send_handler,
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
}


int sipd_register_start(struct sipd_register **rp, struct sipd_sip *sip)
{
	struct sipd_register *reg;

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


void sipd_register_lost(struct sipd_register *reg)
{
	const bool waits = reg->req != NULL;

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


bool sipd_register_known_contact(const struct sipd_register *reg,
				 struct sa *mapped)
{
	if (!sa_isset(&reg->mapped, SA_ADDR))
		return false;

	*mapped = reg->mapped;

	return true;
}
