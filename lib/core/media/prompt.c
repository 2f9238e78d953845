/**
 * @file core/media/prompt.c  The audio of one prompt, encoded once
 *
 * Immutable once made, so that any number of media threads may read it.
 */
#include "core/media/prompt.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "core/media/prompt_own.h"
#include "port/codec/g711.h"
#include "port/codec/g722.h"
#include "port/codec/opus.h"
#include "port/rtp/rtp.h"

enum {
	WIDE = SIPD_FRAME_WIDE,
	/* frames encoded beforehand; longer ones when they are sent, since
	 * nobody waits for the store thread meanwhile */
	G722_MAX = 10 * 60 * 50,
	OPUS_MAX = 60 * 50
};

struct sipd_prompt {
	atomic_uint refs;
	size_t frames;
	int16_t *pcm;
	uint8_t *pcmu, *pcma;
	char *path;

	/* of 16 kHz; NULL: not made */
	unsigned kinds;
	int16_t *wide;
	uint8_t *g722;
	uint8_t *opus;     /* frames of any size, */
	uint32_t *opus_at; /* where each begins, and the end */
};


static void prompt_free(struct sipd_prompt *p)
{
	free(p->pcm);
	free(p->pcmu);
	free(p->pcma);
	free(p->wide);
	free(p->g722);
	free(p->opus);
	free(p->opus_at);
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


/* ---- 16 kHz ------------------------------------------------------------ */

static bool make_g722(struct sipd_prompt *p)
{
	struct sipd_g722 g;

	p->g722 = malloc(p->frames * SIPD_FRAME + 1);
	if (!p->g722)
		return false;

	sipd_g722_init(&g);
	sipd_g722_encode(&g, p->g722, p->wide, p->frames * SIPD_FRAME);

	return true;
}


static bool encode_opus(struct sipd_prompt *p, struct sipd_opus *o)
{
	size_t at = 0;

	for (size_t i = 0; i < p->frames; i++) {
		const size_t n = sipd_opus_encode(o, p->opus + at,
						  SIPD_OPUS_PACKET,
						  p->wide + i * WIDE);

		if (!n)
			return false;
		p->opus_at[i] = (uint32_t)at;
		at += n;
	}
	p->opus_at[p->frames] = (uint32_t)at;

	return true;
}


static bool make_opus(struct sipd_prompt *p)
{
	struct sipd_opus *o = NULL;
	uint8_t *fit;
	bool ok;

	p->opus = malloc(p->frames * SIPD_OPUS_PACKET + 1);
	p->opus_at = malloc((p->frames + 1) * sizeof(*p->opus_at));
	ok = p->opus && p->opus_at && !sipd_opus_open(&o);
	if (ok) {
		/* who hears it may want to repair losses; who cannot loses
		 * nothing */
		sipd_opus_limit(o, 0, true);
		ok = encode_opus(p, o);
		sipd_opus_close(o);
	}
	if (!ok) {
		free(p->opus);
		free(p->opus_at);
		p->opus = NULL;
		p->opus_at = NULL;
		return false;
	}

	fit = realloc(p->opus, p->opus_at[p->frames] + 1);
	if (fit)
		p->opus = fit;

	return true;
}


int sipd_prompt_widen(struct sipd_prompt *p, int16_t *wide, size_t samples,
		      unsigned kinds)
{
	const size_t all = p->frames * WIDE;
	int16_t *padded = realloc(wide, (all + 1) * sizeof(*wide));
	bool ok = padded != NULL;

	if (!padded)
		free(wide);
	else if (samples < all)
		memset(padded + samples, 0, (all - samples) * sizeof(*padded));
	p->wide = padded;

	if (ok && kinds & SIPD_PROMPT_G722 && p->frames <= G722_MAX)
		ok = make_g722(p);
	if (ok && kinds & SIPD_PROMPT_OPUS && p->frames <= OPUS_MAX)
		ok = make_opus(p);
	if (!ok)
		return sipd_error(SIPDIALER_ENOMEM,
				  "%s: no memory to encode %zu samples",
				  p->path, samples);
	p->kinds = kinds;

	return 0;
}


unsigned sipd_prompt_made(const struct sipd_prompt *p)
{
	return p->kinds;
}


uint64_t sipd_prompt_bytes(const struct sipd_prompt *p)
{
	/* 2 a sample, and 1 in each codec */
	uint64_t each = SIPD_FRAME * 4;

	if (p->wide)
		each += WIDE * sizeof(*p->wide);
	if (p->g722)
		each += SIPD_FRAME;

	return p->frames * each +
	       (p->opus ? p->opus_at[p->frames] +
				  (p->frames + 1) * sizeof(*p->opus_at)
			: 0);
}


unsigned sipd_prompt_kinds(const enum sipd_codec_id *codecs, size_t n)
{
	unsigned kinds = 0;

	for (size_t i = 0; i < n; i++) {
		if (codecs[i] == SIPD_CODEC_PCMU ||
		    codecs[i] == SIPD_CODEC_PCMA)
			continue;
		kinds |= SIPD_PROMPT_WIDE;
		if (codecs[i] == SIPD_CODEC_G722)
			kinds |= SIPD_PROMPT_G722;
		if (codecs[i] == SIPD_CODEC_OPUS)
			kinds |= SIPD_PROMPT_OPUS;
	}

	return kinds;
}


/* ---- life -------------------------------------------------------------- */

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


const int16_t *sipd_prompt_wide(const struct sipd_prompt *p, size_t frame)
{
	assert(frame < p->frames);

	return p->wide ? p->wide + frame * WIDE : NULL;
}


const uint8_t *sipd_prompt_frame(const struct sipd_prompt *p,
				 enum sipd_codec_id codec, size_t frame,
				 size_t *len)
{
	*len = SIPD_FRAME;
	if (codec == SIPD_CODEC_G722)
		return p->g722 ? p->g722 + frame * SIPD_FRAME : NULL;
	if (codec != SIPD_CODEC_OPUS)
		return sipd_prompt_encoded(p, codec, frame);
	if (!p->opus)
		return NULL;
	*len = p->opus_at[frame + 1] - p->opus_at[frame];

	return p->opus + p->opus_at[frame];
}


const char *sipd_prompt_path(const struct sipd_prompt *p)
{
	return p->path;
}
