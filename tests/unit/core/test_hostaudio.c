/**
 * @file tests/unit/core/test_hostaudio.c  The rings between media and host
 */
#include "lib/cmocka_all.h"
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "core/media/hostaudio.h"

enum { FRAME = SIPD_FRAME, RATE = 8000 };

static const double pi = 3.14159265358979323846;
static const uint32_t rates[] = {8000, 16000, 24000, 48000};


static struct sipd_hostaudio *make(uint32_t rate, uint32_t read_ms,
				   uint32_t write_ms)
{
	const struct sipd_hostaudio_conf conf = {.rate = rate,
						 .read_ms = read_ms,
						 .write_ms = write_ms};
	struct sipd_hostaudio *a = NULL;

	assert_int_equal(sipd_hostaudio_open(&a, &conf), 0);

	return a;
}


/* Samples `from`, from + 1 ... as a frame heard. */
static bool hear_count(struct sipd_hostaudio *a, int from)
{
	struct sipd_rx_frame rx = {.kind = SIPD_RX_AUDIO};

	for (int i = 0; i < FRAME; i++)
		rx.pcm[i] = (int16_t)(from + i);

	return sipd_hostaudio_heard(a, &rx);
}


static struct sipd_hostaudio_counts counts(struct sipd_hostaudio *a)
{
	struct sipd_hostaudio_counts c;

	sipd_hostaudio_counts(a, &c);

	return c;
}


/* ---- rings --------------------------------------------------------------- */

static void test_what_is_heard_is_read_in_order(void **state)
{
	struct sipd_hostaudio *a = make(8000, 100, 100);
	int16_t pcm[777];
	int next = 0, heard = 0;
	(void)state;

	/* 800 samples of room: round the ring many times, in odd pieces */
	for (int i = 0; i < 2000; i++) {
		size_t n;

		if (counts(a).waiting <= 800 - FRAME) {
			(void)hear_count(a, heard % 30000);
			heard += FRAME;
		}
		n = sipd_hostaudio_read(a, pcm, 1 + (size_t)i * 37 % 200);
		for (size_t k = 0; k < n; k++, next++)
			assert_int_equal(pcm[k],
					 (int16_t)(next / FRAME * FRAME %
							   30000 +
						   next % FRAME));
		assert_int_equal(counts(a).waiting, heard - next);
	}
	assert_true(next > 100 * 800);
	assert_int_equal(counts(a).lost, 0);
	sipd_hostaudio_unref(a);
}


static void test_what_nobody_reads_is_dropped_newest_first(void **state)
{
	struct sipd_hostaudio_totals totals;
	const struct sipd_hostaudio_conf conf = {.rate = 16000,
						 .read_ms = 110,
						 .write_ms = 100,
						 .totals = &totals};
	struct sipd_hostaudio *a = NULL;
	int16_t pcm[4000];
	(void)state;

	memset(&totals, 0, sizeof(totals));
	assert_int_equal(sipd_hostaudio_open(&a, &conf), 0);
	for (int i = 0; i < 10; i++)
		(void)hear_count(a, 100);
	/* 880 of 1,600 samples had room; the host counts two for one */
	assert_int_equal(counts(a).waiting, 880 * 2);
	assert_int_equal(counts(a).lost, 720 * 2);
	assert_int_equal(atomic_load(&totals.lost), 720);
	assert_int_equal(sipd_hostaudio_read(a, pcm, 4000), 880 * 2);
	assert_int_equal(sipd_hostaudio_read(a, pcm, 4000), 0);
	assert_int_equal(counts(a).lost, 720 * 2);
	sipd_hostaudio_unref(a);
}


static void test_host_is_told_once_until_it_acts(void **state)
{
	struct sipd_hostaudio *a = make(8000, 1000, 100);
	int16_t pcm[4] = {0};
	(void)state;

	assert_true(hear_count(a, 0));
	assert_false(hear_count(a, 0));
	(void)sipd_hostaudio_read(a, pcm, 4);
	assert_true(hear_count(a, 0));
	assert_false(hear_count(a, 0));
	(void)sipd_hostaudio_write(a, pcm, 4);
	assert_true(hear_count(a, 0));
	(void)sipd_hostaudio_clear(a);
	assert_true(hear_count(a, 0));
	sipd_hostaudio_untold(a);
	assert_true(hear_count(a, 0));
	assert_false(hear_count(a, 0));
	sipd_hostaudio_unref(a);
}


