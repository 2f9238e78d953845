/**
 * @file test_resolve.c  From a name to servers, which are left alone, and what
 * they see of us
 */
#include <stdlib.h>
#include <string.h>
#include "lib/cmocka_all.h"
#include "port/sip/transport/resolve.h"

enum { NAMES = 64 };

/* A name server of a table. */
struct world {
	struct {
		char name[64];
		uint16_t type;
		struct list records;
		char *cname;
		int err;
	} v[NAMES];
	size_t count, asked;
	uint32_t drawn; /* what the next draws give, then counts up */
	bool v6;
	struct resolve_list list;
};


static size_t place(struct world *w, const char *name, uint16_t type)
{
	size_t i;

	for (i = 0; i < w->count; i++) {
		if (w->v[i].type == type && !strcmp(w->v[i].name, name))
			return i;
	}

	assert_true(w->count < NAMES);
	(void)snprintf(w->v[i].name, sizeof(w->v[i].name), "%s", name);
	w->v[i].type = type;
	w->count++;

	return i;
}


static struct dnsrr *record(struct world *w, const char *name, uint16_t type)
{
	struct dnsrr *rr = dns_rr_alloc();

	assert_non_null(rr);
	assert_int_equal(str_dup(&rr->name, name), 0);
	rr->type = type;
	rr->dnsclass = DNS_CLASS_IN;
	list_append(&w->v[place(w, name, type)].records, &rr->le, rr);

	return rr;
}


static void add_a(struct world *w, const char *name, const char *ip)
{
	struct dnsrr *rr;
	struct sa sa;

	assert_int_equal(sa_set_str(&sa, ip, 0), 0);
	rr = record(w, name,
		    sa_af(&sa) == AF_INET ? DNS_TYPE_A : DNS_TYPE_AAAA);
	if (sa_af(&sa) == AF_INET)
		rr->rdata.a.addr = sa_in(&sa);
	else
		sa_in6(&sa, rr->rdata.aaaa.addr);
}


static void add_srv(struct world *w, const char *name, const char *target,
		    uint16_t port, uint16_t pri, uint16_t weight)
{
	struct dnsrr *rr = record(w, name, DNS_TYPE_SRV);

	assert_int_equal(str_dup(&rr->rdata.srv.target, target), 0);
	rr->rdata.srv.port = port;
	rr->rdata.srv.pri = pri;
	rr->rdata.srv.weight = weight;
}


static void add_naptr(struct world *w, const char *name, uint16_t order,
		      uint16_t pref, const char *flags, const char *service,
		      const char *regexp, const char *to)
{
	struct dnsrr *rr = record(w, name, DNS_TYPE_NAPTR);

	rr->rdata.naptr.order = order;
	rr->rdata.naptr.pref = pref;
	assert_int_equal(str_dup(&rr->rdata.naptr.flags, flags), 0);
	assert_int_equal(str_dup(&rr->rdata.naptr.services, service), 0);
	assert_int_equal(str_dup(&rr->rdata.naptr.regexp, regexp), 0);
	assert_int_equal(str_dup(&rr->rdata.naptr.replace, to), 0);
}


static int get_handler(const char *name, uint16_t type,
		       const struct list **records, const char **cname,
		       uint64_t *expires, void *arg)
{
	struct world *w = arg;
	size_t i;

	w->asked++;
	*expires = 1000;
	for (i = 0; i < w->count; i++) {
		if (w->v[i].type != type || strcmp(w->v[i].name, name))
			continue;
		*expires = 500 + i;
		*cname = w->v[i].cname;
		if (!*cname)
			*records = &w->v[i].records;
		return w->v[i].err;
	}

	return ENOENT;
}


static bool reach_handler(enum sip_transp tp, int af, void *arg)
{
	const struct world *w = arg;
	(void)tp;

	return af == AF_INET || w->v6;
}


static uint32_t random_handler(void *arg)
{
	struct world *w = arg;

	return w->drawn++;
}


