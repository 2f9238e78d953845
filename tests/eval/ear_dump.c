/**
 * @file eval/ear_dump.c  What the detectors are given, as a table
 *
 * ear_dump FILE.wav: a line of CSV for each frame of 20 ms, to train and to
 * draw from.
 */
#include <stdio.h>
#include <stdlib.h>
#include "base/error.h"
#include "core/media/detect/vad.h"
#include "port/file/wav.h"


static void line(unsigned ms, const struct sipd_look *look,
		 const struct sipd_tones *tones,
		 const struct sipd_voice *voice)
{
	int i;

	printf("%u,%.2f,%.4f,%u,%.4f,%d,%.2f", ms, (double)look->level,
	       (double)look->peak, look->clipped, (double)look->zcr,
	       look->quiet, (double)sipd_look_db(look->total));
	for (i = 0; i < SIPD_LOOK_BANDS; ++i)
		printf(",%.2f", (double)sipd_look_db(look->band[i]));
	printf(",%u,%.1f,%.2f,%.1f,%.2f,%.3f", tones->n, (double)tones->hz[0],
	       (double)tones->level[0], (double)tones->hz[1],
	       (double)tones->level[1], (double)tones->share);
	printf(",%.3f,%d,%.2f,%.2f,%.1f,%.3f,%.2f,%.2f\n", (double)voice->p,
	       voice->speech, (double)voice->noise, (double)voice->level,
	       (double)voice->pitch_hz, (double)voice->voiced,
	       (double)voice->snr, (double)voice->flux);
}


int main(int argc, char *argv[])
{
	struct sipd_sight sight = {.past = {0}};
	struct sipd_vad vad = {.frames = 0};
	int16_t *pcm = NULL;
	size_t n = 0, at;

	if (argc != 2) {
		(void)fprintf(stderr, "usage: ear_dump FILE.wav\n");
		return 2;
	}
	if (sipd_wav_read(argv[1], &pcm, &n)) {
		(void)fprintf(stderr, "%s: %s\n", argv[1], sipd_error_text());
		return 1;
	}

	printf("ms,level,peak,clipped,zcr,quiet,total,b0,b1,b2,b3,b4,b5,b6,b7,"
	       "tones,hz,hz_level,hz2,hz2_level,share,"
	       "p,speech,noise,speech_level,pitch,voiced,snr,flux\n");
	for (at = 0; at + SIPD_LOOK_FRAME <= n; at += SIPD_LOOK_FRAME) {
		struct sipd_look look;
		struct sipd_tones tones;
		struct sipd_voice voice;

		sipd_look(&sight, pcm + at, &look);
		sipd_tones_find(&look, &tones);
		sipd_vad_hear(&vad, &look, &tones, pcm + at, &voice);
		line((unsigned)(at / 8), &look, &tones, &voice);
	}
	free(pcm);

	return 0;
}
