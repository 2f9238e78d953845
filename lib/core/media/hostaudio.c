/**
 * @file core/media/hostaudio.c  Audio of one call, to the host and from it
 */
#include "core/media/hostaudio.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "core/media/plc.h"
#include "port/codec/resample.h"

/* One thread puts, one takes; each writes its own counter only. */
struct ring {
	int16_t *samples;
	size_t room;
	atomic_uint_fast64_t in, out; /* samples put and taken so far */
};

struct sipd_hostaudio {
	atomic_uint refs;
	uint32_t host, own; /* rates, Hz: of the host, of the stream */
	size_t frame;       /* samples of 20 ms at the stream's */
	struct sipd_hostaudio_totals *totals;
	atomic_bool told; /* an event is on its way, or waits for the host */

	/* from the far end to the host */
	struct ring heard;
	atomic_uint_fast64_t lost; /* samples for which there was no room */
	struct sipd_plc plc;       /* of the media thread */
	pthread_mutex_t read_lock;
	struct sipd_resampler *up;  /* under it; NULL: the rates are one */
	atomic_uint_fast64_t given; /* samples that the host has taken */

	/* from the host to the far end; who takes from the ring holds `taking`,
	 * which the media thread does not wait for */
	struct ring said;
	atomic_flag taking;
	bool playing; /* the last frame was the host's */
	bool begun;   /* part of a frame waits for the rest, for 20 ms */
	atomic_uint underruns;
	pthread_mutex_t write_lock;
	struct sipd_resampler *down; /* under it */
	unsigned resets;             /* underruns that `down` knows of */

	int16_t samples[];
};

_Static_assert((int)SIPD_PLC_FRAME == (int)SIPD_FRAME, "one frame");


/* Samples of the stream in those of the host. */
static size_t to_host(const struct sipd_hostaudio *a, size_t n)
{
	return (size_t)((uint64_t)n * a->host / a->own);
}


/* ---- a ring ------------------------------------------------------------- */

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}


/* From any thread: `out` first, so that it is never ahead. */
static size_t ring_fill(struct ring *r)
{
	const uint64_t out = atomic_load(&r->out);

	return smaller((size_t)(atomic_load(&r->in) - out), r->room);
}


/* Where to put the next, and how many fit there in one piece. */
static int16_t *ring_space(struct ring *r, size_t *n)
{
	const size_t at = (size_t)(atomic_load_explicit(&r->in,
							memory_order_relaxed) %
				   r->room);

	*n = smaller(r->room - ring_fill(r), r->room - at);

	return r->samples + at;
}


static void ring_put(struct ring *r, size_t n)
{
	atomic_fetch_add(&r->in, n);
}


/* The oldest, and how many there are in one piece. */
static const int16_t *ring_oldest(struct ring *r, size_t *n)
{
	const size_t at = (size_t)(atomic_load_explicit(&r->out,
							memory_order_relaxed) %
				   r->room);

	*n = smaller(ring_fill(r), r->room - at);

	return r->samples + at;
}


static void ring_take(struct ring *r, size_t n)
{
	atomic_fetch_add(&r->out, n);
}


static size_t copy_in(struct ring *r, const int16_t *pcm, size_t count)
{
	size_t done = 0;

	while (done < count) {
		size_t n;
		int16_t *to = ring_space(r, &n);

		n = smaller(n, count - done);
		if (!n)
			break;
		memcpy(to, pcm + done, n * sizeof(*pcm));
		ring_put(r, n);
		done += n;
	}

	return done;
}


static size_t copy_out(struct ring *r, int16_t *pcm, size_t max)
{
	size_t done = 0;

	while (done < max) {
		size_t n;
		const int16_t *from = ring_oldest(r, &n);

		n = smaller(n, max - done);
		if (!n)
			break;
		memcpy(pcm + done, from, n * sizeof(*pcm));
		ring_take(r, n);
		done += n;
	}

	return done;
}


/* ---- life --------------------------------------------------------------- */

static void audio_free(struct sipd_hostaudio *a)
{
	sipd_resampler_close(a->up);
	sipd_resampler_close(a->down);
	(void)pthread_mutex_destroy(&a->read_lock);
	(void)pthread_mutex_destroy(&a->write_lock);
	free(a);
}


