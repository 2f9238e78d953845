/**
 * @file main.c  The command `sipdialer`: which command, which options
 */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* clang-format off */
static const struct command {
	const char *name;
	cli_command_h *h;
} commands[] = {
	{"call", cli_call},
	{"campaign", cli_campaign},
	{"serve", cli_serve},
	{"amd", cli_amd},
	{"store", cli_store},
	{"dnc", cli_dnc},
	{"demo", cli_demo},
	{"help", cli_help},
};
/* clang-format on */


int cli_error(int status, const char *fmt, ...)
{
	va_list ap;

	(void)fputs("sipdialer: ", stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);

	return status;
}


int cli_library_error(int status, int error, const char *text)
{
	if (!*text)
		return status;

	return cli_error(status, "%s: %s", sipdialer_strerror(error), text);
}


int cli_file_error(int status, int error, const char *path, const char *text)
{
	if (!*text || strstr(text, path))
		return cli_library_error(status, error, text);

	return cli_error(status, "%s: %s: %s", sipdialer_strerror(error), path,
			 text);
}


int cli_check_file(const char *what, const char *path)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	int status = CLI_OK;

	if (fd < 0)
		return cli_error(CLI_USAGE, "%s \"%s\": %s", what, path,
				 strerror(errno));
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		status = cli_error(CLI_USAGE,
				   "%s \"%s\" is not a regular file", what,
				   path);
	(void)close(fd);

	return status;
}


/* A WAV file says so in its first bytes; the library looks at the rest. */
int cli_check_prompt(const char *path)
{
	char head[12] = "";
	FILE *f;
	size_t n;

	if (cli_check_file("prompt", path))
		return CLI_USAGE;

	f = fopen(path, "rbe");
	if (!f)
		return cli_error(CLI_USAGE, "prompt \"%s\": %s", path,
				 strerror(errno));
	n = fread(head, 1, sizeof(head), f);
	(void)fclose(f);
	if (n != sizeof(head) || memcmp(head, "RIFF", 4) ||
	    memcmp(head + 8, "WAVE", 4))
		return cli_error(CLI_USAGE, "prompt \"%s\" is not a WAV file",
				 path);

	return CLI_OK;
}


int cli_check_folder(const char *what, const char *path)
{
	char dir[4096];
	char *slash;

	(void)snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (slash)
		slash[1] = '\0';
	else
		(void)snprintf(dir, sizeof(dir), ".");
	if (access(dir, W_OK | X_OK))
		return cli_error(CLI_USAGE, "%s \"%s\": %s: %s", what, path,
				 dir, strerror(errno));

	return CLI_OK;
}


int cli_store_path(struct cli *cli, const char *arg, bool create, char *path,
		   size_t size)
{
	if (arg)
		(void)snprintf(path, size, "%s", arg);
	else
		(void)sipdialer_get(cli->d, "store.path", path, size);
	if (!path[0]) {
		(void)snprintf(path, size, CLI_STORE);
		(void)sipdialer_set(cli->d, "store.path", path);
	}
	if (create || !access(path, F_OK))
		return CLI_OK;

	return cli_error(CLI_NO_START,
			 "%s: store \"%s\": %s (option "
			 "store.path)",
			 sipdialer_strerror(SIPDIALER_ENOENT), path,
			 strerror(errno));
}


int cli_refused(int error)
{
	return error == SIPDIALER_EINVAL ? CLI_USAGE : CLI_FAILED;
}


bool cli_id(const char *text, uint64_t *id)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || *end || !value || *text < '0' || *text > '9')
		return false;

	*id = value;

	return true;
}


static int set_option(struct cli *cli, const char *name, const char *value)
{
	const int err = sipdialer_set(cli->d, name, value);

	if (err)
		return cli_library_error(CLI_USAGE, err,
					 sipdialer_last_error());

	return CLI_OK;
}


int cli_leave_message(struct cli *cli, const char *path)
{
	if (!path || !*path || !strcmp(path, "none"))
		return CLI_OK;
	if (cli_check_prompt(path) || set_option(cli, "amd.message", path) ||
	    set_option(cli, "amd.machine", "message"))
		return CLI_USAGE;

	return set_option(cli, "amd.enabled", "yes");
}


static const struct cli_flag *flag_find(const struct cli_flag *flags,
					const char *word, size_t len)
{
	for (; flags->name; flags++)
		if (strlen(flags->name) == len &&
		    !strncmp(flags->name, word, len))
			return flags;

	return NULL;
}


/* -o name=value */
static int take_option(struct cli *cli, const char *text)
{
	const char *equals = strchr(text, '=');
	char name[128];

	if (!equals || equals == text ||
	    (size_t)(equals - text) >= sizeof(name))
		return cli_error(CLI_USAGE, "\"%s\" is not name=value", text);

	memcpy(name, text, (size_t)(equals - text));
	name[equals - text] = '\0';

	return set_option(cli, name, equals + 1);
}


static bool takes_value(const struct cli_flag *flag)
{
	return !flag->option || !strchr(flag->option, '=');
}


