/**
 * @file api/options.h  Options: one table, values as text
 *
 * The table (options_table.c) says of each option its name, type, range,
 * default, where and when it may be set, and one line of doc; from it come the
 * checks, docs/options.md, `sipdialer help options` and the bindings' types.
 *
 * A `struct sipd_options` has no lock of its own: the engine's is used under
 * the engine's lock, copies (of a call, of a campaign) belong to one owner.
 * Texts that the getters return live until the option is set again.
 */
#ifndef SIPD_API_OPTIONS_H
#define SIPD_API_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SIPD_OPTION_VALUE_MAX = 4095,      /* bytes */
	SIPD_OPTION_LIST_MAX = 256,        /* entries of one list */
	SIPD_OPTION_HEADERS_MAX = 32,      /* lines of sip.header */
	SIPD_OPTION_FILE_MAX = 1024 * 1024 /* bytes */
};

/** Index into the table. */
enum sipd_option {
	SIPD_OPT_SIP_SERVER,
	SIPD_OPT_SIP_PORT,
	SIPD_OPT_SIP_TRANSPORT,
	SIPD_OPT_SIP_DNS_SERVERS,
	SIPD_OPT_SIP_BLACKLIST_TIME,
	SIPD_OPT_SIP_FAILOVER_TIME,
	SIPD_OPT_SIP_USER,
	SIPD_OPT_SIP_AUTH_USER,
	SIPD_OPT_SIP_PASSWORD,
	SIPD_OPT_SIP_PASSWORD_FILE,
	SIPD_OPT_SIP_DOMAIN,
	SIPD_OPT_SIP_REALM,
	SIPD_OPT_SIP_DIGEST,
	SIPD_OPT_SIP_OUTBOUND_PROXY,
	SIPD_OPT_SIP_REGISTER,
	SIPD_OPT_SIP_REGISTER_EXPIRES,
	SIPD_OPT_SIP_INSTANCE,
	SIPD_OPT_SIP_KEEPALIVE,
	SIPD_OPT_SIP_KEEPALIVE_INTERVAL,
	SIPD_OPT_SIP_DSCP,
	SIPD_OPT_SIP_LOCAL_ADDRESS,
	SIPD_OPT_SIP_LOCAL_PORT,
	SIPD_OPT_SIP_EXTERNAL_ADDRESS,
	SIPD_OPT_SIP_CONTACT_REWRITE,
	SIPD_OPT_SIP_CALLER_ID,
	SIPD_OPT_SIP_CALLER_NAME,
	SIPD_OPT_SIP_PRIVACY,
	SIPD_OPT_SIP_ASSERTED_IDENTITY,
	SIPD_OPT_SIP_PREFERRED_IDENTITY,
	SIPD_OPT_SIP_DIVERSION,
	SIPD_OPT_SIP_USER_AGENT,
	SIPD_OPT_SIP_HEADER,
	SIPD_OPT_SIP_100REL,
	SIPD_OPT_SIP_REDIRECT_ALLOW,
	SIPD_OPT_SIP_SESSION_EXPIRES,
	SIPD_OPT_SIP_SESSION_MIN,
	SIPD_OPT_SIP_SESSION_REFRESHER,
	SIPD_OPT_SIP_TLS_CA_FILE,
	SIPD_OPT_SIP_TLS_VERIFY,
	SIPD_OPT_SIP_TLS_CERT_FILE,
	SIPD_OPT_SIP_TLS_KEY_FILE,
	SIPD_OPT_SIP_TLS_MIN_VERSION,
	SIPD_OPT_MEDIA_CODECS,
	SIPD_OPT_MEDIA_SRTP,
	SIPD_OPT_MEDIA_RTCP_MUX,
	SIPD_OPT_MEDIA_DTMF,
	SIPD_OPT_MEDIA_RTP_PORT_MIN,
	SIPD_OPT_MEDIA_RTP_PORT_MAX,
	SIPD_OPT_MEDIA_DSCP,
	SIPD_OPT_MEDIA_RTP_TIMEOUT,
	SIPD_OPT_MEDIA_THREADS,
	SIPD_OPT_DIAL_MAX_CALLS,
	SIPD_OPT_DIAL_CALLS_PER_SECOND,
	SIPD_OPT_DIAL_RING_TIMEOUT,
	SIPD_OPT_DIAL_MAX_DURATION,
	SIPD_OPT_DIAL_DEFAULT_COUNTRY,
	SIPD_OPT_DIAL_RETRIES,
	SIPD_OPT_DIAL_RETRY_DELAY,
	SIPD_OPT_DIAL_RETRY_RULES,
	SIPD_OPT_DIAL_RETRY_INTERRUPTED,
	SIPD_OPT_DIAL_CAMPAIGNS,
	SIPD_OPT_CALL_ACCOUNT,
	SIPD_OPT_CALL_PLAY,
	SIPD_OPT_CALL_RECORD,
	SIPD_OPT_CALL_RECORD_STEREO,
	SIPD_OPT_CALL_DTMF,
	SIPD_OPT_CALL_HANGUP_AFTER_PLAY,
	SIPD_OPT_CALL_HOLD_PLAY,
	SIPD_OPT_CALL_REFER,
	SIPD_OPT_CALL_AUDIO,
	SIPD_OPT_RECORD_POLICY,
	SIPD_OPT_RECORD_FOLDER,
	SIPD_OPT_RECORD_NAME,
	SIPD_OPT_RECORD_MAX_SIZE,
	SIPD_OPT_RECORD_MAX_DURATION,
	SIPD_OPT_RECORD_MAX_TOTAL,
	SIPD_OPT_RECORD_MIN_FREE,
	SIPD_OPT_RECORD_KEEP_DAYS,
	SIPD_OPT_AUDIO_READ_BUFFER,
	SIPD_OPT_AUDIO_WRITE_BUFFER,
	SIPD_OPT_AMD_ENABLED,
	SIPD_OPT_AMD_HUMAN,
	SIPD_OPT_AMD_MACHINE,
	SIPD_OPT_AMD_FAX,
	SIPD_OPT_AMD_UNKNOWN,
	SIPD_OPT_AMD_EARLY,
	SIPD_OPT_AMD_MESSAGE,
	SIPD_OPT_AMD_TRANSFER,
	SIPD_OPT_AMD_TIMEOUT,
	SIPD_OPT_AMD_BEEP_TIMEOUT,
	SIPD_OPT_AMD_END_SILENCE,
	SIPD_OPT_AMD_INTERVAL,
	SIPD_OPT_INCOMING_ACCEPT,
	SIPD_OPT_INCOMING_TRUNKS,
	SIPD_OPT_INCOMING_MAX_CALLS,
	SIPD_OPT_INCOMING_DID,
	SIPD_OPT_INCOMING_TIMEOUT,
	SIPD_OPT_INCOMING_EARLY_TIMEOUT,
	SIPD_OPT_INCOMING_DEFAULT,
	SIPD_OPT_INCOMING_PLAY,
	SIPD_OPT_STORE_PATH,
	SIPD_OPT_REDIS_URL,
	SIPD_OPT_REDIS_PREFIX,
	SIPD_OPT_REDIS_HEALTH_INTERVAL,
	SIPD_OPT_LOG_LEVEL,
	SIPD_OPT_EVENTS_MAX,
	SIPD_OPT_IMPORT_NUMBER_COLUMN,
	SIPD_OPT_IMPORT_NAME_COLUMN,
	SIPD_OPT_IMPORT_DELIMITER,
	SIPD_OPT_IMPORT_MAX_ERRORS,
	SIPD_OPT_COUNT
};

