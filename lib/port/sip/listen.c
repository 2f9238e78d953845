/**
 * @file port/sip/listen.c  Messages outside our transactions
 *
 * libre would answer everybody and print a line to stderr; here the server is
 * answered, statelessly and at a limited rate, and nobody else (specs facts
 * I-K).  Loop thread only.  RFC 3261 8.2, 11.2, 12.2.2
 */
#include <string.h>
#include <strings.h>
#include "base/clock.h"
#include "base/error.h"
#include "port/sip/internal.h"

enum {
	REPLIES_PER_S = 200, /* outside transactions and dialogs */
	REPLIES_BURST = 400,
	EXTRA_SIZE = 512,     /* header lines of the refusal of a call */
	LINE_MAX_BYTES = 512, /* of a request we sent, to learn from */
	LONG_BYTES = 1300,    /* RFC 3261 18.1.1 */
	ROUTE_SIZE = 320,
	STRANGER_MS = 60000 /* between two warnings */
};


static bool reply_allowed(struct sipd_sip *sip)
{
	const uint64_t now = sipd_clock_ms();
	const uint64_t more = (now - sip->reply_ms) * REPLIES_PER_S / 1000;

	if (more) {
		sip->reply_tokens = more > REPLIES_BURST - sip->reply_tokens
					    ? REPLIES_BURST
					    : sip->reply_tokens +
						      (uint32_t)more;
		sip->reply_ms = now;
	}

	if (!sip->reply_tokens) {
		sip->stats.replies_limited++;
		return false;
	}
	sip->reply_tokens--;

	return true;
}


static void reply(struct sipd_sip *sip, const struct sip_msg *msg,
		  uint16_t scode, const char *reason, const char *headers)
{
	if (!pl_strcmp(&msg->met, "ACK") || !reply_allowed(sip))
		return;

	(void)sip_replyf(sip->sip, msg, scode, reason,
			 "%sContent-Length: 0\r\n\r\n", headers);
}


/* By the identifiers of a dialog, or of an INVITE that came before. */
static bool for_session(const struct sip_msg *msg)
{
	return pl_isset(&msg->to.tag) || !pl_strcmp(&msg->met, "INVITE") ||
	       !pl_strcmp(&msg->met, "CANCEL") || !pl_strcmp(&msg->met, "ACK");
}


static void call_comes_in(struct sipd_sip *sip, const struct sip_msg *msg)
{
	char extra[EXTRA_SIZE];
	const int status = sipd_invite_incoming(sip, msg, extra,
						sizeof(extra));

	if (!status)
		return;

	/* a copy of it gets the same tag. RFC 3261 8.2.7 */
	((struct sip_msg *)msg)->tag = (uint64_t)hash_joaat_pl(&msg->callid)
					       << 32 |
				       hash_joaat_pl(&msg->via.branch);
	reply(sip, msg, (uint16_t)status, sipd_reason_phrase(status), extra);
}


/* RFC 3261 8.2.2.1 */
static bool scheme_known(const struct sip_msg *msg)
{
	return !pl_strcasecmp(&msg->uri.scheme, "sip") ||
	       !pl_strcasecmp(&msg->uri.scheme, "sips");
}


static void answer_known(struct sipd_sip *sip, const struct sip_msg *msg)
{
	static const char allow[] = "Allow: " SIPD_ALLOW "\r\n";
	static const char options[] = "Allow: " SIPD_ALLOW "\r\n"
				      "Accept: application/sdp\r\n"
				      "Accept-Encoding: identity\r\n"
				      "Accept-Language: en\r\n"
				      "Supported: timer, replaces\r\n";
	static const struct {
		const char *method;
		uint16_t scode;
		const char *reason;
		const char *headers;
	} answers[] = {
		{"OPTIONS", 200, "OK", options},
		{"BYE", 481, "Call/Transaction Does Not Exist", ""},
		{"CANCEL", 481, "Call/Transaction Does Not Exist", ""},
		{"PRACK", 481, "Call/Transaction Does Not Exist", ""},
		{"UPDATE", 481, "Call/Transaction Does Not Exist", ""},
		{"INFO", 481, "Call/Transaction Does Not Exist", ""},
		{"NOTIFY", 489, "Bad Event", ""},
		{"SUBSCRIBE", 489, "Bad Event", ""},
		{"PUBLISH", 489, "Bad Event", ""},
		{"MESSAGE", 405, "Method Not Allowed", allow},
		{"REFER", 405, "Method Not Allowed", allow},
		{"REGISTER", 405, "Method Not Allowed", allow},
	};
	size_t i;

	if (pl_isset(&msg->to.tag)) {
		reply(sip, msg, 481, "Call/Transaction Does Not Exist", "");
		return;
	}

	if (!pl_strcmp(&msg->met, "INVITE")) {
		call_comes_in(sip, msg);
		return;
	}

	if (!pl_strcmp(&msg->met, "OPTIONS") && !scheme_known(msg)) {
		reply(sip, msg, 416, "Unsupported URI Scheme", "");
		return;
	}

	for (i = 0; i < ARRAY_SIZE(answers); i++) {
		if (!pl_strcmp(&msg->met, answers[i].method)) {
			reply(sip, msg, answers[i].scode, answers[i].reason,
			      answers[i].headers);
			return;
		}
	}

	reply(sip, msg, 501, "Not Implemented", allow);
}


