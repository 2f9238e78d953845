/**
 * @file port/codec/opus.c  Opus, at 16 kHz and mono. RFC 6716, 7587
 */
#include "port/codec/opus.h"

#include "base/error.h"

#ifdef SIPD_OPUS

#include <stdlib.h>
#include <opus.h>
#include "port/codec/codec.h"

enum {
	FRAME = 320,        /* samples of 20 ms */
	BITRATE_MIN = 6000, /* RFC 7587 6.1 */
	COMPLEXITY = 5,     /* of 10: half the time of 10, hardly worse */
	LOSS_PERCENT = 10   /* what redundancy is to be good for */
};

struct sipd_opus {
	OpusEncoder *enc;
	OpusDecoder *dec;
	OpusRepacketizer *join;
};


bool sipd_opus_built(void)
{
	return true;
}


unsigned sipd_opus_ticks(const uint8_t *payload, size_t len)
{
	int n;

	if (!len || len > INT32_MAX)
		return 0;

	n = opus_packet_get_nb_samples(payload, (opus_int32)len, SIPD_TICK_HZ);

	return n > 0 ? (unsigned)n : 0;
}


static void settings(OpusEncoder *enc)
{
	(void)opus_encoder_ctl(enc, OPUS_SET_COMPLEXITY(COMPLEXITY));
	(void)opus_encoder_ctl(enc, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
	(void)opus_encoder_ctl(enc, OPUS_SET_DTX(0));
	(void)opus_encoder_ctl(enc, OPUS_SET_BITRATE(SIPD_OPUS_BITRATE));
}


int sipd_opus_open(struct sipd_opus **op)
{
	struct sipd_opus *o = calloc(1, sizeof(*o));
	int err = OPUS_OK;

	if (!o)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for Opus");

	o->enc = opus_encoder_create(SIPD_WIDE_HZ, 1, OPUS_APPLICATION_VOIP,
				     &err);
	if (o->enc)
		o->dec = opus_decoder_create(SIPD_WIDE_HZ, 1, &err);
	if (o->dec)
		o->join = opus_repacketizer_create();
	if (!o->join) {
		sipd_opus_close(o);
		return sipd_error(SIPDIALER_ENOMEM, "Opus: %s",
				  opus_strerror(err ? err : OPUS_ALLOC_FAIL));
	}
	settings(o->enc);
	*op = o;

	return 0;
}


void sipd_opus_close(struct sipd_opus *o)
{
	if (!o)
		return;

	if (o->enc)
		opus_encoder_destroy(o->enc);
	if (o->dec)
		opus_decoder_destroy(o->dec);
	if (o->join)
		opus_repacketizer_destroy(o->join);
	free(o);
}


void sipd_opus_limit(struct sipd_opus *o, uint32_t bitrate, bool fec)
{
	uint32_t rate = SIPD_OPUS_BITRATE;

	if (bitrate && bitrate < rate)
		rate = bitrate < BITRATE_MIN ? BITRATE_MIN : bitrate;

	(void)opus_encoder_ctl(o->enc, OPUS_SET_BITRATE((opus_int32)rate));
	(void)opus_encoder_ctl(o->enc, OPUS_SET_INBAND_FEC(fec));
	(void)opus_encoder_ctl(o->enc, OPUS_SET_PACKET_LOSS_PERC(
					       fec ? LOSS_PERCENT : 0));
}


void sipd_opus_restart(struct sipd_opus *o)
{
	(void)opus_encoder_ctl(o->enc, OPUS_RESET_STATE);
}


size_t sipd_opus_encode(struct sipd_opus *o, uint8_t *dst, size_t size,
			const int16_t *pcm)
{
	const opus_int32 n = opus_encode(o->enc, pcm, FRAME, dst,
					 (opus_int32)size);

	return n > 0 ? (size_t)n : 0;
}


size_t sipd_opus_decode(struct sipd_opus *o, int16_t *pcm, size_t max,
			const uint8_t *src, size_t len)
{
	const int n = opus_decode(o->dec, src, (opus_int32)len, pcm, (int)max,
				  0);

	return n > 0 ? (size_t)n : 0;
}


size_t sipd_opus_conceal(struct sipd_opus *o, int16_t *pcm, size_t samples,
			 const uint8_t *src, size_t len)
{
	const int n = opus_decode(o->dec, src, src ? (opus_int32)len : 0, pcm,
				  (int)samples, src != NULL);

	return n > 0 ? (size_t)n : 0;
}


size_t sipd_opus_join(struct sipd_opus *o, uint8_t *dst, size_t size,
		      const uint8_t *const *frames, const uint16_t *lens,
		      size_t n)
{
	opus_int32 made;
	size_t i;

	(void)opus_repacketizer_init(o->join);
	for (i = 0; i < n; ++i)
		if (opus_repacketizer_cat(o->join, frames[i], lens[i]))
			return 0;
	made = opus_repacketizer_out(o->join, dst, (opus_int32)size);

	return made > 0 ? (size_t)made : 0;
}

#else

bool sipd_opus_built(void)
{
	return false;
}


unsigned sipd_opus_ticks(const uint8_t *payload, size_t len)
{
	(void)payload;
	(void)len;

	return 0;
}


int sipd_opus_open(struct sipd_opus **op)
{
	(void)op;

	return sipd_error(SIPDIALER_EINVAL, "this build has no Opus");
}


void sipd_opus_close(struct sipd_opus *o)
{
	(void)o;
}


void sipd_opus_limit(struct sipd_opus *o, uint32_t bitrate, bool fec)
{
	(void)o;
	(void)bitrate;
	(void)fec;
}


void sipd_opus_restart(struct sipd_opus *o)
{
	(void)o;
}


size_t sipd_opus_encode(struct sipd_opus *o, uint8_t *dst, size_t size,
			const int16_t *pcm)
{
	(void)o;
	(void)dst;
	(void)size;
	(void)pcm;

	return 0;
}


size_t sipd_opus_decode(struct sipd_opus *o, int16_t *pcm, size_t max,
			const uint8_t *src, size_t len)
{
	(void)o;
	(void)pcm;
	(void)max;
	(void)src;
	(void)len;

	return 0;
}


size_t sipd_opus_conceal(struct sipd_opus *o, int16_t *pcm, size_t samples,
			 const uint8_t *src, size_t len)
{
	(void)o;
	(void)pcm;
	(void)samples;
	(void)src;
	(void)len;

	return 0;
}


size_t sipd_opus_join(struct sipd_opus *o, uint8_t *dst, size_t size,
		      const uint8_t *const *frames, const uint16_t *lens,
		      size_t n)
{
	(void)o;
	(void)dst;
	(void)size;
	(void)frames;
	(void)lens;
	(void)n;

	return 0;
}

#endif