static void test_what_is_written_is_said_in_order(void **state)
{
	struct sipd_hostaudio *a = make(8000, 100, 100);
	int16_t in[FRAME * 7], out[FRAME];
	int written = 0, said = 0;
	(void)state;

	assert_false(sipd_hostaudio_say(a, out));
	for (int i = 0; i < 1000; i++) {
		const size_t want = 1 + (size_t)i * 53 % (FRAME * 7);
		const size_t room = 800 - (size_t)counts(a).pending;
		size_t n;

		for (size_t k = 0; k < want; k++)
			in[k] = (int16_t)((written + (int)k) % 30000);
		n = sipd_hostaudio_write(a, in, want);
		assert_int_equal(n, want < room ? want : room);
		written += (int)n;

		while (counts(a).pending >= FRAME) {
			assert_true(sipd_hostaudio_say(a, out));
			for (int k = 0; k < FRAME; k++, said++)
				assert_int_equal(out[k], said % 30000);
		}
	}
	assert_true(said > 100 * 800);
	/* a full ring takes nothing more */
	while (sipd_hostaudio_write(a, in, 100))
		;
	assert_int_equal(counts(a).pending, 800);
	sipd_hostaudio_unref(a);
}


static void test_unfinished_frame_waits_once_then_ends_silent(void **state)
{
	struct sipd_hostaudio_totals totals;
	const struct sipd_hostaudio_conf conf = {.rate = 8000,
						 .read_ms = 100,
						 .write_ms = 100,
						 .totals = &totals};
	struct sipd_hostaudio *a = NULL;
	int16_t in[FRAME * 2], out[FRAME];
	(void)state;

	memset(&totals, 0, sizeof(totals));
	for (int i = 0; i < FRAME * 2; i++)
		in[i] = (int16_t)(i + 1);
	assert_int_equal(sipd_hostaudio_open(&a, &conf), 0);

	(void)sipd_hostaudio_write(a, in, 60);
	assert_false(sipd_hostaudio_say(a, out));
	assert_true(sipd_hostaudio_say(a, out));
	assert_memory_equal(out, in, 60 * 2);
	for (int i = 60; i < FRAME; i++)
		assert_int_equal(out[i], 0);
	assert_int_equal(atomic_load(&totals.underruns), 0);

	/* in the middle nothing waits: the end of a piece comes at once */
	(void)sipd_hostaudio_write(a, in, FRAME + 10);
	assert_true(sipd_hostaudio_say(a, out));
	assert_true(sipd_hostaudio_say(a, out));
	assert_int_equal(out[9], FRAME + 10);
	assert_int_equal(out[10], 0);
	assert_false(sipd_hostaudio_say(a, out));
	assert_int_equal(atomic_load(&totals.underruns), 1);
	sipd_hostaudio_unref(a);
}


static void test_clear_drops_all_that_waits(void **state)
{
	int16_t in[960] = {0}, out[FRAME];
	(void)state;

	for (size_t i = 0; i < 4; i++) {
		struct sipd_hostaudio *a = make(rates[i], 100, 100);

		assert_int_equal(sipd_hostaudio_clear(a), 0);
		assert_int_equal(sipd_hostaudio_write(a, in, 960),
				 i ? 960 : 800);
		assert_int_equal(sipd_hostaudio_clear(a), i ? 960 : 800);
		assert_false(sipd_hostaudio_say(a, out));
		assert_int_equal(counts(a).pending, 0);
		assert_int_equal(sipd_hostaudio_write(a, in, 800), 800);
		sipd_hostaudio_unref(a);
	}
}


