/**
 * @file test_sdp.c  Offer and answer
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/cmocka_all.h"
#include "base/error.h"
#include "port/sip/sdp/sdp.h"

#define HEAD "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n"
#define CONN "c=IN IP4 192.0.2.1\r\nt=0 0\r\n"


static struct sipd_sdp_local local_make(void)
{
	struct sipd_sdp_local local = {
		.codecs = {SIPD_CODEC_PCMU, SIPD_CODEC_PCMA},
		.codecc = 2,
		.telephone_event = true,
		.session_id = 7,
		.version = 1,
	};

	assert_true(sipd_addr_parse(&local.addr, "198.51.100.2", 30000));

	return local;
}


static int answer(const char *sdp, struct sipd_sdp_remote *remote)
{
	const struct sipd_sdp_local local = local_make();

	return sipd_sdp_answer_read(&local, sdp, strlen(sdp), remote);
}


static void assert_refused(const char *sdp, const char *why)
{
	struct sipd_sdp_remote remote;

	assert_int_equal(answer(sdp, &remote), SIPDIALER_EFORMAT);
	if (!strstr(sipd_error_text(), why))
		fail_msg("\"%s\" is not in \"%s\"", why, sipd_error_text());
}


static void assert_addr(const union sipd_addr *a, const char *text)
{
	char buf[SIPD_ADDR_SIZE];

	assert_string_equal(sipd_addr_text(a, buf, sizeof(buf)), text);
}


static void test_offer_text_exact(void **state)
{
	struct sipd_sdp_local local = local_make();
	char buf[512];
	size_t len;
	(void)state;

	len = sipd_sdp_offer(&local, buf, sizeof(buf));
	assert_int_equal(len, strlen(buf));
	assert_string_equal(buf,
			    "v=0\r\no=- 7 1 IN IP4 198.51.100.2\r\ns=-\r\n"
			    "c=IN IP4 198.51.100.2\r\nt=0 0\r\n"
			    "m=audio 30000 RTP/AVP 0 8 101\r\n"
			    "a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
			    "a=rtpmap:101 telephone-event/8000\r\n"
			    "a=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n");

	assert_int_equal(sipd_sdp_offer(&local, buf, len), 0);
	assert_int_equal(sipd_sdp_offer(&local, buf, len + 1), len);
}


static void test_offer_ipv6_says_ip6(void **state)
{
	struct sipd_sdp_local local = local_make();
	char buf[512];
	(void)state;

	assert_true(sipd_addr_parse(&local.addr, "2001:db8::1", 30000));
	assert_true(sipd_sdp_offer(&local, buf, sizeof(buf)) > 0);
	assert_non_null(strstr(buf, "c=IN IP6 2001:db8::1\r\n"));
}


static void test_answer_plain_read(void **state)
{
	struct sipd_sdp_remote r;
	(void)state;

	assert_int_equal(
		answer(HEAD CONN
		       "m=audio 40000 RTP/AVP 8 97\r\n"
		       "a=rtpmap:97 telephone-event/8000\r\na=ptime:30\r\n",
		       &r),
		0);
	assert_addr(&r.rtp, "192.0.2.1:40000");
	assert_addr(&r.rtcp, "192.0.2.1:40001");
	assert_int_equal(r.codec, SIPD_CODEC_PCMA);
	assert_int_equal(r.pt, 8);
	assert_int_equal(r.pt_in[SIPD_CODEC_PCMU], 0);
	assert_int_equal(r.pt_in[SIPD_CODEC_PCMA], 8);
	assert_int_equal(r.dtmf_pt, 97);
	assert_int_equal(r.ptime, 30);
	assert_int_equal(r.dir, SIPD_SENDRECV);
	assert_false(r.rtcp_mux);
}


static void test_answer_details_read(void **state)
{
	struct sipd_sdp_remote r;
	(void)state;

	/* media level c= and a=rtcp, dynamic number, no DTMF, bare LF */
	assert_int_equal(
		answer("v=0\nc=IN IP4 192.0.2.9\n"
		       "m=audio 40000 RTP/AVPF 96\nc=IN IP4 192.0.2.7\n"
		       "a=rtpmap:96 pcmu/8000/1\na=rtcp:41000 IN IP4 "
		       "192.0.2.8\n"
		       "a=recvonly\n",
		       &r),
		0);
	assert_addr(&r.rtp, "192.0.2.7:40000");
	assert_addr(&r.rtcp, "192.0.2.8:41000");
	assert_int_equal(r.codec, SIPD_CODEC_PCMU);
	assert_int_equal(r.pt, 96);
	assert_int_equal(r.dtmf_pt, -1);
	assert_int_equal(r.dir, SIPD_SENDONLY);

	assert_int_equal(answer(HEAD CONN "m=audio 40000 RTP/AVP 0\r\n"
					  "a=ptime:999999\r\n",
				&r),
			 0);
	assert_int_equal(r.ptime, 20);

	assert_int_equal(answer(HEAD CONN "m=audio 65535 RTP/AVP 0\r\n", &r),
			 0);
	assert_int_equal(r.rtcp.sa.sa_family, 0);
}


