/**
 * @file port/sip/transport/servers.c  The servers behind a name
 *
 * Who they are, which of them do not answer, who may call us.  Loop thread
 * only, but for the counts.  RFC 3263 4, 3261 21.5.4
 */
#include <string.h>
#include "base/clock.h"
#include "base/error.h"
#include "port/sip/transport/resolve.h"

enum {
	AGAIN_MS = 60000, /* after a look-up that failed */
	GRACE_MS = 300000 /* known after they have gone from the records */
};


/* ---- what resolve() asks for ------------------------------------------- */

static int get_handler(const char *name, uint16_t type,
		       const struct list **records, const char **cname,
		       uint64_t *expires, void *arg)
{
	const struct sipd_servers *servers = arg;

	return names_get(servers->names, name, type, records, cname, expires);
}


static bool reach_handler(enum sip_transp tp, int af, void *arg)
{
	const struct sipd_servers *servers = arg;
	struct sa dst, laddr;

	sa_init(&dst, af);

	return !sip_transp_laddr(servers->sip->sip, &laddr, tp, &dst);
}


static uint32_t random_handler(void *arg)
{
	(void)arg;

	return rand_u32();
}


/* With TLS nothing goes without it. */
static unsigned transports(const struct sipd_sip *sip, const struct uri *uri,
			   enum sip_transp *first)
{
	struct pl name;

	*first = sip->tls ? SIP_TRANSP_TLS : SIP_TRANSP_UDP;
	if (!msg_param_decode(&uri->params, "transport", &name)) {
		if (!pl_strcasecmp(&name, "tcp"))
			*first = SIP_TRANSP_TCP;
		else if (!pl_strcasecmp(&name, "tls"))
			*first = SIP_TRANSP_TLS;
		else
			*first = SIP_TRANSP_UDP;
		return 1U << *first;
	}

	return sip->tls ? 1U << SIP_TRANSP_TLS
			: 1U << SIP_TRANSP_UDP | 1U << SIP_TRANSP_TCP;
}


static int look_up(struct sipd_servers *servers, const char *route,
		   struct resolve_list *list)
{
	const struct resolve_env env = {
		.get = get_handler,
		.reach = reach_handler,
		.random = random_handler,
		.arg = servers,
	};
	struct resolve_name name = {NULL};
	char host[SIPD_HOST_MAX + 1];
	struct uri uri;
	struct pl pl;

	pl_set_str(&pl, route);
	if (uri_decode(&uri, &pl) || pl_strcpy(&uri.host, host, sizeof(host)))
		return EINVAL;

	name.transports = transports(servers->sip, &uri, &name.main);
	list->v[0].tp = name.main;
	list->v[0].group = 0;
	list->count = 1;
	list->expires = UINT64_MAX;
	if (!sa_set_str(&list->v[0].addr, host,
			sip_transp_port(name.main, uri.port)))
		return 0;

	name.host = host;
	name.port = uri.port;

	return resolve(&env, &name, list);
}


/* ---- known addresses --------------------------------------------------- */

bool sipd_servers_known(const struct sipd_servers *servers,
			const struct sa *addr)
{
	const uint64_t now = sipd_clock_ms();
	size_t i;

	for (i = 0; i < servers->knownc; i++) {
		if (sa_cmp(&servers->known[i].addr, addr, SA_ADDR))
			return now < servers->known[i].until;
	}

	/* the one we are registered at, whatever the records say now */
	return servers->sip->conf.reg &&
	       sa_cmp(&servers->current.addr, addr, SA_ADDR);
}


bool sipd_servers_named(const struct sipd_servers *servers)
{
	return servers->named;
}


static void known_add(struct sipd_servers *servers, const struct sa *addr,
		      uint64_t until)
{
	size_t i, oldest = 0;

	for (i = 0; i < servers->knownc; i++) {
		if (sa_cmp(&servers->known[i].addr, addr, SA_ADDR)) {
			servers->known[i].until = until;
			return;
		}
		if (servers->known[i].until < servers->known[oldest].until)
			oldest = i;
	}

	i = servers->knownc < SERVERS_KNOWN_MAX ? servers->knownc++ : oldest;
	servers->known[i] = (struct server_known){*addr, until};
}


