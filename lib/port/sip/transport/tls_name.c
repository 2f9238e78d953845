/**
 * @file port/sip/transport/tls_name.c  Whose certificate is it? RFC 5922 7, 6125 6.4
 *
 * Identities are the SIP URIs without a user, the DNS names and the addresses
 * of subjectAltName; the common name only where that extension is missing.
 * "*.example.com" stands for one label.  RFC 5922 7.2 forbids it, and most
 * trunks show such a certificate all the same: docs/tls.md.  Names come with a
 * length, so that a NUL byte within hides nothing.
 */
#include "port/sip/transport/tls_name.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include "base/text.h"

enum { IDENTITIES_MAX = 256 }; /* looked at in one certificate */

/* Bytes with their length; of the certificate or of us. */
struct part {
	const char *p;
	size_t len;
};

struct wanted {
	struct part name; /* without a final dot */
	unsigned char addr[16];
	size_t addr_len; /* 0: it is a name */
};

typedef bool(identity_h)(int type, struct part id, void *arg);


static struct part string_part(const ASN1_STRING *s)
{
	return (struct part){(const char *)ASN1_STRING_get0_data(s),
			     (size_t)ASN1_STRING_length(s)};
}


static struct part no_final_dot(struct part name)
{
	if (name.len && name.p[name.len - 1] == '.')
		--name.len;

	return name;
}


static bool same(struct part a, struct part b)
{
	return a.len == b.len && !memchr(a.p, 0, a.len) &&
	       !strncasecmp(a.p, b.p, a.len);
}


/* "*.example.com": the star is a whole label, and the first one. */
static bool wildcard_fits(struct part pattern, struct part name)
{
	const char *dot = memchr(name.p, '.', name.len);

	if (pattern.len < 3 || memcmp(pattern.p, "*.", 2) || !dot ||
	    dot == name.p)
		return false;
	if (memchr(pattern.p + 2, '*', pattern.len - 2) ||
	    !memchr(pattern.p + 2, '.', pattern.len - 2))
		return false;

	return same((struct part){pattern.p + 1, pattern.len - 1},
		    (struct part){dot, name.len - (size_t)(dot - name.p)});
}


static size_t address_parse(const char *host, size_t len, unsigned char *addr)
{
	char text[INET6_ADDRSTRLEN];

	if (len >= sizeof(text))
		return 0;
	memcpy(text, host, len);
	text[len] = '\0';

	if (inet_pton(AF_INET, text, addr) == 1)
		return 4;

	return inet_pton(AF_INET6, text, addr) == 1 ? 16 : 0;
}


/* Host of "sip:host[:port][;...]"; a user, or sips:, makes it nobody's
 * identity. RFC 5922 7.1 */
static bool uri_host(struct part uri, struct part *host)
{
	const char *end;

	if (uri.len < 5 || strncasecmp(uri.p, "sip:", 4) ||
	    memchr(uri.p, '@', uri.len) || memchr(uri.p, 0, uri.len))
		return false;

	*host = (struct part){uri.p + 4, uri.len - 4};
	if (*host->p == '[') {
		end = memchr(host->p, ']', host->len);
		if (!end)
			return false;
		if (end + 1 < uri.p + uri.len && !strchr(":;?", end[1]))
			return false;
		++host->p;
		host->len = (size_t)(end - host->p);
		return true;
	}

	for (size_t i = 0; i < host->len; i++) {
		if (strchr(":;?", host->p[i]))
			host->len = i;
	}

	return host->len > 0;
}


static bool fits_handler(int type, struct part id, void *arg)
{
	const struct wanted *w = arg;
	unsigned char addr[16];
	struct part host;

	switch (type) {

	case GEN_IPADD:
		return w->addr_len && id.len == w->addr_len &&
		       !memcmp(id.p, w->addr, id.len);

	case GEN_DNS:
		id = no_final_dot(id);
		return !w->addr_len &&
		       (same(id, w->name) || wildcard_fits(id, w->name));

	case GEN_URI:
		if (!uri_host(id, &host))
			return false;
		if (w->addr_len)
			return address_parse(host.p, host.len, addr) ==
				       w->addr_len &&
			       !memcmp(addr, w->addr, w->addr_len);
		return same(no_final_dot(host), w->name);
	}

	return false;
}


/* The most specific common name, in UTF-8. */
static bool common_name(const X509 *cert, identity_h *h, void *arg)
{
	const X509_NAME *subject = X509_get_subject_name(cert);
	unsigned char *text = NULL;
	int last = -1, i, len;
	bool found;

	while ((i = X509_NAME_get_index_by_NID(subject, NID_commonName,
					       last)) >= 0)
		last = i;
	if (last < 0)
		return false;

	len = ASN1_STRING_to_UTF8(&text,
				  X509_NAME_ENTRY_get_data(
					  X509_NAME_get_entry(subject, last)));
	if (len < 0)
		return false;

	found = h(GEN_DNS, (struct part){(char *)text, (size_t)len}, arg);
	OPENSSL_free(text);

	return found;
}


static bool alternative(const GENERAL_NAME *gn, identity_h *h, void *arg)
{
	switch (gn->type) {

	case GEN_DNS:
		return h(gn->type, string_part(gn->d.dNSName), arg);

	case GEN_URI:
		return h(gn->type,
			 string_part(gn->d.uniformResourceIdentifier), arg);

	case GEN_IPADD:
		return h(gn->type, string_part(gn->d.iPAddress), arg);
	}

	return false;
}


/* Until h says true. */
static bool each_identity(const X509 *cert, identity_h *h, void *arg)
{
	GENERAL_NAMES *names;
	bool found = false;
	int i, crit;

	names = X509_get_ext_d2i(cert, NID_subject_alt_name, &crit, NULL);
	if (!names) /* -1: it is not there; else it is broken */
		return crit == -1 && common_name(cert, h, arg);

	for (i = 0; i < sk_GENERAL_NAME_num(names) && i < IDENTITIES_MAX;
	     i++) {
		found = alternative(sk_GENERAL_NAME_value(names, i), h, arg);
		if (found)
			break;
	}
	GENERAL_NAMES_free(names);

	return found;
}


bool sipd_tls_name_fits(const X509 *cert, const char *host)
{
	struct wanted w = {.name = {host, strlen(host)}};

	w.name = no_final_dot(w.name);
	w.addr_len = address_parse(w.name.p, w.name.len, w.addr);

	return w.name.len && each_identity(cert, fits_handler, &w);
}


static bool print_handler(int type, struct part id, void *arg)
{
	struct sipd_text *t = arg;
	char text[INET6_ADDRSTRLEN] = "";

	if (t->len)
		sipd_text_add(t, ", ");

	if (type == GEN_IPADD) {
		(void)inet_ntop(id.len == 4 ? AF_INET : AF_INET6,
				id.len == 4 || id.len == 16 ? id.p
							    : (char[16]){0},
				text, sizeof(text));
		sipd_text_add(t, text);
		return false;
	}

	for (size_t i = 0; i < id.len; i++) {
		const char c = id.p[i];

		sipd_text_addn(t, c > ' ' && c < 127 ? &c : "?", 1);
	}

	return false;
}


void sipd_tls_names(const X509 *cert, char *buf, size_t size)
{
	struct sipd_text t;

	sipd_text_init(&t, buf, size);
	(void)each_identity(cert, print_handler, &t);
	if (!t.len)
		sipd_text_add(&t, "nobody");
}
