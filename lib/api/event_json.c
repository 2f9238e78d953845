/**
 * @file api/event_json.c  Events as JSON
 *
 * One row a kind says which fields it fills and under which names; the same
 * text goes to hosts, bindings and Redis.  Documented in docs/events.md.
 */
#include <stddef.h>
#include <string.h>
#include <time.h>
#include "api/events.h"
#include "base/error.h"
#include "base/text.h"
#include "base/words.h"

enum what {
	END = 0,
	ID,     /* uint64_t, 0 is null */
	COUNT,  /* uint64_t */
	TIME,   /* int64_t ms */
	NUMBER, /* int32_t */
	TEXT,
	ERROR,    /* name of an error, null if none */
	WORD,     /* int32_t, one of words */
	COUNTERS, /* object: disposition -> calls, without zeros */
	RTP,      /* object */
	NUM,      /* double */
	AMD       /* object */
};

struct field {
	const char *name;
	enum what what;
	uint16_t offset, size;
	const struct sipd_words *words;
};

/* clang-format off */
#define AT(f) offsetof(struct sipdialer_event, f), \
	sizeof(((struct sipdialer_event *)0)->f)
#define F(w, f) {#f, w, AT(f), NULL}
#define W(f, words) {#f, WORD, AT(f), &words}
#define COUNTS F(COUNT, total), F(COUNT, pending), F(COUNT, active), \
	F(COUNT, completed), F(COUNT, failed), F(COUNT, other), \
	F(COUNT, attempts), F(COUNTERS, by_disposition)

#define OF_CALL F(ID, call), F(ID, campaign), F(ID, contact)

static const char *const direction_names[] = {"outbound", "inbound"};
static const struct sipd_words directions = {"direction", direction_names, 2};
static const char *const held_names[] = {"resumed", "held", "on_hold",
					 "off_hold"};
static const struct sipd_words held_words = {"hold", held_names, 4};

static const char *const transfer_names[] = {"trying", "ringing",
					     "completed", "failed"};
static const struct sipd_words transfer_words = {"transfer", transfer_names,
						 4};

