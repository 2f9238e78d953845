/**
 * @file port/sip/sdp/formats.c  Codecs and keys of an m= line
 *
 * RFC 3264 6.1, 3551, 4733, 7587
 */
#include "port/sip/sdp/formats.h"

#include <string.h>
#include "port/codec/opus.h"

enum {
	PTIME = 20,          /* ms */
	OPUS_PTIME = 20,     /* whose packets are made of such frames */
	BITRATE_MAX = 510000 /* RFC 7587 6.1 */
};


static const struct sdp_format *find(const struct sdp_media *m,
				     enum sipd_codec_id id)
{
	size_t i;

	for (i = 0; i < m->formatc; i++) {
		if (m->formats[i].kind == KIND_CODEC &&
		    m->formats[i].codec == id)
			return &m->formats[i];
	}

	return NULL;
}


static bool local_has(const struct sipd_sdp_local *local,
		      enum sipd_codec_id id)
{
	size_t i;

	for (i = 0; i < local->codecc; i++) {
		if (local->codecs[i] == id)
			return true;
	}

	return false;
}


const struct sdp_format *sdp_codec_pick(const struct sipd_sdp_local *local,
					const struct sdp_media *m, bool offer)
{
	const struct sdp_format *f = NULL;
	size_t i;

	for (i = 0; offer && !f && i < local->codecc; i++)
		f = find(m, local->codecs[i]);
	for (i = 0; !offer && !f && i < m->formatc; i++) {
		if (m->formats[i].kind == KIND_CODEC &&
		    local_has(local, m->formats[i].codec))
			f = &m->formats[i];
	}

	return f;
}


/* ---- keys -------------------------------------------------------------- */

static uint8_t khz_of(enum sipd_codec_id id)
{
	const struct sipd_codec *c = sipd_codec_get(id);

	return (uint8_t)(c ? c->clock / 1000 : SIPD_TICK_HZ / 1000);
}


/* Our numbers: 101 for 8 kHz, 102 for 16, 103 for 48. */
static uint8_t event_pt(uint8_t khz)
{
	return (uint8_t)(SIPD_PT_EVENTS + (khz == 16) + 2 * (khz == 48));
}


/* 8 kHz in any case: many have keys at no other clock. */
static bool event_offered(const struct sipd_sdp_local *local, uint8_t khz)
{
	size_t i;

	if (!local->telephone_event)
		return false;
	for (i = 0; khz != 8 && i < local->codecc; i++) {
		if (khz_of(local->codecs[i]) == khz)
			return true;
	}

	return khz == 8;
}


static void event_add(struct sipd_sdp_remote *remote, uint8_t pt, uint8_t khz)
{
	size_t i;

	for (i = 0; i < remote->eventc; i++) {
		if (remote->events[i].pt == pt)
			return;
	}
	if (remote->eventc < SIPD_EVENTS_MAX)
		remote->events[remote->eventc++] = (struct sipd_sdp_event){
			.pt = pt,
			.khz = khz,
		};
}


static const uint8_t event_clocks[] = {8, 16, 48};


/* To them: at the clock of the codec, else at any.  To us: by their number,
 * and by ours if we have told it. */
static void events_fill(struct sipd_sdp_remote *remote,
			const struct sipd_sdp_local *local,
			const struct sdp_media *m, bool offer)
{
	const uint8_t khz = khz_of(remote->codec);
	const struct sdp_format *best = NULL;
	size_t i;

	for (i = 0; local->telephone_event && i < m->formatc; i++) {
		const struct sdp_format *f = &m->formats[i];

		if (f->kind != KIND_DTMF)
			continue;
		if (!best || (f->khz == khz && best->khz != khz))
			best = f;
		event_add(remote, f->pt, f->khz);
	}
	remote->dtmf_pt = best ? best->pt : -1;
	remote->dtmf_khz = best ? best->khz : 8;
	for (i = 0; best && !offer && i < sizeof(event_clocks); i++) {
		if (event_offered(local, event_clocks[i]))
			event_add(remote, event_pt(event_clocks[i]),
				  event_clocks[i]);
	}
}


/* ---- reading ----------------------------------------------------------- */

/* Packets we can make: whole tens, or whole frames of Opus. */
static uint32_t ptime_of(const struct sdp_media *m, enum sipd_codec_id id)
{
	const struct sipd_codec *c = sipd_codec_get(id);
	const uint32_t step = id == SIPD_CODEC_OPUS ? OPUS_PTIME : 10;
	uint32_t ptime = m->ptime ? m->ptime : PTIME;

	if (m->maxptime && ptime > m->maxptime)
		ptime = m->maxptime;
	if (c && ptime > c->ptime_max && ptime <= 60)
		ptime = c->ptime_max;
	if (ptime < 10 || ptime > 60 || ptime % step)
		ptime = PTIME;

	return ptime;
}


