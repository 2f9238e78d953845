/**
 * @file sipdialer.h  The public interface of libsipdialer
 *
 * One pointer, everything else a number: the host owns `struct sipdialer *`;
 * calls, campaigns, contacts and requests are ids (uint64_t, never 0, never
 * reused, below 2^53).  A stale id gives SIPDIALER_ENOENT, never a crash.
 *
 * Verbs in, events out: a verb checks its arguments, queues a command and
 * returns at once.  All that happens comes back as an event that the host
 * pulls with sipdialer_next_event(), or through handlers run by
 * sipdialer_dispatch() on the host's own thread.  A verb that fails causes no
 * event.  Failures of the network come only as events.
 *
 * Unless its `Thread:` line says less, every function may be called from any
 * thread.  Text is UTF-8.  Functions never change; enumerations and event
 * fields are only appended to.
 */
#ifndef SIPDIALER_H
#define SIPDIALER_H

#include <stddef.h>
#include <stdint.h>

#include <sipdialer/version.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define SIPDIALER_API __attribute__((visibility("default")))
#else
#define SIPDIALER_API
#endif

/** One engine: its SIP accounts and trunks, their calls and campaigns. */
struct sipdialer;

/* clang-format off */
/**
 * Results of the verbs.  Numbers are stable; names by sipdialer_strerror().
 * What exactly was wrong, and the limit, is in sipdialer_last_error().
 */
enum sipdialer_error {
	SIPDIALER_OK     = 0,   /**< Done, or queued                        */
	SIPDIALER_EINVAL = -1,  /**< An argument or option value is wrong   */
	SIPDIALER_ENOENT = -2,  /**< No such option, call, campaign or file */
	SIPDIALER_ESTATE = -3,  /**< Not now: not started, stopping, ended  */
	SIPDIALER_EFULL  = -4,  /**< A written limit is reached             */
	SIPDIALER_ENOMEM = -5,  /**< Out of memory                          */
	SIPDIALER_EIO    = -6,  /**< A file, the store or a socket failed   */
	SIPDIALER_EBUSY  = -7,  /**< Somebody else holds the store          */
	SIPDIALER_EFORMAT = -8, /**< Malformed or unsupported file          */
	SIPDIALER_ENEWER = -9,  /**< The store is of a newer version        */
	SIPDIALER_ENOSYS = -10, /**< Not built in                           */
	SIPDIALER_EAUTH  = -11, /**< Credentials refused                    */
	SIPDIALER_ENET   = -12, /**< Peer unreachable or not answering      */
	SIPDIALER_ESIZE  = -13, /**< Buffer too small; needed size returned */
	SIPDIALER_ECANCELLED = -14 /**< Given up because of stop            */
};
/* clang-format on */

/** Kinds of events. Each says which fields of the event it fills. */
enum sipdialer_event_type {
	/** Nothing within the time given (never delivered as an event). */
	SIPDIALER_EVENT_NONE = 0,
	/** A log line: level, text. */
	SIPDIALER_EVENT_LOG = 1,
	/** The host was too slow: `count` events were dropped here. */
	SIPDIALER_EVENT_LOST = 2,
	/** The engine runs: text = local SIP address. */
	SIPDIALER_EVENT_STARTED = 3,
	/** The engine has stopped; the last event of a run.  Never lost. */
	SIPDIALER_EVENT_STOPPED = 4,
	/** Registration changed: status = enum sipdialer_registration,
	 *  sip_status, reason, expires_s, retry_ms (failed: tried again
	 *  after), account, headers. */
	SIPDIALER_EVENT_REGISTRATION = 5,
	/** A request (import, list, ...) is complete: request, error, text,
	 *  count (rows taken), total (rows read), failed (rows refused). */
	SIPDIALER_EVENT_DONE = 6,
	/** The store: error = 0 works (again), else SIPDIALER_EIO and text;
	 *  dialing of campaigns waits until it works again. */
	SIPDIALER_EVENT_STORE = 7,

	/** The INVITE of a call is on its way: call, campaign, contact, to. */
	SIPDIALER_EVENT_CALL_DIALING = 20,
	/** The far end rings: call, sip_status. */
	SIPDIALER_EVENT_CALL_RINGING = 21,
	/** Audio before the answer: call, sip_status, codec, text = what the
	 *  network lets through (P-Early-Media of RFC 5009: "sendrecv",
	 *  "sendonly", "recvonly"; or no longer: "inactive"), NULL if it does
	 *  not say; again when that changes. */
	SIPDIALER_EVENT_CALL_EARLY_MEDIA = 22,
	/** Answered: call, codec, ring_ms, srtp, text = URI that a 3xx led to
	 *  (option `sip.redirect_allow`), else NULL. */
	SIPDIALER_EVENT_CALL_ANSWERED = 23,
	/** The far end pressed a key: call, text = digit, duration_ms. */
	SIPDIALER_EVENT_CALL_DTMF = 24,
	/** A prompt ended: call, text = file, error (0 played to its end) and
	 *  reason. */
	SIPDIALER_EVENT_CALL_PLAYED = 25,
	/** The far end holds (status 1) or resumes (0); we hold it (2) or do no
	 *  more (3), or (error) it refuses that: call, reason. */
	SIPDIALER_EVENT_CALL_HELD = 26,
	/** The call is over: all fields of the call.  Never lost.  The rows
	 *  of the call are in the store before this event is delivered. */
	SIPDIALER_EVENT_CALL_ENDED = 27,
	/** A call comes in (option `incoming.accept`): call, from, to = number
	 *  called, text = the caller's name or NULL, direction 1, account,
	 *  headers, asserted, diverted, verstat.  It rings
	 *  until sipdialer_call_answer(), _reject() or _redirect(), at most
	 *  `incoming.timeout` s; then `incoming.default` decides.  Never
	 *  lost. */
	SIPDIALER_EVENT_CALL_INCOMING = 28,
	/** Audio of a call whose option `call.audio` is on: call, count =
	 *  samples that wait to be read, pending = samples written that wait to
	 *  be sent, failed = samples lost so far because nobody read them in
	 *  time.  At most one waits per call; the next comes after a
	 *  sipdialer_audio_read(), _write() or _clear() of that call, with the
	 *  next 20 ms of audio. */
	SIPDIALER_EVENT_CALL_AUDIO = 29,
	/** A transfer that we asked for goes on: call, sip_status as the far
	 *  end told it last, status = 0 trying, 1 ringing, 2 completed, 3
	 *  failed (the call goes on), reason. */
	SIPDIALER_EVENT_CALL_TRANSFER = 30,
	/** The far end asks us to call `to` in its place (REFER): call, to, text
	 *  = who asks (Referred-By) or NULL (option `call.refer`).  Refused
	 *  by 603 after 20 s.
	 *  Never lost. */
	SIPDIALER_EVENT_CALL_REFERRED = 31,
	/** Two calls hear each other: call, other. */
	SIPDIALER_EVENT_CALL_BRIDGED = 32,
	/** They do no more, or (error) could not be joined: call, other,
	 *  reason. */
	SIPDIALER_EVENT_CALL_UNBRIDGED = 33,
	/** Another call took its place (Replaces, transfer): call, other = the
	 *  one that goes on. */
	SIPDIALER_EVENT_CALL_REPLACED = 34,
	/** What was heard of who answered (option `amd.enabled`): call, status =
	 *  enum sipdialer_amd, text = "listening" (option `amd.interval`),
	 *  "provisional" (may be taken back by another) or "final", confidence
	 *  0 to 1, at_ms after the answer, duration_ms that it has stood by
	 *  then, reason = what decided it, p_human, p_machine, p_beep.  A later
	 *  "final" mends an earlier one: a beep behind what seemed a human, or a
	 *  human ("picked_up") who comes while a greeting plays. */
	SIPDIALER_EVENT_CALL_AMD = 35,
	/** A tone was heard (option `amd.enabled`), before the answer too:
	 *  call, text = "beep", "sit", "cng", "ced", "ringback", "busy",
	 *  "reorder" or "dial", reason = class of a "sit" or NULL, at_ms when it
	 *  began, after the answer (before it: after the first audio),
	 *  duration_ms, hz, hz2 (0: one frequency). */
	SIPDIALER_EVENT_CALL_TONE = 36,
	/** A message for a machine (option `amd.message`): call, text =
	 *  "waiting" for the beep, "playing", "left" whole, "cut" or "skipped",
	 *  reason = why. */
	SIPDIALER_EVENT_CALL_MESSAGE = 37,
	/** A recording of a call: call, text = "begun", "ended", "removed" (its
	 *  file, option `record.policy`) or "refused" (no file was made),
	 *  recording = the file, duration_ms = its length, failed = ms of it
	 *  that are silence because the disk was too slow, reason = why it
	 *  ended before it was told to, is not whole, or was refused. */
	SIPDIALER_EVENT_CALL_RECORDING = 38,

