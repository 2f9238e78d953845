/** @file test_log.c  Log lines: escaped, limited */
#include "lib/cmocka_all.h"

#include <string.h>
#include "base/log.h"

struct seen {
	unsigned lines;
	char last[SIPD_LOG_SIZE];
};


static void handler(int level, const char *line, void *arg)
{
	struct seen *seen = arg;
	(void)level;

	++seen->lines;
	strcpy(seen->last, line);
}


static void test_log_control_bytes_stay_in_one_line(void **state)
{
	struct seen seen = {0};
	struct sipd_log log;
	(void)state;

	sipd_log_init(&log, SIPDIALER_LOG_INFO, handler, &seen);
	sipd_log_info(&log, "a\r\nFAKE %s", "\x1b[2J");
	assert_int_equal(seen.lines, 1);
	assert_string_equal(seen.last, "a\\x0d\\x0aFAKE \\x1b[2J");

	sipd_log_debug(&log, "not wanted");
	assert_int_equal(seen.lines, 1);
}


static void test_log_flood_is_limited(void **state)
{
	struct seen seen = {0};
	struct sipd_log log;
	(void)state;

	sipd_log_init(&log, SIPDIALER_LOG_INFO, handler, &seen);
	for (int i = 0; i < 100000; i++)
		sipd_log_info(&log, "line %d", i);

	/* a second may end while we flood */
	assert_in_range(seen.lines, 1, 5 * (SIPD_LOG_PER_SECOND + 1));
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log_control_bytes_stay_in_one_line),
		cmocka_unit_test(test_log_flood_is_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
