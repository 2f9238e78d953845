/**
 * @file port/rtp/jitter.c  Jitter buffer: samples placed by timestamp
 */
#include "port/rtp/jitter.h"

#include <assert.h>
#include <string.h>
#include "port/codec/g711.h"

enum {
	FRAME = SIPD_JITTER_FRAME,
	RING = SIPD_JITTER_RING,
	LOW = FRAME / 2, /* margin that asks for a frame more */
	HIGH = SIPD_JITTER_START + FRAME, /* and for one less */
	WINDOW = 250,                     /* frames to judge by, 5 s */
	WINDOW_FAST = 50, /* if the delay is over the maximum */
	PATIENCE = 150,   /* frames to wait for a quiet one */
	LATE_RUN = 10,    /* late packets until we start anew */
	JUMPS = 3,        /* consecutive packets until we follow */
	GONE = 10,        /* frames missing until nothing is due */
	FAR_BACK = 8000,  /* 1 s late is a jump */
	PEAK_CODE = 0x20  /* G.711 magnitude under which all is quiet,
				   * about -36 dBFS */
};


void sipd_jitter_init(struct sipd_jitter *j)
{
	memset(j, 0, sizeof(*j));
}


void sipd_jitter_resync(struct sipd_jitter *j)
{
	memset(j->have, 0, sizeof(j->have));
	j->started = false;
	j->jumps = 0;
}


/* Bits [at, at + n) of the ring, which may wrap; whole bytes at a time. */
static void mark(struct sipd_jitter *j, size_t at, size_t n, bool on)
{
	while (n) {
		if (at >= RING)
			at -= RING;
		if (!(at & 7) && n >= 8) {
			j->have[at >> 3] = on ? 0xff : 0;
			at += 8;
			n -= 8;
			continue;
		}
		if (on)
			j->have[at >> 3] |= (uint8_t)(1u << (at & 7));
		else
			j->have[at >> 3] &= (uint8_t) ~(1u << (at & 7));
		++at;
		--n;
	}
}


static bool has(const struct sipd_jitter *j, size_t at)
{
	return j->have[at >> 3] >> (at & 7) & 1;
}


/* idx is a multiple of the frame, so a frame never wraps. */
static size_t count(const struct sipd_jitter *j)
{
	size_t i, n = 0;

	for (i = 0; i < FRAME / 8; ++i) {
		uint8_t b = j->have[j->idx / 8 + i];

		if (b == 0xff)
			n += 8;
		else
			for (; b; b &= (uint8_t)(b - 1))
				++n;
	}

	return n;
}


static void move(struct sipd_jitter *j, int frames)
{
	const int at = j->idx + frames * FRAME;

	j->play += (uint32_t)(frames * FRAME);
	j->idx = (uint16_t)((at % RING + RING) % RING);
}


static void new_window(struct sipd_jitter *j)
{
	j->low = INT32_MAX;
	j->window = 0;
	j->want = 0;
	j->wanted = 0;
}


static void start(struct sipd_jitter *j, const struct sipd_jitter_packet *p)
{
	if (j->heard)
		++j->resyncs;
	memset(j->have, 0, sizeof(j->have));
	j->started = true;
	j->play = p->ts - SIPD_JITTER_START;
	j->idx = 0;
	j->seq = p->seq;
	j->seen = 1;
	j->newest = p->ts;
	j->margin = SIPD_JITTER_START;
	j->late_run = 0;
	j->jumps = 0;
	j->missing = 0;
	new_window(j);
}


/* True if this sequence number came before.  Also keeps replays out. */
static bool seen_before(struct sipd_jitter *j, uint16_t seq)
{
	const int16_t diff = (int16_t)(seq - j->seq);

	if (diff > 0) {
		j->seen = diff < 64 ? j->seen << diff | 1 : 1;
		j->seq = seq;
		return false;
	}
	if (diff <= -64)
		return false; /* for the timestamp to judge */
	if (j->seen >> -diff & 1)
		return true;
	j->seen |= (uint64_t)1 << -diff;

	return false;
}


/* Its number is an old one, but its time is not: the sender counts anew.
 * Without this the numbers of before would be taken for duplicates. */
static bool counts_anew(const struct sipd_jitter *j,
			const struct sipd_jitter_packet *p)
{
	const uint32_t ahead = p->ts - j->newest;

	return (int16_t)(p->seq - j->seq) <= 0 && ahead && ahead < RING;
}


/* Far from where we play.  Follow it only if the stream has paused (hold,
 * new talk spurt) or three packets in a row agree. */