static int look_up(struct world *w, const char *host, uint16_t port,
		   unsigned transports, enum sip_transp first)
{
	const struct resolve_env env = {get_handler, reach_handler,
					random_handler, w};
	const struct resolve_name name = {host, port, transports, first};

	return resolve(&env, &name, &w->list);
}


static int udp(struct world *w, const char *host, uint16_t port)
{
	return look_up(w, host, port, 1 << SIP_TRANSP_UDP, SIP_TRANSP_UDP);
}


static int setup(void **state)
{
	*state = calloc(1, sizeof(struct world));

	return !*state;
}


static int teardown(void **state)
{
	struct world *w = *state;
	size_t i;

	for (i = 0; i < w->count; i++)
		list_flush(&w->v[i].records);
	free(w);

	return 0;
}


static void expect(const struct world *w, size_t i, const char *addr)
{
	char text[TARGET_TEXT_SIZE];

	assert_true(i < w->list.count);
	(void)re_snprintf(text, sizeof(text), "%J", &w->list.v[i].addr);
	assert_string_equal(text, addr);
}


/* ---- ways -------------------------------------------------------------- */

static void test_addresses_ipv4_first(void **state)
{
	struct world *w = *state;

	add_a(w, "h.example", "2001:db8::1");
	add_a(w, "h.example", "192.0.2.1");
	add_a(w, "h.example", "192.0.2.1");
	add_a(w, "h.example", "0.0.0.0");
	assert_int_equal(udp(w, "h.example", 0), 0);
	assert_int_equal(w->list.count, 1);
	expect(w, 0, "192.0.2.1:5060");

	w->v6 = true;
	assert_int_equal(udp(w, "h.example", 5070), 0);
	assert_int_equal(w->list.count, 2);
	expect(w, 0, "192.0.2.1:5070");
	expect(w, 1, "[2001:db8::1]:5070");
}


/* conformance: RFC 3263 4.1 | TLS never falls back to less | pure */
static void test_tls_looks_for_tls_only(void **state)
{
	struct world *w = *state;

	add_naptr(w, "p.example", 1, 1, "s", "SIP+D2U", "", "u.example");
	add_naptr(w, "p.example", 2, 1, "s", "SIP+D2T", "", "t.example");
	add_srv(w, "u.example", "h.example", 1, 1, 1);
	add_srv(w, "t.example", "h.example", 2, 1, 1);
	add_srv(w, "_sip._tcp.p.example", "h.example", 3, 1, 1);
	add_srv(w, "_sip._udp.p.example", "h.example", 4, 1, 1);
	add_a(w, "h.example", "192.0.2.1");
	assert_int_equal(look_up(w, "p.example", 0, 1 << SIP_TRANSP_TLS,
				 SIP_TRANSP_TLS),
			 ENOENT);

	add_srv(w, "_sips._tcp.p.example", "h.example", 5, 1, 1);
	assert_int_equal(look_up(w, "p.example", 0, 1 << SIP_TRANSP_TLS,
				 SIP_TRANSP_TLS),
			 0);
	assert_int_equal(w->list.count, 1);
	assert_int_equal(w->list.v[0].tp, SIP_TRANSP_TLS);
	expect(w, 0, "192.0.2.1:5");
}


