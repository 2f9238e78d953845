/**
 * @file port/sip/transport/mapped.c  Our address as the server sees it
 *
 * Behind a NAT it differs from ours, and goes into Contact so that the server
 * can reach us.  Only what can be such an address is taken, and not one after
 * the other.  Pure, but for the message.  RFC 3581 4, 5626 4.4.1
 */
#include <string.h>
#include "base/clock.h"
#include "base/error.h"
#include "port/sip/internal.h"

enum {
	CHANGES_MAX = 4, /* within WINDOW_MS; more: it stays as it is */
	WINDOW_MS = 600000
};


static uint32_t ipv4(const struct sa *sa)
{
	return sa_in(sa);
}


/* libre knows 127.0.0.1 alone. RFC 1122 3.2.1.3 */
static bool loopback(const struct sa *sa)
{
	return sa_af(sa) == AF_INET ? ipv4(sa) >> 24 == 127
				    : sa_is_loopback(sa);
}


/* Could a server send to us there? */
static bool sane(const struct sa *seen, const struct sa *local)
{
	uint8_t ip[16];

	if (sa_af(seen) != sa_af(local) || sa_is_any(seen) || !sa_port(seen))
		return false;
	if (loopback(seen) && !loopback(local))
		return false;
	if (sa_is_linklocal(seen) && !sa_is_linklocal(local))
		return false;

	/* multicast, what is reserved, broadcast */
	if (sa_af(seen) == AF_INET)
		return ipv4(seen) >> 28 < 0xe && ipv4(seen) >> 24;

	sa_in6(seen, ip);

	return ip[0] != 0xff;
}


static bool same(const struct sa *a, const struct sa *b)
{
	return sa_af(a) == sa_af(b) &&
	       (!sa_isset(a, SA_ADDR) || sa_cmp(a, b, SA_ALL));
}


bool sipd_mapped_learn(struct sipd_mapped *m, enum sip_transp tp,
		       const struct sa *seen, const struct sa *local,
		       uint64_t now)
{
	struct sa addr;

	if (!sane(seen, local))
		return false;

	m->tp = tp;
	m->seen = *seen;
	/* A connection has a port of its own, wherever it comes from.  With TCP
	 * the server can make another one to us; with TLS, where we mostly
	 * have no certificate to show, ours is the only way back. */
	sa_init(&addr, AF_UNSPEC);
	if (!sa_cmp(seen, local, tp == SIP_TRANSP_TCP ? SA_ADDR : SA_ALL))
		addr = *seen;
	if (same(&addr, &m->addr))
		return false;

	/* each connection has another port */
	if (tp != SIP_TRANSP_UDP && sa_cmp(&addr, &m->addr, SA_ADDR)) {
		m->addr = addr;
		return true;
	}

	if (now - m->since >= WINDOW_MS) {
		m->since = now;
		m->changes = 0;
		m->told = false;
	}
	if (m->changes == CHANGES_MAX)
		return false;

	m->changes++;
	m->addr = addr;

	return true;
}


static bool seen_read(const struct sip_msg *msg, const struct sa *local,
		      struct sa *seen)
{
	const struct pl *via = &msg->via.params;
	struct pl received = PL_INIT, rport = PL_INIT;
	uint32_t port;

	/* some leave out what is as we wrote it */
	*seen = *local;
	if (!msg_param_decode(via, "received", &received) &&
	    sa_set(seen, &received, 0))
		return false;

	sa_set_port(seen, sa_port(local));
	if (!msg_param_decode(via, "rport", &rport) && pl_isset(&rport)) {
		if (!sipd_pl_number(&rport, &port) || !port || port > 65535)
			return false;
		sa_set_port(seen, (uint16_t)port);
	}

	return pl_isset(&received) || pl_isset(&rport);
}


void sipd_mapped_read(struct sipd_sip *sip, enum sip_transp tp,
		      const struct sip_msg *msg)
{
	struct sipd_mapped *m = &sip->mapped;
	struct sa local, seen;
	char text[64];

	if (sip->conf.keep_contact || sip->external.sa.sa_family ||
	    sip_transp_laddr(sip->sip, &local, tp, &msg->src) ||
	    !seen_read(msg, &local, &seen))
		return;

	(void)re_snprintf(text, sizeof(text), "%J", &seen);
	if (sipd_mapped_learn(m, tp, &seen, &local, sipd_clock_ms())) {
		sipd_log_info(sip->log, "sip: the server sees us at %s", text);
		if (sip->reg)
			sipd_register_moved(sip->reg);
	}
	else if (m->changes == CHANGES_MAX && !m->told) {
		m->told = true;
		sipd_log_warning(sip->log,
				 "sip: the server sees us at another address "
				 "again, %s; set sip.external_address or "
				 "sip.contact_rewrite=no",
				 text);
	}
}