/* Those of the records; others for a while yet, as a pool of servers may show
 * some of its addresses only. */
static void known_set(struct sipd_servers *servers, uint64_t now)
{
	size_t i;

	for (i = 0; i < servers->knownc; i++) {
		if (servers->known[i].until == UINT64_MAX)
			servers->known[i].until = now + GRACE_MS;
	}
	for (i = 0; i < servers->hop.count; i++)
		known_add(servers, &servers->hop.v[i].addr, UINT64_MAX);
}


/* ---- looking up the next hop ------------------------------------------- */

static void refresh(void *arg);


static bool same_targets(const struct resolve_list *a,
			 const struct resolve_list *b)
{
	size_t i, j;

	for (i = 0; i < a->count; i++) {
		for (j = 0; j < b->count; j++) {
			if (target_cmp(&a->v[i], &b->v[j]))
				break;
		}
		if (j == b->count)
			return false;
	}

	return a->count == b->count;
}


static void hop_set(struct sipd_servers *servers,
		    const struct resolve_list *list, uint64_t now)
{
	struct sipd_sip *sip = servers->sip;
	const bool same = same_targets(&servers->hop, list);
	size_t i;

	servers->hop = *list;
	known_set(servers, now);
	servers->complained = false;
	sip->hop_known = true;
	if (!sa_isset(&sip->server_addr, SA_ADDR))
		sip->server_addr = list->v[0].addr;
	atomic_store(&servers->targets, (uint32_t)list->count);

	for (i = 0; i < list->count && !same; i++) {
		char text[TARGET_TEXT_SIZE];

		sipd_log_info(sip->log, "sip: %s is at %s", sip->hop,
			      target_text(&list->v[i], text, sizeof(text)));
	}
}


static void refresh(void *arg)
{
	struct sipd_servers *servers = arg;
	const uint64_t now = sipd_clock_ms();
	char words[256];
	struct resolve_list list;
	int err = look_up(servers, servers->sip->route, &list);

	if (err == EAGAIN) {
		err = servers_wait(servers, &servers->waiter);
		if (!err)
			return;
	}

	servers->waiter.since = 0;
	if (err) {
		/* those it had may still be there */
		if (!servers->complained) {
			sipd_send_words(servers->sip, err, servers->sip->route,
					words, sizeof(words));
			sipd_log_warning(servers->sip->log, "sip: %s", words);
		}
		servers->complained = true;
		tmr_start(&servers->tmr, AGAIN_MS, refresh, servers);
		return;
	}

	hop_set(servers, &list, now);
	tmr_start(&servers->tmr, list.expires > now ? list.expires - now : 0,
		  refresh, servers);
}


void sipd_servers_start(struct sipd_servers *servers)
{
	const struct sipd_sip *sip = servers->sip;
	struct resolve_list list;
	struct uri uri;
	struct sa addr;
	struct pl pl;

	pl_set_str(&pl, sip->route);
	if (!sip->route[0] || uri_decode(&uri, &pl))
		return;

	servers->named = sa_set(&addr, &uri.host, 0) != 0;
	if (servers->named)
		refresh(servers);
	else if (!look_up(servers, sip->route, &list))
		servers->hop = list;
}


/* ---- for one request --------------------------------------------------- */

static size_t find(const struct sipd_target *v, size_t count,
		   const struct sa *addr)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (sa_cmp(&v[i].addr, addr, SA_ALL))
			break;
	}

	return i;
}


static void to_front(struct sipd_target *v, size_t i)
{
	const struct sipd_target t = v[i];

	memmove(v + 1, v, i * sizeof(*v));
	v[0] = t;
}


/* All goes by the server that has our registration, unless a better one is
 * there. */
static void follow_registration(const struct sipd_servers *servers,
				struct sipd_target *v, size_t count)
{
	const size_t i = find(v, count, &servers->current.addr);

