/**
 * @file fuzz/fuzz_ear.c  Whatever is heard
 *
 * The input is a score: four bytes say what the next frames are (tones, noise,
 * rails, silence, lost, the bytes that follow as samples), two how long and
 * how loud, or the call is answered.  All that is told must be in order, all
 * that is measured a number.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "core/media/detect/ear.h"
#include "fuzz.h"

enum {
	F = SIPD_LOOK_FRAME,
	FRAMES_MAX = 1000,
	KINDS = SIPD_HEARD_VERDICT + 1
};

struct state {
	struct sipd_ear ear;
	unsigned told;   /* in this frame */
	uint32_t frames; /* since times begin */
	uint32_t all;
	bool on[KINDS];
	bool final;
	uint32_t seed, phase;
};


static void need(bool is)
{
	if (!is)
		abort();
}


static bool is_share(float x)
{
	return x >= 0 && x <= 1; /* no NaN */
}


static void heard_handler(const struct sipd_heard *h, void *arg)
{
	struct state *s = arg;
	const uint32_t now = s->frames * SIPD_EAR_FRAME_MS;

	need(++s->told <= KINDS);
	need((unsigned)h->kind < KINDS);
	need(h->from_ms <= h->at_ms && h->at_ms <= now);
	need(isfinite(h->hz[0]) && isfinite(h->hz[1]));
	need(is_share(h->confidence));
	if (h->kind == SIPD_HEARD_SIT)
		need(h->word && *h->word);

	switch (h->kind) {
	case SIPD_HEARD_SPEECH:
	case SIPD_HEARD_SILENCE:
	case SIPD_HEARD_CLIPPING:
		need(h->on != s->on[h->kind]);
		s->on[h->kind] = h->on;
		break;
	case SIPD_HEARD_VERDICT:
		need(s->ear.answered && h->word);
		need(!s->final || h->final);
		s->final = h->final;
		break;
	default:
		break;
	}
}


static void check(const struct state *s)
{
	const struct sipd_chances c = sipd_ear_chances(&s->ear);
	int i;

	need(is_share(c.human) && is_share(c.machine) && is_share(c.beep));
	/* what is in the middle of the window counts up to 4.3 dB more */
	for (i = 0; i < SIPD_VAD_CHANNELS; ++i)
		need(s->ear.vad.noise[i] >= -100 && s->ear.vad.noise[i] <= 7);
	need(s->ear.vad.level >= -100 && s->ear.vad.level < 100);
	need(isfinite(s->ear.vad.flux) && isfinite(s->ear.clipped));
}


static int16_t sample(struct state *s, const uint8_t *op, unsigned i)
{
	const int high = 1 << (op[2] % 16);

	s->seed = s->seed * 1664525 + 1013904223;
	switch (op[0] % 8) {
	case 0: /* a tone, or two */
	case 1:
		s->phase += 1;
		return (int16_t)((high - 1) / 2 *
				 (sin(s->phase * (op[1] * 16 + 1) * 7.85e-4) +
				  (op[0] % 2) *
					  sin(s->phase * (op[3] * 16 + 1) *
					      7.85e-4)));
	case 2: /* noise */
		return (int16_t)((int)(s->seed >> 16) % high - high / 2);
	case 3: /* rails */
		return i / (op[1] / 4 + 1U) % 2 ? INT16_MAX : INT16_MIN;
	case 4: /* one value */
		return (int16_t)(op[1] << 8 | op[3]);
	case 5: /* pulses */
		return i % (op[1] + 20U) ? 0 : (int16_t)(high - 1);
	default:
		return 0;
	}
}


static void hear(struct state *s, const int16_t *pcm, bool received)
{
	s->told = 0;
	++s->frames;
	++s->all;
	sipd_ear_hear(&s->ear, pcm, received, heard_handler, s);
	check(s);
}


/* How much of the input it took. */
static size_t play(struct state *s, const uint8_t *op, size_t left)
{
	unsigned n = op[3] % 64 + 1, i;
	int16_t pcm[F];
	size_t took = 4;

	if (op[0] % 8 == 6 && op[1] % 4 == 0 && !s->ear.answered) {
		sipd_ear_answered(&s->ear);
		s->frames = 0;
		memset(s->on, 0, sizeof(s->on));
		return took;
	}
	for (; n && s->all < FRAMES_MAX; --n) {
		if (op[0] % 8 == 7) {
			if (took + sizeof(pcm) > left)
				break;
			memcpy(pcm, op + took, sizeof(pcm));
			took += sizeof(pcm);
		}
		for (i = 0; i < F && op[0] % 8 != 7; ++i)
			pcm[i] = sample(s, op, i);
		hear(s, pcm, op[0] % 8 != 6 || op[1] % 2);
	}

	return took;
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct sipd_ear_conf conf = {
		.tones = size && data[0] & 1,
		.amd = !size || !(data[0] & 2),
		.timeout_ms = 5000,
		.silence_ms = size && data[0] & 4 ? 1000 : 0,
	};
	struct state s = {.seed = 1};
	size_t at = 1;

	sipd_ear_init(&s.ear, &conf);
	while (at + 4 <= size && s.all < FRAMES_MAX)
		at += play(&s, data + at, size - at);

	return 0;
}
