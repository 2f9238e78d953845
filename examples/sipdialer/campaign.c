/**
 * @file campaign.c  `sipdialer campaign ...` on campaigns of a store
 */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>


static void list_event(struct cli *cli, const struct sipdialer_event *ev)
{
	if (ev->type != SIPDIALER_EVENT_CAMPAIGN_STATUS)
		return;

	if (cli->json) {
		cli_print_json(ev);
		return;
	}

	cli_print_campaign(ev);
	if (cli->data)
		cli_outcomes(ev->by_disposition, ev->by_disposition_len);
}


/* Answer of a verb on a campaign, started on the store alone. */
static int finish(struct cli *cli, struct cli_answer *a, int verb_result)
{
	if (cli_answer(cli, a, verb_result))
		cli->status = cli_library_error(cli_refused(a->error),
						a->error, a->text);

	return cli_stop(cli);
}


/* The last line of --json: how many there were. */
static void json_count(const struct cli *cli, const char *what, uint64_t count)
{
	if (cli->json && !cli->status)
		(void)printf("{\"event\":\"summary\",\"%s\":%llu}\n", what,
			     (unsigned long long)count);
}


static int list(struct cli *cli)
{
	struct cli_answer a = {0};

	cli->event = list_event;
	if (cli_start_store_only(cli))
		return CLI_NO_START;

	(void)finish(cli, &a, sipdialer_campaign_list(cli->d, &a.request));
	json_count(cli, "campaigns", a.count);

	return cli->status;
}


static int status(struct cli *cli, uint64_t id)
{
	struct cli_answer a = {0};

	cli->event = list_event;
	cli->data = cli; /* with the table of outcomes */
	if (cli_start_store_only(cli))
		return CLI_NO_START;

	(void)finish(cli, &a,
		     sipdialer_campaign_status(cli->d, id, &a.request));
	json_count(cli, "campaigns", a.count);

	return cli->status;
}


static int results(struct cli *cli, uint64_t id, const char *path)
{
	struct cli_answer a = {0};

	if (!path)
		return cli_error(CLI_USAGE, "campaign results ID FILE.csv");
	if (cli_check_folder("results", path))
		return CLI_USAGE;
	if (cli_start_store_only(cli))
		return CLI_NO_START;
	(void)finish(cli, &a,
		     sipdialer_campaign_results(cli->d, id, path, &a.request));
	if (!cli->status && !cli->json)
		(void)printf("%llu contacts written to %s\n",
			     (unsigned long long)a.count, path);
	json_count(cli, "contacts", a.count);

	return cli->status;
}


static int set_state(struct cli *cli, uint64_t id, bool pause)
{
	struct cli_answer a = {0};

	cli->event = list_event;
	if (cli_start_store_only(cli))
		return CLI_NO_START;

	return finish(cli, &a,
		      pause ? sipdialer_campaign_pause(cli->d, id, &a.request)
			    : sipdialer_campaign_cancel(cli->d, id,
							&a.request));
}


/* Another process dials from the store: it takes the campaign up. */
static int start_there(struct cli *cli, uint64_t id)
{
	struct cli_answer a = {0};

	cli->event = list_event;
	if (cli_start_store_only(cli))
		return CLI_NO_START;

	return finish(cli, &a,
		      sipdialer_campaign_start(cli->d, id, &a.request));
}


/* Run it here; if another process dials from the store, let that one. */
static int start(struct cli *cli, uint64_t id)
{
	struct cli_answer a = {0};
	int err;

	cli->quiet_busy = true;
	if (cli_start(cli))
		return cli->start_error == SIPDIALER_EBUSY
			       ? start_there(cli, id)
			       : CLI_NO_START;
	cli->status = cli_wait_registered(cli);
	if (cli->status)
		return cli_stop(cli);

	err = cli_answer(cli, &a,
			 sipdialer_campaign_start(cli->d, id, &a.request));
	/* "running" already: it goes on where a dead process left it */
	if (err && err != SIPDIALER_ESTATE)
		cli->status = cli_library_error(CLI_FAILED, err, a.text);
	else
		cli->status = cli_campaign_follow(cli, id, NULL);

	return cli_stop(cli);
}


