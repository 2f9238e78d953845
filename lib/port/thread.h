/**
 * @file port/thread.h  How threads of the library begin
 */
#ifndef SIPD_PORT_THREAD_H
#define SIPD_PORT_THREAD_H

#include <pthread.h>

/** Thread that no signal handler of the host runs on; only those of faults
 *  (SIGSEGV ...) do, which belong to the thread that made them.  name: at most
 *  15 bytes.  To be joined.  0 or errno. @thread any */
int sipd_thread_start(pthread_t *t, const char *name, void *(*h)(void *arg),
		      void *arg);

#endif