static const struct field log_fields[] = {
	W(level, sipd_words_log), F(TEXT, text), {0}
};
static const struct field lost_fields[] = {F(COUNT, count), {0}};
static const struct field started_fields[] = {F(TEXT, text), {0}};
static const struct field no_fields[] = {{0}};
static const struct field registration_fields[] = {
	W(status, sipd_words_registration), F(NUMBER, sip_status),
	F(TEXT, reason), F(TIME, expires_s), F(TIME, retry_ms),
	F(TEXT, account), F(TEXT, headers), {0}
};
static const struct field done_fields[] = {
	F(ID, request), F(ERROR, error), F(TEXT, text), F(ID, campaign),
	F(ID, contact), F(COUNT, count), F(COUNT, total), F(COUNT, failed),
	{0}
};
static const struct field store_fields[] = {
	F(ERROR, error), F(TEXT, text), {0}
};
static const struct field dialing_fields[] = {
	OF_CALL, F(TEXT, to), {0}
};
static const struct field ringing_fields[] = {
	OF_CALL, F(NUMBER, sip_status), {0}
};
static const struct field early_fields[] = {
	OF_CALL, F(NUMBER, sip_status), F(TEXT, codec), F(TEXT, text), {0}
};
static const struct field answered_fields[] = {
	OF_CALL, F(TEXT, codec), F(TIME, ring_ms), F(TEXT, srtp),
	F(TEXT, text), {0}
};
static const struct field dtmf_fields[] = {
	OF_CALL, F(TEXT, text), F(TIME, duration_ms), {0}
};
static const struct field played_fields[] = {
	OF_CALL, F(TEXT, text), F(ERROR, error), F(TEXT, reason), {0}
};
static const struct field held_fields[] = {
	OF_CALL, W(status, held_words), F(ERROR, error), F(TEXT, reason), {0}
};
static const struct field audio_fields[] = {
	OF_CALL, F(COUNT, count), F(COUNT, pending), F(COUNT, failed), {0}
};
static const struct field ended_fields[] = {
	F(ID, call), W(direction, directions), F(TEXT, to), F(TEXT, from),
	W(disposition, sipd_words_disposition), F(NUMBER, sip_status),
	F(TEXT, reason), F(NUMBER, q850), F(TIME, ring_ms),
	F(TIME, talk_ms), F(TEXT, codec),
	F(TEXT, srtp),
	{"amd", AMD, AT(beep_at_ms), NULL},
	F(TEXT, sit), F(TEXT, message),
	F(TEXT, dtmf),
	{"rtp", RTP, offsetof(struct sipdialer_event, rtp_tx),
	 offsetof(struct sipdialer_event, count) -
	 offsetof(struct sipdialer_event, rtp_tx), NULL},
	F(TEXT, recording), F(ID, campaign), F(ID, contact),
	F(TIME, retry_ms), F(ERROR, error), F(TEXT, account), {0}
};
static const struct field incoming_fields[] = {
	F(ID, call), W(direction, directions), F(TEXT, from), F(TEXT, to),
	F(TEXT, text), F(TEXT, account), F(TEXT, headers), F(TEXT, asserted),
	F(TEXT, diverted), F(TEXT, verstat), {0}
};
static const struct field transfer_fields[] = {
	OF_CALL, W(status, transfer_words), F(NUMBER, sip_status),
	F(TEXT, reason), {0}
};
static const struct field referred_fields[] = {
	OF_CALL, F(TEXT, to), F(TEXT, text), {0}
};
static const struct field bridged_fields[] = {OF_CALL, F(ID, other), {0}};
static const struct field unbridged_fields[] = {
	OF_CALL, F(ID, other), F(ERROR, error), F(TEXT, reason), {0}
};
static const struct field amd_fields[] = {
	OF_CALL, W(status, sipd_words_amd), F(TEXT, text),
	F(NUM, confidence), F(TIME, at_ms), F(TIME, duration_ms),
	F(TEXT, reason),
	F(NUM, p_human), F(NUM, p_machine), F(NUM, p_beep), {0}
};
static const struct field tone_fields[] = {
	OF_CALL, F(TEXT, text), F(TEXT, reason), F(TIME, at_ms),
	F(TIME, duration_ms), F(NUM, hz), F(NUM, hz2), {0}
};
static const struct field message_fields[] = {
	OF_CALL, F(TEXT, text), F(TEXT, reason), {0}
};
static const struct field recording_fields[] = {
	OF_CALL, F(TEXT, text), F(TEXT, recording), F(TIME, duration_ms),
	F(COUNT, failed), F(TEXT, reason), {0}
};
static const struct field status_fields[] = {
	F(ID, request), F(ID, campaign), W(status, sipd_words_campaign),
	F(TEXT, text), F(ERROR, error), F(TEXT, reason), COUNTS, {0}
};
static const struct field progress_fields[] = {
	F(ID, campaign), COUNTS, F(TIME, next_ms), {0}
};
static const struct field import_fields[] = {
	F(ID, request), F(ID, campaign), F(COUNT, line), F(TEXT, text), {0}
};

