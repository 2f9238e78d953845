/**
 * @file test_store_share.c  One store, several connections and processes
 */
#include "store_help.h"

#include <sys/wait.h>

enum { CHILD_S = 20 }; /* a child never lives longer */

/* Forked before the parent opens the store: locks are a process's own, but a
 * fork inherits what SQLite believes about them. */
struct other {
	pid_t pid;
	int to, from;
};


static void must(bool good)
{
	if (!good)
		_exit(2);
}


/* Opens and closes the store at each 'o'; counts campaigns at each 'c'. */
static void other_main(const struct place *p, int in, int out)
{
	struct sipd_store *s;
	char c;

	(void)alarm(CHILD_S);
	while (read(in, &c, 1) == 1) {
		char answer = 'x';

		if (c == 'o') {
			must(!sipd_store_open(&s, p->path, 0, NULL));
			sipd_store_close(s);
		}
		else {
			answer = (char)('0' + query(p->path,
						    "SELECT count(*) FROM "
						    "campaigns"));
		}
		must(write(out, &answer, 1) == 1);
	}
	_exit(0);
}


static void other_start(struct other *o, const struct place *p)
{
	int to[2], from[2];

	assert_int_equal(pipe(to), 0);
	assert_int_equal(pipe(from), 0);
	o->pid = fork();
	assert_true(o->pid >= 0);
	if (!o->pid) {
		(void)close(to[1]);
		(void)close(from[0]);
		other_main(p, to[0], from[1]);
	}
	(void)close(to[0]);
	(void)close(from[1]);
	o->to = to[1];
	o->from = from[0];
}


static char other_ask(const struct other *o, char what)
{
	char answer = 0;

	assert_int_equal(write(o->to, &what, 1), 1);
	if (read(o->from, &answer, 1) != 1)
		fail_msg("the other process failed");
	return answer;
}


static void other_end(const struct other *o)
{
	int status;

	(void)close(o->to);
	(void)close(o->from);
	assert_int_equal(waitpid(o->pid, &status, 0), o->pid);
	assert_int_equal(status, 0);
}


/* Whoever believes to be the last user removes the log of the others. */
static void keeps_locks(struct place *p, void (*h)(const char *path))
{
	struct other o;
	char wal[128];

	other_start(&o, p);
	open_store(p);
	begin(p->s);
	(void)new_campaign(p->s);
	commit(p->s);

	h(p->path);
	assert_int_equal(other_ask(&o, 'o'), 'x');
	place_name(p, "s.db-wal", wal, sizeof(wal));
	assert_int_equal(access(wal, F_OK), 0);

	begin(p->s);
	(void)new_campaign(p->s);
	commit(p->s);
	assert_int_equal(other_ask(&o, 'c'), '2');
	other_end(&o);
	reopen_store(p);
	assert_int_equal(query(p->path, "SELECT count(*) FROM campaigns"), 2);
	check_good(p->path);
}


static void open_twice(const char *path)
{
	struct sipd_store *s = NULL;

	assert_int_equal(sipd_store_open(&s, path, SIPD_STORE_OWN, NULL),
			 SIPDIALER_EBUSY);
	assert_int_equal(sipd_store_open(&s, path, 0, NULL), 0);
	sipd_store_close(s);
}


static void test_check_keeps_the_locks_of_an_open_store(void **arg)
{
	keeps_locks(*arg, check_good);
}


static void test_second_open_keeps_the_locks_of_the_first(void **arg)
{
	keeps_locks(*arg, open_twice);
}


/* ---- call ids ---------------------------------------------------------- */

