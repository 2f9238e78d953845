/**
 * @file port/sip/transport/send.c  A request, to one server after the other
 *
 * libre would look names up and try their addresses by itself, but tells
 * nobody which one it was: each transaction here goes to one address of our
 * choice.  A transaction that was given up lives on until libre ends it, as an
 * INVITE that rings after all is to be cancelled.  Loop thread only.
 * RFC 3261 9.1, 3263 4.3
 */
#include <string.h>
#include "base/text.h"
#include "port/sip/transport/resolve.h"

enum { TRIES = 8, ROUTE_SIZE = 600 };

/* One transaction. */
struct attempt {
	struct le le; /* in sip->attempts */
	struct sipd_sip *sip;
	struct sipd_send *send; /* NULL: given up */
	struct sip_request *req;
	struct sipd_target target;
	char method[16];
	uint64_t gen;   /* of connections */
	uint64_t began; /* ms */
	bool invite;
	bool provisional;
	bool lost; /* its connection is */
};

struct sipd_send {
	struct le le; /* of all */
	struct sipd_sip *sip;
	struct names_waiter waiter;
	struct tmr tmr; /* of the server that is tried */
	struct sipd_send **sp;
	struct attempt *at; /* under way */
	struct mbuf *mb;
	char *method, *uri, *route;
	sip_send_h *sendh;
	sip_resp_h *resph;
	void *arg;
	struct sa sticky;
	struct sipd_target targets[TRIES];
	size_t count, next;
	bool cancelled;
	bool again; /* the same server, by another connection */
	bool heard; /* a 1xx */
	bool rang;  /* one above 100 */
};

static int next(struct sipd_send *send);


/* ---- what comes back --------------------------------------------------- */

static void finish(struct sipd_send *send, int err, const struct sip_msg *msg)
{
	sip_resp_h *resph = send->resph;

	list_unlink(&send->le);
	list_unlink(&send->waiter.le);
	tmr_cancel(&send->tmr);
	if (send->sp)
		*send->sp = NULL;
	send->sp = NULL;
	send->resph = NULL;
	if (resph)
		resph(err, msg, send->arg);
	mem_deref(send);
}


/* What it says of the server itself. */
static void note(const struct attempt *at, const struct sipd_send *send,
		 int err, const struct sip_msg *msg)
{
	struct sipd_servers *servers = at->sip->servers;

	if (!err)
		health_answered(servers, &at->target, at->method, msg);
	else if (send && !send->heard && err != ECONNABORTED &&
		 err != ECANCELED)
		health_failed(servers, &at->target, strerror(err));
}


static bool fits_other(const struct sipd_send *send, int err,
		       const struct sip_msg *msg)
{
	if (send->cancelled || send->rang || send->next == send->count)
		return false;
	if (!err)
		return msg->scode == 503;

	return !send->heard && err != ECONNABORTED && err != ECANCELED;
}


static void orphan_provisional(struct attempt *at)
{
	if (at->invite && !at->provisional)
		sip_request_cancel(at->req);
	at->provisional = true;
}


static void provisional(struct attempt *at, const struct sip_msg *msg)
{
	struct sipd_send *send = at->send;

	at->provisional = true;
	send->heard = true;
	tmr_cancel(&send->tmr);
	if (msg->scode > 100)
		send->rang = true;
	if (send->resph)
		send->resph(0, msg, send->arg);
}


static void response_handler(int err, const struct sip_msg *msg, void *arg)
{
	struct attempt *at = arg;
	struct sipd_send *send = at->send;

	if (!err && msg->scode < 200) {
		if (send)
			provisional(at, msg);
		else
			orphan_provisional(at);
		return;
	}

	/* a connection may be open and lead nowhere */
	if (err == ETIMEDOUT && !at->provisional && !at->lost &&
	    at->target.tp != SIP_TRANSP_UDP)
		(void)sipd_libre_conn_silent(&at->sip->conns, &at->target.addr,
					     (uint32_t)(tmr_jiffies() -
							at->began));

	/* libre has forgotten it */
	if (!send && !err && at->invite && msg->scode < 300)
		(void)sipd_invite_stray_response(at->sip, msg);
	if (send) {
		send->at = NULL;
		tmr_cancel(&send->tmr);
	}
	note(at, send, err, msg);
	mem_deref(at);
	if (!send)
		return;

	if (!fits_other(send, err, msg) || next(send))
		finish(send, err, msg);
}


