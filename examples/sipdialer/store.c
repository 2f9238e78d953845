/**
 * @file store.c  `sipdialer store ...` and `sipdialer dnc ...`
 */
#include "cli.h"

#include <stdio.h>
#include <string.h>

static const struct cli_flag no_flags[] = {{NULL, NULL, NULL, NULL}};


static int check(struct cli *cli, const char *arg, bool migrate)
{
	char path[4096], found[512] = "";
	int err;

	if (cli_store_path(cli, arg, false, path, sizeof(path)))
		return CLI_NO_START;

	err = sipdialer_store_check(path, migrate, found, sizeof(found));
	if (err)
		return cli_library_error(err == SIPDIALER_ENOENT ||
							 err == SIPDIALER_EBUSY
						 ? CLI_NO_START
						 : CLI_FAILED,
					 err, sipdialer_last_error());
	if (cli->json) {
		(void)printf("{\"event\":\"store_check\",\"path\":");
		cli_json_text(path);
		(void)printf(",\"found\":");
		cli_json_text(found);
		(void)puts("}");
	}
	else {
		(void)printf("%s: %s\n", path, found);
	}

	return CLI_OK;
}


/* Start on the store alone, ask, stop. */
static int ask(struct cli *cli,
	       int (*verb)(struct cli *cli, const char *arg,
			   struct cli_answer *answer),
	       const char *arg, struct cli_answer *answer)
{
	cli->status = cli_start_store_only(cli);
	if (!cli->status && cli_answer(cli, answer, verb(cli, arg, answer)))
		cli->status = cli_library_error(cli_refused(answer->error),
						answer->error, answer->text);

	return cli_stop(cli);
}


static int backup_verb(struct cli *cli, const char *arg, struct cli_answer *a)
{
	return sipdialer_store_backup(cli->d, arg, &a->request);
}


static int backup(struct cli *cli, const char *to)
{
	struct cli_answer answer = {0};
	char path[4096];

	if (!to)
		return cli_error(CLI_USAGE, "store backup: to which file?");
	if (cli_store_path(cli, NULL, false, path, sizeof(path)))
		return CLI_NO_START;
	if (ask(cli, backup_verb, to, &answer))
		return cli->status;
	if (cli->json) {
		(void)printf("{\"event\":\"store_backup\",\"path\":");
		cli_json_text(to);
		(void)puts("}");
	}
	else {
		(void)printf("%s copied to %s\n", path, to);
	}

	return CLI_OK;
}


int cli_store(struct cli *cli, int argc, char **argv)
{
	const char *words[2];

	if (cli_flags(cli, argc, argv, no_flags, words, 2))
		return CLI_USAGE;
	if (words[0] && !strcmp(words[0], "check"))
		return check(cli, words[1], false);
	if (words[0] && !strcmp(words[0], "migrate"))
		return check(cli, words[1], true);
	if (words[0] && !strcmp(words[0], "backup"))
		return backup(cli, words[1]);

	return cli_error(CLI_USAGE, "store: check, migrate or backup?");
}


static int add_verb(struct cli *cli, const char *arg, struct cli_answer *a)
{
	return sipdialer_dnc_add(cli->d, arg, "command", &a->request);
}


static int remove_verb(struct cli *cli, const char *arg, struct cli_answer *a)
{
	return sipdialer_dnc_remove(cli->d, arg, &a->request);
}


static int check_verb(struct cli *cli, const char *arg, struct cli_answer *a)
{
	return sipdialer_dnc_check(cli->d, arg, &a->request);
}


int cli_dnc(struct cli *cli, int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*verb)(struct cli *cli, const char *arg,
			    struct cli_answer *a);
		const char *said[2]; /* by count */
	} verbs[] = {
		{"add", add_verb, {"was listed already", "added"}},
		{"remove", remove_verb, {"was not listed", "removed"}},
		{"check", check_verb, {"is not listed", "is listed"}},
	};
	struct cli_answer answer = {0};
	const char *words[2];
	char path[4096];

	if (cli_flags(cli, argc, argv, no_flags, words, 2))
		return CLI_USAGE;
	if (!words[1])
		return cli_error(CLI_USAGE, "dnc add|remove|check NUMBER");
	if (cli_store_path(cli, NULL, !strcmp(words[0], "add"), path,
			   sizeof(path)))
		return CLI_NO_START;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		if (strcmp(words[0], verbs[i].name))
			continue;
		if (ask(cli, verbs[i].verb, words[1], &answer))
			return cli->status;
		if (cli->json) {
			(void)printf("{\"event\":\"dnc_%s\",\"number\":",
				     verbs[i].name);
			cli_json_text(words[1]);
			(void)printf(",\"count\":%llu}\n",
				     (unsigned long long)answer.count);
		}
		else {
			(void)printf("%s %s\n", words[1],
				     verbs[i].said[answer.count != 0]);
		}
		return CLI_OK;
	}

	return cli_error(CLI_USAGE, "dnc add|remove|check NUMBER");
}
