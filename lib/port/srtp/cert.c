/**
 * @file port/srtp/cert.c  A certificate of our own, for DTLS
 *
 * It lives as long as the engine, and says nothing of the host: who it is, its
 * fingerprint in the signalling tells.  RFC 5763 5, 8122 5
 */
#include "port/srtp/cert.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include "base/text.h"

static const long day = 86400;
static const int days = 3650; /* an engine may run for years */


static EVP_PKEY *key_make(void)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
	EVP_PKEY *key = NULL;

	if (!ctx || EVP_PKEY_keygen_init(ctx) <= 0 ||
	    EVP_PKEY_CTX_set_ec_paramgen_curve_nid(ctx,
						   NID_X9_62_prime256v1) <=
		    0 ||
	    EVP_PKEY_keygen(ctx, &key) <= 0)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);

	return key;
}


static bool serial_set(X509 *cert)
{
	uint64_t serial = 0;

	return RAND_bytes((unsigned char *)&serial, sizeof(serial)) == 1 &&
	       ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert),
				       serial >> 1);
}


static bool cert_fill(X509 *cert, EVP_PKEY *key)
{
	X509_NAME *name = X509_get_subject_name(cert);

	return X509_set_version(cert, 2) && serial_set(cert) &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
					  (const unsigned char *)"srtp", -1,
					  -1, 0) &&
	       X509_set_issuer_name(cert, name) &&
	       X509_gmtime_adj(X509_getm_notBefore(cert), -day) &&
	       X509_time_adj_ex(X509_getm_notAfter(cert), days, 0, NULL) &&
	       X509_set_pubkey(cert, key) &&
	       X509_sign(cert, key, EVP_sha256()) > 0;
}


static bool fingerprint_write(X509 *cert, char *buf, size_t size)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	struct sipd_text t;
	unsigned i, len = 0;

	if (!X509_digest(cert, EVP_sha256(), hash, &len))
		return false;

	sipd_text_init(&t, buf, size);
	sipd_text_add(&t, "sha-256 ");
	for (i = 0; i < len; i++)
		sipd_text_printf(&t, "%s%02X", i ? ":" : "", hash[i]);

	return !sipd_text_cut(&t);
}


bool sipd_cert_make(SSL_CTX *ssl, char *fingerprint, size_t size)
{
	EVP_PKEY *key = key_make();
	X509 *cert = X509_new();
	const bool ok = key && cert && cert_fill(cert, key) &&
			SSL_CTX_use_certificate(ssl, cert) == 1 &&
			SSL_CTX_use_PrivateKey(ssl, key) == 1 &&
			fingerprint_write(cert, fingerprint, size);

	X509_free(cert);
	EVP_PKEY_free(key);

	return ok;
}