	/** A campaign changed its state, or answers campaign_status/_list:
	 *  campaign, status = enum sipdialer_campaign_status, text = name,
	 *  the counters total ... attempts; error and reason if it had to
	 *  pause. */
	SIPDIALER_EVENT_CAMPAIGN_STATUS = 40,
	/** Progress of a running campaign, at most 4 a second: counters. */
	SIPDIALER_EVENT_CAMPAIGN_PROGRESS = 41,
	/** A row of a contact file was refused: request, campaign, line,
	 *  text = why.  At most `import.max_errors` of them per file. */
	SIPDIALER_EVENT_IMPORT_ERROR = 42
};

/* Status words: each list is one table in the library (lib/base/words.c), which
 * makes the name, the store's CHECK constraint and the bindings' constants. */

/** Registration at the SIP server. */
enum sipdialer_registration {
	SIPDIALER_REGISTRATION_DISCONNECTED = 0, /**< "disconnected" */
	SIPDIALER_REGISTRATION_CONNECTING = 1,   /**< "connecting"   */
	SIPDIALER_REGISTRATION_REGISTERED = 2,   /**< "registered"   */
	SIPDIALER_REGISTRATION_FAILED = 3        /**< "failed"       */
};

/** State of a campaign. */
enum sipdialer_campaign_status {
	SIPDIALER_CAMPAIGN_DRAFT = 0,     /**< "draft"     */
	SIPDIALER_CAMPAIGN_SCHEDULED = 1, /**< "scheduled" */
	SIPDIALER_CAMPAIGN_RUNNING = 2,   /**< "running"   */
	SIPDIALER_CAMPAIGN_PAUSED = 3,    /**< "paused"    */
	SIPDIALER_CAMPAIGN_COMPLETED = 4, /**< "completed" */
	SIPDIALER_CAMPAIGN_CANCELLED = 5  /**< "cancelled" */
};

/** State of a contact in its campaign. */
enum sipdialer_contact_status {
	SIPDIALER_CONTACT_PENDING = 0,     /**< "pending": to be dialed   */
	SIPDIALER_CONTACT_IN_PROGRESS = 1, /**< "in_progress": on a call  */
	SIPDIALER_CONTACT_COMPLETED = 2,   /**< "completed": was answered */
	SIPDIALER_CONTACT_FAILED = 3,      /**< "failed": attempts used up */
	SIPDIALER_CONTACT_DNC = 4,         /**< "dnc": do not call        */
	SIPDIALER_CONTACT_SKIPPED = 5,     /**< "skipped"                 */
	SIPDIALER_CONTACT_INTERRUPTED = 6  /**< "interrupted": the process
					    *   died with the call in doubt */
};

/** How a call came out. Table in docs/dispositions.md. */
enum sipdialer_disposition {
	SIPDIALER_DISPOSITION_NONE = 0,             /**< not over yet       */
	SIPDIALER_DISPOSITION_ANSWERED = 1,         /**< "answered"         */
	SIPDIALER_DISPOSITION_ANSWERED_HUMAN = 2,   /**< "answered_human"   */
	SIPDIALER_DISPOSITION_ANSWERED_MACHINE = 3, /**< "answered_machine" */
	SIPDIALER_DISPOSITION_FAX = 4,              /**< "fax"              */
	SIPDIALER_DISPOSITION_BUSY = 5,             /**< "busy"             */
	SIPDIALER_DISPOSITION_NO_ANSWER = 6,        /**< "no_answer"        */
	SIPDIALER_DISPOSITION_INVALID_NUMBER = 7,   /**< "invalid_number"   */
	SIPDIALER_DISPOSITION_REJECTED = 8,         /**< "rejected"         */
	SIPDIALER_DISPOSITION_BLOCKED = 9,          /**< "blocked"          */
	SIPDIALER_DISPOSITION_CONGESTION = 10,      /**< "congestion"       */
	SIPDIALER_DISPOSITION_CANCELLED = 11,       /**< "cancelled"        */
	SIPDIALER_DISPOSITION_ABANDONED = 12,       /**< "abandoned"        */
	SIPDIALER_DISPOSITION_INTERRUPTED = 13,     /**< "interrupted"      */
	SIPDIALER_DISPOSITION_DNC = 14,             /**< "dnc"              */
	SIPDIALER_DISPOSITION_FAILED = 15           /**< "failed"           */
};

/** Who answered a call, as heard. */
enum sipdialer_amd {
	SIPDIALER_AMD_NOT_USED = 0, /**< "not_used": nobody listened  */
	SIPDIALER_AMD_HUMAN = 1,    /**< "human"                      */
	SIPDIALER_AMD_MACHINE = 2,  /**< "machine"                    */
	SIPDIALER_AMD_UNKNOWN = 3,  /**< "unknown"                    */
	SIPDIALER_AMD_FAX = 4       /**< "fax"                        */
};

/** Severity of a log line. */
enum sipdialer_log_level {
	SIPDIALER_LOG_ERROR = 0,   /**< "error"   */
	SIPDIALER_LOG_WARNING = 1, /**< "warning" */
	SIPDIALER_LOG_INFO = 2,    /**< "info"    */
	SIPDIALER_LOG_DEBUG = 3    /**< "debug"   */
};

