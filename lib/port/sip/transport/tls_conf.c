/**
 * @file port/sip/transport/tls_conf.c  The TLS context: authorities, our certificate
 *
 * Read once, when the stack is opened; what is wrong with a file is said then.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include "base/error.h"
#include "base/text.h"
#include "port/sip/transport/tls.h"

enum { SECURITY_LEVEL = 2 }; /* RSA of 2,048 bits, SHA-256, and more */


/* OpenSSL would ask for the pass phrase on the terminal. */
static int no_pass_phrase(char *buf, int size, int rwflag, void *arg)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)arg;

	return 0;
}


static int readable(const char *option, const char *path)
{
	if (!access(path, R_OK))
		return SIPDIALER_OK;

	return sipd_error(SIPDIALER_EIO, "%s \"%s\": %s", option, path,
			  strerror(errno));
}


/* The first error that OpenSSL met says most. */
static int unusable(const char *option, const char *path, const char *what)
{
	const unsigned long e = ERR_peek_error();
	const char *why = e ? ERR_reason_error_string(e) : NULL;
	int err;

	if (ERR_GET_LIB(e) == ERR_LIB_PEM &&
	    ERR_GET_REASON(e) == PEM_R_NO_START_LINE)
		why = "not a PEM file";
	err = sipd_error(SIPDIALER_EFORMAT, "%s \"%s\": %s: %s", option, path,
			 what, why ? why : "unknown error");
	ERR_clear_error();

	return err;
}


static int authorities_load(SSL_CTX *ctx, const char *path)
{
	int err;

	if (!path[0]) {
		if (SSL_CTX_set_default_verify_paths(ctx) == 1)
			return SIPDIALER_OK;
		ERR_clear_error();
		return sipd_error(SIPDIALER_EIO,
				  "the system's authorities cannot be read; "
				  "set sip.tls_ca_file");
	}

	err = readable("sip.tls_ca_file", path);
	if (err)
		return err;
	if (SSL_CTX_load_verify_locations(ctx, path, NULL) != 1)
		return unusable("sip.tls_ca_file", path,
				"no certificates in it");

	return SIPDIALER_OK;
}


static void mode_check(struct sipd_log *log, const char *path)
{
	struct stat st;

	/* a group may read it: that is how Debian shares keys (ssl-cert) */
	if (!stat(path, &st) && (st.st_mode & (S_IWGRP | S_IRWXO)))
		sipd_log_warning(log,
				 "sip: the private key \"%s\" is open to "
				 "others (mode %04o); use 0600",
				 path, (unsigned)(st.st_mode & 07777));
}


static int key_load(SSL_CTX *ctx, const char *option, const char *path)
{
	int err;

	err = readable(option, path);
	if (err)
		return err;

	if (SSL_CTX_use_PrivateKey_file(ctx, path, SSL_FILETYPE_PEM) != 1) {
		const unsigned long e = ERR_peek_last_error();

		if (ERR_GET_LIB(e) == ERR_LIB_X509) {
			ERR_clear_error();
			return sipd_error(
				SIPDIALER_EINVAL,
				"%s \"%s\" is not the key of the certificate "
				"in sip.tls_cert_file",
				option, path);
		}
		return unusable(option, path,
				"no key without a pass phrase in it");
	}

	return SIPDIALER_OK;
}


static int own_cert_load(SSL_CTX *ctx, struct sipd_tls *tls)
{
	const struct sipd_sip_conf *conf = &tls->sip->conf;
	const char *cert = conf->tls_cert_file;
	const char *key = conf->tls_key_file;
	const char *key_option = key[0] ? "sip.tls_key_file"
					: "sip.tls_cert_file";
	int err;

	if (!cert[0])
		return key[0] ? sipd_error(SIPDIALER_EINVAL,
					   "sip.tls_key_file needs "
					   "sip.tls_cert_file")
			      : SIPDIALER_OK;

	err = readable("sip.tls_cert_file", cert);
	if (err)
		return err;
	if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
		return unusable("sip.tls_cert_file", cert,
				"no certificate that can be used");

	/* one file may hold both */
	if (!key[0])
		key = cert;
	err = key_load(ctx, key_option, key);
	if (err)
		return err;

	mode_check(tls->sip->log, key);
	if (X509_cmp_current_time(
		    X509_get0_notAfter(SSL_CTX_get0_certificate(ctx))) < 0)
		sipd_log_warning(tls->sip->log,
				 "sip: our certificate \"%s\" has expired",
				 cert);
	tls->own_cert = true;

	return SIPDIALER_OK;
}


static int context_set(struct sipd_tls *tls)
{
	const struct sipd_sip_conf *conf = &tls->sip->conf;
	SSL_CTX *ctx = sipd_libre_tls_context(tls->tls);
	int err;

	ERR_clear_error();
	SSL_CTX_set_default_passwd_cb(ctx, no_pass_phrase);
	SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION |
					 SSL_OP_NO_RENEGOTIATION |
					 SSL_OP_NO_TICKET);
	/* a session taken up again would skip the check of the peer, and
	 * OpenSSL ends the connection of one who tries: none is given out */
	(void)SSL_CTX_set_num_tickets(ctx, 0);
	(void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	if (SSL_CTX_get_security_level(ctx) < SECURITY_LEVEL)
		SSL_CTX_set_security_level(ctx, SECURITY_LEVEL);
	if (SSL_CTX_set_min_proto_version(ctx, conf->tls_1_3
						       ? TLS1_3_VERSION
						       : TLS1_2_VERSION) !=
		    1 ||
	    SSL_CTX_set_max_proto_version(ctx, 0) != 1)
		return sipd_error(SIPDIALER_ENOSYS,
				  "OpenSSL here has no TLS %s",
				  conf->tls_1_3 ? "1.3" : "1.2");

	err = authorities_load(ctx, conf->tls_ca_file);
	if (!err)
		err = own_cert_load(ctx, tls);

	return err ? err : tls_watch(tls, ctx);
}


static void destructor(void *arg)
{
	struct sipd_tls *tls = arg;

	tmr_cancel(&tls->lost);
	mem_deref(tls->tls);
}


int sipd_tls_open(struct sipd_tls **tp, struct sipd_sip *sip,
		  const char *server)
{
	struct sipd_tls *tls = mem_zalloc(sizeof(*tls), destructor);
	int err;

	if (!tls)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for TLS");

	tls->sip = sip;
	tls->verify = sip->conf.tls_verify;
	(void)sipd_strcpy(tls->domain, sizeof(tls->domain), sip->conf.domain);
	(void)sipd_strcpy(tls->name, sizeof(tls->name), server);
	if (!server[0])
		err = sipd_error(SIPDIALER_EINVAL,
				 "sip.transport = tls needs sip.server: its "
				 "name is what certificates are checked for");
	else if (tls_alloc(&tls->tls, SIPD_LIBRE_TLS_METHOD, NULL, NULL))
		err = sipd_error(SIPDIALER_ENOMEM, "no TLS context");
	else
		err = context_set(tls);

	if (err) {
		mem_deref(tls);
		return err;
	}

	sipd_libre_tls_ours(tls->tls);
	if (!tls->verify)
		sipd_log_warning(sip->log,
				 "sip: sip.tls_verify = no: whoever is in "
				 "between may read and change all, the "
				 "password's digest too");
	*tp = tls;

	return SIPDIALER_OK;
}


void sipd_tls_close(struct sipd_tls *tls)
{
	if (!tls)
		return;

	tls->sip = NULL;
	tmr_cancel(&tls->lost);
}


struct tls *sipd_tls_context(const struct sipd_tls *tls)
{
	return tls->tls;
}
