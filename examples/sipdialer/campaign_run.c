/**
 * @file campaign_run.c  `sipdialer campaign run`: a contact file to its results
 *
 * The same command again after a crash or Ctrl-C goes on where it stopped: an
 * unfinished campaign of the same name in the store is taken up, and contacts
 * that it has already are not taken twice.
 */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct follow {
	uint64_t id;
	struct cli_progress progress;
	bool over;
	bool ended;      /* no new calls: waits for the last ones */
	uint64_t active; /* then: calls still in progress */
	int status;      /* of the campaign, once over */
	uint64_t by[64];
	size_t by_len;
	uint64_t contacts, completed, failed, other;
	uint64_t started_ms;
	char why[256];
};


static void note_counts(struct follow *f, const struct sipdialer_event *ev)
{
	f->by_len = ev->by_disposition_len < 64 ? ev->by_disposition_len : 64;
	memcpy(f->by, ev->by_disposition, f->by_len * sizeof(f->by[0]));
	f->contacts = ev->total;
	f->completed = ev->completed;
	f->failed = ev->failed;
	f->other = ev->other;
}


static void follow_event(struct cli *cli, const struct sipdialer_event *ev)
{
	struct follow *f = cli->data;

	if (ev->campaign != f->id)
		return;

	if (ev->type == SIPDIALER_EVENT_CALL_ENDED && cli->json)
		cli_print_json(ev);
	if (ev->type == SIPDIALER_EVENT_CALL_DIALING)
		++f->active;
	if (ev->type == SIPDIALER_EVENT_CALL_ENDED && f->active)
		--f->active;
	if (ev->type == SIPDIALER_EVENT_CAMPAIGN_PROGRESS) {
		note_counts(f, ev);
		cli_progress(cli, &f->progress, ev);
	}
	if (ev->type == SIPDIALER_EVENT_CAMPAIGN_STATUS) {
		note_counts(f, ev);
		f->status = ev->status;
		f->ended = ev->status != SIPDIALER_CAMPAIGN_RUNNING &&
			   ev->status != SIPDIALER_CAMPAIGN_DRAFT;
		f->active = ev->active;
		if (ev->reason)
			(void)snprintf(f->why, sizeof(f->why), "%s",
				       ev->reason);
	}
	/* paused by somebody: who is on the line stays on the line */
	f->over = f->ended && !f->active;
}


static void json_summary(const struct follow *f, bool results)
{
	(void)printf("{\"event\":\"summary\",\"campaign\":%llu,"
		     "\"status\":\"%s\",\"contacts\":%llu,"
		     "\"completed\":%llu,\"failed\":%llu,\"other\":%llu,"
		     "\"seconds\":%.3f,\"outcomes\":{",
		     (unsigned long long)f->id,
		     sipdialer_campaign_status_name(f->status),
		     (unsigned long long)f->contacts,
		     (unsigned long long)f->completed,
		     (unsigned long long)f->failed,
		     (unsigned long long)f->other,
		     (double)(cli_clock_ms() - f->started_ms) / 1000);
	for (size_t i = 1, n = 0; i < f->by_len; i++)
		if (f->by[i])
			(void)printf("%s\"%s\":%llu", n++ ? "," : "",
				     sipdialer_disposition_name((int)i),
				     (unsigned long long)f->by[i]);
	(void)printf("},\"results\":%s}\n", results ? "true" : "false");
}


static void human_summary(const struct follow *f)
{
	cli_outcomes(f->by, f->by_len);
	(void)printf("campaign %llu %s: %llu contacts, %llu answered, %llu "
		     "given up, %llu other, in %.1f s\n",
		     (unsigned long long)f->id,
		     sipdialer_campaign_status_name(f->status),
		     (unsigned long long)f->contacts,
		     (unsigned long long)f->completed,
		     (unsigned long long)f->failed,
		     (unsigned long long)f->other,
		     (double)(cli_clock_ms() - f->started_ms) / 1000);
}


