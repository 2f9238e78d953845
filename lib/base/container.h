/**
 * @file base/container.h  From a member to the struct it is part of
 */
#ifndef SIPD_BASE_CONTAINER_H
#define SIPD_BASE_CONTAINER_H

#include <stddef.h>

/** The `type` whose `member` is at ptr; ptr is of the member's type. */
#define SIPD_CONTAINER(ptr, type, member) \
	((type *)(void *)((char *)(1 ? (ptr) : &((type *)0)->member) - \
			  offsetof(type, member)))

#endif
