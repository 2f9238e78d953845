/**
 * @file bench/bench_record.c  Recordings beside media and the store
 *
 * bench_record [calls] [seconds] [mono|stereo] [dir] [jobs/s]: that many
 * streams with G.711 both ways on one media thread, and results of calls
 * stored all the time, `seconds` without recordings and then as long with one
 * of each; dir is on the disk that matters (default: here).  Prints one JSON
 * line; never fails for being slow.
 */
#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include "bench_util.h"
#include "base/clock.h"
#include "base/container.h"
#include "base/error.h"
#include "core/media/stream.h"
#include "port/rtp/packet.h"
#include "port/store/store.h"

enum { SLICES = 20, WARM_S = 3, JOBS_MAX = 1000000, BATCH = 1024 };

struct call {
	struct sipd_stream *s;
	struct sockaddr_in to;
};

struct bench {
	unsigned count, rate;
	bool stereo;
	struct sipd_loop *loop;
	struct sipd_disk *disk;
	struct sipd_media *media;
	struct sipd_recordings *recordings;
	struct sipd_store *store;
	struct sipd_log log;
	struct call *calls;
	int fd; /* of the peer */
	uint16_t port;
	atomic_bool stop;
	atomic_uint closed;
	pthread_t peer, jobber;

	/* stored results: ms from post to done, of one phase */
	uint64_t next_call;
	atomic_bool counting;
	float *took;
	atomic_uint tookc;
};

/* What is done on the loop. */
struct turn {
	struct sipd_work work;
	struct bench *b;
	void (*h)(struct bench *b);
	atomic_bool done;
};

struct result {
	struct sipd_job job;
	struct bench *b;
	uint64_t call, at;
	int err;
};


static void sleep_until(uint64_t us)
{
	const struct timespec ts = {.tv_sec = (time_t)(us / 1000000),
				    .tv_nsec = (long)(us % 1000000) * 1000};

	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}


static void must(int err, const char *what)
{
	if (!err)
		return;
	(void)fprintf(stderr, "bench_record: %s: %d %s\n", what, err,
		      sipd_error_text());
	exit(1);
}


static void turn_handler(struct sipd_work *work)
{
	struct turn *t = SIPD_CONTAINER(work, struct turn, work);

	t->h(t->b);
	atomic_store(&t->done, true);
}


static void on_loop(struct bench *b, void (*h)(struct bench *b))
{
	struct turn t = {.work = {.h = turn_handler}, .b = b, .h = h};

	sipd_loop_post(b->loop, &t.work);
	while (!atomic_load(&t.done))
		sleep_until(sipd_clock_us() + 1000);
}


/* ---- the far end ------------------------------------------------------------ */

static void peer_read(const struct bench *b)
{
	static uint8_t bufs[64][256];
	struct iovec iov[64];
	struct mmsghdr msgs[64];
	int n;

	memset(msgs, 0, sizeof(msgs));
	for (size_t i = 0; i < 64; i++) {
		iov[i] = (struct iovec){bufs[i], sizeof(bufs[i])};
		msgs[i].msg_hdr.msg_iov = &iov[i];
		msgs[i].msg_hdr.msg_iovlen = 1;
	}
	do
		n = recvmmsg(b->fd, msgs, 64, MSG_DONTWAIT, NULL);
	while (n == 64);
}


static void peer_send(const struct bench *b, uint64_t tick)
{
	static uint8_t bufs[BATCH][SIPD_RTP_HEADER + SIPD_FRAME];
	static struct iovec iov[BATCH];
	static struct mmsghdr msgs[BATCH];
	const uint32_t frame = (uint32_t)(tick / SLICES);
	unsigned n = 0;

	for (unsigned i = (unsigned)(tick % SLICES); i < b->count && n < BATCH;
	     i += SLICES, n++) {
		const struct sipd_rtp_packet p = {.seq = (uint16_t)frame,
						  .ts = frame * SIPD_FRAME,
						  .ssrc = i + 1};

		memset(bufs[n], (int)(0x80 | frame % 64), sizeof(bufs[n]));
		sipd_rtp_write(bufs[n], &p);
		iov[n] = (struct iovec){bufs[n], sizeof(bufs[n])};
		msgs[n].msg_hdr.msg_iov = &iov[n];
		msgs[n].msg_hdr.msg_iovlen = 1;
		msgs[n].msg_hdr.msg_name = &b->calls[i].to;
		msgs[n].msg_hdr.msg_namelen = sizeof(b->calls[i].to);
	}
	(void)sendmmsg(b->fd, msgs, n, MSG_DONTWAIT);
}


