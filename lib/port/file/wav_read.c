/**
 * @file port/file/wav_read.c  WAV files as samples of 8 kHz, mono
 *
 * libsndfile turns samples of any kind into floats, speexdsp changes the
 * rate.  libsndfile is given the samples alone, as raw data of the format that
 * the header was found to have: two readers of one lying header would not
 * agree.  Everything is bounded by the size of the file, not by what it says.
 */
#include "port/file/wav.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <sndfile.h>
#include <speex/speex_resampler.h>
#include "base/error.h"
#include "port/file/wav_head.h"

enum {
	BLOCK = 1024, /* frames at a time */
	QUALITY = 8   /* of speexdsp: -2 dB at 3.8 kHz, below -110 dB
			     * from 4.2 kHz on; 10 costs three times as much */
};

struct reader {
	const char *name;
	int fd;
	int err;       /* errno of a read that failed */
	uint32_t rate; /* Hz, wanted */
	bool first;    /* of the channels, not all of them */
	struct sipd_wav_head head;
	uint64_t pos; /* in the samples, bytes */
	SNDFILE *snd;
	SpeexResamplerState *resampler; /* NULL: its rate is that already */
	int16_t *out;
	size_t out_max, out_len; /* samples */
	float in[BLOCK * SIPD_WAV_CHANNELS_MAX];
	float mono[BLOCK];
	float slow[BLOCK];
};


static sf_count_t vio_len(void *arg)
{
	const struct reader *r = arg;

	return (sf_count_t)r->head.data_len;
}


static sf_count_t vio_seek(sf_count_t offset, int whence, void *arg)
{
	struct reader *r = arg;
	int64_t pos = offset;

	if (whence == SEEK_CUR)
		pos += (int64_t)r->pos;
	else if (whence == SEEK_END)
		pos += (int64_t)r->head.data_len;

	if (pos < 0 || (uint64_t)pos > r->head.data_len)
		return -1;

	r->pos = (uint64_t)pos;

	return pos;
}


static sf_count_t vio_read(void *buf, sf_count_t count, void *arg)
{
	struct reader *r = arg;
	const uint64_t left = r->head.data_len - r->pos;
	ssize_t n;

	if (count <= 0)
		return 0;
	if ((uint64_t)count > left)
		count = (sf_count_t)left;

	do {
		n = pread(r->fd, buf, (size_t)count,
			  (off_t)(r->head.data + r->pos));
	} while (n < 0 && errno == EINTR);

	if (n < 0) {
		r->err = errno;
		return 0;
	}
	r->pos += (uint64_t)n;

	return n;
}


static sf_count_t vio_tell(void *arg)
{
	const struct reader *r = arg;

	return (sf_count_t)r->pos;
}


static int subtype(const struct sipd_wav_head *h)
{
	switch (h->tag) {
	case SIPD_WAV_ALAW:
		return SF_FORMAT_ALAW;
	case SIPD_WAV_ULAW:
		return SF_FORMAT_ULAW;
	case SIPD_WAV_FLOAT:
		return h->bits == 64 ? SF_FORMAT_DOUBLE : SF_FORMAT_FLOAT;
	default:
		break;
	}

	switch (h->bits) {
	case 8:
		return SF_FORMAT_PCM_U8;
	case 16:
		return SF_FORMAT_PCM_16;
	case 24:
		return SF_FORMAT_PCM_24;
	default:
		return SF_FORMAT_PCM_32;
	}
}


static int snd_open(struct reader *r)
{
	SF_VIRTUAL_IO vio = {
		/* copied by sf_open_virtual() */
		.get_filelen = vio_len,
		.seek = vio_seek,
		.read = vio_read,
		.tell = vio_tell,
	};
	SF_INFO info = {
		.samplerate = (int)r->head.rate,
		.channels = r->head.channels,
		.format = SF_FORMAT_RAW | SF_ENDIAN_LITTLE | subtype(&r->head),
	};

	r->snd = sf_open_virtual(&vio, SFM_READ, &info, r);
	if (!r->snd)
		return sipd_error(SIPDIALER_EFORMAT, "%s: %s", r->name,
				  sf_strerror(NULL));

	return 0;
}


static int resampler_open(struct reader *r)
{
	int err = 0;

	if (r->head.rate == r->rate)
		return 0;

	r->resampler = speex_resampler_init(1, r->head.rate, r->rate, QUALITY,
					    &err);
	if (!r->resampler)
		return sipd_error(SIPDIALER_ENOMEM, "%s: resampler: %s",
				  r->name, speex_resampler_strerror(err));

	/* without its delay, so that the audio does not shift */
	(void)speex_resampler_skip_zeros(r->resampler);

	return 0;
}


/* In whole numbers a sample of 16 bits comes out as it went in. */
static int16_t to_int16(float f)
{
	const float v = f * 32768.0f;

	if (!(v > -32768.0f)) /* also not a number */
		return isnan(v) ? 0 : INT16_MIN;
	if (v >= 32767.0f)
		return INT16_MAX;

	return (int16_t)lrintf(v);
}


