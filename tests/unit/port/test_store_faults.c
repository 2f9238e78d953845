/**
 * @file test_store_faults.c  Every write and sync of a run fails once
 *
 * A file system of SQLite's own (VFS) stands between the store and the disk
 * and lets the Nth call fail: no space, an I/O error, half a write, or no
 * space for a while.  Nothing may be lost or doubled, and the store works
 * afterwards.
 */
#include "store_help.h"

#include <pthread.h>
#include <time.h>
#include "port/disk.h"

enum { CONTACTS = 50, BATCH = 10, TRIES = 20 };
enum mode { M_FULL, M_IOERR, M_SHORT, M_LONG, M_MODES };

/* What the shim is told; tests run one after another on one thread, the disk
 * test sets it before its thread starts and reads it after it ended. */
static struct {
	sqlite3_vfs vfs;
	sqlite3_vfs *real;
	unsigned calls;       /* writes, syncs, truncations so far */
	unsigned first, last; /* these fail; 0 none */
	enum mode mode;
	unsigned failed;
} shim;

struct file {
	sqlite3_file base;
	sqlite3_file *real; /* behind this struct */
};

#define REAL(f) (((struct file *)(void *)(f))->real)


static bool strike(void)
{
	++shim.calls;
	if (shim.calls < shim.first || shim.calls > shim.last)
		return false;
	++shim.failed;
	return true;
}


static int f_close(sqlite3_file *f)
{
	return REAL(f)->pMethods ? REAL(f)->pMethods->xClose(REAL(f))
				 : SQLITE_OK;
}


static int f_read(sqlite3_file *f, void *buf, int n, sqlite3_int64 at)
{
	return REAL(f)->pMethods->xRead(REAL(f), buf, n, at);
}


static int f_write(sqlite3_file *f, const void *buf, int n, sqlite3_int64 at)
{
	if (!strike())
		return REAL(f)->pMethods->xWrite(REAL(f), buf, n, at);
	if (shim.mode == M_IOERR)
		return SQLITE_IOERR_WRITE;
	if (shim.mode == M_SHORT && n > 1)
		(void)REAL(f)->pMethods->xWrite(REAL(f), buf, n / 2, at);
	return SQLITE_FULL;
}


static int f_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	if (strike())
		return SQLITE_IOERR_TRUNCATE;
	return REAL(f)->pMethods->xTruncate(REAL(f), size);
}


/* The disk itself is not waited for: this machine stays up. */
static int f_sync(sqlite3_file *f, int flags)
{
	(void)f;
	(void)flags;
	return strike() ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}


static int f_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return REAL(f)->pMethods->xFileSize(REAL(f), size);
}


static int f_lock(sqlite3_file *f, int level)
{
	return REAL(f)->pMethods->xLock(REAL(f), level);
}


static int f_unlock(sqlite3_file *f, int level)
{
	return REAL(f)->pMethods->xUnlock(REAL(f), level);
}


static int f_reserved(sqlite3_file *f, int *out)
{
	return REAL(f)->pMethods->xCheckReservedLock(REAL(f), out);
}


static int f_control(sqlite3_file *f, int op, void *arg)
{
	return REAL(f)->pMethods->xFileControl(REAL(f), op, arg);
}


static int f_sector(sqlite3_file *f)
{
	return REAL(f)->pMethods->xSectorSize(REAL(f));
}


static int f_device(sqlite3_file *f)
{
	return REAL(f)->pMethods->xDeviceCharacteristics(REAL(f));
}


static int f_shm_map(sqlite3_file *f, int page, int size, int extend,
		     void volatile **out)
{
	return REAL(f)->pMethods->xShmMap(REAL(f), page, size, extend, out);
}


static int f_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return REAL(f)->pMethods->xShmLock(REAL(f), offset, n, flags);
}


static void f_shm_barrier(sqlite3_file *f)
{
	REAL(f)->pMethods->xShmBarrier(REAL(f));
}


static int f_shm_unmap(sqlite3_file *f, int delete)
{
	return REAL(f)->pMethods->xShmUnmap(REAL(f), delete);
}


static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = f_close,
	.xRead = f_read,
	.xWrite = f_write,
	.xTruncate = f_truncate,
	.xSync = f_sync,
	.xFileSize = f_size,
	.xLock = f_lock,
	.xUnlock = f_unlock,
	.xCheckReservedLock = f_reserved,
	.xFileControl = f_control,
	.xSectorSize = f_sector,
	.xDeviceCharacteristics = f_device,
	.xShmMap = f_shm_map,
	.xShmLock = f_shm_lock,
	.xShmBarrier = f_shm_barrier,
	.xShmUnmap = f_shm_unmap,
};


