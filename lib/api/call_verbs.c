/**
 * @file api/call_verbs.c  Verbs on calls that are up, one or all
 */
#include "api/calls.h"

#include <stdlib.h>
#include <string.h>
#include "base/error.h"


/* ---- verbs on a call --------------------------------------------------- */

struct sipd_dialed *sipd_dialed_find(struct sipdialer *d, uint64_t call)
{
	struct sipd_dialed *dialed;

	(void)pthread_mutex_lock(&d->lock);
	dialed = sipd_idmap_get(&d->live, call);
	(void)pthread_mutex_unlock(&d->lock);

	return dialed;
}


int sipd_call_post(struct sipdialer *d, uint64_t call, const char *text,
		   uint64_t number, sipd_work_h *h)
{
	const size_t len = strlen(text);
	struct sipd_call_command *c;
	int err;

	err = sipd_engine_enter(d);
	if (err)
		return err;

	c = NULL;
	if (!sipd_dialed_find(d, call))
		err = sipd_error(SIPDIALER_ENOENT, "no call %llu (any more)",
				 (unsigned long long)call);
	else {
		c = malloc(sizeof(*c) + len + 1);
		if (!c)
			err = sipd_error(SIPDIALER_ENOMEM,
					 "no memory for a command");
	}

	if (c) {
		*c = (struct sipd_call_command){.work.h = h,
						.d = d,
						.call = call,
						.number = number};
		memcpy(c->text, text, len + 1);
		sipd_loop_post(d->loop, &c->work);
	}
	sipd_engine_leave(d);

	return err;
}


int sipd_call_post_other(struct sipdialer *d, uint64_t call, uint64_t other,
			 const char *done, sipd_work_h *h)
{
	if (!d)
		return sipd_error(SIPDIALER_EINVAL, "d is NULL");
	if (call == other)
		return sipd_error(SIPDIALER_EINVAL,
				  "call %llu cannot be %s to itself",
				  (unsigned long long)call, done);
	if (!sipd_dialed_find(d, other))
		return sipd_error(SIPDIALER_ENOENT, "no call %llu (any more)",
				  (unsigned long long)other);

	return sipd_call_post(d, call, "", other, h);
}


int sipd_call_check_refusal(int sip_status)
{
	if (sip_status < 400 || sip_status > 699)
		return sipd_error(SIPDIALER_EINVAL,
				  "status %d is not within 400 to 699",
				  sip_status);

	return SIPDIALER_OK;
}


struct sipd_call *sipd_call_target(const struct sipd_call_command *c)
{
	const struct sipd_dialed *dialed = sipd_dialed_find(c->d, c->call);

	return dialed ? dialed->call : NULL;
}


static void hangup_work(struct sipd_work *work)
{
	struct sipd_call_command *c = sipd_call_command_of(work);
	struct sipd_dialed *dialed = sipd_dialed_find(c->d, c->call);

	if (dialed) {
		dialed->quit = true;
		if (dialed->call)
			sipd_call_hangup(dialed->call, c->text);
	}
	free(c);
}


static void play_work(struct sipd_work *work)
{
	struct sipd_call_command *c = sipd_call_command_of(work);
	struct sipd_call *call = sipd_call_target(c);

	if (call)
		sipd_call_play(call, c->text, (uint32_t)c->number);
	free(c);
}


static void dtmf_work(struct sipd_work *work)
{
	struct sipd_call_command *c = sipd_call_command_of(work);
	struct sipd_call *call = sipd_call_target(c);

	if (call)
		sipd_call_dtmf(call, c->text);
	free(c);
}


static void record_work(struct sipd_work *work)
{
	struct sipd_call_command *c = sipd_call_command_of(work);
	struct sipd_call *call = sipd_call_target(c);

	if (call)
		sipd_call_record_to(call, c->text, c->number != 0);
	free(c);
}