static bool follow_jump(struct sipd_jitter *j,
			const struct sipd_jitter_packet *p)
{
	if (j->jumps && p->seq == (uint16_t)(j->jump_seq + 1) &&
	    p->ts == j->jump_ts)
		++j->jumps;
	else
		j->jumps = 1;
	j->jump_seq = p->seq;
	j->jump_ts = p->ts + (uint32_t)p->len;

	return j->jumps >= JUMPS ||
	       (j->missing >= JUMPS && (p->marker || j->jumps >= 2));
}


/* Too late by `by` samples: play later from now on, if delay allows. */
static bool rescue(struct sipd_jitter *j, int32_t by)
{
	const int frames = (by + FRAME - 1) / FRAME;

	if (j->margin + frames * FRAME > SIPD_JITTER_MAX)
		return false;

	move(j, -frames);
	j->margin += frames * FRAME;
	j->inserted += (uint32_t)frames;
	new_window(j);

	return true;
}


static void note_margin(struct sipd_jitter *j, int32_t margin)
{
	j->margin += (margin - j->margin) / 16;
	if (margin < j->low)
		j->low = margin;
	if (margin < LOW && j->margin + FRAME <= SIPD_JITTER_MAX &&
	    j->want <= 0) {
		j->want = 1;
		j->wanted = 0;
	}
}


/* What little is buffered is turned into the new codec, so that a byte of
 * the ring needs no mark of its own. */
static void switch_codec(struct sipd_jitter *j, enum sipd_codec_id codec)
{
	size_t i;

	for (i = 0; i < RING; ++i) {
		int16_t pcm;

		sipd_g711_decode(j->codec, &pcm, &j->ring[i], 1);
		sipd_g711_encode(codec, &j->ring[i], &pcm, 1);
	}
	j->codec = codec;
}


/* margin may be negative by less than the length: the rest is in time */
static enum sipd_jitter_put store(struct sipd_jitter *j,
				  const struct sipd_jitter_packet *p,
				  int32_t margin)
{
	const uint8_t *data = p->data;
	size_t len = p->len, at, first;

	if (margin < 0) {
		data += -margin;
		len -= (size_t)-margin;
		margin = 0;
	}

	at = ((size_t)j->idx + (size_t)margin) % RING;
	if (has(j, at)) {
		++j->dup;
		return SIPD_JITTER_DUP;
	}
	if (j->codec != p->codec && !j->opaque)
		switch_codec(j, p->codec);

	first = len < RING - at ? len : RING - at;
	memcpy(j->ring + at, data, first);
	memcpy(j->ring, data + first, len - first);
	mark(j, at, len, true);
	j->quiet = false;

	return SIPD_JITTER_OK;
}


static enum sipd_jitter_put restart(struct sipd_jitter *j,
				    const struct sipd_jitter_packet *p)
{
	start(j, p);

	return store(j, p, SIPD_JITTER_START);
}


enum sipd_jitter_put sipd_jitter_put(struct sipd_jitter *j,
				     const struct sipd_jitter_packet *p)
{
	int32_t margin;

	assert(p->len && p->len <= SIPD_JITTER_PACKET);

	if (!j->started)
		return restart(j, p);
	if (counts_anew(j, p)) {
		j->seq = p->seq;
		j->seen = 1;
	}
	else if (seen_before(j, p->seq)) {
		++j->dup;
		return SIPD_JITTER_DUP;
	}

	margin = (int32_t)(p->ts - j->play);
	if (margin > RING - (int32_t)p->len || margin < -FAR_BACK)
		return follow_jump(j, p) ? restart(j, p) : SIPD_JITTER_JUMP;
	j->jumps = 0;

	if (margin + (int32_t)p->len <= 0) {
		++j->late;
		if (++j->late_run >= LATE_RUN)
			return restart(j, p);
		if (!rescue(j, -margin))
			return SIPD_JITTER_LATE;
		margin = (int32_t)(p->ts - j->play);
	}
	j->late_run = 0;
	note_margin(j, margin);
	if ((int32_t)(p->ts - j->newest) > 0)
		j->newest = p->ts;

	return store(j, p, margin);
}


void sipd_jitter_quiet(struct sipd_jitter *j, uint16_t seq)
{
	if (!j->started || !seen_before(j, seq))
		j->quiet = true;
}


static bool is_quiet(const struct sipd_jitter *j)
{
	const uint8_t flip = j->codec == SIPD_CODEC_PCMA ? 0x55 : 0xff;
	size_t i;

	if (count(j) < FRAME)
		return j->quiet;
	if (j->opaque)
		return j->hush;
	for (i = 0; i < FRAME; ++i) {
		if (((j->ring[j->idx + i] ^ flip) & 0x7f) >= PEAK_CODE)
			return false;
	}

	return true;
}


