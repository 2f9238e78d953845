/*
 * Faults for a process under test, by LD_PRELOAD.
 *
 * What happens is told by the environment; without it nothing does.
 *
 *   FAULT_STORE=PATH      the store: PATH, PATH-wal, PATH-shm are watched
 *   FAULT_LOG=FILE        a line for each intent, sync, commit and INVITE, in
 *                         the order they happened
 *   FAULT_KILL=POINT:N    SIGKILL at the Nth passing of POINT, one of
 *                         intent-sync intent-synced intent-commit
 *                         intent-committed (of the transaction with the Nth
 *                         intent), result-... (the same), invite, invited
 *                         (before and after the send), answer (a 200 came)
 *   FAULT_DISK=OPS:N:HOW:MS[:GAP]
 *                         from the Nth of OPS (any, or a list as
 *                         write+fsync; of the store's files, or of FAULT_PATH)
 *                         on, all of OPS fail for MS: HOW is ENOSPC, EIO,
 *                         EROFS, short, or stall (they are only done then);
 *                         with GAP again after GAP more
 *   FAULT_PATH=TEXT       files whose name contains TEXT, not the store's
 *   FAULT_ALLOC=N[:WHO]   the Nth allocation asked for by the library whose
 *                         file name contains WHO (default libsipdialer) fails
 *   FAULT_COUNT=FILE      how many operations and allocations there were, and
 *                         which were not given back, at exit
 *
 * SQLite's statements tell which transaction carries what: sqlite3_step() is
 * watched, too.  It works since the library calls SQLite through its PLT.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	FDS = 4096,
	LIVE = 1 << 18, /* allocations remembered; a power of two */
	RANGES = 16,
	STALL = -2
};

/* What a transaction carries. */
enum { INTENT, RESULT, KINDS };
static const char *const kinds[KINDS] = {"intent", "result"};

enum op { OP_WRITE, OP_PWRITE, OP_FSYNC, OP_FDATASYNC, OP_FTRUNCATE, OPS };
static const char *const ops[OPS] = {
	"write", "pwrite", "fsync", "fdatasync", "ftruncate",
};

struct sqlite3_stmt;

static struct {
	ssize_t (*write)(int fd, const void *p, size_t n);
	ssize_t (*pwrite64)(int fd, const void *p, size_t n, off64_t at);
	int (*fsync)(int fd);
	int (*fdatasync)(int fd);
	int (*ftruncate64)(int fd, off64_t n);
	int (*open64)(const char *path, int flags, ...);
	int (*close)(int fd);
	ssize_t (*sendto)(int fd, const void *p, size_t n, int flags,
			  const struct sockaddr *to, socklen_t len);
	ssize_t (*recvfrom)(int fd, void *p, size_t n, int flags,
			    struct sockaddr *from, socklen_t *len);
	int (*step)(struct sqlite3_stmt *st);
	const char *(*sql)(struct sqlite3_stmt *st);
	char *(*expanded)(struct sqlite3_stmt *st);
	void (*sqfree)(void *p);
} real;

static atomic_bool ready;

static struct {
	char store[1024], path[256];
	int log_fd;
	char point[32];
	unsigned long point_n;
	atomic_ulong passed;
	/* FAULT_DISK */
	bool op_on[OPS];
	unsigned long disk_n;
	int disk_errno; /* -1: short, or STALL */
	uint64_t disk_ms, disk_gap;
	atomic_ulong disk_ops;
	_Atomic uint64_t bad_until;
	_Atomic unsigned long next_n;
	atomic_ulong faults;
	/* FAULT_ALLOC */
	unsigned long alloc_n;
	char who[64];
	atomic_ulong allocs;
	char count[1024];
	atomic_bool track;
} f;

/* of the store thread */
static __thread unsigned carried[KINDS];
static __thread bool committing;
static __thread char numbers[KINDS][4096];

static atomic_uchar fds[FDS]; /* 1: watched; 2: the store's log */
static struct {
	uintptr_t from, to;
} ranges[RANGES];
static unsigned range_n;


static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}


static void say(const char *fmt, ...)
{
	char line[6000];
	va_list ap;
	int n;

	if (f.log_fd < 0)
		return;
	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n > 0 && real.write(f.log_fd, line, (size_t)n) < 0)
		abort();
}


