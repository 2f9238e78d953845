/**
 * @file serve.c  `sipdialer serve`: takes calls, and dials campaigns, until a
 *                signal
 */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

enum { DISPOSITIONS = 32 };

struct serve {
	const char *play;   /* "" none */
	const char *record; /* folder, "" none */
	uint64_t since_ms;
	uint64_t in, answered; /* calls that came in, and are over */
	uint64_t by_disposition[DISPOSITIONS];
};


static unsigned long long id(const struct sipdialer_event *ev)
{
	return (unsigned long long)ev->call;
}


static void answer(struct cli *cli, const struct sipdialer_event *ev)
{
	const struct serve *s = cli->data;
	char play[4200], record[4200];
	const char *options[4] = {NULL, NULL, NULL, NULL};
	size_t n = 0;
	int err;

	if (*s->play) {
		(void)snprintf(play, sizeof(play), "call.play=%s", s->play);
		options[n++] = play;
		options[n++] = "call.hangup_after_play=yes";
	}
	if (*s->record) {
		(void)snprintf(record, sizeof(record),
			       "call.record=%s/call-%llu.wav", s->record,
			       id(ev));
		options[n++] = record;
	}

	err = sipdialer_call_answer(cli->d, ev->call, options);
	if (err && err != SIPDIALER_ENOENT && err != SIPDIALER_ESTATE)
		(void)cli_library_error(0, err, sipdialer_last_error());
}


static void count(struct serve *s, const struct sipdialer_event *ev)
{
	if (!ev->direction)
		return;

	s->in++;
	if (ev->disposition == SIPDIALER_DISPOSITION_ANSWERED)
		s->answered++;
	if (ev->disposition >= 0 && ev->disposition < DISPOSITIONS)
		s->by_disposition[ev->disposition]++;
}


static void print_ended(const struct sipdialer_event *ev)
{
	(void)printf("call %llu: %s to %s, %s", id(ev),
		     ev->from && *ev->from ? ev->from : "nobody", ev->to,
		     sipdialer_disposition_name(ev->disposition));
	if (ev->reason && *ev->reason)
		(void)printf(" (%s)", ev->reason);
	if (ev->talk_ms)
		(void)printf(", talked %.1f s", (double)ev->talk_ms / 1000);
	if (ev->dtmf && *ev->dtmf)
		(void)printf(", keys %s", ev->dtmf);
	if (ev->recording)
		(void)printf(", recorded to %s", ev->recording);
	(void)putchar('\n');
}


static void print_registration(const struct sipdialer_event *ev)
{
	const char *name = ev->account ? ev->account : "";
	const char *sep = *name ? ": " : "";

	if (ev->status == SIPDIALER_REGISTRATION_REGISTERED)
		(void)printf("%s%sregistered\n", name, sep);
	else if (ev->status == SIPDIALER_REGISTRATION_FAILED)
		(void)printf("%s%snot registered: %s\n", name, sep,
			     ev->reason ? ev->reason : "");
}


static void print(const struct sipdialer_event *ev)
{
	switch (ev->type) {
	case SIPDIALER_EVENT_STARTED:
		(void)printf("listening at %s\n", ev->text);
		break;
	case SIPDIALER_EVENT_REGISTRATION:
		print_registration(ev);
		break;
	case SIPDIALER_EVENT_CALL_INCOMING:
		(void)printf("call %llu: %s%s%s%s calls %s%s%s\n", id(ev),
			     ev->from, ev->text ? " (" : "",
			     ev->text ? ev->text : "", ev->text ? ")" : "",
			     ev->to, ev->account ? " by " : "",
			     ev->account ? ev->account : "");
		break;
	case SIPDIALER_EVENT_CALL_ANSWERED:
		(void)printf("call %llu: answered (%s)\n", id(ev),
			     ev->codec ? ev->codec : "?");
		break;
	case SIPDIALER_EVENT_CALL_DTMF:
		(void)printf("call %llu: key %s\n", id(ev), ev->text);
		break;
	case SIPDIALER_EVENT_CALL_ENDED:
		print_ended(ev);
		break;
	case SIPDIALER_EVENT_CAMPAIGN_STATUS:
		cli_print_campaign(ev);
		break;
	default:
		break;
	}
}


