/**
 * @file bench/bench_campaign.c  A contact file in, a campaign over it
 *
 * Through the public API, the store on a real disk: writes a CSV file, imports
 * it, and, if there is a far end, runs the campaign for some seconds.  The
 * intent of each call is durable before its INVITE leaves.  Prints one JSON
 * object; fails only if it could not measure.
 */
#include <getopt.h>
#include <stdlib.h>
#include <sipdialer/sipdialer.h>
#include "bench_util.h"

enum { WAIT_MS = 600000, WARM_S = 2 };

struct bench {
	struct sipdialer *d;
	const char *dir, *server, *record;
	unsigned contacts, seconds, max_calls;
	double rate;

	char db[4096], csv[4096];
	uint64_t campaign;
	uint64_t taken, refused_rows;
	uint64_t dialed, ended, answered, failed, store_errors;
	double import_s;
	long rss_before, rss_import, peak_import;
};


static bool write_csv(const struct bench *b)
{
	static const char *const towns[] = {
		"Springfield",
		"Los Angeles",
		"Saint Paul",
		"M\xc3\xbcnster",
	};
	FILE *f = fopen(b->csv, "w");

	if (!f)
		return false;

	(void)fprintf(f, "phone,first_name,last_name,city,balance\r\n");
	for (unsigned i = 0; i < b->contacts; ++i)
		(void)fprintf(f,
			      "(%03u) %03u-%04u,Ann,Example %u,%s,%u.50"
			      "\r\n",
			      220 + i / 8000000 % 680, 220 + i / 10000 % 780,
			      i % 10000, i, towns[i % 4], i % 1000);

	return !fclose(f);
}


/* The next event of a kind we wait for; its request is ours. */
static const struct sipdialer_event *done(struct bench *b, uint64_t request)
{
	const struct sipdialer_event *ev;

	while ((ev = sipdialer_next_event(b->d, WAIT_MS)))
		if (ev->type == SIPDIALER_EVENT_DONE &&
		    ev->request == request) {
			if (ev->error)
				(void)fprintf(stderr, "%s\n", ev->text);
			return ev->error ? NULL : ev;
		}

	return NULL;
}


static bool campaign_new(struct bench *b)
{
	const char *const options[] = {"dial.retries=0", NULL};
	const struct sipdialer_event *ev;
	uint64_t request;

	if (sipdialer_campaign_create(b->d, "bench", options, &request))
		return false;
	ev = done(b, request);
	b->campaign = ev ? ev->campaign : 0;

	return ev != NULL;
}


static bool import(struct bench *b)
{
	const char *const options[] = {"dial.default_country=US", NULL};
	const struct sipdialer_event *ev;
	const uint64_t t0 = bench_us();
	uint64_t request;

	b->rss_before = bench_rss_kb();
	if (sipdialer_contact_import(b->d, b->campaign, b->csv, options,
				     &request))
		return false;
	ev = done(b, request);
	if (!ev)
		return false;

	b->import_s = (double)(bench_us() - t0) / 1e6;
	b->taken = ev->count;
	b->refused_rows = ev->failed;
	b->rss_import = bench_rss_kb();
	b->peak_import = bench_peak_kb();

	return true;
}


static void count(struct bench *b, const struct sipdialer_event *ev)
{
	switch (ev->type) {
	case SIPDIALER_EVENT_CALL_DIALING:
		++b->dialed;
		break;
	case SIPDIALER_EVENT_CALL_ENDED:
		++b->ended;
		if (ev->disposition == SIPDIALER_DISPOSITION_ANSWERED)
			++b->answered;
		else
			++b->failed;
		break;
	case SIPDIALER_EVENT_STORE:
		b->store_errors += ev->error != 0;
		break;
	default:
		break;
	}
}


static void pull_until(struct bench *b, uint64_t until)
{
	const struct sipdialer_event *ev;

	while (bench_us() < until) {
		ev = sipdialer_next_event(b->d, 10);
		if (ev)
			count(b, ev);
	}
}


static bool run(struct bench *b)
{
	struct bench_usage a, z;
	uint64_t request, dialed, ended;
	double wall, calls;

	if (sipdialer_campaign_start(b->d, b->campaign, &request) ||
	    !done(b, request))
		return false;

	pull_until(b, bench_us() + WARM_S * 1000000);
	dialed = b->dialed;
	ended = b->ended;
	bench_usage(&a);
	pull_until(b, a.at + (uint64_t)b->seconds * 1000000);
	bench_usage(&z);
	wall = (double)(z.at - a.at) / 1e6;
	dialed = b->dialed - dialed;
	ended = b->ended - ended;
	calls = ended ? (double)ended : 1;

	printf(",\"rate\":%.0f,\"seconds\":%.2f,\"dialed\":%llu,"
	       "\"ended\":%llu,\"calls_per_s\":%.1f,\"failed\":%llu,"
	       "\"store_errors\":%llu,\"cpu_us_per_call\":%.1f,"
	       "\"loop_us_per_call\":%.1f,\"store_us_per_call\":%.1f,"
	       "\"media_us_per_call\":%.1f,\"cpu_percent\":%.1f,"
	       "\"rss_kb\":%ld",
	       b->rate, wall, (unsigned long long)dialed,
	       (unsigned long long)ended, (double)ended / wall,
	       (unsigned long long)b->failed,
	       (unsigned long long)b->store_errors,
	       (double)(z.process - a.process) / calls,
	       bench_thread_us(&a, &z, "sipd-loop") / calls,
	       bench_thread_us(&a, &z, "sipd-store") / calls,
	       bench_thread_us(&a, &z, "sipd-media") / calls,
	       (double)(z.process - a.process) / wall / 1e4, bench_rss_kb());

	return true;
}


