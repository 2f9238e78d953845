/**
 * @file run.c  Engine, signals and the event loop of the command
 */
#include "cli.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* How the library's lines on a registration begin. */
#define REGISTRATION "sip: registration failed"

enum { REGISTER_MS = 15000 };

/* Signals reach the loop through a pipe; a process has one set of them. */
static int signal_pipe[2] = {-1, -1};
static volatile sig_atomic_t interrupts;


static void signal_handler(int sig)
{
	const int saved = errno;
	(void)sig;

	/* the second one ends us at once: the store is made for that */
	if (++interrupts > 1)
		_exit(CLI_FAILED);
	if (write(signal_pipe[1], "!", 1) < 0)
		errno = saved;
	errno = saved;
}


static int catch_signals(void)
{
	struct sigaction sa;

	if (signal_pipe[0] >= 0)
		return CLI_OK;
	if (pipe(signal_pipe))
		return cli_error(CLI_NO_START, "pipe: %s", strerror(errno));

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = signal_handler;
	(void)sigaction(SIGINT, &sa, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &sa, NULL);

	return CLI_OK;
}


uint64_t cli_clock_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);

	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}


static void log_line(const struct sipdialer_event *ev)
{
	static const char *const levels[] = {"error", "warning", "info",
					     "debug"};
	const int level = ev->level >= 0 && ev->level < 4 ? ev->level : 0;

	(void)fprintf(stderr, "sipdialer: %s: %s\n", levels[level], ev->text);
}


static void store_event(struct cli *cli, const struct sipdialer_event *ev)
{
	if (ev->error && !cli->store_failed)
		(void)cli_library_error(0, ev->error, ev->text);
	else if (!ev->error && cli->store_failed)
		(void)cli_error(0, "the store works again");
	cli->store_failed = ev->error != 0;
	if (cli->store_failed && cli->store_needed)
		(void)sipdialer_stop(cli->d);
}


static const char *our_account(struct cli *cli, char *buf, size_t size)
{
	(void)sipdialer_get(cli->d, "call.account", buf, size);

	return buf;
}


bool cli_our_account(struct cli *cli, const struct sipdialer_event *ev)
{
	char name[64];

	return !strcmp(our_account(cli, name, sizeof(name)),
		       ev->account ? ev->account : "");
}


static void handle(struct cli *cli, const struct sipdialer_event *ev)
{
	switch (ev->type) {
	case SIPDIALER_EVENT_LOG:
		/* the end of the wait for it says the same in one line */
		if (!cli->registering ||
		    strncmp(ev->text, REGISTRATION, sizeof(REGISTRATION) - 1))
			log_line(ev);
		return;
	case SIPDIALER_EVENT_LOST:
		(void)cli_error(0, "%llu events lost",
				(unsigned long long)ev->count);
		return;
	case SIPDIALER_EVENT_STOPPED:
		cli->stopped = true;
		break;
	case SIPDIALER_EVENT_REGISTRATION:
		if (cli_our_account(cli, ev))
			cli->registered = ev->status ==
					  SIPDIALER_REGISTRATION_REGISTERED;
		break;
	case SIPDIALER_EVENT_STORE:
		store_event(cli, ev);
		break;
	default:
		break;
	}

	if (cli->event)
		cli->event(cli, ev);
}


/* All events that wait. */
static void drain(struct cli *cli)
{
	const struct sipdialer_event *ev;

	while ((ev = sipdialer_next_event(cli->d, 0)))
		handle(cli, ev);
	(void)fflush(stdout);
}


static void interrupted(struct cli *cli)
{
	char byte;

	while (read(signal_pipe[0], &byte, 1) < 0 && errno == EINTR)
		;
	if (cli->interrupt)
		cli->interrupt(cli);
	else
		(void)sipdialer_stop(cli->d);
}


/* One round; false: nothing happened in timeout_ms (-1: for ever). */
static bool turn(struct cli *cli, int timeout_ms)
{
	struct pollfd fds[2] = {
		{.fd = sipdialer_fd(cli->d), .events = POLLIN},
		{.fd = signal_pipe[0], .events = POLLIN},
	};
	const int n = poll(fds, 2, timeout_ms);

	if (n < 0 && errno != EINTR)
		return false;
	if (n > 0 && fds[1].revents)
		interrupted(cli);
	drain(cli);

	return n != 0;
}


int cli_start(struct cli *cli)
{
	int err;

	if (catch_signals())
		return CLI_NO_START;

	err = sipdialer_start(cli->d);
	cli->start_error = err;
	if (err == SIPDIALER_EBUSY && cli->quiet_busy)
		return CLI_NO_START;
	if (err)
		return cli_library_error(err == SIPDIALER_EINVAL
						 ? CLI_USAGE
						 : CLI_NO_START,
					 err, sipdialer_last_error());
	cli->started = true;
	cli->stopped = false;

	return CLI_OK;
}


bool cli_interrupted(void)
{
	return interrupts > 0;
}


int cli_start_store_only(struct cli *cli)
{
	(void)sipdialer_set(cli->d, "sip.register", "no");
	(void)sipdialer_set(cli->d, "sip.local_port", "0");
	(void)sipdialer_set(cli->d, "dial.campaigns", "no");

	return cli_start(cli);
}


struct reg_wait {
	void (*event)(struct cli *cli, const struct sipdialer_event *ev);
	void *data;
	int sip_status;
	bool failed;
	char reason[256];
};