static void test_lost_frame_is_concealed(void **state)
{
	struct sipd_hostaudio *a = make(8000, 1000, 100);
	struct sipd_rx_frame rx = {.kind = SIPD_RX_AUDIO};
	const struct sipd_rx_frame lost = {.kind = SIPD_RX_LOST};
	const struct sipd_rx_frame none = {.kind = SIPD_RX_NONE};
	int16_t pcm[FRAME * 6];
	long energy = 0;
	(void)state;

	for (int i = 0; i < FRAME; i++)
		rx.pcm[i] = (int16_t)(i / 20 % 2 ? 8000 : -8000);
	for (int i = 0; i < 4; i++)
		(void)sipd_hostaudio_heard(a, &rx);
	(void)sipd_hostaudio_heard(a, &lost);
	(void)sipd_hostaudio_heard(a, &none);
	assert_int_equal(sipd_hostaudio_read(a, pcm, FRAME * 6), FRAME * 6);
	for (int i = FRAME * 4; i < FRAME * 5; i++)
		energy += abs(pcm[i]);
	assert_true(energy > FRAME * 4000L);
	assert_int_equal(pcm[FRAME * 6 - 1], 0);
	sipd_hostaudio_unref(a);
}


/* ---- rates ---------------------------------------------------------------- */

/* Amplitude of a tone in pcm, and what is left besides it. */
static double tone_of(const int16_t *pcm, size_t n, double hz, double rate,
		      double *rest)
{
	double s = 0, c = 0, left = 0;

	for (size_t i = 0; i < n; i++) {
		const double t = 2 * pi * hz * (double)i / rate;

		s += pcm[i] * sin(t);
		c += pcm[i] * cos(t);
	}
	s *= 2.0 / (double)n;
	c *= 2.0 / (double)n;
	for (size_t i = 0; i < n; i++) {
		const double t = 2 * pi * hz * (double)i / rate;
		const double e = pcm[i] - s * sin(t) - c * cos(t);

		left += e * e;
	}
	*rest = sqrt(2 * left / (double)n);

	return sqrt(s * s + c * c);
}


static int16_t tone_at(size_t i, double hz, double rate)
{
	return (int16_t)lrint(10000 * sin(2 * pi * hz * (double)i / rate));
}


static double db(double a)
{
	return 20 * log10(a / 10000);
}


/* Hear 1 s of a tone, read it in odd pieces; skip the filter's begin. */
static void hear_tone(uint32_t rate, double hz)
{
	const size_t times = rate / RATE, skip = rate / 10;
	struct sipd_hostaudio *a = make(rate, 1000, 100);
	int16_t *pcm = calloc(rate + 1, sizeof(*pcm));
	double level, rest;
	size_t n = 0;

	assert_non_null(pcm);
	for (size_t i = 0; i < 50; i++) {
		struct sipd_rx_frame rx = {.kind = SIPD_RX_AUDIO};

		for (size_t k = 0; k < FRAME; k++)
			rx.pcm[k] = tone_at(i * FRAME + k, hz, RATE);
		(void)sipd_hostaudio_heard(a, &rx);
		/* all but some: pieces begin anywhere */
		while (counts(a).waiting > i % 7) {
			const size_t want = 1 + (n * 31 + i) % 211;
			const uint64_t have = counts(a).waiting;
			const size_t got = sipd_hostaudio_read(a, pcm + n,
							       want);

			assert_int_equal(got, want < have ? want : have);
			n += got;
		}
	}
	n += sipd_hostaudio_read(a, pcm + n, rate + 1 - n);
	assert_int_equal(n, 50 * FRAME * times);
	level = tone_of(pcm + skip, rate / 2, hz, rate, &rest);
	if (fabs(db(level)) > 1 || db(rest) > -50)
		fail_msg("%u: %.0f Hz read at %.2f dB, besides it %.1f dB",
			 rate, hz, db(level), db(rest));
	free(pcm);
	sipd_hostaudio_unref(a);
}


/* Write 1 s of a tone in odd pieces; level of it and of all else, as said. */
static double say_tone(uint32_t rate, double hz, double said_hz, double *rest)
{
	struct sipd_hostaudio *a = make(rate, 100, 2000);
	int16_t *in = calloc(rate, sizeof(*in)), out[RATE];
	double level;
	size_t done = 0;

	assert_non_null(in);
	for (size_t i = 0; i < rate; i++)
		in[i] = tone_at(i, hz, rate);
	while (done < rate) {
		const size_t want = 1 + done * 31 % 977;

		done += sipd_hostaudio_write(a, in + done,
					     want < rate - done ? want
								: rate - done);
	}
	assert_int_equal(counts(a).pending, rate);
	for (size_t i = 0; i < 50; i++)
		assert_true(sipd_hostaudio_say(a, out + i * FRAME));
	assert_int_equal(counts(a).pending, 0);
	level = tone_of(out + 800, 4000, said_hz, RATE, rest);
	free(in);
	sipd_hostaudio_unref(a);

	return level;
}