static void test_answer_hold_seen_from_us(void **state)
{
	struct sipd_sdp_remote r;
	(void)state;

	assert_int_equal(answer(HEAD CONN "a=sendonly\r\n"
					  "m=audio 40000 RTP/AVP 0\r\n",
				&r),
			 0);
	assert_int_equal(r.dir, SIPD_RECVONLY);

	assert_int_equal(answer(HEAD CONN
				"a=sendonly\r\n"
				"m=audio 40000 RTP/AVP 0\r\na=inactive\r\n",
				&r),
			 0);
	assert_int_equal(r.dir, SIPD_INACTIVE);

	assert_int_equal(answer(HEAD "c=IN IP4 0.0.0.0\r\n"
				     "m=audio 40000 RTP/AVP 0\r\n",
				&r),
			 0);
	assert_int_equal(r.dir, SIPD_RECVONLY);
	assert_int_equal(r.rtp.sa.sa_family, 0);
	assert_int_equal(r.rtcp.sa.sa_family, 0);
}


static void test_answer_first_usable_line_taken(void **state)
{
	struct sipd_sdp_remote r;
	(void)state;

	assert_int_equal(
		answer(HEAD CONN
		       "m=video 30000 RTP/AVP 31\r\n"
		       "m=audio 0 RTP/AVP 0\r\nm=audio 40002 RTP/SAVP 0\r\n"
		       "m=audio 40004 RTP/AVP 18\r\nm=audio 40006 RTP/AVP "
		       "8\r\n",
		       &r),
		0);
	assert_addr(&r.rtp, "192.0.2.1:40006");
}


static void test_answer_unusable_refused(void **state)
{
	(void)state;

	assert_refused("", "no SDP");
	assert_refused("v=1\r\n", "v=0");
	assert_refused(HEAD CONN, "no m= line");
	assert_refused(HEAD CONN "m=\r\n", "m= line is cut");
	assert_refused(HEAD CONN "m=audio 0 RTP/AVP 0\r\n", "refused");
	assert_refused(HEAD CONN "m=audio -1 RTP/AVP 0\r\n", "port");
	assert_refused(HEAD CONN "m=audio 70000 RTP/AVP 0\r\n", "port");
	assert_refused(HEAD CONN "m=audio 53 RTP/AVP 0\r\n", "port");
	assert_refused(HEAD CONN "m=audio 40000 RTP/SAVP 0\r\n",
		       "media.srtp is off");
	assert_refused(HEAD CONN "m=audio 40000 RTP/AVP 18\r\n", "codec");
	assert_refused(HEAD CONN "m=audio 40000 RTP/AVP 999999 -1\r\n",
		       "codec");
	assert_refused(HEAD CONN "m=audio 40000 RTP/AVP 0\r\n"
				 "a=rtpmap:0 PCMU/0\r\n",
		       "codec");
	assert_refused(HEAD "m=audio 40000 RTP/AVP 0\r\n", "no connection");
	assert_refused(HEAD "c=IN IP4 pbx.example.com\r\n"
			    "m=audio 40000 RTP/AVP 0\r\n",
		       "unicast");
	assert_refused(HEAD "c=IN IP4 224.2.0.1/127\r\n"
			    "m=audio 40000 RTP/AVP 0\r\n",
		       "unicast");
	assert_refused(HEAD "c=IN IP4 255.255.255.255\r\n"
			    "m=audio 40000 RTP/AVP 0\r\n",
		       "unicast");
	assert_refused(HEAD "c=IN IP6 2001:db8::2\r\n"
			    "m=audio 40000 RTP/AVP 0\r\n",
		       "IP version");
}


