/**
 * @file campaign_run.c  `sipdialer campaign run`: a contact file to its results
 *
 * The same command again after a crash or Ctrl-C goes on where it stopped: an
 * unfinished campaign of the same name in the store is taken up, and contacts
 * that it has already are not taken twice.
 */
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- find or make it --------------------------------------------------------- */

struct search {
	const char *name;
	uint64_t id; /* the last unfinished one of that name */
	int status;
	bool found;       /* it was there: contacts may be in it already */
	uint64_t over_id; /* the last one that has ended */
	int over_status;
};


static void search_event(struct cli *cli, const struct sipdialer_event *ev)
{
	struct search *s = cli->data;

	if (ev->type != SIPDIALER_EVENT_CAMPAIGN_STATUS || !ev->request ||
	    strcmp(ev->text, s->name))
		return;

	if (ev->status == SIPDIALER_CAMPAIGN_COMPLETED ||
	    ev->status == SIPDIALER_CAMPAIGN_CANCELLED) {
		/* without contacts it is what a bad contact file left */
		if (ev->total) {
			s->over_id = ev->campaign;
			s->over_status = ev->status;
		}
		return;
	}

	s->id = ev->campaign;
	s->status = ev->status;
}


static int find_or_create(struct cli *cli, const char *name,
			  const char *const *options, struct search *s)
{
	struct cli_answer list = {0}, made = {0};

	*s = (struct search){.name = name};
	cli->event = search_event;
	cli->data = s;
	if (cli_answer(cli, &list,
		       sipdialer_campaign_list(cli->d, &list.request)))
		return cli_library_error(CLI_NO_START, list.error, list.text);
	cli->event = NULL;
	cli->data = NULL;

	s->found = s->id != 0;
	if (s->id) {
		if (!cli->json)
			(void)printf(
				"going on with campaign %llu \"%s\" (%s)\n",
				(unsigned long long)s->id, name,
				sipdialer_campaign_status_name(s->status));
		return CLI_OK;
	}

	if (s->over_id)
		return CLI_OK;

	if (cli_answer(cli, &made,
		       sipdialer_campaign_create(cli->d, name, options,
						 &made.request)))
		return cli_library_error(made.error == SIPDIALER_EINVAL
						 ? CLI_USAGE
						 : CLI_NO_START,
					 made.error, made.text);
	s->id = made.campaign;
	s->status = SIPDIALER_CAMPAIGN_DRAFT;

	return CLI_OK;
}


struct import {
	bool resumed; /* then duplicates are no news */
	uint64_t shown;
};


static void import_event(struct cli *cli, const struct sipdialer_event *ev)
{
	struct import *im = cli->data;

	if (ev->type != SIPDIALER_EVENT_IMPORT_ERROR)
		return;
	if (im->resumed && !strncmp(ev->text, "duplicate number", 16))
		return;

	++im->shown;
	if (cli->json)
		cli_print_json(ev);
	else
		(void)cli_error(0, "line %llu: %s",
				(unsigned long long)ev->line, ev->text);
}


/* *ended: it was running, and came to its end before it got the contacts. */
static int import(struct cli *cli, const struct search *s, const char *path,
		  uint64_t *refused, bool *ended)
{
	struct import im = {.resumed = s->found};
	struct cli_answer a = {0}, drop = {0};

	cli->event = import_event;
	cli->data = &im;
	(void)cli_answer(cli, &a,
			 sipdialer_contact_import(cli->d, s->id, path, NULL,
						  &a.request));
	cli->event = NULL;
	cli->data = NULL;

	*refused = im.shown;
	*ended = im.resumed && a.error == SIPDIALER_ESTATE &&
		 !cli_interrupted();
	if (*ended)
		return CLI_OK;
	if (a.error && cli_interrupted())
		return cli_error(
			CLI_FAILED,
			"interrupted; the same command goes on from here");
	if (a.error) {
		/* leave no empty draft behind */
		if (!im.resumed)
			(void)cli_answer(
				cli, &drop,
				sipdialer_campaign_cancel(cli->d, s->id,
							  &drop.request));
		return cli_file_error(CLI_NO_START, a.error, path, a.text);
	}

	if (!cli->json)
		(void)printf(
			"%s: %llu new contacts of %llu rows, %llu refused\n",
			path, (unsigned long long)a.count,
			(unsigned long long)a.total,
			(unsigned long long)im.shown);

	return CLI_OK;
}


