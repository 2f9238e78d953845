/**
 * @file test_sdp_formats.c  Codecs, their numbers and keys in offer and answer
 */
#include <stdio.h>
#include <string.h>
#include "lib/cmocka_all.h"
#include "base/error.h"
#include "port/codec/opus.h"
#include "port/sip/sdp/sdp.h"

#define HEAD "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n"
#define CONN "c=IN IP4 192.0.2.1\r\nt=0 0\r\n"

static char text[2048];


static struct sipd_sdp_local ours(void)
{
	struct sipd_sdp_local local = {
		.codecs = {SIPD_CODEC_OPUS, SIPD_CODEC_G722, SIPD_CODEC_L16,
			   SIPD_CODEC_PCMA, SIPD_CODEC_PCMU},
		.codecc = 5,
		.telephone_event = true,
		.session_id = 7,
		.version = 1,
	};

	assert_true(sipd_addr_parse(&local.addr, "198.51.100.2", 30000));

	return local;
}


/* Their offer to us: what was agreed, and our answer in `text`. */
static struct sipd_sdp_remote offered(const char *media)
{
	const struct sipd_sdp_local local = ours();
	struct sipd_sdp_remote r;
	char sdp[2048];

	(void)snprintf(sdp, sizeof(sdp), HEAD CONN "%s", media);
	assert_int_equal(sipd_sdp_offer_read(&local, sdp, strlen(sdp), &r,
					     text, sizeof(text)),
			 0);

	return r;
}


/* Their answer to ours. */
static struct sipd_sdp_remote answered(const char *media)
{
	const struct sipd_sdp_local local = ours();
	struct sipd_sdp_remote r;
	char sdp[2048];

	(void)snprintf(sdp, sizeof(sdp), HEAD CONN "%s", media);
	assert_int_equal(sipd_sdp_answer_read(&local, sdp, strlen(sdp), &r),
			 0);

	return r;
}


static bool is_event(const struct sipd_sdp_remote *r, uint8_t pt, uint8_t khz)
{
	size_t i;

	for (i = 0; i < r->eventc; ++i)
		if (r->events[i].pt == pt && r->events[i].khz == khz)
			return true;

	return false;
}


/* conformance: RFC 7587 7.1 | Opus offered as opus/48000/2 with its parameters | unit */
/* conformance: RFC 4733 2.1 | keys offered at 8, 16 and 48 kHz with the codecs of these clocks | unit */
static void test_offer_lists_codecs_in_order(void **state)
{
	const struct sipd_sdp_local local = ours();
	(void)state;

	if (!sipd_opus_built())
		skip();
	assert_true(sipd_sdp_offer(&local, text, sizeof(text)) > 0);
	assert_non_null(
		strstr(text,
		       "m=audio 30000 RTP/AVP 107 9 108 8 0 101 102 103\r\n"));
	assert_non_null(strstr(text, "a=rtpmap:107 opus/48000/2\r\n"));
	assert_non_null(strstr(text, ";useinbandfec=1\r\n"));
	assert_non_null(strstr(text, "a=rtpmap:9 G722/8000\r\n"));
	assert_non_null(strstr(text, "a=rtpmap:108 L16/16000\r\n"));
	assert_non_null(
		strstr(text, "a=rtpmap:102 telephone-event/16000\r\n"));
	assert_non_null(
		strstr(text, "a=rtpmap:103 telephone-event/48000\r\n"));
}


/* conformance: RFC 3264 6.1 | an offer is answered with one codec, the first of ours that it has | unit */
static void test_offer_answered_by_our_preference(void **state)
{
	struct sipd_sdp_remote r;
	(void)state;

	r = offered("m=audio 40000 RTP/AVP 0 8 9 18 97\r\n"
		    "a=rtpmap:97 telephone-event/8000\r\n");
	assert_int_equal(r.codec, SIPD_CODEC_G722);
	assert_int_equal(r.pt, 9);
	assert_non_null(strstr(text, "m=audio 30000 RTP/AVP 9 97\r\n"));
	assert_null(strstr(text, "PCMU"));
	/* who sends another of those offered is understood */
	assert_int_equal(r.pt_in[SIPD_CODEC_PCMU], 0);
	assert_int_equal(r.pt_in[SIPD_CODEC_OPUS], SIPD_PT_NONE);
}


