/**
 * @file port/sip/sip.c  The SIP stack: transports, addresses, opening, closing
 *
 * Loop thread only.  RFC 3261 18, 3263
 */
#include <arpa/inet.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/error.h"
#include "base/text.h"
#include "port/libre/libre.h"
#include "port/sip/internal.h"

enum {
	HASH_MIN = 4096,
	HASH_MAX = 1 << 20,
	CONN_HASH = 1024,
	INVITE_HASH_MIN = 1024,
	RCVBUF = 8 << 20,   /* thousands of answers in one turn of the loop */
	PORT_TRIES = 16,    /* for a free port on both UDP and TCP */
	USER_MAX = 64,
	STRING_MAX = 255
};

static const struct {
	size_t offset;
	const char *name;
	size_t max;
} strings[] = {
#define STRING(field, name, max) \
	{ offsetof(struct sipd_sip_conf, field), name, max }
	STRING(server, "sip.server", 253),
	STRING(user, "sip.user", USER_MAX),
	STRING(auth_user, "sip.auth_user", STRING_MAX),
	STRING(password, "sip.password", STRING_MAX),
	STRING(domain, "sip.domain", 253),
	STRING(realm, "sip.realm", SIPD_REALM_SIZE - 1),
	STRING(outbound_proxy, "sip.outbound_proxy", STRING_MAX),
	STRING(local_address, "sip.local_address", 63),
	STRING(external_address, "sip.external_address", 63),
	STRING(user_agent, "sip.user_agent", STRING_MAX),
#undef STRING
};


/* ---- Options ---- */

static const char **string_at(struct sipd_sip_conf *conf, size_t i)
{
	return (const char **)(void *)((char *)conf + strings[i].offset);
}


static void conf_free(struct sipd_sip_conf *conf)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(strings); i++) {
		free((char *)(uintptr_t)*string_at(conf, i));
		*string_at(conf, i) = NULL;
	}
}


static int conf_copy(struct sipd_sip_conf *dst,
		     const struct sipd_sip_conf *src)
{
	size_t i;

	*dst = *src;
	for (i = 0; i < ARRAY_SIZE(strings); i++)
		*string_at(dst, i) = NULL;

	for (i = 0; i < ARRAY_SIZE(strings); i++) {
		struct sipd_sip_conf from = *src;
		const char *s = *string_at(&from, i);
		const size_t len = s ? strlen(s) : 0;
		char *copy;

		if (len > strings[i].max)
			return sipd_error(SIPDIALER_EINVAL, "%s has %zu bytes, "
					  "at most %zu are allowed",
					  strings[i].name, len, strings[i].max);
		if (len && (!sipd_text_clean(s, len) ||
			    !sipd_utf8_valid(s, len)))
			return sipd_error(SIPDIALER_EINVAL, "%s has a control "
					  "character or is not UTF-8",
					  strings[i].name);

		copy = sipd_strdup(s ? s : "");
		if (!copy)
			return sipd_error(SIPDIALER_ENOMEM, "no memory");
		*string_at(dst, i) = copy;
	}

	return SIPDIALER_OK;
}


/* "[::1]" is taken as "::1" */
static void strip_brackets(const char *host)
{
	char *s = (char *)(uintptr_t)host;
	const size_t len = strlen(s);

	if (len > 2 && s[0] == '[' && s[len - 1] == ']') {
		memmove(s, s + 1, len - 2);
		s[len - 2] = '\0';
	}
}


static int host_check(const char *name, const char *host)
{
	struct pl pl;

	if (!host[0])
		return SIPDIALER_OK;

	strip_brackets(host);
	pl_set_str(&pl, host);

	return sipd_host_valid(&pl) ? SIPDIALER_OK :
		sipd_error(SIPDIALER_EINVAL,
			   "%s = \"%s\" is not a host name or address", name,
			   host);
}


