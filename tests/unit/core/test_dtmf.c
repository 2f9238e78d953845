/**
 * @file test_dtmf.c  Keys as tones: said by us, heard by us, and not in speech
 */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "lib/cmocka_all.h"
#include "core/media/detect/dtmf.h"
#include "port/codec/coder.h"
#include "port/codec/g711.h"
#include "port/codec/halfband.h"
#include "port/file/wav.h"
#include "port/rtp/tone.h"

#define PI 3.14159265358979323846

enum { F = 160, MS = 8, LINE = 16000 };

static const char all[] = "0123456789ABCD*#";

struct ear {
	struct sipd_dtmf d;
	char keys[512];
	size_t n;
	uint32_t ms;
};


static void hear(struct ear *e, const int16_t *pcm, size_t n)
{
	size_t at;

	for (at = 0; at + F <= n; at += F) {
		const char key = sipd_dtmf_hear(&e->d, pcm + at, F, &e->ms);

		if (key && e->n + 1 < sizeof(e->keys))
			e->keys[e->n++] = key;
	}
	e->keys[e->n] = '\0';
}


/* 100 ms of each key, 100 ms between, as we send them. */
static void say(struct ear *e, enum sipd_codec_id id, double noise)
{
	uint32_t seed = 3;
	const char *k;

	memset(e, 0, sizeof(*e));
	for (k = all; *k; ++k) {
		unsigned frame;

		for (frame = 0; frame < 10; ++frame) {
			int16_t pcm[F] = {0};
			uint8_t code[F];
			size_t i;

			if (frame < 5)
				sipd_tone_make(*k, frame, 5, pcm, F);
			for (i = 0; i < F; ++i) {
				seed = seed * 1664525 + 1013904223;
				pcm[i] = (int16_t)(pcm[i] +
						   noise *
							   (int16_t)(seed >>
								     16) /
							   32768);
			}
			if (id != SIPD_CODEC_NONE) {
				sipd_g711_encode(id, code, pcm, F);
				sipd_g711_decode(id, pcm, code, F);
			}
			hear(e, pcm, F);
		}
	}
}


/* conformance: ITU-T Q.23 | all 16 keys as tones, through G.711 | unit */
static void test_keys_said_are_heard_through_g711(void **state)
{
	struct ear e;
	(void)state;

	say(&e, SIPD_CODEC_NONE, 0);
	assert_string_equal(e.keys, all);
	assert_true(e.ms >= 76 && e.ms <= 115);
	say(&e, SIPD_CODEC_PCMU, 0);
	assert_string_equal(e.keys, all);
	say(&e, SIPD_CODEC_PCMA, 0);
	assert_string_equal(e.keys, all);
	/* noise 15 dB below the tones */
	say(&e, SIPD_CODEC_PCMA, 2800);
	assert_string_equal(e.keys, all);
}


/* conformance: ITU-T Q.23 | all 16 keys as tones, through G.722 | unit */
static void test_keys_said_are_heard_through_g722(void **state)
{
	struct sipd_coder *c = NULL;
	struct sipd_down down = {{0}};
	struct ear e = {.n = 0};
	const char *k;
	(void)state;

	assert_int_equal(sipd_coder_open(&c, false), 0);
	for (k = all; *k; ++k) {
		unsigned frame;

		for (frame = 0; frame < 10; ++frame) {
			int16_t pcm[SIPD_WIDE_FRAME] = {0};
			uint8_t buf[SIPD_CODER_FRAME];
			size_t n;

			if (frame < 5)
				sipd_tone_make(*k, frame, 5, pcm,
					       SIPD_WIDE_FRAME);
			n = sipd_coder_encode(c, SIPD_CODEC_G722, buf, pcm);
			(void)sipd_coder_decode(c, SIPD_CODEC_G722, pcm, buf,
						n);
			sipd_down(&down, pcm, pcm, F);
			hear(&e, pcm, F);
		}
	}
	assert_string_equal(e.keys, all);
	sipd_coder_close(c);
}


/* Two tones into a line of silence, from `at` on. */
static void two(int16_t *pcm, size_t at, size_t n, double f1, double a1,
		double f2, double a2)
{
	size_t i;

	for (i = at; i < at + n; ++i)
		pcm[i] = (int16_t)(pcm[i] +
				   a1 * sin(2 * PI * f1 * (double)i / 8000) +
				   a2 * sin(2 * PI * f2 * (double)i / 8000));
}


static size_t heard_of(double ms, double f1, double a1, double f2, double a2,
		       size_t phase)
{
	int16_t *pcm = calloc(LINE, sizeof(*pcm));
	struct ear e = {.n = 0};

	two(pcm, 1000 + phase, (size_t)(ms * MS), f1, a1, f2, a2);
	hear(&e, pcm, LINE);
	free(pcm);

	return e.n;
}