/* conformance: RFC 3264 5.1 | dynamic payload types are the peer's towards it, ours towards us | unit */
static void test_dynamic_numbers_of_both_sides(void **state)
{
	struct sipd_sdp_remote r;
	(void)state;

	if (!sipd_opus_built())
		skip();
	r = offered("m=audio 40000 RTP/AVP 0 111 110\r\n"
		    "a=rtpmap:111 OPUS/48000/2\r\n"
		    "a=rtpmap:110 telephone-event/48000\r\n");
	assert_int_equal(r.codec, SIPD_CODEC_OPUS);
	assert_int_equal(r.pt, 111);
	assert_int_equal(r.pt_in[SIPD_CODEC_OPUS], 111);
	assert_int_equal(r.dtmf_pt, 110);
	assert_int_equal(r.dtmf_khz, 48);
	assert_non_null(strstr(text, "m=audio 30000 RTP/AVP 111 110\r\n"));
	assert_non_null(
		strstr(text, "a=rtpmap:110 telephone-event/48000\r\n"));

	/* an answer may number as it likes: we are sent what we offered */
	r = answered("m=audio 40000 RTP/AVP 120\r\n"
		     "a=rtpmap:120 opus/48000/2\r\n");
	assert_int_equal(r.pt, 120);
	assert_int_equal(r.pt_in[SIPD_CODEC_OPUS], 107);
}


static void test_answer_first_of_theirs_is_sent(void **state)
{
	const struct sipd_sdp_remote r = answered(
		"m=audio 40000 RTP/AVP 8 9 101\r\n"
		"a=rtpmap:101 telephone-event/8000\r\n");
	(void)state;

	assert_int_equal(r.codec, SIPD_CODEC_PCMA);
	assert_int_equal(r.pt_in[SIPD_CODEC_G722], 9);
	assert_true(is_event(&r, 101, 8));
}


/* conformance: RFC 4733 2.1 | keys at the clock of the codec where both have it, else at another | unit */
static void test_keys_at_the_codecs_clock(void **state)
{
	struct sipd_sdp_remote r;
	(void)state;

	if (!sipd_opus_built())
		skip();
	r = answered("m=audio 40000 RTP/AVP 107 101 103\r\n"
		     "a=rtpmap:107 opus/48000/2\r\n"
		     "a=rtpmap:101 telephone-event/8000\r\n"
		     "a=rtpmap:103 telephone-event/48000\r\n");
	assert_int_equal(r.dtmf_pt, 103);
	assert_int_equal(r.dtmf_khz, 48);
	assert_true(is_event(&r, 101, 8));

	r = answered("m=audio 40000 RTP/AVP 107 101\r\n"
		     "a=rtpmap:107 opus/48000/2\r\n"
		     "a=rtpmap:101 telephone-event/8000\r\n");
	assert_int_equal(r.dtmf_pt, 101);
	assert_int_equal(r.dtmf_khz, 8);

	/* a clock that nobody has */
	r = answered("m=audio 40000 RTP/AVP 0 101\r\n"
		     "a=rtpmap:101 telephone-event/90000\r\n");
	assert_int_equal(r.dtmf_pt, -1);
}


/* conformance: RFC 7587 6.1 | maxaveragebitrate and useinbandfec are read | unit */
static void test_opus_parameters_read(void **state)
{
	struct sipd_sdp_remote r;
	(void)state;

	if (!sipd_opus_built())
		skip();
	r = offered("m=audio 40000 RTP/AVP 96\r\n"
		    "a=rtpmap:96 opus/48000/2\r\n"
		    "a=fmtp:96 stereo=0; maxaveragebitrate=16000 ;"
		    "useinbandfec=1\r\n");
	assert_int_equal(r.bitrate, 16000);
	assert_true(r.opus_fec);

	r = offered("m=audio 40000 RTP/AVP 96\r\n"
		    "a=rtpmap:96 opus/48000/2\r\n"
		    "a=fmtp:96 maxaveragebitrate=99999999999;useinbandfec=x;"
		    ";;==\r\n");
	assert_int_equal(r.bitrate, 0);
	assert_false(r.opus_fec);

	/* not Opus: one channel, another clock */
	r = offered("m=audio 40000 RTP/AVP 96 97 0\r\n"
		    "a=rtpmap:96 opus/48000\r\na=rtpmap:97 opus/16000/2\r\n");
	assert_int_equal(r.codec, SIPD_CODEC_PCMU);
}