static int v_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *f,
		  int flags, int *out)
{
	struct file *file = (struct file *)(void *)f;
	int rc;
	(void)vfs;

	file->real = (sqlite3_file *)(void *)(file + 1);
	rc = shim.real->xOpen(shim.real, name, file->real, flags, out);
	file->base.pMethods = file->real->pMethods ? &methods : NULL;
	return rc;
}


/* nor is the directory synced */
static int v_delete(sqlite3_vfs *vfs, const char *name, int sync_dir)
{
	(void)vfs;
	(void)sync_dir;
	return shim.real->xDelete(shim.real, name, 0);
}


static void shim_on(void)
{
	memset(&shim, 0, sizeof(shim));
	shim.real = sqlite3_vfs_find("unix");
	assert_non_null(shim.real);
	shim.vfs = *shim.real; /* the rest is handed on as it is */
	shim.vfs.zName = "shim";
	shim.vfs.pNext = NULL;
	shim.vfs.szOsFile = (int)sizeof(struct file) + shim.real->szOsFile;
	shim.vfs.xOpen = v_open;
	shim.vfs.xDelete = v_delete;
	assert_int_equal(sqlite3_vfs_register(&shim.vfs, 1), SQLITE_OK);
}


static void shim_off(void)
{
	(void)sqlite3_vfs_unregister(&shim.vfs);
}


static void shim_fail(unsigned nth, enum mode mode)
{
	shim.calls = 0;
	shim.failed = 0;
	shim.first = nth;
	shim.last = nth ? nth + (mode == M_LONG ? 7 : 0) : 0;
	shim.mode = mode;
}


/* ---- the run ----------------------------------------------------------- */

typedef int(step_h)(struct sipd_store *s, unsigned from);


static int step_fill(struct sipd_store *s, unsigned from)
{
	struct sipd_contact_new rows[CONTACTS] = {{NULL}};
	char numbers[CONTACTS][16];
	uint64_t id;
	int err = sipd_store_campaign_new(s, "c", "", &id);
	(void)from;

	for (unsigned i = 0; i < CONTACTS; i++) {
		(void)snprintf(numbers[i], sizeof(numbers[i]), "+%u", i + 1);
		rows[i].number = numbers[i];
	}
	if (!err)
		err = sipd_store_contacts_add(s, id, rows, CONTACTS);
	return err;
}


static int step_intent(struct sipd_store *s, unsigned from)
{
	int err = 0;

	for (unsigned i = from; !err && i < from + BATCH; i++) {
		bool dnc = false;

		err = try_intent(s, i + 1, 1, i + 1, 1, &dnc);
	}
	return err;
}


static int step_result(struct sipd_store *s, unsigned from)
{
	int err = 0;

	for (unsigned i = from; !err && i < from + BATCH; i++)
		err = try_result(s, i + 1, 1, i + 1,
				 SIPDIALER_CONTACT_COMPLETED, 0);
	return err;
}


/* What port/disk does: roll back and try again. */
static void transact(struct sipd_store *s, step_h *step, unsigned from)
{
	for (int i = 0; i < TRIES; i++) {
		int err = sipd_store_begin(s);
		const bool open = !err;

		if (!err)
			err = step(s, from);
		if (!err)
			err = sipd_store_commit(s);
		if (!err)
			return;
		if (err != SIPDIALER_EIO)
			fail_msg("call %u: %s", shim.first, sipd_error_text());
		assert_true(sipd_store_failed(s));
		if (open)
			sipd_store_rollback(s);
	}
	fail_msg("call %u, mode %d: %s", shim.first, (int)shim.mode,
		 sipd_error_text());
}


static void open_at_last(struct place *p)
{
	for (int i = 0; i < TRIES; i++) {
		const int err = sipd_store_open(&p->s, p->path, SIPD_STORE_OWN,
						NULL);

		if (!err)
			return;
		if (err != SIPDIALER_EIO)
			fail_msg("open, call %u, mode %d: %s", shim.first,
				 (int)shim.mode, sipd_error_text());
	}
	fail_msg("open, call %u: %s", shim.first, sipd_error_text());
}


static void verify(struct place *p)
{
	struct sipd_campaign_counts n;

	shim_fail(0, M_FULL);
	open_store(p);
	assert_int_equal(sipd_store_interrupted(p->s), 0);
	begin(p->s);
	n = get_counts(p->s, 1);
	commit(p->s);
	assert_int_equal(n.total, CONTACTS);
	assert_int_equal(n.completed, CONTACTS);
	assert_int_equal(n.attempts, CONTACTS);
	check_good(p->path);
	sipd_store_close(p->s);
	p->s = NULL;
	assert_int_equal(query(p->path, "SELECT count(*) FROM calls"),
			 CONTACTS);
}


