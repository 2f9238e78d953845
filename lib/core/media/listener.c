/**
 * @file core/media/listener.c  The ear of a stream, between its two threads
 */
#include "core/media/listener.h"

#include <stdatomic.h>
#include <stdlib.h>

enum {
	FRAME_MS = 20,
	RING = 16, /* a tone takes 80 ms or more: nearly a second of them, with
		    * chances at each frame a fifth; more is memory of each call */
	SPARE = 4  /* of them for verdicts and what is awaited */
};

/* A beep may be under way: what is silence to the voice detector is not the
 * end then. */
#define BEEP_LIKELY 0.2f

struct sipd_listener {
	struct sipd_ear ear;
	uint32_t interval, since; /* frames */
	uint32_t now_ms, quiet_ms;
	bool begun;       /* audio has come */
	bool begins;      /* the answer is known here */
	bool speech;      /* somebody speaks */
	bool fresh;       /* something went into the ring in this frame */
	uint32_t told_ms; /* what was awaited and told, 0 not yet */

	atomic_bool answered;
	atomic_uint await_ms;
	atomic_uint in, out, lost; /* counters */
	struct sipd_told ring[RING];
};


struct sipd_listener *sipd_listener_open(const struct sipd_listener_conf *conf)
{
	struct sipd_listener *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;

	sipd_ear_init(&l->ear, &conf->ear);
	l->interval = (conf->interval_ms + FRAME_MS - 1) / FRAME_MS;
	atomic_init(&l->answered, false);
	atomic_init(&l->await_ms, 0);
	atomic_init(&l->in, 0);
	atomic_init(&l->out, 0);
	atomic_init(&l->lost, 0);

	return l;
}


void sipd_listener_close(struct sipd_listener *l)
{
	free(l);
}


void sipd_listener_answered(struct sipd_listener *l)
{
	atomic_store(&l->answered, true);
}


void sipd_listener_await(struct sipd_listener *l, uint32_t quiet_ms)
{
	atomic_store(&l->await_ms, quiet_ms);
}


const char *sipd_heard_tone(const struct sipd_heard *heard)
{
	switch (heard->kind) {
	case SIPD_HEARD_BEEP:
		return "beep";
	case SIPD_HEARD_SIT:
		return "sit";
	case SIPD_HEARD_CNG:
		return "cng";
	case SIPD_HEARD_CED:
		return heard->on ? "ced" : NULL;
	case SIPD_HEARD_RINGBACK:
		return heard->on ? "ringback" : NULL;
	case SIPD_HEARD_BUSY:
		return heard->on ? "busy" : NULL;
	case SIPD_HEARD_REORDER:
		return heard->on ? "reorder" : NULL;
	case SIPD_HEARD_DIAL:
		return heard->on ? "dial" : NULL;
	default:
		return NULL;
	}
}


static void push(struct sipd_listener *l, struct sipd_told *told)
{
	const unsigned in = atomic_load_explicit(&l->in, memory_order_relaxed);
	const bool matters = told->kind == SIPD_TOLD_QUIET ||
			     (told->kind == SIPD_TOLD_HEARD &&
			      told->heard.kind == SIPD_HEARD_VERDICT);
	const unsigned room = matters ? RING : RING - SPARE;
	struct sipd_chances c;

	if (in - atomic_load(&l->out) >= room) {
		atomic_fetch_add(&l->lost, 1);
		return;
	}

	c = sipd_ear_chances(&l->ear);
	told->now_ms = l->now_ms;
	told->quiet_ms = l->quiet_ms;
	told->human = c.human;
	told->machine = c.machine;
	told->beep = c.beep;
	l->ring[in % RING] = *told;
	atomic_store(&l->in, in + 1);
	l->fresh = true;
}


static void heard_handler(const struct sipd_heard *heard, void *arg)
{
	struct sipd_told told = {.kind = SIPD_TOLD_HEARD, .heard = *heard};
	struct sipd_listener *l = arg;

	switch (heard->kind) {
	case SIPD_HEARD_SPEECH:
		l->speech = heard->on;
		break;
	case SIPD_HEARD_SILENCE:
	case SIPD_HEARD_CLIPPING:
		break;
	default:
		push(l, &told);
		break;
	}
}


static void chances(struct sipd_listener *l)
{
	struct sipd_told told = {.kind = SIPD_TOLD_CHANCES};

	if (!l->begins || !l->interval || ++l->since < l->interval)
		return;

	l->since = 0;
	push(l, &told);
}


static void quiet(struct sipd_listener *l)
{
	const uint32_t await_ms = atomic_load_explicit(&l->await_ms,
						       memory_order_relaxed);
	struct sipd_told told = {.kind = SIPD_TOLD_QUIET};

	l->quiet_ms = l->speech ? 0 : l->quiet_ms + FRAME_MS;
	if (l->told_ms == await_ms || l->quiet_ms < await_ms ||
	    sipd_ear_chances(&l->ear).beep > BEEP_LIKELY)
		return;

	l->told_ms = await_ms;
	if (await_ms)
		push(l, &told);
}


bool sipd_listener_hear(struct sipd_listener *l, const int16_t *pcm,
			bool received)
{
	/* early media that has not come yet costs nothing */
	l->begun = l->begun || received;
	if (!l->begins &&
	    atomic_load_explicit(&l->answered, memory_order_relaxed)) {
		l->begins = l->begun = true;
		l->now_ms = 0;
		sipd_ear_answered(&l->ear);
	}
	if (!l->begun)
		return false;

	l->fresh = false;
	l->now_ms += FRAME_MS;
	sipd_ear_hear(&l->ear, pcm, received, heard_handler, l);
	quiet(l);
	chances(l);

	return l->fresh;
}


unsigned sipd_listener_drain(struct sipd_listener *l, sipd_told_h *h,
			     void *arg)
{
	unsigned out = atomic_load_explicit(&l->out, memory_order_relaxed);

	while (out != atomic_load(&l->in)) {
		const struct sipd_told told = l->ring[out % RING];

		atomic_store(&l->out, ++out);
		h(&told, arg);
	}

	return atomic_exchange(&l->lost, 0);
}
