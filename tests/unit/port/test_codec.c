/**
 * @file test_codec.c  G.722, Opus, L16 and the filters between the bands
 */
#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "lib/cmocka_all.h"
#include "port/codec/coder.h"
#include "port/codec/g711.h"
#include "port/codec/g722.h"
#include "port/codec/halfband.h"
#include "port/codec/l16.h"
#include "port/codec/opus.h"

#define PI 3.14159265358979323846

enum {
	FRAMES = 150,
	W = SIPD_WIDE_FRAME,
	SAMPLES = FRAMES * W,
	SLIDE = 640 /* samples, longest delay looked for */
};


/* Something like a voice: a few tones that come and go. */
static void speech(int16_t *pcm, size_t n, double rate, double top)
{
	size_t i;

	for (i = 0; i < n; ++i) {
		const double t = (double)i / rate;
		const double env = 0.5 + 0.5 * sin(2 * PI * 3 * t);

		pcm[i] = (int16_t)(env * (5000 * sin(2 * PI * 210 * t) +
					  3000 * sin(2 * PI * 1130 * t) +
					  2000 * sin(2 * PI * top * t)));
	}
}


/* Signal to noise, dB, at the delay that fits best; in the middle. */
static double snr(const int16_t *in, const int16_t *out, size_t n)
{
	double best = -100;
	size_t delay, i;

	for (delay = 0; delay <= SLIDE; ++delay) {
		double s = 1, e = 1;

		for (i = n / 4; i < n / 4 + n / 2; ++i) {
			const double d = out[i + delay] - in[i];

			s += (double)in[i] * in[i];
			e += d * d;
		}
		if (10 * log10(s / e) > best)
			best = 10 * log10(s / e);
	}

	return best;
}


static void test_names_any_case(void **state)
{
	(void)state;
	assert_string_equal(sipd_codec_name(SIPD_CODEC_PCMU), "PCMU");
	assert_string_equal(sipd_codec_name(SIPD_CODEC_PCMA), "PCMA");
	assert_string_equal(sipd_codec_name(SIPD_CODEC_G722), "G722");
	assert_string_equal(sipd_codec_name(SIPD_CODEC_L16_8), "L16");
	assert_null(sipd_codec_name(SIPD_CODEC_NONE));
	assert_int_equal(sipd_codec_from_name("pcma"), SIPD_CODEC_PCMA);
	assert_int_equal(sipd_codec_from_name("PcmU"), SIPD_CODEC_PCMU);
	assert_int_equal(sipd_codec_from_name("g722"), SIPD_CODEC_G722);
	assert_int_equal(sipd_codec_from_name("l16"), SIPD_CODEC_L16);
	assert_int_equal(sipd_codec_from_name("gsm"), SIPD_CODEC_NONE);
	assert_int_equal(sipd_codec_from_name(NULL), SIPD_CODEC_NONE);
	assert_int_equal(sipd_codec_from_name("opus"),
			 sipd_opus_built() ? SIPD_CODEC_OPUS
					   : SIPD_CODEC_NONE);
}


static void test_payloads_last_as_long_as_they_say(void **state)
{
	static const uint8_t zeros[1280];
	(void)state;

	assert_int_equal(sipd_codec_ticks(SIPD_CODEC_PCMU, zeros, 160), 160);
	assert_int_equal(sipd_codec_ticks(SIPD_CODEC_G722, zeros, 160), 160);
	assert_int_equal(sipd_codec_ticks(SIPD_CODEC_L16, zeros, 640), 160);
	assert_int_equal(sipd_codec_ticks(SIPD_CODEC_L16_8, zeros, 320), 160);
	/* half a sample */
	assert_int_equal(sipd_codec_ticks(SIPD_CODEC_L16, zeros, 641), 0);
	assert_int_equal(sipd_codec_ticks(SIPD_CODEC_L16_8, zeros, 321), 0);
	assert_int_equal(sipd_codec_ticks(SIPD_CODEC_NONE, zeros, 160), 0);
	assert_int_equal(sipd_codec_ticks(SIPD_CODEC_OPUS, zeros, 0), 0);
}


