/**
 * @file port/codec/codec.c  The table of codecs
 *
 * RFC 3551 4.5 and table 4; RFC 7587 7 (Opus)
 */
#include "port/codec/codec.h"

#include <string.h>
#include <strings.h>
#include "port/codec/opus.h"

/* G.722 samples 16 kHz, but its RTP clock is 8 kHz.  Opus packs at most what
 * the repacketizer joins, L16 what fits into a packet of Ethernet. */
/* clang-format off */
static const struct sipd_codec table[] = {
	[SIPD_CODEC_PCMU]  = {"PCMU", 8000,  8000,  1, 0,   1, 60},
	[SIPD_CODEC_PCMA]  = {"PCMA", 8000,  8000,  1, 8,   1, 60},
	[SIPD_CODEC_G722]  = {"G722", 8000,  16000, 1, 9,   1, 60},
	[SIPD_CODEC_OPUS]  = {"opus", 48000, 16000, 2, 107, 0, 60},
	[SIPD_CODEC_L16]   = {"L16",  16000, 16000, 1, 108, 4, 40},
	[SIPD_CODEC_L16_8] = {"L16",  8000,  8000,  1, 109, 2, 60},
};
/* clang-format on */

enum { COUNT = sizeof(table) / sizeof(table[0]) };


const struct sipd_codec *sipd_codec_get(enum sipd_codec_id id)
{
	if (id <= SIPD_CODEC_NONE || (int)id >= (int)COUNT)
		return NULL;
	if (id == SIPD_CODEC_OPUS && !sipd_opus_built())
		return NULL;

	return &table[id];
}


const char *sipd_codec_name(enum sipd_codec_id id)
{
	const struct sipd_codec *c = sipd_codec_get(id);

	return c ? c->name : NULL;
}


enum sipd_codec_id sipd_codec_from_name(const char *name)
{
	int id;

	for (id = 1; name && id < COUNT; ++id)
		if (sipd_codec_get((enum sipd_codec_id)id) &&
		    !strcasecmp(name, table[id].name))
			return (enum sipd_codec_id)id;

	return SIPD_CODEC_NONE;
}


enum sipd_codec_id sipd_codec_from_rtpmap(const char *name, size_t len,
					  uint32_t clock, uint32_t channels)
{
	int id;

	for (id = 1; id < COUNT; ++id) {
		const struct sipd_codec *c = sipd_codec_get(
			(enum sipd_codec_id)id);

		if (c && c->clock == clock &&
		    (channels ? channels : 1) == c->channels &&
		    strlen(c->name) == len && !strncasecmp(c->name, name, len))
			return (enum sipd_codec_id)id;
	}

	return SIPD_CODEC_NONE;
}


enum sipd_codec_id sipd_codec_from_pt(uint8_t pt)
{
	int id;

	for (id = 1; pt < SIPD_PT_STATIC && id < COUNT; ++id)
		if (table[id].pt == pt)
			return (enum sipd_codec_id)id;

	return SIPD_CODEC_NONE;
}


unsigned sipd_codec_ticks(enum sipd_codec_id id, const uint8_t *payload,
			  size_t len)
{
	const struct sipd_codec *c = sipd_codec_get(id);

	if (!c)
		return 0;
	if (id == SIPD_CODEC_OPUS)
		return sipd_opus_ticks(payload, len);
	if (len % c->bytes)
		return 0;

	return (unsigned)(len / c->bytes);
}
