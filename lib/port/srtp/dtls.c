/**
 * @file port/srtp/dtls.c  The handshake that gives SRTP its keys
 */
#include "port/srtp/dtls.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/srtp.h>
#include <openssl/x509.h>
#include "base/error.h"
#include "base/text.h"
#include "port/srtp/cert.h"

enum {
	WAIT_US = 250000, /* to the first time that is sent again; the
			   * RFC's second is long for who waits to be heard */
	WAIT_MAX_US = 2000000,
	RECORDS = 16 /* of one datagram that are looked at, once done */
};

struct sipd_dtls_ctx {
	SSL_CTX *ssl;
	BIO_METHOD *method; /* datagrams of ours */
	char fingerprint[SIPD_DTLS_FINGERPRINT];
};

struct sipd_dtls {
	SSL *ssl;
	bool active;
	enum sipd_dtls_state state;
	const char *why;
	uint8_t hash[EVP_MAX_MD_SIZE];
	size_t hash_len;
	sipd_dtls_send_h *sendh;
	void *arg;
	const uint8_t *in; /* the datagram that is being read */
	size_t in_len;
};


/* ---- datagrams ---------------------------------------------------------- */

static int bio_write(BIO *bio, const char *buf, int n)
{
	struct sipd_dtls *d = BIO_get_data(bio);

	if (n > 0)
		d->sendh((const uint8_t *)buf, (size_t)n, d->arg);

	return n;
}


static int bio_read(BIO *bio, char *buf, int size)
{
	struct sipd_dtls *d = BIO_get_data(bio);
	size_t n = d->in_len;

	BIO_clear_retry_flags(bio);
	if (!n) {
		BIO_set_retry_read(bio);
		return -1;
	}
	if (size < 0 || n > (size_t)size)
		n = size < 0 ? 0 : (size_t)size; /* the rest of it is lost */
	memcpy(buf, d->in, n);
	d->in_len = 0;

	return (int)n;
}


static long bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
	(void)bio;
	(void)num;
	(void)ptr;

	switch (cmd) {
	case BIO_CTRL_FLUSH:
		return 1;
	case BIO_CTRL_DGRAM_QUERY_MTU:
	case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
		return SIPD_DTLS_MTU;
	default:
		return 0;
	}
}


/* ---- certificate and settings ------------------------------------------- */

/* Any: it is its fingerprint that counts, once the handshake is over. */
static int verify_handler(X509_STORE_CTX *store, void *arg)
{
	(void)store;
	(void)arg;

	return 1;
}


/* "SRTP_AEAD_AES_256_GCM:...", the preferred first. */
static bool profiles_write(char *buf, size_t size)
{
	struct sipd_text t;
	int i;

	sipd_text_init(&t, buf, size);
	for (i = SIPD_SRTP_NONE + 1; i < SIPD_SRTP_SUITES; i++) {
		const char *name =
			sipd_srtp_suite((enum sipd_srtp_suite)i)->profile;

		if (name)
			sipd_text_printf(&t, "%s%s", t.len ? ":" : "", name);
	}

	return !sipd_text_cut(&t);
}


static bool settings(SSL_CTX *ssl)
{
	char profiles[256];

	if (!profiles_write(profiles, sizeof(profiles)))
		return false;
	SSL_CTX_set_verify(ssl,
			   SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
			   NULL);
	SSL_CTX_set_cert_verify_callback(ssl, verify_handler, NULL);
	(void)SSL_CTX_set_options(ssl, SSL_OP_NO_QUERY_MTU |
					       SSL_OP_NO_RENEGOTIATION |
					       SSL_OP_NO_TICKET);
	(void)SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_read_ahead(ssl, 1);

	/* level 1: RSA keys of 1,024 bits that telephones make for a call */
	return SSL_CTX_set_min_proto_version(ssl, DTLS1_2_VERSION) &&
	       SSL_CTX_set_cipher_list(ssl,
				       "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:"
				       "!aNULL:@SECLEVEL=1") &&
	       !SSL_CTX_set_tlsext_use_srtp(ssl, profiles);
}


