/**
 * @file api/call_transfer.c  Hold and transfer: verbs in, events out
 */
#include "api/calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"

enum { LINES_SIZE = 640 };


/* ---- events --------------------------------------------------------------- */

void sipd_dialed_holding(struct sipd_call *call, bool on, int error,
			 const char *reason, void *arg)
{
	struct sipdialer_event ev = sipd_engine_event(
		SIPDIALER_EVENT_CALL_HELD);
	(void)call;

	ev.status = on ? 2 : 3;
	ev.error = error;
	ev.reason = error ? reason : NULL;
	sipd_dialed_emit(arg, &ev);
}


void sipd_dialed_transfer(struct sipd_call *call,
			  const struct sipd_transfer *t, void *arg)
{
	struct sipdialer_event ev = sipd_engine_event(
		SIPDIALER_EVENT_CALL_TRANSFER);
	(void)call;

	ev.status = (int)t->state;
	ev.sip_status = t->sip_status;
	ev.reason = t->reason;
	sipd_dialed_emit(arg, &ev);
}


/* What the INVITE says of who asked for it. */
static void lines_write(const struct sipd_referral *r, char *buf, size_t size)
{
	size_t n = 0;

	*buf = '\0';
	if (*r->by && !sipd_sip_check_target(r->by))
		n = (size_t)snprintf(buf, size, "Referred-By: <%s>\n", r->by);
	if (*r->replaces && n < size)
		(void)snprintf(buf + n, size - n, "Replaces: %s\n",
			       r->replaces);
}


/* Of the newest; false: no memory. */
static bool refer_keep(struct sipd_dialed *dialed,
		       const struct sipd_referral *r)
{
	char lines[LINES_SIZE];
	char *to = sipd_strdup(r->to), *copy;

	lines_write(r, lines, sizeof(lines));
	copy = sipd_strdup(lines);
	if (!to || !copy) {
		free(to);
		free(copy);
		return false;
	}

	(void)pthread_mutex_lock(&dialed->d->lock);
	free(dialed->refer_to);
	free(dialed->refer_lines);
	dialed->refer_to = to;
	dialed->refer_lines = copy;
	dialed->refer_until = sipd_clock_ms() + SIPD_CALL_DECIDE_MS;
	(void)pthread_mutex_unlock(&dialed->d->lock);

	return true;
}


void sipd_dialed_referred(struct sipd_call *call,
			  const struct sipd_referral *r, void *arg)
{
	struct sipd_dialed *dialed = arg;
	struct sipd_event_node *node = sipd_event_reserve(dialed->d->events);
	struct sipdialer_event ev = sipd_engine_event(
		SIPDIALER_EVENT_CALL_REFERRED);

	if (!node || !refer_keep(dialed, r)) {
		sipd_event_unreserve(dialed->d->events, node);
		sipd_call_refer_reject(call, 503);
		return;
	}

	sipd_dialed_ids(dialed, &ev);
	ev.to = r->to;
	ev.text = *r->by ? r->by : NULL;
	sipd_event_push_reserved(dialed->d->events, node, &ev);
}


void sipd_dialed_replaced(struct sipd_call *call, uint64_t other, void *arg)
{
	struct sipdialer_event ev = sipd_engine_event(
		SIPDIALER_EVENT_CALL_REPLACED);
	(void)call;

	ev.other = other;
	sipd_dialed_emit(arg, &ev);
}


/* ---- hold, transfer ------------------------------------------------------- */

static void hold_work(struct sipd_work *work)
{
	struct sipd_call_command *c = sipd_call_command_of(work);
	struct sipd_call *call = sipd_call_target(c);

	if (call)
		sipd_call_hold(call, c->number != 0);
	free(c);
}


static void transfer_work(struct sipd_work *work)
{
	struct sipd_call_command *c = sipd_call_command_of(work);
	struct sipd_call *call = sipd_call_target(c);

	if (call)
		sipd_call_transfer(call, c->text, NULL);
	free(c);
}


