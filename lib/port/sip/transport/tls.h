/**
 * @file port/sip/transport/tls.h  Shared by tls*.c; the rest of port/sip sees internal.h
 *
 * Loop thread only.
 */
#ifndef SIPD_PORT_SIP_TLS_H
#define SIPD_PORT_SIP_TLS_H

#include <openssl/ssl.h>
#include "port/sip/internal.h"

enum { TLS_REASON_SIZE = 256 };

struct sipd_tls {
	struct sipd_sip *sip; /* NULL: it is being closed */
	struct tls *tls;
	char name[SIPD_HOST_MAX + 1];   /* the next hop, as configured */
	char domain[SIPD_HOST_MAX + 1]; /* sip.domain, "" none */
	bool verify;
	bool own_cert;
	bool asked;      /* for a certificate, and nothing has come since */
	struct tmr lost; /* tells once the turn is over */
	char reason[TLS_REASON_SIZE]; /* of the last connection, "" none */
	uint64_t reason_ms;           /* when it was */
};

/* ---- tls.c ------------------------------------------------------------- */

/** Have each connection of ctx watched and its server checked. */
int tls_watch(struct sipd_tls *tls, SSL_CTX *ctx);
/** Keep the reason of a failure; the first is the cause of the others. */
void tls_why(struct sipd_tls *tls, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* ---- tls_verify.c ------------------------------------------------------ */

/** Chain and name; 1 or 0, for SSL_CTX_set_cert_verify_callback(). */
int tls_verify(X509_STORE_CTX *store, void *arg);

#endif