static const struct kind {
	const char *name;
	const struct field *fields;
} kinds[] = {
	[SIPDIALER_EVENT_LOG] = {"log", log_fields},
	[SIPDIALER_EVENT_LOST] = {"lost", lost_fields},
	[SIPDIALER_EVENT_STARTED] = {"started", started_fields},
	[SIPDIALER_EVENT_STOPPED] = {"stopped", no_fields},
	[SIPDIALER_EVENT_REGISTRATION] = {"registration",
					  registration_fields},
	[SIPDIALER_EVENT_DONE] = {"done", done_fields},
	[SIPDIALER_EVENT_STORE] = {"store", store_fields},
	[SIPDIALER_EVENT_CALL_DIALING] = {"call_dialing", dialing_fields},
	[SIPDIALER_EVENT_CALL_RINGING] = {"call_ringing", ringing_fields},
	[SIPDIALER_EVENT_CALL_EARLY_MEDIA] = {"call_early_media",
					      early_fields},
	[SIPDIALER_EVENT_CALL_ANSWERED] = {"call_answered",
					   answered_fields},
	[SIPDIALER_EVENT_CALL_DTMF] = {"call_dtmf", dtmf_fields},
	[SIPDIALER_EVENT_CALL_PLAYED] = {"call_played", played_fields},
	[SIPDIALER_EVENT_CALL_HELD] = {"call_held", held_fields},
	[SIPDIALER_EVENT_CALL_ENDED] = {"call_ended", ended_fields},
	[SIPDIALER_EVENT_CALL_INCOMING] = {"call_incoming", incoming_fields},
	[SIPDIALER_EVENT_CALL_AUDIO] = {"call_audio", audio_fields},
	[SIPDIALER_EVENT_CALL_TRANSFER] = {"call_transfer", transfer_fields},
	[SIPDIALER_EVENT_CALL_REFERRED] = {"call_referred", referred_fields},
	[SIPDIALER_EVENT_CALL_BRIDGED] = {"call_bridged", bridged_fields},
	[SIPDIALER_EVENT_CALL_UNBRIDGED] = {"call_unbridged",
					    unbridged_fields},
	[SIPDIALER_EVENT_CALL_REPLACED] = {"call_replaced", bridged_fields},
	[SIPDIALER_EVENT_CALL_AMD] = {"call_amd", amd_fields},
	[SIPDIALER_EVENT_CALL_TONE] = {"call_tone", tone_fields},
	[SIPDIALER_EVENT_CALL_MESSAGE] = {"call_message", message_fields},
	[SIPDIALER_EVENT_CALL_RECORDING] = {"call_recording",
					    recording_fields},
	[SIPDIALER_EVENT_CAMPAIGN_STATUS] = {"campaign_status",
					     status_fields},
	[SIPDIALER_EVENT_CAMPAIGN_PROGRESS] = {"campaign_progress",
					       progress_fields},
	[SIPDIALER_EVENT_IMPORT_ERROR] = {"import_error", import_fields},
};
/* clang-format on */


const char *sipd_event_name(int type)
{
	if (type < 0 || (size_t)type >= sizeof(kinds) / sizeof(kinds[0]))
		return NULL;

	return kinds[type].name;
}


static void digits(char *at, int count, int64_t value)
{
	while (count--) {
		at[count] = (char)('0' + value % 10);
		value /= 10;
	}
}


/* RFC 3339, UTC, with ms.  By hand: each event has one, and strftime() takes as
 * long as all the rest. */
static void write_time(struct sipd_text *t, int64_t ms)
{
	const int64_t part = (ms % 1000 + 1000) % 1000;
	const time_t seconds = (time_t)((ms - part) / 1000);
	char text[] = "0000-00-00T00:00:00.000Z";
	struct tm tm;

	if (!gmtime_r(&seconds, &tm))
		memset(&tm, 0, sizeof(tm));
	digits(text, 4, (tm.tm_year + 1900) % 10000);
	digits(text + 5, 2, tm.tm_mon + 1);
	digits(text + 8, 2, tm.tm_mday);
	digits(text + 11, 2, tm.tm_hour);
	digits(text + 14, 2, tm.tm_min);
	digits(text + 17, 2, tm.tm_sec);
	digits(text + 20, 3, part);
	sipd_json_str(t, "time", text);
}


static void write_counters(struct sipd_text *t, const char *name,
			   const struct sipdialer_event *ev)
{
	sipd_text_printf(t, ",\"%s\":", name);
	sipd_text_add(t, "{");
	for (uint32_t i = 0; ev->by_disposition && i < ev->by_disposition_len;
	     i++)
		if (ev->by_disposition[i])
			sipd_json_uint(t,
				       sipd_word(&sipd_words_disposition,
						 (int)i),
				       ev->by_disposition[i]);
	sipd_text_add(t, "}");
}