/* ---- what goes out ----------------------------------------------------- */

static int send_handler(SIPD_LIBRE_SEND_ARGS)
{
	struct attempt *at = arg;
	struct sipd_send *send = at->send;

	return send ? send->sendh(SIPD_LIBRE_SEND_PASS, send->arg) : 0;
}


static void give_up(struct sipd_send *send)
{
	struct attempt *at = send->at;

	send->at = NULL;
	if (!at)
		return;

	at->send = NULL;
	if (at->invite && at->provisional)
		sip_request_cancel(at->req);
}


static void silence(void *arg)
{
	struct sipd_send *send = arg;
	int err;

	if (!send->at)
		return;

	health_failed(send->sip->servers, &send->at->target,
		      "does not answer");
	give_up(send);
	err = next(send);
	if (err)
		finish(send, err, NULL);
}


static int route_text(const struct sipd_target *target, char *buf, size_t size)
{
	return re_snprintf(buf, size, "sip:%J;transport=%s", &target->addr,
			   target->tp == SIP_TRANSP_UDP   ? "udp"
			   : target->tp == SIP_TRANSP_TCP ? "tcp"
							  : "tls") < 0
		       ? EOVERFLOW
		       : 0;
}


static void attempt_destructor(void *arg)
{
	struct attempt *at = arg;

	list_unlink(&at->le);
}


static int attempt_send(struct sipd_send *send,
			const struct sipd_target *target)
{
	const bool ack = !strcmp(send->method, "ACK");
	char text[ROUTE_SIZE];
	struct attempt *at;
	struct uri route;
	struct pl pl;
	int err;

	err = route_text(target, text, sizeof(text));
	pl_set_str(&pl, text);
	if (!err)
		err = uri_decode(&route, &pl);
	if (err)
		return err;

	at = mem_zalloc(sizeof(*at), attempt_destructor);
	if (!at)
		return ENOMEM;

	at->sip = send->sip;
	at->send = send;
	send->heard = false;
	at->target = *target;
	(void)sipd_strcpy(at->method, sizeof(at->method), send->method);
	at->invite = !strcmp(send->method, "INVITE");
	at->gen = sipd_libre_conn_now();
	at->began = tmr_jiffies();
	list_append(&at->sip->attempts, &at->le, at);
	send->at = at;
	err = sip_request(ack ? NULL : &at->req, send->sip->sip, !ack,
			  send->method, -1, send->uri, -1, &route, send->mb, 0,
			  send->sendh ? send_handler : NULL,
			  ack ? NULL : response_handler, at);
	if (err || ack) {
		send->at = NULL;
		mem_deref(at);
	}

	return err;
}


/* Those that cannot be sent to are passed over. */
static int next(struct sipd_send *send)
{
	const uint32_t ms = send->sip->conf.failover_time * 1000;
	int err = ENOENT;

	if (send->next)
		health_failover(send->sip->servers);
	while (err && err != ECANCELED && send->next < send->count) {
		const struct sipd_target *t = &send->targets[send->next++];

		err = attempt_send(send, t);
		if (err && err != ECANCELED)
			health_failed(send->sip->servers, t, strerror(err));
	}

	if (!err && send->at && send->next < send->count && ms)
		tmr_start(&send->tmr, ms, silence, send);

	return err;
}


/* 0: on its way, or it waits for name servers. */
static int begin(struct sipd_send *send)
{
	const int err = servers_list(send->sip->servers, send->route,
				     &send->sticky, send->targets, TRIES,
				     &send->count);

	if (err == EAGAIN)
		return servers_wait(send->sip->servers, &send->waiter);

	return err ? err : next(send);
}


static bool under_way(const struct sipd_send *send)
{
	return send->at || send->waiter.le.list;
}


static void told_handler(void *arg)
{
	struct sipd_send *send = arg;
	const int err = begin(send);

	if (err || !under_way(send))
		finish(send, err, NULL);
}