int sipdialer_call_hangup(struct sipdialer *d, uint64_t call)
{
	if (!d)
		return sipd_error(SIPDIALER_EINVAL, "d is NULL");

	return sipd_call_post(d, call, "hung up by the host", 0, hangup_work);
}


static int check_path(const char *path)
{
	if (strlen(path) > 4095)
		return sipd_error(SIPDIALER_EINVAL,
				  "path of %zu bytes, the limit is 4095",
				  strlen(path));

	return SIPDIALER_OK;
}


int sipdialer_call_play(struct sipdialer *d, uint64_t call, const char *path,
			uint32_t repeat)
{
	if (!d)
		return sipd_error(SIPDIALER_EINVAL, "d is NULL");
	if (repeat < 1 || repeat > 1000000)
		return sipd_error(SIPDIALER_EINVAL,
				  "repeat %u is not within 1 to 1000000",
				  repeat);
	if (!path || !strcmp(path, "none"))
		path = "";
	if (check_path(path))
		return SIPDIALER_EINVAL;

	return sipd_call_post(d, call, path, repeat, play_work);
}


int sipdialer_call_dtmf(struct sipdialer *d, uint64_t call, const char *digits)
{
	size_t good;

	if (!d || !digits)
		return sipd_error(SIPDIALER_EINVAL, "an argument is NULL");

	good = strspn(digits, "0123456789*#ABCDabcd,");
	if (digits[good])
		return sipd_error(SIPDIALER_EINVAL,
				  "'%c' at position %zu is not a key (0-9 * # "
				  "A-D and ',')",
				  digits[good], good + 1);
	if (good < 1 || good > 64)
		return sipd_error(SIPDIALER_EINVAL,
				  "%zu keys, not within 1 to 64", good);

	return sipd_call_post(d, call, digits, 0, dtmf_work);
}


int sipdialer_call_record(struct sipdialer *d, uint64_t call, const char *path,
			  int stereo)
{
	if (!d)
		return sipd_error(SIPDIALER_EINVAL, "d is NULL");
	if (!path)
		path = "";
	if (check_path(path))
		return SIPDIALER_EINVAL;

	return sipd_call_post(d, call, path, stereo != 0, record_work);
}


/* ---- all of them ------------------------------------------------------- */

enum { SWEEP = 256 };

struct sweep {
	const struct sipd_run *run; /* its unanswered ones; NULL: all */
	uint64_t number;            /* of the sweep: each call once */
	struct sipd_call *calls[SWEEP];
	size_t count;
};


static void gather(uint64_t id, void *value, void *arg)
{
	struct sipd_dialed *dialed = value;
	struct sweep *sweep = arg;
	(void)id;

	if (!dialed->call || dialed->swept == sweep->number ||
	    sweep->count == SWEEP)
		return;
	if (sweep->run && (dialed->run != sweep->run || dialed->answered))
		return;

	dialed->swept = sweep->number;
	sweep->calls[sweep->count++] = dialed->call;
}


/* The end of a call changes the map: gather first.  reason NULL: abandon. */
static void hangup(struct sipdialer *d, const struct sipd_run *run,
		   const char *reason)
{
	struct sweep sweep = {.run = run, .number = ++d->sweeps};

	do {
		sweep.count = 0;
		(void)pthread_mutex_lock(&d->lock);
		sipd_idmap_each(&d->live, gather, &sweep);
		(void)pthread_mutex_unlock(&d->lock);

		for (size_t i = 0; i < sweep.count; i++)
			if (reason)
				sipd_call_hangup(sweep.calls[i], reason);
			else
				sipd_call_abandon(sweep.calls[i]);
	} while (sweep.count == SWEEP);
}


void sipd_calls_hangup_all(struct sipdialer *d, const char *reason)
{
	hangup(d, NULL, reason);
}


void sipd_calls_abandon_all(struct sipdialer *d)
{
	hangup(d, NULL, NULL);
}


void sipd_calls_give_up(struct sipdialer *d, const struct sipd_run *run,
			const char *reason)
{
	hangup(d, run, reason);
}
