/**
 * @file test_event_json.c  Events as JSON; names of numbers
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sipdialer/sipdialer.h>
#include "lib/cmocka_all.h"
#include "api/events.h"

#define HEAD(name) \
	"{\"event\":\"" name "\"," \
	"\"time\":\"2024-02-29T12:34:56.007Z\",\"seq\":42"


static void assert_json(struct sipdialer_event *ev, const char *want)
{
	char buf[2048];
	int n;

	ev->size = sizeof(*ev);
	ev->time_ms = 1709210096007;
	ev->seq = 42;
	n = sipdialer_event_json(ev, buf, sizeof(buf));
	assert_string_equal(buf, want);
	assert_int_equal(n, strlen(want));
}


static void test_call_ended_has_all_fields_of_the_call(void **state)
{
	struct sipdialer_event ev = {
		.type = SIPDIALER_EVENT_CALL_ENDED,
		.call = 12,
		.to = "+4930123",
		.from = "\"A\" <x>",
		.disposition = SIPDIALER_DISPOSITION_BUSY,
		.sip_status = 486,
		.q850 = 17,
		.reason = "Busy Here",
		.ring_ms = 1200,
		.talk_ms = 0,
		.rtp_tx = 3,
		.rtp_rx = 2,
		.rtp_lost = 1,
		.rtp_jitter_ms = 0.25,
		.mos = 4.41,
		.campaign = 3,
		.contact = 9007199254740991,
		.retry_ms = -1,
	};
	(void)state;

	assert_json(&ev,
		    HEAD("call_ended") ",\"call\":12,"
				       "\"direction\":\"outbound\",\"to\":\"+"
				       "4930123\","
				       "\"from\":\"\\\"A\\\" "
				       "<x>\",\"disposition\":\"busy\","
				       "\"sip_status\":486,\"reason\":\"Busy "
				       "Here\",\"q850\":17,"
				       "\"ring_ms\":1200,\"talk_ms\":0,"
				       "\"codec\":null,"
				       "\"srtp\":null,\"amd\":{\"verdict\":"
				       "\"not_used\","
				       "\"at_ms\":null,\"beep_at_ms\":null,"
				       "\"confidence\":null},\"sit\":null,"
				       "\"message\":null,"
				       "\"dtmf\":null,\"rtp\":{\"tx\":3,"
				       "\"rx\":2,\"lost\":1,"
				       "\"jitter_ms\":0.25,\"rtt_ms\":0,"
				       "\"mos\":4.41},"
				       "\"recording\":null,\"campaign\":3,"
				       "\"contact\":9007199254740991,\"retry_"
				       "ms\":-1,"
				       "\"error\":null,\"account\":null}");
}


/* clang-format off */
static void test_each_kind_has_its_fields(void **state)
{
	uint64_t counts[16] = {
		[SIPDIALER_DISPOSITION_ANSWERED] = 5,
		[SIPDIALER_DISPOSITION_BUSY] = 2,
	};
	struct sipdialer_event registration = {
		.type = SIPDIALER_EVENT_REGISTRATION,
		.status = SIPDIALER_REGISTRATION_REGISTERED,
		.sip_status = 200, .reason = "OK", .expires_s = 300,
	};
	struct sipdialer_event log = {
		.type = SIPDIALER_EVENT_LOG, .level = SIPDIALER_LOG_WARNING,
		.text = "a\nb \xff \x7f",
	};
	struct sipdialer_event lost = {
		.type = SIPDIALER_EVENT_LOST, .count = 18446744073709551615u,
	};
	struct sipdialer_event stopped = {.type = SIPDIALER_EVENT_STOPPED};
	struct sipdialer_event done = {
		.type = SIPDIALER_EVENT_DONE, .request = 5,
		.error = SIPDIALER_ENOENT, .text = "no campaign 9",
	};
	struct sipdialer_event held = {
		.type = SIPDIALER_EVENT_CALL_HELD, .call = 1, .status = 1,
	};
	struct sipdialer_event progress = {
		.type = SIPDIALER_EVENT_CAMPAIGN_PROGRESS, .campaign = 3,
		.total = 10, .pending = 3, .active = 1, .completed = 5,
		.failed = 1, .other = 0, .attempts = 8,
		.by_disposition = counts, .by_disposition_len = 16,
		.next_ms = -1,
	};
	struct sipdialer_event status = {
		.type = SIPDIALER_EVENT_CAMPAIGN_STATUS, .campaign = 3,
		.status = SIPDIALER_CAMPAIGN_PAUSED, .text = "spring",
	};
	(void)state;

	assert_json(&registration, HEAD("registration")
		",\"status\":\"registered\",\"sip_status\":200,"
		"\"reason\":\"OK\",\"expires_s\":300,\"retry_ms\":0,"
		"\"account\":null,\"headers\":null}");
	assert_json(&log, HEAD("log") ",\"level\":\"warning\","
		"\"text\":\"a\\nb \xef\xbf\xbd \\u007f\"}");
	assert_json(&lost, HEAD("lost") ",\"count\":18446744073709551615}");
	assert_json(&stopped, HEAD("stopped") "}");
	assert_json(&done, HEAD("done") ",\"request\":5,"
		"\"error\":\"SIPDIALER_ENOENT\",\"text\":\"no campaign 9\","
		"\"campaign\":null,\"contact\":null,\"count\":0,\"total\":0,"
		"\"failed\":0}");
	assert_json(&held, HEAD("call_held") ",\"call\":1,"
		"\"campaign\":null,\"contact\":null,"
		"\"status\":\"held\",\"error\":null,\"reason\":null}");
	assert_json(&progress, HEAD("campaign_progress") ",\"campaign\":3,"
		"\"total\":10,\"pending\":3,\"active\":1,\"completed\":5,"
		"\"failed\":1,\"other\":0,\"attempts\":8,"
		"\"by_disposition\":{\"answered\":5,\"busy\":2},"
		"\"next_ms\":-1}");
	assert_json(&status, HEAD("campaign_status") ",\"request\":null,"
		"\"campaign\":3,\"status\":\"paused\",\"text\":\"spring\","
		"\"error\":null,\"reason\":null,\"total\":0,\"pending\":0,\"active\":0,\"completed\":0,"
		"\"failed\":0,\"other\":0,\"attempts\":0,"
		"\"by_disposition\":{}}");
}