static int open_resamplers(struct sipd_hostaudio *a)
{
	int err;

	if (a->host == a->own)
		return 0;

	err = sipd_resampler_open(&a->up, a->own, a->host);

	return err ? err : sipd_resampler_open(&a->down, a->host, a->own);
}


int sipd_hostaudio_open(struct sipd_hostaudio **ap,
			const struct sipd_hostaudio_conf *conf)
{
	const uint32_t own = conf->wide ? SIPD_WIDE_HZ : SIPD_TICK_HZ;
	const size_t heard = (size_t)conf->read_ms * (own / 1000);
	const size_t said = (size_t)conf->write_ms * (own / 1000);
	struct sipd_hostaudio *a;
	int err;

	assert(conf->rate && !(conf->rate % SIPD_TICK_HZ));
	/* samples are written before they are read, no need to zero them */
	a = malloc(sizeof(*a) + (heard + said) * sizeof(a->samples[0]));
	if (!a)
		return sipd_error(SIPDIALER_ENOMEM,
				  "no memory for %zu samples of audio",
				  heard + said);

	memset(a, 0, sizeof(*a));
	atomic_init(&a->refs, 1);
	atomic_flag_clear(&a->taking);
	a->host = conf->rate;
	a->own = own;
	a->frame = conf->wide ? SIPD_FRAME_WIDE : SIPD_FRAME;
	a->totals = conf->totals;
	a->heard.samples = a->samples;
	a->heard.room = heard;
	a->said.samples = a->samples + heard;
	a->said.room = said;
	if (conf->wide)
		sipd_plc_init_wide(&a->plc);
	else
		sipd_plc_init(&a->plc);
	(void)pthread_mutex_init(&a->read_lock, NULL);
	(void)pthread_mutex_init(&a->write_lock, NULL);

	err = open_resamplers(a);
	if (err) {
		audio_free(a);
		return err;
	}

	*ap = a;

	return 0;
}


struct sipd_hostaudio *sipd_hostaudio_ref(struct sipd_hostaudio *a)
{
	if (a)
		atomic_fetch_add_explicit(&a->refs, 1, memory_order_relaxed);

	return a;
}


void sipd_hostaudio_unref(struct sipd_hostaudio *a)
{
	if (a && atomic_fetch_sub(&a->refs, 1) == 1)
		audio_free(a);
}


/* ---- threads of the host ------------------------------------------------ */

static size_t read_up(struct sipd_hostaudio *a, int16_t *pcm, size_t max)
{
	size_t done = 0;

	while (done < max) {
		size_t taken, made = max - done;
		const int16_t *from = ring_oldest(&a->heard, &taken);

		if (!taken)
			break;
		sipd_resampler_run(a->up, from, &taken, pcm + done, &made);
		ring_take(&a->heard, taken);
		done += made;
		if (!taken && !made)
			break;
	}

	return done;
}


size_t sipd_hostaudio_read(struct sipd_hostaudio *a, int16_t *pcm, size_t max)
{
	size_t n;

	(void)pthread_mutex_lock(&a->read_lock);
	n = a->up ? read_up(a, pcm, max) : copy_out(&a->heard, pcm, max);
	atomic_fetch_add(&a->given, n);
	(void)pthread_mutex_unlock(&a->read_lock);

	atomic_store(&a->told, false);

	return n;
}


/* After a pause the filter's memory is of something long gone. */
static void reset_down(struct sipd_hostaudio *a, unsigned underruns)
{
	if (a->down && underruns != a->resets)
		sipd_resampler_reset(a->down);
	a->resets = underruns;
}


static size_t write_down(struct sipd_hostaudio *a, const int16_t *pcm,
			 size_t count)
{
	size_t done = 0;

	reset_down(a, atomic_load(&a->underruns));
	while (done < count) {
		size_t made, taken;
		int16_t *to = ring_space(&a->said, &made);

		if (!made)
			break;
		taken = smaller(count - done, to_host(a, made) + 1);
		sipd_resampler_run(a->down, pcm + done, &taken, to, &made);
		ring_put(&a->said, made);
		done += taken;
		if (!taken && !made)
			break;
	}

	return done;
}


