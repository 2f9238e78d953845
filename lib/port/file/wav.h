/**
 * @file port/file/wav.h  WAV files: read whole, written bit by bit
 */
#ifndef SIPD_PORT_FILE_WAV_H
#define SIPD_PORT_FILE_WAV_H

#include <stddef.h>
#include <stdint.h>

enum {
	SIPD_WAV_RATE = 8000,      /* Hz, what we read into and write */
	SIPD_WAV_RATE_MAX = 96000, /* Hz, that can be read */
	SIPD_WAV_CHANNELS_MAX = 8, /* that are mixed down */
	SIPD_PROMPT_FILE_MAX = 256 * 1024 * 1024, /* bytes */
	SIPD_PROMPT_SECONDS_MAX = 4 * 3600
};

/** Read a WAV file whole: 8 kHz mono int16, to be freed with free().  Refuses
 *  with a reason by sipd_error(): EFORMAT, EIO, ENOENT, EFULL (too long).
 *  Waits for the disk. @thread any */
int sipd_wav_read(const char *path, int16_t **pcm, size_t *samples);
/** The same at another rate, Hz. */
int sipd_wav_read_at(const char *path, uint32_t rate, int16_t **pcm,
		     size_t *samples);

/** Of several channels only the first, at 8 kHz; *channels says how many. */
int sipd_wav_read_first(const char *path, int16_t **pcm, size_t *samples,
			unsigned *channels);

/** A file being written: 8 kHz, 16 bit.  Its header is true after each
 *  sipd_wav_out_write(), so that a crash leaves a good file.  A full disk
 *  leaves a good file, too. */
struct sipd_wav_out {
	int fd; /* -1 not open */
	unsigned channels;
	uint32_t bytes; /* of audio, as the header says */
};

/** Longest audio: readers take sizes as signed 32 bit. */
enum { SIPD_WAV_OUT_MAX = 0x7fffffff - 65536 };

/** Replaces what is there; refuses links, and what is no regular file.
 *  Waits for the disk, as all of these. @thread any */
int sipd_wav_out_open(struct sipd_wav_out *w, const char *path,
		      unsigned channels);
/** The same with a new file that is open, which is closed if that fails. */
int sipd_wav_out_take(struct sipd_wav_out *w, int fd, const char *path,
		      unsigned channels);
/** Append; at most 64 MiB at once.  EFULL: at SIPD_WAV_OUT_MAX, nothing was
 *  written.  EIO: part of it may have been written. */
int sipd_wav_out_write(struct sipd_wav_out *w, const int16_t *pcm,
		       size_t samples);
/** The two halves of it: audio, then a header that speaks of it. */
int sipd_wav_out_append(struct sipd_wav_out *w, const int16_t *pcm,
			size_t samples);
int sipd_wav_out_head(struct sipd_wav_out *w);
int sipd_wav_out_close(struct sipd_wav_out *w);

#endif