enum sipd_option_type {
	SIPD_OPTION_STRING,
	SIPD_OPTION_SECRET, /* never printed */
	SIPD_OPTION_PATH,
	SIPD_OPTION_INT,
	SIPD_OPTION_NUM,
	SIPD_OPTION_BOOL, /* yes, no (also true, on, 1, ...) */
	SIPD_OPTION_ENUM, /* one of words */
	SIPD_OPTION_LIST, /* words, each once, the first preferred */
	SIPD_OPTION_LINES /* each value set is one more line; "" clears */
};

/** Where an option may be set; all may be set on the engine. */
enum {
	SIPD_SCOPE_ENGINE = 0,
	SIPD_SCOPE_CALL = 1,     /* options of sipdialer_call() */
	SIPD_SCOPE_CAMPAIGN = 2, /* options of sipdialer_campaign_create() */
	SIPD_SCOPE_IMPORT = 4,   /* options of sipdialer_contact_import() */
	SIPD_SCOPE_LIVE = 8,     /* on the engine also while it runs */
	SIPD_SCOPE_ACCOUNT = 16  /* options of sipdialer_account_add() */
};

/** Further check of a value that has the right type; 0 or an error with
 *  text. */
typedef int(sipd_option_check_h)(const char *name, const char *value);

struct sipd_option_def {
	const char *name;
	enum sipd_option_type type;
	unsigned scope;
	int64_t min, max;     /* numbers; of texts max is in bytes */
	const char *unit;     /* "s", "ms" or NULL */
	const char *words;    /* ENUM, LIST: "udp,tcp,tls" */
	const char *later;    /* words known but not built in yet; "*": any
				  * value but the default */
	const char *standard; /* default as text */
	sipd_option_check_h *check;
	bool filled; /* not to be empty */
	const char *doc;
};

extern const struct sipd_option_def sipd_option_table[SIPD_OPT_COUNT];

