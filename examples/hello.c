/* hello.c  Call a number, play a WAV file, say how it came out.
 *
 *   hello sip:1001@192.0.2.10 prompt.wav
 *   cc hello.c $(pkg-config --cflags --libs sipdialer)
 */
#include <stdio.h>
#include <sipdialer/sipdialer.h>

static int fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, sipdialer_last_error());
	return 1;
}

int main(int argc, char **argv)
{
	const struct sipdialer_event *ev;
	struct sipdialer *d;
	uint64_t call;
	char play[512];

	if (argc != 3) {
		fprintf(stderr, "usage: hello NUMBER-OR-URI PROMPT.wav\n");
		return 2;
	}
	snprintf(play, sizeof(play), "call.play=%s", argv[2]);

	if (sipdialer_create(&d) || sipdialer_start(d))
		return fail("start");

	const char *options[] = {play, "call.hangup_after_play=yes", NULL};

	if (sipdialer_call(d, argv[1], options, &call))
		return fail("call");

	while ((ev = sipdialer_next_event(d, -1))) {
		char json[2048];

		if (sipdialer_event_json(ev, json, sizeof(json)) > 0)
			puts(json);
		if (ev->type == SIPDIALER_EVENT_CALL_ENDED)
			sipdialer_stop(d);
		if (ev->type == SIPDIALER_EVENT_STOPPED)
			break;
	}
	sipdialer_destroy(d);

	return 0;
}