/* conformance: RFC 3403 4.1 | NAPTR by order, then preference, no further order | pure */
static void test_naptr_best_order_only(void **state)
{
	const unsigned any = 1 << SIP_TRANSP_UDP | 1 << SIP_TRANSP_TCP;
	struct world *w = *state;

	add_naptr(w, "p.example", 20, 1, "s", "SIP+D2U", "", "late.example");
	add_naptr(w, "p.example", 10, 9, "a", "sip+d2u", "", "h.example");
	add_naptr(w, "p.example", 10, 2, "S", "SIP+D2T", "", "t.example");
	add_naptr(w, "p.example", 1, 1, "u", "E2U+sip", "!.*!sip:x!", "");
	add_naptr(w, "p.example", 1, 1, "s", "SIP+D2U", "!a!b!", "r.example");
	add_naptr(w, "p.example", 1, 1, "p", "SIP+D2U", "", "r.example");
	add_naptr(w, "p.example", 1, 1, "s", "SIPS+D2T", "", "r.example");
	add_srv(w, "t.example", "h.example", 7, 1, 1);
	add_srv(w, "late.example", "h.example", 8, 1, 1);
	add_a(w, "h.example", "192.0.2.1");
	assert_int_equal(look_up(w, "p.example", 0, any, SIP_TRANSP_UDP), 0);
	assert_int_equal(w->list.count, 2);
	expect(w, 0, "192.0.2.1:7");
	assert_int_equal(w->list.v[0].tp, SIP_TRANSP_TCP);
	expect(w, 1, "192.0.2.1:5060");
	assert_int_equal(w->list.v[1].tp, SIP_TRANSP_UDP);
	assert_true(w->list.v[1].group > w->list.v[0].group);
}


static void test_any_transport_takes_the_first_with_srv(void **state)
{
	const unsigned any = 1 << SIP_TRANSP_UDP | 1 << SIP_TRANSP_TCP;
	struct world *w = *state;

	add_srv(w, "_sip._tcp.p.example", "h.example", 7, 1, 1);
	add_a(w, "h.example", "192.0.2.1");
	assert_int_equal(look_up(w, "p.example", 0, any, SIP_TRANSP_UDP), 0);
	expect(w, 0, "192.0.2.1:7");
	assert_int_equal(w->list.v[0].tp, SIP_TRANSP_TCP);
}


/* conformance: RFC 2782 | a target of "." means: no such service | pure */
static void test_srv_of_no_use(void **state)
{
	struct world *w = *state;

	add_srv(w, "_sip._udp.p.example", "", 5060, 1, 1);
	add_srv(w, "_sip._udp.p.example", "bad name.example", 5060, 1, 1);
	add_srv(w, "_sip._udp.p.example", "h.example", 0, 1, 1);
	add_srv(w, "_sip._udp.p.example", "x\r\ny", 5060, 1, 1);
	add_a(w, "p.example", "192.0.2.9");
	add_a(w, "h.example", "192.0.2.1");
	assert_int_equal(udp(w, "p.example", 0), ENOENT);
}


/* conformance: RFC 2782 | priorities in order, among equals by weight | pure */
static void test_srv_priority_and_weight(void **state)
{
	struct world *w = *state;
	unsigned first[4] = {0};
	uint32_t i;

	add_srv(w, "_sip._udp.p.example", "c.example", 3, 20, 1);
	add_srv(w, "_sip._udp.p.example", "a.example", 1, 10, 60);
	add_srv(w, "_sip._udp.p.example", "b.example", 2, 10, 20);
	add_srv(w, "_sip._udp.p.example", "z.example", 4, 10, 0);
	add_a(w, "a.example", "192.0.2.1");
	add_a(w, "b.example", "192.0.2.2");
	add_a(w, "c.example", "192.0.2.3");
	add_a(w, "z.example", "192.0.2.4");

	for (i = 0; i <= 80; i++) {
		w->drawn = i;
		assert_int_equal(udp(w, "p.example", 0), 0);
		assert_int_equal(w->list.count, 4);
		expect(w, 3, "192.0.2.3:3");
		assert_int_equal(w->list.v[0].group, w->list.v[2].group);
		assert_true(w->list.v[3].group > w->list.v[2].group);
		first[sa_port(&w->list.v[0].addr) - 1]++;
	}
	/* each number from 0 to the sum once */
	assert_int_equal(first[0], 60);
	assert_int_equal(first[1], 20);
	assert_int_equal(first[2], 0);
	assert_int_equal(first[3], 1);
}


