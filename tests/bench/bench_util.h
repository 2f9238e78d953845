/**
 * @file bench/bench_util.h  Clocks and memory, for the benches of the public
 * API
 */
#ifndef SIPD_BENCH_UTIL_H
#define SIPD_BENCH_UTIL_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { BENCH_THREADS = 64 }; /* of which the CPU time is read */

struct bench_usage {
	uint64_t at, process; /* us */
	unsigned count;
	struct bench_thread {
		char name[16];
		uint64_t ns;
	} threads[BENCH_THREADS];
};


static inline uint64_t bench_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);

	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}


static inline long bench_rss_kb(void)
{
	long pages = 0, all = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f && fscanf(f, "%ld %ld", &all, &pages) != 2)
		pages = 0;
	if (f)
		(void)fclose(f);

	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}


/* Largest RSS so far. */
static inline long bench_peak_kb(void)
{
	struct rusage ru;

	return getrusage(RUSAGE_SELF, &ru) ? 0 : ru.ru_maxrss;
}


/* Name and run time of one thread; schedstat counts ns. */
static inline bool bench_thread(const char *tid, struct bench_thread *t)
{
	char path[300];
	unsigned long long ns = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/self/task/%s/comm", tid);
	f = fopen(path, "r");
	if (!f)
		return false;
	if (!fgets(t->name, sizeof(t->name), f))
		t->name[0] = '\0';
	(void)fclose(f);
	t->name[strcspn(t->name, "\n")] = '\0';

	(void)snprintf(path, sizeof(path), "/proc/self/task/%s/schedstat",
		       tid);
	f = fopen(path, "r");
	if (!f)
		return false;
	if (fscanf(f, "%llu", &ns) != 1)
		ns = 0;
	(void)fclose(f);
	t->ns = ns;

	return true;
}


static inline void bench_usage(struct bench_usage *u)
{
	DIR *dir = opendir("/proc/self/task");
	struct timespec ts;
	struct dirent *e;

	u->count = 0;
	u->at = bench_us();
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	u->process = (uint64_t)ts.tv_sec * 1000000 +
		     (uint64_t)ts.tv_nsec / 1000;

	while (dir && u->count < BENCH_THREADS && (e = readdir(dir)))
		if (e->d_name[0] != '.' &&
		    bench_thread(e->d_name, &u->threads[u->count]))
			++u->count;
	if (dir)
		(void)closedir(dir);
}


/* us of all threads of that name between the two */
static inline double bench_thread_us(const struct bench_usage *a,
				     const struct bench_usage *z,
				     const char *name)
{
	double us = 0;

	for (unsigned i = 0; i < z->count; ++i)
		if (!strcmp(z->threads[i].name, name))
			us += (double)z->threads[i].ns / 1e3;
	for (unsigned i = 0; i < a->count; ++i)
		if (!strcmp(a->threads[i].name, name))
			us -= (double)a->threads[i].ns / 1e3;

	return us;
}


static inline void bench_raise_files(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl))
		return;
	rl.rlim_cur = rl.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &rl);
}

#endif