/* What was heard of who answered. */
static void test_kinds_of_listening_have_their_fields(void **state)
{
	struct sipdialer_event amd = {
		.type = SIPDIALER_EVENT_CALL_AMD, .call = 1,
		.status = SIPDIALER_AMD_HUMAN, .text = "final",
		.confidence = 0.96, .at_ms = 1140, .duration_ms = 300,
		.reason = "pause",
		.p_human = 0.97, .p_machine = 0.03,
	};
	struct sipdialer_event tone = {
		.type = SIPDIALER_EVENT_CALL_TONE, .call = 1,
		.text = "beep", .at_ms = 4100, .duration_ms = 500,
		.hz = 1000.5,
	};
	struct sipdialer_event message = {
		.type = SIPDIALER_EVENT_CALL_MESSAGE, .call = 1,
		.text = "cut", .reason = "the far end hung up",
	};
	(void)state;

	assert_json(&amd, HEAD("call_amd") ",\"call\":1,\"campaign\":null,"
		"\"contact\":null,\"status\":\"human\","
		"\"text\":\"final\",\"confidence\":0.96,\"at_ms\":1140,"
		"\"duration_ms\":300,\"reason\":\"pause\",\"p_human\":0.97,"
		"\"p_machine\":0.03,\"p_beep\":0}");
	assert_json(&tone, HEAD("call_tone") ",\"call\":1,"
		"\"campaign\":null,\"contact\":null,\"text\":\"beep\","
		"\"reason\":null,\"at_ms\":4100,\"duration_ms\":500,"
		"\"hz\":1000.5,\"hz2\":0}");
	assert_json(&message, HEAD("call_message") ",\"call\":1,"
		"\"campaign\":null,\"contact\":null,\"text\":\"cut\","
		"\"reason\":\"the far end hung up\"}");
}


static void test_verdict_of_a_call_is_told_with_its_times(void **state)
{
	struct sipdialer_event ev = {
		.type = SIPDIALER_EVENT_CALL_ENDED,
		.amd = SIPDIALER_AMD_MACHINE, .at_ms = 2040,
		.beep_at_ms = -1, .confidence = 0.5, .sit = "vacant",
		.message = "left",
	};
	char buf[2048];
	(void)state;

	ev.size = sizeof(ev);
	assert_true(sipdialer_event_json(&ev, buf, sizeof(buf)) > 0);
	assert_non_null(strstr(buf, "\"amd\":{\"verdict\":\"machine\","
		"\"at_ms\":2040,\"beep_at_ms\":null,\"confidence\":0.5},"
		"\"sit\":\"vacant\",\"message\":\"left\""));
	ev.beep_at_ms = 0;
	assert_true(sipdialer_event_json(&ev, buf, sizeof(buf)) > 0);
	assert_non_null(strstr(buf, "\"beep_at_ms\":0,"));
}
/* clang-format on */