/* How many calls of the shim it took */
static unsigned run(struct place *p)
{
	unsigned calls;

	open_at_last(p);
	transact(p->s, step_fill, 0);
	for (unsigned i = 0; i < CONTACTS; i += BATCH) {
		transact(p->s, step_intent, i);
		if (i >= BATCH)
			transact(p->s, step_result, i - BATCH);
	}
	/* the log is copied into the file in the midst, and at the end */
	(void)sqlite3_wal_checkpoint_v2(p->s->db, NULL,
					SQLITE_CHECKPOINT_TRUNCATE, NULL,
					NULL);
	transact(p->s, step_result, CONTACTS - BATCH);
	sipd_store_close(p->s);
	p->s = NULL;
	calls = shim.calls;
	verify(p);
	(void)unlink(p->path);
	return calls;
}


static void test_every_write_and_sync_may_fail(void **arg)
{
	struct place *p = *arg;
	unsigned calls, struck = 0;

	shim_on();
	shim_fail(0, M_FULL);
	calls = run(p);
	assert_true(calls > 50);

	for (int mode = 0; mode < M_MODES; mode++) {
		for (unsigned n = 1; n <= calls; n++) {
			char name[128];

			/* of a run before, should its end have failed */
			place_name(p, "s.db-wal", name, sizeof(name));
			(void)unlink(name);
			place_name(p, "s.db-journal", name, sizeof(name));
			(void)unlink(name);

			shim_fail(n, (enum mode)mode);
			(void)run(p);
			++struck;
		}
	}
	shim_off();
	print_message("%u calls a run, %u runs with a fault\n", calls, struck);
}


/* ---- with the store thread --------------------------------------------- */

struct world {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	unsigned done, bad, good;
};

struct step_job {
	struct sipd_job job;
	struct world *w;
	step_h *step;
	unsigned from;
	int err;
};


static void job_run(struct sipd_job *job)
{
	struct step_job *j = (struct step_job *)job;

	j->err = j->step(job->store, j->from);
}


static void count_up(struct world *w, unsigned *n)
{
	(void)pthread_mutex_lock(&w->lock);
	++*n;
	(void)pthread_cond_signal(&w->cond);
	(void)pthread_mutex_unlock(&w->lock);
}


static void job_done(struct sipd_job *job)
{
	struct step_job *j = (struct step_job *)job;

	count_up(j->w, &j->w->done);
}


static void state(const char *text, void *arg)
{
	struct world *w = arg;

	count_up(w, text ? &w->bad : &w->good);
}


static void test_store_thread_outlives_a_full_disk(void **arg)
{
	static step_h *const steps[] = {step_intent, step_result};
	struct world w = {.lock = PTHREAD_MUTEX_INITIALIZER,
			  .cond = PTHREAD_COND_INITIALIZER};
	struct place *p = *arg;
	struct step_job jobs[2 * CONTACTS / BATCH];
	struct sipd_loop *loop;
	struct sipd_disk *disk;
	struct timespec ts;
	int err = 0;

	shim_on();
	open_store(p);
	transact(p->s, step_fill, 0);
	shim_fail(3, M_FULL);
	shim.last = 4; /* two tries, a second each */

	assert_int_equal(sipd_loop_start(&loop, NULL), 0);
	assert_int_equal(sipd_disk_start(&disk, loop, NULL), 0);
	sipd_disk_on_state(disk, state, &w);
	memset(jobs, 0, sizeof(jobs));
	for (unsigned i = 0; i < 2 * CONTACTS / BATCH; i++) {
		jobs[i].job.run = job_run;
		jobs[i].job.done = job_done;
		jobs[i].job.store = p->s;
		jobs[i].w = &w;
		jobs[i].step = steps[i % 2];
		jobs[i].from = i / 2 * BATCH;
		sipd_disk_post(disk, &jobs[i].job);
	}

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += 30;
	(void)pthread_mutex_lock(&w.lock);
	while (w.done < 2 * CONTACTS / BATCH && !err)
		err = pthread_cond_timedwait(&w.cond, &w.lock, &ts);
	(void)pthread_mutex_unlock(&w.lock);
	sipd_disk_stop(disk, 1000);
	sipd_loop_stop(loop);
	sipd_loop_join(loop);

	assert_int_equal(err, 0);
	assert_true(shim.failed > 0);
	assert_int_equal(w.bad, 1);
	assert_int_equal(w.good, 1);
	for (unsigned i = 0; i < 2 * CONTACTS / BATCH; i++)
		assert_int_equal(jobs[i].err, 0);
	sipd_store_close(p->s);
	p->s = NULL;
	verify(p);
	shim_off();
}


int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)
		T(test_every_write_and_sync_may_fail),
		T(test_store_thread_outlives_a_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
