/**
 * @file port/file/wav_head.c  The chunks of a WAV file before its samples
 *
 * Judged here, not by the library that reads the samples: it repairs what it
 * can without a word, while a prompt that is not what it seems to be must be
 * refused with a reason, before a customer hears it.
 *
 * Multimedia Programming Interface and Data Specifications 1.0; RFC 2361
 */
#include "port/file/wav_head.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>
#include "base/error.h"
#include "port/file/wav.h"

enum {
	CHUNK_HEAD = 8,
	CHUNKS_MAX = 256, /* before the samples: each costs a read */
	FMT_MIN = 16,
	FMT_EXTENSIBLE = 40,
	SIZE_UNKNOWN = 0x7fff0000 /* and above: written to a pipe, the writer
				   * could not come back to fill it in */
};

struct input {
	int fd;
	uint64_t size;
	const char *name;
};

struct chunk {
	char id[5];
	uint64_t pos; /* of its content */
	uint32_t len; /* as it says */
};

/* Bytes 2 to 15 of the GUIDs that stand for a format tag */
static const uint8_t guid_rest[14] = {
	0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80,
	0x00, 0x00, 0xaa, 0x00, 0x38, 0x9b, 0x71,
};

/* clang-format off */
static const struct format {
	uint16_t tag;
	uint16_t bits;
} formats[] = {
	{ SIPD_WAV_PCM, 8 },    { SIPD_WAV_PCM, 16 },   { SIPD_WAV_PCM, 24 },
	{ SIPD_WAV_PCM, 32 },   { SIPD_WAV_FLOAT, 32 }, { SIPD_WAV_FLOAT, 64 },
	{ SIPD_WAV_ALAW, 8 },   { SIPD_WAV_ULAW, 8 },
};
/* clang-format on */


static uint16_t le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}


static uint32_t le32(const uint8_t *p)
{
	return (uint32_t)le16(p) | (uint32_t)le16(p + 2) << 16;
}


static int refuse(const struct input *in, const char *why)
{
	return sipd_error(SIPDIALER_EFORMAT, "%s: %s", in->name, why);
}


