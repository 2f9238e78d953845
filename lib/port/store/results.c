/**
 * @file port/store/results.c  Results of a campaign as CSV
 *
 * RFC 4180.  Row by row from the database to the file, so that memory is the
 * same for ten contacts and ten million; by steps of so many ids, so that the
 * store thread is free for calls in between.  Columns: docs/csv.md.
 *
 * @thread store
 */
#include "port/store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/error.h"
#include "base/text.h"
#include "port/store/file.h"

struct out {
	FILE *f;
	bool first; /* cell of its line */
};

struct sipd_results {
	struct sipd_store *s;
	struct out out;
	uint64_t campaign, rows;
	int64_t done, last; /* ids of contacts */
	char *path, *tmp;
};


/* What a spreadsheet would take for a formula (OWASP "CSV injection"). */
static bool formula(const char *s)
{
	return *s && strchr("=+-@\t\r\n", *s);
}


static bool plain_number(const char *s)
{
	if (*s == '+')
		++s;

	return *s && !s[strspn(s, "0123456789")];
}


static void cell_raw(struct out *o, const char *s, bool guard)
{
	if (!o->first)
		(void)fputc(',', o->f);
	o->first = false;

	if (!guard && !s[strcspn(s, ",\"\r\n")]) {
		(void)fputs(s, o->f);
		return;
	}

	(void)fputc('"', o->f);
	if (guard)
		(void)fputc('\'', o->f);
	for (; *s; s++) {
		if (*s == '"')
			(void)fputc('"', o->f);
		(void)fputc(*s, o->f);
	}
	(void)fputc('"', o->f);
}


static void cell(struct out *o, const char *s)
{
	if (!s)
		s = "";
	cell_raw(o, s, formula(s));
}


static void cell_number(struct out *o, const char *s)
{
	if (!s)
		s = "";
	cell_raw(o, s, formula(s) && !plain_number(s));
}


static void cell_int(struct out *o, int64_t value)
{
	char buf[24];

	(void)snprintf(buf, sizeof(buf), "%lld", (long long)value);
	cell_raw(o, buf, false);
}


/* empty for "never" */
static void cell_time(struct out *o, int64_t ms)
{
	const time_t t = (time_t)(ms / 1000);
	char day[32], buf[48] = "";
	struct tm tm;

	if (ms > 0 && gmtime_r(&t, &tm) &&
	    strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm))
		(void)snprintf(buf, sizeof(buf), "%s.%03dZ", day,
			       (int)(ms % 1000));
	cell_raw(o, buf, false);
}


static void line_end(struct out *o)
{
	(void)fputs("\r\n", o->f);
	o->first = true;
}


static const char head[] =
	"contact_id,number,name,custom,status,attempts,last_disposition,"
	"last_sip_status,last_q850,last_reason,ring_ms,talk_ms,answered_at,"
	"ended_at,codec,dtmf,recording,next_attempt_at,amd,amd_at_ms,"
	"beep_at_ms,sit,message\r\n";


/* The columns of the query, in order */
static void row_write(struct out *o, struct sipd_query *q)
{
	const char *disposition;
	int64_t ring, answer, end;

	o->first = true;
	cell_int(o, sipd_column_int(q));
	cell_number(o, sipd_column_text(q));
	cell(o, sipd_column_text(q));
	cell(o, sipd_column_text(q));
	cell(o, sipd_column_text(q)); /* status */
	cell_int(o, sipd_column_int(q));
	disposition = sipd_column_text(q);
	cell(o, disposition);
	if (disposition) {
		cell_int(o, sipd_column_int(q)); /* SIP status */
		cell_int(o, sipd_column_int(q)); /* Q.850 */
		cell(o, sipd_column_text(q));
		ring = sipd_column_int(q);
		answer = sipd_column_int(q);
		end = sipd_column_int(q);
		cell_int(o, ring ? (answer ? answer : end) - ring : 0);
		cell_int(o, answer ? end - answer : 0);
		cell_time(o, answer);
		cell_time(o, end);
		cell(o, sipd_column_text(q)); /* codec */
		cell(o, sipd_column_text(q)); /* DTMF */
		cell(o, sipd_column_text(q)); /* recording */
	}
	else {
		q->column += 9;
		for (int i = 0; i < 10; i++)
			cell_raw(o, "", false);
	}
	cell_time(o, sipd_column_int(q));
	for (int i = 0; i < 5; i++)
		cell(o, sipd_column_text(q)); /* who answered */
	line_end(o);
}


/* NOT INDEXED: by id, without sorting all of them in memory */
static const char sql[] =
	"SELECT c.id, c.number, c.name, c.custom, c.status, c.attempts, "
	"l.disposition, l.sip_status, l.q850, l.reason, l.start_ms, "
	"l.answer_ms, l.end_ms, l.codec, l.dtmf, l.recording, CASE c.status "
	"WHEN 'pending' THEN c.due_ms ELSE 0 END, l.amd, l.amd_at_ms, "
	"l.beep_at_ms, l.sit, l.message FROM contacts AS c NOT "
	"INDEXED LEFT JOIN calls AS l ON l.id = c.last_call WHERE c.campaign "
	"= ? AND c.id > ? AND c.id <= ?"
	" ORDER BY c.id";


