/**
 * @file port/sip/sip.c  The SIP stack: transports, addresses, opening, closing
 *
 * Loop thread only.  RFC 3261 18, 3263
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/container.h"
#include "base/error.h"
#include "base/text.h"
#include "port/libre/libre.h"
#include "port/sip/internal.h"

enum {
	HASH_MIN = 4096,
	HASH_MAX = 1 << 20,
	CONN_HASH = 1024,
	INVITE_HASH_MIN = 1024,
	RCVBUF = 8 << 20, /* thousands of answers in one turn of the loop */
	ROUTE_MS = 1000,  /* a way to a peer is taken as known for so long */
	PORT_TRIES = 16,  /* for a free port on both UDP and TCP */
	UNREGISTER_MS = 1000,
	SETTLE_MS = 20
};


/* ---- Where things go ---- */

/* "host[:port]" is taken as "sip:host[:port]" */
static int proxy_route(struct sipd_sip *sip, struct pl *host)
{
	const char *proxy = sip->conf.outbound_proxy;
	char text[SIPD_STRING_MAX + 8];
	struct sipd_uri uri;
	const char *bad;

	(void)snprintf(text, sizeof(text), "%s%s",
		       strncmp(proxy, "sip:", 4) ? "sip:" : "", proxy);
	bad = sipd_uri_parse(&uri, text);
	if (bad)
		return sipd_error(SIPDIALER_EINVAL,
				  "sip.outbound_proxy = \"%s\": %s", proxy,
				  bad);

	if (uri.transport == SIP_TRANSP_NONE)
		uri.transport = sipd_conf_transport(&sip->conf);
	if (sip->conf.transport == SIPD_TLS && uri.transport != SIP_TRANSP_TLS)
		return sipd_error(SIPDIALER_EINVAL,
				  "sip.outbound_proxy = \"%s\": its transport "
				  "is not tls, sip.transport is",
				  proxy);
	if (!sipd_route_write(sip, &uri.host, uri.port, uri.transport,
			      sip->route, sizeof(sip->route)))
		return sipd_error(SIPDIALER_EINVAL,
				  "sip.outbound_proxy is too long");

	host->p = proxy + (uri.host.p - text) -
		  (strncmp(proxy, "sip:", 4) ? 4 : 0);
	host->l = uri.host.l;

	return SIPDIALER_OK;
}


/* An address it has without asking DNS is a known source from the start. */
static bool know(struct sipd_sip *sip, const struct pl *host)
{
	struct sa addr;

	if (!host->l || (sa_set(&addr, host, 0) &&
			 !sipd_hosts_find(sip->hosts, host, &addr)))
		return false;
	sipd_guard_learn(sip, &addr);

	return true;
}


static int routes_set(struct sipd_sip *sip)
{
	const struct sipd_sip_conf *conf = &sip->conf;
	struct pl server, proxy = PL_INIT;
	int err;

	pl_set_str(&server, conf->server);

	if (conf->outbound_proxy[0]) {
		err = proxy_route(sip, &proxy);
		if (err)
			return err;
	}
	else if (conf->server[0] &&
		 !sipd_route_write(sip, &server, conf->port,
				   sipd_conf_transport(conf), sip->route,
				   sizeof(sip->route))) {
		return sipd_error(SIPDIALER_EINVAL, "sip.server is too long");
	}

	sip->hop_known = know(sip, &proxy);
	if (know(sip, &server) && !proxy.l)
		sip->hop_known = true;
	(void)pl_strcpy(proxy.l ? &proxy : &server, sip->hop,
			sizeof(sip->hop));
	sip->known_fixed = sip->knownc;

	return SIPDIALER_OK;
}


/* Host part of our URIs: domain, server with its port, or our address. */
static int names_set(struct sipd_sip *sip)
{
	const struct sipd_sip_conf *conf = &sip->conf;
	char addr[64] = "", user[3 * SIPD_USER_MAX + 1];
	const char *host = conf->domain[0] ? conf->domain : conf->server;
	const char *v6;
	struct sipd_text t;

	if (!host[0]) {
		(void)sa_ntop(&sip->laddr, addr, sizeof(addr));
		host = addr;
	}
	v6 = strchr(host, ':');

	sipd_text_init(&t, sip->registrar, sizeof(sip->registrar));
	sipd_text_printf(&t, v6 ? "sip:[%s]" : "sip:%s", host);

	sipd_text_init(&t, sip->aor, sizeof(sip->aor));
	if (!conf->user[0])
		sipd_text_add(&t, "sip:anonymous@anonymous.invalid");
	else if (sipd_user_escape(conf->user, user, sizeof(user)))
		sipd_text_printf(&t, v6 ? "sip:%s@[%s]" : "sip:%s@%s", user,
				 host);
	if (!t.len || sipd_text_cut(&t))
		return sipd_error(
			SIPDIALER_EINVAL,
			"sip.user and sip.domain are too long together");

	sipd_text_init(&t, sip->domain, sizeof(sip->domain));
	sipd_text_printf(&t, v6 ? "[%s]" : "%s", host);
	if (!conf->domain[0] &&
	    sipd_conf_port(conf) !=
		    sip_transp_port(sipd_conf_transport(conf), 0)) {
		sipd_text_printf(&t, ":%u", conf->port);
		(void)snprintf(sip->registrar, sizeof(sip->registrar),
			       "sip:%s", sip->domain);
	}

	return SIPDIALER_OK;
}


