/*
 * What the telephones say.  Without files the speech is synthetic: a
 * glottal pulse train through three formants, in syllables, so that voice
 * detection sees harmonics, an envelope and pauses as of a real voice.
 */
#include "sound.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

enum { RATE = 8000, WAV_HEAD = 44, WAV_MAX = 60 * RATE };

static const double pi = 3.14159265358979323846;

struct vowel {
	double f1, f2, f3;
};

static const struct vowel vowels[] = {
	{730, 1090, 2440}, {530, 1840, 2480}, {270, 2290, 3010},
	{570, 840, 2410},  {300, 870, 2240},
};


static void grow(struct sound *s, size_t n)
{
	s->pcm = need(realloc(s->pcm, (s->n + n) * sizeof(*s->pcm)));
	memset(s->pcm + s->n, 0, n * sizeof(*s->pcm));
	s->n += n;
}


static void silence(struct sound *s, unsigned ms)
{
	grow(s, (size_t)ms * RATE / 1000);
}


/* One or two tones with 5 ms ramps. */
static void tone(struct sound *s, double f1, double f2, unsigned ms,
		 double level)
{
	size_t from = s->n, n = (size_t)ms * RATE / 1000, ramp = RATE / 200;

	grow(s, n);
	for (size_t i = 0; i < n; i++) {
		double v = sin(2 * pi * f1 * (double)i / RATE);
		double e = 1;

		if (f2 > 0)
			v = (v + sin(2 * pi * f2 * (double)i / RATE)) / 2;
		if (i < ramp)
			e = (double)i / (double)ramp;
		else if (n - i < ramp)
			e = (double)(n - i) / (double)ramp;
		s->pcm[from + i] = (int16_t)(v * e * level * 32767);
	}
}


struct resonator {
	double a, b, c, y1, y2;
};


static void tune(struct resonator *r, double f, double bw)
{
	r->c = -exp(-2 * pi * bw / RATE);
	r->b = 2 * exp(-pi * bw / RATE) * cos(2 * pi * f / RATE);
	r->a = 1 - r->b - r->c;
}


static double pass(struct resonator *r, double x)
{
	double y = r->a * x + r->b * r->y1 + r->c * r->y2;

	r->y2 = r->y1;
	r->y1 = y;
	return y;
}


/* One syllable: a noisy onset, then a voiced vowel that falls in pitch. */
static void syllable(struct sound *s, uint64_t *rnd, unsigned ms, double f0)
{
	struct resonator r[3] = {{0}};
	const struct vowel *v;
	size_t from = s->n, n = (size_t)ms * RATE / 1000;
	double phase = 0;

	*rnd = mix64(*rnd);
	v = &vowels[*rnd % (sizeof(vowels) / sizeof(*vowels))];
	tune(&r[0], v->f1, 80);
	tune(&r[1], v->f2, 100);
	tune(&r[2], v->f3, 140);
	grow(s, n);
	for (size_t i = 0; i < n; i++) {
		double t = (double)i / (double)n, x, noise;
		double e = t < 0.15 ? t / 0.15 : pow(1 - t, 0.6) * 1.1;

		*rnd = mix64(*rnd);
		noise = (double)(int16_t)*rnd / 32768;
		phase += f0 * (1.05 - 0.15 * t) / RATE;
		x = 2 * (phase - floor(phase)) - 1;
		x = t < 0.12 ? noise * 0.6 : x + 0.03 * noise;
		x = pass(&r[0], x) + 0.6 * pass(&r[1], x) +
		    0.3 * pass(&r[2], x);
		x *= e * 9000;
		s->pcm[from + i] = (int16_t)(x > 30000    ? 30000
					     : x < -30000 ? -30000
							  : x);
	}
}


/* Sentences of words of syllables for about `ms`. */
static void speech(struct sound *s, uint64_t seed, unsigned ms, double f0)
{
	size_t end = s->n + (size_t)ms * RATE / 1000;
	uint64_t rnd = seed;
	unsigned words = 0;

	while (s->n < end) {
		unsigned k = 1 + (unsigned)(mix64(rnd) % 3);

		while (k-- && s->n < end)
			syllable(s, &rnd, 140 + (unsigned)(mix64(rnd) % 90),
				 f0 * (0.9 + (double)(rnd % 20) / 100));
		silence(s, ++words % 6 ? 60 : 350);
	}
	s->n = end;
}


/* A room: never quite silent. */
static void room(struct sound *s, size_t from, uint64_t rnd, int peak)
{
	const unsigned values = 2 * (unsigned)peak + 1;

	for (size_t i = from; i < s->n; i++) {
		rnd = mix64(rnd);
		s->pcm[i] = (int16_t)(s->pcm[i] + (int)(rnd % values) - peak);
	}
}


/* Somebody takes the receiver off the hook. */
static void click(struct sound *s)
{
	const size_t from = s->n;

	grow(s, RATE / 50);
	for (size_t i = 0; i < RATE / 50; i++)
		s->pcm[from + i] = (int16_t)(i % 7 < 3 ? 9000 - 50 * (int)i
						       : -9000 + 50 * (int)i);
}


