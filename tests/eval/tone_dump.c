/**
 * @file eval/tone_dump.c  The tones that are heard in files
 *
 * tone_dump [-s] FILE.wav...: a line of CSV for each: file, what, whether it
 * begins (1) or is over (0), from and to ms, the ms after which it was told,
 * two frequencies, class.  The files are heard as a call is from its answer
 * on; -s: as if somebody had spoken before.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "core/media/detect/ear.h"
#include "port/file/wav.h"

struct dump {
	const char *name;
	uint32_t ms;
};

static const char *const words[] = {
	[SIPD_HEARD_BEEP] = "beep",         [SIPD_HEARD_SIT] = "sit",
	[SIPD_HEARD_CNG] = "cng",           [SIPD_HEARD_CED] = "ced",
	[SIPD_HEARD_RINGBACK] = "ringback", [SIPD_HEARD_BUSY] = "busy",
	[SIPD_HEARD_REORDER] = "reorder",   [SIPD_HEARD_DIAL] = "dial",
	[SIPD_HEARD_VERDICT] = NULL,
};


static void take(const struct sipd_heard *h, void *arg)
{
	const struct dump *d = arg;

	if (!words[h->kind])
		return;
	printf("%s,%s,%d,%u,%u,%u,%.1f,%.1f,%s\n", d->name, words[h->kind],
	       h->on, h->from_ms, h->at_ms, d->ms, (double)h->hz[0],
	       (double)h->hz[1], h->word ? h->word : "");
}


static int file(const char *path, bool spoken)
{
	const struct sipd_ear_conf conf = {.tones = true};
	const char *const slash = strrchr(path, '/');
	struct dump d = {.name = slash ? slash + 1 : path};
	struct sipd_ear ear;
	int16_t *pcm = NULL;
	size_t n = 0, at;

	if (sipd_wav_read(path, &pcm, &n)) {
		(void)fprintf(stderr, "%s: %s\n", path, sipd_error_text());
		return 1;
	}
	sipd_ear_init(&ear, &conf);
	sipd_ear_answered(&ear);
	if (spoken)
		ear.spoken_ms = 1000;
	for (at = 0; at + SIPD_LOOK_FRAME <= n; at += SIPD_LOOK_FRAME) {
		d.ms = (uint32_t)(at / 8) + SIPD_EAR_FRAME_MS;
		sipd_ear_hear(&ear, pcm + at, true, take, &d);
	}
	free(pcm);

	return 0;
}


int main(int argc, char *argv[])
{
	const bool spoken = argc > 1 && !strcmp(argv[1], "-s");
	int i, bad = 0;

	for (i = 1 + spoken; i < argc; ++i)
		bad |= file(argv[i], spoken);

	return bad;
}
