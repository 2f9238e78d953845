/*
 * One call as the called side sees it.
 */
#ifndef PHONENET_CALL_H
#define PHONENET_CALL_H

#include "net.h"
#include "sdp.h"

enum {
	T1_US = 500000,
	T2_US = 4000000,
	T64_US = 32000000,
	T4_US = 5000000,
	CALL_BUCKETS = 1 << 17,
};

enum call_state {
	CALL_HELD,     /* its journal line is not durable yet */
	CALL_EARLY,    /* no final answer yet */
	CALL_ANSWERED, /* 200 sent, no ACK yet */
	CALL_TALKING,
	CALL_REFUSED, /* other final answer sent, no ACK yet */
	CALL_OUT,     /* of ours: INVITE sent, or about to be */
	CALL_DONE,    /* over; stays to absorb repetitions */
};

enum own_kind { OWN_NONE, OWN_BYE, OWN_INVITE, OWN_CALL };

/* A request of ours within the dialog; one at a time. */
struct own {
	enum own_kind kind;
	char *msg;
	size_t len;
	uint32_t cseq;
	uint64_t gap_us, until_us;
	struct timer tmr;
};

struct stream;

struct call {
	struct call *next, *held_next;
	struct net *net;
	uint64_t key, journal_seq;
	const struct behaviour *b;
	const struct step *step;
	enum call_state state;
	bool ended;              /* journalled and counted as over */
	bool replaced;           /* a later INVITE took its Call-ID */
	bool fork;               /* a second fork: not counted again */
	bool out;                /* a call of ours: not counted either */
	bool giving_up, ringing; /* of ours */
	bool acked, media_ready;
	unsigned deaf; /* BYEs still to be lost */
	struct peer peer, target;
	/* in `mem` */
	char *mem, *peer_mem; /* peer_mem: what the answer to ours said */
	struct str head;      /* Via ... To, without tag */
	struct str from, to, callid, from_tag, branch, contact, routes;
	struct str number, xid, body;
	char tag[17];
	uint32_t cseq, own_cseq;
	int status; /* final */
	/* the last response, for repetition */
	char *last;
	size_t last_len;
	uint64_t gap_us, until_us;
	struct timer step_tmr, rtx_tmr, life_tmr;
	struct own own;
	struct sdp sdp;
	unsigned sdp_version;
	enum dir own_dir;
	struct stream *stream;
	uint64_t invited_us, answered_us;
	uint64_t rtp_rx, rtp_tx;
	char digits[64];
	unsigned digits_n;
};

/* call.c */
void calls_init(struct net *n);
void calls_free(struct net *n);
struct call *call_new(struct net *n, const struct sip_msg *m,
		      const struct peer *from, uint16_t via_port,
		      uint64_t at_us);
struct call *call_fork(struct call *c);
void call_new_tag(struct call *c);
/* Where requests of ours go, by its routes and contact. */
void call_target(struct call *c);
/* Into the table, or there by its present identifiers. */
void call_link(struct call *c);
struct call *call_find(struct net *n, struct str callid, struct str from_tag,
		       struct str to_tag);
void calls_release(void *net, uint64_t seq);
void call_journal(struct call *c, const char *event, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void call_end(struct call *c, const char *by);
void call_linger(struct call *c, uint64_t us);
void call_digit(void *call, char digit, unsigned ms);
struct counters *call_counters(struct call *c);

/* script.c */
void script_start(struct call *c);
void call_respond(struct call *c, int status, const char *extra,
		  struct str sdp);
void call_refuse(struct call *c, int status, const char *extra);
void call_answer(struct call *c, bool with_sdp);
void call_acked(struct call *c, const struct sip_msg *m);
void call_resend(struct call *c);
bool call_stream(struct call *c);
void call_own_sdp(const struct call *c, struct sdp_own *o);
void script_run(struct call *c);

/* own.c: requests of ours */
void own_bye(struct call *c);
void own_invite(struct call *c, enum dir dir);
void own_response(struct call *c, const struct sip_msg *m);
void own_stop(struct call *c);
void own_call(struct call *c);   /* the first INVITE of a call of ours */
void own_cancel(struct call *c); /* of it */
void own_ack(struct call *c, bool ok);

/* out.c: calls of ours */
void call_back(struct call *c);
void out_response(struct call *c, const struct sip_msg *m);

/* uas.c */
void net_receive(void *net, char *data, size_t len, const struct peer *from,
		 uint64_t wall_us);

#endif
