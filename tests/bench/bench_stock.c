/**
 * @file bench/bench_stock.c  The baseline: a bare caller on libre as it is
 *
 * What a program gets that uses libre's sipsess and timers directly, without
 * media: calls at a fixed rate, hung up when established.  Linked with the
 * system's shared libre, and with nothing of ours.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>
#include "bench_util.h"

struct bench {
	struct sip *sip;
	struct sipsess_sock *sock;
	struct tmr tmr;
	char to[128];
	double rate;
	unsigned seconds;
	uint64_t begun, ended, failed, active, max_active;
	struct bench_usage a, z;
};

struct call {
	struct bench *b;
	struct sipsess *sess;
	struct tmr tmr;
};

static const char sdp[] =
	"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n"
	"t=0 0\r\nm=audio 40000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\n"
	"a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
	"a=sendrecv\r\n";


/* Dropping the session sends the BYE; not within a handler of its own. */
static void over(void *arg)
{
	struct call *c = arg;

	mem_deref(c->sess);
	--c->b->active;
	++c->b->ended;
	free(c);
}


static void established(const struct sip_msg *msg, void *arg)
{
	struct call *c = arg;
	(void)msg;

	tmr_start(&c->tmr, 0, over, c);
}


static void closed(int err, const struct sip_msg *msg, void *arg)
{
	struct call *c = arg;
	(void)err;
	(void)msg;

	++c->b->failed;
	tmr_start(&c->tmr, 0, over, c);
}


static int offer(struct mbuf **descp, const struct sip_msg *msg, void *arg)
{
	(void)descp;
	(void)msg;
	(void)arg;

	return ENOSYS;
}


static int answer(const struct sip_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;

	return 0;
}


static void progress(const struct sip_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;
}


static void dial(struct bench *b)
{
	struct call *c = calloc(1, sizeof(*c));
	struct mbuf *mb = mbuf_alloc(sizeof(sdp));
	int err = ENOMEM;

	if (c && mb) {
		c->b = b;
		tmr_init(&c->tmr);
		err = mbuf_write_str(mb, sdp);
		mb->pos = 0;
	}
	if (!err)
		err = sipsess_connect(&c->sess, b->sock, b->to, NULL,
				      "sip:bench@127.0.0.1", "bench", NULL, 0,
				      "application/sdp", mb, NULL, NULL, false,
				      offer, answer, progress, established,
				      NULL, NULL, closed, c, NULL);
	mem_deref(mb);
	++b->begun;
	if (err) {
		++b->failed;
		++b->ended;
		free(c);
	}
	else if (++b->active > b->max_active) {
		b->max_active = b->active;
	}
}


static void turn(void *arg)
{
	struct bench *b = arg;
	const uint64_t now = bench_us();

	if (now >= b->a.at + (uint64_t)b->seconds * 1000000) {
		bench_usage(&b->z);
		re_cancel();
		return;
	}
	for (unsigned i = 0;
	     i < 64 &&
	     (double)b->begun < (double)(now - b->a.at) * b->rate / 1e6;
	     ++i)
		dial(b);
	tmr_start(&b->tmr, 1, turn, b);
}


static int run(struct bench *b)
{
	struct sa local;
	int err;

	err = libre_init();
	if (!err)
		err = sa_set_str(&local, "127.0.0.1", 0);
	if (!err)
		err = sip_alloc(&b->sip, NULL, 4096, 4096, 64, "bench", NULL,
				NULL);
	if (!err)
		err = sip_transp_add(b->sip, SIP_TRANSP_UDP, &local);
	if (!err)
		err = sipsess_listen(&b->sock, b->sip, 4096, NULL, NULL);
	if (err)
		return err;

	tmr_init(&b->tmr);
	bench_usage(&b->a);
	turn(b);

	return re_main(NULL);
}


int main(int argc, char *argv[])
{
	struct bench b = {0};
	double wall;

	if (argc != 4) {
		(void)fprintf(stderr, "usage: bench_stock ADDR:PORT RATE "
				      "SECONDS\n");
		return 2;
	}
	(void)snprintf(b.to, sizeof(b.to), "sip:4930100@%s", argv[1]);
	b.rate = atof(argv[2]);
	b.seconds = (unsigned)atoi(argv[3]);
	if (run(&b))
		return 1;

	wall = (double)(b.z.at - b.a.at) / 1e6;
	printf("{\"bench\":\"stock\",\"rate\":%.0f,\"seconds\":%.2f,"
	       "\"begun\":%llu,\"calls_per_s\":%.1f,\"failed\":%llu,"
	       "\"refused\":0,\"drain_s\":0,\"max_active\":%llu,"
	       "\"cpu_us_per_call\":%.1f,\"cpu_percent\":%.1f}\n",
	       b.rate, wall, (unsigned long long)b.begun,
	       (double)b.ended / wall, (unsigned long long)b.failed,
	       (unsigned long long)b.max_active,
	       (double)(b.z.process - b.a.process) /
		       (double)(b.ended ? b.ended : 1),
	       (double)(b.z.process - b.a.process) / wall / 1e4);
	(void)fflush(stdout);
	_exit(0); /* what is pending is of no interest */
}