static uint32_t le32(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}


/* Finds the data of a 16-bit mono 8 kHz WAV. */
static bool wav_parse(struct sound *s, const unsigned char *p, size_t n)
{
	size_t at = 12;
	bool right = false;

	if (n < WAV_HEAD || memcmp(p, "RIFF", 4) || memcmp(p + 8, "WAVE", 4))
		return false;
	while (at + 8 <= n) {
		size_t l = le32(p + at + 4), room = n - at - 8;

		if (l > room)
			l = room;
		if (!memcmp(p + at, "fmt ", 4) && l >= 16)
			right = p[at + 8] == 1 && p[at + 10] == 1 &&
				le32(p + at + 12) == RATE && p[at + 22] == 16;
		if (!memcmp(p + at, "data", 4) && right) {
			size_t from = s->n;

			grow(s, l / 2);
			memcpy(s->pcm + from, p + at + 8, l / 2 * 2);
			return true;
		}
		at += 8 + l + (l & 1);
	}
	return false;
}


/* 1: added, 0: no such file, -1: not usable */
static int wav_add(struct sound *s, const char *dir, const char *name)
{
	enum { MAX = WAV_HEAD + WAV_MAX * 2 };
	char path[4096];
	unsigned char *p;
	size_t n;
	FILE *f;
	bool ok;

	if (!dir)
		return 0;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rb");
	if (!f)
		return 0;
	p = need(malloc(MAX));
	n = fread(p, 1, MAX, f);
	fclose(f);
	ok = wav_parse(s, p, n);
	free(p);
	if (!ok)
		fprintf(stderr,
			"phonenet: %s: not a 16-bit mono 8000 Hz WAV\n", path);
	return ok ? 1 : -1;
}


/* A file, or else speech. */
static int say(struct sound *s, const char *dir, const char *name, unsigned ms,
	       uint64_t seed)
{
	int r = wav_add(s, dir, name);

	if (!r)
		speech(s, seed, ms, seed & 1 ? 115 : 190);
	return r < 0 ? -1 : 0;
}


static int person(struct sound *s, const char *dir, uint64_t seed)
{
	const size_t from = s->n;
	int err;

	silence(s, 500);
	err = say(s, dir, "hello.wav", 500, seed);
	silence(s, 3000);
	room(s, from, seed, 80);
	return err;
}


/* What may answer besides those that are as old as this network. */
static int answers_make(struct sound *s, const char *dir, uint64_t seed)
{
	int err = 0;

	/* Bellcore GR-1162: vacant code is long, short, long */
	tone(&s[SOUND_VACANT], 985.2, 0, 380, 0.3);
	tone(&s[SOUND_VACANT], 1370.6, 0, 274, 0.3);
	tone(&s[SOUND_VACANT], 1776.7, 0, 380, 0.3);
	silence(&s[SOUND_VACANT], 200);
	err |= say(&s[SOUND_VACANT], dir, "not-in-service.wav", 2500,
		   seed + 3);
	for (int i = 0; i < 4; i++) {
		silence(&s[SOUND_CNG], i ? 3000 : 300);
		tone(&s[SOUND_CNG], 1100, 0, 500, 0.3);
	}
	for (int i = 0; i < 20; i++) {
		tone(&s[SOUND_BUSY], 480, 620, 500, 0.3);
		silence(&s[SOUND_BUSY], 500);
	}
	silence(&s[SOUND_PICKUP], 300);
	err |= say(&s[SOUND_PICKUP], dir, "long.wav", 6000, seed + 4);
	if (s[SOUND_PICKUP].n > RATE * 63 / 10)
		s[SOUND_PICKUP].n = RATE * 63 / 10;
	room(&s[SOUND_PICKUP], 0, seed, 20); /* as of a tape */
	click(&s[SOUND_PICKUP]);
	err |= person(&s[SOUND_PICKUP], dir, seed + 1);
	silence(&s[SOUND_GREETING], 300);
	err |= say(&s[SOUND_GREETING], dir, "greeting.wav", 4500, seed + 4);
	silence(&s[SOUND_TWOBEEPS], 300);
	err |= say(&s[SOUND_TWOBEEPS], dir, "greeting.wav", 4500, seed + 4);
	silence(&s[SOUND_TWOBEEPS], 400);
	tone(&s[SOUND_TWOBEEPS], 850, 0, 300, 0.3);
	silence(&s[SOUND_TWOBEEPS], 250);
	tone(&s[SOUND_TWOBEEPS], 850, 0, 300, 0.3);
	silence(&s[SOUND_TWOBEEPS], 100);
	return err | person(&s[SOUND_PERSON], dir, seed + 1);
}


