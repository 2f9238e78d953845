/**
 * @file test_door.c  The public functions on options and events
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/cmocka_all.h"
#include "api/engine.h"

static int setup(void **state)
{
	return sipdialer_create((struct sipdialer **)state);
}


static int teardown(void **state)
{
	sipdialer_destroy(*state);

	return 0;
}


static void test_set_and_get_through_the_door(void **state)
{
	struct sipdialer *d = *state;
	char buf[64];

	assert_int_equal(sipdialer_set(d, "sip.port", "5090"), 0);
	assert_int_equal(sipdialer_get(d, "sip.port", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "5090");

	assert_int_equal(sipdialer_set(d, "sip.port", "-1"), SIPDIALER_EINVAL);
	assert_string_equal(sipdialer_last_error(),
			    "option sip.port: \"-1\" "
			    "is not a whole number from 0 to 65535");

	atomic_store(&d->state, SIPD_ENGINE_RUNNING);
	assert_int_equal(sipdialer_set(d, "sip.port", "1"), SIPDIALER_ESTATE);
	atomic_store(&d->state, SIPD_ENGINE_STOPPED);
	assert_int_equal(sipdialer_set(d, "sip.port", NULL), 0);
	assert_int_equal(sipdialer_get(d, "sip.port", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "0");
}


static void test_null_arguments_refused(void **state)
{
	struct sipdialer *d = *state;
	char buf[8];

	assert_int_equal(sipdialer_set(NULL, "a", "b"), SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_set(d, NULL, "b"), SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_get(d, NULL, buf, 8), SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_get(d, "sip.port", NULL, 8),
			 SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_load(d, NULL), SIPDIALER_EINVAL);
	assert_null(sipdialer_next_event(NULL, 0));
	assert_int_equal(sipdialer_fd(NULL), SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_wakeup(NULL, NULL, NULL), SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_on(NULL, 0, NULL, NULL), SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_dispatch(NULL, 0), SIPDIALER_EINVAL);
	assert_string_equal(sipdialer_last_error(), "an argument is NULL");
}


static void test_log_level_takes_effect_at_once(void **state)
{
	struct sipdialer *d = *state;
	const struct sipdialer_event *ev;

	sipd_log_debug(&d->log, "not wanted");
	assert_null(sipdialer_next_event(d, 0));

	assert_int_equal(sipdialer_set(d, "log.level", "debug"), 0);
	sipd_log_debug(&d->log, "wanted");
	ev = sipdialer_next_event(d, 0);
	assert_non_null(ev);
	assert_string_equal(ev->text, "wanted");
	assert_int_equal(ev->level, SIPDIALER_LOG_DEBUG);
}


static void test_events_max_takes_effect_at_once(void **state)
{
	struct sipdialer *d = *state;
	const struct sipdialer_event *ev;
	int got = 0;

	assert_int_equal(sipdialer_set(d, "events.max", "1024"), 0);
	for (int i = 0; i < 1030; i++)
		sipd_events_log_h(SIPDIALER_LOG_INFO, "x", d->events);
	while ((ev = sipdialer_next_event(d, 0)) &&
	       ev->type == SIPDIALER_EVENT_LOG)
		got++;
	assert_int_equal(got, 1024);
	assert_non_null(ev);
	assert_int_equal(ev->count, 6);
}


static void test_load_all_or_nothing(void **state)
{
	static const char good[] = "log.level = error\nsip.user = bob\n";
	static const char bad[] = "sip.user = eve\nsip.port = 99999\n";
	const char *dir = getenv("TMPDIR");
	struct sipdialer *d = *state;
	char path[256], buf[64], want[400];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/sipd_door_XXXXXX",
		       dir ? dir : "/tmp");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, good, strlen(good)), strlen(good));
	assert_int_equal(sipdialer_load(d, path), 0);
	assert_int_equal(atomic_load(&d->log.level), SIPDIALER_LOG_ERROR);

	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, bad, strlen(bad), 0), strlen(bad));
	assert_int_equal(sipdialer_load(d, path), SIPDIALER_EINVAL);
	(void)snprintf(want, sizeof(want),
		       "%s:2: option sip.port: \"99999\" "
		       "is not a whole number from 0 to 65535",
		       path);
	assert_string_equal(sipdialer_last_error(), want);
	assert_int_equal(sipdialer_get(d, "sip.user", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "bob");

	(void)close(fd);
	(void)unlink(path);
	assert_int_equal(sipdialer_load(d, path), SIPDIALER_ENOENT);
}


static void count_h(const struct sipdialer_event *event, void *arg)
{
	(void)event;
	++*(int *)arg;
}


static void test_hooks_through_the_door(void **state)
{
	struct sipdialer *d = *state;
	int count = 0;

	assert_int_equal(sipdialer_on(d, SIPDIALER_EVENT_LOG, count_h, &count),
			 0);
	sipd_events_log_h(SIPDIALER_LOG_INFO, "x", d->events);
	assert_int_equal(sipdialer_dispatch(d, 0), 1);
	assert_int_equal(count, 1);
	assert_true(sipdialer_fd(d) >= 0);
	assert_int_equal(sipdialer_wakeup(d, NULL, NULL), 0);
	assert_non_null(sipdialer_option_json(0));
	assert_null(sipdialer_option_json(SIPD_OPT_COUNT));
}


#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_set_and_get_through_the_door),
		TEST(test_null_arguments_refused),
		TEST(test_log_level_takes_effect_at_once),
		TEST(test_events_max_takes_effect_at_once),
		TEST(test_load_all_or_nothing),
		TEST(test_hooks_through_the_door),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
