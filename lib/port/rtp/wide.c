/**
 * @file port/rtp/wide.c  Streams of 16 kHz: packets of any codec
 */
#include "port/rtp/wide.h"

#include <stdlib.h>
#include <string.h>
#include "base/error.h"

enum {
	FRAME = SIPD_JITTER_FRAME, /* ticks */
	QUIET = 500,   /* peak under which all is quiet, -36 dBFS */
	NOTHING = 0xff /* no slot */
};


int sipd_wide_open(struct sipd_wide **wp, bool opus)
{
	struct sipd_wide *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for a stream");

	err = sipd_coder_open(&w->coder, opus);
	if (err) {
		free(w);
		return err;
	}
	*wp = w;

	return 0;
}


void sipd_wide_close(struct sipd_wide *w)
{
	if (!w)
		return;

	sipd_coder_close(w->coder);
	free(w);
}


/* ---- packets in -------------------------------------------------------- */

/* A clock begins: the packet follows the one before, if it did on the wire;
 * else it is as early as the others were. */
static void anchor(struct sipd_wide *w, const struct sipd_jitter *j,
		   uint8_t khz, const struct sipd_rtp_packet *p)
{
	uint32_t tick = p->ts;

	if (w->anchored && j->started)
		tick = p->seq == (uint16_t)(w->seq + 1)
			       ? w->next
			       : j->play + (uint32_t)j->margin;
	w->anchored = true;
	w->khz = khz;
	w->anchor_ts = p->ts;
	w->anchor_tick = tick;
}


/* Carried along, so that the clock may go round. */
static uint32_t to_tick(struct sipd_wide *w, uint32_t ts)
{
	const int32_t each = w->khz / (SIPD_TICK_HZ / 1000);
	const int32_t diff = (int32_t)(ts - w->anchor_ts);
	const int32_t ticks = diff / each - (diff % each < 0);

	w->anchor_ts += (uint32_t)(ticks * each);
	w->anchor_tick += (uint32_t)ticks;

	return w->anchor_tick;
}


/* Where len bytes fit in one piece. */
static uint32_t room(const struct sipd_wide *w, size_t len)
{
	const size_t at = w->stored % SIPD_WIDE_STORE;

	return at + len <= SIPD_WIDE_STORE
		       ? w->stored
		       : w->stored + (uint32_t)(SIPD_WIDE_STORE - at);
}


enum sipd_jitter_put sipd_wide_put(struct sipd_wide *w, struct sipd_jitter *j,
				   enum sipd_codec_id codec,
				   const struct sipd_rtp_packet *p,
				   uint32_t *tick)
{
	const struct sipd_codec *c = sipd_codec_get(codec);
	const unsigned ticks = sipd_codec_ticks(codec, p->payload, p->len);
	const uint8_t id = (uint8_t)(w->count % SIPD_WIDE_SLOTS);
	struct sipd_wide_slot *slot = &w->slots[id];
	uint8_t marks[SIPD_CODER_TICKS];
	struct sipd_jitter_packet jp = {
		.marker = p->marker,
		.seq = p->seq,
		.data = marks,
		.len = ticks,
	};
	enum sipd_jitter_put put;
	uint32_t start;

	*tick = w->next;
	if (!c || !ticks || ticks > SIPD_CODER_TICKS ||
	    p->len > SIPD_WIDE_PACKET)
		return SIPD_JITTER_BAD;
	if (!w->anchored || w->khz != c->clock / 1000)
		anchor(w, j, (uint8_t)(c->clock / 1000), p);

	jp.ts = *tick = to_tick(w, p->ts);
	memset(marks, id, ticks);
	put = sipd_jitter_put(j, &jp);
	if (put != SIPD_JITTER_OK)
		return put;

	start = room(w, p->len);
	memcpy(w->store + start % SIPD_WIDE_STORE, p->payload, p->len);
	w->stored = start + (uint32_t)p->len;
	*slot = (struct sipd_wide_slot){
		.start = start,
		.tick = jp.ts,
		.len = (uint16_t)p->len,
		.ticks = (uint16_t)ticks,
		.codec = (uint8_t)codec,
	};
	++w->count;
	w->seq = p->seq;
	w->next = jp.ts + ticks;

	return SIPD_JITTER_OK;
}


