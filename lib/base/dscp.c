/**
 * @file base/dscp.c  Marks of packets. RFC 2474
 */
#include "base/dscp.h"

#include <netinet/in.h>
#include <sys/socket.h>


void sipd_dscp_set(int fd, int family, unsigned dscp)
{
	const int tos = (int)(dscp << 2); /* the rest is ECN. RFC 3168 5 */

	if (family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &tos,
				 sizeof(tos));
	else
		(void)setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
}
