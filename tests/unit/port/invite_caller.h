/**
 * @file invite_caller.h  A server that calls, for the tests of sessions that
 *                        come in
 *
 * The telephone of telephone.h is the server.
 */
#ifndef TEST_INVITE_CALLER_H
#define TEST_INVITE_CALLER_H

#include "telephone.h"

/* What the handler does, and the call as it saw it: the texts are there once
 * it is counted in `calls`. */
struct coming {
	struct side *s;
	_Atomic int status;  /* to return */
	_Atomic bool answer; /* at once, inside the handler */
	_Atomic int ring_ms; /* 0: 60 s */
	_Atomic int calls;
	_Atomic bool replaces; /* another one */
	char from[300], name[300], to[300];
	char asserted[300], diverted[300], verstat[300], headers[5000];
	_Atomic int reject_status;
	_Atomic int codec; /* to answer with; NONE: both */
};

static struct coming *coming; /* of the test that runs */

static unsigned branch_number;


HELPER void do_answer(struct side *s)
{
	struct sipd_sdp_local local = {
		.codecs = {SIPD_CODEC_PCMU, SIPD_CODEC_PCMA},
		.codecc = 2,
		.telephone_event = true,
		.session_id = 7,
		.version = 1,
	};

	if (coming->codec != SIPD_CODEC_NONE) {
		local.codecs[0] = (enum sipd_codec_id)coming->codec;
		local.codecc = 1;
	}
	(void)sipd_addr_parse(&local.addr, "127.0.0.1", 30000);
	sipd_invite_answer(s->inv, &local);
}


HELPER void do_reject(struct side *s)
{
	sipd_invite_reject(s->inv, coming->reject_status, "not today");
}


HELPER int incoming_handler(struct sipd_invite *inv,
			    const struct sipd_invite_caller *caller, void *arg)
{
	static const struct sipd_invite_handlers h = {
		.progress = progress_handler,
		.media = media_handler,
		.answered = answered_handler,
		.info_dtmf = dtmf_handler,
		.ended = ended_handler,
	};
	struct side *s = arg;
	const int status = coming->status;

	(void)pthread_mutex_lock(&s->lock);
	(void)snprintf(coming->from, sizeof(coming->from), "%s", caller->from);
	(void)snprintf(coming->name, sizeof(coming->name), "%s", caller->name);
	(void)snprintf(coming->to, sizeof(coming->to), "%s", caller->to);
	(void)snprintf(coming->asserted, sizeof(coming->asserted), "%s",
		       caller->asserted);
	(void)snprintf(coming->diverted, sizeof(coming->diverted), "%s",
		       caller->diverted);
	(void)snprintf(coming->verstat, sizeof(coming->verstat), "%s",
		       caller->verstat);
	(void)snprintf(coming->headers, sizeof(coming->headers), "%s",
		       caller->headers);
	coming->replaces = caller->replaces != NULL;
	(void)pthread_mutex_unlock(&s->lock);
	if (!status) {
		s->inv = inv;
		sipd_invite_take(inv,
				 coming->ring_ms ? (uint32_t)coming->ring_ms
						 : 60000,
				 &h, s);
		if (coming->answer)
			do_answer(s);
	}
	TELL(coming->calls++);

	return status;
}


HELPER void do_listen(struct side *s)
{
	sipd_sip_incoming(s->sip, incoming_handler, s);
}


HELPER void find_stack(struct side *s)
{
	union sipd_addr addr;
	const char *local = sipd_sip_local(s->sip);

	assert_true(sipd_addr_parse(&addr, "127.0.0.1",
				    (uint16_t)atoi(strrchr(local, ':') + 1)));
	s->peer = addr.in;
}


/* ---- the caller --------------------------------------------------------- */

struct ask {
	const char *uri;     /* of the request */
	const char *from;    /* without tag */
	const char *to;      /* with tag, if any */
	const char *contact; /* "" none */
	const char *headers;
	const char *body;
	const char *type;
	const char *callid;
	unsigned branch; /* 0: a new one */
	const char *method;
	const char *met; /* in CSeq */
	unsigned cseq;
};

static const __attribute__((unused)) struct ask plain = {
	.uri = "sip:alice@127.0.0.1",
	.from = "<sip:+4930123456@127.0.0.1>",
	.to = "<sip:4711@127.0.0.1>",
	.contact = "Contact: <sip:uac@127.0.0.1:%u>\r\n",
	.headers = "",
	.type = "application/sdp",
	.callid = "in-1",
	.method = "INVITE",
	.met = "INVITE",
	.cseq = 1,
};


