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


static bool name_fits(const struct sipd_tls *tls, const X509 *cert)
{
	return cert &&
	       (sipd_tls_name_fits(cert, tls->name) ||
		(tls->domain[0] && sipd_tls_name_fits(cert, tls->domain)));
}


/* Those who connect to us have no say in what is told about the server. */
static bool from_outside(X509_STORE_CTX *store)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(
		store, SSL_get_ex_data_X509_STORE_CTX_idx());

	return !ssl || SSL_is_server(ssl);
}


int tls_verify(X509_STORE_CTX *store, void *arg)
{
	struct sipd_tls *tls = arg;
	const X509 *cert = X509_STORE_CTX_get0_cert(store);
	char names[NAMES_SIZE];

	if (!tls->verify) {
		X509_STORE_CTX_set_error(store, X509_V_OK);
		return 1;
	}

	if (X509_verify_cert(store) <= 0) {
		if (!from_outside(store))
			bad_chain(tls, store);
		return 0;
	}
	if (name_fits(tls, cert))
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
