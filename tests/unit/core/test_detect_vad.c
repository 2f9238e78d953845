/**
 * @file test_detect_vad.c  Speech is found; noise, hum, tones and clicks not
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/cmocka_all.h"
#include "core/media/detect/vad.h"
#include "voice_help.h"
#include "port/codec/g711.h"
#include "port/file/wav.h"

enum { F = SIPD_LOOK_FRAME, MS = DETECT_MS, LINE = 6000 * MS, FRAME_MS = 20 };

struct line {
	int16_t pcm[LINE];
	struct sipd_sight sight;
	struct sipd_vad vad;
	struct sipd_voice voice[LINE / F];
	bool lost[LINE / F];
};


static struct line *line(double noise)
{
	struct line *l = calloc(1, sizeof(*l));
	uint32_t seed = 1;

	assert_non_null(l);
	if (noise > SIPD_LOOK_QUIET)
		detect_noise(l->pcm, LINE, noise, &seed);

	return l;
}


static void hear(struct line *l)
{
	unsigned i;

	for (i = 0; i < LINE / F; ++i) {
		struct sipd_tones tones;
		struct sipd_look look;

		sipd_look(&l->sight, l->pcm + i * F, &look);
		sipd_tones_find(&look, &tones);
		sipd_vad_hear(&l->vad, &look, &tones,
			      l->lost[i] ? NULL : l->pcm + i * F,
			      &l->voice[i]);
	}
}


/* Frames told as speech that begin in these ms. */
static unsigned told(const struct line *l, unsigned from, unsigned to)
{
	unsigned n = 0, i;

	for (i = from / FRAME_MS; i < to / FRAME_MS; ++i)
		n += l->voice[i].speech;

	return n;
}


/* End of the first frame that is told as speech, ms; 0 none. */
static unsigned first(const struct line *l)
{
	unsigned i;

	for (i = 0; i < LINE / F; ++i)
		if (l->voice[i].speech)
			return (i + 1) * FRAME_MS;

	return 0;
}


static void check_voice(double pitch, double dbfs, double noise)
{
	struct line *l = line(noise);
	unsigned i, pitched = 0, right = 0;

	detect_voice(l->pcm + 1000 * MS, 1200 * MS, pitch, dbfs);
	hear(l);

	assert_int_equal(told(l, 0, 1000), 0);
	/* within 60 ms, seen at the end of a frame */
	assert_in_range(first(l), 1020, 1080);
	assert_true(told(l, 1060, 2160) >= 1100 / FRAME_MS - 3);
	assert_int_equal(told(l, 2200 + 200, 6000), 0);

	for (i = 1080 / FRAME_MS; i < 2150 / FRAME_MS; ++i) {
		const double now = pitch *
				   (1 - 0.2 * (i * FRAME_MS - 1000.0) / 1200);

		pitched += l->voice[i].pitch_hz > 0;
		right += fabs(l->voice[i].pitch_hz - now) < 0.06 * now;
	}
	assert_true(pitched > 35);
	assert_true(right * 10 >= pitched * 7);
	free(l);
}


static void test_voices_are_heard_at_once(void **state)
{
	(void)state;

	check_voice(110, -20, -60);
	check_voice(210, -20, -60);
	check_voice(110, -10, SIPD_LOOK_QUIET);
	check_voice(180, -30, -50);
}


static void test_call_that_begins_within_a_word(void **state)
{
	unsigned cut, dbfs;
	(void)state;

	for (dbfs = 20; dbfs <= 34; dbfs += 7) {
		for (cut = 0; cut <= 160; cut += 80) {
			struct line *l = line(SIPD_LOOK_QUIET);
			uint32_t seed = 1;

			detect_voice(l->pcm, 1600 * MS, 130, -1.0 * dbfs);
			memmove(l->pcm, l->pcm + cut * MS,
				(LINE - cut * MS) * sizeof(int16_t));
			detect_noise(l->pcm, LINE, -55, &seed);
			hear(l);
			assert_in_range(first(l), 1, 240);
			assert_true(told(l, 240, 1440) >= 56);
			assert_int_equal(told(l, 1800, 6000), 0);
			free(l);
		}
	}
}


