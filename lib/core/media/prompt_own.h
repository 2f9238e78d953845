/**
 * @file core/media/prompt_own.h  Between the prompt and its cache
 */
#ifndef SIPD_CORE_MEDIA_PROMPT_OWN_H
#define SIPD_CORE_MEDIA_PROMPT_OWN_H

#include "core/media/prompt.h"

/** Make a prompt of samples that malloc() gave; they are its own from then on,
 *  also if this fails. @thread any */
int sipd_prompt_adopt(struct sipd_prompt **pp, int16_t *pcm, size_t samples,
		      const char *path);

/** Add what the kinds need, before it is shared; `wide` is the same audio at
 *  16 kHz, as above. @thread any */
int sipd_prompt_widen(struct sipd_prompt *p, int16_t *wide, size_t samples,
		      unsigned kinds);
unsigned sipd_prompt_made(const struct sipd_prompt *p); /* kinds */
uint64_t sipd_prompt_bytes(const struct sipd_prompt *p);

#endif
