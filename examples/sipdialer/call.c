/**
 * @file call.c  `sipdialer call NUMBER`: one call
 */
#include "cli.h"

#include <stdio.h>
#include <string.h>

struct one_call {
	uint64_t id;
	const char *transfer; /* NULL no transfer */
	int transfer_after;   /* this event */
	bool listens;         /* ... and the final verdict */
	bool decided, played;
	bool stayed; /* the transfer has failed */
	bool over;
	int disposition;
};


/* A prompt that begins with a provisional verdict may be over before the final
 * one, or be stopped by it; a transfer cannot be undone. */
static bool transfer_now(struct one_call *c, const struct sipdialer_event *ev)
{
	if (ev->type == c->transfer_after &&
	    ev->error != SIPDIALER_ECANCELLED) {
		c->played = true;
		return c->decided || !c->listens;
	}
	if (ev->type != SIPDIALER_EVENT_CALL_AMD || c->decided ||
	    strcmp(ev->text, "final") != 0)
		return false;

	c->decided = true;

	return c->played && ev->reason && strcmp(ev->reason, "ended") != 0 &&
	       (ev->status == SIPDIALER_AMD_HUMAN ||
		ev->status == SIPDIALER_AMD_UNKNOWN);
}


static void transfer(struct cli *cli, struct one_call *c,
		     const struct sipdialer_event *ev)
{
	int err = 0;

	if (transfer_now(c, ev))
		err = sipdialer_call_transfer(cli->d, c->id, c->transfer);
	if (err && err != SIPDIALER_ENOENT)
		(void)cli_library_error(0, err, sipdialer_last_error());

	if (err || (ev->type == SIPDIALER_EVENT_CALL_TRANSFER &&
		    ev->status == CLI_TRANSFER_FAILED)) {
		c->stayed = true;
		(void)sipdialer_call_hangup(cli->d, c->id);
	}
}


static void call_event(struct cli *cli, const struct sipdialer_event *ev)
{
	struct one_call *c = cli->data;

	if (ev->call != c->id || !c->id)
		return;

	if (cli->json)
		cli_print_json(ev);
	else
		cli_print_call(ev);

	if (c->transfer)
		transfer(cli, c, ev);
	if (ev->type == SIPDIALER_EVENT_CALL_ENDED) {
		c->over = true;
		c->disposition = ev->disposition;
	}
}


/* Ctrl-C: hang up; the end of the call ends us. */
static void call_interrupt(struct cli *cli)
{
	const struct one_call *c = cli->data;

	if (sipdialer_call_hangup(cli->d, c->id))
		(void)sipdialer_stop(cli->d);
}


static bool was_answered(int disposition)
{
	return disposition == SIPDIALER_DISPOSITION_ANSWERED ||
	       disposition == SIPDIALER_DISPOSITION_ANSWERED_HUMAN ||
	       disposition == SIPDIALER_DISPOSITION_ANSWERED_MACHINE ||
	       disposition == SIPDIALER_DISPOSITION_FAX;
}


static int dial(struct cli *cli, struct one_call *c, const char *to,
		const char *const *options)
{
	int err;

	err = sipdialer_call(cli->d, to, options, &c->id);
	if (err)
		/* no such account: as bad as a bad number */
		return cli_library_error(
			err == SIPDIALER_EINVAL || err == SIPDIALER_ENOENT
				? CLI_USAGE
				: CLI_NO_START,
			err, sipdialer_last_error());

	cli->interrupt = call_interrupt;
	if (!cli_wait(cli, &c->over))
		return CLI_FAILED;

	return was_answered(c->disposition) && !c->stayed ? CLI_OK
							  : CLI_FAILED;
}


static bool listens(struct cli *cli)
{
	char value[8];

	(void)sipdialer_get(cli->d, "amd.enabled", value, sizeof(value));

	return !strcmp(value, "yes");
}


/* Without a prompt who answers is transferred, but for machines and fax. */
static int transfer_listened(struct cli *cli, struct one_call *c)
{
	static const char *const who[] = {"amd.human", "amd.unknown"};
	char value[16];
	int err;

	if (!c->transfer || !c->listens)
		return CLI_OK;

	c->transfer_after = SIPDIALER_EVENT_NONE;
	err = sipdialer_set(cli->d, "amd.transfer", c->transfer);
	for (size_t i = 0; i < sizeof(who) / sizeof(who[0]) && !err; i++) {
		(void)sipdialer_get(cli->d, who[i], value, sizeof(value));
		if (!strcmp(value, "play"))
			err = sipdialer_set(cli->d, who[i], "transfer");
	}

	return err ? cli_library_error(CLI_USAGE, err, sipdialer_last_error())
		   : CLI_OK;
}


static int check_record(struct cli *cli)
{
	char path[4096], policy[16];

	(void)sipdialer_get(cli->d, "call.record", path, sizeof(path));
	if (!path[0])
		return CLI_OK;

	(void)sipdialer_get(cli->d, "record.policy", policy, sizeof(policy));
	if (!strcmp(policy, "never"))
		return cli_error(CLI_USAGE,
				 "call.record \"%s\": record.policy is never",
				 path);

	return cli_check_folder("call.record", path);
}


static bool no_audio(const char *path)
{
	return !path || !*path || !strcmp(path, "none");
}


int cli_call(struct cli *cli, int argc, char **argv)
{
	const char *play = NULL, *message = NULL, *to = NULL;
	struct one_call c = {.transfer_after = SIPDIALER_EVENT_CALL_ANSWERED};
	const struct cli_flag flags[] = {
		{"--play", NULL, &play, NULL},
		{"--record", "call.record", NULL, NULL},
		{"--dtmf", "call.dtmf", NULL, NULL},
		{"--ring-timeout", "dial.ring_timeout", NULL, NULL},
		{"--max-duration", "dial.max_duration", NULL, NULL},
		{"--caller-id", "sip.caller_id", NULL, NULL},
		{"--caller-name", "sip.caller_name", NULL, NULL},
		{"--account", "call.account", NULL, NULL},
		{"--amd", "amd.enabled=yes", NULL, NULL},
		{"--machine-play", NULL, &message, NULL},
		{"--flow", NULL, NULL, "IVR flows"},
		{"--agent", NULL, NULL, "voice agents"},
		{"--transfer", NULL, &c.transfer, NULL},
		{NULL, NULL, NULL, NULL},
	};
	char option[4200];
	const char *options[3] = {NULL, NULL, NULL};

	if (cli_flags(cli, argc, argv, flags, &to, 1))
		return CLI_USAGE;
	if (!to)
		return cli_error(CLI_USAGE, "call: which number?");
	if (cli_leave_message(cli, message) || check_record(cli))
		return CLI_USAGE;
	c.listens = listens(cli);
	if (!no_audio(play)) {
		if (cli_check_prompt(play))
			return CLI_USAGE;
		(void)snprintf(option, sizeof(option), "call.play=%s", play);
		options[0] = option;
		if (!c.transfer)
			options[1] = "call.hangup_after_play=yes";
		c.transfer_after = SIPDIALER_EVENT_CALL_PLAYED;
	}
	else if (transfer_listened(cli, &c)) {
		return CLI_USAGE;
	}

	cli->event = call_event;
	cli->data = &c;
	cli->status = cli_start(cli);
	if (!cli->status)
		cli->status = cli_wait_registered(cli);
	if (!cli->status)
		cli->status = dial(cli, &c, to, options);

	return cli_stop(cli);
}