static void test_faint_voice_in_noise_is_heard(void **state)
{
	struct line *l = line(-45);
	(void)state;

	detect_voice(l->pcm + 2000 * MS, 1440 * MS, 130, -35);
	hear(l);
	assert_int_equal(told(l, 0, 2000), 0);
	assert_in_range(first(l), 2020, 2140);
	assert_true(told(l, 2140, 3400) >= 48);
	assert_int_equal(told(l, 3640, 6000), 0);
	assert_true(fabs(l->voice[LINE / F - 1].noise + 45) < 3);
	assert_true(fabs(l->voice[LINE / F - 1].level + 35) < 4);
	free(l);
}


static void test_clipped_voice_is_heard(void **state)
{
	struct line *l = line(-50);
	size_t i;
	(void)state;

	detect_voice(l->pcm + 1000 * MS, 1200 * MS, 140, -8);
	for (i = 0; i < LINE; ++i)
		l->pcm[i] = detect_cut(8.0 * l->pcm[i]);
	hear(l);
	assert_in_range(first(l), 1020, 1080);
	assert_true(told(l, 1060, 2160) >= 50);
	assert_int_equal(told(l, 2420, 6000), 0);
	free(l);
}


static void test_voice_through_g711_is_heard(void **state)
{
	static const enum sipd_codec_id ids[] = {SIPD_CODEC_PCMU,
						 SIPD_CODEC_PCMA};
	unsigned c;
	(void)state;

	for (c = 0; c < 2; ++c) {
		struct line *l = line(-66);
		uint8_t *code = malloc(LINE);

		detect_voice(l->pcm + 1000 * MS, 1200 * MS, 120, -28);
		sipd_g711_encode(ids[c], code, l->pcm, LINE);
		sipd_g711_decode(ids[c], l->pcm, code, LINE);
		hear(l);
		assert_int_equal(told(l, 0, 1000), 0);
		assert_in_range(first(l), 1020, 1080);
		assert_true(told(l, 1060, 2160) >= 50);
		assert_int_equal(told(l, 2420, 6000), 0);
		free(code);
		free(l);
	}
}


static void test_noise_is_no_speech(void **state)
{
	static const double levels[] = {-65, -55, -45, -35, -25};
	unsigned i;
	(void)state;

	for (i = 0; i < 5; ++i) {
		struct line *l = line(levels[i]);

		hear(l);
		assert_int_equal(told(l, 0, 6000), 0);
		if (i)
			assert_true(fabs(l->voice[LINE / F - 1].noise -
					 levels[i]) < 2);
		free(l);
	}
}


/* It begins in digital silence, as comfort noise or a line picked up does. */
static void test_noise_behind_silence_is_no_speech(void **state)
{
	struct line *l = line(SIPD_LOOK_QUIET);
	uint32_t seed = 9;
	(void)state;

	detect_noise(l->pcm + 1000 * MS, 1000 * MS, -50, &seed);
	detect_noise(l->pcm + 3000 * MS, 3000 * MS, -40, &seed);
	detect_voice(l->pcm + 4500 * MS, 480 * MS, 120, -22);
	hear(l);
	assert_true(told(l, 0, 4500) <= 5);
	assert_true(told(l, 4560, 4960) >= 18);
	free(l);
}


static void test_hum_is_no_speech(void **state)
{
	static const double mains[] = {50, 60};
	unsigned i, k;
	(void)state;

	for (i = 0; i < 2; ++i) {
		struct line *l = line(-62);

		for (k = 1; k <= 7; k += 2)
			detect_tone(l->pcm + 500 * MS, 4500 * MS, k * mains[i],
				    -38 - 3.0 * k);
		hear(l);
		assert_true(told(l, 0, 6000) <= 5);
		free(l);
	}
}