static int write_results(struct cli *cli, uint64_t id, const char *path)
{
	struct cli_answer a = {0};

	if (cli_answer(cli, &a,
		       sipdialer_campaign_results(cli->d, id, path,
						  &a.request)))
		return cli_library_error(CLI_FAILED, a.error, a.text);
	if (!cli->json)
		(void)printf("%llu results written to %s\n",
			     (unsigned long long)a.count, path);

	return CLI_OK;
}


int cli_campaign_follow(struct cli *cli, uint64_t id, const char *results)
{
	struct follow f = {.id = id,
			   .started_ms = cli_clock_ms(),
			   .status = SIPDIALER_CAMPAIGN_RUNNING};
	struct cli_answer now = {0};
	int status = CLI_OK;

	cli->event = follow_event;
	cli->data = &f;
	/* it may be over before we look */
	(void)cli_answer(cli, &now,
			 sipdialer_campaign_status(cli->d, id, &now.request));
	(void)cli_wait(cli, &f.over);
	cli_progress_clear(cli, &f.progress);
	cli->event = NULL;
	cli->data = NULL;

	if (f.over && results)
		status = write_results(cli, id, results);
	if (cli->json)
		json_summary(&f, f.over && results && !status);
	else
		human_summary(&f);

	if (!f.over)
		return cli_error(
			CLI_FAILED,
			"interrupted; the same command goes on from here");
	if (f.status != SIPDIALER_CAMPAIGN_COMPLETED)
		return cli_error(CLI_FAILED, "campaign %s%s%s",
				 sipdialer_campaign_status_name(f.status),
				 f.why[0] ? ": " : "", f.why);

	return status;
}


/* ---- find or make it --------------------------------------------------------- */

struct search {
	const char *name;
	uint64_t id; /* the last unfinished one of that name */
	int status;
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
		return cli_library_error(CLI_NO_START, made.error, made.text);
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
	struct import im = {.resumed = s->status != SIPDIALER_CAMPAIGN_DRAFT};
	struct cli_answer a = {0}, drop = {0};

	cli->event = import_event;
	cli->data = &im;
	(void)cli_answer(cli, &a,
			 sipdialer_contact_import(cli->d, s->id, path, NULL,
						  &a.request));
	cli->event = NULL;
	cli->data = NULL;

	*refused = im.shown;
	*ended = im.resumed && a.error == SIPDIALER_ESTATE;
	if (*ended)
		return CLI_OK;
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
	const char *contacts, *play, *results, *name;
};


/* The command was given again after the end: nobody is called twice. */
static int run_over(struct cli *cli, const struct search *s,
		    const char *results)
{
	int status = CLI_OK;

	if (results)
		status = write_results(cli, s->over_id, results);
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
	"dial.calls_per_second", "dial.max_calls",    "dial.retries",
	"dial.retry_delay",      "dial.ring_timeout", "sip.caller_id",
	"dial.max_duration",     "call.play",
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


static void default_store(struct cli *cli)
{
	char path[4096];

	(void)sipdialer_get(cli->d, "store.path", path, sizeof(path));
	if (path[0])
		return;

	(void)sipdialer_set(cli->d, "store.path", "sipdialer.db");
	if (!cli->json)
		(void)puts("store: sipdialer.db (option store.path)");
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
	if (args->play && cli_check_file("prompt", args->play))
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
		{"--flow", NULL, NULL, "IVR flows"},
		{"--agent", NULL, NULL, "voice agents"},
		{"--amd", NULL, NULL, "answering machine detection"},
		{"--voicemail", NULL, NULL, "answering machine detection"},
		{"--hours", NULL, NULL, "calling hours"},
		{"--timezone", NULL, NULL, "calling hours"},
		{NULL, NULL, NULL, NULL},
	};
	char name[128], texts[KEPT][4200];
	const char *options[KEPT + 1];

	if (cli_flags(cli, argc, argv, flags, NULL, 0) ||
	    check_args(&args, name, sizeof(name)))
		return CLI_USAGE;

	default_store(cli);
	keep_options(cli, args.play, texts, options);

	cli->status = cli_start(cli);
	if (!cli->status)
		cli->status = cli_wait_registered(cli);
	if (!cli->status)
		cli->status = run(cli, &args, options);

	return cli_stop(cli);
}
