/**
 * @file port/sip/account/pace.c  When to register again
 *
 * A PBX that comes back is to find us soon; a carrier is not to be flooded by
 * all its customers at once, and nobody is to be banned for a wrong password.
 */
#include "port/sip/account/register.h"

enum {
	SHORT_GRANT = 120,      /* s; below it refresh at half */
	FIRST_MS = 1000,        /* doubles up to ... */
	BACKOFF_MAX_MS = 24000, /* ... this, 30 s with what jitter adds */
	OUTBOUND_MS = 30000,    /* RFC 5626 4.5: doubles up to ... */
	OUTBOUND_MAX_MS = 1800000,
	REFUSED_MS = 60000, /* 403, 404 ...: doubles up to ... */
	REFUSED_MAX_MS = 600000,
	AUTH_MS = 300000, /* wrong password: doubles up to ... */
	AUTH_MAX_MS = 3600000,
	RETRY_AFTER_MAX = 3600 /* s, of what a server may ask */
};


/* +-25 %: a farm of dialers must not come back in step */
static uint64_t jitter(uint64_t ms)
{
	return ms * 3 / 4 + ms / 2 * rand_u16() / UINT16_MAX;
}


static uint64_t doubled(uint64_t ms, uint32_t times, uint64_t max)
{
	while (times-- && ms < max)
		ms *= 2;

	return ms < max ? ms : max;
}


static uint64_t at_least(uint64_t ms, uint32_t seconds)
{
	const uint64_t min = 1000ULL * (seconds < RETRY_AFTER_MAX
						? seconds
						: RETRY_AFTER_MAX);

	return ms > min ? ms : min;
}


uint64_t register_backoff(struct sipd_register *reg, uint32_t after)
{
	const uint32_t n = reg->failc++;
	uint64_t ms;

	/* 50 to 100 % of it. RFC 5626 4.5 */
	if (reg->outbound)
		ms = doubled(OUTBOUND_MS, n, OUTBOUND_MAX_MS) *
		     (UINT16_MAX + (uint64_t)rand_u16()) / (2 * UINT16_MAX);
	else
		ms = jitter(doubled(FIRST_MS, n, BACKOFF_MAX_MS));

	return at_least(ms, after);
}


uint64_t register_slow(struct sipd_register *reg, bool auth, uint32_t after)
{
	const uint32_t n = reg->refusedc++;

	return at_least(jitter(auth ? doubled(AUTH_MS, n, AUTH_MAX_MS)
				    : doubled(REFUSED_MS, n, REFUSED_MAX_MS)),
			after);
}


uint64_t register_refresh(uint32_t seconds)
{
	const uint64_t ms = (uint64_t)seconds *
			    (seconds < SHORT_GRANT ? 500 : 900);

	return ms < 1000 ? 1000 : ms;
}