/* ---- audio out --------------------------------------------------------- */

/* The slot, if it still is what lies at that tick. */
static const struct sipd_wide_slot *slot_at(const struct sipd_wide *w,
					    uint8_t id, uint32_t tick)
{
	const struct sipd_wide_slot *s = &w->slots[id % SIPD_WIDE_SLOTS];

	if (id >= SIPD_WIDE_SLOTS || tick - s->tick >= s->ticks ||
	    w->stored - s->start > SIPD_WIDE_STORE)
		return NULL;

	return s;
}


static void decode(struct sipd_wide *w, const struct sipd_wide_slot *s)
{
	if (w->decoded && w->start == s->start)
		return;

	w->decoded = true;
	w->start = s->start;
	w->codec = (enum sipd_codec_id)s->codec;
	w->samples = sipd_coder_decode(w->coder, w->codec, w->pcm,
				       w->store + s->start % SIPD_WIDE_STORE,
				       s->len);
}


/* n ticks of one packet, from `tick` on. */
static void copy(struct sipd_wide *w, int16_t *pcm, uint8_t id, uint32_t tick,
		 size_t n)
{
	const struct sipd_wide_slot *s = slot_at(w, id, tick);
	size_t at;

	memset(pcm, 0, 2 * n * sizeof(*pcm));
	if (!s)
		return;

	decode(w, s);
	at = 2 * (size_t)(tick - s->tick);
	if (at + 2 * n <= w->samples)
		memcpy(pcm, w->pcm + at, 2 * n * sizeof(*pcm));
}


static bool is_quiet(const int16_t *pcm)
{
	size_t i;

	for (i = 0; i < SIPD_WIDE_FRAME; ++i)
		if (pcm[i] > QUIET || pcm[i] < -QUIET)
			return false;

	return true;
}


static void play(struct sipd_wide *w, struct sipd_jitter *j,
		 const uint8_t frame[FRAME], int16_t *pcm)
{
	size_t at = 0;

	while (at < FRAME) {
		size_t n = 1;

		while (at + n < FRAME && frame[at + n] == frame[at])
			++n;
		copy(w, pcm + 2 * at, frame[at], j->given + (uint32_t)at, n);
		at += n;
	}
	j->hush = is_quiet(pcm);
}


/* What the codec itself can do: out of the packet behind the gap, if that is
 * there already, or of what it remembers. */
static bool conceal(struct sipd_wide *w, const struct sipd_jitter *j,
		    int16_t *pcm)
{
	const struct sipd_wide_slot *s = NULL;
	uint8_t id;

	if (sipd_jitter_peek(j, &id))
		s = slot_at(w, id, j->play);
	if (s && (s->codec != w->codec || s->tick != j->play))
		s = NULL;

	return sipd_coder_conceal(w->coder, w->codec, pcm,
				  s ? w->store + s->start % SIPD_WIDE_STORE
				    : NULL,
				  s ? s->len : 0);
}


enum sipd_jitter_get sipd_wide_get(struct sipd_wide *w, struct sipd_jitter *j,
				   int16_t pcm[SIPD_WIDE_FRAME])
{
	uint8_t frame[FRAME];
	const enum sipd_jitter_get kind = sipd_jitter_get(j, frame);

	if (kind == SIPD_JITTER_AUDIO) {
		play(w, j, frame, pcm);
		return kind;
	}
	if (kind != SIPD_JITTER_NONE && conceal(w, j, pcm))
		return SIPD_JITTER_AUDIO;

	memset(pcm, 0, SIPD_WIDE_FRAME * sizeof(*pcm));

	return kind;
}
