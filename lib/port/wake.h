/**
 * @file port/wake.h  A descriptor that is readable or not, as we say
 */
#ifndef SIPD_PORT_WAKE_H
#define SIPD_PORT_WAKE_H

/** A new descriptor, not readable; negative: SIPDIALER_EIO with a text. */
int sipd_wake_open(void);
void sipd_wake_set(int fd);   /* make readable. @thread any */
void sipd_wake_clear(int fd); /* make not readable. @thread any */
void sipd_wake_close(int fd); /* negative: nothing */

#endif