static int conf_check(struct sipd_sip *sip)
{
	const struct sipd_sip_conf *conf = &sip->conf;
	union sipd_addr addr;
	int err;

	if (conf->transport == SIPD_TLS)
		return sipd_error(SIPDIALER_ENOSYS, "sip.transport = tls is "
				  "not built in; use udp or tcp");

	err = host_check("sip.server", conf->server);
	if (!err)
		err = host_check("sip.domain", conf->domain);
	if (err)
		return err;

	if (conf->reg && !conf->server[0])
		return sipd_error(SIPDIALER_EINVAL, "sip.register needs "
				  "sip.server");
	if (conf->reg && !conf->user[0])
		return sipd_error(SIPDIALER_EINVAL, "sip.register needs "
				  "sip.user");

	strip_brackets(conf->local_address);
	if (conf->local_address[0] &&
	    !sipd_addr_parse(&addr, conf->local_address, 0))
		return sipd_error(SIPDIALER_EINVAL, "sip.local_address = "
				  "\"%s\" is not an address",
				  conf->local_address);

	strip_brackets(conf->external_address);
	if (conf->external_address[0] &&
	    !sipd_addr_parse(&sip->external, conf->external_address, 0))
		return sipd_error(SIPDIALER_EINVAL, "sip.external_address = "
				  "\"%s\" is not an address",
				  conf->external_address);

	return SIPDIALER_OK;
}


/* ---- Where things go ---- */

static int transport_of(const struct sipd_sip_conf *conf)
{
	return conf->transport == SIPD_TCP ? SIP_TRANSP_TCP : SIP_TRANSP_UDP;
}


/* "host[:port]" is taken as "sip:host[:port]" */
static int proxy_route(struct sipd_sip *sip, struct pl *host)
{
	const char *proxy = sip->conf.outbound_proxy;
	char text[STRING_MAX + 8];
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
		uri.transport = transport_of(&sip->conf);
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
static void know(struct sipd_sip *sip, const struct pl *host)
{
	struct sa addr;

	if (!host->l)
		return;
	if (!sa_set(&addr, host, 0) ||
	    sipd_hosts_find(sip->hosts, host, &addr))
		sipd_guard_learn(sip, &addr);
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
				   transport_of(conf), sip->route,
				   sizeof(sip->route))) {
		return sipd_error(SIPDIALER_EINVAL, "sip.server is too long");
	}

	know(sip, &proxy);
	know(sip, &server);
	sip->known_fixed = sip->knownc;

	return SIPDIALER_OK;
}