/* What spandsp has of G.722; its states are opaque to us. */
struct foreign {
	void *so;
	void *(*enc)(void *, int, int);
	int (*encode)(void *, uint8_t *, const int16_t *, int);
	int (*enc_free)(void *);
	void *(*dec)(void *, int, int);
	int (*decode)(void *, int16_t *, const uint8_t *, int);
	int (*dec_free)(void *);
};


static void foreign_open(struct foreign *f)
{
	static const char *const names[] = {
		"g722_encode_init", "g722_encode", "g722_encode_free",
		"g722_decode_init", "g722_decode", "g722_decode_free",
	};
	void **const slots[] = {
		(void **)(void *)&f->enc,      (void **)(void *)&f->encode,
		(void **)(void *)&f->enc_free, (void **)(void *)&f->dec,
		(void **)(void *)&f->decode,   (void **)(void *)&f->dec_free,
	};
	size_t i;

	f->so = dlopen("libspandsp.so.2", RTLD_NOW | RTLD_LOCAL);
	if (!f->so) {
		print_message("skipped: no libspandsp.so.2\n");
		skip();
	}
	for (i = 0; i < 6; ++i) {
		*slots[i] = dlsym(f->so, names[i]);
		assert_non_null(*slots[i]);
	}
}


/* Voice, full-scale noise, squares, silence: all corners of the tables. */
static void hard_signal(int16_t *pcm, size_t n)
{
	uint32_t seed = 4;
	size_t i;

	speech(pcm, n, SIPD_WIDE_HZ, 5200);
	for (i = n / 3; i < n / 2; ++i) {
		seed = seed * 1664525 + 1013904223;
		pcm[i] = (int16_t)(seed >> 16);
	}
	for (i = n / 2; i < n / 2 + n / 6; ++i)
		pcm[i] = i / 9 % 2 ? INT16_MAX : INT16_MIN;
	memset(pcm + n - n / 6, 0, n / 6 * sizeof(*pcm));
}


/* Beyond full scale spandsp wraps, where the Recommendation saturates. */
static void same_but_for_wraps(const int16_t *ours, const int16_t *theirs,
			       size_t n)
{
	size_t i;

	for (i = 0; i < n; ++i) {
		const bool full = ours[i] == INT16_MAX || ours[i] == INT16_MIN;

		if (!full || (ours[i] < 0) == (theirs[i] < 0))
			assert_int_equal(ours[i], theirs[i]);
	}
}


/* conformance: ITU-T G.722 | 64 kbit/s, bit exact both ways | spandsp */
static void test_g722_bit_exact_with_spandsp(void **state)
{
	struct foreign f;
	struct sipd_g722 enc, dec;
	int16_t *pcm = malloc(SAMPLES * sizeof(*pcm));
	int16_t *ours = malloc(SAMPLES * sizeof(*ours));
	int16_t *theirs = malloc(SAMPLES * sizeof(*theirs));
	uint8_t *a = malloc(SAMPLES / 2), *b = malloc(SAMPLES / 2);
	void *fe, *fd;
	size_t i;
	(void)state;

	foreign_open(&f);
	hard_signal(pcm, SAMPLES);
	sipd_g722_init(&enc);
	sipd_g722_init(&dec);
	fe = f.enc(NULL, 64000, 0);
	fd = f.dec(NULL, 64000, 0);

	sipd_g722_encode(&enc, a, pcm, SAMPLES / 2);
	assert_int_equal(f.encode(fe, b, pcm, SAMPLES), SAMPLES / 2);
	assert_memory_equal(a, b, SAMPLES / 2);

	sipd_g722_decode(&dec, ours, a, SAMPLES / 2);
	assert_int_equal(f.decode(fd, theirs, a, SAMPLES / 2), SAMPLES);
	same_but_for_wraps(ours, theirs, SAMPLES);

	/* codes that no encoder would send */
	for (i = 0; i < SAMPLES / 2; ++i)
		a[i] = (uint8_t)(i * i / 7 + i);
	sipd_g722_decode(&dec, ours, a, SAMPLES / 2);
	assert_int_equal(f.decode(fd, theirs, a, SAMPLES / 2), SAMPLES);
	same_but_for_wraps(ours, theirs, SAMPLES);

	(void)f.enc_free(fe);
	(void)f.dec_free(fd);
	(void)dlclose(f.so);
	free(pcm);
	free(ours);
	free(theirs);
	free(a);
	free(b);
}