static int take_switch(struct cli *cli, const struct cli_flag *flag)
{
	if (flag->value)
		*flag->value = flag->option;

	return take_option(cli, flag->option);
}


static int take_flag(struct cli *cli, const struct cli_flag *flag,
		     const char *value)
{
	if (flag->later)
		return cli_error(CLI_USAGE, "%s is not built in yet (%s)",
				 flag->name, flag->later);
	if (flag->option)
		return set_option(cli, flag->option, value);

	*flag->value = value;

	return CLI_OK;
}


int cli_flags(struct cli *cli, int argc, char **argv,
	      const struct cli_flag *flags, const char **words, int max)
{
	int n = 0;

	for (int i = 0; i < argc; i++) {
		const char *equals = strchr(argv[i], '=');
		const size_t len = equals ? (size_t)(equals - argv[i])
					  : strlen(argv[i]);
		const struct cli_flag *flag;

		if (!strcmp(argv[i], "--json")) {
			cli->json = true;
			continue;
		}
		if (!strcmp(argv[i], "-o") || !strcmp(argv[i], "-c"))
			return cli_error(CLI_USAGE,
					 "%s stands before the command: "
					 "sipdialer %s ... COMMAND ...",
					 argv[i], argv[i]);
		if (strncmp(argv[i], "--", 2)) {
			if (n == max)
				return cli_error(CLI_USAGE,
						 "\"%s\": too many arguments",
						 argv[i]);
			words[n++] = argv[i];
			continue;
		}

		flag = flag_find(flags, argv[i], len);
		if (!flag)
			return cli_error(
				CLI_USAGE,
				"no flag \"%.*s\" here (see: sipdialer help)",
				(int)len, argv[i]);
		if (equals && !takes_value(flag))
			return cli_error(CLI_USAGE, "%s takes no value",
					 flag->name);
		if (!equals && i + 1 == argc && takes_value(flag))
			return cli_error(CLI_USAGE, "%s needs a value",
					 flag->name);
		if (takes_value(flag)
			    ? take_flag(cli, flag,
					equals ? equals + 1 : argv[++i])
			    : take_switch(cli, flag))
			return CLI_USAGE;
	}

	for (int i = n; i < max; i++)
		words[i] = NULL;

	return CLI_OK;
}


static int take_config(struct cli *cli, const char *path)
{
	const int err = sipdialer_load(cli->d, path);

	cli->config = path;
	if (err)
		return cli_library_error(CLI_USAGE, err,
					 sipdialer_last_error());

	return CLI_OK;
}


/* Options before the command; -1: go on with argv[*at], else exit status. */
static int leading(struct cli *cli, int argc, char **argv, int *at)
{
	int i = 1;

	for (; i < argc && argv[i][0] == '-'; i++) {
		const char *word = argv[i];
		const bool takes = !strcmp(word, "-c") || !strcmp(word, "-o");

		if (takes && i + 1 == argc)
			return cli_error(CLI_USAGE, "%s needs a value", word);

		if (!strcmp(word, "-c")) {
			if (take_config(cli, argv[++i]))
				return CLI_USAGE;
		}
		else if (!strcmp(word, "-o")) {
			if (take_option(cli, argv[++i]))
				return CLI_USAGE;
		}
		else if (!strcmp(word, "--json")) {
			cli->json = true;
		}
		else if (!strcmp(word, "--version")) {
			(void)printf("sipdialer %s\n", sipdialer_version());
			return CLI_OK;
		}
		else if (!strcmp(word, "--help") || !strcmp(word, "-h")) {
			cli_usage();
			return CLI_OK;
		}
		else {
			return cli_error(
				CLI_USAGE,
				"no option \"%s\" (see: sipdialer help)",
				word);
		}
	}

	*at = i;

	return -1;
}


static int run(struct cli *cli, int argc, char **argv)
{
	int at = 1;
	const int status = leading(cli, argc, argv, &at);

	if (status >= 0)
		return status;
	if (at == argc) {
		cli_usage();
		return CLI_USAGE;
	}

	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(argv[at], commands[i].name))
			return commands[i].h(cli, argc - at - 1,
					     argv + at + 1);

	return cli_error(CLI_USAGE, "no command \"%s\" (see: sipdialer help)",
			 argv[at]);
}


/* Two a call; the usual soft limit of 1,024 is meant for select(). */
static void raise_files(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl))
		return;

	rl.rlim_cur = rl.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &rl);
}


int main(int argc, char **argv)
{
	struct cli cli = {.tty = isatty(STDOUT_FILENO) != 0};
	const int err = sipdialer_create(&cli.d);
	int status;

	if (err)
		return cli_library_error(CLI_NO_START, err,
					 sipdialer_last_error());

	raise_files();
	/* events tell what matters; log lines are for who asks for them */
	(void)sipdialer_set(cli.d, "log.level", "warning");
	status = run(&cli, argc, argv);
	sipdialer_destroy(cli.d);
	if (fflush(stdout))
		return cli_error(CLI_FAILED, "standard output: %s",
				 strerror(errno));

	return status;
}