/* clang-format off */
/**
 * One event.  Memory of the library: the event and all its strings are valid
 * until the next sipdialer_next_event() or sipdialer_dispatch() on the same
 * engine.  `size` comes first: a field exists if its end lies within it.
 * Fields that a kind does not fill are 0 or NULL.
 */
struct sipdialer_event {
	uint32_t size;        /**< Bytes of this struct in the library        */
	int32_t  type;        /**< enum sipdialer_event_type                  */
	uint64_t seq;         /**< Rises by 1 with each event delivered       */
	int64_t  time_ms;     /**< Wall clock, ms since 1970-01-01 UTC        */
	uint64_t call;        /**< Call id, 0 if none                         */
	uint64_t campaign;    /**< Campaign id, 0 if none                     */
	uint64_t contact;     /**< Contact id, 0 if none                      */
	uint64_t request;     /**< Request id, 0 if none                      */
	int32_t  error;       /**< enum sipdialer_error                       */
	int32_t  status;      /**< A status word, see the kind                */
	int32_t  level;       /**< enum sipdialer_log_level                   */
	int32_t  disposition; /**< enum sipdialer_disposition                 */
	int32_t  sip_status;  /**< SIP status code, 0 if none. RFC 3261 21    */
	int32_t  q850;        /**< Cause of the Reason header, 0. RFC 3326    */
	int64_t  ring_ms;     /**< INVITE to answer or to end, ms             */
	int64_t  talk_ms;     /**< Answer to end, ms                          */
	int64_t  duration_ms; /**< Length of what the event is about, ms      */
	int64_t  expires_s;   /**< Registration: granted, s                   */
	int64_t  retry_ms;    /**< CALL_ENDED: contact is dialed again after,
			       *   ms, -1 never; REGISTRATION: tried again    */
	const char *to;       /**< Number or SIP URI called                   */
	const char *from;     /**< Caller id sent, or of an inbound call      */
	const char *text;     /**< See the kind                               */
	const char *reason;   /**< Reason phrase or cause in words            */
	const char *codec;    /**< "PCMU", "PCMA", "G722", "opus", "L16"      */
	const char *dtmf;     /**< CALL_ENDED: all keys heard                 */
	const char *recording; /**< CALL_ENDED: file written, else NULL;
			       *   CALL_RECORDING: its file                   */
	uint64_t rtp_tx;      /**< RTP packets sent                           */
	uint64_t rtp_rx;      /**< RTP packets received and used              */
	uint64_t rtp_lost;    /**< RTP packets lost on the way to us          */
	double   rtp_jitter_ms; /**< Interarrival jitter, ms. RFC 3550 6.4.1  */
	double   rtp_rtt_ms;  /**< Round trip by RTCP, ms; 0 unknown          */
	double   mos;         /**< Estimate 1.0-4.5 (G.107 simplified), 0 none */
	uint64_t count;       /**< See the kind                               */
	uint64_t line;        /**< Line of the file, first is 1               */
	/* Counters of a campaign; `active` counts calls, so that contacts
	 * whose call is about to begin are in none but `total`. */
	uint64_t total;       /**< Contacts (or rows read, see DONE)          */
	uint64_t pending;     /**< Contacts to dial, now or later (CALL_AUDIO:
			       *   samples to be sent)                        */
	uint64_t active;      /**< Calls in progress                          */
	uint64_t completed;   /**< Contacts answered                          */
	uint64_t failed;      /**< Contacts given up (or rows refused, samples
			       *   or ms lost)                                */
	uint64_t other;       /**< Contacts dnc, skipped, interrupted (of a
			       *   call: the id of another one)               */
	uint64_t attempts;    /**< Calls made so far                          */
	const uint64_t *by_disposition; /**< Calls per enum
			       *   sipdialer_disposition, or NULL             */
	uint32_t by_disposition_len;    /**< Entries of by_disposition        */
	int32_t  direction;   /**< 0 outbound, 1 inbound                      */
	int64_t  next_ms;     /**< CAMPAIGN_PROGRESS: ms to the next retry due,
			       *   -1 none                                    */
	const char *account;  /**< Of sipdialer_account_add(), NULL: the
			       *   engine's own                               */
	const char *headers;  /**< CALL_INCOMING: header lines of the INVITE
			       *   for the ends, "Name: value\n", or NULL.
			       *   REGISTRATION: Service-Route, Path          */
	const char *asserted; /**< CALL_INCOMING: P-Asserted-Identity, number or
			       *   URI, NULL none. RFC 3325                   */
	const char *diverted; /**< CALL_INCOMING: who diverted it last, NULL
			       *   none. RFC 5806, 7044                       */
	const char *verstat;  /**< CALL_INCOMING: what the network found of the
			       *   caller's number, "TN-Validation-Passed",
			       *   NULL none. 3GPP TS 24.229                  */
	const char *srtp;     /**< CALL_ANSWERED, CALL_ENDED: how the audio was
			       *   encrypted, NULL not                        */
	int64_t  at_ms;       /**< When, ms after the answer: see the kind;
			       *   CALL_ENDED: of the verdict `amd`           */
	double   confidence;  /**< In the verdict, 0 to 1                     */
	double   p_human;     /**< Probability of a human, 0 to 1             */
	double   p_machine;   /**< Probability of a machine, 0 to 1           */
	double   p_beep;      /**< Probability that a beep is heard, 0 to 1   */
	double   hz;          /**< Frequency of a tone, 0 none                */
	double   hz2;         /**< A second one at once, 0 none               */
	int32_t  amd;         /**< CALL_ENDED: enum sipdialer_amd             */
	int64_t  beep_at_ms;  /**< CALL_ENDED: end of the beep, ms after the
			       *   answer, -1 none                            */
	const char *sit;      /**< CALL_ENDED: class of the special information
			       *   tone heard, NULL none                      */
	const char *message;  /**< CALL_ENDED: "left", "cut" or "skipped", NULL
			       *   none was to be left                        */
};

/** Run on the thread that calls sipdialer_dispatch(). */
typedef void (sipdialer_event_h)(const struct sipdialer_event *event,
				 void *arg);

/**
 * Called on a thread of the library, or on one that is in sipdialer_start(),
 * when the queue stops being empty.  Call nothing of the library from it and
 * return at once: wake your own loop.
 */
typedef void (sipdialer_wakeup_h)(void *arg);
/* clang-format on */


/* ---- life of an engine ------------------------------------------------ */

/**
 * Make an engine.  Nothing is opened and no thread started yet.
 *
 * @param dp [out] the engine; give it back with sipdialer_destroy()
 *
 * @return SIPDIALER_OK
 *         SIPDIALER_EINVAL  dp is NULL
 *         SIPDIALER_ENOMEM
 *
 * Events: none.   Thread: any.   Since: 0.1
 */
SIPDIALER_API int sipdialer_create(struct sipdialer **dp);

