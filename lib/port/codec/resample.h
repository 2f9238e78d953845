/**
 * @file port/codec/resample.h  Audio at another rate, as it goes by
 *
 * A low-pass filter with a memory: what goes in comes out, some 5 ms later and
 * without what the lower of the two rates cannot hold.  One thread at a time.
 */
#ifndef SIPD_PORT_CODEC_RESAMPLE_H
#define SIPD_PORT_CODEC_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

struct sipd_resampler;

/** Between rates in Hz; 0 or SIPDIALER_ENOMEM. */
int sipd_resampler_open(struct sipd_resampler **rp, uint32_t from,
			uint32_t to);
void sipd_resampler_close(struct sipd_resampler *r); /* r may be NULL */

/** Forget what went in. */
void sipd_resampler_reset(struct sipd_resampler *r);

/** Take up to *inc samples and make up to *outc of them; both become what was
 *  taken and made.  Each sample in makes `to / from` samples out. */
void sipd_resampler_run(struct sipd_resampler *r, const int16_t *in,
			size_t *inc, int16_t *out, size_t *outc);

#endif