/* A server that calls from an address of its own is what keeps calls out most
 * often. */
static void stranger_calls(struct sipd_sip *sip, const struct sip_msg *msg)
{
	const uint64_t now = sipd_clock_ms();
	char addr[64] = "";

	if (sip->stranger_ms && now - sip->stranger_ms < STRANGER_MS)
		return;

	sip->stranger_ms = now;
	(void)sa_ntop(&msg->src, addr, sizeof(addr));
	sipd_log_warning(sip->log,
			 "sip: an INVITE of %s is not answered: no address "
			 "of sip.server, sip.outbound_proxy or "
			 "incoming.trunks",
			 addr);
}


/* Always true: libre would answer what is left, and print it. */
static bool request_handler(const struct sip_msg *msg, void *arg)
{
	struct sipd_sip *sip = arg;
	const bool known = sipd_guard_friend(sip, &msg->src);

	sip->stats.requests_in++;

	if (!sipd_guard_request(msg)) {
		sip->stats.malformed++;
		if (known)
			reply(sip, msg, 400, "Bad Request", "");
		return true;
	}

	/* a dialog decides by its own identifiers */
	if (for_session(msg) && sipd_invite_request(sip, msg))
		return true;

	if (known) {
		answer_known(sip, msg);
		return true;
	}

	sip->stats.strangers++;
	if (sip->incomingh && !pl_strcmp(&msg->met, "INVITE") &&
	    !pl_isset(&msg->to.tag))
		stranger_calls(sip, msg);

	return true;
}


/* libre's transactions would answer whoever knows their branch.  A stranger is
 * heard in a dialog of ours only: its messages may come by another way. */
static bool stranger_handler(const struct sip_msg *msg, void *arg)
{
	const struct sipd_sip *sip = arg;

	if (sipd_guard_friend(sip, &msg->src) ||
	    (pl_isset(&msg->to.tag) && sipd_invite_known(sip, msg)))
		return false;

	return request_handler(msg, arg);
}


static bool response_handler(const struct sip_msg *msg, void *arg)
{
	struct sipd_sip *sip = arg;

	if (!sipd_guard_status_line(msg)) {
		sip->stats.malformed++;
		return true;
	}

	if (!sipd_invite_stray_response(sip, msg))
		sip->stats.strays++;

	return true;
}


/* ---- Who the server is: whoever we send requests for it to ---- */

/* Host of the Request-URI of a REGISTER, INVITE or OPTIONS of
 * ours. */
static bool request_host(const char *pkt, size_t len, struct pl *host)
{
	static const char *const starts[] = {"REGISTER sip:", "INVITE sip:",
					     "OPTIONS sip:"};
	struct pl line = {pkt, len < LINE_MAX_BYTES ? len : LINE_MAX_BYTES};
	const char *end;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		const size_t l = strlen(starts[i]);

		if (line.l > l && !memcmp(line.p, starts[i], l))
			break;
	}
	if (i == ARRAY_SIZE(starts))
		return false;

	pl_advance(&line, (ssize_t)strlen(starts[i]));
	end = pl_strchr(&line, ' ');
	if (!end)
		return false;
	line.l = (size_t)(end - line.p);

	/* those of a dialog are the peer's choice and may lead elsewhere */
	if (pl_strchr(&line, ';'))
		return false;

	end = pl_strrchr(&line, '@');
	if (end)
		pl_advance(&line, end + 1 - line.p);
	if (line.l && *line.p == '[') {
		pl_advance(&line, 1);
		end = pl_strchr(&line, ']');
	}
	else {
		end = pl_strchr(&line, ':');
	}
	if (end)
		line.l = (size_t)(end - line.p);
	*host = line;

	return true;
}