static void opus_fill(struct sipd_sdp_remote *remote,
		      const struct sdp_format *f)
{
	uint32_t v = 0;

	remote->opus_fec = sdp_fmtp_uint(f->fmtp, "useinbandfec", 1, &v) && v;
	if (sdp_fmtp_uint(f->fmtp, "maxaveragebitrate", BITRATE_MAX, &v))
		remote->bitrate = v;
}


/* What they may send: what our offer named, or what theirs did.  The numbers
 * that never change are understood in any case. */
static void pts_fill(struct sipd_sdp_remote *remote,
		     const struct sipd_sdp_local *local,
		     const struct sdp_media *m, bool offer)
{
	size_t i;

	memset(remote->pt_in, SIPD_PT_NONE, sizeof(remote->pt_in));
	for (i = 0; i < local->codecc; i++) {
		const enum sipd_codec_id id = local->codecs[i];
		const struct sipd_codec *c = sipd_codec_get(id);
		const struct sdp_format *f = find(m, id);

		if (!c)
			continue;
		if (offer && f)
			remote->pt_in[id] = f->pt;
		else if (!offer || c->pt < SIPD_PT_STATIC)
			remote->pt_in[id] = c->pt;
	}
}


void sdp_formats_fill(struct sipd_sdp_remote *remote,
		      const struct sipd_sdp_local *local,
		      const struct sdp_media *m, bool offer)
{
	const struct sdp_format *f = sdp_codec_pick(local, m, offer);
	size_t i;

	if (f) { /* who picked the m= line has seen to it */
		remote->codec = f->codec;
		remote->pt = f->pt;
		if (f->codec == SIPD_CODEC_OPUS)
			opus_fill(remote, f);
	}
	pts_fill(remote, local, m, offer);
	events_fill(remote, local, m, offer);
	remote->cn_pt = SIPD_PT_NONE;
	for (i = 0; i < m->formatc; i++) {
		if (m->formats[i].kind == KIND_CN &&
		    m->formats[i].pt >= SIPD_PT_STATIC)
			remote->cn_pt = m->formats[i].pt;
	}
	remote->ptime = ptime_of(m, remote->codec);
}


/* ---- writing ----------------------------------------------------------- */

static void codec_write(struct sipd_text *t, enum sipd_codec_id id, uint8_t pt)
{
	const struct sipd_codec *c = sipd_codec_get(id);

	if (!c)
		return;
	sipd_text_printf(t, "a=rtpmap:%u %s/%u", pt, c->name, c->clock);
	if (c->channels > 1)
		sipd_text_printf(t, "/%u", c->channels);
	sipd_text_add(t, "\r\n");
	if (id == SIPD_CODEC_OPUS)
		sipd_text_printf(t,
				 "a=fmtp:%u maxplaybackrate=%d;"
				 "sprop-maxcapturerate=%d;"
				 "maxaveragebitrate=%d;useinbandfec=1\r\n",
				 pt, SIPD_WIDE_HZ, SIPD_WIDE_HZ,
				 SIPD_OPUS_BITRATE);
}


static void event_write(struct sipd_text *t, unsigned pt, unsigned khz)
{
	sipd_text_printf(t,
			 "a=rtpmap:%u telephone-event/%u\r\n"
			 "a=fmtp:%u 0-16\r\n",
			 pt, khz * 1000, pt);
}


void sdp_formats_offer(struct sipd_text *t, const struct sipd_sdp_local *local)
{
	size_t i;

	for (i = 0; i < local->codecc; i++) {
		const struct sipd_codec *c = sipd_codec_get(local->codecs[i]);

		if (c)
			sipd_text_printf(t, " %u", c->pt);
	}
	for (i = 0; i < sizeof(event_clocks); i++) {
		if (event_offered(local, event_clocks[i]))
			sipd_text_printf(t, " %u", event_pt(event_clocks[i]));
	}
	sipd_text_add(t, "\r\n");

	for (i = 0; i < local->codecc; i++) {
		const struct sipd_codec *c = sipd_codec_get(local->codecs[i]);

		if (c)
			codec_write(t, local->codecs[i], c->pt);
	}
	for (i = 0; i < sizeof(event_clocks); i++) {
		if (event_offered(local, event_clocks[i]))
			event_write(t, event_pt(event_clocks[i]),
				    event_clocks[i]);
	}
	sipd_text_printf(t, "a=ptime:%d\r\n", PTIME);
}


void sdp_formats_answer(struct sipd_text *t,
			const struct sipd_sdp_remote *remote)
{
	sipd_text_printf(t, " %u", remote->pt);
	if (remote->dtmf_pt >= 0)
		sipd_text_printf(t, " %d", remote->dtmf_pt);
	sipd_text_add(t, "\r\n");
	codec_write(t, remote->codec, remote->pt);
	if (remote->dtmf_pt >= 0)
		event_write(t, (unsigned)remote->dtmf_pt, remote->dtmf_khz);
	sipd_text_printf(t, "a=ptime:%u\r\n", remote->ptime);
}
