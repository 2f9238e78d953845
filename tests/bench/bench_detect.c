/**
 * @file bench/bench_detect.c  What it costs to listen: each detector, and all
 *
 * bench_detect [FILE.wav...]: us of CPU per frame of 20 ms, the best of some
 * rounds, over recordings; without any over sounds made here (a voice, a
 * voice in noise, silence, noise, tones).  Prints one JSON line a sound and
 * one of all.  Each round goes over many calls in turn, so that their state
 * comes from memory as it does in an engine.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "bench_util.h"
#include "core/media/detect/ear.h"
#include "voice_help.h"
#include "port/file/wav.h"

enum {
	F = SIPD_LOOK_FRAME,
	CALLS = 500,
	FRAMES = 300, /* of a sound, 6 s */
	ROUNDS = 5,
	STAGES = 4
};

static const char *const names[STAGES] = {"look", "tones", "voice", "ear"};

struct sound {
	const char *name;
	int16_t pcm[FRAMES * F];
};

struct calls {
	struct sipd_sight sight[CALLS];
	struct sipd_signals signals[CALLS];
	struct sipd_vad vad[CALLS];
	struct sipd_ear ear[CALLS];
	struct sipd_look look[FRAMES];
	struct sipd_tones tones[FRAMES];
	unsigned heard;
};


static void signal_handler(const struct sipd_signal *s, void *arg)
{
	struct calls *c = arg;
	(void)s;

	++c->heard;
}


static void heard_handler(const struct sipd_heard *heard, void *arg)
{
	struct calls *c = arg;
	(void)heard;

	++c->heard;
}


static void frame(struct calls *c, const struct sound *s, int stage,
		  unsigned call, unsigned at)
{
	const int16_t *pcm = s->pcm + (size_t)at * F;
	struct sipd_voice voice;

	switch (stage) {
	case 0:
		sipd_look(&c->sight[call], pcm, &c->look[at]);
		break;
	case 1:
		sipd_tones_find(&c->look[at], &c->tones[at]);
		sipd_signals_hear(&c->signals[call], &c->look[at],
				  &c->tones[at], at * SIPD_EAR_FRAME_MS, 0,
				  signal_handler, c);
		break;
	case 2:
		sipd_vad_hear(&c->vad[call], &c->look[at], &c->tones[at], pcm,
			      &voice);
		break;
	default:
		sipd_ear_hear(&c->ear[call], pcm, true, heard_handler, c);
		break;
	}
}


static uint64_t cpu_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);

	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}


/* us per frame */
static double round_of(struct calls *c, const struct sound *s, int stage)
{
	const struct sipd_ear_conf conf = {.tones = true,
					   .amd = true,
					   .silence_ms = 3000};
	unsigned i, call, at;
	uint64_t begin;

	memset(c->signals, 0, sizeof(c->signals));
	memset(c->vad, 0, sizeof(c->vad));
	for (i = 0; i < CALLS; ++i) {
		sipd_ear_init(&c->ear[i], &conf);
		sipd_ear_answered(&c->ear[i]);
	}

	begin = cpu_us();
	for (at = 0; at < FRAMES; ++at)
		for (call = 0; call < CALLS; ++call)
			frame(c, s, stage, call, at);

	return (double)(cpu_us() - begin) / (CALLS * FRAMES);
}


static void measure(struct calls *c, const struct sound *s, double *sum)
{
	int stage, i;

	printf("{\"bench\":\"detect\",\"sound\":\"%s\"", s->name);
	for (stage = 0; stage < STAGES; ++stage) {
		double best = round_of(c, s, stage);

		for (i = 1; i < ROUNDS; ++i) {
			const double us = round_of(c, s, stage);

			best = us < best ? us : best;
		}
		sum[stage] += best;
		printf(",\"%s_us\":%.3f", names[stage], best);
	}
	printf("}\n");
	(void)fflush(stdout);
}


static bool read_sound(struct sound *s, const char *path)
{
	const char *base = strrchr(path, '/');
	int16_t *pcm = NULL;
	size_t n = 0;

	if (sipd_wav_read(path, &pcm, &n)) {
		(void)fprintf(stderr, "%s: %s\n", path, sipd_error_text());
		return false;
	}
	s->name = base ? base + 1 : path;
	memset(s->pcm, 0, sizeof(s->pcm));
	n = n < FRAMES * F ? n : FRAMES * F;
	memcpy(s->pcm, pcm, n * sizeof(*pcm));
	free(pcm);

	return true;
}


static bool make_sound(struct sound *s, unsigned kind)
{
	enum { N = FRAMES * F };
	uint32_t seed = 1;

	memset(s->pcm, 0, sizeof(s->pcm));
	switch (kind) {
	case 0:
		s->name = "voice";
		detect_voice(s->pcm, N, 120, -20);
		break;
	case 1:
		s->name = "voice in noise";
		detect_voice(s->pcm, N, 200, -25);
		detect_noise(s->pcm, N, -45, &seed);
		break;
	case 2:
		s->name = "digital silence";
		break;
	case 3:
		s->name = "noise";
		detect_noise(s->pcm, N, -50, &seed);
		break;
	case 4:
		s->name = "ringing";
		detect_tone(s->pcm, 2 * N / 6, 440, -19);
		detect_tone(s->pcm, 2 * N / 6, 480, -19);
		break;
	default:
		return false;
	}

	return true;
}


int main(int argc, char *argv[])
{
	struct sound *s = calloc(1, sizeof(*s));
	struct calls *c = calloc(1, sizeof(*c));
	double sum[STAGES] = {0};
	unsigned n = 0;
	int i;

	if (!s || !c)
		return 1;

	for (i = 1; i < argc; ++i, ++n) {
		if (!read_sound(s, argv[i]))
			return 1;
		measure(c, s, sum);
	}
	while (argc == 1 && make_sound(s, n)) {
		measure(c, s, sum);
		++n;
	}

	printf("{\"bench\":\"detect\",\"sound\":\"mean\"");
	for (i = 0; i < STAGES; ++i)
		printf(",\"%s_us\":%.3f", names[i], sum[i] / n);
	printf(",\"ear_bytes\":%zu,\"calls_per_core\":%.0f}\n",
	       sizeof(struct sipd_ear), 20000 / (sum[STAGES - 1] / n));
	free(c);
	free(s);

	return 0;
}