static void die(void)
{
	raise(SIGKILL);
}


/* `n` passings at once: the transaction may carry several. */
static void pass(const char *point, unsigned long n)
{
	unsigned long before;

	if (!f.point_n || strcmp(point, f.point))
		return;
	before = atomic_fetch_add(&f.passed, n);
	if (before < f.point_n && before + n >= f.point_n)
		die();
}


static void pass_carried(const char *when)
{
	char point[32];

	for (int i = 0; i < KINDS; i++) {
		if (!carried[i])
			continue;
		snprintf(point, sizeof(point), "%s-%s", kinds[i], when);
		pass(point, carried[i]);
	}
}


/* ---- start -------------------------------------------------------------- */

static int find_ranges(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	if (!strstr(info->dlpi_name, f.who))
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type != PT_LOAD || !(p->p_flags & PF_X) ||
		    range_n == RANGES)
			continue;
		ranges[range_n].from = info->dlpi_addr + p->p_vaddr;
		ranges[range_n++].to = info->dlpi_addr + p->p_vaddr +
				       p->p_memsz;
	}
	return 0;
}


static void copy_env(const char *name, char *to, size_t size)
{
	const char *v = getenv(name);

	snprintf(to, size, "%s", v ? v : "");
}


static void read_disk(void)
{
	char text[256], what[64], how[16];
	unsigned long n, ms, gap = 0;

	copy_env("FAULT_DISK", text, sizeof(text));
	if (!*text)
		return;
	if (sscanf(text, "%63[^:]:%lu:%15[^:]:%lu:%lu", what, &n, how, &ms,
		   &gap) < 4) {
		fprintf(stderr, "shim: FAULT_DISK=%s?\n", text);
		_exit(99);
	}
	for (int i = 0; i < OPS; i++) {
		char *at = what;

		f.op_on[i] = !strcmp(what, "any");
		while ((at = strstr(at, ops[i]))) {
			const char end = at[strlen(ops[i])];

			if ((at == what || at[-1] == '+') &&
			    (!end || end == '+'))
				f.op_on[i] = true;
			at++;
		}
	}
	f.disk_n = n;
	atomic_store(&f.next_n, n);
	f.disk_ms = ms;
	f.disk_gap = gap;
	f.disk_errno = !strcmp(how, "ENOSPC")  ? ENOSPC
		       : !strcmp(how, "EIO")   ? EIO
		       : !strcmp(how, "EROFS") ? EROFS
		       : !strcmp(how, "stall") ? STALL
					       : -1;
}


