/**
 * @file core/media/prompt.h  Prompts: WAV files, encoded once, shared
 *
 * A cache keyed by path, size and change time.  Loading is a job of the store
 * thread; the audio itself is immutable and reference counted (atomic), so
 * that media threads may read it without a lock.
 */
#ifndef SIPD_CORE_MEDIA_PROMPT_H
#define SIPD_CORE_MEDIA_PROMPT_H

#include <stddef.h>
#include <stdint.h>
#include "port/disk.h"
#include "port/file/wav.h"
#include "port/sip/sdp/sdp.h"

struct sipd_prompts; /* the cache */
struct sipd_prompt;  /* audio of one file */

int sipd_prompts_open(struct sipd_prompts **pp, struct sipd_disk *disk,
		      struct sipd_log *log);
void sipd_prompts_close(struct sipd_prompts *p); /* no load under way */

/** What a prompt is made for, besides calls of 8 kHz. */
enum {
	SIPD_PROMPT_WIDE = 1, /* 16 kHz */
	SIPD_PROMPT_G722 = 2,
	SIPD_PROMPT_OPUS = 4
};
unsigned sipd_prompt_kinds(const enum sipd_codec_id *codecs, size_t n);

/** Load (or find) a prompt.  h is called on the loop, once: prompt with a
 *  reference for the callee, or NULL with error and text. `path` is copied.
 *  @thread loop */
typedef void(sipd_prompt_h)(struct sipd_prompt *prompt, int error,
			    const char *text, void *arg);
int sipd_prompts_load(struct sipd_prompts *p, const char *path,
		      sipd_prompt_h *h, void *arg);
/** The same, made for these kinds, too. */
int sipd_prompts_load_as(struct sipd_prompts *p, const char *path,
			 unsigned kinds, sipd_prompt_h *h, void *arg);

/** Make a prompt from samples at 8 kHz (tones, speech later). */
int sipd_prompt_make(struct sipd_prompt **pp, const int16_t *pcm,
		     size_t samples);

struct sipd_prompt *sipd_prompt_ref(struct sipd_prompt *p); /* @thread any */
void sipd_prompt_unref(struct sipd_prompt *p);              /* @thread any */
size_t sipd_prompt_frames(const struct sipd_prompt *p); /* of 20 ms, padded */
const int16_t *sipd_prompt_pcm(const struct sipd_prompt *p, size_t frame);
/** At 16 kHz; NULL: not made for that. */
const int16_t *sipd_prompt_wide(const struct sipd_prompt *p, size_t frame);
/** In a codec, *len bytes; NULL: not made so. */
const uint8_t *sipd_prompt_frame(const struct sipd_prompt *p,
				 enum sipd_codec_id codec, size_t frame,
				 size_t *len);
const uint8_t *sipd_prompt_encoded(const struct sipd_prompt *p,
				   enum sipd_codec_id codec, size_t frame);
const char *sipd_prompt_path(const struct sipd_prompt *p);

#endif
