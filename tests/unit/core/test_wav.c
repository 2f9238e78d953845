/**
 * @file tests/unit/core/test_wav.c  Reading WAV files
 */
#include <errno.h>
#include <math.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include "lib/cmocka_all.h"
#include "media_help.h"
#include "base/error.h"
#include "port/codec/g711.h"
#include "port/file/wav.h"

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
	__has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

static const double pi = 3.14159265358979323846;
static char dir[256];


static int setup(void **state)
{
	(void)state;
	help_dir_make(dir);

	return 0;
}


static int teardown(void **state)
{
	(void)state;
	help_dir_remove(dir);

	return 0;
}


struct kind {
	unsigned tag, bits;
	int tolerance; /* of 16 bit */
};

static const struct kind kinds[] = {
	{1, 8, 256}, {1, 16, 0}, {1, 24, 1},  {1, 32, 1},
	{3, 32, 1},  {3, 64, 1}, {6, 8, 600}, {7, 8, 600},
};


static void encode(const struct kind *k, uint8_t *p, double v)
{
	const int16_t s = (int16_t)lrint(v * 32767.0);
	const float f = (float)v;
	const int32_t wide = (int32_t)lrint(v * 2147480000.0);

	if (k->tag == 6)
		sipd_g711_encode(SIPD_CODEC_PCMA, p, &s, 1);
	else if (k->tag == 7)
		sipd_g711_encode(SIPD_CODEC_PCMU, p, &s, 1);
	else if (k->tag == 3 && k->bits == 32)
		memcpy(p, &f, 4);
	else if (k->tag == 3)
		memcpy(p, &v, 8);
	else if (k->bits == 8)
		*p = (uint8_t)(lrint(v * 127.0) + 128);
	else if (k->bits == 16)
		help_put16(p, (uint16_t)s);
	else if (k->bits == 24)
		memcpy(p, (const uint8_t *)&wide + 1, 3);
	else
		memcpy(p, &wide, 4);
}


static const char *write_sine(const struct kind *k, uint32_t rate,
			      unsigned channels, double hz, double level)
{
	const uint32_t len = rate * channels * k->bits / 8;
	uint8_t *b = malloc(44 + len), *p = b + 44;
	const char *path = help_path(dir, "sine.wav");

	assert_non_null(b);
	help_head(b, k->tag, k->bits, channels, rate, len);
	for (uint32_t i = 0; i < rate; i++) {
		const double v = level * sin(2 * pi * hz * i / rate);

		for (unsigned c = 0; c < channels; c++) {
			encode(k, p, v);
			p += k->bits / 8;
		}
	}
	help_write(path, b, 44 + len);
	free(b);

	return path;
}


static void test_each_width_reads_the_samples(void **state)
{
	(void)state;

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		const char *path = write_sine(&kinds[k], 8000, 1, 440, 0.5);
		int16_t *pcm = NULL;
		size_t n = 0;

		assert_int_equal(sipd_wav_read(path, &pcm, &n), 0);
		assert_int_equal(n, 8000);
		for (size_t i = 0; i < n; i++) {
			const double want = 32767 * 0.5 *
					    sin(2 * pi * 440 * (double)i /
						8000);
			const int off = abs(pcm[i] - (int)lrint(want));

			if (off > kinds[k].tolerance)
				fail_msg("codec %u, %u bits: sample %zu is %d "
					 "off",
					 kinds[k].tag, kinds[k].bits, i, off);
		}
		free(pcm);
	}
}


static void test_channels_are_mixed(void **state)
{
	uint8_t b[44 + 8 * 2 * 100];
	(void)state;

	for (unsigned channels = 1; channels <= 8; channels++) {
		const uint32_t len = channels * 2 * 100;
		int16_t *pcm = NULL;
		size_t n = 0;

		help_head(b, 1, 16, channels, 8000, len);
		for (unsigned i = 0; i < channels * 100; i++)
			help_put16(b + 44 + 2 * i, 1000 * (i % channels + 1));
		help_write(help_path(dir, "c.wav"), b, 44 + len);
		assert_int_equal(sipd_wav_read(help_path(dir, "c.wav"), &pcm,
					       &n),
				 0);
		assert_int_equal(n, 100);
		for (size_t i = 0; i < n; i++)
			assert_in_range(pcm[i], 500 * (channels + 1) - 1,
					500 * (channels + 1) + 1);
		free(pcm);
	}
}


