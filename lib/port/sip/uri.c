/**
 * @file port/sip/uri.c  SIP URIs, strictly. RFC 3261 19.1, 25.1
 *
 * libre's parser is lenient: it takes headers, maddr and passwords, and leaves
 * what it does not know.  Only constant data; any thread but for the routes.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>
#include "base/error.h"
#include "base/text.h"
#include "port/sip/internal.h"

static const char unreserved[] = "-_.!~*'()";


bool sipd_char_in(char c, const char *set)
{
	return isalnum((unsigned char)c) || (c && strchr(set, c));
}


/* unreserved, escaped or one of more. RFC 3261 25.1 */
static bool escaped_text(const struct pl *pl, const char *more)
{
	size_t i;

	for (i = 0; i < pl->l; i++) {
		const char c = pl->p[i];

		if (c == '%') {
			if (pl->l - i < 3 ||
			    !isxdigit((unsigned char)pl->p[i + 1]) ||
			    !isxdigit((unsigned char)pl->p[i + 2]))
				return false;
			i += 2;
		}
		else if (!sipd_char_in(c, unreserved) && !strchr(more, c)) {
			return false;
		}
	}

	return true;
}


bool sipd_host_valid(const struct pl *host)
{
	struct sa addr;
	size_t i;

	if (!host->l || host->l > SIPD_HOST_MAX)
		return false;

	if (pl_strchr(host, ':'))
		return !sa_set(&addr, host, 0) && sa_af(&addr) == AF_INET6;

	for (i = 0; i < host->l; i++) {
		if (!sipd_char_in(host->p[i], "-.") && host->p[i] != '_')
			return false;
	}

	return host->p[0] != '.' && host->p[0] != '-';
}


/* "host[:port]", IPv6 in brackets. */
static const char *hostport_parse(struct sipd_uri *uri, struct pl hp)
{
	uint32_t port;

	uri->host = hp;
	if (hp.l && *hp.p == '[') {
		const char *end = pl_strchr(&hp, ']');

		if (!end)
			return "no ']' after its IPv6 address";
		uri->host.p = hp.p + 1;
		uri->host.l = (size_t)(end - hp.p) - 1;
		if (!pl_strchr(&uri->host, ':'))
			return "no IPv6 address between its brackets";
		pl_advance(&hp, end + 1 - hp.p);
	}
	else {
		const char *colon = pl_strchr(&hp, ':');

		if (colon)
			uri->host.l = (size_t)(colon - hp.p);
		pl_advance(&hp, (ssize_t)uri->host.l);
		if (uri->host.l > 1 && uri->host.p[uri->host.l - 1] == '.')
			uri->host.l--;
	}

	if (!sipd_host_valid(&uri->host))
		return "its host is not a name or address";

	if (!hp.l)
		return NULL;
	if (*hp.p != ':')
		return "something follows its host";
	pl_advance(&hp, 1);
	if (!sipd_pl_number(&hp, &port) || !port || port > 65535)
		return "its port is not within 1-65535";
	uri->port = (uint16_t)port;

	return NULL;
}


static const char *params_parse(struct sipd_uri *uri)
{
	struct pl value;
	const char *p;

	for (p = uri->params.p; p && p < uri->params.p + uri->params.l; p++) {
		if (*p == ';' && (p + 1 == uri->params.p + uri->params.l ||
				  p[1] == ';' || p[1] == '='))
			return "it has an empty parameter";
	}
	if (!escaped_text(&uri->params, ";=[]/:&+$"))
		return "its parameters have a character that is not allowed";
	if (!msg_param_exists(&uri->params, "maddr", &value))
		return "parameter maddr is not allowed";

	uri->transport = SIP_TRANSP_NONE;
	if (msg_param_decode(&uri->params, "transport", &value))
		return NULL;
	if (!pl_strcasecmp(&value, "udp"))
		uri->transport = SIP_TRANSP_UDP;
	else if (!pl_strcasecmp(&value, "tcp"))
		uri->transport = SIP_TRANSP_TCP;
	else if (!pl_strcasecmp(&value, "tls"))
		uri->transport = SIP_TRANSP_TLS;
	else
		return "its transport is none of udp, tcp, tls";

	return NULL;
}


const char *sipd_uri_parse(struct sipd_uri *uri, const char *text)
{
	struct pl rest, hp;
	const char *at, *bad;

	memset(uri, 0, sizeof(*uri));

	if (!strncasecmp(text, "sips:", 5))
		return "sips: is not supported; use sip: and "
		       "sip.transport = tls";
	if (strncasecmp(text, "sip:", 4))
		return "it does not begin with sip:";
	if (strchr(text, '?'))
		return "headers (\"?\") are not allowed in it";

	pl_set_str(&rest, text + 4);
	at = pl_strrchr(&rest, '@');
	if (at) {
		uri->user.p = rest.p;
		uri->user.l = (size_t)(at - rest.p);
		if (!uri->user.l)
			return "its user part is empty";
		if (!escaped_text(&uri->user, "&=+$,;/"))
			return "its user part has a character that is not "
			       "allowed";
		pl_advance(&rest, at + 1 - rest.p);
	}

	hp = rest;
	uri->params.p = pl_strchr(&rest, ';');
	if (uri->params.p) {
		hp.l = (size_t)(uri->params.p - rest.p);
		uri->params.l = rest.l - hp.l;
	}

	bad = hostport_parse(uri, hp);

	return bad ? bad : params_parse(uri);
}


bool sipd_user_escape(const char *user, char *buf, size_t size)
{
	struct sipd_text t;

	sipd_text_init(&t, buf, size);
	for (; *user; user++) {
		if (sipd_char_in(*user, "-_.!~*'()+$&="))
			sipd_text_addn(&t, user, 1);
		else
			sipd_text_printf(&t, "%%%02X", (unsigned char)*user);
	}

	return !sipd_text_cut(&t);
}


bool sipd_route_write(const struct sipd_sip *sip, const struct pl *host,
		      uint16_t port, int transport, char *buf, size_t size)
{
	char name[SIPD_HOST_MAX + 1];
	struct sipd_text t;
	struct sa addr;

	if (pl_strcpy(host, name, sizeof(name)))
		return false;
	if (sa_set(&addr, host, 0) && sipd_hosts_find(sip->hosts, host, &addr))
		(void)sa_ntop(&addr, name, sizeof(name));

	sipd_text_init(&t, buf, size);
	sipd_text_printf(&t, strchr(name, ':') ? "sip:[%s]" : "sip:%s", name);
	if (port)
		sipd_text_printf(&t, ":%u", port);
	if (transport == SIP_TRANSP_UDP)
		sipd_text_add(&t, ";transport=udp");
	else if (transport == SIP_TRANSP_TCP)
		sipd_text_add(&t, ";transport=tcp");
	else if (transport == SIP_TRANSP_TLS)
		sipd_text_add(&t, ";transport=tls");

	return !sipd_text_cut(&t);
}
