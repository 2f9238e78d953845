/**
 * @file test_options.c  The option table, setting, lists, files
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/cmocka_all.h"
#include "api/options.h"
#include "base/error.h"
#include "base/text.h"


static void assert_error(int err, int want, const char *text)
{
	assert_int_equal(err, want);
	assert_string_equal(sipd_error_text(), text);
}


static void test_table_each_row_sound(void **state)
{
	(void)state;

	for (size_t i = 0; i < SIPD_OPT_COUNT; i++) {
		const struct sipd_option_def *def = &sipd_option_table[i];
		struct sipd_options o;

		assert_non_null(def->name);
		assert_non_null(strchr(def->name, '.'));
		assert_int_equal(sipd_option_find(def->name), (int)i);
		assert_non_null(def->standard);
		assert_non_null(def->doc);
		assert_int_equal(def->doc[strlen(def->doc) - 1],
				 i == SIPD_OPT_SIP_KEEPALIVE_INTERVAL ? '4'
				 : i == SIPD_OPT_IMPORT_DELIMITER     ? ':'
								      : '.');

		/* the default is a value that may be set, and reads back */
		sipd_options_init(&o);
		assert_int_equal(sipd_options_set(&o, def->name, def->standard,
						  false),
				 0);
		assert_string_equal(sipd_opt_str(&o, (enum sipd_option)i),
				    def->standard);
		sipd_options_close(&o);

		/* what is stored or given to one call holds no secrets */
		if (def->type == SIPD_OPTION_SECRET)
			assert_int_equal(def->scope, 0);
	}
}


static void test_json_of_each_option_whole(void **state)
{
	size_t i = 0;
	const char *json;
	(void)state;

	for (; (json = sipd_option_json(i)); i++) {
		assert_int_equal(json[0], '{');
		assert_string_equal(json + strlen(json) - 2, "\"}");
		assert_ptr_equal(json, sipd_option_json(i));
	}
	assert_int_equal(i, SIPD_OPT_COUNT);

	assert_string_equal(
		sipd_option_json(SIPD_OPT_DIAL_RING_TIMEOUT),
		"{\"name\":\"dial.ring_timeout\",\"type\":\"int\","
		"\"unit\":\"s\",\"min\":5,\"max\":300,\"default\":\"45\","
		"\"scope\":[\"engine\",\"call\",\"campaign\"],\"live\":true,"
		"\"built_in\":true,\"doc\":\"A call not answered after this "
		"long is given up.\"}");
	assert_string_equal(
		sipd_option_json(SIPD_OPT_MEDIA_SRTP),
		"{\"name\":\"media.srtp\",\"type\":\"enum\",\"unit\":null,"
		"\"words\":[\"off\",\"optional\",\"required\",\"dtls\"],"
		"\"default\":\"off\",\"scope\":[\"engine\",\"call\","
		"\"campaign\",\"account\"],\"live\":true,\"built_in\":true,"
		"\"doc\":\"Encryption of the audio (docs/srtp.md); optional: "
		"where the far end can; required, dtls: no call without.\"}");
}


static void test_set_unknown_names_nearest(void **state)
{
	struct sipd_options o;
	(void)state;

	sipd_options_init(&o);
	assert_error(sipd_options_set(&o, "sip.sever", "x", false),
		     SIPDIALER_ENOENT,
		     "no option \"sip.sever\"; did you "
		     "mean \"sip.server\"?");
	assert_error(sipd_options_set(&o, "ring_timeout", "x", false),
		     SIPDIALER_ENOENT,
		     "no option \"ring_timeout\"; did you "
		     "mean \"dial.ring_timeout\"?");
	assert_error(sipd_options_set(&o, "nothing.like.it", "x", false),
		     SIPDIALER_ENOENT, "no option \"nothing.like.it\"");
	assert_error(sipd_options_set(&o, "", "x", false), SIPDIALER_ENOENT,
		     "no option \"\"");
	assert_error(sipd_options_set(&o, "sip.\033[2J", "x", false),
		     SIPDIALER_ENOENT,
		     "no such option: its name has control "
		     "characters");
}