HELPER void ask_write(const struct side *s, const struct ask *a, char *msg)
{
	char contact[256];

	(void)snprintf(contact, sizeof(contact), a->contact, s->port);
	(void)snprintf(
		msg, MSG,
		"%s %s SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKin%u;rport\r\n"
		"From: %s;tag=caller\r\nTo: %s\r\nCall-ID: %s\r\n"
		"CSeq: %u %s\r\nMax-Forwards: 70\r\n%s%s%s%s%s"
		"Content-Length: %zu\r\n\r\n%s",
		a->method, a->uri, s->port,
		a->branch ? a->branch : ++branch_number, a->from, a->to,
		a->callid, a->cseq, a->met, contact, a->headers,
		a->body ? "Content-Type: " : "", a->body ? a->type : "",
		a->body ? "\r\n" : "", a->body ? strlen(a->body) : (size_t)0,
		a->body ? a->body : "");
}


HELPER void ask_send(struct side *s, const struct ask *a)
{
	char msg[MSG];

	ask_write(s, a, msg);
	/* what was read of the handlers was read before: say so to tools that
	 * see no order in packets */
	(void)pthread_mutex_lock(&s->lock);
	(void)pthread_mutex_unlock(&s->lock);
	raw_send(s, msg);
}


/* The answer to it, no other. */
HELPER void refused(struct side *s, const struct ask *a, const char *status,
		    char *buf)
{
	char want[64];

	ask_send(s, a);
	(void)snprintf(want, sizeof(want), "SIP/2.0 %s", status);
	assert_true(msg_recv(s, buf, WAIT_MS));
	if (strncmp(buf, want, strlen(want)))
		fail_msg("not %s but %s", status, buf);
}


HELPER struct ask offer(void)
{
	struct ask a = plain;

	a.body = sdp(40000, "");
	a.branch = ++branch_number;

	return a;
}


/* The call rings; buf gets its 180. */
HELPER struct ask ring(struct side *s, char *buf)
{
	const struct ask a = offer();

	ask_send(s, &a);
	expect(s, "SIP/2.0 180", buf);
	await_int(s, &coming->calls, 1, "calls");

	return a;
}


/* A request in the dialog that the response `of` made. */
HELPER void in_dialog(struct side *s, const struct ask *call, const char *of,
		      const char *method, unsigned cseq, const char *body)
{
	char to[512];
	struct ask a = *call;

	(void)header(of, "To", to);
	a.to = to;
	a.method = a.met = method;
	a.cseq = cseq;
	a.branch = 0;
	a.body = body;
	ask_send(s, &a);
}


HELPER void cancel_send(struct side *s, const struct ask *call)
{
	struct ask a = *call;

	a.method = a.met = "CANCEL";
	a.body = NULL;
	a.contact = "";
	ask_send(s, &a);
}


/* The ACK of an answer above 299 has the branch of the INVITE. */
HELPER void ack_final(struct side *s, const struct ask *call, const char *of)
{
	char to[512];
	struct ask a = *call;

	(void)header(of, "To", to);
	a.to = to;
	a.method = a.met = "ACK";
	a.body = NULL;
	ask_send(s, &a);
}


HELPER struct ask answered(struct side *s, char *ok)
{
	const struct ask a = ring(s, ok);

	on_loop(s, do_answer);
	expect(s, "SIP/2.0 200", ok);
	in_dialog(s, &a, ok, "ACK", 1, NULL);

	return a;
}


HELPER void hear_bye(struct side *s, const struct ask *call, const char *ok)
{
	char buf[MSG];

	in_dialog(s, call, ok, "BYE", 50, NULL);
	expect(s, "SIP/2.0 200", buf);
	AWAIT(s, ended, 1);
}


/* ---- frame ----------------------------------------------------------------- */

HELPER int in_setup(void **state)
{
	struct side *s;

	if (setup(state))
		return -1;
	s = *state;
	coming = calloc(1, sizeof(*coming));
	coming->s = s;
	find_stack(s);
	on_loop(s, do_listen);

	return 0;
}


HELPER int closed_setup(void **state)
{
	if (setup(state))
		return -1;
	coming = calloc(1, sizeof(*coming));
	find_stack(*state);

	return 0;
}


HELPER int in_teardown(void **state)
{
	const int err = teardown(state);

	free(coming);
	coming = NULL;

	return err;
}

#define I(name) cmocka_unit_test_setup_teardown(name, in_setup, in_teardown)

#endif