static int read_at(const struct input *in, uint64_t pos, uint8_t *buf,
		   size_t len)
{
	size_t got = 0;

	while (got < len) {
		const ssize_t n = pread(in->fd, buf + got, len - got,
					(off_t)(pos + got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return sipd_error_errno(errno, in->name);
		if (n == 0)
			return refuse(in, "not a WAV file, or cut off within "
					  "its header");
		got += (size_t)n;
	}

	return 0;
}


static int check_riff(const struct input *in)
{
	uint8_t b[12];
	int err;

	err = read_at(in, 0, b, sizeof(b));
	if (err)
		return err;

	if (!memcmp(b, "RIFX", 4))
		return refuse(in, "big-endian WAV (RIFX); RIFF is wanted");
	if (!memcmp(b, "RF64", 4) || !memcmp(b, "BW64", 4))
		return refuse(in, "64-bit WAV (RF64); RIFF is wanted");
	if (memcmp(b, "RIFF", 4) || memcmp(b + 8, "WAVE", 4))
		return refuse(
			in, "not a WAV file (no RIFF and WAVE at its begin)");

	return 0;
}


/* False: not even its eight bytes are there. */
static bool chunk_at(const struct input *in, uint64_t pos, struct chunk *c,
		     int *err)
{
	uint8_t b[CHUNK_HEAD];

	if (pos + CHUNK_HEAD > in->size)
		return false;

	*err = read_at(in, pos, b, sizeof(b));
	if (*err)
		return false;

	for (int i = 0; i < 4; i++)
		c->id[i] = b[i] >= 0x20 && b[i] < 0x7f ? (char)b[i] : '?';
	c->id[4] = '\0';
	c->len = le32(b + 4);
	c->pos = pos + CHUNK_HEAD;

	return true;
}


static int check_format(const struct input *in, const struct sipd_wav_head *h)
{
	bool tag = false, width = false;

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		tag = tag || formats[i].tag == h->tag;
		width = width || (formats[i].tag == h->tag &&
				  formats[i].bits == h->bits);
	}

	if (!tag)
		return sipd_error(SIPDIALER_EFORMAT,
				  "%s: codec 0x%04x; PCM, float, A-law or "
				  "mu-law is wanted",
				  in->name, h->tag);
	if (!width)
		return sipd_error(SIPDIALER_EFORMAT,
				  "%s: %u bits a sample; 8, 16, 24 or 32 "
				  "(float 32 or 64, G.711 8) are wanted",
				  in->name, h->bits);
	if (!h->channels || h->channels > SIPD_WAV_CHANNELS_MAX)
		return sipd_error(SIPDIALER_EFORMAT,
				  "%s: %u channels; 1 to %d are wanted",
				  in->name, h->channels,
				  SIPD_WAV_CHANNELS_MAX);
	if (h->rate < SIPD_WAV_RATE || h->rate > SIPD_WAV_RATE_MAX)
		return sipd_error(SIPDIALER_EFORMAT,
				  "%s: %lu Hz; %d to %d are wanted", in->name,
				  (unsigned long)h->rate, SIPD_WAV_RATE,
				  SIPD_WAV_RATE_MAX);
	if (h->frame != h->channels * h->bits / 8)
		return sipd_error(
			SIPDIALER_EFORMAT,
			"%s: block align %u; %u channels of %u bits need %u",
			in->name, h->frame, h->channels, h->bits,
			h->channels * h->bits / 8u);

	return 0;
}


static int read_fmt(const struct input *in, const struct chunk *c,
		    struct sipd_wav_head *h)
{
	uint8_t b[FMT_EXTENSIBLE] = {0};
	int err;

	if (c->len < FMT_MIN)
		return sipd_error(
			SIPDIALER_EFORMAT,
			"%s: fmt chunk of %lu bytes; at least %d are wanted",
			in->name, (unsigned long)c->len, FMT_MIN);

	err = read_at(in, c->pos, b, c->len < sizeof(b) ? c->len : sizeof(b));
	if (err)
		return err;

	h->tag = le16(b);
	h->channels = le16(b + 2);
	h->rate = le32(b + 4);
	h->frame = le16(b + 12);
	h->bits = le16(b + 14);

	if (h->tag == SIPD_WAV_EXTENSIBLE) {
		if (c->len < FMT_EXTENSIBLE)
			return sipd_error(SIPDIALER_EFORMAT,
					  "%s: extensible fmt chunk of %lu "
					  "bytes; %d are wanted",
					  in->name, (unsigned long)c->len,
					  FMT_EXTENSIBLE);
		if (memcmp(b + 26, guid_rest, sizeof(guid_rest)))
			return refuse(in, "codec given by an unknown GUID");
		h->tag = le16(b + 24);
	}

	return check_format(in, h);
}


/* Size 0 is what it says if nothing or chunks follow; else the writer died
 * before it filled the size in. */
static bool empty_is_true(const struct input *in, uint64_t pos, int *err)
{
	struct chunk c;

	return pos == in->size ||
	       (chunk_at(in, pos, &c, err) && !strchr(c.id, '?') &&
		c.pos + c.len <= in->size);
}


static int read_data(const struct input *in, const struct chunk *c,
		     struct sipd_wav_head *h)
{
	const uint64_t there = in->size - c->pos;
	uint64_t len = c->len;
	int err = 0;

	if (!len && !empty_is_true(in, c->pos, &err))
		len = there;
	if (err)
		return err;

	if (len >= SIZE_UNKNOWN)
		len = there;
	/* an incomplete last sample is no loss */
	if (len >= there + h->frame)
		return sipd_error(SIPDIALER_EFORMAT,
				  "%s: cut off: %llu bytes of audio of %llu",
				  in->name, (unsigned long long)there,
				  (unsigned long long)len);
	if (len > there)
		len = there;

	h->data = c->pos;
	h->data_len = len - len % h->frame;

	if (h->data_len / h->frame / h->rate >= SIPD_PROMPT_SECONDS_MAX)
		return sipd_error(SIPDIALER_EFULL,
				  "%s: %llu s long; at most %d", in->name,
				  (unsigned long long)(h->data_len / h->frame /
						       h->rate),
				  SIPD_PROMPT_SECONDS_MAX);

	return 0;
}


int sipd_wav_head_read(struct sipd_wav_head *head, int fd, uint64_t size,
		       const char *name)
{
	const struct input in = {fd, size, name};
	struct chunk c;
	uint64_t pos = 12;
	bool fmt = false;
	int err;

	memset(head, 0, sizeof(*head));
	err = check_riff(&in);

	for (int n = 0; !err && chunk_at(&in, pos, &c, &err); n++) {
		if (n >= CHUNKS_MAX)
			return refuse(&in,
				      "more than 256 chunks before the audio");

		if (!strcmp(c.id, "data"))
			return fmt ? read_data(&in, &c, head)
				   : refuse(&in,
					    "data chunk before the fmt chunk");

		if (c.pos + c.len > size)
			return sipd_error(SIPDIALER_EFORMAT,
					  "%s: chunk '%s' of %lu bytes, the "
					  "file has %llu more",
					  name, c.id, (unsigned long)c.len,
					  (unsigned long long)(size - c.pos));

		if (!strcmp(c.id, "fmt ")) {
			err = read_fmt(&in, &c, head);
			fmt = true;
		}

		/* padded to an even size, which the size does not count */
		pos = c.pos + c.len + (c.len & 1);
	}

	if (err)
		return err;

	return refuse(&in, fmt ? "no data chunk" : "no fmt and no data chunk");
}
