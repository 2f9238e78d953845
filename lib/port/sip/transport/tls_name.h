/**
 * @file port/sip/transport/tls_name.h  Whose certificate is it? RFC 5922 7
 */
#ifndef SIPD_PORT_SIP_TLS_NAME_H
#define SIPD_PORT_SIP_TLS_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <openssl/x509.h>

/** Is host, a name or a numeric address, an identity of the certificate?
 *  @thread any */
bool sipd_tls_name_fits(const X509 *cert, const char *host);

/** The identities, for people: "a.example, 192.0.2.1"; "nobody" if none. What
 *  cannot be printed becomes "?". @thread any */
void sipd_tls_names(const X509 *cert, char *buf, size_t size);

#endif