#define REAL(name) (*(void **)&real.name = dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void)
{
	void *warm[4];
	char text[1024];

	REAL(write);
	REAL(pwrite64);
	REAL(fsync);
	REAL(fdatasync);
	REAL(ftruncate64);
	REAL(open64);
	REAL(close);
	REAL(sendto);
	REAL(recvfrom);
	*(void **)&real.step = dlsym(RTLD_NEXT, "sqlite3_step");
	*(void **)&real.sql = dlsym(RTLD_NEXT, "sqlite3_sql");
	*(void **)&real.expanded = dlsym(RTLD_NEXT, "sqlite3_expanded_sql");
	*(void **)&real.sqfree = dlsym(RTLD_NEXT, "sqlite3_free");
	(void)backtrace(warm, 4); /* loads what it needs */

	f.log_fd = -1;
	copy_env("FAULT_STORE", f.store, sizeof(f.store));
	copy_env("FAULT_PATH", f.path, sizeof(f.path));
	copy_env("FAULT_COUNT", f.count, sizeof(f.count));
	copy_env("FAULT_LOG", text, sizeof(text));
	if (*text)
		f.log_fd = real.open64(
			text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	copy_env("FAULT_KILL", text, sizeof(text));
	if (*text && sscanf(text, "%31[^:]:%lu", f.point, &f.point_n) != 2)
		_exit(99);
	copy_env("FAULT_ALLOC", text, sizeof(text));
	snprintf(f.who, sizeof(f.who), "libsipdialer");
	if (*text && sscanf(text, "%lu:%63s", &f.alloc_n, f.who) < 1)
		_exit(99);
	read_disk();
	if (*text || *f.count)
		dl_iterate_phdr(find_ranges, NULL);
	atomic_store(&f.track, *f.count != 0);
	atomic_store(&ready, true);
}


/* ---- files --------------------------------------------------------------- */

static unsigned char kind_of(const char *path)
{
	const size_t n = strlen(f.store);

	if (*f.path)
		return strstr(path, f.path) != NULL;
	if (!n || strncmp(path, f.store, n))
		return 0;
	if (!strcmp(path + n, "-wal"))
		return 2;
	return !path[n] || !strcmp(path + n, "-shm") ||
	       !strcmp(path + n, "-journal");
}


static void opened(int fd, const char *path)
{
	if (fd >= 0 && fd < FDS)
		atomic_store(&fds[fd], kind_of(path));
}


static unsigned char watched(int fd)
{
	return fd >= 0 && fd < FDS ? atomic_load(&fds[fd]) : 0;
}


int open64(const char *path, int flags, ...);
int open(const char *path, int flags, ...);
int open64(const char *path, int flags, ...)
{
	mode_t mode;
	va_list ap;
	int fd;

	va_start(ap, flags);
	mode = va_arg(ap, mode_t);
	va_end(ap);
	if (!real.open64)
		REAL(open64);
	fd = real.open64(path, flags, mode);
	opened(fd, path);
	return fd;
}


int open(const char *path, int flags, ...)
{
	mode_t mode;
	va_list ap;

	va_start(ap, flags);
	mode = va_arg(ap, mode_t);
	va_end(ap);
	return open64(path, flags, mode);
}


int close(int fd)
{
	if (fd >= 0 && fd < FDS)
		atomic_store(&fds[fd], 0);
	if (!real.close)
		REAL(close);
	return real.close(fd);
}


static void stall(uint64_t ms)
{
	const struct timespec ts = {.tv_sec = (time_t)(ms / 1000),
				    .tv_nsec = (long)(ms % 1000) * 1000000};

	(void)nanosleep(&ts, NULL);
}


/* 0: works; else errno, -1: half of it */
static int disk_fault(int fd, enum op op)
{
	unsigned long n;
	uint64_t now;

	if (!watched(fd))
		return 0;
	n = f.disk_n && !f.op_on[op] ? 0
				     : atomic_fetch_add(&f.disk_ops, 1) + 1;
	if (!f.disk_n || !f.op_on[op])
		return 0;
	now = now_ms();
	if (atomic_load(&f.next_n) && n >= atomic_load(&f.next_n)) {
		atomic_store(&f.next_n, 0);
		atomic_store(&f.bad_until, now + f.disk_ms);
		say("disk bad at %lu (%s)\n", n, ops[op]);
	}
	if (now >= atomic_load(&f.bad_until)) {
		if (atomic_exchange(&f.bad_until, 0)) {
			say("disk good at %lu\n", n);
			if (f.disk_gap)
				atomic_store(&f.next_n, n + f.disk_gap);
		}
		return 0;
	}
	atomic_fetch_add(&f.faults, 1);
	say("fault %s %s\n", ops[op],
	    committing && watched(fd) == 2 ? "commit" : "other");
	if (f.disk_errno == STALL) {
		stall(atomic_load(&f.bad_until) - now);
		return 0;
	}
	return f.disk_errno;
}


static bool failed(int err)
{
	if (!err || err == -1)
		return false;
	errno = err;
	return true;
}


ssize_t write(int fd, const void *p, size_t n)
{
	const int err = disk_fault(fd, OP_WRITE);

	if (failed(err))
		return -1;
	return real.write(fd, p, err && n > 1 ? n / 2 : n);
}


ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
	const int err = disk_fault(fd, OP_PWRITE);

	if (failed(err))
		return -1;
	return real.pwrite64(fd, p, err && n > 1 ? n / 2 : n, at);
}


/* half a sync is none */
int fsync(int fd)
{
	const int err = disk_fault(fd, OP_FSYNC);

	return failed(err == -1 ? EIO : err) ? -1 : real.fsync(fd);
}


