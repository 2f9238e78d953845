/**
 * @file phonenet_child.c  The simulated telephone network as a child process
 */
#include "phonenet_child.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { ARGS = 24 };


static int spawn(struct phonenet *net, char *const argv[], const int in[2],
		 const int out[2])
{
	posix_spawn_file_actions_t fa;
	int err;

	(void)posix_spawn_file_actions_init(&fa);
	(void)posix_spawn_file_actions_adddup2(&fa, in[0], 0);
	(void)posix_spawn_file_actions_adddup2(&fa, out[1], 1);
	for (int i = 0; i < 2; i++) {
		(void)posix_spawn_file_actions_addclose(&fa, in[i]);
		(void)posix_spawn_file_actions_addclose(&fa, out[i]);
	}
	err = posix_spawn(&net->pid, argv[0], &fa, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&fa);

	return err;
}


static int read_ready(struct phonenet *net)
{
	char line[256], *at, *colon;

	if (!fgets(line, sizeof(line), net->out))
		return -1;

	at = strstr(line, "udp:");
	if (!at)
		return -1;
	at += strlen("udp:");
	at[strcspn(at, " \r\n")] = '\0';
	colon = strrchr(at, ':');
	if (!colon || strlen(at) >= sizeof(net->addr))
		return -1;

	(void)strcpy(net->addr, at);
	(void)snprintf(net->host, sizeof(net->host), "%.*s", (int)(colon - at),
		       at);
	(void)snprintf(net->port, sizeof(net->port), "%s", colon + 1);

	return 0;
}


int phonenet_start(struct phonenet *net, const char *const *args)
{
	char *argv[ARGS] = {getenv("PHONENET"), "--parent-dies", "--quiet",
			    "--no-fsync", "--stats-on-exit"};
	int in[2], out[2], n = 5, err;

	memset(net, 0, sizeof(*net));
	while (args && *args && n < ARGS - 1)
		argv[n++] = (char *)*args++;
	if (!argv[0] || pipe(in) || pipe(out)) {
		(void)fprintf(stderr, "phonenet: no pipe, or PHONENET is not "
				      "set\n");
		return -1;
	}

	err = spawn(net, argv, in, out);
	(void)close(in[0]);
	(void)close(out[1]);
	net->in = in[1];
	net->out = fdopen(out[0], "r");
	if (err || read_ready(net)) {
		(void)fprintf(stderr, "phonenet: %s\n",
			      err ? strerror(err) : "not ready");
		return -1;
	}

	return 0;
}


void phonenet_stop(struct phonenet *net, char *stats, size_t size)
{
	size_t n = 0;

	if (!net->pid)
		return;

	(void)kill(net->pid, SIGTERM);
	if (stats && size) {
		n = fread(stats, 1, size - 1, net->out);
		stats[n] = '\0';
	}
	(void)fclose(net->out);
	(void)close(net->in);
	while (waitpid(net->pid, NULL, 0) < 0 && errno == EINTR)
		;
	net->pid = 0;
}


long phonenet_count(const char *stats, const char *name)
{
	char key[64];
	const char *at;

	(void)snprintf(key, sizeof(key), "\"%s\":", name);
	at = strstr(stats, key);

	return at ? strtol(at + strlen(key), NULL, 10) : -1;
}
