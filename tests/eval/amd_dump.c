/**
 * @file eval/amd_dump.c  What the AMD senses in recordings, to train by
 *
 * amd_dump OUT: reads names of WAVs from stdin.  For each: the number of
 * frames as a 32-bit integer, then SIPD_AMD_SENSES floats for each of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "core/media/detect/amd_sense.h"
#include "port/file/wav.h"


static int dump(const char *path, FILE *out)
{
	struct sipd_sight sight = {.past = {0}};
	struct sipd_vad vad = {.frames = 0};
	struct sipd_amd_sense sense = {.frames = 0};
	int16_t *pcm = NULL;
	size_t n = 0, at;
	uint32_t frames;

	if (sipd_wav_read(path, &pcm, &n)) {
		(void)fprintf(stderr, "%s: %s\n", path, sipd_error_text());
		return 1;
	}
	frames = (uint32_t)(n / SIPD_LOOK_FRAME);
	(void)fwrite(&frames, sizeof(frames), 1, out);
	for (at = 0; at + SIPD_LOOK_FRAME <= n; at += SIPD_LOOK_FRAME) {
		struct sipd_look look;
		struct sipd_tones tones;
		struct sipd_voice voice;
		float x[SIPD_AMD_SENSES];

		sipd_look(&sight, pcm + at, &look);
		sipd_tones_find(&look, &tones);
		sipd_vad_hear(&vad, &look, &tones, pcm + at, &voice);
		(void)sipd_amd_sense(&sense, &look, &tones, &voice, true);
		sipd_amd_senses(&sense, x);
		(void)fwrite(x, sizeof(x), 1, out);
	}
	free(pcm);

	return 0;
}


int main(int argc, char *argv[])
{
	char path[4096];
	FILE *out;
	int err = 0;

	if (argc != 2 || !(out = fopen(argv[1], "wb"))) {
		(void)fprintf(stderr, "usage: ls *.wav | amd_dump OUT\n");
		return 2;
	}
	while (!err && fgets(path, sizeof(path), stdin)) {
		path[strcspn(path, "\n")] = 0;
		err = dump(path, out);
	}
	if (fclose(out)) {
		perror(argv[1]);
		return 1;
	}

	return err;
}
