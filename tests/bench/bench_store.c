/**
 * @file bench_store.c  Speed of the store, as one JSON object
 *
 * bench_store [ROWS [DIR]]: contacts of the due query (1,000,000), and the
 * directory for the database (a new one in the present directory; put it on
 * the disk that matters).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <sipdialer/sipdialer.h>
#include "base/clock.h"
#include "base/error.h"
#include "port/store/store.h"

enum {
	PAIRS = 20000,
	PAIRS_ONE = 1000,
	IMPORT_BATCH = 100000,
	DUES = 2000,
	DUE_MAX = 100
};

static const int64_t LATER = 4102444800000; /* 2100-01-01 */


static void must(int err)
{
	if (!err)
		return;
	(void)fprintf(stderr, "bench_store: %d %s\n", err, sipd_error_text());
	exit(1);
}


static double seconds(uint64_t since)
{
	return (double)(sipd_clock_us() - since) / 1e6;
}


/* of this process: what a busy machine does not change */
static double cpu_seconds(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}


static uint64_t import(struct sipd_store *s, uint64_t rows)
{
	static struct sipd_contact_new batch[IMPORT_BATCH];
	static char numbers[IMPORT_BATCH][32], names[IMPORT_BATCH][32];
	uint64_t campaign, i = 0;

	must(sipd_store_begin(s));
	must(sipd_store_campaign_new(s, "bench", "", &campaign));
	must(sipd_store_commit(s));
	while (i < rows) {
		size_t n = 0;

		for (; i < rows && n < IMPORT_BATCH; i++, n++) {
			/* numbers in no order, as in real lists */
			(void)snprintf(numbers[n], sizeof(numbers[n]),
				       "+49%010" PRIu64,
				       (i * 2654435761u) % 10000000000u);
			(void)snprintf(names[n], sizeof(names[n]),
				       "Name %" PRIu64, i);
			batch[n] = (struct sipd_contact_new){
				.number = numbers[n],
				.name = names[n],
				.custom = "{\"k\":\"v\"}",
				.priority = (int32_t)(i % 5),
			};
		}
		must(sipd_store_begin(s));
		must(sipd_store_contacts_add(s, campaign, batch, n));
		must(sipd_store_commit(s));
	}
	return campaign;
}


/* ---- the verb: a file through a whole engine --------------------------- */

static void csv_make(const char *path, uint64_t rows)
{
	static const char *const towns[] = {
		"Springfield",
		"Los Angeles",
		"Saint Paul",
		"M\xc3\xbcnster",
	};
	FILE *f = fopen(path, "w");

	if (!f)
		must(sipd_error(SIPDIALER_EIO, "%s", path));
	(void)fprintf(f, "phone,first_name,last_name,city,balance,note\r\n");
	for (uint64_t i = 0; i < rows; i++)
		(void)fprintf(f,
			      "(030) %08" PRIu64 ",Ann,Example %" PRIu64
			      ",%s,%" PRIu64 ".50,\"call \"\"after\"\" 6, "
			      "please\"\r\n",
			      (i * 2654435761u) % 100000000u, i, towns[i % 4],
			      i % 1000);
	if (fclose(f))
		must(sipd_error(SIPDIALER_EIO, "%s", path));
}


static void event_until(struct sipdialer *d, int type, uint64_t request,
			struct sipdialer_event *answer)
{
	const struct sipdialer_event *ev;

	while ((ev = sipdialer_next_event(d, 120000))) {
		if (ev->type != type || ev->request != request)
			continue;
		*answer = *ev;
		if (ev->error)
			must(sipd_error(ev->error, "%s", ev->text));
		return;
	}
	must(sipd_error(SIPDIALER_EIO, "no event %d", type));
}


