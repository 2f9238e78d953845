/**
 * @file base/idmap.h  From id to object
 *
 * Open addressing, power-of-two size, at most half full.  One thread.
 */
#ifndef SIPD_BASE_IDMAP_H
#define SIPD_BASE_IDMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sipd_idmap {
	struct sipd_idslot {
		uint64_t id;
		void *value;
	} * slots;
	size_t size; /* power of two, or 0 */
	size_t count;
};

/** id != 0, value != NULL; false: out of memory (map unchanged). */
bool sipd_idmap_put(struct sipd_idmap *map, uint64_t id, void *value);
void *sipd_idmap_get(const struct sipd_idmap *map, uint64_t id); /* or NULL */
void *sipd_idmap_remove(struct sipd_idmap *map, uint64_t id);    /* or NULL */
void sipd_idmap_close(struct sipd_idmap *map); /* frees the slots only */

typedef void(sipd_idmap_h)(uint64_t id, void *value, void *arg);
/** The handler must not change the map. */
void sipd_idmap_each(const struct sipd_idmap *map, sipd_idmap_h *h, void *arg);

#endif