/* ---- the command ---------------------------------------------------------------- */

struct run_args {
	const char *contacts, *play, *message, *results, *name;
};


/* The command was given again after the end: nobody is called twice. */
static int run_over(struct cli *cli, const struct search *s,
		    const char *results)
{
	int status = CLI_OK;

	if (results)
		status = cli_campaign_results(cli, s->over_id, results);
	if (status)
		return status;
	if (s->over_status != SIPDIALER_CAMPAIGN_COMPLETED)
		return cli_error(CLI_FAILED,
				 "campaign %llu \"%s\" was cancelled: nobody "
				 "was called (a new --name begins anew)",
				 (unsigned long long)s->over_id, s->name);

	if (cli->json)
		(void)printf("{\"event\":\"summary\",\"campaign\":%llu,"
			     "\"status\":\"completed\",\"seconds\":0,"
			     "\"results\":%s}\n",
			     (unsigned long long)s->over_id,
			     results ? "true" : "false");
	else
		(void)printf("campaign %llu \"%s\" is complete already: "
			     "nobody was called (a new --name begins anew)\n",
			     (unsigned long long)s->over_id, s->name);

	return CLI_OK;
}


static int run(struct cli *cli, const struct run_args *args,
	       const char *const *options)
{
	struct cli_answer started = {0};
	struct search s;
	uint64_t refused = 0;
	bool ended = false;
	int status;

	status = find_or_create(cli, args->name, options, &s);
	if (!status && s.id)
		status = import(cli, &s, args->contacts, &refused, &ended);
	if (!status && ended)
		status = find_or_create(cli, args->name, options, &s);
	if (!status && !s.id)
		return run_over(cli, &s, args->results);
	if (status)
		return status;

	if (cli_interrupted())
		return cli_error(
			CLI_FAILED,
			"interrupted; the same command goes on from here");
	if (s.status != SIPDIALER_CAMPAIGN_RUNNING &&
	    cli_answer(cli, &started,
		       sipdialer_campaign_start(cli->d, s.id,
						&started.request)))
		return cli_library_error(CLI_NO_START, started.error,
					 started.text);

	status = cli_campaign_follow(cli, s.id, args->results);

	return status ? status : refused ? CLI_FAILED : CLI_OK;
}


/* The contact file's name without folder and ending. */
static void default_name(const char *path, char *name, size_t size)
{
	const char *slash = strrchr(path, '/');
	char *dot;

	(void)snprintf(name, size, "%s", slash ? slash + 1 : path);
	dot = strrchr(name, '.');
	if (dot && dot != name)
		*dot = '\0';
}


/* Options that the campaign keeps, so that a resume dials alike. */
static const char *const kept[] = {
	"dial.calls_per_second",
	"dial.max_calls",
	"dial.retries",
	"dial.retry_delay",
	"dial.ring_timeout",
	"sip.caller_id",
	"dial.max_duration",
	"record.policy",
	"record.name",
	"record.max_size",
	"record.max_duration",
	"call.record_stereo",
	"call.play",
	"amd.enabled",
	"amd.human",
	"amd.machine",
	"amd.fax",
	"amd.unknown",
	"amd.early",
	"amd.message",
	"amd.transfer",
	"amd.timeout",
	"amd.beep_timeout",
	"amd.end_silence",
	"amd.interval",
};

enum { KEPT = sizeof(kept) / sizeof(kept[0]) };