static void test_length_is_the_whole_text_at_any_size(void **state)
{
	uint64_t counts[16] = {1, 2};
	const struct sipdialer_event ev = {
		.size = sizeof(ev),
		.type = SIPDIALER_EVENT_CAMPAIGN_PROGRESS,
		.campaign = 1,
		.by_disposition = counts,
		.by_disposition_len = 16,
	};
	char whole[1024], buf[1024];
	const int len = sipdialer_event_json(&ev, whole, sizeof(whole));
	(void)state;

	assert_int_equal(len, strlen(whole));
	assert_int_equal(sipdialer_event_json(&ev, NULL, 0), len);
	for (size_t size = 1; size <= (size_t)len; size++) {
		memset(buf, '#', sizeof(buf));
		assert_int_equal(sipdialer_event_json(&ev, buf, size), len);
		assert_int_equal(strlen(buf), size - 1);
		assert_memory_equal(buf, whole, size - 1);
		assert_int_equal(buf[size], '#');
	}
}


static void test_field_beyond_size_left_out(void **state)
{
	struct sipdialer_event ev = {
		.type = SIPDIALER_EVENT_CAMPAIGN_PROGRESS,
		.campaign = 1,
	};
	char buf[1024];
	(void)state;

	ev.size = offsetof(struct sipdialer_event, next_ms);
	(void)sipdialer_event_json(&ev, buf, sizeof(buf));
	assert_null(strstr(buf, "next_ms"));
	assert_non_null(strstr(buf, "by_disposition"));
}


static void test_wrong_arguments_refused(void **state)
{
	const struct sipdialer_event ev = {.type = 8, .size = sizeof(ev)};
	char buf[8];
	(void)state;

	assert_int_equal(sipdialer_event_json(NULL, buf, sizeof(buf)),
			 SIPDIALER_EINVAL);
	assert_int_equal(sipdialer_event_json(&ev, buf, sizeof(buf)),
			 SIPDIALER_EINVAL);
	assert_string_equal(sipdialer_last_error(),
			    "8 is not a kind of event");
}


static void test_names_known_and_unknown(void **state)
{
	(void)state;

	assert_string_equal(sipdialer_strerror(SIPDIALER_OK), "SIPDIALER_OK");
	assert_string_equal(sipdialer_strerror(SIPDIALER_ECANCELLED),
			    "SIPDIALER_ECANCELLED");
	assert_string_equal(sipdialer_strerror(-15), "?");
	assert_string_equal(sipdialer_strerror(1), "?");
	assert_string_equal(sipdialer_strerror(INT32_MIN), "?");
	assert_string_equal(sipdialer_event_name(SIPDIALER_EVENT_CALL_ENDED),
			    "call_ended");
	assert_string_equal(sipdialer_event_name(SIPDIALER_EVENT_NONE), "?");
	assert_string_equal(sipdialer_event_name(-1), "?");
	assert_string_equal(sipdialer_event_name(43), "?");
	assert_string_equal(sipdialer_disposition_name(
				    SIPDIALER_DISPOSITION_FAILED),
			    "failed");
	assert_string_equal(sipdialer_disposition_name(16), "?");
	assert_string_equal(sipdialer_campaign_status_name(
				    SIPDIALER_CAMPAIGN_RUNNING),
			    "running");
	assert_string_equal(sipdialer_registration_name(
				    SIPDIALER_REGISTRATION_FAILED),
			    "failed");
	assert_string_equal(sipdialer_version(), SIPDIALER_VERSION);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_call_ended_has_all_fields_of_the_call),
		cmocka_unit_test(test_each_kind_has_its_fields),
		cmocka_unit_test(test_kinds_of_listening_have_their_fields),
		cmocka_unit_test(
			test_verdict_of_a_call_is_told_with_its_times),
		cmocka_unit_test(test_length_is_the_whole_text_at_any_size),
		cmocka_unit_test(test_field_beyond_size_left_out),
		cmocka_unit_test(test_wrong_arguments_refused),
		cmocka_unit_test(test_names_known_and_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