/**
 * Stop if needed (calls are hung up, results stored, at most 5 s; a stop under
 * way goes on) and free.  Events not yet pulled are dropped.
 *
 * @param d engine, may be NULL; invalid afterwards
 *
 * Events: none.   Thread: any, but not inside a handler and not while another
 * thread uses the engine.   Since: 0.1
 */
SIPDIALER_API void sipdialer_destroy(struct sipdialer *d);

/**
 * Set an option.  The options are listed in docs/options.md and by
 * `sipdialer help options`.
 *
 * @param d     engine
 * @param name  "group.name"
 * @param value text, at most 4,095 bytes; NULL sets the default again
 *
 * @return SIPDIALER_OK
 *         SIPDIALER_ENOENT  no such option; the nearest is named
 *         SIPDIALER_EINVAL  value not of the option's type or range
 *         SIPDIALER_ESTATE  the option cannot change while running
 *         SIPDIALER_ENOSYS  the value is known, but not built in
 *
 * Events: none.   Thread: any.   Since: 0.1
 */
SIPDIALER_API int sipdialer_set(struct sipdialer *d, const char *name,
				const char *value);

/**
 * Read an option as text.  Secrets read as "***" when set.
 *
 * @param d    engine
 * @param name "group.name"
 * @param buf  [out] value, always terminated if size > 0
 * @param size bytes of buf
 *
 * @return SIPDIALER_OK, SIPDIALER_ENOENT
 *         SIPDIALER_ESIZE  cut; sipdialer_last_error() names the size needed
 *
 * Events: none.   Thread: any.   Since: 0.1
 */
SIPDIALER_API int sipdialer_get(struct sipdialer *d, const char *name,
				char *buf, size_t size);

/**
 * Set options from a file of `name = value` lines.  `#` begins a comment;
 * blanks around name and value are dropped.  All lines are checked before any
 * takes effect.  Below a line `[account NAME]` they are options of an account
 * that is added, as by sipdialer_account_add(), before the start only.
 *
 * @param d    engine
 * @param path file, at most 1 MiB
 *
 * @return as sipdialer_set(), the message names file and line
 *         SIPDIALER_ESTATE  also: an account while running, or one of a name
 *                           that there is already
 *         SIPDIALER_EFULL   more than 64 accounts
 *         SIPDIALER_ENOENT  no such file, or no such option
 *         SIPDIALER_EIO  cannot be read
 *
 * Events: none.   Thread: any; waits for the disk.   Since: 0.1
 */
SIPDIALER_API int sipdialer_load(struct sipdialer *d, const char *path);

/**
 * Add an account: a SIP stack of its own, with its own server, user, sockets
 * and registration, beside the engine's own.  At any time: one added before
 * sipdialer_start() is opened by it, one added while the engine runs at once.
 * It stays over stops and starts.  Calls go through it by the option
 * call.account; events REGISTRATION and CALL_INCOMING name it.
 *
 * What is not set is as the engine has it, but for what says who and where the
 * account is: docs/accounts.md has the list.  sip.server must be set.
 *
 * @param d       engine
 * @param name    1 to 31 letters, digits, "_", ".", "-"
 * @param options of scope account (docs/options.md): sip.* above all
 *
 * @return SIPDIALER_OK
 *         SIPDIALER_EINVAL  name or an option is wrong
 *         SIPDIALER_ENOENT  no such option
 *         SIPDIALER_ESTATE  there is an account of this name, or the engine
 *                           is stopping
 *         SIPDIALER_EFULL   there are 64
 *         SIPDIALER_EIO     its sockets or a file
 *         SIPDIALER_ENOMEM
 *
 * Events: REGISTRATION.   Thread: any; waits for the loop.   Since: 0.1
 */
SIPDIALER_API int sipdialer_account_add(struct sipdialer *d, const char *name,
					const char *const *options);

/**
 * Remove an account.  It un-registers in the background; its name is free at
 * once.
 *
 * @param d    engine
 * @param name as added
 *
 * @return SIPDIALER_OK
 *         SIPDIALER_ENOENT  no such account
 *         SIPDIALER_ESTATE  calls or campaigns use it, or the engine is
 *                           stopping
 *
 * Events: REGISTRATION.   Thread: any.   Since: 0.1
 */
SIPDIALER_API int sipdialer_account_remove(struct sipdialer *d,
					   const char *name);

/**
 * Describe option number `index` as JSON: name, type, unit, min, max, default,
 * scope, doc.  For tools and bindings.
 *
 * @param index 0, 1, 2 ...
 * @return text of the library, valid for ever, or NULL past the last
 *
 * Events: none.   Thread: any.   Since: 0.1
 */
SIPDIALER_API const char *sipdialer_option_json(size_t index);

/**
 * Start: open the store (migrating it if needed), the SIP transports and the
 * threads, and register if asked to.  Returns when the engine runs; whether
 * the registration stands comes as an event.
 *
 * @return SIPDIALER_OK
 *         SIPDIALER_ESTATE   already started
 *         SIPDIALER_EINVAL   options that do not fit together
 *         SIPDIALER_ENOENT   no such file or folder of an option
 *         SIPDIALER_EIO      port or store cannot be opened
 *         SIPDIALER_EBUSY    another engine dials from this store
 *         SIPDIALER_ENEWER   the store was made by a newer version
 *         SIPDIALER_EFORMAT  the store is not ours, or damaged
 *         SIPDIALER_ENOMEM
 *
 * Events: STARTED, REGISTRATION.   Thread: any; waits for the disk.
 * Since: 0.1
 */
SIPDIALER_API int sipdialer_start(struct sipdialer *d);

/**
 * Stop: hang up every call, save every result, un-register.  Returns at once;
 * STOPPED is the last event.  A second call stops without waiting for peers.
 * The engine may be started again after STOPPED.
 *
 * @return SIPDIALER_OK
 *         SIPDIALER_ESTATE  not started
 *
 * Events: CALL_ENDED of each call, REGISTRATION, STOPPED within 5 s.
 * Thread: any.   Since: 0.1
 */
SIPDIALER_API int sipdialer_stop(struct sipdialer *d);


/* ---- events ----------------------------------------------------------- */

/**
 * Wait for the next event and take it.
 *
 * @param d          engine
 * @param timeout_ms 0 do not wait, -1 for ever
 *
 * @return the event, valid until the next pull, or NULL if none came
 *
 * Thread: any, but one at a time.   Since: 0.1
 */
SIPDIALER_API const struct sipdialer_event *
sipdialer_next_event(struct sipdialer *d, int timeout_ms);

/**
 * A descriptor that is readable while events wait, for poll(), epoll, asyncio
 * or libuv.  It belongs to the engine: do not read or close it.
 *
 * @return descriptor, or a negative enum sipdialer_error
 *
 * Thread: any.   Since: 0.1
 */
SIPDIALER_API int sipdialer_fd(struct sipdialer *d);