/* conformance: ITU-T Q.24 | 40 ms are a key wherever they begin, 15 ms are none | unit */
/* conformance: ITU-T Q.24 | off by 1.5 % is a key, off by 3.5 % is none; twist; levels | unit */
static void test_limits_of_q24(void **state)
{
	size_t phase;
	(void)state;

	for (phase = 0; phase < 102; phase += 3) {
		assert_int_equal(heard_of(40, 770, 6000, 1336, 6000, phase),
				 1);
		assert_int_equal(heard_of(15, 770, 6000, 1336, 6000, phase),
				 0);
	}
	assert_int_equal(heard_of(60, 770 * 1.015, 6000, 1336 * 1.015, 6000,
				  0),
			 1);
	assert_int_equal(heard_of(60, 770 * 0.985, 6000, 1336 * 0.985, 6000,
				  0),
			 1);
	assert_int_equal(heard_of(60, 770 * 1.035, 6000, 1336 * 1.035, 6000,
				  0),
			 0);
	/* the high tone 8 dB lower, 4 dB higher; -25 dBm0 each */
	assert_int_equal(heard_of(60, 941, 6000, 1209, 2400, 0), 1);
	assert_int_equal(heard_of(60, 941, 4000, 1209, 6300, 0), 1);
	assert_int_equal(heard_of(60, 697, 1290, 1633, 1290, 0), 1);
	/* one tone, three tones, two of a group */
	assert_int_equal(heard_of(60, 770, 6000, 1336, 0, 0), 0);
	assert_int_equal(heard_of(60, 697, 6000, 852, 6000, 0), 0);
}


/* A key of 852 and 1477 Hz with nothing for some samples, then again. */
static const char *interrupted(struct ear *e, size_t begin, size_t on,
			       size_t nothing)
{
	int16_t *pcm = calloc(LINE, sizeof(*pcm));

	memset(e, 0, sizeof(*e));
	two(pcm, begin, on, 852, 6000, 1477, 6000);
	two(pcm, begin + on + nothing, on, 852, 6000, 1477, 6000);
	hear(e, pcm, LINE);
	free(pcm);

	return e->keys;
}


/* A packet of 20 ms that is missing splits no key, 40 ms are a pause. */
static void test_drop_out_in_a_key_is_one_key(void **state)
{
	struct ear e;
	size_t phase;
	(void)state;

	for (phase = 0; phase < SIPD_DTMF_BLOCK; phase += 3) {
		assert_string_equal(interrupted(&e, 1000 + phase, 400, 8 * MS),
				    "9");
		assert_string_equal(interrupted(&e, 1000 + phase, 400,
						20 * MS),
				    "9");
		assert_string_equal(interrupted(&e, 1000 + phase, 400,
						40 * MS),
				    "99");
	}
}


/* ---- speech --------------------------------------------------------------- */

static void speech_in(const char *dir, unsigned *files, double *seconds,
		      unsigned *keys)
{
	DIR *d = opendir(dir);
	struct dirent *de;

	while (d && (de = readdir(d))) {
		const size_t len = strlen(de->d_name);
		char path[1024];
		int16_t *pcm = NULL;
		struct stat st;
		size_t n = 0;
		struct ear e = {.n = 0};

		if (de->d_name[0] == '.' ||
		    snprintf(path, sizeof(path), "%s/%s", dir, de->d_name) >=
			    (int)sizeof(path) ||
		    stat(path, &st))
			continue;
		if (S_ISDIR(st.st_mode)) {
			speech_in(path, files, seconds, keys);
			continue;
		}
		if (len < 4 || strcmp(de->d_name + len - 4, ".wav") ||
		    sipd_wav_read(path, &pcm, &n))
			continue;
		hear(&e, pcm, n);
		if (strstr(de->d_name, "dtmf")) {
			/* keys are pressed there, and nothing else said */
			assert_true(e.n >= 4);
			e.n = 0;
		}
		if (e.n)
			print_message("%s: \"%s\"\n", path, e.keys);
		++*files;
		*seconds += (double)n / 8000;
		*keys += (unsigned)e.n;
		free(pcm);
	}
	if (d)
		(void)closedir(d);
}


/* conformance: ITU-T Q.24 | voices are not taken for keys (talk-off) | recordings */
static void test_voices_are_no_keys(void **state)
{
	const char *root = getenv("SHARED_DATA");
	double seconds = 0;
	unsigned files = 0, keys = 0;
	char dir[1024];
	(void)state;

	(void)snprintf(dir, sizeof(dir), "%s/amd", root ? root : "");
	speech_in(dir, &files, &seconds, &keys);
	if (!files) {
		print_message("skipped: no recordings\n");
		skip();
	}
	print_message("%u keys in %u recordings, %.0f s\n", keys, files,
		      seconds);
	/* at most one in ten minutes */
	assert_true(keys <= seconds / 600);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_said_are_heard_through_g711),
		cmocka_unit_test(test_keys_said_are_heard_through_g722),
		cmocka_unit_test(test_limits_of_q24),
		cmocka_unit_test(test_drop_out_in_a_key_is_one_key),
		cmocka_unit_test(test_voices_are_no_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