/* conformance: RFC 8866 6.4 | ptime and maxptime are honoured where the codec allows | unit */
static void test_packet_times(void **state)
{
	static const struct {
		const char *media;
		uint32_t ptime;
	} t[] = {
		{"m=audio 4000 RTP/AVP 9\r\na=ptime:10\r\n", 10},
		{"m=audio 4000 RTP/AVP 9\r\na=ptime:30\r\n", 30},
		{"m=audio 4000 RTP/AVP 9\r\na=ptime:60\r\n", 60},
		{"m=audio 4000 RTP/AVP 9\r\na=ptime:60\r\na=maxptime:40\r\n",
		 40},
		{"m=audio 4000 RTP/AVP 9\r\na=ptime:25\r\n", 20},
		{"m=audio 4000 RTP/AVP 9\r\na=ptime:200\r\n", 20},
		{"m=audio 4000 RTP/AVP 9\r\na=maxptime:10\r\n", 10},
		/* 60 ms of it are no packet of Ethernet */
		{"m=audio 4000 RTP/AVP 97\r\na=rtpmap:97 L16/16000/1\r\n"
		 "a=ptime:60\r\n",
		 40},
		{"m=audio 4000 RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\n"
		 "a=ptime:40\r\n",
		 40},
		{"m=audio 4000 RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\n"
		 "a=ptime:10\r\n",
		 20},
		{"m=audio 4000 RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\n"
		 "a=ptime:30\r\n",
		 20},
	};
	size_t i;
	(void)state;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); ++i) {
		char said[32];

		if (strstr(t[i].media, "opus") && !sipd_opus_built())
			continue;
		assert_int_equal(offered(t[i].media).ptime, t[i].ptime);
		(void)snprintf(said, sizeof(said), "a=ptime:%u\r\n",
			       t[i].ptime);
		assert_non_null(strstr(text, said));
	}
}


static void test_unknown_codecs_only_refused(void **state)
{
	const struct sipd_sdp_local local = ours();
	const char *sdp = HEAD CONN "m=audio 4000 RTP/AVP 3 18 97 13\r\n"
				    "a=rtpmap:97 iLBC/8000\r\n";
	struct sipd_sdp_remote r;
	(void)state;

	assert_int_equal(sipd_sdp_offer_read(&local, sdp, strlen(sdp), &r,
					     text, sizeof(text)),
			 SIPDIALER_EFORMAT);
	assert_non_null(strstr(sipd_error_text(), "no codec in common"));
}


/* conformance: RFC 3389 4 | comfort noise with a payload type of its own is understood | unit */
static void test_comfort_noise_numbers(void **state)
{
	struct sipd_sdp_remote r;
	(void)state;

	r = offered("m=audio 4000 RTP/AVP 9 98\r\na=rtpmap:98 CN/16000\r\n");
	assert_int_equal(r.cn_pt, 98);
	r = offered("m=audio 4000 RTP/AVP 9 13\r\n");
	assert_int_equal(r.cn_pt, SIPD_PT_NONE);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offer_lists_codecs_in_order),
		cmocka_unit_test(test_offer_answered_by_our_preference),
		cmocka_unit_test(test_dynamic_numbers_of_both_sides),
		cmocka_unit_test(test_answer_first_of_theirs_is_sent),
		cmocka_unit_test(test_keys_at_the_codecs_clock),
		cmocka_unit_test(test_opus_parameters_read),
		cmocka_unit_test(test_packet_times),
		cmocka_unit_test(test_unknown_codecs_only_refused),
		cmocka_unit_test(test_comfort_noise_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
