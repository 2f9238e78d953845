/**
 * @file port/libre/libre.h  What we put in place of parts of libre
 */
#ifndef SIPD_PORT_LIBRE_LIBRE_H
#define SIPD_PORT_LIBRE_LIBRE_H

#include "base/log.h"

/** Free this thread's timers; none may be used afterwards. @thread loop */
void sipd_libre_timers_close(void);

/** Where libre's own messages of this thread go; NULL drops them. Each line
 *  comes from a peer and is at debug level. @thread loop */
void sipd_libre_log(struct sipd_log *log);

#endif
