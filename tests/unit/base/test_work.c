/** @file test_work.c  Work from several threads arrives once, in order */
#include "lib/cmocka_all.h"

#include <pthread.h>
#include "base/work.h"

enum { THREADS = 4, EACH = 20000 };

struct item {
	struct sipd_work work;
	unsigned thread, number;
};

static struct sipd_workq queue;
static struct item items[THREADS][EACH];
static unsigned next_number[THREADS];


static void item_handler(struct sipd_work *work)
{
	const struct item *item = (struct item *)(void *)work;

	assert_int_equal(item->number, next_number[item->thread]);
	++next_number[item->thread];
}


static void *producer(void *arg)
{
	struct item *mine = arg;

	for (unsigned i = 0; i < EACH; i++)
		(void)sipd_workq_push(&queue, &mine[i].work);

	return NULL;
}


static void test_work_of_four_threads_runs_once_in_order(void **state)
{
	pthread_t threads[THREADS];
	size_t run = 0;
	(void)state;

	sipd_workq_init(&queue);
	for (unsigned t = 0; t < THREADS; t++) {
		for (unsigned i = 0; i < EACH; i++) {
			items[t][i].work.h = item_handler;
			items[t][i].thread = t;
			items[t][i].number = i;
		}
		assert_int_equal(pthread_create(&threads[t], NULL, producer,
						items[t]),
				 0);
	}

	while (run < (size_t)THREADS * EACH)
		run += sipd_work_run(sipd_workq_take(&queue));

	for (unsigned t = 0; t < THREADS; t++)
		(void)pthread_join(threads[t], NULL);
	assert_null(sipd_workq_take(&queue));
	sipd_workq_close(&queue);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_work_of_four_threads_runs_once_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