/* ---- Transports ---- */

/* Address the kernel sends from; nothing is sent. */
static bool route_source(const struct sa *dst, struct sa *src)
{
	struct sockaddr_storage ss;
	struct sa to = *dst;
	socklen_t len = sizeof(ss);
	bool ok;
	int fd;

	fd = socket(sa_af(dst), SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;

	sa_set_port(&to, SIP_PORT);
	ok = !connect(fd, &to.u.sa, to.len) &&
	     !getsockname(fd, (struct sockaddr *)(void *)&ss, &len) &&
	     !sa_set_sa(src, (struct sockaddr *)(void *)&ss);
	(void)close(fd);
	if (ok)
		sa_set_port(src, 0);

	return ok;
}


/* A concrete address: it goes into Via and Contact. */
static void local_choose(const struct sipd_sip *sip, struct sa *laddr)
{
	/* any address out there: these are nobody's. RFC 5737, 3849 */
	static const char *const nobody[] = {"192.0.2.1", "2001:db8::1"};
	struct sa out;
	size_t i;

	if (sip->conf.local_address[0] &&
	    !sa_set_str(laddr, sip->conf.local_address, 0) &&
	    !sa_is_any(laddr))
		return;
	if (sip->knownc && route_source(&sip->known[0], laddr))
		return;
	for (i = 0; i < ARRAY_SIZE(nobody); i++) {
		if (!sa_set_str(&out, nobody[i], 0) &&
		    route_source(&out, laddr))
			return;
	}
	(void)sa_set_str(laddr, "127.0.0.1", 0);
}


/* With TLS nothing else is there that a request could fall back to. */
static int transport_add_tls(struct sipd_sip *sip, const struct sa *laddr)
{
	int err;

	err = sip_transp_add(sip->sip, SIP_TRANSP_TLS, laddr,
			     sipd_tls_context(sip->tls));

	return err ? err
		   : sip_transp_laddr(sip->sip, &sip->laddr, SIP_TRANSP_TLS,
				      laddr);
}


static int transport_add(struct sipd_sip *sip, const struct sa *laddr)
{
	struct sa bound;
	int err;

	if (sip->tls)
		return transport_add_tls(sip, laddr);

	err = sip_transp_add(sip->sip, SIP_TRANSP_UDP, laddr);
	if (!err)
		err = sip_transp_laddr(sip->sip, &bound, SIP_TRANSP_UDP,
				       laddr);
	if (!err)
		err = sip_transp_add(sip->sip, SIP_TRANSP_TCP, &bound);
	if (err) {
		sip_transp_flush(sip->sip);
		return err;
	}

	sip->laddr = bound;

	return 0;
}


static int transports_open(struct sipd_sip *sip)
{
	struct sa laddr;
	static const char *const names[] = {
		[SIPD_UDP] = "udp",
		[SIPD_TCP] = "tcp",
		[SIPD_TLS] = "tls",
	};
	char host[64], what[128];
	int err, i;

	if (sip->conf.transport == SIPD_TLS) {
		err = sipd_tls_open(&sip->tls, sip, sip->hop);
		if (err)
			return err;
	}

	local_choose(sip, &laddr);
	sa_set_port(&laddr, sip->conf.local_port);

	sipd_libre_open(RCVBUF, sip->conf.dscp);
	for (i = 0; i < PORT_TRIES; i++) {
		err = transport_add(sip, &laddr);
		/* the port of UDP may be taken for TCP */
		if (err != EADDRINUSE || sip->conf.local_port)
			break;
	}
	sipd_libre_open(0, 0);

	(void)sa_ntop(&laddr, host, sizeof(host));
	if (err) {
		(void)snprintf(what, sizeof(what), "SIP on %s port %u", host,
			       sip->conf.local_port);
		return sipd_error_errno(err, what);
	}

	(void)snprintf(sip->local, sizeof(sip->local),
		       sa_af(&laddr) == AF_INET6 ? "%s:[%s]:%u" : "%s:%s:%u",
		       names[sip->conf.transport], host, sa_port(&sip->laddr));

	return SIPDIALER_OK;
}


/* ---- Opening ---- */

static uint32_t power_of_two(uint32_t n, uint32_t min)
{
	uint32_t size = min;

	while (size < n && size < HASH_MAX)
		size *= 2;

	return size;
}


static void sip_destructor(void *arg)
{
	struct sipd_sip *sip = arg;

	tmr_cancel(&sip->settle);
	sipd_locate_stop(sip);
	sipd_libre_bad_request(sip->sip, NULL, NULL);
	sipd_conns_close(sip);
	sipd_tls_close(sip->tls);
	mem_deref(sip->reg);
	mem_deref(sip->lsnr_req);
	mem_deref(sip->lsnr_resp);
	mem_deref(sip->sip);
	mem_deref(sip->tls);
	mem_deref(sip->trunks);
	mem_deref(sip->servers);
	mem_deref(sip->hosts);
	if (sip->invites)
		hash_clear(sip->invites);
	mem_deref(sip->invites);
	sipd_conf_free(&sip->conf);
}


static int stack_open(struct sipd_sip *sip)
{
	const struct sipd_sip_conf *conf = &sip->conf;
	const uint32_t hash = power_of_two(conf->hash_size, HASH_MIN);
	int err;

	err = sipd_hosts_load(&sip->hosts, "/etc/hosts");
	if (err)
		return sipd_error_errno(err, "/etc/hosts");
	err = sipd_servers_open(&sip->servers, sip);
	if (err)
		return err;

	sipd_listen_first(sip);
	err = sip_alloc(&sip->sip, NULL, hash, hash, CONN_HASH,
			conf->user_agent[0] ? conf->user_agent : NULL, NULL,
			sip);
	sipd_listen_first(NULL);
	if (!err)
		err = hash_alloc(&sip->invites, power_of_two(conf->hash_size,
							     INVITE_HASH_MIN));
	if (!err)
		err = sipd_listen_start(sip);

	return err ? sipd_error_errno(err, "SIP stack") : SIPDIALER_OK;
}


int sipd_sip_open(struct sipd_sip **sp, struct sipd_loop *loop,
		  struct sipd_log *log, const struct sipd_sip_conf *conf,
		  sipd_reg_h *regh, void *arg)
{
	struct sipd_sip *sip;
	int err;

	sip = mem_zalloc(sizeof(*sip), sip_destructor);
	if (!sip)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for SIP");

	sip->loop = loop;
	sip->log = log;
	sip->regh = regh;
	sip->arg = arg;

	err = sipd_conf_copy(&sip->conf, conf);
	if (!err)
		err = sipd_conf_check(sip);
	if (!err)
		err = stack_open(sip);
	if (!err && sip->conf.trunks[0])
		err = sipd_trunks_open(&sip->trunks, sip, sip->conf.trunks);
	if (!err)
		err = routes_set(sip);
	if (!err)
		err = transports_open(sip);
	if (!err)
		sipd_conns_open(sip);
	if (!err)
		err = names_set(sip);
	if (!err)
		sipd_servers_start(sip->servers);
	if (!err && sip->conf.reg)
		err = sipd_register_start(&sip->reg, sip);

	if (err)
		mem_deref(sip);
	else
		*sp = sip;

	return err;
}


/* ---- Closing ---- */

static void free_later(struct sipd_work *work)
{
	struct sipd_sip *sip = SIPD_CONTAINER(work, struct sipd_sip, work);
	void (*h)(void *arg) = sip->closeh;
	void *arg = sip->close_arg;

	mem_deref(sip);
	if (h)
		h(arg);
}


/* What the end of the requests leaves behind is freed on a turn before ours. */
static void drop_later(struct sipd_work *work)
{
	struct sipd_sip *sip = SIPD_CONTAINER(work, struct sipd_sip, work);

	sipd_invite_flush(sip);
	sipd_send_close(sip);
	sip_close(sip->sip, true);
	sip->work.h = free_later;
	sipd_loop_later(sip->loop, &sip->work);
}


/* A BYE that was lost is sent again only while we live: without this the far
 * end would stay on the line.  Asked now and then, as thousands of sessions
 * may end in one turn. */
static void settle_handler(void *arg)
{
	struct sipd_sip *sip = arg;

	if (sipd_invite_unsettled(sip) && tmr_jiffies() < sip->close_until) {
		tmr_start(&sip->settle, SETTLE_MS, settle_handler, sip);
		return;
	}

	sip->work.h = drop_later;
	sipd_loop_later(sip->loop, &sip->work);
}


static void unregistered(void *arg)
{
	settle_handler(arg);
}


void sipd_sip_close(struct sipd_sip *sip, uint32_t wait_ms,
		    void (*h)(void *arg), void *arg)
{
	struct sipd_register *reg;

	if (!sip)
		return;

	sip->closeh = h;
	sip->close_arg = arg;
	sip->close_until = tmr_jiffies() + wait_ms;
	sipd_locate_stop(sip);

	reg = sip->reg;
	if (reg)
		sipd_register_stop(reg,
				   wait_ms < UNREGISTER_MS
					   ? wait_ms
					   : (uint32_t)UNREGISTER_MS,
				   unregistered, sip);
	else
		unregistered(sip);
}


/* ---- What others ask ---- */

const char *sipd_sip_local(const struct sipd_sip *sip)
{
	return sip->local;
}


void sipd_sip_stats(const struct sipd_sip *sip, struct sipd_sip_stats *st)
{
	const struct sipd_sip_counts *n = &sip->stats;

	st->requests_in = atomic_load(&n->requests_in);
	st->responses_in = atomic_load(&n->responses_in);
	st->malformed = atomic_load(&n->malformed);
	st->strangers = atomic_load(&n->strangers);
	st->replies_limited = atomic_load(&n->replies_limited);
	st->strays = atomic_load(&n->strays);
	st->incoming = atomic_load(&n->incoming);
	sipd_servers_stats(sip->servers, st);
}


void sipd_sip_stats_add(struct sipd_sip_stats *a,
			const struct sipd_sip_stats *b)
{
	a->requests_in += b->requests_in;
	a->responses_in += b->responses_in;
	a->malformed += b->malformed;
	a->strangers += b->strangers;
	a->replies_limited += b->replies_limited;
	a->strays += b->strays;
	a->incoming += b->incoming;
	a->servers += b->servers;
	a->left_alone += b->left_alone;
	a->failovers += b->failovers;
}


/* As route_source(), asked anew each second only: the way rarely changes. */
static bool route_cached(struct sipd_sip *sip, const struct sa *dst,
			 struct sa *src)
{
	const uint64_t now = sipd_clock_ms();

	if (!sip->route_ms || now - sip->route_ms >= ROUTE_MS ||
	    !sa_cmp(dst, &sip->route_dst, SA_ADDR)) {
		sip->route_ms = 0;
		if (!route_source(dst, &sip->route_src))
			return false;
		sip->route_dst = *dst;
		sip->route_ms = now;
	}
	*src = sip->route_src;

	return true;
}


static bool media_source(struct sipd_sip *sip, const char *to, struct sa *src)
{
	struct sipd_uri uri;
	struct sa dst;

	if (to && !sipd_uri_parse(&uri, to) &&
	    (!sa_set(&dst, &uri.host, 0) ||
	     sipd_hosts_find(sip->hosts, &uri.host, &dst)))
		return route_cached(sip, &dst, src);

	return sa_isset(&sip->server_addr, SA_ADDR) &&
	       route_cached(sip, &sip->server_addr, src);
}


static bool media_from(const struct sipd_sip *sip, const struct sa *src,
		       union sipd_addr *bind_addr, union sipd_addr *advertise)
{
	char host[64];

	if (sa_is_any(src) || sa_ntop(src, host, sizeof(host)) ||
	    !sipd_addr_parse(bind_addr, host, 0))
		return false;

	*advertise = sip->external.sa.sa_family ? sip->external : *bind_addr;

	return true;
}


bool sipd_sip_media_address(struct sipd_sip *sip, const char *to,
			    union sipd_addr *bind_addr,
			    union sipd_addr *advertise)
{
	struct sa src;

	if (sip->conf.local_address[0] || !media_source(sip, to, &src))
		src = sip->laddr;

	return media_from(sip, &src, bind_addr, advertise);
}


bool sipd_sip_media_towards(struct sipd_sip *sip, const struct sa *peer,
			    union sipd_addr *bind_addr,
			    union sipd_addr *advertise)
{
	struct sa src;

	if (sip->conf.local_address[0] || !route_cached(sip, peer, &src))
		src = sip->laddr;

	return media_from(sip, &src, bind_addr, advertise);
}
