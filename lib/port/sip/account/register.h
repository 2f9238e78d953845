/**
 * @file port/sip/account/register.h  A registration; its files only
 */
#ifndef SIPD_PORT_SIP_ACCOUNT_REGISTER_H
#define SIPD_PORT_SIP_ACCOUNT_REGISTER_H

#include "port/sip/internal.h"

enum {
	SIPD_BINDING_MAX = 64,   /* Contacts read of one answer */
	SIPD_STALE_MAX = 8,      /* old Contacts of ours removed at once */
	SIPD_ROUTES_SIZE = 1024, /* of a Service-Route, as header lines */
	SIPD_CONTACT_SIZE = 512, /* of a Contact URI */
	SIPD_INSTANCE_SIZE = 46  /* "urn:uuid:" and a UUID */
};

struct sipd_register {
	struct sipd_sip *sip;
	struct sipd_send *req;
	struct sipd_auth *auth;
	struct sipd_instance *instance; /* NULL: none is told */
	struct tmr tmr;                 /* next REGISTER */
	struct tmr expiry;              /* of what was granted */
	struct tmr deadline;            /* of stopping */
	struct sipd_keepalive ka;
	char callid[33];
	char tag[17];
	uint64_t asked_ms; /* the attempt under way began */
	uint32_t cseq;
	uint32_t expires; /* s to ask for */
	uint32_t granted;
	uint32_t failc;    /* failures in a row that back off */
	uint32_t refusedc; /* refusals in a row */
	uint32_t lostc;    /* connections lost in a row */
	unsigned briefs;   /* 423 in this attempt */
	bool digest_sent;  /* in this attempt */
	bool cleaned;      /* old Contacts were removed in this attempt */
	unsigned moves;    /* asked again for its Contact, in this attempt */
	bool bound;        /* the server may have a binding of us */
	bool stopping;
	bool outbound;                   /* the server does RFC 5626 */
	bool no_outbound;                /* a 439: not asked for any more */
	char contact[SIPD_CONTACT_SIZE]; /* of the last REGISTER, no <> */
	char stale[SIPD_STALE_MAX][SIPD_CONTACT_SIZE];
	size_t stalec;
	char routes[SIPD_ROUTES_SIZE];   /* lines for later requests */
	char hop[300];                   /* first of them, as a next hop */
	char told[2 * SIPD_ROUTES_SIZE]; /* lines of the 200, for the host */
	struct sa dst;                   /* where the last REGISTER went */
	enum sip_transp tp;
	uint64_t gen; /* of connections, then */
	void (*stoph)(void *arg);
	void *arg;
	struct sipd_work work;
};

/* ---- bindings.c: the Contacts of a 200 --------------------------------- */

/** Seconds granted to our Contact, 0 if it is not there; old ones of ours are
 *  noted in reg->stale.  RFC 3261 10.2.4 */
uint32_t register_granted(struct sipd_register *reg,
			  const struct sip_msg *msg);

/* ---- service.c: Service-Route, Path ------------------------------------ */

void register_service_read(struct sipd_register *reg,
			   const struct sip_msg *msg);
void register_service_clear(struct sipd_register *reg);

/* ---- ask.c: what a REGISTER says --------------------------------------- */

/** Its lines but for the Contact. 0 or errno */
int register_write(struct sipd_register *reg, struct mbuf *mb);
/** Its Contact, as libre's send handler. */
int register_contact(SIPD_LIBRE_SEND_ARGS);

/* ---- pace.c: when to try again ----------------------------------------- */

/** After a failure that may pass: a server that is down, overloaded ...;
 *  after: the server's own wish, s. */
uint64_t register_backoff(struct sipd_register *reg, uint32_t after);
/** After a refusal: it is likely to be said again. */
uint64_t register_slow(struct sipd_register *reg, bool auth, uint32_t after);
/** When to refresh what was granted. */
uint64_t register_refresh(uint32_t seconds);

/* ---- instance.c: who we are, over restarts. RFC 5626 4.1 --------------- */

/** By sip.instance; *ip stays NULL for none.  Freed by mem_deref(). */
int sipd_instance_open(struct sipd_instance **ip, const struct sipd_sip *sip);
const char *sipd_instance_urn(const struct sipd_instance *instance);

#endif
