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

#endif