static void test_answer_not_offered_refused(void **state)
{
	struct sipd_sdp_local local = local_make();
	struct sipd_sdp_remote r;
	const char sdp[] = HEAD CONN "m=audio 40000 RTP/AVP 8 101\r\n"
				     "a=rtpmap:101 telephone-event/8000\r\n";
	(void)state;

	local.codecc = 1; /* PCMU only */
	assert_int_equal(sipd_sdp_answer_read(&local, sdp, strlen(sdp), &r),
			 SIPDIALER_EFORMAT);

	local.codecc = 2;
	local.telephone_event = false;
	assert_int_equal(sipd_sdp_answer_read(&local, sdp, strlen(sdp), &r),
			 0);
	assert_int_equal(r.dtmf_pt, -1);
}


static void test_answer_too_many_lines_refused(void **state)
{
	char sdp[2048] = HEAD CONN;
	int i;
	(void)state;

	for (i = 0; i < 17; i++)
		strcat(sdp, "m=audio 40000 RTP/AVP 0\r\n");
	assert_refused(sdp, "more than 16");
}


static void test_offer_read_answered(void **state)
{
	const struct sipd_sdp_local local = local_make();
	struct sipd_sdp_remote r;
	char out[1024];
	const char sdp[] = HEAD CONN
		"m=video 30000 RTP/AVP 31 32\r\n"
		"m=audio 40000 RTP/AVP 18 96 8 100\r\n"
		"a=rtpmap:96 PCMU/8000\r\n"
		"a=rtpmap:100 telephone-event/8000\r\na=sendonly\r\n";
	(void)state;

	assert_int_equal(sipd_sdp_offer_read(&local, sdp, strlen(sdp), &r, out,
					     sizeof(out)),
			 0);
	assert_string_equal(out,
			    "v=0\r\no=- 7 1 IN IP4 198.51.100.2\r\ns=-\r\n"
			    "c=IN IP4 198.51.100.2\r\nt=0 0\r\n"
			    "m=video 0 RTP/AVP 31 32\r\n"
			    "m=audio 30000 RTP/AVP 96 100\r\n"
			    "a=rtpmap:96 PCMU/8000\r\n"
			    "a=rtpmap:100 telephone-event/8000\r\n"
			    "a=fmtp:100 0-16\r\na=ptime:20\r\na=recvonly\r\n");
	assert_int_equal(r.pt, 96);
	assert_int_equal(r.pt_in[SIPD_CODEC_PCMU], 96);
	assert_int_equal(r.dtmf_pt, 100);
	assert_int_equal(r.dir, SIPD_RECVONLY);

	assert_int_equal(sipd_sdp_offer_read(&local, sdp, strlen(sdp), &r, out,
					     64),
			 SIPDIALER_EFORMAT);
}


/* ---- corpus ------------------------------------------------------------ */

static bool corpus_file(const char *path, bool *usable)
{
	const struct sipd_sdp_local local = local_make();
	struct sipd_sdp_remote r;
	char *out = malloc(65536), *text;
	FILE *f = fopen(path, "rb");
	size_t len;
	int err;

	assert_non_null(f);
	text = malloc(2 << 20);
	assert_true(text && out);
	len = fread(text, 1, 2 << 20, f);
	(void)fclose(f);

	/* exactly as long as the text, so that ASan sees each over-read */
	text = realloc(text, len ? len : 1);
	assert_non_null(text);
	err = sipd_sdp_answer_read(&local, text, len, &r);
	assert_true(err == 0 || err == SIPDIALER_EFORMAT);
	*usable = err == 0;
	if (!err && r.rtp.sa.sa_family)
		assert_true(sipd_addr_port(&r.rtp) >= 1024);
	if (!err) {
		assert_true(r.codec == SIPD_CODEC_PCMU ||
			    r.codec == SIPD_CODEC_PCMA);
		assert_true(r.ptime >= 10 && r.ptime <= 60);
	}
	err = sipd_sdp_offer_read(&local, text, len, &r, out, 4096);
	assert_true(err == 0 || err == SIPDIALER_EFORMAT);
	free(text);
	free(out);

	return true;
}