/* Through a coder and back, frame by frame; dB. */
static double through(enum sipd_codec_id id, double top)
{
	static int16_t in[SAMPLES + SLIDE], out[SAMPLES + SLIDE];
	uint8_t buf[SIPD_CODER_FRAME];
	struct sipd_coder *c = NULL;
	size_t i;

	assert_int_equal(sipd_coder_open(&c, id == SIPD_CODEC_OPUS), 0);
	memset(out, 0, sizeof(out));
	speech(in, SAMPLES, SIPD_WIDE_HZ, top);
	for (i = 0; i < FRAMES; ++i) {
		const size_t n = sipd_coder_encode(c, id, buf, in + i * W);

		assert_true(n > 0);
		assert_int_equal(sipd_codec_ticks(id, buf, n), 160);
		assert_int_equal(sipd_coder_decode(c, id, out + i * W, buf, n),
				 W);
	}
	sipd_coder_close(c);

	return snr(in, out, SAMPLES);
}


/* conformance: RFC 3551 4.5.2 | G.722 carries 5.2 kHz, SNR over 18 dB | unit */
/* conformance: RFC 3551 4.5.11 | L16 in network order, 8 and 16 kHz | unit */
static void test_round_trips_keep_the_signal(void **state)
{
	(void)state;
	assert_true(through(SIPD_CODEC_G722, 5200) > 18);
	assert_true(through(SIPD_CODEC_L16, 5200) > 90);
	/* what the narrow ones hold goes through the filters, too */
	assert_true(through(SIPD_CODEC_PCMU, 2900) > 30);
	assert_true(through(SIPD_CODEC_PCMA, 2900) > 30);
	assert_true(through(SIPD_CODEC_L16_8, 2900) > 50);
	/* and what they cannot is gone, not folded back */
	assert_true(through(SIPD_CODEC_L16_8, 5200) < 20);
}


/* conformance: RFC 7587 | Opus at 16 kHz mono carries 5.2 kHz | unit */
static void test_opus_round_trip_keeps_the_signal(void **state)
{
	(void)state;
	if (!sipd_opus_built())
		skip();
	/* no codec of wave forms: what it changes is mostly the phase */
	assert_true(through(SIPD_CODEC_OPUS, 2900) > 8);
}


static double power(const int16_t *pcm, size_t n)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < n; ++i)
		sum += (double)pcm[i] * pcm[i];

	return sum / (double)n;
}


/* conformance: RFC 7587 3.3 | a lost frame is made good by the packet behind it (in-band FEC) | unit */
static void test_opus_lost_frame_concealed(void **state)
{
	int16_t in[W * 40], pcm[2 * SIPD_CODER_TICKS];
	uint8_t a[SIPD_CODER_FRAME], b[SIPD_CODER_FRAME];
	struct sipd_coder *c = NULL;
	size_t i, n = 0, m;
	(void)state;

	if (!sipd_opus_built())
		skip();
	/* soft until the frame that is lost: nobody could guess it */
	speech(in, W * 40, SIPD_WIDE_HZ, 2900);
	for (i = 0; i < W * 38; ++i)
		in[i] /= 100;
	assert_int_equal(sipd_coder_open(&c, true), 0);
	sipd_coder_limit(c, 0, true);
	for (i = 0; i < 38; ++i) {
		n = sipd_coder_encode(c, SIPD_CODEC_OPUS, a, in + i * W);
		(void)sipd_coder_decode(c, SIPD_CODEC_OPUS, pcm, a, n);
	}
	(void)sipd_coder_encode(c, SIPD_CODEC_OPUS, a, in + 38 * W);
	m = sipd_coder_encode(c, SIPD_CODEC_OPUS, b, in + 39 * W);
	assert_true(sipd_coder_conceal(c, SIPD_CODEC_OPUS, pcm, b, m));
	assert_true(power(pcm, W) > power(in + 38 * W, W) / 10);
	assert_true(sipd_coder_conceal(c, SIPD_CODEC_OPUS, pcm, NULL, 0));
	assert_true(power(pcm, W) > power(in + 39 * W, W) / 8);
	/* the others have no means of their own */
	assert_false(sipd_coder_conceal(c, SIPD_CODEC_G722, pcm, NULL, 0));
	sipd_coder_close(c);
}


