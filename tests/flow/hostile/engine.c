/**
 * @file flow/hostile/engine.c  An engine on two pipes
 *
 * hostile_engine NAME=VALUE...: starts an engine with these options, prints
 * every event as a line of JSON, and does what it reads:
 *
 *   call NUMBER [NAME=VALUE]...   {"reply": id of the call, or an error}
 *   hangup CALL                   {"reply": 0, or an error}
 *   stats                         {"stats": {...}}
 *   stop, or the end of input     stops, destroys, ends
 *
 * A program of its own, so that a sanitizer sees all of it and nothing else.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <sipdialer/sipdialer.h>

enum { LINE = 4096, OPTIONS_MAX = 16 };

struct host {
	struct sipdialer *d;
	char in[LINE];
	size_t len;
	int over; /* sipdialer_stop() was called, 2: it has stopped */
};


static void reply(int64_t value)
{
	printf("{\"reply\": %" PRId64 "}\n", value);
}


static void call(struct host *h, char *words)
{
	const char *options[OPTIONS_MAX + 1] = {NULL};
	char *save = NULL, *to = strtok_r(words, " ", &save);
	uint64_t id = 0;
	int n = 0, err;

	while (n < OPTIONS_MAX && (options[n] = strtok_r(NULL, " ", &save)))
		n++;
	err = sipdialer_call(h->d, to ? to : "", options, &id);
	reply(err ? err : (int64_t)id);
}


static void stats(struct host *h)
{
	char text[8192];

	if (sipdialer_stats(h->d, text, sizeof(text)) >= 0)
		printf("{\"stats\": %s}\n", text);
}


static void stop(struct host *h)
{
	if (!h->over && !sipdialer_stop(h->d))
		h->over = 1;
}


static void command(struct host *h, char *line)
{
	if (!strncmp(line, "call ", 5))
		call(h, line + 5);
	else if (!strncmp(line, "hangup ", 7))
		reply(sipdialer_call_hangup(h->d,
					    strtoull(line + 7, NULL, 10)));
	else if (!strcmp(line, "stats"))
		stats(h);
	else if (!strcmp(line, "stop"))
		stop(h);
}


static void commands(struct host *h)
{
	const ssize_t n = read(STDIN_FILENO, h->in + h->len,
			       sizeof(h->in) - 1 - h->len);
	char *nl;

	if (n <= 0) {
		stop(h);
		return;
	}
	h->len += (size_t)n;
	h->in[h->len] = '\0';
	while ((nl = strchr(h->in, '\n'))) {
		*nl = '\0';
		command(h, h->in);
		h->len -= (size_t)(nl + 1 - h->in);
		memmove(h->in, nl + 1, h->len + 1);
	}
}


static void events(struct host *h)
{
	const struct sipdialer_event *ev;
	char text[LINE];

	while ((ev = sipdialer_next_event(h->d, 0))) {
		if (sipdialer_event_json(ev, text, sizeof(text)) > 0)
			printf("%s\n", text);
		if (ev->type == SIPDIALER_EVENT_STOPPED)
			h->over = 2;
	}
}


static int run(struct host *h)
{
	struct pollfd fds[2] = {{.fd = sipdialer_fd(h->d), .events = POLLIN},
				{.fd = STDIN_FILENO, .events = POLLIN}};

	while (h->over < 2) {
		(void)fflush(stdout);
		if (poll(fds, h->over ? 1 : 2, -1) < 0)
			return 1;
		events(h);
		if (fds[1].revents && !h->over)
			commands(h);
	}
	(void)fflush(stdout);

	return 0;
}


int main(int argc, char **argv)
{
	struct host h = {0};
	struct rlimit rl;
	int i, err, rc;

	if (!getrlimit(RLIMIT_NOFILE, &rl)) {
		rl.rlim_cur = rl.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &rl);
	}
	err = sipdialer_create(&h.d);
	for (i = 1; !err && i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (!value)
			continue;
		*value = '\0';
		err = sipdialer_set(h.d, argv[i], value + 1);
	}
	if (!err)
		err = sipdialer_start(h.d);
	if (err) {
		(void)fprintf(stderr, "%s\n", sipdialer_last_error());
		return 1;
	}
	rc = run(&h);
	sipdialer_destroy(h.d);

	return rc;
}