static void test_tones_keep_level_and_phase_at_all_rates(void **state)
{
	static const double tones[] = {440, 1000, 3400};
	(void)state;

	for (size_t i = 0; i < 4; i++)
		for (size_t k = 0; k < 3; k++) {
			double level, rest;

			hear_tone(rates[i], tones[k]);
			level = say_tone(rates[i], tones[k], tones[k], &rest);
			if (fabs(db(level)) > 1 || db(rest) > -50)
				fail_msg("%u: %.0f Hz written at %.2f dB, "
					 "besides it %.1f dB",
					 rates[i], tones[k], db(level),
					 db(rest));
		}
}


/* 4.5 kHz cannot be told at 8 kHz: without a low-pass it would be 3.5 kHz. */
static void test_low_pass_before_the_lower_rate(void **state)
{
	(void)state;

	for (size_t i = 1; i < 4; i++) {
		double rest, level = say_tone(rates[i], 4500, 3500, &rest);

		if (db(level + 1) > -60 || db(rest + 1) > -60)
			fail_msg("%u: 4.5 kHz comes through at %.1f dB",
				 rates[i], db(level + rest));
	}
}


/* What was cut off must not sound at the begin of the next piece. */
static void test_pause_forgets_the_piece_before(void **state)
{
	struct sipd_hostaudio *a = make(48000, 100, 1000);
	int16_t loud[960], quiet[960] = {0}, out[FRAME];
	(void)state;

	for (int i = 0; i < 960; i++)
		loud[i] = 20000;
	(void)sipd_hostaudio_write(a, loud, 960);
	assert_true(sipd_hostaudio_say(a, out));
	assert_false(sipd_hostaudio_say(a, out));
	(void)sipd_hostaudio_write(a, quiet, 960);
	assert_true(sipd_hostaudio_say(a, out));
	for (int i = 0; i < FRAME; i++)
		assert_int_equal(out[i], 0);
	sipd_hostaudio_unref(a);
}


/* A stream of 16 kHz: who has that rate gets it sample by sample. */
static void test_wide_stream_gives_the_whole_band(void **state)
{
	const struct sipd_hostaudio_conf conf = {.rate = 16000,
						 .wide = true,
						 .read_ms = 100,
						 .write_ms = 100};
	struct sipd_rx_frame rx = {.kind = SIPD_RX_AUDIO,
				   .samples = SIPD_FRAME_WIDE};
	int16_t pcm[2 * SIPD_FRAME_WIDE], out[SIPD_FRAME_WIDE];
	struct sipd_hostaudio *a = NULL;
	(void)state;

	for (int i = 0; i < SIPD_FRAME_WIDE; i++)
		rx.pcm[i] = (int16_t)(i % 2 ? 9000 : -9000 + i);
	assert_int_equal(sipd_hostaudio_open(&a, &conf), 0);
	(void)sipd_hostaudio_heard(a, &rx);
	assert_int_equal(counts(a).waiting, SIPD_FRAME_WIDE);
	assert_int_equal(sipd_hostaudio_read(a, pcm, 2 * SIPD_FRAME_WIDE),
			 SIPD_FRAME_WIDE);
	assert_memory_equal(pcm, rx.pcm, sizeof(rx.pcm));
	assert_int_equal(sipd_hostaudio_write(a, rx.pcm, SIPD_FRAME_WIDE),
			 SIPD_FRAME_WIDE);
	assert_int_equal(counts(a).pending, SIPD_FRAME_WIDE);
	assert_true(sipd_hostaudio_say(a, out));
	assert_memory_equal(out, rx.pcm, sizeof(rx.pcm));
	sipd_hostaudio_unref(a);
}


