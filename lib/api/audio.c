/**
 * @file api/audio.c  The host's audio: verbs, and whose it is
 *
 * A verb finds the rings of the call, takes a reference and works on its own
 * time: it needs no engine that runs, so that the last of a call can be read
 * while a stop is under way.
 */
#include "api/calls.h"

#include "base/error.h"

enum {
	RATE_MAX = 48000,
	SECONDS_MAX = 60,
	SAMPLES_MAX = RATE_MAX * SECONDS_MAX /* more than any buffer holds */
};


struct sipd_hostaudio_conf sipd_audio_conf(struct sipdialer *d,
					   const struct sipd_options *o)
{
	/* the words of call.audio */
	static const uint32_t rates[] = {0, 8000, 16000, 24000, RATE_MAX};

	enum sipd_codec_id ids[SIPD_CODEC_MAX];
	const unsigned kinds = sipd_prompt_kinds(ids,
						 sipd_calls_codecs(o, ids));

	return (struct sipd_hostaudio_conf){
		.rate = rates[sipd_opt_enum(o, SIPD_OPT_CALL_AUDIO)],
		.read_ms = (uint32_t)sipd_opt_ms(o,
						 SIPD_OPT_AUDIO_READ_BUFFER),
		.write_ms = (uint32_t)sipd_opt_ms(o,
						  SIPD_OPT_AUDIO_WRITE_BUFFER),
		.wide = kinds & SIPD_PROMPT_WIDE,
		.totals = &d->audio,
	};
}


int sipd_audio_open(struct sipd_dialed *dialed,
		    const struct sipd_hostaudio_conf *conf)
{
	struct sipdialer *d = dialed->d;
	struct sipd_hostaudio *a = NULL;
	bool listed;
	int err;

	if (!conf->rate)
		return SIPDIALER_OK;

	err = sipd_hostaudio_open(&a, conf);
	if (err)
		return err;

	(void)pthread_mutex_lock(&d->lock);
	listed = sipd_idmap_put(&d->audios, dialed->id, a);
	(void)pthread_mutex_unlock(&d->lock);
	if (!listed) {
		sipd_hostaudio_unref(a);
		return sipd_error(SIPDIALER_ENOMEM, "no memory for a call");
	}
	dialed->audio = sipd_hostaudio_ref(a);

	return SIPDIALER_OK;
}


void sipd_audio_gone(uint64_t call, void *arg)
{
	struct sipdialer *d = arg;
	struct sipd_hostaudio *a;

	(void)pthread_mutex_lock(&d->lock);
	a = sipd_idmap_remove(&d->audios, call);
	(void)pthread_mutex_unlock(&d->lock);
	sipd_hostaudio_unref(a);
}


static void unref(uint64_t call, void *value, void *arg)
{
	(void)call;
	(void)arg;

	sipd_hostaudio_unref(value);
}


void sipd_audio_close_all(struct sipdialer *d)
{
	sipd_idmap_each(&d->audios, unref, NULL);
	sipd_idmap_close(&d->audios);
}


/* ---- verbs -------------------------------------------------------------- */

/* live: it must not have ended. */
static int find(struct sipdialer *d, uint64_t call, bool live,
		struct sipd_hostaudio **ap)
{
	const struct sipd_dialed *dialed;
	bool lives, rings;

	(void)pthread_mutex_lock(&d->lock);
	dialed = sipd_idmap_get(&d->live, call);
	lives = dialed != NULL;
	rings = lives && dialed->inbound && !dialed->decided;
	*ap = lives || !live
		      ? sipd_hostaudio_ref(sipd_idmap_get(&d->audios, call))
		      : NULL;
	(void)pthread_mutex_unlock(&d->lock);

	if (*ap)
		return SIPDIALER_OK;
	if (lives)
		return sipd_error(SIPDIALER_ESTATE,
				  "call %llu has no audio for the host: %s",
				  (unsigned long long)call,
				  rings ? "it is not answered yet"
					: "option call.audio is off");

	return sipd_error(SIPDIALER_ENOENT, "no call %llu (any more)",
			  (unsigned long long)call);
}


static int check(const struct sipdialer *d, const int16_t *samples,
		 size_t count)
{
	if (!d || (!samples && count))
		return sipd_error(SIPDIALER_EINVAL, "an argument is NULL");
	if (count > SAMPLES_MAX)
		return sipd_error(SIPDIALER_EINVAL,
				  "%zu samples, not within 0 to %d", count,
				  SAMPLES_MAX);

	return SIPDIALER_OK;
}


int sipdialer_audio_read(struct sipdialer *d, uint64_t call, int16_t *samples,
			 size_t max)
{
	struct sipd_hostaudio *a;
	int16_t none = 0;
	size_t n;
	int err = check(d, samples, max);

	if (!err)
		err = find(d, call, false, &a);
	if (err)
		return err;

	n = sipd_hostaudio_read(a, max ? samples : &none, max);
	sipd_hostaudio_unref(a);

	return (int)n;
}


int sipdialer_audio_write(struct sipdialer *d, uint64_t call,
			  const int16_t *samples, size_t count)
{
	struct sipd_hostaudio *a;
	const int16_t none = 0;
	size_t n;
	int err = check(d, samples, count);

	if (!err)
		err = find(d, call, true, &a);
	if (err)
		return err;

	n = sipd_hostaudio_write(a, count ? samples : &none, count);
	sipd_hostaudio_unref(a);

	return (int)n;
}


int sipdialer_audio_clear(struct sipdialer *d, uint64_t call)
{
	struct sipd_hostaudio *a;
	size_t n;
	int err;

	if (!d)
		return sipd_error(SIPDIALER_EINVAL, "d is NULL");

	err = find(d, call, true, &a);
	if (err)
		return err;

	n = sipd_hostaudio_clear(a);
	sipd_hostaudio_unref(a);

	return (int)n;
}