static void test_two_connections_get_no_call_id_twice(void **arg)
{
	struct place *p = *arg;
	uint64_t first = 1, end = 0, other = 1, other_end = 0;
	struct sipd_store *s;

	open_store(p);
	assert_int_equal(sipd_store_open(&s, p->path, 0, NULL), 0);
	assert_int_equal(sipd_store_calls_reserve(p->s, &first, &end), 0);
	assert_int_equal(sipd_store_calls_reserve(s, &other, &other_end), 0);
	assert_int_equal(first, 1);
	assert_int_equal(end - first, SIPD_STORE_CALLS);
	assert_int_equal(other, end);
	assert_int_equal(other_end - other, SIPD_STORE_CALLS);

	/* not the last block: it stays taken */
	assert_int_equal(sipd_store_calls_return(p->s, first + 5, end), 0);
	/* the last: its rest is free again, what was used is not */
	assert_int_equal(sipd_store_calls_return(s, other + 7, other_end), 0);
	sipd_store_close(s);
	reopen_store(p);
	first = 1;
	assert_int_equal(sipd_store_calls_reserve(p->s, &first, &end), 0);
	assert_int_equal(first, other + 7);
}


static void test_reserved_call_ids_are_above_all_known(void **arg)
{
	struct place *p = *arg;
	uint64_t c, id, first = 1, end;

	open_store(p); /* of a version that reserved none */
	begin(p->s);
	c = new_campaign(p->s);
	id = add_contact(p->s, c, "+1", 0);
	do_intent(p->s, 41, c, id);
	commit(p->s);
	assert_int_equal(sipd_store_calls_reserve(p->s, &first, &end), 0);
	assert_int_equal(first, 42);
	first = end + 3;
	assert_int_equal(sipd_store_calls_reserve(p->s, &first, &end), 0);
	assert_int_equal(first, 42 + SIPD_STORE_CALLS + 3);
}


static void test_call_ids_end_before_they_are_inexact(void **arg)
{
	struct place *p = *arg;
	uint64_t first = SIPD_CALL_ID_END - SIPD_STORE_CALLS, end;

	open_store(p);
	assert_int_equal(sipd_store_calls_reserve(p->s, &first, &end), 0);
	assert_int_equal(end, SIPD_CALL_ID_END);
	first = 1;
	assert_int_equal(sipd_store_calls_reserve(p->s, &first, &end),
			 SIPDIALER_EFULL);
	begin(p->s); /* no transaction was left open */
	commit(p->s);
}


/* As it was with ids of two processes: the row of the call is another's. */
static void test_refused_row_of_a_call_still_ends_it(void **arg)
{
	struct place *p = *arg;
	const struct sipd_result adhoc = {.call = 7, .number = "+9"};
	struct sipd_campaign_counts n;
	uint64_t c, a, b;

	open_store(p);
	begin(p->s);
	c = new_campaign(p->s);
	a = add_contact(p->s, c, "+1", 0);
	b = add_contact(p->s, c, "+2", 0);
	do_intent(p->s, 7, c, a);
	do_intent(p->s, 8, c, b);
	assert_int_equal(sipd_store_result(p->s, &adhoc), 0);
	assert_int_equal(try_result(p->s, 7, c, a, SIPDIALER_CONTACT_COMPLETED,
				    0),
			 SIPDIALER_EINVAL);
	/* the attempt is not b's: nothing of b is changed */
	assert_int_equal(try_result(p->s, 7, c, b, SIPDIALER_CONTACT_FAILED,
				    0),
			 SIPDIALER_EINVAL);
	n = get_counts(p->s, c);
	commit(p->s);

	assert_int_equal(n.completed, 1);
	assert_int_equal(n.in_progress, 1);
	assert_int_equal(query(p->path, "SELECT count(*) FROM attempts WHERE "
					"call = 7 AND status = 'ended'"),
			 1);
	assert_int_equal(query(p->path, "SELECT count(*) FROM contacts WHERE "
					"last_call IS NOT NULL"),
			 0);
	check_good(p->path);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)
		T(test_check_keeps_the_locks_of_an_open_store),
		T(test_second_open_keeps_the_locks_of_the_first),
		T(test_two_connections_get_no_call_id_twice),
		T(test_reserved_call_ids_are_above_all_known),
		T(test_call_ids_end_before_they_are_inexact),
		T(test_refused_row_of_a_call_still_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