static void test_tones_are_no_speech(void **state)
{
	static const double pairs[][2] = {
		{350, 440}, {440, 480},  {480, 620},  {400, 450},
		{425, 0},   {1000, 0},   {1100, 0},   {2100, 0},
		{950, 0},   {852, 1209}, {697, 1633}, {450, 0},
	};
	unsigned i, ms;
	(void)state;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); ++i) {
		struct line *l = line(-58);

		/* on and off by 480 ms, then for long */
		for (ms = 320; ms < 5900; ms += 960) {
			const size_t n = (ms < 3000 ? 480 : 900) * MS;

			detect_tone(l->pcm + ms * MS, n, pairs[i][0], -16);
			if (pairs[i][1] > 0)
				detect_tone(l->pcm + ms * MS, n, pairs[i][1],
					    -16);
		}
		hear(l);
		assert_int_equal(told(l, 0, 6000), 0);
		free(l);
	}
}


/* The call begins within it; two tones that beat are never calm. */
static void test_ringing_that_is_on_is_no_speech(void **state)
{
	unsigned cut;
	(void)state;

	for (cut = 0; cut < 200; cut += 37) {
		struct line *l = line(SIPD_LOOK_QUIET);
		uint32_t seed = 1;

		detect_tone(l->pcm, 2000 * MS, 440, -23);
		detect_tone(l->pcm, 2000 * MS, 480, -23);
		memmove(l->pcm, l->pcm + cut, (LINE - cut) * sizeof(int16_t));
		detect_noise(l->pcm, LINE, -71, &seed);
		hear(l);
		assert_int_equal(told(l, 0, 6000), 0);
		free(l);
	}
}


static void test_voice_behind_a_tone_is_heard(void **state)
{
	struct line *l = line(-58);
	(void)state;

	detect_tone(l->pcm, 2000 * MS, 440, -15);
	detect_tone(l->pcm, 2000 * MS, 480, -15);
	detect_voice(l->pcm + 2200 * MS, 480 * MS, 190, -25);
	hear(l);
	assert_int_equal(told(l, 0, 2200), 0);
	assert_in_range(first(l), 2220, 2280);
	free(l);
}


static void test_clicks_are_no_speech(void **state)
{
	struct line *l = line(-60);
	unsigned i, ms;
	(void)state;

	for (ms = 503; ms < 5500; ms += 491) {
		l->pcm[ms * MS] = 30000;
		for (i = 1; i < 80; ++i)
			l->pcm[ms * MS + i] = detect_cut(
				-12000 * exp(-(double)i / 20) * cos(0.9 * i));
	}
	hear(l);
	assert_int_equal(told(l, 0, 6000), 0);
	free(l);
}


static void test_lost_frames_are_silence_and_teach_nothing(void **state)
{
	struct line *l = line(-45);
	unsigned i;
	float before;
	(void)state;

	for (i = 100; i < 150; ++i) {
		l->lost[i] = true;
		memset(l->pcm + i * F, 0, F * sizeof(int16_t));
	}
	detect_voice(l->pcm + 4000 * MS, 480 * MS, 130, -25);
	hear(l);
	before = l->voice[99].noise;
	for (i = 100; i < 150; ++i) {
		assert_true(l->voice[i].p == 0);
		assert_true(l->voice[i].noise == before);
	}
	assert_int_equal(told(l, 0, 4000), 0);
	assert_in_range(first(l), 4020, 4080);
	free(l);
}


/* The frames that are told late are counted. */
static void test_lead_is_what_was_not_told_yet(void **state)
{
	struct line *l = line(-60);
	unsigned i;
	(void)state;

	detect_voice(l->pcm + 1000 * MS, 480 * MS, 120, -20);
	hear(l);
	for (i = 0; i < LINE / F && !l->voice[i].speech; ++i)
		;
	assert_in_range(i * FRAME_MS - l->voice[i].lead * FRAME_MS, 980, 1020);
	free(l);
}


/* ---- recordings ----------------------------------------------------------- */

struct late {
	int ms[512]; /* from the label to what is told */
	unsigned n, none;
};


/* ms of the first frame told as speech, -1 none */
static int first_of(const char *path)
{
	struct sipd_sight sight = {.past = {0}};
	struct sipd_vad vad = {.frames = 0};
	int16_t *pcm = NULL;
	size_t n = 0, at;
	int first_ms = -1;

	assert_int_equal(sipd_wav_read(path, &pcm, &n), 0);
	for (at = 0; at + F <= n && first_ms < 0; at += F) {
		struct sipd_tones tones;
		struct sipd_voice voice;
		struct sipd_look look;

		sipd_look(&sight, pcm + at, &look);
		sipd_tones_find(&look, &tones);
		sipd_vad_hear(&vad, &look, &tones, pcm + at, &voice);
		if (voice.speech)
			first_ms = (int)(at / MS) + FRAME_MS;
	}
	free(pcm);

	return first_ms;
}


