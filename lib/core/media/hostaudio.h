/**
 * @file core/media/hostaudio.h  Audio of one call, to the host and from it
 *
 * Two rings of samples at the stream's rate between a media thread and the host's threads.
 * The media thread neither locks nor waits: each counter has one writer.  Host
 * threads take turns by a mutex that the media thread never sees, and change
 * the rate on their own time.  Counted by references: stream, call and engine
 * let go of it on their own.
 */
#ifndef SIPD_CORE_MEDIA_HOSTAUDIO_H
#define SIPD_CORE_MEDIA_HOSTAUDIO_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "port/rtp/rtp.h"

struct sipd_hostaudio;

/** Of all calls together, since they began; may be read by any thread. */
struct sipd_hostaudio_totals {
	atomic_uint_fast64_t lost;      /* in samples of 8 kHz */
	atomic_uint_fast64_t underruns; /* times that the audio ran out */
};

struct sipd_hostaudio_conf {
	uint32_t rate; /* 8000, 16000, 24000 or 48000; 0: no host audio */
	bool wide;     /* the stream has 16 kHz */
	uint32_t read_ms, write_ms;           /* room of the rings */
	struct sipd_hostaudio_totals *totals; /* outlives it; NULL: none */
};

/** In samples of the host's rate. */
struct sipd_hostaudio_counts {
	uint64_t waiting; /* to be read */
	uint64_t pending; /* written, to be sent */
	uint64_t lost;    /* came while the ring was full */
};

int sipd_hostaudio_open(struct sipd_hostaudio **ap,
			const struct sipd_hostaudio_conf *conf);
struct sipd_hostaudio *sipd_hostaudio_ref(struct sipd_hostaudio *a);
void sipd_hostaudio_unref(struct sipd_hostaudio *a); /* a may be NULL */

/* @thread any of the host; each returns a number of samples */
size_t sipd_hostaudio_read(struct sipd_hostaudio *a, int16_t *pcm, size_t max);
size_t sipd_hostaudio_write(struct sipd_hostaudio *a, const int16_t *pcm,
			    size_t count);
/** Drop what waits to be sent. */
size_t sipd_hostaudio_clear(struct sipd_hostaudio *a);

/** @thread any */
void sipd_hostaudio_counts(struct sipd_hostaudio *a,
			   struct sipd_hostaudio_counts *c);
/** The host could not be told: the next frame tells again. @thread any */
void sipd_hostaudio_untold(struct sipd_hostaudio *a);

/** 20 ms heard.  true: the host is to be told, which it is once until it
 *  reads, writes or clears. @thread media */
bool sipd_hostaudio_heard(struct sipd_hostaudio *a,
			  const struct sipd_rx_frame *rx);
/** 20 ms to send; false: there is nothing. @thread media */
bool sipd_hostaudio_say(struct sipd_hostaudio *a, int16_t *pcm);

#endif
