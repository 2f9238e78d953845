/**
 * @file port/codec/resample.c  Audio at another rate, as it goes by
 */
#include "port/codec/resample.h"

#include <speex/speex_resampler.h>
#include "base/error.h"

enum {
	/* of speexdsp: flat up to 3.4 kHz, where telephones end, -2 dB at 3.6,
	 * below -90 dB from 4.1 on; a delay of 5 ms.  Prompts, which nobody
	 * waits for, have 8, with 10 ms */
	QUALITY = 5
};

/* struct sipd_resampler is the library's own; the names keep it out of core. */
static SpeexResamplerState *state(struct sipd_resampler *r)
{
	return (SpeexResamplerState *)(void *)r;
}


int sipd_resampler_open(struct sipd_resampler **rp, uint32_t from, uint32_t to)
{
	int err = 0;
	SpeexResamplerState *s = speex_resampler_init(1, from, to, QUALITY,
						      &err);

	if (!s)
		return sipd_error(SIPDIALER_ENOMEM, "resampler: %s",
				  speex_resampler_strerror(err));

	*rp = (struct sipd_resampler *)(void *)s;

	return 0;
}


void sipd_resampler_close(struct sipd_resampler *r)
{
	if (r)
		speex_resampler_destroy(state(r));
}


void sipd_resampler_reset(struct sipd_resampler *r)
{
	(void)speex_resampler_reset_mem(state(r));
}


void sipd_resampler_run(struct sipd_resampler *r, const int16_t *in,
			size_t *inc, int16_t *out, size_t *outc)
{
	spx_uint32_t taken = (spx_uint32_t)*inc, made = (spx_uint32_t)*outc;

	(void)speex_resampler_process_int(state(r), 0, in, &taken, out, &made);
	*inc = taken;
	*outc = made;
}