static void destructor(void *arg)
{
	struct sipd_send *send = arg;

	if (send->sp)
		*send->sp = NULL;
	list_unlink(&send->le);
	list_unlink(&send->waiter.le);
	tmr_cancel(&send->tmr);
	give_up(send);
	mem_deref(send->mb);
	mem_deref(send->method);
	mem_deref(send->uri);
	mem_deref(send->route);
}


static int alloc(struct sipd_send **sp, struct sipd_sip *sip,
		 const struct sipd_send_params *params)
{
	struct sipd_send *send = mem_zalloc(sizeof(*send), destructor);
	int err;

	if (!send)
		return ENOMEM;

	send->sip = sip;
	list_append(&sip->servers->sends, &send->le, send);
	send->waiter.h = told_handler;
	send->waiter.arg = send;
	if (params->prefer)
		send->sticky = *params->prefer;
	send->mb = mem_ref(params->mb);
	send->sendh = params->sendh;
	send->resph = params->resph;
	send->arg = params->arg;
	err = str_dup(&send->method, params->method);
	if (!err)
		err = str_dup(&send->uri, params->uri);
	if (!err)
		err = str_dup(&send->route, params->route);
	if (err)
		mem_deref(send);
	else
		*sp = send;

	return err;
}


int sipd_send(struct sipd_send **sp, struct sipd_sip *sip,
	      const struct sipd_send_params *params)
{
	struct sipd_send *send = NULL;
	int err = alloc(&send, sip, params);

	if (err)
		return err;

	err = begin(send);
	if (err || !under_way(send)) {
		mem_deref(send);
		return err;
	}

	if (sp) {
		send->sp = sp;
		*sp = send;
	}

	return 0;
}


static void cancelled_handler(void *arg)
{
	finish(arg, ECANCELED, NULL);
}


bool sipd_send_waits(const struct sipd_send *send)
{
	return send && send->waiter.le.list;
}


void sipd_send_cancel(struct sipd_send *send)
{
	if (!send)
		return;

	send->cancelled = true;
	tmr_cancel(&send->tmr);
	if (sipd_send_waits(send)) {
		list_unlink(&send->waiter.le);
		tmr_start(&send->tmr, 0, cancelled_handler, send);
	}
	/* an INVITE at the next server may not have been heard of yet: newer
	 * libre would forget it */
	if (send->at && send->at->provisional)
		sip_request_cancel(send->at->req);
}


void sipd_send_close(struct sipd_sip *sip)
{
	struct list *sends = &sip->servers->sends;

	while (sends->head)
		finish(sends->head->data, ECONNABORTED, NULL);
}


/* A request that changes nothing is asked again.  An INVITE, or a REGISTER, is
 * for its owner to send. */
static int ask_again(struct sipd_send *send, const struct sipd_target *target)
{
	if (send->again || send->heard || send->cancelled ||
	    !strcmp(send->method, "INVITE") ||
	    !strcmp(send->method, "REGISTER"))
		return ECONNRESET;

	send->again = true;

	return attempt_send(send, target);
}


static void lost(struct attempt *at)
{
	const struct sipd_target target = at->target;
	struct sipd_send *send = at->send;

	/* libre's transaction goes on: an INVITE may be answered by another
	 * connection */
	at->send = NULL;
	if (at->invite && at->provisional)
		sip_request_cancel(at->req);
	if (!send)
		return;

	send->at = NULL;
	tmr_cancel(&send->tmr);
	if (!ask_again(send, &target))
		return;
	if (!fits_other(send, ECONNRESET, NULL) || next(send))
		finish(send, ECONNRESET, NULL);
}


void sipd_send_lost(struct sipd_sip *sip, const struct sa *peer, uint64_t gen)
{
	struct list doomed = LIST_INIT;
	struct attempt *at;
	struct le *le = list_head(&sip->attempts);

	/* what each one does may begin and end others */
	while (le) {
		at = le->data;
		le = le->next;
		if (at->lost || at->gen > gen ||
		    at->target.tp == SIP_TRANSP_UDP ||
		    (peer && !sa_cmp(&at->target.addr, peer, SA_ALL)))
			continue;
		at->lost = true;
		list_unlink(&at->le);
		list_append(&doomed, &at->le, at);
	}

	while ((at = list_ledata(list_head(&doomed)))) {
		list_unlink(&at->le);
		list_append(&sip->attempts, &at->le, at);
		lost(at);
	}
}