	if (servers->sip->conf.reg && i < count && v[i].group == v[0].group)
		to_front(v, i);
}


int servers_list(struct sipd_servers *servers, const char *route,
		 const struct sa *sticky, struct sipd_target *v, size_t max,
		 size_t *count)
{
	struct resolve_list list;
	const int err = look_up(servers, route, &list);
	size_t i;

	if (err)
		return err;

	blacklist_sort(&servers->black, sipd_clock_ms(), list.v, &list.count);
	follow_registration(servers, list.v, list.count);
	i = sa_isset(sticky, SA_ADDR) ? find(list.v, list.count, sticky)
				      : list.count;
	if (i < list.count)
		to_front(list.v, i);

	*count = list.count < max ? list.count : max;
	memcpy(v, list.v, *count * sizeof(*v));

	return 0;
}


int servers_wait(struct sipd_servers *servers, struct names_waiter *waiter)
{
	return names_wait(servers->names, waiter);
}


static void destructor(void *arg)
{
	struct sipd_servers *servers = arg;

	tmr_cancel(&servers->tmr);
	health_close(servers);
	list_unlink(&servers->waiter.le);
	mem_deref(servers->names);
}


int sipd_servers_open(struct sipd_servers **sp, struct sipd_sip *sip)
{
	struct sipd_servers *servers = mem_zalloc(sizeof(*servers),
						  destructor);
	int err;

	if (!servers)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for SIP");

	servers->sip = sip;
	servers->current.tp = SIP_TRANSP_NONE;
	servers->waiter.h = refresh;
	servers->waiter.arg = servers;
	err = names_open(&servers->names, sip->conf.dns_servers);
	if (err)
		mem_deref(servers);
	else
		*sp = servers;

	return err;
}


bool servers_of_hop(const struct sipd_servers *servers,
		    const struct sipd_target *target, unsigned *group)
{
	size_t i;

	for (i = 0; i < servers->hop.count; i++) {
		if (target_cmp(&servers->hop.v[i], target)) {
			*group = servers->hop.v[i].group;
			return true;
		}
	}

	return false;
}


const char *target_text(const struct sipd_target *target, char *buf,
			size_t size)
{
	(void)re_snprintf(buf, size, "%J by %s", &target->addr,
			  sip_transp_name(target->tp));

	return buf;
}


void sipd_send_words(const struct sipd_sip *sip, int err, const char *route,
		     char *buf, size_t size)
{
	char servers[128];

	switch (err) {

	case EREMOTEIO:
		names_servers_text(sip->servers->names, servers,
				   sizeof(servers));
		(void)re_snprintf(buf, size,
				  "no address for %s: no name server answers "
				  "(%s)",
				  route, servers);
		break;

	case EPROTO:
		(void)re_snprintf(buf, size,
				  "no address for %s: the name server cannot "
				  "tell",
				  route);
		break;

	case ECONNRESET:
		(void)re_snprintf(buf, size, "the connection to %s was lost",
				  route);
		break;

	case ENOBUFS:
		(void)re_snprintf(buf, size,
				  "%s does not read what is sent to it",
				  route);
		break;

	case ELOOP:
		(void)re_snprintf(buf, size,
				  "no address for %s: more than %d aliases",
				  route, DNS_CNAMES_MAX);
		break;

	case ETIME:
		(void)re_snprintf(buf, size,
				  "no address for %s: its records lead on for "
				  "more than %d s",
				  route, RESOLVE_MS / 1000);
		break;

	case ENOENT:
	case EDESTADDRREQ:
		(void)re_snprintf(buf, size, "no address for %s", route);
		break;

	case ETIMEDOUT:
		(void)re_snprintf(buf, size, "no answer from %s", route);
		break;

	case ECONNREFUSED:
		(void)re_snprintf(buf, size, "%s refuses the connection",
				  route);
		break;

	default:
		(void)re_snprintf(buf, size, "%s: %s", route, strerror(err));
	}
}
