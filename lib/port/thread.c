/**
 * @file port/thread.c  How threads of the library begin
 */
#include "port/thread.h"

#include <signal.h>
#include <stddef.h>


/* Blocked by who creates it: between its start and a mask of its own a handler
 * could already run there. */
int sipd_thread_start(pthread_t *t, const char *name, void *(*h)(void *arg),
		      void *arg)
{
	static const int faults[] = {SIGSEGV, SIGBUS,  SIGFPE,
				     SIGILL,  SIGTRAP, SIGSYS};
	sigset_t mask, old;
	size_t i;
	int err;

	(void)sigfillset(&mask);
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		(void)sigdelset(&mask, faults[i]);

	err = pthread_sigmask(SIG_BLOCK, &mask, &old);
	if (err)
		return err;
	err = pthread_create(t, NULL, h, arg);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!err)
		(void)pthread_setname_np(*t, name);

	return err;
}
