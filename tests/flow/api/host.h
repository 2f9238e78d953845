/**
 * @file host.h  A host program for tests: engine, network, waiting for events
 *
 * Every wait has a deadline; whoever waits in vain fails with the events seen.
 */
#ifndef TEST_HOST_H
#define TEST_HOST_H

#include "cmocka_all.h"
#include <stdbool.h>
#include <stdio.h>
#include <sipdialer/sipdialer.h>
#include "phonenet_child.h"

enum { HOST_WAIT_MS = 20000 };

struct host {
	struct sipdialer *d;
	struct phonenet net;
	char dir[64]; /* of this test, removed at the end */

	/* checked with each event pulled */
	uint64_t seq;
	uint64_t ended;      /* CALL_ENDED */
	uint64_t last_ended; /* call */
};

/** Network and engine, not started; options "name=value" up to NULL. */
void host_open(struct host *h, const char *const *net_args,
	       const char *const *options);
void host_close(struct host *h);
void host_set(struct host *h, const char *name, const char *value);
/** sip.server and sip.port are those of the network. */
void host_start(struct host *h);
/** Stop and pull up to STOPPED; at most 5 s. */
void host_stop(struct host *h);
/** A file in the directory of the test. */
const char *host_path(const struct host *h, const char *name, char buf[128]);
void host_write(const struct host *h, const char *name, const char *text);
/** 0.3 s or so of a tone, 8 kHz. */
void host_wav(const struct host *h, const char *name, unsigned ms);
char *host_read(const struct host *h, const char *name); /* free() */

/** Pull one: checks seq and the JSON. NULL after ms. */
const struct sipdialer_event *host_pull(struct host *h, int ms);
/** Pull until this kind comes, for this id (call, or request, or campaign; 0
 *  any). */
const struct sipdialer_event *host_wait(struct host *h, int type, uint64_t id);
/** host_wait() for CALL_ENDED, checks the disposition; -1: any. */
const struct sipdialer_event *host_ended(struct host *h, uint64_t call,
					 int disposition);
/** host_wait() for DONE, checks the error. */
const struct sipdialer_event *host_done(struct host *h, uint64_t request,
					int error);

/* Sanitizers keep freed memory. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HOST_RSS_MAX(kib) (1L << 30)
#else
#define HOST_RSS_MAX(kib) (kib)
#endif

/** Sizes of this process. */
long host_rss_kib(void);
int host_fds(void);
uint64_t host_now_ms(void);

/** Is it one JSON value and nothing else? */
bool json_valid(const char *text);

#define assert_ok(call) \
	do { \
		const int rc_ = (call); \
		if (rc_) \
			fail_msg("%s: %s (%s)", #call, \
				 sipdialer_strerror(rc_), \
				 sipdialer_last_error()); \
	} while (0)

#endif
