/**
 * @file core/media/stream_own.h  A stream, between its two threads
 *
 * Two threads, no lock.  `struct pump` belongs to the media thread; the loop
 * changes it by commands that run there between two ticks and come back with
 * what they took out.  What happens on the media thread goes to the loop
 * through a small ring, in order.  Nothing is allocated or freed there.
 */
#ifndef SIPD_CORE_MEDIA_STREAM_OWN_H
#define SIPD_CORE_MEDIA_STREAM_OWN_H

#include <stdatomic.h>
#include "core/media/detect/dtmf.h"
#include "core/media/hostaudio.h"
#include "core/media/recorder.h"
#include "core/media/stream.h"
#include "port/codec/halfband.h"

enum {
	EVENTS = 32, /* from the media thread; a key takes >= 40 ms, so
			     * that this is more than a second of them */
	KEYS_MS_MAX = 65535
};

enum event_kind {
	EVENT_DTMF,
	EVENT_TONE,
	EVENT_FIRST,
	EVENT_SILENT,
	EVENT_DTMF_SENT,
	EVENT_PLAYED,
	EVENT_SECURED,
	EVENT_UNSECURED
};

struct event {
	uint8_t kind;
	char digit;
	uint16_t ms;
	struct sipd_prompt *prompt;
	const char *text; /* for ever */
};

/* Of the media thread. */
struct pump {
	struct sipd_prompt *prompt; /* NULL: silence; a reference */
	size_t frame, frames;
	uint32_t left; /* times to play, this one included */
	struct sipd_recorder *recorder;
	struct sipd_bridge *bridge; /* NULL: none; a reference */
	int end;                    /* of the bridge */
	struct sipd_up up;          /* of a prompt that is only at 8 kHz */
	struct sipd_down down;      /* of what keys are listened for in */
	struct sipd_dtmf dtmf;
};

/* A prompt that was replaced before it came to the pump. */
struct unplayed {
	struct unplayed *next;
	struct sipd_prompt *prompt;
};

/* A change of the pump.  One of each is enough: what is asked for while it is
 * on its way waits, and only the newest of that counts. */
struct command {
	struct sipd_work work;
	struct sipd_stream *s;
	void (*change)(struct command *c); /* @thread media */
	bool away;                         /* until it is back on the loop */
	bool again;                        /* the newest waits */

	/* taken there, or what was there on the way back */
	struct sipd_prompt *prompt;
	uint32_t repeat;
	struct sipd_recorder *recorder;
	struct sipd_bridge *bridge;
	int end;

	/* the newest */
	struct sipd_prompt *next_prompt;
	uint32_t next_repeat;
	struct sipd_recorder *next_recorder;
	struct sipd_bridge *next_bridge;
	int next_end;
};

/* Both are told in the order of sipd_stream_play(): what was replaced while
 * `play` was away comes behind the prompt that it brought there. */
struct unplayed_list {
	struct unplayed *first, **last;
};

struct sipd_stream {
	struct sipd_rtp *rtp;
	struct sipd_loop *loop;
	struct sipd_recordings *recordings;
	struct sipd_log *log;
	struct sipd_stream_handlers h;
	void *arg;

	bool wide;         /* 16 kHz, for life */
	atomic_bool tones; /* keys are listened for in the audio */
	struct pump pump;
	struct sipd_hostaudio *audio;   /* NULL: none; a reference */
	struct sipd_listener *listener; /* NULL: none */
	struct command play, record, bridge;
	atomic_bool sends;            /* not held; prompts go on */
	struct unplayed_list waiting; /* told when the next play is back, */
	struct unplayed_list leaving; /* told when this one is */

	struct sipd_work event_work;
	atomic_bool event_posted;
	atomic_uint events_in, events_out; /* counters */
	atomic_uint events_lost;
	atomic_bool audio_due; /* an event without a place in the ring, so
				* that keys never find it full of these */
	struct event events[EVENTS];

	struct sipd_work closed_work;
	struct sipd_work later; /* frees it */
	bool closing, closed;
	unsigned recorders;             /* whose file is not complete */
	struct sipd_recorder *recorder; /* the newest, NULL: stopped */
	bool record_keep;               /* what was undecided */
	struct sipd_rtp_stats stats;
	char *recording; /* path of the last, NULL none */
	uint64_t recorded_ms;
	char *record_error;
};

_Static_assert(sizeof(struct sipd_stream) < 4096,
	       "thousands of calls: a stream must stay small");

extern const struct sipd_rtp_handlers sipd_pump_handlers; /* arg: stream */

/** Change the pump to what the command brings; brings back what was there.
 *  @thread media */
void sipd_pump_play(struct command *c);
void sipd_pump_record(struct command *c);
void sipd_pump_bridge(struct command *c);

#endif
