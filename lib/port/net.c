/**
 * @file port/net.c  Socket addresses
 */
#include "port/net.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>


bool sipd_addr_parse(union sipd_addr *a, const char *host, uint16_t port)
{
	memset(a, 0, sizeof(*a));

	if (inet_pton(AF_INET, host, &a->in.sin_addr) == 1)
		a->sa.sa_family = AF_INET;
	else if (inet_pton(AF_INET6, host, &a->in6.sin6_addr) == 1)
		a->sa.sa_family = AF_INET6;
	else
		return false;

	sipd_addr_set_port(a, port);

	return true;
}


uint16_t sipd_addr_port(const union sipd_addr *a)
{
	return ntohs(a->sa.sa_family == AF_INET6 ? a->in6.sin6_port
						 : a->in.sin_port);
}


void sipd_addr_set_port(union sipd_addr *a, uint16_t port)
{
	if (a->sa.sa_family == AF_INET6)
		a->in6.sin6_port = htons(port);
	else
		a->in.sin_port = htons(port);
}


socklen_t sipd_addr_len(const union sipd_addr *a)
{
	return a->sa.sa_family == AF_INET6 ? sizeof(a->in6) : sizeof(a->in);
}


bool sipd_addr_eq_ip(const union sipd_addr *a, const union sipd_addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;

	switch (a->sa.sa_family) {
	case AF_INET:
		return a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	case AF_INET6:
		return !memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr,
			       sizeof(a->in6.sin6_addr));
	default:
		return true;
	}
}


bool sipd_addr_eq(const union sipd_addr *a, const union sipd_addr *b)
{
	return sipd_addr_eq_ip(a, b) && sipd_addr_port(a) == sipd_addr_port(b);
}


bool sipd_addr_is_any(const union sipd_addr *a)
{
	switch (a->sa.sa_family) {
	case AF_INET:
		return a->in.sin_addr.s_addr == INADDR_ANY;
	case AF_INET6:
		return IN6_IS_ADDR_UNSPECIFIED(&a->in6.sin6_addr);
	default:
		return true;
	}
}


const char *sipd_addr_host(const union sipd_addr *a, char *buf, size_t size)
{
	const void *ip = a->sa.sa_family == AF_INET6
				 ? (const void *)&a->in6.sin6_addr
				 : (const void *)&a->in.sin_addr;

	if (!size)
		return "";
	if (!a->sa.sa_family ||
	    !inet_ntop(a->sa.sa_family, ip, buf, (socklen_t)size))
		(void)snprintf(buf, size, "?");

	return buf;
}


const char *sipd_addr_text(const union sipd_addr *a, char *buf, size_t size)
{
	const bool v6 = a->sa.sa_family == AF_INET6;
	char host[INET6_ADDRSTRLEN];

	(void)snprintf(buf, size, "%s%s%s:%u", v6 ? "[" : "",
		       sipd_addr_host(a, host, sizeof(host)), v6 ? "]" : "",
		       sipd_addr_port(a));

	return buf;
}


uint64_t sipd_files_max(void)
{
	struct rlimit rl;

	return getrlimit(RLIMIT_NOFILE, &rl) ? UINT64_MAX : rl.rlim_cur;
}
