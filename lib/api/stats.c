/**
 * @file api/stats.c  Counters of the engine as JSON
 */
#include "api/engine.h"

#include "base/error.h"
#include "base/text.h"
#include "base/words.h"


static void add_calls(struct sipdialer *d, struct sipd_text *t)
{
	sipd_text_add(t, ",\"calls\":{");
	sipd_json_uint(t, "active", atomic_load(&d->slots));
	sipd_json_uint(t, "max", atomic_load(&d->max_calls));
	sipd_json_uint(t, "started", atomic_load(&d->counts.calls));
	sipd_json_uint(t, "answered", atomic_load(&d->counts.answered));
	sipd_json_uint(t, "ended", atomic_load(&d->counts.ended));
	/* one of these words is `answered`, too */
	sipd_text_add(t, ",\"by_disposition\":{");
	for (size_t i = 1; i < sipd_words_disposition.count; i++)
		sipd_json_uint(t, sipd_word(&sipd_words_disposition, (int)i),
			       atomic_load(&d->counts.by_disposition[i]));
	sipd_text_add(t, "}}");
}


static void add_media(struct sipdialer *d, struct sipd_text *t)
{
	static const char *const bounds[6] = {
		"late_below_1ms",  "late_below_2ms",  "late_below_5ms",
		"late_below_10ms", "late_below_20ms", "late_more"};
	struct sipd_media_stats st;

	sipd_media_stats(d->media, &st);
	sipd_text_add(t, ",\"media\":{");
	sipd_json_uint(t, "streams", st.streams);
	sipd_json_uint(t, "tx", st.tx);
	sipd_json_uint(t, "rx", st.rx);
	sipd_json_uint(t, "dropped", st.dropped);
	sipd_json_uint(t, "frames_due", st.ticks_due);
	sipd_json_uint(t, "frames_skipped", st.skipped);
	for (size_t i = 0; i < 6; i++)
		sipd_json_uint(t, bounds[i], st.late[i]);
	sipd_json_uint(t, "late_max_us", st.late_max_us);
	sipd_text_add(t, "}");
}


static void add_sip(struct sipdialer *d, struct sipd_text *t)
{
	struct sipd_sip_stats st;

	sipd_accounts_stats(d, &st);
	sipd_text_add(t, ",\"sip\":{");
	sipd_json_uint(t, "requests_in", st.requests_in);
	sipd_json_uint(t, "responses_in", st.responses_in);
	sipd_json_uint(t, "malformed", st.malformed);
	sipd_json_uint(t, "strangers", st.strangers);
	sipd_json_uint(t, "strays", st.strays);
	sipd_json_uint(t, "replies_limited", st.replies_limited);
	sipd_json_uint(t, "servers", st.servers);
	sipd_json_uint(t, "left_alone", st.left_alone);
	sipd_json_uint(t, "failovers", st.failovers);
	sipd_json_uint(t, "incoming", st.incoming);
	sipd_text_add(t, "}");
}


static void add_audio(struct sipdialer *d, struct sipd_text *t)
{
	sipd_text_add(t, ",\"audio\":{");
	sipd_json_uint(t, "lost_ms", atomic_load(&d->audio.lost) / 8);
	sipd_json_uint(t, "underruns", atomic_load(&d->audio.underruns));
	sipd_text_add(t, "}");
}


static void add_recordings(struct sipdialer *d, struct sipd_text *t)
{
	struct sipd_recordings_stats st;

	sipd_recordings_stats(d->recordings, &st);
	sipd_text_add(t, ",\"recordings\":{");
	sipd_json_uint(t, "active", st.active);
	sipd_json_uint(t, "begun", st.begun);
	sipd_json_uint(t, "refused", st.refused);
	sipd_json_uint(t, "removed", st.removed);
	sipd_json_uint(t, "bytes", st.bytes);
	sipd_json_uint(t, "lost_ms", st.lost * SIPD_FRAME_MS);
	sipd_json_uint(t, "total_bytes", st.total);
	sipd_text_add(t, "}");
}


/* @locks d->lock */
static void add_registration(const struct sipd_account *acc,
			     struct sipd_text *t)
{
	sipd_json_str(t, "status",
		      sipd_word(&sipd_words_registration, acc->reg.state));
	sipd_json_int(t, "sip_status", acc->reg.sip_status);
	sipd_json_str(t, "reason", acc->reg_reason);
	sipd_json_uint(t, "expires_s", acc->reg.expires);
}


static void add_registrations(struct sipdialer *d, struct sipd_text *t)
{
	const struct sipd_account *acc;

	(void)pthread_mutex_lock(&d->lock);
	sipd_text_add(t, ",\"registration\":{");
	add_registration(&d->own, t);
	sipd_text_add(t, "},\"accounts\":[");
	for (acc = d->accounts; acc; acc = acc->next) {
		sipd_text_add(t, acc == d->accounts ? "{" : ",{");
		sipd_json_str(t, "name", acc->name);
		sipd_json_bool(t, "registers", acc->ready && acc->registers);
		sipd_json_uint(t, "users", acc->users);
		add_registration(acc, t);
		sipd_text_add(t, "}");
	}
	sipd_text_add(t, "]");
	(void)pthread_mutex_unlock(&d->lock);
}


static void add_events(struct sipdialer *d, struct sipd_text *t)
{
	struct sipd_events_stats st;

	sipd_events_stats(d->events, &st);
	sipd_text_add(t, ",\"events\":{");
	sipd_json_uint(t, "delivered", st.delivered);
	sipd_json_uint(t, "waiting", st.waiting);
	sipd_json_uint(t, "merged", st.merged);
	sipd_json_uint(t, "lost", st.lost);
	sipd_text_add(t, "}");
}


int sipdialer_stats(struct sipdialer *d, char *buf, size_t size)
{
	struct sipd_text t;
	int err;

	if (!d || (!buf && size))
		return sipd_error(SIPDIALER_EINVAL, "an argument is NULL");

	err = sipd_engine_enter(d);
	if (err)
		return err;

	sipd_text_init(&t, buf, size);
	sipd_text_add(&t, "{");
	sipd_json_str(&t, "version", SIPDIALER_VERSION);
	sipd_json_uint(&t, "loop_delay_us", sipd_loop_delay_us(d->loop));
	sipd_json_uint(&t, "requests_waiting", atomic_load(&d->requests));
	add_calls(d, &t);
	add_media(d, &t);
	add_sip(d, &t);
	add_audio(d, &t);
	add_recordings(d, &t);
	add_registrations(d, &t);
	add_events(d, &t);
	sipd_text_add(&t, "}");
	sipd_engine_leave(d);

	return (int)t.len;
}
