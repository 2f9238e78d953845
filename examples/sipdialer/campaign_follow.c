/**
 * @file campaign_follow.c  A campaign on the screen, to its end
 */
#include "cli.h"

#include <stdio.h>
#include <string.h>

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


int cli_campaign_results(struct cli *cli, uint64_t id, const char *path)
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


/* No server, no route, no media: nobody was reached at all. */
static bool only_failures(const struct follow *f)
{
	uint64_t total = 0;

	for (size_t i = 1; i < f->by_len; i++)
		total += f->by[i];

	return total && f->by_len > SIPDIALER_DISPOSITION_FAILED &&
	       f->by[SIPDIALER_DISPOSITION_FAILED] == total;
}


/* What the store says when all is over: the last event may have come before
 * the last call ended. */
static void final_counts(struct cli *cli, struct follow *f)
{
	struct cli_answer a = {0};

	(void)cli_answer(cli, &a,
			 sipdialer_campaign_status(cli->d, f->id, &a.request));
}


/* Ctrl-C: the engine has stopped; look at the store once more. */
static bool look_again(struct cli *cli)
{
	char path[4096];

	(void)sipdialer_get(cli->d, "store.path", path, sizeof(path));
	cli->interrupt = NULL;

	return path[0] && !cli_start_store_only(cli);
}


int cli_campaign_follow(struct cli *cli, uint64_t id, const char *results)
{
	struct follow f = {.id = id,
			   .started_ms = cli_clock_ms(),
			   .status = SIPDIALER_CAMPAIGN_RUNNING};
	int status = CLI_OK;
	bool cut;

	cli->event = follow_event;
	cli->data = &f;
	/* it may be over before we look */
	final_counts(cli, &f);
	(void)cli_wait(cli, &f.over);
	cli_progress_clear(cli, &f.progress);

	cut = !f.over;
	if (!cut || look_again(cli)) {
		final_counts(cli, &f);
		cli->event = NULL;
		if (results)
			status = cli_campaign_results(cli, id, results);
	}
	cli->event = NULL;
	cli->data = NULL;

	if (cli->json)
		json_summary(&f, results && !status);
	else
		human_summary(&f);

	if (cut)
		return cli_error(
			CLI_FAILED,
			"interrupted; the same command goes on from here");
	if (f.status != SIPDIALER_CAMPAIGN_COMPLETED)
		return cli_error(CLI_FAILED, "campaign %s%s%s",
				 sipdialer_campaign_status_name(f.status),
				 f.why[0] ? ": " : "", f.why);
	if (!status && only_failures(&f))
		return cli_error(CLI_FAILED, "every call failed: see "
					     "last_reason in the results");

	return status;
}