/* By way of our outbound proxy?  Other routes are those of a dialog, the
 * peer's choice. */
static bool by_our_route(const struct sipd_sip *sip, const char *pkt,
			 size_t len)
{
	static const char start[] = "\r\nRoute:";
	const char *first = memmem(pkt, len, start, sizeof(start) - 1);
	char line[ROUTE_SIZE];
	int n;

	if (!first)
		return false;
	n = re_snprintf(line, sizeof(line), SIPD_ROUTE_LINE, sip->route);
	first += 2;

	return n > 0 && (size_t)n <= len - (size_t)(first - pkt) &&
	       !memcmp(first, line, (size_t)n);
}


/* By the way that the registrar has asked for? RFC 3608 */
static bool by_service_route(const struct sipd_sip *sip, const char *pkt,
			     size_t len)
{
	const char *routes = sipd_service_routes(sip);
	const char *first = memmem(pkt, len, "\r\nRoute:", 8);

	if (!first || !*routes || sip->conf.outbound_proxy[0])
		return false;
	first += 2;

	return strlen(routes) <= len - (size_t)(first - pkt) &&
	       !memcmp(first, routes, strlen(routes));
}


/* To the server, without a detour? */
static bool to_server(const struct sipd_sip_conf *conf, const struct pl *host,
		      const char *pkt, size_t len)
{
	if (!conf->server[0] ||
	    (pl_strcasecmp(host, conf->server) &&
	     (!conf->domain[0] || pl_strcasecmp(host, conf->domain))))
		return false;

	return !memmem(pkt, len, "\r\nRoute:", 8);
}


static void learn(struct sipd_sip *sip, const struct sa *dst, const char *pkt,
		  size_t len)
{
	struct pl host;
	size_t i;

	/* those of a name follow its records */
	if (sipd_servers_known(sip->servers, dst))
		return;
	for (i = 0; i < sip->knownc; i++) {
		if (sa_cmp(&sip->known[i], dst, SA_ADDR))
			return;
	}

	if (!request_host(pkt, len, &host))
		return;
	if (!to_server(&sip->conf, &host, pkt, len) &&
	    !(sip->conf.outbound_proxy[0] && by_our_route(sip, pkt, len)) &&
	    !by_service_route(sip, pkt, len))
		return;

	sipd_guard_learn(sip, dst);
	sip->hop_known = true;
}


/* RFC 3261 18.1.1 would have it go by TCP, where a NAT, a firewall or the
 * server itself often takes none: who sets sip.transport decides. */
static void long_sent(struct sipd_sip *sip, size_t len)
{
	if (sip->long_told)
		return;

	sip->long_told = true;
	sipd_log_warning(sip->log,
			 "sip: a message of %zu bytes goes by UDP in pieces, "
			 "as all above 1300 may; where these get lost, "
			 "sip.transport = tcp helps",
			 len);
}


static void trace_handler(bool tx, enum sip_transp tp, const struct sa *src,
			  const struct sa *dst, const uint8_t *pkt, size_t len,
			  void *arg)
{
	struct sipd_sip *sip = arg;
	(void)src;

	if (tx) {
		if (tp != SIP_TRANSP_UDP)
			sipd_libre_conn_use(&sip->conns);
		else if (len > LONG_BYTES)
			long_sent(sip, len);
		learn(sip, dst, (const char *)pkt, len);
		return;
	}

	sipd_tls_heard(sip->tls);
	while (len && (*pkt == '\r' || *pkt == '\n')) {
		pkt++;
		len--;
	}
	if (len >= 4 && !memcmp(pkt, "SIP/", 4))
		sip->stats.responses_in++;
}


void sipd_listen_first(struct sipd_sip *sip)
{
	sipd_libre_first(sip ? stranger_handler : NULL, sip);
}


int sipd_listen_start(struct sipd_sip *sip)
{
	int err;

	sip->reply_ms = sipd_clock_ms();
	sip->reply_tokens = REPLIES_BURST;
	sip_set_trace_handler(sip->sip, trace_handler);
	sipd_libre_bad_request(sip->sip, request_handler, sip);

	err = sip_listen(&sip->lsnr_req, sip->sip, true, request_handler, sip);
	if (err)
		return err;

	return sip_listen(&sip->lsnr_resp, sip->sip, false, response_handler,
			  sip);
}
