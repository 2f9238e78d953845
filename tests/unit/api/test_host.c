/**
 * @file test_host.c  What an engine leaves alone in its host: signals, exec
 */
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/syscall.h>
#include "lib/cmocka_all.h"
#include "sipdialer/sipdialer.h"

enum { FD_MAX = 1024 };

struct host {
	struct sipdialer *d;
	char dir[64];
	bool before[FD_MAX]; /* descriptors that are not the library's */
};


/* Value of the line `name` of a file under /proc, by base. */
static unsigned long long proc_value(const char *path, const char *name,
				     int base)
{
	unsigned long long value = 0;
	bool found = false;
	char line[256];
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, name, strlen(name)))
			continue;
		value = strtoull(line + strlen(name), NULL, base);
		found = true;
	}
	(void)fclose(f);
	assert_true(found);

	return value;
}


/* h(number) of each entry of a folder; returns how many. */
static unsigned each(const char *path, void (*h)(struct host *host, int n),
		     struct host *host)
{
	const struct dirent *de;
	unsigned count = 0;
	DIR *dir = opendir(path);

	assert_non_null(dir);
	while ((de = readdir(dir))) {
		const int n = atoi(de->d_name);

		if (de->d_name[0] == '.' || n == dirfd(dir))
			continue;
		h(host, n);
		count++;
	}
	(void)closedir(dir);

	return count;
}


static void fd_note(struct host *host, int fd)
{
	if (fd < FD_MAX)
		host->before[fd] = true;
}


#ifdef SIPD_LIBRE_STATIC
static void fd_check(struct host *host, int fd)
{
	char path[64];

	if (fd < FD_MAX && host->before[fd])
		return;

	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if (!(proc_value(path, "flags:", 8) & 02000000)) {
		char what[128] = "";

		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		(void)!readlink(path, what, sizeof(what) - 1);
		fail_msg("descriptor %d, %s, is left open on exec", fd, what);
	}
}
#endif


/* A sanitizer has a thread of its own. */
static bool is_ours(int tid)
{
	char path[64], name[32] = "";
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/self/task/%d/comm", tid);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(name, sizeof(name), f));
	(void)fclose(f);

	return !strncmp(name, "sipd-", 5);
}


static void thread_check(struct host *host, int tid)
{
	static const int some[] = {SIGINT,  SIGTERM, SIGHUP, SIGUSR1,
				   SIGCHLD, SIGALRM, SIGPIPE};
	unsigned long long blocked;
	char path[64];
	(void)host;

	if (tid == (int)syscall(SYS_gettid) || !is_ours(tid))
		return;

	(void)snprintf(path, sizeof(path), "/proc/self/task/%d/status", tid);
	blocked = proc_value(path, "SigBlk:", 16);
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		if (!(blocked >> (some[i] - 1) & 1))
			fail_msg("thread %d takes signal %d", tid, some[i]);
	}
	/* the crash handler of the host is told */
	assert_false(blocked >> (SIGSEGV - 1) & 1);
}


static int setup(void **state)
{
	struct host *h = calloc(1, sizeof(*h));
	char store[96];

	(void)strcpy(h->dir, "/dev/shm/sipd-host-XXXXXX");
	if (!mkdtemp(h->dir))
		return -1;
	(void)snprintf(store, sizeof(store), "%s/store", h->dir);
	(void)each("/proc/self/fd", fd_note, h);
	*state = h;

	return sipdialer_create(&h->d) ||
	       sipdialer_set(h->d, "sip.local_address", "127.0.0.1") ||
	       sipdialer_set(h->d, "sip.register", "no") ||
	       sipdialer_set(h->d, "store.path", store) ||
	       sipdialer_start(h->d);
}


static int teardown(void **state)
{
	static const char *const names[] = {"store",      "store-wal",
					    "store-shm",  "store-journal",
					    "store.lock", "store-lock"};
	struct host *h = *state;
	char path[128];

	sipdialer_destroy(h->d);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", h->dir, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(h->dir);
	free(h);

	return 0;
}


static void test_signals_stay_on_the_threads_of_the_host(void **state)
{
	sigset_t mask;

	/* of loop, store, media, janitor, and this one */
	assert_true(each("/proc/self/task", thread_check, *state) >= 5);

	assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &mask), 0);
	assert_false(sigismember(&mask, SIGTERM));
}


#ifdef SIPD_LIBRE_STATIC

/* epoll, SIP on UDP and TCP, DNS, eventfds, the store */
static void test_descriptors_are_closed_on_exec(void **state)
{
	assert_true(each("/proc/self/fd", fd_check, *state) >= 3 + 8);
}

#endif


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_signals_stay_on_the_threads_of_the_host, setup,
			teardown),
#ifdef SIPD_LIBRE_STATIC
		cmocka_unit_test_setup_teardown(
			test_descriptors_are_closed_on_exec, setup, teardown),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