static void *peer_main(void *arg)
{
	struct bench *b = arg;
	const uint64_t start = sipd_clock_us();

	for (uint64_t tick = 0; !atomic_load(&b->stop); ++tick) {
		sleep_until(start + tick * 1000);
		peer_send(b, tick);
		peer_read(b);
	}

	return NULL;
}


static void peer_open(struct bench *b)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	const int size = 4 * 1024 * 1024;
	socklen_t len = sizeof(a);

	a.sin_addr.s_addr = htonl(0x7f480003); /* 127.72.0.3 */
	b->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	(void)setsockopt(b->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (b->fd < 0 || bind(b->fd, (struct sockaddr *)&a, sizeof(a)) ||
	    getsockname(b->fd, (struct sockaddr *)&a, &len)) {
		perror("bench_record: socket");
		exit(1);
	}
	b->port = ntohs(a.sin_port);
}


/* ---- the calls ---------------------------------------------------------------- */

static void on_closed(const struct sipd_stream_end *end, void *arg)
{
	struct bench *b = arg;
	(void)end;

	atomic_fetch_add(&b->closed, 1);
}


static void open_calls(struct bench *b)
{
	static const struct sipd_stream_handlers h = {.closed = on_closed};
	struct sipd_stream_conf conf = {.media = b->media,
					.recordings = b->recordings,
					.loop = b->loop,
					.log = &b->log};
	struct sipd_sdp_remote r = {.codec = SIPD_CODEC_PCMU,
				    .dtmf_pt = 101,
				    .dtmf_khz = 8,
				    .ptime = 20,
				    .dir = SIPD_SENDRECV};

	r.pt_in[SIPD_CODEC_PCMA] = 8;
	(void)sipd_addr_parse(&conf.addr, "127.72.0.1", 0);
	(void)sipd_addr_parse(&r.rtp, "127.72.0.3", b->port);
	r.rtcp = r.rtp;
	for (unsigned i = 0; i < b->count; i++) {
		struct call *c = &b->calls[i];

		must(sipd_stream_open(&c->s, &conf, &h, b), "stream");
		c->to = conf.addr.in;
		c->to.sin_port = htons(sipd_stream_port(c->s));
		sipd_stream_connect(c->s, &r);
	}
}


static void record_calls(struct bench *b)
{
	for (unsigned i = 0; i < b->count; i++) {
		char name[64];
		const struct sipd_record_conf conf = {.path = name,
						      .named = true,
						      .stereo = b->stereo};

		(void)snprintf(name, sizeof(name), "2026-01-01/%u.wav", i);
		sipd_stream_record(b->calls[i].s, &conf);
	}
}


static void close_calls(struct bench *b)
{
	for (unsigned i = 0; i < b->count; i++)
		sipd_stream_close(b->calls[i].s);
}


/* ---- results that are stored meanwhile ------------------------------------------ */

static void result_run(struct sipd_job *job)
{
	struct result *r = SIPD_CONTAINER(job, struct result, job);
	const struct sipd_result row = {.call = r->call,
					.number = "+4930123",
					.from = "100",
					.callid = "bench",
					.start_ms = 1,
					.end_ms = 2,
					.disposition = 1,
					.reason = "",
					.dtmf = ""};

	r->err = sipd_store_result(job->store, &row);
	if (r->err == SIPDIALER_EIO)
		job->err = SIPDIALER_EIO;
}