/* Level of what differs from the sine wanted, dB below full scale; the ends,
 * where the filter sees silence, are left out. */
static double error_db(const int16_t *pcm, size_t n, double hz, double level)
{
	double sum = 0;
	size_t count = 0;

	for (size_t i = 400; i + 400 < n; i++, count++) {
		const double d = pcm[i] / 32768.0 -
				 level * sin(2 * pi * hz * (double)i / 8000);

		sum += d * d;
	}

	return 10 * log10(2 * sum / (double)count + 1e-20);
}


static void test_each_rate_keeps_pitch_level_and_time(void **state)
{
	static const uint32_t rates[] = {8000,  8001,  11025, 12000, 16000,
					 22050, 24000, 32000, 37800, 44100,
					 48000, 64000, 88200, 95999, 96000};
	static const double tones[] = {300, 1000, 3400};
	(void)state;

	for (size_t r = 0; r < sizeof(rates) / sizeof(rates[0]); r++)
		for (size_t t = 0; t < 3; t++) {
			const char *path = write_sine(&kinds[1], rates[r], 1,
						      tones[t], 0.5);
			int16_t *pcm = NULL;
			size_t n = 0;
			double db;

			assert_int_equal(sipd_wav_read(path, &pcm, &n), 0);
			assert_in_range(n, 7999, 8000);
			db = error_db(pcm, n, tones[t], 0.5);
			if (db > -55)
				fail_msg("%u Hz, tone %.0f Hz: error %.1f dB",
					 rates[r], tones[t], db);
			free(pcm);
		}
}


static void test_above_4_khz_nothing_is_folded_back(void **state)
{
	static const uint32_t rates[] = {11025, 16000, 44100, 48000, 96000};
	static const double tones[] = {4300, 4600, 5000, 7000, 12000};
	(void)state;

	for (size_t r = 0; r < 5; r++)
		for (size_t t = 0; t < 5 && tones[t] < rates[r] / 2; t++) {
			const char *path = write_sine(&kinds[1], rates[r], 1,
						      tones[t], 0.9);
			int16_t *pcm = NULL;
			size_t n = 0;
			double db;

			assert_int_equal(sipd_wav_read(path, &pcm, &n), 0);
			db = error_db(pcm, n, 0, 0);
			if (db > -70)
				fail_msg("%u Hz, tone %.0f Hz: %.1f dB come "
					 "through",
					 rates[r], tones[t], db);
			free(pcm);
		}
}


static void test_odd_floats_are_tamed(void **state)
{
	const float f[] = {0.25f, NAN,   INFINITY, -INFINITY,
			   7.5f,  -7.5f, 1.0f,     -1.0f};
	const int16_t want[] = {8192, 0, 0, 0, 32767, -32768, 32767, -32768};
	uint8_t b[44 + sizeof(f)];
	int16_t *pcm = NULL;
	size_t n = 0;
	(void)state;

	help_head(b, 3, 32, 1, 8000, sizeof(f));
	memcpy(b + 44, f, sizeof(f));
	help_write(help_path(dir, "f.wav"), b, sizeof(b));
	assert_int_equal(sipd_wav_read(help_path(dir, "f.wav"), &pcm, &n), 0);
	assert_int_equal(n, 8);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(pcm[i], want[i]);
	free(pcm);
}


static void refused(const char *path, int code, const char *words)
{
	int16_t *pcm = NULL;
	size_t n = 0;
	const int err = sipd_wav_read(path, &pcm, &n);

	assert_int_equal(err, code);
	assert_null(pcm);
	if (!strstr(sipd_error_text(), words))
		fail_msg("'%s' does not say '%s'", sipd_error_text(), words);
}