static void test_set_wrong_value_names_range(void **state)
{
	/* clang-format off */
	static const struct {
		const char *name, *value, *text;
		int error;
	} rows[] = {
		{"sip.port", "70000", "option sip.port: \"70000\" is not a "
		 "whole number from 0 to 65535", SIPDIALER_EINVAL},
		{"sip.port", "50 60", "option sip.port: \"50 60\" is not a "
		 "whole number from 0 to 65535", SIPDIALER_EINVAL},
		{"sip.port", "", "option sip.port: \"\" is not a whole "
		 "number from 0 to 65535", SIPDIALER_EINVAL},
		{"dial.ring_timeout", "4", "option dial.ring_timeout: \"4\" "
		 "is not a whole number from 5 to 300 s", SIPDIALER_EINVAL},
		{"dial.calls_per_second", "nan", "option "
		 "dial.calls_per_second: \"nan\" is not a number from 0 to "
		 "100000 1/s", SIPDIALER_EINVAL},
		{"sip.transport", "sctp", "option sip.transport: \"sctp\" is "
		 "none of udp,tcp,tls", SIPDIALER_EINVAL},
		{"redis.url", "redis://:secret@h", "option redis.url: "
		 "\"***\" is not built in yet; only \"\" is",
		 SIPDIALER_ENOSYS},
		{"call.record_stereo", "maybe", "option call.record_stereo: "
		 "\"maybe\" is not yes or no", SIPDIALER_EINVAL},
		{"media.codecs", "pcmu,gsm", "option media.codecs: \"gsm\" "
		 "is none of pcmu,pcma,g722,opus,l16", SIPDIALER_EINVAL},
		{"media.codecs", "pcmu,,pcma", "option media.codecs: \"\" is "
		 "none of pcmu,pcma,g722,opus,l16", SIPDIALER_EINVAL},
		{"media.codecs", "PCMA, pcma", "option media.codecs: "
		 "\"pcma\" comes twice", SIPDIALER_EINVAL},
		{"sip.user", "a\r\nVia: x", "option sip.user: control "
		 "characters are not allowed", SIPDIALER_EINVAL},
		{"sip.user", "\xff", "option sip.user: not valid UTF-8",
		 SIPDIALER_EINVAL},
		{"sip.header", "no-colon", "option sip.header: header "
		 "\"no-colon\" is not \"Name: value\"", SIPDIALER_EINVAL},
		{"sip.header", "User-Agent: x", "option sip.header: header "
		 "\"User-Agent: x\": this one is written by the library",
		 SIPDIALER_EINVAL},
		{"media.rtp_port_min", "80", "option media.rtp_port_min: "
		 "\"80\" is not 0 or a whole number from 1024 to 65534",
		 SIPDIALER_EINVAL},
		{"call.dtmf", "12x", "option call.dtmf: \"12x\" has a "
		 "character at place 3 that is none of 0-9 * # A-D and "
		 "\",\"", SIPDIALER_EINVAL},
		{"import.delimiter", "\"", "option import.delimiter: \"\"\" "
		 "is none of auto, tab, \",\", \";\", \"|\" and \":\"",
		 SIPDIALER_EINVAL},
		{"dial.default_country", "XX", "option "
		 "dial.default_country: \"XX\" is not a known country, as "
		 "\"US\" or \"49\"", SIPDIALER_EINVAL},
		{"dial.retry_rules", "busy=60,no_answer=300,", "option "
		 "dial.retry_rules: retry rules, character 22: nothing after "
		 "the comma", SIPDIALER_EINVAL},
		{"sip.redirect_allow", "a,@b", "option sip.redirect_allow: "
		 "\"@b\" is not of the form [number-prefix*@]host, as "
		 "\"pbx.example\" or \"+49*@192.0.2.1\"",
		 SIPDIALER_EINVAL},
		{"sip.local_address", "localhost", "option "
		 "sip.local_address: \"localhost\" is not a numeric IPv4 or "
		 "IPv6 address", SIPDIALER_EINVAL},
	};
	/* clang-format on */
	struct sipd_options o;
	(void)state;

	sipd_options_init(&o);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const int id = sipd_option_find(rows[i].name);

		assert_error(sipd_options_set(&o, rows[i].name, rows[i].value,
					      false),
			     rows[i].error, rows[i].text);
		assert_false(sipd_opt_is_set(&o, (enum sipd_option)id));
	}
}