static void test_opus_malformed_packets_no_crash(void **state)
{
	static int16_t pcm[2 * SIPD_CODER_TICKS];
	struct sipd_coder *c = NULL;
	uint8_t buf[200];
	uint32_t seed = 1;
	unsigned i, k, taken = 0;
	(void)state;

	if (!sipd_opus_built())
		skip();
	assert_int_equal(sipd_coder_open(&c, true), 0);
	for (i = 0; i < 5000; ++i) {
		const size_t len = 1 + i % sizeof(buf);

		for (k = 0; k < len; ++k) {
			seed = seed * 1664525 + 1013904223;
			buf[k] = (uint8_t)(seed >> 24);
		}
		if (!sipd_codec_ticks(SIPD_CODEC_OPUS, buf, len))
			continue;
		taken += sipd_coder_decode(c, SIPD_CODEC_OPUS, pcm, buf, len) >
			 0;
	}
	assert_true(taken > 0);
	sipd_coder_close(c);
}


static void test_opus_joins_frames_of_a_kind(void **state)
{
	uint8_t f[3][SIPD_OPUS_PACKET], out[3 * SIPD_OPUS_PACKET];
	const uint8_t *const frames[3] = {f[0], f[1], f[2]};
	static int16_t in[W * 3];
	struct sipd_coder *c = NULL;
	uint16_t lens[3];
	size_t i, n;
	(void)state;

	if (!sipd_opus_built())
		skip();
	speech(in, W * 3, SIPD_WIDE_HZ, 2900);
	assert_int_equal(sipd_coder_open(&c, true), 0);
	for (i = 0; i < 3; ++i) {
		uint8_t buf[SIPD_CODER_FRAME];

		lens[i] = (uint16_t)sipd_coder_encode(c, SIPD_CODEC_OPUS, buf,
						      in + i * W);
		memcpy(f[i], buf, lens[i]);
	}
	n = sipd_coder_join(c, out, sizeof(out), frames, lens, 3);
	assert_true(n > 0);
	assert_int_equal(sipd_codec_ticks(SIPD_CODEC_OPUS, out, n), 480);
	sipd_coder_close(c);
}


static void test_halfband_extremes_do_not_wrap(void **state)
{
	int16_t narrow[SIPD_HALFBAND_MAX], wide[2 * SIPD_HALFBAND_MAX];
	struct sipd_up up = {{0}};
	struct sipd_down down = {{0}};
	size_t i;
	(void)state;

	for (i = 0; i < SIPD_HALFBAND_MAX; ++i)
		narrow[i] = i < SIPD_HALFBAND_MAX / 2 ? INT16_MAX : INT16_MIN;
	sipd_up(&up, wide, narrow, SIPD_HALFBAND_MAX);
	for (i = 40; i < SIPD_HALFBAND_MAX - 40; ++i)
		assert_true(wide[i] > 32000);
	sipd_down(&down, wide, wide, SIPD_HALFBAND_MAX);
	for (i = 30; i < SIPD_HALFBAND_MAX / 2 - 30; ++i)
		assert_true(wide[i] > 32000);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_any_case),
		cmocka_unit_test(test_payloads_last_as_long_as_they_say),
		cmocka_unit_test(test_g722_bit_exact_with_spandsp),
		cmocka_unit_test(test_round_trips_keep_the_signal),
		cmocka_unit_test(test_opus_round_trip_keeps_the_signal),
		cmocka_unit_test(test_opus_lost_frame_concealed),
		cmocka_unit_test(test_opus_malformed_packets_no_crash),
		cmocka_unit_test(test_opus_joins_frames_of_a_kind),
		cmocka_unit_test(test_halfband_extremes_do_not_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