static void test_targets_without_address_are_passed_over(void **state)
{
	struct world *w = *state;

	add_srv(w, "_sip._udp.p.example", "none.example", 1, 1, 1);
	add_srv(w, "_sip._udp.p.example", "h.example", 2, 2, 1);
	add_a(w, "h.example", "192.0.2.1");
	assert_int_equal(udp(w, "p.example", 0), 0);
	assert_int_equal(w->list.count, 1);
	expect(w, 0, "192.0.2.1:2");
}


static void test_waits_for_all_that_is_needed(void **state)
{
	struct world *w = *state;
	size_t i;

	add_srv(w, "_sip._udp.p.example", "a.example", 1, 1, 1);
	add_srv(w, "_sip._udp.p.example", "b.example", 2, 2, 1);
	add_a(w, "a.example", "192.0.2.1");
	i = place(w, "b.example", DNS_TYPE_A);
	w->v[i].err = EAGAIN;
	assert_int_equal(udp(w, "p.example", 0), EAGAIN);
	w->v[i].err = EREMOTEIO;
	assert_int_equal(udp(w, "p.example", 0), 0);
	assert_int_equal(w->list.count, 1);

	/* what is not needed is not waited for */
	i = place(w, "p.example", DNS_TYPE_A);
	w->v[i].err = EAGAIN;
	assert_int_equal(udp(w, "p.example", 0), 0);
}


static void test_all_is_asked_for_at_once(void **state)
{
	struct world *w = *state;
	size_t i;

	i = place(w, "p.example", DNS_TYPE_NAPTR);
	w->v[i].err = EAGAIN;
	assert_int_equal(udp(w, "p.example", 0), EAGAIN);
	/* SRV, A and NAPTR */
	assert_int_equal(w->asked, 3);
}


static void test_why_there_is_no_address(void **state)
{
	struct world *w = *state;

	assert_int_equal(udp(w, "p.example", 0), ENOENT);
	w->v[place(w, "p.example", DNS_TYPE_A)].err = EREMOTEIO;
	assert_int_equal(udp(w, "p.example", 0), EREMOTEIO);
	w->v[place(w, "p.example", DNS_TYPE_A)].err = EPROTO;
	assert_int_equal(udp(w, "p.example", 0), EPROTO);
}


static void test_aliases_end(void **state)
{
	struct world *w = *state;
	char name[32];
	size_t i;

	for (i = 0; i < 8; i++) {
		const size_t at = place(w, (char[]){(char)('a' + i), '\0'},
					DNS_TYPE_A);

		(void)snprintf(name, sizeof(name), "%c", (int)('b' + i));
		w->v[at].cname = i == 7 ? "end" : strdup(name);
	}
	add_a(w, "end", "192.0.2.1");
	assert_int_equal(udp(w, "a", 5060), 0);
	expect(w, 0, "192.0.2.1:5060");

	w->v[place(w, "x", DNS_TYPE_A)].cname = "a";
	assert_int_equal(udp(w, "x", 5060), ELOOP);
	w->v[place(w, "loop", DNS_TYPE_A)].cname = "loop";
	assert_int_equal(udp(w, "loop", 5060), ELOOP);

	for (i = 0; i < 7; i++)
		free(w->v[i].cname);
}


static void test_maxima(void **state)
{
	struct world *w = *state;
	char ip[32];
	int i;

	for (i = 0; i < 200; i++) {
		(void)snprintf(ip, sizeof(ip), "192.0.2.%d", i);
		add_a(w, "h.example", ip);
		add_srv(w, "_sip._udp.p.example", "h.example",
			(uint16_t)(1 + i), 1, 65535);
	}
	assert_int_equal(udp(w, "p.example", 0), 0);
	assert_int_equal(w->list.count, TARGETS_MAX);
}


static void test_expires_with_the_first_record(void **state)
{
	struct world *w = *state;

	add_srv(w, "_sip._udp.p.example", "h.example", 1, 1, 1);
	add_a(w, "h.example", "192.0.2.1");
	assert_int_equal(udp(w, "p.example", 0), 0);
	assert_int_equal(w->list.expires, 500);
}


/* ---- blacklist --------------------------------------------------------- */

