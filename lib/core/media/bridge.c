/**
 * @file core/media/bridge.c  Two calls that hear each other
 */
#include "core/media/bridge.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "core/media/plc.h"
#include "port/codec/halfband.h"

enum {
	ROOM = 8,   /* frames */
	BEHIND = 4, /* more wait after a hold or a prompt: the oldest go, */
	KEEP = 1    /* but for the newest */
};

/* From the end that hears to the other.  Each counter has one writer. */
struct way {
	atomic_uint in, out;
	struct sipd_plc plc; /* of the one that puts */
	struct sipd_up up;   /* of the one that takes */
	struct sipd_down down;
	uint16_t samples[ROOM];
	int16_t pcm[ROOM][SIPD_FRAME_WIDE];
};

struct sipd_bridge {
	atomic_uint refs;
	struct way way[2]; /* by the end that hears */
};


int sipd_bridge_open(struct sipd_bridge **bp)
{
	struct sipd_bridge *b = calloc(1, sizeof(*b));

	if (!b)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for a bridge");

	atomic_init(&b->refs, 1);
	for (int i = 0; i < 2; i++) {
		atomic_init(&b->way[i].in, 0);
		atomic_init(&b->way[i].out, 0);
		sipd_plc_init(&b->way[i].plc);
	}
	*bp = b;

	return SIPDIALER_OK;
}


struct sipd_bridge *sipd_bridge_ref(struct sipd_bridge *b)
{
	if (b)
		atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);

	return b;
}


void sipd_bridge_unref(struct sipd_bridge *b)
{
	if (b && atomic_fetch_sub(&b->refs, 1) == 1)
		free(b);
}


void sipd_bridge_put(struct sipd_bridge *b, int end,
		     const struct sipd_rx_frame *rx)
{
	struct way *way = &b->way[end];
	const unsigned in = atomic_load_explicit(&way->in,
						 memory_order_relaxed);
	const bool wide = rx->samples == SIPD_FRAME_WIDE;
	int16_t *pcm = way->pcm[in % ROOM];

	if (wide && way->plc.times == 1)
		sipd_plc_init_wide(&way->plc);
	if (rx->kind == SIPD_RX_NONE || in - atomic_load(&way->out) >= ROOM)
		return;

	way->samples[in % ROOM] = wide ? SIPD_FRAME_WIDE : SIPD_FRAME;
	memcpy(pcm, rx->pcm, way->samples[in % ROOM] * sizeof(*pcm));
	if (rx->kind == SIPD_RX_LOST)
		sipd_plc_lost(&way->plc, pcm);
	else
		sipd_plc_good(&way->plc, pcm);
	atomic_store(&way->in, in + 1);
}


bool sipd_bridge_take(struct sipd_bridge *b, int end, int16_t *pcm,
		      size_t samples)
{
	struct way *way = &b->way[!end];
	const unsigned in = atomic_load(&way->in);
	unsigned out = atomic_load_explicit(&way->out, memory_order_relaxed);
	const int16_t *from;

	if (in == out)
		return false;

	if (in - out > BEHIND)
		out = in - KEEP;
	from = way->pcm[out % ROOM];
	if (way->samples[out % ROOM] == samples)
		memcpy(pcm, from, samples * sizeof(*pcm));
	else if (samples == SIPD_FRAME)
		sipd_down(&way->down, pcm, from, SIPD_FRAME);
	else
		sipd_up(&way->up, pcm, from, SIPD_FRAME);
	atomic_store(&way->out, out + 1);

	return true;
}