/**
 * Ask to be called when the queue stops being empty.
 *
 * @param h   handler, NULL for none
 * @param arg given to the handler
 *
 * @return SIPDIALER_OK, SIPDIALER_EINVAL
 *
 * Thread: any; after it returns the old handler is not called.  Since: 0.1
 */
SIPDIALER_API int sipdialer_wakeup(struct sipdialer *d, sipdialer_wakeup_h *h,
				   void *arg);

/**
 * Hook: have sipdialer_dispatch() call `h` for events of a kind.  One handler
 * a kind; a new one replaces the old.
 *
 * @param type kind, or SIPDIALER_EVENT_NONE for all kinds without a handler
 * @param h    handler, NULL removes it
 *
 * @return SIPDIALER_OK
 *         SIPDIALER_EINVAL  no such kind
 *
 * Thread: any.   Since: 0.1
 */
SIPDIALER_API int sipdialer_on(struct sipdialer *d, int type,
			       sipdialer_event_h *h, void *arg);

/**
 * Wait for events and run their handlers on this thread, until the queue is
 * empty.
 *
 * @param timeout_ms how long to wait for the first; 0 no wait, -1 for ever
 *
 * @return number of events handled, 0 if none came in time, or a negative
 *         enum sipdialer_error: SIPDIALER_ESTATE called inside a handler
 *
 * Thread: any, but one at a time.   Since: 0.1
 */
SIPDIALER_API int sipdialer_dispatch(struct sipdialer *d, int timeout_ms);

/**
 * Write an event as one JSON object: the fields that its kind fills, status
 * words as text.
 *
 * @param event event
 * @param buf   [out] terminated text; may be NULL if size is 0
 * @param size  bytes of buf
 *
 * @return length of the whole text without terminator (>= size: cut), or
 *         SIPDIALER_EINVAL
 *
 * Thread: any.   Since: 0.1
 */
SIPDIALER_API int sipdialer_event_json(const struct sipdialer_event *event,
				       char *buf, size_t size);


/* ---- calls ------------------------------------------------------------ */

/**
 * Dial one number now, outside any campaign.
 *
 * @param d       engine
 * @param to      number, or SIP URI ("sip:1001@10.0.0.1:5060"), at most 255
 *                bytes.  A number goes to `sip.server`.  RFC 3261 19.1
 * @param options NULL, or "name=value" strings ended by NULL, for this call
 *                only: options of scope "call", such as "call.play=a.wav"
 * @param call    [out] the new call; its last event is CALL_ENDED
 *
 * @return SIPDIALER_OK
 *         SIPDIALER_EINVAL  not a number or SIP URI, or a bad option;
 *                           sipdialer_last_error() says where
 *         SIPDIALER_ENOENT  no account of the name in option `call.account`,
 *                           or no such option
 *         SIPDIALER_ESTATE  not started, stopping, or a number without the
 *                           option `sip.server`
 *         SIPDIALER_EFULL   option `dial.max_calls` reached, or
 *                           `events.max` events of ended calls wait to be
 *                           pulled
 *         SIPDIALER_ENOMEM
 *
 * Events: CALL_DIALING, CALL_RINGING, CALL_EARLY_MEDIA, CALL_ANSWERED,
 * CALL_AUDIO, CALL_AMD, CALL_TONE, CALL_MESSAGE, CALL_RECORDING,
 * CALL_ENDED.   Thread: any.   Since: 0.1
 */
SIPDIALER_API int sipdialer_call(struct sipdialer *d, const char *to,
				 const char *const *options, uint64_t *call);

/**
 * Answer a call that came in, once; also inside a handler of CALL_INCOMING.
 *
 * @param call    of CALL_INCOMING
 * @param options as of sipdialer_call(); "call.play" is read before the call
 *                is answered, and a file that cannot be read refuses it by 500;
 *                what the host played or records already stands before them;
 *                those of the INVITE (sip.header, sip.caller_name and the like,
 *                dial.ring_timeout, call.account) change nothing
 *
 * @return SIPDIALER_OK
 *         SIPDIALER_ENOENT  no such call (any more)
 *         SIPDIALER_ESTATE  an outbound call, or answered or rejected before;
 *                           not started, or stopping
 *         SIPDIALER_EINVAL  bad option; sipdialer_last_error() says which
 *         SIPDIALER_ENOMEM
 *
 * Events: CALL_ANSWERED; or CALL_ENDED, if the caller has given up, or no
 * codec suits both (488).   Thread: any.   Since: 0.1
 */
SIPDIALER_API int sipdialer_call_answer(struct sipdialer *d, uint64_t call,
					const char *const *options);

/**
 * Refuse a call that came in, once.
 *
 * @param call       of CALL_INCOMING
 * @param sip_status 400 to 699: 486 busy, 480 not now, 404 no such number, 603
 *                   declined wherever else it rings.  RFC 3261 21.4-21.6
 *
 * @return SIPDIALER_OK
 *         SIPDIALER_ENOENT  no such call (any more)
 *         SIPDIALER_ESTATE  an outbound call, or answered or rejected before;
 *                           not started, or stopping
 *         SIPDIALER_EINVAL  not such a status
 *         SIPDIALER_ENOMEM
 *
 * Events: CALL_ENDED.   Thread: any.   Since: 0.1
 */
SIPDIALER_API int sipdialer_call_reject(struct sipdialer *d, uint64_t call,
					int sip_status);

/**
 * Send the caller of a call that came in elsewhere, by 302 with `to` as
 * Contact; CALL_ENDED with sip_status 302 follows.
 *
 * @param call call id
 * @param to   number at `sip.server`, or SIP URI, checked as by
 *             sipdialer_call()
 *
 * @return SIPDIALER_OK
 *         SIPDIALER_ENOENT  no such call (any more)
 *         SIPDIALER_ESTATE  an outbound call, or answered or rejected before;
 *                           a number without `sip.server`; not started, or
 *                           stopping
 *         SIPDIALER_EINVAL  not a number or SIP URI
 *         SIPDIALER_ENOMEM
 *
 * Events: CALL_ENDED.   Thread: any.   Since: 0.1
 */
SIPDIALER_API int sipdialer_call_redirect(struct sipdialer *d, uint64_t call,
					  const char *to);

/**
 * Let the caller of a call that came in hear audio before the answer: 183 with
 * our description, reliably if the caller asks for that (option `sip.100rel`).
 * What is played or written from then on is heard; keys that the caller
 * presses are told.  Answer or refuse it later, at most
 * `incoming.early_timeout` s: then it is refused by 480.
 *
 * @param call    of CALL_INCOMING
 * @param options as of sipdialer_call_answer(); "call.play" begins as soon as
 *                it is read, "call.audio" and "media.codecs" are those of the
 *                whole call, "call.record" and "call.dtmf" wait for the
 *                answer, which has options of its own
 *
 * @return SIPDIALER_OK
 *         SIPDIALER_ENOENT  no such call (any more)
 *         SIPDIALER_ESTATE  an outbound call, or decided before; it has audio
 *                           already; not started, or stopping
 *         SIPDIALER_EINVAL  bad option; sipdialer_last_error() says which
 *         SIPDIALER_ENOMEM
 *
 * Events: CALL_EARLY_MEDIA, CALL_PLAYED, CALL_AUDIO, CALL_DTMF.  Without
 * CALL_EARLY_MEDIA nothing is heard: a caller that makes no offer and has no
 * 100rel cannot hear us.   Thread: any.   Since: 0.1
 */
