/**
 * @file port/sip/transport/tls.c  Who the server is, before a byte of SIP. RFC 5922, 5923
 *
 * libre 1.1.0 checks no certificate and names no server (specs fact A), and
 * later releases check by the address.  So the OpenSSL context is told: it
 * checks each server by ours, and a handshake that fails sends nothing.  What
 * was wrong is kept in words, as libre says EPROTO.  Loop thread only.
 */
#include "port/sip/transport/tls.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <openssl/err.h>
#include "base/error.h"
#include "base/text.h"

enum { HANDSHAKE_MS = 10000 };

/* One connection of ours; lives as long as its SSL. */
struct conn {
	struct tmr deadline;
	struct sipd_tls *tls;
	int fd; /* -1: not known */
	bool done;
};


void tls_why(struct sipd_tls *tls, const char *fmt, ...)
{
	va_list ap;

	if (tls->reason[0])
		return;

	va_start(ap, fmt);
	(void)vsnprintf(tls->reason, sizeof(tls->reason), fmt, ap);
	va_end(ap);
	tls->reason_ms = tmr_jiffies();
}


/* TLS 1.3 lets us go ahead before the server has looked at our certificate,
 * and its alert may be lost when it then closes. */
static void blame_our_cert(struct sipd_tls *tls)
{
	if (tls->asked)
		tls_why(tls,
			"TLS: %s has closed the connection: it %s "
			"(sip.tls_cert_file)",
			tls->name,
			tls->own_cert ? "may refuse our certificate"
				      : "wants a client certificate");
}


const char *sipd_tls_failure(struct sipd_tls *tls, int err, uint64_t since)
{
	/* what comes before TLS tells for itself; after it libre says EPROTO,
	 * that the connection is closed, or nothing at all */
	if (!tls || (err != EPROTO && err != ECONNRESET && err != EPIPE &&
		     err != ETIMEDOUT))
		return NULL;

	if (err != ETIMEDOUT)
		blame_our_cert(tls);

	return tls->reason[0] && tls->reason_ms >= since ? tls->reason : NULL;
}


void sipd_tls_heard(struct sipd_tls *tls)
{
	if (tls)
		tls->asked = false;
}


/* ---- the end of a connection ------------------------------------------- */

/* Without conn.c, which tells of TCP, too, and whose it was. */
static void lost_handler(void *arg)
{
	const struct sipd_tls *tls = arg;

	if (tls->sip)
		sipd_sip_lost(tls->sip, NULL, sipd_libre_conn_now());
}


static void free_handler(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx,
			 long argl, void *argp)
{
	struct conn *conn = ptr;
	struct sipd_tls *tls;
	(void)parent;
	(void)ad;
	(void)idx;
	(void)argl;
	(void)argp;

	if (!conn)
		return;

	tls = conn->tls;
	tmr_cancel(&conn->deadline);
	blame_our_cert(tls);
	tls->asked = false;
	if (!conn->done) {
		tls_why(tls,
			"TLS: the connection to %s was closed during the "
			"handshake",
			tls->name);
	}
	else if (tls->sip && !SIPD_LIBRE_CONNS)
		tmr_start(&tls->lost, 0, lost_handler, tls);
	mem_deref(conn);
	mem_deref(tls);
}


/* OpenSSL takes an index once and gives none back, and calls free_handler()
 * for each SSL of the process: one for all stacks, as long as we are loaded. */
static int index_all = -1;


static void index_make(void)
{
	index_all = SSL_get_ex_new_index(0, NULL, NULL, NULL, free_handler);
}


static int conn_index(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, index_make);

	return index_all;
}


static void __attribute__((destructor)) index_free(void)
{
	if (index_all >= 0)
		(void)CRYPTO_free_ex_index(CRYPTO_EX_INDEX_SSL, index_all);
}


/* ---- the handshake ----------------------------------------------------- */

static void deadline_handler(void *arg)
{
	struct conn *conn = arg;

	tls_why(conn->tls, "TLS: no handshake with %s within %d s",
		conn->tls->name, HANDSHAKE_MS / 1000);
	if (conn->fd >= 0)
		(void)shutdown(conn->fd, SHUT_RDWR); /* libre sees the end */
}


/* SNI is a name, never an address. RFC 6066 3 */
static const char *server_name(const struct sipd_tls *tls)
{
	struct sa sa;

	if (sa_set_str(&sa, tls->name, 0))
		return tls->name;
	if (tls->domain[0] && sa_set_str(&sa, tls->domain, 0))
		return tls->domain;

	return NULL;
}


static void begin(struct sipd_tls *tls, SSL *ssl)
{
	const char *name = server_name(tls);
	struct conn *conn = mem_zalloc(sizeof(*conn), NULL);

	if (name)
		(void)SSL_set_tlsext_host_name(ssl, name);
	tls->reason[0] = '\0';
	tls->asked = false;
	if (!conn)
		return;

	conn->tls = mem_ref(tls);
	conn->fd = sipd_libre_tls_fd(BIO_get_data(SSL_get_wbio(ssl)));
	tmr_start(&conn->deadline, HANDSHAKE_MS, deadline_handler, conn);
	if (SSL_set_ex_data(ssl, conn_index(), conn) != 1) {
		tmr_cancel(&conn->deadline);
		mem_deref(conn->tls);
		mem_deref(conn);
	}
}


