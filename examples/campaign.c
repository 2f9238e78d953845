/* campaign.c  Dial the numbers of a CSV file; play a prompt to who answers.
 *
 *   campaign contacts.csv prompt.wav sip.server=192.0.2.10 dial.retries=1
 *
 * Everything is kept in campaign.db: the same command again goes on where the
 * last one stopped, by Ctrl-C or by kill -9.  Nobody is called twice.  At the
 * end results.csv has a row for each contact.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sipdialer/sipdialer.h>

struct app {
	struct sipdialer *d;
	const char *name;
	uint64_t campaign; /* 0: not there yet */
	int status;
	uint64_t request; /* what was asked for, 0: nothing */
};

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
	(void)sig;
	interrupted = 1;
}

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "campaign: %s: %s\n", what, why);
	return 1;
}

static void show(struct app *app, const struct sipdialer_event *ev)
{
	if (ev->type == SIPDIALER_EVENT_CAMPAIGN_STATUS &&
	    !strcmp(ev->text, app->name)) {
		app->campaign = ev->campaign;
		app->status = ev->status;
	}
	if (ev->type == SIPDIALER_EVENT_CAMPAIGN_PROGRESS)
		printf("%" PRIu64 " contacts: %" PRIu64 " answered, %" PRIu64
		       " given up, %" PRIu64 " to call\n",
		       ev->total, ev->completed, ev->failed, ev->pending);
	if (ev->type == SIPDIALER_EVENT_CALL_ENDED)
		printf("%s: %s\n", ev->to,
		       sipdialer_disposition_name(ev->disposition));
	if (ev->type == SIPDIALER_EVENT_IMPORT_ERROR)
		printf("line %" PRIu64 ": %s\n", ev->line, ev->text);
}

/* Show events until what was asked for is answered, or, if nothing was, until
 * the campaign does not run any more.  err: of the verb that asked. */
static int follow(struct app *app, int err, const char *what)
{
	const struct sipdialer_event *ev;

	if (err)
		return fail(what, sipdialer_last_error());

	while (app->request || app->status == SIPDIALER_CAMPAIGN_RUNNING) {
		ev = sipdialer_next_event(app->d, 200);
		if (interrupted && !sipdialer_stop(app->d))
			interrupted = 0;
		if (!ev)
			continue;

		show(app, ev);
		if (ev->type == SIPDIALER_EVENT_STOPPED)
			return fail(what, "interrupted");
		if (ev->type == SIPDIALER_EVENT_DONE && ev->error)
			return fail(what, ev->text);
		if (ev->type == SIPDIALER_EVENT_DONE)
			app->request = 0;
	}

	return 0;
}

static int run(struct app *app, const char *contacts, const char *prompt)
{
	struct sipdialer *d = app->d;
	uint64_t *request = &app->request;
	char play[4200];
	const char *options[] = {play, NULL};
	int err;

	snprintf(play, sizeof(play), "call.play=%s", prompt);
	err = follow(app, sipdialer_campaign_list(d, request), "list");
	if (!err && !app->campaign)
		err = follow(app,
			     sipdialer_campaign_create(d, app->name, options,
						       request),
			     "create");
	if (!err && app->status == SIPDIALER_CAMPAIGN_DRAFT)
		err = follow(app,
			     sipdialer_contact_import(d, app->campaign,
						      contacts, NULL, request),
			     contacts);
	if (!err && (app->status == SIPDIALER_CAMPAIGN_DRAFT ||
		     app->status == SIPDIALER_CAMPAIGN_PAUSED))
		err = follow(app,
			     sipdialer_campaign_start(d, app->campaign,
						      request),
			     "start");
	if (!err)
		err = follow(app, 0, "run");
	if (err)
		return err;

	return follow(app,
		      sipdialer_campaign_results(d, app->campaign,
						 "results.csv", request),
		      "results");
}

int main(int argc, char **argv)
{
	struct app app = {0};
	int err;

	if (argc < 3)
		return fail("usage",
			    "CONTACTS.csv PROMPT.wav [name=value]...");

	if (sipdialer_create(&app.d))
		return fail("create", sipdialer_last_error());
	err = sipdialer_set(app.d, "store.path", "campaign.db");
	for (int i = 3; !err && i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (value)
			*value++ = '\0';
		err = sipdialer_set(app.d, argv[i], value);
	}

	app.name = argv[1];
	(void)signal(SIGINT, on_signal);
	if (err || sipdialer_start(app.d))
		err = fail("start", sipdialer_last_error());
	else
		err = run(&app, argv[1], argv[2]);
	sipdialer_destroy(app.d);

	return err;
}