/* 8 and 24 kHz of a host at a stream of 16: as long as it was. */
static void test_wide_stream_at_other_rates(void **state)
{
	static const uint32_t others[] = {8000, 24000, 48000};
	(void)state;

	for (size_t k = 0; k < 3; k++) {
		const struct sipd_hostaudio_conf conf = {.rate = others[k],
							 .wide = true,
							 .read_ms = 1000,
							 .write_ms = 1000};
		const size_t n = others[k] / 50;
		int16_t *pcm = calloc(n, sizeof(*pcm));
		int16_t out[SIPD_FRAME_WIDE];
		struct sipd_hostaudio *a = NULL;
		unsigned frames = 0;

		assert_int_equal(sipd_hostaudio_open(&a, &conf), 0);
		for (int i = 0; i < 20; i++)
			assert_int_equal(sipd_hostaudio_write(a, pcm, n), n);
		while (sipd_hostaudio_say(a, out))
			++frames;
		assert_true(frames >= 19 && frames <= 21);
		sipd_hostaudio_unref(a);
		free(pcm);
	}
}


/* ---- threads -------------------------------------------------------------- */

enum { ROUNDS = 20000 };

struct race {
	struct sipd_hostaudio *a;
	atomic_bool over;
	atomic_uint_fast64_t said, clears, rounds;
};


/* As fast as it can; the host must see each frame whole and in order. */
static void *media_main(void *arg)
{
	struct race *r = arg;
	int16_t out[FRAME];
	int last = -1;

	/* until the writer had its turn, too */
	for (int i = 0; i < ROUNDS || !atomic_load(&r->said); i++) {
		(void)hear_count(r->a, i % 100 * 256);
		atomic_fetch_add(&r->rounds, 1);
		if (!sipd_hostaudio_say(r->a, out) || out[FRAME - 1] == 0)
			continue;
		/* each frame is of one number; clears leave some out */
		if (out[0] != out[FRAME - 1] || out[0] < last)
			break;
		last = out[0];
		atomic_fetch_add(&r->said, 1);
	}
	atomic_store(&r->over, true);

	return NULL;
}


static void *writer_main(void *arg)
{
	struct race *r = arg;
	int16_t in[FRAME];

	for (int i = 1; !atomic_load(&r->over);) {
		for (int k = 0; k < FRAME; k++)
			in[k] = (int16_t)(i / 8 % 32000 + 1);
		if (sipd_hostaudio_write(r->a, in, FRAME) == FRAME)
			++i;
		if (i % 1000 == 0 && sipd_hostaudio_clear(r->a))
			atomic_fetch_add(&r->clears, 1);
	}

	return NULL;
}


static void test_threads_share_the_rings(void **state)
{
	struct race r = {.a = make(8000, 100, 100)};
	pthread_t media, writer;
	int16_t pcm[FRAME];
	uint64_t frames = 0, bad = 0;
	(void)state;

	assert_int_equal(pthread_create(&media, NULL, media_main, &r), 0);
	assert_int_equal(pthread_create(&writer, NULL, writer_main, &r), 0);
	for (;;) {
		const bool over = atomic_load(&r.over);
		const size_t n = sipd_hostaudio_read(r.a, pcm, FRAME);

		if (!n && over)
			break;
		frames += n == FRAME;
		bad += n && n != FRAME;
		for (size_t i = 1; i < n; i++)
			bad += pcm[i] != pcm[0] + (int)i;
		(void)counts(r.a);
	}
	(void)pthread_join(media, NULL);
	(void)pthread_join(writer, NULL);
	assert_int_equal(bad, 0);
	assert_int_equal(frames * FRAME + counts(r.a).lost,
			 atomic_load(&r.rounds) * FRAME);
	assert_true(atomic_load(&r.said) > 0);
	sipd_hostaudio_unref(r.a);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_heard_is_read_in_order),
		cmocka_unit_test(
			test_what_nobody_reads_is_dropped_newest_first),
		cmocka_unit_test(test_wide_stream_gives_the_whole_band),
		cmocka_unit_test(test_wide_stream_at_other_rates),
		cmocka_unit_test(test_host_is_told_once_until_it_acts),
		cmocka_unit_test(test_what_is_written_is_said_in_order),
		cmocka_unit_test(
			test_unfinished_frame_waits_once_then_ends_silent),
		cmocka_unit_test(test_clear_drops_all_that_waits),
		cmocka_unit_test(test_lost_frame_is_concealed),
		cmocka_unit_test(test_tones_keep_level_and_phase_at_all_rates),
		cmocka_unit_test(test_low_pass_before_the_lower_rate),
		cmocka_unit_test(test_pause_forgets_the_piece_before),
		cmocka_unit_test(test_threads_share_the_rings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