struct sipd_options {
	char *text[SIPD_OPT_COUNT];   /* NULL: the default */
	bool cleared[SIPD_OPT_COUNT]; /* LINES: what a copy goes onto is
					* cleared first */
};

void sipd_options_init(struct sipd_options *o);
void sipd_options_close(struct sipd_options *o);
/** dst must be closed or fresh; 0 or SIPDIALER_ENOMEM (dst closed). */
int sipd_options_copy(struct sipd_options *dst,
		      const struct sipd_options *src);

/** Its scopes; all of sip.* may be set for an account, and what an offer is
 *  made of. */
unsigned sipd_option_scope(int id);
/** The value, or that there is none, from src. */
int sipd_options_take(struct sipd_options *dst, const struct sipd_options *src,
		      int id);

/** Index, or SIPDIALER_ENOENT with a text naming the nearest option. */
int sipd_option_find(const char *name);
const char *sipd_option_json(size_t index); /* NULL past the last */

/** value NULL: the default again.  running: only options that may change then.
 *  ENOENT, EINVAL, ESTATE, ENOSYS (known, not built in yet), ENOMEM. */
int sipd_options_set(struct sipd_options *o, const char *name,
		     const char *value, bool running);

/** The same in one scope. */
int sipd_options_set_in(struct sipd_options *o, const char *name,
			const char *value, unsigned scope, bool running);

/** "name=value" strings, ended by NULL; list may be NULL.  All or nothing. */
int sipd_options_apply_list(struct sipd_options *o, const char *const *list,
			    unsigned scope, bool running);
/** "name=value\n" lines as made by sipd_options_to_lines(). */
int sipd_options_from_lines(struct sipd_options *o, const char *text,
			    unsigned scope);
/** Lines of what was set, of one scope; free() it. NULL: out of memory. */
char *sipd_options_to_lines(const struct sipd_options *o, unsigned scope);

/* A file of `name = value` lines, in two steps so that nobody holds a lock
 * while waiting for the disk. */
int sipd_options_file_read(const char *path, char **textp, size_t *lenp);
/** What a line [account NAME] begins: the options, of that scope, that the lines
 *  below it set; line is for sipd_options_file_error(). */
typedef int(sipd_options_section_h)(const char *name, size_t line,
				    struct sipd_options **op, void *arg);
/** All or nothing; errors name file:line.  Changes text.
 *  @param h  NULL: there are no sections */
int sipd_options_file_apply(struct sipd_options *o, const char *path,
			    char *text, size_t len, bool running,
			    sipd_options_section_h *h, void *arg);
/** sipd_error_text() with file:line before it; returns err. */
int sipd_options_file_error(int err, const char *path, size_t line);
void sipd_options_file_free(char *text, size_t len);

/** Value as a host may see it: secrets are "***" when set. */
int sipd_options_get_text(const struct sipd_options *o, const char *name,
			  char *buf, size_t size);

/* Typed: the option must be of that type (assert). */
const char *sipd_opt_str(const struct sipd_options *o, enum sipd_option id);
int64_t sipd_opt_int(const struct sipd_options *o, enum sipd_option id);
double sipd_opt_num(const struct sipd_options *o, enum sipd_option id);
bool sipd_opt_bool(const struct sipd_options *o, enum sipd_option id);
/** Place of the value among the words, first is 0. */
int sipd_opt_enum(const struct sipd_options *o, enum sipd_option id);
/** INT with a unit of time, as ms. */
uint64_t sipd_opt_ms(const struct sipd_options *o, enum sipd_option id);
bool sipd_opt_is_set(const struct sipd_options *o, enum sipd_option id);
/** Delimiter of contact files, 0: find out. */
char sipd_opt_delimiter(const struct sipd_options *o);

/* Checks of single options, for the table. */
int sipd_option_check_header(const char *name, const char *value);
int sipd_option_check_rtp_port(const char *name, const char *value);
int sipd_option_check_codecs(const char *name, const char *value);
int sipd_option_check_digits(const char *name, const char *value);
int sipd_option_check_delimiter(const char *name, const char *value);
int sipd_option_check_account(const char *name, const char *value);
int sipd_option_check_instance(const char *name, const char *value);
int sipd_option_check_address(const char *name, const char *value);
int sipd_option_check_country(const char *name, const char *value);
int sipd_option_check_trunks(const char *name, const char *value);
int sipd_option_check_privacy(const char *name, const char *value);
int sipd_option_check_identity(const char *name, const char *value);
int sipd_option_check_session_expires(const char *name, const char *value);
int sipd_option_check_retry_rules(const char *name, const char *value);
int sipd_option_check_redirect(const char *name, const char *value);
int sipd_option_check_target(const char *name, const char *value);
int sipd_option_check_record_name(const char *name, const char *value);

#endif