SIPDIALER_API int sipdialer_call_early(struct sipdialer *d, uint64_t call,
				       const char *const *options);

/**
 * End a call: CANCEL before the answer, BYE after it; 480 to a call that came
 * in and is not answered.
 *
 * @return SIPDIALER_OK
 *         SIPDIALER_ENOENT  no such call (any more)
 *
 * Events: CALL_ENDED.   Thread: any.   Since: 0.1
 */
SIPDIALER_API int sipdialer_call_hangup(struct sipdialer *d, uint64_t call);

/**
 * Play a WAV file to the far end, instead of what is playing.
 *
 * @param path   WAV, 8-96 kHz, 8/16/24/32-bit PCM, float, G.711, 1-8
 *               channels, at most 256 MiB; "" or "none" stops what plays
 * @param repeat times to play, 1 to 1,000,000
 *
 * @return SIPDIALER_OK
 *         SIPDIALER_ENOENT  no such call (any more)
 *         SIPDIALER_EINVAL  repeat out of range, path over 4,095 bytes
 *
 * Events: CALL_PLAYED (error set if the file is refused).   Thread: any.
 * Since: 0.1
 */
SIPDIALER_API int sipdialer_call_play(struct sipdialer *d, uint64_t call,
				      const char *path, uint32_t repeat);

/**
 * Send keys (100 ms each, 100 ms apart) as media.dtmf says, after what is
 * queued.
 *
 * @param digits 0-9 * # A-D and "," for a pause of 500 ms; at most 64
 *
 * @return SIPDIALER_OK
 *         SIPDIALER_ENOENT  no such call (any more)
 *         SIPDIALER_EINVAL  another character, or too many
 *
 * Events: none.   Thread: any.   Since: 0.1
 */
SIPDIALER_API int sipdialer_call_dtmf(struct sipdialer *d, uint64_t call,
				      const char *digits);

/**
 * Record a call from now on, to a WAV file of 8 kHz 16 bit.
 *
 * @param path   new file (an existing one is replaced); NULL or "" stops
 * @param stereo 0 both mixed, 1 far end left and we right
 *
 * @return SIPDIALER_OK
 *         SIPDIALER_ENOENT  no such call (any more)
 *         SIPDIALER_EINVAL  path over 4,095 bytes
 *
 * Events: CALL_RECORDING ("refused" with `record.policy` never); CALL_ENDED
 * names the file.   Thread: any.   Since: 0.1
 */
SIPDIALER_API int sipdialer_call_record(struct sipdialer *d, uint64_t call,
					const char *path, int stereo);

/**
 * Let two calls hear each other: audio both ways, whatever their codecs, and
 * keys.  Calls that are not answered yet may be joined: what is heard of one
 * early, its ringing tone, is heard by the other.  A call leaves the bridge that
 * it is in.  A prompt is heard instead of the other call, audio of the host
 * (`call.audio`) with it.  The bridge ends with either call; the other goes on.
 *
 * @param other id of another call
 *
 * @return SIPDIALER_OK
 *         SIPDIALER_ENOENT  no such call (any more)
 *         SIPDIALER_EINVAL  a call with itself
 *
 * Events: CALL_BRIDGED of both, or CALL_UNBRIDGED of `call` with an error.
 * Thread: any.   Since: 0.1
 */
SIPDIALER_API int sipdialer_call_bridge(struct sipdialer *d, uint64_t call,
					uint64_t other);

/**
 * Take a call out of its bridge; both go on.  Nothing happens to a call that
 * is in none.
 *
 * @return SIPDIALER_OK
 *         SIPDIALER_ENOENT  no such call (any more)
 *
 * Events: CALL_UNBRIDGED of both.   Thread: any.   Since: 0.1
 */
SIPDIALER_API int sipdialer_call_unbridge(struct sipdialer *d, uint64_t call);

/**
 * Hold a call that is answered, or go on with it, by a re-INVITE.  Who is held
 * hears `call.hold_play` again and again, without that what is played or
 * written; what the far end sends is not heard.  RFC 3264 8.4
 *
 * @param on 0 goes on, else holds
 *
 * @return SIPDIALER_OK
 *         SIPDIALER_ENOENT  no such call (any more)
 *
 * Events: CALL_HELD, with an error if the far end refuses or the call is not
 * up.   Thread: any.   Since: 0.1
 */
SIPDIALER_API int sipdialer_call_hold(struct sipdialer *d, uint64_t call,
				      int on);

/**
 * Transfer a call blindly: the far end is asked to call `to` itself (REFER).  If
 * that comes about the call ends, else it goes on, and off hold if we hold it.
 * RFC 3515, 5589 6
 *
 * @param to number or SIP URI
 *
 * @return SIPDIALER_OK
 *         SIPDIALER_ENOENT  no such call (any more)
 *         SIPDIALER_EINVAL  not a number or SIP URI
 *
 * Events: CALL_TRANSFER until "completed" or "failed".   Thread: any.
 * Since: 0.1
 */
SIPDIALER_API int sipdialer_call_transfer(struct sipdialer *d, uint64_t call,
					  const char *to);

/**
 * Join the far ends of two calls that are answered, without us: that of `call`
 * is asked to take our place in `other`.  Both calls end if that comes about.
 * RFC 3891, 5589 7
 *
 * @param other id of the call to whom it is transferred
 *
 * @return SIPDIALER_OK
 *         SIPDIALER_ENOENT  no such call (any more)
 *         SIPDIALER_EINVAL  a call to itself
 *
 * Events: CALL_TRANSFER of `call` until "completed" or "failed".
 * Thread: any.   Since: 0.1
 */
SIPDIALER_API int sipdialer_call_transfer_attended(struct sipdialer *d,
						   uint64_t call,
						   uint64_t other);

/**
 * Do as the far end asked by CALL_REFERRED: call whom it named.  It is told how
 * the new call goes; the old one goes on until somebody hangs up, mostly the
 * far end, then.
 *
 * @param options  as for sipdialer_call()
 * @param new_call [out] id of the new call
 *
 * @return SIPDIALER_OK
 *         SIPDIALER_ENOENT  no such call (any more)
 *         SIPDIALER_ESTATE  nothing was asked, or 20 s ago
 *         others            as sipdialer_call(); the far end gets 603
 *
 * Events: those of the new call; CALL_REPLACED of `call` when it is answered.
 * Thread: any.   Since: 0.1
 */
SIPDIALER_API int sipdialer_call_refer_accept(struct sipdialer *d,
					      uint64_t call,
					      const char *const *options,
					      uint64_t *new_call);

