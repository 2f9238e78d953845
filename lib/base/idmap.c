/**
 * @file base/idmap.c  From id to object: open addressing, linear probing
 */
#include "base/idmap.h"

#include <stdlib.h>

enum { FIRST_SIZE = 64 };


/* Ids rise by one: multiply to spread them (Fibonacci hashing, Knuth 6.4). */
static size_t home(const struct sipd_idmap *map, uint64_t id)
{
	return (size_t)((id * 0x9e3779b97f4a7c15ULL) >> 32) & (map->size - 1);
}


static struct sipd_idslot *find(const struct sipd_idmap *map, uint64_t id)
{
	size_t i;

	if (!map->size || !id)
		return NULL;

	for (i = home(map, id); map->slots[i].id;
	     i = (i + 1) & (map->size - 1))
		if (map->slots[i].id == id)
			return &map->slots[i];

	return NULL;
}


static void insert(struct sipd_idmap *map, uint64_t id, void *value)
{
	size_t i = home(map, id);

	while (map->slots[i].id)
		i = (i + 1) & (map->size - 1);

	map->slots[i].id = id;
	map->slots[i].value = value;
	++map->count;
}


static bool grow(struct sipd_idmap *map)
{
	struct sipd_idmap bigger = {
		.size = map->size ? map->size * 2 : FIRST_SIZE,
	};

	bigger.slots = calloc(bigger.size, sizeof(*bigger.slots));
	if (!bigger.slots)
		return false;

	for (size_t i = 0; i < map->size; i++)
		if (map->slots[i].id)
			insert(&bigger, map->slots[i].id, map->slots[i].value);

	free(map->slots);
	*map = bigger;

	return true;
}


bool sipd_idmap_put(struct sipd_idmap *map, uint64_t id, void *value)
{
	struct sipd_idslot *slot = find(map, id);

	if (slot) {
		slot->value = value;
		return true;
	}

	if ((map->count + 1) * 2 > map->size && !grow(map))
		return false;

	insert(map, id, value);

	return true;
}


void *sipd_idmap_get(const struct sipd_idmap *map, uint64_t id)
{
	const struct sipd_idslot *slot = find(map, id);

	return slot ? slot->value : NULL;
}


void *sipd_idmap_remove(struct sipd_idmap *map, uint64_t id)
{
	struct sipd_idslot *slot = find(map, id);
	void *value;
	size_t hole, i;

	if (!slot)
		return NULL;

	value = slot->value;
	--map->count;

	/* close the gap: move back what probed past it (Knuth 6.4, R) */
	hole = (size_t)(slot - map->slots);
	for (i = (hole + 1) & (map->size - 1); map->slots[i].id;
	     i = (i + 1) & (map->size - 1)) {
		const size_t want = home(map, map->slots[i].id);

		if (((i - want) & (map->size - 1)) >=
		    ((i - hole) & (map->size - 1))) {
			map->slots[hole] = map->slots[i];
			hole = i;
		}
	}

	map->slots[hole].id = 0;
	map->slots[hole].value = NULL;

	return value;
}


void sipd_idmap_close(struct sipd_idmap *map)
{
	free(map->slots);
	map->slots = NULL;
	map->size = map->count = 0;
}


void sipd_idmap_each(const struct sipd_idmap *map, sipd_idmap_h *h, void *arg)
{
	for (size_t i = 0; i < map->size; i++)
		if (map->slots[i].id)
			h(map->slots[i].id, map->slots[i].value, arg);
}
