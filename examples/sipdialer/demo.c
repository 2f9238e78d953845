/**
 * @file demo.c  `sipdialer demo`: a campaign over a simulated telephone network
 *
 * Starts sipdialer-phonenet on loopback, writes a contact list and a prompt to
 * a temporary folder, runs the campaign, and leaves nothing behind.
 */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { CONTACTS_DEFAULT = 200, CONTACTS_MAX = 100000, RATE = 8000 };

struct demo {
	char dir[64];
	char store[96], contacts[96], prompt[96];
	pid_t phonenet;
	int keep_fd; /* phonenet ends when this closes */
	char server[64];
};


/* ---- the simulated network -------------------------------------------------- */

static bool usable(const char *path)
{
	return access(path, X_OK) == 0;
}


/* In the environment, beside us in a build folder, or installed. */
static bool find_phonenet(char *path, size_t size)
{
	static const char *const places[] = {
		"../../tests/phonenet/sipdialer-phonenet",
		"../libexec/sipdialer/sipdialer-phonenet",
	};
	const char *set = getenv("SIPDIALER_PHONENET");
	char self[1024];
	char *slash;
	ssize_t n;

	if (set) {
		(void)snprintf(path, size, "%s", set);
		return usable(path);
	}

	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n > 0) {
		self[n] = '\0';
		slash = strrchr(self, '/');
		if (slash)
			*slash = '\0';
		for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
			(void)snprintf(path, size, "%s/%s", self, places[i]);
			if (usable(path))
				return true;
		}
	}

	(void)snprintf(path, size, "%s/sipdialer/sipdialer-phonenet",
		       SIPDIALER_LIBEXECDIR);

	return usable(path);
}


/* Its first line: "phonenet ready udp:127.0.0.1:PORT". */
static int read_ready(struct demo *demo, int fd)
{
	static const char start[] = "phonenet ready udp:";
	char line[128];
	size_t n = 0;

	while (n + 1 < sizeof(line) && read(fd, line + n, 1) == 1 &&
	       line[n] != '\n')
		++n;
	line[n] = '\0';

	if (strncmp(line, start, sizeof(start) - 1))
		return cli_error(CLI_NO_START,
				 "the simulated network did not start");
	(void)snprintf(demo->server, sizeof(demo->server), "%.40s",
		       line + sizeof(start) - 1);

	return CLI_OK;
}


static int start_phonenet(struct demo *demo)
{
	char path[1200], *args[] = {
				 path,
				 "--listen",
				 "127.0.0.1:0",
				 "--parent-dies",
				 "--quiet",
				 "--no-fsync",
				 "--mix",
				 "human=48,busy=18,noanswer=12,404=8,603=5,"
				 "480=3,voicemail=6",
				 NULL,
			 };
	posix_spawn_file_actions_t files;
	int in[2], out[2], err;

	if (!find_phonenet(path, sizeof(path)))
		return cli_error(CLI_NO_START, "sipdialer-phonenet not found "
					       "(set SIPDIALER_PHONENET)");
	if (pipe(in) || pipe(out))
		return cli_error(CLI_NO_START, "pipe: %s", strerror(errno));

	(void)fcntl(in[1], F_SETFD, FD_CLOEXEC);
	(void)fcntl(out[0], F_SETFD, FD_CLOEXEC);
	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawn_file_actions_adddup2(&files, in[0], STDIN_FILENO);
	(void)posix_spawn_file_actions_adddup2(&files, out[1], STDOUT_FILENO);
	err = posix_spawn(&demo->phonenet, path, &files, NULL, args, environ);
	(void)posix_spawn_file_actions_destroy(&files);
	(void)close(in[0]);
	(void)close(out[1]);
	demo->keep_fd = in[1];
	if (err)
		return cli_error(CLI_NO_START, "%s: %s", path, strerror(err));

	err = read_ready(demo, out[0]);
	/* out[0] stays open: its summary at the end must not kill it */

	return err;
}


/* ---- files -------------------------------------------------------------------- */

static int write_contacts(const struct demo *demo, unsigned count)
{
	FILE *f = fopen(demo->contacts, "we");

	if (!f)
		return cli_error(CLI_NO_START, "%s: %s", demo->contacts,
				 strerror(errno));

	(void)fputs("number,name\n", f);
	for (unsigned i = 0; i < count; i++)
		(void)fprintf(f, "+1202%07u,Contact %u\n", 5550000 + i, i + 1);
	if (fclose(f))
		return cli_error(CLI_NO_START, "%s: %s", demo->contacts,
				 strerror(errno));

	return CLI_OK;
}


static void put_le(unsigned char *p, uint32_t v, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		p[i] = (unsigned char)(v >> (8 * i));
}


