/**
 * @file unit/port/test_g711.c  G.711 against the reference, all values
 *
 * Decoding against the arithmetic of tables 1a and 2a, encoding against the
 * loops of ITU-T G.191.
 */
#include "lib/cmocka_all.h"
#include "port/codec/g711.h"


/* G.711 table 2a: 8 chords of 16 steps, 14 bit, first step of 1 */
static int ulaw_value(uint8_t code)
{
	const int c = ~code & 0x7f;
	const int mag = (((2 * (c & 15)) + 33) << (c >> 4)) - 33;

	return 4 * (code & 0x80 ? mag : -mag);
}


/* G.711 table 1a: 13 bit, chords 0 and 1 share the step */
static int alaw_value(uint8_t code)
{
	const int c = (code ^ 0x55) & 0x7f;
	const int chord = c >> 4;
	const int mag = chord ? ((2 * (c & 15) + 33) << (chord - 1))
			      : 2 * (c & 15) + 1;

	return 8 * (code & 0x80 ? mag : -mag);
}


static void test_decode_all_codes_as_reference(void **state)
{
	int i;
	(void)state;

	for (i = 0; i < 256; ++i) {
		const uint8_t code = (uint8_t)i;
		int16_t pcm;

		sipd_g711_decode(SIPD_CODEC_PCMU, &pcm, &code, 1);
		assert_int_equal(pcm, ulaw_value(code));
		sipd_g711_decode(SIPD_CODEC_PCMA, &pcm, &code, 1);
		assert_int_equal(pcm, alaw_value(code));
	}
}


static void test_round_trip_all_codes_kept(void **state)
{
	int i;
	(void)state;

	for (i = 0; i < 256; ++i) {
		const uint8_t code = (uint8_t)i;
		uint8_t back;
		int16_t pcm;

		sipd_g711_decode(SIPD_CODEC_PCMA, &pcm, &code, 1);
		sipd_g711_encode(SIPD_CODEC_PCMA, &back, &pcm, 1);
		assert_int_equal(back, code);

		sipd_g711_decode(SIPD_CODEC_PCMU, &pcm, &code, 1);
		sipd_g711_encode(SIPD_CODEC_PCMU, &back, &pcm, 1);
		/* negative zero is said as positive zero */
		assert_int_equal(back, code == 0x7f ? 0xff : code);
	}
}


/* The loops of ITU-T G.191, ulaw_compress() and alaw_compress() */
static uint8_t ulaw_reference(int lin)
{
	int absno = (lin < 0 ? (~lin) >> 2 : lin >> 2) + 33;
	int segno = 1, i;

	if (absno > 0x1fff)
		absno = 0x1fff;
	for (i = absno >> 6; i; i >>= 1)
		++segno;

	return (uint8_t)((8 - segno) << 4 | (15 - ((absno >> segno) & 15)) |
			 (lin >= 0 ? 0x80 : 0));
}


static uint8_t alaw_reference(int lin)
{
	int ix = lin < 0 ? (~lin) >> 4 : lin >> 4;

	if (ix > 15) {
		int iexp = 1;

		while (ix > 16 + 15) {
			ix >>= 1;
			++iexp;
		}
		ix = ix - 16 + (iexp << 4);
	}
	if (lin >= 0)
		ix |= 0x80;

	return (uint8_t)(ix ^ 0x55);
}


static void test_encode_all_samples_as_reference(void **state)
{
	int s;
	(void)state;

	for (s = INT16_MIN; s <= INT16_MAX; ++s) {
		const int16_t pcm = (int16_t)s;
		uint8_t u, a;

		sipd_g711_encode(SIPD_CODEC_PCMU, &u, &pcm, 1);
		sipd_g711_encode(SIPD_CODEC_PCMA, &a, &pcm, 1);
		if (u != ulaw_reference(s) || a != alaw_reference(s))
			fail_msg("%d: %02x %02x", s, u, a);
	}
}


static void test_silence_encodes_zero(void **state)
{
	const int16_t zero = 0;
	uint8_t code;
	(void)state;

	sipd_g711_encode(SIPD_CODEC_PCMU, &code, &zero, 1);
	assert_int_equal(code, sipd_g711_silence(SIPD_CODEC_PCMU));
	assert_int_equal(code, 0xff);
	sipd_g711_encode(SIPD_CODEC_PCMA, &code, &zero, 1);
	assert_int_equal(code, sipd_g711_silence(SIPD_CODEC_PCMA));
	assert_int_equal(code, 0xd5);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode_all_codes_as_reference),
		cmocka_unit_test(test_round_trip_all_codes_kept),
		cmocka_unit_test(test_encode_all_samples_as_reference),
		cmocka_unit_test(test_silence_encodes_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
