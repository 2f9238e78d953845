/**
 * @file port/file/wav_out.c  Writing WAV files of 8 kHz, 16 bit
 *
 * Audio goes first, the sizes in the header after it: whenever the process
 * dies, the header speaks of what is there.
 */
#include "port/file/wav.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/error.h"

enum {
	HEAD = 44,
	RIFF_SIZE = 4, /* offsets of the two sizes */
	DATA_SIZE = 40,
	BLOCK = 4096, /* samples a write, if they are turned round */
	BLOCK_AS_IS = 1 << 20
};


static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}


static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v & 0xffff);
	put16(p + 2, v >> 16);
}


/* Returns bytes written; fewer than len: errno says why. */
static size_t write_at(int fd, const void *buf, size_t len, uint64_t pos)
{
	size_t done = 0;

	while (done < len) {
		const ssize_t n = pwrite(fd, (const char *)buf + done,
					 len - done, (off_t)(pos + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = ENOSPC;
		if (n <= 0)
			break;
		done += (size_t)n;
	}

	return done;
}


static bool head_write(const struct sipd_wav_out *w)
{
	uint8_t b[HEAD] = "RIFF....WAVEfmt ";
	const unsigned frame = w->channels * 2;

	put32(b + RIFF_SIZE, w->bytes + HEAD - 8);
	put32(b + 16, 16);
	put16(b + 20, 1); /* PCM */
	put16(b + 22, w->channels);
	put32(b + 24, SIPD_WAV_RATE);
	put32(b + 28, SIPD_WAV_RATE * frame);
	put16(b + 32, frame);
	put16(b + 34, 16);
	memcpy(b + 36, "data", 4);
	put32(b + DATA_SIZE, w->bytes);

	return write_at(w->fd, b, sizeof(b), 0) == sizeof(b);
}


static int prepare(struct sipd_wav_out *w, const char *path)
{
	struct stat st;

	if (fstat(w->fd, &st))
		return sipd_error_errno(errno, path);
	if (!S_ISREG(st.st_mode))
		return sipd_error(SIPDIALER_EIO, "%s: not a regular file",
				  path);
	/* two calls told to use one file must not weave into each other */
	if (flock(w->fd, LOCK_EX | LOCK_NB))
		return sipd_error(SIPDIALER_EBUSY,
				  "%s: is being written by another recording",
				  path);
	if (ftruncate(w->fd, 0) || !head_write(w))
		return sipd_error_errno(errno, path);

	return 0;
}


int sipd_wav_out_take(struct sipd_wav_out *w, int fd, const char *path,
		      unsigned channels)
{
	int err;

	w->fd = fd;
	w->channels = channels;
	w->bytes = 0;
	err = prepare(w, path);
	if (err) {
		(void)close(w->fd);
		w->fd = -1;
	}

	return err;
}


int sipd_wav_out_open(struct sipd_wav_out *w, const char *path,
		      unsigned channels)
{
	/* a pipe without a reader must not make us wait */
	w->fd = open(path,
		     O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
			     O_CLOEXEC,
		     0600);
	if (w->fd < 0 && errno == ELOOP)
		return sipd_error(SIPDIALER_EIO, "%s: is a symbolic link",
				  path);
	if (w->fd < 0)
		return sipd_error_errno(errno, path);

	return sipd_wav_out_take(w, w->fd, path, channels);
}


/* Samples of this machine are those of the file. */
static bool as_is(void)
{
	return htole16(1) == 1;
}


/* Bytes written, whole frames. */
static size_t block_write(struct sipd_wav_out *w, const int16_t *pcm,
			  size_t samples)
{
	const uint64_t at = (uint64_t)HEAD + w->bytes;
	uint16_t buf[BLOCK];
	size_t n;

	if (as_is()) {
		n = write_at(w->fd, pcm, samples * 2, at);
	}
	else {
		for (size_t i = 0; i < samples; i++)
			buf[i] = htole16((uint16_t)pcm[i]);
		n = write_at(w->fd, buf, samples * 2, at);
	}

	return n - n % (w->channels * 2);
}


int sipd_wav_out_append(struct sipd_wav_out *w, const int16_t *pcm,
			size_t samples)
{
	const size_t block = as_is() ? BLOCK_AS_IS : BLOCK;
	int err = 0;

	if (samples * 2 > SIPD_WAV_OUT_MAX - w->bytes)
		return sipd_error(
			SIPDIALER_EFULL,
			"recording ended: the file has %lu bytes; at most %d",
			(unsigned long)w->bytes, SIPD_WAV_OUT_MAX);

	while (samples && !err) {
		const size_t n = samples < block ? samples : block;
		const size_t done = block_write(w, pcm, n);

		if (done < n * 2)
			err = sipd_error_errno(errno, "recording");
		w->bytes += (uint32_t)done;
		pcm += n;
		samples -= n;
	}

	return err;
}


int sipd_wav_out_head(struct sipd_wav_out *w)
{
	return head_write(w) ? 0 : sipd_error_errno(errno, "recording");
}


int sipd_wav_out_write(struct sipd_wav_out *w, const int16_t *pcm,
		       size_t samples)
{
	const int err = sipd_wav_out_append(w, pcm, samples);

	if (err == SIPDIALER_EFULL)
		return err;

	/* overwrites: needs no space, is tried after an error as well */
	if (sipd_wav_out_head(w) && !err)
		return SIPDIALER_EIO;

	return err;
}


int sipd_wav_out_close(struct sipd_wav_out *w)
{
	int err = 0;

	/* some file systems tell of a full disk only now */
	if (w->fd >= 0 && close(w->fd) && errno != EINTR)
		err = sipd_error_errno(errno, "recording");
	w->fd = -1;

	return err;
}
