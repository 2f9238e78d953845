/**
 * @file port/rtp/event.h  Keys as telephone events. RFC 4733
 *
 * Pure: packets, timestamps and milliseconds are handed in.
 */
#ifndef SIPD_PORT_RTP_EVENT_H
#define SIPD_PORT_RTP_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SIPD_KEYS_MAX = 64,
	SIPD_EVENT_SIZE = 4 /* payload */
};

struct sipd_key {
	char digit; /* 0-9 * # A-D */
	uint32_t ms;
};

/** Receiving. */
struct sipd_event_rx {
	bool known; /* ts and event are of the latest key */
	bool open;  /* which has not been given out yet */
	uint8_t event;
	uint32_t ts;
	uint8_t khz;       /* of the clock; 0: 8 */
	uint32_t duration; /* longest seen, of the clock */
	uint32_t before;   /* of its earlier segments, 2.5.1.3 */
	uint64_t at_ms;    /* last packet */
};

/** A packet. Returns how many keys ended by it, at most 2. */
size_t sipd_event_put(struct sipd_event_rx *e, uint32_t ts,
		      const uint8_t *payload, size_t len, uint64_t now_ms,
		      struct sipd_key key[2]);

/** Time passes: a key whose end got lost has ended. Returns 0 or 1. */
size_t sipd_event_tick(struct sipd_event_rx *e, uint64_t now_ms,
		       struct sipd_key *key);

/** Sending: 100 ms a key, 100 ms between, ',' 500 ms. */
struct sipd_event_tx {
	char keys[SIPD_KEYS_MAX]; /* ring */
	uint8_t head, count;
	uint8_t step; /* ticks of the key at the head done */
	uint8_t khz;  /* of the clock; 0: 8 */
	uint32_t ts;  /* of its start */
};

enum sipd_event_out {
	SIPD_EVENT_IDLE, /* no key: audio */
	SIPD_EVENT_SEND, /* send the payload */
	SIPD_EVENT_PAUSE /* silence */
};

/** Queue keys; unknown ones are left out.  False if some did not fit. */
bool sipd_event_queue(struct sipd_event_tx *e, const char *digits);

/** What to do in this tick.  *ts: in now, out the event's. */
enum sipd_event_out sipd_event_next(struct sipd_event_tx *e, uint32_t *ts,
				    bool *marker,
				    uint8_t payload[SIPD_EVENT_SIZE]);

/** The same as tones: SEND is frame *frame of *frames of *digit. */
enum sipd_event_out sipd_event_tone(struct sipd_event_tx *e, char *digit,
				    unsigned *frame, unsigned *frames);

/** Sending stopped in the middle (hold): say the key anew later. */
void sipd_event_again(struct sipd_event_tx *e);

#endif
