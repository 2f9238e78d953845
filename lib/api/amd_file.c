/**
 * @file api/amd_file.c  A recording, listened to as a call would be
 */
#include <stdlib.h>
#include <string.h>
#include "api/amd.h"
#include "api/calls.h"
#include "base/error.h"
#include "port/file/wav.h"

enum {
	PATH_MAX_BYTES = 4095,
	FRAME = 160, /* samples of 8 kHz */
	FRAME_MS = 20,
	TAIL_MS = 500 /* a beep at the very end is told a little later */
};

struct hearing {
	struct sipd_listener *listener;
	sipdialer_event_h *h;
	void *arg;
	bool decided;
};


static void tell(const struct hearing *hearing, struct sipdialer_event *ev)
{
	ev->size = sizeof(*ev);
	hearing->h(ev, hearing->arg);
}


static void told_handler(const struct sipd_told *told, void *arg)
{
	const char *word = sipd_heard_tone(&told->heard);
	struct hearing *hearing = arg;
	struct sipd_amd_told amd;
	struct sipdialer_event ev;

	if (sipd_amd_told_from(&amd, told)) {
		if (told->kind == SIPD_TOLD_HEARD && told->heard.final)
			hearing->decided = true;
		ev = sipd_amd_event(&amd);
		tell(hearing, &ev);
	}
	else if (told->kind == SIPD_TOLD_HEARD && word) {
		ev = sipd_amd_tone_event(word, &told->heard);
		tell(hearing, &ev);
	}
}


static void hear(struct hearing *hearing, const int16_t *pcm, bool received)
{
	if (sipd_listener_hear(hearing->listener, pcm, received))
		(void)sipd_listener_drain(hearing->listener, told_handler,
					  hearing);
}


/* The last frame is filled up with silence. */
static void hear_all(struct hearing *hearing, const int16_t *pcm,
		     size_t samples)
{
	int16_t frame[FRAME];

	for (size_t i = 0; i < samples; i += FRAME) {
		const size_t n = samples - i < FRAME ? samples - i
						     : (size_t)FRAME;

		memset(frame, 0, sizeof(frame));
		memcpy(frame, pcm + i, n * sizeof(*pcm));
		hear(hearing, frame, true);
	}
}


/* The call goes on without a word, until the verdict. */
static void hear_on(struct hearing *hearing, uint32_t timeout_ms)
{
	static const int16_t nothing[FRAME];
	struct sipdialer_event ev;

	for (uint32_t ms = 0;
	     ms < TAIL_MS || (ms <= timeout_ms && !hearing->decided);
	     ms += FRAME_MS)
		hear(hearing, nothing, false);
	if (hearing->decided)
		return;

	ev = sipd_amd_event(&(struct sipd_amd_told){
		.verdict = SIPDIALER_AMD_UNKNOWN,
		.text = "final",
		.cause = "ended",
		.at_ms = timeout_ms,
	});
	tell(hearing, &ev);
}


static void tell_channels(const struct hearing *hearing, unsigned channels)
{
	struct sipdialer_event ev = sipd_engine_event(SIPDIALER_EVENT_LOG);

	if (channels == 1)
		return;

	ev.level = SIPDIALER_LOG_INFO;
	ev.text = "several channels: only the first is listened to";
	tell(hearing, &ev);
}


static int listen_to(struct hearing *hearing, const struct sipd_amd_conf *conf,
		     const char *path)
{
	unsigned channels = 1;
	int16_t *pcm = NULL;
	size_t samples = 0;
	int err;

	err = sipd_wav_read_first(path, &pcm, &samples, &channels);
	if (err)
		return err;

	hearing->listener = sipd_listener_open(&(struct sipd_listener_conf){
		.ear = sipd_amd_ear(conf),
		.interval_ms = conf->interval_ms,
	});
	if (hearing->listener) {
		tell_channels(hearing, channels);
		sipd_listener_answered(hearing->listener);
		hear_all(hearing, pcm, samples);
		hear_on(hearing, conf->timeout_ms);
	}
	else {
		err = sipd_error(SIPDIALER_ENOMEM, "no memory to listen");
	}
	sipd_listener_close(hearing->listener);
	free(pcm);

	return err;
}


int sipdialer_amd_file(struct sipdialer *d, const char *path,
		       sipdialer_event_h *h, void *arg)
{
	struct hearing hearing = {.h = h, .arg = arg};
	struct sipd_amd_conf conf;
	struct sipd_options o;
	int err;

	if (!d || !path || !h)
		return sipd_error(SIPDIALER_EINVAL, "an argument is NULL");
	if (!*path || strlen(path) > PATH_MAX_BYTES)
		return sipd_error(SIPDIALER_EINVAL,
				  "path of %zu bytes, not within 1 to %d",
				  strlen(path), PATH_MAX_BYTES);

	(void)pthread_mutex_lock(&d->lock);
	err = sipd_options_copy(&o, &d->options);
	(void)pthread_mutex_unlock(&d->lock);
	if (err)
		return err;

	sipd_amd_conf(&o, &conf);
	err = listen_to(&hearing, &conf, path);
	sipd_options_close(&o);

	return err;
}
