/**
 * @file core/media/prompt.c  The audio of one prompt, encoded once
 *
 * Immutable once made, so that any number of media threads may read it.
 */
#include "core/media/prompt.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "core/media/prompt_own.h"
#include "port/codec/g711.h"
#include "port/rtp/rtp.h"

struct sipd_prompt {
	atomic_uint refs;
	size_t frames;
	int16_t *pcm;
	uint8_t *pcmu, *pcma;
	char *path;
};


static void prompt_free(struct sipd_prompt *p)
{
	free(p->pcm);
	free(p->pcmu);
	free(p->pcma);
	free(p->path);
	free(p);
}


/* Never of size 0: NULL would be taken for "no memory". */
static uint8_t *encode(enum sipd_codec_id codec, const int16_t *pcm,
		       size_t samples)
{
	uint8_t *buf = malloc(samples + 1);

	if (buf)
		sipd_g711_encode(codec, buf, pcm, samples);

	return buf;
}


int sipd_prompt_adopt(struct sipd_prompt **pp, int16_t *pcm, size_t samples,
		      const char *path)
{
	const size_t frames = (samples + SIPD_FRAME - 1) / SIPD_FRAME;
	struct sipd_prompt *p = calloc(1, sizeof(*p));
	int16_t *padded;

	padded = realloc(pcm, (frames * SIPD_FRAME + 1) * sizeof(*pcm));
	if (!p || !padded) {
		free(padded ? padded : pcm);
		free(p);
		return sipd_error(SIPDIALER_ENOMEM,
				  "%s: no memory for %zu samples", path,
				  samples);
	}

	memset(padded + samples, 0,
	       (frames * SIPD_FRAME - samples) * sizeof(*padded));
	atomic_init(&p->refs, 1);
	p->pcm = padded;
	p->frames = frames;
	p->pcmu = encode(SIPD_CODEC_PCMU, padded, frames * SIPD_FRAME);
	p->pcma = encode(SIPD_CODEC_PCMA, padded, frames * SIPD_FRAME);
	p->path = strdup(path);
	if (!p->pcmu || !p->pcma || !p->path) {
		prompt_free(p);
		return sipd_error(SIPDIALER_ENOMEM,
				  "%s: no memory to encode %zu samples", path,
				  samples);
	}

	*pp = p;

	return 0;
}


int sipd_prompt_make(struct sipd_prompt **pp, const int16_t *pcm,
		     size_t samples)
{
	int16_t *copy = malloc((samples + 1) * sizeof(*copy));

	if (!copy)
		return sipd_error(SIPDIALER_ENOMEM,
				  "no memory for %zu samples", samples);

	if (samples)
		memcpy(copy, pcm, samples * sizeof(*copy));

	return sipd_prompt_adopt(pp, copy, samples, "");
}


struct sipd_prompt *sipd_prompt_ref(struct sipd_prompt *p)
{
	if (p)
		atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);

	return p;
}


void sipd_prompt_unref(struct sipd_prompt *p)
{
	if (p && atomic_fetch_sub(&p->refs, 1) == 1)
		prompt_free(p);
}


size_t sipd_prompt_frames(const struct sipd_prompt *p)
{
	return p->frames;
}


const int16_t *sipd_prompt_pcm(const struct sipd_prompt *p, size_t frame)
{
	assert(frame < p->frames);

	return p->pcm + frame * SIPD_FRAME;
}


const uint8_t *sipd_prompt_encoded(const struct sipd_prompt *p,
				   enum sipd_codec_id codec, size_t frame)
{
	assert(frame < p->frames);

	switch (codec) {
	case SIPD_CODEC_PCMU:
		return p->pcmu + frame * SIPD_FRAME;
	case SIPD_CODEC_PCMA:
		return p->pcma + frame * SIPD_FRAME;
	default:
		return NULL;
	}
}


const char *sipd_prompt_path(const struct sipd_prompt *p)
{
	return p->path;
}