static void test_set_too_long_refused(void **state)
{
	char value[SIPD_OPTION_VALUE_MAX + 2];
	struct sipd_options o;
	(void)state;

	sipd_options_init(&o);
	memset(value, 'a', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	assert_error(sipd_options_set(&o, "call.play", value, false),
		     SIPDIALER_EINVAL, "option call.play: over 4095 bytes");
	value[SIPD_OPTION_VALUE_MAX] = '\0';
	assert_int_equal(sipd_options_set(&o, "call.play", value, false), 0);
	value[256] = '\0';
	assert_error(sipd_options_set(&o, "sip.server", value, false),
		     SIPDIALER_EINVAL,
		     "option sip.server: 256 bytes, at "
		     "most 255");
	sipd_options_close(&o);
}


static void test_set_while_running_only_live(void **state)
{
	struct sipd_options o;
	(void)state;

	sipd_options_init(&o);
	assert_error(sipd_options_set(&o, "sip.server", "h", true),
		     SIPDIALER_ESTATE,
		     "option sip.server cannot change "
		     "while the engine runs");
	assert_int_equal(sipd_options_set(&o, "log.level", "debug", true), 0);
	assert_int_equal(sipd_opt_enum(&o, SIPD_OPT_LOG_LEVEL),
			 SIPDIALER_LOG_DEBUG);
	sipd_options_close(&o);
}


static void test_getters_give_typed_values(void **state)
{
	struct sipd_options o;
	char buf[16];
	(void)state;

	sipd_options_init(&o);
	assert_int_equal(sipd_opt_ms(&o, SIPD_OPT_DIAL_RING_TIMEOUT), 45000);
	assert_true(sipd_opt_num(&o, SIPD_OPT_DIAL_CALLS_PER_SECOND) == 10);
	assert_int_equal(sipd_opt_delimiter(&o), 0);
	assert_int_equal(sipd_opt_enum(&o, SIPD_OPT_SIP_REGISTER), 0);

	assert_int_equal(sipd_options_set(&o, "dial.calls_per_second", "0.5",
					  false),
			 0);
	assert_true(sipd_opt_num(&o, SIPD_OPT_DIAL_CALLS_PER_SECOND) == 0.5);
	assert_int_equal(sipd_options_set(&o, "call.record_stereo", "TRUE",
					  false),
			 0);
	assert_true(sipd_opt_bool(&o, SIPD_OPT_CALL_RECORD_STEREO));
	assert_int_equal(sipd_options_set(&o, "media.codecs", " PCMA ,pcmu",
					  false),
			 0);
	assert_string_equal(sipd_opt_str(&o, SIPD_OPT_MEDIA_CODECS),
			    "pcma,pcmu");
	assert_int_equal(sipd_options_set(&o, "import.delimiter", "tab",
					  false),
			 0);
	assert_int_equal(sipd_opt_delimiter(&o), '\t');

	assert_int_equal(sipd_options_set(&o, "sip.port", "5080", false), 0);
	assert_int_equal(sipd_opt_int(&o, SIPD_OPT_SIP_PORT), 5080);
	assert_int_equal(sipd_options_set(&o, "sip.port", NULL, false), 0);
	assert_int_equal(sipd_opt_int(&o, SIPD_OPT_SIP_PORT), 0);
	assert_false(sipd_opt_is_set(&o, SIPD_OPT_SIP_PORT));

	assert_error(sipd_options_get_text(&o, "media.codecs", buf, 4),
		     SIPDIALER_ESIZE,
		     "option media.codecs needs 10 bytes, 4 "
		     "given");
	assert_string_equal(buf, "pcm");
	assert_int_equal(sipd_options_get_text(&o, "media.codecs", NULL, 0),
			 SIPDIALER_ESIZE);
	sipd_options_close(&o);
}


static void test_secret_never_read_back(void **state)
{
	struct sipd_options o;
	char buf[16];
	(void)state;

	sipd_options_init(&o);
	assert_int_equal(sipd_options_get_text(&o, "sip.password", buf,
					       sizeof(buf)),
			 0);
	assert_string_equal(buf, "");
	assert_int_equal(sipd_options_set(&o, "sip.password", "s3cret", false),
			 0);
	assert_int_equal(sipd_options_get_text(&o, "sip.password", buf,
					       sizeof(buf)),
			 0);
	assert_string_equal(buf, "***");
	assert_string_equal(sipd_opt_str(&o, SIPD_OPT_SIP_PASSWORD), "s3cret");
	assert_int_equal(sipd_options_set(&o, "sip.password", "s3cret\t",
					  false),
			 SIPDIALER_EINVAL);
	assert_null(strstr(sipd_error_text(), "s3cret"));
	sipd_options_close(&o);
}


static void test_header_lines_add_up_and_clear(void **state)
{
	struct sipd_options o;
	char line[32];
	(void)state;

	sipd_options_init(&o);
	assert_int_equal(sipd_options_set(&o, "sip.header", "X-A: 1", true),
			 0);
	assert_int_equal(sipd_options_set(&o, "sip.header", "X-B: 2", true),
			 0);
	assert_string_equal(sipd_opt_str(&o, SIPD_OPT_SIP_HEADER),
			    "X-A: 1\nX-B: 2");
	assert_int_equal(sipd_options_set(&o, "sip.header", "", true), 0);
	assert_string_equal(sipd_opt_str(&o, SIPD_OPT_SIP_HEADER), "");

	for (int i = 0; i < SIPD_OPTION_HEADERS_MAX; i++) {
		(void)snprintf(line, sizeof(line), "X-%d: y", i);
		assert_int_equal(sipd_options_set(&o, "sip.header", line,
						  true),
				 0);
	}
	assert_error(sipd_options_set(&o, "sip.header", "X-Y: y", true),
		     SIPDIALER_EINVAL,
		     "option sip.header: more than 32 "
		     "lines or 4095 bytes in all");
	sipd_options_close(&o);
}


static void test_list_all_or_nothing_within_scope(void **state)
{
	/* clang-format off */
	static const char *const good[] = {
		"dial.ring_timeout=20", "sip.header=X-A: a=b", NULL,
	};
	/* clang-format on */
	/* clang-format off */
	static const char *const bad[] = {
		"dial.ring_timeout=30", "dial.max_calls=5", NULL,
	};
	/* clang-format on */
	static const char *const malformed[] = {"dial.ring_timeout", NULL};
	const char *many[SIPD_OPTION_LIST_MAX + 2];
	struct sipd_options o;
	(void)state;

	sipd_options_init(&o);
	assert_int_equal(sipd_options_apply_list(&o, NULL, SIPD_SCOPE_CALL,
						 true),
			 0);
	assert_int_equal(sipd_options_apply_list(&o, good, SIPD_SCOPE_CALL,
						 true),
			 0);
	assert_string_equal(sipd_opt_str(&o, SIPD_OPT_SIP_HEADER), "X-A: a=b");

	assert_error(sipd_options_apply_list(&o, bad, SIPD_SCOPE_CALL, true),
		     SIPDIALER_EINVAL,
		     "option dial.max_calls cannot be set "
		     "for one call");
	assert_int_equal(sipd_opt_int(&o, SIPD_OPT_DIAL_RING_TIMEOUT), 20);
	assert_int_equal(sipd_options_apply_list(&o, bad, SIPD_SCOPE_CAMPAIGN,
						 true),
			 0);
	assert_int_equal(sipd_opt_int(&o, SIPD_OPT_DIAL_RING_TIMEOUT), 30);

	assert_error(sipd_options_apply_list(&o, malformed, SIPD_SCOPE_CALL,
					     true),
		     SIPDIALER_EINVAL,
		     "\"dial.ring_timeout\" is not of the "
		     "form name=value");

	for (size_t i = 0; i <= SIPD_OPTION_LIST_MAX; i++)
		many[i] = good[0];
	many[SIPD_OPTION_LIST_MAX + 1] = NULL;
	assert_error(sipd_options_apply_list(&o, many, SIPD_SCOPE_CALL, true),
		     SIPDIALER_EINVAL, "more than 256 options in one list");
	sipd_options_close(&o);
}


static void test_lines_go_to_store_and_back(void **state)
{
	static const char *const list[] = {
		"dial.calls_per_second=10", "sip.header=",
		"sip.header=X-A: 1",        "sip.header=Y: 2",
		"call.play=a = b.wav",      NULL,
	};
	static const char want[] =
		"sip.header=\nsip.header=X-A: 1\nsip.header=Y: 2\n"
		"dial.calls_per_second=10\ncall.play=a = b.wav\n";
	struct sipd_options row, engine;
	char *lines;
	(void)state;

	sipd_options_init(&row);
	sipd_options_init(&engine);
	assert_int_equal(sipd_options_apply_list(&row, list,
						 SIPD_SCOPE_CAMPAIGN, true),
			 0);
	lines = sipd_options_to_lines(&row, SIPD_SCOPE_CAMPAIGN);
	assert_string_equal(lines, want);

	/* over an engine's own: set to the default counts as set, and the
	 * engine's headers are cleared first */
	assert_int_equal(sipd_options_set(&engine, "dial.calls_per_second",
					  "99", false),
			 0);
	assert_int_equal(sipd_options_set(&engine, "sip.header", "Z: 3",
					  false),
			 0);
	assert_int_equal(sipd_options_from_lines(&engine, lines,
						 SIPD_SCOPE_CAMPAIGN),
			 0);
	assert_true(sipd_opt_num(&engine, SIPD_OPT_DIAL_CALLS_PER_SECOND) ==
		    10);
	assert_string_equal(sipd_opt_str(&engine, SIPD_OPT_SIP_HEADER),
			    "X-A: 1\nY: 2");
	assert_string_equal(sipd_opt_str(&engine, SIPD_OPT_CALL_PLAY),
			    "a = b.wav");

	assert_error(sipd_options_from_lines(&engine,
					     "call.play=x\n"
					     "store.path=y\n",
					     SIPD_SCOPE_CAMPAIGN),
		     SIPDIALER_EINVAL,
		     "option store.path cannot be set for "
		     "one campaign");
	assert_string_equal(sipd_opt_str(&engine, SIPD_OPT_CALL_PLAY),
			    "a = b.wav");

	free(lines);
	sipd_options_close(&row);
	sipd_options_close(&engine);
}


static int load_path(struct sipd_options *o, const char *path)
{
	char *text;
	size_t len;
	int err = sipd_options_file_read(path, &text, &len);

	if (!err) {
		err = sipd_options_file_apply(o, path, text, len, false, NULL,
					      NULL);
		sipd_options_file_free(text, len);
	}

	return err;
}


/* Loads a file of these bytes; *path is gone afterwards. */
static int load(struct sipd_options *o, const char *text, size_t len,
		char *path, size_t size)
{
	const char *dir = getenv("TMPDIR");
	int fd, err;

	(void)snprintf(path, size, "%s/sipd_options_XXXXXX",
		       dir ? dir : "/tmp");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), (ssize_t)len);
	(void)close(fd);
	err = load_path(o, path);
	(void)unlink(path);

	return err;
}


