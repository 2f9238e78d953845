/* incoming.c  Answer calls, play a WAV file, hang up; until Ctrl-C.
 *
 *   incoming prompt.wav sip.server=192.0.2.10 sip.user=1001 \
 *           sip.password_file=secret
 *   cc incoming.c $(pkg-config --cflags --libs sipdialer)
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sipdialer/sipdialer.h>

static volatile sig_atomic_t interrupted;
static char play[512];
static int stopped;

static void on_signal(int sig)
{
	interrupted = sig;
}

static int fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, sipdialer_last_error());
	return 1;
}

/* All kinds come here: there is no handler for a single one. */
static void on_event(const struct sipdialer_event *ev, void *arg)
{
	const char *options[] = {play, "call.hangup_after_play=yes", NULL};
	struct sipdialer *d = arg;
	char json[4096];

	if (sipdialer_event_json(ev, json, sizeof(json)) > 0)
		puts(json);
	fflush(stdout);

	if (ev->type == SIPDIALER_EVENT_STOPPED)
		stopped = 1;
	/* who has given up meanwhile is no error */
	if (ev->type == SIPDIALER_EVENT_CALL_INCOMING &&
	    sipdialer_call_answer(d, ev->call, options))
		fail("answer");
}

static int set(struct sipdialer *d, char *option)
{
	char *value = strchr(option, '=');

	if (value)
		*value++ = '\0';

	return sipdialer_set(d, option, value);
}

int main(int argc, char **argv)
{
	struct sipdialer *d;
	int err, i;

	if (argc < 3) {
		fprintf(stderr, "usage: incoming PROMPT.wav NAME=VALUE...\n");
		return 2;
	}
	snprintf(play, sizeof(play), "call.play=%s", argv[1]);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);

	if (sipdialer_create(&d))
		return fail("create");
	err = sipdialer_set(d, "incoming.accept", "server");
	for (i = 2; i < argc && !err; i++)
		err = set(d, argv[i]);
	if (!err)
		err = sipdialer_on(d, SIPDIALER_EVENT_NONE, on_event, d);
	if (!err)
		err = sipdialer_start(d);
	if (err) {
		fail("start");
		sipdialer_destroy(d);
		return 3;
	}

	while (!stopped) {
		sipdialer_dispatch(d, 200);
		if (interrupted) {
			interrupted = 0;
			sipdialer_stop(d);
		}
	}
	sipdialer_destroy(d);

	return 0;
}