static void result_done(struct sipd_job *job)
{
	struct result *r = SIPD_CONTAINER(job, struct result, job);
	struct bench *b = r->b;

	must(job->err ? job->err : r->err, "result");
	if (atomic_load(&b->counting) && atomic_load(&b->tookc) < JOBS_MAX)
		b->took[atomic_fetch_add(&b->tookc, 1)] =
			(float)(sipd_clock_us() - r->at) / 1000;
	free(r);
}


static void *jobs_main(void *arg)
{
	struct bench *b = arg;
	const uint64_t start = sipd_clock_us();

	for (uint64_t n = 0; !atomic_load(&b->stop); n++) {
		struct result *r = calloc(1, sizeof(*r));

		sleep_until(start + n * 1000000 / b->rate);
		if (!r)
			return NULL;
		r->job.run = result_run;
		r->job.done = result_done;
		r->job.store = b->store;
		r->b = b;
		r->call = b->next_call++;
		r->at = sipd_clock_us();
		sipd_disk_post(b->disk, &r->job);
	}

	return NULL;
}


static int by_size(const void *a, const void *b)
{
	const float x = *(const float *)a, y = *(const float *)b;

	return x < y ? -1 : x > y;
}


/* ---- measuring ------------------------------------------------------------------------ */

/* Upper bound of the class that holds the share, ms; 100 = the last. */
static int late_ms(const struct sipd_media_stats *a,
		   const struct sipd_media_stats *z, double share)
{
	static const int bound[6] = {1, 2, 5, 10, 20, 100};
	uint64_t all = 0, sum = 0;
	int i;

	for (i = 0; i < 6; ++i)
		all += z->late[i] - a->late[i];
	for (i = 0; i < 6; ++i) {
		sum += z->late[i] - a->late[i];
		if ((double)sum >= share * (double)all)
			return bound[i];
	}

	return 100;
}


static void measure(struct bench *b, const char *name, unsigned seconds)
{
	struct sipd_recordings_stats ra, rz;
	struct sipd_media_stats a, z;
	struct bench_usage ua, uz;
	unsigned n;
	double us;

	sleep_until(sipd_clock_us() + WARM_S * 1000000);
	sipd_media_stats(b->media, &a);
	sipd_recordings_stats(b->recordings, &ra);
	atomic_store(&b->tookc, 0);
	atomic_store(&b->counting, true);
	bench_usage(&ua);
	sleep_until(sipd_clock_us() + (uint64_t)seconds * 1000000);
	bench_usage(&uz);
	atomic_store(&b->counting, false);
	sipd_media_stats(b->media, &z);
	sipd_recordings_stats(b->recordings, &rz);
	us = (double)(uz.at - ua.at);
	n = atomic_load(&b->tookc);
	qsort(b->took, n, sizeof(*b->took), by_size);

	printf("\"%s\":{\"active\":%llu,\"store_cpu_percent\":%.1f,"
	       "\"media_cpu_percent\":%.1f,\"process_cpu_percent\":%.1f,"
	       "\"late_p50_ms_below\":%d,\"late_p99_ms_below\":%d,"
	       "\"skipped\":%llu,\"lost_frames\":%llu,"
	       "\"disk_bytes_per_s\":%.0f,\"stored_per_s\":%.0f,"
	       "\"store_p50_ms\":%.1f,\"store_p99_ms\":%.1f,"
	       "\"store_max_ms\":%.1f,\"rss_mb\":%ld}",
	       name, (unsigned long long)rz.active,
	       bench_thread_us(&ua, &uz, "sipd-store") * 100 / us,
	       bench_thread_us(&ua, &uz, "sipd-media") * 100 / us,
	       (double)(uz.process - ua.process) * 100 / us,
	       late_ms(&a, &z, 0.5), late_ms(&a, &z, 0.99),
	       (unsigned long long)(z.skipped - a.skipped),
	       (unsigned long long)(rz.lost - ra.lost),
	       (double)(rz.bytes - ra.bytes) / us * 1e6, n / us * 1e6,
	       n ? b->took[n / 2] : 0.0F, n ? b->took[n * 99 / 100] : 0.0F,
	       n ? b->took[n - 1] : 0.0F, bench_rss_kb() / 1024);
	(void)fflush(stdout);
}