/* Onsets of vad.csv: file,start_ms,end_ms; the first line of each file. */
static void read_onsets(const char *root, FILE *f, struct late *late)
{
	char row[256], before[128] = "", name[128], path[1024];
	int start;

	while (fgets(row, sizeof(row), f)) {
		if (sscanf(row, "%127[^,],%d", name, &start) != 2 ||
		    strchr(name, '/') || !strcmp(name, before))
			continue;
		memcpy(before, name, sizeof(before));
		(void)snprintf(path, sizeof(path), "%s/amd/%s", root, name);
		if (access(path, R_OK) || late->n == 512)
			continue;
		late->ms[late->n] = first_of(path) - start;
		late->none += late->ms[late->n] < -start;
		++late->n;
	}
}


static int by_size(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}


static void test_speech_of_recordings_is_heard_soon(void **state)
{
	const char *root = getenv("SHARED_DATA");
	struct late late = {.n = 0};
	char path[1024];
	FILE *f;
	(void)state;

	(void)snprintf(path, sizeof(path), "%s/amd/vad.csv", root ? root : "");
	f = fopen(path, "r");
	if (!f) {
		print_message("skipped: no recordings\n");
		skip();
	}
	read_onsets(root, f, &late);
	(void)fclose(f);

	qsort(late.ms, late.n, sizeof(late.ms[0]), by_size);
	print_message("%u recordings, none told in %u; told after %d ms, "
		      "95 %%: %d ms\n",
		      late.n, late.none, late.ms[late.n / 2],
		      late.ms[late.n * 95 / 100]);
	assert_int_equal(late.none, 0);
	assert_in_range(late.ms[late.n / 2], 20, 90);
	assert_in_range(late.ms[late.n * 95 / 100], 20, 300);
}


static void test_tones_of_recordings_are_no_speech(void **state)
{
	static const char *const names[] = {
		"busy_01",      "busy_02",     "busy_03",     "reorder_01",
		"reorder_02",   "ringback_01", "ringback_02", "ringback_03",
		"dial_tone_01", "fax_cng_01",  "fax_ced_01",  "dtmf_01",
		"sit_01",       "silence_01",  "silence_02",
	};
	const char *root = getenv("SHARED_DATA");
	unsigned i, heard = 0;
	char path[1024];
	(void)state;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); ++i) {
		(void)snprintf(path, sizeof(path), "%s/amd/other_%s.wav",
			       root ? root : "", names[i]);
		if (access(path, R_OK))
			continue;
		++heard;
		assert_int_equal(first_of(path), -1);
	}
	if (!heard) {
		print_message("skipped: no recordings\n");
		skip();
	}
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_voices_are_heard_at_once),
		cmocka_unit_test(test_call_that_begins_within_a_word),
		cmocka_unit_test(test_faint_voice_in_noise_is_heard),
		cmocka_unit_test(test_clipped_voice_is_heard),
		cmocka_unit_test(test_voice_through_g711_is_heard),
		cmocka_unit_test(test_noise_is_no_speech),
		cmocka_unit_test(test_noise_behind_silence_is_no_speech),
		cmocka_unit_test(test_hum_is_no_speech),
		cmocka_unit_test(test_tones_are_no_speech),
		cmocka_unit_test(test_ringing_that_is_on_is_no_speech),
		cmocka_unit_test(test_voice_behind_a_tone_is_heard),
		cmocka_unit_test(test_clicks_are_no_speech),
		cmocka_unit_test(
			test_lost_frames_are_silence_and_teach_nothing),
		cmocka_unit_test(test_speech_of_recordings_is_heard_soon),
		cmocka_unit_test(test_tones_of_recordings_are_no_speech),
		cmocka_unit_test(test_lead_is_what_was_not_told_yet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
