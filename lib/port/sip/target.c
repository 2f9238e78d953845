/**
 * @file port/sip/target.c  What may be dialed and said, and how it is written
 *
 * Every string of the host passes here before it reaches a SIP message: libre
 * prints them as they are (specs fact D).  Any thread; only constant data.
 * RFC 3261 19.1, 25.1
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>
#include "base/error.h"
#include "base/text.h"
#include "port/sip/internal.h"

enum { TARGET_MAX = 255, NAME_MAX_BYTES = 127, HEADER_MAX = 1024 };


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
		if (!sipd_char_in(*s, "-._~"))
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
					what, s, bad)
			   : SIPDIALER_OK;
	}

	if (is_number(s) || is_user(s))
		return SIPDIALER_OK;

	return sipd_error(
		SIPDIALER_EINVAL,
		"%s \"%s\" is neither a number, a user name nor a SIP URI",
		what, s);
}


int sipd_sip_check_target(const char *to)
{
	if (!to || !*to)
		return sipd_error(SIPDIALER_EINVAL,
				  "nobody to call: the number is empty");

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
	/* clang-format off */
	static const char *const ours[] = {
		"Via", "v", "From", "f", "To", "t", "Call-ID", "i", "CSeq",
		"Contact", "m", "c", "l", "e", "Route", "Record-Route",
		"Path", "Service-Route", "Max-Forwards", "Authorization",
		"Require", "Supported", "k", "Unsupported", "Allow", "Accept",
		"User-Agent", "Server", "Expires", "RSeq", "RAck", "Session-Expires",
		"x", "Min-SE", "MIME-Version", "WWW-Authenticate",
		"Security-Client", "Security-Verify",
	};
	/* clang-format on */
	static const char *const prefixes[] = {"Content-", "Proxy-"};
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
	struct pl name = {header, 0};
	int err;

	if (!header || !*header)
		return sipd_error(SIPDIALER_EINVAL, "empty header");

	err = check_text("header", header, HEADER_MAX);
	if (err)
		return err;

	while (header[name.l] && header[name.l] != ':') {
		if (!sipd_char_in(header[name.l], "-.!%*_+`'~"))
			return sipd_error(
				SIPDIALER_EINVAL,
				"header \"%s\": its name is not a token",
				header);
		name.l++;
	}
	if (!name.l || header[name.l] != ':')
		return sipd_error(SIPDIALER_EINVAL,
				  "header \"%s\" is not \"Name: value\"",
				  header);
	if (header_ours(&name))
		return sipd_error(
			SIPDIALER_EINVAL,
			"header \"%s\": this one is written by the library",
			header);

	return SIPDIALER_OK;
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


/* Is it at our server, so that its next hop is the server's? */
static bool at_server(const struct sipd_sip *sip, const struct sipd_uri *uri)
{
	const struct sipd_sip_conf *conf = &sip->conf;
	const enum sip_transp tp = sipd_conf_transport(conf);

	if (!conf->server[0])
		return false;
	if (pl_strcasecmp(&uri->host, conf->server) &&
	    (!conf->domain[0] || pl_strcasecmp(&uri->host, conf->domain)))
		return false;
	if (uri->transport != SIP_TRANSP_NONE && uri->transport != (int)tp)
		return false;

	return !uri->port || uri->port == sipd_conf_port(conf);
}


/* TLS goes to the server, whose certificate we can tell; and with TLS nothing
 * goes elsewhere. */
static const char *tls_mismatch(const struct sipd_sip *sip,
				const struct sipd_uri *uri)
{
	if (!sip->tls)
		return uri->transport == SIP_TRANSP_TLS
			       ? "its transport needs sip.transport = tls"
			       : NULL;
	if (uri->transport != SIP_TRANSP_NONE &&
	    uri->transport != SIP_TRANSP_TLS)
		return "its transport is not tls, sip.transport is";
	if (!sip->conf.outbound_proxy[0] && !at_server(sip, uri))
		return "with sip.transport = tls calls go to sip.server only";

	return NULL;
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

	bad = tls_mismatch(sip, &u);
	if (bad)
		return sipd_error(SIPDIALER_EINVAL, "number \"%s\": %s", to,
				  bad);

	ok = sipd_strcpy(uri, uri_size, to);
	if (sip->conf.outbound_proxy[0] || at_server(sip, &u))
		ok = ok &&
		     sipd_strcpy(route, route_size, sipd_service_hop(sip));
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
		return sipd_error(
			SIPDIALER_ENOENT,
			"\"%s\" cannot be called: sip.server is not set", to);

	sipd_text_init(&t, uri, uri_size);
	if (user_part(to, user, sizeof(user))) {
		sipd_text_printf(&t, "sip:%s@%s", user, sip->domain);
		if (!sipd_text_cut(&t) &&
		    sipd_strcpy(route, route_size, sipd_service_hop(sip)))
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
		return sipd_error(SIPDIALER_EINVAL,
				  "caller id \"%s\" is too long",
				  caller_id ? caller_id : "");

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


/* The address a NAT gave us, seen by the server; else our own. */
static void contact_addr(const struct sipd_sip *sip, enum sip_transp tp,
			 const struct sa *laddr, struct sa *addr)
{
	const struct sipd_mapped *m = &sip->mapped;

	*addr = *laddr;
	/* newer libre tells the port of the connection */
	if (tp != SIP_TRANSP_UDP && sa_port(&sip->laddr))
		sa_set_port(addr, sa_port(&sip->laddr));

	if (sip->external.sa.sa_family) {
		const uint16_t port = sa_port(addr);

		(void)sa_set_sa(addr, &sip->external.sa);
		sa_set_port(addr, port);
	}
	else if (sa_isset(&m->addr, SA_ADDR) && m->tp == tp &&
		 sa_af(&m->addr) == sa_af(laddr)) {
		*addr = m->addr;
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

	return sipd_text_cut(&t)
		       ? sipd_error(SIPDIALER_ESIZE, "Contact is too long")
		       : SIPDIALER_OK;
}