int sounds_make(struct sounds *all, const char *dir, uint64_t seed)
{
	struct sound *s = all->s;
	int err = 0;

	silence(&s[SOUND_HELLO], 300);
	err |= say(&s[SOUND_HELLO], dir, "hello.wav", 600, seed + 1);
	tone(&s[SOUND_RINGBACK], 425, 0, 1000, 0.2);
	silence(&s[SOUND_RINGBACK], 4000);
	err |= say(&s[SOUND_ANNOUNCEMENT], dir, "announcement.wav", 3000,
		   seed + 2);
	/* ITU-T E.180: three tones of 330 ms */
	tone(&s[SOUND_NOT_IN_SERVICE], 950, 0, 330, 0.3);
	tone(&s[SOUND_NOT_IN_SERVICE], 1400, 0, 330, 0.3);
	tone(&s[SOUND_NOT_IN_SERVICE], 1800, 0, 330, 0.3);
	silence(&s[SOUND_NOT_IN_SERVICE], 200);
	err |= say(&s[SOUND_NOT_IN_SERVICE], dir, "not-in-service.wav", 2500,
		   seed + 3);
	silence(&s[SOUND_VOICEMAIL], 300);
	err |= say(&s[SOUND_VOICEMAIL], dir, "greeting.wav", 4500, seed + 4);
	silence(&s[SOUND_VOICEMAIL], 500);
	tone(&s[SOUND_VOICEMAIL], 1000, 0, 500, 0.35);
	silence(&s[SOUND_LONG], 300);
	err |= say(&s[SOUND_LONG], dir, "long.wav", 15000, seed + 5);
	silence(&s[SOUND_FAX], 500);
	tone(&s[SOUND_FAX], 2100, 0, 3000, 0.35);
	return err | answers_make(s, dir, seed);
}


bool sounds_write(const struct sounds *all, const char *dir)
{
	static const char *const names[SOUND_COUNT] = {
		[SOUND_HELLO] = "hello",
		[SOUND_RINGBACK] = "ringback",
		[SOUND_ANNOUNCEMENT] = "announcement",
		[SOUND_NOT_IN_SERVICE] = "falseanswer",
		[SOUND_VOICEMAIL] = "voicemail",
		[SOUND_LONG] = "longmachine",
		[SOUND_FAX] = "fax",
		[SOUND_VACANT] = "vacant",
		[SOUND_CNG] = "faxcall",
		[SOUND_BUSY] = "busytone",
		[SOUND_PICKUP] = "pickup",
		[SOUND_GREETING] = "nobeep",
		[SOUND_TWOBEEPS] = "twobeeps",
		[SOUND_PERSON] = "person",
	};
	char path[4096];

	for (int i = 0; i < SOUND_COUNT; i++) {
		if (!names[i])
			continue;
		snprintf(path, sizeof(path), "%s/%s.wav", dir, names[i]);
		if (!wav_write(path, all->s[i].pcm, all->s[i].n))
			return false;
	}
	return true;
}


void sounds_free(struct sounds *all)
{
	for (int i = 0; i < SOUND_COUNT; i++)
		free(all->s[i].pcm);
}


static void put32(unsigned char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char)(v >> (8 * i));
}


bool wav_write(const char *path, const int16_t *pcm, size_t n)
{
	unsigned char h[WAV_HEAD] = "RIFF....WAVEfmt \x10\0\0\0\x01\0\x01\0"
				    "\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data";
	char tmp[4096];
	FILE *f;
	bool ok;

	put32(h + 4, (uint32_t)(36 + n * 2));
	put32(h + 40, (uint32_t)(n * 2));
	snprintf(tmp, sizeof(tmp), "%s.part", path);
	f = fopen(tmp, "wb");
	if (!f)
		return false;
	ok = fwrite(h, 1, WAV_HEAD, f) == WAV_HEAD &&
	     fwrite(pcm, 2, n, f) == n;
	ok = !fclose(f) && ok;
	return ok && !rename(tmp, path);
}


/* G.711: sign, three bits of exponent, four of mantissa. */
uint8_t ulaw_of(int16_t s)
{
	int v = s < 0 ? -(int)s : s, e = 7;

	v = (v > 32635 ? 32635 : v) + 132;
	while (e && !(v & (0x80 << e)))
		e--;
	v = (s < 0 ? 0x80 : 0) | e << 4 | ((v >> (e + 3)) & 15);
	return (uint8_t)~v;
}


int16_t ulaw_to(uint8_t u)
{
	int v;

	u = (uint8_t)~u;
	v = (((u & 15) << 3) + 132) << ((u >> 4) & 7);
	return (int16_t)(u & 0x80 ? 132 - v : v - 132);
}


uint8_t alaw_of(int16_t s)
{
	int v = s >> 3, mask = 0xd5, e = 0;

	if (v < 0) {
		mask = 0x55;
		v = -v - 1;
	}
	if (v > 4095)
		v = 4095;
	while (e < 7 && v >= 32 << e)
		e++;
	v = e ? e << 4 | ((v >> e) & 15) : v >> 1;
	return (uint8_t)(v ^ mask);
}


int16_t alaw_to(uint8_t a)
{
	int e, v;

	a ^= 0x55;
	e = (a >> 4) & 7;
	v = (a & 15) << 4;
	v = e ? (v + 0x108) << (e - 1) : v + 8;
	return (int16_t)(a & 0x80 ? v : -v);
}
