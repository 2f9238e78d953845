/**
 * @file port/thread.c  How threads of the library begin
 */
#include "port/thread.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>

struct start {
	const char *name;
	void *(*h)(void *arg);
	void *arg;
};


/* It takes its name itself: one that has it has left the start-up code of libc,
 * which blocks every signal, behind. */
static void *thread_main(void *arg)
{
	const struct start s = *(struct start *)arg;

	free(arg);
	(void)pthread_setname_np(pthread_self(), s.name);

	return s.h(s.arg);
}


/* Blocked by who creates it: between its start and a mask of its own a handler
 * could already run there. */
int sipd_thread_start(pthread_t *t, const char *name, void *(*h)(void *arg),
		      void *arg)
{
	static const int faults[] = {SIGSEGV, SIGBUS,  SIGFPE,
				     SIGILL,  SIGTRAP, SIGSYS};
	struct start *start;
	sigset_t mask, old;
	size_t i;
	int err;

	start = malloc(sizeof(*start));
	if (!start)
		return ENOMEM;
	*start = (struct start){name, h, arg};

	(void)sigfillset(&mask);
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		(void)sigdelset(&mask, faults[i]);

	err = pthread_sigmask(SIG_BLOCK, &mask, &old);
	if (!err) {
		err = pthread_create(t, NULL, thread_main, start);
		(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	}
	if (err)
		free(start);

	return err;
}
