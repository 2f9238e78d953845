/**
 * @file port/sip/account/service.c  The way that a registrar asks for
 *
 * Service-Route becomes the Route of later requests to the server, RFC 3608;
 * Path is only told, RFC 3327.  Both come from the peer: every URI is parsed
 * before it is written again.
 */
#include <string.h>
#include "base/text.h"
#include "port/sip/account/register.h"

enum { ROUTES_MAX = 4, PATHS_MAX = 8 };

struct reading {
	struct sipd_register *reg;
	struct sipd_text lines;
	const char *name; /* of the header to write */
	unsigned count, max;
	bool bad;
	struct sipd_uri first;
	char uri[SIPD_STRING_MAX + 1]; /* what first points into */
};


static bool loose(const struct sipd_uri *uri)
{
	struct pl value;

	return !msg_param_exists(&uri->params, "lr", &value);
}


static bool value_handler(const struct sip_hdr *hdr, const struct sip_msg *msg,
			  void *arg)
{
	struct reading *r = arg;
	char text[SIPD_STRING_MAX + 1];
	struct sip_addr addr;
	struct sipd_uri uri;
	(void)msg;

	if (r->count++ >= r->max || sip_addr_decode(&addr, &hdr->val) ||
	    pl_strcpy(&addr.auri, text, sizeof(text)) ||
	    !sipd_text_clean(text, strlen(text)) ||
	    sipd_uri_parse(&uri, text) || !loose(&uri)) {
		r->bad = true;
		return true;
	}

	if (r->count == 1) {
		memcpy(r->uri, text, sizeof(text));
		(void)sipd_uri_parse(&r->first, r->uri);
	}
	sipd_text_printf(&r->lines, "%s: <%s>\r\n", r->name, text);

	return false;
}


/* With TLS there is one server whose certificate we know: nothing else is the
 * next hop, and the Route says the rest. */
static void hop_set(struct sipd_register *reg, const struct sipd_uri *uri)
{
	const struct sipd_sip *sip = reg->sip;
	int tp = uri->transport;

	if (sip->tls || sip->conf.outbound_proxy[0])
		return;
	if (tp == SIP_TRANSP_TLS ||
	    (tp == SIP_TRANSP_NONE && sip->conf.transport == SIPD_UDP))
		tp = SIP_TRANSP_UDP;
	else if (tp == SIP_TRANSP_NONE)
		tp = (int)sipd_conf_transport(&sip->conf);
	if (!sipd_route_write(sip, &uri->host, uri->port, tp, reg->hop,
			      sizeof(reg->hop)))
		reg->hop[0] = '\0';
}


void register_service_clear(struct sipd_register *reg)
{
	reg->routes[0] = reg->hop[0] = reg->told[0] = '\0';
}


/* "Name: value\n", as events have headers */
static void tell_lines(struct sipd_text *t, const char *lines,
		       const char *instead)
{
	for (; *lines; lines++) {
		if (instead && !strncmp(lines, "Route: ", 7)) {
			sipd_text_add(t, instead);
			lines += 4;
		}
		else if (*lines != '\r') {
			sipd_text_addn(t, lines, 1);
		}
	}
}


void register_service_read(struct sipd_register *reg,
			   const struct sip_msg *msg)
{
	struct reading route = {.reg = reg,
				.name = "Route",
				.max = ROUTES_MAX};
	struct reading path = {.reg = reg, .name = "Path", .max = PATHS_MAX};
	char paths[SIPD_ROUTES_SIZE];
	struct sipd_text t;

	register_service_clear(reg);

	sipd_text_init(&route.lines, reg->routes, sizeof(reg->routes));
	(void)sip_msg_hdr_apply(msg, true, SIP_HDR_SERVICE_ROUTE,
				value_handler, &route);
	if (route.bad || sipd_text_cut(&route.lines)) {
		sipd_log_warning(reg->sip->log,
				 "sip: the Service-Route of the server is not "
				 "used: it is malformed, strict, or has more "
				 "than %d entries",
				 ROUTES_MAX);
		reg->routes[0] = '\0';
	}
	else if (route.count) {
		hop_set(reg, &route.first);
	}

	sipd_text_init(&path.lines, paths, sizeof(paths));
	(void)sip_msg_hdr_apply(msg, true, SIP_HDR_PATH, value_handler, &path);

	sipd_text_init(&t, reg->told, sizeof(reg->told));
	sipd_text_add(&t, "");
	tell_lines(&t, reg->routes, "Service-Route");
	if (path.count && !path.bad && !sipd_text_cut(&path.lines))
		tell_lines(&t, paths, NULL);
}


const char *sipd_service_hop(const struct sipd_sip *sip)
{
	return sip->reg && sip->reg->hop[0] ? sip->reg->hop : sip->route;
}


const char *sipd_service_routes(const struct sipd_sip *sip)
{
	return sip->reg ? sip->reg->routes : "";
}


int sipd_service_write(struct mbuf *mb, const struct sipd_sip *sip,
		       const char *hop)
{
	int err = 0;

	if (sip->conf.outbound_proxy[0])
		err = mbuf_printf(mb, SIPD_ROUTE_LINE, hop);
	if (!err && !strcmp(hop, sipd_service_hop(sip)))
		err = mbuf_write_str(mb, sipd_service_routes(sip));

	return err;
}