static bool ctx_make(struct sipd_dtls_ctx *ctx)
{
	ctx->ssl = SSL_CTX_new(DTLS_method());
	ctx->method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK,
				   "datagrams");

	return ctx->ssl && ctx->method &&
	       BIO_meth_set_write(ctx->method, bio_write) &&
	       BIO_meth_set_read(ctx->method, bio_read) &&
	       BIO_meth_set_ctrl(ctx->method, bio_ctrl) &&
	       settings(ctx->ssl) &&
	       sipd_cert_make(ctx->ssl, ctx->fingerprint,
			      sizeof(ctx->fingerprint));
}


int sipd_dtls_ctx_new(struct sipd_dtls_ctx **cp)
{
	struct sipd_dtls_ctx *ctx = calloc(1, sizeof(*ctx));

	if (ctx && ctx_make(ctx)) {
		*cp = ctx;
		return 0;
	}

	sipd_dtls_ctx_free(ctx);
	ERR_clear_error();

	return sipd_error(SIPDIALER_EIO, "DTLS: no certificate made");
}


void sipd_dtls_ctx_free(struct sipd_dtls_ctx *ctx)
{
	if (!ctx)
		return;

	SSL_CTX_free(ctx->ssl);
	BIO_meth_free(ctx->method);
	free(ctx);
}


const char *sipd_dtls_fingerprint(const struct sipd_dtls_ctx *ctx)
{
	return ctx->fingerprint;
}


/* ---- a handshake -------------------------------------------------------- */

static unsigned wait_handler(SSL *ssl, unsigned us)
{
	(void)ssl;

	if (!us)
		return WAIT_US;

	return us * 2 < WAIT_MAX_US ? us * 2 : WAIT_MAX_US;
}


struct sipd_dtls *sipd_dtls_new(struct sipd_dtls_ctx *ctx, bool active,
				const uint8_t *hash, size_t len,
				sipd_dtls_send_h *sendh, void *arg)
{
	struct sipd_dtls *d = calloc(1, sizeof(*d));
	BIO *bio;

	if (!d || len > sizeof(d->hash)) {
		free(d);
		return NULL;
	}

	d->active = active;
	memcpy(d->hash, hash, len);
	d->hash_len = len;
	d->sendh = sendh;
	d->arg = arg;
	d->ssl = SSL_new(ctx->ssl);
	bio = BIO_new(ctx->method);
	if (!d->ssl || !bio) {
		BIO_free(bio);
		sipd_dtls_free(d);
		return NULL;
	}

	BIO_set_data(bio, d);
	BIO_set_init(bio, 1);
	SSL_set_bio(d->ssl, bio, bio);
	(void)SSL_set_mtu(d->ssl, SIPD_DTLS_MTU);
	DTLS_set_timer_cb(d->ssl, wait_handler);
	if (active)
		SSL_set_connect_state(d->ssl);
	else
		SSL_set_accept_state(d->ssl);

	return d;
}


void sipd_dtls_free(struct sipd_dtls *d)
{
	if (!d)
		return;

	if (d->ssl && d->state == SIPD_DTLS_DONE)
		(void)SSL_shutdown(d->ssl);
	SSL_free(d->ssl);
	ERR_clear_error();
	OPENSSL_cleanse(d, sizeof(*d));
	free(d);
}


static enum sipd_dtls_state fail(struct sipd_dtls *d, const char *why)
{
	d->state = SIPD_DTLS_FAILED;
	d->why = why;

	return d->state;
}


static const EVP_MD *hash_of(size_t len)
{
	switch (len) {
	case 20:
		return EVP_sha1();
	case 32:
		return EVP_sha256();
	case 48:
		return EVP_sha384();
	case 64:
		return EVP_sha512();
	default:
		return NULL;
	}
}


static bool fingerprint_fits(const struct sipd_dtls *d)
{
	X509 *cert = SSL_get_peer_certificate(d->ssl);
	const EVP_MD *md = hash_of(d->hash_len);
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	bool ok;

	ok = cert && md && X509_digest(cert, md, hash, &len) &&
	     len == d->hash_len && !CRYPTO_memcmp(hash, d->hash, len);
	X509_free(cert);

	return ok;
}