/* Read, normalise, against 1,000 numbers not to call and duplicates. */
static void verb_import(const char *path, const char *csv, uint64_t rows)
{
	struct sipdialer_event ev;
	struct sipdialer *d;
	struct rusage before, after;
	uint64_t request, start;
	double cpu;

	csv_make(csv, rows);
	must(sipdialer_create(&d));
	must(sipdialer_set(d, "store.path", path));
	must(sipdialer_set(d, "sip.local_address", "127.0.0.1"));
	must(sipdialer_set(d, "dial.default_country", "DE"));
	must(sipdialer_start(d));
	must(sipdialer_campaign_create(d, "verb", NULL, &request));
	event_until(d, SIPDIALER_EVENT_DONE, request, &ev);
	for (unsigned i = 0; i < 1000; i++) {
		char number[32];

		(void)snprintf(number, sizeof(number), "030%08u", i * 99991);
		must(sipdialer_dnc_add(d, number, "bench", &request));
		if (i % 500 == 499)
			event_until(d, SIPDIALER_EVENT_DONE, request, &ev);
	}

	(void)getrusage(RUSAGE_SELF, &before);
	cpu = cpu_seconds();
	start = sipd_clock_us();
	must(sipdialer_contact_import(d, 1, csv, NULL, &request));
	event_until(d, SIPDIALER_EVENT_DONE, request, &ev);
	(void)getrusage(RUSAGE_SELF, &after);
	if (ev.count != rows || ev.total != rows)
		must(sipd_error(SIPDIALER_EFORMAT,
				"imported %" PRIu64 " of %" PRIu64, ev.count,
				rows));
	(void)printf(",\"verb_import_s\":%.2f,\"verb_import_cpu_s\":%.2f,"
		     "\"verb_import_rss_growth_kib\":%ld",
		     seconds(start), cpu_seconds() - cpu,
		     after.ru_maxrss - before.ru_maxrss);

	must(sipdialer_stop(d));
	event_until(d, SIPDIALER_EVENT_STOPPED, 0, &ev);
	sipdialer_destroy(d);
}


/* A batch: intents in one transaction, results in the next. */
static void batch(struct sipd_store *s, uint64_t campaign, unsigned n,
		  uint64_t *call)
{
	static struct sipd_contact_row rows[500];
	size_t count;
	bool dnc;

	must(sipd_store_begin(s));
	must(sipd_store_contact_due(s, campaign, 1, rows, n, &count));
	if (count != n)
		must(sipd_error(SIPDIALER_EFULL, "contacts used up"));
	for (unsigned i = 0; i < n; i++) {
		const struct sipd_intent in = {
			.call = *call + i + 1,
			.campaign = campaign,
			.contact = rows[i].id,
			.attempt = 1,
			.time_ms = 1,
			.number = rows[i].number,
			.decision = "{\"rule\":\"allow\",\"gates\":[\"state\","
				    "\"attempts\",\"dnc\"],\"attempt\":1,"
				    "\"cps\":10,"
				    "\"active\":3,\"max_calls\":100,\"now\":"
				    "170000000000}",
		};

		must(sipd_store_intent(s, &in, &dnc));
	}
	must(sipd_store_commit(s));

	must(sipd_store_begin(s));
	for (unsigned i = 0; i < n; i++) {
		const struct sipd_result r = {
			.call = *call + i + 1,
			.campaign = campaign,
			.contact = rows[i].id,
			.attempt = 1,
			.number = rows[i].number,
			.from = "100",
			.callid = "0123456789abcdef@192.0.2.1",
			.start_ms = 1,
			.ring_start_ms = 2,
			.end_ms = 3,
			.disposition = SIPDIALER_DISPOSITION_BUSY,
			.sip_status = 486,
			.q850 = 17,
			.reason = "Busy Here",
			.contact_status = i % 2 ? SIPDIALER_CONTACT_PENDING
						: SIPDIALER_CONTACT_COMPLETED,
			.due_ms = LATER,
		};

		must(sipd_store_result(s, &r));
		sipd_contact_row_free(&rows[i]);
	}
	must(sipd_store_commit(s));
	*call += n;
}


static int compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}


static void due_times(struct sipd_store *s, uint64_t campaign, uint64_t *p50,
		      uint64_t *p99)
{
	static struct sipd_contact_row rows[DUE_MAX];
	static uint64_t us[DUES];
	size_t count;

	must(sipd_store_begin(s));
	for (int i = 0; i < DUES; i++) {
		const uint64_t start = sipd_clock_us();

		must(sipd_store_contact_due(s, campaign, 1, rows, DUE_MAX,
					    &count));
		us[i] = sipd_clock_us() - start;
		while (count)
			sipd_contact_row_free(&rows[--count]);
	}
	must(sipd_store_commit(s));
	qsort(us, DUES, sizeof(us[0]), compare);
	*p50 = us[DUES / 2];
	*p99 = us[DUES * 99 / 100];
}


static void files_remove(const char *path)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-lock",
					   ".csv"};
	char name[512];

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		(void)unlink(name);
	}
}


