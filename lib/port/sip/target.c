/**
 * @file port/sip/target.c  What may be dialed and said, and how it is written
 *
 * Every string of the host passes here before it reaches a SIP message: libre
 * prints them as they are (specs fact D).  Any thread; only constant data.
 * RFC 3261 19.1, 25.1
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "base/error.h"
#include "base/text.h"
#include "port/sip/internal.h"

enum {
	TARGET_MAX = 255,
	NAME_MAX_BYTES = 127,
	HEADER_MAX = 1024,
	HOST_MAX = 253
};

static const char unreserved[] = "-_.!~*'()";


static bool in_set(char c, const char *set)
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
		else if (!in_set(c, unreserved) && !strchr(more, c)) {
			return false;
		}
	}

	return true;
}


bool sipd_host_valid(const struct pl *host)
{
	struct sa addr;
	size_t i;

	if (!host->l || host->l > HOST_MAX)
		return false;

	if (pl_strchr(host, ':'))
		return !sa_set(&addr, host, 0) && sa_af(&addr) == AF_INET6;

	for (i = 0; i < host->l; i++) {
		if (!in_set(host->p[i], "-.") && host->p[i] != '_')
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
	else
		return "its transport is neither udp nor tcp";

	return NULL;
}


const char *sipd_uri_parse(struct sipd_uri *uri, const char *text)
{
	struct pl rest, hp;
	const char *at, *bad;

	memset(uri, 0, sizeof(*uri));

	if (!strncasecmp(text, "sips:", 5))
		return "sips: needs TLS, which is not built in";
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


static bool is_uri(const char *s)
{
	return !strncasecmp(s, "sip:", 4) || !strncasecmp(s, "sips:", 5);
}


static bool is_number(const char *s)
{
	bool digit = false;

	if (*s == '+')
		s++;
	for (; *s; s++) {
		if (isdigit((unsigned char)*s) || *s == '*' || *s == '#')
			digit = true;
		else if (!strchr("-.()", *s))
			return false;
	}

	return digit;
}


static bool is_user(const char *s)
{
	bool letter = false;

	for (; *s; s++) {
		if (!in_set(*s, "-._~"))
			return false;
		letter = letter || isalnum((unsigned char)*s);
	}

	return letter;
}


/* The text of errors never carries what cannot be printed. */
static int check_text(const char *what, const char *s, size_t max)
{
	const size_t len = strlen(s);

	if (len > max)
		return sipd_error(SIPDIALER_EINVAL,
				  "%s of %zu bytes, at most %zu are allowed",
				  what, len, max);
	if (!sipd_text_clean(s, len))
		return sipd_error(SIPDIALER_EINVAL,
				  "%s has a control character", what);
	if (!sipd_utf8_valid(s, len))
		return sipd_error(SIPDIALER_EINVAL, "%s is not UTF-8", what);

	return SIPDIALER_OK;
}


static int check_party(const char *what, const char *s)
{
	struct sipd_uri uri;
	const char *bad;
	int err;

	err = check_text(what, s, TARGET_MAX);
	if (err)
		return err;

	if (is_uri(s)) {
		bad = sipd_uri_parse(&uri, s);
		return bad ? sipd_error(SIPDIALER_EINVAL, "%s \"%s\": %s",
					what, s, bad) : SIPDIALER_OK;
	}

	if (is_number(s) || is_user(s))
		return SIPDIALER_OK;

	return sipd_error(SIPDIALER_EINVAL, "%s \"%s\" is neither a number, a "
			  "user name nor a SIP URI", what, s);
}


int sipd_sip_check_target(const char *to)
{
	if (!to || !*to)
		return sipd_error(SIPDIALER_EINVAL, "nobody to call: the "
				  "number is empty");

	return check_party("number", to);
}


int sipd_sip_check_caller(const char *id, const char *name)
{
	int err = SIPDIALER_OK;

	if (id && *id)
		err = check_party("caller id", id);
	if (!err && name)
		err = check_text("caller name", name, NAME_MAX_BYTES);

	return err;
}


/* Those that libre or we write, or that would change what the request is. */
static bool header_ours(const struct pl *name)
{
	static const char *const ours[] = {
		"Via", "v", "From", "f", "To", "t", "Call-ID", "i", "CSeq",
		"Contact", "m", "c", "l", "e", "Route", "Record-Route",
		"Path", "Service-Route", "Max-Forwards", "Authorization",
		"Require", "Supported", "k", "Unsupported", "Allow", "Accept",
		"User-Agent", "Server", "RSeq", "RAck", "Session-Expires",
		"x", "Min-SE", "MIME-Version", "WWW-Authenticate",
		"Security-Client", "Security-Verify",
	};
	static const char *const prefixes[] = { "Content-", "Proxy-" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ours); i++) {
		if (!pl_strcasecmp(name, ours[i]))
			return true;
	}
	for (i = 0; i < ARRAY_SIZE(prefixes); i++) {
		const size_t len = strlen(prefixes[i]);

		if (name->l >= len && !strncasecmp(name->p, prefixes[i], len))
			return true;
	}

	return false;
}


