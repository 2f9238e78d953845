/**
 * @file port/net.h  Socket addresses without libre's or the kernel's types
 */
#ifndef SIPD_PORT_NET_H
#define SIPD_PORT_NET_H

#include <stdbool.h>
#include <stdint.h>
#include <netinet/in.h>
#include <sys/socket.h>

/** IPv4 or IPv6 address with port. family 0 = unset. */
union sipd_addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

enum { SIPD_ADDR_SIZE = 64 }; /* "[v6]:port" with terminator */

/** Numeric address only. */
bool sipd_addr_parse(union sipd_addr *a, const char *host, uint16_t port);
uint16_t sipd_addr_port(const union sipd_addr *a);
void sipd_addr_set_port(union sipd_addr *a, uint16_t port);
socklen_t sipd_addr_len(const union sipd_addr *a);
bool sipd_addr_eq(const union sipd_addr *a, const union sipd_addr *b);
bool sipd_addr_eq_ip(const union sipd_addr *a, const union sipd_addr *b);
bool sipd_addr_is_any(const union sipd_addr *a); /* 0.0.0.0, ::, unset */
/** Host part as text, without port. */
const char *sipd_addr_host(const union sipd_addr *a, char *buf, size_t size);
/** "host:port". */
const char *sipd_addr_text(const union sipd_addr *a, char *buf, size_t size);

/** Descriptors this process may have open: sockets are two of them a call.
 *  @thread any */
uint64_t sipd_files_max(void);

#endif
