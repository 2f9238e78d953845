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


/* The file's text is loaded; what comes of it. */
static int load_text(struct sipdialer *d, const char *text, char *path,
		     size_t size)
{
	const char *dir = getenv("TMPDIR");
	int fd, err;

	(void)snprintf(path, size, "%s/sipd_door_XXXXXX", dir ? dir : "/tmp");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
	err = sipdialer_load(d, path);
	(void)unlink(path);

	return err;
}


static void test_load_accounts(void **state)
{
	static const char text[] = "sip.server = pbx\n"
				   "media.srtp = optional\n"
				   "[account trunk]  # the first\r\n"
				   "sip.server = trunk\n"
				   "sip.password = a=b#c\n"
				   "sip.header = X-A: 1\n"
				   "sip.header = X-B: 2\n"
				   "  [ account\tother.1 ]\n"
				   "sip.server = other\n";
	struct sipdialer *d = *state;
	const struct sipd_options *o;
	char path[256], buf[64];

	assert_int_equal(load_text(d, text, path, sizeof(path)), 0);
	assert_int_equal(d->accountc, 2);
	assert_int_equal(sipdialer_get(d, "sip.server", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "pbx");
	assert_string_equal(d->accounts->name, "trunk");
	o = &d->accounts->given;
	assert_string_equal(sipd_opt_str(o, SIPD_OPT_SIP_SERVER), "trunk");
	assert_string_equal(sipd_opt_str(o, SIPD_OPT_SIP_PASSWORD), "a=b#c");
	assert_string_equal(sipd_opt_str(o, SIPD_OPT_SIP_HEADER),
			    "X-A: 1\nX-B: 2");
	assert_false(sipd_opt_is_set(o, SIPD_OPT_MEDIA_SRTP));
	assert_string_equal(d->accounts->next->name, "other.1");
	assert_int_equal(sipdialer_account_remove(d, "trunk"), 0);
	assert_int_equal(d->accountc, 1);
}


static void test_load_accounts_all_or_nothing(void **state)
{
	static const char first[] =
		"sip.user=eve\n[account a]\nsip.server=x\n";
	static const struct {
		const char *text;
		int error;
		const char *why;
	} rows[] = {
		{"[account a]\n", SIPDIALER_ESTATE,
		 ":4: there is an account \"a\" already"},
		{"[account b]\n\n", SIPDIALER_EINVAL,
		 ":4: account \"b\": sip.server is not set"},
		{"[account b]\nsip.server=x\ndial.retries = 1\n",
		 SIPDIALER_EINVAL,
		 ":6: option dial.retries cannot be set for one account"},
		{"[account b]\nsip.sever=x\n", SIPDIALER_ENOENT,
		 ":5: no option \"sip.sever\"; did you mean \"sip.server\"?"},
		{"[account b]\nsip.server=x\nsip.register=yes\n",
		 SIPDIALER_EINVAL,
		 ":4: account \"b\": sip.register=yes needs sip.server and "
		 "sip.user"},
		{"[account b", SIPDIALER_EINVAL,
		 ":4: \"[account b\" has no ] at its end"},
		{"[account]", SIPDIALER_EINVAL,
		 ":4: the name of an account has 1 to 31 bytes"},
		{"[accounts b]", SIPDIALER_EINVAL,
		 ":4: no section \"[accounts b]\": only [account NAME] is "
		 "one"},
		{"[account b c]", SIPDIALER_EINVAL,
		 ":4: option name: \"b c\" is no name of an account: letters, "
		 "digits and \"_.-\""},
		{"[]", SIPDIALER_EINVAL,
		 ":4: no section \"[]\": only [account NAME] is one"},
		{"[account b]\nnonsense", SIPDIALER_EINVAL,
		 ":5: not of the form name = value"},
	};
	struct sipdialer *d = *state;
	char text[512], path[256], buf[64], want[600];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		(void)snprintf(text, sizeof(text), "%s%s", first,
			       rows[i].text);
		assert_int_equal(load_text(d, text, path, sizeof(path)),
				 rows[i].error);
		(void)snprintf(want, sizeof(want), "%s%s", path, rows[i].why);
		assert_string_equal(sipdialer_last_error(), want);
		assert_int_equal(d->accountc, 0);
		assert_null(d->accounts);
		assert_int_equal(sipdialer_get(d, "sip.user", buf,
					       sizeof(buf)),
				 0);
		assert_string_equal(buf, "");
	}

	atomic_store(&d->state, SIPD_ENGINE_RUNNING);
	assert_int_equal(load_text(d, first + 13, path, sizeof(path)),
			 SIPDIALER_ESTATE);
	(void)snprintf(want, sizeof(want),
		       "%s:1: accounts of a file are added before the start "
		       "only",
		       path);
	assert_string_equal(sipdialer_last_error(), want);
	atomic_store(&d->state, SIPD_ENGINE_STOPPED);
}


static void test_load_sixty_four_accounts(void **state)
{
	struct sipdialer *d = *state;
	char text[4096] = "", path[256];
	size_t n = 0;

	for (int i = 0; i < 65; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
				      "[account a%d]\nsip.server=x\n", i);
	assert_int_equal(load_text(d, text, path, sizeof(path)),
			 SIPDIALER_EFULL);
	assert_non_null(strstr(sipdialer_last_error(), ":129: more than 64"));
	assert_int_equal(d->accountc, 0);
	*strstr(text, "[account a64]") = '\0';
	assert_int_equal(load_text(d, text, path, sizeof(path)), 0);
	assert_int_equal(d->accountc, 64);
	assert_int_equal(load_text(d, "[account one]\nsip.server=x", path,
				   sizeof(path)),
			 SIPDIALER_EFULL);
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
		TEST(test_load_accounts),
		TEST(test_load_accounts_all_or_nothing),
		TEST(test_load_sixty_four_accounts),
		TEST(test_hooks_through_the_door),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
