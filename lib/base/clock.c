/**
 * @file base/clock.c  Monotonic and wall clock
 */
#include "base/clock.h"

#include <time.h>


uint64_t sipd_clock_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);

	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}


uint64_t sipd_clock_ms(void)
{
	return sipd_clock_us() / 1000;
}


int64_t sipd_wall_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);

	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}
