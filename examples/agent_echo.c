/* agent_echo.c  An agent that repeats what it hears, 200 ms later.
 *
 *   agent_echo sip:1001@192.0.2.10
 *   cc agent_echo.c $(pkg-config --cflags --libs sipdialer)
 *
 * Audio comes and goes by sipdialer_audio_read() and _write() on this very
 * thread: an agent of your own puts its ears and its voice in their place.
 */
#include <stdio.h>
#include <sipdialer/sipdialer.h>

enum {
	RATE = 8000, /* samples a second, as call.audio says */
	DELAY = RATE / 5
};

struct agent {
	struct sipdialer *d;
	uint64_t call;
	int answered;
	unsigned long long heard; /* samples */
	unsigned long long lost;
};


static int fail(const char *what)
{
	(void)fprintf(stderr, "%s: %s\n", what, sipdialer_last_error());
	return 1;
}


/* Silence first: all that follows is as much later. */
static void answered(struct agent *a)
{
	static const int16_t silence[DELAY];

	a->answered = 1;
	(void)sipdialer_audio_write(a->d, a->call, silence, DELAY);
	printf("answered\n");
}


/* Until nothing waits: there is only one event for all that has come. */
static void audio(struct agent *a)
{
	int16_t samples[RATE / 10];
	int n;

	while ((n = sipdialer_audio_read(a->d, a->call, samples, RATE / 10)) >
	       0) {
		a->heard += (unsigned)n;
		if (a->answered)
			(void)sipdialer_audio_write(a->d, a->call, samples,
						    (size_t)n);
	}
}


static void ended(struct agent *a, const struct sipdialer_event *ev)
{
	audio(a); /* what came before the end */
	printf("%s: heard %.1f s, %llu samples lost\n",
	       sipdialer_disposition_name(ev->disposition),
	       (double)a->heard / RATE, a->lost);
	(void)sipdialer_stop(a->d);
}


static void handle(struct agent *a, const struct sipdialer_event *ev)
{
	switch (ev->type) {
	case SIPDIALER_EVENT_CALL_ANSWERED:
		answered(a);
		break;
	case SIPDIALER_EVENT_CALL_AUDIO:
		a->lost = ev->failed;
		audio(a);
		break;
	case SIPDIALER_EVENT_CALL_ENDED:
		ended(a, ev);
		break;
	default:
		break;
	}
}


int main(int argc, char **argv)
{
	static const char *const options[] = {"call.audio=8000", NULL};
	const struct sipdialer_event *ev;
	struct agent a = {0};

	if (argc != 2) {
		(void)fprintf(stderr, "usage: agent_echo NUMBER-OR-URI\n");
		return 2;
	}

	if (sipdialer_create(&a.d) || sipdialer_start(a.d))
		return fail("start");
	if (sipdialer_call(a.d, argv[1], options, &a.call))
		return fail("call");

	while ((ev = sipdialer_next_event(a.d, -1))) {
		handle(&a, ev);
		if (ev->type == SIPDIALER_EVENT_STOPPED)
			break;
	}
	sipdialer_destroy(a.d);

	return a.answered ? 0 : 1;
}
