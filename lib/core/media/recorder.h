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
#include "port/disk.h"
#include "port/rtp/rtp.h"

enum {
	SIPD_RECORD_RING = 200, /* frames (4 s) that may wait for a disk */
	SIPD_RECORD_FLUSH_MS = 200,
	SIPD_RECORD_WINDOW = 50 /* frames */
};

struct sipd_recorder;

struct sipd_recorder_end {
	const char *path;  /* NULL: no file could be made */
	uint64_t ms;       /* length of the file */
	const char *error; /* why it is incomplete, or NULL */
};
typedef void(sipd_recorder_h)(const struct sipd_recorder_end *end, void *arg);

/** 0 or ENOMEM; what goes wrong with the file is told at its end.
 *  @thread loop */
int sipd_recorder_start(struct sipd_recorder **rp, struct sipd_disk *disk,
			const char *path, bool stereo);

/** 20 ms: what was heard, and what we said (NULL: nothing), as many samples.  Frames that were
 *  never put, because the machine was too busy, become silence: `now_us` tells,
 *  within SIPD_RECORD_WINDOW frames. @thread media */
void sipd_recorder_put(struct sipd_recorder *r, const struct sipd_rx_frame *rx,
		       const int16_t *said, uint64_t now_us);

/** No put() any more.  h is called on the loop when the file is complete; r is
 *  gone then. @thread loop */
void sipd_recorder_end(struct sipd_recorder *r, sipd_recorder_h *h, void *arg);

#endif