/* Three notes of a chime, 8 kHz 16 bit mono. */
static int write_prompt(const struct demo *demo)
{
	enum { SAMPLES = RATE * 3 / 2, NOTE = SAMPLES / 3 };
	static const double notes[3] = {523.25, 659.26, 783.99};
	unsigned char head[44] = "RIFF....WAVEfmt ";
	FILE *f = fopen(demo->prompt, "we");

	if (!f)
		return cli_error(CLI_NO_START, "%s: %s", demo->prompt,
				 strerror(errno));

	put_le(head + 4, 36 + SAMPLES * 2, 4);
	put_le(head + 16, 16, 4);
	put_le(head + 20, 1, 2);
	put_le(head + 22, 1, 2);
	put_le(head + 24, RATE, 4);
	put_le(head + 28, RATE * 2, 4);
	put_le(head + 32, 2, 2);
	put_le(head + 34, 16, 2);
	memcpy(head + 36, "data", 4);
	put_le(head + 40, SAMPLES * 2, 4);
	(void)fwrite(head, sizeof(head), 1, f);
	for (int i = 0; i < SAMPLES; i++) {
		const double t = (double)i / RATE;
		const double fade = 1.0 - (double)(i % NOTE) / NOTE;
		unsigned char sample[2];

		put_le(sample,
		       (uint32_t)(int)(8000 * fade *
				       sin(2 * 3.14159265358979 *
					   notes[i / NOTE] * t)),
		       2);
		(void)fwrite(sample, 2, 1, f);
	}
	if (fclose(f))
		return cli_error(CLI_NO_START, "%s: %s", demo->prompt,
				 strerror(errno));

	return CLI_OK;
}


static int make_files(struct demo *demo, unsigned contacts)
{
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(demo->dir, sizeof(demo->dir), "%.30s/sipdialer-XXXXXX",
		       tmp && strlen(tmp) <= 30 ? tmp : "/tmp");
	if (!mkdtemp(demo->dir)) {
		demo->dir[0] = '\0';
		return cli_error(CLI_NO_START, "temporary folder: %s",
				 strerror(errno));
	}

	(void)snprintf(demo->store, sizeof(demo->store), "%s/demo.db",
		       demo->dir);
	(void)snprintf(demo->contacts, sizeof(demo->contacts), "%s/demo.csv",
		       demo->dir);
	(void)snprintf(demo->prompt, sizeof(demo->prompt), "%s/demo.wav",
		       demo->dir);

	return write_contacts(demo, contacts) || write_prompt(demo)
		       ? CLI_NO_START
		       : CLI_OK;
}


static void clean_up(const struct demo *demo)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-lock"};
	char path[128];

	if (demo->phonenet) {
		(void)close(demo->keep_fd);
		(void)kill(demo->phonenet, SIGTERM);
		(void)waitpid(demo->phonenet, NULL, 0);
	}
	if (!demo->dir[0])
		return;

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", demo->store,
			       ends[i]);
		(void)unlink(path);
	}
	(void)unlink(demo->contacts);
	(void)unlink(demo->prompt);
	(void)rmdir(demo->dir);
}


/* ---- the command ---------------------------------------------------------------- */

static int dial(struct cli *cli, const struct demo *demo)
{
	const char *colon = strrchr(demo->server, ':');
	char host[64];
	char *args[] = {
		"--contacts",     (char *)demo->contacts,
		"--play",         (char *)demo->prompt,
		"--name",         "demo",
		"--ring-timeout", "6",
		"--retries",      "1",
		"--retry-delay",  "3",
	};

	(void)snprintf(host, sizeof(host), "%.*s",
		       (int)(colon ? colon - demo->server : 0), demo->server);
	(void)sipdialer_set(cli->d, "sip.server", host);
	(void)sipdialer_set(cli->d, "sip.port", colon ? colon + 1 : "5060");
	(void)sipdialer_set(cli->d, "sip.register", "no");
	(void)sipdialer_set(cli->d, "sip.local_address", "127.0.0.1");
	(void)sipdialer_set(cli->d, "store.path", demo->store);

	if (!cli->json)
		(void)printf("simulated telephone network on %s\n",
			     demo->server);

	return cli_campaign_run(cli, (int)(sizeof(args) / sizeof(*args)),
				args);
}


int cli_demo(struct cli *cli, int argc, char **argv)
{
	const char *contacts = NULL;
	const struct cli_flag flags[] = {
		{"--contacts", NULL, &contacts, NULL},
		{"--cps", "dial.calls_per_second", NULL, NULL},
		{"--max-calls", "dial.max_calls", NULL, NULL},
		{NULL, NULL, NULL, NULL},
	};
	struct demo demo = {.keep_fd = -1};
	uint64_t count = CONTACTS_DEFAULT;
	int status;

	(void)sipdialer_set(cli->d, "dial.calls_per_second", "20");
	if (cli_flags(cli, argc, argv, flags, NULL, 0))
		return CLI_USAGE;
	if (contacts && (!cli_id(contacts, &count) || count > CONTACTS_MAX))
		return cli_error(CLI_USAGE,
				 "--contacts %s: not within 1 to %d", contacts,
				 CONTACTS_MAX);

	status = make_files(&demo, (unsigned)count);
	if (!status)
		status = start_phonenet(&demo);
	if (!status)
		status = dial(cli, &demo);
	clean_up(&demo);

	return status;
}
