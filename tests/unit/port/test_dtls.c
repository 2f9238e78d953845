/**
 * @file test_dtls.c  The handshake without a network
 */
#include <stdlib.h>
#include <string.h>
#include <poll.h>
#include "lib/cmocka_all.h"
#include "port/srtp/dtls.h"

enum { QUEUE = 64, PACKET = 1600, TURNS = 400 };

/* One end; what it sends waits in its queue. */
struct end {
	struct sipd_dtls *d;
	enum sipd_dtls_state state;
	uint8_t buf[QUEUE][PACKET];
	size_t len[QUEUE];
	size_t n, longest;
};

static struct sipd_dtls_ctx *ctx_a, *ctx_b;


static void on_send(const uint8_t *buf, size_t n, void *arg)
{
	struct end *e = arg;

	assert_true(n <= PACKET && e->n < QUEUE);
	memcpy(e->buf[e->n], buf, n);
	e->len[e->n++] = n;
	if (n > e->longest)
		e->longest = n;
}


static void hash_of(const struct sipd_dtls_ctx *ctx, uint8_t hash[32])
{
	const char *text = sipd_dtls_fingerprint(ctx) + strlen("sha-256 ");
	size_t i;

	for (i = 0; i < 32; ++i)
		hash[i] = (uint8_t)strtoul(text + 3 * i, NULL, 16);
}


static struct end *end_open(struct sipd_dtls_ctx *ctx, bool active,
			    const struct sipd_dtls_ctx *other, uint8_t wrong)
{
	struct end *e = calloc(1, sizeof(*e));
	uint8_t hash[32];

	assert_non_null(e);
	hash_of(other, hash);
	hash[0] ^= wrong;
	e->d = sipd_dtls_new(ctx, active, hash, sizeof(hash), on_send, e);
	assert_non_null(e->d);

	return e;
}


static void end_close(struct end *e)
{
	sipd_dtls_free(e->d);
	free(e);
}


/* What `from` has sent goes to `to`. */
static void deliver(struct end *from, struct end *to)
{
	struct end mail = *from;
	size_t i;

	from->n = 0;
	for (i = 0; i < mail.n; ++i)
		to->state = sipd_dtls_turn(to->d, mail.buf[i], mail.len[i]);
}


static void shake(struct end *a, struct end *b)
{
	unsigned i;

	a->state = sipd_dtls_turn(a->d, NULL, 0);
	for (i = 0; i < TURNS && (a->n || b->n); ++i) {
		deliver(a, b);
		deliver(b, a);
	}
}


/* conformance: RFC 5764 4.2 | both ends have the same keys, each for its direction | own */
static void test_keys_fit(void **state)
{
	struct end *a = end_open(ctx_a, true, ctx_b, 0);
	struct end *b = end_open(ctx_b, false, ctx_a, 0);
	uint8_t k[4][SIPD_SRTP_KEY_MAX];
	size_t n;
	(void)state;

	shake(a, b);
	assert_int_equal(a->state, SIPD_DTLS_DONE);
	assert_int_equal(b->state, SIPD_DTLS_DONE);
	assert_true(a->longest <= SIPD_DTLS_MTU);
	assert_true(b->longest <= SIPD_DTLS_MTU);
	assert_int_equal(sipd_dtls_keys(a->d, k[0], k[1]), SIPD_SRTP_GCM_256);
	assert_int_equal(sipd_dtls_keys(b->d, k[2], k[3]), SIPD_SRTP_GCM_256);
	n = sipd_srtp_key_size(SIPD_SRTP_GCM_256);
	assert_memory_equal(k[0], k[3], n);
	assert_memory_equal(k[1], k[2], n);
	assert_memory_not_equal(k[0], k[1], n);
	end_close(a);
	end_close(b);
}


/* Time passes until the end sends again. */
static void wait_again(struct end *e)
{
	unsigned i;

	for (i = 0; i < 1000 && !e->n; ++i) {
		(void)poll(NULL, 0, 10);
		e->state = sipd_dtls_turn(e->d, NULL, 0);
	}
	assert_true(e->n > 0);
}


