/**
 * @file host.c  A host program for tests
 */
#include "host.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>


uint64_t host_now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);

	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}


void host_set(struct host *h, const char *name, const char *value)
{
	if (sipdialer_set(h->d, name, value))
		fail_msg("%s = %s: %s", name, value, sipdialer_last_error());
}


static void set_line(struct host *h, const char *line)
{
	char name[64];
	const char *eq = strchr(line, '=');

	assert_non_null(eq);
	(void)snprintf(name, sizeof(name), "%.*s", (int)(eq - line), line);
	host_set(h, name, eq + 1);
}


void host_open(struct host *h, const char *const *net_args,
	       const char *const *options)
{
	memset(h, 0, sizeof(*h));
	(void)strcpy(h->dir, "test-XXXXXX");
	assert_non_null(mkdtemp(h->dir));
	assert_int_equal(phonenet_start(&h->net, net_args), 0);
	assert_ok(sipdialer_create(&h->d));
	host_set(h, "sip.server", h->net.host);
	host_set(h, "sip.port", h->net.port);
	host_set(h, "dial.calls_per_second", "0");
	host_set(h, "dial.retry_delay", "0");
	while (options && *options)
		set_line(h, *options++);
}


static void remove_dir(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *e;
	char name[512];

	while (dir && (e = readdir(dir))) {
		(void)snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		(void)unlink(name);
	}
	if (dir)
		(void)closedir(dir);
	(void)rmdir(path);
}


void host_close(struct host *h)
{
	sipdialer_destroy(h->d);
	phonenet_stop(&h->net, NULL, 0);
	remove_dir(h->dir);
}


void host_start(struct host *h)
{
	assert_ok(sipdialer_start(h->d));
	(void)host_wait(h, SIPDIALER_EVENT_STARTED, 0);
}


void host_stop(struct host *h)
{
	const uint64_t begin = host_now_ms();

	assert_ok(sipdialer_stop(h->d));
	(void)host_wait(h, SIPDIALER_EVENT_STOPPED, 0);
	assert_in_range(host_now_ms() - begin, 0, 5000);
	assert_null(host_pull(h, 0));
}


/* ---- files --------------------------------------------------------------- */

const char *host_path(const struct host *h, const char *name, char buf[128])
{
	(void)snprintf(buf, 128, "%s/%s", h->dir, name);

	return buf;
}


static FILE *open_file(const struct host *h, const char *name,
		       const char *mode)
{
	char path[128];
	FILE *f = fopen(host_path(h, name, path), mode);

	if (!f)
		fail_msg("%s cannot be opened", path);

	return f;
}


void host_write(const struct host *h, const char *name, const char *text)
{
	FILE *f = open_file(h, name, "w");

	(void)fputs(text, f);
	(void)fclose(f);
}


char *host_read(const struct host *h, const char *name)
{
	FILE *f = open_file(h, name, "r");
	char *text = calloc(1, 1 << 20);

	assert_non_null(text);
	assert_in_range(fread(text, 1, (1 << 20) - 1, f), 1, 1 << 20);
	(void)fclose(f);

	return text;
}


static void put_le(unsigned char *at, uint32_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		at[i] = (unsigned char)(value >> (8 * i));
}


void host_wav(const struct host *h, const char *name, unsigned ms)
{
	const uint32_t bytes = ms * 8 * 2;
	unsigned char head[44] = "RIFF....WAVEfmt ";
	FILE *f = open_file(h, name, "w");

	put_le(head + 4, 36 + bytes, 4);
	put_le(head + 16, 16, 4);
	put_le(head + 20, 1, 2);
	put_le(head + 22, 1, 2);
	put_le(head + 24, 8000, 4);
	put_le(head + 28, 16000, 4);
	put_le(head + 32, 2, 2);
	put_le(head + 34, 16, 2);
	memcpy(head + 36, "data", 4);
	put_le(head + 40, bytes, 4);
	(void)fwrite(head, 1, sizeof(head), f);
	for (uint32_t i = 0; i < bytes / 2; i++) {
		unsigned char sample[2];

		/* a square of 500 Hz */
		put_le(sample, i / 8 % 2 ? 4000 : (uint32_t)-4000, 2);
		(void)fwrite(sample, 1, 2, f);
	}
	(void)fclose(f);
}


/* ---- events -------------------------------------------------------------- */

static void check(struct host *h, const struct sipdialer_event *ev)
{
	char json[8192];
	const int len = sipdialer_event_json(ev, json, sizeof(json));

	if (len <= 0 || len >= (int)sizeof(json) || !json_valid(json))
		fail_msg("event %d: JSON of %d bytes: %s", ev->type, len,
			 json);
	if (h->seq && ev->seq != h->seq + 1)
		fail_msg("event %llu after %llu", (unsigned long long)ev->seq,
			 (unsigned long long)h->seq);
	h->seq = ev->seq;
	if (getenv("HOST_TRACE"))
		print_message("%s\n", json);

	if (ev->type == SIPDIALER_EVENT_CALL_ENDED) {
		++h->ended;
		h->last_ended = ev->call;
	}
}


