/**
 * @file fuzz/fuzz_sip.c  SIP messages of any bytes
 *
 * As libre reads them, then through our guards and readers: what passes a
 * guard has what it promises, and what a host would be told is clean.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "fuzz.h"
#include "port/sip/internal.h"
#include "port/sip/invite/invite.h"


static void check_text(const char *text)
{
	const size_t len = strlen(text);

	if (!sipd_utf8_valid(text, len) || !sipd_text_clean(text, len))
		abort();
}


static void check_caller(const struct sipd_sip *sip, const struct sip_msg *msg)
{
	struct invite_caller_text text;
	struct invite_reason reason;
	char *p;

	invite_caller_read(sip, msg, &text);
	if (text.caller.from)
		check_text(text.caller.from);
	if (text.caller.to)
		check_text(text.caller.to);
	if (text.caller.name)
		check_text(text.caller.name);
	check_text(text.asserted);
	check_text(text.diverted);
	check_text(text.verstat);
	for (p = text.headers; *p; p++) {
		if (*p == '\n')
			*p = ' ';
	}
	check_text(text.headers);
	invite_reason_read(msg, &reason);
	check_text(reason.text);
}


static void check_request(const struct sipd_sip *sip,
			  const struct sip_msg *msg)
{
	if (!sipd_guard_request(msg))
		return;
	if (!msg->callid.l || !msg->from.tag.l || !msg->via.branch.l ||
	    pl_cmp(&msg->cseq.met, &msg->met) || msg->cseq.num > INT32_MAX)
		abort();
	check_caller(sip, msg);
}


static void check_digest(struct sipd_sip *sip, const struct sip_msg *msg)
{
	struct mbuf *mb = mbuf_alloc(1024);
	struct sipd_auth *auth = NULL;

	if (!mb || sipd_auth_alloc(&auth, sip))
		abort();
	sip->realm[0] = '\0';
	if (!sipd_auth_challenge(auth, msg)) {
		if (sipd_auth_encode(mb, auth, "INVITE", "sip:1@192.0.2.1"))
			abort();
		/* whole lines, nothing between them */
		for (size_t i = 0; i < mb->end; i++) {
			if (mb->buf[i] == '\n'
				    ? !i || mb->buf[i - 1] != '\r'
				    : mb->buf[i] < ' ' && mb->buf[i] != '\r')
				abort();
		}
	}
	mem_deref(auth);
	mem_deref(mb);
}


static void check_response(struct sipd_sip *sip, const struct sip_msg *msg)
{
	int sip_cause = 0, q850;

	if (sipd_guard_status_line(msg) &&
	    (msg->scode < 100 || msg->scode > 699))
		abort();
	(void)sipd_guard_response(msg, "c1", "f1", 7, "INVITE");
	q850 = sipd_reason_q850(msg, &sip_cause);
	if (q850 < 0 || q850 > 127 || sip_cause < 0 || sip_cause > 699)
		abort();
	check_digest(sip, msg);
}


static void check(struct sipd_sip *sip, struct sip_msg *msg)
{
	struct sa addr;
	struct pl sdp;

	if (sa_set_str(&addr, "192.0.2.1", 5060))
		abort();
	msg->src = addr;
	if (invite_body_sdp(msg, &sdp) &&
	    ((const uint8_t *)sdp.p < msg->mb->buf ||
	     (const uint8_t *)sdp.p + sdp.l > msg->mb->buf + msg->mb->end))
		abort();
	(void)invite_expires(msg);
	if (msg->req)
		check_request(sip, msg);
	else
		check_response(sip, msg);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sipd_sip sip;
	struct sip_msg *msg = NULL;
	struct mbuf *mb;
	struct sa addr;

	if (!sip.conf.server) {
		sip.conf.server = "192.0.2.1";
		sip.conf.domain = sip.conf.realm = sip.conf.auth_user = "";
		sip.conf.user = "us";
		sip.conf.password = "secret";
		if (sa_set_str(&addr, "192.0.2.1", 0))
			abort();
		sipd_guard_learn(&sip, &addr);
	}

	mb = mbuf_alloc(size + 1);
	if (!mb || mbuf_write_mem(mb, data, size))
		abort();
	mb->pos = 0;
	if (!sip_msg_decode(&msg, mb))
		check(&sip, msg);
	mem_deref(msg);
	mem_deref(mb);

	return 0;
}
