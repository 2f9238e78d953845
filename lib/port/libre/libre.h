/**
 * @file port/libre/libre.h  What we put in place of parts of libre
 */
#ifndef SIPD_PORT_LIBRE_LIBRE_H
#define SIPD_PORT_LIBRE_LIBRE_H

#include <stdbool.h>
#include "base/log.h"

/** Free this thread's timers; none may be used afterwards. @thread loop */
void sipd_libre_timers_close(void);
/** Before the first timer of this thread; false: no memory. @thread loop */
bool sipd_libre_timers_open(void);

/** Where libre's own messages of this thread go; NULL drops them. Each line
 *  comes from a peer and is at debug level. @thread loop */
void sipd_libre_log(struct sipd_log *log);

/** Between open(bytes) and open(0) libre opens the sockets of a SIP stack on
 *  this thread: UDP gets a receive buffer of that size (or what the system
 *  allows), and a system without IPv6 does not fail its DNS client. Without
 *  effect on a shared libre. @thread loop */
void sipd_libre_open(int rcvbuf);

enum { SIPD_TCP_IN_MAX = 256 }; /* TCP connections from outside; more are
				 * closed at once (specs fact L) */

#endif