/* Host part of our URIs: domain, server with its port, or our address. */
static int names_set(struct sipd_sip *sip)
{
	const struct sipd_sip_conf *conf = &sip->conf;
	char addr[64] = "", user[3 * USER_MAX + 1];
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
		return sipd_error(SIPDIALER_EINVAL, "sip.user and sip.domain "
				  "are too long together");

	sipd_text_init(&t, sip->domain, sizeof(sip->domain));
	sipd_text_printf(&t, v6 ? "[%s]" : "%s", host);
	if (!conf->domain[0] && conf->port && conf->port != SIP_PORT) {
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
	/* any address out there: 192.0.2.1 is nobody's. RFC 5737 */
	struct sa out;

	if (sip->conf.local_address[0] &&
	    !sa_set_str(laddr, sip->conf.local_address, 0) &&
	    !sa_is_any(laddr))
		return;
	if (sip->knownc && route_source(&sip->known[0], laddr))
		return;
	(void)sa_set_str(&out, "192.0.2.1", 0);
	if (!route_source(&out, laddr))
		(void)sa_set_str(laddr, "127.0.0.1", 0);
}


static int transport_add(struct sipd_sip *sip, const struct sa *laddr)
{
	struct sa bound;
	int err;

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
	char host[64], what[128];
	int err, i;

	local_choose(sip, &laddr);
	sa_set_port(&laddr, sip->conf.local_port);

	sipd_libre_open(RCVBUF);
	for (i = 0; i < PORT_TRIES; i++) {
		err = transport_add(sip, &laddr);
		/* the port of UDP may be taken for TCP */
		if (err != EADDRINUSE || sip->conf.local_port)
			break;
	}
	sipd_libre_open(0);

	(void)sa_ntop(&laddr, host, sizeof(host));
	if (err) {
		(void)snprintf(what, sizeof(what), "SIP on %s port %u", host,
			       sip->conf.local_port);
		return sipd_error_errno(err, what);
	}

	(void)snprintf(sip->local, sizeof(sip->local),
		       sa_af(&laddr) == AF_INET6 ? "%s:[%s]:%u" : "%s:%s:%u",
		       sip->conf.transport == SIPD_TCP ? "tcp" : "udp", host,
		       sa_port(&sip->laddr));

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

	mem_deref(sip->reg);
	mem_deref(sip->lsnr_req);
	mem_deref(sip->lsnr_resp);
	mem_deref(sip->sip);
	mem_deref(sip->dnsc);
	mem_deref(sip->hosts);
	if (sip->invites)
		hash_clear(sip->invites);
	mem_deref(sip->invites);
	conf_free(&sip->conf);
}


static int stack_open(struct sipd_sip *sip)
{
	const struct sipd_sip_conf *conf = &sip->conf;
	const uint32_t hash = power_of_two(conf->hash_size, HASH_MIN);
	int err;

	err = sipd_hosts_load(&sip->hosts, "/etc/hosts");
	if (err)
		return sipd_error_errno(err, "/etc/hosts");

	sipd_libre_open(RCVBUF);
	err = sipd_dns_open(&sip->dnsc);
	sipd_libre_open(0);
	if (err)
		sipd_log_warning(sip->log, "sip: no DNS client: %s",
				 strerror(err));

	err = sip_alloc(&sip->sip, sip->dnsc, hash, hash, CONN_HASH,
			conf->user_agent[0] ? conf->user_agent : NULL, NULL,
			sip);
	if (!err)
		err = hash_alloc(&sip->invites,
				 power_of_two(conf->hash_size,
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

	err = conf_copy(&sip->conf, conf);
	if (!err)
		err = conf_check(sip);
	if (!err)
		err = stack_open(sip);
	if (!err)
		err = routes_set(sip);
	if (!err)
		err = transports_open(sip);
	if (!err)
		err = names_set(sip);
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
	struct sipd_sip *sip = (struct sipd_sip *)(void *)
		((char *)work - offsetof(struct sipd_sip, work));
	void (*h)(void *arg) = sip->closeh;
	void *arg = sip->close_arg;

	mem_deref(sip);
	if (h)
		h(arg);
}


/* What the end of the requests left behind is freed on a turn before ours. */
static void unregistered(void *arg)
{
	struct sipd_sip *sip = arg;

	sip_close(sip->sip, true);
	sip->work.h = free_later;
	sipd_loop_later(sip->loop, &sip->work);
}


void sipd_sip_close(struct sipd_sip *sip, uint32_t wait_ms,
		    void (*h)(void *arg), void *arg)
{
	struct sipd_register *reg;

	if (!sip)
		return;

	sip->closeh = h;
	sip->close_arg = arg;

	reg = sip->reg;
	if (reg)
		sipd_register_stop(reg, wait_ms, unregistered, sip);
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
	*st = sip->stats;
}


static bool media_source(const struct sipd_sip *sip, const char *to,
			 struct sa *src)
{
	struct sipd_uri uri;
	struct sa dst;

	if (to && !sipd_uri_parse(&uri, to) &&
	    (!sa_set(&dst, &uri.host, 0) ||
	     sipd_hosts_find(sip->hosts, &uri.host, &dst)))
		return route_source(&dst, src);

	return sip->knownc && route_source(&sip->server_addr, src);
}


bool sipd_sip_media_address(struct sipd_sip *sip, const char *to,
			    union sipd_addr *bind_addr,
			    union sipd_addr *advertise)
{
	struct sa src;
	char host[64];

	if (sip->conf.local_address[0] || !media_source(sip, to, &src))
		src = sip->laddr;

	if (sa_is_any(&src) || sa_ntop(&src, host, sizeof(host)) ||
	    !sipd_addr_parse(bind_addr, host, 0))
		return false;

	*advertise = sip->external.sa.sa_family ? sip->external : *bind_addr;

	return true;
}