static void test_what_is_no_file_is_refused_at_once(void **state)
{
	const char *fifo = help_path(dir, "fifo.wav");
	(void)state;

	assert_int_equal(mkfifo(fifo, 0600), 0);
	refused(fifo, SIPDIALER_EFORMAT, "not a regular file");
	refused(dir, SIPDIALER_EFORMAT, "not a regular file");
	refused("/dev/zero", SIPDIALER_EFORMAT, "not a regular file");
	refused(help_path(dir, "none.wav"), SIPDIALER_ENOENT, "none.wav");
}


static void write_head(const char *path, unsigned tag, unsigned bits,
		       unsigned channels, uint32_t rate, uint32_t len,
		       off_t size)
{
	uint8_t b[44];

	help_head(b, tag, bits, channels, rate, len);
	help_write(path, b, sizeof(b));
	assert_int_equal(truncate(path, size), 0);
}


static void test_reasons_name_value_and_limit(void **state)
{
	const char *path = help_path(dir, "bad.wav");
	const uint32_t hours5 = 5 * 3600 * 8000;
	(void)state;

	write_head(path, 1, 16, 1, 7999, 100, 144);
	refused(path, SIPDIALER_EFORMAT, "7999 Hz; 8000 to 96000");
	write_head(path, 1, 16, 1, 0, 100, 144);
	refused(path, SIPDIALER_EFORMAT, "0 Hz; 8000 to 96000");
	write_head(path, 1, 16, 1, 192000, 100, 144);
	refused(path, SIPDIALER_EFORMAT, "192000 Hz; 8000 to 96000");
	write_head(path, 1, 16, 9, 8000, 180, 224);
	refused(path, SIPDIALER_EFORMAT, "9 channels; 1 to 8");
	write_head(path, 2, 8, 1, 8000, 100, 144);
	refused(path, SIPDIALER_EFORMAT, "codec 0x0002");
	write_head(path, 1, 48, 1, 8000, 60, 104);
	refused(path, SIPDIALER_EFORMAT, "48 bits");
	write_head(path, 1, 16, 1, 8000, 1000, 544);
	refused(path, SIPDIALER_EFORMAT, "500 bytes of audio of 1000");
	write_head(path, 1, 8, 1, 8000, hours5, hours5 + 44);
	refused(path, SIPDIALER_EFULL, "18000 s long; at most 14400");
	write_head(path, 1, 16, 1, 96000, 0x10000001, 0x10000000 + 45);
	refused(path, SIPDIALER_EFULL, "268435501 bytes; at most 268435456");
}


static void size_gives(uint32_t says, uint32_t there, int err, size_t samples)
{
	const char *path = help_path(dir, "size.wav");
	int16_t *pcm = NULL;
	size_t n = 0;

	write_head(path, 1, 16, 1, 8000, says, 44 + (off_t)there);
	assert_int_equal(sipd_wav_read(path, &pcm, &n), err);
	assert_int_equal(n, samples);
	free(pcm);
}


static void test_sizes_that_lie_are_bounded_by_the_file(void **state)
{
	(void)state;
	size_gives(1000, 1000, 0, 500);
	size_gives(1000, 999, 0, 499);
	size_gives(999, 1000, 0, 499);
	size_gives(1000, 998, SIPDIALER_EFORMAT, 0);
	size_gives(0xffffffff, 1000, 0, 500); /* written to a pipe */
	size_gives(0x7fffffff, 1000, 0, 500);
	size_gives(0, 1000, 0, 500); /* its writer died */
	size_gives(0, 0, 0, 0);
}


static void test_many_chunks_are_refused(void **state)
{
	static uint8_t b[12 + 8 * 100000] = "RIFF....WAVE";
	(void)state;

	for (size_t i = 0; i < 100000; i++)
		memcpy(b + 12 + 8 * i, "junk\0\0\0\0", 8);
	help_write(help_path(dir, "many.wav"), b, sizeof(b));
	refused(help_path(dir, "many.wav"), SIPDIALER_EFORMAT, "256 chunks");
}


/* ---- the corpus -------------------------------------------------------- */