static void test_corpus_verdicts(void **state)
{
	/* clang-format off */
	static const struct { const char *path; bool usable; } known[] = {
		{ "sdp-gen/bbig.sdp", true },
		{ "sdp-gen/c0.sdp", true },
		{ "sdp-gen/c255.sdp", false },
		{ "sdp-gen/c999.sdp", false },
		{ "sdp-gen/cneg.sdp", false },
		{ "sdp-gen/cshort.sdp", false },
		{ "sdp-gen/empty.sdp", false },
		{ "sdp-gen/inactive.sdp", true },
		{ "sdp-gen/sendonly.sdp", true },
		{ "sdp-gen/longline.sdp", false },
		{ "sdp-gen/m_bare.sdp", false },
		{ "sdp-gen/m_fmt999.sdp", false },
		{ "sdp-gen/m_fmtneg.sdp", false },
		{ "sdp-gen/m_nofmt.sdp", false },
		{ "sdp-gen/m_only18.sdp", false },
		{ "sdp-gen/m_p0.sdp", false },
		{ "sdp-gen/m_p1.sdp", false },
		{ "sdp-gen/m_pbig.sdp", false },
		{ "sdp-gen/m_pneg.sdp", false },
		{ "sdp-gen/m_pslash.sdp", false },
		{ "sdp-gen/nul.sdp", false },
		{ "sdp-gen/ptimehuge.sdp", true },
		{ "sdp-gen/rtcp0.sdp", true },
		{ "sdp-gen/rtcpbad.sdp", true },
		{ "sdp-gen/rtpmap_zero.sdp", true },
		{ "sdp-gen/trail.sdp", true },
		{ "sdp-osip/sdp0", false },  /* multicast */
		{ "sdp-osip/sdp1", false },  /* name as address */
		{ "sdp-osip/sdp11", true },
		{ "sdp-osip/sdp13", true },
		{ "sdp-osip/sdp3", false },  /* port 0 */
		{ "sdp-osip/sdp5", false },  /* port 492170 */
		{ "sdp-sofia/sofia-message-11.sdp", true },
		{ "sdp-sofia/sofia-message-1.sdp", false },
	};
	/* clang-format on */
	const char *root = getenv("SHARED_DATA");
	char path[512];
	bool usable;
	size_t i;
	(void)state;

	(void)snprintf(path, sizeof(path), "%s/corpus/sdp-gen",
		       root ? root : "");
	if (!root || access(path, R_OK)) {
		print_message("skipped: no SHARED_DATA\n");
		skip();
	}

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/corpus/%s", root,
			       known[i].path);
		(void)corpus_file(path, &usable);
		if (usable != known[i].usable)
			fail_msg("%s: %s", known[i].path,
				 usable ? "taken" : sipd_error_text());
	}
}


static void test_corpus_whole_no_crash(void **state)
{
	const char *root = getenv("SHARED_DATA");
	unsigned files = 0, taken = 0;
	char path[1024];
	struct dirent *set;
	DIR *top;
	(void)state;

	(void)snprintf(path, sizeof(path), "%s/corpus", root ? root : "");
	top = root ? opendir(path) : NULL;
	if (!top) {
		print_message("skipped: no SHARED_DATA\n");
		skip();
	}

	while ((set = readdir(top))) {
		struct dirent *de;
		DIR *dir;

		if (strncmp(set->d_name, "sdp-", 4))
			continue;
		(void)snprintf(path, sizeof(path), "%s/corpus/%s", root,
			       set->d_name);
		dir = opendir(path);
		assert_non_null(dir);
		while ((de = readdir(dir))) {
			bool usable;

			if (de->d_name[0] == '.')
				continue;
			(void)snprintf(path, sizeof(path), "%s/corpus/%s/%s",
				       root, set->d_name, de->d_name);
			files += corpus_file(path, &usable);
			taken += usable;
		}
		(void)closedir(dir);
	}
	(void)closedir(top);

	print_message("%u descriptions, %u usable\n", files, taken);
	assert_true(files >= 80);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offer_text_exact),
		cmocka_unit_test(test_offer_ipv6_says_ip6),
		cmocka_unit_test(test_answer_plain_read),
		cmocka_unit_test(test_answer_details_read),
		cmocka_unit_test(test_answer_hold_seen_from_us),
		cmocka_unit_test(test_answer_first_usable_line_taken),
		cmocka_unit_test(test_answer_unusable_refused),
		cmocka_unit_test(test_answer_not_offered_refused),
		cmocka_unit_test(test_answer_too_many_lines_refused),
		cmocka_unit_test(test_offer_read_answered),
		cmocka_unit_test(test_corpus_verdicts),
		cmocka_unit_test(test_corpus_whole_no_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