/* conformance: RFC 6347 4.2.4 | a flight that was lost is sent again | own */
static void test_lost_flights_are_sent_again(void **state)
{
	struct end *a = end_open(ctx_a, true, ctx_b, 0);
	struct end *b = end_open(ctx_b, false, ctx_a, 0);
	(void)state;

	a->state = sipd_dtls_turn(a->d, NULL, 0);
	assert_true(a->n > 0);
	a->n = 0; /* the hello is lost, */
	wait_again(a);
	deliver(a, b);
	assert_true(b->n > 0);
	b->n = 0; /* and the answer to the next */
	wait_again(b);
	deliver(b, a);
	shake(a, b);
	assert_int_equal(a->state, SIPD_DTLS_DONE);
	assert_int_equal(b->state, SIPD_DTLS_DONE);
	end_close(a);
	end_close(b);
}


/* conformance: RFC 8122 6.2 | either end refuses a certificate that is not the one of a=fingerprint | own */
static void test_fingerprint_is_checked(void **state)
{
	unsigned i;
	(void)state;

	for (i = 0; i < 2; ++i) {
		struct end *a = end_open(ctx_a, true, ctx_b, i == 0);
		struct end *b = end_open(ctx_b, false, ctx_a, i == 1);
		struct end *bad = i ? b : a;

		shake(a, b);
		assert_int_equal(bad->state, SIPD_DTLS_FAILED);
		assert_non_null(strstr(sipd_dtls_why(bad->d), "fingerprint"));
		end_close(a);
		end_close(b);
	}
}


/* Two that both say hello never agree, and both that wait do not speak. */
static void test_same_roles(void **state)
{
	struct end *a = end_open(ctx_a, false, ctx_b, 0);
	struct end *b = end_open(ctx_b, false, ctx_a, 0);
	(void)state;

	shake(a, b);
	assert_int_equal(a->n + b->n, 0);
	assert_int_equal(a->state, SIPD_DTLS_SHAKING);
	end_close(a);
	end_close(b);
}


/* conformance: RFC 6347 4.1.2.7 | bytes that are no handshake are passed over, the handshake goes on | own */
static void test_nonsense_is_passed_over(void **state)
{
	struct end *a = end_open(ctx_a, true, ctx_b, 0);
	struct end *b = end_open(ctx_b, false, ctx_a, 0);
	uint8_t buf[1500];
	uint32_t x = 7, i, n;
	(void)state;

	for (i = 0; i < 3000; ++i) {
		for (n = 0; n < sizeof(buf); ++n) {
			x = x * 1664525 + 1013904223;
			buf[n] = (uint8_t)(x >> 24);
		}
		buf[0] = (uint8_t)(20 + i % 44);
		if (i & 1) { /* the head of a record */
			buf[1] = 254;
			buf[2] = 253;
			buf[3] = buf[4] = 0;
		}
		if (i & 2 && buf[0] == 21)
			continue; /* an alert may end it, as ever */
		b->state = sipd_dtls_turn(b->d, buf, 1 + x % 1500);
		b->n = 0;
		if (b->state != SIPD_DTLS_SHAKING)
			break;
	}

	/* whatever became of this one, the next is a new one */
	end_close(b);
	b = end_open(ctx_b, false, ctx_a, 0);
	shake(a, b);
	assert_int_equal(a->state, SIPD_DTLS_DONE);
	assert_int_equal(b->state, SIPD_DTLS_DONE);
	for (i = 0; i < 200; ++i) {
		memset(buf, (int)(20 + i % 44), sizeof(buf));
		assert_int_equal(sipd_dtls_turn(b->d, buf, 1 + i * 7),
				 SIPD_DTLS_DONE);
	}
	end_close(a);
	end_close(b);
}


static void test_each_engine_has_its_certificate(void **state)
{
	uint8_t a[32], b[32];
	(void)state;

	assert_memory_equal(sipd_dtls_fingerprint(ctx_a), "sha-256 ", 8);
	assert_int_equal(strlen(sipd_dtls_fingerprint(ctx_a)), 8 + 32 * 3 - 1);
	hash_of(ctx_a, a);
	hash_of(ctx_b, b);
	assert_memory_not_equal(a, b, sizeof(a));
}


static int setup(void **state)
{
	(void)state;

	return sipd_dtls_ctx_new(&ctx_a) || sipd_dtls_ctx_new(&ctx_b);
}


static int teardown(void **state)
{
	(void)state;
	sipd_dtls_ctx_free(ctx_a);
	sipd_dtls_ctx_free(ctx_b);

	return 0;
}


int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_fit),
		cmocka_unit_test(test_lost_flights_are_sent_again),
		cmocka_unit_test(test_fingerprint_is_checked),
		cmocka_unit_test(test_same_roles),
		cmocka_unit_test(test_nonsense_is_passed_over),
		cmocka_unit_test(test_each_engine_has_its_certificate),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