static void emit(struct reader *r, const float *f, size_t n)
{
	for (size_t i = 0; i < n && r->out_len < r->out_max; i++)
		r->out[r->out_len++] = to_int16(f[i]);
}


static void convert(struct reader *r, const float *f, size_t n)
{
	if (!r->resampler) {
		emit(r, f, n);
		return;
	}

	while (n) {
		spx_uint32_t in = (spx_uint32_t)n, out = BLOCK;

		(void)speex_resampler_process_float(r->resampler, 0, f, &in,
						    r->slow, &out);
		emit(r, r->slow, out);
		if (!in && !out)
			break;
		f += in;
		n -= in;
	}
}


static void mix(struct reader *r, size_t frames)
{
	const unsigned channels = r->head.channels;
	const unsigned mixed = r->first ? 1 : channels;

	for (size_t i = 0; i < frames; i++) {
		const float *f = &r->in[i * channels];
		float sum = 0.0f;

		for (unsigned c = 0; c < mixed; c++)
			sum += isfinite(f[c]) ? f[c] : 0.0f;
		r->mono[i] = sum / (float)mixed;
	}
}


/* What the filter still holds: as much as its delay. */
static void drain(struct reader *r)
{
	int left = r->resampler
			   ? speex_resampler_get_input_latency(r->resampler) +
				     1
			   : 0;

	memset(r->mono, 0, sizeof(r->mono));
	for (; left > 0; left -= BLOCK)
		convert(r, r->mono, left < BLOCK ? (size_t)left : BLOCK);
}


static int read_all(struct reader *r)
{
	const uint64_t frames = r->head.data_len / r->head.frame;
	sf_count_t n;

	r->out_max = (size_t)((frames * r->rate + r->head.rate - 1) /
			      r->head.rate);
	/* never of size 0: NULL would be taken for "no memory" */
	r->out = malloc(r->out_max * sizeof(*r->out) + 1);
	if (!r->out)
		return sipd_error(SIPDIALER_ENOMEM,
				  "%s: no memory for %zu samples", r->name,
				  r->out_max);

	while ((n = sf_readf_float(r->snd, r->in, BLOCK)) > 0) {
		mix(r, (size_t)n);
		convert(r, r->mono, (size_t)n);
	}
	if (r->err)
		return sipd_error_errno(r->err, r->name);

	drain(r);

	return 0;
}


static int read_open(struct reader *r, uint64_t size)
{
	int err;

	err = sipd_wav_head_read(&r->head, r->fd, size, r->name);
	if (!err && r->head.data_len)
		err = snd_open(r);
	if (!err)
		err = resampler_open(r);
	if (!err)
		err = read_all(r);

	if (r->snd)
		(void)sf_close(r->snd);
	if (r->resampler)
		speex_resampler_destroy(r->resampler);

	return err;
}


static int check_file(int fd, const char *path, uint64_t *size)
{
	struct stat st;

	if (fstat(fd, &st))
		return sipd_error_errno(errno, path);
	if (!S_ISREG(st.st_mode))
		return sipd_error(SIPDIALER_EFORMAT, "%s: not a regular file",
				  path);
	if (st.st_size > SIPD_PROMPT_FILE_MAX)
		return sipd_error(SIPDIALER_EFULL,
				  "%s: %lld bytes; at most %d", path,
				  (long long)st.st_size, SIPD_PROMPT_FILE_MAX);

	*size = (uint64_t)st.st_size;

	return 0;
}


/* channels NULL: all of them, mixed. */
static int read_file(const char *path, uint32_t rate, int16_t **pcm,
		     size_t *samples, unsigned *channels)
{
	struct reader *r = calloc(1, sizeof(*r));
	uint64_t size = 0;
	int err;

	if (!r)
		return sipd_error(SIPDIALER_ENOMEM, "%s: no memory", path);

	/* a pipe without a writer must not make us wait */
	r->fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (r->fd < 0) {
		err = sipd_error_errno(errno, path);
		free(r);
		return err;
	}

	r->name = path;
	r->rate = rate;
	r->first = channels != NULL;
	err = check_file(r->fd, path, &size);
	if (!err)
		err = read_open(r, size);

	if (err) {
		free(r->out);
	}
	else {
		*pcm = r->out;
		*samples = r->out_len;
		if (channels)
			*channels = r->head.channels;
	}
	(void)close(r->fd);
	free(r);

	return err;
}


int sipd_wav_read_at(const char *path, uint32_t rate, int16_t **pcm,
		     size_t *samples)
{
	return read_file(path, rate, pcm, samples, NULL);
}


int sipd_wav_read_first(const char *path, int16_t **pcm, size_t *samples,
			unsigned *channels)
{
	return read_file(path, SIPD_WAV_RATE, pcm, samples, channels);
}


int sipd_wav_read(const char *path, int16_t **pcm, size_t *samples)
{
	return sipd_wav_read_at(path, SIPD_WAV_RATE, pcm, samples);
}