int sipd_store_results_step(struct sipd_results *r, bool *more)
{
	const int64_t left = r->last - r->done;
	const int64_t to = r->done +
			   (left > SIPD_STORE_SLICE ? SIPD_STORE_SLICE : left);
	struct sipd_query q;
	int err;

	sipd_query_open(&q, r->s, Q_RESULTS, sql);
	sipd_query_int(&q, (int64_t)r->campaign);
	sipd_query_int(&q, r->done);
	sipd_query_int(&q, to);
	while ((err = sipd_query_row(&q)) > 0 && !ferror(r->out.f)) {
		row_write(&r->out, &q);
		++r->rows;
	}
	sipd_query_close(&q);
	r->done = to;
	*more = err >= 0 && !ferror(r->out.f) && to < r->last;

	return err < 0 ? err : SIPDIALER_OK;
}


/* A new file beside path; what a dead process left there is replaced. */
static int tmp_open(const char *tmp, FILE **fp)
{
	int fd;

	(void)unlink(tmp);
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		  0600);
	if (fd < 0)
		return sipd_file_error(errno, tmp);

	*fp = fdopen(fd, "w");
	if (!*fp) {
		(void)close(fd);
		return sipd_error(SIPDIALER_ENOMEM, "no memory for a file");
	}

	return SIPDIALER_OK;
}


static int tmp_finish(FILE *f, const char *tmp, const char *path, int err)
{
	bool bad = ferror(f);

	if (err) { /* its text is to be kept */
		(void)fclose(f);
		(void)unlink(tmp);
		return err;
	}

	errno = bad ? EIO : 0;
	if (fflush(f) || fsync(fileno(f)))
		bad = true;
	if (bad)
		err = sipd_file_error(errno, tmp);
	if (fclose(f) && !err)
		err = sipd_file_error(errno, tmp);
	if (!err && rename(tmp, path))
		err = sipd_file_error(errno, path);
	if (err)
		(void)unlink(tmp);

	return err;
}


/* Ids of its contacts are within; ENOENT: no such campaign */
static int range(struct sipd_results *r)
{
	struct sipd_query q;
	int err;

	sipd_query_open(&q, r->s, Q_RESULTS_RANGE,
			"SELECT contacts_above, coalesce((SELECT max(id) FROM "
			"contacts), 0) FROM campaigns WHERE id = ?");
	sipd_query_int(&q, (int64_t)r->campaign);
	err = sipd_query_row(&q);
	if (err < 0)
		return err;
	if (!err)
		return sipd_error(SIPDIALER_ENOENT, "no campaign %llu",
				  (unsigned long long)r->campaign);

	r->done = sipd_column_int(&q);
	r->last = sipd_column_int(&q);
	sipd_query_close(&q);

	return SIPDIALER_OK;
}


static void results_free(struct sipd_results *r)
{
	free(r->path);
	free(r->tmp);
	free(r);
}


static int results_open(struct sipd_results *r, const char *path)
{
	const size_t size = strlen(path) + sizeof(".tmp");
	struct stat st, own;
	int err = range(r);

	if (err)
		return err;

	/* a rename would put a file in the place of a device or a link */
	if (!lstat(path, &st)) {
		if (!S_ISREG(st.st_mode))
			return sipd_error(SIPDIALER_EINVAL,
					  "%s: not a regular file", path);
		if (!stat(r->s->path, &own) && own.st_dev == st.st_dev &&
		    own.st_ino == st.st_ino)
			return sipd_error(SIPDIALER_EINVAL,
					  "%s: this is the store itself",
					  path);
	}

	r->path = sipd_strdup(path);
	r->tmp = malloc(size);
	if (!r->path || !r->tmp)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for a path");
	(void)snprintf(r->tmp, size, "%s.tmp", path);

	err = tmp_open(r->tmp, &r->out.f);
	if (!err)
		(void)fputs(head, r->out.f);

	return err;
}


int sipd_store_results_open(struct sipd_results **rp, struct sipd_store *s,
			    uint64_t campaign, const char *path)
{
	struct sipd_results *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return sipd_error(SIPDIALER_ENOMEM, "no memory for results");

	r->s = s;
	r->campaign = campaign;
	err = results_open(r, path);
	if (err)
		results_free(r);
	else
		*rp = r;

	return err;
}


int sipd_store_results_close(struct sipd_results *r, int err, uint64_t *rows)
{
	if (!r)
		return err;

	err = tmp_finish(r->out.f, r->tmp, r->path, err);
	if (!err)
		err = sipd_file_sync_dir(r->path);
	if (rows)
		*rows = err ? 0 : r->rows;
	results_free(r);

	return err;
}


int sipd_store_results(struct sipd_store *s, uint64_t campaign,
		       const char *path, uint64_t *rows)
{
	struct sipd_results *r = NULL;
	bool more = true;
	int err = sipd_store_results_open(&r, s, campaign, path);

	*rows = 0;
	while (!err && more)
		err = sipd_store_results_step(r, &more);

	return sipd_store_results_close(r, err, rows);
}
