/**
 * @file port/sip/transport/blacklist.c  Servers that did not answer, for a
 * while.  Pure: time is handed in. RFC 3263 4.3, 3261 21.5.4
 */
#include <string.h>
#include "port/sip/transport/resolve.h"


bool target_cmp(const struct sipd_target *a, const struct sipd_target *b)
{
	return a->tp == b->tp && sa_cmp(&a->addr, &b->addr, SA_ALL);
}


static size_t find(const struct blacklist *bl,
		   const struct sipd_target *target)
{
	size_t i;

	for (i = 0; i < bl->count; i++) {
		if (target_cmp(&bl->v[i].target, target))
			break;
	}

	return i;
}


static void drop(struct blacklist *bl, size_t i)
{
	bl->count--;
	memmove(&bl->v[i], &bl->v[i + 1], (bl->count - i) * sizeof(bl->v[0]));
}


bool blacklist_add(struct blacklist *bl, const struct sipd_target *target,
		   uint64_t now, uint64_t until, bool probe)
{
	size_t i = find(bl, target);
	const bool known = i < bl->count && bl->v[i].until > now;

	if (known) {
		/* what a server asked for is not made shorter */
		if (until > bl->v[i].until)
			bl->v[i].until = until;
		bl->v[i].probe = bl->v[i].probe && probe;
		return false;
	}

	if (i < bl->count)
		drop(bl, i);
	else if (bl->count == BLACKLIST_MAX)
		drop(bl, 0);

	bl->v[bl->count++] = (struct blacklisted){
		.target = *target,
		.since = now,
		.until = until,
		.probe = probe,
	};

	return true;
}


bool blacklist_remove(struct blacklist *bl, const struct sipd_target *target)
{
	const size_t i = find(bl, target);

	if (i == bl->count)
		return false;

	drop(bl, i);

	return true;
}


const struct blacklisted *blacklist_find(const struct blacklist *bl,
					 const struct sipd_target *target,
					 uint64_t now)
{
	const size_t i = find(bl, target);

	return i < bl->count && bl->v[i].until > now ? &bl->v[i] : NULL;
}


static uint64_t since(const struct blacklist *bl,
		      const struct sipd_target *target, uint64_t now)
{
	const struct blacklisted *b = blacklist_find(bl, target, now);

	return b ? b->since : 0;
}


/* Insertion sort: stable, and the list is short. */
static void sort_since(const struct blacklist *bl, uint64_t now,
		       struct sipd_target *v, size_t count)
{
	size_t i, j;

	for (i = 1; i < count; i++) {
		const struct sipd_target t = v[i];

		for (j = i;
		     j && since(bl, &v[j - 1], now) > since(bl, &t, now); j--)
			v[j] = v[j - 1];
		v[j] = t;
	}
}


void blacklist_sort(const struct blacklist *bl, uint64_t now,
		    struct sipd_target *v, size_t *count)
{
	struct sipd_target good[TARGETS_MAX];
	size_t i, n = 0;

	for (i = 0; i < *count; i++) {
		if (!blacklist_find(bl, &v[i], now))
			good[n++] = v[i];
	}

	if (n) {
		memcpy(v, good, n * sizeof(*v));
		*count = n;
	}
	else {
		sort_since(bl, now, v, *count);
	}
}