static void close_window(struct sipd_jitter *j)
{
	const bool over = j->low > SIPD_JITTER_MAX && j->low != INT32_MAX;

	if (++j->window < (over ? WINDOW_FAST : WINDOW))
		return;
	if (j->low >= HIGH && j->low != INT32_MAX && !j->want) {
		j->want = -1;
		j->wanted = 0;
	}
	j->low = INT32_MAX;
	j->window = 0;
}


/* From the frame that is left out to the one that takes its place, so that
 * sound that goes on has no step. */
static void fade(enum sipd_codec_id codec, const uint8_t *from, uint8_t *to)
{
	int16_t a[FRAME], b[FRAME];
	int i;

	sipd_g711_decode(codec, a, from, FRAME);
	sipd_g711_decode(codec, b, to, FRAME);
	for (i = 0; i < FRAME; ++i)
		b[i] = (int16_t)((a[i] * (FRAME - i) + b[i] * i) / FRAME);
	sipd_g711_encode(codec, to, b, FRAME);
}


/* Take what is at the play-out point; the place is free afterwards. */
static enum sipd_jitter_get take(struct sipd_jitter *j, uint8_t *frame,
				 bool keep)
{
	const uint8_t nothing = j->opaque ? 0xff : sipd_g711_silence(j->codec);
	const size_t n = count(j);
	size_t i;

	j->given = j->play;
	if (!n) {
		if (j->missing < UINT16_MAX)
			++j->missing;
		if (j->quiet)
			return SIPD_JITTER_SILENCE;
		if (!j->heard || j->missing > GONE)
			return SIPD_JITTER_NONE;
		return SIPD_JITTER_LOST;
	}

	j->missing = 0;
	memcpy(frame, j->ring + j->idx, FRAME);
	if (n < FRAME) {
		for (i = 0; i < FRAME; ++i)
			if (!has(j, j->idx + i))
				frame[i] = nothing;
	}
	if (!keep)
		mark(j, j->idx, FRAME, false);
	j->heard = true;

	/* less than half is no base for what sounds */
	return n >= FRAME / 2 || j->quiet ? SIPD_JITTER_AUDIO
					  : SIPD_JITTER_LOST;
}


static enum sipd_jitter_get leave_out(struct sipd_jitter *j, uint8_t *frame)
{
	const bool whole = !j->opaque && count(j) == FRAME;
	enum sipd_jitter_get kind;
	uint8_t gone[FRAME];

	memcpy(gone, j->ring + j->idx, FRAME);
	mark(j, j->idx, FRAME, false);
	move(j, 1);
	kind = take(j, frame, false);
	if (whole && kind == SIPD_JITTER_AUDIO)
		fade(j->codec, gone, frame);
	move(j, 1);
	j->margin -= FRAME;
	++j->left_out;

	return kind;
}


enum sipd_jitter_get sipd_jitter_get(struct sipd_jitter *j,
				     uint8_t frame[SIPD_JITTER_FRAME])
{
	enum sipd_jitter_get kind;
	bool now;

	if (!j->started)
		return j->quiet ? SIPD_JITTER_SILENCE : SIPD_JITTER_NONE;

	close_window(j);
	now = j->want && (++j->wanted >= PATIENCE || is_quiet(j));
	if (!now) {
		kind = take(j, frame, false);
		move(j, 1);
		return kind;
	}

	if (j->want > 0) {
		const bool quiet = is_quiet(j);

		/* nothing fits in between: let the concealment do it */
		kind = quiet ? take(j, frame, true) : SIPD_JITTER_LOST;
		j->margin += FRAME;
		++j->inserted;
	}
	else {
		kind = leave_out(j, frame);
	}
	new_window(j);

	return kind;
}


bool sipd_jitter_peek(const struct sipd_jitter *j, uint8_t *byte)
{
	if (!j->started || !has(j, j->idx))
		return false;

	*byte = j->ring[j->idx];

	return true;
}


void sipd_jitter_skip(struct sipd_jitter *j, uint64_t frames)
{
	if (!j->started)
		return;
	if (frames > RING / FRAME) {
		sipd_jitter_resync(j);
		return;
	}
	while (frames--) {
		mark(j, j->idx, FRAME, false);
		move(j, 1);
	}
}


double sipd_jitter_delay_ms(const struct sipd_jitter *j)
{
	return j->started ? j->margin / 8.0 : 0.0;
}
