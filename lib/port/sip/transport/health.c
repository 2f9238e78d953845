/**
 * @file port/sip/transport/health.c  Which servers answer
 *
 * One that does not is left alone for sip.blacklist_time, unless there is no
 * other, and asked by OPTIONS in the meantime; one that says 503 with
 * Retry-After gets nothing for so long.  The registration follows.  Loop
 * thread only, but for the counts.  RFC 3261 11.1, 21.5.4; 3263 4.3
 */
#include <string.h>
#include "base/clock.h"
#include "port/sip/transport/resolve.h"

enum {
	TICK_MS = 2000,
	RETRY_AFTER_MAX = 3600 /* s, of what a server may ask */
};

static void tick(void *arg);


/* There is no choice without another one. */
static bool counts(const struct sipd_servers *servers,
		   const struct sipd_target *target)
{
	unsigned group;

	return servers->sip->conf.blacklist_time && servers->hop.count > 1 &&
	       servers_of_hop(servers, target, &group);
}


static void count_them(struct sipd_servers *servers)
{
	const uint64_t now = sipd_clock_ms();
	uint32_t n = 0;
	size_t i;

	for (i = 0; i < servers->hop.count; i++) {
		if (blacklist_find(&servers->black, &servers->hop.v[i], now))
			n++;
	}
	atomic_store(&servers->blacklisted, n);
}


static void leave_alone(struct sipd_servers *servers,
			const struct sipd_target *target, uint64_t ms,
			bool probe, const char *why)
{
	const uint64_t now = sipd_clock_ms();
	struct sipd_sip *sip = servers->sip;
	char text[TARGET_TEXT_SIZE];

	if (!blacklist_add(&servers->black, target, now, now + ms, probe))
		return;

	sipd_log_warning(sip->log,
			 "sip: %s, one of the servers of %s: %s; left alone "
			 "for %u s",
			 target_text(target, text, sizeof(text)), sip->hop,
			 why, (unsigned)(ms / 1000));
	count_them(servers);
	if (!sipd_libre_timer_running(&servers->tick))
		tmr_start(&servers->tick, 0, tick, servers);
	/* calls come in by the server that has our registration */
	if (sip->reg && target_cmp(&servers->current, target))
		sipd_register_moved(sip->reg);
}


/* It may be used again. */
static void back(struct sipd_servers *servers, struct sipd_target target,
		 const char *what)
{
	struct sipd_sip *sip = servers->sip;
	unsigned group, current;
	char text[TARGET_TEXT_SIZE];

	sipd_log_info(sip->log, "sip: %s %s",
		      target_text(&target, text, sizeof(text)), what);
	count_them(servers);
	if (sip->reg && servers_of_hop(servers, &target, &group) &&
	    servers_of_hop(servers, &servers->current, &current) &&
	    group < current)
		sipd_register_moved(sip->reg);
}


void health_failed(struct sipd_servers *servers,
		   const struct sipd_target *target, const char *why)
{
	if (counts(servers, target))
		leave_alone(servers, target,
			    (uint64_t)servers->sip->conf.blacklist_time * 1000,
			    true, why);
}


static uint32_t retry_after(const struct sip_msg *msg)
{
	const uint32_t s = sipd_header_seconds(msg, SIP_HDR_RETRY_AFTER);

	return s < RETRY_AFTER_MAX ? s : (uint32_t)RETRY_AFTER_MAX;
}


void health_answered(struct sipd_servers *servers,
		     const struct sipd_target *target, const char *method,
		     const struct sip_msg *msg)
{
	const uint32_t after = msg->scode == 503 ? retry_after(msg) : 0;
	unsigned group;

	if (sa_cmp(&msg->src, &target->addr, SA_ADDR) &&
	    servers_of_hop(servers, target, &group))
		sipd_mapped_read(servers->sip, target->tp, msg);

	if (!strcmp(method, "REGISTER") && msg->scode < 300)
		servers->current = *target;

	if (after && counts(servers, target))
		leave_alone(servers, target, (uint64_t)after * 1000, false,
			    "503 with Retry-After");
	else if (msg->scode != 503 &&
		 blacklist_remove(&servers->black, target))
		back(servers, *target, "answers again");
}


void health_failover(struct sipd_servers *servers)
{
	atomic_fetch_add(&servers->failovers, 1);
}


/* ---- in the meantime --------------------------------------------------- */

static void probe_write(const struct sipd_sip *sip, struct mbuf *mb)
{
	(void)mbuf_printf(mb,
			  "Max-Forwards: 70\r\nTo: <%s>\r\n"
			  "From: <%s>;tag=%016llx\r\nCall-ID: %016llx\r\n"
			  "CSeq: 1 OPTIONS\r\nAccept: application/sdp\r\n"
			  "Content-Length: 0\r\n\r\n",
			  sip->registrar, sip->aor, rand_u64(), rand_u64());
	mb->pos = 0;
}


static void probe_send(struct sipd_servers *servers,
		       struct server_probe *probe)
{
	struct sipd_sip *sip = servers->sip;
	struct mbuf *mb = mbuf_alloc(512);
	char route[TARGET_TEXT_SIZE + 32];
	const char *tp = probe->target.tp == SIP_TRANSP_TLS   ? "tls"
			 : probe->target.tp == SIP_TRANSP_TCP ? "tcp"
							      : "udp";

	if (!mb)
		return;

	probe_write(sip, mb);
	(void)re_snprintf(route, sizeof(route), "sip:%J;transport=%s",
			  &probe->target.addr, tp);
	(void)sipd_send(&probe->send, sip,
			&(struct sipd_send_params){
				.method = "OPTIONS",
				.uri = sip->registrar,
				.route = route,
				.mb = mb,
			});
	mem_deref(mb);
}


/* One question at a time: on UDP it is repeated for 32 s by itself. */
static void probe(struct sipd_servers *servers,
		  const struct sipd_target *target)
{
	struct server_probe *unused = NULL;
	size_t i;

	for (i = 0; i < SERVERS_PROBES; i++) {
		if (!servers->probes[i].send)
			unused = &servers->probes[i];
		else if (target_cmp(&servers->probes[i].target, target))
			return;
	}

	if (unused) {
		unused->target = *target;
		probe_send(servers, unused);
	}
}


static void tick(void *arg)
{
	struct sipd_servers *servers = arg;
	const uint64_t now = sipd_clock_ms();
	size_t i = 0;

	while (i < servers->black.count) {
		const struct blacklisted *b = &servers->black.v[i];
		const struct sipd_target target = b->target;
		unsigned group;

		if (now >= b->until ||
		    !servers_of_hop(servers, &target, &group)) {
			(void)blacklist_remove(&servers->black, &target);
			back(servers, target, "is tried again");
			continue;
		}
		if (b->probe)
			probe(servers, &target);
		i++;
	}

	if (servers->black.count)
		tmr_start(&servers->tick, TICK_MS, tick, servers);
}


void health_close(struct sipd_servers *servers)
{
	size_t i;

	tmr_cancel(&servers->tick);
	for (i = 0; i < SERVERS_PROBES; i++)
		servers->probes[i].send = mem_deref(servers->probes[i].send);
}


void sipd_servers_stats(const struct sipd_servers *servers,
			struct sipd_sip_stats *st)
{
	st->servers = atomic_load(&servers->targets);
	st->left_alone = atomic_load(&servers->blacklisted);
	st->failovers = atomic_load(&servers->failovers);
}