static void open_all(struct bench *b, const char *dir)
{
	const struct sipd_recordings_conf conf = {.folder = dir};
	char path[4200];
	uint64_t end;

	(void)snprintf(path, sizeof(path), "%s/bench.db", dir);
	must(sipd_store_open(&b->store, path, 0, &b->log), "store");
	must(sipd_store_calls_reserve(b->store, &b->next_call, &end), "ids");
	must(sipd_loop_start(&b->loop, &b->log), "loop");
	must(sipd_disk_start(&b->disk, b->loop, &b->log), "disk");
	must(sipd_media_start(&b->media, 1, &b->log), "media");
	must(sipd_recordings_open(&b->recordings, b->disk, &b->log, &conf),
	     "recordings");
	peer_open(b);
	on_loop(b, open_calls);
	if (pthread_create(&b->peer, NULL, peer_main, b) ||
	    pthread_create(&b->jobber, NULL, jobs_main, b))
		exit(1);
}


static void close_all(struct bench *b)
{
	on_loop(b, close_calls);
	while (atomic_load(&b->closed) < b->count)
		sleep_until(sipd_clock_us() + 1000);
	atomic_store(&b->stop, true);
	(void)pthread_join(b->peer, NULL);
	(void)pthread_join(b->jobber, NULL);
	sipd_disk_stop(b->disk, 10000);
	sipd_media_stop(b->media);
	sipd_loop_stop(b->loop);
	sipd_loop_join(b->loop);
	sipd_recordings_close(b->recordings);
	sipd_store_close(b->store);
	(void)close(b->fd);
	free(b->calls);
	free(b->took);
}


static int remove_one(const char *path, const struct stat *st, int flag,
		      struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;

	return remove(path);
}


static void log_line(int level, const char *line, void *arg)
{
	(void)arg;
	if (level <= SIPDIALER_LOG_WARNING)
		(void)fprintf(stderr, "bench_record: %s\n", line);
}


int main(int argc, char *argv[])
{
	const unsigned seconds = argc > 2 ? (unsigned)atoi(argv[2]) : 10;
	static struct bench b;
	char dir[4100];

	b.count = argc > 1 ? (unsigned)atoi(argv[1]) : 1000;
	b.stereo = argc > 3 && !strcmp(argv[3], "stereo");
	b.rate = argc > 5 ? (unsigned)atoi(argv[5]) : 200;
	(void)snprintf(dir, sizeof(dir), "%s/bench-record-XXXXXX",
		       argc > 4 ? argv[4] : ".");
	b.calls = calloc(b.count ? b.count : 1, sizeof(*b.calls));
	b.took = calloc(JOBS_MAX, sizeof(*b.took));
	if (!b.count || b.count > SLICES * BATCH || !seconds || !b.rate ||
	    !b.calls || !b.took || !mkdtemp(dir)) {
		(void)fprintf(stderr, "usage: bench_record [calls] [seconds] "
				      "[mono|stereo] [dir] [jobs/s]\n");
		return 2;
	}

	bench_raise_files();
	sipd_log_init(&b.log, SIPDIALER_LOG_WARNING, log_line, NULL);
	open_all(&b, dir);
	printf("{\"bench\":\"record\",\"calls\":%u,\"seconds\":%u,"
	       "\"stereo\":%s,\"jobs_per_s\":%u,",
	       b.count, seconds, b.stereo ? "true" : "false", b.rate);
	measure(&b, "without", seconds);
	printf(",");
	on_loop(&b, record_calls);
	measure(&b, "with", seconds);
	printf("}\n");
	close_all(&b);
	(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);

	return 0;
}