const struct sipdialer_event *host_pull(struct host *h, int ms)
{
	const struct sipdialer_event *ev = sipdialer_next_event(h->d, ms);

	if (ev)
		check(h, ev);

	return ev;
}


static bool is_of(const struct sipdialer_event *ev, uint64_t id)
{
	switch (ev->type) {
	case SIPDIALER_EVENT_DONE:
	case SIPDIALER_EVENT_IMPORT_ERROR:
		return ev->request == id;
	case SIPDIALER_EVENT_CAMPAIGN_STATUS:
	case SIPDIALER_EVENT_CAMPAIGN_PROGRESS:
		return ev->campaign == id;
	default:
		return ev->call == id;
	}
}


const struct sipdialer_event *host_wait(struct host *h, int type, uint64_t id)
{
	const uint64_t until = host_now_ms() + HOST_WAIT_MS;

	for (;;) {
		const uint64_t now = host_now_ms();
		const struct sipdialer_event *ev =
			host_pull(h, now < until ? (int)(until - now) : 0);

		if (!ev)
			fail_msg("no %s of %llu came",
				 sipdialer_event_name(type),
				 (unsigned long long)id);
		if (ev->type == type && (!id || is_of(ev, id)))
			return ev;
	}
}


const struct sipdialer_event *host_ended(struct host *h, uint64_t call,
					 int disposition)
{
	const struct sipdialer_event *ev =
		host_wait(h, SIPDIALER_EVENT_CALL_ENDED, call);

	if (disposition >= 0 && ev->disposition != disposition)
		fail_msg("call to %s: %s (%d %s), not %s", ev->to,
			 sipdialer_disposition_name(ev->disposition),
			 ev->sip_status, ev->reason,
			 sipdialer_disposition_name(disposition));

	return ev;
}


const struct sipdialer_event *host_done(struct host *h, uint64_t request,
					int error)
{
	const struct sipdialer_event *ev = host_wait(h, SIPDIALER_EVENT_DONE,
						     request);

	if (ev->error != error)
		fail_msg("request: %s (%s), not %s",
			 sipdialer_strerror(ev->error),
			 ev->text ? ev->text : "", sipdialer_strerror(error));

	return ev;
}


/* ---- this process -------------------------------------------------------- */

long host_rss_kib(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	const char *preload = getenv("LD_PRELOAD");
	long size = 0, rss = 0;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%ld %ld", &size, &rss), 2);
	(void)fclose(f);
	if (preload && strstr(preload, "vgpreload"))
		return 0; /* valgrind's, not ours */

	return rss * (sysconf(_SC_PAGESIZE) / 1024);
}


int host_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		++n;
	(void)closedir(dir);

	return n - 3; /* ".", ".." and the directory itself */
}


/* ---- JSON ---------------------------------------------------------------- */

static bool value(const char **p, int depth);


/* *p stands behind the backslash, then on the last character of the escape. */
static bool escape(const char **p)
{
	if (**p != 'u')
		return **p && strchr("\"\\/bfnrt", **p);

	for (int i = 0; i < 4; i++)
		if (!isxdigit((unsigned char)*++*p))
			return false;

	return true;
}


static bool string(const char **p)
{
	if (*(*p)++ != '"')
		return false;

	for (; **p && **p != '"'; ++*p) {
		if ((unsigned char)**p < ' ')
			return false;
		if (**p == '\\') {
			++*p;
			if (!escape(p))
				return false;
		}
	}

	return *(*p)++ == '"';
}


static bool list(const char **p, char end, int depth)
{
	++*p;
	if (**p == end)
		return *(*p)++ == end;

	for (;;) {
		if (end == '}' && (!string(p) || *(*p)++ != ':'))
			return false;
		if (!value(p, depth + 1))
			return false;
		if (**p != ',')
			return *(*p)++ == end;
		++*p;
	}
}


static bool word(const char **p, const char *w)
{
	if (strncmp(*p, w, strlen(w)) != 0)
		return false;
	*p += strlen(w);

	return true;
}


static bool value(const char **p, int depth)
{
	char *end;

	if (depth > 16)
		return false;
	if (**p == '"')
		return string(p);
	if (**p == '{')
		return list(p, '}', depth);
	if (**p == '[')
		return list(p, ']', depth);
	if (word(p, "null") || word(p, "true") || word(p, "false"))
		return true;
	if (!strchr("-0123456789", **p) || !**p)
		return false;

	(void)strtod(*p, &end);
	if (end == *p)
		return false;
	*p = end;

	return true;
}


bool json_valid(const char *text)
{
	return value(&text, 0) && !*text;
}
