/**
 * @file port/sip/transport/dns.c  Asks name servers
 *
 * Each question has a socket of its own, so that its port cannot be guessed,
 * and the kernel drops what others send to it.  What is cut is asked for again
 * by TCP.  Loop thread only.  RFC 1035 4, 5452, 7766
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/error.h"
#include "base/text.h"
#include "port/sip/transport/resolve.h"

enum {
	TRIES = 4,
	ANSWER_MAX = 4096, /* bytes, of UDP */
	STREAM_MAX = 65535 + 2,
	AUTHORITY_MAX = 8, /* records looked at */
	NAME_MAX_BYTES = 253,
	LABEL_MAX = 63
};

/* When the next server is asked, or the first again, ms after the start. */
static const uint32_t try_ms[TRIES] = {0, 800, 1800, 3200};

struct dns {
	struct sa servers[DNS_SERVERS_MAX];
	uint32_t count;
	bool system; /* they are those of resolv.conf */
};

struct
try {
	struct sipd_libre_fd watch;
	struct dns_ask *ask;
	struct sa server;
	bool open;
};

struct dns_ask {
	struct dns_ask **ap;
	const struct dns *dns;
	struct mbuf *mb; /* the question */
	char *name;
	dns_answer_h *h;
	void *arg;
	struct tmr tmr;
	struct try tries[TRIES];
	unsigned tried, failed;
	uint64_t began_ms;
	struct tcp_conn *tcp;
	struct mbuf *stream;
	uint16_t id, type;
	bool answered; /* by somebody who cannot tell */
};

static void try_next(struct dns_ask *ask);


/* ---- the end ----------------------------------------------------------- */

static void try_close(struct try *t)
{
	if (!t->open)
		return;

	t->open = false;
	sipd_libre_fd_close(&t->watch);
	(void)close(t->watch.fd);
}


static void sockets_close(struct dns_ask *ask)
{
	unsigned i;

	tmr_cancel(&ask->tmr);
	for (i = 0; i < ask->tried; i++)
		try_close(&ask->tries[i]);
	ask->tcp = mem_deref(ask->tcp);
}


static void destructor(void *arg)
{
	struct dns_ask *ask = arg;

	if (ask->ap)
		*ask->ap = NULL;
	sockets_close(ask);
	mem_deref(ask->mb);
	mem_deref(ask->stream);
	mem_deref(ask->name);
}


static void done(struct dns_ask *ask, int err, const struct dnshdr *hdr,
		 struct list *answers, struct list *authority)
{
	dns_answer_h *h = ask->h;

	if (ask->ap)
		*ask->ap = NULL;
	ask->ap = NULL;
	sockets_close(ask);
	h(err, hdr, answers, authority, ask->arg);
	mem_deref(ask);
}


static void failed(struct dns_ask *ask)
{
	unsigned i;

	ask->failed++;
	for (i = 0; i < ask->tried; i++) {
		if (ask->tries[i].open)
			return; /* the others may answer yet */
	}
	if (ask->tcp)
		return;

	if (ask->tried < TRIES && ask->failed < 2 * ask->dns->count)
		try_next(ask);
	else
		done(ask, ask->answered ? EPROTO : ETIMEDOUT, NULL, NULL,
		     NULL);
}


static void timer_handler(void *arg)
{
	struct dns_ask *ask = arg;

	if (ask->tried < TRIES && !ask->tcp)
		try_next(ask);
	else
		done(ask, ask->answered ? EPROTO : ETIMEDOUT, NULL, NULL,
		     NULL);
}


/* ---- reading ----------------------------------------------------------- */

static int read_records(struct mbuf *mb, struct list *list, unsigned count,
			unsigned max)
{
	unsigned i;

	for (i = 0; i < count && i < max; i++) {
		struct dnsrr *rr = NULL;
		const int err = dns_rr_decode(mb, &rr, 0);

		if (err)
			return err;
		list_append(list, &rr->le, rr);
	}

	return 0;
}


/* Is it about what was asked? */
static bool fits(const struct dns_ask *ask, struct mbuf *mb,
		 struct dnshdr *hdr)
{
	char *name = NULL;
	bool ok;

	if (dns_hdr_decode(mb, hdr) || !hdr->qr || hdr->id != ask->id ||
	    hdr->opcode != DNS_OPCODE_QUERY || hdr->nq != 1 ||
	    dns_dname_decode(mb, &name, 0))
		return false;

	ok = mbuf_get_left(mb) >= 4 && !str_casecmp(name, ask->name) &&
	     ntohs(mbuf_read_u16(mb)) == ask->type &&
	     ntohs(mbuf_read_u16(mb)) == DNS_CLASS_IN;
	mem_deref(name);

	return ok;
}