int fdatasync(int fd)
{
	const int err = disk_fault(fd, OP_FDATASYNC);
	const bool wal = watched(fd) == 2 && committing;
	int rc;

	if (wal)
		pass_carried("sync");
	rc = failed(err == -1 ? EIO : err) ? -1 : real.fdatasync(fd);
	if (wal && !rc) {
		for (int i = 0; i < KINDS; i++)
			if (carried[i])
				say("synced %s%s\n", kinds[i], numbers[i]);
		pass_carried("synced");
	}
	return rc;
}


int ftruncate64(int fd, off64_t n)
{
	const int err = disk_fault(fd, OP_FTRUNCATE);

	return failed(err == -1 ? EIO : err) ? -1 : real.ftruncate64(fd, n);
}


/* ---- SQLite --------------------------------------------------------------- */

static void carries(int kind, struct sqlite3_stmt *st)
{
	const size_t used = strlen(numbers[kind]);
	char *text, *at;

	carried[kind]++;
	if (f.log_fd < 0)
		return;
	text = real.expanded(st);
	/* the first quoted "+..." of VALUES is the number */
	at = text ? strstr(text, "'+") : NULL;
	if (at)
		snprintf(numbers[kind] + used, sizeof(numbers[kind]) - used,
			 " %.*s", (int)strcspn(at + 1, "'"), at + 1);
	real.sqfree(text);
}


int sqlite3_step(struct sqlite3_stmt *st);
int sqlite3_step(struct sqlite3_stmt *st)
{
	const char *sql;
	int rc;

	if (!real.step) {
		*(void **)&real.step = dlsym(RTLD_NEXT, "sqlite3_step");
		*(void **)&real.sql = dlsym(RTLD_NEXT, "sqlite3_sql");
	}
	sql = real.sql(st);
	if (!sql)
		return real.step(st);
	if (!strncmp(sql, "BEGIN", 5)) {
		memset(carried, 0, sizeof(carried));
		memset(numbers, 0, sizeof(numbers));
	}
	else if (!strncmp(sql, "INSERT INTO attempts", 20)) {
		carries(INTENT, st);
	}
	else if (!strncmp(sql, "INSERT INTO calls", 17)) {
		carries(RESULT, st);
	}
	if (strcmp(sql, "COMMIT"))
		return real.step(st);

	pass_carried("commit");
	committing = true;
	rc = real.step(st);
	committing = false;
	if (rc == 101) /* SQLITE_DONE */
		pass_carried("committed");
	return rc;
}


/* ---- SIP ------------------------------------------------------------------ */

ssize_t sendto(int fd, const void *p, size_t n, int flags,
	       __CONST_SOCKADDR_ARG to, socklen_t len)
{
	const char *text = p;
	const bool invite = n > 11 && !memcmp(text, "INVITE sip:", 11);
	ssize_t rc;

	if (!real.sendto)
		REAL(sendto);
	if (!invite)
		return real.sendto(fd, p, n, flags, to.__sockaddr__, len);
	pass("invite", 1);
	say("invite %.*s\n", (int)strcspn(text + 11, "@;> "), text + 11);
	rc = real.sendto(fd, p, n, flags, to.__sockaddr__, len);
	pass("invited", 1);
	return rc;
}


ssize_t recvfrom(int fd, void *p, size_t n, int flags, __SOCKADDR_ARG from,
		 socklen_t *len)
{
	ssize_t rc;

	if (!real.recvfrom)
		REAL(recvfrom);
	rc = real.recvfrom(fd, p, n, flags, from.__sockaddr__, len);
	if (f.point_n && rc > 12 && !memcmp(p, "SIP/2.0 200 ", 12) &&
	    memmem(p, (size_t)rc, " INVITE\r\n", 9))
		pass("answer", 1);
	return rc;
}


/* ---- memory ---------------------------------------------------------------- */

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);
extern void __libc_free(void *p);

static struct {
	_Atomic uintptr_t p, who;
} live[LIVE];
static atomic_ulong live_n;
static pthread_mutex_t live_lock = PTHREAD_MUTEX_INITIALIZER;

#define GONE ((uintptr_t)1)


static bool ours(const void *from)
{
	const uintptr_t at = (uintptr_t)from;

	for (unsigned i = 0; i < range_n; i++)
		if (at >= ranges[i].from && at < ranges[i].to)
			return true;
	return false;
}