int sipd_sip_check_header(const char *header)
{
	struct pl name = { header, 0 };
	int err;

	if (!header || !*header)
		return sipd_error(SIPDIALER_EINVAL, "empty header");

	err = check_text("header", header, HEADER_MAX);
	if (err)
		return err;

	while (header[name.l] && header[name.l] != ':') {
		if (!in_set(header[name.l], "-.!%*_+`'~"))
			return sipd_error(SIPDIALER_EINVAL, "header \"%s\": "
					  "its name is not a token", header);
		name.l++;
	}
	if (!name.l || header[name.l] != ':')
		return sipd_error(SIPDIALER_EINVAL, "header \"%s\" is not "
				  "\"Name: value\"", header);
	if (header_ours(&name))
		return sipd_error(SIPDIALER_EINVAL, "header \"%s\": this one "
				  "is written by the library", header);

	return SIPDIALER_OK;
}


bool sipd_user_escape(const char *user, char *buf, size_t size)
{
	struct sipd_text t;

	sipd_text_init(&t, buf, size);
	for (; *user; user++) {
		if (in_set(*user, "-_.!~*'()+$&="))
			sipd_text_addn(&t, user, 1);
		else
			sipd_text_printf(&t, "%%%02X", (unsigned char)*user);
	}

	return !sipd_text_cut(&t);
}


/* A number without its visual separators (RFC 3966 5.1.1), or a name. */
static bool user_part(const char *s, char *buf, size_t size)
{
	char plain[TARGET_MAX + 1];
	const bool number = is_number(s);
	size_t n = 0;

	for (; *s && n < sizeof(plain) - 1; s++) {
		if (!number || !strchr("-.()", *s))
			plain[n++] = *s;
	}
	plain[n] = '\0';

	return !*s && sipd_user_escape(plain, buf, size);
}


bool sipd_route_write(const struct sipd_sip *sip, const struct pl *host,
		      uint16_t port, int transport, char *buf, size_t size)
{
	char name[HOST_MAX + 1];
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

	return !sipd_text_cut(&t);
}


static enum sip_transp conf_transport(const struct sipd_sip *sip)
{
	return sip->conf.transport == SIPD_TCP ? SIP_TRANSP_TCP
					       : SIP_TRANSP_UDP;
}


/* Is it at our server, so that its next hop is the server's? */
static bool at_server(const struct sipd_sip *sip, const struct sipd_uri *uri)
{
	const struct sipd_sip_conf *conf = &sip->conf;
	const uint16_t port = conf->port ? conf->port : SIP_PORT;

	if (!conf->server[0])
		return false;
	if (pl_strcasecmp(&uri->host, conf->server) &&
	    (!conf->domain[0] || pl_strcasecmp(&uri->host, conf->domain)))
		return false;
	if (uri->transport != SIP_TRANSP_NONE &&
	    uri->transport != (int)conf_transport(sip))
		return false;

	return !uri->port || uri->port == port;
}


static int uri_target(const struct sipd_sip *sip, const char *to, char *uri,
		      size_t uri_size, char *route, size_t route_size)
{
	struct sipd_uri u;
	const char *bad = sipd_uri_parse(&u, to);
	bool ok;

	if (bad)
		return sipd_error(SIPDIALER_EINVAL, "number \"%s\": %s", to,
				  bad);

	ok = sipd_strcpy(uri, uri_size, to);
	if (sip->conf.outbound_proxy[0] || at_server(sip, &u))
		ok = ok && sipd_strcpy(route, route_size, sip->route);
	else
		ok = ok && sipd_route_write(sip, &u.host, u.port, u.transport,
					    route, route_size);

	return ok ? SIPDIALER_OK
		  : sipd_error(SIPDIALER_EINVAL, "number \"%s\" is too long",
			       to);
}