static void reg_event(struct cli *cli, const struct sipdialer_event *ev)
{
	struct reg_wait *w = cli->data;

	if (ev->type != SIPDIALER_EVENT_REGISTRATION ||
	    !cli_our_account(cli, ev)) {
		if (!w->event)
			return;
		cli->event = w->event;
		cli->data = w->data;
		w->event(cli, ev);
		cli->event = reg_event;
		cli->data = w;
		return;
	}

	if (cli->json)
		cli_print_json(ev);
	w->failed = ev->status == SIPDIALER_REGISTRATION_FAILED;
	w->sip_status = ev->sip_status;
	if (ev->reason)
		(void)snprintf(w->reason, sizeof(w->reason), "%s", ev->reason);
}


static bool account_registers(struct cli *cli, const char *name)
{
	static char stats[65536];
	char key[96];

	(void)snprintf(key, sizeof(key), "{\"name\":\"%s\",\"registers\":true",
		       name);

	return sipdialer_stats(cli->d, stats, sizeof(stats)) >= 0 &&
	       strstr(stats, key);
}


static bool wants_registration(struct cli *cli)
{
	char mode[8], server[256], user[128], name[64];

	if (*our_account(cli, name, sizeof(name)))
		return account_registers(cli, name);

	(void)sipdialer_get(cli->d, "sip.register", mode, sizeof(mode));
	(void)sipdialer_get(cli->d, "sip.server", server, sizeof(server));
	(void)sipdialer_get(cli->d, "sip.user", user, sizeof(user));

	if (!strcmp(mode, "auto"))
		return server[0] && user[0];

	return !strcmp(mode, "yes");
}


int cli_wait_registered(struct cli *cli)
{
	struct reg_wait w = {.event = cli->event, .data = cli->data};
	const uint64_t end = cli_clock_ms() + REGISTER_MS;

	if (!wants_registration(cli))
		return CLI_OK;

	cli->event = reg_event;
	cli->data = &w;
	cli->registering = true;
	while (!cli->registered && !w.failed && !cli->stopped && !interrupts &&
	       cli_clock_ms() < end)
		(void)turn(cli, (int)(end - cli_clock_ms()) + 1);
	cli->event = w.event;
	cli->data = w.data;
	cli->registering = false;

	if (cli->registered)
		return CLI_OK;
	if (interrupts)
		return CLI_FAILED;

	if (w.failed && w.reason[0])
		return cli_error(CLI_NO_START, "%s: not registered: %s",
				 sipdialer_strerror(
					 w.sip_status == 401 ||
							 w.sip_status == 403 ||
							 w.sip_status == 407
						 ? SIPDIALER_EAUTH
						 : SIPDIALER_ENET),
				 w.reason);

	if (!*our_account(cli, w.reason, sizeof(w.reason)))
		(void)sipdialer_get(cli->d, "sip.server", w.reason,
				    sizeof(w.reason));

	return cli_error(CLI_NO_START,
			 "%s: not registered: no answer from %s within %d s",
			 sipdialer_strerror(SIPDIALER_ENET), w.reason,
			 REGISTER_MS / 1000);
}


bool cli_wait(struct cli *cli, const bool *until)
{
	drain(cli);
	while (!*until && !cli->stopped)
		(void)turn(cli, -1);

	return *until;
}


int cli_stop(struct cli *cli)
{
	if (!cli->started)
		return cli->status;

	(void)sipdialer_stop(cli->d);
	while (!cli->stopped)
		(void)turn(cli, -1);
	cli->started = false;

	return cli->status;
}


void cli_answer_event(struct cli_answer *a, const struct sipdialer_event *ev)
{
	if (ev->type != SIPDIALER_EVENT_DONE || ev->request != a->request)
		return;

	a->done = true;
	a->error = ev->error;
	a->campaign = ev->campaign;
	a->contact = ev->contact;
	a->count = ev->count;
	a->total = ev->total;
	a->failed = ev->failed;
	(void)snprintf(a->text, sizeof(a->text), "%s",
		       ev->text ? ev->text : "");
}


struct answer_wait {
	void (*event)(struct cli *cli, const struct sipdialer_event *ev);
	void *data;
	struct cli_answer *answer;
};


static void answer_event(struct cli *cli, const struct sipdialer_event *ev)
{
	struct answer_wait *w = cli->data;

	cli_answer_event(w->answer, ev);
	if (!w->event)
		return;

	cli->event = w->event;
	cli->data = w->data;
	w->event(cli, ev);
	cli->event = answer_event;
	cli->data = w;
}


int cli_answer(struct cli *cli, struct cli_answer *answer, int verb_result)
{
	struct answer_wait w = {cli->event, cli->data, answer};

	if (verb_result) {
		answer->error = verb_result;
		(void)snprintf(answer->text, sizeof(answer->text), "%s",
			       sipdialer_last_error());
		return verb_result;
	}

	cli->event = answer_event;
	cli->data = &w;
	cli->store_needed = true;
	if (!cli_wait(cli, &answer->done)) {
		answer->error = SIPDIALER_ECANCELLED;
		(void)snprintf(answer->text, sizeof(answer->text),
			       "interrupted");
	}
	cli->store_needed = false;
	if (answer->error == SIPDIALER_ECANCELLED && cli->store_failed)
		answer->text[0] = '\0'; /* why was told already */
	cli->event = w.event;
	cli->data = w.data;

	return answer->error;
}
