/**
 * @file bench/bench_srtp.c  What encryption costs a packet of 20 ms G.711
 *
 * Seals and opens packets of 172 bytes by each suite, and makes handshakes of
 * DTLS with itself.  Prints one JSON line: ns of a packet sealed and opened
 * (a call has 50 of each a second), us of one side of a handshake.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "port/srtp/dtls.h"
#include "port/srtp/srtp.h"

enum { PACKETS = 200000, SIZE = 172, SHAKES = 200, MAIL = 16, MTU = 1500 };

struct end {
	struct sipd_dtls *d;
	uint8_t buf[MAIL][MTU];
	size_t len[MAIL], n;
	enum sipd_dtls_state state;
};


static double cpu_s(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);

	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}


static double packet_ns(enum sipd_srtp_suite suite)
{
	const uint8_t key[SIPD_SRTP_KEY_MAX] = {1, 2, 3};
	struct sipd_srtp *tx = sipd_srtp_new(suite, key, 0);
	struct sipd_srtp *rx = sipd_srtp_new(suite, key, 0);
	uint8_t buf[SIZE + SIPD_SRTP_TRAILER] = {0x80};
	double began;
	unsigned i;

	if (!tx || !rx)
		abort();

	began = cpu_s();
	for (i = 0; i < PACKETS; ++i) {
		size_t n = SIZE;

		buf[2] = (uint8_t)(i >> 8);
		buf[3] = (uint8_t)i;
		if (!sipd_srtp_protect(tx, buf, &n) ||
		    sipd_srtp_unprotect(rx, buf, &n) != SIPD_SRTP_OK)
			abort();
	}
	began = cpu_s() - began;
	sipd_srtp_free(tx);
	sipd_srtp_free(rx);

	return began * 1e9 / PACKETS;
}


static void on_send(const uint8_t *buf, size_t n, void *arg)
{
	struct end *e = arg;

	if (e->n == MAIL || n > MTU)
		abort();
	memcpy(e->buf[e->n], buf, n);
	e->len[e->n++] = n;
}


static void deliver(struct end *from, struct end *to)
{
	size_t i;

	for (i = 0; i < from->n; ++i)
		to->state = sipd_dtls_turn(to->d, from->buf[i], from->len[i]);
	from->n = 0;
}


static double handshake_us(struct sipd_dtls_ctx *ctx)
{
	uint8_t hash[32];
	const char *text = sipd_dtls_fingerprint(ctx) + strlen("sha-256 ");
	const double began = cpu_s();
	unsigned i;

	for (i = 0; i < sizeof(hash); ++i)
		hash[i] = (uint8_t)strtoul(text + 3 * i, NULL, 16);
	for (i = 0; i < SHAKES; ++i) {
		struct end a = {0}, b = {0};

		a.d = sipd_dtls_new(ctx, true, hash, 32, on_send, &a);
		b.d = sipd_dtls_new(ctx, false, hash, 32, on_send, &b);
		if (!a.d || !b.d)
			abort();
		(void)sipd_dtls_turn(a.d, NULL, 0);
		while (a.n || b.n) {
			deliver(&a, &b);
			deliver(&b, &a);
		}
		if (a.state != SIPD_DTLS_DONE || b.state != SIPD_DTLS_DONE)
			abort();
		sipd_dtls_free(a.d);
		sipd_dtls_free(b.d);
	}

	return (cpu_s() - began) * 1e6 / SHAKES / 2;
}


int main(void)
{
	struct sipd_dtls_ctx *ctx;
	int i;

	printf("{\"bench\":\"srtp\",\"unit\":\"ns of a packet sealed and "
	       "opened\"");
	for (i = 1; i < SIPD_SRTP_SUITES; ++i)
		printf(",\"%s\":%.0f",
		       sipd_srtp_suite((enum sipd_srtp_suite)i)->name,
		       packet_ns((enum sipd_srtp_suite)i));
	if (sipd_dtls_ctx_new(&ctx))
		return 1;
	printf(",\"handshake_us\":%.0f}\n", handshake_us(ctx));
	sipd_dtls_ctx_free(ctx);

	return 0;
}
