/** @file test_idmap.c  From id to object */
#include "lib/cmocka_all.h"

#include <stdlib.h>
#include "base/idmap.h"

enum { N = 5000 };

static int values[N + 1];


static void test_put_get_remove_many_ids_are_found(void **state)
{
	struct sipd_idmap map = {0};
	(void)state;

	for (uint64_t id = 1; id <= N; id++)
		assert_true(sipd_idmap_put(&map, id, &values[id]));
	assert_int_equal(map.count, N);

	/* every third goes; what probed past it must still be found */
	for (uint64_t id = 3; id <= N; id += 3)
		assert_ptr_equal(sipd_idmap_remove(&map, id), &values[id]);

	for (uint64_t id = 1; id <= N; id++)
		assert_ptr_equal(sipd_idmap_get(&map, id),
				 id % 3 ? (void *)&values[id] : NULL);

	assert_null(sipd_idmap_remove(&map, 3));
	assert_null(sipd_idmap_get(&map, 0));
	sipd_idmap_close(&map);
}


static void test_random_operations_agree_with_an_array(void **state)
{
	struct sipd_idmap map = {0};
	void *expect[N + 1] = {0};
	size_t count = 0;
	(void)state;

	srand(7);
	for (int i = 0; i < 200000; i++) {
		const uint64_t id = (uint64_t)(rand() % N) + 1;

		if (rand() % 2) {
			assert_true(sipd_idmap_put(&map, id, &values[id]));
			count += !expect[id];
			expect[id] = &values[id];
		}
		else {
			assert_ptr_equal(sipd_idmap_remove(&map, id),
					 expect[id]);
			count -= expect[id] != NULL;
			expect[id] = NULL;
		}
	}

	assert_int_equal(map.count, count);
	for (uint64_t id = 1; id <= N; id++)
		assert_ptr_equal(sipd_idmap_get(&map, id), expect[id]);
	sipd_idmap_close(&map);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put_get_remove_many_ids_are_found),
		cmocka_unit_test(test_random_operations_agree_with_an_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