/* true if it is an answer, whatever it says. */
static bool answer(struct dns_ask *ask, struct mbuf *mb,
		   const struct dnshdr *hdr)
{
	struct list answers = LIST_INIT, authority = LIST_INIT;

	if (hdr->rcode != DNS_RCODE_OK && hdr->rcode != DNS_RCODE_NAME_ERR) {
		ask->answered = true;
		return false;
	}

	if (read_records(mb, &answers, hdr->nans, DNS_RECORDS_MAX)) {
		ask->answered = true;
		list_flush(&answers);
		return false;
	}
	if (hdr->nans <= DNS_RECORDS_MAX)
		(void)read_records(mb, &authority, hdr->nauth, AUTHORITY_MAX);

	done(ask, 0, hdr, &answers, &authority);
	list_flush(&answers);
	list_flush(&authority);

	return true;
}


/* ---- TCP, for what is cut ---------------------------------------------- */

static void stream_established(void *arg)
{
	struct dns_ask *ask = arg;
	struct mbuf *mb = mbuf_alloc(ask->mb->end + 2);
	int err = mb ? 0 : ENOMEM;

	if (!err)
		err = mbuf_write_u16(mb, htons((uint16_t)ask->mb->end));
	if (!err)
		err = mbuf_write_mem(mb, ask->mb->buf, ask->mb->end);
	if (!err) {
		mb->pos = 0;
		err = tcp_send(ask->tcp, mb);
	}
	mem_deref(mb);
	if (err) {
		ask->tcp = mem_deref(ask->tcp);
		failed(ask);
	}
}


static void stream_closed(int err, void *arg)
{
	struct dns_ask *ask = arg;
	(void)err;

	ask->tcp = mem_deref(ask->tcp);
	failed(ask);
}


static void stream_received(struct mbuf *mb, void *arg)
{
	struct dns_ask *ask = arg;
	struct mbuf *all = ask->stream;
	struct dnshdr hdr;
	size_t len;

	all->pos = all->end;
	if (all->end + mbuf_get_left(mb) > STREAM_MAX ||
	    mbuf_write_mem(all, mbuf_buf(mb), mbuf_get_left(mb))) {
		stream_closed(EBADMSG, ask);
		return;
	}
	if (all->end < 2)
		return;
	len = (size_t)all->buf[0] << 8 | all->buf[1];
	if (all->end < 2 + len)
		return;

	/* names in it are told by their distance from its beginning */
	memmove(all->buf, all->buf + 2, len);
	all->pos = 0;
	all->end = len;
	if (!fits(ask, all, &hdr) || !answer(ask, all, &hdr))
		stream_closed(EBADMSG, ask);
}


static void stream_open(struct dns_ask *ask, const struct sa *server)
{
	if (ask->tcp)
		return;

	ask->stream = mem_deref(ask->stream);
	ask->stream = mbuf_alloc(1024);
	if (!ask->stream || tcp_connect(&ask->tcp, server, stream_established,
					stream_received, stream_closed, ask)) {
		failed(ask);
		return;
	}

	tmr_start(&ask->tmr, DNS_QUERY_MS, timer_handler, ask);
}


/* ---- UDP --------------------------------------------------------------- */

static void readable(int flags, void *arg)
{
	struct try *t = arg;
	struct dns_ask *ask = t->ask;
	struct mbuf *mb = mbuf_alloc(ANSWER_MAX);
	struct dnshdr hdr;
	ssize_t n;
	(void)flags;

	n = mb ? recv(t->watch.fd, mb->buf, mb->size, 0) : -1;
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		try_close(t);
		failed(ask);
	}
	else if (n >= 0) {
		mb->end = (size_t)n;
		if (!fits(ask, mb, &hdr)) {
			/* somebody else's; the true one may come yet */
		}
		else if (hdr.tc) {
			try_close(t);
			stream_open(ask, &t->server);
		}
		else if (!answer(ask, mb, &hdr)) {
			try_close(t);
			failed(ask);
		}
	}
	mem_deref(mb);
}


static int try_open(struct try *t)
{
	const struct sa *server = &t->server;
	const struct mbuf *mb = t->ask->mb;
	int fd, err;

	fd = socket(sa_af(server), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    0);
	if (fd < 0)
		return errno;

	err = connect(fd, &server->u.sa, server->len) ||
			      send(fd, mb->buf, mb->end, MSG_NOSIGNAL) < 0
		      ? errno
		      : 0;
	if (!err)
		err = sipd_libre_fd_open(&t->watch, fd, readable, t);
	if (err)
		(void)close(fd);
	else
		t->open = true;

	return err;
}


static void try_next(struct dns_ask *ask)
{
	struct try *t = &ask->tries[ask->tried];
	uint64_t spent, due;

	t->ask = ask;
	t->server = ask->dns->servers[ask->tried % ask->dns->count];
	ask->tried++;

	spent = tmr_jiffies() - ask->began_ms;
	due = ask->tried < TRIES ? try_ms[ask->tried] : DNS_QUERY_MS;
	tmr_start(&ask->tmr, due > spent ? due - spent : 0, timer_handler,
		  ask);
	if (try_open(t)) {
		ask->failed++;
		tmr_start(&ask->tmr, 0, timer_handler, ask);
	}
}


/* ---- asking ------------------------------------------------------------ */