static void test_file_read_with_comments_and_blanks(void **state)
{
	static const char text[] = "\xef\xbb\xbf# account\r\n"
				   "sip.server =  pbx.example.com \r\n"
				   "\n"
				   "  sip.password=a=b#c  # the end of it\n"
				   "call.dtmf = 12#\n"
				   "sip.header = X-A: 1\nsip.header = X-B: 2";
	struct sipd_options o;
	char path[256];
	(void)state;

	sipd_options_init(&o);
	assert_int_equal(load(&o, text, sizeof(text) - 1, path, sizeof(path)),
			 0);
	assert_string_equal(sipd_opt_str(&o, SIPD_OPT_SIP_SERVER),
			    "pbx.example.com");
	assert_string_equal(sipd_opt_str(&o, SIPD_OPT_SIP_PASSWORD), "a=b#c");
	assert_string_equal(sipd_opt_str(&o, SIPD_OPT_CALL_DTMF), "12#");
	assert_string_equal(sipd_opt_str(&o, SIPD_OPT_SIP_HEADER),
			    "X-A: 1\nX-B: 2");
	sipd_options_close(&o);
}


static void test_file_error_names_line_and_changes_nothing(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		int error;
		const char *why;
	} rows[] = {
#define ROW(t, e, w) {t, sizeof(t) - 1, e, w}
		ROW("sip.server = a\n\nsip.sever = b\n", SIPDIALER_ENOENT,
		    ":3: no option \"sip.sever\"; did you mean "
		    "\"sip.server\"?"),
		ROW("sip.server = a\nsip.port = x", SIPDIALER_EINVAL,
		    ":2: option sip.port: \"x\" is not a whole number from 0 "
		    "to 65535"),
		ROW("sip.server = a\nnonsense\n", SIPDIALER_EINVAL,
		    ":2: not of the form name = value"),
		ROW("sip.server = a\0b\n", SIPDIALER_EINVAL, ":1: a NUL byte"),
	};
	struct sipd_options o;
	char path[256], want[512];
	(void)state;

	sipd_options_init(&o);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const int err = load(&o, rows[i].text, rows[i].len, path,
				     sizeof(path));

		(void)snprintf(want, sizeof(want), "%s%s", path, rows[i].why);
		assert_error(err, rows[i].error, want);
		assert_false(sipd_opt_is_set(&o, SIPD_OPT_SIP_SERVER));
	}
}


