/**
 * @file base/dscp.h  Marks of packets. RFC 2474
 */
#ifndef SIPD_BASE_DSCP_H
#define SIPD_BASE_DSCP_H

/** Mark what the socket sends, 0 to 63; a kernel that refuses it leaves it
 *  unmarked. @thread any */
void sipd_dscp_set(int fd, int family, unsigned dscp);

#endif