static void write_rtp(struct sipd_text *t, const char *name,
		      const struct sipdialer_event *ev)
{
	sipd_text_printf(t, ",\"%s\":", name);
	sipd_text_add(t, "{");
	sipd_json_uint(t, "tx", ev->rtp_tx);
	sipd_json_uint(t, "rx", ev->rtp_rx);
	sipd_json_uint(t, "lost", ev->rtp_lost);
	sipd_json_num(t, "jitter_ms", ev->rtp_jitter_ms);
	sipd_json_num(t, "rtt_ms", ev->rtp_rtt_ms);
	sipd_json_num(t, "mos", ev->mos);
	sipd_text_add(t, "}");
}


/* at_ms is of the verdict: nothing was heard, nothing is known of it. */
static void write_amd(struct sipd_text *t, const char *name,
		      const struct sipdialer_event *ev)
{
	const bool used = ev->amd != SIPDIALER_AMD_NOT_USED;

	sipd_text_printf(t, ",\"%s\":", name);
	sipd_text_add(t, "{");
	sipd_json_str(t, "verdict", sipd_word(&sipd_words_amd, ev->amd));
	if (used)
		sipd_json_int(t, "at_ms", ev->at_ms);
	else
		sipd_json_str(t, "at_ms", NULL);
	if (used && ev->beep_at_ms >= 0)
		sipd_json_int(t, "beep_at_ms", ev->beep_at_ms);
	else
		sipd_json_str(t, "beep_at_ms", NULL);
	if (used)
		sipd_json_num(t, "confidence", ev->confidence);
	else
		sipd_json_str(t, "confidence", NULL);
	sipd_text_add(t, "}");
}


static void write_null(struct sipd_text *t, const char *name)
{
	sipd_json_str(t, name, NULL);
}


static void write_field(struct sipd_text *t, const struct field *f,
			const struct sipdialer_event *ev)
{
	union {
		uint64_t u64;
		int64_t i64;
		int32_t i32;
		const char *text;
		double num;
	} v;

	/* copied: the union's alignment is ours, the field's is not */
	memset(&v, 0, sizeof(v));
	if (f->size <= sizeof(v))
		memcpy(&v, (const char *)ev + f->offset, f->size);

	switch (f->what) {
	case ID:
		if (v.u64)
			sipd_json_uint(t, f->name, v.u64);
		else
			write_null(t, f->name);
		break;
	case COUNT:
		sipd_json_uint(t, f->name, v.u64);
		break;
	case TIME:
		sipd_json_int(t, f->name, v.i64);
		break;
	case NUMBER:
		sipd_json_int(t, f->name, v.i32);
		break;
	case TEXT:
		sipd_json_str(t, f->name, v.text);
		break;
	case ERROR:
		sipd_json_str(t, f->name,
			      v.i32 ? sipdialer_strerror(v.i32) : NULL);
		break;
	case WORD:
		sipd_json_str(t, f->name, sipd_word(f->words, v.i32));
		break;
	case COUNTERS:
		write_counters(t, f->name, ev);
		break;
	case RTP:
		write_rtp(t, f->name, ev);
		break;
	case NUM:
		sipd_json_num(t, f->name, v.num);
		break;
	case AMD:
		write_amd(t, f->name, ev);
		break;
	case END:
		break;
	}
}


int sipdialer_event_json(const struct sipdialer_event *event, char *buf,
			 size_t size)
{
	struct sipd_text t;
	const char *name;

	if (!event || (!buf && size))
		return sipd_error(SIPDIALER_EINVAL, "event or buffer is NULL");
	name = sipd_event_name(event->type);
	if (!name)
		return sipd_error(SIPDIALER_EINVAL,
				  "%d is not a kind of event",
				  (int)event->type);

	sipd_text_init(&t, buf, size);
	sipd_text_add(&t, "{");
	sipd_json_str(&t, "event", name);
	write_time(&t, event->time_ms);
	sipd_json_uint(&t, "seq", event->seq);
	for (const struct field *f = kinds[event->type].fields; f->name; f++)
		if ((size_t)f->offset + f->size <= event->size)
			write_field(&t, f, event);
	sipd_text_add(&t, "}");

	return (int)t.len;
}
