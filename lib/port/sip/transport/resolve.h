/**
 * @file port/sip/transport/resolve.h  Name servers, names, servers; of transport/
 */
#ifndef SIPD_PORT_SIP_RESOLVE_H
#define SIPD_PORT_SIP_RESOLVE_H

#include "port/sip/internal.h"

enum {
	DNS_SERVERS_MAX = 3,  /* as resolv.conf(5) */
	DNS_RECORDS_MAX = 32, /* of one answer; more are not looked at */
	DNS_CNAMES_MAX = 8,   /* in a row */
	DNS_QUERY_MS = 5000,  /* then there is no answer */
	RESOLVE_MS = 15000,   /* of all questions for one purpose */
	TARGETS_MAX = 32      /* of one name */
};

/* ---- dns.c: one question at a time. RFC 1035, 5452 --------------------- */

struct dns;
struct dns_ask;

/** err 0: an answer, of rcode 0 or 3; ETIMEDOUT nobody answers, EPROTO they
 *  answer that they cannot.  The records are `struct dnsrr` by their le. */
typedef void(dns_answer_h)(int err, const struct dnshdr *hdr,
			   struct list *answers, struct list *authority,
			   void *arg);

/** servers: "address[:port]" with commas between, "" those of the system.
 *  EINVAL with sipd_error(). Freed by mem_deref(), after its questions. */
int dns_open(struct dns **dp, const char *servers);
/** Ask for a record of class IN.  h comes later, unless mem_deref(*ap) stops
 *  it. */
int dns_ask(struct dns_ask **ap, const struct dns *dns, const char *name,
	    uint16_t type, dns_answer_h *h, void *arg);
/** None of them answers: the system may have others by now. */
void dns_reload(struct dns *dns);
/** "192.0.2.1, 192.0.2.2", for words. */
void dns_servers_text(const struct dns *dns, char *buf, size_t size);

/* ---- names.c: what was answered. RFC 2308, 8767 ------------------------ */

struct names;

/** Waits for an answer: h is called once, on a later turn of the loop, after
 *  any has come. */
struct names_waiter {
	struct le le;
	void (*h)(void *arg);
	void *arg;
	uint64_t since; /* ms, of the first wait; 0: it has what it wants */
};

int names_open(struct names **np, const char *servers);
/** Records of a name: 0 and the list, ENOENT there are none, EAGAIN it is
 *  being asked, EREMOTEIO no name server answers, EPROTO they cannot tell,
 *  EINVAL the name is none.  *cname is where the name leads to if it is an
 *  alias, with err 0 and no list.  *expires: when to ask again, ms. */
int names_get(struct names *names, const char *name, uint16_t type,
	      const struct list **records, const char **cname,
	      uint64_t *expires);
/** ETIME, and it does not wait, after RESOLVE_MS: records that expire before
 *  all are there would have us ask for ever. */
int names_wait(struct names *names, struct names_waiter *waiter);
void names_servers_text(const struct names *names, char *buf, size_t size);

/* ---- resolve.c: from a name to addresses. RFC 2782, 3263 4 ------------- */

/** What the world gives, handed in. */
struct resolve_env {
	/** As names_get(). */
	int (*get)(const char *name, uint16_t type,
		   const struct list **records, const char **cname,
		   uint64_t *expires, void *arg);
	/** Can we send there, by this transport? */
	bool (*reach)(enum sip_transp tp, int af, void *arg);
	uint32_t (*random)(void *arg);
	void *arg;
};

struct resolve_name {
	const char *host;     /* a name, no address */
	uint16_t port;        /* 0: not said */
	unsigned transports;  /* 1 << enum sip_transp, those allowed */
	enum sip_transp main; /* for names without SRV and NAPTR records */
};

struct resolve_list {
	struct sipd_target v[TARGETS_MAX];
	size_t count;
	uint64_t expires; /* ms, the first of its records */
};

/** 0, EAGAIN: call again after an answer has come, else as names_get(). */
int resolve(const struct resolve_env *env, const struct resolve_name *name,
	    struct resolve_list *list);

/* ---- blacklist.c: servers that did not answer -------------------------- */

enum { BLACKLIST_MAX = 64 };

struct blacklist {
	struct blacklisted {
		struct sipd_target target;
		uint64_t since, until; /* ms */
		bool probe;            /* may be asked in the meantime */
	} v[BLACKLIST_MAX];
	size_t count;
};

/** Same address and transport. */
bool target_cmp(const struct sipd_target *a, const struct sipd_target *b);
/** Until `until`; one that is there already stays at its place.  true if it is
 *  new; beyond the maximum the oldest one is forgotten. */
bool blacklist_add(struct blacklist *bl, const struct sipd_target *target,
		   uint64_t now, uint64_t until, bool probe);
/** true if it was there. */
bool blacklist_remove(struct blacklist *bl, const struct sipd_target *target);
/** NULL if it is not, or no more. */
const struct blacklisted *blacklist_find(const struct blacklist *bl,
					 const struct sipd_target *target,
					 uint64_t now);
/** Those of the list to try, in its order: the ones that are not blacklisted;
 *  if all are, all of them, the one that has been there longest first. */
void blacklist_sort(const struct blacklist *bl, uint64_t now,
		    struct sipd_target *v, size_t *count);

/* ---- servers.c: which ones a route leads to ---------------------------- */

enum {
	SERVERS_KNOWN_MAX = 64, /* addresses that may call us */
	SERVERS_PROBES = 8,     /* at once */
	TARGET_TEXT_SIZE = 80
};

struct sipd_servers {
	struct sipd_sip *sip;
	struct names *names;
	struct list sends;
	struct resolve_list hop; /* as last looked up */
	bool named;
	bool complained;
	struct sipd_target current; /* where we are registered; or tp NONE */
	struct server_known {
		struct sa addr;
		uint64_t until; /* ms */
	} known[SERVERS_KNOWN_MAX];
	size_t knownc;
	struct names_waiter waiter;
	struct tmr tmr; /* next look-up */
	/* health.c */
	struct blacklist black;
	struct tmr tick;
	struct server_probe {
		struct sipd_send *send;
		struct sipd_target target;
	} probes[SERVERS_PROBES];
	atomic_uint_fast32_t targets, blacklisted;
	atomic_uint_fast64_t failovers;
};

/** Where to send a request by way of this route, the best one first: 0,
 *  EAGAIN: wait, then ask again; else as names_get().  sticky: where the last
 *  request of the same purpose went, first even if others are better. */
int servers_list(struct sipd_servers *servers, const char *route,
		 const struct sa *sticky, struct sipd_target *v, size_t max,
		 size_t *count);
/** As names_wait(). */
int servers_wait(struct sipd_servers *servers, struct names_waiter *waiter);
/** Is it one of the next hop's?  *group gets its rank, 0 the best. */
bool servers_of_hop(const struct sipd_servers *servers,
		    const struct sipd_target *target, unsigned *group);
/** "192.0.2.1:5060 by UDP" */
const char *target_text(const struct sipd_target *target, char *buf,
			size_t size);

/* ---- health.c: which ones answer --------------------------------------- */

/** Nothing was heard of it in time, or it could not be reached. */
void health_failed(struct sipd_servers *servers,
		   const struct sipd_target *target, const char *why);
/** A final answer. */
void health_answered(struct sipd_servers *servers,
		     const struct sipd_target *target, const char *method,
		     const struct sip_msg *msg);
void health_failover(struct sipd_servers *servers);
void health_close(struct sipd_servers *servers);

#endif