static bool name_valid(const char *name)
{
	size_t label = 0, len = 0;

	for (; *name; name++, len++) {
		if (*name == '.' && !label)
			return false;
		label = *name == '.' ? 0 : label + 1;
		if (label > LABEL_MAX || (unsigned char)*name <= ' ' ||
		    (unsigned char)*name >= 0x7f)
			return false;
	}

	return label && len <= NAME_MAX_BYTES;
}


static int question(struct dns_ask *ask)
{
	struct dnshdr hdr;
	int err;

	memset(&hdr, 0, sizeof(hdr));
	hdr.id = ask->id;
	hdr.opcode = DNS_OPCODE_QUERY;
	hdr.rd = true;
	hdr.nq = 1;

	ask->mb = mbuf_alloc(512);
	if (!ask->mb)
		return ENOMEM;

	err = dns_hdr_encode(ask->mb, &hdr);
	err |= dns_dname_encode(ask->mb, ask->name, NULL, 0, false);
	err |= mbuf_write_u16(ask->mb, htons(ask->type));
	err |= mbuf_write_u16(ask->mb, htons(DNS_CLASS_IN));

	return err ? ENOMEM : 0;
}


int dns_ask(struct dns_ask **ap, const struct dns *dns, const char *name,
	    uint16_t type, dns_answer_h *h, void *arg)
{
	struct dns_ask *ask;
	int err;

	if (!name_valid(name))
		return EINVAL;

	ask = mem_zalloc(sizeof(*ask), destructor);
	if (!ask)
		return ENOMEM;

	ask->dns = dns;
	ask->h = h;
	ask->arg = arg;
	ask->type = type;
	ask->id = rand_u16();
	ask->began_ms = tmr_jiffies();
	err = str_dup(&ask->name, name);
	if (!err)
		err = question(ask);
	if (err) {
		mem_deref(ask);
		return err;
	}

	ask->ap = ap;
	*ap = ask;
	try_next(ask);

	return 0;
}


/* ---- name servers ------------------------------------------------------ */

static int servers_read(struct dns *dns, const char *text)
{
	const char *end;
	struct pl pl;

	for (; *text; text = *end ? end + 1 : end) {
		end = text + strcspn(text, ",");
		pl.p = text + strspn(text, " ");
		for (pl.l = (size_t)(end - text) - (size_t)(pl.p - text);
		     pl.l && pl.p[pl.l - 1] == ' '; pl.l--)
			;
		if (dns->count == DNS_SERVERS_MAX)
			return sipd_error(SIPDIALER_EINVAL,
					  "sip.dns_servers has more than %d "
					  "addresses",
					  DNS_SERVERS_MAX);
		if (sa_decode(&dns->servers[dns->count], pl.p, pl.l) &&
		    sa_set(&dns->servers[dns->count], &pl, DNS_PORT))
			return sipd_error(SIPDIALER_EINVAL,
					  "sip.dns_servers: \"%.*s\" is no "
					  "address",
					  (int)pl.l, pl.p);
		if (!sa_port(&dns->servers[dns->count]))
			sa_set_port(&dns->servers[dns->count], DNS_PORT);
		dns->count++;
	}

	return SIPDIALER_OK;
}


static void servers_of_system(struct dns *dns)
{
	struct sa all[16];
	uint32_t count = ARRAY_SIZE(all), i;
	char domain[256] = "";

	/* an entry it cannot read makes an error, but the others are there */
	memset(all, 0, sizeof(all));
	(void)dns_srv_get(domain, sizeof(domain), all, &count);

	for (i = 0;
	     i < count && i < ARRAY_SIZE(all) && dns->count < DNS_SERVERS_MAX;
	     i++) {
		if (sa_isset(&all[i], SA_ADDR))
			dns->servers[dns->count++] = all[i];
	}

	/* the resolver's own default. resolv.conf(5) */
	if (!dns->count && !sa_set_str(&dns->servers[0], "127.0.0.1", 53))
		dns->count = 1;
}


int dns_open(struct dns **dp, const char *servers)
{
	struct dns *dns = mem_zalloc(sizeof(*dns), NULL);
	int err = SIPDIALER_OK;

	if (!dns)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for DNS");

	dns->system = !*servers;
	if (dns->system)
		servers_of_system(dns);
	else
		err = servers_read(dns, servers);
	if (err)
		mem_deref(dns);
	else
		*dp = dns;

	return err;
}


/* Questions under way go on with those they find. */
void dns_reload(struct dns *dns)
{
	if (!dns->system)
		return;

	dns->count = 0;
	servers_of_system(dns);
}


void dns_servers_text(const struct dns *dns, char *buf, size_t size)
{
	struct sipd_text t;
	char addr[64];
	uint32_t i;

	sipd_text_init(&t, buf, size);
	for (i = 0; i < dns->count; i++) {
		(void)sa_ntop(&dns->servers[i], addr, sizeof(addr));
		sipd_text_printf(&t, "%s%s", i ? ", " : "", addr);
	}
}