static void keep_options(struct cli *cli, const char *play,
			 char (*texts)[4200], const char **list)
{
	size_t n = 0;

	for (size_t i = 0; i < KEPT; i++) {
		char value[4096];

		if (!strcmp(kept[i], "call.play"))
			(void)snprintf(value, sizeof(value), "%s",
				       play ? play : "");
		else
			(void)sipdialer_get(cli->d, kept[i], value,
					    sizeof(value));
		if (!value[0])
			continue;
		(void)snprintf(texts[n], sizeof(texts[n]), "%s=%s", kept[i],
			       value);
		list[n] = texts[n];
		++n;
	}
	list[n] = NULL;
}


/* Somewhere to dial to, somewhere to keep it. */
static int check_options(struct cli *cli)
{
	char server[256], record[4096], path[4096], given[4096];

	(void)sipdialer_get(cli->d, "sip.server", server, sizeof(server));
	if (!server[0])
		return cli_error(CLI_NO_START,
				 "%s: no server to dial through "
				 "(option sip.server)",
				 sipdialer_strerror(SIPDIALER_ESTATE));
	(void)sipdialer_get(cli->d, "call.record", record, sizeof(record));
	if (record[0] && access(record, W_OK | X_OK))
		return cli_error(CLI_USAGE,
				 "call.record \"%s\": %s (a folder "
				 "for the recordings)",
				 record, strerror(errno));

	(void)sipdialer_get(cli->d, "store.path", given, sizeof(given));
	if (cli_store_path(cli, NULL, true, path, sizeof(path)))
		return CLI_NO_START;
	if (!given[0] && !cli->json)
		(void)printf("store: %s (option store.path)\n", path);

	return CLI_OK;
}


static int check_args(struct run_args *args, char *name, size_t size)
{
	if (!args->contacts)
		return cli_error(CLI_USAGE,
				 "campaign run needs --contacts FILE.csv");
	if (cli_check_file("contacts", args->contacts))
		return CLI_USAGE;
	if (args->play && (!*args->play || !strcmp(args->play, "none")))
		args->play = NULL;
	if (args->play && cli_check_prompt(args->play))
		return CLI_USAGE;
	if (args->results && cli_check_folder("results", args->results))
		return CLI_USAGE;
	if (!args->name) {
		default_name(args->contacts, name, size);
		args->name = name;
	}

	return CLI_OK;
}


int cli_campaign_run(struct cli *cli, int argc, char **argv)
{
	struct run_args args = {0};
	const struct cli_flag flags[] = {
		{"--contacts", NULL, &args.contacts, NULL},
		{"--play", NULL, &args.play, NULL},
		{"--results", NULL, &args.results, NULL},
		{"--name", NULL, &args.name, NULL},
		{"--cps", "dial.calls_per_second", NULL, NULL},
		{"--max-calls", "dial.max_calls", NULL, NULL},
		{"--retries", "dial.retries", NULL, NULL},
		{"--retry-delay", "dial.retry_delay", NULL, NULL},
		{"--ring-timeout", "dial.ring_timeout", NULL, NULL},
		{"--max-duration", "dial.max_duration", NULL, NULL},
		{"--caller-id", "sip.caller_id", NULL, NULL},
		{"--record", "record.policy", NULL, NULL},
		{"--flow", NULL, NULL, "IVR flows"},
		{"--agent", NULL, NULL, "voice agents"},
		{"--amd", "amd.enabled=yes", NULL, NULL},
		{"--voicemail", NULL, &args.message, NULL},
		{"--hours", NULL, NULL, "calling hours"},
		{"--timezone", NULL, NULL, "calling hours"},
		{NULL, NULL, NULL, NULL},
	};
	char name[128], texts[KEPT][4200];
	const char *options[KEPT + 1];

	if (cli_flags(cli, argc, argv, flags, NULL, 0) ||
	    check_args(&args, name, sizeof(name)) ||
	    cli_leave_message(cli, args.message))
		return CLI_USAGE;

	cli->status = check_options(cli);
	if (cli->status)
		return cli->status;
	keep_options(cli, args.play, texts, options);

	cli->status = cli_start(cli);
	if (!cli->status)
		cli->status = cli_wait_registered(cli);
	if (!cli->status)
		cli->status = run(cli, &args, options);

	return cli_stop(cli);
}