int sipd_target_uri(const struct sipd_sip *sip, const char *to, char *uri,
		    size_t uri_size, char *route, size_t route_size)
{
	char user[3 * TARGET_MAX + 1];
	struct sipd_text t;
	int err;

	err = sipd_sip_check_target(to);
	if (err)
		return err;

	if (is_uri(to))
		return uri_target(sip, to, uri, uri_size, route, route_size);

	if (!sip->conf.server[0])
		return sipd_error(SIPDIALER_ENOENT, "\"%s\" cannot be called: "
				  "sip.server is not set", to);

	sipd_text_init(&t, uri, uri_size);
	if (user_part(to, user, sizeof(user))) {
		sipd_text_printf(&t, "sip:%s@%s", user, sip->domain);
		if (!sipd_text_cut(&t) &&
		    sipd_strcpy(route, route_size, sip->route))
			return SIPDIALER_OK;
	}

	return sipd_error(SIPDIALER_EINVAL, "number \"%s\" is too long", to);
}


/* "sip:a@host:5060" has no port in From. RFC 3261 19.1.1, table 1 */
static size_t host_length(const char *hostport)
{
	const char *end = strrchr(hostport, ':');

	if (hostport[0] == '[')
		end = strchr(hostport, ']') + 1;

	return end && *end ? (size_t)(end - hostport) : strlen(hostport);
}


int sipd_caller_uri(const struct sipd_sip *sip, const char *caller_id,
		    char *uri, size_t size)
{
	char user[3 * TARGET_MAX + 1];
	struct sipd_text t;
	int err;

	err = sipd_sip_check_caller(caller_id, NULL);
	if (err)
		return err;

	sipd_text_init(&t, uri, size);
	if (!caller_id || !*caller_id) {
		sipd_text_add(&t, sip->aor);
	}
	else if (is_uri(caller_id)) {
		sipd_text_add(&t, caller_id);
	}
	else if (user_part(caller_id, user, sizeof(user))) {
		sipd_text_printf(&t, "sip:%s@", user);
		sipd_text_addn(&t, sip->domain, host_length(sip->domain));
	}

	if (!t.len || sipd_text_cut(&t))
		return sipd_error(SIPDIALER_EINVAL, "caller id \"%s\" is too "
				  "long", caller_id ? caller_id : "");

	return SIPDIALER_OK;
}


int sipd_display_name(const char *name, char *buf, size_t size)
{
	struct sipd_text t;
	int err;

	sipd_text_init(&t, buf, size);
	if (!name || !*name) {
		sipd_text_add(&t, "");
		return SIPDIALER_OK;
	}

	err = check_text("caller name", name, NAME_MAX_BYTES);
	if (err)
		return err;

	sipd_text_add(&t, "\"");
	for (; *name; name++) {
		if (*name == '"' || *name == '\\')
			sipd_text_add(&t, "\\");
		sipd_text_addn(&t, name, 1);
	}
	sipd_text_add(&t, "\"");

	return sipd_text_cut(&t) ? sipd_error(SIPDIALER_EINVAL,
					      "caller name is too long")
				 : SIPDIALER_OK;
}


/* The address a NAT gave us, seen by the registrar; else our own. */
static void contact_addr(const struct sipd_sip *sip, enum sip_transp tp,
			 const struct sa *laddr, struct sa *addr)
{
	struct sa mapped;

	*addr = *laddr;

	if (sip->external.sa.sa_family) {
		(void)sa_set_sa(addr, &sip->external.sa);
		sa_set_port(addr, sa_port(laddr));
	}
	else if (sip->reg && tp == conf_transport(sip) &&
		 sipd_register_known_contact(sip->reg, &mapped) &&
		 !sa_cmp(&mapped, laddr, SA_ADDR)) {
		*addr = mapped;
	}
}


int sipd_contact(const struct sipd_sip *sip, enum sip_transp tp,
		 const struct sa *laddr, char *buf, size_t size)
{
	char user[3 * TARGET_MAX + 1], host[64];
	struct sa addr;
	struct sipd_text t;

	contact_addr(sip, tp, laddr, &addr);
	if (sa_ntop(&addr, host, sizeof(host)) ||
	    !sipd_user_escape(sip->conf.user, user, sizeof(user)))
		return sipd_error(SIPDIALER_EINVAL, "no Contact address");

	sipd_text_init(&t, buf, size);
	sipd_text_printf(&t, "<sip:%s%s", user, user[0] ? "@" : "");
	sipd_text_printf(&t, sa_af(&addr) == AF_INET6 ? "[%s]:%u" : "%s:%u",
			 host, sa_port(&addr));
	sipd_text_printf(&t, "%s>", sip_transp_param(tp));

	return sipd_text_cut(&t) ? sipd_error(SIPDIALER_ESIZE,
					      "Contact is too long")
				 : SIPDIALER_OK;
}