static bool set_number(struct bench *b, const char *name, double value)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%.0f", value);

	return !sipdialer_set(b->d, name, text);
}


static bool configure(struct bench *b)
{
	const char *server = b->server ? b->server : "127.0.0.1:5070";
	const char *port = strrchr(server, ':');
	char host[64];

	if (!port || (size_t)(port - server) >= sizeof(host))
		return false;
	memcpy(host, server, (size_t)(port - server));
	host[port - server] = '\0';

	return !sipdialer_set(b->d, "sip.server", host) &&
	       !sipdialer_set(b->d, "sip.port", port + 1) &&
	       !sipdialer_set(b->d, "sip.register", "no") &&
	       !sipdialer_set(b->d, "store.path", b->db) &&
	       !sipdialer_set(b->d, "events.max", "1000000") &&
	       (!b->record ||
		(!sipdialer_set(b->d, "record.policy", "all") &&
		 !sipdialer_set(b->d, "record.folder", b->record))) &&
	       set_number(b, "dial.max_calls", b->max_calls) &&
	       set_number(b, "dial.calls_per_second", b->rate);
}


static void clean(const struct bench *b)
{
	static const char *const suffixes[] = {"",       "-wal",  "-shm",
					       "-owner", "-lock", ".lock"};
	char path[4200];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); ++i) {
		(void)snprintf(path, sizeof(path), "%s%s", b->db, suffixes[i]);
		(void)unlink(path);
	}
	(void)unlink(b->csv);
}


static bool measure(struct bench *b)
{
	if (!configure(b) || sipdialer_start(b->d) || !campaign_new(b) ||
	    !import(b))
		return false;

	printf("{\"bench\":\"campaign\",\"contacts\":%u,\"taken\":%llu,"
	       "\"refused\":%llu,\"import_s\":%.3f,\"rows_per_s\":%.0f,"
	       "\"import_rss_kb\":[%ld,%ld,%ld]",
	       b->contacts, (unsigned long long)b->taken,
	       (unsigned long long)b->refused_rows, b->import_s,
	       (double)b->contacts / b->import_s, b->rss_before, b->rss_import,
	       b->peak_import);
	if (b->server && !run(b))
		return false;
	printf("}\n");

	return true;
}


static int usage(void)
{
	(void)fprintf(
		stderr,
		"usage: bench_campaign --dir DIR [options]\n"
		"  --dir DIR           of the store, on the disk to measure\n"
		"  --contacts N        default 1000000\n"
		"  --server ADDR:PORT  none: only the import\n"
		"  --rate N            calls a second, 0 no limit, default "
		"2000\n"
		"  --max-calls N       default 4000\n"
		"  --seconds N         default 10\n"
		"  --record DIR        every call, to that folder\n");

	return 2;
}


static bool arguments(struct bench *b, int argc, char *argv[])
{
	static const struct option longs[] = {
		{"dir", 1, NULL, 'd'},       {"contacts", 1, NULL, 'c'},
		{"server", 1, NULL, 's'},    {"rate", 1, NULL, 'r'},
		{"max-calls", 1, NULL, 'm'}, {"seconds", 1, NULL, 'S'},
		{"record", 1, NULL, 'R'},    {NULL, 0, NULL, 0}};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'd':
			b->dir = optarg;
			break;
		case 'c':
			b->contacts = (unsigned)atoi(optarg);
			break;
		case 's':
			b->server = optarg;
			break;
		case 'r':
			b->rate = atof(optarg);
			break;
		case 'm':
			b->max_calls = (unsigned)atoi(optarg);
			break;
		case 'S':
			b->seconds = (unsigned)atoi(optarg);
			break;
		case 'R':
			b->record = optarg;
			break;
		default:
			return false;
		}
	}

	return b->dir && b->contacts && optind == argc;
}


int main(int argc, char *argv[])
{
	struct bench b = {.contacts = 1000000,
			  .rate = 2000,
			  .max_calls = 4000,
			  .seconds = 10};
	bool ok;

	if (!arguments(&b, argc, argv))
		return usage();

	bench_raise_files();
	(void)snprintf(b.db, sizeof(b.db), "%s/bench-%d.db", b.dir,
		       (int)getpid());
	(void)snprintf(b.csv, sizeof(b.csv), "%s/bench-%d.csv", b.dir,
		       (int)getpid());
	if (!write_csv(&b) || sipdialer_create(&b.d)) {
		(void)fprintf(stderr, "cannot write to %s\n", b.dir);
		return 1;
	}

	ok = measure(&b);
	if (!ok)
		(void)fprintf(stderr, "failed: %s\n", sipdialer_last_error());
	sipdialer_destroy(b.d);
	clean(&b);

	return ok ? 0 : 1;
}