static struct sipd_target target(const char *ip, uint16_t port,
				 enum sip_transp tp)
{
	struct sipd_target t = {.tp = tp};

	assert_int_equal(sa_set_str(&t.addr, ip, port), 0);

	return t;
}


/* conformance: RFC 3263 4.3 | a server that failed is left alone, and comes back by time | pure */
static void test_blacklist_by_time(void **state)
{
	const struct sipd_target a = target("192.0.2.1", 5060, SIP_TRANSP_UDP);
	const struct sipd_target tcp = target("192.0.2.1", 5060,
					      SIP_TRANSP_TCP);
	struct blacklist bl = {.count = 0};
	(void)state;

	assert_true(blacklist_add(&bl, &a, 100, 200, true));
	assert_non_null(blacklist_find(&bl, &a, 199));
	assert_null(blacklist_find(&bl, &a, 200));
	assert_null(blacklist_find(&bl, &tcp, 150));

	/* longer, never shorter; new again once it is over */
	assert_false(blacklist_add(&bl, &a, 150, 300, false));
	assert_false(blacklist_add(&bl, &a, 150, 250, true));
	assert_non_null(blacklist_find(&bl, &a, 299));
	assert_false(blacklist_find(&bl, &a, 299)->probe);
	assert_true(blacklist_add(&bl, &a, 300, 400, true));
	assert_int_equal(bl.count, 1);

	assert_true(blacklist_remove(&bl, &a));
	assert_false(blacklist_remove(&bl, &a));
	assert_null(blacklist_find(&bl, &a, 350));
}


static void test_blacklist_order(void **state)
{
	const struct sipd_target a = target("192.0.2.1", 1, SIP_TRANSP_UDP);
	const struct sipd_target b = target("192.0.2.2", 1, SIP_TRANSP_UDP);
	const struct sipd_target c = target("192.0.2.3", 1, SIP_TRANSP_UDP);
	struct blacklist bl = {.count = 0};
	struct sipd_target v[3] = {a, b, c};
	size_t count = 3;
	(void)state;

	(void)blacklist_add(&bl, &b, 10, 1000, true);
	(void)blacklist_add(&bl, &a, 20, 1000, true);
	blacklist_sort(&bl, 50, v, &count);
	assert_int_equal(count, 1);
	assert_true(target_cmp(&v[0], &c));

	/* all of them: the one that has been there longest first */
	(void)blacklist_add(&bl, &c, 30, 1000, true);
	v[0] = a, v[1] = b, v[2] = c;
	count = 3;
	blacklist_sort(&bl, 50, v, &count);
	assert_int_equal(count, 3);
	assert_true(target_cmp(&v[0], &b));
	assert_true(target_cmp(&v[1], &a));
	assert_true(target_cmp(&v[2], &c));
}


static void test_blacklist_is_bounded(void **state)
{
	struct blacklist bl = {.count = 0};
	struct sipd_target t;
	int i;
	(void)state;

	for (i = 0; i < 2 * BLACKLIST_MAX; i++) {
		t = target("192.0.2.1", (uint16_t)(1 + i), SIP_TRANSP_UDP);
		assert_true(blacklist_add(&bl, &t, (uint64_t)i, 1000, true));
	}
	assert_int_equal(bl.count, BLACKLIST_MAX);
	assert_non_null(blacklist_find(&bl, &t, 999));
	t = target("192.0.2.1", 1, SIP_TRANSP_UDP);
	assert_null(blacklist_find(&bl, &t, 999));
}


/* ---- our address as the server sees it --------------------------------- */

static struct sa address(const char *ip, uint16_t port)
{
	struct sa sa;

	assert_int_equal(sa_set_str(&sa, ip, port), 0);

	return sa;
}


static bool learn(struct sipd_mapped *m, enum sip_transp tp, const char *seen,
		  uint16_t port, const char *local, uint64_t now)
{
	const struct sa a = address(seen, port), b = address(local, 5060);

	return sipd_mapped_learn(m, tp, &a, &b, now);
}


