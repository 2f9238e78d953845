/**
 * @file cli.h  The command `sipdialer`: shared by its files
 *
 * A plain user of the public header, like any other host program.
 */
#ifndef SIPDIALER_CLI_H
#define SIPDIALER_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sipdialer/sipdialer.h>

/** Exit status: DESIGN "The command sipdialer". */
enum {
	CLI_OK = 0,
	CLI_FAILED = 1,  /* done, but failed */
	CLI_USAGE = 2,   /* wrong usage, nothing done */
	CLI_NO_START = 3 /* could not start */
};

/* status of CALL_TRANSFER, the last of its four words */
enum { CLI_TRANSFER_FAILED = 3 };

#define CLI_STORE "sipdialer.db"

struct cli {
	struct sipdialer *d;
	bool json;
	bool tty; /* stdout is a terminal */
	bool started;
	bool stopped;      /* STOPPED was seen */
	bool registered;   /* the account waited for, or the engine's own */
	bool registering;  /* waiting for it: no warnings of it */
	bool store_failed; /* told once until it works again */
	bool store_needed; /* nothing can be done while it fails */
	int status;        /* exit status of the command */
	bool quiet_busy;   /* EBUSY at start is for the caller to tell */
	int start_error;   /* of the last start */
	const char *config;
	/** Events after the common ones. */
	void (*event)(struct cli *cli, const struct sipdialer_event *ev);
	/** First Ctrl-C; NULL: stop the engine. */
	void (*interrupt)(struct cli *cli);
	void *data;
};

/* main.c: options of commands -------------------------------------------- */

/** A flag that sets an option ("--cps" -> dial.calls_per_second), or that the
 *  command reads itself (option NULL, value stored).  An option with its value
 *  ("amd.enabled=yes") needs none; *value, if value is not NULL, is it. */
struct cli_flag {
	const char *name;
	const char *option; /* NULL: kept in *value */
	const char **value;
	const char *later; /* not built in yet: what it needs */
};

/** Take flags and at most `max` other words; CLI_OK or CLI_USAGE. */
int cli_flags(struct cli *cli, int argc, char **argv,
	      const struct cli_flag *flags, const char **words, int max);
/** One line on stderr: "sipdialer: ...". Returns status. */
int cli_error(int status, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/** The same with the library's name and text of an error. */
int cli_library_error(int status, int error, const char *text);
/** The same of a file, named once. */
int cli_file_error(int status, int error, const char *path, const char *text);
/** --machine-play and the like: listen to who answers, and leave this file on
 *  machines; CLI_OK or CLI_USAGE. */
int cli_leave_message(struct cli *cli, const char *path);
/** Is it a readable regular file?  Else CLI_USAGE with a line. */
int cli_check_file(const char *what, const char *path);
/** ... and a WAV file by its first bytes. */
int cli_check_prompt(const char *path);
/** Can a file be made at this path? */
int cli_check_folder(const char *what, const char *path);
/** The store: the argument, the option, or CLI_STORE here; `create`: it need not
 *  be there. */
int cli_store_path(struct cli *cli, const char *arg, bool create, char *path,
		   size_t size);
/** Exit status for a verb's error: a bad value is wrong usage. */
int cli_refused(int error);
/** A positive id. */
bool cli_id(const char *text, uint64_t *id);

/* run.c: engine and event loop -------------------------------------------- */

/** Start the engine; CLI_OK, or a line and CLI_NO_START. */
int cli_start(struct cli *cli);
/** For commands on the store alone: no port, no registration, no dialing. */
int cli_start_store_only(struct cli *cli);
/** Is this the event of the account that the command uses: call.account, else
 *  the engine's own? */
bool cli_our_account(struct cli *cli, const struct sipdialer_event *ev);
/** Wait for its registration, if one is asked for. */
int cli_wait_registered(struct cli *cli);
/** Handle events until `until` is true; false: stopped or interrupted. */
bool cli_wait(struct cli *cli, const bool *until);
/** Stop and wait for STOPPED; returns cli->status. */
int cli_stop(struct cli *cli);

/** A request and its answer: waits for DONE. 0 or enum sipdialer_error; the
 *  text of an error is in cli_answer_text. */
struct cli_answer {
	uint64_t request;
	bool done;
	int error;
	uint64_t campaign, contact, count, total, failed;
	char text[512];
};
int cli_answer(struct cli *cli, struct cli_answer *answer, int verb_result);
/** Called for each event while waiting for an answer, too. */
void cli_answer_event(struct cli_answer *answer,
		      const struct sipdialer_event *ev);

/* print.c ------------------------------------------------------------------ */

void cli_print_json(const struct sipdialer_event *ev);
void cli_print_call(const struct sipdialer_event *ev);
void cli_print_campaign(const struct sipdialer_event *ev);
struct cli_progress {
	uint64_t started_ms;
	uint64_t last_ms;   /* of a plain line */
	uint64_t attempts0; /* when we started */
	bool drawn;
};
void cli_progress(struct cli *cli, struct cli_progress *p,
		  const struct sipdialer_event *ev);
void cli_progress_clear(struct cli *cli, struct cli_progress *p);
/** A JSON string in quotes. */
void cli_json_text(const char *text);
void cli_outcomes(const uint64_t *by_disposition, size_t len);
uint64_t cli_clock_ms(void);

/* commands ------------------------------------------------------------------ */

typedef int(cli_command_h)(struct cli *cli, int argc, char **argv);
cli_command_h cli_call, cli_campaign, cli_campaign_run, cli_store, cli_dnc,
	cli_demo, cli_serve, cli_amd, cli_help;
/** Did Ctrl-C or SIGTERM come? */
bool cli_interrupted(void);
/** Follow campaign `id` to its end. */
int cli_campaign_follow(struct cli *cli, uint64_t id, const char *results);
/** Its results to a file. */
int cli_campaign_results(struct cli *cli, uint64_t id, const char *path);
void cli_usage(void);

#endif