static enum sipd_dtls_state handshake(struct sipd_dtls *d)
{
	const int ret = SSL_do_handshake(d->ssl);
	int err;

	if (ret == 1) {
		if (!fingerprint_fits(d))
			return fail(d, "DTLS: the certificate is not the one "
				       "of a=fingerprint");
		if (!SSL_get_selected_srtp_profile(d->ssl))
			return fail(d, "DTLS: no SRTP suite in common");
		d->state = SIPD_DTLS_DONE;
		return d->state;
	}

	err = SSL_get_error(d->ssl, ret);
	if (err != SSL_ERROR_WANT_READ && err != SSL_ERROR_WANT_WRITE)
		return fail(d, "DTLS: the handshake failed");

	return d->state;
}


/* What comes later: flights sent again, alerts; data is nobody's. */
static void after(struct sipd_dtls *d)
{
	uint8_t buf[64];
	int i;

	for (i = 0; i < RECORDS; i++)
		if (SSL_read(d->ssl, buf, sizeof(buf)) <= 0)
			return;
}


enum sipd_dtls_state sipd_dtls_turn(struct sipd_dtls *d, const uint8_t *buf,
				    size_t n)
{
	if (d->state == SIPD_DTLS_FAILED)
		return d->state;

	ERR_clear_error();
	d->in = buf;
	d->in_len = n;
	if (!n && DTLSv1_handle_timeout(d->ssl) < 0)
		return fail(d, "DTLS: no answer to the handshake");
	if (d->state == SIPD_DTLS_SHAKING)
		(void)handshake(d);
	else if (n)
		after(d);
	d->in_len = 0;
	ERR_clear_error();

	return d->state;
}


const char *sipd_dtls_why(const struct sipd_dtls *d)
{
	return d->why;
}


enum sipd_srtp_suite sipd_dtls_keys(struct sipd_dtls *d,
				    uint8_t tx[SIPD_SRTP_KEY_MAX],
				    uint8_t rx[SIPD_SRTP_KEY_MAX])
{
	static const char label[] = "EXTRACTOR-dtls_srtp";
	const SRTP_PROTECTION_PROFILE *profile = SSL_get_selected_srtp_profile(
		d->ssl);
	const enum sipd_srtp_suite suite =
		profile ? sipd_srtp_suite_by_profile(profile->name)
			: SIPD_SRTP_NONE;
	const struct sipd_srtp_suite_def *def = sipd_srtp_suite(suite);
	uint8_t *const client = d->active ? tx : rx;
	uint8_t *const server = d->active ? rx : tx;
	uint8_t m[2 * SIPD_SRTP_KEY_MAX];

	if (!def ||
	    !SSL_export_keying_material(d->ssl, m,
					2 * sipd_srtp_key_size(suite), label,
					sizeof(label) - 1, NULL, 0, 0))
		return SIPD_SRTP_NONE;

	/* RFC 5764 4.2: keys, then salts */
	memcpy(client, m, def->key);
	memcpy(server, m + def->key, def->key);
	memcpy(client + def->key, m + 2 * def->key, def->salt);
	memcpy(server + def->key, m + 2 * def->key + def->salt, def->salt);
	OPENSSL_cleanse(m, sizeof(m));

	return suite;
}


const char *sipd_dtls_name(enum sipd_srtp_suite suite)
{
	switch (suite) {
	case SIPD_SRTP_GCM_256:
		return "dtls:AEAD_AES_256_GCM";
	case SIPD_SRTP_GCM_128:
		return "dtls:AEAD_AES_128_GCM";
	case SIPD_SRTP_CM_128_80:
		return "dtls:AES_CM_128_HMAC_SHA1_80";
	case SIPD_SRTP_CM_128_32:
		return "dtls:AES_CM_128_HMAC_SHA1_32";
	default:
		return "dtls";
	}
}