static void done(struct conn *conn, const SSL *ssl)
{
	const struct sipd_tls *tls = conn->tls;

	conn->done = true;
	tmr_cancel(&conn->deadline);
	if (tls->sip)
		sipd_log_info(tls->sip->log, "sip: %s with %s, %s, %s",
			      SSL_get_version(ssl), tls->name,
			      SSL_get_cipher_name(ssl),
			      tls->verify ? "verified" : "not verified");
}


static bool about_our_cert(int alert)
{
	return (alert >= SSL_AD_BAD_CERTIFICATE &&
		alert <= SSL_AD_CERTIFICATE_UNKNOWN) ||
	       alert == SSL_AD_UNKNOWN_CA || alert == SSL_AD_ACCESS_DENIED ||
	       alert == TLS13_AD_CERTIFICATE_REQUIRED;
}


static void alert_read(struct sipd_tls *tls, int alert)
{
	/* the name of this one is not known to OpenSSL 3 */
	const char *words = alert == TLS13_AD_CERTIFICATE_REQUIRED
				    ? "certificate required"
				    : SSL_alert_desc_string_long(alert);

	if (alert == SSL_AD_PROTOCOL_VERSION)
		tls_why(tls,
			"TLS: %s has no version of TLS that is allowed here",
			tls->name);
	else if (tls->asked && !tls->own_cert &&
		 (about_our_cert(alert) || alert == SSL_AD_HANDSHAKE_FAILURE))
		tls_why(tls,
			"TLS: %s wants a client certificate "
			"(sip.tls_cert_file): %s",
			tls->name, words);
	else if (tls->asked && about_our_cert(alert))
		tls_why(tls, "TLS: %s refuses our certificate: %s", tls->name,
			words);
	else
		tls_why(tls, "TLS: %s ends the connection: %s", tls->name,
			words);
}


/* libre clears OpenSSL's errors right after this. */
static void handshake_failed(struct sipd_tls *tls)
{
	const unsigned long e = ERR_peek_error();
	const char *words = e ? ERR_reason_error_string(e) : NULL;

	if (!e || ERR_GET_LIB(e) != ERR_LIB_SSL)
		return;

	switch (ERR_GET_REASON(e)) {

	case SSL_R_UNSUPPORTED_PROTOCOL:
		tls_why(tls,
			"TLS: %s has no version of TLS that is allowed here",
			tls->name);
		break;

	case SSL_R_WRONG_VERSION_NUMBER:
	case SSL_R_HTTP_REQUEST:
		tls_why(tls, "TLS: what answers at %s does not speak TLS",
			tls->name);
		break;

	default:
		tls_why(tls, "TLS: the handshake with %s failed: %s",
			tls->name, words ? words : "unknown error");
	}
}


static struct sipd_tls *tls_of(const SSL *ssl)
{
	return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
}


static void info_handler(const SSL *ssl, int where, int value)
{
	struct sipd_tls *tls = tls_of(ssl);
	struct conn *conn;

	if (SSL_is_server(ssl))
		return;

	conn = SSL_get_ex_data(ssl, conn_index());
	if (where == SSL_CB_HANDSHAKE_START && !conn)
		begin(tls, (SSL *)(uintptr_t)ssl);
	else if (where == SSL_CB_HANDSHAKE_DONE && conn)
		done(conn, ssl);
	else if (where == SSL_CB_READ_ALERT && conn &&
		 value >> 8 == SSL3_AL_FATAL)
		alert_read(tls, value & 0xff);
	else if (where == SSL_CB_CONNECT_EXIT && value <= 0)
		handshake_failed(tls);
}


/* The server asks for a certificate of ours; there may be none. */
static int asked_handler(SSL *ssl, void *arg)
{
	struct sipd_tls *tls = arg;

	if (!SSL_is_server(ssl))
		tls->asked = true;

	return 1;
}


int tls_watch(struct sipd_tls *tls, SSL_CTX *ctx)
{
	if (conn_index() < 0 || SSL_CTX_set_app_data(ctx, tls) != 1)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for TLS");

	/* of those who connect to us a certificate is wanted, too */
	SSL_CTX_set_verify(ctx,
			   tls->verify
				   ? SSL_VERIFY_PEER |
					     SSL_VERIFY_FAIL_IF_NO_PEER_CERT
				   : SSL_VERIFY_NONE,
			   NULL);
	SSL_CTX_set_cert_verify_callback(ctx, tls_verify, tls);
	SSL_CTX_set_info_callback(ctx, info_handler);
	SSL_CTX_set_cert_cb(ctx, asked_handler, tls);

	return SIPDIALER_OK;
}