static void test_mapped_is_what_is_not_ours(void **state)
{
	struct sipd_mapped m = {.since = 0};
	(void)state;

	assert_false(
		learn(&m, SIP_TRANSP_UDP, "10.0.0.1", 5060, "10.0.0.1", 1));
	assert_false(sa_isset(&m.addr, SA_ADDR));
	assert_true(
		learn(&m, SIP_TRANSP_UDP, "10.0.0.1", 40000, "10.0.0.1", 2));
	assert_true(
		learn(&m, SIP_TRANSP_UDP, "192.0.2.1", 40000, "10.0.0.1", 3));
	assert_false(
		learn(&m, SIP_TRANSP_UDP, "192.0.2.1", 40000, "10.0.0.1", 4));
	/* the NAT is gone */
	assert_true(
		learn(&m, SIP_TRANSP_UDP, "10.0.0.1", 5060, "10.0.0.1", 5));
	assert_false(sa_isset(&m.addr, SA_ADDR));

	assert_false(
		learn(&m, SIP_TRANSP_UDP, "127.0.0.1", 5060, "10.0.0.1", 6));
	assert_false(
		learn(&m, SIP_TRANSP_UDP, "ff02::1", 5060, "2001:db8::1", 6));
	assert_false(
		learn(&m, SIP_TRANSP_UDP, "fe80::1", 5060, "2001:db8::1", 6));
	assert_false(learn(&m, SIP_TRANSP_UDP, "::1", 5060, "2001:db8::1", 6));
}


static void test_mapped_port_of_a_connection(void **state)
{
	struct sipd_mapped m = {.since = 0};
	uint16_t i;
	(void)state;

	assert_false(
		learn(&m, SIP_TRANSP_TCP, "10.0.0.1", 40000, "10.0.0.1", 1));
	assert_true(
		learn(&m, SIP_TRANSP_TCP, "192.0.2.1", 40000, "10.0.0.1", 2));
	/* each one has another: no limit */
	for (i = 1; i < 20; i++)
		assert_true(learn(&m, SIP_TRANSP_TCP, "192.0.2.1",
				  (uint16_t)(40000 + i), "10.0.0.1", 3));
}


static void test_mapped_does_not_flap(void **state)
{
	struct sipd_mapped m = {.since = 0};
	const uint64_t now = 1000000;
	unsigned changes = 0;
	uint16_t i;
	(void)state;

	for (i = 0; i < 100; i++)
		changes += learn(&m, SIP_TRANSP_UDP, "192.0.2.1",
				 (uint16_t)(5000 + i), "10.0.0.1", now + i);
	assert_int_equal(changes, 4);
	assert_int_equal(sa_port(&m.addr), 5003);
	assert_false(learn(&m, SIP_TRANSP_UDP, "192.0.2.1", 7, "10.0.0.1",
			   now + 599999));
	assert_true(learn(&m, SIP_TRANSP_UDP, "192.0.2.1", 7, "10.0.0.1",
			  now + 600000));
}


#define TEST(name) \
	cmocka_unit_test_setup_teardown(test_##name, setup, teardown)


int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(addresses_ipv4_first),
		TEST(tls_looks_for_tls_only),
		TEST(naptr_best_order_only),
		TEST(any_transport_takes_the_first_with_srv),
		TEST(srv_of_no_use),
		TEST(srv_priority_and_weight),
		TEST(targets_without_address_are_passed_over),
		TEST(waits_for_all_that_is_needed),
		TEST(all_is_asked_for_at_once),
		TEST(why_there_is_no_address),
		TEST(aliases_end),
		TEST(maxima),
		TEST(expires_with_the_first_record),
		TEST(blacklist_by_time),
		TEST(blacklist_order),
		TEST(blacklist_is_bounded),
		TEST(mapped_is_what_is_not_ours),
		TEST(mapped_port_of_a_connection),
		TEST(mapped_does_not_flap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