static void import_event(struct cli *cli, const struct sipdialer_event *ev)
{
	if (ev->type != SIPDIALER_EVENT_IMPORT_ERROR)
		return;

	if (cli->json)
		cli_print_json(ev);
	else
		(void)cli_error(0, "line %llu: %s",
				(unsigned long long)ev->line, ev->text);
}


static int create(struct cli *cli, const char *name)
{
	struct cli_answer a = {0};

	if (!name)
		return cli_error(CLI_USAGE, "campaign new NAME");
	if (cli_start_store_only(cli))
		return CLI_NO_START;
	(void)finish(cli, &a,
		     sipdialer_campaign_create(cli->d, name, NULL,
					       &a.request));
	if (!cli->status && !cli->json)
		(void)printf("%llu\n", (unsigned long long)a.campaign);
	json_count(cli, "campaign", a.campaign);

	return cli->status;
}


static int load(struct cli *cli, uint64_t id, const char *path)
{
	struct cli_answer a = {0};

	if (!path)
		return cli_error(CLI_USAGE, "campaign load ID FILE.csv");
	if (cli_check_file("contacts", path))
		return CLI_USAGE;

	cli->event = import_event;
	if (cli_start_store_only(cli))
		return CLI_NO_START;
	if (cli_answer(cli, &a,
		       sipdialer_contact_import(cli->d, id, path, NULL,
						&a.request)))
		cli->status = cli_file_error(CLI_FAILED, a.error, path,
					     a.text);
	(void)cli_stop(cli);
	if (!cli->status)
		(void)printf(
			"%llu contacts taken of %llu rows, %llu refused\n",
			(unsigned long long)a.count,
			(unsigned long long)a.total,
			(unsigned long long)a.failed);
	if (!cli->status && a.failed)
		cli->status = CLI_FAILED;

	return cli->status;
}


static int with_id(struct cli *cli, const char *verb, uint64_t id,
		   const char *arg)
{
	if (!strcmp(verb, "status"))
		return status(cli, id);
	if (!strcmp(verb, "results"))
		return results(cli, id, arg);
	if (!strcmp(verb, "load"))
		return load(cli, id, arg);
	if (!strcmp(verb, "start") || !strcmp(verb, "resume"))
		return start(cli, id);
	if (!strcmp(verb, "pause"))
		return set_state(cli, id, true);

	return set_state(cli, id, false); /* cancel */
}


static bool known(const char *verb)
{
	static const char *const verbs[] = {"new",    "load",    "start",
					    "resume", "pause",   "cancel",
					    "status", "results", "list"};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (!strcmp(verbs[i], verb))
			return true;

	return false;
}


int cli_campaign(struct cli *cli, int argc, char **argv)
{
	static const struct cli_flag none[] = {{NULL, NULL, NULL, NULL}};
	const char *words[3];
	char path[4096];
	bool create_it;
	uint64_t id;

	if (argc && !strcmp(argv[0], "run"))
		return cli_campaign_run(cli, argc - 1, argv + 1);
	if (cli_flags(cli, argc, argv, none, words, 3))
		return CLI_USAGE;
	if (!words[0])
		return cli_error(CLI_USAGE,
				 "campaign run, new, load, start, pause, "
				 "resume, cancel, status, list or results?");
	if (!known(words[0]))
		return cli_error(CLI_USAGE,
				 "no command \"campaign %s\" (see: "
				 "sipdialer help)",
				 words[0]);
	create_it = !strcmp(words[0], "new");
	if (cli_store_path(cli, NULL, create_it, path, sizeof(path)))
		return CLI_NO_START;

	if (!strcmp(words[0], "list") ||
	    (!strcmp(words[0], "status") && !words[1]))
		return list(cli);
	if (!strcmp(words[0], "new"))
		return create(cli, words[1]);
	if (!words[1] || !cli_id(words[1], &id))
		return cli_error(
			CLI_USAGE,
			"campaign %s: \"%s\" is not a campaign's number",
			words[0], words[1] ? words[1] : "");

	return with_id(cli, words[0], id, words[2]);
}