static size_t slot(uintptr_t p)
{
	return (size_t)((p >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 40) &
	       (LIVE - 1);
}


static void remember(void *p, const void *who)
{
	size_t i = slot((uintptr_t)p);

	if (!p || !atomic_load(&f.track))
		return;
	pthread_mutex_lock(&live_lock);
	while (live[i].p > GONE)
		i = (i + 1) & (LIVE - 1);
	live[i].p = (uintptr_t)p;
	live[i].who = (uintptr_t)who;
	atomic_fetch_add(&live_n, 1);
	pthread_mutex_unlock(&live_lock);
}


static bool forget(void *p)
{
	size_t i = slot((uintptr_t)p);
	bool found = false;

	if (!p || !atomic_load(&f.track))
		return false;
	pthread_mutex_lock(&live_lock);
	for (; live[i].p; i = (i + 1) & (LIVE - 1)) {
		if (live[i].p != (uintptr_t)p)
			continue;
		live[i].p = GONE;
		atomic_fetch_sub(&live_n, 1);
		found = true;
		break;
	}
	pthread_mutex_unlock(&live_lock);
	return found;
}


/* Which allocation failed, for the report: offsets in the library. */
static void tell_failure(unsigned long n)
{
	void *at[24];
	char line[1024];
	const int depth = backtrace(at, 24);
	size_t used = (size_t)snprintf(line, sizeof(line), "alloc %lu:", n);

	for (int i = 2; i < depth && used < sizeof(line) - 24; i++)
		if (ours(at[i]))
			used += (size_t)snprintf(
				line + used, sizeof(line) - used, " %lx",
				(unsigned long)((uintptr_t)at[i] -
						ranges[0].from));
	say("%s\n", line);
}


static bool alloc_fails(const void *from)
{
	static __thread bool inside;
	unsigned long n;

	if (!range_n || inside || !atomic_load(&ready) || !ours(from))
		return false;
	n = atomic_fetch_add(&f.allocs, 1) + 1;
	if (n != f.alloc_n)
		return false;
	inside = true;
	tell_failure(n);
	inside = false;
	errno = ENOMEM;
	return true;
}


#define FROM __builtin_return_address(0)

void *malloc(size_t n)
{
	void *p;

	if (alloc_fails(FROM))
		return NULL;
	p = __libc_malloc(n);
	if (range_n && ours(FROM))
		remember(p, FROM);
	return p;
}


void *calloc(size_t n, size_t size)
{
	void *p;

	if (alloc_fails(FROM))
		return NULL;
	p = __libc_calloc(n, size);
	if (range_n && ours(FROM))
		remember(p, FROM);
	return p;
}


void *realloc(void *old, size_t n)
{
	void *p;
	bool known;

	if (alloc_fails(FROM))
		return NULL;
	known = forget(old);
	p = __libc_realloc(old, n);
	if (!p && n && known)
		remember(old, FROM);
	if (range_n && ours(FROM))
		remember(p, FROM);
	return p;
}


char *strdup(const char *s)
{
	const size_t n = strlen(s) + 1;
	char *p;

	if (alloc_fails(FROM))
		return NULL;
	p = __libc_malloc(n);
	if (p)
		memcpy(p, s, n);
	if (range_n && ours(FROM))
		remember(p, FROM);
	return p;
}


void free(void *p)
{
	(void)forget(p);
	__libc_free(p);
}


/* ---- the end ---------------------------------------------------------------- */

__attribute__((destructor)) static void end(void)
{
	char line[256];
	int fd, n;

	if (!*f.count)
		return;
	atomic_store(&f.track, false);
	fd = real.open64(f.count, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0)
		return;
	n = snprintf(line, sizeof(line),
		     "disk %lu\nfaults %lu\nallocs %lu\nlive %lu\n",
		     atomic_load(&f.disk_ops), atomic_load(&f.faults),
		     atomic_load(&f.allocs), atomic_load(&live_n));
	(void)!real.write(fd, line, (size_t)n);
	for (size_t i = 0; i < LIVE; i++) {
		if (live[i].p <= GONE)
			continue;
		n = snprintf(line, sizeof(line), "leak %lx\n",
			     (unsigned long)(live[i].who - ranges[0].from));
		(void)!real.write(fd, line, (size_t)n);
	}
	real.close(fd);
}
