/**
 * @file port/store/callid.c  Call ids that no other process has
 *
 * Several processes share a store and each gives its calls ids by itself: so
 * each reserves a block of them.  Row `next_call` of meta is where the next
 * one begins.
 *
 * @thread any; waits for the disk
 */
#include "port/store/internal.h"

#include "base/error.h"


int sipd_store_last_call(struct sipd_store *s, uint64_t *id)
{
	struct sipd_query q;
	int err;

	sipd_query_open(&q, s, Q_LAST_CALL,
			"SELECT max(coalesce((SELECT max(id) FROM calls), 0),"
			" coalesce((SELECT max(call) FROM attempts), 0))");
	err = sipd_query_row(&q);
	if (err == 1) {
		*id = (uint64_t)sipd_column_int(&q);
		sipd_query_close(&q);
		err = 0;
	}

	return err;
}


/* Of the row in meta, of the rows there are, and of *first: the highest */
static int calls_next(struct sipd_store *s, uint64_t *first)
{
	struct sipd_query q;
	uint64_t last = 0;
	int err = sipd_store_last_call(s, &last);

	if (err)
		return err;
	if (*first <= last)
		*first = last + 1;

	sipd_query_open(&q, s, Q_CALLS_GET,
			"SELECT CAST(value AS INTEGER) FROM meta WHERE name = "
			"'next_call'");
	err = sipd_query_row(&q);
	if (err == 1) {
		const int64_t next = sipd_column_int(&q);

		sipd_query_close(&q);
		if (next > 0 && *first < (uint64_t)next)
			*first = (uint64_t)next;
	}

	return err < 0 ? err : SIPDIALER_OK;
}


static int calls_take(struct sipd_store *s, uint64_t *first, uint64_t *end)
{
	struct sipd_query q;
	int err = calls_next(s, first);

	if (err)
		return err;
	if (*first > SIPD_CALL_ID_END - SIPD_STORE_CALLS)
		return sipd_error(SIPDIALER_EFULL,
				  "store %s: call ids are used up at %llu, "
				  "the limit is 2^53",
				  s->path, (unsigned long long)*first);

	*end = *first + SIPD_STORE_CALLS;
	sipd_query_open(&q, s, Q_CALLS_TAKE,
			"INSERT INTO meta (name, value) VALUES ('next_call', "
			"CAST(? AS TEXT)) ON CONFLICT DO UPDATE SET value = "
			"excluded.value");
	sipd_query_int(&q, (int64_t)*end);

	return sipd_query_exec(&q, NULL);
}


int sipd_store_calls_reserve(struct sipd_store *s, uint64_t *first,
			     uint64_t *end)
{
	int err = sipd_store_begin(s);

	return err ? err : sipd_store_finish(s, calls_take(s, first, end));
}


static int calls_give(struct sipd_store *s, uint64_t next, uint64_t end)
{
	struct sipd_query q;

	sipd_query_open(&q, s, Q_CALLS_GIVE,
			"UPDATE meta SET value = CAST(? AS TEXT) WHERE name = "
			"'next_call' AND value = CAST(? AS TEXT)");
	sipd_query_int(&q, (int64_t)next);
	sipd_query_int(&q, (int64_t)end);

	return sipd_query_exec(&q, NULL);
}


int sipd_store_calls_return(struct sipd_store *s, uint64_t next, uint64_t end)
{
	int err;

	if (next >= end)
		return SIPDIALER_OK;

	err = sipd_store_begin(s);

	return err ? err : sipd_store_finish(s, calls_give(s, next, end));
}
