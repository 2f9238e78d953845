/**
 * @file base/clock.h  Monotonic and wall clock
 *
 * Durations and pacing use the monotonic clock; the wall clock only stamps
 * rows and events.
 */
#ifndef SIPD_BASE_CLOCK_H
#define SIPD_BASE_CLOCK_H

#include <stdint.h>

uint64_t sipd_clock_ms(void); /* CLOCK_MONOTONIC, ms */
uint64_t sipd_clock_us(void); /* CLOCK_MONOTONIC, us */
int64_t sipd_wall_ms(void);   /* ms since 1970-01-01 UTC */

#endif