static void serve_event(struct cli *cli, const struct sipdialer_event *ev)
{
	struct serve *s = cli->data;

	if (ev->type == SIPDIALER_EVENT_CALL_INCOMING)
		answer(cli, ev);
	else if (ev->type == SIPDIALER_EVENT_CALL_ENDED)
		count(s, ev);

	if (cli->json && ev->type != SIPDIALER_EVENT_STOPPED)
		cli_print_json(ev);
	else if (!cli->json)
		print(ev);
}


static void summary(const struct cli *cli, const struct serve *s)
{
	const double seconds = (double)(cli_clock_ms() - s->since_ms) / 1000;

	if (!cli->json) {
		(void)printf("%llu calls came in, %llu answered, in %.0f s\n",
			     (unsigned long long)s->in,
			     (unsigned long long)s->answered, seconds);
		return;
	}

	(void)printf("{\"event\":\"served\",\"calls\":%llu,\"answered\":%llu,"
		     "\"seconds\":%.1f,\"by_disposition\":{",
		     (unsigned long long)s->in,
		     (unsigned long long)s->answered, seconds);
	for (int i = 0, n = 0; i < DISPOSITIONS; i++) {
		if (s->by_disposition[i])
			(void)printf("%s\"%s\":%llu", n++ ? "," : "",
				     sipdialer_disposition_name(i),
				     (unsigned long long)s->by_disposition[i]);
	}
	(void)puts("}}");
}


static int check_record(const char *dir)
{
	struct stat st;

	if (!*dir)
		return CLI_OK;
	if (stat(dir, &st) || !S_ISDIR(st.st_mode))
		return cli_error(CLI_USAGE, "--record \"%s\" is not a folder",
				 dir);
	if (access(dir, W_OK | X_OK))
		return cli_error(CLI_USAGE,
				 "--record \"%s\": no file can be made there",
				 dir);

	return CLI_OK;
}


static bool is_set(struct cli *cli, const char *option)
{
	char value[8];

	(void)sipdialer_get(cli->d, option, value, sizeof(value));

	return value[0] != '\0';
}


/* Who may call, unless the options say; and room for as many as are asked
 * for. */
static int limits(struct cli *cli, const char *max_calls)
{
	const bool trunks = is_set(cli, "incoming.trunks");
	const char *who = !trunks                     ? "server"
			  : is_set(cli, "sip.server") ? "both"
						      : "trunks";
	char accept[16], max[16];
	int err = 0;

	(void)sipdialer_get(cli->d, "incoming.accept", accept, sizeof(accept));
	if (!strcmp(accept, "no"))
		err = sipdialer_set(cli->d, "incoming.accept", who);
	if (!err && max_calls)
		err = sipdialer_set(cli->d, "incoming.max_calls", max_calls);
	(void)sipdialer_get(cli->d, "dial.max_calls", max, sizeof(max));
	if (!err && max_calls && atol(max_calls) > atol(max))
		err = sipdialer_set(cli->d, "dial.max_calls", max_calls);

	return err ? cli_library_error(CLI_USAGE, err, sipdialer_last_error())
		   : CLI_OK;
}


int cli_serve(struct cli *cli, int argc, char **argv)
{
	struct serve s = {.play = "", .record = ""};
	const char *max_calls = NULL;
	const struct cli_flag flags[] = {
		{"--play", NULL, &s.play, NULL},
		{"--record", NULL, &s.record, NULL},
		{"--max-calls", NULL, &max_calls, NULL},
		{"--accept", "incoming.accept", NULL, NULL},
		{"--trunks", "incoming.trunks", NULL, NULL},
		{"--max-duration", "dial.max_duration", NULL, NULL},
		{"--agent", NULL, NULL, "voice agents"},
		{NULL, NULL, NULL, NULL},
	};
	const bool never = false;

	if (cli_flags(cli, argc, argv, flags, NULL, 0))
		return CLI_USAGE;
	if (!strcmp(s.play, "none"))
		s.play = "";
	if ((*s.play && cli_check_prompt(s.play)) || check_record(s.record) ||
	    limits(cli, max_calls))
		return CLI_USAGE;

	cli->event = serve_event;
	cli->data = &s;
	s.since_ms = cli_clock_ms();
	cli->status = cli_start(cli);
	if (!cli->status)
		cli->status = cli_wait_registered(cli);
	if (!cli->status && cli->registered && !cli->json)
		(void)puts("registered");
	if (!cli->status)
		(void)cli_wait(cli, &never);
	if (cli_interrupted())
		cli->status = CLI_OK;
	if (!cli->started)
		return cli->status;

	(void)cli_stop(cli);
	if (!cli->status)
		summary(cli, &s);

	return cli->status;
}
