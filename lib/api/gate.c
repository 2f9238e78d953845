/**
 * @file api/gate.c  What all of the engine's files stand on
 *
 * Who may come in, how many calls there may be, and the way upward: files
 * below do not call those above, they go through the handlers of the engine.
 */
#include "api/engine.h"

#include "base/clock.h"
#include "base/error.h"


struct sipdialer_event sipd_engine_event(int type)
{
	struct sipdialer_event ev = {
		.size = sizeof(ev),
		.type = type,
		.time_ms = sipd_wall_ms(),
		.next_ms = -1,
	};

	return ev;
}


static int not_running(enum sipd_engine_state state)
{
	return sipd_error(SIPDIALER_ESTATE, "the engine is %s",
			  state == SIPD_ENGINE_STOPPING ? "stopping"
							: "not started");
}


int sipd_engine_enter(struct sipdialer *d)
{
	enum sipd_engine_state state = d->state;

	/* a start waits for disks with the gate in its hand: no verb does */
	if (state != SIPD_ENGINE_RUNNING)
		return not_running(state);

	(void)pthread_rwlock_rdlock(&d->gate);
	state = d->state;
	if (state == SIPD_ENGINE_RUNNING)
		return SIPDIALER_OK;

	(void)pthread_rwlock_unlock(&d->gate);

	return not_running(state);
}


void sipd_engine_leave(struct sipdialer *d)
{
	(void)pthread_rwlock_unlock(&d->gate);
}


bool sipd_engine_slot_take(struct sipdialer *d)
{
	const unsigned max = atomic_load(&d->max_calls);
	unsigned used = atomic_load(&d->slots);

	while (used < max)
		if (atomic_compare_exchange_weak(&d->slots, &used, used + 1))
			return true;

	return false;
}


void sipd_engine_slot_release(struct sipdialer *d)
{
	atomic_fetch_sub(&d->slots, 1);
}


void sipd_engine_limits(struct sipdialer *d, const struct sipd_options *o)
{
	atomic_store(&d->max_calls,
		     (unsigned)sipd_opt_int(o, SIPD_OPT_DIAL_MAX_CALLS));
	atomic_store(&d->max_incoming,
		     (unsigned)sipd_opt_int(o, SIPD_OPT_INCOMING_MAX_CALLS));
	atomic_store(&d->cps, sipd_opt_num(o, SIPD_OPT_DIAL_CALLS_PER_SECOND));
}


void sipd_engine_released(struct sipdialer *d)
{
	d->released_h(d);
}


void sipd_engine_step(struct sipdialer *d)
{
	d->step_h(d);
}


void sipd_engine_look(struct sipdialer *d)
{
	d->look_h(d);
}


void sipd_engine_campaign(struct sipdialer_event *ev,
			  const struct sipd_campaign_row *row)
{
	const struct sipd_campaign_counts *c = &row->counts;

	ev->campaign = row->id;
	ev->status = row->status;
	ev->text = row->name;
	ev->total = c->total;
	ev->pending = c->pending;
	ev->active = c->in_progress;
	ev->completed = c->completed;
	ev->failed = c->failed;
	ev->other = c->dnc + c->skipped + c->interrupted;
	ev->attempts = c->attempts;
	ev->by_disposition = c->by_disposition;
	ev->by_disposition_len = sizeof(c->by_disposition) /
				 sizeof(c->by_disposition[0]);
	ev->next_ms = -1;
	if (c->next_due_ms >= 0) {
		const int64_t now = sipd_wall_ms();

		ev->next_ms = c->next_due_ms > now ? c->next_due_ms - now : 0;
	}
}