/**
 * Do not do as the far end asked by CALL_REFERRED.
 *
 * @param sip_status 400 to 699, told as how the call went
 *
 * @return SIPDIALER_OK
 *         SIPDIALER_ENOENT  no such call (any more)
 *         SIPDIALER_ESTATE  nothing was asked, or 20 s ago
 *         SIPDIALER_EINVAL  status out of range
 *
 * Events: none.   Thread: any.   Since: 0.1
 */
SIPDIALER_API int sipdialer_call_refer_reject(struct sipdialer *d,
					      uint64_t call, int sip_status);


/* ---- audio ------------------------------------------------------------ */

/* The audio of a call goes through two rings, one each way (docs/audio.md).
 * It is on for calls with `call.audio=8000`, 16000, 24000 or 48000: samples a
 * second, mono, int16_t in the byte order of the host. */

/**
 * Take audio that was heard, oldest first.  From the first audio of a call on,
 * 20 ms come every 20 ms: silence where nothing was received.  What finds
 * `audio.read_buffer` ms waiting is dropped and counted, see CALL_AUDIO.  The
 * rest of a call can be read until the next event is asked for after its
 * CALL_ENDED has been pulled.
 *
 * @param samples [out] room for `max` samples
 * @param max     0 to 2,880,000 (60 s at 48,000 a second)
 *
 * @return number of samples taken, 0 if none wait, or
 *         SIPDIALER_EINVAL  samples is NULL, or max out of range
 *         SIPDIALER_ENOENT  no such call (any more)
 *         SIPDIALER_ESTATE  option `call.audio` of the call is off, or it came
 *                           in and is not answered yet
 *
 * Events: lets the next CALL_AUDIO come.   Thread: any; never waits for a
 * network or a disk.   Since: 0.1
 */
SIPDIALER_API int sipdialer_audio_read(struct sipdialer *d, uint64_t call,
				       int16_t *samples, size_t max);

/**
 * Give audio to be sent: copied, and sent in order, 20 ms every 20 ms, from
 * the moment that the far end takes audio (early media or the answer).  Where
 * nothing waits, silence is sent.  While a prompt plays or the far end holds,
 * it waits.
 *
 * @param samples audio
 * @param count   0 to 2,880,000 samples; 0 only lets the next CALL_AUDIO come,
 *                as for a host that waits until all is sent
 *
 * @return number of samples taken: less than count, 0 too, if
 *         `audio.write_buffer` ms wait already; or
 *         SIPDIALER_EINVAL  samples is NULL, or count out of range
 *         SIPDIALER_ENOENT  no such call (any more)
 *         SIPDIALER_ESTATE  option `call.audio` of the call is off, or it came
 *                           in and is not answered yet
 *
 * Events: lets the next CALL_AUDIO come.   Thread: any; never waits for a
 * network or a disk.   Since: 0.1
 */
SIPDIALER_API int sipdialer_audio_write(struct sipdialer *d, uint64_t call,
					const int16_t *samples, size_t count);

/**
 * Drop what was written and not sent yet, such as when somebody speaks into an
 * announcement.  What plays by `call.play` goes on.
 *
 * @return number of samples dropped, or
 *         SIPDIALER_EINVAL  d is NULL
 *         SIPDIALER_ENOENT  no such call (any more)
 *         SIPDIALER_ESTATE  option `call.audio` of the call is off, or it came
 *                           in and is not answered yet
 *
 * Events: lets the next CALL_AUDIO come.   Thread: any; never waits for a
 * network or a disk.   Since: 0.1
 */
SIPDIALER_API int sipdialer_audio_clear(struct sipdialer *d, uint64_t call);


/* ---- who answers ------------------------------------------------------- */

/**
 * Listen to a recording of an answered call, from the answer on, as calls with
 * `amd.enabled` are listened to, with the same options amd.*.  The whole file
 * is heard before this returns.
 *
 * @param d    engine; it need not be started
 * @param path WAV as for sipdialer_call_play(), of several channels the first
 * @param h    called on this thread with CALL_AMD, CALL_TONE and LOG events,
 *             call 0, valid while it runs
 * @param arg  handed to it
 *
 * @return SIPDIALER_OK      a "final" CALL_AMD was among them
 *         SIPDIALER_EINVAL  an argument is NULL, or path over 4,095 bytes
 *         SIPDIALER_ENOENT  no such file
 *         SIPDIALER_EFORMAT not a WAV, or of a kind that is not read
 *         SIPDIALER_EFULL   longer than 256 MiB or 4 hours
 *         SIPDIALER_EIO, SIPDIALER_ENOMEM
 *
 * Events: none of the engine.   Thread: any; waits for the disk.   Since: 0.1
 */
SIPDIALER_API int sipdialer_amd_file(struct sipdialer *d, const char *path,
				     sipdialer_event_h *h, void *arg);


/* ---- campaigns -------------------------------------------------------- */

/**
 * Make a campaign, in state draft, in the store.
 *
 * @param name    1 to 127 bytes, no control characters
 * @param options NULL, or "name=value" strings ended by NULL: options of scope
 *                "campaign", such as "dial.calls_per_second=5"
 * @param request [out] request id; DONE tells the campaign id
 *
 * @return SIPDIALER_OK
 *         SIPDIALER_EINVAL  bad name or option
 *         SIPDIALER_ESTATE  not started, or no store (`store.path`)
 *         SIPDIALER_EFULL   1,024 requests are waiting
 *
 * Events: CAMPAIGN_STATUS, DONE (campaign).   Thread: any.   Since: 0.1
 */
SIPDIALER_API int sipdialer_campaign_create(struct sipdialer *d,
					    const char *name,
					    const char *const *options,
					    uint64_t *request);

/**
 * Take contacts from a CSV file into a campaign.  The format, the columns and
 * the checks are in docs/csv.md.
 *
 * @param campaign id
 * @param path     CSV file, UTF-8
 * @param options  NULL, or options of scope "import" as for
 *                 sipdialer_campaign_create()
 * @param request  [out] request id
 *
 * @return SIPDIALER_OK, SIPDIALER_EINVAL, SIPDIALER_ESTATE, SIPDIALER_EFULL
 *
 * Events: IMPORT_ERROR for each row refused, DONE (count taken, total read,
 * failed refused).   Thread: any.   Since: 0.1
 */
SIPDIALER_API int sipdialer_contact_import(struct sipdialer *d,
					   uint64_t campaign, const char *path,
					   const char *const *options,
					   uint64_t *request);

/**
 * Add one contact to a campaign.
 *
 * @param number number as a person writes it; normalised to E.164 with
 *               `dial.default_country`
 * @param name   NULL or up to 255 bytes
 * @param custom NULL, or a JSON object of custom fields, up to 4,095 bytes
 *
 * @return SIPDIALER_OK, SIPDIALER_EINVAL, SIPDIALER_ESTATE, SIPDIALER_EFULL
 *
 * Events: DONE (contact; error if duplicate, no such campaign, or custom no
 * JSON object).
 * Thread: any.   Since: 0.1
 */
