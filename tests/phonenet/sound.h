/*
 * What the telephones say: made at start, or read from a directory.
 */
#ifndef PHONENET_SOUND_H
#define PHONENET_SOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sound_id {
	SOUND_NONE,
	SOUND_HELLO,          /* 0.3 s pause, 0.6 s "hello" */
	SOUND_RINGBACK,       /* 425 Hz, 1 s on 4 s off */
	SOUND_ANNOUNCEMENT,   /* a network announcement, 3 s */
	SOUND_NOT_IN_SERVICE, /* SIT, then an announcement */
	SOUND_VOICEMAIL,      /* greeting, pause, 1 kHz beep */
	SOUND_LONG,           /* a machine that talks for 15 s */
	SOUND_FAX,            /* CED 2100 Hz, 3 s */
	SOUND_VACANT,         /* SIT of a vacant code, then as above */
	SOUND_CNG,            /* fax, calling tone */
	SOUND_BUSY,           /* busy tone of North America, 20 s */
	SOUND_PICKUP,         /* a greeting cut off, then somebody's hello */
	SOUND_GREETING,       /* a greeting without a beep */
	SOUND_TWOBEEPS,       /* greeting, two beeps, a pause */
	SOUND_PERSON,         /* "hello" in a room that is not silent, 4 s */
	SOUND_COUNT,
};

struct sound {
	int16_t *pcm; /* 8 kHz mono */
	size_t n;
};

struct sounds {
	struct sound s[SOUND_COUNT];
};

/* dir: NULL, or where hello.wav, greeting.wav, long.wav ... may be. */
int sounds_make(struct sounds *s, const char *dir, uint64_t seed);
/* NAME.wav each, in a directory that is there */
bool sounds_write(const struct sounds *s, const char *dir);
void sounds_free(struct sounds *s);

/* 16-bit 8 kHz mono; written beside and renamed. */
bool wav_write(const char *path, const int16_t *pcm, size_t n);

uint8_t ulaw_of(int16_t s);
uint8_t alaw_of(int16_t s);
int16_t ulaw_to(uint8_t u);
int16_t alaw_to(uint8_t a);

#endif
