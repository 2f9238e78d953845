/**
 * @file help.c  `sipdialer help` and `sipdialer help options`
 */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>


void cli_usage(void)
{
	(void)puts(
		"usage: sipdialer [-c FILE] [-o name=value]... [--json] "
		"COMMAND ...\n"
		"\n"
		"  call NUMBER [--play F.wav] [--record F.wav] [--dtmf "
		"DIGITS]\n"
		"       [--ring-timeout S] [--max-duration S] [--caller-id "
		"N] [--caller-name NAME]\n"
		"       [--account NAME] [--transfer NUMBER] [--amd] "
		"[--machine-play F.wav]\n"
		"                                 one call\n"
		"  campaign run --contacts F.csv [--play F.wav] [--cps N] "
		"[--max-calls N]\n"
		"       [--retries N] [--retry-delay S] [--ring-timeout S]\n"
		"       [--max-duration S] [--caller-id N] [--results F.csv]\n"
		"       [--name NAME] [--amd] [--voicemail F.wav] [--record "
		"POLICY]\n"
		"                                 dial a list; again: goes on "
		"after a crash\n"
		"  campaign new NAME | load ID F.csv | start ID | pause ID | "
		"resume ID |\n"
		"       cancel ID | status [ID] | list | results ID F.csv\n"
		"  serve [--play F.wav] [--record DIR] [--max-calls N] "
		"[--accept WHO]\n"
		"       [--trunks LIST] [--max-duration S]\n"
		"                                 takes calls, runs "
		"campaigns, until a signal\n"
		"  amd [--curve] F.wav...         who would be heard in these "
		"recordings\n"
		"  dnc add|remove|check NUMBER    the do-not-call list\n"
		"  store check|migrate [FILE] | backup FILE\n"
		"  demo [--contacts N] [--cps N]  all on loopback, no PBX "
		"needed\n"
		"  help [options]\n"
		"\n"
		"A file of `name = value` lines is read with -c.  Exit "
		"status: 0 done,\n"
		"1 done but failed, 2 wrong usage, 3 could not start.  "
		"Options: sipdialer\n"
		"help options.  More: docs/cli.md.");
}


/* Text of a member of the flat JSON object that describes an option. */
static void member(const char *json, const char *name, char *buf, size_t size)
{
	char key[64];
	const char *p;
	size_t n = 0;
	bool quoted;

	(void)snprintf(key, sizeof(key), "\"%s\":", name);
	p = strstr(json, key);
	buf[0] = '\0';
	if (!p)
		return;

	p += strlen(key);
	quoted = *p == '"';
	if (quoted)
		++p;
	for (; *p && n + 1 < size; p++) {
		if (quoted ? *p == '"' : strchr(",}", *p) != NULL)
			break;
		if (*p == '\\' && p[1])
			++p;
		buf[n++] = *p;
	}
	buf[n] = '\0';
	if (!strcmp(buf, "null"))
		buf[0] = '\0';
}


static void print_option(const char *json)
{
	char name[64], type[16], min[32], max[32], unit[8], standard[128];
	char doc[512];

	member(json, "name", name, sizeof(name));
	member(json, "type", type, sizeof(type));
	member(json, "min", min, sizeof(min));
	member(json, "max", max, sizeof(max));
	member(json, "unit", unit, sizeof(unit));
	member(json, "default", standard, sizeof(standard));
	member(json, "doc", doc, sizeof(doc));

	(void)printf("%s (%s", name, type);
	if (min[0] && max[0] && (!strcmp(type, "int") || !strcmp(type, "num")))
		(void)printf(", %s to %s%s%s", min, max, unit[0] ? " " : "",
			     unit);
	(void)printf(", default \"%s\")\n    %s\n", standard, doc);
}


int cli_help(struct cli *cli, int argc, char **argv)
{
	const char *json;

	if (!argc) {
		cli_usage();
		return CLI_OK;
	}
	if (strcmp(argv[0], "options"))
		return cli_error(
			CLI_USAGE,
			"no help on \"%s\"; try: sipdialer help options",
			argv[0]);

	for (size_t i = 0; (json = sipdialer_option_json(i)); i++) {
		if (cli->json)
			(void)puts(json);
		else
			print_option(json);
	}

	return CLI_OK;
}