static void attended_work(struct sipd_work *work)
{
	struct sipd_call_command *c = sipd_call_command_of(work);
	struct sipd_call *call = sipd_call_target(c);
	struct sipd_dialed *other = sipd_dialed_find(c->d, c->number);
	const struct sipd_transfer failed = {
		.state = SIPD_TRANSFER_FAILED,
		.reason = "the other call has ended",
	};

	if (call && other && other->call)
		sipd_call_transfer(call, NULL, other->call);
	else if (call)
		sipd_dialed_transfer(call, &failed,
				     sipd_dialed_find(c->d, c->call));
	free(c);
}


int sipdialer_call_hold(struct sipdialer *d, uint64_t call, int on)
{
	if (!d)
		return sipd_error(SIPDIALER_EINVAL, "d is NULL");

	return sipd_call_post(d, call, "", on != 0, hold_work);
}


int sipdialer_call_transfer(struct sipdialer *d, uint64_t call, const char *to)
{
	int err;

	if (!d || !to)
		return sipd_error(SIPDIALER_EINVAL, "an argument is NULL");

	err = sipd_sip_check_target(to);

	return err ? err : sipd_call_post(d, call, to, 0, transfer_work);
}


int sipdialer_call_transfer_attended(struct sipdialer *d, uint64_t call,
				     uint64_t other)
{
	return sipd_call_post_other(d, call, other, "transferred",
				    attended_work);
}


/* ---- what the far end asked for ------------------------------------------- */

static void refuse_work(struct sipd_work *work)
{
	struct sipd_call_command *c = sipd_call_command_of(work);
	struct sipd_call *call = sipd_call_target(c);

	if (call)
		sipd_call_refer_reject(call, (int)c->number);
	free(c);
}


/* What was asked for, to be freed; once. */
static int refer_take(struct sipdialer *d, uint64_t call, char **to,
		      char **lines)
{
	struct sipd_dialed *dialed;
	int err = SIPDIALER_OK;

	(void)pthread_mutex_lock(&d->lock);
	dialed = sipd_idmap_get(&d->live, call);
	if (!dialed)
		err = sipd_error(SIPDIALER_ENOENT, "no call %llu (any more)",
				 (unsigned long long)call);
	else if (!dialed->refer_to || sipd_clock_ms() >= dialed->refer_until)
		err = sipd_error(SIPDIALER_ESTATE,
				 "the far end of call %llu asks for no "
				 "transfer (any more)",
				 (unsigned long long)call);
	if (!err) {
		*to = dialed->refer_to;
		*lines = dialed->refer_lines;
		dialed->refer_to = dialed->refer_lines = NULL;
	}
	(void)pthread_mutex_unlock(&d->lock);

	return err;
}


static void refuse(struct sipdialer *d, uint64_t call, int sip_status)
{
	(void)sipd_call_post(d, call, "", (uint64_t)sip_status, refuse_work);
}


int sipdialer_call_refer_accept(struct sipdialer *d, uint64_t call,
				const char *const *options, uint64_t *new_call)
{
	char *to = NULL, *lines = NULL;
	int err;

	if (!d || !new_call)
		return sipd_error(SIPDIALER_EINVAL, "an argument is NULL");

	err = refer_take(d, call, &to, &lines);
	if (!err) {
		const struct sipd_call_wish wish = {
			.to = to,
			.options = options,
			.asked_by = call,
			.lines = lines,
		};

		err = sipd_calls_dial(d, &wish, new_call);
		if (err)
			refuse(d, call, 603);
	}
	free(to);
	free(lines);

	return err;
}


int sipdialer_call_refer_reject(struct sipdialer *d, uint64_t call,
				int sip_status)
{
	char *to = NULL, *lines = NULL;
	int err;

	if (!d)
		return sipd_error(SIPDIALER_EINVAL, "d is NULL");

	err = sipd_call_check_refusal(sip_status);
	if (!err)
		err = refer_take(d, call, &to, &lines);
	if (!err)
		refuse(d, call, sip_status);
	free(to);
	free(lines);

	return err;
}