static void test_file_unreadable_or_too_large_refused(void **state)
{
	const size_t size = SIPD_OPTION_FILE_MAX + 1;
	char *text = malloc(size);
	struct sipd_options o;
	char path[256], want[300];
	(void)state;

	assert_non_null(text);
	memset(text, '\n', size);
	sipd_options_init(&o);
	assert_int_equal(load(&o, text, size - 1, path, sizeof(path)), 0);
	assert_int_equal(load(&o, text, size, path, sizeof(path)),
			 SIPDIALER_EINVAL);
	(void)snprintf(want, sizeof(want), "%s: over 1048576 bytes", path);
	assert_string_equal(sipd_error_text(), want);
	free(text);

	assert_int_equal(load_path(&o, "/nonexistent/x"), SIPDIALER_ENOENT);
	assert_error(load_path(&o, "/"), SIPDIALER_EIO, "/: Is a directory");
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_each_row_sound),
		cmocka_unit_test(test_json_of_each_option_whole),
		cmocka_unit_test(test_set_unknown_names_nearest),
		cmocka_unit_test(test_set_wrong_value_names_range),
		cmocka_unit_test(test_set_too_long_refused),
		cmocka_unit_test(test_set_while_running_only_live),
		cmocka_unit_test(test_getters_give_typed_values),
		cmocka_unit_test(test_secret_never_read_back),
		cmocka_unit_test(test_header_lines_add_up_and_clear),
		cmocka_unit_test(test_list_all_or_nothing_within_scope),
		cmocka_unit_test(test_lines_go_to_store_and_back),
		cmocka_unit_test(test_file_read_with_comments_and_blanks),
		cmocka_unit_test(
			test_file_error_names_line_and_changes_nothing),
		cmocka_unit_test(test_file_unreadable_or_too_large_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
