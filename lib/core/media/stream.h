/**
 * @file core/media/stream.h  The audio of one call: prompt out, recording in
 *
 * Joins a port/rtp stream with prompts, the host's audio, recorder, concealment
 * and DTMF.  All functions and all events on the loop thread.
 */
#ifndef SIPD_CORE_MEDIA_STREAM_H
#define SIPD_CORE_MEDIA_STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include "core/media/bridge.h"
#include "core/media/hostaudio.h"
#include "core/media/listener.h"
#include "core/media/prompt.h"
#include "core/media/recorder.h"
#include "port/loop.h"
#include "port/rtp/rtp.h"

struct sipd_stream;

struct sipd_stream_end {
	struct sipd_rtp_stats rtp;
	const char *recording; /* file written, NULL none */
	uint64_t recorded_ms;
	const char *record_error; /* why a recording is incomplete, or NULL */
};

struct sipd_stream_handlers {
	void (*dtmf)(char digit, uint32_t duration_ms, void *arg);
	/** The same, heard as tones. */
	void (*tone)(char digit, uint32_t duration_ms, void *arg);
	void (*first)(void *arg);  /* first audio of the far end */
	void (*silent)(void *arg); /* RTP timeout */
	/** Encryption, see struct sipd_rtp_handlers. */
	void (*secured)(bool ok, const char *text, void *arg);
	void (*played)(struct sipd_prompt *prompt, bool whole, void *arg);
	void (*dtmf_sent)(void *arg);
	/** Of conf.listener: what was heard. */
	void (*told)(const struct sipd_told *told, void *arg);
	/** The host is to be told of its audio; see hostaudio.h. */
	void (*audio)(void *arg);
	/** Of a recording: BEGUN or REFUSED, then ENDED or REMOVED. */
	void (*recording)(const struct sipd_record_news *news, void *arg);
	/** Last one; the stream is gone. */
	void (*closed)(const struct sipd_stream_end *end, void *arg);
};

struct sipd_stream_conf {
	struct sipd_media *media;
	struct sipd_recordings *recordings;
	struct sipd_loop *loop;
	struct sipd_log *log;
	union sipd_addr addr; /* to bind to */
	uint16_t port_min, port_max;
	unsigned dscp;
	uint32_t rtp_timeout_ms;
	bool wide; /* 16 kHz, for any codec; else 8 kHz, for G.711 */
	bool opus; /* one of them may be Opus */
	struct sipd_hostaudio *audio; /* NULL: none; takes its own reference;
				       * of the same rate */
	const struct sipd_listener_conf *listener; /* NULL: nobody listens */
};

int sipd_stream_open(struct sipd_stream **sp,
		     const struct sipd_stream_conf *conf,
		     const struct sipd_stream_handlers *h, void *arg);
uint16_t sipd_stream_port(const struct sipd_stream *s);
void sipd_stream_connect(struct sipd_stream *s,
			 const struct sipd_sdp_remote *remote);
/** The far end has answered: who it is shows from now on. */
void sipd_stream_answered(struct sipd_stream *s);
/** Have told(), once, say when nobody has spoken for so long; 0: no more. */
void sipd_stream_await(struct sipd_stream *s, uint32_t quiet_ms);
/** Count the time without RTP anew. */
void sipd_stream_timeout(struct sipd_stream *s, uint32_t timeout_ms);
/** Replace what plays. Takes its own reference. repeat >= 1. */
void sipd_stream_play(struct sipd_stream *s, struct sipd_prompt *prompt,
		      uint32_t repeat);
void sipd_stream_stop_play(struct sipd_stream *s); /* played(whole=false) */
/** Be this end, 0 or 1, of a bridge (its own reference); NULL: of none. */
void sipd_stream_bridge(struct sipd_stream *s, struct sipd_bridge *b, int end);
void sipd_stream_dtmf(struct sipd_stream *s, const char *digits);
/** Start a recording (an old one is ended). Errors come in the end record. */
void sipd_stream_record(struct sipd_stream *s,
			const struct sipd_record_conf *conf);
void sipd_stream_stop_record(struct sipd_stream *s);
/** Those that are undecided and end from now on are kept, or not. */
void sipd_stream_record_keep(struct sipd_stream *s, bool keep);
void sipd_stream_close(struct sipd_stream *s); /* closed() follows */

#endif