SIPDIALER_API int sipdialer_contact_add(struct sipdialer *d, uint64_t campaign,
					const char *number, const char *name,
					const char *custom, uint64_t *request);

/**
 * Run a campaign: draft, scheduled or paused becomes running.
 *
 * @return SIPDIALER_OK, SIPDIALER_ESTATE, SIPDIALER_EFULL
 *
 * Events: CAMPAIGN_STATUS, CAMPAIGN_PROGRESS, events of its calls; DONE
 * (error SIPDIALER_ENOENT no such campaign, SIPDIALER_ESTATE not from its
 * present state).   Thread: any.   Since: 0.1
 */
SIPDIALER_API int sipdialer_campaign_start(struct sipdialer *d,
					   uint64_t campaign,
					   uint64_t *request);

/** Pause: no new calls; calls in progress go on.  Else as
 *  sipdialer_campaign_start().   Thread: any.   Since: 0.1 */
SIPDIALER_API int sipdialer_campaign_pause(struct sipdialer *d,
					   uint64_t campaign,
					   uint64_t *request);

/** Cancel for ever: calls not yet answered are given up; pending contacts
 *  become skipped.  Else as sipdialer_campaign_start().
 *  Thread: any.   Since: 0.1 */
SIPDIALER_API int sipdialer_campaign_cancel(struct sipdialer *d,
					    uint64_t campaign,
					    uint64_t *request);

/**
 * Ask for the state and the counters of a campaign.
 *
 * Events: CAMPAIGN_STATUS (request set), DONE.
 * Else as sipdialer_campaign_start().   Thread: any.   Since: 0.1
 */
SIPDIALER_API int sipdialer_campaign_status(struct sipdialer *d,
					    uint64_t campaign,
					    uint64_t *request);

/**
 * Ask for all campaigns, oldest first.
 *
 * Events: CAMPAIGN_STATUS for each (request set), DONE (count).
 * Else as sipdialer_campaign_start().   Thread: any.   Since: 0.1
 */
SIPDIALER_API int sipdialer_campaign_list(struct sipdialer *d,
					  uint64_t *request);

/**
 * Write the results of a campaign, a row a contact, to a CSV file (columns in
 * docs/csv.md).  The file is replaced as a whole when complete.
 *
 * Events: DONE (count rows).
 * Else as sipdialer_campaign_start().   Thread: any.   Since: 0.1
 */
SIPDIALER_API int sipdialer_campaign_results(struct sipdialer *d,
					     uint64_t campaign,
					     const char *path,
					     uint64_t *request);


/* ---- do not call ------------------------------------------------------ */

/**
 * Put a number on the do-not-call list of the store; checked before each
 * attempt of every campaign.
 *
 * @param number as for sipdialer_contact_add()
 * @param source NULL or where it comes from, up to 127 bytes
 *
 * @return SIPDIALER_OK, SIPDIALER_EINVAL, SIPDIALER_ESTATE, SIPDIALER_EFULL
 *
 * Events: DONE (count 1 added, 0 was there).   Thread: any.   Since: 0.1
 */
SIPDIALER_API int sipdialer_dnc_add(struct sipdialer *d, const char *number,
				    const char *source, uint64_t *request);

/** Take a number off the list.  Events: DONE (count 1 removed, 0 was not
 *  there).  Else as sipdialer_dnc_add().   Thread: any.   Since: 0.1 */
SIPDIALER_API int sipdialer_dnc_remove(struct sipdialer *d, const char *number,
				       uint64_t *request);

/** Look a number up.  Events: DONE (count 1 listed, 0 not; text source).
 *  Else as sipdialer_dnc_add().   Thread: any.   Since: 0.1 */
SIPDIALER_API int sipdialer_dnc_check(struct sipdialer *d, const char *number,
				      uint64_t *request);


/* ---- store ------------------------------------------------------------ */

/**
 * Copy the store, as of now, to a new file (mode 0600) while work goes on.
 *
 * Events: DONE.   Else as sipdialer_campaign_start().
 * Thread: any.   Since: 0.1
 */
SIPDIALER_API int sipdialer_store_backup(struct sipdialer *d, const char *path,
					 uint64_t *request);

/**
 * Check a store without starting an engine: integrity, schema version, status
 * words.
 *
 * @param path    store file
 * @param migrate 1: bring it to the present schema
 * @param buf     [out] one line on what was found; may be NULL if size is 0
 * @param size    bytes of buf
 *
 * @return SIPDIALER_OK
 *         SIPDIALER_ENOENT, SIPDIALER_EIO, SIPDIALER_EBUSY
 *         SIPDIALER_EFORMAT  damaged, or not a store of ours
 *         SIPDIALER_ENEWER   made by a newer version
 *         SIPDIALER_ESTATE   older schema and migrate is 0
 *
 * Events: none.   Thread: any; waits for the disk.   Since: 0.1
 */
SIPDIALER_API int sipdialer_store_check(const char *path, int migrate,
					char *buf, size_t size);


/* ---- about ------------------------------------------------------------ */

/**
 * Counters of the engine as one JSON object, taken at once: calls, rates,
 * media lateness, queues, threads, registration.
 *
 * @return length of the whole text without terminator (>= size: cut), or
 *         SIPDIALER_ESTATE  not started
 *
 * Thread: any.   Since: 0.1
 */
SIPDIALER_API int sipdialer_stats(struct sipdialer *d, char *buf, size_t size);

/**
 * What was wrong with the last verb that failed on this thread: which value
 * and what limit.  Never NULL; valid until the next failure on this thread.
 *
 * Thread: any; each thread has its own.   Since: 0.1
 */
SIPDIALER_API const char *sipdialer_last_error(void);

/** Name of an error, such as "SIPDIALER_EINVAL"; "?" if unknown. Thread: any.
 *  Since: 0.1 */
SIPDIALER_API const char *sipdialer_strerror(int error);

/** Name of an event kind, such as "call_ended"; "?" if unknown. Thread: any.
 *  Since: 0.1 */
SIPDIALER_API const char *sipdialer_event_name(int type);

/** Word of a disposition, such as "busy"; "?" if unknown. Thread: any.
 *  Since: 0.1 */
SIPDIALER_API const char *sipdialer_disposition_name(int disposition);

/** Word of enum sipdialer_amd, such as "human"; "?" if unknown. Thread: any.
 *  Since: 0.1 */
SIPDIALER_API const char *sipdialer_amd_name(int amd);

/** Word of a campaign status, such as "running"; "?" if unknown. Thread: any.
 *  Since: 0.1 */
SIPDIALER_API const char *sipdialer_campaign_status_name(int status);

/** Word of a registration state, such as "registered"; "?" if unknown.
 *  Thread: any.   Since: 0.1 */
SIPDIALER_API const char *sipdialer_registration_name(int status);

/** Version of the library at run time, "major.minor.patch". Thread: any.
 *  Since: 0.1 */
SIPDIALER_API const char *sipdialer_version(void);

#ifdef __cplusplus
}
#endif

#endif
