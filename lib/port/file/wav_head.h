/**
 * @file port/file/wav_head.h  The chunks of a WAV file before its samples
 */
#ifndef SIPD_PORT_FILE_WAV_HEAD_H
#define SIPD_PORT_FILE_WAV_HEAD_H

#include <stdint.h>

/** wFormatTag. RFC 2361 */
enum {
	SIPD_WAV_PCM = 1,
	SIPD_WAV_FLOAT = 3,
	SIPD_WAV_ALAW = 6,
	SIPD_WAV_ULAW = 7,
	SIPD_WAV_EXTENSIBLE = 0xfffe
};

/** What was believed of it. */
struct sipd_wav_head {
	uint16_t tag;
	uint16_t channels;
	uint32_t rate;
	uint16_t bits;     /* of a sample in the file */
	uint16_t frame;    /* bytes: one sample of each channel */
	uint64_t data;     /* offset of the samples */
	uint64_t data_len; /* whole frames, that are in the file */
};

/** Read and judge the header of an open file of `size` bytes. Name is for the
 *  texts of errors: EFORMAT, EFULL, EIO. */
int sipd_wav_head_read(struct sipd_wav_head *head, int fd, uint64_t size,
		       const char *name);

#endif