static uint64_t cpu_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);

	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}


/* Valid, and of a kind that we promise to read. */
static bool promised(const char *name, const char *expected)
{
	static const char *const other[] = {
		"test-44100Hz-2ch-32bit-float-be.wav", /* big-endian */
		"test-8000Hz-le-3ch-5S-64bit.wav",     /* integers */
	};

	for (size_t i = 0; i < 2; i++)
		if (!strcmp(name, other[i]))
			return false;

	return !strncmp(expected, "VALID", 5);
}


static void judge(const char *path, const char *name, const char *expected)
{
	const bool bad = !strncmp(expected, "reject", 6) ||
			 !strncmp(expected, "unsupported", 11);
	const uint64_t start = cpu_us();
	int16_t *pcm = NULL;
	size_t n = 0;
	const int err = sipd_wav_read(path, &pcm, &n);
	const uint64_t us = cpu_us() - start;

	free(pcm);
	if (us > (SANITIZED ? 500000 : 50000))
		fail_msg("%s took %lu us", name, (unsigned long)us);
	if (err && err != SIPDIALER_EFORMAT)
		fail_msg("%s: %d, %s", name, err, sipd_error_text());
	if (err && !strstr(sipd_error_text(), name))
		fail_msg("%s: '%s'", name, sipd_error_text());
	if (bad && !err)
		fail_msg("%s was taken (%zu samples): %s", name, n, expected);
	if (promised(name, expected) && err)
		fail_msg("%s was refused: %s", name, sipd_error_text());
	print_message("  %-48s %s\n", name,
		      err ? strrchr(sipd_error_text(), '/') : "taken");
}


/* What a lying size would ask for is more than this leaves. */
static void limit_memory(struct rlimit *old)
{
	struct rlimit rl;
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lu", &pages), 1);
	(void)fclose(f);
	assert_int_equal(getrlimit(RLIMIT_AS, old), 0);
	rl = *old;
	rl.rlim_cur = pages * (rlim_t)sysconf(_SC_PAGESIZE) + 8 * 1024 * 1024;
	if (!SANITIZED)
		assert_int_equal(setrlimit(RLIMIT_AS, &rl), 0);
}


static void test_corpus_gets_its_verdicts(void **state)
{
	const char *shared = getenv("SHARED_DATA");
	char path[1024], line[1024];
	struct rlimit old;
	unsigned files = 0;
	FILE *f;
	(void)state;

	(void)snprintf(path, sizeof(path), "%s/corpus/manifest.tsv",
		       shared ? shared : ".");
	f = fopen(path, "r");
	if (!f) {
		print_message("skipped: no %s\n", path);
		skip();
		return;
	}

	limit_memory(&old);
	while (fgets(line, sizeof(line), f)) {
		char *rest = line, *field[8] = {NULL};

		line[strcspn(line, "\n")] = '\0';
		for (int i = 0; i < 8; i++)
			field[i] = strsep(&rest, "\t");
		if (!field[7] || strncmp(field[0], "wav/", 4))
			continue;
		(void)snprintf(path, sizeof(path), "%s/corpus/%s", shared,
			       field[0]);
		judge(path, field[0] + 4, field[7]);
		++files;
	}
	(void)fclose(f);
	(void)setrlimit(RLIMIT_AS, &old);
	print_message("  %u files\n", files);
	assert_true(files >= 50);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_width_reads_the_samples),
		cmocka_unit_test(test_channels_are_mixed),
		cmocka_unit_test(test_each_rate_keeps_pitch_level_and_time),
		cmocka_unit_test(test_above_4_khz_nothing_is_folded_back),
		cmocka_unit_test(test_odd_floats_are_tamed),
		cmocka_unit_test(test_what_is_no_file_is_refused_at_once),
		cmocka_unit_test(test_reasons_name_value_and_limit),
		cmocka_unit_test(test_sizes_that_lie_are_bounded_by_the_file),
		cmocka_unit_test(test_many_chunks_are_refused),
		cmocka_unit_test(test_corpus_gets_its_verdicts),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
