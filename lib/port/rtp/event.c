/**
 * @file port/rtp/event.c  Keys as telephone events. RFC 4733
 */
#include "port/rtp/event.h"

#include <ctype.h>
#include <string.h>
#include "port/rtp/packet.h"

enum {
	KHZ = 8,          /* of the clock, if nothing is said */
	STEP_MS = 20,     /* a tick */
	TONE = 5,         /* ticks of a key, 100 ms */
	ENDS = 3,         /* end packets, 2.5.1.4 */
	KEY = 10,         /* ticks of a key with the gap */
	COMMA = 25,       /* ticks of ',' */
	VOLUME = 10,      /* -10 dBm0 */
	SEGMENT = 0xffff, /* longest duration in one segment */
	QUIET_MS = 100,   /* without a packet: the end was lost */
	REORDER_MS = 2000 /* older by less: late, not new */
};

static const char names[] = "0123456789*#ABCD";


static unsigned khz_of(uint8_t khz)
{
	return khz ? khz : KHZ;
}


static size_t finish(struct sipd_event_rx *e, struct sipd_key *key)
{
	if (!e->open)
		return 0;

	e->open = false;
	key->digit = names[e->event];
	key->ms = (e->before + e->duration) / khz_of(e->khz);

	return 1;
}


size_t sipd_event_put(struct sipd_event_rx *e, uint32_t ts,
		      const uint8_t *payload, size_t len, uint64_t now_ms,
		      struct sipd_key key[2])
{
	const int32_t diff = (int32_t)(ts - e->ts);
	const int32_t reorder = (int32_t)(REORDER_MS * khz_of(e->khz));
	uint32_t duration;
	size_t n = 0;

	if (len < SIPD_EVENT_SIZE || payload[0] >= sizeof(names) - 1)
		return 0;
	duration = sipd_get16(payload + 2);

	if (e->known && diff < 0 && diff > -reorder)
		return 0;
	if (!e->known || diff) {
		const bool more = e->known && e->open && diff == SEGMENT &&
				  payload[0] == e->event;

		if (!more)
			n = finish(e, key);
		e->before = more ? e->before + SEGMENT : 0;
		e->known = e->open = true;
		e->event = payload[0];
		e->ts = ts;
		e->duration = 0;
	}
	if (payload[0] != e->event)
		return n;

	e->at_ms = now_ms;
	if (duration > e->duration)
		e->duration = duration;
	if (payload[1] & 0x80)
		n += finish(e, key + n);

	return n;
}


size_t sipd_event_tick(struct sipd_event_rx *e, uint64_t now_ms,
		       struct sipd_key *key)
{
	if (!e->open || now_ms - e->at_ms < QUIET_MS)
		return 0;

	return finish(e, key);
}


bool sipd_event_queue(struct sipd_event_tx *e, const char *digits)
{
	for (; *digits; ++digits) {
		const char c = (char)toupper((unsigned char)*digits);

		if (c != ',' && !strchr(names, c))
			continue;
		if (e->count == SIPD_KEYS_MAX)
			return false;
		e->keys[(e->head + e->count++) % SIPD_KEYS_MAX] = c;
	}

	return true;
}


static void step(struct sipd_event_tx *e, uint8_t of)
{
	if (++e->step < of)
		return;
	e->step = 0;
	e->head = (uint8_t)((e->head + 1) % SIPD_KEYS_MAX);
	--e->count;
}


enum sipd_event_out sipd_event_next(struct sipd_event_tx *e, uint32_t *ts,
				    bool *marker,
				    uint8_t payload[SIPD_EVENT_SIZE])
{
	const uint8_t at = e->step;
	char c;

	if (!e->count)
		return SIPD_EVENT_IDLE;
	c = e->keys[e->head];
	if (c == ',') {
		step(e, COMMA);
		return SIPD_EVENT_PAUSE;
	}

	step(e, KEY);
	if (at >= TONE + ENDS - 1)
		return SIPD_EVENT_PAUSE;

	if (!at)
		e->ts = *ts;
	*ts = e->ts;
	*marker = !at;
	payload[0] = (uint8_t)(strchr(names, c) - names);
	payload[1] = (uint8_t)((at >= TONE - 1 ? 0x80 : 0) | VOLUME);
	sipd_put16(payload + 2, (uint16_t)(STEP_MS * khz_of(e->khz) *
					   (at < TONE ? at + 1u : TONE)));

	return SIPD_EVENT_SEND;
}


enum sipd_event_out sipd_event_tone(struct sipd_event_tx *e, char *digit,
				    unsigned *frame, unsigned *frames)
{
	const uint8_t at = e->step;

	if (!e->count)
		return SIPD_EVENT_IDLE;
	*digit = e->keys[e->head];
	*frame = at;
	*frames = TONE;
	step(e, *digit == ',' ? COMMA : KEY);

	return *digit != ',' && at < TONE ? SIPD_EVENT_SEND : SIPD_EVENT_PAUSE;
}


void sipd_event_again(struct sipd_event_tx *e)
{
	e->step = 0;
}
