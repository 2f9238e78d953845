/**
 * @file test_invite_noack.c  The caller never acknowledges our answer
 *
 * One test alone: it takes 64*T1, 32 s. RFC 3261 13.3.1.4
 */
#include "telephone.h"

enum { NOACK_MS = 50000 };


static int incoming_handler(struct sipd_invite *inv,
			    const struct sipd_invite_caller *caller, void *arg)
{
	static const struct sipd_invite_handlers h = {
		.progress = progress_handler,
		.media = media_handler,
		.answered = answered_handler,
		.info_dtmf = dtmf_handler,
		.ended = ended_handler,
	};
	struct sipd_sdp_local local = {
		.codecs = {SIPD_CODEC_PCMU},
		.codecc = 1,
		.session_id = 7,
		.version = 1,
	};
	struct side *s = arg;

	(void)sipd_addr_parse(&local.addr, "127.0.0.1", 30000);
	sipd_invite_take(inv, 60000, &h, s);
	sipd_invite_answer(inv, &local);
	if (!strcmp(caller->from, "2")) /* hung up, and the BYE must wait */
		sipd_invite_hangup(inv, "enough");

	return 0;
}


static void do_listen(struct side *s)
{
	union sipd_addr addr;
	const char *local = sipd_sip_local(s->sip);

	sipd_sip_incoming(s->sip, incoming_handler, s);
	(void)sipd_addr_parse(&addr, "127.0.0.1",
			      (uint16_t)atoi(strrchr(local, ':') + 1));
	s->peer = addr.in;
}


static void invite(struct side *s, const char *user)
{
	const char *body = sdp(40000, "");
	char msg[MSG], buf[MSG];

	(void)snprintf(msg, sizeof(msg),
		       "INVITE sip:alice@127.0.0.1 SIP/2.0\r\n"
		       "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKn%s\r\n"
		       "From: <sip:%s@127.0.0.1>;tag=caller\r\n"
		       "To: <sip:alice@127.0.0.1>\r\nCall-ID: noack-%s\r\n"
		       "CSeq: 1 INVITE\r\nMax-Forwards: 70\r\n"
		       "Contact: <sip:uac%s@127.0.0.1:%u>\r\n"
		       "Content-Type: application/sdp\r\n"
		       "Content-Length: %zu\r\n\r\n%s",
		       s->port, user, user, user, user, s->port, strlen(body),
		       body);
	raw_send(s, msg);
	expect(s, "SIP/2.0 200", buf);
}


/* conformance: RFC 3261 13.3.1.4 | no ACK of our 200 within 64 T1: BYE | own telephone */
static void test_no_ack_bye_after_32_s(void **state)
{
	const uint64_t begin = sipd_clock_ms();
	struct side *s = *state;
	bool bye[3] = {false, false, false};
	char buf[MSG];
	unsigned copies = 0;

	on_loop(s, do_listen);
	invite(s, "2");
	AWAIT(s, ended, 1);
	invite(s, "1");
	AWAIT(s, answered, 2);

	while (!bye[1] || !bye[2]) {
		assert_true(sipd_clock_ms() - begin < NOACK_MS);
		if (!msg_recv(s, buf, NOACK_MS))
			continue;
		if (strncmp(buf, "BYE sip:uac", 11)) {
			copies += !strncmp(buf, "SIP/2.0 200", 11);
			continue;
		}
		assert_true(sipd_clock_ms() - begin >= 31000);
		bye[buf[11] == '2' ? 2 : 1] = true;
		reply(s, buf, "200 OK", "", "");
	}
	/* 0.5 1.5 3.5 7.5 11.5 15.5 19.5 23.5 27.5 31.5 s, of two calls */
	assert_in_range(copies, 18, 20);
	AWAIT(s, ended, 2);
	assert_int_equal(s->told.end.error, SIPDIALER_ENET);
	assert_true(s->told.end.answered);
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_no_ack_bye_after_32_s),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
