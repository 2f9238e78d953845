/**
 * @file tests/unit/core/test_stream_alloc.c  No memory is asked for in a tick
 *
 * The linker puts what is below in the place of the allocator's functions, in
 * the library as well as here (--wrap), and counts on the media thread.
 */
#include "two_streams.h"

#include <stdatomic.h>
#include "core/media/stream_own.h"

static _Thread_local bool counted; /* this is the media thread */
static atomic_uint asked, given_back;
static atomic_bool scarce; /* there is none for a recording */

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void __real_free(void *p);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void __wrap_free(void *p);


void *__wrap_malloc(size_t n)
{
	atomic_fetch_add(&asked, counted);

	return __real_malloc(n);
}


void *__wrap_calloc(size_t n, size_t size)
{
	atomic_fetch_add(&asked, counted);
	if (atomic_load(&scarce) && n * size > SIPD_RECORD_RING * FRAME)
		return NULL;

	return __real_calloc(n, size);
}


void *__wrap_realloc(void *p, size_t n)
{
	atomic_fetch_add(&asked, counted);

	return __real_realloc(p, n);
}


void __wrap_free(void *p)
{
	atomic_fetch_add(&given_back, counted);
	__real_free(p);
}


static void count_handler_on(struct sipd_work *work)
{
	void *volatile p; /* or the compiler leaves both calls out */

	(void)work;
	counted = true;
	p = malloc(1);
	free(p);
}


static void begin(void *arg)
{
	static struct sipd_work work = {.h = count_handler_on};
	struct several *s = arg;

	record_to(&s->f->a, s->path, true);
	sipd_stream_play(s->f->a.s, s->p[0], 1000);
	sipd_stream_play(s->f->b.s, s->p[1], 1000);
	connect_both(s->f, SIPD_CODEC_PCMU);
	sipd_rtp_call(s->f->a.s->rtp, &work);
}


/* Prompts, a recording, keys and reports, for a second. */
static void test_no_memory_is_asked_for_in_a_tick(void **state)
{
	struct fixture *f = *state;
	struct several s;
	unsigned i, in_ticks;

	several_begin(&s, f);
	help_on_loop(&f->help, begin, &s);
	for (i = 1; i <= 5; ++i) {
		help_on_loop(&f->help, send_key, f);
		wait_for(&f->b, 'k', i);
	}
	in_ticks = atomic_load(&asked) + atomic_load(&given_back);
	close_and_wait(f);
	assert_int_equal(in_ticks, 2); /* those of count_handler_on() */
	assert_true(f->a.end.rtp.tx > 40 && f->b.end.rtp.rx > 40);
	several_end(&s);
}


static void begin_scarce(void *arg)
{
	struct fixture *f = arg;

	atomic_store(&scarce, true);
	record_to(&f->a, help_path(f->help.dir, "1.wav"), false);
	atomic_store(&scarce, false);
}


static void test_without_memory_a_recording_is_refused(void **state)
{
	struct fixture *f = *state;

	help_on_loop(&f->help, begin_scarce, f);
	wait_for(&f->a, 'r', 1);
	close_and_wait(f);
	assert_non_null(strstr(f->a.record_error, "no memory to record"));
	assert_string_equal(f->a.recording, "");
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_without_memory_a_recording_is_refused, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			test_no_memory_is_asked_for_in_a_tick, setup,
			teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
