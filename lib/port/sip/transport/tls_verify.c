/**
 * @file port/sip/transport/tls_verify.c  Is it the server? And why not, in words
 *
 * Called by OpenSSL in the handshake.  RFC 5280 6, 5922 7
 */
#include <string.h>
#include <openssl/x509v3.h>
#include "base/text.h"
#include "port/sip/transport/tls.h"
#include "port/sip/transport/tls_name.h"

enum { NAMES_SIZE = 128 }; /* bytes of somebody else's names in a reason */


static void date_write(const ASN1_TIME *t, char *buf, size_t size)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(t, &tm) != 1 ||
	    !strftime(buf, size, "%Y-%m-%d %H:%M UTC", &tm))
		(void)sipd_strcpy(buf, size, "some time");
}


static void bad_chain(struct sipd_tls *tls, X509_STORE_CTX *store)
{
	const int err = X509_STORE_CTX_get_error(store);
	const int depth = X509_STORE_CTX_get_error_depth(store);
	const X509 *cert = X509_STORE_CTX_get_current_cert(store);
	const char *whose = depth ? "an authority" : tls->name;
	char date[40] = "";

	switch (err) {

	case X509_V_ERR_CERT_HAS_EXPIRED:
		if (cert)
			date_write(X509_get0_notAfter(cert), date,
				   sizeof(date));
		tls_why(tls, "TLS: the certificate of %s has expired (%s)",
			whose, date);
		break;

	case X509_V_ERR_CERT_NOT_YET_VALID:
		if (cert)
			date_write(X509_get0_notBefore(cert), date,
				   sizeof(date));
		tls_why(tls,
			"TLS: the certificate of %s is not yet valid (%s)",
			whose, date);
		break;

	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		tls_why(tls,
			"TLS: unknown authority: the certificate of %s is "
			"self-signed; sip.tls_ca_file may name it",
			tls->name);
		break;

	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		tls_why(tls,
			"TLS: unknown authority: the certificate of %s has no "
			"chain to one of %s",
			tls->name,
			tls->sip && tls->sip->conf.tls_ca_file[0]
				? "sip.tls_ca_file"
				: "the system");
		break;

	case X509_V_ERR_INVALID_PURPOSE:
		tls_why(tls,
			"TLS: the certificate of %s is not one of a server",
			tls->name);
		break;

	default:
		tls_why(tls, "TLS: the certificate of %s is refused: %s",
			whose, X509_verify_cert_error_string(err));
	}
}


/* Those who connect to us have no say in what is told about the server. */
static bool from_outside(X509_STORE_CTX *store)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(
		store, SSL_get_ex_data_X509_STORE_CTX_idx());

	return !ssl || SSL_is_server(ssl);
}


/* ---- what it is for ---------------------------------------------------- */

/* id-kp-sipDomain, which OpenSSL has no name for. RFC 5924 4.1 */
static bool is_sip_domain(const ASN1_OBJECT *usage)
{
	static const char sip_domain[] = "1.3.6.1.5.5.7.3.20";
	char oid[sizeof(sip_domain) + 1];

	return OBJ_obj2txt(oid, sizeof(oid), usage, 1) ==
		       (int)sizeof(sip_domain) - 1 &&
	       !strcmp(oid, sip_domain);
}


/* Extended usages that fit a peer of ours.  Who connects to us is a server,
 * too, and few of those have certificates for clients. */
static bool usage_fits(const X509 *cert, bool outside)
{
	EXTENDED_KEY_USAGE *usages;
	bool fits = false;

	usages = X509_get_ext_d2i(cert, NID_ext_key_usage, NULL, NULL);
	for (int i = 0; !fits && i < sk_ASN1_OBJECT_num(usages); i++) {
		const ASN1_OBJECT *usage = sk_ASN1_OBJECT_value(usages, i);
		const int nid = OBJ_obj2nid(usage);

		fits = nid == NID_server_auth ||
		       nid == NID_anyExtendedKeyUsage ||
		       (outside && nid == NID_client_auth) ||
		       is_sip_domain(usage);
	}
	EXTENDED_KEY_USAGE_free(usages);

	return fits;
}


/* OpenSSL knows one usage for each direction.  Keys that may neither sign nor
 * agree stay refused. */
static int purpose_handler(int ok, X509_STORE_CTX *store)
{
	X509 *cert = X509_STORE_CTX_get_current_cert(store);

	if (ok || !cert ||
	    X509_STORE_CTX_get_error(store) != X509_V_ERR_INVALID_PURPOSE)
		return ok;
	if (!X509_STORE_CTX_get_error_depth(store) &&
	    !(X509_get_key_usage(cert) &
	      (KU_DIGITAL_SIGNATURE | KU_KEY_AGREEMENT)))
		return 0;
	if (!usage_fits(cert, from_outside(store)))
		return 0;

	X509_STORE_CTX_set_error(store, X509_V_OK);

	return 1;
}


/* ---- whose it is ------------------------------------------------------- */

static bool trunk_handler(const char *name, void *arg)
{
	return sipd_tls_name_fits(arg, name);
}


/* A trunk connects to us, never we to it. */
static bool name_fits(const struct sipd_tls *tls, X509 *cert, bool outside)
{
	return cert &&
	       (sipd_tls_name_fits(cert, tls->name) ||
		(tls->domain[0] && sipd_tls_name_fits(cert, tls->domain)) ||
		(outside && tls->sip &&
		 sipd_trunks_named(tls->sip->trunks, trunk_handler, cert)));
}


int tls_verify(X509_STORE_CTX *store, void *arg)
{
	struct sipd_tls *tls = arg;
	X509 *cert = X509_STORE_CTX_get0_cert(store);
	char names[NAMES_SIZE];

	if (!tls->verify) {
		X509_STORE_CTX_set_error(store, X509_V_OK);
		return 1;
	}

	X509_STORE_CTX_set_verify_cb(store, purpose_handler);
	if (X509_verify_cert(store) <= 0) {
		if (!from_outside(store))
			bad_chain(tls, store);
		return 0;
	}
	if (name_fits(tls, cert, from_outside(store)))
		return 1;

	X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
	if (cert && !from_outside(store)) {
		sipd_tls_names(cert, names, sizeof(names));
		tls_why(tls,
			"TLS: wrong name: the certificate is of %s, not %s",
			names, tls->name);
	}

	return 0;
}