/* What is long, in parts as the engine does it: the longest one too. */
static void long_ones(struct sipd_store *s, uint64_t campaign, const char *csv)
{
	uint64_t start = sipd_clock_us(), at = start, longest = 0, lines;
	struct sipd_results *r;
	bool more = true;

	must(sipd_store_results_open(&r, s, campaign, csv));
	while (more) {
		must(sipd_store_results_step(r, &more));
		if (sipd_clock_us() - at > longest)
			longest = sipd_clock_us() - at;
		at = sipd_clock_us();
	}
	must(sipd_store_results_close(r, 0, &lines));
	(void)printf(",\"results_s\":%.2f,\"results_step_max_ms\":%.1f",
		     seconds(start), (double)longest / 1e3);

	start = at = sipd_clock_us();
	longest = 0;
	must(sipd_store_begin(s));
	must(sipd_store_campaign_set(s, campaign, SIPDIALER_CAMPAIGN_DRAFT,
				     SIPDIALER_CAMPAIGN_CANCELLED, &more));
	must(sipd_store_commit(s));
	while (more) {
		must(sipd_store_begin(s));
		must(sipd_store_campaign_skip(s, campaign, &more));
		must(sipd_store_commit(s));
		if (sipd_clock_us() - at > longest)
			longest = sipd_clock_us() - at;
		at = sipd_clock_us();
	}
	(void)printf(",\"cancel_s\":%.2f,\"cancel_step_max_ms\":%.1f",
		     seconds(start), (double)longest / 1e3);
}


static void pairs_all(struct sipd_store *s, uint64_t campaign, uint64_t rows,
		      uint64_t *call)
{
	static const unsigned sizes[] = {1, 10, 100, 500};
	uint64_t start;
	double cpu;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		unsigned pairs = sizes[i] == 1 ? PAIRS_ONE : PAIRS;

		if (pairs > rows / 8)
			pairs = (unsigned)(rows / 8);
		pairs -= pairs % sizes[i];
		start = sipd_clock_us();
		cpu = cpu_seconds();
		for (unsigned n = 0; n < pairs; n += sizes[i])
			batch(s, campaign, sizes[i], call);
		if (!pairs)
			continue;
		(void)printf(",\"pair_us_batch_%u\":%.1f"
			     ",\"pair_cpu_us_batch_%u\":%.1f",
			     sizes[i], seconds(start) * 1e6 / pairs, sizes[i],
			     (cpu_seconds() - cpu) * 1e6 / pairs);
	}
}


int main(int argc, char **argv)
{
	const uint64_t rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
	char dir[256] = "bench_store_XXXXXX", path[300], csv[310];
	struct sipd_campaign_row row;
	uint64_t campaign, call = 0, start, p50, p99;
	struct sipd_store *s;
	struct rusage usage;
	double cpu = cpu_seconds();

	if (argc <= 2 && !mkdtemp(dir)) {
		perror(dir);
		return 1;
	}
	(void)snprintf(path, sizeof(path), "%s/bench.db",
		       argc > 2 ? argv[2] : dir);
	(void)snprintf(csv, sizeof(csv), "%s.csv", path);

	(void)printf("{\"rows\":%" PRIu64, rows);
	verb_import(path, csv, rows);
	(void)fflush(stdout);
	files_remove(path);

	must(sipd_store_open(&s, path, SIPD_STORE_OWN, NULL));
	cpu = cpu_seconds();
	start = sipd_clock_us();
	campaign = import(s, rows);
	(void)getrusage(RUSAGE_SELF, &usage);
	(void)printf(",\"import_s\":%.2f,"
		     "\"import_cpu_s\":%.2f,\"import_rows_per_s\":%.0f,"
		     "\"rss_kib\":%ld",
		     seconds(start), cpu_seconds() - cpu,
		     (double)rows / seconds(start), usage.ru_maxrss);

	pairs_all(s, campaign, rows, &call);
	due_times(s, campaign, &p50, &p99);
	(void)printf(",\"due_%d_p50_us\":%" PRIu64
		     ",\"due_%d_p99_us\":%" PRIu64,
		     DUE_MAX, p50, DUE_MAX, p99);

	start = sipd_clock_us();
	must(sipd_store_campaign_get(s, campaign, true, &row));
	(void)printf(",\"status_us\":%.0f", seconds(start) * 1e6);
	sipd_campaign_row_free(&row);

	long_ones(s, campaign, csv);
	(void)getrusage(RUSAGE_SELF, &usage);
	(void)printf(",\"rss_end_kib\":%ld}\n", usage.ru_maxrss);
	sipd_store_close(s);
	files_remove(path);
	if (argc <= 2)
		(void)rmdir(dir);
	return 0;
}
