/**
 * @file port/srtp/cert.h  A certificate of our own, for DTLS
 */
#ifndef SIPD_PORT_SRTP_CERT_H
#define SIPD_PORT_SRTP_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <openssl/ssl.h>

/** A new key and self-signed certificate into ssl; fingerprint: "sha-256
 *  AB:CD:...".  false with an error of OpenSSL. */
bool sipd_cert_make(SSL_CTX *ssl, char *fingerprint, size_t size);

#endif