size_t sipd_hostaudio_write(struct sipd_hostaudio *a, const int16_t *pcm,
			    size_t count)
{
	size_t n;

	(void)pthread_mutex_lock(&a->write_lock);
	n = a->down ? write_down(a, pcm, count)
		    : copy_in(&a->said, pcm, count);
	(void)pthread_mutex_unlock(&a->write_lock);

	atomic_store(&a->told, false);

	return n;
}


size_t sipd_hostaudio_clear(struct sipd_hostaudio *a)
{
	size_t n;

	(void)pthread_mutex_lock(&a->write_lock);
	/* the media thread copies a frame, no more */
	while (atomic_flag_test_and_set(&a->taking))
		(void)sched_yield();
	n = ring_fill(&a->said);
	ring_take(&a->said, n);
	a->playing = false;
	a->begun = false;
	atomic_flag_clear(&a->taking);
	if (a->down)
		sipd_resampler_reset(a->down);
	(void)pthread_mutex_unlock(&a->write_lock);

	atomic_store(&a->told, false);

	return to_host(a, n);
}


/* ---- any thread --------------------------------------------------------- */

void sipd_hostaudio_counts(struct sipd_hostaudio *a,
			   struct sipd_hostaudio_counts *c)
{
	/* first what was taken, so that it is never more */
	const uint64_t given = atomic_load(&a->given);

	const uint64_t heard = atomic_load(&a->heard.in) * a->host / a->own;

	/* the resampler may give one more than it was asked for so far */
	c->waiting = heard > given ? heard - given : 0;
	c->pending = to_host(a, ring_fill(&a->said));
	c->lost = atomic_load(&a->lost) * a->host / a->own;
}


void sipd_hostaudio_untold(struct sipd_hostaudio *a)
{
	atomic_store(&a->told, false);
}


/* ---- the media thread --------------------------------------------------- */

static void count(atomic_uint_fast64_t *c, uint64_t n)
{
	atomic_fetch_add_explicit(c, n, memory_order_relaxed);
}


static void hear(struct sipd_hostaudio *a, const struct sipd_rx_frame *rx,
		 int16_t *pcm)
{
	memcpy(pcm, rx->pcm, a->frame * sizeof(*pcm));
	if (rx->kind == SIPD_RX_LOST)
		sipd_plc_lost(&a->plc, pcm);
	else
		sipd_plc_good(&a->plc, pcm);
}


bool sipd_hostaudio_heard(struct sipd_hostaudio *a,
			  const struct sipd_rx_frame *rx)
{
	int16_t pcm[SIPD_FRAME_WIDE];
	size_t n;

	hear(a, rx, pcm);
	n = a->frame - copy_in(&a->heard, pcm, a->frame);
	if (n) {
		count(&a->lost, n);
		if (a->totals)
			count(&a->totals->lost, n * SIPD_TICK_HZ / a->own);
	}

	return !atomic_exchange(&a->told, true);
}


static void ran_out(struct sipd_hostaudio *a)
{
	a->playing = false;
	atomic_fetch_add(&a->underruns, 1);
	if (a->totals)
		count(&a->totals->underruns, 1);
}


/* The rest of an unfinished frame is silent.  At the begin of a piece it is
 * waited for, since who writes 20 ms every 20 ms would else be cut into. */
static bool take(struct sipd_hostaudio *a, int16_t *pcm)
{
	const size_t fill = ring_fill(&a->said);
	size_t n;

	if (a->playing && fill < a->frame)
		ran_out(a);
	else if (!a->playing && fill && fill < a->frame && !a->begun) {
		a->begun = true;
		return false;
	}
	if (!fill)
		return false;

	n = copy_out(&a->said, pcm, a->frame);
	memset(pcm + n, 0, (a->frame - n) * sizeof(*pcm));
	a->begun = false;
	a->playing = n == a->frame;

	return true;
}


bool sipd_hostaudio_say(struct sipd_hostaudio *a, int16_t *pcm)
{
	bool some;

	/* the host is just dropping it all */
	if (atomic_flag_test_and_set(&a->taking))
		return false;

	some = take(a, pcm);
	atomic_flag_clear(&a->taking);

	return some;
}
