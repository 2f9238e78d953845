/**
 * @file core/media/recorder.h  One recording: from a media thread to a file
 *
 * The media thread fills a ring of frames, the store thread empties it into
 * the file.  If the disk is too slow, frames are lost but time is not: silence
 * takes their place, and the end says how much.
 */
#ifndef SIPD_CORE_MEDIA_RECORDER_H
#define SIPD_CORE_MEDIA_RECORDER_H

#include <stdbool.h>
#include <stdint.h>
#include "core/media/recordings.h"
#include "port/loop.h"
#include "port/rtp/rtp.h"

enum {
	SIPD_RECORD_RING = 200,  /* frames (4 s) that may wait for a disk */
	SIPD_RECORD_WINDOW = 50, /* frames */
	SIPD_RECORD_HEAD = 44    /* bytes of a file besides its audio */
};

struct sipd_recorder;

struct sipd_record_conf {
	const char *path;   /* replaced if it is there; */
	bool named;         /* or a name in the folder of recordings */
	bool stereo;        /* the far end left, we right */
	bool undecided;     /* removed at its end, unless it is to be kept */
	uint64_t max_bytes; /* of the file, 0 no limit */
	uint32_t max_ms;    /* of the audio, 0 no limit */
};

enum sipd_record_news_kind {
	SIPD_RECORD_BEGUN,   /* path */
	SIPD_RECORD_REFUSED, /* text; no file was made */
	SIPD_RECORD_FULL,    /* a limit of the conf: end it */
	SIPD_RECORD_ENDED,   /* path, ms, lost_ms; text if not whole */
	SIPD_RECORD_REMOVED, /* the same */
	SIPD_RECORD_GONE     /* it had been refused */
};

struct sipd_record_news {
	enum sipd_record_news_kind kind;
	struct sipd_recorder *recorder; /* gone after one of the last three, */
	bool over;                      /* or a REFUSED with this */
	const char *path;
	uint64_t ms, lost_ms;
	const char *text;  /* why, or NULL */
	const char *limit; /* that ended it, or NULL */
};
/** On the loop. */
typedef void(sipd_recorder_h)(const struct sipd_record_news *news, void *arg);

/** 0 or ENOMEM; what goes wrong with the file is told by h.  @thread loop */
int sipd_recorder_start(struct sipd_recorder **rp, struct sipd_recordings *rs,
			struct sipd_loop *loop,
			const struct sipd_record_conf *conf,
			sipd_recorder_h *h, void *arg);

/** 20 ms: what was heard, and what we said (NULL: nothing), as many samples.
 *  Frames that were never put, because the machine was too busy, become
 *  silence: `now_us` tells, within SIPD_RECORD_WINDOW frames. @thread media */
void sipd_recorder_put(struct sipd_recorder *r, const struct sipd_rx_frame *rx,
		       const int16_t *said, uint64_t now_us);

/** No put() any more.  One that was undecided is kept if so; h is called when
 *  the file is complete; r is gone then. @thread loop */
void sipd_recorder_end(struct sipd_recorder *r, bool keep);

#endif
